"""Figures of docs/reconcile.md."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import sojourn as sj

TEXT = (Path(__file__).parents[2] / "docs" / "reconcile.md").read_text(encoding="utf-8")


def test_the_window_table_and_the_gap() -> None:
    columns, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in re.findall(r"^\| (?:ledger|CRM|BILLING) \|.*$", TEXT, re.MULTILINE)
    ]
    assert len(rows) == 8
    ledgers = sj.datasets.insurer().ledgers
    gaps = set()
    for window in ("30d", "60d", "90d", "120d"):
        r = sj.reconcile(
            [ledgers["CRM"], ledgers["BILLING"]],
            standard=ledgers["company"],
            start="2026-03-01",
            end="2026-04-01",
            window=window,
        )
        for name in ("CRM", "BILLING"):
            events = Counter(row["reason"] for row in r.records(name).rows())
            assert [name, window, *(str(events[reason]) for reason in columns[2:])] in rows
        net = Counter[str]()
        for row in r.bridge("BILLING").rows():
            if row["direction"] == "net":
                net[row["reason"]] += row["count"]
        gaps.add(sum(net.values()))
        if window == "90d":
            differ = events.total() - events["matched"]
            assert (differ, events["timing"], net["timing"]) == (782, 502, 0)
            assert f"{differ} single events differ, and {events['timing']} of" in TEXT
    assert gaps == {162}


@pytest.mark.parametrize(
    "reason",
    [
        "matched",
        "timing",
        "rewrite",
        "grain",
        "rule",
        "identity",
        "pending",
        "only here",
        "no event there",
        "unexplained",
    ],
)
def test_every_reason_is_told(reason: str) -> None:
    assert f"| `{reason}` |" in TEXT
