"""Why a score moved: who answered, and what they said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.graph import _check_whole
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.attribution import Attribution


@dataclass(frozen=True)
class ScoreChange:
    """A change of score, taken apart; `change` = `who` + `said`.

    Attributes
    ----------
    groups
        A row a group: its name or names; kind (``"both"``: answered before and after; ``"entered"``: only after;
        ``"left"``: only before), in that order; n_before, n_after: answers (of voices: sums of weights); share_before,
        share_after: of all answers of the side, by weight; score_before, score_after, null where nobody answered; who,
        said: the group's part of the change, in the score's units.
    totals
        part, value, low, high: ``before``, ``after`` (the scores), ``change``, ``who``, ``said``; then the parts of who
        that are of groups that ``entered`` and ``left``.
    unscored_before, unscored_after
        Answers without a score, which are left out.
    """

    groups: Table
    totals: Table
    unscored_before: int
    unscored_after: int

    @property
    def change(self) -> float:
        """Score after less score before."""
        return self._total("change")

    @property
    def who(self) -> float:
        """What of the change is of who answered: the groups' shares."""
        return self._total("who")

    @property
    def said(self) -> float:
        """What of the change is of what the groups said: their scores."""
        return self._total("said")

    def _total(self, part: str) -> float:
        cells = self.totals.to_dict()
        return float(cells["value"][cells["part"].index(part)])

    def _repr_html_(self) -> str:
        return self.totals._repr_html_() + self.groups._repr_html_()


def score_change(
    before: Any,
    after: Any,
    score: str = "score",
    group: str = "group",
    scale: str = "nps",
    interval: float = 0.9,
    draws: int = 1000,
    seed: int = 0,
    *,
    customer: str | None = None,
    weights: str | None = None,
    threads: int | None = None,
) -> ScoreChange:
    """Return how much of a score's change is of who answered, and how much of what they said.

    With shares s and mean scores m of the groups, before (0) and after (1), and M the scores of all: who =
    (s1 - s0)·((m0 + m1)/2 - (M0 + M1)/2) and said = (m1 - m0)·(s0 + s1)/2, for each group; together they are the whole
    change, without a remainder (Kitagawa 1955; Oaxaca and Blinder 1973, at the midpoint). A group that answered on one
    side only has nothing to be compared with: its part is all who. What a group's own answerers are like is not seen:
    "said" holds every change within a group.

    Parameters
    ----------
    before, after
        Tables, one row an answer.
    score, group
        Names of their columns: numbers on the scale (null or NaN: no score), and strings, whole numbers or booleans
        (null is a group of its own, the last).
    scale
        ``"nps"`` (0 to 10; plain, in points), ``"csat"`` (1 to 5; the satisfied share) or ``"mean"``.
    interval, draws, seed
        Confidence of `low` and `high`: Bayesian bootstrap over customers, over answers where `customer` is None. Random
        numbers are a function of seed, draw and customer (answer: side and row).
    customer
        Name of a column of ids: answers of one customer, before and after, are drawn together.
    weights
        Name of a column of survey weights, 0 or more, in any unit: what an answer stands for on its side.
    threads
        Number of threads (None: all). The answer never depends on it.

    Returns
    -------
    ScoreChange
        change, who and said; groups, a row a group; totals, with intervals.

    Raises
    ------
    InvalidInput
        For a side without a score, a score off the scale or a negative weight (with its row), a missing column or a
        wrong type, a confidence outside (0, 1), draws below 1 or a seed outside 0 … 2⁶⁴ - 1.

    Examples
    --------
    >>> import sojourn as sj
    >>> before = {"group": ["app"] * 2 + ["branch"] * 8, "score": [2] * 2 + [10] * 8}
    >>> after = {"group": ["app"] * 8 + ["branch"] * 2, "score": [2] * 8 + [10] * 2}
    >>> found = sj.score_change(before, after)
    >>> round(found.change, 6), round(found.who, 6), round(found.said, 6)
    (-120.0, -120.0, 0.0)
    """
    _check_whole("draws", draws, 1)
    _check_whole("seed", seed, 0)
    groups, totals, *unscored = _core.survey_change(
        as_arrow(before, "before"),
        as_arrow(after, "after"),
        score,
        group,
        scale,
        customer,
        weights,
        interval,
        draws,
        seed,
        checked(threads),
    )
    return ScoreChange(Table(groups, before), Table(totals, before), *unscored)


def voices_change(
    attribution: Attribution,
    at: date | datetime | str,
    by: str | Sequence[str],
    interval: float,
    draws: int,
    seed: int,
    threads: int | None,
) -> ScoreChange:
    """Return what `Attribution.score_change` does."""
    _check_whole("draws", draws, 1)
    _check_whole("seed", seed, 0)
    names = [by] if isinstance(by, str) else list(by)
    if len(set(names)) < len(names):
        raise InvalidInput(f"by: found {names!r:.80}, expected each once")
    instant = attribution.matches.log._instant(at, "at")
    groups, totals, *unscored = _core.voices_change(
        attribution._core, instant, names, interval, draws, seed, checked(threads)
    )
    return ScoreChange(attribution._table(groups), attribution._table(totals), *unscored)
