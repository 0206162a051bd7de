// The fewest customers' moves that part one vertex from another: where a journey could be intercepted most cheaply.
//
// Minimum cut with capacity = customers of the edge, by maximum flow (Goldberg & Tarjan 1988, J. ACM 35: push-relabel, as Boost.Graph has it:
// O(vertices³)). Of the minimum cuts the one nearest the source: its side is what can still be reached when the flow is at its most.
// Moves from a node to itself have no part. A customer who goes over two edges of the cut is in both: the total is an upper bound of
// distinct customers.
#pragma once

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"

namespace sojourn {

struct CutEdge {
  std::size_t source = 0, target = 0;
  std::int64_t customers = 0;
};

struct MinCut {
  std::vector<CutEdge> edges;  // by source, then target; none where no way leads from one to the other
  std::int64_t total = 0;
};

namespace min_cut_detail {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;
using FlowGraph = boost::adjacency_list<
    boost::vecS, boost::vecS, boost::directedS, boost::no_property,
    boost::property<boost::edge_capacity_t, std::int64_t,
                    boost::property<boost::edge_residual_capacity_t, std::int64_t, boost::property<boost::edge_reverse_t, Traits::edge_descriptor>>>>;

inline FlowGraph flow_graph(const JourneyGraph::Structure& structure) {
  FlowGraph flow(boost::num_vertices(structure));
  for (auto [e, end] = boost::edges(structure); e != end; ++e) {
    const std::size_t source = boost::source(*e, structure), target = boost::target(*e, structure);
    if (source == target) continue;
    const auto forth = boost::add_edge(source, target, flow).first, back = boost::add_edge(target, source, flow).first;
    boost::put(boost::edge_capacity, flow, forth, structure[*e].customers);
    boost::put(boost::edge_capacity, flow, back, 0);
    boost::put(boost::edge_reverse, flow, forth, back);
    boost::put(boost::edge_reverse, flow, back, forth);
  }
  return flow;
}

/// What can be reached from `source` over edges with room left.
inline std::vector<bool> source_side(const FlowGraph& flow, std::size_t source) {
  std::vector<bool> reached(boost::num_vertices(flow));
  std::vector<std::size_t> front{source};
  reached[source] = true;
  while (!front.empty()) {
    const std::size_t v = front.back();
    front.pop_back();
    for (auto [e, end] = boost::out_edges(v, flow); e != end; ++e) {
      const std::size_t target = boost::target(*e, flow);
      if (reached[target] || boost::get(boost::edge_residual_capacity, flow, *e) <= 0) continue;
      reached[target] = true;
      front.push_back(target);
    }
  }
  return reached;
}

}  // namespace min_cut_detail

/// @param from START or a node. @param to a node, an outcome or observed.
/// @throws InvalidInput for an unknown vertex, or one given twice.
inline MinCut min_cut(const JourneyGraph& graph, std::string_view from, std::string_view to) {
  const VertexNumbers numbers = graph.numbers();
  const std::size_t source = named_vertex(graph, from, "source", 0, numbers.outcome(0)), sink = named_vertex(graph, to, "target", 1, numbers.size());
  if (source == sink) refuse("target", "'" + std::string(to) + "', which the cut starts from", "another node, an outcome or observed");
  const auto& structure = graph.structure();
  min_cut_detail::FlowGraph flow = min_cut_detail::flow_graph(structure);
  boost::push_relabel_max_flow(flow, source, sink);
  const std::vector<bool> side = min_cut_detail::source_side(flow, source);
  MinCut cut;
  for (auto [e, end] = boost::edges(structure); e != end; ++e) {
    const std::size_t a = boost::source(*e, structure), b = boost::target(*e, structure);
    if (!side[a] || side[b]) continue;
    cut.edges.push_back({a, b, structure[*e].customers});
    cut.total += structure[*e].customers;
  }
  return cut;
}

}  // namespace sojourn
