"""DuckDB on the Arrow table.

A window ordered by time alone gives another answer at each run where times are equal. So the order ends with the
row's number, which is put into the table before the clock starts.
"""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from reference import END, START, Answer, edges, grouped
from systems import TIME_ORDERED, Query


def prepare(table: pa.Table, threads: int) -> duckdb.DuckDBPyConnection:
    """Make a connection that sees the log, rows numbered, as `log`."""
    time = table["time"].cast(pa.int64())
    table = table.set_column(table.column_names.index("time"), "time", time)
    table = table.append_column("row", pa.array(np.arange(table.num_rows)))
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}")
    connection.register("log", table)
    return connection


def _arrow(query: str) -> Any:
    def run(connection: duckdb.DuckDBPyConnection) -> pa.Table:
        return connection.sql(query).to_arrow_table()

    return run


def _table(query: str) -> Any:
    """Leave the result in DuckDB's own memory."""

    def run(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE result AS {query}")
        return connection.table("result")

    return run


def _sort(by: str) -> str:
    return f"SELECT customer, time, event, value FROM log ORDER BY {by}"


def _lead(by: str) -> str:
    return f"""
        SELECT event, target, count(*) AS n, avg(gap) AS gap, sum(start) AS start
        FROM (
            SELECT event, lead(event) OVER w AS target, lead(time) OVER w - time AS gap,
                   (lag(time) OVER w IS NULL)::INTEGER AS start
            FROM log WINDOW w AS (PARTITION BY customer ORDER BY {by})
        )
        GROUP BY event, target"""


def _rows(result: pa.Table | duckdb.DuckDBPyRelation) -> Answer:
    return grouped(result if isinstance(result, pa.Table) else result.to_arrow_table())


def _edges(result: pa.Table) -> Answer:
    rows = result.to_pylist()
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row["event"], row["target"] or END] = row["n"]
        counts[START, row["event"]] = counts.get((START, row["event"]), 0) + int(row["start"])
    return edges(counts, {(row["event"], row["target"]): row["gap"] / 1e6 for row in rows if row["target"]})


TASKS = {
    "ingest": {
        "order by, to Arrow": Query(_arrow(_sort("customer, time, row")), _rows, named=True),
        "order by, to a table": Query(_table(_sort("customer, time, row")), _rows, named=True),
        "order by row, to Arrow": Query(
            _arrow(_sort("customer, row")), _rows, data=TIME_ORDERED, time_ordered_only=True
        ),
    },
    "transitions": {
        "lead, row number breaks ties": Query(_arrow(_lead("time, row")), _edges, named=True),
        "lead by row number": Query(_arrow(_lead("row")), _edges, data=TIME_ORDERED, time_ordered_only=True),
    },
}
