"""Polars. Days as integers, no end as a day far off, made before the clock starts."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from . import EDGES, FLOWS, LEDGERS, PAIRS, Flows, Query, run_up

NEVER = (1 << 15) - 1
Frames = dict[str, pl.DataFrame]


def prepare(tables: dict[str, pa.Table], _threads: int) -> Frames:
    """Columns in Polars' own types."""
    return {
        name: pl.DataFrame(table).with_columns(
            pl.col("start").cast(pl.Int32), pl.col("end").cast(pl.Int32).fill_null(NEVER)
        )
        for name, table in tables.items()
    }


def prepare_coded(tables: dict[str, pa.Table], threads: int) -> Frames:
    """Ids of strings as codes, made before the clock starts, one coding for all ledgers."""
    frames = prepare(tables, threads)
    for column in ("customer", "group"):
        words = pl.concat([frame[column] for frame in frames.values()]).unique(maintain_order=True)
        codes = pl.Enum(words)
        frames = {
            name: frame.with_columns(pl.col(column).cast(codes).to_physical().cast(pl.Int64))
            for name, frame in frames.items()
        }
    return frames


def answer_of(joined: pl.DataFrame, left: pl.DataFrame, more: pl.DataFrame, less: pl.DataFrame) -> dict[str, list[int]]:
    """Bring sums by day (day, n) to months."""

    def by_month(found: pl.DataFrame) -> np.ndarray:
        day, n = found["day"].to_numpy(), found["n"].to_numpy().astype(np.int64)
        sums = np.zeros(len(EDGES) + 1, np.int64)
        np.add.at(sums, np.searchsorted(EDGES, day, side="right"), n)
        return sums[:-1]

    came, went, up, down = (by_month(found) for found in (joined, left, more, less))
    opening, closing = run_up(came[1:], went[1:], int(came[0] - went[0]))
    opening_value, closing_value = run_up(up[1:], down[1:], int(up[0] - down[0]))
    return {
        "opening": opening,
        "joined": came[1:].tolist(),
        "left": went[1:].tolist(),
        "closing": closing,
        "opening_value": opening_value,
        "closing_value": closing_value,
    }


def by_day(column: str, what: pl.Expr) -> Any:
    """Return a query's end: sums by day."""
    return lambda frame: frame.group_by(pl.col(column).alias("day")).agg(what.alias("n"))


def months(frame: pl.LazyFrame, spells: pl.LazyFrame) -> dict[str, list[int]]:
    """Sum up: `spells` has start, end, opens and closes."""
    return answer_of(
        *pl.collect_all(
            [
                by_day("start", pl.len())(spells.filter("opens")),
                by_day("end", pl.len())(spells.filter("closes")),
                by_day("start", pl.col("value").sum())(frame),
                by_day("end", pl.col("value").sum())(frame),
            ]
        )
    )


def flows_packed(frames: Frames) -> Flows:
    """Sort words of customer, start and end; a running maximum over them finds the spells."""
    found: Flows = {}
    for name, frame in frames.items():
        word = frame.select(
            word=(pl.col("customer") * (1 << 30)) + (pl.col("start").cast(pl.Int64) * (1 << 15)) + pl.col("end")
        )["word"].sort()
        day = pl.col("word") & NEVER
        spells = (
            pl.DataFrame({"word": word})
            .lazy()
            .with_columns(
                until=(((pl.col("word") // (1 << 30)) * (1 << 15)) + day).cum_max(),
                begins=pl.col("word") // (1 << 15),
            )
            .with_columns(opens=(pl.col("begins") > pl.col("until").shift(1)).fill_null(True))
            .select(
                "opens",
                start=(pl.col("begins") & NEVER).cast(pl.Int32),
                end=(pl.col("until") & NEVER).cast(pl.Int32),
                closes=pl.col("opens").shift(-1, fill_value=True),
            )
            .collect()
            .lazy()
        )
        found[name] = months(frame.lazy(), spells)
    return found


def flows_sorted(frames: Frames) -> Flows:
    """Sort by customer and start; a running maximum over each customer's records finds the spells."""
    found: Flows = {}
    for name, frame in frames.items():
        new = pl.col("customer") != pl.col("customer").shift(1)
        spells = (
            frame.lazy()
            .select("customer", "start", "end")
            .sort("customer", "start")
            .with_columns(first=new.fill_null(True).cast(pl.Int64).cum_sum())
            .with_columns(until=(pl.col("first") * (1 << 15) + pl.col("end")).cum_max())
            .with_columns(
                opens=(pl.col("first") * (1 << 15) + pl.col("start") > pl.col("until").shift(1)).fill_null(True)
            )
            .select(
                "opens",
                "start",
                end=(pl.col("until") & NEVER).cast(pl.Int32),
                closes=pl.col("opens").shift(-1, fill_value=True),
            )
            .collect()
            .lazy()
        )
        found[name] = months(frame.lazy(), spells)
    return found


def flows_as_they_stand(frames: Frames) -> Flows:
    """Count starts and ends of records."""
    return {
        name: months(frame.lazy(), frame.lazy().with_columns(opens=pl.lit(True), closes=pl.lit(True)))
        for name, frame in frames.items()
    }


def numbered(frame: pl.DataFrame, day: str) -> pl.DataFrame:
    """Return each group's days in order, with their numbers."""
    word = frame.select(word=pl.col("group") * (1 << 15) + pl.col(day)).filter(pl.col("word") & NEVER != NEVER)
    return (
        pl.DataFrame({"word": word["word"].sort()})
        .lazy()
        .with_row_index("row")
        .with_columns(group=pl.col("word") // (1 << 15), day=(pl.col("word") & NEVER).cast(pl.Int32))
        .with_columns(
            first=pl.when((pl.col("group") != pl.col("group").shift(1)).fill_null(True)).then("row").forward_fill()
        )
        .select(key=pl.col("group") * (1 << 10) + (pl.col("row") - pl.col("first")), day="day")
        .collect()
    )


def numbered_window(frame: pl.DataFrame, day: str) -> pl.DataFrame:
    """Return each group's days in order, with their numbers."""
    return (
        frame.lazy()
        .filter(pl.col(day) != NEVER)
        .select("group", day=day)
        .sort("group", "day")
        .with_columns(nth=pl.int_range(pl.len()).over("group"))
        .collect()
    )


def month_of(day: str) -> pl.Expr:
    """Return the number of a day's month."""
    date = pl.col(day).cast(pl.Date)
    return date.dt.year() * 12 + date.dt.month()


def classify(ours: pl.DataFrame, theirs: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Join what two ledgers have and say what became of each; count."""
    return (
        ours.lazy()
        .join(theirs.lazy(), on=keys, how="full", suffix="_there", coalesce=True)
        .select(
            what=pl.when(pl.col("day_there").is_null())
            .then(pl.lit(0, pl.Int8))
            .when(pl.col("day").is_null())
            .then(pl.lit(1, pl.Int8))
            .when(pl.col("day") == pl.col("day_there"))
            .then(pl.lit(2, pl.Int8))
            .when(month_of("day") == month_of("day_there"))
            .then(pl.lit(3, pl.Int8))
            .otherwise(pl.lit(4, pl.Int8))
        )
        .collect()
    )


WORDS = ("missing there", "missing here", "same day", "same month", "other month")


def pairs(frames: Frames) -> list[pl.DataFrame]:
    """Classify nth with nth, starts and ends, of two ledgers against the standard."""
    found = []
    for day in ("start", "end"):
        own = {name: numbered(frame, day) for name, frame in frames.items()}
        found += [classify(own[name], own[LEDGERS[0]], ["key"]) for name in LEDGERS[1:]]
    return found


def pairs_window(frames: Frames) -> list[pl.DataFrame]:
    """Do the same with a window for the numbers."""
    found = []
    for day in ("start", "end"):
        own = {name: numbered_window(frame, day) for name, frame in frames.items()}
        found += [classify(own[name], own[LEDGERS[0]], ["group", "nth"]) for name in LEDGERS[1:]]
    return found


def pairs_first(frames: Frames) -> list[pl.DataFrame]:
    """Classify each group's first start and last end alone."""
    found = []
    for day, pick in (("start", pl.col("start").min()), ("end", pl.col("end").max())):
        own = {
            name: frame.lazy().group_by("group").agg(day=pick).filter(pl.col("day") != NEVER).collect()
            for name, frame in frames.items()
        }
        found += [classify(own[name], own[LEDGERS[0]], ["group"]) for name in LEDGERS[1:]]
        del day
    return found


def pairs_answer(found: list[pl.DataFrame]) -> dict[str, int]:
    """Count by class, over both pairs and directions."""
    return {word: sum(int((table["what"] == number).sum()) for table in found) for number, word in enumerate(WORDS)}


def same(found: Any) -> Any:
    """Return it."""
    return found


INTEGERS, STRINGS = frozenset({"int"}), frozenset({"string"})
AS_THEY_STAND = "starts and ends of records counted as they stand, no union"
TASKS: dict[str, dict[str, Query]] = {
    FLOWS: {
        "words sorted, running maximum": Query(flows_packed, same, prepare, ids=INTEGERS),
        "words sorted, coded ids": Query(flows_packed, same, prepare_coded, ids=STRINGS, unlike="ids coded before"),
        "sort, running maximum": Query(flows_sorted, same, prepare),
        "no union": Query(flows_as_they_stand, same, prepare, fault=AS_THEY_STAND),
    },
    PAIRS: {
        "nth with nth, words sorted": Query(pairs, pairs_answer, prepare, ids=INTEGERS),
        "nth with nth, coded ids": Query(pairs, pairs_answer, prepare_coded, ids=STRINGS, unlike="ids coded before"),
        "nth with nth, window": Query(pairs_window, pairs_answer, prepare),
        "first with first": Query(pairs_first, pairs_answer, prepare, unlike="two events a group at most"),
    },
}
