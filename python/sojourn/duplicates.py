"""Near-duplicate voices: one customer who says one thing on several channels is counted once, the links kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from sojourn._core import InvalidInput
from sojourn._exports import all_columns
from sojourn.table import Table

COMPARED = 2_000  # characters of a text that are compared: the cost of a pair grows with their square
MOST = 1_000  # voices of one customer within one window, each compared with each

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_MARKS = ("solicited", "score", "topic", "text", "key", "moment")


def near_duplicates(
    feedback: Any,
    within: str = "3d",
    similarity: float = 0.8,
    *,
    customer: str = "customer",
    time: str = "time",
    text: str | None = "text",
    topic: str | None = "topic",
    key: str | None = "key",
) -> Table:
    """Return which voices repeat another voice of the same customer.

    Two voices of one customer are linked when they are no further apart than `within` and their texts are at least as
    similar as `similarity`, or neither has a text and both have the same topic and the same key. What is linked, also
    over others, is one group; its first voice is the earliest (of simultaneous ones that with the lower row). The
    answer depends on the order of rows only in that.

    Similarity is 1 − (insertions + deletions) / (lengths of both), without regard to case (rapidfuzz's ``fuzz.ratio``),
    of the first 2,000 characters of each.

    Parameters
    ----------
    feedback
        A table, one row a voice: `Feedback`, or what `Matches.attribute` takes.
    within
        A fixed length of time: ``"3d"``, ``"12h"``, ``"30m"``, ``"1w"``; both ends included.
    similarity
        From above 0 to 1.
    customer, time, text, topic, key
        Names of the columns; text, topic and key may be None for a table without.

    Returns
    -------
    Table
        feedback (row, ascending), duplicate_of (row of the first of its group), similarity and seconds (to that first
        one: in a group linked over others they may lie beyond the limits; similarity is null where either has no text).
        Voices that repeat nothing are not listed.

    Raises
    ------
    InvalidInput
        When rapidfuzz is not installed and there are texts to compare; for a null customer or time, for missing
        columns, and for more than 1,000 voices of one customer within the window: that is no one person.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> voices = {
    ...     "customer": ["ann", "ann", "bob"],
    ...     "time": [datetime(2026, 3, 1), datetime(2026, 3, 2), datetime(2026, 3, 2)],
    ...     "text": ["My parcel is late!", "my parcel is late", "My parcel is late!"],
    ... }
    >>> sj.near_duplicates(voices, topic=None, key=None).rows()
    [{'feedback': 1, 'duplicate_of': 0, 'similarity': 0.9714285714285714, 'seconds': 86400.0}]
    """
    window = _window(within)
    if not isinstance(similarity, (int, float)) or not 0 < similarity <= 1:
        raise InvalidInput(f"similarity: found {similarity!r}, expected above 0 and at most 1")
    columns = all_columns(feedback, "feedback")
    voices = _Voices(columns, customer, time, text, topic, key)
    first = list(range(len(voices)))  # of each voice's group, once its links are followed
    for rows in voices.by_customer():
        if len(rows) > 1:
            _link(voices, rows, window, float(similarity), first)
    repeated = [row for row in range(len(voices)) if first[row] != row]
    return Table.from_dict(
        {
            "feedback": repeated,
            "duplicate_of": [first[row] for row in repeated],
            "similarity": [voices.alike(row, first[row], 0.0) for row in repeated],
            "seconds": [(voices.time[row] - voices.time[first[row]]).total_seconds() for row in repeated],
        }
    )


def deduplicated(feedback: Any, links: Table, *, time: str = "time") -> Table:
    """Return the voices with each group of `near_duplicates` as one.

    Parameters
    ----------
    feedback
        The table that was given to `near_duplicates`.
    links
        Its answer.
    time
        Name of the column of times.

    Returns
    -------
    Table
        The rows that repeat nothing, in their order, with all columns of `feedback`, then row (in `feedback`) and
        duplicates (how many voices are counted in this one, itself not). A null solicited, score, topic, text, key or
        moment is that of the group's earliest voice that has one (of simultaneous ones that with the lower row).
        Everything else is the first voice's own.

    Raises
    ------
    InvalidInput
        When the links are not of this table.
    """
    columns = all_columns(feedback, "feedback")
    for name in ("row", "duplicates"):
        if name in columns:
            raise InvalidInput(f"feedback: found a column '{name}', which the answer adds, expected another name")
    times = _column(columns, time)
    groups: dict[int, list[int]] = {row: [] for row in range(len(times))}
    linked = links.to_dict()
    for row, first in zip(linked["feedback"], linked["duplicate_of"], strict=True):
        if row not in groups or groups[row] or first not in groups:
            raise InvalidInput(f"links: found row {row} of {first}, expected near_duplicates() of this table")
        del groups[row]
        groups[first].append(row)
    rows = list(groups)
    out = {name: [cells[row] for row in rows] for name, cells in columns.items()}
    for name in _MARKS:
        for place, row in enumerate(rows):
            if name in out and groups[row] and out[name][place] is None:
                others = sorted(groups[row], key=lambda other: (times[other], other))
                out[name][place] = next((columns[name][r] for r in others if columns[name][r] is not None), None)
    return Table.from_dict({**out, "row": rows, "duplicates": [len(groups[row]) for row in rows]})


class _Voices:
    """The columns that say what repeats what."""

    def __init__(
        self,
        columns: dict[str, list[Any]],
        customer: str,
        time: str,
        text: str | None,
        topic: str | None,
        key: str | None,
    ) -> None:
        self.customer = _column(columns, customer)
        self.time = _column(columns, time)
        none: list[Any] = [None] * len(self.time)
        self.topic = none if topic is None else _column(columns, topic)
        self.key = none if key is None else _column(columns, key)
        texts = none if text is None else _column(columns, text)
        self.text: list[str | None] = []
        for row, cell in enumerate(texts):
            if cell is not None and not isinstance(cell, str):
                raise InvalidInput(f"feedback, column '{text}', row {row}: found {cell!r:.60}, expected a string")
            said = (cell or "")[:COMPARED].casefold().strip()
            self.text.append(said or None)
        self._ratio = _ratio() if any(said is not None for said in self.text) else None
        for name, cells in ((customer, self.customer), (time, self.time)):
            for row, cell in enumerate(cells):
                if cell is None:
                    raise InvalidInput(f"feedback, column '{name}', row {row}: found null, expected a value")
        if self.time and not isinstance(self.time[0], date):
            raise InvalidInput(f"feedback, column '{time}': found {self.time[0]!r:.60}, expected times")

    def __len__(self) -> int:
        return len(self.time)

    def by_customer(self) -> list[list[int]]:
        """Return the rows of each customer, earliest first."""
        rows: dict[Any, list[int]] = {}
        for row, customer in enumerate(self.customer):
            rows.setdefault(customer, []).append(row)
        for its in rows.values():
            if len(its) > 1:
                its.sort(key=lambda row: (self.time[row], row))
        return list(rows.values())

    def alike(self, one: int, other: int, least: float) -> float | None:
        """Return the similarity of two texts, 0 if it is below `least`; None when either has no text."""
        a, b = self.text[one], self.text[other]
        if a is None or b is None or self._ratio is None:
            return None
        return 1.0 if a == b else self._ratio(a, b, least)

    def repeats(self, one: int, other: int, least: float) -> bool:
        alike = self.alike(one, other, least)
        if alike is not None:
            return alike >= least
        if self.text[one] is not None or self.text[other] is not None:
            return False
        topic, key = self.topic[one], self.key[one]
        return topic is not None and key is not None and topic == self.topic[other] and key == self.key[other]


def _link(voices: _Voices, rows: list[int], window: timedelta, least: float, first: list[int]) -> None:
    """Link the voices of one customer, earliest first; then `first` holds the earliest of each one's group."""
    group = list(range(len(rows)))  # place of an earlier voice of the same group, or one's own

    def earliest(place: int) -> int:
        while group[place] != place:
            group[place] = group[group[place]]
            place = group[place]
        return place

    for i, one in enumerate(rows):
        for j in range(i + 1, len(rows)):
            if voices.time[rows[j]] - voices.time[one] > window:
                break
            if j - i > MOST:
                whose = f"{voices.customer[one]!r:.60}"
                raise InvalidInput(
                    f"feedback, row {rows[j]}: found more than {MOST:,} voices of customer {whose} within the window, "
                    "expected one person's: leave a stand-in such as 'anonymous' out"
                )
            a, b = earliest(i), earliest(j)
            if a != b and voices.repeats(one, rows[j], least):
                group[max(a, b)] = min(a, b)
    for place, row in enumerate(rows):
        first[row] = rows[earliest(place)]


def _ratio() -> Callable[[str, str, float], float]:
    try:
        from rapidfuzz.distance import Indel
    except ImportError:
        raise InvalidInput(
            "near_duplicates: found no rapidfuzz, which compares texts, expected it installed "
            '(pip install "sojourn[text]")'
        ) from None
    compare = Indel.normalized_similarity
    return lambda a, b, least: float(compare(a, b, score_cutoff=least))


def _column(columns: dict[str, list[Any]], name: str) -> list[Any]:
    if name not in columns:
        raise InvalidInput(f"feedback: found no column '{name}', expected one of {', '.join(map(repr, columns))}")
    return columns[name]


def _window(within: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,6})\s*([smhdw])", within, re.ASCII) if isinstance(within, str) else None
    if match is None:
        raise InvalidInput(f"within: found {within!r:.60}, expected a fixed length such as '3d', '12h', '30m' or '1w'")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
