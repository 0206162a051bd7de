"""Moves as an answer."""

from typing import Any

from questions import OUTCOME_ID
from reference import END, START, Answer, edges


def tell(rows: list[dict[str, Any]]) -> Answer:
    """Tell the moves from rows of node, target, n, customers, gap and start; an outcome's own end is no move."""
    counts: dict[tuple[str, str], int] = {}
    customers: dict[str, int] = {}
    for row in rows:
        if row["start"]:
            counts[START, row["node"]] = counts.get((START, row["node"]), 0) + int(row["start"])
        if row["target"] is None and row["node"] == OUTCOME_ID:
            continue
        counts[row["node"], row["target"] or END] = row["n"]
        customers[f"{row['node']} -> {row['target'] or END}"] = row["customers"]
    customers |= {f"{source} -> {target}": n for (source, target), n in counts.items() if source == START}
    told = edges(counts, {(row["node"], row["target"]): row["gap"] / 1e6 for row in rows if row["target"]})
    return {**told, "customers": customers} if rows[0]["customers"] is not None else told
