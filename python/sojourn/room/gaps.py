"""Why each ledger's number is not the standard's: waterfalls of the page's own period, a row a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sojourn._waterfall import Step, Waterfall, waterfall
from sojourn.journey_map.numbers import count, counted, currency_unit, signed, signed_money
from sojourn.journey_map.text import clean

_THIN = 0.6
_CLASSES = {"start": "tot", "end": "tot", "unexplained": "open"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A step drawn, in per cents of the widest reach: `link` leads on to the next row, `zero` is where nothing is."""

    kind: str
    x: float
    width: float
    link: float | None
    zero: float


@dataclass(frozen=True, slots=True)
class Row:
    """A step in words, with its bars."""

    label: str
    is_total: bool
    count: str
    value: str
    events: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """One ledger against the standard; `problem` says why there are no rows."""

    name: str
    finding: str
    caption: str
    rows: tuple[Row, ...]
    has_value: bool
    differing: int
    unexplained: int
    problem: str = ""


def read(
    statement: Sequence[Mapping[str, Any]],
    bridges: Mapping[str, Sequence[Mapping[str, Any]] | str],
    units: Mapping[str, str],
    standard: str,
    period: date,
    length: str,
) -> tuple[Gap, ...]:
    """Return what leads from each ledger's net to the standard's.

    Parameters
    ----------
    statement
        Its rows (money in decimals).
    bridges
        Ledger → its bridge's rows, or why it has none.
    units
        Ledger → what it counts.
    standard
        Name of the company's own ledger.
    period, length
        First day of the period to show, and how long it is, as ``1 month``.
    """
    gaps = []
    for name, rows in bridges.items():
        if isinstance(rows, str):
            gaps.append(Gap(clean(name), f"{clean(name)}: no bridge", "", (), False, 0, 0, clean(rows)))
            continue
        told = waterfall(statement, rows, (name, standard), (units[name], units[standard]), period, length)
        gaps.append(_gap(told))
    return tuple(gaps)


def _gap(told: Waterfall) -> Gap:
    code = told.currency
    counts = bars([float(step.count) for step in told.steps], told.steps)
    values = [] if code is None else bars([float(step.value) for step in told.steps], told.steps)
    rows = tuple(
        Row(
            clean(step.label),
            step.kind in ("start", "end"),
            signed(step.count),
            "" if code is None else signed_money(float(step.value), currency_unit(code)),
            "" if step.kind in ("start", "end") else count(step.events),
            (counts[at], *values[at : at + 1]),
        )
        for at, step in enumerate(told.steps)
    )
    return Gap(
        clean(told.ledger),
        clean(told.finding),
        clean(" ".join(told.caption)),
        rows,
        code is not None,
        told.differing,
        told.unexplained,
    )


def bars(sizes: Sequence[float], steps: Sequence[Step]) -> list[Bar]:
    """Return the steps as bars, each beginning where the one before it ended; never thinner than can be seen."""
    spans, at = [], 0.0
    for size, step in zip(sizes, steps, strict=True):
        begin = 0.0 if step.kind in ("start", "end") else at
        at = begin + size
        spans.append((begin, at))
    low = min(min(ends) for ends in spans)
    high = max(max(ends) for ends in spans)
    scale = (100 - 2 * _THIN) / ((high - low) or 1.0)
    drawn = []
    for (begin, end), size, step in zip(spans, sizes, steps, strict=True):
        wide = max(abs(size) * scale, _THIN)
        left = _THIN + (min(begin, end) - low) * scale - (wide - abs(size) * scale) / 2
        link = None if step.kind == "end" else _THIN + (end - low) * scale
        kind = _CLASSES.get(step.kind) or ("k-out" if size < 0 else "k-in" if size > 0 else "link")
        drawn.append(Bar(kind, left, wide, link, _THIN - low * scale))
    return drawn


def headline(gaps: Sequence[Gap]) -> str:
    """Return how much of what the ledgers differ by has a named reason: gross, so that nothing cancels out."""
    told = [gap for gap in gaps if not gap.problem]
    if not told:
        return "Why the ledgers differ: they cannot be held against one another"
    differing, unexplained = (sum(getattr(gap, name) for gap in told) for name in ("differing", "unexplained"))
    if not differing:
        return "No coming or going on which the ledgers differ"
    named = f"{count(differing - unexplained)} of {counted(differing, 'differing comings and goings')}"
    return f"Why they differ: {named} have a named reason; {count(unexplained)} unexplained"
