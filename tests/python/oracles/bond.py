"""Brute-force oracle for docs/bond.md: one customer, one period, two days at a time.

It asks `oracles.ledger` who is present on the days before a period and at its end and which records are in force then,
and reads the states off the table in docs/bond.md. Rows are dicts keyed as the library's columns; money in minor units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from oracles import ledger
from oracles.ledger import Customer, Money, Oracle, Record

STATES = (
    *("new", "returned", "other in", "more", "same", "less", "mixed"),
    *("dormant", "left", "other out", "came and went"),
)
FIGURES = (
    *("customers", "opening", "closing", "opening_value", "closing_value"),
    *("change", "fx", "opening_records", "closing_records"),
)
GROUPS = ("opening", "retained", "earned_new", "bought_new", "unknown_new", "returned", "other_in", "closing")
Row = dict[str, Any]


def _by_currency(held: Sequence[Record]) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for record in held:
        sums[record.currency] += record.minor
    return sums


class Base:
    """The base of a ledger between two days."""

    def __init__(
        self,
        records: Sequence[Mapping[str, Any]],
        definition: Mapping[str, Any],
        *,
        start: date,
        end: date,
        periods: str,
        as_of: date | None = None,
        rates: Any = None,
        reporting_currency: str | None = None,
    ) -> None:
        self.records = records
        self.oracle = Oracle(records, definition, as_of=as_of, days="changes")
        self.money = Money(rates, reporting_currency)
        self.edges = [edge.toordinal() for edge in ledger.period_edges(periods, start, end)]
        self.customers: dict[Any, Customer | None] = {record.customer: None for record in self.oracle.empties}
        self.customers |= {customer.name: customer for customer in self.oracle.customers}

    def spans(self, over: int = 1) -> Iterator[tuple[date, int, int]]:
        """Every `over` periods: the first day of the last one, and the limits [a, b)."""
        for n in range(over, len(self.edges)):
            yield date.fromordinal(self.edges[n - 1]), self.edges[n - over], self.edges[n]

    def state(self, name: Any, a: int, b: int, measure: str, tolerance: Fraction) -> str | None:
        customer = self.customers[name]
        was = customer is not None and customer.present(a - 1)
        is_now = customer is not None and customer.present(b - 1)
        if not was and not is_now:
            return "came and went" if self.visits(name, a, b) else None
        assert customer is not None
        before, after = customer.in_force(a - 1), customer.in_force(b - 1)
        if not is_now:
            return "left" if self.spell_of(name, customer.opener(a - 1)).fate_out == "counted" else "other out"
        if not after:
            return "dormant"
        if not was:
            return self.entry(name, a, b)
        if not before:
            return "returned"

        def sign(old: int, new: int) -> int:
            return 0 if abs(new - old) <= tolerance * abs(old) else 1 if new > old else -1

        words = {1: "more", 0: "same", -1: "less"}
        if measure == "records":
            return words[sign(len(before), len(after))]
        old, new = _by_currency(before), _by_currency(after)
        currencies = {*old, *new}
        if self.money.reporting is None:
            signs = {sign(old.get(one, 0), new.get(one, 0)) for one in currencies} - {0}
            return "mixed" if len(signs) == 2 else words[sum(signs)]
        if all(old.get(one, 0) == new.get(one, 0) for one in currencies):
            return "same"
        totals = [sum(self.money.value(record, b - 1) for record in held) for held in (before, after)]
        return words[sign(*totals)]

    def spell_of(self, name: Any, opener: Record) -> ledger.Spell:
        (spell,) = (one for one in self.oracle.spells if one.customer == name and one.opener == opener.row)
        return spell

    def entry(self, name: Any, a: int, b: int) -> str:
        customer = self.customers[name]
        assert customer is not None
        if self.spell_of(name, customer.opener(b - 1)).fate_in != "counted":
            return "other in"
        return "new" if self.first(name) >= a else "returned"

    def first(self, name: Any) -> int:
        return min(spell.start.toordinal() for spell in self.oracle.spells if spell.customer == name)

    def visits(self, name: Any, a: int, b: int) -> list[Record]:
        """The records that opened what lies within [a, b)."""
        opened = [
            record
            for record in (self.customers[name].records if self.customers[name] is not None else [])  # type: ignore[union-attr]
            if a <= record.start < b
            and any(spell.customer == name and spell.opener == record.row for spell in self.oracle.spells)
        ]
        return opened + [one for one in self.oracle.empties if one.customer == name and a <= one.start < b]

    def parts(self, name: Any, a: int, b: int) -> dict[tuple[Any, Any], dict[str, int]]:
        """(segment, currency) → what the customer adds there, of FIGURES."""
        found: dict[tuple[Any, Any], dict[str, int]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
        customer = self.customers[name]
        was = customer is not None and customer.present(a - 1)
        is_now = customer is not None and customer.present(b - 1)
        home: Record | None = None
        for day, there, word in ((a - 1, was, "opening"), (b - 1, is_now, "closing")):
            if not there:
                continue
            assert customer is not None
            home = opener = customer.opener(day)
            found[opener.segment, self.money.currency(opener)][word] = 1
            for record in customer.in_force(day):
                place = found[opener.segment, self.money.currency(record)]
                place[f"{word}_records"] += 1
                place[f"{word}_value"] += self.money.value(record, day)
                if word == "opening" and is_now:
                    place["fx"] += self.money.value(record, b - 1) - self.money.value(record, a - 1)
        if home is None:
            home = max(self.visits(name, a, b), key=Record.opens)
        found[home.segment, self.money.currency(home)]["customers"] = 1
        for sums in found.values():
            sums["change"] = sums["closing_value"] - sums["opening_value"] - sums["fx"]
        return found

    def customer_rows(self, measure: str = "value", tolerance: Fraction = Fraction(0)) -> Iterator[Row]:
        for period, a, b in self.spans():
            for name in self.customers:
                state = self.state(name, a, b, measure, tolerance)
                if state is None:
                    continue
                for (segment, currency), sums in self.parts(name, a, b).items():
                    yield {
                        "customer": name,
                        **{"period": period, "segment": segment, "currency": currency, "state": state},
                        **sums,
                    }


def _order(*values: Any) -> tuple[Any, ...]:
    return tuple((0,) if value is None else (1, value) for value in values)


def bond(base: Base, measure: str = "value", tolerance: Fraction = Fraction(0)) -> list[Row]:
    sums: dict[tuple[Any, ...], Row] = {}
    for one in base.customer_rows(measure, tolerance):
        place = (one["period"], one["segment"], one["currency"], one["state"])
        row = sums.setdefault(
            place, dict(zip(("period", "segment", "currency", "state"), place, strict=True)) | dict.fromkeys(FIGURES, 0)
        )
        for figure in FIGURES:
            row[figure] += one[figure]
    return [sums[place] for place in sorted(sums, key=lambda at: (at[0], *_order(at[1], at[2]), STATES.index(at[3])))]


def earned_growth(base: Base, earned: Sequence[str], acquired: str, over: int = 1) -> list[Row]:
    """Without the ratios; a row wherever a customer of that currency is there at either end."""
    rows: dict[tuple[date, Any], Row] = {}
    for period, a, b in base.spans(over):
        for name, customer in base.customers.items():
            if customer is None or not (customer.present(a - 1) or customer.present(b - 1)):
                continue
            if customer.present(a - 1):
                group = "retained"
            elif base.entry(name, a, b) != "new":
                group = base.entry(name, a, b).replace(" ", "_")
            else:
                first = min((r for r in customer.records if r.start == base.first(name)), key=Record.opens)
                how = first.data[acquired]
                group = "unknown_new" if how is None else "earned_new" if how in earned else "bought_new"
            for (_, currency), sums in base.parts(name, a, b).items():
                empty = {"period": period, "since": date.fromordinal(a), "currency": currency, "fx": 0}
                empty |= {word + tail: 0 for word in GROUPS for tail in ("", "_value")}
                row = rows.setdefault((period, currency), empty)
                for word in ("opening", "closing"):
                    row[word] += sums[word]
                    row[f"{word}_value"] += sums[f"{word}_value"]
                row[group] += sums["closing"]
                row[f"{group}_value"] += sums["closing_value"] - sums["fx"]
                row["fx"] += sums["fx"]
    return list(rows.values())


def leaving(base: Base, by: Sequence[str]) -> dict[tuple[Any, ...], tuple[int, int]]:
    """(period, segment, currency, path) → customers, value; what is 0 both ways is left out."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])

    def reason(row: int, column: str) -> str:
        value = base.records[row][column]
        return "unknown" if value is None or (isinstance(value, str) and not value.strip()) else str(value)

    def add(day: int, row: int, segment: Any, currency: Any, customers: int, value: int) -> None:
        if not base.edges[0] <= day < base.edges[-1]:
            return
        period = date.fromordinal(max(edge for edge in base.edges if edge <= day))
        path = [reason(row, column) for column in by]
        for level in range(len(by) + 1):
            node = sums[period, segment, currency, tuple(path[:level])]
            node[0] += customers
            node[1] += value

    currency_of: Callable[[Record], Any] = base.money.currency
    for spell in base.oracle.spells:
        if spell.end is None or spell.fate_out != "counted" or spell.closer is None:
            continue
        customer = base.customers[spell.customer]
        assert customer is not None
        day = spell.end.toordinal()
        add(day, spell.closer, spell.segment, currency_of(customer.opener(day - 1)), 1, 0)
        if base.edges[0] <= day < base.edges[-1]:
            for record in customer.in_force(day - 1):
                value = base.money.value(record, day - 1)
                add(day, spell.closer, spell.segment, currency_of(record), 0, value)
    for one in base.oracle.empties:
        if base.edges[0] <= one.start < base.edges[-1]:
            add(one.start, one.row, one.segment, currency_of(one), 1, base.money.value(one, one.start))
    return {place: (customers, value) for place, (customers, value) in sums.items() if customers or value}
