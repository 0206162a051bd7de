// Intervals: quantiles of draws, and Jeffreys' interval for a proportion.
#pragma once

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sojourn/core/error.hpp"

namespace sojourn {

struct Interval {
  double low = 0, high = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

/// Refuses a confidence that is not strictly between 0 and 1.
inline void check_confidence(double confidence) {
  if (!(confidence > 0 && confidence < 1)) refuse("interval", std::to_string(confidence), "a share between 0 and 1, such as 0.9");
}

/// The p-quantile of numbers, linear between order statistics (type 7 of Hyndman & Fan 1996; what R and numpy give). Reorders them.
/// O(n). @throws InvalidInput when there are none.
inline double quantile(std::span<double> numbers, double p) {
  if (numbers.empty()) refuse("quantile", "no numbers", "at least one");
  const double at = std::clamp(p, 0.0, 1.0) * static_cast<double>(numbers.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(at);
  const auto middle = numbers.begin() + below;
  std::nth_element(numbers.begin(), middle, numbers.end());
  const double fraction = at - std::floor(at);
  if (fraction == 0.0) return *middle;
  const double above = *std::min_element(middle + 1, numbers.end());
  return *middle + fraction * (above - *middle);
}

/// The equal-tailed interval of draws that holds `confidence` of them. Reorders them. O(n).
inline Interval percentile_interval(std::span<double> draws, double confidence) {
  check_confidence(confidence);
  const double tail = (1 - confidence) / 2;
  return {quantile(draws, tail), quantile(draws, 1 - tail)};
}

/// Jeffreys' interval of a proportion, k of n: the tails of Beta(k + ½, n − k + ½), with low = 0 at k = 0 and high = 1 at k = n (Brown, Cai &
/// DasGupta 2001, Statist. Sci. 16, §4.1.3). It says how far 0 of n may lie from never, where a bootstrap would claim certainty; Wilson's
/// interval is as good away from the ends and cheaper. n = 0 gives [0, 1].
inline Interval jeffreys_interval(std::int64_t k, std::int64_t n, double confidence) {
  check_confidence(confidence);
  if (n < 0 || k < 0 || k > n) refuse("proportion", std::to_string(k) + " of " + std::to_string(n), "k of n with 0 <= k <= n");
  const double a = static_cast<double>(k) + 0.5, b = static_cast<double>(n - k) + 0.5, tail = (1 - confidence) / 2;
  return {k == 0 ? 0.0 : boost::math::ibeta_inv(a, b, tail), k == n ? 1.0 : boost::math::ibetac_inv(a, b, tail)};
}

}  // namespace sojourn
