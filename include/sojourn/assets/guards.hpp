// Guards: what in a ledger's records looks like a fault of the data. They count and point; they never change a figure.
// Of a record's versions they look at the one that holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/spells.hpp"

namespace sojourn {

/// One line of a reconciliation's checks. An identity that fails is a fault of the library, a guard that does one of the data.
struct Check {
  enum class Kind : std::uint8_t { identity, guard };
  std::string name;
  Kind kind = Kind::guard;
  std::int64_t tested = 0, failures = 0;
  std::string detail = {};
};

namespace guards_detail {

/// A zone by the name a column came with; none where the system does not know it.
inline std::optional<ZoneRules> zone_named(const std::string& name) {
  try {
    return ZoneRules::load(name);
  } catch (const InvalidInput&) {
    return std::nullopt;  // an offset such as +01:00, or a machine without zone files: then only UTC midnights are looked for
  }
}

/// Customers who leave on one day, far more than ever before: a load that failed, more likely than departures. Suspected: at least 10, a
/// twentieth of those present, and five times the most of any earlier day; and there is something to compare with: leaving on three
/// earlier days, or half a year without any.
inline Check vanished(const Reconciled& part) {
  constexpr std::int64_t least = 10, times = 5, one_in = 20, days_before = 3;
  constexpr std::int32_t half_a_year = 182;
  Check out{part.ledger->name() + ": many customers vanish at once (a suspected load fault)"};
  const DatedRecords& records = part.records;
  if (records.is_empty()) return out;
  std::vector<std::int32_t> starts, ends;
  Gaps gaps(*part.ledger, records);
  for (std::size_t c = 0; c < records.size(); ++c)
    for_each_spell(
        *part.ledger, records[c], gaps,
        [&](const Spell& spell) {
          starts.push_back(spell.start);
          if (spell.end != never) ends.push_back(spell.end);
        },
        [](const Record&, const Record&, const Join&) {});
  std::sort(starts.begin(), starts.end());
  std::sort(ends.begin(), ends.end());
  std::int64_t most = 0, earlier = 0;
  for (std::size_t i = 0; i < ends.size();) {
    const std::int32_t day = ends[i];
    std::size_t next = i;
    while (next < ends.size() && ends[next] == day) ++next;
    const auto left = static_cast<std::int64_t>(next - i);
    const std::int64_t present = std::lower_bound(starts.begin(), starts.end(), day) - starts.begin() - static_cast<std::int64_t>(i);
    const bool comparable = earlier >= days_before || day - records.first >= half_a_year;
    ++out.tested;
    if (comparable && left >= least && left * one_in >= present && left >= times * std::max<std::int64_t>(1, most)) {
      if (out.failures++ == 0)
        out.detail = to_string(day_of(day)) + ": " + std::to_string(left) + " of " + std::to_string(present) +
                     " customers left at once, the most on any day before was " + std::to_string(most);
    }
    most = std::max(most, left);
    ++earlier;
    i = next;
  }
  return out;
}

/// Keys that more than one record has, and among these records that overlap in time.
inline std::pair<Check, Check> keys(const Reconciled& part, const Clock& clock) {
  const Ledger& ledger = *part.ledger;
  std::pair<Check, Check> out{{ledger.name() + ": duplicate keys"}, {ledger.name() + ": overlapping records of one key"}};
  auto& [duplicate, overlap] = out;
  if (ledger.key() == nullptr) {
    duplicate.detail = overlap.detail = "the definition names no key";
    return out;
  }
  std::vector<std::pair<std::int64_t, std::uint32_t>> rows;
  for (std::uint32_t row = 0; row < ledger.rows(); ++row)
    if (!ledger.key()->is_null(row) && part.records.holds(row)) rows.emplace_back(ledger.key()->identity(row), row);
  std::sort(rows.begin(), rows.end());
  duplicate.tested = static_cast<std::int64_t>(rows.size());
  std::size_t first_duplicate = SIZE_MAX, first_overlap = SIZE_MAX;
  std::vector<std::pair<std::int32_t, std::int32_t>> days;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t next = i;
    days.clear();
    for (; next < rows.size() && rows[next].first == rows[i].first; ++next) {
      const std::uint32_t row = rows[next].second;
      if (ledger.start().is_null(row)) continue;
      const std::int32_t start = ledger.start().day(row, clock.zone), end = ledger.end().is_null(row) ? never : ledger.end().day(row, clock.zone);
      if (start < end) days.emplace_back(start, end);
    }
    if (next - i > 1) {
      ++duplicate.failures;
      if (rows[i].second < first_duplicate) {
        first_duplicate = rows[i].second;
        duplicate.detail = "key " + ledger.key()->text(first_duplicate) + " in rows " + std::to_string(rows[i].second) + " and " +
                           std::to_string(rows[i + 1].second);
      }
      std::sort(days.begin(), days.end());
      ++overlap.tested;
      std::int32_t reach = -never;
      bool found = false;
      for (const auto& [start, end] : days) {
        found = found || start < reach;
        reach = std::max(reach, end);
      }
      overlap.failures += found;
      if (found && rows[i].second < first_overlap) {
        first_overlap = rows[i].second;
        overlap.detail = "key " + ledger.key()->text(first_overlap) + ", first in row " + std::to_string(first_overlap);
      }
    }
    i = next;
  }
  return out;
}

/// Units that a crosswalk leaves without a group, and its links of units that no record has.
inline void crosswalk(const Ledger& ledger, const Links& links, std::vector<Check>& out) {
  Check without{ledger.name() + ": no group", Check::Kind::guard, static_cast<std::int64_t>(ledger.units().size())};
  for (std::size_t unit = 0; unit < ledger.units().size(); ++unit)
    if (links.offsets[unit] == links.offsets[unit + 1] && without.failures++ == 0) without.detail = "first " + ledger.units().text(unit);
  Check unknown{ledger.name() + ": links of units that no record has", Check::Kind::guard, links.rows, links.of_unknown_units};
  if (unknown.failures > 0) unknown.detail = "first " + links.first_unknown;
  out.push_back(std::move(without));
  out.push_back(std::move(unknown));
}

/// Records of one customer that say the same in every column that counts: one of them is likely a copy. With keys, copies are known by them.
inline Check copies(const Reconciled& part) {
  const Ledger& ledger = *part.ledger;
  Check out{ledger.name() + ": identical records of one customer"};
  const DatedRecords& dated = part.records;
  std::vector<const Record*> order;
  std::uint32_t first = UINT32_MAX;
  for (std::size_t c = 0; c < dated.size(); ++c) {
    const auto records = dated[c];
    out.tested += static_cast<std::int64_t>(records.size());
    if (records.size() < 2) continue;
    order.clear();
    for (const Record& r : records) order.push_back(&r);
    const auto content = [](const Record& r) { return std::tie(r.start, r.end, r.value, r.currency); };
    std::sort(order.begin(), order.end(),
              [&](const Record* a, const Record* b) { return content(*a) != content(*b) ? content(*a) < content(*b) : a->row < b->row; });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (content(*order[i - 1]) != content(*order[i])) continue;
      if (ledger.key() != nullptr && ledger.key()->compare(order[i - 1]->row, order[i]->row) != 0) continue;
      ++out.failures;
      if (order[i]->row > first) continue;
      first = order[i]->row;
      out.detail = ledger.units().text(c) + " in rows " + std::to_string(order[i - 1]->row) + " and " + std::to_string(order[i]->row) + ", from " +
                   to_string(day_of(order[i]->start));
    }
  }
  return out;
}

/// Records that end before they start, that have no start, or no value.
inline void odd_records(const Reconciled& part, const Clock& clock, std::vector<Check>& out) {
  const Ledger& ledger = *part.ledger;
  Check reversed{ledger.name() + ": end before start"}, startless{ledger.name() + ": no start"};
  const auto note = [](Check& check, bool fails, std::size_t row) {
    ++check.tested;
    if (fails && check.failures++ == 0) check.detail = "first in row " + std::to_string(row);
  };
  for (std::size_t row = 0; row < ledger.rows(); ++row) {
    if (!part.records.holds(row)) continue;
    const bool starts = !ledger.start().is_null(row), ends = !ledger.end().is_null(row);
    note(startless, !starts, row);
    if (starts && ends) note(reversed, ledger.end().day(row, clock.zone) < ledger.start().day(row, clock.zone), row);
  }
  out.push_back(std::move(reversed));
  out.push_back(std::move(startless));
  if (const auto missing = ledger.missing_values())
    out.push_back({ledger.name() + ": no value (counted as 0)", Check::Kind::guard, static_cast<std::int64_t>(ledger.rows()), *missing, {}});
  if (const Links* links = ledger.links(); links != nullptr && !links->of_crosswalk)
    out.push_back({ledger.name() + ": no group", Check::Kind::guard, static_cast<std::int64_t>(ledger.rows()), links->records_without, {}});
  if (const Links* links = ledger.links(); links != nullptr && links->of_crosswalk) crosswalk(ledger, *links, out);
}

/// Days written as midnights of one zone and read in another fall on the day before or after.
inline Check shifted(const Reconciled& part, const Clock& clock) {
  Check out{part.ledger->name() + ": days shifted between zones"};
  for (const DayColumn* column : {&part.ledger->start(), &part.ledger->end()}) {
    const Times* instants = column->instants();
    if (instants == nullptr) continue;
    std::vector<ZoneRules> written;
    written.reserve(2);
    written.emplace_back();  // UTC
    if (const auto own = zone_named(*instants->zone)) written.push_back(*own);
    std::int64_t known = 0;
    std::vector<std::int64_t> midnights(written.size()), moved(written.size());
    for (std::size_t row = 0; row < part.ledger->rows(); ++row) {
      if (column->is_null(row)) continue;
      ++known;
      const Timestamp time = timestamp(instants->values[row]);
      for (std::size_t z = 0; z < written.size(); ++z) {
        const Day day = written[z].day(time);
        if (written[z].to_local(time) != LocalTime{day}) continue;
        ++midnights[z];
        moved[z] += day_number(day) != column->day(row, clock.zone);
      }
    }
    out.tested += known;
    std::size_t worst = 0;
    for (std::size_t z = 0; z < written.size(); ++z)
      if (midnights[z] * 10 >= known * 9 && moved[z] > moved[worst]) worst = z;
    if (midnights[worst] * 10 < known * 9 || moved[worst] == 0) continue;
    out.failures += moved[worst];
    if (out.detail.empty())
      out.detail = "column '" + column->name() + "': " + std::to_string(midnights[worst]) + " of " + std::to_string(known) +
                   " instants are midnight in " + written[worst].name() + ", which in " + clock.zone.name() + " is another day for " +
                   std::to_string(moved[worst]);
  }
  return out;
}

/// Currencies beyond the first, unless rates bring all into one: their rows must not be added up.
inline Check currencies(const Reconciled& part, bool reported_in_one) {
  const Ledger& ledger = *part.ledger;
  Check out{ledger.name() + ": several currencies"};
  out.tested = static_cast<std::int64_t>(ledger.rows());
  std::vector<std::int64_t> records(ledger.currencies().size());
  std::vector<std::size_t> first(records.size(), ledger.rows());
  for (std::size_t row = 0; row < ledger.rows(); ++row) {
    if (!part.records.holds(row)) continue;
    const std::uint32_t code = ledger.currency()[row];
    ++records[code];
    first[code] = std::min(first[code], row);
  }
  std::int64_t met = 0;
  std::string found;
  for (std::size_t c = 0; c < records.size(); ++c) {
    if (records[c] == 0) continue;
    ++met;
    found += (found.empty() ? "" : ", ") + (c == 0 ? std::string("none") : ledger.currencies()[c].code) + " " + std::to_string(records[c]) +
             " records (first in row " + std::to_string(first[c]) + ")";
  }
  if (met > 1) out.detail = found;
  if (!reported_in_one) out.failures = met - 1;
  return out;
}

}  // namespace guards_detail

/// Adds the guards of one ledger. O(records), and a sort of the keys.
inline void guard(const Reconciled& part, const Reconciliation& reconciliation, std::vector<Check>& out) {
  using namespace guards_detail;
  out.push_back(vanished(part));
  auto [duplicate, overlap] = keys(part, reconciliation.clock);
  out.push_back(std::move(duplicate));
  out.push_back(std::move(overlap));
  out.push_back(copies(part));
  odd_records(part, reconciliation.clock, out);
  out.push_back(shifted(part, reconciliation.clock));
  out.push_back(currencies(part, reconciliation.reporting_currency.has_value()));
}

}  // namespace sojourn
