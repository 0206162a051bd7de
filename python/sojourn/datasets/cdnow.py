"""CDNOW: real purchases of an online music shop."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib.resources import files

from sojourn.assets import Definition, Ledger
from sojourn.events import EventLog
from sojourn.journey import Journey
from sojourn.table import Table

_FILE = "cdnow_master.txt.gz"


@dataclass(frozen=True)
class Shop:
    """The purchases of CDNOW's first cohort, with a journey and a ledger of its own.

    Attributes
    ----------
    purchases : Table
        customer (int), time (date), event (always ``"order"``), cds (int), value (dollars); 69,659 rows.
    """

    purchases: Table

    @cached_property
    def journey(self) -> Journey:
        """First, second, fifth, tenth order; silent for 90 days; came back after that. Gone: silent for 180 days."""
        return Journey.from_dict(json.loads((files(__package__) / "cdnow.json").read_text(encoding="utf-8")))

    @cached_property
    def log(self) -> EventLog:
        """The purchases as an event log of 23,570 customers."""
        return EventLog(self.purchases, value="value", attributes=["cds"])

    @cached_property
    def quarters(self) -> Table:
        """Customer, start, end, value: a record a customer and quarter with purchases, worth their sum."""
        cents: dict[tuple[int, int], int] = {}
        columns = self.purchases.to_dict()
        for customer, day, value in zip(columns["customer"], columns["time"], columns["value"], strict=True):
            quarter = day.year * 4 + (day.month - 1) // 3
            cents[customer, quarter] = cents.get((customer, quarter), 0) + round(value * 100)
        keys = sorted(cents)
        return Table.from_dict(
            {
                "customer": [customer for customer, _ in keys],
                "start": [_first_day(quarter) for _, quarter in keys],
                "end": [_first_day(quarter + 1) for _, quarter in keys],
                "value": [cents[key] / 100 for key in keys],
            }
        )

    @cached_property
    def ledger(self) -> Ledger:
        """A customer is one who bought in the quarter: the ledger of `quarters`, without grace, in dollars."""
        definition = Definition(
            customer="customer", start="start", end="end", value="value", currency="USD", grace="0d"
        )
        return Ledger("CDNOW", self.quarters, definition)

    def __repr__(self) -> str:
        return f"Shop(CDNOW: {len(self.purchases):,} purchases)"


def _first_day(quarter: int) -> date:
    return date(quarter // 4, quarter % 4 * 3 + 1, 1)


def cdnow() -> Shop:
    """Return the purchases of the 23,570 customers who first bought at CDNOW in early 1997, until June 1998.

    Source: Fader and Hardie, "Forecasting Repeat Sales at CDNOW", Interfaces 31 (2001).

    Examples
    --------
    >>> import sojourn as sj
    >>> shop = sj.datasets.cdnow()
    >>> shop.log.customers
    23570
    """
    customers, days, cds, values = [], [], [], []
    with (files(__package__) / _FILE).open("rb") as packed, gzip.open(packed, "rt", encoding="ascii") as lines:
        for line in lines:
            cells = line.split()
            if not cells or not cells[0].isdigit():
                continue  # the heading
            customers.append(int(cells[0]))
            days.append(date(int(cells[1][:4]), int(cells[1][4:6]), int(cells[1][6:])))
            cds.append(int(cells[2]))
            values.append(float(cells[3]))
    return Shop(
        Table.from_dict(
            {"customer": customers, "time": days, "event": ["order"] * len(customers), "cds": cds, "value": values}
        )
    )
