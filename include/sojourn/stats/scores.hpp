// Scores of voices (NPS, the satisfied share, the mean), each with an interval and the number it stands on.
//
// An answer counts for a mark y: NPS +1 for 9 and 10, −1 for 0 to 6, 0 for 7 and 8; the satisfied share 1 for 4 and 5 of 1 to 5, else 0; the
// mean the score itself. All three scores follow from Σw, Σwy and Σwy²; the sums are exact, so that neither order nor threads show.
//
// Two kinds of weights. Survey weights say how many an answer stands for: n is Kish's effective size (Σw)²/Σw² (Kish 1965, Survey Sampling).
// Attribution weights say how much of a voice is about a moment: n = Σw.
#pragma once

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/wilson.hpp"

namespace sojourn {

/// What answers may be: 0 to 10 (NPS), 1 to 5 (the satisfied share), any number of at most a million (the mean).
enum class ScoreScale : std::uint8_t { nps, csat, mean };

inline const char* to_string(ScoreScale scale) {
  static constexpr const char* words[] = {"nps", "csat", "mean"};
  return words[static_cast<std::size_t>(scale)];
}

/// @throws InvalidInput for other words.
inline ScoreScale read_scale(const std::string& word) {
  for (const ScoreScale scale : {ScoreScale::nps, ScoreScale::csat, ScoreScale::mean})
    if (word == to_string(scale)) return scale;
  refuse("scale", "'" + word + "'", "'nps', 'csat' or 'mean'");
}

/// Whether the scale has such an answer.
inline bool on_scale(ScoreScale scale, double score) {
  if (scale == ScoreScale::mean) return std::fabs(score) <= 1e6;
  const bool nps = scale == ScoreScale::nps;
  return score >= (nps ? 0 : 1) && score <= (nps ? 10 : 5) && score == std::floor(score);
}

/// Refuses an answer that the scale does not have. @param place a Place, or the words for one.
template <class At>
void check_score(ScoreScale scale, double score, const At& place) {
  if (on_scale(scale, score)) return;
  static constexpr const char* expected[] = {"a whole number from 0 to 10", "a whole number from 1 to 5", "a number from -1,000,000 to 1,000,000"};
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, score).ptr;
  refuse(place, std::string(text, end), expected[static_cast<std::size_t>(scale)]);
}

/// What an answer counts for.
inline double score_mark(ScoreScale scale, double score) {
  switch (scale) {
    case ScoreScale::nps: return score >= 9 ? 1 : score <= 6 ? -1 : 0;
    case ScoreScale::csat: return score >= 4 ? 1 : 0;
    default: return score;
  }
}

/// A weight rounded to 2⁻⁴⁰, so that its product with a whole number is exact: however small the weights, a mean lies among what was said.
inline double steady_weight(double weight) { return std::ldexp(std::nearbyint(std::ldexp(weight, 40)), -40); }

/// Sums over weighted answers; weights below 2⁻⁴¹ vanish: bring them to a scale of about 1 first.
class ScoreSums {
 public:
  void add(double mark, double weight) {
    weight = steady_weight(weight);
    weight_.add(weight);
    weight_squared_.add(weight * weight);
    sum_.add(weight * mark);
    squares_.add(weight * mark * mark);
  }

  [[nodiscard]] double weight() const { return weight_.value(); }
  /// Kish's effective size.
  [[nodiscard]] double effective_size() const { return weight() * weight() / weight_squared_.value(); }
  [[nodiscard]] double mean() const { return sum_.value() / weight(); }
  [[nodiscard]] double mean_square() const { return squares_.value() / weight(); }

 private:
  ExactSum weight_, weight_squared_, sum_, squares_;
};

/// The mean of marks and of their squares, where they do not come from one sum.
struct ScoreMeans {
  double first = 0, second = 0;

  [[nodiscard]] double mean() const { return first; }
  [[nodiscard]] double mean_square() const { return second; }
};

/// A score that stands on n answers; no interval where n gives none (a mean of one answer).
struct ScoreEstimate {
  double score, n;
  std::optional<Interval> interval;
};

enum class NpsMethod : std::uint8_t { wald, adjusted_wald };

namespace scores_detail {

inline double normal_quantile(double confidence) { return std::sqrt(2.0) * boost::math::erf_inv(confidence); }

inline void check(double n, double confidence) {
  check_confidence(confidence);
  if (!(n > 0)) refuse("scores", "none, or only weights of 0", "at least one score");
}

}  // namespace scores_detail

/// NPS in points, 100 (p − d) for shares p of promoters and d of detractors. Wald: ± z √((p + d − (p − d)²)/n). Adjusted Wald (Rocks 2016, Am.
/// Statist. 70): the same, score included, after adding ¾ promoter, ¾ detractor and 1½ passives, so that few or equal answers do not pretend
/// certainty. Bounds stop at ±100. Prefer the adjusted one. @param sums ScoreSums or ScoreMeans, here and below.
template <class Means>
ScoreEstimate nps(const Means& sums, double n, double confidence, NpsMethod method = NpsMethod::adjusted_wald) {
  scores_detail::check(n, confidence);
  const double added = method == NpsMethod::wald ? 0.0 : 3.0;
  const double score = n * sums.mean() / (n + added);
  const double extremes = (n * sums.mean_square() + added / 2) / (n + added);
  const double half = scores_detail::normal_quantile(confidence) * std::sqrt(std::max(0.0, extremes - score * score) / (n + added));
  return {100 * score, n, Interval{std::max(-100.0, 100 * (score - half)), std::min(100.0, 100 * (score + half))}};
}

/// The satisfied share with Wilson's interval (wilson.hpp).
template <class Means>
ScoreEstimate csat(const Means& sums, double n, double confidence) {
  scores_detail::check(n, confidence);
  const double share = sums.mean();
  return {share, n, wilson_interval(std::min(n * share, n), n, confidence)};
}

/// The mean ± t_{n−1} · s/√n (Student 1908), s² with n − 1 below. No interval for n ≤ 1, or where n is so near 1 that it has no end. The spread
/// is taken from Σwy² − …, good to 1e-15 of the mean's square: ample for scores, not for amounts of money.
template <class Means>
ScoreEstimate mean_score(const Means& sums, double n, double confidence) {
  scores_detail::check(n, confidence);
  const double mean = sums.mean();
  if (!(n > 1)) return {mean, n, std::nullopt};
  namespace policies = boost::math::policies;
  using Quiet = policies::policy<policies::overflow_error<policies::ignore_error>, policies::evaluation_error<policies::ignore_error>>;
  const double t = boost::math::quantile(boost::math::students_t_distribution<double, Quiet>(n - 1), (1 + confidence) / 2);
  const double half = t * std::sqrt(std::max(0.0, sums.mean_square() - mean * mean) / (n - 1));
  if (!std::isfinite(half)) return {mean, n, std::nullopt};
  return {mean, n, Interval{mean - half, mean + half}};
}

/// The score of a scale; NPS by the adjusted Wald method.
template <class Means>
ScoreEstimate score(ScoreScale scale, const Means& sums, double n, double confidence) {
  switch (scale) {
    case ScoreScale::nps: return nps(sums, n, confidence);
    case ScoreScale::csat: return csat(sums, n, confidence);
    default: return mean_score(sums, n, confidence);
  }
}

/// A survey's answers summed, and the n they stand for.
struct SurveySums {
  ScoreSums sums;
  double n;
};

/// @param weights survey weights; empty: all 1, and n is the number of answers. O(answers).
/// @throws InvalidInput for an answer off the scale, a weight that is negative or not finite, weights of another number, none above 0.
inline SurveySums survey_sums(ScoreScale scale, std::span<const double> scores, std::span<const double> weights = {}) {
  if (scores.empty()) refuse("scores", "none", "at least one score");
  if (!weights.empty() && weights.size() != scores.size())
    refuse("weights", std::to_string(weights.size()), std::to_string(scores.size()) + ", as there are scores");
  double most = weights.empty() ? 1 : 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0 && std::isfinite(weights[i])))
      refuse("weights, row " + std::to_string(i), std::to_string(weights[i]), "a finite number of 0 or more");
    most = std::max(most, weights[i]);
  }
  if (most == 0) refuse("weights", "only 0", "at least one above 0");
  int binary_places = 0;  // weights are brought to about 1 by a power of two, which loses nothing
  std::frexp(most, &binary_places);
  ScoreSums sums;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    check_score(scale, scores[i], "scores, row " + std::to_string(i));
    sums.add(score_mark(scale, scores[i]), weights.empty() ? 1.0 : std::ldexp(weights[i], -binary_places));
  }
  return {sums, weights.empty() ? static_cast<double>(scores.size()) : sums.effective_size()};
}

}  // namespace sojourn
