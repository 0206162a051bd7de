// The bond between customers and the company: each customer's state over a period, by whether it is there at opening and at closing and what
// it buys or uses then (docs/bond.md).
//
//                          at closing: record in force        in grace   absent
//   at opening: in force      more, same, less (or mixed)     dormant    left, other out
//   at opening: in grace      returned                        dormant    left, other out
//   absent                    new, returned, other in         dormant    came and went (if it was there in between), else nothing
//
// As in the statement, `other in` and `other out` are those that the ledger's own rules do not count. The states follow product analytics and
// subscription billing (new, reactivated, growing, flat, shrinking, churned). Every customer of the base has exactly one, so that in every period,
// segment and currency the states add up to the statement's opening and closing, in customers and in minor units. Value moved by rates alone is `fx`
// and never "more".
//
// Cost: O(records + records in force on the days before periods); integers add exactly, so threads never show.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/gaps.hpp"
#include "sojourn/assets/presence.hpp"
#include "sojourn/assets/rates.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/spells.hpp"
#include "sojourn/assets/statement.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/money.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// In the order of the table's rows. `mixed`: more in one currency and less in another, without a rate to weigh them.
enum class BondState : std::uint8_t { fresh, returned, other_in, more, same, less, mixed, dormant, left, other_out, came_and_went };
inline constexpr std::array<const char*, 11> bond_state_names = {"new",   "returned", "other in", "more",      "same",         "less",
                                                                 "mixed", "dormant",  "left",     "other out", "came and went"};

/// What "more" is more of: the value in force, or the number of records in force.
enum class BondMeasure : std::uint8_t { value, records };

struct BondOptions {
  BondMeasure measure = BondMeasure::value;
  /// A change of at most this share of what was there at opening is "same".
  Decimal tolerance = {};
};

/// What customers of one state add to one row of the statement. A customer counts once in `customers`, where it is counted at closing (if it
/// is not there then: at opening); `opening` and `closing` say whether it was there, in the rows where the statement counts it.
struct BondSums {
  std::int64_t customers = 0, opening = 0, closing = 0, opening_records = 0, closing_records = 0;
  /// In minor units; fx: what the records of the opening are worth at closing's rates, less what they were worth at opening's.
  Int128 opening_value = 0, closing_value = 0, fx = 0;

  BondSums& operator+=(const BondSums& other) {
    customers += other.customers;
    opening += other.opening;
    closing += other.closing;
    opening_records += other.opening_records;
    closing_records += other.closing_records;
    opening_value += other.opening_value;
    closing_value += other.closing_value;
    fx += other.fx;
    return *this;
  }
};

/// One customer's part in one row.
struct BondPart {
  std::uint32_t segment, currency;
  BondSums sums;
};

/// One customer's base: who it is on the days before periods, and what becomes of it between two of them. One object a thread.
class CustomerBase {
 public:
  CustomerBase(const Reconciliation& reconciliation, const Reconciled& part, const Valuation& worth, const BondOptions& options)
      : ledger_(*part.ledger),
        dated_(part.records),
        periods_(reconciliation.periods),
        worth_(worth),
        options_(options),
        gaps_(ledger_, dated_),
        days_(periods_.count() + 1) {}

  /// The customer that the next questions are about; its values are revalued at the rates of `over` periods later.
  void enter(std::size_t customer, std::size_t over) {
    for (std::size_t k = first_; k < last_; ++k) {
      days_[k].opener = nullptr;
      days_[k].held.clear();
    }
    first_ = days_.size(), last_ = 0;
    records_ = dated_[customer];
    for_each_presence(
        ledger_, records_, periods_, gaps_,
        [&](const Record& opener, std::size_t from, std::size_t to, bool with_record) {
          first_ = std::min(first_, from), last_ = std::max(last_, to);
          for (std::size_t k = from; k < to; ++k) days_[k].opener = &opener, days_[k].with_record = with_record;
        },
        [&](const Record&, const Record& record, std::size_t from, std::size_t to) {
          for (std::size_t k = from; k < to; ++k) hold(record, k, over);
        });
    spells_.clear();
    for_each_spell(ledger_, records_, gaps_, [&](const Spell& spell) { spells_.push_back(spell); }, [](const Record&, const Record&, const Join&) {});
  }

  /// The days number [first, last) hold all on which the customer is there.
  [[nodiscard]] std::size_t first() const { return first_; }
  [[nodiscard]] std::size_t last() const { return last_; }
  [[nodiscard]] bool is_there(std::size_t day) const { return days_[day].opener != nullptr; }
  [[nodiscard]] const std::vector<Spell>& spells() const { return spells_; }

  /// How a customer came who is there on the day number `to` and not on `from`: new, returned or other_in.
  [[nodiscard]] BondState entry(std::size_t from, std::size_t to) const {
    const Spell& spell = spell_on(days_[to]);
    if (ledger_.failed_joins(spell.opener().row, spell.number)) return BondState::other_in;
    return spells_.front().start >= periods_.edge(from) ? BondState::fresh : BondState::returned;
  }

  /// Between the days number `from` and `to`, on at least one of which the customer is there.
  [[nodiscard]] BondState state(std::size_t from, std::size_t to) const {
    const Base &opening = days_[from], &closing = days_[to];
    if (closing.opener == nullptr) return exit(opening);
    if (!closing.with_record) return BondState::dormant;
    if (opening.opener == nullptr) return entry(from, to);
    return opening.with_record ? change(opening, closing) : BondState::returned;
  }

  /// Calls each(part) for every row that the customer adds to.
  template <class Each>
  void parts(std::size_t from, std::size_t to, const Each& each) {
    parts_.clear();
    const Base &opening = days_[from], &closing = days_[to];
    const bool stays = opening.opener != nullptr && closing.opener != nullptr;
    if (opening.opener != nullptr) {
      ++part(*opening.opener, opening.opener->currency).opening;
      for (const Held& held : opening.held) {
        BondSums& sums = part(*opening.opener, held.currency);
        sums.opening_records += held.records;
        sums.opening_value += held.value;
        if (stays) sums.fx += held.later - held.value;
      }
    }
    if (closing.opener != nullptr) {
      ++part(*closing.opener, closing.opener->currency).closing;
      for (const Held& held : closing.held) {
        BondSums& sums = part(*closing.opener, held.currency);
        sums.closing_records += held.records;
        sums.closing_value += held.value;
      }
    }
    const Record& home = closing.opener != nullptr ? *closing.opener : *opening.opener;
    ++part(home, home.currency).customers;
    for (const BondPart& p : parts_) each(p);
  }

  [[nodiscard]] std::uint32_t segment(const Record& opener) const { return ledger_.segments()[opener.row]; }
  [[nodiscard]] std::uint32_t currency(std::uint32_t own) const { return worth_.converts() ? 0 : own; }

 private:
  /// The records of one currency in force on a day.
  struct Held {
    std::uint32_t currency;
    std::int64_t records;
    Int128 minor, value, later;  // of its own currency; in the row's, at that day's rates and at those of the later day
  };
  struct Base {                      // on one day
    const Record* opener = nullptr;  // null: absent
    bool with_record = false;
    std::vector<Held> held = {};
  };

  [[nodiscard]] const Spell& spell_on(const Base& day) const {
    return *std::find_if(spells_.begin(), spells_.end(), [&](const Spell& spell) { return &spell.opener() == day.opener; });
  }
  [[nodiscard]] BondState exit(const Base& opening) const {
    const Spell& spell = spell_on(opening);
    return ledger_.failed_leaves(spell.closer->row, spell.number) ? BondState::other_out : BondState::left;
  }

  void hold(const Record& record, std::size_t k, std::size_t over) {
    auto& held = days_[k].held;
    auto found = std::find_if(held.begin(), held.end(), [&](const Held& h) { return h.currency == record.currency; });
    if (found == held.end()) found = held.insert(held.end(), Held{record.currency, 0, 0, 0, 0});
    ++found->records;
    found->minor += record.value;
    found->value += worth_(record, periods_.day(k));
    found->later += k + over < days_.size() ? worth_(record, periods_.day(k + over)) : 0;
  }

  [[nodiscard]] BondSums& part(const Record& opener, std::uint32_t own_currency) {
    const std::uint32_t s = segment(opener), c = currency(own_currency);
    for (BondPart& p : parts_)
      if (p.segment == s && p.currency == c) return p.sums;
    return parts_.emplace_back(BondPart{s, c, {}}).sums;
  }

  /// Of a customer that has records in force on both days.
  [[nodiscard]] BondState change(const Base& opening, const Base& closing) const {
    if (options_.measure == BondMeasure::records) {
      Int128 before = 0, after = 0;
      for (const Held& held : opening.held) before += held.records;
      for (const Held& held : closing.held) after += held.records;
      return state_of(direction(before, after));
    }
    bool moved = false, rose = false, fell = false;
    const auto compare = [&](Int128 before, Int128 after) {
      moved = moved || before != after;
      const int d = direction(before, after);
      rose = rose || d > 0, fell = fell || d < 0;
    };
    for (const Held& held : opening.held) compare(held.minor, minor_of(closing, held.currency));
    for (const Held& held : closing.held)
      if (!holds(opening, held.currency)) compare(0, held.minor);
    if (!worth_.converts()) return rose && fell ? BondState::mixed : state_of(static_cast<int>(rose) - static_cast<int>(fell));
    if (!moved) return BondState::same;  // whatever rounding makes of it
    Int128 before = 0, after = 0;
    for (const Held& held : opening.held) before += held.later;
    for (const Held& held : closing.held) after += held.value;
    return state_of(direction(before, after));
  }

  static bool holds(const Base& day, std::uint32_t currency) {
    return std::any_of(day.held.begin(), day.held.end(), [&](const Held& h) { return h.currency == currency; });
  }
  static Int128 minor_of(const Base& day, std::uint32_t currency) {
    for (const Held& held : day.held)
      if (held.currency == currency) return held.minor;
    return 0;
  }
  static BondState state_of(int direction) { return direction > 0 ? BondState::more : direction < 0 ? BondState::less : BondState::same; }

  /// −1, 0, 1; 0 within the tolerance.
  [[nodiscard]] int direction(Int128 before, Int128 after) const {
    const Int128 by = after - before, size = by < 0 ? -by : by, of = before < 0 ? -before : before;
    if (size * power_of_ten(options_.tolerance.scale) <= options_.tolerance.unscaled * of) return 0;
    return by > 0 ? 1 : -1;
  }

  const Ledger& ledger_;
  const DatedRecords& dated_;
  const Periods& periods_;
  const Valuation& worth_;
  BondOptions options_;
  Gaps gaps_;
  std::span<const Record> records_;
  std::vector<Base> days_;
  std::vector<Spell> spells_;
  std::size_t first_ = 0, last_ = 0;
  std::vector<BondPart> parts_;
};

namespace bond_detail {

/// Those who came and went between two days: spells and counted empty records wholly between them.
class Visits {
 public:
  Visits(const Reconciliation& reconciliation, const Reconciled& part)
      : ledger_(*part.ledger), dated_(part.records), periods_(reconciliation.periods) {}

  /// Calls each(period, record that opened the last visit) for every period in which the customer was there but at neither end.
  template <class Each>
  void of(std::size_t customer, const CustomerBase& base, const Each& each) {
    found_.clear();
    for (const Spell& spell : base.spells()) note(spell.opener(), base);
    if (!dated_.empty.empty()) {
      for (std::size_t i = dated_.customers->offsets[customer]; i < dated_.customers->offsets[customer + 1]; ++i) {
        const std::uint32_t row = dated_.customers->rows[i];
        if (dated_.settled[row] != Settled::counted_empty) continue;
        note(*std::lower_bound(dated_.empty.begin(), dated_.empty.end(), row, [](const Record& r, std::uint32_t at) { return r.row < at; }), base);
      }
    }
    if (found_.size() > 1)
      std::sort(found_.begin(), found_.end(), [&](const auto& a, const auto& b) {
        return a.first != b.first ? a.first < b.first : records_detail::opens_before(ledger_, *a.second, *b.second);
      });
    for (std::size_t i = 0; i < found_.size(); ++i)
      if (i + 1 == found_.size() || found_[i + 1].first != found_[i].first) each(found_[i].first, *found_[i].second);
  }

 private:
  /// Absent at both ends of the period that it opened in: then it also ended there.
  void note(const Record& opener, const CustomerBase& base) {
    if (!periods_.contains(opener.start)) return;
    const std::size_t p = periods_.of(opener.start);
    if (!base.is_there(p) && !base.is_there(p + 1)) found_.emplace_back(p, &opener);
  }

  const Ledger& ledger_;
  const DatedRecords& dated_;
  const Periods& periods_;
  std::vector<std::pair<std::size_t, const Record*>> found_;
};

/// Calls each(period, state, part) for all that a customer adds to the periods [first, last).
template <class Each>
void for_each_part(std::size_t customer, std::size_t first, std::size_t last, CustomerBase& base, Visits& visits, const Each& each) {
  base.enter(customer, 1);
  const std::size_t from = std::max(first, base.first() == 0 ? 0 : base.first() - 1), to = std::min(last, base.last());
  for (std::size_t p = from; p < to; ++p) {
    if (!base.is_there(p) && !base.is_there(p + 1)) continue;
    const BondState state = base.state(p, p + 1);
    base.parts(p, p + 1, [&](const BondPart& part) { each(p, state, part); });
  }
  visits.of(customer, base, [&](std::size_t p, const Record& opener) {
    if (p >= first && p < last) each(p, BondState::came_and_went, BondPart{base.segment(opener), base.currency(opener.currency), {.customers = 1}});
  });
}

/// Sums by a key that ascends as the rows do.
class KeyedSums {
 public:
  explicit KeyedSums(std::size_t keys) : at_(keys) {}
  BondSums& operator[](std::size_t key) {
    if (at_[key] == 0) {
      keys_.push_back(key);
      sums_.emplace_back();
      at_[key] = static_cast<std::uint32_t>(keys_.size());
    }
    return sums_[at_[key] - 1];
  }
  void merge(const KeyedSums& other) {
    for (std::size_t i = 0; i < other.keys_.size(); ++i) (*this)[other.keys_[i]] += other.sums_[i];
  }
  template <class Each>
  void for_each(const Each& each) const {
    for (std::size_t key = 0; key < at_.size(); ++key)
      if (at_[key] != 0) each(key, sums_[at_[key] - 1]);
  }

 private:
  std::vector<std::uint32_t> at_;
  std::vector<std::size_t> keys_;
  std::vector<BondSums> sums_;
};

/// @throws InvalidInput when a total leaves 64 bits.
inline std::int64_t fit(Int128 total, const Ledger& ledger) {
  if (total < INT64_MIN || total > INT64_MAX)
    refuse(Place{ledger.name(), ledger.definition().value.value_or(""), {}}, "a total beyond 64 bits of minor units", "one that fits them");
  return static_cast<std::int64_t>(total);
}

}  // namespace bond_detail

/// What all customers of one state add to one row of the statement; rows of zeros are left out.
struct BondRow {
  std::size_t period = 0;  // number
  std::uint32_t segment = 0, currency = 0;
  BondState state = BondState::same;
  BondSums sums;
};

/// In order of period, segment, currency and state.
inline std::vector<BondRow> bond(const Reconciliation& reconciliation, const Reconciled& part, const BondOptions& options, const Run& run) {
  using namespace bond_detail;
  const Valuation worth(*part.ledger, reconciliation.rates, reconciliation.reporting_currency);
  const std::size_t periods = reconciliation.periods.count(), currencies = part.statement.currencies.size(), states = bond_state_names.size();
  const std::size_t pairs = part.ledger->segments().size() * currencies, keys = periods * pairs * states;
  constexpr std::size_t shared_keys = 8'000'000;
  const std::size_t pieces = std::clamp<std::size_t>(part.ledger->rows() >> 16, 1, std::clamp<std::size_t>(shared_keys / keys, 1, 32));
  const auto slices_of = slices(part.records.size(), pieces);
  std::vector<KeyedSums> sums(slices_of.size(), KeyedSums(0));
  parallel_for(slices_of.size(), run, [&](std::size_t s) {
    sums[s] = KeyedSums(keys);
    CustomerBase base(reconciliation, part, worth, options);
    Visits visits(reconciliation, part);
    for (std::size_t c = slices_of[s].begin; c < slices_of[s].end; ++c)
      for_each_part(c, 0, periods, base, visits, [&](std::size_t p, BondState state, const BondPart& in) {
        sums[s][((p * part.ledger->segments().size() + in.segment) * currencies + in.currency) * states + static_cast<std::size_t>(state)] += in.sums;
      });
  });
  for (std::size_t s = 1; s < sums.size(); ++s) sums[0].merge(sums[s]);
  std::vector<BondRow> out;
  sums[0].for_each([&](std::size_t key, const BondSums& of) {
    const std::size_t pair = key / states % pairs;
    out.push_back({key / states / pairs, static_cast<std::uint32_t>(pair / currencies), static_cast<std::uint32_t>(pair % currencies),
                   static_cast<BondState>(key % states), of});
  });
  return out;
}

/// A customer's part in a row of one period.
struct BondCustomer {
  std::size_t customer;
  BondState state;
  BondPart part;
};

/// In order of the customers' ids, then segment and currency; the sums by state are those of `bond`.
inline std::vector<BondCustomer> bond_customers(const Reconciliation& reconciliation, const Reconciled& part, std::size_t period,
                                                const BondOptions& options, const Run& run) {
  using namespace bond_detail;
  const Valuation worth(*part.ledger, reconciliation.rates, reconciliation.reporting_currency);
  const auto slices_of = slices(part.records.size(), part.ledger->rows() >> 16);
  std::vector<std::vector<BondCustomer>> found(slices_of.size());
  parallel_for(slices_of.size(), run, [&](std::size_t s) {
    CustomerBase base(reconciliation, part, worth, options);
    Visits visits(reconciliation, part);
    for (std::size_t c = slices_of[s].begin; c < slices_of[s].end; ++c)
      for_each_part(c, period, period + 1, base, visits,
                    [&](std::size_t, BondState state, const BondPart& in) { found[s].push_back({c, state, in}); });
  });
  std::vector<BondCustomer> out;
  for (const auto& one : found) out.insert(out.end(), one.begin(), one.end());
  const UnitIds& ids = part.ledger->units();
  std::sort(out.begin(), out.end(), [&](const BondCustomer& a, const BondCustomer& b) {
    if (a.customer != b.customer) return ids.compare(a.customer, b.customer) < 0;
    return std::pair{a.part.segment, a.part.currency} < std::pair{b.part.segment, b.part.currency};
  });
  return out;
}

}  // namespace sojourn
