"""retentioneering's Eventstream and its transition matrix of counts, from a pandas frame with the event as a category.

It gives counts, starts and ends, no mean gap (its times are medians): less than is asked of the others.
"""

import pandas as pd
import pyarrow as pa
from retentioneering import Eventstream, engine
from retentioneering.tools.transition_matrix import TransitionMatrix

from reference import END, START, Answer, edges
from systems import Query

SCHEMA = {"path_cols": ["customer"], "event_col": "event", "timestamp_col": "time", "custom_cols": []}


def prepare(table: pa.Table, threads: int) -> pd.DataFrame:
    """Make a pandas frame. Its queries run in a DuckDB of its own, whose threads nothing public sets."""
    engine._root().execute(f"SET threads = {threads}")
    return table.select(["customer", "time", "event"]).to_pandas()


def _count(frame: pd.DataFrame) -> pd.DataFrame:
    return TransitionMatrix(Eventstream(frame, schema=dict(SCHEMA))).fit("count")


def _edges(result: pd.DataFrame) -> Answer:
    words = {"path_start": START, "path_end": END}
    return edges(
        {
            (words.get(source, source), words.get(target, target)): int(count)
            for source, row in result.iterrows()
            for target, count in row.items()
        }
    )


TASKS = {
    "transitions": {"transition matrix": Query(_count, _edges, data=frozenset({"int"}), named=True, repeats=1)},
}
