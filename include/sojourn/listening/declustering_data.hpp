// What the model is fitted to: every voice with what it says of itself, and the occurrences it may speak of with their ages, as numbers.
// Cost: O(voices + candidates) once; 8 bytes a candidate, 24 a voice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/listening/candidates.hpp"
#include "sojourn/listening/causes.hpp"
#include "sojourn/listening/exposure_grid.hpp"
#include "sojourn/listening/feedback.hpp"
#include "sojourn/stats/delay.hpp"

namespace sojourn {

/// The classes of scores that the model tells apart: those of the scale (0 to 10, 1 to 5); of means at most ten of about as many voices.
class ScoreClasses {
 public:
  explicit ScoreClasses(const Feedback& feedback) : scale_(feedback.scale) {
    if (scale_ != ScoreScale::mean) return;
    std::vector<double> scores;
    for (const double s : feedback.score)
      if (!std::isnan(s)) scores.push_back(s);
    std::sort(scores.begin(), scores.end());
    constexpr std::size_t most = 10;
    for (std::size_t k = 0; k < most && !scores.empty(); ++k) {
      const double from = scores[scores.size() * k / most];
      if (from_.empty() || from > from_.back()) from_.push_back(from);
    }
  }

  [[nodiscard]] std::size_t size() const { return scale_ == ScoreScale::nps ? 11 : scale_ == ScoreScale::csat ? 5 : from_.size(); }
  [[nodiscard]] std::size_t of(double score) const {
    if (scale_ == ScoreScale::nps) return static_cast<std::size_t>(score);
    if (scale_ == ScoreScale::csat) return static_cast<std::size_t>(score) - 1;
    return static_cast<std::size_t>(std::upper_bound(from_.begin(), from_.end(), score) - from_.begin()) - 1;
  }
  /// The least score of a class.
  [[nodiscard]] double from(std::size_t k) const {
    return scale_ == ScoreScale::mean ? from_[k] : static_cast<double>(scale_ == ScoreScale::nps ? k : k + 1);
  }

 private:
  ScoreScale scale_;
  std::vector<double> from_;
};

/// One voice, as numbers. A topic or score that is missing has the number after the last.
struct ModelVoice {
  std::uint32_t customer, source, group, topic, score;
  bool linked, fitted;
};

/// An occurrence that a voice may speak of.
struct ModelPair {
  std::uint32_t cause, step;  // step: of its age, on the grid
};

/// Voices and pairs, in the feedback's order. Immutable.
struct DeclusteringData {
  const Feedback* feedback;
  DelayGrid grid;
  Causes causes;
  ExposureGrid exposure;
  ScoreClasses classes;
  std::vector<std::string> topics = {};  // ascending
  std::vector<ModelVoice> voices = {};
  std::vector<How> how = {};
  std::vector<std::size_t> offsets = {0};  // voice v has pairs [offsets[v], offsets[v + 1])
  std::vector<ModelPair> pairs = {};
  std::vector<std::uint64_t> occurrences = {};   // a pair each: its number in the matches
  std::vector<std::uint64_t> customer_key = {};  // hash of the id

  [[nodiscard]] std::size_t sources() const { return feedback->sources.size(); }
  [[nodiscard]] std::size_t groups() const { return feedback->groups.names.size(); }
};

namespace listening_detail {

/// Each voice's topic as a number, ascending by name; `none`: after the last.
inline std::vector<std::uint32_t> topic_numbers(const Feedback& feedback, std::vector<std::string>& names) {
  std::vector<std::uint32_t> out(feedback.size(), 0);
  const std::optional<std::string>& name = feedback.columns.topic;
  if (!name) return out;
  const auto at = std::find_if(feedback.given.columns.begin(), feedback.given.columns.end(), [&](const Column& c) { return c.name == *name; });
  const auto* strings = std::get_if<Strings>(&at->data);
  if (strings == nullptr) return out;  // nothing but nulls
  std::vector<bool> used(strings->words->size());
  for (std::size_t v = 0; v < out.size(); ++v)
    if (!at->is_null(v)) used[strings->codes[v]] = true;
  for (std::size_t code = 0; code < used.size(); ++code)
    if (used[code]) names.push_back((*strings->words)[code]);
  std::sort(names.begin(), names.end());
  constexpr std::size_t most = 10'000;
  if (names.size() > most) refuse("feedback, column '" + *name + "'", std::to_string(names.size()) + " different topics", "at most 10,000");
  std::vector<std::uint32_t> number(used.size());
  for (std::size_t code = 0; code < used.size(); ++code)
    if (used[code]) number[code] = static_cast<std::uint32_t>(std::lower_bound(names.begin(), names.end(), (*strings->words)[code]) - names.begin());
  for (std::size_t v = 0; v < out.size(); ++v) out[v] = at->is_null(v) ? static_cast<std::uint32_t>(names.size()) : number[strings->codes[v]];
  return out;
}

}  // namespace listening_detail

/// @throws InvalidInput for a horizon that is not a fixed span above zero, or over 10,000 topics.
inline DeclusteringData declustering_data(const Feedback& feedback, const Duration& horizon, const Run& run) {
  if (horizon.is_calendar() || horizon.is_zero())
    refuse("horizon", "'" + horizon.text() + "'", "a fixed span above zero for the model, such as '60d' (calendar months vary)");
  const Matches& matches = *feedback.matches;
  const std::int64_t span = horizon.fixed.count();
  const DelayGrid grid(static_cast<double>(span));
  const Run quiet{run.count()};
  const Causes causes(matches);
  DeclusteringData out{&feedback, grid, causes, ExposureGrid(feedback, causes, span, grid, quiet), ScoreClasses(feedback)};
  const std::vector<std::uint32_t> topics = listening_detail::topic_numbers(feedback, out.topics);
  const CandidateFinder finder(feedback, horizon, quiet);
  const std::size_t n = feedback.size();
  out.voices.resize(n);
  out.how.resize(n);
  out.offsets.resize(n + 1);
  const std::vector<Slice> parts = slices(n, 16 * run.count());
  struct Found {
    std::vector<ModelPair> pairs;
    std::vector<std::uint64_t> occurrences;
  };
  std::vector<Found> found(parts.size());
  parallel_for(parts.size(), quiet, [&](std::size_t p) {
    for (std::size_t v = parts[p].begin; v < parts[p].end; ++v) {
      const auto [candidates, how] = finder.find(v);
      // Of what a voice links to only what is not older than the horizon counts; all, alike in delay, if everything is older.
      const auto age_of = [&](std::size_t i) { return feedback.time[v] - matches.occurrences[candidates[i]].time; };
      const bool recent = candidates.size() == 0 || age_of(candidates.size() - 1) <= span;  // the last is the youngest
      std::size_t kept = 0;
      for (std::size_t i = 0; i < candidates.size(); ++i) {
        const Occurrence& o = matches.occurrences[candidates[i]];
        const std::int64_t age = age_of(i);
        if (recent && age > span) continue;
        ++kept;
        found[p].pairs.push_back({causes.of(o), static_cast<std::uint32_t>(grid.step(static_cast<double>(age)))});
        found[p].occurrences.push_back(candidates[i]);
      }
      const std::uint32_t customer = feedback.customer[v];
      const bool named_in_vain = feedback.moment[v] != Feedback::no_moment && candidates.size() == 0;
      const bool fitted = !feedback.is_other(v) && recent && !named_in_vain && fitted_window(matches, customer, span).holds(feedback.time[v]);
      const std::size_t score = feedback.has_no_score(v) ? out.classes.size() : out.classes.of(feedback.score[v]);
      out.voices[v] = {customer,
                       feedback.source[v],
                       feedback.groups.of(customer),
                       topics[v],
                       static_cast<std::uint32_t>(score),
                       how == How::key || how == How::named,
                       fitted};
      out.how[v] = how;
      out.offsets[v + 1] = kept;
    }
  });
  for (std::size_t v = 0; v < n; ++v) out.offsets[v + 1] += out.offsets[v];
  for (Found& part : found) {
    out.pairs.insert(out.pairs.end(), part.pairs.begin(), part.pairs.end());
    out.occurrences.insert(out.occurrences.end(), part.occurrences.begin(), part.occurrences.end());
    part = {};
  }
  const EventLog& log = *matches.log;
  out.customer_key.resize(log.customers());
  for (std::size_t c = 0; c < out.customer_key.size(); ++c) out.customer_key[c] = customer_key(log.ids(), c);
  return out;
}

}  // namespace sojourn
