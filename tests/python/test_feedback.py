"""Adapters: every row of every source is a voice or is listed; nothing is guessed, nothing changed."""

from __future__ import annotations

import gzip
import pickle
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sojourn as sj
from sojourn.feedback_sources import PRESETS

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "\u202egnp.exe\u202c",
    "z" * 1_000_000,
    "line\r\nbreak",
    'a "quoted", comma',
    "\ufeffmark",
    "tab\there",
    "🤦🏽‍♀️",
]


def nps(table: Any, **given: Any) -> sj.FeedbackSource:
    return sj.survey(table, **{"customer": "id", "time": "at", "score": "s", "scale": "nps"} | given)


def csv(tmp_path: Path, data: bytes | str, name: str = "a.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def plain(**more: list[Any]) -> dict[str, list[Any]]:
    return {"id": ["a", "b"], "at": ["2026-03-01T10:00:00", "2026-03-02"], "s": [9, 3], **more}


def test_the_columns_are_what_attribute_takes() -> None:
    log = sj.EventLog({"customer": ["a", "b"], "time": [datetime(2026, 2, 27)] * 2, "event": ["order"] * 2})
    match = sj.Journey(["buy"], [sj.Moment("order", "buy", when=sj.event("order"))]).match(log)
    reviews = {"who": ["a", None], "when": ["2026-03-05", "2026-03-06"], "stars": [5, 1], "said": ["good", "bad"]}
    voices = sj.feedback(
        [
            nps(plain(why=["fine", None], m=["order", None]), text="why", moment="m"),
            sj.reviews(
                reviews,
                customer="who",
                time="when",
                score="stars",
                text="said",
                scale="stars",
                convert={1: 0, 2: 3, 3: 6, 4: 8, 5: 10},
            ),
        ],
        scale="nps",
    )
    columns = "feedback_id customer time source source_row solicited score topic text key moment"
    assert voices.columns == columns.split()
    found = voices.to_dict()
    assert found["feedback_id"] == [0, 1, 2]
    assert found["source"] == ["survey", "survey", "reviews"] and found["source_row"] == [0, 1, 0]
    assert found["solicited"] == [True, True, False] and found["score"] == [9, 3, 10]
    assert voices.left_out.rows() == [
        {"source": "reviews", "source_row": 1, "reason": "no customer", "found": "nothing"}
    ]
    heard = match.attribute(
        voices,
        source="source",
        solicited="solicited",
        score="score",
        scale=str(voices.scale),
        topic="topic",
        text="text",
        moment="moment",
        method="linear",
    )
    assert heard.weights().to_dict()["how"] == ["named", "model", "model"]
    assert "customer='who'" in repr(voices) and "1 no customer" in repr(voices) and "convert={1: 0" in repr(voices)
    again = pickle.loads(pickle.dumps(voices))
    assert (
        again.rows() == voices.rows()
        and again.left_out.rows() == voices.left_out.rows()
        and repr(again) == repr(voices)
    )


def test_the_insurers_voices_written_as_exports_come_back(tmp_path: Path) -> None:
    world = sj.datasets.insurer(customers=500)
    voices = world.feedback.to_polars()
    sources = []
    for (name,), its in voices.sort("source", maintain_order=True).group_by("source", maintain_order=True):
        path = tmp_path / f"{name}.csv"
        its.write_csv(path, datetime_format="%d.%m.%Y %H:%M:%S")
        kind = {"survey": sj.survey, "review": sj.reviews, "call": sj.calls}.get(str(name), sj.tickets)
        columns = {role: role for role in ("customer", "time", "score", "topic", "text", "key", "solicited")}
        sources.append(kind(path, name=name, id="feedback_id", scale="nps", time_format="%d.%m.%Y %H:%M:%S", **columns))
    read = sj.feedback(sources, ids="int")
    assert len(read.left_out) == 0
    again = read.to_polars().drop("feedback_id", "source_row", "moment").sort(pl.all())
    there = voices.select(again.columns).with_columns(pl.col("time").dt.truncate("1s")).sort(pl.all())
    assert again.equals(there)


CUSTOMERS = st.sampled_from(["a", "b", "", " ", None, "007"])
TIMES = st.sampled_from(["2026-03-01", "2026-03-01 10:00", None, "31/12/2025", "soon", ""])
SCORES = st.sampled_from([None, "", "9", "10 - yes", "11", "nine", "4.5", "9 - 10", "-1"])
FLAGS = st.sampled_from([None, "True", "0", "1", "maybe"])
IDS = st.sampled_from([None, "x", "y", "z"])


@given(st.lists(st.tuples(CUSTOMERS, TIMES, SCORES, FLAGS, IDS), max_size=30))
def test_every_row_is_a_voice_or_listed_once(rows: list[tuple[Any, ...]]) -> None:
    table = dict(zip(["id", "at", "s", "done", "no"], map(list, zip(*rows, strict=True)), strict=True)) if rows else {}
    table = table or {"id": [], "at": [], "s": [], "done": [], "no": []}
    voices = sj.feedback([nps(table, finished="done", id="no", unreadable="leave_out")])
    kept, lost = voices.to_dict()["source_row"], voices.left_out.to_dict()["source_row"]
    assert sorted(kept + lost) == list(range(len(rows)))
    seen: set[str] = set()
    for row, (customer, time, score, done, number) in enumerate(rows):  # the rules again, written apart
        good = (
            bool((customer or "").strip())
            and time in ("2026-03-01", "2026-03-01 10:00")
            and score in (None, "", "9", "10 - yes")
            and done in (None, "True", "1")
            and number not in seen
        )
        assert (row in kept) == good
        if good and number is not None:
            seen.add(number)


@pytest.mark.parametrize("kind", ["dict", "csv", "gz", "tsv", "parquet", "pandas", "polars", "arrow"])
def test_any_table_or_path_and_hostile_text_verbatim(tmp_path: Path, kind: str) -> None:
    n = len(HOSTILE)
    columns = {
        "id": [f"c{i}" for i in range(n)],
        "at": ["2026-03-01"] * n,
        "s": [str(i % 11) for i in range(n)],
        "why": HOSTILE,
    }
    frame = pl.DataFrame(columns)
    table: Any = {"dict": columns, "polars": frame, "pandas": pd.DataFrame(columns), "arrow": pa.table(columns)}.get(
        kind
    )
    if kind in ("csv", "tsv"):
        table = tmp_path / f"a.{kind}"
        frame.write_csv(table, separator="\t" if kind == "tsv" else ",")
    elif kind == "gz":
        table = tmp_path / "a.csv.gz"
        table.write_bytes(gzip.compress(frame.write_csv().encode()))
    elif kind == "parquet":
        table = str(tmp_path / "a.parquet")
        frame.write_parquet(table)
    voices = sj.feedback([nps(table, text="why", topic="why", key="why")])
    assert voices.to_dict()["text"] == voices.to_dict()["topic"] == voices.to_dict()["key"] == HOSTILE
    assert len(voices.left_out) == 0
    assert "<script>" not in voices._repr_html_()


def test_invalid_utf_8_is_refused_and_other_encodings_are_declared(tmp_path: Path) -> None:
    bad = csv(tmp_path, b"id,at,s,why\na,2026-03-01,9,caf\xe9\n")
    with pytest.raises(sj.InvalidInput, match=r"survey, row 0.*not utf-8.*encoding="):
        sj.feedback([nps(bad, text="why")])
    assert sj.feedback([nps(bad, text="why", encoding="latin-1")]).to_dict()["text"] == ["café"]
    wide = csv(tmp_path, "id,at,s,why\na,2026-03-01,9,café\n".encode("utf-16"), "b.csv")
    assert sj.feedback([nps(wide, text="why", encoding="utf-16")]).to_dict()["text"] == ["café"]
    with pytest.raises(sj.InvalidInput, match="encoding"):
        sj.feedback([nps(bad, encoding="klingon")])
    marked = csv(tmp_path, b"\xef\xbb\xbfid,at,s\na,2026-03-01,9\n", "c.csv")
    assert len(sj.feedback([nps(marked)])) == 1


def test_invalid_utf_8_in_a_table_is_refused_with_its_row() -> None:
    said = pa.array([b"fine"] * 5 + [b"caf\xe9", b"\xff"]).view(pa.string())
    table = pa.table({"customer": ["a"] * 7, "time": [datetime(2026, 3, 1)] * 7, "text": said})
    for read in (
        lambda: sj.feedback([sj.calls(table, customer="customer", time="time", text="text")]),
        lambda: sj.near_duplicates(table, topic=None, key=None),
        lambda: sj.topics(table, topics=1),
    ):
        with pytest.raises(sj.InvalidInput, match=r"row 5: found a string that is not UTF-8"):
            read()


def test_a_null_byte_is_kept_or_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, b"id,at,s,why\na,2026-03-01,9,x\x00y\n")
    try:
        assert sj.feedback([nps(path, text="why")]).to_dict()["text"] == ["x\x00y"]
    except sj.InvalidInput as refused:  # Python 3.10's csv
        assert "row" in str(refused)
    assert sj.feedback([nps(plain(why=["x\x00y", None]), text="why")]).to_dict()["text"] == ["x\x00y", None]


def test_half_a_surrogate_pair_is_refused() -> None:
    for role in ("text", "topic", "key", "customer"):
        with pytest.raises(sj.InvalidInput, match=r"column 'why', row 1: found '\\ud800', expected text"):
            sj.feedback([nps(plain(why=["ok", "\ud800"]), **{role: "why"})])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("id,at,s\na,2026-03-01,9,extra\n", r"row 0: found 4 cells, expected 3"),
        ("id,at,s\na,2026-03-01,9\nb,2026\n", r"row 1: found 2 cells"),
        ('id,at,s\na,2026-03-01,"9"x\n', r"row 0: found 'a.csv' that cannot be read"),
        ("", "without a header"),
        ("id,at\na,2026-03-01\n", r"found no column 's', expected one of 'id', 'at'"),
        ("id,at,s,s\na,2026-03-01,9,9\n", "two columns 's'"),
    ],
)
def test_csv_is_read_strictly(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.feedback([nps(csv(tmp_path, data))])


def test_blank_lines_of_csv_are_listed_and_ids_stay_text(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,at,s\n007,2026-03-01,9\n\n# not a comment,2026-03-01,8\n")
    voices = sj.feedback([nps(path)])
    assert voices.to_dict()["customer"] == ["007", "# not a comment"]
    assert voices.left_out.to_dict()["source_row"] == [1]
    with pytest.raises(sj.InvalidInput, match=r"column 'id', row 0: found '007', expected an integer without leading"):
        sj.feedback([nps(path)], ids="int")


@pytest.mark.parametrize("day", ["31/12/2025", "12/31/2025", "01/02/2026", "2026-13-01", "2026-02-30", "20260301", "1"])
def test_no_order_of_day_and_month_is_guessed(day: str) -> None:
    with pytest.raises(sj.InvalidInput, match=r"column 'at', row 1: found '.*time_format="):
        sj.feedback([nps({"id": ["a", "b"], "at": ["2026-01-01", day], "s": [1, 1]})])


def test_times_as_declared() -> None:
    def times(cells: list[Any], **given: Any) -> list[Any]:
        table = {"id": ["a"] * len(cells), "at": cells, "s": [1] * len(cells)}
        return sj.feedback([nps(table, **given)]).to_dict()["time"]

    utc = timezone.utc
    assert times(["31/12/2025 23:00"], time_format="%d/%m/%Y %H:%M") == [datetime(2025, 12, 31, 23)]
    with pytest.raises(sj.InvalidInput, match=r"row 0: found '12/31/2025', expected a time written %d/%m/%Y"):
        times(["12/31/2025"], time_format="%d/%m/%Y")
    assert times(["2026-03-01T10:00:00.1234567Z"]) == [datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=utc)]
    assert times(["2026-03-01 10:00-0530", "2026-03-01T10:00:00+02:00"]) == [
        datetime(2026, 3, 1, 15, 30, tzinfo=utc),
        datetime(2026, 3, 1, 8, tzinfo=utc),
    ]
    assert times(["2026-07-01 10:00"], timezone="Europe/Berlin") == [datetime(2026, 7, 1, 8, tzinfo=utc)]
    assert times([1_767_225_600], time_format="unix") == [datetime(2026, 1, 1, tzinfo=utc)]
    assert times(["1767225600500"], time_format="unix_ms") == [datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=utc)]
    with pytest.raises(sj.InvalidInput, match="row 0"):
        times(["999999999999999"], time_format="unix")
    assert times([date(2026, 1, 1)]) == [datetime(2026, 1, 1)]
    assert times([datetime(2026, 1, 1, 5)]) == [datetime(2026, 1, 1, 5)]
    with pytest.raises(
        sj.InvalidInput, match=r"row 1: found a time with a zone where earlier ones have none.*timezone="
    ):
        times(["2026-03-01", "2026-03-01T00:00Z"])
    table = {"id": ["a"], "at": ["2026-07-01T10:00Z"]}
    voices = sj.feedback([sj.calls(table, customer="id", time="at")], wall_clock="Europe/Berlin")
    assert voices.to_dict()["time"] == [datetime(2026, 7, 1, 12)]
    with pytest.raises(sj.InvalidInput, match=r"row 0: found a time without a zone.*timezone="):
        sj.feedback([nps(plain())], wall_clock="Europe/Berlin")
    with pytest.raises(sj.InvalidInput, match=r"timezone: .*did you mean 'Europe/Berlin'"):
        times(["2026-03-01"], timezone="Europe/Berlim")


@pytest.mark.parametrize(
    "cell", ["nine", "9/10", "9,5", "★★★★☆", "9 - 10", "9 -", "１０", "1e1", "=9", "NaN", "-1", "11", "9.5"]
)
def test_scores_are_read_strictly(cell: str) -> None:
    with pytest.raises(sj.InvalidInput, match=r"survey, column 's', row 1: found .*, expected"):
        sj.feedback([nps({**plain(), "s": ["9", cell]})])
    voices = sj.feedback([nps({**plain(), "s": ["9", cell]}, unreadable="leave_out")])
    assert voices.left_out.rows()[0] | {"found": ""} == {
        "source": "survey",
        "source_row": 1,
        "reason": "unreadable score",
        "found": "",
    }


def test_scores_in_words() -> None:
    voices = sj.feedback([nps({**plain(), "s": ["9 - Extremely likely", "0 – Not at all: 3 of us"]})])
    assert voices.to_dict()["score"] == [9, 0] and "2 scores read from words" in repr(voices)
    voices = sj.feedback([nps({**plain(), "s": ["good", "bad"]}, scale="csat", score_labels={"good": 5, "bad": 1})])
    assert voices.to_dict()["score"] == [5, 1] and voices.scale == "csat"


def test_scales_are_never_mixed_in_silence() -> None:
    stars = sj.reviews(plain(), customer="id", time="at", score="s", scale="stars")
    with pytest.raises(sj.InvalidInput, match=r"scale: found sources on nps, stars"):
        sj.feedback([nps(plain()), stars])
    with pytest.raises(sj.InvalidInput, match=r"reviews: found scores on the scale 'stars' in feedback on 'nps'"):
        sj.feedback([nps(plain()), stars], scale="nps")
    with pytest.raises(sj.InvalidInput, match="scale: found sources on stars"):
        sj.feedback([stars])
    with pytest.raises(
        sj.InvalidInput, match=r"column 's', row 0: found 9, expected a whole number from 1 to 5 \(stars\)"
    ):
        sj.feedback(
            [sj.reviews(plain(), customer="id", time="at", score="s", scale="stars", convert={5: 5})], scale="csat"
        )
    partial = nps({**plain(), "s": [5, 1]}, scale="stars", convert={5: 10})
    with pytest.raises(sj.InvalidInput, match=r"row 1: found 1, expected one of those that convert= has \(5\)"):
        sj.feedback([partial], scale="nps")
    with pytest.raises(sj.InvalidInput, match=r"row 0: .*0 to 10 \(nps\)"):
        sj.feedback([nps({**plain(), "s": [5, 5]}, scale="stars", convert={5: 11})], scale="nps")
    turned = nps({**plain(), "s": [1, 5]}, scale="csat", convert={1: 5, 5: 1})
    assert sj.feedback([turned]).to_dict()["score"] == [5, 1]
    silent = sj.reviews(plain(), preset="app_store", customer="id", time="at", score=None, id=None, text=None)
    assert sj.feedback([nps(plain()), silent]).to_dict()["score"] == [9, 3, None, None]
    with pytest.raises(sj.InvalidInput, match="scores without a scale"):
        sj.survey(plain(), customer="id", time="at", score="s")


def test_unfinished_answers_and_rows_given_twice() -> None:
    table = {
        "id": ["a", "a", "b", "c"],
        "at": ["2026-03-01"] * 4,
        "s": [None, 9, 9, 1],
        "no": ["r1", "r1", "r1", "r2"],
        "done": ["0", "1", "TRUE", "false"],
    }
    voices = sj.feedback([nps(table, id="no", finished="done")])
    assert voices.to_dict()["source_row"] == [1]
    assert voices.left_out.to_dict()["reason"] == ["unfinished", "same id as row 1", "unfinished"]
    assert voices.left_out.to_dict()["found"] == ["'0'", "'r1'", "'false'"]
    assert "2 unfinished, 1 same id" in repr(voices)
    kept = sj.feedback([nps(table, id="no", finished="done", unfinished="keep")])
    assert kept.to_dict()["source_row"] == [0, 3]


def test_ids_of_one_kind() -> None:
    numbers = sj.calls({"id": [7, 8], "at": ["2026-03-01"] * 2}, customer="id", time="at")
    with pytest.raises(
        sj.InvalidInput, match=r"column 'customer': found str in 'survey', int in 'calls', expected ids="
    ):
        sj.feedback([nps(plain()), numbers])
    assert sj.feedback([nps(plain()), numbers], ids="str").to_dict()["customer"] == ["a", "b", "7", "8"]
    text = nps({**plain(), "id": ["7", "-9"]})
    assert sj.feedback([text, numbers], ids="int").to_dict()["customer"] == [7, -9, 7, 8]
    with pytest.raises(sj.InvalidInput, match="64 bits"):
        sj.feedback([nps({**plain(), "id": ["7", str(2**63)]})], ids="int")
    with pytest.raises(sj.InvalidInput, match=r"column 'id', row 0: found 1.5, expected an integer or a string"):
        sj.feedback([nps({**plain(), "id": [1.5, 2.5]})])


def test_texts_of_several_columns_are_joined_by_a_line_break() -> None:
    table = plain(subject=["Late", None], body=["Where is it?", None])
    assert sj.feedback([nps(table, text=["subject", "body"])]).to_dict()["text"] == ["Late\nWhere is it?", None]


def test_mixed_types_in_a_column_are_refused() -> None:
    with pytest.raises(sj.InvalidInput, match=r"column 's', row 1: found 'x'"):
        sj.feedback([nps({**plain(), "s": [1, "x"]})])
    with pytest.raises(sj.InvalidInput, match="expected one type a column"):
        sj.feedback([nps(pd.DataFrame({**plain(), "s": pd.Series([1, "x"], dtype=object)}))])


def test_columns_that_nobody_asked_for_may_be_of_any_type() -> None:
    for table in (pa.table({**plain(), "tags": [["x"], []]}), pl.DataFrame({**plain(), "tags": [["x"], []]})):
        assert len(sj.feedback([nps(table)])) == 2


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_presets_read_their_own_columns(preset: str, tmp_path: Path) -> None:
    its = PRESETS[preset]
    names = [name for columns in its.columns.values() for name in ([columns] if isinstance(columns, str) else columns)]
    cells = {"id": "r1", "time": "2026-03-01T10:00:00Z", "score": "4", "finished": "True", "customer": "ann"}
    if its.settings.get("time_format") == "unix":
        cells["time"] = "1772359200"
    values = {
        name: cells.get(role, "said")
        for role, cs in its.columns.items()
        for name in ([cs] if isinstance(cs, str) else cs)
    }
    extra = its.settings.get("extra_headers", 0)
    lines = [",".join([*names, "who"]), *[",".join(["question"] * (len(names) + 1))] * extra]
    lines.append(",".join([*(values[name] for name in names), "ann"]))
    encoding = its.settings.get("encoding", "utf-8")
    path = tmp_path / "export.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    given: dict[str, Any] = {} if "customer" in its.columns else {"customer": "who"}
    if "score" in its.columns:
        given |= {"convert": {4: 4}} if "scale" in its.settings else {"scale": "csat"}
    source = getattr(sj, its.kind)(path, preset=preset, **given)
    assert f"preset='{preset}'" in repr(source)
    voices = sj.feedback([source], scale="csat" if "score" in its.columns else None)
    (row,) = voices.rows()
    assert row["customer"] == "ann" and row["time"] == datetime(2026, 3, 1, 10, tzinfo=timezone.utc)
    assert row["source_row"] == extra and voices.left_out.to_dict()["reason"] == ["header"] * extra
    assert row["solicited"] is (its.kind == "survey")
    if "customer" not in its.columns:
        with pytest.raises(sj.InvalidInput, match=f"no column for customer \\({preset} has none of yours\\)"):
            getattr(sj, its.kind)(path, preset=preset)


def test_an_answer_is_no_header_row() -> None:
    with pytest.raises(sj.InvalidInput, match=r"row 0: found the time '2026-03-01T10:00:00', expected no answer"):
        sj.feedback([nps(plain(), extra_headers=1)])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sj.survey({}, time="t"), "no column for customer"),
        (lambda: sj.survey({}, customer="c"), "no column for time"),
        (lambda: sj.survey({}, customer="c", time="t", scor="s"), "found 'scor', expected a role"),
        (lambda: sj.survey({}, customer="c", time="t", preset="zendesk"), "found 'zendesk', expected one of qualtrics"),
        (lambda: sj.survey({}, customer=["c"], time="t"), "expected the name of a column"),
        (lambda: sj.survey({}, customer="c", time="t", unreadable="skip"), "expected 'refuse' or 'leave_out'"),
        (lambda: sj.survey({}, customer="c", time="t", score="s", scale="0-10"), "expected one of nps"),
        (lambda: sj.survey({}, customer="c", time="t", delimiter=",,"), "expected one character"),
        (lambda: sj.survey({}, customer="c", time="t", delimiter='"'), "expected one character"),
        (lambda: sj.survey({}, customer=3, time="t"), "customer: found 3, expected the name of a column"),
        (
            lambda: sj.survey({}, customer="c", time="t", convert="linear"),
            "convert: found 'linear', expected its scores",
        ),
        (lambda: sj.survey({}, customer="c", time="t", convert={1: "x"}), "expected its scores with a number each"),
        (lambda: sj.survey({}, customer="c", time="t", score_labels=None), "expected words with a number each"),
        (lambda: sj.survey({}, customer="c", time="t", timezone=1), "timezone: found 1, expected a string"),
        (lambda: sj.feedback([]), "found none"),
        (lambda: sj.feedback([{}]), "found dict"),  # type: ignore[list-item]
        (lambda: sj.feedback([nps(plain()), nps(plain())]), "two named 'survey'"),
        (lambda: sj.feedback([nps(plain())], ids="text"), "ids: found 'text'"),
        (lambda: sj.feedback([nps(plain())], scale="stars"), "scale: found 'stars'"),
    ],
)
def test_clear_refusals(make: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        make()
