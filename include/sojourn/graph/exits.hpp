// How walks end: the last two nodes before each outcome. Where everyone leaves after the same moment (a long silence), the one before it is
// what tells customers apart. A chain of order one cannot say this; it is counted from the walks.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "sojourn/graph/paths.hpp"

namespace sojourn {

struct Exit {
  static constexpr std::int64_t start = -1;

  std::int64_t previous = start;  // node before the last, or `start`: the last was the first
  std::uint32_t node = 0;         // last node before the outcome
  std::int32_t outcome = 0;
  std::int64_t customers = 0;
};

/// One row a (previous, node, outcome) that occurs, most customers first. Customers who reach an outcome without any step are not among them
/// (the graph has them as an edge from START). O(customers · log rows).
inline std::vector<Exit> exits(const Paths& paths) {
  std::map<std::tuple<std::int64_t, std::uint32_t, std::int32_t>, std::int64_t> counted;
  for (std::size_t c = 0; c + 1 < paths.offsets.size(); ++c) {
    const std::size_t begin = paths.offsets[c], end = paths.offsets[c + 1];
    if (paths.ending[c] < 0 || begin == end) continue;
    const std::int64_t previous = end - begin > 1 ? std::int64_t{paths.steps[end - 2].node} : Exit::start;
    ++counted[{previous, paths.steps[end - 1].node, paths.ending[c]}];
  }
  std::vector<Exit> out;
  for (const auto& [key, customers] : counted) out.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), customers});
  std::stable_sort(out.begin(), out.end(), [](const Exit& a, const Exit& b) { return a.customers > b.customers; });
  return out;
}

}  // namespace sojourn
