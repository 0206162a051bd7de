"""How many customers came in and went out, worth how much: from a reconciliation's statement to what the page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sojourn.journey_map.numbers import count, signed
from sojourn.journey_map.text import clean

from . import worth
from .worth import Worth

_COUNTS = ("opening", "new", "returned", "other_in", "joined", "left", "other_out", "closing", "in_grace")
_VALUE_ONLY = ("expansion", "contraction", "fx")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Flow:
    """One period of one ledger: customers, and their value by currency.

    Attributes
    ----------
    start, end
        First day, and the first day that the period no longer holds.
    counts, values
        By the statement's columns; `values` holds expansion, contraction and fx besides.
    """

    start: date
    end: date
    counts: Mapping[str, int]
    values: Mapping[str, Worth]

    @property
    def net(self) -> int:
        """Change in the number of customers."""
        return self.counts["closing"] - self.counts["opening"]

    @property
    def gain(self) -> Worth:
        """Change in value, of customers who stayed too."""
        return worth.difference(self.values["closing"], self.values["opening"])

    @property
    def came_less_went(self) -> Worth:
        """Value of those who came in, less that of those who went out."""
        return worth.difference(self.values["joined"], self.values["left"])

    @property
    def name(self) -> str:
        """The period in words."""
        return worth.period_name(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Term:
    """A line of the identity: what is added or taken away. No count: it changes the value only."""

    sign: str
    words: str
    count: int | None
    value: Worth
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment in one period."""

    name: str
    flow: Flow


@dataclass(frozen=True, slots=True)
class Account:
    """One ledger, period by period, all its segments together."""

    name: str
    flows: tuple[Flow, ...]
    segments: tuple[Segment, ...]
    currencies: tuple[str, ...]

    @property
    def last(self) -> Flow:
        """The last period: the room's own."""
        return self.flows[-1]

    @property
    def has_value(self) -> bool:
        """Whether the ledger's customers are worth anything at all."""
        return bool(self.currencies)

    def sum(self, column: str) -> int:
        """Return a column's sum over all periods."""
        return sum(flow.counts[column] for flow in self.flows)

    def worth(self, column: str) -> Worth:
        """Return the value of a column over all periods."""
        return worth.total(flow.values[column] for flow in self.flows)

    def used(self, column: str) -> bool:
        """Whether a column holds anything but zeros."""
        values = any(any(flow.values[column].values()) for flow in self.flows)
        return values or any(flow.counts.get(column, 0) for flow in self.flows)


def read(rows: Sequence[Mapping[str, Any]], names: Sequence[str], months: int) -> tuple[Account, ...]:
    """Return the ledgers of a statement; none for one without rows.

    Parameters
    ----------
    rows
        The statement's rows, money in major units.
    names
        Which ledgers, in this order.
    months
        Length of a period.
    """
    by_ledger: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_ledger.setdefault(str(row["ledger"]), []).append(row)
    return tuple(_account(name, by_ledger[name], months) for name in names if name in by_ledger)


def _account(name: str, rows: Sequence[Mapping[str, Any]], months: int) -> Account:
    periods: dict[date, list[Mapping[str, Any]]] = {}
    for row in rows:
        periods.setdefault(worth.plain_date(row["period"]), []).append(row)
    flows = tuple(_flow(start, periods[start], months) for start in sorted(periods))
    last: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in periods[flows[-1].start]:
        last.setdefault(row["segment"], []).append(row)
    segments = [
        Segment("no segment" if key is None else clean(str(key)), _flow(flows[-1].start, part, months))
        for key, part in last.items()
    ]
    codes = dict.fromkeys(code for flow in flows for code in _codes(flow))
    return Account(
        name=clean(name),
        flows=flows,
        segments=tuple(sorted(segments, key=_moved)) if len(segments) > 1 else (),
        currencies=tuple(sorted(codes)),
    )


def _moved(segment: Segment) -> tuple[int, str]:
    counts = segment.flow.counts
    return -(counts["joined"] + counts["left"] + counts["closing"]), segment.name


def _codes(flow: Flow) -> Iterable[str]:
    return (code for worths in flow.values.values() for code, amount in worths.items() if amount)


def _flow(start: date, rows: Iterable[Mapping[str, Any]], months: int) -> Flow:
    counts = dict.fromkeys(_COUNTS, 0)
    values: dict[str, dict[str, Decimal]] = {column: {} for column in (*_COUNTS, *_VALUE_ONLY)}
    for row in rows:
        code = str(row["currency"] or "")
        for column, cells in values.items():
            if column in counts:
                counts[column] += int(row[column])
            cell = row[column if column in _VALUE_ONLY else f"{column}_value"]
            cells[code] = cells.get(code, _NOTHING) + worth.decimal(cell)
    return Flow(start, worth.later(start, months), counts, values)


def fold_segments(segments: Sequence[Segment], most: int = 12) -> tuple[Segment, ...]:
    """Return at most so many segments; the rest as one, with their sums."""
    if len(segments) <= most:
        return tuple(segments)
    rest = segments[most - 1 :]
    flow = rest[0].flow
    counts = {column: sum(segment.flow.counts[column] for segment in rest) for column in _COUNTS}
    values = {column: worth.total(segment.flow.values[column] for segment in rest) for column in flow.values}
    return (*segments[: most - 1], Segment(f"{len(rest)} more segments", Flow(flow.start, flow.end, counts, values)))


def terms(account: Account) -> tuple[Term, ...]:
    """Return the lines of the last period's identity, each as the statement has it; columns never used are left out."""
    flow = account.last

    def term(sign: str, words: str, column: str, strong: bool = False) -> Term:
        return Term(sign, words, flow.counts.get(column), flow.values[column], strong)

    lines = [
        term("", f"here on {worth.day(flow.start)}", "opening", True),
        term("+", "new", "new"),
        term("+", "returned", "returned"),
        *([term("+", "other in", "other_in")] if account.used("other_in") else []),
        term("−", "left", "left"),
        *([term("−", "other out", "other_out")] if account.used("other_out") else []),
    ]
    if account.has_value:
        lines += [term("+", "grew", "expansion"), term("−", "shrank", "contraction")]
        if account.used("fx"):
            lines.append(term("+", "exchange rates", "fx"))
    lines.append(term("=", f"here on {worth.day(worth.last_day(flow.end))}", "closing", True))
    return tuple(lines)


def finding(account: Account, who: str) -> str:
    """Return the page's title: the last period in whole customers, and what it did to their value."""
    flow = account.last
    came, went = flow.counts["joined"], flow.counts["left"]
    others = flow.counts["other_in"] or flow.counts["other_out"]
    if others and flow.net:
        text = f"We have {worth.more_or_fewer(flow.net)} {who} than before"
    elif came == went:
        text = f"As many {who} came in as went out: {count(came)} each" if came else "Nobody came in or went out"
    elif came > went:
        text = f"We gained {count(came - went)} more {who} than we lost"
    else:
        text = f"We lost {count(went - came)} more {who} than we gained"
    less = worth.more_or_less(flow.gain)
    return f"{text}; those here are worth {less}" if account.has_value and less else text


def headline(accounts: Sequence[Account], span: str) -> str:
    """Return the statement's title: sums over the periods, and where the ledgers disagree."""
    first, *others = accounts
    when = f"{count(len(first.flows))} {span}s" if len(first.flows) > 1 else first.last.name
    text = f"{when}: {count(first.sum('joined'))} came in, {count(first.sum('left'))} went out"
    nets = [f"{account.name} {signed(_net(account))}" for account in others]
    if not nets:
        return text
    more = f" and {len(nets) - 3} more ledgers" if len(nets) > 3 else ""
    return f"{text}, net {signed(_net(first))} by {first.name}; {', '.join(nets[:3])}{more}"


def _net(account: Account) -> int:
    return account.sum("joined") - account.sum("left")


def panel_title(account: Account, who: str, code: str | None) -> str:
    """Return a chart's title: its sums over all periods; `who` is empty where the ledger counts something else."""
    if code is None:
        came, went = account.sum("joined"), account.sum("left")
        whom = f" {who}" if who else ""
        return f"{account.name}: {count(came)}{whom} in, {count(went)} out, net {signed(_net(account))}"
    came_worth, went_worth = ({code: account.worth(column).get(code, _NOTHING)} for column in ("joined", "left"))
    net = worth.change(worth.difference(came_worth, went_worth))
    return f"{worth.short(came_worth)} in, {worth.short(went_worth)} out, net {net}"


def not_drawn(accounts: Sequence[Account]) -> tuple[int, int]:
    """Return other in and other out, which the picture leaves to the table."""
    return sum(a.sum("other_in") for a in accounts), sum(a.sum("other_out") for a in accounts)
