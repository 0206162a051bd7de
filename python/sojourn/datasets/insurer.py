"""A personal-lines insurer whose truth is known: events, feedback and three silos' records of the same households."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from importlib.resources import files

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.assets import Definition, Ledger
from sojourn.events import EventLog
from sojourn.journey import Journey
from sojourn.table import Table

_EPOCH = date(1970, 1, 1)
_SILOS = {"CRM": "crm", "POLICY": "policy", "BILLING": "billing", "company": "policy"}


@dataclass(frozen=True, repr=False)
class Insurer:
    """A generated company: what its silos hold, and what was planted.

    Attributes
    ----------
    events : Table
        event_id, customer (a household's number), time, event, value (dollars billed), key (a policy, claim or change),
        quote_gap (of first bills: by how much they miss the quote), premium_change (of renewal offers); in time order.
    feedback : Table
        feedback_id, customer, time, source, solicited, score (0 to 10), topic, text, key, group; in time order.
    crm, policy, billing : Table
        The silos' records: record, then what each silo writes down, household (null where the crosswalk has lost the
        link), value (dollars a year when the record was opened), known (the day the record was made).
    household : Table
        household, customer, account, email, segment: the company's own crosswalk, a row a household and CRM account.
    observed : Table
        customer, from, to: everyone is observed for the same months; events before that are history.
    truth : Mapping[str, Table]
        ``voices``: feedback_id, moment, event_id (what began the occurrence), time (of the occurrence); null for what
        was said out of the blue. ``crm``, ``policy``, ``billing``: record, direction, reason, reason2: why an edge of a
        record (in: its start, out: its end) differs from the company's count, and what would still differ once that is
        settled; null where neither counts it. ``exits``: customer, time, reason. ``faults``: moment, kpi, time.
        ``cases``: household, case, time: situations with known answers.
    start, end : date
        The observation: from `start` up to the day before `end`.
    month : date
        First day of the month to show: the last that all silos have finished booking.
    """

    events: Table
    feedback: Table
    crm: Table
    policy: Table
    billing: Table
    household: Table
    observed: Table
    truth: Mapping[str, Table]
    start: date
    end: date
    month: date

    @cached_property
    def journey(self) -> Journey:
        """Seven stages, fifteen moments of truth with owners and KPIs; the one outcome is leaving."""
        return Journey.from_dict(json.loads(_text("insurer.json")))

    @cached_property
    def log(self) -> EventLog:
        """The events as a log that is observed from `start` on; what lies before is history."""
        return EventLog(
            self.events,
            value="value",
            key="key",
            attributes=["quote_gap", "premium_change"],
            observed=self.observed,
        )

    @cached_property
    def ledgers(self) -> dict[str, Ledger]:
        """CRM counts accounts, POLICY terms, BILLING billing accounts; the company counts households that pay."""
        said = json.loads(_text("insurer_definitions.json"))
        money = {"value": "value", "currency": "USD", "key": "record"}
        ledgers = {}
        for name, silo in _SILOS.items():
            records, definition = getattr(self, silo), Definition.from_dict({**said[name], **money})
            reasons = ["end_reason"] if "end_reason" in records.columns else []
            ledgers[name] = Ledger(name, records, definition, group="household", reasons=reasons)
        return ledgers

    def __repr__(self) -> str:
        last = self.end - timedelta(days=1)
        return (
            f"Insurer({len(self.observed):,} households, {len(self.events):,} events, {len(self.feedback):,} voices, "
            f"observed {self.start} to {last})"
        )


def insurer(
    customers: int = 20_000,
    seed: int = 7,
    months: int = 24,
    *,
    background: float = 0.2,
    missing_topics: float = 0.2,
    delay: str = "exponential",
    together: float = 0.0,
    match_errors: float = 0.02,
    response: float = 1.0,
    fault: str = "adjuster_contact",
    fault_size: float = 0.4,
    threads: int | None = None,
) -> Insurer:
    """Generate a personal-lines insurer: one stream of truth, and what its silos make of it.

    All figures are invented; docs/data/insurer.md is the data card. The observation ends with June 2026, histories
    reach ten years back from its start. Equal arguments give equal bytes, for any number of threads.

    Parameters
    ----------
    customers
        Number of households, prospects included. Couples that split add about five in a hundred.
    seed
        Where chance begins.
    months
        Length of the observation, 6 to 120.
    background
        Share of voices that speak of no moment, as expected with the default `response`.
    missing_topics
        Share of voices without a topic.
    delay
        Shape of the time from a moment to its voice: ``"exponential"``, ``"weibull"`` (shape 0.7) or ``"lognormal"``
        (sigma 1); the mean is the moment's own, the cut at 60 days.
    together
        Share of claims whose adjuster calls within the hour of the notice: two moments that time cannot tell apart.
    match_errors
        Share of the CRM's and of billing's records that the crosswalk links to no household.
    response
        Factor on every chance that a moment is spoken of.
    fault, fault_size
        The moment that degrades, and by how much its KPI falls, from the day in ``truth["faults"]`` on (31% of the
        observation before its end).
    threads
        Number of threads (None: all). The answer never depends on it.

    Raises
    ------
    InvalidInput
        For an argument outside its range.

    Examples
    --------
    >>> import sojourn as sj
    >>> data = sj.datasets.insurer(customers=500)
    >>> data.log.customers
    524
    >>> data.truth["faults"].to_dict()["moment"]
    ['adjuster_contact']
    """
    for name, value in (("customers", customers), ("seed", seed), ("months", months)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidInput(f"insurer: found {name}={value!r:.60}, expected a whole number")
    if not 0 <= seed < 2**64:
        raise InvalidInput(f"insurer: found seed={seed}, expected 0 to 2^64 - 1")
    tables, start, end, month = _core.insurer(
        customers,
        seed,
        months,
        float(background),
        float(missing_topics),
        delay,
        float(together),
        float(match_errors),
        float(response),
        fault,
        float(fault_size),
        checked(threads),
    )
    made = {name: Table(core) for name, core in tables.items()}
    truth = {name.removeprefix("truth."): made.pop(name) for name in tables if name.startswith("truth.")}
    return Insurer(**made, truth=truth, start=_day(start), end=_day(end), month=_day(month))


def _day(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
