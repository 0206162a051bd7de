#include <doctest/doctest.h>

#include <random>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/zone.hpp"

using namespace sojourn;
using namespace std::chrono_literals;

namespace {
Timestamp utc(int y, unsigned m, unsigned d, int h = 0, int min = 0) {
  return Timestamp{std::chrono::sys_days{std::chrono::year{y} / static_cast<int>(m) / static_cast<int>(d)}} + std::chrono::hours{h} +
         std::chrono::minutes{min};
}
LocalTime local(int y, unsigned m, unsigned d, int h = 0, int min = 0) { return LocalTime{utc(y, m, d, h, min).time_since_epoch()}; }
}  // namespace

TEST_CASE("durations are read and written") {
  CHECK(Duration::parse("30d", "w") == days(30));
  CHECK(Duration::parse("12h", "w") == hours(12));
  CHECK(Duration::parse("15m", "w").fixed == 15min);
  CHECK(Duration::parse("1w", "w") == days(7));
  CHECK(Duration::parse("1 month", "w") == months(1));
  CHECK(Duration::parse("3 months", "w") == months(3));
  CHECK(Duration::parse("1 year", "w") == years(1));
  for (const char* text : {"30d", "12h", "15m", "90s", "1 month", "5 months", "1 year", "10 years", "0d"})
    CHECK(Duration::parse(text, "w").text() == text);
  for (const char* bad : {"", "d", "30", "-3d", "3 fortnights", "30D", "99999999d", "1.5d", "200000 months"})
    CHECK_THROWS_AS(Duration::parse(bad, "w"), InvalidInput);
  CHECK_THROWS_WITH(Duration::parse("soon", "moments[3].when.within"),
                    doctest::Contains("moments[3].when.within: found 'soon', expected a duration"));
}

TEST_CASE("months clamp to the month's end") {
  const ZoneRules zone;
  CHECK(advance(utc(2024, 1, 31, 9), months(1), zone) == utc(2024, 2, 29, 9));
  CHECK(advance(utc(2023, 1, 31, 9), months(1), zone) == utc(2023, 2, 28, 9));
  CHECK(advance(utc(2024, 2, 29), years(1), zone) == utc(2025, 2, 28));
  CHECK(advance(utc(2024, 2, 29), years(1), zone, 4) == utc(2028, 2, 29));  // from the start, not step by step
  CHECK(advance(utc(2024, 3, 31), months(1), zone, -1) == utc(2024, 2, 29));
  CHECK(advance(utc(2024, 3, 31), days(30), zone) == utc(2024, 4, 30));
}

TEST_CASE("zones: gaps move forward, doubled times are the earlier") {
  const ZoneRules chicago = ZoneRules::load("America/Chicago");
  CHECK(chicago.offset(utc(2026, 1, 1)) == -6 * 3600);
  CHECK(chicago.offset(utc(2026, 7, 1)) == -5 * 3600);
  CHECK(chicago.to_utc(local(2026, 3, 8, 2, 30)) == utc(2026, 3, 8, 8, 30));    // does not exist: read as standard time
  CHECK(chicago.to_utc(local(2026, 11, 1, 1, 30)) == utc(2026, 11, 1, 6, 30));  // exists twice: daylight time
  CHECK(chicago.to_utc(local(2026, 11, 1, 2, 30)) == utc(2026, 11, 1, 8, 30));
  CHECK(chicago.day(utc(2026, 3, 1, 5)) == Day{std::chrono::days{std::chrono::sys_days{std::chrono::year{2026} / 2 / 28}.time_since_epoch()}});
  // 30 calendar days over the autumn change are 30 d 1 h
  CHECK(advance(utc(2026, 10, 15, 12), months(1), chicago) - utc(2026, 10, 15, 12) == 31 * 24h + 1h);
  // after the last listed transition the POSIX rule goes on
  CHECK(chicago.offset(utc(2490, 1, 15)) == -6 * 3600);
  CHECK(chicago.offset(utc(2490, 7, 15)) == -5 * 3600);
  CHECK_FALSE(chicago.is_utc());
  CHECK(ZoneRules{}.is_utc());
}

TEST_CASE("a zone that is not there, and damaged zone data, are refused") {
  CHECK_THROWS_AS(ZoneRules::load("Mars/Olympus"), InvalidInput);
  CHECK_THROWS_AS(ZoneRules::load("../etc/passwd"), InvalidInput);
  CHECK_THROWS_AS(ZoneRules::load("/etc/passwd"), InvalidInput);
  const std::vector<unsigned char> junk(100, 'x');
  CHECK_THROWS_AS(ZoneRules::parse("junk", junk), InvalidInput);
  std::mt19937 random(7);
  std::vector<unsigned char> bytes(44, 0);
  bytes[0] = 'T', bytes[1] = 'Z', bytes[2] = 'i', bytes[3] = 'f';
  for (int round = 0; round < 2000; ++round) {  // whatever the bytes: an answer or InvalidInput
    std::vector<unsigned char> damaged = bytes;
    damaged.resize(44 + random() % 200);
    for (std::size_t i = 4; i < damaged.size(); ++i) damaged[i] = random() % 3 == 0 ? static_cast<unsigned char>(random()) : 0;
    try {
      (void)ZoneRules::parse("damaged", damaged).offset(utc(2026, 1, 1));
    } catch (const InvalidInput&) {
    }
  }
}
