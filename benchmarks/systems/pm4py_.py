"""pm4py's discover_dfg, from a pandas frame and from a Polars lazy frame.

It gives counts, starts and ends, no gaps: less than is asked of the others. Its starts and ends follow the order of
rows and not of time, so it is asked only where the table is in time order. Columns are renamed and cast before the
clock starts.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd
import pm4py
import polars as pl
import pyarrow as pa

from reference import END, START, Answer, edges
from systems import Query

INT = frozenset({"int"})


@dataclass(frozen=True)
class Input:
    """The log in both forms."""

    pandas: pd.DataFrame
    polars: pl.LazyFrame


def prepare(table: pa.Table, threads: int) -> Input:
    """Make ids and names strings. Its Polars follows POLARS_MAX_THREADS; its pandas has one thread."""
    frame = pl.DataFrame(table).select(
        pl.col("customer").cast(pl.String).alias("case:concept:name"),
        pl.col("event").cast(pl.String).alias("concept:name"),
        pl.col("time").dt.replace_time_zone("UTC").alias("time:timestamp"),
    )
    return Input(frame.to_pandas(), frame.lazy())


def _discover(form: str) -> Any:
    def run(data: Input) -> Any:
        return pm4py.discover_dfg(getattr(data, form))

    return run


def _edges(result: Any) -> Answer:
    pairs, starts, ends = result
    counts = dict(pairs)
    counts.update({(START, name): count for name, count in starts.items()})
    counts.update({(name, END): count for name, count in ends.items()})
    return edges(counts)


TASKS = {
    "transitions": {
        "discover_dfg of a LazyFrame": Query(
            _discover("polars"), _edges, data=INT, named=True, time_ordered_only=True, repeats=1
        ),
        "discover_dfg of pandas": Query(
            _discover("pandas"), _edges, data=INT, named=True, time_ordered_only=True, repeats=1
        ),
    },
}
