// One event of either of two ledgers, and the one reason why the other counts it elsewhere or not at all (reconciliation.md §5, §6).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/assets/labels.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/money.hpp"

namespace sojourn {

enum class Direction : std::uint8_t { in, out };
inline constexpr std::array<const char*, 2> direction_names = {"in", "out"};

/// Between two ledgers; then between two days of one (restatement.hpp).
enum class DifferenceReason : std::uint8_t {
  matched,
  timing,
  rewrite,
  grain,
  rule,
  identity,
  pending,
  only_here,
  no_event_there,
  unexplained,
  recorded_later,
  withdrawn,
  redated,
  fate,
  moved,
  revalued
};
inline constexpr std::array<const char*, 16> reason_names = {"matched", "timing",    "rewrite",        "grain",       "rule",           "identity",
                                                             "pending", "only here", "no event there", "unexplained", "recorded later", "withdrawn",
                                                             "redated", "fate",      "moved",          "revalued"};

enum class Detail : std::uint8_t { none, only_there, still_in_there, already_in_there, rewritten, earlier_day, later_day };
inline constexpr std::array<const char*, 7> detail_names = {"",          "only there",  "still in there", "already in there",
                                                            "rewritten", "earlier day", "later day"};

struct Difference {
  static constexpr std::uint32_t none = UINT32_MAX;

  std::uint32_t row = none, unit = none;  // of its own ledger
  std::int32_t day = 0;
  std::uint32_t partner = none;             // row of the other ledger
  std::int32_t other_day = never;           // when the partner says; never: no partner
  std::uint32_t segment = 0, currency = 0;  // codes of Differences
  std::int64_t value = 0;                   // minor units, without the side's sign
  std::uint16_t rule = UINT16_MAX;          // number among Differences::rules; UINT16_MAX: none
  DifferenceReason reason = DifferenceReason::unexplained;
  Direction direction = Direction::in;
  Detail detail = Detail::none;
  bool of_standard = false;
  bool counts = true;  // false: a further currency of the event before it
};

/// Rules by number, each name once.
class RuleNames {
 public:
  std::uint16_t number(std::string_view name) {
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return static_cast<std::uint16_t>(i);
    if (names_.size() + 1 >= UINT16_MAX) refuse("definitions", "more than 65,000 rule names", "fewer");
    names_.emplace_back(name);
    return static_cast<std::uint16_t>(names_.size() - 1);
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

/// Labels of two ledgers as one: code of either → code of both, ascending, 0 for null.
struct MergedLabels {
  Column values;
  std::vector<std::uint32_t> of_ledger, of_standard;
};

namespace difference_detail {

template <class Value, class ValueOf>
std::vector<Value> merge_values(const Column& a, const Column& b, std::vector<std::uint32_t>& of_a, std::vector<std::uint32_t>& of_b,
                                const ValueOf& value_of) {
  std::vector<Value> all;
  for (const Column* column : {&a, &b})
    for (std::uint32_t code = 1; code < column->size(); ++code) all.push_back(value_of(*column, code));
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const auto codes = [&](const Column& column, std::vector<std::uint32_t>& of) {
    of.assign(1, 0);
    for (std::uint32_t code = 1; code < column.size(); ++code)
      of.push_back(static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), value_of(column, code)) - all.begin()) + 1);
  };
  codes(a, of_a);
  codes(b, of_b);
  all.insert(all.begin(), Value{});
  return all;
}

}  // namespace difference_detail

/// They keep their type where both have the same; else they are written out.
inline MergedLabels merge_labels(const Column& ledger, const Column& standard) {
  using namespace difference_detail;
  MergedLabels out;
  const auto holds = [&]<class Data>(const Data*) {
    const auto fits = [](const Column& c) { return c.size() <= 1 || std::holds_alternative<Data>(c.data); };
    return fits(ledger) && fits(standard) && (ledger.size() > 1 || standard.size() > 1);
  };
  const auto integers = [](const Column& c, std::uint32_t code) { return std::get<Ints>(c.data).values[code]; };
  const auto booleans = [](const Column& c, std::uint32_t code) { return std::get<Bools>(c.data).values[code]; };
  if (holds(static_cast<const Ints*>(nullptr))) {
    out.values.data = Ints{merge_values<std::int64_t>(ledger, standard, out.of_ledger, out.of_standard, integers)};
  } else if (holds(static_cast<const Bools*>(nullptr))) {
    out.values.data = Bools{merge_values<std::uint8_t>(ledger, standard, out.of_ledger, out.of_standard, booleans)};
  } else {
    out.values.data = strings(merge_values<std::string>(ledger, standard, out.of_ledger, out.of_standard, label_text));
  }
  out.values.nulls.assign(out.values.size(), 0);
  out.values.nulls[0] = 1;
  return out;
}

/// A group too large for its events to be paired exactly, by its smallest unit.
struct Suspect {
  bool of_standard = false;
  std::uint32_t unit = 0;
  std::size_t units = 0;  // of both sides
};

/// Why two ledgers differ, event by event. Holds on to what it was made from.
struct Differences {
  [[nodiscard]] std::size_t size() const {
    std::size_t n = 0;
    for (const auto& part : events) n += part.size();
    return n;
  }

  std::shared_ptr<const Reconciliation> reconciliation;
  const Reconciled* ledger = nullptr;
  const Reconciled* standard = nullptr;
  Column segments;                   // codes of Difference::segment; 0 is null
  std::vector<Currency> currencies;  // codes of Difference::currency
  RuleNames rules;
  std::vector<std::vector<Difference>> events;          // in parts; neither their order nor that within them means anything
  std::size_t groups = 0;                               // that were looked at
  std::size_t standard_groups = 0, unknown_groups = 0;  // where the standard has units; of these, where the ledger has none
  std::vector<Suspect> suspects;
};

}  // namespace sojourn
