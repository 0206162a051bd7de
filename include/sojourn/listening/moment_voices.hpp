// What was said of each moment: how many voices, how much of what happened was heard, the score, and how long people took to speak.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/exposure.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// One moment's voices; all sums are of weights.
struct MomentVoices {
  ExactSum voices;
  ScoreSums scores;                // of the voices that have one
  ExactSum waited, waited_weight;  // microseconds from occurrence to voice, times weight; those weights
  std::int64_t could = 0;          // occurrences that some source could hear of

  /// Mean seconds from occurrence to voice; none where nobody spoke.
  [[nodiscard]] std::optional<double> delay() const {
    const double weight = waited_weight.value();
    return weight > 0 ? std::optional{waited.value() / weight / micros_per_second} : std::nullopt;
  }
};

/// One row a moment, in the journey's order. O(weights + occurrences · log sources).
inline std::vector<MomentVoices> summarise_voices(const Attribution& attribution) {
  const Matches& matches = *attribution.matches;
  const Feedback& feedback = *attribution.feedback;
  std::vector<MomentVoices> out(matches.journey->moments().size());
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    for (const VoiceShare& share : attribution.of_voice(v)) {
      const Occurrence& o = matches.occurrences[share.occurrence];
      MomentVoices& row = out[o.moment];
      row.voices.add(share.weight);
      const double weight = steady_weight(share.weight);
      row.waited.add(weight * static_cast<double>(feedback.time[v] - o.time));
      row.waited_weight.add(weight);
      if (!feedback.has_no_score(v)) row.scores.add(score_mark(feedback.scale, feedback.score[v]), share.weight);
    }
  }
  const std::vector<ListeningWindow> heard = feedback.has_windows ? united(exposures(attribution)) : std::vector{ListeningWindow{}};
  for (const Occurrence& o : matches.occurrences) {
    const auto after = std::partition_point(heard.begin(), heard.end(), [&](const ListeningWindow& w) { return w.to < o.time; });
    out[o.moment].could += after != heard.end() && after->holds(o.time);
  }
  return out;
}

}  // namespace sojourn
