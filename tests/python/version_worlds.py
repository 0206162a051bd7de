"""Hypothesis strategies for ledgers whose records have versions: corrections, redatings, withdrawals.

Every record of a world of `ledger_worlds` becomes a history: rows of its key with `known` (a date, or a naive timestamp
with several versions a day; one of a record may be null) and `withdrawn`. A version may change anything but the key,
the customer included. Rows stand in any order.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger_worlds import KINDS, REASONS, SPAN, World, _day, worlds

STEPS = (0, 0, 0, 1, 3, 10, 30, 60)


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


@st.composite
def _changed(draw: st.DrawFn, record: dict[str, Any], known: date) -> dict[str, Any]:
    """The record as a later version has it."""
    changed = dict(record)
    for what in draw(st.lists(st.sampled_from(["learnt", "moved", "amount", "other", "withdrawn"]), max_size=3)):
        if what == "learnt":  # of an end, after it or before
            changed["ends"] = known + timedelta(draw(st.sampled_from([-45, -20, -3, 0, 10])))
        elif what == "moved":
            edge = draw(st.sampled_from(["begins", "ends"]))
            moved = (changed[edge] or known) + timedelta(draw(st.sampled_from([-31, -5, -1, 1, 5, 31])))
            changed[edge] = draw(st.sampled_from([moved, moved, moved, None]))
        elif what == "amount" and changed["amount"] is not None:
            changed["amount"] *= draw(st.sampled_from([2, -1]))
        elif what == "withdrawn":
            changed["withdrawn"] = draw(st.sampled_from([True, True, False, None]))
        elif what == "other":
            column = draw(st.sampled_from(sorted(OTHER)))
            changed[column] = draw(st.sampled_from(OTHER[column]))
    return changed


@st.composite
def _history(draw: st.DrawFn, record: dict[str, Any], timed: bool) -> list[dict[str, Any]]:
    day = draw(
        st.sampled_from(
            [
                _day(draw(st.integers(-20, SPAN + 60))),
                (record["begins"] or _day(0)) + timedelta(draw(st.sampled_from(STEPS))),
            ]
        )
    )
    first_known = draw(st.sampled_from([day, day, day, None]))
    versions = [
        {**record, "known": first_known, "withdrawn": draw(st.sampled_from([False, False, False, False, None, True]))}
    ]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 4]))):
        day += timedelta(draw(st.sampled_from(STEPS if timed else STEPS[3:])))
        versions.append({**draw(_changed(versions[-1], day)), "known": day})
    if timed:  # the number of the version is its hour
        for hour, version in enumerate(versions):
            if version["known"] is not None:
                version["known"] = datetime.combine(version["known"], time(hour + 8))
    return versions


@st.composite
def version_worlds(draw: st.DrawFn) -> VersionWorld:
    world = draw(worlds())
    timed = draw(st.booleans())
    rows = [version for record in world.records for version in draw(_history(record, timed))]
    known = [row["known"] for row in rows if row["known"] is not None]
    moments = [moment.date() if isinstance(moment, datetime) else moment for moment in known] or [_day(SPAN // 2)]
    near = st.builds(lambda day, days: day + timedelta(days), st.sampled_from(moments), st.integers(-1, 3))
    days = draw(st.lists(st.one_of(near, st.integers(0, SPAN + 80).map(_day)), min_size=3, max_size=3))
    return VersionWorld(
        dataclasses.replace(
            world,
            records=draw(st.permutations(rows)),
            definition={
                **world.definition,
                "known": "known",
                "withdrawn": draw(st.sampled_from(["withdrawn", "withdrawn", None])),
            },
            as_of=None,
        ),
        sorted(days),
    )
