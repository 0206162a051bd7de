// Two moments (or stages, topics, sources) side by side: the difference of their mean answers, and the ratio of the spreads. Two that have the same
// mean differ still where one is the same for everyone and the other good for some and bad for others.
// Each interval holds by itself with its confidence; both come from the same draws (score_spread.hpp). Cost: as there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/listening/score_cells.hpp"
#include "sojourn/listening/score_spread.hpp"
#include "sojourn/stats/interval.hpp"

namespace sojourn {

struct ScoreComparison {
  double mean_a, mean_b;
  Interval difference;  // of mean_b − mean_a
  double spread_a, spread_b;
  std::optional<Interval> ratio;  // of spread_b / spread_a; none where the answers of a do not differ
};

/// @throws InvalidInput for a key that is not there, the same one twice, one where fewer than two customers scored or n ≤ 1.
inline ScoreComparison compare_scores(const Attribution& attribution, const ScoreCellsOptions& what, const std::string& a, const std::string& b,
                                      double confidence, const SpreadOptions& options) {
  check_confidence(confidence);
  const ScoreCells cells = score_cells(attribution, what);
  std::vector<std::string> names;
  for (const auto& key : cells.keys)
    if (key) names.push_back(*key);
  const auto find = [&](const std::string& key, const char* place) {
    const auto at = std::find(names.begin(), names.end(), key);  // the one without a name is last
    if (at == names.end()) refuse(place, "'" + key + "'" + did_you_mean(key, names), "one of " + listed(names));
    return static_cast<std::size_t>(at - names.begin());
  };
  const std::vector<std::size_t> asked = {find(a, "a"), find(b, "b")};
  if (a == b) refuse("b", "'" + b + "', as a", "another");
  const auto found = bootstrap_cells(*attribution.feedback, cells, asked, options);
  for (std::size_t i = 0; i < 2; ++i)
    if (found[i].customers < 2 || !found[i].spread)
      refuse(i == 0 ? "a" : "b", "'" + (i == 0 ? a : b) + "', scored by " + std::to_string(found[i].customers) + " customers", "two at least");
  std::vector<double> difference, ratio;
  for (std::size_t d = 0; d < options.draws; ++d) {
    difference.push_back(found[1].means[d] - found[0].means[d]);
    ratio.push_back(found[1].spreads[d] / found[0].spreads[d]);
  }
  ScoreComparison out{found[0].mean, found[1].mean, percentile_interval(difference, confidence), *found[0].spread, *found[1].spread, std::nullopt};
  if (out.spread_a > 0) out.ratio = percentile_interval(ratio, confidence);
  return out;
}

}  // namespace sojourn
