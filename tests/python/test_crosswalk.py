"""Crosswalks: units counted by the groups they are in, intervals for uncertain links, groups that are too large."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

START, END = "2025-01-01", "2025-09-01"
SAID = sj.Definition("account", "begins", "ends", value="worth", currency="USD", grace="10d")
Link = tuple[Any, Any, float]


def components(units: Iterable[Any], links: Iterable[tuple[Any, Any]]) -> list[set[Any]]:
    """Sets of units that links connect, found by merging sets until no two of them share a group."""
    parts = [({unit}, {group for of, group in links if of == unit}) for unit in units]
    found: list[tuple[set[Any], set[Any]]] = []
    for part in parts:
        own_units, own_groups = set(part[0]), set(part[1])
        rest = []
        for other in found:
            if other[1] & own_groups:
                own_units |= other[0]
                own_groups |= other[1]
            else:
                rest.append(other)
        found = [*rest, (own_units, own_groups)]
    return [part[0] for part in found]


def table(links: Iterable[Link], *, probability: bool = True) -> dict[str, list[Any]]:
    rows = list(links)
    found: dict[str, list[Any]] = {"unit": [row[0] for row in rows], "group": [row[1] for row in rows]}
    return {**found, "probability": [row[2] for row in rows]} if probability else found


def records(rows: Iterable[tuple[Any, int, int | None, int]]) -> dict[str, list[Any]]:
    first = date(2025, 1, 1)
    found: dict[str, list[Any]] = {"account": [], "begins": [], "ends": [], "worth": []}
    for account, begins, ends, worth in rows:
        found["account"].append(account)
        found["begins"].append(first + timedelta(days=begins))
        found["ends"].append(None if ends is None else first + timedelta(days=ends))
        found["worth"].append(worth)
    return found


def reconciled(ledger: sj.Ledger, standard: sj.Ledger | None = None) -> sj.Reconciliation:
    return sj.reconcile([ledger], standard=standard, start=START, end=END, money="minor")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Any], list[tuple[Any, int, int | None, int]], list[Link]]:
    """Accounts (text or numbers), their records, and links of some of them with some groups."""
    name = draw(st.sampled_from([lambda n: n, lambda n: f"a{n:02}", lambda n: f"a long account of {n:02}"]))
    accounts = [name(n) for n in range(draw(st.integers(1, 8)))]
    rows = []
    for account in accounts:
        for _ in range(draw(st.integers(1, 3))):
            begins = draw(st.integers(0, 200))
            ends = draw(st.one_of(st.none(), st.integers(begins + 1, begins + 90)))
            rows.append((account, begins, ends, draw(st.integers(0, 50))))
    pairs = draw(st.lists(st.tuples(st.sampled_from(accounts), st.integers(0, 5)), max_size=12, unique=True))
    links = [(unit, f"g{group}", draw(st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]))) for unit, group in pairs]
    return accounts, rows, links


@settings(max_examples=many(100), deadline=None)
@given(worlds())
def test_groups_are_counted_as_if_each_were_one_customer(world: Any) -> None:
    accounts, rows, links = world
    ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(links), counts="group")
    there = [(unit, group) for unit, group, probability in links if probability >= 0.5]
    named = {unit: min(part) for part in components(accounts, there) for unit in part}
    merged = sj.Ledger("M", records([(named[account], *rest) for account, *rest in rows]), SAID)  # type: ignore[misc]
    assert ledger.customers == merged.customers
    expected = [{**row, "ledger": "L"} for row in reconciled(merged).statement().rows()]
    assert reconciled(ledger).statement().rows() == expected
    for row in reconciled(ledger, merged).check().rows():
        assert row["kind"] == "guard" or row["failures"] == 0


@settings(max_examples=many(40), deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_neither_order_nor_threads_show(world: Any, shuffle: random.Random) -> None:
    _, rows, links = world

    def found(threads: int) -> list[dict[str, Any]]:
        standard = sj.Ledger("S", records(sorted(rows, key=str)[::2] or rows), SAID)
        ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(links), counts="group", threads=threads)
        try:
            r = sj.reconcile([ledger], standard=standard, start=START, end=END, money="minor", threads=threads)
            return r.intervals(draws=5, seed=3).rows()
        except sj.InvalidInput:  # numbers here, text in the crosswalk
            return []

    once = found(1)
    shuffle.shuffle(rows)
    shuffle.shuffle(links)
    assert found(3) == once


@settings(max_examples=many(40), deadline=None)
@given(worlds())
def test_certain_links_leave_nothing_open(world: Any) -> None:
    _, rows, links = world
    certain = [(unit, group, float(probability >= 0.5)) for unit, group, probability in links]
    ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(certain), counts="group")
    for row in reconciled(ledger).intervals(draws=3).rows():
        assert row["count_low"] == row["count"] == row["count_high"]
        assert row["value_low"] == row["value"] == row["value_high"]


def test_a_link_is_there_as_often_as_its_probability_says() -> None:
    accounts = [f"a{n}" for n in range(400)]
    rows = [(account, 5, None, 1) for account in accounts]
    links = [(account, f"g{n // 2}", 1.0 if n % 2 == 0 else 0.3) for n, account in enumerate(accounts)]
    ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(links), counts="group")
    counts = [
        reconciled(ledger._drawn(7, number)).ledgers and ledger._drawn(7, number).customers for number in range(40)
    ]
    joined = [400 - count for count in counts]  # each link of .3 that is there makes one customer of two
    assert abs(sum(joined) / len(joined) - 60) < 4  # 200 × .3, standard error of the mean 1.02
    assert len(set(joined)) > 5


def test_intervals_cover_a_truth_that_is_one_draw_of_the_links() -> None:
    """Persons with one to three accounts; which of the probable links are true is drawn with their probabilities."""
    random_ = random.Random(5)
    covered = tried = 0
    for _ in range(many(25)):
        rows, links, true = [], [], []
        for person in range(12):
            for number in range(random_.randint(1, 3)):
                account = f"p{person:02}-{number}"
                begins = random_.randint(0, 150)
                rows.append((account, begins, begins + random_.randint(20, 120), 10))
                probability = random_.choice([0.2, 0.5, 0.8, 0.95])
                links.append((account, f"P{person}", probability))
                if random_.random() < probability:
                    true.append((account, f"P{person}", 1.0))
        ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(links), counts="group")
        truth = sj.Ledger("L", records(rows), SAID, crosswalk=table(true), counts="group")
        said = {
            (row["period"], name): row[name]
            for row in reconciled(truth).statement().rows()
            for name in ("closing", "joined")
        }
        for row in reconciled(ledger).intervals(draws=60, level=0.9).rows():
            place = (row["period"], row["what"])
            if place in said:
                tried += 1
                covered += row["count_low"] <= said[place] <= row["count_high"]
    # Counts are whole, so that an interval holds 90% or more.
    assert tried > 300
    assert covered / tried > 0.87


def cuts(units: list[Any], links: list[tuple[Any, Any]]) -> set[tuple[int, tuple[Any, Any]]]:
    """Links that part the units in two, with the units on the smaller side: each is taken away and looked at."""
    found = set()
    for link in links:
        parts = components(units, [other for other in links if other != link])
        if len(parts) > 1:
            found.add((min(len(part) for part in parts), link))
    return found


@settings(max_examples=many(100), deadline=None)
@given(worlds())
def test_the_link_that_joins_most_is_named(world: Any) -> None:
    accounts, rows, links = world
    there = [(unit, group) for unit, group, probability in links if probability >= 0.5]
    ledger = sj.Ledger("L", records(rows), SAID, crosswalk=table(links))
    large = reconciled(ledger).components(1).rows()
    linked = [part for part in components(accounts, there) if any(unit in part for unit, _ in there)]
    assert sorted(row["units"] for row in large) == sorted(len(part) for part in linked)
    for row in large:
        (part,) = (part for part in linked if str(min(part)) == row["unit"])
        own = [link for link in there if link[0] in part]
        possible = cuts(sorted(part), own)
        if not possible:
            assert row["cut_unit"] is None
            continue
        (link,) = (link for link in own if (str(link[0]), str(link[1])) == (row["cut_unit"], row["cut_group"]))
        assert (row["cut_off"], link) in possible
        assert row["cut_off"] == max(size for size, _ in possible)


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"unit": ["a"], "group": [None]}, "L: crosswalk, column 'group', row 0: found null, expected an id"),
        (
            {"unit": ["a"], "group": ["x"], "probability": [1.5]},
            "column 'probability', row 0: found 1.500000, expected a prob",
        ),
        ({"unit": ["a"], "group": ["x"], "probability": [None]}, "column 'probability', row 0: found null"),
        ({"unit": [1], "group": ["x"]}, "column 'unit': found integers, expected strings, as L has"),
        ({"unit": ["a", "a"], "group": ["x", "x"]}, "found the unit 'a' in group 'x' again, expected each pair once"),
        ({"unit": ["a"]}, "found no column 'group'"),
        (
            {"unit": ["a"], "group": ["x"], "match_probability": [0.001]},  # as splink calls it: not a certain link
            "column 'match_probability': found no column 'probability' but this one",
        ),
    ],
)
def test_what_is_no_crosswalk_is_refused(links: dict[str, list[Any]], message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.Ledger("L", records([("a", 0, None, 1)]), SAID, crosswalk=links)


def test_two_ways_to_say_a_group_are_refused() -> None:
    with pytest.raises(sj.InvalidInput, match="found group and crosswalk"):
        sj.Ledger("L", records([("a", 0, None, 1)]), SAID, group="account", crosswalk={"unit": ["a"], "group": ["x"]})
    with pytest.raises(sj.InvalidInput, match="counts='group' without groups"):
        sj.Ledger("L", records([("a", 0, None, 1)]), SAID, counts="group")


def test_draws_count_what_the_point_counted() -> None:
    """A stream can be read once, and a table may change after the ledger has been made."""
    pyarrow = pytest.importorskip("pyarrow")
    rows = records([("a", 5, None, 1), ("b", 5, None, 1), ("c", 5, None, 1)])
    links = {"unit": ["a", "b"], "group": ["x", "x"], "probability": [1.0, 0.5]}

    def closing(r: sj.Reconciliation) -> list[tuple[int, int, int]]:
        found = [row for row in r.intervals(draws=60).rows() if row["what"] == "closing"]
        return [(row["count_low"], row["count"], row["count_high"]) for row in found]

    expected = [(2, 2, 3)] * 8
    streams = [
        pyarrow.RecordBatchReader.from_batches(t.schema, t.to_batches()) for t in map(pyarrow.table, (rows, links))
    ]
    assert closing(reconciled(sj.Ledger("L", streams[0], SAID, crosswalk=streams[1], counts="group"))) == expected
    r = reconciled(sj.Ledger("L", rows, SAID, crosswalk=links, counts="group"))
    links["probability"][1] = 1e-9
    rows["begins"][2] = date(2030, 1, 1)
    assert closing(r) == expected


@pytest.mark.parametrize("counts", ["unit", "group"])
def test_a_chain_of_accounts_is_named_with_the_link_in_its_middle(counts: Any) -> None:
    accounts = [f"a{n:03}" for n in range(60)]
    links = [(account, f"g{n + more:03}", 1.0) for n, account in enumerate(accounts) for more in (0, 1)]
    ledger = sj.Ledger("L", records((a, 5, None, 1) for a in accounts), SAID, crosswalk=table(links), counts=counts)
    (row,) = reconciled(ledger).components().rows()
    assert (row["units"], row["groups"], row["ledger"], row["unit"], row["cut_off"]) == (60, 61, "L", "a000", 30)
    assert (row["cut_unit"], row["cut_group"]) in [("a029", "g030"), ("a030", "g030")]
    (said,) = [check for check in reconciled(ledger).check().rows() if "50 units" in check["check"]]
    assert said["failures"] == 1
    assert "the largest has 60 units, among them a000 of L; without the link of" in said["detail"]
