"""The waterfall from a ledger's number to the standard's: a bar a reason, customers left and value right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from sojourn._statement_chart import _MONTHS, BACKGROUND, IN, INK, LINE, MUTED, OUT, _money, _signed

TOTAL = "#3c4a58"
_WIDTHS, _STEP, _MOST_BARS = (330, 250), 34, 14
_WORDS = {
    "matched": "Same customers, another value",
    "timing": "Counted in another period",
    "rewrite": "A gap or a change of records, not a coming or going",
    "grain": "One customer under several numbers",
    "rule": "Left out by a rule",
    "identity": "No link between the numbers",
    "pending": "Not decided yet",
    "only here": "Known to one of the two only",
    "no event there": "Still, or already, a customer to the other",
    "unexplained": "Unexplained",
}
_DIRECTIONS = {"in": "came in", "out": "went out", "net": "net"}


@dataclass(frozen=True)
class Step:
    """One bar: what it is called, and by how much it moves the count and the value on the way to the standard."""

    label: str
    count: int
    value: Decimal
    events: int
    kind: str  # "start", "down", "up", "unexplained", "end"


def steps(
    bridge: Iterable[Mapping[str, Any]],
    ends: Mapping[str, tuple[int, Decimal]],
    *,
    most: int = _MOST_BARS,
) -> list[Step]:
    """Return the bars in the order to draw: the ledger, reductions, additions, unexplained, the standard.

    Parameters
    ----------
    bridge
        Rows of one period and direction, in one currency.
    ends
        The ledger's and the standard's name → count and value, in this order.
    most
        Reasons beyond so many are one bar, the smallest of them, which says how many it stands for.
    """
    found: dict[tuple[str, str | None], list[Any]] = {}
    for row in bridge:
        sums = found.setdefault((row["reason"], row["rule"]), [0, Decimal(0), 0])
        for at, name in enumerate(("count", "value", "events")):
            sums[at] += row[name]
    unexplained = found.pop(("unexplained", None), [0, Decimal(0), 0])
    moved = {place: sums for place, sums in found.items() if sums[0] or sums[1]}
    by_size = sorted(moved, key=lambda place: (-abs(moved[place][0]), -abs(moved[place][1]), place[0], place[1] or ""))
    bars = [Step(_label(*place), -moved[place][0], -moved[place][1], moved[place][2], "") for place in by_size]
    if len(bars) > most:
        rest, bars = bars[most - 1 :], bars[: most - 1]
        bars.append(
            Step(
                f"{len(rest)} smaller reasons",
                sum(bar.count for bar in rest),
                sum((bar.value for bar in rest), Decimal(0)),
                sum(bar.events for bar in rest),
                "",
            )
        )
    down = [bar for bar in bars if (bar.count, bar.value) < (0, Decimal(0))]
    up = [bar for bar in bars if bar not in down]
    (ledger, first), (standard, last) = ends.items()
    return [
        Step(f"{ledger} says", *first, 0, "start"),
        *(Step(bar.label, bar.count, bar.value, bar.events, "down") for bar in down),
        *(Step(bar.label, bar.count, bar.value, bar.events, "up") for bar in up),
        Step("Unexplained", -unexplained[0], -unexplained[1], unexplained[2], "unexplained"),
        Step(f"{standard} says", *last, 0, "end"),
    ]


def waterfall_chart(
    bridge: Sequence[Mapping[str, Any]],
    ends: Mapping[str, Mapping[str | None, tuple[int, Decimal]]],
    units: tuple[str, str],
    period: date,
    length: str,
    direction: str,
) -> Any:
    """Return the chart of one ledger's bridge in one period.

    Parameters
    ----------
    bridge
        Rows of that period and direction (money in decimals).
    ends
        The ledger's and the standard's name, in this order → currency → count and value of that direction.
    units
        What the two count.
    period, length
        Its first day and how long it is, for the caption.
    direction
        ``"in"``, ``"out"`` or ``"net"``.

    Notes
    -----
    No sum crosses currencies: with several, values are not drawn and the caption says so.
    """
    (ledger, ours), (standard, theirs) = ends.items()
    currencies = sorted({row["currency"] or "" for row in bridge if row["value"]} | _valued(ours) | _valued(theirs))
    currency = currencies[0] if len(currencies) == 1 else None
    totals = {name: _total(by_currency) for name, by_currency in ends.items()}
    bars = steps(bridge, totals)
    panels = [_panel(bars, "count", _WIDTHS[0], f"Customers (by {units[1]}), {_DIRECTIONS[direction]}", labels=True)]
    if currency is not None:
        panels.append(_panel(bars, "value", _WIDTHS[1], f"Value, {_DIRECTIONS[direction]}", currency=currency))
    lines = _caption(bars, bridge, units, period, length, currencies if currency is None else [])
    return (
        alt.hconcat(*panels, spacing=30)
        .properties(
            title=alt.TitleParams(
                _finding(ledger, standard, totals[ledger][0], totals[standard][0], direction),
                subtitle=lines,
                anchor="start",
                fontSize=18,
                color=INK,
                subtitleColor=MUTED,
                subtitleFontSize=13,
                offset=14,
            ),
            background=BACKGROUND,
            description=" ".join(lines),
        )
        .configure(font="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif", view=alt.ViewConfig(stroke=None))
    )


def _label(reason: str, rule: str | None) -> str:
    if rule is None:
        return _WORDS[reason]
    rule = rule if len(rule) <= 40 else rule[:39] + "…"
    return f"{'A gap of grace' if reason == 'rewrite' else _WORDS[reason]}: {rule}"


def _valued(by_currency: Mapping[str | None, tuple[int, Decimal]]) -> set[str]:
    return {currency or "" for currency, (_, value) in by_currency.items() if value}


def _total(by_currency: Mapping[str | None, tuple[int, Decimal]]) -> tuple[int, Decimal]:
    return sum(count for count, _ in by_currency.values()), sum(
        (value for _, value in by_currency.values()), Decimal(0)
    )


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
        shown = _money(size, currency, signed=True) if currency is not None else _signed(round(size))
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
        labelExpr="{" + ",".join(f"{n}:{_quoted(bar.label)}" for n, bar in enumerate(bars)) + "}[datum.value]",
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
    heading = alt.TitleParams(title, anchor="start", fontSize=13, color=INK, offset=6)
    layers = (zero, steps_down, solid, open_bar, halo, figures)
    return alt.layer(*layers).properties(width=width, height=alt.Step(_STEP), title=heading)


def _quoted(text: str) -> str:
    """Return a string of the charts' expression language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ").replace("\r", " ") + "'"


def _finding(ledger: str, standard: str, ours: int, theirs: int, direction: str) -> str:
    gap = ours - theirs
    said = {
        "net": f"{standard} {'gained' if theirs >= 0 else 'lost'} {abs(theirs):,}",
        "in": f"{standard} had {theirs:,} come in",
        "out": f"{standard} had {theirs:,} go out",
    }[direction]
    if gap == 0:
        return f"{ledger} and {standard} agree: {said}"
    return f"{ledger} counts {abs(gap):,} {'more' if gap > 0 else 'fewer'}; {said}"


def _caption(
    bars: Sequence[Step],
    bridge: Sequence[Mapping[str, Any]],
    units: tuple[str, str],
    period: date,
    length: str,
    unsummed: Sequence[str],
) -> list[str]:
    differing = sum(row["events"] for row in bridge if row["reason"] != "matched")
    matched = sum(row["events"] for row in bridge if row["reason"] == "matched")
    (unexplained,) = (bar.events for bar in bars if bar.kind == "unexplained")
    word = length[2:] if length.startswith("1 ") else length
    gap = bars[0].count - bars[-1].count
    are = "is" if unexplained == 1 else "are"
    day = f"{period.day} {_MONTHS[period.month - 1]} {period.year}"
    lines = [
        f"The {word} from {day}. The gap of {abs(gap):,} is net: they differ on {differing:,} comings and goings,",
        f"{differing - unexplained:,} with one named reason each, {unexplained:,} {are} unexplained; "
        f"on {matched // 2:,} they agree.",
    ]
    if units[0] != units[1]:
        lines.append(f"They count different things: {units[0]} and {units[1]}.")
    if unsummed:
        lines.append(f"Values are in {', '.join(name or 'no currency' for name in unsummed)}: no sum without rates.")
    return lines
