"""Bridges and records against the oracle over generated worlds, the exact promises, and cases decided by hand."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from bridge_cases import CASES, case_ledgers, case_report
from bridge_worlds import COLUMNS, BridgeWorld, bridge_worlds
from many import many
from oracles import bridge as oracle
from oracles.bridge import Given

TYPES = {
    **dict.fromkeys((*COLUMNS, "k", "c", "c2", "g"), pa.string()),
    **dict.fromkeys(("begins", "ends", "begins_2", "ends_2", "s", "e", "e2", "known"), pa.date32()),
    **{"amount": pa.int64(), "flag": pa.bool_(), "size": pa.int64(), "ok": pa.bool_(), "withdrawn": pa.bool_()},
}
slow = settings(max_examples=many(60), deadline=None, suppress_health_check=list(HealthCheck))
Row = dict[str, Any]


def table_of(records: Any) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in records], TYPES[name]) for name in records[0]})


def reconciled(given: list[Given], report: dict[str, Any], standard: str = "A", **more: Any) -> sj.Reconciliation:
    tables = {id(one.records): table_of(one.records) for one in given}  # one table where they share one
    definitions = [sj.Definition.from_dict(dict(one.definition)) for one in given]
    ledgers = {
        one.name: sj.Ledger(one.name, tables[id(one.records)], definition, group=one.group)
        for one, definition in zip(given, definitions, strict=True)
    }
    rates = report.get("rates")
    if rates is not None:
        rates = pa.table({name: [row[name] for row in rates] for name in ("date", "currency", "rate")})
    asked = {**report, "rates": rates, "window": f"{report['window']}d", "money": "minor", **more}
    others = [ledger for name, ledger in ledgers.items() if name != standard]
    return sj.reconcile(others, standard=ledgers[standard], **asked)


def reach(world: BridgeWorld) -> bool:
    """Whether the report is taken: some record of every ledger reaches into it, or none takes part at all."""
    try:
        reconciled(world.ledgers, world.report())
    except sj.InvalidInput as error:
        assert "expected some between the report's start" in str(error)
        return False
    return True


def expected(world: BridgeWorld) -> list[Row]:
    return oracle.records(world.ledgers, "A", "B", **world.report())


# --- the oracle -----------------------------------------------------------------------------------------------------


def test_records_and_bridge_agree_with_the_oracle() -> None:
    seen: Counter[str] = Counter()

    @settings(slow, max_examples=many(300))
    @given(bridge_worlds())
    def agree(world: BridgeWorld) -> None:
        assume(reach(world))
        found = reconciled(world.ledgers, world.report())
        rows = expected(world)
        assert found.records("B").columns == list(oracle.RECORDS)
        assert found.records("B").rows() == rows
        assert found.bridge("B").columns == list(oracle.BRIDGE)
        assert found.bridge("B").rows() == oracle.bridge(rows)
        seen.update({row["reason"] for row in rows})

    agree()
    assert set(seen) == set(oracle.REASONS)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    found = reconciled(case_ledgers(name), case_report(name)).records("B").rows()
    columns = ("record", "direction", "reason", "rule", "detail", "partner")
    assert [tuple(row[column] for column in columns) for row in found] == CASES[name]["rows"]


# --- exact promises, without the oracle -----------------------------------------------------------------------------


@slow
@given(bridge_worlds())
def test_the_bridge_adds_up_to_the_gap(world: BridgeWorld) -> None:
    assume(reach(world))
    found = reconciled(world.ledgers, world.report())
    gaps: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in found.statement().rows():
        if row["ledger"] == "C":
            continue
        sign = -1 if row["ledger"] == "A" else 1
        for direction, column, way in (("in", "joined", 1), ("out", "left", -1)):
            for named, net in ((direction, 1), ("net", way)):
                place = (row["period"], row["segment"], row["currency"], named)
                gaps[place][0] += sign * net * row[column]
                gaps[place][1] += sign * net * row[f"{column}_value"]
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in found.bridge("B").rows():
        place = (row["period"], row["segment"], row["currency"], row["direction"])
        sums[place][0] += row["count"]
        sums[place][1] += row["value"]
    for place in {*gaps, *sums}:
        assert sums[place] == gaps[place], place


@slow
@given(bridge_worlds())
def test_every_event_lies_in_one_bucket(world: BridgeWorld) -> None:
    assume(reach(world))
    found = reconciled(world.ledgers, world.report())
    events: Counter[tuple[Any, ...]] = Counter()
    for row in found.statement().rows():
        for direction, column in (("in", "joined"), ("out", "left")):
            events[row["ledger"], row["period"], row["segment"], row["currency"], direction] += row[column]
    seen: Counter[tuple[Any, ...]] = Counter()
    once: Counter[tuple[Any, ...]] = Counter()
    for row in found.records("B").rows():
        seen[row["ledger"], row["period"], row["segment"], row["currency"], row["direction"]] += abs(row["count"])
        once[row["ledger"], row["record"], row["direction"]] += abs(row["count"])
        assert row["count"] * (-1 if row["ledger"] == "A" else 1) >= 0 and row["reason"] in oracle.REASONS
        assert row["rule"] is None or row["reason"] in ("rule", "rewrite", "pending")
    assert seen == Counter({place: count for place, count in events.items() if place[0] != "C"})
    assert set(once.values()) <= {1}


@slow
@given(bridge_worlds(), st.randoms())
def test_neither_row_order_nor_threads_show(world: BridgeWorld, rng: random.Random) -> None:
    assume(reach(world))
    shuffled: dict[int, list[Row]] = {}
    for one in world.ledgers:
        order = list(one.records)
        rng.shuffle(order)
        shuffled.setdefault(id(one.records), order)
    other = [replace(one, records=shuffled[id(one.records)]) for one in world.ledgers]
    found = reconciled(world.ledgers, world.report(), threads=1)
    for again in (reconciled(other, world.report(), threads=1), reconciled(world.ledgers, world.report(), threads=4)):
        assert in_bytes(again.records("B")) == in_bytes(found.records("B"))
        assert in_bytes(again.bridge("B")) == in_bytes(found.bridge("B"))


def in_bytes(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    arrow = pa.table(table)
    with pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow.combine_chunks())
    return bytes(sink.getvalue())


@slow
@given(bridge_worlds())
def test_swapping_sides_changes_signs_only(world: BridgeWorld) -> None:
    assume(reach(world))
    swapped = reconciled(world.ledgers, world.report(), standard="B").records("A").rows()
    for row in swapped:
        row.update(count=-row["count"], value=-row["value"])
        if row["reason"] == "only here":
            row["detail"] = None if row["detail"] else "only there"
    rows = reconciled(world.ledgers, world.report()).records("B").rows()
    assert sorted(swapped, key=lambda row: (row["time"], row["ledger"] == "A")) == rows


@slow
@given(bridge_worlds(groups=True), st.booleans())
def test_a_ledger_with_itself_is_all_matched(world: BridgeWorld, same_table: bool) -> None:
    one = world.ledgers[0]
    twin = replace(one, name="B", records=one.records if same_table else [*one.records])
    other = replace(world, ledgers=[one, twin, *world.ledgers[2:]])
    assume(reach(other))
    found = reconciled(other.ledgers, world.report())
    for row in found.records("B").rows():
        assert (row["reason"], row["partner"], row["other_time"]) == ("matched", row["record"], row["time"])
    assert all(row["count"] == row["value"] == 0 for row in found.bridge("B").rows())


@slow
@given(bridge_worlds())
def test_both_of_a_pair_name_one_another(world: BridgeWorld) -> None:
    report = {**world.report(), "periods": "1 month", "start": date(2024, 1, 1), "end": date(2027, 1, 1)}
    assume(reach(replace(world, **{name: report[name] for name in ("periods", "start", "end")})))
    rows = reconciled(world.ledgers, report).records("B").rows()
    pairs = {
        (row["ledger"], row["direction"], row["record"], row["time"]): (row["partner"], row["other_time"])
        for row in rows
        if row["reason"] in ("matched", "timing")
    }
    for (name, direction, record, time), (partner, other_time) in pairs.items():
        assert pairs["AB"[name == "A"], direction, partner, other_time] == (record, time)


@slow
@given(bridge_worlds(), st.data())
def test_versions_that_do_not_hold_change_nothing(world: BridgeWorld, data: st.DataObject) -> None:
    """Earlier versions of a record, and records taken back: with the groups of records that hold, for all rows link."""
    day = st.integers(-20, 120).map(lambda days: date(2025, 1, 1) + timedelta(days))
    tables: dict[int, list[Row]] = {}
    for one in world.ledgers:
        if id(one.records) in tables:
            continue
        rows = [{**row, "known": date(2024, 3, 1), "withdrawn": False} for row in one.records]
        for number, row in enumerate(list(rows)):
            what = data.draw(st.sampled_from(["alone", "alone", "superseded", "withdrawn"]))
            old = {**row, "known": date(2024, 2, 1), "begins": data.draw(day), "ends": data.draw(st.none() | day)}
            old.update(flag=data.draw(st.booleans()), begins_2=old["begins"], ends_2=old["ends"])
            if what == "superseded":
                rows.append(old)
            if what == "withdrawn":
                rows += [{**old, "key": f"W{number}"}, {**row, "key": f"W{number}", "withdrawn": True}]
        tables[id(one.records)] = rows
    versioned = [
        replace(
            one,
            records=tables[id(one.records)],
            definition={**one.definition, "known": "known", "withdrawn": "withdrawn"},
        )
        for one in world.ledgers
    ]
    assume(reach(world))
    expected = reconciled(world.ledgers, world.report())
    found = reconciled(versioned, world.report())
    assert found.records("B").rows() == expected.records("B").rows()
    assert found.bridge("B").rows() == expected.bridge("B").rows()
