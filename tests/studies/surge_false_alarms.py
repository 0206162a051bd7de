"""Does the surge detector raise as many false alarms as its budget says?

Panels of 60 series without any surge: 0.05, 0.3, 1, 5 and (few) 50 voices a day; with and without a weekly pattern;
Poisson, or negative binomial with variance μ + φ μ². Two years a panel, baseline of 8 weeks, guard of one. The ratio is
alarms found to alarms allowed; at most 1 is promised where the null holds, and pooled it is to lie in [0.3, 1.3].

Found with ``--budgets 20 3`` (4 panels a kind, 1,200 series in all): of 730.5 alarms allowed at 20 a year 488 were
raised (0.67; Poisson 0.44, φ = 1 0.84), of 109.6 at 3 a year 43 (0.39; by kind 0.18 to 0.78). It depends on the level.
At 20 a year: 0.05 voices a day 14 of 146, 0.3 a day 69 of 182.5, 1 a day 141 of 182.5, 5 a day 221 of 182.5 (1.21),
50 a day 43 of 36.5 (1.18; 1.8 for φ = 1): rare series raise fewer than their part, loud dispersed ones more.

Run by hand, three minutes: ``python tests/studies/surge_false_alarms.py --budgets 20 3``.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from sojourn import _core

WEEK = np.array([1.3, 1.2, 1.1, 1.1, 1.0, 0.7, 0.6])
LEVELS = (0.05, 0.3, 1.0, 5.0, 50.0)
LOWEST, HIGHEST = 0.3, 1.3


def panel(series: int, dispersions: tuple[float, ...], days: int, generator: np.random.Generator) -> np.ndarray:
    """Return counts, days × series; every twentieth series has the highest level, the others the lower ones in turn."""
    counts = np.zeros((days, series), dtype=np.int64)
    for i in range(series):
        week = WEEK if i % 2 else np.ones(7)
        mean = level_of(i) * np.resize(week, days)
        phi = dispersions[i % len(dispersions)]
        if phi > 0:
            mean = mean * generator.gamma(1 / phi, phi, days)
        counts[:, i] = generator.poisson(mean)
    return counts


def level_of(i: int) -> float:
    """Return voices a day of series `i`."""
    return LEVELS[4] if i % 20 == 4 else LEVELS[i % 4]


def count_alarms(counts: np.ndarray, a_year: float, threads: int | None = None) -> dict[float, tuple[int, float]]:
    """Return, by level, alarms found and alarms allowed."""
    found = _core.detect_bursts(counts.tolist(), 56, 7, 7, a_year / 365.2425, threads).to_dict(sys.maxsize)
    series, alarm = np.array(found["series"]), np.array(found["alarm"])
    allowed = a_year / 365.2425 / counts.shape[1]
    levels = np.array([level_of(i) for i in range(counts.shape[1])])[series]
    return {level: (int(alarm[levels == level].sum()), allowed * (levels == level).sum()) for level in LEVELS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=4)
    parser.add_argument("--years", type=float, default=2.0)
    parser.add_argument("--budgets", type=float, nargs="+", default=[12.0, 2.0], help="false alarms a year")
    arguments = parser.parse_args()
    days = int(arguments.years * 365)
    for a_year in arguments.budgets:
        every: list[tuple[int, float]] = []
        for name, dispersions in {
            "Poisson": (0.0,),
            "phi 0.1": (0.1,),
            "phi 0.3": (0.3,),
            "phi 1": (1.0,),
            "mixed 0, 0.05, 0.3": (0.0, 0.05, 0.3),
        }.items():
            sums = dict.fromkeys(LEVELS, (0, 0.0))
            for seed in range(arguments.panels):
                counts = panel(60, dispersions, days, np.random.default_rng(seed))
                for level, (found, allowed) in count_alarms(counts, a_year, 2).items():
                    sums[level] = (sums[level][0] + found, sums[level][1] + allowed)
            shown = ", ".join(f"{level:g}/day {found} of {allowed:.1f}" for level, (found, allowed) in sums.items())
            found, allowed = (sum(column) for column in zip(*sums.values(), strict=True))
            every.append((found, allowed))
            print(f"{a_year:g} a year, {name}: {found / allowed:.2f} ({found} of {allowed:.1f}; {shown})", flush=True)
        found, allowed = (sum(column) for column in zip(*every, strict=True))
        print(f"{a_year:g} a year, all: {found / allowed:.2f} ({found} of {allowed:.1f})", flush=True)
        if not LOWEST <= found / allowed <= HIGHEST:
            sys.exit(f"pooled ratio outside [{LOWEST}, {HIGHEST}]")


if __name__ == "__main__":
    main()
