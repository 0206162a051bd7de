"""Drivers: which columns share in what explains an outcome."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.graph import _check_whole
from sojourn.scores import _numbers
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.attribution import Attribution


@dataclass(frozen=True)
class Lmg:
    """Shares of R² by column, as `lmg` returns them.

    Attributes
    ----------
    table
        column, share (they sum to `r2`), sign (of the column's correlation with the outcome: -1, 0 or 1).
    r2
        R² of the regression on all columns.
    """

    table: Table
    r2: float

    @property
    def share(self) -> dict[str, float]:
        """Share of R², by column."""
        return self._by_column("share")

    @property
    def sign(self) -> dict[str, int]:
        """Sign of the correlation with the outcome, by column."""
        return self._by_column("sign")

    def _by_column(self, what: str) -> dict[str, Any]:
        cells = self.table.to_dict()
        return dict(zip(cells["column"], cells[what], strict=True))

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def lmg(X: Any, y: Any, names: Sequence[str] | None = None, weights: Any = None, *, threads: int | None = None) -> Lmg:
    """Return what share of R² each column has in the linear regression of y on all of them.

    What a column adds to R², averaged over all orders in which the columns can enter (Lindeman, Merenda & Gold 1980;
    the Shapley value): exact, by all 2ᵖ regressions. Shares are never negative and sum to R²; columns that go together
    divide what they explain together. Shares describe the data; they do not say what a change of a column would do.

    Parameters
    ----------
    X
        1 to 20 numeric columns, each with n rows: a table, a two-dimensional array (n × p), or a list of columns. A
        column of whose variance at most 1e-10 is not explained by others adds nothing to them: what they explain is
        divided among them all. A column without variation has share 0.
    y
        The outcome, n numbers that are not all the same.
    names
        Of a table: the columns to use; else what to call the columns (``"x0"``, ``"x1"``, …).
    weights
        How many each row stands for, n numbers of 0 or more.
    threads
        Number of threads (None: all). The answer never depends on it.

    Returns
    -------
    Lmg
        share and sign by column, r2, and both as a table.

    Raises
    ------
    InvalidInput
        For more than 20 columns, an outcome that does not vary, a cell that is not a finite number (with its column and
        row), columns of unequal length, weights that are negative or all 0.

    Examples
    --------
    >>> import sojourn as sj
    >>> found = sj.lmg({"wait": [1, 2, 3, 4], "price": [1, 0, 0, 1]}, [9, 7, 5, 3])
    >>> round(found.r2, 6), round(found.share["wait"], 6), found.sign["wait"]
    (1.0, 1.0, -1)
    """
    outcome = _buffer("y", y)
    survey = None if weights is None else _buffer("weights", weights)
    if isinstance(X, (str, Path, Mapping)) or hasattr(X, "__arrow_c_stream__"):
        listed = None if names is None else list(names)
        return Lmg(*_wrapped(_core.lmg_table(as_arrow(X, "X"), listed, outcome, survey, checked(threads)), X))
    columns = _columns(X)
    called = [f"x{j}" for j in range(len(columns))] if names is None else [str(name) for name in names]
    if len(called) != len(columns) or len(set(called)) != len(called):
        raise InvalidInput(f"names: found {called!r:.80}, expected {len(columns)} different names, one a column of X")
    buffers = [_buffer(name, column) for name, column in zip(called, columns, strict=True)]
    return Lmg(*_wrapped(_core.lmg_columns(buffers, called, outcome, survey, checked(threads)), X))


def _wrapped(found: tuple[_core.Table, float], like: Any) -> tuple[Table, float]:
    return Table(found[0], like), found[1]


def _columns(X: Any) -> list[Any]:
    """Return the columns of an array or a list of columns."""
    if hasattr(X, "ndim") and hasattr(X, "T"):
        if X.ndim != 2:
            raise InvalidInput(f"X: found an array of {X.ndim} dimensions, expected 2 (rows × columns)")
        return list(X.T)
    if isinstance(X, bytes) or not hasattr(X, "__iter__"):
        raise InvalidInput(f"X: found {type(X).__name__}, expected a table, a 2-dimensional array or a list of columns")
    return list(X)


def _buffer(name: str, given: Any) -> Any:
    """Return a column of numbers as a buffer of doubles: itself if it is one."""
    if not isinstance(given, (list, tuple)) and hasattr(given, "to_numpy"):
        given = given.to_numpy()
    try:
        view = memoryview(given)
    except TypeError:
        return array("d", _numbers(name, given))
    if view.ndim == 1 and view.format == "d":
        return given
    return array("d", _numbers(name, given))


def drivers(
    attribution: Attribution,
    outcome: str,
    interval: float,
    draws: int,
    seed: int,
    *,
    by: str,
    keep: Sequence[str] | None,
    within: str,
    threads: int | None,
) -> Table:
    """Return what `Attribution.drivers` does."""
    _check_whole("draws", draws, 1)
    _check_whole("seed", seed, 0)
    if isinstance(keep, str):
        raise InvalidInput(f"keep: found {keep!r:.60}, expected a list of ids")
    kept = None if keep is None else list(keep)
    return attribution._table(
        _core.drivers(attribution._core, outcome, by, kept, within, interval, draws, seed, checked(threads))
    )
