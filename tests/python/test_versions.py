"""Versions of records: what was known on a day, past statements byte for byte, and restatements."""

from __future__ import annotations

import random
from datetime import date, datetime, timezone
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from ledger_worlds import COLUMNS
from many import many
from oracles import ledger
from oracles import versions as oracle
from test_statement import PLAIN, TYPES, guard, rates_of, simple
from version_worlds import VersionWorld, version_worlds

slow = settings(max_examples=many(150), deadline=None, suppress_health_check=list(HealthCheck))

VERSIONED = {**PLAIN, "key": "k", "known": "known", "withdrawn": "gone"}


def frame(rows: list[dict[str, Any]], timed: bool) -> pa.Table:
    types = {**TYPES, "known": pa.timestamp("us") if timed else pa.date32(), "withdrawn": pa.bool_()}
    names = (*COLUMNS, "known", "withdrawn")
    amounts = pa.array([row["amount"] for row in rows]).type if rows else None
    return pa.table({n: pa.array([row[n] for row in rows], types.get(n, amounts)) for n in names})


def run(
    given: VersionWorld, rows: list[dict[str, Any]], definition: dict[str, Any], **more: Any
) -> sj.Reconciliation | None:
    """The report over these rows; None where it is refused because nothing reaches into it."""
    world = given.world
    types = [type(row["known"]) for row in world.records]
    ledger_of = sj.Ledger("L", frame(rows, datetime in types), sj.Definition.from_dict(definition))
    report = {**world.report(), "rates": rates_of(world), "money": "minor", **more}
    try:
        return sj.reconcile([ledger_of], **report)
    except sj.InvalidInput as error:
        assert "expected some between the report's start" in str(error)
        return None


def as_bytes(table: sj.Table) -> bytes:
    sink = pa.BufferOutputStream()
    plain = pa.table(table)
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return bytes(sink.getvalue())


# --- against the oracle ---------------------------------------------------------------------------------------------


@slow
@given(version_worlds(), st.data())
def test_what_was_known_agrees_with_the_oracle(given: VersionWorld, data: st.DataObject) -> None:
    world = given.world
    as_of, recorded = data.draw(st.sampled_from([None, *given.days])), data.draw(st.sampled_from([None, *given.days]))
    found = run(given, world.records, world.definition, as_of=as_of, recorded=recorded)
    assume(found is not None)
    assert found is not None
    seen = as_of if recorded is None else recorded
    rows = oracle.statement(
        world.records, world.definition, **{**world.report(), "as_of": as_of}, recorded=seen, days="changes"
    )
    assert [{name: row[name] for name in ledger.COLUMNS} for row in found.statement().rows()] == rows
    fates = found.fates("L").to_dict()
    assert list(zip(fates["start"], fates["end"], strict=True)) == oracle.fates(
        world.records, world.definition, as_of=as_of, recorded=seen
    )
    found.check()
    assert guard(found, "duplicate keys")["failures"] == 0


@slow
@given(version_worlds(), st.randoms())
def test_a_past_statement_comes_out_byte_for_byte(given: VersionWorld, rng: random.Random) -> None:
    """Over all of today's rows, over the rows that were there then, and over the table that keeps no versions."""
    world = given.world
    for day in given.days:
        then = [row for row in world.records if oracle.known_by(row, world.definition, day)]
        held = [world.records[row] for row in oracle.snapshot(world.records, world.definition, day)]
        if not held:
            continue
        printed = run(given, held, oracle.plain(world.definition), as_of=day)
        rng.shuffle(then)
        replayed = [
            run(given, world.records, world.definition, as_of=day, recorded=day),
            run(given, world.records, world.definition, as_of=day, threads=4),
            run(given, then, world.definition, as_of=day),
            run(given, then, world.definition, as_of=day, recorded=date(2100, 1, 1)),
        ]
        for other in replayed:
            if printed is None:
                assert other is None
            else:
                assert other is not None
                assert as_bytes(other.statement()) == as_bytes(printed.statement())


# --- small cases ----------------------------------------------------------------------------------------------------


def report(records: Any, definition: dict[str, Any] | None = None, **more: Any) -> sj.Reconciliation:
    asked = {"start": "2025-01-01", "end": "2025-05-01", "money": "minor", **more}
    return sj.reconcile([sj.Ledger("L", records, sj.Definition.from_dict(definition or VERSIONED))], **asked)


def days(*texts: str | None) -> pl.Series:
    return pl.Series([None if text is None else date.fromisoformat(f"2025-{text}") for text in texts], dtype=pl.Date)


HISTORY = simple(
    ("a", "01-10", None, 100),
    ("a", "01-10", "03-05", 100),  # in April somebody learns that a left in March
    ("b", "02-03", None, 50),
    ("b", "02-03", None, 70),  # corrected
    ("c", "02-20", None, 30),
    ("c", "02-20", None, 30),  # never was
    k=["a1", "a1", "b1", "b1", "c1", "c1"],
    known=days("01-11", "04-02", None, "03-01", "02-20", "03-15"),
    gone=[False, False, None, False, False, True],
)


def totals(found: sj.Reconciliation) -> list[tuple[int, int, int, int]]:
    columns = ("new", "left", "closing", "closing_value")
    return [tuple(row[name] for name in columns) for row in found.statement().rows()]  # type: ignore[misc]


def test_each_day_sees_what_was_known_by_then() -> None:
    definition = {**VERSIONED, "grace": "0d"}
    assert totals(report(HISTORY, definition)) == [
        (1, 0, 1, 10000),
        (1, 0, 2, 17000),
        (0, 1, 1, 7000),
        (0, 0, 1, 7000),
    ]
    assert totals(report(HISTORY, definition, as_of="2025-02-28")) == [
        *((1, 0, 1, 10000), (2, 0, 3, 18000), (0, 0, 3, 18000), (0, 0, 3, 18000))
    ]
    then = report(HISTORY, definition, as_of="2025-02-28", recorded="2025-12-31")  # what had happened, as is known now
    assert totals(then)[:2] == [(1, 0, 1, 10000), (1, 0, 2, 17000)]
    assert totals(report(HISTORY, definition, recorded="2025-03-20"))[1:3] == [(1, 0, 2, 17000), (0, 0, 2, 17000)]
    assert report(HISTORY, definition, recorded="2025-02-28").fates("L").to_dict() == {
        "row": [0, 1, 2, 3, 4, 5],
        "start": ["counted", "hidden", "counted", "hidden", "counted", "hidden"],
        "end": ["open", "hidden", "open", "hidden", "open", "hidden"],
    }
    assert report(HISTORY, definition).fates("L").to_dict()["start"] == [
        *("superseded", "counted", "superseded", "counted", "superseded", "withdrawn")
    ]


def test_guards_look_at_the_version_that_holds() -> None:
    records = simple(
        ("a", "03-10", "02-01", 1),
        ("a", "01-10", "02-01", 1),
        ("b", None, None, 1),
        ("b", "01-10", None, 1),
        k=[1, 1, 2, 2],
        known=days("01-11", "04-02", "01-11", "04-02"),
        gone=[None] * 4,
    )
    for recorded, odd in ((None, 0), ("2025-02-01", 1)):
        found = report(records, recorded=recorded)
        assert guard(found, "duplicate keys")["tested"] == 2 and guard(found, "duplicate keys")["failures"] == 0
        assert guard(found, "end before start")["failures"] == odd and guard(found, "no start")["failures"] == odd


def test_known_is_a_day_of_the_reports_zone() -> None:
    """3 a.m. in UTC is the day before in Chicago; within a day the later instant holds."""
    at = [datetime(2025, 2, 1, hour, tzinfo=timezone.utc) for hour in (3, 5, 18)]
    records = simple(
        ("a", "01-10", None, 1),
        ("a", "01-10", None, 2),
        ("a", "01-10", None, 3),
        k=["x"] * 3,
        known=at,
        gone=[None] * 3,
    )
    values = {"2025-01-30": [], "2025-01-31": [200] * 4, "2025-02-01": [300] * 4}
    for day, expected in values.items():
        found = report(records[::-1], recorded=day, timezone="America/Chicago")
        assert [row["closing_value"] for row in found.statement().rows()] == expected
    assert report(records, recorded="2025-01-31").statement().rows() == []


def test_withdrawn_without_known_takes_records_back_for_good() -> None:
    records = HISTORY[[0, 2, 5]]
    found = report(records, {**VERSIONED, "known": None}, as_of="2025-02-25")
    assert found.fates("L").to_dict()["start"] == ["counted", "counted", "withdrawn"]


def test_null_segments_keep_their_type() -> None:
    """A segment that nobody had yet must not change what a column holds."""
    records = HISTORY.with_columns(seg=pl.Series([None, None, None, 3, None, 5]))
    found = report(records, {**VERSIONED, "segment": "seg"}, as_of="2025-02-28")
    then = report(records[[0, 2, 4]], {**VERSIONED, "segment": "seg"}, as_of="2025-02-28")
    assert as_bytes(found.statement()) == as_bytes(then.statement())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"known": days("01-11", "01-11", None, "03-01", "02-20", "03-15")},
            "L, column 'k', row 1: found a second version of 'a1' known at the same time as that in row 0, "
            "expected different times, which tell the later one",
        ),
        (
            {"known": days("01-11", "01-12", None, None, "02-20", "02-20")},
            "L, column 'k', row 3: found a second version of 'b1' known at the same time as that in row 2",
        ),
        (
            {"k": [1, 2, 3, 4, 5, None]},
            "L, column 'k', row 5: found null, expected a key: versions of one record have one key",
        ),
        ({"gone": [0, 1, 0, 0, 0, 0]}, "L, column 'gone': found integers, expected booleans"),
    ],
)
def test_versions_that_cannot_be_told_apart_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        report(HISTORY.with_columns(**{name: pl.Series(values) for name, values in changed.items()}))
    assert message in str(error.value)


def test_versions_without_known_are_refused() -> None:
    with pytest.raises(
        sj.InvalidInput, match="a second version of 'a1' in row 0, expected known, which tells the later one"
    ):
        report(HISTORY, {**VERSIONED, "known": None})


def test_a_ledger_without_known_ignores_recorded() -> None:
    definition = {**VERSIONED, "known": None, "withdrawn": None}
    plain = report(HISTORY, definition)
    assert as_bytes(report(HISTORY, definition, recorded="2024-01-01").statement()) == as_bytes(plain.statement())
    assert guard(plain, "duplicate keys")["failures"] == 3


def test_many_versions_whatever_the_threads() -> None:
    rng = random.Random(11)
    count = 60_000
    known = [date(2025, 1, 1 + n % 28) for n in range(count)]
    start = [date(2025, rng.randrange(1, 5), rng.randrange(1, 29)) for _ in range(count)]
    for keys in (range(count), [f"record {n}" for n in range(count)]):
        records = pl.DataFrame(
            {
                "c": [n // 28 % 700 for n in range(count)],
                "s": start,
                "e": pl.Series([None] * count, dtype=pl.Date),
                "v": [rng.randrange(100) for _ in range(count)],
                "k": [keys[n // 28] for n in range(count)],
                "known": known,
                "gone": [rng.random() < 0.1 for _ in range(count)],
            }
        )
        held = records.filter(pl.col("known") <= date(2025, 1, 20)).group_by("k").agg(pl.all().sort_by("known").last())
        printed = report(
            held.filter(~pl.col("gone")), {**VERSIONED, "known": None, "withdrawn": None}, as_of="2025-01-20"
        )
        for threads in (1, 4):
            shuffled = records.sample(fraction=1, shuffle=True, seed=threads)
            found = report(shuffled, as_of="2025-01-20", threads=threads)
            assert as_bytes(found.statement()) == as_bytes(printed.statement())
