// The customer column as ingest reads it: every id as a 64-bit word that grouping can hash and compare at once.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn {

/// An id as a word. Integers: the value's bits. Strings of up to eight bytes: the bytes themselves; longer ones: a hash, so that equal
/// words must then be compared in full.
struct CustomerKey {
  std::uint64_t word;
  bool is_long;
};

namespace ingest_detail {

/// Multiply 64 × 64 → 128 bits and fold: one multiplication, all bits well mixed.
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ typedef unsigned __int128 Wide;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t mix(std::uint64_t word) { return fold_multiply(word ^ 0x9E3779B97F4A7C15ull, 0xD6E8FEB86659FD93ull); }

inline std::uint64_t load(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
  return word;
}

/// The bytes of a string of up to eight, zero-padded, first byte lowest.
inline std::uint64_t pack(std::string_view s) {
  if (s.size() == 8) return load(s.data());
  if (s.size() >= 4) {
    std::uint32_t low, high;
    std::memcpy(&low, s.data(), 4);
    std::memcpy(&high, s.data() + s.size() - 4, 4);
    return low | static_cast<std::uint64_t>(high) << (8 * (s.size() - 4));
  }
  std::uint64_t word = 0;
  for (std::size_t i = s.size(); i-- > 0;) word = word << 8 | static_cast<unsigned char>(s[i]);
  return word;
}

inline std::uint64_t hash_long(std::string_view s) {
  std::uint64_t h = s.size();
  std::size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) h = fold_multiply(h ^ load(s.data() + i), 0xA0761D6478BD642Full);
  return mix(h ^ (s.size() >= 8 ? load(s.data() + s.size() - 8) : pack(s)));
}

inline CustomerKey key_of(std::string_view s) {
  // A short string must not end in NUL: padded, it would equal its own prefix.
  if (s.size() <= 8 && !s.empty() && s.back() != '\0') return {pack(s), false};
  return {hash_long(s), true};
}

/// Bytes in descending significance: orders as the first eight bytes of the string do.
inline std::uint64_t prefix_order(std::string_view s) {
  const std::uint64_t word = s.size() >= 8 ? load(s.data()) : pack(s);
  static_assert(std::endian::native == std::endian::little, "sojourn is built for little-endian machines");
  return __builtin_bswap64(word);
}

}  // namespace ingest_detail

class CustomerColumn {
 public:
  /// @throws InvalidInput unless the column holds integers, decimals without places, or strings (plain or dictionary).
  explicit CustomerColumn(arrow::Field field) : field_(std::move(field)) {
    const arrow::Type& type = field_.type;
    if (type.kind == arrow::Kind::floating) refuse(field_.place(), type.text(), "integer or string ids (floats cannot tell large ids apart)");
    strings_ = type.kind == arrow::Kind::string;
    const bool whole_decimal = type.kind == arrow::Kind::decimal && type.scale == 0 && !type.is_dictionary();
    if (!strings_ && !whole_decimal && (type.kind != arrow::Kind::integer || type.is_dictionary()))
      refuse(field_.place(), type.text(), "integer or string ids");
    format_ = strings_ ? 'u' : whole_decimal ? 'l' : type.format[0];
    for (const arrow::Piece& piece : field_.pieces) {
      if (strings_ && !type.is_dictionary()) cells_.emplace_back(piece, type.layout);
      if (type.is_dictionary()) words_.push_back(arrow::dictionary_values(piece, type));
    }
  }

  [[nodiscard]] const arrow::Field& field() const { return field_; }
  [[nodiscard]] bool are_strings() const { return strings_; }
  /// The Arrow letter of integer ids in results; 'u' for strings.
  [[nodiscard]] char format() const { return format_; }

  /// Calls f(i, key) for rows [begin, end) of a piece. @throws InvalidInput at a null.
  template <class F>
  void for_each(std::size_t p, std::int64_t begin, std::int64_t end, const F& f) const {
    const arrow::Piece& piece = field_.pieces[p];
    const auto rows = [&](const auto& key_at) {
      if (!piece.may_have_nulls()) {
        for (std::int64_t i = begin; i < end; ++i) f(i, key_at(i));
        return;
      }
      for (std::int64_t i = begin; i < end; ++i) {
        if (piece.is_null(i)) refuse_null(piece, i);
        f(i, key_at(i));
      }
    };
    if (field_.type.is_dictionary()) {
      arrow::with_integers(field_.type.index, piece, [&](const auto* codes) {
        const auto& words = words_[p];
        std::vector<CustomerKey> keys;
        for (const auto& word : words) keys.push_back(word ? ingest_detail::key_of(*word) : CustomerKey{0, false});
        rows([&](std::int64_t i) {
          const auto code = static_cast<std::size_t>(codes[i]);
          if (!words[code]) refuse_null(piece, i);
          return keys[code];
        });
      });
    } else if (strings_) {
      const arrow::StringCells& cells = cells_[p];
      rows([&](std::int64_t i) { return ingest_detail::key_of(cells[i]); });
    } else if (field_.type.kind == arrow::Kind::decimal) {
      const arrow::DecimalCells cells(piece, field_.type);
      rows([&](std::int64_t i) {
        const Int128 value = cells[i];
        if (value < INT64_MIN || value > INT64_MAX)
          refuse(field_.at(piece.first_row + i), "an id beyond 64 bits", "an id that fits them (or a string)");
        return CustomerKey{static_cast<std::uint64_t>(static_cast<std::int64_t>(value)), false};
      });
    } else {
      arrow::with_integers(field_.type.format[0], piece, [&](const auto* cells) {
        rows([&](std::int64_t i) { return CustomerKey{static_cast<std::uint64_t>(static_cast<std::int64_t>(cells[i])), false}; });
      });
    }
  }

  /// The string id in a row of the table. O(log chunks).
  [[nodiscard]] std::string_view text(std::int64_t row) const {
    const std::size_t p = piece_of(row);
    const std::int64_t i = row - field_.pieces[p].first_row;
    if (!field_.type.is_dictionary()) return cells_[p][i];
    std::string_view word;
    arrow::with_integers(field_.type.index, field_.pieces[p], [&](const auto* codes) { word = *words_[p][static_cast<std::size_t>(codes[i])]; });
    return word;
  }

  /// The integer id in a row of the table, its 64 bits as they are. Not for nulls. O(log chunks).
  [[nodiscard]] std::int64_t integer(std::int64_t row) const {
    const arrow::Piece& piece = field_.pieces[piece_of(row)];
    const std::int64_t i = row - piece.first_row;
    if (field_.type.kind == arrow::Kind::decimal) return static_cast<std::int64_t>(arrow::DecimalCells(piece, field_.type)[i]);
    std::int64_t value = 0;
    arrow::with_integers(field_.type.format[0], piece, [&](const auto* cells) { value = static_cast<std::int64_t>(cells[i]); });
    return value;
  }

  /// A word that sorts as integer ids do.
  [[nodiscard]] std::uint64_t order(std::uint64_t key) const { return format_ == 'L' ? key : key ^ std::uint64_t{1} << 63; }
  [[nodiscard]] std::int64_t integer_of(std::uint64_t order_word) const {
    return static_cast<std::int64_t>(format_ == 'L' ? order_word : order_word ^ std::uint64_t{1} << 63);
  }

 private:
  [[nodiscard]] std::size_t piece_of(std::int64_t row) const {
    const auto& pieces = field_.pieces;
    if (pieces.size() == 1) return 0;
    const auto after =
        std::upper_bound(pieces.begin(), pieces.end(), row, [](std::int64_t r, const arrow::Piece& piece) { return r < piece.first_row; });
    return static_cast<std::size_t>(after - pieces.begin()) - 1;
  }

  [[noreturn]] void refuse_null(const arrow::Piece& piece, std::int64_t i) const { refuse(field_.at(piece.first_row + i), "null", "a customer id"); }

  arrow::Field field_;
  bool strings_ = false;
  char format_ = 'l';
  std::vector<arrow::StringCells> cells_;
  std::vector<std::vector<std::optional<std::string_view>>> words_;
};

}  // namespace sojourn
