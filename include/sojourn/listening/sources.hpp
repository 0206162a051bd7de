// Where voices come from (a survey, the call centre, social media), and when each source was listened to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/side_tables.hpp"

namespace sojourn {

/// A source was listened to on the closed interval [from, to], in microseconds UTC; by default always.
struct ListeningWindow {
  std::int64_t from = earliest_micros, to = latest_micros;

  [[nodiscard]] bool holds(std::int64_t time) const { return from <= time && time <= to; }
  friend auto operator<=>(const ListeningWindow&, const ListeningWindow&) = default;
};

/// A source of voices. Voices that name none have one of their own, without a name.
struct Source {
  std::optional<std::string> name;
  ListeningWindow window = {};
};

namespace listening_detail {

/// Refuses times of another kind than the log's: naive against zoned.
inline void check_kind_of_time(const arrow::Field& field, const EventLog& log) {
  const bool zoned = field.type.zone.has_value(), wanted = log.parts().written_zone.has_value();
  const bool is_time = field.type.kind == arrow::Kind::timestamp || field.type.kind == arrow::Kind::date;
  if (is_time && zoned != wanted)
    refuse(field.place(), zoned ? "zoned times" : "naive times", wanted ? "zoned times, as the events'" : "naive times, as the events'");
}

}  // namespace listening_detail

/// The table source, from, to: one row a source, by name. @throws InvalidInput with the row.
inline std::map<std::string, ListeningWindow> read_listening_windows(const arrow::Imported& table, const EventLog& log) {
  const arrow::Field source = table.field("source"), from_field = table.field("from"), to_field = table.field("to");
  const Column names = arrow::read_column(source);
  const auto* words = std::get_if<Strings>(&names.data);
  if (words == nullptr) refuse(source.place(), names.kind(), "strings (names of sources)");
  for (const arrow::Field* field : {&from_field, &to_field}) listening_detail::check_kind_of_time(*field, log);
  const auto from = ingest_detail::read_instants(from_field, log.zone()), to = ingest_detail::read_instants(to_field, log.zone());
  std::map<std::string, ListeningWindow> out;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (names.is_null(i)) refuse(source.at(row), "null", "the name of a source");
    if (from[i] > to[i]) refuse(to_field.at(row), to_string(timestamp(to[i])), "an instant not before " + to_string(timestamp(from[i])));
    const std::string& name = (*words->words)[words->codes[i]];
    if (!out.emplace(name, ListeningWindow{from[i], to[i]}).second) refuse(source.at(row), "'" + name + "' for the second time", "one row a source");
  }
  return out;
}

}  // namespace sojourn
