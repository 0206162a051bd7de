"""One system, task, form of the log and number of threads, in a process of its own.

`events.py` or `journey.py` starts it and says when to run. It says when it has loaded the log (its size), then answers
each line on its standard input with a line of JSON: `run` with the seconds, and for the first run with the peak of
resident memory beyond what the loaded, prepared log takes; `answer` with the last run's answer.
"""

import argparse
import ctypes
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import feather

import generate
import systems

WARM_UP = 10_000  # rows run once before anything is measured, so that code is loaded and pools are started


def _status(key: str) -> float | None:
    """Read a line of the process's status in MB; None where the system has no such file."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(key)), None)


def _release() -> None:
    """Give back to the system what allocators keep."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def _reset_peak() -> None:
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def with_peak(run: Callable[[], Any]) -> tuple[Any, float | None]:
    """Return what a run gives, and its peak of resident memory in MB beyond what there was before."""
    _release()
    before = _status("VmRSS")
    _reset_peak()
    result = run()
    after = _status("VmHWM")
    return result, after - before if after is not None and before is not None else None


def _serve(query: systems.Query, data: Any, cache: Path, say: Callable[..., None]) -> None:
    def timed() -> tuple[Any, float]:
        begin = time.perf_counter()
        result = query.run(data)
        return result, time.perf_counter() - begin

    result: Any = None
    first = True
    for line in sys.stdin:
        if line.strip() == "answer":
            told = query.answer(result)
            if isinstance(told, pa.Table):  # too long for a line
                path = cache / f"answer-{os.getpid()}.arrow"
                feather.write_feather(told, path, compression="uncompressed")
                told = {"table": str(path)}
            say(answer=told)
            continue
        result = None
        gc.collect()
        if first:
            (result, seconds), peak = with_peak(timed)
            first = False
        else:
            (result, seconds), peak = timed(), None
        say(seconds=seconds, peak_mb=peak)


def _module(package: str, system: str) -> Any:
    return importlib.import_module(f"{package}.{importlib.import_module(package).MODULES[system]}")


def _offer(system: str, package: str) -> dict[str, Any]:
    """Describe a system's queries: task, variant, then what whoever measures must know of it."""
    tasks: dict[str, dict[str, systems.Query]] = _module(package, system).TASKS
    return {
        task: {
            name: {
                "data": sorted(query.data),
                "named": query.named,
                "time_ordered_only": query.time_ordered_only,
                "repeats": query.repeats,
                "raw": query.raw,
                "unlike": query.unlike,
                "fault": query.fault,
            }
            for name, query in queries.items()
        }
        for task, queries in tasks.items()
    }


def main() -> None:
    """Serve who started it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offer", action="store_true", help="only describe the system's queries")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--events", type=int)
    for name in ("data", "task", "variant"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--system", required=True)
    parser.add_argument("--package", default="systems", help="where the system's module stands: systems or questions")
    options = parser.parse_args()

    # Whatever a library prints goes to standard error.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**message: Any) -> None:
        channel.write(json.dumps(message) + "\n")

    if options.offer:
        say(**_offer(options.system, options.package))
        return
    table = generate.load(options.cache, options.events, options.data)
    input_mb = table.nbytes / 2**20
    pa.set_cpu_count(options.threads)
    module = _module(options.package, options.system)
    query: systems.Query = module.TASKS[options.task][options.variant]
    prepare = query.prepare or module.prepare
    query.run(prepare(table.slice(0, WARM_UP), options.threads))
    begin = time.perf_counter()
    data = prepare(table, options.threads)
    preparing = time.perf_counter() - begin
    del table
    say(input_mb=input_mb, preparing=preparing)
    _serve(query, data, options.cache, say)


if __name__ == "__main__":
    main()
