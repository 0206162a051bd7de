"""The sentences of a map: its finding, its caption, its footnote, and what each mark says when pointed at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from .model import Exit, MapData, MapEdge, MapNode, Promise
from .numbers import count, counted, covered, duration, money, percent
from .select import Coverage, between
from .text import clean, shorten

_LONG = 420.0


def short(name: str) -> str:
    """Return a name for use in a sentence."""
    return shorten(clean(name), _LONG, 13.0)


def who(data: MapData) -> str:
    """Return the plural of what is counted."""
    return short(data.who) or "customers"


def cards(data: MapData) -> str:
    """Return the plural of what the cards are."""
    return f"{data.by}s"


def title(data: MapData, value: bool) -> str:
    """Return the finding, in whole customers."""
    if not data.nodes:
        return "No journey to draw yet"
    if data.part and data.outcomes:
        return _lost_of_part(data, value)
    if data.left > 0:
        return _lost(data, value, f"{counted(data.left, who(data))} left on the way")
    all_of_them = counted(data.customers, who(data))
    if data.outcomes:
        stayed = f"; {count(data.observed)} were still here at the end" if data.observed else ""
        return f"None of the {all_of_them} left on the way{stayed}"
    return _moved(data)


def _lost_of_part(data: MapData, value: bool) -> str:
    """Return what of those who came to a part left in it; who left without a moment of it is for the footnote."""
    known = [node.left_value for node in data.nodes if node.left_value is not None]
    there = replace(data, left=data.left - data.left_first, left_value=math.fsum(known) if known else None, ways_out=())
    among = f"of the {counted(data.reached, who(data))} who came to {short(data.part)}"
    if not there.left:
        return f"None {among} left after it"
    return _lost(there, value, f"{count(there.left)} {among} left after it")


def _lost(data: MapData, value: bool, finding: str) -> str:
    worth = value and data.left_value is not None and data.left_value > 0
    if worth and data.left_value is not None:
        finding += f", worth {amount(data.left_value, data)}"
    where, left, left_value = _worst(data, bool(worth))
    if left <= 0:
        return finding
    if data.left > 1 and left == data.left:
        return f"{finding}; all of them {where}{_straight_from(data)}"
    if data.left == 1:
        return f"{finding}, {where}"
    return f"{finding}; {amount(left_value, data) if worth else count(left)} of {'it' if worth else 'them'} {where}"


def _straight_from(data: MapData) -> str:
    """Where everyone leaves after one moment, the one before it tells them apart: say which, if it is one for most."""
    names = {node.id: node.name for node in data.nodes}
    if len({way.node for way in data.ways_out}) != 1:
        return ""
    before: dict[str, int] = {}
    for way in data.ways_out:
        before[way.previous] = before.get(way.previous, 0) + way.customers
    previous = max(before, key=lambda key: before[key])
    if previous not in names or 2 * before[previous] < data.left:
        return ""
    return f", {count(before[previous])} straight from {short(names[previous])}"


def _worst(data: MapData, by_value: bool) -> tuple[str, int, float]:
    """Return the place that most were lost at: a stage, or a moment where the stage says no more than it."""
    stages: dict[str, list[MapNode]] = {key: [] for key, _ in data.stages}
    for node in data.nodes:
        stages[node.stage].append(node)

    def lost(nodes: list[MapNode]) -> float:
        return math.fsum((node.left_value or 0.0) if by_value else node.left for node in nodes)

    names = dict(data.stages)
    stage = max(stages, key=lambda key: lost(stages[key]))
    nodes = stages[stage]
    left = sum(node.left for node in nodes)
    leavers = [node for node in nodes if node.left]
    if len(leavers) == 1 and (len(data.stages) == 1 or data.steps or left == data.left):
        where = f"after {short(leavers[0].name)}"
    elif (data.steps or len(data.stages) == 1) and nodes:
        worst = max(data.nodes, key=lambda node: lost([node]))
        return f"after {short(worst.name)}", worst.left, worst.left_value or 0.0
    else:
        where = f"{'after a moment of' if data.by == 'owner' else 'at'} {short(names[stage])}"
    return where, left, lost(nodes) if by_value else 0.0


def _moved(data: MapData) -> str:
    names = {node.id: node.name for node in data.nodes}
    strongest = max(between(data.edges), key=lambda edge: edge.customers, default=None)
    if strongest is not None and strongest.customers:
        number = counted(strongest.customers, who(data))
        return f"{number} went from {short(names[strongest.source])} to {short(names[strongest.target])}"
    most = max(data.nodes, key=lambda node: node.customers or 0)
    return f"{counted(most.customers or 0, who(data))} at {short(most.name)}"


def started(data: MapData) -> str:
    """Return what those are whose path starts at a moment: new, or seen there first."""
    return "first" if data.history else "new"


def caption(data: MapData, value: bool) -> str:
    """Return who, when, and what width and colour mean."""
    if not data.nodes:
        return ""
    begins = [counted(data.customers, who(data))] if data.customers else []
    begins += [short(data.period)] if data.period else []
    whole = ""
    if data.part:
        whole = (
            f" {short(data.part)} is a part of {short(data.part_of) or 'the journey'} and counts all of its "
            f"{who(data)}: {count(data.reached)} came to it, {count(data.customers - data.reached)} did not."
        )
    measure = f"value of the {who(data)} that moved" if value else f"{who(data)} that moved"
    arrows: list[str] = []
    if any(node.entered for node in data.nodes):
        arrows.append("blue in = seen there first" if data.history else "blue in = new")
    if any(node.left for node in data.nodes):
        arrows.append("orange out = left after it")
    sentences = [f"{', '.join(begins)}.{whole}"] if begins else []
    marks = [f"Line width = {measure}"] if data.edges else []
    if arrows:
        marks.append(", ".join(arrows) + (", same scale" if data.edges or len(arrows) > 1 else ""))
    if marks:
        text = "; ".join(marks)
        sentences.append(text[:1].upper() + text[1:] + ".")
    if data.left and data.observed:
        sentences.append(f"{count(data.observed)} were still here at the end.")
    return " ".join(sentences)


def footnote(data: MapData, shown: MapData, cover: Coverage, value: bool) -> tuple[str, ...]:
    """Return what the picture leaves out, each as a sentence."""
    if not data.nodes:
        return ()
    sentences = [_coverage(cover, value and cover.all_value > 0, data)] if cover.paths else []
    folded = [node for node in shown.nodes if node.members]
    if folded:
        inside = sum(node.inside for node in folded)
        sentences.append(
            f"Double-bordered cards stand for several {cards(data)}: lines that join several paths there show their "
            f"sum, in which one of the {who(data)} may count twice; {counted(inside, 'moves')} within such cards are "
            "not drawn."
        )
    if len(data.outcomes) > 1 or (data.outcomes and data.outcomes[0][1].lower() != "left" and data.left):
        sentences.append("Left means: " + ", ".join(short(name) for _, name in data.outcomes[:6]) + ".")
    if data.by == "owner":
        handed = sum(edge.count for edge in between(data.edges))
        inside = sum(edge.count for edge in data.edges if edge.source == edge.target)
        sentences.append(
            f"Moves between owners are hand-offs: {count(handed)} in all; {counted(inside, 'moves')} stayed with one "
            "owner."
        )
    here = f" of {short(data.part)}" if data.part else ""
    moment = f"{'event' if data.by == 'event' else 'moment'}{here}"
    first = f"without any {moment}" if data.part else f"before any {moment}"
    notes = (
        (data.left_first, f"{count(data.left_first)} left {first} and stand on no card."),
        (data.no_moment, f"{counted(data.no_moment, who(data))} met no {moment}."),
        (data.unmapped, f"{counted(data.unmapped, 'events')} claimed by no moment{here} are not on the map."),
        (
            data.after_outcome,
            f"{counted(data.after_outcome, 'occurrences')} after leaving: counted in the promises, not on the map.",
        ),
        (data.steps, f"Columns: steps from where {who(data)} start, along the strongest moves."),
    )
    return (*sentences, *(text for number, text in notes if number))


def _coverage(cover: Coverage, value: bool, data: MapData) -> str:
    if cover.drawn == cover.paths:
        return "The one path is drawn." if cover.paths == 1 else f"All {count(cover.paths)} paths are drawn."
    share = f"{covered(cover.customers, cover.all_customers)} of {who(data)} (each counts once a path)"
    if value:
        share += f", {covered(cover.value, cover.all_value)} of their value"
    rest, moves = cover.paths - cover.drawn, cover.all_moves - cover.moves
    return (
        f"{count(cover.drawn)} of {count(cover.paths)} paths drawn: {count(cover.moves)} of "
        f"{count(cover.all_moves)} moves, {share}; the other {counted(rest, 'paths')} ({counted(moves, 'moves')}) "
        f"{'is' if rest == 1 else 'are'} in the table."
    )


def amount(value: float, data: MapData) -> str:
    """Write an amount in the map's unit."""
    return money(value, short(data.unit) if data.unit and data.unit.strip() else "")


def about_edge(edge: MapEdge, data: MapData, names: Mapping[str, str]) -> str:
    """Return what a path says when pointed at."""
    bound = "up to " if edge.at_most else ""
    parts = [f"{bound}{counted(edge.customers, who(data))}", counted(edge.count, "moves")]
    if edge.mean_gap_seconds is not None:
        parts.append(f"{duration(edge.mean_gap_seconds)} between on average")
    if edge.customers_value is not None:
        parts.append(f"{bound}{amount(edge.customers_value, data)} of {who(data)}\u2019 value")
    return f"{short(names[edge.source])} \u2192 {short(names[edge.target])}: {', '.join(parts)}"


def about_node(node: MapNode, data: MapData) -> str:
    """Return what a card says when pointed at."""
    lines = [f"{short(node.name)} ({short(dict(data.stages).get(node.stage, ''))})"]
    if node.members:
        lines.append(shorten(", ".join(map(clean, node.member_names)), 2400.0, 12.0))
    if node.customers is not None:
        lines.append(f"{counted(node.customers, who(data))}, {counted(node.visits, 'visits')}")
    else:
        lines.append(f"{counted(node.visits, 'visits')}; distinct {who(data)} not counted")
    if node.value is not None:
        lines.append(f"value of its events: {amount(node.value, data)}")
    if node.entered:
        lines.append(f"{counted(node.entered, who(data))} started here")
    if node.left:
        lines.append(_exits(node, data))
    if node.observed:
        lines.append(f"{counted(node.observed, who(data))} were here at the end")
    lines += _details(node, data)
    return "\n".join(lines)


def _details(node: MapNode, data: MapData) -> list[str]:
    lines: list[str] = []
    if node.mean_sojourn is not None:
        lines.append(f"{duration(node.mean_sojourn)} until the next moment on average")
    if node.repeats:
        lines.append(f"{counted(node.repeats, who(data))} came again at once, {counted(node.repeat_visits, 'times')}")
    if node.inside:
        lines.append(f"{counted(node.inside, 'moves')} among these {cards(data)}")
    if node.kpi is not None:
        lines.append(_promise(node.kpi))
    if node.voices is not None:
        score = "" if node.voices.score is None else f", score {_signed(node.voices.score)}"
        if score and node.voices.scored is not None:
            score += f" of {count(node.voices.scored)}"
        lines.append(f"{counted(node.voices.n, 'voices')}{score}")
    return lines


def _promise(kpi: Promise) -> str:
    share = kpi.met / kpi.due if kpi.due else kpi.share
    parts = f"{count(kpi.met)} of {count(kpi.due)} met"
    if share is not None:
        parts += f" ({percent(share, kpi.target)})"
    if kpi.target is not None:
        parts += f", target {percent(kpi.target)}"
    return f"{short(kpi.name)}: {parts}"


def _signed(score: float) -> str:
    whole = round(score)
    return f"+{whole}" if whole > 0 else count(whole)


def _exits(node: MapNode, data: MapData) -> str:
    names = dict(data.outcomes)

    def one(leaving: Exit) -> str:
        return f"{count(leaving.customers)} {short(names.get(leaving.outcome, leaving.outcome))}"

    text = f"{counted(node.left, who(data))} left after it"
    if node.left_value is not None:
        text += f", worth {amount(node.left_value, data)}"
    return text if len(node.exits) < 2 else f"{text}: {', '.join(map(one, node.exits))}"


def nothing() -> tuple[str, ...]:
    """Return what to supply when there is nothing to draw."""
    return (
        "A map needs at least one moment that a customer reached.",
        "Supply events matched to a journey: journey.match(log).graph().plot(),",
        "or draw the events themselves: log.graph().plot().",
    )
