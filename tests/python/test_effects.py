"""Removal effects, the ranking of moments and the structure of graphs, against brute force and published figures."""

from __future__ import annotations

import csv
import gzip
import itertools
import math
import runpy
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

NODES = "abcde"
OUTCOMES = ("left", "joined")
Walk = tuple[str, str | None]  # nodes gone through, and the outcome, or None: still observed

walks_of_worlds = st.lists(
    st.tuples(st.text(NODES, max_size=7), st.sampled_from([*OUTCOMES, None])).filter(lambda walk: any(walk)),
    min_size=1,
    max_size=25,
)


def columns_of(walks: list[Walk], values: list[float | None] | None) -> dict[str, list[Any]]:
    """Return events that make those walks, a second a step; a customer's value is that of the first event."""
    columns: dict[str, list[Any]] = {"customer": [], "time": [], "event": [], "value": []}
    for customer, (nodes, outcome) in enumerate(walks):
        for place, event in enumerate([*nodes, *([outcome] if outcome else [])]):
            columns["customer"].append(customer)
            columns["time"].append(datetime(2026, 1, 1) + timedelta(seconds=place))
            columns["event"].append(event)
            columns["value"].append(None if values is None else values[customer] if place == 0 else None)
    if values is None:
        del columns["value"]
    return columns


def graph_of(walks: list[Walk], values: list[float | None] | None = None) -> sj.graph.JourneyGraph:
    columns, value = columns_of(walks, values), None if values is None else "value"
    log = sj.EventLog(columns, customer="customer", time="time", event="event", value=value)
    return log.graph(outcomes={name: sj.event(name) for name in OUTCOMES})


def whole(walk: Walk) -> list[str]:
    nodes, outcome = walk
    return ["START", *nodes, outcome or "observed"]


def moves_of(walks: list[Walk]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for walk in walks:
        for move in itertools.pairwise(whole(walk)):
            counts[move] += 1
    return counts


def chances(walks: list[Walk]) -> dict[tuple[str, str], float]:
    counts = moves_of(walks)
    leaving: dict[str, int] = defaultdict(int)
    for (source, _), count in counts.items():
        leaving[source] += count
    return {(s, t): count / leaving[s] for (s, t), count in counts.items()}


def reaching(walks: list[Walk], outcome: str, removed: str | None = None) -> dict[str, float]:
    """Return P(outcome) from each visited node; whoever moves to the removed one ends in nothing."""
    moves = chances(walks)
    states = sorted({s for s, _ in moves} - {removed})
    place = {state: i for i, state in enumerate(states)}
    matrix, right = np.eye(len(states)), np.zeros(len(states))
    for (s, t), p in moves.items():
        if s == removed or t == removed:
            continue
        if t in place:
            matrix[place[s], place[t]] -= p
        elif t == outcome:
            right[place[s]] += p
    return dict(zip(states, np.linalg.solve(matrix, right), strict=True))


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds)
def test_effects_are_what_deleting_a_node_does(walks: list[Walk]) -> None:
    graph = graph_of(walks)
    seen = {node for nodes, _ in walks for node in nodes}
    base = reaching(walks, "left")
    reached = sum(outcome == "left" for _, outcome in walks)
    rows = {row["node"]: row for row in graph.removal_effects("left", draws=20).rows()}
    assert seen <= set(rows) and "START" not in rows
    if reached == 0:
        for row in rows.values():
            assert [row[name] for name in ("effect", "low", "high", "lift", "credit")] == [None] * 5
        return
    effects = {node: 1 - reaching(walks, "left", node)["START"] / base["START"] for node in seen}
    for node, row in rows.items():
        assert row["customers"] == sum(node in nodes for nodes, _ in walks)
        assert row["evidence"] == "associational"
        assert math.isclose(row["effect"], effects.get(node, 0), abs_tol=1e-9)
        assert 0 <= row["low"] <= row["high"] <= 1
        if node in seen:
            assert math.isclose(row["lift"], base[node] / base["START"], rel_tol=1e-9, abs_tol=1e-9)
        else:
            assert row["lift"] is None and row["effect"] == 0
        total = sum(effects.values())
        if total > 1e-9:
            assert math.isclose(row["credit"], effects.get(node, 0) / total * reached, abs_tol=1e-6)


@settings(max_examples=many(20), deadline=None)
@given(walks_of_worlds)
def test_moves_from_a_node_to_itself_change_no_effect(walks: list[Walk]) -> None:
    without = [("".join(node for node, _ in itertools.groupby(nodes)), outcome) for nodes, outcome in walks]
    for ours, other in zip(
        graph_of(walks).removal_effects("left", draws=10).rows(),
        graph_of(without).removal_effects("left", draws=10).rows(),
        strict=True,
    ):
        for name in ("effect", "low", "high", "lift"):
            assert (ours[name] is None) == (other[name] is None)
            assert ours[name] is None or math.isclose(ours[name], other[name], rel_tol=1e-9, abs_tol=1e-12)


def test_neither_threads_nor_the_order_of_rows_show() -> None:
    generator = np.random.default_rng(1)
    walks: list[Walk] = [
        ("".join(generator.choice(list(NODES), generator.integers(1, 6))), [*OUTCOMES, None][generator.integers(3)])
        for _ in range(300)
    ]
    worths: list[float | None] = [float(x) for x in generator.normal(50, 30, 300)]
    graph = graph_of(walks, worths)
    columns = columns_of(walks, worths)
    shuffled = {name: list(reversed(cells)) for name, cells in columns.items()}
    other = sj.EventLog(shuffled, customer="customer", time="time", event="event", value="value").graph(
        outcomes={name: sj.event(name) for name in OUTCOMES}
    )
    for ours, theirs in ((graph.removal_effects, other.removal_effects), (graph.ranking, other.ranking)):
        one = ours("left", draws=50, seed=3, threads=1).to_dict()
        assert one == ours("left", draws=50, seed=3, threads=4).to_dict()
        assert one == theirs("left", draws=50, seed=3).to_dict()
        assert one != ours("left", draws=50, seed=4).to_dict()


def test_an_effect_at_the_boundary_has_jeffreys_interval() -> None:
    rows = {
        row["node"]: row for row in graph_of([("ab", "left")] * 10 + [("bc", None)] * 5).removal_effects("left").rows()
    }
    low = 0.829  # the 5% quantile of Beta(10.5, 0.5), by R's qbeta
    assert rows["b"]["effect"] == 1 and rows["b"]["high"] == 1 and math.isclose(rows["b"]["low"], low, abs_tol=1e-3)
    assert rows["c"]["effect"] == 0 and rows["c"]["low"] == 0 and math.isclose(rows["c"]["high"], 1 - low, abs_tol=1e-3)
    assert rows["c"]["lift"] == 0 and rows["c"]["credit"] == 0


def test_no_credit_where_all_effects_are_0() -> None:
    rows = graph_of([("", "left"), ("a", None)]).removal_effects("left").rows()
    assert [(row["effect"], row["credit"]) for row in rows] == [(0, None)] * len(rows)


# --- published figures: the data set of the ChannelAttribution package (GPL), read where it lies, never copied --------

CHANNELS = [Path(__file__).parents[up] / "shared" / "data" / "channel_paths.csv.gz" for up in (3, 4)]


def channel_graph(nulls: bool, collapse: bool = False) -> sj.graph.JourneyGraph:
    found = next((path for path in CHANNELS if path.is_file()), None)
    if found is None:
        pytest.skip("the ChannelAttribution paths are not here")
    columns: dict[str, list[Any]] = {"customer": [], "time": [], "event": []}
    customer = 0
    with gzip.open(found, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            channels = [channel.strip() for channel in row["path"].split(">")]
            if collapse:
                channels = [channel for channel, _ in itertools.groupby(channels)]
            sold, unsold = int(row["total_conversions"]), int(row["total_null"]) if nulls else 0
            for number in range(sold + unsold):
                events = [*channels, "conversion"] if number < sold else channels
                columns["customer"] += [customer] * len(events)
                columns["time"] += range(len(events))
                columns["event"] += events
                customer += 1
    columns["time"] = [datetime(2026, 1, 1) + timedelta(seconds=second) for second in columns["time"]]
    log = sj.EventLog(columns, customer="customer", time="time", event="event")
    return log.graph(outcomes={"conversion": sj.event("conversion")})


def figures(graph: sj.graph.JourneyGraph) -> dict[str, dict[str, Any]]:
    return {row["node"]: row for row in graph.removal_effects("conversion", draws=2).rows()}


def test_golden_channels_without_nulls() -> None:
    rows = figures(channel_graph(nulls=False))
    effects = {"alpha": 0.561719, "iota": 0.416398, "eta": 0.357505, "beta": 0.276094, "theta": 0.207048}
    assert {name: round(rows[name]["effect"], 6) for name in effects} == effects
    # The package credits rows of its table; the ten thousand of them stand for 19,785 conversions.
    total = sum(row["credit"] for row in rows.values())
    assert math.isclose(total, 19_785)
    assert round(rows["alpha"]["credit"], 4) == 5260.0696 and round(rows["iota"]["credit"], 4) == 3899.2462


def test_golden_channels_with_nulls() -> None:
    graph = channel_graph(nulls=True)
    rows = figures(graph)
    start = next(row for row in graph.absorption(draws=2).rows() if row["node"] == "START")
    assert start["outcome"] == "conversion" and round(start["probability"], 10) == 0.2238451356
    assert round(rows["alpha"]["effect"], 6) == 0.558399 and round(rows["alpha"]["credit"], 4) == 5344.9477


def test_golden_channels_without_moves_to_themselves() -> None:
    ours, other = figures(channel_graph(nulls=True)), figures(channel_graph(nulls=True, collapse=True))
    for name, row in ours.items():
        assert math.isclose(row["effect"], other[name]["effect"], rel_tol=1e-10)


def test_intervals_hold_the_generating_chains_value() -> None:
    study = runpy.run_path(str(Path(__file__).parents[1] / "studies" / "removal_coverage.py"))
    found = study["coverage"](40, draws=200)  # all 300 replicates: make check-all
    assert found["intervals"] > 200 and 0.84 <= found["held"] <= 0.96


# --- ranking ----------------------------------------------------------------------------------------------------------


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds, st.data())
def test_scores_and_ranks(walks: list[Walk], data: st.DataObject) -> None:
    valued = data.draw(st.booleans())
    worths = [data.draw(st.sampled_from([-20.0, 0.0, 1.5, 40.0, None])) for _ in walks] if valued else None
    if worths is not None and all(worth is None for worth in worths):
        worths[0] = 1.0
    graph = graph_of(walks, worths)
    base = reaching(walks, "left")
    scores: dict[str, float] = {}
    rows = graph.ranking("left", cap=20, draws=10).rows()
    for row in rows:
        node = row["moment"]
        visitors = [i for i, (nodes, _) in enumerate(walks) if node in nodes]
        assert row["reach"] == len(visitors) and row["ranked"] == len(rows)
        value = 1.0
        if worths is None:
            assert row["value_at_risk"] is None
        else:
            # A customer whose events carry no value at all is worth 0: nothing was bought.
            value = sum(worths[i] or 0 for i in visitors) / len(visitors)
            assert math.isclose(row["value_at_risk"], value, abs_tol=1e-9)
        excess = base[node] - base["START"]
        assert math.isclose(row["excess"], excess, abs_tol=1e-9)
        scores[node] = len(visitors) * max(0, excess) * max(0, value)
        assert math.isclose(row["score"], scores[node], rel_tol=1e-9, abs_tol=1e-9)
        assert row["low"] <= row["high"] and 1 <= row["rank_low"] <= row["rank_high"] <= len(rows)
    assert set(scores) == {node for nodes, _ in walks for node in nodes}
    for row in rows:
        mine = scores[row["moment"]]
        assert row["rank"] == 1 + sum(score > mine + 1e-8 for score in scores.values())
        assert row["tied"] == sum(abs(score - mine) <= 1e-8 for score in scores.values())
    assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)


def test_the_cap_cuts_rows_not_ranks() -> None:
    graph = graph_of([("ab", "left"), ("ab", "left"), ("c", None), ("de", None)])
    every, few = graph.ranking("left").rows(), graph.ranking("left", cap=1).rows()
    assert few == every[:1]
    assert [row["moment"] for row in every[:2]] == ["a", "b"]
    assert (few[0]["rank"], few[0]["tied"], few[0]["ranked"]) == (1, 2, 5)  # b has that rank too, and is cut
    assert [row["rank"] for row in every] == [1, 1, 3, 3, 3]
    for cap in (0, 21, -1, 2.0, True):
        with pytest.raises(sj.InvalidInput, match="cap: found"):
            graph.ranking("left", cap=cap)  # type: ignore[arg-type]


# --- structure --------------------------------------------------------------------------------------------------------


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds)
def test_must_pass_counts_the_outcomes_customers(walks: list[Walk]) -> None:
    gone = [nodes for nodes, outcome in walks if outcome == "left"]
    rows = graph_of(walks).must_pass("left").rows()
    assert {row["node"] for row in rows} == {node for nodes, _ in walks for node in nodes}
    assert [row["customers"] for row in rows] == sorted((row["customers"] for row in rows), reverse=True)
    for row in rows:
        passed = sum(row["node"] in nodes for nodes in gone)
        assert (row["customers"], row["of"]) == (passed, len(gone))
        if gone:
            assert row["share"] == passed / len(gone) and 0 <= row["low"] <= row["share"] <= row["high"] <= 1
        else:
            assert row["share"] is row["low"] is row["high"] is None


def reachable(moves: set[tuple[str, str]], source: str, without: str | None = None) -> set[str]:
    reached, front = {source}, [source]
    while front:
        at = front.pop()
        for s, t in moves:
            if s == at and t not in reached and t != without:
                reached.add(t)
                front.append(t)
    return reached


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds)
def test_dominators_are_what_no_way_goes_round(walks: list[Walk]) -> None:
    moves, rows = set(moves_of(walks)), graph_of(walks).dominators("left").rows()
    nodes = {node for gone, _ in walks for node in gone}
    expected = {node for node in nodes if "left" not in reachable(moves, "START", node)}
    if not any(outcome == "left" for _, outcome in walks):
        expected = set()
    assert {row["node"] for row in rows} == expected
    assert [row["place"] for row in rows] == list(range(1, len(rows) + 1))
    for first, then in itertools.pairwise(rows):
        assert then["node"] not in reachable(moves, "START", first["node"])


def test_all_may_pass_what_does_not_dominate() -> None:
    graph = graph_of([("ab", "left"), ("ba", "left")])
    assert {row["node"]: row["share"] for row in graph.must_pass("left").rows()} == {"a": 1, "b": 1}
    assert len(graph.dominators("left")) == 0


def rounds(steps: list[tuple[int, str]]) -> list[tuple[str, int]]:
    """Return the rounds of a walk of (second, node) with what they took, erasing again and again the first to close."""
    for end, (second, node) in enumerate(steps):
        for begin, (since, other) in enumerate(steps[:end]):
            if node == other:
                gone = "".join(node for _, node in steps[begin:end])
                return [(gone, second - since), *rounds(steps[:begin] + steps[end:])]
    return []


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds)
def test_loops_are_the_rounds_gone(walks: list[Walk]) -> None:
    expected: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for customer, (nodes, _) in enumerate(walks):
        for gone, took in rounds(list(enumerate(nodes))):
            if len(gone) > 1:
                first = gone.index(min(gone))
                turned = gone[first:] + gone[:first]
                expected[" → ".join([*turned, turned[0]])].append((customer, took))
    rows = graph_of(walks).loops().rows()
    assert {row["loop"]: (row["count"], row["customers"]) for row in rows} == {
        loop: (len(gone), len({customer for customer, _ in gone})) for loop, gone in expected.items()
    }
    for row in rows:
        assert row["nodes"] == row["loop"].count("→")
        assert math.isclose(row["mean_time"], np.mean([took for _, took in expected[row["loop"]]]))
    order = [(-row["customers"], -row["count"]) for row in rows]
    assert order == sorted(order)


def simple_ways(moves: dict[tuple[str, str], float], to: str) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}

    def go(path: tuple[str, ...], p: float) -> None:
        if path[-1] == to:
            found[path] = p
            return
        for (s, t), chance in moves.items():
            if s == path[-1] and t not in path:
                go((*path, t), p * chance)

    go(("START",), 1.0)
    return found


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds, st.sampled_from(["left", "a", "observed"]), st.integers(1, 12))
def test_paths_are_the_most_probable_ones(walks: list[Walk], to: str, k: int) -> None:
    graph = graph_of(walks)
    if to not in graph.nodes().to_dict()["node"]:
        with pytest.raises(sj.InvalidInput, match="to: found 'a'"):
            graph.paths(to, k)
        return
    ways, rows = simple_ways(chances(walks), to), graph.paths(to, k).rows()
    best = sorted(ways.values(), reverse=True)[:k]
    assert np.allclose([row["probability"] for row in rows], best, rtol=1e-12, atol=0)
    assert len({row["path"] for row in rows}) == len(rows) == min(k, len(ways))
    for row in rows:
        path = tuple(row["path"].split(" → "))
        assert math.isclose(row["probability"], ways[path], rel_tol=1e-12)
        gone = 0
        for walk in walks:
            steps = whole(walk)
            gone += to in steps and tuple(steps[: steps.index(to) + 1]) == path
        assert (row["customers"], row["share"]) == (gone, gone / len(walks)) and row["moves"] == len(path) - 1


@settings(max_examples=many(60), deadline=None)
@given(walks_of_worlds, st.sampled_from(["START", "a", "b"]), st.sampled_from(["left", "observed", "b"]))
def test_the_minimum_cut_by_trying_every_side(walks: list[Walk], source: str, target: str) -> None:
    graph = graph_of(walks)
    known = graph.nodes().to_dict()["node"]
    assume(source in known and target in known and source != target)
    capacity: dict[tuple[str, str], int] = defaultdict(int)
    for walk in walks:
        for s, t in set(itertools.pairwise(whole(walk))):
            if s != t:
                capacity[s, t] += 1
    others = sorted({v for move in capacity for v in move} - {source, target})
    best = None
    for size in range(len(others) + 1):
        for more in itertools.combinations(others, size):
            side = {source, *more}
            total = sum(c for (s, t), c in capacity.items() if s in side and t not in side)
            if best is None or total < best[0]:
                best = (total, side)
    assert best is not None
    total, side = best
    rows = graph.min_cut(source, target).rows()
    assert {(row["source"], row["target"]): row["customers"] for row in rows} == {
        (s, t): c for (s, t), c in capacity.items() if s in side and t not in side
    }
    assert all(row["total"] == total for row in rows)


def test_what_is_refused() -> None:
    graph = graph_of([("ab", "left"), ("b", None)])
    for verb in (graph.removal_effects, graph.ranking, graph.must_pass, graph.dominators):
        with pytest.raises(
            sj.InvalidInput, match=r"outcome: found 'lef' \(did you mean 'left'\?\), expected one of 'left'"
        ):
            verb("lef")
    for verb in (graph.removal_effects, graph.ranking, graph.must_pass):
        with pytest.raises(sj.InvalidInput, match="interval: found 1"):
            verb("left", interval=1.0)
    for verb in (graph.removal_effects, graph.ranking):
        with pytest.raises(sj.InvalidInput, match="draws: found 0"):
            verb("left", draws=0)
        with pytest.raises(sj.InvalidInput, match="seed: found -1"):
            verb("left", seed=-1)
    for k in (0, 1001):
        with pytest.raises(sj.InvalidInput, match="k: found"):
            graph.paths("left", k)
    with pytest.raises(sj.InvalidInput, match="to: found 'START'"):
        graph.paths("START")
    with pytest.raises(sj.InvalidInput, match="target: found 'a', which the cut starts from"):
        graph.min_cut("a", "a")
    with pytest.raises(sj.InvalidInput, match="source: found 'left'"):
        graph.min_cut("left", "a")
