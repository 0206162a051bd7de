// Means and covariances of columns of numbers, with weights, in one pass over the rows.
//
// Each block of rows is centred on its own means; blocks are put together, in order, by
//   C ← C + C_b + (W·W_b / (W + W_b)) δδᵀ,   δ = mean_b − mean        (Chan, Golub & LeVeque 1983, Am. Statist. 37)
// so that columns far from 0 lose no digits, and the blocks, which do not depend on the number of threads, give it no way to show.
// Cost: rows · columns² / 2.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// A column of doubles where it lies: every `stride`-th number.
struct NumberColumn {
  const double* data;
  std::ptrdiff_t stride = 1;

  double operator[](std::size_t row) const { return data[static_cast<std::ptrdiff_t>(row) * stride]; }
};

struct Covariance {
  double weight = 0;  // sum of weights
  Eigen::VectorXd mean;
  Eigen::MatrixXd matrix;  // lower triangle, Σ w (x − mean)(x − mean)ᵀ / Σ w
};

namespace covariance_detail {

constexpr std::size_t block_rows = 512;  // 20 columns fit the second-level cache

/// Sums of one block; its products are not yet divided by the weight.
inline Covariance of_block(std::span<const NumberColumn> columns, const std::optional<NumberColumn>& weights, Slice rows) {
  const auto n = static_cast<Eigen::Index>(rows.end - rows.begin), p = static_cast<Eigen::Index>(columns.size());
  Eigen::MatrixXd x(n, p);
  for (Eigen::Index j = 0; j < p; ++j)
    for (Eigen::Index i = 0; i < n; ++i) x(i, j) = columns[static_cast<std::size_t>(j)][rows.begin + static_cast<std::size_t>(i)];
  Covariance out{static_cast<double>(n), Eigen::VectorXd::Zero(p), Eigen::MatrixXd::Zero(p, p)};
  Eigen::VectorXd w;
  if (weights) {
    w.resize(n);
    for (Eigen::Index i = 0; i < n; ++i) w(i) = (*weights)[rows.begin + static_cast<std::size_t>(i)];
    out.weight = w.sum();
    if (!(out.weight > 0)) return out;
    out.mean = x.transpose() * w / out.weight;
  } else {
    out.mean = x.colwise().mean();
  }
  x.rowwise() -= out.mean.transpose();
  if (weights) x.array().colwise() *= w.array().sqrt();
  out.matrix.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
  return out;
}

/// The first cell that is not a finite number is refused.
inline void check_finite(const NumberColumn& column, std::size_t rows, const std::string& name) {
  for (std::size_t i = 0; i < rows; ++i)
    if (!std::isfinite(column[i])) refuse(name + ", row " + std::to_string(i), std::isnan(column[i]) ? "NaN" : "infinity", "a number");
}

}  // namespace covariance_detail

/// @param names of the columns, for messages. @param weights none: all 1.
/// @throws InvalidInput for a cell that is not finite, with its column and row; numbers whose squares overflow; a weight below 0, or none above.
inline Covariance covariance(std::span<const NumberColumn> columns, std::span<const std::string> names, std::size_t rows,
                             const std::optional<NumberColumn>& weights = {}, const Run& run = {}) {
  using covariance_detail::block_rows;
  if (weights) {
    covariance_detail::check_finite(*weights, rows, "weights");
    bool any = false;
    for (std::size_t i = 0; i < rows; ++i) {
      if ((*weights)[i] < 0) refuse("weights, row " + std::to_string(i), std::to_string((*weights)[i]), "a finite number of 0 or more");
      any = any || (*weights)[i] > 0;
    }
    if (!any) refuse("weights", "only 0", "at least one above 0");
  }
  const std::size_t blocks = (rows + block_rows - 1) / block_rows;
  std::vector<Covariance> parts(blocks);
  const std::vector<Slice> tasks = slices(blocks, 256);
  parallel_for(tasks.size(), run, [&](std::size_t t) {
    for (std::size_t b = tasks[t].begin; b < tasks[t].end; ++b)
      parts[b] = covariance_detail::of_block(columns, weights, {b * block_rows, std::min(rows, (b + 1) * block_rows)});
  });
  const auto p = static_cast<Eigen::Index>(columns.size());
  Covariance out{0, Eigen::VectorXd::Zero(p), Eigen::MatrixXd::Zero(p, p)};
  for (const Covariance& part : parts) {
    if (!(part.weight > 0)) continue;
    const double weight = out.weight + part.weight;
    const Eigen::VectorXd away = part.mean - out.mean;
    out.matrix += part.matrix;
    out.matrix.selfadjointView<Eigen::Lower>().rankUpdate(away, out.weight / weight * part.weight);
    out.mean += part.weight / weight * away;
    out.weight = weight;
  }
  if (out.weight > 0) out.matrix /= out.weight;
  for (Eigen::Index j = 0; j < p; ++j) {
    if (std::isfinite(out.matrix(j, j)) && std::isfinite(out.mean(j))) continue;
    const std::string& name = names[static_cast<std::size_t>(j)];
    covariance_detail::check_finite(columns[static_cast<std::size_t>(j)], rows, name);
    refuse(name, "numbers so large that their squares overflow", "numbers of at most 1e150");
  }
  return out;
}

}  // namespace sojourn
