// NPS, the satisfied share and the mean against published and recomputed figures.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "sojourn/stats/scores.hpp"
#include "sojourn/stats/wilson.hpp"

using namespace sojourn;

namespace {

SurveySums answers(int promoters, int passives, int detractors) {
  std::vector<double> scores;
  scores.insert(scores.end(), static_cast<std::size_t>(promoters), 9);
  scores.insert(scores.end(), static_cast<std::size_t>(passives), 8);
  scores.insert(scores.end(), static_cast<std::size_t>(detractors), 6);
  return survey_sums(ScoreScale::nps, scores);
}

void check_nps(const SurveySums& s, NpsMethod method, double score, double low, double high, double within) {
  const ScoreEstimate found = nps(s.sums, s.n, 0.95, method);
  CHECK(std::fabs(found.score - score) < within);
  CHECK(std::fabs(found.interval->low - low) < within);
  CHECK(std::fabs(found.interval->high - high) < within);
}

}  // namespace

TEST_CASE("NPS: Wald and adjusted Wald, golden figures") {
  const SurveySums hundred = answers(50, 30, 20), thousand = answers(450, 300, 250);
  check_nps(hundred, NpsMethod::wald, 30, 14.69, 45.31, 0.005);
  check_nps(hundred, NpsMethod::adjusted_wald, 29.13, 14.05, 44.20, 0.005);
  check_nps(thousand, NpsMethod::wald, 20, 14.965, 25.035, 0.0005);
  check_nps(thousand, NpsMethod::adjusted_wald, 19.940, 14.914, 24.967, 0.0005);  // half way between the bounds lies the score
  CHECK(hundred.n == 100);
}

TEST_CASE("NPS of one kind of answer only: Wald pretends certainty, adjusted Wald does not, and stays on the scale") {
  const SurveySums all = answers(3, 0, 0);
  const ScoreEstimate wald = nps(all.sums, all.n, 0.99, NpsMethod::wald), adjusted = nps(all.sums, all.n, 0.99);
  CHECK(wald.score == 100);
  CHECK(wald.interval->low == 100);
  CHECK(adjusted.score == 50);
  CHECK(adjusted.interval->low < 0);
  CHECK(adjusted.interval->high == 100);
}

TEST_CASE("the satisfied share has Wilson's interval, for whole numbers and others") {
  for (const auto& [k, low, high] : {std::tuple{0, 0.0, 0.277533}, std::tuple{8, 0.490162, 0.943318}}) {
    std::vector<double> scores(10, 3);
    std::fill_n(scores.begin(), k, 4);
    const SurveySums s = survey_sums(ScoreScale::csat, scores);
    const ScoreEstimate found = csat(s.sums, s.n, 0.95);
    CHECK(found.score == k / 10.0);
    CHECK(std::fabs(found.interval->low - low) < 1e-6);
    CHECK(std::fabs(found.interval->high - high) < 1e-6);
    const Interval wilson = wilson_interval(k, 10, 0.95);
    CHECK(found.interval->low == doctest::Approx(wilson.low).epsilon(1e-13));
    CHECK(found.interval->high == doctest::Approx(wilson.high).epsilon(1e-13));
  }
  ScoreSums part;
  part.add(1, 0.4);
  const ScoreEstimate found = csat(part, part.weight(), 0.9);
  CHECK(found.score == 1);
  CHECK(found.interval->high == 1);
  CHECK(found.interval->low > 0);
  CHECK(found.interval->low < 0.3);
}

TEST_CASE("the mean has Student's interval") {
  const std::vector<double> scores{4, 7, 1, 9, 5.5};
  const SurveySums s = survey_sums(ScoreScale::mean, scores);
  const ScoreEstimate found = mean_score(s.sums, s.n, 0.9);
  CHECK(found.score == doctest::Approx(5.3));
  CHECK(found.interval->low == doctest::Approx(2.4082223243335035).epsilon(1e-10));
  CHECK(found.interval->high == doctest::Approx(8.191777675666497).epsilon(1e-10));
  const SurveySums one = survey_sums(ScoreScale::mean, std::vector<double>{4});
  CHECK(!mean_score(one.sums, one.n, 0.9).interval);
  ScoreSums parts;
  parts.add(3, 0.5);
  parts.add(5, 0.5 + 1e-12);
  CHECK(!mean_score(parts, parts.weight(), 0.9).interval);  // n − 1 = 1e-12: no end in sight
}

TEST_CASE("survey weights count by Kish's effective size, whatever their unit") {
  const std::vector<double> scores{10, 9, 8, 3}, weights{2, 1, 1, 4}, tiny{2e-12, 1e-12, 1e-12, 4e-12};
  const SurveySums s = survey_sums(ScoreScale::nps, scores, weights), t = survey_sums(ScoreScale::nps, scores, tiny);
  CHECK(s.n == doctest::Approx(64.0 / 22));
  CHECK(nps(s.sums, s.n, 0.95, NpsMethod::wald).score == doctest::Approx(-12.5));
  CHECK(t.n == doctest::Approx(s.n).epsilon(1e-12));
  CHECK(t.sums.mean() == doctest::Approx(s.sums.mean()).epsilon(1e-12));
  const SurveySums equal = survey_sums(ScoreScale::nps, scores, std::vector<double>(4, 7.5));
  CHECK(equal.n == doctest::Approx(4));
}

TEST_CASE("answers off the scale and bad weights are refused") {
  const std::vector<double> fine{5};
  for (const double bad : {-1.0, 11.0, 9.5, std::nan("")}) CHECK_THROWS_AS(survey_sums(ScoreScale::nps, std::vector<double>{bad}), InvalidInput);
  for (const double bad : {0.0, 6.0, 4.5}) CHECK_THROWS_AS(survey_sums(ScoreScale::csat, std::vector<double>{bad}), InvalidInput);
  CHECK_THROWS_AS(survey_sums(ScoreScale::mean, std::vector<double>{2e6}), InvalidInput);
  for (const double bad : {-1.0, 0.0, HUGE_VAL, std::nan("")})
    CHECK_THROWS_AS(survey_sums(ScoreScale::nps, fine, std::vector<double>{bad}), InvalidInput);
  CHECK_THROWS_AS(survey_sums(ScoreScale::nps, fine, std::vector<double>{1, 1}), InvalidInput);
  CHECK_THROWS_AS(survey_sums(ScoreScale::nps, {}), InvalidInput);
  CHECK_THROWS_AS(nps(survey_sums(ScoreScale::nps, fine).sums, 1, 1.5), InvalidInput);
  CHECK_THROWS_WITH(survey_sums(ScoreScale::nps, std::vector<double>{3, 9.5}), "scores, row 1: found 9.5, expected a whole number from 0 to 10");
}
