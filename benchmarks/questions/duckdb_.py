"""DuckDB: windows, as-of joins, anti-joins.

What it holds is a table of its own, the event as an enumeration and the rows numbered; raw is the Arrow table as it
came, registered. Times of equal rank are told apart by the row number where that changes an answer: a question by time
alone is asked too, as a user would.
"""

from collections.abc import Callable
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from generate import NAMES
from questions import LESS, MOVES, NOBODY, TENTH, THIRD, last_due
from questions.moves import tell
from reference import Answer
from systems import Query


class Input:
    """A connection, and until when a closing's ten days are over."""

    def __init__(self, threads: int, due: datetime | None = None) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.due = due

    def ask(self, query: str) -> pa.Table:
        """Return a query's answer."""
        return self.connection.sql(query.format(due=self.due)).to_arrow_table()


def _raw(table: pa.Table, threads: int) -> Input:
    data = Input(threads, last_due(table))
    data.connection.register("log", table)
    return data


def prepare(table: pa.Table, threads: int) -> Input:
    """Hold a table of its own."""
    data = Input(threads, last_due(table))
    data.connection.register("arrow", table.append_column("row", pa.array(np.arange(table.num_rows))))
    data.connection.execute(f"create type name as enum {tuple(NAMES)}")
    data.connection.execute(
        "create table log as select customer, time, event::varchar::name as event, value, row from arrow"
    )
    data.connection.unregister("arrow")
    return data


def _steps(table: pa.Table, threads: int) -> Input:
    from questions.walks import walks  # ours: loaded only where it is asked for

    data = Input(threads)
    data.connection.register("arrow", walks(table, threads))
    nodes = data.connection.sql("select distinct node::varchar from arrow order by all").fetchall()
    data.connection.execute(f"create type name as enum ({', '.join(repr(node) for (node,) in nodes)})")
    data.connection.execute(
        "create table steps as select customer, time, node::varchar::name as node, row from arrow order by row"
    )
    data.connection.unregister("arrow")
    return data


def _ask(query: str) -> Callable[[Input], pa.Table]:
    return lambda data: data.ask(query)


def _both(name: str, query: str) -> dict[str, Query]:
    """Ask of the table held and of the Arrow table."""
    return {
        name: Query(_ask(query), _rows),
        f"{name}, from Arrow": Query(_ask(query), _rows, raw=True, prepare=_raw),
    }


def _rows(result: pa.Table) -> pa.Table:
    return result


CLOSED = "(from log select customer, time, {columns} where event = 'claim_closed' and time <= '{{due}}') c"
FOLLOWED = "(from log select customer, time, {columns} where event = 'follow_up') f"


def _as_of(order: str) -> str:
    closed, followed = (side.format(columns=f"{order} as place") for side in (CLOSED, FOLLOWED))
    return (
        f"select c.customer, c.time from {closed} asof left join {followed} "
        "on c.customer = f.customer and f.place > c.place "
        "where f.time is null or f.time - c.time > interval 10 days"
    )


def _not_exists(order: str) -> str:
    closed, followed = (side.format(columns=f"{order} as place") for side in (CLOSED, FOLLOWED))
    return (
        f"select c.customer, c.time from {closed} where not exists (select 1 from {followed} "
        "where c.customer = f.customer and f.place > c.place and f.time <= c.time + interval 10 days)"
    )


LEAD = """
    select node, target, count(*) as n, {customers} as customers, avg(gap) as gap, sum(start) as start
    from (
        select customer, node, lead(node) over w as target, lead(time) over w - time as gap,
               (lag(row) over w is null)::integer as start
        from steps window w as (partition by customer order by row)
    )
    group by node, target"""


def _edges(result: pa.Table) -> Answer:
    return tell(result.to_pylist())


TASKS = {
    THIRD: _both(
        "lag",
        "select customer, time from (select customer, time, "
        "lag(time, 2) over (partition by customer order by time) as third from log where event = 'contact') "
        "where time - third <= interval 30 days",
    ),
    TENTH: _both(
        "row_number",
        "select customer, time from log where event = 'order' "
        "qualify row_number() over (partition by customer order by time) = 10",
    ),
    NOBODY: {
        **_both("as-of join", _as_of("time")),
        **_both("not exists", _not_exists("time")),
        "as-of join by row": Query(_ask(_as_of("row")), _rows, time_ordered_only=True),
    },
    MOVES: {
        "lead": Query(_ask(LEAD.replace("{customers}", "count(distinct customer)")), _edges, prepare=_steps),
        "lead, fewer columns": Query(_ask(LEAD.replace("{customers}", "null")), _edges, prepare=_steps, unlike=LESS),
    },
}
