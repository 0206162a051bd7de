// Loops: where customers come back to where they were, and by what round.
//
// Each walk is taken apart by erasing its loops as they close (Lawler 1980, Duke Math. J. 47): whenever it comes back to a node that is still
// on its trail, the stretch since then is one round, and goes. Every move thus belongs to exactly one round or to the loopless trail that is
// left. A graph's simple cycles can be exponentially many, and most of them nobody went; these are the rounds that were gone, at most
// one a step. A node that follows itself (a round of one move) is an edge, and no row here.
//
// O(steps · log loops) time; memory for the distinct loops. For sets of nodes that hang together see components.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "sojourn/core/time.hpp"
#include "sojourn/graph/journey_graph.hpp"

namespace sojourn {

/// A round over two nodes or more.
struct Loop {
  std::vector<std::size_t> vertices;  // in the order gone, the first one in lane order first; the last leads back to it
  std::int64_t count = 0;             // times gone round
  std::int64_t customers = 0;         // distinct
  double mean_time = 0;               // seconds until back, smaller rounds within included
};

/// Most customers first, then most rounds, then in lane order.
inline std::vector<Loop> loops(const JourneyGraph& graph) {
  struct Found {
    std::int64_t count = 0, customers = 0;
    Int128 time = 0;
    std::size_t last = SIZE_MAX;
  };
  const Paths& paths = graph.paths();
  std::map<std::vector<std::size_t>, Found> found;
  constexpr std::size_t away = SIZE_MAX;
  std::vector<std::size_t> place(paths.nodes.size(), away);  // on the trail
  std::vector<const PathStep*> trail;
  for (std::size_t c = 0; c < paths.ending.size(); ++c) {
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      const PathStep& step = paths.steps[i];
      if (const std::size_t back = place[step.node]; back != away) {
        if (trail.size() - back > 1) {
          std::vector<std::size_t> round;
          for (std::size_t at = back; at < trail.size(); ++at) round.push_back(graph.numbers().node(trail[at]->node));
          std::rotate(round.begin(), std::min_element(round.begin(), round.end()), round.end());
          Found& loop = found[std::move(round)];
          ++loop.count;
          loop.time += step.time - trail[back]->time;
          if (std::exchange(loop.last, c) != c) ++loop.customers;
        }
        for (std::size_t at = back; at < trail.size(); ++at) place[trail[at]->node] = away;
        trail.resize(back);
      }
      place[step.node] = trail.size();
      trail.push_back(&step);
    }
    for (const PathStep* step : trail) place[step->node] = away;
    trail.clear();
  }
  std::vector<Loop> out;
  for (const auto& [round, loop] : found)
    out.push_back({round, loop.count, loop.customers, journey_graph_detail::mean_seconds(loop.time, loop.count)});
  std::stable_sort(out.begin(), out.end(),
                   [](const Loop& a, const Loop& b) { return std::pair{a.customers, a.count} > std::pair{b.customers, b.count}; });
  return out;
}

}  // namespace sojourn
