"""Marked stochastic declustering of feedback, written apart from the code and as plainly as it goes.

A voice of customer c (group g), source s, time t, topic y, score r comes about at the rate

    λ = μ_s p₀(y) q₀(r) ℓ₀ + Σ_i α[m_i, s, g] k_{m_i}(t − s_i) p_{m_i}(y) q_{m_i}(r) ℓ_{m_i, s}

over the occurrences it may be about (docs/listening.md, items 1 and 2). A topic or score that is missing has the factor
1; ℓ is the share of linked voices, 1 − ℓ that of the others; a linked voice is never background. The objective is

    Σ log λ − Σ α · exposure − Σ μ · exposure + ½ Σ log p + ½ Σ log q + ½ Σ (log ℓ + log(1 − ℓ)) [+ ½ Σ log mass]

the last over the pieces of piecewise constant delays. `objective` evaluates it from the definition, `fit` raises it by
EM with delays by generic numerical search, `posterior` says what each voice is about. Ages are read on a grid of
`steps` steps with edges H (j / steps)², the density constant within a step; `steps=None` reads them as they are, which
shows what the grid costs. Sources: Veen & Schoenberg 2008; Zhuang, Ogata & Vere-Jones 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize

Row = Mapping[str, Any]
PIECES = 24
SHAPES = ("exponential", "weibull", "piecewise")
Link = tuple[Sequence[int], bool]  # candidates, whether they are linked


# --- what there is to explain -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """Occurrences and voices as numbers; times in seconds, missing topics and scores as −1."""

    horizon: float
    sizes: tuple[int, int, int, int, int]
    """How many moments, sources, groups, topics and score classes; no topics or scores: 0."""
    with_links: bool
    occurrence_moment: np.ndarray
    occurrence_group: np.ndarray
    heard: np.ndarray  # occurrence × source × 2: from and to what age it is heard
    listening: np.ndarray  # source: seconds of listening to customers
    source: np.ndarray  # of each voice, as the next four
    group: np.ndarray
    topic: np.ndarray
    score: np.ndarray
    linked: np.ndarray
    fitted: np.ndarray
    other: np.ndarray  # of no customer of the log, or naming a moment that is not there: about nothing
    pair_voice: np.ndarray  # every voice with every candidate
    pair_occurrence: np.ndarray
    pair_age: np.ndarray
    pair_old: np.ndarray  # linked to, but older than the horizon: weighed, not fitted


def candidates(occurrences: Sequence[tuple[int, Row]], voice: Row, horizon: int) -> Link:
    """Return the numbers of what a voice may be about, and whether it is linked.

    Parameters
    ----------
    occurrences
        The numbers and rows of all occurrences of the voice's customer.
    horizon
        In microseconds, as all times.
    """
    before = [(i, o) for i, o in occurrences if o["time"] <= voice["time"]]
    recent = [(i, o) for i, o in before if o["time"] >= voice["time"] - horizon]
    key, moment = voice.get("key"), voice.get("moment")
    same = [(i, o) for i, o in before if key is not None and o["key"] == key]
    if moment is not None:
        found = [i for i, o in same if o["moment"] == moment] or [i for i, o in recent if o["moment"] == moment]
        return found, True
    return ([i for i, _ in same], True) if same else ([i for i, _ in recent], False)


def problem(
    occurrences: Sequence[Row],
    voices: Sequence[Row],
    customers: Mapping[Any, tuple[int, int, Any]],
    horizon: int,
    *,
    moments: Sequence[str],
    windows: Mapping[Any, tuple[int, int]] | None = None,
    late: Callable[[Any], bool] = lambda customer: False,
    first: Mapping[Any, int] | None = None,
    scale: str = "nps",
    with_links: bool | None = None,
) -> Problem:
    """Read rows.

    Parameters
    ----------
    occurrences
        Rows with customer, moment, time, key; as all times, in microseconds.
    voices
        Rows with customer, time, and any of source, topic, score, key, moment.
    customers
        All customers of the log → from, to, group (None is a group too).
    windows
        Source → from, to; None: all sources always.
    late
        Whether a customer's first horizon lacks candidates: history truncated, or events from before observation.
    first
        Customer → its first event: nobody speaks before. Customers without events have no voices to be explained. None:
        all are there from the start.
    with_links
        Whether being linked is a mark; None: if any voice is.
    """
    names = sorted({v.get("source") for v in voices} | set(windows or {}), key=lambda s: (s is not None, s or ""))
    groups = sorted({g for _, _, g in customers.values()}, key=lambda g: (g is not None, g or ""))
    topics = sorted({v["topic"] for v in voices if v.get("topic") is not None})
    told = any(v.get("score") is not None for v in voices)
    classes = {"nps": list(range(11)), "csat": list(range(1, 6))}.get(scale) or sorted(
        {v["score"] for v in voices if v.get("score") is not None}
    )
    if len(classes) > 11:
        raise ValueError("means of more than ten values are not for this oracle")
    always = (-(10**18), 10**18)
    opened = {s: (windows or {}).get(s, always) for s in names}
    never = 10**18
    starts = {
        c: max(f + (horizon if late(c) else 0), -never if first is None else first.get(c, never))
        for c, (f, _, _) in customers.items()
    }

    def overlap(customer: Any, source: Any) -> tuple[int, int]:
        return max(starts[customer], opened[source][0]), min(customers[customer][1], opened[source][1])

    listening = [sum(max(0, b - a) for a, b in (overlap(c, s) for c in customers)) / 1e6 for s in names]
    heard = np.zeros((len(occurrences), len(names), 2))
    for i, o in enumerate(occurrences):
        for j, s in enumerate(names):
            a, b = (min(max(edge - o["time"], 0), horizon) / 1e6 for edge in overlap(o["customer"], s))
            heard[i, j] = a, max(a, b)

    of_customer: dict[Any, list[tuple[int, Row]]] = {c: [] for c in customers}
    for i, o in enumerate(occurrences):
        of_customer[o["customer"]].append((i, o))
    pairs: list[tuple[int, int, float, bool]] = []
    linked, fitted, other = (np.zeros(len(voices), dtype=bool) for _ in range(3))
    for v, voice in enumerate(voices):
        c = voice["customer"]
        if c not in customers:
            other[v] = True
            continue
        found, linked[v] = candidates(of_customer[c], voice, horizon)
        other[v] = linked[v] and not found
        if any(
            voice["time"] - occurrences[i]["time"] <= horizon for i in found
        ):  # what is older does not count beside it
            found = [i for i in found if voice["time"] - occurrences[i]["time"] <= horizon]
        ages = [voice["time"] - occurrences[i]["time"] for i in found]
        pairs += [(v, i, min(age, horizon) / 1e6, age > horizon) for i, age in zip(found, ages, strict=True)]
        in_time = starts[c] <= voice["time"] <= customers[c][1]
        fitted[v] = in_time and not other[v] and (not linked[v] or min(ages) <= horizon)
    linked &= ~other

    def column(values: Sequence[Any], among: Sequence[Any]) -> np.ndarray:
        number = {value: i for i, value in enumerate(among)}
        return np.array([-1 if value is None and None not in number else number[value] for value in values], dtype=int)

    pair = [np.array([p[k] for p in pairs], dtype=t) for k, t in enumerate((int, int, float, bool))]
    return Problem(
        horizon / 1e6,
        (len(moments), len(names), len(groups), len(topics), len(classes) if told else 0),
        bool(linked.any()) if with_links is None else with_links,
        column([o["moment"] for o in occurrences], moments),
        column([customers[o["customer"]][2] for o in occurrences], groups),
        heard,
        np.array(listening),
        column([v.get("source") for v in voices], names),
        column([customers[v["customer"]][2] if v["customer"] in customers else groups[0] for v in voices], groups),
        column([v.get("topic") for v in voices], topics),
        column([v.get("score") for v in voices], classes),
        linked,
        fitted,
        other,
        *pair,
    )


# --- delays -----------------------------------------------------------------------------------------------------------


def edges(horizon: float, steps: int) -> np.ndarray:
    """Return steps + 1 ages at which one step ends and the next begins."""
    return horizon * (np.arange(steps + 1) / steps) ** 2


def cumulative(shape: str, parameters: np.ndarray, age: np.ndarray, horizon: float, steps: int | None) -> np.ndarray:
    """Return K, the share of delays up to an age.

    Parameters
    ----------
    parameters
        exponential: rate; weibull: shape, scale (seconds); both cut off at the horizon. piecewise: 24 masses.
    """
    if steps is not None:
        e = edges(horizon, steps)
        return np.interp(age, e, cumulative(shape, parameters, e, horizon, None))
    if shape == "piecewise":
        return np.interp(age, edges(horizon, len(parameters)), np.append(0, np.cumsum(parameters)))
    power, scale = (1.0, 1 / parameters[0]) if shape == "exponential" else parameters
    return np.expm1(-((age / scale) ** power)) / np.expm1(-((horizon / scale) ** power))


def masses(shape: str, parameters: np.ndarray, e: np.ndarray, horizon: float) -> np.ndarray:
    """Return the share of delays within each step; by hazards, since the tail is lost in differences of K."""
    if shape == "piecewise":
        return np.diff(cumulative(shape, parameters, e, horizon, None))
    power, scale = (1.0, 1 / parameters[0]) if shape == "exponential" else parameters
    hazard = (e / scale) ** power
    return np.exp(-hazard[:-1]) * np.expm1(-np.diff(hazard)) / np.expm1(-((horizon / scale) ** power))


def density(shape: str, parameters: np.ndarray, age: np.ndarray, horizon: float, steps: int | None) -> np.ndarray:
    """Return k, per second."""
    if steps is not None or shape == "piecewise":
        e = edges(horizon, steps if steps is not None else len(parameters))
        step = np.clip(np.searchsorted(e, age, side="right") - 1, 0, len(e) - 2)
        return (masses(shape, parameters, e, horizon) / np.diff(e))[step]
    power, scale = (1.0, 1 / parameters[0]) if shape == "exponential" else parameters
    x = np.maximum(age, 1e-6) / scale  # a Weibull of shape below 1 is infinite at 0
    return power / scale * x ** (power - 1) * np.exp(-(x**power)) / -np.expm1(-((horizon / scale) ** power))


# --- the objective ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Parameters:
    """One state of the model."""

    shape: str
    alpha: np.ndarray  # moment × source × group
    background: np.ndarray  # source: per second of listening
    delays: np.ndarray  # moment × parameters of the shape
    topics: np.ndarray  # moment, then background × topic
    scores: np.ndarray  # moment, then background × class
    links: np.ndarray  # moment × source


def exposures(of: Problem, shape: str, delays: np.ndarray, steps: int | None) -> np.ndarray:
    """Return moment × source × group: how much of the delays of its occurrences could be heard."""
    out = np.zeros(of.sizes[:3])
    for m in range(of.sizes[0]):
        mine = of.occurrence_moment == m
        spans = cumulative(shape, delays[m], of.heard[mine], of.horizon, steps)
        for g in range(of.sizes[2]):
            out[m, :, g] = (spans[..., 1] - spans[..., 0])[of.occurrence_group[mine] == g].sum(axis=0)
    return out


def rates(of: Problem, at: Parameters, steps: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts of each voice's λ: of each pair, and of the background."""

    def marks(shares: np.ndarray, rows: np.ndarray, mark: np.ndarray) -> np.ndarray:
        return np.hstack([shares, np.ones((len(shares), 1))])[rows, mark]  # a missing mark, −1: the factor 1

    v, m = of.pair_voice, of.occurrence_moment[of.pair_occurrence]
    k = np.zeros(len(v))
    for moment in range(of.sizes[0]):
        k[m == moment] = density(at.shape, at.delays[moment], of.pair_age[m == moment], of.horizon, steps)
    pair = at.alpha[m, of.source[v], of.group[v]] * k
    pair = pair * marks(at.topics, m, of.topic[v]) * marks(at.scores, m, of.score[v])
    if of.with_links:
        share = at.links[m, of.source[v]]
        pair = pair * np.where(of.linked[v], share, 1 - share)
    last = np.full(len(of.source), of.sizes[0])
    ground = at.background[of.source] * marks(at.topics, last, of.topic) * marks(at.scores, last, of.score)
    return pair, np.where(of.linked, 0.0, ground)


def objective(of: Problem, at: Parameters, steps: int | None) -> float:
    """Return the penalised log likelihood."""
    pair, ground = rates(of, at, steps)
    counted = ~of.pair_old
    total = ground + np.bincount(of.pair_voice[counted], pair[counted], len(ground))
    out = np.log(total[of.fitted]).sum()
    out -= (at.alpha * exposures(of, at.shape, at.delays, steps)).sum()
    out -= (at.background * of.listening).sum()
    out += 0.5 * (np.log(at.topics).sum() + np.log(at.scores).sum())
    if of.with_links:
        out += 0.5 * (np.log(at.links) + np.log1p(-at.links)).sum()
    if at.shape == "piecewise":
        out += 0.5 * np.log(at.delays).sum()
    return float(out)


def posterior(of: Problem, at: Parameters, steps: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return what of each voice is about each candidate, and what of it about nothing."""
    pair, ground = rates(of, at, steps)
    ground = np.where(of.other, 1.0, ground)
    total = ground + np.bincount(of.pair_voice, pair, len(ground))
    return pair / total[of.pair_voice], ground / total


# --- EM ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fit:
    parameters: Parameters
    objective: float
    trace: list[float]


def golden(function: Callable[[float], float], low: float, high: float, rounds: int = 60) -> float:
    """Return where a function of one peak is highest."""
    ratio = (5**0.5 - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(rounds):
        if at_a >= at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = function(b)
    return (low + high) / 2


def _unpacked(shape: str, x: np.ndarray, horizon: float) -> np.ndarray:
    if shape == "exponential":
        return np.exp(x) / horizon
    return np.array([np.exp(x[0]), horizon * np.exp(x[1])])


def _packed(shape: str, delays: np.ndarray, horizon: float) -> np.ndarray:
    return np.log(delays * horizon) if shape == "exponential" else np.log([delays[0], delays[1] / horizon])


def _coverage(of: Problem, steps: int) -> np.ndarray:
    """Return moment × source × group × step: of how many occurrences the step is heard, parts of steps included.

    Within a step K is linear, so that exposure is a step's mass times this.
    """
    e = edges(of.horizon, steps)

    def up_to(ages: np.ndarray) -> np.ndarray:
        step = np.clip(np.searchsorted(e, ages, side="right") - 1, 0, steps - 1)
        whole = np.bincount(step, minlength=steps)[::-1].cumsum()[::-1] - np.bincount(step, minlength=steps)
        return whole + np.bincount(step, (ages - e[step]) / (e[step + 1] - e[step]), steps)

    out = np.zeros((*of.sizes[:3], steps))
    for m, s, g in np.ndindex(*of.sizes[:3]):
        spans = of.heard[(of.occurrence_moment == m) & (of.occurrence_group == g), s]
        out[m, s, g] = up_to(spans[:, 1]) - up_to(spans[:, 0])
    return out


def _delays_of_moment(
    shape: str,
    now: np.ndarray,
    horizon: float,
    steps: int | None,
    responsible: tuple[np.ndarray, np.ndarray],
    exposed: Callable[[np.ndarray], float],
) -> np.ndarray:
    """Return the parameters that make Σ r log k(age) − exposed(K) highest; never worse than `now`.

    Parameters
    ----------
    responsible
        Ages, and how much of a voice comes from each.
    exposed
        Σ α (K(b) − K(a)) for a K.
    """
    ages, r = responsible

    def worth(parameters: np.ndarray) -> float:
        if len(ages) == 0:
            return -exposed(parameters)
        k = np.maximum(density(shape, parameters, ages, horizon, steps), 1e-300)
        return float((r * np.log(k)).sum()) - exposed(parameters)

    if shape == "piecewise":
        count = np.bincount(
            np.clip(np.searchsorted(edges(horizon, PIECES), ages, side="right") - 1, 0, PIECES - 1), r, PIECES
        )
        cost = np.array([exposed(unit) for unit in np.eye(PIECES)])  # exposure is linear in the masses
        # Σ (n + ½) log w − Σ cost w on Σ w = 1: w = (n + ½) / (cost + ν), with the ν that makes them sum to 1.
        nu = brentq(
            lambda nu: ((count + 0.5) / (cost + nu)).sum() - 1,
            (count + 0.5)[cost.argmin()] - cost.min(),  # that piece alone makes 1
            (count + 0.5).sum(),
            xtol=1e-12,
            rtol=1e-14,
        )
        share = (count + 0.5) / (cost + nu)
        return share / share.sum()
    if shape == "exponential":
        peak = golden(lambda x: worth(_unpacked(shape, np.array([x]), horizon)), np.log(1e-3), np.log(1e6))
        found = _unpacked(shape, np.array([peak]), horizon)
    else:
        begin = _packed(shape, now, horizon)
        found = minimize(
            lambda x: -worth(_unpacked(shape, np.clip(x, [-3, -14], [3, 7]), horizon)),
            begin,
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-10, "initial_simplex": begin + np.array([[0, 0], [0.1, 0], [0, 0.1]])},
        ).x
        found = _unpacked(shape, np.clip(found, [-3, -14], [3, 7]), horizon)
    return found if worth(found) >= worth(now) else now


def start(of: Problem, shape: str) -> Parameters:
    """Return where EM begins: half of the voices about nothing, all moments alike."""
    moments, sources, groups, topics, classes = of.sizes
    h = of.horizon
    delays = {"exponential": [6 / h], "weibull": [1.0, h / 6], "piecewise": [1 / PIECES] * PIECES}[shape]
    counted = np.bincount(of.source[of.fitted], minlength=sources)
    with np.errstate(divide="ignore", invalid="ignore"):
        background = np.where(of.listening > 0, 0.5 * counted / of.listening, 0.0)

    def shares(marks: np.ndarray, size: int) -> np.ndarray:
        n = np.bincount(marks[of.fitted & (marks >= 0)], minlength=size) + 0.5
        return np.tile(n / n.sum() if size else n[:0], (moments + 1, 1))

    return Parameters(
        shape,
        np.full((moments, sources, groups), 0.1),
        background,
        np.tile(np.array(delays), (moments, 1)),
        shares(of.topic, topics),
        shares(of.score, classes),
        np.full((moments, sources), 0.5),
    )


def fit(
    of: Problem,
    shape: str,
    steps: int | None = 480,
    *,
    begin: Parameters | None = None,
    rounds: int = 5000,
    tolerance: float = 1e-11,
) -> Fit:
    """Raise the objective by EM until a round adds less than `tolerance` of it.

    Parameters
    ----------
    steps
        Of the grid; a multiple of 24. None: ages as they are.
    """
    moments, sources, groups, topics, classes = of.sizes
    at = begin or start(of, shape)
    covered = None if steps is None else _coverage(of, steps)
    counted = of.fitted[of.pair_voice] & ~of.pair_old
    voice, age = of.pair_voice[counted], of.pair_age[counted]
    m, s, g = of.occurrence_moment[of.pair_occurrence[counted]], of.source[voice], of.group[voice]
    free = of.fitted

    def exposed(parameters: np.ndarray, moment: int) -> np.ndarray:
        if covered is None:
            mine = of.occurrence_moment == moment
            spans = cumulative(shape, parameters, of.heard[mine], of.horizon, None)
            groups_of = of.occurrence_group[mine]
            return np.array([(spans[..., 1] - spans[..., 0])[groups_of == x].sum(axis=0) for x in range(groups)]).T
        assert steps is not None
        return covered[moment] @ masses(shape, parameters, edges(of.horizon, steps), of.horizon)

    if steps is None:
        reading = [(np.flatnonzero(m == x), age[m == x]) for x in range(moments)]
        sums = None
    else:  # voices of a step are alike
        e = edges(of.horizon, steps)
        step = np.clip(np.searchsorted(e, age, side="right") - 1, 0, steps - 1)
        sums, reading = m * steps + step, []

    def shares(marks: np.ndarray, size: int, r: np.ndarray, ground: np.ndarray) -> np.ndarray:
        n = np.full((moments + 1, size), 0.5)
        has = marks[voice] >= 0
        np.add.at(n, (m[has], marks[voice][has]), r[has])
        quiet = free & (marks >= 0)
        np.add.at(n[-1], marks[quiet], ground[quiet])
        return n / n.sum(axis=1, keepdims=True)

    trace = [objective(of, at, steps)]
    for _ in range(rounds):
        pair, ground = rates(of, at, steps)
        pair = pair[counted]
        total = ground + np.bincount(voice, pair, len(ground))
        r, ground = pair / total[voice], np.where(free, ground / np.where(free, total, 1), 0.0)

        said = np.zeros(of.sizes[:3])
        np.add.at(said, (m, s, g), r)
        exposure = np.array([exposed(at.delays[x], x) for x in range(moments)]).reshape(of.sizes[:3])
        alpha = np.where(said > 0, said / np.where(exposure > 0, exposure, 1), 0.0)
        counts = np.bincount(of.source, ground, sources)
        background = np.where(counts > 0, counts / np.where(of.listening > 0, of.listening, 1), 0.0)
        links = at.links
        if of.with_links:
            by_link = np.full((moments, sources, 2), 0.5)
            np.add.at(by_link, (m, s, of.linked[voice].astype(int)), r)
            links = by_link[..., 1] / by_link.sum(axis=2)
        delays = at.delays.copy()
        if sums is not None:
            assert steps is not None
            by_step = np.bincount(sums, r, moments * steps).reshape(moments, steps)
            middle = (e[1:] + e[:-1]) / 2
        for x in range(moments):
            pairs = (
                (middle[by_step[x] > 0], by_step[x][by_step[x] > 0])
                if sums is not None
                else (reading[x][1], r[reading[x][0]])
            )
            delays[x] = _delays_of_moment(
                shape,
                at.delays[x],
                of.horizon,
                steps,
                pairs,
                lambda parameters, x=x, alpha=alpha[x]: float((alpha * exposed(parameters, x)).sum()),
            )
        at = replace(
            at,
            alpha=alpha,
            background=background,
            delays=delays,
            links=links,
            topics=shares(of.topic, topics, r, ground),
            scores=shares(of.score, classes, r, ground),
        )
        trace.append(objective(of, at, steps))
        if trace[-1] - trace[-2] <= tolerance * (1 + abs(trace[-1])):
            break
    return Fit(at, trace[-1], trace)
