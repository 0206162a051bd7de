// The events of a ledger: the edges of records that it counts as a customer's coming in or going out, and what each is worth.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/assets/difference.hpp"
#include "sojourn/assets/gaps.hpp"
#include "sojourn/assets/rates.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/spells.hpp"

namespace sojourn {

struct CountedEvent {
  std::int32_t day = 0;  // in: the first day present; out: the first day absent
  std::uint32_t unit = 0, row = 0;
  std::span<const Record> records = {};  // of the spell; one that counts although it is empty stands alone
  bool of_empty = false;
};

/// The events of one unit after the other; one object a thread.
class EventsOfUnits {
 public:
  explicit EventsOfUnits(const Reconciled& part) : part_(part), gaps_(*part.ledger, part.records) {}

  /// Calls event(direction, CountedEvent) for every counted edge and spell(start, end) for every spell.
  template <class OnEvent, class OnSpell>
  void operator()(std::uint32_t unit, const OnEvent& event, const OnSpell& on_spell) {
    const Ledger& ledger = *part_.ledger;
    for_each_spell(
        ledger, part_.records[unit], gaps_,
        [&](const Spell& spell) {
          on_spell(spell.start, spell.end);
          const std::uint32_t opener = spell.opener().row, closer = spell.closer->row;
          if (!ledger.failed_joins(opener, spell.number)) event(Direction::in, CountedEvent{spell.start, unit, opener, spell.records, false});
          if (spell.end != never && !ledger.failed_leaves(closer, spell.number))
            event(Direction::out, CountedEvent{spell.end, unit, closer, spell.records, false});
        },
        [](const Record&, const Record&, const Join&) {});
    if (!part_.records.empty.empty()) empty_records(unit, event);
  }

 private:
  template <class OnEvent>
  void empty_records(std::uint32_t unit, const OnEvent& event) const {
    const CustomerGroups& units = *part_.records.customers;
    const auto& empty = part_.records.empty;  // ascending rows
    for (std::uint32_t i = units.offsets[unit]; i < units.offsets[unit + 1]; ++i) {
      const std::uint32_t row = units.rows[i];
      if (part_.records.settled[row] != Settled::counted_empty) continue;
      const auto at = std::lower_bound(empty.begin(), empty.end(), row, [](const Record& r, std::uint32_t x) { return r.row < x; });
      for (const Direction direction : {Direction::in, Direction::out}) event(direction, CountedEvent{at->start, unit, row, {&*at, 1}, true});
    }
  }

  const Reconciled& part_;
  Gaps gaps_;
};

/// Writes events of two ledgers as differences, in codes that both share.
class DifferenceWriter {
 public:
  DifferenceWriter(const Reconciliation& reconciliation, const Reconciled& ledger, const Reconciled& standard)
      : periods_(reconciliation.periods), segments_(merge_labels(ledger.statement.segments.values, standard.statement.segments.values)) {
    for (const Reconciled* part : {&ledger, &standard}) worth_.emplace_back(*part->ledger, reconciliation.rates, reconciliation.reporting_currency);
    if (reconciliation.reporting_currency) currencies_ = {*reconciliation.reporting_currency};
    else merge_currencies(*ledger.ledger, *standard.ledger);
    parts_ = {&ledger, &standard};
  }

  [[nodiscard]] const Column& segments() const { return segments_.values; }
  [[nodiscard]] const std::vector<Currency>& currencies() const { return currencies_; }
  [[nodiscard]] bool in_report(std::int32_t day) const { return periods_.contains(day); }
  [[nodiscard]] bool in_one_period(std::int32_t a, std::int32_t b) const { return in_report(a) && in_report(b) && periods_.of(a) == periods_.of(b); }

  /// @param said all of the difference but row, unit, day, segment, currency and value.
  void write(const CountedEvent& event, Difference said, std::vector<Difference>& out) {
    const std::size_t side = said.of_standard ? 1 : 0;
    const Ledger& ledger = *parts_[side]->ledger;
    const Record& opener = event.records.front();
    said.row = event.row;
    said.unit = event.unit;
    said.day = event.day;
    said.segment = (side == 0 ? segments_.of_ledger : segments_.of_standard)[ledger.segments()[opener.row]];
    said.currency = currency(side, opener);
    values_.clear();
    values_.emplace_back(said.currency, 0);
    for (const Record& record : event.records) {
      if (!event.of_empty && (said.direction == Direction::in ? record.start : record.end) != event.day) continue;
      add(currency(side, record), worth_[side](record, said.direction == Direction::in || event.of_empty ? event.day : event.day - 1));
    }
    if (values_.size() > 2) std::sort(values_.begin() + 1, values_.end());
    for (const auto& [currency, value] : values_) {
      if (&value != &values_.front().second) {
        if (value == 0) continue;
        said.counts = false;
      }
      said.currency = currency;
      said.value = fit(value, ledger);
      out.push_back(said);
    }
  }

 private:
  [[nodiscard]] std::uint32_t currency(std::size_t side, const Record& record) const {
    return currency_codes_.empty() ? 0 : currency_codes_[side][record.currency];
  }
  void add(std::uint32_t currency, std::int64_t value) {
    for (auto& [of, sum] : values_)
      if (of == currency) {
        sum += value;
        return;
      }
    values_.emplace_back(currency, value);
  }
  static std::int64_t fit(Int128 value, const Ledger& ledger) {
    if (value < INT64_MIN || value > INT64_MAX)
      refuse(Place{ledger.name(), ledger.definition().value.value_or(""), {}}, "a total beyond 64 bits of minor units", "one that fits them");
    return static_cast<std::int64_t>(value);
  }
  void merge_currencies(const Ledger& ledger, const Ledger& standard) {
    for (const Ledger* of : {&ledger, &standard})
      for (const Currency& currency : of->currencies())
        if (std::none_of(currencies_.begin(), currencies_.end(), [&](const Currency& c) { return c.code == currency.code; }))
          currencies_.push_back(currency);
    std::sort(currencies_.begin(), currencies_.end(), [](const Currency& a, const Currency& b) { return a.code < b.code; });
    for (const Ledger* of : {&ledger, &standard}) {
      auto& codes = currency_codes_.emplace_back();
      for (const Currency& currency : of->currencies())
        codes.push_back(static_cast<std::uint32_t>(
            std::find_if(currencies_.begin(), currencies_.end(), [&](const Currency& c) { return c.code == currency.code; }) - currencies_.begin()));
    }
  }

  const Periods& periods_;
  MergedLabels segments_;
  std::vector<Currency> currencies_;
  std::vector<std::vector<std::uint32_t>> currency_codes_;  // by side; empty: all is in the reporting currency
  std::vector<Valuation> worth_;
  std::array<const Reconciled*, 2> parts_ = {};
  std::vector<std::pair<std::uint32_t, Int128>> values_;  // of the event at hand
};

}  // namespace sojourn
