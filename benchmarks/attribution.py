"""Last touch, against Polars' and DuckDB's as-of joins: a million voices over the occurrences of ten million events.

    python benchmarks/attribution.py [--events 10000000] [--voices 1000000] [--threads 4]

From voices in a table and occurrences in memory to a table of which occurrence each voice is about. A voice follows an
event, drawn among all, by up to 90 days. Ours starts from a match (made before the clock starts) and checks the voices;
peers start from the occurrences as a table of their own, sorted by time before the clock starts, and do no checks.
Answers are compared: the time of each voice's occurrence; the run fails where systems differ or few voices have one.
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
import workers

HORIZON_DAYS = 60
DELAY_DAYS = 90  # a voice's at most, so that some are about nothing


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
    row = draw.integers(0, len(events), said.voices)
    delay = draw.integers(0, DELAY_DAYS * generate.DAY, said.voices)
    voices = pl.DataFrame(
        {
            "customer": events["customer"].to_numpy()[row],
            "time": events["time"].to_numpy()[row] + delay.astype("timedelta64[us]"),
        }
    )
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
        found = connection.sql(
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
    close = pl.col("time") - pl.col("at") <= pl.duration(days=HORIZON_DAYS)
    times_found: dict[str, pl.Series] = {
        "sojourn": answers["sojourn"].to_polars().join(times, on="occurrence_id", how="left").sort("feedback")["at"],
        "Polars join_asof": answers["Polars join_asof"].sort("feedback")["at"],
        "DuckDB asof join": answers["DuckDB asof join"]
        .sort("feedback")
        .with_columns(voices["time"])
        .select(pl.when(close).then("at"))
        .to_series(),
    }
    found = times_found["sojourn"]
    answered = 1 - found.null_count() / said.voices
    assert answered > 0.5, f"only {answered:.1%} of the voices are about an occurrence"
    print(
        f"{len(occurrences):,} occurrences, {said.voices:,} voices ({answered:.1%} about one), {said.threads} threads"
    )
    print(f"Load {os.getloadavg()[0]:.1f}; {workers.machine()}; {workers.versions(['sojourn', 'polars', 'duckdb'])}")
    print("| system | seconds | ratio to ours | same answer |\n|---|---|---|---|")
    own = statistics.median(seconds["sojourn"])
    agree = {name: times.equals(found) for name, times in times_found.items()}
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"| {name} | {median:.3f} | {median / own:.1f}× | {agree[name]} |")
    if not all(agree.values()):
        raise SystemExit("answers differ")


if __name__ == "__main__":
    main()
