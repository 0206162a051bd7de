// Recorded reasons for leaving as a tree (docs/bond.md): the record that closed the spell says them, coarsest first. What no reason is
// recorded for stands as "unknown" under every node, even with nobody in it, so that nobody takes the tree for all there is to know.
//
// Nodes add up to their parent, and the root is the statement's `left`. O(records + leavers · log leavers).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/assets/bond.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/spells.hpp"
#include "sojourn/assets/statement.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

inline constexpr const char* unknown_reason = "unknown";

/// A node: those who left for the reasons of its path, which holds a code per level (0: unknown); the root's is empty.
struct LeavingNode {
  std::size_t statement_row = 0;  // period, segment and currency
  std::vector<std::uint32_t> path = {};
  std::int64_t customers = 0, of = 0;  // of: all that left in that row
  Int128 value = 0;                    // minor units
};

namespace leaving_detail {

/// One spell's end, or its worth in a further currency. The cell ascends as the statement's rows do.
struct Leaver {
  std::size_t cell;
  std::uint32_t row;  // of the record that says why
  std::int64_t customers;
  std::int64_t value;
};

/// A column's codes; null, blank text and the word "unknown" are 0.
class ReasonCodes {
 public:
  explicit ReasonCodes(const Labels& labels) : labels_(labels), known_(labels.size(), 1) {
    known_[0] = 0;
    if (!std::holds_alternative<Strings>(labels.values.data)) return;
    for (std::uint32_t code = 1; code < labels.size(); ++code) {
      const std::string& word = labels.word(code);
      known_[code] = word.find_first_not_of(" \t\r\n") != std::string::npos && word != unknown_reason;
    }
  }
  [[nodiscard]] std::uint32_t operator[](std::size_t row) const {
    const std::uint32_t code = labels_[row];
    return known_[code] != 0 ? code : 0;
  }

 private:
  const Labels& labels_;
  std::vector<std::uint8_t> known_;
};

inline std::vector<Leaver> leavers(const Reconciliation& reconciliation, const Reconciled& part, const Run& run) {
  const Ledger& ledger = *part.ledger;
  const Periods& periods = reconciliation.periods;
  const Valuation worth(ledger, reconciliation.rates, reconciliation.reporting_currency);
  const std::size_t currencies = part.statement.currencies.size();
  const auto cell = [&](std::int32_t day, const Record& opener, const Record& record) {
    const std::size_t segment = ledger.segments()[opener.row];
    return (periods.of(day) * ledger.segments().size() + segment) * currencies + (worth.converts() ? 0 : record.currency);
  };
  const auto parts = slices(part.records.size(), ledger.rows() >> 15);
  std::vector<std::vector<Leaver>> found(parts.size() + 1);
  parallel_for(parts.size(), run, [&](std::size_t p) {
    Gaps gaps(ledger, part.records);
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c)
      for_each_spell(
          ledger, part.records[c], gaps,
          [&](const Spell& spell) {
            if (spell.end == never || !periods.contains(spell.end) || ledger.failed_leaves(spell.closer->row, spell.number)) return;
            found[p].push_back({cell(spell.end, spell.opener(), spell.opener()), spell.closer->row, 1, 0});
            for (const Record& record : spell.records)
              if (record.end == spell.end)
                if (const std::int64_t value = worth(record, record.end - 1); value != 0)
                  found[p].push_back({cell(spell.end, spell.opener(), record), spell.closer->row, 0, value});
          },
          [](const Record&, const Record&, const Join&) {});
  });
  for (const Record& record : part.records.empty)
    if (periods.contains(record.start)) found.back().push_back({cell(record.start, record, record), record.row, 1, worth(record, record.start)});
  std::vector<Leaver> out;
  for (const auto& one : found) out.insert(out.end(), one.begin(), one.end());
  return out;
}

/// Grows the tree of one row of the statement from its leavers, which are in order of their codes.
class Tree {
 public:
  Tree(const std::vector<ReasonCodes>& codes, std::vector<LeavingNode>& out) : codes_(codes), out_(out) {}

  void grow(std::size_t statement_row, std::span<const Leaver> leavers) {
    row_ = statement_row;
    path_.clear();
    Branch root{0, leavers, 0, 0};
    add_up(root);
    of_ = root.customers;
    emit(root);
  }

 private:
  struct Branch {
    std::uint32_t code;
    std::span<const Leaver> leavers;
    std::int64_t customers;
    Int128 value;
  };

  static void add_up(Branch& branch) {
    for (const Leaver& leaver : branch.leavers) branch.customers += leaver.customers, branch.value += leaver.value;
  }

  void emit(const Branch& branch) {
    out_.push_back({row_, path_, branch.customers, of_, branch.value});
    if (path_.size() == codes_.size()) return;
    const ReasonCodes& codes = codes_[path_.size()];
    std::vector<Branch> branches{{0, {}, 0, 0}};  // unknown
    const auto& all = branch.leavers;
    for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      const std::uint32_t code = codes[all[begin].row];
      while (end < all.size() && codes[all[end].row] == code) ++end;
      Branch& one = code == 0 ? branches.front() : branches.emplace_back();
      one = {code, all.subspan(begin, end - begin), 0, 0};
      add_up(one);
    }
    // Most customers first; unknown last.
    std::sort(branches.begin(), branches.end(), [](const Branch& a, const Branch& b) {
      return std::tuple{a.code == 0, -a.customers, -a.value, a.code} < std::tuple{b.code == 0, -b.customers, -b.value, b.code};
    });
    for (const Branch& one : branches) {
      path_.push_back(one.code);
      emit(one);
      path_.pop_back();
    }
  }

  const std::vector<ReasonCodes>& codes_;
  std::vector<LeavingNode>& out_;
  std::size_t row_ = 0;
  std::vector<std::uint32_t> path_;
  std::int64_t of_ = 0;
};

}  // namespace leaving_detail

/// Nodes in the order of the statement's rows, each tree from the root down.
/// @param by numbers of the ledger's reason columns, in the order of the tree's levels.
inline std::vector<LeavingNode> leaving(const Reconciliation& reconciliation, const Reconciled& part, const std::vector<std::size_t>& by,
                                        const Run& run) {
  using namespace leaving_detail;
  std::vector<ReasonCodes> codes;
  for (const std::size_t column : by) codes.emplace_back(part.ledger->reasons()[column].labels);
  std::vector<Leaver> all = leavers(reconciliation, part, run);
  std::sort(all.begin(), all.end(), [&](const Leaver& a, const Leaver& b) {
    if (a.cell != b.cell) return a.cell < b.cell;
    for (const ReasonCodes& column : codes)
      if (column[a.row] != column[b.row]) return column[a.row] < column[b.row];
    return a.row < b.row;
  });
  std::vector<LeavingNode> out;
  Tree tree(codes, out);
  const std::size_t currencies = part.statement.currencies.size(), segments = part.ledger->segments().size();
  std::size_t begin = 0;
  for (std::size_t r = 0; r < part.statement.rows.size(); ++r) {
    const StatementRow& row = part.statement.rows[r];
    const std::size_t cell = (reconciliation.periods.of(row.period) * segments + row.segment) * currencies + row.currency;
    std::size_t end = begin;
    while (end < all.size() && all[end].cell == cell) ++end;
    tree.grow(r, {all.data() + begin, end - begin});
    begin = end;
  }
  return out;
}

}  // namespace sojourn
