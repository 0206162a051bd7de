// The Bayesian bootstrap (Rubin 1981, Ann. Statist. 9): each draw weights every unit by an independent standard exponential variate.
// Divided by their sum the weights are uniform over the simplex: draws from the posterior of the units' distribution under a flat prior.
//
// Weights are counter-based, a function of (seed, draw, unit's key), and whole multiples of 2⁻³² held as integers: sums of them are exact,
// so that neither the order of units nor threads show in any bit. They are the same on every machine. A sum of counts up to 2³² fits 64 bits.
//
// The weight in draw d is made of 32 bits: word d % 4 of Philox's output for the counter (key, d / 4) under the seed (core/random.hpp), as
// an exponential variate (stats/ziggurat.hpp). Eight draws are taken at once, for many units: about 2.5 ns a weight.
//
// Unlike resampling with replacement it gives no unit weight 0, so that whatever occurs in the data occurs in every draw. Neither moves a
// share away from 0 or 1: use an interval for proportions there (Jeffreys).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "sojourn/stats/random_lanes.hpp"
#include "sojourn/stats/ziggurat.hpp"

namespace sojourn {

inline constexpr std::size_t bootstrap_lanes = 8;
/// A figure of one unit or sum in each of the draws of a block: draw d is lane d % bootstrap_lanes of block d / bootstrap_lanes.
using BootstrapLanes = std::array<std::uint64_t, bootstrap_lanes>;

/// The weights of some units in the draws of a block, in units of 2⁻³²: of mean 1, never 0. As many weights as keys.
inline void bootstrap_weights(std::uint64_t seed, std::size_t block, std::span<const std::uint64_t> keys, std::span<BootstrapLanes> weights) {
  struct Unsure {
    std::uint32_t place, bits;
  };
  std::array<Unsure, random_lanes * bootstrap_lanes> unsure;  // put right afterwards: a branch here would cost more than all the rest
  std::array<RandomWords, 2> words;
  for (std::size_t first = 0; first < keys.size(); first += random_lanes) {
    const std::size_t count = std::min(keys.size() - first, random_lanes);
    for (std::size_t half = 0; half < 2; ++half) random_words(seed, 2 * block + half, keys.subspan(first, count), words[half]);
    const std::span<BootstrapLanes> out = weights.subspan(first, count);
    std::size_t more = 0;
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) {
        const std::uint32_t bits = words[lane / 4][lane % 4][k];
        out[k][lane] = ziggurat::across(bits) + 1;
        unsure[more] = {static_cast<std::uint32_t>(k * bootstrap_lanes + lane), bits};
        more += ziggurat::is_sure(bits) ? 0u : 1u;
      }
    for (const auto& [place, bits] : std::span(unsure).first(more))
      out[place / bootstrap_lanes][place % bootstrap_lanes] = ziggurat::exponential(bits) + 1;
  }
}

}  // namespace sojourn
