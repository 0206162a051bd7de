// The k most probable ways from START to a vertex that visit nothing twice, and how many customers went each exactly.
//
// Yen 1971 (Management Sci. 17), each deviation where the last path left its own (Lawler 1972, Management Sci. 18), over Boost.Graph's Dijkstra
// with lengths −log p: O(k · vertices · (edges + vertices · log vertices)). The chain's probability of a path is the product of its moves'
// shares: what would be seen if each move depended on the last node alone. Customers who went exactly so stand beside it: where the two differ,
// customers remember where they came from. Walks with a loop are on no such path (loops.hpp).
#pragma once

#include <algorithm>
#include <boost/graph/dijkstra_shortest_paths.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"

namespace sojourn {

struct LikelyPath {
  std::vector<std::size_t> vertices;  // START first
  double probability = 0;             // of the chain
  std::int64_t customers = 0;         // whose walk, up to its first visit of the last vertex, is this path
};

inline constexpr std::size_t most_paths = 1000;

namespace likely_paths_detail {

using Path = std::vector<std::size_t>;

/// Shortest ways through what is left of a graph when some vertices, and some edges from one vertex, are closed.
class Shortest {
 public:
  Shortest(const JourneyGraph::Structure& graph, std::size_t target) : graph_(graph), target_(target), closed_(boost::num_vertices(graph)) {}

  /// Appends to `root` the shortest way from its last vertex to the target that visits none of its others and starts with none of the
  /// moves to `closed_next`. @return false when there is none.
  bool extend(Path& root, const std::set<std::size_t>& closed_next) {
    const std::size_t spur = root.back();
    for (const std::size_t v : root) closed_[v] = v != spur;
    const auto open_edge = [&](const JourneyGraph::Structure::edge_descriptor& e) {
      return boost::source(e, graph_) != spur || !closed_next.contains(boost::target(e, graph_));
    };
    const auto open_vertex = [&](std::size_t v) { return !closed_[v]; };
    const std::vector<std::size_t> before = predecessors(spur, open_edge, open_vertex);
    for (const std::size_t v : root) closed_[v] = false;
    if (before[target_] == target_) return false;
    const std::size_t length = root.size();
    for (std::size_t v = target_; v != spur; v = before[v]) root.push_back(v);
    std::reverse(root.begin() + static_cast<std::ptrdiff_t>(length), root.end());
    return true;
  }

 private:
  /// The vertex before each on the shortest way from `spur`; itself where there is none.
  template <class OpenEdge, class OpenVertex>
  std::vector<std::size_t> predecessors(std::size_t spur, const OpenEdge& open_edge, const OpenVertex& open_vertex) const {
    // Boost wants predicates that can be assigned, which lambdas are not.
    const std::function<bool(const JourneyGraph::Structure::edge_descriptor&)> edges = open_edge;
    const std::function<bool(std::size_t)> vertices = open_vertex;
    const boost::filtered_graph open(graph_, edges, vertices);
    std::vector<std::size_t> before(boost::num_vertices(graph_));
    const auto index = boost::get(boost::vertex_index, graph_);
    const auto length = boost::make_function_property_map<JourneyGraph::Structure::edge_descriptor>(
        [&](const JourneyGraph::Structure::edge_descriptor& e) { return -std::log(graph_[e].probability); });
    boost::dijkstra_shortest_paths(
        open, spur, boost::weight_map(length).vertex_index_map(index).predecessor_map(boost::make_iterator_property_map(before.begin(), index)));
    return before;
  }

  const JourneyGraph::Structure& graph_;
  std::size_t target_;
  std::vector<bool> closed_;
};

/// A path found but not yet taken: `from` is where it leaves the path it was made of.
struct Candidate {
  double length = 0;
  Path path;
  std::size_t from = 0;

  friend bool operator<(const Candidate& a, const Candidate& b) { return std::tie(a.length, a.path) < std::tie(b.length, b.path); }
};

inline double probability_of(const JourneyGraph::Structure& graph, std::size_t source, std::size_t target) {
  return graph[boost::edge(source, target, graph).first].probability;
}

inline double length_of(const JourneyGraph::Structure& graph, const Path& path) {
  double length = 0;
  for (std::size_t i = 1; i < path.size(); ++i) length -= std::log(probability_of(graph, path[i - 1], path[i]));
  return length;
}

/// Counts the customers who went each path exactly. Walks are read no further than the longest path.
inline void count_customers(const JourneyGraph& graph, std::size_t target, std::vector<LikelyPath>& paths) {
  std::map<Path, std::int64_t*> wanted;
  std::size_t longest = 0;
  for (LikelyPath& path : paths) {
    wanted.emplace(path.vertices, &path.customers);
    longest = std::max(longest, path.vertices.size());
  }
  const Paths& walks = graph.paths();
  const VertexNumbers numbers = graph.numbers();
  Path walk;
  for (std::size_t c = 0; c < walks.ending.size(); ++c) {
    walk.assign(1, numbers.start());
    const std::size_t end = walks.offsets[c + 1];
    for (std::size_t i = walks.offsets[c]; i <= end && walk.back() != target && walk.size() <= longest; ++i)
      walk.push_back(i < end ? numbers.node(walks.steps[i].node) : numbers.ending(walks.ending[c]));
    if (walk.back() != target) continue;
    if (const auto found = wanted.find(walk); found != wanted.end()) ++*found->second;
  }
}

}  // namespace likely_paths_detail

/// Most probable first; fewer than k where there are no more. Of paths equally probable those first in vertex order are preferred.
/// @throws InvalidInput for an unknown vertex, START, or k outside 1 … 1000.
inline std::vector<LikelyPath> likely_paths(const JourneyGraph& graph, std::string_view to, std::size_t k = 10, const Run& run = {}) {
  using namespace likely_paths_detail;
  if (k < 1 || k > most_paths) refuse("k", std::to_string(k), "1 to " + std::to_string(most_paths) + " paths");
  const std::size_t start = graph.numbers().start(), target = named_vertex(graph, to, "to", 1, graph.numbers().size());
  const auto& structure = graph.structure();
  Shortest shortest(structure, target);
  std::vector<Candidate> taken;
  std::set<Candidate> candidates;
  const auto propose = [&](Path root, const std::set<std::size_t>& closed_next) {
    const std::size_t from = root.size() - 1;
    if (!shortest.extend(root, closed_next)) return;
    const double length = length_of(structure, root);
    candidates.insert({length, std::move(root), from});
  };
  propose({start}, {});
  while (!candidates.empty()) {
    taken.push_back(std::move(candidates.extract(candidates.begin()).value()));
    if (taken.size() == k) break;
    if (run.watch) run.watch(static_cast<double>(taken.size()) / static_cast<double>(k));
    const Candidate& last = taken.back();
    for (std::size_t spur = last.from; spur + 1 < last.path.size(); ++spur) {
      const Path root(last.path.begin(), last.path.begin() + static_cast<std::ptrdiff_t>(spur) + 1);
      std::set<std::size_t> closed_next;
      for (const Candidate& other : taken)
        if (other.path.size() > root.size() && std::equal(root.begin(), root.end(), other.path.begin())) closed_next.insert(other.path[spur + 1]);
      propose(root, closed_next);
    }
  }
  std::vector<LikelyPath> out;
  for (Candidate& path : taken) {
    double probability = 1;
    for (std::size_t i = 1; i < path.path.size(); ++i) probability *= probability_of(structure, path.path[i - 1], path.path[i]);
    out.push_back({std::move(path.path), probability});
  }
  count_customers(graph, target, out);
  return out;
}

}  // namespace sojourn
