// Cells of received columns, read in place: integers of every width, strings of every layout, times of every unit.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/time.hpp"

namespace sojourn::arrow {

/// Calls f(pointer to the piece's cells) with the cells' own integer type; `letter` is the Arrow format letter.
template <class F>
void with_integers(char letter, const Piece& piece, const F& f) {
  switch (letter) {
    case 'c': return f(piece.buffer<std::int8_t>(1) + piece.offset);
    case 'C': return f(piece.buffer<std::uint8_t>(1) + piece.offset);
    case 's': return f(piece.buffer<std::int16_t>(1) + piece.offset);
    case 'S': return f(piece.buffer<std::uint16_t>(1) + piece.offset);
    case 'i': return f(piece.buffer<std::int32_t>(1) + piece.offset);
    case 'I': return f(piece.buffer<std::uint32_t>(1) + piece.offset);
    case 'L': return f(piece.buffer<std::uint64_t>(1) + piece.offset);
    default: return f(piece.buffer<std::int64_t>(1) + piece.offset);
  }
}

/// Strings of one array, whatever their layout. Dictionary columns: of the dictionary's values.
class StringCells {
 public:
  StringCells(const ArrowArray& array, char layout, std::int64_t offset) : layout_(layout), offset_(offset) {
    offsets_ = array.buffers[1];
    if (layout == 'v') blocks_ = reinterpret_cast<const char* const*>(array.buffers) + 2;
    else data_ = static_cast<const char*>(array.buffers[2]);
  }
  StringCells(const Piece& piece, char layout) : StringCells(*piece.array, layout, piece.offset) {}

  std::string_view operator[](std::int64_t i) const {
    i += offset_;
    if (layout_ == 'u') {
      const auto* o = static_cast<const std::int32_t*>(offsets_);
      return {data_ + o[i], static_cast<std::size_t>(o[i + 1] - o[i])};
    }
    if (layout_ == 'U') {
      const auto* o = static_cast<const std::int64_t*>(offsets_);
      return {data_ + o[i], static_cast<std::size_t>(o[i + 1] - o[i])};
    }
    // A view: 4 bytes of length; up to 12 bytes inline, else 4 bytes of prefix, block number, offset in it.
    const char* view = static_cast<const char*>(offsets_) + 16 * i;
    std::int32_t words[4];
    std::memcpy(words, view, 16);
    const auto length = static_cast<std::size_t>(words[0]);
    return length <= 12 ? std::string_view{view + 4, length} : std::string_view{blocks_[words[2]] + words[3], length};
  }

 private:
  char layout_;
  std::int64_t offset_;
  const void* offsets_ = nullptr;
  const char* data_ = nullptr;
  const char* const* blocks_ = nullptr;
};

/// The values of a dictionary array that may hold nulls: nullopt where the value is null.
inline std::vector<std::optional<std::string_view>> dictionary_values(const Piece& piece, const Type& type) {
  const ArrowArray& values = *piece.array->dictionary;
  const StringCells cells(values, type.layout, values.offset);
  const auto* bits = values.null_count != 0 ? static_cast<const std::uint8_t*>(values.buffers[0]) : nullptr;
  std::vector<std::optional<std::string_view>> out(static_cast<std::size_t>(values.length));
  for (std::int64_t i = 0; i < values.length; ++i) {
    const std::int64_t at = values.offset + i;
    if (bits == nullptr || (bits[at >> 3] >> (at & 7) & 1) != 0) out[static_cast<std::size_t>(i)] = cells[i];
  }
  return out;
}

/// Cells of a decimal column, unscaled.
class DecimalCells {
 public:
  DecimalCells(const Piece& piece, const Type& type) : data_(piece.buffer<char>(1)), bytes_(type.bits / 8), offset_(piece.offset) {}
  Int128 operator[](std::int64_t i) const {
    const char* cell = data_ + (offset_ + i) * bytes_;
    if (bytes_ == 16) return load<Int128>(cell);
    return bytes_ == 8 ? load<std::int64_t>(cell) : load<std::int32_t>(cell);
  }

 private:
  template <class T>
  static T load(const char* cell) {
    T value;
    std::memcpy(&value, cell, sizeof value);
    return value;
  }
  const char* data_;
  std::int64_t bytes_, offset_;
};

/// Cells of a date or timestamp column as microseconds since 1970, in the column's own clock.
class TimeCells {
 public:
  TimeCells(const Piece& piece, const Type& type) : data_(piece.buffer<char>(1)), offset_(piece.offset) {
    if (type.kind == Kind::date && type.bits == 32) narrow_ = true, multiply_ = micros_per_day;
    else if (type.per_second <= micros_per_second) multiply_ = micros_per_second / type.per_second;
    else divide_ = type.per_second / micros_per_second;
  }

  /// False when the instant lies outside years 1 to 9999. `rounded` is set when finer digits were cut (down to the microsecond).
  bool get(std::int64_t i, std::int64_t& out, bool& rounded) const {
    std::int64_t raw;
    if (narrow_) {
      std::int32_t days;
      std::memcpy(&days, data_ + 4 * (offset_ + i), 4);
      raw = days;
    } else {
      std::memcpy(&raw, data_ + 8 * (offset_ + i), 8);
    }
    if (divide_ != 1) {
      const std::int64_t rest = raw % divide_;
      out = raw / divide_ - (rest < 0 ? 1 : 0);
      rounded = rounded || rest != 0;
    } else if (__builtin_mul_overflow(raw, multiply_, &out)) {
      return false;
    }
    return in_range(out);
  }

 private:
  const char* data_;
  std::int64_t offset_;
  std::int64_t multiply_ = 1, divide_ = 1;
  bool narrow_ = false;
};

/// Calls f(row of the table, piece, i in the piece) for every row of a column.
template <class F>
void for_each_row(const Field& field, const F& f) {
  for (const Piece& piece : field.pieces)
    for (std::int64_t i = 0; i < piece.length; ++i) f(piece.first_row + i, piece, i);
}

namespace detail {

inline std::int64_t signed_cell(const Field& field, std::int64_t row, auto cell) {
  if constexpr (std::is_same_v<decltype(cell), std::uint64_t>) {
    if (cell > static_cast<std::uint64_t>(INT64_MAX)) refuse(field.at(row), std::to_string(cell), "an integer that fits 64 bits with sign");
  }
  return static_cast<std::int64_t>(cell);
}

inline Strings read_strings(const Field& field, std::vector<std::uint8_t>& nulls) {
  StringsBuilder builder;
  const auto mark_null = [&](std::int64_t row) {
    nulls[static_cast<std::size_t>(row)] = 1;
    builder.add("");
  };
  for (const Piece& piece : field.pieces) {
    if (!field.type.is_dictionary()) {
      const StringCells cells(piece, field.type.layout);
      for (std::int64_t i = 0; i < piece.length; ++i)
        if (piece.is_null(i)) mark_null(piece.first_row + i);
        else builder.add(cells[i]);
      continue;
    }
    const auto values = dictionary_values(piece, field.type);
    with_integers(field.type.index, piece, [&](const auto* codes) {
      for (std::int64_t i = 0; i < piece.length; ++i) {
        const bool null = piece.is_null(i) || !values[static_cast<std::size_t>(codes[i])];
        if (null) mark_null(piece.first_row + i);
        else builder.add(*values[static_cast<std::size_t>(codes[i])]);
      }
    });
  }
  return std::move(builder).finish();
}

inline Dates read_days(const Field& field, std::vector<std::uint8_t>& nulls) {
  Dates out{std::vector<std::int32_t>(nulls.size())};
  for (const Piece& piece : field.pieces) {
    const auto* cells = piece.buffer<std::int32_t>(1) + piece.offset;
    const bool may_be_null = piece.may_have_nulls();
    for (std::int64_t i = 0; i < piece.length; ++i) {
      const auto row = static_cast<std::size_t>(piece.first_row + i);
      if (may_be_null && piece.is_null(i)) {
        nulls[row] = 1;
        continue;
      }
      std::int64_t micros = 0;
      if (__builtin_mul_overflow(std::int64_t{cells[i]}, micros_per_day, &micros) || !in_range(micros))
        refuse(field.at(piece.first_row + i), "a time beyond years 1 to 9999", "a date or time within them");
      out.values[row] = cells[i];
    }
  }
  return out;
}

}  // namespace detail

/// Copies a received column into a core Column (attributes, ledger records and other side tables).
/// @throws InvalidInput for types the library does not read, integers beyond 64 bits, times out of range.
inline Column read_column(const Field& field) {
  const auto rows = static_cast<std::size_t>(field.pieces.empty() ? 0 : field.pieces.back().first_row + field.pieces.back().length);
  Column column{field.name, Ints{}, std::vector<std::uint8_t>(rows)};
  const Type& type = field.type;
  if (type.is_dictionary() && type.kind != Kind::string)
    refuse(field.place(), "a dictionary of " + type.text(), "a dictionary of strings, or a plain column");
  const auto each_valid = [&](const auto& f) {
    for_each_row(field, [&](std::int64_t row, const Piece& piece, std::int64_t i) {
      if (piece.is_null(i)) column.nulls[static_cast<std::size_t>(row)] = 1;
      else f(row, piece, i);
    });
  };
  switch (type.kind) {
    case Kind::null: {
      column.data = Strings{std::vector<std::uint32_t>(rows), std::make_shared<const std::vector<std::string>>(1)};
      column.nulls.assign(rows, 1);
      break;
    }
    case Kind::boolean: {
      Bools out{std::vector<std::uint8_t>(rows)};
      each_valid([&](std::int64_t row, const Piece& piece, std::int64_t i) {
        const std::int64_t at = piece.offset + i;
        out.values[static_cast<std::size_t>(row)] = piece.buffer<std::uint8_t>(1)[at >> 3] >> (at & 7) & 1;
      });
      column.data = std::move(out);
      break;
    }
    case Kind::integer: {
      Ints out{std::vector<std::int64_t>(rows), type.format[0]};
      for (const Piece& piece : field.pieces)
        with_integers(type.format[0], piece, [&](const auto* cells) {
          for (std::int64_t i = 0; i < piece.length; ++i) {
            const std::int64_t row = piece.first_row + i;
            if (piece.is_null(i)) column.nulls[static_cast<std::size_t>(row)] = 1;
            else out.values[static_cast<std::size_t>(row)] = detail::signed_cell(field, row, cells[i]);
          }
        });
      column.data = std::move(out);
      break;
    }
    case Kind::floating: {
      Reals out{std::vector<double>(rows)};
      each_valid([&](std::int64_t row, const Piece& piece, std::int64_t i) {
        out.values[static_cast<std::size_t>(row)] =
            type.bits == 32 ? static_cast<double>(piece.buffer<float>(1)[piece.offset + i]) : piece.buffer<double>(1)[piece.offset + i];
      });
      column.data = std::move(out);
      break;
    }
    case Kind::string: column.data = detail::read_strings(field, column.nulls); break;
    case Kind::decimal: {
      Decimals out{std::vector<Int128>(rows), type.scale};
      each_valid(
          [&](std::int64_t row, const Piece& piece, std::int64_t i) { out.unscaled[static_cast<std::size_t>(row)] = DecimalCells(piece, type)[i]; });
      column.data = std::move(out);
      break;
    }
    case Kind::date:
    case Kind::timestamp: {
      if (type.kind == Kind::date && type.bits == 32) {
        column.data = detail::read_days(field, column.nulls);
        break;
      }
      std::vector<std::int64_t> out(rows);
      bool rounded = false;
      each_valid([&](std::int64_t row, const Piece& piece, std::int64_t i) {
        if (!TimeCells(piece, type).get(i, out[static_cast<std::size_t>(row)], rounded))
          refuse(field.at(row), "a time beyond years 1 to 9999", "a date or time within them");
      });
      if (type.kind == Kind::timestamp) {
        column.data = Times{std::move(out), type.zone};
      } else {
        Dates dates{std::vector<std::int32_t>(rows)};
        for (std::size_t i = 0; i < rows; ++i) {
          const std::int64_t day = out[i] / micros_per_day - (out[i] % micros_per_day < 0 ? 1 : 0);
          dates.values[i] = static_cast<std::int32_t>(day);
        }
        column.data = std::move(dates);
      }
      break;
    }
    case Kind::other: refuse(field.place(), type.text(), "numbers, strings, booleans, decimals, dates or timestamps");
  }
  if (std::find(column.nulls.begin(), column.nulls.end(), 1) == column.nulls.end()) column.nulls.clear();
  return column;
}

}  // namespace sojourn::arrow
