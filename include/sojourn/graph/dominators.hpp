// The nodes that every way through the graph from START to an outcome passes, in the order they come.
//
// Lengauer & Tarjan 1979 (ACM TOPLAS 1), as Boost.Graph has it: O(edges · log vertices). It speaks of ways that the observed moves would allow,
// whether or not a customer took one whole: customers may all have passed a node that dominates nothing (some came A, M, others M, A: the
// graph allows A alone). For what customers did see must_pass.hpp.
#pragma once

#include <algorithm>
#include <boost/graph/dominator_tree.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"

namespace sojourn {

/// Vertices from START to the outcome, both left out; none when nobody reached it.
/// @throws InvalidInput for an unknown outcome.
inline std::vector<std::size_t> dominators(const JourneyGraph& graph, std::string_view outcome_id) {
  const std::size_t outcome = outcome_vertex(graph, outcome_id), start = graph.numbers().start();
  const auto& structure = graph.structure();
  constexpr std::size_t none = SIZE_MAX;
  std::vector<std::size_t> above(graph.numbers().size(), none);
  boost::lengauer_tarjan_dominator_tree(structure, start,
                                        boost::make_iterator_property_map(above.begin(), boost::get(boost::vertex_index, structure)));
  std::vector<std::size_t> out;
  for (std::size_t v = above[outcome]; v != none && v != start; v = above[v]) out.push_back(v);
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace sojourn
