"""What pickles of logs, tables and graphs are read back with. Their bytes carry a version, and are checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._zones import zone_rules

if TYPE_CHECKING:
    from sojourn.events import EventLog
    from sojourn.graph import JourneyGraph
    from sojourn.table import Table


def library_of(like: Any) -> str:
    """Return the library of the caller's own table: all that is kept of it. A path is DuckDB's to read."""
    return "duckdb" if isinstance(like, (str, Path)) else type(like).__module__.partition(".")[0].lstrip("_")


def stand_in(library: str) -> Any:
    """Return what `Table.to_native` takes for a table of that library; the library itself need not be there yet."""
    return type("StandIn", (), {"__module__": library})()


def log(data: bytes, library: str) -> EventLog:
    """Return the log that these bytes are of."""
    from sojourn.events import EventLog

    return EventLog._wrap(_core.log_from(data, zone_rules), stand_in(library))


def table(data: bytes, library: str) -> Table:
    """Return the table that these bytes are of."""
    from sojourn.table import Table

    return Table(_core.table_from(data), stand_in(library))


def graph(data: bytes, library: str, told: dict[str, Any]) -> JourneyGraph:
    """Return the graph that these bytes are of; `told` is what it was told beyond its counts."""
    from sojourn.graph import JourneyGraph

    return JourneyGraph(_core.graph_from(data, None), stand_in(library), **told)
