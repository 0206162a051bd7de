"""What came before the observation: seen by patterns, counted, and told nowhere else."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest

import sojourn as sj

FROM, TO = datetime(2026, 1, 1), datetime(2026, 12, 31)


def log_of(*rows: tuple[str, datetime, str, float | None], **more: Any) -> sj.EventLog:
    """Everybody observed through 2026."""
    names = ("customer", "time", "event", "value")
    ids = sorted({r[0] for r in rows})
    observed = {"customer": ids, "from": [FROM] * len(ids), "to": [TO] * len(ids)}
    table = pd.DataFrame(rows, columns=names)
    return sj.EventLog(table, value="value", **{"observed": observed, **more})


def journey_of(*moments: sj.Moment, **more: Any) -> sj.Journey:
    return sj.Journey(["s"], moments, **more)


def kpi(**met: Any) -> dict[str, Any]:
    return {"name": "k", "met": met}


LIFE = (
    ("ann", datetime(2016, 5, 1), "bind", 100.0),
    ("ann", datetime(2019, 2, 1), "claim", 40.0),
    ("ann", datetime(2025, 12, 20), "call", None),
    ("ann", datetime(2026, 1, 5), "claim", 7.0),
    ("ann", datetime(2026, 3, 5), "call", 1.0),
    ("bob", datetime(2026, 2, 1), "claim", 2.0),
    ("cat", datetime(2012, 2, 1), "claim", 3.0),
)


# --- the log ----------------------------------------------------------------------------------------------------------


def test_events_before_the_observation_are_history_counted_and_said() -> None:
    log = log_of(*LIFE)
    assert (len(log), log.before_observation) == (7, 4)
    assert log.span == (FROM, TO)
    assert repr(log).startswith("EventLog(7 events of 3 customers, 3 event names, 2026-01-01 to 2026-12-31, complete")
    assert "4 before the observation" in repr(log)
    assert dict(zip(*list(log.counts().to_dict().values())[:2], strict=True)) == {"bind": 1, "call": 2, "claim": 4}
    starts = {r["target"]: r["count"] for r in log.transitions().rows() if r["source"] == "START"}
    assert starts == {"bind": 1, "claim": 2}  # over all events


def test_a_log_without_an_observation_table_has_no_history() -> None:
    log = log_of(*LIFE, observed=None)
    assert log.before_observation == 0
    assert log.span == (datetime(2012, 2, 1), datetime(2026, 3, 5))
    assert "before the observation" not in repr(log)
    matches = journey_of(sj.Moment("claim", "s", when=sj.event("claim"))).match(log)
    assert (len(matches), matches.before_observation, matches.undecided_before_observation) == (4, 0, 0)
    assert "before the observation" not in repr(matches)


def test_the_span_reaches_from_the_earliest_from_to_the_latest_to() -> None:
    observed = {
        "customer": ["ann", "bob", "cat"],
        "from": [FROM, FROM + timedelta(days=3), FROM],
        "to": [TO, TO, TO + timedelta(days=9)],
    }
    log = log_of(*LIFE, observed=observed)
    assert log.span == (FROM, TO + timedelta(days=9))
    assert log_of(*LIFE, observed=observed, timezone="America/Chicago").span == log.span


def test_truncated_history_knows_no_event_before_the_observation() -> None:
    expected = (
        r"^events, column 'time', row 0: found 2016-05-01T00:00:00Z, of customer 'ann', before the customer's "
        r"observation, expected a time from 2026-01-01T00:00:00Z to 2026-12-31T00:00:00Z \(history is 'truncated': "
        r"what came before is not known\)$"
    )
    with pytest.raises(sj.InvalidInput, match=expected):
        log_of(*LIFE, history="truncated")


@pytest.mark.parametrize("history", ["complete", "truncated"])
def test_nothing_is_known_after_the_observation(history: str) -> None:
    late = ("bob", TO + timedelta(seconds=1), "call", None)
    rows = [r for r in LIFE if r[1] >= FROM or history == "complete"]
    for at in range(len(rows) + 1):
        table = [*rows[:at], late, *rows[at:], late]
        found = rf"column 'time', row {at}: found 2026-12-31T00:00:01Z, of customer 'bob', after the customer's"
        with pytest.raises(sj.InvalidInput, match=found):
            log_of(*table, history=history)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([FROM, FROM - timedelta(days=1), FROM], pa.timestamp("ns")),
        pa.array([FROM, FROM - timedelta(days=1), FROM], pa.timestamp("s", "Europe/Berlin")),
        pa.array([FROM.date(), FROM.date() - timedelta(days=1), FROM.date()], pa.date32()),
    ],
)
@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7, 7, 8]),
        pa.array([9, 9, 1], pa.uint64()),
        pa.array(["a", "a", "b"]).dictionary_encode(),
        pa.array(["a-long-name", "a-long-name", ""]),
    ],
)
def test_the_row_at_fault_is_found_whatever_the_types(column: pa.Array, ids: pa.Array) -> None:
    table = pa.table({"customer": ids, "time": column, "event": ["x"] * 3})
    observed = pa.table({"customer": ids[1:], "from": [FROM] * 2, "to": [TO] * 2})
    assert sj.EventLog(table, observed=observed).before_observation == 1
    with pytest.raises(sj.InvalidInput, match=r"column 'time', row 1: found 2025-12-31T00:00:00Z"):
        sj.EventLog(table, observed=observed, history="truncated")


def test_prior_counts_and_events_before_the_observation_would_count_twice() -> None:
    prior = {"customer": ["ann"], "event": ["claim"], "count": [1]}
    with pytest.raises(
        sj.InvalidInput, match=r"^prior_counts: found counts .* beside 4 events before it, expected one"
    ):
        log_of(*LIFE, prior_counts=prior)
    now = [r for r in LIFE if r[1] >= FROM]
    second = journey_of(sj.Moment("second", "s", when=sj.nth("claim", 2)))
    assert len(second.match(log_of(*now, prior_counts=prior))) == 1


def test_a_log_with_an_observation_table_is_not_appended_to() -> None:
    with pytest.raises(sj.InvalidInput, match="observation table"):
        log_of(*LIFE).append(pd.DataFrame(LIFE, columns=["customer", "time", "event", "value"]))


# --- matches ----------------------------------------------------------------------------------------------------------


def test_patterns_look_into_the_history() -> None:
    matches = journey_of(
        sj.Moment("decade", "s", when=sj.anniversary("bind", every="10 years")),
        sj.Moment("second_claim", "s", when=sj.nth("claim", 2)),
        sj.Moment("first_claim", "s", when=sj.nth("claim", 1)),
        sj.Moment("claim", "s", when=sj.event("claim"), kpi=kpi(preceded_by="call", within="30d")),
    ).match(log_of(*LIFE))
    found = [(r["customer"], r["moment"], r["time"], r["value"]) for r in matches.occurrences().rows()]
    assert found == [
        ("ann", "second_claim", datetime(2026, 1, 5), 7.0),
        ("ann", "claim", datetime(2026, 1, 5), 7.0),
        ("ann", "decade", datetime(2026, 5, 1), 100.0),
        ("bob", "first_claim", datetime(2026, 2, 1), 2.0),
        ("bob", "claim", datetime(2026, 2, 1), 2.0),
    ]
    assert matches.before_observation == 4  # two claims, each a first one too
    assert repr(matches).endswith("3 customers; 4 occurrences before the observation)")
    (row,) = matches.kpis().rows()
    assert (row["due"], row["met"], row["undecided"]) == (2, 1, 0)  # ann called on 20 December
    assert matches.moments().to_dict()["occurrences"] == [1, 1, 1, 2]
    assert matches.moments().to_dict()["customers"] == [1, 1, 1, 2]


def test_what_occurred_before_only_is_unreached_but_mapped() -> None:
    journey = journey_of(sj.Moment("bound", "s", when=sj.event("bind")), sj.Moment("call", "s", when=sj.event("call")))
    matches = journey.match(log_of(*LIFE))
    assert matches.unreached().to_dict()["moment"] == ["bound"]
    assert matches.unmapped().to_dict() == {"event": ["claim"], "count": [4], "share": [4 / 7]}
    (finding,) = [r for r in journey.check(log_of(*LIFE)).rows() if r["check"] == "moment never reached"]
    assert finding["detail"] == "'bound' never occurs while observed (0 cases undecided)"


def test_undecided_cases_of_the_history_are_counted_not_told() -> None:
    rows = [
        ("ann", datetime(2019, 1, 1), "claim", None),
        ("ann", datetime(2025, 12, 30), "claim", None),
        ("ann", datetime(2026, 2, 1), "claim", None),
    ]
    large = sj.event("claim").where(sj.column("value") > 10)
    matches = journey_of(
        sj.Moment("large", "s", when=large),
        sj.Moment("unheard", "s", when=sj.absent("call", within="9d", after=large)),
        sj.Moment("silent", "s", when=sj.gap("400d")),
    ).match(log_of(*rows))
    told = [(r["moment"], r["time"], r["reason"]) for r in matches.undecided().rows()]
    unknown = "unknown condition"
    assert told == [
        ("large", datetime(2026, 2, 1), unknown),
        ("unheard", datetime(2025, 12, 30), unknown),  # its deadline is the 8th of January
        ("unheard", datetime(2026, 2, 1), unknown),
        ("silent", datetime(2026, 2, 1), "censored"),
    ]
    assert (matches.before_observation, matches.undecided_before_observation) == (1, 3)
    assert repr(matches).endswith("1 customers; 1 occurrence and 3 undecided cases before the observation)")
    assert matches.moments().to_dict()["undecided"] == [1, 2, 1]


def test_ids_and_ordinals_do_not_move_with_the_observation() -> None:
    rows = [("ann", datetime(2025, 6, 1) + timedelta(days=60 * i), "claim", 1.0) for i in range(8)]
    journey = journey_of(sj.Moment("claim", "s", when=sj.event("claim")))
    everything = journey.match(log_of(*rows, observed=None)).occurrences().to_dict()["occurrence_id"]
    for after in range(9):
        first = datetime(2025, 5, 31) + timedelta(days=60 * after)
        observed = {"customer": ["ann"], "from": [first], "to": [datetime(2027, 1, 1)]}
        matches = journey.match(log_of(*rows, observed=observed))
        assert matches.occurrences().to_dict()["occurrence_id"] == everything[after:]
        assert matches.before_observation == after


# --- outcomes and the graph -------------------------------------------------------------------------------------------

RETURNED = (
    ("ann", datetime(2020, 1, 1), "bind", 100.0),
    ("ann", datetime(2021, 1, 1), "cancel", None),
    ("ann", datetime(2022, 1, 1), "bind", 50.0),
    ("ann", datetime(2026, 1, 1), "claim", 8.0),
    ("ann", datetime(2026, 4, 1), "claim", 4.0),
    ("ann", datetime(2026, 8, 1), "cancel", None),
    ("ann", datetime(2026, 9, 1), "claim", 2.0),
    ("bob", datetime(2020, 1, 1), "cancel", None),
)


def test_an_outcome_of_the_history_does_not_end_the_path() -> None:
    journey = journey_of(
        sj.Moment("bound", "s", when=sj.event("bind")),
        sj.Moment("claim", "s", when=sj.event("claim")),
        sj.Moment("year", "s", when=sj.anniversary("bind", every="1 year")),
        outcomes={"left": sj.event("cancel")},
    )
    matches = journey.match(log_of(*RETURNED))
    assert matches.outcomes().rows() == [{"customer": "ann", "outcome": "left", "time": datetime(2026, 8, 1)}]
    # anniversaries stop before the first outcome of the whole life, in 2021: none in 2026
    assert matches.moments().to_dict()["occurrences"] == [0, 3, 0]
    assert matches.before_observation == 2  # two binds; no anniversary fell strictly before 1 January 2021

    graph = matches.graph()
    assert graph.after_outcome == 1
    assert [(r["source"], r["target"], r["count"], r["customers_value"]) for r in graph.edges().rows()] == [
        ("START", "claim", 1, 14.0),
        ("START", "observed", 1, 0.0),
        ("claim", "claim", 1, 14.0),
        ("claim", "left", 1, 14.0),
    ]

    walks = log_of(*RETURNED).graph(outcomes={"left": sj.event("cancel")})
    assert [(r["source"], r["target"], r["count"], r["customers_value"]) for r in walks.edges().rows()] == [
        ("START", "claim", 1, 14.0),
        ("START", "observed", 1, 0.0),
        ("claim", "claim", 1, 14.0),
        ("claim", "left", 1, 14.0),
    ]


def test_a_step_that_carries_an_event_of_the_history_adds_no_value_to_the_graph() -> None:
    journey = journey_of(
        sj.Moment("decade", "s", when=sj.anniversary("bind", every="10 years")),
        sj.Moment("claim", "s", when=sj.event("claim")),
    )
    matches = journey.match(log_of(*LIFE))
    nodes = {r["node"]: r["value"] for r in matches.graph().nodes().rows() if r["kind"] == "moment"}
    assert nodes == {"decade": 0.0, "claim": 9.0}
    assert matches.moments().to_dict()["value"] == [100.0, 9.0]  # of the events carried, wherever they lie


# --- ranges of time ---------------------------------------------------------------------------------------------------


def quarters(matches: sj.Matches, *limits: Any) -> list[tuple[int, int]]:
    """(occurrences, KPIs due) between each limit and the next."""
    return [
        (
            sum(matches.moments(start=a, end=b).to_dict()["occurrences"]),
            sum(matches.kpis(start=a, end=b).to_dict()["due"]),
        )
        for a, b in itertools.pairwise(limits)
    ]


def test_moments_and_kpis_of_a_quarter() -> None:
    rows = [("ann", datetime(2026, m, 1), "claim", float(m)) for m in (1, 3, 4, 6, 7, 10)]
    journey = journey_of(sj.Moment("claim", "s", when=sj.event("claim"), kpi=kpi(follows="claim", within="99d")))
    matches = journey.match(log_of(*rows))
    whole = [(2, 2), (2, 2), (1, 1)]
    as_dates = [date(2026, m, 1) for m in (1, 4, 7, 10)]
    for limits in (as_dates, [str(d) for d in as_dates], [datetime(d.year, d.month, d.day) for d in as_dates]):
        assert quarters(matches, *limits) == whole
    assert quarters(matches, *[pd.Timestamp(d) for d in as_dates]) == whole
    assert quarters(matches, None, "2026-04-01", None) == [(2, 2), (4, 3)]  # the last is undecided
    assert matches.kpis(start="2026-10-01").to_dict()["undecided"] == [1]
    assert matches.kpis(start="2026-10-01").to_dict()["due"] == [0]
    assert quarters(matches, "2026-04-01T00:00", "2026-04-01T00:00:00.000001") == [(1, 1)]  # start ≤ time < end
    assert quarters(matches, "2026-03-31", "2026-04-01") == [(0, 0)]
    assert quarters(matches, "2026-04-01", "2026-04-01") == [(0, 0)]
    (row,) = matches.moments(start="2026-04-01", end="2026-07-01").rows()
    assert (row["value"], row["customers"], row["per_customer"]) == (10.0, 1, 2.0)
    assert matches.kpis(0.5).rows()[0]["low"] > matches.kpis(0.99).rows()[0]["low"]
    empty = matches.kpis(start="2027-01-01").rows()[0]
    assert (empty["due"], empty["share"], empty["low"]) == (0, None, None)


def test_dates_are_days_of_the_logs_zone() -> None:
    chicago = ZoneInfo("America/Chicago")
    local = [datetime(2026, 3, 31, 23, 30), datetime(2026, 4, 1, 0, 0)]
    journey = journey_of(sj.Moment("a", "s", when=sj.event("a"), kpi=kpi(follows="a", within="1h")))
    naive = {"customer": [1, 1], "time": local, "event": ["a", "a"]}
    zoned = {**naive, "time": [t.replace(tzinfo=chicago) for t in local]}
    utc = {**naive, "time": [t.replace(tzinfo=chicago).astimezone(timezone.utc) for t in local]}
    for log in (
        sj.EventLog(naive, timezone="America/Chicago"),
        sj.EventLog(zoned),
        sj.EventLog(utc, timezone="America/Chicago"),
    ):
        matches = journey.match(log)
        assert [n for n, _ in quarters(matches, "2026-03-01", "2026-04-01", "2026-05-01")] == [1, 1]
    in_utc = journey.match(sj.EventLog(utc))
    assert [n for n, _ in quarters(in_utc, "2026-03-01", date(2026, 4, 1), "2026-05-01")] == [0, 2]
    for cut in ("2026-04-01T05:00Z", "2026-04-01T00:00-05:00", local[1].replace(tzinfo=chicago)):
        assert [n for n, _ in quarters(in_utc, None, cut, None)] == [1, 1]


def test_other_kinds_of_time_are_refused() -> None:
    journey = journey_of(sj.Moment("claim", "s", when=sj.event("claim")))
    naive = journey.match(log_of(*LIFE))
    aware = journey.match(
        sj.EventLog({"customer": [1], "time": [FROM.replace(tzinfo=timezone.utc)], "event": ["claim"]})
    )
    without = r"expected a date, or a time without a zone as the log's are, such as '2026-03-01' or '2026-03-01T12:00'$"
    with_zone = (
        r"expected a date, or a time with a zone as the log's are, such as '2026-03-01' or '2026-03-01T12:00\+00:00'$"
    )
    for ask in (naive.moments, naive.kpis):
        for bad in (
            "yesterday",
            "2026-13-01",
            20260101,
            True,
            pd.NaT,
            "2026-01-01T00:00Z",
            FROM.replace(tzinfo=timezone.utc),
        ):
            with pytest.raises(sj.InvalidInput, match="^start: found .*" + without):
                ask(start=bad)
            with pytest.raises(sj.InvalidInput, match="^end: found .*" + without):
                ask(end=bad)
        with pytest.raises(sj.InvalidInput, match=r"^end: found 2026-01-01, expected a time not before start \(2026-"):
            ask(start="2026-01-02", end="2026-01-01")
    for bad in (FROM, "2026-01-01T00:00"):
        with pytest.raises(sj.InvalidInput, match="^start: found 2026-01-01T00:00.*" + with_zone):
            aware.moments(start=bad)
