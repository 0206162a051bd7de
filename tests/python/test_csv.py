"""CSV as events and ledgers read it: nothing is dropped, nothing read as what it is not written as."""

from __future__ import annotations

import csv
import gzip
import io
import os
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sojourn as sj
from sojourn.table import as_arrow


def read(folder: Path, data: str | bytes, name: str = "a.csv") -> dict[str, list[Any]]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return sj.Table(sj._core.read_table(as_arrow(path, "events"), "events")).to_dict()


@pytest.mark.parametrize(
    ("data", "columns"),
    [
        ("id,e\n#1,a\n2,b\n", {"id": ["#1", "2"], "e": ["a", "b"]}),
        ("#id,e\n#1,#\n#,b\n", {"#id": ["#1", "#"], "e": ["#", "b"]}),
        ('id,e\n1,"a\nb, ""c"""\n2,"\r\n"\n', {"id": [1, 2], "e": ['a\nb, "c"', "\r\n"]}),
        (b"\xef\xbb\xbfid,e\n1,\xc3\xa9\n", {"id": [1], "e": ["é"]}),
        ("id,e\r\n1,a\r\n2,\r\n", {"id": [1, 2], "e": ["a", None]}),
        ('id,e\r\n1,"a\nb"\r\n2,c\r\n', {"id": [1, 2], "e": ["a\nb", "c"]}),
        ("id,e\n1,a", {"id": [1], "e": ["a"]}),
        ("id,e\n1,a\n\n2,b\n\n", {"id": [1, 2], "e": ["a", "b"]}),
        ("id,e\n", {"id": [], "e": []}),
        ("id,e", {"id": [], "e": []}),
        ("id;e\n1;a,b\n", {"id": [1], "e": ["a,b"]}),
        ("id|e\n1|a\n", {"id": [1], "e": ["a"]}),
        (",e\n0,a\n", {"column0": [0], "e": ["a"]}),
        ("id\n007\n7\n", {"id": ["007", "7"]}),
        ("id\n-5\n0\n", {"id": [-5, 0]}),
        ("id\n+5\n-0\n", {"id": ["+5", "-0"]}),
        ("id\n 7\n", {"id": [" 7"]}),
        ("id\n9223372036854775807\n", {"id": [9223372036854775807]}),
        ("id\n9223372036854775808\n", {"id": ["9223372036854775808"]}),
        ("id\n12345678901234567\n1.5\n", {"id": ["12345678901234567", "1.5"]}),
        ("id\n12e5\n13e7\n", {"id": ["12e5", "13e7"]}),
        ("x\n1e-05\n2.5\n-3\n", {"x": [1e-05, 2.5, -3.0]}),
        ("x\nTrue\nfalse\n", {"x": [True, False]}),
        ("d\n2026-03-01\n\n", {"d": [date(2026, 3, 1), None]}),
        ("d\n2026-02-30\n", {"d": ["2026-02-30"]}),
        ("d\n01/02/2026\n", {"d": ["01/02/2026"]}),
        ("d\n2026-3-1\n", {"d": ["2026-3-1"]}),
        ("d\n2026-03-01\n2026-03-01 10:30\n", {"d": [datetime(2026, 3, 1), datetime(2026, 3, 1, 10, 30)]}),
        ("d\n2026-03-01T10:30:01.5\n", {"d": [datetime(2026, 3, 1, 10, 30, 1, 500_000)]}),
        ("d\n2026-03-01T10:30:01.123456789\n", {"d": ["2026-03-01T10:30:01.123456789"]}),
        ("d\n2026-03-01T10:30+02:00\n", {"d": [datetime(2026, 3, 1, 8, 30, tzinfo=timezone.utc)]}),
        ("d\n2026-03-01T10:30Z\n2026-03-01T10:30\n", {"d": ["2026-03-01T10:30Z", "2026-03-01T10:30"]}),
        ('"i""d\'",{e}\n1,CELL\n', {"i\"d'": [1], "{e}": ["CELL"]}),
        (b"id,e\n1,a\x00b\n", {"id": [1], "e": ["a\x00b"]}),
    ],
)
def test_cells_come_as_they_are_written(tmp_path: Path, data: str | bytes, columns: dict[str, list[Any]]) -> None:
    found = read(tmp_path, data)
    assert found == columns
    assert [type(cell) for cells in found.values() for cell in cells] == [
        type(cell) for cells in columns.values() for cell in cells
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("id,t,e\n1,2\n2,3,b\n", r"events: 'a.csv', line 2: found 2 cells between ',', expected 3 as in the header"),
        ("id,t,e\n1,2,a\n2,3,b,c\n", r"line 3: found 4 cells between ',', expected 3"),
        ('id,t,e\n1,2,"a\nb"\n2,3\n', r"line 4: found 2 cells"),
        ("Report of March\n\nid,t\n1,2\n", r"line 3: found [23] cells between ',', expected 1"),
        ("id,t\n" + "1,2\n" * 30_000 + "5,6,7\n" + "1,2\n", r"line 30,002: found 3 cells"),
        ("", r"line 1: found no header"),
        ("\n\n", r"line 1: found no header"),
        ("id,t,id\n1,2,3\n", r"line 1: found the columns 'id' and 'id', expected names that differ"),
        ("id,t,ID\n1,2,3\n", r"line 1: found the columns 'id' and 'ID'"),
        (",column0\n1,2\n", r"line 1: found the columns 'column0' and 'column0'"),
        ('id,t\n1,"abc\n2,3\n', r"line 2: found what cannot be read \(unexpected end of data\)"),
        ('id,t\n1,"9"x\n2,3\n', r"line 2: found what cannot be read"),
        ('id,"t\n1,2\n', r"line 1: found no header that can be read"),
        (b"id,t\n1,caf\xe9\n", r"line 1 or soon after: found what cannot be read .*expected UTF-8"),
        (b"id,t\n" + b"1,2\n" * 600_000 + b"1,caf\xe9\n", r"found what cannot be read .*expected CSV in UTF-8"),
        ("id,t\n1,2\n".encode("utf-16"), r"expected UTF-8"),
        ("id,t\r\n1,2\n3,4\r\n", r"'a.csv': found what cannot be read .*line ends of one kind"),
    ],
)
def test_what_would_be_dropped_is_refused_with_its_line(tmp_path: Path, data: str | bytes, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        read(tmp_path, data)


def test_types_hold_for_the_whole_file(tmp_path: Path) -> None:
    numbers = "\n".join(map(str, range(30_000)))
    assert read(tmp_path, f"id\n{numbers}\n007\n")["id"][-2:] == ["29999", "007"]
    assert read(tmp_path, f"id\n{numbers}\n2.5\n")["id"][-2:] == [29999.0, 2.5]
    assert read(tmp_path, f"id\n{numbers}\n30000\n")["id"][-2:] == [29999, 30000]


def test_compressed_tabs_and_names_with_patterns(tmp_path: Path) -> None:
    assert read(tmp_path, gzip.compress(b"id,e\n1,a\n"), "a.csv.gz") == {"id": [1], "e": ["a"]}
    assert read(tmp_path, "id\te\n1\ta,b\n", "a.tsv") == {"id": [1], "e": ["a,b"]}
    assert read(tmp_path, gzip.compress(b"id\te\n1\ta,b\n"), "a.tsv.gz") == {"id": [1], "e": ["a,b"]}
    assert read(tmp_path, "id,e\n1,a\n", "it's [1].csv") == {"id": [1], "e": ["a"]}
    if os.name != "nt":
        assert read(tmp_path, "id,e\n2,b\n", "*.csv") == {"id": [2], "e": ["b"]}
    for broken in (gzip.compress(b"id,e\n1,a\n")[:-12], b"id,e\n1,a\n"):
        with pytest.raises(sj.InvalidInput, match=r"a.csv.gz', line 1 or soon after: found what cannot be read"):
            read(tmp_path, broken, "a.csv.gz")


def test_what_a_writer_wrote_is_read_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"

    @given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"))] * 2), max_size=8))
    def holds(rows: list[tuple[str, str]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([("one", "two"), ("a", "x"), *rows])
        path.write_bytes(text.getvalue().encode())
        found = sj.Table(sj._core.read_table(as_arrow(path, "events"), "events")).to_dict()
        assert list(zip(found["one"], found["two"], strict=True)) == [
            ("a", "x"),
            *((one or None, two or None) for one, two in rows),
        ]

    holds()


def test_a_ledger_of_a_file_counts_every_line(tmp_path: Path) -> None:
    (tmp_path / "crm.csv").write_text("who,from,to\n#1,2026-01-05,\n007,2026-01-05,2026-03-01\n7,2026-02-01,\n")
    crm = sj.Ledger("CRM", tmp_path / "crm.csv", sj.Definition("who", "from", "to"))
    assert (len(crm), crm.customers) == (3, 3)
    (tmp_path / "open.csv").write_text("who,from,to\na,2026-01-05,\n")
    assert len(sj.Ledger("CRM", tmp_path / "open.csv", sj.Definition("who", "from", "to"))) == 1
    (tmp_path / "none.csv").write_text("who,from,to\n")
    with pytest.raises(sj.InvalidInput, match="CRM: found an empty table"):
        sj.Ledger("CRM", tmp_path / "none.csv", sj.Definition("who", "from", "to"))
