"""Surges: which groups of voices rise above what they themselves usually are, decided as the voices come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn._zones import zone_rules
from sojourn.table import Table

if TYPE_CHECKING:
    from sojourn.attribution import Attribution


class SurgeWatch:
    """A watch over voices as they come, with a budget of false alarms. docs/surges.md says what is promised.

    Fed in any parts it says, bit for bit, what it says of all at once. It can be pickled between updates.

    Parameters
    ----------
    every
        Length of a period: ``"1 day"``, ``"1 week"``, ``"1 month"``, ``"6h"``. Days know their weekday.
    by
        What makes a series: some of ``"moment"``, ``"stage"``, ``"topic"``, ``"source"``. A voice counts once, in the
        group that most of it is about.
    false_alarms
        False alarms a year to be expected, of all series together.
    baseline
        What a period is compared with: 4 or more whole periods, which end an eighth of themselves before it.

    Raises
    ------
    InvalidInput
        For a baseline that is not so, unknown groups, a budget that is not above 0.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.SurgeWatch(every="1 day", by=("topic",))
    SurgeWatch(every 1 day, by topic, 1 false alarm a year; nothing heard yet)
    """

    def __init__(
        self,
        every: str = "1 day",
        by: Sequence[str] = ("moment", "topic"),
        false_alarms: float = 1.0,
        baseline: str = "8 weeks",
    ) -> None:
        by = _names(by)
        self._core = _core.SurgeWatch(every, by, float(false_alarms), baseline)
        self._settings: tuple[str, list[str], float, str] = (every, by, float(false_alarms), baseline)
        self._like: Any = None

    def update(
        self,
        attribution: Attribution,
        until: date | datetime | str | None = None,
        *,
        threads: int | None = None,
    ) -> Table:
        """Take the voices of the periods that have ended since the last update, and return all surges so far.

        Parameters
        ----------
        attribution
            Of all voices, or of those that came since. Voices of periods that are decided already were counted then,
            and are not looked at again, even when they came late.
        until
            Every voice before this instant has been heard. By default as far as `observed` says that sources were
            listened to; without it, up to the last voice. A period is decided once it has ended.
        threads
            As everywhere; the answer does not depend on it.

        Returns
        -------
        Table
            See `surges`.

        Raises
        ------
        InvalidInput
            For times of another kind or zone than before; for topics asked for and not there.
        """
        end = None if until is None else attribution.matches.log._instant(until, "until")
        topic, time = attribution._settings["topic"], attribution._settings["time"]
        self._core = self._core.updated(attribution._core, topic, time, end, checked(threads))
        self._like = attribution._like
        return self.surges()

    def surges(self) -> Table:
        """Return the surges so far, by alarm.

        Returns
        -------
        Table
            alarm: the period at whose end the alarm was raised (its beginning); the groups; expected and found: voices
            from `first` up to that period; statistic and threshold then (log-likelihood ratio, in nats); first: where
            the rise began; last: the last alarm of the same surge so far; false_alarms: the budget a year.
        """
        return Table(self._core.surges(), self._like)

    @property
    def series(self) -> int:
        """Number of series: of groups that were heard."""
        return self._core.series

    @property
    def next(self) -> date | datetime | None:
        """Beginning of the first period that is not decided; None before anything was heard."""
        found = self._core.next().to_dict(1)
        return found["next"][0] if found else None

    def __reduce__(self) -> Any:
        return _again, (_core.watch_bytes(self._core), self._settings, _pickles.library_of(self._like))

    def __repr__(self) -> str:
        every, by, false_alarms, _ = self._settings
        groups = f", by {' and '.join(by)}" if by else ""
        budget = f"{false_alarms:g} false alarm{'' if false_alarms == 1 else 's'} a year"
        if self.next is None:
            return f"SurgeWatch(every {every}{groups}, {budget}; nothing heard yet)"
        found = len(self.surges())
        heard = f"{found:,} surge{'' if found == 1 else 's'} in {self.series:,} series, heard up to {self.next}"
        return f"SurgeWatch(every {every}{groups}, {budget}; {heard})"


def trend(attribution: Attribution, every: str, by: Sequence[str], interval: float) -> Table:
    """Return voices in time, as `Attribution.trend` does.

    Raises
    ------
    InvalidInput
        As there.
    """
    settings = attribution._settings
    core = _core.trend(attribution._core, every, _names(by), settings["topic"], settings["time"], interval)
    return Table(core, attribution._like)


def _names(by: Sequence[str]) -> list[str]:
    if isinstance(by, str):
        raise InvalidInput(f"by: found {by!r:.60}, expected a sequence of names, such as ({by!r:.60},)")
    return list(by)


def _again(data: bytes, settings: tuple[str, list[str], float, str], library: str) -> SurgeWatch:
    watch = SurgeWatch(*settings)
    watch._core = _core.watch_from(data, zone_rules)
    watch._like = _pickles.stand_in(library)
    return watch
