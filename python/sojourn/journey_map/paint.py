"""The one painter: a layout becomes an SVG string, by one template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from jinja2 import Environment

from sojourn._core import InvalidInput
from sojourn._templates import escaping

from . import words
from .numbers import count, counted
from .placed import Arrow, Card, Layout
from .routes import Head, Route

Theme = Literal["light", "dark"]

LIGHT: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#fffffe",
        "panel": "#f4f6f8",
        "card": "#ffffff",
        "line": "#c3cbd3",
        "ink": "#17202a",
        "mute": "#56616d",
        "inn": "#0b6fb0",
        "inT": "#0a5f98",
        "out": "#d1490c",
        "outT": "#b23a05",
        "onOut": "#ffffff",
        "warn": "#e5a50a",
        "edge": "#5c6977",
        "back": "#7a5195",
        "s0": "#f29b73",
        "s1": "#f6bda1",
        "s2": "#fadfd1",
        "s3": "#e9edf0",
        "s4": "#d3e6f4",
        "s5": "#a9d0ec",
        "s6": "#7db8e0",
    }
)
DARK: Mapping[str, str] = MappingProxyType(
    {
        "bg": "#12171d",
        "panel": "#1b222a",
        "card": "#222b35",
        "line": "#3d4854",
        "ink": "#eef2f6",
        "mute": "#a9b5c1",
        "inn": "#4da6e8",
        "inT": "#79bdf0",
        "out": "#f2793a",
        "outT": "#ff9a66",
        "onOut": "#12171d",
        "warn": "#f0c04a",
        "edge": "#93a2b1",
        "back": "#b79ad6",
        "s0": "#8a3d17",
        "s1": "#6e3a22",
        "s2": "#4d352a",
        "s3": "#2a333c",
        "s4": "#203f56",
        "s5": "#1f547a",
        "s6": "#1d6aa3",
    }
)
CUTS = (-40.0, -20.0, -5.0, 5.0, 20.0, 40.0)
_STEP = {1: "L", 2: "Q", 3: "C"}
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_VARIABLE = re.compile(r"var\(--([A-Za-z0-9]+)\)")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")


def paint(placed: Layout, *, id: str | None = None) -> str:
    """Return the picture as SVG.

    Colours are CSS variables, light or dark as the reader's system is, light in print. There is no script, and nothing
    is fetched.

    Parameters
    ----------
    placed
        A map with everything in its place.
    id
        What the picture's classes and ids begin with; by default made from its content, so that pictures on one page
        keep apart.
    """
    key = id or picture_id(placed)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", key):
        raise InvalidInput(f"id {key!r}: expected a letter, then letters, digits, - or _")
    names = {node.id: node.name for node in placed.shown.nodes}
    return (
        environment()
        .get_template("map.svg.jinja")
        .render(
            id=key,
            map=placed,
            light=LIGHT,
            dark=DARK,
            routes=[(route, words.about_edge(route.edge, placed.data, names)) for route in placed.routes],
            describe=describe(placed),
        )
    )


def picture_id(placed: Layout) -> str:
    """Return a name for the picture, made from its content."""
    content = repr((placed.data, placed.value, placed.shown.nodes, placed.sizes, placed.coverage))
    return "jm" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:8]


def describe(placed: Layout) -> str:
    """Return the text alternative: the caption, where customers were lost, and the strongest paths."""
    names = {node.id: node.name for node in placed.shown.nodes}
    leaving = sorted((node for node in placed.shown.nodes if node.left), key=lambda node: -node.left)
    lost = [f"{words.short(node.name)} {count(node.left)}" for node in leaving[:5]]
    strongest = sorted(placed.routes, key=lambda route: -route.edge.customers)[:5]
    sentences = [line.text for line in (*placed.caption, *placed.notes)]
    if lost:
        sentences.append(f"Most were lost after: {', '.join(lost)}.")
    if strongest:
        sentences.append("Strongest paths: " + "; ".join(_moved(route, names) for route in strongest) + ".")
    return " ".join(sentences)


def _moved(route: Route, names: Mapping[str, str]) -> str:
    ends = f"{words.short(names[route.edge.source])} \u2192 {words.short(names[route.edge.target])}"
    return f"{ends} {count(route.edge.customers)}"


def resolve(svg: str, theme: Theme = "light") -> str:
    """Return the picture in one theme, with plain colours, for renderers that know no CSS variables.

    Media queries, variables and rules that need a pointer are dropped; only the picture's own style sheet is touched.
    """
    colours = {"light": LIGHT, "dark": DARK}[theme]
    found = _STYLE.search(svg)
    if found is None:
        return svg
    sheet = _without_media(found.group(1))
    rules = [(chosen.strip(), body) for chosen, body in _RULE.findall(sheet)]
    kept = [
        f"{chosen}{{{_VARIABLE.sub(lambda name: colours[name.group(1)], body)}}}"
        for chosen, body in rules
        if not body.lstrip().startswith(("--", "color-scheme")) and ":" not in chosen
    ]
    return svg[: found.start(1)] + "\n".join(kept) + svg[found.end(1) :]


def _without_media(sheet: str) -> str:
    while (start := sheet.find("@")) >= 0:
        at = sheet.index("{", start) + 1
        depth = 1
        while depth and at < len(sheet):
            depth += {"{": 1, "}": -1}.get(sheet[at], 0)
            at += 1
        sheet = sheet[:start] + sheet[at:]
    return sheet


@cache
def environment() -> Environment:
    """Return the templates of the map: everything escaped, nothing undefined passes."""
    made = escaping(Path(__file__).parent)
    made.filters.update(n=number, course=_course, head=_head, arrow=_arrow, score=tone, frame=_frame, counted=counted)
    return made


def number(value: float) -> str:
    """Write a coordinate: one decimal at most."""
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.05 else "0"


def _course(route: Route) -> str:
    steps = [f"M{_point(route.start)}"]
    steps += [_STEP[len(step)] + " ".join(map(_point, step)) for step in route.steps]
    return "".join(steps)


def _point(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _head(head: Head) -> str:
    (x, y), (dx, dy) = head.tip, head.towards
    bx, by = x - dx * head.length, y - dy * head.length
    corners = ((x, y), (bx - dy * head.half, by + dx * head.half), (bx + dy * head.half, by - dx * head.half))
    return "M" + "L".join(map(_point, corners)) + "Z"


def _arrow(arrow: Arrow) -> str:
    """Return a block arrow that points down."""
    half, wing = arrow.width / 2, arrow.width / 2 + 4
    neck = arrow.bottom - min(6 + arrow.width * 0.2, (arrow.bottom - arrow.top) * 0.5)
    x = arrow.x
    right = ((x + half, arrow.top), (x + half, neck), (x + wing, neck), (x, arrow.bottom))
    left = ((x - wing, neck), (x - half, neck), (x - half, arrow.top))
    return "M" + "L".join(map(_point, (*right, *left))) + "Z"


def tone(score: float) -> int:
    """Return which of the seven colours of sentiment a score has."""
    return sum(score > cut for cut in CUTS)


def _frame(card: Card) -> str:
    """Return the class of a card's border."""
    state = card.node.kpi.state if card.node.kpi else None
    return {"broken": "broken", "warning": "warned"}.get(state or "", "plain")
