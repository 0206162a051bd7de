"""NumPy: a record in one word, sorted; 1 thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from . import EDGES, FLOWS, Flows, Query, run_up

NEVER = (1 << 15) - 1  # days fit 15 bits up to 2059, ids 31 bits


def prepare(tables: dict[str, pa.Table], _threads: int) -> dict[str, dict[str, np.ndarray]]:
    """Columns as arrays, no end as a day far off."""
    return {
        name: {
            "customer": table["customer"].to_numpy(),
            "start": table["start"].cast(pa.int32()).to_numpy(),
            "end": table["end"].cast(pa.int32()).fill_null(NEVER).to_numpy(),
            "value": table["value"].to_numpy(),
        }
        for name, table in tables.items()
    }


def by_month(days: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return sums before the first month, in each, and after the last."""
    sums = np.concatenate([[0], np.cumsum(np.bincount(days, weights, minlength=NEVER + 1).astype(np.int64))])
    at = sums[EDGES]
    return np.concatenate([[at[0]], np.diff(at)])


def flows(ledgers: dict[str, dict[str, np.ndarray]]) -> Flows:
    """Union each customer's records by a running maximum over sorted words."""
    answer: Flows = {}
    for name, c in ledgers.items():
        word = (c["customer"] << 30) | (c["start"].astype(np.int64) << 15) | c["end"]
        word.sort()
        customer, start = word >> 30, (word >> 15) & NEVER
        reach = np.maximum.accumulate((customer << 15) | (word & NEVER))  # the furthest end of the customer so far
        opens = np.empty(len(word), bool)
        opens[0] = True
        np.greater((customer[1:] << 15) | start[1:], reach[:-1], out=opens[1:])
        closes = np.append(opens[1:], True)
        joined = by_month(start[opens])
        left = by_month(reach[closes] & NEVER)
        opening, closing = run_up(joined[1:], left[1:], int(joined[0] - left[0]))
        more, less = by_month(c["start"], c["value"]), by_month(c["end"], c["value"])
        opening_value, closing_value = run_up(more[1:], less[1:], int(more[0] - less[0]))
        answer[name] = {
            "opening": opening,
            "joined": joined[1:].tolist(),
            "left": left[1:].tolist(),
            "closing": closing,
            "opening_value": opening_value,
            "closing_value": closing_value,
        }
    return answer


def same(found: Any) -> Any:
    """Return it."""
    return found


TASKS: dict[str, dict[str, Query]] = {
    FLOWS: {"records as words, sorted": Query(flows, same, prepare, ids=frozenset({"int"}), unlike="1 thread")}
}
