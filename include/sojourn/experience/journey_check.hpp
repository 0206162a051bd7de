// What a journey leaves open, and where it and a log do not meet: findings to read, not errors.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/experience/summaries.hpp"

namespace sojourn {

/// One finding: which check, where in the journey file, and what about it.
struct Finding {
  std::string check, place, detail;
};

namespace findings_detail {

inline std::string moment_place(std::size_t i) { return "moments[" + std::to_string(i) + "]"; }

inline void check_stages(const Journey& journey, std::vector<Finding>& out) {
  for (std::size_t i = 0; i < journey.stages().size(); ++i) {
    const Stage& stage = journey.stages()[i];
    const bool used = std::any_of(journey.moments().begin(), journey.moments().end(), [&](const Moment& m) { return m.stage == stage.id; });
    if (!used) out.push_back({"stage without moments", "stages[" + std::to_string(i) + "]", "'" + stage.id + "' has no moment"});
  }
}

inline void check_owners(const Journey& journey, std::vector<Finding>& out) {
  for (std::size_t i = 0; i < journey.moments().size(); ++i) {
    const Moment& moment = journey.moments()[i];
    if (moment.accountable.empty()) out.push_back({"nobody accountable", moment_place(i), "'" + moment.id + "' has no accountable owner"});
    std::set<std::string> seen{moment.accountable};
    for (std::size_t s = 0; s < moment.shared.size(); ++s)
      if (!seen.insert(moment.shared[s]).second)
        out.push_back({"owner named twice", moment_place(i) + ".shared[" + std::to_string(s) + "]",
                       "'" + moment.shared[s] + "' answers for '" + moment.id + "' already"});
  }
}

inline void check_kpis(const Journey& journey, std::vector<Finding>& out) {
  for (std::size_t i = 0; i < journey.moments().size(); ++i) {
    const Moment& moment = journey.moments()[i];
    if (!moment.kpi) out.push_back({"no KPI", moment_place(i), "'" + moment.id + "' has no KPI"});
    else if (!moment.kpi->target) out.push_back({"no target", moment_place(i) + ".kpi", "'" + moment.kpi->name + "' has no target"});
  }
}

inline void check_twins(const Journey& journey, std::vector<Finding>& out) {
  for (std::size_t i = 0; i < journey.moments().size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (journey.moments()[i].when == journey.moments()[j].when)
        out.push_back(
            {"same pattern", moment_place(i) + ".when", "'" + journey.moments()[i].id + "' occurs whenever '" + journey.moments()[j].id + "' does"});
}

/// Calls f(pattern, place) for a pattern and all inside it.
template <class F>
void for_each_place(const Pattern& pattern, const std::string& place, const F& f) {
  f(pattern, place);
  for (std::size_t i = 0; i < pattern.parts.size(); ++i) for_each_place(pattern.parts[i], place + "." + pattern.part_key(i), f);
}

/// Calls f(pattern, place) for all patterns of a journey, and g(condition, place) for all its conditions on events.
template <class F, class G>
void for_each_pattern(const Journey& journey, const F& f, const G& g) {
  const auto all = [&](const Pattern& pattern, const std::string& place) {
    for_each_place(pattern, place, [&](const Pattern& part, const std::string& where) {
      f(part, where);
      if (!part.where.is_trivial()) g(part.where, where + ".where");
    });
  };
  for (std::size_t i = 0; i < journey.outcomes().size(); ++i) all(journey.outcomes()[i].when, "outcomes[" + std::to_string(i) + "].when");
  for (std::size_t i = 0; i < journey.moments().size(); ++i) {
    const Moment& moment = journey.moments()[i];
    all(moment.when, moment_place(i) + ".when");
    if (!moment.kpi) continue;
    const std::string met = moment_place(i) + ".kpi.met." + to_string(moment.kpi->kind);
    if (moment.kpi->kind == Kpi::Kind::where) g(moment.kpi->where, met);
    else all(moment.kpi->x, met);
  }
}

/// How the note of a journey begins that nobody has made their own yet (python/sojourn/discover.py).
inline constexpr std::string_view proposed = "proposed by discover";

inline void check_proposal(const Journey& journey, std::vector<Finding>& out) {
  if (journey.note().starts_with(proposed))
    out.push_back({"a proposal", "note", "proposed from events alone: edit it, and replace the note, before it is used"});
}

/// Names of the events that a pattern occurs at, or waits from: all it mentions but those whose absence it awaits.
inline void add_claimed(const Pattern& pattern, std::set<std::string>& out) {
  if (pattern.is_name()) out.insert(pattern.name);
  for (std::size_t i = 0; i < pattern.parts.size(); ++i)
    if (pattern.form != Form::absent || i == 1) add_claimed(pattern.parts[i], out);
}

inline bool shares(const Moment& moment, const std::string& owner) {
  return moment.accountable == owner || std::find(moment.shared.begin(), moment.shared.end(), owner) != moment.shared.end();
}

/// A KPI that waits for an event which is only others' moments, none of whom shares in it. For information: it may be meant so.
inline void check_kpi_owners(const Journey& journey, std::vector<Finding>& out) {
  std::map<std::string, std::set<std::string>> owners;  // of the moments that claim an event
  for (const Moment& moment : journey.moments()) {
    std::set<std::string> claimed;
    add_claimed(moment.when, claimed);
    for (const std::string& event : claimed)
      if (!moment.accountable.empty()) owners[event].insert(moment.accountable);
  }
  for (std::size_t i = 0; i < journey.moments().size(); ++i) {
    const Moment& moment = journey.moments()[i];
    if (moment.accountable.empty() || !moment.kpi) continue;
    if (moment.kpi->kind != Kpi::Kind::follows && moment.kpi->kind != Kpi::Kind::preceded_by) continue;
    std::set<std::string> awaited;
    add_claimed(moment.kpi->x, awaited);
    for (const std::string& event : awaited) {
      const std::set<std::string>& others = owners[event];
      if (others.empty() || std::any_of(others.begin(), others.end(), [&](const std::string& owner) { return shares(moment, owner); })) continue;
      out.push_back({"KPI waits for another owner", moment_place(i) + ".kpi.met." + to_string(moment.kpi->kind),
                     "'" + moment.kpi->name + "' of '" + moment.accountable + "' waits for '" + event + "', a moment of '" + *others.begin() + "'"});
    }
  }
}

/// Moments of different owners that occur at one and the same event, where neither owner shares in the other's: who answers to the customer?
inline void check_conflicts(const Matches& matches, std::vector<Finding>& out) {
  const std::vector<Moment>& moments = matches.journey->moments();
  const auto conflict = [&](std::uint32_t a, std::uint32_t b) {
    return !moments[a].accountable.empty() && !moments[b].accountable.empty() && !shares(moments[a], moments[b].accountable) &&
           !shares(moments[b], moments[a].accountable);
  };
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> events;
  const std::span<const Occurrence> all{matches.occurrences};
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::uint32_t last = all[i].moment;
    for (std::size_t j = i + 1; j < all.size() && !all[i].deadline && !all[j].deadline && all[j].event == all[i].event; ++j) {
      if (all[j].moment != last && conflict(all[i].moment, all[j].moment)) ++events[{all[i].moment, all[j].moment}];
      last = all[j].moment;
    }
  }
  for (const auto& [pair, n] : events)
    out.push_back({"owners' conflict", moment_place(pair.second),
                   "'" + moments[pair.second].id + "' of '" + moments[pair.second].accountable + "' and '" + moments[pair.first].id + "' of '" +
                       moments[pair.first].accountable + "' occur at one event (" + std::to_string(n) + " times), and neither shares in the other"});
}

/// Moments of the first half of the log that its last quarter does not know any more, and events new in the last quarter that no pattern mentions.
inline void check_stale(const Matches& matches, std::span<const EventCount> unmapped, std::vector<Finding>& out) {
  const Journey& journey = *matches.journey;
  const EventLog& log = *matches.log;
  const std::int64_t from = micros(log.span().from), to = micros(log.span().to);
  if (from == to) return;
  const std::int64_t half = from + (to - from) / 2, quarter = to - (to - from) / 4;
  std::vector<std::int64_t> early(journey.moments().size()), late(journey.moments().size());
  for (const Occurrence& o : matches.occurrences) {
    early[o.moment] += o.time < half;
    late[o.moment] += o.time >= quarter;
  }
  const std::string since = to_string(timestamp(quarter));
  for (std::size_t m = 0; m < early.size(); ++m)
    if (early[m] > 0 && late[m] == 0)
      out.push_back({"stale map", moment_place(m),
                     "'" + journey.moments()[m].id + "' occurred " + std::to_string(early[m]) +
                         " times in the first half of the log, and not once in its last quarter (from " + since + ")"});
  std::vector<std::int64_t> first(log.event_names().size(), INT64_MAX);
  for (std::size_t i = 0; i < log.size(); ++i) first[log.events()[i]] = std::min(first[log.events()[i]], log.times()[i]);
  for (const EventCount& row : unmapped)
    if (first[row.event] >= quarter)
      out.push_back({"stale map", "",
                     "'" + log.event_names()[row.event] + "' is new in the last quarter of the log (" + std::to_string(row.count) + " events from " +
                         to_string(timestamp(first[row.event])) + "), and in no pattern"});
}

/// Names and columns that the log lacks. @return whether all columns are there.
inline bool check_names(const Journey& journey, const EventLog& log, std::vector<Finding>& out) {
  std::vector<std::string> columns = log.attributes().names();
  if (log.key() != nullptr) columns.push_back(log.key()->name);
  if (log.parts().columns.value) columns.push_back(*log.parts().columns.value);
  std::vector<Finding> missing;
  for_each_pattern(
      journey,
      [&](const Pattern& part, const std::string& place) {
        if (part.is_name() && !log.event_code(part.name))
          out.push_back({"event not in the log", place, "'" + part.name + "' never occurs" + did_you_mean(part.name, log.event_names())});
      },
      [&](const Condition& where, const std::string& place) {
        where.for_each_column([&](const std::string& column) {
          if (std::find(columns.begin(), columns.end(), column) == columns.end())
            missing.push_back({"column not in the log", place, "'" + column + "' is no attribute of the log" + did_you_mean(column, columns)});
        });
      });
  out.insert(out.end(), missing.begin(), missing.end());
  return missing.empty();
}

}  // namespace findings_detail

/// What the journey file alone shows: that it is a proposal; stages without moments; moments with nobody accountable, an owner named twice, no
/// KPI or no target, a KPI that waits for another owner's moment, or another moment's pattern. O(moments²).
inline std::vector<Finding> check(const Journey& journey) {
  std::vector<Finding> out;
  findings_detail::check_proposal(journey, out);
  findings_detail::check_stages(journey, out);
  findings_detail::check_owners(journey, out);
  findings_detail::check_kpis(journey, out);
  findings_detail::check_kpi_owners(journey, out);
  findings_detail::check_twins(journey, out);
  return out;
}

/// The same, and how it meets a log: event names and columns the log lacks, events that no pattern mentions, and (where the columns are
/// all there) moments that no customer reaches, moments of different owners at one event, and what has gone or come since the map was drawn.
/// Costs a match.
inline std::vector<Finding> check(std::shared_ptr<const Journey> journey, std::shared_ptr<const EventLog> log, const Run& run = {}) {
  std::vector<Finding> out = check(*journey);
  const bool matchable = findings_detail::check_names(*journey, *log, out);
  const std::vector<EventCount> unmapped = unmapped_events(*journey, *log, run);
  for (const EventCount& row : unmapped)
    out.push_back(
        {"event without a moment", "", "'" + log->event_names()[row.event] + "' (" + std::to_string(row.count) + " events) is in no pattern"});
  if (!matchable) return out;
  const Matches matches = match(journey, log, {run});
  const auto summaries = summarise_moments(matches);
  for (std::size_t m = 0; m < summaries.size(); ++m)
    if (summaries[m].occurrences == 0)
      out.push_back(
          {"moment never reached", findings_detail::moment_place(m),
           "'" + journey->moments()[m].id + "' never occurs while observed (" + std::to_string(summaries[m].undecided) + " cases undecided)"});
  findings_detail::check_conflicts(matches, out);
  findings_detail::check_stale(matches, unmapped, out);
  return out;
}

}  // namespace sojourn
