// A column of amounts as whole minor units: integers are major units, decimals must be exact, floats near enough to a minor unit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/arrow/row_blocks.hpp"
#include "sojourn/assets/customer_groups.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/money.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

struct MoneyColumn {
  Buffer<std::int64_t> minor;  // by row; a null counts 0
  std::int64_t nulls = 0;
};

namespace money_column_detail {

[[noreturn]] inline void fail(const arrow::Field& field, std::int64_t row, MoneyFault fault, const std::string& shown, int digits) {
  const std::string unit = "whole minor units (" + std::to_string(digits) + " decimals)";
  switch (fault) {
    case MoneyFault::not_finite: refuse(field.at(row), shown, "an amount of money, or null where there is none");
    case MoneyFault::overflow: refuse(field.at(row), shown, "an amount whose minor units fit 64 bits");
    default: refuse(field.at(row), shown, unit);
  }
}

inline std::string shown(double x) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}
inline std::string shown(std::int64_t n) { return std::to_string(n); }
inline std::string shown(const Decimal& d) {
  std::string digits;
  const bool minus = d.unscaled < 0;
  Int128 rest = minus ? -d.unscaled : d.unscaled;
  for (; rest != 0; rest /= 10) digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  if (digits.size() <= static_cast<std::size_t>(d.scale)) digits.insert(0, static_cast<std::size_t>(d.scale) + 1 - digits.size(), '0');
  if (d.scale > 0) digits.insert(digits.size() - static_cast<std::size_t>(d.scale), ".");
  return (minus ? "-" : "") + digits;
}

}  // namespace money_column_detail

/// @param digits digits(row): decimal digits of the row's currency. @throws InvalidInput at the first amount that is none.
template <class Digits>
MoneyColumn read_money(const arrow::Field& field, std::int64_t rows, const Digits& digits, const Run& run) {
  using namespace money_column_detail;
  const arrow::Kind kind = field.type.kind;
  MoneyColumn out{Buffer<std::int64_t>(static_cast<std::size_t>(rows)), 0};
  const auto blocks = arrow::row_blocks(field.pieces, rows);
  std::vector<std::int64_t> nulls(blocks.size());
  const bool number = kind == arrow::Kind::integer || kind == arrow::Kind::floating || kind == arrow::Kind::decimal;
  if (!number || field.type.is_dictionary()) {
    // A column without any value often comes without a type.
    arrow::for_each_row(field, [&](std::int64_t, const arrow::Piece& piece, std::int64_t i) {
      if (kind != arrow::Kind::null && !piece.is_null(i)) refuse(field.place(), field.type.text(), "numbers or decimals");
    });
    std::fill(out.minor.begin(), out.minor.end(), 0);
    out.nulls = rows;
    return out;
  }
  parallel_for(blocks.size(), run, [&](std::size_t b) {
    for (const arrow::RowSlice& s : blocks[b]) {
      const arrow::Piece& piece = field.pieces[s.piece];
      const auto each = [&](const auto& cell) {
        const bool may_be_null = piece.may_have_nulls();
        for (std::int64_t i = s.begin; i < s.end; ++i) {
          const std::int64_t row = piece.first_row + i;
          std::int64_t& minor = out.minor[static_cast<std::size_t>(row)];
          if (may_be_null && piece.is_null(i)) {
            minor = 0;
            ++nulls[b];
            continue;
          }
          const auto value = cell(i);
          const MoneyFault fault = to_minor(value, digits(static_cast<std::size_t>(row)), minor);
          if (fault != MoneyFault::none) fail(field, row, fault, shown(value), digits(static_cast<std::size_t>(row)));
        }
      };
      if (kind == arrow::Kind::floating && field.type.bits == 64) {
        each([cells = piece.buffer<double>(1) + piece.offset](std::int64_t i) { return cells[i]; });
      } else if (kind == arrow::Kind::floating) {
        each([cells = piece.buffer<float>(1) + piece.offset](std::int64_t i) { return static_cast<double>(cells[i]); });
      } else if (kind == arrow::Kind::decimal) {
        each([cells = arrow::DecimalCells(piece, field.type), scale = field.type.scale](std::int64_t i) { return Decimal{cells[i], scale}; });
      } else {
        arrow::with_integers(field.type.format[0], piece, [&](const auto* cells) {
          each([&](std::int64_t i) { return arrow::detail::signed_cell(field, piece.first_row + i, cells[i]); });
        });
      }
    }
  });
  for (const std::int64_t n : nulls) out.nulls += n;
  return out;
}

}  // namespace sojourn
