"""How high each slot of a lane stands: near what it is joined to, never over its neighbour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from .order import Lanes

ROUNDS = 60
_WITHIN = 0.25


@dataclass(frozen=True, slots=True)
class Extent:
    """Half a slot's height, what its arrows take over and under it, and whether it is a card."""

    half: float
    over: float = 0.0
    under: float = 0.0
    card: bool = False

    @property
    def above(self) -> float:
        """What it takes up above its middle."""
        return self.half + self.over

    @property
    def below(self) -> float:
        """What it takes up below its middle."""
        return self.half + self.under


def heights(found: Lanes, extents: Sequence[Extent], apart: float) -> list[float]:
    """Return the middle of every slot; the tallest lane begins at 0.

    Every round moves a slot half way to the weighted mean of what it is joined to, then puts the lane back in order
    with the least squared change (pool adjacent violators), within the height of the tallest lane.
    """
    offsets = [_offsets(lane, extents, apart) for lane in found.order]
    needed = [
        lane_offsets[-1] + extents[lane[-1]].below if lane else 0.0
        for lane, lane_offsets in zip(found.order, offsets, strict=True)
    ]
    room = max(needed, default=0.0) + (36.0 if len(found.order) > 1 else 0.0)
    middles = [0.0] * len(found.slots)
    for lane, lane_offsets, need in zip(found.order, offsets, needed, strict=True):
        for slot, offset in zip(lane, lane_offsets, strict=True):
            middles[slot] = offset + (room - need) / 2
    near = _near(found)
    weight = [sum(w for _, w in near[slot]) or 1e-6 for slot in range(len(found.slots))]
    for _ in range(ROUNDS):
        wishes = [_wish(slot, middles, near[slot]) for slot in range(len(middles))]
        for lane, lane_offsets, need in zip(found.order, offsets, needed, strict=True):
            free = [wishes[slot] - offset for slot, offset in zip(lane, lane_offsets, strict=True)]
            for slot, offset, z in zip(lane, lane_offsets, _rising(free, [weight[s] for s in lane]), strict=True):
                middles[slot] = offset + min(max(z, 0.0), room - need)
    return middles


def _offsets(lane: Sequence[int], extents: Sequence[Extent], apart: float) -> list[float]:
    """Return the least distance of every slot's middle from the top of its lane."""
    offsets: list[float] = []
    for place, slot in enumerate(lane):
        here = extents[slot]
        if not place:
            offsets.append(here.above)
            continue
        offsets.append(offsets[-1] + _between(extents[lane[place - 1]], here, apart))
    return offsets


def _between(upper: Extent, lower: Extent, apart: float) -> float:
    gap = 12.0
    if not upper.card and not lower.card:
        gap = 5.0
    elif upper.card and lower.card:
        gap = max(apart - upper.under - lower.over, 12.0)
    return upper.below + gap + lower.above


def _near(found: Lanes) -> dict[int, list[tuple[int, float]]]:
    near: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for link in found.across:
        near[link.source].append((link.target, link.weight))
        near[link.target].append((link.source, link.weight))
    for link in found.within:
        near[link.source].append((link.target, _WITHIN * link.weight))
        near[link.target].append((link.source, _WITHIN * link.weight))
    return near


def _wish(slot: int, middles: Sequence[float], near: Sequence[tuple[int, float]]) -> float:
    total = sum(weight for _, weight in near)
    if not total:
        return middles[slot]
    return 0.5 * middles[slot] + 0.5 * sum(middles[end] * weight for end, weight in near) / total


def _rising(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Return the non-decreasing sequence nearest to `wishes` in weighted squares."""
    blocks: list[tuple[float, float, int]] = []
    for wish, weight in zip(wishes, weights, strict=True):
        mean, mass, size = wish, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, other_mass, other_size = blocks.pop()
            mean = (mean * mass + other * other_mass) / (mass + other_mass)
            mass, size = mass + other_mass, size + other_size
        blocks.append((mean, mass, size))
    return [mean for mean, _, size in blocks for _ in range(size)]
