"""How time and memory of a match and its graph grow: with events, moments, event names, and the length of lives.

    python benchmarks/growth.py [--events 10000000] [--threads 4] [--repeats 5] [--picture docs/pictures/growth.svg]

Logs of random events: names and customers uniform, rows in time order, two years. Moments are by turns the n-th event
of a name and so many of one within 30 days, so that there are never many more occurrences than events. Each point has a
process of its own; reading is not in it. The first run's peak of resident memory beyond the log (its index of names
included) is the memory; seconds are the least of the runs after it, since what else the machine does only adds, and
would bend an exponent (the median is told beside). Exponents are slopes of log seconds, or log MB, on log n over the
upper half of the points. Prints Markdown for RESULTS.md and draws the picture.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import workers
from worker import with_peak

DAY = 86_400_000_000  # microseconds
PAGE = 4 / 1024  # MB: less memory than a page is not seen
INK, MUTED, LINE = "#17202a", "#56616d", "#c3cbd3"
COLOURS = ("#0b6fb0", "#d1490c", "#4b8b3b", "#7a4fb5")
MEASURES = {"seconds": "seconds", "mb": "MB beyond the log"}


@dataclass(frozen=True)
class Size:
    """A log and a journey."""

    events: int
    moments: int = 10
    names: int = 20
    length: int = 20  # events a customer


@dataclass(frozen=True)
class Series:
    """What grows, from where to where, and what stays."""

    grows: str
    sizes: tuple[Size, ...]

    @property
    def label(self) -> str:
        """Say what stays."""
        one = self.sizes[0]
        stays = {"events": f"{workers.size(one.events)}", "moments": f"{one.moments:,} moments"}
        stays |= {"names": f"{one.names:,} names", "length": f"{one.length:,} a customer"}
        if self.grows == "names" and self.sizes[-1].moments == self.sizes[-1].names:
            stays["moments"] = "a moment a name"
        shown = {"events": ("moments", "names"), "moments": ("names",), "names": ("moments",), "length": ("moments",)}
        return ", ".join(stays[key] for key in shown[self.grows])


def table(size: Size) -> pa.Table:
    """Make the log."""
    rng = np.random.default_rng(1)
    customers = max(1, size.events // size.length)
    event = rng.integers(0, size.names, size.events).astype(np.int16)
    names = pa.array([f"event{i:04d}" for i in range(size.names)])
    columns = {
        "customer": pa.array(rng.integers(0, customers, size.events)),
        "time": pa.array(np.sort(rng.integers(0, 730 * DAY, size.events))).cast(pa.timestamp("us")),
        "event": pa.DictionaryArray.from_arrays(pa.array(event), names),
    }
    return pa.table(columns)


def journey(size: Size) -> Any:
    """Make the journey: moment i is of name i, and round again with the next number."""
    import sojourn as sj

    moments = []
    for i in range(size.moments):
        name, turn = f"event{i % size.names:04d}", i // size.names
        number = 1 + turn // 2 if size.moments > size.names else 1
        when = sj.count(name, at_least=1 + number, within="30d") if (i + turn) % 2 else sj.nth(name, number)
        moments.append(sj.Moment(f"m{i}", "all", when=when))
    return sj.Journey(["all"], moments)


def measure(size: Size, threads: int, repeats: int) -> dict[str, Any]:
    """Measure a point, in this process."""
    import sojourn as sj

    log = sj.EventLog(table(size), threads=threads)
    asked = journey(size)
    seconds: list[tuple[float, float]] = []
    counts = {}

    def once() -> Any:
        begin = time.perf_counter()
        matches = asked.match(log, threads=threads)
        middle = time.perf_counter()
        graph = matches.graph(threads=threads)
        edges = graph.edges()
        seconds.append((middle - begin, time.perf_counter() - middle))
        counts["occurrences"], counts["edges"] = len(matches), len(edges)
        return matches, edges

    _, peak = with_peak(once)
    if peak is None:
        raise SystemExit("memory is read from /proc, which this system does not have")
    for _ in range(repeats):
        once()
    match, graph = (min(part) for part in zip(*seconds[1:], strict=True))
    median = statistics.median(sum(parts) for parts in seconds[1:])
    return {"match": match, "graph": graph, "seconds": match + graph, "median": median, "mb": max(peak, PAGE), **counts}


def plan(most: int) -> list[Series]:
    """Say what is measured, up to that many events."""
    one = Size(events=max(1, most // 10))
    events = [round(most * 10 ** (-k / 4)) for k in reversed(range(7))]
    several = (1, 3, 10, 30, 100, 300, 1000)
    many = (10, 30, 100, 300, 1000)
    lives = (2, 5, 10, 30, 100, 300, 1000, 3000)
    return [
        *(
            Series("events", tuple(Size(n, moments, names) for n in events))
            for moments, names in ((10, 20), (1000, 20), (10, 1000), (1000, 1000))
        ),
        *(Series("moments", tuple(replace(one, moments=n, names=names) for n in several)) for names in (20, 1000)),
        Series("names", tuple(replace(one, names=n) for n in many)),
        Series("names", tuple(replace(one, names=n, moments=n) for n in many)),
        Series("length", tuple(replace(one, length=n) for n in lives)),
        Series("length", tuple(replace(one, length=n, moments=1000) for n in lives)),
    ]


def exponent(n: Sequence[float], value: Sequence[float]) -> float:
    """Return the slope of log value on log n over the upper half of the points."""
    upper = len(n) // 2
    slope, _ = np.polyfit(np.log(n[upper:]), np.log(value[upper:]), 1)
    return float(slope)


def points(series: Series, measured: dict[Size, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was measured of a series, with n."""
    return [{"n": getattr(size, series.grows), **measured[size]} for size in series.sizes]


def exponents(planned: list[Series], measured: dict[Size, dict[str, Any]]) -> list[list[str]]:
    """Return a row a series."""
    lines = []
    for series in planned:
        of = points(series, measured)
        n = [point["n"] for point in of]
        fitted = [f"{exponent(n, [point[key] for point in of]):.2f}" for key in ("match", "graph", "seconds", "mb")]
        ends = f"{of[0]['seconds'] * 1e3:,.1f} → {of[-1]['seconds'] * 1e3:,.1f}"
        memory = f"{of[0]['mb']:,.0f} → {of[-1]['mb']:,.0f}"
        occurrences = f"{of[0]['occurrences']:,} → {of[-1]['occurrences']:,}"
        lines.append([series.grows, f"{n[0]:,} … {n[-1]:,}", series.label, *fitted, ends, memory, occurrences])
    header = ["grows", "from … to", "with", "match", "graph", "both", "memory", "ms", "MB", "occurrences"]
    return [header, *lines]


def details(planned: list[Series], measured: dict[Size, dict[str, Any]]) -> list[str]:
    """Write a row a point."""
    sizes = list(dict.fromkeys(size for series in planned for size in series.sizes))
    rows = [
        [
            *(f"{number:,}" for number in (size.events, size.moments, size.names, size.length)),
            *(f"{measured[size][key] * 1e3:,.1f}" for key in ("match", "graph", "median")),
            f"{measured[size]['mb']:,.0f}",
            *(f"{measured[size][key]:,}" for key in ("occurrences", "edges")),
        ]
        for size in sizes
    ]
    header = [
        "events",
        "moments",
        "names",
        "events a customer",
        "match ms",
        "graph ms",
        "median of both",
        "MB",
        "occurrences",
        "moves",
    ]
    return workers.table(header, rows)


def draw(planned: list[Series], measured: dict[Size, dict[str, Any]], picture: Path, how: str) -> None:
    """Draw seconds and memory against what grows, both axes logarithmic, beside a line of proportion."""
    import altair as alt
    import vl_convert

    def axis(title: str, unit: str) -> alt.Axis:
        return alt.Axis(
            title=title,
            values=[10.0**power for power in range(-4, 9)],
            format=unit,
            gridColor=LINE,
            gridOpacity=0.6,
            domain=False,
            ticks=False,
            labelColor=INK,
            labelFontSize=11,
            titleColor=MUTED,
            titleFontWeight="normal",
        )

    titles = {"names": "event names", "length": "events a customer"}
    rows = []
    for measure_name, words in MEASURES.items():
        row = []
        values = [point[measure_name] for series in planned for point in points(series, measured)]
        limits = alt.Scale(type="log", domain=[min(values) / 1.5, max(values) * 1.5], nice=False)
        for grows in dict.fromkeys(series.grows for series in planned):
            of = [series for series in planned if series.grows == grows]
            data, last = [], []
            for series in of:
                found = points(series, measured)
                slope = exponent([point["n"] for point in found], [point[measure_name] for point in found])
                label = f"{series.label}: n^{slope:.2f}"
                data += [{"n": point["n"], "value": point[measure_name], "series": label} for point in found]
                last.append(label)
            start, end = (extreme(point["n"] for point in data) for extreme in (min, max))
            base = min(values) * 2
            times = min(end / start, max(values) * 1.5 / base)  # the line ends where the panel does
            line = [{"n": start * by, "value": base * by} for by in (1, times)]
            title = titles.get(grows, grows)
            x = alt.X("n:Q", scale=alt.Scale(type="log", nice=False, padding=8), axis=axis(title, "~s"))
            y = alt.Y("value:Q", scale=limits, axis=axis(words if not row else "", "~g"))
            legend = alt.Legend(
                title=None, orient="top", direction="vertical", labelColor=INK, labelFontSize=11, labelLimit=260
            )
            colour = alt.Color(
                "series:N", scale=alt.Scale(domain=last, range=list(COLOURS[: len(last)])), legend=legend
            )
            proportion = (
                alt.Chart(alt.InlineData(line))
                .mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1)
                .encode(x=x, y=y)
            )
            chart = alt.Chart(alt.InlineData(data)).encode(x=x, y=y, color=colour)
            row.append(
                alt.layer(
                    proportion, chart.mark_line(strokeWidth=2), chart.mark_point(filled=True, size=30, opacity=1)
                ).properties(width=230, height=200)
            )
        rows.append(alt.hconcat(*row, spacing=24).resolve_scale(color="independent"))
    chart = (
        alt.vconcat(*rows, spacing=18)
        .resolve_scale(color="independent")
        .properties(
            title=alt.TitleParams(
                finding(planned, measured),
                subtitle=[
                    "Match and graph; broken: growth in proportion; exponents of the upper half of the points.",
                    how,
                ],
                anchor="start",
                fontSize=18,
                color=INK,
                subtitleColor=MUTED,
                subtitleFontSize=13,
                offset=14,
            ),
            background="#fffffe",
        )
        .configure(font="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif", view=alt.ViewConfig(stroke=None))
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(vl_convert.vegalite_to_svg(chart.to_json()), encoding="utf-8")


def finding(planned: list[Series], measured: dict[Size, dict[str, Any]]) -> str:
    """Say how time grows with events, with few moments and names and with many."""
    slopes = {}
    for series in planned:
        if series.grows == "events":
            of = points(series, measured)
            slopes[series.label] = exponent([point["n"] for point in of], [point["seconds"] for point in of])
    few, *_, many = slopes.items()
    return f"Time grows with events to the power {few[1]:.2f} ({few[0]}) and {many[1]:.2f} ({many[0]})"


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000, help="the most; other series have a tenth")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--picture", type=Path, default=Path("docs/pictures/growth.svg"))
    parser.add_argument("--point", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(Size(**options.point), options.threads, options.repeats)))
        return
    load = os.getloadavg()[0]
    planned = plan(options.events)
    measured: dict[Size, dict[str, Any]] = {}
    for size in dict.fromkeys(size for series in planned for size in series.sizes):
        given = ["--threads", str(options.threads), "--repeats", str(options.repeats)]
        command = [sys.executable, __file__, "--point", json.dumps(vars(size)), *given]
        measured[size] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        workers.say(f"{size}: {measured[size]}")
    how = f"Threads: {options.threads}; least of {options.repeats} runs; load of the machine before {load:.1f}."
    draw(planned, measured, options.picture, how)
    print("# Growth\n")
    print(
        f"Command: `python benchmarks/growth.py --events {options.events} --threads {options.threads} --repeats "
        f"{options.repeats}`; load of the machine before: {load:.1f}; {workers.machine()}. Exponents "
        "of time and memory, over the upper half of the points.\n"
    )
    header, *rows = exponents(planned, measured)
    print("\n".join(workers.table(header, rows)))
    print(f"\n{finding(planned, measured)}.\n\n## Every point\n")
    print("\n".join(details(planned, measured)))


if __name__ == "__main__":
    main()
