// Conditions in JSON, as journey files and ledger definitions write them (`where` lists).
#pragma once

#include <array>
#include <string>
#include <utility>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/json.hpp"

namespace sojourn {

namespace condition_json_detail {

inline constexpr std::array<std::pair<const char*, Compare>, 8> operators = {{{"==", Compare::eq},
                                                                              {"!=", Compare::ne},
                                                                              {"<", Compare::lt},
                                                                              {"<=", Compare::le},
                                                                              {">", Compare::gt},
                                                                              {">=", Compare::ge},
                                                                              {"in", Compare::in},
                                                                              {"is_null", Compare::is_null}}};

inline Literal read_literal(const JsonCursor& at) {
  const boost::json::value& v = at.value();
  if (v.is_null()) return std::monostate{};
  if (v.is_bool()) return v.get_bool();
  if (v.is_int64()) return v.get_int64();
  if (v.is_uint64() || v.is_double()) return at.number();
  if (v.is_string()) return std::string(v.get_string());
  at.fail("a string, number, true, false or null");
}

inline boost::json::value write_literal(const Literal& literal) {
  struct Write {
    boost::json::value operator()(std::monostate) const { return nullptr; }
    boost::json::value operator()(bool b) const { return b; }
    boost::json::value operator()(std::int64_t n) const { return n; }
    boost::json::value operator()(double x) const { return x; }
    boost::json::value operator()(const std::string& s) const { return boost::json::value(s); }
  };
  return std::visit(Write{}, literal);
}

}  // namespace condition_json_detail

/// Whether `spell_number` may stand in a condition: in ledgers' rules only.
enum class SpellRules : std::uint8_t { refused, allowed };

Condition read_conditions(const JsonCursor& at, SpellRules spells);

/// One condition object. @throws InvalidInput with the place.
inline Condition read_condition(const JsonCursor& at, SpellRules spells) {
  using namespace condition_json_detail;
  Condition out;
  out.place = at.place();
  if (const auto any = at.find("any")) {
    at.only(std::array<std::string, 1>{"any"});
    out.kind = Condition::Kind::any;
    for (const JsonCursor& part : any->items()) out.parts.push_back(read_condition(part, spells));
    return out;
  }
  if (const auto all = at.find("all")) {
    at.only(std::array<std::string, 1>{"all"});
    for (const JsonCursor& part : all->items()) out.parts.push_back(read_condition(part, spells));
    return out;
  }
  if (const auto negated = at.find("not")) {
    at.only(std::array<std::string, 1>{"not"});
    out.kind = Condition::Kind::negation;
    out.parts.push_back(read_conditions(*negated, spells));
    return out;
  }
  if (const auto number = at.find("spell_number")) {
    if (spells == SpellRules::refused) refuse(at.place(), "spell_number", "a condition on columns (spells are a ledger's)");
    at.only(std::array<std::string, 1>{"spell_number"});
    out.kind = Condition::Kind::spell_number;
    out.number = number->integer();
    if (out.number < 1) number->fail("1 or more");
    return out;
  }
  at.only(std::array<std::string, 3>{"column", "op", "value"});
  out.kind = Condition::Kind::compare;
  out.column = at.require("column").string();
  const JsonCursor op = at.require("op");
  const std::string word = op.string();
  const auto* known = std::find_if(operators.begin(), operators.end(), [&](const auto& o) { return word == o.first; });
  if (known == operators.end()) op.fail("one of ==, !=, <, <=, >, >=, in, is_null");
  out.op = known->second;
  if (out.op == Compare::is_null) {
    const auto value = at.find("value");
    if (value && !value->is_null()) out.values.emplace_back(value->boolean());
  } else if (out.op == Compare::in) {
    for (const JsonCursor& item : at.require("value").items()) out.values.push_back(read_literal(item));
  } else {
    out.values.push_back(read_literal(at.require("value")));
  }
  return out;
}

/// A list of conditions that all must hold, or a single condition object.
inline Condition read_conditions(const JsonCursor& at, SpellRules spells) {
  if (at.is_object()) return read_condition(at, spells);
  Condition out;
  out.place = at.place();
  for (const JsonCursor& part : at.items()) out.parts.push_back(read_condition(part, spells));
  return out;
}

inline boost::json::value write_condition(const Condition& condition) {
  using namespace condition_json_detail;
  const auto parts = [&] {
    boost::json::array out;
    for (const Condition& part : condition.parts) out.push_back(write_condition(part));
    return out;
  };
  switch (condition.kind) {
    case Condition::Kind::any: return boost::json::object{{"any", parts()}};
    case Condition::Kind::all: return boost::json::object{{"all", parts()}};
    case Condition::Kind::negation: return boost::json::object{{"not", write_condition(condition.parts.front())}};
    case Condition::Kind::spell_number: return boost::json::object{{"spell_number", condition.number}};
    case Condition::Kind::compare: break;
  }
  const auto* op = std::find_if(operators.begin(), operators.end(), [&](const auto& o) { return condition.op == o.second; });
  boost::json::object out{{"column", condition.column}, {"op", op->first}};
  if (condition.op == Compare::in) {
    boost::json::array values;
    for (const Literal& value : condition.values) values.push_back(write_literal(value));
    out["value"] = std::move(values);
  } else if (!condition.values.empty()) {
    out["value"] = write_literal(condition.values.front());
  }
  return out;
}

/// The list form: what `read_conditions` reads back.
inline boost::json::array write_conditions(const Condition& condition) {
  boost::json::array out;
  if (condition.kind == Condition::Kind::all) {
    for (const Condition& part : condition.parts) out.push_back(write_condition(part));
  } else {
    out.push_back(write_condition(condition));
  }
  return out;
}

}  // namespace sojourn
