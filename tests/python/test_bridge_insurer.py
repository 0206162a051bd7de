"""Bridges where the truth is known: planted reasons come back, docs/bridge_truth.md says how many; the golden cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import polars as pl
import pytest

import bridge_truth as truth

CASE = {"argvalues": truth.GOLDEN["cases"], "ids": lambda case: case["case"]}
GAPS = {"in": [("joined", 1)], "out": [("left", 1)], "net": [("joined", 1), ("left", -1)]}


def test_the_page_says_what_is_found() -> None:
    page = truth.PAGE.read_text(encoding="utf-8")
    assert page == truth.written(page, truth.tables()), "python tests/python/bridge_truth.py writes the tables anew"


@pytest.mark.parametrize("seed", [7, 1, 2])
def test_planted_reasons_are_recovered(seed: int) -> None:
    """98 of 100 as planted; but for exchanges within a household, 99. A month has fewer events and more chance."""
    data, report = truth.insurer(20_000, seed)
    found = truth.events(data, report)
    assert set(pl.concat(found.values())["reason"]) == {*truth.REASONS}
    month = {name: rows.filter(pl.col("period") == data.month) for name, rows in found.items()}
    for rows, least, least_exchanged in ((found, 0.98, 0.99), (month, 0.97, 0.985)):
        n, recovered, exchanged, _ = truth.shares(truth.together(rows))
        assert recovered / n >= least
        for some in rows.values():
            n, recovered, exchanged, _ = truth.shares(some)
            assert recovered / n >= least - 0.01
            assert (recovered + exchanged) / n >= least_exchanged


def test_a_window_below_the_slowest_clock_loses_reasons() -> None:
    """Billing closes accounts up to 75 days late: the check above can fail."""
    share = {}
    for window in ("30d", "90d"):
        n, recovered, exchanged, _ = truth.shares(truth.events(*truth.insurer(5000, window=window))["BILLING"])
        share[window] = (recovered + exchanged) / n
    assert share["30d"] < 0.9 and share["90d"] > 0.985


def test_what_is_called_exchanged_leaves_every_count_as_planted() -> None:
    """The mark itself: per household, direction and month the two lists of reasons are one."""
    for name, rows in truth.events(*truth.insurer(5000)).items():
        exchanged = rows.filter(pl.col("exchanged"))
        assert len(exchanged) > 1 or name == "BILLING"
        assert (exchanged["reason"] != exchanged["planted"]).all()
        place = ("group", "direction", "period")
        assert counted(exchanged, *place, "reason") == counted(exchanged, *place, "planted")


def counted(rows: pl.DataFrame, *columns: str) -> Counter[tuple[Any, ...]]:
    return Counter(rows.select(columns).rows())


# --- the fifteen cases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("same_table", [False, True], ids=["copies", "one table"])
@pytest.mark.parametrize("case", **CASE)
def test_bridges_of_a_golden_case_add_up_and_explain_all(case: dict[str, Any], same_table: bool) -> None:
    report = truth.golden(case, same_table=same_table)
    assert not [row for row in report.check().rows() if row["kind"] == "identity" and row["failures"]]
    for silo in truth.SILOS:
        gap: dict[tuple[Any, str], int] = defaultdict(int)
        for row in report.statement().rows():
            sign = {silo: 1, "company": -1}.get(row["ledger"], 0)
            for direction, columns in GAPS.items():
                gap[row["period"], direction] += sign * sum(way * row[column] for column, way in columns)
        found: dict[tuple[Any, str], int] = defaultdict(int)
        for row in report.bridge(silo).rows():
            found[row["period"], row["direction"]] += row["count"]
            assert row["reason"] != "unexplained"
        assert {**dict.fromkeys(gap, 0), **found} == gap
        events = Counter((row["ledger"], row["direction"]) for row in report.records(silo).rows())
        for name in (silo, "company"):
            assert (events[name, "in"], events[name, "out"]) == (case["IN"][name], case["OUT"][name])


@pytest.mark.parametrize("case", **CASE)
def test_one_table_or_copies_give_the_same_reasons(case: dict[str, Any]) -> None:
    """Record by record or through households; a rewrite is told by the grace in the one, by its ends in the other."""
    columns = ("ledger", "record", "direction", "reason")
    for silo in truth.SILOS:
        one, other = (truth.golden(case, same_table=same).records(silo).to_polars() for same in (True, False))
        assert one.select(columns).rows() == other.select(columns).rows()


def test_a_golden_case_without_its_links_is_identity() -> None:
    """Breaking the crosswalk shows: nothing but identity is left to say."""
    (case,) = [case for case in truth.GOLDEN["cases"] if case["case"] == "sold in March, effective in April"]
    rows = {silo: [{**row, "household": None} for row in rows] for silo, rows in case["records"].items()}
    lost = {**case, "records": {**rows, "policy": case["records"]["policy"]}}
    report = truth.golden(lost, same_table=True)
    for silo in ("CRM", "BILLING"):
        mine = [row["reason"] for row in report.records(silo).rows() if row["ledger"] == silo]
        assert mine == ["identity"] * case["IN"][silo]
