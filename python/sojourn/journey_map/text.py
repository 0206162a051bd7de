"""Text that fits: cleaning, a pessimistic measure, wrapping, shortening.

No font is at hand when a picture is laid out and the reader's may be any sans, so widths come from a table of the
widest one in common use. What the table does not know counts as wide.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

ELLIPSIS = "\u2026"
_REGULAR = (
    "32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 "
    "100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 "
    "50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84"
)
_BOLD = (
    "35 46 52 84 70 100 87 31 46 46 52 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 58 "
    "100 77 76 73 83 68 68 82 84 37 37 77 64 100 84 85 73 85 77 72 68 81 77 110 77 72 73 46 37 46 84 50 "
    "50 67 72 59 72 68 44 72 71 34 34 67 34 104 71 69 72 72 49 60 48 71 65 92 65 65 58 71 37 71 84"
)
_WIDTHS = {weight: dict(enumerate(map(int, table.split()), 32)) for weight, table in ((False, _REGULAR), (True, _BOLD))}
_PUNCTUATION = {"\u2212": 84, "\u2013": 52, "\u2014": 100, "\u2026": 100, "\u00b7": 38, "\u2192": 84, "\u00d7": 84}
_UNKNOWN = 115
_WIDE = 135
_HUGE = 260
_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff\ufeff")
_ZERO = frozenset({"Mn", "Me", "Cf"})


def clean(text: str) -> str:
    """Return `text` fit for XML and for one line.

    Control characters and line ends become spaces, lone surrogates the replacement character; marks that would turn
    the direction of what follows are taken out, and no letter keeps more than two combining marks.
    """
    kept: list[str] = []
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > 2 or letter in _MARKS or (ord(letter) & 0xFFFE) == 0xFFFE:
            continue
        kept.append("\ufffd" if category == "Cs" else " " if category in {"Cc", "Zl", "Zp"} else letter)
    return " ".join("".join(kept).split())


@lru_cache(maxsize=4096)
def _letter(letter: str, bold: bool) -> int:
    """Return the width of a character in hundredths of the font size, rather too wide than too narrow."""
    code = ord(letter)
    if code in _WIDTHS[bold]:
        return _WIDTHS[bold][code]
    if letter in _PUNCTUATION:
        return _PUNCTUATION[letter]
    if unicodedata.category(letter) in _ZERO:
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return _WIDE
    parts = unicodedata.normalize("NFKD", letter)
    if parts != letter:
        return sum(_letter(part, bold) for part in parts) + 2
    if code >= 0x12000 and code < 0x12550:
        return _HUGE
    return _UNKNOWN


def width(text: str, size: float, bold: bool = False) -> float:
    """Return how wide `text` is at most, in pixels, at a font size in pixels."""
    return sum(_letter(letter, bold) for letter in text) * size / 100


def shorten(text: str, room: float, size: float, bold: bool = False) -> str:
    """Return `text`, or as much of it as fits in `room` pixels with an ellipsis."""
    if width(text[: int(room) + 1], size, bold) <= room and len(text) <= room:
        return text
    left = room - width(ELLIPSIS, size, bold)
    kept = 0
    for letter in text:
        left -= _letter(letter, bold) * size / 100
        if left < 0:
            break
        kept += 1
    while kept and kept < len(text) and unicodedata.category(text[kept]) in _ZERO:
        kept -= 1
    return text[:kept].rstrip() + ELLIPSIS


def wrap(text: str, room: float, size: float, bold: bool = False, lines: int = 3) -> tuple[str, ...]:
    """Break `text` into at most `lines` lines of `room` pixels.

    A word too long for a line is split; what finds no line is shortened, a letter wider than a line left out.
    """
    if not text:
        return ("",)
    words = _pieces(text[: int(room) * lines + 1].split(), room, size, bold)
    done: list[str] = []
    line = ""
    for at, (word, joined) in enumerate(words):
        longer = word if not line else line + ("" if joined else " ") + word
        if not line or width(longer, size, bold) <= room:
            line = longer
        elif len(done) == lines - 1:
            rest = "".join(("" if glued else " ") + piece for piece, glued in words[at:])
            return (*done, shorten(line + rest, room, size, bold))
        else:
            done.append(line)
            line = word
    return (*done, shorten(line, room, size, bold))


def _pieces(words: Iterable[str], room: float, size: float, bold: bool) -> list[tuple[str, bool]]:
    """Split words wider than a line; each piece says whether it joins the one before without a space."""
    pieces: list[tuple[str, bool]] = []
    for word in words:
        start = 0
        while width(word[start:], size, bold) > room and len(word) - start > 1:
            cut = start + 1
            while width(word[start : cut + 1], size, bold) <= room:
                cut += 1
            piece = word[start:cut]
            pieces.append((piece if width(piece, size, bold) <= room else ELLIPSIS, start > 0))
            start = cut
        last = word[start:]
        pieces.append((last if width(last, size, bold) <= room else ELLIPSIS, start > 0))
    return pieces
