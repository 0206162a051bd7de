// What a ledger said on one day and says on a later one: every event that one of them has otherwise, with its one reason (reconciliation.md §7).
//
// The bridge between two as-of days: the ledger runs as of either, and events are matched by (record, direction), the versions of one key
// being one record. Exact and whole: the reasons add up to the difference of the two statements, which is checked. O(records), 20 bytes a
// record beside the two runs.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/assets/counted_events.hpp"
#include "sojourn/assets/difference.hpp"
#include "sojourn/assets/difference_tables.hpp"
#include "sojourn/assets/fates.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/statement_table.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

namespace restatement_detail {

inline constexpr std::size_t later_side = 0, earlier_side = 1;

/// The row that stands for a row's record on a day: the version that holds or withdraws it.
class Versions {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  Versions(const Ledger& ledger, const Run& run) : groups_(ledger.versions()) {
    if (groups_ == nullptr) return;
    key_of_ = Buffer<std::uint32_t>(ledger.rows());
    const auto parts = slices(groups_->size(), ledger.rows() >> 16);
    parallel_for(parts.size(), run, [&](std::size_t p) {
      for (std::size_t key = parts[p].begin; key < parts[p].end; ++key)
        for (std::uint32_t i = groups_->offsets[key]; i < groups_->offsets[key + 1]; ++i) key_of_[groups_->rows[i]] = static_cast<std::uint32_t>(key);
    });
  }

  [[nodiscard]] std::uint32_t of(std::uint32_t row, const DatedRecords& on) const {
    if (groups_ == nullptr) return row;
    for (std::uint32_t i = groups_->offsets[key_of_[row]]; i < groups_->offsets[key_of_[row] + 1]; ++i)
      if (on.holds(groups_->rows[i]) || on.settled[groups_->rows[i]] == Settled::withdrawn) return groups_->rows[i];
    return none;
  }

 private:
  const CustomerGroups* groups_;
  Buffer<std::uint32_t> key_of_;
};

/// The events of one of the days in the report, each with its further currencies behind it, and where the event of an edge stands.
struct Events {
  std::vector<Difference> list;
  Buffer<std::uint32_t> at;  // by row and direction

  [[nodiscard]] std::size_t end_of(std::size_t event) const {
    do ++event;
    while (event < list.size() && !list[event].counts);
    return event;
  }
};

inline std::size_t edge(std::uint32_t row, Direction direction) { return 2 * std::size_t{row} + static_cast<std::size_t>(direction); }

inline Events events_of(const Reconciled& part, DifferenceWriter writer, bool of_earlier, const Run& run) {
  const auto parts = slices(part.records.size(), part.ledger->rows() >> 15);
  std::vector<std::vector<Difference>> found(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    EventsOfUnits events(part);
    DifferenceWriter write = writer;
    for (std::size_t unit = parts[p].begin; unit < parts[p].end; ++unit)
      events(
          static_cast<std::uint32_t>(unit),
          [&](Direction direction, const CountedEvent& event) {
            if (!write.in_report(event.day)) return;
            Difference said;
            said.direction = direction;
            said.of_standard = of_earlier;
            said.detail = of_earlier ? Detail::earlier_day : Detail::later_day;
            write.write(event, said, found[p]);
          },
          [](std::int32_t, std::int32_t) {});
  });
  Events out;
  out.at = Buffer<std::uint32_t>(2 * part.ledger->rows());
  std::fill(out.at.begin(), out.at.end(), Difference::none);
  for (const auto& list : found) {
    for (const Difference& event : list)
      if (event.counts) out.at[edge(event.row, event.direction)] = static_cast<std::uint32_t>(out.list.size() + (&event - list.data()));
    out.list.insert(out.list.end(), list.begin(), list.end());
  }
  return out;
}

/// Whether two events in the same place are worth the same in every currency.
inline bool are_worth_the_same(const Events& a, std::size_t i, const Events& b, std::size_t j) {
  return std::equal(a.list.begin() + static_cast<std::ptrdiff_t>(i), a.list.begin() + static_cast<std::ptrdiff_t>(a.end_of(i)),
                    b.list.begin() + static_cast<std::ptrdiff_t>(j), b.list.begin() + static_cast<std::ptrdiff_t>(b.end_of(j)),
                    [](const Difference& x, const Difference& y) { return x.currency == y.currency && x.value == y.value; });
}

/// Rules are the words for what an edge was and what became of it.
class Changes {
 public:
  Changes(const Definition& definition, RuleNames& rules) : definition_(definition), rules_(rules) {}
  std::uint16_t operator()(const Fate& other, Direction direction, bool of_earlier) {
    const auto [at, is_new] = known_.try_emplace({other.kind, other.rule, direction, of_earlier}, std::uint16_t{0});
    if (is_new) {
      const std::string fate = to_string(other, definition_, direction == Direction::in);
      at->second = rules_.number(of_earlier ? "counted → " + fate : fate + " → counted");
    }
    return at->second;
  }

 private:
  const Definition& definition_;
  RuleNames& rules_;
  std::map<std::tuple<Fate::Kind, std::uint32_t, Direction, bool>, std::uint16_t> known_;
};

}  // namespace restatement_detail

/// The events that a ledger has on either day but not alike on both: those of the later day, and with the sign turned (of_standard) those of
/// the earlier. What it has alike on both is left out.
inline Differences restate(const Reconciliation& report, std::size_t ledger, Day earlier, Day later, const Run& run) {
  using namespace restatement_detail;
  if (earlier > later) refuse("restatement", to_string(earlier) + " for earlier, which is after " + to_string(later), "the earlier day first");
  const std::shared_ptr<const Ledger>& records = report.ledgers[ledger].ledger;
  const auto states = std::make_shared<Reconciliation>(
      Reconciliation{report.periods, {report.clock.zone, {}, {}}, report.reporting_currency, report.rates, true, {}});
  const Valuation worth(*records, states->rates, report.reporting_currency);
  for (const Day day : {later, earlier}) {
    DatedRecords dated = date_records(*records, {report.clock.zone, day_number(day), day_number(day)}, run);
    Statement of_day = statement(*records, dated, report.periods, worth, report.reporting_currency, run);
    states->ledgers.push_back({records, std::move(dated), std::move(of_day)});
  }
  const std::array<const Reconciled*, 2> parts = {&states->ledgers[later_side], &states->ledgers[earlier_side]};
  const std::array<std::int32_t, 2> days = {day_number(later), day_number(earlier)};

  Differences out;
  out.ledger = parts[later_side];
  out.standard = parts[earlier_side];
  const DifferenceWriter writer(*states, *parts[later_side], *parts[earlier_side]);
  out.segments = writer.segments();
  out.currencies = writer.currencies();
  const Versions versions(*records, run);
  const std::array<Events, 2> events = {events_of(*parts[later_side], writer, false, run), events_of(*parts[earlier_side], writer, true, run)};
  const std::array<Buffer<Fates>, 2> judged = {fates(*records, parts[later_side]->records, run), fates(*records, parts[earlier_side]->records, run)};
  const auto fate_of = [&](std::size_t side, std::uint32_t row, Direction direction) -> const Fate& {
    return direction == Direction::in ? judged[side][row].start : judged[side][row].end;
  };
  const std::uint16_t unhappened = out.rules.number("not happened yet"), unknown = out.rules.number("not known yet");
  Changes changes(records->definition(), out.rules);

  // The day on which the other state has an edge, whether or not it counts; never: it has none.
  const auto day_there = [&](std::uint32_t row, Direction direction, std::size_t there) {
    const bool at_start = direction == Direction::in || parts[there]->records.settled[row] == Settled::counted_empty;
    const DayColumn& column = at_start ? records->start() : records->end();
    const std::int32_t day = column.is_null(row) ? never : column.day(row, report.clock.zone);
    return day > days[there] ? never : day;
  };

  /// What the other day has to an event; false: the same.
  const auto explain = [&](std::size_t side, std::size_t at, Difference& said) {
    const std::size_t there = 1 - side;
    said.partner = versions.of(said.row, parts[there]->records);
    if (said.partner != Versions::none) said.other_day = day_there(said.partner, said.direction, there);
    const Fate fate = said.partner == Versions::none ? Fate{} : fate_of(there, said.partner, said.direction);
    if (fate.kind == Fate::Kind::counted) {
      said.reason = DifferenceReason::redated;
      if (said.other_day != said.day) return true;
      const std::size_t other = events[there].at[edge(said.partner, said.direction)];
      const Difference& same = events[there].list[other];
      said.reason = same.segment == said.segment && same.currency == said.currency ? DifferenceReason::revalued : DifferenceReason::moved;
      return said.reason == DifferenceReason::moved || !are_worth_the_same(events[side], at, events[there], other);
    }
    said.reason = DifferenceReason::fate;
    if (side == earlier_side) {
      if (fate.kind == Fate::Kind::withdrawn) said.reason = DifferenceReason::withdrawn;
    } else if (said.day > days[earlier_side]) {
      said.reason = DifferenceReason::recorded_later;
      said.rule = unhappened;
    } else if (fate.kind == Fate::Kind::unset || fate.kind == Fate::Kind::hidden || fate.kind == Fate::Kind::open) {
      said.reason = DifferenceReason::recorded_later;
      said.rule = unknown;
    }
    return true;
  };

  for (std::size_t side = 0; side < 2; ++side) {
    const std::vector<Difference>& list = events[side].list;
    const auto slices_of = slices(list.size(), list.size() >> 15);
    std::vector<std::vector<Difference>> found(slices_of.size());
    parallel_for(slices_of.size(), run, [&](std::size_t p) {
      for (std::size_t i = slices_of[p].begin; i < slices_of[p].end; ++i) {
        if (!list[i].counts) continue;
        Difference said = list[i];
        if (!explain(side, i, said)) continue;
        for (std::size_t j = i; j < events[side].end_of(i); ++j) {
          said.currency = list[j].currency;
          said.value = list[j].value;
          said.counts = list[j].counts;
          found[p].push_back(said);
        }
      }
    });
    for (auto& part : found) {
      for (Difference& said : part)
        if (said.reason == DifferenceReason::fate)
          said.rule = changes(fate_of(1 - side, said.partner, said.direction), said.direction, side == earlier_side);
      out.events.push_back(std::move(part));
    }
  }
  out.reconciliation = states;
  return out;
}

/// All ledgers' sums by reason, in the order of the report.
inline Table restatement_table(const Reconciliation& report, Day earlier, Day later, MoneyStyle money, const Run& run) {
  using namespace difference_tables_detail;
  std::vector<Differences> all;
  for (std::size_t ledger = 0; ledger < report.ledgers.size(); ++ledger) all.push_back(restate(report, ledger, earlier, later, run));
  int scale = 0;
  for (const Differences& d : all) scale = std::max(scale, scale_of(d.currencies));
  StringsBuilder name, currency, rule;
  std::vector<std::uint8_t> no_currency, no_rule;
  Dates period;
  statement_table_detail::SegmentCells segment(report);
  Words direction({"in", "out", "net"}), reason(listed(reason_names));
  Ints count;
  MoneyCells value(money, scale);
  for (const Differences& d : all)
    for (const BridgeRow& row : proven_sums(d, run)) {
      const Currency& of = d.currencies[row.currency];
      const bool ruled = row.rule != UINT16_MAX;
      name.add(d.ledger->ledger->name());
      period.values.push_back(report.periods.edge(row.period));
      segment.add(d.segments, row.segment);
      currency.add(of.code);
      no_currency.push_back(of.code.empty());
      direction.add(row.direction);
      reason.add(static_cast<std::size_t>(row.reason));
      rule.add(ruled ? d.rules.names()[row.rule] : std::string());
      no_rule.push_back(!ruled);
      count.values.push_back(row.count);
      if (row.value < INT64_MIN || row.value > INT64_MAX) refuse("restatement", "a sum beyond 64 bits of minor units", "one that fits them");
      value.add(static_cast<std::int64_t>(row.value), of.digits);
    }
  Table out;
  out.columns.push_back({"ledger", std::move(name).finish()});
  out.columns.push_back({"period", std::move(period)});
  out.columns.push_back(std::move(segment).finish("segment"));
  out.columns.push_back({"currency", std::move(currency).finish(), std::move(no_currency)});
  out.columns.push_back(std::move(direction).finish("direction"));
  out.columns.push_back(std::move(reason).finish("reason"));
  out.columns.push_back({"rule", std::move(rule).finish(), std::move(no_rule)});
  out.columns.push_back({"count", std::move(count)});
  out.columns.push_back({"value", std::move(value).finish()});
  return out;
}

}  // namespace sojourn
