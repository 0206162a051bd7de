"""The command line: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sojourn as sj
from sojourn.__main__ import main

EVENTS = [
    ("ann", "2026-03-01T10:00:00", "order", 20),
    ("ann", "2026-03-04T10:00:00", "return", 5),
    ("bob", "2026-03-02T10:00:00", "order", 3),
    ("bob", "2026-03-09T10:00:00", "cancel", 0),
    ("cid", "2026-03-03T10:00:00", "browse", 0),
]
JOURNEY = {
    "schema": "sojourn-journey-1",
    "journey": "a shop",
    "version": 2,
    "stages": [{"id": "buy"}, {"id": "use"}],
    "moments": [
        {
            "id": "large",
            "stage": "buy",
            "when": {"event": "order", "where": [{"column": "amount", "op": ">", "value": 1}]},
        },
        {"id": "return", "stage": "use", "when": {"event": "return"}},
    ],
    "outcomes": [{"id": "left", "when": {"event": "cancel"}}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with (tmp_path / "events.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("customer", "time", "event", "amount"))
        writer.writerows(EVENTS)
    (tmp_path / "journey.json").write_text(json.dumps(JOURNEY), encoding="utf-8")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "room.html"
    code, said, error = run(capsys, "demo", "--out", out)
    assert (code, error) == (0, "")
    lines = said.splitlines()
    assert len(lines) < 15
    assert lines[0].startswith("A generated insurer, all figures invented: ") and lines[0].endswith(" voices")
    assert lines[-1].endswith(str(out.resolve()))
    page = out.read_text(encoding="utf-8")
    data = sj.datasets.insurer()
    matches = data.journey.match(data.log)
    left = [row for row in matches.graph().edges().rows() if row["target"] == "left"]
    most = max(left, key=lambda row: row["customers"])
    name = {moment.id: moment.name for moment in data.journey.moments}[most["source"]]
    owner = {moment.id: moment.accountable for moment in data.journey.moments}[most["source"]]
    everyone = sum(row["customers"] for row in left)
    finding = f"{most['customers']:,} of {everyone:,} households who left did so after {name}; {owner} is accountable"
    assert finding in lines and finding in page
    assert any("CRM reports a gain of " in line and "POLICY a " in line and "BILLING a " in line for line in lines)
    assert any(line.startswith("Largest fall: First adjuster contact, from ") for line in lines)
    assert len(page.encode()) < 300_000
    assert [path.name for path in tmp_path.iterdir()] == ["room.html"]


def test_map(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "map.html"
    code, said, error = run(capsys, "map", folder / "events.csv", "--journey", folder / "journey.json", "--out", out)
    assert (code, error) == (0, "")
    assert "3 customers, 5 events, 3 occurrences of moments" in said
    assert "1 event that no moment claims" in said
    assert "<svg" in out.read_text(encoding="utf-8") and "<script" not in out.read_text(encoding="utf-8")


def test_map_with_columns_of_other_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / "events.csv").read_text(encoding="utf-8")
    (folder / "named.csv").write_text(
        text.replace("customer,time,event,amount", "who,at,what,amount"), encoding="utf-8"
    )
    columns = ["--customer", "who", "--time", "at", "--event", "what", "--value", "amount"]
    arguments = [
        "map",
        folder / "named.csv",
        "--journey",
        folder / "journey.json",
        "--out",
        folder / "m.html",
        *columns,
    ]
    code, said, _ = run(capsys, *arguments)
    assert code == 0 and "3 customers, 5 events, 3 occurrences" in said


def test_map_of_an_xes_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def event(name: str, day: int) -> str:
        time = f'<date key="time:timestamp" value="2026-03-0{day}T10:00:00Z"/>'
        return f'<event><string key="concept:name" value="{name}"/>{time}<int key="amount" value="9"/></event>'

    trace = f'<trace><string key="concept:name" value="ann"/>{event("order", 1)}{event("cancel", 2)}</trace>'
    (folder / "log.xes").write_text(f"<log>{trace}</log>", encoding="utf-8")
    out = folder / "x.html"
    code, said, error = run(capsys, "map", folder / "log.xes", "--journey", folder / "journey.json", "--out", out)
    assert (code, error) == (0, "") and "1 customer left on the way" in said


def test_check(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, "check", folder / "journey.json")
    assert code == 0
    findings = sj.Journey.load(folder / "journey.json").check().rows()
    assert f"{len(findings)} findings, no error" in said
    assert all(row["detail"] in said for row in findings)
    code, more, _ = run(capsys, "check", folder / "journey.json", folder / "events.csv")
    assert code == 0 and "browse" in more and "browse" not in said


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "nowhere.json"], "nowhere.json"),
        (["check", "bad.json"], "moments"),
        (["map", "nowhere.csv", "--journey", "journey.json"], "nowhere.csv"),
        (["map", "events.csv", "--journey", "journey.json", "--customer", "client"], "client"),
        (["map", "events.csv", "--journey", "journey.json", "--out", "no/such/map.html"], "no folder"),
        (["demo", "--out", "room.txt"], "expected .html"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(folder)
    (folder / "bad.json").write_text(json.dumps({**JOURNEY, "moments": []}), encoding="utf-8")
    before = sorted(path.name for path in folder.iterdir())
    code, said, error = run(capsys, *arguments)
    assert code == 2 and said == ""
    assert error.startswith("sojourn: ") and error.count("\n") == 1 and expected in error
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_column_that_a_condition_asks_for_is_missed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (folder / "events.csv").read_text(encoding="utf-8").splitlines()
    (folder / "few.csv").write_text("\n".join(line.rsplit(",", 1)[0] for line in lines), encoding="utf-8")
    code, _, error = run(
        capsys, "map", folder / "few.csv", "--journey", folder / "journey.json", "--out", folder / "m.html"
    )
    assert code == 2 and "amount" in error
    code, said, _ = run(capsys, "check", folder / "journey.json", folder / "few.csv")
    assert code == 0 and "amount" in said


def test_usage() -> None:
    found = subprocess.run([sys.executable, "-m", "sojourn", "--help"], capture_output=True, text=True, check=True)
    assert all(word in found.stdout for word in ("demo", "map", "check"))
    found = subprocess.run([sys.executable, "-m", "sojourn"], capture_output=True, text=True, check=False)
    assert found.returncode == 2 and "COMMAND" in found.stderr


def test_a_file_half_written_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sojourn._files import write_whole

    (tmp_path / "page.html").write_text("before", encoding="utf-8")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "page.html", "after")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "before"
