// The report's periods: calendar months, quarters or years, and which of them a day lies in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"

namespace sojourn {

/// Periods [edge(k), edge(k + 1)), k < count(). Presence is asked on the days before the edges: day(k) = edge(k) − 1, k ≤ count().
class Periods {
 public:
  /// @param length "1 month", "3 months", "1 year" or another whole number of months that divides the year or is whole years.
  /// @throws InvalidInput when start or end is not the first day of such a period, or end is not after start.
  Periods(std::string_view length, Day start, Day end) {
    const Duration duration = Duration::parse(length, "periods");
    const std::int64_t n = duration.months;
    if (n == 0 || (12 % n != 0 && n % 12 != 0)) refuse("periods", "'" + std::string(length.substr(0, 60)) + "'", "'1 month', '3 months' or '1 year'");
    const auto boundary = [&](Day day, const char* name) {
      const std::chrono::year_month_day date{day};
      const std::int64_t month = std::int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
      if (static_cast<unsigned>(date.day()) != 1 || month % n != 0)
        refuse(name, to_string(day),
               "the first day of a period of " + duration.text() + " (the nearest before is " + to_string(before(day, n)) + ")");
    };
    boundary(start, "start");
    boundary(end, "end");
    if (end <= start) refuse("end", to_string(end), "a day after the start, " + to_string(start));
    for (Day at = start; at < end; at = add_months(at, n)) edges_.push_back(day_number(at));
    edges_.push_back(day_number(end));
    index_.resize(static_cast<std::size_t>(edges_.back() - edges_.front()) + 2);
    first_ = edges_.front() - 1;
    last_ = edges_.back();
    std::size_t passed = 0;
    for (std::size_t i = 0; i < index_.size(); ++i) {
      const std::int32_t at = first_ + static_cast<std::int32_t>(i);
      while (passed < edges_.size() && day(passed) < at) ++passed;
      index_[i] = static_cast<std::uint32_t>(passed);
    }
  }

  [[nodiscard]] std::size_t count() const { return edges_.size() - 1; }
  [[nodiscard]] std::int32_t edge(std::size_t k) const { return edges_[k]; }
  [[nodiscard]] std::int32_t day(std::size_t k) const { return edges_[k] - 1; }
  [[nodiscard]] std::int32_t start() const { return edges_.front(); }
  [[nodiscard]] std::int32_t end() const { return edges_.back(); }
  [[nodiscard]] bool contains(std::int32_t at) const { return at >= start() && at < end(); }
  /// Number of the period of a day that the report contains.
  [[nodiscard]] std::size_t of(std::int32_t at) const { return days_before(at) - 1; }
  /// How many of the days asked for presence lie before a day: the first k with day(k) ≥ at, count() + 1 if none.
  [[nodiscard]] std::size_t days_before(std::int32_t at) const { return index_[static_cast<std::size_t>(std::clamp(at, first_, last_) - first_)]; }

 private:
  static Day before(Day day, std::int64_t n) {
    namespace ch = std::chrono;
    const ch::year_month_day date{day};
    const std::int64_t month = std::int64_t{static_cast<int>(date.year())} * 12 + static_cast<unsigned>(date.month()) - 1;
    const std::int64_t back = month - month % n;
    return Day{ch::year{static_cast<int>(back / 12)} / ch::month{static_cast<unsigned>(back % 12 + 1)} / 1};
  }

  std::vector<std::int32_t> edges_;
  std::vector<std::uint32_t> index_;   // by days since first_
  std::int32_t first_ = 0, last_ = 0;  // the days that index_ tells apart: before and after them all is the same
};

}  // namespace sojourn
