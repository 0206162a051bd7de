"""Polars: sorts and shifts, windows, as-of joins.

What it holds is a frame of its own, the event as an Enum and string ids as categories where a query says so; raw is the
Arrow table as it came, converted in the query. Of its engines each query has the faster.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import polars as pl
import pyarrow as pa

from generate import NAMES
from questions import LESS, MOVES, NOBODY, TENTH, THIRD, last_due
from questions.moves import tell
from reference import Answer
from systems import Query

STRING = frozenset({"string"})
INTEGER = frozenset({"int", "shuffled"})
Ask: TypeAlias = Callable[[pl.LazyFrame, datetime], pl.LazyFrame]
Engine: TypeAlias = Literal["auto", "streaming"]


@dataclass(frozen=True)
class Input:
    """A frame, or the Arrow table; until when a closing's ten days are over; names of coded customers."""

    of: Any
    due: datetime
    ids: pl.Series | None = None


def _raw(table: pa.Table, threads: int) -> Input:
    if pl.thread_pool_size() != threads:
        raise RuntimeError(f"Polars has {pl.thread_pool_size()} threads, not {threads}")
    return Input(table.select(["customer", "time", "event"]), last_due(table))


def prepare(table: pa.Table, threads: int) -> Input:
    """Hold a frame of its own."""
    raw = _raw(table, threads)
    name = pl.col("event").cast(pl.String).cast(pl.Enum(NAMES))
    return Input(pl.DataFrame(table).with_columns(name), raw.due)


def _coded(table: pa.Table, threads: int) -> Input:
    """Hold string ids as dense codes, which is what Polars sorts and groups by fastest."""
    ids = table["customer"].combine_chunks().dictionary_encode()
    ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) else ids
    held = prepare(table.set_column(table.column_names.index("customer"), "customer", ids.indices), threads)
    return Input(held.of, held.due, pl.Series(ids.dictionary))


def _run(ask: Ask, engine: Engine) -> Callable[[Input], pl.DataFrame]:
    def run(data: Input) -> pl.DataFrame:
        frame = data.of if isinstance(data.of, pl.DataFrame) else pl.DataFrame(data.of)
        found = ask(frame.lazy(), data.due).select("customer", "time").collect(engine=engine)
        if data.ids is not None:
            found = found.with_columns(data.ids.gather(found["customer"]).alias("customer"))
        return found

    return run


def _rows(result: pl.DataFrame) -> pa.Table:
    return result.to_arrow()


def _ways(name: str, ask: Ask, engine: Engine = "auto", ordered: bool = False) -> dict[str, Query]:
    """Ask of the frame held, with ids as they are and as codes, and of the Arrow table."""
    run = _run(ask, engine)
    return {
        name: Query(run, _rows, time_ordered_only=ordered),
        f"{name}, coded ids": Query(run, _rows, data=STRING, time_ordered_only=ordered, prepare=_coded),
        f"{name}, from Arrow": Query(run, _rows, time_ordered_only=ordered, raw=True, prepare=_raw),
    }


def _of(frame: pl.LazyFrame, event: str) -> pl.LazyFrame:
    return frame.filter(pl.col("event") == event).select("customer", "time")


def _sort(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sort("customer", "time")


def _sort_customer(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.sort("customer", maintain_order=True)


def _same(back: int) -> pl.Expr:
    return (pl.col("customer") == pl.col("customer").shift(back)).fill_null(False)


def _third(sort: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Ask:
    near = (pl.col("time") - pl.col("time").shift(2)) <= timedelta(days=30)
    return lambda frame, _: sort(_of(frame, "contact")).filter(_same(2) & near)


def _tenth(sort: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Ask:
    return lambda frame, _: sort(_of(frame, "order")).filter(_same(9) & ~_same(10))


def _tenth_group(frame: pl.LazyFrame, _: datetime) -> pl.LazyFrame:
    tenth = pl.col("time").get(9, null_on_oob=True)
    return _of(frame, "order").group_by("customer").agg(tenth).filter(pl.col("time").is_not_null())


def _nobody(frame: pl.LazyFrame, due: datetime) -> pl.LazyFrame:
    closed = _of(frame, "claim_closed").filter(pl.col("time") <= due).sort("time")
    followed = _of(frame, "follow_up").with_columns(at="time").sort("time")
    near = closed.join_asof(
        followed,
        on="time",
        by="customer",
        strategy="forward",
        allow_exact_matches=False,
        tolerance="10d",
        check_sortedness=False,
    )
    return near.filter(pl.col("at").is_null())


# --- moves ----------------------------------------------------------------------------------------


def _steps(table: pa.Table, threads: int) -> pl.DataFrame:
    _raw(table, threads)
    from questions.walks import walks  # ours: loaded only where it is asked for

    steps = walks(table, threads)
    nodes = pl.Series(steps["node"].combine_chunks().dictionary.to_pylist()).sort()
    return pl.DataFrame(steps).with_columns(pl.col("node").cast(pl.String).cast(pl.Enum(nodes)))


def _count(sort: bool, customers: bool) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Count the moves; rows of a customer stand together, so that a user who knows it need not sort."""

    def run(steps: pl.DataFrame) -> pl.DataFrame:
        rows = steps.lazy().sort("customer", "row") if sort else steps.lazy()
        same = pl.col("customer") == pl.col("customer").shift(-1)
        moves = rows.select(
            "customer",
            "node",
            target=pl.when(same).then(pl.col("node").shift(-1)),
            gap=pl.when(same).then(pl.col("time").shift(-1) - pl.col("time")),
            start=(pl.col("customer") != pl.col("customer").shift(1)).fill_null(True),
        )
        distinct = [pl.col("customer").n_unique().alias("customers")] if customers else []
        columns = pl.len().alias("n"), *distinct, pl.col("gap").mean(), pl.col("start").sum()
        return moves.group_by("node", "target").agg(*columns).collect()

    return run


def _edges(result: pl.DataFrame) -> Answer:
    rows = result.with_columns(pl.col("node", "target").cast(pl.String)).rows(named=True)
    return tell([{"customers": None, **row} for row in rows])


TASKS = {
    THIRD: {
        **_ways("sort, shift", _third(_sort), "streaming"),
        **_ways("stable sort by customer, shift", _third(_sort_customer), ordered=True),
    },
    TENTH: {
        **_ways("sort, shift", _tenth(_sort), "streaming"),
        **_ways("stable sort by customer, shift", _tenth(_sort_customer), ordered=True),
        **_ways("group, the tenth", _tenth_group, ordered=True),
    },
    NOBODY: {
        **_ways("as-of join", _nobody, "streaming"),
    },
    MOVES: {
        "sort, shift": Query(_count(sort=True, customers=True), _edges, prepare=_steps),
        "shift of grouped rows": Query(_count(sort=False, customers=True), _edges, prepare=_steps),
        "shift of grouped rows, fewer columns": Query(
            _count(sort=False, customers=False), _edges, prepare=_steps, unlike=LESS
        ),
    },
}
