"""The generated insurer: what was planted is there and joins back to what silos hold; difficulty is what it says."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

import sojourn as sj

GOLDEN = json.loads((Path(__file__).parent / "data" / "golden_cases.json").read_text(encoding="utf-8"))
SILOS = {"CRM": "crm", "POLICY": "policy", "BILLING": "billing"}
EDGES = {"crm": ("booked", "lost"), "policy": ("effective", "end_processed"), "billing": ("first_cleared", "closed")}
BRIDGE = {"matched", "timing", "rewrite", "grain", "rule", "identity", "no event there"}


@cache
def company(customers: int = 3000, seed: int = 7, **more: Any) -> sj.datasets.Insurer:
    return sj.datasets.insurer(customers, seed, **more)


def tables(data: sj.datasets.Insurer) -> dict[str, sj.Table]:
    names = ("events", "feedback", "crm", "policy", "billing", "household", "observed")
    return {**{name: getattr(data, name) for name in names}, **data.truth}


def written(table: sj.Table) -> bytes:
    sink = pa.BufferOutputStream()
    arrow = table.to_arrow()
    with pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow)
    return bytes(sink.getvalue())


def reconciled(data: sj.datasets.Insurer) -> sj.Reconciliation:
    silos = [data.ledgers[name] for name in SILOS]
    return sj.reconcile(silos, standard=data.ledgers["company"], start=data.start, end=data.end)


# --- the same bytes ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_threads() -> None:
    one = tables(sj.datasets.insurer(700, 3, threads=1))
    for threads in (2, 3, 4):
        other = tables(sj.datasets.insurer(700, 3, threads=threads))
        assert {name: written(table) for name, table in one.items()} == {n: written(t) for n, t in other.items()}
    assert written(one["events"]) != written(sj.datasets.insurer(700, 4).events)


def test_a_household_does_not_depend_on_how_many_others_there_are() -> None:
    few, many = (company(n).events.to_polars().filter(pl.col("customer") <= 150) for n in (200, 400))
    assert few.drop("event_id").equals(many.drop("event_id"))


# --- the tables -------------------------------------------------------------------------------------------------------


def test_columns_are_those_of_the_interface() -> None:
    data = company()
    said = {
        "events": "event_id customer time event value key quote_gap premium_change",
        "feedback": "feedback_id customer time source solicited score topic text key group",
        "crm": "record account booked lost household value known",
        "policy": "record policy term effective end_effective end_processed txn paid mortgagee household origin "
        "end_reason company value known",
        "billing": "record baccount first_cleared closed household value known",
        "household": "household customer account email segment",
        "observed": "customer from to",
        "voices": "feedback_id moment event_id time",
        "exits": "customer time reason",
        "faults": "moment kpi time",
        "cases": "household case time",
        **dict.fromkeys(SILOS.values(), ""),
    }
    for name, columns in said.items():
        if columns:
            assert (data.truth.get(name) or getattr(data, name)).columns == columns.split(), name
    for silo in SILOS.values():
        assert data.truth[silo].columns == ["record", "direction", "reason", "reason2"]
        assert set(data.truth) == {"voices", "crm", "policy", "billing", "exits", "faults", "cases"}


def test_every_event_is_of_the_journey_and_in_time_order() -> None:
    data = company()
    events = data.events.to_polars()
    assert events["time"].is_sorted()
    assert events["event_id"].to_list() == list(range(1, len(events) + 1))
    assert set(events["event"].unique()) == set(data.log.event_names)
    matches = data.journey.match(data.log)
    assert len(matches.unmapped()) == 0
    assert len(matches.unreached()) == 0


def test_histories_reach_back_ten_years_and_observation_covers_the_window() -> None:
    data = company()
    assert (data.start, data.end, data.month) == (date(2024, 7, 1), date(2026, 7, 1), date(2026, 3, 1))
    times = data.events.to_polars()["time"]
    assert datetime(2014, 7, 1) <= times.min() < datetime(2014, 12, 1)
    assert datetime(2026, 6, 30) <= times.max() < datetime(2026, 7, 1)
    assert data.log.span == (datetime(2024, 7, 1), datetime(2026, 6, 30, 23, 59, 59))
    left = data.events.to_polars().filter(pl.col("event") == "household_left")["time"]
    assert left.min() >= datetime(2024, 7, 1)


def test_six_months_are_enough() -> None:
    data = company(400, months=6)
    assert (data.start, data.month) == (date(2026, 1, 1), date(2026, 3, 1))
    assert len(data.truth["exits"]) > 0


# --- the truth joins back ---------------------------------------------------------------------------------------------


def test_every_voice_has_its_cause_and_every_cause_is_an_occurrence() -> None:
    data = company()
    voices = data.truth["voices"].to_polars()
    feedback = data.feedback.to_polars()
    assert voices["feedback_id"].to_list() == feedback["feedback_id"].to_list()
    caused = voices.drop_nulls("moment").join(feedback.select("feedback_id", "customer", said="time"), on="feedback_id")
    rest = voices.filter(pl.col("moment").is_null())
    assert rest["event_id"].null_count() == rest["time"].null_count() == len(rest) > 0
    assert (caused["said"] > caused["time"]).all()
    assert (caused["said"] - caused["time"]).max() < timedelta(days=60)
    began = caused.join(data.events.to_polars().select("event_id", who="customer", start_time="time"), on="event_id")
    assert len(began) == len(caused)
    assert (began["who"] == began["customer"]).all()
    occurrences = data.journey.match(data.log).occurrences().to_polars()
    found = began.join(occurrences, on=["customer", "moment", "time", "start_time"])
    assert len(found) == len(caused)
    assert set(caused["moment"]) == set(occurrences["moment"])


def test_every_record_has_its_reason_and_every_reason_its_record() -> None:
    data = company()
    for silo, (start, end) in EDGES.items():
        records = getattr(data, silo).to_polars()
        why = data.truth[silo].to_polars()
        ins, outs = (why.filter(pl.col("direction") == direction) for direction in ("in", "out"))
        assert sorted(ins["record"]) == records["record"].to_list()
        assert sorted(outs["record"]) == records.drop_nulls(end)["record"].to_list()
        assert set(why["reason"].drop_nulls()) <= BRIDGE
        assert set(why["reason2"].drop_nulls()) <= BRIDGE - {"matched", "identity"}
        assert why.filter(pl.col("reason").is_in(["matched", "timing"]))["reason2"].null_count() == len(
            why.filter(pl.col("reason").is_in(["matched", "timing"]))
        )
        assert (why["reason"].is_null() <= why["reason2"].is_null()).all()
        unlinked = records.filter(pl.col("household").is_null())["record"]
        named = why.filter(pl.col("reason") == "identity")["record"]
        assert set(named) <= set(unlinked)
        assert records[start].null_count() < len(records) / 20


def test_every_exit_is_an_event_and_every_event_an_exit() -> None:
    data = company()
    left = data.events.to_polars().filter(pl.col("event") == "household_left").select("customer", "time")
    exits = data.truth["exits"].to_polars()
    assert sorted(exits.select("customer", "time").rows()) == sorted(left.rows())
    assert len(set(exits["reason"])) >= 6


def test_the_company_counts_out_exactly_those_who_left() -> None:
    data = company()
    statement = reconciled(data).statement().to_polars().filter(pl.col("ledger") == "company")
    exits = data.truth["exits"].to_polars().group_by(pl.col("time").dt.date().dt.truncate("1mo")).len()
    assert dict(statement.select("period", "left").rows()) == dict(exits.rows())


def test_at_least_a_tenth_of_the_disputed_records_have_two_reasons() -> None:
    data = company(20_000)
    for silo in SILOS.values():
        disputed = data.truth[silo].to_polars().filter(pl.col("reason").is_not_null() & (pl.col("reason") != "matched"))
        assert disputed["reason2"].is_not_null().mean() >= 0.1, silo


# --- the reasons are the case -----------------------------------------------------------------------------------------


def fates(data: sj.datasets.Insurer, ledger: str) -> pl.DataFrame:
    """A row an edge of the ledger's records: record, household, direction, day, fate."""
    silo = SILOS.get(ledger, "policy")
    start, end = ("effective", "end_effective") if ledger == "company" else EDGES[silo]
    records = getattr(data, silo).to_polars()
    found = reconciled(data).fates(ledger).to_polars()
    return pl.concat(
        records.select("record", "household", direction=pl.lit(direction), day=day).with_columns(fate=found[column])
        for direction, column, day in (("in", "start", start), ("out", "end", end))
    ).drop_nulls("day")


def test_a_silo_counts_exactly_the_edges_that_need_a_reason() -> None:
    data = company()
    for ledger, silo in SILOS.items():
        joined = fates(data, ledger).join(data.truth[silo].to_polars(), on=["record", "direction"])
        counted = joined["fate"] == "counted"
        assert joined.filter(counted)["reason"].null_count() == 0
        own = joined.filter(~counted & pl.col("reason").is_not_null())
        assert set(own["fate"].str.split(":").list.first()) <= {"uncounted"}
        assert set(own["reason"]) <= {"rule", "identity"}


def test_each_reason_says_what_the_company_did() -> None:
    data = company()
    ours = fates(data, "company")
    counted: dict[tuple[str, str], list[date]] = defaultdict(list)
    edges_of_spells: dict[tuple[str, str], list[date]] = defaultdict(list)
    refused: dict[tuple[str, str], list[date]] = defaultdict(list)
    for household, direction, day, fate in ours.select("household", "direction", "day", "fate").rows():
        if fate.startswith(("counted", "uncounted")):
            edges_of_spells[household, direction].append(day)
        if fate == "counted":
            counted[household, direction].append(day)
        elif fate.startswith(("rule", "uncounted")):
            refused[household, direction].append(day)
    wrong: Counter[tuple[str, str]] = Counter()
    seen: Counter[tuple[str, str]] = Counter()
    for ledger, silo in SILOS.items():
        edges = fates(data, ledger).join(data.truth[silo].to_polars(), on=["record", "direction"])
        for household, direction, day, fate, reason in edges.select(
            "household", "direction", "day", "fate", "reason"
        ).rows():
            near = [d for d in counted[household, direction] if abs((d - day).days) <= 90]
            month = [d for d in near if (d.year, d.month) == (day.year, day.month)]
            ins = sum(d <= day for d in edges_of_spells[household, "in"])
            outs = sum(d < day for d in edges_of_spells[household, "out"])
            holds = {
                None: fate != "counted",
                "identity": household is None,
                "matched": bool(month),
                "timing": bool(near) and len(month) < len(near),
                "rule": bool(refused[household, direction]) or fate.startswith("uncounted"),
                "no event there": ins > outs,
                "rewrite": ins > outs or bool(refused[household, "in"]),
                "grain": ins > outs or bool(near) or bool(refused[household, "in"]),
            }[reason]
            seen[ledger, str(reason)] += 1
            wrong[ledger, str(reason)] += not holds
    assert not +wrong, {key: (number, seen[key]) for key, number in wrong.items() if number}
    assert all(seen[key] for key in [("CRM", "timing"), ("POLICY", "rewrite"), ("BILLING", "no event there")])


# --- the fifteen cases ------------------------------------------------------------------------------------------------


def test_the_ledgers_have_the_golden_definitions() -> None:
    for name, ledger in company().ledgers.items():
        said = {key: value for key, value in GOLDEN["definitions"][name].items() if key != "records"}
        ours = {**said, "value": "value", "currency": "USD", "key": "record"}
        assert ledger.definition == sj.Definition.from_dict(ours)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["case"])
def test_each_golden_case_occurs_and_counts_as_expected(case: dict[str, Any]) -> None:
    """Some household of that case has, in its months, just the ins and outs that the golden case expects."""
    data = company(20_000)
    tagged = data.truth["cases"].to_polars().filter(pl.col("case") == case["case"])
    assert len(tagged) > 0
    edges = counted_edges()
    back = 12 if "laid up" in case["case"] else 0
    found = 0
    for household, day in tagged.select("household", "time").rows():
        begin, end = first_of_month(day, -back), first_of_month(day, 2)
        own = [(ledger, way) for ledger, way, when in edges[household] if begin <= when < end]
        counts = Counter(own)
        found += all(
            counts[ledger, way] == number
            for way, expected in (("in", case["IN"]), ("out", case["OUT"]))
            for ledger, number in expected.items()
        )
    assert found > 0


@cache
def counted_edges() -> dict[str, list[tuple[str, str, date]]]:
    edges: dict[str, list[tuple[str, str, date]]] = defaultdict(list)
    for ledger in (*SILOS, "company"):
        counted = fates(company(20_000), ledger).filter(pl.col("fate") == "counted").drop_nulls("household")
        for household, direction, day in counted.select("household", "direction", "day").rows():
            edges[household].append((ledger, direction, day))
    return edges


def first_of_month(day: date, later: int) -> date:
    at = day.year * 12 + day.month - 1 + later
    return date(at // 12, at % 12 + 1, 1)


# --- the month to show ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [7, 1, 2])
def test_all_silos_report_growth_while_the_company_shrinks(seed: int) -> None:
    data = company(20_000, seed)
    rows = reconciled(data).statement().to_polars().filter(pl.col("period") == data.month)
    net = {row["ledger"]: row["joined"] - row["left"] for row in rows.to_dicts()}
    out = {row["ledger"]: row["left"] for row in rows.to_dicts()}
    assert net["company"] < -20
    assert all(net[silo] > 50 for silo in SILOS)
    assert abs(out["BILLING"] / out["company"] - 1) < 0.15


def test_billing_counts_as_many_out_as_the_company_but_other_households() -> None:
    data = company(20_000)
    rows = reconciled(data).statement().to_polars().filter(pl.col("period") == data.month)
    net = {row["ledger"]: row["joined"] - row["left"] for row in rows.to_dicts()}
    assert net == {"company": -61, "CRM": 191, "POLICY": 323, "BILLING": 101}
    out = {row["ledger"]: row["left"] for row in rows.to_dicts()}
    assert abs(out["BILLING"] / out["company"] - 1) <= 0.02
    inside = pl.col("day").is_between(data.month, first_of_month(data.month, 1), closed="left")
    left = {
        ledger: set(
            fates(data, ledger).filter((pl.col("fate") == "counted") & (pl.col("direction") == "out") & inside)[
                "household"
            ]
        )
        for ledger in ("BILLING", "company")
    }
    assert len(left["BILLING"] & left["company"]) <= 0.02 * out["company"]


# --- difficulty -------------------------------------------------------------------------------------------------------


def test_background_is_the_share_that_was_asked_for() -> None:
    for share in (0.0, 0.2, 0.5):
        voices = company(6000, background=share).truth["voices"].to_polars()
        assert voices["moment"].is_null().mean() == pytest.approx(share, abs=0.02)


def test_topics_are_missing_as_often_as_was_asked_for() -> None:
    for share in (0.0, 0.5, 1.0):
        assert company(6000, missing_topics=share).feedback.to_polars()["topic"].is_null().mean() == pytest.approx(
            share, abs=0.02
        )


def test_delays_have_their_shape_and_each_moment_its_mean() -> None:
    """Median over mean: ln 2; for Weibull ln(2)^(1/.7) / Γ(1 + 1/.7); for the log-normal exp(-1/2) before the cut."""
    ratios = {}
    for delay in ("exponential", "weibull", "lognormal"):
        data = company(12_000, delay=delay)
        caused = (
            data.truth["voices"]
            .to_polars()
            .join(data.feedback.to_polars().select("feedback_id", said="time"), on="feedback_id")
        )
        days = caused.filter(pl.col("moment") == "repaired").select(
            (pl.col("said") - pl.col("time")).dt.total_seconds() / 86400
        )
        mean, median = days.to_series().mean(), days.to_series().median()
        assert mean == pytest.approx(7, rel=0.12)
        ratios[delay] = median / mean
    assert ratios["exponential"] == pytest.approx(0.693, abs=0.05)
    assert ratios["weibull"] == pytest.approx(0.468, abs=0.06)
    assert ratios["lognormal"] == pytest.approx(0.64, abs=0.05)


def test_two_moments_may_come_together() -> None:
    for share, low, high in ((0.0, 0.0, 0.01), (0.95, 0.93, 0.97)):
        data = company(6000, together=share)
        events = data.events.to_polars().filter(pl.col("event").is_in(["notice_of_loss", "adjuster_contact"]))
        claims = events.pivot(on="event", index="key", values="time").drop_nulls()
        soon = (claims["adjuster_contact"] - claims["notice_of_loss"]) <= timedelta(hours=1)
        assert low <= soon.mean() <= high


def test_links_are_lost_as_often_as_was_asked_for() -> None:
    clean, dirty = company(match_errors=0.0), company(match_errors=0.1)
    for silo, share in (("crm", 0.1), ("billing", 0.1)):
        assert getattr(clean, silo).to_polars()["household"].null_count() == 0
        assert "identity" not in set(clean.truth[silo].to_polars()["reason"])
        assert getattr(dirty, silo).to_polars()["household"].is_null().mean() >= share * 0.9
    assert dirty.policy.to_polars()["household"].null_count() == 0


@pytest.mark.parametrize("moment", ["adjuster_contact", "first_bill", "change_request"])
def test_one_moment_degrades_on_a_known_day(moment: str) -> None:
    data = company(12_000, fault=moment)
    ((named, kpi, when),) = data.truth["faults"].to_polars().rows()
    listed = {m.id: m for m in data.journey.moments}
    assert (named, kpi) == (moment, listed[moment].kpi["name"])
    matches = data.journey.match(data.log)
    before, after = (
        {row["moment"]: row["share"] for row in matches.kpis(**limits).rows()}
        for limits in ({"end": when}, {"start": when})
    )
    assert before[moment] - after[moment] == pytest.approx(0.4, abs=0.12)
    others = [
        other for other in before if other not in {moment, "third_contact", "tenth_anniversary", "quote_referred"}
    ]
    assert all(abs(before[other] - after[other]) < 0.12 for other in others)
    assert len(company(500, fault_size=0.0).truth["faults"]) == 0


def test_groups_answer_unequally() -> None:
    data = company(20_000)
    speaking = data.feedback.to_polars().group_by("group").len()
    people = data.household.to_polars().unique("customer").group_by(group="segment").len(name="people")
    rates = {row["group"]: row["len"] / row["people"] for row in speaking.join(people, on="group").to_dicts()}
    assert rates["under 35"] < 0.7 * rates["35 to 59"]
    assert rates["60 and over"] > 1.2 * rates["35 to 59"]
    assert company(response=0.0, background=0.0).feedback.to_polars().height == 0


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"customers": 0}, "insurer: found customers=0, expected 1 to 10,000,000"),
        ({"customers": 2.5}, "insurer: found customers=2.5, expected a whole number"),
        ({"months": 5}, "insurer: found months=5, expected 6 to 120"),
        ({"seed": -1}, "insurer: found seed=-1, expected 0 to"),
        ({"background": 1.0}, "insurer: found background=1.000000, expected a share from 0 to 0.9"),
        ({"missing_topics": float("nan")}, "insurer: found missing_topics=nan, expected a share from 0 to 1"),
        ({"delay": "gamma"}, "insurer: found delay='gamma', expected 'exponential', 'weibull' or 'lognormal'"),
        ({"fault": "first_bil"}, "did you mean 'first_bill'"),
        ({"threads": 0}, "threads: found 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        sj.datasets.insurer(**{"customers": 10, **arguments})
    assert said in str(error.value)
