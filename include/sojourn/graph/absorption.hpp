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
// Cost: draws · (moves of all customers + n³) for n nodes; about 5 ns a customer and draw, shared among threads. Weighted counts are
// exact integers, so that neither threads nor the order of customers show in any bit.
#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/graph/chain_of_graph.hpp"
#include "sojourn/graph/customer_moves.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/bootstrap_blocks.hpp"
#include "sojourn/stats/interval.hpp"

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

/// The shares B of every draw, cell after cell: B(i, a) of draw d stands at (i·endings + a)·draws + d.
inline std::vector<double> draw_shares(const JourneyGraph& graph, const ChainOfGraph& chain, const AbsorptionOptions& options) {
  const std::size_t draws = options.draws, endings = chain.endings();
  std::vector<double> shares(static_cast<std::size_t>(chain.states()) * endings * draws);
  bootstrap_moves(graph, chain, draws, options.seed, options.run, [&](std::size_t block, const MoveSums& sums) {
    for (std::size_t lane = 0, draw = block * bootstrap_lanes; lane < bootstrap_lanes && draw < draws; ++lane, ++draw) {
      const Eigen::MatrixXd B = chain.weighted(sums.lane(lane)).absorption();
      for (Eigen::Index i = 0; i < B.rows(); ++i)
        for (Eigen::Index a = 0; a < B.cols(); ++a)
          shares[(static_cast<std::size_t>(i) * endings + static_cast<std::size_t>(a)) * draws + draw] = B(i, a);
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
  const ChainOfGraph chain(graph);
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
