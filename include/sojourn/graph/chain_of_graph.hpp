// A journey graph as an absorbing chain of order one (stats/markov.hpp) over START and its visited nodes, absorbed in the outcomes and in
// being observed to the last; with the counts of its moves, or any other weights of them.
#pragma once

#include <Eigen/Dense>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/markov.hpp"

namespace sojourn {

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

}  // namespace sojourn
