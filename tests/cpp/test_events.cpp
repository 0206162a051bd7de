#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "sojourn/events/append.hpp"
#include "sojourn/events/counts.hpp"
#include "sojourn/events/ingest.hpp"
#include "sojourn/events/transitions.hpp"

using namespace sojourn;

namespace {

struct Row {
  std::string customer;
  std::int64_t time;
  std::string event;
  double value;
};

std::vector<Row> random_rows(std::mt19937& random, std::size_t n, std::size_t customers, bool long_ids) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < n; ++i) {
    std::string id = std::to_string(random() % customers);
    if (long_ids && random() % 2 == 0) id = "a customer with a long id, " + id;
    rows.push_back({id, static_cast<std::int64_t>(random() % 50) * 1'000'000, std::string(1, static_cast<char>('a' + random() % 5)),
                    static_cast<double>(random() % 1000) / 8});
  }
  return rows;
}

Table table_of(const std::vector<Row>& rows) {
  StringsBuilder customer, event;
  Times time;
  Reals value;
  for (const Row& row : rows) {
    customer.add(row.customer);
    event.add(row.event);
    time.values.push_back(row.time);
    value.values.push_back(row.value);
  }
  Table out;
  out.columns.push_back({"customer", std::move(customer).finish()});
  out.columns.push_back({"time", std::move(time)});
  out.columns.push_back({"event", std::move(event).finish()});
  out.columns.push_back({"value", std::move(value)});
  return out;
}

using Path = std::vector<std::tuple<std::int64_t, std::string, double>>;

/// The log the obvious way: a stable sort of each customer's rows.
std::map<std::string, Path> brute_force(const std::vector<Row>& rows) {
  std::map<std::string, Path> paths;
  for (const Row& row : rows) paths[row.customer].emplace_back(row.time, row.event, row.value);
  for (auto& [customer, path] : paths)
    std::stable_sort(path.begin(), path.end(), [](const auto& a, const auto& b) { return std::get<0>(a) < std::get<0>(b); });
  return paths;
}

std::map<std::string, Path> read_back(const EventLog& log) {
  std::map<std::string, Path> paths;
  for (std::size_t c = 0; c < log.customers(); ++c) {
    const CustomerEvents events = log.customer(c);
    if (c > 0) CHECK(CustomerIds::compare(log.ids(), c - 1, log.ids(), c) < 0);
    for (std::size_t i = 0; i < events.size(); ++i)
      paths[std::string(log.ids().string(c))].emplace_back(events.times[i], log.event_names()[events.events[i]], log.values()[events.first + i]);
  }
  return paths;
}

IngestOptions with_value(std::size_t threads) {
  IngestOptions options;
  options.columns.value = "value";
  options.run.threads = threads;
  return options;
}

}  // namespace

TEST_CASE("ingest groups and orders as a stable sort does") {
  std::mt19937 random(3);
  for (const auto& [n, customers] : {std::pair<std::size_t, std::size_t>{1, 1}, {50, 7}, {3000, 40}, {100'000, 9'000}, {100'000, 3}}) {
    for (const bool long_ids : {false, true}) {
      const std::vector<Row> rows = random_rows(random, n, customers, long_ids);
      const EventLog one = ingest(table_of(rows), with_value(1));
      CHECK(read_back(one) == brute_force(rows));
      CHECK(ingest(table_of(rows), with_value(4)) == one);
    }
  }
}

TEST_CASE("times centuries apart do not fit one word with the event, and are kept all the same") {
  std::vector<Row> rows;
  for (int i = 0; i < 300; ++i)
    rows.push_back({"c" + std::to_string(i % 3), i % 2 == 0 ? earliest_micros + i : latest_micros - i, "event " + std::to_string(i), 1.0});
  CHECK(read_back(ingest(table_of(rows), with_value(2))) == brute_force(rows));
}

TEST_CASE("append equals one log of both tables") {
  std::mt19937 random(5);
  for (int round = 0; round < 30; ++round) {
    const std::vector<Row> rows = random_rows(random, 2 + random() % 200, 1 + random() % 20, true);
    const auto cut = static_cast<std::ptrdiff_t>(1 + random() % (rows.size() - 1));
    const EventLog first = ingest(table_of({rows.begin(), rows.begin() + cut}), with_value(1));
    const EventLog both = append(first, arrow::imported(table_of({rows.begin() + cut, rows.end()}), "more events"));
    CHECK(both == ingest(table_of(rows), with_value(1)));
  }
}

TEST_CASE("transitions are the same for any number of threads, dense or sparse, and add up") {
  std::mt19937 random(9);
  std::vector<Row> rows = random_rows(random, 20'000, 500, false);
  for (std::size_t i = 0; i < rows.size(); i += 3) rows[i].event = "name " + std::to_string(random() % 1500);  // beyond the dense limit
  const EventLog log = ingest(table_of(rows), with_value(4));
  REQUIRE(log.event_names().size() > 1024);
  TransitionOptions options;
  options.median_gap = true;
  options.run.threads = 1;
  const std::vector<Transition> one = transitions(log, options);
  options.run.threads = 4;
  const std::vector<Transition> four = transitions(log, options);
  REQUIRE(one.size() == four.size());
  std::int64_t steps = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    CHECK(std::tie(one[i].source, one[i].target, one[i].count, one[i].customers, one[i].mean_gap, one[i].median_gap, one[i].value) ==
          std::tie(four[i].source, four[i].target, four[i].count, four[i].customers, four[i].mean_gap, four[i].median_gap, four[i].value));
    steps += one[i].count;
  }
  CHECK(steps == static_cast<std::int64_t>(log.size() + log.customers()));
  std::int64_t counted = 0;
  for (const EventCount& row : counts(log)) counted += row.count;
  CHECK(counted == static_cast<std::int64_t>(log.size()));
}

TEST_CASE("a caller who watches can stop the work") {
  std::mt19937 random(11);
  IngestOptions options = with_value(1);
  options.run.watch = [](double) { throw Interrupted(); };
  // Long enough for the watch to be asked at least once.
  CHECK_THROWS_AS(ingest(table_of(random_rows(random, 2'000'000, 1000, true)), options), Interrupted);
}
