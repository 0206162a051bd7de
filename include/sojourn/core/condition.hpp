// Conditions on a row: comparisons of columns with constants, joined by all, any and not. They serve patterns and ledgers alike.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"

namespace sojourn {

/// Kleene's three truth values.
enum class Truth : std::uint8_t { no, unknown, yes };

inline Truth operator!(Truth t) { return static_cast<Truth>(2 - static_cast<int>(t)); }
inline Truth operator&(Truth a, Truth b) { return std::min(a, b); }
inline Truth operator|(Truth a, Truth b) { return std::max(a, b); }
inline Truth truth(bool b) { return b ? Truth::yes : Truth::no; }

/// What a null does in a comparison: patterns leave the answer unknown; for ledgers null is a value of its own (null != 'x' holds).
enum class NullRule : std::uint8_t { unknown, value };

/// A constant in a condition; monostate is JSON's null.
using Literal = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

inline std::string to_string(const Literal& literal) {
  struct Write {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(double x) const {
      char text[40];
      std::snprintf(text, sizeof text, "%.15g", x);
      return text;
    }
    std::string operator()(const std::string& s) const { return "'" + s + "'"; }
  };
  return std::visit(Write{}, literal);
}

enum class Compare : std::uint8_t { eq, ne, lt, le, gt, ge, in, is_null };

/// A condition as it is written; `bind` ties it to a table's columns. A value type: compares, copies.
struct Condition {
  enum class Kind : std::uint8_t { compare, all, any, negation, spell_number } kind = Kind::all;
  // compare
  std::string column = {};
  Compare op = Compare::eq;
  std::vector<Literal> values = {};  // one, or the list of `in`
  // all (empty: always true), any (empty: never true), negation (one part)
  std::vector<Condition> parts = {};
  // spell_number: which spell of the customer, from 1 (ledgers only)
  std::int64_t number = 0;
  // where in a file it stands, for messages; not part of its value
  std::string place = {};

  friend bool operator==(const Condition& a, const Condition& b) {
    return a.kind == b.kind && a.column == b.column && a.op == b.op && a.values == b.values && a.parts == b.parts && a.number == b.number;
  }
  [[nodiscard]] bool is_trivial() const { return kind == Kind::all && parts.empty(); }

  /// Calls f(column name) for every column the condition reads.
  template <class F>
  void for_each_column(const F& f) const {
    if (kind == Kind::compare) f(column);
    for (const Condition& part : parts) part.for_each_column(f);
  }
};

/// A condition tied to columns. Judges one row at a time; holds pointers into the columns, which must outlive it.
class BoundCondition {
 public:
  /// Always true.
  BoundCondition() = default;

  /// @param columns where the condition's columns are looked up. @throws InvalidInput for an unknown column (with a "did you mean"), or
  /// a constant that cannot be compared with the column's kind.
  BoundCondition(const Condition& condition, std::span<const Column* const> columns, NullRule nulls, const std::string& table_name)
      : kind_(condition.kind), op_(condition.op), nulls_(nulls), number_(condition.number) {
    if (kind_ == Condition::Kind::compare) {
      column_ = &require_column(columns, condition.column, condition.place.empty() ? table_name : condition.place);
      if (op_ == Compare::is_null) {
        const bool* wanted = condition.values.empty() ? nullptr : std::get_if<bool>(&condition.values.front());
        wants_null_ = wanted == nullptr || *wanted;
      } else {
        for (const Literal& value : condition.values) values_.push_back(convert(value, condition, table_name));
      }
    }
    for (const Condition& part : condition.parts) parts_.emplace_back(part, columns, nulls, table_name);
  }

  [[nodiscard]] bool is_trivial() const { return kind_ == Condition::Kind::all && parts_.empty(); }

  /// @param spell the number of the customer's spell, where rules may ask for it (0: not asked).
  [[nodiscard]] Truth judge(std::size_t row, std::int64_t spell = 0) const {
    switch (kind_) {
      case Condition::Kind::spell_number: return truth(spell == number_);
      case Condition::Kind::negation: return !parts_.front().judge(row, spell);
      case Condition::Kind::all: {
        Truth t = Truth::yes;
        for (const BoundCondition& part : parts_) t = t & part.judge(row, spell);
        return t;
      }
      case Condition::Kind::any: {
        Truth t = Truth::no;
        for (const BoundCondition& part : parts_) t = t | part.judge(row, spell);
        return t;
      }
      case Condition::Kind::compare: return compare(row);
    }
    return Truth::no;
  }

 private:
  // A constant in the column's own terms. Strings: the word; days and microseconds as integers; decimals scaled.
  using Constant = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

  Constant convert(const Literal& value, const Condition& condition, const std::string& table_name) const {
    const auto mismatch = [&](const char* expected) {
      refuse((condition.place.empty() ? table_name : condition.place) + ", column '" + condition.column + "'",
             std::string("a column of ") + column_->kind() + " compared with " + to_string(value), expected);
    };
    if (std::holds_alternative<std::monostate>(value)) return {};
    if (has_no_value(*column_)) return std::string{};  // such columns often come without a type; nothing will be compared with the constant
    struct Fit {
      const Literal& value;
      const decltype(mismatch)& fail;
      Constant operator()(const Bools&) const {
        if (const bool* b = std::get_if<bool>(&value)) return *b;
        fail("true or false");
        return {};
      }
      Constant number() const {
        if (const auto* n = std::get_if<std::int64_t>(&value)) return *n;
        if (const auto* x = std::get_if<double>(&value)) return *x;
        fail("a number");
        return {};
      }
      Constant operator()(const Ints&) const { return number(); }
      Constant operator()(const Reals&) const { return number(); }
      Constant operator()(const Decimals&) const { return number(); }
      Constant operator()(const Strings&) const {
        if (const auto* s = std::get_if<std::string>(&value)) return *s;
        fail("a string");
        return {};
      }
      Constant operator()(const Dates&) const { return when(false); }
      Constant operator()(const Times&) const { return when(true); }
      Constant when(bool time_of_day) const {
        const auto* s = std::get_if<std::string>(&value);
        const std::optional<std::int64_t> at = s ? parse_iso(*s) : std::nullopt;
        if (!at) fail("a date or time such as '2026-03-01' or '2026-03-01T14:30:00'");
        if (time_of_day) return *at;
        return *at >= 0 ? *at / micros_per_day : (*at - micros_per_day + 1) / micros_per_day;
      }
    };
    return std::visit(Fit{value, mismatch}, column_->data);
  }

  static bool has_no_value(const Column& column) {
    return !column.nulls.empty() && std::all_of(column.nulls.begin(), column.nulls.end(), [](std::uint8_t null) { return null != 0; });
  }

  /// Microseconds of "YYYY-MM-DD" or "YYYY-MM-DD[T ]hh:mm[:ss]".
  static std::optional<std::int64_t> parse_iso(const std::string& s) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
    const int n = std::sscanf(s.c_str(), "%4d-%2d-%2d%n", &year, &month, &day, &used);
    if (n != 3 || used != 10) return std::nullopt;
    if (s.size() > 10) {
      int more = 0;
      const bool with_seconds = std::sscanf(s.c_str() + 10, "%*1[T ]%2d:%2d:%2d%n", &hour, &minute, &second, &more) == 3 &&
                                s.size() == 10u + static_cast<std::size_t>(more);
      if (!with_seconds) {
        second = 0;
        if (std::sscanf(s.c_str() + 10, "%*1[T ]%2d:%2d%n", &hour, &minute, &more) != 2 || s.size() != 10u + static_cast<std::size_t>(more))
          return std::nullopt;
      }
    }
    namespace ch = std::chrono;
    const ch::year_month_day date{ch::year{year}, ch::month{static_cast<unsigned>(month)}, ch::day{static_cast<unsigned>(day)}};
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    return ch::sys_days{date}.time_since_epoch().count() * micros_per_day + (hour * 3600 + minute * 60 + second) * micros_per_second;
  }

  [[nodiscard]] Truth compare(std::size_t row) const {
    const bool null = column_->is_null(row);
    if (op_ == Compare::is_null) return truth(null == wants_null_);
    bool constant_null = false;
    bool match = false;
    if (op_ == Compare::in) {
      for (const Constant& c : values_) {
        const bool empty = std::holds_alternative<std::monostate>(c);
        constant_null = constant_null || empty;
        match = match || (null ? empty && nulls_ == NullRule::value : !empty && order(row, c) == 0);
      }
      if (match) return Truth::yes;
      return (null || constant_null) && nulls_ == NullRule::unknown ? Truth::unknown : Truth::no;
    }
    constant_null = std::holds_alternative<std::monostate>(values_.front());
    if (null || constant_null) {
      if (nulls_ == NullRule::unknown) return Truth::unknown;
      const bool same = null && constant_null;
      return truth(op_ == Compare::eq ? same : op_ == Compare::ne && !same);  // a null is neither below nor above anything
    }
    const int sign = order(row, values_.front());
    switch (op_) {
      case Compare::eq: return truth(sign == 0);
      case Compare::ne: return truth(sign != 0);
      case Compare::lt: return truth(sign == -1);
      case Compare::le: return truth(sign == -1 || sign == 0);
      case Compare::gt: return truth(sign == 1);
      case Compare::ge: return truth(sign == 1 || sign == 0);
      default: return Truth::no;
    }
  }

  /// −1, 0, 1 as the row's value is below, equal to, above the constant; 2 for NaN.
  [[nodiscard]] int order(std::size_t row, const Constant& constant) const {
    const auto three_way = [](const auto& a, const auto& b) { return a < b ? -1 : a == b ? 0 : a > b ? 1 : 2; };
    const auto number = [&](std::int64_t value) {
      if (const auto* n = std::get_if<std::int64_t>(&constant)) return three_way(value, *n);
      // Beyond 2^53 a double cannot tell integers apart; long double can (64-bit mantissa on the platforms we build for).
      return three_way(static_cast<long double>(value), static_cast<long double>(std::get<double>(constant)));
    };
    const auto real = [&](const Constant& c) {
      return std::holds_alternative<std::int64_t>(c) ? static_cast<long double>(std::get<std::int64_t>(c))
                                                     : static_cast<long double>(std::get<double>(c));
    };
    struct Order {
      const BoundCondition& self;
      std::size_t row;
      const Constant& constant;
      const decltype(three_way)& cmp;
      const decltype(number)& num;
      const decltype(real)& as_real;
      int operator()(const Bools& d) const { return cmp(d.values[row] != 0, std::get<bool>(constant)); }
      int operator()(const Ints& d) const { return num(d.values[row]); }
      int operator()(const Reals& d) const { return cmp(static_cast<long double>(d.values[row]), as_real(constant)); }
      int operator()(const Strings& d) const {
        const int c = (*d.words)[d.codes[row]].compare(std::get<std::string>(constant));
        return (c > 0) - (c < 0);
      }
      int operator()(const Dates& d) const { return cmp(static_cast<std::int64_t>(d.values[row]), std::get<std::int64_t>(constant)); }
      int operator()(const Times& d) const { return cmp(d.values[row], std::get<std::int64_t>(constant)); }
      int operator()(const Decimals& d) const {
        const long double value = static_cast<long double>(d.unscaled[row]) / std::pow(10.0L, d.scale);
        const long double c = as_real(constant);
        // A constant such as 0.1 has no exact binary form; compare at the decimal's own resolution.
        const long double half = 0.5L / std::pow(10.0L, d.scale + 3);
        return std::fabs(value - c) <= half ? 0 : cmp(value, c);
      }
    };
    return std::visit(Order{*this, row, constant, three_way, number, real}, column_->data);
  }

  Condition::Kind kind_ = Condition::Kind::all;
  Compare op_ = Compare::eq;
  NullRule nulls_ = NullRule::unknown;
  std::int64_t number_ = 0;
  bool wants_null_ = true;  // `is_null` with value false asks for the opposite
  const Column* column_ = nullptr;
  std::vector<Constant> values_;
  std::vector<BoundCondition> parts_;
};

}  // namespace sojourn
