"""Patterns and logs made to hurt: each ends, in time linear in what it was given, or is refused with what to change."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import sojourn as sj

BEGIN = datetime(2015, 1, 1)
SECONDS = 20.0  # far above what any takes, far below what a quadratic one would


def log_of_one(names: list[str], n: int, step: int = 0) -> sj.EventLog:
    """One customer with n events, `step` microseconds apart, names in turn."""
    times = np.int64(1_600_000_000_000_000) + np.arange(n, dtype=np.int64) * step
    events = pa.DictionaryArray.from_arrays(pa.array(np.arange(n, dtype=np.int32) % len(names)), pa.array(names))
    columns: dict[str, Any] = {
        "customer": pa.array(np.zeros(n, np.int64)),
        "time": pa.array(times).cast(pa.timestamp("us")),
        "event": events,
    }
    return sj.EventLog(pa.table(columns))


def journey_of(*patterns: Any) -> sj.Journey:
    return sj.Journey(["s"], [sj.Moment(f"m{i}", "s", when=p) for i, p in enumerate(patterns)])


def match_in_time(journey: sj.Journey, log: sj.EventLog) -> sj.Matches:
    start = time.perf_counter()
    matches = journey.match(log)
    assert time.perf_counter() - start < SECONDS
    return matches


EVERY_FORM = (
    sj.event("a"),
    sj.nth("a", 1000),
    sj.count("a", at_least=3, within="30d"),
    sj.count("a", at_least=3, within="1 month", rearm="every"),
    sj.absent("b", within="1d", after="a"),
    sj.sequence("a", "b", "a", within="5 years"),
    sj.sequence("a", "b", within="1 month", strict=True),
    sj.gap("1h"),
    sj.any_of("a", "b"),
    sj.all_of("a", "b", within="1d"),
)


def test_deep_nesting_is_matched_up_to_a_depth_and_refused_beyond() -> None:
    def nested(depth: int) -> Any:
        pattern = sj.event("a")
        for _ in range(depth - 1):
            pattern = sj.event(pattern)
        return pattern

    log = log_of_one(["a", "b"], 100, 1)
    assert len(match_in_time(journey_of(nested(50)), log)) == 50
    with pytest.raises(sj.InvalidInput, match="deep"):
        journey_of(nested(200))


@pytest.mark.parametrize("window", ["4000000w", "10000 years"])
def test_windows_of_centuries(window: str) -> None:
    """Sums of windows must not run over the end of the clock, however they are nested."""
    times = [datetime(1, 1, 2), datetime(1970, 1, 1), datetime(9999, 12, 30)]
    log = sj.EventLog({"customer": [1] * 3, "time": times, "event": ["a", "b", "a"]})
    inner = sj.sequence("a", "b", within=window)
    for _ in range(10):
        inner = sj.any_of(sj.sequence(inner, "a", within=window), inner)
    matches = journey_of(
        sj.count("a", at_least=2, within=window),
        sj.absent("b", within=window, after="a"),
        sj.gap(window),
        sj.anniversary("a", every=window),
        inner,
    ).match(log)
    assert matches.moments().to_dict()["occurrences"] == [1, 0, 0, 0, 2]


def test_unknown_cases_keep_their_rows_through_nested_windows() -> None:
    """What an unknown x leaves open reaches ever further ahead, but never round the end of the clock."""
    at = [datetime(9000, 1, 1), datetime(9001, 1, 1)]
    table = pa.table({"customer": [1, 1], "time": at, "event": ["a", "b"], "v": pa.array([None, 1.0])})
    pattern = sj.count("a", at_least=1, within="1d").where(sj.column("v") > 0)
    for _ in range(8):
        pattern = sj.all_of(pattern, "b", within="4000000w")
    observed = {"customer": [1], "from": [datetime(9000, 6, 1)], "to": [datetime(9002, 1, 1)]}
    log = sj.EventLog(table, attributes=["v"], observed=observed)
    assert len(journey_of(pattern).match(log).undecided()) == 1


def test_a_million_ties_at_one_instant() -> None:
    matches = match_in_time(journey_of(*EVERY_FORM), log_of_one(["a", "b"], 1_000_000))
    found = dict(zip(*(matches.moments().to_dict()[c] for c in ("moment", "occurrences")), strict=True))
    assert found["m0"] == 500_000
    assert found["m8"] == 1  # any_of: one at most per instant
    assert found["m9"] == 500_000


def test_a_customer_with_ten_million_events_costs_what_the_events_cost() -> None:
    """Ten times the events, about ten times the time."""
    journey = journey_of(*EVERY_FORM)
    seconds = []
    for n in (1_000_000, 10_000_000):
        log = log_of_one(["a", "b", "c"], n, 30_000_000)
        start = time.perf_counter()
        journey.match(log)
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < 30 * seconds[0] + 1.0
    assert seconds[1] < 2 * SECONDS


def test_anniversaries_of_every_second_are_refused() -> None:
    log = sj.EventLog({"customer": [1, 1], "time": [BEGIN, BEGIN + timedelta(days=3650)], "event": ["a", "b"]})
    with pytest.raises(sj.InvalidInput, match=r"every '1s'.*more than 100000 of one event.*longer 'every'"):
        journey_of(sj.anniversary("a", every="1s")).match(log)
    assert len(journey_of(sj.anniversary("a", every="1h")).match(log)) == 87_600


def test_too_many_anniversaries_of_one_customer_are_refused() -> None:
    log = log_of_one(["a"], 20_000, 1_000_000 * 4000)  # 2.5 years
    with pytest.raises(sj.InvalidInput, match=r"more than 10000000 for one customer"):
        journey_of(sj.anniversary("a", every="12h")).match(log)


def test_a_sequence_of_a_thousand_elements() -> None:
    """Of one name: an event could serve any of them, and its signals are not copied for each."""
    one = match_in_time(journey_of(sj.sequence(*["a"] * 1000, within="100 years")), log_of_one(["a"], 100_000, 1))
    assert len(one) == 100
    many = [f"n{i}" for i in range(1000)]
    journey = journey_of(sj.sequence(*many, within="100 years"), sj.all_of(*many, within="100 years"))
    assert len(match_in_time(journey, log_of_one(many, 1_000_000, 1))) == 2000
    same = journey_of(sj.all_of(*["a"] * 1000, within="1d"), sj.any_of(*["a"] * 1000))
    assert len(match_in_time(same, log_of_one(["a"], 1_000_000, 1))) == 2_000_000


def test_a_thousand_moments_of_a_thousand_names() -> None:
    """The cost follows events and moments' own signals, not moments times customers times names."""
    names = [f"n{i:03}" for i in range(1000)]
    draw = np.random.default_rng(5)
    n, customers = 400_000, 20_000
    table = pa.table(
        {
            "customer": pa.array(draw.integers(0, customers, n)),
            "time": pa.array(draw.integers(0, 10**15, n)).cast(pa.timestamp("us")),
            "event": pa.DictionaryArray.from_arrays(
                pa.array(draw.integers(0, 1000, n).astype(np.int32)), pa.array(names)
            ),
        }
    )
    log = sj.EventLog(table)
    matches = match_in_time(journey_of(*(sj.event(name) for name in names)), log)
    assert len(matches) == n
