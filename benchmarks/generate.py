"""Make the benchmark's event log: seeded, in three forms, with the right answers beside each.

    python benchmarks/generate.py [--events 10000000] [--cache build/bench]

Half a million customers for ten million events (one for twenty), of very unequal activity, come in sessions spread over
two years; 20 event names by Zipf's law; 4.5% of the events share the instant of their customer's event before. Forms:

- `int`: integer ids, rows in time order (ties in an arbitrary but fixed order), the event as a dictionary;
- `shuffled`: the same rows, fully shuffled;
- `string`: the rows of `int` with ids such as `C0001234`, the event as plain strings.

Columns: customer, time (microseconds), event, value (null but for orders).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import reference

VERSION = 2  # raised when the log or the shape of the answers changes, so that old caches are not used
SEED = 20240607
DATA = ("int", "shuffled", "string")
EVENTS_PER_CUSTOMER = 20
DAY = 86_400_000_000  # microseconds
BEGIN = 1_640_995_200_000_000  # 2022-01-01
NAMES = [
    "page_view",
    "email_open",
    "contact",
    "search",
    "order",
    "product_view",
    "email_click",
    "paid_search",
    "add_to_cart",
    "app_open",
    "display_ad",
    "social",
    "support_chat",
    "follow_up",
    "claim_open",
    "claim_closed",
    "refund",
    "review",
    "subscribe",
    "unsubscribe",
]
ORDER = NAMES.index("order")


def log_path(cache: Path, events: int, data: str) -> Path:
    """Where the log of that size and form lies."""
    return cache / f"events-v{VERSION}-{events}-{data}.parquet"


def answers_path(cache: Path, events: int, data: str) -> Path:
    """Where the right answers on that log lie."""
    return cache / f"events-v{VERSION}-{events}-{data}.json"


def make_log(events: int) -> dict[str, pa.Table]:
    """Make the log in its three forms. The same seed and size give the same log."""
    customers = max(1, events // EVENTS_PER_CUSTOMER)
    rng = np.random.default_rng(SEED)
    activity = rng.lognormal(0, 1.5, customers)
    others = rng.choice(customers, events - customers, p=activity / activity.sum())
    customer = np.sort(np.concatenate([np.arange(customers), others]))

    sessions = np.maximum(1, np.bincount(customer, minlength=customers) // 3)
    offset = np.concatenate([[0], np.cumsum(sessions)])
    session_start = BEGIN + (rng.random(offset[-1]) * 729 * DAY).astype(np.int64)
    session = offset[customer] + (rng.random(events) * sessions[customer]).astype(np.int64)
    time = session_start[session] + rng.exponential(20 * 60e6, events).astype(np.int64)
    time = np.minimum(time, BEGIN + 730 * DAY)

    order = np.lexsort((time, customer))
    customer, time = customer[order], time[order]
    tied = np.flatnonzero((rng.random(events - 1) < 0.05) & (customer[1:] == customer[:-1])) + 1
    time[tied] = time[tied - 1]

    share = 1.0 / np.arange(1, len(NAMES) + 1)
    event = rng.choice(len(NAMES), events, p=share / share.sum()).astype(np.int8)
    value = np.where(event == ORDER, np.round(rng.lognormal(3.5, 0.8, events), 2), np.nan)

    order = np.lexsort((rng.random(events), time))
    customer, time, event, value = customer[order], time[order], event[order], value[order]
    # Sparse ids in no order, as a company's are.
    ids = 100_000_000 + rng.permutation(np.unique(rng.integers(0, 900_000_000, 2 * customers + 10)))[:customers]

    names = pa.DictionaryArray.from_arrays(pa.array(event), pa.array(NAMES))
    columns = {
        "customer": pa.array(ids[customer]),
        "time": pa.array(time).cast(pa.timestamp("us")),
        "event": names,
        "value": pa.array(value, mask=np.isnan(value)),
    }
    ordered = pa.table(columns)
    labels = pa.array([f"C{i:07d}" for i in range(customers)])
    strings = pa.table({**columns, "customer": labels.take(pa.array(customer)), "event": names.cast(pa.string())})
    return {"int": ordered, "shuffled": ordered.take(pa.array(rng.permutation(events))), "string": strings}


def ensure(cache: Path, events: int) -> None:
    """Write the log and its answers where they are missing."""
    paths = [make(cache, events, data) for data in DATA for make in (log_path, answers_path)]
    if all(path.exists() for path in paths):
        return
    cache.mkdir(parents=True, exist_ok=True)
    for data, table in make_log(events).items():
        pq.write_table(table, log_path(cache, events, data))
        # The answers come last and in one step: their presence says that the log is whole.
        part = cache / f"{answers_path(cache, events, data).name}.part"
        part.write_text(json.dumps(reference.answers(table)))
        part.replace(answers_path(cache, events, data))


def load(cache: Path, events: int, data: str) -> pa.Table:
    """Read the log into memory, one chunk a column."""
    return pq.read_table(log_path(cache, events, data)).combine_chunks()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    options = parser.parse_args()
    ensure(options.cache, options.events)
    for data in DATA:
        print(log_path(options.cache, options.events, data))


if __name__ == "__main__":
    main()
