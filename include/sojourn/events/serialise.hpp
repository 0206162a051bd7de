// A log as bytes (core/bytes.hpp) and back: equal logs give equal bytes, and what is read back equals what was written.
//
// 12 bytes an event, 8 more for a value column and 8 for a sequence column, attributes and key as they are; 16 bytes a customer and the letters
// of a string id, 16 more with an observation table. The zone is written by its name: its rules are those of the machine that reads, as
// Python's zoneinfo does it. O(events); memory: the bytes beside the log.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/serialise.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/gather.hpp"

namespace sojourn {

namespace serialise_detail {

inline void put_columns(const LogColumns& columns, ByteWriter& out) {
  for (const std::string* name : {&columns.customer, &columns.time, &columns.event}) out.put(*name);
  put_optional(columns.value, out);
  put_optional(columns.key, out);
  put_words(columns.attributes, out);
}

inline LogColumns get_columns(ByteReader& in) {
  LogColumns out;
  for (std::string* name : {&out.customer, &out.time, &out.event}) *name = in.get_string();
  out.value = get_optional(in);
  out.key = get_optional(in);
  out.attributes = get_words(in);
  return out;
}

inline void put_ties(const Ties& ties, ByteWriter& out) {
  out.put(static_cast<std::uint8_t>(ties.index()));
  if (const auto* ranking = std::get_if<NameRanking>(&ties)) put_words(ranking->names, out);
  if (const auto* sequence = std::get_if<SequenceColumn>(&ties)) out.put(sequence->name);
}

inline Ties get_ties(ByteReader& in) {
  const auto kind = in.get<std::uint8_t>();
  in.require(kind < std::variant_size_v<Ties>, "a rule for ties");
  if (kind == 1) return NameRanking{get_words(in)};
  if (kind == 2) return SequenceColumn{in.get_string()};
  return InputOrder{};
}

inline void put_ids(const CustomerIds& ids, ByteWriter& out) {
  out.put(static_cast<std::uint8_t>(ids.format()));
  out.put(static_cast<std::uint64_t>(ids.size()));
  for (std::size_t c = 0; c < ids.size(); ++c) {
    if (ids.are_strings()) out.put(ids.string(c));
    else out.put(ids.integer(c));
  }
}

inline CustomerIds get_ids(ByteReader& in) {
  const auto format = in.get<std::uint8_t>();
  const bool strings = format == 'u';
  in.require(strings || is_integer_format(format), "the letter of a type of ids");
  const std::size_t count = in.get_count(sizeof(std::uint64_t));
  in.require(count < std::numeric_limits<std::uint32_t>::max(), "fewer customers");
  std::vector<std::int64_t> integers;
  std::string bytes;
  std::vector<std::size_t> offsets = {0};
  for (std::size_t c = 0; c < count; ++c) {
    if (strings) bytes += in.get_string(), offsets.push_back(bytes.size());
    else integers.push_back(in.get<std::int64_t>());
  }
  CustomerIds out =
      strings ? CustomerIds::strings(std::move(bytes), std::move(offsets)) : CustomerIds::integers(static_cast<char>(format), std::move(integers));
  for (std::size_t c = 1; c < out.size(); ++c) in.require(CustomerIds::compare(out, c - 1, out, c) < 0, "customers ascending, each once");
  return out;
}

/// A wall-clock time of the years 1 to 9999 may lie some hours outside them in UTC.
inline bool is_instant(std::int64_t t) { return t >= earliest_micros - 2 * micros_per_day && t <= latest_micros + 2 * micros_per_day; }

inline void put_observed(const std::vector<Observation>& observed, ByteWriter& out) {
  out.put(static_cast<std::uint64_t>(observed.size()));
  for (const Observation& o : observed) out.put(micros(o.from)), out.put(micros(o.to));
}

inline std::vector<Observation> get_observed(ByteReader& in) {
  std::vector<Observation> out(in.get_count(2 * sizeof(std::int64_t)));
  for (Observation& o : out) {
    o.from = timestamp(in.get<std::int64_t>());
    o.to = timestamp(in.get<std::int64_t>());
    in.require(o.from <= o.to && is_instant(micros(o.from)) && is_instant(micros(o.to)), "observations from … to");
  }
  return out;
}

using PriorCounts = std::map<std::string, std::map<std::uint32_t, std::int64_t>>;

inline void put_prior(const PriorCounts& prior, ByteWriter& out) {
  out.put(static_cast<std::uint64_t>(prior.size()));
  for (const auto& [event, of_customer] : prior) {
    out.put(event);
    out.put(static_cast<std::uint64_t>(of_customer.size()));
    for (const auto& [customer, count] : of_customer) out.put(customer), out.put(count);
  }
}

inline PriorCounts get_prior(std::size_t customers, ByteReader& in) {
  PriorCounts out;
  const std::size_t events = in.get_count(2 * sizeof(std::uint64_t));
  for (std::size_t e = 0; e < events; ++e) {
    auto& of_customer = out[in.get_string()];
    const std::size_t counts = in.get_count(sizeof(std::uint32_t) + sizeof(std::int64_t));
    for (std::size_t i = 0; i < counts; ++i) {
      const auto customer = in.get<std::uint32_t>();
      const auto count = in.get<std::int64_t>();
      in.require(customer < customers && count >= 0, "prior counts of the log's customers");
      of_customer.emplace(customer, count);
    }
  }
  return out;
}

inline void check_names(const EventLog::Parts& p, const ByteReader& in) {
  for (std::size_t e = 1; e < p.names.size(); ++e) in.require(p.names[e - 1] < p.names[e], "event names ascending, each once");
  std::vector<std::uint8_t> seen(p.names.size());
  for (const std::uint32_t event : p.events) {
    in.require(event < p.names.size(), "the number of an event name");
    seen[event] = 1;
  }
  in.require(std::find(seen.begin(), seen.end(), 0) == seen.end(), "event names that occur");
}

inline void check_sizes(const EventLog::Parts& p, const ByteReader& in) {
  const std::size_t rows = p.times.size();
  in.require(p.offsets.size() == p.ids.size() + 1 && p.offsets.front() == 0 && p.offsets.back() == rows, "where each customer's events begin");
  in.require(std::is_sorted(p.offsets.begin(), p.offsets.end()), "customers' events one after another");
  in.require(p.events.size() == rows, "an event name for every event");
  in.require(p.values.size() == (p.columns.value ? rows : 0), "a value for every event, if there are values");
  in.require(p.sequence.size() == (std::holds_alternative<SequenceColumn>(p.ties) ? rows : 0), "a place in the sequence for every event");
  in.require(p.key.has_value() == p.columns.key.has_value() && (!p.key || (p.key->size() == rows && p.key->name == *p.columns.key)),
             "the key column");
  in.require(p.attributes.names() == p.columns.attributes, "the attributes that are named");
  for (const Column& column : p.attributes.columns) in.require(column.size() == rows, "attributes for every event");
  in.require(p.observed.empty() || p.observed.size() == p.ids.size(), "an observation for every customer");
  in.require(p.has_prior || p.prior.empty(), "no prior counts");
}

/// Checks the times, and counts what follows from them.
inline void check_times(EventLog::Parts& p, const ByteReader& in) {
  in.require(is_instant(p.first_time) && is_instant(p.last_time) && p.first_time <= p.last_time, "the limits of the observation");
  for (std::size_t c = 0; c < p.ids.size(); ++c) {
    const std::int64_t *begin = p.times.data() + p.offsets[c], *end = p.times.data() + p.offsets[c + 1];
    const bool own = p.observed.empty();
    const std::int64_t from = own ? p.first_time : micros(p.observed[c].from), to = own ? p.last_time : micros(p.observed[c].to);
    in.require(std::is_sorted(begin, end), "events in the order of time");
    in.require(begin == end || (is_instant(*begin) && end[-1] <= to), "times inside the observation");
    in.require(from >= p.first_time && to <= p.last_time, "observations inside the log's limits");
    p.before_observation += std::lower_bound(begin, end, from) - begin;
  }
  in.require(p.before_observation == 0 || (p.history == History::complete && !p.has_prior && !p.observed.empty()),
             "no events before the observation");
  p.tied = gather_detail::count_tied(std::as_const(p.times), p.offsets);
}

}  // namespace serialise_detail

/// Finds the rules of a zone by its name.
using ZoneOf = std::function<ZoneRules(const std::string&)>;

/// A log as bytes.
inline std::string serialise(const EventLog& log) {
  using namespace serialise_detail;
  const EventLog::Parts& p = log.parts();
  ByteWriter out(BytesOf::log);
  put_columns(p.columns, out);
  put_ties(p.ties, out);
  out.put(p.zone.name());
  put_optional(p.written_zone, out);
  out.put(static_cast<std::uint8_t>(p.history == History::truncated));
  for (const std::int64_t x : {p.first_time, p.last_time, p.rounded_times, p.prior_outside}) out.put(x);
  put_ids(p.ids, out);
  out.put(static_cast<std::uint64_t>(p.offsets.size()));
  for (const std::size_t offset : p.offsets) out.put(static_cast<std::uint64_t>(offset));
  put_observed(p.observed, out);
  out.put(static_cast<std::uint8_t>(p.has_prior));
  put_prior(p.prior, out);
  put_words(p.names, out);
  out.put_all(p.times);
  out.put_all(p.events);
  put_reals(p.values, out);
  out.put_all(p.sequence);
  if (p.key) put_column(*p.key, out);
  for (const Column& column : p.attributes.columns) put_column(column, out);
  return std::move(out).finish();
}

/// The log that `serialise` wrote. @throws InvalidInput for any other bytes, or a zone that is not known here.
inline EventLog deserialise_log(std::string_view bytes, const ZoneOf& zone_of = ZoneRules::load) {
  using namespace serialise_detail;
  ByteReader in(bytes, BytesOf::log);
  EventLog::Parts p;
  p.columns = get_columns(in);
  p.ties = get_ties(in);
  const std::string zone = in.get_string();
  p.written_zone = get_optional(in);
  p.history = in.get_bool() ? History::truncated : History::complete;
  for (std::int64_t* x : {&p.first_time, &p.last_time, &p.rounded_times, &p.prior_outside}) *x = in.get<std::int64_t>();
  p.ids = get_ids(in);
  const auto offsets = in.get_vector<std::uint64_t>();
  p.offsets.assign(offsets.begin(), offsets.end());
  p.observed = get_observed(in);
  p.has_prior = in.get_bool();
  p.prior = get_prior(p.ids.size(), in);
  p.names = get_words(in);
  p.times = in.get_buffer<std::int64_t>();
  p.events = in.get_buffer<std::uint32_t>();
  p.values = in.get_buffer<double>();
  p.sequence = in.get_buffer<std::int64_t>();
  if (p.columns.key) p.key = get_column(in);
  for (std::size_t i = 0; i < p.columns.attributes.size(); ++i) p.attributes.columns.push_back(get_column(in));
  in.finish();
  check_sizes(p, in);
  check_names(p, in);
  check_times(p, in);
  for (const double value : p.values) {
    in.require(std::isnan(value) || std::fabs(value) <= ExactSum::limit, "values that are finite");
    p.missing_values += std::isnan(value);
  }
  p.zone = zone_of(zone);
  return EventLog{std::move(p)};
}

}  // namespace sojourn
