"""How long the insurer takes to generate, and how much memory, as households grow. Run by hand; figures in RESULTS.md.

    python benchmarks/insurer.py

Each size runs in a process of its own; time is the median of three, memory the peak beyond what the imports took.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time

SIZES = (5_000, 20_000, 80_000, 320_000)


def measure(customers: int, threads: int) -> None:
    """Print seconds and peak memory in MB of one size."""
    import sojourn as sj

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    data = None
    for _ in range(3):
        del data
        start = time.perf_counter()
        data = sj.datasets.insurer(customers, threads=threads)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    took = statistics.median(seconds)
    print(f"| {customers:,} | {threads} | {took:.2f} | {peak / 1024:,.0f} | {len(data.events):,} |")


def main() -> None:
    """Measure every size, each in its own process."""
    print("| households | threads | seconds | peak MB | events |\n|---|---|---|---|---|", flush=True)
    for threads in (4, 1):
        for customers in SIZES:
            subprocess.run([sys.executable, __file__, str(customers), str(threads)], check=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
