"""Versions of records: what was known on a day, past statements byte for byte, and restatements."""

from __future__ import annotations

import random
from collections import defaultdict
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


# --- restatements ---------------------------------------------------------------------------------------------------

BUCKET = ("period", "segment", "currency", "direction", "reason", "rule")
Buckets = dict[tuple[Any, ...], list[int]]


def summed(rows: list[dict[str, Any]], by: tuple[str, ...], net: bool = False) -> Buckets:
    """Count and value; with `net` rows of a record list turned into buckets of in, out and net."""
    found: Buckets = defaultdict(lambda: [0, 0])
    for row in rows:
        for direction in (row["direction"], "net") if net else (row["direction"],):
            turned = -1 if (row["direction"], direction) == ("out", "net") else 1
            bucket = found[tuple({**row, "direction": direction}[name] for name in by)]
            bucket[0] += turned * row["count"]
            bucket[1] += turned * row["value"]
    return dict(found)


def nonzero(buckets: Buckets) -> Buckets:
    return {place: bucket for place, bucket in buckets.items() if bucket != [0, 0]}


def differences(earlier: list[dict[str, Any]], later: list[dict[str, Any]]) -> Buckets:
    """By period, segment, currency, direction: what one statement has more than another, where it does."""
    found: Buckets = defaultdict(lambda: [0, 0])
    for rows, sign in ((earlier, -1), (later, 1)):
        for row in rows:
            for direction, column, turned in (
                ("in", "joined", 1),
                ("out", "left", 1),
                ("net", "joined", 1),
                ("net", "left", -1),
            ):
                bucket = found[row["period"], row["segment"], row["currency"], direction]
                bucket[0] += sign * turned * row[column]
                bucket[1] += sign * turned * row[f"{column}_value"]
    return nonzero(dict(found))


@slow
@given(version_worlds(), st.booleans())
def test_restatements_agree_with_the_oracle_and_add_up(given: VersionWorld, versioned: bool) -> None:
    world = given.world
    records, definition = world.records, world.definition
    if not versioned:
        records = [records[row] for row in oracle.snapshot(records, definition, None)]
        definition = oracle.plain(definition)
    assume(records)
    found = run(given, records, definition)
    assume(found is not None)
    assert found is not None
    asked = {name: value for name, value in world.report().items() if name != "as_of"}
    first, second, third = given.days
    steps = {}
    for earlier, later in ((first, second), (second, third), (first, third), (third, third)):
        table = found.restatement(earlier, later)
        assert table.columns == ["ledger", *BUCKET, "count", "value"]
        rows = table.rows()
        told = oracle.restatement(records, definition, earlier=earlier, later=later, **asked)
        assert {tuple(row[name] for name in BUCKET): [row["count"], row["value"]] for row in rows} == told
        states = [
            oracle.statement(records, definition, **asked, as_of=day, recorded=day, days="changes")
            for day in (earlier, later)
        ]
        steps[earlier, later] = nonzero(summed(rows, BUCKET[:4]))
        assert steps[earlier, later] == differences(*states)
        listed = found.restated_records("L", earlier, later).rows()
        assert summed(listed, BUCKET, net=True) == told
        assert {row["detail"] for row in listed if row["count"] == 1} <= {"later day"}
        assert {row["detail"] for row in listed if row["count"] == -1} <= {"earlier day"}
        assert not listed or earlier != later
    added: Buckets = defaultdict(lambda: [0, 0])
    for step in ((first, second), (second, third)):
        if first < second < third:
            for place, (count, value) in steps[step].items():
                added[place][0] += count
                added[place][1] += value
    if first < second < third:
        assert nonzero(dict(added)) == steps[first, third]


@slow
@given(version_worlds(), st.randoms())
def test_restatements_show_neither_threads_nor_row_order(given: VersionWorld, rng: random.Random) -> None:
    world = given.world
    found = run(given, world.records, world.definition, threads=1)
    assume(found is not None)
    assert found is not None
    shuffled = list(world.records)
    rng.shuffle(shuffled)
    other = run(given, shuffled, world.definition, threads=4)
    assert other is not None
    days = given.days[0], given.days[2]
    assert as_bytes(other.restatement(*days)) == as_bytes(found.restatement(*days))
    assert other.restated_records("L", *days).rows() == found.restated_records("L", *days).rows()


@slow
@given(version_worlds(), st.booleans())
def test_a_past_bridge_comes_out_too(given: VersionWorld, same: bool) -> None:
    """As of a day the bridge over all versions is that over the table that keeps none: on one table, and on two."""
    world = given.world
    day = given.days[1]
    strict = {**world.definition, "where": {}, "joins": {}, "grace": "0d"}
    held = [world.records[row] for row in oracle.snapshot(world.records, world.definition, day)]
    assume(held)
    timed = any(isinstance(row["known"], datetime) for row in world.records)
    found = []
    for rows, known in ((world.records, True), (held, False)):
        tables = [frame(rows, timed)] * 2 if same else [frame(rows, timed), frame(rows, timed)]
        said = [definition if known else oracle.plain(definition) for definition in (world.definition, strict)]
        ours, standard = (
            sj.Ledger(name, table, sj.Definition.from_dict(definition))
            for name, table, definition in zip("LS", tables, said, strict=True)
        )
        report = {**world.report(), "rates": rates_of(world), "money": "minor", "as_of": day}
        try:
            result = sj.reconcile([ours], standard, **report)
        except sj.InvalidInput as error:
            assert "expected some between the report's start" in str(error)
            found.append(None)
            continue
        found.append((result.bridge("L").rows(), result.records("L").rows()))
        result.check()
    assert found[0] == found[1]


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


def test_a_restatement_tells_why() -> None:
    definition = {
        **VERSIONED,
        "grace": "0d",
        "segment": "seg",
        "where": {"real": {"column": "v", "op": ">", "value": 0}},
    }
    records = HISTORY.with_columns(seg=pl.Series(["north"] * 6))
    more = simple(
        ("d", "01-15", None, 20),
        ("d", "02-15", None, 20),  # redated
        ("e", "01-20", None, -5),
        ("e", "01-20", None, 25),  # fails the rule at first
        ("f", "01-25", None, 40),
        ("f", "01-25", None, 40),  # of another segment
        ("g", "03-12", None, 60),  # has not happened yet
        ("h", "01-08", None, 80),  # learnt of late
        ("i", "01-03", None, 90),  # the same on both days
        k=["d1", "d1", "e1", "e1", "f1", "f1", "g1", "h1", "i1"],
        known=days("01-15", "03-01", "01-20", "03-01", "01-25", "03-01", "01-01", "03-20", None),
        gone=[False] * 9,
        seg=["north"] * 5 + ["south"] + ["north"] * 3,
    )
    found = report(pl.concat([records, more]), definition)
    rows = found.restated_records("L", "2025-02-28", "2025-03-31").rows()
    columns = ("record", "time", "direction", "reason", "rule", "detail", "other_time", "count", "value")
    day = {
        text: date.fromisoformat(f"2025-{text}")
        for text in ("01-08", "01-15", "01-20", "01-25", "02-03", "02-15", "02-20", "03-12")
    }
    assert sorted((tuple(row[name] for name in columns) for row in rows), key=str) == [
        ("b1", day["02-03"], "in", "revalued", None, "earlier day", day["02-03"], -1, -5000),
        ("b1", day["02-03"], "in", "revalued", None, "later day", day["02-03"], 1, 7000),
        ("c1", day["02-20"], "in", "withdrawn", None, "earlier day", day["02-20"], -1, -3000),
        ("d1", day["01-15"], "in", "redated", None, "earlier day", day["02-15"], -1, -2000),
        ("d1", day["02-15"], "in", "redated", None, "later day", day["01-15"], 1, 2000),
        ("e1", day["01-20"], "in", "fate", "rule: real → counted", "later day", day["01-20"], 1, 2500),
        ("f1", day["01-25"], "in", "moved", None, "earlier day", day["01-25"], -1, -4000),
        ("f1", day["01-25"], "in", "moved", None, "later day", day["01-25"], 1, 4000),
        ("g1", day["03-12"], "in", "recorded later", "not happened yet", "later day", None, 1, 6000),
        ("h1", day["01-08"], "in", "recorded later", "not known yet", "later day", None, 1, 8000),
    ]
    assert {row["record"]: row["partner"] for row in rows}["h1"] is None
    (end,) = [row for row in found.restatement("2025-03-31", "2025-04-30").rows() if row["direction"] == "out"]
    assert (end["ledger"], end["period"], end["reason"], end["rule"], end["count"], end["value"]) == (
        *("L", date(2025, 3, 1), "recorded later", "not known yet", 1),
        10000,
    )
    assert found.restatement("2025-03-31", "2025-03-31").rows() == []


def test_restatements_of_several_ledgers() -> None:
    """Ledgers whose segments have different types; one without `known`; a grace that the earlier day leaves pending."""
    billing = simple(("a", "01-05", "02-10", 1), ("b", "01-05", None, 1), seg=[1, 2], k=["x", "y"])
    ledgers = [
        sj.Ledger(
            "CRM",
            HISTORY.with_columns(seg=pl.Series(["n"] * 6)),
            sj.Definition.from_dict({**VERSIONED, "segment": "seg"}),
        ),
        sj.Ledger("BILLING", billing, sj.Definition.from_dict({**PLAIN, "segment": "seg"})),
    ]
    found = sj.reconcile(ledgers, start="2025-01-01", end="2025-04-01", money="decimal")
    rows = [row for row in found.restatement("2025-02-28", "2025-03-20").rows() if row["direction"] != "net"]
    assert [
        (row["ledger"], row["segment"], row["reason"], row["rule"], row["count"], row["value"]) for row in rows
    ] == [
        ("CRM", "n", "withdrawn", None, -1, -30),
        ("CRM", "n", "revalued", None, 0, 20),
        ("BILLING", "1", "fate", "pending: grace → counted", 1, 1),
    ]
    with pytest.raises(sj.InvalidInput, match="found 2025-03-20 for earlier, which is after 2025-02-28"):
        found.restatement("2025-03-20", "2025-02-28")
    with pytest.raises(sj.InvalidInput, match="found no ledger 'crm'"):
        found.restated_records("crm", "2025-02-28", "2025-03-20")
