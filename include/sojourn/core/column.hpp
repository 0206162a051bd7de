// A column of values in memory, as attributes, records and results hold them; and the table of such columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/time.hpp"

namespace sojourn {

struct Bools {
  std::vector<std::uint8_t> values;
};
/// Integers of any width; `format` is the Arrow format letter they came with and go out with (c C s S i I l L).
struct Ints {
  std::vector<std::int64_t> values;
  char format = 'l';
};
struct Reals {
  std::vector<double> values;
};
/// Strings, each distinct one once: value i is (*words)[codes[i]].
struct Strings {
  std::vector<std::uint32_t> codes;
  std::shared_ptr<const std::vector<std::string>> words = std::make_shared<const std::vector<std::string>>();
};
/// Local calendar days since 1970-01-01.
struct Dates {
  std::vector<std::int32_t> values;
};
/// Microseconds since 1970-01-01: UTC instants when there is a zone, local wall-clock times when there is none.
struct Times {
  std::vector<std::int64_t> values;
  std::optional<std::string> zone;
};
/// value i is unscaled[i] × 10^-scale.
struct Decimals {
  std::vector<Int128> unscaled;
  int scale = 0;
};

using ColumnData = std::variant<Bools, Ints, Reals, Strings, Dates, Times, Decimals>;

/// A named column; `nulls[i] != 0` marks a null (empty: there are none; the value behind a null is defined but means nothing).
struct Column {
  std::string name;
  ColumnData data;
  std::vector<std::uint8_t> nulls = {};

  [[nodiscard]] std::size_t size() const {
    return std::visit(
        [](const auto& d) {
          if constexpr (requires { d.codes; }) return d.codes.size();
          else if constexpr (requires { d.unscaled; }) return d.unscaled.size();
          else return d.values.size();
        },
        data);
  }
  [[nodiscard]] bool is_null(std::size_t i) const { return !nulls.empty() && nulls[i] != 0; }

  /// What the column holds, in words, for messages.
  [[nodiscard]] const char* kind() const {
    static constexpr const char* names[] = {"booleans", "integers", "floats", "strings", "dates", "timestamps", "decimals"};
    return names[data.index()];
  }
};

/// Strings built one by one, each distinct one stored once.
class StringsBuilder {
 public:
  void add(std::string_view word);
  [[nodiscard]] std::uint32_t code(std::string_view word);
  [[nodiscard]] Strings finish() && { return {std::move(codes_), std::make_shared<const std::vector<std::string>>(std::move(words_))}; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::vector<std::uint32_t> codes_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> known_;
};

inline std::uint32_t StringsBuilder::code(std::string_view word) {
  if (const auto found = known_.find(word); found != known_.end()) return found->second;
  const auto code = static_cast<std::uint32_t>(words_.size());
  words_.emplace_back(word);
  known_.emplace(std::string(word), code);
  return code;
}

inline void StringsBuilder::add(std::string_view word) { codes_.push_back(code(word)); }

inline Strings strings(std::span<const std::string> words) {
  StringsBuilder builder;
  for (const std::string& word : words) builder.add(word);
  return std::move(builder).finish();
}

/// Columns of equal length: what every verb returns that answers with a table.
struct Table {
  std::vector<Column> columns;

  [[nodiscard]] std::size_t rows() const { return columns.empty() ? 0 : columns.front().size(); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const Column& column : columns) out.push_back(column.name);
    return out;
  }
  [[nodiscard]] std::vector<const Column*> pointers() const {
    std::vector<const Column*> out;
    for (const Column& column : columns) out.push_back(&column);
    return out;
  }
  [[nodiscard]] const Column* find(std::string_view name) const {
    for (const Column& column : columns)
      if (column.name == name) return &column;
    return nullptr;
  }
};

/// The column of that name among some. @throws InvalidInput with a "did you mean".
inline const Column& require_column(std::span<const Column* const> columns, const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const Column* column : columns) {
    if (column->name == name) return *column;
    names.push_back(column->name);
  }
  throw InvalidInput(where + ": found no column '" + name + "'" + did_you_mean(name, names) + ", expected one of " + listed(names));
}

}  // namespace sojourn
