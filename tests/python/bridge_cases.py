"""Small bridges decided by hand: the records of the standard "A" and of the ledger "B", and what each event comes to.

A record is (key, unit, start, end) with days "MM-DD" of 2025, and, if more is to be said, a dict: `g` is the group
("h" unless told), `ok` a flag for rules. Rows are (record, direction, reason, rule, detail, partner), by day, the
ledger before the standard, ins before outs.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from oracles.bridge import Given

_PLAIN: dict[str, Any] = {"customer": "c", "start": "s", "end": "e", "key": "k", "grace": "10d"}
_OK = {"column": "ok", "op": "==", "value": True}


def _case(a: list[Any], b: list[Any] | None, rows: list[tuple[Any, ...]], **more: Any) -> dict[str, Any]:
    """`b` None: the same table. `more`: definitions of A and B (what differs from _PLAIN), window, as_of."""
    return {"a": a, "b": b, "rows": rows, **more}


CASES: dict[str, dict[str, Any]] = {
    "matched on one day, and in one month": _case(
        [("a1", "a", "03-05", "05-02")],
        [("b1", "b", "03-05", "05-30")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("a1", "out", "matched", None, None, "b1"),
            ("b1", "out", "matched", None, None, "a1"),
        ],
    ),
    "timing: two months, within the window": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "04-04", None)],
        [("a1", "in", "timing", None, None, "b1"), ("b1", "in", "timing", None, None, "a1")],
        window=30,
    ),
    "a day beyond the window": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "04-05", None)],
        [
            ("a1", "in", "only here", None, "only there", None),
            ("b1", "in", "no event there", None, "already in there", None),
        ],
        window=30,
    ),
    "the nearest, but as many as possible": _case(  # 03-05 with 03-01 would leave 03-10 without
        [("a1", "a", "03-05", "03-06"), ("a2", "a", "03-30", None)],
        [("b1", "b", "03-01", "03-02"), ("b2", "b", "03-16", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("b1", "out", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("a1", "out", "matched", None, None, "b1"),
            ("b2", "in", "matched", None, None, "a2"),
            ("a2", "in", "matched", None, None, "b2"),
        ],
        window=15,
    ),
    "one day before nearer ones": _case(  # a2 leads nothing, but 03-08 is its day; a1 and b1 are in the window
        [("a1", "a", "03-05", None), ("a2", "a'", "03-08", None)],
        [("b1", "b", "03-08", None)],
        [
            ("a1", "in", "grain", None, None, None),  # a2, of another unit, is matched
            ("b1", "in", "matched", None, None, "a2"),
            ("a2", "in", "matched", None, None, "b1"),
        ],
    ),
    "rewrite: within grace there": _case(
        [("a1", "a", "03-05", "04-10"), ("a2", "a", "04-20", None)],
        [("b1", "b", "03-05", "04-10"), ("b2", "b", "04-21", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "rewrite", "grace", None, "a1"),
            ("b2", "in", "rewrite", "grace", None, "a2"),
        ],
    ),
    "rewrite: replaced there": _case(
        [("a0", "a", "03-01", None), ("a1", "a", "03-05", "04-10"), ("a2", "a", "04-10", None)],
        [("b1", "b'", "03-05", "04-12"), ("b2", "b''", "04-30", None)],
        [
            ("a0", "in", "matched", None, None, "b1"),
            ("b1", "in", "matched", None, None, "a0"),
            ("b1", "out", "rewrite", "replaced", None, "a1"),
            ("b2", "in", "rewrite", "replaced", None, "a2"),
        ],
    ),
    "grain: beside one that is there, though the gap there was joined": _case(
        [("a1", "a", "03-05", "04-10"), ("a2", "a", "04-15", None)],
        [("b1", "b", "03-05", None), ("b2", "b'", "04-14", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b2", "in", "grain", None, None, None),
        ],
    ),
    "rewrite: out and in again, there all the while": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "03-05", "04-10"), ("b2", "b'", "04-20", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "rewrite", None, "rewritten", None),
            ("b2", "in", "rewrite", None, "rewritten", None),
        ],
    ),
    "rewrite: out, and an uncounted in": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "03-05", "04-10"), ("b2", "b'", "04-05", None, {"ok": False})],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "rewrite", None, "rewritten", None),
        ],
        B={"joins": {"ok": _OK}},
    ),
    "too far apart to be rewritten": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "03-05", "04-10"), ("b2", "b'", "04-21", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "no event there", None, "still in there", None),
            ("b2", "in", "grain", None, None, None),  # b1's in is matched within the window
        ],
    ),
    "grain: a second policy": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b1", "03-05", None), ("b2", "b2", "03-05", None)],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("b2", "in", "grain", None, None, None),
            ("a1", "in", "matched", None, None, "b1"),
        ],
    ),
    "the greatest of two that leave together leads": _case(
        [("a1", "a", "03-05", "06-05")],
        [("b1", "b1", "03-05", "06-05"), ("b2", "b2", "03-05", "06-05")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("b2", "in", "grain", None, None, None),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "grain", None, None, None),
            ("b2", "out", "matched", None, None, "a1"),
            ("a1", "out", "matched", None, None, "b2"),
        ],
    ),
    "grain: covered there": _case(
        [("a0", "a", "01-01", None), ("a1", "a", "05-05", None)],
        [("b0", "b", "01-01", None), ("b1", "b'", "05-05", None)],
        [
            ("b0", "in", "matched", None, None, "a0"),
            ("a0", "in", "matched", None, None, "b0"),
            ("b1", "in", "grain", None, None, "a1"),
        ],
    ),
    "rule: rejected there": _case(
        [("a1", "a", "03-05", "06-05", {"ok": False})],
        [("b1", "b", "03-07", "06-20")],
        [("b1", "in", "rule", "ok", None, "a1"), ("b1", "out", "rule", "ok", None, "a1")],
        A={"where": {"ok": _OK}},
    ),
    "rule: rejected there, still open": _case(
        [("a1", "a", "03-05", None, {"ok": False})],
        [("b1", "b", "03-05", "06-20")],
        [("b1", "in", "rule", "ok", None, "a1"), ("b1", "out", "rule", "ok", None, "a1")],
        A={"where": {"ok": _OK}},
    ),
    "rule: not counted there": _case(
        [("a1", "a", "03-05", "06-05", {"ok": False})],
        [("b1", "b", "03-05", "06-05")],
        [
            ("b1", "in", "rule", "ok", None, "a1"),
            ("b1", "out", "matched", None, None, "a1"),
            ("a1", "out", "matched", None, None, "b1"),
        ],
        A={"joins": {"ok": _OK}},
    ),
    "rule: no start there": _case(
        [("a1", "a", None, "06-05")],
        [("b1", "b", "03-05", "06-06")],
        [("b1", "in", "rule", "no start", None, "a1"), ("b1", "out", "rule", "no start", None, "a1")],
    ),
    "identity: no group": _case(
        [("a1", "a", "03-05", None, {"g": None})],
        [("b1", "b", "03-05", None), ("b2", "b'", "03-05", "03-20", {"g": None})],
        [
            ("b1", "in", "only here", None, None, None),
            ("b2", "in", "identity", None, None, None),
            ("a1", "in", "identity", None, None, None),
            ("b2", "out", "identity", None, None, None),
        ],
    ),
    "pending: the grace there has not run out": _case(
        [("a1", "a", "03-05", "04-10")],
        [("b1", "b", "03-05", "04-09")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "pending", "grace", None, "a1"),
        ],
        A={"grace": "30d"},
        as_of=date(2025, 4, 30),
    ),
    "pending: nothing there yet": _case(
        [("a1", "a", "09-01", None)],
        [("b1", "b", "03-05", None)],
        [("b1", "in", "pending", None, None, None)],
        window=30,
        as_of=date(2025, 4, 3),
    ),
    "nothing there, and no more to come": _case(
        [("a1", "a", "09-01", None)],
        [("b1", "b", "03-05", None)],
        [("b1", "in", "only here", None, None, None)],
        window=30,
        as_of=date(2025, 4, 4),
    ),
    "pending: it could still leave there": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "03-05", "06-05")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "pending", None, None, None),
        ],
        window=30,
        as_of=date(2025, 7, 4),
    ),
    "no event there: still in": _case(
        [("a1", "a", "03-05", None)],
        [("b1", "b", "03-05", "06-05")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "no event there", None, "still in there", None),
        ],
        window=30,
        as_of=date(2025, 7, 5),
    ),
    "no event there: one record of two": _case(  # a suppressed edge, but the ledger's last one is gone
        [("a1", "a", "03-05", None), ("a2", "a", "03-20", "06-01")],
        [("b1", "b", "03-05", "06-05")],
        [
            ("b1", "in", "matched", None, None, "a1"),
            ("a1", "in", "matched", None, None, "b1"),
            ("b1", "out", "no event there", None, "still in there", "a2"),
        ],
    ),
    "unexplained: it was there, and long gone": _case(
        [("a1", "a", "01-05", "01-20")],
        [("b1", "b", "06-05", None)],
        [
            ("a1", "in", "only here", None, "only there", None),
            ("a1", "out", "only here", None, "only there", None),
            ("b1", "in", "unexplained", None, None, None),
        ],
        window=30,
    ),
    "same records: matched, timing, grace, grain, rule": _case(
        [
            ("r1", "a", "02-01", "03-01"),
            ("r2", "a", "03-11", "04-01", {"e2": "04-03"}),
            ("r3", "b", "02-01", None, {"c2": "a"}),
            ("r4", "d", "05-01", "05-09", {"ok": False}),
        ],
        None,
        [
            ("r1", "in", "matched", None, None, "r1"),
            ("r1", "in", "matched", None, None, "r1"),
            ("r3", "in", "grain", None, None, "r3"),
            ("r1", "out", "grain", None, None, "r1"),
            ("r2", "in", "grain", None, None, "r2"),
            ("r2", "out", "grain", None, None, "r2"),
            ("r4", "in", "rule", "ok", None, "r4"),
            ("r4", "out", "rule", "ok", None, "r4"),
        ],
        A={"grace": "0d"},
        B={"where": {"ok": _OK}, "customer": "c2", "end": "e2"},
    ),
    "same records: grace, and another clock": _case(
        [
            ("r1", "a", "02-01", "03-01"),
            ("r2", "a", "03-11", "04-01", {"e2": "04-03"}),
            ("r3", "d", "02-01", "05-01", {"e2": None}),
        ],
        None,
        [
            ("r1", "in", "matched", None, None, "r1"),
            ("r3", "in", "matched", None, None, "r3"),
            ("r1", "in", "matched", None, None, "r1"),
            ("r3", "in", "matched", None, None, "r3"),
            ("r1", "out", "rewrite", "grace", None, "r1"),
            ("r2", "in", "rewrite", "grace", None, "r2"),
            ("r2", "out", "matched", None, None, "r2"),
            ("r2", "out", "matched", None, None, "r2"),
            ("r3", "out", "no event there", None, "still in there", "r3"),
        ],
        A={"grace": "0d"},
        B={"end": "e2"},
    ),
    "same records: another clock, another month": _case(
        [("r1", "a", "02-01", "03-30", {"e2": "04-02"})],
        None,
        [
            ("r1", "in", "matched", None, None, "r1"),
            ("r1", "in", "matched", None, None, "r1"),
            ("r1", "out", "timing", None, None, "r1"),
            ("r1", "out", "timing", None, None, "r1"),
        ],
        B={"end": "e2"},
    ),
    "same records: an end after as-of on the other clock": _case(
        [("r1", "a", "02-01", "03-01", {"e2": "03-03"})],
        None,
        [
            ("r1", "in", "matched", None, None, "r1"),
            ("r1", "in", "matched", None, None, "r1"),
            ("r1", "out", "pending", None, None, "r1"),
        ],
        A={"grace": "0d"},
        B={"end": "e2"},
        as_of=date(2025, 3, 2),
    ),
}


def _record(
    key: str, unit: str, start: str | None, end: str | None, more: dict[str, Any] | None = None
) -> dict[str, Any]:
    said = {"c2": unit, "g": "h", "ok": True, "e2": end, **(more or {})}
    days = {
        name: None if day is None else date.fromisoformat(f"2025-{day}")
        for name, day in (("s", start), ("e", end), ("e2", said["e2"]))
    }
    return {"k": key, "c": unit, **said, **days}


def case_ledgers(name: str) -> list[Given]:
    case = CASES[name]
    tables = [[_record(*record) for record in case["a"]]]
    tables.append(tables[0] if case["b"] is None else [_record(*record) for record in case["b"]])
    return [Given(side, table, {**_PLAIN, **case.get(side, {})}, "g") for side, table in zip("AB", tables, strict=True)]


def case_report(name: str) -> dict[str, Any]:
    """Keyword arguments of `oracles.bridge.records`."""
    case = CASES[name]
    report = {"start": date(2025, 1, 1), "end": date(2026, 1, 1)}
    return {**report, "window": case.get("window", 90), "as_of": case.get("as_of")}
