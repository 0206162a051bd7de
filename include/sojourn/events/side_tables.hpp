// The two tables that may stand beside the events: when each customer was observed, and what each had done before.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
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

  /// @throws InvalidInput when an event lies outside its customer's observation.
  std::vector<Observation> finish(const EventLog::Parts& log) && {
    for (std::size_t c = 0; c < observed_.size(); ++c) {
      for (std::size_t i = log.offsets[c]; i < log.offsets[c + 1]; ++i) {
        const Timestamp t = timestamp(log.times[i]);
        if (t < observed_[c].from || t > observed_[c].to)
          refuse("events, column '" + log.columns.time + "'",
                 "an event of customer " + log.ids.text(c) + " at " + to_string(t) + ", out of the customer's observation",
                 "a time from " + to_string(observed_[c].from) + " to " + to_string(observed_[c].to));
      }
    }
    return std::move(observed_);
  }

 private:
  bool given_ = false;
  CustomerIds all_;
  std::vector<std::size_t> number_;
  std::vector<Observation> observed_;
};

/// The table customer, event, count. Rows of customers that the log does not have are counted (`prior_outside`).
inline void read_prior_counts(const arrow::Imported* table, EventLog::Parts& log) {
  if (table == nullptr) return;
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
