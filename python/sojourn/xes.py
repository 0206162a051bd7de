"""XES event logs (IEEE 1849), plain or gzipped."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn.table import Table

_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:(Z)|([+-])(\d{2}):?(\d{2}))?$")
_KINDS = {"string": "str", "id": "str", "date": "timestamp:UTC", "int": "int", "float": "float", "boolean": "bool"}
_NAME, _STAMP = "concept:name", "time:timestamp"


def read_xes(path: str | Path) -> Table:
    """Read an XES file as a table of events.

    Parameters
    ----------
    path
        A ``.xes`` file, or one compressed by gzip.

    Returns
    -------
    Table
        customer (the trace's ``concept:name``), time (UTC), event (the event's ``concept:name``), then the other
        attributes of events as they are named, then those of traces (behind ``case:`` where an event attribute has the
        same name). A nested attribute gives its own value only.

    Raises
    ------
    InvalidInput
        For a file that is not XES, a trace or event without a name, an event without a time, or a value that is not of
        its type; with the trace and event it stands in.

    Notes
    -----
    Source: IEEE Std 1849-2016. Entity declarations are refused (a known way to exhaust memory).
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInput(f"XES: found no file '{path}', expected a .xes or .xes.gz file")
    reader = _Reader(path.name)
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if zipped:
                with gzip.open(raw) as file:
                    reader.read(file)
            else:
                reader.read(raw)
    except (expat.ExpatError, EOFError, OSError) as error:
        raise InvalidInput(f"{path.name}: found damaged data ({error}), expected XES") from error
    return reader.table()


class _Attributes:
    """Columns that appear as the file goes on; rows that lack one have null."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.kinds: dict[str, str] = {}

    def set(self, row: int, name: str, kind: str, value: Any) -> None:
        column = self.columns.setdefault(name, [])
        known = self.kinds.setdefault(name, kind)
        if known != kind:
            self.kinds[name] = "float" if {known, kind} == {"int", "float"} else "str"
        column.extend([None] * (row - len(column)))
        if len(column) == row:
            column.append(value)
        else:
            column[row] = value

    def finished(self, rows: int) -> dict[str, tuple[str, list[Any]]]:
        out = {}
        for name, column in self.columns.items():
            column.extend([None] * (rows - len(column)))
            kind = self.kinds[name]
            convert: Callable[[Any], Any] = {"str": str, "float": float}.get(kind, lambda value: value)
            out[name] = (kind, [None if cell is None else convert(cell) for cell in column])
        return out


class _Reader:
    """Fills columns while the parser walks the file; memory holds the columns, never the tree."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.path: list[str] = []
        self.events, self.traces = _Attributes(), _Attributes()
        self.event_rows, self.trace_rows = 0, 0
        self.trace_of: list[int] = []
        self.days: dict[str, int] = {}

    def read(self, file: IO[bytes] | gzip.GzipFile) -> None:
        parser = expat.ParserCreate(namespace_separator=None)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._refuse_entity
        parser.ParseFile(file)

    def _refuse_entity(self, name: str, *_: Any) -> None:
        raise InvalidInput(f"{self.name}: found the entity declaration '{name}', expected XES without any")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.path and tag != "log":
            raise InvalidInput(f"{self.name}: found the element '{tag}', expected 'log' (XES)")
        self.path.append(tag)
        if tag not in _KINDS or len(self.path) < 3:
            return
        parent = self.path[-2]
        if parent == "event" and self.path[-3] == "trace":
            self._keep(self.events, self.event_rows, tag, attributes)
        elif parent == "trace":
            self._keep(self.traces, self.trace_rows, tag, attributes)

    def _keep(self, into: _Attributes, row: int, tag: str, attributes: dict[str, str]) -> None:
        key, value = attributes.get("key"), attributes.get("value")
        if key is None or value is None:
            raise InvalidInput(f"{self._place()}: found <{tag}> without key or value, expected both")
        into.set(row, key, _KINDS[tag], self._value(tag, key, value))

    def _value(self, tag: str, key: str, value: str) -> Any:
        try:
            if tag == "date":
                return self._micros(value)
            if tag == "int":
                return int(value)
            if tag == "float":
                return float(value)
            if tag == "boolean":
                return {"true": True, "false": False, "1": True, "0": False}[value.lower()]
        except (ValueError, KeyError) as error:
            raise InvalidInput(f"{self._place()}: found {key} = {value!r:.60}, expected {tag}") from error
        return value

    def _micros(self, text: str) -> int:
        match = _TIME.match(text)
        if match is None:
            raise ValueError(text)
        day, hour, minute, second, fraction, _, sign, off_hour, off_minute = match.groups()
        days = self.days.get(day)
        if days is None:
            from datetime import date

            days = self.days[day] = date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()
        seconds = (days * 24 + int(hour)) * 3600 + int(minute) * 60 + int(second)
        if sign:
            offset = int(off_hour) * 3600 + int(off_minute) * 60
            seconds -= offset if sign == "+" else -offset
        return seconds * 1_000_000 + (int(fraction[:6].ljust(6, "0")) if fraction else 0)

    def _end(self, tag: str) -> None:
        self.path.pop()
        if tag == "event" and self.path[-1:] == ["trace"]:
            for needed in (_NAME, _STAMP):
                column = self.events.columns.get(needed, ())
                if len(column) <= self.event_rows or column[self.event_rows] is None:
                    raise InvalidInput(f"{self._place()}: found no '{needed}', expected one in every event")
            self.trace_of.append(self.trace_rows)
            self.event_rows += 1
        elif tag == "trace":
            names = self.traces.columns.get(_NAME, ())
            if len(names) <= self.trace_rows:
                raise InvalidInput(
                    f"{self.name}, trace {self.trace_rows}: found no '{_NAME}', expected one in every trace"
                )
            self.trace_rows += 1

    def _place(self) -> str:
        return f"{self.name}, trace {self.trace_rows}, event {self.event_rows} of the file"

    def table(self) -> Table:
        if self.event_rows == 0:
            raise InvalidInput(f"{self.name}: found no events, expected at least one")
        events = self.events.finished(self.event_rows)
        traces = self.traces.finished(self.trace_rows)
        names = traces.pop(_NAME)[1]
        columns: list[tuple[str, str, list[Any]]] = [
            ("customer", "str", [str(names[trace]) for trace in self.trace_of]),
            ("time", "timestamp:UTC", events.pop(_STAMP)[1]),
            ("event", "str", [str(name) for name in events.pop(_NAME)[1]]),
        ]
        taken = {"customer", "time", "event", *events}
        columns += [(name, kind, cells) for name, (kind, cells) in events.items()]
        for name, (kind, cells) in traces.items():
            shown = f"case:{name}" if name in taken else name
            columns.append((shown, kind, [cells[trace] for trace in self.trace_of]))
        return Table(_core.Table.from_lists(columns))
