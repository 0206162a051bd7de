#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>

#include "sojourn/graph/components.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/merge_paths.hpp"
#include "sojourn/graph/visitors.hpp"
#include "walks.hpp"

using namespace sojourn;
using namespace sojourn::test;

namespace {

const JourneyEdge* edge_between(const JourneyGraph& graph, std::size_t source, std::size_t target) {
  const auto [edge, exists] = boost::edge(source, target, graph.structure());
  return exists ? &graph.structure()[edge] : nullptr;
}

/// Ann: n0 at 0 (worth 5), n0 at 10 (7), n1 at 40, leaves at 100. Bob: n1 at 5 (2), still observed at 50. Cat: nothing, still observed.
Paths three_customers() {
  Paths paths = empty_paths(3, 1, true);
  add_walk(paths, 1, {{0, 0, 5}, {0, 10, 7}, {1, 40}}, 0, 100, 12);
  add_walk(paths, 2, {{1, 5, 2}}, -1, 50, 4);
  add_walk(paths, 3, {}, -1, 50);
  return paths;
}

/// Everything the graph says, counted again edge by edge in the plainest way.
struct Recount {
  struct Edge {
    std::int64_t count = 0;
    std::set<std::size_t> customers;
    std::int64_t gaps = 0;
    double value = 0, customers_value = 0;
  };
  struct Vertex {
    std::int64_t visits = 0, censored = 0, stayed = 0;
    std::set<std::size_t> customers;
    double value = 0;
  };
  std::map<std::pair<std::size_t, std::size_t>, Edge> edges;
  std::map<std::size_t, Vertex> vertices;

  explicit Recount(const Paths& paths) {
    const std::size_t first_outcome = 1 + paths.nodes.size(), observed = first_outcome + paths.outcomes.size();
    for (std::size_t c = 0; c < paths.ending.size(); ++c) {
      std::vector<std::size_t> at{0};
      std::vector<std::int64_t> time{0};
      std::vector<double> value{0};
      for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
        at.push_back(1 + paths.steps[i].node);
        time.push_back(paths.steps[i].time);
        value.push_back(std::isnan(paths.steps[i].value) ? 0 : paths.steps[i].value);
      }
      at.push_back(paths.ending[c] < 0 ? observed : first_outcome + static_cast<std::size_t>(paths.ending[c]));
      time.push_back(paths.ending_time[c]);
      value.push_back(0);
      for (std::size_t i = 0; i < at.size(); ++i) {
        Vertex& vertex = vertices[at[i]];
        ++vertex.visits;
        vertex.customers.insert(c);
        vertex.value += value[i];
        if (i + 1 == at.size()) continue;
        if (at[i + 1] == observed) ++vertex.censored;
        else vertex.stayed += time[i + 1] - time[i];
        Edge& edge = edges[{at[i], at[i + 1]}];
        ++edge.count;
        edge.gaps += time[i + 1] - time[i];
        edge.value += value[i + 1];
        if (edge.customers.insert(c).second && !std::isnan(paths.customer_value[c])) edge.customers_value += paths.customer_value[c];
      }
    }
  }
};

void check_against_recount(const JourneyGraph& graph) {
  const Recount recount(graph.paths());
  const VertexNumbers number = graph.numbers();
  CHECK(boost::num_edges(graph.structure()) == recount.edges.size());
  std::map<std::size_t, double> total;
  auto next = recount.edges.begin();  // edges come by source, then target
  for (auto [e, end] = boost::edges(graph.structure()); e != end; ++e, ++next) {
    const auto source = boost::source(*e, graph.structure()), target = boost::target(*e, graph.structure());
    REQUIRE(next->first == std::pair{source, target});
    const JourneyEdge& edge = graph.structure()[*e];
    const Recount::Edge& expected = next->second;
    CHECK(edge.count == expected.count);
    CHECK(edge.customers == static_cast<std::int64_t>(expected.customers.size()));
    CHECK(edge.mean_gap.has_value() == (source != number.start() && target != number.observed()));
    if (edge.mean_gap) CHECK(*edge.mean_gap == doctest::Approx(static_cast<double>(expected.gaps) / 1e6 / static_cast<double>(expected.count)));
    CHECK(edge.value.has_value() == (graph.paths().has_value && target < number.outcome(0)));
    if (edge.value) CHECK(*edge.value == doctest::Approx(expected.value));
    CHECK(edge.customers_value.has_value() == graph.paths().has_value);
    if (edge.customers_value) CHECK(*edge.customers_value == doctest::Approx(expected.customers_value));
    total[source] += edge.probability;
  }
  for (const auto& [source, sum] : total) CHECK(sum == doctest::Approx(1));
  for (std::size_t v = 0; v < number.size(); ++v) {
    const JourneyVertex& vertex = graph.vertex(v);
    const auto found = recount.vertices.find(v);
    const Recount::Vertex expected = found == recount.vertices.end() ? Recount::Vertex{} : found->second;
    const bool moment = vertex.kind == VertexKind::moment;
    CHECK(vertex.visits == expected.visits);
    CHECK(vertex.customers == static_cast<std::int64_t>(expected.customers.size()));
    CHECK(vertex.censored == (moment ? expected.censored : 0));
    CHECK(vertex.mean_sojourn.has_value() == (moment && expected.visits > expected.censored));
    if (vertex.mean_sojourn)
      CHECK(*vertex.mean_sojourn ==
            doctest::Approx(static_cast<double>(expected.stayed) / 1e6 / static_cast<double>(expected.visits - expected.censored)));
    CHECK(vertex.value.has_value() == (moment && graph.paths().has_value));
    if (vertex.value) CHECK(*vertex.value == doctest::Approx(expected.value));
  }
}

bool same(const JourneyGraph& a, const JourneyGraph& b) {
  if (boost::num_edges(a.structure()) != boost::num_edges(b.structure())) return false;
  for (auto [e, end] = boost::edges(a.structure()); e != end; ++e) {
    const JourneyEdge *x = &a.structure()[*e], *y = edge_between(b, boost::source(*e, a.structure()), boost::target(*e, a.structure()));
    if (y == nullptr || x->count != y->count || x->customers != y->customers || x->mean_gap != y->mean_gap || x->value != y->value ||
        x->customers_value != y->customers_value || x->probability != y->probability)
      return false;
  }
  for (std::size_t v = 0; v < a.numbers().size(); ++v) {
    const JourneyVertex &x = a.vertex(v), &y = b.vertex(v);
    if (x.visits != y.visits || x.customers != y.customers || x.censored != y.censored || x.mean_sojourn != y.mean_sojourn || x.value != y.value)
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("three customers, by hand") {
  const JourneyGraph graph(share(three_customers()));
  enum : std::size_t { start, n0, n1, n2, left, observed };
  CHECK(graph.vertex(start).visits == 3);
  CHECK(graph.vertex(n0).visits == 2);
  CHECK(graph.vertex(n0).customers == 1);
  CHECK(graph.vertex(n0).mean_sojourn == 20);  // 10 and 30 seconds
  CHECK(graph.vertex(n0).value == 12);
  CHECK(graph.vertex(n1).visits == 2);
  CHECK(graph.vertex(n1).censored == 1);
  CHECK(graph.vertex(n1).mean_sojourn == 60);  // Ann's; Bob's is censored
  CHECK(graph.vertex(n1).value == 2);
  CHECK(graph.vertex(n2).visits == 0);
  CHECK_FALSE(graph.vertex(n2).mean_sojourn);
  CHECK(graph.vertex(left).customers == 1);
  CHECK(graph.vertex(observed).customers == 2);
  CHECK(graph.vertex(n1).name == "Node 1");
  CHECK(graph.vertex(n1).stage == "odd");

  CHECK(boost::num_edges(graph.structure()) == 7);
  const JourneyEdge* loop = edge_between(graph, n0, n0);
  REQUIRE(loop != nullptr);
  CHECK(loop->count == 1);
  CHECK(loop->mean_gap == 10);
  CHECK(loop->value == 7);
  CHECK(loop->customers_value == 12);
  CHECK(loop->probability == 0.5);
  const JourneyEdge* exit = edge_between(graph, n1, left);
  REQUIRE(exit != nullptr);
  CHECK(exit->mean_gap == 60);
  CHECK_FALSE(exit->value);
  CHECK(exit->customers_value == 12);
  const JourneyEdge* stays = edge_between(graph, n1, observed);
  REQUIRE(stays != nullptr);
  CHECK_FALSE(stays->mean_gap);
  CHECK(stays->customers_value == 4);
  CHECK(edge_between(graph, start, observed)->count == 1);
  CHECK(edge_between(graph, start, observed)->customers_value == 0);
  CHECK_FALSE(edge_between(graph, start, n0)->mean_gap);
  CHECK(edge_between(graph, start, n0)->value == 5);
}

TEST_CASE("generated walks agree with a plain recount, for any threads and any order of customers") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const World world{.customers = 1 + seed * 40, .nodes = 1 + seed % 9, .outcomes = seed % 4, .has_value = seed % 3 != 0};
    const Paths paths = random_walks(seed, world);
    const JourneyGraph one(share(paths), {1}), four(share(paths), {4}), backwards(share(reversed(paths)), {3});
    check_against_recount(one);
    CHECK(same(one, four));
    CHECK(same(one, backwards));
  }
}

TEST_CASE("the graph of merged halves is the graph of the whole, bit for bit") {
  const Paths whole = random_walks(17, {.customers = 501});
  Paths halves[2] = {empty_paths(6, 2, true), empty_paths(6, 2, true)};
  for (std::size_t c = 0; c < whole.ending.size(); ++c) copy_walk(halves[c % 3 == 0], whole, c);
  halves[0].after_outcome = 3;
  halves[1].after_outcome = 4;
  const Paths merged = merge(halves[1], halves[0]);
  CHECK(merged.after_outcome == 7);
  CHECK(same(JourneyGraph(share(whole)), JourneyGraph(share(merged))));

  CHECK_THROWS_AS(merge(merged, halves[0]), InvalidInput);
  CHECK_THROWS_AS(merge(whole, empty_paths(5, 2, true)), InvalidInput);
  CHECK_THROWS_AS(merge(whole, empty_paths(6, 1, true)), InvalidInput);
  CHECK_THROWS_AS(merge(whole, empty_paths(6, 2, false)), InvalidInput);
  CHECK(same(JourneyGraph(share(merge(whole, empty_paths(6, 2, true)))), JourneyGraph(share(whole))));
}

TEST_CASE("visitors of several nodes are counted once") {
  const Paths paths = three_customers();
  using Nodes = std::vector<std::uint32_t>;
  CHECK(visitors(paths, Nodes{0, 1, 2}) == 2);
  CHECK(visitors(paths, Nodes{0}) == 1);
  CHECK(visitors(paths, Nodes{1, 1}) == 2);
  CHECK(visitors(paths, Nodes{2}) == 0);
  CHECK(visitors(paths, Nodes{}) == 0);
}

TEST_CASE("many nodes: beyond the dense arrays") {
  const JourneyGraph graph(share(random_walks(5, {.customers = 3000, .nodes = 1500, .outcomes = 1})), {4});
  check_against_recount(graph);
}

TEST_CASE("no customers, one customer, no nodes") {
  const JourneyGraph nobody(share(empty_paths(2, 1, true)));
  CHECK(nobody.customers() == 0);
  CHECK(boost::num_edges(nobody.structure()) == 0);
  CHECK(nobody.vertex(1).value == 0);

  Paths single = empty_paths(1, 0, false);
  add_walk(single, 9, {{0, 3}}, -1, 3);
  const JourneyGraph one(share(single));
  check_against_recount(one);
  CHECK(edge_between(one, 1, 2)->probability == 1);

  Paths bare = empty_paths(0, 1, false);
  add_walk(bare, 1, {}, 0, 5);
  const JourneyGraph straight(share(bare));
  check_against_recount(straight);
  CHECK_FALSE(edge_between(straight, 0, 1)->mean_gap);
}

TEST_CASE("paths that contradict themselves are refused") {
  const auto refused = [](const auto& spoil) {
    Paths paths = three_customers();
    spoil(paths);
    CHECK_THROWS_AS(JourneyGraph(share(paths), {2}), InvalidInput);
  };
  refused([](Paths& p) { p.ending.pop_back(); });
  refused([](Paths& p) { p.customer_key.pop_back(); });
  refused([](Paths& p) { p.steps.pop_back(); });
  refused([](Paths& p) { p.offsets[1] = 4, p.offsets[2] = 3; });
  refused([](Paths& p) { p.ending[1] = 1; });
  refused([](Paths& p) { p.steps[2].node = 3; });
  refused([](Paths& p) { p.steps[1].time = -1; });
  refused([](Paths& p) { p.ending_time[0] = 0; });
  refused([](Paths& p) { p.outcomes[0] = "n1"; });
  refused([](Paths& p) { p.nodes[0].id = "observed"; });
  Paths paths = three_customers();
  paths.nodes[2].id = "n0";
  CHECK_THROWS_WITH_AS(JourneyGraph(share(paths)),
                       "journey graph, node 'n0': found that id twice, expected ids of nodes and outcomes apart, and none called START or observed",
                       InvalidInput);
}

TEST_CASE("components are the sets of nodes that reach each other") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const std::size_t n = 1 + seed % 12;
    const JourneyGraph graph(share(random_walks(seed, {.customers = seed, .nodes = n, .outcomes = 1})));
    std::vector<std::vector<bool>> reach(n, std::vector<bool>(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) reach[i][j] = i == j || edge_between(graph, 1 + i, 1 + j) != nullptr;
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) reach[i][j] = reach[i][j] || (reach[i][k] && reach[k][j]);
    const std::vector<ComponentRow> rows = components(graph);
    REQUIRE(rows.size() == n);
    std::size_t seen = 0;  // components are numbered in lane order
    for (std::size_t i = 0; i < n; ++i) {
      std::size_t size = 0;
      for (std::size_t j = 0; j < n; ++j) {
        const bool together = reach[i][j] && reach[j][i];
        CHECK((rows[i].component == rows[j].component) == together);
        size += together ? 1u : 0u;
      }
      CHECK(rows[i].vertex == 1 + i);
      CHECK(rows[i].size == size);
      CHECK(rows[i].component <= seen);
      seen = std::max(seen, rows[i].component + 1);
    }
  }
}
