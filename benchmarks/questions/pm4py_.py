"""pm4py: filters of cases and directly-follows counts, from a pandas frame or a Polars lazy frame made before.

It says which cases, never when; ids and names are strings. Its window of a follow-up is only in the LTL checker, whose
Polars form does not heed it.
"""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pm4py
import polars as pl
import pyarrow as pa
from pm4py.algo.filtering.pandas.ltl import ltl_checker
from pm4py.algo.filtering.polars.ltl import ltl_checker as polars_checker

from questions import EVER, MOVES, OUTCOME_ID, SOON, TEN_ORDERS
from reference import END, START, Answer, edges
from systems import Query

INT = frozenset({"int"})
CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"


def _named(table: pa.Table, event: str) -> pl.DataFrame:
    return pl.DataFrame(table).select(
        pl.col("customer").cast(pl.String).alias(CASE),
        pl.col(event).cast(pl.String).alias(ACTIVITY),
        pl.col("time").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias(TIME),
    )


def prepare(table: pa.Table, threads: int) -> pd.DataFrame:
    """Make a pandas frame."""
    return _named(table, "event").to_pandas()


def _lazy(table: pa.Table, threads: int) -> pl.LazyFrame:
    return _named(table, "event").lazy()


def _steps(table: pa.Table, threads: int) -> pl.LazyFrame:
    from questions.walks import walks  # ours: loaded only where it is asked for

    return _named(walks(table, threads), "node").lazy()


def _cases(result: Any) -> pa.Table:
    cases = result[CASE].unique().to_list() if isinstance(result, pl.DataFrame) else result[CASE].unique().tolist()
    return pa.table({"customer": pa.array([int(case) for case in cases], pa.int64())})


def _ten(log: Any) -> Any:
    return _collected(pm4py.filter_activities_rework(log, "order", 10))


def _ever(log: Any) -> Any:
    return _collected(pm4py.filter_eventually_follows_relation(log, [("claim_closed", "follow_up")]))


def _soon(checker: Any) -> Callable[[Any], Any]:
    parameters = {
        checker.Parameters.ENABLE_TIMESTAMP: True,
        checker.Parameters.TIMESTAMP_DIFF_BOUNDARIES: [(0, 10 * 86_400)],
    }
    return lambda log: _collected(checker.eventually_follows(log, ["claim_closed", "follow_up"], parameters))


def _collected(result: Any) -> Any:
    return result.collect() if isinstance(result, pl.LazyFrame) else result


def _count(result: Any) -> Answer:
    return {"customers": _cases(result).num_rows}


def _edges(result: Any) -> Answer:
    """Tell the counts of the moves; an outcome's own end is no move."""
    pairs, starts, ends = result
    counts = dict(pairs)
    counts.update({(START, name): count for name, count in starts.items()})
    counts.update({(name, END): count for name, count in ends.items() if name != OUTCOME_ID})
    return edges(counts)


def _both(run: Callable[[Any], Any], name: str, answer: Callable[[Any], Any]) -> dict[str, Query]:
    return {
        f"{name} of pandas": Query(run, answer, data=INT),
        f"{name} of a LazyFrame": Query(run, answer, data=INT, prepare=_lazy),
    }


TASKS = {
    TEN_ORDERS: _both(_ten, "filter_activities_rework", _cases),
    SOON: {
        "LTL eventually_follows of pandas": Query(_soon(ltl_checker), _cases, data=INT),
        "LTL eventually_follows of a LazyFrame": Query(
            _soon(polars_checker), _cases, data=INT, prepare=_lazy, fault="does not heed the window"
        ),
    },
    EVER: _both(_ever, "filter_eventually_follows_relation", _count),
    MOVES: {
        "discover_dfg of a LazyFrame": Query(
            pm4py.discover_dfg, _edges, data=INT, prepare=_steps, unlike="counts only"
        ),
    },
}
