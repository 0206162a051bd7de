"""Matches: what occurred when every customer of a log was taken through a journey."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.events import EventLog
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.attribution import Attribution
    from sojourn.graph import JourneyGraph
    from sojourn.journey import Journey


class Matches:
    """The answer of `Journey.match`: occurrences of moments, undecided cases, outcomes, KPIs. Immutable.

    All of it is of the observation: patterns look into a customer's history, but what occurred before ``from`` is only
    counted, as `before_observation`.

    Matches pickle as their journey and log, of which they are a function, and are matched again when read: so they are
    the same, and go on from there with `advance`.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> log = sj.EventLog({
    ...     "customer": ["ann", "ann", "bob"],
    ...     "time": [datetime(2026, 3, 1), datetime(2026, 3, 4), datetime(2026, 3, 2)],
    ...     "event": ["order", "return", "order"],
    ... })
    >>> journey = sj.Journey(["buy"], [sj.Moment("order", "buy", when=sj.event("order"))])
    >>> matches = journey.match(log)
    >>> matches
    Matches(2 occurrences of 1 moment, 0 undecided cases, 2 customers)
    >>> matches.unmapped().to_dict()
    {'event': ['return'], 'count': [1], 'share': [0.3333333333333333]}
    """

    def __init__(self, core: _core.Matches, journey: Journey, log: EventLog) -> None:
        self._core = core
        self._journey = journey
        self._log = log

    @property
    def journey(self) -> Journey:
        """The journey that was matched."""
        return self._journey

    @property
    def log(self) -> EventLog:
        """The log that was matched."""
        return self._log

    def __len__(self) -> int:
        return len(self._core)

    @property
    def before_observation(self) -> int:
        """Number of occurrences left out because they lie before their customer's observation."""
        return self._core.before_observation

    @property
    def undecided_before_observation(self) -> int:
        """Number of undecided cases left out because what they leave open lies before the observation."""
        return self._core.undecided_before_observation

    def occurrences(self, *, threads: int | None = None) -> Table:
        """Return the occurrences, by customer and then as they fell.

        Returns
        -------
        Table
            occurrence_id, customer, moment, stage, time, start_time, value, key. The id is a function of customer,
            moment and ordinal (63 bits of a hash) and never changes; ordinals count what lies before the observation
            too. time and start_time are written as the log's times are; value and key are those of the event that the
            occurrence carries, null where there is none.
        """
        return self._table(self._core.occurrences(checked(threads)))

    def undecided(self) -> Table:
        """Return the cases that what was observed cannot decide, one row a case.

        Returns
        -------
        Table
            moment, customer, time, reason: ``"truncated"`` (what came before the observation would decide),
            ``"censored"`` (what comes after it would), ``"unknown condition"`` (a null in a condition). The
            time may lie before the observation where what it leaves open may lie inside.
        """
        return self._table(self._core.undecided())

    def outcomes(self) -> Table:
        """Return customer, outcome, time: each customer's first outcome while observed, for those who reached one."""
        return self._table(self._core.outcomes())

    def moments(self, *, start: date | datetime | str | None = None, end: date | datetime | str | None = None) -> Table:
        """Return one row a moment, in the journey's order.

        Parameters
        ----------
        start, end
            Only occurrences, and undecided cases, with start ≤ time < end: dates (their midnight in the log's zone),
            datetimes or ISO strings, with or without a zone as the log's times are. None: no limit.

        Returns
        -------
        Table
            moment, stage, occurrences, customers (who had it), value (sum over the events carried; null for a log
            without values), per_customer (occurrences a customer who had it; null if nobody had), undecided (cases).

        Raises
        ------
        InvalidInput
            For another kind of time, or an end before the start.
        """
        return self._table(self._core.moments(*self._range(start, end)))

    def kpis(
        self,
        interval: float = 0.9,
        *,
        start: date | datetime | str | None = None,
        end: date | datetime | str | None = None,
    ) -> Table:
        """Return how often each moment's KPI was met.

        Parameters
        ----------
        interval
            Confidence of `low` and `high` (Wilson 1927).
        start, end
            Only occurrences with start ≤ time < end, as in `moments`: how it went in one quarter. Whether each met its
            KPI is judged by all that is known.

        Returns
        -------
        Table
            moment, kpi, due (met or not met; the undecided left out), met, undecided, share (met / due), low, high,
            target; the shares are null where nothing was due.

        Raises
        ------
        InvalidInput
            For a confidence outside (0, 1), another kind of time, or an end before the start.
        """
        return self._table(self._core.kpis(interval, *self._range(start, end)))

    def unmapped(self, *, threads: int | None = None) -> Table:
        """Return event, count, share: events that no pattern of the journey mentions, most frequent first.

        Over all events of the log, history included.
        """
        return self._table(self._core.unmapped(checked(threads)))

    def unreached(self) -> Table:
        """Return moment, stage, undecided: moments that never occur while observed, with the cases left undecided."""
        return self._table(self._core.unreached())

    def graph(self, by: str = "moment", *, threads: int | None = None) -> JourneyGraph:
        """Return how customers moved from moment to moment while observed, up to their first outcome then.

        A walk begins with the first occurrence of the observation. Values are of what the observation holds: events
        before ``from`` add none, to no customer, and to no step that carries one (a tenth anniversary's first year).

        Parameters
        ----------
        by
            What the nodes are: ``"moment"``, ``"stage"`` or ``"owner"`` (the accountable; ``"nobody"`` for moments
            without one). Every occurrence is a visit: two in a row at one stage are a loop.

        Raises
        ------
        InvalidInput
            For another `by`.
        """
        from sojourn.graph import JourneyGraph

        stages = None if by == "owner" else [(stage.id, stage.name or stage.id) for stage in self._journey.stages]
        return JourneyGraph(
            _core.graph(self._core.paths(by, checked(threads)), checked(threads)),
            self._log._like,
            stages=stages,
            span=self._log.span,
            unmapped=sum(self.unmapped(threads=threads).to_dict()["count"]),
            kpis=self.kpis() if by == "moment" else (),
            history=self._log.before_observation > 0,
            by=by,  # type: ignore[arg-type]  # paths() refuses any other
            journey=self._journey,
            rules={"nodes": f"by {by}", **dict(_core.graph_rules(self._log._core))},
        )

    def attribute(
        self,
        feedback: Any,
        customer: str = "customer",
        time: str = "time",
        source: str | None = None,
        solicited: str | None = None,
        score: str | None = None,
        scale: str = "nps",
        topic: str | None = None,
        text: str | None = None,
        key: str | None = None,
        moment: str | None = None,
        response_groups: Any = None,
        observed: Any = None,
        horizon: str = "60d",
        method: str = "declustering",
        half_life: str = "7d",
        delay: str | None = None,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> Attribution:
        """Return what each voice of a table of feedback is about.

        A voice of a customer may be about that customer's occurrences at its own time or before, no older than the
        horizon (both ends included).

        Parameters
        ----------
        feedback
            A table, one row a voice. Voices of customers that the log does not have are counted and stay unattributed.
        customer, time
            Names of the columns; ids and times of the same kind as the events'. A date is its midnight.
        source
            Name of a column that says where the voice comes from; without it the one source is ``"feedback"``.
        solicited
            Name of a column of booleans: whether the voice was asked for.
        score
            Name of a column of numbers; a null or NaN is a voice without a score.
        scale
            ``"nps"`` (0 to 10), ``"csat"`` (1 to 5) or ``"mean"`` (any numbers up to a million).
        topic
            Name of a column of strings.
        text
            Name of a column with what was said: kept for showing, never read.
        key
            Name of a column with the key of an event (a claim, an order). A voice with a key is about the occurrences
            whose event carries it, however old; if there are none, it is as one without.
        moment
            Name of a column with ids of moments: a survey that names its moment is about that moment. With a key, about
            that moment with that key if there is one, else that moment.
        response_groups
            Table customer, group (strings): kinds of customers of whom some answer more readily. One row a customer;
            those of the log that are not listed, or whose group is null, are a group of their own. Default: all alike.
        observed
            Table source, from, to: when each source was listened to. Default: always.
        horizon
            How long after an occurrence a voice may still be about it: ``"60d"``, ``"2 months"``.
        method
            ``"declustering"``, the model (see `DeclusteringModel`); or a rule of thumb to hold beside it:
            ``"last_touch"`` (the latest has it all; of simultaneous ones the last in `occurrences`), ``"linear"``
            (equal parts) or ``"time_decay"`` (half as much a half-life earlier).
        half_life
            Of ``"time_decay"``.
        delay
            Of the model, the shape of delays: ``"exponential"``, ``"weibull"`` or ``"piecewise"``. None: the one under
            which voices held out are most probable.
        seed
            Of the model's intervals (`Attribution.moments`); the attribution itself knows no chance.
        threads
            Number of threads (None: all). The answer never depends on it.

        Raises
        ------
        InvalidInput
            With its row for a null customer or time, a score off the scale, a moment the journey does not have, a voice
            from when its source was not listened to; for a missing column, a wrong type, times of another kind than the
            events' (zoned against naive), keys while the events have none, a method or delay that is not there, a
            horizon in calendar months for the model.
        """
        from sojourn.attribution import attribute

        settings = {
            "customer": customer,
            "time": time,
            "source": source,
            "solicited": solicited,
            "score": score,
            "scale": scale,
            "topic": topic,
            "text": text,
            "key": key,
            "moment": moment,
            "horizon": horizon,
            "method": method,
            "half_life": half_life,
            "delay": delay,
            "seed": seed,
        }
        tables = {"observed": observed, "response_groups": response_groups}
        return attribute(self, feedback, tables, settings, threads=threads)

    def advance(self, more: Any, *, threads: int | None = None) -> tuple[Matches, Table]:
        """Return the matches of the log with later events, and the occurrences that are new.

        Parameters
        ----------
        more
            A table with the log's columns; see `EventLog.append`.

        Returns
        -------
        matches
            Equal to those of one log built from all events.
        new
            As `occurrences`, of those whose occurrence_id was not there before.

        Notes
        -----
        Only customers with new events are matched again, and those to whom the passing of time alone brings something
        (a deadline or an anniversary that the observation has now reached). What is kept for that is 16 bytes for each
        customer who waits so; the log keeps the events. The other customers' rows are copied. Where the observation
        begins earlier than before, everything is matched again.
        """
        log = self._log.append(more, threads=threads)
        matches = Matches(self._core.advance(log._core, checked(threads)), self._journey, log)
        return matches, self._table(matches._core.new_since(self._core, checked(threads)))

    def select(self, customers: Any, customer: str = "customer", *, threads: int | None = None) -> Matches:
        """Return the matches of some customers alone: a segment, to look at by itself or to `JourneyGraph.compare`.

        Observed as in the whole, so that the counts of the parts of a partition add up to the whole's. (Periods are
        another thing: a log whose `observed` table says from when to when.) What is returned stands for itself:
        `advance` on it takes in all the customers of the later events.

        Parameters
        ----------
        customers
            A table with a column of customer ids, or a list of ids. Naming one twice changes nothing.
        customer
            Name of that column.
        threads
            Number of threads (None: all). The answer never depends on it.

        Raises
        ------
        InvalidInput
            For no customers at all; with its row for a customer whom the log does not have, or a null.

        Examples
        --------
        >>> import sojourn as sj
        >>> from datetime import datetime
        >>> times = [datetime(2026, 3, 1), datetime(2026, 3, 4), datetime(2026, 3, 2)]
        >>> log = sj.EventLog({"customer": ["ann", "ann", "bob"], "time": times, "event": ["order", "return", "order"]})
        >>> matches = sj.Journey(["buy"], [sj.Moment("order", "buy", when=sj.event("order"))]).match(log)
        >>> len(matches.select(["bob"]))
        1
        """
        if isinstance(customers, Sequence) and not isinstance(customers, str):
            if not customers:
                raise InvalidInput("customers: found none, expected at least one customer of the log")
            customers = {customer: customers}
        part = _core.select_customers(self._log._core, as_arrow(customers, "customers"), customer)
        return self._journey.match(EventLog._wrap(part, self._log._like), threads=threads)

    def _range(
        self, start: date | datetime | str | None, end: date | datetime | str | None
    ) -> tuple[int | None, int | None]:
        first = None if start is None else self._log._instant(start, "start")
        last = None if end is None else self._log._instant(end, "end")
        if first is not None and last is not None and last < first:
            raise InvalidInput(f"end: found {end}, expected a time not before start ({start})")
        return first, last

    def _table(self, core: _core.Table) -> Table:
        return Table(core, self._log._like)

    def __reduce__(self) -> Any:
        return _match, (self._journey, self._log)

    def __repr__(self) -> str:
        moments, cases = len(self._journey.moments), self._core.undecided_cases
        return (
            f"Matches({len(self):,} occurrences of {moments:,} moment{'' if moments == 1 else 's'}, "
            f"{cases:,} undecided case{'' if cases == 1 else 's'}, {self._log.customers:,} customers{self._left_out()})"
        )

    def _left_out(self) -> str:
        occurrences, cases = self.before_observation, self.undecided_before_observation
        counts = [f"{occurrences:,} occurrence{'' if occurrences == 1 else 's'}"] if occurrences else []
        counts += [f"{cases:,} undecided case{'' if cases == 1 else 's'}"] if cases else []
        return f"; {' and '.join(counts)} before the observation" if counts else ""

    def _repr_html_(self) -> str:
        return self.moments()._repr_html_()


def _match(journey: Journey, log: EventLog) -> Matches:
    return journey.match(log)
