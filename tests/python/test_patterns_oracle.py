"""The matcher against the oracle: small worlds, all fields, any number of threads, any order of rows."""

from __future__ import annotations

import itertools
import pickle
import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from oracles import patterns as oracle
from worlds import World, wheres, worlds

INSTANT = pa.timestamp("us", "UTC")
TYPES = {
    "customer": pa.string(),
    "time": INSTANT,
    "event": pa.string(),
    "value": pa.float64(),
    "key": pa.string(),
    "amount": pa.float64(),
    "number": pa.int64(),
    "flag": pa.bool_(),
    "tag": pa.string(),
}
WORLDS = settings(max_examples=many(1000), deadline=None, suppress_health_check=list(HealthCheck))
FEWER_WORLDS = settings(max_examples=many(200), deadline=None, suppress_health_check=list(HealthCheck))


def table_of(events: list[dict[str, Any]]) -> pa.Table:
    return pa.table({name: pa.array([e[name] for e in events], kind) for name, kind in TYPES.items()})


def log_of(world: World, events: Any = None) -> sj.EventLog:
    observed = prior_counts = None
    if world.observed is not None:
        ids = list(world.observed)
        bounds = [pa.array([world.observed[c][i] for c in ids], INSTANT) for i in (0, 1)]
        observed = pa.table({"customer": ids, "from": bounds[0], "to": bounds[1]})
    if world.prior_counts is not None:
        pairs = list(world.prior_counts)
        prior_counts = pa.table(
            {
                "customer": pa.array([c for c, _ in pairs], pa.string()),
                "event": pa.array([e for _, e in pairs], pa.string()),
                "count": pa.array([world.prior_counts[p] for p in pairs], pa.int64()),
            }
        )
    return sj.EventLog(
        table_of(world.events) if events is None else events,
        value="value",
        key="key",
        attributes=["amount", "number", "flag", "tag"],
        timezone=world.zone,
        ties=world.ties,
        observed=observed,
        history=world.history,
        prior_counts=prior_counts,
    )


def rows(table: sj.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a result, instants as microseconds."""
    arrow = pa.table(table)
    cells = []
    for name in columns:
        column = arrow[name]
        cells.append((column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist())
    return list(zip(*cells, strict=True))


def journey_of(world: World) -> sj.Journey:
    """The world's journey; worlds with a condition that no event can meet are refused, and passed over here."""
    try:
        return sj.Journey.from_dict(world.journey)
    except sj.InvalidInput as error:
        assert "that can hold together" in str(error)
        reject()


def moment_of(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=time)


FIELDS = ("customer", "moment", "stage", "time", "start_time", "value", "key")


def everything(matches: sj.Matches, threads: int) -> tuple[Any, ...]:
    return (
        rows(matches.occurrences(threads=threads), "occurrence_id", *FIELDS),
        rows(matches.undecided(), "moment", "customer", "time", "reason"),
        rows(matches.outcomes(), "customer", "outcome", "time"),
        rows(matches.kpis(), "moment", "met", "due", "undecided"),
        (matches.before_observation, matches.undecided_before_observation),
    )


@WORLDS
@given(worlds())
def test_the_matcher_agrees_with_the_oracle(world: World) -> None:
    matches = journey_of(world).match(log_of(world), threads=1)
    options = world.options()
    wanted = oracle.occurrences(world.events, world.journey, **options)
    found = rows(matches.occurrences(), *FIELDS)
    assert found == [tuple(o[f] for f in FIELDS) for o in wanted]
    seen: Counter[tuple[Any, Any]] = Counter()
    of_life = oracle.whole_lives(world.events, world.journey, **options)
    for o in of_life:  # ordinals follow from the order
        assert seen[o["customer"], o["moment"]] == o["ordinal"]
        seen[o["customer"], o["moment"]] += 1
    assert matches.before_observation == len(of_life) - len(wanted)
    left_out = oracle.undecided(world.events, world.journey, left_out=True, **options)
    assert matches.undecided_before_observation == len(left_out)
    undecided = rows(matches.undecided(), "moment", "customer", "time", "reason")
    assert sorted(undecided) == oracle.undecided(world.events, world.journey, **options)
    assert rows(matches.outcomes(), "customer", "outcome", "time") == oracle.outcomes(
        world.events, world.journey, **options
    )
    kpis = rows(matches.kpis(), "moment", "met", "due", "undecided")
    assert kpis == [
        (k["moment"], k["met"], k["met"] + k["not_met"], k["undecided"])
        for k in oracle.kpis(world.events, world.journey, **options)
    ]


@FEWER_WORLDS
@given(worlds(), st.data())
def test_moments_and_kpis_of_a_range_agree_with_the_oracle(world: World, data: st.DataObject) -> None:
    matches = journey_of(world).match(log_of(world))
    instants = sorted({e["time"] for e in world.events})
    drawn = sorted(data.draw(st.sampled_from(instants)) for _ in (0, 1))
    start, end = (t + data.draw(st.sampled_from([0, 1])) for t in drawn)
    limits = {"start": moment_of(start), "end": moment_of(max(start, end))}
    inside = range(start, max(start, end))
    found = rows(matches.moments(**limits), "moment", "occurrences", "customers", "undecided")
    happened = [o for o in oracle.occurrences(world.events, world.journey, **world.options()) if o["time"] in inside]
    cases = oracle.undecided(world.events, world.journey, **world.options())
    assert found == [
        (
            m["id"],
            sum(o["moment"] == m["id"] for o in happened),
            len({o["customer"] for o in happened if o["moment"] == m["id"]}),
            sum(moment == m["id"] and time in inside for moment, _, time, _ in cases),
        )
        for m in world.journey["moments"]
    ]
    kpis = rows(matches.kpis(**limits), "moment", "met", "due", "undecided")
    assert kpis == [
        (k["moment"], k["met"], k["met"] + k["not_met"], k["undecided"])
        for k in oracle.kpis(world.events, world.journey, inside.start, inside.stop, **world.options())
    ]


@FEWER_WORLDS
@given(worlds())
def test_an_occurrence_keeps_its_id_wherever_the_observation_begins(world: World) -> None:
    """All events observed: the ids of those inside the shorter observation are the same."""
    if world.history == "truncated" or world.observed is None:
        return
    whole = {c: (min(e["time"] for e in world.events), to) for c, (_, to) in world.observed.items()}
    fields = ("occurrence_id", *FIELDS)
    journey = journey_of(world)
    matches = journey.match(log_of(world))
    of_life = rows(journey.match(log_of(replace(world, observed=whole))).occurrences(), *fields)
    inside = [o for o in of_life if o[4] >= world.observed[o[1]][0]]
    assert rows(matches.occurrences(), *fields) == inside
    assert matches.before_observation == len(of_life) - len(inside)


@FEWER_WORLDS
@given(worlds(), st.sampled_from(["moment", "stage", "owner"]))
def test_walks_and_their_values_are_of_the_observation(world: World, by: str) -> None:
    log = log_of(world)
    matches = journey_of(world).match(log)
    since = {e["customer"]: world.observed[e["customer"]][0] if world.observed else 0 for e in world.events}
    inside = [e for e in world.events if e["time"] >= since[e["customer"]]]
    assert log.before_observation == len(world.events) - len(inside)
    worth = sum(e["value"] or 0 for e in inside)
    for graph in (matches.graph(by), log.graph()):
        starts = [r for r in graph.edges().rows() if r["source"] == "START"]
        assert sum(r["customers"] for r in starts) == log.customers
        assert sum(r["customers_value"] for r in starts) == worth
    visits = {r["node"]: r["visits"] for r in log.graph().nodes().rows() if r["kind"] == "moment"}
    assert visits == Counter(e["event"] for e in inside)
    graph = matches.graph(by)
    walked = sum(r["visits"] for r in graph.nodes().rows() if r["kind"] == "moment")
    assert walked + graph.after_outcome == len(matches)


@FEWER_WORLDS
@given(worlds())
def test_threads_do_not_show(world: World) -> None:
    journey = journey_of(world)
    log = log_of(world)
    assert everything(journey.match(log, threads=1), 1) == everything(journey.match(log, threads=4), 4)
    outcomes = {"out": sj.event(world.events[0]["event"])}
    alone, together = (
        [pickle.dumps(graph) for graph in (journey.match(log).graph(threads=n), log.graph(outcomes, threads=n))]
        for n in (1, 4)
    )
    assert alone == together


@FEWER_WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_chunks_do_not_show(world: World, chance: random.Random) -> None:
    whole = table_of(world.events)
    cuts = sorted(chance.randrange(whole.num_rows + 1) for _ in range(4))
    pieces = [whole.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, whole.num_rows], strict=True)]
    chunked = pa.concat_tables(pieces)
    journey = journey_of(world)
    assert everything(journey.match(log_of(world, chunked)), 4) == everything(journey.match(log_of(world)), 4)


@FEWER_WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_customers_rows_does_not_show(world: World, chance: random.Random) -> None:
    """Rows of different customers may be interleaved anyhow; a customer's own keep their order."""
    queues = {c: [e for e in world.events if e["customer"] == c] for c in {e["customer"] for e in world.events}}
    drawn = [e["customer"] for e in world.events]
    chance.shuffle(drawn)
    taken = {c: iter(queues[c]) for c in queues}
    shuffled = table_of([next(taken[c]) for c in drawn])
    journey = journey_of(world)
    assert everything(journey.match(log_of(world, shuffled)), 4) == everything(journey.match(log_of(world)), 4)


@settings(max_examples=many(1000), deadline=None)
@given(wheres)
def test_a_refused_condition_holds_for_no_event(where: list[dict[str, Any]]) -> None:
    try:
        sj.Pattern({"event": "a", "where": where})
    except sj.InvalidInput:
        values = {"amount": [None, 0.0, 0.5, 1.0, 1.5, 2.0], "number": [None, 0, 1, 2], "flag": [None, True, False]}
        values["tag"] = [None, "x", "y", "z"]
        for row in itertools.product(*values.values()):
            assert oracle.all_hold(where, dict(zip(values, row, strict=True))) is not True
