"""The bond: states that add up to the statement, reasons for leaving, earned growth."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from ledger_worlds import CURRENCIES, World, worlds
from many import many
from oracles import bond as oracle
from test_statement import PLAIN, frame, quarters, rates_of, report, simple

slow = settings(max_examples=many(150), deadline=None, suppress_health_check=list(HealthCheck))
PLACE = ("period", "segment", "currency")
BY = ["reason", "kind"]


def run(world: World, records: list[dict[str, Any]] | None = None, threads: int | None = None) -> sj.Reconciliation:
    definition = sj.Definition.from_dict({**world.definition, "acquired": "kind"})
    ledger = sj.Ledger("L", frame(records or world.records), definition, reasons=BY, threads=threads)
    report = {**world.report(), "rates": rates_of(world)}
    try:
        return sj.reconcile([ledger], **report, money="minor", threads=threads)
    except sj.InvalidInput as error:
        assert "expected some between the report's start" in str(error)
        assume(False)
        raise


@st.composite
def moving_rates(draw: st.DrawFn) -> World:
    """Worlds of money whose rates move every month, so that who stays is revalued."""
    world = draw(worlds())
    days = [date(2020, 1, 1), *(date(2025, month, 1) for month in range(1, 13))]
    rates = [
        {"date": day, "currency": currency, "rate": draw(st.integers(5_000, 20_000)) / 10_000}
        for currency in CURRENCIES
        for day in days
    ]
    records = [{**row, "currency": draw(st.sampled_from(CURRENCIES))} for row in world.records]
    definition = {**world.definition, "value": "amount", "currency": "currency"}
    return replace(world, records=records, definition=definition, rates=rates, reporting_currency="USD")


def base(world: World) -> oracle.Base:
    return oracle.Base(world.records, world.definition, **world.report())


def same_rows(found: sj.Table, expected: list[dict[str, Any]], columns: list[str]) -> None:
    assert [{name: row[name] for name in columns} for row in found.rows()] == [
        {name: row[name] for name in columns} for row in expected
    ]


def rows_of(found: sj.Table, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in columns) for row in found.rows()]


# --- the bond -------------------------------------------------------------------------------------------------------


@slow
@given(st.one_of(worlds(), moving_rates()), st.sampled_from(["value", "records"]), st.sampled_from([0.0, 0.05, 0.5]))
def test_bond_agrees_with_the_oracle(world: World, measure: str, tolerance: float) -> None:
    found = run(world)
    if world.definition["value"] is None:
        measure = "records"
    exact = Fraction(Decimal(repr(tolerance)))
    table = found.bond(measure=measure, tolerance=tolerance)
    assert table.columns == ["ledger", *PLACE, "state", *oracle.FIGURES]
    same_rows(table, oracle.bond(base(world), measure, exact), table.columns[1:])
    expected = list(base(world).customer_rows(measure, exact))
    for period in {row["period"] for row in found.statement().rows()}:
        own = [row for row in expected if row["period"] == period]
        own.sort(key=lambda row: (row["customer"], *oracle._order(row["segment"], row["currency"])))
        listed = found.bond_customers(period, measure=measure, tolerance=tolerance)
        assert listed.columns == ["ledger", "customer", *PLACE, "state", *oracle.FIGURES]
        same_rows(listed, own, listed.columns[1:])


@slow
@given(worlds())
def test_states_add_up_to_the_statement(world: World) -> None:
    found = run(world)
    sums: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in found.bond(measure="records").rows():
        place = sums[tuple(row[name] for name in PLACE)]
        for name in ("opening", "closing", "opening_value", "closing_value"):
            place[name] += row[name]
        if row["state"] == "dormant":
            place["in_grace"] += row["closing"]
        assert row["opening_value"] + row["change"] + row["fx"] == row["closing_value"]
    for row in found.statement().rows():
        place = sums[tuple(row[name] for name in PLACE)]
        for name in ("opening", "closing", "in_grace", "opening_value", "closing_value"):
            assert place[name] == row[name], name
    names = {row["check"] for row in found.check().rows()}
    assert {"L: the bond adds up", "L: reasons for leaving add up"} <= names


@slow
@given(worlds(), st.randoms())
def test_neither_threads_nor_row_order_show(world: World, rng: random.Random) -> None:
    first = run(world, threads=1)
    shuffled = list(world.records)
    rng.shuffle(shuffled)
    for other in (run(world, threads=4), run(world, shuffled)):
        assert other.bond(measure="records").rows() == first.bond(measure="records").rows()
        assert other.leaving().rows() == first.leaving().rows()
        period = first.statement().rows()[0]["period"] if len(first.statement()) else None
        if period is not None:
            listed = [found.bond_customers(period, measure="records").rows() for found in (first, other)]
            assert listed[0] == listed[1]


def test_every_state() -> None:
    records = simple(
        ("more", "01-01", "02-10", 10), ("more", "02-10", None, 15),
        ("same", "01-01", None, 10),
        ("less", "01-01", "02-10", 10), ("less", "02-10", None, 9),
        ("new", "02-03", None, 4),
        ("back", "01-01", "01-05", 6), ("back", "02-20", None, 7),
        ("woken", "01-01", "01-20", 8), ("woken", "02-10", None, 8),
        ("asleep", "01-01", "02-20", 3), ("asleep", "03-05", None, 3),
        ("left", "01-01", "02-27", 5),
        ("visitor", "02-05", "02-06", 1),
        ("never", "03-05", None, 1),
    )  # fmt: skip
    found = report(records, {**PLAIN, "currency": "USD", "grace": "21d"}, start="2025-02-01", end="2025-03-01")
    assert rows_of(found.bond(), "state", "customers", "opening", "closing", "opening_value", "closing_value") == [
        ("new", 1, 0, 1, 0.0, 4.0),
        ("returned", 2, 1, 2, 0.0, 15.0),
        ("more", 1, 1, 1, 10.0, 15.0),
        ("same", 1, 1, 1, 10.0, 10.0),
        ("less", 1, 1, 1, 10.0, 9.0),
        ("dormant", 1, 1, 1, 3.0, 0.0),
        ("left", 1, 1, 0, 5.0, 0.0),
        ("came and went", 1, 0, 0, 0.0, 0.0),
    ]
    listed = found.bond_customers("2025-02-01")
    assert rows_of(listed, "customer", "state")[:2] == [("asleep", "dormant"), ("back", "returned")]
    within = found.bond(tolerance=0.1).rows()
    assert [(row["state"], row["customers"]) for row in within if row["state"] in ("more", "same", "less")] == [
        ("more", 1),
        ("same", 2),
    ]
    assert not [row for row in found.check().rows() if row["failures"]]


def test_what_the_rules_do_not_count_is_other() -> None:
    records = simple(
        ("split", "02-03", None, 4), ("came", "02-03", None, 5),
        ("moved", "01-01", "02-05", 6), ("quit", "01-01", "02-05", 7),
        why=["split", "new", "moved", None], how=["referral", "referral", None, None],
    )  # fmt: skip
    rules = {
        "joins": {"split": {"column": "why", "op": "!=", "value": "split"}},
        "leaves": {"moved": {"column": "why", "op": "!=", "value": "moved"}},
    }
    found = report(records, {**PLAIN, **rules, "acquired": "how"}, start="2025-02-01", end="2025-03-01")
    assert rows_of(found.bond(), "state", "opening", "closing_value") == [
        ("new", 0, 5.0),
        ("other in", 0, 4.0),
        ("left", 1, 0.0),
        ("other out", 1, 0.0),
    ]
    (row,) = found.earned_growth().rows()
    assert (row["earned_new_value"], row["other_in_value"], row["earned_growth"]) == (5.0, 4.0, 5 / 13 - 1)


def test_a_rate_makes_nobody_more() -> None:
    records = simple(
        ("a", "01-01", None, 100), ("b", "01-01", "02-10", 100), ("b", "02-10", None, 110), cur=["EUR"] * 3
    )
    rates = {"date": [date(2020, 1, 1), date(2025, 2, 5)], "currency": ["EUR"] * 2, "rate": [1.0, 1.5]}
    asked = {"start": "2025-02-01", "end": "2025-03-01", "rates": rates, "reporting_currency": "USD"}
    found = report(records, {**PLAIN, "currency": "cur"}, **asked)
    assert rows_of(found.bond(), "state", "opening_value", "change", "fx", "closing_value") == [
        ("more", 100.0, 15.0, 50.0, 165.0),
        ("same", 100.0, 0.0, 50.0, 150.0),
    ]


def test_without_a_rate_currencies_are_not_weighed() -> None:
    records = simple(
        ("a", "01-01", "02-10", 100), ("a", "01-01", None, 5), ("a", "02-10", None, 110), ("a", "02-10", None, 1),
        ("b", "01-01", "02-10", 100), ("b", "02-10", None, 100),
        cur=["EUR", "USD", "EUR", "EUR", "EUR", "USD"],
    )  # fmt: skip
    asked = {"start": "2025-02-01", "end": "2025-03-01"}
    found = report(records, {**PLAIN, "currency": "cur"}, **asked)
    assert rows_of(found.bond(), "currency", "state", "customers", "opening_value", "closing_value") == [
        ("EUR", "more", 1, 100.0, 111.0),
        ("EUR", "mixed", 1, 100.0, 0.0),
        ("USD", "more", 0, 5.0, 5.0),
        ("USD", "mixed", 0, 0.0, 100.0),
    ]


@pytest.fixture(scope="module")
def cdnow() -> sj.Reconciliation:
    definition = sj.Definition("customer", "start", "end", value="value", currency="USD", grace="0d")
    ledger = sj.Ledger("CDNOW", pa.table(quarters()), definition)
    return sj.reconcile([ledger], periods="3 months", start="1997-01-01", end="1998-07-01", money="decimal")


def test_cdnow_to_the_cent(cdnow: sj.Reconciliation) -> None:
    """new, returned and left are those of the specification; more less than less is its change of value."""
    rows = cdnow.bond().rows()
    third = {row["state"]: row for row in rows if row["period"] == date(1997, 7, 1)}
    assert list(third) == ["returned", "more", "same", "less", "left"]
    assert third["returned"]["customers"] == 1_974 and third["returned"]["opening"] == 0
    assert third["left"]["customers"] == 3_087 and third["left"]["opening_value"] == Decimal("151309.66")
    assert third["returned"]["closing_value"] == Decimal("99949.62")
    assert third["more"]["change"] == Decimal("57495.28") and third["less"]["change"] == Decimal("-72893.53")
    stayed = sum(third[state]["customers"] for state in ("more", "same", "less"))
    assert stayed == 5_376 - 3_087 == 4_263 - 1_974
    for quarter, (new, returned, left) in enumerate(
        [(23_570, 0, 0), (0, 0, 18_194), (0, 1_974, 3_087), (0, 2_158, 2_200), (0, 1_863, 2_267), (0, 1_557, 2_057)]
    ):
        period = date(1997 + quarter // 4, quarter % 4 * 3 + 1, 1)
        own = {row["state"]: row["customers"] for row in rows if row["period"] == period}
        assert (own.get("new", 0), own.get("returned", 0), own.get("left", 0)) == (new, returned, left)
    assert not [row for row in cdnow.check().rows() if row["failures"]]


def test_plot(cdnow: sj.Reconciliation) -> None:
    chart = cdnow.plot_bond().to_dict()
    grown = 23_570 + 2_551 + 1_974 + 1_075 + 2_158 + 1_047 + 1_863 + 924 + 1_557 + 781
    shrunk = 18_194 + 2_731 + 3_087 + 1_190 + 2_200 + 1_006 + 2_267 + 1_005 + 2_057 + 964
    assert chart["title"]["text"] == f"CDNOW: the bond grew {grown:,} times and shrank {shrunk:,} times"
    assert chart["title"]["subtitle"][-1] == "Not drawn: 168 the same at both ends."
    nobody = report(simple(("a", "01-05", None, 1)), {**PLAIN, "where": {"none": {"any": []}}})
    assert "Nobody is there" in json.dumps(nobody.plot_bond().to_dict())


# --- reasons for leaving --------------------------------------------------------------------------------------------


@slow
@given(worlds(), st.sampled_from([None, ["reason"], ["kind", "reason"], []]))
def test_leaving_agrees_with_the_oracle(world: World, by: list[str] | None) -> None:
    found = run(world)
    columns = BY if by is None else by
    rows = found.leaving(by).rows()
    expected = oracle.leaving(base(world), columns)
    nodes = {}
    for row in rows:
        path = tuple(row[name] for name in columns[: row["level"]])
        assert row["path"] == (" › ".join(path) or "all") and None not in path
        assert all(row[name] is None for name in columns[row["level"] :])
        place = (*(row[name] for name in PLACE), path)
        assert place not in nodes
        nodes[place] = (row["customers"], row["value"])
        assert row["share"] == (None if row["of"] == 0 else row["customers"] / row["of"])
    assert {place: sums for place, sums in nodes.items() if any(sums)} == expected
    for *place, path in nodes:
        if len(path) < len(columns):
            children = [sums for at, sums in nodes.items() if at[:3] == tuple(place) and at[3][:-1] == path and at[3]]
            assert (*place, (*path, "unknown")) in nodes
            assert tuple(sum(part) for part in zip(*children, strict=True)) == nodes[(*place, path)]
    for row in found.statement().rows():
        assert nodes[(*(row[name] for name in PLACE), ())] == (row["left"], row["left_value"])


def left() -> pl.DataFrame:
    return simple(
        ("a", "01-01", "02-02", 10), ("b", "01-01", "02-03", 20), ("c", "01-01", "02-04", 5),
        ("d", "01-01", "02-05", 1),
        ("e", "01-01", None, 1),
        why=["price", "price", "moved", " ", None], detail=["rise", None, "abroad", "x", None],
    )  # fmt: skip


def test_the_tree_keeps_unknown() -> None:
    ledger = sj.Ledger("L", left(), sj.Definition.from_dict({**PLAIN, "currency": "USD"}), reasons=["why", "detail"])
    found = sj.reconcile([ledger], start="2025-02-01", end="2025-04-01")
    rows = found.leaving()
    columns = ["ledger", *PLACE, "level", "path", "why", "detail", "customers", "value", "of", "share"]
    assert rows.columns == columns
    assert rows_of(rows, "level", "path", "customers", "value", "of", "share") == [
        (0, "all", 4, 36.0, 4, 1.0),
        (1, "price", 2, 30.0, 4, 0.5),
        (2, "price › rise", 1, 10.0, 4, 0.25),
        (2, "price › unknown", 1, 20.0, 4, 0.25),
        (1, "moved", 1, 5.0, 4, 0.25),
        (2, "moved › abroad", 1, 5.0, 4, 0.25),
        (2, "moved › unknown", 0, 0.0, 4, 0.0),
        (1, "unknown", 1, 1.0, 4, 0.25),
        (2, "unknown › x", 1, 1.0, 4, 0.25),
        (2, "unknown › unknown", 0, 0.0, 4, 0.0),
        (0, "all", 0, 0.0, 0, None),
        (1, "unknown", 0, 0.0, 0, None),
        (2, "unknown › unknown", 0, 0.0, 0, None),
    ]


def test_bad_reasons() -> None:
    definition = sj.Definition.from_dict(PLAIN)
    for reasons, message in (
        (["whi"], r"did you mean 'why'"),
        (["why", "why"], "L: reasons: found 'why' twice, expected each column once"),
        (["v", "s"], "found dates, expected strings, integers or booleans"),
        ([3], "reasons: found 3, expected names of columns"),
    ):
        with pytest.raises(sj.InvalidInput, match=message):
            sj.Ledger("L", left(), definition, reasons=reasons)  # type: ignore[arg-type]
    asked = {"start": "2025-02-01", "end": "2025-03-01"}
    keeps = sj.reconcile([sj.Ledger("L", left(), definition, reasons="why")], **asked)
    assert [row["path"] for row in keeps.leaving("why", "L").rows()] == ["all", "price", "moved", "unknown"]
    with pytest.raises(sj.InvalidInput, match=r"L: found no reason column 'whi' \(did you mean 'why'\?\)"):
        keeps.leaving(["whi"])
    with pytest.raises(sj.InvalidInput, match="by: found 'why' twice"):
        keeps.leaving(["why", "why"])
    with pytest.raises(sj.InvalidInput, match="found no ledger 'M'"):
        keeps.leaving(ledger="M")
    without = sj.reconcile([sj.Ledger("L", left(), definition)], **asked)
    with pytest.raises(sj.InvalidInput, match="L: found no column with reasons, expected Ledger"):
        without.leaving()
    with pytest.raises(sj.InvalidInput, match=r"L: found no reason column 'why', expected Ledger\(…, reasons="):
        without.leaving(["why"])


# --- earned growth --------------------------------------------------------------------------------------------------


@slow
@given(st.one_of(worlds(), moving_rates()), st.integers(1, 3))
def test_earned_growth_agrees_with_the_oracle(world: World, over: int) -> None:
    found = run(world)
    periods = len(base(world).edges) - 1
    over = min(over, periods)
    kinds = sorted({row["kind"] for row in world.records} - {None})
    earned = kinds[:1]
    rows = found.earned_growth(earned, over=over).rows()
    names = [
        *("period", "since", "currency", "fx"),
        *(word + tail for tail in ("", "_value") for word in oracle.GROUPS),
    ]
    some = [{name: row[name] for name in names} for row in rows if any(row[name] for name in names[3:])]
    expected = oracle.earned_growth(base(world), earned, "kind", over)
    expected = [row for row in expected if any(row[name] for name in names[3:])]
    expected.sort(key=lambda row: (row["period"], *oracle._order(row["currency"])))
    assert some == [{name: row[name] for name in names} for row in expected]
    for row in rows:
        news = [
            row[f"{word}_value"]
            for word in ("retained", "earned_new", "bought_new", "unknown_new", "returned", "other_in")
        ]
        assert sum(news) + row["fx"] == row["closing_value"]
        before = row["opening_value"]
        assert row["nrr"] == (row["retained_value"] / before if before > 0 else None)
        growth = row["retained_value"] + row["earned_new_value"] - before
        assert row["earned_growth"] == (growth / before if before > 0 else None)
        most = growth + row["unknown_new_value"]
        assert row["earned_growth_most"] == (most / before if before > 0 else None)
    if over == 1:
        statement: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for row in found.statement().rows():
            for name in ("opening", "closing", "opening_value", "closing_value"):
                statement[row["period"], row["currency"]][name] += row[name]
        for row in rows:
            sums = statement.pop((row["period"], row["currency"]))
            assert {name: row[name] for name in sums} == sums
        assert not statement


def grown() -> pl.DataFrame:
    """100 → 130: of the 100, 85 stay; 25 come by referral, 20 by an advert."""
    records = [
        ("a", "01-01", "07-01", 40),
        ("a", "07-01", None, 25),
        ("b", "01-01", None, 60),
        ("c", "03-01", None, 25),
    ]
    records += [("d", "03-01", None, 15), ("e", "03-01", None, 5)]
    how = [None, "advert", "referral", "referral", "advert", "advert"]
    return simple(*records, how=how).with_columns(pl.col("s").replace(date(2025, 1, 1), date(2024, 5, 1)))


def test_earned_growth_of_a_hundred() -> None:
    definition = {**PLAIN, "currency": "USD", "acquired": "how"}
    found = report(grown(), definition, periods="1 year", start="2025-01-01", end="2026-01-01", money="decimal")
    (row,) = found.earned_growth().rows()
    values = [row[f"{word}_value"] for word in oracle.GROUPS]
    assert values == [Decimal(x) for x in (100, 85, 25, 20, 0, 0, 0, 130)]
    assert [row[word] for word in oracle.GROUPS] == [2, 2, 1, 2, 0, 0, 0, 5]
    assert (row["nrr"], row["earned_growth"], row["earned_growth_most"]) == (0.85, 0.1, 0.1)
    monthly = report(grown(), definition, start="2025-01-01", end="2026-01-01", money="decimal")
    (trailing,) = monthly.earned_growth(over=12).rows()
    assert trailing == {**row, "period": date(2025, 12, 1)} and trailing["since"] == date(2025, 1, 1)
    everyone = found.earned_growth(["referral", "advert"]).rows()[0]
    assert everyone["earned_growth"] == 0.3 and everyone["bought_new"] == 0


def test_net_of_churn_and_contraction() -> None:
    """100, churn 10, contraction 10, expansion 10: a net churn of 10%, whatever 20 of new unknown origin add."""
    records = simple(
        ("gone", "01-01", "02-10", 10), ("down", "01-01", "02-10", 40), ("down", "02-10", None, 30),
        ("up", "01-01", "02-10", 50), ("up", "02-10", None, 60), ("new", "02-05", None, 20),
        how=[None, None, None, None, None, None],
    )  # fmt: skip
    found = report(records, {**PLAIN, "acquired": "how"}, start="2025-02-01", end="2025-03-01")
    with pytest.raises(sj.InvalidInput, match="earned: found no 'referral' among the values of acquired"):
        found.earned_growth()
    (row,) = found.earned_growth([]).rows()
    assert (row["nrr"], row["earned_growth"], row["earned_growth_most"]) == (0.9, -0.1, 0.1)
    assert (row["unknown_new"], row["unknown_new_value"], row["closing_value"]) == (1, 20.0, 110.0)


def test_bad_questions() -> None:
    found = report(simple(("a", "01-01", None, 1)), {**PLAIN, "value": None})
    asks: list[tuple[Any, str]] = [
        (lambda: found.bond(), "L: definition.value: found none, so that nobody's value can grow"),
        (lambda: found.bond(measure="worth"), "measure: found 'worth', expected 'value' or 'records'"),
        (lambda: found.bond(measure="records", tolerance=-0.1), "tolerance: found -0.1"),
        (lambda: found.bond(measure="records", tolerance=float("nan")), "tolerance: found nan"),
        (lambda: found.bond("M"), "found no ledger 'M'"),
        (lambda: found.bond_customers("2025-01-02", measure="records"), "first day of a period, as 2025-01-01"),
        (lambda: found.bond_customers("2026-01-01", measure="records"), "from 2025-01-01 to before 2025-04-01"),
        (lambda: found.earned_growth(), "L: definition.acquired: found none"),
    ]
    for ask, message in asks:
        with pytest.raises(sj.InvalidInput, match=message):
            ask()
    came = report(simple(("a", "01-01", None, 1), how=["referral"]), {**PLAIN, "acquired": "how"})
    for over in (0, 4):
        with pytest.raises(sj.InvalidInput, match=f"over: found {over}, expected 1 to 3"):
            came.earned_growth(over=over)
    with pytest.raises(sj.InvalidInput, match="did you mean 'referral'"):
        came.earned_growth(["referal"])
