"""A first journey from events alone: something to edit, never the last word."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.events import EventLog
from sojourn.journey import Journey, Moment, Outcome, Stage
from sojourn.matches import Matches
from sojourn.patterns import Pattern, absent, count, event, gap, nth

PROPOSED = "proposed by discover"  # how the note begins; journey_check.hpp looks for it

_LARGEST_CAP = 20
_NAMES = 60  # event names that are looked at; the rest are counted in the note
_REPEATED = 0.1  # from this share of its customers an event counts as one that comes again
_NTH = 0.05  # the n-th is worth a moment if this share of the event's customers reach it
_ALL = 0.9  # what more than this share of them reach tells no more than the first
_FEWEST = 20  # cases below which no rhythm is read from them
_RARE = 0.005  # missed moments of fewer customers are not proposed
_USUAL = (0.6, 0.995)  # a follow-up that comes this often usually comes, and is sometimes missing
_ITS_OWN = 0.5  # this share of a follow-up's events come after that which it follows
_SAME = 0.02  # two missed moments of as many customers and nearly this excess tell one thing
_RESERVED = {"start", "end", "observed", "this"}


@dataclass(frozen=True)
class _Candidate:
    moment: Moment
    why: str
    reach: int = 0  # customers, up to their outcome
    occurrences: int = 0
    order: float = 0.0  # how many other candidates had come before, in the median customer
    excess: float = 0.0  # of an outcome, over all customers, with the doubt of few customers taken off

    @property
    def obvious(self) -> bool:
        return self.moment.kind == "obvious"


def discover(
    log: EventLog,
    outcomes: Mapping[str, Pattern | Mapping[str, Any]] | Sequence[Outcome | Mapping[str, Any]] | None = None,
    cap: int = 15,
    *,
    threads: int | None = None,
) -> Journey:
    """Propose a first journey from a log: moments, stages, and an ending. To be edited, never final.

    What it looks for: the most common events (the first of those that come again); the second, and the largest round
    number that one customer in twenty reaches; three inside the time in which half of them come again; follow-ups that
    usually come and sometimes do not; silence. Half of the places go to the most common events, the others to what
    most raises the share of customers who then reach an outcome, times the customers it reaches. Stages are cut where
    the order in which customers first come to the moments leaves the largest gaps. The journey's ``note`` gives the
    reason for each, what was left out, and begins with "proposed by discover"; `Journey.check` says so until that note
    is gone. Owners, KPIs and goals are left for people to fill in. Nothing in it is drawn at random.

    Parameters
    ----------
    log
        The events. Only those of the observation are looked at, and of more than 60 names the 60 that most customers
        have.
    outcomes
        How journeys end, as `Journey` takes them. Without any, one is proposed: a silence longer than 99 in 100 of
        those that customers broke, and no longer than a third of the log.
    cap
        The most moments to propose: 15, or another number from 1 to 20.
    threads
        Number of threads (None: all). The answer never depends on it.

    Raises
    ------
    InvalidInput
        For a cap outside 1 … 20, a log without events while observed, or outcomes as `Journey` refuses them.

    Examples
    --------
    >>> import sojourn as sj
    >>> journey = sj.discover(sj.datasets.cdnow().log)
    >>> [moment.name for moment in journey.moments][:3]
    ['First order', 'Silent for 90 days', '2nd order']
    >>> journey.note.splitlines()[0]
    'proposed by discover from 69,659 events; edit before use'
    >>> "a proposal" in journey.check().to_dict()["check"]
    True
    """
    if not isinstance(log, EventLog):
        raise InvalidInput(f"log: found {type(log).__name__}, expected an EventLog (sj.EventLog(events))")
    if isinstance(cap, bool) or not isinstance(cap, int) or not 1 <= cap <= _LARGEST_CAP:
        raise InvalidInput(f"cap: found {cap!r}, expected a whole number from 1 to {_LARGEST_CAP}")
    rhythm = _Rhythm(log, threads)
    if not rhythm.events:
        raise InvalidInput("log: found no event while observed, expected at least one")
    notes = []
    if outcomes is None:
        outcomes, why = rhythm.ending()
        notes.append(why)
    elif isinstance(outcomes, Mapping):
        outcomes = [Outcome(name, when) for name, when in outcomes.items()]
    candidates = _candidates(rhythm, _ids(outcomes))
    matches = _matched(candidates, outcomes, log, threads)
    if earlier := _never_first(candidates, matches):
        candidates = _candidates(rhythm, _ids(outcomes), earlier)
        matches = _matched(candidates, outcomes, log, threads)
    measured = _measured(candidates, matches, rhythm, threads)
    chosen = _chosen(measured, cap)
    stages, moments = _staged(chosen)
    notes += rhythm.notes
    for name, twin in rhythm.together().items():
        notes.append(f"{_readable(name)} was left out: it always comes right after {_readable(twin)}")
    if len(measured) > len(chosen):
        notes.append(f"{len(measured) - len(chosen):,} further candidates did not find a place among {cap}")
    notes += [f"{candidate.moment.id}: {candidate.why}" for candidate in chosen]
    note = "\n".join([f"{PROPOSED} from {len(log):,} events; edit before use", *notes])
    return Journey(stages, moments, outcomes, journey="a proposal", note=note)


class _Rhythm:
    """What the compiled core counted, in words that fit patterns."""

    def __init__(self, log: EventLog, threads: int | None) -> None:
        found = _core.rhythm(log._core, checked(threads))
        first, last = log.span
        self.rungs: list[int] = found["rungs"]
        self.round_numbers: list[int] = found["round_numbers"]
        self.silences: list[int] = found["silences"]
        self.customers = log.customers
        self.span = (last - first).total_seconds()
        self.truncated = log._core.truncated
        usable = [row for row in found["events"] if row[0] not in ("", "this")]
        self.events = usable[:_NAMES]
        self.follow_ups: list[tuple[str, str, list[int]]] = found["follow_ups"]
        self.notes: list[str] = []
        if len(found["events"]) > len(self.events):
            self.notes.append(f"{len(found['events']) - len(self.events):,} rarer event names were not looked at")

    def within(self, counts: Sequence[int], share: float) -> int | None:
        """Return the shortest rung, in seconds, that holds that share of the times; None without times, or beyond."""
        total, so_far = sum(counts), 0
        for seconds, times in zip(self.rungs, counts, strict=False):
            so_far += times
            if total and so_far >= share * total:
                return seconds
        return None

    def up_to(self, seconds: float) -> int | None:
        """Return the longest rung that is no longer."""
        return max((rung for rung in self.rungs if rung <= seconds), default=None)

    def share_beyond(self, seconds: int) -> float:
        """Return the share of broken silences that were longer."""
        longer = sum(n for rung, n in zip([*self.rungs, float("inf")], self.silences, strict=True) if rung > seconds)
        return longer / max(1, sum(self.silences))

    def longest_silence(self) -> int | None:
        """Return the silence that counts as an ending."""
        limit = self.up_to(self.span / 3)
        if limit is None or not sum(self.silences):
            return None
        return min(self.within(self.silences, 0.99) or limit, limit)

    def silence(self) -> int | None:
        """Return the silence that is worth a moment: of those that customers break, one in ten is longer."""
        longest = self.longest_silence()
        limit = None if longest is None else self.up_to(longest / 2)
        return None if limit is None else min(self.within(self.silences, 0.9) or limit, limit)

    def ending(self) -> tuple[list[Outcome], str]:
        """Return the proposed outcome, and why."""
        longest = self.longest_silence()
        if longest is None:
            return [], "no outcome: the log shows no silences to tell an ending by"
        why = f"silent: of the silences that customers broke, {self.share_beyond(longest):.1%} were longer"
        return [Outcome("silent", gap(_short(longest)), f"Silent for {_long(longest)}")], why

    def together(self) -> dict[str, str]:
        """Return name → the name that it always comes right after, with which it tells one thing twice."""
        soon = (self.silence() or 0) / 100
        counted = {name: n for name, n, *_ in self.events}
        out: dict[str, str] = {}
        for x, y, after in self.follow_ups:
            if x not in counted or y not in counted or y in out or x in out:
                continue
            close = sum(n for rung, n in zip(self.rungs, after, strict=False) if rung <= max(soon, 1))
            if close >= 0.99 * counted[x] and close >= 0.99 * counted[y]:
                out[y] = x
        return out


def _matched(
    candidates: list[_Candidate], outcomes: Sequence[Outcome | Mapping[str, Any]], log: EventLog, threads: int | None
) -> Matches:
    return Journey(["all"], [candidate.moment for candidate in candidates], outcomes).match(log, threads=threads)


def _never_first(candidates: list[_Candidate], matches: Matches) -> set[str]:
    """Return the events that are proposed by their first, where every first lies before the observation."""
    found = {row["moment"]: row["occurrences"] for row in matches.moments().rows()}
    unseen = (c.moment.to_dict()["when"] for c in candidates if c.obvious and found[c.moment.id] == 0)
    return {when["nth"] for when in unseen if "nth" in when}


def _candidates(rhythm: _Rhythm, taken: set[str], earlier: Collection[str] = ()) -> list[_Candidate]:
    """Return every moment that the log suggests, before it is measured; of ``earlier`` events nobody has the first."""
    out: list[_Candidate] = []
    taken = taken | _RESERVED

    def add(moment_id: str, when: Pattern, name: str, kind: str, why: str) -> None:
        unique, n = moment_id, 2
        while unique.lower() in taken:
            unique, n = f"{moment_id}_{n}", n + 1
        taken.add(unique.lower())
        out.append(_Candidate(Moment(unique, "all", when, name, kind), why))

    together = rhythm.together()
    for name, _, customers, at_least, again in rhythm.events:
        if name in together:
            continue
        slug, words = _slug(name), _readable(name)
        repeated = at_least[1] >= _REPEATED * customers
        if not repeated or rhythm.truncated or name in earlier:
            add(slug, event(name), _capital(words), "obvious", "a common event")
        else:
            add(f"first_{slug}", nth(name, 1), f"First {words}", "obvious", "a common event that comes again")
        if not repeated:
            continue
        if not rhythm.truncated:
            shares = {n: k / customers for n, k in zip(rhythm.round_numbers, at_least, strict=True) if n > 1}
            for n in sorted({2, *[n for n, share in shares.items() if share >= _NTH][-1:]}):
                if shares[n] > _ALL:
                    continue
                why = f"{shares[n]:.0%} of those who have the event have it at least {n} times"
                add(f"{slug}_{n}", nth(name, n), f"{_ordinal(n)} {words}", "missed", why)
        window = rhythm.within(again, 0.5)
        if window is not None and sum(again) >= _FEWEST:
            why = f"three inside {_long(window)}, in which half of them come a second time"
            when = count(name, at_least=3, within=_short(window))
            add(f"third_{slug}_in_{_short(window)}", when, f"3 × {words} within {_long(window)}", "missed", why)
    for x, y, after in _usual_follow_ups(rhythm, set(together)):
        window = rhythm.within(after, 0.95)
        if window is None or window > rhythm.span / 4:
            continue
        name = f"No {_readable(y)} within {_long(window)} after {_readable(x)}"
        why = f"when it comes, it comes within {_long(window)} 95 times in 100"
        when = absent(y, within=_short(window), after=x)
        add(f"no_{_slug(y)}_after_{_slug(x)}", when, name, "missed", why)
    silence = rhythm.silence()
    if silence is not None:
        why = f"of the silences that customers broke, {rhythm.share_beyond(silence):.1%} were longer"
        add(f"silent_{_short(silence)}", gap(_short(silence)), f"Silent for {_long(silence)}", "missed", why)
    return out


def _usual_follow_ups(rhythm: _Rhythm, left_out: set[str]) -> list[tuple[str, str, list[int]]]:
    """Return, for each event, what most often follows of that which is sometimes missing."""
    counted = {name: n for name, n, *_ in rhythm.events if name not in left_out}
    best: dict[str, tuple[float, str, list[int]]] = {}
    for x, y, after in rhythm.follow_ups:
        if x not in counted or y not in counted or counted[x] < _FEWEST:
            continue
        share = sum(after) / counted[x]
        if sum(after) < _ITS_OWN * counted[y]:
            continue
        if _USUAL[0] <= share <= _USUAL[1] and (x not in best or share > best[x][0]):
            best[x] = (share, y, after)
    return [(x, y, after) for x, (_, y, after) in best.items()]


def _measured(candidates: list[_Candidate], matches: Matches, rhythm: _Rhythm, threads: int | None) -> list[_Candidate]:
    """Return the candidates that occur, with how many customers they reach and what comes after."""
    graph = _core.graph(matches._core.paths("moment", checked(threads)), checked(threads))
    ends = {node["node"]: node["customers"] for node in _rows(graph.nodes()) if node["kind"] == "outcome"}
    names = {outcome.id: outcome.name or outcome.id for outcome in matches.journey.outcomes}
    reached = {row[0]: row for row in _core.reach(graph)}
    counted = {name: n for name, n, *_ in rhythm.events}
    out = []
    for candidate, row in zip(candidates, matches.moments().rows(), strict=True):
        _, _, customers, ended, order = reached[candidate.moment.id]
        if row["occurrences"] == 0:
            continue
        why = f"{candidate.why}; {customers:,} of {rhythm.customers:,} customers before their outcome"
        excess, toward = 0.0, ""
        for (outcome, total), n in zip(ends.items(), ended, strict=True):
            if customers == 0:
                continue
            share, base = n / customers, total / rhythm.customers
            sure = _at_least(n, customers) - base
            if sure > excess:
                excess, toward = sure, f"{share:.0%} of them then reach '{names[outcome]}', of all {base:.0%}"
        if (when := candidate.moment.to_dict()["when"]).keys() & {"absent"}:
            missing = row["occurrences"] / max(row["occurrences"], counted[when["after"]] - row["undecided"])
            if not 1 - _USUAL[1] <= missing <= 1 - _USUAL[0]:
                continue
            why = f"missing {missing:.1%} of the time; {why}"
        why = f"{why}; {toward}" if toward else why
        out.append(_Candidate(candidate.moment, why, customers, row["occurrences"], order, excess))
    return out


def _chosen(measured: list[_Candidate], cap: int) -> list[_Candidate]:
    """Return the moments to propose: half of them the most common, the others by reach × excess, then by reach."""
    least = _RARE * max((candidate.reach for candidate in measured), default=0)
    known = [c for c in measured if c.obvious or c.reach >= least]
    common = sorted((c for c in known if c.obvious), key=lambda c: (-c.reach, -c.occurrences, c.moment.id))
    telling = [c for c in known if c.excess > 0 and c.reach >= least]
    telling.sort(key=lambda c: (-c.reach * c.excess, c.moment.id))
    others = sorted(known, key=lambda c: (not c.obvious, -c.reach, -c.occurrences, c.moment.id))
    out: list[_Candidate] = []
    for group, places in ((common, (cap + 1) // 2), (telling, cap), (others, cap)):
        for candidate in group:
            if len(out) < places and candidate not in out and not _told(candidate, out):
                out.append(candidate)
    return [c for c in out if c.reach > 0] or out[:1]


def _told(candidate: _Candidate, chosen: list[_Candidate]) -> bool:
    """Whether a missed moment is that of the same customers, as far as counts show, as one chosen already."""
    if candidate.obvious:
        return False
    missed = (other for other in chosen if not other.obvious and other.reach == candidate.reach)
    return any(abs(other.excess - candidate.excess) < _SAME for other in missed)


def _staged(chosen: list[_Candidate]) -> tuple[list[Stage], list[Moment]]:
    """Return stages, cut at the largest gaps of the order in which customers first come to moments, and the moments."""
    ordered = sorted(chosen, key=lambda c: (c.order, -c.reach, c.moment.id))
    gaps = [(later.order - earlier.order, i) for i, (earlier, later) in enumerate(pairwise(ordered), 1)]
    wanted = min(7, max(3, round(len(ordered) / 4) + 1))
    cuts = sorted(i for size, i in sorted(gaps, key=lambda g: (-g[0], g[1]))[: wanted - 1] if size > 0)
    stages, moments = [], []
    for n, (begin, end) in enumerate(zip([0, *cuts], [*cuts, len(ordered)], strict=True), 1):
        part = ordered[begin:end]
        largest = max(part, key=lambda c: (c.obvious, c.reach))
        stages.append(Stage(f"stage_{n}", f"Stage {n}: {largest.moment.name}"))
        moments += [_in_stage(candidate.moment, f"stage_{n}") for candidate in part]
    return stages, moments


def _in_stage(moment: Moment, stage: str) -> Moment:
    return Moment(moment.id, stage, moment.when, moment.name, moment.kind)


def _ids(outcomes: Sequence[Outcome | Mapping[str, Any]]) -> set[str]:
    return {str(o.id if isinstance(o, Outcome) else o.get("id", "")).lower() for o in outcomes}


def _rows(core: _core.Table) -> list[dict[str, Any]]:
    columns = core.to_dict(len(core))
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _at_least(n: int, of: int) -> float:
    """Return the lower end of Wilson's interval, one standard error wide to each side."""
    share = n / of
    return (share + 1 / (2 * of) - sqrt((share * (1 - share) + 1 / (4 * of)) / of)) / (1 + 1 / of)


def _slug(name: str) -> str:
    """Return a name as an id: its letters and digits, small, in at most 40 characters."""
    return re.sub(r"\W+|_+", "_", name.lower()).strip("_")[:40].strip("_") or "event"


def _readable(name: str) -> str:
    words = " ".join(name.replace("_", " ").split())
    return words if 0 < len(words) <= 60 else f"{words[:59]}…" if words else "event"


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _short(seconds: int) -> str:
    """Return a length of time as patterns take it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _long(seconds: int) -> str:
    """Return a length of time as people read it."""
    for word, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            n = seconds // size
            return f"{n:,} {word}{'' if n == 1 else 's'}"
    raise AssertionError(seconds)
