// Vertices by the ids that users know them by.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/journey_graph.hpp"

namespace sojourn {

/// The vertex of that id among [first, last). @throws InvalidInput when there is none; `what` is what messages call the argument.
inline std::size_t named_vertex(const JourneyGraph& graph, std::string_view id, const char* what, std::size_t first, std::size_t last) {
  std::vector<std::string> known;
  for (std::size_t v = first; v < last; ++v) {
    if (graph.vertex(v).id == id) return v;
    known.push_back(graph.vertex(v).id);
  }
  const std::string name(id);
  refuse(what, "'" + name + "'" + did_you_mean(name, known), "one of " + listed(known));
}

/// The vertex of an outcome.
inline std::size_t outcome_vertex(const JourneyGraph& graph, std::string_view id) {
  return named_vertex(graph, id, "outcome", graph.numbers().outcome(0), graph.numbers().observed());
}

}  // namespace sojourn
