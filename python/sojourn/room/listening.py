"""Who was heard, where and through which source; where nobody was; and what they said."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sojourn.journey_map.numbers import count, counted, duration, money, percent
from sojourn.journey_map.text import clean

from . import quotes
from .worth import day, plain_date

if TYPE_CHECKING:
    from sojourn.attribution import Attribution

Row = Mapping[str, Any]
FEW = 10
_TOO_SMALL = 1e-6
_HALF = 0.5 - 1e-9  # of a voice: from there on it counts as spoken, as in `Attribution.coverage`
_ADDED = 3.0
_CUTS = (-40.0, -20.0, -5.0, 5.0, 20.0, 40.0)
_METHODS = {
    "last_touch": "last touch: all of a voice goes to the last moment before it",
    "linear": "equal parts: a voice is shared alike by all moments before it",
    "time_decay": "time decay: of the moments before a voice, the earlier ones have less of it",
    "declustering": "a model: a voice is shared among the moments before it, and none, by how likely each is to have "
    "brought it, given its time, source, score, topic and links",
}
_MODEL = "declustering"


def tables(attribution: Attribution, interval: float) -> dict[str, Any]:
    """Return what the page tells of an attribution, as rows.

    Parameters
    ----------
    attribution
        Which moment each voice speaks of.
    interval
        Confidence of the scores' intervals.

    Returns
    -------
    dict
        ``coverage``, ``stages`` (coverage by stage) and ``heard``: the attribution's tables. ``speakers``: stage,
        moment, speakers through any source, each null where it stands for all of them. ``met``: stage, customers who
        met it. ``how``: how, voices. ``asked``: source, asked, voices. ``quotes``: see `quotes.rows`. ``said``: the
        rest.
    """
    import duckdb

    spoken = _Spoken(attribution)
    met = duckdb.connect().from_arrow(attribution.matches.occurrences())
    by_stage = met.aggregate("stage, count(distinct customer)").fetchall()
    everyone = met.aggregate("count(distinct customer)").fetchall()
    return {
        "coverage": attribution.coverage().rows(),
        "stages": attribution.coverage(by="stage").rows(),
        "heard": attribution.moments(interval).rows(),
        "speakers": spoken.speakers(),
        "met": [{"stage": stage, "customers": n} for stage, n in [*sorted(by_stage), (None, everyone[0][0])]],
        "how": spoken.how(),
        "asked": spoken.asked(),
        "quotes": quotes.rows(spoken.texts([moment.id for moment in attribution.matches.journey.moments])),
        "said": {
            "voices": len(attribution),
            "method": attribution.method,
            "horizon": attribution.horizon,
            "scale": attribution.scale if attribution._settings.get("score") else None,
            "other_customers": attribution.other_customers,
        },
    }


class _Spoken:
    """Sums over the weights of an attribution that its own tables do not have."""

    def __init__(self, attribution: Attribution) -> None:
        settings, columns = attribution._settings, attribution.feedback.to_dict()
        voices = len(attribution)

        def column(role: str) -> list[Any]:
            return columns[settings[role]] if settings.get(role) else [None] * voices

        self._customer = column("customer")
        self._source = column("source") if settings.get("source") else ["feedback"] * voices
        self._solicited = column("solicited")
        self._time, self._score, self._text = column("time"), column("score"), column("text")
        weights = attribution.weights().to_dict()
        names = ("feedback", "moment", "stage", "weight", "how")
        self._weights = list(zip(*(weights[name] for name in names), strict=True))

    def speakers(self) -> list[Row]:
        found: dict[tuple[Any, Any], dict[Any, float]] = {}
        for voice, moment, stage, weight, _ in self._weights:
            if moment is None:
                continue
            for key in ((stage, moment), (stage, None), (None, None)):
                said = found.setdefault(key, {})
                said[self._customer[voice]] = said.get(self._customer[voice], 0.0) + weight
        return [
            {"stage": stage, "moment": moment, "speakers": sum(w >= _HALF for w in found[stage, moment].values())}
            for stage, moment in sorted(found, key=_nulls_last)
        ]

    def how(self) -> list[Row]:
        sums: dict[str, list[float]] = {}
        for _, _, _, weight, how in self._weights:
            sums.setdefault(how, []).append(weight)
        return [{"how": how, "voices": math.fsum(sums[how])} for how in sorted(sums)]

    def texts(self, moments: Iterable[str]) -> dict[str, list[quotes.Voice]]:
        """Return the voices that have a text, by moment; a voice's weights there are added up."""
        weights: dict[str, dict[int, list[float]]] = {moment: {} for moment in moments}
        for voice, moment, _, weight, _ in self._weights:
            if moment is not None and weight > 0 and self._text[voice] is not None:
                weights[moment].setdefault(voice, []).append(weight)
        return {moment: [self._voice(v, math.fsum(ws)) for v, ws in of.items()] for moment, of in weights.items()}

    def _voice(self, voice: int, weight: float) -> quotes.Voice:
        score, source = self._score[voice], self._source[voice]
        return quotes.Voice(
            row=voice,
            weight=weight,
            text=self._text[voice],
            source=None if source is None else str(source),
            day=plain_date(self._time[voice]),
            score=None if score is None or math.isnan(score) else float(score),
        )

    def asked(self) -> list[Row]:
        found: dict[Any, list[int]] = {}
        for source, solicited in zip(self._source, self._solicited, strict=True):
            numbers = found.setdefault(source, [0, 0, 0])
            numbers[2] += 1
            if solicited is not None:
                numbers[not solicited] += 1
        keys = sorted(found, key=lambda source: _nulls_last((source,)))
        return [dict(zip(("source", "asked", "unasked", "voices"), (key, *found[key]), strict=True)) for key in keys]


def _nulls_last(cells: Iterable[Any]) -> list[tuple[bool, str]]:
    return [(cell is None, str(cell)) for cell in cells]


@dataclass(frozen=True, slots=True)
class Score:
    """What voices come to, on the scale of the feedback, and the weight it rests on."""

    number: float | None
    weight: float
    scale: str | None
    low: float | None = None
    high: float | None = None

    @property
    def words(self) -> str:
        """The score: ``−24`` (net promoters), ``83%`` (satisfied), ``4.21`` (mean)."""
        return "" if self.number is None else _written(self.number, self.scale)

    @property
    def reach(self) -> str:
        """The interval: ``−35 to −14``."""
        if self.low is None or self.high is None:
            return ""
        return f"{_written(self.low, self.scale)} to {_written(self.high, self.scale)}"

    @property
    def tone(self) -> int | None:
        """Which of seven colours of sentiment it has; None for scales without a middle."""
        return None if self.number is None or self.scale != "nps" else sum(self.number > cut for cut in _CUTS)

    def place(self, number: float) -> float | None:
        """Return where a number lies on the scale, from 0 to 1; None where the scale has no ends."""
        ends = {"nps": (-100.0, 100.0), "csat": (0.0, 1.0)}.get(self.scale or "")
        return None if ends is None else min(max((number - ends[0]) / (ends[1] - ends[0]), 0.0), 1.0)


def _written(number: float, scale: str | None) -> str:
    if scale == "csat":
        return percent(number)
    if scale == "nps":
        whole = round(number)
        return f"+{whole}" if whole > 0 else count(whole)
    return f"{number:.2f}".replace("-", "−")


@dataclass(frozen=True, slots=True)
class Cell:
    """One stage through one source; or what is about no moment.

    Attributes
    ----------
    state
        ``heard``, ``few`` (under ten voices), ``silent`` (customers passed and nobody spoke), ``nothing`` (nothing
        happened that the source could hear of).
    speakers, customers
        Who spoke, of those who met the stage (None: about no moment, of whom nobody can tell).
    """

    state: str
    voices: float
    score: Score
    speakers: int = 0
    customers: int | None = None
    silent_moments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One source, stage by stage."""

    name: str
    asked: str
    cells: tuple[Cell, ...]
    astray: Cell
    voices: float


@dataclass(frozen=True, slots=True)
class Quote:
    """A voice in its own words; `about` says through which source, when and with which score."""

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said of one moment.

    Attributes
    ----------
    through
        Name of each source that heard anything, and its voices, most first.
    silent
        Sources that could have heard and did not.
    quotes
        What some of them said.
    """

    key: str
    name: str
    stage: str
    voices: float
    score: Score
    speakers: int
    customers: int
    value: float | None
    delay: str
    through: tuple[tuple[str, float], ...]
    silent: tuple[str, ...]
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Listening:
    """All that the page tells of an attribution.

    Attributes
    ----------
    stages
        Names, in the journey's order.
    totals
        All sources together, stage by stage.
    astray
        Voices about no moment.
    speakers, customers
        Customers who spoke of a moment, of those who met one.
    how
        What decided, and how many voices it decided.
    """

    stages: tuple[str, ...]
    sources: tuple[Source, ...]
    totals: tuple[Cell, ...]
    astray: float
    moments: tuple[Heard, ...]
    voices: int
    speakers: int
    customers: int
    scale: str | None
    method: str
    horizon: str
    how: tuple[tuple[str, float], ...]
    other_customers: int
    by_moment: Mapping[str, Heard] = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """Whether any voice was asked for."""
        return any(source.asked in {"asked", "both"} for source in self.sources)

    @property
    def silent_places(self) -> int:
        """Moments and sources where customers passed and nobody spoke."""
        return sum(len(cell.silent_moments) for source in self.sources for cell in source.cells)

    @property
    def places(self) -> int:
        """Moments and sources where anything happened that could have been heard."""
        return sum(len(heard.through) + len(heard.silent) for heard in self.moments)

    @property
    def is_convention(self) -> bool:
        """Whether the method is a convention, and no model."""
        return self.method != _MODEL

    @property
    def method_words(self) -> str:
        """How voices were attributed."""
        return _METHODS.get(self.method, clean(self.method))

    @property
    def score_words(self) -> str:
        """What the scores are."""
        return {
            "nps": "net promoter score, −100 to +100",
            "csat": "share of those satisfied",
            "mean": "mean score",
        }.get(self.scale or "", "no score")


def read(journey: Row, met: Iterable[Row], told: Mapping[str, Any]) -> Listening:
    """Return what the page tells.

    Parameters
    ----------
    journey
        The journey as a dict.
    met
        Rows of the match's moments.
    told
        As `tables` returns it.

    Raises
    ------
    RuntimeError
        When the table does not hold every voice once: such figures must not be shown.
    """
    reader = _Reader(journey, met, told)
    sources = reader.sources()
    said = told["said"]
    total = math.fsum(source.voices for source in sources)
    if abs(total - said["voices"]) > _TOO_SMALL * max(1, said["voices"]):
        raise RuntimeError(f"every voice is told once: found {total} in the table, expected {said['voices']}")
    heard = reader.heard()
    return Listening(
        stages=tuple(reader.stages.values()),
        sources=sources,
        totals=reader.totals(),
        astray=math.fsum(source.astray.voices for source in sources),
        moments=heard,
        voices=said["voices"],
        speakers=reader.speakers.get((None, None), 0),
        customers=reader.met_stage.get(None, 0),
        scale=said["scale"],
        method=said["method"],
        horizon=clean(str(said["horizon"])),
        how=tuple((str(row["how"]), float(row["voices"])) for row in told["how"]),
        other_customers=said["other_customers"],
        by_moment={one.key: one for one in heard},
    )


class _Reader:
    """Rows by what they are about."""

    def __init__(self, journey: Row, met: Iterable[Row], told: Mapping[str, Any]) -> None:
        self.stages = {str(s["id"]): clean(str(s.get("name") or s["id"])) for s in journey.get("stages", ())}
        self.listed = {str(m["id"]): m for m in journey.get("moments", ())}
        self.met_moment = {str(row["moment"]): int(row["customers"]) for row in met}
        self.met_stage = {row["stage"]: int(row["customers"]) for row in told["met"]}
        self.speakers = {(r["stage"], r["moment"]): int(r["speakers"]) for r in told["speakers"]}
        self.coverage = told["coverage"]
        self.by_stage = told["stages"]
        self.found = told["heard"]
        self.asked = {row["source"]: row for row in told["asked"]}
        self.scale = told["said"]["scale"]
        self.quotes = told["quotes"]
        self.keys = sorted({row["source"] for row in self.by_stage}, key=lambda key: self.order(key))

    def order(self, source: Any) -> tuple[Any, ...]:
        """Volunteered first, then asked; most voices first."""
        group = ["volunteered", "both", "asked", ""].index(self.group(source))
        return group, -int(self.asked.get(source, {}).get("voices", 0)), str(source)

    def group(self, source: Any) -> str:
        row = self.asked.get(source, {})
        asked, unasked = int(row.get("asked", 0)), int(row.get("unasked", 0))
        if asked and unasked:
            return "both"
        return "asked" if asked else "volunteered" if unasked else ""

    def rows(self, **wanted: Any) -> list[Row]:
        return _where(self.coverage, **wanted)

    def score(self, rows: Iterable[Row]) -> Score:
        """Return the score of several cells together: all three scales are means over voices.

        That of net promoters counts three voices more, half of them passive (adjusted Wald, Rocks 2016): so that a cell
        alone has the attribution's own score.
        """
        more = _ADDED if self.scale == "nps" else 0.0
        known = [(float(row["scored"]), float(row["score"])) for row in rows if row["score"] is not None]
        weight = math.fsum(weight for weight, _ in known)
        total = math.fsum((part + more) * score for part, score in known)
        return Score(total / (weight + more) if weight > 0 else None, weight, self.scale)

    def cell(self, rows: Sequence[Row], speakers: int, stage: str, silent: Iterable[Row]) -> Cell:
        voices = math.fsum(float(row["voices"]) for row in rows)
        passed = any(row["occurrences"] for row in rows)
        state = "heard" if voices >= FEW - _TOO_SMALL else "few" if voices >= _HALF else "silent"
        return Cell(
            state=state if passed or voices >= _HALF else "nothing",
            voices=voices,
            score=self.score(rows),
            speakers=speakers,
            customers=self.met_stage.get(stage, 0),
            silent_moments=tuple(str(row["moment"]) for row in silent if row["silent"]),
        )

    def sources(self) -> tuple[Source, ...]:
        found: list[Source] = []
        for key in self.keys:
            cells = tuple(
                self.cell(rows, sum(int(row["speakers"]) for row in rows), stage, self.rows(stage=stage, source=key))
                for stage in self.stages
                for rows in (_where(self.by_stage, stage=stage, source=key),)
            )
            rest = _where(self.by_stage, stage=None, source=key)
            astray = math.fsum(float(row["voices"]) for row in rest)
            state = "heard" if astray >= FEW - _TOO_SMALL else "few" if astray >= _HALF else "nothing"
            found.append(
                Source(
                    name=self.name(key),
                    asked=self.group(key),
                    cells=cells,
                    astray=Cell(state, astray, self.score(rest)),
                    voices=math.fsum([astray, *(cell.voices for cell in cells)]),
                )
            )
        return tuple(found)

    def totals(self) -> tuple[Cell, ...]:
        return tuple(
            self.cell(
                _where(self.by_stage, stage=stage), self.speakers.get((stage, None), 0), stage, self.rows(stage=stage)
            )
            for stage in self.stages
        )

    def heard(self) -> tuple[Heard, ...]:
        return tuple(self.moment(row) for row in self.found)

    def moment(self, row: Row) -> Heard:
        key = str(row["moment"])
        rows = self.rows(moment=row["moment"])
        voices = [(self.name(r["source"]), float(r["voices"])) for r in rows if float(r["voices"]) >= _HALF]
        values = [float(r["value"]) for r in rows if r["value"] is not None]
        weight = math.fsum(float(r["scored"]) for r in rows)
        return Heard(
            key=key,
            name=clean(str(self.listed.get(key, {}).get("name") or key)),
            stage=self.stages.get(str(row["stage"]), clean(str(row["stage"]))),
            voices=float(row["voices"]),
            score=Score(row["score"], weight, self.scale, row["low"], row["high"]),
            speakers=self.speakers.get((row["stage"], row["moment"]), 0),
            customers=self.met_moment.get(key, 0),
            value=max(values) if values else None,
            delay="" if row["delay"] is None else duration(float(row["delay"])),
            through=tuple(sorted(voices, key=lambda one: (-one[1], one[0]))),
            silent=tuple(self.name(r["source"]) for r in rows if r["silent"]),
            quotes=tuple(self.quote(r) for r in _where(self.quotes, moment=row["moment"])),
        )

    def quote(self, row: Row) -> Quote:
        most = {"nps": " of 10", "csat": " of 5"}.get(self.scale or "", "")
        score = "no score" if row["score"] is None else f"{row['score']:.12g}".replace("-", "−") + most
        about = (self.name(row["source"]), day(row["date"]), *((score,) if self.scale else ()))
        return Quote(row["text"], ", ".join(about))

    def name(self, source: Any) -> str:
        return "no source named" if source is None else quotes.cut(str(source)) or "no name"


def _where(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]


def voices(weight: float) -> str:
    """Write a number of voices, which attribution may have divided: ``412``, ``12.4``."""
    whole = round(weight)
    return count(whole) if abs(weight - whole) < 0.05 else f"{weight:,.1f}"


def on_the_map(told: Listening) -> list[Row]:
    """Return the rows that a map shows on its cards: scores from −100 to 100, and the voices that they rest on."""
    return [
        {
            "moment": heard.key,
            "score": heard.score.number if told.scale == "nps" else None,
            "voices": round(heard.voices),
            "scored": round(heard.score.weight),
        }
        for heard in told.moments
    ]


def headline(told: Listening, who: str, unit: str | None) -> str:
    """Return the finding: who spoke, and where nobody does, worth how much."""
    spoke = f"{count(told.speakers)} of {counted(told.customers, who)} spoke of a moment"
    passed = [heard for heard in told.moments if heard.customers]
    if not passed:
        return spoke
    silent = sorted((h for h in passed if h.voices < _HALF), key=lambda h: (-h.customers, h.name))
    if silent:
        most = silent[0]
        rest = f" and {counted(len(silent) - 1, 'other moments')}" if len(silent) > 1 else ""
        return f"{spoke}; nobody of {most.name}{rest}: {_met(most, who, unit)}"
    least = min(passed, key=lambda h: (h.speakers / h.customers, h.name))
    return f"{spoke}; least of {least.name}: {count(least.speakers)} of {_met(least, who, unit)}"


def _met(heard: Heard, who: str, unit: str | None) -> str:
    value = "" if unit is None or heard.value is None else f", worth {money(heard.value, unit)},"
    return f"{counted(heard.customers, who)}{value} who met it"
