#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "sojourn/graph/absorption_horizon.hpp"
#include "walks.hpp"

using namespace sojourn;
using namespace sojourn::test;

namespace {

Duration seconds(std::int64_t n) { return {0, Micros{n * second}}; }

const HorizonRow& row_of(const std::vector<HorizonRow>& rows, std::size_t vertex, std::size_t ending) {
  for (const HorizonRow& row : rows)
    if (row.vertex == vertex && row.ending == ending) return row;
  throw InvalidInput("no such row");
}

bool same(const std::vector<HorizonRow>& a, const std::vector<HorizonRow>& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].at_risk != b[i].at_risk || a[i].probability != b[i].probability || a[i].low != b[i].low || a[i].high != b[i].high ||
        a[i].unknown != b[i].unknown)
      return false;
  return a.size() == b.size();
}

/// Whole seconds alone: survival() gives the kernels, and the equation is iterated second by second until it stands still. The last ending
/// is what is unknown.
struct BySeconds {
  std::map<std::pair<std::size_t, std::size_t>, double> at;  // vertex, ending

  BySeconds(const JourneyGraph& graph, std::int64_t horizon, const std::vector<double>& weight) {
    const VertexNumbers numbers = graph.numbers();
    const std::size_t n = numbers.nodes, ends = numbers.outcomes + 1, m = static_cast<std::size_t>(horizon) + 1;
    std::vector<std::vector<Span>> spans(n);
    std::vector<double> began(numbers.size());
    double total = 0;
    for (std::size_t c = 0; c < graph.customers(); ++c)
      for_each_move(graph.paths(), c, [&](std::size_t s, std::size_t t, std::int64_t gap, const PathStep*) {
        if (s == 0) {
          if (t != numbers.observed()) began[t] += weight[c], total += weight[c];
          return;
        }
        spans[s - 1].push_back({static_cast<double>(gap / second), t == numbers.observed() ? -1 : static_cast<std::int32_t>(t), weight[c]});
      });
    // kernel[i][u][t]: the share that ends u seconds after arrival, by t
    std::vector<std::vector<std::vector<double>>> kernel(n, std::vector<std::vector<double>>(m, std::vector<double>(numbers.size())));
    std::vector<std::vector<double>> unknown(n, std::vector<double>(m));
    for (std::size_t i = 0; i < n; ++i) {
      const auto steps = survival(spans[i], numbers.size());
      std::vector<double> before(numbers.size());
      for (const SurvivalStep& step : steps) {
        const auto u = static_cast<std::size_t>(step.length);
        for (std::size_t t = 0; t < numbers.size(); ++t) {
          if (u < m) kernel[i][u][t] = step.incidence[t] - before[t];
          before[t] = step.incidence[t];
        }
      }
      if (!steps.empty())
        for (std::size_t u = static_cast<std::size_t>(steps.back().length) + 1; u < m; ++u) unknown[i][u] = steps.back().survival;
    }
    std::vector<std::vector<std::vector<double>>> F(n, std::vector<std::vector<double>>(m, std::vector<double>(ends)));
    for (std::size_t k = 0; k < m; ++k)
      for (int round = 0; round < 500; ++round)
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t r = 0; r < ends; ++r) {
            double sum = r == numbers.outcomes ? unknown[i][k] : 0;
            for (std::size_t u = 0; u <= k; ++u) {
              if (r < numbers.outcomes) sum += kernel[i][u][numbers.outcome(r)];
              for (std::size_t j = 0; j < n; ++j) sum += kernel[i][u][1 + j] * F[j][k - u][r];
            }
            F[i][k][r] = sum;
          }
    for (std::size_t r = 0; r < ends; ++r) {
      for (std::size_t i = 0; i < n; ++i) at[{1 + i, r}] = F[i][m - 1][r];
      double start = r < numbers.outcomes ? began[numbers.outcome(r)] : 0;
      for (std::size_t i = 0; i < n; ++i) start += began[1 + i] * F[i][m - 1][r];
      at[{0, r}] = start / total;
    }
  }
};

}  // namespace

TEST_CASE("by hand: a censored stay counts as long as it was seen") {
  Paths paths = empty_paths(2, 1, false);
  add_walk(paths, 1, {{0, 0}}, 0, 2);          // leaves after 2
  add_walk(paths, 2, {{0, 0}}, -1, 1);         // seen for 1
  add_walk(paths, 3, {{0, 0}, {1, 3}}, 0, 5);  // on after 3, leaves after 5
  add_walk(paths, 4, {{0, 0}}, -1, 4);
  add_walk(paths, 5, {}, -1, 4);  // never began
  const JourneyGraph graph(share(paths));
  enum : std::size_t { start, n0, n1, left, observed };
  const auto at = [&](std::int64_t horizon) { return absorption(graph, seconds(horizon), {.draws = 50}); };
  // n0: at 2, 1 of 3 leaves; at 3, 1 of 2 moves on; the rest was seen for 4.
  CHECK(*row_of(at(1), n0, left).probability == 0);
  CHECK(*row_of(at(1), n0, observed).probability == 1);
  CHECK(*row_of(at(2), n0, left).probability == doctest::Approx(1.0 / 3));
  CHECK(*row_of(at(4), n0, left).probability == doctest::Approx(1.0 / 3));
  CHECK(*row_of(at(4), n0, left).unknown == 0);
  const auto rows = at(5);
  CHECK(*row_of(rows, n0, left).probability == doctest::Approx(2.0 / 3));
  CHECK(*row_of(rows, n0, left).unknown == doctest::Approx(1.0 / 3));
  CHECK(*row_of(rows, n0, observed).probability == 0);
  CHECK(*row_of(rows, n0, left).high == 1);
  CHECK(*row_of(rows, start, left).probability == doctest::Approx(2.0 / 3));
  CHECK(row_of(rows, start, left).at_risk == 4);
  CHECK(*row_of(rows, n1, left).probability == 1);
  CHECK(row_of(rows, n1, left).low == jeffreys_interval(1, 1, 0.9).low);
}

TEST_CASE("on whole seconds it is exact: shares and intervals agree with an iteration second by second") {
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    std::mt19937_64 generator(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(generator() % n); };
    Paths paths = empty_paths(4, 2, false);
    for (std::size_t c = 0; c < 25 * seed; ++c) {
      std::vector<Step> steps;
      std::int64_t now = 0;
      for (std::int64_t left = below(6); left > 0; --left) {
        steps.push_back({static_cast<std::uint32_t>(below(4)), now});
        now += below(3) == 0 ? 0 : below(9);
      }
      add_walk(paths, generator(), steps, static_cast<std::int32_t>(below(3)) - 1, now);
    }
    const JourneyGraph graph(share(paths));
    const std::size_t draws = 21;
    for (const std::int64_t horizon : {1, 7, 20}) {
      const auto rows = absorption(graph, seconds(horizon), {.interval = 0.8, .draws = draws, .seed = seed});
      const BySeconds truth(graph, horizon, std::vector<double>(graph.customers(), 1.0));
      std::vector<BySeconds> drawn;
      for (std::size_t d = 0; d < draws; ++d) {
        const std::vector<double> weight = bootstrap_draw(graph.paths(), seed, d);
        drawn.emplace_back(graph, horizon, weight);
      }
      for (const HorizonRow& row : rows) {
        if (row.at_risk == 0) continue;
        const std::size_t ending = row.ending - graph.numbers().outcome(0), unknown = 2;
        const auto least = [&](const BySeconds& F) {
          return ending < 2 ? F.at.at({row.vertex, ending})
                            : 1 - F.at.at({row.vertex, 0}) - F.at.at({row.vertex, 1}) - F.at.at({row.vertex, unknown});
        };
        const auto most = [&](const BySeconds& F) { return least(F) + F.at.at({row.vertex, unknown}); };
        CHECK(*row.probability == doctest::Approx(least(truth)).epsilon(1e-9));
        CHECK(*row.unknown == doctest::Approx(truth.at.at({row.vertex, unknown})).epsilon(1e-9));
        std::vector<double> lows, highs;
        for (const BySeconds& F : drawn) lows.push_back(least(F)), highs.push_back(most(F));
        if (least(truth) > 1e-9 && least(truth) < 1 - 1e-9) CHECK(*row.low == doctest::Approx(percentile_interval(lows, 0.8).low).epsilon(1e-7));
        if (most(truth) > 1e-9 && most(truth) < 1 - 1e-9) CHECK(*row.high == doctest::Approx(percentile_interval(highs, 0.8).high).epsilon(1e-7));
      }
    }
  }
}

TEST_CASE("between the points of the grid: within its tolerance of the sum over all ways, one by one") {
  for (std::uint64_t seed = 1; seed < 12; ++seed) {
    std::mt19937_64 generator(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(generator() % n); };
    Paths paths = empty_paths(3, 2, false);
    for (std::size_t c = 0; c < 14; ++c) {
      std::vector<Step> steps;
      std::int64_t now = 0;
      for (std::int64_t left = below(4); left > 0; --left) {
        steps.push_back({static_cast<std::uint32_t>(below(3)), now});
        now += 1'000'000 + below(9'000'000);
      }
      add_walk(paths, generator(), steps, static_cast<std::int32_t>(below(3)) - 1, now);
    }
    const JourneyGraph graph(share(paths));
    const VertexNumbers numbers = graph.numbers();
    std::vector<std::vector<Span>> spans(3);
    for (std::size_t c = 0; c < graph.customers(); ++c)
      for_each_move(paths, c, [&](std::size_t s, std::size_t t, std::int64_t gap, const PathStep*) {
        if (s > 0) spans[s - 1].push_back({static_cast<double>(gap / second), t == numbers.observed() ? -1 : static_cast<std::int32_t>(t)});
      });
    std::vector<std::vector<SurvivalStep>> kernel;
    for (const auto& of_node : spans) kernel.push_back(survival(of_node, numbers.size()));
    const auto F = [&](const auto& self, std::size_t i, std::size_t ending, double time) -> double {
      double sum = 0;
      for (std::size_t k = 0; k < kernel[i].size() && kernel[i][k].length <= time; ++k)
        for (std::size_t t = 1; t < numbers.size(); ++t) {
          const double moved = kernel[i][k].incidence[t] - (k == 0 ? 0 : kernel[i][k - 1].incidence[t]);
          if (moved > 0 && !numbers.is_ending(t)) sum += moved * self(self, t - 1, ending, time - kernel[i][k].length);
          else if (t == ending) sum += moved;
        }
      return sum;
    };
    for (const HorizonRow& row : absorption(graph, seconds(20'000'011), {.draws = 8})) {
      if (row.vertex == 0 || row.at_risk == 0 || row.ending == numbers.observed()) continue;
      // So few stays make F a staircase: a way that ends within a step of the horizon is counted in part.
      CHECK(std::fabs(*row.probability - F(F, row.vertex - 1, row.ending, 20'000'011)) < 0.002);
    }
  }
}

TEST_CASE("a horizon too long for a step of its own: within the tolerance of the grid of all its seconds") {
  using namespace absorption_horizon_detail;
  for (std::uint64_t seed = 1; seed < 4; ++seed) {
    const JourneyGraph graph(share(random_walks(seed, {.customers = 1500, .nodes = 5, .outcomes = 2})));
    for (const std::int64_t horizon : {7200, 14'400}) {
      const Stays stays = stays_of(graph, horizon * second, {1});
      const Grid exact(stays, graph.numbers(), static_cast<std::size_t>(horizon));
      REQUIRE(exact.exact());
      const std::vector<std::array<std::uint64_t, 1>> once(graph.customers(), {1});
      const Point truth = Renewal<1>(stays, exact, graph.numbers(), once).solve();
      for (const HorizonRow& row : absorption(graph, seconds(horizon), {.draws = 8})) {
        const Bounds at = bounds(truth, graph.numbers().outcomes, row.vertex, row.ending - graph.numbers().outcome(0), 0);
        CHECK(std::fabs(*row.probability - at.least) < 0.0005);
        CHECK(std::fabs(*row.probability + *row.unknown - at.most) < 0.0005);
      }
    }
  }
}

TEST_CASE("with nobody censored and time enough it is the chain within the window") {
  Paths all = random_walks(3, {.customers = 500, .nodes = 6, .outcomes = 2}), paths = empty_paths(6, 2, true);
  for (std::size_t c = 0; c < all.ending.size(); ++c)
    if (all.ending[c] >= 0) copy_walk(paths, all, c);
  const JourneyGraph graph(share(paths));
  const auto seen = absorption(graph, AbsorptionOptions{.draws = 64});
  const auto eventually = absorption(graph, days(30), {.draws = 64});
  REQUIRE(seen.size() == eventually.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    CHECK(*eventually[i].probability == doctest::Approx(*seen[i].probability).epsilon(1e-9));
    if (*seen[i].probability > 0 && *seen[i].probability < 1) CHECK(*eventually[i].low == doctest::Approx(*seen[i].low).epsilon(1e-6));
    CHECK(*eventually[i].unknown == 0);
  }
}

TEST_CASE("neither threads nor the order of customers show in any bit") {
  const Paths paths = random_walks(11, {.customers = 3000, .nodes = 6, .outcomes = 2});
  const JourneyGraph graph(share(paths)), other(share(reversed(paths)));
  const auto one = absorption(graph, hours(5), {.draws = 30, .seed = 5, .run = {1}});
  CHECK(same(one, absorption(graph, hours(5), {.draws = 30, .seed = 5, .run = {4}})));
  CHECK(same(one, absorption(other, hours(5), {.draws = 30, .seed = 5, .run = {3}})));
  CHECK_FALSE(same(one, absorption(graph, hours(5), {.draws = 30, .seed = 6})));
}

TEST_CASE("nobody, centuries, and what is refused") {
  Paths paths = empty_paths(2, 1, false);
  const auto nobody = absorption(JourneyGraph(share(paths)), days(9), {.draws = 2});
  CHECK(nobody.size() == 6);
  CHECK_FALSE(nobody.front().probability);
  add_walk(paths, 1, {{1, 0}, {1, 0}, {0, 5}}, -1, 9);
  add_walk(paths, 2, {{0, 0}}, 0, 0);
  const JourneyGraph graph(share(paths));
  const auto rows = absorption(graph, years(9000), {.draws = 9});
  CHECK(*row_of(rows, 1, 3).unknown == doctest::Approx(0.5));
  CHECK(*row_of(rows, 1, 3).probability == doctest::Approx(0.5));
  CHECK(fixed_horizon(years(1)) == days(365).fixed);
  CHECK_THROWS_AS(absorption(graph, days(0)), InvalidInput);
  CHECK_THROWS_AS(absorption(graph, days(1), {.interval = 1.0}), InvalidInput);
  CHECK_THROWS_AS(absorption(graph, days(1), {.draws = 0}), InvalidInput);
  paths.outcomes[0] = "neither";
  CHECK_THROWS_AS(absorption(JourneyGraph(share(paths)), days(1)), InvalidInput);
}
