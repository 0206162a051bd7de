// One customer's life as the pattern forms see it: events, what was observed of them, and the calendar.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/signal.hpp"

namespace sojourn {

/// A view of one customer in a log; the log must outlive it.
class Life {
 public:
  /// @throws InvalidInput for a customer with more events than positions can be told apart (2³²).
  Life(const EventLog& log, std::size_t customer)
      : log_(&log),
        customer_(customer),
        events_(log.customer(customer)),
        since_(micros(log.observation(customer).from)),
        until_(micros(log.observation(customer).to)) {
    if (events_.size() >= std::numeric_limits<std::uint32_t>::max())
      refuse("events, customer " + log.ids().text(customer), std::to_string(events_.size()) + " events", "fewer than 2^32");
  }

  [[nodiscard]] std::size_t size() const { return events_.size(); }
  [[nodiscard]] std::span<const std::int64_t> times() const { return events_.times; }
  [[nodiscard]] std::span<const std::uint32_t> events() const { return events_.events; }
  [[nodiscard]] std::int64_t time(std::size_t position) const { return events_.times[position]; }
  /// The event's row in the log's columns.
  [[nodiscard]] std::size_t row(std::uint32_t position) const { return events_.first + position; }
  [[nodiscard]] std::int64_t since() const { return since_; }
  [[nodiscard]] std::int64_t until() const { return until_; }
  /// Whether the observation lasts until `time`. What it does not last until is remembered: see `waits`.
  [[nodiscard]] bool reaches(std::int64_t time) const {
    if (time <= until_) return true;
    waits_ = std::min(waits_, time);
    return false;
  }
  /// As long as no events come and the observation ends before this, all answers stay as they are.
  [[nodiscard]] std::int64_t waits() const { return waits_; }
  [[nodiscard]] bool truncated() const { return log_->history() == History::truncated; }
  [[nodiscard]] std::optional<std::int64_t> prior(const std::string& event) const { return log_->prior_count(customer_, event); }

  /// time + k × duration, on the log's calendar.
  [[nodiscard]] std::int64_t shift(std::int64_t time, const Duration& duration, std::int64_t k = 1) const {
    if (!duration.is_calendar()) return time + k * duration.fixed.count();
    return micros(advance(timestamp(time), duration, log_->zone(), k));
  }

  /// Whatever lies within `duration` of something at or before `time` lies no later than this. Months end unevenly: 31 March less a month and
  /// 28 March less a month are one day, so that calendar durations get four days more.
  [[nodiscard]] std::int64_t reach(std::int64_t time, const Duration& duration) const {
    if (time > beyond_all) return Case::no_end;
    return shift(time, duration) + (duration.is_calendar() ? 4 * micros_per_day : 0);
  }

  /// Of the whole life, history included. Anniversaries come strictly before it; none: they go on to the end of the observation.
  std::optional<std::int64_t> first_outcome = std::nullopt;

 private:
  static constexpr std::int64_t beyond_all = 300'000'000'000'000'000;  // after the year 9999, where all logs end: sums stay small

  const EventLog* log_;
  std::size_t customer_;
  CustomerEvents events_;
  std::int64_t since_, until_;
  mutable std::int64_t waits_ = Case::no_end;
};

}  // namespace sojourn
