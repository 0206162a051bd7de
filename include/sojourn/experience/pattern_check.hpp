// Refuses patterns that can never occur, and conditions that no event can meet, with their place.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/experience/pattern.hpp"
#include "sojourn/experience/pattern_text.hpp"

namespace sojourn {

namespace check_detail {

inline std::string inside(const std::string& place, const std::string& key) { return place.empty() ? key : place + "." + key; }

/// −1, 0, 1; nullopt for constants of different kinds, which no column can hold both of.
inline std::optional<int> order(const Literal& a, const Literal& b) {
  const auto number = [](const Literal& l) -> std::optional<long double> {
    if (const auto* n = std::get_if<std::int64_t>(&l)) return static_cast<long double>(*n);
    if (const auto* x = std::get_if<double>(&l)) return static_cast<long double>(*x);
    return std::nullopt;
  };
  const auto three_way = [](const auto& x, const auto& y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (const auto x = number(a), y = number(b); x && y) return three_way(*x, *y);
  if (a.index() != b.index()) return std::nullopt;
  if (const auto* s = std::get_if<std::string>(&a)) return three_way(*s, std::get<std::string>(b));
  if (const auto* t = std::get_if<bool>(&a)) return three_way(*t, std::get<bool>(b));
  return std::nullopt;
}

/// Whether a column that holds `value` meets a comparison.
inline bool meets(const Literal& value, const Condition& c) {
  if (c.op == Compare::is_null) return c.values == std::vector<Literal>{false};
  if (c.op == Compare::in) return std::any_of(c.values.begin(), c.values.end(), [&](const Literal& v) { return order(value, v) == 0; });
  const auto sign = order(value, c.values.front());
  if (!sign) return false;
  switch (c.op) {
    case Compare::eq: return *sign == 0;
    case Compare::ne: return *sign != 0;
    case Compare::lt: return *sign < 0;
    case Compare::le: return *sign <= 0;
    case Compare::gt: return *sign > 0;
    default: return *sign >= 0;
  }
}

/// Whether some value of one column meets all of its comparisons. "No" is certain; "yes" may be generous (texts that stand for times).
inline bool possible(const std::vector<const Condition*>& comparisons) {
  const auto wants_null = [](const Condition* c) { return c->op == Compare::is_null && c->values != std::vector<Literal>{false}; };
  const auto nulls = std::count_if(comparisons.begin(), comparisons.end(), wants_null);
  if (nulls != 0) return nulls == static_cast<std::ptrdiff_t>(comparisons.size());
  const auto meets_all = [&](const Literal& v) {
    return std::all_of(comparisons.begin(), comparisons.end(), [&](const Condition* c) { return meets(v, *c); });
  };
  for (const Condition* c : comparisons)
    if (c->op == Compare::eq || c->op == Compare::in) return std::any_of(c->values.begin(), c->values.end(), meets_all);
  const Condition *low = nullptr, *high = nullptr;
  for (const Condition* c : comparisons) {
    const bool lower = c->op == Compare::gt || c->op == Compare::ge;
    if (!lower && c->op != Compare::lt && c->op != Compare::le) continue;
    const Condition*& bound = lower ? low : high;
    const auto sign = bound == nullptr ? std::optional{lower ? 1 : -1} : order(c->values.front(), bound->values.front());
    if (!sign) return false;
    const bool strict = c->op == Compare::gt || c->op == Compare::lt;
    if (*sign == (lower ? 1 : -1) || (*sign == 0 && strict)) bound = c;
  }
  if (low == nullptr || high == nullptr) return true;
  const auto *from = std::get_if<std::string>(&low->values.front()), *to = std::get_if<std::string>(&high->values.front());
  if (from != nullptr && to != nullptr && (from->starts_with(*to) || to->starts_with(*from)) && *from != *to)
    return true;  // '2026-03-01' may be midnight
  const auto sign = order(low->values.front(), high->values.front());
  return sign && (*sign < 0 || (*sign == 0 && meets_all(low->values.front())));
}

inline void check_all(const std::vector<const Condition*>& parts, const std::string& place);

/// One condition alone; `may_fail` says that it stands under a `not`, where what never holds is no contradiction.
inline void check_condition(const Condition& c, const std::string& fallback, bool may_fail = false) {
  const std::string place = c.place.empty() ? fallback : c.place;
  switch (c.kind) {
    case Condition::Kind::compare:
      if (c.column.empty()) refuse(inside(place, "column"), "''", "the name of a column");
      if (c.op == Compare::in && c.values.empty()) refuse(inside(place, "value"), "an empty list", "at least one value");
      if (std::any_of(c.values.begin(), c.values.end(), [](const Literal& v) { return std::holds_alternative<std::monostate>(v); }))
        refuse(inside(place, "value"), "null", "a value (nothing compares with null; is_null asks for it)");
      return;
    case Condition::Kind::spell_number: refuse(place, "spell_number", "a condition on columns (spells are a ledger's)");
    case Condition::Kind::negation: return check_condition(c.parts.front(), inside(place, "not"), true);
    case Condition::Kind::any:
      if (c.parts.empty()) refuse(inside(place, "any"), "an empty list", "at least one condition");
      break;
    case Condition::Kind::all: break;
  }
  std::vector<const Condition*> all;
  for (std::size_t i = 0; i < c.parts.size(); ++i) {
    const bool alternative = c.kind == Condition::Kind::any;
    check_condition(c.parts[i], alternative ? inside(place, "any[" + std::to_string(i) + "]") : place + "[" + std::to_string(i) + "]", may_fail);
    if (!alternative) all.push_back(&c.parts[i]);
  }
  if (!may_fail) check_all(all, place);
}

/// Comparisons of one column that must hold together.
inline void check_all(const std::vector<const Condition*>& parts, const std::string& place) {
  std::map<std::string, std::vector<const Condition*>> by_column;
  const auto collect = [&](const auto& self, const Condition& c) -> void {
    if (c.kind == Condition::Kind::compare) by_column[c.column].push_back(&c);
    if (c.kind == Condition::Kind::all)
      for (const Condition& part : c.parts) self(self, part);
  };
  for (const Condition* part : parts) collect(collect, *part);
  for (const auto& [column, comparisons] : by_column) {
    if (possible(comparisons)) continue;
    std::string found;
    for (const Condition* c : comparisons) found += (found.empty() ? "" : " and ") + describe(*c);
    refuse(place, found, "conditions on '" + column + "' that can hold together");
  }
}

}  // namespace check_detail

/// Refuses a condition on events that can never hold. @param place where it stands, for the message.
inline void check_possible(const Condition& where, const std::string& place) { check_detail::check_condition(where, place); }

/// Refuses a pattern that can never occur. @param place where it stands, for the message ("moments[3].when"). @throws InvalidInput
inline void check_possible(const Pattern& pattern, const std::string& place) {
  using check_detail::inside;
  const auto need = [&](const char* key, bool holds, const std::string& found, const char* expected) {
    if (!holds) refuse(inside(place, key), found, expected);
  };
  const std::string size = std::to_string(pattern.parts.size()) + (pattern.parts.size() == 1 ? " pattern" : " patterns");
  switch (pattern.form) {
    case Form::name:
      if (pattern.name.empty()) refuse(place, "''", "the name of an event");
      if (pattern.name == "this") refuse(place, "'this'", "the name of an event ('this' is reserved: it stands in a KPI's \"after\")");
      return;
    case Form::nth: need("n", pattern.n >= 1, std::to_string(pattern.n), "1 or more"); break;
    case Form::count: need("at_least", pattern.n >= 1, std::to_string(pattern.n), "1 or more"); break;
    case Form::anniversary: need("every", !pattern.within.is_zero(), "'" + pattern.within.text() + "'", "a duration above zero"); break;
    case Form::sequence: need("sequence", pattern.parts.size() >= 2, size, "2 or more (one alone is an event)"); break;
    case Form::all_of: need("all_of", pattern.parts.size() >= 2, size, "2 or more (one alone is an event)"); break;
    case Form::any_of: need("any_of", !pattern.parts.empty(), size, "at least one"); break;
    case Form::event:
    case Form::absent:
    case Form::gap: break;
  }
  for (std::size_t i = 0; i < pattern.parts.size(); ++i) check_possible(pattern.parts[i], inside(place, pattern.part_key(i)));
  check_possible(pattern.where, inside(place, "where"));
}

}  // namespace sojourn
