// What a reconciliation proves of itself (identities), and what of its records looks wrong (guards, which never change a count).
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/bond.hpp"
#include "sojourn/assets/fates.hpp"
#include "sojourn/assets/guards.hpp"
#include "sojourn/assets/leaving.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/statement.hpp"

namespace sojourn {

namespace check_detail {

inline std::string place(const Reconciled& part, const StatementRow& row) {
  const Column& segments = part.statement.segments.values;
  std::string out = "period " + to_string(day_of(row.period));
  if (row.segment != 0 && std::holds_alternative<Strings>(segments.data)) out += ", segment '" + part.statement.segments.word(row.segment) + "'";
  const std::string& currency = part.statement.currencies[row.currency].code;
  return currency.empty() ? out : out + ", " + currency;
}

inline void note(Check& check, bool holds, const std::string& detail) {
  ++check.tested;
  if (holds) return;
  if (check.failures++ == 0) check.detail = detail;
}

/// opening + in − out (+ changes of value) = closing in every row.
inline void check_rows(const Reconciled& part, std::vector<Check>& out) {
  Check count{part.ledger->name() + ": customers add up", Check::Kind::identity},
      value{part.ledger->name() + ": value adds up", Check::Kind::identity};
  for (const StatementRow& row : part.statement.rows) {
    const auto flows = [&](const auto& of) {
      return Int128{of(Flow::opening)} + of(Flow::fresh) + of(Flow::returned) + of(Flow::other_in) - of(Flow::left) - of(Flow::other_out);
    };
    const Int128 customers = flows([&](Flow f) { return row.customers(f); });
    const Int128 worth = flows([&](Flow f) { return row.worth(f); }) + row.expansion - row.contraction + row.fx;
    const auto said = [&](Int128 by_flows, std::int64_t by_presence) {
      return place(part, row) + ": the flows give " + std::to_string(static_cast<std::int64_t>(by_flows)) + " at closing, presence " +
             std::to_string(by_presence);
    };
    note(count, customers == row.customers(Flow::closing), said(customers, row.customers(Flow::closing)));
    note(value, worth == row.worth(Flow::closing), said(worth, row.worth(Flow::closing)) + " (minor units)");
  }
  out.push_back(std::move(count));
  out.push_back(std::move(value));
}

/// Both edges of every record have a fate; those counted or uncounted are as many as spells and counted empty records have edges.
inline void check_fates(const Reconciled& part, const Run& run, std::vector<Check>& out) {
  Check each{part.ledger->name() + ": every edge has one fate", Check::Kind::identity};
  Check edges{part.ledger->name() + ": counted edges are the spells' edges", Check::Kind::identity};
  const Buffer<Fates> all = fates(*part.ledger, part.records, run);
  std::int64_t judged = 0, expected = 2 * static_cast<std::int64_t>(part.records.empty.size());
  for (std::size_t row = 0; row < all.size(); ++row) {
    for (const Fate& fate : {all[row].start, all[row].end}) {
      ++each.tested;
      if (fate.kind == Fate::Kind::unset && each.failures++ == 0) each.detail = "row " + std::to_string(row) + " has an edge without a fate";
      judged += fate.kind == Fate::Kind::counted || fate.kind == Fate::Kind::uncounted;
    }
  }
  Gaps gaps(*part.ledger, part.records);
  for (std::size_t c = 0; c < part.records.size(); ++c)
    for_each_spell(
        *part.ledger, part.records[c], gaps, [&](const Spell& spell) { expected += 1 + (spell.end != never); },
        [](const Record&, const Record&, const Join&) {});
  edges.tested = expected;
  if (judged != expected) {
    edges.failures = judged > expected ? judged - expected : expected - judged;
    edges.detail = std::to_string(judged) + " edges are counted or uncounted, spells and counted empty records have " + std::to_string(expected);
  }
  out.push_back(std::move(each));
  out.push_back(std::move(edges));
}

/// The states of the bond add up to opening and closing, and its dormant customers are those in grace.
inline void check_bond(const Reconciliation& reconciliation, const Reconciled& part, const Run& run, std::vector<Check>& out) {
  Check check{part.ledger->name() + ": the bond adds up", Check::Kind::identity};
  const std::vector<BondRow> bonds = bond(reconciliation, part, {BondMeasure::records, {}}, run);
  auto next = bonds.begin();
  for (const StatementRow& row : part.statement.rows) {
    BondSums sums;
    std::int64_t dormant = 0;
    for (; next != bonds.end() && reconciliation.periods.edge(next->period) == row.period && next->segment == row.segment &&
           next->currency == row.currency;
         ++next) {
      sums += next->sums;
      if (next->state == BondState::dormant) dormant += next->sums.closing;
    }
    note(check,
         sums.opening == row.customers(Flow::opening) && sums.closing == row.customers(Flow::closing) && dormant == row.customers(Flow::in_grace),
         place(part, row) + ": the states hold " + std::to_string(sums.opening) + " customers at opening and " + std::to_string(sums.closing) +
             " at closing, " + std::to_string(dormant) + " of them dormant");
    note(check, sums.opening_value == row.worth(Flow::opening) && sums.closing_value == row.worth(Flow::closing),
         place(part, row) + ": the states are not worth what the statement is");
  }
  if (next != bonds.end()) note(check, false, "a row of the bond is not in the statement");
  out.push_back(std::move(check));
}

/// Every node of the reasons for leaving is its children's sum, and the root is all who left.
inline void check_leaving(const Reconciliation& reconciliation, const Reconciled& part, const Run& run, std::vector<Check>& out) {
  if (part.ledger->reasons().empty()) return;
  Check check{part.ledger->name() + ": reasons for leaving add up", Check::Kind::identity};
  std::vector<std::size_t> by(part.ledger->reasons().size());
  std::iota(by.begin(), by.end(), std::size_t{0});
  const std::vector<LeavingNode> nodes = leaving(reconciliation, part, by, run);
  std::size_t n = 0;
  for (const StatementRow& row : part.statement.rows) {
    // By level: what the nodes of this row come to, which is the same at every level.
    std::vector<std::pair<std::int64_t, Int128>> sums(by.size() + 1);
    for (; n < nodes.size() && &part.statement.rows[nodes[n].statement_row] == &row; ++n) {
      sums[nodes[n].path.size()].first += nodes[n].customers;
      sums[nodes[n].path.size()].second += nodes[n].value;
    }
    for (const auto& [customers, value] : sums)
      note(check, customers == row.customers(Flow::left) && value == row.worth(Flow::left),
           place(part, row) + ": a level of the tree has " + std::to_string(customers) + " customers, the statement " +
               std::to_string(row.customers(Flow::left)) + " that left");
  }
  out.push_back(std::move(check));
}

}  // namespace check_detail

/// Identities, then guards, ledger by ledger. Never throws for what it finds.
inline std::vector<Check> check(const Reconciliation& reconciliation, const Run& run) {
  std::vector<Check> out;
  for (const Reconciled& part : reconciliation.ledgers) {
    check_detail::check_rows(part, out);
    check_detail::check_fates(part, run, out);
    check_detail::check_bond(reconciliation, part, run, out);
    check_detail::check_leaving(reconciliation, part, run, out);
  }
  for (const Reconciled& part : reconciliation.ledgers) guard(part, reconciliation, out);
  return out;
}

}  // namespace sojourn
