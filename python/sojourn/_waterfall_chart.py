"""The waterfall from a ledger's number to the standard's: a bar a reason, customers left and value right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from sojourn._chart_style import BACKGROUND, IN, INK, LINE, MUTED, OUT, TOTAL, amount, heading, quoted, titled
from sojourn._waterfall import Step, Waterfall
from sojourn.journey_map.numbers import signed

_WIDTHS, _STEP = (330, 250), 34
_DIRECTIONS = {"in": "came in", "out": "went out", "net": "net"}


def waterfall_chart(told: Waterfall) -> Any:
    """Return the chart of one ledger's bridge in one period.

    Notes
    -----
    No sum crosses currencies: with several, values are not drawn and the caption says so.
    """
    way, bars = _DIRECTIONS[told.direction], told.steps
    panels = [_panel(bars, "count", _WIDTHS[0], f"Customers (by {told.units[1]}), {way}", labels=True)]
    if told.currency is not None:
        panels.append(_panel(bars, "value", _WIDTHS[1], f"Value, {way}", currency=told.currency))
    return titled(alt.hconcat(*panels, spacing=30), told.finding, told.caption)


def _panel(
    bars: Sequence[Step], field: str, width: int, title: str, *, labels: bool = False, currency: str | None = None
) -> Any:
    """Return one waterfall; both panels have the bars in the same order."""
    data: list[dict[str, Any]] = []
    at, edges = 0.0, [0.0]
    for number, bar in enumerate(bars):
        size = float(getattr(bar, field))
        total = bar.kind in ("start", "end")
        begin, end = (0.0, size) if total else (at, at + size)
        at = end
        edges += [begin, end]
        shown = amount(size, currency, signed=True) if currency is not None else signed(round(size))
        data.append(
            {
                "order": number,
                "label": bar.label,
                "from": begin,
                "to": end,
                "right": max(begin, end),
                "next": number + 1,
                "kind": bar.kind if bar.kind in ("start", "end", "unexplained") else "down" if size < 0 else "up",
                "shown": shown,
                "events": "" if total else f"{bar.events:,}",
            }
        )
    low, high = min(edges), max(edges)
    room = (high - low or 1.0) * 0.24  # for the figure beside the rightmost bar
    x = alt.Scale(domain=[low, high + room], nice=False)
    axis = alt.Axis(
        title=None,
        domain=False,
        ticks=False,
        labels=labels,
        labelExpr="{" + ",".join(f"{n}:{quoted(bar.label)}" for n, bar in enumerate(bars)) + "}[datum.value]",
        labelColor=INK,
        labelFontSize=12,
        labelLimit=340,
        labelPadding=10,
    )
    y = alt.Y("order:O", axis=axis, scale=alt.Scale(paddingInner=0.42, paddingOuter=0.25))
    tooltip = [
        alt.Tooltip("label:N", title="reason"),
        alt.Tooltip("shown:N", title="moves it by"),
        alt.Tooltip("events:N", title="events of either side"),
    ]
    base = alt.Chart(alt.InlineData(data))
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=["start", "end", "down", "up"], range=[TOTAL, TOTAL, OUT, IN]),
        legend=None,
    )
    encoded = {"x": alt.X("from:Q", scale=x, axis=None), "x2": "to:Q", "y": y, "tooltip": tooltip}
    solid = base.transform_filter("datum.kind != 'unexplained'").mark_bar().encode(color=colour, **encoded)
    open_bar = (
        base.transform_filter("datum.kind == 'unexplained'")
        .mark_bar(fill=BACKGROUND, stroke=INK, strokeWidth=1.4, strokeDash=[3, 2])
        .encode(**encoded)
    )
    steps_down = (
        base.transform_filter(f"datum.next < {len(bars)}")
        .mark_rule(color=MUTED, strokeWidth=1)
        .encode(x=alt.X("to:Q", scale=x, axis=None), y=alt.Y("order:O", axis=axis), y2="next:O")
    )
    beside = {"x": alt.X("right:Q", scale=x, axis=None), "y": y, "text": "shown:N"}
    style: dict[str, Any] = {"align": "left", "dx": 6, "fontSize": 12, "fontWeight": "bold"}
    halo = base.mark_text(**style, stroke=BACKGROUND, strokeWidth=4, color=BACKGROUND).encode(**beside)
    figures = base.mark_text(**style, color=INK).encode(**beside)
    zero = base.mark_rule(color=LINE, strokeWidth=1).encode(x=alt.XDatum(0, scale=x, axis=None))
    layers = (zero, steps_down, solid, open_bar, halo, figures)
    return alt.layer(*layers).properties(width=width, height=alt.Step(_STEP), title=heading(title))
