"""Hypothesis strategies for worlds of two or three ledgers that see the same households, each in its own way.

    @given(bridge_worlds())
    def test(world): rows = bridge.records(world.ledgers, "A", "B", **world.report())

Households truly come and go; a ledger sees their spells with a lag of its own, in units of its own (a household, an
account, a policy), misses some, rejects some, splits some, keeps some open, and makes some up. Columns and rules are
those of `ledger_worlds`, so any definition fits any ledger; besides them every record has `household`, `household_2`
(another opinion, which links households to one another), `account` (another customer), `begins_2` and `ends_2` (other
clocks). Keys are unique in a ledger, so nothing depends on the order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger_worlds import COLUMNS as LEDGER_COLUMNS
from ledger_worlds import CURRENCIES, FIRST, definitions
from oracles.bridge import Given

COLUMNS = (*LEDGER_COLUMNS, "household", "household_2", "account", "begins_2", "ends_2")
SPAN = 160


@dataclass(frozen=True)
class BridgeWorld:
    ledgers: list[Given]  # "A" is the standard; bridges lead to "B"
    periods: str
    start: date
    end: date
    window: int
    as_of: date | None
    rates: list[dict[str, Any]] | None
    reporting_currency: str | None

    def report(self) -> dict[str, Any]:
        """Keyword arguments of `oracles.bridge.records`."""
        return {
            **{"periods": self.periods, "start": self.start, "end": self.end, "window": self.window},
            **{"as_of": self.as_of, "rates": self.rates, "reporting_currency": self.reporting_currency},
        }


def _day(number: int | None) -> date | None:
    return None if number is None else FIRST + timedelta(days=number)


Spell = tuple[int, int | None]


@st.composite
def _truth(draw: st.DrawFn) -> list[Spell]:
    """When a household is really there."""
    found: list[Spell] = []
    day = draw(st.integers(0, 100))
    for _ in range(draw(st.integers(1, 2))):
        end = None if draw(st.integers(0, 3)) == 0 else day + draw(st.sampled_from([1, 3, 12, 30, 45, 80]))
        found.append((day, end))
        if end is None:
            break
        day = end + draw(st.sampled_from([0, 2, 6, 9, 25, 40]))
    return found


@st.composite
def _seen(draw: st.DrawFn, spell: Spell, lag: int) -> list[tuple[int | None, int | None]]:
    """The records in which a ledger has a spell."""
    start, end = spell
    start += draw(st.sampled_from([0, 0, lag, lag, lag + 1, -2]))
    if end is not None:
        end += draw(st.sampled_from([0, 0, lag, lag, lag - 1, 35]))
    how = draw(st.sampled_from(["whole"] * 8 + ["missed", "missed", "split", "split", "open", "no start", "empty"]))
    if how == "missed":
        return []
    if how == "open":
        return [(start, None)]
    if how == "no start":
        return [(None, end)]
    if how == "empty":
        return [(start, start)]
    if how == "split" and end is not None and end > start + 1:
        middle = draw(st.integers(start, end))
        gap = draw(st.sampled_from([0, 0, 1, 4, 8]))
        return [(start, middle), (middle + gap, end)]
    return [(start, end)]


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(strategy, strategy, st.none())


@st.composite
def _records(
    draw: st.DrawFn, name: str, truth: list[list[Spell]], currencies: tuple[str, ...], plain: bool, squeezed: int
) -> list[dict[str, Any]]:
    """What one ledger has written about the households, in any order."""
    lag = draw(st.sampled_from([0, 0, 3, 20]))
    shared = draw(st.booleans())  # units that two households share
    found: list[dict[str, Any]] = []

    def add(household: int, unit: str, start: int | None, end: int | None) -> None:
        mine = [record["key"] for record in found if record["customer"] == unit]
        other = draw(st.sampled_from([household, household, household, (household + 1) % len(truth), None]))
        late = draw(st.sampled_from([0, 0, 2, 15, 40]))
        said = {"kind": None, "flag": True, "size": 1, "reason": None} if plain else _said(draw)
        found.append(
            {
                "customer": unit,
                "begins": _day(start),
                "ends": _day(end),
                "amount": draw(st.integers(0, 5)) if plain else draw(_maybe(st.integers(-3, 40))),
                "currency": draw(st.sampled_from(currencies)),
                "segment": None if plain else draw(st.sampled_from([None, "north"])),
                "key": f"{name}{len(found):02}",
                "replaces": mine[-1] if mine and draw(st.booleans()) else None,
                **said,
                "household": None if draw(st.integers(0, 14)) == 0 else f"h{household}",
                "household_2": None if other is None else f"h{other}",
                "account": f"{household}{draw(st.sampled_from('xxy'))}",
                "begins_2": _day(None if start is None else start + late),
                "ends_2": _day(None if end is None or late == 40 else end + late),
            }
        )

    for household, spells in enumerate(truth):
        units = [f"{'u' if shared else household}{unit}" for unit in "abc"[: draw(st.sampled_from([1, 1, 2, 3]))]]
        for spell in spells:
            for unit in units:
                for begins, ends in draw(_seen(spell, lag)):
                    start, end = (None if day is None else day // squeezed for day in (begins, ends))
                    add(household, unit, start, end)
    if draw(st.booleans()) or not found:  # what nobody else knows of
        start = draw(st.integers(0, SPAN // squeezed))
        add(0, draw(st.sampled_from(["0a", "stray"])), start, start + draw(st.sampled_from([1, 10, 50])))
    shuffled: list[dict[str, Any]] = draw(st.permutations(found))
    return shuffled


def _said(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "kind": draw(st.sampled_from([None, "NB", "REIN", "split"])),
        "flag": draw(st.sampled_from([True, True, False, None])),
        "size": draw(st.sampled_from([0, 1, 2, 4])),
        "reason": draw(st.sampled_from([None, "lay-up", "moved"])),
    }


_PLAIN: dict[str, Any] = {
    **{"customer": "customer", "start": "begins", "end": "ends", "value": "amount", "currency": "currency"},
    **{"where": {}, "joins": {}, "leaves": {}, "empty": "ignore", "segment": None, "key": "key", "follows": None},
}


@st.composite
def _definitions(draw: st.DrawFn, plain: bool) -> dict[str, Any]:
    if not plain and draw(st.booleans()):
        return draw(definitions())
    rule: dict[str, Any] = {"flagged": {"column": "flag", "op": "==", "value": True}}
    first: dict[str, Any] = {"first": {"spell_number": 1}}
    return {
        **_PLAIN,
        "where": draw(st.sampled_from([{}, {}, rule])),
        "joins": draw(st.sampled_from([{}, {}, first])),
        "leaves": draw(st.sampled_from([{}, {}, {"moved": {"column": "reason", "op": "!=", "value": "moved"}}])),
        "grace": draw(st.sampled_from(["0d", "5d", "10d", "30d"])),
        "segment": draw(st.sampled_from([None, None, "segment"])),
    }


@st.composite
def bridge_worlds(draw: st.DrawFn, same_table: bool | None = None, groups: bool | None = None) -> BridgeWorld:
    """A world; `same_table`: both ledgers over one table or not, `groups`: all units linked or not (None: either)."""
    plain = draw(st.booleans())
    currencies = CURRENCIES[: draw(st.sampled_from([1, 1, 1, 2]))]
    squeezed = draw(st.sampled_from([1, 1, 6]))  # all within a few weeks
    truth = draw(st.lists(_truth(), min_size=2, max_size=4))
    same = draw(st.sampled_from([False, False, False, True])) if same_table is None else same_table
    columns = [draw(st.sampled_from(["household"] * 9 + ["household_2"] * 3 + [None])) for _ in "ABC"]
    ledgers: list[Given] = []
    for name, column in zip("ABC"[: draw(st.sampled_from([2, 2, 3]))], columns, strict=False):
        if same and name == "B":
            records: Any = ledgers[0].records
        else:
            records = draw(_records(name, truth, currencies, plain, squeezed))
        if groups:
            column = column or "household"
            for record in records:
                record["household"] = record["household"] or "h0"
                record["household_2"] = record["household_2"] or "h0"
        definition = draw(_definitions(plain))
        definition["customer"] = draw(st.sampled_from(["customer", "customer", "account"]))
        definition["start"] = draw(st.sampled_from(["begins", "begins_2"]))
        definition["end"] = draw(st.sampled_from(["ends", "ends_2"]))
        ledgers.append(Given(name, records, definition, column))
    reporting = draw(st.sampled_from([None, None, None, "EUR"]))
    rates = [
        {"date": day, "currency": currency, "rate": draw(st.sampled_from([0.5, 1.05, 1.25]))}
        for currency in CURRENCIES
        for day in (date(2019, 1, 1), date(2025, 3, 10))
    ]
    periods, start, end = draw(st.sampled_from(_REPORTS))
    day = st.integers(20 // squeezed, 130 // squeezed).map(_day)
    return BridgeWorld(
        ledgers=ledgers,
        periods=periods,
        start=start,
        end=end,
        window=draw(st.sampled_from([1, 3, 5, 20, 20, 45, 90])),
        as_of=draw(st.one_of(st.none(), day, day)),
        rates=None if reporting is None else rates,
        reporting_currency=reporting,
    )


_REPORTS = (
    ("1 month", date(2024, 12, 1), date(2025, 9, 1)),
    ("1 month", date(2024, 12, 1), date(2025, 7, 1)),
    ("1 month", date(2025, 2, 1), date(2025, 5, 1)),
    ("3 months", date(2025, 1, 1), date(2025, 7, 1)),
    ("1 year", date(2024, 1, 1), date(2026, 1, 1)),
)
