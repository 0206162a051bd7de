"""Scores by what voices are about, and two of them side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sojourn import _core
from sojourn._threads import checked


@dataclass(frozen=True)
class ScoreComparison:
    """Mean and spread of the answers about two things; differences are b against a.

    Attributes
    ----------
    difference, low, high
        mean_b − mean_a, on the scale of the answers.
    ratio, ratio_low, ratio_high
        spread_b / spread_a; None where all answers about a are the same.
    """

    a: str
    b: str
    mean_a: float
    mean_b: float
    difference: float
    low: float
    high: float
    spread_a: float
    spread_b: float
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None

    @property
    def verdict(self) -> str:
        """Say b against a, such as ``"same mean, wider spread"``; same: the interval holds 0 (for spreads 1)."""
        mean = "higher mean" if self.low > 0 else "lower mean" if self.high < 0 else "same mean"
        if self.ratio_low is None or self.ratio_high is None:
            return f"{mean}, {'wider' if self.spread_b > 0 else 'same'} spread"
        spread = "wider" if self.ratio_low > 1 else "narrower" if self.ratio_high < 1 else "same"
        return f"{mean}, {spread} spread"


def arguments(settings: dict[str, Any], **given: Any) -> _core.ScoresArguments:
    """Return arguments for the core; settings: those of `attribute`."""
    out = _core.ScoresArguments()
    for name, value in (given | {"topic": settings["topic"], "solicited": settings["solicited"]}).items():
        setattr(out, name, value)
    return out


def compare(
    attribution: _core.Attribution, a: str, b: str, with_arguments: _core.ScoresArguments, threads: int | None
) -> ScoreComparison:
    """Compare as `Attribution.compare_scores` does."""
    mean_a, mean_b, low, high, spread_a, spread_b, *ratio = _core.compare_scores(
        attribution, a, b, with_arguments, checked(threads)
    )
    of = spread_b / spread_a if spread_a > 0 else None
    return ScoreComparison(a, b, mean_a, mean_b, mean_b - mean_a, low, high, spread_a, spread_b, of, *ratio)
