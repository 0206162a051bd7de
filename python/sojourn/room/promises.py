"""The promises of all moments: which are broken, where most are missed, and which fell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sojourn.journey_map.numbers import count, counted

from . import worth
from .kpis import Change, Quarter
from .moments import Moment


@dataclass(frozen=True, slots=True)
class Promises:
    """The moments by the state of their promise, those with most missed first.

    Attributes
    ----------
    open
        Broken, or so near the target that chance may decide.
    kept
        Kept.
    aimless
        With a promise but no target, or with nothing due.
    silent
        Without a promise.
    """

    open: tuple[Moment, ...]
    kept: tuple[Moment, ...]
    aimless: tuple[Moment, ...]
    silent: tuple[Moment, ...]

    @property
    def broken(self) -> tuple[Moment, ...]:
        """Those that miss their target for certain."""
        return tuple(moment for moment in self.open if _state(moment) == "broken")

    @property
    def warned(self) -> tuple[Moment, ...]:
        """Those too near the target to tell."""
        return tuple(moment for moment in self.open if _state(moment) == "warning")

    @property
    def told(self) -> tuple[Moment, ...]:
        """Those with a promise that fell due."""
        return tuple(moment for moment in (*self.open, *self.kept, *self.aimless) if moment.kpi and moment.kpi.due)

    @property
    def missed(self) -> int:
        """How often any promise was missed."""
        return sum(_missed(moment) for moment in self.told)

    @property
    def due(self) -> int:
        """How often any promise fell due."""
        return sum(moment.kpi.due for moment in self.told if moment.kpi)


def sort(moments: Iterable[Moment]) -> Promises:
    """Return the moments by the state of their promise."""
    listed = sorted(moments, key=lambda moment: -_missed(moment))
    with_one = [moment for moment in listed if moment.kpi]
    return Promises(
        open=tuple(moment for moment in with_one if _state(moment) in {"broken", "warning"}),
        kept=tuple(moment for moment in with_one if _state(moment) == "kept"),
        aimless=tuple(moment for moment in with_one if _state(moment) is None),
        silent=tuple(moment for moment in listed if not moment.kpi),
    )


def _state(moment: Moment) -> str | None:
    return moment.kpi.state if moment.kpi else None


def _missed(moment: Moment) -> int:
    return moment.kpi.missed if moment.kpi else 0


def headline(promises: Promises) -> str:
    """Return how many promises are broken, and where most are missed."""
    with_target = len(promises.open) + len(promises.kept)
    worst = max(promises.broken or promises.told, key=_missed, default=None)
    parts: list[str] = []
    if with_target:
        parts.append(f"{len(promises.broken)} of {counted(with_target, 'promises')} broken")
    if worst is not None and worst.kpi is not None:
        most = f"most missed at {worst.name}: {count(worst.kpi.missed)} of {count(worst.kpi.due)}"
        parts.append(most if worst.kpi.missed else f"none of {count(promises.due)} missed")
    if promises.warned:
        parts.append(f"{len(promises.warned)} too near the target to tell")
    text = "; ".join(parts) or "no promise has fallen due yet"
    return text[0].upper() + text[1:]


def deepest_fall(moments: Iterable[Moment]) -> Moment | None:
    """Return the moment whose promise fell most, if its intervals lie apart."""
    fell = [moment for moment in moments if moment.change and moment.change.direction == "fell"]
    return min(fell, key=lambda moment: moment.change.by if moment.change else 0.0, default=None)


def fall(moment: Moment | None, quarter: Quarter) -> str:
    """Return the largest fall in words, both shares with their counts."""
    if moment is None or moment.change is None:
        return f"No promise fell in {quarter.name} by more than its intervals allow"
    owner = f"; {moment.accountable} is accountable" if moment.accountable else ""
    return f"Largest fall: {moment.name}, {then_and_now(moment.change, quarter)}{owner}"


def then_and_now(change: Change, quarter: Quarter) -> str:
    """Write both shares: ``from 92% (3,701 of 4,020) to 61% (420 of 690) in March to May 2026``."""
    before, after = change.before, change.after
    low, high = _shares(change)
    return (
        f"from {low} ({count(before.met)} of {count(before.due)}) "
        f"to {high} ({count(after.met)} of {count(after.due)}) in {quarter.name}"
    )


def _shares(change: Change) -> Sequence[str]:
    shares = [change.before.share or 0.0, change.after.share or 0.0]
    written = [worth.share(part) for part in shares]
    if written[0] == written[1] and shares[0] != shares[1]:
        written = [f"{part * 100:.1f}%" for part in shares]
    return written
