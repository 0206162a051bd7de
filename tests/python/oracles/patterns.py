"""The pattern semantics of docs/patterns.md, written as the definitions read and as slowly as they like.

Nothing here is incremental: every form first lists all signals of its parts over a customer's whole life, then looks
for what the definition names by trying everything. The fast matcher was written apart from the same page; where the two
differ, one of them, or the page, is wrong. Readings of the page that were a choice are marked "Reading:".
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

Event = Mapping[str, Any]
Pattern = str | Mapping[str, Any]
Place = tuple[
    int, int, int
]  # time; 0 an event, 1 a deadline; position of the event, or of the event that began the deadline
Case = tuple[int, str, int]  # time, reason, the latest instant at which what is undecided could occur
Observation = tuple[int, int]
PriorCounts = Mapping[tuple[Any, str], int]

NO_END = 2**62
UNKNOWN, CENSORED, TRUNCATED = "unknown condition", "censored", "truncated"
FORMS = ("event", "nth", "count", "absent", "sequence", "anniversary", "gap", "any_of", "all_of")
FIRST_ORDINAL = 0  # Reading: ordinals begin at 0, as positions do

# --- durations --------------------------------------------------------------------------------------------------------

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_FIXED = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def parse_duration(text: str) -> tuple[int, int]:
    """(months, microseconds) of a duration, one of the two being zero: calendar units are words, fixed ones letters."""
    if found := re.fullmatch(r"(\d+)([smhdw])", text):
        return 0, int(found[1]) * _FIXED[found[2]] * 1_000_000
    if found := re.fullmatch(r"(\d+) (month|year)s?", text):
        return int(found[1]) * (12 if found[2] == "year" else 1), 0
    raise ValueError(f"not a duration: {text!r}")


@lru_cache(maxsize=100_000)
def shift(time: int, duration: str, times: int, zone: str) -> int:
    """`time` + `times` x `duration`; calendar durations multiply the months, they are not added one after another."""
    months, microseconds = parse_duration(duration)
    if not months:
        return time + times * microseconds
    tz = ZoneInfo(zone)
    local = (_EPOCH + timedelta(microseconds=time)).astimezone(tz).replace(tzinfo=None, fold=0)
    year, month0 = divmod(local.year * 12 + (local.month - 1) + times * months, 12)
    day = min(local.day, calendar.monthrange(year, month0 + 1)[1])
    # fold=0: of a local time that exists twice the earlier; one that does not exist takes the offset from before the
    # gap, and so moves forward by the gap (PEP 495).
    moved = local.replace(year=year, month=month0 + 1, day=day).replace(tzinfo=tz, fold=0)
    return (moved.astimezone(timezone.utc) - _EPOCH) // _MICROSECOND


# --- conditions: Kleene's logic, None is unknown ----------------------------------------------------------------------


def kleene_all(verdicts: Sequence[bool | None]) -> bool | None:
    """False if any is false, else unknown if any is unknown, else true."""
    if any(v is False for v in verdicts):
        return False
    return None if any(v is None for v in verdicts) else True


def kleene_not(verdict: bool | None) -> bool | None:
    """Unknown stays unknown."""
    return None if verdict is None else not verdict


def kleene_any(verdicts: Sequence[bool | None]) -> bool | None:
    """By De Morgan, so that it cannot disagree with `kleene_all`."""
    return kleene_not(kleene_all([kleene_not(v) for v in verdicts]))


def holds(condition: Mapping[str, Any], event: Event) -> bool | None:
    """One condition judged on one event."""
    if "any" in condition:
        return kleene_any([holds(c, event) for c in condition["any"]])
    if "not" in condition:
        return kleene_not(holds(condition["not"], event))
    found, op = event[condition["column"]], condition["op"]
    if op == "is_null":
        return bool((found is None) == condition.get("value", True))
    if found is None:
        return None
    wanted = condition["value"]
    if op == "==":
        return bool(found == wanted)
    if op == "!=":
        return bool(found != wanted)
    if op == "<":
        return bool(found < wanted)
    if op == "<=":
        return bool(found <= wanted)
    if op == ">":
        return bool(found > wanted)
    if op == ">=":
        return bool(found >= wanted)
    if op == "in":
        return bool(found in wanted)
    raise ValueError(f"unknown op {op!r}")


def all_hold(where: Sequence[Mapping[str, Any]] | None, event: Event) -> bool | None:
    """The implicit *all* of a `where`; without one, true."""
    return kleene_all([holds(c, event) for c in where or ()])


# --- one customer's life ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """All that is known of one customer: events in log order, and what was not seen."""

    customer: Any
    events: tuple[Event, ...]
    since: int
    until: int
    truncated: bool
    prior: PriorCounts | None
    zone: str
    first_outcome: int | None = None  # its time; anniversaries stop before it

    def shift(self, time: int, duration: str, times: int = 1) -> int:
        """`shift` in the log's zone."""
        return shift(time, duration, times, self.zone)


@dataclass(frozen=True)
class Signal:
    """What a pattern emits. `event` is the position of the event it carries."""

    time: int
    place: Place
    start_time: int
    event: int


@dataclass
class Emitted:
    """A pattern over a life: its signals; those whose carried event leaves `where` unknown; other undecided cases."""

    signals: list[Signal] = field(default_factory=list)
    unknown: list[Signal] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)


def lives(
    events: Sequence[Event],
    ties: str | Sequence[str],
    observed: Mapping[Any, Observation] | None,
    history: str,
    prior_counts: PriorCounts | None,
    zone: str,
) -> list[Life]:
    """The log, customer by customer, each in log order."""
    if not events:
        return []
    if history not in ("complete", "truncated"):
        raise ValueError(f"unknown history {history!r}")
    span = (min(e["time"] for e in events), max(e["time"] for e in events))
    found = []
    for customer in sorted({e["customer"] for e in events}):
        own = [e for e in events if e["customer"] == customer]
        if isinstance(ties, str):
            if ties != "input":
                raise ValueError(f"unknown ties {ties!r}")
            own.sort(key=lambda e: e["time"])  # stable: the input order inside a tie
        else:
            ranking = list(ties)
            own.sort(key=lambda e: (e["time"], ranking.index(e["event"]) if e["event"] in ranking else len(ranking)))
        since, until = span if observed is None else observed[customer]
        if any(e["time"] > until or (e["time"] < since and history == "truncated") for e in own):
            raise ValueError(f"an event of {customer!r} lies outside its observation")
        found.append(Life(customer, tuple(own), since, until, history == "truncated", prior_counts, zone))
    return found


def reach(life: Life, latest: int, w: str) -> int:
    """The latest instant of what lies within w of something no later than `latest`; months end unevenly."""
    if latest == NO_END:
        return NO_END
    return life.shift(latest, w) + (4 * 86_400_000_000 if parse_duration(w)[0] else 0)


def passed_up(cases: Sequence[Case], latest: int) -> list[Case]:
    """Cases of a part of a form that occurs no later than `latest`."""
    return [(time, reason, latest) for time, reason, _ in cases]


def passed_up_within(cases: Sequence[Case], w: str, life: Life) -> list[Case]:
    """Cases of a part of a form that occurs up to w later."""
    return [(time, reason, reach(life, latest, w)) for time, reason, latest in cases]


def event_place(life: Life, position: int) -> Place:
    """An event's place in the order."""
    return (life.events[position]["time"], 0, position)


def deadline(life: Life, time: int, start_time: int, event: int) -> Signal:
    """A signal that falls after all events of its instant, beside others by the position of the event that began it."""
    return Signal(time, (time, 1, event), start_time, event)


def in_order(signals: Sequence[Signal]) -> list[Signal]:
    """Log order; two signals at one place (one event, two clamped deadlines) by the earlier start."""
    return sorted(signals, key=lambda s: (s.place, s.start_time))


def carried_time(life: Life, signal: Signal) -> int:
    """Reading: an unknown condition's "event in question" is the event carried, at its own time, not a deadline's."""
    return int(life.events[signal.event]["time"])


# --- forms ------------------------------------------------------------------------------------------------------------


def evaluate(pattern: Pattern, life: Life) -> Emitted:
    """Everything a pattern emits over one life."""
    if isinstance(pattern, str):
        return Emitted(
            [
                Signal(e["time"], event_place(life, i), e["time"], i)
                for i, e in enumerate(life.events)
                if e["event"] == pattern
            ]
        )
    (form,) = [f for f in FORMS if f in pattern and not (f == "count" and "nth" in pattern)]
    emitted = _EVALUATORS[form](pattern, life)
    if form not in ("nth", "count", "absent"):
        emitted = _judged(emitted, pattern.get("where"), life)
    return Emitted(in_order(emitted.signals), in_order(emitted.unknown), sorted(emitted.cases))


def _judged(emitted: Emitted, where: Sequence[Mapping[str, Any]] | None, life: Life) -> Emitted:
    """`where` after matching, on the carried event: true stays, false goes, unknown makes the occurrence undecided."""
    verdicts = [(s, all_hold(where, life.events[s.event])) for s in emitted.signals]
    return Emitted(
        [s for s, v in verdicts if v is True],
        emitted.unknown + [s for s, v in verdicts if v is None],
        emitted.cases,
    )


def _counted(
    x: Pattern, where: Sequence[Mapping[str, Any]] | None, life: Life
) -> tuple[list[Signal], list[Signal], list[Case]]:
    """Known and unknown x's of nth, count and absent; an x's condition is its own pattern's and the form's together."""
    part = evaluate(x, life)
    known, unknown = [], []
    for signal, own in [(s, True) for s in part.signals] + [(s, None) for s in part.unknown]:
        verdict = kleene_all([own, all_hold(where, life.events[signal.event])])
        if verdict is True:
            known.append(signal)
        elif verdict is None:
            unknown.append(signal)
    return in_order(known), in_order(unknown), part.cases


def _event(pattern: Mapping[str, Any], life: Life) -> Emitted:
    part = evaluate(pattern["event"], life)
    return Emitted([replace(s, start_time=s.time) for s in part.signals], part.unknown, part.cases)


def _nth(pattern: Mapping[str, Any], life: Life) -> Emitted:
    x, n = pattern["nth"], pattern["n"]
    known, unknown, cases = _counted(x, pattern.get("where"), life)
    usable = life.prior is not None and isinstance(x, str) and "where" not in pattern
    if usable:
        assert life.prior is not None
        n -= life.prior.get((life.customer, x), 0)
        if n <= 0:
            return Emitted(cases=cases)
    elif life.truncated and known:
        # Reading: one row; truncation goes before unknown conditions, and "the first x" is the first known one.
        return Emitted(cases=[*cases, (known[0].time, TRUNCATED, NO_END)])
    if len(known) >= n:
        cases = passed_up(cases, known[n - 1].time)
        undecided, latest = any(u.place < known[n - 1].place for u in unknown), known[n - 1].time
    else:
        cases = passed_up(cases, NO_END)
        undecided, latest = len(known) + len(unknown) >= n, max((x.time for x in known + unknown), default=NO_END)
    if undecided:
        return Emitted(cases=[*cases, (unknown[0].time, UNKNOWN, latest)])
    return Emitted([replace(s, start_time=s.time) for s in known[n - 1 : n]], [], cases)


def _count(pattern: Mapping[str, Any], life: Life) -> Emitted:
    n, w, rearm = pattern["at_least"], pattern["within"], pattern.get("rearm", "below")
    known, unknown, cases = _counted(pattern["count"], pattern.get("where"), life)
    found, rows = [], passed_up_within(cases, w, life)
    armed = True
    # An event may be known by one part of an any_of and unknown by another: two x's at one place, the known one first.
    both = [(x, True) for x in known] + [(x, False) for x in unknown]
    for x, x_known in sorted(both, key=lambda pair: (pair[0].place, pair[0].start_time, not pair[1])):
        opens = life.shift(x.time, w, -1)
        known_here = [k for k in known if k.place <= x.place and k.time >= opens]
        unknown_here = [u for u in unknown if u.place <= x.place and u.time >= opens]
        ready = armed or rearm == "every"  # Reading: the state on arriving at x, before x itself arms
        if x_known and len(known_here) >= n:
            if ready:
                found.append(replace(x, start_time=known_here[-n].time))
                armed = False
        elif len(known_here) + len(unknown_here) >= n and ready:
            rows.append((x.time, UNKNOWN, x.time))
        if x_known and len(known_here) < n:
            armed = True
    return Emitted(found, [], rows)


def _absent(pattern: Mapping[str, Any], life: Life) -> Emitted:
    w = pattern["within"]
    known, unknown, cases = _counted(pattern["absent"], pattern.get("where"), life)
    rows = passed_up_within(cases, w, life)
    if "unless" in pattern:
        z = evaluate(pattern["unless"], life)
        known, unknown = known + z.signals, unknown + z.unknown
        rows += passed_up_within(z.cases, w, life)
    after = evaluate(pattern["after"], life)
    rows += passed_up_within(after.cases, w, life)
    found = []
    for y, y_known in [(y, True) for y in after.signals] + [(y, False) for y in after.unknown]:
        ends = life.shift(y.time, w)
        if any(x.place > y.place and x.time <= ends for x in known):
            continue
        if not y_known or any(x.place > y.place and x.time <= ends for x in unknown):
            rows.append((y.time, UNKNOWN, ends))
        elif ends > life.until:
            rows.append((y.time, CENSORED, NO_END))
        else:
            found.append(deadline(life, ends, y.time, y.event))
    return Emitted(found, [], rows)


def _reported_once(parts: Sequence[Emitted], w: str, life: Life) -> list[Case]:
    """Undecided cases of a sequence's or set's elements: an unknown event is one case, though it might be several."""
    unknown = {s.place: s for part in parts for s in part.unknown}
    own = [(carried_time(life, s), UNKNOWN, s.time) for s in unknown.values()]
    return passed_up_within(own + [c for part in parts for c in part.cases], w, life)


def _kinds(pattern: Pattern) -> set[str]:
    """Event names a pattern listens to."""
    if isinstance(pattern, str):
        return {pattern}
    names: set[str] = set()
    for key in ("event", "nth", "count", "absent", "after", "unless", "anniversary"):
        if key in pattern:
            names |= _kinds(pattern[key])
    for key in ("sequence", "any_of", "all_of"):
        for part in pattern.get(key, ()):
            names |= _kinds(part)
    return names


def _chains(
    parts: Sequence[Emitted], chain: tuple[Signal, ...], w: str, others: Sequence[Place], life: Life
) -> Iterator[tuple[Signal, ...]]:
    """Every series of one signal of each element, each later than the one before, all inside w from the first."""
    if len(chain) == len(parts):
        yield chain
        return
    for signal in parts[len(chain)].signals:
        if chain:
            if not signal.place > chain[-1].place or signal.time > life.shift(chain[0].time, w):
                continue
            if any(chain[-1].place < other < signal.place for other in others):
                continue
        yield from _chains(parts, (*chain, signal), w, others, life)


def _sequence(pattern: Mapping[str, Any], life: Life) -> Emitted:
    parts = [evaluate(p, life) for p in pattern["sequence"]]
    others: list[Place] = []
    if pattern.get("strict", False):
        # Reading: "any other kind" is an event of a name that no element of the series names.
        kinds = set().union(*(_kinds(p) for p in pattern["sequence"]))
        others = [event_place(life, i) for i, e in enumerate(life.events) if e["event"] not in kinds]
    chains = list(_chains(parts, (), pattern["within"], others, life))
    found = []
    while chains:
        completes = min(chain[-1].place for chain in chains)
        latest = max((c for c in chains if c[-1].place == completes), key=lambda c: c[0].place)
        found.append(replace(latest[-1], start_time=latest[0].time))
        chains = [c for c in chains if c[0].place > completes]  # all partial series are dropped
    return Emitted(found, [], _reported_once(parts, pattern["within"], life))


def _anniversary(pattern: Mapping[str, Any], life: Life) -> Emitted:
    part = evaluate(pattern["anniversary"], life)
    found = []
    for y in part.signals:
        k = 1
        while (time := life.shift(y.time, pattern["every"], k)) <= life.until:
            # Reading: "strictly before the first outcome" compares times: a deadline outcome then stops it too.
            if life.first_outcome is None or time < life.first_outcome:
                found.append(deadline(life, time, y.time, y.event))
            k += 1
    # Reading: an unknown y is one case, not one for each of its anniversaries.
    cases = part.cases + [(carried_time(life, y), UNKNOWN, y.time) for y in part.unknown]
    return Emitted(found, [], passed_up(cases, NO_END if life.first_outcome is None else life.first_outcome - 1))


def _gap(pattern: Mapping[str, Any], life: Life) -> Emitted:
    found, rows = [], []
    for i, e in enumerate(life.events):
        ends = life.shift(e["time"], pattern["gap"])
        if any(later["time"] <= ends for later in life.events[i + 1 :]):
            continue
        if ends <= life.until:
            found.append(deadline(life, ends, e["time"], i))
        elif i == len(life.events) - 1 and all_hold(pattern.get("where"), e) is not False:
            rows.append(
                (e["time"], CENSORED, NO_END)
            )  # a condition known to be false on that event settles it: nothing will occur
    return Emitted(found, [], rows)


def _any_of(pattern: Mapping[str, Any], life: Life) -> Emitted:
    parts = [evaluate(p, life) for p in pattern["any_of"]]
    signals = [(s.place, listed, s) for listed, part in enumerate(parts) for s in part.signals]
    first = [
        min((entry for entry in signals if entry[2].time == instant), key=lambda entry: entry[:2])[2]
        for instant in sorted({s.time for _, _, s in signals})
    ]
    return Emitted(first, [s for part in parts for s in part.unknown], [c for part in parts for c in part.cases])


def _all_of(pattern: Mapping[str, Any], life: Life) -> Emitted:
    parts = [evaluate(p, life) for p in pattern["all_of"]]
    found: list[Signal] = []
    consumed: Place | None = None
    for place, completing in sorted({s.place: s for part in parts for s in part.signals}.items()):
        # Reading: an event that is a signal of two parts serves both of them.
        available = [
            [s for s in p.signals if s.place <= place and (consumed is None or s.place > consumed)] for p in parts
        ]
        if not all(available):
            continue
        earliest = min(in_order(signals)[-1].time for signals in available)
        if completing.time <= life.shift(
            earliest, pattern["within"]
        ):  # Reading: as in a sequence, from the earliest on
            found.append(replace(completing, start_time=earliest))
            consumed = place
    return Emitted(found, [], _reported_once(parts, pattern["within"], life))


_EVALUATORS = {
    "event": _event,
    "nth": _nth,
    "count": _count,
    "absent": _absent,
    "sequence": _sequence,
    "anniversary": _anniversary,
    "gap": _gap,
    "any_of": _any_of,
    "all_of": _all_of,
}

# --- a journey --------------------------------------------------------------------------------------------------------


def _holds_anniversary(pattern: Any) -> bool:
    if isinstance(pattern, Mapping):
        return "anniversary" in pattern or any(_holds_anniversary(v) for v in pattern.values())
    return isinstance(pattern, (list, tuple)) and any(_holds_anniversary(p) for p in pattern)


def _first_outcome(journey: Mapping[str, Any], life: Life, since: int) -> tuple[Signal, Any] | None:
    """The first from `since` on, in log order, then the journey's. Reading: undecided ones do not stop a customer."""
    found = []
    for listed, outcome in enumerate(journey.get("outcomes", ())):
        if _holds_anniversary(outcome["when"]):
            raise ValueError(f"outcome {outcome['id']!r} holds an anniversary")
        found += [
            (s.place, listed, s, outcome["id"]) for s in evaluate(outcome["when"], life).signals if s.time >= since
        ]
    if not found:
        return None
    _, _, signal, name = min(found, key=lambda f: f[:2])
    return signal, name


def _lives_with_outcomes(journey: Mapping[str, Any], events: Sequence[Event], options: Mapping[str, Any]) -> list[Life]:
    full = {"ties": "input", "observed": None, "history": "complete", "prior_counts": None, "zone": "UTC", **options}
    found = []
    for life in lives(events, **full):
        outcome = _first_outcome(journey, life, min(e["time"] for e in life.events))  # of the whole life
        found.append(replace(life, first_outcome=outcome[0].time if outcome else None))
    return found


def occurrences(events: Sequence[Event], journey: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
    """customer, moment, stage, ordinal, time, start_time, value, key; by customer, log order, the journey's order.

    Options, here and below: ties, observed, history, prior_counts, zone (see the module's `lives`).
    """
    since = {life.customer: life.since for life in _lives_with_outcomes(journey, events, options)}
    return [o for o in whole_lives(events, journey, **options) if o["time"] >= since[o["customer"]]]


def whole_lives(events: Sequence[Event], journey: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
    """As `occurrences`, those before the observation included."""
    rows = []
    for life in _lives_with_outcomes(journey, events, options):
        found = []
        for listed, moment in enumerate(journey["moments"]):
            signals = evaluate(moment["when"], life).signals
            found += [(s.place, listed, s.start_time, i, s, moment) for i, s in enumerate(signals, FIRST_ORDINAL)]
        for _, _, _, ordinal, signal, moment in sorted(found, key=lambda f: f[:4]):
            rows.append(
                {
                    "customer": life.customer,
                    "moment": moment["id"],
                    "stage": moment["stage"],
                    "ordinal": ordinal,
                    "time": signal.time,
                    "start_time": signal.start_time,
                    "value": life.events[signal.event]["value"],
                    "key": life.events[signal.event]["key"],
                }
            )
    return rows


def undecided(
    events: Sequence[Event], journey: Mapping[str, Any], left_out: bool = False, **options: Any
) -> list[tuple[Any, Any, int, str]]:
    """(moment, customer, time, reason), one row a case, sorted; or, instead, those left out: they lie before `from`."""
    rows = []
    for life in _lives_with_outcomes(journey, events, options):
        for moment in journey["moments"]:
            emitted = evaluate(moment["when"], life)
            cases = [(carried_time(life, s), UNKNOWN, s.time) for s in emitted.unknown] + emitted.cases
            for time, reason, latest in cases:
                if (reason == UNKNOWN and latest < life.since) == left_out:
                    rows.append((moment["id"], life.customer, time, reason))
    return sorted(rows)


def kpi_verdict(met: Mapping[str, Any], o: Signal, life: Life) -> bool | None:
    """Whether one occurrence met its KPI; None is undecided.

    Reading: where no known x decides, an x in time whose own condition is unknown leaves the KPI undecided.
    """
    if "where" in met:
        return all_hold(met["where"], life.events[o.event])
    w = met["within"]
    if "preceded_by" in met:
        x = evaluate(met["preceded_by"], life)
        opens = life.shift(o.time, w, -1)
        if any(s.place < o.place and s.time >= opens for s in x.signals):
            return True
        if any(s.place < o.place and s.time >= opens for s in x.unknown):
            return None
        return None if opens < life.since and life.truncated else False
    absent = "absent" in met
    if absent and met["after"] != "this":
        raise ValueError('a KPI\'s absent is after "this"')
    x = evaluate(met["absent" if absent else "follows"], life)
    ends = life.shift(o.time, w)
    if any(s.place > o.place and s.time <= ends for s in x.signals):
        return not absent
    if any(s.place > o.place and s.time <= ends for s in x.unknown):
        return None
    return None if ends > life.until else absent


def kpis(
    events: Sequence[Event], journey: Mapping[str, Any], start: int = -NO_END, end: int = NO_END, **options: Any
) -> list[dict[str, Any]]:
    """moment, met, not_met, undecided for each moment with a KPI, in the journey's order; start <= time < end."""
    everyone = _lives_with_outcomes(journey, events, options)
    rows = []
    for moment in journey["moments"]:
        if "kpi" not in moment:
            continue
        verdicts = [
            kpi_verdict(moment["kpi"]["met"], o, life)
            for life in everyone
            for o in evaluate(moment["when"], life).signals
            if o.time >= life.since and start <= o.time < end
        ]
        rows.append(
            {
                "moment": moment["id"],
                "met": verdicts.count(True),
                "not_met": verdicts.count(False),
                "undecided": verdicts.count(None),
            }
        )
    return rows


def outcomes(events: Sequence[Event], journey: Mapping[str, Any], **options: Any) -> list[tuple[Any, Any, int]]:
    """(customer, outcome id, time) of each customer's first outcome while observed, by customer."""
    rows = []
    for life in _lives_with_outcomes(journey, events, options):
        outcome = _first_outcome(journey, life, life.since)
        if outcome:
            rows.append((life.customer, outcome[1], outcome[0].time))
    return rows
