// Bursts and periods by hand: a calendar's edges, a planted burst, state as bytes, threads that do not show.
#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/listening/trend.hpp"
#include "sojourn/stats/burst.hpp"

using namespace sojourn;

namespace {

std::int64_t at(int year, unsigned month, unsigned day) {
  namespace ch = std::chrono;
  return day_number(Day{ch::year{year} / ch::month{month} / ch::day{day}}) * micros_per_day;
}

std::vector<std::vector<std::uint64_t>> quiet(std::size_t periods, std::size_t series, double mean) {
  std::mt19937_64 random(7);
  std::poisson_distribution<std::uint64_t> poisson(mean);
  std::vector<std::vector<std::uint64_t>> out(periods, std::vector<std::uint64_t>(series));
  for (auto& row : out)
    for (auto& count : row) count = poisson(random);
  return out;
}

BurstPanel fed(const std::vector<std::vector<std::uint64_t>>& counts, const Run& run, bool stop_and_go) {
  BurstPanel panel({14, 2, 7}, 3, 0.01);
  panel.feed({});
  for (const std::uint64_t count : counts.front()) panel.add(count);
  for (std::size_t t = 1; t < counts.size(); ++t) {
    panel.feed(counts[t], run);
    if (!stop_and_go) continue;
    ByteWriter out(BytesOf::surge_watch);
    panel.put(out);
    const std::string bytes = std::move(out).finish();
    ByteReader in(bytes, BytesOf::surge_watch);
    panel = BurstPanel::get(in);
    in.finish();
  }
  return panel;
}

std::string bytes_of(const BurstPanel& panel) {
  ByteWriter out(BytesOf::surge_watch);
  panel.put(out);
  return std::move(out).finish();
}

}  // namespace

TEST_CASE("periods begin on Mondays, on the first, at midnight, before 1970 too") {
  const PeriodGrid weeks(days(7), ZoneRules{}), quarters(months(3), ZoneRules{}), hours6(hours(6), ZoneRules{});
  CHECK(weeks.begin(weeks.of(at(2026, 1, 7))) == at(2026, 1, 5));
  CHECK(weeks.begin(weeks.of(at(1969, 12, 31))) == at(1969, 12, 29));
  CHECK(quarters.begin(quarters.of(at(2026, 6, 30))) == at(2026, 4, 1));
  CHECK(quarters.begin(quarters.of(at(1969, 2, 3))) == at(1969, 1, 1));
  CHECK(hours6.begin(hours6.of(at(2026, 1, 7) - 1)) == at(2026, 1, 6) + 18 * 3600 * micros_per_second);
  for (const PeriodGrid& grid : {weeks, quarters, hours6})
    for (std::int64_t k = -300; k < 300; ++k) {
      CHECK(grid.of(grid.begin(k)) == k);
      CHECK(grid.of(grid.begin(k + 1) - 1) == k);
    }
  CHECK_THROWS_AS(PeriodGrid(days(0), ZoneRules{}), InvalidInput);
}

TEST_CASE("a burst is found, dated, and one") {
  std::vector<std::vector<std::uint64_t>> counts;
  for (std::size_t t = 0; t < 60; ++t) counts.push_back({3 + t % 3, 3 + t % 4, 4});
  for (std::size_t t = 50; t < 54; ++t) counts[t][1] = 16;
  const BurstPanel panel = fed(counts, Run{1}, false);
  REQUIRE(panel.series()[1].bursts().size() == 1);
  const Burst burst = panel.series()[1].bursts().front();
  CHECK(burst.alarm >= 50);
  CHECK(burst.alarm <= 51);
  CHECK(burst.first <= burst.alarm);
  CHECK(burst.last >= 52);
  CHECK(burst.found > 2 * burst.expected);
  CHECK(panel.series()[0].bursts().empty());
}

TEST_CASE("stopping, writing and reading on changes no bit; nor do threads") {
  auto counts = quiet(40, 40, 1.5);
  counts[30][5] = 20;
  const std::string once = bytes_of(fed(counts, Run{1}, false));
  CHECK(bytes_of(fed(counts, Run{1}, true)) == once);
  CHECK(bytes_of(fed(counts, Run{3}, false)) == once);
}

TEST_CASE("a series that comes later was silent before, from when it could be heard") {
  BurstPanel panel({4, 1, 1}, 0, 0.01);
  for (int t = 0; t < 10; ++t) panel.feed({});
  panel.add(3);
  panel.add(3, 8);
  CHECK(panel.series()[0].is_watched());
  CHECK_FALSE(panel.series()[1].is_watched());
  const std::vector<std::uint64_t> loud = {30, 30};
  const auto verdicts = panel.feed(loud);
  REQUIRE(verdicts[0]);
  CHECK(verdicts[0]->alarm);
  CHECK(panel.series()[0].bursts().front().alarm == 10);
  CHECK_FALSE(verdicts[1]);
}

TEST_CASE("what cannot be is refused") {
  CHECK_THROWS_AS(BurstDetector({3, 1, 1}), InvalidInput);
  CHECK_THROWS_AS(BurstPanel({8, 1, 1}, 0, 0.0), InvalidInput);
  BurstDetector detector({8, 1, 7});
  CHECK_THROWS_AS(detector.feed(1, 7, 0.1), InvalidInput);
  CHECK_THROWS_AS(detector.feed(1, 0, 1.0), InvalidInput);
  BurstPanel panel({8, 1, 1}, 0, 0.1);
  const std::vector<std::uint64_t> one = {1};
  CHECK_THROWS_AS(panel.feed(one), InvalidInput);
}
