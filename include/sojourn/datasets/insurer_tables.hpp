// The insurer's tables, from the rows that the households left behind: events and feedback in time order, records in the households' order.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/datasets/insurer_parameters.hpp"
#include "sojourn/datasets/insurer_rows.hpp"

namespace sojourn::datasets {

/// Every table of the data set; the columns are listed in docs/data/insurer.md.
struct InsurerTables {
  Table events, feedback, crm, policy, billing, household, observed;
  Table voices, crm_why, policy_why, billing_why, exits, faults, cases;  // the truth
  Day start, end, month;                                                 // the observation, and the month to show
};

namespace insurer_detail {

/// Columns filled row by row.
class IntColumn {
 public:
  void add(std::int64_t value) { data_.values.push_back(value); }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(data_)}; }

 private:
  Ints data_;
};
class BoolColumn {
 public:
  void add(bool value) { data_.values.push_back(value ? 1 : 0); }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(data_)}; }

 private:
  Bools data_;
};
class TimeColumn {
 public:
  void add(Second value) { data_.values.push_back(value * micros_per_second), nulls_.push_back(0); }
  void add_null() { data_.values.push_back(0), nulls_.push_back(1), any_ = true; }
  [[nodiscard]] Column column(std::string name) && {
    return {std::move(name), std::move(data_), any_ ? std::move(nulls_) : std::vector<std::uint8_t>{}};
  }

 private:
  Times data_;
  std::vector<std::uint8_t> nulls_;
  bool any_ = false;
};
class OptionalColumn {  // integers or reals, some missing
 public:
  void add(double value) { values_.push_back(std::isnan(value) ? 0.0 : value), nulls_.push_back(std::isnan(value) ? 1 : 0); }
  void add_null() { add(unknown); }
  [[nodiscard]] Column reals(std::string name) && { return {std::move(name), Reals{std::move(values_)}, std::move(nulls_)}; }
  [[nodiscard]] Column ints(std::string name) && {
    Ints data;
    for (const double value : values_) data.values.push_back(static_cast<std::int64_t>(value));
    return {std::move(name), std::move(data), std::move(nulls_)};
  }

 private:
  std::vector<double> values_;
  std::vector<std::uint8_t> nulls_;
};
class DateColumn {
 public:
  void add(DayNumber day) { data_.values.push_back(day == never ? 0 : day), nulls_.push_back(day == never ? 1 : 0); }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(data_), std::move(nulls_)}; }

 private:
  Dates data_;
  std::vector<std::uint8_t> nulls_;
};
/// Words of a fixed list, by their place in it; below zero: null.
class WordColumn {
 public:
  explicit WordColumn(std::span<const std::string_view> words)
      : data_{{}, std::make_shared<const std::vector<std::string>>(words.begin(), words.end())} {}
  void add(int code) {
    data_.codes.push_back(static_cast<std::uint32_t>(std::max(code, 0)));
    nulls_.push_back(static_cast<std::uint8_t>(code < 0 ? 1 : 0));
    any_ = any_ || code < 0;
  }
  [[nodiscard]] Column column(std::string name) && {
    return {std::move(name), std::move(data_), any_ ? std::move(nulls_) : std::vector<std::uint8_t>{}};
  }

 private:
  Strings data_;
  std::vector<std::uint8_t> nulls_;
  bool any_ = false;
};
/// Ids, made as they come.
class IdColumn {
 public:
  void add(std::string_view id) { builder_.add(id), nulls_.push_back(0); }
  void add_null() { builder_.add(""), nulls_.push_back(1), any_ = true; }
  [[nodiscard]] Column column(std::string name) && {
    return {std::move(name), std::move(builder_).finish(), any_ ? std::move(nulls_) : std::vector<std::uint8_t>{}};
  }

 private:
  StringsBuilder builder_;
  std::vector<std::uint8_t> nulls_;
  bool any_ = false;
};

/// "H000123", or "P000123-2" for the household's second.
inline std::string id(char letter, std::int64_t household, std::int32_t number = 0) {
  char text[48];
  if (number == 0) std::snprintf(text, sizeof text, "%c%06lld", letter, static_cast<long long>(household));
  else std::snprintf(text, sizeof text, "%c%06lld-%d", letter, static_cast<long long>(household), static_cast<int>(number));
  return text;
}
inline void add_key(IdColumn& column, std::int64_t household, const Key& key) {
  if (key.kind == Key::Kind::none) column.add_null();
  else column.add(id("-PCR"[static_cast<std::size_t>(key.kind)], household, key.number));
}
inline void add_household(IdColumn& column, const Record& record) {
  if (record.linked) column.add(id('H', record.household));
  else column.add_null();
}

/// Rows of all lives in time order, as (time, life, row); what happens at one time keeps the order of households and of their lives.
struct Placed {
  Second time;
  std::uint32_t life, row;
};
template <class Rows_of>
std::vector<Placed> in_time_order(std::span<Rows* const> lives, const Rows_of& rows_of) {
  std::vector<Placed> placed;
  for (std::uint32_t life = 0; life < lives.size(); ++life)
    for (std::uint32_t row = 0; row < rows_of(*lives[life]).size(); ++row) placed.push_back({rows_of(*lives[life])[row].time, life, row});
  std::ranges::stable_sort(placed, {}, &Placed::time);
  return placed;
}

inline Table events_table(std::span<Rows* const> lives, std::span<const Placed> placed) {
  IntColumn event_id, customer;
  TimeColumn time;
  WordColumn event{happening_names};
  OptionalColumn value, quote_gap, premium_change;
  IdColumn key;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const EventRow& row = lives[placed[i].life]->events[placed[i].row];
    event_id.add(static_cast<std::int64_t>(i) + 1);
    customer.add(row.household);
    time.add(row.time);
    event.add(static_cast<int>(row.event));
    value.add(row.value);
    add_key(key, row.household, row.key);
    quote_gap.add(row.quote_gap);
    premium_change.add(row.premium_change);
  }
  return {{std::move(event_id).column("event_id"), std::move(customer).column("customer"), std::move(time).column("time"),
           std::move(event).column("event"), std::move(value).reals("value"), std::move(key).column("key"), std::move(quote_gap).reals("quote_gap"),
           std::move(premium_change).reals("premium_change")}};
}

inline Table feedback_table(std::span<Rows* const> lives, std::span<const Placed> placed) {
  std::vector<std::string_view> said;
  for (const auto& of_topic : sentences) said.insert(said.end(), of_topic.begin(), of_topic.end());
  IntColumn feedback_id, customer;
  TimeColumn time;
  WordColumn source{source_names}, topic{topic_names}, text{said}, group{segment_names};
  BoolColumn solicited;
  OptionalColumn score;
  IdColumn key;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const VoiceRow& row = lives[placed[i].life]->voices[placed[i].row];
    feedback_id.add(static_cast<std::int64_t>(i) + 1);
    customer.add(row.household);
    time.add(row.time);
    source.add(static_cast<int>(row.source));
    solicited.add(row.source == Source::survey);
    score.add(row.score < 0 ? unknown : row.score);
    topic.add(row.topic);
    text.add(row.sentence);
    add_key(key, row.household, row.key);
    group.add(static_cast<int>(row.segment));
  }
  return {{std::move(feedback_id).column("feedback_id"), std::move(customer).column("customer"), std::move(time).column("time"),
           std::move(source).column("source"), std::move(solicited).column("solicited"), std::move(score).ints("score"),
           std::move(topic).column("topic"), std::move(text).column("text"), std::move(key).column("key"), std::move(group).column("group")}};
}

/// What caused each voice. `event_ids`: of a life's events, the first one's place in `ids`.
inline Table voices_table(std::span<Rows* const> lives, std::span<const Placed> placed, std::span<const std::size_t> first_event,
                          std::span<const std::int64_t> ids) {
  IntColumn feedback_id;
  WordColumn moment{truth_names};
  OptionalColumn event_id;
  TimeColumn time;
  for (std::size_t i = 0; i < placed.size(); ++i) {
    const VoiceRow& row = lives[placed[i].life]->voices[placed[i].row];
    const bool caused = row.cause != Truth::none;
    feedback_id.add(static_cast<std::int64_t>(i) + 1);
    moment.add(caused ? static_cast<int>(row.cause) : -1);
    if (caused) event_id.add(static_cast<double>(ids[first_event[placed[i].life] + row.event])), time.add(row.cause_time);
    else event_id.add_null(), time.add_null();
  }
  return {{std::move(feedback_id).column("feedback_id"), std::move(moment).column("moment"), std::move(event_id).ints("event_id"),
           std::move(time).column("time")}};
}

inline double dollars(const Record& record) { return static_cast<double>(record.cents) / 100; }

/// What a silo of accounts holds: the CRM, or billing. `names`: of the account, of its first and of its last day.
template <class Row>
Table accounts_table(std::span<Rows* const> lives, std::vector<Row> Rows::* rows, char letter, const std::array<const char*, 3>& names,
                     DayNumber Row::* start, DayNumber Row::* end) {
  IntColumn record;
  IdColumn account, household;
  DateColumn first, last, known;
  OptionalColumn value;
  std::int64_t n = 0;
  for (const Rows* life : lives)
    for (const Row& row : life->*rows) {
      record.add(++n);
      account.add(id(letter, row.household, row.account));
      first.add(row.*start);
      last.add(row.*end);
      add_household(household, row);
      value.add(dollars(row));
      known.add(row.known);
    }
  return {{std::move(record).column("record"), std::move(account).column(names[0]), std::move(first).column(names[1]),
           std::move(last).column(names[2]), std::move(household).column("household"), std::move(value).reals("value"),
           std::move(known).column("known")}};
}

inline Table policy_table(std::span<Rows* const> lives) {
  static constexpr std::array<std::string_view, 2> txns = {"NB", "REIN"}, origins = {"new", "split"}, reasons = {"other", "lay-up"},
                                                   companies = {"main", "sister"};
  IntColumn record;
  IdColumn policy, term, household;
  DateColumn effective, end_effective, end_processed, known;
  WordColumn txn{txns}, origin{origins}, end_reason{reasons}, company{companies};
  BoolColumn paid, mortgagee;
  OptionalColumn value;
  std::int64_t n = 0;
  for (const Rows* life : lives)
    for (const PolicyRow& row : life->policy) {
      record.add(++n);
      const std::string number = id('P', row.household, row.policy);
      policy.add(number);
      term.add(number + "/" + to_string(day_of(row.effective)) + "/" + std::string(txns[row.reinstated ? 1 : 0]));
      effective.add(row.effective);
      end_effective.add(row.end_effective);
      end_processed.add(row.end_processed);
      txn.add(row.reinstated ? 1 : 0);
      paid.add(row.paid);
      mortgagee.add(row.mortgagee);
      add_household(household, row);
      origin.add(row.split ? 1 : 0);
      end_reason.add(row.laid_up ? 1 : 0);
      company.add(row.sister ? 1 : 0);
      value.add(dollars(row));
      known.add(row.known);
    }
  return {{std::move(record).column("record"), std::move(policy).column("policy"), std::move(term).column("term"),
           std::move(effective).column("effective"), std::move(end_effective).column("end_effective"),
           std::move(end_processed).column("end_processed"), std::move(txn).column("txn"), std::move(paid).column("paid"),
           std::move(mortgagee).column("mortgagee"), std::move(household).column("household"), std::move(origin).column("origin"),
           std::move(end_reason).column("end_reason"), std::move(company).column("company"), std::move(value).reals("value"),
           std::move(known).column("known")}};
}

/// Why each edge of a silo's records differs from the company's count; null reasons where neither counts it.
template <class Records_of>
Table why_table(std::span<Rows* const> lives, Silo silo, const Records_of& records_of) {
  static constexpr std::array<std::string_view, 2> directions = {"in", "out"};
  IntColumn record;
  WordColumn direction{directions}, reason{why_names}, reason2{why_names};
  const auto code = [](Why why) { return why == Why::nothing ? -1 : static_cast<int>(why); };
  std::int64_t before = 0;
  for (const Rows* life : lives) {
    for (const WhyRow& row : life->why[static_cast<std::size_t>(silo)]) {
      record.add(before + row.record + 1);
      direction.add(row.out ? 1 : 0);
      reason.add(code(row.first));
      reason2.add(code(row.second));
    }
    before += static_cast<std::int64_t>(records_of(*life).size());
  }
  return {{std::move(record).column("record"), std::move(direction).column("direction"), std::move(reason).column("reason"),
           std::move(reason2).column("reason2")}};
}

/// Households and their CRM accounts, a row each; prospects have no account.
inline Table household_table(std::span<Rows* const> lives, std::span<const Segment> segments_of) {
  IdColumn household, account, email;
  IntColumn customer;
  WordColumn segment{segment_names};
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const std::int64_t number = lives[i]->number;
    const auto row = [&](std::int32_t of) {
      household.add(id('H', number));
      customer.add(number);
      if (of == 0) account.add_null(), email.add_null();
      else account.add(id('A', number, of)), email.add("customer" + std::to_string(number) + "." + std::to_string(of) + "@example.org");
      segment.add(static_cast<int>(segments_of[i]));
    };
    if (lives[i]->accounts.empty()) row(0);
    for (const AccountRow& of : lives[i]->accounts) row(of.account);
  }
  return {{std::move(household).column("household"), std::move(customer).column("customer"), std::move(account).column("account"),
           std::move(email).column("email"), std::move(segment).column("segment")}};
}

inline Second midnight(Day day) { return static_cast<Second>(day_number(day)) * seconds_a_day; }

inline Table observed_table(std::span<Rows* const> lives, const Calendar& calendar) {
  IntColumn customer;
  TimeColumn from, to;
  for (const Rows* life : lives) {
    customer.add(life->number);
    from.add(midnight(calendar.start));
    to.add(midnight(calendar.end) - 1);
  }
  return {{std::move(customer).column("customer"), std::move(from).column("from"), std::move(to).column("to")}};
}

inline Table exits_table(std::span<Rows* const> lives) {
  IntColumn customer;
  TimeColumn time;
  WordColumn reason{exit_names};
  for (const Rows* life : lives)
    for (const ExitRow& row : life->exits) {
      customer.add(row.household);
      time.add(row.time);
      reason.add(static_cast<int>(row.reason));
    }
  return {{std::move(customer).column("customer"), std::move(time).column("time"), std::move(reason).column("reason")}};
}

inline Table faults_table(const InsurerParameters& parameters, const Calendar& calendar) {
  WordColumn moment{truth_names}, kpi{kpi_names};
  TimeColumn time;
  if (parameters.fault_size > 0) {
    moment.add(static_cast<int>(parameters.fault));
    kpi.add(static_cast<int>(parameters.fault));
    time.add(midnight(calendar.fault));
  }
  return {{std::move(moment).column("moment"), std::move(kpi).column("kpi"), std::move(time).column("time")}};
}

inline Table cases_table(std::span<Rows* const> lives) {
  IdColumn household;
  WordColumn name{case_names};
  DateColumn day;
  for (const Rows* life : lives)
    for (const CaseRow& row : life->cases) {
      household.add(id('H', row.household));
      name.add(row.number);
      day.add(row.day);
    }
  return {{std::move(household).column("household"), std::move(name).column("case"), std::move(day).column("time")}};
}

}  // namespace insurer_detail

inline InsurerTables insurer_tables(const InsurerParameters& parameters, const Calendar& calendar, std::vector<std::vector<Rows>> parts) {
  namespace detail = insurer_detail;
  std::vector<Rows*> lives;
  std::vector<Segment> segments_of;
  std::vector<std::size_t> first_event;
  std::size_t events = 0;
  for (std::vector<Rows>& part : parts)
    for (Rows& life : part) {
      lives.push_back(&life);
      segments_of.push_back(life.segment);
      first_event.push_back(events);
      events += life.events.size();
    }
  const auto placed_events = detail::in_time_order(lives, [](const Rows& life) -> const auto& { return life.events; });
  const auto placed_voices = detail::in_time_order(lives, [](const Rows& life) -> const auto& { return life.voices; });
  std::vector<std::int64_t> ids(events);
  for (std::size_t i = 0; i < placed_events.size(); ++i)
    ids[first_event[placed_events[i].life] + placed_events[i].row] = static_cast<std::int64_t>(i) + 1;
  return {
      .events = detail::events_table(lives, placed_events),
      .feedback = detail::feedback_table(lives, placed_voices),
      .crm = detail::accounts_table(lives, &Rows::crm, 'A', {"account", "booked", "lost"}, &CrmRow::booked, &CrmRow::lost),
      .policy = detail::policy_table(lives),
      .billing = detail::accounts_table(lives, &Rows::billing, 'B', {"baccount", "first_cleared", "closed"}, &BillingRow::first_cleared,
                                        &BillingRow::closed),
      .household = detail::household_table(lives, segments_of),
      .observed = detail::observed_table(lives, calendar),
      .voices = detail::voices_table(lives, placed_voices, first_event, ids),
      .crm_why = detail::why_table(lives, Silo::crm, [](const Rows& life) -> const auto& { return life.crm; }),
      .policy_why = detail::why_table(lives, Silo::policy, [](const Rows& life) -> const auto& { return life.policy; }),
      .billing_why = detail::why_table(lives, Silo::billing, [](const Rows& life) -> const auto& { return life.billing; }),
      .exits = detail::exits_table(lives),
      .faults = detail::faults_table(parameters, calendar),
      .cases = detail::cases_table(lives),
      .start = calendar.start,
      .end = calendar.end,
      .month = calendar.month,
  };
}

}  // namespace sojourn::datasets
