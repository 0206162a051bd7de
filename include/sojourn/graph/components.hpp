// Strongly connected components of the nodes: sets within which customers come back to where they were. Loops in a journey lie inside them.
//
// Tarjan 1972 (SIAM J. Comput. 1), as Boost.Graph has it: O(vertices + edges). START, outcomes and observed are left out: nothing leads
// into the first and nothing out of the others. Components are numbered from 0 in lane order of their first node.
#pragma once

#include <boost/graph/strong_components.hpp>
#include <cstddef>
#include <vector>

#include "sojourn/graph/journey_graph.hpp"

namespace sojourn {

/// A node's component; the node's number is a vertex of the graph.
struct ComponentRow {
  std::size_t vertex = 0, component = 0, size = 0;

  friend bool operator==(const ComponentRow&, const ComponentRow&) = default;
};

/// One row a node, in lane order. A node that nobody visited is a component of its own.
inline std::vector<ComponentRow> components(const JourneyGraph& graph) {
  const auto& structure = graph.structure();
  std::vector<std::size_t> label(boost::num_vertices(structure));
  const std::size_t labels =
      boost::strong_components(structure, boost::make_iterator_property_map(label.begin(), boost::get(boost::vertex_index, structure)));
  std::vector<std::size_t> number(labels, SIZE_MAX), size;
  std::vector<ComponentRow> rows;
  for (std::size_t i = 0; i < graph.paths().nodes.size(); ++i) {
    const std::size_t vertex = graph.numbers().node(i);
    std::size_t& component = number[label[vertex]];
    if (component == SIZE_MAX) {
      component = size.size();
      size.push_back(0);
    }
    ++size[component];
    rows.push_back({vertex, component, 0});
  }
  for (ComponentRow& row : rows) row.size = size[row.component];
  return rows;
}

}  // namespace sojourn
