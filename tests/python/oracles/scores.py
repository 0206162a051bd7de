"""Scores by cells and reweighted by response groups, as docs/listening.md says it, over plain rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def mark(scale: str, score: float) -> float:
    """What an answer counts for."""
    if scale == "nps":
        return int(score >= 9) - int(score <= 6)
    return float(score >= 4) if scale == "csat" else score


def moments(pairs: Iterable[tuple[float, float]]) -> tuple[float, float, float]:
    """Sum of weights, mean and mean square of (weight, number)."""
    pairs = list(pairs)
    n = math.fsum(w for w, _ in pairs)
    if n == 0:
        return 0.0, 0.0, 0.0
    return n, math.fsum(w * y for w, y in pairs) / n, math.fsum(w * y * y for w, y in pairs) / n


def reweighted(
    said: Sequence[tuple[float, float, Hashable]], met: Mapping[Hashable, int]
) -> tuple[float, float, float, float] | None:
    """Mean mark, mean square, n, uncovered share of (weight, mark, group) and the customers who met it by group."""
    groups = {g: moments((w, y) for w, y, of in said if of == g) for g in met}
    groups = {g: found for g, found in groups.items() if found[0] > 0}
    if not groups:
        return None
    covered = sum(met[g] for g in groups)
    part = {g: met[g] / covered for g in groups}
    mean = math.fsum(part[g] * groups[g][1] for g in groups)
    of_square = math.fsum(part[g] * groups[g][2] for g in groups)
    spread = of_square - mean**2
    total = math.fsum(n for n, _, _ in groups.values())
    variance = math.fsum(
        part[g] ** 2 / n * (square - m * m + spread * min(1, 1 / n)) for g, (n, m, square) in groups.items()
    )
    kish = 1 / math.fsum(part[g] ** 2 / n for g, (n, _, _) in groups.items())
    n = spread * (1 + min(1, 1 / total)) / variance if spread > 1e-12 else kish
    return mean, of_square, n, 1 - covered / sum(met.values())


def tilted(
    said: Sequence[tuple[float, float, Hashable]],
    met: Mapping[Hashable, int],
    is_worst: Callable[[float], bool],
    times: float,
) -> float:
    """The mean mark if a voice of the worst stood for `times` as many as one of the others."""
    return reweighted([(w * (times if is_worst(y) else 1), y, g) for w, y, g in said], met)[0]  # type: ignore[index]
