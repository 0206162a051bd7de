"""Journeys and patterns as people write them: what is refused, and where; what comes back."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from worlds import worlds

INSURER = Path(sj.__file__).parent / "datasets" / "insurer.json"


@pytest.fixture
def insurer() -> dict[str, Any]:
    return dict(json.loads(INSURER.read_text()))


def small(when: Any = None, **more: Any) -> dict[str, Any]:
    """A small journey file with one moment."""
    moment = {"id": "m", "stage": "s", "when": {"event": "a"} if when is None else when, **more}
    return {"schema": "sojourn-journey-1", "stages": [{"id": "s"}], "moments": [moment]}


def day(n: int) -> datetime:
    return datetime(2026, 3, n)


# --- loading, saving --------------------------------------------------------------------------------------------------


def test_the_insurer_loads() -> None:
    journey = sj.Journey.load(INSURER)
    assert repr(journey) == "Journey('personal-lines insurance', version 1: 15 moments in 7 stages, 1 outcome)"
    assert journey.moments[8].when == sj.count("contact", at_least=3, within="30d")
    assert journey.moments[14].when == sj.any_of(
        sj.anniversary("bind", every="10 years"), sj.absent("notice_of_loss", within="5 years", after="bind")
    )
    assert journey.stages[0].needs == ("a clear price",)
    assert journey.outcomes == [sj.Outcome("left", sj.event("household_left"), "Left")]
    assert len(journey.check()) == 0


def test_what_is_written_is_what_was_read(insurer: dict[str, Any], tmp_path: Path) -> None:
    journey = sj.Journey.from_dict(insurer)
    journey.save(tmp_path / "j.json")
    assert sj.Journey.load(tmp_path / "j.json") == journey
    assert [p.name for p in tmp_path.iterdir()] == ["j.json"]
    insurer["moments"][10]["kpi"]["met"]["within"] = "1d"  # 24h: the same, written shorter
    assert journey.to_dict() == insurer
    assert (
        sj.Journey(journey.stages, journey.moments, journey.outcomes, journey.name, journey.version, journey.note)
        == journey
    )
    assert pickle.loads(pickle.dumps(journey)) == journey
    assert hash(sj.Journey.from_dict(insurer)) == hash(journey)


@settings(max_examples=many(300), deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_any_journey_comes_back(world: Any) -> None:
    try:
        journey = sj.Journey.from_dict(world.journey)
    except sj.InvalidInput as error:
        assert "that can hold together" in str(error)
        return
    assert sj.Journey.from_dict(journey.to_dict()) == journey
    jsonschema.validate(journey.to_dict(), sj.Journey.schema())
    jsonschema.validate(world.journey, sj.Journey.schema())


# --- what is refused, and where ---------------------------------------------------------------------------------------

BAD_PATTERNS = [
    ("a", 'moments[0].when: found "a", expected a pattern'),
    ({}, "moments[0].when: found no form among nothing"),
    ({"evnt": "a"}, "found no form among 'evnt' (did you mean 'event'?)"),
    ({"event": "a", "nth": "a", "n": 1}, "moments[0].when: found both 'event' and 'nth', expected one form"),
    ({"event": ""}, "moments[0].when.event: found '', expected the name of an event"),
    ({"event": 3}, "moments[0].when.event: found 3, expected the name of an event or a pattern"),
    ({"event": "this"}, "moments[0].when.event: found 'this'"),
    ({"event": "a", "wher": []}, "moments[0].when: found unknown key 'wher' (did you mean 'where'?)"),
    ({"nth": "a"}, "moments[0].when: found no 'n', expected one"),
    ({"nth": "a", "n": 0}, "moments[0].when.n: found 0, expected 1 or more"),
    ({"nth": "a", "n": 1.5}, "moments[0].when.n: found 1.5E0, expected a whole number"),
    ({"nth": "a", "n": "1"}, 'moments[0].when.n: found "1", expected a whole number'),
    ({"count": "a", "at_least": 0, "within": "1d"}, "moments[0].when.at_least: found 0, expected 1 or more"),
    ({"count": "a", "at_least": 2}, "moments[0].when: found no 'within'"),
    (
        {"count": "a", "at_least": 2, "within": "a month"},
        "moments[0].when.within: found 'a month', expected a duration",
    ),
    ({"count": "a", "at_least": 2, "within": 30}, "moments[0].when.within: found 30, expected a string"),
    ({"count": "a", "at_least": 2, "within": "-1d"}, "moments[0].when.within: found '-1d'"),
    ({"count": "a", "at_least": 2, "within": "1d", "rearm": "no"}, 'moments[0].when.rearm: found "no"'),
    ({"absent": "a", "within": "1d"}, "moments[0].when: found no 'after'"),
    ({"absent": "a", "within": "1d", "after": "this"}, "moments[0].when.after: found 'this'"),
    ({"sequence": [], "within": "1d"}, "moments[0].when.sequence: found 0 patterns, expected 2 or more"),
    ({"sequence": ["a"], "within": "1d"}, "moments[0].when.sequence: found 1 pattern, expected 2 or more"),
    ({"sequence": "a", "within": "1d"}, 'moments[0].when.sequence: found "a", expected a list'),
    ({"sequence": ["a", "b"], "within": "1d", "strict": 1}, "moments[0].when.strict: found 1, expected true or false"),
    ({"sequence": ["a", {"nth": "b", "n": 0}], "within": "1d"}, "moments[0].when.sequence[1].n: found 0"),
    ({"sequence": ["a", {"gap": "x"}], "within": "1d"}, "moments[0].when.sequence[1].gap: found 'x'"),
    ({"anniversary": "a", "every": "0d"}, "moments[0].when.every: found '0d', expected a duration above zero"),
    ({"any_of": []}, "moments[0].when.any_of: found 0 patterns, expected at least one"),
    ({"all_of": ["a"], "within": "1d"}, "moments[0].when.all_of: found 1 pattern, expected 2 or more"),
    (
        {"absent": "a", "within": "1d", "after": {"absent": "b", "within": "1d", "after": {"event": ""}}},
        "when.after.after.event",
    ),
]


@pytest.mark.parametrize(("when", "message"), BAD_PATTERNS)
def test_bad_patterns(when: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        sj.Journey.from_dict(small(when))
    assert message in str(error.value)


AMOUNT = {"column": "amount", "op": ">", "value": 10}
BAD_CONDITIONS = [
    ([{"column": "amount", "op": "=", "value": 1}], 'where[0].op: found "=", expected one of =='),
    ([{"column": "", "op": "==", "value": 1}], "where[0].column: found ''"),
    ([{"colum": "amount", "op": "==", "value": 1}], "found unknown key 'colum' (did you mean 'column'?)"),
    ([{"column": "amount", "op": "=="}], "where[0]: found no 'value'"),
    ([{"column": "amount", "op": "==", "value": None}], "where[0].value: found null, expected a value"),
    ([{"column": "amount", "op": "==", "value": [1]}], "where[0].value: found a list"),
    ([{"column": "amount", "op": "in", "value": []}], "where[0].value: found an empty list"),
    ([{"column": "amount", "op": "in", "value": [1, None]}], "where[0].value: found null"),
    ([{"any": []}], "where[0].any: found an empty list"),
    ([{"spell_number": 1}], "where[0]: found spell_number"),
    (
        [AMOUNT, {"column": "amount", "op": "<", "value": 10}],
        "found amount > 10 and amount < 10, expected conditions on 'amount'",
    ),
    ([AMOUNT, {"column": "amount", "op": "==", "value": 10.0}], "that can hold together"),
    ([AMOUNT, {"column": "amount", "op": "in", "value": [1, 2]}], "that can hold together"),
    ([AMOUNT, {"column": "amount", "op": "==", "value": "ten"}], "that can hold together"),
    ([AMOUNT, {"column": "amount", "op": "is_null"}], "that can hold together"),
    ([{"column": "t", "op": "==", "value": "x"}, {"column": "t", "op": "==", "value": "y"}], "that can hold together"),
    ([{"any": [{"all": [AMOUNT, {"column": "amount", "op": "<", "value": 3}]}, AMOUNT]}], "where[0].any[0]: found"),
]


@pytest.mark.parametrize(("where", "message"), BAD_CONDITIONS)
def test_bad_conditions(where: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        sj.Journey.from_dict(small({"event": "a", "where": where}))
    assert "moments[0].when.where" in str(error.value)
    assert message in str(error.value)


def test_conditions_that_can_hold_are_accepted() -> None:
    for where in (
        [],
        AMOUNT,
        [AMOUNT, {"column": "amount", "op": "<=", "value": 10.5}],
        [{"column": "amount", "op": ">=", "value": 10}, {"column": "amount", "op": "<=", "value": 10}],
        [{"not": [AMOUNT, {"column": "amount", "op": "<", "value": 3}]}],
        [
            {"column": "day", "op": ">=", "value": "2026-03-01T00:00"},
            {"column": "day", "op": "<=", "value": "2026-03-01"},
        ],
        [{"column": "amount", "op": "is_null", "value": False}, AMOUNT],
    ):
        sj.Journey.from_dict(small({"event": "a", "where": where}))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The insurer's file with one thing changed; a path as 'moments.3.when.n', ending in '-' to delete."""
    written = json.loads(INSURER.read_text())
    at = written
    *walk, last = [int(step) if step.isdigit() else step for step in path.removesuffix("-").split(".")]
    for step in walk:
        at = at[step]
    if path.endswith("-"):
        del at[last]
    else:
        at[last] = value
    return dict(written)


BAD_FILES = [
    ("schema", "sojourn-journey-2", "schema: found \"sojourn-journey-2\", expected 'sojourn-journey-1'"),
    ("schema-", None, "found no 'schema'"),
    ("version", 0, "version: found 0, expected 1 or more"),
    ("version", "1", 'version: found "1", expected a whole number'),
    ("stages", {}, "stages: found an object, expected a list"),
    ("stages-", None, "found no 'stages'"),
    ("moments", [], "moments: found none, expected at least one"),
    ("moment", [], "found unknown key 'moment' (did you mean 'moments'?)"),
    ("stages.1.id", "quote", "stages[1].id: found 'quote' a second time"),
    ("stages.1.id", "END", "stages[1].id: found 'END', expected another id"),
    ("stages.1.goal", 5, "stages[1].goal: found 5, expected a string"),
    ("stages.1.needs", "price", 'stages[1].needs: found "price", expected a list'),
    ("moments.3.id", "bind", "moments[3].id: found 'bind' a second time"),
    ("moments.3.id", "", "moments[3].id: found ''"),
    (
        "moments.3.id",
        "this",
        "moments[3].id: found 'this', expected another id (START, END, observed and this are reserved)",
    ),
    ("moments.3.id-", None, "moments[3]: found no 'id'"),
    ("moments.3.stage", "onbord", "moments[3].stage: found unknown stage 'onbord' (did you mean 'onboard'?)"),
    ("moments.3.kind", "odd", "moments[3].kind: found \"odd\", expected 'obvious' or 'missed'"),
    ("moments.3.owner", "Agency", "moments[3]: found unknown key 'owner'"),
    ("moments.3.shared", [1], "moments[3].shared[0]: found 1, expected a string"),
    ("moments.3.kpi.target", 97, "moments[3].kpi.target: found 97, expected a share between 0 and 1"),
    ("moments.3.kpi.name", "", "moments[3].kpi.name: found ''"),
    ("moments.3.kpi.met", {"abesnt": "x"}, "moments[3].kpi.met: found 'abesnt' (did you mean 'absent'?)"),
    ("moments.3.kpi.met.after", "bind", 'moments[3].kpi.met.after: found "bind", expected "this"'),
    ("moments.3.kpi.met.within", "30 d!", "moments[3].kpi.met.within: found '30 d!', expected a duration"),
    ("moments.3.kpi.met.follows", "x", "moments[3].kpi.met: found both 'follows' and 'absent'"),
    ("moments.2.kpi.met.follows", {"nth": "x", "n": 0}, "moments[2].kpi.met.follows.n: found 0"),
    ("moments.5.kpi.met.where", [], "moments[5].kpi.met.where: found no condition"),
    ("outcomes.0.id", "bind", "outcomes[0].id: found 'bind' a second time"),
    ("outcomes.0.id", "claim", "outcomes[0].id: found 'claim', a stage's id"),
    ("outcomes.0.id", "observed", "outcomes[0].id: found 'observed'"),
    (
        "outcomes.0.when",
        {"any_of": ["x", {"anniversary": "x", "every": "1 year"}]},
        "outcomes[0].when: found an anniversary",
    ),
    ("outcomes.0.stage", "claim", "outcomes[0]: found unknown key 'stage'"),
]


@pytest.mark.parametrize(("path", "value", "message"), BAD_FILES)
def test_bad_files(path: str, value: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        sj.Journey.from_dict(changed(path, value))
    assert message in str(error.value)


def test_files_that_are_no_json(tmp_path: Path) -> None:
    with pytest.raises(sj.InvalidInput, match=r"no file '.*none\.json'"):
        sj.Journey.load(tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text('{\n "schema": oops')
    with pytest.raises(sj.InvalidInput, match=r"broken\.json, line 2, column 1\d: found"):
        sj.Journey.load(broken)
    with pytest.raises(sj.InvalidInput, match="found a list, expected an object"):
        broken.write_text("[]")
        sj.Journey.load(broken)
    deep = tmp_path / "deep.json"
    deep.write_text('{"a":' * 100_000)
    with pytest.raises(sj.InvalidInput):
        sj.Journey.load(deep)


# --- the schema says what the parser says -----------------------------------------------------------------------------

# What one place alone cannot show, the schema leaves to the parser.
CROSS_CHECKS = ("a second time", "unknown stage", "that can hold together", "an anniversary", "a stage's id")
ODD_VALUES: list[Any] = [
    None,
    True,
    0,
    1,
    -1,
    2.0,
    2.5,
    10**30,
    "",
    "x",
    "this",
    "END",
    "30d",
    "0d",
    "3 months",
    "12001 years",
]
ODD_VALUES += ["4000001d", "0004000000d", "every", "==", "in", [], ["x"], ["x", "y"], {}, {"event": "x"}, {"gap": "1d"}]
ODD_VALUES += [[{"column": "c", "op": "==", "value": 1}], {"column": "c", "op": "is_null", "value": None}, {"all": []}]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [p for key, item in items for p in places(item, (*path, key))]


@pytest.mark.parametrize("where", [{"all": []}, [], {"all": [{"all": []}]}, [{"all": []}]])
def test_the_schema_and_the_parser_agree_on_a_kpi_without_condition(where: Any) -> None:
    written = small(kpi={"name": "k", "met": {"where": where}})
    try:
        sj.Journey.from_dict(written)
        reads = True
    except sj.InvalidInput:
        reads = False
    assert jsonschema.Draft202012Validator(sj.Journey.schema()).is_valid(written) is reads


@settings(max_examples=many(1500), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_the_schema_accepts_what_the_parser_accepts(data: st.DataObject) -> None:
    base = data.draw(st.one_of(st.just(json.loads(INSURER.read_text())), worlds().map(lambda w: w.journey)))
    written = copy.deepcopy(base)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(places(written)))
        at = written
        for step in path[:-1]:
            at = at[step]
        how = data.draw(st.sampled_from(["replace", "delete", "rename", "replace"]))
        if how == "replace":
            at[path[-1]] = copy.deepcopy(data.draw(st.sampled_from(ODD_VALUES)))
        elif how == "delete":
            del at[path[-1]]
        elif isinstance(at, dict):
            at[data.draw(st.sampled_from(["x", "event", "n", "within", "where", "any", "not", "value"]))] = at.pop(
                path[-1]
            )
    valid = not list(VALIDATOR.iter_errors(written))
    try:
        sj.Journey.from_dict(written)
    except sj.InvalidInput as error:
        assert not valid or any(words in str(error) for words in CROSS_CHECKS), str(error)
    else:
        assert valid, [e.message for e in VALIDATOR.iter_errors(written)]


VALIDATOR = jsonschema.Draft202012Validator(sj.Journey.schema())


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(sj.Journey.schema())


# --- patterns in Python -----------------------------------------------------------------------------------------------


def test_patterns_are_values() -> None:
    a = sj.count("contact", at_least=3, within="1d").where(sj.column("amount") > 1)
    assert a == sj.count("contact", at_least=3, within="24h").where(sj.column("amount") > 1)
    assert a != sj.count("contact", at_least=3, within="1d")
    assert sj.event("a").where(sj.column("x") == 1) != sj.event("a").where(sj.column("x") == True)  # noqa: E712
    assert len({a, pickle.loads(pickle.dumps(a)), sj.Pattern.from_dict(a.to_dict())}) == 1
    with pytest.raises(AttributeError):
        a.n = 5  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: sj.nth("a", 0), "n: found 0, expected 1 or more"),
        (lambda: sj.sequence("a", within="1d"), "sequence: found 1 pattern"),
        (lambda: sj.any_of("a", sj.event("b"), {"gap": "?"}), "any_of[2].gap: found '?'"),
        (lambda: sj.event("a").where(True), "where: found True, expected a condition"),
        (lambda: sj.column("x") == None, "None"),  # noqa: E711
        (lambda: sj.column("x").isin("abc"), "found the string 'abc'"),
        (lambda: sj.column("x") > float("nan"), "found nan, expected a finite number"),
        (lambda: sj.column("x") > object(), "expected a string, number"),
        (lambda: sj.event(object()), "found what JSON cannot write"),
        (lambda: sj.event("a").where(sj.spell_number() == 1), "where[0]: found spell_number"),
    ],
)
def test_bad_patterns_in_python(build: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput) as error:
        build()
    assert message in str(error.value)


def test_conditions_join() -> None:
    x, y = sj.column("x"), sj.column("y")
    assert repr(((x > 1) | (y == "a")) & ~(x.is_null())) == "Condition((x > 1 or y = 'a') and not (x is null))"
    assert ((x > 1) & (x < 5) & (y != "b")).to_dict()["all"][2] == {"column": "y", "op": "!=", "value": "b"}
    assert (x >= datetime(2026, 3, 1)).to_dict()["value"] == "2026-03-01T00:00:00"
    with pytest.raises(TypeError, match="join conditions with & and"):
        bool(x > 1)


@pytest.mark.parametrize(
    ("pattern", "phrase"),
    [
        (sj.nth("order", 21), "21st order"),
        (sj.count("x", 2, "2 months", rearm="every"), "second or later x within 2 months"),
        (
            sj.sequence("a", sj.gap("90d"), within="1 year", strict=True),
            "a directly followed by (90 days of silence) within 1 year",
        ),
        (sj.all_of("a", sj.nth("b", 2), within="36h"), "a and (second b) within 36 hours"),
        (
            sj.event("a").where(sj.column("t").isin(["x", 1]), ~(sj.column("u") == "v")),
            "a where t in ('x', 1) and not (u = 'v')",
        ),
    ],
)
def test_phrases(pattern: sj.Pattern, phrase: str) -> None:
    assert str(pattern) == phrase
    assert repr(pattern) == f"Pattern({phrase})"


# --- journeys and logs ------------------------------------------------------------------------------------------------


def shop() -> tuple[sj.Journey, sj.EventLog]:
    journey = sj.Journey(
        stages=[sj.Stage("buy", "Buy"), "use", "idle"],
        moments=[
            sj.Moment("order", "buy", when=sj.event("order"), accountable="Sales", shared=["Sales"]),
            sj.Moment(
                "again",
                "buy",
                when=sj.nth("order", 2),
                kpi={"name": "soon", "met": {"follows": "thanks", "within": "2d"}},
            ),
            {
                "id": "big",
                "stage": "use",
                "when": {"event": "order", "where": [{"column": "amount", "op": ">", "value": 5}]},
            },
            sj.Moment("complaint", "use", when=sj.event("complain")),
        ],
        outcomes={"left": sj.event("cancel")},
        journey="shop <1>",
    )
    log = sj.EventLog(
        {
            "customer": [2, 1, 1, 1, 2, 1, 1],
            "time": [day(1), day(1), day(3), day(4), day(5), day(6), day(7)],
            "event": ["order", "order", "order", "thanks", "visit", "cancel", "order"],
            "amount": [9.0, 1.0, None, None, None, None, 10.0],
            "id": ["k1", None, "k3", None, None, None, "k7"],
        },
        value="amount",
        key="id",
        attributes=["amount"],
    )
    return journey, log


def test_tables_of_matches() -> None:
    journey, log = shop()
    matches = journey.match(log)
    found = matches.occurrences().to_dict()
    assert found["customer"] == [1, 1, 1, 1, 1, 2, 2]
    assert found["moment"] == ["order", "order", "again", "order", "big", "order", "big"]
    assert found["key"] == [None, "k3", "k3", "k7", "k7", "k1", "k1"]
    assert found["value"] == [1.0, None, None, 10.0, 10.0, 9.0, 9.0]
    assert len(set(found["occurrence_id"])) == 7
    assert matches.undecided().rows() == [
        {"moment": "big", "customer": 1, "time": day(3), "reason": "unknown condition"},
    ]
    assert matches.moments().to_dict() == {
        "moment": ["order", "again", "big", "complaint"],
        "stage": ["buy", "buy", "use", "use"],
        "occurrences": [4, 1, 2, 0],
        "customers": [2, 1, 2, 0],
        "value": [20.0, 0.0, 19.0, 0.0],
        "per_customer": [2.0, 1.0, 1.0, None],
        "undecided": [0, 0, 1, 0],
    }
    (kpi,) = matches.kpis(interval=0.95).rows()
    assert (kpi["moment"], kpi["due"], kpi["met"], kpi["share"], kpi["high"], kpi["target"]) == (
        "again",
        1,
        1,
        1.0,
        1.0,
        None,
    )
    assert matches.unmapped().rows() == [{"event": "visit", "count": 1, "share": 1 / 7}]
    assert matches.unreached().rows() == [{"moment": "complaint", "stage": "use", "undecided": 0}]
    assert matches.outcomes().rows() == [{"customer": 1, "outcome": "left", "time": day(6)}]
    assert repr(matches) == "Matches(7 occurrences of 4 moments, 1 undecided case, 2 customers)"
    assert "&lt;1&gt;" in journey._repr_html_()
    with pytest.raises(sj.InvalidInput, match="interval: found 1"):
        matches.kpis(interval=1.0)


def test_paths_stop_at_the_outcome() -> None:
    journey, log = shop()
    for by in ("moment", "stage", "owner"):
        for threads in (1, 3):
            walks = journey.match(log)._core.paths(by, threads)
            assert (len(walks), walks.customers, walks.after_outcome) == (5, 2, 2)
    with pytest.raises(sj.InvalidInput, match="by: found 'silo'"):
        journey.match(log)._core.paths("silo", 1)


def test_findings() -> None:
    journey, log = shop()
    alone = {(row["check"], row["place"]) for row in journey.check().rows()}
    assert ("stage without moments", "stages[2]") in alone
    assert ("nobody accountable", "moments[1]") in alone
    assert ("owner named twice", "moments[0].shared[0]") in alone
    assert ("no target", "moments[1].kpi") in alone
    assert ("no KPI", "moments[0]") in alone
    with_log = journey.check(log).rows()
    assert {"check": "event without a moment", "place": "", "detail": "'visit' (1 events) is in no pattern"} in with_log
    assert ("moment never reached", "moments[3]") in {(row["check"], row["place"]) for row in with_log}
    (missing,) = [row for row in with_log if row["check"] == "event not in the log"]
    assert missing["place"] == "moments[3].when.event"
    wrong = sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order").where(sj.column("amuont") > 1))])
    (column,) = [row for row in wrong.check(log).rows() if row["check"] == "column not in the log"]
    assert column["place"] == "moments[0].when.where"
    assert "did you mean 'amount'?" in column["detail"]


def test_columns_are_the_logs() -> None:
    _, log = shop()
    with pytest.raises(sj.InvalidInput, match=r"moments\[0\]\.when\.where\[0\].*'amuont' \(did you mean 'amount'\?\)"):
        sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order").where(sj.column("amuont") > 1))]).match(log)
    with pytest.raises(sj.InvalidInput, match="a column of floats compared with 'x'"):
        sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order").where(sj.column("amount") > "x"))]).match(log)
    by_key = sj.Journey(["s"], [sj.Moment("m", "s", when=sj.event("order").where(sj.column("id") == "k7"))]).match(log)
    assert by_key.occurrences().to_dict()["time"] == [day(7)]


def test_ids_are_the_customers_moments_and_ordinals() -> None:
    journey, log = shop()
    ids = journey.match(log).occurrences().to_dict()["occurrence_id"]
    only_first = sj.EventLog(
        {"customer": [1], "time": [day(20)], "event": ["order"], "amount": [2.0], "id": ["z"]},
        value="amount",
        key="id",
        attributes=["amount"],
    )
    assert journey.match(only_first).occurrences().to_dict()["occurrence_id"] == ids[:1]
    assert all(0 <= i < 2**63 for i in ids)


def test_advance() -> None:
    journey, log = shop()
    more = {"customer": [2], "time": [day(9)], "event": ["order"], "amount": [6.0], "id": ["k9"]}
    matches, new = journey.match(log).advance(more)
    assert new.to_dict()["moment"] == ["order", "again", "big"]
    whole = journey.match(log.append(more)).occurrences().to_dict()
    assert matches.occurrences().to_dict() == whole


def test_a_shop_of_gaps() -> None:
    """A customer comes back within two years of a silence of 90 days; 180 days of silence are the end."""
    journey = sj.Journey(
        ["active"],
        [
            sj.Moment("quiet", "active", when=sj.gap("90d")),
            sj.Moment("back", "active", when=sj.sequence(sj.gap("90d"), "order", within="2 years")),
        ],
        outcomes={"gone": sj.gap("180d")},
    )
    log = sj.EventLog(
        {
            "customer": ["a", "a", "b"],
            "time": [datetime(2025, 1, 1), datetime(2025, 5, 1), datetime(2025, 12, 31)],
            "event": ["order", "order", "order"],
        }
    )
    matches = journey.match(log)
    found = matches.occurrences()
    assert [(row["moment"], row["time"], row["start_time"]) for row in found.rows()] == [
        ("quiet", datetime(2025, 4, 1), datetime(2025, 1, 1)),
        ("back", datetime(2025, 5, 1), datetime(2025, 4, 1)),
        ("quiet", datetime(2025, 7, 30), datetime(2025, 5, 1)),
    ]
    assert matches.outcomes().rows() == [{"customer": "a", "outcome": "gone", "time": datetime(2025, 10, 28)}]
    assert [(row["moment"], row["customer"], row["reason"]) for row in matches.undecided().rows()] == [
        ("quiet", "b", "censored"),
        ("back", "b", "censored"),
    ]
