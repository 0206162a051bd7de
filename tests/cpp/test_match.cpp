// Matching by hand-made lives; that threads do not show; that hostile lives stay cheap; walks, ids, Wilson's interval.
#include <doctest/doctest.h>

#include <chrono>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/events/ingest.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/experience/occurrence_ids.hpp"
#include "sojourn/experience/paths.hpp"
#include "sojourn/experience/summaries.hpp"
#include "sojourn/stats/wilson.hpp"

using namespace sojourn;

namespace {

using Events = std::vector<std::pair<int, std::string>>;  // day, name

std::shared_ptr<const EventLog> log_of(const std::vector<Events>& customers) {
  Ints customer;
  Times time;
  StringsBuilder event;
  for (std::size_t c = 0; c < customers.size(); ++c)
    for (const auto& [day, name] : customers[c]) {
      customer.values.push_back(static_cast<std::int64_t>(c));
      time.values.push_back(day * micros_per_day);
      event.add(name);
    }
  Table table;
  table.columns.push_back({"customer", std::move(customer)});
  table.columns.push_back({"time", std::move(time)});
  table.columns.push_back({"event", std::move(event).finish()});
  return std::make_shared<const EventLog>(ingest(table, {}));
}

std::shared_ptr<const Journey> journey_of(const std::vector<Pattern>& whens, const std::vector<Outcome>& outcomes = {}) {
  Journey::Parts parts;
  parts.stages = {{"s"}, {"t"}};
  for (std::size_t i = 0; i < whens.size(); ++i) parts.moments.push_back({"m" + std::to_string(i), i % 2 == 0 ? "s" : "t", whens[i]});
  parts.outcomes = outcomes;
  return std::make_shared<const Journey>(std::move(parts));
}

/// "m0@3 (from 1)" for each occurrence of the first customer, and the undecided cases.
std::string story(const Events& events, const std::vector<Pattern>& whens, const std::vector<Outcome>& outcomes = {}) {
  const auto day = [](std::int64_t t) { return std::to_string(t / micros_per_day); };
  const Matches matches = match(journey_of(whens, outcomes), log_of({events}));
  std::string out;
  for (const Occurrence& o : matches.of_customer(0)) out += "m" + std::to_string(o.moment) + "@" + day(o.time) + "(" + day(o.start_time) + ") ";
  for (const Undecided& u : matches.undecided) out += std::string(to_string(u.reason)) + "@" + day(u.time) + " ";
  return out;
}

std::vector<Pattern> every_form() {
  return {Pattern::event("a"),
          Pattern::nth("b", 2),
          Pattern::count("a", 3, days(30)),
          Pattern::count("b", 2, months(1), Rearm::every),
          Pattern::absent("c", days(10), "a", "d"),
          Pattern::sequence({"a", "b", "a"}, days(20)),
          Pattern::sequence({"a", "b"}, months(2), true),
          Pattern::anniversary("a", months(1)),
          Pattern::gap(days(5)),
          Pattern::any_of({"a", Pattern::gap(days(5))}),
          Pattern::all_of({"a", "b", "d"}, days(9))};
}

}  // namespace

TEST_CASE("each form by hand") {
  CHECK(story({{1, "a"}, {1, "b"}, {2, "a"}}, {Pattern::event("a")}) == "m0@1(1) m0@2(2) ");
  CHECK(story({{1, "a"}, {1, "a"}, {4, "a"}}, {Pattern::nth("a", 2), Pattern::nth("a", 4)}) == "m0@1(1) ");
  // Three in four days; disarmed until a later x finds fewer.
  CHECK(story({{1, "a"}, {2, "a"}, {4, "a"}, {5, "a"}, {9, "a"}, {10, "a"}, {11, "a"}}, {Pattern::count("a", 3, days(3))}) == "m0@4(1) m0@11(9) ");
  CHECK(story({{1, "a"}, {2, "a"}, {4, "a"}, {5, "a"}}, {Pattern::count("a", 3, days(3), Rearm::every)}) == "m0@4(1) m0@5(2) ");
  CHECK(story({{1, "y"}, {3, "x"}, {4, "y"}, {9, "y"}, {10, "z"}}, {Pattern::absent("x", days(2), "y")}) == "m0@6(4) censored@9 ");
  CHECK(story({{1, "a"}, {2, "a"}, {3, "b"}, {4, "b"}}, {Pattern::sequence({"a", "b"}, days(9))}) == "m0@3(2) ");
  CHECK(story({{1, "a"}, {2, "z"}, {3, "b"}, {4, "a"}, {5, "b"}}, {Pattern::sequence({"a", "b"}, days(9), true)}) == "m0@5(4) ");
  CHECK(story({{1, "y"}, {40, "z"}}, {Pattern::anniversary("y", days(15))}) == "m0@16(1) m0@31(1) ");
  CHECK(story({{1, "y"}, {20, "o"}, {40, "z"}}, {Pattern::anniversary("y", days(15))}, {{"o", "o"}}) == "m0@16(1) ");
  CHECK(story({{1, "a"}, {6, "a"}, {12, "a"}}, {Pattern::gap(days(5))}) == "m0@11(6) censored@12 ");
  CHECK(story({{1, "a"}, {1, "b"}, {2, "b"}}, {Pattern::any_of({"b", "a"})}) == "m0@1(1) m0@2(2) ");
  CHECK(story({{1, "a"}, {2, "b"}, {3, "a"}, {9, "b"}}, {Pattern::all_of({"a", "b"}, days(1))}) == "m0@2(1) ");
}

TEST_CASE("a month's window ends sooner for a later start, by clamping: the earlier start still counts") {
  // Day 0 is 1 January 1970: 30 January is day 29. With times of day: 30 January 20:00 and 31 January 02:00, both + 1 month are 28 February.
  Ints customer{{1, 1, 1}};
  const std::int64_t hour = 3600 * micros_per_second;
  Times time{{29 * micros_per_day + 20 * hour, 30 * micros_per_day + 2 * hour, 58 * micros_per_day + 10 * hour}, std::nullopt};
  StringsBuilder event;
  for (const char* name : {"a", "a", "b"}) event.add(name);
  Table table;
  table.columns.push_back({"customer", std::move(customer)});
  table.columns.push_back({"time", time});
  table.columns.push_back({"event", std::move(event).finish()});
  const Matches matches = match(journey_of({Pattern::sequence({"a", "b"}, months(1))}), std::make_shared<const EventLog>(ingest(table, {})));
  REQUIRE(matches.occurrences.size() == 1);
  CHECK(matches.occurrences[0].start_time == time.values[0]);
}

TEST_CASE("one customer's events are never another's") {
  // The second customer has no order, but a silence, so that the pattern is evaluated.
  const auto log = log_of({{{1, "order"}, {20, "order"}}, {{1, "visit"}, {30, "visit"}}});
  const Matches matches = match(journey_of({Pattern::sequence({Pattern::gap(days(9)), "order"}, days(20))}), log);
  REQUIRE(matches.occurrences.size() == 1);
  CHECK(matches.occurrences[0].customer == 0);
}

TEST_CASE("threads do not show") {
  std::mt19937 random(4);
  std::vector<Events> customers(700);
  for (Events& events : customers)
    for (std::size_t i = random() % 40; i-- > 0;)
      events.emplace_back(static_cast<int>(random() % 90), std::string(1, static_cast<char>('a' + random() % 5)));
  const auto log = log_of(customers);
  const auto journey = journey_of(every_form(), {{"o", Pattern::count("e", 3, days(9))}});
  const Matches one = match(journey, log, {{1}}), four = match(journey, log, {{4}});
  CHECK(std::equal(one.occurrences.begin(), one.occurrences.end(), four.occurrences.begin(), four.occurrences.end()));
  CHECK(one.offsets == four.offsets);
  CHECK(one.undecided == four.undecided);
  CHECK(std::equal(one.endings.begin(), one.endings.end(), four.endings.begin(), four.endings.end()));
  CHECK(occurrence_ids(one, {1}) == occurrence_ids(four, {4}));
  std::int64_t total = 0;
  for (const MomentSummary& row : summarise_moments(one)) total += row.occurrences;
  CHECK(total == static_cast<std::int64_t>(one.occurrences.size()));
}

TEST_CASE("a customer of a million events, all at one instant or one a second, costs about linear time") {
  const auto seconds = [](int n, std::int64_t step) {
    Ints customer{std::vector<std::int64_t>(static_cast<std::size_t>(n), 1)};
    Times time;
    StringsBuilder event;
    for (int i = 0; i < n; ++i) {
      time.values.push_back(i * step);
      event.add(i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "d");
    }
    Table table;
    table.columns.push_back({"customer", std::move(customer)});
    table.columns.push_back({"time", std::move(time)});
    table.columns.push_back({"event", std::move(event).finish()});
    const auto log = std::make_shared<const EventLog>(ingest(table, {}));
    const auto begin = std::chrono::steady_clock::now();
    match(journey_of(every_form()), log, {{1}});
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  for (const std::int64_t step : {std::int64_t{0}, micros_per_second}) {
    const double small = seconds(100'000, step), large = seconds(1'000'000, step);
    CHECK(large < 60 * small + 1.0);  // ten times the events; quadratic would be a hundred times
  }
}

TEST_CASE("walks stop at the first outcome") {
  const Events events{{1, "a"}, {2, "b"}, {3, "left"}, {4, "a"}};
  const auto log = log_of({events, {{9, "b"}}});
  const Matches matches = match(journey_of({Pattern::event("a"), Pattern::event("b")}, {{"out", Pattern::event("left")}}), log);
  const Paths by_moment = paths(matches), bare = paths(*log, {{"out", Pattern::event("left")}});
  CHECK(by_moment.steps.size() == 3);
  CHECK(by_moment.after_outcome == 1);
  CHECK(by_moment.ending == std::vector<std::int32_t>{0, -1});
  CHECK(by_moment.ending_time == std::vector<std::int64_t>{3 * micros_per_day, 9 * micros_per_day});
  CHECK(by_moment.offsets == std::vector<std::size_t>{0, 2, 3});
  CHECK(bare.offsets == by_moment.offsets);
  CHECK(bare.after_outcome == 1);
  CHECK(bare.nodes.size() == 2);  // "left" is an outcome, and no walk visits it
  CHECK(bare.customer_key == by_moment.customer_key);
  CHECK(paths(matches, PathsBy::owner).nodes.front().id == "nobody");
}

TEST_CASE("the history is seen, and told nowhere") {
  const auto column = [](std::vector<int> days) {
    Times times;
    for (const int day : days) times.values.push_back(day * micros_per_day);
    return times;
  };
  Table events, window;
  events.columns.push_back({"customer", Ints{{1, 1, 1, 1, 1, 1}}});
  events.columns.push_back({"time", column({1, 2, 3, 10, 12, 14})});
  StringsBuilder names;
  for (const char* name : {"a", "left", "a", "a", "left", "a"}) names.add(name);
  events.columns.push_back({"event", std::move(names).finish()});
  events.columns.push_back({"value", Reals{{1, 2, 4, 8, 16, 32}}});
  window.columns.push_back({"customer", Ints{{1}}});
  window.columns.push_back({"from", column({5})});
  window.columns.push_back({"to", column({20})});
  const arrow::Imported observed = arrow::imported(std::move(window), "observed");
  IngestOptions options;
  options.columns.value = "value";
  options.observed = &observed;
  const auto log = std::make_shared<const EventLog>(ingest(events, options));
  CHECK(log->parts().before_observation == 3);
  CHECK(log->history_size(0) == 3);
  CHECK(log->span() == Observation{timestamp(5 * micros_per_day), timestamp(20 * micros_per_day)});

  const Matches matches = match(journey_of({Pattern::event("a"), Pattern::nth("a", 3)}, {{"out", Pattern::event("left")}}), log);
  CHECK(matches.before_observation == 2);
  REQUIRE(matches.occurrences.size() == 3);
  CHECK(matches.occurrences[0].ordinal == 2);  // two lie before
  CHECK(matches.ending(0).time == 12 * micros_per_day);
  CHECK(summarise_moments(matches, {0, 14 * micros_per_day})[0].occurrences == 1);
  for (const Paths& walks : {paths(matches), paths(*log, {{"out", Pattern::event("left")}})}) {
    CHECK(walks.steps.front().time == 10 * micros_per_day);
    CHECK(walks.customer_value == std::vector<double>{8 + 16 + 32});
    CHECK(walks.after_outcome == 1);
  }
  options.history = History::truncated;
  CHECK_THROWS_WITH_AS(
      ingest(events, options),
      "events, column 'time', row 0: found 1970-01-02T00:00:00Z, of customer 1, before the customer's observation, expected a time from "
      "1970-01-06T00:00:00Z to 1970-01-21T00:00:00Z (history is 'truncated': what came before is not known)",
      InvalidInput);
}

TEST_CASE("Wilson's interval") {
  CHECK(wilson_interval(0, 10, 0.95).low == 0.0);
  CHECK(wilson_interval(0, 10, 0.95).high == doctest::Approx(0.277533).epsilon(2e-6));
  CHECK(wilson_interval(8, 10, 0.95).low == doctest::Approx(0.490162).epsilon(2e-6));
  CHECK(wilson_interval(8, 10, 0.95).high == doctest::Approx(0.943318).epsilon(2e-6));
  CHECK(wilson_interval(10, 10, 0.95).high == 1.0);
  CHECK(wilson_interval(0, 0, 0.95) == Interval{0, 1});
}
