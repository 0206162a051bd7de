#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/random.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"

using namespace sojourn;

namespace {

/// 64 random bits for one draw of a key.
std::uint64_t random_bits(std::uint64_t seed, std::uint64_t draw, std::uint64_t key) { return random_pair(seed, draw / 2, key)[draw % 2]; }

}  // namespace

TEST_CASE("Philox4x32-10 gives the published known answers") {
  // Random123, tests/kat_vectors
  using philox::Counter;
  using philox::philox4x32;
  CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) == Counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  CHECK(philox4x32({ones, ones, ones, ones}, {ones, ones}) == Counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("seed, draw and key each change the number") {
  std::set<std::uint64_t> seen;
  std::size_t asked = 0;
  const std::uint64_t far = std::uint64_t{1} << 32;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, far})
    for (const std::uint64_t draw : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, 2 * far})
      for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, far}) {
        seen.insert(random_bits(seed, draw, key));
        ++asked;
      }
  CHECK(seen.size() == asked);
}

TEST_CASE("uniform variates stay inside (0, 1) at the extremes") {
  CHECK(uniform(0) > 0);
  CHECK(uniform(~std::uint64_t{0}) < 1);
}

namespace {

philox::Counter words_of(std::uint64_t seed, std::uint64_t number, std::uint64_t key) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  return philox::philox4x32({low(key), high(key), low(number), high(number)}, {low(seed), high(seed)});
}

/// Weights of keys 0, 1, … in the draws of a block, in units of 1.
std::vector<std::array<double, bootstrap_lanes>> weights_of(std::uint64_t seed, std::size_t block, std::size_t count) {
  std::vector<std::uint64_t> keys(count);
  for (std::size_t k = 0; k < count; ++k) keys[k] = k;
  std::vector<BootstrapLanes> weights(count);
  bootstrap_weights(seed, block, keys, weights);
  std::vector<std::array<double, bootstrap_lanes>> out(count);
  for (std::size_t k = 0; k < count; ++k)
    for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) out[k][lane] = static_cast<double>(weights[k][lane]) * 0x1p-32;
  return out;
}

}  // namespace

TEST_CASE("the words of many keys at once are those of each") {
  for (std::uint64_t i = 0; i < 200; ++i) {
    const std::uint64_t seed = random_bits(1, 0, i), number = i % 2 == 0 ? i : random_bits(3, 0, i);
    std::vector<std::uint64_t> keys;
    for (std::uint64_t k = 0; k < 1 + i % random_lanes; ++k) keys.push_back(random_bits(2, k, i));
    RandomWords words;
    random_words(seed, number, keys, words);
    for (std::size_t k = 0; k < keys.size(); ++k)
      for (std::size_t word = 0; word < 4; ++word) REQUIRE(words[word][k] == words_of(seed, number, keys[k])[word]);
  }
}

TEST_CASE("a bootstrap weight is a function of seed, draw and key, however many are asked for, and never 0") {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t k = 0; k < 1000; ++k) keys.push_back(random_bits(5, 0, k));
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{65}, keys.size()}) {
    std::vector<BootstrapLanes> weights(count);
    bootstrap_weights(7, 4, std::span(keys).first(count), weights);
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) {
        const std::size_t draw = 4 * bootstrap_lanes + lane;
        REQUIRE(weights[k][lane] == ziggurat::exponential(words_of(7, draw / 4, keys[k])[draw % 4]) + 1);
      }
  }
  CHECK(ziggurat::exponential(0) + 1 > 0);
}

TEST_CASE("bootstrap weights are the same on every machine") {
  // As this library computed them on x86-64: whole numbers from beginning to end, so that nothing may differ.
  constexpr std::array<std::uint32_t, 6> bits = {0, 1, 0x80000000, 0xFFFFFF00, 0xFFFFFF01, 0xFFFFFFFF};
  constexpr std::array<std::uint64_t, 6> known = {0, 0, 18676917544, 39343679695, 4411695603, 4159312456};
  for (std::size_t i = 0; i < bits.size(); ++i) CHECK(ziggurat::exponential(bits[i]) == known[i]);
  std::uint64_t sum = 0;
  for (std::uint32_t i = 0; i < 1'000'000; ++i) sum = sum * 3 + ziggurat::exponential(i * 4289);
  CHECK(sum == 16653774007138761407u);
}

TEST_CASE("bootstrap weights have the exponential distribution") {
  constexpr std::size_t units = 50'000, n = units * bootstrap_lanes;
  for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3} << 40}) {
    std::vector<double> drawn;
    double lanes_apart = 0, units_apart = 0, before = 1;
    for (const auto& lanes : weights_of(seed, seed % 5, units)) {
      drawn.insert(drawn.end(), lanes.begin(), lanes.end());
      for (std::size_t lane = 0; lane + 1 < bootstrap_lanes; ++lane) lanes_apart += (lanes[lane] - 1) * (lanes[lane + 1] - 1);
      units_apart += (lanes[0] - 1) * (std::exchange(before, lanes[0]) - 1);
    }
    // Moments k! with variance (2k)! − (k!)²; one in a thousand lies beyond 3.3 standard errors.
    const double root = std::sqrt(static_cast<double>(n));
    std::array<double, 5> moments = {};
    for (const double x : drawn)
      for (std::size_t k = 1; k <= 4; ++k) moments[k] += std::pow(x, static_cast<double>(k)) / static_cast<double>(n);
    CHECK(std::fabs(moments[1] - 1) * root < 3.3);
    CHECK(std::fabs(moments[2] - 2) * root / std::sqrt(20.0) < 3.3);
    CHECK(std::fabs(moments[3] - 6) * root / std::sqrt(684.0) < 3.3);
    CHECK(std::fabs(moments[4] - 24) * root / std::sqrt(39'744.0) < 3.3);
    CHECK(std::fabs(lanes_apart) / std::sqrt(7.0 * units) < 3.3);
    CHECK(std::fabs(units_apart) / std::sqrt(1.0 * units) < 3.3);

    std::sort(drawn.begin(), drawn.end());
    double furthest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double share = -std::expm1(-drawn[i]);
      furthest = std::max({furthest, share - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - share});
    }
    CHECK(furthest * root < 1.63);  // Kolmogorov and Smirnov at 1%
    const auto above = [&](double x) { return static_cast<double>(drawn.end() - std::lower_bound(drawn.begin(), drawn.end(), x)); };
    for (const double x : {ziggurat::tail, 9.0}) {  // the tail is another way to go
      const double expected = n * std::exp(-x);
      CHECK(std::fabs(above(x) - expected) < 3.3 * std::sqrt(expected));
    }
  }
}

TEST_CASE("the ziggurat's inputs together, a million of them evenly spread, have the exponential's shares") {
  // All 2³² of them: mean 1.000005, as the 2% that are hashed allow. Every 4093rd here: a layer that is wrong shows in its own share.
  constexpr std::uint64_t step = 4093;
  std::array<double, 257> share = {};
  double n = 0;
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += step, ++n)
    ++share[std::min<std::size_t>(
        256, static_cast<std::size_t>(static_cast<double>(ziggurat::exponential(static_cast<std::uint32_t>(bits))) * 0x1p-32 * 32))];
  for (std::size_t cell = 0; cell < 256; ++cell) {
    const double expected = n * std::exp(-static_cast<double>(cell) / 32) * -std::expm1(-1.0 / 32);
    CHECK(std::fabs(share[cell] - expected) < 4 * std::sqrt(expected) + 1);
  }
  CHECK(share[256] == doctest::Approx(n * std::exp(-8.0)).epsilon(0.15));
}
