// Two journey graphs edge by edge: two segments, or two periods. How much likelier is each move in the other graph than in this one?
//
// Difference of the moves' probabilities, other − this, with a Bayesian bootstrap over customers (stats/bayesian_bootstrap.hpp). Both
// graphs are drawn with the same seed, and random numbers are keyed by customer: customers of one graph alone are drawn independently, and
// a customer of both (two periods) has one weight in both, so that what is alike in the two walks of one person is not taken for chance.
//
// A share of exactly 0 or 1 stays so in every draw. Where one of the two is such a share the two intervals are combined by squares
// (Newcombe 1998, Statist. Med. 17, method 10): low = d − √((q − l_q)² + (u_p − p)²), high = d + √((u_q − q)² + (p − l_p)²), each share's own
// interval being the bootstrap's, or Jeffreys' with n = the customers who visited the source; it takes the graphs as independent.
//
// Cost: draws · (moves of all customers), shared among threads; 8 bytes a draw and edge.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/chain_of_graph.hpp"
#include "sojourn/graph/customer_moves.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/bootstrap_blocks.hpp"
#include "sojourn/stats/interval.hpp"

namespace sojourn {

/// A move in two graphs. A probability is unknown where nobody visited the source; a move that a graph lacks counts 0 there.
struct EdgeComparison {
  std::string source, target;
  std::int64_t count = 0, other_count = 0;
  std::int64_t customers = 0, other_customers = 0;
  std::optional<double> probability = {}, other_probability = {}, difference = {}, low = {}, high = {};
};

namespace compare_detail {

/// A graph's moves by the numbers that both graphs share, and the bootstrap draws of their probabilities.
class Side {
 public:
  Side(const JourneyGraph& graph, const std::vector<std::size_t>& shared, const AbsorptionOptions& options) : draws_(options.draws) {
    const auto& structure = graph.structure();
    for (std::size_t v = 0; v < graph.numbers().size(); ++v) customers_[shared[v]] = graph.vertex(v).customers;
    std::vector<std::size_t> source;
    for (auto [e, end] = boost::edges(structure); e != end; ++e) {
      number_[{shared[boost::source(*e, structure)], shared[boost::target(*e, structure)]}] = edges_.size();
      source.push_back(boost::source(*e, structure));
      edges_.push_back(structure[*e]);
    }
    shares_.resize(edges_.size() * draws_);
    const ChainOfGraph chain(graph);
    bootstrap_moves(graph, chain, options.draws, options.seed, options.run, [&](std::size_t block, const MoveSums& sums) {
      std::vector<double> leaving(graph.numbers().size());
      for (std::size_t lane = 0; lane < bootstrap_lanes && block * bootstrap_lanes + lane < draws_; ++lane) {
        std::fill(leaving.begin(), leaving.end(), 0.0);
        for (std::size_t e = 0; e < source.size(); ++e) leaving[source[e]] += static_cast<double>(sums.edges[e][lane]);
        for (std::size_t e = 0; e < source.size(); ++e)
          shares_[e * draws_ + block * bootstrap_lanes + lane] = static_cast<double>(sums.edges[e][lane]) / leaving[source[e]];
      }
    });
  }

  using Move = std::pair<std::size_t, std::size_t>;

  /// Calls f(move) for each move of the graph.
  template <class F>
  void for_each(const F& f) const {
    for (const auto& [move, number] : number_) f(move);
  }
  [[nodiscard]] JourneyEdge edge(const Move& move) const {
    const auto found = number_.find(move);
    return found == number_.end() ? JourneyEdge{} : edges_[found->second];
  }
  [[nodiscard]] bool visited(std::size_t vertex) const { return customers(vertex) > 0; }
  /// Whether no draw moves the share.
  [[nodiscard]] bool is_fixed(const Move& move) const {
    const double share = edge(move).probability;
    return share == 0 || share == 1;
  }
  [[nodiscard]] std::vector<double> draws(const Move& move) const {
    const auto begin = shares_.begin() + static_cast<std::ptrdiff_t>(number_.at(move) * draws_);
    return {begin, begin + static_cast<std::ptrdiff_t>(draws_)};
  }
  [[nodiscard]] Interval own_interval(const Move& move, double confidence) const {
    const std::int64_t n = customers(move.first);
    if (is_fixed(move)) return jeffreys_interval(edge(move).probability == 0 ? 0 : n, n, confidence);
    std::vector<double> drawn = draws(move);
    return percentile_interval(drawn, confidence);
  }

 private:
  [[nodiscard]] std::int64_t customers(std::size_t vertex) const {
    const auto found = customers_.find(vertex);
    return found == customers_.end() ? 0 : found->second;
  }

  std::size_t draws_;
  std::map<std::size_t, std::int64_t> customers_;  // who visited a vertex, by shared number
  std::vector<JourneyEdge> edges_;
  std::map<Move, std::size_t> number_;
  std::vector<double> shares_;  // draws of an edge, then of the next
};

inline Interval interval_of_difference(const Side& side, const Side& other, const Side::Move& move, double confidence) {
  const double p = side.edge(move).probability, q = other.edge(move).probability;
  if (side.is_fixed(move) || other.is_fixed(move)) {
    const Interval of_p = side.own_interval(move, confidence), of_q = other.own_interval(move, confidence);
    return {q - p - std::hypot(q - of_q.low, of_p.high - p), q - p + std::hypot(of_q.high - q, p - of_p.low)};
  }
  std::vector<double> drawn = other.draws(move);
  const std::vector<double> less = side.draws(move);
  for (std::size_t d = 0; d < drawn.size(); ++d) drawn[d] -= less[d];
  return percentile_interval(drawn, confidence);
}

/// The ids of both graphs: START, the nodes of the first, those of the second alone, the outcomes, observed.
struct SharedVertices {
  std::vector<std::string> ids;
  std::vector<std::size_t> of_first, of_second;  // the shared number of each graph's vertices
};

inline SharedVertices shared_vertices(const JourneyGraph& first, const JourneyGraph& second) {
  const Paths &a = first.paths(), &b = second.paths();
  if (a.outcomes != b.outcomes) refuse("comparing journey graphs", "different outcomes", "graphs of one journey");
  std::map<std::string, std::size_t> number;
  SharedVertices out;
  const auto add = [&](const std::string& id) {
    if (number.emplace(id, out.ids.size()).second) out.ids.push_back(id);
  };
  add("START");
  for (const PathNode& node : a.nodes) add(node.id);
  for (const PathNode& node : b.nodes) add(node.id);
  if (!a.nodes.empty() && !b.nodes.empty() && out.ids.size() == 1 + a.nodes.size() + b.nodes.size())
    refuse("comparing journey graphs", "no node that both have", "graphs of one journey, by the same (moment, stage or owner)");
  for (const std::string& outcome : a.outcomes) add(outcome);
  add("observed");
  for (std::size_t v = 0; v < first.numbers().size(); ++v) out.of_first.push_back(number.at(first.vertex(v).id));
  for (std::size_t v = 0; v < second.numbers().size(); ++v) out.of_second.push_back(number.at(second.vertex(v).id));
  return out;
}

}  // namespace compare_detail

/// One row a move of either graph, by source and then target in the order of the first graph's nodes, then the second's.
/// @throws InvalidInput for other outcomes, graphs without a common node, a confidence outside (0, 1) or no draws.
inline std::vector<EdgeComparison> compare(const JourneyGraph& graph, const JourneyGraph& other, const AbsorptionOptions& options = {}) {
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  const compare_detail::SharedVertices vertices = compare_detail::shared_vertices(graph, other);
  const compare_detail::Side a(graph, vertices.of_first, options), b(other, vertices.of_second, options);
  std::map<compare_detail::Side::Move, EdgeComparison> moves;
  for (const compare_detail::Side* side : {&a, &b}) side->for_each([&](const auto& move) { moves.try_emplace(move); });
  std::vector<EdgeComparison> rows;
  for (auto& [move, row] : moves) {
    const JourneyEdge x = a.edge(move), y = b.edge(move);
    row = {vertices.ids[move.first], vertices.ids[move.second], x.count, y.count, x.customers, y.customers};
    if (a.visited(move.first)) row.probability = x.probability;
    if (b.visited(move.first)) row.other_probability = y.probability;
    if (row.probability && row.other_probability) {
      const Interval interval = compare_detail::interval_of_difference(a, b, move, options.interval);
      row.difference = y.probability - x.probability;
      row.low = interval.low;
      row.high = interval.high;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace sojourn
