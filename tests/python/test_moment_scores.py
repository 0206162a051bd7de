"""Scores by moment and apart, reweighted and bounded, compared: against plain Python and planted truth."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from oracles import attribution as of_attribution
from oracles import scores as oracle
from oracles.patterns import shift
from test_attribution import MOMENTS, ROLES, World, attributed, instant, matched, micros, near, worlds

PEOPLE = ("ann", "bob", "cem")
START = datetime(2026, 1, 1)

groups = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(["young", "old", None]))


def group_table(of: dict[Any, str | None]) -> pa.Table:
    return pa.table({"customer": list(of), "group": pa.array(list(of.values()), pa.string())}) if of else None


def talkative(world: World) -> World:
    """Everyone of the log speaks at the end, with a score, of all that happened to them."""
    voices = [
        v | {"customer": PEOPLE[i % 3], "day": 35, "key": None, "moment": None, "score": (v["score"] or 3 * i) % 11}
        for i, v in enumerate(world.voices * 3)
    ]
    return replace(world, voices=voices, windows=None, horizon="60d")


# --- against plain Python ---------------------------------------------------------------------------------------------


@settings(max_examples=many(200), deadline=None)
@given(
    st.one_of(worlds(), worlds().map(talkative)),
    groups,
    st.sampled_from(["last_touch", "linear"]),
    st.sampled_from([1.0, 2.0, 5.0]),
    st.sampled_from(["nps", "mean"]),
)
def test_reweighted_scores_and_bounds_agree_with_the_oracle(
    world: World, of: dict[str, str | None], method: str, selection: float, scale: str
) -> None:
    matches = matched(world)
    attribution = attributed(world, method, matches, response_groups=group_table(of), scale=scale)
    occurrences = matches.occurrences().rows()
    number = {o["occurrence_id"]: i for i, o in enumerate(occurrences)}
    observed = world.windows and {
        source: (micros(instant(a, world.zone)), micros(instant(b, world.zone)))
        for source, (a, b) in world.windows.items()
    }
    windows = of_attribution._windows(
        world.voices, observed, lambda time: shift(time, world.horizon, -1, world.zone or "UTC")
    )
    said = defaultdict(list)
    spoken_of = set()
    for row in attribution.weights().rows():
        voice = world.voices[row["feedback"]]
        if row["moment"] is not None and voice["score"] is not None:
            said[row["moment"]].append((row["weight"], oracle.mark(scale, voice["score"]), of.get(voice["customer"])))
            spoken_of.add(number[row["occurrence_id"]])
    met: dict[str, set[str]] = {moment: set() for moment in MOMENTS}
    for i, o in enumerate(occurrences):
        if i in spoken_of or any(a <= micros(o["time"]) <= b for a, b in windows.values()):
            met[o["moment"]].add(o["customer"])
    for row in attribution.moments(selection=selection).rows():
        customers = Counter(of.get(c) for c in met[row["moment"]])
        found = oracle.reweighted(said[row["moment"]], customers)
        if found is None:
            assert all(row[name] is None for name in ("score_reweighted", "uncovered", "bound_low", "bound_high"))
            continue
        mean, square, n, uncovered = found
        scaled = 100 * n / (n + 3) if scale == "nps" else 1.0
        if of:
            assert near(row["score_reweighted"], scaled * mean), row
            assert near(row["uncovered"], uncovered)
        else:
            assert row["score_reweighted"] is row["low_reweighted"] is row["uncovered"] is None
        if of and scale == "nps":  # adjusted Wald
            half = 1.6448536269514722 * math.sqrt(((n * square + 1.5) / (n + 3) - (n * mean / (n + 3)) ** 2) / (n + 3))
            assert near(row["low_reweighted"], max(-100, scaled * mean - 100 * half)), row
            assert near(row["high_reweighted"], min(100, scaled * mean + 100 * half)), row
        if scale == "mean" and any(abs(y - mean) < 1e-9 for _, y, _ in said[row["moment"]]):
            continue  # below the mean or not: rounding decides
        ends = [
            oracle.tilted(said[row["moment"]], customers, lambda y: y < (0 if scale == "nps" else mean), times)  # noqa: B023
            for times in (selection, 1 / selection)
        ]
        assert near(row["bound_low"], scaled * ends[0]) and near(row["bound_high"], scaled * ends[1]), row
        shown = row["score_reweighted"] if of else row["score"]
        assert row["bound_low"] - 1e-9 <= shown <= row["bound_high"] + 1e-9


@settings(max_examples=many(100), deadline=None)
@given(
    worlds(),
    groups,
    st.sampled_from(["moment", "stage", "topic", "source"]),
    st.sampled_from([None, "solicited", "source", "group"]),
    st.randoms(use_true_random=False),
)
def test_cells_agree_with_the_oracle(
    world: World, of: dict[str, str | None], by: str, apart: str | None, chance: random.Random
) -> None:
    if by == apart or (apart == "group" and not of):
        return
    matches = matched(world)
    plain = attributed(world, "linear", matches).feedback.to_arrow()
    topics = [chance.choice(["price", "tone", None]) for _ in world.voices]
    asked = [chance.choice([True, False, None]) for _ in world.voices]
    said = plain.append_column("about", pa.array(topics, pa.string())).append_column(
        "asked", pa.array(asked, pa.bool_())
    )
    attribution = matches.attribute(
        said,
        **ROLES,
        topic="about",
        solicited="asked",
        response_groups=group_table(of),
        horizon=world.horizon,
        method="linear",
    )
    known = {event["customer"] for event in world.events}  # of others the groups say nothing
    level = {
        "topic": lambda v: topics[v],
        "solicited": lambda v: asked[v],
        "source": lambda v: world.voices[v]["source"],
        "group": lambda v: of.get(c) if (c := world.voices[v]["customer"]) in known else None,
    }
    wanted = defaultdict(list)
    for row in attribution.weights().rows():
        v = row["feedback"]
        key = row[by] if by in ("moment", "stage") else level[by](v)
        wanted[key, apart and level[apart](v)].append((v, row["weight"]))
    rows = attribution.scores(by, apart, draws=20).rows()
    assert math.isclose(sum(row["voices"] for row in rows), len(world.voices), abs_tol=1e-9)
    assert set(wanted) <= {(row[by], apart and row[apart]) for row in rows}
    assert len(rows) == len({(row[by], apart and row[apart]) for row in rows})
    for row in rows:
        cell = wanted[row[by], apart and row[apart]]
        scored = [(w, world.voices[v]["score"]) for v, w in cell if world.voices[v]["score"] is not None]
        n, mean, square = oracle.moments(scored)
        assert near(row["voices"], math.fsum(w for _, w in cell)) and near(row["n"], n)
        if n == 0:
            assert row["score"] is row["mean"] is row["spread"] is row["promoters"] is None
            continue
        assert near(row["mean"], mean)
        shares = [math.fsum(w for w, s in scored if oracle.mark("nps", s) == y) / n for y in (1, 0, -1)]
        assert all(near(row[k], x) for k, x in zip(("promoters", "passives", "detractors"), shares, strict=True))
        assert near(row["score"], 100 * n * (shares[0] - shares[2]) / (n + 3))
        if n < 1 - 1e-9:
            assert row["spread"] is None
        elif n > 1 + 1e-9:
            wide = math.sqrt(max(0.0, square - mean * mean) * n / (n - 1))
            assert math.isclose(row["spread"], wide, rel_tol=1e-6, abs_tol=1e-5)
        alone = len({world.voices[v]["customer"] for v, _ in cell if world.voices[v]["score"] is not None}) < 2
        assert (row["spread_low"] is None) == (alone or row["spread"] is None)


# --- worlds with a known truth ----------------------------------------------------------------------------------------

VISIT = sj.Journey(
    ["use"], [sj.Moment("visit", "use", when=sj.event("visit")), sj.Moment("call", "use", when=sj.event("call"))]
)


def heard(events: dict[str, list[int]], said: list[tuple[int, str, float]], **options: Any) -> sj.Attribution:
    """Attribute what customers say of a moment that they name."""
    log = sj.EventLog(
        {
            "customer": [c for ids in events.values() for c in ids],
            "time": [START] * sum(map(len, events.values())),
            "event": [name for name, ids in events.items() for _ in ids],
        }
    )
    voices = {
        "customer": [c for c, _, _ in said],
        "time": [START + timedelta(days=1)] * len(said),
        "moment": [m for _, m, _ in said],
        "score": [float(s) for *_, s in said],
    }
    return VISIT.match(log).attribute(voices, moment="moment", score="score", method="last_touch", **options)


def test_one_group_is_the_raw_score() -> None:
    said = [(c, "visit", s) for c, s in enumerate([10, 9, 3, 7, 8, 10, 2])]
    everyone = {c: "all" for c in range(20)}
    row = heard({"visit": list(range(20))}, said, response_groups=group_table(everyone)).moments(selection=1).rows()[0]
    for name in ("score", "low", "high"):
        assert math.isclose(row[name], row[name + "_reweighted"], rel_tol=1e-12)
    assert row["uncovered"] == 0 and near(row["bound_low"], row["score"]) and near(row["bound_high"], row["score"])


def test_by_hand() -> None:
    # 30 young met it, of whom 2 spoke; 10 old, of whom 4 spoke; 10 without a group, of whom nobody spoke.
    of = {c: "young" if c < 30 else "old" if c < 40 else None for c in range(50)}
    said = [(0, "visit", 1), (1, "visit", 5), *((c, "visit", 5) for c in range(30, 33)), (33, "visit", 3)]
    matched = heard({"visit": list(range(50))}, said, scale="csat", response_groups=group_table(of))
    row = matched.moments(selection=3).rows()[0]
    assert near(row["score"], 4 / 6) and near(row["score_reweighted"], 0.75 * 1 / 2 + 0.25 * 3 / 4)
    assert near(row["uncovered"], 0.2)
    # A dissatisfied voice stands for 3 as many: 1 of 4 young, 3 of 6 old; for a third as many: 1 of 4/3, 3 of 10/3.
    assert near(row["bound_low"], 0.75 / 4 + 0.25 / 2) and near(row["bound_high"], 0.75 * 3 / 4 + 0.25 * 9 / 10)
    # Without end: all like the worst of each group, or none of them. Manski's bounds, given who spoke.
    row = matched.moments(selection=1e12).rows()[0]
    assert row["bound_low"] < 1e-9 and row["bound_high"] > 1 - 1e-9


@pytest.mark.parametrize("selection", [0.5, math.inf, math.nan])
def test_bad_selections_are_refused(selection: float) -> None:
    with pytest.raises(sj.InvalidInput, match="selection: found"):
        heard({"visit": [1]}, []).moments(selection=selection)


@pytest.mark.parametrize("scale", ["nps", "mean"])
def test_reweighted_intervals_hold_the_truth_at_about_the_nominal_rate(scale: str) -> None:
    chance = np.random.default_rng(5)
    of = {c: ("young", "middle", "old")[c % 3] for c in range(900)}
    table = group_table(of)
    answers = {"young": 0.05, "middle": 0.1, "old": 0.4}
    around = {"young": 4.5, "middle": 7.0, "old": 9.0}
    raw, again, rounds = 0, 0, many(250)
    truth = np.mean(
        [oracle.mark(scale, min(10, max(0, round(s)))) for g in around for s in chance.normal(around[g], 2.5, 40_000)]
    ) * (100 if scale == "nps" else 1)
    for _ in range(rounds):
        said = [
            (c, "visit", min(10, max(0, round(chance.normal(around[g], 2.5)))))
            for c, g in of.items()
            if chance.random() < answers[g]
        ]
        row = heard({"visit": list(of)}, said, scale=scale, response_groups=table).moments(0.9).rows()[0]
        raw += row["low"] <= truth <= row["high"]
        again += row["low_reweighted"] <= truth <= row["high_reweighted"]
    assert raw < 0.1 * rounds
    slack = 3 * math.sqrt(0.09 / rounds)
    assert 0.9 - slack - 0.01 <= again / rounds <= 0.9 + slack + 0.01, again / rounds


def test_the_bounds_hold_the_truth_when_the_unhappy_answer_twice_as_readily() -> None:
    chance = np.random.default_rng(6)
    truth = chance.choice([2, 8, 10], 20_000, p=[0.3, 0.3, 0.4])
    said = [(c, "visit", s) for c, s in enumerate(truth) if chance.random() < (0.4 if s <= 6 else 0.2)]
    row = heard({"visit": list(range(len(truth)))}, said).moments(selection=2.2).rows()[0]
    score = 100 * np.mean([oracle.mark("nps", s) for s in truth])
    assert row["high"] < score < row["bound_high"]


# --- same mean, other spread ------------------------------------------------------------------------------------------


def two_moments(chance: np.random.Generator, wider: float) -> sj.Attribution:
    ids = list(range(150))
    said = [(c, "visit", x) for c, x in zip(ids, chance.normal(7, 1, 150), strict=True)]
    said += [(c, "call", x) for c, x in zip(ids, chance.normal(7, wider, 150), strict=True)]
    return heard({"visit": ids, "call": ids}, said, scale="mean")


def test_equal_means_with_unequal_spread_are_told_apart_and_equal_ones_are_not() -> None:
    chance = np.random.default_rng(8)
    rounds = many(120)
    wide = Counter(two_moments(chance, 1.6).compare_scores("visit", "call", draws=200).verdict for _ in range(rounds))
    assert wide["same mean, wider spread"] >= 0.8 * rounds, wide
    alike = Counter(two_moments(chance, 1).compare_scores("visit", "call", draws=200).verdict for _ in range(rounds))
    slack = 3 * math.sqrt(0.09 / rounds)
    for word in ("same mean", "same spread"):
        held = sum(n for verdict, n in alike.items() if word in verdict) / rounds
        assert 0.9 - slack - 0.02 <= held <= 0.9 + slack + 0.02, alike


def test_a_comparison_by_hand() -> None:
    said = [
        (c, m, s) for c, pair in enumerate([(5, 0), (7, 12)] * 20) for m, s in zip(("visit", "call"), pair, strict=True)
    ]
    attribution = heard({"visit": list(range(40)), "call": list(range(40))}, said, scale="mean")
    found = attribution.compare_scores("visit", "call")
    assert (found.mean_a, found.mean_b, found.difference) == (6, 6, 0)
    assert near(found.ratio, 6) and near(found.ratio_low, 6) and near(found.ratio_high, 6)  # said by the same customers
    assert found.low < 0 < found.high and found.verdict == "same mean, wider spread"
    assert attribution.compare_scores("call", "visit").verdict == "same mean, narrower spread"
    flat = heard(
        {"visit": [1, 2], "call": [1, 2]}, [(c, m, 5 + (m == "call") * c) for c in (1, 2) for m in ("visit", "call")]
    )
    found = flat.compare_scores("visit", "call")
    assert found.ratio is None and found.verdict == "higher mean, wider spread"
    with pytest.raises(sj.InvalidInput, match=r"b: found 'cal'.*did you mean 'call'"):
        attribution.compare_scores("visit", "cal")
    with pytest.raises(sj.InvalidInput, match="b: found 'visit', as a"):
        attribution.compare_scores("visit", "visit")
    with pytest.raises(sj.InvalidInput, match="scored by 0 customers, expected two at least"):
        heard({"visit": [1, 2]}, [(1, "visit", 3), (2, "visit", 4)]).compare_scores("visit", "call")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "customer"}, "by: found 'customer', expected 'moment'"),
        ({"by": "topic"}, "by: found 'topic', which the feedback was not read with"),
        ({"apart": "solicited"}, "apart: found 'solicited', which"),
        ({"apart": "group"}, "apart: found 'group', without response groups"),
        ({"apart": "topic"}, "apart: found 'topic', expected 'solicited'"),
        ({"by": "source", "apart": "source"}, "apart: found 'source', as by"),
        ({"draws": 0}, "draws: found 0"),
        ({"interval": 1.0}, "interval: found 1"),
    ],
)
def test_bad_questions_are_refused(options: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        heard({"visit": [1]}, []).scores(**options)


@settings(max_examples=many(25), deadline=None)
@given(worlds(), st.integers(0, 3))
def test_threads_do_not_show_and_draws_go_by_customer(world: World, seed: int) -> None:
    matches = matched(world)
    attribution = attributed(world, "linear", matches)
    one, four = (attribution.scores(apart="source", seed=seed, draws=37, threads=n).to_dict() for n in (1, 4))
    assert one == four
    backwards = World(world.events, world.voices[::-1], world.windows, world.zone, world.horizon, world.half_life)
    turned = attributed(backwards, "linear", matches).scores(apart="source", seed=seed, draws=37).to_dict()
    for name, column in one.items():
        for a, b in zip(column, turned[name], strict=True):
            # A spread of 0 is a square root of a rounding error away from itself.
            assert a == b or (isinstance(a, float) and math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-5)), name


# --- the insurer ------------------------------------------------------------------------------------------------------


def test_the_insurers_unequal_groups_are_put_right() -> None:
    data = sj.datasets.insurer(customers=6000, seed=7)
    of = dict(zip(data.household.to_dict()["customer"], data.household.to_dict()["segment"], strict=True))
    truth = {row["feedback_id"]: row["moment"] for row in data.truth["voices"].rows()}
    feedback = data.feedback.to_arrow()
    named = feedback.append_column(
        "about", pa.array([truth[i] for i in feedback["feedback_id"].to_pylist()], pa.string())
    )
    attribution = data.journey.match(data.log).attribute(
        named,
        score="score",
        scale="mean",
        moment="about",
        method="last_touch",
        response_groups=group_table(of),
    )
    # How readily each segment answers is planted; an answer stands for as many as that says.
    stands_for = {"under 35": 1 / 0.55, "35 to 59": 1.0, "60 and over": 1 / 1.5}
    said = defaultdict(list)
    for row in named.select(["about", "score", "group"]).to_pylist():
        if row["about"] is not None and row["score"] is not None:
            said[row["about"]].append((stands_for[row["group"]], row["score"]))
    raw = reweighted = total = 0.0
    for row in attribution.moments().rows():
        if row["score"] is None or len(said[row["moment"]]) < 100:
            continue
        n, (_, mean, _) = len(said[row["moment"]]), oracle.moments(said[row["moment"]])
        raw += n * abs(row["score"] - mean)
        reweighted += n * abs(row["score_reweighted"] - mean)
        total += n
        assert row["score_reweighted"] < row["score"]  # the old answer most, and score highest
    assert total > 1000
    assert reweighted < raw / 2, (raw / total, reweighted / total)
