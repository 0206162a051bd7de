"""Bootstrap of removal effects, against NumPy: 100,000 walks over 20 nodes, 1,000 draws, answers compared.

    python benchmarks/effects.py [--customers 100000] [--nodes 20] [--draws 1000] [--threads 1 4] [--repeats 3]

From walks in memory to each node's removal effect and its 90% interval. Ours starts from a graph (made before the clock
starts) and counts each customer's moves; NumPy starts from them, a matrix customers x moves. NumPy draws some hundred
weightings of the customers at once as a matrix, multiplies (BLAS, in `threads` threads; NumPy's random numbers have
one), and solves those chains in one call. Each node leads to `--ways` others: the more, the wider NumPy's matrix.

Every run is a process of its own, with OMP_NUM_THREADS and OPENBLAS_NUM_THREADS set; systems alternate; seconds are
medians. Peak memory is the process's, beyond what it holds before the clock starts. Effects are to agree within 1e-9,
ends of intervals, which come from other random numbers, within 15% of the interval's width (five standard errors of
the difference, at 1,000 draws). Figures go into RESULTS.md by hand.
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
from typing import Any

import numpy as np

from worker import _release, _reset_peak, _status

CONFIDENCE, SEED = 0.9, 1
DRAWS_AT_ONCE = 100
START_OF_2026 = 1_767_225_600  # seconds
Walks = tuple[np.ndarray, np.ndarray, np.ndarray]  # customer, step and state, a row each


def walks(customers: int, nodes: int, ways: int) -> Walks:
    """Walk a random chain: states are START (0), the nodes, `left` and `observed`; START takes no row."""
    chance = np.random.default_rng(SEED)
    moves = np.zeros((nodes + 1, nodes + 3))
    for source in range(nodes + 1):
        moves[source, chance.choice(np.arange(1, nodes + 1), ways, replace=False)] = chance.dirichlet(np.ones(ways))
        if source > 0:
            moves[source] *= 0.8
            moves[source, nodes + 1 :] = 0.2 * chance.dirichlet(np.ones(2))
    at, who, step = np.zeros(customers, dtype=int), np.arange(customers), 0
    below, parts = moves.cumsum(axis=1), []
    while len(who):
        step += 1
        at = (chance.random(len(who))[:, None] > below[at]).sum(axis=1).clip(max=nodes + 2)
        parts.append((who, np.full(len(who), step), at))
        going = at <= nodes
        at, who = at[going], who[going]
    customer, steps, state = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((steps, customer))
    return customer[order], steps[order], state[order]


def sojourn(walked: Walks, nodes: int, draws: int, threads: int) -> Callable[[], np.ndarray]:
    """Return our run: effect, low and high of each node."""
    import pyarrow as pa

    import sojourn as sj

    names = np.array(["START", *(f"n{i:03}" for i in range(1, nodes + 1)), "left", "observed"])
    customer, step, state = (part[walked[2] != nodes + 2] for part in walked)
    events = pa.table(
        {
            "customer": customer,
            "time": pa.array((START_OF_2026 + step) * 1_000_000).cast(pa.timestamp("us")),
            "event": pa.array(names[state]),
        }
    )
    graph = sj.EventLog(events, threads=threads).graph(outcomes={"left": sj.event("left")}, threads=threads)

    def run() -> np.ndarray:
        found = graph.removal_effects("left", interval=CONFIDENCE, draws=draws, seed=SEED, threads=threads).rows()
        rows = {row["node"]: row for row in found}
        return np.array([[rows[name][which] for which in ("effect", "low", "high")] for name in names[1 : nodes + 1]])

    return run


def numpy(walked: Walks, nodes: int, draws: int, threads: int) -> Callable[[], np.ndarray]:
    """Return the peer's run."""
    customer, _, state = walked
    seen = np.unique(customer, return_index=True)[1]
    source = np.concatenate([[0], state[:-1]])
    source[seen] = 0
    numbers, move = np.unique(source * (nodes + 3) + state, return_inverse=True)
    taken = np.zeros((len(seen), len(numbers)))
    np.add.at(taken, (customer, move), 1)
    at, to = np.divmod(numbers, nodes + 3)

    def effects(counts: np.ndarray) -> np.ndarray:
        chains = np.zeros((len(counts), nodes + 1, nodes + 3))
        chains[:, at, to] = counts
        chains /= chains.sum(axis=2, keepdims=True)
        visits = np.linalg.inv(np.eye(nodes + 1) - chains[:, :, : nodes + 1])
        reaching = np.linalg.solve(np.eye(nodes + 1) - chains[:, :, : nodes + 1], chains[:, :, nodes + 1, None])[..., 0]
        met = visits[:, 0, :] / np.diagonal(visits, axis1=1, axis2=2)
        return (met * reaching / reaching[:, :1])[:, 1:]

    def run() -> np.ndarray:
        chance, drawn = np.random.default_rng(SEED), []
        for first in range(0, draws, DRAWS_AT_ONCE):
            weights = chance.standard_exponential((min(DRAWS_AT_ONCE, draws - first), len(taken)))
            drawn.append(effects(weights @ taken))
        ends = np.quantile(np.concatenate(drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
        return np.column_stack([effects(taken.sum(axis=0)[None])[0], *ends])

    return run


SYSTEMS = {"sojourn": sojourn, "NumPy": numpy}


def measure(said: argparse.Namespace) -> None:
    """Run one system once, in this process, and print what it took as JSON."""
    walked = walks(said.customers, said.nodes, said.ways[0])
    SYSTEMS[said.system](walks(1_000, said.nodes, said.ways[0]), said.nodes, 8, said.threads[0])()
    run = SYSTEMS[said.system](walked, said.nodes, said.draws, said.threads[0])
    _release()
    before = _status("VmRSS")
    _reset_peak()
    begin = time.perf_counter()
    answer = run()
    seconds = time.perf_counter() - begin
    peak = _status("VmHWM")
    taken = peak - before if peak is not None and before is not None else None
    print(json.dumps({"seconds": seconds, "peak_mb": taken, "moves": len(walked[0]), "answer": answer.tolist()}))


def one(said: argparse.Namespace, system: str, ways: int, threads: int) -> dict[str, Any]:
    """Start a process for one run."""
    sizes = [f"--{name}={getattr(said, name)}" for name in ("customers", "nodes", "draws")]
    command = [sys.executable, __file__, f"--system={system}", f"--ways={ways}", f"--threads={threads}", *sizes]
    limits = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    found = subprocess.run(command, env={**os.environ, **limits}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout)


def same(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether effects are equal, and ends of intervals within Monte-Carlo error."""
    width = theirs[:, 2] - theirs[:, 1]
    ends = np.abs(ours[:, 1:] - theirs[:, 1:]) <= 0.15 * width[:, None]
    return bool(np.allclose(ours[:, 0], theirs[:, 0], rtol=0, atol=1e-9) and ends.all())


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--ways", type=int, nargs="+", default=[20, 5])
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--system", choices=SYSTEMS, help="one run of this system alone, as JSON")
    said = parser.parse_args()
    if said.system:
        measure(said)
        return
    print(f"{said.customers:,} customers, {said.nodes} nodes, {said.draws:,} draws; load {os.getloadavg()[0]:.1f}")
    print("| ways | threads | system | seconds | ratio to ours | peak MB | same answer |")
    print("|---|---|---|---|---|---|---|")
    for ways in said.ways:
        for threads in said.threads:
            runs: dict[str, list[dict[str, Any]]] = {system: [] for system in SYSTEMS}
            for _ in range(said.repeats):
                for system, found in runs.items():
                    found.append(one(said, system, ways, threads))
            own = statistics.median(run["seconds"] for run in runs["sojourn"])
            answer = np.array(runs["sojourn"][0]["answer"])
            for system, found in runs.items():
                seconds = statistics.median(run["seconds"] for run in found)
                peak = statistics.median(run["peak_mb"] or 0 for run in found)
                agrees = all(same(answer, np.array(run["answer"])) for run in found)
                cells = (f"{seconds:.3f}", f"{seconds / own:.1f}×", f"{peak:.0f}", str(agrees))
                print(f"| {ways} | {threads} | {system} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
