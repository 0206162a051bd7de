// Patterns in JSON, as journey files write them (`when`).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/condition_json.hpp"
#include "sojourn/core/json.hpp"
#include "sojourn/experience/pattern.hpp"

namespace sojourn {

Pattern read_pattern(const JsonCursor& at);

namespace pattern_json_detail {

inline constexpr Form forms[] = {Form::event,       Form::nth, Form::count,  Form::absent, Form::sequence,
                                 Form::anniversary, Form::gap, Form::any_of, Form::all_of};

/// The one form that an object names.
inline Form read_form(const JsonCursor& at) {
  std::optional<Form> found;
  for (const Form form : forms) {
    if (!at.find(to_string(form))) continue;
    if (found) refuse(at.place(), std::string("both '") + to_string(*found) + "' and '" + to_string(form) + "'", "one form");
    found = form;
  }
  if (found) return *found;
  std::vector<std::string> words, keys;
  for (const Form form : forms) words.emplace_back(to_string(form));
  std::string near;
  for (const auto& [key, value] : at.members()) {
    keys.push_back(key);
    if (near.empty()) near = did_you_mean(key, words);
  }
  refuse(at.place(), "no form among " + listed(keys) + near, "one of " + listed(words));
}

inline std::vector<std::string> keys_of(Form form) {
  switch (form) {
    case Form::nth: return {"nth", "n", "where"};
    case Form::count: return {"count", "at_least", "within", "rearm", "where"};
    case Form::absent: return {"absent", "within", "after", "unless", "where"};
    case Form::sequence: return {"sequence", "within", "strict", "where"};
    case Form::anniversary: return {"anniversary", "every", "where"};
    case Form::all_of: return {"all_of", "within", "where"};
    default: return {to_string(form), "where"};
  }
}

inline Pattern read_operand(const JsonCursor& at) {
  if (at.is_string()) return Pattern(at.string());
  if (!at.is_object()) at.fail("the name of an event or a pattern");
  return read_pattern(at);
}

inline std::vector<Pattern> read_operands(const JsonCursor& at) {
  std::vector<Pattern> out;
  for (const JsonCursor& item : at.items()) out.push_back(read_operand(item));
  return out;
}

inline Duration read_duration(const JsonCursor& at) { return Duration::parse(at.string(), at.place()); }

inline Rearm read_rearm(const JsonCursor& at) {
  const std::string word = at.string();
  if (word != "below" && word != "every") at.fail("'below' or 'every'");
  return word == "every" ? Rearm::every : Rearm::below;
}

}  // namespace pattern_json_detail

/// A `where`: all of its conditions must hold. A single condition object is a list of one.
inline Condition read_where(const JsonCursor& at) {
  Condition read = read_conditions(at, SpellRules::refused);
  if (read.kind == Condition::Kind::all) return read;
  Condition out;
  out.place = at.place();
  out.parts.push_back(std::move(read));
  return out;
}

/// A pattern object. Reads what is written; whether it can occur is `check_possible`'s to say. @throws InvalidInput with the place.
inline Pattern read_pattern(const JsonCursor& at) {
  using namespace pattern_json_detail;
  if (!at.is_object()) at.fail("a pattern, as {\"event\": \"order\"}");
  Pattern out;
  out.form = read_form(at);
  at.only(keys_of(out.form));
  const JsonCursor x = at.require(to_string(out.form));
  const bool is_list = out.form == Form::sequence || out.form == Form::any_of || out.form == Form::all_of;
  if (out.form == Form::gap) out.within = read_duration(x);
  else out.parts = is_list ? read_operands(x) : std::vector{read_operand(x)};
  if (out.form == Form::nth) out.n = at.require("n").integer();
  if (out.form == Form::count) out.n = at.require("at_least").integer();
  if (out.form == Form::anniversary) out.within = read_duration(at.require("every"));
  if (out.form == Form::count || out.form == Form::absent || out.form == Form::sequence || out.form == Form::all_of)
    out.within = read_duration(at.require("within"));
  if (out.form == Form::absent) {
    out.parts.push_back(read_operand(at.require("after")));
    if (const auto unless = at.find("unless")) out.parts.push_back(read_operand(*unless));
  }
  if (const auto rearm = at.find("rearm")) out.rearm = read_rearm(*rearm);
  if (const auto strict = at.find("strict")) out.strict = strict->boolean();
  if (const auto where = at.find("where")) out.where = read_where(*where);
  return out;
}

/// What `read_pattern` reads back; a bare name is a string.
inline boost::json::value write_pattern(const Pattern& pattern) {
  if (pattern.is_name()) return boost::json::value(pattern.name);
  const auto part = [&](std::size_t i) { return write_pattern(pattern.parts[i]); };
  const auto list = [&] {
    boost::json::array out;
    for (const Pattern& p : pattern.parts) out.push_back(write_pattern(p));
    return out;
  };
  const std::string window = pattern.within.text();
  boost::json::object out;
  switch (pattern.form) {
    case Form::name: break;
    case Form::event: out = {{"event", part(0)}}; break;
    case Form::nth: out = {{"nth", part(0)}, {"n", pattern.n}}; break;
    case Form::count:
      out = {{"count", part(0)}, {"at_least", pattern.n}, {"within", window}};
      if (pattern.rearm == Rearm::every) out["rearm"] = "every";
      break;
    case Form::absent:
      out = {{"absent", part(0)}, {"within", window}, {"after", part(1)}};
      if (pattern.parts.size() > 2) out["unless"] = part(2);
      break;
    case Form::sequence:
      out = {{"sequence", list()}, {"within", window}};
      if (pattern.strict) out["strict"] = true;
      break;
    case Form::anniversary: out = {{"anniversary", part(0)}, {"every", window}}; break;
    case Form::gap: out = {{"gap", window}}; break;
    case Form::any_of: out = {{"any_of", list()}}; break;
    case Form::all_of: out = {{"all_of", list()}, {"within", window}}; break;
  }
  if (!pattern.where.is_trivial()) out["where"] = write_conditions(pattern.where);
  return out;
}

}  // namespace sojourn
