"""Hypothesis strategies for ledgers whose records have versions: corrections, redatings, withdrawals.

Every record of a world of `ledger_worlds` becomes a history: rows of its key with `known` (a date, or a naive timestamp
with several versions a day; one of a record may be null) and `withdrawn`. A version may change anything but the key,
the customer included. Rows stand in any order.
"""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger_worlds import KINDS, REASONS, SPAN, World, _day, worlds


@dataclass(frozen=True)
class VersionWorld:
    world: World  # its records are the versions, its definition names `known` and `withdrawn`
    days: list[date]  # on which snapshots are taken, ascending


OTHER: dict[str, list[Any]] = {
    "kind": [None, *KINDS],
    "reason": [None, *REASONS],
    "segment": [None, "north", "south"],
    "flag": [None, False, True],
    "customer": ["a", "b"],
    "replaces": [None, "nobody"],
}


def _changed(rng: random.Random, record: dict[str, Any], known: date) -> dict[str, Any]:
    """The record as a later version has it."""
    changed = dict(record)
    for what in rng.sample(["learnt", "learnt", "moved", "amount", "other", "withdrawn"], rng.randint(1, 2)):
        if what == "learnt":  # of an end, after it or before
            changed["ends"] = known + timedelta(rng.choice([-45, -20, -3, 0, 10]))
        elif what == "moved":
            edge = rng.choice(["begins", "ends"])
            moved = (changed[edge] or known) + timedelta(rng.choice([-31, -5, -1, 1, 5, 31]))
            changed[edge] = rng.choice([moved, moved, moved, None])
        elif what == "amount" and changed["amount"] is not None:
            changed["amount"] *= rng.choice([2, -1])
        elif what == "withdrawn":
            changed["withdrawn"] = rng.choice([True, True, False, None])
        elif what == "other":
            column = rng.choice(sorted(OTHER))
            changed[column] = rng.choice(OTHER[column])
    return changed


def _history(rng: random.Random, record: dict[str, Any], timed: bool) -> list[dict[str, Any]]:
    anywhere = _day(rng.randint(-20, SPAN + 60))
    soon = (record["begins"] or _day(0)) + timedelta(rng.choice([-30, 0, 0, 1, 5, 40]))
    day = rng.choice([anywhere, soon, soon, soon])
    first = {"known": rng.choice([day, day, day, None]), "withdrawn": rng.choice([False, False, False, None, True])}
    versions = [{**record, **first}]
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        day += timedelta(rng.choice([0, 0, 1, 3, 10, 30, 60] if timed else [1, 3, 10, 30, 60]))
        versions.append({**_changed(rng, versions[-1], day), "known": day})
    if timed:  # the number of the version is its hour
        for hour, version in enumerate(versions):
            if version["known"] is not None:
                version["known"] = datetime.combine(version["known"], time(hour + 8))
    return versions


@st.composite
def version_worlds(draw: st.DrawFn) -> VersionWorld:
    world = draw(worlds())
    rng = random.Random(draw(st.integers(0, 2**32)))  # Hypothesis's own choices would be the same again and again
    timed = rng.random() < 0.5
    rows = [version for record in world.records for version in _history(rng, record, timed)]
    rng.shuffle(rows)
    known = [row["known"] for row in rows if row["known"] is not None] or [_day(SPAN // 2)]
    moments = [moment.date() if isinstance(moment, datetime) else moment for moment in known]
    days = [rng.choice(moments) + timedelta(rng.choice([-1, 0, 3])) for _ in range(3)]
    if rng.random() < 0.5:
        days[2] = _day(rng.randint(SPAN, SPAN + 200))
    withdrawn = rng.choice(["withdrawn", "withdrawn", "withdrawn", None])
    definition = {**world.definition, "known": "known", "withdrawn": withdrawn}
    return VersionWorld(dataclasses.replace(world, records=rows, definition=definition, as_of=None), sorted(days))
