"""Which moments are next to break: what an outcome takes, beyond the usual, from those who met them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.journey_map.numbers import MINUS, count, counted, money, short_count

Row = Mapping[str, Any]
MOST = 5


@dataclass(frozen=True, slots=True)
class Near:
    """A moment by its rank.

    Attributes
    ----------
    reach
        Customers who met it.
    excess
        The share of them that left, less the usual share.
    value_at_risk
        Their mean value; None without values.
    score
        Reach × excess × value at risk: value, or customers where there are no values.
    rank, rank_low, rank_high, tied
        Its place, between which places chance lets it stand, and how many share it.
    """

    key: str
    name: str
    reach: int
    excess: float
    value_at_risk: float | None
    score: float
    rank: int
    rank_low: int
    rank_high: int
    tied: int

    @property
    def points(self) -> str:
        """The excess in points of a per cent."""
        points = self.excess * 100
        digits = f"{abs(points):.1f}"
        return "under 0.1" if digits == "0.0" else f"{'+' if points > 0 else MINUS}{digits}"

    @property
    def place(self) -> str:
        """The rank with its interval, and with whom it is shared."""
        text = f"{self.rank}"
        if self.rank_low != self.rank_high:
            text += f" ({self.rank_low}–{self.rank_high})"
        return text if self.tied == 1 else f"{text}, tied with {self.tied - 1} more"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The moments that rank first for one outcome.

    Attributes
    ----------
    outcome
        Its name.
    moments
        Those with a score above 0, at most `MOST`, best first.
    ranked, scored
        How many moments are ranked; how many of the rows read have a score above 0.
    """

    outcome: str
    moments: tuple[Near, ...]
    ranked: int
    scored: int

    @property
    def more(self) -> int:
        """How many moments with a score are not listed."""
        return self.scored - len(self.moments)

    @property
    def apart(self) -> bool:
        """Whether the first stands alone: no tie, and by chance in no other place."""
        return bool(self.moments) and self.moments[0].tied == 1 and self.moments[0].rank_high == 1

    def headline(self, who: str, unit: str | None) -> str:
        """Return what is next to break, with what is at stake."""
        if not self.moments:
            return f"Next to break: no moment stands out; after none is “{self.outcome}” more frequent than usual"
        first = self.moments[0]
        valued = unit is not None and first.value_at_risk is not None
        stake = f"{money(first.score, unit or '')} of value is" if valued else _customers(first, who)
        sure = "" if self.apart else ", though others may stand first"
        return f"Next to break: {first.name}, where {stake} lost beyond the usual{sure}"


def _customers(near: Near, who: str) -> str:
    number = round(near.reach * near.excess)
    text = counted(number, who) if number < 1_000_000 else f"{short_count(number)} {who}"
    return f"{text} {'is' if number == 1 else 'are'}"


def read(rows: Sequence[Row], outcome: str, name: Callable[[str], str]) -> Nearest:
    """Return what `JourneyGraph.ranking` found for one outcome.

    Parameters
    ----------
    rows
        All rows of the ranking, best first.
    outcome
        The outcome's name.
    name
        The name of a moment by its id.
    """
    scored = [row for row in rows if row["score"] is not None and row["score"] > 0]
    found = tuple(
        Near(
            key=str(row["moment"]),
            name=name(str(row["moment"])),
            reach=int(row["reach"]),
            excess=float(row["excess"]),
            value_at_risk=None if row["value_at_risk"] is None else float(row["value_at_risk"]),
            score=float(row["score"]),
            rank=int(row["rank"]),
            rank_low=int(row["rank_low"]),
            rank_high=int(row["rank_high"]),
            tied=int(row["tied"]),
        )
        for row in scored[:MOST]
    )
    return Nearest(outcome, found, int(rows[0]["ranked"]) if rows else 0, len(scored))


def handed(rows: Sequence[Row]) -> str:
    """Return how often customers pass from one owner to the next, and between whom most."""
    if not rows:
        return "Customers never pass from one owner to another"
    most = max(rows, key=lambda row: row["count"])
    moves = sum(row["count"] for row in rows)
    return (
        f"{counted(moves, 'hand-offs')} from one owner to another, {count(most['count'])} of them from "
        f"{most['source_owner']} to {most['target_owner']}"
    )
