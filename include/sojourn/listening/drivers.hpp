// Drivers: which moments share in what explains a score, or in who reaches an outcome.
//
// A row of the regression is a voice, its columns how much of the voice is about each moment (attribution), y the mark of its score
// (stats/scores.hpp), or whether its customer reached an outcome within a span after it. What is about no moment is the baseline. A share is the
// moment's LMG share of R² (stats/lmg.hpp). It describes who spoke of what; it is associational, and says nothing of what a change would do.
//
// An outcome counts when it ended the customer's journey after the voice, at most `within` later. Voices are left out where that cannot be known: of
// customers whom the log does not have; outside the customer's observation, or not before its journey ended; where the log ends less than
// `within` after the voice; where the customer's own observation does, without an outcome. The last rule takes chance: where customers are lost
// from sight one by one, those who reached an outcome first stay in.
//
// Intervals: Bayesian bootstrap over customers. Shares are never negative, so that the interval of a moment that explains nothing begins near 0, not
// below. Cost: draws · (voices · moments of a voice² / 2 + 10 · 2^moments).
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/voice_customers.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/lmg.hpp"
#include "sojourn/stats/scores.hpp"
#include "sojourn/stats/unit_sums.hpp"

namespace sojourn {

struct DriversOptions {
  /// The id of an outcome of the journey; none: the score.
  std::optional<std::string> outcome = {};
  /// How long after a voice an outcome may come.
  Duration within = days(90);
  /// Columns are stages, not moments.
  bool by_stage = false;
  /// Ids of the columns to use; none: all.
  std::optional<std::vector<std::string>> keep = {};
  double interval = 0.9;
  std::size_t draws = 1000;
  std::uint64_t seed = 0;
  Run run = {};
};

/// A moment or stage; all but n are missing where no voice is about it.
struct Driver {
  std::string id;
  std::optional<double> share = {}, low = {}, high = {};
  std::optional<int> sign = {};
  std::int64_t n = 0;  // voices with any weight there
};

struct Drivers {
  std::vector<Driver> rows;  // in the journey's order
  double r2 = 0;
  std::int64_t voices = 0;    // rows of the regression
  std::int64_t left_out = 0;  // voices without a score, or whose outcome cannot be known
};

namespace drivers_detail {

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// Ids of the columns, and the column of each moment (or none).
struct Columns {
  std::vector<std::string> ids;
  std::vector<std::size_t> of_moment;
};

inline Columns columns(const Journey& journey, const DriversOptions& options) {
  std::vector<std::string> all;
  if (options.by_stage)
    for (const Stage& stage : journey.stages()) all.push_back(stage.id);
  else
    for (const Moment& moment : journey.moments()) all.push_back(moment.id);
  Columns out;
  for (const std::string& id : options.keep.value_or(all))
    if (std::find(all.begin(), all.end(), id) == all.end()) refuse("keep", "'" + id + "'" + did_you_mean(id, all), "one of " + listed(all));
  for (const std::string& id : all)
    if (!options.keep || std::find(options.keep->begin(), options.keep->end(), id) != options.keep->end()) out.ids.push_back(id);
  for (const Moment& moment : journey.moments()) {
    const auto at = std::find(out.ids.begin(), out.ids.end(), options.by_stage ? moment.stage : moment.id);
    out.of_moment.push_back(at == out.ids.end() ? none : static_cast<std::size_t>(at - out.ids.begin()));
  }
  return out;
}

inline std::optional<double> score_of(const Feedback& feedback, std::size_t v) {
  return feedback.has_no_score(v) ? std::nullopt : std::optional{score_mark(feedback.scale, feedback.score[v])};
}

/// 1 or 0: whether the voice's customer reached the outcome within the span after it; none: it cannot be known.
inline std::optional<double> reached(const Feedback& feedback, std::size_t v, std::size_t outcome, const Duration& within) {
  if (feedback.is_other(v)) return std::nullopt;
  const Matches& matches = *feedback.matches;
  const std::uint32_t c = feedback.customer[v];
  const Observation observed = matches.log->observation(c);
  const std::int64_t time = feedback.time[v], until = micros(advance(timestamp(time), within, matches.log->zone()));
  const Ending ending = matches.ending(c);
  if (time < micros(observed.from) || time > micros(observed.to) || until > micros(matches.log->span().to)) return std::nullopt;
  if (ending.reached() && ending.time <= time) return std::nullopt;
  if (ending.reached() && ending.time <= until) return ending.outcome == static_cast<std::int32_t>(outcome) ? 1.0 : 0.0;
  return micros(observed.to) >= until ? std::optional{0.0} : std::nullopt;
}

inline std::size_t outcome_number(const Journey& journey, const std::string& id) {
  std::vector<std::string> ids{"score"};
  for (std::size_t o = 0; o < journey.outcomes().size(); ++o) {
    ids.push_back(journey.outcomes()[o].id);
    if (ids.back() == id) return o;
  }
  refuse("outcome", "'" + id + "'" + did_you_mean(id, ids), "one of " + listed(ids));
}

/// The place of the sum of x_i x_j, i ≥ j; x_0 is 1.
inline std::size_t product(std::size_t i, std::size_t j) { return i * (i + 1) / 2 + j; }

/// LMG from sums of products of 1, p columns and the outcome, whose values had `shift` subtracted.
inline Lmg lmg_of_products(std::span<const double> sums, std::size_t p, double shift) {
  const auto size = static_cast<Eigen::Index>(p + 1);
  const double weight = sums[0];
  Eigen::VectorXd mean(size);
  for (std::size_t i = 0; i <= p; ++i) mean(static_cast<Eigen::Index>(i)) = sums[product(i + 1, 0)] / weight;
  Eigen::MatrixXd covariance(size, size);
  for (Eigen::Index i = 0; i < size; ++i)
    for (Eigen::Index j = 0; j <= i; ++j)
      covariance(i, j) = sums[product(static_cast<std::size_t>(i) + 1, static_cast<std::size_t>(j) + 1)] / weight - mean(i) * mean(j);
  for (Eigen::Index i = 0; i + 1 < size; ++i)  // differences this small are rounding
    if (covariance(i, i) <= 1e-13 * mean(i) * mean(i)) covariance(i, i) = 0;
  mean(size - 1) += shift;
  return lmg(covariance, mean);
}

}  // namespace drivers_detail

/// @throws InvalidInput for feedback without scores, an unknown outcome or id to keep, more than 20 columns with a voice, or none, an outcome
/// without variation, a confidence outside (0, 1), no draws.
inline Drivers drivers(const Attribution& attribution, const DriversOptions& options = {}) {
  using namespace drivers_detail;
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  const Feedback& feedback = *attribution.feedback;
  const Matches& matches = *attribution.matches;
  if (options.outcome && options.within.is_zero()) refuse("within", "'" + options.within.text() + "'", "a span above zero, such as '90d'");
  const std::size_t outcome = options.outcome ? outcome_number(*matches.journey, *options.outcome) : none;
  const Columns wanted = columns(*matches.journey, options);

  std::vector<std::size_t> voices;
  std::vector<double> y;
  ExactSum sum;
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    const auto value = options.outcome ? reached(feedback, v, outcome, options.within) : score_of(feedback, v);
    if (!value) continue;
    voices.push_back(v);
    y.push_back(*value);
    sum.add(*value);
  }
  if (voices.empty())
    refuse("outcome", options.outcome ? "no voice followed by " + options.within.text() + " of observation" : std::string("no voice with a score"),
           options.outcome ? "a shorter span within=, or feedback from earlier" : "feedback with score=");
  const double shift = sum.value() / static_cast<double>(voices.size());

  Drivers out;
  for (const std::string& id : wanted.ids) out.rows.push_back({id});
  out.voices = static_cast<std::int64_t>(voices.size());
  out.left_out = static_cast<std::int64_t>(feedback.size()) - out.voices;
  // A voice's weights by column, dense; zeroed after use.
  std::vector<double> x(wanted.ids.size());
  std::vector<std::size_t> touched;
  const auto spread = [&](std::size_t v) {
    for (const std::size_t column : touched) x[column] = 0;
    touched.clear();
    for (const VoiceShare& share : attribution.of_voice(v)) {
      const std::size_t column = wanted.of_moment[matches.occurrences[share.occurrence].moment];
      if (column == none || !(share.weight > 0)) continue;
      if (x[column] == 0) touched.push_back(column);
      x[column] += share.weight;
    }
    std::sort(touched.begin(), touched.end());
  };
  for (const std::size_t v : voices) {
    spread(v);
    for (const std::size_t column : touched) ++out.rows[column].n;
  }
  std::vector<std::size_t> place(x.size(), none), used;
  for (std::size_t column = 0; column < x.size(); ++column)
    if (out.rows[column].n > 0) place[column] = used.size(), used.push_back(column);
  const std::string what = options.by_stage ? "stages" : "moments";
  if (used.empty()) refuse(what, "none with a voice", "at least one");
  if (used.size() > most_predictors)
    refuse(what, std::to_string(used.size()) + " with a voice",
           "at most " + std::to_string(most_predictors) + ": choose some by keep=[…]" + (options.by_stage ? "" : ", or by=\"stage\""));

  const std::size_t p = used.size();
  const std::vector<std::uint64_t> customers = customer_keys(feedback);
  std::vector<std::uint64_t> keys;
  for (const std::size_t v : voices) keys.push_back(customers[v]);
  const UnitSums sums(product(p + 1, p + 1) + 1, keys, [&](std::size_t row, const auto& add) {
    spread(voices[row]);
    const double outcome_here = y[row] - shift;
    add(product(0, 0), 1.0);
    for (std::size_t i = 0; i < touched.size(); ++i) {
      const double weight = x[touched[i]];
      const std::size_t at = place[touched[i]] + 1;
      add(product(at, 0), weight);
      for (std::size_t j = 0; j <= i; ++j) add(product(at, place[touched[j]] + 1), weight * x[touched[j]]);
      add(product(p + 1, at), weight * outcome_here);
    }
    add(product(p + 1, 0), outcome_here);
    add(product(p + 1, p + 1), outcome_here * outcome_here);
  });

  const Lmg point = lmg_of_products(sums.plain(), p, shift);
  std::vector<double> drawn(p * options.draws);  // column after column
  sums.bootstrap(options.draws, options.seed, options.run, [&](std::size_t draw, std::span<const double> weighted) {
    const Lmg found = lmg_of_products(weighted, p, shift);
    for (std::size_t j = 0; j < p; ++j) drawn[j * options.draws + draw] = found.share[j];
  });
  out.r2 = point.r2;
  for (std::size_t j = 0; j < p; ++j) {
    Driver& row = out.rows[used[j]];
    const Interval interval = percentile_interval(std::span(drawn).subspan(j * options.draws, options.draws), options.interval);
    row.share = point.share[j];
    row.sign = point.sign[j];
    row.low = interval.low;
    row.high = interval.high;
  }
  return out;
}

}  // namespace sojourn
