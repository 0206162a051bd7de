// Where walks end within the window: the share of each node's visits that lead to each outcome, or to being observed to the last.
//
// The graph as an absorbing Markov chain with `observed` as one of its absorbing states (Kemeny & Snell 1960; equations in
// stats/markov.hpp). It says what share reached an outcome while observed; customers still observed may reach it later, so that it is no
// forecast.
//
// Intervals: Bayesian bootstrap over customers (stats/bayesian_bootstrap.hpp): a draw weights each customer's whole walk, and the chain is
// solved anew. A share of exactly 0 or 1 stays so in every draw; there the interval is Jeffreys' for 0 or n of n, n being the customers
// who visited the node. Moves that never occurred have weight 0 in every draw too: where few customers visited a node, its interval
// is too narrow, and at_risk says so.
//
// Cost: draws · (moves of all customers + n³) for n nodes; about 20 ns a customer and draw, shared among threads. Weighted counts are
// exact integers, so that neither threads nor the order of customers show in any bit.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/markov.hpp"

namespace sojourn {

struct AbsorptionOptions {
  double interval = 0.9;  // confidence
  std::size_t draws = 1000;
  std::uint64_t seed = 0;
  Run run = {};
};

/// From a vertex (START or a node) to an ending (an outcome or observed). Without visits nothing is known.
struct AbsorptionRow {
  std::size_t vertex = 0, ending = 0;
  std::int64_t at_risk = 0;  // customers who visited the vertex
  std::optional<double> probability = {}, low = {}, high = {};
};

namespace absorption_detail {

/// The edges of a graph as a chain over its visited vertices.
class ChainOfGraph {
 public:
  explicit ChainOfGraph(const JourneyGraph& graph) : numbers_(graph.numbers()), state_(numbers_.size(), none) {
    for (std::size_t v = 0; v <= numbers_.nodes; ++v)
      if (graph.vertex(v).visits > 0) state_[v] = states_++;
    const auto& structure = graph.structure();
    for (auto [e, end] = boost::edges(structure); e != end; ++e) {
      edges_.push_back({boost::source(*e, structure), boost::target(*e, structure)});
      counts_.push_back(static_cast<double>(structure[*e].count));
    }
  }

  static constexpr Eigen::Index none = -1;

  /// The vertex's row in the chain, or `none`.
  [[nodiscard]] Eigen::Index state(std::size_t vertex) const { return state_[vertex]; }
  [[nodiscard]] Eigen::Index states() const { return states_; }
  [[nodiscard]] std::size_t endings() const { return numbers_.outcomes + 1; }
  [[nodiscard]] std::size_t edges() const { return edges_.size(); }
  [[nodiscard]] const std::vector<double>& counts() const { return counts_; }

  [[nodiscard]] EdgeNumbers edge_numbers() const {
    EdgeNumbers numbers(numbers_.size());
    for (std::size_t e = 0; e < edges_.size(); ++e) numbers.at(edges_[e].first, edges_[e].second) = static_cast<std::uint32_t>(e);
    return numbers;
  }

  /// The chain whose transition probabilities are proportional to weights of the edges, all above 0.
  [[nodiscard]] AbsorbingChain weighted(std::span<const double> weights) const {
    const auto ends = static_cast<Eigen::Index>(endings());
    Eigen::MatrixXd Q = Eigen::MatrixXd::Zero(states_, states_), R = Eigen::MatrixXd::Zero(states_, ends);
    Eigen::VectorXd total = Eigen::VectorXd::Zero(states_);
    for (std::size_t e = 0; e < edges_.size(); ++e) total(state_[edges_[e].first]) += weights[e];
    for (std::size_t e = 0; e < edges_.size(); ++e) {
      const auto [source, target] = edges_[e];
      const Eigen::Index row = state_[source];
      if (numbers_.is_ending(target)) R(row, static_cast<Eigen::Index>(target - numbers_.outcome(0))) = weights[e] / total(row);
      else Q(row, state_[target]) = weights[e] / total(row);
    }
    return {std::move(Q), std::move(R)};
  }

 private:
  VertexNumbers numbers_;
  std::vector<Eigen::Index> state_;
  Eigen::Index states_ = 0;
  std::vector<std::pair<std::size_t, std::size_t>> edges_;
  std::vector<double> counts_;
};

/// How often each of some customers took each edge: the i-th of them has entries [offsets[i], offsets[i + 1]).
struct CustomerEdges {
  struct Entry {
    std::uint32_t edge, times;
  };
  std::vector<std::size_t> offsets = {0};
  std::vector<Entry> entries;
};

inline CustomerEdges edges_by_customer(const Paths& paths, const EdgeNumbers& numbers, Slice part) {
  CustomerEdges out;
  std::vector<std::uint32_t> taken;
  for (std::size_t c = part.begin; c < part.end; ++c) {
    taken.clear();
    for_each_move(paths, c,
                  [&](std::size_t source, std::size_t target, std::int64_t, const PathStep*) { taken.push_back(numbers.find(source, target)); });
    std::sort(taken.begin(), taken.end());
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (i > 0 && taken[i] == taken[i - 1]) ++out.entries.back().times;
      else out.entries.push_back({taken[i], 1});
    }
    out.offsets.push_back(out.entries.size());
  }
  return out;
}

/// Draws taken together, so that each customer's edges are read once for all of them.
inline constexpr std::size_t lanes = 8;
using Weighted = std::vector<std::array<std::uint64_t, lanes>>;  // an edge each, a draw a lane

/// Weighted counts of the edges over customers with those keys, in draws [lanes·block, lanes·block + lanes).
inline Weighted weighted_counts(const CustomerEdges& customers, std::span<const std::uint64_t> keys, std::size_t edges, std::uint64_t seed,
                                std::size_t block) {
  Weighted sums(edges);
  std::array<std::uint64_t, lanes> weights;
  for (std::size_t c = 0; c < keys.size(); ++c) {
    bootstrap_weights(seed, block * (lanes / 2), keys[c], weights);
    for (std::size_t i = customers.offsets[c]; i < customers.offsets[c + 1]; ++i) {
      const auto [edge, times] = customers.entries[i];
      for (std::size_t lane = 0; lane < lanes; ++lane) sums[edge][lane] += weights[lane] * times;
    }
  }
  return sums;
}

/// Calls done(block, weighted counts over all customers) for each block of draws, on any thread. A task is some draws of some customers,
/// short enough to be interrupted; the last task of a block adds up, so that few blocks are in memory at once.
template <class Done>
void for_each_block(const JourneyGraph& graph, const ChainOfGraph& chain, const AbsorptionOptions& options, const Done& done) {
  constexpr std::size_t customers_a_task = 100'000;
  const std::vector<Slice> parts = slices(graph.customers(), (graph.customers() + customers_a_task - 1) / customers_a_task);
  const std::span<const std::uint64_t> keys = graph.paths().customer_key;
  const EdgeNumbers numbers = chain.edge_numbers();
  std::vector<CustomerEdges> customers(parts.size());
  parallel_for(parts.size(), options.run, [&](std::size_t p) { customers[p] = edges_by_customer(graph.paths(), numbers, parts[p]); });

  struct Block {
    std::mutex mutex;
    Weighted sums;
    std::size_t left = 0;
  };
  std::vector<Block> blocks((options.draws + lanes - 1) / lanes);
  for (Block& block : blocks) block.left = parts.size();
  parallel_for(blocks.size() * parts.size(), options.run, [&](std::size_t task) {
    const std::size_t b = task / parts.size(), p = task % parts.size();
    Weighted sums = weighted_counts(customers[p], keys.subspan(parts[p].begin, parts[p].end - parts[p].begin), chain.edges(), options.seed, b);
    Block& block = blocks[b];
    {
      const std::lock_guard lock(block.mutex);
      for (std::size_t e = 0; e < block.sums.size(); ++e)
        for (std::size_t lane = 0; lane < lanes; ++lane) sums[e][lane] += block.sums[e][lane];
      block.sums = std::move(sums);
      if (--block.left > 0) return;
    }
    done(b, std::exchange(block.sums, {}));
  });
}

/// The shares B of every draw, cell after cell: B(i, a) of draw d stands at (i·endings + a)·draws + d.
inline std::vector<double> draw_shares(const JourneyGraph& graph, const ChainOfGraph& chain, const AbsorptionOptions& options) {
  const std::size_t draws = options.draws, endings = chain.endings();
  std::vector<double> shares(static_cast<std::size_t>(chain.states()) * endings * draws);
  for_each_block(graph, chain, options, [&](std::size_t block, const Weighted& sums) {
    std::vector<double> weights(chain.edges());
    for (std::size_t lane = 0; lane < lanes && block * lanes + lane < draws; ++lane) {
      for (std::size_t e = 0; e < weights.size(); ++e) weights[e] = static_cast<double>(sums[e][lane]);
      const Eigen::MatrixXd B = chain.weighted(weights).absorption();
      for (Eigen::Index i = 0; i < B.rows(); ++i)
        for (Eigen::Index a = 0; a < B.cols(); ++a)
          shares[(static_cast<std::size_t>(i) * endings + static_cast<std::size_t>(a)) * draws + block * lanes + lane] = B(i, a);
    }
  });
  return shares;
}

}  // namespace absorption_detail

/// One row for START and each node, and each outcome and then observed.
/// @throws InvalidInput for a confidence outside (0, 1) or no draws.
inline std::vector<AbsorptionRow> absorption(const JourneyGraph& graph, const AbsorptionOptions& options = {}) {
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  const absorption_detail::ChainOfGraph chain(graph);
  const Eigen::MatrixXd B = chain.weighted(chain.counts()).absorption();
  std::vector<double> shares = absorption_detail::draw_shares(graph, chain, options);

  std::vector<AbsorptionRow> rows;
  for (std::size_t v = 0; v <= graph.numbers().nodes; ++v) {
    for (std::size_t a = 0; a < chain.endings(); ++a) {
      AbsorptionRow row{v, graph.numbers().outcome(a), graph.vertex(v).customers};
      if (const Eigen::Index i = chain.state(v); i != chain.none) {
        const double share = B(i, static_cast<Eigen::Index>(a));
        const std::size_t cell = static_cast<std::size_t>(i) * chain.endings() + a;
        const Interval interval = share == 0 || share == 1
                                      ? jeffreys_interval(share == 0 ? 0 : row.at_risk, row.at_risk, options.interval)
                                      : percentile_interval(std::span(shares).subspan(cell * options.draws, options.draws), options.interval);
        row.probability = share;
        row.low = interval.low;
        row.high = interval.high;
      }
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace sojourn
