"""sojourn: from Arrow tables to the statement, and from the same to the bridges of two ledgers with the standard."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

import sojourn as sj

from . import FLOWS, FROM, LEDGERS, PAIRS, TO, Flows, Query

DEFINITION = sj.Definition("customer", "start", "end", value="value", grace="0d")
Held = tuple[dict[str, pa.Table], int]


def prepare(tables: dict[str, pa.Table], threads: int) -> Held:
    """Hold the tables as they are."""
    return tables, threads


def reconciled(held: Held, grouped: bool) -> sj.Reconciliation:
    """Read the ledgers and run them."""
    tables, threads = held
    group = "group" if grouped else None
    ledgers = [sj.Ledger(name, tables[name], DEFINITION, group=group, threads=threads) for name in LEDGERS]
    return sj.reconcile(ledgers, standard=ledgers[0], start=FROM, end=TO, money="minor", threads=threads)


def flows(held: Held) -> Any:
    """Return the statement."""
    return pa.table(reconciled(held, grouped=False).statement())


def statement(held: Held) -> Any:
    """Return the statement of ledgers that can be bridged."""
    return pa.table(reconciled(held, grouped=True).statement())


def flows_answer(found: pa.Table) -> Flows:
    """Write the statement as the peers do; value in major units."""
    answer: Flows = {}
    for row in found.to_pylist():
        own = answer.setdefault(row["ledger"], {})
        for column in ("opening", "joined", "left", "closing"):
            own.setdefault(column, []).append(row[column])
        for column in ("opening_value", "closing_value"):
            own.setdefault(column, []).append(row[column] // 100)
    return answer


def bridges(run: sj.Reconciliation) -> list[pa.Table]:
    """Return why each ledger differs, as sums."""
    return [pa.table(run.bridge(name)) for name in LEDGERS[1:]]


def records(run: sj.Reconciliation) -> list[pa.Table]:
    """Return every event with its reason."""
    return [pa.table(run.records(name)) for name in LEDGERS[1:]]


def pairs_answer(found: list[pa.Table]) -> dict[str, int]:
    """Count reasons over both bridges."""
    answer: dict[str, int] = {}
    for table in found:
        for row in table.group_by("reason").aggregate([("count", "sum")]).to_pylist():
            answer[row["reason"]] = answer.get(row["reason"], 0) + row["count_sum"]
    return answer


def records_answer(found: list[pa.Table]) -> dict[str, int]:
    """Count events by reason over both tables."""
    answer: dict[str, int] = {}
    for table in found:
        for row in table.group_by("reason").aggregate([("reason", "count")]).to_pylist():
            answer[row["reason"]] = answer.get(row["reason"], 0) + row["reason_count"]
    return answer


def prepare_reconciled(tables: dict[str, pa.Table], threads: int) -> sj.Reconciliation:
    """Reconcile before the clock starts. Each run must bridge anew: see `afresh`."""
    return reconciled((tables, threads), grouped=True)


def afresh(run: sj.Reconciliation) -> sj.Reconciliation:
    """Forget the bridges that are kept for the next question."""
    run._differences.clear()
    run.__dict__.pop("_linkage", None)
    return run


TASKS: dict[str, dict[str, Query]] = {
    FLOWS: {
        "ledgers, reconcile, statement": Query(flows, flows_answer, prepare),
        "the same with groups": Query(statement, flows_answer, prepare, unlike="ready for bridges"),
    },
    PAIRS: {
        "tables to bridges": Query(lambda held: bridges(reconciled(held, grouped=True)), pairs_answer, prepare),
        "bridges": Query(
            lambda run: bridges(afresh(run)), pairs_answer, prepare_reconciled, unlike="of ledgers reconciled already"
        ),
        "bridges, records": Query(
            lambda run: [bridges(afresh(run)), records(run)][1],
            records_answer,
            prepare_reconciled,
            unlike="of ledgers reconciled already",
        ),
    },
}
