// Wilson's interval for a share.
#pragma once

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <cstdint>
#include <string>

#include "sojourn/core/error.hpp"
#include "sojourn/stats/interval.hpp"

namespace sojourn {

/// The shares p for which hits of n are no further from p than z standard errors of p itself (Wilson 1927, JASA 22, 209-212):
/// (k + z²/2 ± z·√(k(n−k)/n + z²/4)) / (n + z²), k = hits, of which neither need be whole (weighted scores have an effective n). Good from
/// n = 1 on and never outside [0, 1]; 0 of n gives low = 0, n of n high = 1, none of none [0, 1]. Prefer Jeffreys' interval (interval.hpp)
/// where 0 of n must be told from never. O(1). @throws InvalidInput unless 0 <= hits <= n.
inline Interval wilson_interval(double hits, double n, double confidence) {
  check_confidence(confidence);
  if (!(0 <= hits && hits <= n)) refuse("proportion", std::to_string(hits) + " of " + std::to_string(n), "k of n with 0 <= k <= n");
  if (n == 0) return {0, 1};
  const double z = std::sqrt(2.0) * boost::math::erf_inv(confidence);
  const double middle = hits + z * z / 2, half = z * std::sqrt(hits * (n - hits) / n + z * z / 4), scale = n + z * z;
  return {hits == 0 ? 0.0 : (middle - half) / scale, hits == n ? 1.0 : (middle + half) / scale};
}

}  // namespace sojourn
