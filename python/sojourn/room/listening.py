"""Who was heard of which moment, through which source, and where nobody speaks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sojourn.journey_map.numbers import count, money, signed
from sojourn.journey_map.text import clean

Row = Mapping[str, Any]
FEW = 10
METHODS = {
    "last_touch": "each to the last moment before it",
    "linear": "shared equally among the moments before it",
    "time_decay": "shared among the moments before it, recent ones most",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One moment through one source; `state` is silent, few, heard, or nothing (no occurrence to speak of)."""

    source: str
    voices: float
    speakers: int
    customers: int
    value: float | None
    state: Literal["silent", "few", "heard", "nothing"]


@dataclass(frozen=True, slots=True)
class Heard:
    """One moment: what was said of it by all sources together."""

    name: str
    voices: float
    share: float | None
    score: float | None
    low: float | None
    high: float | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class HeardStage:
    """A stage: its moments, and its voices by source."""

    name: str
    moments: tuple[Heard, ...]
    voices: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Silence:
    """A moment of which one source hears nothing."""

    moment: str
    source: str
    customers: int
    value: float | None


class Listening:
    """The tables of an attribution, read once.

    Parameters
    ----------
    coverage, moments
        Rows of the attribution's tables.
    stages, names
        Id → name, in the journey's order.
    """

    def __init__(
        self, coverage: Sequence[Row], moments: Sequence[Row], stages: Mapping[str, str], names: Mapping[str, str]
    ) -> None:
        ids = tuple(dict.fromkeys(row["source"] for row in coverage))
        self.sources = tuple(_source(key) for key in ids)
        told = [row for row in coverage if row["moment"] is not None]
        rest = {row["source"]: float(row["voices"]) for row in coverage if row["moment"] is None}
        self.unattributed = tuple(rest.get(key, 0.0) for key in ids)
        self.voices = sum(float(row["voices"]) for row in coverage)
        by_moment: dict[str, dict[Any, Cell]] = {}
        for row in told:
            by_moment.setdefault(str(row["moment"]), {})[row["source"]] = _cell(row)
        inside: dict[str, list[Heard]] = {key: [] for key in stages}
        for row in moments:
            key = str(row["moment"])
            cells = by_moment.get(key, {})
            inside.setdefault(str(row["stage"]), []).append(_heard(row, names.get(key, clean(key)), cells, ids))
        self.stages = tuple(
            HeardStage(
                stages.get(key, clean(key)),
                tuple(rows),
                tuple(sum(row.cells[at].voices for row in rows) for at in range(len(ids))),
            )
            for key, rows in inside.items()
            if rows
        )
        silent = [
            Silence(one.name, cell.source, cell.customers, cell.value)
            for stage in self.stages
            for one in stage.moments
            for cell in one.cells
            if cell.state == "silent"
        ]
        self.silent = tuple(sorted(silent, key=lambda s: (-(s.value or 0), -s.customers, s.moment, s.source)))

    @property
    def cells(self) -> int:
        """Number of moments with occurrences × sources."""
        return sum(cell.state != "nothing" for s in self.stages for one in s.moments for cell in one.cells)

    def finding(self, who: str, unit: str | None) -> str:
        """Return the section's title: how many voices, and the greatest silence."""
        text = f"{number(self.voices)} voices"
        if not self.silent:
            return f"{text}; every moment was spoken of through every source"
        most = self.silent[0]
        worth = f" worth {money(most.value, unit)}" if most.value and unit is not None else ""
        where = f"no {most.source} voice of {most.moment}, which {count(most.customers)} {who}{worth} met"
        if len(self.silent) == 1:
            return f"{text}; one silence: {where}"
        return f"{text}; {len(self.silent)} of {self.cells} places are silent: {where}"


def _source(key: object) -> str:
    return "no source named" if key is None else clean(str(key)) or "no name"


def _cell(row: Row) -> Cell:
    voices, occurrences = float(row["voices"]), int(row["occurrences"])
    heard: Literal["silent", "few", "heard", "nothing"] = "few" if voices < FEW else "heard"
    silent: Literal["silent", "nothing"] = "silent" if occurrences else "nothing"
    return Cell(
        source=_source(row["source"]),
        voices=voices,
        speakers=int(row["speakers"]),
        customers=int(row["customers"]),
        value=None if row["value"] is None else float(row["value"]),
        state=heard if voices > 0 else silent,
    )


def _heard(row: Row, name: str, cells: Mapping[Any, Cell], sources: Sequence[Any]) -> Heard:
    nothing = (Cell(_source(key), 0.0, 0, 0, None, "nothing") for key in sources)
    return Heard(
        name=name,
        voices=float(row["voices"]),
        share=row["heard_share"],
        score=row["score"],
        low=row["low"],
        high=row["high"],
        cells=tuple(cells.get(key, empty) for key, empty in zip(sources, nothing, strict=True)),
    )


def number(voices: float) -> str:
    """Write a number of voices: whole, or with a decimal where a method shares voices out."""
    return f"{voices:,.1f}" if voices < 100 and abs(voices - round(voices)) > 1e-9 else count(round(voices))


def score(value: float, scale: str) -> str:
    """Write a score: an NPS whole and with its sign, a share in per cents, a mean with one decimal."""
    if scale == "nps":
        return signed(round(value))
    return f"{value * 100:.0f}%" if scale == "csat" else f"{value:.1f}"
