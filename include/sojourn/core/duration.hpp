// Lengths of time as people write them: "30d" is exact, "1 month" follows the calendar.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn {

/// Either a fixed span (`months == 0`) or a number of calendar months (`fixed == 0`). Never negative.
struct Duration {
  static constexpr std::int64_t most = 4'000'000;  // of any unit

  std::int64_t months = 0;
  Micros fixed{0};

  friend bool operator==(const Duration&, const Duration&) = default;
  [[nodiscard]] bool is_calendar() const { return months != 0; }
  [[nodiscard]] bool is_zero() const { return months == 0 && fixed.count() == 0; }

  /// "30d", "12h", "15m", "90s", "1w" (fixed); "1 month", "3 months", "1 year" (calendar).
  /// @param place names the argument in the message. @throws InvalidInput
  static Duration parse(std::string_view text, const std::string& place) {
    std::size_t i = 0;
    std::int64_t n = 0;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9' && n <= most) n = n * 10 + (text[i++] - '0');
    const bool digits = i > 0;
    while (i < text.size() && text[i] == ' ') ++i;
    const std::string_view unit = text.substr(i);
    const auto expected = [&]() {
      refuse(place, "'" + std::string(text.substr(0, 60)) + "'", "a duration such as '30d', '12h', '15m', '1w', '3 months' or '1 year'");
    };
    if (!digits || n > most) expected();
    std::int64_t seconds = 0, months = 0;
    if (unit == "s") seconds = 1;
    else if (unit == "m") seconds = 60;
    else if (unit == "h") seconds = 3600;
    else if (unit == "d" || unit == "day" || unit == "days") seconds = 86'400;
    else if (unit == "w" || unit == "week" || unit == "weeks") seconds = 7 * 86'400;
    else if (unit == "month" || unit == "months") months = 1;
    else if (unit == "year" || unit == "years") months = 12;
    else expected();
    if (months > 0 && n * months > 120'000) expected();
    return {n * months, Micros{n * seconds * micros_per_second}};
  }

  /// The shortest way to write it that `parse` reads back.
  [[nodiscard]] std::string text() const {
    const auto count = [](std::int64_t n, const char* word) { return std::to_string(n) + " " + word + (n == 1 ? "" : "s"); };
    if (months != 0) return months % 12 == 0 ? count(months / 12, "year") : count(months, "month");
    const std::int64_t seconds = fixed.count() / micros_per_second;
    if (seconds > most * 86'400) return std::to_string(seconds / (7 * 86'400)) + "w";  // so long only in weeks
    if (seconds % 86'400 == 0) return std::to_string(seconds / 86'400) + "d";
    if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + "h";
    if (seconds % 60 == 0) return std::to_string(seconds / 60) + "m";
    return std::to_string(seconds) + "s";
  }
};

inline Duration days(std::int64_t n) { return {0, Micros{n * micros_per_day}}; }
inline Duration hours(std::int64_t n) { return {0, Micros{n * 3600 * micros_per_second}}; }
inline Duration months(std::int64_t n) { return {n, Micros{0}}; }
inline Duration years(std::int64_t n) { return {12 * n, Micros{0}}; }

/// A day `n` months later (or earlier), clamped to the month's end: 31 January + 1 month = 28 or 29 February.
inline Day add_months(Day day, std::int64_t n) {
  namespace ch = std::chrono;
  const ch::year_month_day date{day};
  const ch::year_month month = ch::year_month{date.year(), date.month()} + ch::months{static_cast<int>(n)};
  const ch::day last = ch::year_month_day_last{month.year(), ch::month_day_last{month.month()}}.day();
  return Day{ch::year_month_day{month.year(), month.month(), std::min(date.day(), last)}};
}

/// `time + k × duration`; calendar months are added to the local date and keep the local time of day. `k` may be negative.
inline Timestamp advance(Timestamp time, const Duration& duration, const ZoneRules& zone, std::int64_t k = 1) {
  if (!duration.is_calendar()) return time + k * duration.fixed;
  const LocalTime local = zone.to_local(time);
  const Day day = std::chrono::floor<std::chrono::days>(local);
  return zone.to_utc(LocalTime{add_months(day, k * duration.months)} + (local - day));
}

}  // namespace sojourn
