// A named time zone as a value: read from TZif data (RFC 8536), so that no time zone database need be linked.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/time.hpp"

namespace sojourn {

/// The offsets from UTC of one zone, for all times. Copying is cheap (the table is shared and immutable).
/// Source: RFC 8536 (TZif, versions 1 to 4); POSIX.1 TZ strings for times after the last listed transition.
class ZoneRules {
 public:
  /// UTC.
  ZoneRules() : ZoneRules("UTC", Table{}) {}

  /// From the bytes of a TZif file. @throws InvalidInput when they are not TZif.
  static ZoneRules parse(std::string name, std::span<const unsigned char> bytes) { return Parser{bytes, name}.read(); }

  /// From the system's files ($TZDIR, or /usr/share/zoneinfo). @throws InvalidInput when there is no such zone.
  static ZoneRules load(const std::string& name) {
    if (name == "UTC" || name.empty()) return ZoneRules{};
    const char* folder = std::getenv("TZDIR");
    const std::filesystem::path path = std::filesystem::path(folder ? folder : "/usr/share/zoneinfo") / name;
    const bool safe = name.find("..") == std::string::npos && name.front() != '/';
    std::ifstream file;
    if (safe && std::filesystem::is_regular_file(path)) file.open(path, std::ios::binary);
    if (!file.is_open()) throw InvalidInput("time zone: found '" + name + "', expected the name of a zone, as 'America/Chicago'");
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    return parse(name, {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_utc() const { return table_->changes.empty() && !table_->rule && table_->first_offset == 0; }

  /// Seconds east of UTC at an instant.
  [[nodiscard]] std::int64_t offset(Timestamp time) const {
    const std::int64_t second = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
    const auto& changes = table_->changes;
    if (changes.empty() || second >= changes.back().at)
      return table_->rule ? table_->rule->offset(second) : changes.empty() ? table_->first_offset : changes.back().offset;
    const auto after = std::upper_bound(changes.begin(), changes.end(), second, [](std::int64_t s, const Change& change) { return s < change.at; });
    return after == changes.begin() ? table_->first_offset : std::prev(after)->offset;
  }

  [[nodiscard]] LocalTime to_local(Timestamp time) const { return LocalTime{time.time_since_epoch() + std::chrono::seconds{offset(time)}}; }

  /// The earlier instant where a local time exists twice; moved forward by the gap where it does not exist.
  [[nodiscard]] Timestamp to_utc(LocalTime local) const {
    const Timestamp naive{local.time_since_epoch()};
    // Around any instant only two offsets can matter: the one well before and the one well after.
    const auto before = std::chrono::seconds{offset(naive - std::chrono::hours{36})};
    const auto after = std::chrono::seconds{offset(naive + std::chrono::hours{36})};
    const Timestamp early = naive - std::max(before, after), late = naive - std::min(before, after);
    if (to_local(early) == local) return early;
    if (to_local(late) == local) return late;
    return naive - before;  // inside a gap: the clock before the change, read on
  }

  [[nodiscard]] Day day(Timestamp time) const { return std::chrono::floor<std::chrono::days>(to_local(time)); }

 private:
  struct Change {
    std::int64_t at;      // UTC second from which the offset holds
    std::int64_t offset;  // seconds east of UTC
  };

  /// A day of the year in a POSIX TZ string: Mm.w.d, Jn or n.
  struct RuleDay {
    enum class Form { month_week_day, julian_without_leap, zero_based } form = Form::zero_based;
    int month = 0, week = 0, weekday = 0, number = 0;
    std::int64_t second = 7200;

    /// Local second (as if UTC) at which the rule applies in a year.
    [[nodiscard]] std::int64_t in_year(int year) const {
      namespace ch = std::chrono;
      const ch::year y{year};
      ch::sys_days day;
      if (form == Form::month_week_day) {
        const ch::month m{static_cast<unsigned>(month)};
        const ch::weekday w{static_cast<unsigned>(weekday)};
        day = week == 5 ? ch::sys_days{y / m / w[ch::last]} : ch::sys_days{y / m / w[static_cast<unsigned>(week)]};
      } else {
        int n = number;
        if (form == Form::julian_without_leap) n += (y.is_leap() && number >= 60) ? 0 : -1;
        day = ch::sys_days{y / ch::January / 1} + ch::days{n};
      }
      return ch::sys_seconds{day}.time_since_epoch().count() + second;
    }
  };

  struct PosixRule {
    std::int64_t standard = 0, daylight = 0;
    bool has_daylight = false;
    RuleDay starts, ends;

    [[nodiscard]] std::int64_t offset(std::int64_t second) const {
      if (!has_daylight) return standard;
      namespace ch = std::chrono;
      const ch::sys_days day = ch::floor<ch::days>(ch::sys_seconds{ch::seconds{second + standard}});
      const int year = static_cast<int>(ch::year_month_day{day}.year());
      const std::int64_t start = starts.in_year(year) - standard, end = ends.in_year(year) - daylight;
      const bool summer = start < end ? second >= start && second < end : second >= start || second < end;
      return summer ? daylight : standard;
    }
  };

  struct Table {
    std::vector<Change> changes;
    std::int64_t first_offset = 0;
    std::optional<PosixRule> rule;
  };

  ZoneRules(std::string name, Table table) : name_(std::move(name)), table_(std::make_shared<const Table>(std::move(table))) {}

  class Parser {
   public:
    Parser(std::span<const unsigned char> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

    ZoneRules read() {
      Table table;
      Header header = read_header();
      if (header.version >= 2) {
        skip(block_size(header, 4));
        header = read_header();
        read_block(header, 8, table);
        read_footer(table);
      } else {
        read_block(header, 4, table);
      }
      return ZoneRules{name_, std::move(table)};
    }

   private:
    struct Header {
      int version = 0;
      std::size_t isutc = 0, isstd = 0, leap = 0, time = 0, type = 0, chars = 0;
    };

    [[noreturn]] void fail() const { throw InvalidInput("time zone '" + name_ + "': found damaged data, expected TZif (RFC 8536)"); }

    void need(std::size_t n) const {
      if (n > bytes_.size() - at_) fail();
    }
    void skip(std::size_t n) {
      need(n);
      at_ += n;
    }
    std::int64_t number(std::size_t width) {
      need(width);
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < width; ++i) value = value << 8 | bytes_[at_ + i];
      at_ += width;
      const unsigned unused = static_cast<unsigned>(64 - 8 * width);
      return static_cast<std::int64_t>(value << unused) >> unused;
    }

    Header read_header() {
      need(44);
      if (bytes_[at_] != 'T' || bytes_[at_ + 1] != 'Z' || bytes_[at_ + 2] != 'i' || bytes_[at_ + 3] != 'f') fail();
      Header header;
      header.version = bytes_[at_ + 4] == 0 ? 1 : bytes_[at_ + 4] - '0';
      at_ += 20;
      for (std::size_t* field : {&header.isutc, &header.isstd, &header.leap, &header.time, &header.type, &header.chars}) {
        const std::int64_t n = number(4);
        if (n < 0 || n > 1'000'000) fail();
        *field = static_cast<std::size_t>(n);
      }
      if (header.type == 0) fail();
      return header;
    }

    static std::size_t block_size(const Header& h, std::size_t width) {
      return h.time * (width + 1) + h.type * 6 + h.chars + h.leap * (width + 4) + h.isstd + h.isutc;
    }

    void read_block(const Header& h, std::size_t width, Table& table) {
      std::vector<std::int64_t> at(h.time);
      for (auto& t : at) t = number(width);
      std::vector<std::size_t> type(h.time);
      for (auto& t : type) t = static_cast<std::size_t>(number(1)) & 0xff;
      std::vector<std::int64_t> offset(h.type);
      for (auto& o : offset) {
        o = number(4);
        skip(2);
      }
      skip(h.chars + h.leap * (width + 4) + h.isstd + h.isutc);
      table.first_offset = offset.front();
      for (std::size_t i = 0; i < h.time; ++i) {
        if (type[i] >= h.type) fail();
        table.changes.push_back({at[i], offset[type[i]]});
      }
    }

    void read_footer(Table& table) {
      if (at_ >= bytes_.size() || bytes_[at_] != '\n') return;
      const auto end = std::find(bytes_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, bytes_.end(), static_cast<unsigned char>('\n'));
      const std::string text(bytes_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, end);
      if (!text.empty()) table.rule = parse_posix(text);
    }

    PosixRule parse_posix(const std::string& text) const {
      std::size_t i = 0;
      const auto name = [&] {
        if (i < text.size() && text[i] == '<') {
          while (i < text.size() && text[i] != '>') ++i;
          ++i;
        } else {
          while (i < text.size() && ((text[i] | 32) >= 'a' && (text[i] | 32) <= 'z')) ++i;
        }
      };
      const auto integer = [&] {
        int value = 0;
        if (i >= text.size() || text[i] < '0' || text[i] > '9') fail();
        while (i < text.size() && text[i] >= '0' && text[i] <= '9' && value < 100'000) value = value * 10 + (text[i++] - '0');
        return value;
      };
      const auto clock = [&] {
        const bool minus = i < text.size() && text[i] == '-';
        if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
        std::int64_t seconds = integer() * 3600;
        if (i < text.size() && text[i] == ':') ++i, seconds += integer() * 60;
        if (i < text.size() && text[i] == ':') ++i, seconds += integer();
        return minus ? -seconds : seconds;
      };
      const auto day = [&] {
        RuleDay rule;
        if (i < text.size() && text[i] == ',') ++i;
        if (i < text.size() && text[i] == 'M') {
          ++i;
          rule.form = RuleDay::Form::month_week_day;
          rule.month = integer();
          ++i;
          rule.week = integer();
          ++i;
          rule.weekday = integer();
          if (rule.month < 1 || rule.month > 12 || rule.week < 1 || rule.week > 5 || rule.weekday > 6) fail();
        } else {
          if (i < text.size() && text[i] == 'J') ++i, rule.form = RuleDay::Form::julian_without_leap;
          rule.number = integer();
        }
        if (i < text.size() && text[i] == '/') ++i, rule.second = clock();
        return rule;
      };
      PosixRule rule;
      name();
      rule.standard = -clock();
      if (i >= text.size()) return rule;
      rule.has_daylight = true;
      name();
      rule.daylight = i < text.size() && text[i] != ',' ? -clock() : rule.standard + 3600;
      rule.starts = day();
      rule.ends = day();
      return rule;
    }

    std::span<const unsigned char> bytes_;
    std::string name_;
    std::size_t at_ = 0;
  };

  std::string name_;
  std::shared_ptr<const Table> table_;
};

}  // namespace sojourn
