"""Where everything on a journey map stands: a pure function from `MapData` to places, without a word of SVG.

Lanes are stages. Cards keep clear of each other and of the paths that pass them; one linear scale serves lines and
arrows.
"""

from __future__ import annotations

from collections.abc import Sequence

from sojourn._core import InvalidInput

from . import words
from .cards import Face, Measures, face, fitting, measures
from .fold import MOST, FoldedCustomers, fold
from .heights import Extent, heights
from .legend import entries
from .legend import placed as place_legend
from .model import MapData, MapEdge
from .numbers import MINUS, count, counted, short_count, signed, tight
from .order import Lanes, lanes
from .placed import Arrow, Bar, Card, Kind, Lane, Layout, Words
from .routes import LEAST, Box, Gutters, Role, Route, Track, gutters, ports, rails, route
from .select import SHARE, coverage, drawn
from .text import clean, width, wrap

_KINDS: tuple[Kind, ...] = ("new", "left")
MARGIN = 20.0
LEAST_WIDTH = 780.0
_STACK, _ARROW, _ZONE, _THICKEST, _GUTTER = 0.8, 0.36, 0.3, 42.0, 48.0
_WIDEST_GAP, _WIDEST_POSTER_GAP = 90.0, 150.0
_BARS = 110.0
PALE_GAP = 6.0


def layout(
    data: MapData,
    *,
    value: bool = False,
    poster: bool = False,
    most: int = MOST,
    ranked: Sequence[str] | None = None,
    folded_customers: FoldedCustomers | None = None,
    share: float = SHARE,
) -> Layout:
    """Place a journey map.

    Parameters
    ----------
    data
        What to show.
    value
        Widths are the value of the customers that moved, not their number.
    poster
        Show every moment, on compact cards, however many there are.
    most, ranked, folded_customers
        How many moments keep a card of their own, which come first, and the distinct customers of those folded: see
        `fold`.
    share
        How much of the customers (and of their value) the drawn paths cover at least.

    Raises
    ------
    InvalidInput
        With `value=True` when no path has a value.
    """
    if value and data.nodes and not data.has_value:
        raise InvalidInput("value=True: no path of the graph has customers_value; give the event log a value column")
    shown = data if poster else fold(data, most, ranked, folded_customers)
    chosen = drawn(shown.edges, share)
    return _Plan(data, shown, chosen, value, measures(len(shown.stages), poster and len(data.nodes) > most)).finish()


class _Plan:
    """The steps from data to places; each reads what those before it have set."""

    def __init__(
        self, data: MapData, shown: MapData, chosen: tuple[MapEdge, ...], value: bool, sizes: Measures
    ) -> None:
        self.data, self.shown, self.chosen, self.value, self.sizes = data, shown, chosen, value, sizes
        self.nodes = shown.nodes
        self.lane_of = [[key for key, _ in shown.stages].index(node.stage) for node in self.nodes]
        self.entered = [self._amount(node.entered, node.entered_value) for node in self.nodes]
        self.left = [self._amount(node.left, node.left_value) for node in self.nodes]
        self.faces: list[Face] = [face(node, data, sizes, value) for node in self.nodes]
        self.found, self.tracks = self._ordered()
        self.place = self._places()
        self.neighbours = self._straightened()
        self.scale = self._scale()
        self.gutters, self.gap = self._gutters()
        self.middles = self._middles()

    def _amount(self, customers: int, worth: float | None) -> float:
        return max(worth or 0.0, 0.0) if self.value else float(customers)

    def _ordered(self) -> tuple[Lanes, list[Track]]:
        index = {node.id: at for at, node in enumerate(self.nodes)}
        tracks: list[Track] = []
        for edge in self.chosen:
            source, target = index[edge.source], index[edge.target]
            ahead = self.lane_of[target] - self.lane_of[source]
            role: Role = "forward" if ahead > 0 else "back" if ahead < 0 else "down"
            tracks.append(Track(edge, source, target, role, self._amount(edge.customers, edge.customers_value)))
        tracks.sort(key=lambda track: (track.role == "back", -track.weight, track.source, track.target))
        onward = [track for track in tracks if track.role != "back"]
        paths = [(track.source, track.target, track.weight) for track in onward]
        found = lanes(self.lane_of, paths, len(self.shown.stages))
        for number, slot in enumerate(found.slots):
            if slot.path is not None:
                onward[slot.path].via.append(number)
        return found, tracks

    def _places(self) -> list[int]:
        """Return every card's place among the cards of its lane."""
        place = [0] * len(self.nodes)
        for lane in self.found.order:
            for at, slot in enumerate(slot for slot in lane if slot < len(self.nodes)):
                place[slot] = at
        return place

    def _straightened(self) -> dict[tuple[int, int], list[Track]]:
        """Settle how paths within a lane run; return those between neighbours, by (upper card, lower card)."""
        neighbours: dict[tuple[int, int], list[Track]] = {}
        for track in self.tracks:
            if track.role != "down":
                continue
            distance = self.place[track.target] - self.place[track.source]
            if abs(distance) == 1:
                track.role = "down" if distance > 0 else "up"
                pair = (track.source, track.target) if distance > 0 else (track.target, track.source)
                neighbours.setdefault(pair, []).append(track)
            else:
                track.role = "down past" if distance > 0 else "up past"
        return neighbours

    def _scale(self) -> float:
        """Return pixels per customer: the largest that keeps every stack of paths, arrow and line within its room."""
        card = self.sizes.card
        limits: list[tuple[float, float]] = [(_THICKEST, track.weight) for track in self.tracks]
        limits += [(_ARROW * card, amount) for amount in (*self.entered, *self.left)]
        limits += [(_ZONE * card, sum(t.weight for t in pair)) for pair in self.neighbours.values()]
        limits += [self._beside(kind, at) for kind in _KINDS for at in range(len(self.nodes))]
        for at, made in enumerate(self.faces):
            out = sum(t.weight for t in self.tracks if t.source == at and t.role in ("forward", "back", "down past"))
            out += sum(t.weight for t in self.tracks if t.target == at and t.role == "down past")
            into = sum(t.weight for t in self.tracks if t.target == at and t.role in ("forward", "back", "up past"))
            into += sum(t.weight for t in self.tracks if t.source == at and t.role == "up past")
            limits += [(_STACK * made.height, out), (_STACK * made.height, into)]
        limits += [(_GUTTER, self._in_gutter(lane)) for lane in range(len(self.shown.stages))]
        return min((room / amount for room, amount in limits if amount > 0), default=0.0)

    def _in_gutter(self, lane: int) -> float:
        """Return the amounts that run up or down between a lane and the next."""
        right = [t for t in self.tracks if t.role in ("back", "down past") and self.lane_of[t.source] == lane]
        left = [t for t in self.tracks if t.role in ("back", "up past") and self.lane_of[t.target] == lane + 1]
        return sum(t.weight for t in (*right, *left))

    def _beside(self, kind: Kind, at: int) -> tuple[float, float]:
        """Return the room that an arrow and the lines straight up or down beside its label share, and their amounts."""
        amount = (self.entered if kind == "new" else self.left)[at]
        straight = self._straight(kind, at)
        label = width(self._change(amount), self.sizes.label_size, bold=True)
        room = self.sizes.card - 44 - label - (14 + 8 * len(straight) if straight else 0)
        return max(room, 0.08 * self.sizes.card), amount + sum(track.weight for track in straight) if amount else 0.0

    def _straight(self, kind: Kind, at: int) -> list[Track]:
        """Return the straight paths above a card (beside its new customers), or below it (beside those who left)."""
        end = 1 if kind == "new" else 0
        return [track for pair, tracks in self.neighbours.items() if pair[end] == at for track in tracks]

    def thick(self, amount: float) -> float:
        """Return how wide an amount is drawn."""
        return max(self.scale * amount, LEAST)

    def _gutters(self) -> tuple[Gutters, float]:
        for track in self.tracks:
            track.width = self.thick(track.weight)
        beside = gutters(self.tracks, self.lane_of, self.place, len(self.shown.stages))
        needs = [right + left + 12 for right, left in zip(beside.right, beside.left[1:], strict=False)]
        gap = max([self.sizes.gap, *needs])
        widest = _WIDEST_POSTER_GAP if self.sizes.compact else _WIDEST_GAP
        if gap > widest:
            narrower = (widest - 12) / (gap - 12)
            for track in self.tracks:
                track.out_x, track.in_x = track.out_x * narrower, track.in_x * narrower
            beside = Gutters([x * narrower for x in beside.right], [x * narrower for x in beside.left])
            gap = widest
        return beside, gap

    def _middles(self) -> list[float]:
        extents: list[Extent] = []
        for number, slot in enumerate(self.found.slots):
            if slot.path is None:
                node = self.nodes[number]
                over = self.sizes.arrow + 3 if node.entered else 0.0
                under = self.sizes.arrow + 5 if node.left else 0.0
                extents.append(Extent(self.faces[number].height / 2, over, under, card=True))
            else:
                onward = [track for track in self.tracks if track.role != "back"]
                extents.append(Extent(onward[slot.path].width / 2))
        self.extents = extents
        return heights(self.found, extents, self.sizes.apart)

    # --- from here on everything has a place ---

    def finish(self) -> Layout:
        """Return the map with everything placed."""
        lane_count = len(self.shown.stages)
        left_more = max([self.gutters.left[0] - self.gap / 2 + 6, 0.0]) if lane_count else 0.0
        right_more = max([self.gutters.right[-1] - self.gap / 2 + 6, 0.0]) if lane_count else 0.0
        body = LEAST_WIDTH - 2 * MARGIN - left_more - right_more
        pitch = max(self.sizes.card + self.gap, body / max(lane_count, 1))
        full = 2 * MARGIN + left_more + right_more + pitch * max(lane_count, 1)
        title = self._lines(words.title(self.data, self.value), 20.0, full, True, 34.0, 25.0, 2)
        y = title[-1].y + 22
        caption = self._lines(words.caption(self.data, self.value), 13.0, full, False, y, 18.0, 3)
        top = (caption[-1].y if caption else title[-1].y) + 16
        if not self.nodes:
            return self._empty(title, top, full)
        return self._full(title, caption, top, full, MARGIN + left_more, pitch)

    def _lines(
        self, text: str, size: float, full: float, bold: bool, y: float, step: float, most: int
    ) -> tuple[Words, ...]:
        if not text:
            return ()
        lines = wrap(text, full - 2 * MARGIN, size, bold, most)
        return tuple(Words(MARGIN, y + at * step, line, size, bold) for at, line in enumerate(lines))

    def _empty(self, title: tuple[Words, ...], top: float, full: float) -> Layout:
        lines = tuple(Words(MARGIN, top + 12 + 20 * at, text, 13.0) for at, text in enumerate(words.nothing()))
        cover = coverage((), ())
        return Layout(
            data=self.data,
            shown=self.shown,
            width=full,
            height=lines[-1].y + 24,
            title=title,
            caption=lines,
            coverage=cover,
            value=self.value,
            sizes=self.sizes,
        )

    def _full(
        self, title: tuple[Words, ...], caption: tuple[Words, ...], top: float, full: float, start: float, pitch: float
    ) -> Layout:
        heads = [self._stage(name, start + pitch * (at + 0.5), pitch, top) for at, (_, name) in self._numbered()]
        ground = top + 24 + 18 * max(map(len, heads)) + 4
        card_x = [start + pitch * (at + 0.5) - self.sizes.card / 2 for at in range(len(heads))]
        self.middles = [ground + y for y in self.middles]
        boxes = [
            Box(card_x[lane], self.middles[at] - self.faces[at].height / 2, self.sizes.card, self.faces[at].height)
            for at, lane in enumerate(self.lane_of)
        ]
        ports(self.tracks, boxes, self.place, self.lane_of, self.middles)
        low = rails(self.tracks, self.lane_of, self._bottoms(ground))
        routes = self._routes(boxes, card_x)
        bars = bool(sum(self.entered) or sum(self.left))
        axis = low + 30 + _BARS * self._rise() if bars else None
        foot = axis + _BARS * (1 - self._rise()) + 30 if axis is not None else low + 16
        lanes_ = tuple(
            Lane(
                Box(start + pitch * at + PALE_GAP / 2, top, pitch - PALE_GAP, foot - top),
                names,
                self._bar(at, start + pitch * at, pitch, axis or 0.0),
            )
            for at, names in enumerate(heads)
        )
        marks = entries(self.nodes, self.faces, (track.role for track in self.tracks), self.data)
        legend = place_legend(marks, MARGIN, full - MARGIN, foot + 24)
        y = legend[-1][1].y + 22 if legend else foot + 24
        notes = self._notes(y, full)
        cards = tuple(
            Card(node, box, made.rows, words.about_node(node, self.data))
            for node, box, made in zip(self.nodes, boxes, self.faces, strict=True)
        )
        bottom = notes[-1].y if notes else y - 18
        return Layout(
            data=self.data,
            shown=self.shown,
            width=full,
            height=bottom + 16,
            title=title,
            caption=caption,
            coverage=coverage(self.shown.edges, self.chosen),
            value=self.value,
            sizes=self.sizes,
            notes=notes,
            lanes=lanes_,
            cards=cards,
            routes=routes,
            arrows=self._arrows(boxes),
            axis=axis,
            legend=legend,
            scale=self.scale,
        )

    def _numbered(self) -> list[tuple[int, tuple[str, str]]]:
        return list(enumerate(self.shown.stages))

    def _stage(self, name: str, middle: float, pitch: float, top: float) -> tuple[Words, ...]:
        size = 14.0
        lines = wrap(clean(name), pitch - 26, size, bold=True, lines=2)
        return tuple(Words(middle, top + 24 + 18 * at, line, size, True, "middle") for at, line in enumerate(lines))

    def _bottoms(self, ground: float) -> list[float]:
        bottoms = [ground] * len(self.shown.stages)
        for slot, middle, extent in zip(self.found.slots, self.middles, self.extents, strict=True):
            bottoms[slot.lane] = max(bottoms[slot.lane], middle + extent.below + 16)
        for track in self.tracks:
            bottoms[self.lane_of[track.source]] = max(bottoms[self.lane_of[track.source]], track.out_y + 16)
        return bottoms

    def _routes(self, boxes: Sequence[Box], card_x: Sequence[float]) -> tuple[Route, ...]:
        places = [
            (card_x[slot.lane], card_x[slot.lane] + self.sizes.card, middle)
            for slot, middle in zip(self.found.slots, self.middles, strict=True)
        ]
        zones: dict[int, float] = {}
        for pair in self.neighbours.values():
            used = 14.0
            for track in sorted(pair, key=lambda track: track.role):
                zones[id(track)] = used + track.width / 2
                used += track.width + 8
        order = sorted(self.tracks, key=lambda track: (track.role != "back", -track.weight))
        return tuple(route(track, boxes, places, zones.get(id(track), 0.0)) for track in order)

    # --- arrows and bars ---

    def _worst(self) -> int | None:
        most = max(self.left, default=0.0)
        return self.left.index(most) if most > 0 else None

    def _change(self, amount: float) -> str:
        """Write a signed amount for a label."""
        if self.value:
            text = words.amount(abs(amount), self.data)
            return f"{'+' if amount > 0 else MINUS}{text}"
        number = int(amount)
        return signed(number) if abs(number) < 1_000_000 else f"{'+' if number > 0 else ''}{short_count(number)}"

    def _label(self, amount: float, what: str, room: float, size: float) -> str:
        """Write a signed amount in the longest way that has room: letters never shrink, the tooltip has the figure."""
        change, sign = self._change(amount), "+" if amount > 0 else MINUS
        texts = (f"{change} {what}", change, f"{sign}{tight(abs(amount))}")
        return fitting(texts, room, size, bold=True)

    def _arrows(self, boxes: Sequence[Box]) -> tuple[Arrow, ...]:
        worst = self._worst()
        arrows: list[Arrow] = []
        for at, (node, box) in enumerate(zip(self.nodes, boxes, strict=True)):
            if node.entered:
                arrows.append(self._arrow("new", at, box, False))
            if node.left:
                arrows.append(self._arrow("left", at, box, at == worst))
        return tuple(arrows)

    def _arrow(self, kind: Kind, at: int, box: Box, worst: bool) -> Arrow:
        amount = self.entered[at] if kind == "new" else -self.left[at]
        thick = self.thick(abs(amount))
        x = box.x + 10 + max(thick / 2 + 4, 5.0)
        top = box.y - self.sizes.arrow - 1 if kind == "new" else box.bottom + 1
        size = self.sizes.label_size
        start = x + max(thick / 2 + 4, 5.0) + (9 if worst else 4)
        straight = self._straight(kind, at)
        taken = sum(track.width + 8 for track in straight) + 14 if straight else 0.0
        room = box.right - start - taken - (5 if worst else 0)
        text = self._label(amount, words.started(self.data) if kind == "new" else kind, room, size)
        y = (top - 2 if kind == "new" else top + 2) + self.sizes.arrow / 2 + size * 0.36
        label = Words(start, y, text, size, True)
        node = self.nodes[at]
        name = words.short(node.name)
        begins = "were seen first at" if self.data.history else "started at"
        what = begins if kind == "new" else "left after"
        number = counted(node.entered if kind == "new" else node.left, words.who(self.data))
        about = f"{number} {what} {name}"
        worth = node.entered_value if kind == "new" else node.left_value
        if worth is not None:
            about += f", worth {words.amount(worth, self.data)}"
        return Arrow(kind, x, top, top + self.sizes.arrow, thick, label, worst, about)

    def _lane_sums(self) -> tuple[list[float], list[float]]:
        entered = [0.0] * len(self.shown.stages)
        left = [0.0] * len(self.shown.stages)
        for at, lane in enumerate(self.lane_of):
            entered[lane] += self.entered[at]
            left[lane] += self.left[at]
        return entered, left

    def _rise(self) -> float:
        """Return which part of the bars' height lies above the axis."""
        entered, left = (max(sums) for sums in self._lane_sums())
        return entered / (entered + left) if entered + left else 0.0

    def _bar(self, lane: int, x: float, pitch: float, axis: float) -> Bar:
        entered, left = self._lane_sums()
        unit = _BARS / ((max(entered) + max(left)) or 1.0)
        up, down = entered[lane] * unit, left[lane] * unit
        middle = x + pitch / 2
        worst = left[lane] > 0 and left.index(max(left)) == lane
        above = self._bar_label(entered[lane], words.started(self.data), middle, axis - up - 6, pitch, 12.0)
        size = 14.0 if worst else 12.0
        below = self._bar_label(-left[lane], "left", middle, axis + down + size + 3, pitch, size)
        name = words.short(self.shown.stages[lane][1])
        number = [self.nodes[at] for at, place in enumerate(self.lane_of) if place == lane]
        begun = "were seen first" if self.data.history else "started"
        about = (
            f"{name}: {count(sum(node.entered for node in number))} {words.who(self.data)} {begun} here, "
            f"{count(sum(node.left for node in number))} left"
        )
        return Bar(x + pitch * 0.2, pitch * 0.6, up, down, above, below, worst, about)

    def _bar_label(self, amount: float, what: str, x: float, y: float, pitch: float, size: float) -> Words | None:
        if not amount:
            return None
        text = self._label(amount, what, pitch - 12, size)
        return Words(x, y, text, size, True, "middle")

    def _notes(self, y: float, full: float) -> tuple[Words, ...]:
        cover = coverage(self.shown.edges, self.chosen)
        text = " ".join(words.footnote(self.data, self.shown, cover, self.value))
        return self._lines(text, 12.0, full, False, y, 16.0, 8)
