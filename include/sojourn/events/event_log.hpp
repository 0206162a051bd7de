// The event log: columns grouped by customer, in time order inside a customer. Immutable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/events/name_index.hpp"

namespace sojourn {

/// Events of one customer at one instant keep their order in the input …
struct InputOrder {
  friend bool operator==(const InputOrder&, const InputOrder&) = default;
};
/// … or follow a ranking of event names (names it does not list come last, in input order) …
struct NameRanking {
  std::vector<std::string> names;
  friend bool operator==(const NameRanking&, const NameRanking&) = default;
};
/// … or an integer column, ascending.
struct SequenceColumn {
  std::string name;
  friend bool operator==(const SequenceColumn&, const SequenceColumn&) = default;
};
using Ties = std::variant<InputOrder, NameRanking, SequenceColumn>;

/// Whether the log knows what came before a customer's observation. Complete: events before it may stand in the log, the customer's history.
enum class History : std::uint8_t { complete, truncated };

/// A customer is observed on the closed interval [from, to].
struct Observation {
  Timestamp from, to;
  friend bool operator==(const Observation&, const Observation&) = default;
};

/// One customer's events; position i is the i-th in log order.
struct CustomerEvents {
  std::size_t first = 0;  // place of the customer's first event in the log's columns
  std::span<const std::int64_t> times;
  std::span<const std::uint32_t> events;  // codes into event_names()

  [[nodiscard]] std::size_t size() const { return times.size(); }
  [[nodiscard]] Timestamp time(std::size_t i) const { return timestamp(times[i]); }
};

/// What ingest was told; `append` uses it again.
struct LogColumns {
  std::string customer = "customer", time = "time", event = "event";
  std::optional<std::string> value = {}, key = {};
  std::vector<std::string> attributes = {};
  friend bool operator==(const LogColumns&, const LogColumns&) = default;
};

class EventLog {
 public:
  /// The parts a log is made of, as ingest and append build them.
  struct Parts {
    LogColumns columns;
    CustomerIds ids;
    std::vector<std::size_t> offsets = {0};  // customer c has events [offsets[c], offsets[c+1])
    Buffer<std::int64_t> times;              // UTC microseconds
    Buffer<std::uint32_t> events;
    Buffer<double> values;           // NaN: none given; empty: the log has no value column
    Buffer<std::int64_t> sequence;   // ties by sequence column only
    std::vector<std::string> names;  // ascending; every one occurs
    std::optional<Column> key;       // in log order
    Table attributes;                // in log order
    Ties ties;
    ZoneRules zone;
    std::optional<std::string> written_zone;  // of the time column; none: naive wall-clock times
    History history = History::complete;
    std::vector<Observation> observed;                                   // empty: the log's own first and last instant for everyone
    std::map<std::string, std::map<std::uint32_t, std::int64_t>> prior;  // event → customer → count before `from`
    bool has_prior = false;
    std::int64_t tied = 0, missing_values = 0, rounded_times = 0, prior_outside = 0;
    std::int64_t before_observation = 0;         // events before their customer's `from`
    std::int64_t first_time = 0, last_time = 0;  // earliest `from` and latest `to`; without `observed`, first and last event
  };

  explicit EventLog(Parts parts) : p_(std::move(parts)) {}

  /// Number of events.
  [[nodiscard]] std::size_t size() const { return p_.times.size(); }
  /// Number of customers, those observed without any event included.
  [[nodiscard]] std::size_t customers() const { return p_.ids.size(); }
  [[nodiscard]] const CustomerIds& ids() const { return p_.ids; }
  /// Ascending; every name occurs in the log.
  [[nodiscard]] const std::vector<std::string>& event_names() const { return p_.names; }
  [[nodiscard]] std::optional<std::uint32_t> event_code(std::string_view name) const {
    const auto at = std::lower_bound(p_.names.begin(), p_.names.end(), name);
    return at != p_.names.end() && *at == name ? std::optional{static_cast<std::uint32_t>(at - p_.names.begin())} : std::nullopt;
  }

  [[nodiscard]] CustomerEvents customer(std::size_t c) const {
    const std::size_t first = p_.offsets[c], n = p_.offsets[c + 1] - first;
    return {first, {p_.times.data() + first, n}, {p_.events.data() + first, n}};
  }
  [[nodiscard]] const std::vector<std::size_t>& offsets() const { return p_.offsets; }
  [[nodiscard]] std::span<const std::int64_t> times() const { return p_.times; }
  [[nodiscard]] std::span<const std::uint32_t> events() const { return p_.events; }
  /// Empty when the log has no value column; NaN where an event has none.
  [[nodiscard]] std::span<const double> values() const { return p_.values; }
  /// In log order; null when the log has no key column.
  [[nodiscard]] const Column* key() const { return p_.key ? &*p_.key : nullptr; }
  /// Attribute columns in log order.
  [[nodiscard]] const Table& attributes() const { return p_.attributes; }

  [[nodiscard]] Observation observation(std::size_t c) const {
    return p_.observed.empty() ? Observation{timestamp(p_.first_time), timestamp(p_.last_time)} : p_.observed[c];
  }
  [[nodiscard]] History history() const { return p_.history; }
  /// How many of customer c's events lie before `from`: the history, which patterns see but the observation does not count.
  [[nodiscard]] std::size_t history_size(std::size_t c) const {
    if (p_.before_observation == 0) return 0;
    const std::span<const std::int64_t> times = customer(c).times;
    return static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), micros(p_.observed[c].from)) - times.begin());
  }
  /// Events of that name the customer had before `from`; nullopt where no prior counts were given. A pair the table does not list counts 0.
  [[nodiscard]] std::optional<std::int64_t> prior_count(std::size_t c, const std::string& event) const {
    if (!p_.has_prior) return std::nullopt;
    const auto of_event = p_.prior.find(event);
    if (of_event == p_.prior.end()) return 0;
    const auto of_customer = of_event->second.find(static_cast<std::uint32_t>(c));
    return of_customer == of_event->second.end() ? 0 : of_customer->second;
  }

  /// Earliest `from` and latest `to` of any customer: without an observation table, the first and last instant of any event.
  [[nodiscard]] Observation span() const { return {timestamp(p_.first_time), timestamp(p_.last_time)}; }
  /// Share of events that have another event of the same customer at the same instant.
  [[nodiscard]] double tied_share() const { return size() == 0 ? 0.0 : static_cast<double>(p_.tied) / static_cast<double>(size()); }
  [[nodiscard]] const Ties& ties() const { return p_.ties; }
  /// The zone of calendar durations.
  [[nodiscard]] const ZoneRules& zone() const { return p_.zone; }
  [[nodiscard]] const Parts& parts() const { return p_; }

  /// Where each customer's events of some codes stand: found when first asked for, and kept. Not for logs of NameIndex::most events or more.
  [[nodiscard]] std::vector<const NameEvents*> named(std::span<const std::uint32_t> codes, const Run& run) const {
    return index_->find(codes, p_.names.size(), {p_.offsets, p_.events, p_.times}, run);
  }

  /// A result column of instants, written as the log's own times were.
  [[nodiscard]] Column time_column(std::string name, std::vector<std::int64_t> utc_micros, std::vector<std::uint8_t> nulls = {}) const {
    const bool local = !p_.written_zone && !p_.zone.is_utc();
    if (local)
      for (std::int64_t& t : utc_micros) t = p_.zone.to_local(timestamp(t)).time_since_epoch().count();
    return {std::move(name), Times{std::move(utc_micros), p_.written_zone}, std::move(nulls)};
  }

 private:
  Parts p_;
  std::unique_ptr<NameIndex> index_ = std::make_unique<NameIndex>();
};

}  // namespace sojourn
