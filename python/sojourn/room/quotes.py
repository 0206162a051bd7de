"""What customers said of a moment, in their own words: a few voices, chosen and cut by rule."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from sojourn.journey_map.text import ELLIPSIS, clean

MOST = 3  # as many as there are groups to choose from
LONGEST = 140
MOST_BYTES = 10_000
_ROUND_IT = 190
_READ = 8 * LONGEST
_LAST_WORD = 30
_JOINER = "\u200d"
_VIRAMA = 9

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice, as far as it can be quoted.

    Attributes
    ----------
    weight
        How much of it is about the moment.
    row
        Its number in the feedback.
    """

    row: int
    weight: float
    text: str
    source: str | None
    day: date
    score: float | None


def cut(text: str) -> str:
    """Return a text on one line, of at most 140 characters: cut between words where it can, never within a letter."""
    line = clean(text[:_READ])
    if len(line) <= LONGEST and len(text) <= _READ:
        return line
    end = min(LONGEST - 1, len(line))
    if len(line) > end and (space := line.rfind(" ", end - _LAST_WORD, end + 1)) > 0:
        end = space
    while 0 < end < len(line) and _goes_on(line, end):
        end -= 1
    return line[:end].rstrip() + ELLIPSIS


def _goes_on(line: str, at: int) -> bool:
    """Return whether a character belongs to the one before: an accent, a part of a conjunct, emoji or flag."""
    letter = line[at]
    return (
        unicodedata.category(letter)[0] == "M"
        or unicodedata.category(letter) in {"Cf", "Sk"}
        or unicodedata.combining(line[at - 1]) == _VIRAMA
        or line[at - 1] == _JOINER
        or "\U0001f1e6" <= letter <= "\U0001f1ff"
    )


def choose(voices: Sequence[Voice]) -> list[Voice]:
    """Return up to three voices that say different things: the weightiest of the low scores, of the high ones, of all.

    Low and high: the lowest and the highest third of the voices that have a score. Of equal weight, the latest.
    """
    order = sorted(voices, key=lambda voice: (-voice.weight, -voice.day.toordinal(), voice.row))
    scores = sorted(voice.score for voice in voices if voice.score is not None)
    low, high = (scores[(len(scores) - 1) // 3], scores[len(scores) - 1 - (len(scores) - 1) // 3]) if scores else (0, 0)
    differ = low < high
    groups = (
        (voice for voice in order if differ and voice.score is not None and voice.score <= low),
        (voice for voice in order if differ and voice.score is not None and voice.score >= high),
        iter(order),
    )
    found: dict[str, Voice] = {}
    read: set[str] = set()
    for most, group in enumerate(groups, start=1):
        for voice in group:
            if len(found) == most:
                break
            if voice.text[:_READ] in read:
                continue
            read.add(voice.text[:_READ])
            said = cut(voice.text)
            if said.strip(ELLIPSIS):
                found.setdefault(said, voice)
    return list(found.values())


def rows(by_moment: Mapping[str, Sequence[Voice]]) -> list[Row]:
    """Return the quotes, moment by moment, as many as the page has room for: first one of each, then a second.

    Parameters
    ----------
    by_moment
        Voices with a text, by the moment that they are about.

    Returns
    -------
    list of dict
        moment, text and source (on one line, cut), date, score; source and score may be None.
    """
    chosen = {moment: choose(voices) for moment, voices in by_moment.items()}
    kept: dict[str, list[Row]] = {moment: [] for moment in chosen}
    left = MOST_BYTES
    for moment, voice in _in_turn(chosen):
        text, source = cut(voice.text), None if voice.source is None else cut(voice.source)
        left -= _ROUND_IT + len((escape(text) + escape(source or "")).encode())
        if left < 0:
            break
        kept[moment].append({"moment": moment, "text": text, "source": source, "date": voice.day, "score": voice.score})
    return [row for of_moment in kept.values() for row in of_moment]


def _in_turn(chosen: Mapping[str, Sequence[Voice]]) -> Iterator[tuple[str, Voice]]:
    for turn in range(MOST):
        for moment, voices in chosen.items():
            if turn < len(voices):
                yield moment, voices[turn]
