// A crosswalk: which units belong to which groups, and how probably (reconciliation.md §9). And units counted by the groups they are in.
//
// Links are independent of one another, each there with its probability: the most probable graph has those of one half or more. A draw
// of the graph asks a random number keyed by the link's own words, so that neither order nor threads nor other links change it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/assets/customer_groups.hpp"
#include "sojourn/assets/links.hpp"
#include "sojourn/assets/unit_ids.hpp"
#include "sojourn/core/random.hpp"

namespace sojourn {

/// Which of the possible link graphs: draw number `number` of a seed.
struct LinkDraw {
  std::uint64_t seed = 0, number = 0;
};

namespace crosswalk_detail {

/// Numbers of units by their ids.
class UnitNumbers {
 public:
  explicit UnitNumbers(const UnitIds& units) : strings_(units.are_strings()) {
    for (std::uint32_t u = 0; u < units.size(); ++u) {
      if (strings_) words_.emplace(units.word(u), u);
      else integers_.emplace(units.integer(u), u);
    }
  }
  [[nodiscard]] std::optional<std::uint32_t> of(const Column& column, std::size_t row) const {
    if (strings_) {
      const auto& strings = std::get<Strings>(column.data);
      const auto found = words_.find((*strings.words)[strings.codes[row]]);
      return found == words_.end() ? std::nullopt : std::optional{found->second};
    }
    const auto found = integers_.find(std::get<Ints>(column.data).values[row]);
    return found == integers_.end() ? std::nullopt : std::optional{found->second};
  }

 private:
  bool strings_;
  std::unordered_map<std::string_view, std::uint32_t> words_;
  std::unordered_map<std::int64_t, std::uint32_t> integers_;
};

inline std::string shown(const Column& column, std::size_t row) {
  if (const auto* strings = std::get_if<Strings>(&column.data)) return "'" + (*strings->words)[strings->codes[row]].substr(0, 60) + "'";
  return std::to_string(std::get<Ints>(column.data).values[row]);
}

inline Column read_ids(const arrow::Imported& table, const char* name) {
  Column column = arrow::read_column(table.field(name));
  if (!std::holds_alternative<Strings>(column.data) && !std::holds_alternative<Ints>(column.data))
    refuse(Place{table.name(), name, {}}, column.kind(), "integer or string ids");
  for (std::size_t row = 0; row < column.size(); ++row)
    if (column.is_null(row)) refuse(Place{table.name(), name, static_cast<std::int64_t>(row)}, "null", "an id");
  return column;
}

inline std::vector<double> read_probabilities(const arrow::Imported& table) {
  std::vector<double> out(static_cast<std::size_t>(table.rows()), 1.0);
  if (!table.has("probability")) {
    for (const std::string& name : table.columns())
      if (name != "unit" && name != "group")
        refuse(Place{table.name(), name, {}}, "no column 'probability' but this one", "probability, or unit and group alone");
    return out;
  }
  const Column column = arrow::read_column(table.field("probability"));
  const auto* reals = std::get_if<Reals>(&column.data);
  const auto* ints = std::get_if<Ints>(&column.data);
  for (std::size_t row = 0; row < out.size(); ++row) {
    const Place place{table.name(), "probability", static_cast<std::int64_t>(row)};
    if (column.is_null(row)) refuse(place, "null", "a probability");
    if (reals == nullptr && ints == nullptr) refuse(Place{table.name(), "probability", {}}, column.kind(), "numbers");
    out[row] = reals != nullptr ? reals->values[row] : static_cast<double>(ints->values[row]);
    if (!(out[row] >= 0.0 && out[row] <= 1.0)) refuse(place, std::to_string(out[row]), "a probability from 0 to 1");
  }
  return out;
}

inline std::uint64_t hash_of(const Column& column, std::size_t row) {
  if (const auto* strings = std::get_if<Strings>(&column.data)) return ingest_detail::hash_long((*strings->words)[strings->codes[row]]);
  return ingest_detail::mix(static_cast<std::uint64_t>(std::get<Ints>(column.data).values[row]));
}

}  // namespace crosswalk_detail

/// A table unit, group and, if it has one, probability. @param draw none: the most probable graph.
/// @throws InvalidInput for nulls, probabilities outside [0, 1], a pair that stands twice, units of another type than the records'.
inline Links read_crosswalk(const arrow::Imported& table, const UnitIds& units, const std::string& ledger, const std::optional<LinkDraw>& draw) {
  using namespace crosswalk_detail;
  const Column unit = read_ids(table, "unit"), group = read_ids(table, "group");
  const std::vector<double> probability = read_probabilities(table);
  if (table.rows() > 0 && std::holds_alternative<Strings>(unit.data) != units.are_strings())
    refuse(Place{table.name(), "unit", {}}, unit.kind(), std::string(units.are_strings() ? "strings" : "integers") + ", as " + ledger + " has");
  Links out;
  out.of_crosswalk = true;
  out.rows = table.rows();
  const auto* words = std::get_if<Strings>(&group.data);
  if (words != nullptr) out.are_strings = true, out.words = words->words;
  const auto label = [&](std::size_t row) { return words != nullptr ? std::int64_t{words->codes[row]} : std::get<Ints>(group.data).values[row]; };

  const UnitNumbers numbers(units);
  std::vector<std::vector<std::pair<std::int64_t, std::size_t>>> of_unit(units.size());  // group, row
  const std::uint64_t own = ingest_detail::hash_long(ledger);
  for (std::size_t row = 0; row < probability.size(); ++row) {
    out.uncertain += probability[row] > 0.0 && probability[row] < 1.0;
    const auto number = numbers.of(unit, row);
    if (!number) {
      if (out.of_unknown_units++ == 0) out.first_unknown = shown(unit, row);
      continue;
    }
    of_unit[*number].emplace_back(label(row), row);
  }
  out.offsets = {0};
  for (auto& links : of_unit) {
    const auto before = [&](const auto& a, const auto& b) {
      return words == nullptr || a.first == b.first
                 ? a < b
                 : (*words->words)[static_cast<std::size_t>(a.first)] < (*words->words)[static_cast<std::size_t>(b.first)];
    };
    std::sort(links.begin(), links.end(), before);
    for (std::size_t i = 0; i < links.size(); ++i) {
      const auto [of, row] = links[i];
      if (i > 0 && links[i - 1].first == of)
        refuse(Place{table.name(), "group", static_cast<std::int64_t>(row)},
               "the unit " + shown(unit, row) + " in group " + shown(group, row) + " again", "each pair once");
      bool is_there = probability[row] >= 0.5;
      if (draw) {
        const std::uint64_t key = ingest_detail::mix(own ^ ingest_detail::mix(hash_of(unit, row) ^ ingest_detail::mix(hash_of(group, row))));
        is_there = uniform(random_pair(draw->seed, draw->number / 2, key)[draw->number % 2]) < probability[row];
      }
      if (is_there) out.groups.push_back(of);
      else ++out.left_out;
    }
    out.offsets.push_back(static_cast<std::uint32_t>(out.groups.size()));
  }
  return out;
}

/// Units counted by the group they are in: each connected component of the links is one customer, each unit without a link too.
struct MergedUnits {
  CustomerGroups customers;
  std::vector<std::uint32_t> named_by;            // by customer: its smallest unit
  Links links;                                    // of the customers
  std::vector<std::vector<std::uint32_t>> units;  // by customer, ascending
};

inline MergedUnits merge_units(const CustomerGroups& units, const UnitIds& ids, const Links& links) {
  std::vector<std::uint32_t> parent(units.size());
  std::iota(parent.begin(), parent.end(), 0u);
  const auto find = [&](std::uint32_t x) {
    while (parent[x] != x) x = parent[x] = parent[parent[x]];
    return x;
  };
  std::unordered_map<std::int64_t, std::uint32_t> first_of;  // by group
  for (std::uint32_t u = 0; u < units.size(); ++u)
    for (std::uint32_t i = links.offsets[u]; i < links.offsets[u + 1]; ++i) {
      const std::uint32_t a = find(first_of.emplace(links.groups[i], u).first->second), b = find(u);
      parent[std::max(a, b)] = std::min(a, b);
    }
  std::vector<std::vector<std::uint32_t>> members(units.size());
  for (std::uint32_t u = 0; u < units.size(); ++u) members[find(u)].push_back(u);
  MergedUnits out;
  out.links = links;
  out.links.groups.clear();
  out.links.offsets = {0};
  out.customers.rows = Buffer<std::uint32_t>(units.rows.size());
  std::uint32_t at = 0;
  const auto before = [&](std::int64_t a, std::int64_t b) {
    return links.are_strings ? (*links.words)[static_cast<std::size_t>(a)] < (*links.words)[static_cast<std::size_t>(b)] : a < b;
  };
  for (const auto& of : members) {
    if (of.empty()) continue;
    const std::uint32_t begin = at;
    std::vector<std::int64_t> groups;
    for (const std::uint32_t u : of) {
      for (std::uint32_t i = units.offsets[u]; i < units.offsets[u + 1]; ++i) out.customers.rows[at++] = units.rows[i];
      groups.insert(groups.end(), links.groups.begin() + links.offsets[u], links.groups.begin() + links.offsets[u + 1]);
    }
    std::sort(out.customers.rows.data() + begin, out.customers.rows.data() + at);
    std::sort(groups.begin(), groups.end(), before);
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    out.links.groups.insert(out.links.groups.end(), groups.begin(), groups.end());
    out.links.offsets.push_back(static_cast<std::uint32_t>(out.links.groups.size()));
    out.customers.offsets.push_back(at);
    out.units.push_back(of);
    out.named_by.push_back(*std::min_element(of.begin(), of.end(), [&](std::uint32_t a, std::uint32_t b) { return ids.compare(a, b) < 0; }));
  }
  return out;
}

}  // namespace sojourn
