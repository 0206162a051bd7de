"""Patterns, against DuckDB's windows and joins and Polars' sorts and as-of joins: ten million events, the answers compared.

    python benchmarks/journey.py [--events 10000000] [--data int string] [--threads 4] [--repeats 5]

Three questions: every third contact within 30 days, the tenth order, a closed claim that nobody followed up within 10 days.
`log`: both sides hold what they would hold after reading: sojourn its log, DuckDB its own table, Polars its frame with the
event as an Enum. Nothing of ours is kept from one run to the next but the log. `raw`: from the table in memory. Ours is timed
twice: `match` (what further questions are asked of) and to a table of all columns of the occurrences, their ids checked.
`ten` is a journey of ten moments in one match; `wide` has a moment for each name, twice over, and tells the order of growth.
Runs alternate, one process; seconds are medians. Customers and times of each answer are compared row by row.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import generate

DAY = 86_400_000_000
QUESTIONS = {"third contact": "roll", "tenth order": "nth", "no follow-up": "absent"}


def peers_of(threads: int, events: Any, names: list[str]) -> dict[str, dict[str, Callable[[], Any]]]:
    """Queries of the peers by question and system; each gives a table customer, time."""
    import duckdb
    import polars as pl

    connection = duckdb.connect(config={"threads": threads})
    connection.register("raw", events)
    connection.execute("create table t as select customer, time, event::varchar as event, value from raw")
    frame = pl.from_arrow(events).with_columns(pl.col("event").cast(pl.String).cast(pl.Enum(names)))

    def duck(query: str) -> Callable[[], Any]:
        return lambda: connection.execute(query).to_arrow_table()

    def of(name: str) -> pl.LazyFrame:
        return frame.lazy().filter(pl.col("event") == name).select("customer", "time")

    def follow_up() -> pl.DataFrame:
        left = of("claim_closed").sort("time")
        right = of("follow_up").with_columns(at="time").sort("time")
        near = left.join_asof(
            right,
            on="time",
            by="customer",
            strategy="forward",
            allow_exact_matches=False,
            tolerance="10d",
            check_sortedness=False,
        )
        return near.filter(pl.col("at").is_null()).select("customer", "time").collect()

    def nth(n: int) -> pl.Expr:
        same = pl.col("customer") == pl.col("customer").shift(n)
        return same.fill_null(False)

    def third() -> pl.DataFrame:
        near = (pl.col("time") - pl.col("time").shift(2)) <= pl.duration(days=30)
        return of("contact").sort("customer", "time").filter(nth(2) & near).collect()

    def tenth() -> pl.DataFrame:
        return of("order").sort("customer", "time").filter(nth(9) & ~nth(10)).collect()

    def tenth_over() -> pl.DataFrame:
        return of("order").sort("customer", "time").filter(pl.int_range(pl.len()).over("customer") == 9).collect()

    contacts = "from t where event = 'contact'"
    closed = "(select customer, time from t where event = 'claim_closed') c"
    follows = "(select customer, time from t where event = 'follow_up') f"
    return {
        "third contact": {
            "DuckDB lag": duck(
                f"select customer, time from (select customer, time, lag(time, 2) over (partition by customer order by time) p "
                f"{contacts}) where time - p <= interval 30 days"
            ),
            "DuckDB range": duck(
                f"select customer, time from (select customer, time, count(*) over (partition by customer order by time range "
                f"between interval 30 days preceding and current row) n {contacts}) where n >= 3"
            ),
            "Polars shift": third,
        },
        "tenth order": {
            "DuckDB row_number": duck(
                "select customer, time from t where event = 'order' "
                "qualify row_number() over (partition by customer order by time) = 10"
            ),
            "Polars shift": tenth,
            "Polars over": tenth_over,
        },
        "no follow-up": {
            "DuckDB as-of": duck(
                f"select c.customer, c.time from {closed} asof left join {follows} "
                "on c.customer = f.customer and f.time > c.time "
                "where f.time is null or f.time - c.time > interval 10 days"
            ),
            "DuckDB not exists": duck(
                f"select c.customer, c.time from {closed} where not exists (select 1 from {follows} "
                "where c.customer = f.customer and f.time > c.time and f.time <= c.time + interval 10 days)"
            ),
            "Polars as-of": follow_up,
        },
    }
