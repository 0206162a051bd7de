// Voices by hand: candidates at the horizon's edge, links, the three baselines; what is refused; that threads do not show.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/events/ingest.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/coverage.hpp"
#include "sojourn/listening/moment_voices.hpp"

using namespace sojourn;

namespace {

struct Event {
  std::int64_t customer, day;
  std::string event, key;
};
struct Voice {
  std::int64_t customer, day;
  std::string key = {}, moment = {};  // empty: null
};

Column texts(std::string name, const std::vector<std::string>& words) {
  Column out{std::move(name), strings(words)};
  for (const std::string& word : words) out.nulls.push_back(word.empty() ? 1 : 0);
  return out;
}

template <class Row>
void add_columns(Table& table, const std::vector<Row>& rows) {
  Ints customer;
  Times time;
  for (const Row& row : rows) {
    customer.values.push_back(row.customer);
    time.values.push_back(row.day * micros_per_day);
  }
  table.columns.push_back({"customer", std::move(customer)});
  table.columns.push_back({"time", std::move(time)});
}

std::shared_ptr<const Matches> matches_of(const std::vector<Event>& events) {
  Table table;
  add_columns(table, events);
  std::vector<std::string> names, keys;
  for (const Event& e : events) {
    names.push_back(e.event);
    keys.push_back(e.key);
  }
  table.columns.push_back({"event", strings(names)});
  table.columns.push_back(texts("key", keys));
  IngestOptions options;
  options.columns.key = "key";
  Journey::Parts parts;
  parts.stages = {{"s"}};
  for (const char* name : {"a", "b"}) parts.moments.push_back({name, "s", Pattern::event(name)});
  return std::make_shared<const Matches>(match(Journey(parts), ingest(std::move(table), options)));
}

Feedback feedback_of(const std::vector<Voice>& voices, const std::shared_ptr<const Matches>& matches) {
  Table table;
  add_columns(table, voices);
  std::vector<std::string> keys, moments;
  for (const Voice& v : voices) {
    keys.push_back(v.key);
    moments.push_back(v.moment);
  }
  table.columns.push_back(texts("key", keys));
  table.columns.push_back(texts("moment", moments));
  FeedbackOptions options;
  options.columns.key = "key";
  options.columns.moment = "moment";
  return read_feedback(std::move(table), matches, options);
}

/// "model: a@3 0.5, b@4 0.5": what the only voice is about.
std::string story(const std::vector<Event>& events, const Voice& voice, Baseline method, Duration horizon = days(10)) {
  const auto matches = matches_of(events);
  AttributeOptions options;
  options.horizon = horizon;
  options.method = method;
  options.half_life = days(1);
  const Attribution found = attribute(feedback_of({voice}, matches), options);
  std::string out = std::string(to_string(found.how[0])) + ":";
  for (const VoiceShare& share : found.of_voice(0)) {
    const Occurrence& o = matches->occurrences[share.occurrence];
    char text[48];
    std::snprintf(text, sizeof text, " %s@%d %.4g", o.moment == 0 ? "a" : "b", static_cast<int>(o.time / micros_per_day), share.weight);
    out += text;
  }
  return out;
}

}  // namespace

TEST_CASE("the horizon is closed at both ends, and nothing later counts") {
  const std::vector<Event> events{{1, 2, "a", ""}, {1, 3, "a", ""}, {1, 7, "b", ""}, {1, 13, "b", ""}, {1, 14, "a", ""}, {2, 12, "a", ""}};
  CHECK(story(events, {1, 13}, Baseline::linear) == "model: a@3 0.3333 b@7 0.3333 b@13 0.3333");
  CHECK(story(events, {1, 13}, Baseline::last_touch) == "model: b@13 1");
  CHECK(story(events, {1, 4}, Baseline::time_decay) == "model: a@2 0.3333 a@3 0.6667");
  CHECK(story(events, {1, 1}, Baseline::linear) == "unattributed:");
  CHECK(story(events, {1, 30}, Baseline::linear) == "unattributed:");
  CHECK(story(events, {7, 13}, Baseline::linear) == "unattributed:");
  CHECK(story(events, {1, 13}, Baseline::linear, days(0)) == "model: b@13 1");
}

TEST_CASE("months look back on the calendar") {
  const std::vector<Event> events{{1, 58, "a", ""}, {1, 59, "b", ""}};  // 28 February, 1 March 1970
  CHECK(story(events, {1, 89}, Baseline::linear, months(1)) == "model: a@58 0.5 b@59 0.5");
  CHECK(story(events, {1, 90}, Baseline::linear, months(1)) == "model: b@59 1");
}

TEST_CASE("the last touched of simultaneous ones is the last in the journey's order") {
  CHECK(story({{1, 2, "b", ""}, {1, 2, "a", ""}}, {1, 5}, Baseline::last_touch) == "model: a@2 1");  // log order first
  CHECK(story({{1, 2, "a", ""}, {1, 2, "b", ""}}, {1, 5}, Baseline::last_touch) == "model: b@2 1");
}

TEST_CASE("keys reach back beyond the horizon, moments do not; both together decide, then the moment") {
  const std::vector<Event> events{{1, 1, "a", "k"}, {1, 2, "b", "k"}, {1, 40, "a", "l"}, {1, 44, "b", ""}, {1, 60, "a", "k"}, {2, 41, "a", "k"}};
  CHECK(story(events, {1, 45, "k"}, Baseline::linear) == "key: a@1 0.5 b@2 0.5");
  CHECK(story(events, {1, 45, "other"}, Baseline::linear) == "model: a@40 0.5 b@44 0.5");
  CHECK(story(events, {1, 45, "", "a"}, Baseline::linear) == "named: a@40 1");
  CHECK(story(events, {1, 55, "", "a"}, Baseline::linear) == "unattributed:");
  CHECK(story(events, {1, 45, "k", "a"}, Baseline::linear) == "named: a@1 1");
  CHECK(story(events, {1, 45, "l", "b"}, Baseline::linear) == "named: b@44 1");
  CHECK(story(events, {1, 55, "l", "b"}, Baseline::linear) == "unattributed:");
}

TEST_CASE("time decay does not vanish for the old") {
  std::vector<double> ages{5000, 4000};
  weigh(Baseline::time_decay, 1, ages);
  CHECK(ages[0] < 1e-300);
  CHECK(ages[1] == 1);
}

TEST_CASE("what cannot be meant is refused") {
  const auto matches = matches_of({{1, 1, "a", ""}});
  CHECK_THROWS_WITH(feedback_of({{1, 1}, {1, 1, "", "A"}}, matches),
                    "feedback, column 'moment', row 1: found 'A' (did you mean 'a'?), expected one of 'a', 'b'");
  const auto other = matches_of({{1, 1, "a", ""}});
  const auto feedback = std::make_shared<const Feedback>(feedback_of({{1, 1}}, matches));
  CHECK_THROWS_AS(attribute(other, feedback), InvalidInput);
  for (const Duration half_life : {months(1), days(0)}) {
    AttributeOptions options;
    options.half_life = half_life;
    CHECK_THROWS_AS(attribute(matches, feedback, options), InvalidInput);
  }
  CHECK_THROWS_AS(read_baseline("u_shaped", "method"), InvalidInput);
}

TEST_CASE("threads do not show, weights sum to one, and one busy customer stays cheap") {
  std::mt19937_64 random{5};
  std::vector<Event> events;
  std::vector<Voice> voices;
  for (int i = 0; i < 20'000; ++i) {
    const auto customer = static_cast<std::int64_t>(random() % 4 == 0 ? random() % 50 : 7);
    events.push_back({customer, static_cast<std::int64_t>(random() % 5000), random() % 2 == 0 ? "a" : "b", "k" + std::to_string(random() % 5000)});
    voices.push_back({customer, static_cast<std::int64_t>(random() % 5000), random() % 2 == 0 ? "k" + std::to_string(random() % 6000) : "",
                      random() % 3 == 0 ? "a" : ""});
  }
  const auto matches = matches_of(events);
  const auto feedback = std::make_shared<const Feedback>(feedback_of(voices, matches));
  for (const Baseline method : {Baseline::last_touch, Baseline::linear, Baseline::time_decay}) {
    AttributeOptions options;
    options.method = method;
    options.run.threads = 1;
    const Attribution one = attribute(matches, feedback, options);
    options.run.threads = 4;
    const Attribution four = attribute(matches, feedback, options);
    CHECK(one.shares == four.shares);
    CHECK(one.offsets == four.offsets);
    CHECK(one.how == four.how);
    for (std::size_t v = 0; v < feedback->size(); ++v) {
      double sum = one.unattributed[v];
      for (const VoiceShare& share : one.of_voice(v)) sum += share.weight;
      REQUIRE(std::fabs(sum - 1) < 1e-12);
    }
    const auto moments = summarise_voices(one);
    const Coverage coverage = cover(one);
    CHECK(coverage.sources == 1);
    for (std::size_t m = 0; m < 2; ++m) {
      CHECK(coverage.spoken[m].voices == moments[m].voices);
      CHECK(coverage.exposed[m].occurrences == moments[m].could);
    }
  }
}
