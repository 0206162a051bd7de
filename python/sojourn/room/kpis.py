"""Promises: how often each was kept, held against its target, and a quarter beside the time before it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sojourn.journey_map.text import clean

from . import worth

Row = Mapping[str, Any]
_DURATION = re.compile(r"(\d+)\s*(s|m|h|d|w|days?|weeks?|months?|years?)")
_DAYS = {"s": 1 / 86_400, "m": 1 / 1_440, "h": 1 / 24, "d": 1, "w": 7, "day": 1, "week": 7, "month": 31, "year": 366}
_QUARTER = 3


@dataclass(frozen=True, slots=True)
class Kpi:
    """How often a moment's promise was kept."""

    name: str
    due: int
    met: int
    undecided: int
    share: float | None
    low: float | None
    high: float | None
    target: float | None

    @property
    def missed(self) -> int:
        """How often it was due and not kept."""
        return self.due - self.met

    @property
    def state(self) -> str | None:
        """Kept or broken; a warning where the interval holds the target, so that chance may have decided.

        None without a target, or when nothing was due.
        """
        if self.target is None or not self.due or self.share is None:
            return None
        if self.low is not None and self.high is not None and self.low <= self.target <= self.high:
            return "warning"
        return "kept" if self.share >= self.target else "broken"


def read(row: Row) -> Kpi:
    """Return a row of a match's KPIs."""
    return Kpi(
        name=clean(str(row["kpi"])),
        due=int(row["due"]),
        met=int(row["met"]),
        undecided=int(row["undecided"]),
        share=row["share"],
        low=row["low"],
        high=row["high"],
        target=row["target"],
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A promise in one quarter, beside the time before it."""

    before: Kpi
    after: Kpi

    @property
    def by(self) -> float:
        """Change of the share; 0 where either time has nothing due."""
        if self.before.share is None or self.after.share is None:
            return 0.0
        return self.after.share - self.before.share

    @property
    def clear(self) -> bool:
        """Whether the two intervals lie apart, so that chance alone is a poor reason."""
        one, other = sorted((self.before, self.after), key=_share)
        return one.high is not None and other.low is not None and one.high < other.low

    @property
    def direction(self) -> str:
        """``fell``, ``rose``, or nothing where the intervals meet."""
        return "" if not self.clear else "fell" if self.by < 0 else "rose"


def _share(kpi: Kpi) -> float:
    return -1.0 if kpi.share is None else kpi.share


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three calendar months to set beside all that was observed before them.

    Attributes
    ----------
    start, end
        First day, and the first day after.
    since
        First day of the time before.
    rest
        Whether observation goes on after `end`.
    """

    start: date
    end: date
    since: date
    rest: bool

    @property
    def name(self) -> str:
        """The quarter in words."""
        return worth.period_name(self.start, self.end)


def quarter(first: date, last: date, journey: Row) -> Quarter | None:
    """Return the last three calendar months of which every promise is decided.

    Later ones would mislead: a promise to be kept within thirty days is missed only after thirty days, one that holds
    for thirty days is broken at once. None where fewer than three months lie before.

    Parameters
    ----------
    first, last
        The days on which observation begins and ends.
    journey
        The journey as a dict.
    """
    decided = last + timedelta(days=1) - timedelta(days=math.ceil(longest_wait(journey)))
    end = decided.replace(day=1)
    if worth.months_between(first.replace(day=1), end) < 2 * _QUARTER + (first.day > 1):
        return None
    return Quarter(worth.later(end, -_QUARTER), end, first, end <= last)


def longest_wait(journey: Row) -> float:
    """Return how many days at most a promise's answer lies after its moment."""
    met = [moment["kpi"]["met"] for moment in journey.get("moments", ()) if moment.get("kpi")]
    waits = [said["within"] for said in met if "follows" in said or "absent" in said]
    return max((_days(str(wait)) for wait in waits), default=0.0)


def _days(duration: str) -> float:
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        raise ValueError(f"found the duration {duration!r}")
    unit = found[2] if found[2] in _DAYS else found[2].removesuffix("s")
    return int(found[1]) * _DAYS[unit]


def changes(before: Iterable[Row], after: Iterable[Row]) -> dict[str, Change]:
    """Return the change of each moment's promise, by the moment's id; none where a time has nothing due."""
    then = {str(row["moment"]): read(row) for row in before}
    found = {str(row["moment"]): Change(then[str(row["moment"])], read(row)) for row in after}
    return {key: change for key, change in found.items() if change.before.due and change.after.due}
