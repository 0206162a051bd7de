// How far a node reaches: who visits it, how their walks end, and how early on the way it first comes. Counted from the walks of whole
// customers; the chain's answer, visit by visit, is absorption.
//
// O(steps + nodes²).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sojourn/graph/paths.hpp"

namespace sojourn {

struct NodeReach {
  std::int64_t visits = 0, customers = 0;
  std::vector<std::int64_t> ended = {};  // of its customers, those whose walk ended in each outcome
  double order = 0;                      // median, over its customers, of how many other nodes they had visited before it; 0 without customers
};

/// One row a node.
inline std::vector<NodeReach> reach(const Paths& paths) {
  const std::size_t nodes = paths.nodes.size();
  std::vector<NodeReach> out(nodes, {0, 0, std::vector<std::int64_t>(paths.outcomes.size())});
  std::vector<std::int64_t> at(nodes * nodes);  // customers who came to a node as their k-th new one
  std::vector<std::size_t> last(nodes, SIZE_MAX);
  for (std::size_t c = 0; c + 1 < paths.offsets.size(); ++c) {
    std::size_t seen = 0;
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      const std::uint32_t node = paths.steps[i].node;
      ++out[node].visits;
      if (last[node] == c) continue;
      last[node] = c;
      ++out[node].customers;
      ++at[node * nodes + seen++];
      if (paths.ending[c] >= 0) ++out[node].ended[static_cast<std::size_t>(paths.ending[c])];
    }
  }
  for (std::size_t n = 0; n < nodes; ++n) {
    const auto order_of = [&](std::int64_t rank) {  // of the rank-th customer, from 0
      std::int64_t before = 0;
      for (std::size_t k = 0; k < nodes; ++k)
        if ((before += at[n * nodes + k]) > rank) return static_cast<double>(k);
      return 0.0;
    };
    const std::int64_t m = out[n].customers;
    if (m > 0) out[n].order = (order_of((m - 1) / 2) + order_of(m / 2)) / 2;
  }
  return out;
}

}  // namespace sojourn
