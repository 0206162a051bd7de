// A log with further events: equal to one built from both tables together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/ingest.hpp"

namespace sojourn {

namespace append_detail {

/// Where an event of the new log comes from: an index into the old log's events, or (top bit set) into the added ones.
using Origin = std::uint64_t;
inline constexpr Origin added = Origin{1} << 63;

template <class T>
void take_both(std::vector<T>& out, const std::vector<T>& a, const std::vector<T>& b, const std::vector<Origin>& from) {
  out.resize(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) out[i] = (from[i] & added) != 0 ? b[from[i] & ~added] : a[from[i]];
}

/// The two columns' cells in the order of `from`. They must hold the same kind of data.
inline Column merge_columns(const Column& a, const Column& b, const std::vector<Origin>& from) {
  if (a.data.index() != b.data.index()) refuse("more events, column '" + a.name + "'", b.kind(), std::string(a.kind()) + ", as before");
  Column out{a.name, a.data, {}};
  std::visit(
      [&](auto& d) {
        using Data = std::decay_t<decltype(d)>;
        const Data& first = std::get<Data>(a.data);
        Data second = std::get<Data>(b.data);
        if constexpr (std::is_same_v<Data, Strings>) {
          auto words = std::make_shared<std::vector<std::string>>(*first.words);
          words->insert(words->end(), second.words->begin(), second.words->end());
          for (std::uint32_t& code : second.codes) code += static_cast<std::uint32_t>(first.words->size());
          d.words = std::move(words);
          take_both(d.codes, first.codes, second.codes, from);
        } else if constexpr (std::is_same_v<Data, Decimals>) {
          if (first.scale != second.scale)
            refuse("more events, column '" + a.name + "'", "decimals of scale " + std::to_string(second.scale),
                   "scale " + std::to_string(first.scale) + ", as before");
          take_both(d.unscaled, first.unscaled, second.unscaled, from);
        } else {
          take_both(d.values, first.values, second.values, from);
        }
      },
      out.data);
  if (!a.nulls.empty() || !b.nulls.empty()) {
    const auto full = [](const Column& c) { return c.nulls.empty() ? std::vector<std::uint8_t>(c.size()) : c.nulls; };
    take_both(out.nulls, full(a), full(b), from);
  }
  return out;
}

inline std::vector<std::string> united_names(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

/// For every code of `names`, its code among `all`.
inline std::vector<std::uint32_t> recode(const std::vector<std::string>& names, const std::vector<std::string>& all) {
  std::vector<std::uint32_t> out;
  for (const std::string& name : names) out.push_back(static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), name) - all.begin()));
  return out;
}

/// Two logs as one: of events at one place in the order, those of `a` come first.
class Merge {
 public:
  Merge(const EventLog& a, const EventLog& b) : a_(a), b_(b) {}

  EventLog run() {
    const EventLog::Parts& a = a_.parts();
    const EventLog::Parts& b = b_.parts();
    out_.columns = a.columns;
    out_.ties = a.ties;
    out_.zone = a.zone;
    out_.written_zone = a.written_zone;
    out_.history = a.history;
    out_.has_prior = a.has_prior;
    out_.ids = united(a.ids, b.ids);
    out_.names = united_names(a.names, b.names);
    code_a_ = recode(a.names, out_.names);
    code_b_ = recode(b.names, out_.names);
    out_.missing_values = a.missing_values + b.missing_values;
    out_.rounded_times = a.rounded_times + b.rounded_times;
    out_.prior_outside = a.prior_outside;
    out_.first_time = std::min(a.first_time, b.first_time);
    out_.last_time = std::max(a.last_time, b.last_time);
    merge_events();
    if (a.key) out_.key = merge_columns(*a.key, *b.key, from_);
    for (std::size_t i = 0; i < a.attributes.columns.size(); ++i)
      out_.attributes.columns.push_back(merge_columns(a.attributes.columns[i], b.attributes.columns[i], from_));
    return EventLog{std::move(out_)};
  }

 private:
  void merge_events() {
    const std::size_t total = a_.size() + b_.size();
    out_.times = Buffer<std::int64_t>(total);
    out_.events = Buffer<std::uint32_t>(total);
    if (!a_.values().empty()) out_.values = Buffer<double>(total);
    if (!a_.parts().sequence.empty()) out_.sequence = Buffer<std::int64_t>(total);
    from_.reserve(total);
    std::size_t i = 0, j = 0;
    for (std::size_t c = 0; c < out_.ids.size(); ++c) {
      const bool in_a = i < a_.customers() && CustomerIds::compare(a_.ids(), i, out_.ids, c) == 0;
      const bool in_b = j < b_.customers() && CustomerIds::compare(b_.ids(), j, out_.ids, c) == 0;
      if (in_a) copy_prior(i, c);
      merge_customer(in_a ? a_.customer(i) : CustomerEvents{}, in_b ? b_.customer(j) : CustomerEvents{});
      out_.offsets.push_back(from_.size());
      i += in_a;
      j += in_b;
    }
  }

  void merge_customer(const CustomerEvents& x, const CustomerEvents& y) {
    const std::size_t begin = from_.size();
    std::size_t i = 0, j = 0;
    while (i < x.size() || j < y.size()) {
      const bool old_first = j == y.size() || (i < x.size() && !before(y, j, x, i));
      if (old_first) put(a_, x.first + i++, code_a_, 0);
      else put(b_, y.first + j++, code_b_, added);
    }
    const auto same = [&](std::size_t k, std::size_t l) { return out_.times[k] == out_.times[l]; };
    for (std::size_t k = begin; k < from_.size(); ++k) out_.tied += (k > begin && same(k - 1, k)) || (k + 1 < from_.size() && same(k, k + 1));
  }

  /// Whether event j of `y` (added) stands before event i of `x` (old) in log order.
  [[nodiscard]] bool before(const CustomerEvents& y, std::size_t j, const CustomerEvents& x, std::size_t i) const {
    if (y.times[j] != x.times[i]) return y.times[j] < x.times[i];
    return tie(b_, y, j) < tie(a_, x, i);
  }
  [[nodiscard]] static std::int64_t tie(const EventLog& log, const CustomerEvents& events, std::size_t i) {
    if (const auto* ranking = std::get_if<NameRanking>(&log.ties())) {
      const std::string& name = log.event_names()[events.events[i]];
      return std::find(ranking->names.begin(), ranking->names.end(), name) - ranking->names.begin();
    }
    return log.parts().sequence.empty() ? 0 : log.parts().sequence[events.first + i];
  }

  void put(const EventLog& log, std::size_t at, const std::vector<std::uint32_t>& code, Origin origin) {
    const std::size_t to = from_.size();
    out_.times[to] = log.times()[at];
    out_.events[to] = code[log.events()[at]];
    if (!out_.values.empty()) out_.values[to] = log.values()[at];
    if (!out_.sequence.empty()) out_.sequence[to] = log.parts().sequence[at];
    from_.push_back(at | origin);
  }

  void copy_prior(std::size_t old, std::size_t customer) {
    for (const auto& [event, of_customer] : a_.parts().prior)
      if (const auto found = of_customer.find(static_cast<std::uint32_t>(old)); found != of_customer.end())
        out_.prior[event].emplace(static_cast<std::uint32_t>(customer), found->second);
  }

  const EventLog& a_;
  const EventLog& b_;
  EventLog::Parts out_;
  std::vector<std::uint32_t> code_a_, code_b_;
  std::vector<Origin> from_;
};

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
  if (added.ids().are_strings() != log.ids().are_strings())
    refuse(Place{more.name(), options.columns.customer, {}}, added.ids().are_strings() ? "strings" : "integers",
           log.ids().are_strings() ? "strings, as before" : "integers, as before");
  if (added.parts().written_zone.has_value() != log.parts().written_zone.has_value())
    refuse(Place{more.name(), options.columns.time, {}}, added.parts().written_zone ? "zoned times" : "naive times",
           log.parts().written_zone ? "zoned times, as before" : "naive times, as before");
  return append_detail::Merge(log, added).run();
}

/// Whether two columns show the same cells (strings may be coded differently).
inline bool same_cells(const Column& a, const Column& b) {
  if (a.name != b.name || a.data.index() != b.data.index() || a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a.is_null(i) != b.is_null(i)) return false;
    if (a.is_null(i)) continue;
    const bool same = std::visit(
        [&](const auto& d) {
          const auto& e = std::get<std::decay_t<decltype(d)>>(b.data);
          if constexpr (requires { d.codes; }) return (*d.words)[d.codes[i]] == (*e.words)[e.codes[i]];
          else if constexpr (requires { d.unscaled; }) return d.unscaled[i] == e.unscaled[i] && d.scale == e.scale;
          else return d.values[i] == e.values[i];
        },
        a.data);
    if (!same) return false;
  }
  return true;
}

/// Equal logs: the same customers, events, values, attributes, observation and rules.
inline bool operator==(const EventLog& x, const EventLog& y) {
  const EventLog::Parts &a = x.parts(), &b = y.parts();
  const auto equal = [](const auto& p, const auto& q) { return std::equal(p.begin(), p.end(), q.begin(), q.end()); };
  const auto same_value = [](double p, double q) { return p == q || (std::isnan(p) && std::isnan(q)); };
  if (!(a.columns == b.columns && a.ids == b.ids && a.offsets == b.offsets && a.names == b.names && a.ties == b.ties && a.history == b.history &&
        a.zone.name() == b.zone.name() && a.written_zone == b.written_zone && a.observed == b.observed && a.prior == b.prior &&
        a.has_prior == b.has_prior && a.missing_values == b.missing_values && a.tied == b.tied && a.rounded_times == b.rounded_times))
    return false;
  if (!equal(a.times, b.times) || !equal(a.events, b.events) || !equal(a.sequence, b.sequence)) return false;
  if (!std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end(), same_value)) return false;
  if (a.key.has_value() != b.key.has_value() || (a.key && !same_cells(*a.key, *b.key))) return false;
  return std::equal(a.attributes.columns.begin(), a.attributes.columns.end(), b.attributes.columns.begin(), b.attributes.columns.end(), same_cells);
}

}  // namespace sojourn
