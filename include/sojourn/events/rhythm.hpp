// The rhythm of a log: how often customers have each event, how soon it comes again, what follows what and how soon, how long customers are
// silent between events. What a first journey is proposed from.
//
// Times between events are counted on a ladder of lengths that people say ("1h", "30d"), each on the first rung that is not shorter: that
// a share p comes within a rung is then exact, memory is constant, and parts of the customers add up. Follow-ups are counted between the
// most common names only, so that a thousand names cost no more than `followed_names`.
// O(events · followed_names).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/events/counts.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn {

/// Lengths that people say, in seconds.
inline constexpr std::array<std::int64_t, 31> rungs = {
    1,         5,          15,         60,         300,        900,        1800,       3600,        7200,       21'600,    43'200,
    86'400,    172'800,    259'200,    432'000,    604'800,    864'000,    1'209'600,  1'814'400,   2'592'000,  3'888'000, 5'184'000,
    7'776'000, 10'368'000, 15'552'000, 23'328'000, 31'536'000, 63'072'000, 94'608'000, 157'680'000, 315'360'000};

/// Times counted on the ladder: [i] are those longer than rung i − 1 and not longer than rung i; the last are beyond the ladder.
using RungCounts = std::array<std::int64_t, rungs.size() + 1>;

inline std::size_t rung_of(std::int64_t micros) {
  const auto at =
      std::lower_bound(rungs.begin(), rungs.end(), micros, [](std::int64_t rung, std::int64_t t) { return rung * micros_per_second < t; });
  return static_cast<std::size_t>(at - rungs.begin());
}

/// Numbers of times that are worth a moment of their own.
inline constexpr std::array<std::int64_t, 11> round_numbers = {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000};

struct EventRhythm {
  std::uint32_t event = 0;
  std::int64_t count = 0, customers = 0;                         // while observed
  std::array<std::int64_t, round_numbers.size()> at_least = {};  // customers who had it that often
  RungCounts again = {};                                         // time to the same customer's next of the name
};

/// How soon y comes after x, before x comes again.
struct FollowUp {
  std::uint32_t x = 0, y = 0;
  RungCounts after = {};
};

struct Rhythm {
  std::vector<EventRhythm> events;   // names with events while observed, by customers, then count, most first; then by name
  std::vector<FollowUp> follow_ups;  // pairs that occur, in the order of `events`
  RungCounts silences = {};          // between a customer's events that lie at different instants
};

namespace rhythm_detail {

/// What some customers add up to. `number`: an event's place among the followed names, or SIZE_MAX.
struct Part {
  std::vector<EventRhythm> events;
  std::vector<RungCounts> after;
  RungCounts silences = {};

  Part(std::size_t names, std::size_t followed) : events(names), after(followed * followed) {}
};

inline void add(RungCounts& to, const RungCounts& from) { std::transform(to.begin(), to.end(), from.begin(), to.begin(), std::plus<>{}); }

inline void add_customer(const EventLog& log, std::size_t c, std::span<const std::size_t> number, std::size_t followed, Part& out) {
  const CustomerEvents own = log.customer(c);
  const std::size_t first = log.history_size(c);
  constexpr std::size_t none = SIZE_MAX;
  std::vector<std::size_t> next(followed, none);  // the position of each followed name's nearest later event
  std::vector<std::pair<std::uint32_t, std::int64_t>> latest;
  for (std::size_t i = own.size(); i-- > first;) {
    if (i + 1 < own.size() && own.times[i + 1] > own.times[i]) ++out.silences[rung_of(own.times[i + 1] - own.times[i])];
    const std::size_t x = number[own.events[i]];
    if (x == none) continue;
    for (std::size_t y = 0; y < followed; ++y)
      if (y != x && next[y] < next[x]) ++out.after[x * followed + y][rung_of(own.times[next[y]] - own.times[i])];
    next[x] = i;
  }
  for (std::size_t i = first; i < own.size(); ++i) latest.emplace_back(own.events[i], own.times[i]);
  std::stable_sort(latest.begin(), latest.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::int64_t times = 0;
  for (std::size_t i = 0; i < latest.size(); ++i) {
    EventRhythm& event = out.events[latest[i].first];
    const bool again = i > 0 && latest[i - 1].first == latest[i].first;
    times = again ? times + 1 : 1;
    ++event.count;
    event.customers += !again;
    if (again) ++event.again[rung_of(latest[i].second - latest[i - 1].second)];
    const auto at = std::find(round_numbers.begin(), round_numbers.end(), times);
    if (at != round_numbers.end()) ++event.at_least[static_cast<std::size_t>(at - round_numbers.begin())];
  }
}

}  // namespace rhythm_detail

/// Of the events of the observation; the history before it is left out.
inline Rhythm rhythm(const EventLog& log, std::size_t followed_names = 40, const Run& run = {}) {
  std::vector<EventCount> common = counts(log, run);
  std::stable_sort(common.begin(), common.end(), [](const EventCount& a, const EventCount& b) {
    return a.customers != b.customers ? a.customers > b.customers : a.count > b.count;
  });
  const std::size_t followed = std::min(followed_names, common.size());
  std::vector<std::size_t> number(log.event_names().size(), SIZE_MAX);
  for (std::size_t i = 0; i < followed; ++i) number[common[i].event] = i;

  const std::vector<Slice> slices_ = slices(log.customers(), 4 * run.count());
  std::vector<rhythm_detail::Part> parts(slices_.size(), {log.event_names().size(), followed});
  parallel_for(slices_.size(), run, [&](std::size_t p) {
    for (std::size_t c = slices_[p].begin; c < slices_[p].end; ++c) rhythm_detail::add_customer(log, c, number, followed, parts[p]);
  });
  rhythm_detail::Part& total = parts.front();
  for (std::size_t p = 1; p < parts.size(); ++p) {
    rhythm_detail::add(total.silences, parts[p].silences);
    for (std::size_t i = 0; i < total.after.size(); ++i) rhythm_detail::add(total.after[i], parts[p].after[i]);
    for (std::size_t e = 0; e < total.events.size(); ++e) {
      EventRhythm& to = total.events[e];
      const EventRhythm& from = parts[p].events[e];
      to.count += from.count;
      to.customers += from.customers;
      for (std::size_t n = 0; n < round_numbers.size(); ++n) to.at_least[n] += from.at_least[n];
      rhythm_detail::add(to.again, from.again);
    }
  }

  Rhythm out;
  out.silences = total.silences;
  for (const EventCount& row : common) {
    total.events[row.event].event = row.event;
    if (total.events[row.event].count > 0) out.events.push_back(total.events[row.event]);
  }
  for (std::size_t x = 0; x < followed; ++x)
    for (std::size_t y = 0; y < followed; ++y) {
      const RungCounts& after = total.after[x * followed + y];
      if (std::any_of(after.begin(), after.end(), [](std::int64_t n) { return n > 0; }))
        out.follow_ups.push_back({common[x].event, common[y].event, after});
    }
  return out;
}

}  // namespace sojourn
