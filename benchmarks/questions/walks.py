"""The steps that our graph counts, as a table for peers: each customer's occurrences up to the first outcome."""

import numpy as np
import pyarrow as pa

import sojourn as sj
from questions import OUTCOME_ID
from questions.patterns import MOVES, OUTCOMES, journey


def walks(table: pa.Table, threads: int) -> pa.Table:
    """Return customer, time, node and row, by customer and then as they fell; an outcome is a customer's last step.

    Made by a match to which the outcome is one moment more. Customers without any step are in no row.
    """
    log = sj.EventLog(table, threads=threads)
    found = journey(*MOVES, *OUTCOMES.values()).match(log, threads=threads).occurrences(threads=threads)
    steps = pa.table(found).select(["customer", "time", "moment"]).combine_chunks()
    customer = steps["customer"].combine_chunks().dictionary_encode()
    code = (customer.chunk(0) if isinstance(customer, pa.ChunkedArray) else customer).indices.to_numpy()
    left = pa.compute.equal(steps["moment"], f"m{len(MOVES)}").to_numpy().astype(np.int64)
    ended = np.cumsum(left) - left  # outcomes before each step, of all customers
    first = np.append(True, code[1:] != code[:-1])
    ended -= np.repeat(ended[first], np.diff(np.append(np.flatnonzero(first), len(code))))
    node = pa.compute.if_else(pa.array(left == 1), OUTCOME_ID, steps["moment"].cast(pa.string()))
    walks = pa.table({"customer": steps["customer"], "time": steps["time"].cast(pa.int64()), "node": node})
    walks = walks.filter(pa.array(ended == 0))
    node = walks["node"].combine_chunks().dictionary_encode()
    walks = walks.set_column(2, "node", node).append_column("row", pa.array(np.arange(walks.num_rows)))
    return walks.combine_chunks()
