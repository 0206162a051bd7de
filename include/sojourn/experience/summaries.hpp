// What a match comes to, moment by moment: occurrences, KPIs, and what the journey and the log miss of each other.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/events/counts.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn {

/// What falls from `start` up to, not including, `end`; by default everything.
struct TimeRange {
  std::int64_t start = INT64_MIN, end = INT64_MAX;  // microseconds, UTC

  [[nodiscard]] bool holds(std::int64_t time) const { return time >= start && time < end; }
};

/// One moment's totals.
struct MomentSummary {
  std::int64_t occurrences = 0;
  std::int64_t customers = 0;  // who had it at least once
  ExactSum value;              // of the events carried
  std::int64_t undecided = 0;  // cases
};

/// One row a moment, in the journey's order: its occurrences and undecided cases whose time lies in the range. O(occurrences).
inline std::vector<MomentSummary> summarise_moments(const Matches& matches, const TimeRange& range = {}) {
  const std::size_t n = matches.journey->moments().size();
  std::vector<MomentSummary> out(n);
  std::vector<std::uint64_t> last(n, UINT64_MAX);
  const auto values = matches.log->values();
  for (const Occurrence& o : matches.occurrences) {
    if (!range.holds(o.time)) continue;
    MomentSummary& row = out[o.moment];
    ++row.occurrences;
    row.customers += last[o.moment] != o.customer;
    last[o.moment] = o.customer;
    if (!values.empty() && values[o.event] == values[o.event]) row.value.add(values[o.event]);  // NaN: none
  }
  for (const Undecided& u : matches.undecided) out[u.moment].undecided += range.holds(u.time);
  return out;
}

/// How often a moment's KPI was met; `due` = met + not met.
struct KpiSummary {
  std::size_t moment;
  std::int64_t met = 0, not_met = 0, undecided = 0;

  [[nodiscard]] std::int64_t due() const { return met + not_met; }
};

/// One row a moment that has a KPI, in the journey's order: of its occurrences whose time lies in the range. O(occurrences).
inline std::vector<KpiSummary> summarise_kpis(const Matches& matches, const TimeRange& range = {}) {
  std::vector<KpiSummary> out;
  std::vector<std::size_t> row(matches.journey->moments().size());
  for (std::size_t m = 0; m < row.size(); ++m) {
    row[m] = out.size();
    if (matches.journey->moments()[m].kpi) out.push_back({m});
  }
  for (const Occurrence& o : matches.occurrences) {
    if (o.kpi == Verdict::none || !range.holds(o.time)) continue;
    KpiSummary& kpi = out[row[o.moment]];
    ++(o.kpi == Verdict::met ? kpi.met : o.kpi == Verdict::not_met ? kpi.not_met : kpi.undecided);
  }
  return out;
}

/// Event names that a journey's patterns mention: in moments, outcomes and KPIs.
inline std::set<std::string> mentioned_events(const Journey& journey) {
  std::set<std::string> out;
  const auto add = [&](const Pattern& pattern) {
    pattern.for_each([&](const Pattern& part) {
      if (part.is_name()) out.insert(part.name);
    });
  };
  for (const Outcome& outcome : journey.outcomes()) add(outcome.when);
  for (const Moment& moment : journey.moments()) {
    add(moment.when);
    if (moment.kpi && moment.kpi->kind != Kpi::Kind::where) add(moment.kpi->x);
  }
  return out;
}

/// Events of the log, history included, that no pattern of the journey mentions, most frequent first. A `gap` listens to all events but claims none.
inline std::vector<EventCount> unmapped_events(const Journey& journey, const EventLog& log, const Run& run = {}) {
  const std::set<std::string> mentioned = mentioned_events(journey);
  std::vector<EventCount> out;
  for (const EventCount& row : counts(log, run))
    if (!mentioned.contains(log.event_names()[row.event])) out.push_back(row);
  std::stable_sort(out.begin(), out.end(), [](const EventCount& a, const EventCount& b) { return a.count > b.count; });
  return out;
}

}  // namespace sojourn
