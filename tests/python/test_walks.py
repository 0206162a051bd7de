"""Walks over bare events, up to an outcome, against a walk that looks at one customer's rows after another."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from datetime import datetime, timedelta

import pytest

import sojourn as sj
from many import many

FIRST = datetime(2026, 1, 1)
LAST = FIRST + timedelta(days=8)


@pytest.mark.parametrize("seed", range(many(200)))
def test_walks_over_events(seed: int) -> None:
    drawn = random.Random(seed)
    rows = [
        (drawn.choice("xyz"), FIRST + timedelta(days=drawn.randrange(8)), drawn.choice("abcd"))
        for _ in range(drawn.randrange(1, 25))
    ]
    customers = sorted({customer for customer, _, _ in rows})
    since = dict.fromkeys(customers, FIRST)
    observed = None
    if drawn.random() < 0.6:
        since = {customer: FIRST + timedelta(days=drawn.randrange(5)) for customer in customers}
        observed = {"customer": customers, "from": list(since.values()), "to": [LAST] * len(customers)}
    which = drawn.choice([1, 2])  # the outcome is every occurrence of a name, or the second of the whole life
    name = drawn.choice("abcd")

    moves: Counter[tuple[str, str]] = Counter()
    after_outcome = 0
    for customer in customers:
        own = sorted((row for row in rows if row[0] == customer), key=lambda row: row[1])
        hits = [i for i, (_, _, event) in enumerate(own) if event == name]
        hits = hits if which == 1 else hits[1:2]
        end = next((i for i in hits if own[i][1] >= since[customer]), None)
        walk = [event for _, time, event in own[:end] if time >= since[customer]]
        after_outcome += 0 if end is None else len(own) - end - 1
        nodes = ["START", *walk, "observed" if end is None else "out"]
        moves.update(itertools.pairwise(nodes))

    columns = dict(zip(("customer", "time", "event"), map(list, zip(*rows, strict=True)), strict=True))
    outcome = sj.event(name) if which == 1 else sj.nth(name, 2)
    graph = sj.EventLog(columns, observed=observed).graph({"out": outcome}, threads=drawn.choice([1, 2, 4]))
    assert {(row["source"], row["target"]): row["count"] for row in graph.edges().rows()} == moves
    assert graph.after_outcome == after_outcome
