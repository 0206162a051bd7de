#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/absorption_horizon.hpp"
#include "sojourn/graph/dominators.hpp"
#include "sojourn/graph/likely_paths.hpp"
#include "sojourn/graph/loops.hpp"
#include "sojourn/graph/min_cut.hpp"
#include "sojourn/graph/must_pass.hpp"
#include "sojourn/graph/ranking.hpp"
#include "sojourn/graph/removal_effects.hpp"
#include "walks.hpp"

using namespace sojourn;
using namespace sojourn::test;

namespace {

bool same(const std::vector<RemovalEffect>& a, const std::vector<RemovalEffect>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const RemovalEffect& x, const RemovalEffect& y) {
    return x.customers == y.customers && x.effect == y.effect && x.low == y.low && x.high == y.high && x.lift == y.lift && x.credit == y.credit;
  });
}

bool same(const Ranking& a, const Ranking& b) {
  return a.ranked == b.ranked &&
         std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), [](const RankedMoment& x, const RankedMoment& y) {
           return x.vertex == y.vertex && x.reach == y.reach && x.excess == y.excess && x.value_at_risk == y.value_at_risk && x.score == y.score &&
                  x.low == y.low && x.high == y.high && x.rank == y.rank && x.rank_low == y.rank_low && x.rank_high == y.rank_high &&
                  x.tied == y.tied;
         });
}

/// P(outcome) from each vertex over real weights of customers, by iteration; whoever moves to `removed` ends in nothing.
std::vector<double> reaching_by_iteration(const JourneyGraph& graph, const std::vector<double>& weight, std::size_t outcome, std::size_t removed) {
  const std::size_t n = graph.numbers().size();
  std::vector<std::vector<double>> P(n, std::vector<double>(n));
  for (std::size_t c = 0; c < graph.customers(); ++c)
    for_each_move(graph.paths(), c, [&](std::size_t s, std::size_t t, std::int64_t, const PathStep*) { P[s][t] += weight[c]; });
  std::vector<double> b(n);
  b[outcome] = 1;
  for (int k = 0; k < 2000; ++k)
    for (std::size_t i = 0; i < graph.numbers().outcome(0); ++i) {
      double sum = 0, all = 0;
      for (std::size_t j = 0; j < n; ++j) {
        all += P[i][j];
        if (j != removed) sum += P[i][j] * b[j];
      }
      b[i] = all > 0 && i != removed ? sum / all : 0;
    }
  return b;
}

}  // namespace

TEST_CASE("effects and their intervals agree with deleting each node, weights applied customer by customer") {
  constexpr std::size_t nothing = SIZE_MAX;
  for (std::uint64_t seed = 1; seed < 5; ++seed) {
    const JourneyGraph graph(share(random_walks(seed, {.customers = 80 * seed, .nodes = 5, .outcomes = 2})));
    const std::size_t draws = 19, outcome = graph.numbers().outcome(1);
    const auto rows = removal_effects(graph, "o1", {.interval = 0.8, .draws = draws, .seed = seed});
    const auto effects = [&](const std::vector<double>& weight) {
      const double whole = reaching_by_iteration(graph, weight, outcome, nothing)[0];
      std::vector<double> out;
      for (const RemovalEffect& row : rows) out.push_back(1 - reaching_by_iteration(graph, weight, outcome, row.vertex)[0] / whole);
      return out;
    };
    const std::vector<double> point = effects(std::vector<double>(graph.customers(), 1.0));
    std::vector<std::vector<double>> drawn(rows.size());
    for (std::size_t d = 0; d < draws; ++d) {
      const std::vector<double> weight = bootstrap_draw(graph.paths(), seed, d);
      const std::vector<double> found = effects(weight);
      for (std::size_t i = 0; i < rows.size(); ++i) drawn[i].push_back(found[i]);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(*rows[i].effect == doctest::Approx(point[i]).epsilon(1e-8));
      if (*rows[i].effect == 0 || *rows[i].effect == 1) continue;
      const Interval interval = percentile_interval(drawn[i], 0.8);
      CHECK(*rows[i].low == doctest::Approx(interval.low).epsilon(1e-7));
      CHECK(*rows[i].high == doctest::Approx(interval.high).epsilon(1e-7));
    }
  }
}

TEST_CASE("intervals of scores and ranks agree with weights applied customer by customer") {
  const JourneyGraph graph(share(random_walks(7, {.customers = 150, .nodes = 5, .outcomes = 2})));
  const Paths& paths = graph.paths();
  const std::size_t draws = 23, outcome = graph.numbers().outcome(0);
  const Ranking found = ranking(graph, "o0", 20, {.interval = 0.8, .draws = draws, .seed = 2});
  CHECK(found.rows.size() == 5);
  std::vector<std::vector<double>> scores(5), ranks(5);
  for (std::size_t d = 0; d < draws; ++d) {
    const std::vector<double> weight = bootstrap_draw(paths, 2, d);
    const double all = std::accumulate(weight.begin(), weight.end(), 0.0);
    std::vector<double> reach(5), known(5), value(5), score(5);
    for (std::size_t c = 0; c < graph.customers(); ++c) {
      std::vector<bool> met(5);
      for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) met[paths.steps[i].node] = true;
      for (std::size_t i = 0; i < 5; ++i) {
        if (!met[i]) continue;
        reach[i] += weight[c];
        if (std::isnan(paths.customer_value[c])) continue;
        known[i] += weight[c];
        value[i] += weight[c] * paths.customer_value[c];
      }
    }
    const std::vector<double> b = reaching_by_iteration(graph, weight, outcome, SIZE_MAX);
    for (std::size_t i = 0; i < 5; ++i)
      score[i] = reach[i] / all * static_cast<double>(graph.customers()) * std::max(0.0, b[1 + i] - b[0]) * std::max(0.0, value[i] / known[i]);
    for (std::size_t i = 0; i < 5; ++i) {
      scores[i].push_back(score[i]);
      ranks[i].push_back(1 + static_cast<double>(std::count_if(score.begin(), score.end(), [&](double x) { return x > score[i] + 1e-9; })));
    }
  }
  for (const RankedMoment& row : found.rows) {
    const Interval of_score = percentile_interval(scores[row.vertex - 1], 0.8), of_rank = percentile_interval(ranks[row.vertex - 1], 0.8);
    CHECK(row.low == doctest::Approx(of_score.low).epsilon(1e-7));
    CHECK(row.high == doctest::Approx(of_score.high).epsilon(1e-7));
    CHECK(row.rank_low == static_cast<std::size_t>(std::floor(of_rank.low)));
    CHECK(row.rank_high == static_cast<std::size_t>(std::ceil(of_rank.high)));
  }
}

TEST_CASE("effects, shares within the window and shares within a horizon see the same draws") {
  // A third go by n0, the rest by n1. By way of n0 to the one outcome there is, or each to an outcome of their own: one share three times.
  Paths one = empty_paths(2, 1, false), two = empty_paths(2, 2, false);
  for (std::uint64_t c = 0; c < 90; ++c) {
    const std::uint32_t node = c % 3 == 0 ? 0 : 1;
    add_walk(one, 1000 + 7 * c, {{node, 0}}, 0, 10);
    add_walk(two, 1000 + 7 * c, {{node, 0}}, static_cast<std::int32_t>(node), 10);
  }
  const AbsorptionOptions options{.interval = 0.8, .draws = 203, .seed = 11};
  const RemovalEffect effect = removal_effects(JourneyGraph(share(one)), "o0", options).front();
  const JourneyGraph graph(share(two));
  const AbsorptionRow within = absorption(graph, options).front();
  const HorizonRow by = absorption(graph, hours(1), options).front();
  CHECK(*effect.effect == doctest::Approx(1.0 / 3).epsilon(1e-12));
  CHECK(*within.low < *within.probability);
  for (const auto& [low, high] : {std::pair{*within.low, *within.high}, std::pair{*by.low, *by.high}}) {
    CHECK(low == doctest::Approx(*effect.low).epsilon(1e-9));
    CHECK(high == doctest::Approx(*effect.high).epsilon(1e-9));
  }
}

TEST_CASE("neither threads nor the order of customers nor tasks show in effects and ranks") {
  const Paths paths = random_walks(13, {.customers = 250'000, .nodes = 4, .outcomes = 2});
  const JourneyGraph graph(share(paths)), other(share(reversed(paths)));
  const auto effects = removal_effects(graph, "o0", {.draws = 10, .seed = 5, .run = {1}});
  CHECK(same(effects, removal_effects(graph, "o0", {.draws = 10, .seed = 5, .run = {4}})));
  CHECK(same(effects, removal_effects(other, "o0", {.draws = 10, .seed = 5, .run = {3}})));
  const Ranking ranks = ranking(graph, "o0", 15, {.draws = 10, .seed = 5, .run = {1}});
  CHECK(same(ranks, ranking(graph, "o0", 15, {.draws = 10, .seed = 5, .run = {4}})));
  CHECK(same(ranks, ranking(other, "o0", 15, {.draws = 10, .seed = 5, .run = {3}})));
}

TEST_CASE("nobody, and nobody with the outcome") {
  const JourneyGraph nobody(share(empty_paths(2, 1, true)));
  for (const RemovalEffect& row : removal_effects(nobody, "o0")) CHECK_FALSE(row.effect);
  CHECK(ranking(nobody, "o0").rows.empty());
  CHECK(must_pass(nobody, "o0").size() == 2);
  CHECK(dominators(nobody, "o0").empty());
  CHECK(loops(nobody).empty());
  CHECK(likely_paths(nobody, "o0").empty());
  CHECK(min_cut(nobody, "START", "o0").edges.empty());

  Paths paths = empty_paths(2, 1, false);
  add_walk(paths, 1, {{0, 0}, {1, 1}, {0, 2}}, -1, 3);
  const JourneyGraph graph(share(paths));
  for (const RemovalEffect& row : removal_effects(graph, "o0")) CHECK_FALSE(row.effect);
  for (const RankedMoment& row : ranking(graph, "o0").rows) CHECK(row.tied == 2);
  CHECK(dominators(graph, "o0").empty());
  CHECK(likely_paths(graph, "o0").empty());
  CHECK(likely_paths(graph, "observed").size() == 1);
  CHECK(min_cut(graph, "n0", "o0").total == 0);
  CHECK_THROWS_AS(removal_effects(graph, "n0"), InvalidInput);
}

TEST_CASE("a customer with millions of steps, and a graph with thousands of ways, take bounded time") {
  const auto began = std::chrono::steady_clock::now();
  Paths paths = empty_paths(40, 1, false);
  std::vector<Step> steps;
  for (std::uint32_t i = 0; i < 3'000'000; ++i) steps.push_back({i * 7919 % 40, i});
  add_walk(paths, 1, steps, 0, 3'000'000);
  for (std::uint32_t i = 0; i < 1600; ++i) add_walk(paths, 2 + i, {{i / 40, 0}, {i % 40, 1}}, i % 3 == 0 ? 0 : -1, 2);
  const JourneyGraph graph(share(paths));
  CHECK(likely_paths(graph, "o0", 1000).size() == 1000);
  CHECK(removal_effects(graph, "o0", {.draws = 50}).size() == 40);
  std::int64_t rounds = 0;
  for (const Loop& loop : loops(graph)) rounds += loop.count;
  CHECK(rounds > 0);
  CHECK(min_cut(graph, "n0", "o0").total > 0);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{60});
}
