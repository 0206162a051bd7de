// Walks for tests of the graph: by hand, and generated, rich in ties, self-loops, nulls and customers without steps.
#pragma once

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sojourn/core/random.hpp"
#include "sojourn/graph/paths.hpp"
#include "sojourn/stats/ziggurat.hpp"

namespace sojourn::test {

inline constexpr double no_value = std::numeric_limits<double>::quiet_NaN();
inline constexpr std::int64_t second = 1'000'000;

struct Step {
  std::uint32_t node;
  std::int64_t seconds;
  double value = no_value;
};

/// Adds a customer to paths.
inline void add_walk(Paths& paths, std::uint64_t key, const std::vector<Step>& steps, std::int32_t ending, std::int64_t ends_at,
                     double worth = no_value) {
  for (const Step& step : steps) paths.steps.push_back({step.node, step.seconds * second, step.value});
  paths.offsets.push_back(paths.steps.size());
  paths.ending.push_back(ending);
  paths.ending_time.push_back(ends_at * second);
  paths.customer_value.push_back(worth);
  paths.customer_key.push_back(key);
}

inline Paths empty_paths(std::size_t nodes, std::size_t outcomes, bool has_value) {
  Paths paths;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::string number = std::to_string(i);
    paths.nodes.push_back({std::string("n").append(number), std::string("Node ").append(number), i % 2 == 0 ? "even" : "odd"});
  }
  for (std::size_t k = 0; k < outcomes; ++k) paths.outcomes.push_back(std::string("o").append(std::to_string(k)));
  paths.has_value = has_value;
  return paths;
}

struct World {
  std::size_t customers = 200, nodes = 6, outcomes = 2;
  bool has_value = true;
};

/// Random walks in which a few nodes lead on to few others, so that graphs have structure.
inline Paths random_walks(std::uint64_t seed, const World& world) {
  std::mt19937_64 generator(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(generator() % n); };
  Paths paths = empty_paths(world.nodes, world.outcomes, world.has_value);
  for (std::size_t c = 0; c < world.customers; ++c) {
    std::vector<Step> steps;
    std::int64_t now = static_cast<std::int64_t>(below(1000));
    double worth = 0;
    std::size_t at = below(world.nodes);
    for (std::size_t left = below(8); left > 0; --left) {
      const double value = below(4) == 0 ? no_value : static_cast<double>(below(1000)) / 7 - 20;
      steps.push_back({static_cast<std::uint32_t>(at), now, value});
      if (!std::isnan(value)) worth += value;
      now += static_cast<std::int64_t>(below(3) * below(5000));
      if (below(5) > 0) at = std::min(world.nodes - 1, below(3) == 0 ? at / 2 : at + below(3));
    }
    const auto ending = static_cast<std::int32_t>(below(world.outcomes + 1)) - 1;
    add_walk(paths, generator(), steps, ending, now, below(10) == 0 ? no_value : worth);
  }
  return paths;
}

/// Adds customer c of other paths.
inline void copy_walk(Paths& to, const Paths& from, std::size_t c) {
  for (std::size_t i = from.offsets[c]; i < from.offsets[c + 1]; ++i) to.steps.push_back(from.steps[i]);
  to.offsets.push_back(to.steps.size());
  to.ending.push_back(from.ending[c]);
  to.ending_time.push_back(from.ending_time[c]);
  to.customer_value.push_back(from.customer_value[c]);
  to.customer_key.push_back(from.customer_key[c]);
}

/// The same customers, the last one first.
inline Paths reversed(const Paths& paths) {
  Paths out = empty_paths(paths.nodes.size(), paths.outcomes.size(), paths.has_value);
  for (std::size_t c = paths.ending.size(); c-- > 0;) copy_walk(out, paths, c);
  return out;
}

inline std::shared_ptr<const Paths> share(Paths paths) { return std::make_shared<const Paths>(std::move(paths)); }

/// Each customer's weight in a draw of the Bayesian bootstrap, one by one.
inline std::vector<double> bootstrap_draw(const Paths& paths, std::uint64_t seed, std::uint64_t draw) {
  std::vector<double> weights;
  for (const std::uint64_t key : paths.customer_key) {
    const philox::Counter counter = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32), static_cast<std::uint32_t>(draw / 4), 0};
    const philox::Counter words = philox::philox4x32(counter, {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
    weights.push_back(static_cast<double>(ziggurat::exponential(words[draw % 4])) * 0x1p-32);
  }
  return weights;
}

}  // namespace sojourn::test
