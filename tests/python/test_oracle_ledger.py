"""Checks of the ledger oracle itself: identities on generated worlds, cases counted by hand, the golden cases."""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger_worlds import World, worlds
from many import many
from oracles import ledger

GOLDEN = Path(__file__).parent / "data" / "golden_cases.json"
CDNOW = Path(str(files("sojourn.datasets") / "cdnow_master.txt.gz"))

slow = settings(
    max_examples=many(100), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def statement(world: World, **changed: Any) -> list[dict[str, Any]]:
    arguments = {"records": world.records, "definition": world.definition, **world.report(), **changed}
    return ledger.statement(arguments.pop("records"), arguments.pop("definition"), **arguments)


def totals(rows: list[dict[str, Any]], names: tuple[str, ...]) -> Counter[tuple[str, Any]]:
    found: Counter[tuple[str, Any]] = Counter()
    for row in rows:
        for name in names:
            found[name, row["currency"]] += row[name]
    return Counter({place: number for place, number in found.items() if number})


FLOWS = tuple(
    name + tail for name in ("new", "returned", "other_in", "joined", "left", "other_out") for tail in ("", "_value")
)


# --- on generated worlds --------------------------------------------------------------------------------------------


@slow
@given(worlds())
def test_identities(world: World) -> None:
    assert ledger.broken_identities(statement(world)) == []


@slow
@given(worlds())
def test_walking_only_the_days_of_changes_gives_the_same(world: World) -> None:
    assert statement(world, days="changes") == statement(world)
    arguments: dict[str, Any] = {"as_of": world.as_of}
    for question in (ledger.fates, ledger.spells):
        every = question(world.records, world.definition, days="all", **arguments)
        assert question(world.records, world.definition, days="changes", **arguments) == every


@slow
@given(worlds(), st.randoms())
def test_row_order_changes_nothing(world: World, random: Any) -> None:
    order = list(range(len(world.records)))
    random.shuffle(order)
    shuffled = [world.records[row] for row in order]
    assert statement(world, records=shuffled) == statement(world)
    before = ledger.fates(world.records, world.definition, as_of=world.as_of)
    after = ledger.fates(shuffled, world.definition, as_of=world.as_of)
    assert after == [before[row] for row in order]


@slow
@given(worlds())
def test_every_edge_has_one_fate(world: World) -> None:
    fates = ledger.fates(world.records, world.definition, as_of=world.as_of)
    spells = ledger.spells(world.records, world.definition, as_of=world.as_of)
    kinds = {"counted", "uncounted", "already", "grace", "pending", "rule", "hidden", "open"}
    assert {fate.split(":")[0] for pair in fates for fate in pair} <= kinds
    out_of_it = [[fate.split(":")[0] in ("rule", "hidden") for fate in pair] for pair in fates]
    assert all(one == other for one, other in out_of_it)
    empty = [
        row
        for row, (one, other) in zip(world.records, fates, strict=True)
        if row["begins"] and row["ends"] and row["ends"] <= row["begins"] and (one, other) == ("counted", "counted")
    ]
    edges = Counter(fate.split(":")[0] for fate, _ in fates)
    assert edges["counted"] + edges["uncounted"] == len(spells) + len(empty)
    edges = Counter(fate.split(":")[0] for _, fate in fates)
    assert edges["counted"] + edges["uncounted"] == sum(spell.end is not None for spell in spells) + len(empty)
    if world.as_of is None:
        assert not edges["pending"]


Interval = tuple[int, int, str, dict[str, Any]]  # start, end, key, row


def merged(world: World) -> list[tuple[str, int, int]]:
    """Spells by sorting and sweeping, which the oracle does not do: (customer, start, first day absent or NEVER)."""
    found: list[tuple[str, int, int]] = []
    horizon = ledger.NEVER if world.as_of is None else world.as_of.toordinal()
    grace = world.definition["grace"]
    graces: list[list[Any]] = [["", None, grace]] if isinstance(grace, str) else grace

    def grace_of(one: Interval) -> int:
        return next(ledger.days_of(days) for _, rule, days in graces if rule is None or ledger.holds(rule, one[3]))

    by_customer: dict[str, list[Interval]] = defaultdict(list)
    for row in world.records:
        if not all(ledger.holds(rule, row) for rule in world.definition["where"].values()) or row["begins"] is None:
            continue
        start = row["begins"].toordinal()
        end = ledger.NEVER if row["ends"] is None else row["ends"].toordinal()
        if start <= horizon and start < end:
            by_customer[row["customer"]].append((start, end if end <= horizon else ledger.NEVER, row["key"], row))
    for customer, held in by_customer.items():
        held.sort(key=lambda one: one[0])
        start, last = held[0][0], held[0]
        for this in held[1:]:
            linked = world.definition["follows"] is not None and any(
                later[3]["replaces"] == earlier[2] and earlier[1] <= last[1] and later[0] >= this[0]
                for earlier in held
                for later in held
                if earlier[1] < later[0]
            )
            if this[0] - last[1] > grace_of(last) and not linked:
                found.append((customer, start, last[1]))
                start = this[0]
            last = max(last, this, key=lambda one: (one[1], one[0], one[2]))
        pending = world.as_of is not None and last[1] + grace_of(last) > horizon
        found.append((customer, start, ledger.NEVER if pending else last[1]))
    return sorted(found)


@slow
@given(worlds())
def test_spells_are_merged_records(world: World) -> None:
    spells = ledger.spells(world.records, world.definition, as_of=world.as_of)
    walked = [
        (str(spell.customer), spell.start.toordinal(), ledger.NEVER if spell.end is None else spell.end.toordinal())
        for spell in spells
    ]
    assert sorted(walked) == merged(world)
    opening: Counter[date] = Counter()
    for row in statement(world):
        opening[row["period"]] += row["opening"]
    for period, count in opening.items():
        assert count == sum(start < period.toordinal() <= end for _, start, end in merged(world))


@slow
@given(worlds())
def test_shorter_periods_add_up(world: World) -> None:
    names = (*FLOWS, "fx", "net")
    found = [statement(world), statement(world, periods="1 month")]
    for row in found[0] + found[1]:
        row["net"] = row["expansion"] - row["contraction"]
    assert totals(found[0], names) == totals(found[1], names)


@slow
@given(worlds())
def test_the_past_does_not_know_the_future(world: World) -> None:
    """What starts or ends after the as-of day may as well not have been written."""
    if world.as_of is None:
        return
    known = [
        {**row, "ends": None if row["ends"] is not None and row["ends"] > world.as_of >= row["begins"] else row["ends"]}
        for row in world.records
        if row["begins"] is not None and row["begins"] <= world.as_of
    ]
    if known:
        assert statement(world, records=known) == statement(world)


@slow
@given(worlds())
def test_long_after_nothing_is_pending(world: World) -> None:
    edges = [day for row in world.records for day in (row["begins"], row["ends"]) if day is not None]
    late = max(edges, default=date(2025, 1, 1)) + timedelta(days=60)
    assert statement(world, as_of=late) == statement(world, as_of=None)


@slow
@given(worlds())
def test_segments_add_up(world: World) -> None:
    whole = statement(world, definition={**world.definition, "segment": None})
    parts = statement(world)
    for period in {row["period"] for row in whole}:
        names = (*FLOWS, "opening", "closing", "in_grace", "opening_value", "closing_value", "fx")
        one, other = ([row for row in rows if row["period"] == period] for rows in (whole, parts))
        assert totals(one, names) == totals(other, names)


@slow
@given(worlds())
def test_plain_rates_change_nothing(world: World) -> None:
    """All records in one currency: reporting in it is the statement without rates; at 2 for 1 everything doubles."""
    definition = {**world.definition, "currency": "USD"}
    plain = statement(world, definition=definition, rates=None, reporting_currency=None)
    assert statement(world, definition=definition, rates=[], reporting_currency="USD") == plain
    double = [{"date": date(2020, 1, 1), "currency": "USD", "rate": 2}]
    money = [f"{name}_value" for name in ledger.FLOWS] + ["expansion", "contraction", "fx"]
    doubled = [{**row, "currency": "EUR", **{name: 2 * row[name] for name in money}} for row in plain]
    assert statement(world, definition=definition, rates=double, reporting_currency="EUR") == doubled


# --- by hand --------------------------------------------------------------------------------------------------------

PLAIN: dict[str, Any] = {"customer": "c", "start": "s", "end": "e", "value": "v", "grace": "10d", "key": "k"}


def rows_of(*records: tuple[Any, ...], **more: Any) -> list[dict[str, Any]]:
    """Records (start, end, value, and a dict of more), days as "MM-DD" of 2025."""
    found = []
    for number, (start, end, value, *rest) in enumerate(records):
        days = [None if text is None else date.fromisoformat(f"2025-{text}") for text in (start, end)]
        extra = rest[0] if rest else {}
        found.append({"c": "a", "s": days[0], "e": days[1], "v": value, "k": number, **more, **extra})
    return found


def quarter(
    records: list[dict[str, Any]], definition: dict[str, Any] | None = None, **more: Any
) -> list[dict[str, Any]]:
    """The months of January to March 2025, only what is not zero."""
    rows = ledger.statement(records, definition or PLAIN, start=date(2025, 1, 1), end=date(2025, 4, 1), **more)
    assert ledger.broken_identities(rows) == []
    kept = []
    for row in rows:
        shown = {name: value for name, value in row.items() if value and name not in ("period", "segment", "currency")}
        place = {name: row[name] for name in ("segment", "currency") if row[name] is not None}
        kept.append({"month": row["period"].month, **place, **shown})
    return kept


def test_a_customer_comes_and_goes() -> None:
    # 10.00 from 5 January, 4.00 more from 20 January to 10 February, all gone on 1 March
    records = rows_of(("01-05", "03-01", 10), ("01-20", "02-10", 4))
    assert quarter(records) == [
        {"month": 1, "new": 1, "joined": 1, "closing": 1, "new_value": 1000, "joined_value": 1000, "expansion": 400}
        | {"closing_value": 1400},
        {"month": 2, "opening": 1, "closing": 1, "opening_value": 1400, "closing_value": 1000, "contraction": 400},
        {"month": 3, "opening": 1, "left": 1, "opening_value": 1000, "left_value": 1000},
    ]
    assert ledger.fates(records, PLAIN) == [("counted", "counted"), ("already", "already")]


def test_in_and_out_within_a_period() -> None:
    records = rows_of(("01-05", "01-20", 10), ("01-10", "01-20", Decimal("2.50")))
    expected = {"new": 1, "joined": 1, "left": 1, "new_value": 1000, "joined_value": 1000, "left_value": 1250}
    assert quarter(records)[0] == {"month": 1, **expected, "expansion": 250}
    # both end on the last day: the one that started later closes, the other is `already`
    assert ledger.fates(records, PLAIN) == [("counted", "already"), ("already", "counted")]


def test_a_gap_within_grace_is_worth_nothing() -> None:
    records = rows_of(("01-05", "01-25", 10), ("02-04", None, 15))
    assert quarter(records)[:2] == [
        {"month": 1, "new": 1, "joined": 1, "closing": 1, "in_grace": 1, "new_value": 1000, "joined_value": 1000}
        | {"contraction": 1000},
        {"month": 2, "opening": 1, "closing": 1, "closing_value": 1500, "expansion": 1500},
    ]
    assert ledger.fates(records, PLAIN) == [("counted", "grace: grace"), ("grace: grace", "open")]
    later = rows_of(("01-05", "01-25", 10), ("02-05", None, 15))  # a day more: out and back
    assert quarter(later)[1] == {"month": 2, "returned": 1, "joined": 1, "closing": 1} | {
        "returned_value": 1500,
        "joined_value": 1500,
        "closing_value": 1500,
    }
    assert ledger.fates(later, PLAIN) == [("counted", "counted"), ("counted", "open")]


def test_touching_joins_at_no_grace() -> None:
    definition = {**PLAIN, "grace": "0d"}
    touching = rows_of(("01-05", "01-25", 10), ("01-25", None, 10))
    assert ledger.fates(touching, definition) == [("counted", "grace: grace"), ("grace: grace", "open")]
    apart = rows_of(("01-05", "01-25", 10), ("01-26", None, 10))
    assert ledger.fates(apart, definition) == [("counted", "counted"), ("counted", "open")]


def test_replaced_under_cover() -> None:
    records = rows_of(("01-01", None, 1), ("01-01", "02-01", 2), ("02-01", "02-10", 3), ("02-11", None, 4))
    assert ledger.fates(records, PLAIN) == [
        ("already", "open"),
        ("counted", "grace: replaced"),  # same start, but ends first: it opens
        ("grace: replaced", "already"),
        ("already", "open"),
    ]


def test_simultaneous_edges_have_one_opener_and_one_closer() -> None:
    records = rows_of(("01-01", "02-01", 1), ("01-01", "02-01", 2), ("01-01", "01-15", 3))
    assert ledger.fates(records, PLAIN) == [("already", "already"), ("already", "counted"), ("counted", "already")]


def test_the_record_that_ends_last_decides_the_grace() -> None:
    lay_up = {"column": "why", "op": "==", "value": "lay-up"}
    definition = {**PLAIN, "grace": [["lay-up", lay_up, "60d"], ["back", None, "5d"]]}
    records = rows_of(
        ("01-01", "01-20", 1, {"why": "lay-up"}),
        ("01-01", "01-10", 1, {"why": None}),
        ("02-25", None, 1, {"why": None}),
    )
    fates = ledger.fates(records, definition)
    assert fates[0] == ("already", "grace: lay-up") and fates[1] == ("counted", "already")
    assert fates[2] == ("grace: lay-up", "open")
    records[0]["why"], records[1]["why"] = None, "lay-up"
    assert ledger.fates(records, definition)[0][1] == "counted"


def test_follows_bridges_any_gap() -> None:
    definition = {**PLAIN, "follows": "f"}
    records = rows_of(("01-05", "01-10", 1), ("03-20", None, 1, {"f": 0}), f=None)
    assert ledger.fates(records, definition) == [("counted", "grace: follows"), ("grace: follows", "open")]
    assert [row.get("in_grace") for row in quarter(records, definition)] == [1, 1, None]
    island = [*records, *rows_of(("02-10", "02-20", 1, {"k": 9}), f=None)]
    assert ledger.fates(island, definition)[2] == ("grace: follows", "grace: follows")
    stranger = [{**records[0], "c": "b"}, records[1]]
    assert ledger.fates(stranger, definition) == [("counted", "counted"), ("counted", "open")]
    rejected = {**definition, "where": {"not the first": {"column": "k", "op": "!=", "value": 0}}}
    assert ledger.fates(records, rejected) == [("rule: not the first",) * 2, ("counted", "open")]
    backwards = [{**records[0], "f": 1}, {**records[1], "f": None}]
    assert ledger.fates(backwards, definition) == [("counted", "counted"), ("counted", "open")]


def test_uncounted_edges_are_the_others() -> None:
    definition = {
        **PLAIN,
        "joins": {"first only": {"spell_number": 1}},
        "leaves": {"not moved": {"not": {"column": "why", "op": "==", "value": "moved"}}},
    }
    records = rows_of(
        ("01-05", "01-10", 1, {"why": "moved"}), ("02-05", "02-10", 2, {"why": None}), ("03-05", None, 4, {"why": None})
    )
    assert ledger.fates(records, definition) == [
        ("counted", "uncounted: not moved"),
        ("uncounted: first only", "counted"),
        ("uncounted: first only", "open"),
    ]
    january, february, march = quarter(records, definition)
    assert (january["new"], january["other_out"], january["other_out_value"]) == (1, 1, 100)
    assert (february["other_in"], february["other_in_value"], february["left"]) == (1, 200, 1)
    assert (march["other_in"], march["closing"], march["closing_value"]) == (1, 1, 400)
    # the first opening is not counted: the second is still a return
    never_first = {**PLAIN, "joins": {"later only": {"not": {"spell_number": 1}}}}
    january, february, march = quarter(records, never_first)
    assert (january["other_in"], february["returned"], march["returned"]) == (1, 1, 1)


def test_empty_records() -> None:
    records = rows_of(("01-05", "03-05", 10), ("02-10", "02-10", 7), ("02-20", "02-01", 5))
    assert ledger.fates(records, PLAIN) == [("counted", "counted"), ("rule: empty",) * 2, ("rule: empty",) * 2]
    definition = {**PLAIN, "empty": "count", "joins": {"never": {"any": []}}}
    assert ledger.fates(records, definition) == [("uncounted: never", "counted"), ("counted",) * 2, ("counted",) * 2]
    money = {"new_value": 1200, "joined_value": 1200, "left_value": 1200, "opening_value": 1000, "closing_value": 1000}
    assert (
        quarter(records, definition)[1]
        == {"month": 2, "opening": 1, "new": 2, "joined": 2, "left": 2, "closing": 1} | money
    )


def test_rejected_records_name_the_first_rule() -> None:
    definition = {
        **PLAIN,
        "where": {"one": {"column": "v", "op": ">", "value": 1}, "two": {"column": "v", "op": ">", "value": 2}},
    }
    records = rows_of((None, None, 1), (None, None, 2), (None, None, 3), ("01-05", "01-05", 3), ("01-05", None, None))
    named = ["one", "two", "no start", "empty", "one"]
    assert ledger.fates(records, definition) == [(f"rule: {name}",) * 2 for name in named]


def test_as_of() -> None:
    records = rows_of(("01-05", "01-20", 10), ("01-25", None, 20), ("02-20", "03-20", 5))

    def fates(day: str) -> list[tuple[str, str]]:
        return ledger.fates(records, PLAIN, as_of=date.fromisoformat(f"2025-{day}"))

    assert fates("01-19") == [("counted", "open"), ("hidden",) * 2, ("hidden",) * 2]
    assert fates("01-20") == [("counted", "pending: grace"), ("hidden",) * 2, ("hidden",) * 2]
    assert fates("01-25") == [("counted", "grace: grace"), ("grace: grace", "open"), ("hidden",) * 2]
    assert fates("02-20")[2] == ("already", "open")
    records = records[:1]
    assert fates("01-29") == [("counted", "pending: grace")]
    assert fates("01-30") == [("counted", "counted")]
    pending = quarter(records, as_of=date(2025, 1, 29))
    assert [(row["closing"], row["in_grace"], row.get("closing_value")) for row in pending] == [(1, 1, None)] * 3
    assert pending[0]["contraction"] == 1000


def test_segment_and_currency_of_the_opener() -> None:
    definition = {**PLAIN, "segment": "seg", "currency": "cur"}
    records = rows_of(
        ("01-05", "03-10", 10, {"seg": "north", "cur": "USD"}),
        ("01-20", "03-10", 5, {"seg": "south", "cur": "EUR"}),
    )
    january, february, march = (quarter(records, definition)[at : at + 2] for at in (0, 2, 4))
    place = {"segment": "north", "currency": "EUR"}
    assert january[0] == {"month": 1, **place, "expansion": 500, "closing_value": 500}
    assert (january[1]["new"], january[1]["new_value"], january[1]["closing_value"]) == (1, 1000, 1000)
    assert february[0] == {"month": 2, **place, "opening_value": 500, "closing_value": 500}
    assert march[0] == {"month": 3, **place, "opening_value": 500, "left_value": 500}
    assert (march[1]["left"], march[1]["left_value"]) == (1, 1000)
    # the opener is long gone: the customer is still counted in its currency, the value stands where it is
    records[0]["e"] = date(2025, 2, 1)
    february = quarter(records, definition)[2:4]
    assert february[0] == {"month": 2, **place, "opening_value": 500, "closing_value": 500}
    place = {"segment": "north", "currency": "USD"}
    assert february[1] == {"month": 2, **place, "opening": 1, "closing": 1, "opening_value": 1000, "contraction": 1000}


def test_rates_are_rounded_per_record_half_even() -> None:
    rates = [
        {"date": date(2024, 1, 1), "currency": "EUR", "rate": 1.1},
        {"date": date(2025, 2, 10), "currency": "EUR", "rate": "1.5"},
        {"date": date(2024, 1, 1), "currency": "USD", "rate": 7},  # the reporting currency: never used
    ]
    definition = {**PLAIN, "currency": "cur"}
    records = rows_of(
        ("01-05", "03-05", 0.15, {"cur": "EUR"}),  # 15 x 1.1 = 16.5 -> 16; 15 x 1.5 = 22.5 -> 22
        ("01-05", "02-20", 0.05, {"cur": "EUR"}),  # 5 x 1.1 = 5.5 -> 6; 5 x 1.5 = 7.5 -> 8
        ("02-15", None, 1, {"cur": "USD"}),
    )
    january, february, march = quarter(records, definition, rates=rates, reporting_currency="USD")
    assert january["new_value"] == january["closing_value"] == 22
    assert (february["opening_value"], february["fx"], february["expansion"], february["closing_value"]) == (
        22,
        8,
        92,
        122,
    )
    assert (march["opening_value"], march["contraction"], march["closing_value"]) == (122, 22, 100)
    # the rate changes on the day: what starts is worth the new rate, what ends (but does not leave) the old one
    records = rows_of(("01-05", None, 1, {"cur": "USD"}), ("01-05", "02-10", 1, {"cur": "EUR"}))
    assert quarter(records, definition, rates=rates, reporting_currency="USD")[1]["contraction"] == 110
    records = rows_of(("01-05", None, 1, {"cur": "USD"}), ("02-10", None, 1, {"cur": "EUR"}))
    february = quarter(records, definition, rates=rates, reporting_currency="USD")[1]
    assert february["expansion"] == 150 and "fx" not in february
    early = rows_of(("01-05", None, 1, {"cur": "EUR"}))
    with pytest.raises(ValueError, match="no rate for 'EUR'"):
        quarter(early, definition, rates=rates[1:], reporting_currency="USD")


def test_money_is_exact() -> None:
    assert [ledger.to_minor(value) for value in (None, 3, Decimal("0.10"), 0.1, 0.1 + 0.2, float("nan"))] == [
        0,
        300,
        10,
        10,
        30,
        0,
    ]
    for value in (Decimal("0.001"), 0.004):
        with pytest.raises(ValueError):
            ledger.to_minor(value)


def test_null_is_a_value_of_its_own() -> None:
    row = {"x": None, "n": float("nan"), "d": date(2025, 1, 5)}

    def holds(column: str, op: str, *value: Any) -> bool:
        return ledger.holds({"column": column, "op": op, **({"value": value[0]} if value else {})}, row)

    assert holds("x", "!=", "split") and not holds("x", "==", "split")
    assert holds("x", "==", None) and not holds("x", "!=", None) and holds("n", "==", None)
    assert not holds("d", "<", None) and not holds("x", "<", 1) and not holds("x", ">=", 1)
    assert ledger.holds({"not": {"column": "x", "op": "<", "value": 1}}, row)
    assert holds("x", "in", ["a", None]) and not holds("x", "in", ["a"])
    assert holds("x", "is_null") and not holds("d", "is_null") and holds("d", "<", "2025-01-06")


def test_refusals() -> None:
    records = rows_of(("01-05", None, 1))
    for start, end in ((date(2025, 1, 2), date(2025, 2, 1)), (date(2025, 1, 1), date(2025, 1, 1))):
        with pytest.raises(ValueError, match="not boundaries"):
            ledger.statement(records, PLAIN, start=start, end=end)
    with pytest.raises(ValueError, match="not boundaries"):
        ledger.statement(records, PLAIN, start=date(2025, 2, 1), end=date(2025, 5, 1), periods="3 months")
    with pytest.raises(ValueError, match="whole days"):
        ledger.fates(records, {**PLAIN, "grace": "720h"})
    with pytest.raises(ValueError, match="empty ledger"):
        ledger.fates([], PLAIN)
    with pytest.raises(ValueError, match="spell_number"):
        ledger.fates(records, {**PLAIN, "where": {"first": {"spell_number": 1}}})


# --- golden ---------------------------------------------------------------------------------------------------------


def golden() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return loaded


@pytest.mark.parametrize("case", golden()["cases"], ids=lambda case: case["case"])
def test_golden_case(case: dict[str, Any]) -> None:
    definitions = golden()["definitions"]
    dates = {definition[edge] for definition in definitions.values() for edge in ("start", "end")}
    start = date(2025, 6, 1) if "laid up" in case["case"] else date(2026, 3, 1)
    counted: dict[str, dict[str, int]] = {"IN": {}, "OUT": {}}
    for name, definition in definitions.items():
        records = [
            {column: date.fromisoformat(value) if column in dates and value else value for column, value in row.items()}
            for row in case["records"][definition["records"]]
        ]
        rows = ledger.statement(records, definition, start=start, end=date(2026, 5, 1))
        assert ledger.broken_identities(rows) == []
        assert rows == ledger.statement(records, definition, start=start, end=date(2026, 5, 1), days="changes")
        counted["IN"][name] = sum(row["joined"] for row in rows)
        counted["OUT"][name] = sum(row["left"] for row in rows)
    assert counted == {"IN": case["IN"], "OUT": case["OUT"]}


def test_there_are_fifteen_golden_cases() -> None:
    assert len(golden()["cases"]) == 15


def test_cdnow_by_quarter() -> None:
    bought: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    with gzip.open(CDNOW, "rt", encoding="ascii", errors="replace") as lines:
        for line in lines:
            fields = line.split()
            if len(fields) == 4 and fields[0].isdigit():
                number = int(fields[1][:4]) * 4 + (int(fields[1][4:6]) - 1) // 3
                bought[fields[0], number] += Decimal(fields[3])

    def first(number: int) -> date:
        return date(number // 4, number % 4 * 3 + 1, 1)

    records = [
        {"customer": customer, "start": first(number), "end": first(number + 1), "value": value}
        for (customer, number), value in bought.items()
    ]
    definition = {"customer": "customer", "start": "start", "end": "end", "value": "value", "grace": "0d"}
    rows = ledger.statement(
        records, definition, start=date(1997, 1, 1), end=date(1998, 7, 1), periods="3 months", days="changes"
    )
    assert ledger.broken_identities(rows) == []
    columns = ("opening", "new", "returned", "left", "closing", "closing_value")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (0, 23_570, 0, 0, 23_570, 107_180_547),
        (23_570, 0, 0, 18_194, 5_376, 35_915_366),
        (5_376, 0, 1_974, 3_087, 4_263, 29_239_537),
        (4_263, 0, 2_158, 2_200, 4_221, 30_080_676),
        (4_221, 0, 1_863, 2_267, 3_817, 26_282_389),
        (3_817, 0, 1_557, 2_057, 3_317, 21_333_048),
    ]
    change = {name: rows[2][name] for name in ("returned_value", "expansion", "contraction", "left_value", "fx")}
    assert change == {"returned_value": 9_994_962, "expansion": 5_749_528, "contraction": 7_289_353} | {
        "left_value": 15_130_966,
        "fx": 0,
    }
    assert rows[0]["new_value"] == 107_180_547
