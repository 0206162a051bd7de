"""Brute-force oracle for versions of records (reconciliation.md section 7): filter the rows, then `oracles/ledger.py`.

What holds on a day is found record by record: throw away the versions known later, take the last of the rest, drop it
if it withdraws the record. A restatement is found by running the ledger twice and asking, for every record and
direction, what both runs say of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from oracles import ledger

Rows = Sequence[Mapping[str, Any]]
DIRECTION = {"new": "in", "returned": "in", "left": "out"}


def day_of(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def known_by(row: Mapping[str, Any], definition: Mapping[str, Any], recorded: date | None) -> bool:
    moment = row[definition["known"]] if definition.get("known") else None
    return recorded is None or moment is None or day_of(moment) <= recorded


def words(records: Rows, definition: Mapping[str, Any], recorded: date | None) -> list[str]:
    """What becomes of each row as a version: "holds", "superseded", "withdrawn" or "hidden"."""
    found = ["hidden"] * len(records)
    keys: dict[Hashable, list[int]] = defaultdict(list)
    for number, row in enumerate(records):
        if known_by(row, definition, recorded):
            keys[row[definition["key"]]].append(number)
    for versions in keys.values():
        always = [
            number for number in versions if not definition.get("known") or records[number][definition["known"]] is None
        ]
        dated = [number for number in versions if number not in always]
        if len(always) > 1 or len({records[number][definition["known"]] for number in dated}) < len(dated):
            raise ValueError("two versions of one record are known at once")
        for number in versions:
            found[number] = "superseded"
        last = max(dated, key=lambda number: records[number][definition["known"]]) if dated else always[0]
        gone = definition.get("withdrawn") is not None and records[last][definition["withdrawn"]] is True
        found[last] = "withdrawn" if gone else "holds"
    return found


def snapshot(records: Rows, definition: Mapping[str, Any], recorded: date | None) -> list[int]:
    """Numbers of the rows that hold: the table as somebody who keeps no versions had it on that day."""
    return [number for number, word in enumerate(words(records, definition, recorded)) if word == "holds"]


def plain(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The definition of who keeps no versions."""
    return {**definition, "known": None, "withdrawn": None}


def statement(
    records: Rows, definition: Mapping[str, Any], *, recorded: date | None, **report: Any
) -> list[ledger.Row]:
    """As `oracles.ledger.statement`, by what was known on the day `recorded`."""
    rows = snapshot(records, definition, recorded)
    return ledger.statement([records[row] for row in rows], plain(definition), **report) if rows else []


def fates(
    records: Rows, definition: Mapping[str, Any], *, as_of: date | None, recorded: date | None
) -> list[tuple[str, str]]:
    """As `oracles.ledger.fates`, for all rows."""
    found = [(word, word) for word in words(records, definition, recorded)]
    rows = snapshot(records, definition, recorded)
    if rows:
        judged = ledger.fates([records[row] for row in rows], plain(definition), as_of=as_of, days="changes")
        for row, fate in zip(rows, judged, strict=True):
            found[row] = fate
    return found


# --- restatements ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """A counted in or out as one of the two days sees it."""

    row: int
    customer: Hashable
    day: date
    segment: Any
    currency: Any
    values: tuple[tuple[Any, int], ...]  # by currency, those that are not zero


def events(
    records: Rows, definition: Mapping[str, Any], day: date, money: ledger.Money
) -> dict[tuple[Hashable, str], Event]:
    """Every counted in and out of all time as of a day, by (record key, direction)."""
    rows = snapshot(records, definition, day)
    if not rows:
        return {}
    oracle = ledger.Oracle([records[row] for row in rows], plain(definition), as_of=day, days="changes")
    found: dict[tuple[Hashable, str], Event] = {}
    for flow in oracle.flows(money):
        if flow.column not in DIRECTION:
            continue
        row = rows[flow.row]
        place = (records[row][definition["key"]], DIRECTION[flow.column])
        assert place not in found, "an edge is one event"
        values = tuple(sorted(((c, v) for c, v in flow.values.items() if v), key=str))
        found[place] = Event(row, flow.customer, flow.day, flow.segment, flow.currency, values)
    return found


def why(
    before: Event | None, after: Event | None, was: str | None, now: str, earlier: date
) -> tuple[str, str | None] | None:
    """Reason and rule of one (record, direction); None: both days say the same. `was`, `now`: fate on either day."""
    if before is not None and after is not None:
        if before.day != after.day:
            return "redated", None
        if (before.segment, before.currency) != (after.segment, after.currency):
            return "moved", None
        return None if before.values == after.values else ("revalued", None)
    if after is not None:
        if after.day > earlier:
            return "recorded later", "not happened yet"
        if was in (None, "hidden", "open"):
            return "recorded later", "not known yet"
        return "fate", f"{was} → counted"
    return ("withdrawn", None) if now == "withdrawn" else ("fate", f"counted → {now}")


def restatement(
    records: Rows,
    definition: Mapping[str, Any],
    *,
    earlier: date,
    later: date,
    start: date,
    end: date,
    periods: str = "1 month",
    rates: Iterable[Mapping[str, Any]] | None = None,
    reporting_currency: str | None = None,
) -> dict[tuple[Any, ...], list[int]]:
    """(period, segment, currency, direction, reason, rule) → [count, value], later less earlier."""
    money = ledger.Money(rates, reporting_currency)
    edges = ledger.period_edges(periods, start, end)
    sides = [events(records, definition, day, money) for day in (earlier, later)]
    told: list[dict[tuple[Hashable, str], str]] = []
    for day in (earlier, later):
        told.append({})
        for number, fate in enumerate(fates(records, definition, as_of=day, recorded=day)):
            key = records[number][definition["key"]]
            if fate[0] == "superseded" or not known_by(records[number], definition, day):
                continue
            told[-1][key, "in"], told[-1][key, "out"] = fate
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for key in set(sides[0]) | set(sides[1]):
        before, after = sides[0].get(key), sides[1].get(key)
        reason = why(before, after, told[0].get(key), told[1].get(key, ""), earlier)
        if reason is None:
            continue
        for event, sign in ((before, -1), (after, 1)):
            if event is None or not start <= event.day < end:
                continue
            period = max(edge for edge in edges if edge <= event.day)
            for currency in {event.currency, *dict(event.values)}:
                for direction in (key[1], "net"):
                    bucket = found[(period, event.segment, currency, direction, *reason)]
                    turned = -sign if (key[1], direction) == ("out", "net") else sign
                    bucket[0] += turned if currency == event.currency else 0
                    bucket[1] += turned * dict(event.values).get(currency, 0)
    return dict(found)
