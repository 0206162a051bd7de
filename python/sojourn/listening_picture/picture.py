"""The picture of listening: shows itself in a notebook, saves itself as a page, an SVG or a PNG."""

from __future__ import annotations

import hashlib
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from sojourn import journey_map
from sojourn._picture import Picture
from sojourn._templates import escaping
from sojourn.journey_map.numbers import count, counted
from sojourn.journey_map.paint import DARK, LIGHT, number
from sojourn.journey_map.text import clean

from .layout import Layout, amount, caption, headline, layout, whole, written
from .model import ListeningData, source_name

Value = str | int | float | bool | None


class ListeningPicture(Picture):
    """Who is heard where: stages from left to right, a row a source, and the places where nobody is listening.

    Parameters
    ----------
    data
        What to show, as `from_attribution` reads it.

    Examples
    --------
    >>> from sojourn.listening_picture import ListeningData, ListeningPicture
    >>> row = {"stage": "buy", "source": "calls", "voices": 0.0, "occurrences": 9, "customers": 7, "speakers": 0,
    ...        "score": None, "scored": 0.0, "value": 70.0, "value_of_speakers": 0.0, "silent_customers": 7,
    ...        "silent_value": 70.0, "silent": True}
    >>> ListeningPicture(ListeningData((("buy", "Buy"),), (row,), {}, {"buy": 7}, unit="$"))
    <ListeningPicture: 0 voices heard; 1 place where nobody is listening, Buy through calls: 7 customers worth $70>
    """

    kind = "picture of listening"

    def __init__(self, data: ListeningData) -> None:
        self._layout = layout(data)

    @property
    def layout(self) -> Layout:
        """Where everything stands."""
        return self._layout

    @property
    def title(self) -> str:
        """The finding."""
        return headline(self._layout.data)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG: no script, nothing fetched; light or dark as the reader's system is."""
        template = environment().get_template("listening.svg.jinja")
        return template.render(
            id=self._id, map=self._layout, light=LIGHT, dark=DARK, title=self.title, describe=self._describe()
        )

    @property
    def data(self) -> list[dict[str, Value]]:
        """The cells as rows: ``attribution.coverage(by="stage")`` in the picture's order, with group and state.

        A row with a null stage holds what is about no moment.
        """
        data = self._layout.data
        return [
            {"group": group, **data.by_place[stage, source], "state": data.state(data.by_place[stage, source])}
            for source, group in data.sources
            for stage in (*(key for key, _ in data.stages), None)
            if (stage, source) in data.by_place
        ]

    def figure(self) -> str:
        """Return the picture with its table, to stand inside a page."""
        return self._render("picture.html.jinja")

    def html(self) -> str:
        """Return a page on its own: no script, nothing fetched, light and dark, prints on A3."""
        return self._render("page.html.jinja")

    @property
    def _id(self) -> str:
        return "jl" + hashlib.sha256(repr(self._layout).encode("utf-8", "replace")).hexdigest()[:8]

    def _describe(self) -> str:
        data = self._layout.data
        names = dict(data.stages)
        silent = [f"{clean(names[row['stage']])} through {source_name(row['source'])}" for row in data.silent[:10]]
        rest = f" and {counted(len(data.silent) - 10, 'more places')}" if len(data.silent) > 10 else ""
        told = [f"Nobody is heard at: {', '.join(silent)}{rest}."] if silent else []
        return " ".join([self.title + ".", *caption(data), *told])

    def _render(self, template: str) -> str:
        placed = self._layout
        shown = SimpleNamespace(
            svg=Markup(self.svg),
            title=self.title,
            caption=" ".join(caption(placed.data)),
            width=placed.width,
            head=placed.legend[0][1].y - 8 if placed.legend else 0.0,
            name="cells",
        )
        places = {"heads": [(head, at < 4) for at, head in enumerate(_HEADS)], "rows": self._rows()}
        return (
            environment().get_template(template).render(pictures=[shown], title=self.title, id=self._id, places=places)
        )

    def _rows(self) -> list[list[tuple[str, bool]]]:
        data = self._layout.data
        names = dict(data.stages)
        made: list[list[tuple[str, bool]]] = []
        for row in self.data:
            cells: list[Any] = [row["group"], source_name(row["source"])]  # type: ignore[arg-type]
            cells += [clean(names[str(row["stage"])]) if row["stage"] is not None else "about no moment", row["state"]]
            texts = [(str(cell), True) for cell in cells]
            figures = [
                whole(float(row["voices"] or 0)),
                "" if row["score"] is None else written(float(row["score"]), data.scale),
                *(_count(row[key]) for key in ("speakers", "customers", "silent_customers")),
                *(
                    "" if row[key] is None else amount(data, float(row[key] or 0))
                    for key in ("value_of_speakers", "silent_value")
                ),
            ]
            made.append([*texts, *((figure, False) for figure in figures)])
        return made


_HEADS = (
    "Group",
    "Source",
    "Stage",
    "State",
    "Voices",
    "Score",
    "Who spoke",
    "Who could be heard",
    "Of whom nothing was heard",
    "Value of those who spoke",
    "Value not heard",
)


def _count(value: Value) -> str:
    return "" if value is None else count(int(value))


@cache
def environment() -> Environment:
    """Return the templates of the picture: its own, then those it shares with the map."""
    made = escaping(Path(__file__).parent, Path(journey_map.__file__).parent)
    made.filters.update(n=number, counted=counted)
    return made
