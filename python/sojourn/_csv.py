"""CSV files as tables: nothing sniffed that could drop a line, no cell read as something it is not written as."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sojourn._core import InvalidInput

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 2_000
_LONGEST_HEADER = 1 << 20

# What every cell of a column passes that is of a type: DuckDB's casts alone take more (007, 2026-3-1, zones into UTC).
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0{0,3})?)?"
_ZONE = r"(Z|[+-][0-9]{2}(:[0-9]{2})?)"
_NUMBER = r"-?((0|[1-9][0-9]{0,14})([.][0-9]*)?|[.][0-9]+)([eE][+-][0-9]{1,3})?|(?i:nan)"
_TYPES = {
    "BOOLEAN": "lower(CELL) IN ('true', 'false')",
    "BIGINT": "CAST(try_cast(CELL AS BIGINT) AS VARCHAR) IS NOT DISTINCT FROM CELL",
    "DATE": "CAST(try_cast(CELL AS DATE) AS VARCHAR) IS NOT DISTINCT FROM CELL",
    "DOUBLE": f"try_cast(CELL AS DOUBLE) IS NOT NULL AND regexp_full_match(CELL, '{_NUMBER}')",
    "TIMESTAMP": f"try_cast(CELL AS TIMESTAMP) IS NOT NULL AND regexp_full_match(CELL, '{_DAY}({_TIME})?')",
    "TIMESTAMPTZ": f"try_cast(CELL AS TIMESTAMPTZ) IS NOT NULL AND regexp_full_match(CELL, '{_DAY}{_TIME}{_ZONE}')",
}


def read_csv(path: Path, name: str) -> Any:
    """Return a CSV file as a DuckDB relation.

    The first record is the header, every further one has as many cells; a quote is ``"``, doubled inside quotes. The
    delimiter is a tab in ``.tsv`` files, else the one of ``, ; tab |`` that the header has most often. A column is of
    booleans (true, false), whole numbers, numbers, dates or times (ISO 8601) when every cell is written as one, else of
    text: ``007`` stays text. An empty cell is null; a blank line is no row.

    Raises
    ------
    InvalidInput
        With file and line: for a row of more or fewer cells than the header, a quote that is not closed, two columns
        of one name, an empty file, what is not UTF-8.
    """
    import duckdb

    header, delimiter = _header(path, name)
    source = _source(path, header, delimiter, dict.fromkeys(header, "VARCHAR"))
    connection = duckdb.connect()
    connection.sql("SET TimeZone = 'UTC'")  # instants do not come in the zone of the machine
    try:
        types = _types(connection, source, header)
        return connection.sql(f"SELECT * FROM {_source(path, header, delimiter, types)}")
    except duckdb.Error as error:
        _refuse(path, name, header, delimiter)
        found = " ".join(str(error).split())[:300]
        raise InvalidInput(
            f"{name}: '{path.name}': found what cannot be read ({found}), expected CSV with line ends of one kind"
        ) from None


def _header(path: Path, name: str) -> tuple[list[str], str]:
    """Return the columns' names, and the delimiter."""
    place = f"{name}: '{path.name}', line 1"
    try:
        with _opened(path) as file:
            text = file.read(_LONGEST_HEADER)
    except (UnicodeError, OSError, EOFError) as error:
        raise InvalidInput(f"{place} or soon after: found what cannot be read ({error}), expected UTF-8") from None
    delimiter, columns = ",", _split(text, ",")
    for mark in _DELIMITERS:
        split = _split(text, mark)
        if len(split) > max(1, len(columns)):
            delimiter, columns = mark, split
    if ".tsv" in path.suffixes:
        delimiter, columns = "\t", _split(text, "\t")
    if not any(columns):
        raise InvalidInput(f"{place}: found no header that can be read, expected the columns' names")
    names = [column or f"column{at}" for at, column in enumerate(columns)]  # an index has no name
    folded: dict[str, str] = {}
    for column in names:
        if column.casefold() in folded:
            both = f"{folded[column.casefold()]!r:.60} and {column!r:.60}"
            raise InvalidInput(f"{place}: found the columns {both}, expected names that differ")
        folded[column.casefold()] = column
    return names, delimiter


def _split(text: str, delimiter: str) -> list[str]:
    """Return the cells of the first line; none where its quotes do not fit the delimiter."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _opened(path: Path) -> Any:
    """Return the file's text; DuckDB goes by the name's ending too."""
    opened: Any = gzip.open if path.suffix == ".gz" else open
    return opened(path, "rt", encoding="utf-8-sig", newline="")


def _refuse(path: Path, name: str, header: Sequence[str], delimiter: str) -> None:
    """Raise what is wrong with a file that DuckDB refuses, with the line; return when nothing is found."""
    line = 1
    try:
        with _opened(path) as file:
            records = csv.reader(file, delimiter=delimiter, strict=True)
            for cells in records:
                if cells and len(cells) != len(header):
                    mark = "tabs" if delimiter == "\t" else f"'{delimiter}'"
                    found = f"{len(cells)} cells between {mark}, expected {len(header)} as in the header"
                    raise InvalidInput(f"{name}: '{path.name}', line {line:,}: found {found}")
                line = records.line_num + 1
    except (csv.Error, UnicodeError, OSError, EOFError) as error:
        expected = 'CSV in UTF-8, quotes written as "…" with "" inside'
        place = f"{name}: '{path.name}', line {line:,}"
        raise InvalidInput(f"{place}: found what cannot be read ({error}), expected {expected}") from None


def _types(connection: Any, source: str, header: Sequence[str]) -> dict[str, str]:
    """Return each column's type: the first that its beginning is written as, borne out by the whole file, else text."""
    likely = _written_as(connection, f"(SELECT * FROM {source} LIMIT {_SAMPLE})", dict.fromkeys(header, tuple(_TYPES)))
    held = _written_as(connection, source, {column: (kind,) for column, kind in likely.items()})
    again = {column: tuple(_TYPES) for column in header if held[column] != likely[column]}
    return {**held, **_written_as(connection, source, again)} if again else held


def _written_as(connection: Any, source: str, kinds: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return for each column the first of the types that all its cells are written as, else text. Reads all lines."""
    asked = [(column, kind) for column in kinds for kind in kinds[column]]
    found = connection.sql(f"SELECT {', '.join(_is_all(*pair) for pair in asked)} FROM {source}").fetchall()[0]
    types = dict.fromkeys(kinds, "VARCHAR")
    for (column, kind), is_all in zip(reversed(asked), reversed(found), strict=True):
        if is_all:
            types[column] = kind
    return types


def _is_all(column: str, kind: str) -> str:
    cell = _name(column)
    test = (
        _TYPES[kind].replace("CELL", cell) if kind in _TYPES else "true"
    )  # a column of text is read, so that faults show
    return f"bool_and({test}) FILTER ({cell} IS NOT NULL)"


def _source(path: Path, header: Sequence[str], delimiter: str, types: Mapping[str, str]) -> str:
    columns = ", ".join(f"{_text(column)}: '{types[column]}'" for column in header)
    said = f"columns = {{{columns}}}, delim = {_text(delimiter)}, header = true, auto_detect = false"
    return f"""read_csv({_text(plain_path(path))}, {said}, quote = '"', escape = '"', comment = '', skip = 0)"""


def plain_path(path: Path) -> str:
    """Return a path in which DuckDB sees no pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
