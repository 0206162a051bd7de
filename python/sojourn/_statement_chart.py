"""The statement as a chart: a row a ledger, customers left and value right; in above, out below, net as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from sojourn._chart_style import (
    BACKGROUND,
    IN,
    INK,
    OUT,
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
from sojourn.journey_map.numbers import currency_unit, signed

_WIDTH, _HEIGHT = 430, 84

Rows = list[dict[str, Any]]


def statement_chart(rows: Rows, units: Mapping[str, str], periods: str, *, standard: bool) -> Any:
    """Return the chart of statement rows (money in decimals).

    Parameters
    ----------
    rows
        The statement.
    units
        Ledger → what it counts, in the order to draw.
    periods
        Length of a period, for the caption.
    standard
        Whether the first ledger is the company's own.
    """
    if not rows:
        text = "No record passes the ledgers' rules: nobody to count. fates() says which rule each record fails."
        return empty(text, 2 * _WIDTH, _HEIGHT)
    currencies = sorted({row["currency"] or "" for row in rows if _has_value(row)})
    # No sum crosses currencies without a rate: then the customers stand alone.
    currency = currencies[0] if len(currencies) == 1 else None
    panels = [_panel_rows(rows, ledger) for ledger in units]
    top_count = max((max(point["in"], point["out"]) for panel in panels for point in panel), default=0)
    top_value = max((max(point["in_value"], point["out_value"]) for panel in panels for point in panel), default=0.0)
    lines = []
    for at, (ledger, unit) in enumerate(units.items()):
        points, last = panels[at], at == len(units) - 1
        came, left = sum(p["in"] for p in points), sum(p["out"] for p in points)
        title = f"{ledger} (by {unit}): {came:,} in, {left:,} out, net {signed(came - left)}"
        row = [_panel(points, "", title, top_count, last, "")]
        if currency is not None:
            came_value, left_value = sum(p["in_value"] for p in points), sum(p["out_value"] for p in points)
            net = amount(came_value - left_value, currency, signed=True)
            title = f"{amount(came_value, currency)} in, {amount(left_value, currency)} out, net {net}"
            row.append(_panel(points, "_value", title, top_value, last, currency_unit(currency)))
        lines.append(alt.hconcat(*row, spacing=26))
    finding = _finding(panels, list(units), currency, standard)
    return titled(alt.vconcat(*lines, spacing=12), finding, _caption(periods, currencies, currency, rows))


def _has_value(row: Mapping[str, Any]) -> bool:
    return any(bool(row[name]) for name in row if name.endswith("_value"))


def _panel_rows(rows: Rows, ledger: str) -> Rows:
    """Return one point a period: segments and currencies added up (values mean something in one currency only)."""
    zero = {"in": 0, "out": 0, "in_value": Decimal(0), "out_value": Decimal(0)}
    periods = sorted({row["period"] for row in rows})
    found: dict[date, dict[str, Any]] = {period: {"period": period.isoformat(), **zero} for period in periods}
    for row in rows:
        if row["ledger"] != ledger:
            continue
        point = found[row["period"]]
        point["in"] += row["joined"]
        point["out"] += row["left"]
        point["in_value"] += row["joined_value"]
        point["out_value"] += row["left_value"]
    points = list(found.values())
    for point in points:
        point["in_value"], point["out_value"] = float(point["in_value"]), float(point["out_value"])
    return points


def _panel(points: Rows, tail: str, title: str, top: float, last: bool, prefix: str) -> Any:
    data = alt.InlineData(
        [
            {
                "period": point["period"],
                "in": point[f"in{tail}"],
                "out": point[f"out{tail}"],
                "down": -point[f"out{tail}"],
                "net": point[f"in{tail}"] - point[f"out{tail}"],
            }
            for point in points
        ]
    )
    limit = top * 1.04 or 1
    axis = period_axis([date.fromisoformat(point["period"]) for point in points], labels=last)
    x = alt.X("period:N", sort=None, axis=axis, scale=alt.Scale(paddingInner=0.38, paddingOuter=0.2))
    level = round_level(top)

    def y(field: str) -> alt.Y:
        axis = level_axis(values=[-level, 0, level], labelExpr=short_number(prefix), minExtent=44)
        return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[-limit, limit], nice=False), axis=axis)

    tooltip = [
        alt.Tooltip("period:N", title="from"),
        alt.Tooltip("in:Q", title="in", format=",.2f" if tail else ","),
        alt.Tooltip("out:Q", title="out", format=",.2f" if tail else ","),
        alt.Tooltip("net:Q", title="net", format="+,.2f" if tail else "+,"),
    ]
    base = alt.Chart(data)
    layers = [
        base.mark_bar(color=IN).encode(x=x, y=y("in"), tooltip=tooltip),
        base.mark_bar(color=OUT).encode(x=x, y=y("down"), tooltip=tooltip),
        base.mark_rule(color=INK, strokeWidth=1).encode(y=alt.datum(0)),
        base.mark_line(color=BACKGROUND, strokeWidth=5).encode(x=x, y=y("net")),
        base.mark_line(color=INK, strokeWidth=2).encode(x=x, y=y("net")),
        base.mark_point(color=INK, fill=INK, size=22, opacity=1, strokeWidth=1).encode(
            x=x, y=y("net"), tooltip=tooltip
        ),
    ]
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=heading(title))


def _finding(panels: Sequence[Rows], names: Sequence[str], currency: str | None, standard: bool) -> str:
    """Return the title: what the first ledger says, and the ledger that disagrees most."""
    nets = [sum(p["in"] - p["out"] for p in panel) for panel in panels]
    values = [sum(p["in_value"] - p["out_value"] for p in panel) for panel in panels]
    who = "The company" if standard else names[0]
    if nets[0] == 0:
        found = f"{who} neither gained nor lost customers"
    else:
        customers = "customer" if abs(nets[0]) == 1 else "customers"
        found = f"{who} {'lost' if nets[0] < 0 else 'gained'} {abs(nets[0]):,} {customers}"
    if currency is not None and values[0]:
        same = nets[0] != 0 and (values[0] < 0) == (nets[0] < 0)
        joint = " and" if same else ", and lost" if values[0] < 0 else ", and gained"
        found += f"{joint} {amount(abs(values[0]), currency)}"
    others = sorted(range(1, len(names)), key=lambda at: (-abs(nets[at] - nets[0]), at))
    if others and nets[others[0]] != nets[0]:
        net = nets[others[0]]
        report = "no change" if net == 0 else f"a {'gain' if net > 0 else 'loss'} of {abs(net):,}"
        found += f"; {names[others[0]]} reports {report}"
    return found


def _caption(periods: str, currencies: Sequence[str], currency: str | None, rows: Rows) -> list[str]:
    limits = span(min(row["period"] for row in rows), max(row["period"] for row in rows))
    value = "; customers on the left, their value on the right" if currency is not None else ""
    drawn = f"In (blue, up), out (orange, down) and net (line) per {each(periods)}, periods beginning {limits}{value}."
    lines = [f"{drawn} Same scale in every row."]
    if len(currencies) > 1:
        names = ", ".join(name or "no currency" for name in currencies)
        lines.append(f"Values are in {names}: no sum without rates, so customers only.")
    if currency is not None:
        first_ledger = rows[0]["ledger"]
        own = [row for row in rows if row["ledger"] == first_ledger]
        stayed = float(sum(row["expansion"] - row["contraction"] + row["fx"] for row in own))
        if stayed:
            change = amount(stayed, currency, signed=True)
            lines.append(f"Not drawn: what those who stayed came to be worth more or less ({first_ledger}: {change}).")
    others = sum(row["other_in"] + row["other_out"] for row in rows)
    if others:
        lines.append(f"Not drawn: {others:,} edges that the ledgers' own rules do not count (other_in, other_out).")
    return lines
