// Statements as a table, with the columns that users and scripts rely on (reconciliation.md §10).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/money_cells.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn {

namespace statement_table_detail {

/// Segments keep their type where all ledgers agree on it; else they are written out.
class SegmentCells {
 public:
  explicit SegmentCells(const Reconciliation& reconciliation) {
    std::size_t kinds[3] = {};
    for (const Reconciled& part : reconciliation.ledgers) {
      const Column& values = part.statement.segments.values;
      if (std::holds_alternative<Strings>(values.data)) kinds[0] += values.size() > 1;  // that is what no segments at all look like, too
      else ++kinds[std::holds_alternative<Ints>(values.data) ? 1 : 2];
    }
    as_ints_ = kinds[1] > 0 && kinds[0] + kinds[2] == 0;
    as_bools_ = kinds[2] > 0 && kinds[0] + kinds[1] == 0;
  }
  void add(const Column& values, std::uint32_t code) {
    nulls_.push_back(code == 0);
    if (as_ints_) ints_.values.push_back(code == 0 ? 0 : std::get<Ints>(values.data).values[code]);
    else if (as_bools_) bools_.values.push_back(code == 0 ? 0 : std::get<Bools>(values.data).values[code]);
    else words_.add(code == 0 ? std::string() : label_text(values, code));
  }
  [[nodiscard]] Column finish(std::string name) && {
    Column out{std::move(name), Ints{}, std::move(nulls_)};
    if (as_ints_) out.data = std::move(ints_);
    else if (as_bools_) out.data = std::move(bools_);
    else out.data = std::move(words_).finish();
    return out;
  }

 private:
  bool as_ints_ = false, as_bools_ = false;
  std::vector<std::uint8_t> nulls_;
  Ints ints_;
  Bools bools_;
  StringsBuilder words_;
};

}  // namespace statement_table_detail

inline Table statement_table(const Reconciliation& reconciliation, MoneyStyle style) {
  using namespace statement_table_detail;
  int scale = 0;
  for (const Reconciled& part : reconciliation.ledgers)
    for (const StatementRow& row : part.statement.rows) scale = std::max(scale, part.statement.currencies[row.currency].digits);
  StringsBuilder ledger, currency;
  std::vector<std::uint8_t> no_currency;
  Dates period;
  SegmentCells segment(reconciliation);
  std::vector<Ints> counts(flow_names.size());
  std::vector<MoneyCells> values(flow_names.size() + 3, MoneyCells(style, scale));
  for (const Reconciled& part : reconciliation.ledgers) {
    for (const StatementRow& row : part.statement.rows) {
      const Currency& of = part.statement.currencies[row.currency];
      ledger.add(part.ledger->name());
      period.values.push_back(row.period);
      segment.add(part.statement.segments.values, row.segment);
      currency.add(of.code);
      no_currency.push_back(of.code.empty());
      for (std::size_t f = 0; f < flow_names.size(); ++f) {
        counts[f].values.push_back(row.count[f]);
        values[f].add(row.value[f], of.digits);
      }
      values[flow_names.size()].add(row.expansion, of.digits);
      values[flow_names.size() + 1].add(row.contraction, of.digits);
      values[flow_names.size() + 2].add(row.fx, of.digits);
    }
  }
  Table out;
  out.columns.push_back({"ledger", std::move(ledger).finish()});
  out.columns.push_back({"period", std::move(period)});
  out.columns.push_back(std::move(segment).finish("segment"));
  out.columns.push_back({"currency", std::move(currency).finish(), std::move(no_currency)});
  for (std::size_t f = 0; f < flow_names.size(); ++f) out.columns.push_back({flow_names[f], std::move(counts[f])});
  for (std::size_t f = 0; f < flow_names.size(); ++f) out.columns.push_back({std::string(flow_names[f]) + "_value", std::move(values[f]).finish()});
  const char* rest[] = {"expansion", "contraction", "fx"};
  for (std::size_t f = 0; f < 3; ++f) out.columns.push_back({rest[f], std::move(values[flow_names.size() + f]).finish()});
  return out;
}

}  // namespace sojourn
