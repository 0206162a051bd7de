"""The journey map: a pure layout and one painter; `g.plot()`, the room and the command line show the same picture."""

from .fold import FoldedCustomers, fold, folds
from .layout import layout
from .model import Exit, MapData, MapEdge, MapNode, Promise, Voices, from_tables
from .paint import paint, resolve
from .picture import JourneyMap
from .placed import Layout

__all__ = [
    "Exit",
    "FoldedCustomers",
    "JourneyMap",
    "Layout",
    "MapData",
    "MapEdge",
    "MapNode",
    "Promise",
    "Voices",
    "fold",
    "folds",
    "from_tables",
    "layout",
    "paint",
    "resolve",
]
