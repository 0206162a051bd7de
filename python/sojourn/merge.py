"""Merging: what two sets of customers gave apart, as what they give together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.events import EventLog
from sojourn.graph import JourneyGraph, _rows
from sojourn.matches import Matches

Mergeable = TypeVar("Mergeable", EventLog, Matches, JourneyGraph)

_WORDS: dict[type, str] = {EventLog: "an event log", Matches: "matches", JourneyGraph: "a graph"}
_KPI_INTERVAL = 0.9  # of the table that Matches.graph keeps for the picture


def merge(a: Mergeable, b: Mergeable, *, threads: int | None = None) -> Mergeable:
    """Return two logs, matches or graphs over disjoint customers as one: equal, bit for bit, to that of all customers.

    Every verb of the result answers as if the two had never been apart, whichever comes first and however many were
    merged before: ``functools.reduce(sj.merge, parts)``.

    Parameters
    ----------
    a, b
        Two `EventLog`, two `Matches` or two `JourneyGraph`, no customer in both. Tables of the result come in the
        library of `a`.
    threads
        Number of threads (None: all). The answer never depends on it.

    Returns
    -------
    EventLog, Matches or JourneyGraph
        Logs: equal to one built from both tables (and both `observed` and `prior_counts`, where given). Without
        `observed` everyone is observed from the first to the last instant of either log, so that a customer's
        observation grows. Matches: equal to the journey's match of the merged logs; whom the longer observation
        concerns is matched again, the others are copied. Graphs: equal to the graph of the merged matches where each
        customer was observed as in the whole (`observed` given, or parts of one log); graphs keep no events, so they
        cannot follow an observation that grows: then merge the matches.

    Raises
    ------
    InvalidInput
        With what was found and expected, for a customer that both have (the first, and how many); for logs read in
        different ways (columns, their types, ids, timezone, ties, history, `observed` or `prior_counts` in one only);
        for matches of two journeys, with the place where they differ; for graphs of other nodes or outcomes; for
        objects of two kinds, or of another kind.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> times = [datetime(2026, 3, 1), datetime(2026, 3, 4)]
    >>> ann = {"customer": ["ann", "ann"], "time": times, "event": ["order", "return"]}
    >>> bob = {"customer": ["bob"], "time": [datetime(2026, 3, 2)], "event": ["order"]}
    >>> sj.merge(sj.EventLog(ann), sj.EventLog(bob))
    EventLog(3 events of 2 customers, 2 event names, 2026-03-01 to 2026-03-04, complete history)
    """
    if isinstance(a, EventLog) and isinstance(b, EventLog):
        return EventLog._wrap(_core.merge_logs(a._core, b._core), a._like)
    if isinstance(a, Matches) and isinstance(b, Matches):
        log = merge(a.log, b.log)
        return Matches(_core.merge_matches(a._core, b._core, log._core, checked(threads)), a.journey, log)
    if isinstance(a, JourneyGraph) and isinstance(b, JourneyGraph):
        return _merge_graphs(a, b, threads)
    if type(a) in _WORDS:
        raise InvalidInput(f"b: found {_named(b)}, expected {_named(a)}, as a is")
    raise InvalidInput(f"a: found {_named(a)}, expected an event log, matches or a graph")


def _merge_graphs(a: JourneyGraph, b: JourneyGraph, threads: int | None) -> JourneyGraph:
    for name, expected in a._rules.items():
        found = b._rules.get(name, "none")
        if found != expected:
            hint = (
                " (merge the matches, or the logs; or give both logs an observed table)"
                if name.startswith("limits")
                else ""
            )
            raise InvalidInput(f"second graph, {name}: found {found}, expected {expected}, as in the first{hint}")
    of_events = a._journey is None or b._journey is None
    if a._journey is not None and b._journey is not None:
        _core.check_one_journey(a._journey._core, b._journey._core)
    return JourneyGraph(
        _core.merge_graphs(a._core, b._core, of_events, checked(threads)),
        a._like,
        stages=a._stages,
        span=_merge_spans(a, b),
        unmapped=a._unmapped + b._unmapped,
        kpis=_merge_kpis(a, b),
        history=a._history or b._history,
        by=a._by,
        journey=a._journey,
        rules=a._rules,
    )


def _merge_spans(a: JourneyGraph, b: JourneyGraph) -> tuple[datetime, datetime] | None:
    if a._span is None or b._span is None:
        return None
    return min(a._span[0], b._span[0]), max(a._span[1], b._span[1])


def _merge_kpis(a: JourneyGraph, b: JourneyGraph) -> list[dict[str, Any]]:
    """Return the rows of both, added up: the journey is one, so that they stand in one order."""
    return [_added(one, other) for one, other in zip(_rows(a._kpis), _rows(b._kpis), strict=True)]


def _added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    due, met = one["due"] + other["due"], one["met"] + other["met"]
    low, high = _core.wilson_interval(met, due, _KPI_INTERVAL) if due else (None, None)
    share = met / due if due else None
    undecided = one["undecided"] + other["undecided"]
    return {**one, "due": due, "met": met, "undecided": undecided, "share": share, "low": low, "high": high}


def _named(thing: object) -> str:
    return _WORDS.get(type(thing)) or f"a {type(thing).__name__}"
