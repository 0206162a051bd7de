"""DuckDB, from tables of its own made before the clock starts."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from . import FLOWS, LEDGERS, PAIRS, Flows, Query
from .polars_ import AS_THEY_STAND, answer_of

SPELLS = """
with ordered as (
    select customer, start, coalesce("end", date '2059-09-17') as until,
        max(coalesce("end", date '2059-09-17')) over
            (partition by customer order by start rows between unbounded preceding and 1 preceding) as reach
    from {ledger}),
numbered as (
    select customer, start, until, sum(case when start <= reach then 0 else 1 end) over
        (partition by customer order by start rows unbounded preceding) as spell from ordered),
spells as (select min(start) as start, max(until) as until from numbered group by customer, spell)
"""


def prepare(tables: dict[str, pa.Table], threads: int) -> Any:
    """Tables of DuckDB's own."""
    connection = duckdb.connect(config={"threads": threads})
    for name, table in tables.items():
        connection.register("given", table)
        connection.execute(f"create table {name} as select * from given")
        connection.unregister("given")
    return connection


def by_day(connection: Any, query: str) -> pl.DataFrame:
    """Run a query for sums by day."""
    found = connection.execute(query).fetchnumpy()
    day = np.ma.filled(found["day"].astype("datetime64[D]"), np.datetime64("2059-09-17"))
    return pl.DataFrame({"day": day.astype(np.int64), "n": np.asarray(found["n"], np.int64)})


def values(connection: Any, name: str) -> list[pl.DataFrame]:
    """Return what comes into force and goes out of it by day."""
    return [
        by_day(connection, f"select {day} as day, sum(value)::bigint as n from {name} group by 1")
        for day in ("start", '"end"')
    ]


def flows(connection: Any) -> Flows:
    """Find the spells with windows."""
    found: Flows = {}
    for name in LEDGERS:
        connection.execute(
            "create or replace temp table spells as " + SPELLS.format(ledger=name) + "select * from spells"
        )
        counts = [
            by_day(connection, f"select {day} as day, count(*) as n from spells group by 1")
            for day in ("start", "until")
        ]
        found[name] = answer_of(*counts, *values(connection, name))
    return found


def flows_as_they_stand(connection: Any) -> Flows:
    """Count starts and ends of records."""
    found: Flows = {}
    for name in LEDGERS:
        counts = [
            by_day(connection, f"select {day} as day, count(*) as n from {name} group by 1")
            for day in ("start", '"end"')
        ]
        found[name] = answer_of(*counts, *values(connection, name))
    return found


def pairs(connection: Any) -> dict[str, int]:
    """Classify nth with nth, starts and ends, of two ledgers against the standard."""
    totals: dict[str, int] = {}
    for day in ("start", '"end"'):
        for name in LEDGERS:
            connection.execute(
                f'create or replace temp table n_{name} as select "group" as g, {day} as day, '
                f'row_number() over (partition by "group" order by {day}) as nth from {name} where {day} is not null'
            )
        for name in LEDGERS[1:]:
            rows = connection.execute(
                "select case when b.day is null then 'missing there' when a.day is null then 'missing here' "
                "when a.day = b.day then 'same day' when date_trunc('month', a.day) = date_trunc('month', b.day) "
                f"then 'same month' else 'other month' end as what, count(*) from n_{name} a "
                f"full join n_{LEDGERS[0]} b on a.g = b.g and a.nth = b.nth group by 1"
            ).fetchall()
            for what, n in rows:
                totals[what] = totals.get(what, 0) + n
    return totals


def same(found: Any) -> Any:
    """Return it."""
    return found


TASKS: dict[str, dict[str, Query]] = {
    FLOWS: {
        "windows": Query(flows, same, prepare),
        "no union": Query(flows_as_they_stand, same, prepare, fault=AS_THEY_STAND),
    },
    PAIRS: {"nth with nth": Query(pairs, same, prepare, unlike="classes counted, not written out")},
}
