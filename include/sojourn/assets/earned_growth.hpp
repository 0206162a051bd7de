// Earned growth: what those who were there are worth now, and what came by referral, over what was there (docs/bond.md).
//
//   nrr = retained / opening,   earned growth = nrr + earned new / opening − 1
//   closing = retained + fx + earned new + bought new + unknown new + returned + other in
//
// F. Reichheld, D. Darnell, M. Burns, "Net Promoter 3.0", Harvard Business Review, November–December 2021; there over a year. `retained` is the
// opening customers' value at closing (opening + expansion − contraction − left, of them alone), without what rates did to it. Those who came
// back, and those whose coming the ledger's own rules do not count, are neither retained nor new. O(records + records in force on the days before
// periods).
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sojourn/assets/bond.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// Customers, and their value in minor units.
struct Growth {
  std::int64_t customers = 0;
  Int128 value = 0;
};

/// From the opening of period `period` + 1 − over to the closing of `period`, in one currency.
struct EarnedGrowthRow {
  std::size_t period = 0;
  std::uint32_t currency = 0;
  Growth opening, retained, earned, bought, unknown, returned, other_in, closing;
  Int128 fx = 0;
};

/// In order of period and currency; a row for every currency of the statement that has a row there.
/// @param earned values of `acquired`, as text, that count as earned. @param over how many periods a row spans; none ends before the first `over`.
inline std::vector<EarnedGrowthRow> earned_growth(const Reconciliation& reconciliation, const Reconciled& part,
                                                  const std::vector<std::string>& earned, std::size_t over, const Run& run) {
  const Ledger& ledger = *part.ledger;
  const Valuation worth(ledger, reconciliation.rates, reconciliation.reporting_currency);
  const std::size_t periods = reconciliation.periods.count(), currencies = part.statement.currencies.size();
  const Labels& acquired = ledger.acquired();
  std::vector<std::uint8_t> is_earned(acquired.size());
  for (std::uint32_t code = 1; code < acquired.size(); ++code)
    is_earned[code] = std::find(earned.begin(), earned.end(), label_text(acquired.values, code)) != earned.end();

  const auto parts = slices(part.records.size(), ledger.rows() >> 16);
  std::vector<std::vector<EarnedGrowthRow>> sums(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t s) {
    sums[s].resize(periods * currencies);
    CustomerBase base(reconciliation, part, worth, {});
    for (std::size_t c = parts[s].begin; c < parts[s].end; ++c) {
      base.enter(c, over);
      for (std::size_t to = over; to <= periods && to < base.last() + over; ++to) {
        const std::size_t from = to - over;
        if (!base.is_there(from) && !base.is_there(to)) continue;
        const auto group = [&](EarnedGrowthRow& row) -> Growth& {
          if (base.is_there(from)) return row.retained;
          const BondState entry = base.entry(from, to);
          if (entry != BondState::fresh) return entry == BondState::returned ? row.returned : row.other_in;
          const std::uint32_t how = acquired[base.spells().front().opener().row];
          return how == 0 ? row.unknown : is_earned[how] != 0 ? row.earned : row.bought;
        };
        base.parts(from, to, [&](const BondPart& in) {
          EarnedGrowthRow& row = sums[s][(to - 1) * currencies + in.currency];
          row.opening.customers += in.sums.opening;
          row.opening.value += in.sums.opening_value;
          row.closing.customers += in.sums.closing;
          row.closing.value += in.sums.closing_value;
          row.fx += in.sums.fx;
          Growth& grown = group(row);
          grown.customers += in.sums.closing;
          grown.value += in.sums.closing_value - in.sums.fx;
        });
      }
    }
  });
  std::vector<EarnedGrowthRow> out;
  std::vector<std::uint8_t> met(currencies);
  for (const StatementRow& row : part.statement.rows) met[row.currency] = 1;
  for (std::size_t p = over - 1; p < periods; ++p)
    for (std::uint32_t currency = 0; currency < currencies; ++currency) {
      if (met[currency] == 0) continue;
      EarnedGrowthRow& total = out.emplace_back();
      total.period = p;
      total.currency = currency;
      for (const auto& one : sums) {
        const EarnedGrowthRow& row = one[p * currencies + currency];
        for (const auto member : {&EarnedGrowthRow::opening, &EarnedGrowthRow::retained, &EarnedGrowthRow::earned, &EarnedGrowthRow::bought,
                                  &EarnedGrowthRow::unknown, &EarnedGrowthRow::returned, &EarnedGrowthRow::other_in, &EarnedGrowthRow::closing}) {
          (total.*member).customers += (row.*member).customers;
          (total.*member).value += (row.*member).value;
        }
        total.fx += row.fx;
      }
    }
  return out;
}

}  // namespace sojourn
