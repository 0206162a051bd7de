"""What happens at the moments, where customers leave, and what is not on the map."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.journey_map.numbers import count, counted
from sojourn.journey_map.text import clean

from . import kpis as promises
from . import worth
from .kpis import Change, Kpi

Row = Mapping[str, Any]
START, OBSERVED = "START", "observed"
MOST_LEAVING = 10
MOST_UNMAPPED = 20


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of truth and what came of it.

    Attributes
    ----------
    left, left_value
        Customers who left after it, it being their last moment; all that they were worth.
    change
        Its promise in one quarter, beside the time before; None where either has nothing due.
    """

    key: str
    name: str
    stage: str
    kind: str
    accountable: str
    shared: tuple[str, ...]
    occurrences: int
    customers: int
    per_customer: float | None
    undecided: int
    left: int
    left_value: float | None
    kpi: Kpi | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with its moments, from the customer's point of view."""

    name: str
    goal: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A moment that customers left after.

    Attributes
    ----------
    first
        No moment: they left before any.
    then
        They left by way of one more moment, which everyone left after.
    """

    name: str
    first: bool
    then: str
    stage: str
    accountable: str
    shared: tuple[str, ...]
    customers: int
    of: int
    value: float | None
    outcomes: tuple[tuple[str, int], ...]
    before: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Chance:
    """The share of visits to a moment that led to an outcome."""

    name: str
    at_risk: int
    probability: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Ending:
    """An outcome, and how often each moment led to it."""

    name: str
    customers: int
    chances: tuple[Chance, ...]

    @property
    def finding(self) -> str:
        """The highest and the lowest share."""
        told = [chance for chance in self.chances if chance.at_risk]
        if not told:
            return self.name
        high, low = max(told, key=_probability), min(told, key=_probability)
        text = f"{self.name}: {worth.share(high.probability)} of the visits to {high.name} led to it"
        if low.probability == high.probability:
            return text
        return f"{text}, {worth.share(low.probability)} of those to {low.name}"


def _probability(chance: Chance) -> float:
    return chance.probability


class Moments:
    """The tables of a match and of its graph, read once.

    Parameters
    ----------
    journey
        The journey as a dict, as its file has it.
    moments, kpis
        Rows of the match's tables.
    nodes, edges, exits, absorption
        Rows of its graph's tables.
    kpis_before, kpis_after
        Rows of the match's KPIs before one quarter, and in it.
    """

    def __init__(
        self,
        journey: Row,
        *,
        moments: Sequence[Row],
        kpis: Sequence[Row],
        nodes: Sequence[Row],
        edges: Sequence[Row],
        exits: Sequence[Row],
        absorption: Sequence[Row],
        kpis_before: Sequence[Row] = (),
        kpis_after: Sequence[Row] = (),
    ) -> None:
        self._journey = journey
        self._moments = {str(row["moment"]): row for row in moments}
        self._kpis = {str(row["moment"]): promises.read(row) for row in kpis}
        self._changes = promises.changes(kpis_before, kpis_after)
        self._listed = {str(moment["id"]): moment for moment in journey.get("moments", ())}
        self._nodes = {str(row["node"]): row for row in nodes}
        self._edges = edges
        self._ways = [row for row in exits if row["node"] in self._nodes]
        self._absorption = absorption
        self._names = {str(row["node"]): clean(str(row.get("name") or row["node"])) for row in nodes}
        self._stage_names = {str(s["id"]): clean(str(s.get("name") or s["id"])) for s in journey.get("stages", ())}
        self._outcomes = [str(row["node"]) for row in nodes if row["kind"] == "outcome"]
        self._names.update({str(o["id"]): clean(str(o.get("name") or o["id"])) for o in journey.get("outcomes", ())})

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes."""
        return tuple(self._names[key] for key in self._outcomes)

    def outcome_name(self, outcome: str) -> str:
        """Return an outcome's name."""
        return self._names[outcome]

    @property
    def left(self) -> int:
        """Customers who reached an outcome."""
        return sum(int(edge["customers"]) for edge in self._edges if edge["target"] in self._outcomes)

    @property
    def stayed(self) -> int:
        """Customers still here at the end of their observation."""
        return sum(int(edge["customers"]) for edge in self._edges if edge["target"] == OBSERVED)

    def name(self, moment: str) -> str:
        """Return a moment's name."""
        return clean(str(self._listed.get(moment, {}).get("name") or moment))

    @property
    def left_first(self) -> int:
        """Customers who left before any moment."""
        return sum(number for _, number in self._exits(START))

    @property
    def left_value(self) -> float | None:
        """All that those who left were worth."""
        known = [value for value in map(self._left_value, self._nodes) if value is not None]
        return math.fsum(known) if known else None

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages in the journey's order, each with its moments; those without moments too."""
        inside: dict[str, list[Moment]] = {key: [] for key in self._stage_names}
        for moment in self.moments():
            inside.setdefault(str(self._listed[moment.key]["stage"]), []).append(moment)
        goals = {str(stage["id"]): clean(str(stage.get("goal") or "")) for stage in self._journey.get("stages", ())}
        return tuple(
            Stage(self._stage_names.get(key, clean(key)), goals.get(key, ""), tuple(moments))
            for key, moments in inside.items()
        )

    def moments(self) -> list[Moment]:
        """Return the moments in the journey's order."""
        return [self._moment(key) for key in self._listed]

    def _moment(self, key: str) -> Moment:
        moment = self._listed[key]
        accountable, shared = self._owners(key)
        row = self._moments.get(key, {})
        per_customer = row.get("per_customer")
        return Moment(
            key=key,
            name=self.name(key),
            stage=self._stage_names.get(str(moment["stage"]), clean(str(moment["stage"]))),
            kind=clean(str(moment.get("kind") or "")),
            accountable=accountable,
            shared=shared,
            occurrences=int(row.get("occurrences") or 0),
            customers=int(row.get("customers") or 0),
            per_customer=None if per_customer is None else float(per_customer),
            undecided=int(row.get("undecided") or 0),
            left=sum(n for _, n in self._exits(key)),
            left_value=self._left_value(key),
            kpi=self._kpis.get(key),
            change=self._changes.get(key),
        )

    def _owners(self, key: str) -> tuple[str, tuple[str, ...]]:
        """Return who is accountable for a moment, and who shares it."""
        moment = self._listed.get(key, {})
        shared = tuple(clean(str(one)) for one in moment.get("shared") or ())
        return clean(str(moment.get("accountable") or "")), shared

    def _left_value(self, node: str) -> float | None:
        """Return all that those who left after `node` were worth."""
        values = [e["customers_value"] for e in self._edges if e["source"] == node and e["target"] in self._outcomes]
        known = [float(value) for value in values if value is not None]
        return math.fsum(known) if known else None

    def _exits(self, node: str) -> list[tuple[str, int]]:
        ends = {e["target"]: int(e["customers"]) for e in self._edges if e["source"] == node}
        return [(self._names[key], ends[key]) for key in self._outcomes if ends.get(key)]

    def leaving(self) -> list[Leaving]:
        """Return the moments that customers left after, most first.

        Where everyone left after one and the same (a long silence), the moment before it tells customers apart: then
        the rows are of that.
        """
        found = self._last_moments()
        before = found[0].before if len(found) == 1 else ()
        if len(before) < 2:
            return found
        return [self._way(key, number, found[0]) for key, number in self._previous(self._ways[0]["node"])]

    def _way(self, previous: str, number: int, last: Leaving) -> Leaving:
        row = self._nodes[previous]
        name = last.name if previous == START else self._names[previous]
        accountable, shared = self._owners(str(self._ways[0]["node"]) if previous == START else previous)
        return Leaving(
            name=name,
            first=False,
            then="" if previous == START else last.name,
            stage=self._stage_names.get(str(row.get("stage")), ""),
            accountable=accountable,
            shared=shared,
            customers=number,
            of=int(row["customers"]) if previous != START else last.of,
            value=None,
            outcomes=(),
            before=(),
        )

    def _last_moments(self) -> list[Leaving]:
        found: list[Leaving] = []
        for key, row in self._nodes.items():
            exits = self._exits(key) if row["kind"] in {"moment", "start"} else []
            if not exits:
                continue
            accountable, shared = self._owners(key)
            found.append(
                Leaving(
                    name=self._names[key] if row["kind"] == "moment" else "before any moment",
                    first=row["kind"] == "start",
                    then="",
                    stage=self._stage_names.get(str(row.get("stage")), "") if row["kind"] == "moment" else "",
                    accountable=accountable,
                    shared=shared,
                    customers=sum(n for _, n in exits),
                    of=int(row["customers"]),
                    value=self._left_value(key),
                    outcomes=tuple(exits) if len(self._outcomes) > 1 else (),
                    before=self._before(key),
                )
            )
        return sorted(found, key=lambda one: (-one.customers, one.name))

    def _before(self, node: str) -> tuple[tuple[str, int], ...]:
        """Return what came before the last moment of those who left after `node`, most customers first."""
        return tuple(
            ("nothing before" if key == START else self._names[key], number) for key, number in self._previous(node)
        )

    def _previous(self, node: str) -> list[tuple[str, int]]:
        counted: dict[str, int] = {}
        for row in self._ways:
            if row["node"] == node:
                key = str(row["previous"])
                counted[key] = counted.get(key, 0) + int(row["customers"])
        return sorted(counted.items(), key=lambda one: (-one[1], one[0]))

    def endings(self) -> tuple[Ending, ...]:
        """Return for each outcome how often each moment led to it, in lane order; the outcome most reached first."""
        found: list[Ending] = []
        for outcome in self._outcomes:
            chances = [
                Chance(
                    name="Everyone, from the start" if row["node"] == START else self._names[str(row["node"])],
                    at_risk=int(row["at_risk"]),
                    probability=float(row["probability"]),
                    low=row["low"],
                    high=row["high"],
                )
                for row in self._absorption
                if row["outcome"] == outcome and row["probability"] is not None
            ]
            reached = sum(int(edge["customers"]) for edge in self._edges if edge["target"] == outcome)
            found.append(Ending(self._names[outcome], reached, tuple(chances)))
        return tuple(sorted(found, key=lambda ending: -ending.customers))


def undecided_cases(cases: Iterable[tuple[str, str, int]], name: Callable[[str], str]) -> list[tuple[str, str, int]]:
    """Return moment, reason and number of cases, most first, moments by their names."""
    listed = [(name(moment), clean(reason), number) for moment, reason, number in cases]
    return sorted(listed, key=lambda one: (-one[2], one[0], one[1]))


def left_headline(leaving: Sequence[Leaving], left: int, who: str) -> str:
    """Return where customers leave, as a finding in whole customers."""
    if not leaving:
        return f"Nobody among the {who} reached an outcome while observed"
    most = leaving[0]
    everyone = counted(left, who)
    share = f"All {everyone}" if most.customers == left else f"{count(most.customers)} of {everyone}"
    then = f", by way of {most.then}" if most.then else ""
    return f"{share} who left did so {'' if most.first else 'after '}{most.name}{then}"
