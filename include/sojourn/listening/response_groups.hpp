// Response groups: kinds of customers of whom some answer more readily than others. Every customer of the log is in one, whether it spoke or not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/side_tables.hpp"

namespace sojourn {

/// Which group each customer is in. By default all are in one, without a name; else groups follow by code point, after that of customers without
/// a group if there are any.
struct ResponseGroups {
  std::vector<std::optional<std::string>> names = {std::nullopt};
  std::vector<std::uint32_t> of_customer;  // by the log's number; empty: all in group 0
  std::size_t outside = 0;                 // rows of customers that the log does not have

  [[nodiscard]] bool given() const { return !of_customer.empty(); }
  [[nodiscard]] std::uint32_t of(std::size_t customer) const { return customer < of_customer.size() ? of_customer[customer] : 0; }
};

/// The table customer, group (strings; null: none): one row a customer. Customers of the log that it does not list have no group.
/// @throws InvalidInput with the row for a null customer, one for the second time, groups that are not strings.
inline ResponseGroups read_response_groups(const arrow::Imported& table, const EventLog& log) {
  const arrow::Field customer = table.field("customer"), group = table.field("group");
  const ingest_detail::SideIds ids(customer, log.ids().are_strings());
  static_cast<void>(ids.distinct(customer, log.ids().format()));
  const Column column = arrow::read_column(group);
  ResponseGroups out;
  out.of_customer.assign(log.customers(), 0);
  bool any = false;
  for (std::size_t i = 0; i < column.size(); ++i) any = any || !column.is_null(i);
  const auto* words = std::get_if<Strings>(&column.data);
  if (any && words == nullptr) refuse(group.place(), column.kind(), "strings (names of groups)");
  std::map<std::string, std::uint32_t> numbers;
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!column.is_null(i)) numbers.emplace((*words->words)[words->codes[i]], 0);
  for (auto& [name, number] : numbers) {
    number = static_cast<std::uint32_t>(out.names.size());
    out.names.emplace_back(name);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto known = ids.find_in(log.ids(), i);
    if (!known) ++out.outside;
    else if (!column.is_null(i)) out.of_customer[*known] = numbers.at((*words->words)[words->codes[i]]);
  }
  const bool all_have_one = std::find(out.of_customer.begin(), out.of_customer.end(), 0U) == out.of_customer.end();
  if (all_have_one && !numbers.empty()) {
    out.names.erase(out.names.begin());
    for (std::uint32_t& number : out.of_customer) --number;
  }
  return out;
}

}  // namespace sojourn
