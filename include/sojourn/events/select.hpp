// Some customers' part of a log: their events, prior counts and observation, as they stand in the whole.
//
// The observation stays that of the whole log, also where it was the log's own first and last instant: what is counted of the parts of a
// partition adds up to the whole. Names that none of the customers has are left out. What ingest counted of rows (times cut to the
// microsecond, prior counts of other customers) cannot be told apart by customer and stays with the whole. O(events of the customers).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/take.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn {

namespace select_detail {

inline CustomerIds take_ids(const CustomerIds& ids, std::span<const std::size_t> customers) {
  if (!ids.are_strings()) {
    std::vector<std::int64_t> out;
    for (const std::size_t c : customers) out.push_back(ids.integer(c));
    return CustomerIds::integers(ids.format(), std::move(out));
  }
  std::string bytes;
  std::vector<std::size_t> offsets = {0};
  for (const std::size_t c : customers) {
    bytes += ids.string(c);
    offsets.push_back(bytes.size());
  }
  return CustomerIds::strings(std::move(bytes), std::move(offsets));
}

/// The cells of a column in those rows; empty if the column is.
template <class T>
Buffer<T> take_cells(std::span<const T> cells, const std::vector<std::size_t>& rows) {
  Buffer<T> out(cells.empty() ? 0 : rows.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = cells[rows[i]];
  return out;
}

/// Names that occur, ascending, and the events' codes among them.
inline void recode(const EventLog& whole, EventLog::Parts& out) {
  std::vector<std::uint32_t> code(whole.event_names().size());
  for (const std::uint32_t event : out.events) code[event] = 1;
  for (std::size_t e = 0; e < code.size(); ++e) {
    if (code[e] == 0) continue;
    code[e] = static_cast<std::uint32_t>(out.names.size());
    out.names.push_back(whole.event_names()[e]);
  }
  for (std::uint32_t& event : out.events) event = code[event];
}

/// Events that share their instant with another of the same customer.
inline std::int64_t tied(std::span<const std::int64_t> times) {
  std::int64_t out = 0;
  for (std::size_t i = 0; i < times.size(); ++i) out += (i > 0 && times[i] == times[i - 1]) || (i + 1 < times.size() && times[i] == times[i + 1]);
  return out;
}

}  // namespace select_detail

/// @param customers their numbers in the log, ascending, each once.
inline EventLog select(const EventLog& whole, std::span<const std::size_t> customers) {
  const EventLog::Parts& from = whole.parts();
  EventLog::Parts out;
  out.columns = from.columns;
  out.ties = from.ties;
  out.zone = from.zone;
  out.written_zone = from.written_zone;
  out.history = from.history;
  out.has_prior = from.has_prior;
  out.first_time = from.first_time;
  out.last_time = from.last_time;
  out.ids = select_detail::take_ids(from.ids, customers);

  std::vector<std::size_t> rows, number(whole.customers(), SIZE_MAX);
  for (std::size_t i = 0; i < customers.size(); ++i) {
    const std::size_t c = customers[i];
    number[c] = i;
    for (std::size_t row = from.offsets[c]; row < from.offsets[c + 1]; ++row) rows.push_back(row);
    out.offsets.push_back(rows.size());
    if (!from.observed.empty()) out.observed.push_back(from.observed[c]);
    out.before_observation += static_cast<std::int64_t>(whole.history_size(c));
    out.tied += select_detail::tied(whole.customer(c).times);
  }
  for (const auto& [event, of_customer] : from.prior)
    for (const auto& [c, count] : of_customer)
      if (number[c] != SIZE_MAX) out.prior[event].emplace(static_cast<std::uint32_t>(number[c]), count);

  out.times = select_detail::take_cells<std::int64_t>(from.times, rows);
  out.events = select_detail::take_cells<std::uint32_t>(from.events, rows);
  out.values = select_detail::take_cells<double>(from.values, rows);
  out.sequence = select_detail::take_cells<std::int64_t>(from.sequence, rows);
  select_detail::recode(whole, out);
  for (const double value : out.values) out.missing_values += std::isnan(value);
  const std::span<const std::size_t> picked(rows);
  if (from.key) out.key = take(*from.key, picked, from.key->name);
  for (const Column& column : from.attributes.columns) out.attributes.columns.push_back(take(column, picked, column.name));
  return EventLog{std::move(out)};
}

}  // namespace sojourn
