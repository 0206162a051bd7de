"""The bond as a chart: a row a ledger, customers left, change of value right; growing above, shrinking below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from sojourn._chart_style import (
    BACKGROUND,
    INK,
    amount,
    each,
    empty,
    heading,
    level_axis,
    period_axis,
    round_level,
    short_number,
    span,
    titled,
)
from sojourn.journey_map.numbers import currency_unit

# From the axis outwards: state, colour, colour of the counts on it.
_UP = (
    ("more", "#7db8e0", INK),
    ("returned", "#4da6e8", INK),
    ("new", "#0b6fb0", BACKGROUND),
    ("other in", "#d3e6f4", INK),
)
_DOWN = (
    ("less", "#f6bda1", INK),
    ("left", "#d1490c", BACKGROUND),
    ("other out", "#fadfd1", INK),
)
_ASLEEP = (("dormant", "#e5a50a", INK),)  # at closing, whether or not the customer was so at opening
_DRAWN = (*_UP, *_DOWN, *_ASLEEP)
_WIDTH, _HEIGHT = 430, 190

Rows = list[dict[str, Any]]


def bond_chart(rows: Rows, units: Mapping[str, str], periods: str) -> Any:
    """Return the chart of the rows of `Reconciliation.bond` (money in decimals).

    Parameters
    ----------
    rows
        The bond.
    units
        Ledger → what it counts, in the order to draw.
    periods
        Length of a period, for the caption.
    """
    if not rows:
        text = "Nobody is there at the opening or closing of any period. fates() says what became of each record."
        return empty(text, 2 * _WIDTH, _HEIGHT)
    currencies = sorted({row["currency"] or "" for row in rows if row["opening_value"] or row["closing_value"]})
    # No sum crosses currencies without a rate: then the customers stand alone.
    currency = currencies[0] if len(currencies) == 1 else None
    days = sorted({row["period"] for row in rows})
    lines = []
    for ledger, unit in units.items():
        own = [row for row in rows if row["ledger"] == ledger]
        grew, shrank = (_total(own, side) for side in (_UP, _DOWN))
        title = f"{ledger} (by {unit}): grown {grew:,}, shrunk {shrank:,}, the same {_count(own, 'same'):,}"
        line = [_panel(_bars(own, days, "customers"), days, title, None)]
        if currency is not None:
            bars = _bars(own, days, "change")
            ups, downs = (sum(bar["to"] - bar["from"] for bar in bars if bar["up"] == up) for up in (True, False))
            name = f"Value: {amount(ups, currency)} more, {amount(downs, currency)} less"
            line.append(_panel(bars, days, name, currency))
        lines.append(alt.hconcat(*line, spacing=26))
    first = next(iter(units))
    own = [row for row in rows if row["ledger"] == first]
    grew, shrank = (_total(own, side) for side in (_UP, _DOWN))
    finding = f"{first}: the bond grew {grew:,} times and shrank {shrank:,} times"
    return titled(alt.vconcat(*lines, spacing=16), finding, _caption(rows, periods, currencies, currency))


def _count(rows: Rows, state: str) -> int:
    return sum(row["customers"] for row in rows if row["state"] == state)


def _total(rows: Rows, side: Sequence[tuple[str, str, str]]) -> int:
    return sum(_count(rows, state) for state, _, _ in side)


def _bars(rows: Rows, days: Sequence[date], figure: str) -> Rows:
    """Return a bar for every period and state, stacked from the axis outwards; its height is exact in `amount`."""
    sums: dict[tuple[date, str], Any] = {}
    for row in rows:
        place = (row["period"], row["state"])
        sums[place] = sums.get(place, Decimal(0)) + row[figure]
    bars = []
    for day in days:
        reached = {True: 0.0, False: 0.0}
        for state, _, ink in _DRAWN:
            size = float(sums.get((day, state), 0))
            if size == 0:
                continue
            # Value by its own sign: who has more records may be worth less.
            up = size > 0 if figure == "change" else any(state == one for one, _, _ in _UP)
            bar = {"period": day.isoformat(), "state": state, "up": up, "amount": size, "ink": ink}
            bars.append({**bar, "from": reached[up], "to": reached[up] + abs(size)})
            reached[up] += abs(size)
    return bars


def _panel(bars: Rows, days: Sequence[date], title: str, currency: str | None) -> Any:
    prefix = "" if currency is None else currency_unit(currency)
    top = max((bar["to"] for bar in bars), default=0.0)
    limit = top * 1.04 or 1
    shown = [
        {
            **{name: bar[name] for name in ("period", "state", "amount", "ink")},
            "low": bar["from"] if bar["up"] else -bar["from"],
            "high": bar["to"] if bar["up"] else -bar["to"],
            "label": f"{bar['amount']:,.0f}" if currency is None else amount(bar["amount"], currency, signed=True),
            "middle": (bar["from"] + bar["to"]) / (2 if bar["up"] else -2),
            "fits": len(days) <= 8 and bar["to"] - bar["from"] >= 0.13 * limit,
        }
        for bar in bars
    ]
    x = alt.X(
        "period:N",
        sort=[day.isoformat() for day in days],
        axis=period_axis(days),
        scale=alt.Scale(domain=[day.isoformat() for day in days], paddingInner=0.25, paddingOuter=0.15),
    )
    level = round_level(top)
    axis = level_axis(values=[-level, 0, level], labelExpr=short_number(prefix), minExtent=44)
    scale = alt.Scale(domain=[-limit, limit], nice=False)
    colours = alt.Scale(domain=[state for state, _, _ in _DRAWN], range=[colour for _, colour, _ in _DRAWN])
    legend = alt.Legend(title=None, orient="right", labelColor=INK, labelFontSize=12, symbolType="square")
    count = "," if currency is None else "+,.2f"
    tooltip = [
        alt.Tooltip("period:N", title="from"),
        alt.Tooltip("state:N"),
        alt.Tooltip("amount:Q", title="customers" if currency is None else "change", format=count),
    ]
    base = alt.Chart(alt.InlineData(shown))
    layers = [
        base.mark_bar(stroke=BACKGROUND, strokeWidth=1).encode(
            x=x,
            y=alt.Y("low:Q", scale=scale, axis=axis),
            y2="high:Q",
            color=alt.Color("state:N", scale=colours, legend=legend),
            tooltip=tooltip,
        ),
        base.mark_rule(color=INK, strokeWidth=1).encode(y=alt.datum(0)),
    ]
    if any(bar["fits"] for bar in shown):
        text = base.transform_filter("datum.fits").mark_text(fontSize=11)
        layers.append(text.encode(x=x, y="middle:Q", text="label:N", color=alt.Color("ink:N", scale=None)))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=heading(title))


def _caption(rows: Rows, periods: str, currencies: Sequence[str], currency: str | None) -> list[str]:
    starts = span(min(row["period"] for row in rows), max(row["period"] for row in rows))
    limits = f"{each(periods)}, periods beginning {starts}"
    value = "; customers on the left, change of their value on the right" if currency is not None else ""
    lines = [
        f"Above the line the bond grew, below it shrank or slept, from opening to closing of each {limits}{value}."
    ]
    if len({row["ledger"] for row in rows}) > 1:
        lines.append("Each ledger has scales of its own.")
    if len(currencies) > 1:
        names = ", ".join(name or "no currency" for name in currencies)
        lines.append(f"Values are in {names}: no sum without rates, so customers only.")
    rest = [f"{_count(rows, state):,} {word}" for state, word in _REST if _count(rows, state)]
    if rest:
        lines.append(f"Not drawn: {', '.join(rest)}.")
    return lines


_REST = (
    ("same", "the same at both ends"),
    ("came and went", "there only in between"),
    ("mixed", "with more in one currency and less in another"),
)
