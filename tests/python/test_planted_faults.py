"""Faults planted one at a time in a company's ledgers: each is named by the result, and nothing is named without it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from typing import Any

import polars as pl
import pytest

import sojourn as sj

START, END = date(2025, 7, 1), date(2026, 7, 1)
SEEDS = (1, 2, 3)
GUARDS = (
    *("duplicate keys", "identical records", "no group", "several currencies", "vanish at once", "without any record"),
    *("one day off the standard", "shifted between zones", "too large to be paired"),
)


@cache
def company(seed: int) -> dict[str, Any]:
    """Two silos that count the same households alike: the ledger keeps them under its own numbers."""
    data = sj.datasets.insurer(customers=3000, seed=seed)
    policy = data.policy.to_polars().filter(pl.col("paid"))
    held = policy.group_by("household").agg(
        pl.col("effective").min().alias("start"),
        pl.when(pl.col("end_effective").is_null().any())
        .then(None)
        .otherwise(pl.col("end_effective").max())
        .alias("end"),
        pl.col("value").sum().round(2),
    )
    held = held.filter(pl.col("end").is_null() | (pl.col("end") > pl.col("start"))).sort("household")
    return {"held": held.with_columns(pl.lit("USD").alias("currency"), pl.int_range(pl.len()).alias("account"))}


def checked(ledger: pl.DataFrame, seed: int, *, key: bool = True) -> sj.Reconciliation:
    said = {"start": "start", "end": "end", "value": "value", "currency": "currency", "grace": "0d"}
    silo = sj.Definition("account", key="account" if key else None, **said)
    standard = sj.Ledger("company", company(seed)["held"], sj.Definition("household", **said), group="household")
    return sj.reconcile([sj.Ledger("CRM", ledger, silo, group="household")], standard=standard, start=START, end=END)


def fired(r: sj.Reconciliation) -> dict[str, str]:
    """Guards of the CRM that found something → what they say."""
    rows = [
        row for row in r.check().rows() if row["kind"] == "guard" and row["failures"] and row["check"].startswith("CRM")
    ]
    return {
        next(word for word in GUARDS if word in row["check"]): row["detail"]
        for row in rows
        if any(w in row["check"] for w in GUARDS)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_named_where_nothing_is_planted(seed: int) -> None:
    r = checked(company(seed)["held"], seed)
    assert fired(r) == {}
    assert {row["reason"] for row in r.records("CRM").rows()} == {"matched"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_insurers_own_silos_raise_no_alarm_of_a_load(seed: int) -> None:
    data = sj.datasets.insurer(customers=3000, seed=seed)
    silos = [data.ledgers[name] for name in ("CRM", "POLICY", "BILLING")]
    rows = sj.reconcile(silos, standard=data.ledgers["company"], start=START, end=END).check().rows()
    loads = [
        row["check"] for row in rows if row["failures"] and ("load" in row["check"] or "too large" in row["check"])
    ]
    assert loads == []


@pytest.mark.parametrize("seed", SEEDS)
def test_one_record_shifted_by_a_day_over_a_months_end(seed: int) -> None:
    held = company(seed)["held"]
    # Over the end of a month: the statement moves, and the record says by how much.
    last = held.filter((pl.col("start") >= START) & (pl.col("start").dt.month_end() == pl.col("start"))).head(1)
    if not len(last):
        pytest.skip("nobody came on the last day of a month")
    account, day = last["account"][0], last["start"][0]
    moved = pl.when(pl.col("account") == account).then(pl.col("start") + timedelta(days=1)).otherwise(pl.col("start"))
    r = checked(held.with_columns(moved.alias("start")), seed)
    found = [row for row in r.records("CRM").rows() if row["reason"] != "matched"]
    assert {(row["reason"], row["time"], row["other_time"]) for row in found} == {
        ("timing", day + timedelta(days=1), day),
        ("timing", day, day + timedelta(days=1)),
    }
    assert [row["record"] for row in found if row["ledger"] == "CRM"] == [account]
    assert fired(r) == {}  # one record is no pattern


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("days", [-1, 1])
def test_a_whole_column_shifted_by_a_day(seed: int, days: int) -> None:
    r = checked(company(seed)["held"].with_columns(pl.col("start") + timedelta(days=days)), seed)
    (detail,) = fired(r).values()
    assert f"paired events lie one day {'after' if days > 0 else 'before'} those of company" in detail


@pytest.mark.parametrize("seed", SEEDS)
def test_instants_at_midnight_in_another_zone(seed: int) -> None:
    held = company(seed)["held"].with_columns(pl.col("start").cast(pl.Datetime("us", "UTC")))
    said = {"start": "start", "end": "end", "value": "value", "currency": "currency", "grace": "0d"}
    crm = sj.Ledger("CRM", held, sj.Definition("account", **said), group="household")
    standard = sj.Ledger("company", company(seed)["held"], sj.Definition("household", **said), group="household")
    r = sj.reconcile([crm], standard=standard, start=START, end=END, timezone="America/Chicago")
    found = fired(r)
    assert set(found) == {"shifted between zones", "one day off the standard"}
    assert "column 'start'" in found["shifted between zones"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("key", [True, False])
def test_one_duplicated_row(seed: int, key: bool) -> None:
    held = company(seed)["held"]
    r = checked(pl.concat([held, held[7:8]]), seed, key=key)
    found = fired(r)
    assert f"rows 7 and {len(held)}" in found["identical records"]
    assert ("duplicate keys" in found) == key
    if key:
        assert f"key {held['account'][7]} in rows 7 and {len(held)}" in found["duplicate keys"]


@pytest.mark.parametrize("seed", SEEDS)
def test_one_lost_link(seed: int) -> None:
    held = company(seed)["held"]
    account, home = (
        held.filter(pl.col("start").is_between(START, END - timedelta(days=100)))
        .head(1)
        .select("account", "household")
        .row(0)
    )
    lost = pl.when(pl.col("account") == account).then(None).otherwise(pl.col("household"))
    r = checked(held.with_columns(lost.alias("household")), seed)
    assert set(fired(r)) == {"no group"}
    found = [row for row in r.records("CRM").rows() if row["reason"] != "matched"]
    assert {(row["ledger"], row["unit"], row["reason"]) for row in found} == {
        ("CRM", str(account), "identity"),
        ("company", home, "only here"),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_one_wrong_currency(seed: int) -> None:
    held = company(seed)["held"]
    euros = pl.when(pl.col("account") == 11).then(pl.lit("EUR")).otherwise(pl.col("currency"))
    r = checked(held.with_columns(euros.alias("currency")), seed)
    found = fired(r)
    assert set(found) == {"several currencies"}
    assert "EUR 1 records (first in row 11)" in found["several currencies"]
    assert {row["currency"] for row in r.statement().rows() if row["ledger"] == "CRM"} == {
        "EUR",
        "USD",
    }  # no sum crosses


@pytest.mark.parametrize("seed", SEEDS)
def test_half_the_customers_missing_from_a_load(seed: int) -> None:
    held = company(seed)["held"]
    r = checked(held.filter(pl.col("account") % 2 == 0), seed)
    found = fired(r)
    assert set(found) == {"without any record"}
    groups = len(held)
    assert found["without any record"] == f"{groups // 2} of {groups} customers of company have no record in CRM"


@pytest.mark.parametrize("seed", SEEDS)
def test_half_the_customers_ending_on_the_day_of_a_load(seed: int) -> None:
    held = company(seed)["held"]
    day = date(2026, 3, 10)
    gone = (pl.col("account") % 2 == 0) & (pl.col("start") < day) & (pl.col("end").is_null() | (pl.col("end") > day))
    r = checked(held.with_columns(pl.when(gone).then(pl.lit(day)).otherwise(pl.col("end")).alias("end")), seed)
    assert "2026-03-10" in fired(r)["vanish at once"]


def test_an_empty_load_is_refused() -> None:
    with pytest.raises(sj.InvalidInput, match="CRM: found an empty table, expected at least one record"):
        checked(company(1)["held"].head(0), 1)


def test_a_load_beside_the_report_is_refused() -> None:
    held = company(1)["held"].with_columns(
        pl.lit(date(2010, 1, 1)).alias("start"), pl.lit(date(2010, 2, 1)).alias("end")
    )
    said = sj.Definition("account", "start", "end")
    with pytest.raises(sj.InvalidInput, match="found records from 2010-01-01 to 2010-02-01 only"):
        sj.reconcile([sj.Ledger("CRM", held, said)], start=START, end=END)
