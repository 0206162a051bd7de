"""Topics of raw texts: those planted are found; the same every time; texts are data."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import adjusted_mutual_info_score

import sojourn as sj

SAID = ["late parcel", "parcel late again", "rude agent", None, "agent so rude", "!!!", ""]


def test_the_insurers_planted_topics_are_found() -> None:
    feedback = sj.datasets.insurer().feedback
    found = sj.topics(feedback, topics=12)
    columns, told = found.to_dict(), feedback.to_dict()
    assert len(found) == len(feedback)
    assert found.without_topic == told["text"].count(None) == columns["weight"].count(None)
    both = [
        (topic, label)
        for topic, label in zip(told["topic"], columns["topic"], strict=True)
        if topic is not None and label is not None
    ]
    assert adjusted_mutual_info_score(*zip(*both, strict=True)) > 0.55  # 0.65; 0.80 at most, with a topic a sentence
    sentences = sj.topics(feedback, topics=24).to_dict()["topic"]
    pairs = {(text, label) for text, label in zip(told["text"], sentences, strict=True) if text is not None}
    assert len(pairs) == 24
    assert all(0 < weight <= 1 for weight in columns["weight"] if weight is not None)


def test_labels_terms_and_nulls() -> None:
    found = sj.topics(SAID, topics=2)
    label = found.to_dict()["topic"]
    assert label[0] == label[1] != label[2] == label[4] and label[3] is label[5] is label[6] is None
    assert found.without_topic == 3 and set(label) - {None} == set(found.terms.to_dict()["topic"])
    assert {"late", "parcel"} <= set(str(label[0]).split(" · "))
    for name in set(label) - {None}:
        rows = [row for row in found.terms.rows() if row["topic"] == name]
        assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
        assert [row["weight"] for row in rows] == sorted((row["weight"] for row in rows), reverse=True)
        assert str(name).split(" · ") == [row["term"] for row in rows][: len(str(name).split(" · "))]
    again = pickle.loads(pickle.dumps(found))
    assert again.rows() == found.rows() and repr(again) == repr(found) and again.terms.rows() == found.terms.rows()


def test_the_same_for_a_seed_and_for_any_container() -> None:
    first = sj.topics(SAID, topics=2, seed=7)
    others: list[Any] = [pl.DataFrame({"text": SAID}), pl.Series(SAID), pd.Series(SAID, dtype=object), {"text": SAID}]
    for same in [SAID, *others]:
        again = sj.topics(same, topics=2, seed=7)
        assert again.rows() == first.rows() and again.terms.rows() == first.terms.rows()


def test_stop_words_only_when_named() -> None:
    texts = ["the parcel", "the agent", "the parcel", "the bill"]
    assert "the" in sj.topics(texts, topics=2).terms.to_dict()["term"]
    assert "the" not in sj.topics(texts, topics=2, stop_words=["the"]).terms.to_dict()["term"]


def test_labels_of_hostile_texts_are_escaped_and_short() -> None:
    texts = [
        "<script>alert(1)</script>",
        "=cmd|calc",
        "z" * 1_000_000,
        "\u202eabc def",
        "x\x00y zz",
        "<b>script</b> alert",
    ]
    found = sj.topics(texts, topics=3)
    assert "<script>" not in found._repr_html_()
    assert all(len(term) <= 40 for term in found.terms.to_dict()["term"])
    assert found.to_dict()["topic"][2] is None


def test_clear_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    for texts in ([], [None], ["!!!", "?"], ["one text"] * 5):
        with pytest.raises(sj.InvalidInput, match=r"texts: found \d different texts of \d different words"):
            sj.topics(texts, topics=2)
    for texts, message in [
        ("text", "found the string"),
        ([1], "row 0: found 1"),
        ({"said": ["x"]}, "no column 'text'"),
    ]:
        with pytest.raises(sj.InvalidInput, match=message):
            sj.topics(texts)
    for number in (0, 1.5, True):
        with pytest.raises(sj.InvalidInput, match="topics: found"):
            sj.topics(SAID, topics=number)  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidInput, match="stop_words"):
        sj.topics(SAID, topics=2, stop_words="the")
    for name in list(sys.modules):
        if name.partition(".")[0] == "sklearn":
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(sj.InvalidInput, match=r'pip install "sojourn\[text\]"'):
        sj.topics(SAID, topics=2)
