// Removal effects: what share of an outcome's customers got there by way of each node, in the graph as an absorbing chain.
//
// Anderl, Becker, von Wangenheim & Schumann 2016 (Int. J. Res. Marketing 33), there by simulation, here solved exactly. With N and B of
// stats/markov.hpp, s = START and an outcome o:
//   f(s,k) = N[s,k] / N[k,k]                    P(k is visited)
//   P(o | k removed) = B[s,o] − f(s,k)·B[k,o]   its visitors end elsewhere
//   effect(k) = 1 − P(o | k removed) / B[s,o] = f(s,k)·B[k,o] / B[s,o] = P(k visited | o)
// One factorisation gives all nodes. A moment that everyone meets has effect 1, whatever it does: rank by ranking.hpp, and read the lift,
// B[k,o] / B[s,o], beside it. An effect speaks of the chain that was observed, not of what a change would do: it is associational.
//
// Intervals: Bayesian bootstrap over customers, as absorption has them. An effect of exactly 0 or 1 (no way to the outcome leads through the
// node, or every way does) stays so in every draw; there the interval is Jeffreys' for 0 or n of the n customers who reached the outcome.
//
// Cost: draws · (moves of all customers + n³) for n nodes. For shares counted from the customers themselves see must_pass.hpp.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/chain_of_graph.hpp"
#include "sojourn/graph/customer_moves.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"
#include "sojourn/stats/bootstrap_blocks.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/markov.hpp"

namespace sojourn {

/// Of one node. All but customers are missing when nobody reached the outcome; lift also when nobody visited the node.
struct RemovalEffect {
  std::size_t vertex = 0;
  std::int64_t customers = 0;  // who visited it
  std::optional<double> effect = {}, low = {}, high = {}, lift = {};
  std::optional<double> credit = {};  // effect / sum of effects · customers who reached the outcome; missing when all effects are 0
};

namespace removal_detail {

/// From each state of a chain to one absorbing state, and that state's removal effects; state 0 is START.
struct Solved {
  Eigen::VectorXd reaching, effect;
};

inline Solved solved(const AbsorbingChain& chain, Eigen::Index outcome) {
  const Eigen::MatrixXd N = chain.visits();
  Solved out{chain.absorption().col(outcome), Eigen::VectorXd::Zero(N.rows())};
  if (out.reaching(0) == 0) return out;
  for (Eigen::Index k = 0; k < N.rows(); ++k) out.effect(k) = std::clamp(N(0, k) / N(k, k) * out.reaching(k) / out.reaching(0), 0.0, 1.0);
  return out;
}

/// The vertices that can be reached from START without passing `avoided`.
inline std::vector<bool> reached_without(const JourneyGraph& graph, std::size_t avoided) {
  const auto& structure = graph.structure();
  std::vector<bool> reached(graph.numbers().size());
  std::vector<std::size_t> front{graph.numbers().start()};
  reached[graph.numbers().start()] = true;
  while (!front.empty()) {
    const std::size_t source = front.back();
    front.pop_back();
    for (auto [e, end] = boost::out_edges(source, structure); e != end; ++e) {
      const std::size_t target = boost::target(*e, structure);
      if (target == avoided || reached[target]) continue;
      reached[target] = true;
      front.push_back(target);
    }
  }
  return reached;
}

/// The effects of one outcome, rounding settled: exactly 0 where no way leads through the node, exactly 1 where every way does.
inline Solved settled(const JourneyGraph& graph, const ChainOfGraph& chain, std::size_t outcome) {
  Solved out = solved(chain.weighted(chain.counts()), static_cast<Eigen::Index>(outcome - graph.numbers().outcome(0)));
  for (std::size_t v = 1; v <= graph.numbers().nodes; ++v) {
    const Eigen::Index k = chain.state(v);
    if (k == chain.none || out.reaching(k) == 0) continue;
    if (!reached_without(graph, v)[outcome]) out.effect(k) = 1;
  }
  return out;
}

}  // namespace removal_detail

/// One row a node, in lane order.
/// @throws InvalidInput for an unknown outcome, a confidence outside (0, 1) or no draws.
inline std::vector<RemovalEffect> removal_effects(const JourneyGraph& graph, std::string_view outcome_id, const AbsorptionOptions& options = {}) {
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  const std::size_t outcome = outcome_vertex(graph, outcome_id);
  const std::int64_t reached = graph.vertex(outcome).customers;
  std::vector<RemovalEffect> rows;
  for (std::size_t v = 1; v <= graph.numbers().nodes; ++v) rows.push_back({v, graph.vertex(v).customers});
  if (reached == 0) return rows;

  const ChainOfGraph chain(graph);
  const removal_detail::Solved point = removal_detail::settled(graph, chain, outcome);
  const std::size_t draws = options.draws, states = static_cast<std::size_t>(chain.states());
  std::vector<double> drawn(states * draws);  // state after state
  const auto absorbing = static_cast<Eigen::Index>(outcome - graph.numbers().outcome(0));
  bootstrap_moves(graph, chain, draws, options.seed, options.run, [&](std::size_t block, const MoveSums& sums) {
    for (std::size_t lane = 0, draw = block * bootstrap_lanes; lane < bootstrap_lanes && draw < draws; ++lane, ++draw) {
      const Eigen::VectorXd effect = removal_detail::solved(chain.weighted(sums.lane(lane)), absorbing).effect;
      for (std::size_t k = 0; k < states; ++k) drawn[k * draws + draw] = effect(static_cast<Eigen::Index>(k));
    }
  });

  double sum = 0;
  for (RemovalEffect& row : rows) {
    const Eigen::Index k = chain.state(row.vertex);
    row.effect = k == chain.none ? 0.0 : point.effect(k);
    if (k != chain.none) row.lift = point.reaching(k) / point.reaching(0);
    const bool boundary = *row.effect == 0 || *row.effect == 1;
    const Interval interval = boundary ? jeffreys_interval(*row.effect == 0 ? 0 : reached, reached, options.interval)
                                       : percentile_interval(std::span(drawn).subspan(static_cast<std::size_t>(k) * draws, draws), options.interval);
    row.low = interval.low;
    row.high = interval.high;
    sum += *row.effect;
  }
  for (RemovalEffect& row : rows)
    if (sum > 0) row.credit = *row.effect / sum * static_cast<double>(reached);
  return rows;
}

}  // namespace sojourn
