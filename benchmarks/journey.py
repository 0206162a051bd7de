"""Patterns, against DuckDB's windows and joins and Polars' sorts and as-of joins: ten million events, answers compared.

    python benchmarks/journey.py [--events 10000000] [--data int string] [--threads 4] [--repeats 5]

Three questions: every third contact within 30 days, the tenth order, a closed claim nobody followed up within 10 days.
Both sides hold what they would hold after reading: sojourn its log, DuckDB its own table, Polars its frame with the
event as an Enum; reading is not in the figures, nor is the first match, which looks up where a name's events stand (its
time is said). Ours is timed twice: `match` (what further questions are asked of) and to a table of all columns of the
occurrences, their ids checked. Then journeys of ten and thirty moments in one match, and the ten from the raw table,
reading included. Runs alternate, in one process; seconds are medians. Customers and times of the answers are compared
row by row; left out are customers with two of a question's events at one instant, whose order the peers do not keep.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import generate

DAY = 86_400_000_000


def peers_of(threads: int, events: Any, names: list[str]) -> dict[str, dict[str, Callable[[], Any]]]:
    """Give the peers' queries by question and system; each gives a table customer, time."""
    import duckdb
    import polars as pl

    connection = duckdb.connect(config={"threads": threads})
    connection.register("raw", events)
    connection.execute("create table t as select customer, time, event::varchar as event, value from raw")
    frame = pl.from_arrow(events).with_columns(pl.col("event").cast(pl.String).cast(pl.Enum(names)))

    def duck(query: str) -> Callable[[], Any]:
        return lambda: connection.execute(query).to_arrow_table()

    def of(name: str) -> pl.LazyFrame:
        return frame.lazy().filter(pl.col("event") == name).select("customer", "time")

    def follow_up() -> pl.DataFrame:
        left = of("claim_closed").sort("time")
        right = of("follow_up").with_columns(at="time").sort("time")
        near = left.join_asof(
            right,
            on="time",
            by="customer",
            strategy="forward",
            allow_exact_matches=False,
            tolerance="10d",
            check_sortedness=False,
        )
        return near.filter(pl.col("at").is_null()).select("customer", "time").collect()

    def nth(n: int) -> pl.Expr:
        same = pl.col("customer") == pl.col("customer").shift(n)
        return same.fill_null(False)

    def third() -> pl.DataFrame:
        near = (pl.col("time") - pl.col("time").shift(2)) <= pl.duration(days=30)
        return of("contact").sort("customer", "time").filter(nth(2) & near).collect()

    def tenth() -> pl.DataFrame:
        return of("order").sort("customer", "time").filter(nth(9) & ~nth(10)).collect()

    def tenth_over() -> pl.DataFrame:
        return of("order").sort("customer", "time").filter(pl.int_range(pl.len()).over("customer") == 9).collect()

    contacts = "from t where event = 'contact'"
    closed = "(select customer, time from t where event = 'claim_closed') c"
    follows = "(select customer, time from t where event = 'follow_up') f"
    return {
        "third contact": {
            "DuckDB lag": duck(
                "select customer, time from (select customer, time, "
                "lag(time, 2) over (partition by customer order by time) "
                f"p {contacts}) where time - p <= interval 30 days"
            ),
            "DuckDB range": duck(
                "select customer, time from (select customer, time, count(*) over (partition by customer order by time "
                f"range between interval 30 days preceding and current row) n {contacts}) where n >= 3"
            ),
            "Polars shift": third,
        },
        "tenth order": {
            "DuckDB row_number": duck(
                "select customer, time from t where event = 'order' "
                "qualify row_number() over (partition by customer order by time) = 10"
            ),
            "Polars shift": tenth,
            "Polars over": tenth_over,
        },
        "no follow-up": {
            "DuckDB as-of": duck(
                f"select c.customer, c.time from {closed} asof left join {follows} "
                "on c.customer = f.customer and f.time > c.time "
                "where f.time is null or f.time - c.time > interval 10 days"
            ),
            "DuckDB not exists": duck(
                f"select c.customer, c.time from {closed} where not exists (select 1 from {follows} "
                "where c.customer = f.customer and f.time > c.time and f.time <= c.time + interval 10 days)"
            ),
            "Polars as-of": follow_up,
        },
    }


def patterns() -> dict[str, Any]:
    """Give the questions as patterns."""
    import sojourn as sj

    return {
        "third contact": sj.count("contact", at_least=3, within="30d", rearm="every"),
        "tenth order": sj.nth("order", 10),
        "no follow-up": sj.absent("follow_up", within="10d", after="claim_closed"),
    }


def medians(runs: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Run each in turn, `repeats` times after once for warmth: median seconds and last answers."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    answers = {}
    for n in range(repeats + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            answers[name] = run()
            if n > 0:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in seconds.items()}, answers


NAMES_OF = {
    "third contact": ["contact"],
    "tenth order": ["order"],
    "no follow-up": ["claim_closed", "follow_up"],
}


def same(ours: Any, theirs: Any, tied: Any, last: int | None) -> bool:
    """Whether both name the same; absences begun after `last` were not yet due at the log's end: undecided with us."""
    import polars as pl

    def cells(table: Any, begin: str) -> pl.DataFrame:
        frame = table if isinstance(table, pl.DataFrame) else pl.from_arrow(table)
        known = frame.select("customer", time=pl.col(begin).cast(pl.Datetime("us"))).sort("customer", "time")
        known = known.filter(~pl.col("customer").is_in(tied.implode()))
        return known if last is None else known.filter(pl.col("time").cast(pl.Int64) <= last)

    return bool(cells(ours.to_polars(), "time" if last is None else "start_time").equals(cells(theirs, "time")))


def measure(said: argparse.Namespace, data: str) -> None:
    """Measure on one form of the log."""
    import polars as pl

    import sojourn as sj

    def journey(*moments: Any) -> sj.Journey:
        return sj.Journey(["s"], [sj.Moment(f"m{i}", "s", when=when) for i, when in enumerate(moments)])

    events = generate.load(said.cache, said.events, data)
    begin = time.perf_counter()
    log = sj.EventLog(events, value="value", threads=said.threads)
    ingest = time.perf_counter() - begin
    theirs = peers_of(said.threads, events, generate.NAMES)
    until = (log.span[1].replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    print(
        f"\n{data}: {len(log):,} events, {log.customers:,} customers, {said.threads} threads; ingest {ingest:.3f} s\n"
    )
    print("| question | system | ms | match is | its table is | same answer |\n|---|---|---|---|---|---|")
    for question, pattern in patterns().items():
        asked = journey(pattern)
        begin = time.perf_counter()
        asked.match(log, threads=said.threads)
        first = time.perf_counter() - begin  # finds the names' events for the log's index
        runs: dict[str, Callable[[], Any]] = {
            "match": lambda asked=asked: asked.match(log, threads=said.threads),
            "table": lambda asked=asked: asked.match(log, threads=said.threads).occurrences(threads=said.threads),
            **theirs[question],
        }
        seconds, answers = medians(runs, said.repeats)
        print(
            f"| {question} | sojourn match (the first on the log: {first * 1e3:.1f}) | {seconds['match'] * 1e3:.2f} "
            "| | | |"
        )
        print(f"| {question} | sojourn match and table | {seconds['table'] * 1e3:.2f} | | | |")
        last = until - 10 * DAY if question == "no follow-up" else None
        named = pl.from_arrow(events).filter(pl.col("event").cast(pl.String).is_in(NAMES_OF[question]))
        tied = named.filter(pl.struct("customer", "time").is_duplicated())["customer"].unique()
        for name in theirs[question]:
            times = [f"{seconds[name] / seconds[ours]:.1f}×" for ours in ("match", "table")]
            right = same(answers["table"], answers[name], tied, last)
            print(f"| {question} | {name} | {seconds[name] * 1e3:.1f} | {' | '.join(times)} | {right} |")
    ten = [*patterns().values(), *(sj.nth(name, 5) for name in generate.NAMES[:7])]
    thirty = [*ten, *(sj.nth(name, n) for name in generate.NAMES[:10] for n in (7, 9))]
    runs = {
        "ten moments on the log": lambda: journey(*ten).match(log, threads=said.threads),
        "thirty moments on the log": lambda: journey(*thirty).match(log, threads=said.threads),
        "ten moments from raw": lambda: journey(*ten).match(
            sj.EventLog(events, value="value", threads=said.threads), threads=said.threads
        ),
    }
    seconds, _ = medians(runs, min(3, said.repeats))
    for name, each in seconds.items():
        print(f"| {name} | sojourn match | {each * 1e3:.1f} | | | |")


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--data", nargs="+", default=["int"], choices=generate.DATA)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    said = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = str(said.threads)  # before Polars is imported
    generate.ensure(said.cache, said.events)
    for data in said.data:
        measure(said, data)


if __name__ == "__main__":
    main()
