// The absorbing Markov chain: expected visits, absorption probabilities and steps (Kemeny & Snell 1960, Finite Markov Chains, ch. III).
//
// With transient states' transitions Q among themselves and R into absorbing states:
//   N = (I − Q)⁻¹    N[i,j]: expected visits of j, the start included, from i
//   B = N·R          B[i,a]: probability of being absorbed in a
//   t = N·1          expected steps until absorption
// Dense LU with partial pivoting (Eigen), once per chain: O(n³) time, O(n²) memory, single-threaded in fixed order, so that the same
// input gives the same bits. Beyond some thousands of states a sparse or iterative solver is to be preferred.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"

namespace sojourn {

/// The transient states from which some state of `targets` can be reached; targets[i] marks those that reach one in a single step.
/// States are linked where Q[i,j] > 0. O(n²).
inline std::vector<bool> reaching(const Eigen::MatrixXd& Q, std::vector<bool> targets) {
  std::vector<Eigen::Index> front;
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (targets[i]) front.push_back(static_cast<Eigen::Index>(i));
  while (!front.empty()) {
    const Eigen::Index j = front.back();
    front.pop_back();
    for (Eigen::Index i = 0; i < Q.rows(); ++i) {
      if (!(Q(i, j) > 0) || targets[static_cast<std::size_t>(i)]) continue;
      targets[static_cast<std::size_t>(i)] = true;
      front.push_back(i);
    }
  }
  return targets;
}

/// A chain whose every transient state can reach an absorbing one, factorised; then I − Q is regular, and absorption certain.
class AbsorbingChain {
 public:
  /// @param Q n × n, transient to transient. @param R n × m, transient to absorbing.
  /// @throws InvalidInput when shapes disagree, a row of [Q R] is not a distribution (within 1e-9), or a state never reaches absorption.
  AbsorbingChain(Eigen::MatrixXd Q, Eigen::MatrixXd R) : Q_(std::move(Q)), R_(std::move(R)) {
    check();
    if (Q_.rows() > 0) factors_.compute(Eigen::MatrixXd::Identity(Q_.rows(), Q_.cols()) - Q_);
  }

  [[nodiscard]] Eigen::Index transient() const { return Q_.rows(); }
  [[nodiscard]] Eigen::Index absorbing() const { return R_.cols(); }

  /// N, the fundamental matrix.
  [[nodiscard]] Eigen::MatrixXd visits() const { return solve(Eigen::MatrixXd::Identity(transient(), transient())); }
  /// B = N·R, without forming N. Exactly 0 where a state cannot reach an absorbing one, exactly 1 where it can reach no other.
  [[nodiscard]] Eigen::MatrixXd absorption() const {
    Eigen::MatrixXd B = solve(R_);
    settle(B);
    return B;
  }
  /// t = N·1.
  [[nodiscard]] Eigen::VectorXd steps() const { return solve(Eigen::MatrixXd::Ones(transient(), 1)).col(0); }

 private:
  Eigen::MatrixXd solve(const Eigen::MatrixXd& right) const {
    if (transient() == 0) return right;
    return factors_.solve(right);
  }

  void check() const {
    const auto shape = [](const Eigen::MatrixXd& m) { return std::to_string(m.rows()) + " x " + std::to_string(m.cols()); };
    if (Q_.rows() != Q_.cols() || Q_.rows() != R_.rows()) refuse("absorbing chain", "Q " + shape(Q_) + " and R " + shape(R_), "Q n x n and R n x m");
    for (Eigen::Index i = 0; i < Q_.rows(); ++i) {
      const double sum = Q_.row(i).sum() + R_.row(i).sum();
      const bool negative = (Q_.row(i).array() < 0).any() || (R_.row(i).array() < 0).any();
      if (negative || !(std::fabs(sum - 1) <= 1e-9))
        refuse("absorbing chain, state " + std::to_string(i),
               negative ? "a negative probability" : "probabilities that sum to " + std::to_string(sum), "a distribution over the next states");
    }
    std::vector<bool> exits(static_cast<std::size_t>(transient()));
    for (Eigen::Index i = 0; i < transient(); ++i) exits[static_cast<std::size_t>(i)] = (R_.row(i).array() > 0).any();
    const std::vector<bool> ends = reaching(Q_, exits);
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (!ends[i]) refuse("absorbing chain, state " + std::to_string(i), "no way to any absorbing state", "one; otherwise I - Q is singular");
  }

  /// Rounding must not turn never into 1e-17, nor always into 1 − 1e-16.
  void settle(Eigen::MatrixXd& B) const {
    const auto n = static_cast<std::size_t>(transient());
    std::vector<std::vector<bool>> reach;
    std::vector<std::size_t> ways(n);
    for (Eigen::Index a = 0; a < absorbing(); ++a) {
      std::vector<bool> direct(n);
      for (std::size_t i = 0; i < n; ++i) direct[i] = R_(static_cast<Eigen::Index>(i), a) > 0;
      reach.push_back(reaching(Q_, direct));
      for (std::size_t i = 0; i < n; ++i) ways[i] += reach.back()[i] ? 1u : 0u;
    }
    for (std::size_t a = 0; a < reach.size(); ++a) {
      for (std::size_t i = 0; i < n; ++i) {
        double& b = B(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(a));
        if (!reach[a][i]) b = 0;
        else b = ways[i] == 1 ? 1 : std::clamp(b, 0.0, 1.0);
      }
    }
  }

  Eigen::MatrixXd Q_, R_;
  Eigen::PartialPivLU<Eigen::MatrixXd> factors_;
};

}  // namespace sojourn
