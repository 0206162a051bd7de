"""More moments than a map can show: the rest of a stage becomes one card."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from .model import Exit, MapData, MapEdge, MapNode

MOST = 15
FoldedCustomers = Callable[[tuple[str, ...]], int | None] | Mapping[frozenset[str], int]


def folds(data: MapData, most: int = MOST, ranked: Sequence[str] | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the moments of every card that would stand for more than one.

    Whoever has the events can count the distinct customers of each and hand them to the map.

    Parameters
    ----------
    data
        What the map shows.
    most
        Moments that keep a card of their own; up to so many nothing is folded.
    ranked
        Moments by importance. By default a moment counts by the larger of its share of those who left and its share
        of all customers. Every stage keeps its first.
    """
    if len(data.nodes) <= most:
        return ()
    kept = _kept(data, most, ranked)
    rest: dict[str, list[str]] = defaultdict(list)
    for node in data.nodes:
        if node.id not in kept:
            rest[node.stage].append(node.id)
    return tuple(tuple(rest[stage]) for stage, _ in data.stages if len(rest[stage]) > 1)


def fold(
    data: MapData,
    most: int = MOST,
    ranked: Sequence[str] | None = None,
    folded_customers: FoldedCustomers | None = None,
) -> MapData:
    """Fold the less important moments of each stage into one card.

    Parameters
    ----------
    data, most, ranked
        As for `folds`.
    folded_customers
        Distinct customers of a set of moments: a function of their ids, or a mapping from frozen sets of ids. Without
        it a folded card shows its visits, which may be added up; customers may not.
    """
    groups = folds(data, most, ranked)
    if not groups:
        return data
    by_id = {node.id: node for node in data.nodes}
    prefix = "fold:"
    while any(key.startswith(prefix) for key in by_id):
        prefix = f"_{prefix}"
    card_of = {member: prefix + members[0] for members in groups for member in members}
    nodes: list[MapNode] = [node for node in data.nodes if node.id not in card_of]
    for members in groups:
        inside = sum(e.count for e in data.edges if e.source in members and e.target in members)
        card = _card([by_id[member] for member in members], inside, _customers(members, folded_customers))
        name = f"{len(members)} more {data.by}s"
        nodes.append(replace(card, id=card_of[members[0]], name=name))
    return replace(data, nodes=tuple(nodes), edges=_merged(data.edges, card_of))


def _kept(data: MapData, most: int, ranked: Sequence[str] | None) -> set[str]:
    order = _ranked(data.nodes) if ranked is None else [key for key in ranked if any(n.id == key for n in data.nodes)]
    order += [key for key in _ranked(data.nodes) if key not in set(order)]
    stage_of = {node.id: node.stage for node in data.nodes}
    first: dict[str, str] = {}
    for key in order:
        first.setdefault(stage_of[key], key)
    kept = set(first.values())
    for key in order:
        if len(kept) >= most:
            break
        kept.add(key)
    return kept


def _ranked(nodes: Sequence[MapNode]) -> list[str]:
    left = max(sum(node.left for node in nodes), 1)
    customers = max((node.customers or 0 for node in nodes), default=0) or 1
    weight = {node.id: max(node.left / left, (node.customers or 0) / customers) for node in nodes}
    return sorted(weight, key=lambda key: -weight[key])


def _customers(members: tuple[str, ...], known: FoldedCustomers | None) -> int | None:
    if known is None:
        return None
    return known(members) if callable(known) else known.get(frozenset(members))


def _card(members: Sequence[MapNode], inside: int, customers: int | None) -> MapNode:
    exits: dict[str, list[Exit]] = defaultdict(list)
    for leaving in (leaving for node in members for leaving in node.exits):
        exits[leaving.outcome].append(leaving)
    return MapNode(
        id=members[0].id,
        name="",
        stage=members[0].stage,
        kind="fold",
        visits=sum(node.visits for node in members),
        customers=customers,
        value=_total(node.value for node in members),
        entered=sum(node.entered for node in members),
        left=sum(node.left for node in members),
        entered_value=_total(node.entered_value for node in members),
        left_value=_total(node.left_value for node in members),
        exits=tuple(
            Exit(key, sum(one.customers for one in ends), _total(one.value for one in ends))
            for key, ends in exits.items()
        ),
        observed=sum(node.observed for node in members),
        members=tuple(node.id for node in members),
        member_names=tuple(node.name for node in members),
        inside=inside,
    )


def _merged(edges: Sequence[MapEdge], card_of: Mapping[str, str]) -> tuple[MapEdge, ...]:
    """Join the paths that now run between the same two cards; those within a folded card go."""
    groups: dict[tuple[str, str], list[MapEdge]] = defaultdict(list)
    for edge in edges:
        source, target = card_of.get(edge.source, edge.source), card_of.get(edge.target, edge.target)
        if source != target or edge.source not in card_of:
            groups[source, target].append(edge)
    return tuple(_joined(source, target, parts) for (source, target), parts in groups.items())


def _joined(source: str, target: str, parts: Sequence[MapEdge]) -> MapEdge:
    if len(parts) == 1:
        return replace(parts[0], source=source, target=target)
    moves = sum(part.count for part in parts)
    gaps = [part.mean_gap_seconds * part.count for part in parts if part.mean_gap_seconds is not None]
    whole = moves and len(gaps) == len(parts)
    return MapEdge(
        source=source,
        target=target,
        count=moves,
        customers=sum(part.customers for part in parts),
        mean_gap_seconds=math.fsum(gaps) / moves if whole else None,
        value=_total(part.value for part in parts),
        customers_value=_total(part.customers_value for part in parts),
        at_most=True,
    )


def _total(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None
