// Distinct customers of several nodes together: customers of single nodes do not add up, since most visit more than one.
//
// One pass over the steps, O(steps). For a single node the graph's vertices already have the figure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sojourn/graph/paths.hpp"

namespace sojourn {

/// How many customers visited at least one of some nodes (their numbers in the paths).
inline std::int64_t visitors(const Paths& paths, std::span<const std::uint32_t> nodes) {
  std::vector<std::uint8_t> wanted(paths.nodes.size());
  for (const std::uint32_t node : nodes) wanted.at(node) = 1;
  std::int64_t customers = 0;
  for (std::size_t c = 0; c < paths.ending.size(); ++c) {
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      if (wanted[paths.steps[i].node] == 0) continue;
      ++customers;
      break;
    }
  }
  return customers;
}

}  // namespace sojourn
