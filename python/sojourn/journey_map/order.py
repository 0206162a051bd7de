"""Who stands above whom in a lane: layered drawing after Sugiyama, with stages as the layers.

A path that passes lanes takes an empty slot in each. Twelve weighted barycentre sweeps put the slots in order, then
slots change places (neighbours; cards also over a distance) while that lowers the cost: the smaller weight for each
crossing, 1.2 weights for a path that runs upwards in its lane, 0.35 weights for each card it passes there. The order in
which the moments were given is tried as well. Ties go by the slots' numbers.

Reference: Sugiyama, Tagawa, Toda (1981), Methods for visual understanding of hierarchical system structures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SWEEPS, PASSES = 12, 12
UPWARD, APART = 1.2, 0.35
_BUDGET = 400_000


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a lane: of a card, or of a path that passes (then `path` is its number)."""

    lane: int
    card: int | None = None
    path: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of a path: from a slot to one in the next lane, or to another card of the same lane."""

    source: int
    target: int
    weight: float


@dataclass(slots=True)
class Lanes:
    """Slots, the pieces of paths between them, and the order of the slots in each lane, from the top."""

    slots: list[Slot]
    across: list[Link]
    within: list[Link]
    order: list[list[int]]
    before: dict[int, list[Link]] = field(default_factory=lambda: defaultdict(list))
    after: dict[int, list[Link]] = field(default_factory=lambda: defaultdict(list))
    inside: dict[int, list[Link]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for link in self.across:
            self.after[link.source].append(link)
            self.before[link.target].append(link)
        for link in self.within:
            self.inside[self.slots[link.source].lane].append(link)

    def places(self) -> dict[int, int]:
        """Return the place of every slot in its lane."""
        return {slot: place for lane in self.order for place, slot in enumerate(lane)}


def lanes(card_lanes: Sequence[int], paths: Sequence[tuple[int, int, float]], lane_count: int) -> Lanes:
    """Put cards and passing paths in order.

    Parameters
    ----------
    card_lanes
        The lane of every card.
    paths
        (source card, target card, weight) of the paths that run forwards or within a lane.
    lane_count
        How many lanes there are.
    """
    slots = [Slot(lane, card=card) for card, lane in enumerate(card_lanes)]
    across: list[Link] = []
    within: list[Link] = []
    for number, (source, target, weight) in enumerate(paths):
        if card_lanes[source] == card_lanes[target]:
            within.append(Link(source, target, weight))
            continue
        last = source
        for lane in range(card_lanes[source] + 1, card_lanes[target]):
            slots.append(Slot(lane, path=number))
            across.append(Link(last, len(slots) - 1, weight))
            last = len(slots) - 1
        across.append(Link(last, target, weight))
    order: list[list[int]] = [[] for _ in range(lane_count)]
    for number, slot in enumerate(slots):
        order[slot.lane].append(number)
    result = Lanes(slots, across, within, order)
    given = [list(lane) for lane in order]
    _sweep(result)
    _improve(result)
    return _better(result, Lanes(slots, across, within, given)) if within else result


def cost(found: Lanes) -> float:
    """Return the cost of an order: crossings, upward paths, and distance within lanes."""
    places = found.places()
    total = sum(_lane_cost(found, lane, places) for lane in range(len(found.order)))
    layers: dict[int, list[tuple[int, int, float]]] = defaultdict(list)
    for link in found.across:
        lane = found.slots[link.source].lane
        layers[lane].append((places[link.source], places[link.target], link.weight))
    for links in layers.values():
        links.sort()
        for at, (one, other, weight) in enumerate(links):
            total += sum(min(weight, w) for a, b, w in links[at + 1 :] if a > one and b < other)
    return total


def _sweep(found: Lanes) -> None:
    layer_sizes: dict[int, int] = defaultdict(int)
    for link in found.across:
        layer_sizes[found.slots[link.source].lane] += 1
    affordable = sum(size * size for size in layer_sizes.values()) < _BUDGET
    best, least = [list(lane) for lane in found.order], cost(found) if affordable else float("inf")
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        numbers = range(len(found.order)) if forwards else range(len(found.order) - 1, -1, -1)
        for lane in numbers:
            _by_barycentre(found, lane, found.before if forwards else found.after, forwards)
        now = cost(found) if affordable else 0.0
        if now < least:
            best, least = [list(lane) for lane in found.order], now
    found.order[:] = best if affordable else found.order


def _by_barycentre(found: Lanes, lane: int, links: dict[int, list[Link]], forwards: bool) -> None:
    places = found.places()
    sizes = [max(len(order), 1) for order in found.order]

    def wish(slot: int) -> float:
        near = links[slot]
        total = sum(link.weight for link in near)
        if not total:
            return (places[slot] + 0.5) / sizes[lane]
        ends = [(link.source if forwards else link.target, link.weight) for link in near]
        return sum((places[end] + 0.5) / sizes[found.slots[end].lane] * weight for end, weight in ends) / total

    found.order[lane].sort(key=lambda slot: (round(wish(slot), 9), slot))


def _better(found: Lanes, other: Lanes) -> Lanes:
    """Return the cheaper of an order and one improved from the order that was given."""
    for lane in range(len(other.order)):
        cards = [slot for slot in other.order[lane] if other.slots[slot].card is not None]
        passing = [slot for slot in found.order[lane] if other.slots[slot].card is None]
        above = sum(1 for slot in passing if found.order[lane].index(slot) < len(found.order[lane]) / 2)
        other.order[lane] = passing[:above] + cards + passing[above:]
    _improve(other)
    return other if cost(other) < cost(found) - 1e-9 else found


def _improve(found: Lanes) -> None:
    """Let slots change places while that lowers the cost: neighbours, then cards over any distance."""
    for _ in range(PASSES):
        swapped = [_swap_lane(found, lane) for lane in range(len(found.order))]
        moved = [_sift_lane(found, lane) for lane in range(len(found.order))]
        if not any(swapped) and not any(moved):
            return


def _swap_lane(found: Lanes, lane: int) -> bool:
    order, places = found.order[lane], found.places()
    changed = False
    for at in range(len(order) - 1):
        if _gain(found, lane, at, places) > 1e-9:
            _exchange(order, at, places)
            changed = True
    return changed


def _sift_lane(found: Lanes, lane: int) -> bool:
    """Move each card to the place in its lane where it costs least."""
    order, places = found.order[lane], found.places()
    changed = False
    for card in [slot for slot in order if found.slots[slot].card is not None]:
        start = best = places[card]
        most = gain = 0.0
        for at in range(start - 1, -1, -1):
            gain += _gain(found, lane, at, places)
            _exchange(order, at, places)
            if gain > most + 1e-9:
                best, most = at, gain
        for at in range(len(order) - 1):
            gain += _gain(found, lane, at, places)
            _exchange(order, at, places)
            if gain > most + 1e-9:
                best, most = at + 1, gain
        for at in range(len(order) - 2, best - 1, -1):
            _exchange(order, at, places)
        changed |= best != start
    return changed


def _exchange(order: list[int], at: int, places: dict[int, int]) -> None:
    """Let the slot at a place and the one below it change places."""
    order[at], order[at + 1] = order[at + 1], order[at]
    places[order[at]], places[order[at + 1]] = at, at + 1


def _gain(found: Lanes, lane: int, at: int, places: dict[int, int]) -> float:
    """Return by how much the cost falls when the slot at a place and the one below it change places."""
    upper, lower = found.order[lane][at : at + 2]
    gain = _crossings(found, upper, lower, places) - _crossings(found, lower, upper, places)
    cards = found.slots[upper].card is not None and found.slots[lower].card is not None
    if cards and found.inside[lane]:
        now = _lane_cost(found, lane, places)
        places[upper], places[lower] = at + 1, at
        gain += now - _lane_cost(found, lane, places)
        places[upper], places[lower] = at, at + 1
    return gain


def _crossings(found: Lanes, upper: int, lower: int, places: dict[int, int]) -> float:
    """Return the cost of crossings between the links of two neighbours when `upper` stands above `lower`."""
    far: tuple[tuple[dict[int, list[Link]], Callable[[Link], int]], ...] = (
        (found.before, lambda link: link.source),
        (found.after, lambda link: link.target),
    )
    return sum(
        min(one.weight, other.weight)
        for links, end in far
        for one in links[upper]
        for other in links[lower]
        if places[end(one)] > places[end(other)]
    )


def _lane_cost(found: Lanes, lane: int, places: dict[int, int]) -> float:
    links = found.inside[lane]
    if not links:
        return 0.0
    cards = sorted((slot for slot in found.order[lane] if found.slots[slot].card is not None), key=places.__getitem__)
    rank = {slot: place for place, slot in enumerate(cards)}
    total = 0.0
    for link in links:
        distance = rank[link.target] - rank[link.source]
        total += link.weight * ((UPWARD if distance < 0 else 0.0) + APART * (abs(distance) - 1))
    return total
