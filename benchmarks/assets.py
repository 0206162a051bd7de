"""Customers in and out of three silos: monthly flows, and what became of every event, beside peers.

    python benchmarks/assets.py [--records 5000000] [--ids int string] [--threads 4 1] [--only flows]

Three ledgers (`silos/`) of that many records each are made where they are missing, seeded, cached in `build/bench`.
Every query of every system has a process of its own, which loads the ledgers, prepares what its system likes best,
warms up on small ledgers and then runs in turn with the first query, ours. Seconds are medians, CPU seconds those of
all threads together (on a busy machine only they say much); memory is the peak of the resident set in the first run
beyond what the loaded ledgers take. Flows must equal ours; wrong answers are shown and end the run with status 1 unless
they are known to be wrong. Classes of events are shown: systems mean different things by them. Prints Markdown for
RESULTS.md. datacompy 1.1 wants an older Polars: run it from an environment of its own with --systems datacompy.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

import silos
import workers
from worker import with_peak

SMALL = 2_000  # records a ledger that a process is warmed up on


def module(system: str) -> Any:
    """Return a system's module."""
    return importlib.import_module(f"silos.{silos.MODULES[system]}")


def serve(said: argparse.Namespace) -> None:
    """Load, warm up, then answer each line of standard input with a line of JSON."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    threads, ids = said.threads[0], said.ids[0]
    pa.set_cpu_count(threads)
    query: silos.Query = module(said.systems[0]).TASKS[said.task][said.variant]
    silos.ensure(said.cache, SMALL)
    query.run(query.prepare(silos.load(said.cache, SMALL, ids), threads))
    tables = silos.load(said.cache, said.records, ids)
    input_mb = sum(table.nbytes for table in tables.values()) / 2**20
    held = query.prepare(tables, threads)
    del tables
    print(json.dumps({"input_mb": input_mb}), file=channel)
    result: Any = None
    for number, line in enumerate(sys.stdin):
        if line.strip() == "answer":
            print(json.dumps(query.answer(result)), file=channel)
            continue
        result = None

        def timed() -> tuple[Any, dict[str, float]]:
            begin, busy = time.perf_counter(), time.process_time()
            found = query.run(held)
            return found, {"seconds": time.perf_counter() - begin, "busy": time.process_time() - busy}

        (result, told), peak = with_peak(timed) if number == 0 else (timed(), None)
        print(json.dumps({**told, "peak_mb": peak}), file=channel)


@dataclass
class Worker:
    """A process with one system's query, and what it told."""

    said: argparse.Namespace
    task: str
    ids: str
    threads: int
    system: str
    variant: str
    query: dict[str, Any]
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)  # seconds of processors, all threads together
    ratio: float | None = None  # to our first query, of runs in turn
    peak_mb: float | None = None
    answer: Any = None

    def __post_init__(self) -> None:
        limits = {f"{name}_NUM_THREADS": str(self.threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
        given = {"records": self.records, "ids": self.ids, "task": self.task, "threads": self.threads}
        given |= {"systems": self.system, "variant": self.variant, "cache": self.said.cache}
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", *(f"--{key}={value}" for key, value in given.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **limits, "POLARS_MAX_THREADS": str(self.threads), "OMP_WAIT_POLICY": "passive"},
        )
        self.input_mb = self._hear()["input_mb"]

    @property
    def records(self) -> int:
        """Records a ledger."""
        return min(self.said.records, self.query["most"] or self.said.records)

    def _hear(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.system} ({self.variant}) failed; --systems can leave a system out")
        return json.loads(line)

    def ask(self, what: str) -> Any:
        """Send a line, return what is answered."""
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._hear()

    def run(self) -> None:
        """Time one run."""
        told = self.ask("run")
        self.seconds.append(told["seconds"])
        self.busy.append(told["busy"])
        if told["peak_mb"] is not None:
            self.peak_mb = told["peak_mb"]

    def close(self) -> None:
        """Take the last run's answer and end the process."""
        self.answer = self.ask("answer")
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def offers(systems: list[str]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Return system, task, variant and what must be known of it, asked in processes of their own."""
    found = []
    for system in systems:
        command = [sys.executable, __file__, "--offer", f"--systems={system}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{system} cannot be loaded; --systems can leave a system out")
        found += [(system, *each) for each in json.loads(done.stdout)]
    return found


def offer(system: str) -> list[list[Any]]:
    """Return task, variant, and what must be known of it."""
    return [
        [task, variant, {"ids": sorted(q.ids), "fault": q.fault, "unlike": q.unlike, "most": q.most}]
        for task, queries in module(system).TASKS.items()
        for variant, q in queries.items()
    ]


def rows_of(ran: list[Worker]) -> list[list[str]]:
    """Return rows of Markdown."""
    own = ran[0]
    rows = []
    for worker in ran:
        same = worker.answer == own.answer
        if worker.task == silos.FLOWS:
            answer = "equal" if same else f"**wrong**: {worker.query['fault'] or 'differs'}"
        else:
            answer = ", ".join(f"{n:,} {what}" for what, n in worker.answer.items())
        less = "" if worker.records == worker.said.records else f", {worker.records:,} records a ledger"
        told = "; ".join(part for part in (worker.query["unlike"], less.strip(", ")) if part)
        rows.append(
            [
                f"{worker.system}: {worker.variant}" + (f" ({told})" if told else ""),
                f"{statistics.median(worker.seconds):.3f}",
                f"{statistics.median(worker.busy):.3f}",
                "" if worker.ratio is None else "–" if less else f"{worker.ratio:.2f}×",
                "" if worker.peak_mb is None else f"{worker.peak_mb:,.0f}",
                answer,
            ]
        )
    return rows


def main() -> None:
    """Measure and print tables, or serve who does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=5_000_000)
    parser.add_argument("--ids", nargs="+", default=["int", "string"], choices=["int", "string"])
    parser.add_argument("--threads", type=int, nargs="+", default=[4, 1])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=["flows", "pair"], help="words of the tasks")
    parser.add_argument("--systems", nargs="+", default=["sojourn", "polars", "duckdb", "numpy"], choices=silos.MODULES)
    parser.add_argument("--variants", default="", help="only those with this word, besides our first")
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--variant", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--offer", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.offer:
        print(json.dumps(offer(said.systems[0])))
        return
    if said.serve:
        serve(said)
        return
    silos.ensure(said.cache, said.records)
    known = offers(said.systems)
    for most in {query["most"] for *_, query in known if query["most"]}:
        silos.ensure(said.cache, min(most, said.records))
    wrong = False
    print(f"{workers.machine()}; {workers.versions([*said.systems])}")
    for task in (silos.FLOWS, silos.PAIRS):
        if not any(word in task for word in said.only):
            continue
        for ids in said.ids:
            for threads in said.threads:
                load = os.getloadavg()[0]
                queries = [
                    (system, variant, query)
                    for system, of, variant, query in known
                    if of == task and ids in query["ids"] and (system == said.systems[0] or said.variants in variant)
                ]
                own = Worker(said, task, ids, threads, *queries[0])
                ran = [own]
                for each in queries[1:] or [None]:
                    pair = [own] if each is None else [own, Worker(said, task, ids, threads, *each)]
                    for _ in range(said.repeats):
                        for worker in pair:
                            worker.run()
                            workers.say(f"{task}, {ids}, {threads}: {worker.variant} {worker.seconds[-1]:.3f}")
                    if each is not None:
                        other = pair[1]
                        other.ratio = statistics.median(other.seconds) / statistics.median(own.seconds[-said.repeats :])
                        other.close()
                        ran.append(other)
                own.close()
                wrong = wrong or any(
                    task == silos.FLOWS and worker.answer != ran[0].answer and not worker.query["fault"]
                    for worker in ran
                )
                print(f"\n## {task}, {ids} ids, {threads} threads\n")
                print(f"3 × {said.records:,} records, {ran[0].input_mb:,.0f} MB; load before {load:.1f}\n")
                header = ["system: query", "median s", "CPU s", "to ours", "peak MB", "answer"]
                print("\n".join(workers.table(header, rows_of(ran))), flush=True)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
