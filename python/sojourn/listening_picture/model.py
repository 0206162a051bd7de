"""Everything that the picture of listening shows, before anything has a place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from sojourn.journey_map.text import clean

if TYPE_CHECKING:
    from sojourn.attribution import Attribution

Row = Mapping[str, Any]
State = Literal["heard", "few", "silent", "not asked", "nothing"]
Group = Literal["Volunteered", "Asked", "Both or unknown"]
GROUPS: tuple[Group, ...] = ("Volunteered", "Asked", "Both or unknown")
FEW = 10
NONE = 1e-6
UNNAMED = "no source named"


@dataclass(frozen=True)
class ListeningData:
    """What the picture shows.

    Attributes
    ----------
    stages
        (id, name), in the journey's order.
    rows
        Rows of ``attribution.coverage(by="stage")``.
    solicited
        How many voices of each source were asked for, and how many were not.
    met
        Customers who met each stage.
    scale
        ``"nps"``, ``"csat"``, ``"mean"``; None without a score.
    who, unit, period, method
        The plural of a customer; what stands before an amount; the time and the attribution in words.
    """

    stages: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    solicited: Mapping[str | None, tuple[int, int]]
    met: Mapping[str, int]
    scale: str | None = None
    who: str = "customers"
    unit: str | None = None
    period: str = ""
    method: str = ""

    @cached_property
    def by_place(self) -> dict[tuple[str | None, str | None], Row]:
        """The rows by stage and source."""
        return {(row["stage"], row["source"]): row for row in self.rows}

    @cached_property
    def voices(self) -> float:
        """All voices."""
        return voices(self.rows)

    @cached_property
    def sources(self) -> tuple[tuple[str | None, Group], ...]:
        """The sources, by group, those of most voices first."""
        found = {row["source"] for row in self.rows}
        said = {source: voices(row for row in self.rows if row["source"] == source) for source in found}
        group = {source: self.group(source) for source in found}
        keys = sorted(found, key=lambda s: (GROUPS.index(group[s]), -said[s], s is None, s or ""))
        return tuple((source, group[source]) for source in keys)

    @property
    def has_value(self) -> bool:
        """Whether the log has values."""
        return any(row["value"] is not None for row in self.rows)

    def group(self, source: str | None) -> Group:
        """Return whether a source asks or is spoken to unasked."""
        asked, unasked = self.solicited.get(source, (0, 0))
        if bool(asked) == bool(unasked):
            return "Both or unknown"
        return "Asked" if asked else "Volunteered"

    def state(self, row: Row) -> State:
        """Return what a cell says.

        A source that asks and has no voice: nobody was asked, or nobody answered; feedback holds answers only.
        """
        if row["silent"]:
            return "not asked" if self.group(row["source"]) == "Asked" else "silent"
        if row["voices"] >= FEW - NONE:
            return "heard"
        return "few" if row["voices"] > NONE else "nothing"

    @cached_property
    def silent(self) -> tuple[Row, ...]:
        """Places where customers passed and nobody spoke unasked, those of most value (then customers) first."""
        found = [row for row in self.rows if row["stage"] is not None and self.state(row) == "silent"]
        return tuple(sorted(found, key=lambda row: (-(row["value"] or 0), -row["customers"])))


def voices(rows: Iterable[Row]) -> float:
    """Return the sum of the rows' voices."""
    return math.fsum(row["voices"] for row in rows)


def total(rows: Sequence[Row], column: str) -> float | None:
    """Return the sum of a column, None where no row has it."""
    known = [row[column] for row in rows if row[column] is not None]
    return math.fsum(known) if known else None


def source_name(source: str | None) -> str:
    """Return what a source is called, fit to be written."""
    return UNNAMED if source is None else clean(source) or "(empty)"


def from_attribution(attribution: Attribution, *, who: str = "customers", unit: str | None = None) -> ListeningData:
    """Read what the picture shows from an attribution.

    Parameters
    ----------
    attribution
        Which moment each voice speaks of.
    who, unit
        The plural of a customer; what stands before an amount, such as ``"$"``.
    """
    import duckdb

    settings, matches = attribution._settings, attribution.matches
    columns = attribution.feedback.to_dict()
    sources = columns[settings["source"]] if settings.get("source") else ["feedback"] * len(attribution)
    asked = columns[settings["solicited"]] if settings.get("solicited") else [None] * len(attribution)
    solicited: dict[str | None, tuple[int, int]] = {}
    for source, one in zip(sources, asked, strict=True):
        yes, no = solicited.get(source, (0, 0))
        solicited[source] = (yes + (one is True), no + (one is False))
    passed = duckdb.connect().from_arrow(matches.occurrences()) if len(matches) else None
    met = passed.aggregate("stage, count(distinct customer)").fetchall() if passed else []
    start, end = matches.log.span
    return ListeningData(
        stages=tuple((stage.id, stage.name or stage.id) for stage in matches.journey.stages),
        rows=tuple(attribution.coverage(by="stage").rows()),
        solicited=solicited,
        met=dict(sorted(met)),
        scale=attribution.scale if settings.get("score") else None,
        who=who,
        unit=unit,
        period=f"{start:%b %Y} \u2013 {end:%b %Y}",
        method=f"{_METHODS[attribution.method]}, up to {attribution.horizon} after",
    )


_METHODS = {
    "declustering": "Voices attributed by the fitted model",
    "last_touch": "Each voice to the last moment before it",
    "linear": "Each voice in equal parts to all moments before it",
    "time_decay": "Each voice to the moments before it, less to earlier ones",
}
