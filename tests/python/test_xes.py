"""XES in; and directly-follows counts against pm4py on a real log, where that log is at hand."""

from __future__ import annotations

import gzip
import warnings
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import polars as pl
import pytest

import sojourn as sj

BPIC = Path(__file__).parents[3] / "shared" / "data" / "bpic2012.xes.gz"

SMALL = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <string key="source" value="made up"/>
  <trace>
    <string key="concept:name" value="c1"/><int key="amount" value="5"/><string key="org:resource" value="trace's"/>
    <event><string key="concept:name" value="a &lt; b"/>
      <date key="time:timestamp" value="2011-10-01T00:38:44.546+02:00"/>
      <float key="cost" value="1.5"/><boolean key="ok" value="true"/>
      <string key="org:resource" value="ann"><string key="deep" value="ignored"/></string></event>
    <event><string key="concept:name" value="z"/><date key="time:timestamp" value="2011-10-01T00:38:45Z"/>
      <int key="cost" value="2"/></event>
  </trace>
  <trace><string key="concept:name" value="c2"/>
    <event><date key="time:timestamp" value="2011-10-02T00:00:00.123456789"/>
      <string key="concept:name" value="z"/></event>
  </trace>
</log>"""


def write(folder: Path, text: str) -> Path:
    path = folder / "log.xes"
    path.write_text(text, encoding="utf-8")
    return path


def test_attributes_of_every_type(tmp_path: Path) -> None:
    expected = {
        "customer": ["c1", "c1", "c2"],
        "time": [
            datetime(2011, 9, 30, 22, 38, 44, 546000, timezone.utc),
            datetime(2011, 10, 1, 0, 38, 45, 0, timezone.utc),
            datetime(2011, 10, 2, 0, 0, 0, 123456, timezone.utc),
        ],
        "event": ["a < b", "z", "z"],
        "cost": [1.5, 2.0, None],
        "ok": [True, None, None],
        "org:resource": ["ann", None, None],
        "amount": [5, 5, None],
        "case:org:resource": ["trace's", "trace's", None],
    }
    assert sj.read_xes(write(tmp_path, SMALL)).to_dict() == expected
    zipped = tmp_path / "log.xes.gz"
    zipped.write_bytes(gzip.compress(SMALL.encode()))
    assert sj.read_xes(str(zipped)).to_dict() == expected


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('<string key="concept:name" value="c2"/>', "", r"trace 1: found no 'concept:name'"),
        ('<string key="concept:name" value="z"/></event>', "</event>", r"trace 1, event 2.*no 'concept:name'"),
        (
            'value="2011-10-01T00:38:45Z"',
            'value="yesterday"',
            r"trace 0, event 1.*time:timestamp = 'yesterday', expected date",
        ),
        ('<int key="cost" value="2"/>', '<int key="cost" value="two"/>', r"cost = 'two', expected int"),
        ("</log>", "", r"damaged data"),
        ("<log ", "<pnml ", r"found the element 'pnml', expected 'log'"),
        ("<log ", '<!DOCTYPE x [<!ENTITY a "b">]><log ', r"entity declaration 'a'"),
    ],
)
def test_bad_files(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.read_xes(write(tmp_path, SMALL.replace(old, new, 1)))


def test_no_file_and_no_events(tmp_path: Path) -> None:
    with pytest.raises(sj.InvalidInput, match="no file"):
        sj.read_xes(tmp_path / "none.xes")
    with pytest.raises(sj.InvalidInput, match="no events"):
        sj.read_xes(write(tmp_path, "<log></log>"))


def edges(log: sj.EventLog) -> dict[tuple[str, str], int]:
    rows = log.transitions(columns=["count"]).rows()
    return {(r["source"], r["target"]): r["count"] for r in rows if r["source"] != "START" and r["target"] != "END"}


@pytest.mark.skipif(not BPIC.is_file(), reason="bpic2012.xes.gz is not ours to hand on; not at hand here")
def test_bpic2012_equals_pm4py() -> None:
    table = sj.read_xes(BPIC)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pm4py

        frame = table.to_pandas().rename(
            columns={"customer": "case:concept:name", "event": "concept:name", "time": "time:timestamp"}
        )
        follows, starts, ends = pm4py.discover_dfg(frame)
    kinds = {
        "xes": table,
        "pandas": table.to_pandas(),
        "polars": pl.DataFrame(table),
        "pyarrow": table.to_arrow(),
        "duckdb": duckdb.from_arrow(table.to_arrow()),
    }
    assert len(follows) == 125
    for kind, source in kinds.items():
        log = sj.EventLog(source)
        assert edges(log) == dict(follows), kind
        ours = log.transitions(columns=["count"]).rows()
        assert {r["target"]: r["count"] for r in ours if r["source"] == "START"} == dict(starts), kind
        assert {r["source"]: r["count"] for r in ours if r["target"] == "END"} == dict(ends), kind
    assert log.customers == 13_087
    assert len(log) == 262_200
