"""Which marks a map explains: only those it uses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .cards import Face
from .model import MapData, MapNode
from .placed import Words
from .text import width

SIZE = 12.0
_MARK, _APART, _LINE = 32.0, 14.0, 20.0


def entries(
    nodes: Sequence[MapNode], faces: Sequence[Face], roles: Iterable[str], data: MapData
) -> list[tuple[str, str]]:
    """Return (mark, words) of every mark in use."""
    column = "step" if data.steps else "owner" if data.by == "owner" else "stage"
    used_roles = set(roles)
    rows = [row for made in faces for row in made.rows]
    kinds, states = {row.kind for row in rows}, {row.state for row in rows}
    known = (
        ("left", "left after it", any(node.left for node in nodes)),
        ("new", "first: seen here first" if data.history else "new: starts here", any(node.entered for node in nodes)),
        ("on", "moves on", bool(used_roles - {"back"})),
        ("back", f"goes back to an earlier {column}", "back" in used_roles),
        ("again", "again at once", "again" in kinds),
        ("kept", "promise kept", "kept" in states),
        ("broken", "promise broken", "broken" in states),
        ("warning", "promise too near its target to tell", "warning" in states),
        ("differentiating", "differentiating", "differentiating" in states),
        ("silent", "nobody heard", any(row.kind == "voices" and row.score is None for row in rows)),
        ("several", f"several {data.by}s", any(node.members for node in nodes)),
    )
    return [(mark, text) for mark, text, used in known if used]


def placed(marks: Sequence[tuple[str, str]], left: float, right: float, y: float) -> tuple[tuple[str, Words], ...]:
    """Return the marks with their words, in lines from `left` to `right`; a mark stands left of its words."""
    x = left
    made: list[tuple[str, Words]] = []
    for mark, text in marks:
        need = _MARK + width(text, SIZE)
        if x + need > right and x > left:
            x, y = left, y + _LINE
        made.append((mark, Words(x + _MARK, y, text, SIZE)))
        x += need + _APART
    return tuple(made)
