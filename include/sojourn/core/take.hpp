// Rows of a column, picked by number.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"

namespace sojourn {

/// A column of rows `rows` of another, under a name of its own. The words of strings are shared. O(rows).
template <class Index>
Column take(const Column& column, std::span<const Index> rows, std::string name) {
  const auto picked = [&](const auto& values) {
    std::decay_t<decltype(values)> out;
    out.reserve(rows.size());
    for (const Index row : rows) out.push_back(values[static_cast<std::size_t>(row)]);
    return out;
  };
  Column out{std::move(name), {}, column.nulls.empty() ? column.nulls : picked(column.nulls)};
  std::visit(
      [&](const auto& data) {
        std::decay_t<decltype(data)> taken;
        if constexpr (requires { data.codes; }) taken = {picked(data.codes), data.words};
        else if constexpr (requires { data.unscaled; }) taken = {picked(data.unscaled), data.scale};
        else if constexpr (requires { data.format; }) taken = {picked(data.values), data.format};
        else if constexpr (requires { data.zone; }) taken = {picked(data.values), data.zone};
        else taken = {picked(data.values)};
        out.data = std::move(taken);
      },
      column.data);
  return out;
}

}  // namespace sojourn
