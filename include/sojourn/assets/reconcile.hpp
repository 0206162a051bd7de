// Customers in reconciled with customers out: every ledger run over the same periods, on the same clock.
//
// Cost: that of each ledger's records and statement, one ledger after the other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/periods.hpp"
#include "sojourn/assets/rates.hpp"
#include "sojourn/assets/records.hpp"
#include "sojourn/assets/statement.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn {

struct ReconcileOptions {
  /// The company's own count: the first ledger of the report, whether or not it is among the others.
  std::shared_ptr<const Ledger> standard = {};
  std::string periods = "1 month";
  Day start = {}, end = {};
  /// Instants are put into this zone before they are cut to days.
  ZoneRules timezone = {};
  /// What happened after this day is not looked at. None: nothing is hidden or pending.
  std::optional<Day> as_of = {};
  /// What became known after this day is not looked at. None: the day of `as_of`.
  std::optional<Day> recorded = {};
  Rates rates = {};
  std::optional<Currency> reporting_currency = {};
  Run run = {};
};

/// One ledger's part in a reconciliation.
struct Reconciled {
  std::shared_ptr<const Ledger> ledger;
  DatedRecords records;
  Statement statement;
};

/// Immutable. The standard's part comes first where there is one.
struct Reconciliation {
  Periods periods;
  Clock clock;
  std::optional<Currency> reporting_currency;
  Rates rates;
  bool has_standard = false;
  std::vector<Reconciled> ledgers;

  /// @throws InvalidInput with a "did you mean".
  [[nodiscard]] std::size_t index_of(const std::string& ledger) const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < ledgers.size(); ++i) {
      if (ledgers[i].ledger->name() == ledger) return i;
      names.push_back(ledgers[i].ledger->name());
    }
    throw InvalidInput("reconciliation: found no ledger '" + ledger + "'" + did_you_mean(ledger, names) + ", expected one of " + listed(names));
  }
  [[nodiscard]] const Reconciled& of(const std::string& ledger) const { return ledgers[index_of(ledger)]; }
};

namespace reconcile_detail {

inline std::vector<std::shared_ptr<const Ledger>> in_order(std::vector<std::shared_ptr<const Ledger>> ledgers,
                                                           const std::shared_ptr<const Ledger>& standard) {
  if (standard) {
    std::erase(ledgers, standard);
    ledgers.insert(ledgers.begin(), standard);
  }
  if (ledgers.empty()) refuse("reconcile", "no ledger", "at least one");
  for (std::size_t i = 0; i < ledgers.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (ledgers[i]->name() == ledgers[j]->name()) refuse("reconcile", "two ledgers named '" + ledgers[i]->name() + "'", "different names");
  return ledgers;
}

}  // namespace reconcile_detail

/// @throws InvalidInput for report limits off a period's boundary, ledgers of one name, a missing rate, or when no record of any ledger
/// reaches into the report.
inline Reconciliation reconcile(std::vector<std::shared_ptr<const Ledger>> ledgers, const ReconcileOptions& options) {
  ledgers = reconcile_detail::in_order(std::move(ledgers), options.standard);
  if (!options.rates.empty() && !options.reporting_currency) refuse("rates", "rates without a reporting currency", "reporting_currency, as 'USD'");
  Clock clock{options.timezone, {}, {}};
  if (options.as_of) clock.as_of = clock.recorded = day_number(*options.as_of);
  if (options.recorded) clock.recorded = day_number(*options.recorded);
  Reconciliation out{
      Periods(options.periods, options.start, options.end), clock, options.reporting_currency, options.rates, options.standard != nullptr, {}};
  bool reached = false;
  std::int32_t first = never, last = -never;
  for (const auto& ledger : ledgers) {
    DatedRecords records = date_records(*ledger, clock, options.run);
    const Valuation worth(*ledger, out.rates, options.reporting_currency);
    Statement of_ledger = statement(*ledger, records, out.periods, worth, options.reporting_currency, options.run);
    reached = reached || records.is_empty() || (records.first < out.periods.end() && records.last >= out.periods.start());
    first = std::min(first, records.first);
    last = std::max(last, records.last);
    out.ledgers.push_back({ledger, std::move(records), std::move(of_ledger)});
  }
  if (!reached)
    refuse("reconcile", "records from " + to_string(day_of(first)) + " to " + to_string(day_of(last)) + " only",
           "some between the report's start, " + to_string(options.start) + ", and its end, " + to_string(options.end));
  return out;
}

}  // namespace sojourn
