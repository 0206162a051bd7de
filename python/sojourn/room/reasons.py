"""Why customers left, as somebody wrote it down: the most frequent reasons, and how many have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sojourn.journey_map.numbers import count
from sojourn.journey_map.text import clean

from . import worth
from .worth import Worth

MOST, _MOST_FINER, _MOST_IN_TITLE = 5, 2, 3
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of the coarsest level, with the most frequent ones that make it up."""

    name: str
    customers: int
    value: Worth
    finer: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why customers left one ledger in one period.

    Attributes
    ----------
    told
        At most so many reasons, most customers first; the rest is one.
    unknown
        Who left without a recorded reason.
    """

    ledger: str
    left: int
    told: tuple[Reason, ...]
    unknown: Reason
    has_value: bool


def read(rows: Sequence[Mapping[str, Any]], ledger: str, period: date) -> Reasons:
    """Return one ledger's reasons in one period, all segments together.

    Parameters
    ----------
    rows
        Those of `Reconciliation.leaving` (money in decimals).
    """
    sums: dict[tuple[int, str], tuple[int, dict[str, Decimal]]] = {}
    for row in rows:
        if row["ledger"] != ledger or worth.plain_date(row["period"]) != period:
            continue
        customers, value = sums.get((row["level"], row["path"]), (0, {}))
        code = str(row["currency"] or "")
        value[code] = value.get(code, Decimal(0)) + worth.decimal(row["value"])
        sums[row["level"], row["path"]] = (customers + row["customers"], value)
    left, left_worth = sums.get((0, "all"), (0, {}))
    nodes = [
        Reason(clean(path), customers, value, _finer(sums, path) if path != _UNKNOWN else ())
        for (level, path), (customers, value) in sums.items()
        if level == 1 and (customers or path == _UNKNOWN)
    ]
    nodes.sort(key=lambda node: (-node.customers, node.name))
    unknown = next((node for node in nodes if node.name == _UNKNOWN), Reason(_UNKNOWN, 0, {}))
    known = [node for node in nodes if node is not unknown]
    if len(known) > MOST:
        rest = known[MOST - 1 :]
        more = Reason(
            f"{len(rest)} more reasons", sum(one.customers for one in rest), worth.total(one.value for one in rest)
        )
        known = [*known[: MOST - 1], more]
    return Reasons(clean(ledger), left, tuple(known), unknown, any(left_worth.values()))


def _finer(sums: Mapping[tuple[int, str], tuple[int, Any]], path: str) -> tuple[tuple[str, int], ...]:
    """Return the most frequent reasons one level down; none where only one is known."""
    start = f"{path} › "
    found = [
        (clean(below.removeprefix(start)), customers)
        for (level, below), (customers, _) in sums.items()
        if level == 2 and below.startswith(start) and customers
    ]
    found.sort(key=lambda pair: (pair[0] == _UNKNOWN, -pair[1], pair[0]))
    return tuple(found[:_MOST_FINER]) if any(name != _UNKNOWN for name, _ in found) else ()


def headline(reasons: Reasons) -> str:
    """Return the most frequent reasons in a sentence, and for how many none is recorded."""
    if not reasons.left:
        return "Nobody left, so there is no reason to tell"
    if reasons.unknown.customers == reasons.left:
        return f"Why they left: not recorded for any of the {count(reasons.left)}"
    named = ", ".join(f"{one.name} {count(one.customers)}" for one in reasons.told[:_MOST_IN_TITLE])
    silent = f"; not recorded for {count(reasons.unknown.customers)}" if reasons.unknown.customers else ""
    return f"Why {count(reasons.left)} left, as recorded: {named}{silent}"
