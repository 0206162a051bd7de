#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <vector>

#include "sojourn/core/random.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"

using namespace sojourn;

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
  CHECK(random_pair(3, 5, 8)[0] == random_bits(3, 10, 8));
  CHECK(random_pair(3, 5, 8)[1] == random_bits(3, 11, 8));
}

TEST_CASE("uniform variates stay inside (0, 1) at the extremes") {
  CHECK(uniform(0) > 0);
  CHECK(uniform(~std::uint64_t{0}) < 1);
  CHECK(exponential(0) > 36);
  CHECK(exponential(~std::uint64_t{0}) > 0);
}

TEST_CASE("exponential variates have the exponential distribution") {
  const std::size_t n = 200'000;
  double sum = 0, squares = 0, above_1 = 0, product = 0, last = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = exponential(random_bits(42, i % 1000, i / 1000));
    sum += x;
    squares += x * x;
    above_1 += x > 1 ? 1.0 : 0.0;
    product += (x - 1) * (last - 1);
    last = x;
  }
  const double count = static_cast<double>(n), error = 5 / std::sqrt(count);
  CHECK(std::fabs(sum / count - 1) < error);
  CHECK(std::fabs(squares / count - 2) < std::sqrt(20.0) * error);
  CHECK(std::fabs(above_1 / count - std::exp(-1.0)) < 0.5 * error);
  CHECK(std::fabs(product / count) < error);
}

TEST_CASE("bootstrap weights are the same however they are asked for, never 0, and of mean 1") {
  std::vector<std::uint64_t> eight(8), two(2);
  double sum = 0;
  for (std::uint64_t key = 0; key < 5000; ++key) {
    bootstrap_weights(7, 4, key, eight);
    for (std::size_t pair = 0; pair < 4; ++pair) {
      bootstrap_weights(7, 4 + pair, key, two);
      REQUIRE(two[0] == eight[2 * pair]);
      REQUIRE(two[1] == eight[2 * pair + 1]);
    }
    for (const std::uint64_t weight : eight) sum += static_cast<double>(weight) * 0x1p-32;
  }
  CHECK(sum / 40'000 == doctest::Approx(1).epsilon(0.03));
  CHECK(bootstrap_weight(~std::uint64_t{0}) > 0);
}
