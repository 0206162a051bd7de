// What an outcome's customers passed on their way: the share of them who visited each node, counted from the customers themselves.
//
// A removal effect estimates the same share from a chain of order one; here no chain is assumed. A share of 1 says that all passed the node,
// by any order of moves; that no other way exists in the graph is another matter (dominators.hpp). Intervals: Jeffreys' for a
// proportion. One pass over the steps: O(steps).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"
#include "sojourn/stats/interval.hpp"

namespace sojourn {

/// Of the customers who reached an outcome (`of`), those who visited a node. Share and interval are missing when none reached it.
struct Passed {
  std::size_t vertex = 0;
  std::int64_t customers = 0, of = 0;
  std::optional<double> share = {}, low = {}, high = {};
};

/// One row a node, most customers first, then in lane order.
/// @throws InvalidInput for an unknown outcome, or a confidence outside (0, 1).
inline std::vector<Passed> must_pass(const JourneyGraph& graph, std::string_view outcome_id, double interval = 0.9) {
  check_confidence(interval);
  const std::size_t outcome = outcome_vertex(graph, outcome_id);
  const Paths& paths = graph.paths();
  std::vector<Passed> rows;
  for (std::size_t i = 0; i < paths.nodes.size(); ++i) rows.push_back({graph.numbers().node(i), 0, graph.vertex(outcome).customers});
  std::vector<std::size_t> last(paths.nodes.size(), SIZE_MAX);
  for (std::size_t c = 0; c < paths.ending.size(); ++c) {
    if (graph.numbers().ending(paths.ending[c]) != outcome) continue;
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      const std::uint32_t node = paths.steps[i].node;
      if (std::exchange(last[node], c) != c) ++rows[node].customers;
    }
  }
  for (Passed& row : rows) {
    if (row.of == 0) continue;
    const Interval found = jeffreys_interval(row.customers, row.of, interval);
    row.share = static_cast<double>(row.customers) / static_cast<double>(row.of);
    row.low = found.low;
    row.high = found.high;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Passed& a, const Passed& b) { return a.customers > b.customers; });
  return rows;
}

}  // namespace sojourn
