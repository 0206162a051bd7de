#include <doctest/doctest.h>

#include <vector>

#include "sojourn/stats/interval.hpp"

using namespace sojourn;

TEST_CASE("Jeffreys' interval is the tails of Beta(k + 1/2, n - k + 1/2)") {
  // scipy.stats.beta.ppf
  const Interval none = jeffreys_interval(0, 10, 0.95), all = jeffreys_interval(10, 10, 0.95), some = jeffreys_interval(3, 20, 0.9);
  CHECK(none.low == 0);
  CHECK(none.high == doctest::Approx(0.21719626750921053).epsilon(1e-12));
  CHECK(all.low == doctest::Approx(0.7828037324907894).epsilon(1e-12));
  CHECK(all.high == 1);
  CHECK(some.low == doctest::Approx(0.05624805429041881).epsilon(1e-12));
  CHECK(some.high == doctest::Approx(0.31368035743571937).epsilon(1e-12));
  CHECK(jeffreys_interval(0, 0, 0.9) == Interval{0, 1});
}

TEST_CASE("bad proportions and confidences are refused") {
  CHECK_THROWS_AS(jeffreys_interval(3, 2, 0.9), InvalidInput);
  CHECK_THROWS_AS(jeffreys_interval(-1, 2, 0.9), InvalidInput);
  for (const double confidence : {0.0, 1.0, -0.5, 90.0}) CHECK_THROWS_AS(jeffreys_interval(1, 2, confidence), InvalidInput);
}

TEST_CASE("quantiles are linear between order statistics") {
  std::vector<double> numbers{4, 1, 3, 2};
  CHECK(quantile(numbers, 0) == 1);
  CHECK(quantile(numbers, 1) == 4);
  CHECK(quantile(numbers, 0.5) == 2.5);
  CHECK(quantile(numbers, 0.1) == doctest::Approx(1.3));
  std::vector<double> one{7}, nothing;
  CHECK(quantile(one, 0.3) == 7);
  CHECK_THROWS_AS(quantile(nothing, 0.5), InvalidInput);
  std::vector<double> draws;
  for (int i = 0; i <= 100; ++i) draws.push_back(100 - i);
  const Interval nine_tenths = percentile_interval(draws, 0.9);
  CHECK(nine_tenths.low == doctest::Approx(5));
  CHECK(nine_tenths.high == doctest::Approx(95));
}
