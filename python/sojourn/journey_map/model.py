"""What a journey map shows: stages, moments and the moves between them, before anything is placed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

from sojourn._core import InvalidInput

Row = Mapping[str, Any]
State = Literal["open", "kept", "warning", "broken", "differentiating"]
By = Literal["moment", "stage", "owner", "event"]

START, OBSERVED = "START", "observed"
_MOST_OWNERS = 9


@dataclass(frozen=True, slots=True)
class Promise:
    """The KPI of a moment: how often a promise fell due and was met."""

    name: str
    due: int
    met: int
    share: float | None = None
    target: float | None = None
    judged: State | None = None

    @property
    def missed(self) -> int:
        """How often the promise was not met."""
        return self.due - self.met

    @property
    def state(self) -> State:
        """The state as judged elsewhere, or else kept or broken by the target; open without one."""
        if self.judged is not None:
            return self.judged
        share = self.met / self.due if self.due else 1.0
        if self.target is None:
            return "open"
        return "kept" if share >= self.target else "broken"


@dataclass(frozen=True, slots=True)
class Voices:
    """What customers said of a moment: a score from −100 to 100, how many voices, and how many of them it rests on."""

    score: float | None
    n: int
    scored: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """Customers whose path ended in one outcome."""

    outcome: str
    customers: int
    value: float | None = None


@dataclass(frozen=True, slots=True)
class MapNode:
    """A moment, or several moments of one stage folded into one (then `members` is not empty).

    Attributes
    ----------
    customers
        Distinct customers; None where that is not known (a folded card).
    entered, left
        Customers whose path started here; whose path ended in an outcome right after it.
    repeats, repeat_visits
        Customers, and moves, that came here again at once.
    inside
        Moves among the members of a folded card.
    """

    id: str
    name: str
    stage: str
    visits: int = 0
    customers: int | None = 0
    value: float | None = None
    entered: int = 0
    left: int = 0
    entered_value: float | None = None
    left_value: float | None = None
    exits: tuple[Exit, ...] = ()
    observed: int = 0
    kind: str = "moment"
    mean_sojourn: float | None = None
    repeats: int = 0
    repeat_visits: int = 0
    kpi: Promise | None = None
    voices: Voices | None = None
    members: tuple[str, ...] = ()
    member_names: tuple[str, ...] = ()
    inside: int = 0


@dataclass(frozen=True, slots=True)
class MapEdge:
    """A path from one moment to the next.

    `at_most` says that `customers` (and `customers_value`) add up several paths, so that one customer may count twice.
    """

    source: str
    target: str
    count: int
    customers: int
    mean_gap_seconds: float | None = None
    value: float | None = None
    customers_value: float | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class WayOut:
    """Customers whose last moment before an outcome was `node`, and the one before it `previous` (``START``: none)."""

    previous: str
    node: str
    customers: int


@dataclass(frozen=True, slots=True)
class MapData:
    """Everything a journey map shows.

    Attributes
    ----------
    left, observed
        Customers whose path ended in an outcome; customers still here at the end.
    ways_out
        The last two moments of those who left, most customers first.
    left_first
        Those of `left` who left before any moment; they stand on no card.
    no_moment
        Those of `observed` who met no moment.
    after_outcome, unmapped
        Events after an outcome, and events that no moment claims; neither is drawn.
    who, period, unit
        The plural of what is counted, the time in words, and what stands before an amount of value (None: no value).
    steps
        The stages are not the caller's but numbers of steps from the start.
    history
        Customers were there before the time that is shown: who starts at a moment is not new, but seen there first.
    by
        What a card is: a moment, a stage, an owner or an event.
    part, part_of
        The names of a part of a journey and of the whole, whose customers are all counted; empty for a whole.
    """

    stages: tuple[tuple[str, str], ...] = ()
    nodes: tuple[MapNode, ...] = ()
    edges: tuple[MapEdge, ...] = ()
    customers: int = 0
    outcomes: tuple[tuple[str, str], ...] = ()
    left: int = 0
    left_value: float | None = None
    ways_out: tuple[WayOut, ...] = ()
    observed: int = 0
    left_first: int = 0
    no_moment: int = 0
    after_outcome: int = 0
    unmapped: int = 0
    who: str = "customers"
    period: str = ""
    unit: str | None = None
    steps: bool = False
    history: bool = False
    by: By = "moment"
    part: str = ""
    part_of: str = ""

    @property
    def reached(self) -> int:
        """Customers who stand on at least one card."""
        return self.customers - self.left_first - self.no_moment

    @property
    def has_value(self) -> bool:
        """Whether the customers of at least one path between moments have a known value."""
        return any(edge.customers_value is not None for edge in self.edges)


def from_tables(
    nodes: Iterable[Row],
    edges: Iterable[Row],
    *,
    stages: Sequence[tuple[str, str]] | None = None,
    who: str = "customers",
    period: str = "",
    unit: str | None = None,
    customers: int | None = None,
    after_outcome: int = 0,
    unmapped: int = 0,
    kpis: Iterable[Row] = (),
    voices: Iterable[Row] = (),
    endings: Iterable[Row] = (),
    history: bool = False,
    by: By = "moment",
    part: str = "",
    part_of: str = "",
) -> MapData:
    """Build what a map shows from the rows of a graph's tables.

    Parameters
    ----------
    nodes
        Rows with `node`, `kind` ("start", "moment", "outcome", "observed"), `name`, `stage`, `visits`, `customers`,
        `mean_sojourn` (seconds) and `value`.
    edges
        Rows with `source` (or "START"), `target` (a moment, an outcome or "observed"), `count`, `customers`, `mean_gap`
        (seconds), `value` (of the events arrived at) and `customers_value` (of the distinct customers of the edge).
    stages
        (id, name) from left to right; by default the order in which the moments name them. Moments without any stage
        stand in columns by their steps from the start; owners, up to nine, each in one of their own.
    who, period, unit
        The plural of what is counted; the time covered, in words; what stands before an amount, such as "$".
    customers
        All customers; by default those whose path starts.
    after_outcome, unmapped
        Numbers of events that the map leaves out, for its footnote.
    kpis
        Rows with `moment`, `kpi`, `due`, `met`, `share`, `target`, and perhaps `state`, or `low` and `high`: an
        interval that holds the target is a warning, since chance may have decided.
    voices
        Rows with `moment`, `score`, `voices`, and perhaps `scored`: how many of the voices the score rests on.
    endings
        Rows with `previous`, `node`, `outcome`, `customers`: the last two moments of those who left.
    history
        Customers were there before: who starts at a moment is seen there first, not new.
    by
        What the nodes are, for the words: ``"moment"``, ``"stage"``, ``"owner"`` or ``"event"``.
    part, part_of
        The names of a part of a journey and of the whole whose customers it counts.

    Raises
    ------
    InvalidInput
        If an id stands twice or an edge names a node that is not there.
    """
    if by not in ("moment", "stage", "owner", "event"):
        raise InvalidInput(f"by: found {by!r}, expected 'moment', 'stage', 'owner' or 'event'")
    tables = _Tables.read(nodes, edges)
    stage_list, stage_of = _stages(tables, stages, by)
    promises = {_text(row["moment"]): _promise(row) for row in kpis}
    heard = {_text(row["moment"]): _voices(row) for row in voices}
    moments = tuple(
        _node(row, stage_of[key], tables, promises.get(key), heard.get(key)) for key, row in tables.moments.items()
    )
    ends = tables.into(tables.outcomes)
    stays = tables.into(tables.observed)
    starts = [edge for edge in tables.edges if edge.source in tables.start]
    return MapData(
        stages=stage_list,
        nodes=moments,
        edges=tuple(edge for edge in tables.edges if edge.source in tables.moments and edge.target in tables.moments),
        customers=sum(edge.customers for edge in starts) if customers is None else customers,
        outcomes=tuple((key, _text(row.get("name")) or key) for key, row in tables.outcomes.items()),
        left=sum(edge.customers for edge in ends),
        left_value=_sum(edge.customers_value for edge in ends),
        ways_out=tuple(WayOut(_text(row["previous"]), _text(row["node"]), _whole(row["customers"])) for row in endings),
        observed=sum(edge.customers for edge in stays),
        left_first=sum(edge.customers for edge in ends if edge.source in tables.start),
        no_moment=sum(edge.customers for edge in stays if edge.source in tables.start),
        after_outcome=after_outcome,
        unmapped=unmapped,
        who=who,
        period=period,
        unit=unit,
        history=history,
        steps=stages is None and bool(moments) and not _named(tables) and not _apart(tables, by),
        by=by,
        part=part,
        part_of=part_of,
    )


@dataclass(frozen=True, slots=True)
class _Tables:
    """The rows by what they stand for."""

    moments: dict[str, Row] = field(default_factory=dict)
    outcomes: dict[str, Row] = field(default_factory=dict)
    start: dict[str, Row] = field(default_factory=dict)
    observed: dict[str, Row] = field(default_factory=dict)
    edges: list[MapEdge] = field(default_factory=list)

    @classmethod
    def read(cls, nodes: Iterable[Row], edges: Iterable[Row]) -> _Tables:
        tables = cls()
        kinds = {
            "moment": tables.moments,
            "outcome": tables.outcomes,
            "start": tables.start,
            "observed": tables.observed,
        }
        for row in nodes:
            key, kind = _text(row["node"]), _text(row.get("kind")) or "moment"
            if kind not in kinds:
                raise InvalidInput(f"node {key!r}: kind is {kind!r}, expected one of {', '.join(kinds)}")
            if any(key in known for known in kinds.values()):
                raise InvalidInput(f"node {key!r} stands twice")
            kinds[kind][key] = row
        known = {key for table in kinds.values() for key in table}
        for key, table in ((START, tables.start), (OBSERVED, tables.observed)):
            if key not in known and not table:
                table[key] = {}
        tables.edges.extend(map(_edge, edges))
        tables.check()
        return tables

    def check(self) -> None:
        """Raise if an edge leads from or to nowhere."""
        sources = self.moments.keys() | self.start.keys()
        targets = self.moments.keys() | self.outcomes.keys() | self.observed.keys()
        for edge in self.edges:
            for end, known in ((edge.source, sources), (edge.target, targets)):
                if end not in known:
                    raise InvalidInput(f"edge {edge.source!r} to {edge.target!r}: there is no node {end!r}")

    def into(self, targets: Mapping[str, Row]) -> list[MapEdge]:
        """Return the edges that end in one of `targets`."""
        return [edge for edge in self.edges if edge.target in targets]


def _node(row: Row, stage: str, tables: _Tables, kpi: Promise | None, voices: Voices | None) -> MapNode:
    key = _text(row["node"])
    starts = [edge for edge in tables.edges if edge.target == key and edge.source in tables.start]
    after = [edge for edge in tables.edges if edge.source == key]
    ends = [edge for edge in after if edge.target in tables.outcomes]
    again = [edge for edge in after if edge.target == key]
    return MapNode(
        id=key,
        name=_text(row.get("name")) or key,
        stage=stage,
        visits=_whole(row.get("visits")),
        customers=_whole(row.get("customers")),
        value=_real(row.get("value")),
        entered=sum(edge.customers for edge in starts),
        left=sum(edge.customers for edge in ends),
        entered_value=_sum(edge.customers_value for edge in starts),
        left_value=_sum(edge.customers_value for edge in ends),
        exits=tuple(Exit(edge.target, edge.customers, edge.customers_value) for edge in ends),
        observed=sum(edge.customers for edge in after if edge.target in tables.observed),
        mean_sojourn=_real(row.get("mean_sojourn")),
        repeats=sum(edge.customers for edge in again),
        repeat_visits=sum(edge.count for edge in again),
        kpi=kpi,
        voices=voices,
    )


def _edge(row: Row) -> MapEdge:
    return MapEdge(
        source=_text(row["source"]),
        target=_text(row["target"]),
        count=_whole(row.get("count")),
        customers=_whole(row.get("customers")),
        mean_gap_seconds=_real(row.get("mean_gap")),
        value=_real(row.get("value")),
        customers_value=_real(row.get("customers_value")),
    )


def _voices(row: Row) -> Voices:
    scored = None if row.get("scored") is None else _whole(row["scored"])
    return Voices(_real(row.get("score")), _whole(row.get("voices")), scored)


def _promise(row: Row) -> Promise:
    target, low, high = (_real(row.get(key)) for key in ("target", "low", "high"))
    judged: State | None = row.get("state")
    if judged is None and target is not None and low is not None and high is not None and low <= target <= high:
        judged = "warning"
    return Promise(
        name=_text(row.get("kpi")),
        due=_whole(row.get("due")),
        met=_whole(row.get("met")),
        share=_real(row.get("share")),
        target=target,
        judged=judged,
    )


def _named(tables: _Tables) -> bool:
    """Return whether any moment names its stage."""
    return any(_text(row.get("stage")) for row in tables.moments.values())


def _apart(tables: _Tables, by: By) -> bool:
    """Return whether every owner has a lane of its own."""
    return by == "owner" and len(tables.moments) <= _MOST_OWNERS


def _stages(
    tables: _Tables, stages: Sequence[tuple[str, str]] | None, by: By
) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    """Return the lanes, and the lane of every moment."""
    named = {key: _text(row.get("stage")) for key, row in tables.moments.items()}
    if stages is None and not any(named.values()):
        if _apart(tables, by):
            lanes = ((key, _text(row.get("name")) or key) for key, row in tables.moments.items())
            return tuple(lanes), {key: key for key in named}
        return _steps(tables)
    listed = [(str(key), str(name) or str(key)) for key, name in stages or ()]
    for (one, _), (other, _) in pairwise(sorted(listed)):
        if one == other:
            raise InvalidInput(f"stage {one!r} stands twice")
    missing = dict.fromkeys(stage for stage in named.values() if stage not in dict(listed))
    listed.extend((stage, stage or "No stage") for stage in missing)
    used = set(named.values())
    return tuple((key, name) for key, name in listed if stages is not None or key in used), named


def _steps(tables: _Tables, most: int = 7) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    """Return columns by steps from where customers start, for moments that have no stage.

    A moment stands one step after the one it was reached from along the strongest moves: the greatest tree that grows
    from the starts, move by move (Prim 1957). Fewest steps would put all in one column, since in large logs somebody
    goes from everything to everything.
    """
    starts = {
        edge.target: edge.customers
        for edge in tables.edges
        if edge.source in tables.start and edge.target in tables.moments
    }
    strongest = max(starts.values(), default=0)
    step = {key: 0 for key, customers in starts.items() if customers * 10 >= strongest}
    while True:
        ahead = [e for e in tables.edges if e.source in step and e.target in tables.moments and e.target not in step]
        if not ahead:
            break
        best = max(ahead, key=lambda edge: edge.customers)
        step[best.target] = min(step[best.source] + 1, most - 1)
    last = max(step.values(), default=0)
    place = {key: str(step.get(key, last) + 1) for key in tables.moments}
    used = sorted(set(place.values()), key=int)
    return tuple((key, f"Step {key}") for key in used), place


def _text(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value)


def _real(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _whole(value: Any) -> int:
    number = _real(value)
    return 0 if number is None else int(value)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if known else None
