"""Start workers, each a subprocess with one system and one query (`worker.py`), and write down what they tell."""

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import reference

HERE = Path(__file__).resolve().parent


@dataclass
class Runs:
    """What one system's worker told."""

    seconds: list[float] = field(default_factory=list)
    peak_mb: float | None = None
    input_mb: float = 0.0
    preparing: float = 0.0  # seconds to make what the system holds of the log
    fault: str | None = None  # what is wrong with the answer

    @property
    def median(self) -> float:
        """Seconds, the median of the runs."""
        return statistics.median(self.seconds)


class Worker:
    """A subprocess that has loaded its log and runs its query when told. `package` is where its system stands."""

    def __init__(
        self,
        options: argparse.Namespace,
        events: int,
        data: str,
        task: str,
        threads: int,
        system: str,
        variant: str,
        package: str = "systems",
    ) -> None:
        self.name = f"{system} ({variant})"
        environment = {
            **os.environ,
            **{f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")},
            "OMP_WAIT_POLICY": "passive",  # idle threads must not disturb whoever runs next
            "POLARS_MAX_THREADS": str(threads),
            "RETENTIONEERING_NO_TRACK": "1",
        }
        given = {"cache": options.cache, "events": events, "data": data, "task": task, "threads": threads}
        given |= {"system": system, "variant": variant, "package": package}
        arguments = [f"--{key}={value}" for key, value in given.items()]
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.runs = Runs()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} failed, status {self._process.wait()}; --systems can leave a system out")
        message: dict[str, Any] = json.loads(line)
        return message

    def _ask(self, what: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(what + "\n")
            self._process.stdin.flush()
        return self._hear()

    def wait(self) -> None:
        """Until the log is loaded."""
        told = self._hear()
        self.runs.input_mb, self.runs.preparing = told["input_mb"], told["preparing"]

    def run(self) -> None:
        """Time one run."""
        told = self._ask("run")
        self.runs.seconds.append(told["seconds"])
        if told["peak_mb"] is not None:
            self.runs.peak_mb = told["peak_mb"]

    def answer(self) -> reference.Answer:
        """Return the last run's answer."""
        answer: reference.Answer = self._ask("answer")["answer"]
        return answer

    def check(self, right: reference.Answer) -> None:
        """Hold the last run's answer against the right one."""
        self.runs.fault = reference.difference(self.answer(), right)

    def close(self) -> None:
        """End the subprocess."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def offer(system: str, package: str = "systems") -> dict[str, Any]:
    """Ask what a system can do, in a process of its own: this one loads no system and stays small."""
    environment = {**os.environ, "RETENTIONEERING_NO_TRACK": "1"}
    command = [sys.executable, str(HERE / "worker.py"), "--offer", f"--system={system}", f"--package={package}"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{system} cannot be loaded; --systems can leave a system out")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def seconds(seconds: float) -> str:
    """Write seconds."""
    return f"{seconds:.3f}" if seconds < 10 else f"{seconds:.1f}"


def size(events: int) -> str:
    """Write how many events."""
    return f"{events / 1e6:g}M events" if events >= 100_000 else f"{events:,} events"


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(line)} |" for line in (header, ["---"] * len(header), *rows)]


def machine() -> str:
    """Say what machine this is."""
    cpu, memory = platform.machine(), ""
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
        total = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f", {total / 2**20:.0f} GB"
    return f"{cpu}, {os.cpu_count()} cores{memory}, {platform.system()} {platform.release()}"


def versions(names: list[str]) -> str:
    """Say which versions are installed."""
    words = [f"Python {platform.python_version()}"]
    for name in dict.fromkeys([*names, "pyarrow", "numpy", "pandas"]):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            words.append(f"{name} {importlib.metadata.version(name)}")
    return ", ".join(words)
