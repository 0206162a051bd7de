// The bond, the reasons for leaving and earned growth as tables (docs/bond.md).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/bond.hpp"
#include "sojourn/assets/earned_growth.hpp"
#include "sojourn/assets/labels.hpp"
#include "sojourn/assets/leaving.hpp"
#include "sojourn/assets/money_cells.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/statement_table.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn {

/// Some of a reconciliation's ledgers.
using ChosenLedgers = std::vector<const Reconciled*>;

namespace bond_tables_detail {

/// A table built a column at a time from rows that belong to a ledger, a period, a segment and a currency.
template <class Row>
class TableOfRows {
 public:
  struct Placed {
    const Reconciled* part;
    std::int32_t period;
    std::uint32_t segment, currency;
    Row row;
  };

  TableOfRows(const Reconciliation& reconciliation, MoneyStyle style) : reconciliation_(reconciliation), style_(style) {
    for (const Reconciled& part : reconciliation.ledgers)
      for (const StatementRow& row : part.statement.rows) scale_ = std::max(scale_, part.statement.currencies[row.currency].digits);
  }

  void add(Placed placed) { rows_.push_back(std::move(placed)); }
  [[nodiscard]] const std::vector<Placed>& rows() const { return rows_; }
  [[nodiscard]] Table finish() && { return std::move(table_); }

  void ledger() {
    text("ledger", [](const Placed& p) { return p.part->ledger->name(); });
  }
  void period() {
    day("period", [](const Placed& p) { return p.period; });
  }
  void segment() {
    statement_table_detail::SegmentCells cells(reconciliation_);
    for (const Placed& p : rows_) cells.add(p.part->statement.segments.values, p.segment);
    table_.columns.push_back(std::move(cells).finish("segment"));
  }
  void currency() {
    optional_text("currency", [](const Placed& p) -> std::optional<std::string> {
      const std::string& code = p.part->statement.currencies[p.currency].code;
      return code.empty() ? std::nullopt : std::optional{code};
    });
  }

  template <class Of>
  void day(const char* name, const Of& of) {
    Dates cells;
    for (const Placed& p : rows_) cells.values.push_back(of(p));
    table_.columns.push_back({name, std::move(cells)});
  }
  template <class Of>
  void text(const std::string& name, const Of& of) {
    StringsBuilder cells;
    for (const Placed& p : rows_) cells.add(of(p));
    table_.columns.push_back({name, std::move(cells).finish()});
  }
  template <class Of>
  void optional_text(const std::string& name, const Of& of) {
    StringsBuilder cells;
    std::vector<std::uint8_t> nulls;
    for (const Placed& p : rows_) {
      const std::optional<std::string> word = of(p);
      cells.add(word.value_or(""));
      nulls.push_back(!word);
    }
    table_.columns.push_back({name, std::move(cells).finish(), std::move(nulls)});
  }
  template <class Of>
  void count(const std::string& name, const Of& of) {
    Ints cells;
    for (const Placed& p : rows_) cells.values.push_back(of(p.row));
    table_.columns.push_back({name, std::move(cells)});
  }
  template <class Of>
  void money(const std::string& name, const Of& of) {
    MoneyCells cells(style_, scale_);
    for (const Placed& p : rows_) cells.add(bond_detail::fit(of(p.row), *p.part->ledger), p.part->statement.currencies[p.currency].digits);
    table_.columns.push_back({name, std::move(cells).finish()});
  }
  /// Null where there is nothing to divide by.
  template <class Above, class Below>
  void ratio(const std::string& name, const Above& above, const Below& below) {
    Reals cells;
    std::vector<std::uint8_t> nulls;
    for (const Placed& p : rows_) {
      const Int128 of = below(p.row);
      nulls.push_back(of <= 0);
      cells.values.push_back(of <= 0 ? 0.0 : static_cast<double>(above(p.row)) / static_cast<double>(of));
    }
    table_.columns.push_back({name, std::move(cells), std::move(nulls)});
  }
  void column(Column column) { table_.columns.push_back(std::move(column)); }

 private:
  const Reconciliation& reconciliation_;
  MoneyStyle style_;
  int scale_ = 0;
  std::vector<Placed> rows_;
  Table table_;
};

template <class Row, class SumsOf>
void bond_figures(TableOfRows<Row>& table, const SumsOf& of) {
  table.count("customers", [&](const Row& r) { return of(r).customers; });
  table.count("opening", [&](const Row& r) { return of(r).opening; });
  table.count("closing", [&](const Row& r) { return of(r).closing; });
  table.money("opening_value", [&](const Row& r) { return of(r).opening_value; });
  table.money("closing_value", [&](const Row& r) { return of(r).closing_value; });
  table.money("change", [&](const Row& r) { return of(r).closing_value - of(r).opening_value - of(r).fx; });
  table.money("fx", [&](const Row& r) { return of(r).fx; });
  table.count("opening_records", [&](const Row& r) { return of(r).opening_records; });
  table.count("closing_records", [&](const Row& r) { return of(r).closing_records; });
}

/// Customers' ids keep their type where the ledgers agree on it; else they are written out.
template <class Placed>
Column customer_column(const ChosenLedgers& ledgers, const std::vector<Placed>& rows) {
  const UnitIds& first = ledgers.front()->ledger->units();
  const bool are_integers = std::all_of(ledgers.begin(), ledgers.end(), [&](const Reconciled* part) {
    return !part->ledger->units().are_strings() && part->ledger->units().format() == first.format();
  });
  if (are_integers) {
    Ints cells{{}, first.format()};
    for (const Placed& p : rows) cells.values.push_back(p.part->ledger->units().integer(p.row.customer));
    return {"customer", std::move(cells)};
  }
  StringsBuilder cells;
  for (const Placed& p : rows) {
    const UnitIds& ids = p.part->ledger->units();
    cells.add(ids.are_strings() ? std::string(ids.word(p.row.customer)) : ids.text(p.row.customer));
  }
  return {"customer", std::move(cells).finish()};
}

}  // namespace bond_tables_detail

inline Table bond_table(const Reconciliation& reconciliation, const ChosenLedgers& ledgers, const BondOptions& options, MoneyStyle style,
                        const Run& run) {
  bond_tables_detail::TableOfRows<BondRow> table(reconciliation, style);
  for (const Reconciled* part : ledgers)
    for (const BondRow& row : bond(reconciliation, *part, options, run))
      table.add({part, reconciliation.periods.edge(row.period), row.segment, row.currency, row});
  table.ledger();
  table.period();
  table.segment();
  table.currency();
  table.text("state", [](const auto& p) { return bond_state_names[static_cast<std::size_t>(p.row.state)]; });
  bond_tables_detail::bond_figures(table, [](const BondRow& row) -> const BondSums& { return row.sums; });
  return std::move(table).finish();
}

inline Table bond_customers_table(const Reconciliation& reconciliation, const ChosenLedgers& ledgers, std::size_t period, const BondOptions& options,
                                  MoneyStyle style, const Run& run) {
  bond_tables_detail::TableOfRows<BondCustomer> table(reconciliation, style);
  for (const Reconciled* part : ledgers)
    for (const BondCustomer& row : bond_customers(reconciliation, *part, period, options, run))
      table.add({part, reconciliation.periods.edge(period), row.part.segment, row.part.currency, row});
  table.ledger();
  table.column(bond_tables_detail::customer_column(ledgers, table.rows()));
  table.period();
  table.segment();
  table.currency();
  table.text("state", [](const auto& p) { return bond_state_names[static_cast<std::size_t>(p.row.state)]; });
  bond_tables_detail::bond_figures(table, [](const BondCustomer& row) -> const BondSums& { return row.part.sums; });
  return std::move(table).finish();
}

/// @param by columns by ledger, as numbers of its reason columns.
inline Table leaving_table(const Reconciliation& reconciliation, const ChosenLedgers& ledgers, const std::vector<std::vector<std::size_t>>& by,
                           MoneyStyle style, const Run& run) {
  bond_tables_detail::TableOfRows<LeavingNode> table(reconciliation, style);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < ledgers.size(); ++i) {
    for (const std::size_t column : by[i]) {
      const std::string& name = ledgers[i]->ledger->reasons()[column].name;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    for (LeavingNode& node : leaving(reconciliation, *ledgers[i], by[i], run)) {
      const StatementRow& row = ledgers[i]->statement.rows[node.statement_row];
      table.add({ledgers[i], row.period, row.segment, row.currency, std::move(node)});
    }
  }
  const auto place_of = [&](const Reconciled* part) {
    return static_cast<std::size_t>(std::find(ledgers.begin(), ledgers.end(), part) - ledgers.begin());
  };
  const auto word = [&](const auto& p, std::size_t level) {
    const std::uint32_t code = p.row.path[level];
    const auto& columns = by[place_of(p.part)];
    return code == 0 ? std::string(unknown_reason) : label_text(p.part->ledger->reasons()[columns[level]].labels.values, code);
  };
  table.ledger();
  table.period();
  table.segment();
  table.currency();
  table.count("level", [](const LeavingNode& node) { return static_cast<std::int64_t>(node.path.size()); });
  table.text("path", [&](const auto& p) {
    std::string out = p.row.path.empty() ? "all" : word(p, 0);
    for (std::size_t level = 1; level < p.row.path.size(); ++level) out += " › " + word(p, level);
    return out;
  });
  for (const std::string& name : names)
    table.optional_text(name, [&](const auto& p) -> std::optional<std::string> {
      const auto& columns = by[place_of(p.part)];
      for (std::size_t level = 0; level < p.row.path.size() && level < columns.size(); ++level)
        if (p.part->ledger->reasons()[columns[level]].name == name) return word(p, level);
      return std::nullopt;
    });
  table.count("customers", [](const LeavingNode& node) { return node.customers; });
  table.money("value", [](const LeavingNode& node) { return node.value; });
  table.count("of", [](const LeavingNode& node) { return node.of; });
  table.ratio("share", [](const LeavingNode& node) { return node.customers; }, [](const LeavingNode& node) { return Int128{node.of}; });
  return std::move(table).finish();
}

inline Table earned_growth_table(const Reconciliation& reconciliation, const ChosenLedgers& ledgers, const std::vector<std::string>& earned,
                                 std::size_t over, MoneyStyle style, const Run& run) {
  using Row = EarnedGrowthRow;
  bond_tables_detail::TableOfRows<Row> table(reconciliation, style);
  for (const Reconciled* part : ledgers)
    for (const Row& row : earned_growth(reconciliation, *part, earned, over, run))
      table.add({part, reconciliation.periods.edge(row.period), 0, row.currency, row});
  table.ledger();
  table.period();
  table.day("since", [&](const auto& p) { return reconciliation.periods.edge(p.row.period + 1 - over); });
  table.currency();
  const std::pair<const char*, Growth Row::*> groups[] = {{"opening", &Row::opening},   {"retained", &Row::retained},   {"earned_new", &Row::earned},
                                                          {"bought_new", &Row::bought}, {"unknown_new", &Row::unknown}, {"returned", &Row::returned},
                                                          {"other_in", &Row::other_in}, {"closing", &Row::closing}};
  for (const auto& [name, member] : groups) table.count(name, [member = member](const Row& row) { return (row.*member).customers; });
  for (const auto& [name, member] : groups)
    table.money(std::string(name) + "_value", [member = member](const Row& row) { return (row.*member).value; });
  table.money("fx", [](const Row& row) { return row.fx; });
  const auto opening = [](const Row& row) { return row.opening.value; };
  table.ratio("nrr", [](const Row& row) { return row.retained.value; }, opening);
  table.ratio("earned_growth", [](const Row& row) { return row.retained.value + row.earned.value - row.opening.value; }, opening);
  table.ratio(
      "earned_growth_most", [](const Row& row) { return row.retained.value + row.earned.value + row.unknown.value - row.opening.value; }, opening);
  return std::move(table).finish();
}

}  // namespace sojourn
