// Patterns as values, as phrases, as JSON; and which of them can never occur.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sojourn/experience/pattern.hpp"
#include "sojourn/experience/pattern_check.hpp"
#include "sojourn/experience/pattern_json.hpp"
#include "sojourn/experience/pattern_text.hpp"

using namespace sojourn;

namespace {

Condition compare(std::string column, Compare op, std::vector<Literal> values) {
  Condition c;
  c.kind = Condition::Kind::compare;
  c.column = std::move(column);
  c.op = op;
  c.values = std::move(values);
  return c;
}

Condition all(std::vector<Condition> parts) {
  Condition c;
  c.parts = std::move(parts);
  return c;
}

std::string refusal(const Pattern& pattern) {
  try {
    check_possible(pattern, "when");
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

std::vector<Pattern> one_of_each() {
  const Condition big = all({compare("amount", Compare::gt, {std::int64_t{100}})});
  return {Pattern::event("order").with(big),
          Pattern::nth("order", 100),
          Pattern::count("contact", 3, days(30)),
          Pattern::count("contact", 3, months(1), Rearm::every),
          Pattern::absent("follow_up", days(10), "claim_closed", "household_left"),
          Pattern::sequence({"quote", Pattern::gap(days(7)), "bind"}, hours(36), true),
          Pattern::anniversary("bind", years(1)),
          Pattern::gap(days(60)),
          Pattern::any_of({"a", Pattern::nth("b", 2)}),
          Pattern::all_of({"a", "b"}, days(7))};
}

}  // namespace

TEST_CASE("patterns read as phrases") {
  const std::vector<std::string> phrases = {"order where amount > 100",
                                            "100th order",
                                            "third contact within 30 days",
                                            "third or later contact within 1 month",
                                            "no follow_up within 10 days after claim_closed, unless household_left",
                                            "quote directly followed by (7 days of silence) directly followed by bind within 36 hours",
                                            "every 1 year after bind",
                                            "60 days of silence",
                                            "a or (second b)",
                                            "a and b within 7 days"};
  const auto patterns = one_of_each();
  for (std::size_t i = 0; i < patterns.size(); ++i) CHECK(describe(patterns[i]) == phrases[i]);
}

TEST_CASE("patterns come back from JSON as they were") {
  for (const Pattern& pattern : one_of_each()) {
    const boost::json::value written = write_pattern(pattern);
    CHECK(read_pattern({written, "when"}) == pattern);
    CHECK(refusal(pattern).empty());
  }
}

TEST_CASE("patterns compare by what they say") {
  CHECK(Pattern::event("a") == Pattern::event("a"));
  CHECK(Pattern::event("a") != Pattern::event("b"));
  CHECK(Pattern::count("a", 2, days(1)) == Pattern::count("a", 2, hours(24)));
  CHECK(Pattern::count("a", 2, days(30)) != Pattern::count("a", 2, months(1)));
}

TEST_CASE("what can never occur is refused with its place") {
  CHECK(refusal(Pattern::nth("a", 0)) == "when.n: found 0, expected 1 or more");
  CHECK(refusal(Pattern::count("a", -1, days(1))) == "when.at_least: found -1, expected 1 or more");
  CHECK(refusal(Pattern::any_of({})) == "when.any_of: found 0 patterns, expected at least one");
  CHECK(refusal(Pattern::anniversary("a", days(0))) == "when.every: found '0d', expected a duration above zero");
  CHECK(refusal(Pattern::absent("a", days(1), Pattern::sequence({"b"}, days(1)))).starts_with("when.after.sequence: found 1 pattern,"));
  CHECK(refusal(Pattern::all_of({"a", Pattern::event("")}, days(1))).starts_with("when.all_of[1].event: found ''"));
  CHECK(refusal(Pattern::gap(days(0))).empty());            // the last event of each instant
  CHECK(refusal(Pattern::count("a", 2, days(0))).empty());  // two at one instant
}

TEST_CASE("conditions that contradict each other are refused") {
  const auto where = [](std::vector<Condition> parts) { return refusal(Pattern::event("a").with(all(std::move(parts)))); };
  const Literal one = std::int64_t{1}, two = 2.0;
  CHECK(where({compare("x", Compare::gt, {one}), compare("x", Compare::lt, {two})}).empty());
  CHECK(where({compare("x", Compare::ge, {two}), compare("x", Compare::le, {one})}) ==
        "when.where: found x ≥ 2 and x ≤ 1, expected conditions on 'x' that can hold together");
  CHECK_FALSE(where({compare("x", Compare::ge, {one}), compare("x", Compare::le, {one}), compare("x", Compare::ne, {one})}).empty());
  CHECK_FALSE(where({compare("x", Compare::eq, {one}), compare("x", Compare::eq, {Literal{std::string("1")}})}).empty());
  CHECK_FALSE(where({compare("x", Compare::is_null, {}), compare("x", Compare::eq, {one})}).empty());
  CHECK(where({compare("x", Compare::is_null, {}), compare("y", Compare::eq, {one})}).empty());
  CHECK_FALSE(where({compare("x", Compare::in, {})}).empty());
}
