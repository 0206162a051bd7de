// The table of Attribution.moments: raw scores, and beside them what response groups and unequal answering make of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "matches.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/moment_voices.hpp"
#include "sojourn/listening/reweighting.hpp"
#include "sojourn/stats/scores.hpp"
#include "tables.hpp"

namespace sojourn::python {

/// The score of some voices; none where no voice has one.
inline std::optional<ScoreEstimate> estimate(const Attribution& attribution, const ScoreSums& sums, double interval) {
  if (!(sums.weight() > 0)) return std::nullopt;
  return score(attribution.feedback->scale, sums, sums.weight(), interval);
}

/// One row a moment, as Attribution.moments says.
inline ResultTable moments_table(const Attribution& attribution, double interval, double selection) {
  const py::gil_scoped_release release;
  check_confidence(interval);
  StringsBuilder moment, stage, inseparable;
  Reals voices;
  OptionalReals heard_share, score, low, high, score_reweighted, low_reweighted, high_reweighted, uncovered, bound_low, bound_high, delay;
  const auto rows = summarise_voices(attribution);
  const ResponseGroups& kinds = attribution.feedback->groups;
  const auto groups = group_voices(attribution);
  const auto bounds = selection_bounds(attribution, groups, selection);
  for (std::size_t m = 0; m < rows.size(); ++m) {
    const MomentVoices& row = rows[m];
    const double spoken = row.voices.value();
    const auto found = estimate(attribution, row.scores, interval);
    const bool bounded = found && found->interval;
    moment.add(attribution.matches->journey->moments()[m].id);
    stage.add(attribution.matches->journey->moments()[m].stage);
    voices.values.push_back(spoken);
    heard_share.add(row.could == 0 ? std::nullopt : std::optional{spoken / static_cast<double>(row.could)});
    score.add(found ? std::optional{found->score} : std::nullopt);
    low.add(bounded ? std::optional{found->interval->low} : std::nullopt);
    high.add(bounded ? std::optional{found->interval->high} : std::nullopt);
    const auto all = kinds.given() ? reweight(std::span(groups).subspan(m * kinds.names.size(), kinds.names.size())) : std::nullopt;
    const auto whole = all ? std::optional{sojourn::score(attribution.feedback->scale, all->means, all->n, interval)} : std::nullopt;
    const bool whole_bounded = whole && whole->interval;
    score_reweighted.add(whole ? std::optional{whole->score} : std::nullopt);
    low_reweighted.add(whole_bounded ? std::optional{whole->interval->low} : std::nullopt);
    high_reweighted.add(whole_bounded ? std::optional{whole->interval->high} : std::nullopt);
    uncovered.add(all ? std::optional{all->uncovered} : std::nullopt);
    bound_low.add(bounds[m] ? std::optional{bounds[m]->low} : std::nullopt);
    bound_high.add(bounds[m] ? std::optional{bounds[m]->high} : std::nullopt);
    delay.add(row.delay());
    inseparable.add("");
  }
  Table table;
  table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back({"stage", std::move(stage).finish()});
  table.columns.push_back({"voices", std::move(voices)});
  table.columns.push_back(std::move(heard_share).column("heard_share"));
  table.columns.push_back(std::move(score).column("score"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back(std::move(score_reweighted).column("score_reweighted"));
  table.columns.push_back(std::move(low_reweighted).column("low_reweighted"));
  table.columns.push_back(std::move(high_reweighted).column("high_reweighted"));
  table.columns.push_back(std::move(uncovered).column("uncovered"));
  table.columns.push_back(std::move(bound_low).column("bound_low"));
  table.columns.push_back(std::move(bound_high).column("bound_high"));
  table.columns.push_back(std::move(delay).column("delay"));
  table.columns.push_back({"inseparable_from", std::move(inseparable).finish(), std::vector<std::uint8_t>(rows.size(), 1)});
  return result(std::move(table));
}

}  // namespace sojourn::python
