"""The steps from a ledger's number to the standard's, in the order to draw, and what they say in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

MOST_BARS = 14
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
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
    most: int = MOST_BARS,
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


@dataclass(frozen=True)
class Waterfall:
    """The way from one ledger's number to the standard's, in one period and direction.

    Attributes
    ----------
    currency
        Of all values; None: there are none, or in several currencies, which no sum crosses.
    differing, unexplained
        Events of either side (gross: the steps' counts are net).
    """

    ledger: str
    standard: str
    units: tuple[str, str]
    direction: str
    finding: str
    caption: tuple[str, ...]
    steps: tuple[Step, ...]
    currency: str | None
    differing: int
    unexplained: int


def waterfall(
    statement: Iterable[Mapping[str, Any]],
    bridge: Iterable[Mapping[str, Any]],
    ledgers: tuple[str, str],
    units: tuple[str, str],
    period: date,
    length: str,
    direction: str = "net",
) -> Waterfall:
    """Return the steps of one period and direction with their words.

    Parameters
    ----------
    statement, bridge
        Rows of any periods, ledgers and directions (money in decimals).
    ledgers, units
        The ledger and the standard, and what each counts.
    period, length
        Its first day and how long it is, as ``1 month``.
    direction
        ``"in"``, ``"out"`` or ``"net"``.
    """
    came, went = {"in": (1, 0), "out": (0, 1), "net": (1, -1)}[direction]
    own = [row for row in bridge if row["period"] == period and row["direction"] == direction]
    ends = {name: (0, Decimal(0)) for name in ledgers}
    currencies = {row["currency"] or "" for row in own if row["value"]}
    for row in statement:
        if row["period"] != period or row["ledger"] not in ends:
            continue
        count, value = ends[row["ledger"]]
        count += came * row["joined"] + went * row["left"]
        ends[row["ledger"]] = (count, value + came * row["joined_value"] + went * row["left_value"])
        if row["joined_value"] or row["left_value"]:
            currencies.add(row["currency"] or "")
    bars = steps(own, ends)
    differing = sum(row["events"] for row in own if row["reason"] != "matched")
    matched = sum(row["events"] for row in own if row["reason"] == "matched")
    unexplained = sum(bar.events for bar in bars if bar.kind == "unexplained")
    gap = bars[0].count - bars[-1].count
    day = f"{period.day} {MONTHS[period.month - 1]} {period.year}"
    caption = [
        f"The {length.removeprefix('1 ')} from {day}. The gap of {abs(gap):,} is net: they differ on {differing:,} "
        "comings and goings,",
        f"{differing - unexplained:,} with one named reason each, {unexplained:,} "
        f"{'is' if unexplained == 1 else 'are'} unexplained; on {matched // 2:,} they agree.",
    ]
    if units[0] != units[1]:
        caption.append(f"They count different things: {units[0]} and {units[1]}.")
    if len(currencies) > 1:
        names = ", ".join(name or "no currency" for name in sorted(currencies))
        caption.append(f"Values are in {names}: no sum without rates.")
    return Waterfall(
        *ledgers,
        units,
        direction,
        _finding(*ledgers, bars[0].count, bars[-1].count, direction),
        tuple(caption),
        tuple(bars),
        next(iter(currencies)) if len(currencies) == 1 else None,
        differing,
        unexplained,
    )


def _label(reason: str, rule: str | None) -> str:
    if rule is None:
        return _WORDS[reason]
    rule = rule if len(rule) <= 40 else rule[:39] + "…"
    return f"{'A gap of grace' if reason == 'rewrite' else _WORDS[reason]}: {rule}"


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
