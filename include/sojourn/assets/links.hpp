// What ties the units of one ledger to the groups that ledgers share, as accounts and policies to households.
//
// Cost: O(records) to read a group column; 4 bytes a unit and 8 a link.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/assets/customer_groups.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// Immutable. Unit u has links offsets[u] … offsets[u + 1] − 1, groups ascending and distinct.
struct Links {
  std::vector<std::uint32_t> offsets;
  std::vector<std::int64_t> groups;  // integers; strings: their numbers among `words`
  bool are_strings = false;
  std::shared_ptr<const std::vector<std::string>> words = {};
  std::int64_t records_without = 0;  // a group, in a column of groups
  // Of a crosswalk:
  bool of_crosswalk = false;
  std::int64_t rows = 0;
  std::int64_t of_unknown_units = 0;  // links of units that no record has; the first of them
  std::string first_unknown = {};
  std::int64_t uncertain = 0;  // links with a probability above 0 and below 1
  std::int64_t left_out = 0;   // links of known units that are not in this graph

  [[nodiscard]] std::string text(std::size_t link) const {
    return are_strings ? (*words)[static_cast<std::size_t>(groups[link])] : std::to_string(groups[link]);
  }
};

/// A column of the records with the group of each. @throws InvalidInput unless it holds integers or strings.
inline Links read_links(const arrow::Field& field, const CustomerGroups& units, const Run& run) {
  const arrow::Kind kind = field.type.kind;
  if (kind != arrow::Kind::string && kind != arrow::Kind::integer && kind != arrow::Kind::null)
    refuse(field.place(), field.type.text(), "integer or string ids");
  const Column column = arrow::read_column(field);
  Links out;
  const auto* strings = std::get_if<Strings>(&column.data);
  const auto* integers = std::get_if<Ints>(&column.data);
  if (strings != nullptr) out.are_strings = true, out.words = strings->words;
  const auto group = [&](std::uint32_t row) { return strings != nullptr ? std::int64_t{strings->codes[row]} : integers->values[row]; };

  struct Part {
    std::vector<std::uint32_t> counts;
    std::vector<std::int64_t> groups;
    std::int64_t without = 0;
  };
  const auto parts = slices(units.size(), units.rows.size() >> 16);
  std::vector<Part> found(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    Part& part = found[p];
    for (std::size_t unit = parts[p].begin; unit < parts[p].end; ++unit) {
      const std::size_t first = part.groups.size();
      for (std::uint32_t i = units.offsets[unit]; i < units.offsets[unit + 1]; ++i) {
        const std::uint32_t row = units.rows[i];
        if (column.is_null(row)) ++part.without;
        else if (part.groups.size() == first || part.groups.back() != group(row)) part.groups.push_back(group(row));
      }
      const auto own = part.groups.begin() + static_cast<std::ptrdiff_t>(first);
      if (part.groups.end() - own > 1)
        std::sort(own, part.groups.end(), [&](std::int64_t a, std::int64_t b) {
          return strings == nullptr ? a < b : (*strings->words)[static_cast<std::size_t>(a)] < (*strings->words)[static_cast<std::size_t>(b)];
        });
      part.groups.erase(std::unique(own, part.groups.end()), part.groups.end());
      part.counts.push_back(static_cast<std::uint32_t>(part.groups.size() - first));
    }
  });
  out.offsets.reserve(units.size() + 1);
  out.offsets.push_back(0);
  for (const Part& part : found) {
    out.records_without += part.without;
    out.groups.insert(out.groups.end(), part.groups.begin(), part.groups.end());
    for (const std::uint32_t n : part.counts) out.offsets.push_back(out.offsets.back() + n);
  }
  return out;
}

}  // namespace sojourn
