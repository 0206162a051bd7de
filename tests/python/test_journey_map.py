"""The journey map: nothing overlaps, nothing is cut off, nothing is hidden, nothing breaks out."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from sojourn.journey_map import (
    JourneyMap,
    Layout,
    MapData,
    fold,
    folds,
    from_tables,
    layout,
    numbers,
    paint,
    resolve,
    select,
    text,
)

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    "<script>alert(1)</script>",
    "\"quotes' & <b>bold</b>",
    "a ]]> b --> </style> {{ 7 * 7 }} {% raw %} var(--ink)",
    "\u202eright to left\u200f \u05e9\u05dc\u05d5\u05dd\u2067",
    "W" * 10_000,
    "two words " * 1_000,
    "control\x00\x07\x1b\r\n\x85characters\ud800\ufffe\uffff",
    "\u65e5\u672c\u8a9e\u306e\u9577\u3044\u540d\u524d" * 9,
    "Z" + "\u0301" * 300 + "algo",
    "\ufdfd\ufdfd \U0001242b",
    "",
    " ",
)
lasting = settings(deadline=None, max_examples=many(60), suppress_health_check=[HealthCheck.too_slow])


def walk_rows(
    names: list[str], stages: list[str], moves: list[tuple[int, int, int]], ends: list[tuple[int, int]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return node and edge rows: `moves` are (source, target, customers), `ends` (source, customers)."""
    nodes: list[dict[str, Any]] = [{"node": "START", "kind": "start"}]
    nodes += [
        {
            "node": f"m{at}",
            "kind": "moment",
            "name": name,
            "stage": stage,
            "visits": 10 * at + 9,
            "customers": 9 * at + 9,
        }
        for at, (name, stage) in enumerate(zip(names, stages, strict=True))
    ]
    nodes += [{"node": "left", "kind": "outcome", "name": "Left"}, {"node": "observed", "kind": "observed"}]
    edges: list[dict[str, Any]] = [
        {
            "source": "START" if source < 0 else f"m{source}",
            "target": f"m{target}",
            "count": customers + 1,
            "customers": customers,
            "mean_gap": 3_600.0,
            "customers_value": customers * 12.5,
        }
        for source, target, customers in moves
    ]
    edges += [
        {"source": f"m{source}", "target": "left", "count": n, "customers": n, "customers_value": 12.5 * n}
        for source, n in ends
    ]
    return nodes, edges


@st.composite
def maps(draw: Callable[..., Any], most_nodes: int = 24) -> MapData:
    """Any graph over any number of stages."""
    count = draw(st.integers(1, most_nodes))
    lanes = draw(st.integers(1, 8))
    name = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.just("Mid-term change"))
    names = draw(st.lists(name, min_size=count, max_size=count))
    stages = [f"s{draw(st.integers(0, lanes - 1))}" for _ in range(count)]
    node = st.integers(0, count - 1)
    amount = st.one_of(st.integers(0, 50), st.integers(0, 10**9))
    pairs = draw(st.lists(st.tuples(st.integers(-1, count - 1), node), unique=True, max_size=5 * count))
    moves = [(source, target, draw(amount)) for source, target in pairs]
    ends = [(source, draw(amount)) for source in draw(st.lists(node, unique=True, max_size=count))]
    rows = walk_rows(names, stages, moves, ends)
    listed = [(f"s{at}", draw(name)) for at in range(lanes)]
    return from_tables(*rows, stages=listed, who="households", period="2026", unit="$")


def insurer(moments: int, seed: int = 1) -> MapData:
    """Return an invented journey of seven stages, with value."""
    stages = [f"s{at * 7 // moments}" for at in range(moments)]
    step = [(at, (at * 7 + 3 * hop + seed) % moments, 40 * hop + at + 3) for at in range(moments) for hop in range(6)]
    unique = {(source, target): customers for source, target, customers in step}
    moves = [(-1, 0, 2_000), *((source, target, customers) for (source, target), customers in unique.items())]
    ends = [(at, 3 * at + 1) for at in range(moments)]
    rows = walk_rows([f"Moment number {at}" for at in range(moments)], stages, moves, ends)
    return from_tables(*rows, stages=[(f"s{at}", f"Stage {at}") for at in range(7)], who="households", unit="$")


def check_placed(placed: Layout) -> None:
    """Assert that cards keep apart and everything lies within the view box, at finite places."""
    boxes = [card.box for card in placed.cards]
    for one, other in itertools.combinations(boxes, 2):
        apart = one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y
        assert apart, (one, other)
    points = [(x, y) for box in boxes for x, y in ((box.x, box.y), (box.right, box.bottom))]
    points += [point for route in placed.routes for point in route.points()]
    points += [
        (arrow.x + side * (arrow.width / 2 + 4), y)
        for arrow in placed.arrows
        for side in (-1, 1)
        for y in (arrow.top, arrow.bottom)
    ]
    texts = [*placed.title, *placed.caption, *placed.notes, *(line for _, line in placed.legend)]
    texts += [arrow.label for arrow in placed.arrows]
    for lane in placed.lanes:
        texts += [*lane.names, *(label for label in (lane.bar.entered, lane.bar.left) if label)]
        points += [(lane.box.x, lane.box.y), (lane.box.x + lane.box.width, lane.box.y + lane.box.height)]
    points += [
        corner for line in texts for corner in ((line.left, line.y - line.size), (line.left + line.room, line.y + 3))
    ]
    assert math.isfinite(placed.width)
    assert math.isfinite(placed.height)
    for x, y in points:
        assert math.isfinite(x)
        assert math.isfinite(y)
        assert -0.01 <= x <= placed.width + 0.01, x
        assert -0.01 <= y <= placed.height + 0.01, y


def check_text(placed: Layout) -> None:
    """Assert that no line of a card is wider than the card, and no arrow's label touches a card."""
    for card in placed.cards:
        for row in card.rows:
            assert row.room(placed.sizes) <= placed.sizes.inner + 0.01, row
            assert 0 < row.y < card.box.height
    for arrow in placed.arrows:
        label = arrow.label
        assert label.left + label.room <= arrow.x + placed.sizes.card, label
        for card in placed.cards:
            clear = label.left >= card.box.right or label.left + label.room <= card.box.x
            assert clear or label.y <= card.box.y or label.y - label.size * 0.75 >= card.box.bottom, label


def check_passing(placed: Layout) -> None:
    """Assert that level stretches of paths pass no card and no label, and that straight ones leave labels clear."""
    labels = [(a.label.left, a.label.left + a.label.room, a.label.y - 8, a.label.y) for a in placed.arrows]
    cards = [(card.box.x, card.box.right, card.box.y, card.box.bottom) for card in placed.cards]
    for route in placed.routes:
        half = route.width / 2
        ends = [route.start, *(step[-1] for step in route.steps)]
        for (x0, y0), (x1, y1) in itertools.pairwise(ends):
            level = y0 == y1 and abs(x1 - x0) >= placed.sizes.card - 0.01
            upright = x0 == x1 and route.role in ("down", "up")
            for left, right, top, bottom in (*cards, *labels) if level else labels if upright else ():
                wide = 0.0 if level else half
                beside = max(x0, x1) + wide <= left or min(x0, x1) - wide >= right
                tall = half if level else 0.0
                assert beside or max(y0, y1) + tall <= top or min(y0, y1) - tall >= bottom, route.edge


def check_coverage(placed: Layout) -> None:
    """Assert the promise of the footnote: 90% of customers and of value, each moment's strongest in and out."""
    paths = [edge for edge in placed.shown.edges if edge.source != edge.target]
    drawn = {(route.edge.source, route.edge.target) for route in placed.routes}
    assert len(placed.routes) == len(drawn)
    chosen = [edge for edge in paths if (edge.source, edge.target) in drawn]
    assert 10 * sum(edge.customers for edge in chosen) >= 9 * sum(edge.customers for edge in paths)
    worth = sum(edge.customers_value or 0.0 for edge in paths)
    assert sum(edge.customers_value or 0.0 for edge in chosen) >= 0.9 * worth * (1 - 1e-12)
    for node in placed.shown.nodes:
        for end in ("source", "target"):
            mine = [edge.customers for edge in paths if getattr(edge, end) == node.id]
            kept = [edge.customers for edge in chosen if getattr(edge, end) == node.id]
            assert not mine or max(kept) == max(mine)


def check_xml(svg: str) -> ElementTree.Element:
    """Assert that a picture is well-formed and holds nothing that runs or fetches; return its root."""
    root = ElementTree.fromstring(svg)
    allowed = {"svg", "desc", "style", "rect", "path", "circle", "text", "tspan", "g", "title"}
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= allowed
    for element in root.iter():
        assert not any(key.lower().startswith("on") or "href" in key for key in element.attrib)
    assert "url(" not in svg
    assert "@import" not in svg
    return root


# --- any graph -------------------------------------------------------------------------------------


@lasting
@given(maps(), st.booleans(), st.booleans())
def test_any_graph_is_drawn_whole(data: MapData, value: bool, poster: bool) -> None:
    placed = layout(data, value=value and data.has_value, poster=poster)
    check_placed(placed)
    check_text(placed)
    check_passing(placed)
    check_coverage(placed)
    svg = paint(placed)
    check_xml(svg)
    for theme in ("light", "dark"):
        plain = resolve(svg, theme)
        check_xml(plain)
        sheet = plain[plain.index("<style>") : plain.index("</style>")]
        assert not re.search(r"var\(|@media|:has|:hover|--", sheet)


@lasting
@given(maps(most_nodes=12))
def test_the_same_data_give_the_same_picture(data: MapData) -> None:
    assert JourneyMap(data).svg == JourneyMap(data).svg


@lasting
@given(maps(most_nodes=40), st.integers(0, 20))
def test_folding_keeps_the_totals(data: MapData, most: int) -> None:
    folded = fold(data, most)
    groups = folds(data, most)
    kept = [node.id for node in folded.nodes if not node.members]
    assert sorted([*kept, *(member for group in groups for member in group)]) == sorted(node.id for node in data.nodes)
    for total in ("visits", "entered", "left", "observed"):
        assert sum(getattr(node, total) for node in folded.nodes) == sum(getattr(node, total) for node in data.nodes)
    moves = sum(edge.count for edge in folded.edges) + sum(node.inside for node in folded.nodes)
    assert moves == sum(edge.count for edge in data.edges)
    assert all(node.customers is None for node in folded.nodes if node.members)


@lasting
@given(st.text(max_size=60), st.floats(30, 300), st.sampled_from([11.0, 12.0, 13.5]), st.booleans())
def test_wrapped_lines_fit(name: str, room: float, size: float, bold: bool) -> None:
    cleaned = text.clean(name)
    lines = text.wrap(cleaned, room, size, bold)
    assert 1 <= len(lines) <= 3
    assert all(text.width(line, size, bold) <= room + 0.01 for line in lines)
    if not any(text.ELLIPSIS in line for line in lines):
        assert "".join(lines).replace(" ", "") == cleaned.replace(" ", "")


# --- hostile names ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    rows = walk_rows([name, "b", name], ["x", "y", "y"], [(-1, 0, 9), (0, 1, 5), (1, 2, 4), (2, 1, 2)], [(1, 3)])
    picture = JourneyMap(from_tables(*rows, stages=[("x", name), ("y", "Y")], who=name, period=name, unit=name))
    root = check_xml(picture.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label")
    page = picture.html()
    assert "<script" not in page.lower()
    assert page.count("</style>") == 4
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert len(picture.svg) < 60_000


def test_direction_marks_and_stacked_accents_are_taken_out() -> None:
    assert text.clean("\u202eabc\u2067\x00d\n e") == "abc d e"
    assert text.clean("Z" + "\u0301" * 300) == "Z\u0301\u0301"
    assert text.clean("\ud800") == "\ufffd"


def test_a_name_cannot_take_the_place_of_the_style_sheet() -> None:
    rows = walk_rows(["var(--ink) <style>x{}</style>"], ["x"], [(-1, 0, 9)], [])
    svg = JourneyMap(from_tables(*rows)).svg
    words = [element.text or "" for element in ElementTree.fromstring(resolve(svg, "dark")).iter(f"{SVG}text")]
    assert any("var(--ink)" in word for word in words)


# --- small and large ---------------------------------------------------------------------------------


def test_nothing_says_what_to_supply() -> None:
    picture = JourneyMap(from_tables([], []))
    check_placed(picture.layout)
    words = " ".join(element.text or "" for element in check_xml(picture.svg).iter(f"{SVG}text"))
    assert "No journey to draw yet" in words
    assert "journey.match(log).graph().plot()" in words
    assert picture.data == []
    assert picture.moments == []
    assert "<table" not in picture.html()
    JourneyMap(from_tables([], []), value=True)


def test_a_single_moment() -> None:
    picture = JourneyMap(from_tables([{"node": "a", "name": "Only", "stage": "S", "visits": 4, "customers": 1}], []))
    check_placed(picture.layout)
    assert picture.title == "1 customer at Only"


def test_forty_moments_fold_into_one_card_a_lane() -> None:
    data = insurer(40)
    groups = folds(data)
    placed = layout(data)
    check_placed(placed)
    check_text(placed)
    check_passing(placed)
    check_coverage(placed)
    several = [card for card in placed.cards if card.node.members]
    assert [card.node.members for card in several] == list(groups)
    assert sum(1 for card in placed.cards if not card.node.members) >= 15
    assert len({card.node.stage for card in several}) == len(several)
    assert all(any("visits" in row.text for row in card.rows) for card in several)
    most = max(data.nodes, key=lambda node: node.left)
    assert any(card.node.id == most.id for card in placed.cards), "where most were lost always stands alone"
    assert "several moments" in [line.text for _, line in placed.legend]
    assert "count twice" in " ".join(line.text for line in placed.notes)


def test_folded_cards_show_distinct_customers_only_where_known() -> None:
    data = insurer(40)
    first = folds(data)[0]
    counted = layout(data, folded_customers=lambda members: 7 * len(members))
    mapped = layout(data, folded_customers={frozenset(first): 321})
    assert [c.node.customers for c in counted.cards if c.node.members] == [7 * len(group) for group in folds(data)]
    assert [c.node.customers for c in mapped.cards if c.node.members] == [321, *[None] * (len(folds(data)) - 1)]
    about = next(card.about for card in layout(data).cards if card.node.members)
    assert "distinct households not counted" in about
    bounded = [edge for edge in layout(data).shown.edges if edge.at_most]
    assert bounded, "joined paths say that their customers are a bound"
    assert "up to " in JourneyMap(data).svg


def test_ranked_moments_keep_their_cards() -> None:
    data = insurer(40)
    ranked = [node.id for node in data.nodes[::-1]]
    shown = fold(data, 15, ranked)
    assert {node.id for node in shown.nodes if not node.members} >= set(ranked[:5])


def test_a_poster_shows_every_moment() -> None:
    placed = layout(insurer(40), poster=True)
    check_placed(placed)
    assert len(placed.cards) == 40
    assert not any(card.node.members for card in placed.cards)


# --- what it says ----------------------------------------------------------------------------------


def shop(outcome: str = "Gone") -> MapData:
    """Return a small shop where most fall silent and leave."""
    nodes = [
        {"node": key, "kind": "moment", "name": name, "stage": stage, "visits": n, "customers": n}
        for key, name, stage, n in (
            ("first_order", "First order", "first", 23_570),
            ("second_order", "Second order", "growing", 8_000),
            ("silent_90", "Silent for 90 days", "silence", 22_000),
            ("came_back", "Came back", "silence", 3_000),
        )
    ]
    nodes += [{"node": "gone", "kind": "outcome", "name": outcome}, {"node": "observed", "kind": "observed"}]
    edges = [
        {"source": source, "target": target, "count": n, "customers": n}
        for source, target, n in (
            ("START", "first_order", 23_570),
            ("first_order", "silent_90", 15_570),
            ("first_order", "second_order", 8_000),
            ("second_order", "silent_90", 6_430),
            ("silent_90", "came_back", 3_000),
            ("came_back", "silent_90", 2_000),
            ("came_back", "came_back", 400),
            ("silent_90", "gone", 18_000),
            ("silent_90", "observed", 3_000),
            ("second_order", "observed", 1_570),
            ("came_back", "observed", 1_000),
        )
    ]
    stages = [("first", "First order"), ("growing", "Growing"), ("silence", "Silence and return")]
    return from_tables(nodes, edges, stages=stages, period="Jan 1997 \u2013 Jun 1998")


def test_the_title_is_the_finding() -> None:
    placed = layout(shop())
    assert JourneyMap(shop()).title == "18,000 customers left on the way; all of them after Silent for 90 days"
    assert placed.caption[0].text.startswith("23,570 customers, Jan 1997 \u2013 Jun 1998.")
    assert "Left means: Gone." in placed.notes[-1].text
    assert [arrow.kind for arrow in placed.arrows] == ["new", "left"]
    assert placed.arrows[1].worst
    assert placed.arrows[1].label.text.startswith("\u221218,000")
    assert "18,000 customers left after Silent for 90 days" in JourneyMap(shop()).svg


def test_the_title_names_the_stage_that_lost_most() -> None:
    data = insurer(15)
    at_last = sum(node.left for node in data.nodes if node.stage == "s6")
    lost = {stage: sum(node.left for node in data.nodes if node.stage == stage) for stage, _ in data.stages}
    worst = max(lost, key=lambda stage: lost[stage])
    name = dict(data.stages)[worst]
    assert JourneyMap(data).title == f"{data.left} households left on the way; {lost[worst]} of them at {name}"
    assert at_last <= lost[worst]


def test_arrows_and_lines_share_one_scale() -> None:
    placed = layout(shop())
    for route in placed.routes:
        assert route.width == pytest.approx(max(route.edge.customers * placed.scale, 1.1))
    for arrow, customers in zip(placed.arrows, (23_570, 18_000), strict=True):
        assert arrow.width == pytest.approx(customers * placed.scale)
    last = placed.lanes[-1].bar
    first = placed.lanes[0].bar
    assert first.up / last.down == pytest.approx(23_570 / 18_000)


def test_without_an_outcome_the_title_says_something_else() -> None:
    rows = walk_rows(["A", "B"], ["x", "y"], [(-1, 0, 9), (0, 1, 5)], [])
    nodes = [row for row in rows[0] if row.get("kind") != "outcome"]
    picture = JourneyMap(from_tables(nodes, rows[1]))
    assert picture.title == "5 customers went from A to B"
    assert "left after it" not in [line.text for _, line in picture.layout.legend]


def test_nobody_left() -> None:
    rows = walk_rows(["A", "B"], ["x", "y"], [(-1, 0, 9), (0, 1, 5)], [])
    stayed = [{"source": "m1", "target": "observed", "count": 5, "customers": 5}]
    picture = JourneyMap(from_tables(rows[0], [*rows[1], *stayed]))
    assert picture.title == "None of the 9 customers left on the way; 5 were still here at the end"


def test_value_mode_draws_the_value_of_the_customers() -> None:
    data = insurer(15)
    picture = JourneyMap(data, value=True)
    placed = picture.layout
    for route in placed.routes:
        assert route.width == pytest.approx(max((route.edge.customers_value or 0.0) * placed.scale, 1.1))
    assert re.fullmatch(r"\d+ households left on the way, worth \$4k; \$1k of it at Stage 6", picture.title)
    assert any(arrow.label.text.startswith("\u2212$") for arrow in placed.arrows)
    with pytest.raises(ValueError, match="customers_value"):
        JourneyMap(shop(), value=True)


def test_the_legend_explains_only_what_is_there() -> None:
    marks = [mark for mark, _ in layout(shop()).legend]
    assert marks == ["left", "new", "on", "again"]


def test_promises_and_voices_stand_on_the_cards() -> None:
    rows = walk_rows(["A", "B"], ["x", "y"], [(-1, 0, 9), (0, 1, 5)], [(1, 2)])
    kpis = [
        {"moment": "m0", "kpi": "in time", "due": 1_000, "met": 846, "share": 0.846, "target": 0.85},
        {"moment": "m1", "kpi": "in time", "due": 10, "met": 10, "share": 1.0, "target": 0.9, "state": "warning"},
    ]
    voices: list[dict[str, Any]] = [
        {"moment": "m0", "score": -33.4, "voices": 2_204},
        {"moment": "m1", "score": None, "voices": 0},
    ]
    picture = JourneyMap(from_tables(*rows, kpis=kpis, voices=voices))
    first, second = picture.layout.cards
    assert [(row.kind, row.strong, row.text) for row in first.rows[2:]] == [
        ("kpi", "154", "missed"),
        ("voices", "\u221233", "2,204 voices"),
    ]
    assert second.rows[-1].text == "no voice heard"
    assert "in time: 846 of 1,000 met (84.6%), target 85%" in first.about
    assert [mark for mark, _ in picture.layout.legend][-3:] == ["broken", "warning", "silent"]
    check_xml(picture.svg)


def test_a_score_is_of_those_it_rests_on_and_a_near_promise_is_a_warning() -> None:
    rows = walk_rows(["A", "B"], ["x", "y"], [(-1, 0, 9), (0, 1, 5)], [(1, 2)])
    kpis = [
        {"moment": key, "kpi": "k", "due": 100, "met": 84, "target": 0.85, "low": low, "high": 0.9}
        for key, low in (("m0", 0.8), ("m1", 0.86))
    ]
    voices: list[dict[str, Any]] = [
        {"moment": "m0", "score": -24.1, "voices": 521, "scored": 171},
        {"moment": "m1", "score": 40.0, "voices": 521},
    ]
    first, second = JourneyMap(from_tables(*rows, kpis=kpis, voices=voices)).layout.cards
    assert [(row.strong, row.text, row.state) for row in first.rows[2:]] == [
        ("16", "missed", "warning"),
        ("\u221224", "of 171", None),
    ]
    assert [(row.strong, row.text, row.state) for row in second.rows[2:]] == [
        ("16", "missed", "broken"),
        ("+40", "521 voices", None),
    ]


def test_a_part_speaks_of_those_who_came_to_it_and_counts_all() -> None:
    moments = [sj.Moment("order", "buy", when=sj.event("order")), sj.Moment("call", "use", when=sj.event("call"))]
    journey = sj.Journey(["buy", "use"], moments, {"left": sj.event("cancel")}, selections={"service": ["call"]})
    day = [datetime(2026, 3, n) for n in range(1, 6)]
    events = {
        "customer": [1, 1, 1, 2, 2, 3, 4],
        "time": [day[0], day[1], day[2], day[0], day[3], day[0], day[4]],
        "event": ["order", "call", "cancel", "order", "cancel", "order", "call"],
    }
    log = sj.EventLog(events)
    part = journey.sub("service").match(log).graph()
    data = from_tables(
        part.nodes().rows(), part.edges().rows(), part="service", part_of="a shop", customers=part.customers
    )
    picture = JourneyMap(data)
    whole = journey.match(log).graph().plot().layout.data
    assert (data.customers, data.left, data.observed) == (whole.customers, whole.left, whole.observed) == (4, 2, 2)
    assert data.reached == 2
    assert picture.title == "1 of the 2 customers who came to service left after it, after call"
    caption = " ".join(line.text for line in picture.layout.caption)
    assert "service is a part of a shop and counts all of its customers: 2 came to it, 2 did not." in caption
    notes = " ".join(line.text for line in picture.layout.notes)
    assert "1 left without any moment of service and stand on no card." in notes
    assert "1 customer met no moment of service." in notes


def test_owners_stand_in_lanes_of_their_own_and_hand_off() -> None:
    rows = walk_rows(["Sales", "Claims", "Billing"], [""] * 3, [(-1, 0, 9), (0, 1, 5), (1, 1, 3), (1, 2, 4)], [(2, 2)])
    nodes = [{**row, "stage": None} for row in rows[0]]
    data = from_tables(nodes, rows[1], by="owner")
    picture = JourneyMap(data)
    assert [name for _, name in data.stages] == ["Sales", "Claims", "Billing"]
    assert not data.steps
    assert "Moves between owners are hand-offs: 11 in all; 4 moves stayed with one owner." in " ".join(
        line.text for line in picture.layout.notes
    )
    assert "Hand-offs between owners" in picture.html()
    many_owners = walk_rows([f"o{at}" for at in range(10)], [""] * 10, [(-1, 0, 9), (0, 1, 5)], [])
    assert from_tables([{**row, "stage": None} for row in many_owners[0]], many_owners[1], by="owner").steps
    with pytest.raises(ValueError, match="by: found 'silo'"):
        from_tables([], [], by="silo")  # type: ignore[arg-type]


def test_roll_ups_have_equal_totals() -> None:
    data = sj.datasets.insurer(customers=2_000)
    matches = data.journey.match(data.log)
    whole = matches.graph().plot().layout.data
    for by in ("stage", "owner"):
        rolled = matches.graph(by=by).plot().layout.data
        for total in ("customers", "left", "left_first", "observed", "no_moment"):
            assert getattr(rolled, total) == getattr(whole, total), (by, total)
        assert sum(node.visits for node in rolled.nodes) == sum(node.visits for node in whole.nodes)
        assert sum(edge.count for edge in rolled.edges) == sum(edge.count for edge in whole.edges)
    between = [edge for edge in matches.graph(by="owner").plot().layout.data.edges if edge.source != edge.target]
    assert sum(edge.count for edge in between) == sum(row["count"] for row in matches.graph().hand_offs().rows())


def test_events_without_stages_stand_by_steps() -> None:
    rows = walk_rows(["A", "B", "C"], ["x"] * 3, [(-1, 0, 9), (0, 1, 5), (1, 2, 4), (2, 0, 2)], [(2, 2)])
    nodes = [{**row, "stage": None} for row in rows[0]]
    data = from_tables(nodes, rows[1])
    assert [name for _, name in data.stages] == ["Step 1", "Step 2", "Step 3"]
    assert JourneyMap(data).title == "2 customers left on the way; all of them after C"


# --- rows in, files out ------------------------------------------------------------------------------


def test_rows_that_do_not_fit_together_are_refused() -> None:
    moment = {"node": "a", "kind": "moment", "stage": "s"}
    with pytest.raises(ValueError, match="no node 'b'"):
        from_tables([moment], [{"source": "a", "target": "b"}])
    with pytest.raises(ValueError, match="'a' stands twice"):
        from_tables([moment, moment], [])
    with pytest.raises(ValueError, match="kind is 'place'"):
        from_tables([{**moment, "kind": "place"}], [])
    with pytest.raises(ValueError, match="stage 's' stands twice"):
        from_tables([moment], [], stages=[("s", "S"), ("s", "T")])


def test_who_left_before_any_moment_is_counted_and_said() -> None:
    rows = walk_rows(["A"], ["x"], [(-1, 0, 9)], [(0, 2)])
    more = [{"source": "START", "target": "left", "count": 3, "customers": 3}]
    more += [{"source": "START", "target": "observed", "count": 4, "customers": 4}]
    data = from_tables(rows[0], [*rows[1], *more], unmapped=12, after_outcome=1)
    assert (data.customers, data.left, data.left_first, data.no_moment) == (16, 5, 3, 4)
    notes = " ".join(line.text for line in layout(data).notes)
    for said in (
        "3 left before any moment",
        "4 customers met no moment",
        "12 events claimed by no",
        "1 occurrence after",
    ):
        assert said in notes


def test_saving(tmp_path: Path) -> None:
    picture = JourneyMap(insurer(15))
    for suffix in ("html", "svg"):
        picture.save(tmp_path / f"map.{suffix}")
    page = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
    assert not re.search(r"<script|<link|src=|https?://(?!www\.w3\.org/2000/svg)", page)
    assert page.count("<tr>") == 2 + 15 + len(picture.data)
    check_xml((tmp_path / "map.svg").read_text(encoding="utf-8"))
    with pytest.raises(ValueError, match=r"\.html, \.svg or \.png"):
        picture.save(tmp_path / "map.pdf")
    assert not (tmp_path / "map.pdf").exists()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_png(theme: str, tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    picture = JourneyMap(shop())
    picture.save(tmp_path / "map.png", theme=theme)  # type: ignore[arg-type]
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_it_shows_itself() -> None:
    picture = JourneyMap(shop())
    shown = picture._repr_html_()
    assert "<svg" in shown
    assert "<details>" in shown
    assert "<script" not in shown
    assert repr(picture) == f"<JourneyMap: {picture.title}>"
    assert picture.data[0]["source_name"] == "First order"
    assert picture.data[0]["drawn"] is True
    assert {row["node"]: row["left"] for row in picture.moments}["silent_90"] == 18_000


def test_two_pictures_on_a_page_keep_apart() -> None:
    one, other = JourneyMap(shop()), JourneyMap(insurer(15))
    names = [re.search(r'class="(jm[0-9a-f]+)"', picture.svg) for picture in (one, other)]
    assert names[0]
    assert names[1]
    assert names[0][1] != names[1][1]
    for found, picture in zip(names, (one, other), strict=True):
        assert found
        root = ElementTree.fromstring(picture.svg)
        used = {name for element in root.iter() for name in element.get("class", "").split()}
        assert all(name.startswith(found[1]) for name in used)
    with pytest.raises(ValueError, match="expected a letter"):
        paint(one.layout, id='x"><script>')


# --- numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        (402, "$402"),
        (402_000, "$402k"),
        (4_420_000, "$4.42m"),
        (21_460_000, "$21.46m"),
        (1_200_000_000, "$1.20bn"),
        (-402_000, "\u2212$402k"),
        (0, "$0"),
        (-0.001, "$0.00"),
        (3.5, "$3.50"),
        (999.4, "$999"),
        (999.6, "$1k"),
        (999_499, "$999k"),
        (999_600, "$1.00m"),
        (999_996_000, "$1.00bn"),
        (math.nan, "not known"),
    ],
)
def test_money(amount: float, written: str) -> None:
    assert numbers.money(amount) == written


def test_counts_and_shares() -> None:
    assert numbers.count(2_312) == "2,312"
    assert numbers.count(-58) == "\u221258"
    assert numbers.signed(59) == "+59"
    assert numbers.signed(-1_543) == "\u22121,543"
    assert numbers.signed(0) == "0"
    assert numbers.signed_money(129_000) == "+$129k"
    assert numbers.percent(0.84, 0.85) == "84%"
    assert numbers.percent(0.846, 0.85) == "84.6%"
    assert numbers.covered(9_096, 10_000) == "90%"
    assert numbers.covered(99_999, 100_000) == "99.9%"
    assert numbers.covered(5, 5) == "100%"
    assert numbers.counted(1, "households") == "1 household"
    assert numbers.counted(2, "policies") == "2 policies"
    assert numbers.counted(1, "policies") == "1 policy"
    assert numbers.duration(86_400) == "1 day"
    assert numbers.duration(5.5 * 3_600) == "5.5 hours"


def test_few_paths_carry_the_promise() -> None:
    edges = insurer(15).edges
    chosen = select.drawn(edges)
    assert len(chosen) < len(select.between(edges))
    assert select.drawn(edges) == select.drawn(tuple(edges))
    assert not any(edge.source == edge.target for edge in chosen)


def test_with_history_nobody_is_new_and_scores_stand_on_the_cards() -> None:
    moments = [sj.Moment("order", "buy", when=sj.event("order")), sj.Moment("call", "buy", when=sj.event("call"))]
    day = [datetime(2026, 3, n) for n in range(1, 6)]
    events = {
        "customer": [1, 1, 2, 1],
        "time": [day[0], day[2], day[3], day[4]],
        "event": ["order", "order", "order", "call"],
    }
    observed = {"customer": [1, 2], "from": [day[1], day[1]], "to": [day[4], day[4]]}
    matches = sj.Journey([sj.Stage("buy", "Buy")], moments).match(sj.EventLog(events, observed=observed))
    svg = matches.graph().plot(voices=[{"moment": "order", "score": -40.0, "voices": 12.0}]).svg
    assert "seen here first" in svg
    assert "were seen first" in svg
    assert "+2 new" not in svg
    assert "−40" in svg
    plain = sj.Journey([sj.Stage("buy", "Buy")], moments).match(sj.EventLog(events)).graph().plot().svg
    assert "new: starts here" in plain


def test_the_graph_says_what_its_nodes_are_and_whose_part_it_is() -> None:
    data = sj.datasets.insurer(customers=2_000)
    matches = data.journey.match(data.log)
    owners = matches.graph(by="owner").plot().layout.data
    assert (owners.by, owners.steps) == ("owner", False)
    assert len(owners.stages) == len(owners.nodes)
    part = data.journey.sub(stages=["claim"]).match(data.log).graph().plot()
    assert (part.layout.data.part, part.layout.data.part_of) == ("Claim", data.journey.name)
    assert "who came to Claim left after it" in part.title
    assert data.log.graph().plot().layout.data.by == "event"
