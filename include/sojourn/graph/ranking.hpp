// The moments that matter most for an outcome: how many meet them, how much more likely the outcome then is, and what those customers are worth.
//
//   score(k) = reach(k) × max(0, excess(k)) × max(0, value at risk(k))
// reach: customers who visited k; excess: B[k,o] − B[s,o] (stats/markov.hpp; s = START): how much likelier the outcome o is after a visit than
// for anyone; value at risk: mean value of those customers (over those whose value is known), 1 where the log has no values. So the score
// is the value that the outcome takes beyond the usual from those who met the moment, or their number. Where an outcome is likelier than
// usual need not be where it is caused.
//
// Ranks: 1 + number of moments with a greater score; scores within 1e-9 of each other are tied and share it. Intervals of scores and ranks come
// from the same draws, the Bayesian bootstrap over customers, which weights reach, value and chain together. Ranks are of all
// nodes; the cap limits the rows, and each tells how many were ranked and how many share its rank, so that a tie cut in two shows.
//
// Cost: twice that of removal_effects.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/chain_of_graph.hpp"
#include "sojourn/graph/customer_moves.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/named_vertex.hpp"
#include "sojourn/stats/bootstrap_blocks.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/markov.hpp"

namespace sojourn {

struct RankedMoment {
  std::size_t vertex = 0;
  std::int64_t reach = 0;
  std::optional<double> excess = {};         // missing without visits
  std::optional<double> value_at_risk = {};  // missing when no visitor's value is known, or the log has none
  double score = 0, low = 0, high = 0;
  std::size_t rank = 0, rank_low = 0, rank_high = 0;
  std::size_t tied = 0;  // moments of this rank, itself included
};

/// The foremost moments, best first, ties in lane order.
struct Ranking {
  std::vector<RankedMoment> rows;
  std::size_t ranked = 0;  // moments in all
};

inline constexpr std::size_t largest_cap = 20;

namespace ranking_detail {

/// Values of customers as whole numbers, so that weighted sums of them are exact: the largest takes 50 bits.
class WholeValues {
 public:
  explicit WholeValues(const Paths& paths) : known_(paths.ending.size()), values_(paths.ending.size()) {
    if (!paths.has_value) return;
    double largest = 0;
    for (const double value : paths.customer_value)
      if (!std::isnan(value)) largest = std::max(largest, std::fabs(value));
    places_ = largest > 0 ? 49 - std::ilogb(largest) : 0;
    for (std::size_t c = 0; c < values_.size(); ++c) {
      if (std::isnan(paths.customer_value[c])) continue;
      known_[c] = 1;
      values_[c] = std::llrint(std::ldexp(paths.customer_value[c], places_));
    }
  }

  [[nodiscard]] bool known(std::size_t customer) const { return known_[customer] != 0; }
  [[nodiscard]] std::int64_t of(std::size_t customer) const { return values_[customer]; }
  [[nodiscard]] double back(Int128 sum) const { return std::ldexp(static_cast<double>(sum), -places_); }

 private:
  std::vector<std::uint8_t> known_;
  std::vector<std::int64_t> values_;
  int places_ = 0;
};

/// The distinct nodes that each customer visited: customer c has [offsets[c], offsets[c + 1]).
struct Visited {
  std::vector<std::size_t> offsets = {0};
  std::vector<std::uint32_t> nodes;
};

inline Visited visited(const Paths& paths) {
  Visited out;
  std::vector<std::size_t> last(paths.nodes.size(), SIZE_MAX);
  for (std::size_t c = 0; c < paths.ending.size(); ++c) {
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      const std::uint32_t node = paths.steps[i].node;
      if (std::exchange(last[node], c) != c) out.nodes.push_back(node);
    }
    out.offsets.push_back(out.nodes.size());
  }
  return out;
}

/// Weighted sums over a node's visitors in the draws of a block.
struct NodeSums {
  BootstrapLanes reach = {}, known = {};
  std::array<Int128, bootstrap_lanes> value = {};
};

struct Sums {
  MoveSums moves;
  std::vector<NodeSums> nodes;
  BootstrapLanes customers = {};

  void merge(const Sums& other) {
    moves.merge(other.moves);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      add_lanes(nodes[i].reach, other.nodes[i].reach);
      add_lanes(nodes[i].known, other.nodes[i].known);
      for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) nodes[i].value[lane] += other.nodes[i].value[lane];
    }
    add_lanes(customers, other.customers);
  }
};

/// Excess of each state over START; what rounding leaves of none is none.
inline Eigen::VectorXd excess(const AbsorbingChain& chain, Eigen::Index outcome) {
  const Eigen::VectorXd to_outcome = chain.absorption().col(outcome);
  return (to_outcome.array() - to_outcome(0)).unaryExpr([](double x) { return std::fabs(x) < 1e-12 ? 0.0 : x; });
}

inline double score(double reach, double excess, double value) { return reach * std::max(0.0, excess) * std::max(0.0, value); }

/// For each score its rank and how many share it. O(n log n).
struct Ranks {
  std::vector<std::size_t> order, rank, tied;
};

inline Ranks ranks(std::span<const double> scores) {
  Ranks out{std::vector<std::size_t>(scores.size()), std::vector<std::size_t>(scores.size()), std::vector<std::size_t>(scores.size())};
  std::iota(out.order.begin(), out.order.end(), std::size_t{0});
  std::stable_sort(out.order.begin(), out.order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  for (std::size_t first = 0; first < scores.size();) {
    std::size_t last = first + 1;
    while (last < scores.size() && scores[out.order[last - 1]] - scores[out.order[last]] <= 1e-9 * scores[out.order[last - 1]]) ++last;
    std::sort(out.order.begin() + static_cast<std::ptrdiff_t>(first), out.order.begin() + static_cast<std::ptrdiff_t>(last));
    for (std::size_t i = first; i < last; ++i) {
      out.rank[out.order[i]] = first + 1;
      out.tied[out.order[i]] = last - first;
    }
    first = last;
  }
  return out;
}

/// Scores and ranks of every draw, node after node.
struct Drawn {
  std::vector<double> scores, ranks;
};

inline Drawn drawn(const JourneyGraph& graph, const ChainOfGraph& chain, Eigen::Index outcome, const AbsorptionOptions& options) {
  const Paths& paths = graph.paths();
  const std::size_t draws = options.draws, nodes = paths.nodes.size();
  const CustomerMoves moves(graph, chain.edge_numbers(), options.run);
  const Visited visits = visited(paths);
  const WholeValues values(paths);
  Drawn out{std::vector<double>(nodes * draws), std::vector<double>(nodes * draws)};
  bootstrap_blocks(
      paths.customer_key, draws, options.seed, options.run, Sums{{std::vector<BootstrapLanes>(chain.edges())}, std::vector<NodeSums>(nodes)},
      [&](Sums& sums, std::size_t c, const BootstrapLanes& weights) {
        sums.moves.add(moves.of(c), weights);
        add_lanes(sums.customers, weights);
        std::array<Int128, bootstrap_lanes> worth;
        for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) worth[lane] = Int128{values.of(c)} * static_cast<std::int64_t>(weights[lane]);
        for (std::size_t i = visits.offsets[c]; i < visits.offsets[c + 1]; ++i) {
          NodeSums& node = sums.nodes[visits.nodes[i]];
          add_lanes(node.reach, weights);
          if (!values.known(c)) continue;
          add_lanes(node.known, weights);
          for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) node.value[lane] += worth[lane];
        }
      },
      [&](std::size_t block, const Sums& sums) {
        for (std::size_t lane = 0; lane < bootstrap_lanes && block * bootstrap_lanes + lane < draws; ++lane) {
          const Eigen::VectorXd over = excess(chain.weighted(sums.moves.lane(lane)), outcome);
          const double each = static_cast<double>(sums.customers[lane]) / static_cast<double>(graph.customers());
          std::vector<double> scores(nodes);
          for (std::size_t i = 0; i < nodes; ++i) {
            const Eigen::Index k = chain.state(graph.numbers().node(i));
            const NodeSums& node = sums.nodes[i];
            const double value = !paths.has_value        ? 1
                                 : node.known[lane] == 0 ? 0
                                                         : values.back(node.value[lane]) / static_cast<double>(node.known[lane]);
            if (k != chain.none) scores[i] = score(static_cast<double>(node.reach[lane]) / each, over(k), value);
          }
          const Ranks found = ranks(scores);
          for (std::size_t i = 0; i < nodes; ++i) {
            out.scores[i * draws + block * bootstrap_lanes + lane] = scores[i];
            out.ranks[i * draws + block * bootstrap_lanes + lane] = static_cast<double>(found.rank[i]);
          }
        }
      });
  return out;
}

/// Mean value of each node's visitors whose value is known.
inline std::vector<std::optional<double>> values_at_risk(const Paths& paths) {
  const Visited visits = visited(paths);
  std::vector<ExactSum> sums(paths.nodes.size());
  std::vector<std::int64_t> known(paths.nodes.size());
  std::vector<std::optional<double>> out(paths.nodes.size());
  if (!paths.has_value) return out;
  for (std::size_t c = 0; c < paths.ending.size(); ++c) {
    if (std::isnan(paths.customer_value[c])) continue;
    for (std::size_t i = visits.offsets[c]; i < visits.offsets[c + 1]; ++i) {
      sums[visits.nodes[i]].add(paths.customer_value[c]);
      ++known[visits.nodes[i]];
    }
  }
  for (std::size_t i = 0; i < out.size(); ++i)
    if (known[i] > 0) out[i] = sums[i].value() / static_cast<double>(known[i]);
  return out;
}

}  // namespace ranking_detail

/// The `cap` foremost moments for an outcome.
/// @throws InvalidInput for an unknown outcome, a cap outside 1 … 20, a confidence outside (0, 1) or no draws.
inline Ranking ranking(const JourneyGraph& graph, std::string_view outcome_id, std::size_t cap = 15, const AbsorptionOptions& options = {}) {
  namespace detail_ = ranking_detail;
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  if (cap < 1 || cap > largest_cap) refuse("cap", std::to_string(cap), "1 to " + std::to_string(largest_cap) + " moments");
  const std::size_t outcome = outcome_vertex(graph, outcome_id), nodes = graph.numbers().nodes;
  Ranking out{{}, nodes};
  if (graph.customers() == 0 || nodes == 0) return out;

  const ChainOfGraph chain(graph);
  const auto absorbing = static_cast<Eigen::Index>(outcome - graph.numbers().outcome(0));
  const Eigen::VectorXd over = detail_::excess(chain.weighted(chain.counts()), absorbing);
  const std::vector<std::optional<double>> values = detail_::values_at_risk(graph.paths());
  std::vector<RankedMoment> moments(nodes);
  std::vector<double> scores(nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    RankedMoment& moment = moments[i];
    moment.vertex = graph.numbers().node(i);
    moment.reach = graph.vertex(moment.vertex).customers;
    moment.value_at_risk = values[i];
    const Eigen::Index k = chain.state(moment.vertex);
    if (k == chain.none) continue;
    moment.excess = over(k);
    moment.score = scores[i] = detail_::score(static_cast<double>(moment.reach), over(k), graph.paths().has_value ? values[i].value_or(0.0) : 1.0);
  }

  const detail_::Ranks found = detail_::ranks(scores);
  detail_::Drawn draws = detail_::drawn(graph, chain, absorbing, options);
  for (std::size_t place = 0; place < std::min(cap, nodes); ++place) {
    const std::size_t i = found.order[place];
    RankedMoment& moment = moments[i];
    const auto of = [&](std::vector<double>& all) {
      return percentile_interval(std::span(all).subspan(i * options.draws, options.draws), options.interval);
    };
    const Interval of_score = of(draws.scores), of_rank = of(draws.ranks);
    moment.low = of_score.low;
    moment.high = of_score.high;
    moment.rank = found.rank[i];
    moment.tied = found.tied[i];
    moment.rank_low = static_cast<std::size_t>(std::floor(of_rank.low));
    moment.rank_high = static_cast<std::size_t>(std::ceil(of_rank.high));
    out.rows.push_back(moment);
  }
  return out;
}

}  // namespace sojourn
