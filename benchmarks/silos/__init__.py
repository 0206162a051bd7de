"""Three silos' ledgers, and what `assets.py` asks of them: a module a system, as in `systems`.

`FLOWS`: of every ledger and month, customers there before it, in, out and there at its end, and the value in force
before and after. A customer is there on the days of the union of their records; touching records are one. `PAIRS`: of
every event of two ledgers against the standard, what became of it on the other side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import feather

MODULES = {
    "sojourn": "ours",
    "polars": "polars_",
    "duckdb": "duckdb_",
    "numpy": "numpy_",
    "datacompy": "datacompy_",
}
FLOWS, PAIRS = "monthly flows", "every pair"
LEDGERS = ("policy", "CRM", "billing")  # the first is the standard
FROM, TO = date(2023, 1, 1), date(2026, 1, 1)
EPOCH = date(1970, 1, 1)
BEGIN, END = (FROM - EPOCH).days, (TO - EPOCH).days
MONTHS = [date(2023 + m // 12, m % 12 + 1, 1) for m in range(37)]
EDGES = np.array([(day - EPOCH).days for day in MONTHS])
SEED = 20260715
VERSION = 1

Flows = dict[str, dict[str, list[int]]]  # ledger -> opening, joined, left, closing, opening_value, closing_value


@dataclass(frozen=True)
class Query:
    """One way in which a system does a task: `run` is timed and takes what `prepare` gave, `answer` is not."""

    run: Callable[[Any], Any]
    answer: Callable[[Any], Any]
    prepare: Callable[[dict[str, pa.Table], int], Any]
    ids: frozenset[str] = frozenset({"int", "string"})
    fault: str = ""  # for which its answer is known to be wrong: shown, not ranked
    unlike: str = ""  # what it is asked or given otherwise than the others
    most: int | None = None  # records a ledger, for those that take too much


def path(cache: Path, records: int, ids: str, ledger: str) -> Path:
    """Where a ledger's records lie."""
    return cache / f"silos-v{VERSION}-{records}-{ids}-{ledger}.arrow"


def make(records: int) -> dict[str, dict[str, pa.Table]]:
    """Make three ledgers, by form of the ids and name. The same seed and size give the same records.

    Twice as many records as groups, each group with one at least. A silo lacks 3% of the records that the company has
    and dates the rest on the day itself or up to 40 days late; of one group in twenty it splits them between two
    customers. Records that end long after the report have no end. Rows stand in no order.
    """
    rng = np.random.default_rng(SEED)
    true = int(records / 0.97) + 1
    groups = records // 2
    group = np.concatenate([np.arange(groups), rng.integers(0, groups, true - groups)])
    start = rng.integers(BEGIN, END, true)
    length = 1 + rng.exponential(400, true).astype(np.int64)
    value = rng.integers(10, 2_000, true)
    second = rng.random(true) < 0.5  # the half that goes to a split group's second customer
    shared = rng.permutation(10 * groups)[:groups] + 100_000_000
    out: dict[str, dict[str, pa.Table]] = {"int": {}, "string": {}}
    for name, share_late in zip(LEDGERS, (0.0, 0.3, 0.5), strict=True):
        row = rng.permutation(true)[:records]
        late = np.where(rng.random(records) < share_late, rng.integers(1, 41, records), 0)
        late_out = np.where(rng.random(records) < share_late, rng.integers(1, 41, records), 0)
        starts = start[row] + late
        ends = np.maximum(start[row] + length[row] + late_out, starts + 1)
        unit = group[row] + np.where((group[row] % 20 == 7) & second[row], groups, 0)
        ids = (rng.permutation(20 * groups)[: 2 * groups] + 100_000_000)[unit]
        columns = {
            "group": pa.array(shared[group[row]]),
            "start": pa.array(starts.astype(np.int32)).cast(pa.date32()),
            "end": pa.array(ends.astype(np.int32), mask=ends > END + 90).cast(pa.date32()),
            "value": pa.array(value[row]),
        }
        out["int"][name] = pa.table({"customer": pa.array(ids), **columns})
        words = [
            pa.compute.binary_join_element_wise("C", pa.array(x).cast(pa.string()), "")
            for x in (ids, shared[group[row]])
        ]
        out["string"][name] = pa.table({**columns, "customer": words[0], "group": words[1]})
    return out


def ensure(cache: Path, records: int) -> None:
    """Write the ledgers where they are missing."""
    if all(path(cache, records, ids, name).exists() for ids in ("int", "string") for name in LEDGERS):
        return
    cache.mkdir(parents=True, exist_ok=True)
    for ids, tables in make(records).items():
        for name, table in tables.items():
            part = path(cache, records, ids, name).with_suffix(".part")
            feather.write_feather(table, part, compression="uncompressed")
            part.replace(path(cache, records, ids, name))


def load(cache: Path, records: int, ids: str) -> dict[str, pa.Table]:
    """Read the ledgers into memory."""
    return {
        name: feather.read_table(path(cache, records, ids, name), memory_map=False).combine_chunks() for name in LEDGERS
    }


def run_up(at_start: np.ndarray, at_end: np.ndarray, before: int) -> tuple[list[int], list[int]]:
    """Return what there is before and after each month of what comes and goes in it."""
    closing = before + np.cumsum(at_start - at_end)
    opening = np.concatenate([[before], closing[:-1]])
    return opening.tolist(), closing.tolist()
