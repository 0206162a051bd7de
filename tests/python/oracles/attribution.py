"""What each voice is about, as docs/listening.md says it, over plain rows and as slowly as it likes.

Occurrences are the rows of `Matches.occurrences` in their order, voices dicts with the keys customer, time, source,
score, key, moment (a missing or None cell is a null); times are microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]
Windows = Mapping[str, tuple[int, int]]
Opens = Callable[[int], int]  # an instant less the horizon


def linked(occurrences: Sequence[Row], voice: Row, opens: Opens) -> tuple[list[int], str]:
    """Numbers of the occurrences that a voice may be about, and how it came to them."""
    before = [i for i, o in enumerate(occurrences) if o["customer"] == voice["customer"] and o["time"] <= voice["time"]]
    recent = [i for i in before if occurrences[i]["time"] >= opens(voice["time"])]
    key, moment = voice.get("key"), voice.get("moment")
    same_key = [i for i in before if key is not None and occurrences[i]["key"] == key]
    if moment is not None:
        both = [i for i in same_key if occurrences[i]["moment"] == moment]
        return both or [i for i in recent if occurrences[i]["moment"] == moment], "named"
    return (same_key, "key") if same_key else (recent, "model")


def weigh(times: Sequence[int], method: str, half_life: int) -> list[float | Fraction]:
    """The weights of candidates in log order."""
    if method == "last_touch":
        return [Fraction(int(i == len(times) - 1)) for i in range(len(times))]
    if method == "linear":
        return [Fraction(1, len(times)) for _ in times]
    parts = [2.0 ** ((t - max(times)) / half_life) for t in times]
    return [part / sum(parts) for part in parts]


def weights(
    occurrences: Sequence[Row], voices: Sequence[Row], opens: Opens, method: str, half_life: int
) -> list[tuple[int, int | None, Any, str]]:
    """Rows of voice, occurrence (None: about none), weight, how. A last touch lists only what it touches."""
    out: list[tuple[int, int | None, Any, str]] = []
    for v, voice in enumerate(voices):
        found, how = linked(occurrences, voice, opens)
        shares = weigh([occurrences[i]["time"] for i in found], method, half_life)
        rows = [(v, i, w, how) for i, w in zip(found, shares, strict=True) if method != "last_touch" or w]
        out += rows or [(v, None, Fraction(1), "unattributed")]
    return out


def _windows(voices: Sequence[Row], observed: Windows | None, opens: Opens) -> dict[str | None, tuple[float, float]]:
    """From when to when each source could hear of an occurrence."""
    always = (float("-inf"), float("inf"))
    out: dict[str | None, tuple[float, float]] = {voice["source"]: always for voice in voices}
    for source, (start, end) in (observed or {}).items():
        out[source] = (opens(start), end)
    return dict(sorted(out.items(), key=lambda item: (item[0] is not None, item[0] or "")))


def nps(marks: Sequence[tuple[int, Any]]) -> float | None:
    """Adjusted Wald score of (score, weight) pairs; weights that round to 0 at 2^-40 say nothing."""
    marks = [(score, w) for score, w in marks if round(w * 2**40)]
    total = sum(float(w) for _, w in marks)
    promoters = sum(float(w) for s, w in marks if s >= 9) + 0.75
    detractors = sum(float(w) for s, w in marks if s <= 6) + 0.75
    return 100 * (promoters - detractors) / (total + 3) if total > 0 else None


def moments(
    occurrences: Sequence[Row],
    voices: Sequence[Row],
    rows: Sequence[tuple[int, int | None, Any, str]],
    journey: Sequence[str],
    observed: Windows | None,
    opens: Opens,
) -> list[tuple[str, float, float | None, float | None, float | None]]:
    """Rows of moment, voices, heard_share, score, delay."""
    windows = _windows(voices, observed, opens).values() if observed is not None else [(float("-inf"), float("inf"))]
    out = []
    for moment in journey:
        mine = [
            (voices[v], occurrences[i], w)
            for v, i, w, _ in rows
            if i is not None and occurrences[i]["moment"] == moment
        ]
        could = sum(
            o["moment"] == moment and any(start <= o["time"] <= end for start, end in windows) for o in occurrences
        )
        said = float(sum(w for _, _, w in mine))
        delay = sum(float(w) * (voice["time"] - o["time"]) / 1e6 for voice, o, w in mine)
        score = nps([(voice["score"], w) for voice, _, w in mine if voice["score"] is not None])
        out.append(
            (
                moment,
                said,
                said / could if could else None,
                score,
                delay / said if any(round(w * 2**40) for *_, w in mine) else None,
            )
        )
    return out


def coverage(
    occurrences: Sequence[Row],
    voices: Sequence[Row],
    rows: Sequence[tuple[int, int | None, Any, str]],
    journey: Sequence[str],
    observed: Windows | None,
    opens: Opens,
    worth: Mapping[Any, float],
    place_of: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Rows of a place, source, and what `Attribution.coverage` says of them; place None: about none.

    `journey` lists the places; `place_of` has the place of each moment (None: each is its own).
    """
    out = []
    windows = _windows(voices, observed, opens)
    places = [o["moment"] if place_of is None else place_of[o["moment"]] for o in occurrences]
    for place in [*journey, None]:
        for source, (start, end) in windows.items():
            met = [o for at, o in zip(places, occurrences, strict=True) if at == place and start <= o["time"] <= end]
            mine = [
                (voices[v], w)
                for v, i, w, _ in rows
                if voices[v]["source"] == source and place == (None if i is None else places[i])
            ]
            customers = {o["customer"] for o in met}
            said: dict[Any, Any] = {}
            for voice, w in mine:
                said[voice["customer"]] = said.get(voice["customer"], 0) + w
            speakers = {customer for customer, w in said.items() if w >= 0.5 - 1e-9}
            quiet = customers - speakers
            out.append(
                {
                    "stage" if place_of else "moment": place,
                    "source": source,
                    "voices": float(sum(w for _, w in mine)),
                    "occurrences": len(met) if place else None,
                    "customers": len(customers) if place else None,
                    "speakers": len(speakers),
                    "score": nps([(voice["score"], w) for voice, w in mine if voice["score"] is not None]),
                    "value": sum(worth.get(c, 0.0) for c in customers) if place else None,
                    "value_of_speakers": sum(worth.get(c, 0.0) for c in speakers),
                    "silent": bool(met) and sum(w for _, w in mine) < 0.5 - 1e-9 if place else None,
                    "scored": float(sum(w for voice, w in mine if voice["score"] is not None)),
                    "silent_customers": len(quiet) if place else None,
                    "silent_value": float(sum(worth.get(c, 0.0) for c in quiet)) if place else None,
                }
            )
    return out
