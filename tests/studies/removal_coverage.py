"""Do 90% intervals of removal effects hold the generating chain's own value 90% of the time?

Each replicate draws a chain, lets customers walk it, and asks `removal_effects` for intervals; what they should hold is
solved from the chain itself by deleting each node. Pooled over moments of 50 visits or more, 86 to 94% are to hold it.

Run by ``make check-all``: 300 replicates, some ten seconds. CI runs a few (``tests/python/test_effects.py``).
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import pyarrow as pa

import sojourn as sj

NODES, LEFT, OBSERVED = 10, 11, 12  # nodes are 1 … NODES, START is 0
NAMES = ["START", *(f"m{i}" for i in range(1, NODES + 1)), "left", "observed"]
START_OF_2026 = 1_767_225_600  # seconds
LEAST_VISITS, CONFIDENCE = 50, 0.9
LOWEST, HIGHEST = 0.86, 0.94


def random_chain(generator: np.random.Generator) -> np.ndarray:
    """Return the probabilities of moves: each node leads to a few others, to leaving, and to the end of observation."""
    moves = np.zeros((NODES + 1, len(NAMES)))
    for source in range(NODES + 1):
        targets = generator.choice(np.arange(1, NODES + 1), size=4, replace=False)
        moves[source, targets] = generator.dirichlet(np.ones(4)) * (1 if source == 0 else generator.uniform(0.5, 0.8))
        if source > 0:
            moves[source, LEFT] = (1 - moves[source].sum()) * generator.uniform(0.1, 0.7)
            moves[source, OBSERVED] = 1 - moves[source].sum()
    return moves


def chance_of_leaving(moves: np.ndarray, removed: int | None = None) -> float:
    """Return P(left) from START; who moves to the removed node ends elsewhere."""
    inner, out = moves[:, : NODES + 1].copy(), moves[:, LEFT].copy()
    if removed is not None:
        inner[:, removed] = inner[removed, :] = out[removed] = 0
    return float(np.linalg.solve(np.eye(NODES + 1) - inner, out)[0])


def walks(moves: np.ndarray, customers: int, generator: np.random.Generator) -> pa.Table:
    """Return the events of customers who all walk at once, a second a step."""
    at, who, second = np.zeros(customers, dtype=int), np.arange(customers), 0
    parts: list[tuple[np.ndarray, int, np.ndarray]] = []
    below = moves.cumsum(axis=1)
    while len(who):
        at = (generator.random(len(who))[:, None] > below[at]).sum(axis=1).clip(max=OBSERVED)
        second += 1
        seen = at != OBSERVED
        parts.append((who[seen], second, at[seen]))
        going = at <= NODES
        at, who = at[going], who[going]
    customer = np.concatenate([part[0] for part in parts])
    time = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    event = np.concatenate([part[2] for part in parts])
    return pa.table(
        {
            "customer": customer,
            "time": pa.array((START_OF_2026 + time) * 1_000_000).cast(pa.timestamp("us")),
            "event": pa.array(np.array(NAMES)[event]),
        }
    )


def coverage(replicates: int, customers: int = 600, draws: int = 500, seed: int = 1) -> dict[str, Any]:
    """Return how many intervals there were, and the shares that hold the truth, lie above it and lie below it."""
    intervals = above = below = 0
    for replicate in range(replicates):
        generator = np.random.default_rng([seed, replicate])
        moves = random_chain(generator)
        everyone = chance_of_leaving(moves)
        log = sj.EventLog(walks(moves, customers, generator), customer="customer", time="time", event="event")
        graph = log.graph(outcomes={"left": sj.event("left")})
        visits = dict(zip(*(graph.nodes().to_dict()[name] for name in ("node", "visits")), strict=True))
        for row in graph.removal_effects("left", interval=CONFIDENCE, draws=draws, seed=replicate).rows():
            if visits[row["node"]] < LEAST_VISITS:
                continue
            truth = 1 - chance_of_leaving(moves, NAMES.index(row["node"])) / everyone
            intervals += 1
            above += truth < row["low"] - 1e-12
            below += truth > row["high"] + 1e-12
    held = 1 - (above + below) / intervals
    return {"intervals": intervals, "held": held, "above": above / intervals, "below": below / intervals}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=300)
    found = coverage(parser.parse_args().replicates)
    print(
        f"{found['intervals']:,} intervals: {found['held']:.1%} hold the truth, "
        f"{found['above']:.1%} lie above it, {found['below']:.1%} below; expected {LOWEST:.0%} to {HIGHEST:.0%}"
    )
    return 0 if LOWEST <= found["held"] <= HIGHEST else 1


if __name__ == "__main__":
    sys.exit(main())
