"""What every painted picture can do: show itself in a notebook, save itself as a page, an SVG or a PNG."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path

from sojourn._core import InvalidInput
from sojourn.journey_map.paint import Theme, resolve


class Picture(ABC):
    """A picture made by a layout and a template."""

    kind: str

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.title}>"

    def _repr_html_(self) -> str:
        return self.figure()

    @property
    @abstractmethod
    def title(self) -> str:
        """The finding."""

    @property
    @abstractmethod
    def svg(self) -> str:
        """The picture as SVG: no script, nothing fetched; light or dark as the reader's system is."""

    @abstractmethod
    def figure(self) -> str:
        """Return the picture with its tables, to stand inside a page."""

    @abstractmethod
    def html(self) -> str:
        """Return a page on its own: no script, nothing fetched, light and dark, prints on A3."""

    def save(self, path: str | os.PathLike[str], *, theme: Theme = "light", scale: float = 2.0) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path
            Ends in ``.html`` (a page on its own, with its data), ``.svg`` or ``.png``.
        theme, scale
            For PNG only: light or dark, and pixels per unit.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        file = Path(path)
        suffix = file.suffix.lower()
        if suffix == ".png":
            file.write_bytes(self.png(theme=theme, scale=scale))
        elif suffix == ".svg":
            file.write_text(self.svg, encoding="utf-8")
        elif suffix == ".html":
            file.write_text(self.html(), encoding="utf-8")
        else:
            raise InvalidInput(f"path {os.fspath(path)!r}: a {self.kind} saves as .html, .svg or .png")

    def png(self, *, theme: Theme = "light", scale: float = 2.0) -> bytes:
        """Return the picture as PNG."""
        import vl_convert

        return bytes(vl_convert.svg_to_png(resolve(self.svg, theme), scale=scale))
