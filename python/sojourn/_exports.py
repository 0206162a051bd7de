"""Cells of exports: CSV as text, times, scores and flags read strictly, each fault with its row."""

from __future__ import annotations

import csv
import gzip
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn.table import Table, as_arrow

Columns = dict[str, list[Any]]

_LONGEST_CELL = 2**31 - 1
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_LABELLED = re.compile(r"(\d{1,3})\s*[-–—:]\s*[^\s\d].*", re.ASCII | re.DOTALL)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Unreadable(Exception):
    """A cell that cannot be read: what was found, what was expected."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found, self.expected = found, expected


def shown(cell: Any) -> str:
    """Return a cell as error messages and lists show it: quoted, escaped, at most 60 characters."""
    text = ascii(cell) if isinstance(cell, str) and not cell.isprintable() else repr(cell)
    return text if len(text) <= 60 else text[:59] + "…"


def read_columns(source: Any, name: str, wanted: Sequence[str], encoding: str, delimiter: str) -> tuple[Columns, int]:
    """Return the wanted columns as lists of Python objects, and the number of rows.

    Raises
    ------
    InvalidInput
        For a file or table that cannot be read, and for a column that is not there.
    """
    if isinstance(source, (str, Path)) and _is_csv(Path(source)):
        return _read_csv(Path(source), name, wanted, encoding, delimiter)
    if isinstance(source, Mapping):
        return _read_lists(source, name, wanted)
    source = _only(source, wanted)
    columns = all_columns(source, name)
    for column in wanted:
        _check_column(column, list(columns), name)
    return {column: columns[column] for column in wanted}, len(next(iter(columns.values())))


def all_columns(source: Any, name: str) -> Columns:
    """Return the columns of a table, or of a file as `as_arrow` reads it, as lists of Python objects.

    Raises
    ------
    InvalidInput
        For a table that cannot be read; with its row for a string that is not UTF-8.
    """
    try:
        table = Table(_core.read_table(as_arrow(source, name), name))
    except InvalidInput:
        raise
    except (TypeError, ValueError) as error:  # pyarrow's, of a column that mixes types
        raise InvalidInput(f"{name}: found what Arrow cannot hold ({error}), expected one type a column") from None
    try:
        return table.to_dict()
    except UnicodeDecodeError as error:
        row = bisect_left(range(len(table)), True, key=lambda last: not _decodes(table, last + 1))
        raise InvalidInput(f"{name}, row {row}: found a string that is not UTF-8 ({error}), expected UTF-8") from None


def _decodes(table: Table, rows: int) -> bool:
    try:
        table._core.to_dict(rows)
    except UnicodeDecodeError:
        return False
    return True


def _is_csv(path: Path) -> bool:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    return suffix in (".csv", ".tsv")


def _read_lists(source: Mapping[str, Any], name: str, wanted: Sequence[str]) -> tuple[Columns, int]:
    for column in wanted:
        _check_column(column, list(source), name)
    columns = {column: list(source[column]) for column in wanted}
    rows = {len(cells) for cells in columns.values()}
    if len(rows) > 1:
        raise InvalidInput(f"{name}: found columns of {min(rows)} to {max(rows)} rows, expected equal lengths")
    return columns, rows.pop()


def _only(source: Any, wanted: Sequence[str]) -> Any:
    """Return the table without columns that nobody asked for: they may be of types that no one reads."""
    library = type(source).__module__.partition(".")[0].lstrip("_")
    names = getattr(source, "column_names", None) or getattr(source, "columns", None)
    there = [] if names is None else list(names)
    keep = [column for column in dict.fromkeys(wanted) if column in there]
    if len(keep) < len(set(wanted)):
        return source
    if library in ("polars", "pyarrow"):
        return source.select(keep)
    return source[keep] if library == "pandas" else source


def _check_column(column: str, there: Sequence[str], name: str) -> None:
    if list(there).count(column) == 1:
        return
    if column in there:
        raise InvalidInput(f"{name}: found two columns {shown(column)}, expected one")
    listed = ", ".join(shown(other) for other in list(there)[:20])
    raise InvalidInput(f"{name}: found no column {shown(column)}, expected one of {listed}")


def _read_csv(path: Path, name: str, wanted: Sequence[str], encoding: str, delimiter: str) -> tuple[Columns, int]:
    """Read a CSV file as text. Nothing is sniffed: a quote is ", every row has as many cells as the first."""
    if not path.is_file():
        raise InvalidInput(f"{name}: found no file '{path}', expected a Parquet or CSV file")
    if path.name.removesuffix(".gz").endswith(".tsv") and delimiter == ",":
        delimiter = "\t"
    columns: Columns = {}
    rows = 0
    try:
        for row, cells in enumerate(_csv_rows(path, encoding, delimiter), -1):
            if row < 0:
                header = cells
                for column in wanted:
                    _check_column(column, header, name)
                columns = {column: [] for column in wanted}
                places = [(columns[column], header.index(column)) for column in columns]
                continue
            if cells and len(cells) != len(header):
                raise InvalidInput(
                    f"{name}, row {row}: found {len(cells)} cells, expected {len(header)} as in the header"
                )
            for column_cells, place in places:
                column_cells.append((cells[place] or None) if cells else None)
            rows = row + 1
    except (UnicodeError, LookupError) as error:
        found = f"'{path.name}' that is not {encoding} ({error})"
        raise InvalidInput(f"{name}, row {rows} or soon after: found {found}, expected encoding= as written") from None
    except (csv.Error, OSError, EOFError) as error:
        found = f"'{path.name}' that cannot be read ({error})"
        raise InvalidInput(f"{name}, row {rows}: found {found}, expected CSV") from None
    if not columns:
        raise InvalidInput(f"{name}: found '{path.name}' without a header, expected CSV")
    return columns, rows


def _csv_rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    utf_8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    limit = csv.field_size_limit(_LONGEST_CELL)  # the module's own setting, for everybody: put back below
    try:
        opened: Any = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8-sig" if utf_8 else encoding, newline="") as file:
            yield from csv.reader(file, delimiter=delimiter, strict=True)
    finally:
        csv.field_size_limit(limit)


def read_time(cell: Any, written: str | None, zone: ZoneInfo | None) -> date | datetime:
    """Return a time: naive, or in UTC when the cell or `zone` says where.

    Parameters
    ----------
    cell
        A date, a datetime, a string, or with ``"unix"`` a number.
    written
        None: ISO 8601, nothing else; ``"unix"``, ``"unix_ms"``: seconds or milliseconds since 1970; else as `strptime`
        takes it.
    zone
        Of times that name none.
    """
    if isinstance(cell, date):
        found: date | datetime = cell
    elif written in ("unix", "unix_ms"):
        try:
            return _EPOCH + timedelta(
                microseconds=round(read_number(cell) * (1_000_000 if written == "unix" else 1_000))
            )
        except OverflowError:
            raise Unreadable(shown(cell), "a time of the years 1 to 9999") from None
    elif not isinstance(cell, str):
        raise Unreadable(shown(cell), "a time")
    elif written is None:
        found = _iso(cell)
    else:
        try:
            found = datetime.strptime(cell.strip(), written)
        except ValueError:
            raise Unreadable(shown(cell), f"a time written {written}") from None
    if not isinstance(found, datetime):
        if zone is None:
            return datetime(found.year, found.month, found.day)
        found = datetime(found.year, found.month, found.day)
    if found.tzinfo is None and zone is None:
        return found
    try:
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(timezone.utc)
    except OverflowError:
        raise Unreadable(shown(cell), "a time of the years 1 to 9999") from None


def _iso(cell: str) -> datetime:
    expected = "ISO 8601 (2026-12-31T23:59:59+00:00), or time_format= as it is written ('%d/%m/%Y')"
    match = _ISO.fullmatch(cell.strip())
    if match is None:
        raise Unreadable(shown(cell), expected)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micros = int((fraction or "").ljust(6, "0")[:6])
    try:
        at = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), micros)
        if offset is None:
            return at
        if offset == "Z":
            return at.replace(tzinfo=timezone.utc)
        ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
        return at.replace(tzinfo=timezone(-ahead if offset[0] == "-" else ahead))
    except ValueError:
        raise Unreadable(shown(cell), expected) from None


def read_number(cell: Any) -> float:
    """Return a finite number given as one, or written in ASCII digits with a point."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise Unreadable(shown(cell), "a number")
    if isinstance(cell, str):
        if _NUMBER.fullmatch(cell.strip()) is None:
            raise Unreadable(shown(cell), "a number")
        return float(cell)
    if cell != cell or abs(cell) == float("inf"):
        raise Unreadable(shown(cell), "a finite number")
    return float(cell)


def read_score(cell: Any, labels: Mapping[str, float]) -> tuple[float, bool]:
    """Return a score, and whether it was read from words: those of `labels`, or a number before a dash and words."""
    if isinstance(cell, str):
        if cell.strip() in labels:
            return float(labels[cell.strip()]), True
        match = _LABELLED.fullmatch(cell.strip())
        if match is not None:
            return float(match[1]), True
    try:
        return read_number(cell), False
    except Unreadable as error:
        raise Unreadable(
            error.found, "a number, or one before a dash and words ('9 - Extremely likely'), or score_labels="
        ) from None


def read_string(cell: Any) -> str | None:
    """Return a string as it is, or None; half a surrogate pair is no text."""
    if cell is None:
        return None
    if not isinstance(cell, str):
        raise Unreadable(shown(cell), "a string")
    try:
        if not cell.isascii():
            cell.encode()
    except UnicodeEncodeError:
        raise Unreadable(shown(cell), "text that UTF-8 can hold") from None
    return cell


def read_flag(cell: Any) -> bool:
    """Return a boolean given as one, as 1 or 0, or as true or false in any case."""
    if isinstance(cell, bool):
        return cell
    flag = _FLAGS.get(str(cell).strip().lower())
    if flag is None:
        raise Unreadable(shown(cell), "true, false, 1 or 0")
    return flag


def refuse(name: str, column: str, row: int, error: Unreadable) -> NoReturn:
    """Raise what could not be read as InvalidInput, with table, column and row."""
    raise InvalidInput(
        f"{name}, column {shown(column)}, row {row}: found {error.found}, expected {error.expected}"
    ) from None
