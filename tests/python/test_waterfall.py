"""The waterfall from a ledger's number to the standard's: its figures are the bridge's."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

import sojourn as sj
from sojourn._waterfall import steps


@pytest.fixture(scope="module")
def insurer() -> sj.Reconciliation:
    data = sj.datasets.insurer(customers=2000)
    silos = [data.ledgers[name] for name in ("CRM", "POLICY", "BILLING")]
    return sj.reconcile(silos, standard=data.ledgers["company"], start="2026-01-01", end="2026-05-01")


def panels(chart: Any) -> list[list[dict[str, Any]]]:
    return [panel.data.values for panel in chart.hconcat]


@pytest.mark.parametrize("ledger", ["CRM", "POLICY", "BILLING"])
@pytest.mark.parametrize("direction", ["in", "out", "net"])
def test_bars_lead_from_the_ledgers_number_to_the_standards(
    insurer: sj.Reconciliation, ledger: str, direction: Any
) -> None:
    day = date(2026, 3, 1)
    says = {row["ledger"]: row for row in insurer.statement().rows() if row["period"] == day}
    came, left = (1, 0) if direction == "in" else (0, 1) if direction == "out" else (1, -1)
    counts, values = panels(insurer.plot(ledger, period=day, direction=direction))
    for bars, tail in ((counts, ""), (values, "_value")):
        for bar, name in ((bars[0], ledger), (bars[-1], "company")):
            said = came * says[name][f"joined{tail}"] + left * says[name][f"left{tail}"]
            assert bar["from"] == 0
            assert bar["to"] == pytest.approx(said)
        assert [bar["label"] for bar in bars] == [bar["label"] for bar in counts]
        for before, bar in pairwise(bars[:-1]):
            assert bar["from"] == pytest.approx(before["to"])  # each begins where the one before it ended
        assert bars[-2]["to"] == pytest.approx(bars[-1]["to"])
        assert bars[-2]["label"] == "Unexplained"
    reductions = [bar["to"] - bar["from"] for bar in counts[1:-2]]
    falling = [move for move in reductions if move < 0]
    assert falling == sorted(falling)
    assert reductions[: len(falling)] == falling


def test_gross_events_are_those_of_the_list(insurer: sj.Reconciliation) -> None:
    day = date(2026, 3, 1)
    events = [row for row in insurer.records("CRM").rows() if row["period"] == day and row["count"]]
    differing = sum(row["reason"] != "matched" for row in events)
    unexplained = sum(row["reason"] == "unexplained" for row in events)
    said = " ".join(insurer.plot("CRM", period=day).title.subtitle)
    assert f"they differ on {differing:,} comings and goings" in said
    assert f"{unexplained:,} {'is' if unexplained == 1 else 'are'} unexplained" in said
    assert f"on {(len(events) - differing) // 2:,} they agree" in said


def row(reason: str, count: int, value: str = "0", rule: str | None = None) -> dict[str, Any]:
    return {"reason": reason, "rule": rule, "count": count, "value": Decimal(value), "events": abs(count)}


def test_unexplained_is_drawn_at_nothing_too() -> None:
    bars = steps([row("grain", 3)], {"A": (3, Decimal(0)), "B": (0, Decimal(0))})
    assert [(bar.label, bar.count) for bar in bars[1:]] == [
        ("One customer under several numbers", -3),
        ("Unexplained", 0),
        ("B says", 0),
    ]


def test_many_reasons_become_one_bar_that_says_how_many() -> None:
    rules = [row("rule", number, str(number), f"rule {number}") for number in range(1, 41)]
    total = sum(range(1, 41))
    bars = steps(rules, {"A": (total, Decimal(total)), "B": (0, Decimal(0))}, most=10)
    assert len(bars) == 13
    assert [bar.label for bar in bars if "smaller" in bar.label] == ["31 smaller reasons"]
    assert sum(bar.count for bar in bars[1:-1]) == -total
    assert sum(bar.value for bar in bars[1:-1]) == -total


def small(**ledger: Any) -> sj.Reconciliation:
    """Two ledgers of a customer each; the second one's record is a month late."""
    days = {"who": ["a"], "from": [date(2026, 1, 5)], "to": [None], "worth": [10]}
    late = {**days, "from": [date(2026, 2, 3)]}
    said = sj.Definition("who", "from", "to", value="worth", **ledger)
    return sj.reconcile(
        [sj.Ledger("it's \\ <b>", days, said)],
        standard=sj.Ledger("company", late, said),
        start="2026-01-01",
        end="2026-03-01",
        money="decimal",
    )


def test_names_cannot_leave_their_labels() -> None:
    chart = small().plot("it's \\ <b>", period="2026-01-01")
    counts, values = panels(chart)
    assert counts[0]["label"] == "it's \\ <b> says"
    assert [bar["shown"] for bar in counts] == ["+1", "−1", "0", "0"]
    assert [bar["shown"] for bar in values] == ["+10", "−10", "0", "0"]
    pytest.importorskip("vl_convert")
    import io

    chart.save(io.BytesIO(), format="png")  # the labels' expression is valid


def test_values_of_several_currencies_are_not_added() -> None:
    records = {
        "who": ["a", "b"],
        "from": [date(2026, 1, 5)] * 2,
        "to": [None, None],
        "worth": [10, 20],
        "money": ["USD", "EUR"],
    }
    said = sj.Definition("who", "from", "to", value="worth", currency="money")
    fewer = sj.Definition("who", "from", "to", value="worth", currency="money", where={"no a": sj.column("who") != "a"})
    r = sj.reconcile(
        [sj.Ledger("A", records, said)],
        standard=sj.Ledger("B", records, fewer),
        start="2026-01-01",
        end="2026-02-01",
    )
    chart = r.plot("A")
    assert len(chart.hconcat) == 1
    assert "Values are in EUR, USD: no sum without rates." in chart.title.subtitle


def test_what_cannot_be_drawn_is_refused() -> None:
    r = small()
    with pytest.raises(sj.InvalidInput, match="found no ledger 'CRN'"):
        r.plot("CRN")
    with pytest.raises(sj.InvalidInput, match="period: found 2026-01-02, expected the first day"):
        r.plot("it's \\ <b>", period="2026-01-02")
    with pytest.raises(sj.InvalidInput, match="direction: found 'up', expected"):
        r.plot("company", direction="up")  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidInput, match="found the standard, 'company'"):
        r.plot("company")


def test_the_same_with_money_in_another_form() -> None:
    r = small()
    assert r.periods == "1 month"
    for form, ten in (("float", 10.0), ("decimal", Decimal(10)), ("minor", 1_000)):
        values = r.with_money(form).statement().to_dict()["joined_value"]  # type: ignore[arg-type]
        assert ten in values and type(values[0]) is type(ten)
        assert ten in r.with_money(form).bridge("it's \\ <b>").to_dict()["value"]  # type: ignore[arg-type]
    assert type(r.statement().to_dict()["joined_value"][0]) is Decimal
    with pytest.raises(sj.InvalidInput, match="money: found 'cents'"):
        r.with_money("cents")  # type: ignore[arg-type]


def test_nobody_to_explain_is_said() -> None:
    never = sj.Definition("who", "from", "to", where={"never": sj.column("who") == "nobody"})
    rows = {"who": ["a"], "from": [date(2026, 1, 5)], "to": [None]}
    r = sj.reconcile(
        [sj.Ledger("A", rows, never)], standard=sj.Ledger("B", rows, never), start="2026-01-01", end="2026-02-01"
    )
    assert "nothing to explain" in str(r.plot("A").to_dict())
