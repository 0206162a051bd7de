// Journey files: strict reading, writing back.
#include <doctest/doctest.h>

#include <string>

#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/journey_check.hpp"
#include "sojourn/experience/journey_json.hpp"

using namespace sojourn;

namespace {

std::string file(const std::string& moments, const std::string& more = "") {
  return R"({"schema": "sojourn-journey-1", "stages": [{"id": "s"}], "moments": [)" + moments + "]" + more + "}";
}

std::string refusal(const std::string& text) {
  try {
    Journey::parse(text);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a journey comes back as it was written") {
  const Journey journey = Journey::parse(file(R"({"id": "m", "stage": "s", "name": "M", "kind": "missed", "when": {"nth": "a", "n": 2},
      "accountable": "Sales", "shared": ["IT"], "kpi": {"name": "soon", "target": 0.9, "met": {"absent": "b", "within": "1 month", "after": "this"}}})",
                                              R"(, "outcomes": [{"id": "left", "name": "Left", "when": {"event": "cancel"}}], "version": 3)"));
  const boost::json::value written = write_journey(journey);
  CHECK(read_journey({written, ""}) == journey);
  CHECK(journey.version() == 3);
  CHECK(journey.moments().front().kpi->kind == Kpi::Kind::absent);
  CHECK(journey.outcomes().front().when == Pattern::event("cancel"));
}

TEST_CASE("errors give the place") {
  const std::string good = R"({"id": "m", "stage": "s", "when": {"event": "a"}})";
  CHECK(refusal(file(good)).empty());
  CHECK(refusal(file(good + "," + good)) == "moments[1].id: found 'm' a second time, expected an id of its own");
  CHECK(refusal(file(R"({"id": "m", "stage": "t", "when": {"event": "a"}})")) ==
        "moments[0].stage: found unknown stage 't' (did you mean 's'?), expected one of 's'");
  CHECK(refusal(file(R"({"id": "m", "stage": "s", "when": {"count": "a", "at_least": 2, "within": "soon"}})"))
            .starts_with("moments[0].when.within: found 'soon'"));
  CHECK(refusal(file(R"({"id": "END", "stage": "s", "when": {"event": "a"}})")).starts_with("moments[0].id: found 'END'"));
  CHECK(refusal(file(good, R"(, "outcomes": [{"id": "m", "when": {"event": "x"}}])")).starts_with("outcomes[0].id: found 'm' a second time"));
  CHECK(refusal(file(good, R"(, "outcomes": [{"id": "o", "when": {"any_of": [{"anniversary": "x", "every": "1 year"}]}}])"))
            .starts_with("outcomes[0].when: found an anniversary"));
  CHECK(refusal("{").starts_with("journey, line 1, column 2: "));
  CHECK_THROWS_AS(Journey::load("/nowhere.json"), InvalidInput);
}

TEST_CASE("a journey built in code is held to the same rules") {
  Journey::Parts parts;
  parts.stages = {{"s"}};
  parts.moments = {{"m", "s", Pattern::nth("a", 0)}};
  CHECK_THROWS_WITH_AS(Journey{parts}, "moments[0].when.n: found 0, expected 1 or more", InvalidInput);
}

TEST_CASE("findings name what is left open") {
  const Journey journey = Journey::parse(R"({"schema": "sojourn-journey-1", "stages": [{"id": "s"}, {"id": "t"}],
      "moments": [{"id": "m", "stage": "s", "when": {"event": "a"}}, {"id": "n", "stage": "s", "when": {"event": "a"}, "accountable": "X", "shared": ["X"]}]})");
  std::string found;
  for (const Finding& f : check(journey)) found += f.check + " @ " + f.place + "; ";
  CHECK(found ==
        "stage without moments @ stages[1]; nobody accountable @ moments[0]; owner named twice @ moments[1].shared[0]; "
        "no KPI @ moments[0]; no KPI @ moments[1]; same pattern @ moments[1].when; ");
}
