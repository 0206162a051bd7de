// The random draws of one generated customer: a stream of its own, keyed by (seed, customer), so that neither threads nor other customers
// can change what one customer draws.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <span>

#include "sojourn/core/random.hpp"

namespace sojourn::datasets {

class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t key) : seed_(seed), key_(key) {}

  /// Uniform on (0, 1).
  double uniform() {
    if (drawn_ % 2 == 0) pair_ = random_pair(seed_, drawn_ / 2, key_);
    return sojourn::uniform(pair_[drawn_++ % 2]);
  }
  bool happens(double probability) { return uniform() < probability; }
  double between(double low, double high) { return low + (high - low) * uniform(); }
  /// A whole number from low to high, both included.
  std::int32_t whole(std::int32_t low, std::int32_t high) { return std::min(high, low + static_cast<std::int32_t>(uniform() * (high - low + 1))); }
  /// A place in a list of weights.
  std::size_t pick(std::span<const double> weights) {
    double left = uniform() * std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i + 1 < weights.size(); ++i)
      if ((left -= weights[i]) < 0) return i;
    return weights.size() - 1;
  }
  double exponential(double mean) { return -mean * std::log(uniform()); }
  double normal(double mean, double deviation) {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return mean + deviation * radius * std::cos(2 * std::numbers::pi * uniform());
  }
  double weibull(double mean, double shape) { return mean / std::tgamma(1 + 1 / shape) * std::pow(-std::log(uniform()), 1 / shape); }
  double lognormal(double mean, double sigma) { return mean * std::exp(normal(-sigma * sigma / 2, sigma)); }

 private:
  std::uint64_t seed_, key_, drawn_ = 0;
  std::array<std::uint64_t, 2> pair_{};
};

}  // namespace sojourn::datasets
