"""A reconciliation as files for people: CSV tables, one page, and a summary in plain words."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sojourn._core import InvalidInput
from sojourn._templates import escaping
from sojourn.journey_map.numbers import MINUS, count, counted, signed
from sojourn.journey_map.text import clean

if TYPE_CHECKING:
    from sojourn.assets import Reconciliation
    from sojourn.table import Table

_OURS = re.compile(r"(statement|check|bridge_.+|records_.+)\.csv|reconciliation\.html")
_MOST_LETTERS = 60
_FORMULA = re.compile(r"\s*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")

Row = Mapping[str, Any]


def write(r: Reconciliation, folder: str | os.PathLike[str]) -> Path:
    """Write statement, check, bridges, records and the page into a folder: all of them or nothing.

    Raises
    ------
    InvalidInput
        When the folder above is not there, or the folder holds what is no earlier reconciliation.
    """
    target = Path(folder)
    _check_free(target)
    part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        for name, text in _files(r):
            (part / name).write_text(text, encoding="utf-8", newline="")
        if target.exists():
            old = part.with_suffix(".old")
            target.replace(old)
            part.replace(target)
            shutil.rmtree(old)
        else:
            part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _check_free(target: Path) -> None:
    if not target.parent.is_dir():
        raise InvalidInput(f"folder '{target}': found no folder '{target.parent}', expected one that is there")
    if target.exists() and not target.is_dir():
        raise InvalidInput(f"folder '{target}': found a file, expected a folder or a name that is free")
    foreign = (
        sorted(path.name for path in target.iterdir() if not _OURS.fullmatch(path.name)) if target.exists() else []
    )
    if foreign:
        found = ", ".join(f"'{name:.60}'" for name in foreign[:3])
        raise InvalidInput(f"folder '{target}': found {found} in it, expected a folder for the reconciliation alone")


def _files(r: Reconciliation) -> list[tuple[str, str]]:
    files = [("statement.csv", csv_text(r.statement())), ("check.csv", csv_text(r.check()))]
    others = explained(r)
    for name, safe in zip(others, file_names(others), strict=True):
        files += [(f"bridge_{safe}.csv", csv_text(r.bridge(name))), (f"records_{safe}.csv", csv_text(r.records(name)))]
    return [*files, ("reconciliation.html", page(r))]


def explained(r: Reconciliation) -> list[str]:
    """Return the ledgers that can be held against the standard."""
    return r.ledgers[1:] if r.has_standard else []


def file_names(ledgers: Sequence[str]) -> list[str]:
    """Return for each ledger a part of a file's name: letters, digits, points and dashes, no two alike in any case."""
    names: list[str] = []
    for ledger in ledgers:
        safe = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in ledger)[:_MOST_LETTERS]
        tail, number = safe, 1
        while tail.casefold() in (name.casefold() for name in names):
            number += 1
            tail = f"{safe}_{number}"
        names.append(tail)
    return names


def csv_text(table: Table) -> str:
    """Return a table as CSV (UTF-8, empty for null). Text that a spreadsheet would run as a formula gets a ' before."""
    columns = table.to_dict()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*([_cell(cell) for cell in cells] for cells in columns.values()), strict=True))
    return out.getvalue()


def _cell(cell: Any) -> Any:
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


def summary(r: Reconciliation) -> list[str]:
    """Return what the reconciliation says, a line a finding."""
    rows = r.statement().rows()
    lines = [_statement_line(r, name, rows) for name in r.ledgers]
    for name in explained(r):
        lines += _gap_lines(r, name, rows)
    return [*lines, *_guard_lines(r)]


def _statement_line(r: Reconciliation, name: str, rows: Sequence[Row]) -> str:
    own = [row for row in rows if row["ledger"] == name]
    first, last = min((row["period"] for row in own), default=None), max((row["period"] for row in own), default=None)
    opening = sum(row["opening"] for row in own if row["period"] == first)
    closing = sum(row["closing"] for row in own if row["period"] == last)
    sums = {column: sum(row[column] for row in own) for column in ("joined", "left", "other_in", "other_out")}
    said = f"{count(opening)} at the opening + {count(sums['joined'])} in {MINUS} {count(sums['left'])} out"
    for sign, column in (("+", "other_in"), (MINUS, "other_out")):
        if sums[column]:
            said += f" {sign} {count(sums[column])} that its own rules do not count ({column})"
    unit = r.definition(name).to_dict()["customer"]
    standard = ", the standard" if r.has_standard and name == r.ledgers[0] else ""
    return clean(f"{name} (by {unit}{standard}): {said} = {count(closing)} at the closing")


def _gap_lines(r: Reconciliation, name: str, rows: Sequence[Row]) -> list[str]:
    """Return net and gross of the gap, then its reasons, for in and out."""
    standard = r.ledgers[0]
    differ = sum(row["count"] != 0 and row["reason"] != "matched" for row in r.records(name).rows())
    nets = [sum(row["joined"] - row["left"] for row in rows if row["ledger"] == which) for which in (name, standard)]
    said = f"net {signed(nets[0])} against {signed(nets[1])}, a gap of {signed(nets[0] - nets[1])}"
    lines = [clean(f"{name} against {standard}: {said}; {counted(differ, 'single events')} differ")]
    bridge = r.bridge(name).rows()
    for direction in ("in", "out"):
        reasons: Counter[str] = Counter()
        for row in bridge:
            if row["direction"] == direction and row["count"]:
                reasons[f"{row['reason']}: {row['rule']}" if row["rule"] else row["reason"]] += row["count"]
        told = ", ".join(f"{signed(number)} {reason}" for reason, number in reasons.most_common() if number)
        lines.append("  " + clean(f"{direction}: gap {signed(sum(reasons.values()))}{' = ' if told else ''}{told}"))
    return lines


def _guard_lines(r: Reconciliation) -> list[str]:
    fired = [row for row in r.check().rows() if row["kind"] == "guard" and row["failures"]]
    if not fired:
        return ["No guard fired; every identity holds"]
    lines = (f"Guard: {row['check']}: {count(row['failures'])} of {count(row['tested'])}" for row in fired)
    return [
        clean(f"{line} ({row['detail']})" if row["detail"] else line) for line, row in zip(lines, fired, strict=True)
    ]


def page(r: Reconciliation) -> str:
    """Return the page: summary, pictures, tables. Nothing is fetched, no script."""
    import vl_convert

    charts = [r.plot(), *(r.plot(name) for name in explained(r))]
    pictures = [vl_convert.vegalite_to_svg(chart.to_json()) for chart in charts]
    template = escaping(Path(__file__).parent).get_template("reconciliation.html.jinja")
    bridges = [(clean(name), _bridge_rows(r, name)) for name in explained(r)]
    checks = [{key: clean(str(row[key] if row[key] is not None else "")) for key in row} for row in r.check().rows()]
    return template.render(summary=summary(r), pictures=pictures, bridges=bridges, checks=checks)


def _bridge_rows(r: Reconciliation, name: str) -> list[list[str]]:
    """Return reason, rule, in, out, net over all periods and segments."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    gap: Counter[str] = Counter()
    for row in r.bridge(name).rows():
        sums.setdefault((row["reason"], row["rule"] or ""), Counter())[row["direction"]] += row["count"]
        gap[row["direction"]] += row["count"]
    sums["gap", ""] = gap
    return [
        [clean(reason), clean(rule), *(signed(each[direction]) for direction in ("in", "out", "net"))]
        for (reason, rule), each in sums.items()
    ]
