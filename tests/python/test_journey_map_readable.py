"""Can the map be read: measured on the picture itself, for any journey of 1 to 40 moments."""

from __future__ import annotations

import itertools
import random
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from many import many
from sojourn.journey_map import JourneyMap, Layout, MapData, from_tables, layout, paint, resolve, text
from sojourn.journey_map.numbers import tight

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "a ]]> b --> </style> {{ 7 * 7 }} <img src=x onerror=alert(1)>",
    "\u202eright to left\u200f \u05e9\u05dc\u05d5\u05dd\u2067",
    "W" * 200,
    "two words " * 20,
    '=HYPERLINK("http://x")',
    "@SUM(A1)",
    "+1-2",
    "\u65e5\u672c\u8a9e\u306e\u9577\u3044\u540d\u524d" * 9,
    "Z" + "\u0301" * 300 + "algo",
    "",
)
lasting = settings(deadline=None, max_examples=many(50), suppress_health_check=[HealthCheck.too_slow])


def journey(count: int, lanes: int, largest: int, seed: int) -> MapData:
    """Return some journey with KPIs, scores, outcomes and value; numbers of customers are 0 to `largest`."""
    chance = random.Random(seed)
    pick = chance.choice

    def some() -> int:
        return pick([0, 1, largest, chance.randint(0, largest)])

    def name() -> str:
        return pick([*HOSTILE, "Mid-term change", "Tenth anniversary or five claim-free years", "Bind"])

    nodes: list[dict[str, Any]] = [
        {
            "node": f"m{at}",
            "name": name(),
            "stage": f"s{chance.randrange(lanes)}",
            "visits": 3 * largest,
            "customers": some(),
            "value": pick([None, 0.0, 12.5, 1e6, 3.3e11]),
        }
        for at in range(count)
    ]
    ends = [f"o{at}" for at in range(pick([0, 1, 4]))]
    nodes += [{"node": end, "kind": "outcome", "name": name()} for end in ends]
    worth = pick([None, 12.5, -3.0, 9e4])
    density = pick([0.5, 2.0, 6.0]) / count
    moves = [
        ("START" if source < 0 else f"m{source}", f"m{target}")
        for source in range(-1, count)
        for target in range(count)
        if chance.random() < density
    ]
    moves += [(f"m{at}", end) for end in ends for at in range(count) if chance.random() < 0.5]
    edges: list[dict[str, Any]] = []
    for source, target in moves:
        customers = some()
        row = {"source": source, "target": target, "count": customers + 1, "customers": customers, "mean_gap": 3600.0}
        edges.append({**row, "customers_value": None if worth is None else worth * customers})
    states = [None, "open", "kept", "broken", "warning", "differentiating"]
    kpis = [
        {"moment": f"m{at}", "kpi": "k", "due": largest, "met": 0, "target": pick([None, 0.85]), "state": pick(states)}
        for at in range(0, count, 2)
    ]
    voices = [
        {"moment": f"m{at}", "score": pick([None, -100.0, 0.0, 71.0]), "voices": some()} for at in range(0, count, 3)
    ]
    return from_tables(
        nodes,
        edges,
        stages=[(f"s{at}", name()) for at in range(lanes)],
        who=pick(["customers", "households of the whole country", "<b>who</b>"]),
        unit=pick(["$", "EUR ", None, "W" * 50]),
        kpis=kpis,
        voices=voices,
    )


journeys = st.builds(
    journey, st.integers(1, 40), st.integers(1, 7), st.sampled_from([1, 50, 10**4, 10**7]), st.integers(0, 10**6)
)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.1)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.1)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def fills(svg: str) -> dict[str, str]:
    """Return the fill of every class of a picture in one theme; ``text`` is the fill of words without a class."""
    sheet = svg[svg.index("<style>") : svg.index("</style>")]
    found = re.findall(r"([\w-]+|text)\{[^{}]*?fill:(#[0-9a-f]{6})", sheet)
    return dict(found)


def check_contrast(svg: str) -> float:
    """Return the least contrast of any words with the last box painted under their beginning."""
    colour = fills(svg)
    boxes: list[tuple[float, float, float, float, str]] = []
    least = 21.0
    for element in ElementTree.fromstring(svg).iter():
        name = element.get("class", "")
        if element.tag == f"{SVG}rect" and name in colour:
            x, y, width, height = (float(element.get(key, "0")) for key in ("x", "y", "width", "height"))
            boxes.append((x, y, x + width, y + height, colour[name]))
        if element.tag == f"{SVG}text" and "".join(element.itertext()).strip():
            x, y = float(element.get("x", "0")), float(element.get("y", "0")) - 3
            under = [box for box in boxes if box[0] <= x + 0.1 and x - 0.1 <= box[2] and box[1] <= y <= box[3]]
            least = min(least, contrast(colour.get(name, colour["text"]), under[-1][4]))
    return least


def check_ports(placed: Layout) -> None:
    """Assert that every drawn path starts on an edge of its source's card and ends on one of its target's."""
    for route in placed.routes:
        for at, (x, y) in ((route.source, route.start), (route.target, route.head.tip)):
            box = placed.cards[at].box
            beside = min(abs(x - box.x), abs(x - box.right)) < 0.01 and box.y <= y <= box.bottom
            above = min(abs(y - box.y), abs(y - box.bottom)) < 0.01 and box.x <= x <= box.right
            assert beside or above, (route.edge, route.role)


def check_footnote(picture: JourneyMap) -> None:
    """Assert that the footnote's sums are those of the table, row by row, and drawn + not drawn = all."""
    said = " ".join(line.text for line in picture.layout.notes)
    found = re.search(
        r"([\d,]+) of ([\d,]+) paths drawn: ([\d,]+) of ([\d,]+) moves, .*? the other ([\d,]+) paths? \(([\d,]+) m",
        said,
    )
    cover = picture.layout.coverage
    of_card = {member: c.node.id for c in picture.layout.cards for member in c.node.members or (c.node.id,)}
    between = [row for row in picture.data if of_card[str(row["source"])] != of_card[str(row["target"])]]
    drawn = sum(int(row["count"] or 0) for row in between if row["drawn"])
    rest = sum(int(row["count"] or 0) for row in between if not row["drawn"])
    assert (drawn, drawn + rest) == (cover.moves, cover.all_moves)
    assert not any(row["drawn"] for row in picture.data if row not in between)
    assert cover.drawn == len(picture.layout.routes)
    if found:
        paths, all_paths, moves, all_moves, others, other_moves = (int(n.replace(",", "")) for n in found.groups())
        assert (paths + others, moves + other_moves) == (all_paths, all_moves)
        assert (moves, other_moves) == (drawn, rest)
    elif between:
        assert cover.drawn == cover.paths
        assert "paths are drawn" in said or "one path is drawn" in said


def check_inert(markup: str) -> None:
    """Assert that nothing runs, is fetched, or turns the direction of what follows."""
    assert not re.search(r"<(script|img|iframe|object|a|foreignobject)\b", markup, re.IGNORECASE)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", markup)


# --- any journey -----------------------------------------------------------------------------------


@lasting
@given(journeys, st.booleans(), st.booleans())
@example(journey(8, 7, 10**7, 0), False, False)
@example(journey(8, 7, 10**7, 10), False, False)
@example(journey(40, 7, 10**7, 3), True, True)
@example(journey(40, 7, 1, 4), False, False)
def test_any_journey_can_be_read(data: MapData, value: bool, poster: bool) -> None:
    picture = JourneyMap(data, value=value and data.has_value, poster=poster)
    placed = picture.layout
    for one, other in itertools.combinations([card.box for card in placed.cards], 2):
        apart = one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y
        assert apart, (one, other)
    for card in placed.cards:
        for row in card.rows:
            assert row.room(placed.sizes) <= placed.sizes.inner + 0.01, row
    for arrow in placed.arrows:
        box = next(card.box for card in placed.cards if card.box.x <= arrow.x <= card.box.right)
        assert arrow.label.left + arrow.label.room <= box.right + 0.01, arrow.label
    for lane in placed.lanes:
        for label in (*lane.names, lane.bar.entered, lane.bar.left):
            assert label is None or label.room <= lane.box.width, label
    check_ports(placed)
    check_footnote(picture)
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', picture.svg)]
    assert min(sizes) >= 11.0
    check_inert(picture.svg)
    for theme in ("light", "dark"):
        assert check_contrast(resolve(picture.svg, theme)) >= 5.1


@lasting
@given(journeys)
def test_lost_is_drawn_as_visible_as_grown(data: MapData) -> None:
    placed = layout(data)
    for arrow in placed.arrows:
        at = next(c for c in placed.cards if c.box.x <= arrow.x <= c.box.right and _beside(arrow, c.box))
        customers = at.node.entered if arrow.kind == "new" else at.node.left
        assert arrow.width == pytest.approx(max(customers * placed.scale, 1.1))
        assert arrow.bottom - arrow.top == pytest.approx(placed.sizes.arrow)
        assert arrow.label.bold
    lost = [arrow for arrow in placed.arrows if arrow.kind == "left"]
    assert len(lost) == sum(card.node.left > 0 for card in placed.cards)
    assert sum(arrow.worst for arrow in lost) == bool(lost)


def _beside(arrow: Any, box: Any) -> bool:
    return abs(arrow.bottom - box.y) < 2 if arrow.kind == "new" else abs(arrow.top - box.bottom) < 2


def test_colours_of_loss_and_growth_stand_out_alike() -> None:
    rows = [{"node": "a", "name": "A", "stage": "s", "customers": 9}, {"node": "left", "kind": "outcome"}]
    moves = [{"source": "START", "target": "a", "count": 9, "customers": 9}]
    moves += [{"source": "a", "target": "left", "count": 5, "customers": 5}]
    svg = paint(layout(from_tables(rows, moves)), id="m")
    for theme in ("light", "dark"):
        colour = fills(resolve(svg, theme))
        panel = colour["m-lane"]
        assert contrast(colour["m-left"], panel) >= 0.75 * contrast(colour["m-new"], panel)
        assert contrast(colour["m-left"], panel) >= 3.0
    assert contrast("#ffffff", "#000000") == pytest.approx(21.0)


# --- hostile names, saved --------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert_in_html_and_svg(name: str) -> None:
    nodes = [{"node": key, "name": name, "stage": "s", "customers": 9, "visits": 9} for key in ("a", name or "b")]
    nodes += [{"node": "left", "kind": "outcome", "name": name}]
    edges = [{"source": "START", "target": "a", "count": 9, "customers": 9, "customers_value": 9.0}]
    edges += [{"source": "a", "target": name or "b", "count": 5, "customers": 5, "customers_value": 5.0}]
    edges += [{"source": "a", "target": "left", "count": 4, "customers": 4, "customers_value": 4.0}]
    for by in ("moment", "stage", "owner", "event"):
        picture = JourneyMap(
            from_tables(nodes, edges, stages=[("s", name)], who=name, unit=name, part=name, part_of=name, by=by)  # type: ignore[arg-type]
        )
        for markup in (picture.svg, picture.html(), picture._repr_html_()):
            check_inert(markup)
        ElementTree.fromstring(picture.svg)


# --- customers or value, in one page ---------------------------------------------------------------


def test_a_saved_page_switches_between_customers_and_value_without_script() -> None:
    nodes = [{"node": key, "name": key, "stage": "s", "customers": 9, "visits": 9} for key in "ab"]
    edges = [{"source": "START", "target": "a", "count": 9, "customers": 9, "customers_value": 70.0}]
    edges += [{"source": "a", "target": "b", "count": 5, "customers": 5, "customers_value": 40.0}]
    data = from_tables(nodes, edges, who="clients", unit="$")
    for value in (False, True):
        page = JourneyMap(data, value=value).html()
        assert page.count("<svg") == 2
        chosen = re.findall(r'<input type="radio" name="\w+-by" id="(\w+)-by-(\w+)"( checked)?><label', page)
        assert [(name, bool(checked)) for _, name, checked in chosen] == [("customers", not value), ("value", value)]
        for key, name, _ in chosen:
            assert f".sj-map:has(#{key}-by-{name}:not(:checked)) .{key}-{name}" in page
            assert page.count(f'<div class="{key}-{name}">') == 1
        assert "<script" not in page
        assert "Line width = value of the clients" in page
        assert "Line width = clients that moved" in page
        assert JourneyMap(data, value=value)._repr_html_().count("<svg") == 1
    without = [{key: cell for key, cell in edge.items() if key != "customers_value"} for edge in edges]
    page = JourneyMap(from_tables(nodes, without)).html()
    assert page.count("<svg") == 1
    assert "radio" not in page


@pytest.mark.parametrize(
    ("amount", "written"),
    [(7, "7"), (999.6, "1.00k"), (12_345, "12.3k"), (-123_456, "\u2212123k"), (9_999_999, "10.0m"), (3.3e12, "3.30tn")],
)
def test_tight_numbers(amount: float, written: str) -> None:
    assert tight(amount) == written
    assert text.width(tight(amount), 11, bold=True) <= 60
