"""datacompy's comparison of Polars frames; it pairs the records of one group in the order of its rows."""

from __future__ import annotations

from typing import Any

import datacompy
import polars as pl
import pyarrow as pa

from . import LEDGERS, PAIRS, Query


def prepare(tables: dict[str, pa.Table], _threads: int) -> dict[str, pl.DataFrame]:
    """Frames of the columns that are compared."""
    return {name: pl.DataFrame(pa.table(table).select(["group", "start", "end"])) for name, table in tables.items()}


def pairs(frames: dict[str, pl.DataFrame]) -> list[Any]:
    """Compare two ledgers with the standard."""
    return [
        datacompy.PolarsCompare(frames[name], frames[LEDGERS[0]], join_columns=["group"], df1_name=name)
        for name in LEDGERS[1:]
    ]


def pairs_answer(found: list[Any]) -> dict[str, int]:
    """Count records of the classes that it tells apart."""
    return {
        "missing there": sum(len(one.df1_unq_rows) for one in found),
        "missing here": sum(len(one.df2_unq_rows) for one in found),
        "equal": sum(one.count_matching_rows() for one in found),
        "unequal": sum(len(one.intersect_rows) - one.count_matching_rows() for one in found),
    }


TASKS: dict[str, dict[str, Query]] = {
    PAIRS: {"PolarsCompare": Query(pairs, pairs_answer, prepare, unlike="equal or not, without months", most=500_000)}
}
