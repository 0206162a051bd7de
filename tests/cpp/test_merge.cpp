#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "sojourn/core/serialise.hpp"
#include "sojourn/events/append.hpp"
#include "sojourn/events/ingest.hpp"
#include "sojourn/events/merge.hpp"
#include "sojourn/events/select.hpp"
#include "sojourn/events/serialise.hpp"
#include "sojourn/experience/merge_matches.hpp"
#include "sojourn/experience/occurrence_ids.hpp"
#include "sojourn/experience/paths.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/merge_paths.hpp"
#include "sojourn/graph/serialise.hpp"

using namespace sojourn;

namespace {

/// Rows of customers whose number leaves that rest (all of them: modulus 1), in an order of their own.
Table random_table(std::uint32_t seed, std::size_t rows, std::size_t modulus, std::size_t rest) {
  std::mt19937 random(seed);
  StringsBuilder customer, event, tag;
  Times time;
  Reals value;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t c = random() % 40, at = random() % 30, name = random() % 6, amount = random() % 100, word = random() % 7;
    if (c % modulus != rest) continue;
    customer.add((c % 3 == 0 ? "a customer with a long id, " : "c") + std::to_string(c));
    time.values.push_back(static_cast<std::int64_t>(at) * micros_per_day);
    event.add(std::string(1, static_cast<char>('a' + name)));
    value.values.push_back(static_cast<double>(amount) / 8);
    tag.add("tag " + std::to_string(word));
  }
  Table out;
  out.columns.push_back({"customer", std::move(customer).finish()});
  out.columns.push_back({"time", std::move(time)});
  out.columns.push_back({"event", std::move(event).finish()});
  out.columns.push_back({"value", std::move(value)});
  out.columns.push_back({"tag", std::move(tag).finish()});
  return out;
}

EventLog random_log(std::uint32_t seed, std::size_t rows, std::size_t modulus = 1, std::size_t rest = 0) {
  IngestOptions options;
  options.columns = {"customer", "time", "event", "value", "tag", {"tag", "value"}};
  options.ties = NameRanking{{"c", "a"}};
  return ingest(random_table(seed, rows, modulus, rest), options);
}

Journey journey() {
  Journey::Parts parts;
  parts.stages = {{"s"}};
  parts.moments = {{"quiet", "s", Pattern::gap(days(9))}, {"third", "s", Pattern::nth(Pattern::event("a"), 3)}, {"b", "s", Pattern::event("b")}};
  parts.outcomes = {{"left", Pattern::event("f")}};
  return Journey{std::move(parts)};
}

template <class Merged>
void check_equal(const Matches& a, const Merged& b) {
  CHECK(*a.log == *b.log);
  CHECK(std::equal(a.occurrences.begin(), a.occurrences.end(), b.occurrences.begin(), b.occurrences.end()));
  CHECK(a.offsets == b.offsets);
  CHECK(a.undecided == b.undecided);
  CHECK(std::equal(a.endings.begin(), a.endings.end(), b.endings.begin(), b.endings.end()));
  CHECK(std::equal(a.waiting.begin(), a.waiting.end(), b.waiting.begin(), b.waiting.end(),
                   [](const Waiting& x, const Waiting& y) { return x.customer == y.customer && x.until == y.until; }));
  CHECK(occurrence_ids(a) == occurrence_ids(b));
}

/// The bytes with a checksum that holds again.
std::string sealed(std::string bytes) {
  const std::uint64_t sum = bytes_detail::in_order(bytes_detail::checksum(std::string_view{bytes}.substr(0, bytes.size() - 8)));
  std::memcpy(bytes.data() + bytes.size() - 8, &sum, 8);
  return bytes;
}

/// Changes bytes and seals them: what is read is refused, or is a value that can be written and asked like any other.
template <class Read>
void damage(const std::string& bytes, const Read& read) {
  std::mt19937 random(1);
  std::size_t refused = 0;
  const auto attempt = [&](const std::string& damaged) {
    try {
      read(sealed(damaged));
    } catch (const InvalidInput&) {
      ++refused;
    }
  };
  for (std::size_t at = 24; at + 8 < bytes.size(); ++at)
    for (const unsigned x : {0x01u, 0x80u, 0xffu}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(static_cast<unsigned>(damaged[at]) ^ x);
      attempt(damaged);
    }
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 3; ++k) damaged[24 + random() % (bytes.size() - 32)] = static_cast<char>(random());
    attempt(damaged);
  }
  CHECK(refused > 100);
}

}  // namespace

TEST_CASE("logs of disjoint customers merge into the log of all") {
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    const EventLog whole = random_log(seed, 200 + seed * 20), a = random_log(seed, 200 + seed * 20, 3, 0);
    const EventLog b = random_log(seed, 200 + seed * 20, 3, 1), c = random_log(seed, 200 + seed * 20, 3, 2);
    CHECK(merge(merge(a, b), c) == whole);
    CHECK(merge(c, merge(b, a)) == whole);
    CHECK(serialise(merge(merge(c, a), b)) == serialise(whole));
    CHECK_THROWS_AS(merge(a, whole), InvalidInput);
  }
}

TEST_CASE("selected parts merge into the log they were selected from") {
  const EventLog whole = random_log(7, 500);
  std::vector<std::size_t> even, odd;
  for (std::size_t c = 0; c < whole.customers(); ++c) (c % 2 == 0 ? even : odd).push_back(c);
  CHECK(merge(select(whole, even), select(whole, odd)) == whole);
  CHECK(serialise(merge(select(whole, odd), select(whole, even))) == serialise(whole));
  CHECK_FALSE(select(whole, even) == whole);
}

TEST_CASE("words stay distinct however often a log grows") {
  EventLog log = random_log(3, 300, 5, 0);
  for (std::size_t rest = 1; rest < 5; ++rest) log = merge(log, random_log(3, 300, 5, rest));
  CHECK(std::get<Strings>(log.key()->data).words->size() <= 7);
}

TEST_CASE("matches and graphs of disjoint customers merge into those of all") {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const auto plan = std::make_shared<const Journey>(journey());
    const auto of = [&](std::size_t modulus, std::size_t rest) {
      return match(plan, std::make_shared<const EventLog>(random_log(seed, 100 + 20 * seed, modulus, rest)), {{3}});
    };
    const Matches whole = of(1, 0), a = of(2, 0), b = of(2, 1);
    check_equal(whole, merge(a, b, MatchOptions{{1}}));
    check_equal(whole, merge(b, a, MatchOptions{{4}}));
    Journey::Parts other = plan->parts();
    other.moments[1].when = Pattern::nth(Pattern::event("a"), 4);
    CHECK_THROWS_WITH_AS(merge(a, match(Journey{other}, random_log(seed, 100, 2, 1))), doctest::Contains("moments[1].when.n: found 4, expected 3"),
                         InvalidInput);
    // Graphs keep no events; parts of one match are observed as the whole is.
    std::vector<std::size_t> even, odd;
    for (std::size_t c = 0; c < whole.log->customers(); ++c) (c % 2 == 0 ? even : odd).push_back(c);
    const auto graph = [&](const std::vector<std::size_t>& customers) {
      return JourneyGraph{std::make_shared<const Paths>(paths(match(plan, std::make_shared<const EventLog>(select(*whole.log, customers)))))};
    };
    const JourneyGraph all{std::make_shared<const Paths>(paths(whole))};
    CHECK(serialise(merge(graph(even), graph(odd))) == serialise(all));
    CHECK(serialise(merge(graph(odd), graph(even))) == serialise(all));
    CHECK_THROWS_AS(merge(all, graph(even)), InvalidInput);
  }
}

TEST_CASE("what was written is read back") {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const EventLog log = random_log(seed, 50 + 40 * seed);
    const std::string bytes = serialise(log);
    const EventLog again = deserialise_log(bytes);
    CHECK(again == log);
    CHECK(again.tied_share() == log.tied_share());
    CHECK(again.parts().missing_values == log.parts().missing_values);
    CHECK(serialise(again) == bytes);
  }
}

TEST_CASE("columns that show the same cells give the same bytes") {
  const auto words = [](std::vector<std::string> w) { return std::make_shared<const std::vector<std::string>>(std::move(w)); };
  const Table a{{{"x", Strings{{0, 1, 0, 1}, words({"u", "v"})}, {0, 0, 0, 1}}}};
  const Table b{{{"x", Strings{{3, 2, 1, 0}, words({"w", "u", "v", "u"})}, {0, 0, 0, 1}}}};
  CHECK(serialise(a) == serialise(b));
  const Table c{{{"x", Reals{{1.5, 2.5}}, {0, 0}}}}, d{{{"x", Reals{{1.5, 2.5}}}}};
  CHECK(serialise(c) == serialise(d));
  const Table e{{{"x", Ints{{1, 9}, 'i'}, {0, 1}}}}, f{{{"x", Ints{{1, 8}, 'i'}, {0, 1}}}};
  CHECK(serialise(e) == serialise(f));
  const Int128 wide = -(static_cast<Int128>(1) << 100) + 7;
  const Table g{{{"x", Decimals{{wide, 5}, 2}}}};
  CHECK(std::get<Decimals>(deserialise_table(serialise(g)).columns[0].data).unscaled == std::vector<Int128>{wide, 5});
}

TEST_CASE("damaged bytes are refused, or read as something whole, even where the checksum holds") {
  const EventLog log = random_log(2, 40);
  damage(serialise(log), [](const std::string& bytes) {
    const auto read = std::make_shared<const EventLog>(deserialise_log(bytes));
    CHECK(deserialise_log(serialise(*read)) == *read);
    const Matches matches = match(std::make_shared<const Journey>(journey()), read, {{1}});
    const JourneyGraph graph{std::make_shared<const Paths>(paths(matches)), {1}};
    CHECK(graph.customers() == read->customers());
  });
  Table table = random_table(2, 30, 1, 0);
  table.columns.push_back({"d", Decimals{std::vector<Int128>(table.rows(), -3), 2}});
  table.columns.push_back({"b", Bools{std::vector<std::uint8_t>(table.rows(), 1)}});
  damage(serialise(table), [](const std::string& bytes) { return serialise(deserialise_table(bytes)); });
  const JourneyGraph graph{std::make_shared<const Paths>(paths(match(journey(), random_log(2, 60))))};
  damage(serialise(graph), [](const std::string& bytes) { return serialise(deserialise_graph(bytes, {1})); });
}
