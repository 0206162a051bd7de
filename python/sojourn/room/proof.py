"""Why the page may be trusted: what was tested, what looks wrong, and from what it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sojourn.journey_map.numbers import count, counted
from sojourn.journey_map.text import clean

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One row of what was tested."""

    name: str
    kind: str
    tested: int
    failures: int
    detail: str


def checks(rows: Sequence[Row]) -> tuple[Check, ...]:
    """Return the rows of a reconciliation's check, identities first."""
    read = [
        Check(
            clean(str(row["check"])),
            clean(str(row["kind"])),
            int(row["tested"]),
            int(row["failures"]),
            clean(str(row["detail"] or "")),
        )
        for row in rows
    ]
    return tuple(sorted(read, key=lambda check: (check.kind != "identity", not check.failures)))


def together(told: Sequence[Check], ledgers: Sequence[str]) -> list[Check]:
    """Return the checks in fewer rows: what several ledgers passed alike is one, with their names beside it."""
    found: dict[tuple[str, str, bool], list[tuple[str, Check]]] = {}
    alone = []
    for check in told:
        ledger = max((name for name in ledgers if check.name.startswith(f"{name}: ")), key=len, default=None)
        if ledger is None or check.failures or check.detail:
            alone.append(check)
        else:
            what = check.name.removeprefix(f"{ledger}: ")
            found.setdefault((what, check.kind, check.tested > 0), []).append((ledger, check))
    shared = [
        Check(what, kind, sum(check.tested for _, check in own), 0, ", ".join(ledger for ledger, _ in own))
        for (what, kind, _), own in found.items()
    ]
    return sorted([*alone, *shared], key=lambda check: (check.kind != "identity", not check.failures))


def walks(customers: int, left: int, stayed: int) -> Check:
    """Return the journey's own identity: every customer either left or was still here.

    Raises
    ------
    RuntimeError
        When it fails: such figures must not be shown.
    """
    detail = f"{count(left)} left + {count(stayed)} still here = {counted(customers, 'customers')}"
    if customers != left + stayed:
        raise RuntimeError(f"every walk ends once: found {left} left + {stayed} still here, expected {customers}")
    return Check("every walk ends once", "identity", customers, 0, detail)


def owned(left: int, left_first: int, owners: Sequence[int]) -> Check:
    """Return that departures by owner add up to departures by moment.

    Raises
    ------
    RuntimeError
        When they do not: such figures must not be shown.
    """
    total = sum(owners) + left_first
    if total != left:
        raise RuntimeError(f"every departure has one owner: found {total}, expected {left}")
    detail = f"by owner {count(sum(owners))}, before any moment {count(left_first)}; by moment {count(left)}"
    return Check("every departure has one owner", "identity", left, 0, detail)


def voices(number: int) -> Check:
    """Return that every voice is told once; `listening.read` has tested it."""
    return Check("every voice is told once", "identity", number, 0, "stages + about no moment = all voices")


def headline(told: Sequence[Check]) -> str:
    """Return what the tests come to."""
    identities = [check for check in told if check.kind == "identity"]
    guards = [check for check in told if check.kind != "identity"]
    asking = [check for check in guards if check.failures]
    all_of_them = f"All {len(identities)} identities hold" if len(identities) > 1 else "The identity holds"
    text = f"{all_of_them}, tested {counted(sum(check.tested for check in identities), 'times')}"
    if not guards:
        return text
    if not asking:
        return f"{text}; no guard found anything amiss"
    return f"{text}; {len(asking)} of {len(guards)} guards {'asks' if len(asking) == 1 else 'ask'} for a look"


def fingerprint(tables: Mapping[str, Any]) -> str:
    """Return a SHA-256 of results: the same results give the same one, on any machine."""
    text = json.dumps(tables, default=_written, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _written(cell: Any) -> str:
    if isinstance(cell, (date, datetime)):
        return cell.isoformat()
    if isinstance(cell, Decimal):
        return str(cell.normalize())
    raise TypeError(f"a result holds a {type(cell).__name__}")
