"""Which paths a map draws: few enough to read, enough to be true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .model import MapEdge

SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the moves between different moments the drawn paths carry.

    `customers` and `value` add up over paths: a customer counts once for every path.
    """

    drawn: int
    paths: int
    customers: int
    all_customers: int
    moves: int
    all_moves: int
    value: float = 0.0
    all_value: float = 0.0


def between(edges: Iterable[MapEdge]) -> list[MapEdge]:
    """Return the paths between different moments."""
    return [edge for edge in edges if edge.source != edge.target]


def drawn(edges: Iterable[MapEdge], share: float = SHARE) -> tuple[MapEdge, ...]:
    """Return the fewest paths that cover `share` of customers, those for value, and each moment's strongest in and out.

    Paths of a moment to itself are never drawn. Ties go by the ids; the answer keeps the order of `edges`.
    """
    paths = between(edges)
    chosen: set[tuple[str, str]] = set()
    for weight in (_customers, _value):
        chosen.update(map(_ends, _fewest(paths, weight, share)))
    chosen.update(map(_ends, _strongest(paths, lambda edge: edge.source)))
    chosen.update(map(_ends, _strongest(paths, lambda edge: edge.target)))
    return tuple(edge for edge in paths if _ends(edge) in chosen)


def coverage(edges: Iterable[MapEdge], chosen: Sequence[MapEdge]) -> Coverage:
    """Return what the chosen paths carry of all paths between different moments."""
    paths = between(edges)
    return Coverage(
        drawn=len(chosen),
        paths=len(paths),
        customers=sum(edge.customers for edge in chosen),
        all_customers=sum(edge.customers for edge in paths),
        moves=sum(edge.count for edge in chosen),
        all_moves=sum(edge.count for edge in paths),
        value=sum(map(_value, chosen)),
        all_value=sum(map(_value, paths)),
    )


def _fewest(paths: Sequence[MapEdge], weight: Callable[[MapEdge], float], share: float) -> list[MapEdge]:
    goal = share * sum(weight(edge) for edge in paths)
    taken: list[MapEdge] = []
    carried = 0.0
    for edge in sorted(paths, key=lambda edge: (-weight(edge), *_ends(edge))):
        if carried >= goal:
            break
        taken.append(edge)
        carried += weight(edge)
    return taken


def _strongest(paths: Sequence[MapEdge], end: Callable[[MapEdge], str]) -> list[MapEdge]:
    best: dict[str, MapEdge] = {}
    for edge in sorted(paths, key=lambda edge: (-edge.customers, *_ends(edge))):
        best.setdefault(end(edge), edge)
    return list(best.values())


def _customers(edge: MapEdge) -> float:
    return edge.customers


def _value(edge: MapEdge) -> float:
    return max(edge.customers_value or 0.0, 0.0)


def _ends(edge: MapEdge) -> tuple[str, str]:
    return edge.source, edge.target
