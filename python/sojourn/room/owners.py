"""Who is accountable: the same departures and missed promises as by moment, by owner; every one once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sojourn.journey_map.numbers import count, counted

from .moments import Moment


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answers for moments, and what came of them.

    Attributes
    ----------
    name
        Empty: nobody is named for these moments.
    moments
        Those that the owner is accountable for, most departures first.
    left, value
        Customers whose last moment was one of these; all that they were worth.
    due, missed
        Promises over all of these moments.
    shares
        In how many moments of others the owner has a part.
    """

    name: str
    moments: tuple[Moment, ...]
    left: int
    value: float | None
    due: int
    missed: int
    shares: int


def roll_up(moments: Sequence[Moment]) -> tuple[Owner, ...]:
    """Return the owners, those first after whose moments most customers left; nobody comes last."""
    owned: dict[str, list[Moment]] = {}
    for moment in moments:
        owned.setdefault(moment.accountable, []).append(moment)
    found = [_owner(name, mine, sum(name in other.shared for other in moments)) for name, mine in owned.items()]
    return tuple(sorted(found, key=lambda owner: (not owner.name, -owner.left, -owner.missed, owner.name)))


def _owner(name: str, mine: Sequence[Moment], shares: int) -> Owner:
    kpis = [moment.kpi for moment in mine if moment.kpi]
    values = [moment.left_value for moment in mine if moment.left_value is not None]
    return Owner(
        name=name,
        moments=tuple(sorted(mine, key=lambda moment: (-moment.left, moment.name))),
        left=sum(moment.left for moment in mine),
        value=math.fsum(values) if values else None,
        due=sum(kpi.due for kpi in kpis),
        missed=sum(kpi.missed for kpi in kpis),
        shares=shares if name else 0,
    )


def only_share(moments: Iterable[Moment]) -> tuple[str, ...]:
    """Return those who share in moments and are accountable for none."""
    listed = list(moments)
    accountable = {moment.accountable for moment in listed}
    return tuple(dict.fromkeys(name for moment in listed for name in moment.shared if name not in accountable))


def headline(owners: Sequence[Owner], left: int, who: str) -> str:
    """Return who answers for most departures, in whole customers."""
    named = [owner for owner in owners if owner.name]
    if not named:
        return "Nobody is named as accountable for any moment"
    most = named[0]
    if not most.left:
        return f"{counted(len(named), 'owners')} of {counted(sum(len(o.moments) for o in owners), 'moments')}"
    if most.left == left:
        return f"{most.name} is accountable for the moments that all {counted(left, who)} left after"
    return f"{most.name} is accountable for the moments that {count(most.left)} of {counted(left, who)} left after"
