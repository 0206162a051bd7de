"""Checks of the bridge oracle itself: properties on generated worlds, and cases decided by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge_cases import CASES, case_ledgers, case_report
from bridge_worlds import BridgeWorld, bridge_worlds
from many import many
from oracles import bridge, ledger
from oracles.bridge import Edge, Given

slow = settings(max_examples=many(40), deadline=None, suppress_health_check=list(HealthCheck))
Row = dict[str, Any]


def records(world: BridgeWorld, standard: str = "A", other: str = "B") -> list[Row]:
    return bridge.records(world.ledgers, standard, other, **world.report())


def is_event(row: Row) -> bool:
    return row["count"] != 0


def with_sides_swapped(row: Row) -> Row:
    """A row as seen from the other side; only the standard's events have a detail where nobody else is."""
    detail = row["detail"]
    if row["reason"] == "only here":
        detail = None if detail else "only there"
    return {**row, "count": -row["count"], "value": -row["value"], "detail": detail}


def by_side(row: Row) -> tuple[Any, ...]:
    return row["time"], row["ledger"] == "A"


# --- properties -----------------------------------------------------------------------------------------------------


def gaps(world: BridgeWorld) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Ledger less standard, in and out and net of the statements: (count, value), not zeros."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    report = {name: value for name, value in world.report().items() if name != "window"}
    for side, sign in zip(world.ledgers[:2], (-1, 1), strict=True):
        for row in ledger.statement(side.records, side.definition, **report, days="changes"):
            for direction, column, way in (("in", "joined", 1), ("out", "left", -1)):
                for named, net in ((direction, 1), ("net", way)):
                    place = (row["period"], row["segment"], row["currency"], named)
                    found[place][0] += sign * net * row[column]
                    found[place][1] += sign * net * row[f"{column}_value"]
    return {place: (count, value) for place, (count, value) in found.items() if count or value}


@slow
@given(bridge_worlds())
def test_the_bridge_adds_up_to_the_gap(world: BridgeWorld) -> None:
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in bridge.bridge(records(world)):
        place = (row["period"], row["segment"], row["currency"], row["direction"])
        found[place][0] += row["count"]
        found[place][1] += row["value"]
    assert {place: (count, value) for place, (count, value) in found.items() if count or value} == gaps(world)


@slow
@given(bridge_worlds())
def test_every_event_lies_in_one_bucket(world: BridgeWorld) -> None:
    rows = [row for row in records(world) if is_event(row)]
    expected: Counter[tuple[Any, ...]] = Counter()
    for side in world.ledgers[:2]:
        fates = ledger.fates(side.records, side.definition, as_of=world.as_of, days="changes")
        for record, pair in zip(side.records, fates, strict=True):
            begins, ends = (record[side.definition[name]] for name in ("start", "end"))
            days = (begins, begins if ends is not None and ends <= begins else ends) if begins else (None, None)
            for direction, day, fate in zip(("in", "out"), days, pair, strict=True):
                if fate == "counted" and world.start <= day < world.end:
                    expected[side.name, record["key"], direction, day] += 1
    assert Counter((row["ledger"], row["record"], row["direction"], row["time"]) for row in rows) == expected
    for row in rows:
        assert row["reason"] in bridge.REASONS
        assert row["count"] == (-1 if row["ledger"] == "A" else 1)
        assert row["rule"] is None or row["reason"] in ("rule", "rewrite", "pending")


@slow
@given(bridge_worlds(), st.randoms())
def test_row_order_changes_nothing(world: BridgeWorld, random: Any) -> None:
    shuffled: dict[int, list[Row]] = {}
    for side in world.ledgers:
        order = list(side.records)
        random.shuffle(order)
        shuffled.setdefault(id(side.records), order)
    other = replace(world, ledgers=[replace(side, records=shuffled[id(side.records)]) for side in world.ledgers])
    assert records(other) == records(world)


@slow
@given(bridge_worlds())
def test_swapping_sides_changes_signs(world: BridgeWorld) -> None:
    swapped = [with_sides_swapped(row) for row in records(world, "B", "A")]
    assert sorted(swapped, key=by_side) == records(world)


@slow
@given(bridge_worlds(groups=True), st.booleans())
def test_a_ledger_with_itself_is_all_matched(world: BridgeWorld, same_table: bool) -> None:
    one = world.ledgers[0]
    twin = replace(one, name="B", records=one.records if same_table else [*one.records])
    rows = records(replace(world, ledgers=[one, twin, *world.ledgers[2:]]))
    assert {row["reason"] for row in rows} <= {"matched"}
    for row in rows:
        assert row["partner"] == row["record"] and row["other_time"] == row["time"]
    assert all(row["count"] == row["value"] == 0 for row in bridge.bridge(rows))


@slow
@given(bridge_worlds())
def test_partners_are_mutual(world: BridgeWorld) -> None:
    report = {**world.report(), "start": date(2024, 1, 1), "end": date(2027, 1, 1)}  # both of every pair are rows
    rows = [row for row in bridge.records(world.ledgers, "A", "B", **report) if row["reason"] in ("matched", "timing")]
    pairs = Counter(
        (row["ledger"], row["direction"], row["record"], row["time"], row["partner"], row["other_time"], row["reason"])
        for row in rows
        if is_event(row)
    )
    mirrored = Counter(
        ("AB"[name == "A"], direction, partner, other, record, time, reason)
        for name, direction, record, time, partner, other, reason in pairs.elements()
    )
    assert pairs == mirrored and all(count == 1 for count in pairs.values())


@slow
@given(bridge_worlds(same_table=False))
def test_what_is_elsewhere_changes_nothing(world: BridgeWorld) -> None:
    """A household that no group links to the others."""
    before = records(world)
    stranger = {**world.ledgers[0].records[0], "key": "Z99", "customer": "Z", "account": "Z"}
    stranger.update(household="elsewhere", household_2="elsewhere")
    first = world.ledgers[0]
    ledgers = [replace(first, records=[*first.records, stranger]), *world.ledgers[1:]]
    after = records(replace(world, ledgers=ledgers))
    assert [row for row in after if row["record"] != "Z99"] == before


@pytest.mark.parametrize("same_table", [False, True])
def test_every_reason_occurs(same_table: bool) -> None:
    seen: set[str] = set()

    @settings(slow, max_examples=many(300))
    @given(bridge_worlds(same_table=same_table))
    def look(world: BridgeWorld) -> None:
        seen.update(row["reason"] for row in records(world))

    look()
    never = {"identity", "only here", "unexplained"} if same_table else set()
    assert seen == {*bridge.REASONS} - never


# --- align ----------------------------------------------------------------------------------------------------------


def edges(side: int, days: list[int]) -> list[Edge]:
    return [Edge(side, row, f"u{row}", row, "in", day, "counted") for row, day in enumerate(days)]


_DAYS = st.lists(st.integers(0, 20), max_size=5)


@settings(max_examples=many(200), deadline=None)
@given(_DAYS, _DAYS, st.integers(0, 8), st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8))
def test_align_is_best_of_all(days: list[int], others: list[int], window: int, no: set[tuple[int, int]]) -> None:
    one, other = edges(0, days), edges(1, others)

    def may(left: Edge, right: Edge) -> bool:
        return (left.row, right.row) not in no

    def measure(pairs: list[tuple[Edge, Edge]]) -> tuple[int, int]:
        return -len(pairs), sum(abs(left.day - right.day) for left, right in pairs)  # type: ignore[operator]

    one, other = sorted(one, key=Edge.order), sorted(other, key=Edge.order)
    best = min(
        measure(pairs)
        for count in range(min(len(one), len(other)) + 1)
        for lefts in combinations(one, count)
        for rights in combinations(other, count)
        for pairs in [list(zip(lefts, rights, strict=True))]
        if all(may(*pair) and abs(pair[0].day - pair[1].day) <= window for pair in pairs)  # type: ignore[operator]
    )
    found = bridge.align(one, other, window, may)
    assert measure(found) == best
    assert all(may(*pair) for pair in found)
    assert [pair[0] for pair in found] == sorted({pair[0] for pair in found}, key=Edge.order)
    assert [pair[1] for pair in found] == sorted({pair[1] for pair in found}, key=Edge.order)


# --- by hand --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    rows = bridge.records(case_ledgers(name), "A", "B", **case_report(name))
    columns = ("record", "direction", "reason", "rule", "detail", "partner")
    assert [tuple(row[column] for column in columns) for row in rows] == CASES[name]["rows"]


def test_cases_know_every_reason() -> None:
    assert {row[2] for case in CASES.values() for row in case["rows"]} == set(bridge.REASONS)


def test_a_third_ledger_links_units() -> None:
    row = {"s": date(2025, 3, 5), "e": None}
    definition = {"customer": "c", "start": "s", "end": "e"}
    one = Given("A", [{"c": "a", "g": "x", **row}], definition, "g")
    two = Given("B", [{"c": "b", "g": "y", **row}], definition, "g")
    links = Given("C", [{"c": "c", "g": group, **row} for group in "xy"], definition, "g")
    report = {"start": date(2025, 1, 1), "end": date(2025, 7, 1)}
    assert [row["reason"] for row in bridge.records([one, two], "A", "B", **report)] == ["only here"] * 2
    assert [row["reason"] for row in bridge.records([one, two, links], "A", "B", **report)] == ["matched"] * 2
