// The Bayesian bootstrap (Rubin 1981, Ann. Statist. 9): each draw weights every unit by an independent standard exponential variate.
// Divided by their sum the weights are uniform over the simplex: draws from the posterior of the units' distribution under a flat prior.
//
// Weights are counter-based, a function of (seed, draw, unit's key), and whole multiples of 2⁻³² held as integers: sums of them are exact,
// so that neither the order of units nor threads show in any bit. A sum of counts up to 2³² fits 64 bits. About 10 ns a weight.
//
// Unlike resampling with replacement it gives no unit weight 0, so that whatever occurs in the data occurs in every draw. Neither moves a
// share away from 0 or 1: use an interval for proportions there (Jeffreys).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sojourn/core/random.hpp"

namespace sojourn {

/// A weight of mean 1 in units of 2⁻³²; never 0.
inline std::uint64_t bootstrap_weight(std::uint64_t bits) { return static_cast<std::uint64_t>(exponential(bits) * 0x1p32) + 1; }

/// The weights of the unit `key` in draws [2·first_pair, 2·first_pair + weights.size()); the size is even.
inline void bootstrap_weights(std::uint64_t seed, std::uint64_t first_pair, std::uint64_t key, std::span<std::uint64_t> weights) {
  for (std::size_t i = 0; i + 1 < weights.size(); i += 2) {
    const auto bits = random_pair(seed, first_pair + i / 2, key);
    weights[i] = bootstrap_weight(bits[0]);
    weights[i + 1] = bootstrap_weight(bits[1]);
  }
}

}  // namespace sojourn
