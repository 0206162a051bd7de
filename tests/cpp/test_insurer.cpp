#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>

#include "sojourn/datasets/insurer.hpp"

using namespace sojourn;
using datasets::Chance;

TEST_CASE("a household's chances have their means, and depend on seed and household only") {
  Chance chance(7, 42);
  double exponential = 0, weibull = 0, lognormal = 0, normal = 0;
  constexpr int n = 20'000;
  for (int i = 0; i < n; ++i) {
    exponential += chance.exponential(5) / n;
    weibull += chance.weibull(5, 0.7) / n;
    lognormal += chance.lognormal(5, 1) / n;
    normal += chance.normal(5, 2) / n;
  }
  CHECK(exponential == doctest::Approx(5).epsilon(0.03));
  CHECK(weibull == doctest::Approx(5).epsilon(0.05));
  CHECK(lognormal == doctest::Approx(5).epsilon(0.05));
  CHECK(normal == doctest::Approx(5).epsilon(0.01));
  Chance one(7, 42), same(7, 42), other(7, 43);
  const double first = one.uniform();
  CHECK(first == same.uniform());
  CHECK(first != other.uniform());
  for (int i = 0; i < 1000; ++i) {
    const std::int32_t whole = one.whole(2, 4);
    CHECK((whole >= 2 && whole <= 4));
  }
}

TEST_CASE("the insurer from C++: tables of equal length, a clear refusal") {
  const auto made = datasets::insurer({.customers = 300});
  CHECK(made.crm_why.rows() >= made.crm.rows());
  CHECK(made.voices.rows() == made.feedback.rows());
  CHECK(made.observed.rows() >= 300);
  CHECK(to_string(made.month) == "2026-03-01");
  CHECK_THROWS_WITH_AS(datasets::insurer({.customers = 300, .months = 3}), "insurer: found months=3, expected 6 to 120", InvalidInput);
}

TEST_CASE("the calendar turns where the data card says") {
  const datasets::Calendar calendar{24};
  CHECK(to_string(calendar.start) == "2024-07-01");
  CHECK(to_string(calendar.history) == "2014-07-01");
  CHECK(to_string(calendar.fault) == "2025-11-17");
  CHECK(to_string(calendar.rise) == "2025-10-04");
}
