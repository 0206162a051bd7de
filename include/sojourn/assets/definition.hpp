// What a ledger means by a customer coming in and going out: a definition that can be run, compared and written down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn {

/// A rule with the name that fates call it by.
struct NamedRule {
  std::string name;
  Condition rule;
  friend bool operator==(const NamedRule&, const NamedRule&) = default;
};

/// How long a customer may be without a record and still be there, when the record that ended last passes the rule.
struct Grace {
  std::string name;
  std::optional<Condition> rule;  // none: the default, which holds for all
  std::int64_t days = 0;
  friend bool operator==(const Grace&, const Grace&) = default;
};

/// What becomes of a record that ends no later than it starts: nothing, or an in and an out on its start day.
enum class EmptyRecords : std::uint8_t { ignore, count };

/// Whole local days of a grace. @throws InvalidInput for hours and calendar months: a ledger counts days.
inline std::int64_t grace_days(std::string_view text, const std::string& place) {
  const std::size_t unit = text.find_first_not_of("0123456789 ");
  const bool days = unit != std::string_view::npos && (text[unit] == 'd' || text[unit] == 'w');
  if (!days) refuse(place, "'" + std::string(text.substr(0, 60)) + "'", "whole days, as '30d' or '2w'");
  return Duration::parse(text, place).fixed.count() / micros_per_day;
}

/// A definition names columns of the records and rules on them (reconciliation.md §2).
struct Definition {
  std::string customer, start, end;
  std::optional<std::string> value = {};
  std::optional<std::string> currency = {};  // a column, or a code where the records have no such column
  std::vector<NamedRule> where = {};         // a record takes part when it passes all
  std::vector<NamedRule> joins = {};         // a spell's opening counts as in when its record passes all
  std::vector<NamedRule> leaves = {};        // a spell's end counts as out when its record passes all
  std::vector<Grace> grace = {{"grace", {}, 30}};
  EmptyRecords empty = EmptyRecords::ignore;
  std::optional<std::string> segment = {}, acquired = {}, key = {}, follows = {};
  std::optional<std::string> known = {};      // when a version of the record was known; null: always
  std::optional<std::string> withdrawn = {};  // whether this version withdraws the record

  friend bool operator==(const Definition&, const Definition&) = default;
};

namespace definition_detail {

inline bool asks_for_spell(const Condition& rule) {
  if (rule.kind == Condition::Kind::spell_number) return true;
  for (const Condition& part : rule.parts)
    if (asks_for_spell(part)) return true;
  return false;
}

inline void check_names(const std::vector<std::string>& names, const std::vector<std::string>& reserved, const std::string& place) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) refuse(place, "a rule without a name", "a name, which fates and bridges call it by");
    for (const std::string& word : reserved)
      if (names[i] == word) refuse(place, "a rule named '" + word + "'", "another name: that one is reserved");
    for (std::size_t j = 0; j < i; ++j)
      if (names[i] == names[j]) refuse(place, "two rules named '" + names[i] + "'", "different names");
  }
}

}  // namespace definition_detail

/// @throws InvalidInput for what no table could make right: missing or reserved names, spell_number outside joins and leaves, graces
/// without a default at the end, follows, known or withdrawn without key.
inline void validate(const Definition& definition, const std::string& place = "definition") {
  using namespace definition_detail;
  const auto at = [&](const char* field) { return place + "." + field; };
  const auto given = [&](const char* field, const std::string& column) {
    if (column.empty()) refuse(at(field), "no column", "the name of one");
  };
  given("customer", definition.customer);
  given("start", definition.start);
  given("end", definition.end);
  const auto names = [](const auto& rules) {
    std::vector<std::string> out;
    for (const auto& rule : rules) out.push_back(rule.name);
    return out;
  };
  check_names(names(definition.where), {"no start", "empty"}, at("where"));
  check_names(names(definition.joins), {}, at("joins"));
  check_names(names(definition.leaves), {}, at("leaves"));
  check_names(names(definition.grace), {"follows", "replaced"}, at("grace"));
  const auto no_spell = [&](const Condition& rule, const char* field) {
    if (asks_for_spell(rule)) refuse(at(field), "spell_number", "it in joins and leaves only: a record has no spell before its ledger is run");
  };
  for (const NamedRule& rule : definition.where) no_spell(rule.rule, "where");
  for (std::size_t i = 0; i < definition.grace.size(); ++i) {
    const Grace& grace = definition.grace[i];
    if (grace.days < 0) refuse(at("grace"), std::to_string(grace.days) + " days", "0 or more");
    if (grace.rule) no_spell(*grace.rule, "grace");
    const bool last = i + 1 == definition.grace.size();
    if (last && grace.rule)
      refuse(at("grace"), "a rule in the last entry, '" + grace.name + "'", "none there: it is the default for all other records");
    if (!last && !grace.rule) refuse(at("grace"), "no rule in '" + grace.name + "', which is not the last entry", "a rule");
  }
  if (definition.grace.empty()) refuse(at("grace"), "no entry", "at least the default");
  if (definition.follows && !definition.key)
    refuse(at("follows"), "'" + *definition.follows + "' without key", "key too: follows names the key of the record it replaces");
  for (const auto& [field, column] : {std::pair{"known", &definition.known}, std::pair{"withdrawn", &definition.withdrawn}}) {
    if (*column && !definition.key) refuse(at(field), "'" + **column + "' without key", "key too: versions of one record have one key");
    if (*column) given(field, **column);
  }
}

}  // namespace sojourn
