"""How paths run between cards: which side they leave by, at which height, and along which rail they go back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .model import MapEdge

Role = Literal["forward", "back", "down", "up", "down past", "up past"]
Point = tuple[float, float]
LEAST = 1.1
_RAIL_GAP, _TRACK_GAP, _TRACK_START = 9.0, 3.0, 15.0


@dataclass(frozen=True, slots=True)
class Box:
    """A card's place."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Head:
    """An arrow head: its tip, the way it points as a unit vector, its length and half its breadth."""

    tip: Point
    towards: Point
    length: float
    half: float


@dataclass(frozen=True, slots=True)
class Route:
    """A drawn path.

    Each step has one point (a straight line), two (a corner) or three (a curve), as in SVG's L, Q and C.
    """

    edge: MapEdge
    source: int
    target: int
    role: Role
    width: float
    start: Point
    steps: tuple[tuple[Point, ...], ...]
    head: Head

    def points(self) -> list[Point]:
        """Return every point the route mentions."""
        return [self.start, *(point for step in self.steps for point in step), self.head.tip]


@dataclass(slots=True)
class Track:
    """A path before it is placed."""

    edge: MapEdge
    source: int
    target: int
    role: Role
    weight: float
    width: float = 0.0
    via: list[int] = field(default_factory=list)
    out_x: float = 0.0
    in_x: float = 0.0
    out_y: float = 0.0
    in_y: float = 0.0
    rail: float = 0.0


Order = Callable[[Track], tuple[float, ...]]


def head_for(tip: Point, towards: Point, width: float) -> Head:
    """Return the head of a path of some width."""
    return Head(tip, towards, 5.0 + min(width * 0.22, 6.0), max(width / 2 + 2.2, 3.2))


@dataclass(slots=True)
class Gutters:
    """How far beside the cards of each lane the paths run that go down or up there, and the room that needs."""

    right: list[float]
    left: list[float]


def gutters(tracks: Sequence[Track], lane_of: Sequence[int], place: Sequence[int], lane_count: int) -> Gutters:
    """Give every way back, and every path that passes a card of its own lane, a track of its own beside the lane.

    Sets `out_x` and `in_x` of the tracks as distances from the card's edge.
    """
    found = Gutters([0.0] * lane_count, [0.0] * lane_count)
    for lane in range(lane_count):
        leaving = [t for t in tracks if t.role == "back" and lane_of[t.source] == lane]
        arriving = [t for t in tracks if t.role == "back" and lane_of[t.target] == lane]
        down = [t for t in tracks if t.role == "down past" and lane_of[t.source] == lane]
        up = [t for t in tracks if t.role == "up past" and lane_of[t.source] == lane]
        span: Order = lambda t: (abs(place[t.source] - place[t.target]), place[t.source], place[t.target])  # noqa: E731
        drops: Order = lambda t: (-place[t.source], -lane_of[t.target], -place[t.target])  # noqa: E731
        risers: Order = lambda t: (-place[t.target], *_from(t, lane_of, place))  # noqa: E731
        found.right[lane] = _beside([*sorted(down, key=span), *sorted(leaving, key=drops)], out=True)
        found.left[lane] = _beside([*sorted(up, key=span), *sorted(arriving, key=risers)], out=False)
    return found


def _from(track: Track, lane_of: Sequence[int], place: Sequence[int]) -> tuple[float, ...]:
    """Return the order in which ways back to one moment lie: the nearest drop first."""
    return lane_of[track.source], -place[track.source]


def _beside(tracks: Iterable[Track], out: bool) -> float:
    used = 0.0
    for track in tracks:
        used = (used + _TRACK_GAP) if used else _TRACK_START
        middle = used + track.width / 2
        if out:
            track.out_x = middle
        if not out or track.role == "down past":
            track.in_x = middle
        if track.role == "up past":
            track.out_x = middle
        used += track.width
    return used


def ports(
    tracks: Sequence[Track],
    boxes: Sequence[Box],
    place: Sequence[int],
    lane_of: Sequence[int],
    middles: Sequence[float],
) -> None:
    """Set `out_y` and `in_y`: paths leave to the right and come in from the left, by the height of their other end."""
    right: dict[int, list[tuple[tuple[float, ...], Track, bool]]] = defaultdict(list)
    left: dict[int, list[tuple[tuple[float, ...], Track, bool]]] = defaultdict(list)
    for t in tracks:
        if t.role == "forward":
            far = [*t.via, t.target]
            near = [*reversed(t.via), t.source]
            right[t.source].append(((1, *(middles[slot] for slot in far)), t, True))
            left[t.target].append(((1, *(middles[slot] for slot in near)), t, False))
        elif t.role == "back":
            right[t.source].append(((2, -t.out_x), t, True))
            left[t.target].append(((2, -t.in_x), t, False))
        elif t.role == "down past":
            right[t.source].append(((3, -t.out_x), t, True))
            right[t.target].append(((0, t.out_x), t, False))
        elif t.role == "up past":
            left[t.source].append(((0, t.out_x), t, True))
            left[t.target].append(((3, -t.out_x), t, False))
    for side in (right, left):
        for card, stack in side.items():
            _stack(sorted(stack, key=lambda port: (port[0], port[1].source, port[1].target)), boxes[card])


def _stack(stack: Sequence[tuple[tuple[float, ...], Track, bool]], box: Box) -> None:
    widths = sum(track.width for _, track, _ in stack)
    room = box.height - 12
    gap = min(5.0, max(room - widths, 0.0) / max(len(stack) - 1, 1))
    total = widths + gap * (len(stack) - 1)
    squeeze = min(1.0, room / total) if total else 1.0
    y = box.y + (box.height - total * squeeze) / 2
    for _, track, out in stack:
        middle = y + track.width * squeeze / 2
        if out:
            track.out_y = middle
        else:
            track.in_y = middle
        y += (track.width + gap) * squeeze


def rails(tracks: Sequence[Track], lane_of: Sequence[int], bottoms: Sequence[float]) -> float:
    """Set `rail` of the ways back and return the lowest line they reach.

    The ways back to one moment run side by side; the shortest such bundle runs nearest below the cards it passes.
    """
    bundles: dict[int, list[Track]] = defaultdict(list)
    for track in tracks:
        if track.role == "back":
            bundles[track.target].append(track)
    free = list(bottoms)

    def span(card: int) -> tuple[int, int]:
        last = max(lane_of[track.source] for track in bundles[card])
        return last - lane_of[card], card

    for card in sorted(bundles, key=span):
        lanes = range(lane_of[card], max(lane_of[track.source] for track in bundles[card]) + 1)
        y = max(free[lane] for lane in lanes)
        for track in sorted(bundles[card], key=lambda t: t.in_x):
            track.rail = y + track.width / 2
            y += track.width + 1.0
        for lane in lanes:
            free[lane] = y + _RAIL_GAP
    return max((*free, *bottoms), default=0.0)


def route(track: Track, boxes: Sequence[Box], slot_boxes: Sequence[tuple[float, float, float]], zone: float) -> Route:
    """Return the drawn course of a path.

    Parameters
    ----------
    track
        The path, with its ports and tracks set.
    boxes
        The cards.
    slot_boxes
        (left, right, middle) of every slot.
    zone
        For a path straight up or down: how far from the card's right edge it runs.
    """
    source, target = boxes[track.source], boxes[track.target]
    if track.role == "forward":
        return _forward(track, source, target, [slot_boxes[slot] for slot in track.via])
    if track.role in ("down", "up"):
        return _straight(track, source, target, zone)
    return _round(track, source, target)


def _forward(track: Track, source: Box, target: Box, via: Sequence[tuple[float, float, float]]) -> Route:
    head = head_for((target.x, track.in_y), (1.0, 0.0), track.width)
    at: Point = (source.right, track.out_y)
    steps: list[tuple[Point, ...]] = []
    for left, right, y in via:
        steps += [_curve(at, (left, y)), ((right, y),)]
        at = (right, y)
    steps += [_curve(at, (target.x - head.length, track.in_y)), ((target.x - head.length + 0.5, track.in_y),)]
    return _made(track, (source.right, track.out_y), steps, head)


def _curve(start: Point, end: Point) -> tuple[Point, ...]:
    middle = (start[0] + end[0]) / 2
    return (middle, start[1]), (middle, end[1]), end


def _straight(track: Track, source: Box, target: Box, zone: float) -> Route:
    x = source.right - zone
    down = track.role == "down"
    start, tip = ((x, source.bottom), (x, target.y)) if down else ((x, source.y), (x, target.bottom))
    head = head_for(tip, (0.0, 1.0 if down else -1.0), track.width)
    end = (x, tip[1] - (head.length - 0.5) * head.towards[1])
    return _made(track, start, [(end,)], head)


def _round(track: Track, source: Box, target: Box) -> Route:
    """Return a course with corners: beside the lane, or down to a rail and back."""
    if track.role == "up past":
        x = source.x - track.out_x
        head = head_for((target.x, track.in_y), (1.0, 0.0), track.width)
        corners = [(source.x, track.out_y), (x, track.out_y), (x, track.in_y)]
    elif track.role == "down past":
        x = source.right + track.out_x
        head = head_for((target.right, track.in_y), (-1.0, 0.0), track.width)
        corners = [(source.right, track.out_y), (x, track.out_y), (x, track.in_y)]
    else:
        down, up = source.right + track.out_x, target.x - track.in_x
        head = head_for((target.x, track.in_y), (1.0, 0.0), track.width)
        corners = [(source.right, track.out_y), (down, track.out_y), (down, track.rail), (up, track.rail)]
        corners.append((up, track.in_y))
    end = (head.tip[0] - (head.length - 0.5) * head.towards[0], track.in_y)
    return _made(track, corners[0], _rounded([*corners, end], 8.0 + track.width / 2), head)


def _rounded(points: Sequence[Point], radius: float) -> list[tuple[Point, ...]]:
    """Return the steps of a polyline along the axes with round corners."""
    steps: list[tuple[Point, ...]] = []
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, onward = _way(before, corner), _way(corner, after)
        first = 1.0 if before == points[0] else 0.5
        last = 1.0 if after == points[-1] else 0.5
        r = min(radius, into[2] * first, onward[2] * last)
        steps.append(((corner[0] - into[0] * r, corner[1] - into[1] * r),))
        steps.append((corner, (corner[0] + onward[0] * r, corner[1] + onward[1] * r)))
    steps.append((points[-1],))
    return steps


def _way(start: Point, end: Point) -> tuple[float, float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = abs(dx) + abs(dy)
    return (dx / length, dy / length, length) if length else (0.0, 0.0, 0.0)


def _made(track: Track, start: Point, steps: Sequence[tuple[Point, ...]], head: Head) -> Route:
    return Route(track.edge, track.source, track.target, track.role, track.width, start, tuple(steps), head)
