"""What happens at the moments, where customers leave, and what is not on the map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sojourn.journey_map.model import Promise
from sojourn.journey_map.numbers import count, counted
from sojourn.journey_map.text import clean

from . import worth

Row = Mapping[str, Any]
START, OBSERVED = "START", "observed"
MOST_LEAVING = 10
MOST_UNMAPPED = 20


@dataclass(frozen=True, slots=True)
class Kpi:
    """How often a moment's promise was kept."""

    name: str
    due: int
    met: int
    undecided: int
    share: float | None
    low: float | None
    high: float | None
    target: float | None

    @property
    def missed(self) -> int:
        """How often it was due and not kept."""
        return self.due - self.met

    @property
    def is_broken(self) -> bool:
        """Whether fewer were met than the target asks."""
        return self.state == "broken"

    @property
    def state(self) -> str | None:
        """Kept or broken by the target; None without one, or when nothing was due."""
        if self.target is None or not self.due:
            return None
        return Promise(self.name, self.due, self.met, self.share, self.target).state


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of truth and what came of it."""

    name: str
    kind: str
    accountable: str
    shared: tuple[str, ...]
    occurrences: int
    customers: int
    per_customer: float | None
    undecided: int
    left: int
    kpi: Kpi | None


@dataclass(frozen=True, slots=True)
class Promised:
    """A moment's promise over the whole observation, before its last months, and in them."""

    moment: Moment
    kpi: Kpi
    before: Kpi | None
    lately: Kpi | None

    @property
    def fell(self) -> float:
        """By how much the share fell lately, where both intervals are apart; else 0."""
        one, other = self.before, self.lately
        if one is None or other is None or one.low is None or other.high is None or other.high >= one.low:
            return 0.0
        return (one.share or 0.0) - (other.share or 0.0)

    @property
    def rose(self) -> float:
        """By how much it rose, likewise."""
        one, other = self.before, self.lately
        if one is None or other is None or one.high is None or other.low is None or other.low <= one.high:
            return 0.0
        return (other.share or 0.0) - (one.share or 0.0)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is accountable for some moments, and what came of those: each customer who left counts once, at the last."""

    name: str
    moments: tuple[str, ...]
    due: int
    missed: int
    left: int


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage with its moments, from the customer's point of view."""

    name: str
    goal: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """A moment that customers left after; `then`: by way of one more moment, which everyone left after."""

    name: str
    then: str
    stage: str
    customers: int
    of: int
    value: float | None
    outcomes: tuple[tuple[str, int], ...]
    before: tuple[tuple[str, int], ...]
    owner: str = ""
    shared: tuple[str, ...] = ()


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
    kpis_before, kpis_lately
        Rows of the KPIs up to the last months of the observation, and in them.
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
        kpis_lately: Sequence[Row] = (),
    ) -> None:
        self._journey = journey
        self._moments = {str(row["moment"]): row for row in moments}
        self._kpis, self._kpis_before, self._kpis_lately = (
            {str(row["moment"]): _kpi(row) for row in rows} for rows in (kpis, kpis_before, kpis_lately)
        )
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
        listed = {str(m["id"]): m for m in self._journey.get("moments", ())}
        return clean(str(listed.get(moment, {}).get("name") or moment))

    def stages(self) -> tuple[Stage, ...]:
        """Return the stages in the journey's order, each with its moments; those without moments too."""
        inside: dict[str, list[Moment]] = {key: [] for key in self._stage_names}
        for moment in self._journey.get("moments", ()):
            inside.setdefault(str(moment["stage"]), []).append(self._moment(moment))
        goals = {str(stage["id"]): clean(str(stage.get("goal") or "")) for stage in self._journey.get("stages", ())}
        return tuple(
            Stage(self._stage_names.get(key, clean(key)), goals.get(key, ""), tuple(moments))
            for key, moments in inside.items()
        )

    def _moment(self, moment: Row) -> Moment:
        key = str(moment["id"])
        row = self._moments.get(key, {})
        per_customer = row.get("per_customer")
        return Moment(
            name=clean(str(moment.get("name") or key)),
            kind=clean(str(moment.get("kind") or "")),
            accountable=clean(str(moment.get("accountable") or "")),
            shared=tuple(clean(str(one)) for one in moment.get("shared") or ()),
            occurrences=int(row.get("occurrences") or 0),
            customers=int(row.get("customers") or 0),
            per_customer=None if per_customer is None else float(per_customer),
            undecided=int(row.get("undecided") or 0),
            left=sum(n for _, n in self._exits(key)),
            kpi=self._kpis.get(key),
        )

    def promises(self) -> tuple[Promised, ...]:
        """Return the moments that have a promise: the broken ones first, those that let most customers down before."""
        told = [
            Promised(moment, moment.kpi, self._kpis_before.get(key), self._kpis_lately.get(key))
            for key, moment in ((str(m["id"]), self._moment(m)) for m in self._journey.get("moments", ()))
            if moment.kpi is not None
        ]
        return tuple(sorted(told, key=lambda one: (not one.kpi.is_broken, -one.kpi.missed, one.moment.name)))

    def owners(self) -> tuple[Owner, ...]:
        """Return who is accountable, most customers who left first; nobody's moments too. None where no owner is named.

        The customers who left add up to all who left.
        """
        inside: dict[str, list[Moment]] = {}
        for moment in self._journey.get("moments", ()):
            told = self._moment(moment)
            inside.setdefault(told.accountable, []).append(told)
        if not any(inside):
            return ()
        first = sum(number for _, number in self._exits(START))
        found = [
            Owner(
                name=name or "nobody",
                moments=tuple(moment.name for moment in told),
                due=sum(moment.kpi.due for moment in told if moment.kpi),
                missed=sum(moment.kpi.missed for moment in told if moment.kpi),
                left=sum(moment.left for moment in told),
            )
            for name, told in inside.items()
        ]
        if first:
            found.append(Owner("before any moment", (), 0, 0, first))
        return tuple(sorted(found, key=lambda owner: (-owner.left, owner.name)))

    def _owner(self, key: str) -> tuple[str, tuple[str, ...]]:
        listed = {str(m["id"]): m for m in self._journey.get("moments", ())}.get(key, {})
        return clean(str(listed.get("accountable") or "")), tuple(clean(str(one)) for one in listed.get("shared") or ())

    def stage_names(self) -> Mapping[str, str]:
        """Return id → name of the stages, in the journey's order."""
        return self._stage_names

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
        owner, shared = (last.owner, last.shared) if previous == START else self._owner(previous)
        return Leaving(
            name=name,
            owner=owner,
            shared=shared,
            then="" if previous == START else last.name,
            stage=self._stage_names.get(str(row.get("stage")), ""),
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
            values = [e["customers_value"] for e in self._edges if e["source"] == key and e["target"] in self._outcomes]
            known = [float(value) for value in values if value is not None]
            owner, shared = self._owner(key)
            found.append(
                Leaving(
                    owner=owner,
                    shared=shared,
                    name=self._names[key] if row["kind"] == "moment" else "before any moment",
                    then="",
                    stage=self._stage_names.get(str(row.get("stage")), "") if row["kind"] == "moment" else "",
                    customers=sum(n for _, n in exits),
                    of=int(row["customers"]),
                    value=sum(known) if known else None,
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


def _kpi(row: Row) -> Kpi:
    return Kpi(
        name=clean(str(row["kpi"])),
        due=int(row["due"]),
        met=int(row["met"]),
        undecided=int(row["undecided"]),
        share=row["share"],
        low=row["low"],
        high=row["high"],
        target=row["target"],
    )


def undecided_cases(cases: Iterable[tuple[str, str, int]], name: Callable[[str], str]) -> list[tuple[str, str, int]]:
    """Return moment, reason and number of cases, most first, moments by their names."""
    listed = [(name(moment), clean(reason), number) for moment, reason, number in cases]
    return sorted(listed, key=lambda one: (-one[2], one[0], one[1]))


def promises_headline(promises: Sequence[Promised]) -> str:
    """Return how many promises are broken, and the one that fell most lately."""
    judged = [one for one in promises if one.kpi.state is not None]
    broken = sum(one.kpi.is_broken for one in judged)
    text = f"{broken} of {counted(len(judged), 'promises')} broken" if judged else "No promise has a target"
    fallen = max(promises, key=_fell, default=None)
    if fallen is None or not fallen.fell or fallen.before is None or fallen.lately is None:
        return text
    before, lately = (worth.share(kpi.share or 0.0) for kpi in (fallen.before, fallen.lately))
    return f"{text}; {fallen.moment.name} fell lately, from {before} to {lately}"


def _fell(one: Promised) -> float:
    return one.fell


def left_headline(leaving: Sequence[Leaving], left: int, who: str) -> str:
    """Return where customers leave, as a finding in whole customers."""
    if not leaving:
        return f"Nobody among the {who} reached an outcome while observed"
    most = leaving[0]
    everyone = counted(left, who)
    share = f"All {everyone}" if most.customers == left else f"{count(most.customers)} of {everyone}"
    then = f", by way of {most.then}" if most.then else ""
    return f"{share} who left did so after {most.name}{then}"
