// Who is there on given days, asked day by day of the records themselves: the route of opening and closing, which never looks at flows.
//
// Cost: O(records) beside the days on which somebody is there without a record in force.
#pragma once

#include <cstdint>
#include <span>

#include "sojourn/assets/gaps.hpp"
#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/periods.hpp"
#include "sojourn/assets/records.hpp"

namespace sojourn {

/// For one customer, over the days periods.day(0 … count()). Calls
///   there(opener, from, to, with_record): the customer is there on days number [from, to), with or without a record in force;
///   held(opener, record, from, to): that record is in force then.
/// `opener` is the record that opened the spell of those days: it gives the segment and the currency that the customer is counted in.
template <class There, class Held>
void for_each_presence(const Ledger& ledger, std::span<const Record> records, const Periods& periods, Gaps& gaps, const There& there,
                       const Held& held) {
  if (records.empty()) return;
  gaps.enter(records);
  const std::size_t days = periods.count() + 1;
  const auto number = [&](std::int32_t day) { return periods.days_before(day); };
  const Record* opener = &records.front();
  const Record* last = opener;           // of the records so far, the one that ends last
  std::int32_t covered = opener->start;  // every day of the spell before this one is answered
  for (const Record& record : records) {
    if (record.start > covered) {
      if (gaps.across(*last, record.start)) {
        if (const std::size_t from = number(covered), to = number(record.start); from < to) there(*opener, from, to, false);
      } else {
        opener = &record;
      }
      covered = record.start;
    }
    const std::size_t first = number(record.start), to = record.end == never ? days : number(record.end);
    if (record.end > covered) {
      if (const std::size_t from = covered == record.start ? first : number(covered); from < to) there(*opener, from, to, true);
      covered = record.end;
    }
    if (first < to) held(*opener, record, first, to);
    if (&record != last && closes_after(ledger, record, *last)) last = &record;
  }
  if (covered != never && gaps.pending(*last))
    if (const std::size_t from = number(covered); from < days) there(*opener, from, days, false);
}

}  // namespace sojourn
