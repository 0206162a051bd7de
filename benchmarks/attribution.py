"""Last touch, against Polars' and DuckDB's as-of joins: a million voices over the occurrences of ten million events.

    python benchmarks/attribution.py [--events 10000000] [--voices 1000000] [--threads 4]

From voices in a table and occurrences in memory to a table of which occurrence each voice is about. Ours starts from a
match (made before the clock starts) and checks the voices; peers start from the occurrences as a table of their own,
sorted by time before the clock starts, and do no checks. Answers are compared: each voice's time since its occurrence.
Runs alternate; seconds are medians of five; peak memory is not measured here. Figures go into RESULTS.md by hand.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import generate

HORIZON_DAYS = 60


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--voices", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    said = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = str(said.threads)  # before Polars is imported
    import duckdb
    import polars as pl
    import pyarrow.parquet as pq

    import sojourn as sj

    path = generate.log_path(said.cache, said.events, "int")
    if not path.exists():
        generate.ensure(said.cache, said.events)
    events = pq.read_table(path)
    stages = [sj.Stage("all", "All")]
    moments = [sj.Moment(name, "all", when=sj.event(name)) for name in generate.NAMES]
    log = sj.EventLog(events, value="value", threads=said.threads)
    matches = sj.Journey(stages, moments).match(log, threads=said.threads)
    draw = np.random.default_rng(1)
    begin, end = (int(cell.timestamp() * 1_000_000) for cell in log.span)
    voices = pl.DataFrame(
        {
            "customer": draw.integers(0, log.customers, said.voices),
            "time": draw.integers(begin, end, said.voices),
        }
    ).with_columns(pl.col("time").cast(pl.Datetime("us")), pl.col("customer").cast(pl.Int64))
    occurrences = (
        matches.occurrences()
        .to_polars()
        .select(pl.col("customer").cast(pl.Int64), pl.col("time").cast(pl.Datetime("us")), "occurrence_id", "moment")
        .sort("time", maintain_order=True)
    )
    connection = duckdb.connect(config={"threads": said.threads})
    connection.register("occurrences_in", occurrences.to_arrow())
    connection.register("voices_in", voices.with_row_index("feedback").to_arrow())
    connection.execute("create table occurrences as select * from occurrences_in order by time")
    connection.execute("create table voices as select * from voices_in")

    def ours() -> sj.Table:
        attribution = matches.attribute(voices, method="last_touch", horizon=f"{HORIZON_DAYS}d", threads=said.threads)
        return attribution.weights(threads=said.threads)

    def polars() -> pl.DataFrame:
        sorted_voices = voices.with_row_index("feedback").sort("time", maintain_order=True)
        return sorted_voices.join_asof(
            occurrences.with_columns(at="time"),
            on="time",
            by="customer",
            strategy="backward",
            tolerance=f"{HORIZON_DAYS}d",
            check_sortedness=False,
        )

    def asof() -> pl.DataFrame:
        found = connection.execute(
            "select v.feedback, o.occurrence_id, o.moment, o.time as at from voices v asof left join occurrences o "
            "on v.customer = o.customer and v.time >= o.time"
        )
        return pl.DataFrame(found.to_arrow_table())

    runs: dict[str, Callable[[], object]] = {"sojourn": ours, "Polars join_asof": polars, "DuckDB asof join": asof}
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    answers: dict[str, object] = {}
    for _ in range(5):
        for name, run in runs.items():
            start = time.perf_counter()
            answers[name] = run()
            seconds[name].append(time.perf_counter() - start)
    times = matches.occurrences().to_polars().select("occurrence_id", at=pl.col("time").cast(pl.Datetime("us")))
    found = answers["sojourn"].to_polars().join(times, on="occurrence_id", how="left").sort("feedback")["at"].to_list()
    theirs = {
        "Polars join_asof": answers["Polars join_asof"].sort("feedback")["at"],
        "DuckDB asof join": answers["DuckDB asof join"]
        .sort("feedback")
        .with_columns(said=voices["time"])
        .select(pl.when(pl.col("said") - pl.col("at") <= pl.duration(days=HORIZON_DAYS)).then("at"))
        .to_series(),
    }
    print(f"{len(occurrences):,} occurrences, {said.voices:,} voices, {said.threads} threads")
    print("| system | seconds | ratio to ours | same answer |\n|---|---|---|---|")
    own = statistics.median(seconds["sojourn"])
    print(f"| sojourn | {own:.3f} | | |")
    for name, other in theirs.items():
        median = statistics.median(seconds[name])
        print(f"| {name} | {median:.3f} | {median / own:.1f}× | {other.to_list() == found} |")


if __name__ == "__main__":
    main()
