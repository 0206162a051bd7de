// Who was heard, where, through which source; and where nobody was. One cell a place (a moment or a stage) and source, silent ones too, and one
// a source for what is about no occurrence.
// Cost: O(weights · log + occurrences · sources + events + places · sources).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/exposure.hpp"
#include "sojourn/listening/places.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// What happened at a place, of which a source could hear.
struct Exposed {
  std::int64_t occurrences = 0, customers = 0;
  ExactSum value;  // of the customers, each once: all their events while observed
};

/// From how much of a voice on it counts as spoken: a model gives nearly everything a little. Less by 1e-9, so that two halves of a sum count.
inline constexpr double half_a_voice = 0.5 - 1e-9;

/// What was said.
struct Spoken {
  ExactSum voices;  // weights
  ScoreSums scores;
  std::int64_t speakers = 0;  // customers of whose voices half a voice or more is about it, those that the log does not have too
  ExactSum value;             // of the speakers, each once
};

/// Who met a place while the source listened, and did not speak of it there.
struct Unheard {
  std::int64_t customers = 0;
  ExactSum value;  // of them, each once
};

/// The cells of a coverage table.
struct Coverage {
  std::size_t places = 0, sources = 0;
  std::vector<Exposed> exposed;  // place · sources + source
  std::vector<Unheard> unheard;  // the same
  std::vector<Spoken> spoken;    // the same; then a cell a source for what is about none
};

namespace listening_detail {

class CoverageCounter {
 public:
  CoverageCounter(const Attribution& attribution, PlaceBy by)
      : attribution_(attribution), matches_(*attribution.matches), feedback_(*attribution.feedback), sources_(feedback_.sources.size()) {
    Places where = places(*matches_.journey, by);
    places_ = where.ids.size();
    place_of_ = std::move(where.of_moment);
    std::map<ListeningWindow, std::size_t> numbers;
    for (const ListeningWindow& window : exposures(attribution)) {
      if (numbers.emplace(window, windows_.size()).second) windows_.push_back(window);
      window_of_.push_back(numbers.at(window));
    }
    exposed_.resize(places_ * windows_.size());
    last_exposed_.assign(exposed_.size(), nobody);
    spoken_.resize((places_ + 1) * sources_);
    last_spoken_.assign(spoken_.size(), nobody);
    said_.resize(spoken_.size());
    unheard_.resize(places_ * sources_);
    last_unheard_.assign(unheard_.size(), nobody);
  }

  Coverage run() {
    std::vector<std::size_t> voices(feedback_.size());
    std::iota(voices.begin(), voices.end(), std::size_t{0});
    std::stable_sort(voices.begin(), voices.end(), [&](std::size_t a, std::size_t b) { return feedback_.customer[a] < feedback_.customer[b]; });
    auto next = voices.begin();
    for (std::uint32_t c = 0; c < matches_.log->customers(); ++c) {
      const auto begin = next;
      while (next != voices.end() && feedback_.customer[*next] == c) ++next;
      if (begin == next && matches_.of_customer(c).empty()) continue;
      const ExactSum worth = worth_of(c);
      for (const Occurrence& o : matches_.of_customer(c)) expose(o, worth);
      for (auto v = begin; v != next; ++v) speak(*v, worth);
      for (const Occurrence& o : matches_.of_customer(c)) stay_silent(o, worth);
    }
    for (; next != voices.end(); ++next) speak(*next, {});  // customers that the log does not have
    return finish();
  }

 private:
  static constexpr std::uint64_t nobody = UINT64_MAX;
  /// What a customer said of a cell so far, in voices.
  struct Said {
    std::uint64_t customer = nobody;
    double weight = 0;
  };

  /// All that the customer's events come to while observed.
  [[nodiscard]] ExactSum worth_of(std::uint32_t c) const {
    ExactSum worth;
    const auto values = matches_.log->values();
    if (values.empty()) return worth;
    const CustomerEvents events = matches_.log->customer(c);
    const Observation observed = matches_.log->observation(c);
    for (std::size_t i = 0; i < events.size(); ++i) {
      const double value = values[events.first + i];
      if (value == value && events.time(i) >= observed.from && events.time(i) <= observed.to) worth.add(value);  // NaN: none
    }
    return worth;
  }

  void expose(const Occurrence& o, const ExactSum& worth) {
    for (std::size_t w = 0; w < windows_.size(); ++w) {
      if (!windows_[w].holds(o.time)) continue;
      const std::size_t at = place_of_[o.moment] * windows_.size() + w;
      ++exposed_[at].occurrences;
      if (last_exposed_[at] == o.customer) continue;
      last_exposed_[at] = o.customer;
      ++exposed_[at].customers;
      exposed_[at].value.merge(worth);
    }
  }

  /// After the customer's last voice.
  void stay_silent(const Occurrence& o, const ExactSum& worth) {
    for (std::size_t s = 0; s < sources_; ++s) {
      const std::size_t place = place_of_[o.moment], at = place * sources_ + s;
      const bool exposed = last_exposed_[place * windows_.size() + window_of_[s]] == o.customer;
      if (!exposed || last_spoken_[at] == o.customer || last_unheard_[at] == o.customer) continue;
      last_unheard_[at] = o.customer;
      ++unheard_[at].customers;
      unheard_[at].value.merge(worth);
    }
  }

  void speak(std::size_t v, const ExactSum& worth) {
    for (const VoiceShare& share : attribution_.of_voice(v)) add(place_of_[matches_.occurrences[share.occurrence].moment], v, share.weight, worth);
    if (attribution_.unattributed[v] > 0) add(places_, v, attribution_.unattributed[v], worth);
  }

  void add(std::size_t place, std::size_t v, double weight, const ExactSum& worth) {
    const std::size_t at = place * sources_ + feedback_.source[v];
    Spoken& cell = spoken_[at];
    cell.voices.add(weight);
    if (!feedback_.has_no_score(v)) cell.scores.add(score_mark(feedback_.scale, feedback_.score[v]), weight);
    Said& said = said_[at];
    if (said.customer != feedback_.customer[v]) said = {feedback_.customer[v], 0};
    const double before = std::exchange(said.weight, said.weight + weight);
    if (before >= half_a_voice || said.weight < half_a_voice) return;
    last_spoken_[at] = feedback_.customer[v];
    ++cell.speakers;
    cell.value.merge(worth);
  }

  Coverage finish() {
    Coverage out{places_, sources_, {}, std::move(unheard_), std::move(spoken_)};
    for (std::size_t place = 0; place < places_; ++place)
      for (std::size_t s = 0; s < sources_; ++s) out.exposed.push_back(exposed_[place * windows_.size() + window_of_[s]]);
    return out;
  }

  const Attribution& attribution_;
  const Matches& matches_;
  const Feedback& feedback_;
  std::size_t sources_;
  std::size_t places_ = 0;
  std::vector<std::size_t> place_of_;     // by moment
  std::vector<ListeningWindow> windows_;  // the different ones
  std::vector<std::size_t> window_of_;    // by source
  std::vector<Exposed> exposed_;          // moment · windows + window
  std::vector<Unheard> unheard_;
  std::vector<Spoken> spoken_;
  std::vector<Said> said_;
  std::vector<std::uint64_t> last_exposed_, last_spoken_, last_unheard_;  // the customer counted last
};

}  // namespace listening_detail

/// Place by place and source by source.
inline Coverage cover(const Attribution& attribution, PlaceBy by = PlaceBy::moment) {
  return listening_detail::CoverageCounter(attribution, by).run();
}

}  // namespace sojourn
