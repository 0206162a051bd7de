"""Burst detection by the definitions of docs/surges.md, in dicts and loops; no code shared with the library."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

GRID = (0.0, 0.004, 0.01, 0.025, 0.06, 0.15, 0.4, 1.0, 2.5)
USUAL = [math.sqrt(phi + 0.02) * math.exp(-phi / 2) for phi in GRID]
USUAL = [share / sum(USUAL) for share in USUAL]
RATES, PRIOR, STOP = 5, 10.0, 512


def gamma_nodes(shape: float) -> list[tuple[float, float]]:
    """Return nodes and weights for a Gamma distribution of mean 1: roots of the Laguerre polynomial."""
    diagonal = [2 * k + shape for k in range(RATES)]
    beside = [math.sqrt(k * (k + shape - 1)) for k in range(1, RATES)]
    values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    return [(value / shape, vectors[0, i] ** 2) for i, value in enumerate(values)]


def log_chance(y: int, mean: float, phi: float) -> float:
    """Return the log of P(Y = y)."""
    if phi == 0:
        return y * math.log(mean) - mean - math.lgamma(y + 1)
    m = 1 / phi
    return (
        math.lgamma(y + m)
        - math.lgamma(m)
        - math.lgamma(y + 1)
        + y * math.log(mean / (m + mean))
        - m * math.log1p(mean / m)
    )


@dataclass
class Series:
    """One series: what it heard, its statistic in sixteenths, and the chains by node."""

    heard: list[int] = field(default_factory=list)
    statistic: int = 0
    unspent: float = 0.0
    chains: dict[tuple[int, int], dict[int, float]] = field(default_factory=dict)


def views(heard: list[int], phases: list[int], phase: int, cycle: int) -> list[tuple[float, float, float, float]]:
    """Return, by dispersion: log-likelihood, mean, shape, dispersion of this period."""
    n, total = len(heard), sum(heard)
    said = [sum(y for y, d in zip(heard, phases, strict=True) if d == each) for each in range(cycle)]
    out = []
    for phi in GRID:
        spread = 1 + phi * total / n
        factor = [1.0] * cycle
        if cycle > 1:
            factor = [(said[d] / spread + PRIOR) / (total / n * phases.count(d) / spread + PRIOR) for d in range(cycle)]
        shape = max(total, 1) + 0.5
        rate = shape / sum(factor[d] for d in phases)
        likely = sum(log_chance(y, rate * factor[d], phi) for y, d in zip(heard, phases, strict=True))
        likely -= math.log(shape / spread) / 2
        if cycle > 1:
            likely -= sum(math.log(said[d] / spread + PRIOR) for d in range(cycle)) / 2
        more = 1 / (said[phase] / spread + PRIOR) if cycle > 1 else 0
        out.append((likely, rate * factor[phase], shape / spread, phi + more))
    return out


def detect(
    counts: list[list[int]], length: int, guard: int, cycle: int, false_alarms: float
) -> dict[tuple[int, int], tuple[float, float, float, bool]]:
    """Return (series, period) → expected, statistic, threshold, alarm; all series are heard from period 0 on."""
    every = [Series() for _ in counts[0]]
    out = {}
    for t, row in enumerate(counts):
        if t >= length + guard:
            window = range(t - guard - length, t - guard)
            seen = []
            for series in every:
                view = views([series.heard[i] for i in window], [i % cycle for i in window], t % cycle, cycle)
                top = max(likely for likely, *_ in view)
                seen.append([(math.exp(likely - top), *rest) for likely, *rest in view])
            shares = list(USUAL)
            for _ in range(20):
                sums = list(USUAL)
                for view in seen:
                    total = sum(share * v[0] for share, v in zip(shares, view, strict=True))
                    sums = [s + share * v[0] / total for s, share, v in zip(sums, shares, view, strict=True)]
                shares = [s / (len(every) + 1) for s in sums]
            for i, (series, view) in enumerate(zip(every, seen, strict=True)):
                out[i, t] = decide(series, view, shares, row[i], min(0.5, false_alarms / len(every)))
        for series, y in zip(every, row, strict=True):
            series.heard.append(y)
    return out


def decide(
    series: Series, view: list[tuple[float, ...]], shares: list[float], count: int, allowance: float
) -> tuple[float, float, float, bool]:
    """Return what one series says of one period, and move it on."""
    weights = [share * v[0] for share, v in zip(shares, view, strict=True)]
    weights = [w / sum(weights) for w in weights]
    mean = sum(w * v[1] for w, v in zip(weights, view, strict=True))
    phi = max(1e-9, sum(w * v[3] for w, v in zip(weights, view, strict=True)))
    drop = 16 * (math.log1p(2 * phi * mean) - math.log1p(phi * mean)) / phi
    slope = 16 * (math.log(2) - math.log1p(2 * phi * mean) + math.log1p(phi * mean))

    def moved(c: int, y: int) -> int:
        return min(STOP, max(0, c + math.floor(y * slope - drop)))

    above: dict[int, float] = defaultdict(float)
    for j, (weight, (_, mean_j, shape, phi_j)) in enumerate(zip(weights, view, strict=True)):
        for i, (at, part) in enumerate(gamma_nodes(shape)):
            before = series.chains.get((j, i), {0: 1.0})
            if weight < 1e-6:
                series.chains[j, i] = {0: 1.0}
                continue
            after: dict[int, float] = defaultdict(float)
            rate, y, covered = mean_j * at, 0, 0.0
            while covered < 1 - 1e-12 and y < 5000:
                chance = math.exp(log_chance(y, rate, phi_j))
                for c, p in before.items():
                    after[moved(c, y)] += p * chance
                covered, y = covered + chance, y + 1
            series.chains[j, i] = dict(after)
            for c, p in after.items():
                above[c] += weight * part * p
    may = series.unspent + allowance
    threshold, spent = max(above) + 1, 0.0
    for c in range(max(above), 0, -1):
        if spent + above.get(c, 0.0) > may:
            break
        threshold, spent = c, spent + above.get(c, 0.0)
    series.unspent = may - spent
    for node, chain in series.chains.items():
        left = {c: p for c, p in chain.items() if c < threshold}
        series.chains[node] = {c: p / sum(left.values()) for c, p in left.items()} if left else {0: 1.0}
    series.statistic = moved(series.statistic, count)
    at_end = series.statistic
    alarm = at_end >= threshold
    if alarm:
        series.statistic, series.chains = 0, {}
    return mean, at_end / 16, threshold / 16, alarm
