"""Small worlds for property tests: a log, a journey, and how the log was observed.

Times lie on a grid of a dozen instants and windows are its distances, so that ties and closed ends are the rule, not
the exception. Rows are drawn flat (customer and instant per row), so they come unsorted and interleaved, and shrink by
deletion.
`python worlds.py` prints how often each form occurs and is undecided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from oracles import patterns as oracle

NAMES = ("a", "b", "c", "d", "e")
FORMS = ("event", "nth", "count", "absent", "sequence", "anniversary", "gap", "any_of", "all_of")
ATTRIBUTES: dict[str, type] = {"amount": float, "number": int, "flag": bool, "tag": str}  # for a table's column types
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class World:
    """One generated case; `options()` are the keywords that the oracle's functions take."""

    events: list[dict[str, Any]]
    journey: dict[str, Any]
    ties: str | list[str]
    observed: dict[str, tuple[int, int]] | None
    history: str
    prior_counts: dict[tuple[str, str], int] | None
    zone: str

    def options(self) -> dict[str, Any]:
        """How the log was observed, as keywords."""
        return {
            "ties": self.ties,
            "observed": self.observed,
            "history": self.history,
            "prior_counts": self.prior_counts,
            "zone": self.zone,
        }


@dataclass(frozen=True)
class Grid:
    """Instants (UTC microseconds, ascending), and durations that hit them; `short` ones suit most windows."""

    name: str
    zone: str
    instants: tuple[int, ...]
    windows: tuple[str, ...]
    every: tuple[str, ...]


def _micros(moment: datetime) -> int:
    return (moment.astimezone(timezone.utc) - _EPOCH) // timedelta(microseconds=1)


def _local(zone: str, *stamps: str, fold: int = 0) -> list[int]:
    return [_micros(datetime.fromisoformat(s).replace(tzinfo=ZoneInfo(zone), fold=fold)) for s in stamps]


def _grids() -> tuple[Grid, ...]:
    start = datetime(2024, 3, 25, tzinfo=timezone.utc)
    days = tuple(_micros(start + timedelta(days=i)) for i in range(16))
    half_days = tuple(_micros(start + timedelta(hours=12 * i)) for i in range(18))
    day_windows = ("2d", "1d", "3d", "4d", "1w", "1w", "36h", "1440m", "1 month")
    month_ends = [
        f"2024-{d}" for d in ("01-29", "01-30", "01-31", "02-01", "02-28", "02-29", "03-01", "03-28", "03-29")
    ]
    month_ends += [f"2024-{d}" for d in ("03-30", "03-31", "04-01", "04-29", "04-30", "05-30", "05-31")]
    month_windows = ("1 month", "2 months", "30d", "31d", "3 months", "4w")
    clock_windows = (*month_windows, "2 months", "6 months", "60d", "1 year")
    leap = [f"{y}-{d}" for y in (2024, 2025, 2026, 2028) for d in ("02-28", "03-01")]
    leap = sorted([*leap, "2024-02-29", "2028-02-29", "2025-02-27", "2026-03-02", "2027-02-28"])
    berlin, york = "Europe/Berlin", "America/New_York"
    # Spring: 02:30 of 31 March (10 March) does not exist and moves to 03:30. Autumn: 02:30 of 27 October (01:30 of
    # 3 November) exists twice. The grid holds the instants beside, on both sides.
    half_past_two = ("2023-12-31", "2024-01-31", "2024-02-29", "2024-05-31", "2024-08-27", "2024-09-27", "2024-11-27")
    berlin_clock = sorted(
        _local(berlin, *(f"{day} 02:30" for day in half_past_two))
        + _local(berlin, "2024-03-31 01:30", "2024-03-31 03:30", "2024-04-30 03:30", "2024-10-27 02:30")
        + _local(berlin, "2024-10-27 02:30", fold=1)
    )
    york_clock = sorted(
        _local(york, "2024-01-10 02:30", "2024-02-10 02:30", "2024-03-10 01:30", "2024-03-10 03:30", "2024-04-10 02:30")
        + _local(york, "2024-09-03 01:30", "2024-10-03 01:30", "2024-11-03 01:30", "2024-12-03 01:30")
        + _local(york, "2024-11-03 01:30", fold=1)
    )
    return (
        Grid("days", "UTC", days, day_windows, ("2d", "3d", "1w")),
        Grid("half days", berlin, half_days, day_windows, ("1d", "36h", "3d")),
        Grid("month ends", "UTC", tuple(_local("UTC", *month_ends)), month_windows, month_windows),
        Grid("month ends abroad", york, tuple(_local(york, *month_ends)), month_windows, month_windows),
        Grid("clock changes", berlin, tuple(berlin_clock), clock_windows, month_windows),
        Grid("clock changes abroad", york, tuple(york_clock), clock_windows, month_windows),
        Grid(
            "leap days",
            "UTC",
            tuple(_local("UTC", *leap)),
            ("1 year", "365d", "2 years", "12 months", "3 years"),
            ("1 year", "365d", "4 years"),
        ),
    )


GRIDS = _grids()


def _chance(percent: int) -> st.SearchStrategy[bool]:
    """True that often; shrinks to False."""
    return st.integers(0, 99).map(lambda i: i >= 100 - percent)


# --- patterns ---------------------------------------------------------------------------------------------------------

names = st.sampled_from(NAMES[:3] + NAMES[:4])  # "e" comes in logs only: an event that no journey knows

_comparisons = st.one_of(
    st.fixed_dictionaries(
        {
            "column": st.just("amount"),
            "op": st.sampled_from(["<=", ">=", "<", ">", "==", "!="]),
            "value": st.sampled_from([1.0, 0.0, 2.0]),
        }
    ),
    st.fixed_dictionaries(
        {
            "column": st.just("number"),
            "op": st.sampled_from(["<=", ">=", "<", ">", "==", "!="]),
            "value": st.sampled_from([1, 0, 2]),
        }
    ),
    st.fixed_dictionaries({"column": st.just("flag"), "op": st.sampled_from(["==", "!="]), "value": st.booleans()}),
    st.fixed_dictionaries(
        {"column": st.just("tag"), "op": st.sampled_from(["==", "!="]), "value": st.sampled_from(["x", "y"])}
    ),
    st.fixed_dictionaries(
        {"column": st.just("tag"), "op": st.just("in"), "value": st.sampled_from([["x"], ["x", "y"], ["y", "z"]])}
    ),
    st.fixed_dictionaries(
        {"column": st.just("number"), "op": st.just("in"), "value": st.sampled_from([[0, 1], [1, 2], [2]])}
    ),
    st.fixed_dictionaries({"column": st.sampled_from(["amount", "number", "flag", "tag"]), "op": st.just("is_null")}),
)
conditions: st.SearchStrategy[dict[str, Any]] = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=4,
)
wheres = st.lists(conditions, min_size=1, max_size=2)


@st.composite
def operands(draw: st.DrawFn, grid: Grid, forms: Sequence[str], depth: int, where: bool) -> Any:
    """An x, y, z, a or b: mostly a name, sometimes an event with a condition, sometimes any pattern."""
    kind = draw(st.integers(0, 9))
    if depth <= 0 or kind < 7:
        return draw(names)
    if where and kind == 7:
        return {"event": draw(names), "where": draw(wheres)}
    return draw(patterns(grid, forms, depth - 1, where))


@st.composite
def patterns(
    draw: st.DrawFn, grid: Grid, forms: Sequence[str] = FORMS, depth: int = 1, where: bool = True
) -> dict[str, Any]:
    """A pattern in the journey file's words. depth=0 holds names only; where=False leaves out conditions."""
    form = draw(st.sampled_from(list(forms)))
    window = st.sampled_from(grid.windows)
    x = operands(grid, forms, depth, where)
    found: dict[str, Any] = {}
    if form == "event":
        found = {"event": draw(names)}
    elif form == "nth":
        found = {"nth": draw(x), "n": draw(st.sampled_from([1, 2, 3, 4]))}
    elif form == "count":
        found = {"count": draw(x), "at_least": draw(st.sampled_from([2, 1, 3])), "within": draw(window)}
        if draw(st.booleans()):
            found["rearm"] = draw(st.sampled_from(["below", "every"]))
    elif form == "absent":
        found = {"absent": draw(x), "within": draw(window), "after": draw(x)}
        if draw(_chance(30)):
            found["unless"] = draw(x)
    elif form == "sequence":
        # strict is drawn over names and conditioned events alone: a nested pattern's "kind" is left open by the page
        strict = draw(_chance(25))
        element = operands(grid, ("event",) if strict else forms, depth, where)
        found = {"sequence": draw(st.lists(element, min_size=2, max_size=3)), "within": draw(window)}
        if strict or draw(_chance(20)):
            found["strict"] = strict
    elif form == "anniversary":
        found = {"anniversary": draw(x), "every": draw(st.sampled_from(grid.every))}
    elif form == "gap":
        found = {"gap": draw(window)}
    elif form == "any_of":
        part = st.one_of(st.builds(lambda n: {"event": n}, names), operands(grid, forms, max(depth, 1), where))
        found = {"any_of": draw(st.lists(part, min_size=2, max_size=3))}
    else:
        found = {"all_of": draw(st.lists(x, min_size=2, max_size=3)), "within": draw(window)}
    if where and draw(_chance(40 if form in ("event", "nth", "count", "absent") else 25)):
        found["where"] = draw(wheres)
    return found


@st.composite
def kpis(draw: st.DrawFn, grid: Grid, forms: Sequence[str], depth: int, where: bool) -> dict[str, Any]:
    """A KPI of each kind."""
    kinds = ["follows", "preceded_by", "absent"] + (["where"] if where else [])
    kind = draw(st.sampled_from(kinds))
    met: dict[str, Any]
    if kind == "where":
        met = {"where": draw(wheres)}
    else:
        met = {kind: draw(operands(grid, forms, depth, where)), "within": draw(st.sampled_from(grid.windows))}
        if kind == "absent":
            met["after"] = "this"
    return {"name": "as promised", "target": 0.9, "met": met}


@st.composite
def journeys(
    draw: st.DrawFn, grid: Grid, forms: Sequence[str] = FORMS, depth: int = 1, where: bool = True
) -> dict[str, Any]:
    """One to five moments, up to two outcomes; a dict with the journey file's keys."""
    moments = []
    for i in range(draw(st.integers(1, 5))):
        moment: dict[str, Any] = {
            "id": f"m{i + 1}",
            "stage": draw(st.sampled_from(["early", "late"])),
            "name": f"Moment {i + 1}",
        }
        moment["when"] = draw(patterns(grid, forms, depth, where))
        if draw(st.booleans()):
            moment["kpi"] = draw(kpis(grid, forms, depth, where))
        moments.append(moment)
    endings = [f for f in forms if f != "anniversary"]  # it would wait for itself
    outcomes = []
    if endings:
        for i in range(draw(st.sampled_from([0, 0, 1, 2]))):
            plain = st.builds(lambda n: {"event": n}, names)
            when = draw(st.one_of(plain, patterns(grid, endings, min(depth, 1), where)))
            outcomes.append({"id": f"o{i + 1}", "name": f"Outcome {i + 1}", "when": when})
    return {
        "schema": "sojourn-journey-1",
        "journey": "a small world",
        "version": 1,
        "stages": [{"id": "early", "name": "Early"}, {"id": "late", "name": "Late"}],
        "moments": moments,
        "outcomes": outcomes,
    }


# --- logs -------------------------------------------------------------------------------------------------------------


@st.composite
def worlds(
    draw: st.DrawFn,
    forms: Sequence[str] = FORMS,
    depth: int = 2,
    where: bool = True,
    truncation: bool = True,
    grids: Sequence[Grid] = GRIDS,
    max_events: int = 14,
) -> World:
    """A world. `forms`, `depth` (0: names only), `where`, `truncation`, `grids` narrow it to what a failure needs."""
    grid = draw(st.sampled_from(list(grids)))
    customers = [f"c{i + 1}" for i in range(draw(st.integers(1, 4)))]
    last = len(grid.instants) - 1
    history = draw(st.sampled_from(["complete", "complete", "truncated"])) if truncation else "complete"
    is_observed = draw(_chance(75))
    reaches_back = is_observed and history == "complete" and draw(_chance(80))
    # Each customer's observation is a stretch of the grid; rows outside are wrapped into it, so none is refused. Where
    # the log reaches back, rows before the observation are the customer's history.
    spans = {}
    for customer in customers:
        start = draw(st.sampled_from([last // 2, 4, 2, last - 3, 0] if reaches_back else [0, 0, 1, 2, 4]))
        spans[customer] = (start, draw(st.sampled_from([last, last, last - 1, last - 3])))
    row = st.fixed_dictionaries(
        {
            "customer": st.sampled_from(customers),
            "time": st.integers(0, last),
            "beside": st.sampled_from([0, 0, 0, 0, 0, 1, -1]),
            "event": st.sampled_from(NAMES[:3] + NAMES[:3] + NAMES),
            "value": st.sampled_from([1.0, None, 2.5]),
            "key": st.sampled_from(["k1", None, "k2"]),
            "amount": st.sampled_from([1.0, 0.0, 2.0, None]),
            "number": st.sampled_from([1, 0, 2, None]),
            "flag": st.sampled_from([True, False, None]),
            "tag": st.sampled_from(["x", "y", "z", None]),
        }
    )
    # Lists of lists: long logs without a minimum that shrinking would have to keep.
    bursts = draw(st.lists(st.lists(row, min_size=1, max_size=9), min_size=1, max_size=2 + 2 * len(customers)))
    events: list[dict[str, Any]] = []
    for drawn in (e for burst in bursts for e in burst):
        if sum(e["customer"] == drawn["customer"] for e in events) < max_events:
            low, high = spans[drawn["customer"]]
            low = 0 if reaches_back else low
            time = grid.instants[low + (drawn["time"] - low) % (high - low + 1)]
            beside = time + drawn["beside"]  # a microsecond off the grid: just inside a window, or just out of it
            if grid.instants[low] <= beside <= grid.instants[high]:
                time = beside
            events.append({k: time if k == "time" else v for k, v in drawn.items() if k != "beside"})
    present = sorted({e["customer"] for e in events})
    observed = None
    if is_observed:
        observed = {c: (grid.instants[spans[c][0]], grid.instants[spans[c][1]]) for c in present}
    prior_counts = None
    if history == "truncated" and draw(_chance(60)):
        pairs = st.tuples(st.sampled_from(present), st.sampled_from(sorted({e["event"] for e in events})))
        prior_counts = draw(st.dictionaries(pairs, st.integers(0, 3), max_size=6))
    ties: str | list[str] = "input"
    if draw(_chance(40)):
        ties = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    journey = draw(journeys(grid, forms, depth, where))
    return World(events, journey, ties, observed, history, prior_counts, grid.zone)


# --- how often what happens -------------------------------------------------------------------------------------------


def _frequencies(seed: int, examples: int = 500) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    totals: Counter[str] = Counter()
    verdicts: Counter[tuple[str, str]] = Counter()

    @seeded(seed)
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(worlds())
    def sample(world: World) -> None:
        totals["worlds"] += 1
        totals["events"] += len(world.events)
        if world.observed is not None:
            totals["before the observation"] += sum(e["time"] < world.observed[e["customer"]][0] for e in world.events)
            totals["cases before it"] += len(
                oracle.undecided(world.events, world.journey, left_out=True, **world.options())
            )
        at = Counter((e["customer"], e["time"]) for e in world.events)
        totals["tied"] += sum(n for n in at.values() if n > 1)
        found = Counter(o["moment"] for o in oracle.occurrences(world.events, world.journey, **world.options()))
        rows = oracle.undecided(world.events, world.journey, **world.options())
        for moment in world.journey["moments"]:
            (form,) = [f for f in FORMS if f in moment["when"]]
            held = [v for k, v in moment["when"].items() if k != "where"]
            nested = any(isinstance(p, dict) for v in held for p in (v if isinstance(v, list) else [v]))
            reasons = {reason for m, _, _, reason in rows if m == moment["id"]}
            for kind in [form] + (["(nested)"] if nested else []) + (["(where)"] if "where" in moment["when"] else []):
                seen[kind, "moments"] += 1
                seen[kind, "occurs"] += found[moment["id"]] > 0
                seen[kind, "occurrences"] += found[moment["id"]]
                seen[kind, "undecided"] += bool(reasons)
                for reason in reasons:
                    seen[kind, reason] += 1
        for kpi in oracle.kpis(world.events, world.journey, **world.options()):
            (met,) = [m["kpi"]["met"] for m in world.journey["moments"] if m["id"] == kpi["moment"]]
            for verdict in ("met", "not_met", "undecided"):
                verdicts[next(iter(met)), verdict] += kpi[verdict]
        outcomes = oracle.outcomes(world.events, world.journey, **world.options())
        totals["worlds with an outcome"] += bool(outcomes)

    sample()
    print(dict(totals), f"tied share {totals['tied'] / totals['events']:.2f}")
    columns = ("moments", "occurs", "occurrences", "undecided", oracle.UNKNOWN, oracle.CENSORED, oracle.TRUNCATED)
    print(f"{'':12}" + "".join(f"{c:>18}" for c in columns))
    for kind in (*FORMS, "(nested)", "(where)"):
        print(f"{kind:12}" + "".join(f"{seen[kind, c]:>18}" for c in columns))
    for (kind, verdict), n in sorted(verdicts.items()):
        print(f"kpi {kind:12} {verdict:10} {n}")


if __name__ == "__main__":
    for chosen in (1, 2, 3):
        _frequencies(chosen)
