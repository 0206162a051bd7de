"""Event logs: every kind of table in, the same log out; bad input named by table, column and row."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

DAY = timedelta(days=1)
START = datetime(2024, 1, 1)

Row = tuple[object, int, str, float | None]
rows_strategy = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.integers(0, 6),  # few instants: ties are common
        st.sampled_from(["view", "order", "return", "a_rather_long_event_name"]),
        st.one_of(st.none(), st.sampled_from([0.1, 0.2, -3.5, 1e9])),
    ),
    min_size=1,
    max_size=60,
)


def frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "customer": [r[0] for r in rows],
            "time": [START + r[1] * DAY for r in rows],
            "event": [r[2] for r in rows],
            "value": pl.Series([r[3] for r in rows], dtype=pl.Float64),
        }
    )


def brute_transitions(rows: list[Row]) -> dict[tuple[str, str], tuple[int, int, list[float], Decimal | None]]:
    """Directly-follows counts the obvious way: count, customers, gaps, exact sum of values."""
    paths = defaultdict(list)
    for row in rows:
        paths[row[0]].append(row)
    count: Counter[tuple[str, str]] = Counter()
    customers = defaultdict(set)
    gaps = defaultdict(list)
    value: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for customer, events in paths.items():
        ordered = sorted(events, key=lambda r: r[1])  # stable: ties keep input order
        steps = [("START", None), *((r[2], r) for r in ordered), ("END", None)]
        for (source, before), (target, after) in pairwise(steps):
            edge = (source, target)
            count[edge] += 1
            customers[edge].add(customer)
            if before and after:
                gaps[edge].append((after[1] - before[1]) * 86_400.0)
            if after and after[3] is not None:
                value[edge] += Decimal(after[3])
    return {e: (count[e], len(customers[e]), gaps[e], None if e[1] == "END" else value[e]) for e in count}


@given(rows_strategy, st.randoms())
@settings(max_examples=many(150), deadline=None)
def test_transitions_equal_brute_force_for_any_threads_and_chunks(rows: list[Row], rng: random.Random) -> None:
    table = frame(rows).to_arrow()
    expected = brute_transitions(rows)
    cuts = sorted(rng.randrange(len(rows) + 1) for _ in range(3))
    chunked = pa.concat_tables([table.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)])
    results = []
    for source, threads in ((table, 1), (chunked, 4)):
        log = sj.EventLog(source, value="value", threads=threads)
        wanted = ["count", "customers", "mean_gap", "median_gap", "value"]
        results.append(log.transitions(columns=wanted, threads=threads).to_dict())
        assert log.counts(threads=threads).to_dict()["count"] == [
            sum(r[2] == name for r in rows) for name in sorted({r[2] for r in rows})
        ]
    assert results[0] == results[1]
    got = results[0]
    assert len(got["source"]) == len(expected)
    for row in sj.EventLog(table, value="value").transitions(columns=wanted).rows():
        count, customers, gaps, value = expected[row["source"], row["target"]]
        assert (row["count"], row["customers"]) == (count, customers)
        if gaps:
            assert row["mean_gap"] == pytest.approx(sum(gaps) / len(gaps), abs=1e-9)
            assert row["median_gap"] == pd.Series(gaps).median()
        else:
            assert row["mean_gap"] is None
        assert (row["value"] is None) == (value is None)
        if value is not None:
            assert row["value"] == pytest.approx(float(value), rel=1e-15, abs=1e-12)


@given(rows_strategy, st.integers(0, 60), st.sampled_from(["input", "ranking", "sequence"]))
@settings(max_examples=many(150), deadline=None)
def test_append_equals_one_log_of_both_tables(rows: list[Row], cut: int, ties: str) -> None:
    whole = frame(rows).with_columns(seq=pl.int_range(pl.len(), 0, -1), note=pl.col("event") + "!")
    options = {"value": "value", "key": "seq", "attributes": ["note"]}
    options["ties"] = {"input": "input", "ranking": ["return", "view"], "sequence": "seq"}[ties]
    cut = max(1, min(cut, len(rows) - 1))
    if len(rows) < 2:
        return
    log = sj.EventLog(whole[:cut], **options).append(whole[cut:])
    assert log == sj.EventLog(whole, **options)
    assert log != sj.EventLog(whole[:cut], **options)


SAMPLE = [(3, 5, "order", 1.5), (1, 0, "view", None), (1, 2, "order", 2.25), (3, 5, "return", 3.0), (2, 9, "view", 4.0)]


def expected_sample() -> dict[str, list[object]]:
    return sj.EventLog(frame(SAMPLE), value="value").transitions().to_dict()


def sources() -> dict[str, object]:
    base = frame(SAMPLE)
    arrow = base.to_arrow()
    by_zone = base.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    shifted = pa.concat_tables([pa.table(frame([(9, 9, "x", 9.0)]).to_arrow()), arrow]).slice(1)
    views = arrow.set_column(2, "event", arrow["event"].cast(pa.string_view()))
    out: dict[str, object] = {
        "polars": base,
        "pyarrow": arrow,
        "pandas": base.to_pandas(),
        "pandas_objects": base.to_pandas().astype({"event": object}),
        "pandas_category": base.to_pandas().astype({"event": "category"}),
        "duckdb": duckdb.from_arrow(arrow),
        "sliced": shifted,
        "one_row_chunks": pa.concat_tables([arrow.slice(i, 1) for i in range(len(arrow))]),
        "categorical": base.with_columns(pl.col("event").cast(pl.Categorical)),
        "enum": base.with_columns(pl.col("event").cast(pl.Enum(["zzz", "return", "order", "view"]))),
        "large_strings": arrow.set_column(2, "event", arrow["event"].cast(pa.large_string())),
        "string_views": views,
        "zoned": by_zone,
        "decimal_ids": arrow.set_column(0, "customer", arrow["customer"].cast(pa.decimal128(38, 0))),
        "decimal_values": arrow.set_column(3, "value", arrow["value"].cast(pa.decimal128(12, 2))),
        "dates": arrow.set_column(1, "time", arrow["time"].cast(pa.date32())),
        "dates_ms": arrow.set_column(1, "time", arrow["time"].cast(pa.date64())),
    }
    for unit in ("s", "ms", "us", "ns"):
        out[f"time_{unit}"] = arrow.set_column(1, "time", arrow["time"].cast(pa.timestamp(unit)))
        out[f"time_{unit}_zone"] = arrow.set_column(1, "time", arrow["time"].cast(pa.timestamp(unit, "Asia/Tokyo")))
    for width in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
        kind = getattr(pa, width)()
        out[f"id_{width}"] = arrow.set_column(0, "customer", arrow["customer"].cast(kind))
        if width not in ("int64", "uint64"):
            codes = pa.array([{"order": 0, "view": 1, "return": 2}[r[2]] for r in SAMPLE], kind)
            words = pa.DictionaryArray.from_arrays(codes, pa.array(["order", "view", "return", None]))
            out[f"dictionary_{width}"] = arrow.set_column(2, "event", words)
    return out


@pytest.mark.parametrize("name", sources())
def test_every_kind_of_table_gives_the_same_transitions(name: str) -> None:
    log = sj.EventLog(sources()[name], value="value")
    assert log.transitions().to_dict() == expected_sample()
    assert len(log) == 5
    assert log.customers == 3


def test_parquet_and_csv_paths(tmp_path) -> None:
    frame(SAMPLE).write_parquet(tmp_path / "events.parquet")
    frame(SAMPLE).write_csv(tmp_path / "events.csv")
    for name in ("events.parquet", "events.csv"):
        for path in (tmp_path / name, str(tmp_path / name)):
            assert sj.EventLog(path, value="value").transitions().to_dict() == expected_sample()
    with pytest.raises(sj.InvalidInput, match=r"no file '.*none.csv'"):
        sj.EventLog(tmp_path / "none.csv")
    (tmp_path / "bad.parquet").write_bytes(b"not parquet")
    with pytest.raises(sj.InvalidInput, match="cannot be read"):
        sj.EventLog(tmp_path / "bad.parquet")


@given(st.lists(st.text(max_size=12), min_size=1, max_size=40), st.sampled_from(["u", "U", "vu", "dictionary"]))
@settings(max_examples=many(200), deadline=None)
def test_string_ids_of_any_length_and_bytes(ids: list[str], layout: str) -> None:
    ids = [i + suffix for i in ids for suffix in ("", "\0", "prefix_shared_by_many")]
    times = pa.array([START + i * DAY for i in range(len(ids))], pa.timestamp("us"))
    kinds = {"u": pa.string(), "U": pa.large_string(), "vu": pa.string_view()}
    customer = pa.array(ids).dictionary_encode() if layout == "dictionary" else pa.array(ids, kinds[layout])
    log = sj.EventLog(pa.table({"customer": customer, "time": times, "event": ["e"] * len(ids)}))
    assert log.customers == len(set(ids))
    row = log.transitions(columns=["count"]).to_dict()
    assert dict(zip(zip(row["source"], row["target"], strict=True), row["count"], strict=True)).get(
        ("START", "e")
    ) == len(set(ids))


def test_extreme_integer_ids() -> None:
    signed = [-(2**63), -1, 0, 1, 2**63 - 1]
    unsigned = [0, 1, 2**63, 2**64 - 1]
    for ids, kind in ((signed, pa.int64()), (unsigned, pa.uint64())):
        table = pa.table(
            {"customer": pa.array(ids * 2, kind), "time": [START] * (2 * len(ids)), "event": ["e"] * (2 * len(ids))}
        )
        assert sj.EventLog(table).customers == len(ids)


def test_tie_policies() -> None:
    rows = [("c", 0, "b"), ("c", 0, "a"), ("c", 0, "c")]
    table = {"customer": [r[0] for r in rows], "time": [START] * 3, "event": [r[2] for r in rows], "seq": [3, 2, 1]}

    def path(ties: object) -> str:
        edges = sj.EventLog(table, ties=ties).transitions(columns=["count"]).rows()
        follow = {e["source"]: e["target"] for e in edges}
        out, at = "", "START"
        while (at := follow[at]) != "END":
            out += at
        return out

    assert path("input") == "bac"
    assert path(["c", "b"]) == "cba"  # `a` is not ranked: last
    assert path("seq") == "cab"
    assert sj.EventLog(table).tied_share == 1.0


def test_naive_times_take_the_named_zone_and_come_back_naive() -> None:
    spring = datetime(2024, 3, 31, 1, 30)  # an hour later the clocks in Berlin have moved on by two
    table = {"customer": [1, 1], "time": [spring, datetime(2024, 3, 31, 3, 30)], "event": ["a", "b"]}
    local = sj.EventLog(table, timezone="Europe/Berlin")
    assert local.transitions().rows()[1]["mean_gap"] == 3600.0
    assert local.span == (spring, datetime(2024, 3, 31, 3, 30))
    assert sj.EventLog(table).transitions().rows()[1]["mean_gap"] == 7200.0
    zoned = sj.EventLog({**table, "time": [t.replace(tzinfo=ZoneInfo("Europe/Berlin")) for t in table["time"]]})
    assert zoned.transitions().rows()[1]["mean_gap"] == 3600.0
    assert zoned.span[0].tzinfo == ZoneInfo("Europe/Berlin")


@given(
    st.integers(-62135596800, 253402300799),
    st.sampled_from(
        ["America/Chicago", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
    ),
)
@settings(max_examples=many(300), deadline=None)
def test_zones_agree_with_zoneinfo(second: int, zone: str) -> None:
    """The local time that a naive log stores and gives back is zoneinfo's (fold=0)."""
    naive = datetime(1970, 1, 1) + timedelta(seconds=second)
    if not datetime(1, 1, 3) < naive < datetime(9999, 12, 29):
        return
    try:
        utc = naive.replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError:
        return
    table = {"customer": [1, 1], "time": [naive, naive + timedelta(days=1)], "event": ["a", "b"]}
    log = sj.EventLog(table, timezone=zone)
    utc_next = (naive + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc).replace(tzinfo=None)
    assert log.transitions().rows()[1]["mean_gap"] == (utc_next - utc).total_seconds()


def test_observation_table() -> None:
    table = {"customer": ["a", "a"], "time": [START, START + DAY], "event": ["x", "y"]}
    window = {"customer": ["b", "a"], "from": [START, START], "to": [START + 9 * DAY, START + 3 * DAY]}
    log = sj.EventLog(table, observed=window)
    assert log.customers == 2  # b was observed and did nothing
    edges = {(r["source"], r["target"]): r["count"] for r in log.transitions().rows()}
    assert edges["START", "END"] == 1
    with pytest.raises(
        sj.InvalidInput, match=r"column 'time', row 1: found 2024-01-02.*of customer 'a', after the customer's"
    ):
        sj.EventLog(table, observed={**window, "to": [START, START]})
    with pytest.raises(sj.InvalidInput, match=r"no row for customer 'a'"):
        sj.EventLog(table, observed={"customer": ["b"], "from": [START], "to": [START]})
    with pytest.raises(sj.InvalidInput, match=r"row 1.*second time"):
        sj.EventLog(table, observed={"customer": ["a", "a"], "from": [START] * 2, "to": [START + DAY] * 2})
    with pytest.raises(sj.InvalidInput, match="observation"):
        log.append(table)


def test_times_finer_than_a_microsecond_are_cut_and_said() -> None:
    table = pa.table({"customer": [1, 1], "time": pa.array([1_500, 3_000], pa.timestamp("ns")), "event": ["a", "b"]})
    assert "1 times cut to the microsecond" in repr(sj.EventLog(table))


GOOD = {"customer": [1, 2], "time": [START, START], "event": ["a", "b"], "value": [1.0, 2.0]}


def changed(**columns: object) -> pa.Table:
    return pa.table({**GOOD, **columns})


BAD = {
    "missing column": (
        lambda: pa.table({"custmer": [1], "time": [START], "event": ["a"]}),
        {},
        r"no column 'customer' \(did you mean 'custmer'\?\)",
    ),
    "float ids": (
        lambda: changed(customer=[1.0, 2.0]),
        {},
        r"events, column 'customer': found 64-bit floats, expected integer or string ids",
    ),
    "boolean ids": (lambda: changed(customer=[True, False]), {}, r"found booleans, expected integer or string ids"),
    "null customer": (
        lambda: changed(customer=[1, None]),
        {},
        r"events, column 'customer', row 1: found null, expected a customer id",
    ),
    "null customer in a dictionary": (
        lambda: changed(customer=pa.array(["a", None]).dictionary_encode()),
        {},
        r"row 1: found null",
    ),
    "null time": (
        lambda: changed(time=[START, None]),
        {},
        r"events, column 'time', row 1: found null, expected a time",
    ),
    "null event": (
        lambda: changed(event=[None, "a"]),
        {},
        r"events, column 'event', row 0: found null, expected an event name",
    ),
    "numbers as times": (
        lambda: changed(time=[1, 2]),
        {},
        r"column 'time': found 64-bit integers, expected timestamps or dates",
    ),
    "strings as times": (
        lambda: changed(time=["2024-01-01", "x"]),
        {},
        r"column 'time': found strings, expected timestamps or dates",
    ),
    "numbers as events": (
        lambda: changed(event=[1, 2]),
        {},
        r"column 'event': found 64-bit integers, expected strings",
    ),
    "time out of range": (
        lambda: changed(time=pa.array([0, 2**55], pa.timestamp("s"))),
        {},
        r"row 1: found a time out of range",
    ),
    "time out of years": (
        lambda: changed(time=pa.array([0, 2**62], pa.timestamp("us"))),
        {},
        r"row 1: found a time out of range",
    ),
    "strings as values": (
        lambda: changed(value=["1", "2"]),
        {"value": "value"},
        r"column 'value': found strings, expected numbers",
    ),
    "value NaN": (lambda: changed(value=[1.0, float("nan")]), {"value": "value"}, r"column 'value', row 1: found NaN"),
    "value infinite": (
        lambda: changed(value=[float("-inf"), 1.0]),
        {"value": "value"},
        r"column 'value', row 0: found a number beyond",
    ),
    "empty table": (lambda: changed().slice(0, 0), {}, r"events: found an empty table, expected at least one event"),
    "two columns of one name": (
        lambda: pa.Table.from_arrays(
            [pa.array([1]), pa.array([1]), pa.array([START]), pa.array(["a"])],
            names=["customer", "customer", "time", "event"],
        ),
        {},
        "two columns of that name",
    ),
    "no such zone": (changed, {"timezone": "Europe/Berln"}, r"found 'Europe/Berln' \(did you mean 'Europe/Berlin'\?\)"),
    "no such history": (changed, {"history": "none"}, r"history: found 'none'"),
    "attributes as a string": (changed, {"attributes": "value"}, r"expected a list of column names"),
    "missing attribute": (changed, {"attributes": ["valu"]}, r"did you mean 'value'"),
    "missing sequence column": (changed, {"ties": "sequence"}, r"no column 'sequence'"),
    "threads": (changed, {"threads": 0}, r"threads: found 0"),
    "not a table": (lambda: 7, {}, r"events: found int, expected a pandas"),
    "a list type": (lambda: changed(event=[["a"], ["b"]]), {}, r"expected strings"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_says_where_what_and_what_was_expected(case: str) -> None:
    make, options, message = BAD[case]
    with pytest.raises(sj.InvalidInput, match=message):
        sj.EventLog(make(), **options)


def test_the_first_bad_row_is_named_whatever_the_threads() -> None:
    n = 400_000
    customers = pa.array([None if i in (250_001, 399_999) else i % 97 for i in range(n)])
    table = pa.table(
        {"customer": customers, "time": pa.array([0] * n, pa.timestamp("us")), "event": pa.array(["a"] * n)}
    )
    for threads in (1, 4, 4, 4):
        with pytest.raises(sj.InvalidInput, match="row 250001"):
            sj.EventLog(table, threads=threads)


def test_pandas_without_pyarrow_is_explained(monkeypatch) -> None:
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "pyarrow" else real(name, *a))
    with pytest.raises(sj.InvalidInput, match="pip install pyarrow"):
        sj.EventLog(pd.DataFrame(GOOD))


def test_results_go_back_to_the_callers_own_library() -> None:
    base = frame(SAMPLE)
    assert isinstance(sj.EventLog(base).counts().to_native(), pl.DataFrame)
    assert isinstance(sj.EventLog(base.to_arrow()).counts().to_native(), pa.Table)
    assert isinstance(sj.EventLog(base.to_pandas()).counts().to_native(), pd.DataFrame)
    assert isinstance(sj.EventLog(duckdb.from_arrow(base.to_arrow())).counts().to_native(), duckdb.DuckDBPyRelation)
    counts = sj.EventLog(base).counts()
    assert (
        counts.to_pandas()["count"].tolist()
        == counts.to_polars()["count"].to_list()
        == counts.to_arrow()["count"].to_pylist()
    )


def test_tables_escape_what_they_show() -> None:
    table = {"customer": [1], "time": [START], "event": ["<script>alert(1)</script>"]}
    html = sj.EventLog(table).counts()._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_table_round_trip_of_python_values() -> None:
    berlin = datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    columns = {
        "i": [1, None],
        "x": [0.5, 2],
        "b": [True, None],
        "s": ["ä", None],
        "d": [date(2024, 2, 29), None],
        "t": [START, None],
        "z": [berlin, None],
    }
    assert sj.Table.from_dict(columns).to_dict() == columns
    with pytest.raises(sj.InvalidInput, match="row 1"):
        sj.Table.from_dict({"i": [1, "a"]})
    with pytest.raises(sj.InvalidInput, match="naive and zoned"):
        sj.Table.from_dict({"t": [START, berlin]})
    with pytest.raises(sj.InvalidInput, match="1 rows"):
        sj.Table.from_dict({"a": [1, 2], "b": [1]})
