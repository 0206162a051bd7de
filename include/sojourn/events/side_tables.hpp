// The two tables that may stand beside the events: when each customer was observed, and what each had done before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn::ingest_detail {

/// The ids of a side table, row by row. @throws InvalidInput at a null, or ids of another kind than the log's.
class SideIds {
 public:
  SideIds(const arrow::Field& field, bool strings) : column_(arrow::read_column(field)), strings_(strings) {
    const bool right = strings ? std::holds_alternative<Strings>(column_.data) : std::holds_alternative<Ints>(column_.data);
    if (!right) refuse(field.place(), column_.kind(), std::string("ids as in the events: ") + (strings ? "strings" : "integers"));
    for (std::size_t i = 0; i < column_.nulls.size(); ++i)
      if (column_.nulls[i] != 0) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a customer id");
  }
  [[nodiscard]] std::size_t size() const { return column_.size(); }
  [[nodiscard]] std::int64_t integer(std::size_t i) const { return std::get<Ints>(column_.data).values[i]; }
  [[nodiscard]] const std::string& string(std::size_t i) const {
    const auto& d = std::get<Strings>(column_.data);
    return (*d.words)[d.codes[i]];
  }
  [[nodiscard]] std::optional<std::size_t> find_in(const CustomerIds& ids, std::size_t i) const {
    return strings_ ? ids.find(string(i)) : ids.find(integer(i));
  }

  /// Distinct ids, ascending. @throws InvalidInput when one comes twice.
  [[nodiscard]] CustomerIds distinct(const arrow::Field& field, char format) const {
    std::vector<std::size_t> order(size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      if (strings_) return string(a) < string(b);
      return format == 'L' ? static_cast<std::uint64_t>(integer(a)) < static_cast<std::uint64_t>(integer(b)) : integer(a) < integer(b);
    });
    for (std::size_t k = 1; k < order.size(); ++k) {
      const bool same = strings_ ? string(order[k]) == string(order[k - 1]) : integer(order[k]) == integer(order[k - 1]);
      if (same) refuse(field.at(static_cast<std::int64_t>(order[k])), "a customer for the second time", "one row a customer");
    }
    if (!strings_) {
      std::vector<std::int64_t> out;
      for (const std::size_t i : order) out.push_back(integer(i));
      return CustomerIds::integers(format, std::move(out));
    }
    std::string bytes;
    std::vector<std::size_t> offsets = {0};
    for (const std::size_t i : order) {
      bytes += string(i);
      offsets.push_back(bytes.size());
    }
    return CustomerIds::strings(std::move(bytes), std::move(offsets));
  }

 private:
  Column column_;
  bool strings_;
};

inline std::vector<std::int64_t> read_instants(const arrow::Field& field, const ZoneRules& naive_zone) {
  if (field.type.kind != arrow::Kind::timestamp && field.type.kind != arrow::Kind::date)
    refuse(field.place(), field.type.text(), "timestamps or dates");
  const Column column = arrow::read_column(field);
  for (std::size_t i = 0; i < column.nulls.size(); ++i)
    if (column.nulls[i] != 0) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a time");
  if (const auto* times = std::get_if<Times>(&column.data)) {
    std::vector<std::int64_t> out = times->values;
    if (!times->zone)
      for (std::int64_t& t : out) t = micros(naive_zone.to_utc(LocalTime{Micros{t}}));
    return out;
  }
  std::vector<std::int64_t> out;
  for (const std::int32_t day : std::get<Dates>(column.data).values) out.push_back(micros(naive_zone.to_utc(LocalTime{day_of(day)})));
  return out;
}

/// The table customer, from, to (or none): who is observed, and when.
class ObservedTable {
 public:
  ObservedTable(const arrow::Imported* table, CustomerIds seen, const ZoneRules& naive_zone) {
    if (table == nullptr) {
      all_ = std::move(seen);
      return;
    }
    given_ = true;
    const arrow::Field customer = table->field("customer");
    const SideIds ids(customer, seen.are_strings());
    all_ = ids.distinct(customer, seen.format());
    for (std::size_t r = 0; r < seen.size(); ++r) {
      const bool known = seen.are_strings() ? all_.find(seen.string(r)).has_value() : all_.find(seen.integer(r)).has_value();
      if (!known) refuse(customer.place(), "no row for customer " + seen.text(r), "one for every customer of the events");
    }
    const std::vector<std::int64_t> from = read_instants(table->field("from"), naive_zone), to = read_instants(table->field("to"), naive_zone);
    observed_.resize(all_.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (from[i] > to[i])
        refuse(Place{table->name(), "to", static_cast<std::int64_t>(i)}, to_string(timestamp(to[i])),
               "an instant not before " + to_string(timestamp(from[i])));
      observed_[*ids.find_in(all_, i)] = {timestamp(from[i]), timestamp(to[i])};
    }
    number_.resize(seen.size());
    std::size_t c = 0;
    for (std::size_t r = 0; r < seen.size(); ++r) {
      while (CustomerIds::compare(all_, c, seen, r) != 0) ++c;
      number_[r] = c;
    }
  }

  /// All customers: those with events and those that are only observed.
  [[nodiscard]] CustomerIds take_all() { return std::move(all_); }
  /// The number, among all, of the r-th customer with events.
  [[nodiscard]] std::size_t number(std::size_t r) const { return given_ ? number_[r] : r; }

  /// Gives the log its observation, and counts the events before it. O(customers · log events).
  /// @throws InvalidInput when an event lies after its customer's observation, or before it where history is truncated.
  void finish(const arrow::Imported& events, const ZoneRules& naive_zone, EventLog::Parts& log) && {
    if (!given_) return;
    log.observed = std::move(observed_);
    log.first_time = INT64_MAX;
    log.last_time = INT64_MIN;
    for (std::size_t c = 0; c < log.observed.size(); ++c) {
      const std::int64_t from = micros(log.observed[c].from), to = micros(log.observed[c].to);
      const std::int64_t *begin = log.times.data() + log.offsets[c], *end = log.times.data() + log.offsets[c + 1];
      const std::int64_t before = std::lower_bound(begin, end, from) - begin;
      if ((before > 0 && log.history == History::truncated) || (begin != end && end[-1] > to)) refuse_first_outside(events, naive_zone, log);
      log.before_observation += before;
      log.first_time = std::min(log.first_time, from);
      log.last_time = std::max(log.last_time, to);
    }
  }

 private:
  /// Names the first row, as the table has them, with an event that may not be there.
  [[noreturn]] static void refuse_first_outside(const arrow::Imported& events, const ZoneRules& naive_zone, const EventLog::Parts& log) {
    const SideIds ids(events.field(log.columns.customer), log.ids.are_strings());
    const arrow::Field field = events.field(log.columns.time);
    const std::vector<std::int64_t> times = read_instants(field, naive_zone);
    for (std::size_t i = 0; i < times.size(); ++i) {
      const std::size_t c = *ids.find_in(log.ids, i);
      const Observation& observed = log.observed[c];
      const Timestamp time = timestamp(times[i]);
      const std::string found = to_string(time) + ", of customer " + log.ids.text(c);
      const std::string expected = "a time from " + to_string(observed.from) + " to " + to_string(observed.to);
      const Place place = field.at(static_cast<std::int64_t>(i));
      if (time > observed.to) refuse(place, found + ", after the customer's observation", expected);
      if (time < observed.from && log.history == History::truncated)
        refuse(place, found + ", before the customer's observation", expected + " (history is 'truncated': what came before is not known)");
    }
    throw std::logic_error("no event outside the observation");
  }

  bool given_ = false;
  CustomerIds all_;
  std::vector<std::size_t> number_;
  std::vector<Observation> observed_;
};

/// The table customer, event, count. Rows of customers that the log does not have are counted (`prior_outside`).
inline void read_prior_counts(const arrow::Imported* table, EventLog::Parts& log) {
  if (table == nullptr) return;
  if (log.before_observation > 0)
    refuse(table->name(), "counts of what came before the observation, beside " + std::to_string(log.before_observation) + " events before it",
           "one of the two (both would count twice)");
  log.has_prior = true;
  const SideIds ids(table->field("customer"), log.ids.are_strings());
  const arrow::Field event_field = table->field("event"), count_field = table->field("count");
  const Column events = arrow::read_column(event_field), counts = arrow::read_column(count_field);
  const auto* names = std::get_if<Strings>(&events.data);
  const auto* numbers = std::get_if<Ints>(&counts.data);
  if (names == nullptr) refuse(event_field.place(), events.kind(), "strings (event names)");
  if (numbers == nullptr) refuse(count_field.place(), counts.kind(), "integers");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    if (events.is_null(i)) refuse(event_field.at(row), "null", "an event name");
    if (counts.is_null(i)) refuse(count_field.at(row), "null", "a count");
    if (numbers->values[i] < 0) refuse(count_field.at(row), std::to_string(numbers->values[i]), "a count of 0 or more");
    const auto customer = ids.find_in(log.ids, i);
    if (!customer) {
      ++log.prior_outside;
      continue;
    }
    const bool fresh = log.prior[(*names->words)[names->codes[i]]].emplace(static_cast<std::uint32_t>(*customer), numbers->values[i]).second;
    if (!fresh) refuse(count_field.at(row), "a second count for the same customer and event", "one row for each");
  }
}

}  // namespace sojourn::ingest_detail
