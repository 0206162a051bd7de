// Sums of reals that no order and no number of threads can change.
#pragma once

#include <cmath>
#include <cstdint>

#include "sojourn/core/error.hpp"

namespace sojourn {

__extension__ typedef __int128 Int128;

/// A sum of doubles in 128-bit fixed point with 50 binary places. Each addend is rounded once to 2⁻⁵⁰ (doubles of magnitude 8 and
/// more are exact); after that addition is exact, hence associative and commutative, so partial sums merge bit for bit.
/// Range ±2⁷⁷ ≈ 1.5e23; beyond it `add` throws InvalidInput.
class ExactSum {
 public:
  static constexpr int places = 50;
  /// The largest magnitude of one addend.
  static constexpr double limit = 0x1p70;

  void add(double x) { add_fixed(fixed(x)); }
  void merge(const ExactSum& other) { add_fixed(other.sum_); }

  [[nodiscard]] double value() const { return std::ldexp(static_cast<double>(sum_), -places); }

  friend bool operator==(const ExactSum&, const ExactSum&) = default;

 private:
  static Int128 fixed(double x) {
    if (!(std::fabs(x) <= limit)) throw InvalidInput("sum of values: found a number that is not finite or beyond 1e21, expected a measure");
    // The high and low parts of x·2⁵⁰ each fit a 64-bit conversion, which is far cheaper than a 128-bit one.
    const double scaled = std::ldexp(x, places);
    if (std::fabs(scaled) < 0x1p62) return std::llrint(scaled);
    return static_cast<Int128>(scaled);
  }

  void add_fixed(Int128 x) {
    if (__builtin_add_overflow(sum_, x, &sum_)) throw InvalidInput("sum of values: found a total beyond 1.5e23, expected one that fits");
  }

  Int128 sum_ = 0;
};

}  // namespace sojourn
