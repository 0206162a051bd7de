"""Numbers as every picture writes them.

Thousands are grouped, a minus is a true minus (U+2212), money is short (``$402k``, ``$4.42m``, ``$1.20bn``), and a
share is a whole per cent unless rounding would hide the target it is held against.
"""

from __future__ import annotations

import math

from .text import clean

MINUS = "\u2212"
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
_UNKNOWN = "not known"
_CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "": ""}


def currency_unit(code: str) -> str:
    """Return what stands before an amount: ``$``, ``€``, or the code itself."""
    return _CURRENCIES.get(code, f"{clean(code)[:12]} ")


def count(number: int) -> str:
    """Write a whole number: ``2,312``, with a true minus."""
    return f"{number:,d}".replace("-", MINUS)


def signed(number: int) -> str:
    """Write a change: ``+59``, ``−154``, ``0``."""
    return f"+{number:,d}" if number > 0 else count(number)


def short_count(number: int) -> str:
    """Write a whole number where room is short: from a million on ``1.23m``."""
    return count(number) if abs(number) < 1_000_000 else money(float(number), "")


def tight(amount: float) -> str:
    """Write an amount in three figures, where nothing longer has room: ``12.3k``, ``123m``, ``1.23bn``."""
    for scale, letters in ((1.0, ""), (1e3, "k"), (1e6, "m"), (1e9, "bn"), (1e12, "tn")):
        size = abs(amount) / scale
        if size < 999.5 or letters == "tn":
            break
    digits = 0 if not letters or size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{MINUS if amount < 0 else ''}{size:,.{digits}f}{letters}"


def money(amount: float, unit: str = "$") -> str:
    """Write an amount: ``$402``, ``$402k``, ``$4.42m``, ``$1.20bn``.

    Parameters
    ----------
    amount
        In units of the currency.
    unit
        What stands before the figure, such as ``"$"`` or ``"EUR "``.
    """
    if not math.isfinite(amount):
        return _UNKNOWN
    size = abs(amount)
    if size < 9.995 and size != math.floor(size):
        digits = f"{size:.2f}"
    elif size < 999.5:
        digits = f"{size:.0f}"
    elif size < 999_500:
        digits = f"{size / 1e3:.0f}k"
    elif size < 999_995_000:
        digits = f"{size / 1e6:.2f}m"
    else:
        digits = f"{size / 1e9:,.2f}bn"
    sign = MINUS if amount < 0 and any(digit in "123456789" for digit in digits) else ""
    return f"{sign}{unit}{digits}"


def signed_money(amount: float, unit: str = "$") -> str:
    """Write a change of an amount: ``+$129k``, ``−$402k``."""
    text = money(amount, unit)
    return f"+{text}" if amount > 0 and any(digit in "123456789" for digit in text) else text


def percent(share: float, target: float | None = None) -> str:
    """Write a share: ``84%``, but ``84.6%`` where a whole per cent would hide that the target of 85% was missed."""
    if not math.isfinite(share):
        return _UNKNOWN
    if target is not None and share != target and round(share * 100) == round(target * 100):
        return f"{share * 100:.1f}%".replace("-", MINUS)
    return f"{share * 100:.0f}%".replace("-", MINUS)


def covered(part: float, whole: float) -> str:
    """Write how much is covered, never more than is: rounded down, ``100%`` only where nothing is missing."""
    if whole <= 0:
        return "100%"
    share = min(part / whole, 1.0)
    if part < whole and share > 0.99:
        return f"{min(math.floor(share * 1000) / 10, 99.9):.1f}%"
    return f"{math.floor(share * 100 + 1e-9)}%"


def duration(seconds: float) -> str:
    """Write a length of time in its largest fitting unit: ``12 days``, ``5 hours``, ``40 minutes``."""
    if not math.isfinite(seconds):
        return _UNKNOWN
    for length, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if abs(seconds) >= length:
            return _plural(seconds / length, name)
    return _plural(seconds, "second")


def one_of(who: str) -> str:
    """Return the singular of a plural such as ``households`` or ``policies``."""
    if who.endswith("ies") and len(who) > 4:
        return who[:-3] + "y"
    return who[:-1] if who.endswith("s") and not who.endswith("ss") else who


def counted(number: int, who: str) -> str:
    """Write a number of something: ``1 household``, ``2,312 households``."""
    return f"{count(number)} {one_of(who) if number == 1 else who}"


def _plural(amount: float, name: str) -> str:
    digits = f"{amount:.1f}" if abs(amount) < 9.95 else f"{amount:,.0f}"
    digits = digits.removesuffix(".0").replace("-", MINUS)
    return f"{digits} {name}" if digits == "1" else f"{digits} {name}s"
