"""Attribution against its oracle over small worlds rich in ties, links, strangers and nulls; bad feedback by row."""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from oracles import attribution as oracle
from oracles.patterns import shift

DAY = timedelta(days=1)
START = datetime(2024, 2, 26)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MOMENTS = ("order", "again", "complain", "silence", "never")
HOSTILE = "<script>alert('x')</script>\"&{{ 7*7 }}\x00'; drop table voices; --"

journey = sj.Journey(
    ["buy", "use"],
    [
        sj.Moment("order", "buy", when=sj.event("order")),
        sj.Moment("again", "use", when=sj.nth("order", 2)),  # at the same event as an order
        sj.Moment("complain", "use", when=sj.any_of("call", "mail")),
        sj.Moment("silence", "use", when=sj.gap("3d")),
        sj.Moment("never", "buy", when=sj.event("refund")),
    ],
)


@dataclass(frozen=True)
class World:
    """One generated case; days count from START, in the log's zone."""

    events: list[dict[str, Any]]
    voices: list[dict[str, Any]]
    windows: dict[str, tuple[float, float]] | None
    zone: str | None
    horizon: str
    half_life: str


days = st.sampled_from([0, 0.5, 1, 2, 3, 4, 5, 6, 28, 29, 33, 34, 35])
keys = st.sampled_from([None, None, "k", "l"])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    events = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "customer": st.sampled_from(["ann", "bob", "cem"]),
                    "day": days,
                    "event": st.sampled_from(["order", "order", "call", "mail", "pay"]),
                    "key": keys,
                    "value": st.sampled_from([None, 1.0, 2.5, -4.0, 0.1]),
                }
            ),
            min_size=1,
            max_size=14,
        )
    )
    voices = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "customer": st.sampled_from(["ann", "bob", "cem", "dan", "eve"]),
                    "day": days,
                    "source": st.sampled_from(["survey", "phone", None]),
                    "score": st.one_of(st.none(), st.integers(0, 10)),
                    "key": st.sampled_from([None, None, "k", "l", "m"]),
                    "moment": st.sampled_from([None, None, None, "order", "complain", "never"]),
                }
            ),
            min_size=1,
            max_size=12,
        )
    )
    windows = None
    if draw(st.booleans()):
        for voice in voices:
            voice["source"] = voice["source"] or "phone"
        windows = {"letters": (3.0, 5.0)}
        for source in {voice["source"] for voice in voices}:
            said = [voice["day"] for voice in voices if voice["source"] == source]
            early, late = draw(st.tuples(st.sampled_from([0, 0.5, 40]), st.sampled_from([0, 0.5, 40])))
            windows[source] = (min(said) - early, max(said) + late)
    return World(
        events,
        voices,
        windows,
        draw(st.sampled_from([None, "UTC", "Europe/Berlin"])),
        draw(st.sampled_from(["2d", "12h", "0d", "5d", "60d", "1 month"])),
        draw(st.sampled_from(["1d", "7d", "10h"])),
    )


def instant(day: float, zone: str | None) -> datetime:
    moment = START + day * DAY
    return moment.replace(tzinfo=ZoneInfo(zone)) if zone else moment


def micros(moment: datetime) -> int:
    return (moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc) - EPOCH) // timedelta(
        microseconds=1
    )


def table(rows: list[dict[str, Any]], zone: str | None, **kinds: pa.DataType) -> pa.Table:
    time = pa.timestamp("us", zone)
    columns = {"customer": pa.array([r["customer"] for r in rows], pa.string())}
    columns["time"] = pa.array([instant(r["day"], zone) for r in rows], time)
    return pa.table(columns | {name: pa.array([r[name] for r in rows], kind) for name, kind in kinds.items()})


def matched(world: World, threads: int | None = None) -> sj.Matches:
    events = table(world.events, world.zone, event=pa.string(), key=pa.string(), value=pa.float64())
    return journey.match(sj.EventLog(events, key="key", value="value"), threads=threads)


ROLES: dict[str, str] = {name: name for name in ("source", "score", "key", "moment")}
VOICE_TYPES = {"source": pa.string(), "score": pa.int64(), "key": pa.string(), "moment": pa.string()}


def attributed(world: World, method: str, matches: sj.Matches, **options: Any) -> sj.Attribution:
    observed = None
    if world.windows is not None:
        bounds = [[instant(w[i], world.zone) for w in world.windows.values()] for i in (0, 1)]
        kind = pa.timestamp("us", world.zone)
        observed = pa.table(
            {"source": list(world.windows), "from": pa.array(bounds[0], kind), "to": pa.array(bounds[1], kind)}
        )
    return matches.attribute(
        table(world.voices, world.zone, **VOICE_TYPES),
        observed=observed,
        horizon=world.horizon,
        method=method,
        half_life=world.half_life,
        **ROLES,
        **options,
    )


def near(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


@settings(max_examples=many(300), deadline=None)
@given(worlds(), st.sampled_from(["last_touch", "linear", "time_decay"]))
def test_attribution_agrees_with_the_oracle(world: World, method: str) -> None:
    matches = matched(world)
    occurrences = matches.occurrences().rows()
    for row in occurrences:
        row["time"] = micros(row["time"])
    voices = [voice | {"time": micros(instant(voice["day"], world.zone))} for voice in world.voices]
    observed = world.windows and {
        source: (micros(instant(a, world.zone)), micros(instant(b, world.zone)))
        for source, (a, b) in world.windows.items()
    }

    def opens(time: int) -> int:
        return shift(time, world.horizon, -1, world.zone or "UTC")

    half_life = shift(0, world.half_life, 1, "UTC")
    wanted = oracle.weights(occurrences, voices, opens, method, half_life)
    attribution = attributed(world, method, matches)
    found = attribution.weights().rows()
    assert [(r["feedback"], r["occurrence_id"], r["moment"], r["stage"], r["how"]) for r in found] == [
        (v, *(occurrences[i][name] if i is not None else None for name in ("occurrence_id", "moment", "stage")), how)
        for v, i, _, how in wanted
    ]
    assert all(near(r["weight"], float(w)) for r, (*_, w, _) in zip(found, wanted, strict=True))
    for v in range(len(voices)):
        assert abs(math.fsum(r["weight"] for r in found if r["feedback"] == v) - 1) < 1e-12

    assert len(attribution) == len(voices)
    assert attribution.unattributed == sum(i is None for _, i, *_ in wanted)
    assert attribution.other_customers == sum(
        voice["customer"] not in {e["customer"] for e in world.events} for voice in voices
    )
    assert attribution.unscored == sum(voice["score"] is None for voice in voices)

    rows = attribution.moments().rows()
    for row, (moment, said, heard, score, delay) in zip(
        rows, oracle.moments(occurrences, voices, wanted, MOMENTS, observed, opens), strict=True
    ):
        assert row["moment"] == moment
        assert near(row["voices"], said) and near(row["heard_share"], heard), row
        assert near(row["score"], score), row
        assert (row["delay"] is None) == (delay is None)
        # Weights rounded to 2^-40 stand on up to 60 days: some microseconds in the sum.
        assert delay is None or math.isclose(row["delay"] * said, delay * said, rel_tol=1e-9, abs_tol=1e-4), row
        assert (row["low"] is None) == (score is None)
        assert score is None or -100 <= row["low"] <= row["score"] <= row["high"] <= 100

    worth: dict[str, float] = {}
    for event in world.events:
        worth[event["customer"]] = worth.get(event["customer"], 0.0) + (event["value"] or 0.0)
    cells = attribution.coverage().rows()
    stages = {m.id: m.stage for m in journey.moments}
    for cell, want in zip(
        cells, oracle.coverage(occurrences, voices, wanted, MOMENTS, observed, opens, worth), strict=True
    ):
        assert cell["stage"] == stages.get(want["moment"])
        for name, value in want.items():
            assert near(cell[name], value) if isinstance(value, float) else cell[name] == value, (name, cell, want)
    # What is said is somewhere: cells add up to the voices.
    assert math.isclose(sum(cell["voices"] for cell in cells), len(voices), abs_tol=1e-9)

    by_stage = attribution.coverage(by="stage").rows()
    order = [stage.id for stage in journey.stages]
    for cell, want in zip(
        by_stage, oracle.coverage(occurrences, voices, wanted, order, observed, opens, worth, stages), strict=True
    ):
        assert "moment" not in cell
        for name, value in want.items():
            assert near(cell[name], value) if isinstance(value, float) else cell[name] == value, (name, cell, want)
    assert math.isclose(sum(cell["voices"] for cell in by_stage), len(voices), abs_tol=1e-9)


@settings(max_examples=many(40), deadline=None)
@given(worlds(), st.sampled_from(["last_touch", "linear", "time_decay"]))
def test_threads_do_not_show(world: World, method: str) -> None:
    def everything(threads: int) -> list[Any]:
        attribution = attributed(world, method, matched(world, threads), threads=threads)
        tables = [attribution.weights(threads=threads), attribution.moments()]
        tables += [attribution.coverage(by) for by in ("moment", "stage")]
        return [t.to_arrow().to_pydict() for t in tables]

    assert everything(1) == everything(4)


@settings(max_examples=many(40), deadline=None)
@given(worlds())
def test_what_is_rebuilt_is_the_same(world: World) -> None:
    attribution = attributed(world, "time_decay", matched(world))
    rebuild, arguments = attribution.__reduce__()
    matches, *rest = arguments
    again = rebuild(matches, *pickle.loads(pickle.dumps(rest)))
    assert repr(again) == repr(attribution)
    for name in ("weights", "moments", "coverage"):
        assert getattr(again, name)().to_dict() == getattr(attribution, name)().to_dict()


# --- by hand ----------------------------------------------------------------------------------------------------------


def small(**more: Any) -> sj.Matches:
    events: dict[str, Any] = {"customer": [1, 1, 2], "time": [START, START + DAY, START], "event": ["order"] * 3}
    return journey.match(sj.EventLog(events | more, key="key" if "key" in more else None))


def voices(**more: Any) -> dict[str, Any]:
    return {"customer": [1, 2], "time": [START + DAY, START + DAY], **more}


def test_without_a_source_column_the_one_source_is_feedback_and_silence_is_shown() -> None:
    attribution = small().attribute(voices(), method="linear", horizon="2d")
    cells = attribution.coverage().rows()
    assert [c["source"] for c in cells] == ["feedback"] * 6
    assert [
        (c["moment"], round(c["voices"], 12), c["silent"]) for c in cells if c["moment"] in ("order", "silence", None)
    ] == [
        ("order", round(5 / 3, 12), False),
        ("silence", 0, False),  # it never occurred
        (None, 0, None),
    ]
    assert {c["value"] for c in cells} == {None}  # a log without values
    with pytest.raises(sj.InvalidInput, match="by: found 'source', expected 'moment' or 'stage'"):
        attribution.coverage(by="source")
    quiet = small().attribute(voices(customer=[3, 4]), method="linear").coverage().rows()
    assert [c["silent"] for c in quiet] == [True, True, False, False, False, None]
    assert quiet[-1]["speakers"] == 2


def test_no_voices_at_all() -> None:
    nobody = {"customer": [], "time": []}
    attribution = small().attribute(nobody, method="linear")
    assert repr(attribution) == "Attribution(0 voices, none unattributed, linear, horizon 60d)"
    assert len(attribution.weights()) == 0
    assert [r["heard_share"] for r in attribution.moments().rows()] == [0, 0, None, None, None]
    assert [c["silent"] for c in attribution.coverage().rows()] == [True, True, False, False, False, None]
    assert len(small().attribute(nobody | {"s": []}, source="s", method="linear").coverage()) == 0


def test_what_it_says_of_itself() -> None:
    attribution = small().attribute(voices(customer=[1, 9]), method="last_touch", horizon="2 months")
    assert (
        repr(attribution)
        == "Attribution(2 voices, 50.0% unattributed, 1 of other customers, last_touch, horizon 2 months)"
    )
    assert (attribution.method, attribution.horizon, attribution.unattributed) == ("last_touch", "2 months", 1)
    assert attribution._repr_html_() == attribution.moments()._repr_html_()
    fine = pl.DataFrame(voices()).with_columns(pl.col("time").cast(pl.Datetime("ns")) + pl.duration(nanoseconds=1))
    assert "2 times cut to the microsecond" in repr(small().attribute(fine, method="linear"))


def test_hostile_text_goes_through_untouched_into_nothing() -> None:
    said = voices(text=[HOSTILE, None], topic=[HOSTILE, "price"], source=[HOSTILE, HOSTILE], solicited=[True, None])
    roles = {name: name for name in ("text", "topic", "source", "solicited")}
    attribution = small().attribute(said, method="linear", **roles)
    assert attribution.feedback.to_dict() == {k: said[k] for k in attribution.feedback.columns}
    assert attribution.feedback.columns == ["customer", "time", "source", "solicited", "topic", "text"]
    plain = small().attribute(voices(), method="linear")
    assert attribution.weights().to_dict() == plain.weights().to_dict()
    assert attribution.moments().to_dict() == plain.moments().to_dict()
    assert {c["source"] for c in attribution.coverage().rows()} == {HOSTILE}
    for page in (attribution._repr_html_(), attribution.coverage()._repr_html_(), attribution.feedback._repr_html_()):
        assert "<script>" not in page


def test_scores_by_other_scales() -> None:
    matches, said = small(), voices(score=[5, 2])
    share = (
        matches.attribute(said, score="score", scale="csat", method="last_touch", horizon="2d").moments(0.95).rows()[1]
    )
    assert (share["moment"], share["score"]) == ("again", 1.0)
    whole = sj.csat([5], interval=0.95)
    assert near(share["low"], whole.low) and share["high"] == 1
    mean = matches.attribute(said, score="score", scale="mean", method="linear", horizon="2d").moments(0.9).rows()
    assert near(mean[0]["score"], (5 * 2 / 3 + 2) / (5 / 3)) and mean[0]["low"] < mean[0]["score"] < mean[0]["high"]
    assert mean[1]["low"] is None and mean[1]["score"] == 5  # a third of a voice has no spread


def test_any_table_and_kind_of_number_will_do() -> None:
    matches, said = small(), voices(score=[9.0, None])
    wanted = matches.attribute(said, score="score", method="linear").moments().to_dict()
    frames: list[Any] = [
        pd.DataFrame(said),
        pl.DataFrame(said),
        pa.table(said),
        pl.DataFrame(said).with_columns(pl.col("score").cast(pl.Decimal(10, 2)), pl.col("customer").cast(pl.UInt8)),
    ]
    for frame in frames:
        found = matches.attribute(frame, score="score", method="linear")
        assert found.moments().to_dict() == wanted
        assert type(found.weights().to_native()) is type(frame)
        assert found.unscored == 1


def test_ids_of_other_customers_stay_apart() -> None:
    unsigned = pa.table({"customer": pa.array([2**64 - 1], pa.uint64()), "time": [START], "event": ["order"]})
    matches = journey.match(sj.EventLog(unsigned))
    attribution = matches.attribute({"customer": [-1, -2, -1], "time": [START] * 3}, method="linear")
    assert attribution.other_customers == 3
    assert attribution.coverage().rows()[-1]["speakers"] == 2


def test_keys_may_be_numbers() -> None:
    matches = small(key=[7, 8, None])
    how = matches.attribute(voices(key=[7, 9]), key="key", method="linear").weights().rows()
    assert [(r["feedback"], r["moment"], r["how"]) for r in how] == [(0, "order", "key"), (1, "order", "model")]
    floats = pd.DataFrame(voices(key=[7, None]))
    with pytest.raises(
        sj.InvalidInput, match="column 'key': found floats, expected integers or strings, as the events"
    ):
        matches.attribute(floats, key="key", method="linear")


def refusals() -> list[tuple[dict[str, Any], dict[str, Any], str]]:
    zoned = [START.replace(tzinfo=timezone.utc)] * 2
    late = START + 9 * DAY
    window = {"source": ["survey"], "from": [START], "to": [START + 2 * DAY]}
    survey = {"s": ["survey", "survey"]}
    return [
        (voices(), {"method": "u_shaped"}, "method: found 'u_shaped', expected 'declustering'"),
        (voices(), {"delay": "gamma"}, "delay: found 'gamma', expected 'exponential', 'weibull' or 'piecewise'"),
        (
            voices(),
            {"method": "declustering", "horizon": "2 months"},
            "horizon: found '2 months', expected a fixed span",
        ),
        (voices(), {"horizon": "soon"}, "horizon: found 'soon', expected a duration"),
        (voices(), {"half_life": "1 month"}, "half_life: found '1 month', expected a fixed span"),
        (voices(), {"half_life": "0d"}, "half_life: found '0d'"),
        (voices(), {"scale": "stars"}, "scale: found 'stars', expected 'nps', 'csat' or 'mean'"),
        (voices(), {"threads": 0}, "threads: found 0"),
        (voices(), {"score": "scor"}, "feedback: found no column 'scor'"),
        (voices(score=[1, 2]), {"score": "scores"}, r"did you mean 'score'\?"),
        (
            {"customer": [1, None], "time": [START] * 2},
            {},
            "column 'customer', row 1: found null, expected a customer id",
        ),
        (
            {"customer": ["1", "2"], "time": [START] * 2},
            {},
            "column 'customer': found strings, expected ids as in the events: integers",
        ),
        ({"customer": [1.0, 2.0], "time": [START] * 2}, {}, "column 'customer': found floats"),
        (voices(time=[START, None]), {}, "column 'time', row 1: found null, expected a time"),
        (voices(time=zoned), {}, "column 'time': found zoned times, expected naive times, as the events'"),
        (voices(time=["2024-01-01"] * 2), {}, "column 'time': found strings, expected timestamps or dates"),
        (
            voices(score=[10, 11]),
            {"score": "score"},
            "column 'score', row 1: found 11, expected a whole number from 0 to 10",
        ),
        (voices(score=[10, 9.5]), {"score": "score"}, "row 1: found 9.5"),
        (
            voices(score=[0, 5]),
            {"score": "score", "scale": "csat"},
            "row 0: found 0, expected a whole number from 1 to 5",
        ),
        (
            voices(score=[0.0, math.inf]),
            {"score": "score", "scale": "mean"},
            "row 1: found inf, expected a number from",
        ),
        (voices(score=["9", "10"]), {"score": "score"}, "column 'score': found strings, expected numbers"),
        (voices(score=[True, False]), {"score": "score"}, "column 'score': found booleans"),
        (
            voices(moment=[None, "ordr"]),
            {"moment": "moment"},
            r"row 1: found 'ordr' \(did you mean 'order'\?\), expected one of",
        ),
        (voices(moment=[1, 2]), {"moment": "moment"}, "column 'moment': found integers"),
        (voices(key=["k", "l"]), {"key": "key"}, "column 'key': found keys, while the events have none"),
        (voices(s=[1, 2]), {"source": "s"}, "column 's': found integers, expected strings"),
        (voices(s=[1, 2]), {"solicited": "s"}, "column 's': found integers, expected booleans"),
        (voices(s=[1, 2]), {"text": "s"}, "column 's': found integers, expected strings"),
        (voices(s=["survey", None]), {"source": "s", "observed": window}, "column 's', row 1: found source null"),
        (
            voices(s=["survey", "phone"]),
            {"source": "s", "observed": window},
            "column 's', row 1: found source 'phone', expected one of those that observed lists",
        ),
        (voices(), {"observed": window}, "row 0: found source 'feedback'"),
        (
            voices(time=[START, late], **survey),
            {"source": "s", "observed": window},
            "column 'time', row 1: found 2024-03-06T00:00:00Z, when 'survey' was not listened to",
        ),
        (voices(**survey), {"source": "s", "observed": window | {"to": [START - DAY]}}, "observed, column 'to', row 0"),
        (voices(**survey), {"source": "s", "observed": window | {"to": [None]}}, "observed, column 'to'"),
        (
            voices(**survey),
            {"source": "s", "observed": window | {"from": zoned[:1]}},
            "observed, column 'from': found zoned times",
        ),
        (
            voices(**survey),
            {"source": "s", "observed": {k: v * 2 for k, v in window.items()}},
            "row 1: found 'survey' for the second time",
        ),
        (
            voices(**survey),
            {"source": "s", "observed": window | {"source": [None]}},
            "observed, column 'source', row 0: found null",
        ),
    ]


@pytest.mark.parametrize(("feedback", "options", "message"), refusals())
def test_bad_feedback_is_refused_with_its_place(feedback: Any, options: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        small().attribute(feedback, **({"method": "linear"} | options))


def test_naive_feedback_of_a_zoned_log_is_refused() -> None:
    log = sj.EventLog({"customer": [1], "time": [START.replace(tzinfo=timezone.utc)], "event": ["order"]})
    for time in (START, date(2024, 3, 1)):
        with pytest.raises(sj.InvalidInput, match="found naive times, expected zoned times, as the events'"):
            journey.match(log).attribute({"customer": [1], "time": [time]}, method="linear")
    abroad = {"customer": [1], "time": [START.replace(tzinfo=ZoneInfo("Europe/Berlin"), hour=1)]}  # the same instant
    assert journey.match(log).attribute(abroad, method="linear").unattributed == 0


def test_the_default_method_is_the_model() -> None:
    attribution = small().attribute(voices())
    assert attribution.method == "declustering"
    assert attribution.model.fitted + attribution.model.unfitted == len(attribution)


def test_a_rule_of_thumb_has_no_model() -> None:
    attribution = small().attribute(voices(), method="linear")
    for asked in (lambda: attribution.model, attribution.inseparable):
        with pytest.raises(sj.InvalidInput, match="method: found a rule of thumb, which has no model"):
            asked()


def test_a_weight_of_nothing_is_listed_but_does_not_speak() -> None:
    matches = small(event=["call", "order", "pay"])
    attribution = matches.attribute(voices(score=[9, 2]), score="score", method="time_decay", half_life="1s")
    shares = [(r["moment"], r["weight"]) for r in attribution.weights().rows()]
    assert shares == [("complain", 0), ("order", 1), (None, 1)]
    (complain,) = [c for c in attribution.coverage().rows() if c["moment"] == "complain"]
    assert (complain["speakers"], complain["silent"], complain["score"]) == (0, True, None)
    assert attribution.moments().rows()[2]["delay"] is None
