"""The bond as a chart: a row a ledger, customers left, change of value right; growing above, shrinking below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from sojourn._statement_chart import (
    _MONTHS,
    BACKGROUND,
    INK,
    LINE,
    MUTED,
    _axis_labels,
    _money,
    _prefix,
    _round,
    _short_number,
)

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
        empty = alt.Chart(alt.InlineData([{}])).mark_text(fontSize=13, color=MUTED)
        text = "Nobody is there at the opening or closing of any period. fates() says what became of each record."
        return empty.encode(text=alt.value(text)).properties(width=2 * _WIDTH, height=_HEIGHT)
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
            heading = f"Value: {_money(ups, currency)} more, {_money(downs, currency)} less"
            line.append(_panel(bars, days, heading, currency))
        lines.append(alt.hconcat(*line, spacing=26))
    first = next(iter(units))
    own = [row for row in rows if row["ledger"] == first]
    grew, shrank = (_total(own, side) for side in (_UP, _DOWN))
    finding = f"{first}: the bond grew {grew:,} times and shrank {shrank:,} times"
    return (
        alt.vconcat(*lines, spacing=16)
        .properties(
            title=alt.TitleParams(
                finding,
                subtitle=_caption(rows, periods, currencies, currency),
                anchor="start",
                fontSize=18,
                color=INK,
                subtitleColor=MUTED,
                subtitleFontSize=13,
                offset=14,
            ),
            background=BACKGROUND,
        )
        .configure(font="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif", view=alt.ViewConfig(stroke=None))
    )


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
            amount = float(sums.get((day, state), 0))
            if amount == 0:
                continue
            # Value by its own sign: who has more records may be worth less.
            up = amount > 0 if figure == "change" else any(state == one for one, _, _ in _UP)
            bar = {"period": day.isoformat(), "state": state, "up": up, "amount": amount, "ink": ink}
            bars.append({**bar, "from": reached[up], "to": reached[up] + abs(amount)})
            reached[up] += abs(amount)
    return bars


def _panel(bars: Rows, days: Sequence[date], title: str, currency: str | None) -> Any:
    prefix = "" if currency is None else _prefix(currency)
    top = max((bar["to"] for bar in bars), default=0.0)
    limit = top * 1.04 or 1
    labels = _axis_labels(days)
    lookup = "{" + ",".join(f"'{day}':'{label}'" for day, label in labels.items()) + "}"
    shown = [
        {
            **{name: bar[name] for name in ("period", "state", "amount", "ink")},
            "low": bar["from"] if bar["up"] else -bar["from"],
            "high": bar["to"] if bar["up"] else -bar["to"],
            "label": f"{bar['amount']:,.0f}" if currency is None else _money(bar["amount"], currency, signed=True),
            "middle": (bar["from"] + bar["to"]) / (2 if bar["up"] else -2),
            "fits": len(days) <= 8 and bar["to"] - bar["from"] >= 0.13 * limit,
        }
        for bar in bars
    ]
    x = alt.X(
        "period:N",
        sort=[day.isoformat() for day in days],
        axis=alt.Axis(
            title=None,
            ticks=False,
            domain=False,
            labelAngle=0,
            labelExpr=f"{lookup}[datum.value]",
            labelColor=INK,
            labelFontSize=11,
            labelOverlap=True,
        ),
        scale=alt.Scale(domain=[day.isoformat() for day in days], paddingInner=0.25, paddingOuter=0.15),
    )
    axis = alt.Axis(
        title=None,
        values=[-_round(top), 0, _round(top)],
        labelExpr=_short_number(prefix),
        grid=True,
        gridColor=LINE,
        gridOpacity=0.6,
        domain=False,
        ticks=False,
        labelColor=INK,
        labelFontSize=11,
        minExtent=44,
    )
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
    heading = alt.TitleParams(title, anchor="start", fontSize=13, color=INK, offset=6)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=heading)


def _caption(rows: Rows, periods: str, currencies: Sequence[str], currency: str | None) -> list[str]:
    word = periods[2:] if periods.startswith("1 ") else periods
    first, last = min(row["period"] for row in rows), max(row["period"] for row in rows)
    limits = (
        f"{word}, periods beginning {_MONTHS[first.month - 1]} {first.year} to {_MONTHS[last.month - 1]} {last.year}"
    )
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
