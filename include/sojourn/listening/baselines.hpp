// Three rules of thumb for what a voice is about, by time alone; no one of them can say "about nothing you know of", unless nothing came
// before. They stand beside the model as what it must beat.
//   last touch   the latest candidate in log order has it all
//   linear       every candidate has the same
//   time decay   a candidate of age a has 2^(−a / half-life) parts
// Cost: O(candidates); last touch O(1).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sojourn/core/error.hpp"

namespace sojourn {

enum class Baseline : std::uint8_t { last_touch, linear, time_decay };

inline const char* to_string(Baseline baseline) {
  static constexpr const char* words[] = {"last_touch", "linear", "time_decay"};
  return words[static_cast<std::size_t>(baseline)];
}

/// @throws InvalidInput for other words.
inline Baseline read_baseline(const std::string& word, const std::string& place) {
  for (const Baseline baseline : {Baseline::last_touch, Baseline::linear, Baseline::time_decay})
    if (word == to_string(baseline)) return baseline;
  refuse(place, "'" + word + "'", "'declustering' (the model), 'last_touch', 'linear' or 'time_decay'");
}

/// Turns candidates' ages, in microseconds and in log order (none above the one before it), into their weights, which sum to 1.
inline void weigh(Baseline baseline, double half_life, std::span<double> ages) {
  if (ages.empty()) return;
  const double youngest = ages.back();
  double sum = 0;
  for (std::size_t i = 0; i < ages.size(); ++i) {
    switch (baseline) {
      case Baseline::last_touch: ages[i] = i + 1 == ages.size() ? 1 : 0; break;
      case Baseline::linear: ages[i] = 1; break;
      case Baseline::time_decay: ages[i] = std::exp2((youngest - ages[i]) / half_life); break;  // against the youngest: their sum is never 0
    }
    sum += ages[i];
  }
  for (double& weight : ages) weight /= sum;
}

}  // namespace sojourn
