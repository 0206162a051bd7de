#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "sojourn/stats/survival.hpp"

using namespace sojourn;

TEST_CASE("Aalen-Johansen by hand: events 0, 1, 1, 2, 2, 0 at 1 to 6") {
  std::vector<Span> spans;
  double length = 1;
  for (const std::int32_t event : {0, 1, 1, 2, 2, 0}) spans.push_back({length++, event - 1});
  const auto steps = survival(spans, 2);
  REQUIRE(steps.size() == 6);
  const std::vector<double> first = {0, .2, .4, .4, .4, .4}, second = {0, 0, 0, .2, .4, .4};
  for (std::size_t k = 0; k < 6; ++k) {
    CHECK(steps[k].length == static_cast<double>(k + 1));
    CHECK(steps[k].incidence[0] == doctest::Approx(first[k]).epsilon(1e-14));
    CHECK(steps[k].incidence[1] == doctest::Approx(second[k]).epsilon(1e-14));
    CHECK(steps[k].survival + steps[k].incidence[0] + steps[k].incidence[1] == doctest::Approx(1).epsilon(1e-14));
  }
  CHECK(steps[1].hazard == doctest::Approx(1.0 / 5));
  CHECK(steps[4].hazard == doctest::Approx(1.0 / 5 + 1.0 / 4 + 1.0 / 3 + 1.0 / 2));
}

TEST_CASE("Kaplan-Meier of the telco customers (7,043: IBM's sample, months of tenure)") {
  // Left and stayed, by tenure from 0 to 72.
  constexpr int tenure[][2] = {{0, 11},  {380, 233}, {123, 115}, {94, 106}, {83, 93},  {64, 69}, {40, 70}, {51, 80}, {42, 81}, {46, 73}, {45, 71},
                               {31, 68}, {38, 79},   {38, 71},   {24, 52},  {37, 62},  {28, 52}, {26, 61}, {24, 73}, {19, 54}, {18, 53}, {17, 46},
                               {27, 63}, {13, 72},   {23, 71},   {23, 56},  {15, 64},  {13, 59}, {12, 45}, {15, 57}, {16, 56}, {16, 49}, {19, 50},
                               {14, 50}, {12, 53},   {15, 73},   {10, 40},  {15, 50},  {13, 46}, {14, 42}, {13, 51}, {14, 56}, {14, 51}, {15, 50},
                               {6, 45},  {6, 55},    {12, 62},   {14, 54},  {9, 55},   {15, 51}, {10, 58}, {8, 60},  {8, 72},  {14, 56}, {13, 55},
                               {9, 55},  {10, 70},   {8, 57},    {11, 56},  {8, 52},   {6, 70},  {8, 68},  {5, 65},  {4, 68},  {4, 76},  {9, 67},
                               {13, 76}, {10, 88},   {9, 91},    {8, 87},   {11, 108}, {6, 164}, {6, 356}};
  std::vector<Span> spans, weighted;
  double months = 0;
  for (const auto& [left, stayed] : tenure) {
    for (int i = 0; i < left; ++i) spans.push_back({months, 0});
    for (int i = 0; i < stayed; ++i) spans.push_back({months});
    if (left > 0) weighted.push_back({months, 0, static_cast<double>(left)});
    if (stayed > 0) weighted.push_back({months, Span::censored, static_cast<double>(stayed)});
    ++months;
  }
  REQUIRE(spans.size() == 7043);
  const auto steps = survival(spans), same = survival(weighted);
  CHECK(std::fabs(at_length(steps, 12).survival - .84319955) < 1e-8);
  CHECK(std::fabs(at_length(steps, 24).survival - .7887364) < 1e-7);
  CHECK(std::fabs(at_length(steps, 72).survival - .5927902) < 1e-7);
  CHECK(at_length(steps, 12.5).survival == at_length(steps, 12).survival);
  CHECK(at_length(steps, 0).at_risk == 7043);
  CHECK(at_length(steps, -1).survival == 1);
  REQUIRE(same.size() == steps.size());
  for (std::size_t k = 0; k < steps.size(); ++k) CHECK(same[k].survival == steps[k].survival);
}

TEST_CASE("any order, ties, real weights: the estimates hold to their definitions") {
  std::mt19937_64 generator(5);
  for (int world = 0; world < 60; ++world) {
    std::vector<Span> spans;
    for (std::size_t n = 1 + generator() % 40; n > 0; --n)
      spans.push_back(
          {static_cast<double>(generator() % 12), static_cast<std::int32_t>(generator() % 4) - 1, 0.25 * static_cast<double>(1 + generator() % 9)});
    const auto steps = survival(spans, 3);
    double lasting = 1, hazard = 0;
    std::vector<double> incidence(3);
    for (const SurvivalStep& step : steps) {
      double at_risk = 0, ended = 0;
      std::vector<double> by(3);
      for (const Span& span : spans) {
        if (span.length >= step.length) at_risk += span.weight;
        if (span.length == step.length && span.cause >= 0) ended += span.weight, by[static_cast<std::size_t>(span.cause)] += span.weight;
      }
      for (std::size_t a = 0; a < 3; ++a) incidence[a] += lasting * by[a] / at_risk;
      lasting *= 1 - ended / at_risk;
      hazard += ended / at_risk;
      CHECK(step.at_risk == at_risk);
      CHECK(step.survival == doctest::Approx(lasting).epsilon(1e-12));
      CHECK(step.hazard == doctest::Approx(hazard).epsilon(1e-12));
      for (std::size_t a = 0; a < 3; ++a) CHECK(step.incidence[a] == doctest::Approx(incidence[a]).epsilon(1e-12));
    }
    std::vector<Span> other(spans.rbegin(), spans.rend());
    const auto again = survival(other, 3);
    for (std::size_t k = 0; k < steps.size(); ++k) CHECK(again[k].incidence == steps[k].incidence);
  }
}

TEST_CASE("nobody, everybody at once, and what is refused") {
  CHECK(survival({}).empty());
  CHECK(at_length({}, 3).survival == 1);
  const auto gone = survival({{2, 0, .1}, {2, 0, .7}, {2, 0, .2}});
  CHECK(gone.back().survival == 0);  // exactly, though the weights do not add up so
  CHECK_THROWS_AS(survival({{-1, 0}}), InvalidInput);
  CHECK_THROWS_AS(survival({{std::nan(""), 0}}), InvalidInput);
  CHECK_THROWS_AS(survival({{1, 1}}), InvalidInput);
  CHECK_THROWS_AS(survival({{1, 0, 0}}), InvalidInput);
}
