// Differences as tables: the bridge's sums by reason, and the record behind every one of them (reconciliation.md §10).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/assets/check.hpp"
#include "sojourn/assets/difference.hpp"
#include "sojourn/assets/money_cells.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// How many events, worth how much, one reason accounts for: the ledger's less the standard's.
struct BridgeRow {
  std::size_t period = 0;  // number
  std::uint32_t segment = 0, currency = 0;
  std::size_t direction = 0;  // in, out, net
  DifferenceReason reason = DifferenceReason::matched;
  std::uint16_t rule = UINT16_MAX;
  std::int64_t events = 0;  // of either side
  std::int64_t count = 0;
  Int128 value = 0;
};

namespace difference_tables_detail {

struct Sum {
  std::int64_t events = 0, count = 0;
  Int128 value = 0;
};

/// The statements' in, out of every (period, segment, currency): what the sums must come to.
using Totals = std::map<std::tuple<std::size_t, std::string, std::string, std::size_t>, Sum>;

inline std::string segment_text(const Column& values, std::uint32_t code) { return code == 0 ? std::string("∅") : "=" + label_text(values, code); }

inline void add_statement(const Differences& d, const Reconciled& part, std::int64_t sign, Totals& totals) {
  for (const StatementRow& row : part.statement.rows)
    for (const std::size_t direction : {0, 1}) {
      const Flow flow = direction == 0 ? Flow::joined : Flow::left;
      Sum& sum = totals[{d.reconciliation->periods.of(row.period), segment_text(part.statement.segments.values, row.segment),
                         part.statement.currencies[row.currency].code, direction}];
      sum.count += sign * row.customers(flow);
      sum.value += Int128{sign} * row.worth(flow);
    }
}

}  // namespace difference_tables_detail

/// In order of period, segment, currency, direction, reason, rule; net rows besides in and out.
inline std::vector<BridgeRow> sum_differences(const Differences& d, const Run& run) {
  using namespace difference_tables_detail;
  const Periods& periods = d.reconciliation->periods;
  const std::uint64_t pairs = d.segments.size() * d.currencies.size();
  std::vector<std::unordered_map<std::uint64_t, Sum>> found(d.events.size());
  parallel_for(d.events.size(), run, [&](std::size_t p) {
    for (const Difference& event : d.events[p]) {
      const std::uint64_t cell = periods.of(event.day) * pairs + event.segment * d.currencies.size() + event.currency;
      static_assert(reason_names.size() <= 16, "four bits");
      const std::uint64_t cause = static_cast<std::uint64_t>(event.reason) << 16 | event.rule;
      Sum& sum = found[p][cell << 21 | static_cast<std::uint64_t>(event.direction) << 20 | cause];
      const std::int64_t sign = event.of_standard ? -1 : 1;
      sum.events += event.counts ? 1 : 0;
      sum.count += event.counts ? sign : 0;
      sum.value += Int128{sign} * event.value;
    }
  });
  using Key = std::tuple<std::uint64_t, std::size_t, DifferenceReason, bool, std::string, std::uint16_t>;
  std::map<Key, Sum> sums;
  for (const auto& part : found)
    for (const auto& [code, sum] : part) {
      const auto rule = static_cast<std::uint16_t>(code & 0xFFFF);
      const auto reason = static_cast<DifferenceReason>(code >> 16 & 0xF);
      const std::size_t direction = code >> 20 & 1;
      const bool ruled = rule != UINT16_MAX;
      const std::string name = ruled ? d.rules.names()[rule] : std::string();
      for (const auto& [to, sign] : {std::pair{direction, std::int64_t{1}}, std::pair{std::size_t{2}, direction == 0 ? std::int64_t{1} : -1}}) {
        Sum& all = sums[{code >> 21, to, reason, ruled, name, rule}];
        all.events += sum.events;
        all.count += sign * sum.count;
        all.value += Int128{sign} * sum.value;
      }
    }
  std::vector<BridgeRow> out;
  for (const auto& [key, sum] : sums) {
    const auto& [cell, direction, reason, ruled, name, rule] = key;
    const std::uint64_t pair = cell % pairs;
    out.push_back({cell / pairs, static_cast<std::uint32_t>(pair / d.currencies.size()), static_cast<std::uint32_t>(pair % d.currencies.size()),
                   direction, reason, rule, sum.events, sum.count, sum.value});
  }
  return out;
}

/// The reasons add up to the gap between the statements, in every period, segment and currency, in and out.
inline Check check_sums(const Differences& d, const std::vector<BridgeRow>& rows) {
  using namespace difference_tables_detail;
  Totals totals;
  add_statement(d, *d.ledger, 1, totals);
  add_statement(d, *d.standard, -1, totals);
  for (const BridgeRow& row : rows) {
    if (row.direction == 2) continue;
    Sum& sum = totals[{row.period, segment_text(d.segments, row.segment), d.currencies[row.currency].code, row.direction}];
    sum.count -= row.count;
    sum.value -= row.value;
  }
  Check out{d.ledger->ledger->name() + ": reasons add up to the gap", Check::Kind::identity};
  for (const auto& [place, rest] : totals) {
    ++out.tested;
    if ((rest.count != 0 || rest.value != 0) && out.failures++ == 0)
      out.detail = "in the period from " + to_string(day_of(d.reconciliation->periods.edge(std::get<0>(place)))) + " they miss it by " +
                   std::to_string(rest.count) + " customers and " + std::to_string(static_cast<std::int64_t>(rest.value)) + " minor units";
  }
  return out;
}

/// Sums by reason that were held against the two statements. @throws std::logic_error when they miss the gap: a fault of the library, which
/// must not pass for a result.
inline std::vector<BridgeRow> proven_sums(const Differences& d, const Run& run) {
  std::vector<BridgeRow> out = sum_differences(d, run);
  if (const Check sums = check_sums(d, out); sums.failures > 0) throw std::logic_error(sums.name + ": " + sums.detail);
  return out;
}

namespace difference_tables_detail {

/// Words from a short list, by number; a number beyond it is null.
class Words {
 public:
  Words(std::vector<std::string> words) : words_(std::make_shared<const std::vector<std::string>>(with_last(std::move(words)))) {}
  void add(std::size_t number) {
    const std::size_t known = words_->size() - 1;
    if (number >= known && nulls_.size() < codes_.size() + 1) nulls_.resize(std::max(codes_.capacity(), codes_.size() + 1));
    if (number >= known) nulls_[codes_.size()] = 1;
    codes_.push_back(static_cast<std::uint32_t>(std::min(number, known)));
  }
  void reserve(std::size_t n) { codes_.reserve(n); }
  [[nodiscard]] Column finish(std::string name) && {
    if (!nulls_.empty()) nulls_.resize(codes_.size());
    return {std::move(name), Strings{std::move(codes_), words_}, std::move(nulls_)};
  }

 private:
  static std::vector<std::string> with_last(std::vector<std::string> words) {
    words.emplace_back();
    return words;
  }
  std::shared_ptr<const std::vector<std::string>> words_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::uint8_t> nulls_;
};

template <std::size_t N>
std::vector<std::string> listed(const std::array<const char*, N>& names) {
  return {names.begin(), names.end()};
}

inline std::vector<std::string> codes_of(const std::vector<Currency>& currencies) {
  std::vector<std::string> out;
  for (const Currency& currency : currencies) out.push_back(currency.code);
  return out;
}

inline int scale_of(const std::vector<Currency>& currencies) {
  int scale = 0;
  for (const Currency& currency : currencies) scale = std::max(scale, currency.digits);
  return scale;
}

/// The merged segments, row by row.
inline Column segment_column(const Column& values, const std::vector<std::uint32_t>& codes) {
  Column out{"segment", values.data, {}};
  std::visit(
      [&](auto& data) {
        using Data = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<Data, Strings>) {
          const std::vector<std::uint32_t> words = data.codes;
          data.codes.clear();
          for (const std::uint32_t code : codes) data.codes.push_back(words[code]);
        } else if constexpr (requires { data.values; }) {
          const auto all = data.values;
          data.values.clear();
          for (const std::uint32_t code : codes) data.values.push_back(all[code]);
        }
      },
      out.data);
  for (const std::uint32_t code : codes) out.nulls.push_back(code == 0);
  return out;
}

}  // namespace difference_tables_detail

inline Table bridge_table(const Differences& d, const std::vector<BridgeRow>& rows, MoneyStyle money) {
  using namespace difference_tables_detail;
  Dates period;
  std::vector<std::uint32_t> segment;
  Words currency(codes_of(d.currencies)), direction({"in", "out", "net"}), reason(listed(reason_names)), rule(d.rules.names());
  Ints events, count;
  MoneyCells value(money, scale_of(d.currencies));
  for (const BridgeRow& row : rows) {
    period.values.push_back(d.reconciliation->periods.edge(row.period));
    segment.push_back(row.segment);
    currency.add(d.currencies[row.currency].code.empty() ? SIZE_MAX : row.currency);
    direction.add(row.direction);
    reason.add(static_cast<std::size_t>(row.reason));
    rule.add(row.rule == UINT16_MAX ? SIZE_MAX : row.rule);
    events.values.push_back(row.events);
    count.values.push_back(row.count);
    if (row.value < INT64_MIN || row.value > INT64_MAX) refuse("bridge", "a sum beyond 64 bits of minor units", "one that fits them");
    value.add(static_cast<std::int64_t>(row.value), d.currencies[row.currency].digits);
  }
  Table out;
  out.columns.push_back({"period", std::move(period)});
  out.columns.push_back(segment_column(d.segments, segment));
  out.columns.push_back(std::move(currency).finish("currency"));
  out.columns.push_back(std::move(direction).finish("direction"));
  out.columns.push_back(std::move(reason).finish("reason"));
  out.columns.push_back(std::move(rule).finish("rule"));
  out.columns.push_back({"count", std::move(count)});
  out.columns.push_back({"value", std::move(value).finish()});
  out.columns.push_back({"events", std::move(events)});
  return out;
}

namespace difference_tables_detail {

/// In order of day, side, direction, unit, key: whatever order groups stand in. Buckets of a day first, then a sort of each.
inline Buffer<Difference> in_order(const Differences& d, const Run& run) {
  const Periods& periods = d.reconciliation->periods;
  const std::size_t buckets = static_cast<std::size_t>(periods.end() - periods.start()) * 4;
  const auto bucket = [&](const Difference& e) {
    return (static_cast<std::size_t>(e.day - periods.start()) * 2 + (e.of_standard ? 1 : 0)) * 2 + static_cast<std::size_t>(e.direction);
  };
  const auto parts = slices(d.events.size(), 16);
  std::vector<std::size_t> place(parts.size() * buckets), begin(buckets + 1);
  const auto each = [&](std::size_t p, const auto& f) {
    for (std::size_t i = parts[p].begin; i < parts[p].end && !d.events.empty(); ++i)
      for (const Difference& e : d.events[i]) f(e, place[p * buckets + bucket(e)]);
  };
  parallel_for(parts.size(), run, [&](std::size_t p) { each(p, [](const Difference&, std::size_t& n) { ++n; }); });
  std::size_t total = 0;
  for (std::size_t b = 0; b < buckets; ++b) {
    begin[b] = total;
    for (std::size_t p = 0; p < parts.size(); ++p) total += std::exchange(place[p * buckets + b], total);
  }
  begin[buckets] = total;
  struct Placed {
    std::int64_t id;
    const Difference* event;
  };
  Buffer<Placed> placed(total);
  const auto ledger_of = [&](const Difference& e) -> const Ledger& { return *(e.of_standard ? d.standard : d.ledger)->ledger; };
  parallel_for(parts.size(), run, [&](std::size_t p) {
    each(p, [&](const Difference& e, std::size_t& at) {
      const UnitIds& ids = ledger_of(e).units();
      placed[at++] = {ids.are_strings() || ids.format() == 'L' ? 0 : ids.integer(e.unit), &e};
    });
  });
  Buffer<Difference> out(total);
  const auto days = slices(buckets, buckets / 4);
  parallel_for(days.size(), run, [&](std::size_t p) {
    for (std::size_t b = days[p].begin; b < days[p].end; ++b) {
      std::sort(placed.data() + begin[b], placed.data() + begin[b + 1], [&](const Placed& x, const Placed& y) {
        if (x.id != y.id) return x.id < y.id;
        const Difference &a = *x.event, &c = *y.event;
        const Ledger& ledger = ledger_of(a);
        if (a.unit != c.unit) {
          const int units = ledger.units().compare(a.unit, c.unit);
          if (units != 0) return units < 0;
        }
        if (a.row != c.row) {
          const int keys = ledger.key() != nullptr ? ledger.key()->compare(a.row, c.row) : 0;
          return keys != 0 ? keys < 0 : a.row < c.row;
        }
        return a.counts != c.counts ? a.counts : a.currency < c.currency;
      });
      for (std::size_t i = begin[b]; i < begin[b + 1]; ++i) out[i] = *placed[i].event;
    }
  });
  return out;
}

/// Ids of records, units or groups of two ledgers in one column: integers where all are, else text.
class IdCells {
 public:
  IdCells(bool as_text, std::size_t rows) : as_text_(as_text) {
    nulls_.reserve(rows);
    if (!as_text) ints_.values.reserve(rows);
  }
  void add(std::int64_t id) {
    nulls_.push_back(0);
    if (as_text_) words_.add(std::to_string(id));
    else ints_.values.push_back(id);
  }
  void add(std::string_view word) {
    nulls_.push_back(0);
    words_.add(word);
  }
  void add_null() {
    nulls_.push_back(1);
    if (as_text_) words_.add("");
    else ints_.values.push_back(0);
  }
  [[nodiscard]] Column finish(std::string name) && {
    Column out{std::move(name), Ints{}, std::move(nulls_)};
    if (as_text_) out.data = std::move(words_).finish();
    else out.data = std::move(ints_);
    return out;
  }

 private:
  bool as_text_;
  Ints ints_;
  StringsBuilder words_;
  std::vector<std::uint8_t> nulls_;
};

inline bool has_text_keys(const Ledger& ledger) { return ledger.key() != nullptr && ledger.key()->are_strings(); }
inline bool has_text_units(const Ledger& ledger) { return ledger.units().are_strings() || ledger.units().format() == 'L'; }
inline bool has_text_groups(const Ledger& ledger) { return ledger.links() != nullptr ? ledger.links()->are_strings : has_text_units(ledger); }

inline void add_record(const Ledger& ledger, std::uint32_t row, IdCells& cells) {
  const KeyColumn* key = ledger.key();
  if (key == nullptr) cells.add(std::int64_t{row});
  else if (key->is_null(row)) cells.add_null();
  else if (key->are_strings()) cells.add(key->word(row));
  else cells.add(key->integer(row));
}
inline void add_unit(const Ledger& ledger, std::uint32_t unit, IdCells& cells) {
  const UnitIds& ids = ledger.units();
  if (ids.are_strings()) cells.add(ids.word(unit));
  else if (ids.format() == 'L') cells.add(std::to_string(static_cast<std::uint64_t>(ids.integer(unit))));
  else cells.add(ids.integer(unit));
}
/// The first of the unit's groups.
inline void add_group(const Ledger& ledger, std::uint32_t unit, IdCells& cells) {
  const Links* links = ledger.links();
  if (links == nullptr) return add_unit(ledger, unit, cells);
  const std::uint32_t first = links->offsets[unit];
  if (first == links->offsets[unit + 1]) cells.add_null();
  else if (links->are_strings) cells.add((*links->words)[static_cast<std::size_t>(links->groups[first])]);
  else cells.add(links->groups[first]);
}

}  // namespace difference_tables_detail

/// A row for each event of either ledger in the report.
inline Table records_table(const Differences& d, MoneyStyle money, const Run& run) {
  using namespace difference_tables_detail;
  const Buffer<Difference> events = in_order(d, run);
  const Ledger &ours = *d.ledger->ledger, &theirs = *d.standard->ledger;
  const Periods& periods = d.reconciliation->periods;
  const auto own = [&](const Difference& e) -> const Ledger& { return e.of_standard ? theirs : ours; };
  const auto other = [&](const Difference& e) -> const Ledger& { return e.of_standard ? ours : theirs; };
  const bool text_keys = has_text_keys(ours) || has_text_keys(theirs);

  // Each column on its own, so that they can be filled side by side.
  const auto words = [&](const char* name, std::vector<std::string> all, const auto& number) {
    return [&events, name, all = std::move(all), number] {
      Words cells(all);
      cells.reserve(events.size());
      for (const Difference& e : events) cells.add(number(e));
      return std::move(cells).finish(name);
    };
  };
  const auto ids = [&](const char* name, bool as_text, const auto& add) {
    return [&events, name, as_text, add] {
      IdCells cells(as_text, events.size());
      for (const Difference& e : events) add(e, cells);
      return std::move(cells).finish(name);
    };
  };
  const auto days = [&](const char* name, const auto& day) {
    return [&events, name, day] {
      Dates cells;
      cells.values.reserve(events.size());
      std::vector<std::uint8_t> nulls;
      for (const Difference& e : events) {
        const std::int32_t at = day(e);
        if (at == never && nulls.empty()) nulls.resize(events.size());
        if (at == never) nulls[cells.values.size()] = 1;
        cells.values.push_back(at == never ? 0 : at);
      }
      return Column{name, std::move(cells), std::move(nulls)};
    };
  };
  const std::vector<std::function<Column()>> columns = {
      words("ledger", {ours.name(), theirs.name()}, [](const Difference& e) { return std::size_t{e.of_standard}; }),
      ids("record", text_keys, [&](const Difference& e, IdCells& cells) { add_record(own(e), e.row, cells); }),
      ids("unit", has_text_units(ours) || has_text_units(theirs), [&](const Difference& e, IdCells& cells) { add_unit(own(e), e.unit, cells); }),
      ids("group", has_text_groups(ours) || has_text_groups(theirs), [&](const Difference& e, IdCells& cells) { add_group(own(e), e.unit, cells); }),
      days("time", [](const Difference& e) { return e.day; }),
      days("period", [&](const Difference& e) { return periods.edge(periods.of(e.day)); }),
      [&] {
        std::vector<std::uint32_t> codes;
        codes.reserve(events.size());
        for (const Difference& e : events) codes.push_back(e.segment);
        return segment_column(d.segments, codes);
      },
      words("currency", codes_of(d.currencies),
            [&](const Difference& e) { return d.currencies[e.currency].code.empty() ? SIZE_MAX : std::size_t{e.currency}; }),
      words("direction", listed(direction_names), [](const Difference& e) { return static_cast<std::size_t>(e.direction); }),
      words("reason", listed(reason_names), [](const Difference& e) { return static_cast<std::size_t>(e.reason); }),
      words("rule", d.rules.names(), [](const Difference& e) { return e.rule == UINT16_MAX ? SIZE_MAX : std::size_t{e.rule}; }),
      words("detail", listed(detail_names),
            [](const Difference& e) { return e.detail == Detail::none ? SIZE_MAX : static_cast<std::size_t>(e.detail); }),
      ids("partner", text_keys,
          [&](const Difference& e, IdCells& cells) {
            if (e.partner == Difference::none) cells.add_null();
            else add_record(other(e), e.partner, cells);
          }),
      days("other_time", [](const Difference& e) { return e.other_day; }),
      [&] {
        Ints cells;
        cells.values.reserve(events.size());
        for (const Difference& e : events) cells.values.push_back(e.counts ? (e.of_standard ? -1 : 1) : 0);
        return Column{"count", std::move(cells)};
      },
      [&] {
        MoneyCells cells(money, scale_of(d.currencies));
        for (const Difference& e : events) {
          if (e.value == INT64_MIN) refuse("records", "a value of −2⁶³ minor units", "one whose negative fits 64 bits too");
          cells.add(e.of_standard ? -e.value : e.value, d.currencies[e.currency].digits);
        }
        return Column{"value", std::move(cells).finish()};
      }};
  Table out;
  out.columns.resize(columns.size());
  parallel_for(columns.size(), run, [&](std::size_t c) { out.columns[c] = columns[c](); });
  return out;
}

}  // namespace sojourn
