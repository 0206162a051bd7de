"""Event logs: who did what, when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn._zones import zone_rules
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.graph import JourneyGraph
    from sojourn.patterns import Pattern

_EPOCH = datetime(1970, 1, 1)
_TRANSITION_COLUMNS = ("count", "customers", "mean_gap", "median_gap", "value")
_USUAL_COLUMNS = ("count", "customers", "mean_gap", "value")


class EventLog:
    """Events grouped by customer, in time order inside each customer. Immutable.

    Logs pickle: equal logs give equal bytes. The time zone goes by its name, as ``zoneinfo``'s do.

    Parameters
    ----------
    events
        A table: anything with ``__arrow_c_stream__`` (pandas, polars, pyarrow, duckdb), or a path to Parquet or CSV.
        Rows may come in any order.
    customer, time, event
        Names of the columns. Customer ids are integers or strings and keep their type; times are timestamps or
        dates, of any unit and zone; event names are strings.
    value
        Name of a numeric column: a measure of the event (an amount), as float64. Null: the event has none.
    key
        Name of a column with an id such as an order or a claim.
    attributes
        Names of further columns that patterns may ask for in ``where``.
    timezone
        The zone of naive times, and of calendar durations ("1 month"). Without it naive times are taken as UTC, and
        calendar durations follow the time column's own zone.
    ties
        How events of one customer at one instant are ordered: ``"input"`` (as in the table), a list of event names (a
        ranking; names it leaves out come last), or the name of an integer column.
    observed
        Table with columns customer, from, to: when each customer was observed; one row a customer, those without
        events too. Default: the log's own first and last instant for everyone.
    history
        ``"complete"``: what came before the observation is known: events before ``from`` may stand in the table, the
        customer's history, which patterns see and nothing else counts; ``"truncated"``: what came before is unknown.
    prior_counts
        Table with columns customer, event, count: what came before the observation, where no events before it are
        given.
    threads
        Number of threads (None: all). The answer never depends on it.

    Raises
    ------
    InvalidInput
        For a missing column, a wrong type, float ids, a null customer, time or event, a time out of range, a value
        that is not finite, an empty table, an event after its customer's observation, or before it where history is
        truncated; with the first row at fault.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> log = sj.EventLog({
    ...     "customer": ["ann", "bob", "ann"],
    ...     "time": [datetime(2026, 3, 1), datetime(2026, 3, 2), datetime(2026, 3, 4)],
    ...     "event": ["order", "order", "return"],
    ... })
    >>> log
    EventLog(3 events of 2 customers, 2 event names, 2026-03-01 to 2026-03-04, complete history)
    >>> log.transitions(columns=["count"]).to_dict()["target"]
    ['order', 'return', 'END', 'END']
    """

    def __init__(
        self,
        events: Any,
        customer: str = "customer",
        time: str = "time",
        event: str = "event",
        value: str | None = None,
        key: str | None = None,
        attributes: Sequence[str] = (),
        timezone: str | None = None,
        ties: str | Sequence[str] = "input",
        observed: Any = None,
        history: str = "complete",
        prior_counts: Any = None,
        *,
        threads: int | None = None,
    ) -> None:
        if history not in ("complete", "truncated"):
            raise InvalidInput(f"history: found {history!r}, expected 'complete' or 'truncated'")
        if isinstance(attributes, str):
            raise InvalidInput(f"attributes: found the string {attributes!r}, expected a list of column names")
        arguments = _core.LogArguments()
        arguments.customer, arguments.time, arguments.event = customer, time, event
        arguments.value, arguments.key, arguments.attributes = value, key, list(attributes)
        arguments.truncated = history == "truncated"
        if timezone is not None:
            arguments.timezone = zone_rules(timezone)
        if not isinstance(ties, str):
            arguments.ranking = list(ties)
        elif ties != "input":
            arguments.sequence = ties
        self._like = events
        self._core = _core.ingest(
            as_arrow(events, "events"),
            arguments,
            None if observed is None else as_arrow(observed, "observed"),
            None if prior_counts is None else as_arrow(prior_counts, "prior_counts"),
            checked(threads),
        )

    @classmethod
    def _wrap(cls, core: _core.EventLog, like: Any) -> EventLog:
        log = cls.__new__(cls)
        log._core, log._like = core, like
        return log

    def __len__(self) -> int:
        return len(self._core)

    @property
    def customers(self) -> int:
        """Number of customers, those observed without any event included."""
        return self._core.customers

    @property
    def event_names(self) -> list[str]:
        """Names of the events that occur, ascending."""
        return self._core.event_names

    @property
    def tied_share(self) -> float:
        """Share of events that have another event of the same customer at the same instant."""
        return self._core.tied_share

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Earliest ``from`` and latest ``to`` of the observation, written as the log's times are.

        Without an `observed` table: the first and last instant of any event.
        """
        first, last = self._core.span().to_dict(2)["span"]
        return first, last

    @property
    def before_observation(self) -> int:
        """Number of events before their customer's observation: history, which patterns see."""
        return self._core.before_observation

    def append(self, more: Any, *, threads: int | None = None) -> EventLog:
        """Return a new log with further events, equal to one built from both tables.

        Parameters
        ----------
        more
            A table with the same columns. With ties by input order its rows come after those already there.

        Raises
        ------
        InvalidInput
            As the constructor; and for a log with an `observed` table, which would have to be extended too.
        """
        return EventLog._wrap(self._core.append(as_arrow(more, "more events"), checked(threads)), self._like)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventLog) and self._core == other._core

    __hash__ = None  # type: ignore[assignment]

    def counts(self, *, threads: int | None = None) -> Table:
        """Return event, count, customers: one row an event name, over all events of the log, history included."""
        return Table(self._core.counts(checked(threads)), self._like)

    def transitions(self, columns: Iterable[str] | None = None, *, threads: int | None = None) -> Table:
        """Return which event directly follows which, over all events of the log, history included.

        Parameters
        ----------
        columns
            Which of ``count``, ``customers``, ``mean_gap``, ``median_gap``, ``value`` to compute; default all but
            ``median_gap``, which keeps every gap in memory.

        Returns
        -------
        Table
            source, target, then the columns asked for. A customer's first event has source ``"START"``, the last target
            ``"END"``. Gaps are in seconds, null for START and END. ``customers`` are distinct customers who took
            the step. ``value`` is the sum of the values of the events stepped to, null for END and for logs without
            values.
        """
        wanted = list(_USUAL_COLUMNS if columns is None else columns)
        for name in wanted:
            if name not in _TRANSITION_COLUMNS:
                raise InvalidInput(f"columns: found {name!r}, expected among {', '.join(_TRANSITION_COLUMNS)}")
        return Table(self._core.transitions(wanted, checked(threads)), self._like)

    def graph(self, outcomes: Mapping[str, Pattern] | None = None, *, threads: int | None = None) -> JourneyGraph:
        """Return how customers moved from event to event while observed, up to their first outcome then.

        Walks and values are of the observation: events before ``from`` are no steps and add no value.

        Parameters
        ----------
        outcomes
            id → pattern, as ``{"left": sj.event("cancel")}``. Without any, every customer ends in ``observed``.

        Raises
        ------
        InvalidInput
            For an outcome that can never occur, or has the name of an event that customers visit before they end.
        """
        from sojourn.graph import JourneyGraph

        written = [(name, json.dumps(pattern.to_dict())) for name, pattern in (outcomes or {}).items()]
        paths = _core.event_paths(self._core, written, checked(threads))
        rules = {"nodes": "events", "outcomes": json.dumps(written), **dict(_core.graph_rules(self._core))}
        return JourneyGraph(_core.graph(paths, checked(threads)), self._like, rules=rules)

    def _instant(self, when: date | datetime | str, name: str) -> int:
        """Return an instant given in the log's own kind of time, as UTC microseconds; a date is its midnight."""
        zoned = self._core.written_zone is not None
        expected = (
            f"expected a date, or a time {'with' if zoned else 'without'} a zone as the log's are, "
            f"such as '2026-03-01' or '2026-03-01T12:00{'+00:00' if zoned else ''}'"
        )
        found = when
        if isinstance(found, str):
            try:
                found = _read_iso(found)
            except ValueError:
                raise InvalidInput(f"{name}: found {when!r:.60}, {expected}") from None
        if not isinstance(found, date) or found != found:  # pandas' NaT is a datetime, and not itself
            raise InvalidInput(f"{name}: found {when!r:.60}, {expected}")
        if not isinstance(found, datetime):
            return self._core.to_utc(_micros(datetime(found.year, found.month, found.day)))
        if (found.utcoffset() is not None) != zoned:
            raise InvalidInput(f"{name}: found {found.isoformat()}, {expected}")
        return _micros(found) if zoned else self._core.to_utc(_micros(found))

    def __reduce__(self) -> Any:
        return _pickles.log, (_core.log_bytes(self._core), _pickles.library_of(self._like))

    def __repr__(self) -> str:
        first, last = (_short(moment) for moment in self.span)
        history = "truncated" if self._core.truncated else "complete"
        notes = "".join(f", {note}" for note in self._notes())
        return (
            f"EventLog({len(self):,} events of {self.customers:,} customers, {len(self.event_names):,} event names, "
            f"{first} to {last}, {history} history{notes})"
        )

    def _notes(self) -> list[str]:
        """Return what a reader must know beyond the counts: nothing is cut or ignored in silence."""
        core = self._core
        notes = []
        if core.before_observation:
            notes.append(f"{core.before_observation:,} before the observation")
        if core.tied_share > 0:
            notes.append(f"{core.tied_share:.1%} tied")
        if core.missing_values:
            notes.append(f"{core.missing_values:,} without a value")
        if core.rounded_times:
            notes.append(f"{core.rounded_times:,} times cut to the microsecond")
        if core.prior_outside:
            notes.append(f"{core.prior_outside:,} prior counts of other customers")
        return notes


def _read_iso(text: str) -> date | datetime:
    """Return a date, or a time, from its ISO form."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)  # 3.10 does not know Z


def _micros(moment: datetime) -> int:
    """Return microseconds since 1970: of UTC, or of the wall clock for a time without a zone."""
    epoch = _EPOCH if moment.utcoffset() is None else _EPOCH.replace(tzinfo=timezone.utc)
    return (moment - epoch) // timedelta(microseconds=1)


def _short(moment: datetime) -> str:
    return moment.date().isoformat()
