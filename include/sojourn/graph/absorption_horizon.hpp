// Where walks end within a horizon, however long customers were observed: from arrival at a node, the share that reaches each outcome.
//
// The walk as a semi-Markov process (Lagakos, Sommer & Zelen 1978, Biometrika 65; Gill 1980, Z. Wahrsch. verw. Geb. 53): what follows a stay
// at a node, and when, depends on the node alone. The kernel K_ij(t), the share of stays at i that end within t by a move to j, is
// estimated by Aalen-Johansen (stats/survival.hpp) over all stays at i, those still going on when the observation ended being censored. Then
//   F_ia(t) = K_ia(t) + Σ_j ∫ F_ja(t − u) dK_ij(u)
// is the share of arrivals at i that reaches outcome a within t: customers observed briefly are neither an outcome nor left out. It holds
// where the end of observation says nothing of what the customer would have done. START is left at the first step: its row is the mixture
// of the first nodes over the customers who took one.
//
// What no data can tell is told as such: where the longest stay observed at a node is censored and shorter than the time left, what
// becomes of those who stay longer is `unknown`. Its share is carried through the same equation, as if it were an outcome: the outcomes,
// neither and unknown sum to 1, and nothing is extrapolated. An interval runs from the low quantile of a share to the high one of
// share + unknown.
//
// The equation is solved on a grid of m steps over the horizon: K is exact at its own instants, F is linear between grid points, so that
// the error is of second order in the step for smooth F, and none where the horizon and all stays until a move are multiples of the step
// (dates, say); such a step is taken where one is found. Else the step is halved until no share moves by more than 0.0005, twice, or 8
// times the first grid's steps are reached; the interval is widened by what the last halving moved. Steps divide the horizon's days or
// hours where they can, since deadlines fall on those. Where very few stays make F a staircase, a way that ends within a step of the
// horizon is counted in part.
//
// Intervals: Bayesian bootstrap over customers (as in absorption.hpp) on the first grid, moved by the difference of the two grids. A share
// of exactly 0 or 1 gets Jeffreys' interval, n being the customers followed to an outcome or to the horizon.
//
// Cost: draws · (stays + filled steps of all moves · m · (outcomes + 1) / 2), about 50 ns a stay where customers are many, shared among
// threads; m is at most 512 up to some 100 moves, and shrinks with the root of their number to 32. Beyond some hundred nodes the moves
// without delay cost n³ a draw and n² · m besides. Memory: 16 to 60 bytes a stay; and a thread 64 bytes a customer, and
// 64 · m · (outcomes + 1) a node. A task is 8 draws.
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
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/survival.hpp"

namespace sojourn {

/// From a vertex (START or a node) to an ending: an outcome, or `observed`, which here is neither: none of them within the horizon.
struct HorizonRow {
  std::size_t vertex = 0, ending = 0;
  std::int64_t at_risk = 0;  // customers who visited the vertex; START: who took a step or reached an outcome
  std::optional<double> probability = {}, low = {}, high = {};
  std::optional<double> unknown = {};  // the share, the same for every ending, of which it is not known where it ends
};

/// A horizon is a fixed time from arrival: a calendar month is taken as 730 hours, so that a year is 365 days.
/// @throws InvalidInput when it is not above zero.
inline Micros fixed_horizon(const Duration& horizon) {
  if (horizon.is_zero()) refuse("horizon", horizon.text(), "a duration above zero");
  return horizon.is_calendar() ? horizon.months * hours(730).fixed : horizon.fixed;
}

namespace absorption_horizon_detail {

/// Stays at one node that were equally long and ended alike.
struct Group {
  static constexpr std::uint32_t censored = UINT32_MAX;

  std::int64_t length = 0;   // microseconds
  std::uint32_t target = 0;  // a vertex, or `censored`
  std::size_t first = 0;     // of Stays::who
};

/// Whether it ended by a move to another node, not in an outcome.
inline bool is_move(const Group& group, const VertexNumbers& numbers) { return group.target != Group::censored && !numbers.is_ending(group.target); }

/// All stays, by node. Those longer than the horizon are censored just beyond it.
struct Stays {
  std::int64_t horizon = 0;
  std::vector<std::size_t> offsets = {0};  // node i has groups [offsets[i], offsets[i + 1])
  std::vector<Group> groups;               // by length, then target: ends before censorings of the same length
  std::vector<std::uint32_t> who;          // customers, group after group
  std::vector<std::uint32_t> first;        // where each customer's walk began, a vertex
  std::vector<std::int64_t> followed;      // START and a node each: customers seen to the outcome or the horizon from some visit on
  std::int64_t began = 0;                  // customers who took a step or reached an outcome

  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t group) const {
    const std::size_t end = group + 1 < groups.size() ? groups[group + 1].first : who.size();
    return std::span(who).subspan(groups[group].first, end - groups[group].first);
  }
};

inline Stays stays_of(const JourneyGraph& graph, std::int64_t horizon, const Run& run) {
  struct Stay {
    std::int64_t length;
    std::uint32_t target, customer;
  };
  const Paths& paths = graph.paths();
  const VertexNumbers numbers = graph.numbers();
  if (graph.customers() >= UINT32_MAX) refuse("customers", std::to_string(graph.customers()), "fewer than 4294967295");
  Stays out;
  out.horizon = horizon;
  out.followed.resize(1 + numbers.nodes);
  std::vector<std::vector<Stay>> stays(numbers.nodes);
  for (std::size_t i = 0; i < numbers.nodes; ++i) stays[i].reserve(static_cast<std::size_t>(graph.vertex(numbers.node(i)).visits));
  std::vector<std::size_t> seen(1 + numbers.nodes, SIZE_MAX);
  for (std::size_t c = 0; c < graph.customers(); ++c) {
    for_each_move(paths, c, [&](std::size_t source, std::size_t target, std::int64_t gap, const PathStep*) {
      if (source == numbers.start()) {
        out.first.push_back(static_cast<std::uint32_t>(target));
        if (target != numbers.observed()) ++out.began;
        return;
      }
      const bool open = target == numbers.observed() || gap > horizon;
      stays[source - 1].push_back(
          {std::min(gap, horizon + 1), open ? Group::censored : static_cast<std::uint32_t>(target), static_cast<std::uint32_t>(c)});
    });
    const auto follow = [&](std::size_t vertex, std::int64_t time) {
      if (paths.ending[c] < 0 && paths.ending_time[c] - time < horizon) return;
      if (std::exchange(seen[vertex], c) != c) ++out.followed[vertex];
    };
    if (out.first.back() == numbers.observed()) continue;
    follow(0, paths.offsets[c] < paths.offsets[c + 1] ? paths.steps[paths.offsets[c]].time : paths.ending_time[c]);
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) follow(numbers.node(paths.steps[i].node), paths.steps[i].time);
  }
  const auto order = [](const Stay& s) { return std::tuple{s.length, s.target, s.customer}; };
  parallel_for(stays.size(), run, [&](std::size_t i) {
    std::sort(stays[i].begin(), stays[i].end(), [&](const Stay& a, const Stay& b) { return order(a) < order(b); });
  });
  for (std::vector<Stay>& of_node : stays) {
    const std::size_t begin = out.groups.size();
    for (const Stay& stay : of_node) {
      if (out.groups.size() == begin || out.groups.back().length != stay.length || out.groups.back().target != stay.target)
        out.groups.push_back({stay.length, stay.target, out.who.size()});
      out.who.push_back(stay.customer);
    }
    out.offsets.push_back(out.groups.size());
    of_node = {};
  }
  return out;
}

/// Where the stays fall on a grid of equal steps over the horizon. A move after a time between two points counts for the one before and
/// the one after by nearness: F in between is then the line through both.
class Grid {
 public:
  /// Steps of a move in which it was seen: cells [first, last), by lag.
  struct Move {
    std::uint32_t target;  // a node
    std::size_t first, last;
  };
  struct Place {
    std::size_t at = 0;  // a move's cell; the point by which an outcome has come
    double later = 0;    // a move's share in the next cell
  };

  Grid(const Stays& stays, const VertexNumbers& numbers, std::size_t steps) : steps_(steps), horizon_(stays.horizon), places_(stays.groups.size()) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> wanted;  // target, lag
    for (std::size_t i = 0; i + 1 < stays.offsets.size(); ++i) {
      wanted.clear();
      for (std::size_t g = stays.offsets[i]; g < stays.offsets[i + 1]; ++g) {
        const Group& group = stays.groups[g];
        const auto [point, rest] = position(group.length);
        if (!is_move(group, numbers)) {
          places_[g].at = rest > 0 ? point + 1 : point;
          continue;
        }
        wanted.emplace_back(group.target, point);
        if (rest > 0) wanted.emplace_back(group.target, point + 1), exact_ = false;
      }
      std::sort(wanted.begin(), wanted.end());
      wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
      const std::size_t base = lags_.size();
      for (std::size_t g = stays.offsets[i]; g < stays.offsets[i + 1]; ++g) {
        const Group& group = stays.groups[g];
        if (!is_move(group, numbers)) continue;
        const auto [point, rest] = position(group.length);
        const auto found = std::lower_bound(wanted.begin(), wanted.end(), std::pair{group.target, point});
        places_[g] = {base + static_cast<std::size_t>(found - wanted.begin()), rest};
      }
      for (std::size_t w = 0; w < wanted.size(); ++w) {
        if (w == 0 || wanted[w].first != wanted[w - 1].first) moves_.push_back({wanted[w].first - 1, base + w, base + w});  // node i is vertex 1 + i
        ++moves_.back().last;
        lags_.push_back(wanted[w].second);
        instant_ = instant_ || wanted[w].second == 0;
      }
      offsets_.push_back(moves_.size());
    }
  }

  [[nodiscard]] std::size_t steps() const { return steps_; }
  [[nodiscard]] std::size_t cells() const { return lags_.size(); }
  [[nodiscard]] std::uint32_t lag(std::size_t cell) const { return lags_[cell]; }
  [[nodiscard]] std::span<const Move> moves(std::size_t node) const {
    return std::span(moves_).subspan(offsets_[node], offsets_[node + 1] - offsets_[node]);
  }
  [[nodiscard]] const Place& place(std::size_t group) const { return places_[group]; }
  /// Whether all moves fall on points of the grid: then it has no error.
  [[nodiscard]] bool exact() const { return exact_; }
  /// Whether any move falls into the first step, so that a point depends on itself.
  [[nodiscard]] bool instant() const { return instant_; }
  /// The first point later than a time below the horizon.
  [[nodiscard]] std::size_t after(std::int64_t length) const { return position(length).first + 1; }

 private:
  [[nodiscard]] std::pair<std::uint32_t, double> position(std::int64_t length) const {
    const Int128 scaled = static_cast<Int128>(length) * static_cast<Int128>(steps_);
    return {static_cast<std::uint32_t>(scaled / horizon_), static_cast<double>(scaled % horizon_) / static_cast<double>(horizon_)};
  }

  std::size_t steps_;
  std::int64_t horizon_;
  std::vector<std::size_t> offsets_ = {0};
  std::vector<Move> moves_;
  std::vector<std::uint32_t> lags_;
  std::vector<Place> places_;
  bool exact_ = true, instant_ = false;
};

/// The renewal equation for some draws at once, a draw a lane. Weights: a customer each.
template <std::size_t lanes>
class Renewal {
 public:
  using Lanes = std::array<double, lanes>;
  using Sums = std::array<std::uint64_t, lanes>;

  Renewal(const Stays& stays, const Grid& grid, const VertexNumbers& numbers, std::span<const Sums> weights)
      : stays_(stays),
        grid_(grid),
        numbers_(numbers),
        weights_(weights),
        ends_(numbers.outcomes + 1),
        points_(grid.steps() + 1),
        cells_(grid.cells()),
        come_(grid.cells()),
        F_(numbers.nodes * ends_ * points_) {
    for (std::size_t i = 0; i < numbers.nodes; ++i) fill(i);
  }

  /// F at the horizon, of START and the nodes: outcomes, then unknown.
  [[nodiscard]] std::vector<Lanes> solve(const Watch& watch = {}) {
    const Factors at_start = factors(come_), later = factors(cells_);
    for (std::size_t k = 0; k < points_; ++k) {
      if (watch && k % 32 == 0) watch(0);
      for (std::size_t i = 0; i < numbers_.nodes; ++i)
        for (std::size_t r = 0; r < ends_; ++r) f(i, r, k) = convolved(i, r, k);
      close(k == 0 ? at_start : later, k);
    }
    std::vector<Lanes> out((1 + numbers_.nodes) * ends_);
    for (std::size_t i = 0; i < numbers_.nodes; ++i)
      for (std::size_t r = 0; r < ends_; ++r) out[(1 + i) * ends_ + r] = f(i, r, grid_.steps());
    start(out);
    return out;
  }

 private:
  using Factors = std::vector<Eigen::PartialPivLU<Eigen::MatrixXd>>;  // a lane each; none: nothing moves in the first step

  Lanes& f(std::size_t node, std::size_t ending, std::size_t point) { return F_[(node * ends_ + ending) * points_ + point]; }

  [[nodiscard]] Sums weight(std::size_t group) const {
    Sums sum{};
    for (const std::uint32_t c : stays_.of(group))
      for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] += weights_[c][lane];
    return sum;
  }

  /// Aalen-Johansen of node i's stays: its increments, laid on the grid.
  void fill(std::size_t i) {
    const std::size_t begin = stays_.offsets[i], end = stays_.offsets[i + 1];
    if (begin == end) return;
    Sums at_risk{};
    for (std::size_t g = begin; g < end; ++g) {
      const Sums sum = weight(g);
      for (std::size_t lane = 0; lane < lanes; ++lane) at_risk[lane] += sum[lane];
    }
    std::array<ProductLimit, lanes> limit;
    for (std::size_t g = begin; g < end;) {
      const std::int64_t length = stays_.groups[g].length;
      Sums ended{}, censored{};
      for (; g < end && stays_.groups[g].length == length; ++g) {
        const Sums sum = weight(g);
        const bool is_end = stays_.groups[g].target != Group::censored;
        Lanes share{};
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          (is_end ? ended : censored)[lane] += sum[lane];
          if (is_end) share[lane] = limit[lane].share(static_cast<double>(sum[lane]), static_cast<double>(at_risk[lane]));
        }
        if (is_end) lay(i, g, share);
      }
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        if (ended[lane] > 0) limit[lane].pass(static_cast<double>(at_risk[lane] - ended[lane]), static_cast<double>(at_risk[lane]));
        at_risk[lane] -= ended[lane] + censored[lane];
      }
    }
    const std::int64_t longest = stays_.groups[end - 1].length;
    if (longest >= stays_.horizon) return;
    Lanes& unknown = f(i, numbers_.outcomes, grid_.after(longest));
    for (std::size_t lane = 0; lane < lanes; ++lane) unknown[lane] += limit[lane].survival();
  }

  void lay(std::size_t i, std::size_t group, const Lanes& share) {
    const std::uint32_t target = stays_.groups[group].target;
    const auto [at, later] = grid_.place(group);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (numbers_.is_ending(target)) {
        f(i, target - numbers_.outcome(0), at)[lane] += share[lane];
        continue;
      }
      cells_[at][lane] += (1 - later) * share[lane];
      if (later > 0) cells_[at + 1][lane] += later * share[lane], come_[at + 1][lane] += later * share[lane];
      else come_[at][lane] += share[lane];
    }
  }

  /// What the points before k add to F at k; F holds at k what ends there by itself. Of the cell at
  /// lag k only the moves that have come by then count, not those up to the next point.
  [[nodiscard]] Lanes convolved(std::size_t i, std::size_t r, std::size_t k) {
    Lanes sum = f(i, r, k);
    Lanes& own = own_[i * ends_ + r];
    for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] = own[lane] += sum[lane];
    for (const Grid::Move& move : grid_.moves(i)) {
      const Lanes* other = &f(move.target, r, 0);
      std::size_t cell = move.first;
      if (cell < move.last && grid_.lag(cell) == 0) ++cell;
      for (; cell < move.last && grid_.lag(cell) < k; ++cell) {
        const Lanes &weight = cells_[cell], &there = other[k - grid_.lag(cell)];
        for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] += weight[lane] * there[lane];
      }
      if (k == 0 || cell == move.last || grid_.lag(cell) != k) continue;
      for (std::size_t lane = 0; lane < lanes; ++lane) sum[lane] += come_[cell][lane] * other[0][lane];
    }
    return sum;
  }

  /// I less the moves without delay, factorised. Every walk ends, so that no set of nodes keeps all its weight without delay: it is regular.
  [[nodiscard]] Factors factors(const std::vector<Lanes>& cells) const {
    Factors out;
    if (!grid_.instant()) return out;
    const auto n = static_cast<Eigen::Index>(numbers_.nodes);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      Eigen::MatrixXd M = Eigen::MatrixXd::Identity(n, n);
      for (std::size_t i = 0; i < numbers_.nodes; ++i)
        for (const Grid::Move& move : grid_.moves(i))
          if (grid_.lag(move.first) == 0) M(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(move.target)) -= cells[move.first][lane];
      out.emplace_back(M);
    }
    return out;
  }

  /// Solves point k for the moves without delay.
  void close(const Factors& factors, std::size_t k) {
    if (factors.empty()) return;
    Eigen::MatrixXd right(static_cast<Eigen::Index>(numbers_.nodes), static_cast<Eigen::Index>(ends_));
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      for (std::size_t i = 0; i < numbers_.nodes; ++i)
        for (std::size_t r = 0; r < ends_; ++r) right(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(r)) = f(i, r, k)[lane];
      const Eigen::MatrixXd solved = factors[lane].solve(right);
      for (std::size_t i = 0; i < numbers_.nodes; ++i)
        for (std::size_t r = 0; r < ends_; ++r) f(i, r, k)[lane] = solved(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(r));
    }
  }

  /// START: the mixture of where walks began.
  void start(std::vector<Lanes>& out) const {
    std::vector<Sums> began(numbers_.size());
    Sums total{};
    for (std::size_t c = 0; c < stays_.first.size(); ++c) {
      if (stays_.first[c] == numbers_.observed()) continue;
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        began[stays_.first[c]][lane] += weights_[c][lane];
        total[lane] += weights_[c][lane];
      }
    }
    if (stays_.began == 0) return;
    for (std::size_t v = 1; v < numbers_.size(); ++v)
      for (std::size_t r = 0; r < ends_; ++r)
        for (std::size_t lane = 0; lane < lanes; ++lane) {
          const double reached = numbers_.is_ending(v) ? (v - numbers_.outcome(0) == r ? 1.0 : 0.0) : out[v * ends_ + r][lane];
          out[r][lane] += reached * (static_cast<double>(began[v][lane]) / static_cast<double>(total[lane]));
        }
  }

  const Stays& stays_;
  const Grid& grid_;
  VertexNumbers numbers_;
  std::span<const Sums> weights_;
  std::size_t ends_, points_;
  std::vector<Lanes> cells_, come_;  // a cell each: all of it, and of it the moves that have come by its point
  std::vector<Lanes> F_;             // by node, ending, point
  std::vector<Lanes> own_ = std::vector<Lanes>(numbers_.nodes * ends_);
};

/// The least and the most a share may be, by what the unknown turns out to be. Rounding must not turn never into 1e-17.
struct Bounds {
  double least = 0, most = 0;
};

inline double settled(double share) { return share < 1e-12 ? 0 : share > 1 - 1e-12 ? 1 : share; }

/// The bounds of a vertex's ending (an outcome, or neither) in one lane of F at the horizon.
template <std::size_t lanes>
Bounds bounds(const std::vector<std::array<double, lanes>>& F, std::size_t outcomes, std::size_t vertex, std::size_t ending, std::size_t lane) {
  const std::size_t first = vertex * (outcomes + 1);
  const double unknown = F[first + outcomes][lane];
  double share = 1 - unknown;
  for (std::size_t a = 0; a < outcomes; ++a) share -= F[first + a][lane];
  if (ending < outcomes) share = F[first + ending][lane];
  return {settled(share), settled(share + unknown)};
}

/// The most steps of the grid that draws are taken on: fewer for many moves, so that a draw stays affordable.
inline std::size_t most_steps(const JourneyGraph& graph) {
  const double work = static_cast<double>(boost::num_edges(graph.structure()) * (graph.numbers().outcomes + 1));
  return static_cast<std::size_t>(std::clamp(std::sqrt(6e7 / std::max(1.0, work)), 32.0, 512.0));
}

inline constexpr std::size_t refinement = 8;  // how many times as many steps the finest grid has

/// The largest divisor of n that is at most `most`, if it is not too coarse.
inline std::optional<std::size_t> coarser(std::int64_t n, std::size_t most) {
  for (std::size_t d = most; d >= std::max<std::size_t>(1, most / refinement); --d)
    if (n % static_cast<std::int64_t>(d) == 0) return d;
  return std::nullopt;
}

/// Steps of the grid on which all moves fall, if there is one of at most so many.
inline std::optional<std::size_t> lattice(const Stays& stays, const VertexNumbers& numbers, std::size_t most) {
  std::int64_t common = stays.horizon;
  for (const Group& group : stays.groups) {
    if (is_move(group, numbers)) common = std::gcd(common, group.length);
    if (stays.horizon / common > static_cast<std::int64_t>(most)) return std::nullopt;
  }
  return static_cast<std::size_t>(stays.horizon / common);
}

/// Steps of the first grid: dividing the lattice, or else the horizon's days, hours, minutes or seconds.
inline std::size_t first_steps(std::int64_t horizon, std::optional<std::size_t> lattice, std::size_t most) {
  if (lattice && *lattice <= most) return *lattice;
  if (lattice) return coarser(static_cast<std::int64_t>(*lattice), most).value_or(most);
  for (const Duration& unit : {days(1), hours(1), Duration{0, Micros{60 * micros_per_second}}, Duration{0, Micros{micros_per_second}}})
    if (horizon % unit.fixed.count() == 0)
      if (const auto steps = coarser(horizon / unit.fixed.count(), most)) return *steps;
  return most;
}

using Point = std::vector<std::array<double, 1>>;

/// F from the counts, on the first grid and on the last, and the one before the last.
struct Estimate {
  Point first, last, before;
};

inline double farthest(const Point& a, const Point& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::fabs(a[i][0] - b[i][0]));
  return most;
}

inline Estimate estimate(const Stays& stays, const Grid& first, std::optional<std::size_t> lattice, const VertexNumbers& numbers, const Run& run) {
  constexpr double tolerance = 0.0005;
  const std::vector<std::array<std::uint64_t, 1>> once(stays.first.size(), {1});
  const auto solved = [&](const Grid& grid) { return Renewal<1>(stays, grid, numbers, once).solve(run.watch); };
  Estimate out;
  out.first = out.last = out.before = solved(first);
  if (first.exact()) return out;
  if (lattice) {
    out.last = out.before = solved(Grid(stays, numbers, *lattice));
    return out;
  }
  bool settled_before = false;
  for (std::size_t steps = 2 * first.steps(); steps <= refinement * first.steps(); steps *= 2) {
    out.before = std::exchange(out.last, solved(Grid(stays, numbers, steps)));
    if (std::exchange(settled_before, farthest(out.before, out.last) <= tolerance) && settled_before) break;
  }
  return out;
}

/// Bounds of every draw, cell after cell: vertex v's ending a in draw d stands at (v·endings + a)·draws + d.
struct Drawn {
  std::vector<double> least, most;
};

inline Drawn drawn(const JourneyGraph& graph, const Stays& stays, const Grid& grid, const AbsorptionOptions& options) {
  constexpr std::size_t lanes = bootstrap_lanes;
  const VertexNumbers numbers = graph.numbers();
  const std::size_t cells = (1 + numbers.nodes) * (numbers.outcomes + 1), draws = options.draws;
  Drawn out{std::vector<double>(cells * draws), std::vector<double>(cells * draws)};
  parallel_for((draws + lanes - 1) / lanes, options.run, [&](std::size_t block) {
    std::vector<BootstrapLanes> weights(graph.customers());
    bootstrap_weights(options.seed, block, graph.paths().customer_key, weights);
    const auto F = Renewal<lanes>(stays, grid, numbers, weights).solve();
    for (std::size_t lane = 0; lane < lanes && block * lanes + lane < draws; ++lane)
      for (std::size_t cell = 0; cell < cells; ++cell) {
        const Bounds at = bounds(F, numbers.outcomes, cell / (numbers.outcomes + 1), cell % (numbers.outcomes + 1), lane);
        out.least[cell * draws + block * lanes + lane] = at.least;
        out.most[cell * draws + block * lanes + lane] = at.most;
      }
  });
  return out;
}

}  // namespace absorption_horizon_detail

/// One row for START and each node, and each outcome and then neither (its ending is `observed`).
/// @throws InvalidInput for a horizon of zero, a confidence outside (0, 1), no draws, or an outcome called "neither".
inline std::vector<HorizonRow> absorption(const JourneyGraph& graph, const Duration& horizon, const AbsorptionOptions& options = {}) {
  using namespace absorption_horizon_detail;
  check_confidence(options.interval);
  if (options.draws == 0) refuse("draws", "0", "at least 1");
  const VertexNumbers numbers = graph.numbers();
  if (std::ranges::find(graph.paths().outcomes, "neither") != graph.paths().outcomes.end())
    refuse("outcomes", "one called 'neither'", "other names, since tables call the rest so");
  const Stays stays = stays_of(graph, fixed_horizon(horizon).count(), options.run);
  const std::size_t most = most_steps(graph);
  const std::optional<std::size_t> common = lattice(stays, numbers, refinement * most);
  const Grid grid(stays, numbers, first_steps(stays.horizon, common, most));
  const Estimate F = estimate(stays, grid, common, numbers, options.run);
  Drawn shares = drawn(graph, stays, grid, options);

  std::vector<HorizonRow> rows;
  for (std::size_t v = 0; v <= numbers.nodes; ++v) {
    for (std::size_t a = 0; a <= numbers.outcomes; ++a) {
      HorizonRow row{v, numbers.outcome(a), v == numbers.start() ? stays.began : graph.vertex(v).customers};
      if (row.at_risk > 0) {
        const auto of = [&](const Point& point) { return bounds(point, numbers.outcomes, v, a, 0); };
        const Bounds first = of(F.first), last = of(F.last), before = of(F.before);
        const std::size_t cell = (v * (numbers.outcomes + 1) + a) * options.draws;
        const auto end = [&](std::vector<double>& draws, double Bounds::* side, double Interval::* which) {
          const double share = last.*side;
          const std::int64_t n = stays.followed[v];
          if (share == 0 || share == 1) return jeffreys_interval(share == 0 ? 0 : n, n, options.interval).*which;
          const double drawn_end = percentile_interval(std::span(draws).subspan(cell, options.draws), options.interval).*which;
          return drawn_end + (share - first.*side);
        };
        row.probability = last.least;
        row.low = std::clamp(end(shares.least, &Bounds::least, &Interval::low) - std::fabs(last.least - before.least), 0.0, 1.0);
        row.high = std::clamp(end(shares.most, &Bounds::most, &Interval::high) + std::fabs(last.most - before.most), 0.0, 1.0);
        row.unknown = settled(F.last[v * (numbers.outcomes + 1) + numbers.outcomes][0]);
      }
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace sojourn
