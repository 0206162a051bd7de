"""`sojourn reconcile SPEC.json`: what it writes and says, and how it refuses."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import sojourn as sj
from sojourn import _reconciliation_files as files
from sojourn.__main__ import main

DOCUMENT = Path(__file__).parents[2] / "docs" / "reconcile_spec.md"


def blocks() -> dict[str, str]:
    """The example of the document: name of each file, and what stands in it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    found = dict(re.findall(r"^`([a-z_]+\.(?:csv|json))`[^\n]*:\n\n```\w+\n(.*?)```", text, re.MULTILINE | re.DOTALL))
    (found["printed"],) = re.findall(r"^What it prints:\n\n```\n(.*?)```", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in blocks().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def spec(folder: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
    return said


def write(folder: Path, said: Any) -> Path:
    path = folder / "spec.json"
    path.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_documented_example(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "out"
    assert main(["reconcile", str(folder / "spec.json"), "--out", str(out)]) == 0
    said = capsys.readouterr()
    *lines, last = said.out.splitlines()
    assert said.err == ""
    assert lines == blocks()["printed"].splitlines()
    assert last == f"The tables and the page: {out.resolve()}"
    assert sorted(path.name for path in out.iterdir()) == [
        "bridge_CRM.csv", "check.csv", "reconciliation.html", "records_CRM.csv", "statement.csv",
    ]  # fmt: skip
    r = sj.reconcile_spec(folder / "spec.json")
    for name, made in (
        ("statement", r.statement()),
        ("check", r.check()),
        ("bridge_CRM", r.bridge("CRM")),
        ("records_CRM", r.records("CRM")),
    ):
        written = table(out / f"{name}.csv")
        assert [list(row.values()) for row in written] == [
            ["" if cell is None else str(cell) for cell in row.values()] for row in made.rows()
        ]
        assert written and list(written[0]) == made.columns
    assert any(row["unit"] == "007" and row["value"] == "450.50" for row in table(out / "records_CRM.csv"))
    page = (out / "reconciliation.html").read_text(encoding="utf-8")
    assert "<svg" in page and "<script" not in page and "://" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    for line in lines:
        assert line.strip() in page


def test_equal_to_python(folder: Path) -> None:
    said = spec(folder)
    ledgers = {
        one["name"]: sj.Ledger(
            one["name"], folder / one["records"], sj.Definition.from_dict(one["definition"]), one.get("group")
        )
        for one in said["ledgers"]
    }
    r = sj.reconcile(
        [ledgers["CRM"]], standard=ledgers["company"], start="2026-01-01", end="2026-04-01", money="decimal"
    )
    s = sj.reconcile_spec(folder / "spec.json", threads=1)
    assert s.statement().rows() == r.statement().rows()
    assert s.records("CRM").rows() == r.records("CRM").rows()
    statement = s.statement().rows()
    assert isinstance(statement[0]["closing_value"], Decimal) and statement[0]["period"] == date(2026, 1, 1)


def test_one_file_twice_is_compared_record_by_record(folder: Path) -> None:
    said = spec(folder)
    crm = said["ledgers"][0]
    company = {**crm, "name": "company", "records": "./crm.csv", "definition": {**crm["definition"], "grace": "0d"}}
    company["definition"]["where"] = {"large": {"column": "worth", "op": ">", "value": 400}}
    r = sj.reconcile_spec(write(folder, {**said, "ledgers": [crm, company]}))
    reasons = [
        (row["unit"], row["reason"], row["rule"]) for row in r.records("CRM").rows() if row["reason"] != "matched"
    ]
    assert reasons == [("A2", "rule", "large")]


def test_definitions_rates_and_every_key(folder: Path) -> None:
    said = spec(folder)
    (folder / "crm.json").write_text(json.dumps(said["ledgers"][0]["definition"]), encoding="utf-8")
    (folder / "rates.csv").write_text("date,currency,rate\n2025-01-01,USD,0.5\n", encoding="utf-8")
    said["ledgers"][0] |= {"definition": "crm.json", "note": "sales"}
    said |= {
        "timezone": "America/Chicago", "window": "60d", "as_of": "2026-03-31", "recorded": "2026-03-31",
        "rates": "rates.csv", "reporting_currency": "EUR", "note": "to try", "periods": "3 months", "standard": None,
    }  # fmt: skip
    r = sj.reconcile_spec(write(folder, said))
    crm = next(row for row in r.statement().rows() if row["ledger"] == "CRM")
    assert (crm["currency"], crm["opening_value"], crm["joined"]) == ("EUR", Decimal("600.00"), 3)
    r.save(folder / "out")
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "check.csv", "reconciliation.html", "statement.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "sojourn-reconcile-2"}, r"spec.json: schema: found 'sojourn-reconcile-2'"),
        ({"schema": None}, r"schema: found nothing, expected a string"),
        ({"ledger": []}, r"ledger: found a key that is not known.*\(did you mean 'ledgers'\?\)"),
        ({"ledgers": []}, r"ledgers: found none, expected at least one"),
        ({"ledgers": {}}, r"ledgers: found {}, expected a list"),
        ({"ledgers": ["CRM"]}, r"ledgers\[0\]: found str, expected an object"),
        ({"start": 20260101}, r"start: found 20260101, expected a string"),
        ({"start": "2026-01-02"}, r"spec.json: .*2026-01-02"),
        ({"end": None}, r"end: found nothing"),
        (
            {"standard": "compny"},
            r"standard: found 'compny', expected the name of a ledger \(did you mean 'company'\?\)",
        ),
        ({"window": "2h"}, r"spec.json: window"),
        ({"timezone": "Mars/Olympus"}, r"spec.json: .*Mars"),
        ({"rates": "rates.csv", "reporting_currency": "EUR"}, r"spec.json: rates: found no file"),
        ({"rates": "crm.csv"}, r"spec.json: rates: found rates without a reporting currency"),
    ],
)
def test_refuses_with_the_place(folder: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.reconcile_spec(write(folder, {**spec(folder), **change}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gruop": "household"}, r"spec.json: ledgers\[0\].gruop: .*\(did you mean 'group'\?\)"),
        ({"name": 7}, r"ledgers\[0\].name: found 7, expected a string"),
        ({"name": ""}, r"ledgers\[0\]: ledger: found the name ''"),
        ({"name": "company"}, r"spec.json: .*company"),
        ({"records": "nowhere.csv"}, r"ledgers\[0\]: CRM: found no file .*nowhere.csv"),
        ({"records": "a\0.csv"}, r"ledgers\[0\]: CRM: found"),
        ({"records": "spec.json"}, r"ledgers\[0\]: CRM: found a file 'spec.json'"),
        ({"group": "househld"}, r"ledgers\[0\]: CRM.*househld.*did you mean 'household'"),
        ({"definition": "none.json"}, r"none.json: found no file"),
        ({"definition": {"customer": "account", "start": "booked"}}, r"ledgers\[0\].definition: "),
        ({"definition": 3}, r"ledgers\[0\].definition: found 3, expected an object or a file's name"),
        ({"definition": {"customer": "acount", "start": "booked", "end": "lost"}}, r"ledgers\[0\]: CRM.*acount"),
    ],
)
def test_refuses_ledgers_with_the_place(folder: Path, change: dict[str, Any], message: str) -> None:
    said = spec(folder)
    said["ledgers"][0] |= change
    with pytest.raises(sj.InvalidInput, match=message):
        sj.reconcile_spec(write(folder, said))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "7",
        '{"schema": 1, "schema": 2}',
        '{"schema": NaN}',
        "[" * 100_000,
        '{"note": "\\ud800"}',
        '{"": 1}',
    ],
)
def test_refuses_what_is_no_spec(folder: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["reconcile", str(write(folder, text)), "--out", str(folder / "out")])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert re.fullmatch(r"sojourn: spec.json: .*found .*expected [^\n]*\n", said.err)
    assert not (folder / "out").exists()


def test_everything_or_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    r = sj.reconcile_spec(folder / "spec.json")
    out = folder / "out"
    before = sorted(path.name for path in folder.iterdir())
    monkeypatch.setattr(files, "page", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        r.save(out)
    assert sorted(path.name for path in folder.iterdir()) == before
    monkeypatch.undo()
    r.save(out)
    (out / "bridge_of another.csv").write_text("old", encoding="utf-8")
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(files, "page", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        r.save(out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    monkeypatch.undo()
    r.save(out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        name: data for name, data in kept.items() if name != "bridge_of another.csv"
    }
    assert sorted(path.name for path in folder.iterdir()) == sorted([*before, "out"])
    (out / "diary.txt").write_text("mine", encoding="utf-8")
    for target, message in (
        (out, "'diary.txt' in it"),
        (folder / "spec.json", "found a file"),
        (folder / "no" / "out", "no folder"),
    ):
        with pytest.raises(sj.InvalidInput, match=message):
            r.save(target)
    assert (out / "diary.txt").read_text(encoding="utf-8") == "mine"


def test_hostile_names(folder: Path) -> None:
    said = spec(folder)
    names = ["../../CRM", "..__..-crm", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "é" * 300]
    said["ledgers"] = [{**said["ledgers"][0], "name": name} for name in names] + [said["ledgers"][1]]
    (folder / "crm.csv").write_text(
        "account,booked,lost,household,worth\n=1+1,2026-01-12,,H9,1.00\n-5,2026-01-12,,H8,1.00\n+x,2026-01-12,,H7,-1.00\n",
        encoding="utf-8",
    )
    r = sj.reconcile_spec(write(folder, said))
    r.save(folder / "out")
    written = [path.name for path in (folder / "out").iterdir()]
    assert len(written) == 3 + 2 * len(names)
    assert all(re.fullmatch(r"[\w.-]{1,90}", name) for name in written)
    page = (folder / "out" / "reconciliation.html").read_text(encoding="utf-8")
    assert "<script" not in page and "&lt;script&gt;" in page
    for path in (folder / "out").glob("*.csv"):
        cells = [cell for row in table(path) for cell in row.values()]
        assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-[^\d]", cell)]
    units = {row["unit"] for row in table(folder / "out" / f"records_{files.file_names(names)[0]}.csv")}
    assert {"'=1+1", "-5", "'+x"} <= units


def test_file_names_differ_in_any_case() -> None:
    assert files.file_names(["a/b", "A_b", "a_b_2", "CRM", "x" * 70, "x" * 60 + "y"]) == [
        "a_b", "A_b_2", "a_b_2_2", "CRM", "x" * 60, "x" * 60 + "_2",
    ]  # fmt: skip


def test_nobody_to_count(folder: Path) -> None:
    said = spec(folder)
    said["ledgers"][1]["definition"]["where"] = {"none": {"column": "value", "op": "<", "value": 0}}
    r = sj.reconcile_spec(write(folder, said))
    r.save(folder / "out")
    assert r.summary()[0] == "company (by household, the standard): 0 at the opening + 0 in − 0 out = 0 at the closing"


def test_a_crosswalk_says_which_units_are_one_customer(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("account,booked,lost\nA1,2026-01-05,\nA2,2026-02-03,\nA3,2026-02-04,\n")
    (tmp_path / "links.csv").write_text("unit,group,probability\nA1,H1,1.0\nA2,H1,0.9\nA3,H1,0.2\n")
    ledger = {
        "name": "CRM",
        "records": "crm.csv",
        "crosswalk": "links.csv",
        "counts": "group",
        "definition": {"customer": "account", "start": "booked", "end": "lost"},
    }
    spec = {"schema": "sojourn-reconcile-1", "ledgers": [ledger], "start": "2026-01-01", "end": "2026-03-01"}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    r = sj.reconcile_spec(tmp_path / "spec.json")
    assert [row["joined"] for row in r.statement().rows()] == [1, 1]  # A2 is A1's person, A3 one of its own
