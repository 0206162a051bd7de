// Two logs over disjoint customers as one: equal, bit for bit, to a log built from both their tables.
//
// Where customers were observed as a table says, each keeps its own observation. Where the observation was the log's own first and last
// instant, it is taken anew from both logs, as building from both tables would. Counts of what ingest left out (`prior_outside`) are added:
// what was left out of one log cannot come back in the other. O(events of both).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/join.hpp"

namespace sojourn {

namespace merge_detail {

/// An integer's width and sign, from its Arrow letter.
inline std::string integer_text(char format) {
  switch (format) {
    case 'c': return "int8";
    case 'C': return "uint8";
    case 's': return "int16";
    case 'S': return "uint16";
    case 'i': return "int32";
    case 'I': return "uint32";
    case 'L': return "uint64";
    default: return "int64";
  }
}

inline std::string type_text(const Column& column) {
  if (const auto* integers = std::get_if<Ints>(&column.data)) return std::string(column.kind()) + " (" + integer_text(integers->format) + ")";
  if (const auto* decimals = std::get_if<Decimals>(&column.data)) return "decimals of scale " + std::to_string(decimals->scale);
  if (const auto* times = std::get_if<Times>(&column.data)) return times->zone ? "timestamps in " + *times->zone : "naive timestamps";
  return column.kind();
}

inline std::string type_text(const CustomerIds& ids) { return ids.are_strings() ? "strings" : "integers (" + integer_text(ids.format()) + ")"; }

inline std::string text(const Ties& ties) {
  if (const auto* ranking = std::get_if<NameRanking>(&ties)) return "the ranking " + listed(ranking->names, SIZE_MAX);
  if (const auto* sequence = std::get_if<SequenceColumn>(&ties)) return "the column '" + sequence->name + "'";
  return "input order";
}

inline std::string text(const std::optional<std::string>& name) { return name ? "'" + *name + "'" : "none"; }

/// @throws InvalidInput with the first customer that both logs have, and how many there are.
inline void check_disjoint(const EventLog& a, const EventLog& b) {
  std::size_t i = 0, j = 0, both = 0, first = 0;
  while (i < a.customers() && j < b.customers()) {
    const int order = CustomerIds::compare(a.ids(), i, b.ids(), j);
    if (order == 0 && both++ == 0) first = j;
    i += order <= 0;
    j += order >= 0;
  }
  if (both == 0) return;
  const std::string others = both == 1 ? "" : " and " + std::to_string(both - 1) + " more (" + std::to_string(both) + " in all)";
  refuse(Place{"second log", b.parts().columns.customer, {}}, b.ids().text(first) + others + ", in the first log too",
         "customers that the first log does not have");
}

}  // namespace merge_detail

/// A rule by which a log was read, and what it is: ("ties", "input order").
using LogRule = std::pair<std::string, std::string>;

/// All that logs must have in common to be merged, in words. Of equal rules up to one, the next has the same name.
inline std::vector<LogRule> rules(const EventLog& log) {
  using namespace merge_detail;
  const EventLog::Parts& p = log.parts();
  std::vector<LogRule> out = {
      {"customer column", text(p.columns.customer)},
      {"time column", text(p.columns.time)},
      {"event column", text(p.columns.event)},
      {"value column", text(p.columns.value)},
      {"key column", text(p.columns.key)},
      {"attributes", listed(p.columns.attributes, SIZE_MAX)},
      {"ties", text(p.ties)},
      {"timezone", text(p.zone.name())},
      {"history", p.history == History::complete ? "'complete'" : "'truncated'"},
      {"observed", p.observed.empty() ? "no table (the log's own limits)" : "a table"},
      {"prior_counts", p.has_prior ? "a table" : "no table"},
      {"column '" + p.columns.customer + "'", type_text(p.ids)},
      {"column '" + p.columns.time + "'", p.written_zone ? "times in " + *p.written_zone : "naive times"},
  };
  if (p.key) out.emplace_back("column '" + p.key->name + "'", type_text(*p.key));
  for (const Column& column : p.attributes.columns) out.emplace_back("column '" + column.name + "'", type_text(column));
  return out;
}

/// The events and customers of both.
/// @throws InvalidInput for logs that were read in different ways (columns and their types, zone, ties, history, observation table or not,
/// prior counts or not), or that have a customer in common.
inline EventLog merge(const EventLog& a, const EventLog& b) {
  const std::vector<LogRule> first = rules(a), second = rules(b);
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] != second[i]) refuse("second log, " + second[i].first, second[i].second, first[i].second + ", as in the first");
  merge_detail::check_disjoint(a, b);
  return join_detail::Join(a, b).run();
}

}  // namespace sojourn
