#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "sojourn/graph/absorption.hpp"
#include "walks.hpp"

using namespace sojourn;
using namespace sojourn::test;

namespace {

const AbsorptionRow& row_of(const std::vector<AbsorptionRow>& rows, std::size_t vertex, std::size_t ending) {
  for (const AbsorptionRow& row : rows)
    if (row.vertex == vertex && row.ending == ending) return row;
  throw InvalidInput("no such row");
}

bool same(const std::vector<AbsorptionRow>& a, const std::vector<AbsorptionRow>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].at_risk != b[i].at_risk || a[i].probability != b[i].probability || a[i].low != b[i].low || a[i].high != b[i].high) return false;
  return a.size() == b.size();
}

/// Absorption by iteration over real weights of customers: B = R + Q·B until it stands still.
std::map<std::pair<std::size_t, std::size_t>, double> iterated(const JourneyGraph& graph, const std::vector<double>& weight) {
  const std::size_t n = graph.numbers().size(), first = graph.numbers().outcome(0);
  std::vector<std::vector<double>> P(n, std::vector<double>(n)), B(n, std::vector<double>(n));
  for (std::size_t c = 0; c < graph.customers(); ++c)
    for_each_move(graph.paths(), c, [&](std::size_t s, std::size_t t, std::int64_t, const PathStep*) { P[s][t] += weight[c]; });
  for (auto& row : P) {
    double sum = 0;
    for (const double x : row) sum += x;
    if (sum > 0)
      for (double& x : row) x /= sum;
  }
  for (std::size_t a = first; a < n; ++a) B[a][a] = 1;
  for (int k = 0; k < 3000; ++k)
    for (std::size_t i = 0; i < first; ++i)
      for (std::size_t a = first; a < n; ++a) {
        double sum = 0;
        for (std::size_t j = 0; j < n; ++j) sum += P[i][j] * B[j][a];
        B[i][a] = sum;
      }
  std::map<std::pair<std::size_t, std::size_t>, double> out;
  for (std::size_t i = 0; i < first; ++i)
    for (std::size_t a = first; a < n; ++a) out[{i, a}] = B[i][a];
  return out;
}

}  // namespace

TEST_CASE("shares by hand: censored customers are in no outcome") {
  Paths paths = empty_paths(3, 1, false);
  add_walk(paths, 1, {{0, 0}, {1, 1}}, 0, 2);
  add_walk(paths, 2, {{0, 0}, {0, 1}}, -1, 2);
  add_walk(paths, 3, {{1, 0}}, 0, 2);
  add_walk(paths, 4, {}, -1, 2);
  const auto rows = absorption(JourneyGraph(share(paths)), {.interval = 0.9, .draws = 200, .seed = 1});
  enum : std::size_t { start, n0, n1, n2, left, observed };
  CHECK(rows.size() == 8);
  // n0: 1/3 on to n1, 1/3 itself, 1/3 observed: half leave. START: n0 1/2, n1 1/4, observed 1/4.
  CHECK(*row_of(rows, n0, left).probability == doctest::Approx(0.5));
  CHECK(*row_of(rows, start, left).probability == doctest::Approx(0.5));
  CHECK(row_of(rows, start, left).at_risk == 4);
  CHECK(row_of(rows, n0, left).at_risk == 2);
  // From n1 all leave: the boundary, where the interval is Jeffreys' with 2 customers.
  const AbsorptionRow &sure = row_of(rows, n1, left), &never = row_of(rows, n1, observed);
  CHECK(sure.probability == 1.0);
  CHECK(sure.low == jeffreys_interval(2, 2, 0.9).low);
  CHECK(sure.high == 1.0);
  CHECK(never.probability == 0.0);
  CHECK(never.low == 0.0);
  CHECK(never.high == jeffreys_interval(0, 2, 0.9).high);
  // Nobody visited n2.
  CHECK(row_of(rows, n2, left).at_risk == 0);
  CHECK_FALSE(row_of(rows, n2, left).probability);
  CHECK_FALSE(row_of(rows, n2, observed).low);
}

TEST_CASE("shares and intervals agree with iteration and weights applied customer by customer") {
  for (std::uint64_t seed = 1; seed < 6; ++seed) {
    const JourneyGraph graph(share(random_walks(seed, {.customers = 60 * seed, .nodes = 5, .outcomes = 2})));
    const std::size_t draws = 41;
    const auto rows = absorption(graph, {.interval = 0.8, .draws = draws, .seed = seed});
    const auto shares = iterated(graph, std::vector<double>(graph.customers(), 1.0));
    std::map<std::pair<std::size_t, std::size_t>, std::vector<double>> drawn;
    for (std::size_t d = 0; d < draws; ++d) {
      const std::vector<double> weight = bootstrap_draw(graph.paths(), seed, d);
      for (const auto& [cell, share_] : iterated(graph, weight)) drawn[cell].push_back(share_);
    }
    for (const AbsorptionRow& row : rows) {
      const std::pair cell{row.vertex, row.ending};
      if (row.at_risk == 0) continue;
      CHECK(*row.probability == doctest::Approx(shares.at(cell)).epsilon(1e-9));
      if (*row.probability == 0 || *row.probability == 1) continue;
      const Interval interval = percentile_interval(drawn[cell], 0.8);
      CHECK(*row.low == doctest::Approx(interval.low).epsilon(1e-7));
      CHECK(*row.high == doctest::Approx(interval.high).epsilon(1e-7));
    }
  }
}

TEST_CASE("a plain proportion gets the posterior interval of a proportion") {
  Paths paths = empty_paths(1, 1, false);
  for (std::uint64_t c = 0; c < 400; ++c) add_walk(paths, c * 7919, {{0, 0}}, c % 4 == 0 ? 0 : -1, 1);
  const auto rows = absorption(JourneyGraph(share(paths)), {.interval = 0.9, .draws = 4000, .seed = 3});
  const AbsorptionRow& row = row_of(rows, 1, 2);
  CHECK(*row.probability == doctest::Approx(0.25));
  const double half = 1.644854 * std::sqrt(0.25 * 0.75 / 400);
  CHECK(*row.low == doctest::Approx(0.25 - half).epsilon(0.02));
  CHECK(*row.high == doctest::Approx(0.25 + half).epsilon(0.02));
}

TEST_CASE("neither threads nor the order of customers nor customers' neighbours in a task show") {
  // More customers than one task takes, so that tasks of one block are merged.
  const Paths paths = random_walks(11, {.customers = 250'000, .nodes = 4, .outcomes = 2});
  const JourneyGraph graph(share(paths)), other(share(reversed(paths)));
  const auto one = absorption(graph, {.draws = 10, .seed = 5, .run = {1}});
  CHECK(same(one, absorption(graph, {.draws = 10, .seed = 5, .run = {4}})));
  CHECK(same(one, absorption(other, {.draws = 10, .seed = 5, .run = {3}})));
  CHECK_FALSE(same(one, absorption(graph, {.draws = 10, .seed = 6})));
}

TEST_CASE("one customer, no customers, bad options") {
  Paths paths = empty_paths(2, 0, false);
  const auto nobody = absorption(JourneyGraph(share(paths)));
  CHECK(nobody.size() == 3);
  CHECK_FALSE(nobody.front().probability);
  add_walk(paths, 1, {{1, 0}, {1, 0}, {0, 5}}, -1, 9);
  const JourneyGraph graph(share(paths));
  for (const AbsorptionRow& row : absorption(graph, {.draws = 3})) {
    CHECK(row.probability == 1.0);
    CHECK(row.at_risk == 1);
    CHECK(*row.low > 0);
    CHECK(row.high == 1.0);
  }
  CHECK_THROWS_AS(absorption(graph, {.interval = 1.0}), InvalidInput);
  CHECK_THROWS_AS(absorption(graph, {.draws = 0}), InvalidInput);
}
