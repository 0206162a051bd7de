"""Why a score moved: against the formula written out, planted changes, Simpson's paradox, and hostile tables."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

MARKS = {"nps": lambda s: 100.0 * ((s >= 9) - (s <= 6)), "csat": lambda s: float(s >= 4), "mean": float}
PARTS = ["before", "after", "change", "who", "said", "entered", "left"]
Side = list[tuple[Any, Any, float]]  # group, score, weight


def table(side: Side, **more: Any) -> pa.Table:
    columns = {"group": pa.array([a[0] for a in side], pa.string()), "weight": [float(a[2]) for a in side]}
    return pa.table(columns | {"score": pa.array([a[1] for a in side], pa.float64())} | more)


def totals(found: sj.score_change.ScoreChange, column: str = "value") -> dict[str, float]:
    cells = found.totals.to_dict()
    assert cells["part"] == PARTS
    return dict(zip(PARTS, cells[column], strict=True))


def groups(found: sj.score_change.ScoreChange) -> dict[Any, dict[str, Any]]:
    return {row["group"]: row for row in found.groups.rows()}


def expected(before: Side, after: Side, scale: str) -> dict[Any, dict[str, Any]]:
    """Decompose by the formula of the docstring, group by group."""
    out: dict[Any, dict[str, Any]] = {}
    scored = [[a for a in side if a[1] is not None and a[2] > 0] for side in (before, after)]
    overall = [sum(MARKS[scale](s) * w for _, s, w in side) / sum(w for *_, w in side) for side in scored]
    for name in {a[0] for side in scored for a in side}:
        own = [[a for a in side if a[0] == name] for side in scored]
        share = [sum(w for *_, w in own[i]) / sum(w for *_, w in scored[i]) for i in (0, 1)]
        mean = [sum(MARKS[scale](s) * w for _, s, w in o) / sum(w for *_, w in o) if o else None for o in own]
        m0, m1 = (mean[i] if mean[i] is not None else mean[1 - i] for i in (0, 1))
        out[name] = {
            "kind": "entered" if not own[0] else "left" if not own[1] else "both",
            "n_before": len(own[0]),
            "n_after": len(own[1]),
            "share_before": share[0],
            "share_after": share[1],
            "score_before": mean[0],
            "score_after": mean[1],
            "who": (share[1] - share[0]) * ((m0 + m1) / 2 - sum(overall) / 2),
            "said": (m1 - m0) * sum(share) / 2,
        }
    return out


def sides(scores: st.SearchStrategy[Any]) -> st.SearchStrategy[Side]:
    answer = st.tuples(st.sampled_from(["a", "b", "c", "d", "", None]), scores, st.sampled_from([1.0, 2.0, 0.3, 0.0]))
    return st.lists(answer, min_size=1, max_size=15).filter(lambda s: any(a[1] is not None and a[2] > 0 for a in s))


@given(st.data(), st.sampled_from(list(MARKS)))
@settings(max_examples=many(150), deadline=None)
def test_parts_are_those_of_the_formula_and_leave_no_remainder(data: st.DataObject, scale: str) -> None:
    answers = {"nps": st.integers(0, 10), "csat": st.integers(1, 5), "mean": st.floats(-1e3, 1e3)}[scale]
    before, after = (data.draw(sides(st.one_of(answers, st.none()))) for _ in range(2))
    found = sj.score_change(table(before), table(after), scale=scale, weights="weight", draws=10)
    near = 1e-9 if scale != "mean" else 1e-6
    truth = expected(before, after, scale)
    ours = groups(found)
    assert set(ours) == set(truth)
    for name, row in truth.items():
        for column, value in row.items():
            assert ours[name][column] == (
                value if value is None or isinstance(value, str) else pytest.approx(value, abs=near)
            ), (name, column)
    total = totals(found)
    assert total["change"] == pytest.approx(total["after"] - total["before"], abs=near)
    assert total["who"] + total["said"] == pytest.approx(total["change"], abs=near)
    assert sum(row["who"] + row["said"] for row in ours.values()) == pytest.approx(total["change"], abs=near)
    for kind in ("entered", "left"):
        parts = [row["who"] for row in truth.values() if row["kind"] == kind]
        assert total[kind] == pytest.approx(sum(parts), abs=near)
    kinds = found.groups.to_dict()["kind"]
    assert kinds == sorted(kinds, key=["both", "entered", "left"].index)
    assert (found.unscored_before, found.unscored_after) == tuple(
        sum(a[1] is None for a in side) for side in (before, after)
    )
    back = sj.score_change(table(after), table(before), scale=scale, weights="weight", draws=10)
    assert back.who == pytest.approx(-found.who, abs=near) and back.said == pytest.approx(-found.said, abs=near)


def answers(chance: random.Random, n: int, shares: dict[str, float], mood: dict[str, float]) -> Side:
    names = chance.choices(list(shares), list(shares.values()), k=n)
    return [(g, float(min(10, max(0, round(chance.gauss(mood[g], 2))))), 1.0) for g in names]


MOOD = {"app": 5.0, "branch": 9.0, "phone": 7.0}
FEW, MANY = {"app": 0.2, "branch": 0.6, "phone": 0.2}, {"app": 0.6, "branch": 0.2, "phone": 0.2}


def test_a_change_of_who_was_asked_alone_is_told_from_a_change_of_what_they_said() -> None:
    chance = random.Random(1)
    same = sj.score_change(table(answers(chance, 6000, FEW, MOOD)), table(answers(chance, 6000, MANY, MOOD)))
    value, low, high = (totals(same, column) for column in ("value", "low", "high"))
    assert value["change"] < -30 and value["who"] < -30
    assert abs(value["said"]) < 3 and low["said"] <= 0 <= high["said"]
    assert high["who"] < 0

    worse = {g: m - 2 for g, m in MOOD.items()}
    said = sj.score_change(table(answers(chance, 6000, FEW, MOOD)), table(answers(chance, 6000, FEW, worse)))
    value, low, high = (totals(said, column) for column in ("value", "low", "high"))
    assert value["change"] < -30 and value["said"] < -30
    assert abs(value["who"]) < 3 and low["who"] <= 0 <= high["who"]
    assert high["said"] < 0


def test_simpsons_paradox_every_group_is_happier_and_the_score_falls() -> None:
    before = table([("a", 10, 1)] * 60 + [("a", 8, 1)] * 20 + [("b", 8, 1)] * 4 + [("b", 2, 1)] * 16)
    after = table([("a", 10, 1)] * 18 + [("a", 8, 1)] * 2 + [("b", 8, 1)] * 32 + [("b", 2, 1)] * 48)
    found = sj.score_change(before, after)
    rows = groups(found)
    assert all(row["score_after"] > row["score_before"] for row in rows.values())
    assert found.change < 0 < found.said
    assert found.who == pytest.approx(found.change - found.said)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    truth = sj.score_change(
        table(answers(random.Random(2), 200_000, FEW, MOOD)),
        table(answers(random.Random(3), 200_000, MANY, MOOD)),
        draws=1,
    )
    held = {"who": 0, "said": 0, "change": 0}
    for seed in range(200):
        chance = random.Random(100 + seed)
        found = sj.score_change(
            table(answers(chance, 150, FEW, MOOD)), table(answers(chance, 150, MANY, MOOD)), draws=200, seed=seed
        )
        for part in held:
            held[part] += totals(found, "low")[part] <= totals(truth)[part] <= totals(found, "high")[part]
    assert all(165 <= times <= 195 for times in held.values()), held  # 180 expected, ± 3.5 standard errors


def test_customers_who_answer_on_both_sides_are_drawn_as_one() -> None:
    chance = random.Random(4)
    moods = [chance.choice([2, 5, 10]) for _ in range(300)]
    before = table([("a", m, 1) for m in moods], customer=[f"c{i}" for i in range(300)])
    after = table([("a", m, 1) for m in moods[::-1]], customer=[f"c{i}" for i in reversed(range(300))])
    paired, alone = (sj.score_change(before, after, customer=c, draws=300) for c in ("customer", None))
    assert totals(paired, "low")["change"] == pytest.approx(0, abs=1e-9)
    assert totals(paired, "high")["change"] == pytest.approx(0, abs=1e-9)
    assert totals(alone, "high")["change"] - totals(alone, "low")["change"] > 5


def test_neither_threads_nor_order_nor_library_show() -> None:
    chance = random.Random(5)
    sides_ = [answers(chance, 300, FEW, MOOD), answers(chance, 200, MANY, MOOD)]
    ids = [[f"c{chance.randint(0, 150)}" for _ in side] for side in sides_]
    first = None
    for threads, order in ((1, 0), (3, 0), (None, 1), (2, 2)):
        tables = []
        for side, customers in zip(sides_, ids, strict=True):
            rows = list(zip(side, customers, strict=True))
            random.Random(order).shuffle(rows)
            tables.append(table([row[0] for row in rows], customer=[row[1] for row in rows]))
        found = sj.score_change(*tables, customer="customer", draws=40, threads=threads)
        again = (found.groups.to_dict(), found.totals.to_dict())
        first = first or again
        assert again == first
    frames = [pd.DataFrame({"group": [a[0] for a in side], "score": [a[1] for a in side]}) for side in sides_]
    plain = sj.score_change(*frames, draws=20).totals.to_dict()
    assert sj.score_change(*[pl.from_pandas(f) for f in frames], draws=20).totals.to_dict() == plain
    assert sj.score_change(*[f.to_dict("list") for f in frames], draws=20).totals.to_dict() == plain
    assert sj.score_change(*frames, draws=20, seed=1).totals.to_dict()["low"] != plain["low"]


def test_groups_may_be_numbers_booleans_or_null() -> None:
    for names, shown in (([1, 2, 10], {"1", "2", "10"}), ([True, False, None], {"true", "false", None})):
        side = {"group": names, "score": [1, 9, 8]}
        assert set(groups(sj.score_change(side, side, draws=1))) == shown


def test_weights_in_any_unit_are_the_same() -> None:
    side = [("a", 10, 1.0), ("b", 3, 2.0), ("a", 7, 0.5)]
    other = [("a", 9, 1.0), ("b", 6, 1.0)]
    one = sj.score_change(table(side), table(other), weights="weight", draws=10)
    for factor in (2.0**-90, 3e15):
        scaled = [(g, s, w * factor) for g, s, w in side]
        again = sj.score_change(table(scaled), table(other), weights="weight", draws=10)
        assert totals(again) == pytest.approx(totals(one), abs=1e-9)


GOOD = {"group": ["a", "b"], "score": [9, 2], "weight": [1.0, 1.0], "id": ["x", "y"]}


@pytest.mark.parametrize(
    ("side", "options", "message"),
    [
        (GOOD | {"score": [9, 11]}, {}, r"'score', row 1: found 11, expected a whole number from 0 to 10"),
        (GOOD | {"score": [None, None]}, {}, "after: found no answer with a score"),
        (GOOD | {"score": ["9", "8"]}, {}, "found strings, expected numbers"),
        (GOOD | {"group": [1.5, 2.5]}, {}, "found floats, expected strings"),
        (GOOD | {"weight": [1.0, -1.0]}, {"weights": "weight"}, "row 1"),
        (GOOD | {"weight": [1.0, None]}, {"weights": "weight"}, "row 1: found null"),
        (GOOD | {"weight": [0.0, 0.0]}, {"weights": "weight"}, "after: found no answer"),
        (GOOD | {"id": ["x", None]}, {"customer": "id"}, "row 1: found null"),
        (GOOD, {"group": "grop"}, "no column 'grop'"),
        (GOOD, {"scale": "stars"}, "scale: found 'stars'"),
        (GOOD, {"interval": 0.0}, "interval"),
        (GOOD, {"draws": 0}, "draws"),
        (GOOD, {"seed": 2**64}, "seed"),
        (7, {}, "after: found int"),
    ],
)
def test_bad_tables_are_refused(side: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.score_change(GOOD, side, **options)


START = datetime(2026, 1, 1)
DAY = timedelta(days=1)


def attributed(seed: int) -> sj.Attribution:
    """Give voices of two sources about three moments, some about none, over 40 days."""
    chance = random.Random(seed)
    events = [
        (c, START + chance.random() * 30 * DAY, chance.choice(["m0", "m1", "m2"])) for c in range(80) for _ in "ab"
    ]
    names = ["customer", "time", "event"]
    log = sj.EventLog(pa.table({name: [e[i] for e in events] for i, name in enumerate(names)}))
    moments = [sj.Moment(f"m{i}", "late" if i else "early", when=sj.event(f"m{i}")) for i in (2, 0, 1)]
    voices = [
        (c % 90, START + chance.random() * 40 * DAY, chance.choice(["mail", "app"]), chance.choice([None, 0, 8, 9, 10]))
        for c in range(200)
    ]
    voices.append((3, START + 20 * DAY, "mail", 0))  # at the instant that splits
    said = pa.table({name: [v[i] for v in voices] for i, name in enumerate(["customer", "time", "source", "score"])})
    return (
        sj.Journey(["early", "late"], moments)
        .match(log)
        .attribute(said, source="source", score="score", horizon="15d", method="linear")
    )


@pytest.mark.parametrize("by", ["moment", "stage", "source", ["source", "moment"], ["stage", "moment", "source"]])
def test_voices_are_grouped_by_what_they_are_about(by: str | list[str]) -> None:
    attribution = attributed(6)
    at = START + 20 * DAY
    words = [by] if isinstance(by, str) else by
    feedback = attribution.feedback.rows()
    split: tuple[Side, Side] = ([], [])
    for cell in attribution.weights().rows():
        voice = feedback[cell["feedback"]]
        names = {"moment": cell["moment"], "stage": cell["stage"], "source": voice["source"]}
        if cell["weight"] > 0:
            split[voice["time"] >= at].append((tuple(names[word] for word in words), voice["score"], cell["weight"]))
    truth = expected(*split, "nps")
    found = attribution.score_change(at, by=by, draws=20)
    ours = {tuple(row[word] for word in words): row for row in found.groups.rows()}
    assert set(ours) == set(truth)
    for name, row in truth.items():
        for column in ("share_before", "share_after", "score_before", "score_after", "who", "said"):
            assert ours[name][column] == pytest.approx(row[column], abs=1e-9), (name, column)
    assert sum(row["n_before"] + row["n_after"] for row in ours.values()) == pytest.approx(
        sum(voice["score"] is not None for voice in feedback)
    )
    assert found.who + found.said == pytest.approx(found.change)
    assert found.unscored_before + found.unscored_after == attribution.unscored
    assert attribution.score_change("2026-01-21", by=by, draws=20, threads=1).totals.to_dict() == found.totals.to_dict()


def test_other_times_and_groups_are_refused() -> None:
    attribution = attributed(7)
    for at, by, message in (
        (START, "owner", "by: found 'owner'"),
        (START, [], "by: found nothing"),
        (START + 20 * DAY, ["moment", "moment"], "each once"),
        (START - DAY, "moment", "before: found no answer"),
        (START + 99 * DAY, "moment", "after: found no answer"),
        ("soon", "moment", "at"),
    ):
        with pytest.raises(sj.InvalidInput, match=message):
            attribution.score_change(at, by=by)
