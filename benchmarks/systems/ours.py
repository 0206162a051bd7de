"""sojourn, through its public Python API, from the Arrow table."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

import sojourn as sj
from reference import Answer, edges, places
from systems import Query

CYCLE = 512  # places in a customer's order are told apart up to multiples of this


@dataclass(frozen=True)
class Input:
    """The log as it came, and the number of threads to use."""

    table: pa.Table
    threads: int


def prepare(table: pa.Table, threads: int) -> Input:
    """Prepare nothing."""
    return Input(table, threads)


def _ingest(data: Input) -> tuple[Input, sj.EventLog]:
    log = sj.EventLog(data.table, customer="customer", time="time", event="event", value="value", threads=data.threads)
    return data, log


def _ingest_answer(result: tuple[Input, sj.EventLog]) -> Answer:
    """Tell the order of the log without its rows, which it does not hand out.

    The same customers and times are taken in again with each row's right place among its customer's as its event: then
    every step must lead from a place to the next. What the timed log itself kept shows in its transitions.
    """
    data, log = result
    names = pa.array([f"{place:03d}" for place in range(CYCLE)])
    labels = pa.DictionaryArray.from_arrays(pa.array(places(data.table) % CYCLE), names)
    table = data.table.select(["customer", "time"]).append_column("event", labels)
    steps = pa.table(sj.EventLog(table).transitions(columns=["count"])).to_pylist()
    misplaced = sum(step["count"] for step in steps if step["target"] not in ("END", _next(step["source"])))
    kept = pa.table(log.transitions(columns=["count", "mean_gap", "value"])).to_pylist()
    values = {f"{row['source']} -> {row['target']}": row["value"] for row in kept if row["target"] != "END"}
    return {
        **_edges(kept),
        **{"rows": len(log), "customers": log.customers, "misplaced": misplaced, "values": values},
    }


def _next(place: str) -> str:
    return "000" if place == "START" else f"{(int(place) + 1) % CYCLE:03d}"


def _transitions(data: Input) -> sj.Table:
    log = sj.EventLog(data.table, customer="customer", time="time", event="event", threads=data.threads)
    return log.transitions(columns=["count", "mean_gap"], threads=data.threads)


def _transitions_answer(result: sj.Table) -> Answer:
    return _edges(pa.table(result).to_pylist())


def _edges(rows: list[dict[str, Any]]) -> Answer:
    return edges(
        {(row["source"], row["target"]): row["count"] for row in rows},
        {(row["source"], row["target"]): row["mean_gap"] for row in rows if row["mean_gap"] is not None},
    )


TASKS = {
    "ingest": {"EventLog": Query(_ingest, _ingest_answer)},
    "transitions": {"EventLog, transitions": Query(_transitions, _transitions_answer)},
}
