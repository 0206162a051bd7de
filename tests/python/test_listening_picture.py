"""The picture of listening: its numbers, its words, and whether it can be read, on hand-made rows and a small world."""

from __future__ import annotations

import itertools
import random
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import sojourn as sj
from sojourn.journey_map import resolve
from sojourn.listening_picture import Layout, ListeningData, ListeningPicture
from test_journey_map_readable import HOSTILE, check_contrast, check_inert


def row(stage: str | None, source: str | None, voices: float, customers: int = 50, **more: Any) -> dict[str, Any]:
    """Return a row of coverage by stage."""
    placed = stage is not None
    speakers = min(round(voices), customers)
    made: dict[str, Any] = {
        "stage": stage,
        "source": source,
        "voices": voices,
        "occurrences": 2 * customers if placed else None,
        "customers": customers if placed else None,
        "speakers": speakers,
        "score": None,
        "scored": 0.0,
        "value": 100.0 * customers if placed else None,
        "value_of_speakers": 100.0 * speakers,
        "silent_customers": customers - speakers if placed else None,
        "silent_value": 100.0 * (customers - speakers) if placed else None,
        "silent": voices < 0.5 and customers > 0 if placed else None,
    }
    return {**made, **more}


def some(seed: int, names: tuple[str, ...], largest: int = 10**6) -> ListeningData:
    """Return some listening, with every state."""
    chance = random.Random(seed)
    pick = chance.choice
    scale = pick(["nps", "csat", "mean", None])
    stages = tuple((f"s{at}", pick(names)) for at in range(chance.randint(1, 12)))
    sources = [None, *(f"{at} {pick(names)}" for at in range(chance.randint(1, 9)))]
    rows = []
    for source, stage in itertools.product(sources, [*(key for key, _ in stages), None]):
        voices = pick([0.0, 0.2, 9.0, 10.0, 0.5 * chance.randint(0, largest)])
        score = {"nps": chance.uniform(-100, 100), "csat": 0.7, "mean": -4.2}.get(scale or "") if voices else None
        rows.append(row(stage, source, voices, pick([0, 1, largest]), score=score, scored=voices if scale else 0.0))
    return ListeningData(
        stages=stages,
        rows=tuple(rows),
        solicited={source: pick([(0, 0), (9, 0), (0, 9), (2, 3)]) for source in sources},
        met={key: largest for key, _ in stages},
        scale=scale,
        who=pick(["households", pick(names)]),
        unit=pick(["$", None, pick(names)]),
        period=pick(names),
        method="Each voice to the last moment before it",
    )


def check_room(placed: Layout) -> None:
    """Assert that no cells overlap, no words do, that words of a cell stay in it, and all in the picture."""
    for one, other in itertools.combinations([cell.box for cell in placed.cells], 2):
        assert one.right < other.x or other.right < one.x or one.bottom < other.y or other.bottom < one.y
    for cell in placed.cells:
        for _, line in cell.lines:
            assert cell.box.x <= line.left
            assert line.left + line.room <= cell.box.right
            assert cell.box.y + line.size * 0.8 <= line.y <= cell.box.bottom
    lines = [*placed.title, *placed.caption, *(line for _, line, _ in placed.words)]
    lines += [line for cell in placed.cells for _, line in cell.lines]
    for line in lines:
        assert line.left >= 0, line
        assert line.left + line.room <= placed.width, line
        assert line.y <= placed.height - 4, line
    for one, other in itertools.combinations([line for line in lines if line.text], 2):
        beside = one.left + one.room <= other.left + 0.01 or other.left + other.room <= one.left + 0.01
        apart = abs(one.y - other.y) >= 0.9 * min(one.size, other.size)
        assert beside or apart, (one, other)
    for words in (*placed.title, *placed.caption, *(line for _, line, _ in placed.words)):
        for cell in placed.cells:
            over = words.left < cell.box.right and cell.box.x < words.left + words.room
            assert not (over and cell.box.y < words.y < cell.box.bottom + words.size * 0.8), (words, cell.about)


# --- any listening ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(60))
def test_any_listening_can_be_read(seed: int) -> None:
    data = some(seed, ("Claim", "Renew or Leave", "complaints incl. regulator", *HOSTILE))
    picture = ListeningPicture(data)
    check_room(picture.layout)
    assert min(float(size) for size in re.findall(r'font-size="([\d.]+)"', picture.svg)) >= 11.0
    for markup in (picture.svg, picture.html(), picture._repr_html_()):
        check_inert(markup)
    ElementTree.fromstring(picture.svg)
    for theme in ("light", "dark"):
        assert check_contrast(resolve(picture.svg, theme)) >= 5.1
    assert picture.html() == ListeningPicture(data).html()
    assert len(picture.layout.cells) + sum(r["stage"] is None for r in data.rows) * (
        not any(r["stage"] is None and r["voices"] for r in data.rows)
    ) == len(data.rows)


# --- what it says ----------------------------------------------------------------------------------


def test_states_are_told_apart() -> None:
    rows = (
        row("a", "calls", 12.0, score=-41.0, scored=12.0),
        row("b", "calls", 0.0),
        row("c", "calls", 0.0, customers=0),
        row("a", "survey", 0.0),
        row("b", "survey", 9.99, score=80.0, scored=9.99),
        row("c", "survey", 30.0, score=41.0, scored=9.0),
        row("a", "notes", 0.0, customers=70),
        row("b", "notes", 10.0, score=0.0, scored=10.0),
        row("c", "notes", 11.0),
    )
    data = ListeningData(
        stages=(("a", "A"), ("b", "B"), ("c", "C")),
        rows=rows,
        solicited={"calls": (0, 5), "survey": (5, 0), "notes": (2, 2)},
        met={"a": 70, "b": 50, "c": 0},
        scale="nps",
        unit="$",
    )
    picture = ListeningPicture(data)
    states = {(r["source"], r["stage"]): (r["group"], r["state"]) for r in picture.data}
    assert states == {
        ("calls", "a"): ("Volunteered", "heard"),
        ("calls", "b"): ("Volunteered", "silent"),
        ("calls", "c"): ("Volunteered", "nothing"),
        ("survey", "a"): ("Asked", "not asked"),
        ("survey", "b"): ("Asked", "few"),
        ("survey", "c"): ("Asked", "heard"),
        ("notes", "a"): ("Both or unknown", "silent"),
        ("notes", "b"): ("Both or unknown", "heard"),
        ("notes", "c"): ("Both or unknown", "heard"),
    }
    shown = [(cell.tone, [line.text for _, line in cell.lines]) for cell in picture.layout.cells]
    assert shown == [
        (0, ["12", "\u221241"]),
        (None, ["silent"]),
        (None, ["nothing to hear"]),
        (None, ["not asked"]),
        (None, ["10", "too few"]),
        (None, ["30"]),
        (None, ["silent"]),
        (3, ["10", "0"]),
        (None, ["11"]),
    ]
    assert picture.title == (
        "73 voices heard; 2 places where nobody is listening, the largest A through notes: 70 customers worth $7k"
    )
    assert picture.svg.count("stroke-dasharray") == 1
    assert picture.svg.count('-silent" x=') == 3


def test_long_names_leave_room_for_the_finding() -> None:
    for name in HOSTILE:
        data = ListeningData((("a", name),), (row("a", name, 0.0),), {}, {"a": 50}, who=name, unit="$")
        picture = ListeningPicture(data)
        check_room(picture.layout)
        assert "".join(line.text for line in picture.layout.title).endswith("$5k")


def test_other_scales_have_no_tone() -> None:
    for scale, score, words in (("csat", 0.83, "83%"), ("mean", 4.214, "4.21")):
        data = ListeningData(
            (("a", "A"),), (row("a", "x", 20.0, score=score, scored=20.0),), {}, {"a": 50}, scale=scale
        )
        (cell,) = ListeningPicture(data).layout.cells
        assert (cell.tone, cell.lines[1][1].text) == (None, words)


def test_nothing_to_show_says_what_to_supply() -> None:
    picture = ListeningPicture(ListeningData((("a", "A"),), (), {}, {}))
    assert "solicited=" in picture.title
    assert "solicited=" in picture.html()
    ElementTree.fromstring(picture.svg)


def attribution(values: bool = True, **more: Any) -> sj.Attribution:
    """Return a world that can be counted by hand: ann, bob and cem buy, ann and bob claim."""
    day = [datetime(2026, 3, at) for at in range(1, 29)]
    events: dict[str, Any] = {
        "customer": ["ann", "ann", "bob", "bob", "cem"],
        "time": [day[0], day[9], day[1], day[10], day[2]],
        "event": ["buy", "claim", "buy", "claim", "buy"],
    }
    if values:
        events["value"] = [100.0, 0.0, 30.0, 0.0, 7.0]
    moments = [sj.Moment(name, name, when=sj.event(name)) for name in ("buy", "claim")]
    feedback = {
        "customer": ["ann"] * 11 + ["bob", "cem"],
        "time": [day[1]] * 11 + [day[12], day[4]],
        "source": ["calls"] * 11 + ["survey", "calls"],
        "solicited": [False] * 11 + [True, False],
        "score": [10] * 11 + [2, 0],
    }
    log = sj.EventLog(events, value="value" if values else None)
    columns = {"source": "source", "solicited": "solicited", "score": "score", "method": "last_touch"}
    return sj.Journey(["buy", "claim"], moments).match(log).attribute(feedback, **{**columns, **more})


def test_golden_counts_of_a_small_world() -> None:
    picture = attribution().plot(unit="$")
    assert (
        picture.title
        == "13 voices heard; 1 place where nobody is listening, claim through calls: 2 customers worth $130"
    )
    keys = ("group", "source", "stage", "state", "voices", "silent_customers", "silent_value")
    assert [tuple(r[key] for key in keys) for r in picture.data] == [
        ("Volunteered", "calls", "buy", "heard", 12.0, 1, 30.0),
        ("Volunteered", "calls", "claim", "silent", 0.0, 2, 130.0),
        ("Volunteered", "calls", None, "nothing", 0.0, None, None),
        ("Asked", "survey", "buy", "not asked", 0.0, 3, 137.0),
        ("Asked", "survey", "claim", "few", 1.0, 1, 100.0),
        ("Asked", "survey", None, "nothing", 0.0, None, None),
    ]
    words = [line.text for _, line, _ in picture.layout.words]
    for expected in ("12 voices", "on 3 customers", "1 voice", "on 2 customers", "$107", "$160", "$30", "$237"):
        assert expected in words
    assert "Mar 2026" in picture.svg
    assert "Value of those who spoke" in picture.html()


def test_a_log_without_values_and_feedback_without_columns() -> None:
    picture = attribution(values=False, source=None, solicited=None, score=None).plot()
    assert "worth" not in picture.svg
    assert "Value" not in picture.svg
    assert {r["group"] for r in picture.data} == {"Both or unknown"}
    assert picture.title.startswith(
        "13 voices heard, some at every place that listens; fewest at claim: 1 on 2 customers"
    )


def test_it_saves(tmp_path: Path) -> None:
    picture = attribution().plot()
    assert len({attribution().plot().html() for _ in range(20)}) == 1
    for suffix in ("html", "svg", "png"):
        picture.save(tmp_path / f"p.{suffix}")
        assert (tmp_path / f"p.{suffix}").stat().st_size > 1000
    assert 'role="img"' in picture.svg
    assert f'aria-label="{picture.title}"' in picture.svg
    with pytest.raises(ValueError, match="picture of listening saves as"):
        picture.save(tmp_path / "p.pdf")
