"""One system, task, form of the log and number of threads, in a process of its own.

`events.py` starts it and says when to run. It says when it has loaded the log (its size), then answers each line on its
standard input with a line of JSON: `run` with the seconds, and for the first run with the peak of resident memory
beyond what the loaded, prepared log takes; `answer` with the last run's answer.
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


def _serve(query: systems.Query, data: Any, say: Callable[..., None]) -> None:
    result: Any = None
    first = True
    for line in sys.stdin:
        if line.strip() == "answer":
            say(answer=query.answer(result))
            continue
        result = None
        gc.collect()
        if first:
            _release()
        before = _status("VmRSS")
        _reset_peak()
        begin = time.perf_counter()
        result = query.run(data)
        seconds = time.perf_counter() - begin
        after = _status("VmHWM")
        peak = after - before if first and after is not None and before is not None else None
        first = False
        say(seconds=seconds, peak_mb=peak)


def _offer(system: str) -> dict[str, Any]:
    """Describe a system's queries: task, variant, then what `events.py` must know of it."""
    tasks: dict[str, dict[str, systems.Query]] = importlib.import_module(f"systems.{systems.MODULES[system]}").TASKS
    return {
        task: {
            name: {
                "data": sorted(query.data),
                "named": query.named,
                "time_ordered_only": query.time_ordered_only,
                "repeats": query.repeats,
            }
            for name, query in queries.items()
        }
        for task, queries in tasks.items()
    }


def main() -> None:
    """Serve `events.py`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offer", action="store_true", help="only describe the system's queries")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--events", type=int)
    for name in ("data", "task", "variant"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--system", required=True)
    options = parser.parse_args()

    # Whatever a library prints goes to standard error.
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**message: Any) -> None:
        channel.write(json.dumps(message) + "\n")

    if options.offer:
        say(**_offer(options.system))
        return
    table = generate.load(options.cache, options.events, options.data)
    input_mb = table.nbytes / 2**20
    pa.set_cpu_count(options.threads)
    module = importlib.import_module(f"systems.{systems.MODULES[options.system]}")
    query: systems.Query = module.TASKS[options.task][options.variant]
    query.run(module.prepare(table.slice(0, WARM_UP), options.threads))
    data = module.prepare(table, options.threads)
    del table
    say(input_mb=input_mb)
    _serve(query, data, say)


if __name__ == "__main__":
    main()
