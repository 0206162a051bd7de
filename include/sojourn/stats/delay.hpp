// How long it takes until an event speaks: densities on [0, H], fitted to ages that are weighted and partly censored.
//
// Ages are read on a grid of 480 steps with edges H (j/480)², finest near zero (at H = 60 days: 23 seconds there, 45 minutes at a day, 6 hours at
// 60). A density is constant within a step, so that the likelihood is that of ages known to the step: normalised, whatever the shape.
//   exponential  rate; cut at H
//   weibull      shape and scale; cut at H
//   piecewise    24 pieces of constant density, of 20 steps each; each piece has ½ of an age as a prior (Jeffreys)
// A shape's parameters are made better by Newton steps, halved until they do no harm; those of pieces have a closed form.
// Cost: O(480) a step.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"

namespace sojourn {

enum class DelayShape : std::uint8_t { exponential, weibull, piecewise };

inline constexpr std::array delay_shapes = {DelayShape::exponential, DelayShape::weibull, DelayShape::piecewise};

inline const char* to_string(DelayShape shape) {
  static constexpr const char* words[] = {"exponential", "weibull", "piecewise"};
  return words[static_cast<std::size_t>(shape)];
}

/// @throws InvalidInput for other words.
inline DelayShape read_delay_shape(const std::string& word, const std::string& place) {
  for (const DelayShape shape : delay_shapes)
    if (word == to_string(shape)) return shape;
  refuse(place, "'" + word + "'", "'exponential', 'weibull' or 'piecewise'");
}

/// The steps in which ages from 0 to a horizon are read. Ages are in any one unit.
class DelayGrid {
 public:
  static constexpr std::size_t steps = 480;

  explicit DelayGrid(double horizon) : horizon_(horizon) {
    for (std::size_t j = 0; j <= steps; ++j) {
      const double part = static_cast<double>(j) / static_cast<double>(steps);
      edges_[j] = horizon * part * part;
    }
  }

  [[nodiscard]] double horizon() const { return horizon_; }
  [[nodiscard]] double edge(std::size_t j) const { return edges_[j]; }
  [[nodiscard]] double width(std::size_t j) const { return edges_[j + 1] - edges_[j]; }

  /// The step of an age; ages beyond the horizon are in the last.
  [[nodiscard]] std::size_t step(double age) const {
    auto j = static_cast<std::size_t>(std::sqrt(std::clamp(age / horizon_, 0.0, 1.0)) * static_cast<double>(steps));
    j = std::min(j, steps - 1);
    while (j > 0 && edges_[j] > age) --j;
    while (j + 1 < steps && edges_[j + 1] <= age) ++j;
    return j;
  }

  /// An age in steps and parts of steps: a function linear within steps has there the value between its values at the edges.
  [[nodiscard]] double position(double age) const {
    const std::size_t j = step(age);
    return static_cast<double>(j) + std::clamp((age - edges_[j]) / width(j), 0.0, 1.0);
  }

 private:
  double horizon_;
  std::array<double, steps + 1> edges_{};
};

/// What a delay is fitted to: `ages[j]`, the weight of ages seen in step j; and `exposure[e]`, so that Σ exposure[e] K(edge e) is how many ages
/// were to be expected of those watched for less than the whole horizon.
struct DelayData {
  std::span<const double> ages, exposure;
};

/// A fitted delay.
class Delay {
 public:
  static constexpr std::size_t steps = DelayGrid::steps, pieces = 24, piece_steps = steps / pieces;

  /// A delay of about that mean, to begin with.
  Delay(DelayShape shape, const DelayGrid& grid, double mean) : shape_(shape), mass_(steps), cumulative_(steps + 1) {
    if (shape == DelayShape::piecewise) {
      set(Delay(DelayShape::exponential, grid, mean), grid);
    } else {
      log_scale_ = std::log(mean / grid.horizon());
      find_masses(grid);
    }
  }

  [[nodiscard]] DelayShape shape() const { return shape_; }
  /// The share of delays in each step, and up to each edge: 0 to 1.
  [[nodiscard]] std::span<const double> masses() const { return mass_; }
  [[nodiscard]] std::span<const double> cumulative() const { return cumulative_; }

  /// Of the exponential (power 1) and the Weibull before it is cut: S(x) = exp(−(x/scale)^power). In the grid's unit.
  [[nodiscard]] double scale(const DelayGrid& grid) const { return grid.horizon() * std::exp(log_scale_); }
  [[nodiscard]] double power() const { return std::exp(log_power_); }
  [[nodiscard]] double piece_mass(std::size_t p) const { return cumulative_[(p + 1) * piece_steps] - cumulative_[p * piece_steps]; }

  /// The mean delay, in the grid's unit.
  [[nodiscard]] double mean(const DelayGrid& grid) const {
    double sum = 0;
    for (std::size_t j = 0; j < steps; ++j) sum += mass_[j] * (grid.edge(j) + grid.width(j) / 2);
    return sum;
  }

  /// The log of the prior density of the parameters, up to a constant.
  [[nodiscard]] double log_prior() const {
    double sum = 0;
    if (shape_ == DelayShape::piecewise)
      for (std::size_t p = 0; p < pieces; ++p) sum += prior * std::log(piece_mass(p));
    return sum;
  }

  /// Moves the parameters to where Σ ages log mass − Σ exposure K + log prior is not lower.
  void improve(const DelayData& data, const DelayGrid& grid) {
    if (shape_ == DelayShape::piecewise) solve_pieces(data, grid);
    else newton(data, grid);
  }

 private:
  static constexpr double prior = 0.5;

  /// Takes the shares of pieces from another delay.
  void set(const Delay& other, const DelayGrid& grid) {
    std::array<double, pieces> share{};
    for (std::size_t p = 0; p < pieces; ++p) share[p] = std::max(other.piece_mass(p), 1e-9);
    set(share, grid);
  }
  void set(std::array<double, pieces> share, const DelayGrid& grid) {
    double sum = 0;
    for (const double s : share) sum += s;
    for (std::size_t p = 0; p < pieces; ++p) {
      const double length = grid.edge((p + 1) * piece_steps) - grid.edge(p * piece_steps);
      for (std::size_t j = p * piece_steps; j < (p + 1) * piece_steps; ++j) mass_[j] = share[p] / sum * grid.width(j) / length;
    }
    accumulate();
  }

  void accumulate() {
    cumulative_[0] = 0;
    for (std::size_t j = 0; j < steps; ++j) cumulative_[j + 1] = cumulative_[j] + mass_[j];
    const double all = cumulative_[steps];
    for (double& k : cumulative_) k /= all;
    for (double& m : mass_) m = std::max(m / all, 1e-300);
  }

  /// The shares of steps of the cut exponential or Weibull: S(x) = exp(−(x/scale)^power), differences of S without cancellation.
  void find_masses(const DelayGrid& grid) {
    const double power = std::exp(log_power_);
    double before = 0;  // (x/scale)^power at the step's beginning
    for (std::size_t j = 0; j < steps; ++j) {
      const double x = power * (std::log(grid.edge(j + 1) / grid.horizon()) - log_scale_);
      const double after = std::exp(std::min(x, 700.0));
      mass_[j] = std::exp(-before) * -std::expm1(before - after);
      before = after;
    }
    accumulate();
  }

  [[nodiscard]] double objective(const DelayData& data) const {
    double sum = 0;
    for (std::size_t j = 0; j < steps; ++j)
      if (data.ages[j] > 0) sum += data.ages[j] * std::log(mass_[j]);
    for (std::size_t e = 0; e <= steps; ++e) sum -= data.exposure[e] * cumulative_[e];
    return sum;
  }

  /// One Newton step on the logs of scale and power, from differences; halved until the objective is not lower. Scales from 1e-7 to 100 horizons and
  /// powers from 1/16 to 16 are kept to.
  void newton(const DelayData& data, const DelayGrid& grid) {
    constexpr double h = 1e-3;
    const bool two = shape_ == DelayShape::weibull;
    Delay trial = *this;
    const double scale = log_scale_, power = log_power_, here = objective(data);
    const auto at = [&](double ds, double dp) {
      trial.log_scale_ = std::clamp(scale + ds, std::log(1e-7), std::log(100.0));
      trial.log_power_ = std::clamp(power + dp, -std::log(16.0), std::log(16.0));
      trial.find_masses(grid);
      return trial.objective(data);
    };
    const double right = at(h, 0), left = at(-h, 0);
    const double gs = (right - left) / (2 * h), hss = (right - 2 * here + left) / (h * h);
    double ds = 0, dp = 0;
    if (two) {
      const double up = at(0, h), down = at(0, -h), corner = at(h, h);
      const double gp = (up - down) / (2 * h), hpp = (up - 2 * here + down) / (h * h), hsp = (corner - right - up + here) / (h * h);
      const double det = hss * hpp - hsp * hsp;
      if (hss < 0 && det > 1e-12 * hss * hpp) {
        ds = -(hpp * gs - hsp * gp) / det;
        dp = -(hss * gp - hsp * gs) / det;
      } else {
        ds = gs > 0 ? 0.1 : -0.1;
        dp = gp > 0 ? 0.1 : -0.1;
      }
    } else {
      ds = hss < 0 ? -gs / hss : gs > 0 ? 0.5 : -0.5;
    }
    ds = std::clamp(ds, -1.0, 1.0);
    dp = std::clamp(dp, -0.5, 0.5);
    for (int halved = 0; halved < 12; ++halved, ds /= 2, dp /= 2) {
      if (!(at(ds, dp) >= here)) continue;
      *this = std::move(trial);
      return;
    }
  }

  /// The shares π of pieces that maximise Σ n log π − Σ T π, Σ π = 1: π = n / (T + ν), ν where they sum to 1.
  void solve_pieces(const DelayData& data, const DelayGrid& grid) {
    std::array<double, pieces> n{}, t{};
    double above = 0;  // exposure at edges behind the piece: all of its share counts
    for (std::size_t p = pieces; p-- > 0;) {
      const double begin = grid.edge(p * piece_steps), length = grid.edge((p + 1) * piece_steps) - begin;
      t[p] = above;
      n[p] = prior;
      for (std::size_t j = p * piece_steps; j < (p + 1) * piece_steps; ++j) {
        n[p] += data.ages[j];
        const double c = data.exposure[j + 1];
        t[p] += c * (grid.edge(j + 1) - begin) / length;
        above += c;
      }
    }
    double low = -1e300;
    for (std::size_t p = 0; p < pieces; ++p) low = std::max(low, n[p] - t[p]);  // the share of that piece would be 1: the root is not below
    double total = 0, least = t[0];
    for (std::size_t p = 0; p < pieces; ++p) total += n[p], least = std::min(least, t[p]);
    double high = std::max(total - least, low);
    const auto sum = [&](double v) {
      double s = 0;
      for (std::size_t p = 0; p < pieces; ++p) s += n[p] / (t[p] + v);
      return s;
    };
    for (int i = 0; i < 200 && low < high; ++i) {
      const double middle = low + (high - low) / 2;
      if (middle == low || middle == high) break;
      (sum(middle) > 1 ? low : high) = middle;
    }
    std::array<double, pieces> share{};
    for (std::size_t p = 0; p < pieces; ++p) share[p] = n[p] / (t[p] + high);
    const Delay old = *this;
    const double before = objective(data) + log_prior();
    set(share, grid);
    if (objective(data) + log_prior() < before) *this = old;  // by rounding, at the top
  }

  DelayShape shape_;
  double log_scale_ = 0, log_power_ = 0;
  std::vector<double> mass_, cumulative_;
};

}  // namespace sojourn
