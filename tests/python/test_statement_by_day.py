"""Stocks and flows counted day by day in arrays of days, apart from the oracles, against `statement()`.

`test_statement.py` holds `statement()` against `oracles/ledger.py`, and `test_oracle_ledger.py` the oracle against
itself. Here nothing is shared with either: a row of days per customer, filled where records are in force and where gaps
are within grace; the rest is sums over that array.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

FIRST = date(2024, 11, 1)
DAYS = 500
MONTHS = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(12, 21)]  # January to September 2025
COUNTS = ("opening", "joined", "other_in", "left", "other_out", "closing", "in_grace")

record = st.fixed_dictionaries(
    {
        "customer": st.integers(0, 3),
        "start": st.integers(20, 250),
        "length": st.one_of(st.none(), st.sampled_from([1, 2, 5, 10, 30, 60, 90])),
        "value": st.integers(0, 9),
        "takes_part": st.sampled_from([True, True, True, False]),
    }
)


def table_of(records: list[dict[str, Any]]) -> pa.Table:
    def day(number: int | None) -> date | None:
        return None if number is None else FIRST + timedelta(number)

    ends = [None if row["length"] is None else row["start"] + row["length"] for row in records]
    return pa.table(
        {
            **{name: [row[name] for row in records] for name in ("customer", "value", "takes_part")},
            "start": pa.array([day(row["start"]) for row in records], pa.date32()),
            "end": pa.array([day(end) for end in ends], pa.date32()),
            "segment": [f"s{row['customer'] % 2}" for row in records],
        }
    )


def filled(in_force: np.ndarray, grace: int, as_of: int | None) -> np.ndarray:
    """Days present: gaps of at most `grace` days between days in force are closed, and what as-of leaves pending."""
    present = in_force.copy()
    held = np.flatnonzero(in_force)
    for one, other in pairwise(held):
        if other - one - 1 <= grace:
            present[one:other] = True
    if as_of is not None and held.size and held[-1] + 1 + grace > as_of:
        present[held[-1] :] = True
    return present


def by_day(
    records: list[dict[str, Any]], grace: int, as_of: int | None, first_only: bool
) -> dict[tuple[date, str], dict[str, int]]:
    """(month, segment) -> figures, in whole units of money."""
    figures: dict[tuple[date, str], dict[str, int]] = {}
    names = (*COUNTS, *(f"{name}_value" for name in COUNTS), "expansion", "contraction")
    for customer in range(4):
        value, in_force = np.zeros(DAYS, int), np.zeros(DAYS, bool)
        for row in records:
            if row["customer"] != customer or not row["takes_part"] or (as_of is not None and row["start"] > as_of):
                continue
            end = DAYS if row["length"] is None else row["start"] + row["length"]
            until = DAYS if as_of is not None and end > as_of else end
            value[row["start"] : until] += row["value"]
            in_force[row["start"] : until] = True
        if not in_force.any():
            continue
        present = filled(in_force, grace, as_of)
        before = np.concatenate(([False], present[:-1]))
        came, went = np.flatnonzero(present & ~before), np.flatnonzero(~present & before)
        change = np.where(present & before, np.diff(value, prepend=0), 0)
        for month, following in pairwise(MONTHS):
            here = figures.setdefault((month, f"s{customer % 2}"), dict.fromkeys(names, 0))
            a, b = (month - FIRST).days, (following - FIRST).days

            def add(name: str, count: int, worth: int, here: dict[str, int] = here) -> None:
                here[name] += count
                here[f"{name}_value"] += worth

            add("opening", present[a - 1], value[a - 1])
            add("closing", present[b - 1], value[b - 1])
            add("in_grace", present[b - 1] and not in_force[b - 1], 0)
            for day in came[(came >= a) & (came < b)]:
                add("joined" if day == came[0] or not first_only else "other_in", 1, value[day])
            for day in went[(went >= a) & (went < b)]:
                add("left" if day == went[0] or not first_only else "other_out", 1, value[day - 1])
            net = change[a:b].sum()
            here["expansion"] += max(net, 0)
            here["contraction"] += max(-net, 0)
    return figures


@settings(max_examples=many(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(record, min_size=1, max_size=14),
    st.sampled_from([0, 1, 5, 10, 30]),
    st.one_of(st.none(), st.integers(60, 320)),
    st.booleans(),
)
def test_days_counted_one_by_one_give_the_statement(
    records: list[dict[str, Any]], grace: int, as_of: int | None, first_only: bool
) -> None:
    first = {"first": sj.spell_number() == 1} if first_only else {}
    definition = sj.Definition(
        *("customer", "start", "end", "value"),
        where={"takes part": sj.column("takes_part") == True},  # noqa: E712
        joins=first,
        leaves=first,
        grace=f"{grace}d",
        segment="segment",
    )
    report = {"start": MONTHS[0], "end": MONTHS[-1], "as_of": None if as_of is None else FIRST + timedelta(as_of)}
    try:
        found = sj.reconcile([sj.Ledger("L", table_of(records), definition)], **report, money="minor")
    except sj.InvalidInput as error:
        assume("expected some between the report's start" not in str(error))
        raise
    counted = by_day(records, grace, as_of, first_only)
    rows = found.statement().rows()
    assert {(row["period"], row["segment"]) for row in rows} == set(counted)
    for row in rows:
        for name, expected in counted[row["period"], row["segment"]].items():
            worth = 1 if name in COUNTS else 100
            assert row[name] == expected * worth, (row["period"], row["segment"], name)
