"""`merge`: customers parted in any way, each part read on its own, are the whole again, bit for bit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from test_patterns_oracle import journey_of, log_of, table_of
from worlds import World, worlds

WORLDS = settings(max_examples=many(80), deadline=None, suppress_health_check=list(HealthCheck))
FEWER_WORLDS = settings(max_examples=many(40), deadline=None, suppress_health_check=list(HealthCheck))


# --- everything that can be asked -------------------------------------------------------------------------------------


def told(verb: Callable[[], Any]) -> str:
    """Every bit of an answer, types included; or why there is none."""
    try:
        answer = verb()
    except sj.InvalidInput as error:
        return f"refused: {error}"
    if isinstance(answer, sj.Table):
        arrow = answer.to_arrow()
        types = [(field.name, str(field.type).replace("dictionary", "")) for field in arrow.schema]
        return repr((types, arrow.to_pydict()))
    return repr(answer)


def facts_of_log(log: sj.EventLog) -> dict[str, str]:
    every = ["count", "customers", "mean_gap", "median_gap", "value"]
    names = ("customers", "event_names", "tied_share", "span", "before_observation")
    return {
        "repr": repr(log),
        **{name: repr(getattr(log, name)) for name in names},
        "counts": told(log.counts),
        "transitions": told(lambda: log.transitions(every)),
        "log.graph": repr(facts_of_graph(log.graph(outcomes={"out": sj.event("d")}))),
    }


def facts_of_matches(matches: sj.Matches) -> dict[str, str]:
    first, last = matches.log.span
    middle = first + (last - first) / 2
    return {
        "repr": repr(matches),
        **{f"log {name}": fact for name, fact in facts_of_log(matches.log).items()},
        "occurrences": told(matches.occurrences),
        "undecided": told(matches.undecided),
        "outcomes": told(matches.outcomes),
        "moments": told(matches.moments),
        "moments since": told(lambda: matches.moments(start=middle)),
        "kpis": told(matches.kpis),
        "kpis until": told(lambda: matches.kpis(end=middle)),
        "unmapped": told(matches.unmapped),
        "unreached": told(matches.unreached),
        **{f"by {by}": repr(facts_of_graph(matches.graph(by))) for by in ("moment", "stage", "owner")},
    }


def facts_of_graph(graph: sj.JourneyGraph) -> dict[str, str]:
    facts = {
        "repr": repr(graph),
        "after_outcome": repr(graph.after_outcome),
        "picture": repr(graph.plot().data),
        "absorption": told(lambda: graph.absorption(draws=9, seed=5)),
        "horizon": told(lambda: graph.absorption("30d", draws=3, seed=5)),
        "compare": told(lambda: graph.compare(graph, draws=5, seed=2)),
    }
    for verb in (graph.nodes, graph.edges, graph.components, graph.exits, graph.hand_offs, graph.loops):
        facts[verb.__name__] = told(verb)
    for outcome in ("o1", "o2", "out"):
        facts[f"effects {outcome}"] = told(lambda: graph.removal_effects(outcome, draws=9, seed=5))  # noqa: B023
        facts[f"ranking {outcome}"] = told(lambda: graph.ranking(outcome, draws=9, seed=5))  # noqa: B023
        facts[f"must_pass {outcome}"] = told(lambda: graph.must_pass(outcome))  # noqa: B023
        facts[f"dominators {outcome}"] = told(lambda: graph.dominators(outcome))  # noqa: B023
        facts[f"paths {outcome}"] = told(lambda: graph.paths(outcome, 5))  # noqa: B023
    return facts


# --- parted in any way, and whole again -------------------------------------------------------------------------------


def parts_of(world: World, labels: dict[str, int]) -> list[World]:
    """The worlds of the customers that bear one label, in the labels' order."""
    out = []
    for label in sorted(set(labels.values())):
        own = {c for c, n in labels.items() if n == label}
        observed = world.observed and {c: span for c, span in world.observed.items() if c in own}
        prior = world.prior_counts
        prior = prior if prior is None else {(c, e): n for (c, e), n in prior.items() if c in own}
        events = [e for e in world.events if e["customer"] in own]
        out.append(replace(world, events=events, observed=observed, prior_counts=prior))
    return out


@st.composite
def parted_worlds(draw: st.DrawFn, pieces: int = 2) -> tuple[World, list[World]]:
    """A world of as many customers or more, and its parts."""
    world = draw(worlds())
    customers = sorted({e["customer"] for e in world.events})
    labels = dict(zip(customers, draw(st.permutations(range(len(customers)))), strict=True))
    cuts = draw(st.lists(st.integers(0, pieces - 1), min_size=len(customers), max_size=len(customers)))
    labels = {c: n if n < pieces else cuts[n] for c, n in labels.items()}
    assume(len(set(labels.values())) == pieces)
    return world, parts_of(world, labels)


@WORLDS
@given(parted_worlds())
def test_merged_logs_are_the_whole(parted: tuple[World, list[World]]) -> None:
    world, (a, b) = parted
    whole = log_of(world)
    merged = sj.merge(log_of(a), log_of(b))
    assert merged == whole
    assert sj.merge(log_of(b), log_of(a)) == whole
    assert facts_of_log(merged) == facts_of_log(whole)


@WORLDS
@given(parted_worlds(), st.sampled_from([1, 3]))
def test_merged_matches_are_the_whole(parted: tuple[World, list[World]], threads: int) -> None:
    world, parts = parted
    journey = journey_of(world)
    a, b = (journey.match(log_of(part)) for part in parts)
    whole = facts_of_matches(journey.match(log_of(world)))
    assert facts_of_matches(sj.merge(a, b, threads=threads)) == whole
    assert facts_of_matches(sj.merge(b, a, threads=threads)) == whole


@FEWER_WORLDS
@given(parted_worlds(pieces=3), st.permutations(range(3)))
def test_whichever_are_merged_first(parted: tuple[World, list[World]], order: list[int]) -> None:
    world, parts = parted
    journey = journey_of(world)
    matches = [journey.match(log_of(parts[i])) for i in order]
    a, b, c = matches
    whole = facts_of_matches(journey.match(log_of(world)))
    assert facts_of_matches(sj.merge(sj.merge(a, b), c)) == whole
    assert facts_of_matches(sj.merge(a, sj.merge(b, c))) == whole
    assert functools.reduce(sj.merge, [m.log for m in matches]) == log_of(world)


@FEWER_WORLDS
@given(parted_worlds(), st.sampled_from(["moment", "stage", "owner", "event"]))
def test_merged_graphs_are_the_whole(parted: tuple[World, list[World]], by: str) -> None:
    """Observed as a table says; or parts of one log, whose limits stay those of the whole."""
    world, parts = parted
    journey = journey_of(world)

    def graph(matches: sj.Matches) -> sj.JourneyGraph:
        return matches.log.graph(outcomes={"out": sj.event("d")}) if by == "event" else matches.graph(by)

    whole = journey.match(log_of(world))
    halves = [whole.select(sorted({e["customer"] for e in part.events})) for part in parts]
    if world.observed is not None:
        halves[1] = journey.match(log_of(parts[1]))
    a, b = (graph(half) for half in halves)
    if a._core.has_value != b._core.has_value:  # a customer without events, picked: there are no values to be seen
        return
    assert facts_of_graph(sj.merge(a, b)) == facts_of_graph(graph(whole))
    assert facts_of_graph(sj.merge(b, a)) == facts_of_graph(graph(whole))


@settings(FEWER_WORLDS, max_examples=many(20))
@given(parted_worlds())
def test_merged_matches_go_on(parted: tuple[World, list[World]]) -> None:
    """What `advance` keeps of those who wait is merged too."""
    world, (a, b) = (replace(parted[0], observed=None), [replace(part, observed=None) for part in parted[1]])
    journey = journey_of(world)
    merged = sj.merge(journey.match(log_of(a)), journey.match(log_of(b)))
    last = max(e["time"] for e in world.events)
    for days in (2, 40, 400):
        more = [{**world.events[0], "time": last + days * 86_400_000_000}]

        merged, _ = merged.advance(table_of(more))
        world = replace(world, events=[*world.events, *more])
        assert facts_of_matches(merged) == facts_of_matches(journey.match(log_of(world)))


def test_ids_of_every_kind() -> None:
    for ids in ([5, -1, 3], [2**63 + 1, 7, 1], ["bo", "a", "a long id, longer than eight bytes"]):
        for kind in (pl.UInt64,) if 2**63 + 1 in ids else (None, pl.Int32) if isinstance(ids[0], int) else (None,):
            times = [datetime(2026, 1, 1) + timedelta(days=i) for i in range(3)]
            table = pl.DataFrame(
                {"customer": pl.Series(ids, dtype=kind), "time": times, "event": ["x", "y", "z"], "seq": [3, 2, 1]}
            )
            options: dict[str, Any] = {"ties": "seq", "attributes": ["seq"], "key": "seq"}
            logs = [sj.EventLog(table[i : i + 1], **options) for i in range(3)]
            whole = sj.EventLog(table, **options)
            assert functools.reduce(sj.merge, logs) == whole
            assert functools.reduce(sj.merge, logs[::-1]) == whole
            assert isinstance(functools.reduce(sj.merge, logs).counts().to_native(), pl.DataFrame)


# --- what may not be merged -------------------------------------------------------------------------------------------


def table(customers: list[Any], event: str = "order", **columns: Any) -> dict[str, list[Any]]:
    n = len(customers)
    times = [datetime(2026, 1, 1) + timedelta(days=i) for i in range(n)]
    return {"customer": customers, "time": times, "event": [event] * n, **columns}


def refusal(a: Any, b: Any) -> str:
    with pytest.raises(sj.InvalidInput) as caught:
        sj.merge(a, b)
    return str(caught.value)


def test_customers_in_both() -> None:
    a, b = sj.EventLog(table(["a", "b", "c", "e"])), sj.EventLog(table(["b", "c", "d", "e"]))
    assert refusal(a, b) == (
        "second log, column 'customer': found 'b' and 2 more (3 in all), in the first log too, "
        "expected customers that the first log does not have"
    )
    assert "found 7, in the first log too" in refusal(sj.EventLog(table([5, 7])), sj.EventLog(table([7])))
    journey = sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order"))])
    whole = journey.match(sj.EventLog(table(["a", "b", "c", "e"])))
    assert "found 'b', in the first log too" in refusal(whole, whole.select(["b"]))
    assert "customer number 0: found a customer of the first graph too (1 in all)" in refusal(
        whole.graph(), whole.select(["b"]).graph()
    )


def test_logs_read_in_different_ways() -> None:
    base: dict[str, Any] = {"n": [1, 2], "x": [0.5, 1.5], "key": ["k", "l"]}
    one = sj.EventLog(table(["a", "b"], **base), value="x", key="key", attributes=["n"])

    def second(columns: dict[str, Any] = base, rename: dict[str, str] | None = None, **options: Any) -> str:
        other = {(rename or {}).get(k, k): v for k, v in table(["c", "d"], **columns).items()}
        named = {"value": "x", "key": "key", "attributes": ["n"], **options}
        return refusal(one, sj.EventLog(other, **named))

    assert second(rename={"customer": "who"}, customer="who").startswith(
        "second log, customer column: found 'who', expected 'customer', as in the first"
    )
    assert "second log, value column: found none, expected 'x'" in second(value=None)
    assert "second log, key column: found none, expected 'key'" in second(key=None)
    assert "second log, attributes: found 'n', 'x', expected 'n'" in second(attributes=["n", "x"])
    assert "second log, timezone: found 'Europe/Berlin', expected 'UTC'" in second(timezone="Europe/Berlin")
    assert "second log, ties: found the ranking 'z', expected input order" in second(ties=["z"])
    assert "second log, ties: found the column 'n', expected input order" in second(ties="n")
    assert "second log, history: found 'truncated', expected 'complete'" in second(history="truncated")
    assert "second log, column 'n': found floats, expected integers (int64)" in second({**base, "n": [0.5, 1.0]})
    assert "second log, column 'key': found integers (int64), expected strings" in second({**base, "key": [1, 2]})
    spans = {"customer": ["c", "d"], "from": [datetime(2025, 1, 1)] * 2, "to": [datetime(2027, 1, 1)] * 2}
    assert "second log, observed: found a table, expected no table (the log's own limits)" in second(observed=spans)
    prior = {"customer": ["c"], "event": ["order"], "count": [3]}
    assert "second log, prior_counts: found a table, expected no table" in second(prior_counts=prior)
    narrow = pl.DataFrame(table(["c", "d"], **base)).with_columns(pl.col("n").cast(pl.Int32))
    assert "column 'n': found integers (int32), expected integers (int64)" in refusal(
        one, sj.EventLog(narrow, value="x", key="key", attributes=["n"])
    )
    zoned = pl.DataFrame(table(["c", "d"], **base)).with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    assert "column 'time': found times in UTC, expected naive times" in refusal(
        one, sj.EventLog(zoned, value="x", key="key", attributes=["n"])
    )
    numbers = sj.EventLog(table([1, 2], **base), value="x", key="key", attributes=["n"])
    assert "column 'customer': found integers (int64), expected strings" in refusal(one, numbers)


def test_matches_of_two_journeys() -> None:
    def matches(customer: str, n: int, **options: Any) -> sj.Matches:
        moments = [sj.Moment("first", "s", when=sj.event("order")), sj.Moment("m", "s", when=sj.nth("order", n))]
        return sj.Journey(["s"], moments, **options).match(sj.EventLog(table([customer])))

    assert refusal(matches("a", 2), matches("b", 3)) == (
        "second journey, moments[1].when.n: found 3, expected 2, as in the first"
    )
    assert "second journey, outcomes[0]: found an object, expected nothing" in refusal(
        matches("a", 2), matches("b", 2, outcomes={"left": sj.event("x")})
    )
    assert "second journey, moments[1].when.n: found 3" in refusal(matches("a", 2).graph(), matches("b", 3).graph())


def test_things_of_two_kinds() -> None:
    journey = sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order"))])
    log, other = sj.EventLog(table(["a"])), journey.match(sj.EventLog(table(["b"])))
    assert refusal(log, other) == "b: found matches, expected an event log, as a is"
    assert refusal(other, other.graph()) == "b: found a graph, expected matches, as a is"
    assert refusal(journey, journey) == "a: found a Journey, expected an event log, matches or a graph"
    assert "nodes: found by stage, expected by moment" in refusal(other.graph(), other.graph("stage"))
    assert "nodes: found events, expected by moment" in refusal(other.graph(), log.graph())


def test_graphs_cannot_follow_an_observation_that_grows() -> None:
    """Bob's ten days are over when ann is seen to act later: only the matches know."""
    journey = sj.Journey(["s"], [sj.Moment("silence", "s", when=sj.absent("call", within="10d", after="claim"))])
    ann = journey.match(sj.EventLog({"customer": ["a"], "time": [datetime(2026, 3, 1)], "event": ["claim"]}))
    bob = journey.match(sj.EventLog({"customer": ["b"], "time": [datetime(2026, 1, 1)], "event": ["claim"]}))
    assert len(ann) == len(bob) == 0
    assert len(sj.merge(ann, bob)) == 1
    assert "limits of its log: found 2026-01-01T00:00:00Z to" in refusal(ann.graph(), bob.graph())
    assert "merge the matches" in refusal(ann.graph(), bob.graph())


def test_appending_ids_of_another_sign_is_refused() -> None:
    log = sj.EventLog(pl.DataFrame(table([5, 7])).with_columns(pl.col("customer").cast(pl.UInt64)))
    with pytest.raises(sj.InvalidInput, match="found integers, expected unsigned integers, as before"):
        log.append(pl.DataFrame(table([5])))
