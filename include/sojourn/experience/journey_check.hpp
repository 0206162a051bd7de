// What a journey leaves open, and where it and a log do not meet: findings to read, not errors.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
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

/// What the journey file alone shows: stages without moments; moments with nobody accountable, an owner named twice, no KPI or no target, or
/// another moment's pattern. O(moments²).
inline std::vector<Finding> check(const Journey& journey) {
  std::vector<Finding> out;
  findings_detail::check_stages(journey, out);
  findings_detail::check_owners(journey, out);
  findings_detail::check_kpis(journey, out);
  findings_detail::check_twins(journey, out);
  return out;
}

/// The same, and how it meets a log: event names and columns the log lacks, events that no pattern mentions, and (where the columns are
/// all there) moments that no customer reaches. Costs a match.
inline std::vector<Finding> check(std::shared_ptr<const Journey> journey, std::shared_ptr<const EventLog> log, const Run& run = {}) {
  std::vector<Finding> out = check(*journey);
  const bool matchable = findings_detail::check_names(*journey, *log, out);
  for (const EventCount& row : unmapped_events(*journey, *log, run))
    out.push_back(
        {"event without a moment", "", "'" + log->event_names()[row.event] + "' (" + std::to_string(row.count) + " events) is in no pattern"});
  if (!matchable) return out;
  const auto summaries = summarise_moments(match(journey, log, {run}));
  for (std::size_t m = 0; m < summaries.size(); ++m)
    if (summaries[m].occurrences == 0)
      out.push_back(
          {"moment never reached", findings_detail::moment_place(m),
           "'" + journey->moments()[m].id + "' never occurs while observed (" + std::to_string(summaries[m].undecided) + " cases undecided)"});
  return out;
}

}  // namespace sojourn
