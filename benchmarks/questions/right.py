"""The right answers to the pattern questions, by NumPy and slowly: who and when, and who has ties.

The order of a log is by customer, then time, then the row's place in the table. Peers that order by time alone may
answer otherwise for a customer with two of a question's events at one instant: those customers are told beside.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

import generate
import reference
from questions import EVENTS_OF, NOBODY, PATTERNS, TENTH, THIRD

VERSION = 1  # raised when the questions change, so that old caches are not used
DAY = generate.DAY


def path(cache: Path, events: int, data: str, question: str, ties: bool = False) -> Path:
    """Where the right answer lies, or the customers with ties."""
    name = f"{question.replace(' ', '-')}{'-ties' if ties else ''}"
    return cache / f"questions-v{generate.VERSION}.{VERSION}-{events}-{data}-{name}.parquet"


def _third(customer: npt.NDArray[np.int64], time: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    near = (customer[2:] == customer[:-2]) & (time[2:] - time[:-2] <= 30 * DAY)
    return np.flatnonzero(near) + 2


def _tenth(customer: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    first = np.flatnonzero(np.append(True, customer[1:] != customer[:-1]))
    count = np.diff(np.append(first, len(customer)))
    return first[count >= 10] + 9


def _nobody(
    customer: npt.NDArray[np.int64], time: npt.NDArray[np.int64], follow: npt.NDArray[np.bool_], until: int
) -> npt.NDArray[np.int64]:
    rows = np.arange(len(time))
    following = np.minimum.accumulate(np.where(follow, rows, len(time))[::-1])[::-1]  # the first at or after each row
    following = np.minimum(following, len(time) - 1)
    near = follow[following] & (customer[following] == customer) & (time[following] <= time + 10 * DAY)
    return np.flatnonzero(~follow & ~near & (time + 10 * DAY <= until))


def ensure(cache: Path, events: int, data: str) -> None:
    """Write the answers where they are missing."""
    if all(path(cache, events, data, question, ties).exists() for question in PATTERNS for ties in (False, True)):
        return
    table = generate.load(cache, events, data)
    event, names = reference.codes(table["event"])
    every = reference.microseconds(table["time"])
    for question in PATTERNS:
        rows = np.flatnonzero(np.isin(event, [names.index(name) for name in EVENTS_OF[question]]))
        customer, _ = reference.codes(table["customer"].take(pa.array(rows)))
        time = every[rows]
        order = np.lexsort((time, customer))  # stable: ties stay as they came
        customer, time, rows = customer[order], time[order], rows[order]
        if question == THIRD:
            found = _third(customer, time)
        elif question == TENTH:
            found = _tenth(customer)
        else:
            assert question == NOBODY
            found = _nobody(customer, time, event[rows] == names.index("follow_up"), int(every.max()))
        tied = (customer[1:] == customer[:-1]) & (time[1:] == time[:-1])
        who = table["customer"].take(pa.array(rows[1:][tied])).unique()
        pq.write_table(pa.table({"customer": who}), path(cache, events, data, question, ties=True))
        answer = table.select(["customer", "time"]).take(pa.array(rows[found]))
        pq.write_table(answer, path(cache, events, data, question))
