// attribute: what each voice is about. A voice's weights over the occurrences it may speak of (candidates.hpp), and over none of them, sum to 1:
// by the model (declustering.hpp) or by a rule of thumb (baselines.hpp).
// Cost: O((voices + candidates) log occurrences), and the model's fit; 16 bytes a weight. Threads cannot show.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/listening/baselines.hpp"
#include "sojourn/listening/candidates.hpp"
#include "sojourn/listening/declustering.hpp"
#include "sojourn/listening/feedback.hpp"

namespace sojourn {

/// A part of a voice that is about an occurrence.
struct VoiceShare {
  std::uint64_t occurrence;  // its number in the matches
  double weight;
  friend bool operator==(const VoiceShare&, const VoiceShare&) = default;
};

struct AttributeOptions {
  /// How long after an occurrence a voice may still be about it.
  Duration horizon = days(60);
  /// A rule of thumb; none: the model.
  std::optional<Baseline> method = {};
  /// Of `time_decay`: a fixed span.
  Duration half_life = days(7);
  /// Of the model; none: the shape under which voices held out are most probable.
  std::optional<DelayShape> delay = {};
  Run run = {};
};

/// The answer of `attribute`. Immutable; keeps the feedback and the match.
struct Attribution {
  std::shared_ptr<const Matches> matches;
  std::shared_ptr<const Feedback> feedback;
  Duration horizon;
  std::vector<How> how;                    // a voice each; unattributed: it has no share
  std::vector<double> unattributed;        // what of a voice is about none
  std::vector<std::size_t> offsets = {0};  // voice v has shares [offsets[v], offsets[v + 1]), in log order
  std::vector<VoiceShare> shares;
  std::shared_ptr<const Declustering> model = {};  // none: by a rule of thumb

  [[nodiscard]] std::span<const VoiceShare> of_voice(std::size_t v) const {
    return std::span<const VoiceShare>{shares}.subspan(offsets[v], offsets[v + 1] - offsets[v]);
  }
};

namespace listening_detail {

/// The shares of one slice of the voices; slices are joined in order.
inline std::vector<VoiceShare> attribute_slice(Slice voices, const CandidateFinder& finder, Baseline method, double half_life, Attribution& out) {
  std::vector<VoiceShare> shares;
  std::vector<double> weights;
  for (std::size_t v = voices.begin; v < voices.end; ++v) {
    const auto [candidates, how] = finder.find(v);
    // Only the last can be touched last: the others need not be listed.
    const std::size_t first = method == Baseline::last_touch && candidates.size() > 0 ? candidates.size() - 1 : 0;
    weights.clear();
    for (std::size_t i = first; i < candidates.size(); ++i)
      weights.push_back(static_cast<double>(out.feedback->time[v] - out.matches->occurrences[candidates[i]].time));
    weigh(method, half_life, weights);
    for (std::size_t i = first; i < candidates.size(); ++i) shares.push_back({candidates[i], weights[i - first]});
    out.how[v] = how;
    out.unattributed[v] = weights.empty() ? 1 : 0;
    out.offsets[v + 1] = weights.size();
  }
  return shares;
}

inline void attribute_by_rule(const AttributeOptions& options, Baseline method, Attribution& out) {
  const CandidateFinder finder(*out.feedback, options.horizon, options.run);
  const std::vector<Slice> voices = slices(out.feedback->size(), 16 * options.run.count());
  std::vector<std::vector<VoiceShare>> parts(voices.size());
  const auto half_life = static_cast<double>(options.half_life.fixed.count());
  parallel_for(voices.size(), options.run, [&](std::size_t i) { parts[i] = attribute_slice(voices[i], finder, method, half_life, out); });
  std::partial_sum(out.offsets.begin(), out.offsets.end(), out.offsets.begin());
  out.shares.resize(out.offsets.back());
  parallel_for(parts.size(), Run{options.run.count()}, [&](std::size_t i) {
    std::copy(parts[i].begin(), parts[i].end(), out.shares.begin() + static_cast<std::ptrdiff_t>(out.offsets[voices[i].begin]));
    parts[i] = {};
  });
}

/// Each voice's posterior over its candidates and the background. A voice that the model gives no chance at all (linked, and to nothing that was
/// ever spoken of) is shared alike.
inline void attribute_by_model(const AttributeOptions& options, Attribution& out) {
  out.model = std::make_shared<const Declustering>(decluster(*out.feedback, options.horizon, options.delay, options.run));
  const DeclusteringData& data = out.model->data;
  const declustering_detail::Intensities intensities(data, out.model->fit.model);
  out.how = data.how;
  out.offsets = data.offsets;
  out.shares.resize(data.pairs.size());
  const std::vector<Slice> voices = slices(out.feedback->size(), 16 * options.run.count());
  parallel_for(voices.size(), Run{options.run.count()}, [&](std::size_t i) {
    std::vector<double> parts;
    for (std::size_t v = voices[i].begin; v < voices[i].end; ++v) {
      const std::size_t first = data.offsets[v];
      double background = intensities.parts(v, parts);
      double all = background;
      for (const double x : parts) all += x;
      if (!(all > 0)) {
        std::fill(parts.begin(), parts.end(), 1.0);
        background = parts.empty() ? 1 : 0;
        all = background + static_cast<double>(parts.size());
      }
      for (std::size_t k = 0; k < parts.size(); ++k) out.shares[first + k] = {data.occurrences[first + k], parts[k] / all};
      out.unattributed[v] = background / all;
    }
  });
}

}  // namespace listening_detail

/// Attributes every voice. @throws InvalidInput for feedback read against another match, a half-life that is not a fixed span above zero; for the
/// model, a horizon that is not one.
inline Attribution attribute(std::shared_ptr<const Matches> matches, std::shared_ptr<const Feedback> feedback, const AttributeOptions& options = {}) {
  if (feedback->matches != matches) refuse("feedback", "voices read against another match", "those of this one");
  if (options.half_life.is_calendar() || options.half_life.is_zero())
    refuse("half_life", "'" + options.half_life.text() + "'", "a fixed span above zero, such as '7d' or '12h'");
  const std::size_t n = feedback->size();
  Attribution out{matches, feedback, options.horizon, std::vector<How>(n), std::vector<double>(n), std::vector<std::size_t>(n + 1), {}};
  if (options.method) listening_detail::attribute_by_rule(options, *options.method, out);
  else listening_detail::attribute_by_model(options, out);
  return out;
}

/// The same for feedback by itself, which keeps its match.
inline Attribution attribute(Feedback feedback, const AttributeOptions& options = {}) {
  const auto matches = feedback.matches;
  return attribute(matches, std::make_shared<const Feedback>(std::move(feedback)), options);
}

}  // namespace sojourn
