// What each customer adds to the moves of a graph, laid out so that thousands of bootstrap draws read it fast.
//
// A customer's edges in order, each with how often it was taken: 8 bytes an edge. Built in O(moves · log(moves of a customer)), in parallel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/graph/chain_of_graph.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/bootstrap_blocks.hpp"

namespace sojourn {

/// An edge, by a number of the caller's, and how often a customer took it.
struct TakenEdge {
  std::uint32_t edge = 0, times = 0;

  friend bool operator==(const TakenEdge&, const TakenEdge&) = default;
};

class CustomerMoves {
 public:
  CustomerMoves(const JourneyGraph& graph, const EdgeNumbers& numbers, const Run& run) {
    const std::vector<Slice> slices_ = slices(graph.customers(), 4 * run.count());
    std::vector<Part> parts(slices_.size());
    parallel_for(parts.size(), run, [&](std::size_t p) { parts[p] = counted(graph.paths(), numbers, slices_[p]); });
    for (Part& part : parts) {
      for (const std::size_t end : part.ends) offsets_.push_back(taken_.size() + end);
      taken_.insert(taken_.end(), part.taken.begin(), part.taken.end());
      part = {};
    }
  }

  [[nodiscard]] std::span<const TakenEdge> of(std::size_t customer) const {
    return std::span(taken_).subspan(offsets_[customer], offsets_[customer + 1] - offsets_[customer]);
  }

 private:
  struct Part {
    std::vector<std::size_t> ends;  // a customer each
    std::vector<TakenEdge> taken;
  };

  static Part counted(const Paths& paths, const EdgeNumbers& numbers, Slice customers) {
    Part part;
    std::vector<std::uint32_t> edges;
    for (std::size_t c = customers.begin; c < customers.end; ++c) {
      edges.clear();
      for_each_move(paths, c,
                    [&](std::size_t source, std::size_t target, std::int64_t, const PathStep*) { edges.push_back(numbers.find(source, target)); });
      std::sort(edges.begin(), edges.end());
      for (std::size_t i = 0; i < edges.size(); ++i) {
        if (i > 0 && edges[i] == edges[i - 1]) ++part.taken.back().times;
        else part.taken.push_back({edges[i], 1});
      }
      part.ends.push_back(part.taken.size());
    }
    return part;
  }

  std::vector<std::size_t> offsets_ = {0};
  std::vector<TakenEdge> taken_;
};

/// Weighted counts of the edges in the draws of a block.
struct MoveSums {
  std::vector<BootstrapLanes> edges;

  void add(std::span<const TakenEdge> moves, const BootstrapLanes& weights) {
    const BootstrapLanes each = weights;  // a copy stays in registers, since no sum can lie in it
    for (const auto [edge, times] : moves) {
      if (times == 1) add_lanes(edges[edge], each);  // the usual case, and no multiplication
      else add_lanes(edges[edge], each, times);
    }
  }
  void merge(const MoveSums& other) {
    for (std::size_t e = 0; e < edges.size(); ++e) add_lanes(edges[e], other.edges[e]);
  }
  [[nodiscard]] std::vector<double> lane(std::size_t lane) const {
    std::vector<double> out;
    for (const BootstrapLanes& edge : edges) out.push_back(static_cast<double>(edge[lane]));
    return out;
  }
};

/// Calls done(block, sums) for each block of draws, on any thread: the chain's moves, weighted by customer. Every result that asks for one
/// seed sees the same draws.
template <class Done>
void bootstrap_moves(const JourneyGraph& graph, const ChainOfGraph& chain, std::size_t draws, std::uint64_t seed, const Run& run, const Done& done) {
  const CustomerMoves moves(graph, chain.edge_numbers(), run);
  bootstrap_blocks(
      graph.paths().customer_key, draws, seed, run, MoveSums{std::vector<BootstrapLanes>(chain.edges())},
      [&](MoveSums& sums, std::size_t c, const BootstrapLanes& weights) { sums.add(moves.of(c), weights); }, done);
}

}  // namespace sojourn
