// Scores reweighted from those who answered to all who met the moment, over response groups; and how far a score could be off that no group
// corrects: the unhappy answer more readily than the others of their group, or more rarely.
//
// Post-stratification (Holt & Smith 1979, JRSS A 142): ȳ = Σ π_g ȳ_g over the groups with a scored voice, π_g = M_g / Σ M over them, M_g the
// customers of the group who met the moment, ȳ_g the weighted mean mark of its voices. Who met it in a group that nobody spoke for is not spoken
// for by others: `uncovered` is their share of all who met it.
//
// n is the size of a plain sample with the same variance (linearised): with S² the spread of marks under π, n_g the sum of weights,
//   Var ȳ = Σ π_g² / n_g · (s_g² + S² min(1, 1/n_g)),    n = S² (1 + min(1, 1/Σn_g)) / Var ȳ
// The second term stands for the spread that a small group cannot show: a group of one shows none. One group gives n = n_g. Where S² = 0, Kish's
// 1/Σ(π_g²/n_g). The score's interval is that of its scale, for n.
//
// Bounds (a marginal sensitivity model: Tan 2006, JASA 101; Zhao, Small & Bhattacharya 2019, JRSS B 81; after Rosenbaum 2002, Observational
// Studies, ch. 4): in every group, customers who would have said the worst answered λ times as readily as the others. Their voices then stand for
// 1/λ as many; the score falls with that weight, so λ = 1/Λ and λ = Λ bound it. The worst: detractors, the unsatisfied, scores below the mean. Λ = 1
// bounds nothing; Λ → ∞ reaches Manski's (1989) bounds given who spoke: all like the worst, or none. Bounds are of the score, not of its interval.
// Cost: O(weights + occurrences · log sources + moments · groups).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/exposure.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// A group at a moment.
struct GroupVoices {
  std::int64_t customers = 0;  // distinct, with an occurrence that some source could hear of or that a scored voice is about
  ScoreSums scores;
};

/// The mean mark over all who met a moment, with the means of its voices as a plain sample of n would have them.
struct ReweightedScore {
  ScoreMeans means;
  double n;
  double uncovered;  // share of the customers in groups without a scored voice
};

/// Moment m's groups at [m · groups, (m + 1) · groups).
inline std::vector<GroupVoices> group_voices(const Attribution& attribution) {
  const Matches& matches = *attribution.matches;
  const Feedback& feedback = *attribution.feedback;
  const std::size_t groups = feedback.groups.names.size(), moments = matches.journey->moments().size();
  std::vector<GroupVoices> out(moments * groups);
  std::vector<bool> spoken_of(matches.occurrences.size());
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    if (feedback.has_no_score(v)) continue;
    for (const VoiceShare& share : attribution.of_voice(v)) {
      out[matches.occurrences[share.occurrence].moment * groups + feedback.groups.of(feedback.customer[v])].scores.add(
          score_mark(feedback.scale, feedback.score[v]), share.weight);
      if (share.weight > 0) spoken_of[share.occurrence] = true;
    }
  }
  const std::vector<ListeningWindow> heard = feedback.has_windows ? united(exposures(attribution)) : std::vector{ListeningWindow{}};
  std::vector<std::uint32_t> last(moments, UINT32_MAX);  // occurrences stand by customer: each counts once
  for (std::size_t i = 0; i < matches.occurrences.size(); ++i) {
    const Occurrence& o = matches.occurrences[i];
    if (last[o.moment] == o.customer) continue;
    const auto after = std::partition_point(heard.begin(), heard.end(), [&](const ListeningWindow& w) { return w.to < o.time; });
    if (!spoken_of[i] && (after == heard.end() || !after->holds(o.time))) continue;
    last[o.moment] = o.customer;
    ++out[o.moment * groups + feedback.groups.of(o.customer)].customers;
  }
  return out;
}

/// None where no voice has a score.
inline std::optional<ReweightedScore> reweight(std::span<const GroupVoices> groups) {
  double met = 0, covered = 0, spoken = 0;
  for (const GroupVoices& group : groups) {
    met += static_cast<double>(group.customers);
    if (!(group.scores.weight() > 0)) continue;
    covered += static_cast<double>(group.customers);
    spoken += group.scores.weight();
  }
  if (!(spoken > 0)) return std::nullopt;
  ScoreMeans means;
  for (const GroupVoices& group : groups) {
    if (!(group.scores.weight() > 0)) continue;
    const double part = static_cast<double>(group.customers) / covered;
    means.first += part * group.scores.mean();
    means.second += part * group.scores.mean_square();
  }
  const auto unseen = [](double n) { return std::min(1.0, 1 / n); };
  const double spread = std::max(0.0, means.second - means.first * means.first);
  double variance = 0, kish = 0;
  for (const GroupVoices& group : groups) {
    const double n = group.scores.weight();
    if (!(n > 0)) continue;
    const double part = static_cast<double>(group.customers) / covered, mean = group.scores.mean();
    variance += part * part / n * (std::max(0.0, group.scores.mean_square() - mean * mean) + spread * unseen(n));
    kish += part * part / n;
  }
  return ReweightedScore{means, spread > 0 ? spread * (1 + unseen(spoken)) / variance : 1 / kish, 1 - covered / met};
}

/// How far unequal answering within groups could move the scores; a range a moment, none where no voice has a score.
/// @param groups as group_voices gives them. @throws InvalidInput for a selection that is not a finite number of 1 or more.
inline std::vector<std::optional<Interval>> selection_bounds(const Attribution& attribution, std::span<const GroupVoices> groups, double selection) {
  if (!(selection >= 1 && std::isfinite(selection)))
    refuse("selection", std::to_string(selection), "a finite number of 1 or more: how many times as readily some may answer");
  const Matches& matches = *attribution.matches;
  const Feedback& feedback = *attribution.feedback;
  const std::size_t a_moment = feedback.groups.names.size(), moments = groups.size() / a_moment;
  std::vector<std::optional<ReweightedScore>> found;
  for (std::size_t m = 0; m < moments; ++m) found.push_back(reweight(groups.subspan(m * a_moment, a_moment)));
  const auto is_worst = [&](std::size_t m, double mark) {
    switch (feedback.scale) {
      case ScoreScale::nps: return mark < 0;
      case ScoreScale::csat: return mark < 1;
      default: return mark < found[m]->means.mean();
    }
  };
  std::vector<ScoreSums> worst(groups.size());
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    if (feedback.has_no_score(v)) continue;
    const double mark = score_mark(feedback.scale, feedback.score[v]);
    for (const VoiceShare& share : attribution.of_voice(v)) {
      const std::size_t m = matches.occurrences[share.occurrence].moment;
      if (found[m] && is_worst(m, mark)) worst[m * a_moment + feedback.groups.of(feedback.customer[v])].add(mark, share.weight);
    }
  }
  std::vector<std::optional<Interval>> out(moments);
  for (std::size_t m = 0; m < moments; ++m) {
    if (!found[m]) continue;
    // The mean mark when a voice of the worst stands for `times` as many as one of the others.
    const auto mean_if = [&](double times) {
      double sum = 0, customers = 0;
      for (std::size_t i = m * a_moment; i < (m + 1) * a_moment; ++i) {
        const double all = groups[i].scores.weight(), bad = worst[i].weight();
        if (!(all > 0)) continue;
        const double bad_sum = bad > 0 ? bad * worst[i].mean() : 0, weight = all + (times - 1) * bad;
        sum += static_cast<double>(groups[i].customers) * (all * groups[i].scores.mean() + (times - 1) * bad_sum) / weight;
        customers += static_cast<double>(groups[i].customers);
      }
      return sum / customers;
    };
    const auto shown = [&](double mean) { return feedback.scale == ScoreScale::nps ? 100 * found[m]->n * mean / (found[m]->n + 3) : mean; };
    out[m] = Interval{shown(mean_if(selection)), shown(mean_if(1 / selection))};
  }
  return out;
}

}  // namespace sojourn
