"""The benchmarks' queries on a small log: every system answers alike, and what growth measures is measured."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
EVENTS = 20_000
FAST, SLOW = ("polars", "duckdb", "numpy"), ("pm4py",)  # retentioneering is no dependency of the tests

pytestmark = pytest.mark.filterwarnings("ignore")  # the peers' own


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    sys.path.insert(0, str(BENCHMARKS))
    import generate

    folder = tmp_path_factory.mktemp("bench")
    generate.ensure(folder, EVENTS)
    yield folder
    sys.path.remove(str(BENCHMARKS))


def answers(cache: Path, data: str, system: str) -> dict[tuple[str, str], Any]:
    """Return a system's answers, by question and way of answering."""
    import polars as pl

    import generate
    import questions

    module = importlib.import_module(f"questions.{questions.MODULES[system]}")
    table, threads = generate.load(cache, EVENTS, data), pl.thread_pool_size()
    return {
        (task, variant): (query, query.answer(query.run((query.prepare or module.prepare)(table, threads))))
        for task, variants in module.TASKS.items()
        for variant, query in variants.items()
        if data in query.data
    }


@pytest.mark.parametrize("data", ["int", "string"])
def test_every_system_gives_the_same_answers(cache: Path, data: str) -> None:
    import journey
    import questions
    from questions import right

    right.ensure(cache, EVENTS, data)
    ours = answers(cache, data, "sojourn")
    expected: dict[str, Any] = {}
    for (task, _), (_, told) in ours.items():
        expected.setdefault(task, told)
    for task in questions.PATTERNS:
        expected[task] = pq.read_table(right.path(cache, EVENTS, data, task))
        assert len(expected[task]) > 0
    for (task, variant), (_, told) in ours.items():
        assert journey.compare(told, expected[task], None).startswith("equal"), (task, variant)
    for system in (*FAST, *SLOW):
        for (task, variant), (query, told) in answers(cache, data, system).items():
            tied = None
            if task in questions.PATTERNS:
                tied = pq.read_table(right.path(cache, EVENTS, data, task, ties=True))
            found = journey.compare(told, expected[task], tied)
            assert found.startswith("equal") or query.fault, (
                system,
                task,
                variant,
                found,
            )


def test_a_wrong_answer_is_told(cache: Path) -> None:
    import journey
    import questions
    from questions import right

    right.ensure(cache, EVENTS, "int")
    table = pq.read_table(right.path(cache, EVENTS, "int", questions.NOBODY))
    assert journey.compare(table.slice(1), table, None) == f"**differs**: {len(table) - 1} rows, not {len(table)}"
    assert "**differs**" in journey.compare({"customers": 2}, {"customers": 3}, None)


def test_journey_measures_in_processes_of_their_own(cache: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "journey.py"), "--events", str(EVENTS), "--cache", str(cache)]
    command += ["--data", "int", "--threads", "2", "--repeats", "1", "--only", "tenth order"]
    done = subprocess.run(
        [*command, "--systems", "sojourn", "duckdb"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Answers: none wrong" in done.stdout
    assert "duckdb: row_number" in done.stdout
    assert not list(cache.glob("answer-*"))


def test_growth_fits_and_draws(cache: Path, tmp_path: Path) -> None:
    import growth

    assert growth.exponent([1, 10, 100, 1000], [7, 5, 50, 500]) == pytest.approx(1)
    sizes = tuple(growth.Size(n, moments=30) for n in (500, 1000, 2000))
    series = [growth.Series("events", sizes)]
    measured = {size: growth.measure(size, threads=1, repeats=1) for size in sizes}
    assert [point["occurrences"] for point in growth.points(series[0], measured)] == sorted(
        measured[size]["occurrences"] for size in sizes
    )
    assert all(point["seconds"] > 0 and point["edges"] > 0 for point in measured.values())
    more = growth.Series("events", tuple(replace(size, moments=60) for size in sizes))
    measured |= {size: growth.measure(size, threads=1, repeats=1) for size in more.sizes}
    growth.draw([series[0], more], measured, tmp_path / "growth.svg", "1 thread")
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").startswith("<svg")
