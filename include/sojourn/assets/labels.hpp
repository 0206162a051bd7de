// Distinct values of a column as small codes in ascending order: segments and currencies.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn {

/// Code 0 is null, whether or not it occurs; codes ascend as the values do.
struct Labels {
  Column values{"", Strings{{0}, std::make_shared<const std::vector<std::string>>(1)}, {1}};
  std::vector<std::uint32_t> codes = {};  // by row; empty: `all` for every row
  std::uint32_t all = 0;

  [[nodiscard]] std::size_t size() const { return values.size(); }
  [[nodiscard]] std::uint32_t operator[](std::size_t row) const { return codes.empty() ? all : codes[row]; }
  [[nodiscard]] const std::string& word(std::uint32_t code) const {
    const auto& strings = std::get<Strings>(values.data);
    return (*strings.words)[strings.codes[code]];
  }
};

namespace labels_detail {

inline Labels of_strings(const Column& column) {
  const auto& source = std::get<Strings>(column.data);
  std::vector<std::uint8_t> occurs(source.words->size());
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!column.is_null(i)) occurs[source.codes[i]] = 1;
  std::vector<std::uint32_t> order;
  for (std::uint32_t w = 0; w < occurs.size(); ++w)
    if (occurs[w] != 0) order.push_back(w);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return (*source.words)[a] < (*source.words)[b]; });
  Labels out;
  auto words = std::make_shared<std::vector<std::string>>(1);
  std::vector<std::uint32_t> code(occurs.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    code[order[i]] = static_cast<std::uint32_t>(i + 1);
    words->push_back((*source.words)[order[i]]);
  }
  Strings values;
  values.codes.resize(words->size());
  std::iota(values.codes.begin(), values.codes.end(), 0u);
  values.words = std::move(words);
  out.values = {"", std::move(values), std::vector<std::uint8_t>(order.size() + 1)};
  out.values.nulls[0] = 1;
  out.codes.resize(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) out.codes[i] = column.is_null(i) ? 0 : code[source.codes[i]];
  return out;
}

template <class Data>
Labels of_integers(const Column& column, Data empty_like) {
  const auto& source = std::get<Data>(column.data).values;
  auto distinct = source;
  if (!column.nulls.empty()) {
    distinct.clear();
    for (std::size_t i = 0; i < source.size(); ++i)
      if (!column.is_null(i)) distinct.push_back(source[i]);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  Labels out;
  out.codes.resize(source.size());
  for (std::size_t i = 0; i < source.size(); ++i)
    out.codes[i] =
        column.is_null(i) ? 0 : static_cast<std::uint32_t>(std::lower_bound(distinct.begin(), distinct.end(), source[i]) - distinct.begin() + 1);
  distinct.insert(distinct.begin(), 0);
  out.values = {"", Bools{}, std::vector<std::uint8_t>(distinct.size())};
  out.values.nulls[0] = 1;
  empty_like.values = std::move(distinct);
  out.values.data = std::move(empty_like);
  return out;
}

}  // namespace labels_detail

/// @throws InvalidInput unless the column holds strings, integers or booleans.
inline Labels label(const Column& column, const std::string& table) {
  if (std::holds_alternative<Strings>(column.data)) return labels_detail::of_strings(column);
  if (const auto* ints = std::get_if<Ints>(&column.data)) return labels_detail::of_integers(column, Ints{{}, ints->format});
  if (std::holds_alternative<Bools>(column.data)) return labels_detail::of_integers(column, Bools{});
  refuse(Place{table, column.name, {}}, column.kind(), "strings, integers or booleans");
}

/// A label written out; not for code 0.
inline std::string label_text(const Column& values, std::uint32_t code) {
  if (const auto* strings = std::get_if<Strings>(&values.data)) return (*strings->words)[strings->codes[code]];
  if (const auto* ints = std::get_if<Ints>(&values.data)) return std::to_string(ints->values[code]);
  return std::get<Bools>(values.data).values[code] != 0 ? "true" : "false";
}

}  // namespace sojourn
