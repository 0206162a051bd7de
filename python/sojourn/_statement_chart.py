"""The statement as a chart: a row a ledger, customers left and value right; in above, out below, net as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import altair as alt

IN, OUT, INK, MUTED, LINE, BACKGROUND = "#0b6fb0", "#d1490c", "#17202a", "#56616d", "#c3cbd3", "#fffffe"
_WIDTH, _HEIGHT = 430, 84
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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
        empty = alt.Chart(alt.InlineData([{}])).mark_text(fontSize=13, color=MUTED)
        text = "No record passes the ledgers' rules: nobody to count. fates() says which rule each record fails."
        return empty.encode(text=alt.value(text)).properties(width=2 * _WIDTH, height=_HEIGHT)
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
        title = f"{ledger} (by {unit}): {came:,} in, {left:,} out, net {_signed(came - left)}"
        row = [_panel(points, "", title, top_count, last, "")]
        if currency is not None:
            came_value, left_value = sum(p["in_value"] for p in points), sum(p["out_value"] for p in points)
            net = _money(came_value - left_value, currency, signed=True)
            title = f"{_money(came_value, currency)} in, {_money(left_value, currency)} out, net {net}"
            row.append(_panel(points, "_value", title, top_value, last, _prefix(currency)))
        lines.append(alt.hconcat(*row, spacing=26))
    return (
        alt.vconcat(*lines, spacing=12)
        .properties(
            title=alt.TitleParams(
                _finding(panels, list(units), currency, standard),
                subtitle=_caption(periods, currencies, currency, rows),
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
    labels = _axis_labels([date.fromisoformat(point["period"]) for point in points])
    lookup = "{" + ",".join(f"'{day}':'{label}'" for day, label in labels.items()) + "}"
    x = alt.X(
        "period:N",
        sort=None,
        axis=alt.Axis(
            title=None,
            labels=last,
            ticks=False,
            domain=False,
            labelAngle=0,
            labelExpr=f"{lookup}[datum.value]",
            labelColor=INK,
            labelFontSize=11,
            labelOverlap=True,
        ),
        scale=alt.Scale(paddingInner=0.38, paddingOuter=0.2),
    )

    def y(field: str) -> alt.Y:
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
    heading = alt.TitleParams(title, anchor="start", fontSize=13, color=INK, offset=6)
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=heading)


def _axis_labels(periods: Sequence[date]) -> dict[str, str]:
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
            label = f"{_MONTHS[day.month - 1]}{year}"
        labels[day.isoformat()] = label
    return labels


def _round(top: float) -> float:
    """Return the largest 1, 2 or 5 × 10ⁿ that the panel can show."""
    if top <= 0:
        return 1
    power = 10 ** (len(str(int(top))) - 1) if top >= 1 else 1
    return float(max(step * power for step in (1, 2, 4, 5, 8) if step * power <= max(top, 1)))


def _short_number(prefix: str) -> str:
    size = "abs(datum.value)"
    return (
        f"'{prefix}' + ({size} >= 1e9 ? format({size} / 1e9, '~r') + 'bn' : "
        f"{size} >= 1e6 ? format({size} / 1e6, '~r') + 'm' : "
        f"{size} >= 1e4 || ('{prefix}' && {size} >= 1e3) ? format({size} / 1e3, '~r') + 'k' : format({size}, ',~r'))"
    )


def _prefix(currency: str) -> str:
    return _SYMBOLS.get(currency, f"{currency} " if currency else "")


def _signed(number: int) -> str:
    return f"{'+' if number > 0 else '−' if number < 0 else ''}{abs(number):,}"


def _money(amount: float, currency: str, *, signed: bool = False) -> str:
    sign = "−" if amount < 0 else "+" if signed and amount > 0 else ""
    size = abs(amount)
    for unit, word, digits in ((1e9, "bn", 2), (1e6, "m", 2), (1e3, "k", 0)):
        if size >= unit:
            return f"{sign}{_prefix(currency)}{size / unit:.{digits}f}{word}"
    return f"{sign}{_prefix(currency)}{size:,.0f}"


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
        found += f"{joint} {_money(abs(values[0]), currency)}"
    others = sorted(range(1, len(names)), key=lambda at: (-abs(nets[at] - nets[0]), at))
    if others and nets[others[0]] != nets[0]:
        net = nets[others[0]]
        report = "no change" if net == 0 else f"a {'gain' if net > 0 else 'loss'} of {abs(net):,}"
        found += f"; {names[others[0]]} reports {report}"
    return found


def _caption(periods: str, currencies: Sequence[str], currency: str | None, rows: Rows) -> list[str]:
    word = periods[2:] if periods.startswith("1 ") else periods
    first, last = min(row["period"] for row in rows), max(row["period"] for row in rows)
    limits = f"{_MONTHS[first.month - 1]} {first.year} to {_MONTHS[last.month - 1]} {last.year}"
    value = "; customers on the left, their value on the right" if currency is not None else ""
    drawn = f"In (blue, up), out (orange, down) and net (line) per {word}, periods beginning {limits}{value}."
    lines = [f"{drawn} Same scale in every row."]
    if len(currencies) > 1:
        names = ", ".join(name or "no currency" for name in currencies)
        lines.append(f"Values are in {names}: no sum without rates, so customers only.")
    if currency is not None:
        first_ledger = rows[0]["ledger"]
        own = [row for row in rows if row["ledger"] == first_ledger]
        stayed = float(sum(row["expansion"] - row["contraction"] + row["fx"] for row in own))
        if stayed:
            change = _money(stayed, currency, signed=True)
            lines.append(f"Not drawn: what those who stayed came to be worth more or less ({first_ledger}: {change}).")
    others = sum(row["other_in"] + row["other_out"] for row in rows)
    if others:
        lines.append(f"Not drawn: {others:,} edges that the ledgers' own rules do not count (other_in, other_out).")
    return lines
