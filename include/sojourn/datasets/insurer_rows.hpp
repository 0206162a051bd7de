// What one generated household leaves behind: events, voices, the silos' records, and the truth about each.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "sojourn/datasets/insurer_words.hpp"

namespace sojourn::datasets {

using Second = std::int64_t;     // since 1970, local wall-clock time
using DayNumber = std::int32_t;  // since 1970
inline constexpr Second seconds_a_day = 86'400;
inline constexpr DayNumber never = std::numeric_limits<DayNumber>::max();
inline constexpr DayNumber day_of_second(Second t) { return static_cast<DayNumber>(t / seconds_a_day - (t % seconds_a_day < 0 ? 1 : 0)); }

/// A policy's, a claim's or a change request's id: the household's n-th.
struct Key {
  enum class Kind : std::uint8_t { none, policy, claim, request } kind = Kind::none;
  std::int32_t number = 0;
  friend bool operator==(const Key&, const Key&) = default;
};

inline constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

struct EventRow {
  Second time;
  std::int64_t household;
  Happening event;
  Key key;
  double value = unknown, quote_gap = unknown, premium_change = unknown;
};

struct VoiceRow {
  Second time;
  std::int64_t household;
  Source source;
  std::int8_t score, topic, sentence;  // below zero: none
  Segment segment;
  Key key;
  Truth cause = Truth::none;
  std::uint32_t event = 0;  // of the household's, from 0: what began the occurrence
  Second cause_time = 0;
};

/// A record's link to its household as the crosswalk has it; a lost link is a null.
struct Record {
  std::int64_t household;
  bool linked = true;
  std::int64_t cents = 0;
  DayNumber known = 0;
};
struct CrmRow : Record {
  std::int32_t account = 0;
  DayNumber booked = never, lost = never;
};
struct PolicyRow : Record {
  std::int32_t policy = 0;
  DayNumber effective = never, end_effective = never, end_processed = never;
  bool reinstated = false, paid = true, mortgagee = false, sister = false, split = false, laid_up = false;
};
struct BillingRow : Record {
  std::int32_t account = 0;
  DayNumber first_cleared = never, closed = never;
};

struct AccountRow {
  std::int32_t account;
};

enum class Silo : std::uint8_t { crm, policy, billing };

/// Why one edge (in: a start, out: an end) of a record stands as it does against the company's count; `second`: what would still differ
/// once the first is settled.
struct WhyRow {
  std::uint32_t record;  // of the household's in that silo, from 0
  bool out;
  Why first = Why::nothing, second = Why::nothing;
};
struct ExitRow {
  Second time;
  std::int64_t household;
  Exit reason;
};
struct CaseRow {
  std::int64_t household;
  std::uint8_t number;
  DayNumber day;
};

/// One household's rows, events in log order.
struct Rows {
  std::int64_t number = 0;  // the household's
  Segment segment = Segment::middle;
  std::vector<EventRow> events;
  std::vector<VoiceRow> voices;
  std::vector<CrmRow> crm;
  std::vector<PolicyRow> policy;
  std::vector<BillingRow> billing;
  std::vector<WhyRow> why[3];  // by silo
  std::vector<AccountRow> accounts;
  std::vector<ExitRow> exits;
  std::vector<CaseRow> cases;
};

}  // namespace sojourn::datasets
