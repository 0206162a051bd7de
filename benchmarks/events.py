"""Measure sojourn and its peers on the same log, side by side: ingest, and directly-follows counts with mean gaps.

    python benchmarks/events.py [--events 10000000] [--threads 1 4] [--repeats 3] [--only ingest transitions/string]

See README.md for what is timed. Prints Markdown for RESULTS.md; ends with status 1 if any answer is wrong.
"""

import argparse
import datetime
import enum
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import generate
import systems
import workers
from workers import Runs, Worker, offer, say

OURS = "sojourn"
SLOW_SECONDS = 120.0  # a slow peer that would take longer is measured on a tenth of the events


class Kind(enum.Enum):
    """Which of the peers' queries a row compares with, as the results say it."""

    NAMED = "queries the target was set on"
    ANY_ORDER = "all that are right on rows in any order"
    TIME_ORDER = "those right only on rows in time order"


@dataclass(frozen=True)
class Row:
    """A row of the results: a task on a form of the log, against the best of some peers."""

    task: str
    data: str
    kind: Kind
    target: float | None
    systems: tuple[str, ...] = ("polars", "duckdb")
    note: str = ""


ROWS = (
    Row("ingest", "int", Kind.NAMED, 4),
    Row("ingest", "int", Kind.ANY_ORDER, 4),
    Row("ingest", "int", Kind.TIME_ORDER, 2),
    Row("ingest", "shuffled", Kind.NAMED, 3),
    Row("ingest", "shuffled", Kind.ANY_ORDER, 3),
    Row("ingest", "string", Kind.NAMED, 2.5),
    Row("ingest", "string", Kind.ANY_ORDER, 2.5),
    Row("ingest", "string", Kind.TIME_ORDER, 1.5),
    Row("transitions", "int", Kind.NAMED, 8),
    Row("transitions", "int", Kind.ANY_ORDER, 8),
    Row("transitions", "int", Kind.TIME_ORDER, None),
    Row("transitions", "shuffled", Kind.NAMED, 4),
    Row("transitions", "shuffled", Kind.ANY_ORDER, 4),
    Row("transitions", "string", Kind.NAMED, 4),
    Row("transitions", "string", Kind.ANY_ORDER, 4),
    Row("transitions", "string", Kind.TIME_ORDER, None),
    Row("transitions", "int", Kind.NAMED, 50, systems=("pm4py",), note=" (counts only, no gaps)"),
    Row("transitions", "int", Kind.NAMED, 50, systems=("retentioneering",), note=" (counts only, no gaps)"),
)


@dataclass(frozen=True)
class Case:
    """A peer's way of doing a task, and our runs between its own."""

    task: str
    data: str
    threads: int
    events: int
    system: str
    variant: str
    named: bool
    time_ordered_only: bool
    peer: Runs
    ours: Runs | None

    def of(self, row: Row) -> bool:
        """Whether the row compares with this case."""
        if row.kind is Kind.NAMED and not self.named:
            return False
        of_kind = row.kind is Kind.NAMED or self.time_ordered_only == (row.kind is Kind.TIME_ORDER)
        return of_kind and (self.task, self.data) == (row.task, row.data) and self.system in row.systems


def measure(
    options: argparse.Namespace,
    events: int,
    data: str,
    task: str,
    threads: int,
    pair: list[tuple[str, str]],
    repeats: int,
) -> list[Runs]:
    """Run ours and a peer in turn, so that whatever else the machine does meets both; then check both answers."""
    right = json.loads(generate.answers_path(options.cache, events, data).read_text())[task]
    workers: list[Worker] = []
    try:
        for system, variant in pair:
            workers.append(Worker(options, events, data, task, threads, system, variant))
            workers[-1].wait()
        for _ in range(repeats):
            for worker in workers:
                worker.run()
        for worker in workers:
            worker.check(right)
            runs = worker.runs
            peak = "" if runs.peak_mb is None else f", peak {runs.peak_mb:,.0f} MB"
            say(f"  {worker.name}: {runs.median:.3f} s{peak}{f', WRONG: {runs.fault}' if runs.fault else ''}")
    finally:
        for worker in workers:
            worker.close()
    return [worker.runs for worker in workers]


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Every peer's every way of each task asked for."""
    asked = dict.fromkeys((row.task, row.data) for row in ROWS)
    if options.only:
        asked = dict.fromkeys(one for one in asked if one[0] in options.only or "/".join(one) in options.only)
    offers = {system: offer(system) for system in options.systems}
    ours = offers.pop(OURS, None)
    for task, data in asked:
        for system, tasks in offers.items():
            for variant, query in tasks.get(task, {}).items():
                if data not in query["data"]:
                    continue
                us = [(OURS, next(iter(ours[task])))] if ours else []
                for threads in options.threads:
                    events, repeats = options.events, query["repeats"] or options.repeats
                    if query["repeats"] and events > 1_000_000:
                        say(f"{task}, {data}, {threads} threads: is {system} fast enough for the whole log?")
                        small = events // 10
                        generate.ensure(options.cache, small)
                        probe = measure(options, small, data, task, threads, [(system, variant)], 1)[0]
                        if probe.median * 10 > SLOW_SECONDS:
                            events = small
                    say(f"{task}, {data}, {threads} threads, {events:,} events")
                    runs = measure(options, events, data, task, threads, [*us, (system, variant)], repeats)
                    yield Case(
                        *(task, data, threads, events, system, variant),
                        named=query["named"],
                        time_ordered_only=query["time_ordered_only"],
                        peer=runs[-1],
                        ours=runs[0] if ours else None,
                    )


def _verdict(ratio: float, target: float | None) -> str:
    if target is None:
        return "none set"
    return f"≥ {target:g}×" if ratio >= target else f"≥ {target:g}× **missed** by {1 - ratio / target:.1%}"


def summary(measured: list[Case], options: argparse.Namespace) -> list[str]:
    """Write the rows that have targets: ours against the best of the peers with the right answer."""
    lines = []
    for row in ROWS:
        for threads in options.threads:
            of_row = [case for case in measured if case.of(row) and case.threads == threads and not case.peer.fault]
            if not of_row:
                continue
            best = min(of_row, key=lambda case: case.peer.median)
            data = row.data if best.events == options.events else f"{row.data}, only {workers.size(best.events)}"
            ours, ratio, verdict, memory = ("not run",) * 4
            if best.ours is not None:
                value = best.peer.median / best.ours.median
                ours, ratio, verdict = workers.seconds(best.ours.median), f"{value:.1f}×", _verdict(value, row.target)
                if best.ours.fault:
                    verdict = "**our answer is wrong**"
                memory = "–" if best.ours.peak_mb is None else f"{best.ours.peak_mb:,.0f} / {best.ours.input_mb:,.0f}"
            which = f"{best.system}: {best.variant}"
            peer = workers.seconds(best.peer.median)
            lines.append(
                [row.task, data, str(threads), row.kind.value + row.note, ours, peer, which, ratio, verdict, memory]
            )
    header = ["task", "data", "threads", "against", "ours s", "best peer s", "which", "ratio", "target"]
    return workers.table([*header, "our peak MB beyond input / input MB"], lines)


def details(measured: list[Case]) -> list[str]:
    """Write a row for every case."""
    lines = []
    for case in measured:
        peak = "–" if case.peer.peak_mb is None else f"{case.peer.peak_mb:,.0f}"
        ours = "not run" if case.ours is None else workers.seconds(case.ours.median)
        order = "time-ordered rows only" if case.time_ordered_only else "any order"
        answer = f"**wrong**: {case.peer.fault}" if case.peer.fault else "equal"
        line = [
            case.task,
            f"{case.data}, {workers.size(case.events)}",
            str(case.threads),
            f"{case.system}: {case.variant}",
            order,
        ]
        times = [workers.seconds(each) for each in (case.peer.median, min(case.peer.seconds))]
        lines.append([*line, *times, peak, ours, answer])
    header = ["task", "data", "threads", "peer", "right for", "median s", "best s", "peak MB beyond input"]
    return workers.table([*header, "ours s, in turn with it", "answer"], lines)


def report(measured: list[Case], options: argparse.Namespace, load: list[float]) -> str:
    """Write what goes into RESULTS.md."""
    command = ["python benchmarks/events.py", f"--events {options.events}"]
    command += [f"--threads {' '.join(map(str, options.threads))}", f"--repeats {options.repeats}"]
    if options.only:
        command.append(f"--only {' '.join(options.only)}")
    left_out = [name for name in systems.MODULES if name not in options.systems]
    if left_out:
        command.append(f"--systems {' '.join(options.systems)}")
    busy = " (**busy: measure again on a quiet machine**)" if load[0] > (os.cpu_count() or 1) / 4 else ""
    wrong = [case for case in measured if case.peer.fault or (case.ours and case.ours.fault)]
    return "\n".join(
        [
            "# Ingest and transitions",
            "",
            "README.md says what is timed. Seconds are medians; a ratio is the best peer's seconds over ours, of runs",
            "in turn. Where a target is missed the row says so.",
            "",
            f"- Date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}",
            f"- Machine: {workers.machine()}",
            f"- Load of the machine: {load[0]:.1f} before{busy}; at the end, with this, {os.getloadavg()[0]:.1f}",
            f"- Versions: {workers.versions(options.systems)}",
            f"- Command: `{' '.join(command)}`",
            f"- Log: {options.events:,} events, {max(1, options.events // generate.EVENTS_PER_CUSTOMER):,} customers, "
            f"{len(generate.NAMES)} event names",
            f"- Left out: {', '.join(left_out) or 'nothing'}",
            f"- Answers: {f'**wrong in {len(wrong)} cases**' if wrong else 'all equal to the reference'}",
            "",
            *summary(measured, options),
            "",
            "## Every peer",
            "",
            *details(measured),
            "",
        ]
    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--repeats", type=int, default=3)
    names = sorted({row.task for row in ROWS} | {f"{row.task}/{row.data}" for row in ROWS})
    parser.add_argument("--only", nargs="+", choices=names, metavar="TASK[/DATA]", help=", ".join(names))
    parser.add_argument("--systems", nargs="+", choices=systems.MODULES, default=list(systems.MODULES))
    parser.add_argument("--cache", type=Path, default=Path("build/bench"), help="folder of the generated logs")
    return parser.parse_args()


def main() -> None:
    """Generate, measure, print."""
    options = parse()
    load = list(os.getloadavg())
    generate.ensure(options.cache, options.events)
    measured = list(cases(options))
    print(report(measured, options, load))
    if any(case.peer.fault or (case.ours and case.ours.fault) for case in measured):
        raise SystemExit("some answers are wrong")


if __name__ == "__main__":
    main()
