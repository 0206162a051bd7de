"""Near-duplicate voices against every pair compared, and their components by repeated merging."""

from __future__ import annotations

import sys
import time as clock
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

import sojourn as sj

BEGIN = datetime(2026, 3, 1)
TEXTS = [
    None,
    "",
    "  ",
    "My parcel is late!",
    "my parcel is late",
    "the parcel was late",
    "Rude agent",
    "rude agents",
    "İ",
    "=1+1",
]
CHAIN = ["aaaa", "aaab", "aabb", "abbb", "bbbb"]  # each 0.75 like the next, and less like the others


def table(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ["customer", "time", "text", "topic", "key"]
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def voices(texts: list[Any], hours: int) -> Any:
    return st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.integers(0, hours).map(lambda after: BEGIN + timedelta(hours=after)),
        st.sampled_from(texts),
        st.sampled_from([None, "late", "rude"]),
        st.sampled_from([None, 1, 2]),
    )


worlds = st.lists(voices(TEXTS, 30), min_size=1, max_size=16) | st.lists(voices(CHAIN, 6), min_size=8, max_size=16)


def linked(one: tuple[Any, ...], other: tuple[Any, ...], hours: int, least: float) -> bool:
    if one[0] != other[0] or abs(one[1] - other[1]) > timedelta(hours=hours):
        return False
    a, b = (one[2] or "").strip().casefold(), (other[2] or "").strip().casefold()
    if a and b:
        return fuzz.ratio(a, b) / 100 >= least
    return not a and not b and one[3] is not None and one[3:] == other[3:] and one[4] is not None


def components(rows: list[tuple[Any, ...]], hours: int, least: float) -> list[set[int]]:
    """All pairs compared; groups that share a link are merged until none do."""
    groups = [{i} for i in range(len(rows))]
    for i in range(len(rows)):
        for j in range(i):
            if linked(rows[i], rows[j], hours, least):
                a = next(group for group in groups if i in group)
                b = next(group for group in groups if j in group)
                if a is not b:
                    groups.remove(b)
                    a |= b
    return groups


@given(worlds, st.integers(0, 12), st.sampled_from([0.5, 0.75, 1.0]))
def test_against_all_pairs(rows: list[tuple[Any, ...]], hours: int, least: float) -> None:
    links = sj.near_duplicates(table(rows), f"{hours}h", least).to_dict()
    found = {row: {row} for row in range(len(rows)) if row not in links["feedback"]}
    for row, first in zip(links["feedback"], links["duplicate_of"], strict=True):
        found[first].add(row)
        assert (rows[first][1], first) < (rows[row][1], row)
    assert links["feedback"] == sorted(set(links["feedback"]))
    assert sorted(map(sorted, found.values())) == sorted(map(sorted, components(rows, hours, least)))
    for row, first, alike, seconds in zip(*links.values(), strict=True):
        assert seconds == (rows[row][1] - rows[first][1]).total_seconds()
        a, b = ((rows[r][2] or "").strip().casefold() for r in (row, first))
        assert alike is None if not (a and b) else abs(alike - fuzz.ratio(a, b) / 100) < 1e-12


@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_only_their_numbers(rows: list[tuple[Any, ...]], chance: Any) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)

    def groups(of: list[tuple[Any, ...]], name: list[int]) -> list[list[int]]:
        links = sj.near_duplicates(table(of), "3h", 0.75).to_dict()
        first = dict(zip(links["feedback"], links["duplicate_of"], strict=True))
        found: dict[int, list[int]] = {}
        for row in range(len(of)):
            found.setdefault(first.get(row, row), []).append(name[row])
        return sorted(map(sorted, found.values()))

    assert groups(rows, list(range(len(rows)))) == groups([rows[i] for i in order], order)


@given(worlds)
def test_deduplicated_counts_every_voice_once(rows: list[tuple[Any, ...]]) -> None:
    given_table = {**table(rows), "score": [None if i % 3 else i for i in range(len(rows))]}
    links = sj.near_duplicates(given_table, "3h", 0.75)
    once = sj.deduplicated(given_table, links)
    assert len(once) + len(links) == len(rows) == len(once) + sum(once.to_dict()["duplicates"])
    for group in components(rows, 3, 0.75):
        members = sorted(group, key=lambda row: (rows[row][1], row))
        (row,) = [row for row in once.rows() if row["row"] == members[0]]
        assert row["duplicates"] == len(group) - 1 and row["time"] == rows[members[0]][1]
        for name in ("score", "topic", "text", "key"):
            cells = [given_table[name][member] for member in members]
            assert row[name] == next((cell for cell in cells if cell is not None), None)


def test_one_complaint_on_three_channels() -> None:
    source = {
        "who": ["ann", "ann"],
        "at": ["2026-03-01", "2026-03-02"],
        "said": ["My parcel is late!", "my parcel is late"],
    }
    answer = {"who": ["ann"], "at": ["2026-03-03"], "said": ["My parcel is LATE!!"], "s": [2]}
    feedback = sj.feedback(
        [
            sj.calls(source, customer="who", time="at", text="said"),
            sj.survey(answer, customer="who", time="at", text="said", score="s", scale="nps"),
        ]
    )
    links = sj.near_duplicates(feedback)
    assert links.to_dict()["duplicate_of"] == [0, 0]
    (row,) = sj.deduplicated(feedback, links).rows()
    assert (row["score"], row["source"], row["duplicates"], row["feedback_id"]) == (2, "calls", 2, 0)


def test_clear_refusals() -> None:
    one = table([("ann", BEGIN, "x", None, None)])
    for within in ("1 month", "3", "", "-1d", None):
        with pytest.raises(sj.InvalidInput, match="within"):
            sj.near_duplicates(one, within)  # type: ignore[arg-type]
    for least in (0, 1.1, "0.8"):
        with pytest.raises(sj.InvalidInput, match="similarity"):
            sj.near_duplicates(one, "1d", least)  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidInput, match="no column 'said', expected one of 'customer'"):
        sj.near_duplicates(one, text="said")
    with pytest.raises(sj.InvalidInput, match="column 'customer', row 1: found null"):
        sj.near_duplicates(table([("ann", BEGIN, "x", None, None), (None, BEGIN, "x", None, None)]))
    with pytest.raises(sj.InvalidInput, match="links: found row 5"):
        sj.deduplicated(one, sj.Table.from_dict({"feedback": [5], "duplicate_of": [0]}))
    same = table([("anonymous", BEGIN, f"text {i}", None, None) for i in range(1_002)])
    with pytest.raises(sj.InvalidInput, match=r"row 1001: found more than 1,000 voices of customer 'anonymous'"):
        sj.near_duplicates(same, similarity=1.0)


def test_without_rapidfuzz_only_texts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == "rapidfuzz":
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(sj.InvalidInput, match=r'pip install "sojourn\[text\]"'):
        sj.near_duplicates(table([("ann", BEGIN, "x", None, None)]))
    silent = table([("ann", BEGIN, None, "late", 1), ("ann", BEGIN, "", "late", 1)])
    assert sj.near_duplicates(silent).to_dict()["duplicate_of"] == [0]


def test_long_texts_and_many_voices_end() -> None:
    start = clock.perf_counter()
    long = table([("ann", BEGIN + timedelta(hours=i), "ab" * 500_000 + str(i), None, None) for i in range(20)])
    assert len(sj.near_duplicates(long)) == 19
    n = 60_000
    many = {
        "customer": [i % (n // 3) for i in range(n)],
        "time": [BEGIN + timedelta(minutes=i % 997) for i in range(n)],
        "text": [f"voice {i % 7} of many" for i in range(n)],
    }
    links = sj.near_duplicates(many, topic=None, key=None)
    assert 0 < len(links) < n
    assert clock.perf_counter() - start < 20
