"""What uncertain links could change: statements and bridges over draws of the link graph."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from sojourn import _progress
from sojourn._core import InvalidInput
from sojourn.table import Table

_MEASURES = ("opening", "new", "returned", "other_in", "joined", "left", "other_out", "closing", "in_grace")
_PLACE = ("of", "ledger", "period", "segment", "currency", "what", "reason", "rule")

Totals = dict[tuple[Any, ...], tuple[int, Any]]


def totals(statement: Table, bridges: Iterable[tuple[str, Table]]) -> Totals:
    """Return every total of a reconciliation: its place (`_PLACE`) → count and value."""
    found: Totals = {}
    for row in statement.rows():
        for name in _MEASURES:
            place = ("statement", row["ledger"], row["period"], row["segment"], row["currency"], name, None, None)
            found[place] = (row[name], row[f"{name}_value"])
    for ledger, bridge in bridges:
        for row in bridge.rows():
            where = tuple(row[name] for name in ("period", "segment", "currency", "direction", "reason", "rule"))
            found[("bridge", ledger, *where)] = (row["count"], row["value"])
    return found


def intervals(point: Totals, drawn: Callable[[int], Totals], draws: int, level: float) -> Table:
    """Return the point and the interval of every total.

    Parameters
    ----------
    point
        On the most probable graph.
    drawn
        The totals of one draw, by its number. A total that a draw does not have is 0 there.
    draws, level
        How many draws, and how much of them the interval holds.
    """
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 1:
        raise InvalidInput(f"draws: found {draws!r:.60}, expected a whole number from 1 on")
    if not isinstance(level, (int, float)) or not 0.0 < level < 1.0:
        raise InvalidInput(f"level: found {level!r:.60}, expected a number between 0 and 1")
    samples = []
    for number in range(draws):
        samples.append(drawn(number))
        _progress.report("drawing links", (number + 1) / draws)
    places = sorted(set(point).union(*samples), key=_order)
    columns: dict[str, list[Any]] = {name: [place[at] for place in places] for at, name in enumerate(_PLACE)}
    for at, name in enumerate(("count", "value")):
        values = [sorted(sample.get(place, (0, 0))[at] for sample in samples) for place in places]
        tail = (draws - 1) * (1 - level) / 2
        columns[name] = [point.get(place, (0, 0))[at] for place in places]
        columns[f"{name}_low"] = [ordered[math.floor(tail)] for ordered in values]
        columns[f"{name}_high"] = [ordered[math.ceil(draws - 1 - tail)] for ordered in values]
    return Table.from_dict(columns)


def _order(place: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what sorts places, nulls first."""
    return tuple((part is not None, "" if part is None else str(part)) for part in place)
