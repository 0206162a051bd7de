"""Brute-force oracle for "customers in, customers out": reconciliation.md sections 1 to 4 and 8, obvious and slow.

Nothing here is derived by sweeping intervals. One question is asked day by day - is this customer present on this day?
(`Customer.present`) - and spells are the runs of days on which the answer is yes. Flows come from the runs; opening and
closing come from asking the question again on the days a-1 and b-1; expansion, contraction and FX come from walking the
days of the period. So the identities are checks, not consequences of how the numbers were made.

`days="all"` walks every calendar day. `days="changes"` walks only days on which a record starts or ends or a rate
changes; the tests show that both give the same rows.

Where the specification is open, this is the reading taken (the numbers are cited in the code):

Records
 R1  Order of rejection: hidden by as-of (R18), the first failing `where` rule, "no start", "empty". Both edges of a
     rejected record have the fate `rule: name`. A record without an end that passes has the end fate `open` (an edge
     that has not happened; no event, no count). A hidden record has `hidden` twice. Neither word is a fate of the
     specification: such edges are to be left out of `records()`.
 R2  `empty="count"`: every record with end <= start that passes `where` is an event pair of its own: in (always `new`)
     and out (always `left`) on its start day, both fates `counted`, both values the record's value, segment and
     currency the record's own. It takes no part in presence, spells, spell numbers, gaps, `follows` or value in force.
     It counts also when the customer is present through another record on that day, and even so it is `new`.
     Its out is never pending.
 R3  Null value = 0. Null segment and null currency are values of their own (a row each). A null customer is refused,
     and so is a table without rows. No segment column: segment null. No currency: currency null. `currency` is a column
     if any record has that column, else a code. No value column: every value is 0.
 R4  Money: every currency has two decimals. An integer is major units; a Decimal must be whole minor units; a float
     must lie within 1e-6 of a minor unit (in major units) after being read as its shortest decimal.
 R5  Rules are two-valued. null == null holds; <, <=, >, >= with a null on either side do not hold; `in` holds for null
     only if the list contains null; `not` of any of these is its plain negation. `is_null` needs no value (false asks
     for the opposite). A list, or {"all": [...]}, holds when all do (an empty list holds); {"any": []} does not hold.
     Rules see the columns as they are stored, not as as-of hides them. `spell_number` is allowed in `joins` and
     `leaves` only. The first failing rule in order names the fate.

Presence
 R6  A record is in force on the days [start, end). On a day with a record in force the customer is present. On a day
     without, let E be the greatest end so far, the *closer* the record with that end (ties: the greatest (start, key)),
     S the next start. The customer is present if S - E <= the closer's grace; or if a `follows` link spans the day
     (R8); or if there is no S and E + grace > as_of (pending, R18). Otherwise absent.
 R7  Ordered grace: the first entry whose rule the closer passes; the last has a null rule. A plain duration is called
     "grace", so its fates are `grace: grace` and `pending: grace`.
 R8  `follows`: where a record names the key of another record of the same customer, both passing and not empty, and
     that one's end lies before this one's start, the customer is present on all days between, whatever the gap. A link
     to another customer, to a rejected, hidden or empty record, or against time does nothing; links do not reach
     across a rejected record. If several records have the key, each is linked. A null never links.
 R9  Order of records: opener = smallest (start, end, key); closer = greatest (end, start, key). Null end is after all
     ends, null key before all keys, text keys in code-point order. What is then still tied: row number (only here can
     row order matter, and only without a unique key).

Fates of edges of records that pass (each edge exactly one)
 R10 Start on day s. If some record is in force on both s-1 and s: `already`. Else only the opener of the day (R9) has
     more: absent on s-1 = the spell's opening (`counted`, or `uncounted: name` of the first `joins` rule failed);
     present on s-1 = joined. The others that start on s: `already`.
 R11 End on day e. If some record is in force on both e-1 and e: `already`. Else only the closer has more: absent on e =
     the spell's end (`counted` or `uncounted: name` by `leaves`, on the closer); present on e = `pending: name` if no
     record starts on or after e, else joined. The others that end on e: `already`.
 R12 Joined: `grace: name` (the closer's grace, for the edges on both sides of the gap) if the gap is within that grace,
     gap 0 included; else `grace: follows`. A record standing inside a stretch bridged by `follows` borders gaps on both
     sides: its edges are `grace: follows` (or the grace's name where that gap alone is within grace), not `already`.
 R13 `grace: replaced`: every end and every start that would be `already` (R10, R11), when the customer has both such an
     end and such a start on that day (all of them, not pairs).

Spells and flows
 R14 Spell number: 1, 2, ... over all spells of the customer over all data (not the report only), counted or not.
     A counted opening: number 1 = new, later = returned, even if no earlier opening (or ending) was counted.
     Failed `joins`: other_in. A counted end: left. Failed `leaves`: other_out. In and out of a spell are judged apart.
     For `leaves`, spell_number is the number of the spell that ends.
 R15 In-day = first day present; out-day = first day absent (the closer's end), so an out on the first of a month
     belongs to that month and the customer is in the closing before it. In-value: all records in force on the first
     day. Out-value: all records in force on the day before the out-day (at that day's rates).
 R16 Segment of a spell = the opener's, for all its counts and values. Without reporting currency: a customer is counted
     in the currency of the spell's opener; values go to the row (spell's segment, record's currency), so a row
     may have values and no customers. With reporting currency: one currency, everything there.
 R17 expansion, contraction: per customer, period, segment and currency (the row), the days' changes inside spells
     (present on d-1 and d) are summed, net > 0 = expansion, net < 0 = contraction (positive). A day's change: records
     in force on d and not on d-1 at d's rates, less records in force on d-1 and not on d at the rates of d-1. Entering
     a grace gap contracts, leaving it expands. Customers in and out within the period take part: new, left, and the
     change between the two; a customer with several spells in a period and row is netted over all of them.
     fx (signed): records in force on both days, rate of d less rate of d-1, never netted into expansion.
     opening + new + returned + other_in - left - other_out [+ expansion - contraction + fx] = closing, in every row.

As-of, money, rows
 R18 as_of d: records with start > d are hidden; ends > d are taken as null (also for R9). Pending: no later start and
     E + grace > d; present on every later day, also of periods beyond d. E + grace = d is decided.
 R19 Rate on a day: the latest row of the currency with date <= day; none = refused, if a non-zero value needs it on a
     day from start-1 to end-1 of the report. The reporting currency has rate 1, whatever the table says. Two rows of
     one date and currency are refused. A float rate is read as its shortest decimal ("1.1" is 11/10). Each record's
     value x rate is computed exactly and rounded half-even to minor units, then summed.
     A non-zero value without currency cannot be reported in another: refused.
 R20 in_grace: present at closing with no record in force (gaps, follows gaps and pending); in_grace_value is always 0.
     joined = new + returned, in value too.
 R21 Rows: every period x every (segment, currency) of any spell, of any record in force within one, or of any counted
     empty record, over all data (after as-of); rows of zeros stand. Order: period, segment, currency, nulls first.
     Compare with `nonzero()` if the other side leaves rows of zeros out.
 R22 Periods are the calendar's: "1 month" begins on the first of a month, "3 months" in January, April, July, October,
     "1 year" on 1 January; `start` < `end` must be such days. Graces are "Nd" or "Nw" only.

Not here: `known`, `withdrawn` (versions), `acquired` (does not touch the statement), time zones (records hold dates).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

NEVER = 10**9  # the end of a record without end, as a day number
MINOR = 100  # minor units in a major one (R4)
FLOWS = ("opening", "new", "returned", "other_in", "joined", "left", "other_out", "closing", "in_grace")
COLUMNS = (
    *("period", "segment", "currency"),
    *FLOWS,
    *(f"{name}_value" for name in FLOWS),
    *("expansion", "contraction", "fx"),
)
Row = dict[str, Any]


# --- rules ----------------------------------------------------------------------------------------------------------


def _clean(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _compare(op: str, left: Any, right: Any) -> bool:
    if isinstance(left, date) and isinstance(right, str):
        right = date.fromisoformat(right)
    if op == "==":
        return bool(left == right)
    if op == "!=":
        return bool(left != right)
    if left is None or right is None:  # R5: null has no place in an order
        return False
    if op == "<":
        return bool(left < right)
    if op == "<=":
        return bool(left <= right)
    if op == ">":
        return bool(left > right)
    if op == ">=":
        return bool(left >= right)
    raise ValueError(f"unknown op {op!r}")


def holds(rule: Any, row: Mapping[str, Any], spell_number: int | None = None) -> bool:
    """Whether a rule (JSON form) holds for a record; two-valued, null a value of its own (R5)."""
    if isinstance(rule, (list, tuple)):
        return all(holds(part, row, spell_number) for part in rule)
    if "all" in rule:
        return all(holds(part, row, spell_number) for part in rule["all"])
    if "any" in rule:
        return any(holds(part, row, spell_number) for part in rule["any"])
    if "not" in rule:
        return not holds(rule["not"], row, spell_number)
    if "spell_number" in rule:
        if spell_number is None:
            raise ValueError("spell_number has no meaning here: it belongs in joins and leaves")
        return bool(spell_number == rule["spell_number"])
    value = _clean(row.get(rule["column"]))
    if rule["op"] == "is_null":
        return (value is None) == (rule.get("value") is not False)
    if rule["op"] == "in":
        return any(_compare("==", value, one) for one in rule["value"])
    return _compare(rule["op"], value, rule["value"])


def first_failing(rules: Mapping[str, Any], row: Mapping[str, Any], spell_number: int | None = None) -> str | None:
    """Name of the first rule that does not hold, or None."""
    for name, rule in rules.items():
        if not holds(rule, row, spell_number):
            return name
    return None


# --- durations, periods, money --------------------------------------------------------------------------------------


def days_of(duration: str) -> int:
    """Whole days of "30d" or "2w"; anything else is refused (R22)."""
    match = re.fullmatch(r"(\d+)([dw])", duration)
    if match is None:
        raise ValueError(f"{duration!r} is not whole days")
    return int(match[1]) * (7 if match[2] == "w" else 1)


def period_edges(periods: str, start: date, end: date) -> list[date]:
    """All boundaries from start to end; both must be boundaries of the calendar (R22)."""
    months = {"1 month": 1, "3 months": 3, "1 year": 12}[periods]
    edges = [
        date(year, month, 1)
        for year in range(start.year, end.year + 1)
        for month in range(1, 13, months)
        if start <= date(year, month, 1) <= end
    ]
    if len(edges) < 2 or edges[0] != start or edges[-1] != end:
        raise ValueError(f"{start} and {end} are not boundaries of {periods!r}")
    return edges


def to_minor(value: Any) -> int:
    """Minor units of a value in major units (R3, R4)."""
    value = _clean(value)
    if value is None:
        return 0
    if isinstance(value, float):
        exact = Fraction(Decimal(repr(value))) * MINOR
        nearest = round(exact)
        if abs(exact - nearest) > Fraction(MINOR, 10**6):
            raise ValueError(f"{value!r} is not within 1e-6 of a minor unit")
        return nearest
    exact = Fraction(value) * MINOR
    if exact.denominator != 1:
        raise ValueError(f"{value!r} is not whole minor units")
    return exact.numerator


class Money:
    """Value of a record on a day, in the currency of the row it goes to (R19)."""

    def __init__(self, rates: Iterable[Mapping[str, Any]] | None, reporting_currency: str | None) -> None:
        if rates is not None and reporting_currency is None:
            raise ValueError("rates without reporting_currency")
        self.reporting = reporting_currency
        self.rates: dict[tuple[int, str], Fraction] = {}
        for row in rates or ():
            place = (row["date"].toordinal(), row["currency"])
            if place in self.rates:
                raise ValueError(f"two rates for {row['currency']} on {row['date']}")
            self.rates[place] = Fraction(Decimal(str(row["rate"])))

    def rate(self, currency: str | None, day: int) -> Fraction:
        dates = [when for when, of in self.rates if of == currency and when <= day]
        if currency is None or not dates:
            raise ValueError(f"no rate for {currency!r} on {date.fromordinal(day)}")
        return self.rates[max(dates), currency]

    def value(self, record: Record, day: int) -> int:
        if self.reporting is None or record.currency == self.reporting or record.minor == 0:
            return record.minor
        return round(record.minor * self.rate(record.currency, day))  # round() of a Fraction is half-even

    def currency(self, record: Record) -> str | None:
        return record.currency if self.reporting is None else self.reporting


# --- records, customers, spells -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Record:
    """A record as the as-of day leaves it; start and end are day numbers, end NEVER if there is none."""

    row: int
    customer: Hashable
    start: int
    end: int
    minor: int
    currency: str | None
    segment: Any
    key: Any
    follows: Any
    data: Mapping[str, Any] = field(repr=False)

    def key_order(self) -> tuple[Any, ...]:
        return (0,) if self.key is None else (1, self.key)

    def opens(self) -> tuple[Any, ...]:
        return (self.start, self.end, self.key_order(), self.row)  # R9

    def closes(self) -> tuple[Any, ...]:
        return (self.end, self.start, self.key_order(), self.row)  # R9

    def in_force(self, day: int) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True)
class Spell:
    """A run of days present. `end` is the first day absent; None: open or pending (`fate_out` says which)."""

    customer: Hashable
    number: int
    start: date
    end: date | None
    opener: int  # row number
    closer: int | None
    segment: Any
    fate_in: str
    fate_out: str


@dataclass(frozen=True)
class Flow:
    """A spell edge or an edge of a counted empty record. `values` is minor units by currency."""

    customer: Hashable
    row: int
    day: date
    column: str  # new, returned, other_in, left, other_out
    segment: Any
    currency: str | None  # where the customer is counted
    values: dict[str | None, int]


class Customer:
    """The records of one customer that pass and are not empty, and who asks whether the customer is there."""

    def __init__(self, name: Hashable, records: Sequence[Record], grace: Any, as_of: int | None) -> None:
        self.name = name
        self.records = list(records)
        self.as_of = as_of
        self.graces: list[tuple[str, Any, int]] = (
            [("grace", None, days_of(grace))]
            if isinstance(grace, str)
            else [(entry[0], entry[1], days_of(entry[2])) for entry in grace]
        )
        if not self.graces or self.graces[-1][1] is not None:
            raise ValueError("the last grace is the default and has no rule")
        self.links = [  # R8: the stretches [end of the one, start of the other)
            (one.end, other.start)
            for one in self.records
            for other in self.records
            if one.key is not None and other.follows == one.key and one.end < other.start
        ]
        self._present: dict[int, bool] = {}

    def grace(self, record: Record) -> tuple[str, int]:
        """Name and days of the grace that holds after this record (R7)."""
        for name, rule, days in self.graces:
            if rule is None or holds(rule, record.data):
                return name, days
        raise AssertionError("the last grace holds for all")

    def in_force(self, day: int) -> list[Record]:
        return [record for record in self.records if record.in_force(day)]

    def closer(self, day: int) -> Record | None:
        """Of the records that ended by this day, the one that ended last."""
        return max((record for record in self.records if record.end <= day), key=Record.closes, default=None)

    def present(self, day: int) -> bool:
        if day not in self._present:
            self._present[day] = self._is_present(day)
        return self._present[day]

    def _is_present(self, day: int) -> bool:  # R6
        if self.in_force(day):
            return True
        closer = self.closer(day)
        if closer is None:
            return False
        if any(gone <= day < back for gone, back in self.links):
            return True
        grace = self.grace(closer)[1]
        later = [record.start for record in self.records if record.start > day]
        if later:
            return min(later) - closer.end <= grace
        return self.as_of is not None and closer.end + grace > self.as_of

    def spans(self, day: int) -> bool:
        """Whether a record is in force on the day before and on the day."""
        return any(record.in_force(day - 1) and record.in_force(day) for record in self.records)

    def opener(self, day: int) -> Record:
        """The record that opened the spell of this present day (a spell begins where a record starts)."""
        first = max(r.start for r in self.records if r.start <= day and not self.present(r.start - 1))
        return min((record for record in self.records if record.start == first), key=Record.opens)

    def joined_name(self, closer: Record, start: int) -> str:  # R12
        name, days = self.grace(closer)
        return f"grace: {name}" if start - closer.end <= days else "grace: follows"


class Oracle:
    """Fates, spells and flows of one ledger."""

    def __init__(
        self,
        records: Sequence[Mapping[str, Any]],
        definition: Mapping[str, Any],
        *,
        as_of: date | None = None,
        days: str = "all",
    ) -> None:
        if not records:
            raise ValueError("an empty ledger is refused")
        if days not in ("all", "changes"):
            raise ValueError(days)
        self.every_day = days == "all"
        self.definition = definition
        self.as_of = None if as_of is None else as_of.toordinal()
        self.empty_counts = {"ignore": False, "count": True}[definition.get("empty") or "ignore"]
        self.fates: list[list[str]] = [["", ""] for _ in records]  # of start and end, by row
        self.empties: list[Record] = []
        passing: dict[Hashable, list[Record]] = {}
        currency = definition.get("currency")
        currency_is_column = currency is not None and any(currency in row for row in records)
        for number, row in enumerate(records):
            code = row.get(str(currency)) if currency_is_column else currency
            record = self._record(number, row, code)
            if record is not None:
                passing.setdefault(record.customer, []).append(record)
        grace = definition.get("grace") or "30d"
        self.customers = [Customer(name, held, grace, self.as_of) for name, held in passing.items()]
        self.spells: list[Spell] = []
        for customer in self.customers:
            self._edges(customer)
            self._spells(customer)

    # R1, R2, R18: the record if it takes part in spells; else its fates are settled here
    def _record(self, number: int, row: Mapping[str, Any], currency: Any) -> Record | None:
        def column(name: str) -> Any:
            return _clean(row.get(self.definition[name])) if self.definition.get(name) is not None else None

        if column("customer") is None:
            raise ValueError(f"row {number} has no customer")
        start, end = column("start"), column("end")
        if self.as_of is not None and start is not None and start.toordinal() > self.as_of:
            self.fates[number] = ["hidden", "hidden"]
            return None
        failed = first_failing(self.definition.get("where") or {}, row)
        if failed is None and start is None:
            failed = "no start"
        empty = start is not None and end is not None and end <= start
        if failed is None and empty and not self.empty_counts:
            failed = "empty"
        if failed is not None:
            self.fates[number] = [f"rule: {failed}"] * 2
            return None
        last = NEVER if end is None else end.toordinal()
        if self.as_of is not None and last > self.as_of:
            last = NEVER
        record = Record(
            row=number,
            customer=column("customer"),
            start=start.toordinal(),
            end=last,
            minor=to_minor(column("value")),
            currency=_clean(currency),
            segment=column("segment"),
            key=column("key"),
            follows=column("follows"),
            data=row,
        )
        if empty:
            self.fates[number] = ["counted", "counted"]
            self.empties.append(record)
            return None
        return record

    # R10 to R13, but for `counted` and `uncounted`, which need the spell's number
    def _edges(self, customer: Customer) -> None:
        for record in customer.records:
            self.fates[record.row][0] = self._start_fate(customer, record)
            self.fates[record.row][1] = self._end_fate(customer, record)
        already_starts = {r.start for r in customer.records if self.fates[r.row][0] == "already"}
        already_ends = {r.end for r in customer.records if self.fates[r.row][1] == "already"}
        for record in customer.records:
            if self.fates[record.row][0] == "already" and record.start in already_ends:
                self.fates[record.row][0] = "grace: replaced"
            if self.fates[record.row][1] == "already" and record.end in already_starts:
                self.fates[record.row][1] = "grace: replaced"

    @staticmethod
    def _start_fate(customer: Customer, record: Record) -> str:
        day = record.start
        first = min((r for r in customer.records if r.start == day), key=Record.opens)
        if customer.spans(day) or record != first:
            return "already"
        if not customer.present(day - 1):
            return "spell"
        closer = customer.closer(day)
        assert closer is not None
        return customer.joined_name(closer, day)

    @staticmethod
    def _end_fate(customer: Customer, record: Record) -> str:
        day = record.end
        if day == NEVER:
            return "open"
        closer = customer.closer(day)
        assert closer is not None
        if customer.spans(day) or record != closer:
            return "already"
        if not customer.present(day):
            return "spell"
        later = [r.start for r in customer.records if r.start >= day]
        if not later:
            return f"pending: {customer.grace(closer)[0]}"
        return customer.joined_name(closer, min(later))

    def _days(self, customer: Customer) -> list[int]:
        edges = {r.start for r in customer.records} | {r.end for r in customer.records if r.end != NEVER}
        return list(range(min(edges) - 1, max(edges) + 2)) if self.every_day else sorted(edges)

    # R14, R15: walk the days, open a spell on the first day present, close it on the first day absent
    def _spells(self, customer: Customer) -> None:
        number, start = 0, 0
        days = self._days(customer)
        for day in days:
            was, now = customer.present(day - 1), customer.present(day)
            if now and not was:
                number, start = number + 1, day
                self._fate(customer.opener(day), 0, "joins", number)
            if was and not now:
                closer = customer.closer(day)
                assert closer is not None and closer.end == day
                self._fate(closer, 1, "leaves", number)
                self.spells.append(self._spell(customer, number, start, closer))
        if customer.present(days[-1]):
            self.spells.append(self._spell(customer, number, start, None))

    def _fate(self, record: Record, edge: int, rules: str, number: int) -> None:
        assert self.fates[record.row][edge] == "spell"
        failed = first_failing(self.definition.get(rules) or {}, record.data, number)
        self.fates[record.row][edge] = "counted" if failed is None else f"uncounted: {failed}"

    def _spell(self, customer: Customer, number: int, start: int, closer: Record | None) -> Spell:
        opener = customer.opener(start)
        if closer is not None:
            fate_out = self.fates[closer.row][1]
        elif any(record.end == NEVER for record in customer.records):
            fate_out = "open"
        else:
            last = customer.closer(NEVER - 1)
            assert last is not None
            fate_out = self.fates[last.row][1]
        return Spell(
            customer=customer.name,
            number=number,
            start=date.fromordinal(start),
            end=None if closer is None else date.fromordinal(closer.end),
            opener=opener.row,
            closer=None if closer is None else closer.row,
            segment=opener.segment,
            fate_in=self.fates[opener.row][0],
            fate_out=fate_out,
        )

    def flows(self, money: Money, first: date = date.min, last: date = date.max) -> list[Flow]:
        """Ins and outs on the days from `first` to before `last`, with their values (R2, R14, R15, R16)."""
        found: list[Flow] = []
        by_name = {customer.name: customer for customer in self.customers}

        def add(customer: Customer, spell: Spell, row: int, day: date, column: str, valued: int) -> None:
            if not first <= day < last:
                return
            values: dict[str | None, int] = defaultdict(int)
            for record in customer.in_force(valued):
                values[money.currency(record)] += money.value(record, valued)
            counted_in = money.currency(customer.opener(spell.start.toordinal()))
            found.append(Flow(customer.name, row, day, column, spell.segment, counted_in, dict(values)))

        for spell in self.spells:
            customer = by_name[spell.customer]
            column = "other_in" if spell.fate_in != "counted" else "new" if spell.number == 1 else "returned"
            add(customer, spell, spell.opener, spell.start, column, spell.start.toordinal())
            if spell.end is not None and spell.closer is not None:
                column = "left" if spell.fate_out == "counted" else "other_out"
                add(customer, spell, spell.closer, spell.end, column, spell.end.toordinal() - 1)
        for record in self.empties:
            day = date.fromordinal(record.start)
            if first <= day < last:
                currency = money.currency(record)
                values = {currency: money.value(record, record.start)}
                for column in ("new", "left"):
                    found.append(Flow(record.customer, record.row, day, column, record.segment, currency, values))
        return found


# --- the statement --------------------------------------------------------------------------------------------------


def fates(
    records: Sequence[Mapping[str, Any]],
    definition: Mapping[str, Any],
    *,
    as_of: date | None = None,
    days: str = "all",
) -> list[tuple[str, str]]:
    """The fates of start and end, record by record."""
    return [(one, other) for one, other in Oracle(records, definition, as_of=as_of, days=days).fates]


def spells(
    records: Sequence[Mapping[str, Any]],
    definition: Mapping[str, Any],
    *,
    as_of: date | None = None,
    days: str = "all",
) -> list[Spell]:
    """Spells, customers in order of first appearance, then by number."""
    return Oracle(records, definition, as_of=as_of, days=days).spells


def _nulls_first(value: Any) -> tuple[Any, ...]:
    return (0,) if value is None else (1, value)


def statement(
    records: Sequence[Mapping[str, Any]],
    definition: Mapping[str, Any],
    *,
    start: date,
    end: date,
    periods: str = "1 month",
    as_of: date | None = None,
    rates: Iterable[Mapping[str, Any]] | None = None,
    reporting_currency: str | None = None,
    days: str = "all",
) -> list[Row]:
    """Statement rows: COLUMNS, counts and values as integers (values, expansion, contraction, fx in minor units)."""
    oracle = Oracle(records, definition, as_of=as_of, days=days)
    money = Money(rates, reporting_currency)
    edges = period_edges(periods, start, end)

    pairs: set[tuple[Any, Any]] = {(record.segment, money.currency(record)) for record in oracle.empties}
    for customer in oracle.customers:
        for record in customer.records:
            opener = customer.opener(record.start)
            pairs |= {(opener.segment, money.currency(opener)), (opener.segment, money.currency(record))}
    table: dict[tuple[date, Any, Any], Row] = {}
    for period in edges[:-1]:
        for segment, currency in sorted(pairs, key=lambda pair: (_nulls_first(pair[0]), _nulls_first(pair[1]))):
            row: Row = dict.fromkeys(COLUMNS, 0)
            row.update(period=period, segment=segment, currency=currency)
            table[period, segment, currency] = row

    # ins and outs, from the spells
    for flow in oracle.flows(money, start, end):
        period = max(edge for edge in edges if edge <= flow.day)
        table[period, flow.segment, flow.currency][flow.column] += 1
        for currency, value in flow.values.items():
            table[period, flow.segment, currency][f"{flow.column}_value"] += value
    for row in table.values():
        row["joined"] = row["new"] + row["returned"]
        row["joined_value"] = row["new_value"] + row["returned_value"]

    # who is there, from presence on one day; and what changed while there, from the days
    rate_days = {when for when, _ in money.rates}
    for customer in oracle.customers:
        walked = set(oracle._days(customer)) | rate_days
        for period, following in pairwise(edges):
            for column, day in (("opening", period.toordinal() - 1), ("closing", following.toordinal() - 1)):
                if not customer.present(day):
                    continue
                opener, held = customer.opener(day), customer.in_force(day)
                counted = table[period, opener.segment, money.currency(opener)]
                counted[column] += 1
                if column == "closing" and not held:
                    counted["in_grace"] += 1
                for record in held:
                    place = (period, opener.segment, money.currency(record))
                    table[place][f"{column}_value"] += money.value(record, day)
            net: dict[tuple[date, Any, Any], int] = defaultdict(int)  # R17
            for day in range(period.toordinal(), following.toordinal()):
                if not oracle.every_day and day not in walked:
                    continue
                if not (customer.present(day - 1) and customer.present(day)):
                    continue
                changing = [r for r in customer.records if r.in_force(day - 1) or r.in_force(day)]
                segment = customer.opener(day).segment if changing else None
                for record in changing:
                    before, after = record.in_force(day - 1), record.in_force(day)
                    place = (period, segment, money.currency(record))
                    if before and after:
                        table[place]["fx"] += money.value(record, day) - money.value(record, day - 1)
                    elif after:
                        net[place] += money.value(record, day)
                    else:
                        net[place] -= money.value(record, day - 1)
            for place, value in net.items():
                table[place]["expansion" if value > 0 else "contraction"] += abs(value)
    return list(table.values())


def nonzero(rows: Iterable[Row]) -> list[Row]:
    """The rows in which anything is not zero."""
    return [row for row in rows if any(row[name] for name in COLUMNS[3:])]


def broken_identities(rows: Sequence[Row]) -> list[str]:
    """What does not add up in a statement, in words; empty if all does."""
    bad: list[str] = []
    closing: dict[tuple[Any, Any], tuple[int, int]] = {}
    for row in rows:
        place = (row["segment"], row["currency"])
        where = f"{row['period']} {place}"
        for tail in ("", "_value"):
            moved = sum(row[name + tail] for name in ("opening", "new", "returned", "other_in"))
            moved -= row["left" + tail] + row["other_out" + tail]
            if tail:
                moved += row["expansion"] - row["contraction"] + row["fx"]
            if moved != row["closing" + tail]:
                bad.append(f"{where}: the flows give closing{tail} {moved}, presence gives {row['closing' + tail]}")
            if row["joined" + tail] != row["new" + tail] + row["returned" + tail]:
                bad.append(f"{where}: joined{tail} is not new + returned")
        if place in closing and closing[place] != (row["opening"], row["opening_value"]):
            bad.append(f"{where}: the opening is not the closing before")
        closing[place] = (row["closing"], row["closing_value"])
        if not 0 <= row["in_grace"] <= row["closing"] or row["in_grace_value"] != 0:
            bad.append(f"{where}: in_grace is not part of closing")
        if min(row["expansion"], row["contraction"], *(row[name] for name in FLOWS)) < 0:
            bad.append(f"{where}: a negative count or change")
    return bad
