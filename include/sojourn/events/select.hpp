// Some customers' part of a log: their events, prior counts and observation, as they stand in the whole.
//
// The observation stays that of the whole log, also where it was the log's own first and last instant: what is counted of the parts of a
// partition adds up to the whole. Names that none of the customers has are left out. What ingest counted of rows (times cut to the
// microsecond, prior counts of other customers) cannot be told apart by customer and stays with the whole. O(events of the customers).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/events/event_log.hpp"
#include "sojourn/events/gather.hpp"

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

}  // namespace select_detail

/// @param customers their numbers in the log, ascending, each once.
inline EventLog select(const EventLog& whole, std::span<const std::size_t> customers) {
  const EventLog::Parts& from = whole.parts();
  EventLog::Parts out = gather_detail::rules_of(whole);
  out.first_time = from.first_time;
  out.last_time = from.last_time;
  out.ids = select_detail::take_ids(from.ids, customers);

  std::vector<gather_detail::Stretch> stretches;
  std::vector<std::size_t> number(whole.customers(), SIZE_MAX);
  for (std::size_t i = 0; i < customers.size(); ++i) {
    const std::size_t c = customers[i];
    const CustomerEvents events = whole.customer(c);
    number[c] = i;
    gather_detail::add_rows(stretches, 0, events.first, events.size());
    out.offsets.push_back(out.offsets.back() + events.size());
    if (!from.observed.empty()) out.observed.push_back(from.observed[c]);
    out.before_observation += static_cast<std::int64_t>(whole.history_size(c));
  }
  for (const auto& [event, of_customer] : from.prior)
    for (const auto& [c, count] : of_customer)
      if (number[c] != SIZE_MAX) out.prior[event].emplace(static_cast<std::uint32_t>(number[c]), count);
  const EventLog* logs[] = {&whole};
  gather_detail::gather(logs, stretches, out);
  return EventLog{std::move(out)};
}

}  // namespace sojourn
