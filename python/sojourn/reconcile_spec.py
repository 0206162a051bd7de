"""A reconciliation spelled out in a JSON file, for those who write no Python."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from sojourn._core import InvalidInput
from sojourn.assets import Definition, Ledger, Reconciliation, reconcile
from sojourn.table import as_arrow

SCHEMA = "sojourn-reconcile-1"
_TOP = {
    "schema": str,
    "note": str,
    "ledgers": list,
    "standard": str,
    "periods": str,
    "start": str,
    "end": str,
    "timezone": str,
    "window": str,
    "as_of": str,
    "recorded": str,
    "rates": str,
    "reporting_currency": str,
}
_LEDGER = {
    **{"name": str, "note": str, "records": str, "definition": (dict, str)},
    **{"group": str, "crosswalk": str, "counts": str},
}
_WORDS = {str: "a string", list: "a list", (dict, str): "an object or a file's name"}


def reconcile_spec(path: str | os.PathLike[str], *, threads: int | None = None) -> Reconciliation:
    """Reconcile what a JSON file spells out; money comes as decimals.

    Parameters
    ----------
    path
        The file: docs/reconcile_spec.md says what stands in it. Files that it names are relative to it. Ledgers that
        name one file share one table, so that they are compared record by record.
    threads
        Number of threads (None: all). The answer never depends on it.

    Returns
    -------
    Reconciliation
        As of `reconcile`; ``save(folder)`` writes all of it.

    Raises
    ------
    InvalidInput
        With the place (``ledgers[1].group``), for a key that is missing, unknown or given twice, for files that cannot
        be read, and as `Definition`, `Ledger` and `reconcile`.
    """
    file = Path(path)
    said = _object(_parsed(file), "", _TOP, ("schema", "ledgers", "start", "end"), file.name)
    if said["schema"] != SCHEMA:
        _refuse(file.name, "schema", f"'{said['schema']:.60}'", f"'{SCHEMA}'")
    if not said["ledgers"]:
        _refuse(file.name, "ledgers", "none", "at least one")
    tables: dict[Path, Any] = {}
    ledgers = [_ledger(one, at, file, tables, threads) for at, one in enumerate(said["ledgers"])]
    arguments = {key: said[key] for key in said if key not in ("schema", "note", "ledgers", "standard", "rates")}
    standard = None
    if "standard" in said:
        names = [ledger.name for ledger in ledgers]
        if said["standard"] not in names:
            hint = _hint(said["standard"], names)
            _refuse(file.name, "standard", f"'{said['standard']:.60}'", f"the name of a ledger{hint}")
        standard = ledgers.pop(names.index(said["standard"]))
    try:
        if "rates" in said:
            arguments["rates"] = _table(file.parent / said["rates"], "rates", tables)
        return reconcile(ledgers, standard, **arguments, money="decimal", threads=threads)
    except InvalidInput as error:
        raise InvalidInput(f"{file.name}: {error}") from None


def _ledger(said: Any, at: int, file: Path, tables: dict[Path, Any], threads: int | None) -> Ledger:
    place = f"ledgers[{at}]"
    said = _object(said, place, _LEDGER, ("name", "records", "definition"), file.name)
    definition = said["definition"]
    source = f"{file.name}: {place}.definition"
    if isinstance(definition, str):
        source += f" ({definition})"
        definition = _parsed(file.parent / definition)
        if not isinstance(definition, dict):
            raise InvalidInput(f"{source}: found {type(definition).__name__}, expected an object")
    try:
        means = Definition.from_dict(definition)
    except InvalidInput as error:
        raise InvalidInput(f"{source}: {error}") from None
    try:
        records = _table(file.parent / said["records"], said["name"], tables)
        crosswalk = said.get("crosswalk")
        links = None if crosswalk is None else _table(file.parent / crosswalk, f"{said['name']}: crosswalk", tables)
        counts = said.get("counts", "unit")
        return Ledger(said["name"], records, means, said.get("group"), crosswalk=links, counts=counts, threads=threads)
    except InvalidInput as error:
        raise InvalidInput(f"{file.name}: {place}: {error}") from None


def _table(path: Path, name: str, tables: dict[Path, Any]) -> Any:
    """Return a file's table, one object a file."""
    if "\0" in str(path):
        raise InvalidInput(f"{name}: found {str(path)!r:.60}, expected a file's name")
    real = path.resolve()
    if real not in tables:
        tables[real] = as_arrow(path, name)
    return tables[real]


def _object(said: Any, place: str, types: Mapping[str, Any], needed: Sequence[str], file: str) -> dict[str, Any]:
    """Return an object after its keys and their types are checked; a key with null is one that is not there."""
    if not isinstance(said, dict):
        _refuse(file, place, type(said).__name__, "an object")
    dot = f"{place}." if place else ""
    for key, value in said.items():
        if key not in types:
            _refuse(file, f"{dot}{key:.60}", "a key that is not known", f"one of {', '.join(types)}{_hint(key, types)}")
        if value is not None and not isinstance(value, types[key]):
            _refuse(file, f"{dot}{key}", json.dumps(value)[:60], _WORDS[types[key]])
    there = {key: value for key, value in said.items() if value is not None}
    for key in needed:
        if key not in there:
            _refuse(file, f"{dot}{key}", "nothing", _WORDS[types[key]])
    return there


def _hint(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = get_close_matches(name[:200].lower(), list(known), 1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _parsed(path: Path) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            _refuse(path.name, twice[:60], "the key twice in one object", "it once")
        return dict(pairs)

    def finite(word: str) -> NoReturn:
        _refuse(path.name, "", word, "a number")

    try:
        said = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=once, parse_constant=finite)
        json.dumps(said, ensure_ascii=False).encode()  # half a surrogate pair is no text
        return said
    except (UnicodeError, json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path.name}: found what is not JSON in UTF-8 ({error}), expected JSON") from None
    except OSError as error:
        raise InvalidInput(f"{path.name}: found no file that can be read ({error.strerror}), expected JSON") from None


def _refuse(file: str, place: str, found: str, expected: str) -> NoReturn:
    where = f"{file}: {place}" if place else file
    raise InvalidInput(f"{where}: found {found}, expected {expected}")
