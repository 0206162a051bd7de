"""The systems measured, a module each.

A module has `prepare(table, threads)`, which turns the Arrow log into what the system likes best and is not timed, and
`TASKS`: task -> variant -> `Query`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANY = frozenset({"int", "shuffled", "string"})
TIME_ORDERED = frozenset({"int", "string"})

MODULES = {
    "sojourn": "ours",
    "polars": "polars_",
    "duckdb": "duckdb_",
    "pm4py": "pm4py_",
    "retentioneering": "retentioneering_",
}


@dataclass(frozen=True)
class Query:
    """One way in which a system does a task.

    `run` is timed and takes what `prepare` gave; `answer` is not, and turns run's result into what the reference holds,
    or into a table.
    """

    run: Callable[[Any], Any]
    answer: Callable[[Any], Any]
    data: frozenset[str] = ANY
    named: bool = False  # one of those the targets were set against
    time_ordered_only: bool = False  # right only where the table is in time order already
    repeats: int | None = None  # fewer than asked, for the slow
    raw: bool = False  # a question asked of the rows as they came, reading included
    unlike: str = ""  # what it is asked or given otherwise than the others
    fault: str = ""  # a fault of the system, for which its answer is known to be wrong
    prepare: Callable[[Any, int], Any] | None = None  # where not as the module's others
