"""sojourn, through its public Python API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import sojourn as sj
from questions import (
    CONFIDENCE,
    DRAWS,
    ENDS,
    ENDS_DRAWN,
    EVENT_MOVES,
    EVER,
    FIRST,
    LEAVES,
    MOVES,
    NOBODY,
    OUTCOME_ID,
    SOON,
    TEN_ORDERS,
    TENTH,
    THIRD,
    patterns,
)
from reference import END, Answer, edges
from systems import Query


@dataclass(frozen=True)
class Input:
    """The table as it came, or what was made of it; and the number of threads to use."""

    of: Any
    threads: int


def prepare(table: pa.Table, threads: int) -> Input:
    """Hold the log."""
    return Input(sj.EventLog(table, value="value", threads=threads), threads)


def _raw(table: pa.Table, threads: int) -> Input:
    return Input(table, threads)


def _matched(table: pa.Table, threads: int) -> Input:
    """Hold the matches of a journey, as peers hold its occurrences."""
    asked = patterns.journey(*patterns.MOVES, outcomes=patterns.OUTCOMES)
    return Input(asked.match(prepare(table, threads).of, threads=threads), threads)


def _counted(table: pa.Table, threads: int) -> Input:
    return Input(_matched(table, threads).of.graph(threads=threads), threads)


# --- patterns -------------------------------------------------------------------------------------


def _match(*asked: sj.Pattern) -> Callable[[Input], sj.Matches]:
    journey = patterns.journey(*asked)
    return lambda data: journey.match(data.of, threads=data.threads)


def _table(*asked: sj.Pattern) -> Callable[[Input], sj.Table]:
    match = _match(*asked)
    return lambda data: match(data).occurrences(threads=data.threads)


def _from_raw(run: Callable[[Input], Any]) -> Callable[[Input], Any]:
    """Read what the question needs, as a lazy frame does: who, when and what."""
    return lambda data: run(Input(sj.EventLog(data.of, threads=data.threads), data.threads))


def _rows(question: str) -> Callable[[sj.Matches | sj.Table], pa.Table]:
    """Say who and when: of an absence, when the claim was closed."""
    time = "start_time" if question == NOBODY else "time"
    place = list(patterns.QUESTIONS).index(question)

    def answer(result: sj.Matches | sj.Table) -> pa.Table:
        table = pa.table(result.occurrences() if isinstance(result, sj.Matches) else result)
        if isinstance(result, sj.Matches) and len(result.journey.moments) > 1:
            table = table.filter(pc.equal(table["moment"], f"m{place}"))
        return pa.table({"customer": table["customer"], "time": table[time]})

    return answer


def _pattern(question: str) -> dict[str, Query]:
    asked, rows = patterns.QUESTIONS[question], _rows(question)
    return {
        "match": Query(_match(asked), rows),
        "match, table": Query(_table(asked), rows),
        "read, match, table": Query(_from_raw(_table(asked)), rows, raw=True, prepare=_raw),
        "read, match ten moments": Query(_from_raw(_match(*patterns.TEN)), rows, raw=True, prepare=_raw),
    }


# --- moves, and where they end --------------------------------------------------------------------


def _moves(data: Input) -> sj.Table:
    return data.of.graph(threads=data.threads).edges()


def _edges(result: sj.Table) -> Answer:
    """Tell the moves but those of customers without any step, which peers' tables of steps do not have."""
    counts, gaps, customers = {}, {}, {}
    for row in pa.table(result).to_pylist():
        target = END if row["target"] == "observed" else row["target"]
        if (row["source"], target) == ("START", END):
            continue
        counts[row["source"], target] = row["count"]
        customers[f"{row['source']} -> {target}"] = row["customers"]
        if row["mean_gap"] is not None:
            gaps[row["source"], target] = row["mean_gap"]
    return {**edges(counts, gaps), "customers": customers}


def _absorb(draws: int) -> Callable[[Input], sj.Table]:
    return lambda data: data.of.absorption(interval=CONFIDENCE, draws=draws, threads=data.threads)


def _shares(*columns: str) -> Callable[[sj.Table], Answer]:
    def answer(result: sj.Table) -> Answer:
        rows = [row for row in pa.table(result).to_pylist() if row["probability"] is not None]
        return {column: {f"{row['node']} -> {row['outcome']}": row[column] for row in rows} for column in columns}

    return answer


# --- what pm4py and retentioneering offer ---------------------------------------------------------


def _customers(result: sj.Table) -> pa.Table:
    return pa.table({"customer": pa.table(result)["customer"].unique()})


def _how_many(pattern: sj.Pattern) -> Callable[[Input], sj.Table]:
    match = _match(pattern)
    return lambda data: match(data).moments()


def _first_followed(data: Input) -> sj.Table:
    met = {"follows": "follow_up", "within": "10d"}
    first = sj.Moment("m0", "all", when=sj.nth("claim_closed", 1), kpi={"name": "followed up", "met": met})
    return sj.Journey(["all"], [first]).match(data.of, threads=data.threads).kpis()


def _event_moves(data: Input) -> sj.Table:
    return data.of.graph({OUTCOME_ID: sj.event(LEAVES)}, threads=data.threads).edges()


TASKS = {
    THIRD: _pattern(THIRD),
    TENTH: _pattern(TENTH),
    NOBODY: _pattern(NOBODY),
    MOVES: {"graph, edges": Query(_moves, _edges, prepare=_matched)},
    ENDS: {"absorption, 1 draw": Query(_absorb(1), _shares("probability"), prepare=_counted)},
    ENDS_DRAWN: {"absorption": Query(_absorb(DRAWS), _shares("probability", "low", "high"), prepare=_counted)},
    TEN_ORDERS: {"match, table": Query(_table(sj.nth("order", 10)), _customers)},
    SOON: {"match, table": Query(_table(sj.sequence("claim_closed", "follow_up", within="10d")), _customers)},
    EVER: {
        "match, moments": Query(
            _how_many(sj.sequence("claim_closed", "follow_up", within="100 years")),
            lambda result: {"customers": result.to_dict()["customers"][0]},
        )
    },
    FIRST: {"match, kpis": Query(_first_followed, lambda result: {"customers": result.to_dict()["met"][0]})},
    EVENT_MOVES: {
        "graph, edges": Query(_event_moves, lambda result: {"counts": _edges(result)["counts"]}),
    },
}
