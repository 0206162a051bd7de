"""retentioneering, from an Eventstream made before: filters, funnels, conversion, transitions up to an outcome.

It says which paths, or how many, never when. A conversion looks from the first closing only.
"""

import contextlib
from typing import Any

import pandas as pd
import pyarrow as pa
from retentioneering import Eventstream, engine
from retentioneering.exceptions import EmptyEventstreamError

from questions import EVENT_MOVES, EVER, FIRST, LEAVES, OUTCOME_ID, TEN_ORDERS
from reference import END, START, Answer, edges
from systems import Query

INT = frozenset({"int"})
SCHEMA = {"path_cols": ["customer"], "event_col": "event", "timestamp_col": "time", "custom_cols": []}


def prepare(table: pa.Table, threads: int) -> Eventstream:
    """Make an Eventstream. Its queries run in a DuckDB of its own, whose threads nothing public sets."""
    engine._root().execute(f"SET threads = {threads}")
    return Eventstream(table.select(["customer", "time", "event"]).to_pandas(), schema=dict(SCHEMA))


def _ten(stream: Eventstream) -> Eventstream | None:
    condition = {"op": ">=", "metric": "event_count", "value": 10, "metric_args": {"event": "order"}}
    with contextlib.suppress(EmptyEventstreamError):
        return stream.filter_paths(condition)
    return None


def _paths(result: Eventstream | None) -> pa.Table:
    return pa.table({"customer": [] if result is None else result.df["customer"].unique()})


def _funnel(stream: Eventstream) -> Any:
    return stream.funnel_data(["claim_closed", "follow_up"])


def _conversion(stream: Eventstream) -> pd.DataFrame:
    return stream.get_conversion_rate("claim_closed", "follow_up", within="10d")


def _transitions(stream: Eventstream) -> pd.DataFrame:
    cut = stream.truncate_paths("path_start", [LEAVES, "path_end"])
    return cut.transition_graph_data(edge_weight="count")


def _edges(result: pd.DataFrame) -> Answer:
    words = {"path_start": START, "path_end": END, LEAVES: OUTCOME_ID}
    return edges(
        {
            (words.get(source, source), words.get(target, target)): int(count)
            for source, row in result.iterrows()
            for target, count in row.items()
            if source != LEAVES  # where a path was cut, nothing follows
        }
    )


TASKS = {
    TEN_ORDERS: {"filter_paths by event_count": Query(_ten, _paths, data=INT)},
    EVER: {
        "funnel": Query(_funnel, lambda result: {"customers": result["steps"][-1]["unique_paths"]}, data=INT),
    },
    FIRST: {
        "get_conversion_rate": Query(
            _conversion, lambda result: {"customers": int(result["converted"].iloc[0])}, data=INT
        )
    },
    EVENT_MOVES: {"truncate_paths, transition graph": Query(_transitions, _edges, data=INT, unlike="counts only")},
}
