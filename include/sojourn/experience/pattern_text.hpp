// Patterns and conditions as sentences: "third contact within 30 days".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/experience/pattern.hpp"

namespace sojourn {

/// "30 days", "1 hour", "10 years".
inline std::string describe(const Duration& duration) {
  const auto count = [](std::int64_t n, const char* unit) { return std::to_string(n) + " " + unit + (n == 1 ? "" : "s"); };
  if (duration.is_calendar()) return duration.text();
  const std::int64_t seconds = duration.fixed.count() / micros_per_second;
  constexpr std::array<std::pair<std::int64_t, const char*>, 3> units = {{{86'400, "day"}, {3600, "hour"}, {60, "minute"}}};
  for (const auto& [length, unit] : units)
    if (seconds % length == 0) return count(seconds / length, unit);
  return count(seconds, "second");
}

/// "amount > 100 and (tag = 'x' or tag is null)".
inline std::string describe(const Condition& condition) {
  const auto joined = [&](const char* word, const char* none) {
    std::string out;
    for (const Condition& part : condition.parts) {
      const bool brackets = condition.parts.size() > 1 && part.parts.size() > 1;
      out += (out.empty() ? "" : word) + (brackets ? "(" + describe(part) + ")" : describe(part));
    }
    return out.empty() ? none : out;
  };
  switch (condition.kind) {
    case Condition::Kind::all: return joined(" and ", "anything");
    case Condition::Kind::any: return joined(" or ", "nothing");
    case Condition::Kind::negation: return "not (" + describe(condition.parts.front()) + ")";
    case Condition::Kind::spell_number: return "spell " + std::to_string(condition.number);
    case Condition::Kind::compare: break;
  }
  if (condition.op == Compare::is_null) {
    const bool wanted = condition.values.empty() || condition.values.front() != Literal{false};
    return condition.column + (wanted ? " is null" : " is not null");
  }
  if (condition.op == Compare::in) {
    std::string out;
    for (const Literal& value : condition.values) out += (out.empty() ? "" : ", ") + to_string(value);
    return condition.column + " in (" + out + ")";
  }
  static constexpr const char* signs[] = {"=", "≠", "<", "≤", ">", "≥"};
  return condition.column + " " + signs[static_cast<std::size_t>(condition.op)] + " " + to_string(condition.values.front());
}

/// "first", "third", "21st".
inline std::string ordinal_word(std::int64_t n) {
  static constexpr const char* words[] = {"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"};
  if (n >= 1 && n <= 10) return words[n - 1];
  const std::int64_t tens = n % 100, last = n % 10;
  const char* ending = tens >= 11 && tens <= 13 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  return std::to_string(n) + ending;
}

/// The pattern as a phrase. Nested patterns stand in brackets.
inline std::string describe(const Pattern& pattern) {
  const auto part = [&](std::size_t i) {
    const Pattern& p = pattern.parts[i];
    const bool plain = p.is_name() || (p.form == Form::event && p.parts.front().is_name() && p.where.is_trivial());
    return plain ? describe(p) : "(" + describe(p) + ")";
  };
  const auto joined = [&](const char* word) {
    std::string out;
    for (std::size_t i = 0; i < pattern.parts.size(); ++i) out += (i == 0 ? "" : word) + part(i);
    return out;
  };
  const std::string window = describe(pattern.within);
  const std::string where = pattern.where.is_trivial() ? "" : " where " + describe(pattern.where);
  switch (pattern.form) {
    case Form::name: return pattern.name;
    case Form::event: return part(0) + where;
    case Form::nth: return ordinal_word(pattern.n) + " " + part(0) + where;
    case Form::count: return ordinal_word(pattern.n) + (pattern.rearm == Rearm::every ? " or later " : " ") + part(0) + where + " within " + window;
    case Form::absent:
      return "no " + part(0) + where + " within " + window + " after " + part(1) + (pattern.parts.size() > 2 ? ", unless " + part(2) : "");
    case Form::sequence: return joined(pattern.strict ? " directly followed by " : " then ") + " within " + window + where;
    case Form::anniversary: return "every " + window + " after " + part(0) + where;
    case Form::gap: return window + " of silence" + where;
    case Form::any_of: return joined(" or ") + where;
    case Form::all_of: return joined(" and ") + " within " + window + where;
  }
  return {};
}

}  // namespace sojourn
