"""Customers in and customers out, exactly: definitions, ledgers and their reconciliation."""

from __future__ import annotations

import copy
import html
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any, Literal

from sojourn import _bond, _core
from sojourn._bond import named_columns
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn._zones import zone_rules
from sojourn.table import Table, as_arrow

_EPOCH = date(1970, 1, 1)
_MONEY = ("float", "minor", "decimal")


class Definition:
    """What a ledger means by a customer coming in and going out. A value: compares, hashes, and goes to JSON and back.

    Parameters
    ----------
    customer
        Column with the unit that the ledger counts (an account, a policy, a household).
    start, end
        Columns of dates or timestamps. A record is in force from the day of `start` up to the day before `end`; a null
        end: still in force; a null start: the record takes no part (fate ``rule: no start``).
    value
        Column of money: decimals, integers (major units), or floats within 1e-6 of a minor unit. A null counts 0.
    currency
        A column of ISO 4217 codes; or a code, where the records have no such column.
    where
        Name → rule: a record takes part when it passes all; the first it fails names its fate.
    joins, leaves
        Name → rule: a spell's opening (its end) counts as in (out) when its opening (closing) record passes all.
        Rules may ask for ``sj.spell_number()``.
    grace
        How long a customer may be without a record and still be there: whole days (``"30d"``, ``"2w"``), or a list of
        (name, rule, duration) of which the last has no rule (None). The record that ends last decides.
    empty
        Records that end no later than they start: ``"ignore"`` them, or ``"count"`` them as in and out on that day.
    segment
        Column: the segment of the record that opens a spell holds for the whole spell.
    acquired
        Column: how the customer came (for earned growth).
    key, follows
        Columns: a record's id, and the id of the record it replaces.
    known
        Column of dates or timestamps: when this version of the record was known; null: always. Rows of one key are
        versions of one record, of which the latest known holds; two known at once are refused. Needs `key`.
    withdrawn
        Column of booleans: this version takes the record back. Needs `key`.

    Raises
    ------
    InvalidInput
        With the place in the definition.

    Notes
    -----
    Rules are expressions (``sj.column("paid") == True``) or the JSON objects of journey files. A null is a value of its
    own: null ≠ 'split' holds, null == 'split' does not.

    Examples
    --------
    >>> import sojourn as sj
    >>> policy = sj.Definition(
    ...     "policy", "effective", "ended",
    ...     joins={"new business": {"column": "txn", "op": "==", "value": "NB"}},
    ... )
    >>> strict = sj.Definition("policy", "effective", "ended", grace="0d")
    >>> policy.differences(strict)[1]
    'grace changes from "30d" to "0d"'
    """

    def __init__(
        self,
        customer: str,
        start: str,
        end: str,
        value: str | None = None,
        currency: str | None = None,
        where: Mapping[str, Any] | None = None,
        joins: Mapping[str, Any] | None = None,
        leaves: Mapping[str, Any] | None = None,
        grace: str | Sequence[Any] = "30d",
        empty: str = "ignore",
        segment: str | None = None,
        acquired: str | None = None,
        key: str | None = None,
        follows: str | None = None,
        known: str | None = None,
        withdrawn: str | None = None,
    ) -> None:
        said: dict[str, Any] = {
            "customer": customer,
            "start": start,
            "end": end,
            "value": value,
            "currency": currency,
            "where": where or {},
            "joins": joins or {},
            "leaves": leaves or {},
            "grace": grace,
            "empty": empty,
            "segment": segment,
            "acquired": acquired,
            "key": key,
            "follows": follows,
            "known": known,
            "withdrawn": withdrawn,
        }
        self._core = _core.Definition(json.dumps(said, default=_plain, ensure_ascii=False))

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Definition:
        """Return the definition that a mapping (as from a JSON file) spells out.

        Raises
        ------
        InvalidInput
            With the place, for keys that are missing or unknown.
        """
        definition = cls.__new__(cls)
        definition._core = _core.Definition(json.dumps(dict(said), default=_plain, ensure_ascii=False))
        return definition

    def to_dict(self) -> dict[str, Any]:
        """Return the definition as JSON's objects, every field spelled out."""
        said: dict[str, Any] = json.loads(self._core.to_json())
        return said

    @property
    def version(self) -> str:
        """Sixteen digits that follow from what the definition says: equal definitions have equal versions."""
        return self._core.version

    def differences(self, other: Definition) -> list[str]:
        """Return what changes from this definition to another, a sentence a difference."""
        return self._core.differences(other._core)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and bool(self._core == other._core)

    def __hash__(self) -> int:
        return hash(self.version)

    def __getstate__(self) -> dict[str, Any]:
        return self.to_dict()

    def __setstate__(self, said: dict[str, Any]) -> None:
        self._core = _core.Definition(json.dumps(said, ensure_ascii=False))

    def __repr__(self) -> str:
        said = self.to_dict()
        shown = [repr(said.pop(name)) for name in ("customer", "start", "end")]
        defaults = {"grace": "30d", "empty": "ignore"}
        shown += [f"{name}={value!r}" for name, value in said.items() if value and defaults.get(name) != value]
        return f"Definition({', '.join(shown)})"


class Ledger:
    """A silo's records under its definition. Immutable.

    Parameters
    ----------
    name
        What statements call it.
    records
        A table: anything with ``__arrow_c_stream__`` (pandas, polars, pyarrow, duckdb), or a path to Parquet or CSV.
    definition
        What counts.
    group
        Column with the unit that ledgers share, as a household; None: the customers themselves are shared. Records
        without one are counted by `check`, customers without any are ``identity`` in bridges.
    crosswalk
        Instead of `group`: a table with columns unit, group and, if it has one, probability. Many-to-many; links are
        independent of one another. Those with a probability of one half or more make the most probable graph, which all
        figures are of; `Reconciliation.intervals` says what the others could change.
    counts
        ``"unit"``: a customer is one value of the definition's column; ``"group"``: all units that links connect are
        one customer, called by the smallest of them, and a unit without a link is one of its own.
    reasons
        Columns of text, integers or booleans with the recorded reason for an end, from the coarsest to the finest, for
        `Reconciliation.leaving`.
    threads
        Number of threads (None: all). The answer never depends on it.

    Raises
    ------
    InvalidInput
        For a missing column, a wrong type, a null customer, an amount that is no money, an empty table; with the first
        row at fault.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import date
    >>> records = {"who": ["a", "b"], "from": [date(2026, 1, 5)] * 2, "to": [None, date(2026, 3, 1)]}
    >>> sj.Ledger("CRM", records, sj.Definition("who", "from", "to"))
    Ledger('CRM', 2 records of 2 customers, by who)
    """

    def __init__(
        self,
        name: str,
        records: Any,
        definition: Definition,
        group: str | None = None,
        *,
        crosswalk: Any = None,
        counts: Literal["unit", "group"] = "unit",
        reasons: Sequence[str] = (),
        threads: int | None = None,
    ) -> None:
        if not isinstance(name, str) or not name:
            raise InvalidInput(f"ledger: found the name {name!r}, expected a string that is not empty")
        if not isinstance(definition, Definition):
            raise InvalidInput(f"{name}: found {type(definition).__name__} for definition, expected sj.Definition")
        if group is not None and crosswalk is not None:
            raise InvalidInput(f"{name}: found group and crosswalk, expected one of the two")
        if counts not in ("unit", "group"):
            raise InvalidInput(f"{name}: found counts={counts!r:.60}, expected 'unit' or 'group'")
        if counts == "group" and group is None and crosswalk is None:
            raise InvalidInput(f"{name}: found counts='group' without groups, expected group or crosswalk")
        self._definition = definition
        self._like = records
        self._reasons, self._threads = named_columns(reasons, "reasons"), checked(threads)
        self._grouping = _core.GroupingArguments()
        self._grouping.column, self._grouping.counts_groups = group, counts == "group"
        if crosswalk is not None:
            self._grouping.crosswalk = as_arrow(crosswalk, f"{name}: crosswalk")
        self._core = self._read(name, as_arrow(records, name))
        self._grouping.crosswalk = None

    def _read(self, name: str, records: Any) -> _core.Ledger:
        return _core.Ledger(name, records, self._definition._core, self._grouping, self._reasons, self._threads)

    def _drawn(self, seed: int, draw: int) -> Ledger:
        """Return the ledger on one draw of its crosswalk's links; itself where all of them are certain."""
        if self._core.uncertain_links == 0:
            return self
        other = copy.copy(self)
        self._grouping.seed, self._grouping.draw = seed, draw
        other._core = self._read(self.name, None)  # the records and links that the first reading kept
        return other

    @property
    def name(self) -> str:
        """What statements call it."""
        return self._core.name

    @property
    def definition(self) -> Definition:
        """What counts."""
        return self._definition

    @property
    def customers(self) -> int:
        """Number of distinct customers, those included whose records take no part."""
        return self._core.customers

    def __len__(self) -> int:
        return len(self._core)

    def __repr__(self) -> str:
        unit = self._definition.to_dict()["customer"]
        return f"Ledger({self.name!r}, {len(self):,} records of {self.customers:,} customers, by {unit})"


class Reconciliation:
    """Ledgers run over the same periods on the same clock; made by `reconcile`."""

    def __init__(
        self,
        core: _core.Reconciliation,
        ledgers: Sequence[Ledger],
        periods: str,
        window: int,
        money: str,
        threads: int | None,
        again: Callable[[Callable[[Ledger], Ledger]], Reconciliation],
    ) -> None:
        self._core = core
        self._again = again
        self._window = window
        self._differences: dict[str, _core.Differences] = {}
        self._ledgers = {ledger.name: ledger for ledger in ledgers}
        self._periods = periods
        self._money = money
        self._threads = threads
        self._like = ledgers[0]._like

    @property
    def ledgers(self) -> list[str]:
        """Names of the ledgers; the standard comes first where there is one."""
        return self._core.ledgers

    def statement(self) -> Table:
        """Return opening + in − out = closing, in customers and in value.

        Returns
        -------
        Table
            A row for each ledger, period (its first day), segment and currency: opening, new, returned, other_in,
            joined (new + returned), left, other_out, closing, in_grace (part of closing: present without a record in
            force); the value of each as ``…_value``; expansion, contraction and fx, the changes of value of those who
            stay. In every row::

                opening + new + returned + other_in - left - other_out = closing

            and the same in value with + expansion - contraction + fx. Money is in major units (floats or decimals) or
            in minor ones (integers), as `reconcile` was told.
        """
        return Table(self._core.statement(self._money), self._like)

    def check(self) -> Table:
        """Return what proves the statement, and what looks wrong in the records.

        Returns
        -------
        Table
            check, kind, tested, failures, detail. ``identity`` rows must hold for the figures to be right; with a
            standard they include that the reasons of every ledger's `bridge` add up to its gap. ``guard`` rows point at
            suspected faults of the data (customers vanishing at once, duplicate keys, …) and never change a figure.

        Raises
        ------
        RuntimeError
            When an identity fails: a fault of sojourn, which must not pass for a result.
        """
        rows = Table(self._core.check(self._threads)).rows()
        others = self.ledgers[1:] if self._core.has_standard else []
        for ledger in others:
            try:
                rows += Table(self._explained(ledger).check(self._threads)).rows()
            except InvalidInput as error:
                rows.append(
                    {"check": f"{ledger}: no bridge", "kind": "guard", "tested": 1, "failures": 1, "detail": str(error)}
                )
        if any(ledger._core.has_crosswalk for ledger in self._ledgers.values()):
            rows.append(self._check_components())
        rows.sort(key=lambda row: row["kind"] != "identity")
        broken = [row for row in rows if row["kind"] == "identity" and row["failures"] > 0]
        if broken:
            said = (f"{row['check']}: {row['failures']} failures, {row['detail']}" for row in broken)
            raise RuntimeError("; ".join(said))
        return Table(Table.from_dict({name: [row[name] for row in rows] for name in rows[0]})._core, self._like)

    def fates(self, ledger: str) -> Table:
        """Return what became of the start and the end of every record of a ledger.

        Returns
        -------
        Table
            row (of the records, from 0), start, end: ``counted``, ``uncounted: name``, ``already``, ``grace: name``,
            ``pending: name`` or ``rule: name``; ``open`` for a record without an end, ``hidden`` for one that starts
            after the as-of day or was not known yet; ``superseded`` for a version that a later one replaces,
            ``withdrawn`` for the version that takes its record back.
        """
        return Table(self._core.fates(ledger, self._threads), self._like)

    def bridge(self, ledger: str) -> Table:
        """Return why a ledger's customers in and out differ from the standard's, as sums by reason.

        Parameters
        ----------
        ledger
            Name of one.

        Returns
        -------
        Table
            period (its first day), segment, currency, direction, reason, rule (the rule's or the grace's name, where
            the reason has one), count, value, events (how many of either side stand behind a count, which is net). In
            every period, segment and currency the rows of a direction add up to
            the ledger's figure less the standard's: ``in`` to joined, ``out`` to left, ``net`` to in less out. Rows of
            ``matched`` have count 0 and the difference of value. The reasons:

            - ``matched``: both count the same event, in the same period.
            - ``timing``: both count it, in other periods.
            - ``rewrite``: the other side joined it over a gap, or one record was replaced by another.
            - ``grain``: one customer there has several units here, or the other way round.
            - ``rule``: a rule of the other side leaves it out.
            - ``identity``: no link ties the unit to a group.
            - ``pending``: not decided yet on the as-of day.
            - ``only here``: the other side has no such customer; of the standard's events the detail is "only there".
            - ``no event there``: the other side has the customer, who neither came nor left then.
            - ``unexplained``: none of these.

        Raises
        ------
        InvalidInput
            Without a standard, for a name that no ledger has, for groups of different types.

        Notes
        -----
        Ledgers that were given the same table are compared record by record, exactly. Others meet in the groups that
        their units are linked to; there events are paired in order, most pairs within the window of `reconcile`, then
        least days. Pairing looks at all data, so that a partner outside the report is still timing.
        """
        return Table(self._explained(ledger).bridge(self._money, self._threads), self._like)

    def records(self, ledger: str) -> Table:
        """Return every event of a ledger and of the standard in the report, each with the one reason it differs by.

        Returns
        -------
        Table
            ledger, record (its key, or the row number), unit, group (the unit's smallest), time, period, segment,
            currency, direction (``in``, ``out``), reason, rule, detail, partner (the other side's record), other_time
            (when that says), count (1; −1 for the standard's; 0 in the further rows of an event worth something in
            several currencies), value (with the same sign). The sums of count and value are those of `bridge`. In
            order of time, side, direction, unit and key.

        Raises
        ------
        InvalidInput
            As `bridge`.
        """
        return Table(self._explained(ledger).records(self._money, self._threads), self._like)

    def restatement(self, earlier: date | datetime | str, later: date | datetime | str) -> Table:
        """Return what the ledgers say on a later day otherwise than they did on an earlier one, as sums by reason.

        Parameters
        ----------
        earlier, later
            Days. The report is made as of either: what had happened, and what was known, by then. The `as_of` and
            `recorded` of `reconcile` do not matter.

        Returns
        -------
        Table
            ledger, period (its first day), segment, currency, direction, reason, rule, count, value. In every period,
            segment and currency the rows of a direction add up to the later day's figure less the earlier day's:
            ``in`` to joined, ``out`` to left, ``net`` to in less out. Events that both days have alike are left out.
            An event is the start or the end of a record; versions of one key are one record. The reasons:

            - ``recorded later``: only the later day counts it; the rule is ``not happened yet`` when it lies after the
              earlier day, else ``not known yet``.
            - ``withdrawn``: only the earlier day counts it; the record has been taken back.
            - ``redated``: both count it, on different days.
            - ``fate``: one counts it; what became of it on the other the rule says, as ``pending: grace → counted``.
            - ``moved``: both count it on the same day, in other segments or currencies.
            - ``revalued``: the same event, of another value; the count is 0.

        Raises
        ------
        InvalidInput
            When `earlier` comes after `later`.
        RuntimeError
            When the sums miss the difference of the statements: a fault of sojourn, which must not pass for a result.

        Examples
        --------
        In April somebody learns that b left in March:

        >>> import sojourn as sj
        >>> from datetime import date
        >>> records = {
        ...     "key": [1, 2, 2],
        ...     "who": ["a", "b", "b"],
        ...     "from": [date(2026, 1, 5)] * 3,
        ...     "to": [None, None, date(2026, 3, 1)],
        ...     "known": [date(2026, 1, 6), date(2026, 1, 6), date(2026, 4, 7)],
        ... }
        >>> definition = sj.Definition("who", "from", "to", grace="0d", key="key", known="known")
        >>> r = sj.reconcile([sj.Ledger("CRM", records, definition)], start="2026-01-01", end="2026-04-01")
        >>> r.restatement("2026-03-31", "2026-04-30").to_dict()["rule"]
        ['not known yet', 'not known yet']
        """
        days = _day(earlier, "earlier"), _day(later, "later")
        return Table(_core.restatement(self._core, *days, self._money, self._threads), self._like)

    def restated_records(self, ledger: str, earlier: date | datetime | str, later: date | datetime | str) -> Table:
        """Return the events of a ledger behind `restatement`, each with its one reason.

        Returns
        -------
        Table
            Columns as `records`. An event of the later day counts 1, one of the earlier day −1; the detail says which
            it is (``later day``, ``earlier day``). partner is the record as the other day knows it, null where it did
            not; other_time when that has the event, counted or not. The sums of count and value are those of
            `restatement`.

        Raises
        ------
        InvalidInput
            For a name that no ledger has, or when `earlier` comes after `later`.
        """
        days = _day(earlier, "earlier"), _day(later, "later")
        return Table(_core.restated_records(self._core, ledger, *days, self._money, self._threads), self._like)

    @cached_property
    def _linkage(self) -> _core.Linkage:
        return _core.link(self._core, self._threads)

    def _explained(self, ledger: str) -> _core.Differences:
        if not self._core.has_standard:
            raise InvalidInput(
                "reconciliation: found no standard to hold ledgers against, expected reconcile(…, standard=…)"
            )
        if ledger not in self._differences:
            standard = self.ledgers[0]
            are_same = ledger == standard or (
                ledger in self._ledgers and self._ledgers[ledger]._like is self._ledgers[standard]._like
            )
            linkage = None if are_same else self._linkage
            self._differences[ledger] = _core.bridge(self._core, ledger, standard, linkage, self._window, self._threads)
        return self._differences[ledger]

    def intervals(self, draws: int = 200, seed: int = 0, level: float = 0.9) -> Table:
        """Return every total of statements and bridges with an interval for what uncertain links could change.

        Parameters
        ----------
        draws
            How many link graphs to draw; all figures are counted again on each.
        seed
            Where chance begins. Each link's number is keyed by ledger, unit and group: neither the order of rows nor
            threads nor other links change it.
        level
            Share of the draws that an interval holds.

        Returns
        -------
        Table
            of (``statement`` or ``bridge``), ledger, period, segment, currency, what (a column of the statement, or
            the bridge's direction), reason, rule, count, count_low, count_high, value, value_low, value_high. Count and
            value are those of the most probable graph, which `statement` and `bridge` show; they can lie outside their
            interval: of many links of .4 each is left out, and yet some of them hold.

        Raises
        ------
        InvalidInput
            For an argument outside its range.

        Notes
        -----
        The interval covers what links could change and nothing else, as far as their probabilities are calibrated and
        links are independent of one another. Probabilities come from a linker, as splink.
        """
        from sojourn.link_draws import intervals, totals

        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**64:
            raise InvalidInput(f"seed: found {seed!r:.60}, expected 0 to 2^64 - 1")

        def of(r: Reconciliation) -> Any:
            others = r.ledgers[1:] if r.has_standard else []
            return totals(r.statement(), ((name, r.bridge(name)) for name in others))

        def drawn(number: int) -> Any:
            # A ledger can be the standard and among the others: it is drawn once.
            made = {name: ledger._drawn(seed, number) for name, ledger in self._ledgers.items()}
            return of(self._again(lambda ledger: made[ledger.name]))

        return intervals(of(self), drawn, draws, level)

    def components(self, units: int = 50) -> Table:
        """Return the groups of many units, the largest first: where a crosswalk may join too much.

        Parameters
        ----------
        units
            Groups of at least so many, of all ledgers together.

        Returns
        -------
        Table
            units, groups (their ids in the crosswalk), ledger and unit (its first), then the link whose loss would
            split it most evenly: cut_ledger, cut_unit, cut_group, cut_off (units on the smaller side); null where no
            single link holds two parts together.

        Raises
        ------
        InvalidInput
            For a number below 1, or groups of different types.
        """
        if isinstance(units, bool) or not isinstance(units, int) or not 1 <= units < 2**63:
            raise InvalidInput(f"units: found {units!r:.60}, expected a whole number from 1 on")
        return Table(_core.components(self._core, self._linkage, units), self._like)

    def _check_components(self) -> dict[str, Any]:
        """Return the guard of groups that are larger than households and companies' accounts usually are."""
        row: dict[str, Any] = {
            "check": "groups of 50 units and more",
            "kind": "guard",
            "tested": 0,
            "failures": 0,
            "detail": "",
        }
        try:
            large = self.components().rows()
        except InvalidInput as error:  # groups of different types: there is nothing to connect
            return {**row, "tested": 1, "failures": 1, "detail": str(error)}
        row["tested"], row["failures"] = len(self._linkage), len(large)
        if large:
            first = large[0]
            row["detail"] = f"the largest has {first['units']} units, among them {first['unit']} of {first['ledger']}"
            if first["cut_unit"] is not None:
                link = f"{first['cut_unit']} of {first['cut_ledger']} in {first['cut_group']}"
                row["detail"] += f"; without the link of {link} it would lose {first['cut_off']}"
        return row

    def plot(
        self,
        ledger: str | None = None,
        period: date | str | None = None,
        direction: Literal["in", "out", "net"] = "net",
    ) -> Any:
        """Return an altair chart: of the statement, or of the way from a ledger's number to the standard's.

        Parameters
        ----------
        ledger
            None: the statement, a row a ledger; in above, out below, net as a line. A name: the waterfall of its
            `bridge`, a bar a reason, reductions first; what is unexplained is dashed, and drawn when it is 0 too.
        period
            First day of the waterfall's period (None: the last).
        direction
            What the waterfall is of: customers in, out, or in less out.

        Raises
        ------
        InvalidInput
            For a name that no ledger has, or the standard's; a day that begins no period; another direction; for a
            waterfall without a standard.
        """
        if ledger is None:
            from sojourn._statement_chart import statement_chart

            units = {name: self._unit(name) for name in self.ledgers}
            said = self.with_money("decimal").statement().rows()
            return statement_chart(said, units, self._periods, standard=self.has_standard)
        from sojourn._chart_style import empty
        from sojourn._waterfall import waterfall
        from sojourn._waterfall_chart import waterfall_chart

        if direction not in ("in", "out", "net"):
            raise InvalidInput(f"direction: found {direction!r:.60}, expected 'in', 'out' or 'net'")
        exact = self.with_money("decimal")
        bridge, said = exact.bridge(ledger).rows(), exact.statement().rows()
        standard = self.ledgers[0]
        if ledger == standard:
            raise InvalidInput(f"ledger: found the standard, '{ledger:.60}', expected one to hold against it")
        days = sorted({row["period"] for row in said})
        if not days:
            return empty("No record passes the ledgers' rules: nothing to explain. fates() says why.", 660, 84)
        day = days[-1] if period is None else _EPOCH + timedelta(days=_day(period, "period"))
        if day not in days:
            raise InvalidInput(f"period: found {day}, expected the first day of a period from {days[0]} to {days[-1]}")
        counted = (self._unit(ledger), self._unit(standard))
        return waterfall_chart(waterfall(said, bridge, (ledger, standard), counted, day, self._periods, direction))

    def _unit(self, ledger: str) -> str:
        return str(self._ledgers[ledger].definition.to_dict()["customer"])

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write all of it into a folder of its own: all files or none; those of an earlier reconciliation are replaced.

        statement.csv, check.csv, with a standard bridge_<ledger>.csv and records_<ledger>.csv, and reconciliation.html.
        In CSV a text that a spreadsheet would run as a formula gets a ``'`` before it; money as `reconcile` was told.

        Raises
        ------
        InvalidInput
            When the folder holds anything else, or the folder above it is not there.
        """
        from sojourn._reconciliation_files import write

        write(self, folder)

    def summary(self) -> list[str]:
        """Return opening, in, out and closing of each ledger, its gap with the reasons, and the guards that fired."""
        from sojourn._reconciliation_files import summary

        return summary(self)

    @property
    def periods(self) -> str:
        """Length of a period, as ``"1 month"``."""
        return self._periods

    def with_money(self, money: Literal["float", "minor", "decimal"]) -> Reconciliation:
        """Return the same with money in another form, as `reconcile` takes it.

        Raises
        ------
        InvalidInput
            For another form.
        """
        _check_money(money)
        other = copy.copy(self)
        other._money = money
        other._again = lambda change: self._again(change).with_money(money)
        return other

    @property
    def has_standard(self) -> bool:
        """Whether the first ledger is the company's own."""
        return bool(self._core.has_standard)

    def definition(self, ledger: str) -> Definition:
        """Return what a ledger counts.

        Raises
        ------
        InvalidInput
            For a name that no ledger has.
        """
        return self._named(ledger).definition

    def reasons(self, ledger: str) -> list[str]:
        """Return a ledger's columns with the recorded reason for an end, coarsest first.

        Raises
        ------
        InvalidInput
            For a name that no ledger has.
        """
        return list(self._named(ledger)._reasons)

    def _named(self, ledger: str) -> Ledger:
        if ledger not in self._ledgers:
            raise InvalidInput(f"ledger: found '{ledger:.60}', expected one of {', '.join(self.ledgers)}")
        return self._ledgers[ledger]

    def _totals(self) -> list[tuple[str, int, int, int, int]]:
        """Ledger, opening, in, out, closing over the whole report."""
        found = []
        rows = Table(self._core.statement("minor")).rows()
        for name in self.ledgers:
            own = [row for row in rows if row["ledger"] == name]
            limits = [row["period"] for row in own]
            first, last = (min(limits), max(limits)) if limits else (None, None)
            opening = sum(row["opening"] for row in own if row["period"] == first)
            closing = sum(row["closing"] for row in own if row["period"] == last)
            joined, left = (sum(row[column] for row in own) for column in ("joined", "left"))
            found.append((name, opening, joined, left, closing))
        return found

    def __repr__(self) -> str:
        totals = self._totals()
        shown = (
            f"{name} {opening:,} +{came:,} −{left:,} → {closing:,}" for name, opening, came, left, closing in totals
        )
        return f"Reconciliation(by {self._periods}: {', '.join(shown)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th>" + "".join(f"<td>{number:,}</td>" for number in numbers) + "</tr>"
            for name, *numbers in self._totals()
        )
        head = "".join(f"<th>{name}</th>" for name in ("ledger", "opening", "in", "out", "closing"))
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def bond(self, ledger: str | None = None, *, measure: str = "value", tolerance: float = 0.0) -> Table:
        """Return what became of the customers between each period's opening and closing.

        Parameters
        ----------
        ledger
            Name of one; None: all.
        measure
            What "more" is more of: ``"value"`` in force, or ``"records"``, their number.
        tolerance
            A change of at most this share of what was there at opening is ``same`` (0.05: five per cent).

        Returns
        -------
        Table
            A row for each ledger, period, segment, currency and state that anyone is in: customers; opening and
            closing, how many of them were there then; opening_value and closing_value, their value in force; change
            and fx, which lead from one to the other; opening_records and closing_records, the records in force. Every
            customer has one state in a period:

            - ``new``: there at closing, not at opening, and never before the period.
            - ``returned``: at closing a record is in force, at opening none was: the customer had left, or was dormant
              (those are in `opening`).
            - ``more``, ``same``, ``less``: a record is in force at both; by `measure`.
            - ``mixed``: more in one currency, less in another, and no reporting currency to weigh them in.
            - ``dormant``: there at closing without a record in force, in grace.
            - ``left``: there at opening, not at closing.
            - ``other in``, ``other out``: would be new or returned, or left, but the ledger's own rules (`joins`,
              `leaves`) do not count it, as in `statement`.
            - ``came and went``: there only in between.

            Over the states, opening, closing and their values add up to those of `statement`, and the closing of
            ``dormant`` is its in_grace; `check` holds them to it. A customer who left and came back within the period
            is compared from end to end. Change is at closing's rates, so that a rate alone makes nobody ``more``.

        Raises
        ------
        InvalidInput
            For a ledger without a value (take ``measure="records"``), a tolerance outside [0, 1).

        Examples
        --------
        >>> import sojourn as sj
        >>> from datetime import date
        >>> records = {
        ...     "who": ["a", "b", "b"], "from": [date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 1)],
        ...     "to": [date(2026, 2, 20), date(2026, 2, 1), None], "fee": [10, 10, 15],
        ... }
        >>> crm = sj.Ledger("CRM", records, sj.Definition("who", "from", "to", value="fee", currency="USD"))
        >>> r = sj.reconcile([crm], start="2026-02-01", end="2026-03-01")
        >>> [(row["state"], row["customers"], row["change"]) for row in r.bond().rows()]
        [('more', 1, 5.0), ('left', 1, -10.0)]
        """
        return Table(_core.bond(self._core, ledger, measure, tolerance, self._money, self._threads), self._like)

    def plot_bond(self, ledger: str | None = None, *, measure: str = "value", tolerance: float = 0.0) -> Any:
        """Return the bond as an altair chart: what grows above the line, what shrinks below; a row a ledger.

        Parameters
        ----------
        ledger, measure, tolerance
            As in `bond`.

        Raises
        ------
        InvalidInput
            As `bond`.
        """
        from sojourn._bond_chart import bond_chart

        rows = Table(_core.bond(self._core, ledger, measure, tolerance, "decimal", self._threads)).rows()
        names = self.ledgers if ledger is None else [ledger]
        units = {name: self._ledgers[name].definition.to_dict()["customer"] for name in names}
        return bond_chart(rows, units, self._periods)

    def bond_customers(
        self,
        period: date | datetime | str,
        ledger: str | None = None,
        *,
        measure: str = "value",
        tolerance: float = 0.0,
    ) -> Table:
        """Return the customers behind the rows of `bond` in one period.

        Parameters
        ----------
        period
            Its first day.
        ledger, measure, tolerance
            As in `bond`.

        Returns
        -------
        Table
            As `bond`, with the customer's id behind the ledger: customers, opening and closing are 1 or 0. A customer
            with value in several currencies, or who came back in another segment, has a row in each. In order of
            ledger and customer; sums by state, segment and currency are the rows of `bond`.

        Raises
        ------
        InvalidInput
            As `bond`, and for a day that is no period's first.
        """
        first = _day(period, "period")
        found = _core.bond_customers(self._core, first, ledger, measure, tolerance, self._money, self._threads)
        return Table(found, self._like)

    def leaving(self, by: Sequence[str] | None = None, ledger: str | None = None) -> Table:
        """Return the recorded reasons for leaving as a tree that keeps what nobody knows.

        Parameters
        ----------
        by
            Columns among the `reasons` that the ledger keeps, a level of the tree each, coarsest first; None: all.
        ledger
            Name of one; None: all.

        Returns
        -------
        Table
            A row for each ledger, period, segment, currency and node: level (0: the root); path, the reasons from the
            root down, joined by " › " ("all" at the root); the reason columns (null below the node's level);
            customers and value that left for that recorded reason; of, all who left; share, customers / of (null when
            nobody left). What has no recorded reason (null, blank, the word "unknown") is "unknown", which stands last
            under every node, also with 0. Nodes add up to their parent, and the root is `left` and left_value of
            `statement`.

        Raises
        ------
        InvalidInput
            For a column that the ledger does not keep, or when none keeps any.

        Notes
        -----
        The record that closed the spell says why. That is what was written down, not what made the customer leave.

        Examples
        --------
        >>> import sojourn as sj
        >>> from datetime import date
        >>> records = {
        ...     "who": ["a", "b", "c"], "from": [date(2026, 1, 5)] * 3,
        ...     "to": [date(2026, 2, 1), date(2026, 2, 9), date(2026, 2, 9)], "why": ["price", "price", None],
        ... }
        >>> crm = sj.Ledger("CRM", records, sj.Definition("who", "from", "to"), reasons=["why"])
        >>> r = sj.reconcile([crm], start="2026-02-01", end="2026-03-01")
        >>> [(row["path"], row["customers"], row["of"]) for row in r.leaving().rows()]
        [('all', 3, 3), ('price', 2, 3), ('unknown', 1, 3)]
        """
        columns = None if by is None else named_columns(by, "by")
        return Table(_core.leaving(self._core, columns, ledger, self._money, self._threads), self._like)

    def earned_growth(
        self, earned: Sequence[str] = ("referral",), *, over: int = 1, ledger: str | None = None
    ) -> Table:
        """Return growth that customers earned for the company: those who stayed, and those they referred.

        Parameters
        ----------
        earned
            Values of the definition's `acquired` column that count as earned; all others are bought.
        over
            How many periods a row spans. Earned growth is a figure of a year: take ``periods="1 year"``, or 12 months.
        ledger
            Name of one; None: all.

        Returns
        -------
        Table
            A row for each ledger, period (the last one spanned; `since` is the first day of the span) and currency.
            Each of these counts customers, and with ``_value`` the money: opening; retained, the opening's customers
            at closing; earned_new, bought_new and unknown_new (`acquired` is null), at closing, who came for the first
            time; returned, who had left before the opening; other_in, whose coming the ledger's `joins` do not count;
            closing. fx is what rates did to the retained, kept out
            of their value. Then nrr = retained_value / opening_value; earned_growth = nrr + earned_new_value /
            opening_value − 1; earned_growth_most, as if all unknown_new were earned. Ratios are null unless
            opening_value is positive. In every row::

                retained + earned_new + bought_new + unknown_new + returned + other_in = closing

            and the same in value with + fx.

        Raises
        ------
        InvalidInput
            When no ledger names `acquired`, or a word of `earned` is not among its values.

        Notes
        -----
        F. Reichheld, D. Darnell and M. Burns, "Net Promoter 3.0", Harvard Business Review, November–December 2021. The
        record that opened a customer's first spell says how the customer came.

        Examples
        --------
        >>> import sojourn as sj
        >>> from datetime import date
        >>> records = {
        ...     "who": ["a", "a", "b", "c"], "fee": [100, 85, 25, 20],
        ...     "from": [date(2024, 1, 1), date(2025, 7, 1), date(2025, 3, 1), date(2025, 4, 1)],
        ...     "to": [date(2025, 7, 1), None, None, None], "how": [None, None, "referral", "advert"],
        ... }
        >>> company = sj.Definition("who", "from", "to", value="fee", currency="USD", acquired="how")
        >>> crm = sj.Ledger("CRM", records, company)
        >>> r = sj.reconcile([crm], periods="1 year", start="2025-01-01", end="2026-01-01")
        >>> row = r.earned_growth().rows()[0]
        >>> row["opening_value"], row["retained_value"], row["earned_new_value"], row["closing_value"]
        (100.0, 85.0, 25.0, 130.0)
        >>> row["nrr"], row["earned_growth"]
        (0.85, 0.1)
        """
        words = _bond.earned_words(earned)
        return Table(_core.earned_growth(self._core, words, over, ledger, self._money, self._threads), self._like)


def reconcile(
    ledgers: Iterable[Ledger],
    standard: Ledger | None = None,
    periods: str = "1 month",
    *,
    start: date | datetime | str,
    end: date | datetime | str,
    timezone: str | None = None,
    window: str = "90d",
    as_of: date | datetime | str | None = None,
    recorded: date | datetime | str | None = None,
    rates: Any = None,
    reporting_currency: str | None = None,
    money: str = "float",
    threads: int | None = None,
) -> Reconciliation:
    """Reconcile customers in with customers out, in whole customers and in minor units of money.

    Parameters
    ----------
    ledgers
        The silos' ledgers.
    standard
        The company's own, which comes first in statements.
    periods
        ``"1 month"``, ``"3 months"`` or ``"1 year"`` of the calendar.
    start, end
        First days of periods; `end` is the first day after the report.
    timezone
        Zoned instants are put into this zone (None: UTC) and cut to days; dates and naive times are local days already.
    window
        How far apart two ledgers may date one event (whole days, ``"90d"``): set it just above the slowest clock. Only
        `bridge` and `records` look at it.
    as_of
        Nothing after this day is looked at, and a grace that runs beyond it leaves the customer present, pending. None:
        nothing is hidden and nothing pending.
    recorded
        Of each record the latest version known by this day holds, in ledgers whose definition names ``known``; what
        was known later is not looked at. None: the day of `as_of`; without that the latest version of all. A past
        `as_of` with a later `recorded`: what happened by then, as it is known now.
    rates
        Table date, currency, rate: the reporting currency's units for one of `currency`, from that day on.
    reporting_currency
        ISO 4217 code that all values are brought into, each record rounded half to even. Without it each currency has
        rows of its own.
    money
        How tables show money: ``"float"`` (major units), ``"minor"`` (integers) or ``"decimal"``.
    threads
        Number of threads (None: all). The answer never depends on it.

    Raises
    ------
    InvalidInput
        For limits off a period's boundary, ledgers of one name, a missing rate, or when no record reaches the report.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import date
    >>> records = {"who": ["a", "b"], "from": [date(2026, 1, 5)] * 2, "to": [None, date(2026, 3, 1)]}
    >>> crm = sj.Ledger("CRM", records, sj.Definition("who", "from", "to"))
    >>> sj.reconcile([crm], start="2026-01-01", end="2026-04-01")
    Reconciliation(by 1 month: CRM 0 +2 −1 → 1)
    """
    given = [ledgers] if isinstance(ledgers, Ledger) else list(ledgers)
    for ledger in [*given, *([] if standard is None else [standard])]:
        if not isinstance(ledger, Ledger):
            raise InvalidInput(f"reconcile: found {type(ledger).__name__} among the ledgers, expected sj.Ledger")
    _check_money(money)
    if rates is not None and reporting_currency is None:
        raise InvalidInput("rates: found rates without a reporting currency, expected reporting_currency, as 'USD'")
    arguments = _core.ReconcileArguments()
    arguments.standard = None if standard is None else standard._core
    arguments.periods = periods
    arguments.start, arguments.end = _day(start, "start"), _day(end, "end")
    arguments.timezone = None if timezone is None else zone_rules(timezone)
    arguments.as_of = None if as_of is None else _day(as_of, "as_of")
    arguments.recorded = None if recorded is None else _day(recorded, "recorded")
    arguments.reporting_currency = reporting_currency
    days = _core.whole_days(window, "window")
    core = _core.reconcile(
        [ledger._core for ledger in given],
        arguments,
        None if rates is None else as_arrow(rates, "rates"),
        checked(threads),
    )
    together = given if standard is None else [standard, *given]

    def again(change: Callable[[Ledger], Ledger]) -> Reconciliation:
        return reconcile(
            [change(ledger) for ledger in given],
            None if standard is None else change(standard),
            periods,
            start=start,
            end=end,
            timezone=timezone,
            window=window,
            as_of=as_of,
            recorded=recorded,
            rates=rates,
            reporting_currency=reporting_currency,
            money=money,
            threads=threads,
        )

    return Reconciliation(core, together, periods, days, money, threads, again)


def _check_money(money: object) -> None:
    if money not in _MONEY:
        raise InvalidInput(f"money: found {money!r:.60}, expected 'float', 'minor' or 'decimal'")


def _day(when: date | datetime | str, name: str) -> int:
    """Return a day as days since 1970."""
    expected = "expected a date, or a string such as '2026-03-01'"
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError:
            raise InvalidInput(f"{name}: found {when!r:.60}, {expected}") from None
    if isinstance(when, datetime):
        if when.time() != time():
            raise InvalidInput(f"{name}: found {when.isoformat()}, {expected} without a time of day")
        when = when.date()
    if not isinstance(when, date):
        raise InvalidInput(f"{name}: found {when!r:.60}, {expected}")
    return (when - _EPOCH).days


def _plain(value: Any) -> Any:
    """Return expressions and dates as JSON has them."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise InvalidInput(f"definition: found {value!r:.60}, expected a rule, a string, a number, true, false or None")
