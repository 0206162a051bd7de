// Counter-based random numbers: the number for (seed, draw, key) is a pure function of the three, so that neither order nor threads
// nor other customers can change it.
//
// Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11), which passes BigCrush. The seed
// is Philox's key; its counter holds the caller's key (a customer's hash, say) and the number of the pair of draws: one block gives 128
// bits, two draws of 64. About 10 ns a draw, no state. A stateful generator is faster, but it gives the same numbers only to those who
// ask in the same order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sojourn {

namespace philox {

using Counter = std::array<std::uint32_t, 4>;
using Key = std::array<std::uint32_t, 2>;

/// The ten rounds of Philox4x32-10: a bijection of counters for each key.
constexpr Counter philox4x32(Counter counter, Key key) {
  constexpr std::uint64_t multiplier_0 = 0xD2511F53, multiplier_1 = 0xCD9E8D57;
  constexpr std::uint32_t weyl_0 = 0x9E3779B9, weyl_1 = 0xBB67AE85;  // golden ratio and sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product_0 = multiplier_0 * counter[0], product_1 = multiplier_1 * counter[2];
    counter = {static_cast<std::uint32_t>(product_1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(product_1),
               static_cast<std::uint32_t>(product_0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(product_0)};
    key = {key[0] + weyl_0, key[1] + weyl_1};
  }
  return counter;
}

}  // namespace philox

/// 64 random bits for draws 2·pair and 2·pair + 1 of `key`.
constexpr std::array<std::uint64_t, 2> random_pair(std::uint64_t seed, std::uint64_t pair, std::uint64_t key) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  const philox::Counter block = philox::philox4x32({low(key), high(key), low(pair), high(pair)}, {low(seed), high(seed)});
  return {std::uint64_t{block[1]} << 32 | block[0], std::uint64_t{block[3]} << 32 | block[2]};
}

/// A uniform variate from 64 random bits: one of the midpoints of 2⁵² equal cells, so never 0 or 1.
constexpr double uniform(std::uint64_t bits) { return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52; }

}  // namespace sojourn
