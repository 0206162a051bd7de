"""The picture of who is heard where: a pure layout and one template; `attribution.plot()` shows it."""

from .layout import Cell, Layout, layout
from .model import ListeningData, from_attribution
from .picture import ListeningPicture

__all__ = ["Cell", "Layout", "ListeningData", "ListeningPicture", "from_attribution", "layout"]
