"""Do 90% intervals of what each moment drew, and of its score, hold what was planted 90% of the time?

Each replicate plants a world, lets customers speak, and asks `Attribution.moments` for intervals. Voices are held
against what the planted rates expect of the occurrences that happened (the share heard is voices by a known number, so
its interval holds when theirs does), scores against the planted score of the moment's voices. Pooled over moments that
drew 30 voices or more, 86 to 94% are to hold it.

Run by hand: 300 replicates.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))
from feedback_worlds import World, planted_world

LEAST_VOICES, CONFIDENCE = 30, 0.9
LOWEST, HIGHEST = 0.86, 0.94


def replicate_world(replicate: int) -> World:
    """Return some 1,500 voices of 1,500 customers about six moments and nothing, a third of them without a topic."""
    return planted_world(
        100_000 + replicate,
        customers=1500,
        moments=6,
        topics=5,
        rate=(0.5, 3.0),
        alpha=(0.05, 0.25),
        mean_delay=(1.0, 12.0),
        background=0.2,
        missing_topics=1 / 3,
        missing_scores=0.2,
        unhappy=1.5,
        ends=(180.0, 365.0),
        sources={"phone": (0.5, None), "survey": (0.5, (30.0, 300.0))},
    )


def planted_nps(shares: np.ndarray) -> float:
    """Return the NPS of shares of 0 … 10."""
    return float(100 * (shares[9:].sum() - shares[:7].sum()) / shares.sum())


def coverage(replicates: int, draws: int = 200) -> dict[str, Counter[str]]:
    """Return for voices and scores how many intervals there were, and how many held, lay above, lay below."""
    found: dict[str, Counter[str]] = {name: Counter() for name in ("voices", "score")}
    for replicate in range(replicates):
        world = replicate_world(replicate)
        expected = world.expected_voices()
        attribution = world.attribute(seed=replicate)
        for m, row in enumerate(attribution.moments(interval=CONFIDENCE, draws=draws).rows()):
            if row["voices"] < LEAST_VOICES:
                continue
            cases: dict[str, tuple[Any, float, Any]] = {
                "voices": (row["voices_low"], expected[row["moment"]], row["voices_high"]),
                "score": (row["low"], planted_nps(world.planted["scores"][m]), row["high"]),
            }
            for name, (lower, truth, upper) in cases.items():
                above, below = truth < lower, truth > upper
                found[name].update(intervals=1, held=not (above or below), above=int(above), below=int(below))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--draws", type=int, default=200)
    arguments = parser.parse_args()
    fine = True
    for name, found in coverage(arguments.replicates, arguments.draws).items():
        n = max(found["intervals"], 1)
        fine &= LOWEST <= found["held"] / n <= HIGHEST
        print(
            f"{name:7} {found['intervals']:,} intervals: {found['held'] / n:.1%} hold the truth, "
            f"{found['above'] / n:.1%} lie above it, {found['below'] / n:.1%} below; "
            f"expected {LOWEST:.0%} to {HIGHEST:.0%}"
        )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
