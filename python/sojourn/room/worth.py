"""Dates, shares and amounts as the room writes them, besides `sojourn.journey_map.numbers`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sojourn.journey_map.numbers import MINUS, count, currency_unit, money, percent, signed_money

Worth = Mapping[str, Decimal]
"""Amounts by currency code; "" where none is known. No sum crosses currencies."""

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def decimal(cell: Any) -> Decimal:
    """Return a cell of money, exactly as it is written."""
    if cell is None:
        return Decimal(0)
    return cell if isinstance(cell, Decimal) else Decimal(repr(cell))


def short(worth: Worth) -> str:
    """Write amounts in short: ``$4.42m``, ``$4.42m and €12k``."""
    return " and ".join(money(float(amount), currency_unit(code)) for code, amount in _told(worth))


def change(worth: Worth) -> str:
    """Write changes in short: ``+$4.42m``, ``−$370k``."""
    return " and ".join(signed_money(float(amount), currency_unit(code)) for code, amount in _told(worth))


def loss(worth: Worth) -> str:
    """Write what went, in short: ``−$4.42m``."""
    return change({code: -amount for code, amount in worth.items()})


def exact(amount: Decimal, currency: str) -> str:
    """Write an amount to its last digit: ``$262,823.89``; whole units without a fraction."""
    size = abs(amount)
    digits = f"{size:,.0f}" if size == size.to_integral_value() else f"{size:,.{max(2, _places(size))}f}"
    return f"{MINUS if amount < 0 else ''}{currency_unit(currency)}{digits}"


def difference(one: Worth, other: Worth) -> Worth:
    """Return one less the other, currency by currency."""
    return {code: one.get(code, Decimal(0)) - other.get(code, Decimal(0)) for code in dict.fromkeys((*one, *other))}


def total(worths: Iterable[Worth]) -> Worth:
    """Return the sum, currency by currency."""
    sums: dict[str, Decimal] = {}
    for worth in worths:
        for code, amount in worth.items():
            sums[code] = sums.get(code, Decimal(0)) + amount
    return sums


def _told(worth: Worth) -> list[tuple[str, Decimal]]:
    told = sorted((code, amount) for code, amount in worth.items() if amount)
    return told or sorted(worth.items())[:1]


def _places(size: Decimal) -> int:
    exponent = size.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def share(part: float, target: float | None = None) -> str:
    """Write a share in whole per cents; one decimal where rounding would hide that it is not all, or not nothing."""
    if not math.isfinite(part):
        return "not known"
    whole = round(part * 100)
    if (whole == 0 and part > 0) or (whole == 100 and part < 1):
        tenth = f"{part * 100:.1f}%"
        return {"0.0%": "under 0.1%", "100.0%": "over 99.9%"}.get(tenth, tenth)
    return percent(part, target)


def reach(low: float | None, high: float | None) -> str:
    """Write an interval of shares: ``53–54%``, with a decimal where both ends would read the same."""
    if low is None or high is None:
        return ""
    ends = [f"{end * 100:.0f}" for end in (low, high)]
    if ends[0] == ends[1] and low != high:
        ends = [f"{end * 100:.1f}" for end in (low, high)]
    return f"{ends[0]}%" if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}%"


def rate(number: float) -> str:
    """Write how many there are of something each: ``1.4``, ``12``."""
    return f"{number:.2f}" if number < 10 and number != round(number) else f"{number:,.0f}"


def day(moment: date) -> str:
    """Write a date: ``1 April 1998``."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def plain_date(cell: Any) -> date:
    """Return the date of a cell that holds a date, an instant or ISO text."""
    if isinstance(cell, datetime):
        return cell.date()
    return cell if isinstance(cell, date) else date.fromisoformat(str(cell)[:10])


def months_between(first: date, after: date) -> int:
    """Return the number of months from one first of a month to another."""
    return (after.year - first.year) * 12 + after.month - first.month


def later(start: date, months: int) -> date:
    """Return the first of the month so many months later."""
    at = start.year * 12 + start.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def last_day(end: date) -> date:
    """Return the day before `end`, the first day that a period no longer holds."""
    return end - timedelta(days=1)


def period_name(start: date, end: date) -> str:
    """Write a period: ``April to June 1998``, ``June 1998``, ``1998``."""
    last = last_day(end)
    months = months_between(start, end)
    if months == 12 and start.month == 1:
        return str(start.year)
    if months == 1:
        return f"{_MONTHS[start.month - 1]} {start.year}"
    first_year = "" if start.year == last.year else f" {start.year}"
    return f"{_MONTHS[start.month - 1]}{first_year} to {_MONTHS[last.month - 1]} {last.year}"


def tick_name(start: date, end: date, with_year: bool) -> str:
    """Write a period for an axis: ``Apr–Jun``, ``Jan–Mar 98``, ``Jun``, ``1998``."""
    months = months_between(start, end)
    if months >= 12:
        return str(start.year)
    year = f" {start.year % 100:02d}" if with_year else ""
    first = _MONTHS[start.month - 1][:3]
    return f"{first}{year}" if months <= 1 else f"{first}–{_MONTHS[last_day(end).month - 1][:3]}{year}"


def span_name(months: int) -> str:
    """Return what a period of so many months is called."""
    return {1: "month", 3: "quarter", 12: "year"}.get(months, "period")


def more_or_fewer(number: int) -> str:
    """Write a change of people in words: ``500 fewer``, ``59 more``, ``as many``."""
    return "as many" if number == 0 else f"{count(abs(number))} {'more' if number > 0 else 'fewer'}"


def more_or_less(worth: Worth) -> str:
    """Write a change of value in words: ``$49k less``."""
    parts = sorted((code, amount) for code, amount in worth.items() if amount)
    return " and ".join(
        f"{money(float(abs(amount)), currency_unit(code))} {'more' if amount > 0 else 'less'}" for code, amount in parts
    )
