// Definitions in JSON: read, written, told apart in words, and versioned by what they say.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/definition.hpp"
#include "sojourn/core/condition_json.hpp"
#include "sojourn/core/json.hpp"

namespace sojourn {

namespace definition_detail {

inline std::optional<std::string> optional_string(const JsonCursor& at, const char* key) {
  const auto member = at.find(key);
  return member && !member->is_null() ? std::optional{member->string()} : std::nullopt;
}

inline std::vector<NamedRule> read_rules(const JsonCursor& at, const char* key, SpellRules spells) {
  std::vector<NamedRule> out;
  const auto rules = at.find(key);
  if (!rules || rules->is_null()) return out;
  for (const auto& [name, rule] : rules->members()) out.push_back({name, read_conditions(rule, spells)});
  return out;
}

inline std::vector<Grace> read_graces(const JsonCursor& at) {
  if (at.is_string()) return {{"grace", {}, grace_days(at.string(), at.place())}};
  std::vector<Grace> out;
  for (const JsonCursor& entry : at.items()) {
    const std::vector<JsonCursor> parts = entry.items();
    if (parts.size() != 3) entry.fail("[name, rule or null, duration]");
    Grace grace{parts[0].string(), {}, grace_days(parts[2].string(), parts[2].place())};
    if (!parts[1].is_null()) grace.rule = read_conditions(parts[1], SpellRules::refused);
    out.push_back(std::move(grace));
  }
  return out;
}

// A rule's short form: the object itself where it is one, the list where several must hold.
inline boost::json::value write_rule(const Condition& rule) {
  if (rule.kind == Condition::Kind::all) return write_conditions(rule);
  return write_condition(rule);
}

inline boost::json::object write_rules(const std::vector<NamedRule>& rules) {
  boost::json::object out;
  for (const NamedRule& rule : rules) out[rule.name] = write_rule(rule.rule);
  return out;
}

inline boost::json::value write_graces(const std::vector<Grace>& graces) {
  if (graces.size() == 1 && graces.front().name == "grace") return boost::json::value(std::to_string(graces.front().days) + "d");
  boost::json::array out;
  for (const Grace& grace : graces)
    out.push_back(boost::json::array{boost::json::value(grace.name), grace.rule ? write_rule(*grace.rule) : boost::json::value(nullptr),
                                     boost::json::value(std::to_string(grace.days) + "d")});
  return out;
}

}  // namespace definition_detail

/// @throws InvalidInput with the place in the file.
inline Definition read_definition(const JsonCursor& at) {
  using namespace definition_detail;
  at.only(std::array<std::string, 16>{"customer", "start", "end", "value", "currency", "where", "joins", "leaves", "grace", "empty", "segment",
                                      "acquired", "key", "follows", "known", "withdrawn"});
  Definition out;
  out.customer = at.require("customer").string();
  out.start = at.require("start").string();
  out.end = at.require("end").string();
  out.value = optional_string(at, "value");
  out.currency = optional_string(at, "currency");
  out.where = read_rules(at, "where", SpellRules::refused);
  out.joins = read_rules(at, "joins", SpellRules::allowed);
  out.leaves = read_rules(at, "leaves", SpellRules::allowed);
  if (const auto grace = at.find("grace"); grace && !grace->is_null()) out.grace = read_graces(*grace);
  if (const auto empty = at.find("empty"); empty && !empty->is_null()) {
    const std::string word = empty->string();
    if (word != "ignore" && word != "count") empty->fail("'ignore' or 'count'");
    out.empty = word == "count" ? EmptyRecords::count : EmptyRecords::ignore;
  }
  out.segment = optional_string(at, "segment");
  out.acquired = optional_string(at, "acquired");
  out.key = optional_string(at, "key");
  out.follows = optional_string(at, "follows");
  out.known = optional_string(at, "known");
  out.withdrawn = optional_string(at, "withdrawn");
  validate(out, at.place());
  return out;
}

/// Every field, those at their defaults too, so that a file says all there is to say.
inline boost::json::object write_definition(const Definition& definition) {
  using namespace definition_detail;
  const auto optional = [](const std::optional<std::string>& text) { return text ? boost::json::value(*text) : boost::json::value(nullptr); };
  return {{"customer", definition.customer},
          {"start", definition.start},
          {"end", definition.end},
          {"value", optional(definition.value)},
          {"currency", optional(definition.currency)},
          {"where", write_rules(definition.where)},
          {"joins", write_rules(definition.joins)},
          {"leaves", write_rules(definition.leaves)},
          {"grace", write_graces(definition.grace)},
          {"empty", definition.empty == EmptyRecords::count ? "count" : "ignore"},
          {"segment", optional(definition.segment)},
          {"acquired", optional(definition.acquired)},
          {"key", optional(definition.key)},
          {"follows", optional(definition.follows)},
          {"known", optional(definition.known)},
          {"withdrawn", optional(definition.withdrawn)}};
}

/// Sixteen hexadecimal digits that follow from what the definition says (FNV-1a of its JSON): equal definitions, equal versions.
inline std::string version(const Definition& definition) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : boost::json::serialize(write_definition(definition))) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

/// What differs between two definitions, a sentence a difference; empty when they say the same.
inline std::vector<std::string> differences(const Definition& a, const Definition& b) {
  using namespace definition_detail;
  std::vector<std::string> out;
  const auto shown = [](const boost::json::value& value) { return value.is_null() ? std::string("nothing") : boost::json::serialize(value); };
  const auto rules = [&](const std::string& field, const std::vector<NamedRule>& from, const std::vector<NamedRule>& to) {
    const auto find = [](const std::vector<NamedRule>& among, const std::string& name) {
      return std::find_if(among.begin(), among.end(), [&](const NamedRule& rule) { return rule.name == name; });
    };
    const std::size_t before = out.size();
    for (const NamedRule& rule : from) {
      const auto other = find(to, rule.name);
      if (other == to.end()) out.push_back(field + " '" + rule.name + "' is dropped (" + shown(write_rule(rule.rule)) + ")");
      else if (!(other->rule == rule.rule))
        out.push_back(field + " '" + rule.name + "' changes from " + shown(write_rule(rule.rule)) + " to " + shown(write_rule(other->rule)));
    }
    for (const NamedRule& rule : to)
      if (find(from, rule.name) == from.end()) out.push_back(field + " '" + rule.name + "' is added (" + shown(write_rule(rule.rule)) + ")");
    if (out.size() == before && !(from == to)) out.push_back(field + ": the same rules in another order (the first that fails names the fate)");
  };
  const boost::json::object one = write_definition(a), other = write_definition(b);
  for (const auto& member : one) {
    const std::string field(member.key());
    if (field == "where") rules(field, a.where, b.where);
    else if (field == "joins") rules(field, a.joins, b.joins);
    else if (field == "leaves") rules(field, a.leaves, b.leaves);
    else if (member.value() != other.at(field)) out.push_back(field + " changes from " + shown(member.value()) + " to " + shown(other.at(field)));
  }
  return out;
}

}  // namespace sojourn
