"""LMG shares of R², against NumPy: all 2^p regressions on some columns of 100,000 rows, answers compared.

    python benchmarks/drivers.py [--rows 100000] [--columns 15 20] [--threads 1 4] [--repeats 5]

From a float64 array in memory (rows x columns, correlated) to the shares. NumPy centres, multiplies (BLAS, in `threads`
threads), and solves the regressions of all subsets of one size in one batched call, at most 50,000 at once. Both read
the same array. Every run is a process of its own, warmed up on 1,000 rows,
with OMP_NUM_THREADS and OPENBLAS_NUM_THREADS set; systems alternate; seconds are medians. Peak memory is the process's,
beyond what it holds before the clock starts. Shares are to agree within 1e-9. Figures go into RESULTS.md by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from worker import _release, _reset_peak, _status

SEED = 1
MOST = 50_000


def regression(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw columns that go together, and an outcome of all of them."""
    chance = np.random.default_rng(SEED)
    X = chance.normal(size=(rows, columns)) @ (np.eye(columns) + 0.3 * chance.normal(size=(columns, columns)))
    return X, X @ chance.normal(size=columns) + 3 * chance.normal(size=rows)


def sojourn(X: np.ndarray, y: np.ndarray, threads: int) -> Callable[[], np.ndarray]:
    """Return our run."""
    import sojourn as sj

    return lambda: np.array(sj.lmg(X, y, threads=threads).table.to_dict()["share"])


def numpy(X: np.ndarray, y: np.ndarray, threads: int) -> Callable[[], np.ndarray]:
    """Return the peer's run; its threads are BLAS's."""

    def run() -> np.ndarray:
        p = X.shape[1]
        Z = np.column_stack([X, y])
        Z -= Z.mean(axis=0)
        G = Z.T @ Z
        explained = np.zeros(2**p)
        for size in range(1, p + 1):
            which = np.fromiter(combinations(range(p), size), dtype=(np.int64, size), count=comb(p, size))
            for part in np.array_split(which, -(-len(which) // MOST)):
                with_y = G[part, p]
                solved = np.linalg.solve(G[part[:, :, None], part[:, None, :]], with_y[..., None])[..., 0]
                explained[(1 << part).sum(axis=1)] = (with_y * solved).sum(axis=1) / G[p, p]
        subsets = np.arange(2**p)
        sizes = np.bitwise_count(subsets).astype(int)
        chance = np.array([1 / (p * comb(p - 1, s)) for s in range(p)])
        share = np.empty(p)
        for j in range(p):
            without = subsets[subsets >> j & 1 == 0]
            share[j] = (chance[sizes[without]] * (explained[without | 1 << j] - explained[without])).sum()
        return share

    return run


SYSTEMS = {"sojourn": sojourn, "NumPy": numpy}


def measure(said: argparse.Namespace) -> None:
    """Run one system once, in this process, and print what it took as JSON."""
    columns, threads = said.columns[0], said.threads[0]
    SYSTEMS[said.system](*regression(1_000, min(columns, 10)), threads)()
    run = SYSTEMS[said.system](*regression(said.rows, columns), threads)
    _release()
    before = _status("VmRSS")
    _reset_peak()
    begin = time.perf_counter()
    answer = run()
    seconds = time.perf_counter() - begin
    peak = _status("VmHWM")
    taken = peak - before if peak is not None and before is not None else None
    print(json.dumps({"seconds": seconds, "peak_mb": taken, "answer": answer.tolist()}))


def one(said: argparse.Namespace, system: str, columns: int, threads: int) -> dict[str, Any]:
    """Start a process for one run."""
    command = [sys.executable, __file__, f"--system={system}", f"--rows={said.rows}"]
    command += [f"--columns={columns}", f"--threads={threads}"]
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    found = subprocess.run(command, env={**os.environ, **limits}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, nargs="+", default=[15, 20])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--system", choices=SYSTEMS, help="one run of this system alone, as JSON")
    said = parser.parse_args()
    if said.system:
        measure(said)
        return
    print(f"{said.rows:,} rows; load {os.getloadavg()[0]:.1f}")
    print("| columns | threads | system | seconds | ratio to ours | peak MB | same answer |")
    print("|---|---|---|---|---|---|---|")
    for columns in said.columns:
        for threads in said.threads:
            runs: dict[str, list[dict[str, Any]]] = {system: [] for system in SYSTEMS}
            for _ in range(said.repeats):
                for system, found in runs.items():
                    found.append(one(said, system, columns, threads))
            own = statistics.median(run["seconds"] for run in runs["sojourn"])
            answer = np.array(runs["sojourn"][0]["answer"])
            for system, found in runs.items():
                seconds = statistics.median(run["seconds"] for run in found)
                peak = statistics.median(run["peak_mb"] or 0 for run in found)
                agrees = all(np.allclose(answer, run["answer"], rtol=0, atol=1e-9) for run in found)
                cells = (f"{seconds:.4f}", f"{seconds / own:.1f}×", f"{peak:.0f}", str(agrees))
                print(f"| {columns} | {threads} | {system} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
