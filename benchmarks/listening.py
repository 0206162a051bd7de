"""What voices are about, by the model: a million voices over ten million occurrences, beside the same EM in NumPy.

    python benchmarks/listening.py [--scale 1] [--draws 200]

The world: 720,000 customers, 10 million occurrences of 12 moments in a year, about a million voices with a topic (of 8)
and a score (0 to 10), exponential delays, a horizon of 60 days: three candidate occurrences a voice. No package fits
such a model; the peer is what one would write: stochastic declustering by NumPy over pairs that are made before its
clock starts, exponential delays only, one thread, stopped when an iteration moves less than one voice in ten million.
Ours starts from a match and a table of voices: it checks them, finds the pairs, chooses among three shapes of delay on
voices held out, fits, and weighs every voice.

Every run is a process of its own; seconds are of one run (NumPy, growth) or medians of three. Peak memory is the
process's, and beyond what it held (log, match, voices) before the clock started. Figures go into RESULTS.md by hand.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from typing import Any

import numpy as np

from worker import _release, _reset_peak, _status

CUSTOMERS, OCCURRENCES, MOMENTS, TOPICS = 720_000, 10_000_000, 12, 8
YEAR, HORIZON, BACKGROUND = 365.0, 60.0, 0.2  # days; voices a year
DAY = 86_400_000_000
Arrays = dict[str, np.ndarray]


def world(scale: float) -> Arrays:
    """Return occurrences, by customer and time, and voices: customer, days, moment; customer, days, topic, score."""
    chance = np.random.default_rng(7)
    customers, occurrences = int(CUSTOMERS * scale), int(OCCURRENCES * scale)
    customer, day = chance.integers(0, customers, occurrences), chance.uniform(0, YEAR, occurrences)
    order = np.lexsort((day, customer))
    customer, day, moment = customer[order], day[order], chance.integers(0, MOMENTS, occurrences)
    rate, mean = chance.uniform(0.03, 0.14, MOMENTS), chance.uniform(1, 12, MOMENTS)
    spoke = np.flatnonzero(chance.random(occurrences) < rate[moment])
    blue = chance.poisson(BACKGROUND, customers)
    said = {
        "who": np.r_[customer[spoke], np.repeat(np.arange(customers), blue)],
        "when": np.r_[day[spoke] + chance.exponential(mean[moment[spoke]]), chance.uniform(0, YEAR, blue.sum())],
        "cause": np.r_[moment[spoke], np.full(blue.sum(), MOMENTS)],
    }
    said = {name: column[said["when"] <= YEAR] for name, column in said.items()}
    below = chance.dirichlet(np.full(TOPICS, 0.4), MOMENTS + 1).cumsum(axis=1)
    topic = (chance.random(len(said["who"]))[:, None] > below[said["cause"]]).sum(axis=1).clip(0, TOPICS - 1)
    score = np.clip(np.round(chance.normal(5 + said["cause"] / 3, 2)), 0, 10).astype(np.int64)
    return {"customer": customer, "day": day, "moment": moment, **said, "topic": topic, "score": score}


def measured(run: Any) -> dict[str, Any]:
    """Return seconds, and the peak of memory in MB."""
    _release()
    before = _status("VmRSS") or math.nan
    _reset_peak()
    begin = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - begin
    peak = _status("VmHWM") or math.nan
    return {"seconds": seconds, "peak": peak, "beyond": peak - before, **result}


def ours(scale: float, threads: int, draws: int) -> dict[str, Any]:
    """Fit the model; with draws, its intervals too, timed apart."""
    import pyarrow as pa

    import sojourn as sj

    w = world(scale)
    names = pa.array([f"m{i:02}" for i in range(MOMENTS)])

    def times(days: np.ndarray) -> pa.Array:
        return pa.array((days * DAY).astype(np.int64), pa.timestamp("us"))

    events = {
        "customer": w["customer"],
        "time": times(w["day"]),
        "event": pa.DictionaryArray.from_arrays(w["moment"], names).cast(pa.string()),
    }
    moments = [sj.Moment(name, "all", when=sj.event(name)) for name in names.to_pylist()]
    matches = sj.Journey(["all"], moments).match(sj.EventLog(pa.table(events), threads=threads), threads=threads)
    topics = pa.DictionaryArray.from_arrays(w["topic"], pa.array([f"t{i}" for i in range(TOPICS)])).cast(pa.string())
    voices = pa.table({"customer": w["who"], "time": times(w["when"]), "topic": topics, "score": w["score"]})
    del w, events
    kept: dict[str, Any] = {}

    def fit() -> dict[str, Any]:
        kept["found"] = matches.attribute(voices, topic="topic", score="score", threads=threads)
        return {}

    out = measured(fit)
    model = kept["found"].model
    out |= {"voices": len(voices), "iterations": model.iterations, "shape": model.shape}
    weights = kept["found"].weights(threads=threads).to_polars().drop_nulls("moment").select("moment", "weight")
    out["totals"] = dict(weights.group_by("moment").sum().sort("moment").rows())
    out["pairs"] = len(weights) / len(voices)
    if draws:
        begin = time.perf_counter()
        kept["found"].moments(draws=draws, threads=threads)
        out["draws"] = time.perf_counter() - begin
    return out


def numpy(scale: float) -> dict[str, Any]:
    """Fit exponential delays with topics and scores by EM over pairs."""
    w = world(scale)
    owner, moment, n = w["customer"], w["moment"], len(w["who"])
    place = owner * 1000.0 + w["day"]  # a year is less than a thousand days
    first = np.searchsorted(place, w["who"] * 1000.0 + np.maximum(w["when"] - HORIZON, 0))
    count = np.searchsorted(place, w["who"] * 1000.0 + w["when"], side="right") - first
    voice = np.repeat(np.arange(n), count)
    occurrence = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count) + np.repeat(first, count)
    age, cause = w["when"][voice] - w["day"][occurrence], moment[occurrence]
    topic, score, left = w["topic"], w["score"], np.minimum(YEAR - w["day"], HORIZON)
    listening = YEAR * int(CUSTOMERS * scale)

    def fit() -> dict[str, Any]:
        alpha, mean, mu = np.full(MOMENTS, 0.1), np.full(MOMENTS, 6.0), 0.5 * n / listening
        p, q = np.full((MOMENTS + 1, TOPICS), 1 / TOPICS), np.full((MOMENTS + 1, 11), 1 / 11)
        before, iterations = np.zeros(MOMENTS), 0
        while iterations < 1000:
            iterations += 1
            part = alpha[cause] * np.exp(-age / mean[cause]) / mean[cause] * p[cause, topic[voice]]
            part *= q[cause, score[voice]]
            blue = mu * p[MOMENTS, topic] * q[MOMENTS, score]
            total = blue + np.bincount(voice, part, n)
            part, blue = part / total[voice], blue / total
            spoken = np.bincount(cause, part, MOMENTS)
            for table, mark, kinds in ((p, topic, TOPICS), (q, score, 11)):
                counts = np.bincount(cause * kinds + mark[voice], part, MOMENTS * kinds).reshape(MOMENTS, kinds)
                table[:] = np.vstack([counts, np.bincount(mark, blue, kinds)]) + 0.5
                table /= table.sum(axis=1, keepdims=True)
            alpha = spoken / np.bincount(moment, 1 - np.exp(-left / mean[moment]), MOMENTS)
            mean, mu = np.bincount(cause, part * age, MOMENTS) / spoken, blue.sum() / listening
            if np.abs(spoken - before).max() < 1e-7 * n:
                break
            before = spoken
        return {"iterations": iterations, "totals": {f"m{m:02}": spoken[m] for m in range(MOMENTS)}}

    return measured(fit) | {"voices": n, "pairs": len(voice) / n}


def run(system: str, scale: float, threads: int, draws: int = 0) -> dict[str, Any]:
    """Run one system in a process of its own."""
    command = [sys.executable, __file__, "--run", system, "--scale", str(scale), "--threads", str(threads)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [*command, "--draws", str(draws)], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def furthest(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return by how much the totals of moments differ at most, relatively."""
    return max(abs(one["totals"][m] / other["totals"][m] - 1) for m in other["totals"])


def row(name: str, threads: int, found: dict[str, Any], against: float) -> str:
    """Return a row of the table."""
    each = found["seconds"] / found["iterations"]
    return (
        f"| {name} | {threads} | {found['seconds']:.2f} | {against:.1f}× | {found['iterations']} | {each * 1000:.0f} | "
        f"{found['beyond']:,.0f} | {found['peak']:,.0f} |"
    )


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--run", choices=("ours", "numpy"))
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--draws", type=int, default=200)
    said = parser.parse_args()
    if said.run:
        found = ours(said.scale, said.threads, said.draws) if said.run == "ours" else numpy(said.scale)
        print(json.dumps(found))
        return
    peer = run("numpy", said.scale, 1)
    medians = {}
    for threads in (1, 4):
        runs = [run("ours", said.scale, threads) for _ in range(3)]
        middle = statistics.median(found["seconds"] for found in runs)
        medians[threads] = next(found for found in runs if found["seconds"] == middle)
    first = medians[4]
    print("## The model of what voices are about\n")
    occurrences = int(OCCURRENCES * said.scale)
    print(f"{first['voices']:,} voices over {occurrences:,} occurrences, {first['pairs']:.2f} candidates a voice. Ours")
    print(f"chose {first['shape']} delays of three shapes. Totals of moments differ from NumPy's by")
    print(f"{furthest(first, peer):.2%} at most. NumPy {np.__version__}, Python {platform.python_version()}.\n")
    print("| | threads | seconds | against NumPy | iterations | ms an iteration, all told | MB beyond | MB peak |")
    print("|---|---|---|---|---|---|---|---|")
    print(row("NumPy, exponential only, pairs given", 1, peer, 1.0))
    for threads, found in medians.items():
        print(row("sojourn, shape chosen", threads, found, peer["seconds"] / found["seconds"]))
    with_draws = run("ours", said.scale, 4, said.draws)
    print(f"\n{said.draws} refits for intervals, 4 threads: {with_draws['draws']:.1f} s, timed apart.\n")
    print("| scale | voices | seconds, 4 threads | MB peak |\n|---|---|---|---|")
    points = []
    for scale in (0.1, 0.25, 0.5, 1.0, 2.0):
        found = run("ours", scale * said.scale, 4)
        points.append((found["voices"], found["seconds"]))
        print(f"| {scale} | {found['voices']:,} | {found['seconds']:.2f} | {found['peak']:,.0f} |")
    slope = np.polyfit(*np.log(np.array(points)).T, 1)[0]
    print(f"\nSeconds grow as voices to the power {slope:.2f}.")


if __name__ == "__main__":
    main()
