// Journey files: read strictly, written back so that reading gives the same journey.
#pragma once

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/json.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/pattern_json.hpp"

namespace sojourn {

inline constexpr const char* journey_schema = "sojourn-journey-1";

namespace journey_json_detail {

using Keys = std::vector<std::string>;

inline std::string text_or_empty(const JsonCursor& at, const char* key) {
  const auto member = at.find(key);
  return member ? member->string() : std::string{};
}

inline std::vector<std::string> texts(const JsonCursor& at, const char* key) {
  std::vector<std::string> out;
  if (const auto member = at.find(key))
    for (const JsonCursor& item : member->items()) out.push_back(item.string());
  return out;
}

inline Stage read_stage(const JsonCursor& at) {
  at.only(Keys{"id", "name", "goal", "needs", "emotion"});
  return {at.require("id").string(), text_or_empty(at, "name"), text_or_empty(at, "goal"), texts(at, "needs"), text_or_empty(at, "emotion")};
}

/// Which kind of KPI `met` is: the one key among the four that it has.
inline Kpi::Kind read_kpi_kind(const JsonCursor& met) {
  std::optional<Kpi::Kind> found;
  for (const auto kind : {Kpi::Kind::follows, Kpi::Kind::preceded_by, Kpi::Kind::absent, Kpi::Kind::where}) {
    if (!met.find(to_string(kind))) continue;
    if (found) refuse(met.place(), std::string("both '") + to_string(*found) + "' and '" + to_string(kind) + "'", "one of them");
    found = kind;
  }
  if (!found) {
    const Keys words{"follows", "preceded_by", "absent", "where"};
    Keys keys;
    for (const auto& [key, value] : met.members()) keys.push_back(key);
    refuse(met.place(), listed(keys) + (keys.empty() ? "" : did_you_mean(keys.front(), words)), "one of " + listed(words));
  }
  return *found;
}

inline Kpi read_kpi(const JsonCursor& at) {
  at.only(Keys{"name", "met", "target"});
  Kpi out;
  out.name = at.require("name").string();
  if (const auto target = at.find("target")) out.target = target->number();
  const JsonCursor met = at.require("met");
  out.kind = read_kpi_kind(met);
  const char* word = to_string(out.kind);
  if (out.kind == Kpi::Kind::where) {
    met.only(Keys{"where"});
    out.where = read_where(met.require("where"));
    return out;
  }
  met.only(out.kind == Kpi::Kind::absent ? Keys{"absent", "within", "after"} : Keys{word, "within"});
  out.x = pattern_json_detail::read_operand(met.require(word));
  out.within = pattern_json_detail::read_duration(met.require("within"));
  if (out.kind == Kpi::Kind::absent)
    if (const JsonCursor after = met.require("after"); !after.is_string() || after.string() != "this") after.fail("\"this\" (the occurrence)");
  return out;
}

inline MomentKind read_kind(const JsonCursor& at) {
  const std::string word = at.string();
  if (word != "obvious" && word != "missed") at.fail("'obvious' or 'missed'");
  return word == "missed" ? MomentKind::missed : MomentKind::obvious;
}

inline Moment read_moment(const JsonCursor& at) {
  at.only(Keys{"id", "stage", "name", "kind", "when", "accountable", "shared", "kpi"});
  Moment out;
  out.id = at.require("id").string();
  out.stage = at.require("stage").string();
  out.name = text_or_empty(at, "name");
  if (const auto kind = at.find("kind")) out.kind = read_kind(*kind);
  out.when = read_pattern(at.require("when"));
  out.accountable = text_or_empty(at, "accountable");
  out.shared = texts(at, "shared");
  if (const auto kpi = at.find("kpi")) out.kpi = read_kpi(*kpi);
  return out;
}

inline Outcome read_outcome(const JsonCursor& at) {
  at.only(Keys{"id", "name", "when"});
  return {at.require("id").string(), read_pattern(at.require("when")), text_or_empty(at, "name")};
}

inline Selection read_selection(const JsonCursor& at) {
  at.only(Keys{"id", "moments"});
  Selection out{at.require("id").string(), {}};
  for (const JsonCursor& item : at.require("moments").items()) out.moments.push_back(item.string());
  return out;
}

inline void put(boost::json::object& out, const char* key, const std::string& text) {
  if (!text.empty()) out[key] = text;
}

inline void put(boost::json::object& out, const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  boost::json::array list;
  for (const std::string& text : texts) list.emplace_back(text);
  out[key] = std::move(list);
}

inline boost::json::object write_kpi(const Kpi& kpi) {
  boost::json::object met;
  if (kpi.kind == Kpi::Kind::where) {
    met["where"] = write_conditions(kpi.where);
  } else {
    met[to_string(kpi.kind)] = write_pattern(kpi.x);
    met["within"] = kpi.within.text();
    if (kpi.kind == Kpi::Kind::absent) met["after"] = "this";
  }
  boost::json::object out{{"name", kpi.name}, {"met", std::move(met)}};
  if (kpi.target) out["target"] = *kpi.target;
  return out;
}

}  // namespace journey_json_detail

/// A journey from JSON. @throws InvalidInput with the place of what is unknown, missing, of a wrong type, or impossible.
inline Journey read_journey(const JsonCursor& at) {
  using namespace journey_json_detail;
  if (!at.is_object()) at.fail("an object with \"schema\", \"stages\" and \"moments\"");
  at.only(Keys{"schema", "journey", "version", "note", "part_of", "outcomes", "stages", "moments", "selections"});
  if (const JsonCursor schema = at.require("schema"); schema.string() != journey_schema) schema.fail(std::string("'") + journey_schema + "'");
  Journey::Parts parts;
  parts.name = text_or_empty(at, "journey");
  if (const auto version = at.find("version")) parts.version = version->integer();
  parts.note = text_or_empty(at, "note");
  parts.part_of = text_or_empty(at, "part_of");
  for (const JsonCursor& stage : at.require("stages").items()) parts.stages.push_back(read_stage(stage));
  for (const JsonCursor& moment : at.require("moments").items()) parts.moments.push_back(read_moment(moment));
  if (const auto outcomes = at.find("outcomes"))
    for (const JsonCursor& outcome : outcomes->items()) parts.outcomes.push_back(read_outcome(outcome));
  if (const auto selections = at.find("selections"))
    for (const JsonCursor& selection : selections->items()) parts.selections.push_back(read_selection(selection));
  return Journey{std::move(parts)};
}

/// The journey as a file's JSON: `read_journey` of it gives an equal journey.
inline boost::json::object write_journey(const Journey& journey) {
  using namespace journey_json_detail;
  boost::json::object out{{"schema", journey_schema}};
  put(out, "journey", journey.name());
  out["version"] = journey.version();
  put(out, "note", journey.note());
  put(out, "part_of", journey.part_of());
  boost::json::array outcomes, stages, moments;
  for (const Outcome& outcome : journey.outcomes()) {
    boost::json::object item{{"id", outcome.id}};
    put(item, "name", outcome.name);
    item["when"] = write_pattern(outcome.when);
    outcomes.push_back(std::move(item));
  }
  for (const Stage& stage : journey.stages()) {
    boost::json::object item{{"id", stage.id}};
    put(item, "name", stage.name);
    put(item, "goal", stage.goal);
    put(item, "needs", stage.needs);
    put(item, "emotion", stage.emotion);
    stages.push_back(std::move(item));
  }
  for (const Moment& moment : journey.moments()) {
    boost::json::object item{{"id", moment.id}, {"stage", moment.stage}};
    put(item, "name", moment.name);
    if (moment.kind != MomentKind::unsaid) item["kind"] = moment.kind == MomentKind::missed ? "missed" : "obvious";
    item["when"] = write_pattern(moment.when);
    put(item, "accountable", moment.accountable);
    put(item, "shared", moment.shared);
    if (moment.kpi) item["kpi"] = write_kpi(*moment.kpi);
    moments.push_back(std::move(item));
  }
  out["outcomes"] = std::move(outcomes);
  out["stages"] = std::move(stages);
  out["moments"] = std::move(moments);
  boost::json::array selections;
  for (const Selection& selection : journey.selections()) {
    boost::json::object item{{"id", selection.id}};
    put(item, "moments", selection.moments);
    selections.push_back(std::move(item));
  }
  if (!selections.empty()) out["selections"] = std::move(selections);
  return out;
}

inline Journey Journey::parse(std::string_view text, const std::string& what) {
  const boost::json::value value = parse_json(text, what);
  return read_journey({value, ""});
}

inline Journey Journey::load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) refuse("journey", "no file '" + path + "' that can be read", "a journey file (JSON)");
  return parse(text, path);
}

}  // namespace sojourn
