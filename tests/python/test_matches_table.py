"""The table of occurrences is built in slices of rows: where they meet must not show, for any number of threads."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest

import sojourn as sj

SLICE = 8192  # rows; see occurrence_slices
THREADS = (1, 2, 3, 4, 5, 8)
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
WORD = (1 << 64) - 1


def mixed(x: int) -> int:
    """The finaliser of splitmix64, from its paper."""
    x = (x + 0x9E3779B97F4A7C15) & WORD
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & WORD
    return x ^ (x >> 31)


def unmixed(x: int) -> int:
    """What `mixed` makes x of: each step turned round."""

    def unshifted(x: int, by: int) -> int:
        out = x
        for _ in range(64 // by):
            out = x ^ (out >> by)
        return out

    x = unshifted(x, 31) * pow(0x94D049BB133111EB, -1, 1 << 64) & WORD
    x = unshifted(x, 27) * pow(0xBF58476D1CE4E5B9, -1, 1 << 64) & WORD
    return (unshifted(x, 30) - 0x9E3779B97F4A7C15) & WORD


def hashed(text: str) -> int:
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & WORD
    return mixed(h)


def within_customer(moment: str, ordinal: int) -> int:
    return mixed((hashed(moment) + mixed(ordinal)) & WORD)


def occurrence_id(customer: int | str, moment: str, ordinal: int) -> int:
    key = hashed(customer) if isinstance(customer, str) else mixed(customer & WORD)
    return mixed((key + within_customer(moment, ordinal)) & WORD) >> 1


def journey() -> sj.Journey:
    moments = [("hit", "early", "x"), ("a longer name than sixteen bytes", "späte", "y")]
    return sj.Journey(["early", "späte"], [sj.Moment(m, s, when=sj.event(e)) for m, s, e in moments])


def events_of(lives: list[str], strings: bool) -> list[dict[str, Any]]:
    """One row a letter: x and y are events that occur, anything else is not. Customers ascend."""
    rows = []
    for c, life in enumerate(lives):
        for i, letter in enumerate(life):
            at = len(rows)
            rows.append(
                {
                    "customer": f"customer {c:09}" if strings and c % 3 else f"{c:09}" if strings else c * 7 - 1000,
                    "time": FIRST + timedelta(minutes=i),
                    "event": letter,
                    "value": None if at % 5 == 2 else at / 4,
                    "key": None if at % 7 == 3 else f"k{at}",
                }
            )
    return rows


def expected(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    names = {"x": ("hit", "early"), "y": ("a longer name than sixteen bytes", "späte")}
    seen: dict[tuple[Any, str], int] = {}
    out = []
    for row in sorted((r for r in rows if r["event"] in names), key=lambda r: r["customer"]):  # stable
        moment, stage = names[row["event"]]
        ordinal = seen.get((row["customer"], moment), 0)
        seen[row["customer"], moment] = ordinal + 1
        name = occurrence_id(row["customer"], moment, ordinal)
        cells = row["customer"], moment, stage, row["time"], row["time"], row["value"], row["key"]
        out.append((name, *cells))
    return out


def mixture(n: int) -> list[str]:
    """Customers with none, few or very many, about n occurrences."""
    chance = random.Random(n)
    lives = []
    while n > 0:
        k = chance.choice([0, 0, 0, 1, 1, 2, 5, 40, 3000])
        lives.append("".join(chance.choice("xyo") for _ in range(k)) or "o")
        n -= k
    return lives


LIVES = {
    "nothing occurs": ["o"] * 300,
    "one occurrence, at the last of many": ["o"] * 20_000 + ["x"],
    "all in one of many": ["o"] * 5000 + ["xy" * (SLICE + 3)] + ["o"] * 5000,
    "all in the first": ["x" * (3 * SLICE)] + ["o"] * 500,
    "one slice less one": ["x"] * (SLICE - 1),
    "one slice": ["x"] * SLICE,
    "one slice more one": ["x"] * (SLICE + 1),
    "one each, and none between": ["x", "o", "o"] * (2 * SLICE),
    "customers end where slices do": ["x" * (SLICE // 2)] * 8,
    "customers cross slices": ["xxyox" * 300] * 60,
    "a mixture": mixture(60_000),
}


@pytest.mark.parametrize("strings", [False, True], ids=["integers", "strings"])
@pytest.mark.parametrize("name", LIVES)
def test_slices_do_not_show(name: str, strings: bool) -> None:
    rows = events_of(LIVES[name], strings)
    types = [pa.string() if strings else pa.int64(), pa.timestamp("us", "UTC"), pa.string(), pa.float64(), pa.string()]
    table = pa.table({k: pa.array([r[k] for r in rows], t) for k, t in zip(rows[0], types, strict=True)})
    matches = journey().match(sj.EventLog(table, value="value", key="key"))
    wanted = expected(rows)
    assert len({row[0] for row in wanted}) == len(wanted)
    first = matches.occurrences(threads=THREADS[0]).to_arrow()
    assert list(zip(*(column.to_pylist() for column in first.columns), strict=True)) == wanted
    assert first.schema.types[1] == types[0]
    for threads in THREADS[1:]:
        again = matches.occurrences(threads=threads).to_arrow()
        again.validate(full=True)
        assert again.equals(first)


def test_without_values_and_keys() -> None:
    rows = events_of(LIVES["customers cross slices"], strings=False)
    table = pa.table({k: [r[k] for r in rows] for k in ("customer", "time", "event")})
    found = journey().match(sj.EventLog(table)).occurrences(threads=4).to_arrow()
    assert found["value"].null_count == found["key"].null_count == len(found) > SLICE
    assert found["occurrence_id"].to_pylist() == [row[0] for row in expected(rows)]


@pytest.mark.parametrize("between", [0, 5 * SLICE])
@pytest.mark.parametrize("threads", THREADS)
def test_two_occurrences_of_one_id_are_refused(threads: int, between: int) -> None:
    """Hashes this small can be turned round: a customer whose second occurrence is named as another's first."""
    key = mixed(1) + within_customer("hit", 0) - within_customer("hit", 1)
    twin = unmixed(key & WORD)
    twin -= 1 << 64 if twin >= 1 << 63 else 0
    assert occurrence_id(twin, "hit", 1) == occurrence_id(1, "hit", 0)
    # Ids ascend: what stands between the two in the table are customers between them.
    low, high = sorted((1, twin))
    others = range(low + 1, low + 1 + between)
    customers = [low, low, *others, high, high]
    times = [FIRST + timedelta(minutes=i) for i in range(len(customers))]
    log = sj.EventLog({"customer": customers, "time": times, "event": ["x"] * len(customers)})
    matches = journey().match(log)
    with pytest.raises(sj.InvalidInput, match="occurrence_id: found two occurrences with one id"):
        matches.occurrences(threads=threads)
    assert matches.moments().to_dict()["occurrences"][0] == len(customers)
