// The fate of both edges of every record (reconciliation.md §3): each edge has exactly one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/records.hpp"
#include "sojourn/assets/spells.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// `open`: a record that has no end has no edge there. `hidden`: not there yet on the as-of day, or not known yet.
/// `superseded`, `withdrawn`: a later version holds; this version takes the record back.
struct Fate {
  enum class Kind : std::uint8_t {
    unset,
    rule,
    already,
    grace,
    follows,
    replaced,
    pending,
    uncounted,
    counted,
    open,
    hidden,
    superseded,
    withdrawn
  } kind = Kind::unset;
  std::uint32_t rule = 0;  // number of the rule or grace; where: behind the definition's come "no start" and "empty"
  friend bool operator==(const Fate&, const Fate&) = default;
};

struct Fates {
  Fate start, end;
};

/// "rule: paid", "already", "grace: lay-up" …; @param opens whether it is the fate of a start.
inline std::string to_string(const Fate& fate, const Definition& definition, bool opens) {
  switch (fate.kind) {
    case Fate::Kind::rule: {
      const std::size_t n = definition.where.size();
      return "rule: " + (fate.rule < n ? definition.where[fate.rule].name : fate.rule == n ? "no start" : "empty");
    }
    case Fate::Kind::already: return "already";
    case Fate::Kind::grace: return "grace: " + definition.grace[fate.rule].name;
    case Fate::Kind::follows: return "grace: follows";
    case Fate::Kind::replaced: return "grace: replaced";
    case Fate::Kind::pending: return "pending: " + definition.grace[fate.rule].name;
    case Fate::Kind::uncounted: return "uncounted: " + (opens ? definition.joins : definition.leaves)[fate.rule].name;
    case Fate::Kind::counted: return "counted";
    case Fate::Kind::open: return "open";
    case Fate::Kind::hidden: return "hidden";
    case Fate::Kind::superseded: return "superseded";
    case Fate::Kind::withdrawn: return "withdrawn";
    case Fate::Kind::unset: break;
  }
  return "unset";
}

namespace fates_detail {

/// A covered end and a covered start on one day: one record replaces another.
inline void mark_replaced(std::span<const Record> records, std::vector<Fates>& fates) {
  std::vector<std::int32_t> ends, starts;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (fates[i].start.kind == Fate::Kind::already) starts.push_back(records[i].start);
    if (fates[i].end.kind == Fate::Kind::already) ends.push_back(records[i].end);
  }
  if (starts.empty() || ends.empty()) return;
  std::sort(ends.begin(), ends.end());  // starts ascend as the records do
  for (std::size_t i = 0; i < records.size(); ++i) {
    Fates& f = fates[i];
    if (f.start.kind == Fate::Kind::already && std::binary_search(ends.begin(), ends.end(), records[i].start)) f.start.kind = Fate::Kind::replaced;
    if (f.end.kind == Fate::Kind::already && std::binary_search(starts.begin(), starts.end(), records[i].end)) f.end.kind = Fate::Kind::replaced;
  }
}

inline Fate judged(const std::optional<std::size_t>& failed) {
  return failed ? Fate{Fate::Kind::uncounted, static_cast<std::uint32_t>(*failed)} : Fate{Fate::Kind::counted, 0};
}

}  // namespace fates_detail

/// Judges the edges of one customer after the other; one object a thread.
class Judge {
 public:
  Judge(const Ledger& ledger, const DatedRecords& dated) : ledger_(ledger), dated_(dated), gaps_(ledger, dated) {}

  /// Fates of a customer's records, in opening order; until the next question.
  std::span<const Fates> operator()(std::size_t customer) {
    using namespace fates_detail;
    using Kind = Fate::Kind;
    const auto records = dated_[customer];
    const auto fate_of = [&](const Record& record) -> Fates& { return fates_[static_cast<std::size_t>(&record - records.data())]; };
    fates_.clear();
    for (const Record& r : records) fates_.push_back({{Kind::already, 0}, {r.end == never ? Kind::open : Kind::already, 0}});
    for_each_spell(
        ledger_, records, gaps_,
        [&](const Spell& spell) {
          fate_of(spell.opener()).start = judged(ledger_.failed_joins(spell.opener().row, spell.number));
          if (spell.pending) fate_of(*spell.closer).end = {Kind::pending, spell.pending.grace};
          else if (spell.end != never) fate_of(*spell.closer).end = judged(ledger_.failed_leaves(spell.closer->row, spell.number));
        },
        [&](const Record& closer, const Record& next, const Join& join) {
          const Fate fate = join.by == Join::By::grace ? Fate{Kind::grace, join.grace} : Fate{Kind::follows, 0};
          fate_of(closer).end = fate;
          fate_of(next).start = fate;
        });
    if (records.size() > 1) mark_replaced(records, fates_);
    return fates_;
  }

  /// Of a row that is none of them: it is decided before any spell is looked at.
  [[nodiscard]] Fates settled(std::size_t row) const {
    using Kind = Fate::Kind;
    const auto where_rules = static_cast<std::uint32_t>(ledger_.definition().where.size());
    const auto both = [](Fate fate) { return Fates{fate, fate}; };
    switch (dated_.settled[row]) {
      case Settled::where: return both({Kind::rule, ledger_.failed_where(row)});
      case Settled::no_start: return both({Kind::rule, where_rules});
      case Settled::empty: return both({Kind::rule, where_rules + 1});
      case Settled::counted_empty: return both({Kind::counted, 0});
      case Settled::hidden:
      case Settled::unknown: return both({Kind::hidden, 0});
      case Settled::superseded: return both({Kind::superseded, 0});
      case Settled::withdrawn: return both({Kind::withdrawn, 0});
      case Settled::no: break;
    }
    return {};
  }

 private:
  const Ledger& ledger_;
  const DatedRecords& dated_;
  Gaps gaps_;
  std::vector<Fates> fates_;
};

/// By row of the table. O(records).
inline Buffer<Fates> fates(const Ledger& ledger, const DatedRecords& dated, const Run& run) {
  Buffer<Fates> out(ledger.rows());
  const auto parts = slices(dated.size(), ledger.rows() >> 15);
  parallel_for(parts.size(), run, [&](std::size_t p) {
    Judge judge(ledger, dated);
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) {
      const CustomerGroups& groups = *dated.customers;
      const auto records = dated[c];
      for (std::uint32_t i = groups.offsets[c]; i < groups.offsets[c + 1]; ++i)
        if (dated.settled[groups.rows[i]] != Settled::no) out[groups.rows[i]] = judge.settled(groups.rows[i]);
      const auto of_records = judge(c);
      for (std::size_t i = 0; i < records.size(); ++i) out[records[i].row] = of_records[i];
    }
  });
  return out;
}

}  // namespace sojourn
