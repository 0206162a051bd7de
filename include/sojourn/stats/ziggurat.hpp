// Standard exponential variates from 64 random bits without a logarithm: the ziggurat of Marsaglia & Tsang 2000 (J. Stat. Softw. 5, no. 8).
//
// 256 layers of equal area under e^−x. The low 8 bits choose a layer, the high 53 a point in it; 98.9% of points lie under the curve for
// certain and cost one multiplication. The rest are compared with the curve; a rejected one asks for more bits, which are hashed from the
// ones before (SplitMix64, Steele, Lea & Flood 2014), so that the variate stays a pure function of its bits. The tail is by inversion.
// About 1 ns; `exponential` (core/random.hpp) takes 4 and is monotone in its bits, which this is not.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "sojourn/core/random.hpp"

namespace sojourn {

namespace ziggurat {

inline constexpr double tail = 7.69711747013104972;       // where the lowest layer's rectangle ends
inline constexpr double area = 3.9496598225815571993e-3;  // of each layer

struct Layers {
  std::array<std::uint64_t, 256> sure = {};  // points below it lie under the curve
  std::array<double, 256> width = {};        // of one of 2⁵³ points
  std::array<double, 256> height = {};       // of the curve at the layer's end

  Layers() {
    double end = tail, outer = tail;
    const double lowest = area / std::exp(-tail);
    sure[0] = static_cast<std::uint64_t>(tail / lowest * 0x1p53);
    width[0] = lowest * 0x1p-53;
    width[255] = tail * 0x1p-53;
    height[0] = 1;
    height[255] = std::exp(-tail);
    for (std::size_t i = 254; i >= 1; --i) {
      end = -std::log(area / end + std::exp(-end));
      sure[i + 1] = static_cast<std::uint64_t>(end / outer * 0x1p53);
      width[i] = end * 0x1p-53;
      height[i] = std::exp(-end);
      outer = end;
    }
  }
};

inline const Layers layers;

constexpr std::uint64_t more_bits(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

/// The 1.1%: points not surely under the curve.
inline double beyond(std::uint64_t bits) {
  for (;;) {
    const std::size_t layer = bits & 255;
    const std::uint64_t point = bits >> 11;
    const double x = static_cast<double>(point) * layers.width[layer];
    if (point < layers.sure[layer]) return x;
    bits = more_bits(bits);
    if (layer == 0) return tail + exponential(bits);
    if (layers.height[layer] + uniform(bits) * (layers.height[layer - 1] - layers.height[layer]) < std::exp(-x)) return x;
    bits = more_bits(bits);
  }
}

}  // namespace ziggurat

/// A standard exponential variate, between 0 and 45.
inline double ziggurat_exponential(std::uint64_t bits) {
  const std::size_t layer = bits & 255;
  const std::uint64_t point = bits >> 11;
  if (point < ziggurat::layers.sure[layer]) return static_cast<double>(static_cast<std::int64_t>(point)) * ziggurat::layers.width[layer];
  return ziggurat::beyond(bits);
}

}  // namespace sojourn
