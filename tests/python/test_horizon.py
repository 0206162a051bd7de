"""Absorption within a horizon: generated semi-Markov worlds whose truth is known, observed badly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

import sojourn as sj

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
Chance = np.random.Generator
Stay = Callable[[Chance], float]
# node → (next, probability, days of a stay that ends so)
World = dict[str, list[tuple[str, float, Stay]]]


def exponential(mean: float) -> Stay:
    return lambda chance: chance.exponential(mean)


def weibull(scale: float, shape: float) -> Stay:
    return lambda chance: scale * chance.weibull(shape)


def gamma(shape: float, scale: float) -> Stay:
    return lambda chance: chance.gamma(shape, scale)


def exactly(days: float) -> Stay:
    return lambda chance: days


LOOPS: World = {
    "joined": [("used", 0.7, gamma(2.0, 10.0)), ("called", 0.2, weibull(40.0, 0.7)), ("lost", 0.1, exponential(60.0))],
    "used": [
        ("used", 0.35, exponential(25.0)),
        ("called", 0.35, gamma(3.0, 12.0)),
        ("renewed", 0.3, weibull(90.0, 2.0)),
    ],
    "called": [("used", 0.4, exponential(15.0)), ("called", 0.2, exactly(7.0)), ("lost", 0.4, gamma(1.5, 30.0))],
}
SLOW: World = {
    "joined": [("served", 0.8, weibull(60.0, 1.5)), ("lost", 0.2, exponential(30.0))],
    "served": [("lost", 0.5, weibull(150.0, 1.3)), ("renewed", 0.5, gamma(4.0, 40.0))],
}


def walk(world: World, chance: Chance, until: float, first: str = "joined") -> list[tuple[str, float]]:
    """Nodes and the days they were reached at, up to an outcome or `until`."""
    at, now, steps = first, 0.0, [(first, 0.0)]
    while at in world:
        ways = world[at]
        way = ways[chance.choice(len(ways), p=[p for _, p, _ in ways])]
        at, now = way[0], now + way[2](chance)
        if now > until:
            break
        steps.append((at, now))
    return steps


def truth(world: World, horizon: float, first: str = "joined", customers: int = 40_000) -> dict[str, float]:
    """Shares of the uncensored generator."""
    chance = np.random.default_rng(99)
    ends = [walk(world, chance, horizon, first)[-1][0] for _ in range(customers)]
    return {outcome: sum(end == outcome for end in ends) / customers for outcome in ("lost", "renewed")}


def observe(world: World, customers: int, seed: int, seen: Callable[[Chance], float], whole_days: bool = False) -> Any:
    """The graph of customers each observed for so many days from joining."""
    chance = np.random.default_rng(seed)
    rows, ends = [], []
    for c in range(customers):
        until = seen(chance)
        for event, day in walk(world, chance, until):
            time = START + (timedelta(days=int(day)) if whole_days else timedelta(days=day))
            rows.append((c, time, event))
        ends.append(START + timedelta(days=until))
    events = pd.DataFrame(rows, columns=["customer", "time", "event"])
    observed = pd.DataFrame({"customer": range(customers), "from": [START] * customers, "to": ends})
    log = sj.EventLog(events, observed=observed)
    return log.graph(outcomes={"lost": sj.event("lost"), "renewed": sj.event("renewed")})


def short_and_long(chance: Chance) -> float:
    """Two thirds are seen for some weeks, one third for more than a year."""
    return chance.uniform(3.0, 90.0) if chance.random() < 2 / 3 else chance.uniform(370.0, 700.0)


def rows_of(table: sj.Table, node: str = "joined") -> dict[str, dict[str, Any]]:
    return {row["outcome"]: row for row in table.rows() if row["node"] == node}


@pytest.mark.parametrize("world", [LOOPS, SLOW], ids=["loops", "slow"])
def test_within_two_points_of_the_truth_under_heavy_unequal_censoring(world: World) -> None:
    """So many customers that two points are well over three standard errors: at 8,000 they are two."""
    graph = observe(world, 40_000, 1, short_and_long)
    for horizon in (30, 90, 365):
        told = graph.absorption(f"{horizon}d", draws=10)
        for node in world:
            for outcome, share in truth(world, horizon, node).items():
                assert rows_of(told, node)[outcome]["probability"] == pytest.approx(share, abs=0.02), (horizon, node)
        for outcome, row in rows_of(told, "START").items():
            assert row["probability"] == pytest.approx(rows_of(told)[outcome]["probability"])


def test_the_naive_shares_are_badly_wrong_where_this_one_is_not() -> None:
    """Slow leavers are censored most: dropping the censored, or taking them as not leaving, misses by far."""
    graph = observe(SLOW, 8000, 2, short_and_long)
    real = truth(SLOW, 365)
    left = dict(zip(*(graph.nodes().to_dict()[c] for c in ("node", "customers")), strict=True))
    ended = left["lost"] + left["renewed"]
    told = rows_of(graph.absorption("365d", draws=50))
    assert abs(left["lost"] / ended - real["lost"]) > 0.08
    assert abs(left["lost"] / 8000 - real["lost"]) > 0.2
    assert abs(rows_of(graph.absorption(draws=50))["lost"]["probability"] - real["lost"]) > 0.2
    assert abs(told["lost"]["probability"] - real["lost"]) < 0.02


def test_dates_alone_and_fast_loops() -> None:
    graph = observe(LOOPS, 6000, 3, short_and_long, whole_days=True)
    told, real = rows_of(graph.absorption("180d", draws=50)), truth(LOOPS, 180)
    for outcome, share in real.items():  # days cut off: each stay a little shorter or longer
        assert told[outcome]["probability"] == pytest.approx(share, abs=0.025)
    minutes = 1 / 1440
    fast: World = {
        "joined": [
            ("joined", 0.9, exponential(2 * minutes)),
            ("lost", 0.05, exponential(minutes)),
            ("renewed", 0.05, exponential(9.0)),
        ]
    }
    graph = observe(fast, 2000, 4, lambda chance: chance.uniform(0.001, 60.0))
    told, real = rows_of(graph.absorption("30d", draws=50)), truth(fast, 30)
    for outcome, share in real.items():
        assert told[outcome]["probability"] == pytest.approx(share, abs=0.03)


def test_rows_sum_to_one_and_what_is_unknown_is_said() -> None:
    graph = observe(SLOW, 1500, 5, lambda chance: chance.uniform(3.0, 120.0))
    table = graph.absorption("365d", draws=50)
    assert table.columns == ["node", "outcome", "at_risk", "probability", "low", "high", "unknown"]
    for node in ("START", *SLOW):
        rows = rows_of(table, node)
        assert list(rows) == ["lost", "renewed", "neither"]
        unknown = rows["lost"]["unknown"]
        assert unknown > 0.2  # nobody was seen for a year
        assert sum(r["probability"] for r in rows.values()) + unknown == pytest.approx(1)
        for outcome, share in truth(SLOW, 365, "joined" if node == "START" else node).items():
            row = rows[outcome]
            assert row["low"] <= row["probability"] <= row["probability"] + unknown <= row["high"] + 0.05
            assert row["low"] - 0.02 <= share <= row["high"] + 0.02
    assert all(r["unknown"] == 0 for r in graph.absorption("30d", draws=9).rows() if r["node"] == "joined")


def test_more_time_never_means_fewer_outcomes() -> None:
    graph = observe(LOOPS, 800, 6, short_and_long)
    last = 0.0
    for days in (1, 7, 20, 60, 120, 300):
        now = rows_of(graph.absorption(f"{days}d", draws=9))["lost"]["probability"]
        assert now >= last - 1e-3
        last = now


def test_any_number_of_threads_and_any_order_give_the_same_bits() -> None:
    graph = observe(LOOPS, 700, 7, short_and_long)
    one = graph.absorption("90d", seed=3, draws=60, threads=1).to_dict()
    assert one == graph.absorption("90d", seed=3, draws=60, threads=4).to_dict()
    assert one != graph.absorption("90d", seed=4, draws=60).to_dict()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    real = truth(LOOPS, 120, customers=120_000)
    hits = total = 0
    for seed in range(60):
        graph = observe(LOOPS, 250, 100 + seed, short_and_long)
        rows = rows_of(graph.absorption("120d", draws=200))
        for outcome, share in real.items():
            total += 1
            hits += rows[outcome]["low"] <= share <= rows[outcome]["high"]
    assert 0.82 <= hits / total <= 0.97  # 90% of 120: two standard errors are 5 points, more as both are of one log


def test_calendar_words_and_what_is_refused() -> None:
    graph = observe(LOOPS, 200, 8, short_and_long)
    assert graph.absorption("1 year", draws=9).to_dict() == graph.absorption("365d", draws=9).to_dict()
    assert graph.absorption(None, draws=9).to_dict() == graph.absorption(draws=9).to_dict()
    for bad in ("0d", "soon", "", 30, True, timedelta(days=3)):
        with pytest.raises(sj.InvalidInput, match="horizon"):
            graph.absorption(bad)
    with pytest.raises(sj.InvalidInput, match="draws"):
        graph.absorption("9d", draws=0)
    with pytest.raises(sj.InvalidInput, match="interval"):
        graph.absorption("9d", interval=1.0)
