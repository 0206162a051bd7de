"""Patterns, moves and where walks end, against DuckDB, Polars, NumPy, pm4py and retentioneering on the same log.

    python benchmarks/journey.py [--events 10000000] [--data int string] [--threads 4 1] [--repeats 3]

`questions` says what is asked. A pattern is asked twice: of what each system holds after reading (sojourn its log,
DuckDB its own table, Polars its frame; reading is said apart), and of the Arrow table as it came, reading included.
Ours is timed as `match` (what further questions are asked of) and to a table of the occurrences, their ids included.
Moves are counted between the same occurrences: ours from the matches, peers' from a table of them in order, what comes
after an outcome left out already. pm4py and retentioneering are asked what comes nearest, on fewer events, which the
tables say; nothing is extrapolated.

Each query has a process of its own; those of one question run in turn, the first run of each for warmth. Answers: of
patterns, customers and times row by row against NumPy's; of the rest, against ours. Prints Markdown for RESULTS.md;
ends with status 1 if an answer is wrong.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import feather

import generate
import questions
import reference
import workers
from questions import right
from workers import Worker, say

OURS = "sojourn"
FAST = (OURS, "polars", "duckdb", "numpy")
SLOW = (OURS, "pm4py", "retentioneering")
LOADING = 4  # processes that load at the same time, so that memory suffices
# On what each holds; and ten moments from the Arrow table against one question (see the design's list of peers).
TARGETS = {questions.THIRD: 10.0, questions.TENTH: 10.0, questions.NOBODY: 3.0}
TEN = "read, match ten moments"


@dataclass
class Case:
    """A system's way of answering, and what was measured of it."""

    task: str
    data: str
    threads: int
    events: int
    system: str
    variant: str
    offered: dict[str, Any]
    seconds: list[float] = field(default_factory=list)
    peak_mb: float | None = None
    preparing: float = 0.0  # seconds to make what it holds of the Arrow table
    answer: str = "equal"
    wrong: bool = False

    @property
    def median(self) -> float:
        """Seconds, the median of all runs but the first."""
        return statistics.median(self.seconds[1:])


def _sorted(table: pa.Table) -> pa.Table:
    columns = {"customer": table["customer"].cast(_id_type(table["customer"].type))}
    if "time" in table.column_names:
        columns["time"] = table["time"].cast(pa.timestamp("us"))
    return pa.table(columns).sort_by([(name, "ascending") for name in columns]).combine_chunks()


def _id_type(found: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_integer(found) or pa.types.is_null(found) else pa.string()


def compare_rows(told: pa.Table, expected: pa.Table, tied: pa.Table | None) -> str:
    """Say whether two tables hold the same rows, in any order; or all the same but of customers with ties."""
    told, expected = _sorted(told), _sorted(expected)
    if told.equals(expected):
        return "equal"
    if tied is not None:
        who = tied["customer"].cast(_id_type(tied["customer"].type))
        kept = [table.filter(pc.invert(pc.is_in(table["customer"], who))) for table in (told, expected)]
        if kept[0].combine_chunks().equals(kept[1].combine_chunks()):
            return f"equal, but {len(who):,} customers with ties left out"
    return f"**differs**: {told.num_rows:,} rows, not {expected.num_rows:,}"


def compare(told: Any, expected: Any, tied: pa.Table | None) -> str:
    """Say whether an answer is the expected one."""
    if isinstance(told, pa.Table):
        return compare_rows(told, expected, tied)
    bounds = ""
    if {"low", "high"} <= told.keys() & expected.keys():
        off = max(abs(told[side][key] - expected[side][key]) for side in ("low", "high") for key in told[side])
        bounds = f"; bounds, drawn otherwise, within {off:.1g}"
        told = {key: value for key, value in told.items() if key not in ("low", "high")}
    difference = reference.difference(told, expected)
    return f"equal{bounds}" if difference is None else f"**differs**: {difference}"


def _answer(worker: Worker) -> Any:
    told = worker.answer()
    if set(told) != {"table"}:
        return told
    path = Path(told["table"])
    table = feather.read_table(path, memory_map=False)
    path.unlink()
    return table


def measure(options: argparse.Namespace, cases: list[Case]) -> None:
    """Run the ways of answering one question in turn; then check their answers."""
    first = cases[0]
    generate.ensure(options.cache, first.events)
    known = first.task in questions.PATTERNS
    if known:
        right.ensure(options.cache, first.events, first.data)
    begun: list[Worker] = []
    try:
        for case in cases:
            if len(begun) >= LOADING:
                begun[-LOADING].wait()
            of = (case.events, case.data, case.task, case.threads, case.system, case.variant)
            begun.append(Worker(options, *of, package="questions"))
        for worker in begun[-LOADING:]:
            worker.wait()
        for _ in range(options.repeats + 1):
            for worker in begun:
                worker.run()
        expected, tied = None, None
        if known:
            where = (options.cache, first.events, first.data, first.task)
            expected, tied = pq.read_table(right.path(*where)), pq.read_table(right.path(*where, ties=True))
        for case, worker in zip(cases, begun, strict=True):
            runs, told = worker.runs, _answer(worker)
            expected = told if expected is None else expected
            case.seconds, case.peak_mb, case.preparing = runs.seconds, runs.peak_mb, runs.preparing
            case.answer = compare(told, expected, tied)
            case.wrong = "**differs**" in case.answer and not case.offered["fault"]
            if case.offered["fault"]:
                case.answer += f" ({case.offered['fault']})"
            say(f"  {case.system} ({case.variant}): {case.median * 1e3:.1f} ms, {case.answer}")
    finally:
        for worker in begun:
            worker.close()


def cases(options: argparse.Namespace) -> Iterator[list[Case]]:
    """Every way of answering each question asked for, ours first."""
    offers = {system: workers.offer(system, "questions") for system in options.systems}
    tasks = [task for task in offers[OURS] if not options.only or task in options.only]
    for data in options.data:
        for threads in options.threads:
            for task in tasks:
                for asked, events in ((FAST, options.events), (SLOW, min(options.events, options.slow_events))):
                    if asked is SLOW and (data != "int" or threads != max(options.threads)):
                        continue
                    found = [
                        Case(task, data, threads, events, system, variant, offered)
                        for system in asked
                        if system in offers
                        for variant, offered in offers[system].get(task, {}).items()
                        if data in offered["data"]
                    ]
                    if {case.system for case in found} > {OURS}:
                        yield found


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}"


def _times(ratio: float) -> str:
    return f"{ratio:.{1 if ratio >= 0.1 else 2}f}×"


def _mb(case: Case) -> str:
    return "–" if case.peak_mb is None else f"{case.peak_mb:,.0f}"


def _best(found: list[Case]) -> Case | None:
    return min((case for case in found if "**differs**" not in case.answer), key=lambda case: case.median, default=None)


def _row(what: str, ours: Case, peers: list[Case], target: float | None) -> list[str]:
    """Compare ours with the best peer, and with the best that is right on rows in any order."""
    best = _best(peers)
    general = _best([case for case in peers if not case.offered["time_ordered_only"]])
    start = [ours.task, what, f"{ours.data}, {workers.size(ours.events)}", str(ours.threads), _ms(ours.median)]
    if best is None:
        return [*start, *["–"] * 7]
    ratio = best.median / ours.median
    verdict = "none set" if target is None else f"≥ {target:g}×"
    if target is not None and ratio < target:
        verdict += f" **missed** by {1 - ratio / target:.0%}"
    which = f"{best.system}: {best.variant}" + (" (rows in time order)" if best.offered["time_ordered_only"] else "")
    other = "–" if general is None else _times(general.median / ours.median)
    of = [ours, *peers] if ours.task in questions.PATTERNS else peers  # of the others ours is what they are held to
    said = {case.answer for case in of}
    answers = "all equal" if said == {"equal"} else "; ".join(sorted(said))
    return [*start, _ms(best.median), which, _times(ratio), other, verdict, f"{_mb(ours)} / {_mb(best)}", answers]


def _asked(case: Case) -> tuple[str, str]:
    unlike = f"; the peer: {case.offered['unlike']}" if case.offered["unlike"] else ""
    return case.system if case.system in SLOW else "", unlike


def summary(measured: list[list[Case]]) -> list[str]:
    """Write ours against the best peer, question by question."""
    lines = []
    for group in measured:
        task = group[0].task
        ours = {case.variant: case for case in group if case.system == OURS}
        peers = [case for case in group if case.system != OURS]
        if task not in questions.PATTERNS:
            # The slow one by one; those that ask for less apart.
            for asked in dict.fromkeys(_asked(case) for case in peers):
                of = [case for case in peers if _asked(case) == asked]
                lines.append(_row(f"of what each holds{asked[1]}", next(iter(ours.values())), of, None))
            continue
        held = [case for case in peers if not case.offered["raw"]]
        raw = [case for case in peers if case.offered["raw"]]
        lines.append(_row("match, of what each holds", ours["match"], held, TARGETS[task]))
        lines.append(_row("match and table, of what each holds", ours["match, table"], held, None))
        lines.append(_row("of the Arrow table", ours["read, match, table"], raw, None))
        lines.append(_row("ten moments of the Arrow table, the peer's one of it", ours[TEN], raw, 1.0))
        lines.append(_row("ten moments of the Arrow table, the peer's one of what it holds", ours[TEN], held, 1.0))
    header = ["question", "asked", "data", "threads", "ours ms", "best peer ms", "which", "ratio"]
    more = ["against any order", "target", "peak MB beyond input, ours / its", "answers"]
    return workers.table([*header, *more], lines)


def details(measured: list[list[Case]]) -> list[str]:
    """Write a row for every way of answering."""
    lines = [
        [
            case.task,
            f"{case.data}, {workers.size(case.events)}",
            str(case.threads),
            f"{case.system}: {case.variant}",
            "time-ordered rows only" if case.offered["time_ordered_only"] else "any order",
            _ms(case.median),
            _ms(min(case.seconds)),
            _ms(case.seconds[0]),
            _mb(case),
            case.answer,
        ]
        for group in measured
        for case in group
    ]
    header = ["question", "data", "threads", "system", "right for", "median ms", "best ms", "first ms"]
    return workers.table([*header, "peak MB beyond input", "answer"], lines)


def _preparing(every: list[Case]) -> str:
    """Say how long each system took to make what it holds, at the most threads."""
    most = max((case.threads for case in every), default=0)
    times: dict[tuple[str, str], list[float]] = {}
    for case in every:
        if case.task in questions.PATTERNS and case.threads == most and not case.offered["raw"]:
            coded = ", ids coded" if "coded" in case.variant else ""
            times.setdefault((case.system + coded, case.data), []).append(case.preparing)
    said = [f"{system} {statistics.median(each):.2f} s ({data})" for (system, data), each in times.items()]
    return f"{', '.join(said)}; {most} threads, up to {LOADING} processes at the same time: upper bounds."


def report(options: argparse.Namespace, measured: list[list[Case]], load: float) -> str:
    """Write what goes into RESULTS.md."""
    every = [case for group in measured for case in group]
    wrong = sum(case.wrong for case in every)
    busy = " (**busy: measure again on a quiet machine**)" if load > (os.cpu_count() or 1) / 4 else ""
    left_out = [system for system in questions.MODULES if system not in options.systems]
    lists = f"--data {' '.join(options.data)} --threads {' '.join(map(str, options.threads))}"
    return "\n".join(
        [
            "# Patterns, moves, and where walks end",
            "",
            f"Command: `python benchmarks/journey.py --events {options.events} {lists} --repeats {options.repeats}`; "
            f"load of the machine before: {load:.1f}{busy}.",
            "",
            f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}; machine: {workers.machine()}",
            f"- Versions: {workers.versions(options.systems)}",
            f"- Medians of {options.repeats} in turn, after one run of each for warmth (ours on a log: the first looks "
            "up where a name's events stand; its time is in the last table).",
            f"- Making what each holds, in nobody's figures: {_preparing(every)}",
            "- Where the fastest peer is right only on rows in time order, *against any order* compares with the "
            "fastest of those that are right on rows in any order.",
            f"- pm4py and retentioneering are asked of {min(options.events, options.slow_events):,} events, ours then "
            "too. They say which cases, or how many, never when; neither can be asked for closings without a follow-up "
            "in 10 days (a case with two closings is one case), nor for the third contact within 30 days.",
            f"- Left out: {', '.join([*left_out, *(['questions'] if options.only else [])]) or 'nothing'}",
            f"- Answers: {f'**{wrong} wrong**' if wrong else 'none wrong'}. A peer that orders by time alone may "
            "answer otherwise where a customer has two of a question's events at one instant: those customers are then "
            "left out of the comparison, and counted.",
            "- Where walks end: shares are equal to one part in 10⁹; NumPy's bounds are of other random numbers.",
            "",
            *summary(measured),
            "",
            "## Every way of answering, in the order of the runs",
            "",
            *details(measured),
            "",
        ]
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--slow-events", type=int, default=1_000_000, help="for pm4py and retentioneering")
    parser.add_argument("--data", nargs="+", default=["int", "string"], choices=generate.DATA)
    parser.add_argument("--threads", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", metavar="QUESTION", help="such as 'tenth order'")
    parser.add_argument("--systems", nargs="+", choices=questions.MODULES, default=list(questions.MODULES))
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    if OURS not in options.systems:
        parser.error(f"--systems: {OURS} is needed, with which all are compared")
    return options


def main() -> None:
    """Measure and print."""
    options = parse()
    load = os.getloadavg()[0]
    measured = []
    for group in cases(options):
        first = group[0]
        say(f"{first.task}: {first.data}, {first.events:,} events, {first.threads} threads")
        measure(options, group)
        measured.append(group)
    print(report(options, measured, load))
    if any(case.wrong for group in measured for case in group):
        sys.exit("some answers are wrong")


if __name__ == "__main__":
    main()
