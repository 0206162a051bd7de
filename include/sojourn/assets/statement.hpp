// The statement of one ledger: opening + in − out ± other = closing, in customers and in minor units (reconciliation.md §4).
//
//   opening + new + returned + other_in − left − other_out (+ expansion − contraction + fx in value) = closing
//
// in every period, segment and currency. Flows come from spells, opening and closing from presence (presence.hpp), so that the identity
// is a check and not a definition. O(records + periods × segments × currencies); integers add exactly, so threads never show.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/gaps.hpp"
#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/periods.hpp"
#include "sojourn/assets/presence.hpp"
#include "sojourn/assets/rates.hpp"
#include "sojourn/assets/records.hpp"
#include "sojourn/assets/spells.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

enum class Flow : std::uint8_t { opening, fresh, returned, other_in, joined, left, other_out, closing, in_grace };
inline constexpr std::array<const char*, 9> flow_names = {"opening", "new",       "returned", "other_in", "joined",
                                                          "left",    "other_out", "closing",  "in_grace"};

struct StatementRow {
  std::int32_t period = 0;  // its first day
  std::uint32_t segment = 0, currency = 0;
  std::array<std::int64_t, flow_names.size()> count = {}, value = {};  // by Flow; values in minor units
  std::int64_t expansion = 0, contraction = 0, fx = 0;

  [[nodiscard]] std::int64_t customers(Flow flow) const { return count[static_cast<std::size_t>(flow)]; }
  [[nodiscard]] std::int64_t worth(Flow flow) const { return value[static_cast<std::size_t>(flow)]; }
};

/// Rows by period, segment, currency, nulls first; every segment and currency that any spell ever had stands in every period.
struct Statement {
  Labels segments;
  std::vector<Currency> currencies;  // by the rows' code
  std::vector<StatementRow> rows;
};

namespace statement_detail {

/// What one slice of the customers adds to every cell (period, segment, currency), and to every day that presence is asked on.
struct Sums {
  enum In : std::uint8_t { fresh, returned, other_in, left, other_out, kinds };
  struct Cell {
    std::int64_t count[kinds] = {};
    Int128 value[kinds] = {};
    Int128 expansion = 0, contraction = 0, fx = 0;
  };
  /// Differences from the day before.
  struct Step {
    std::int64_t there = 0, without_record = 0;
    Int128 value = 0;
  };
  std::vector<Cell> cells;        // period × pairs
  std::vector<Step> steps;        // (periods + 2) × pairs
  std::vector<std::uint8_t> met;  // pairs

  Sums(std::size_t periods, std::size_t pairs) : cells(periods * pairs), steps((periods + 2) * pairs), met(pairs) {}

  void merge(const Sums& other) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (std::size_t k = 0; k < kinds; ++k) cells[i].count[k] += other.cells[i].count[k], cells[i].value[k] += other.cells[i].value[k];
      cells[i].expansion += other.cells[i].expansion;
      cells[i].contraction += other.cells[i].contraction;
      cells[i].fx += other.cells[i].fx;
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i].there += other.steps[i].there;
      steps[i].without_record += other.steps[i].without_record;
      steps[i].value += other.steps[i].value;
    }
    for (std::size_t i = 0; i < met.size(); ++i) met[i] |= other.met[i];
  }
};

class Sweep {
 public:
  Sweep(const Ledger& ledger, const DatedRecords& dated, const Periods& periods, const Valuation& worth)
      : ledger_(ledger),
        dated_(dated),
        periods_(periods),
        worth_(worth),
        currencies_(worth.converts() ? 1 : ledger.currencies().size()),
        pairs_(ledger.segments().size() * currencies_) {}

  [[nodiscard]] std::size_t pairs() const { return pairs_; }
  [[nodiscard]] std::size_t currencies() const { return currencies_; }

  void customers(Slice slice, Sums& sums) const {
    Gaps gaps(ledger_, dated_);
    std::vector<Change> changes;
    for (std::size_t c = slice.begin; c < slice.end; ++c) {
      const auto records = dated_[c];
      for_each_spell(
          ledger_, records, gaps, [&](const Spell& spell) { flows(spell, sums, changes); }, [](const Record&, const Record&, const Join&) {});
      net(changes, sums);
      for_each_presence(
          ledger_, records, periods_, gaps,
          [&](const Record& opener, std::size_t from, std::size_t to, bool with_record) { there(opener, from, to, with_record, sums); },
          [&](const Record& opener, const Record& record, std::size_t from, std::size_t to) { held(opener, record, from, to, sums); });
    }
  }

  /// Records that count as in and out on their start day.
  void empty(Sums& sums) const {
    for (const Record& record : dated_.empty) {
      const std::size_t at = pair(record, record);
      sums.met[at] = 1;
      if (!periods_.contains(record.start)) continue;
      Sums::Cell& cell = sums.cells[periods_.of(record.start) * pairs_ + at];
      const std::int64_t value = worth_(record, record.start);
      for (const auto kind : {Sums::fresh, Sums::left}) ++cell.count[kind], cell.value[kind] += value;
    }
  }

 private:
  struct Change {
    std::size_t cell;
    Int128 value;
  };

  /// The row's place within a period: the segment is the opener's, the currency the record's own.
  [[nodiscard]] std::size_t pair(const Record& opener, const Record& record) const {
    if (pairs_ == 1) return 0;
    return ledger_.segments()[opener.row] * currencies_ + (currencies_ == 1 ? 0 : record.currency);
  }

  void flows(const Spell& spell, Sums& sums, std::vector<Change>& changes) const {
    const Record& opener = spell.opener();
    const std::size_t counted = pair(opener, opener);
    Sums::In in = spell.number == 1 ? Sums::fresh : Sums::returned, out = Sums::left;
    sums.met[counted] = 1;
    if (periods_.contains(spell.start)) {
      if (ledger_.failed_joins(opener.row, spell.number)) in = Sums::other_in;
      ++sums.cells[periods_.of(spell.start) * pairs_ + counted].count[in];
    }
    if (spell.end != never && periods_.contains(spell.end)) {
      if (ledger_.failed_leaves(spell.closer->row, spell.number)) out = Sums::other_out;
      ++sums.cells[periods_.of(spell.end) * pairs_ + counted].count[out];
    }
    for (const Record& record : spell.records) {
      const std::size_t at = pair(opener, record);
      sums.met[at] = 1;
      if (periods_.contains(record.start)) {
        const std::size_t cell = periods_.of(record.start) * pairs_ + at;
        const std::int64_t value = worth_(record, record.start);
        if (record.start == spell.start) sums.cells[cell].value[in] += value;
        else if (value != 0) changes.push_back({cell, value});
      }
      if (record.end != never && periods_.contains(record.end)) {
        const std::size_t cell = periods_.of(record.end) * pairs_ + at;
        const std::int64_t value = worth_(record, record.end - 1);
        if (record.end == spell.end) sums.cells[cell].value[out] += value;
        else if (value != 0) changes.push_back({cell, -Int128{value}});
      }
      if (worth_.converts()) exchange(record, at, sums);
    }
  }

  /// The changes of rate while a record is in force; within a period they telescope.
  void exchange(const Record& record, std::size_t at, Sums& sums) const {
    const std::int32_t from = std::max(record.start, periods_.start()), to = std::min(record.end, periods_.end()) - 1;
    if (from > to || record.value == 0) return;
    for (std::size_t p = periods_.of(from); p <= periods_.of(to); ++p) {
      const std::int32_t first = std::max(record.start, periods_.edge(p) - 1), last = std::min(record.end, periods_.edge(p + 1)) - 1;
      if (first < last) sums.cells[p * pairs_ + at].fx += Int128{worth_(record, last)} - worth_(record, first);
    }
  }

  /// A customer's changes net out within a row: above zero they are expansion, below it contraction.
  static void net(std::vector<Change>& changes, Sums& sums) {
    if (changes.size() > 1) std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.cell < b.cell; });
    for (std::size_t i = 0; i < changes.size();) {
      const std::size_t cell = changes[i].cell;
      Int128 value = 0;
      for (; i < changes.size() && changes[i].cell == cell; ++i) value += changes[i].value;
      if (value > 0) sums.cells[cell].expansion += value;
      else sums.cells[cell].contraction -= value;
    }
    changes.clear();
  }

  void there(const Record& opener, std::size_t from, std::size_t to, bool with_record, Sums& sums) const {
    const std::size_t at = pair(opener, opener);
    Sums::Step &first = sums.steps[from * pairs_ + at], &after = sums.steps[to * pairs_ + at];
    ++first.there;
    --after.there;
    if (with_record) return;
    ++first.without_record;
    --after.without_record;
  }

  void held(const Record& opener, const Record& record, std::size_t from, std::size_t to, Sums& sums) const {
    const std::size_t at = pair(opener, record);
    if (!worth_.converts()) {
      sums.steps[from * pairs_ + at].value += record.value;
      sums.steps[to * pairs_ + at].value -= record.value;
      return;
    }
    for (std::size_t k = from; k < to; ++k) {
      const std::int64_t value = worth_(record, periods_.day(k));
      sums.steps[k * pairs_ + at].value += value;
      sums.steps[(k + 1) * pairs_ + at].value -= value;
    }
  }

  const Ledger& ledger_;
  const DatedRecords& dated_;
  const Periods& periods_;
  const Valuation& worth_;
  std::size_t currencies_, pairs_;
};

/// Every value that the report needs can be had: else the first record whose value cannot.
inline void check_rates(const DatedRecords& dated, const Periods& periods, const Valuation& worth, const Run& run) {
  if (!worth.converts()) return;
  struct Unknown {
    const Record* record = nullptr;
    std::int32_t day = 0;
    void keep_first(const Record& other, std::int32_t at) {
      if (record == nullptr || other.row < record->row) record = &other, day = at;
    }
  };
  const auto parts = slices(dated.size(), dated.size() >> 14);
  std::vector<Unknown> unknown(parts.size() + 1);
  parallel_for(parts.size(), run, [&](std::size_t p) {
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c)
      for (const Record& record : dated[c]) {
        const std::int32_t day = std::max(record.start, periods.start() - 1);
        if (day < record.end && day < periods.end() && !worth.knows(record, day)) unknown[p].keep_first(record, day);
      }
  });
  for (const Record& record : dated.empty)
    if (periods.contains(record.start) && !worth.knows(record, record.start)) unknown.back().keep_first(record, record.start);
  Unknown first;
  for (const Unknown& u : unknown)
    if (u.record != nullptr) first.keep_first(*u.record, u.day);
  if (first.record != nullptr) worth.refuse_unknown(*first.record, first.day);
}

}  // namespace statement_detail

/// @throws InvalidInput when a value has no rate, a total leaves 64 bits, or there are too many segments to give each a row a period.
inline Statement statement(const Ledger& ledger, const DatedRecords& dated, const Periods& periods, const Valuation& worth,
                           const std::optional<Currency>& reporting, const Run& run) {
  using namespace statement_detail;
  check_rates(dated, periods, worth, run);
  const Sweep sweep(ledger, dated, periods, worth);
  const std::size_t pairs = sweep.pairs(), cells = (periods.count() + 2) * pairs;
  constexpr std::size_t most_cells = 8'000'000, shared_cells = 1'000'000;
  if (cells > most_cells)
    refuse(Place{ledger.name(), ledger.definition().segment.value_or(""), {}},
           std::to_string(ledger.segments().size() - 1) + " segments over " + std::to_string(periods.count()) + " periods",
           "fewer than 8,000,000 rows in all");
  const std::size_t pieces = std::clamp<std::size_t>(ledger.rows() >> 16, 1, std::clamp<std::size_t>(shared_cells / cells, 1, 32));
  const auto parts = slices(dated.size(), pieces);
  std::vector<Sums> sums(parts.size(), Sums(0, 0));
  parallel_for(parts.size(), run, [&](std::size_t p) {
    sums[p] = Sums(periods.count(), pairs);
    sweep.customers(parts[p], sums[p]);
  });
  for (std::size_t p = 1; p < parts.size(); ++p) sums[0].merge(sums[p]);
  sweep.empty(sums[0]);

  Statement out{ledger.segments(), reporting ? std::vector{*reporting} : ledger.currencies(), {}};
  out.segments.codes.clear();
  const auto fit = [&](Int128 total) {
    if (total < INT64_MIN || total > INT64_MAX)
      refuse(Place{ledger.name(), ledger.definition().value.value_or(""), {}}, "a total beyond 64 bits of minor units", "one that fits them");
    return static_cast<std::int64_t>(total);
  };
  std::vector<Sums::Step> present(pairs);  // on the day before the period, then on its last day
  const auto step = [&](std::size_t k) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const Sums::Step& by = sums[0].steps[k * pairs + i];
      present[i].there += by.there;
      present[i].without_record += by.without_record;
      present[i].value += by.value;
    }
  };
  step(0);
  for (std::size_t p = 0; p < periods.count(); ++p) {
    const std::size_t first = out.rows.size();
    for (std::size_t i = 0; i < pairs; ++i) {
      if (sums[0].met[i] == 0) continue;
      StatementRow row{
          periods.edge(p), static_cast<std::uint32_t>(i / sweep.currencies()), static_cast<std::uint32_t>(i % sweep.currencies()), {}, {}, 0, 0, 0};
      const Sums::Cell& cell = sums[0].cells[p * pairs + i];
      const auto set = [&](Flow flow, std::int64_t count, Int128 value) {
        row.count[static_cast<std::size_t>(flow)] = count;
        row.value[static_cast<std::size_t>(flow)] = fit(value);
      };
      set(Flow::opening, present[i].there, present[i].value);
      set(Flow::fresh, cell.count[Sums::fresh], cell.value[Sums::fresh]);
      set(Flow::returned, cell.count[Sums::returned], cell.value[Sums::returned]);
      set(Flow::other_in, cell.count[Sums::other_in], cell.value[Sums::other_in]);
      set(Flow::joined, cell.count[Sums::fresh] + cell.count[Sums::returned], cell.value[Sums::fresh] + cell.value[Sums::returned]);
      set(Flow::left, cell.count[Sums::left], cell.value[Sums::left]);
      set(Flow::other_out, cell.count[Sums::other_out], cell.value[Sums::other_out]);
      row.expansion = fit(cell.expansion);
      row.contraction = fit(cell.contraction);
      row.fx = fit(cell.fx);
      out.rows.push_back(row);
    }
    step(p + 1);
    std::size_t at = first;
    for (std::size_t i = 0; i < pairs; ++i) {
      if (sums[0].met[i] == 0) continue;
      StatementRow& row = out.rows[at++];
      row.count[static_cast<std::size_t>(Flow::closing)] = present[i].there;
      row.value[static_cast<std::size_t>(Flow::closing)] = fit(present[i].value);
      row.count[static_cast<std::size_t>(Flow::in_grace)] = present[i].without_record;
    }
  }
  return out;
}

}  // namespace sojourn
