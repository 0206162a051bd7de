// The bridge between two definitions on the same records: the reason is what the other ledger did with that edge (reconciliation.md §6).
//
// Exact and whole: an event is an edge of a record, and the other ledger has judged the same edge. O(records).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sojourn/assets/bridge.hpp"

namespace sojourn {

/// @throws InvalidInput when the two ledgers were not given as many records.
inline Differences bridge_definitions(std::shared_ptr<const Reconciliation> reconciliation, std::size_t ledger, std::size_t standard,
                                      const Run& run) {
  using namespace bridge_detail;
  Differences out;
  out.ledger = &reconciliation->ledgers[ledger];
  out.standard = &reconciliation->ledgers[standard];
  const std::array<const Reconciled*, 2> parts = {out.ledger, out.standard};
  if (parts[0]->ledger->rows() != parts[1]->ledger->rows())
    refuse("bridge",
           std::to_string(parts[0]->ledger->rows()) + " records of " + parts[0]->ledger->name() + " and " + std::to_string(parts[1]->ledger->rows()) +
               " of " + parts[1]->ledger->name(),
           "the same records");
  const std::array<FateNames, 2> names = {FateNames(parts[0]->ledger->definition(), out.rules), FateNames(parts[1]->ledger->definition(), out.rules)};
  const std::array<Buffer<Fates>, 2> judged = {fates(*parts[0]->ledger, parts[0]->records, run), fates(*parts[1]->ledger, parts[1]->records, run)};
  const DifferenceWriter writer(*reconciliation, *parts[0], *parts[1]);
  const Clock& clock = reconciliation->clock;

  const auto explain = [&](const CountedEvent& event, Direction direction, std::size_t s) {
    Difference said;
    said.direction = direction;
    said.of_standard = s == standard_side;
    const Ledger& there = *parts[1 - s]->ledger;
    const Fate& fate = direction == Direction::in ? judged[1 - s][event.row].start : judged[1 - s][event.row].end;
    const DayColumn& days = direction == Direction::in ? there.start() : there.end();
    if (!days.is_null(event.row)) said.other_day = days.day(event.row, clock.zone);
    const bool is_hidden = clock.as_of && said.other_day != never && said.other_day > *clock.as_of;
    if (is_hidden) said.other_day = never;
    // Both edges of a record that counts although it is empty stand on its start day.
    const bool is_empty = parts[1 - s]->records.settled[event.row] == Settled::counted_empty;
    if (is_empty && direction == Direction::out) said.other_day = there.start().day(event.row, clock.zone);
    said.partner = event.row;
    said.reason = reason_of(fate);
    said.rule = names[1 - s].of(fate, direction);
    if (fate.kind == Fate::Kind::counted) {
      said.reason = writer.in_one_period(said.other_day, event.day) ? DifferenceReason::matched : DifferenceReason::timing;
    } else if (said.reason == DifferenceReason::unexplained) {
      said.reason = is_hidden || fate.kind == Fate::Kind::hidden ? DifferenceReason::pending : DifferenceReason::no_event_there;
      if (said.reason == DifferenceReason::no_event_there)
        said.detail = direction == Direction::in ? Detail::already_in_there : Detail::still_in_there;
    }
    return said;
  };

  struct Task {
    Slice slice;
    std::size_t side;
  };
  std::vector<Task> tasks;
  for (std::size_t s = 0; s < 2; ++s)
    for (const Slice& slice : slices(parts[s]->records.size(), parts[s]->ledger->rows() >> 15)) tasks.push_back({slice, s});
  std::vector<std::vector<Difference>> found(tasks.size());
  parallel_for(tasks.size(), run, [&](std::size_t t) {
    const Task& task = tasks[t];
    EventsOfUnits events(*parts[task.side]);
    DifferenceWriter write = writer;
    for (std::size_t unit = task.slice.begin; unit < task.slice.end; ++unit)
      events(
          static_cast<std::uint32_t>(unit),
          [&](Direction direction, const CountedEvent& event) {
            if (write.in_report(event.day)) write.write(event, explain(event, direction, task.side), found[t]);
          },
          [](std::int32_t, std::int32_t) {});
  });
  out.events = std::move(found);
  out.segments = writer.segments();
  out.currencies = writer.currencies();
  out.reconciliation = std::move(reconciliation);
  return out;
}

}  // namespace sojourn
