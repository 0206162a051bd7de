// The journey graph: how customers really move, with counts, customers, time and value on every edge.
//
// Directly-follows counts of the customers' walks: START, the nodes, one vertex an outcome, and `observed`, where the walk of a customer
// ends who reached no outcome while observed: such a customer is never counted into an outcome. A step's gap is the time to the next step
// or to the outcome; from START there is none, and into `observed` only a censored one, which no mean includes.
//
// Counted in dense arrays, parallel over customers; sums are exact, so that neither threads nor the order of customers show in any bit.
// O(steps) time, O(edges) memory beside the paths. Boost.Graph holds the structure, for algorithms on it. For counts of raw events
// without outcomes `transitions` needs less.
#pragma once

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

enum class VertexKind : std::uint8_t { start, moment, outcome, observed };

inline const char* to_string(VertexKind kind) {
  static constexpr const char* names[] = {"start", "moment", "outcome", "observed"};
  return names[static_cast<std::size_t>(kind)];
}

/// START, a node of the journey, an outcome, or `observed`.
struct JourneyVertex {
  VertexKind kind = VertexKind::moment;
  std::string id = {}, name = {}, stage = {};
  std::int64_t visits = 0;                  // START, outcomes, observed: customers who start, end there
  std::int64_t customers = 0;               // distinct
  std::int64_t censored = 0;                // visits whose end was not observed: the last ones of customers still observed
  std::optional<double> mean_sojourn = {};  // seconds from a visit to the next step or the outcome, over uncensored visits; moments only
  std::optional<double> value = {};         // sum of the steps' values; none for START, outcomes, observed, and logs without values
};

/// A move from one vertex to the next.
struct JourneyEdge {
  std::int64_t count = 0;
  std::int64_t customers = 0;                  // distinct
  std::optional<double> mean_gap = {};         // seconds; none from START and into observed
  std::optional<double> value = {};            // sum of the values of the steps arrived at; none into outcomes and observed
  std::optional<double> customers_value = {};  // sum over the distinct customers of all that each was worth
  double probability = 0;                      // count / all moves from the source
};

/// The numbers of the vertices: START, the nodes in lane order, the outcomes, observed.
struct VertexNumbers {
  std::size_t nodes = 0, outcomes = 0;

  [[nodiscard]] std::size_t start() const { return 0; }
  [[nodiscard]] std::size_t node(std::size_t i) const { return 1 + i; }
  [[nodiscard]] std::size_t outcome(std::size_t k) const { return 1 + nodes + k; }
  [[nodiscard]] std::size_t observed() const { return 1 + nodes + outcomes; }
  /// Where a walk with that ending (an outcome's number, or -1) ends.
  [[nodiscard]] std::size_t ending(std::int32_t outcome_or_none) const {
    return outcome_or_none < 0 ? observed() : outcome(static_cast<std::size_t>(outcome_or_none));
  }
  [[nodiscard]] bool is_ending(std::size_t vertex) const { return vertex > nodes; }
  [[nodiscard]] std::size_t size() const { return 2 + nodes + outcomes; }
};

/// Numbers kept for pairs of vertices, dense while that is small, hashed beyond. `none` where nothing was put.
class EdgeNumbers {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  explicit EdgeNumbers(std::size_t vertices) : side_(vertices), dense_(vertices * vertices <= dense_limit ? vertices * vertices : 0, none) {}

  std::uint32_t& at(std::size_t source, std::size_t target) {
    const std::size_t key = source * side_ + target;
    return dense_.empty() ? sparse_.try_emplace(key, none).first->second : dense_[key];
  }
  [[nodiscard]] std::uint32_t find(std::size_t source, std::size_t target) const {
    const std::size_t key = source * side_ + target;
    if (!dense_.empty()) return dense_[key];
    const auto found = sparse_.find(key);
    return found == sparse_.end() ? none : found->second;
  }

 private:
  static constexpr std::size_t dense_limit = std::size_t{1} << 20;
  std::size_t side_;
  std::vector<std::uint32_t> dense_;
  std::unordered_map<std::size_t, std::uint32_t> sparse_;
};

/// Calls f(source, target, gap, step) for each move of customer c: vertices, microseconds since the step left (0 from START), and the step
/// arrived at (nullptr into an ending).
template <class F>
void for_each_move(const Paths& paths, std::size_t c, const F& f) {
  const VertexNumbers numbers{paths.nodes.size(), paths.outcomes.size()};
  std::size_t source = numbers.start();
  std::int64_t left = 0;
  const auto move = [&](std::size_t target, std::int64_t time, const PathStep* step) {
    f(source, target, source == numbers.start() ? std::int64_t{0} : time - left, step);
    source = target;
    left = time;
  };
  for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) move(numbers.node(paths.steps[i].node), paths.steps[i].time, &paths.steps[i]);
  move(numbers.ending(paths.ending[c]), paths.ending_time[c], nullptr);
}

/// An immutable value: the counted graph, and the paths that it was counted from.
class JourneyGraph {
 public:
  using Structure = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS, JourneyVertex, JourneyEdge>;

  /// @throws InvalidInput when the paths contradict themselves (sizes, numbers, times that run backwards), or an id stands twice.
  explicit JourneyGraph(std::shared_ptr<const Paths> paths, const Run& run = {});

  [[nodiscard]] const Paths& paths() const { return *paths_; }
  [[nodiscard]] const std::shared_ptr<const Paths>& shared_paths() const { return paths_; }
  [[nodiscard]] std::size_t customers() const { return paths_->ending.size(); }
  [[nodiscard]] VertexNumbers numbers() const { return {paths_->nodes.size(), paths_->outcomes.size()}; }

  /// Vertices as VertexNumbers has them; edges by source, then target.
  [[nodiscard]] const Structure& structure() const { return structure_; }
  [[nodiscard]] const JourneyVertex& vertex(std::size_t v) const { return structure_[v]; }

 private:
  std::shared_ptr<const Paths> paths_;
  Structure structure_;
};

namespace journey_graph_detail {

struct Cell {
  std::size_t source = 0, target = 0;
  std::int64_t count = 0, customers = 0;
  Int128 gaps = 0;  // microseconds; a 64-bit total would overflow at 10M steps over decades
  ExactSum value = {}, customers_value = {};

  void merge(const Cell& other) {
    count += other.count;
    customers += other.customers;
    gaps += other.gaps;
    value.merge(other.value);
    customers_value.merge(other.customers_value);
  }
};

/// What some customers' walks add up to.
struct Tally {
  std::vector<Cell> cells;              // by source, then target
  std::vector<std::int64_t> customers;  // distinct, a vertex each
};

inline void check_shape(const Paths& paths) {
  const std::size_t customers = paths.ending.size();
  const auto check = [&](const char* what, std::size_t found, std::size_t expected) {
    if (found != expected) refuse(std::string("paths: ") + what, std::to_string(found), std::to_string(expected));
  };
  check("offsets", paths.offsets.size(), customers + 1);
  check("times of ending", paths.ending_time.size(), customers);
  check("values of customers", paths.customer_value.size(), customers);
  check("keys of customers", paths.customer_key.size(), customers);
  check("the first offset", paths.offsets.front(), 0);
  check("the last offset", paths.offsets.back(), paths.steps.size());
  if (!std::is_sorted(paths.offsets.begin(), paths.offsets.end())) refuse("paths: offsets", "one below the one before it", "offsets that never fall");
}

/// Tables name vertices by id alone, so that an id must not stand twice.
inline void check_ids(const Paths& paths) {
  std::unordered_set<std::string> known{"START", "observed"};
  const auto check = [&](const std::string& what, const std::string& id) {
    if (!known.insert(id).second)
      refuse("journey graph, " + what + " '" + id + "'", "that id twice", "ids of nodes and outcomes apart, and none called START or observed");
  };
  for (const PathNode& node : paths.nodes) check("node", node.id);
  for (const std::string& outcome : paths.outcomes) check("outcome", outcome);
}

inline void check_customer(const Paths& paths, std::size_t c) {
  const auto fail = [&](const char* found, const char* expected) { refuse("paths: customer number " + std::to_string(c), found, expected); };
  if (paths.ending[c] < -1 || paths.ending[c] >= static_cast<std::int32_t>(paths.outcomes.size()))
    fail("an unknown outcome", "the number of an outcome, or -1");
  for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
    if (paths.steps[i].node >= paths.nodes.size()) fail("a step to an unknown node", "the number of a node");
    const bool last = i + 1 == paths.offsets[c + 1];
    if (paths.steps[i].time > (last ? paths.ending_time[c] : paths.steps[i + 1].time))
      fail("a time before the one ahead of it", "steps in order of time, then the ending");
  }
}

inline void add_known(ExactSum& sum, double value) {
  if (!std::isnan(value)) sum.add(value);
}

inline void sort_cells(std::vector<Cell>& cells) {
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) { return std::pair{a.source, a.target} < std::pair{b.source, b.target}; });
}

inline Tally count_part(const Paths& paths, Slice part) {
  const std::size_t vertices = VertexNumbers{paths.nodes.size(), paths.outcomes.size()}.size();
  Tally tally{{}, std::vector<std::int64_t>(vertices)};
  EdgeNumbers numbers(vertices);
  // Who was last seen at a vertex or an edge: customers come one after another, so that it tells whether this one is new there.
  std::vector<std::size_t> at_vertex(vertices, SIZE_MAX), at_cell;
  const auto is_new = [](std::size_t& last, std::size_t c) { return std::exchange(last, c) != c; };
  for (std::size_t c = part.begin; c < part.end; ++c) {
    check_customer(paths, c);
    ++tally.customers[0];
    for_each_move(paths, c, [&](std::size_t source, std::size_t target, std::int64_t gap, const PathStep* step) {
      std::uint32_t& number = numbers.at(source, target);
      if (number == EdgeNumbers::none) {
        number = static_cast<std::uint32_t>(tally.cells.size());
        tally.cells.push_back({source, target});
        at_cell.push_back(SIZE_MAX);
      }
      Cell& cell = tally.cells[number];
      ++cell.count;
      cell.gaps += gap;
      if (is_new(at_vertex[target], c)) ++tally.customers[target];
      const bool new_here = is_new(at_cell[number], c);
      if (new_here) ++cell.customers;
      if (!paths.has_value) return;
      if (new_here) add_known(cell.customers_value, paths.customer_value[c]);
      if (step != nullptr) add_known(cell.value, step->value);
    });
  }
  return tally;
}

inline Tally count(const Paths& paths, const Run& run) {
  const std::vector<Slice> parts = slices(paths.ending.size(), run.count() == 1 ? 1 : 4 * run.count());
  std::vector<Tally> tallies(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t p) { tallies[p] = count_part(paths, parts[p]); });
  Tally total = std::move(tallies.front());
  for (std::size_t p = 1; p < tallies.size(); ++p) {
    total.cells.insert(total.cells.end(), tallies[p].cells.begin(), tallies[p].cells.end());
    for (std::size_t v = 0; v < total.customers.size(); ++v) total.customers[v] += tallies[p].customers[v];
  }
  sort_cells(total.cells);
  std::vector<Cell> merged;
  for (const Cell& cell : total.cells) {
    if (merged.empty() || merged.back().source != cell.source || merged.back().target != cell.target) merged.push_back(cell);
    else merged.back().merge(cell);
  }
  total.cells = std::move(merged);
  return total;
}

inline double mean_seconds(Int128 total, std::int64_t count) {
  return static_cast<double>(total) / static_cast<double>(count) / static_cast<double>(micros_per_second);
}

inline std::vector<JourneyVertex> named_vertices(const Paths& paths) {
  std::vector<JourneyVertex> out;
  out.push_back({VertexKind::start, "START", "START"});
  for (const PathNode& node : paths.nodes) out.push_back({VertexKind::moment, node.id, node.name.empty() ? node.id : node.name, node.stage});
  for (std::size_t o = 0; o < paths.outcomes.size(); ++o)
    out.push_back({VertexKind::outcome, paths.outcomes[o], paths.outcome_names.empty() ? paths.outcomes[o] : paths.outcome_names[o]});
  out.push_back({VertexKind::observed, "observed", "observed"});
  return out;
}

/// A vertex's figures are sums over its edges: visits and value over those that arrive, time over those that leave and are not censored.
inline std::vector<JourneyVertex> summed_vertices(const Paths& paths, const Tally& tally) {
  const VertexNumbers numbers{paths.nodes.size(), paths.outcomes.size()};
  std::vector<JourneyVertex> vertices = named_vertices(paths);
  std::vector<ExactSum> value(vertices.size());
  std::vector<Int128> stayed(vertices.size());
  for (const Cell& cell : tally.cells) {
    vertices[cell.target].visits += cell.count;
    value[cell.target].merge(cell.value);
    if (cell.target == numbers.observed()) vertices[cell.source].censored = cell.count;
    else stayed[cell.source] += cell.gaps;
  }
  vertices[numbers.start()].visits = tally.customers[numbers.start()];
  vertices[numbers.start()].censored = 0;  // nobody dwells in START
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    JourneyVertex& vertex = vertices[v];
    vertex.customers = tally.customers[v];
    if (vertex.kind != VertexKind::moment) continue;
    if (vertex.visits > vertex.censored) vertex.mean_sojourn = mean_seconds(stayed[v], vertex.visits - vertex.censored);
    if (paths.has_value) vertex.value = value[v].value();
  }
  return vertices;
}

}  // namespace journey_graph_detail

inline JourneyGraph::JourneyGraph(std::shared_ptr<const Paths> paths, const Run& run) : paths_(std::move(paths)) {
  namespace detail_ = journey_graph_detail;
  detail_::check_shape(*paths_);
  detail_::check_ids(*paths_);
  const detail_::Tally tally = detail_::count(*paths_, run);
  const VertexNumbers number = numbers();

  std::vector<std::int64_t> leaving(number.size());
  for (const detail_::Cell& cell : tally.cells) leaving[cell.source] += cell.count;
  for (JourneyVertex& vertex : detail_::summed_vertices(*paths_, tally)) boost::add_vertex(std::move(vertex), structure_);
  for (const detail_::Cell& cell : tally.cells) {
    JourneyEdge edge{cell.count, cell.customers};
    if (cell.source != number.start() && cell.target != number.observed()) edge.mean_gap = detail_::mean_seconds(cell.gaps, cell.count);
    if (paths_->has_value && !number.is_ending(cell.target)) edge.value = cell.value.value();
    if (paths_->has_value) edge.customers_value = cell.customers_value.value();
    edge.probability = static_cast<double>(cell.count) / static_cast<double>(leaving[cell.source]);
    boost::add_edge(cell.source, cell.target, edge, structure_);
  }
}

}  // namespace sojourn
