"""Tables in and out: anything that speaks Arrow comes in, `Table` goes out."""

from __future__ import annotations

import html
import importlib.util
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._csv import plain_path, read_csv

_SHOWN_ROWS = 10


def as_arrow(source: Any, name: str) -> Any:
    """Return an object with ``__arrow_c_stream__`` for a table or for a path to Parquet or CSV.

    Parameters
    ----------
    source
        Anything with ``__arrow_c_stream__`` (pandas, polars, pyarrow, duckdb, `Table`), or the path of a ``.parquet``,
        ``.csv`` or ``.csv.gz`` file, which DuckDB reads; of CSV no line is dropped, and no cell read as
        what it is not written as (``007`` is text, and so is a column that mixes).
    name
        What error messages call the table.

    Raises
    ------
    InvalidInput
        For anything else, a file that is not there, or a pandas frame without pyarrow installed.
    """
    if isinstance(source, (str, Path)):
        return _read_file(Path(source), name)
    if type(source).__module__.partition(".")[0] == "pandas" and importlib.util.find_spec("pyarrow") is None:
        raise InvalidInput(
            f"{name}: found a pandas DataFrame without pyarrow installed, expected pyarrow beside pandas "
            "(pip install pyarrow); polars and duckdb need nothing more"
        )
    if hasattr(source, "__arrow_c_stream__"):
        return source
    if isinstance(source, Mapping):
        return Table.from_dict(source)
    if hasattr(source, "collect") and type(source).__name__ == "LazyFrame":
        raise InvalidInput(f"{name}: found a LazyFrame, expected a table in memory (call .collect() first)")
    raise InvalidInput(
        f"{name}: found {type(source).__name__}, expected a pandas, polars, pyarrow or duckdb table, "
        "or a path to Parquet or CSV"
    )


def _read_file(path: Path, name: str) -> Any:
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if suffix not in (".parquet", ".csv", ".tsv"):
        raise InvalidInput(f"{name}: found a file '{path.name}', expected .parquet, .csv or .csv.gz")
    if not path.is_file():
        raise InvalidInput(f"{name}: found no file '{path}', expected a Parquet or CSV file")
    if suffix != ".parquet":
        return read_csv(path, name)
    import duckdb

    try:
        relation = duckdb.connect().read_parquet(plain_path(path))
    except duckdb.Error as error:
        raise InvalidInput(f"{name}: found '{path.name}' that cannot be read ({error}), expected Parquet") from error
    # A relation keeps its connection alive; an Arrow table lets go of both.
    return relation


class Table:
    """A result: columns of equal length that any Arrow library can take without a copy.

    Examples
    --------
    >>> import sojourn as sj
    >>> table = sj.Table.from_dict({"customer": [1, 2], "event": ["order", "return"]})
    >>> table.columns
    ['customer', 'event']
    >>> len(table)
    2
    """

    def __init__(self, core: _core.Table, like: Any = None) -> None:
        self._core = core
        self._like = like

    @classmethod
    def from_dict(cls, columns: Mapping[str, Sequence[Any]]) -> Table:
        """Return a table of columns given as lists; the type is that of the first value that is not None.

        Parameters
        ----------
        columns
            Name → values: int, float, bool, str, `datetime` (naive, or all in one zone) or `date`; None is null.

        Raises
        ------
        InvalidInput
            For values of mixed or unknown type, or columns of unequal length.
        """
        return cls(_core.Table.from_lists([_typed(name, list(cells)) for name, cells in columns.items()]))

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._core.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self._core)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._core.columns

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the columns as lists of Python objects."""
        return self._core.to_dict(len(self))

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts of Python objects."""
        columns = self.to_dict()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def to_arrow(self) -> Any:
        """Return a ``pyarrow.Table``."""
        import pyarrow

        return pyarrow.table(self)

    def to_polars(self) -> Any:
        """Return a ``polars.DataFrame``."""
        import polars

        return polars.DataFrame(self)

    def to_pandas(self) -> Any:
        """Return a ``pandas.DataFrame``; needs pyarrow too."""
        return self.to_arrow().to_pandas()

    def to_native(self) -> Any:
        """Return the table in the library that the caller's own table came from; this table itself if there was none.

        DuckDB relations and paths give a DuckDB relation.
        """
        library = type(self._like).__module__.partition(".")[0].lstrip("_")
        if library == "polars":
            return self.to_polars()
        if library == "pyarrow":
            return self.to_arrow()
        if library == "pandas":
            return self.to_pandas()
        if library == "duckdb" or isinstance(self._like, (str, Path)):
            import duckdb

            return duckdb.from_arrow(self)
        return self

    def __reduce__(self) -> Any:
        return _pickles.table, (_core.table_bytes(self._core), _pickles.library_of(self._like))

    def __repr__(self) -> str:
        names = ", ".join(self.columns)
        return f"Table({len(self):,} rows: {names})"

    def _repr_html_(self) -> str:
        head = self._core.to_dict(_SHOWN_ROWS)
        cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_shown(cell))}</td>" for cell in row) + "</tr>"
            for row in zip(*head.values(), strict=True)
        )
        more = f"<p>{len(self):,} rows, {min(len(self), _SHOWN_ROWS)} shown</p>"
        return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _shown(cell: Any) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.6g}"
    text = str(cell)
    return text if len(text) <= 200 else text[:199] + "…"


def _typed(name: str, cells: list[Any]) -> tuple[str, str, list[Any]]:
    """Return name, the compiled table's word for the type, and the cells as it takes them."""
    first = next((cell for cell in cells if cell is not None), None)
    kinds: list[tuple[type, str]] = [(bool, "bool"), (int, "int"), (float, "float"), (str, "str")]
    if isinstance(first, datetime):
        zone = _zone_name(first)
        return name, f"timestamp:{zone}" if zone else "timestamp", [_micros(cell, zone, name) for cell in cells]
    if isinstance(first, date):
        return name, "date", [None if cell is None else (cell - date(1970, 1, 1)).days for cell in cells]
    if first is None:
        return name, "str", cells
    for kind, word in kinds:
        if isinstance(first, kind):
            if word == "int" and any(isinstance(cell, float) for cell in cells):
                word, kind = "float", float
            for row, cell in enumerate(cells):
                if cell is not None and not isinstance(cell, kind) and not (word == "float" and isinstance(cell, int)):
                    raise InvalidInput(f"column '{name}', row {row}: found {cell!r:.60}, expected {word} as above")
            return name, word, cells
    raise InvalidInput(
        f"column '{name}': found {type(first).__name__}, expected int, float, bool, str, datetime or date"
    )


def _zone_name(moment: datetime) -> str | None:
    if moment.tzinfo is None:
        return None
    return getattr(moment.tzinfo, "key", None) or "UTC"


def _micros(cell: datetime | None, zone: str | None, name: str) -> int | None:
    if cell is None:
        return None
    if (cell.tzinfo is None) != (zone is None):
        raise InvalidInput(f"column '{name}': found naive and zoned times mixed, expected one kind")
    since = cell.replace(tzinfo=None) - datetime(1970, 1, 1) - (cell.utcoffset() or datetime.min - datetime.min)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
