"""Feedback from several sources as one table of voices, with every row that is left out listed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._exports import Unreadable, read_columns, read_flag, read_score, read_string, read_time, refuse, shown
from sojourn._zones import zone_rules
from sojourn.feedback_sources import SCALES, FeedbackSource
from sojourn.table import Table

COLUMNS = (
    "customer", "time", "source", "source_row", "solicited", "score", "topic", "text", "key", "moment",
)  # fmt: skip

_WHOLE = re.compile(r"0|-?[1-9]\d{0,18}", re.ASCII)


class Feedback(Table):
    """Voices of several sources in one table, as `Matches.attribute` takes it. Made by `feedback`.

    Attributes
    ----------
    left_out
        Table source, source_row, reason, found: every row of a source that is no voice here.
    scale
        What the scores are: ``"nps"``, ``"csat"``, ``"mean"``; None when no source has any.
    sources
        A line a source: the mapping that was read, and the counts.
    """

    def __init__(self, core: _core.Table, left_out: Table, scale: str | None, sources: tuple[str, ...]) -> None:
        super().__init__(core)
        self.left_out = left_out
        self.scale = scale
        self.sources = sources

    def __reduce__(self) -> Any:
        return _again, (_core.table_bytes(self._core), self.left_out, self.scale, self.sources)

    def __repr__(self) -> str:
        head = f"Feedback({len(self):,} voices, {len(self.left_out):,} rows left out, scale {self.scale})"
        return "\n  ".join([head, *self.sources])


def _again(data: bytes, left_out: Table, scale: str | None, sources: tuple[str, ...]) -> Feedback:
    return Feedback(_pickles.table(data, "")._core, left_out, scale, sources)


def feedback(
    sources: Iterable[FeedbackSource],
    *,
    scale: str | None = None,
    ids: str | None = None,
    keys: str | None = None,
    wall_clock: str | None = None,
) -> Feedback:
    """Return the voices of several sources as one table, sources in the order given, rows in theirs.

    Parameters
    ----------
    sources
        From `survey`, `tickets`, `reviews`, `calls`; names differ.
    scale
        What the scores shall be: ``"nps"``, ``"csat"`` or ``"mean"``. A source of another scale must say `convert`.
        Default: the one scale that all sources with scores share.
    ids, keys
        ``"int"`` or ``"str"``: what customer ids and keys shall be, as the events'. Default: as they come; cells of
        CSV are text. Text is an integer only when written as one: ``"007"`` is refused.
    wall_clock
        A zone, as ``"Europe/Berlin"``, for events whose times have none: all times are written as that zone's clock
        shows them. Without it times that name a zone, or whose source does, come in UTC.

    Returns
    -------
    Feedback
        feedback_id (row, from 0), customer, time, source, source_row (row in the source's table, from 0, after the
        header), solicited, score, topic, text, key, moment. A text is kept as it is.

    Raises
    ------
    InvalidInput
        With source, column and row: for a time or score that cannot be read, a score off its scale or without its
        conversion, ids that are not of one type; for zoned times beside naive ones, for scales that differ.

    Examples
    --------
    >>> import sojourn as sj
    >>> answers = {"ID": ["ann", None], "at": ["2026-03-01", "2026-03-02"], "score": ["9 - Very likely", "3"]}
    >>> voices = sj.feedback([sj.survey(answers, customer="ID", time="at", score="score", scale="nps")])
    >>> voices.to_dict()["score"], voices.left_out.to_dict()["reason"]
    ([9], ['no customer'])
    """
    sources = list(sources)
    _check_sources(sources)
    scale = _common_scale(sources, scale)
    clock = None if wall_clock is None else _zone(wall_clock, "wall_clock")
    for name, word in (("ids", ids), ("keys", keys)):
        if word not in (None, "int", "str"):
            raise InvalidInput(f"{name}: found {shown(word)}, expected 'int' or 'str'")
    readings = [_Reading(source, scale, ids, keys) for source in sources]
    for reading in readings:
        reading.run()
    columns: dict[str, list[Any]] = {name: [cell for r in readings for cell in r.out[name]] for name in COLUMNS}
    _same_kind(readings, "customer", "ids")
    _same_kind(readings, "key", "keys")
    _same_clock(readings, columns["time"], clock)
    if all(score is None or score == int(score) for score in columns["score"]):
        columns["score"] = [None if score is None else int(score) for score in columns["score"]]
    empty: dict[str, list[Any]] = {"source": [], "source_row": [], "reason": [], "found": []}
    lost = {name: [cell for r in readings for cell in r.left_out[name]] for name in empty}
    table = Table.from_dict({"feedback_id": list(range(len(columns["time"]))), **columns})
    return Feedback(table._core, Table.from_dict(lost), scale, tuple(reading.line() for reading in readings))


def _check_sources(sources: list[FeedbackSource]) -> None:
    if not sources:
        raise InvalidInput("sources: found none, expected survey(), tickets(), reviews() or calls()")
    names: Counter[str] = Counter()
    for source in sources:
        if not isinstance(source, FeedbackSource):
            raise InvalidInput(
                f"sources: found {type(source).__name__}, expected survey(), tickets(), reviews() or calls()"
            )
        names[source.name] += 1
        if names[source.name] > 1:
            raise InvalidInput(f"sources: found two named {shown(source.name)}, expected a name= for each")


def _common_scale(sources: list[FeedbackSource], scale: str | None) -> str | None:
    scored = {source.scale for source in sources if "score" in source.columns and source.scale}
    if scale is None:
        if len(scored) > 1 or scored == {"stars"}:
            raise InvalidInput(
                f"scale: found sources on {', '.join(sorted(scored))}, "
                "expected scale='nps', 'csat' or 'mean', and convert= for sources of another scale"
            )
        return next(iter(scored), None)
    if scale not in ("nps", "csat", "mean"):
        raise InvalidInput(f"scale: found {shown(scale)}, expected 'nps', 'csat' or 'mean'")
    for source in sources:
        if "score" in source.columns and source.scale != scale and source.convert is None:
            raise InvalidInput(
                f"{source.name}: found scores on the scale {source.scale!r} in feedback on {scale!r}, expected "
                "convert= (its score → ours), or score=None to keep its voices without scores"
            )
    return scale


def _zone(name: str, what: str) -> ZoneInfo:
    try:
        zone_rules(name)  # refuses what is no zone, with the nearest name
    except InvalidInput as error:
        raise InvalidInput(f"{what}: {error}") from None
    return ZoneInfo(name)


@dataclass
class _Reading:
    """One source while it is read."""

    source: FeedbackSource
    scale: str | None
    ids: str | None
    keys: str | None
    out: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    left_out: dict[str, list[Any]] = field(
        default_factory=lambda: {"source": [], "source_row": [], "reason": [], "found": []}
    )
    labelled: int = 0

    def run(self) -> None:
        source = self.source
        name = source.name
        roles: dict[str, tuple[str, ...]] = {
            role: (column,) if isinstance(column, str) else tuple(column) for role, column in source.columns.items()
        }
        wanted = list(dict.fromkeys(column for columns in roles.values() for column in columns))
        cells, rows = read_columns(source.table, name, wanted, source.encoding, source.delimiter)
        self._cells = {role: cells[columns[0]] for role, columns in roles.items() if role != "text"}
        self._texts = [cells[column] for column in roles.get("text", ())]
        self._zone = None if source.timezone is None else _zone(source.timezone, f"{name}, timezone")
        self._first: dict[Any, int] = {}
        for row in range(rows):
            if row < source.extra_headers:
                self._extra_header(row)
            else:
                self._row(row)

    def _cell(self, role: str, row: int) -> Any:
        """Return a cell, or None where there is nothing: null, not a number, a string of nothing but space."""
        cells = self._cells.get(role)
        cell = None if cells is None else cells[row]
        if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
            return None
        return cell

    def _leave_out(self, row: int, reason: str, found: str) -> None:
        for name, cell in zip(self.left_out, (self.source.name, row, reason, found), strict=True):
            self.left_out[name].append(cell)

    def _extra_header(self, row: int) -> None:
        cell = self._cell("time", row)
        try:
            read_time(cell, self.source.time_format, self._zone)
        except Unreadable:
            self._leave_out(row, "header", shown(cell))
            return
        raise InvalidInput(
            f"{self.source.name}, row {row}: found the time {shown(cell)}, expected no answer in the first "
            f"{self.source.extra_headers} rows after the header (extra_headers=)"
        )

    def _row(self, row: int) -> None:
        for role in ("customer", "time"):
            if self._cell(role, row) is None:
                self._leave_out(row, f"no {role}", "nothing")
                return
        role = ""
        voice: dict[str, Any] = {}
        try:
            role = "finished"
            finished = self._cell(role, row)
            if finished is not None and not read_flag(finished) and self.source.unfinished == "leave_out":
                self._leave_out(row, "unfinished", shown(finished))
                return
            role = "time"
            voice[role] = read_time(self._cell(role, row), self.source.time_format, self._zone)
            role = "score"
            voice[role], labelled = self._score(row)
            role = "solicited"
            asked = self._cell(role, row) if role in self._cells else self.source.solicited
            voice[role] = None if asked is None else read_flag(asked)
            for role, kind in (("customer", self.ids), ("key", self.keys)):
                voice[role] = _of_kind(self._cell(role, row), kind)
            for role in ("topic", "moment"):
                voice[role] = read_string(self._cell(role, row))
            role = "text"
            parts = [read_string(column[row]) for column in self._texts]
            voice[role] = "\n".join(part for part in parts if part) or None
        except Unreadable as error:
            if self.source.unreadable == "leave_out":
                self._leave_out(row, f"unreadable {role}", error.found)
                return
            column = self.source.columns[role]
            refuse(self.source.name, column if isinstance(column, str) else column[0], row, error)
        again = self._cell("id", row)
        if again is not None and self._first.setdefault(again, row) != row:
            self._leave_out(row, f"same id as row {self._first[again]}", shown(again))
            return
        self.labelled += labelled
        voice["source"], voice["source_row"] = self.source.name, row
        for name, cells in self.out.items():
            cells.append(voice[name])

    def _score(self, row: int) -> tuple[float | None, bool]:
        cell = self._cell("score", row)
        if cell is None:
            return None, False
        score, labelled = read_score(cell, self.source.score_labels)
        _check_on_scale(score, self.source.scale or "mean", cell)
        convert = self.source.convert
        if convert is not None:
            if score not in convert:
                raise Unreadable(shown(cell), f"one of those that convert= has ({', '.join(map(str, convert))})")
            score = float(convert[score])
            _check_on_scale(score, self.scale or "mean", cell)
        return score, labelled

    def line(self) -> str:
        counts = Counter(re.sub(r" as row \d+", "", reason) for reason in self.left_out["reason"])
        lost = f"; left out: {', '.join(f'{n:,} {reason}' for reason, n in counts.items())}" if counts else ""
        words = f", {self.labelled:,} scores read from words" if self.labelled else ""
        return f"{self.source!r}: {len(self.out['time']):,} voices{words}{lost}"


def _check_on_scale(score: float, scale: str, cell: Any) -> None:
    lowest, highest, whole = SCALES[scale]
    if not lowest <= score <= highest or (whole and score != int(score)):
        kind = "a whole number" if whole else "a number"
        raise Unreadable(shown(cell), f"{kind} from {lowest:,} to {highest:,} ({scale})")


def _of_kind(cell: Any, kind: str | None) -> Any:
    """Return an id or key as asked: an integer, a string, or as it came."""
    if cell is None or (kind != "int" and isinstance(cell, str)):
        return read_string(cell)
    if isinstance(cell, bool) or not isinstance(cell, (int, str)):
        raise Unreadable(shown(cell), "an integer or a string")
    if kind == "str":
        return str(cell)
    if isinstance(cell, str):
        if _WHOLE.fullmatch(cell.strip()) is None:
            raise Unreadable(shown(cell), "an integer without leading zeros, or ids of strings ('str')")
        cell = int(cell)
    if not -(2**63) <= cell < 2**63:
        raise Unreadable(shown(cell), "an integer of 64 bits")
    return cell


def _same_kind(readings: list[_Reading], column: str, argument: str) -> None:
    """Refuse sources that disagree on integers or strings."""
    kinds = {
        reading.source.name: type(next(cell for cell in reading.out[column] if cell is not None)).__name__
        for reading in readings
        if any(cell is not None for cell in reading.out[column])
    }
    if len(set(kinds.values())) > 1:
        found = ", ".join(f"{kind} in {shown(name)}" for name, kind in kinds.items())
        raise InvalidInput(f"column '{column}': found {found}, expected {argument}='int' or 'str', as the events'")


def _same_clock(readings: list[_Reading], times: list[Any], clock: ZoneInfo | None) -> None:
    """Write all times on one clock: `clock`'s, or UTC, or all naive."""
    zoned = [
        (reading.source, row, time.tzinfo is not None)
        for reading in readings
        for row, time in zip(reading.out["source_row"], reading.out["time"], strict=True)
    ]
    if clock is None:
        if len({is_zoned for _, _, is_zoned in zoned}) > 1:
            source, row, is_zoned = next(entry for entry in zoned if entry[2] != zoned[0][2])
            kinds = ("a zone", "none") if is_zoned else ("no zone", "one")
            raise InvalidInput(
                f"{source.name}, column {shown(source.columns['time'])}, row {row}: found a time with {kinds[0]} where "
                f"earlier ones have {kinds[1]}, expected timezone= for the sources whose times name none"
            )
        return
    for place, time in enumerate(times):
        if time.tzinfo is None:
            source, row, _ = zoned[place]
            raise InvalidInput(
                f"{source.name}, column {shown(source.columns['time'])}, row {row}: found a time without a zone, "
                "expected timezone= of the source, since wall_clock is given"
            )
        times[place] = time.astimezone(clock).replace(tzinfo=None)
