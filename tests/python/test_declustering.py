"""The model of what voices are about: against a plain reference on small worlds, against planted truth on large ones.

The bounds on planted worlds are those asked of the model; the reference itself, run once on each, stays within them
(`test_the_reference_is_right_about_a_planted_world` keeps a smaller run of it).
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from scipy.optimize import brentq

import sojourn as sj
from feedback_worlds import DAY, Errors, World, errors, hard_world, measure, planted_world, sim_world
from many import many
from oracles import declustering as reference

STEPS = 480  # of the model's grid of ages
YEAR = 365.25 * 86_400  # seconds, in "per customer-year"
SE = 3.29  # a 90% interval is that many standard errors wide
Weights = dict[int, dict[int | None, float]]


# --- between tables and numbers ---------------------------------------------------------------------------------------


def micros(column: pa.Array) -> list[int]:
    return column.cast(pa.int64()).to_pylist()


def occurrence_rows(matches: sj.Matches) -> list[dict[str, Any]]:
    table = matches.occurrences().to_polars().with_columns(pl.col("time").dt.epoch("us"))
    return table.select("occurrence_id", "customer", "moment", "time", "key").to_dicts()


def problem_of(world: World, matches: sj.Matches, *, with_links: bool | None = None) -> reference.Problem:
    voices = [dict(zip(world.feedback, row, strict=True)) for row in zip(*plain(world.feedback), strict=True)]
    group = dict(zip(*plain(world.groups), strict=True)) if world.groups else {}
    customers = {c: (a, b, group.get(c)) for c, a, b in zip(*plain(world.observed), strict=True)}
    events = zip(world.events["customer"].to_pylist(), micros(world.events["time"]), strict=True)
    first: dict[Any, int] = {}
    for c, t in events:
        first[c] = min(t, first.get(c, t))
    early = {c for c, t in first.items() if t < customers[c][0]}
    return reference.problem(
        occurrence_rows(matches),
        voices,
        customers,
        world.span,
        moments=world.planted["moments"],
        windows=world.windows and {s: (a, b) for s, a, b in zip(*plain(world.windows), strict=True)},
        late=lambda c: world.history == "truncated" or c in early,
        first=first,
        with_links=with_links,
    )


def plain(columns: dict[str, pa.Array]) -> list[list[Any]]:
    return [micros(c) if pa.types.is_timestamp(c.type) else c.to_pylist() for c in columns.values()]


def rows(table: sj.Table) -> list[tuple[Any, ...]]:
    """The rows of a table but for `kept`: these worlds know no promises."""
    return list(zip(*(cells for name, cells in table.to_dict().items() if name != "kept"), strict=True))


def reported(world: World, of: reference.Problem, model: Any) -> reference.Parameters:
    """Read the model's tables: numbers where the reference has them."""
    moments: dict[str | None, int] = {m: i for i, m in enumerate([*world.planted["moments"], None])}
    sources = {s: i for i, s in enumerate(sorted(set(world.planted["sources"])))}
    groups = {g: i for i, g in enumerate(sorted(world.planted["groups"]) if world.groups else [None])}
    topics = {t: i for i, t in enumerate(sorted(set(world.feedback["topic"].drop_null().to_pylist())))}
    n, s, g, t, classes = of.sizes
    alpha, background, links = np.zeros((n, s, g)), np.zeros(s), np.full((n, s), 0.5)
    topic_shares, score_shares = np.full((n + 1, t), np.nan), np.full((n + 1, classes), np.nan)
    for moment, source, group, voices, *_ in rows(model.rates):
        alpha[moments[moment], sources[source], groups[group]] = voices
    for source, rate, *_ in rows(model.background):
        background[sources[source]] = rate / YEAR
    for moment, topic, share in rows(model.topics):
        topic_shares[moments[moment], topics[topic]] = share
    for moment, score, share in rows(model.scores):
        score_shares[moments[moment], int(score)] = share
    for moment, source, share in rows(model.links):
        links[moments[moment], sources[source]] = share
    delays = [delay_of(model, m, of.horizon) for m in world.planted["moments"]]
    return reference.Parameters(model.shape, alpha, background, np.array(delays), topic_shares, score_shares, links)


def delay_of(model: Any, moment: str, horizon: float) -> list[float]:
    """Return the parameters of a moment's delays; of an exponential, the rate that has its mean."""
    row = next(r for r in model.delays.rows() if r["moment"] == moment)
    if model.shape == "piecewise":
        return [r["share"] for r in model.pieces.rows() if r["moment"] == moment]
    if model.shape == "weibull":
        return [row["shape"], row["scale"]]

    middle = reference.edges(horizon, STEPS)
    middle = (middle[1:] + middle[:-1]) / 2

    def mean(rate: float) -> float:
        shares = reference.masses("exponential", np.array([rate]), reference.edges(horizon, STEPS), horizon)
        return float((shares * middle).sum())

    if row.get("scale") is not None:
        return [1 / row["scale"]]
    slowest, fastest = 1e-6 / horizon, 1e7 / horizon
    return [brentq(lambda rate: mean(rate) - row["mean"], slowest, fastest, xtol=1e-18, rtol=1e-14)]


def weights_of(attribution: sj.Attribution) -> Weights:
    out: Weights = defaultdict(dict)
    for row in attribution.weights().rows():
        out[row["feedback"]][row["occurrence_id"]] = row["weight"]
    return out


def posterior_of(
    of: reference.Problem, at: reference.Parameters, matches: sj.Matches, steps: int | None = STEPS
) -> Weights:
    pairs, ground = reference.posterior(of, at, steps)
    ids = [row["occurrence_id"] for row in occurrence_rows(matches)]
    out: Weights = {v: {None: float(w)} for v, w in enumerate(ground)}
    for v, i, w in zip(of.pair_voice, of.pair_occurrence, pairs, strict=True):
        out[int(v)][ids[i]] = float(w)
    return out


def furthest(one: Weights, other: Weights) -> float:
    assert one.keys() == other.keys()
    return max(
        (abs(one[v].get(i, 0.0) - other[v].get(i, 0.0)) for v in one for i in one[v].keys() | other[v].keys()),
        default=0.0,
    )


def sound(attribution: sj.Attribution) -> None:
    """Hold what any answer must: every voice is there, its weights are shares of 1, the objective never fell."""
    by_voice = weights_of(attribution)
    assert sorted(by_voice) == list(range(len(attribution)))
    for shares in by_voice.values():
        assert all(0 <= w <= 1 for w in shares.values())
        assert abs(math.fsum(shares.values()) - 1) <= 1e-12
    about_nothing = math.fsum(shares.get(None, 0.0) for shares in by_voice.values())
    assert math.isclose(attribution.unattributed, about_nothing, rel_tol=1e-9, abs_tol=1e-9)
    model = attribution.model
    trace = np.array(model.trace)
    assert np.isfinite(trace).all() and math.isfinite(model.objective)
    assert (np.diff(trace) >= -1e-9 * np.abs(trace[1:])).all()
    assert model.shape in reference.SHAPES
    assert model.fitted + model.unfitted == len(attribution)
    for table in (model.topics, model.scores):
        totals: dict[Any, float] = defaultdict(float)
        for row in table.rows():
            totals[row["moment"], row["kept"]] += row["share"]
        assert all(math.isclose(total, 1, abs_tol=1e-9) for total in totals.values())


# --- small worlds against the reference -------------------------------------------------------------------------------


def small_world(seed: int) -> World:
    """Return a world of a few hundred voices; what is in it goes by the seed."""
    chance = np.random.default_rng([seed, 99])

    def maybe(*values: Any) -> Any:
        return values[chance.integers(len(values))]

    return planted_world(
        seed,
        customers=int(chance.integers(80, 250)),
        moments=int(chance.integers(1, 5)),
        topics=int(chance.integers(1, 5)),
        rate=(1.0, 4.0),
        alpha=(0.15, 0.45),
        mean_delay=(1.0, 12.0),
        delay=maybe("exponential", "weibull", "lognormal"),
        background=maybe(None, 0.1, 0.4),
        missing_topics=maybe(0.0, 0.3, 1.0),
        missing_scores=maybe(0.0, 0.3),
        sources=maybe(None, {"phone": (0.4, None), "survey": (0.6, (60.0, 300.0))}),
        groups=maybe(None, {"old": (0.7, 1.1), "young": (0.3, 0.6)}),
        keys=maybe(0.0, 0.3),
        events_per_key=maybe(1, 4),
        named=maybe(0.0, 0.2),
        ends=maybe(None, (120.0, 365.0)),
        begins=maybe(None, (0.0, 90.0)),
        history=maybe("complete", "truncated"),
        horizon=maybe(60.0, 30.0, 20.5),
    )


@pytest.mark.parametrize("seed", range(many(36)))
def test_the_model_agrees_with_the_reference(seed: int) -> None:
    """Its objective is what it says, it is at a peak no lower than the reference's, and its weights follow from it."""
    world = small_world(seed)
    shape = reference.SHAPES[seed % 3]
    matches = world.matches()
    attribution = world.attribute(matches, delay=shape)
    model = attribution.model
    assert model.shape == shape
    sound(attribution)
    of = problem_of(world, matches, with_links=len(model.links) > 0)
    assert model.fitted == of.fitted.sum()

    at = reported(world, of, model)
    objective = reference.objective(of, at, STEPS)
    assert math.isclose(model.objective, objective, rel_tol=1e-6), (model.objective, objective)
    assert furthest(weights_of(attribution), posterior_of(of, at, matches)) < 1e-5

    # A peak: from there the reference finds next to nothing more; from its own start it gets no higher.
    onward = reference.fit(of, shape, STEPS, begin=at)
    assert onward.objective - model.objective < 0.02
    own = reference.fit(of, shape, STEPS)
    assert model.objective >= own.objective - 0.05
    if abs(model.objective - own.objective) < 1e-3:
        assert furthest(weights_of(attribution), posterior_of(of, own.parameters, matches)) < 0.02


@pytest.mark.parametrize("seed", range(6))
def test_the_exposure_and_the_background_are_those_of_the_reference(seed: int) -> None:
    world = small_world(seed)
    matches = world.matches()
    model = world.attribute(matches, delay="exponential").model
    of = problem_of(world, matches, with_links=len(model.links) > 0)
    at = reported(world, of, model)
    exposure = reference.exposures(of, "exponential", at.delays, STEPS)
    found = [row[4] for row in rows(model.rates)]
    assert np.allclose(sorted(found), sorted(exposure.ravel()), rtol=1e-4, atol=1e-6)
    # At a peak, expected voices are the voices there are.
    expected = (at.alpha * exposure).sum() + (at.background * of.listening).sum()
    assert math.isclose(expected, model.fitted, rel_tol=1e-4)


def test_the_shape_of_delays_is_that_of_the_best_held_out_likelihood() -> None:
    for delay, shapes in (("weibull", {"weibull", "piecewise"}), ("lognormal", {"weibull", "piecewise"})):
        model = planted_world(5, customers=4000, moments=4, delay=delay).attribute().model
        assert model.shape in shapes
        assert set(model.held_out) == set(reference.SHAPES)
        assert model.shape == max(model.held_out, key=model.held_out.get)


# --- the reference itself ---------------------------------------------------------------------------------------------


def reference_errors(world: World, shape: str, steps: int | None = STEPS) -> tuple[Errors, reference.Fit]:
    matches = world.matches()
    of = problem_of(world, matches)
    fit = reference.fit(of, shape, steps, tolerance=1e-9)
    found = posterior_of(of, fit.parameters, matches, steps)
    occurrences = occurrence_rows(matches)
    number: dict[int | None, int] = {row["occurrence_id"]: i for i, row in enumerate(occurrences)} | {None: -1}
    pairs = [(v, number[i], w) for v, shares in found.items() for i, w in shares.items()]
    voice, occurrence, weight = (np.array(column) for column in zip(*pairs, strict=True))
    truth = np.array([number[i] for i in world.occurrence_ids(matches)])
    scores = np.array([math.nan if s is None else s for s in world.feedback["score"].to_pylist()])
    moment_of = {i: row["moment"] for i, row in enumerate(occurrences)}
    return errors(voice, occurrence, weight, truth, moment_of, scores, world.planted["moments"]), fit


def test_the_reference_is_right_about_a_planted_world() -> None:
    off, fit = reference_errors(planted_world(7, customers=3000), "exponential")
    assert off.calibration <= 0.02 and off.calibration_all <= 0.006, off
    assert off.totals <= 0.03 and off.worst_nps <= 5 and off.right >= 0.85, off
    assert (np.diff(fit.trace) >= 0).all()


@pytest.mark.parametrize("seed", range(6))
def test_the_reference_ends_where_no_parameter_can_be_bettered(seed: int) -> None:
    """The closed forms and the search of `fit` against the definition that `objective` evaluates."""
    world = small_world(seed)
    of = problem_of(world, world.matches())
    shape = reference.SHAPES[seed % 3]
    best = reference.fit(of, shape, STEPS)
    generator = np.random.default_rng(seed)
    for name in ("alpha", "background", "delays", "topics", "scores", "links"):
        now = getattr(best.parameters, name)
        for _ in range(10 if now.size else 0):
            other = now * np.exp(0.1 * generator.standard_normal(now.shape))
            if name in ("topics", "scores") or (name, shape) == ("delays", "piecewise"):
                other /= other.sum(axis=1, keepdims=True)
            if name == "links":
                other = np.clip(other, 0.001, 0.999)
            moved = reference.objective(of, replace(best.parameters, **{name: other}), STEPS)
            assert moved <= best.objective + 1e-6, name


def test_a_world_is_what_it_says() -> None:
    """The same by seed; every cause is an occurrence before its voice; as many voices as planted."""
    options: dict[str, Any] = {"customers": 2000, "moments": 4, "keys": 0.3, "missing_topics": 0.5, "unhappy": 2.0}
    world, again = planted_world(61, **options), planted_world(61, **options)
    assert all(getattr(world, t) == getattr(again, t) for t in ("events", "feedback", "truth", "observed"))
    assert planted_world(62, **options).feedback != world.feedback
    matches = world.matches()
    ids = world.occurrence_ids(matches)
    assert [i is None for i in ids] == world.truth["moment"].is_null().to_pylist()
    of_id = {row["occurrence_id"]: row for row in occurrence_rows(matches)}
    said = plain(world.feedback)
    for v, i in enumerate(ids):
        if i is not None:
            assert of_id[i]["customer"] == said[0][v] and of_id[i]["time"] <= said[1][v]
            assert said[5][v] in (None, of_id[i]["key"])
    counts = world.truth["moment"].to_pylist()
    for moment, expected in world.expected_voices().items():
        assert abs(counts.count(moment) - expected) < 4 * math.sqrt(expected)
    assert world.feedback["topic"].null_count == pytest.approx(0.5 * len(ids), rel=0.1)
    unhappy = planted_world(61, **{**options, "unhappy": 1.0, "alpha": (0.2, 0.3)})
    assert np.allclose(unhappy.planted["experienced"], unhappy.planted["scores"][:4])


@pytest.mark.parametrize("shape", reference.SHAPES)
def test_the_objective_of_the_reference_never_falls_and_the_grid_costs_little(shape: str) -> None:
    for seed in (1, 2, 3):
        world = small_world(seed)
        of = problem_of(world, world.matches())
        read, exact = (reference.fit(of, shape, steps) for steps in (STEPS, None))
        assert all((np.diff(fit.trace) >= -1e-9 * abs(fit.objective)).all() for fit in (read, exact))
        assert abs(read.objective - exact.objective) < 1e-3 * abs(exact.objective)
        voices = [
            np.bincount(of.occurrence_moment[of.pair_occurrence], reference.posterior(of, fit.parameters, steps)[0])
            for fit, steps in ((read, STEPS), (exact, None))
        ]
        assert np.allclose(*voices, rtol=0.02, atol=0.2)


# --- planted truth ----------------------------------------------------------------------------------------------------

Case = tuple[sj.Attribution, Errors, Errors]


@cache
def answers(kind: str) -> Case:
    """Return the model's answer, how far it is off, and how far last touch is."""
    if kind == "insurer":
        data = sj.datasets.insurer()
        matches = data.journey.match(data.log)
        roles = {name: name for name in ("source", "solicited", "score", "topic", "text", "key")}
        groups = data.household.to_polars().unique("customer").select("customer", group="segment")
        model = matches.attribute(data.feedback, response_groups=groups, **roles)
        last, truth = matches.attribute(data.feedback, method="last_touch", **roles), insurer_truth(data, matches)
    else:
        world = {"sim": sim_world, "hard": hard_world}[kind]()
        matches = world.matches()
        model, last = world.attribute(matches), world.attribute(matches, method="last_touch")
        truth = world.occurrence_ids(matches)
    return model, measure(model, truth), measure(last, truth)


def insurer_truth(data: sj.datasets.Insurer, matches: sj.Matches) -> list[int | None]:
    """Return the occurrence behind each voice: that of its moment and time which its event began."""
    began = data.events.to_polars().select("event_id", start_time="time")
    voices = data.truth["voices"].to_polars().join(began, on="event_id", how="left", maintain_order="left")
    voices = voices.join(
        data.feedback.to_polars().select("feedback_id", "customer"), on="feedback_id", maintain_order="left"
    )
    same = ["customer", "moment", "time", "start_time"]
    occurrences = matches.occurrences().to_polars().select(*same, "occurrence_id").unique(same)
    truth = voices.join(occurrences, on=same, how="left", maintain_order="left")["occurrence_id"]
    assert truth.null_count() == voices["moment"].null_count()
    return truth.to_list()


# On the insurer the reference is .0205 off, of which chance alone makes .009 (truth drawn from its own weights; with
# 80,000 households .0154 and .004). The rest is the insurer's: adjusters who come late are spoken of half as often
# again as prompt ones (.35 and .24 voices each), so that one rate for all takes from the notice of loss before.
BOUNDS = {"sim": (0.01, 0.03, 5.0), "hard": (0.03, 0.10, 8.0), "insurer": (0.025, 0.03, 5.0)}


@pytest.mark.parametrize("kind", BOUNDS)
def test_planted_truth_is_found(kind: str) -> None:
    attribution, off, last = answers(kind)
    calibration, totals, nps = BOUNDS[kind]
    print(f"{kind:8} {'model':11} {off}\n{kind:8} {'last touch':11} {last}")
    sound(attribution)
    assert off.calibration <= calibration, off
    assert off.totals <= totals, off
    assert off.worst_nps <= nps, off.nps
    # The same table, the other method.
    assert off.totals < last.totals and off.right > last.right and off.worst_nps < last.worst_nps
    assert off.calibration_all < last.calibration_all


@pytest.mark.parametrize("kind", ["sim", "insurer"])
def test_each_moment_is_within_two_standard_errors(kind: str) -> None:
    """One in twenty lies outside by chance: of 12 or 15 moments at most two (P = .98, .97), none by more than 3½."""
    attribution, off, _ = answers(kind)
    away = {}
    for row in attribution.moments(interval=0.9).rows():
        _, true = off.moments[row["moment"]]
        away[row["moment"]] = abs(row["voices"] - true) / ((row["voices_high"] - row["voices_low"]) / SE)
    assert sum(z > 2 for z in away.values()) <= 2, away
    assert max(away.values()) <= 3.5, away


def test_the_calibration_reported_is_that_of_the_definition() -> None:
    attribution, off, _ = answers("sim")
    world = sim_world()
    truth = pa.table(
        {
            "feedback": pa.array(range(len(attribution))),
            "occurrence_id": pa.array(
                world.occurrence_ids(attribution.matches), attribution.weights().to_arrow()["occurrence_id"].type
            ),
        }
    )
    found = sj.calibration(attribution, truth)
    assert found.error == pytest.approx(off.calibration, abs=5e-4)  # where bins split is not said to the pair
    assert len(found.bins) == 20


# --- what decides, what cannot be told --------------------------------------------------------------------------------


def test_links_decide() -> None:
    world = planted_world(11, customers=600, moments=4, keys=0.4, named=0.3, topics=3, alpha=(0.2, 0.4))
    matches = world.matches()
    attribution = world.attribute(matches)
    sound(attribution)
    truth = world.occurrence_ids(matches)
    moment_of = {r["occurrence_id"]: r["moment"] for r in matches.occurrences().rows()}
    keys, named = world.feedback["key"].to_pylist(), world.feedback["moment"].to_pylist()
    seen = {"key": 0, "named": 0}
    for row in attribution.weights().rows():
        v = row["feedback"]
        if keys[v] is not None:  # a key is one event's
            assert row["how"] == ("key" if named[v] is None else "named")
            assert (row["occurrence_id"], row["weight"]) == (truth[v], 1)
            seen[row["how"]] += 1
        elif named[v] is not None and row["how"] != "unattributed":
            assert row["how"] == "named" and moment_of[row["occurrence_id"]] == named[v]
            seen["named"] += 1
        elif named[v] is not None:  # beyond the horizon
            assert row["weight"] == 1
        else:
            assert row["how"] in ("model", "unattributed")
    assert min(seen.values()) > 50


def test_moments_that_always_come_together_are_told_as_inseparable() -> None:
    same: dict[str, Any] = {"customers": 3000, "moments": 4, "topics": 4, "rate": (1.5, 1.5)}
    apart = planted_world(21, **same).attribute().moments().rows()
    assert [row["inseparable_from"] for row in apart] == [None] * 4
    for minutes in (1, 60):
        world = planted_world(21, **same, together=minutes / 1440)
        rows_of = world.attribute().moments().rows()
        assert rows_of[0]["inseparable_from"] is not None and "m1" in rows_of[0]["inseparable_from"]
        assert rows_of[1]["inseparable_from"] is not None and "m0" in rows_of[1]["inseparable_from"]
        assert [row["inseparable_from"] for row in rows_of[2:]] == [None] * 2
        for i in (0, 1):
            wide, narrow = (r["voices_high"] - r["voices_low"] for r in (rows_of[i], apart[i]))
            assert wide > 2.5 * narrow, (minutes, rows_of[i], apart[i])
        # Their sum is known as well as any.
        true = [world.truth["moment"].to_pylist().count(m) for m in ("m0", "m1")]
        assert abs(rows_of[0]["voices"] + rows_of[1]["voices"] - sum(true)) < 0.1 * sum(true)
        if minutes == 1:  # an hour tells a little
            assert rows_of[0]["voices_low"] <= true[0] <= rows_of[0]["voices_high"]


# --- windows, censoring, truncation, groups ---------------------------------------------------------------------------


def recovered(world: World) -> dict[str, tuple[float, float, float]]:
    """Return for each moment the voices found, those expected of the planted parameters, and the standard error."""
    expected = world.expected_voices()
    return {
        row["moment"]: (row["voices"], expected[row["moment"]], (row["voices_high"] - row["voices_low"]) / SE)
        for row in world.attribute(delay="exponential").moments().rows()
    }


def test_the_rate_of_voices_is_recovered_where_a_third_of_the_occurrences_are_censored() -> None:
    world = planted_world(
        31,
        customers=6000,
        moments=4,
        topics=4,
        days=120,
        rate=(4.0, 6.0),
        alpha=(0.08, 0.25),
        mean_delay=(8.0, 15.0),
        ends=(40.0, 120.0),
        sources={"phone": (0.5, None), "survey": (0.5, (20.0, 80.0))},
    )
    last = dict(zip(*(plain(world.observed)[i] for i in (0, 2)), strict=True))
    happened = zip(world.events["customer"].to_pylist(), micros(world.events["time"]), strict=True)
    cut = np.mean([last[c] - t < 30 * DAY for c, t in happened])
    assert cut > 1 / 3
    attribution = world.attribute(delay="exponential")
    sound(attribution)
    moments = {row["moment"]: row for row in attribution.moments().rows()}
    alpha, exposure = defaultdict(float), defaultdict(dict)
    for moment, source, _, rate, exposed in rows(attribution.model.rates):
        alpha[moment] += rate
        exposure[moment][source] = exposed
    naive_off = 0
    for m, name in enumerate(world.planted["moments"]):
        row, planted = moments[name], world.planted["alpha"][m].sum()
        relative = (row["voices_high"] - row["voices_low"]) / SE / row["voices"]
        # One source hears less of the moment than both: its rate is the less certain of the two.
        certain = relative * math.sqrt(sum(exposure[name].values()) / min(exposure[name].values()))
        assert abs(alpha[name] - planted) <= 3 * certain * planted, (name, alpha[name], planted)
        naive_off += abs(row["heard_share"] - planted) > 3 * relative * planted
    assert naive_off >= 2  # voices by occurrences know nothing of censoring


@pytest.mark.parametrize("history", ["truncated", "complete"])
def test_voices_of_the_first_horizon_are_scored_and_not_fitted(history: str) -> None:
    world = planted_world(
        33, customers=4000, moments=3, topics=3, rate=(2.0, 3.0), begins=(60.0, 120.0), history=history
    )
    attribution = world.attribute(delay="exponential")
    sound(attribution)
    of = problem_of(world, attribution.matches)
    assert attribution.model.fitted == of.fitted.sum() and 0 < attribution.model.unfitted < len(attribution) / 2
    for m, row in enumerate(attribution.model.rates.rows()):
        assert row["voices_per_occurrence"] == pytest.approx(world.planted["alpha"][m, 0, 0], rel=0.15)


def test_groups_have_rates_of_their_own() -> None:
    world = planted_world(
        35, customers=4000, moments=3, topics=3, rate=(2.0, 3.0), groups={"often": (0.5, 1.5), "rarely": (0.5, 0.5)}
    )
    rates = {(r["moment"], r["group"]): r["voices_per_occurrence"] for r in world.attribute().model.rates.rows()}
    for m in world.planted["moments"]:
        assert rates[m, "often"] / rates[m, "rarely"] == pytest.approx(3, rel=0.25)
    # A customer in no group is of a group of its own.
    assert world.groups is not None
    half = {name: column.slice(0, 2000) for name, column in world.groups.items()}
    groups = set(replace(world, groups=half).attribute().model.rates.to_dict()["group"])
    assert groups == {"often", "rarely", None}


def test_all_voices_are_expected_of_the_planted_parameters() -> None:
    off = recovered(planted_world(37, customers=3000, moments=5, topics=4))
    assert all(abs(found - expected) < 3 * error for found, expected, error in off.values()), off


# --- the same bits ----------------------------------------------------------------------------------------------------


def test_threads_do_not_show() -> None:
    world = planted_world(
        41,
        customers=1200,
        moments=4,
        topics=3,
        missing_topics=0.2,
        keys=0.2,
        groups={"a": (0.5, 1.2), "b": (0.5, 0.8)},
        sources={"phone": (0.5, None), "survey": (0.5, (30.0, 200.0))},
    )

    def everything(threads: int) -> list[Any]:
        attribution = world.attribute(world.matches(threads=threads), threads=threads)
        model = attribution.model
        tables = [attribution.weights(threads=threads), attribution.moments(draws=20), attribution.coverage()]
        tables += [model.background, model.rates, model.delays, model.topics, model.scores, model.links]
        return [*(table.to_dict() for table in tables), model.trace, model.objective, model.held_out, model.shape]

    one = everything(1)
    assert one == everything(2) == everything(4)


def test_the_order_of_the_table_does_not_matter_to_what_is_found() -> None:
    world = small_world(4)
    n = len(world.feedback["customer"])
    order = np.random.default_rng(1).permutation(n)
    other = replace(world, feedback={name: column.take(pa.array(order)) for name, column in world.feedback.items()})
    one, two = (weights_of(w.attribute(delay="exponential")) for w in (world, other))
    assert furthest(one, {int(order[v]): two[v] for v in two}) < 1e-4


# --- empty and degenerate ---------------------------------------------------------------------------------------------


def base_world(**more: Any) -> World:
    return planted_world(51, customers=200, moments=3, topics=3, alpha=(0.2, 0.4), **more)


def only(world: World, keep: np.ndarray) -> World:
    mask = pa.array(keep)
    return replace(
        world,
        feedback={name: column.filter(mask) for name, column in world.feedback.items()},
        truth={name: column.filter(mask) for name, column in world.truth.items()},
    )


def edge_cases() -> dict[str, tuple[World, dict[str, Any]]]:
    world = base_world()
    n = len(world.feedback["customer"])
    caused = ~np.array(world.truth["moment"].is_null())
    linked = base_world(keys=1.0)
    strangers = pa.array(np.arange(n) + 10_000)
    silent = np.array(world.events["event"].to_pylist()) != "m2"
    same_time = pa.array([world.observed["from"][0].as_py()] * n, pa.timestamp("us"))
    return {
        "no voices": (only(world, np.zeros(n, bool)), {}),
        "one voice": (only(world, np.arange(n) == np.flatnonzero(caused)[0]), {}),
        "no occurrences of a moment": (
            replace(world, events={k: c.filter(pa.array(silent)) for k, c in world.events.items()}),
            {},
        ),
        "no topic": (world, {"topic": None}),
        "only null topics": (replace(world, feedback={**world.feedback, "topic": pa.nulls(n, pa.string())}), {}),
        "no score": (world, {"score": None}),
        "only null scores": (replace(world, feedback={**world.feedback, "score": pa.nulls(n, pa.int64())}), {}),
        "neither topic nor score nor source": (world, {"topic": None, "score": None, "source": None}),
        "all linked": (only(linked, ~np.array(linked.truth["moment"].is_null())), {}),
        "all background": (only(world, ~caused), {}),
        "none background": (only(world, caused), {}),
        "all voices of other customers": (replace(world, feedback={**world.feedback, "customer": strangers}), {}),
        "all at one instant before anything": (replace(world, feedback={**world.feedback, "time": same_time}), {}),
        "a topic each": (
            replace(world, feedback={**world.feedback, "topic": pa.array([f"t{i}" for i in range(n)])}),
            {},
        ),
        "one source by null": (replace(world, feedback={**world.feedback, "source": pa.nulls(n, pa.string())}), {}),
        "a short horizon": (world, {"horizon": "1m"}),
        "no horizon": (world, {"horizon": "0d"}),
    }


@pytest.mark.parametrize("case", edge_cases())
def test_degenerate_input_has_an_answer(case: str) -> None:
    world, options = edge_cases()[case]
    try:
        attribution = world.attribute(**options)
    except sj.InvalidInput as refusal:
        assert case == "no horizon" and "horizon" in str(refusal)
        return
    sound(attribution)
    assert len(attribution) == len(world.feedback["customer"])
    for row in attribution.moments(draws=5).rows():
        for name in ("voices", "voices_low", "voices_high", "heard_share", "score", "low", "high", "delay"):
            assert row[name] is None or math.isfinite(row[name]), (name, row)
        if row["voices_low"] is not None:
            assert 0 <= row["voices_low"] <= row["voices_high"]
    assert len(attribution.coverage()) > 0 or case == "no voices"
    assert repr(attribution) and attribution._repr_html_()
    if case in ("all voices of other customers", "all at one instant before anything"):
        assert attribution.unattributed == len(attribution)
    if case == "all linked":
        assert attribution.unattributed == 0
    if case == "no occurrences of a moment":
        assert next(r for r in attribution.moments().rows() if r["moment"] == "m2")["voices"] == 0


def test_a_horizon_of_calendar_months_is_refused() -> None:
    with pytest.raises(sj.InvalidInput, match="horizon"):
        base_world().attribute(horizon="2 months")


HOSTILE = [
    "<script>alert('x')</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe\u202c \u200f",
    "nul\x00nul",
    "'; drop table voices; --",
    "{{ 7*7 }} ${7*7} %s %n",
    "é" * 1_000_000,
    "",
]


def test_hostile_text_goes_through_as_data() -> None:
    """Renamed to hostile words of the same order, topics and sources give the same weights; texts are never read."""
    words = sorted(HOSTILE)
    world = base_world(sources={"a": (0.5, None), "b": (0.5, None)})
    n = len(world.feedback["customer"])
    rename = {"t0": words[2], "t1": words[4], "t2": words[6], "a": words[1], "b": words[7]}
    hostile = {
        **world.feedback,
        "topic": pa.array([rename[t] for t in world.feedback["topic"].to_pylist()], pa.string()),
        "source": pa.array([rename[s] for s in world.feedback["source"].to_pylist()], pa.string()),
        "text": pa.array([HOSTILE[v % len(HOSTILE)] if v < 16 else None for v in range(n)], pa.string()),
    }
    plain_answer = world.attribute(delay="exponential")
    attribution = replace(world, feedback=hostile).attribute(delay="exponential", text="text")
    sound(attribution)
    assert attribution.weights().to_dict() == plain_answer.weights().to_dict()
    assert attribution.feedback.to_dict()["topic"] == hostile["topic"].to_pylist()
    assert attribution.feedback.to_dict()["text"] == hostile["text"].to_pylist()
    assert set(attribution.model.topics.to_dict()["topic"]) == {rename[f"t{i}"] for i in range(3)}
    assert set(attribution.model.background.to_dict()["source"]) == {rename["a"], rename["b"]}
    for page in (attribution._repr_html_(), attribution.model.topics._repr_html_(), attribution.feedback._repr_html_()):
        assert "<script>" not in page
