#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "sojourn/stats/covariance.hpp"
#include "sojourn/stats/lmg.hpp"
#include "sojourn/stats/score_change.hpp"

using namespace sojourn;

TEST_CASE("LMG of two predictors is the mean of entering first and second") {
  const double r12 = 0.5, r1 = 0.6, r2 = 0.2;
  Eigen::MatrixXd covariance(3, 3);
  covariance << 1, r12, r1, r12, 1, r2, r1, r2, 1;
  const double all = (r1 * r1 + r2 * r2 - 2 * r1 * r2 * r12) / (1 - r12 * r12);
  const Lmg found = lmg(covariance, Eigen::VectorXd::Zero(3));
  CHECK(found.r2 == doctest::Approx(all).epsilon(1e-14));
  CHECK(found.share[0] == doctest::Approx((r1 * r1 + all - r2 * r2) / 2).epsilon(1e-14));
  CHECK(found.share[1] == doctest::Approx((r2 * r2 + all - r1 * r1) / 2).epsilon(1e-14));
  CHECK(found.sign == std::vector<int>{1, 1});
  CHECK_THROWS_AS(lmg(Eigen::MatrixXd::Identity(22, 22), Eigen::VectorXd::Zero(22)), InvalidInput);
  CHECK_THROWS_AS(lmg(Eigen::MatrixXd::Identity(1, 1), Eigen::VectorXd::Zero(1)), InvalidInput);
}

TEST_CASE("covariances keep their digits far from 0, and across blocks") {
  std::vector<double> x, y;
  for (int i = 0; i < 5000; ++i) x.push_back(1e9 + i % 7), y.push_back(i < 2500 ? i % 3 : 1e6 + i % 3);
  const std::vector<NumberColumn> columns{{x.data()}, {y.data()}};
  const std::vector<std::string> names{"x", "y"};
  const Covariance one = covariance(columns, names, x.size(), {}, Run{1}), many = covariance(columns, names, x.size(), {}, Run{4});
  CHECK(one.matrix(0, 0) == many.matrix(0, 0));
  double mean = 0, square = 0;
  for (int i = 0; i < 5000; ++i) mean += i % 7 / 5000.0;
  for (int i = 0; i < 5000; ++i) square += std::pow(i % 7 - mean, 2) / 5000.0;
  CHECK(one.matrix(0, 0) == doctest::Approx(square).epsilon(1e-12));
  CHECK(one.matrix(1, 1) == doctest::Approx(2.5e11).epsilon(1e-5));
}

TEST_CASE("a change of shares alone is who, a change of scores alone is said") {
  std::vector<GroupedAnswer> answers;
  for (int i = 0; i < 10; ++i) {
    const auto key = static_cast<std::uint64_t>(i);
    answers.push_back({i < 2 ? 0u : 1u, false, i < 2 ? 1.0 : 0.0, 1, 1, key});
    answers.push_back({i < 6 ? 0u : 1u, true, i < 6 ? 1.0 : 0.0, 1, 1, key});
  }
  const ScoreChange who = score_change(answers, 2, 1);
  CHECK(who.change.value == doctest::Approx(0.4));
  CHECK(who.who.value == doctest::Approx(0.4));
  CHECK(who.said.value == doctest::Approx(0));
}
