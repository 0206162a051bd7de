"""Planted worlds: what customers met and said, what each voice was truly about; and how far an answer is off.

A world has one event name a moment. An occurrence draws a voice with the moment's probability, after the moment's
delay, with the moment's topics and scores; and customers speak of nothing at all at a constant rate. What falls after
the observation or outside its source's window is never heard.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

import sojourn as sj

START_OF_2025 = 1_735_689_600  # seconds
DAY = 86_400_000_000  # microseconds
LOGNORMAL_SIGMA = 1.0

Columns = dict[str, pa.Array]


@dataclass(frozen=True)
class World:
    """Tables for `sj.EventLog`, `sj.Journey`, `Matches.attribute`; the truth; and the parameters that drew them."""

    events: Columns  # customer, time, event, key
    observed: Columns  # customer, from, to
    feedback: Columns  # customer, time, source, topic, score, key, moment
    truth: Columns  # feedback (row), moment, time of the occurrence; both null for background
    windows: Columns | None  # source, from, to
    groups: Columns | None  # customer, group
    history: str
    horizon: str
    planted: dict[str, Any] = field(repr=False)
    """moments, sources, groups (names); alpha (moment × source × group), background (by source, a customer-year),
    mean_delay (days), topics (moment and background × topic), scores (moment and background × 0..10: of the voices),
    experienced (moment × 0..10: of the occurrences)."""

    @property
    def span(self) -> int:
        """The horizon in microseconds."""
        return int(self.horizon[:-1]) * (DAY if self.horizon[-1] == "d" else DAY // 1440)

    def journey(self) -> sj.Journey:
        return sj.Journey(["live"], [sj.Moment(m, "live", when=sj.event(m)) for m in self.planted["moments"]])

    def matches(self, *, threads: int | None = None) -> sj.Matches:
        log = sj.EventLog(pa.table(self.events), key="key", observed=pa.table(self.observed), history=self.history)
        return self.journey().match(log, threads=threads)

    def attribute(self, matches: sj.Matches | None = None, **options: Any) -> sj.Attribution:
        """Attribute all voices; `options` go to `Matches.attribute` and may take a column away with None."""
        roles = {name: name for name in ("source", "topic", "score", "key", "moment")}
        given: dict[str, Any] = {**roles, "horizon": self.horizon, "observed": self.windows and pa.table(self.windows)}
        if self.groups is not None and options.get("method", "declustering") == "declustering":
            given["response_groups"] = pa.table(self.groups)
        return (matches or self.matches()).attribute(pa.table(self.feedback), **{**given, **options})

    def expected_voices(self) -> dict[str, float]:
        """Return how many voices each moment's known occurrences are expected to draw where they can be heard.

        For exponential delays; voices beyond the horizon are left out.
        """
        micros = {name: column.cast(pa.int64()).to_numpy() for name, column in self.observed.items()}
        order = np.searchsorted(micros["customer"], self.events["customer"].to_numpy())
        when = self.events["time"].cast(pa.int64()).to_numpy()
        what = np.array([int(name[1:]) for name in self.events["event"].to_pylist()], dtype=int)
        group = np.zeros(len(micros["customer"]), dtype=int)
        if self.groups is not None:
            group = np.array([self.planted["groups"].index(g) for g in self.groups["group"].to_pylist()])
        out = np.zeros(len(self.planted["moments"]))
        for s, source in enumerate(self.planted["sources"]):
            opens, closes = -np.inf, np.inf
            if self.windows is not None:
                row = self.windows["source"].to_pylist().index(source)
                opens, closes = (self.windows[e].cast(pa.int64())[row].as_py() for e in ("from", "to"))
            mean = self.planted["mean_delay"][what] * DAY
            a = np.clip(np.maximum(micros["from"][order], opens) - when, 0, self.span)
            b = np.clip(np.minimum(micros["to"][order], closes) - when, 0, self.span)
            share = np.maximum(np.exp(-a / mean) - np.exp(-b / mean), 0)
            known = when >= micros["from"][order]
            alpha = self.planted["alpha"][what, s, group[order]]
            out += np.bincount(what, alpha * share * known, len(out))
        return dict(zip(self.planted["moments"], out.tolist(), strict=True))

    def occurrence_ids(self, matches: sj.Matches) -> list[int | None]:
        """Return the occurrence_id behind each voice; None for background and what happened before observation."""
        occurrences = matches.occurrences().to_polars().select("customer", "moment", "time", "occurrence_id")
        truth = pl.from_arrow(pa.table({**self.truth, "customer": self.feedback["customer"]}))
        assert isinstance(truth, pl.DataFrame)
        keys = ["customer", "moment", "time"]
        joined = truth.join(occurrences.unique(keys, keep="first"), on=keys, how="left", maintain_order="left")
        return joined["occurrence_id"].to_list()


def _draw(shares: np.ndarray, rows: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return a column number each, drawn by the shares in the given row."""
    below = shares.cumsum(axis=1)[:, :-1]
    return (generator.random(len(rows))[:, None] > below[rows]).sum(axis=1)


def _delays(shape: str, means: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return delays with those means."""
    if shape == "exponential":
        return generator.exponential(means)
    if shape == "weibull":  # shape ½: Γ(1 + 1/½) = 2
        return means / 2 * generator.weibull(0.5, len(means))
    if shape == "lognormal":
        return means * np.exp(LOGNORMAL_SIGMA * generator.standard_normal(len(means)) - LOGNORMAL_SIGMA**2 / 2)
    raise ValueError(shape)


def _score_shares(rows: int, generator: np.random.Generator) -> np.ndarray:
    """Return shares of 0 … 10 around a level of each row's own, some of all everywhere."""
    score = np.arange(11)
    choose = np.array([1, 10, 45, 120, 210, 252, 210, 120, 45, 10, 1])
    level = generator.uniform(0.35, 0.95, rows)[:, None]
    return 0.85 * choose * level**score * (1 - level) ** (10 - score) + 0.15 / 11


def _instants(days: np.ndarray) -> pa.Array:
    """Return naive times, to the microsecond."""
    micros = START_OF_2025 * 1_000_000 + np.round(days * DAY).astype(np.int64)
    return pa.array(micros, pa.timestamp("us"))


def _texts(numbers: np.ndarray, names: list[str], missing: np.ndarray | None = None) -> pa.Array:
    words = np.array([*names, ""], dtype=object)[numbers] if len(numbers) else np.array([], dtype=object)
    return pa.array(words, pa.string(), mask=missing)


def planted_world(
    seed: int = 7,
    *,
    customers: int = 20_000,
    moments: int = 12,
    topics: int = 8,
    days: float = 365.0,
    rate: tuple[float, float] = (0.3, 3.0),
    alpha: tuple[float, float] = (0.02, 0.25),
    mean_delay: tuple[float, float] = (1.0, 12.0),
    delay: str = "exponential",
    background: float | None = None,
    missing_topics: float = 0.0,
    missing_scores: float = 0.0,
    unhappy: float = 1.0,
    sources: dict[str, tuple[float, tuple[float, float] | None]] | None = None,
    groups: dict[str, tuple[float, float]] | None = None,
    keys: float = 0.0,
    events_per_key: int = 1,
    named: float = 0.0,
    ends: tuple[float, float] | None = None,
    begins: tuple[float, float] | None = None,
    history: str = "complete",
    together: float | None = None,
    alike: bool = True,
    horizon: float = 60.0,
) -> World:
    """Draw a world; the same seed and options give the same tables.

    Parameters
    ----------
    rate, alpha, mean_delay
        Bounds between which each moment's occurrences a year, voices per occurrence and mean delay (days) are drawn.
    delay
        ``"exponential"``, ``"weibull"`` (shape ½) or ``"lognormal"`` (σ = 1).
    background
        Share of all voices that is about nothing; None: a quarter of a voice a customer and year.
    missing_topics, missing_scores
        Share of voices without.
    unhappy
        How many times likelier someone who would give 6 or less speaks.
    sources
        Name → share of what is said, and days between which it is listened to (None: always). Default: one,
        ``"feedback"``.
    groups
        Name → share of customers, and by what factor they speak more or less.
    keys, named
        Share of voices about an occurrence that carry its key, and that name its moment.
    events_per_key
        How many of a customer's events in a row have the same key, a claim's for instance.
    ends, begins
        Bounds between which the last and first day of each customer's observation are drawn. What happened before lies
        in the log if `history` is ``"complete"``.
    together
        Moment 1 comes always these many days after moment 0, and only then. `alike`: with its delays, topics, scores.
    """
    generator = np.random.default_rng(seed)
    yearly = generator.uniform(*rate, moments)
    per_occurrence = generator.uniform(*alpha, moments)
    means = generator.uniform(*mean_delay, moments)
    topic_shares = generator.dirichlet(np.full(topics, 0.4), moments + 1)
    # From here on scores have a stream of their own: the first draws are those of the sketch the figures come from.
    scorer = np.random.default_rng([seed, 1])
    score_shares = _score_shares(moments + 1, scorer)
    if together is not None and alike:
        means[1], topic_shares[1], score_shares[1] = means[0], topic_shares[0], score_shares[0]

    # What happened.
    whos, whens, whats = [], [], []
    for m in range(moments):
        n = generator.poisson(yearly[m] * days / 365, customers)
        whos.append(np.repeat(np.arange(customers), n))
        whens.append(generator.uniform(0, days, n.sum()))
        whats.append(np.full(n.sum(), m))
    if together is not None:
        whos[1], whens[1], whats[1] = whos[0], whens[0] + together, np.ones(len(whos[0]), dtype=int)
    who, when, what = np.concatenate(whos), np.concatenate(whens), np.concatenate(whats)
    order = np.lexsort((when, who))
    who, when, what = who[order], np.round(when[order] * DAY) / DAY, what[order]

    place = np.arange(len(who)) - np.searchsorted(who, who)  # among the customer's events
    key = np.arange(len(who)) - place % events_per_key

    # Who speaks, and when.
    listed = groups or {"all": (1.0, 1.0)}
    named_sources = sources or {"feedback": (1.0, None)}
    group_rate = np.array([factor for _, factor in listed.values()])
    group = _draw(
        np.array([[share for share, _ in listed.values()]]), np.zeros(customers, int), np.random.default_rng([seed, 2])
    )
    score = _draw(score_shares, what, scorer)
    answers = np.where(np.arange(11) <= 6, unhappy, 1.0)
    answers = answers / (score_shares[:moments] * answers).sum(axis=1, keepdims=True)  # alpha stays the mean
    chance = per_occurrence[what] * answers[what, score] * group_rate[group[who]]
    assert chance.max(initial=0) <= 1, "more than one voice an occurrence"
    cause = np.flatnonzero(generator.random(len(who)) < chance)
    said = when[cause] + _delays(delay, means[what[cause]], generator)
    kept = said <= days
    share = background
    everyone = customers * days
    if share is None:
        silent_rate = 0.25 / 365
    else:
        silent_rate = share / (1 - share) * kept.sum() / (everyone * group_rate[group].mean())
    n = generator.poisson(silent_rate * days, customers)
    speaker = np.concatenate([who[cause], np.repeat(np.arange(customers), n)])
    said = np.concatenate([said, generator.uniform(0, days, n.sum())])
    cause = np.concatenate([cause, np.full(n.sum(), -1)])

    # What they say: no draw depends on what is heard.
    of = np.where(cause >= 0, what[cause], moments)
    topic = _draw(topic_shares, of, generator)
    rating = np.where(cause >= 0, score[cause], _draw(score_shares, of, scorer))
    other = np.random.default_rng([seed, 3])
    no_topic, no_score = other.random(len(of)) < missing_topics, other.random(len(of)) < missing_scores
    has_key, has_name = ((other.random(len(of)) < p) & (cause >= 0) for p in (keys, named))
    source = _draw(np.array([[s for s, _ in named_sources.values()]]), np.zeros(len(of), int), other)

    # What is heard and known.
    first = np.zeros(customers) if begins is None else other.uniform(*begins, customers)
    last = np.full(customers, days) if ends is None else other.uniform(*ends, customers)
    open_from = np.array([w[0] if w else -np.inf for _, w in named_sources.values()])
    open_to = np.array([w[1] if w else np.inf for _, w in named_sources.values()])
    heard = (said >= np.maximum(first[speaker], open_from[source])) & (
        said <= np.minimum(last[speaker], open_to[source])
    )
    heard = np.flatnonzero(heard)
    heard = heard[np.argsort(said[heard], kind="stable")]
    met = when <= last[who]
    if history == "truncated":
        met &= when >= first[who]
    met = np.flatnonzero(met)

    names = [f"m{m}" for m in range(moments)]
    caused = cause[heard]
    null = caused < 0
    keyed = ~has_key[heard]
    windows = None
    if any(w for _, w in named_sources.values()):
        span = [(max(a, -1e4), min(b, 1e4)) for a, b in zip(open_from, open_to, strict=True)]
        windows = {
            "source": pa.array(list(named_sources)),
            "from": _instants(np.array([a for a, _ in span])),
            "to": _instants(np.array([b for _, b in span])),
        }
    shares = np.array([s for s, _ in named_sources.values()])
    voice_scores = score_shares.copy()
    voice_scores[:moments] *= answers
    return World(
        events={
            "customer": pa.array(who[met]),
            "time": _instants(when[met]),
            "event": _texts(what[met], names),
            "key": pa.array(key[met]),
        },
        observed={"customer": pa.array(np.arange(customers)), "from": _instants(first), "to": _instants(last)},
        feedback={
            "customer": pa.array(speaker[heard]),
            "time": _instants(said[heard]),
            "source": _texts(source[heard], list(named_sources)),
            "topic": _texts(topic[heard], [f"t{t}" for t in range(topics)], no_topic[heard]),
            "score": pa.array(rating[heard], mask=no_score[heard]),
            "key": pa.array(key[caused] if len(key) else caused, mask=keyed),
            "moment": _texts(of[heard], names, ~has_name[heard]),
        },
        truth={
            "feedback": pa.array(np.arange(len(heard))),
            "moment": _texts(of[heard], names, null),
            "time": pa.array(np.asarray(_instants(when[caused]) if len(when) else []), pa.timestamp("us"), mask=null),
        },
        windows=windows,
        groups=None
        if groups is None
        else {"customer": pa.array(np.arange(customers)), "group": _texts(group, list(groups))},
        history=history,
        horizon=f"{horizon:g}d" if horizon % 1 == 0 else f"{round(horizon * 1440)}m",
        planted={
            "moments": names,
            "sources": list(named_sources),
            "groups": list(listed),
            "alpha": per_occurrence[:, None, None] * shares[None, :, None] * group_rate,
            "background": silent_rate * 365 * shares,
            "mean_delay": means,
            "topics": topic_shares,
            "scores": voice_scores,
            "experienced": score_shares[:moments],
        },
    )


def sim_world(seed: int = 7) -> World:
    """Return 12 moments, 8 topics, 20,000 customers, some 62,000 voices: the design's planted truth, with scores."""
    return planted_world(seed)


def hard_world(seed: int = 7) -> World:
    """Return the same with log-normal delays, half the topics missing and 30% background."""
    return planted_world(seed, delay="lognormal", missing_topics=0.5, background=0.3)


# --- how far off ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Errors:
    """How far an attribution is from the truth."""

    calibration: float
    """Mean |mean posterior − share true| over 20 equal-count bins of the pairs in [.02, .98]; NaN without any."""
    calibration_all: float
    """The same over all pairs listed, in 20 bins of equal width: the only one that a baseline of 0s and 1s has."""
    pairs: int
    totals: float
    """Σ over moments |Σ weights − true voices| / Σ true voices."""
    moments: dict[str, tuple[float, int]]
    """Moment → Σ weights, true voices."""
    nps: dict[str, tuple[float, float, int]]
    """Moment → NPS by weights, NPS of the true voices, their number; moments of 500 scored voices or more."""
    right: float
    """Share of voices whose heaviest weight is on what they are truly about, an occurrence or nothing."""

    @property
    def worst_nps(self) -> float:
        return max((abs(found - true) for found, true, _ in self.nps.values()), default=0.0)

    def __str__(self) -> str:
        return (
            f"calibration {self.calibration:.4f} over {self.pairs:,} pairs, {self.calibration_all:.4f} over all, "
            f"totals {self.totals:.2%}, NPS within {self.worst_nps:.1f}, right {self.right:.1%}"
        )


def calibration(probability: np.ndarray, true: np.ndarray, bins: int = 20) -> float:
    """Return the expected calibration error over bins of (nearly) equal count; NaN without pairs."""
    inside = (probability >= 0.02) & (probability <= 0.98)
    order = np.argsort(probability[inside], kind="stable")
    p, y = probability[inside][order], true[inside][order]
    if len(p) == 0:
        return float("nan")
    parts = [b for b in np.array_split(np.arange(len(p)), bins) if len(b)]
    return float(sum(abs(p[b].mean() - y[b].mean()) * len(b) for b in parts) / len(p))


def errors(
    voice: np.ndarray,
    occurrence: np.ndarray,
    weight: np.ndarray,
    truth: np.ndarray,
    moment_of: dict[int, str],
    score: np.ndarray,
    moments: list[str],
) -> Errors:
    """Return how far weights are off.

    Parameters
    ----------
    voice, occurrence, weight
        A pair each: the voice's row, an occurrence's number (-1: about nothing), the weight.
    truth
        A voice each: the occurrence's number, -1 for none.
    moment_of
        Occurrence's number → its moment.
    score
        A voice each; NaN for none.
    """
    n = len(truth)
    hit = occurrence == truth[voice]
    # A cause that is not listed has weight 0, and was true.
    listed = np.bincount(voice[hit], minlength=n) > 0
    p, y = np.append(weight, np.zeros((~listed).sum())), np.append(hit, np.ones((~listed).sum())).astype(float)
    wide = np.clip((p * 20).astype(int), 0, 19)
    gaps = np.bincount(wide, p, 20) - np.bincount(wide, y, 20)

    best = np.full(n, -1.0)
    np.maximum.at(best, voice, weight)
    guess = np.full(n, -2)
    top = weight >= best[voice]
    guess[voice[top]] = occurrence[top]  # of equal ones the last listed

    number = {m: i for i, m in enumerate(moments)}

    def moment(occurrences: np.ndarray) -> np.ndarray:
        return np.array([number[moment_of[o]] if o >= 0 else len(moments) for o in occurrences.tolist()], dtype=int)

    m, true_m = moment(occurrence), moment(truth)
    found = np.bincount(m, weight, len(moments) + 1)[:-1]
    true = np.bincount(true_m, minlength=len(moments) + 1)[:-1]
    mark = np.where(np.isnan(score), 0.0, (score >= 9) * 1.0 - (score <= 6) * 1.0)
    scored = (~np.isnan(score)).astype(float)
    nps = {}
    for i, name in enumerate(moments):
        mine, truly = m == i, true_m == i
        if scored[truly].sum() >= 500:
            by_weight = (weight * mark[voice])[mine].sum() / (weight * scored[voice])[mine].sum()
            nps[name] = (
                100 * float(by_weight),
                100 * float(mark[truly].sum() / scored[truly].sum()),
                int(scored[truly].sum()),
            )
    return Errors(
        calibration(p, y),
        float(np.abs(gaps).sum() / len(p)) if len(p) else float("nan"),
        int(((p >= 0.02) & (p <= 0.98)).sum()),
        float(np.abs(found - true).sum() / max(true.sum(), 1)),
        {name: (float(found[i]), int(true[i])) for i, name in enumerate(moments)},
        nps,
        float((guess == truth).mean()) if n else float("nan"),
    )


def measure(attribution: sj.Attribution, truth: list[int | None], scores: Any = None) -> Errors:
    """Return how far an attribution is off.

    Parameters
    ----------
    truth
        The occurrence_id behind each voice; None for background.
    scores
        The voices' scores with None for none. Default: the feedback's column ``"score"``.
    """
    occurrences = attribution.matches.occurrences().to_dict()
    number = {identity: i for i, identity in enumerate(occurrences["occurrence_id"])}
    pairs = attribution.weights().to_dict()
    if scores is None:
        told = attribution.feedback
        scores = told.to_dict()["score"] if "score" in told.columns else [None] * len(told)

    def numbers(identities: list[int | None]) -> np.ndarray:
        return np.array([-1 if identity is None else number[identity] for identity in identities], dtype=int)

    return errors(
        np.array(pairs["feedback"], dtype=int),
        numbers(pairs["occurrence_id"]),
        np.array(pairs["weight"], dtype=float),
        numbers(truth),
        dict(enumerate(occurrences["moment"])),
        np.array([np.nan if s is None else s for s in scores], dtype=float),
        [m.id for m in attribution.matches.journey.moments],
    )
