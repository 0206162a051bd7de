"""What all altair charts have in common: colours, sizes of type, titles, axes, and amounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import altair as alt

from sojourn._waterfall import MONTHS
from sojourn.journey_map.numbers import currency_unit, money, signed_money

IN, OUT, TOTAL = "#0b6fb0", "#d1490c", "#3c4a58"
INK, MUTED, LINE, BACKGROUND = "#17202a", "#56616d", "#c3cbd3", "#fffffe"
_FONT = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"


def empty(text: str, width: int, height: int) -> Any:
    """Return a chart that says what to supply."""
    mark = alt.Chart(alt.InlineData([{}])).mark_text(fontSize=13, color=MUTED)
    return mark.encode(text=alt.value(text)).properties(width=width, height=height, description=text)


def titled(chart: Any, finding: str, caption: Sequence[str]) -> Any:
    """Return a chart under its finding and its caption, which are its text alternative too."""
    title = alt.TitleParams(
        finding,
        subtitle=list(caption),
        anchor="start",
        fontSize=18,
        color=INK,
        subtitleColor=MUTED,
        subtitleFontSize=13,
        offset=14,
    )
    described = chart.properties(title=title, background=BACKGROUND, description=" ".join((f"{finding}.", *caption)))
    return described.configure(font=_FONT, view=alt.ViewConfig(stroke=None))


def heading(text: str) -> alt.TitleParams:
    """Return the title of a panel."""
    return alt.TitleParams(text, anchor="start", fontSize=13, color=INK, offset=6)


def level_axis(**more: Any) -> alt.Axis:
    """Return an upright axis: lines across, no line of its own."""
    return alt.Axis(
        title=None,
        grid=True,
        gridColor=LINE,
        gridOpacity=0.6,
        domain=False,
        ticks=False,
        labelColor=INK,
        labelFontSize=11,
        **more,
    )


def period_axis(periods: Sequence[date], *, labels: bool = True) -> alt.Axis:
    """Return the axis of a nominal field that holds the periods' first days."""
    lookup = "{" + ",".join(f"'{day}':'{label}'" for day, label in axis_labels(periods).items()) + "}"
    return alt.Axis(
        title=None,
        labels=labels,
        ticks=False,
        domain=False,
        labelAngle=0,
        labelExpr=f"{lookup}[datum.value]",
        labelColor=INK,
        labelFontSize=11,
        labelOverlap=True,
    )


def axis_labels(periods: Sequence[date]) -> dict[str, str]:
    """Return month names with the year where it begins (quarters and years likewise)."""
    months = {(b.year - a.year) * 12 + b.month - a.month for a, b in pairwise(periods)}
    step = min(months, default=1)
    labels = {}
    for at, day in enumerate(periods):
        year = f" {day:%y}" if at == 0 or day.month == 1 else ""
        if step % 12 == 0:
            label = str(day.year)
        elif step == 3:
            label = f"Q{(day.month + 2) // 3}{year}"
        else:
            label = f"{MONTHS[day.month - 1]}{year}"
        labels[day.isoformat()] = label
    return labels


def round_level(top: float) -> float:
    """Return the largest 1, 2, 4, 5 or 8 × 10ⁿ that a panel up to `top` can show."""
    if top <= 0:
        return 1
    power = 10 ** (len(str(int(top))) - 1) if top >= 1 else 1
    return float(max(step * power for step in (1, 2, 4, 5, 8) if step * power <= max(top, 1)))


def short_number(prefix: str) -> str:
    """Return the expression that writes an axis's sizes: ``$500k``."""
    size = "abs(datum.value)"
    return (
        f"{quoted(prefix)} + ({size} >= 1e9 ? format({size} / 1e9, '~r') + 'bn' : "
        f"{size} >= 1e6 ? format({size} / 1e6, '~r') + 'm' : "
        f"{size} >= 1e4 || ({quoted(prefix)} && {size} >= 1e3) ? format({size} / 1e3, '~r') + 'k' "
        f": format({size}, ',~r'))"
    )


def quoted(text: str) -> str:
    """Return a string of the charts' expression language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ").replace("\r", " ") + "'"


def amount(size: float, currency: str, *, signed: bool = False) -> str:
    """Write money: ``$402k``; as a change ``+$402k``."""
    return (signed_money if signed else money)(float(size), currency_unit(currency))


def each(periods: str) -> str:
    """Return what one period is called: ``month`` for ``1 month``."""
    return periods[2:] if periods.startswith("1 ") else periods


def span(first: date, last: date) -> str:
    """Write when periods begin: ``Jul 2025 to Jun 2026``."""
    return f"{MONTHS[first.month - 1]} {first.year} to {MONTHS[last.month - 1]} {last.year}"
