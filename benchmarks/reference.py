"""The right answers, by NumPy and slowly, that every system's are held against.

The order of a log: by customer, then time, then the row's place in the table. An answer is a plain dict that goes
through JSON. Of `ingest` it tells the rows, the customers and a checksum of every customer's rows in their order, which
does not depend on the order of customers; of `transitions`, the count and mean gap in seconds of every edge, START and
END included. An answer may tell less than the right one, or tell it in another way: what it tells is to be right.
"""

import hashlib
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Answer = dict[str, Any]
Edge = tuple[str, str]
START, END = "START", "END"
# Means and sums of reals are told by edge; systems sum them in different orders.
REALS = ("gaps", "values", "probability")
TOLERANCE = 1e-9


def codes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return a column as dense codes and the distinct values they stand for."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    array = array.chunk(0) if isinstance(array, pa.ChunkedArray) else array
    return array.indices.to_numpy(zero_copy_only=False).astype(np.int64), array.dictionary.to_pylist()


def _keys(column: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """Return one 64-bit number a row that depends on the row's value only."""
    index, values = codes(column)
    digests = (hashlib.blake2b(str(value).encode(), digest_size=8).digest() for value in values)
    return np.fromiter((int.from_bytes(digest, "little") for digest in digests), np.uint64, len(values))[index]


def _mix(number: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Apply the finaliser of SplitMix64."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))


def microseconds(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return a column of times, timestamps or integers, as microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz))
    return np.asarray(column.cast(pa.int64()).to_numpy())


def grouped(table: pa.Table) -> Answer:
    """Answer `ingest` from rows that a system has brought together by customer and put in order."""
    index, _ = codes(table["customer"])
    first = np.concatenate([[True], index[1:] != index[:-1]])
    if first.sum() != len(np.unique(index)):
        raise ValueError("the rows of a customer are not together")
    starts = np.flatnonzero(first)
    place = np.arange(len(index)) - np.repeat(starts, np.diff(np.append(starts, len(index))))
    value = pc.fill_null(table["value"].cast(pa.float64()), math.nan).to_numpy()
    value = np.where(np.isnan(value), -1.0, value)  # whichever way a system writes null
    total = _keys(table["customer"])
    for part in (place.astype(np.uint64), microseconds(table["time"]).view(np.uint64), _keys(table["event"])):
        total = _mix(total + part)
    total = _mix(total + value.view(np.uint64))
    return {"rows": len(index), "customers": len(starts), "checksum": f"{int(total.sum(dtype=np.uint64)):016x}"}


def edges(counts: dict[Edge, int], gaps: dict[Edge, float] | None = None) -> Answer:
    """Answer `transitions`. Without gaps only the counts are held against the reference."""
    rows = {f"{source} -> {target}": int(count) for (source, target), count in sorted(counts.items()) if count}
    answer: Answer = {"counts": rows}
    if gaps is not None:
        answer["gaps"] = {f"{source} -> {target}": float(gap) for (source, target), gap in sorted(gaps.items())}
    return answer


def _order(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return the rows in log order; customers in the order of their first row."""
    index, _ = codes(table["customer"])
    return np.lexsort((microseconds(table["time"]), index))  # stable: ties stay as they came


def places(table: pa.Table) -> npt.NDArray[np.int64]:
    """Return each row's place among its customer's, from 0."""
    order = _order(table)
    index = codes(table["customer"])[0][order]
    starts = np.flatnonzero(np.append(True, index[1:] != index[:-1]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return place


def answers(table: pa.Table) -> dict[str, Answer]:
    """Work out the right answers on a log, task by task."""
    order = _order(table)
    customer = codes(table["customer"])[0][order]
    time = microseconds(table["time"])[order]
    event, names = codes(table["event"])
    event = event[order]
    value = pc.fill_null(table["value"], 0.0).to_numpy()[order]

    same = customer[1:] == customer[:-1]
    cells = len(names) ** 2
    pair = event[:-1][same] * len(names) + event[1:][same]
    count = np.bincount(pair, minlength=cells)
    # A sum of gaps may pass 2**53, where doubles stop being exact: the halves are summed apart.
    gap = (time[1:] - time[:-1])[same]
    low = np.bincount(pair, weights=gap & 0xFFFFF, minlength=cells)
    high = np.bincount(pair, weights=gap >> 20, minlength=cells)
    stepped = np.bincount(pair, weights=value[1:][same], minlength=cells)
    counts: dict[Edge, int] = {}
    gaps: dict[Edge, float] = {}
    values: dict[Edge, float] = {}
    for cell in np.flatnonzero(count):
        edge = names[cell // len(names)], names[cell % len(names)]
        counts[edge] = int(count[cell])
        gaps[edge] = ((int(high[cell]) << 20) + int(low[cell])) / int(count[cell]) / 1e6
        values[edge] = float(stepped[cell])
    first, last = np.append(True, ~same), np.append(~same, True)
    begun = np.bincount(event[first], weights=value[first], minlength=len(names))
    for code, number in enumerate(np.bincount(event[first], minlength=len(names))):
        counts[START, names[code]] = int(number)
        values[START, names[code]] = float(begun[code])
    for code, number in enumerate(np.bincount(event[last], minlength=len(names))):
        counts[names[code], END] = int(number)
    transitions = edges(counts, gaps)
    kept = {f"{source} -> {target}": total for (source, target), total in sorted(values.items())}
    ingest = {**grouped(table.take(pa.array(order))), **transitions, "values": kept, "misplaced": 0}
    return {"ingest": ingest, "transitions": transitions}


def difference(answer: Answer, right: Answer) -> str | None:
    """Say what is wrong with an answer; None where nothing is."""
    for key, told in answer.items():
        if not isinstance(told, dict):
            if told != right[key]:
                return f"{key}: {told}, not {right[key]}"
            continue
        tolerance = TOLERANCE if key in REALS else 0.0
        wrong = [
            f"{edge}: {told.get(edge)}, not {right[key].get(edge)}"
            for edge in sorted(told.keys() | right[key].keys())
            if not math.isclose(told.get(edge, 0), right[key].get(edge, 0), rel_tol=tolerance)
        ]
        if wrong:
            return f"{len(wrong)} of {len(right[key])} {key} differ, such as {wrong[0]}"
    return None
