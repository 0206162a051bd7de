// A log with further events: equal to one built from both tables together.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>
#include <variant>

#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/ingest.hpp"
#include "sojourn/events/join.hpp"

namespace sojourn {

namespace append_detail {

/// A column of both tables must hold the same kind of data; integers may be of another width.
inline void check_kind(const std::string& table, const Column& before, const Column& more) {
  const Place place{table, before.name, {}};
  if (before.data.index() != more.data.index()) refuse(place, more.kind(), std::string(before.kind()) + ", as before");
  if (const auto* decimals = std::get_if<Decimals>(&before.data))
    if (const int scale = std::get<Decimals>(more.data).scale; scale != decimals->scale)
      refuse(place, "decimals of scale " + std::to_string(scale), "scale " + std::to_string(decimals->scale) + ", as before");
  if (const auto* times = std::get_if<Times>(&before.data))
    if (const bool zoned = std::get<Times>(more.data).zone.has_value(); zoned != times->zone.has_value())
      refuse(place, zoned ? "zoned times" : "naive times", zoned ? "naive times, as before" : "zoned times, as before");
}

inline const char* kind_of(const CustomerIds& ids) { return ids.are_strings() ? "strings" : ids.are_unsigned() ? "unsigned integers" : "integers"; }

}  // namespace append_detail

/// The log with the rows of `more` added, as if they stood below the first table's. Columns, ties, zone and history are those of the log.
/// O(events of both). @throws InvalidInput as `ingest`; for ids of another kind; for a log with an observation table, which would be out of date.
inline EventLog append(const EventLog& log, const arrow::Imported& more, const Run& run = {}) {
  if (!log.parts().observed.empty())
    refuse(more.name(), "a log with an observation table", "a log without one (build the log anew, with the observation as it is now)");
  if (more.rows() == 0) refuse(more.name(), "an empty table", "at least one event");
  IngestOptions options;
  options.columns = log.parts().columns;
  options.ties = log.ties();
  if (!log.parts().written_zone || !log.zone().is_utc()) options.timezone = log.zone();
  options.history = log.history();
  options.run = run;
  const EventLog added = ingest(more, options);
  const std::string found = append_detail::kind_of(added.ids()), expected = append_detail::kind_of(log.ids());
  if (found != expected) refuse(Place{more.name(), options.columns.customer, {}}, found, expected + ", as before");
  if (added.parts().written_zone.has_value() != log.parts().written_zone.has_value())
    refuse(Place{more.name(), options.columns.time, {}}, added.parts().written_zone ? "zoned times" : "naive times",
           log.parts().written_zone ? "zoned times, as before" : "naive times, as before");
  if (log.key() != nullptr) append_detail::check_kind(more.name(), *log.key(), *added.key());
  for (std::size_t i = 0; i < log.attributes().columns.size(); ++i)
    append_detail::check_kind(more.name(), log.attributes().columns[i], added.attributes().columns[i]);
  return join_detail::Join(log, added).run();
}

/// The same number, bit for bit; or none on both sides.
inline bool same_number(double a, double b) { return (a == b && std::signbit(a) == std::signbit(b)) || (std::isnan(a) && std::isnan(b)); }

/// Whether two columns are of one type and show the same cells (strings may be coded differently).
inline bool same_cells(const Column& a, const Column& b) {
  if (a.name != b.name || a.data.index() != b.data.index() || a.size() != b.size()) return false;
  return std::visit(
      [&](const auto& d) {
        const auto& e = std::get<std::decay_t<decltype(d)>>(b.data);
        if constexpr (requires { d.format; }) {
          if (d.format != e.format) return false;
        } else if constexpr (requires { d.scale; }) {
          if (d.scale != e.scale) return false;
        } else if constexpr (requires { d.zone; }) {
          if (d.zone != e.zone) return false;
        }
        const auto same = [&](std::size_t i) {
          if constexpr (requires { d.codes; }) return (*d.words)[d.codes[i]] == (*e.words)[e.codes[i]];
          else if constexpr (requires { d.unscaled; }) return d.unscaled[i] == e.unscaled[i];
          else if constexpr (std::is_same_v<std::decay_t<decltype(d)>, Reals>) return same_number(d.values[i], e.values[i]);
          else return d.values[i] == e.values[i];
        };
        for (std::size_t i = 0; i < a.size(); ++i)
          if (a.is_null(i) != b.is_null(i) || (!a.is_null(i) && !same(i))) return false;
        return true;
      },
      a.data);
}

/// Equal logs: the same customers, events, values, attributes, observation, rules, and counts of what ingest met.
inline bool operator==(const EventLog& x, const EventLog& y) {
  const EventLog::Parts &a = x.parts(), &b = y.parts();
  const auto equal = [](const auto& p, const auto& q) { return std::equal(p.begin(), p.end(), q.begin(), q.end()); };
  if (!(a.columns == b.columns && a.ids == b.ids && a.offsets == b.offsets && a.names == b.names && a.ties == b.ties && a.history == b.history &&
        a.zone.name() == b.zone.name() && a.written_zone == b.written_zone && a.observed == b.observed && x.span() == y.span() &&
        a.prior == b.prior && a.has_prior == b.has_prior && a.prior_outside == b.prior_outside && a.rounded_times == b.rounded_times))
    return false;
  if (!equal(a.times, b.times) || !equal(a.events, b.events) || !equal(a.sequence, b.sequence)) return false;
  if (!std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(), same_number)) return false;
  if (a.key.has_value() != b.key.has_value() || (a.key && !same_cells(*a.key, *b.key))) return false;
  return std::equal(a.attributes.columns.begin(), a.attributes.columns.end(), b.attributes.columns.begin(), b.attributes.columns.end(), same_cells);
}

}  // namespace sojourn
