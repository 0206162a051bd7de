#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "sojourn/stats/markov.hpp"

using namespace sojourn;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

/// Gambler's ruin on 0..n, up with probability p; states 1..n-1 are transient, ruin and n absorb.
AbsorbingChain gambler(Eigen::Index n, double p) {
  MatrixXd Q = MatrixXd::Zero(n - 1, n - 1), R = MatrixXd::Zero(n - 1, 2);
  for (Eigen::Index i = 0; i < n - 1; ++i) {
    if (i > 0) Q(i, i - 1) = 1 - p;
    else R(i, 0) = 1 - p;
    if (i < n - 2) Q(i, i + 1) = p;
    else R(i, 1) = p;
  }
  return {Q, R};
}

struct Random {
  MatrixXd Q, R;
};

/// A sparse random chain in which every state leads on towards the last one, which can end.
Random random_chain(std::mt19937& generator, Eigen::Index n, Eigen::Index ends) {
  std::uniform_real_distribution<double> unit;
  Random chain{MatrixXd::Zero(n, n), MatrixXd::Zero(n, ends)};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j)
      if (unit(generator) < 0.3 || j == i + 1) chain.Q(i, j) = unit(generator);
    for (Eigen::Index a = 0; a < ends; ++a)
      if (unit(generator) < 0.2 || (i == n - 1 && a == 0)) chain.R(i, a) = unit(generator);
    const double sum = chain.Q.row(i).sum() + chain.R.row(i).sum();
    chain.Q.row(i) /= sum;
    chain.R.row(i) /= sum;
  }
  return chain;
}

}  // namespace

TEST_CASE("gambler's ruin has its closed forms") {
  const Eigen::Index n = 10;
  const AbsorbingChain fair = gambler(n, 0.5);
  const MatrixXd B = fair.absorption();
  const VectorXd t = fair.steps();
  const double p = 0.6, r = (1 - p) / p;
  const MatrixXd biased = gambler(n, p).absorption();
  for (Eigen::Index i = 1; i < n; ++i) {
    const auto k = static_cast<double>(i), end = static_cast<double>(n);
    CHECK(B(i - 1, 1) == doctest::Approx(k / end).epsilon(1e-12));
    CHECK(t(i - 1) == doctest::Approx(k * (end - k)).epsilon(1e-12));
    CHECK(biased(i - 1, 1) == doctest::Approx((1 - std::pow(r, k)) / (1 - std::pow(r, end))).epsilon(1e-12));
  }
}

TEST_CASE("the drunkard's walk of Kemeny and Snell") {
  // Five corners, home and bar absorb: N = [3/2 1 1/2; 1 2 1; 1/2 1 3/2], t = 3 4 3, B = [3/4 1/4; 1/2 1/2; 1/4 3/4].
  const AbsorbingChain chain = gambler(4, 0.5);
  MatrixXd N(3, 3), B(3, 2);
  N << 1.5, 1, 0.5, 1, 2, 1, 0.5, 1, 1.5;
  B << 0.75, 0.25, 0.5, 0.5, 0.25, 0.75;
  CHECK((chain.visits() - N).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((chain.absorption() - B).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((chain.steps() - VectorXd{{3, 4, 3}}).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("random chains agree with summing the powers of Q") {
  std::mt19937 generator(1);
  for (int trial = 0; trial < 50; ++trial) {
    const Random chain = random_chain(generator, 2 + trial % 12, 1 + trial % 3);
    MatrixXd N = MatrixXd::Identity(chain.Q.rows(), chain.Q.rows()), power = N;
    for (int k = 0; k < 20'000 && power.maxCoeff() > 1e-18; ++k) {
      power = power * chain.Q;
      N += power;
    }
    const AbsorbingChain solved(chain.Q, chain.R);
    const double scale = N.maxCoeff();
    CHECK((solved.visits() - N).cwiseAbs().maxCoeff() < 1e-10 * scale);
    CHECK((solved.absorption() - N * chain.R).cwiseAbs().maxCoeff() < 1e-10);
    CHECK((solved.steps() - N.rowwise().sum()).cwiseAbs().maxCoeff() < 1e-10 * scale * static_cast<double>(N.rows()));
    CHECK((solved.absorption().rowwise().sum().array() - 1).abs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("never is exactly 0 and always exactly 1") {
  // 0 <-> 1 and 1 -> a; 2 -> b or 0; 3 -> 3 or c.
  MatrixXd Q = MatrixXd::Zero(4, 4), R = MatrixXd::Zero(4, 3);
  Q(0, 1) = 1, Q(1, 0) = 0.9, R(1, 0) = 0.1;
  Q(2, 0) = 0.3, R(2, 1) = 0.7;
  Q(3, 3) = 0.99, R(3, 2) = 0.01;
  const MatrixXd B = AbsorbingChain(Q, R).absorption();
  CHECK(B(0, 0) == 1);
  CHECK(B(0, 1) == 0);
  CHECK(B(1, 0) == 1);
  CHECK(B(2, 0) == doctest::Approx(0.3));
  CHECK(B(2, 2) == 0);
  CHECK(B(3, 2) == 1);
}

TEST_CASE("chains that cannot be solved are refused with the state that is at fault") {
  MatrixXd Q(2, 2), R(2, 1);
  Q << 0, 0.5, 0, 1;  // state 1 turns in itself for ever
  R << 0.5, 0;
  CHECK_THROWS_WITH_AS(AbsorbingChain(Q, R),
                       "absorbing chain, state 1: found no way to any absorbing state, expected one; otherwise I - Q is singular", InvalidInput);
  Q << 0, 0.5, 0, 0.5;
  CHECK_THROWS_AS(AbsorbingChain(Q, R), InvalidInput);  // row 1 sums to 0.5
  Q << 0, 1.5, 0, 0.5;
  R << -0.5, 0.5;
  CHECK_THROWS_AS(AbsorbingChain(Q, R), InvalidInput);  // negative
  CHECK_THROWS_AS(AbsorbingChain(MatrixXd::Zero(2, 3), R), InvalidInput);
  CHECK(AbsorbingChain(MatrixXd::Zero(0, 0), MatrixXd::Zero(0, 2)).absorption().rows() == 0);
}
