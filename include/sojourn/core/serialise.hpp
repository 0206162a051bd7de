// Columns and tables as bytes (bytes.hpp). Columns that show the same cells give the same bytes, however their strings are coded and whatever
// stands behind a null. O(cells).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn {

/// All NaNs mean one thing, and are written as one.
inline double plain_number(double x) { return std::isnan(x) ? std::numeric_limits<double>::quiet_NaN() : x; }

/// Real numbers, as many as there are.
inline void put_reals(std::span<const double> values, ByteWriter& out) {
  out.put(static_cast<std::uint64_t>(values.size()));
  for (const double x : values) out.put(plain_number(x));
}

inline void put_words(const std::vector<std::string>& words, ByteWriter& out) {
  out.put(static_cast<std::uint64_t>(words.size()));
  for (const std::string& word : words) out.put(word);
}

inline std::vector<std::string> get_words(ByteReader& in) {
  std::vector<std::string> out(in.get_count(sizeof(std::uint64_t)));
  for (std::string& word : out) word = in.get_string();
  return out;
}

inline void put_optional(const std::optional<std::string>& word, ByteWriter& out) {
  out.put(static_cast<std::uint8_t>(word.has_value()));
  if (word) out.put(*word);
}

inline std::optional<std::string> get_optional(ByteReader& in) { return in.get_bool() ? std::optional{in.get_string()} : std::nullopt; }

namespace serialise_detail {

/// The cells with one and the same value behind every null.
template <class T>
std::vector<T> without_hidden(const std::vector<T>& cells, const Column& column) {
  std::vector<T> out = cells;
  for (std::size_t i = 0; i < out.size(); ++i)
    if (column.is_null(i)) out[i] = T{};
  return out;
}

/// The words that are shown, in the order of their first cell; the code behind a null is 0.
inline void put_strings(const Strings& data, const Column& column, ByteWriter& out) {
  constexpr std::uint32_t unseen = UINT32_MAX;
  std::vector<std::uint32_t> code(data.words->size(), unseen), codes(data.codes.size());
  StringsBuilder words;  // one word may have several codes
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (column.is_null(i)) continue;
    std::uint32_t& known = code[data.codes[i]];
    if (known == unseen) known = words.code((*data.words)[data.codes[i]]);
    codes[i] = known;
  }
  put_words(*std::move(words).finish().words, out);
  out.put_all(codes);
}

inline Strings get_strings(ByteReader& in) {
  std::vector<std::string> words = get_words(in);
  Strings out{in.get_vector<std::uint32_t>(), {}};
  if (words.empty() && !out.codes.empty()) words.emplace_back();  // all null
  for (const std::uint32_t code : out.codes) in.require(code < words.size(), "the number of a word");
  out.words = std::make_shared<const std::vector<std::string>>(std::move(words));
  return out;
}

inline bool is_integer_format(std::uint8_t format) { return std::string_view("cCsSiIlL").find(static_cast<char>(format)) != std::string_view::npos; }

/// The data of the kind with that number.
inline ColumnData get_data(std::uint8_t kind, ByteReader& in) {
  constexpr std::uint8_t kinds = std::variant_size_v<ColumnData>;
  in.require(kind < kinds, "a kind of column");
  switch (kind) {
    case 0: {
      Bools out{in.get_vector<std::uint8_t>()};
      for (const std::uint8_t value : out.values) in.require(value <= 1, "truth values");
      return out;
    }
    case 1: {
      const auto format = in.get<std::uint8_t>();
      in.require(is_integer_format(format), "the letter of an integer type");
      return Ints{in.get_vector<std::int64_t>(), static_cast<char>(format)};
    }
    case 2: return Reals{in.get_vector<double>()};
    case 3: return get_strings(in);
    case 4: return Dates{in.get_vector<std::int32_t>()};
    case 5: {
      auto zone = get_optional(in);
      return Times{in.get_vector<std::int64_t>(), std::move(zone)};
    }
    default: {
      const auto scale = in.get<std::int32_t>();
      in.require(scale >= 0 && scale <= 38, "a scale from 0 to 38");
      Decimals out{std::vector<Int128>(in.get_count(sizeof(Int128))), scale};
      for (Int128& x : out.unscaled) x = in.get_wide();
      return out;
    }
  }
}

}  // namespace serialise_detail

inline void put_column(const Column& column, ByteWriter& out) {
  using namespace serialise_detail;
  out.put(column.name);
  std::vector<std::uint8_t> nulls;
  for (std::size_t i = 0; i < column.nulls.size(); ++i) nulls.push_back(column.nulls[i] != 0 ? 1 : 0);
  if (std::find(nulls.begin(), nulls.end(), 1) == nulls.end()) nulls.clear();
  out.put_all(nulls);
  out.put(static_cast<std::uint8_t>(column.data.index()));
  std::visit(
      [&](const auto& data) {
        using Data = std::decay_t<decltype(data)>;
        if constexpr (std::is_same_v<Data, Strings>) {
          put_strings(data, column, out);
        } else if constexpr (std::is_same_v<Data, Decimals>) {
          out.put(static_cast<std::int32_t>(data.scale));
          out.put_all(without_hidden(data.unscaled, column));
        } else if constexpr (std::is_same_v<Data, Reals>) {
          put_reals(without_hidden(data.values, column), out);
        } else {
          if constexpr (std::is_same_v<Data, Ints>) out.put(static_cast<std::uint8_t>(data.format));
          if constexpr (std::is_same_v<Data, Times>) put_optional(data.zone, out);
          out.put_all(without_hidden(data.values, column));
        }
      },
      column.data);
}

inline Column get_column(ByteReader& in) {
  Column out{in.get_string(), {}, in.get_vector<std::uint8_t>()};
  for (const std::uint8_t null : out.nulls) in.require(null <= 1, "nulls or none");
  out.data = serialise_detail::get_data(in.get<std::uint8_t>(), in);
  in.require(out.nulls.empty() || out.nulls.size() == out.size(), "nulls for every cell, or none");
  return out;
}

/// A table as bytes.
inline std::string serialise(const Table& table) {
  ByteWriter out(BytesOf::table);
  out.put(static_cast<std::uint64_t>(table.columns.size()));
  for (const Column& column : table.columns) put_column(column, out);
  return std::move(out).finish();
}

/// The table that `serialise` wrote. @throws InvalidInput for any other bytes.
inline Table deserialise_table(std::string_view bytes) {
  ByteReader in(bytes, BytesOf::table);
  Table out;
  const std::size_t columns = in.get_count(1);
  for (std::size_t i = 0; i < columns; ++i) {
    out.columns.push_back(get_column(in));
    in.require(out.columns.back().size() == out.rows(), "columns of one length");
  }
  in.finish();
  return out;
}

}  // namespace sojourn
