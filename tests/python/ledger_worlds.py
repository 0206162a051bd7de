"""Hypothesis strategies for small worlds of ledgers: records, a definition, a report, rates.

    @given(worlds())
    def test(world): rows = ledger.statement(world.records, world.definition, **world.report())

Every record has the same columns (COLUMNS). Keys are unique, so nothing depends on the order of the rows. Values are
of one kind in a world (integers, decimals or floats, all whole minor units), dates are dates, everything but customer,
key and currency may be null.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

FIRST = date(2025, 1, 1)
SPAN = 200
COLUMNS = (
    *("customer", "begins", "ends", "amount", "currency", "segment", "key", "replaces"),
    *("kind", "flag", "size", "reason"),
)
KINDS = ("NB", "REIN", "split")
REASONS = ("lay-up", "moved", "other")
CURRENCIES = ("USD", "EUR", "GBP")


@dataclass(frozen=True)
class World:
    records: list[dict[str, Any]]
    definition: dict[str, Any]
    periods: str
    start: date
    end: date
    as_of: date | None
    rates: list[dict[str, Any]] | None
    reporting_currency: str | None

    def report(self) -> dict[str, Any]:
        """Keyword arguments of `oracles.ledger.statement`."""
        return {
            "periods": self.periods,
            "start": self.start,
            "end": self.end,
            "as_of": self.as_of,
            "rates": self.rates,
            "reporting_currency": self.reporting_currency,
        }


def _day(number: int) -> date:
    return FIRST + timedelta(days=number)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy, strategy, strategy)


# --- rules ----------------------------------------------------------------------------------------------------------

_VALUES: dict[str, Any] = {
    "kind": st.sampled_from(KINDS),
    "flag": st.booleans(),
    "size": st.integers(0, 4),
    "reason": st.sampled_from(REASONS),
}


@st.composite
def _comparisons(draw: st.DrawFn) -> dict[str, Any]:
    column = draw(st.sampled_from(sorted(_VALUES)))
    ops = ["==", "!=", "in", "is_null"] + (["<", "<=", ">", ">="] if column == "size" else [])
    op = draw(st.sampled_from(ops))
    if op == "is_null":
        return {"column": column, "op": op}
    if op == "in":
        return {"column": column, "op": op, "value": draw(st.lists(_maybe(_VALUES[column]), max_size=3))}
    value = draw(_maybe(_VALUES[column]) if op in ("==", "!=") else _VALUES[column])
    return {"column": column, "op": op, "value": value}


def rules(spell_number: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """One rule in its JSON form; with `spell_number` also {"spell_number": n}."""
    leaf: st.SearchStrategy[dict[str, Any]] = _comparisons()
    if spell_number:
        leaf = st.one_of(leaf, st.fixed_dictionaries({"spell_number": st.integers(1, 3)}))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"not": inner}),
        ),
        max_leaves=3,
    )


def _named(prefix: str, rule: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def names(found: list[dict[str, Any]]) -> dict[str, Any]:
        return {f"{prefix} {number}": one for number, one in enumerate(found, 1)}

    return st.one_of(st.just({}), st.lists(rule, min_size=1, max_size=2).map(names))


# --- records --------------------------------------------------------------------------------------------------------


@st.composite
def _intervals(draw: st.DrawFn, count: int) -> list[tuple[int | None, int | None]]:
    """Starts and ends of one customer's records, many of them near one another."""
    found: list[tuple[int | None, int | None]] = []
    edges = [draw(st.integers(0, SPAN))]
    for _ in range(count):
        anchor = draw(st.sampled_from(edges))
        far = draw(st.integers(0, 9)) == 0
        start = (
            draw(st.integers(0, SPAN))
            if far
            else anchor + draw(st.sampled_from([0, 0, 0, 1, 2, 5, 7, 8, 30, 31, 60, -5, -20]))
        )
        start = max(0, min(SPAN, start))
        shape = draw(st.integers(0, 19))
        end: int | None
        if shape == 0:
            end = start  # empty
        elif shape == 1:
            end = start - draw(st.integers(1, 15))  # reversed
        elif shape <= 4:
            end = None
        elif shape <= 8:
            end = max([edge for edge in edges if edge > start], default=start + 1)
        else:
            end = start + draw(st.sampled_from([1, 1, 2, 5, 10, 20, 30, 45, 90]))
        found.append((None if draw(st.integers(0, 29)) == 0 else start, end))
        edges += [start] if end is None else [start, end, end]
    return found


def _amounts(kind: str) -> st.SearchStrategy[Any]:
    if kind == "integer":
        return st.integers(-3, 40)
    minor = st.integers(-300, 4000)
    return minor.map(lambda m: Decimal(m) / 100) if kind == "decimal" else minor.map(lambda m: m / 100)


@st.composite
def record_lists(draw: st.DrawFn, currencies: tuple[str, ...] = ("USD",)) -> list[dict[str, Any]]:
    """Records of 1 to 5 customers with 0 to 6 records each (at least one in all), in any order."""
    amount = _amounts(draw(st.sampled_from(["integer", "decimal", "float"])))
    records: list[dict[str, Any]] = []
    for customer in "abcde"[: draw(st.integers(1, 5))]:
        own: list[str] = []
        count = draw(st.integers(1 if customer == "a" else 0, 6))
        for begins, ends in draw(_intervals(count)):
            key = f"{draw(st.sampled_from('kmx'))}{len(records):02}"
            strangers = [record["key"] for record in records if record["customer"] != customer] + ["nobody"]
            links: list[str | None] = [None, draw(st.sampled_from(strangers))]
            if own:
                links += [own[-1], own[-1], draw(st.sampled_from(own))]
            records.append(
                {
                    "customer": customer,
                    "begins": None if begins is None else _day(begins),
                    "ends": None if ends is None else _day(ends),
                    "amount": draw(_maybe(amount)),
                    "currency": draw(st.sampled_from(currencies)),
                    "segment": draw(st.sampled_from([None, "north", "south"])),
                    "key": key,
                    "replaces": draw(st.sampled_from(links)),
                    **{column: draw(_maybe(_VALUES[column])) for column in _VALUES},
                }
            )
            own.append(key)
    shuffled: list[dict[str, Any]] = draw(st.permutations(records))
    return shuffled


# --- definitions, reports, worlds -----------------------------------------------------------------------------------

_DURATIONS = st.sampled_from(["0d", "1d", "5d", "7d", "1w", "30d", "30d", "60d"])


@st.composite
def _graces(draw: st.DrawFn) -> str | list[list[Any]]:
    if draw(st.booleans()):
        return draw(_DURATIONS)
    entries: list[list[Any]] = [
        [f"wait {number}", draw(rules()), draw(_DURATIONS)] for number in range(draw(st.integers(1, 2)))
    ]
    return [*entries, ["default", None, draw(_DURATIONS)]]


@st.composite
def definitions(draw: st.DrawFn) -> dict[str, Any]:
    """A definition in its JSON form over the columns of `record_lists`."""
    return {
        "customer": "customer",
        "start": "begins",
        "end": "ends",
        "value": draw(st.sampled_from(["amount", "amount", "amount", None])),
        "currency": draw(st.sampled_from(["currency", "currency", "USD"])),
        "where": draw(st.one_of(st.just({}), st.just({}), _named("where", rules()))),
        "joins": draw(_named("joins", rules(spell_number=True))),
        "leaves": draw(_named("leaves", rules(spell_number=True))),
        "grace": draw(_graces()),
        "empty": draw(st.sampled_from(["ignore", "count"])),
        "segment": draw(st.sampled_from([None, "segment"])),
        "key": "key",
        "follows": draw(st.sampled_from([None, "replaces"])),
    }


_PLAIN_RATES = st.sampled_from([0.5, 1.0, 1.05, 1.25])


@st.composite
def _rates(draw: st.DrawFn, edges: list[date]) -> list[dict[str, Any]]:
    """Rates that change on days on which records start or end, or on any."""
    found = []
    for currency in CURRENCIES:
        day = st.one_of(st.sampled_from(edges), st.sampled_from(edges), st.integers(0, SPAN).map(_day))
        for when in [date(2020, 1, 1), *draw(st.lists(day, min_size=1, max_size=4, unique=True))]:
            rate = draw(
                st.one_of(st.sampled_from([0.5, 1.0, 1.05, 1.25]), st.integers(100, 30000).map(lambda n: n / 10000))
            )
            found.append({"date": when, "currency": currency, "rate": rate})
    return draw(st.permutations(found))


_REPORTS = (
    [("1 month", date(2024, 12, 1), end) for end in (date(2025, 9, 1), date(2025, 4, 1))]
    + [("1 month", date(2025, 2, 1), end) for end in (date(2025, 8, 1), date(2025, 3, 1))]
    + [("3 months", date(2025, 1, 1), date(2025, 10, 1)), ("3 months", date(2025, 4, 1), date(2025, 7, 1))]
    + [("1 year", date(2025, 1, 1), date(2026, 1, 1)), ("1 year", date(2024, 1, 1), date(2027, 1, 1))]
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A whole world; many of them report in one currency at rates."""
    currencies = CURRENCIES[: draw(st.integers(1, 3))]
    reporting = draw(st.sampled_from([None, *CURRENCIES]))
    periods, start, end = draw(st.sampled_from(_REPORTS))
    records = draw(record_lists(currencies))
    edges = [day for record in records for day in (record["begins"], record["ends"]) if day is not None] or [FIRST]
    near = st.builds(lambda day, days: day + timedelta(days), st.sampled_from(edges), st.integers(-1, 40))
    return World(
        records=records,
        definition=draw(definitions()),
        periods=periods,
        start=start,
        end=end,
        as_of=draw(st.one_of(st.none(), st.none(), near, near, st.integers(0, SPAN + 60).map(_day))),
        rates=None if reporting is None else draw(_rates(edges)),
        reporting_currency=reporting,
    )
