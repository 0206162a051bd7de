"""Polars: the obvious correct queries, and those that a clever user would write.

Polars' default sort is unstable, so equal times would come out in any order: every sort here keeps the order of
ties. Strings become Polars' own and names become an Enum before the clock starts.
"""

from typing import TypeVar

import polars as pl
import pyarrow as pa

from reference import END, START, Answer, edges, grouped
from systems import TIME_ORDERED, Query

INTEGER = frozenset({"int", "shuffled"})
INT = frozenset({"int"})
STRING = frozenset({"string"})


def prepare(table: pa.Table, threads: int) -> pl.DataFrame:
    """Make times integers and a dictionary of names an Enum. POLARS_MAX_THREADS has set the pool of threads."""
    if pl.thread_pool_size() != threads:
        raise RuntimeError(f"Polars has {pl.thread_pool_size()} threads, not {threads}")
    frame = pl.DataFrame(table).with_columns(pl.col("time").to_physical())
    if frame.schema["event"] != pl.String:
        names = frame["event"].cast(pl.String).unique().sort()
        frame = frame.with_columns(pl.col("event").cast(pl.String).cast(pl.Enum(names)))
    return frame


# --- ingest ---------------------------------------------------------------------------------------


def _sort(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("customer", "time", maintain_order=True)


def _two_sorts(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort by one column at a time, which is far faster; not lazily: the optimiser makes one sort of the two again."""
    return frame.sort("time", maintain_order=True).sort("customer", maintain_order=True)


def _two_sorts_categories(frame: pl.DataFrame) -> pl.DataFrame:
    """Sort string ids as categories, by code: customers in the order in which Polars met them."""
    return _sort_category_time_ordered(frame.sort("time", maintain_order=True))


def _lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Make a row a customer, with lists."""
    ordered = pl.col("time", "event", "value").sort_by("time", maintain_order=True)
    return frame.lazy().group_by("customer").agg(ordered).collect()


def _sort_lists(frame: pl.DataFrame) -> pl.DataFrame:
    """Rely on groups keeping the order of rows."""
    return _lists_time_ordered(frame.sort("time", maintain_order=True))


def _lists_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.lazy().group_by("customer").agg("time", "event", "value").collect()


def _lists_streaming_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.lazy().group_by("customer").agg("time", "event", "value").collect(engine="streaming")


def _sort_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("customer", maintain_order=True)


def _sort_category_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    category = pl.col("customer").cast(pl.Categorical)
    return frame.with_columns(category).sort(pl.col("customer").to_physical(), maintain_order=True)


def _rows(result: pl.DataFrame) -> Answer:
    if isinstance(result.schema["time"], pl.List):
        result = result.explode("time", "event", "value")
    if result.schema["customer"] == pl.Categorical:
        result = result.with_columns(pl.col("customer").cast(pl.String))
    return grouped(result.with_columns(pl.col("event").cast(pl.String)).to_arrow())


# --- transitions ----------------------------------------------------------------------------------

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def _select(frame: Frame) -> Frame:
    return frame.select("customer", "time", "event")


def _coded(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn strings into categories, ids into their codes."""
    code = pl.col("customer").cast(pl.Categorical).to_physical()
    return frame.select(code, "time", pl.col("event").cast(pl.Categorical))


def _count(rows: pl.LazyFrame) -> pl.DataFrame:
    """Count the edges of rows in log order, each compared with the next."""
    same = pl.col("customer") == pl.col("customer").shift(-1)
    return _group(
        rows.with_columns(
            target=pl.when(same).then(pl.col("event").shift(-1)),
            gap=pl.when(same).then(pl.col("time").shift(-1) - pl.col("time")),
            start=(pl.col("customer") != pl.col("customer").shift(1)).fill_null(True),
        )
    )


def _group(pairs: pl.LazyFrame) -> pl.DataFrame:
    columns = pl.len().alias("n"), pl.col("gap").mean(), pl.col("start").sum()
    return pairs.group_by("event", "target").agg(*columns).collect()


def _count_packed(rows: pl.LazyFrame) -> pl.DataFrame:
    """Do the same with edge and start in one number: one small key to group by. For up to 127 names."""
    code = pl.col("event").to_physical().cast(pl.UInt16)
    same = pl.col("customer") == pl.col("customer").shift(-1)
    start = (pl.col("customer") != pl.col("customer").shift(1)).fill_null(True)
    pair = code * 128 + pl.when(same).then(code.shift(-1)).otherwise(127)
    pairs = rows.select(
        pair=pair + start.cast(pl.UInt16) * 32768,
        gap=pl.when(same).then(pl.col("time").shift(-1) - pl.col("time")),
        # Keeps the names beside the codes.
        event="event",
    )
    columns = pl.len().alias("n"), pl.col("gap").sum(), pl.col("event").first()
    few = pairs.group_by("pair").agg(*columns).with_columns(start=pl.col("pair") >= 32768, code=pl.col("pair") % 128)
    edge = few.group_by("event", "code").agg(
        pl.col("n").sum(), gap=pl.col("gap").sum() / pl.col("n").sum(), start=(pl.col("n") * pl.col("start")).sum()
    )
    done = edge.collect()
    names = dict(done.select(pl.col("event").to_physical().alias("code"), pl.col("event").cast(pl.String)).rows())
    return done.with_columns(target=pl.Series([names.get(code) for code in done["code"]], dtype=pl.String))


def _shift(frame: pl.DataFrame) -> pl.DataFrame:
    return _count(_select(frame.lazy()).sort("customer", "time", maintain_order=True))


def _two_sorts_shift(frame: pl.DataFrame) -> pl.DataFrame:
    return _count(_two_sorts(_select(frame)).lazy())


def _two_sorts_packed(frame: pl.DataFrame) -> pl.DataFrame:
    return _count_packed(_two_sorts(_select(frame)).lazy())


def _two_sorts_categories_shift(frame: pl.DataFrame) -> pl.DataFrame:
    return _count(_two_sorts(_coded(frame)).lazy())


def _shift_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return _count(_sort_time_ordered(_select(frame)).lazy())


def _packed_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return _count_packed(_sort_time_ordered(_select(frame)).lazy())


def _shift_category_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return _count(_sort_time_ordered(_coded(frame)).lazy())


def _over(rows: pl.DataFrame) -> pl.DataFrame:
    """Count edges by a window over each customer, from rows in time order."""
    return _group(
        rows.lazy().with_columns(
            target=pl.col("event").shift(-1).over("customer"),
            gap=(pl.col("time").shift(-1) - pl.col("time")).over("customer"),
            start=pl.col("time").shift(1).over("customer").is_null(),
        )
    )


def _over_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return _over(_select(frame))


def _over_category_time_ordered(frame: pl.DataFrame) -> pl.DataFrame:
    return _over(_coded(frame))


def _edges(result: pl.DataFrame) -> Answer:
    rows = result.with_columns(pl.col("event", "target").cast(pl.String)).rows(named=True)
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        counts[row["event"], row["target"] or END] = row["n"]
        counts[START, row["event"]] = counts.get((START, row["event"]), 0) + row["start"]
    return edges(counts, {(row["event"], row["target"]): row["gap"] / 1e6 for row in rows if row["target"]})


TASKS = {
    "ingest": {
        "stable sort": Query(_sort, _rows, named=True),
        "lists": Query(_lists, _rows, named=True),
        "two stable sorts": Query(_two_sorts, _rows, data=INTEGER),
        "two stable sorts, ids as categories": Query(_two_sorts_categories, _rows, data=STRING),
        "stable sort by time, lists": Query(_sort_lists, _rows),
        "stable sort by customer": Query(_sort_time_ordered, _rows, data=INT, time_ordered_only=True),
        "stable sort by category": Query(_sort_category_time_ordered, _rows, data=STRING, time_ordered_only=True),
        "lists, no sort": Query(_lists_time_ordered, _rows, data=TIME_ORDERED, time_ordered_only=True),
        "lists, no sort, streaming": Query(
            _lists_streaming_time_ordered, _rows, data=TIME_ORDERED, time_ordered_only=True
        ),
    },
    "transitions": {
        "stable sort, shift": Query(_shift, _edges, named=True),
        "two stable sorts, shift": Query(_two_sorts_shift, _edges, data=INTEGER),
        "two stable sorts, shift, packed edge": Query(_two_sorts_packed, _edges, data=INTEGER),
        "two stable sorts, shift, categories": Query(_two_sorts_categories_shift, _edges, data=STRING),
        "stable sort by customer, shift": Query(_shift_time_ordered, _edges, data=INT, time_ordered_only=True),
        "stable sort by customer, shift, packed edge": Query(
            _packed_time_ordered, _edges, data=INT, time_ordered_only=True
        ),
        "stable sort by category, shift": Query(
            _shift_category_time_ordered, _edges, data=STRING, time_ordered_only=True
        ),
        "over": Query(_over_time_ordered, _edges, data=INT, time_ordered_only=True),
        "over, categories": Query(_over_category_time_ordered, _edges, data=STRING, time_ordered_only=True),
    },
}
