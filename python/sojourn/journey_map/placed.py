"""A journey map with everything in its place, before anyone paints it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .cards import CardRow, Measures
from .model import MapData, MapNode
from .routes import Box, Route
from .select import Coverage
from .text import width

Kind = Literal["new", "left"]


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text: `x` is its start, or its middle or end as `anchor` says; `y` its baseline."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    anchor: Literal["start", "middle", "end"] = "start"

    @property
    def left(self) -> float:
        """Where the text begins at the earliest."""
        return self.x - self.room * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]

    @property
    def room(self) -> float:
        """How wide the text is at most."""
        return width(self.text, self.size, self.bold)


@dataclass(frozen=True, slots=True)
class Arrow:
    """Customers who start at a card (into its top) or leave after it (out of its foot); it always points down."""

    kind: Kind
    x: float
    top: float
    bottom: float
    width: float
    label: Words
    worst: bool
    about: str


@dataclass(frozen=True, slots=True)
class Card:
    """A moment's card."""

    node: MapNode
    box: Box
    rows: tuple[CardRow, ...]
    about: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What a lane's customers entered and left: heights from the axis, and the labels."""

    x: float
    width: float
    up: float
    down: float
    entered: Words | None
    left: Words | None
    worst: bool
    about: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A stage's column."""

    box: Box
    names: tuple[Words, ...]
    bar: Bar


@dataclass(frozen=True, slots=True)
class Layout:
    """A map with everything in its place; the origin is the upper left corner.

    Attributes
    ----------
    shown
        What is drawn: the data with its moments folded.
    axis
        The height of the line that the lanes' bars stand on; None without bars.
    scale
        Pixels per customer, or per unit of value.
    """

    data: MapData
    shown: MapData
    width: float
    height: float
    title: tuple[Words, ...]
    caption: tuple[Words, ...]
    coverage: Coverage
    value: bool
    sizes: Measures
    notes: tuple[Words, ...] = ()
    lanes: tuple[Lane, ...] = ()
    cards: tuple[Card, ...] = ()
    routes: tuple[Route, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    axis: float | None = None
    legend: tuple[tuple[str, Words], ...] = ()
    scale: float = 0.0
