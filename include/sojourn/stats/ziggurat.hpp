// Standard exponential variates from 32 random bits, in whole numbers: the ziggurat of Marsaglia & Tsang 2000 (J. Stat. Softw. 5, no. 8).
//
// 256 layers of equal area over e^−x. The low 8 bits choose a layer, all 32 (the high 24 decide) a point across it; 97.8% of points lie
// under the curve for certain and cost one multiplication. The rest are compared with the curve; one above it asks for more bits, hashed
// from the ones before (SplitMix64, Steele, Lea & Flood 2014), so that the variate stays a pure function of its bits. Beyond the lowest
// layer's rectangle the distribution begins anew, since it has no memory.
//
// The same on every machine: tables are computed by the compiler with + − × ÷ alone, and the rest is arithmetic of integers; no logarithm and
// no exponential of a C library has a say. About 1 ns. Points are 2⁻²⁴ of a layer apart: fine enough for weights, not for small quantiles.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sojourn {

namespace ziggurat {

inline constexpr double tail = 7.69711747013104972;       // where the lowest layer's rectangle ends
inline constexpr double area = 3.9496598225815571993e-3;  // of each layer

/// e^−x for 0 ≤ x < 16, to 1e-13: the series at x / 256, squared eight times.
constexpr double decay_of(double x) {
  double sum = 1;
  for (int n = 10; n > 0; --n) sum = 1 - x / 256 / n * sum;
  for (int i = 0; i < 8; ++i) sum *= sum;
  return sum;
}

/// e^−t for t < 1, both in units of 2⁻³²: the series at t / 8, squared three times.
constexpr std::uint64_t decay_of_units(std::uint64_t t) {
  constexpr std::uint64_t one = 0xFFFFFFFF;  // a unit short, so that its square fits
  constexpr std::array<std::uint64_t, 7> part = {0, one, one / 2, one / 3, one / 4, one / 5, one / 6};
  std::uint64_t sum = one;
  for (std::size_t n = 6; n > 0; --n) sum = one - ((t / 8 * part[n] >> 32) * sum >> 32);
  for (int i = 0; i < 3; ++i) sum = sum * sum >> 32;
  return sum;
}

struct Layers {
  struct Points {
    std::uint32_t sure = 0;   // those below it lie under the curve
    std::uint32_t width = 0;  // of all 2³² of them, in units of 2⁻²⁸
  };
  std::array<Points, 256> points = {};
  std::array<std::uint64_t, 256> inner = {};  // up to where the layer lies under the curve, in units of 2⁻³²
  std::array<std::uint64_t, 256> lower = {};  // the curve at the layer's outer end, in units of 2⁻³² of the curve at the inner one
  double top = 0;                             // area of the highest layer, which is not chosen but follows

  constexpr Layers() {
    const auto set = [this](std::size_t layer, double inside, double outside) {
      points[layer] = {static_cast<std::uint32_t>(inside / outside * 0x1p32), static_cast<std::uint32_t>(outside * 0x1p28)};
      inner[layer] = static_cast<std::uint64_t>(inside * 0x1p32);
      lower[layer] = static_cast<std::uint64_t>(decay_of(outside) / decay_of(inside) * 0x1p32);
    };
    set(0, tail, area / decay_of(tail));
    double outer = tail;
    for (std::size_t layer = 255; layer > 1; --layer) {
      const double height = area / outer + decay_of(outer);
      double end = outer;
      for (int i = 0; i < 8; ++i) end += 1 - height / decay_of(end);  // Newton
      set(layer, end, outer);
      outer = end;
    }
    set(1, 0, outer);
    top = outer * (1 - decay_of(outer));
  }
};

inline constexpr Layers layers;
static_assert(layers.top > area * (1 - 1e-9) && layers.top < area * (1 + 1e-9));

constexpr std::uint64_t more_bits(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

/// How far across its layer the point lies, in units of 2⁻³².
constexpr std::uint64_t across(std::uint32_t bits) { return std::uint64_t{bits} * layers.points[bits & 255].width >> 28; }

constexpr bool is_sure(std::uint32_t bits) { return bits < layers.points[bits & 255].sure; }

/// A standard exponential variate in units of 2⁻³². Where the point is sure it is `across`.
constexpr std::uint64_t exponential(std::uint32_t bits) {
  std::uint64_t begin = 0, more = bits;
  while (!is_sure(bits)) {
    const std::size_t layer = bits & 255;
    more = more_bits(more);
    if (layer == 0) {
      begin += layers.inner[0];
    } else {
      const std::uint64_t x = across(bits), inner = layers.inner[layer], lower = layers.lower[layer];
      const std::uint64_t height = lower + (((std::uint64_t{1} << 32) - lower) * (more & 0xFFFFFFFF) >> 32);
      if (height < decay_of_units(x > inner ? x - inner : 0)) return begin + x;
    }
    bits = static_cast<std::uint32_t>(more >> 32);
  }
  return begin + across(bits);
}

}  // namespace ziggurat

}  // namespace sojourn
