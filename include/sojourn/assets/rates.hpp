// Rates of exchange into one reporting currency, and what a record is worth on a day.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/assets/labels.hpp"
#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/records.hpp"
#include "sojourn/core/money.hpp"

namespace sojourn {

/// The latest rate with date ≤ day holds on a day. A float is the shortest decimal that reads back as it (1.1 is 11/10).
class Rates {
 public:
  struct Step {
    std::int32_t from;
    Decimal rate;
  };

  Rates() = default;
  /// A table with columns date, currency, rate: units of the reporting currency for one of `currency`.
  /// @throws InvalidInput for nulls, two rates of one currency and date, rates that are not positive.
  explicit Rates(const arrow::Imported& table, const ZoneRules& zone = {}) {
    const DayColumn dates(arrow::read_column(table.field("date")), table.name());
    const Column currency = arrow::read_column(table.field("currency"));
    const Column rate = arrow::read_column(table.field("rate"));
    const auto rows = static_cast<std::size_t>(table.rows());
    if (rows > 0 && !std::holds_alternative<Strings>(currency.data))
      refuse(Place{table.name(), "currency", {}}, currency.kind(), "strings (currency codes)");
    for (std::size_t row = 0; row < rows; ++row) {
      const auto at = [&](const char* column) { return Place{table.name(), column, static_cast<std::int64_t>(row)}; };
      if (dates.is_null(row)) refuse(at("date"), "null", "a date");
      if (currency.is_null(row)) refuse(at("currency"), "null", "a currency code");
      const auto& words = std::get<Strings>(currency.data);
      const Currency of = Currency::of((*words.words)[words.codes[row]], at("currency").text());
      add(of.code, {dates.day(row, zone), read_rate(rate, row, at("rate"))}, at("date"));
    }
  }

  [[nodiscard]] bool empty() const { return steps_.empty(); }
  /// Steps of a currency in order of time; null: none.
  [[nodiscard]] const std::vector<Step>* of(const std::string& currency) const {
    const auto found = steps_.find(currency);
    return found == steps_.end() ? nullptr : &found->second;
  }

 private:
  void add(const std::string& currency, Step step, const Place& place) {
    auto& steps = steps_[currency];
    const auto at = std::lower_bound(steps.begin(), steps.end(), step.from, [](const Step& s, std::int32_t day) { return s.from < day; });
    if (at != steps.end() && at->from == step.from) refuse(place, "a second rate for " + currency + " on " + to_string(day_of(step.from)), "one");
    steps.insert(at, step);
  }

  static Decimal read_rate(const Column& column, std::size_t row, const Place& place) {
    if (column.is_null(row)) refuse(place, "null", "a rate");
    std::optional<Decimal> rate;
    if (const auto* reals = std::get_if<Reals>(&column.data)) rate = Decimal::shortest(reals->values[row]);
    else if (const auto* ints = std::get_if<Ints>(&column.data)) rate = Decimal{ints->values[row], 0};
    else if (const auto* decimals = std::get_if<Decimals>(&column.data)) rate = Decimal{decimals->unscaled[row], decimals->scale};
    else refuse(Place{place.table, place.column, {}}, column.kind(), "numbers or decimals");
    constexpr int most_places = 18;
    if (!rate || rate->unscaled <= 0 || rate->scale > most_places)
      refuse(place, "a rate that is not positive, not finite, or beyond 18 decimals", "a positive number");
    return *rate;
  }

  std::map<std::string, std::vector<Step>> steps_;
};

/// What records are worth: as they are, each in its currency; or in the reporting currency, each record rounded half to even.
class Valuation {
 public:
  /// @throws InvalidInput with the first record whose value needs a rate, on a day of the report or the one before it, that there is none for.
  Valuation(const Ledger& ledger, const Rates& rates, const std::optional<Currency>& reporting) : ledger_(ledger), reporting_(reporting) {
    if (!reporting) return;
    for (const Currency& currency : ledger.currencies()) {
      Converter& to = converters_.emplace_back();
      to.same = currency.code == reporting->code;
      to.steps = rates.of(currency.code);
      to.shift = reporting->digits - currency.digits;
    }
  }

  [[nodiscard]] bool converts() const { return reporting_.has_value(); }

  /// Worth of a record on a day, in minor units.
  [[nodiscard]] std::int64_t operator()(const Record& record, std::int32_t day) const {
    if (!reporting_ || record.value == 0) return record.value;
    const Converter& to = converters_[record.currency];
    return to.same ? record.value : convert(record, *to.rate_on(day), to.shift);
  }

  /// Whether a record can be valued on a day.
  [[nodiscard]] bool knows(const Record& record, std::int32_t day) const {
    return !reporting_ || record.value == 0 || converters_[record.currency].same || converters_[record.currency].rate_on(day) != nullptr;
  }

  [[noreturn]] void refuse_unknown(const Record& record, std::int32_t day) const {
    const Currency& currency = ledger_.currencies()[record.currency];
    const std::string column = ledger_.definition().currency.value_or("");
    if (currency.code.empty())
      refuse(Place{ledger_.name(), column, record.row}, "a value without a currency", "one, since the report is in " + reporting_->code);
    refuse(Place{ledger_.name(), column, record.row}, currency.code + " on " + to_string(day_of(day)) + " without a rate",
           "a rate into " + reporting_->code + " on or before that day");
  }

 private:
  struct Converter {
    bool same = false;
    const std::vector<Rates::Step>* steps = nullptr;
    int shift = 0;  // digits of the reporting currency less those of the record's

    [[nodiscard]] const Decimal* rate_on(std::int32_t day) const {
      if (steps == nullptr) return nullptr;
      const auto after = std::upper_bound(steps->begin(), steps->end(), day, [](std::int32_t d, const Rates::Step& s) { return d < s.from; });
      return after == steps->begin() ? nullptr : &std::prev(after)->rate;
    }
  };

  std::int64_t convert(const Record& record, const Decimal& rate, int shift) const {
    const auto overflow = [&] {
      refuse(Place{ledger_.name(), ledger_.definition().value.value_or(""), record.row},
             "an amount that leaves 64 bits of minor units of " + reporting_->code, "one that fits them");
    };
    Int128 product = 0;
    if (__builtin_mul_overflow(static_cast<Int128>(record.value), rate.unscaled, &product)) overflow();
    const int places = rate.scale - shift;
    if (places < 0) {
      if (__builtin_mul_overflow(product, power_of_ten(-places), &product)) overflow();
    } else if (places > 0) {
      product = divide_half_even(product, power_of_ten(places));
    }
    if (product < INT64_MIN || product > INT64_MAX) overflow();
    return static_cast<std::int64_t>(product);
  }

  static Int128 divide_half_even(Int128 number, Int128 divisor) {
    Int128 quotient = number / divisor;
    const Int128 rest = number % divisor, twice = rest < 0 ? -2 * rest : 2 * rest;
    if (twice > divisor || (twice == divisor && quotient % 2 != 0)) quotient += number < 0 ? -1 : 1;
    return quotient;
  }

  const Ledger& ledger_;
  std::optional<Currency> reporting_;
  std::vector<Converter> converters_;
};

}  // namespace sojourn
