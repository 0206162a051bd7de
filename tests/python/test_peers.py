"""The same questions asked of the peers: equal where definitions agree; where they differ, the difference reproduced.

docs/peers.md has the differences in words. The real log is not ours to hand on; where it is not at hand those tests are
skipped, and so are those of peers that are not installed (pm4py, DuckDB and Polars come with the tests).
"""

from __future__ import annotations

import warnings
from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import sojourn as sj

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pm4py
    from pm4py.algo.discovery.dfg.variants import clean

BPIC = next(
    (file for up in Path(__file__).parents if (file := up / "shared" / "data" / "bpic2012.xes.gz").is_file()), None
)
AT_HAND = pytest.mark.skipif(BPIC is None, reason="bpic2012.xes.gz is not ours to hand on; not at hand here")
COMPANIES = ["insurer", pytest.param("bpic2012", marks=AT_HAND)]
Pair = tuple[str, str]


@cache
def events(company: str) -> pl.DataFrame:
    """Return customer, time, event and rn, the place of the row in its table."""
    table = sj.datasets.insurer().events if company == "insurer" else sj.read_xes(BPIC)  # type: ignore[arg-type]
    return table.to_polars().select(pl.col("customer").cast(pl.String), "time", "event").with_row_index("rn")


@cache
def log_of(company: str) -> sj.EventLog:
    return sj.EventLog(events(company))


def frame(table: pl.DataFrame) -> pd.DataFrame:
    """Return a table as pm4py has it."""
    names = {"customer": "case:concept:name", "event": "concept:name", "time": "time:timestamp"}
    if table.schema["time"].time_zone is None:  # type: ignore[union-attr]
        table = table.with_columns(pl.col("time").dt.replace_time_zone("UTC"))
    return table.to_pandas().rename(columns=names)


def pm(function: str, table: pl.DataFrame, **options: Any) -> Any:
    """Return pm4py's answer; its advice and deprecations are no matter of ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(pm4py, function)(frame(table), **options)


def sql(table: pl.DataFrame, query: str) -> list[tuple[Any, ...]]:
    """Return DuckDB's answer to a query over `log`."""
    connection = duckdb.connect()
    connection.register("log", table.to_arrow())
    return connection.execute(query).fetchall()


def follows(log: sj.EventLog) -> tuple[Counter[Pair], Counter[str], Counter[str]]:
    """Return directly-follows counts, first and last events."""
    rows = log.transitions(columns=["count"]).rows()
    inner = {(r["source"], r["target"]): r["count"] for r in rows if r["source"] != "START" and r["target"] != "END"}
    starts = {r["target"]: r["count"] for r in rows if r["source"] == "START"}
    ends = {r["source"]: r["count"] for r in rows if r["target"] == "END"}
    return Counter(inner), Counter(starts), Counter(ends)


def moved(ours: Counter[Pair], theirs: Counter[Pair]) -> int:
    """Return how many counts lie elsewhere, each counted where it is missed and where it is too many."""
    return (ours - theirs).total() + (theirs - ours).total()


def walks(*rows: tuple[str, float, str]) -> pl.DataFrame:
    columns = {
        "customer": [row[0] for row in rows],
        "time": [datetime(2026, 1, 1) + timedelta(days=row[1]) for row in rows],
        "event": [row[2] for row in rows],
    }
    return pl.DataFrame(columns).with_row_index("rn")


# --- where definitions agree ------------------------------------------------------------------------------------------


def test_directly_follows_equals_pm4py() -> None:  # on bpic2012: test_xes.py
    ours = follows(log_of("insurer"))
    assert ours == tuple(pm("discover_dfg", events("insurer")))
    assert ours[0].total() == 859_951 - 20_982


@pytest.mark.parametrize("company", COMPANIES)
def test_directly_follows_equals_duckdb(company: str) -> None:
    found = sql(
        events(company),
        """select event, next, count(*), count(distinct customer), avg(epoch_us(later) - epoch_us(time)) / 1e6 from (
             select customer, time, event, lead(event) over w as next, lead(time) over w as later from log
             window w as (partition by customer order by time, rn)) where next is not null group by all""",
    )
    theirs = {(source, target): rest for source, target, *rest in found}
    ours = {(r["source"], r["target"]): r for r in log_of(company).transitions().rows() if r["mean_gap"] is not None}
    assert ours.keys() == theirs.keys()
    for pair, (count, customers, gap) in theirs.items():
        assert (ours[pair]["count"], ours[pair]["customers"]) == (count, customers)
        assert ours[pair]["mean_gap"] == pytest.approx(gap, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("company", COMPANIES)
def test_durations_equal_pm4py(company: str) -> None:
    """A case lasts as long as its moves; and pm4py's performance graph has our mean gaps."""
    rows = [r for r in log_of(company).transitions().rows() if r["mean_gap"] is not None]
    durations = pm("get_all_case_durations", events(company))
    assert len(durations) == log_of(company).customers
    assert sum(r["count"] * r["mean_gap"] for r in rows) == pytest.approx(sum(durations), rel=1e-9)
    assert round(sum(durations) / 86_400) == {"insurer": 33_505_268, "bpic2012": 112_860}[company]
    performance = pm("discover_performance_dfg", events(company))[0]
    assert {pair: cell["mean"] for pair, cell in performance.items()} == pytest.approx(
        {(r["source"], r["target"]): r["mean_gap"] for r in rows}, rel=1e-9, abs=1e-6
    )


@pytest.mark.parametrize("company", COMPANIES)
def test_rework_equals_pm4py(company: str) -> None:
    """Cases in which an activity comes again: customers with a second one. Self-loops are pairs of the DFG."""
    names = log_of(company).event_names
    moments = [sj.Moment(f"m{i}", "all", when=sj.nth(name, 2)) for i, name in enumerate(names)]
    found = sj.Journey(["all"], moments).match(log_of(company)).moments().to_dict()["customers"]
    ours = {name: customers for name, customers in zip(names, found, strict=True) if customers}
    assert ours == pm("get_rework_cases_per_activity", events(company))


@pytest.mark.parametrize("company", COMPANIES)
def test_eventually_follows_equals_pm4py(company: str) -> None:
    """Of events that come once a case; where they come again pm4py counts pairs of events, see below."""
    once = (
        events(company).sort("customer", "time", "rn").unique(["customer", "event"], keep="first", maintain_order=True)
    )
    theirs = pm("discover_eventually_follows_graph", once)
    names = sorted(once["event"].unique())
    pairs = [(a, b) for a in names for b in names if a != b]
    moments = [sj.Moment(f"m{i}", "all", when=sj.sequence(a, b, within="36500d")) for i, (a, b) in enumerate(pairs)]
    found = sj.Journey(["all"], moments).match(sj.EventLog(once)).moments().to_dict()["customers"]
    assert {pair: n for pair, n in zip(pairs, found, strict=True) if n} == theirs
    assert len(theirs) > 200


@pytest.mark.parametrize(
    ("company", "event", "n", "days", "found"),
    [
        ("insurer", "contact", 3, 30, 3_533),
        pytest.param("bpic2012", "W_Nabellen offertes", 3, 1, 17_319, marks=AT_HAND),
        pytest.param("bpic2012", "O_CREATED", 2, 30, 1_987, marks=AT_HAND),
    ],
)
def test_so_many_in_a_window_equal_duckdb(company: str, event: str, n: int, days: int, found: int) -> None:
    """The n-th last is no older than the window: `lag` with a tie-break says just that."""
    moment = sj.Moment("m", "all", when=sj.count(event, at_least=n, within=f"{days}d", rearm="every"))
    matches = sj.Journey(["all"], [moment]).match(log_of(company))
    ours = {(r["customer"], r["time"]) for r in matches.occurrences().rows()}
    theirs = sql(
        events(company).filter(pl.col("event") == event),
        f"""select customer, time from (select customer, time, lag(time, {n - 1}) over (
              partition by customer order by time, rn) as earlier from log)
            where time - earlier <= interval {days} days""",
    )
    assert len(matches) == len(theirs) == found
    if company == "insurer":
        assert ours == set(theirs)


@pytest.mark.parametrize("company", COMPANIES)
def test_transition_matrix_equals_retentioneering(company: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = eventstream(company, monkeypatch)
    from retentioneering.tools.transition_matrix import TransitionMatrix

    matrix = TransitionMatrix(stream).fit("count")
    words = {"path_start": "START", "path_end": "END"}
    theirs = {
        (words.get(source, source), words.get(target, target)): int(count)
        for source, row in matrix.iterrows()
        for target, count in row.items()
        if count
    }
    rows = log_of(company).transitions(columns=["count"]).rows()
    assert {(r["source"], r["target"]): r["count"] for r in rows} == theirs


def eventstream(company: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("RETENTIONEERING_NO_TRACK", "1")
    retentioneering = pytest.importorskip("retentioneering")
    schema = {"path_cols": ["customer"], "event_col": "event", "timestamp_col": "time", "custom_cols": []}
    table = events(company).select("customer", pl.col("time").dt.replace_time_zone(None), "event")
    return retentioneering.Eventstream(table.to_pandas(), schema=schema)


# --- where they differ ------------------------------------------------------------------------------------------------


def test_pm4py_clean_loses_the_first_pair_of_each_case() -> None:
    table = walks(("ann", 0, "a"), ("ann", 1, "b"), ("ann", 2, "c"), ("bob", 0, "a"), ("bob", 1, "b"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = clean.apply(frame(table)).graph
    assert follows(sj.EventLog(table))[0] == {("a", "b"): 2, ("b", "c"): 1}
    assert dict(theirs) == {("b", "c"): 1}


@AT_HAND
def test_pm4py_clean_loses_as_many_pairs_as_there_are_cases() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = Counter(clean.apply(frame(events("bpic2012"))).graph)
    ours = follows(log_of("bpic2012"))[0]
    assert (ours.total(), theirs.total(), (ours - theirs).total()) == (249_113, 236_026, 13_087)
    assert ours["A_SUBMITTED", "A_PARTLYSUBMITTED"] == 13_087 and theirs["A_SUBMITTED", "A_PARTLYSUBMITTED"] == 0


def test_pm4py_takes_starts_and_ends_from_the_order_of_rows() -> None:
    table = walks(("ann", 0, "a"), ("ann", 1, "b"))
    theirs = pm("discover_dfg", table.reverse())
    ours = follows(sj.EventLog(table.reverse()))
    assert ours == ({("a", "b"): 1}, {"a": 1}, {"b": 1}) == follows(sj.EventLog(table))
    assert (dict(theirs[0]), dict(theirs[1]), dict(theirs[2])) == ({("a", "b"): 1}, {"b": 1}, {"a": 1})


@AT_HAND
def test_pm4py_starts_and_ends_of_shuffled_rows() -> None:
    shuffled = events("bpic2012").sample(fraction=1.0, shuffle=True, seed=0)
    starts = pm("discover_dfg", shuffled)[1]
    ours = follows(sj.EventLog(shuffled, ties="rn"))
    assert ours == follows(log_of("bpic2012")) and ours[1] == {"A_SUBMITTED": 13_087}
    assert sum(starts.values()) == 13_087 and starts["A_SUBMITTED"] < 7_000 and len(starts) > 9


@AT_HAND
def test_pm4py_counts_pairs_of_events_that_eventually_follow() -> None:
    theirs = pm("discover_eventually_follows_graph", events("bpic2012"))
    moment = sj.Moment("m", "all", when=sj.sequence("A_SUBMITTED", "W_Completeren aanvraag", within="365d"))
    found = sj.Journey(["all"], [moment]).match(log_of("bpic2012")).moments().rows()[0]
    assert theirs["A_SUBMITTED", "W_Completeren aanvraag"] == 54_850 and found["customers"] == 7_367


@pytest.mark.parametrize("company", COMPANIES)
def test_ties_need_a_tie_break(company: str) -> None:
    """A table whose rows were shuffled has lost the order of ties; a column that holds it brings it back, here too."""
    shuffled = events(company).sample(fraction=1.0, shuffle=True, seed=0)
    ours = follows(log_of(company))[0]
    assert follows(sj.EventLog(shuffled, ties="rn"))[0] == ours
    for order, right in (("time, rn", True), ("time", False)):
        found = sql(
            shuffled,
            f"""select event, next, count(*) from (select event, lead(event) over (
                  partition by customer order by {order}) as next from log) where next is not null group by all""",
        )
        theirs = Counter({(source, target): count for source, target, count in found})
        assert theirs.total() == ours.total() and (moved(ours, theirs) == 0) is right
    for keys, right in ((["customer", "time", "rn"], True), (["customer", "time"], False)):
        paired = shuffled.sort(keys).with_columns(next=pl.col("event").shift(-1).over("customer")).drop_nulls("next")
        theirs = Counter({(a, b): n for a, b, n in paired.group_by("event", "next").len().rows()})
        assert theirs.total() == ours.total() and (moved(ours, theirs) == 0) is right


def test_ends_and_ties_of_a_window() -> None:
    """Ours is closed at both ends; of a tie only what came before counts. Polars' default and SQL's RANGE differ."""

    def ours(table: pl.DataFrame) -> int:
        moment = sj.Moment("m", "all", when=sj.count("c", at_least=3, within="30d", rearm="every"))
        return len(sj.Journey(["all"], [moment]).match(sj.EventLog(table)))

    def polars(table: pl.DataFrame, **closed: Any) -> int:
        counts = table.rolling("time", period="30d", group_by="customer", **closed).agg(n=pl.len())
        return counts.filter(pl.col("n") >= 3).height

    def by_range(table: pl.DataFrame) -> int:
        return sql(
            table,
            """select count(*) from (select count(*) over (partition by customer order by time
                 range between interval 30 days preceding and current row) as n from log) where n >= 3""",
        )[0][0]

    on_the_day = walks(("ann", 0, "c"), ("ann", 10, "c"), ("ann", 30, "c"))
    assert (ours(on_the_day), polars(on_the_day), polars(on_the_day, closed="both"), by_range(on_the_day)) == (
        1,
        0,
        1,
        1,
    )
    tied = walks(("ann", 0, "c"), ("ann", 10, "c"), ("ann", 10, "c"))
    assert (ours(tied), polars(tied), polars(tied, closed="both"), by_range(tied)) == (1, 2, 2, 2)


@AT_HAND
def test_an_end_of_the_rows_is_no_end_of_the_case() -> None:
    """What others call the end of a path is, for 399 applications, only the end of the data."""
    ends = {name: sj.event(name) for name in ("A_DECLINED", "A_CANCELLED", "A_ACTIVATED")}
    graph = log_of("bpic2012").graph(ends)
    assert {r["node"]: r["customers"] for r in graph.nodes().rows()}["observed"] == 399


@AT_HAND
def test_retentioneering_keeps_who_has_ended_in_its_step_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path_end stays to the last step: a step's shares are of all paths, not of those still there."""
    stream = eventstream("bpic2012", monkeypatch)
    from retentioneering.tools.step_matrix import StepMatrix

    matrix = StepMatrix(stream).fit(max_steps=5)[0]
    assert [round(share, 4) for share in matrix.loc["path_end"]] == [0, 0, 0, 0, 0.262, 0.262]


@AT_HAND
def test_bupar_counts_runs_of_one_activity() -> None:
    """Its self-loop, by its documentation, is a run of any length (by one resource, or several); ours is a move."""
    ordered = events("bpic2012").sort("customer", "time", "rn")
    runs = ordered.group_by(pl.struct("customer", "event").rle_id()).len()["len"]
    moves = sum(count for (source, target), count in follows(log_of("bpic2012"))[0].items() if source == target)
    assert (runs > 1).sum() == 20_296 and moves == (runs - 1).sum() == 105_776


# --- removal effects --------------------------------------------------------------------------------------------------


@cache
def insurer_graph() -> sj.graph.JourneyGraph:
    data = sj.datasets.insurer()
    return data.journey.match(data.log).graph()


def simulated(graph: sj.graph.JourneyGraph, removed: str | None, walkers: int, seed: int) -> int:
    """Return how many random walks from START reach `left`, visitors of a removed node ending elsewhere."""
    edges = graph.edges().rows()
    names = ["left", "observed", *dict.fromkeys(e["source"] for e in edges)]
    steps = np.zeros((len(names), len(names)))
    for e in edges:
        steps[names.index(e["source"]), names.index(e["target"])] = e["probability"]
    cumulative = np.cumsum(steps, axis=1)
    gone = -1 if removed is None else names.index(removed)
    draw = np.random.default_rng(seed)
    at, left = np.full(walkers, names.index("START")), 0
    while at.size:
        at = (cumulative[at] < draw.random((at.size, 1)) * cumulative[at, -1:]).sum(axis=1)
        left += int((at == 0).sum())
        at = at[(at > 1) & (at != gone)]
    return left


@pytest.mark.parametrize("node", ["renewal_rise", "adjuster_contact", "third_contact", "bind"])
def test_removal_effects_equal_a_simulation_of_their_definition(node: str) -> None:
    """What ChannelAttribution estimates by random walks, we solve: they agree to within four standard errors."""
    graph, walkers = insurer_graph(), 200_000
    exact = {row["node"]: row["effect"] for row in graph.removal_effects("left", draws=2).rows()}[node]
    with_all, without = simulated(graph, None, walkers, 1), simulated(graph, node, walkers, 2)
    error = without / with_all * np.sqrt(1 / with_all + 1 / without)
    assert error < 0.01 and abs(1 - without / with_all - exact) < 4 * error


def test_removal_effects_are_of_all_who_left() -> None:
    """Of 4,247 some left without any moment: by way of a moment, as ChannelAttribution asks, is a larger share."""
    effect = {r["node"]: r["effect"] for r in insurer_graph().removal_effects("left", draws=2).rows()}["renewal_rise"]
    direct = share_without_moment()
    assert direct == 976 / 4_247
    assert (round(effect, 3), round(effect / (1 - direct), 3)) == (0.388, 0.503)


def test_removal_effects_of_channel_attribution() -> None:
    """The package itself, where it is installed, on the insurer's walks: Monte Carlo, about a point off."""
    package = pytest.importorskip("ChannelAttribution")
    data = sj.datasets.insurer()
    matches = data.journey.match(data.log)
    ended = matches.outcomes().to_polars().select("customer", end="time")
    steps = matches.occurrences().to_polars().join(ended, on="customer", how="left")
    steps = steps.filter(pl.col("end").is_null() | (pl.col("time") <= pl.col("end")))
    paths = steps.group_by("customer", maintain_order=True).agg(path=pl.col("moment"), left=pl.col("end").first())
    table = paths.select(
        path=pl.col("path").list.join(" > "),
        left=pl.col("left").is_not_null().cast(pl.Int64),
        stayed=pl.col("left").is_null().cast(pl.Int64),
    ).to_pandas()
    found = package.markov_model(
        table, "path", "left", var_null="stayed", out_more=True, seed=7, ncore=1, verbose=False
    )
    theirs = found["removal_effects"].set_index("channel_name").iloc[:, 0].to_dict()
    # Walks without a moment are none to the package: the effect is of those who left by way of any.
    direct = share_without_moment()
    exact = {r["node"]: r["effect"] for r in insurer_graph().removal_effects("left", draws=2).rows()}
    for node, effect in theirs.items():
        assert effect * (1 - direct) == pytest.approx(exact[node], abs=0.02)


def share_without_moment() -> float:
    edges = {(e["source"], e["target"]): e["count"] for e in insurer_graph().edges().rows()}
    left = sum(count for (_, target), count in edges.items() if target == "left")
    return edges["START", "left"] / left
