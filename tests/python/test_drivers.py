"""Drivers of scores and outcomes: against a regression on `weights()`, planted effects, and what is left out."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

START = datetime(2026, 1, 1)
DAY = timedelta(days=1)
NAMES = [f"m{i}" for i in range(6)]
STAGES = ["early", "late"]


def journey(names: list[str] = NAMES) -> sj.Journey:
    """Return a journey of simple moments, alternately early and late, with two outcomes."""
    moments = [sj.Moment(name, STAGES[i % 2], when=sj.event(name)) for i, name in enumerate(names)]
    outcomes = [sj.Outcome("left", when=sj.event("leave")), sj.Outcome("moved", when=sj.event("move"))]
    return sj.Journey(STAGES, moments, outcomes=outcomes)


def table(rows: list[tuple[Any, ...]], *names: str) -> pa.Table:
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


def attributed(events: list[tuple[Any, ...]], voices: list[tuple[Any, ...]], **options: Any) -> sj.Attribution:
    """Attribute voices (customer, time, score) to events (customer, time, event)."""
    names, log = options.pop("names", NAMES), options.pop("log", {})
    matches = journey(names).match(sj.EventLog(table(events, "customer", "time", "event"), **log))
    said = pa.table(
        {
            "customer": [v[0] for v in voices],
            "time": pa.array([v[1] for v in voices], pa.timestamp("us")),
            "score": pa.array([v[2] for v in voices], pa.float64()),
        }
    )
    return matches.attribute(said, score="score", **({"method": "linear"} | options))


def world(seed: int, customers: int = 400) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Draw moments and one voice a customer: m0 pleases, m1 annoys, the others do nothing."""
    chance = random.Random(seed)
    events, voices = [], []
    for c in range(customers):
        met = [name for name in NAMES[:5] if chance.random() < 0.5]
        events += [(c, START + chance.random() * 20 * DAY, name) for name in met]
        events.append((c, START, "login"))
        mood = 7.5 + 3 * ("m0" in met) - 4 * ("m1" in met) + chance.gauss(0, 1)
        voices.append((c, START + 30 * DAY, float(min(10, max(0, round(mood))))))
    return events, voices


def expected(attribution: sj.Attribution, y: dict[int, float], column: str, keep: list[str]) -> sj.drivers.Lmg:
    """Return LMG on a matrix written out from `weights()`."""
    rows = sorted(y)
    X = np.zeros((len(rows), len(keep)))
    for cell in attribution.weights().rows():
        if cell["feedback"] in y and cell[column] in keep:
            X[rows.index(cell["feedback"]), keep.index(cell[column])] += cell["weight"]
    return sj.lmg(X, [y[row] for row in rows], names=keep)


MARKS = {"nps": lambda s: (s >= 9) - (s <= 6), "csat": lambda s: float(s >= 4), "mean": lambda s: s}


@pytest.mark.parametrize("scale", ["nps", "csat", "mean"])
@pytest.mark.parametrize("by", ["moment", "stage"])
@pytest.mark.parametrize("method", ["linear", "last_touch", "time_decay"])
def test_shares_are_those_of_a_regression_on_the_weights(scale: str, by: str, method: str) -> None:
    events, voices = world(1, 150)
    chance = random.Random(2)
    if scale == "csat":
        voices = [(c, t, float(chance.randint(1, 5))) for c, t, _ in voices]
    voices += [(900 + i, START + 9 * DAY, 5.0) for i in range(3)]  # customers whom the log does not have: baseline
    voices += [(3, START + 30 * DAY, None), (4, START + 31 * DAY, 1.0)]
    found = attributed(events, voices, scale=scale, method=method)
    y = {row: float(MARKS[scale](v[2])) for row, v in enumerate(voices) if v[2] is not None}
    ids = NAMES if by == "moment" else STAGES
    ours = found.drivers(by=by, draws=8)
    silent = {"m5"}
    truth = expected(found, y, by, [i for i in ids if i not in silent])
    assert ours.to_dict()[by] == ids
    about: dict[str, set[int]] = {i: set() for i in ids}
    for cell in found.weights().rows():
        if cell["feedback"] in y and cell[by] is not None:
            about[cell[by]].add(cell["feedback"])
    for row in ours.rows():
        assert row["n"] == len(about[row[by]])
        assert (row["voices"], row["left_out"], row["evidence"]) == (len(y), 1, "associational")
        assert row["r2"] == pytest.approx(truth.r2, abs=1e-9)
        if row[by] in silent:
            assert row["share"] is row["sign"] is row["low"] is row["high"] is None
        else:
            assert row["share"] == pytest.approx(truth.share[row[by]], abs=1e-9)
            assert row["sign"] == truth.sign[row[by]]


def test_planted_drivers_are_found_with_their_signs() -> None:
    events, voices = world(3)
    rows = {row["moment"]: row for row in attributed(events, voices, scale="mean").drivers(draws=300).rows()}
    assert rows["m0"]["sign"] == 1 and rows["m1"]["sign"] == -1
    others = max(rows[name]["high"] for name in ("m2", "m3", "m4"))
    assert rows["m0"]["low"] > others and rows["m1"]["low"] > others
    for name in NAMES[:5]:
        assert 0 <= rows[name]["low"] < rows[name]["high"] <= 1
    assert sum(rows[name]["share"] for name in NAMES[:5]) == pytest.approx(rows["m0"]["r2"])


def test_neither_threads_nor_order_show_and_the_seed_does() -> None:
    events, voices = world(4, 120)
    voices += [(c, t - 5 * DAY, 10 - s) for c, t, s in voices[::3]]
    voices += [(5000 + i, START + 20 * DAY, float(i % 11)) for i in range(20)]
    found = attributed(events, voices)
    first = found.drivers(draws=50, threads=1).to_dict()
    assert found.drivers(draws=50, threads=3).to_dict() == first
    assert pickle.loads(pickle.dumps(found)).drivers(draws=50).to_dict() == first
    for seed in range(3):
        shuffled = list(voices)
        random.Random(seed).shuffle(shuffled)
        assert attributed(events, shuffled).drivers(draws=50).to_dict() == first
    assert found.drivers(draws=50, seed=1).to_dict()["low"] != first["low"]
    assert found.drivers(draws=50, seed=1).to_dict()["share"] == first["share"]


def test_a_customer_who_speaks_often_counts_as_one_in_the_intervals() -> None:
    events, voices = world(5, 60)
    alone = attributed(events, voices).drivers(draws=200).to_dict()
    often = attributed(events, voices * 9).drivers(draws=200).to_dict()  # the same voices nine times
    for column in ("share", "low", "high"):
        assert often[column][:5] == pytest.approx(alone[column][:5], abs=1e-9)
    assert often["n"] == [9 * n for n in alone["n"]]


def test_stages_and_moments_can_be_chosen_and_more_than_twenty_are_refused() -> None:
    names = [f"n{i:02}" for i in range(24)]
    chance = random.Random(6)
    events = [(c, START + chance.random() * DAY, name) for c in range(200) for name in chance.sample(names, 5)]
    voices = [(c, START + 2 * DAY, float(chance.randint(0, 10))) for c in range(200)]
    found = attributed(events, voices, names=names)
    with pytest.raises(sj.InvalidInput, match=r"24 with a voice, expected at most 20: .*keep=.*by="):
        found.drivers()
    assert found.drivers(by="stage", draws=8).to_dict()["stage"] == STAGES
    kept = found.drivers(keep=["n03", "n01"], draws=8).to_dict()
    assert kept["moment"] == ["n01", "n03"]
    truth = expected(found, {i: float(MARKS["nps"](v[2])) for i, v in enumerate(voices)}, "moment", ["n01", "n03"])
    assert kept["share"] == pytest.approx(list(truth.share.values()), abs=1e-9)
    assert len(found.drivers(keep=names[:20], draws=1)) == 20


def test_moments_that_are_only_met_together_share_equally() -> None:
    events: list[tuple[Any, ...]] = [(c, START, name) for c in range(0, 40, 2) for name in ("m0", "m1")]
    events += [(c, START, "login") for c in range(40)]
    voices = [(c, START + DAY, 10.0 if c % 4 else 0.0) for c in range(40)]
    share = attributed(events, voices).drivers(draws=20).to_dict()
    assert share["share"][0] == pytest.approx(share["share"][1]) and share["share"][0] > 0.1
    assert share["low"][0] == pytest.approx(share["low"][1])


days = st.sampled_from([0, 1, 2, 3, 5, 8, 10, 20])


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Any], list[Any], list[Any]]:
    """Draw customers with a window each, an outcome or none, and voices at any time."""
    events, voices, windows = [], [], []
    for c in range(draw(st.integers(4, 8))):
        start, end = sorted([draw(days), draw(days)])
        windows.append((c, START + start * DAY, START + (end + 1) * DAY))
        events.append((c, START + start * DAY, "m0" if draw(st.booleans()) else "m1"))
        for name in ("leave", "move"):
            if draw(st.integers(0, 2)) == 0:
                events.append((c, START + draw(st.integers(start, end + 1)) * DAY, name))
        voices += [(c, START + draw(days) * DAY, 5.0) for _ in range(draw(st.integers(0, 4)))]
    voices.append((99, START, 5.0))
    return events, voices, windows


def reached(world: tuple[list[Any], list[Any], list[Any]], within: int) -> Iterator[tuple[int, float]]:
    """Give the voices whose outcome is known, and whether it was `left`, straight from the words of the docstring."""
    events, voices, windows = world
    end_of_log = max(end for _, _, end in windows)
    for row, (c, time, _) in enumerate(voices):
        window = next((w for w in windows if w[0] == c), None)
        if window is None or not window[1] <= time <= window[2] or time + within * DAY > end_of_log:
            continue
        ends = sorted((t, i, e) for i, (who, t, e) in enumerate(events) if who == c and e in ("leave", "move"))
        if ends and ends[0][0] <= time:
            continue
        if ends and ends[0][0] <= time + within * DAY:
            yield row, float(ends[0][2] == "leave")
        elif window[2] >= time + within * DAY:
            yield row, 0.0


@given(lives(), st.sampled_from([1, 2, 4, 9]))
@settings(max_examples=many(150), deadline=None)
def test_an_outcome_counts_within_its_span_and_the_unknown_are_left_out(
    world: tuple[list[Any], list[Any], list[Any]], within: int
) -> None:
    events, voices, windows = world
    found = attributed(events, voices, log={"observed": table(windows, "customer", "from", "to")})
    y = dict(reached(world, within))
    about = [c for c in found.weights().rows() if c["feedback"] in y and c["weight"] > 0 and c["moment"] is not None]
    if len(set(y.values())) < 2 or not about:
        with pytest.raises(sj.InvalidInput):
            found.drivers("left", within=f"{within}d", draws=1)
        return
    ours = found.drivers("left", within=f"{within}d", draws=1).rows()
    assert {(row["voices"], row["left_out"]) for row in ours} == {(len(y), len(voices) - len(y))}
    heard = [name for name in NAMES if any(c["moment"] == name for c in about)]
    truth = expected(found, y, "moment", heard)
    for row in ours:
        if row["moment"] in heard:
            assert row["share"] == pytest.approx(truth.share[row["moment"]], abs=1e-9)
            assert row["sign"] == truth.sign[row["moment"]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "lef"}, "did you mean 'left'"),
        ({"by": "owner"}, "by: found 'owner'"),
        ({"keep": ["m9"]}, "keep: found 'm9'"),
        ({"keep": ["early"]}, "keep: found 'early'"),
        ({"keep": "m0"}, "expected a list of ids"),
        ({"keep": []}, "none with a voice"),
        ({"keep": ["m5"]}, "none with a voice"),
        ({"interval": 1.0}, "interval"),
        ({"draws": 0}, "draws"),
        ({"seed": -1}, "seed"),
        ({"threads": 0}, "threads"),
        ({"outcome": "left", "within": "0d"}, "within"),
        ({"outcome": "left", "within": "soon"}, "within"),
        ({"outcome": "left", "within": "10000d"}, "no voice followed by"),
        ({"outcome": "left", "within": "1d"}, "one value only"),
    ],
)
def test_what_cannot_be_answered_is_refused(options: dict[str, Any], message: str) -> None:
    events, voices = world(7, 30)
    events.append((0, START + 90 * DAY, "login"))
    with pytest.raises(sj.InvalidInput, match=message):
        attributed(events, voices).drivers(**options)


def test_voices_without_scores_or_with_one_score_are_refused() -> None:
    events, voices = world(8, 30)
    with pytest.raises(sj.InvalidInput, match="no voice with a score"):
        attributed(events, [(c, t, None) for c, t, _ in voices]).drivers()
    with pytest.raises(sj.InvalidInput, match="one value only"):
        attributed(events, [(c, t, 3.0) for c, t, _ in voices], scale="mean").drivers()
