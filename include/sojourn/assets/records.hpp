// A ledger's records on one clock: local days, those that take part, each customer's in order of their starts.
//
// Cost: O(records), and a sort of each customer's own records; 25 bytes a record and 4 a customer, 4 more a record while it runs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/versions.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn {

/// The end of a record that has none.
inline constexpr std::int32_t never = std::numeric_limits<std::int32_t>::max();

/// In force on the days [start, end).
struct Record {
  std::int32_t start, end;
  std::int64_t value;  // minor units
  std::uint32_t row;   // of the table
  std::uint32_t currency;
};

/// What settles a record's fate before any spell does; from `hidden` on as if the row were not there.
enum class Settled : std::uint8_t { no, where, no_start, empty, counted_empty, hidden, superseded, withdrawn, unknown };

/// How a ledger's times are read, and what is known of them.
struct Clock {
  ZoneRules zone = {};
  /// What starts after this day is hidden, what ends after it has not ended, and a grace that runs beyond it is pending. None: all is known.
  std::optional<std::int32_t> as_of = {};
  /// Versions known later than this day are not there yet. None: the latest of all holds.
  std::optional<std::int32_t> recorded = {};
};

/// Immutable.
struct DatedRecords {
  const CustomerGroups* customers = nullptr;
  Buffer<Record> records;  // customer c: from customers->offsets[c], `counts[c]` of them, in opening order
  Buffer<std::uint32_t> counts;
  std::vector<Record> empty;  // records that count as in and out on their start day, whatever else their customer has
  Buffer<Settled> settled;    // by row
  std::optional<std::int32_t> as_of = {};
  std::int32_t first = never, last = -never;  // the first day on which any record is in force, and the last (never: some have no end)

  /// No record takes part at all.
  [[nodiscard]] bool is_empty() const { return first == never; }

  [[nodiscard]] std::size_t size() const { return customers->size(); }
  /// Whether a row is the version of its record that holds.
  [[nodiscard]] bool holds(std::size_t row) const { return settled[row] < Settled::superseded; }
  [[nodiscard]] std::span<const Record> operator[](std::size_t customer) const {
    return {records.data() + customers->offsets[customer], counts[customer]};
  }
};

namespace records_detail {

inline constexpr std::uint32_t takes_no_part = UINT32_MAX;

/// Of simultaneous records the first by (start, end, key) opens; what is still tied follows the table.
inline bool opens_before(const Ledger& ledger, const Record& a, const Record& b) {
  if (a.start != b.start) return a.start < b.start;
  if (a.end != b.end) return a.end < b.end;
  const int keys = ledger.key() != nullptr ? ledger.key()->compare(a.row, b.row) : 0;
  return keys != 0 ? keys < 0 : a.row < b.row;
}

inline Settled settled_by(Version version) {
  switch (version) {
    case Version::superseded: return Settled::superseded;
    case Version::withdrawn: return Settled::withdrawn;
    case Version::unknown: return Settled::unknown;
    case Version::holds: break;
  }
  return Settled::no;
}

}  // namespace records_detail

/// Whether `a` is the later of two that ended: by (end, start, key), then as the table has them.
inline bool closes_after(const Ledger& ledger, const Record& a, const Record& b) {
  if (a.end != b.end) return a.end > b.end;
  if (a.start != b.start) return a.start > b.start;
  const int keys = ledger.key() != nullptr ? ledger.key()->compare(a.row, b.row) : 0;
  return keys != 0 ? keys > 0 : a.row > b.row;
}

inline DatedRecords date_records(const Ledger& ledger, const Clock& clock, const Run& run) {
  using records_detail::takes_no_part;
  DatedRecords out;
  out.customers = &ledger.customers();
  out.as_of = clock.as_of;
  out.records = Buffer<Record>(ledger.rows());
  out.counts = Buffer<std::uint32_t>(out.customers->size());
  out.settled = Buffer<Settled>(ledger.rows());
  const bool count_empty = ledger.definition().empty == EmptyRecords::count;

  const Buffer<Version> versions = versions_on(ledger, clock.recorded, clock.zone, run);

  // A record that takes part, or why it does not.
  const auto date = [&](std::uint32_t row, Record& record) {
    const bool starts = !ledger.start().is_null(row), ends = !ledger.end().is_null(row);
    record.row = row;
    record.start = starts ? ledger.start().day(row, clock.zone) : never;
    record.end = ends ? ledger.end().day(row, clock.zone) : never;
    if (!versions.empty() && versions[row] != Version::holds) return records_detail::settled_by(versions[row]);
    if (starts && clock.as_of && record.start > *clock.as_of) return Settled::hidden;
    if (ledger.failed_where(row) != Ledger::passes) return Settled::where;
    if (!starts) return Settled::no_start;
    record.value = ledger.value(row);
    record.currency = ledger.currency()[row];
    if (record.end <= record.start) return count_empty ? Settled::counted_empty : Settled::empty;
    if (clock.as_of && record.end > *clock.as_of) record.end = never;
    return Settled::no;
  };

  // Where each row's record goes: side by side with its customer's.
  Buffer<std::uint32_t> place(ledger.rows());
  const auto row_parts = slices(ledger.rows(), ledger.rows() >> 16);
  parallel_for(row_parts.size(), run, [&](std::size_t p) {
    for (std::size_t i = row_parts[p].begin; i < row_parts[p].end; ++i) place[out.customers->rows[i]] = static_cast<std::uint32_t>(i);
  });
  // Every record in the table's order, which reads each column from end to end, with one jump into its place.
  std::vector<std::vector<Record>> empty(row_parts.size());
  std::vector<std::pair<std::int32_t, std::int32_t>> limits(row_parts.size(), {never, -never});
  parallel_for(row_parts.size(), run, [&](std::size_t p) {
    constexpr std::size_t ahead = 16;
    auto& [first, last] = limits[p];
    for (std::size_t row = row_parts[p].begin; row < row_parts[p].end; ++row) {
      if (row + ahead < row_parts[p].end) __builtin_prefetch(&out.records[place[row + ahead]], 1);
      Record record{};
      const Settled settled = out.settled[row] = date(static_cast<std::uint32_t>(row), record);
      if (settled == Settled::counted_empty) empty[p].push_back(record);
      if (settled == Settled::no || settled == Settled::counted_empty) {
        first = std::min(first, record.start);
        last = std::max({last, record.start, record.end});
      }
      if (settled != Settled::no) record.row = takes_no_part;
      out.records[place[row]] = record;
    }
  });
  // Each customer's in opening order, those that take part: few are put in one by one.
  const auto parts = slices(out.size(), ledger.rows() >> 15);
  const auto before = [&](const Record& x, const Record& y) { return records_detail::opens_before(ledger, x, y); };
  parallel_for(parts.size(), run, [&](std::size_t p) {
    constexpr std::ptrdiff_t few = 16;
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) {
      Record* const begin = &out.records[out.customers->offsets[c]];
      Record* const stop = begin + (out.customers->offsets[c + 1] - out.customers->offsets[c]);
      Record* end = begin;
      for (const Record* at = begin; at < stop; ++at) {
        if (at->row == takes_no_part) continue;
        const Record record = *at;
        Record* to = end++;
        if (stop - begin <= few)
          for (; to != begin && before(record, to[-1]); --to) *to = to[-1];
        *to = record;
      }
      out.counts[c] = static_cast<std::uint32_t>(end - begin);
      if (stop - begin > few && !std::is_sorted(begin, end, before)) std::sort(begin, end, before);
    }
  });
  for (std::size_t p = 0; p < row_parts.size(); ++p) {
    out.empty.insert(out.empty.end(), empty[p].begin(), empty[p].end());
    out.first = std::min(out.first, limits[p].first);
    out.last = std::max(out.last, limits[p].second);
  }
  return out;
}

}  // namespace sojourn
