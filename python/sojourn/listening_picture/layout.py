"""Where everything of the picture of listening stands: stages from left to right, a row a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.journey_map.numbers import count, counted, money, percent
from sojourn.journey_map.paint import CUTS, tone
from sojourn.journey_map.placed import Words
from sojourn.journey_map.routes import Box
from sojourn.journey_map.text import clean, shorten, wrap

from .model import FEW, NONE, ListeningData, Row, State, source_name, total, voices

_LEFT, _GAP, _ROW, _BETWEEN = 20.0, 8.0, 46.0, 5.0
_NAMES, _TOTAL, _WIDE = 196.0, 88.0, 1380.0
_TITLE, _SUB, _TEXT, _SMALL = 21.0, 13.0, 13.5, 12.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A stage through a source. `tone`: which of the seven colours of sentiment, None: none."""

    box: Box
    state: State
    tone: int | None
    lines: tuple[tuple[str, Words], ...]
    about: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The picture with everything in its place; `words` are (kind, line, the whole text where it is shortened)."""

    data: ListeningData
    title: tuple[Words, ...]
    caption: tuple[Words, ...]
    words: tuple[tuple[str, Words, str], ...]
    cells: tuple[Cell, ...]
    legend: tuple[tuple[str, Box], ...]
    width: float
    height: float


def headline(data: ListeningData) -> str:
    """Return the finding: how many were heard, and where nobody is."""
    if not data.rows:
        return "No voices: attribute(feedback, source=\u2026, solicited=\u2026, score=\u2026) needs at least one"
    heard = f"{counted(round(data.voices), 'voices')} heard"
    if data.silent:
        most = data.silent[0]
        lone = len(data.silent) == 1
        places = "1 place" if lone else f"{count(len(data.silent))} places"
        where = f"{_brief(_stage(data, most))} through {_brief(source_name(most['source']))}"
        worth = "" if most["value"] is None else f" worth {amount(data, most['value'])}"
        passed = f"{counted(most['customers'], _brief(clean(data.who)))}{worth}"
        return f"{heard}; {places} where nobody is listening, {'' if lone else 'the largest '}{where}: {passed}"
    passed_by = [(key, name) for key, name in data.stages if data.met.get(key)]
    if not passed_by:
        return f"{heard}; no stage was met"
    said = {key: voices(row for row in data.rows if row["stage"] == key) for key, _ in passed_by}
    key, name = min(passed_by, key=lambda stage: said[stage[0]] / data.met[stage[0]])
    least = f"{whole(said[key])} on {counted(data.met[key], _brief(clean(data.who)))}"
    return f"{heard}, some at every place that listens; fewest at {_brief(clean(name))}: {least}"


def caption(data: ListeningData) -> tuple[str, ...]:
    """Return who, when and how, and what is written."""
    if not data.rows:
        return ()
    score = {
        "nps": " and net promoter score (\u2212100 to +100)",
        "csat": " and share of the satisfied",
        "mean": " and mean score",
    }.get(data.scale or "", "")
    first = ". ".join(clean(part) for part in (data.who[:1].upper() + data.who[1:], data.period, data.method) if part)
    second = f"Each cell: voices{score}{f', from {FEW} scored voices on' if score else ''}. "
    second += "Not asked: a source that asks, without an answer there."
    if data.has_value:
        second += " Silent value: of those who met a stage, and of whom the source heard nothing there."
    return f"{first}.", second


def layout(data: ListeningData) -> Layout:
    """Place everything.

    Parameters
    ----------
    data
        What to show.
    """
    return _Placer(data).place()


class _Placer:
    def __init__(self, data: ListeningData) -> None:
        self.data = data
        self.astray = any(row["stage"] is None and row["voices"] > 0 for row in data.rows)
        self.columns = [*data.stages, *([("", "About no moment")] if self.astray else [])]
        self.totals = [
            "Voices",
            *(["Speakers\u2019 value, sum of stages", "Silent value, sum of stages"] if data.has_value else []),
        ]
        self.first = _LEFT + _NAMES + 12
        room = _WIDE - self.first - len(self.totals) * (_TOTAL + _GAP) - _LEFT
        self.column = min(max(room / max(len(self.columns), 1) - _GAP, 96.0), 140.0)
        self.total_x = self.first + len(self.columns) * (self.column + _GAP) + 6
        self.width = max(self.total_x + len(self.totals) * (_TOTAL + _GAP) + _LEFT - _GAP, 940.0)
        self.words: list[tuple[str, Words, str]] = []
        self.cells: list[Cell] = []

    def place(self) -> Layout:
        data, y = self.data, 32.0
        title, y = _lines(headline(data), y, self.width, _TITLE, 27, bold=True)
        y -= 4
        told: list[Words] = []
        for text in caption(data):
            made, y = _lines(text, y, self.width, _SUB, 18)
            told += made
        if not data.rows:
            return Layout(data, title, (), (), (), (), self.width, y + 4)
        legend, y = self.legend(y + 4)
        y = self.heads(y + 20)
        group = None
        for source, of in data.sources:
            if of != group:
                self.say("group", _LEFT, y + 20, of, _TEXT, bold=True)
                y, group = y + 30, of
            self.row(source, y)
            y += _ROW + _BETWEEN
        y = self.foot(y + 18)
        return Layout(data, title, tuple(told), tuple(self.words), tuple(self.cells), legend, self.width, y + 16)

    def say(
        self,
        kind: str,
        x: float,
        y: float,
        text: str,
        size: float,
        anchor: Any = "start",
        bold: bool = False,
        whole: str = "",
    ) -> None:
        self.words.append((kind, Words(x, y, text, size, bold, anchor), whole))

    def legend(self, y: float) -> tuple[tuple[tuple[str, Box], ...], float]:
        marks: list[tuple[str, Box]] = []
        x = _LEFT
        if self.data.scale == "nps":
            for at, cut in enumerate((*CUTS, None)):
                marks.append((f"s{at}", Box(x, y, 44, 18)))
                x += 44
                if cut is not None:
                    self.say("sub", x, y + 31, written(cut, "nps"), 11.5, "middle")
            self.say("sub", x + 8, y + 14, "orange: displeased, blue: pleased", _SMALL)
            x += 250
        marks.append(("silent", Box(x, y, 32, 18)))
        who = shorten(clean(self.data.who), 120, _SMALL)
        self.say("sub", x + 40, y + 14, f"silent: {who} passed, nobody was heard", _SMALL)
        return tuple(marks), y + (34 if self.data.scale == "nps" else 20)

    def heads(self, y: float) -> float:
        texts = [
            (self.first + at * (self.column + _GAP), self.column, clean(name))
            for at, (_, name) in enumerate(self.columns)
        ]
        texts += [(self.total_x + at * (_TOTAL + _GAP), _TOTAL, name) for at, name in enumerate(self.totals)]
        made = [(x, room, name, wrap(name, room, 13, bold=True, lines=3)) for x, room, name in texts]
        deepest = max(len(lines) for *_, lines in made)
        for x, room, name, lines in made:
            for at, line in enumerate(lines):
                self.say("head", x + room / 2, y + 16 * (deepest - len(lines) + at), line, 13, "middle", True, name)
        return y + 16 * deepest - 12

    def row(self, source: str | None, y: float) -> None:
        data, name = self.data, source_name(source)
        lines = wrap(name, _NAMES, 13, lines=2)
        for at, line in enumerate(lines):
            middle = y + _ROW / 2 + 4.5 + 16 * (at - (len(lines) - 1) / 2)
            self.say("name", _LEFT + _NAMES, middle, line, 13, "end", whole=name)
        for at, (key, stage) in enumerate(self.columns):
            box = Box(self.first + at * (self.column + _GAP), y, self.column, _ROW)
            row = data.by_place.get((key or None, source))
            if row is not None:
                self.cells.append(self.cell(box, row, clean(stage), name))
        rows = [row for row in data.rows if row["source"] == source]
        placed = [row for row in rows if row["stage"] is not None]
        figures = [whole(voices(rows))]
        if data.has_value:
            known = [total(placed, "value_of_speakers"), total(placed, "silent_value")]
            figures += ["" if one is None else amount(data, one) for one in known]
        for at, text in enumerate(figures):
            x = self.total_x + at * (_TOTAL + _GAP) + _TOTAL / 2
            self.say("total" if at == 0 else "plain", x, y + _ROW / 2 + 5, _short(text), _TEXT, "middle", at == 0, text)

    def cell(self, box: Box, row: Row, stage: str, source: str) -> Cell:
        data, state = self.data, self.data.state(row)
        middle = box.x + box.width / 2
        known = row["score"] is not None and row["scored"] >= FEW - NONE
        score = written(row["score"], data.scale) if known else None
        if state in ("silent", "not asked", "nothing"):
            nothing = "none" if row["stage"] is None else "nothing to hear"
            text = nothing if state == "nothing" else state
            kind = {"silent": "strong", "not asked": "italic"}.get(state, "sub")
            lines = [
                (
                    kind,
                    Words(
                        middle, box.y + _ROW / 2 + 4.5, text, _SMALL + (state == "silent"), state == "silent", "middle"
                    ),
                )
            ]
        else:
            below = "too few" if state == "few" else score
            top = box.y + (20 if below else _ROW / 2 + 5)
            number = shorten(whole(row["voices"]), box.width - 6, _TEXT)
            lines = [("plain", Words(middle, top, number, _TEXT, False, "middle"))]
            if below:
                lines.append(("plain", Words(middle, box.y + 37, below, _SMALL, False, "middle")))
        shade = tone(row["score"]) if state == "heard" and score is not None and data.scale == "nps" else None
        return Cell(box, state, shade, tuple(lines), self.about(row, state, stage, source, score))

    def about(self, row: Row, state: State, stage: str, source: str, score: str | None) -> str:
        data, who = self.data, clean(self.data.who)
        said = [f"{source}, {stage}: {counted_voices(row['voices'])}"]
        spoke = state in ("heard", "few")
        if spoke:
            said.append(f"of {counted(row['speakers'], who)}")
        if score is not None:
            said.append(f"score {score} over {counted_voices(row['scored'])}")
        if row["stage"] is not None:
            of, value = ("silent_customers", "silent_value") if spoke else ("customers", "value")
            worth = "" if row[value] is None else f", worth {amount(data, row[value])}"
            said.append(
                f"{counted(row['customers'], who)} could be heard ({counted(row['occurrences'], 'occurrences')})"
            )
            said.append(f"nothing heard of {counted(row[of], who)}{worth}")
        if state == "not asked":
            said.append("nobody was asked here, or nobody answered")
        return "; ".join(said)

    def foot(self, y: float) -> float:
        data = self.data
        self.say("name", _LEFT + _NAMES, y, "All sources", 13, "end", True)
        for at, (key, _) in enumerate(self.columns):
            x = self.first + at * (self.column + _GAP) + self.column / 2
            said = counted_voices(voices(row for row in data.rows if row["stage"] == (key or None)))
            self.say("strong", x, y, shorten(said, self.column, 13, bold=True), 13, "middle", True, said)
            if key:
                on = f"on {counted(data.met.get(key, 0), clean(data.who))}"
                for line, text in enumerate(wrap(on, self.column, _SMALL, lines=2)):
                    self.say("sub", x, y + 17 + 15 * line, text, _SMALL, "middle", whole=on)
        self.say("total", self.total_x + _TOTAL / 2, y, _short(whole(data.voices)), _TEXT, "middle", True)
        return y + 32


def amount(data: ListeningData, value: float) -> str:
    """Write an amount."""
    return money(value, clean(data.unit or ""))


def whole(number: float) -> str:
    """Write a weight of voices as a whole number; a part of one is not none."""
    return "under 1" if 0 < number < 0.5 else count(round(number))


def counted_voices(number: float) -> str:
    """Write a number of voices."""
    return f"{whole(number)} {'voice' if 0 < number < 1.5 else 'voices'}"


def written(score: float, scale: str | None) -> str:
    """Write a score: ``−24`` (net promoters), ``83%`` (satisfied), ``4.21`` (mean)."""
    if scale == "csat":
        return percent(score)
    if scale == "nps":
        return f"+{round(score)}" if round(score) > 0 else count(round(score))
    return f"{score:.2f}".replace("-", "\u2212")


def _stage(data: ListeningData, row: Row) -> str:
    return clean(dict(data.stages)[row["stage"]])


def _brief(name: str) -> str:
    """Return a name, shortened where it would leave no room for the finding."""
    return shorten(name, 400, _TITLE, bold=True)


def _short(text: str) -> str:
    return shorten(text, _TOTAL, _TEXT, bold=True)


def _lines(
    text: str, y: float, width: float, size: float, step: float, bold: bool = False
) -> tuple[tuple[Words, ...], float]:
    made: Sequence[str] = wrap(text, width - 2 * _LEFT, size, bold, lines=3)
    return tuple(Words(_LEFT, y + at * step, line, size, bold) for at, line in enumerate(made)), y + step * len(made)
