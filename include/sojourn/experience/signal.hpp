// What patterns emit over one customer's life, and the order it stands in.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <vector>

#include "sojourn/core/error.hpp"

namespace sojourn {

/// Where something stands in a customer's life: events in log order; deadlines after all events of their instant, among themselves by
/// the event that began them.
struct LifePlace {
  std::int64_t time;
  bool deadline;
  std::uint32_t event;  // position of the event, or of the one that began the deadline

  friend auto operator<=>(const LifePlace&, const LifePlace&) = default;
};

/// One signal of a pattern; it carries the event at position `event`. Two signals at one place are ordered by their start.
struct Signal {
  std::int64_t time;
  std::int64_t start_time;
  std::uint32_t event;
  bool deadline;

  [[nodiscard]] LifePlace place() const { return {time, deadline, event}; }
  friend bool operator==(const Signal&, const Signal&) = default;
  friend bool operator<(const Signal& a, const Signal& b) {
    const auto order = a.place() <=> b.place();
    return order != 0 ? order < 0 : a.start_time < b.start_time;
  }
};

/// Why a case is undecided.
enum class Reason : std::uint8_t { censored, truncated, unknown_condition };

inline const char* to_string(Reason reason) {
  switch (reason) {
    case Reason::censored: return "censored";
    case Reason::truncated: return "truncated";
    case Reason::unknown_condition: break;
  }
  return "unknown condition";
}

/// An undecided case that is settled as a row and takes no further part in matching.
struct Case {
  static constexpr std::int64_t no_end = INT64_MAX;

  std::int64_t time;
  Reason reason;
  std::int64_t latest = no_end;  // of an unknown condition: no later than this lies what it leaves open

  /// Whether it concerns an observation that begins at `since`: what an unknown condition leaves open may lie before it altogether.
  [[nodiscard]] bool concerns(std::int64_t since) const { return reason != Reason::unknown_condition || latest >= since; }
};

/// What a pattern emits over one life: signals, signals whose carried event leaves a condition unknown (both in order), and cases.
struct Emitted {
  std::vector<Signal> signals, unknown;
  std::vector<Case> cases;

  void clear() {
    signals.clear();
    unknown.clear();
    cases.clear();
  }
  [[nodiscard]] bool empty() const { return signals.empty() && unknown.empty() && cases.empty(); }
};

/// Sorts what nearly always is in order already.
inline void put_in_order(std::vector<Signal>& signals) {
  if (!std::is_sorted(signals.begin(), signals.end())) std::stable_sort(signals.begin(), signals.end());
}

}  // namespace sojourn
