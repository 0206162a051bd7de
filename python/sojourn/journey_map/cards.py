"""What stands on a card, line by line, and how large that makes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .model import MapData, MapNode, State
from .numbers import count, counted, money, short_count, tight
from .text import ELLIPSIS, clean, shorten, width, wrap

RowKind = Literal["name", "text", "small", "kpi", "voices", "again"]
AGAIN = 0.02


@dataclass(frozen=True, slots=True)
class Measures:
    """Sizes in pixels that the whole map shares."""

    card: float
    gap: float = 54.0
    pad: float = 8.0
    row: float = 14.0
    name_size: float = 12.0
    text_size: float = 11.5
    label_size: float = 11.5
    name_lines: int = 3
    least_height: float = 64.0
    arrow: float = 28.0
    apart: float = 42.0
    compact: bool = False

    @property
    def inner(self) -> float:
        """The room for text on a card."""
        return self.card - 2 * self.pad

    @property
    def small_size(self) -> float:
        """The size of what is said in small letters: still 11 px."""
        return self.text_size - 0.5


@dataclass(frozen=True, slots=True)
class CardRow:
    """One line on a card: `y` is its baseline, from the card's top; the words begin `indent` after a mark's place."""

    kind: RowKind
    y: float
    text: str
    strong: str = ""
    state: State | None = None
    score: float | None = None
    indent: float = 0.0

    def room(self, sizes: Measures) -> float:
        """Return how wide the line is at most, its mark included."""
        size = {"name": sizes.name_size, "small": sizes.small_size}.get(self.kind, sizes.text_size)
        strong = width(self.strong, size, bold=True) + width(" ", size) if self.strong else 0.0
        return self.indent + strong + width(self.text, size, bold=self.kind == "name")


@dataclass(frozen=True, slots=True)
class Face:
    """All lines of a card and the height they need."""

    rows: tuple[CardRow, ...]
    height: float


def measures(lane_count: int, compact: bool = False) -> Measures:
    """Choose sizes by how many lanes share the width."""
    card = min(max(1300 / max(lane_count, 1) - 54, 142.0), 196.0)
    if compact:
        return Measures(card=card, name_lines=2, least_height=44.0, arrow=22.0, apart=30.0, compact=True)
    if lane_count <= 5:
        return Measures(card=card, row=16.0, name_size=13.5, text_size=12.5, label_size=13.0, least_height=72.0)
    return Measures(card=card)


def face(node: MapNode, data: MapData, sizes: Measures, value: bool) -> Face:
    """Return what a card says."""
    rows: list[CardRow] = [CardRow("name", 0, line) for line in _name(clean(node.name), sizes)]
    rows += _members(node, sizes)
    rows += [CardRow("text", 0, text) for text in _size(node, data, sizes, value)]
    if not sizes.compact:
        rows += _promise(node, sizes) + _voices(node, sizes)
        rows += _again(node, sizes)
    return _placed(rows, sizes)


def _name(name: str, sizes: Measures) -> tuple[str, ...]:
    """Return the lines of a name: one more than usual if that shows all of it."""
    longest = wrap(name, sizes.inner, sizes.name_size, bold=True, lines=sizes.name_lines + 1)
    usual = wrap(name, sizes.inner, sizes.name_size, bold=True, lines=sizes.name_lines)
    return usual if longest[-1].endswith(ELLIPSIS) else longest


def _placed(rows: list[CardRow], sizes: Measures) -> Face:
    needed = len(rows) * sizes.row + 14
    height = max(needed, sizes.least_height)
    top = (height - needed) / 2 + 7 + sizes.row * 0.76
    placed = (replace(row, y=top + at * sizes.row) for at, row in enumerate(rows))
    return Face(tuple(placed), height)


def _size(node: MapNode, data: MapData, sizes: Measures, value: bool) -> list[str]:
    """Return the lines that say how many came, and in value mode for how much."""
    if node.customers is None:
        visits = [counted(node.visits, "visits"), f"{short_count(node.visits)} visits"]
        texts = [fitting(visits, sizes.inner, sizes.text_size)]
    else:
        full = [counted(node.customers, clean(data.who)), short_count(node.customers)]
        texts = [fitting(full, sizes.inner, sizes.text_size)]
    if value and node.value:
        worth = money(node.value, clean(data.unit or ""))
        texts.append(fitting([f"{worth} in events", worth, money(node.value, "")], sizes.inner, sizes.text_size))
    return texts


def _either(row: CardRow, number: int) -> list[CardRow]:
    """Return a line with its figure written out, and written short."""
    return [row, replace(row, strong=short_count(number))]


def fitting(texts: Sequence[str], room: float, size: float, bold: bool = False) -> str:
    """Return the first text that fits, or as much of the last as does."""
    return next((text for text in texts if width(text, size, bold) <= room), shorten(texts[-1], room, size, bold))


def fitting_row(rows: Sequence[CardRow], sizes: Measures) -> CardRow:
    """Return the first line that fits on the card, or the last."""
    return next((row for row in rows if row.room(sizes) <= sizes.inner), rows[-1])


def _members(node: MapNode, sizes: Measures) -> list[CardRow]:
    if not node.members or sizes.compact:
        return []
    names = [clean(name) for name in node.member_names]
    size = sizes.small_size
    lines: tuple[str, ...] = ()
    for shown in range(len(names), 0, -1):
        rest = len(names) - shown
        text = ", ".join(names[:shown]) + (f" and {rest} more" if rest else "")
        lines = wrap(text, sizes.inner, size, lines=3)
        if not lines[-1].endswith(ELLIPSIS):
            break
    return [CardRow("small", 0, line) for line in lines]


def _promise(node: MapNode, sizes: Measures) -> list[CardRow]:
    if node.kpi is None:
        return []
    # Without a target nothing is kept or broken: the count stands beside what it is out of.
    open_ = node.kpi.state == "open"
    row = CardRow("kpi", 0, "missed", count(node.kpi.missed), node.kpi.state, indent=0.0 if open_ else 16.0)
    texts = [f"missed of {number(node.kpi.due)}" for number in (count, short_count)] if open_ else []
    return [fitting_row([replace(row, text=text) for text in texts] + _either(row, node.kpi.missed), sizes)]


def _voices(node: MapNode, sizes: Measures) -> list[CardRow]:
    if node.voices is None:
        return []
    if not node.voices.n:
        return [CardRow("voices", 0, "no voice heard", indent=31.0)]
    if node.voices.score is None:
        numbers = (counted(node.voices.n, "voices"), f"{short_count(node.voices.n)} voices")
        return [fitting_row([CardRow("text", 0, text) for text in numbers], sizes)]
    score = round(node.voices.score)
    strong = f"+{score}" if score > 0 else count(score)
    row = CardRow("voices", 0, "", strong=strong, score=node.voices.score, indent=31.0)
    # A score is "of" those it rests on; where that is not known, the voices stand beside it.
    if node.voices.scored is None:
        n = node.voices.n
        texts = [counted(n, "voices"), f"{short_count(n)} voices", f"{tight(n)} voices", tight(n)]
    else:
        texts = [f"of {short_count(node.voices.scored)}", f"of {tight(node.voices.scored)}"]
    return [fitting_row([replace(row, text=text) for text in texts], sizes)]


def _again(node: MapNode, sizes: Measures) -> list[CardRow]:
    """Return the badge of those who came again at once, from 2% of the moment's customers."""
    if not node.repeats or node.customers is None or node.repeats < AGAIN * node.customers:
        return []
    number = short_count(node.repeats)
    texts = (f"{number} again at once", f"{number} again")
    return [fitting_row([CardRow("again", 0, text, indent=16.0) for text in texts], sizes)]
