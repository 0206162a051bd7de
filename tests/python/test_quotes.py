"""Voices in their own words: chosen by rule, cut between letters, never alive."""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sojourn as sj
from sojourn.journey_map.text import ELLIPSIS, clean
from sojourn.room import quotes
from test_room import HOSTILE, Page, check_accessible, check_offline, feedback_of, journey_of, log_of

ACCENT, JOINER, DAY = "\u0301", "\u200d", date(2026, 3, 1)


def voice(row: int, weight: float = 1, score: float | None = None, **more: Any) -> quotes.Voice:
    return quotes.Voice(
        **{
            "row": row,
            "weight": weight,
            "score": score,
            "day": DAY,
            "source": "a",
            **more,
            "text": more.get("text", f"voice {row}"),
        }
    )


def room(texts: list[str | None], method: str = "linear", **roles: str) -> sj.Room:
    journey = journey_of(list("abc"), ["Buy", "Use"], ["Order", "Call", "Visit"], ["e0", "e1", "e2"])
    matches = journey.match(log_of(3, 3, 80))
    said = feedback_of(matches.log) | {"text": [texts[at % len(texts)] for at in range(400)]}
    return sj.Room(
        matches, matches.attribute(said, method=method, score="score", **{"source": "source", **roles}), draws=5
    )


def shown(html: str) -> list[str]:
    return re.findall(r"<p>“<bdi>(.*?)</bdi>”", html, re.DOTALL)


# --- cut ------------------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_a_cut_text_is_a_line_that_begins_as_it_did(text: str) -> None:
    said, whole = quotes.cut(text), clean(text)
    assert len(said) <= quotes.LONGEST and "\n" not in said
    if said != whole:
        assert said.endswith(ELLIPSIS) and whole.startswith(said[: -len(ELLIPSIS)]) and len(whole) > quotes.LONGEST


def test_it_is_cut_between_words_and_never_within_a_letter() -> None:
    assert quotes.cut("word " * 28) == " ".join(["word"] * 28)
    assert quotes.cut("word " * 50) == " ".join(["word"] * 28) + ELLIPSIS
    assert quotes.cut("x" * 141) == "x" * 139 + ELLIPSIS
    for letter in ("e" + ACCENT, "👩" + JOINER + "👩" + JOINER + "👧", "🇩🇪", "👍🏽", "क्षि"):
        for lead in range(12):
            text = "x" * (130 + lead) + letter * 8
            kept = quotes.cut(text)[:-1]
            rest = text[len(kept) :]
            assert text.startswith(kept) and rest
            assert unicodedata.category(rest[0])[0] != "M" and rest[0] != JOINER and kept[-1] != JOINER
            assert kept == "x" * len(kept) or (len(kept) - 130 - lead) % len(letter) == 0, (letter, kept)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00\x07", "\u202e\u2066", " " * 5_000])
def test_nothing_to_show_is_not_shown(text: str) -> None:
    assert quotes.cut(text).strip(ELLIPSIS) == ""
    assert quotes.choose([voice(0, text=text)]) == []


def test_a_megabyte_is_cut_at_once() -> None:
    for text in ("a" * 1_000_000, ACCENT * 1_000_000, "\u202e" * 999_990 + "b", "\x00" * 1_000_000):
        assert len(quotes.cut(text)) <= quotes.LONGEST


# --- choose ---------------------------------------------------------------------------------------


def test_the_weightiest_low_high_and_any_are_chosen() -> None:
    voices = [
        voice(0, 0.9, None),
        voice(1, 0.8, 10.0),
        voice(2, 0.3, 1.0),
        voice(3, 0.4, 0.0),
        voice(4, 0.1, 9.0),
        voice(5, 0.7, 5.0),
        voice(6, 0.6, 5.0),
    ]
    assert [one.row for one in quotes.choose(voices)] == [3, 1, 0]
    assert quotes.choose(voices[::-1]) == quotes.choose(voices)
    assert [one.row for one in quotes.choose([voice(at, at, 7.0) for at in range(5)])] == [4, 3, 2]
    older = [voice(at, at, day=DAY - timedelta(days=at)) for at in range(5)]
    assert [one.row for one in quotes.choose(older)] == [4, 3, 2]
    assert quotes.choose([]) == []


def test_equal_weights_show_the_latest_and_equal_words_show_once() -> None:
    days = [voice(at, day=DAY + timedelta(days=at % 3), text=f"text {at % 3}") for at in range(9)]
    assert [one.row for one in quotes.choose(days)] == [2, 1, 0]
    assert len(quotes.choose([voice(at, text=" same\n" + " " * at) for at in range(5)])) == 1


def test_every_moment_has_a_first_quote_before_any_has_a_second() -> None:
    by_moment = {f"m{at}": [voice(n, text=f"{at} {n} " + "ü" * 200) for n in range(9)] for at in range(20)}
    rows = quotes.rows(by_moment)
    told = [sum(row["moment"] == moment for row in rows) for moment in by_moment]
    assert max(told) - min(told) == 1 and max(told) > 1
    assert sum(len(row["text"].encode()) for row in rows) < quotes.MOST_BYTES
    assert [row["moment"] for row in rows] == sorted((row["moment"] for row in rows), key=list(by_moment).index)


# --- the page -------------------------------------------------------------------------------------


def test_the_page_quotes_voices_of_the_moment() -> None:
    made = room([f"Said number {at}" for at in range(400)], method="last_touch")
    page = check_offline(made.html)
    check_accessible(page)
    attribution = made._attribution
    assert attribution is not None
    voices = attribution.feedback.rows()
    assert "text" not in attribution.feedback.columns  # no role, no quotes
    assert shown(made.html) == []

    made = room([f"Said number {at}" for at in range(400)], method="last_touch", text="text")
    assert made._attribution is not None
    voices, weights = made._attribution.feedback.rows(), made._attribution.weights().rows()
    moment_of = {row["feedback"]: row["moment"] for row in weights}
    blocks = re.findall(r"<div><strong><bdi>(\w+)</bdi></strong>(<p>.*?)</div>", made.html)
    assert [name for name, _ in blocks] == ["Order", "Call", "Visit"]
    for (_, block), moment in zip(blocks, "abc", strict=True):
        said = re.findall(r"“<bdi>Said number (\d+)</bdi>”<span><bdi>(.*?)</bdi>", block)
        assert len(said) == 3
        marks = []
        for number, about in said:
            one = voices[int(number)]
            assert moment_of[int(number)] == moment
            score = "no score" if one["score"] is None else f"{one['score']} of 10"
            assert about == f"{one['source']}, {one['time'].day} {one['time']:%B %Y}, {score}"
            marks.append(one["score"])
        assert marks[0] <= 4 and marks[1] >= 6
    assert made.html == room([f"Said number {at}" for at in range(400)], method="last_touch", text="text").html
    assert made.fingerprint != room(["Other"], method="last_touch", text="text").fingerprint


def test_hostile_voices_stay_text_and_within_the_budget() -> None:
    draw = random.Random(1)
    long = ["<b>&" * 250_000, "\u202e" + "ש" * 1_000_000, "\x00\x1b[2J\r\n" * 200_000, "e" + ACCENT * 1_000_000]
    texts = [*HOSTILE, *long, "</bdi></p></section><script>", "{{ 7 * 7 }}{% raw %}", None, ""]
    draw.shuffle(texts)
    html = room(texts, text="text").html
    assert len(room(texts, source="text").html.encode()) < 300_000  # sources may be as long
    page = check_offline(html)
    check_accessible(page)
    assert len(html.encode()) < 300_000 and 3 < len(shown(html)) <= 9
    for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b":
        assert mark not in html
    assert "<script" not in html and "<b>&" not in html


@pytest.mark.parametrize("text", [*HOSTILE, "</bdi></p></section><script>alert(1)</script>"])
def test_each_hostile_voice_is_quoted_as_text(text: str) -> None:
    html = room([text], text="text").html
    quoted = shown(check_offline(html) and html)
    assert len(quoted) == 3  # one a moment: equal words show once
    assert "".join(Page("<p>" + quoted[0] + "</p>").words) == quotes.cut(text)


def test_a_model_says_that_it_is_one() -> None:
    page = check_offline(room(["Fine"], method="declustering", text="text").html)
    assert "Attributed by a model: a voice is shared among the moments before it" in page.text
    assert "a convention, no model" not in page.text and "declustering" not in page.text
    assert re.search(r"\d% of what was said is about no moment", page.text)
    assert "By the model: " in page.text and "200 refits of the model" in page.text
    assert "adjusted Wald" not in page.text
