"""The picture object: shows itself in a notebook, saves itself as a page, an SVG or a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from markupsafe import Markup

from sojourn._picture import Picture

from . import words
from .fold import MOST, FoldedCustomers
from .layout import layout
from .model import MapData
from .numbers import count, duration
from .paint import environment, paint, picture_id
from .placed import Layout
from .text import clean

Cell = str | int | float | bool | None


class JourneyMap(Picture):
    """A journey map: stages, moments, how customers move between them, and where they leave.

    Parameters
    ----------
    data
        What to show, as `from_tables` builds it.
    value
        Widths are the value of the customers that moved, not their number.
    poster
        Show every moment, on compact cards, however many there are.
    most, ranked
        Moments that keep a card of their own (the rest of a stage becomes one card), and which come first.
    folded_customers
        Distinct customers of moments that share a card: a function of their ids, or a mapping from frozen sets of ids.

    Raises
    ------
    InvalidInput
        With `value=True` when no path has a value.

    Examples
    --------
    >>> from sojourn.journey_map import JourneyMap, from_tables
    >>> nodes = [{"node": "buy", "kind": "moment", "name": "Buys", "stage": "Shop", "visits": 3, "customers": 3},
    ...          {"node": "left", "kind": "outcome", "name": "Left"}]
    >>> edges = [{"source": "START", "target": "buy", "count": 3, "customers": 3},
    ...          {"source": "buy", "target": "left", "count": 1, "customers": 1},
    ...          {"source": "buy", "target": "observed", "count": 2, "customers": 2}]
    >>> JourneyMap(from_tables(nodes, edges))
    <JourneyMap: 1 customer left on the way, after Buys>
    """

    kind = "journey map"

    def __init__(
        self,
        data: MapData,
        *,
        value: bool = False,
        poster: bool = False,
        most: int = MOST,
        ranked: Sequence[str] | None = None,
        folded_customers: FoldedCustomers | None = None,
    ) -> None:
        self._settings: dict[str, Any] = {
            "poster": poster,
            "most": most,
            "ranked": ranked,
            "folded_customers": folded_customers,
        }
        self._layout = layout(data, value=value, **self._settings)

    def figure(self, *, most_paths: int | None = None) -> str:
        """Return the picture with its tables, to stand inside a page.

        Parameters
        ----------
        most_paths
            Rows of the table of paths at most, those of most customers first; None: all.
        """
        return self._render("picture.html.jinja", most_paths)

    @property
    def layout(self) -> Layout:
        """Where everything stands."""
        return self._layout

    @property
    def title(self) -> str:
        """The finding."""
        return " ".join(line.text for line in self._layout.title)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG: no script, nothing fetched; light or dark as the reader's system is."""
        return paint(self._layout)

    @property
    def data(self) -> list[dict[str, Cell]]:
        """The paths as rows: every one between moments, drawn or not.

        Columns: source, target, source_name, target_name, count, customers, mean_gap (seconds), value, customers_value,
        drawn (as a line of its own, or joined to others at a folded card).
        """
        data, card_of = self._layout.data, self._card_of()
        names = {node.id: node.name for node in data.nodes}
        lines = {(route.edge.source, route.edge.target) for route in self._layout.routes}
        return [
            {
                "source": edge.source,
                "target": edge.target,
                "source_name": names[edge.source],
                "target_name": names[edge.target],
                "count": edge.count,
                "customers": edge.customers,
                "mean_gap": edge.mean_gap_seconds,
                "value": edge.value,
                "customers_value": edge.customers_value,
                "drawn": (card_of[edge.source], card_of[edge.target]) in lines,
            }
            for edge in data.edges
        ]

    @property
    def moments(self) -> list[dict[str, Cell]]:
        """The moments as rows.

        Columns: node, name, stage, visits, customers, entered, left, left_value, observed, repeats, value, folded.
        """
        card_of = self._card_of()
        return [
            {
                "node": node.id,
                "name": node.name,
                "stage": node.stage,
                "visits": node.visits,
                "customers": node.customers,
                "entered": node.entered,
                "left": node.left,
                "left_value": node.left_value,
                "observed": node.observed,
                "repeats": node.repeats,
                "value": node.value,
                "folded": card_of[node.id] != node.id,
            }
            for node in self._layout.data.nodes
        ]

    def html(self) -> str:
        """Return a page on its own: no script, nothing fetched, light and dark, prints on A3.

        Where the log has values the page holds both pictures, and two buttons to show the one by customers or the one
        by value: radio buttons and a style sheet, no script.
        """
        data, value = self._layout.data, self._layout.value
        other = layout(data, value=not value, **self._settings) if data.nodes and data.has_value else None
        return self._render("page.html.jinja", other=other)

    def _card_of(self) -> dict[str, str]:
        """Return the card that each moment is drawn as."""
        return {member: node.id for node in self._layout.shown.nodes for member in node.members or (node.id,)}

    def _render(self, template: str, most_paths: int | None = None, other: Layout | None = None) -> str:
        data = self._layout.data
        rows = self.data
        between = sum(row["source"] != row["target"] for row in rows)
        paths = _table(rows, _PATHS)
        shown = sorted([self._layout, *([other] if other else [])], key=lambda placed: placed.value)
        return (
            environment()
            .get_template(template)
            .render(
                pictures=[_Shown(placed) for placed in shown],
                at=shown.index(self._layout),
                title=self.title,
                who=words.who(data),
                id=picture_id(self._layout),
                paths={**paths, "rows": paths["rows"][:most_paths]},
                all_paths=len(rows),
                between=between,
                again=len(rows) - between,
                moments=_table(self._moment_rows(), {**_MOMENTS, "name": data.by.capitalize()}),
                things=words.cards(data),
            )
        )

    def _moment_rows(self) -> list[dict[str, Cell]]:
        stages = dict(self._layout.data.stages)
        return [{**row, "stage": stages[str(row["stage"])]} for row in self.moments]


class _Shown:
    """One picture of a page: its SVG, its size, and where its cards begin, for narrow screens."""

    def __init__(self, placed: Layout) -> None:
        self.svg = Markup(paint(placed))
        self.title = " ".join(line.text for line in placed.title)
        self.caption = " ".join(line.text for line in placed.caption)
        self.width = placed.width
        self.head = max(placed.lanes[0].box.y - 8, 0.0) if placed.lanes else 0.0
        self.name = "value" if placed.value else "customers"


_PATHS = {
    "source_name": "From",
    "target_name": "To",
    "customers": "Customers",
    "count": "Moves",
    "mean_gap": "Mean time between",
    "customers_value": "Value of the customers",
    "drawn": "Drawn",
}
_MOMENTS = {
    "stage": "Stage",
    "name": "Moment",
    "customers": "Customers",
    "visits": "Visits",
    "entered": "New",
    "left": "Left after it",
    "observed": "Here at the end",
    "repeats": "Again at once",
    "left_value": "Value left",
}


def _table(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> dict[str, Any]:
    """Return a table's heads and cells; a column without any value is left out. Largest numbers of customers first."""
    used = {key: head for key, head in columns.items() if any(row[key] is not None for row in rows)}
    ordered = sorted(rows, key=lambda row: -(row["customers"] or 0)) if "source_name" in columns else rows
    cells = [[(_cell(key, row[key]), isinstance(row[key], str)) for key in used] for row in ordered]
    return {"heads": [(head, key in _TEXTS) for key, head in used.items()], "rows": cells}


_TEXTS = frozenset({"source_name", "target_name", "stage", "name"})


def _cell(key: str, value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return clean(value)
    if key == "mean_gap":
        return duration(float(value))
    return count(round(value))
