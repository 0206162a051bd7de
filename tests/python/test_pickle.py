"""Pickles: what is read back answers as what was written, and bytes that were not so written are refused."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from sojourn import _core
from sojourn._zones import zone_rules
from test_merge import facts_of_graph, facts_of_log, facts_of_matches, parted_worlds, told
from test_patterns_oracle import journey_of, log_of, table_of
from worlds import World, worlds

WORLDS = settings(max_examples=many(80), deadline=None, suppress_health_check=list(HealthCheck))
FEWER_WORLDS = settings(max_examples=many(40), deadline=None, suppress_health_check=list(HealthCheck))


def again(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


# --- the same answers -------------------------------------------------------------------------------------------------


@WORLDS
@given(worlds(), st.sampled_from([again, copy.deepcopy, copy.copy]))
def test_logs(world: World, copied: Callable[[Any], Any]) -> None:
    log = log_of(world)
    other = copied(log)
    assert other == log
    assert facts_of_log(other) == facts_of_log(log)
    if world.observed is None:
        more = table_of([{**world.events[0], "time": max(e["time"] for e in world.events) + 1}])
        assert other.append(more) == log.append(more)


@WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_equal_logs_give_equal_bytes(world: World, chance: Any) -> None:
    """Rows of different customers may come in any order, words may be coded in any, and parts be merged."""
    log = log_of(world)
    queues = {c: [e for e in world.events if e["customer"] == c] for c in {e["customer"] for e in world.events}}
    drawn = [e["customer"] for e in world.events]
    chance.shuffle(drawn)
    rows = [queues[c].pop(0) for c in drawn]
    other = log_of(world, table_of(rows))
    assert other == log
    assert pickle.dumps(other) == pickle.dumps(log)
    changed = log_of(world, table_of([{**rows[0], "value": 3.5}, *rows[1:]]))
    assert pickle.dumps(changed) != pickle.dumps(log)


@FEWER_WORLDS
@given(parted_worlds(), st.sampled_from(["moment", "stage", "owner", "event"]))
def test_merged_things_give_the_bytes_of_the_whole(parted: tuple[World, list[World]], by: str) -> None:
    world, parts = parted
    journey = journey_of(world)
    logs = [log_of(part) for part in parts]
    assert pickle.dumps(sj.merge(*logs)) == pickle.dumps(log_of(world))
    if world.observed is None:
        return

    def graph(log: sj.EventLog) -> sj.JourneyGraph:
        return log.graph() if by == "event" else journey.match(log).graph(by)

    a, b, whole = (graph(log) for log in (*logs, log_of(world)))
    assert _core.graph_bytes(sj.merge(a, b)._core) == _core.graph_bytes(whole._core)


@WORLDS
@given(worlds(), st.sampled_from([again, copy.deepcopy]), st.sampled_from(["moment", "stage", "owner"]))
def test_matches_and_graphs(world: World, copied: Callable[[Any], Any], by: str) -> None:
    matches = journey_of(world).match(log_of(world))
    assert copied(matches.journey) == matches.journey
    assert facts_of_matches(copied(matches)) == facts_of_matches(matches)
    for graph in (matches.graph(by), matches.log.graph(outcomes={"out": sj.event("d")})):
        assert facts_of_graph(copied(graph)) == facts_of_graph(graph)
        assert told(lambda: graph.compare(copied(graph), draws=5)) == told(lambda: graph.compare(graph, draws=5))  # noqa: B023


@settings(FEWER_WORLDS, max_examples=many(15))
@given(worlds(), st.data())
def test_matches_go_on_from_where_they_were(world: World, data: st.DataObject) -> None:
    """After every step of a stream the matches are put away and taken out again."""
    world = replace(world, observed=None, prior_counts=None)
    events = sorted(world.events, key=lambda e: e["time"])
    cut = data.draw(st.integers(1, len(events)), label="cut")
    journey = journey_of(world)
    matches = journey.match(log_of(world, table_of(events[:cut])))
    for batch in (events[cut : cut + 1], events[cut + 1 :]):
        if not batch:
            break
        more = table_of(batch)
        stayed, fresh = matches.advance(more)
        matches, fresh_again = again(matches).advance(more)
        assert told(lambda: fresh_again) == told(lambda: fresh)  # noqa: B023
        assert facts_of_matches(matches) == facts_of_matches(stayed)
    assert facts_of_matches(again(matches)) == facts_of_matches(journey.match(log_of(world)))


def every_kind() -> dict[str, Any]:
    """A column of every kind, with nulls and without."""
    return {
        "bools": pa.array([True, None, False]),
        "ints": pa.array([1, None, -3], pa.int16()),
        "unsigned": pa.array([1, 2**63 - 1, 3], pa.uint64()),
        "reals": pa.array([-0.0, float("nan"), None]),
        "infinite": pa.array([float("inf"), -float("inf"), 1e300]),
        "words": pa.array(["b", None, "a"]),
        "coded": pa.array(["b", "b", "ä"]).dictionary_encode(),
        "nothing": pa.nulls(3),
        "days": pa.array([date(2026, 1, 1), None, date(1, 1, 1)]),
        "naive": pa.array([datetime(2026, 1, 1), None, datetime(1, 1, 1)], pa.timestamp("us")),
        "zoned": pa.array([datetime(2026, 1, 1)] * 3, pa.timestamp("us", "America/Chicago")),
        "money": pa.array([Decimal("1.50"), Decimal("-99999999999999999999999999.25"), None], pa.decimal128(38, 2)),
    }


def test_tables_of_every_kind() -> None:
    table = sj.Table(_core.read_table(pa.table(every_kind()), "t"))
    for other in (again(table), copy.deepcopy(table)):
        assert told(lambda: other) == told(lambda: table)  # noqa: B023
        assert repr(other) == repr(table)
        assert repr(other.to_dict()) == repr(table.to_dict())
    empty = sj.Table.from_dict({})
    assert again(empty).columns == []
    assert len(again(sj.Table(_core.read_table(pa.table(every_kind()).slice(0, 0), "t")))) == 0


def test_attributes_of_every_kind() -> None:
    times = [datetime(2026, 1, 1) + timedelta(days=i) for i in range(3)]
    columns = {"customer": pa.array([2, 1, 2]), "time": times, "event": ["b", "a", "a"], **every_kind()}
    options: dict[str, Any] = {"attributes": list(every_kind()), "key": "words", "value": "ints", "ties": "unsigned"}
    log = sj.EventLog(pa.table(columns), **options)
    assert log == sj.EventLog(pa.table(columns), **options)  # a NaN is as good as another
    assert again(log) == log
    columns["reals"] = pa.array([0.0, float("nan"), None])  # the other zero
    changed = sj.EventLog(pa.table(columns), **options)
    assert changed != log
    assert pickle.dumps(changed) != pickle.dumps(log)


def test_attributions() -> None:
    times = [datetime(2026, 3, 1), datetime(2026, 3, 4), datetime(2026, 3, 2)]
    log = sj.EventLog(
        {"customer": [1, 1, 2], "time": times, "event": ["order", "return", "order"], "k": ["x", "y", "z"]}, key="k"
    )
    moments = [sj.Moment(name, "buy", when=sj.event(name)) for name in ("order", "return")]
    feedback = pd.DataFrame(
        {
            "customer": [1, 2, 9],
            "time": pd.to_datetime(["2026-03-05", "2026-03-02", "2026-03-09"]),
            "score": [2.0, None, 7.0],
            "source": ["mail", "phone", "mail"],
            "k": ["x", None, "q"],
            "topic": [None, None, None],
        }
    )
    windows = {"source": ["mail", "phone"], "from": [datetime(2026, 1, 1)] * 2, "to": [datetime(2027, 1, 1)] * 2}
    named: dict[str, Any] = {"score": "score", "source": "source", "key": "k", "topic": "topic", "method": "time_decay"}
    attribution = sj.Journey(["buy"], moments).match(log).attribute(feedback, observed=windows, **named)
    for other in (again(attribution), copy.deepcopy(attribution)):
        assert repr(other) == repr(attribution)
        for verb in ("weights", "moments", "coverage"):
            assert told(getattr(other, verb)) == told(getattr(attribution, verb))
        assert told(lambda: other.feedback) == told(lambda: attribution.feedback)  # noqa: B023
        assert isinstance(other.weights().to_native(), pd.DataFrame)


def test_the_library_of_the_caller_is_kept(tmp_path: Path) -> None:
    columns = {"customer": [1, 2], "time": [datetime(2026, 1, 1)] * 2, "event": ["a", "b"]}
    path = tmp_path / "events.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    sources = [pd.DataFrame(columns), pl.DataFrame(columns), pa.table(columns), duckdb.from_arrow(pa.table(columns))]
    for source in [*sources, path, str(path), columns]:
        log = sj.EventLog(source)
        kind = type(log.counts().to_native())
        assert type(again(log).counts().to_native()) is kind
        assert type(again(again(log)).graph().nodes().to_native()) is kind
        assert type(again(log.counts()).to_native()) is kind


def test_pickles_do_not_hold_the_callers_table() -> None:
    wide = {"customer": [1], "time": [datetime(2026, 1, 1)], "event": ["a"], "more": ["x" * 100_000]}
    assert len(pickle.dumps(sj.EventLog(pd.DataFrame(wide)))) < 1_000


# --- bytes that were not so written -----------------------------------------------------------------------------------


def a_log() -> sj.EventLog:
    times = [datetime(2026, 1, 1) + timedelta(days=i) for i in range(3)]
    columns = {
        "customer": ["bo", "al", "bo"],
        "time": times,
        "event": ["b", "a", "a"],
        "value": [1.0, None, 2.0],
        "n": [3, 2, 1],
    }
    observed = {"customer": ["al", "bo", "cy"], "from": times[:1] * 3, "to": times[2:] * 3}
    prior = {"customer": ["bo"], "event": ["a"], "count": [2]}
    return sj.EventLog(
        columns,
        value="value",
        key="event",
        attributes=["n"],
        timezone="Europe/Berlin",
        ties=["a", "b"],
        observed=observed,
        prior_counts=prior,
    )


def readers() -> list[tuple[bytes, Callable[[bytes], Any]]]:
    log = a_log()
    return [
        (_core.log_bytes(log._core), lambda data: _core.log_from(data, zone_rules)),
        (_core.table_bytes(log.counts()._core), _core.table_from),
        (_core.graph_bytes(log.graph(outcomes={"out": sj.event("b")})._core), lambda data: _core.graph_from(data, 1)),
    ]


def refused(read: Callable[[bytes], Any], data: bytes) -> str:
    with pytest.raises(sj.InvalidInput) as caught:
        read(data)
    return str(caught.value)


def test_cut_short_anywhere() -> None:
    for data, read in readers():
        read(data)
        for length in range(len(data)):
            refused(read, data[:length])
        refused(read, data + b"\0")


def test_any_byte_changed() -> None:
    for data, read in readers():
        for at in range(len(data)):
            for bit in (1, 0x80):
                refused(read, data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])


def test_another_version_or_another_thing() -> None:
    (log, read_log), (table, _), (graph, _) = readers()
    newer = log[:12] + struct.pack("<I", 2) + log[16:]
    assert refused(read_log, newer) == "bytes of a log: found version 2, expected version 1, which this sojourn reads"
    assert refused(read_log, table) == "bytes of a log: found a table, expected a log"
    assert refused(read_log, graph) == "bytes of a log: found a graph, expected a log"
    assert refused(read_log, b"") == refused(read_log, b"x" * 500)
    assert refused(read_log, b"") == "bytes of a log: found bytes that sojourn did not write, expected those of a log"
    assert "cut short" in refused(read_log, log[:-1])
    assert "bytes that were changed" in refused(read_log, log[:-20] + b"\0" * 20)


def test_pickles_refuse_too() -> None:
    data = pickle.dumps(a_log())
    inside = _core.log_bytes(a_log()._core)
    assert inside in data
    with pytest.raises(sj.InvalidInput, match="version 7"):
        pickle.loads(data.replace(inside, inside[:12] + struct.pack("<I", 7) + inside[16:]))
