// The bridge between two ledgers on different records: why each event of either is not one of the other's (reconciliation.md §5).
//
// Units meet in groups (linkage.hpp). Within a group events are first paired (align.hpp), then explained by what the other side did with
// its records, and each gets the first reason that holds. O(records) and a sort of each group's events, except in groups whose events
// make more than a million pairs within the window: those take the closest first and are reported as suspects.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/assets/align.hpp"
#include "sojourn/assets/counted_events.hpp"
#include "sojourn/assets/difference.hpp"
#include "sojourn/assets/fates.hpp"
#include "sojourn/assets/linkage.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

namespace bridge_detail {

inline constexpr std::size_t ledger_side = 0, standard_side = 1;
inline constexpr std::size_t most_pairs = Aligner::most_cells;

inline std::size_t index(Direction direction) { return static_cast<std::size_t>(direction); }

/// An event with what is found out about it.
struct Entry {
  CountedEvent event;
  std::uint32_t rank = 0;  // of its unit among the group's units of that side, by id
  bool leading = false;
  bool open = true;  // not explained yet
  Difference said = {};
};

/// An edge that its ledger does not count.
struct Edge {
  std::int32_t day;
  std::uint32_t rank, row;
  Fate fate;
  bool used = false;
};

/// A rejected record that has no date in one direction.
struct Undated {
  std::uint32_t rank, row;
  Fate fate;
};

/// Numbers of the names that a ledger's fates are called by.
struct FateNames {
  std::array<std::vector<std::uint16_t>, 2> uncounted;  // by direction
  std::vector<std::uint16_t> where, grace;
  std::uint16_t follows, replaced;

  FateNames(const Definition& definition, RuleNames& rules) : follows(rules.number("follows")), replaced(rules.number("replaced")) {
    for (const NamedRule& rule : definition.where) where.push_back(rules.number(rule.name));
    where.push_back(rules.number("no start"));
    where.push_back(rules.number("empty"));
    for (const NamedRule& rule : definition.joins) uncounted[0].push_back(rules.number(rule.name));
    for (const NamedRule& rule : definition.leaves) uncounted[1].push_back(rules.number(rule.name));
    for (const Grace& each : definition.grace) grace.push_back(rules.number(each.name));
  }
  [[nodiscard]] std::uint16_t of(const Fate& fate, Direction direction) const {
    switch (fate.kind) {
      case Fate::Kind::rule: return where[fate.rule];
      case Fate::Kind::uncounted: return uncounted[index(direction)][fate.rule];
      case Fate::Kind::grace:
      case Fate::Kind::pending: return grace[fate.rule];
      case Fate::Kind::follows: return follows;
      case Fate::Kind::replaced: return replaced;
      default: return UINT16_MAX;
    }
  }
};

/// The reason that an uncounted edge of the other side gives; `unexplained` for edges that give none.
inline DifferenceReason reason_of(const Fate& fate) {
  switch (fate.kind) {
    case Fate::Kind::grace:
    case Fate::Kind::follows:
    case Fate::Kind::replaced: return DifferenceReason::rewrite;
    case Fate::Kind::rule:
    case Fate::Kind::uncounted: return DifferenceReason::rule;
    case Fate::Kind::pending: return DifferenceReason::pending;
    case Fate::Kind::already: return DifferenceReason::grain;
    default: return DifferenceReason::unexplained;
  }
}

/// One ledger's part in the group at hand.
class Side {
 public:
  Side(const Reconciled& part, const Clock& clock) : part_(part), clock_(clock), events_of_(part), judge_(*part.ledger, part.records) {}

  std::array<std::vector<Entry>, 2> events;  // by direction, in order of (day, unit, key)
  std::array<std::vector<Edge>, 2> edges;    // the same; filled by read_records
  std::array<std::optional<Undated>, 2> undated;
  std::int32_t first_start = never;  // of any record; before all days when one has no start

  [[nodiscard]] const Ledger& ledger() const { return *part_.ledger; }
  [[nodiscard]] const std::vector<std::uint32_t>& units() const { return units_; }

  void clear() {
    units_.clear();
    starts_.clear();
    ends_.clear();
    there_.clear();
    has_read_ = false;
    for (auto& list : events) list.clear();
  }
  void add(std::uint32_t unit) { units_.push_back(unit); }

  /// Groups stand in another order than customers: what a unit needs is asked for some groups ahead, first its place, then its records.
  void prefetch_place(std::uint32_t unit) const {
    __builtin_prefetch(&part_.records.customers->offsets[unit]);
    __builtin_prefetch(&part_.records.counts[unit]);
  }
  void prefetch_records(std::uint32_t unit) const { __builtin_prefetch(&part_.records.records[part_.records.customers->offsets[unit]]); }

  void collect() {
    const UnitIds& ids = ledger().units();
    if (units_.size() > 1) std::sort(units_.begin(), units_.end(), [&](std::uint32_t a, std::uint32_t b) { return ids.compare(a, b) < 0; });
    for (std::uint32_t rank = 0; rank < units_.size(); ++rank)
      events_of_(
          units_[rank], [&](Direction direction, const CountedEvent& event) { events[index(direction)].push_back({event, rank, false, true, {}}); },
          [&](std::int32_t start, std::int32_t end) {
            starts_.push_back(start);
            if (end != never) ends_.push_back(end);
            there_.push_back({start, end, rank});
          });
    for (auto& list : events)
      if (list.size() > 1)
        std::sort(list.begin(), list.end(), [&](const Entry& a, const Entry& b) {
          return a.event.day != b.event.day ? a.event.day < b.event.day : is_before(a.rank, a.event.row, b.rank, b.event.row);
        });
    if (units_.size() > 1) {
      std::sort(starts_.begin(), starts_.end());
      std::sort(ends_.begin(), ends_.end());
      std::sort(there_.begin(), there_.end(), [](const Presence& a, const Presence& b) { return a.start < b.start; });
    }
    unite();
    lead();
  }

  /// Whether any unit is there on a day.
  [[nodiscard]] bool is_present(std::int32_t day) const { return present(day) > 0; }
  /// On all days from the first to the last.
  [[nodiscard]] bool is_present_throughout(std::int32_t first, std::int32_t last) const {
    const auto after = std::upper_bound(united_.begin(), united_.end(), first, [](std::int32_t day, const auto& span) { return day < span.first; });
    return after != united_.begin() && std::prev(after)->second > last;
  }

  /// What became of the records that are behind no event; once a group, when it is first asked for.
  void read_records() {
    if (has_read_) return;
    has_read_ = true;
    first_start = never;
    for (auto& list : edges) list.clear();
    undated = {};
    for (std::uint32_t rank = 0; rank < units_.size(); ++rank) {
      const auto records = part_.records[units_[rank]];
      const auto fates = judge_(units_[rank]);
      for (std::size_t i = 0; i < records.size(); ++i) read_record(rank, records[i].row, records[i].start, records[i].end, fates[i]);
      read_rejected(rank);
    }
    for (auto& list : edges)
      std::sort(list.begin(), list.end(),
                [&](const Edge& a, const Edge& b) { return a.day != b.day ? a.day < b.day : is_before(a.rank, a.row, b.rank, b.row); });
  }

 private:
  struct Presence {
    std::int32_t start, end;
    std::uint32_t rank;
  };

  [[nodiscard]] bool is_before(std::uint32_t rank_a, std::uint32_t row_a, std::uint32_t rank_b, std::uint32_t row_b) const {
    if (rank_a != rank_b) return rank_a < rank_b;
    const int keys = ledger().key() != nullptr ? ledger().key()->compare(row_a, row_b) : 0;
    return keys != 0 ? keys < 0 : row_a < row_b;
  }

  [[nodiscard]] std::int64_t present(std::int32_t day) const {
    const auto up_to = [&](const std::vector<std::int32_t>& days) { return std::upper_bound(days.begin(), days.end(), day) - days.begin(); };
    return up_to(starts_) - up_to(ends_);
  }
  [[nodiscard]] bool is_unit_present(std::uint32_t rank, std::int32_t day) const {
    return std::any_of(there_.begin(), there_.end(), [&](const Presence& p) { return p.rank == rank && p.start <= day && day < p.end; });
  }

  /// An in leads when no other unit was there the day before, an out when none remains; on one day one leads.
  void lead() {
    for (const Direction direction : {Direction::in, Direction::out}) {
      auto& list = events[index(direction)];
      const std::size_t n = list.size();
      std::int32_t led = never;
      for (std::size_t i = 0; i < n; ++i) {
        Entry& entry = list[direction == Direction::in ? i : n - 1 - i];
        const std::int32_t day = entry.event.day, asked = direction == Direction::in ? day - 1 : day;
        if (day == led) continue;
        if (units_.size() > 1) {
          const bool own = entry.event.of_empty && is_unit_present(entry.rank, asked);
          if (present(asked) > (own ? 1 : 0)) continue;
        }
        entry.leading = true;
        led = day;
      }
    }
  }

  /// Presences, by their starts, as days on which anybody is there.
  void unite() {
    united_.clear();
    for (const Presence& p : there_) united_.emplace_back(p.start, p.end);
    std::size_t kept = 0;
    for (std::size_t i = 1; i < united_.size(); ++i) {
      if (united_[i].first <= united_[kept].second) united_[kept].second = std::max(united_[kept].second, united_[i].second);
      else united_[++kept] = united_[i];
    }
    if (!united_.empty()) united_.resize(kept + 1);
  }

  /// The unit's records that take no part.
  void read_rejected(std::uint32_t rank) {
    const CustomerGroups& groups = *part_.records.customers;
    const std::uint32_t unit = units_[rank], rows = groups.offsets[unit + 1] - groups.offsets[unit];
    if (rows == part_.records.counts[unit]) return;
    const DayColumn &starts = ledger().start(), &ends = ledger().end();
    for (std::uint32_t i = groups.offsets[unit]; i < groups.offsets[unit + 1]; ++i) {
      const std::uint32_t row = groups.rows[i];
      const Settled settled = part_.records.settled[row];
      if (settled == Settled::no || settled >= Settled::hidden) continue;
      const std::int32_t end = ends.is_null(row) ? never : ends.day(row, clock_.zone);
      read_record(rank, row, starts.is_null(row) ? never : starts.day(row, clock_.zone),
                  clock_.as_of && end != never && end > *clock_.as_of ? never : end, judge_.settled(row));
    }
  }

  void read_record(std::uint32_t rank, std::uint32_t row, std::int32_t start, std::int32_t end, const Fates& fates) {
    first_start = std::min(first_start, start == never ? -never : start);
    for (const Direction direction : {Direction::in, Direction::out}) {
      const std::int32_t day = direction == Direction::in ? start : end;
      const Fate& fate = direction == Direction::in ? fates.start : fates.end;
      if (reason_of(fate) == DifferenceReason::unexplained) continue;
      if (day != never) {
        edges[index(direction)].push_back({day, rank, row, fate});
      } else if (fate.kind == Fate::Kind::rule) {
        auto& first = undated[index(direction)];
        if (!first || is_before(rank, row, first->rank, first->row)) first = Undated{rank, row, fate};
      }
    }
  }

  const Reconciled& part_;
  const Clock& clock_;
  EventsOfUnits events_of_;
  Judge judge_;
  std::vector<std::uint32_t> units_;
  std::vector<std::int32_t> starts_, ends_;
  std::vector<Presence> there_;
  std::vector<std::pair<std::int32_t, std::int32_t>> united_;  // days on which anybody is there: disjoint, ascending
  bool has_read_ = false;
};

/// What all groups are explained by.
struct Terms {
  const Reconciliation& reconciliation;
  std::array<const Reconciled*, 2> parts;
  std::array<FateNames, 2> names;
  std::int32_t window;
  std::int64_t grace;  // the larger default
};

/// Explains the events of one group after the other.
class Explainer {
 public:
  Explainer(const Terms& terms, DifferenceWriter writer)
      : terms_(terms),
        writer_(std::move(writer)),
        sides_{{Side(*terms.parts[0], terms.reconciliation.clock), Side(*terms.parts[1], terms.reconciliation.clock)}} {}

  std::array<Side, 2>& sides() { return sides_; }
  [[nodiscard]] bool is_suspect() const { return is_suspect_; }

  /// The units of both sides are those of one group, or one that no link ties to any.
  void explain(bool is_linked, std::vector<Difference>& out) {
    is_suspect_ = false;
    for (Side& side : sides_) side.collect();
    if (is_linked) {
      for (const Direction direction : {Direction::in, Direction::out}) pair(direction);
      if (any_open()) {
        for (std::size_t s = 0; s < 2; ++s)
          for (const Direction direction : {Direction::in, Direction::out}) by_edges(s, direction);
        for (std::size_t s = 0; s < 2; ++s) by_rewriting(s);
        for (std::size_t s = 0; s < 2; ++s)
          for (const Direction direction : {Direction::in, Direction::out})
            for (Entry& entry : sides_[s].events[index(direction)])
              if (entry.open) by_what_remains(s, direction, entry);
      }
    }
    for (std::size_t s = 0; s < 2; ++s)
      for (const Direction direction : {Direction::in, Direction::out})
        for (Entry& entry : sides_[s].events[index(direction)]) {
          if (!writer_.in_report(entry.event.day)) continue;
          if (!is_linked) entry.said.reason = DifferenceReason::identity;
          entry.said.direction = direction;
          entry.said.of_standard = s == standard_side;
          writer_.write(entry.event, entry.said, out);
        }
  }

 private:
  static void settle(Entry& entry, DifferenceReason reason, Detail detail = Detail::none) {
    entry.open = false;
    entry.said.reason = reason;
    entry.said.detail = detail;
  }
  [[nodiscard]] bool any_open() const {
    for (const Side& side : sides_)
      for (const auto& list : side.events)
        for (const Entry& entry : list)
          if (entry.open) return true;
    return false;
  }
  static Detail there_still(Direction direction) { return direction == Direction::in ? Detail::already_in_there : Detail::still_in_there; }

  /// Step 3. Same day: leading with leading, then any; within the window: leading with leading, one leading, any.
  void pair(Direction direction) {
    auto &ours = sides_[ledger_side].events[index(direction)], &theirs = sides_[standard_side].events[index(direction)];
    if (ours.empty() || theirs.empty()) return;
    struct Round {
      std::int32_t window;
      bool both_lead, one_leads;
    };
    const std::array<Round, 5> rounds = {
        {{0, true, false}, {0, false, false}, {terms_.window, true, false}, {terms_.window, false, true}, {terms_.window, false, false}}};
    for (const Round& round : rounds) {
      for (const auto& [from, to] : {std::pair{&ours, &lists_[0]}, std::pair{&theirs, &lists_[1]}}) {
        to->clear();
        for (std::uint32_t i = 0; i < from->size(); ++i) {
          const Entry& entry = (*from)[i];
          if (entry.open && (entry.leading || !round.both_lead)) to->push_back({entry.event.day, i, entry.leading});
        }
      }
      if (lists_[0].empty() || lists_[1].empty()) continue;
      is_suspect_ |= aligner_.align(lists_[0], lists_[1], round.window, round.one_leads, [&](std::uint32_t i, std::uint32_t j) {
        Entry &a = ours[i], &b = theirs[j];
        const DifferenceReason reason = writer_.in_one_period(a.event.day, b.event.day) ? DifferenceReason::matched : DifferenceReason::timing;
        for (const auto& [one, other] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
          settle(*one, reason);
          one->said.partner = other->event.row;
          one->said.other_day = other->event.day;
        }
      });
    }
  }

  /// Step 4. The nearest edge that the other side has and does not count. Only a leading event can be what the other side has rewritten:
  /// beside another unit that is there it is a matter of grain.
  void by_edges(std::size_t s, Direction direction) {
    auto& events = sides_[s].events[index(direction)];
    open_.clear();
    for (std::uint32_t i = 0; i < events.size(); ++i)
      if (events[i].open) open_.push_back(i);
    if (open_.empty()) return;
    Side& other = sides_[1 - s];
    other.read_records();
    auto& edges = other.edges[index(direction)];
    for (Edge& edge : edges) edge.used = false;
    const auto take = [&](std::uint32_t i, std::uint32_t e) {
      Entry& entry = events[i];
      Edge& edge = edges[e];
      if (!entry.open || edge.used) return;
      edge.used = true;
      const std::int32_t day = entry.event.day;
      DifferenceReason reason = reason_of(edge.fate);
      Detail detail = Detail::none;
      if (reason == DifferenceReason::grain && entry.leading && other.is_present(day - 1) && other.is_present(day))
        reason = DifferenceReason::no_event_there, detail = there_still(direction);
      settle(entry, reason, detail);
      entry.said.rule = terms_.names[1 - s].of(edge.fate, direction);
      entry.said.partner = edge.row;
      entry.said.other_day = edge.day;
    };
    closest(
        open_.size(), edges.size(), [&](std::size_t i) { return events[open_[i]].event.day; }, [&](std::size_t e) { return edges[e].day; },
        terms_.window,
        [&](std::size_t i, std::size_t e) { return events[open_[i]].leading || reason_of(edges[e].fate) != DifferenceReason::rewrite; },
        [&](std::uint32_t i, std::uint32_t e) { take(open_[i], e); });
  }

  /// Step 5. An out and an in of different records within the grace, while the other side is there throughout.
  void by_rewriting(std::size_t s) {
    struct Part {
      std::int32_t day;
      std::uint32_t rank, row;
      Entry* entry;  // null: an edge of this side that it does not count
      bool used = false;
    };
    Side &side = sides_[s], &other = sides_[1 - s];
    std::array<std::vector<Part>, 2> parts;
    bool any = false;
    for (const Direction direction : {Direction::in, Direction::out})
      for (Entry& entry : side.events[index(direction)])
        if (entry.open) parts[index(direction)].push_back({entry.event.day, entry.rank, entry.event.row, &entry}), any = true;
    if (!any) return;
    side.read_records();
    for (const Direction direction : {Direction::in, Direction::out}) {
      auto& list = parts[index(direction)];
      for (const Edge& edge : side.edges[index(direction)])
        if (edge.fate.kind == Fate::Kind::uncounted) list.push_back({edge.day, edge.rank, edge.row, nullptr});
      std::stable_sort(list.begin(), list.end(), [](const Part& a, const Part& b) { return std::tie(a.day, a.rank) < std::tie(b.day, b.rank); });
    }
    auto &ins = parts[0], &outs = parts[1];
    const auto may = [&](std::size_t o, std::size_t i) {
      const Part &out = outs[o], &in = ins[i];
      if ((out.entry == nullptr && in.entry == nullptr) || out.row == in.row) return false;
      return other.is_present_throughout(std::min(out.day, in.day) - 1, std::max(out.day, in.day));
    };
    closest(
        outs.size(), ins.size(), [&](std::size_t o) { return outs[o].day; }, [&](std::size_t i) { return ins[i].day; }, terms_.grace, may,
        [&](std::uint32_t o, std::uint32_t i) {
          if (outs[o].used || ins[i].used) return;
          outs[o].used = ins[i].used = true;
          for (const Part* part : {&outs[o], &ins[i]})
            if (part->entry != nullptr) settle(*part->entry, DifferenceReason::rewrite, Detail::rewritten);
        });
  }

  /// Calls take(i, j) for the pairs within the window that may go together, closest first; it decides whether both are still free.
  template <class DayA, class DayB, class May, class Take>
  void closest(std::size_t na, std::size_t nb, const DayA& day_a, const DayB& day_b, std::int64_t window, const May& may, const Take& take) {
    if (na == 0 || nb == 0) return;
    if (na * nb > most_pairs) {
      is_suspect_ = true;
      std::array<std::vector<Aligned>, 2> lists;
      for (std::uint32_t i = 0; i < na; ++i) lists[0].push_back({day_a(i), i, true});
      for (std::uint32_t j = 0; j < nb; ++j) lists[1].push_back({day_b(j), j, true});
      Aligner::closest_first(lists[0], lists[1], static_cast<std::int32_t>(std::min<std::int64_t>(window, never)), false,
                             [&](std::uint32_t i, std::uint32_t j) {
                               if (may(i, j)) take(i, j);
                             });
      return;
    }
    near_.clear();
    for (std::uint32_t i = 0; i < na; ++i)
      for (std::uint32_t j = 0; j < nb; ++j) {
        const std::int64_t days = std::abs(std::int64_t{day_a(i)} - day_b(j));
        if (days <= window && may(i, j)) near_.emplace_back(days, i, j);
      }
    std::sort(near_.begin(), near_.end());
    for (const auto& [days, i, j] : near_) take(i, j);
  }

  /// Step 6: the first that holds.
  void by_what_remains(std::size_t s, Direction direction, Entry& entry) {
    Side &side = sides_[s], &other = sides_[1 - s];
    other.read_records();
    const std::int32_t day = entry.event.day;
    const std::int64_t horizon = std::int64_t{day} + terms_.window;
    const auto& as_of = terms_.reconciliation.clock.as_of;
    if (!entry.leading || has_matched_other(side.events[index(direction)], entry)) return settle(entry, DifferenceReason::grain);
    if (const auto& undated = other.undated[index(direction)]) {
      settle(entry, DifferenceReason::rule);
      entry.said.rule = terms_.names[1 - s].of(undated->fate, direction);
      entry.said.partner = undated->row;
      return;
    }
    if (other.first_start > horizon) {
      if (as_of && horizon > *as_of) return settle(entry, DifferenceReason::pending);
      return settle(entry, DifferenceReason::only_here, s == standard_side ? Detail::only_there : Detail::none);
    }
    if (as_of && horizon > *as_of && other.is_present(*as_of) == (direction == Direction::out)) return settle(entry, DifferenceReason::pending);
    if (other.is_present(day - 1) && other.is_present(day)) return settle(entry, DifferenceReason::no_event_there, there_still(direction));
    settle(entry, DifferenceReason::unexplained);
  }

  /// Whether an event of another unit of the same side is paired, within the window.
  [[nodiscard]] bool has_matched_other(const std::vector<Entry>& events, const Entry& entry) const {
    auto at = std::lower_bound(events.begin(), events.end(), std::int64_t{entry.event.day} - terms_.window,
                               [](const Entry& e, std::int64_t day) { return e.event.day < day; });
    for (; at != events.end() && at->event.day <= std::int64_t{entry.event.day} + terms_.window; ++at)
      if (at->rank != entry.rank && !at->open && (at->said.reason == DifferenceReason::matched || at->said.reason == DifferenceReason::timing))
        return true;
    return false;
  }

  const Terms& terms_;
  DifferenceWriter writer_;
  std::array<Side, 2> sides_;
  Aligner aligner_;
  std::array<std::vector<Aligned>, 2> lists_;
  std::vector<std::uint32_t> open_;
  std::vector<std::tuple<std::int64_t, std::uint32_t, std::uint32_t>> near_;
  bool is_suspect_ = false;
};

}  // namespace bridge_detail

/// Every event of either ledger in the report, with its reason. @param linkage of the reconciliation's ledgers, in their order.
inline Differences bridge_records(std::shared_ptr<const Reconciliation> reconciliation, std::size_t ledger, std::size_t standard,
                                  const Linkage& linkage, std::int32_t window, const Run& run) {
  using namespace bridge_detail;
  Differences out;
  out.ledger = &reconciliation->ledgers[ledger];
  out.standard = &reconciliation->ledgers[standard];
  const std::array<const Reconciled*, 2> parts = {out.ledger, out.standard};
  const auto default_grace = [](const Reconciled& part) { return part.ledger->definition().grace.back().days; };
  const Terms terms{*reconciliation,
                    parts,
                    {FateNames(parts[0]->ledger->definition(), out.rules), FateNames(parts[1]->ledger->definition(), out.rules)},
                    window,
                    std::max(default_grace(*parts[0]), default_grace(*parts[1]))};
  const DifferenceWriter writer(*reconciliation, *parts[0], *parts[1]);
  const std::array<std::size_t, 2> numbers = {ledger, standard};

  // Groups first, then the units without one, ledger by ledger.
  const std::size_t records = parts[0]->ledger->rows() + parts[1]->ledger->rows();
  struct Task {
    Slice slice;
    std::size_t side;  // 2: groups
  };
  std::vector<Task> tasks;
  for (const Slice& slice : slices(linkage.size(), records >> 15)) tasks.push_back({slice, 2});
  for (std::size_t s = 0; s < 2; ++s)
    for (const Slice& slice : slices(linkage.of[numbers[s]].size(), records >> 18)) tasks.push_back({slice, s});
  std::vector<std::vector<Difference>> found(tasks.size());
  std::vector<std::vector<Suspect>> suspects(tasks.size());
  std::vector<std::pair<std::size_t, std::size_t>> known(tasks.size());
  parallel_for(tasks.size(), run, [&](std::size_t t) {
    const Task& task = tasks[t];
    Explainer explainer(terms, writer);
    auto& sides = explainer.sides();
    const auto each_unit = [&](std::size_t group, const auto& f) {
      if (task.side < 2 || group >= task.slice.end) return;
      for (const Linkage::Unit& unit : linkage[group])
        for (std::size_t s = 0; s < 2; ++s)
          if (unit.ledger == numbers[s]) f(sides[s], unit.unit);
    };
    found[t].reserve(2 * records / tasks.size());
    constexpr std::size_t ahead = 24;
    for (std::size_t i = task.slice.begin; i < task.slice.end; ++i) {
      each_unit(i + 2 * ahead, [](const Side& side, std::uint32_t unit) { side.prefetch_place(unit); });
      each_unit(i + ahead, [](const Side& side, std::uint32_t unit) { side.prefetch_records(unit); });
      for (Side& side : sides) side.clear();
      if (task.side < 2) {
        if (linkage.of[numbers[task.side]][i] != Linkage::none) continue;
        sides[task.side].add(static_cast<std::uint32_t>(i));
      } else {
        each_unit(i, [](Side& side, std::uint32_t unit) { side.add(unit); });
      }
      const std::size_t units = sides[0].units().size() + sides[1].units().size();
      if (units == 0) continue;
      if (task.side == 2 && !sides[standard_side].units().empty()) {
        ++known[t].first;
        known[t].second += sides[ledger_side].units().empty();
      }
      explainer.explain(task.side == 2, found[t]);
      if (!explainer.is_suspect()) continue;
      const std::size_t named = sides[0].units().empty() ? 1 : 0;
      suspects[t].push_back({named == standard_side, sides[named].units().front(), units});
    }
  });
  out.events = std::move(found);
  for (const auto& part : suspects) out.suspects.insert(out.suspects.end(), part.begin(), part.end());
  out.groups = linkage.size();
  for (const auto& [groups, unknown] : known) out.standard_groups += groups, out.unknown_groups += unknown;
  out.segments = writer.segments();
  out.currencies = writer.currencies();
  out.reconciliation = std::move(reconciliation);
  return out;
}

}  // namespace sojourn
