// Amounts in result tables, in the style that the caller asked for.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/money.hpp"

namespace sojourn {

/// How tables show money: float major units, integer minor units, or exact decimals of major units.
enum class MoneyStyle : std::uint8_t { real, minor, decimal };

/// @throws InvalidInput for another word than float, minor, decimal.
inline MoneyStyle money_style(const std::string& word) {
  if (word == "float") return MoneyStyle::real;
  if (word == "minor") return MoneyStyle::minor;
  if (word == "decimal") return MoneyStyle::decimal;
  refuse("money", "'" + word + "'", "'float', 'minor' or 'decimal'");
}

/// Amounts of several currencies in one column.
class MoneyCells {
 public:
  MoneyCells(MoneyStyle style, int scale) : style_(style) { decimals_.scale = scale; }
  void add(std::int64_t minor, int digits) {
    if (style_ == MoneyStyle::minor) ints_.values.push_back(minor);
    else if (style_ == MoneyStyle::decimal) decimals_.unscaled.push_back(minor * power_of_ten(decimals_.scale - digits));
    else reals_.values.push_back(static_cast<double>(minor) / static_cast<double>(power_of_ten(digits)));
  }
  [[nodiscard]] ColumnData finish() && {
    if (style_ == MoneyStyle::minor) return std::move(ints_);
    if (style_ == MoneyStyle::decimal) return std::move(decimals_);
    return std::move(reals_);
  }

 private:
  MoneyStyle style_;
  Ints ints_;
  Reals reals_;
  Decimals decimals_;
};

}  // namespace sojourn
