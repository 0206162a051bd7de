"""Brute-force oracle for bridges between two ledgers: reconciliation.md sections 5 and 6, obvious and slow.

Fates, presence and values come from `oracles/ledger.py`; all else is asked group by group, event by event, day by day.
Where the specification is open, this is the reading taken (the numbers are cited in the code):

Sides
 B1  A group is a connected component of the crosswalk over the units of all ledgers of the reconciliation, the third
     ones too. Every record links its unit to its group, those that are rejected, hidden or later than the as-of day
     included. A unit is of one ledger: two ledgers' customers of one name are the same only if their groups say so;
     a ledger without a group column has its customers for groups.
     A unit without any group is unlinked: its events are `identity`, and it takes no part in anything below.
 B2  Events are counted edges over all data (after as-of), those of counted empty records too. In-day = first day
     present, out-day = first day absent. Events and edges are ordered by (day, unit, key), nulls first; without a key
     column the key is the row number. The other side is present on a day when any of its units of the group is.
 B3  Suppressed edges: every dated edge with another fate than counted, open or hidden; a rejected record's end after
     the as-of day is not dated.
 B4  Leading, per side, direction and day: of the events before whose in no other unit of the group was present the day
     before, the smallest (unit, key); of the events at whose out no other is present that day, the greatest. An event's
     own unit is not asked, nor are counted empty records, which have no presence.

Matching (section 5)
 B5  Five rounds per direction: leading with leading on one day; any with any on one day; within the window leading with
     leading, then pairs of which at least one leads, then any. A round is order-preserving, has as many pairs as
     possible, then as few days between them as possible; of several such, walk both lists from the front: pair the two
     at hand if that is still best, else skip the earlier of the two if that is, else the later.
 B6  Paired in one period of the calendar: matched, whatever the days; else timing.
 B7  Step 4, both sides apart: (unmatched event, suppressed edge of the other side) by (days between, event, edge), each
     event and each edge once; an edge with a grace's fate is for leading events only (decision 14). `rule` is the name
     after the colon of the fate. `already` is grain unless the event leads and the other side is present on the day
     before and on the day: no event there.
 B8  Step 5, both sides apart: an out and an in of one side, not of one record, both open or one open and the other an
     uncounted edge, by (days between, out, in), each once, |days| <= the larger default grace of the two definitions,
     the other side present from the day before the first to the day of the last.
 B9  Step 6a looks at matched and timing events of other units of this side, of this direction, within the window.
     6b: the smallest (unit, key) of the other side's rejected records whose date for this direction is not there.
     6c: a record without a start counts as being there, a hidden one does not. 6d only with an as-of day.

Same records (section 6)
 B10 By (record, direction): the fate on the other side. Both counted: as B6. `open` because as-of hides the end, and
     `hidden`: pending; `open` without an end: no event there. The partner is always the record itself.

Rows
 B11 Only events in the report. An event has a row for the opener's currency, which has the count, then one for every
     other currency in which its value (on the in-day, or the day before the out-day) is not zero, in order.
     Values and counts of the standard's events are negative. `group` is the smallest of the unit's own groups. Order:
     day, the ledger before the standard, in before out, unit, key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from oracles.ledger import Customer, Money, Oracle, days_of, period_edges

REASONS = (
    *("matched", "timing", "rewrite", "grain", "rule", "identity", "pending"),
    *("only here", "no event there", "unexplained"),
)
RECORDS = (
    *("ledger", "record", "unit", "group", "time", "period", "segment", "currency", "direction", "reason", "rule"),
    *("detail", "partner", "other_time", "count", "value"),
)
BRIDGE = ("period", "segment", "currency", "direction", "reason", "rule", "count", "value", "events")
DIRECTIONS = ("in", "out")
Row = dict[str, Any]


@dataclass(frozen=True)
class Given:
    """A ledger as `sj.Ledger` takes it; two ledgers share a table when `records` is one object."""

    name: str
    records: Sequence[Mapping[str, Any]]
    definition: Mapping[str, Any]
    group: str | None = None


@dataclass(frozen=True)
class Edge:
    """Start ("in") or end ("out") of a record. `day` is None when it has no date or as-of hides it."""

    side: int
    row: int
    unit: Hashable
    key: Any
    direction: str
    day: int | None
    fate: str

    def order(self) -> tuple[Any, ...]:
        assert self.day is not None
        return (self.day, *self.who())

    def who(self) -> tuple[Any, ...]:
        return (_nulls_first(self.unit), _nulls_first(self.key), self.row)

    @property
    def kind(self) -> str:
        return self.fate.split(": ")[0]

    @property
    def name(self) -> str | None:
        return self.fate.split(": ", 1)[1] if ": " in self.fate else None


@dataclass(frozen=True)
class Verdict:
    """What became of an event."""

    reason: str
    rule: str | None = None
    detail: str | None = None
    partner: Edge | None = None


def _nulls_first(value: Any) -> tuple[Any, ...]:
    return (0,) if value is None else (1, value)


class Side:
    """A ledger's edges and who is there."""

    def __init__(self, number: int, given: Given, as_of: date | None) -> None:
        self.given = given
        self.as_of = None if as_of is None else as_of.toordinal()
        self.oracle = Oracle(given.records, given.definition, as_of=as_of, days="changes")
        self.customers: dict[Hashable, Customer] = {customer.name: customer for customer in self.oracle.customers}
        self.edges: list[Edge] = []
        for row, record in enumerate(given.records):
            key = record[given.definition["key"]] if given.definition.get("key") is not None else row
            dates = [self._day(record[given.definition[column]]) for column in ("start", "end")]
            empty = dates[0] is not None and dates[1] is not None and dates[1] <= dates[0]
            if empty and self.oracle.fates[row] == ["counted", "counted"]:
                dates[1] = dates[0]  # in and out on the start day
            if self.as_of is not None:
                dates = [None if day is None or day > self.as_of else day for day in dates]
            for direction, day, fate in zip(DIRECTIONS, dates, self.oracle.fates[row], strict=True):
                unit = record[given.definition["customer"]]
                self.edges.append(Edge(number, row, unit, key, direction, day, fate))

    @staticmethod
    def _day(value: Any) -> int | None:
        return None if value is None else value.toordinal()

    def present(self, units: Iterable[Hashable], day: int) -> bool:
        return any(unit in self.customers and self.customers[unit].present(day) for unit in units)

    def default_grace(self) -> int:
        grace = self.given.definition.get("grace") or "30d"
        return days_of(grace if isinstance(grace, str) else grace[-1][2])


# --- groups ---------------------------------------------------------------------------------------------------------


def components(ledgers: Sequence[Given]) -> dict[tuple[str, Hashable], tuple[Any, Any]]:
    """(ledger, unit) -> (smallest group of its component, smallest of its own); unlinked units are left out (B1)."""
    links: dict[Any, set[Any]] = defaultdict(set)
    for given in ledgers:
        for record in given.records:
            group = record[given.definition["customer"] if given.group is None else given.group]
            if group is not None:
                unit = ("unit", given.name, record[given.definition["customer"]])
                links[unit].add(("group", group))
                links["group", group].add(unit)
    found: dict[tuple[str, Hashable], tuple[Any, Any]] = {}
    for node in links:
        reached, new = {node}, [node]
        while new:
            further = links[new.pop()] - reached
            reached |= further
            new += further
        if node[0] == "unit":
            found[node[1], node[2]] = tuple(
                min(other[1] for other in those if other[0] == "group") for those in (reached, links[node])
            )
    return found


# --- align ----------------------------------------------------------------------------------------------------------


def align(
    ones: Sequence[Edge], others: Sequence[Edge], window: int, allowed: Callable[[Edge, Edge], bool]
) -> list[tuple[Edge, Edge]]:
    """Order-preserving pairs: as many as possible, then the fewest days between them, then from the front (B5)."""
    ones, others = sorted(ones, key=Edge.order), sorted(others, key=Edge.order)

    def days(i: int, j: int) -> int:
        one, other = ones[i].day, others[j].day
        assert one is not None and other is not None
        return abs(one - other)

    def may(i: int, j: int) -> bool:
        return days(i, j) <= window and allowed(ones[i], others[j])

    @cache
    def best(i: int, j: int) -> tuple[int, int]:  # pairs, and days between them as a negative number
        if i == len(ones) or j == len(others):
            return 0, 0
        options = [best(i + 1, j), best(i, j + 1)]
        if may(i, j):
            options.append(with_pair(i, j))
        return max(options)

    def with_pair(i: int, j: int) -> tuple[int, int]:
        pairs, total = best(i + 1, j + 1)
        return pairs + 1, total - days(i, j)

    found, i, j = [], 0, 0
    while i < len(ones) and j < len(others):
        if may(i, j) and with_pair(i, j) == best(i, j):
            found.append((ones[i], others[j]))
            i, j = i + 1, j + 1
            continue
        skips = [((i + 1, j), ones[i].day), ((i, j + 1), others[j].day)]
        skips.sort(key=lambda skip: skip[1] or 0)
        i, j = next(skip for skip, _ in skips if best(*skip) == best(i, j))
    return found


# --- section 5 ------------------------------------------------------------------------------------------------------


class Group:
    """A component of the crosswalk, seen from two ledgers."""

    def __init__(
        self,
        sides: tuple[Side, Side],
        units: tuple[set[Hashable], set[Hashable]],
        window: int,
        same_period: Callable[[int, int], bool],
    ) -> None:
        self.sides, self.units, self.window, self.same_period = sides, units, window, same_period
        self.as_of = sides[0].as_of
        edges = [edge for side in sides for edge in side.edges if edge.unit in units[edge.side]]
        self.records = [edge for edge in edges if edge.direction == "in"]  # one of each, fates are the same if rejected
        self.edges = edges
        self.events = sorted(
            (edge for edge in edges if edge.fate == "counted"), key=lambda edge: (edge.side, edge.order())
        )
        self.suppressed = [
            edge for edge in edges if edge.day is not None and edge.kind not in ("counted", "open", "hidden")
        ]
        self.verdicts: dict[Edge, Verdict] = {}
        self.leading = {edge for edge in self.events if self._leads(edge)}
        self._match()
        self._suppressed_there()
        self._rewritten()
        for event in self._open():
            self.verdicts[event] = self._what_remains(event)

    def present(self, side: int, day: int) -> bool:
        return self.sides[side].present(self.units[side], day)

    def _open(self) -> list[Edge]:
        return [event for event in self.events if event not in self.verdicts]

    def _alone(self, event: Edge) -> bool:
        day = _day(event)
        others = self.units[event.side] - {event.unit}
        return not self.sides[event.side].present(others, day - 1 if event.direction == "in" else day)

    def _leads(self, event: Edge) -> bool:  # B4
        peers = [
            other
            for other in self.events
            if (other.side, other.direction, other.day) == (event.side, event.direction, event.day)
            and self._alone(other)
        ]
        if event not in peers:
            return False
        return event == (min if event.direction == "in" else max)(peers, key=Edge.who)

    def _match(self) -> None:  # B5, B6
        def both(one: Edge, other: Edge) -> bool:
            return one in self.leading and other in self.leading

        def either(one: Edge, other: Edge) -> bool:
            return one in self.leading or other in self.leading

        def any_two(one: Edge, other: Edge) -> bool:
            return True

        for direction in DIRECTIONS:
            rounds = ((0, both), (0, any_two), (self.window, both), (self.window, either), (self.window, any_two))
            for window, allowed in rounds:
                ones, others = (
                    [edge for edge in self._open() if edge.direction == direction and edge.side == side]
                    for side in (0, 1)
                )
                for one, other in align(ones, others, window, allowed):
                    reason = "matched" if self.same_period(_day(one), _day(other)) else "timing"
                    self.verdicts[one] = Verdict(reason, partner=other)
                    self.verdicts[other] = Verdict(reason, partner=one)

    def _suppressed_there(self) -> None:  # B7
        near = [
            (abs(_day(event) - _day(edge)), event.order(), edge.order(), event, edge)
            for event in self._open()
            for edge in self.suppressed
            if edge.side != event.side
            and edge.direction == event.direction
            and abs(_day(event) - _day(edge)) <= self.window
            and (edge.kind != "grace" or event in self.leading)
        ]
        for side in (0, 1):
            used: set[Edge] = set()
            for *_, event, edge in sorted((row for row in near if row[3].side == side), key=lambda row: row[:3]):
                if event not in self.verdicts and edge not in used:
                    used.add(edge)
                    self.verdicts[event] = self._for_suppressed(event, edge)

    def _for_suppressed(self, event: Edge, edge: Edge) -> Verdict:
        if edge.kind == "grace":
            return Verdict("rewrite", edge.name, None, edge)
        if edge.kind in ("rule", "uncounted"):
            return Verdict("rule", edge.name, None, edge)
        if edge.kind == "pending":
            return Verdict("pending", edge.name, None, edge)
        assert edge.kind == "already"
        if event in self.leading and self._other_there(event):
            return Verdict("no event there", None, _still(event), edge)
        return Verdict("grain", None, None, edge)

    def _other_there(self, event: Edge) -> bool:
        return all(self.present(1 - event.side, day) for day in (_day(event) - 1, _day(event)))

    def _rewritten(self) -> None:  # B8
        grace = max(side.default_grace() for side in self.sides)
        for side in (0, 1):
            takes_part = [event for event in self._open() if event.side == side]
            takes_part += [edge for edge in self.suppressed if edge.side == side and edge.kind == "uncounted"]
            near = []
            for gone in takes_part:
                for back in takes_part:
                    if (gone.direction, back.direction) != ("out", "in") or gone.row == back.row:
                        continue
                    if "counted" not in (gone.fate, back.fate):
                        continue
                    first, last = sorted((_day(gone), _day(back)))
                    if last - first > grace:
                        continue
                    if all(self.present(1 - side, day) for day in range(first - 1, last + 1)):
                        near.append((last - first, gone.order(), back.order(), gone, back))
            used: set[Edge] = set()
            for *_, gone, back in sorted(near, key=lambda row: row[:3]):
                if used & {gone, back}:
                    continue
                used |= {gone, back}
                for edge in (gone, back):
                    if edge.fate == "counted":
                        self.verdicts[edge] = Verdict("rewrite", None, "rewritten")

    def _what_remains(self, event: Edge) -> Verdict:  # B9
        day, other = _day(event), 1 - event.side
        if event not in self.leading or any(
            (one.side, one.direction) == (event.side, event.direction)
            and one.unit != event.unit
            and abs(_day(one) - day) <= self.window
            and self.verdicts[one].reason in ("matched", "timing")
            for one in self.events
            if one in self.verdicts
        ):
            return Verdict("grain")
        undated = [
            edge
            for edge in self.edges
            if edge.side == other and edge.direction == event.direction and edge.kind == "rule" and edge.day is None
        ]
        if undated:
            edge = min(undated, key=Edge.who)
            return Verdict("rule", edge.name, None, edge)
        late = self.as_of is not None and day + self.window > self.as_of
        if not any(
            record.side == other and record.kind != "hidden" and (record.day is None or record.day <= day + self.window)
            for record in self.records
        ):
            return Verdict("pending") if late else Verdict("only here", None, ("only there", None)[event.side])
        if late:
            assert self.as_of is not None
            if self.present(other, self.as_of) == (event.direction == "out"):
                return Verdict("pending")
        if self._other_there(event):
            return Verdict("no event there", None, _still(event))
        return Verdict("unexplained")


def _day(edge: Edge) -> int:
    assert edge.day is not None
    return edge.day


def _still(event: Edge) -> str:
    return "still in there" if event.direction == "out" else "already in there"


# --- section 6 ------------------------------------------------------------------------------------------------------


def same_records(sides: tuple[Side, Side], same_period: Callable[[int, int], bool]) -> dict[Edge, Verdict]:
    """Every event by the fate of its own record on the other side (B10)."""
    found = {}
    at = {(edge.side, edge.row, edge.direction): edge for side in sides for edge in side.edges}
    for edge in at.values():
        if edge.fate == "counted":
            found[edge] = _by_fate(edge, at[1 - edge.side, edge.row, edge.direction], sides[1 - edge.side], same_period)
    return found


def _by_fate(event: Edge, other: Edge, side: Side, same_period: Callable[[int, int], bool]) -> Verdict:
    if other.fate == "counted":
        return Verdict("matched" if same_period(_day(event), _day(other)) else "timing", partner=other)
    if other.kind == "already":
        return Verdict("grain", None, None, other)
    if other.kind == "grace":
        return Verdict("rewrite", other.name, None, other)
    if other.kind in ("rule", "uncounted"):
        return Verdict("rule", other.name, None, other)
    if other.kind == "pending":
        return Verdict("pending", other.name, None, other)
    written = side.given.records[event.row][side.given.definition["end"]]
    if other.fate == "hidden" or written is not None:
        return Verdict("pending", None, None, other)
    return Verdict("no event there", None, _still(event), other)


# --- tables ---------------------------------------------------------------------------------------------------------


def period_of(day: int, periods: str) -> date:
    """First day of the calendar's period with this day, in the report or not."""
    when = date.fromordinal(day)
    months = {"1 month": 1, "3 months": 3, "1 year": 12}[periods]
    return date(when.year, (when.month - 1) // months * months + 1, 1)


def verdicts(
    ledgers: Sequence[Given], standard: str, ledger: str, *, window: int, periods: str, as_of: date | None
) -> tuple[tuple[Side, Side], dict[Edge, Verdict]]:
    """Both sides (the standard first) and what became of every event of either."""
    by_name = {given.name: given for given in ledgers}
    sides = (Side(0, by_name[standard], as_of), Side(1, by_name[ledger], as_of))

    def same_period(one: int, other: int) -> bool:
        return period_of(one, periods) == period_of(other, periods)

    if by_name[standard].records is by_name[ledger].records:
        return sides, same_records(sides, same_period)
    component = components(ledgers)
    units: dict[Any, tuple[set[Hashable], set[Hashable]]] = defaultdict(lambda: (set(), set()))
    found = {}
    for side in sides:
        for edge in side.edges:
            place = (side.given.name, edge.unit)
            if place in component:
                units[component[place][0]][edge.side].add(edge.unit)
            elif edge.fate == "counted":
                found[edge] = Verdict("identity")

    for both in units.values():
        found.update(Group(sides, both, window, same_period).verdicts)
    return sides, found


def records(
    ledgers: Sequence[Given],
    standard: str,
    ledger: str,
    *,
    start: date,
    end: date,
    periods: str = "1 month",
    window: int = 90,
    as_of: date | None = None,
    rates: Iterable[Mapping[str, Any]] | None = None,
    reporting_currency: str | None = None,
) -> list[Row]:
    """A row for every event of either side in the report (B11), values in minor units."""
    period_edges(periods, start, end)
    sides, found = verdicts(ledgers, standard, ledger, window=window, periods=periods, as_of=as_of)
    money, component = Money(rates, reporting_currency), components(ledgers)
    rows: list[tuple[tuple[Any, ...], Row]] = []
    for side, sign in zip(sides, (-1, 1), strict=True):
        flows = {
            (flow.row, "out" if flow.column == "left" else "in"): flow
            for flow in side.oracle.flows(money, start, end)
            if flow.column in ("new", "returned", "left")
        }
        for edge, verdict in found.items():
            if side is not sides[edge.side] or not start.toordinal() <= _day(edge) < end.toordinal():
                continue
            flow = flows[edge.row, edge.direction]
            assert flow.day.toordinal() == _day(edge)
            further = sorted(
                (one for one, value in flow.values.items() if value and one != flow.currency), key=_nulls_first
            )
            for number, currency in enumerate([flow.currency, *further]):
                partner = verdict.partner
                row = {
                    "ledger": side.given.name,
                    "record": edge.key,
                    "unit": edge.unit,
                    "group": component.get((side.given.name, edge.unit), (None, None))[1],
                    "time": flow.day,
                    "period": period_of(_day(edge), periods),
                    "segment": flow.segment,
                    "currency": currency,
                    "direction": edge.direction,
                    "reason": verdict.reason,
                    "rule": verdict.rule,
                    "detail": verdict.detail,
                    "partner": None if partner is None else partner.key,
                    "other_time": None if partner is None or partner.day is None else date.fromordinal(partner.day),
                    "count": sign if number == 0 else 0,
                    "value": sign * flow.values.get(currency, 0),
                }
                rows.append(((_day(edge), -edge.side, edge.direction, *edge.who(), number), row))
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def bridge(rows: Iterable[Row]) -> list[Row]:
    """The rows of `records`, added up; net = in - out."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        for direction, sign in ((row["direction"], 1), ("net", 1 if row["direction"] == "in" else -1)):
            place = (row["period"], row["segment"], row["currency"], direction, row["reason"], row["rule"])
            sums[place][0] += sign * row["count"]
            sums[place][1] += sign * row["value"]
            sums[place][2] += abs(row["count"])

    def order(place: tuple[Any, ...]) -> list[Any]:
        period, segment, currency, direction, reason, rule = place
        return [
            *(period, _nulls_first(segment), _nulls_first(currency)),
            *(("in", "out", "net").index(direction), REASONS.index(reason), _nulls_first(rule)),
        ]

    return [dict(zip(BRIDGE, (*place, *sums[place]), strict=True)) for place in sorted(sums, key=order)]
