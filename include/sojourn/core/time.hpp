// Instants and days. An instant is int64 microseconds, UTC; a day is a local calendar day.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace sojourn {

using Micros = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Micros>;
/// A wall-clock time in some zone, as written on a calendar and a clock.
using LocalTime = std::chrono::local_time<Micros>;
using Day = std::chrono::local_days;

inline constexpr std::int64_t micros_per_second = 1'000'000;
inline constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;
/// Instants are accepted from 0001-01-01 up to, not including, 10000-01-01.
inline constexpr std::int64_t earliest_micros = -62'135'596'800 * micros_per_second;
inline constexpr std::int64_t latest_micros = 253'402'300'800 * micros_per_second - 1;

inline std::int64_t micros(Timestamp t) { return t.time_since_epoch().count(); }
inline Timestamp timestamp(std::int64_t micros_since_epoch) { return Timestamp{Micros{micros_since_epoch}}; }
inline bool in_range(std::int64_t micros_since_epoch) { return micros_since_epoch >= earliest_micros && micros_since_epoch <= latest_micros; }

inline std::int32_t day_number(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }
inline Day day_of(std::int64_t days_since_epoch) { return Day{std::chrono::days{static_cast<std::chrono::days::rep>(days_since_epoch)}}; }

/// "2026-03-01".
inline std::string to_string(Day day) {
  const std::chrono::year_month_day date{day};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

/// "2026-03-01T14:30:00" (fractions only where there are any).
inline std::string to_string(LocalTime time) {
  const Day day = std::chrono::floor<std::chrono::days>(time);
  const std::int64_t rest = (time - day).count();
  const std::int64_t seconds = rest / micros_per_second, fraction = rest % micros_per_second;
  char text[48];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
                static_cast<int>(seconds % 60));
  std::string out = to_string(day) + text;
  if (fraction != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(fraction));
    out += text;
  }
  return out;
}

inline std::string to_string(Timestamp time) { return to_string(LocalTime{time.time_since_epoch()}) + "Z"; }

}  // namespace sojourn
