"""Customers in and out: golden cases, CDNOW to the cent, the day-by-day oracle, and bad input."""

from __future__ import annotations

import gzip
import json
import pickle
import random
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from ledger_worlds import COLUMNS, World, worlds
from many import many
from oracles import ledger as oracle

GOLDEN = json.loads((Path(__file__).parent / "data" / "golden_cases.json").read_text(encoding="utf-8"))
CDNOW = Path(sj.__file__).parent / "datasets" / "cdnow_master.txt.gz"
STATEMENT_COLUMNS = ["ledger", *oracle.COLUMNS]
TYPES = {
    **dict.fromkeys(("customer", "currency", "segment", "key", "replaces", "kind", "reason"), pa.string()),
    **{"begins": pa.date32(), "ends": pa.date32(), "flag": pa.bool_(), "size": pa.int64()},
}
slow = settings(max_examples=many(150), deadline=None, suppress_health_check=list(HealthCheck))

PLAIN = {"customer": "c", "start": "s", "end": "e", "value": "v"}


def frame(records: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in records], TYPES.get(name)) for name in COLUMNS})


def rates_of(world: World) -> pa.Table | None:
    if world.rates is None:
        return None
    return pa.table({name: [row[name] for row in world.rates] for name in ("date", "currency", "rate")})


def run(world: World, records: list[dict[str, Any]] | None = None, threads: int | None = None) -> sj.Reconciliation:
    ledger = sj.Ledger("L", frame(records or world.records), sj.Definition.from_dict(world.definition), threads=threads)
    report = {**world.report(), "rates": rates_of(world)}
    return sj.reconcile([ledger], **report, money="minor", threads=threads)


def reaches(world: World) -> bool:
    """Whether the report is taken: a record reaches into it, or none takes part at all."""
    try:
        run(world)
    except sj.InvalidInput as error:
        assert "expected some between the report's start" in str(error)
        return False
    return True


def simple(*records: tuple[Any, ...], **more: Any) -> pl.DataFrame:
    """Records (customer, start, end, value), days as "MM-DD" of 2025."""

    def day(text: str | None) -> date | None:
        return None if text is None else date.fromisoformat(f"2025-{text}")

    columns: dict[str, Any] = {
        "c": [row[0] for row in records],
        "s": pl.Series([day(row[1]) for row in records], dtype=pl.Date),
        "e": pl.Series([day(row[2]) for row in records], dtype=pl.Date),
        "v": [row[3] for row in records],
    }
    return pl.DataFrame({**columns, **more})


def report(records: Any, definition: dict[str, Any] | None = None, **more: Any) -> sj.Reconciliation:
    given = {"start": "2025-01-01", "end": "2025-04-01", **more}
    return sj.reconcile([sj.Ledger("L", records, sj.Definition.from_dict(definition or PLAIN))], **given)


# --- golden ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["case"])
def test_golden_case(case: dict[str, Any]) -> None:
    ledgers = {}
    for name, said in GOLDEN["definitions"].items():
        said = dict(said)
        records = pl.DataFrame(case["records"][said.pop("records")], infer_schema_length=None)
        days = [pl.col(said[edge]).cast(pl.String).str.to_date() for edge in ("start", "end")]
        ledgers[name] = sj.Ledger(name, records.with_columns(days), sj.Definition.from_dict(said), group="household")
    company = ledgers.pop("company")
    start = "2025-06-01" if "laid up" in case["case"] else "2026-03-01"
    found = sj.reconcile(list(ledgers.values()), standard=company, start=start, end="2026-05-01")
    found.check()
    rows = found.statement().rows()
    assert [row["ledger"] for row in rows[:: len(rows) // 4]] == ["company", "CRM", "POLICY", "BILLING"]
    for direction, column in (("IN", "joined"), ("OUT", "left")):
        counted = {name: sum(row[column] for row in rows if row["ledger"] == name) for name in case[direction]}
        assert counted == case[direction]


def test_there_are_fifteen_golden_cases() -> None:
    assert len(GOLDEN["cases"]) == 15


def quarters() -> dict[str, list[Any]]:
    """A record for every quarter in which a customer bought at CDNOW."""
    bought: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    with gzip.open(CDNOW, "rt", encoding="ascii", errors="replace") as lines:
        for line in lines:
            cells = line.split()
            if len(cells) == 4 and cells[0].isdigit():
                bought[int(cells[0]), int(cells[1][:4]) * 4 + (int(cells[1][4:6]) - 1) // 3] += Decimal(cells[3])
    first = [date(quarter // 4, quarter % 4 * 3 + 1, 1) for _, quarter in bought]
    until = [date((quarter + 1) // 4, (quarter + 1) % 4 * 3 + 1, 1) for _, quarter in bought]
    return {
        "customer": [customer for customer, _ in bought],
        "start": first,
        "end": until,
        "value": list(bought.values()),
    }


@pytest.fixture(scope="module")
def cdnow() -> sj.Reconciliation:
    definition = sj.Definition("customer", "start", "end", value="value", currency="USD", grace="0d")
    ledger = sj.Ledger("CDNOW", pa.table(quarters()), definition)
    return sj.reconcile([ledger], periods="3 months", start="1997-01-01", end="1998-07-01", money="decimal")


def test_cdnow_to_the_cent(cdnow: sj.Reconciliation) -> None:
    rows = cdnow.statement().rows()
    columns = ("opening", "new", "returned", "left", "closing", "closing_value")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (0, 23_570, 0, 0, 23_570, Decimal("1071805.47")),
        (23_570, 0, 0, 18_194, 5_376, Decimal("359153.66")),
        (5_376, 0, 1_974, 3_087, 4_263, Decimal("292395.37")),
        (4_263, 0, 2_158, 2_200, 4_221, Decimal("300806.76")),
        (4_221, 0, 1_863, 2_267, 3_817, Decimal("262823.89")),
        (3_817, 0, 1_557, 2_057, 3_317, Decimal("213330.48")),
    ]
    changes = ("returned_value", "expansion", "contraction", "left_value", "fx")
    assert [rows[2][name] for name in changes] == [
        Decimal(x) for x in ("99949.62", "57495.28", "72893.53", "151309.66", "0")
    ]
    assert rows[0]["new_value"] == Decimal("1071805.47")
    assert [row["period"] for row in rows[:2]] == [date(1997, 1, 1), date(1997, 4, 1)]
    assert not [row for row in cdnow.check().rows() if row["failures"]]


def test_floats_and_minor_units_say_the_same(cdnow: sj.Reconciliation) -> None:
    data = quarters()
    floats = {**data, "value": [float(value) for value in data["value"]]}
    definition = sj.Definition("customer", "start", "end", value="value", currency="USD", grace="0d")
    ledger = sj.Ledger("CDNOW", floats, definition)
    asked = {"periods": "3 months", "start": date(1997, 1, 1), "end": datetime(1998, 7, 1)}
    exact = cdnow.statement().rows()
    minor = sj.reconcile([ledger], **asked, money="minor").statement().rows()
    plain = sj.reconcile([ledger], **asked).statement().rows()
    for name in STATEMENT_COLUMNS:
        if name.endswith("_value") or name in ("expansion", "contraction", "fx"):
            assert [row[name] for row in minor] == [int(row[name] * 100) for row in exact]
            assert [row[name] for row in plain] == [float(row[name]) for row in exact]
        else:
            assert [row[name] for row in minor] == [row[name] for row in plain] == [row[name] for row in exact]


# --- the oracle -----------------------------------------------------------------------------------------------------


@slow
@given(worlds())
def test_statement_and_fates_agree_with_the_oracle(world: World) -> None:
    assume(reaches(world))
    found = run(world)
    rows = found.statement().rows()
    assert found.statement().columns == STATEMENT_COLUMNS
    assert [{name: row[name] for name in oracle.COLUMNS} for row in rows] == oracle.statement(
        world.records, world.definition, **world.report(), days="changes"
    )
    fates = found.fates("L").to_dict()
    assert list(zip(fates["start"], fates["end"], strict=True)) == oracle.fates(
        world.records, world.definition, as_of=world.as_of, days="changes"
    )
    found.check()


@slow
@given(worlds(), st.randoms())
def test_neither_threads_nor_row_order_show(world: World, rng: random.Random) -> None:
    assume(reaches(world))
    expected = run(world, threads=1).statement().to_dict()
    assert run(world, threads=4).statement().to_dict() == expected
    shuffled = list(world.records)
    rng.shuffle(shuffled)
    assert run(world, shuffled).statement().to_dict() == expected


@slow
@given(worlds())
def test_definitions_survive_json(world: World) -> None:
    definition = sj.Definition.from_dict(world.definition)
    again = sj.Definition.from_dict(json.loads(json.dumps(definition.to_dict())))
    assert again == definition and again.version == definition.version and not definition.differences(again)
    assert pickle.loads(pickle.dumps(definition)) == definition


@pytest.mark.parametrize("n", [5, 16, 17, 18, 40, 200])
def test_a_customer_of_many_records_in_any_order(n: int) -> None:
    chance = random.Random(n)
    starts = [date(2024, 1, 1) + timedelta(chance.randrange(700)) for _ in range(n)]
    rows = [
        (chance.choice("aaab"), at, at + timedelta(chance.randrange(1, 60)), chance.randrange(100)) for at in starts
    ]
    found = []
    for order in (sorted(rows, key=lambda row: row[1]), rows, rows[::-1]):
        records = dict(zip("csev", map(list, zip(*order, strict=True)), strict=True))
        ledger = sj.Ledger("L", records, sj.Definition(**PLAIN, grace="3d"))
        report = sj.reconcile([ledger], start="2024-01-01", end="2026-01-01")
        report.check()
        found.append(report.statement().rows())
    assert found[0] == found[1] == found[2]


def test_many_customers_whatever_the_threads() -> None:
    rng = random.Random(5)
    count = 40_000
    start = [date(2024, 1, 1) + timedelta(rng.randrange(700)) for _ in range(count)]
    records = pl.DataFrame(
        {
            "c": [f"customer-{rng.randrange(15_000)}" for _ in range(count)],
            "s": start,
            "e": [None if rng.random() < 0.2 else day + timedelta(rng.randrange(1, 200)) for day in start],
            "v": [rng.randrange(100_000) / 100 for _ in range(count)],
            "segment": [rng.choice(["north", "south", None]) for _ in range(count)],
            "k": [f"k{n}" for n in range(count)],  # of records that begin and end together the key says which opens
        }
    )
    definition = sj.Definition.from_dict({**PLAIN, "segment": "segment", "grace": "14d", "key": "k"})
    asked = {"start": "2024-01-01", "end": "2026-01-01", "money": "minor"}
    expected = sj.reconcile([sj.Ledger("L", records, definition, threads=1)], **asked, threads=1)
    expected.check()
    rows = expected.statement().rows()
    assert sum(row["new"] for row in rows) == records["c"].n_unique()
    shuffled = records.sample(fraction=1, shuffle=True, seed=1)
    for other in (
        records.rechunk(),
        shuffled,
        pl.concat([shuffled[:17], shuffled[17:30_000], shuffled[30_000:]], rechunk=False),
    ):
        found = sj.reconcile([sj.Ledger("L", other, definition, threads=4)], **asked, threads=4)
        assert found.statement().rows() == rows


# --- clocks and kinds of input --------------------------------------------------------------------------------------


def test_instants_are_days_of_the_named_zone() -> None:
    late = datetime(2025, 2, 1, 3, tzinfo=timezone.utc)  # 31 January, 9 p.m., in Chicago
    records = pl.DataFrame({"c": [1], "s": [late], "e": pl.Series([None], dtype=pl.Datetime("us", "UTC")), "v": [1]})
    for zone, months in ((None, [0, 1, 0]), ("America/Chicago", [1, 0, 0])):
        assert [row["new"] for row in report(records, timezone=zone).statement().rows()] == months
    naive = records.with_columns(pl.col("s").dt.replace_time_zone(None))
    assert [row["new"] for row in report(naive, timezone="America/Chicago").statement().rows()] == [0, 1, 0]


def test_thirty_calendar_days_over_the_autumn_change() -> None:
    """30 d 1 h apart in time, 30 local days: within a grace of 30 days."""
    zone = "America/Chicago"
    at = pl.Series([datetime(2025, 10, 15), datetime(2025, 11, 14)]).dt.replace_time_zone(zone)
    ends = pl.Series([datetime(2025, 10, 15), None], dtype=pl.Datetime("us")).dt.replace_time_zone(zone)
    records = pl.DataFrame({"c": ["a", "a"], "s": [at[0] - timedelta(30), at[1]], "e": ends, "v": [1, 1]})
    found = report(records, timezone=zone, start="2025-09-01", end="2026-01-01")
    assert sum(row["returned"] for row in found.statement().rows()) == 0


def test_every_kind_of_table(tmp_path: Path) -> None:
    records = simple(("a", "01-05", "03-01", 10.0), ("b", "01-20", None, 4.5))
    records.write_parquet(tmp_path / "records.parquet")
    records.write_csv(tmp_path / "records.csv")
    expected = report(records).statement().rows()
    assert expected[0]["closing_value"] == 14.5
    for other in (records.to_arrow(), records.to_pandas(), tmp_path / "records.parquet", str(tmp_path / "records.csv")):
        assert report(other).statement().rows() == expected
    assert isinstance(report(records).statement().to_native(), pl.DataFrame)
    assert isinstance(report(records.to_pandas()).statement().to_native(), pd.DataFrame)


def test_digits_of_currencies() -> None:
    records = simple(("a", "01-05", None, 1500), ("b", "01-05", None, 2), cur=["JPY", "KWD"])
    definition = {**PLAIN, "currency": "cur"}
    rows = report(records, definition, money="minor").statement().rows()[:2]
    assert [(row["currency"], row["closing_value"]) for row in rows] == [("JPY", 1500), ("KWD", 2000)]
    rows = report(records, definition, money="decimal").statement().rows()[:2]
    assert [row["closing_value"] for row in rows] == [Decimal(1500), Decimal(2)]
    rates = {"date": [date(2020, 1, 1)] * 2, "currency": ["JPY", "KWD"], "rate": [0.0065, 3.25]}
    rows = report(records, definition, rates=rates, reporting_currency="USD").statement().rows()
    assert (rows[0]["currency"], rows[0]["closing_value"]) == ("USD", 16.25)


def test_segments_keep_their_type() -> None:
    records = simple(
        ("a", "01-05", None, 1), ("b", "01-05", None, 1), ("d", "01-05", None, 1), n=[2, None, 1], y=[True, None, False]
    )
    for column, expected in (("n", [None, 1, 2]), ("y", [None, False, True])):
        rows = report(records, {**PLAIN, "segment": column}).statement().rows()
        assert [row["segment"] for row in rows[:3]] == expected
    ledgers = [sj.Ledger(name, records, sj.Definition.from_dict({**PLAIN, "segment": name})) for name in ("n", "y")]
    found = sj.reconcile(ledgers, start="2025-01-01", end="2025-02-01").statement().to_dict()
    assert found["segment"] == [None, "1", "2", None, "false", "true"]


# --- definitions as values ------------------------------------------------------------------------------------------


def test_differences_in_words() -> None:
    paid = {"column": "paid", "op": "==", "value": True}
    first = sj.Definition("c", "s", "e", where={"paid": paid, "open": paid})
    other = sj.Definition(
        "c", "s", "paid_until", where={"paid": {"not": paid}}, joins={"first": {"spell_number": 1}}, grace="5d"
    )
    assert first.differences(other) == [
        'end changes from "e" to "paid_until"',
        "where 'paid' changes from "
        '{"column":"paid","op":"==","value":true} to {"not":{"column":"paid","op":"==","value":true}}',
        'where \'open\' is dropped ({"column":"paid","op":"==","value":true})',
        "joins 'first' is added ({\"spell_number\":1})",
        'grace changes from "30d" to "5d"',
    ]
    assert first != other and first.version != other.version and len({first, other, first}) == 2
    reordered = sj.Definition("c", "s", "e", where={"open": paid, "paid": paid})
    assert first.differences(reordered) == [
        "where: the same rules in another order (the first that fails names the fate)"
    ]
    assert repr(sj.Definition("c", "s", "e", grace="2w")) == "Definition('c', 's', 'e', grace='14d')"


def test_one_definition_swapped_changes_only_what_it_should() -> None:
    records = simple(("a", "01-05", "01-20", 1), ("a", "02-10", None, 1))
    strict, lenient = (report(records, {**PLAIN, "grace": grace}).statement().rows() for grace in ("0d", "30d"))
    assert [row["returned"] for row in strict] == [0, 1, 0] and [row["left"] for row in strict] == [1, 0, 0]
    assert [row["returned"] for row in lenient] == [0, 0, 0] and [row["in_grace"] for row in lenient] == [1, 0, 0]
    assert [row["closing_value"] for row in strict] == [row["closing_value"] for row in lenient]


# --- checks ---------------------------------------------------------------------------------------------------------


def guard(found: sj.Reconciliation, name: str) -> dict[str, Any]:
    (row,) = [row for row in found.check().rows() if row["check"] == f"L: {name}"]
    return row


def test_guards_point_and_never_count() -> None:
    records = simple(
        ("a", "01-05", "03-01", 1.0),
        ("a", "01-20", "02-10", None),
        ("b", "02-10", "02-01", 1.0),
        ("d", None, None, 1.0),
        k=["x", "x", "y", None],
        cur=["USD", "USD", "EUR", "USD"],
        h=["h", "h", None, "h"],
    )
    definition = sj.Definition.from_dict({**PLAIN, "key": "k", "currency": "cur"})
    found = sj.reconcile([sj.Ledger("L", records, definition, group="h")], start="2025-01-01", end="2025-04-01")
    seen = {
        row["check"][3:]: (row["tested"], row["failures"]) for row in found.check().rows() if row["kind"] == "guard"
    }
    assert seen == {
        "many customers vanish at once (a suspected load fault)": (1, 0),
        "duplicate keys": (3, 1),
        "overlapping records of one key": (1, 1),
        "identical records of one customer": (2, 0),
        "end before start": (3, 1),
        "no start": (4, 1),
        "no value (counted as 0)": (4, 1),
        "no group": (4, 1),
        "days shifted between zones": (0, 0),
        "several currencies": (4, 1),
    }
    assert guard(found, "duplicate keys")["detail"] == "key 'x' in rows 0 and 1"
    assert guard(found, "several currencies")["detail"] == (
        "EUR 1 records (first in row 2), USD 3 records (first in row 0)"
    )
    assert found.fates("L").to_dict()["start"] == ["counted", "already", "rule: empty", "rule: no start"]


def test_a_load_fault_is_suspected() -> None:
    day = date(2024, 1, 1)
    ends = [day + timedelta(30 * n) for n in range(1, 13)] + [day + timedelta(400)] * 60 + [None] * 28
    records = pl.DataFrame({"c": range(100), "s": [day] * 100, "e": pl.Series(ends, dtype=pl.Date), "v": [1] * 100})
    found = guard(
        report(records, start="2024-01-01", end="2025-07-01"), "many customers vanish at once (a suspected load fault)"
    )
    assert (found["tested"], found["failures"]) == (13, 1)
    assert found["detail"] == "2025-02-04: 60 of 88 customers left at once, the most on any day before was 1"


def test_days_written_as_utc_midnights_are_suspected() -> None:
    at = [datetime(2025, 1, n, tzinfo=timezone.utc) for n in range(1, 21)]
    records = pl.DataFrame({"c": range(20), "s": at, "e": pl.Series([None] * 20, dtype=pl.Date), "v": [1] * 20})
    found = guard(report(records, timezone="America/Chicago"), "days shifted between zones")
    assert (found["tested"], found["failures"]) == (20, 20) and "midnight in UTC" in found["detail"]
    assert guard(report(records), "days shifted between zones")["failures"] == 0
    berlin = records.with_columns(pl.col("s").dt.replace_time_zone(None).dt.replace_time_zone("Europe/Berlin"))
    assert guard(report(berlin), "days shifted between zones")["failures"] == 20
    assert guard(report(berlin, timezone="Europe/Berlin"), "days shifted between zones")["failures"] == 0


def test_repr_and_plot() -> None:
    records = simple(("a", "01-05", "03-01", 10.0), ("b", "01-20", None, 4.5))
    found = report(records, {**PLAIN, "currency": "USD"})
    assert repr(found) == "Reconciliation(by 1 month: L 0 +2 −1 → 1)"
    assert "<td>2</td>" in found._repr_html_()
    chart = found.plot().to_dict()
    assert chart["title"]["text"] == "L gained 1 customer and $4.50"
    nobody = report(records, {**PLAIN, "where": {"none": {"any": []}}})
    assert nobody.statement().rows() == [] and "No record passes" in json.dumps(nobody.plot().to_dict())


# --- bad input ------------------------------------------------------------------------------------------------------

GOOD = simple(("a", "01-05", "03-01", 10.0), ("b", "01-20", None, 4.5))
RULE = {"column": "v", "op": ">", "value": 1}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"customer": "C2"}, "L: found no column 'C2'"),
        ({"start": "start"}, "L: found no column 'start'"),
        ({"value": "valeu"}, "L: found no column 'valeu'"),
        ({"value": "s"}, "L, column 's': found dates, expected numbers or decimals"),
        ({"end": "v"}, "L, column 'v': found floats, expected dates or timestamps"),
        ({"customer": "v"}, "L, column 'v': found 64-bit floats, expected integer or string ids"),
        (
            {"currency": "dollars"},
            "L: found no column 'dollars', expected for currency a column or a code such as 'USD'",
        ),
        ({"currency": "c"}, "L, column 'c', row 0: found 'a', expected a currency code of three capital letters"),
        ({"segment": "v"}, "L, column 'v': found floats, expected strings, integers or booleans"),
        ({"acquired": "how"}, "L: found no column 'how'"),
        ({"key": "v"}, "L, column 'v': found floats, expected integer or string ids"),
        ({"follows": "c"}, "definition.follows: found 'c' without key"),
        ({"where": {"r": {**RULE, "column": "vv"}}}, "found no column 'vv' (did you mean 'v'?)"),
        (
            {"where": {"r": {**RULE, "value": "x"}}},
            "column 'v': found a column of floats compared with 'x', expected a number",
        ),
        ({"where": {"r": {**RULE, "op": "~"}}}, 'definition.where.r.op: found "~", expected one of'),
        ({"where": {"r": {"spell_number": 1}}}, "definition.where.r: found spell_number"),
        ({"where": {"empty": RULE}}, "definition.where: found a rule named 'empty', expected another name"),
        ({"where": {"": RULE}}, "definition.where: found a rule without a name"),
        ({"grace": "720h"}, "definition.grace: found '720h', expected whole days"),
        ({"grace": "1 month"}, "definition.grace: found '1 month', expected whole days"),
        ({"grace": [["a", RULE, "5d"]]}, "definition.grace: found a rule in the last entry, 'a'"),
        ({"grace": [["a", None, "5d"], ["b", None, "6d"]]}, "definition.grace: found no rule in 'a'"),
        ({"grace": [["a", None, "5d"], ["a", None, "6d"]]}, "definition.grace: found two rules named 'a'"),
        ({"grace": []}, "definition.grace: found no entry"),
        ({"empty": "keep"}, "definition.empty: found \"keep\", expected 'ignore' or 'count'"),
        ({"knwon": "v"}, "definition: found unknown key 'knwon'"),
        ({"known": "s"}, "definition.known: found 's' without key, expected key too: versions"),
        ({"withdrawn": "v"}, "definition.withdrawn: found 'v' without key, expected key too"),
        ({"known": "", "key": "c"}, "definition.known: found no column"),
        ({"known": "v", "key": "c"}, "L, column 'v': found floats, expected dates or timestamps"),
        ({"known": "k", "key": "c"}, "L: found no column 'k'"),
        ({"withdrawn": "v", "key": "c"}, "L, column 'v': found floats, expected booleans"),
        ({"customer": ""}, "definition.customer: found no column"),
    ],
)
def test_bad_definitions(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        report(GOOD, {**PLAIN, **changed})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 0.004], "L, column 'v', row 1: found 0.0040000000000000001, expected whole minor units (2 decimals)"),
        ([float("nan"), 1.0], "L, column 'v', row 0: found nan, expected an amount of money, or null"),
        ([1.0, float("inf")], "L, column 'v', row 1: found inf, expected an amount of money"),
        ([1e17, 1.0], "L, column 'v', row 0: found 1e+17, expected an amount whose minor units fit 64 bits"),
        (
            [1, 2**62],
            "L, column 'v', row 1: found 4611686018427387904, expected an amount whose minor units fit 64 bits",
        ),
        (
            [Decimal("1.00"), Decimal("0.001")],
            "L, column 'v', row 1: found 0.001, expected whole minor units (2 decimals)",
        ),
        (["1", "2"], "L, column 'v': found strings, expected numbers or decimals"),
    ],
)
def test_bad_values(values: list[Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        report(GOOD.with_columns(pl.Series("v", values)))
    assert message in str(error.value)


def test_a_total_that_overflows_is_refused() -> None:
    records = simple(("a", "01-05", None, 9 * 10**16), ("b", "01-05", None, 9 * 10**16))
    with pytest.raises(sj.InvalidInput, match="L, column 'v': found a total beyond 64 bits"):
        report(records)


def test_bad_records() -> None:
    with pytest.raises(sj.InvalidInput, match="L, column 'c', row 1: found null, expected a customer id"):
        report(GOOD.with_columns(pl.Series("c", ["a", None])))
    with pytest.raises(sj.InvalidInput, match="L: found an empty table, expected at least one record"):
        report(GOOD[:0])
    with pytest.raises(sj.InvalidInput, match="L: found no column 'household'"):
        sj.Ledger("L", GOOD, sj.Definition.from_dict(PLAIN), group="household")
    with pytest.raises(sj.InvalidInput, match="expected some between the report's start, 2020-01-01"):
        report(GOOD, start="2020-01-01", end="2020-02-01")
    with pytest.raises(sj.InvalidInput, match="L: found int, expected a pandas"):
        report(5)
    with pytest.raises(sj.InvalidInput, match="the type of the key column"):
        report(GOOD.with_columns(k=pl.Series([1, 2]), f=pl.Series(["1", "2"])), {**PLAIN, "key": "k", "follows": "f"})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"start": "2025-01-02"}, "start: found 2025-01-02, expected the first day of a period of 1 month"),
        (
            {"periods": "3 months", "start": "2025-02-01"},
            "start: found 2025-02-01, expected the first day of a period of 3 months",
        ),
        ({"periods": "1 year"}, "end: found 2025-04-01, expected the first day of a period of 1 year"),
        ({"end": "2025-01-01"}, "end: found 2025-01-01, expected a day after the start"),
        ({"periods": "30d"}, "periods: found '30d', expected '1 month', '3 months' or '1 year'"),
        ({"periods": "5 months"}, "periods: found '5 months'"),
        ({"start": "soon"}, "start: found 'soon', expected a date"),
        ({"start": datetime(2025, 1, 1, 5)}, "start: found 2025-01-01T05:00:00, expected a date"),
        ({"as_of": 5}, "as_of: found 5, expected a date"),
        ({"timezone": "America/Chicgo"}, "timezone: found 'America/Chicgo' (did you mean 'America/Chicago'?)"),
        ({"money": "cents"}, "money: found 'cents', expected 'float', 'minor' or 'decimal'"),
        ({"reporting_currency": "usd"}, "reporting_currency: found 'usd', expected a currency code"),
        ({"threads": 0}, "threads: found 0"),
    ],
)
def test_bad_reports(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        report(GOOD, **asked)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        (
            {"date": [date(2025, 1, 10)], "currency": ["EUR"], "rate": [1.1]},
            "L, column 'cur', row 0: found EUR on 2025-01-05 without a rate",
        ),
        (
            {"date": [date(2020, 1, 1)] * 2, "currency": ["EUR"] * 2, "rate": [1.1, 1.2]},
            "rates, column 'date', row 1: found a second rate",
        ),
        (
            {"date": [date(2020, 1, 1)], "currency": ["EUR"], "rate": [-1.0]},
            "rates, column 'rate', row 0: found a rate that is not positive",
        ),
        (
            {"date": [date(2020, 1, 1)], "currency": ["euro"], "rate": [1.0]},
            "rates, column 'currency', row 0: found 'euro'",
        ),
        ({"day": [date(2020, 1, 1)], "currency": ["EUR"], "rate": [1.0]}, "rates: found no column 'date'"),
    ],
)
def test_bad_rates(rates: dict[str, Any], message: str) -> None:
    records = GOOD.with_columns(cur=pl.Series(["EUR", "USD"]))
    with pytest.raises(sj.InvalidInput) as error:
        report(records, {**PLAIN, "currency": "cur"}, rates=rates, reporting_currency="USD")
    assert message in str(error.value)


def test_rates_and_currencies_go_together() -> None:
    rates = {"date": [date(2020, 1, 1)], "currency": ["EUR"], "rate": [1.0]}
    with pytest.raises(sj.InvalidInput, match="found rates without a reporting currency"):
        report(GOOD, rates=rates)
    with pytest.raises(sj.InvalidInput, match="row 0: found a value without a currency"):
        report(GOOD, rates=rates, reporting_currency="USD")


def test_bad_ledgers() -> None:
    ledger = sj.Ledger("L", GOOD, sj.Definition.from_dict(PLAIN))
    twin = sj.Ledger("L", GOOD, sj.Definition.from_dict(PLAIN))
    asked = {"start": "2025-01-01", "end": "2025-04-01"}
    with pytest.raises(sj.InvalidInput, match="two ledgers named 'L'"):
        sj.reconcile([ledger, twin], **asked)
    with pytest.raises(sj.InvalidInput, match="found no ledger, expected at least one"):
        sj.reconcile([], **asked)
    with pytest.raises(sj.InvalidInput, match="found DataFrame among the ledgers"):
        sj.reconcile([GOOD], **asked)  # type: ignore[list-item]
    with pytest.raises(sj.InvalidInput, match="found no ledger 'l' \\(did you mean 'L'\\?\\)"):
        sj.reconcile([ledger], **asked).fates("l")
    assert sj.reconcile([ledger], standard=ledger, **asked).ledgers == ["L"]


def test_rules_are_expressions_or_objects() -> None:
    records = simple(
        ("a", "01-05", "01-10", 10.0), ("a", "03-05", None, 4.5), ("b", "02-05", None, 0.5), kind=["NB", "RE", None]
    )
    big, new = sj.column("v") > 1, sj.column("kind") == "NB"
    written = sj.Definition(
        "c", "s", "e", "v", where={"big": big & ~sj.column("c").is_null()}, joins={"new": new | ~big}
    )
    said = written.to_dict()
    assert said["joins"] == {"new": {"any": [new.to_dict(), {"not": big.to_dict()}]}}
    found = sj.reconcile([sj.Ledger("L", records, written)], start="2025-01-01", end="2025-04-01")
    rows = found.statement().rows()
    assert [(row["new"], row["other_in"], row["left"]) for row in rows] == [(1, 0, 1), (0, 0, 0), (0, 1, 0)]
    assert found.fates("L").to_dict()["start"] == ["counted", "uncounted: new", "rule: big"]
