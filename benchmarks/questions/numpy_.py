"""NumPy: where walks end, in the chain that the same counts make, and its Bayesian bootstrap over customers.

B = (I - Q)^-1 R by one solve; a draw weights each customer by an exponential number and solves again. Each customer's
moves are counted before the clock starts, as a sparse matrix. Its draws are other random numbers than ours: shares are
held against each other, bounds are only near.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse

from questions import CONFIDENCE, DRAWS, ENDS, ENDS_DRAWN, OUTCOME_ID
from reference import Answer, codes
from systems import Query

BLOCK = 20  # draws at a time, so that weights stay small


@dataclass(frozen=True)
class Input:
    """How often each customer made each move; the moves' vertices; how many vertices are no end."""

    counts: Any
    source: Any
    target: Any
    names: list[str]


def prepare(table: pa.Table, threads: int) -> Input:
    """Count each customer's moves. Customers without a step go from START to observed."""
    from questions.patterns import MOVES
    from questions.walks import walks  # ours: loaded only where it is asked for

    steps = walks(table, threads)
    names = ["START", *(f"m{i}" for i in range(len(MOVES))), OUTCOME_ID, "observed"]
    local, labels = codes(steps["node"])
    node = np.array([names.index(label) for label in labels])[local]
    customer, _ = codes(steps["customer"])
    first = np.append(True, customer[1:] != customer[:-1])
    last = np.append(first[1:], True) & (node != len(names) - 2)
    missing = len(table["customer"].unique()) - int(first.sum())
    who = np.concatenate([customer, customer[last], np.arange(missing) + first.sum()])
    source = np.concatenate([np.where(first, 0, np.roll(node, 1)), node[last], np.zeros(missing, int)])
    target = np.concatenate([node, np.full(last.sum() + missing, len(names) - 1)])
    move, place = np.unique(source * len(names) + target, return_inverse=True)
    counts = scipy.sparse.coo_matrix((np.ones(len(who)), (who, place)), shape=(first.sum() + missing, len(move)))
    return Input(counts.tocsr().T.tocsr(), move // len(names), move % len(names), names)


def _solve(data: Input, weights: Any) -> Any:
    """Return shares, draw x node x end, from the weight of each move in each draw."""
    size, inner = len(data.names), len(data.names) - 2
    chain = np.zeros((weights.shape[1], size, size))
    chain[:, data.source, data.target] = weights.T
    chain = chain[:, :inner]
    total = chain.sum(axis=2, keepdims=True)
    chain = np.divide(chain, total, out=np.zeros_like(chain), where=total > 0)
    return np.linalg.solve(np.eye(inner) - chain[:, :, :inner], chain[:, :, inner:])


def _point(data: Input) -> tuple[Input, Any, Any]:
    return data, _solve(data, np.asarray(data.counts.sum(axis=1)))[0], None


def _drawn(data: Input) -> tuple[Input, Any, Any]:
    random = np.random.default_rng(1)
    _, point, _ = _point(data)
    blocks = []
    for _ in range(DRAWS // BLOCK):
        weights = random.standard_exponential((data.counts.shape[1], BLOCK))
        blocks.append(_solve(data, data.counts @ weights))
    return data, point, np.quantile(np.concatenate(blocks), [0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2], axis=0)


def _shares(result: tuple[Input, Any, Any]) -> Answer:
    data, point, bounds = result
    seen = [node for node in range(len(data.names) - 2) if (data.source == node).any()]
    ends = list(enumerate(data.names[-2:]))

    def told(shares: Any) -> dict[str, float]:
        return {f"{data.names[node]} -> {end}": float(shares[node, k]) for node in seen for k, end in ends}

    answer: Answer = {"probability": told(point)}
    return answer if bounds is None else {**answer, "low": told(bounds[0]), "high": told(bounds[1])}


def _query(run: Callable[[Input], Any]) -> Query:
    given = "given each customer's moves, counted"
    return Query(run, _shares, data=frozenset({"int"}), unlike=given)  # ids play no part


TASKS = {
    ENDS: {"solve": _query(_point)},
    ENDS_DRAWN: {"sparse weights, solve": _query(_drawn)},
}
