"""Scores of answers: NPS, the satisfied share, the mean."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

from sojourn import _core
from sojourn._core import InvalidInput


@dataclass(frozen=True)
class Score:
    """A score, its interval and the number of answers it stands on; `low` and `high` are None where `n` gives none."""

    score: float
    low: float | None
    high: float | None
    n: float


def nps(scores: Any, weights: Any = None, interval: float = 0.95, method: str = "adjusted_wald") -> Score:
    """Return the net promoter score of answers from 0 to 10, in points from -100 to 100.

    Parameters
    ----------
    scores
        Whole numbers: a list, or a column of any table library. 9 and 10 promote, 0 to 6 detract.
    weights
        Survey weights: how many each answer stands for, in any unit.
    interval
        Confidence of `low` and `high`.
    method
        ``"adjusted_wald"`` (Rocks 2016): three quarters of a promoter, as much of a detractor and one and a half
        passives are added first, to the score too, so that few or equal answers do not pretend certainty; ``"wald"``:
        the plain score, and the interval of a large sample.

    Returns
    -------
    Score
        `n` is the number of answers; with weights Kish's effective size.

    Raises
    ------
    InvalidInput
        For no scores, a null or a score off the scale (with its row), weights that are negative or all 0.

    Examples
    --------
    >>> import sojourn as sj
    >>> found = sj.nps([10] * 50 + [7] * 30 + [3] * 20, method="wald")
    >>> round(found.score, 2), round(found.low, 2), round(found.high, 2), found.n
    (30.0, 14.69, 45.31, 100.0)
    """
    return _score("nps", scores, weights, interval, method)


def csat(scores: Any, weights: Any = None, interval: float = 0.95) -> Score:
    """Return the share of satisfied answers: 4 and 5 on the scale from 1 to 5.

    Parameters
    ----------
    scores
        Whole numbers: a list, or a column of any table library.
    weights
        Survey weights, as in `nps`.
    interval
        Confidence of `low` and `high` (Wilson 1927).

    Raises
    ------
    InvalidInput
        As `nps`.

    Examples
    --------
    >>> import sojourn as sj
    >>> found = sj.csat([5, 4, 4, 5, 5, 4, 5, 5, 3, 1])
    >>> found.score, round(found.low, 4), round(found.high, 4)
    (0.8, 0.4902, 0.9433)
    """
    return _score("csat", scores, weights, interval)


def mean_score(scores: Any, weights: Any = None, interval: float = 0.95) -> Score:
    """Return the mean of answers on any scale, with Student's interval.

    Parameters
    ----------
    scores
        Numbers of at most a million: a list, or a column of any table library.
    weights
        Survey weights, as in `nps`.
    interval
        Confidence of `low` and `high`, which are None for a single answer.

    Raises
    ------
    InvalidInput
        As `nps`.

    Examples
    --------
    >>> import sojourn as sj
    >>> found = sj.mean_score([4, 7, 1, 9, 5.5], interval=0.9)
    >>> round(found.score, 3), round(found.low, 3), round(found.high, 3)
    (5.3, 2.408, 8.192)
    """
    return _score("mean", scores, weights, interval)


def _score(scale: str, scores: Any, weights: Any, interval: float, method: str = "") -> Score:
    answers = _numbers("scores", scores)
    survey = [] if weights is None else _numbers("weights", weights)
    if weights is not None and len(survey) != len(answers):
        raise InvalidInput(f"weights: found {len(survey):,}, expected {len(answers):,}, as there are scores")
    return Score(*_core.survey_score(scale, answers, survey, interval, method))


def _numbers(name: str, given: Any) -> list[float]:
    """Return a list's, an array's or a column's cells as floats."""
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise InvalidInput(f"{name}: found {given!r:.60}, expected a list or column of numbers")
    for listing in ("to_pylist", "tolist"):  # pyarrow; numpy and pandas
        if hasattr(given, listing):
            given = getattr(given, listing)()
            break
    cells = []
    for row, cell in enumerate(given):
        if isinstance(cell, bool) or not isinstance(cell, Real) or cell != cell:
            found = "null" if cell is None or cell != cell else f"{cell!r:.60}"
            raise InvalidInput(f"{name}, row {row}: found {found}, expected a number")
        cells.append(float(cell))
    return cells
