// Moves between moments of different owners: where a customer is handed from one silo to the next, and promises get lost.
//
// Counted from the walks, since customers of single moves do not add up. Equal, pair by pair, to the moves between different nodes of the
// graph by owner. O(steps · log pairs).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

struct HandOff {
  std::string source, target;  // owners
  std::int64_t count = 0;
  std::int64_t customers = 0;  // distinct
};

/// One row a pair of owners that occurs, most frequent first, then by owner. @throws InvalidInput when no node has an owner.
inline std::vector<HandOff> hand_offs(const Paths& paths) {
  if (std::all_of(paths.nodes.begin(), paths.nodes.end(), [](const PathNode& node) { return node.owner.empty(); }))
    refuse("hand_offs", "a graph whose nodes have no owners", "matches.graph(by=\"moment\")");
  struct Tally {
    std::int64_t count = 0, customers = 0;
    std::size_t last = SIZE_MAX;
  };
  std::map<std::pair<std::string, std::string>, Tally> pairs;
  for (std::size_t c = 0; c + 1 < paths.offsets.size(); ++c) {
    for (std::size_t i = paths.offsets[c] + 1; i < paths.offsets[c + 1]; ++i) {
      const std::string &source = paths.nodes[paths.steps[i - 1].node].owner, &target = paths.nodes[paths.steps[i].node].owner;
      if (source == target) continue;
      Tally& pair = pairs[{source, target}];
      ++pair.count;
      pair.customers += std::exchange(pair.last, c) != c;
    }
  }
  std::vector<HandOff> out;
  for (const auto& [owners, counted] : pairs) out.push_back({owners.first, owners.second, counted.count, counted.customers});
  std::stable_sort(out.begin(), out.end(), [](const HandOff& a, const HandOff& b) { return a.count > b.count; });
  return out;
}

}  // namespace sojourn
