// Why a score moved: who answered, and what they said.
//
// A score is M = Σ_g s_g m_g over groups g of answers: shares s and mean marks m (stats/scores.hpp). From before (0) to after (1)
//   who_g  = (s1 − s0) · ((m0 + m1)/2 − (M0 + M1)/2)      there are more, or fewer, of them
//   said_g = (m1 − m0) · (s0 + s1)/2                      they say something else
// Σ who + Σ said = M1 − M0, without a remainder: Kitagawa 1955 (J. Am. Statist. Assoc. 50) and, for groups as regressors, Oaxaca and Blinder 1973,
// at the midpoint, so that exchanging before and after changes the signs alone. Subtracting the middle score changes no sum, as the shares sum to 1;
// it makes a group that grows count for what it differs from the others. A group that answered on one side only is compared with itself: all of it is
// who, none said (m of the other side := its own m).
//
// Intervals: Bayesian bootstrap over units (customers). A unit of both sides has one weight. Cost: draws · (answers + groups).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/unit_sums.hpp"

namespace sojourn {

/// An answer, or a part of one.
struct GroupedAnswer {
  std::uint32_t group = 0;
  bool after = false;
  double mark = 0;
  double weight = 1;      // of about 1, and above 0
  double n = 1;           // what it adds to the number of answers
  std::uint64_t key = 0;  // of its unit
};

struct GroupChange {
  double n_before = 0, n_after = 0;
  double share_before = 0, share_after = 0;
  std::optional<double> score_before = {}, score_after = {};  // none: nobody answered
  double who = 0, said = 0;

  [[nodiscard]] bool entered() const { return !score_before && score_after; }
  [[nodiscard]] bool left() const { return score_before && !score_after; }
};

/// A figure and its interval.
struct ChangePart {
  double value = 0;
  Interval interval = {};
};

/// change = who + said; entered and left are parts of who.
struct ScoreChange {
  std::vector<GroupChange> groups;
  ChangePart before, after, change, who, said, entered, left;
};

struct ScoreChangeOptions {
  double interval = 0.9;
  std::size_t draws = 1000;
  std::uint64_t seed = 0;
  Run run = {};
};

namespace score_change_detail {

constexpr std::size_t parts = 7;

/// Places of the sums of weights and of weighted marks.
inline std::size_t weight_of(std::size_t group, bool after) { return 4 * group + (after ? 2 : 0); }
inline std::size_t mark_of(std::size_t group, bool after) { return weight_of(group, after) + 1; }

/// The decomposition of one set of sums into groups, whose n stay; returns before, after, change, who, said, entered, left.
inline std::array<double, parts> decompose(std::span<const double> sums, std::span<GroupChange> groups) {
  std::array<double, 2> weight{}, score{};
  for (const int side : {0, 1})
    for (std::size_t g = 0; g < groups.size(); ++g) {
      weight[static_cast<std::size_t>(side)] += sums[weight_of(g, side == 1)];
      score[static_cast<std::size_t>(side)] += sums[mark_of(g, side == 1)];
    }
  for (std::size_t side = 0; side < 2; ++side) score[side] /= weight[side];
  const double middle = (score[0] + score[1]) / 2;
  double who = 0, said = 0, entered = 0, left = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    GroupChange& row = groups[g];
    const auto mean = [&](bool after) -> std::optional<double> {
      const double w = sums[weight_of(g, after)];
      return w > 0 ? std::optional{sums[mark_of(g, after)] / w} : std::nullopt;
    };
    row.share_before = sums[weight_of(g, false)] / weight[0];
    row.share_after = sums[weight_of(g, true)] / weight[1];
    row.score_before = mean(false);
    row.score_after = mean(true);
    if (!row.score_before && !row.score_after) continue;  // weights too small to count
    const double m0 = row.entered() ? *row.score_after : *row.score_before, m1 = row.left() ? m0 : *row.score_after;
    row.who = (row.share_after - row.share_before) * ((m0 + m1) / 2 - middle);
    row.said = (m1 - m0) * (row.share_before + row.share_after) / 2;
    who += row.who;
    said += row.said;
    if (row.entered()) entered += row.who;
    if (row.left()) left += row.who;
  }
  return {score[0], score[1], score[1] - score[0], who, said, entered, left};
}

}  // namespace score_change_detail

/// @param groups how many there are; each has an answer. @param unit what scores are multiplied by: 100 for NPS in points.
/// @throws InvalidInput when a side has no answer, for a confidence outside (0, 1) or no draws.
inline ScoreChange score_change(std::span<const GroupedAnswer> answers, std::size_t groups, double unit, const ScoreChangeOptions& options = {}) {
  using namespace score_change_detail;
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  for (const bool after : {false, true})
    if (std::none_of(answers.begin(), answers.end(), [&](const GroupedAnswer& a) { return a.after == after; }))
      refuse(after ? "after" : "before", "no answer with a score", "at least one");
  std::vector<std::uint64_t> keys;
  for (const GroupedAnswer& a : answers) keys.push_back(a.key);
  const UnitSums sums(4 * groups, keys, [&](std::size_t i, const auto& add) {
    add(weight_of(answers[i].group, answers[i].after), answers[i].weight);
    add(mark_of(answers[i].group, answers[i].after), answers[i].weight * answers[i].mark);
  });
  ScoreChange out;
  out.groups.resize(groups);
  std::vector<ExactSum> n(2 * groups);
  for (const GroupedAnswer& a : answers) n[2 * a.group + (a.after ? 1 : 0)].add(a.n);
  for (std::size_t g = 0; g < groups; ++g) out.groups[g].n_before = n[2 * g].value(), out.groups[g].n_after = n[2 * g + 1].value();
  const std::array<double, parts> point = decompose(sums.plain(), out.groups);
  for (GroupChange& row : out.groups) {
    for (auto* score : {&row.score_before, &row.score_after})
      if (*score) **score *= unit;
    row.who *= unit;
    row.said *= unit;
  }
  std::vector<double> drawn(parts * options.draws);  // part after part
  sums.bootstrap(options.draws, options.seed, options.run, [&](std::size_t draw, std::span<const double> weighted) {
    std::vector<GroupChange> again(groups);
    const std::array<double, parts> found = decompose(weighted, again);
    for (std::size_t part = 0; part < parts; ++part) drawn[part * options.draws + draw] = unit * found[part];
  });
  std::size_t part = 0;
  for (ChangePart* figure : {&out.before, &out.after, &out.change, &out.who, &out.said, &out.entered, &out.left}) {
    figure->value = unit * point[part];
    figure->interval = percentile_interval(std::span(drawn).subspan(part * options.draws, options.draws), options.interval);
    ++part;
  }
  return out;
}

}  // namespace sojourn
