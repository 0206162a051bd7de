"""Journeys: stages, the moments of truth in them, who answers for each, and how the journey can end."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.events import EventLog
from sojourn.matches import Matches
from sojourn.patterns import Pattern, _json, _plain
from sojourn.table import Table

_SCHEMA = "sojourn-journey-1"


@dataclass(frozen=True)
class Stage:
    """A stretch of the journey from the customer's point of view.

    Attributes
    ----------
    id, name
        The id that moments refer to, and what people read.
    goal, needs, emotion
        What the customer wants there, needs, and feels.
    """

    id: str
    name: str | None = None
    goal: str | None = None
    needs: Sequence[str] = ()
    emotion: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the stage as a journey file writes it."""
        return _written(self, ("id", "name", "goal", "needs", "emotion"))


@dataclass(frozen=True)
class Moment:
    """A moment of truth.

    Attributes
    ----------
    id, stage
        Its id, and the id of its stage.
    when
        The pattern that it occurs by (`sojourn.event` and the like), or a dict as a journey file writes it.
    name
        What people read.
    kind
        ``"obvious"`` (an order is placed) or ``"missed"`` (the third contact in a month), or None.
    accountable, shared
        Who answers for it, and who shares in it.
    kpi
        Dict of name, met and target, as a journey file writes it.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.Moment("third_contact", "use", when=sj.count("contact", at_least=3, within="30d"))
    Moment('third_contact' in 'use': third contact within 30 days)
    """

    id: str
    stage: str
    when: Pattern | Mapping[str, Any]
    name: str | None = None
    kind: str | None = None
    accountable: str | None = None
    shared: Sequence[str] = ()
    kpi: Mapping[str, Any] | None = field(default=None, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the moment as a journey file writes it."""
        return _written(self, ("id", "stage", "name", "kind", "when", "accountable", "shared", "kpi"))

    def __repr__(self) -> str:
        return f"Moment({self.id!r} in {self.stage!r}: {_phrase(self.when)})"


@dataclass(frozen=True)
class Outcome:
    """How a customer's journey can end: its id, the pattern that it is, and what people read."""

    id: str
    when: Pattern | Mapping[str, Any]
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as a journey file writes it."""
        return _written(self, ("id", "name", "when"))

    def __repr__(self) -> str:
        return f"Outcome({self.id!r}: {_phrase(self.when)})"


class Journey:
    """Stages, moments and outcomes, checked. Immutable.

    Parameters
    ----------
    stages
        `Stage` objects, dicts with the file's keys, or ids.
    moments
        `Moment` objects, or dicts with the file's keys.
    outcomes
        `Outcome` objects, dicts with the file's keys, or one dict id → pattern.
    journey
        Its name.
    version
        A whole number, from 1.
    note
        Anything a reader should know.
    selections
        Saved parts of it for `sub`: a dict id → ids of moments, or dicts with the file's keys.

    Raises
    ------
    InvalidInput
        For unknown keys or stages, ids used twice or reserved (START, END, observed, this), wrong types, bad durations,
        patterns that can never occur, an anniversary in an outcome, a selection of unknown moments; with the place, as
        ``moments[3].when.within``.

    Examples
    --------
    >>> import sojourn as sj
    >>> journey = sj.Journey(
    ...     stages=["buy", "use"],
    ...     moments=[
    ...         sj.Moment("first_order", "buy", when=sj.nth("order", 1)),
    ...         sj.Moment("third_contact", "use", when=sj.count("contact", at_least=3, within="30d")),
    ...     ],
    ...     outcomes={"left": sj.event("cancel")},
    ... )
    >>> journey
    Journey(version 1: 2 moments in 2 stages, 1 outcome)
    """

    def __init__(
        self,
        stages: Sequence[Stage | Mapping[str, Any] | str],
        moments: Sequence[Moment | Mapping[str, Any]],
        outcomes: Mapping[str, Pattern | Mapping[str, Any]] | Sequence[Outcome | Mapping[str, Any]] = (),
        journey: str | None = None,
        version: int = 1,
        note: str | None = None,
        selections: Mapping[str, Sequence[str]] | Sequence[Mapping[str, Any]] = (),
    ) -> None:
        if isinstance(outcomes, Mapping):
            outcomes = [Outcome(name, when) for name, when in outcomes.items()]
        if isinstance(selections, Mapping):
            selections = [{"id": name, "moments": list(moments)} for name, moments in selections.items()]
        written: dict[str, Any] = {
            "schema": _SCHEMA,
            "journey": journey,
            "version": version,
            "note": note,
            "outcomes": _dicts(outcomes, "outcomes", "a dict id → pattern, or a list"),
            "stages": [{"id": s} if isinstance(s, str) else s for s in _dicts(stages, "stages", "a list")],
            "moments": _dicts(moments, "moments", "a list"),
            "selections": _dicts(selections, "selections", "a dict id → ids of moments, or a list") or None,
        }
        self._core = _parse({key: value for key, value in written.items() if value is not None})

    @classmethod
    def _wrap(cls, core: _core.Journey) -> Journey:
        made = cls.__new__(cls)
        made._core = core
        return made

    @classmethod
    def load(cls, path: str | Path) -> Journey:
        """Return the journey of a journey file (JSON; the schema is `Journey.schema`)."""
        return cls._wrap(_core.Journey.load(str(path)))

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Journey:
        """Return the journey that a journey file writes so; patterns may stand for their dicts."""
        return cls._wrap(_parse(written))

    def to_dict(self) -> dict[str, Any]:
        """Return the journey as a journey file writes it."""
        return dict(json.loads(self._core.to_json()))

    def save(self, path: str | Path) -> None:
        """Write the journey file: UTF-8 JSON, whole or not at all."""
        target = Path(path)
        part = target.with_name(target.name + ".part")
        part.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(target)

    @staticmethod
    def schema() -> dict[str, Any]:
        """Return the JSON Schema (2020-12) of journey files.

        What needs more than one place to judge (ids used twice, unknown stages, conditions that contradict each
        other) it leaves to `load`.
        """
        text = Path(__file__).with_name("journey.schema.json").read_text(encoding="utf-8")
        return dict(json.loads(text))

    @property
    def name(self) -> str | None:
        """The journey's name."""
        return self.to_dict().get("journey")

    @property
    def version(self) -> int:
        """The version, from 1."""
        return int(self.to_dict()["version"])

    @property
    def note(self) -> str | None:
        """Anything a reader should know."""
        return self.to_dict().get("note")

    @property
    def part_of(self) -> str | None:
        """The name of the journey that this one was selected from by `sub`; None: it is a whole."""
        return self.to_dict().get("part_of")

    @property
    def selections(self) -> dict[str, list[str]]:
        """The saved selections: id → ids of moments."""
        return {s["id"]: s["moments"] for s in self.to_dict().get("selections", [])}

    @property
    def stages(self) -> list[Stage]:
        """The stages in order."""
        return [Stage(**{**s, "needs": tuple(s.get("needs", ()))}) for s in self.to_dict()["stages"]]

    @property
    def moments(self) -> list[Moment]:
        """The moments in order."""
        return [
            Moment(**{**m, "when": Pattern(m["when"]), "shared": tuple(m.get("shared", ()))})
            for m in self.to_dict()["moments"]
        ]

    @property
    def outcomes(self) -> list[Outcome]:
        """The outcomes in order."""
        return [Outcome(**{**o, "when": Pattern(o["when"])}) for o in self.to_dict()["outcomes"]]

    def check(self, log: EventLog | None = None, *, threads: int | None = None) -> Table:
        """Return what the journey leaves open, and where it and a log do not meet: findings to read, not errors.

        Parameters
        ----------
        log
            A log to hold the journey against; costs a match.

        Returns
        -------
        Table
            check, place, detail. Without a log: that it is a proposal of `discover`; stages without moments; moments
            with nobody accountable, an owner named twice, no KPI or target, a KPI that waits for another owner's moment
            (for information), or another moment's pattern. With one also: event names and columns the log lacks,
            events without a moment, moments never reached; moments of different owners that occur at one event where
            neither shares in the other; a stale map: moments of the log's first half that its last quarter does not
            know, and events new in the last quarter that no pattern mentions.

        Examples
        --------
        >>> import sojourn as sj
        >>> journey = sj.Journey(["buy"], [sj.Moment("order", "buy", when=sj.event("order"))])
        >>> journey.check().to_dict()["check"]
        ['nobody accountable', 'no KPI']
        """
        return Table(
            self._core.check(None if log is None else log._core, checked(threads)), getattr(log, "_like", None)
        )

    def sub(
        self,
        selection: str | None = None,
        *,
        stages: Sequence[str] | None = None,
        moments: Sequence[str] | None = None,
        name: str | None = None,
    ) -> Journey:
        """Return a part of this journey as a journey of its own (onboarding), which knows what it is `part_of`.

        It has the moments chosen, the stages that hold them, and the outcomes of the whole, so that matched to the same
        log it shares the whole's denominators: every customer of the log starts, and those without a moment of it go
        from START straight to their outcome or to ``observed``. Occurrences keep their ids. What `Matches.unmapped`
        says of it is said of the part alone.

        Parameters
        ----------
        selection, stages, moments
            One of the three: the id of a saved selection, ids of stages, or ids of moments.
        name
            The part's own name; by default the selection's id, or the names of its stages.

        Raises
        ------
        InvalidInput
            For none or several of the three, nothing chosen, or an id that this journey does not have.

        Examples
        --------
        >>> import sojourn as sj
        >>> journey = sj.Journey(
        ...     stages=["buy", "use"],
        ...     moments=[sj.Moment("order", "buy", sj.event("order")), sj.Moment("call", "use", sj.event("call"))],
        ...     journey="a shop",
        ...     selections={"service": ["call"]},
        ... )
        >>> journey.sub("service")
        Journey('service', part of 'a shop', version 1: 1 moment in 1 stage, 0 outcomes)
        """
        if sum(chosen is not None for chosen in (selection, stages, moments)) != 1:
            raise InvalidInput("sub: expected one of selection, stages and moments")
        written = self.to_dict()
        if selection is not None:
            _known([selection], "selection", self.selections)
            moments = self.selections[selection]
        elif stages is not None:
            _known(stages, "stages", [s["id"] for s in written["stages"]])
            moments = [m["id"] for m in written["moments"] if m["stage"] in stages]
            name = name or ", ".join(s.get("name", s["id"]) for s in written["stages"] if s["id"] in stages)
        kept = _known(moments or [], "moments", [m["id"] for m in written["moments"]])
        written["moments"] = [m for m in written["moments"] if m["id"] in kept]
        held = {m["stage"] for m in written["moments"]}
        written["stages"] = [s for s in written["stages"] if s["id"] in held]
        whole = written.get("journey") or "a journey without a name"
        written.pop("selections", None)
        return Journey.from_dict({**written, "journey": name or selection or f"part of {whole}", "part_of": whole})

    def match(self, log: EventLog, *, threads: int | None = None) -> Matches:
        """Take every customer of a log through the journey.

        Parameters
        ----------
        log
            The events.
        threads
            Number of threads (None: all). The answer never depends on it.

        Raises
        ------
        InvalidInput
            When a condition names a column the log lacks, or compares it with a constant of another kind.

        Examples
        --------
        >>> import sojourn as sj
        >>> from datetime import datetime
        >>> times = [datetime(2026, 3, 1), datetime(2026, 3, 9)]
        >>> log = sj.EventLog({"customer": [1, 1], "time": times, "event": ["order", "order"]})
        >>> journey = sj.Journey(["buy"], [sj.Moment("second", "buy", when=sj.nth("order", 2))])
        >>> journey.match(log).occurrences().to_dict()["time"]
        [datetime.datetime(2026, 3, 9, 0, 0)]
        """
        if not isinstance(log, EventLog):
            raise InvalidInput(f"log: found {type(log).__name__}, expected an EventLog (sj.EventLog(events))")
        return Matches(self._core.match(log._core, checked(threads)), self, log)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Journey) and bool(self._core == other._core)

    def __hash__(self) -> int:
        return hash(self._core.to_json())

    def __reduce__(self) -> Any:
        return Journey.from_dict, (self.to_dict(),)

    def __repr__(self) -> str:
        written = self.to_dict()
        name = f"{written['journey']!r}, " if written.get("journey") else ""
        name += f"part of {written['part_of']!r}, " if written.get("part_of") else ""
        counts = {key: len(written[key]) for key in ("moments", "stages", "outcomes")}
        return (
            f"Journey({name}version {written['version']}: {_counted(counts['moments'], 'moment')} in "
            f"{_counted(counts['stages'], 'stage')}, {_counted(counts['outcomes'], 'outcome')})"
        )

    def _repr_html_(self) -> str:
        written = self.to_dict()
        phrases = dict(zip((m["id"] for m in written["moments"]), self._core.phrases(), strict=True))
        rows = []
        for stage in written["stages"]:
            for moment in (m for m in written["moments"] if m["stage"] == stage["id"]):
                kpi = moment.get("kpi", {})
                target = f" ({kpi['target']:.0%})" if "target" in kpi else ""
                cells = (
                    stage.get("name", stage["id"]),
                    moment.get("name", moment["id"]),
                    phrases[moment["id"]],
                    moment.get("accountable", "–"),
                    kpi.get("name", "–") + target,
                )
                rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
        head = "".join(f"<th>{name}</th>" for name in ("stage", "moment", "when", "accountable", "KPI (target)"))
        ends = ", ".join(f"{o.get('name', o['id'])}: {Pattern(o['when'])}" for o in written["outcomes"])
        title = html.escape(f"{written.get('journey', 'journey')}, version {written['version']}")
        after = f"<p>Outcomes: {html.escape(ends or 'none')}</p>"
        return (
            f"<p><b>{title}</b></p><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{after}"
        )


def _parse(written: Mapping[str, Any]) -> _core.Journey:
    return _core.Journey.parse(_json(written, "journey"), "journey")


def _dicts(items: Any, place: str, expected: str) -> list[Any]:
    if isinstance(items, (str, Mapping)) or not isinstance(items, Sequence):
        raise InvalidInput(f"{place}: found {type(items).__name__}, expected {expected}")
    return [item.to_dict() if isinstance(item, (Stage, Moment, Outcome)) else item for item in items]


def _written(value: Any, keys: Sequence[str]) -> dict[str, Any]:
    """Return the fields that are set, patterns as dicts."""
    fields = {key: _plain(getattr(value, key)) for key in keys}
    return {key: item for key, item in fields.items() if item is not None and not (isinstance(item, list) and not item)}


def _known(chosen: Sequence[str], place: str, known: Iterable[str]) -> Sequence[str]:
    """Return what was chosen, if it is a list of known ids with at least one."""
    known = list(known)
    if isinstance(chosen, str) or not isinstance(chosen, Sequence):
        raise InvalidInput(f"{place}: found {chosen!r:.60}, expected a list of ids")
    if not chosen:
        raise InvalidInput(f"{place}: found none, expected at least one of {', '.join(known)}")
    for one in chosen:
        if one not in known:
            raise InvalidInput(f"{place}: found {one!r:.60}, expected one of {', '.join(known) or 'none: it has none'}")
    return chosen


def _phrase(when: Any) -> str:
    return str(when) if isinstance(when, Pattern) else str(Pattern(when))


def _counted(n: int, word: str) -> str:
    return f"{n:,} {word}{'' if n == 1 else 's'}"
