"""Journeys proposed from events, what `check` finds in journeys, and parts of journeys."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from test_patterns_oracle import journey_of, log_of, rows
from worlds import World, worlds

WORLDS = settings(max_examples=many(150), deadline=None, suppress_health_check=list(HealthCheck))
BPIC = Path(__file__).parents[3] / "shared" / "data" / "bpic2012.xes.gz"


def day(n: float) -> datetime:
    return datetime(2026, 1, 1) + timedelta(days=n)


def log_of_rows(*rows_: tuple[Any, float, str], **options: Any) -> sj.EventLog:
    columns = {
        "customer": [row[0] for row in rows_],
        "time": [day(row[1]) for row in rows_],
        "event": [row[2] for row in rows_],
    }
    return sj.EventLog(columns, **options)


def sound(journey: sj.Journey, log: sj.EventLog, cap: int = 15) -> sj.Matches:
    """A proposal that matches, with every moment reached; it is marked as one, and survives its file."""
    assert 1 <= len(journey.moments) <= cap
    assert journey.note is not None
    assert journey.note.startswith(f"proposed by discover from {len(log):,} events; edit before use")
    assert "a proposal" in journey.check().to_dict()["check"]
    assert sj.Journey.from_dict(journey.to_dict()) == journey
    jsonschema.validate(journey.to_dict(), sj.Journey.schema())
    matches = journey.match(log)
    assert len(matches.unreached()) == 0
    for moment in journey.moments:
        assert moment.name
        assert f"\n{moment.id}: " in journey.note  # its reason
        assert moment.accountable is None
    assert {moment.stage for moment in journey.moments} == {stage.id for stage in journey.stages}
    return matches


# --- discover ---------------------------------------------------------------------------------------------------------


def test_the_shop() -> None:
    log = sj.datasets.cdnow().log
    journey = sj.discover(log)
    sound(journey, log)
    assert {str(moment.when) for moment in journey.moments} >= {
        "first order",
        "second order",
        "fifth order",
        "90 days of silence",
    }
    assert [str(outcome.when) for outcome in journey.outcomes] == ["180 days of silence"]
    assert sj.discover(log, threads=1) == sj.discover(log, threads=4) == journey


def test_the_insurer() -> None:
    data = sj.datasets.insurer(customers=3000, seed=7)
    journey = sj.discover(data.log, outcomes={"left": sj.event("household_left")})
    sound(journey, data.log)
    assert 3 <= len(journey.stages) <= 7
    assert [moment.id for moment in journey.moments][:2] == ["first_quote", "bind"]
    found = {str(moment.when) for moment in journey.moments}
    assert "no payment_cured within 21 days after payment_failed" in found  # planted: such customers leave
    sound(sj.discover(data.log), data.log)


@pytest.mark.skipif(not BPIC.is_file(), reason="bpic2012.xes.gz is not ours to hand on; not at hand here")
def test_loan_applications() -> None:
    log = sj.EventLog(sj.read_xes(BPIC))
    journey = sj.discover(log)
    sound(journey, log)
    assert journey.moments[0].name == "A SUBMITTED"
    assert journey.note is not None
    assert "A PARTLYSUBMITTED was left out: it always comes right after A SUBMITTED" in journey.note


def test_what_is_planted_is_found() -> None:
    """Calls are followed by an answer in two days; one in five is not, and those customers leave."""
    events: list[tuple[Any, float, str]] = []
    for c in range(400):
        start = c % 50
        events.append((c, start, "join"))
        for k in range(4):
            at = start + 5 + 20 * k
            events.append((c, at, "call"))
            if c % 5 or k:
                events.append((c, at + 1 + (c % 3) / 2, "answer"))
        if c % 5 == 0 and c % 10:
            events.append((c, start + 90, "cancel"))
    log = log_of_rows(*events)
    journey = sj.discover(log, outcomes={"left": sj.event("cancel")})
    matches = sound(journey, log)
    assert "no answer within 2 days after call" in {str(moment.when) for moment in journey.moments}
    (missing,) = [row for row in matches.moments().rows() if row["moment"].startswith("no_answer")]
    assert missing["customers"] == 80
    assert journey.note is not None
    assert "50% of them then reach 'left', of all 10%" in journey.note
    assert journey.moments[0].id == "join"
    assert [outcome.id for outcome in journey.outcomes] == ["left"]


@WORLDS
@given(worlds(), st.integers(1, 20), st.booleans())
def test_any_world_gives_a_sound_proposal(world: World, cap: int, ends: bool) -> None:
    log = log_of(world)
    outcomes = {o.id: o.when for o in journey_of(world).outcomes} if ends else None
    if len(log) == log.before_observation:
        with pytest.raises(sj.InvalidInput, match="log: found no event while observed"):
            sj.discover(log, outcomes, cap)
        return
    journey = sj.discover(log, outcomes, cap, threads=1)
    sound(journey, log, cap)
    assert sj.discover(log, outcomes, cap, threads=3) == journey


def test_an_event_whose_firsts_lie_before_the_observation_is_proposed_as_it_comes() -> None:
    rows = [(c, n, "order") for c in range(5) for n in (0, 10, 20)]
    observed = {"customer": list(range(5)), "from": [day(5)] * 5, "to": [day(30)] * 5}
    log = log_of_rows(*rows, observed=observed)
    journey = sj.discover(log, {})
    sound(journey, log)
    assert journey.moments[0].when == sj.event("order")


def test_hostile_and_many_names() -> None:
    names = [
        "START",
        "this",
        "Observed",
        "silent",
        "<script>alert(1)</script>",
        "注文",
        "  ",
        "a_b",
        "a b",
        "a-b",
        "x" * 500,
    ]
    log = log_of_rows(*((c, c / 7 + i, name) for c in range(30) for i, name in enumerate(names)))
    journey = sj.discover(log)
    sound(journey, log)
    assert all(len(moment.name or "") < 200 for moment in journey.moments)
    assert "&lt;script&gt;" in journey._repr_html_() or all("<" not in (m.name or "") for m in journey.moments)
    many_names = log_of_rows(*((c, i * 0.1 + c, f"e{(c * 37 + i) % 1000}") for c in range(500) for i in range(60)))
    assert len(many_names.event_names) == 1000
    journey = sj.discover(many_names)
    sound(journey, many_names)
    assert journey.note is not None
    assert "940 rarer event names were not looked at" in journey.note


def test_logs_with_next_to_nothing() -> None:
    one = log_of_rows(("ann", 0, "order"))
    journey = sj.discover(one)
    sound(journey, one)
    assert journey.outcomes == []  # nothing to tell an ending by
    truncated = log_of_rows(*((c, d, "order") for c in range(30) for d in range(0, 60, 2)), history="truncated")
    sound(sj.discover(truncated), truncated)
    assert all("first" not in moment.id for moment in sj.discover(truncated).moments)  # it cannot be known


@pytest.mark.parametrize("cap", [0, 21, True, "15", 3.0])
def test_a_cap_that_is_none(cap: Any) -> None:
    with pytest.raises(sj.InvalidInput, match=r"cap: found .*, expected a whole number from 1 to 20"):
        sj.discover(log_of_rows(("ann", 0, "order")), cap=cap)


def test_discover_takes_a_log() -> None:
    with pytest.raises(sj.InvalidInput, match="log: found dict, expected an EventLog"):
        sj.discover({})  # type: ignore[arg-type]


def test_a_proposal_that_was_edited_is_none() -> None:
    log = log_of_rows(("ann", 0, "order"), ("ann", 9, "order"))
    written = sj.discover(log).to_dict()
    written["note"] = "ours now"
    assert "a proposal" not in sj.Journey.from_dict(written).check(log).to_dict()["check"]


# --- check ------------------------------------------------------------------------------------------------------------


def findings(journey: sj.Journey, log: sj.EventLog | None = None) -> dict[str, list[tuple[str, str]]]:
    out: dict[str, list[tuple[str, str]]] = {}
    for row in journey.check(log).rows():
        out.setdefault(row["check"], []).append((row["place"], row["detail"]))
    return out


def test_a_stale_map() -> None:
    journey = sj.Journey(
        ["s"],
        [sj.Moment(name, "s", when=sj.event(name)) for name in ("old", "steady", "late", "never")],
    )
    log = log_of_rows(
        *((c, t, name) for c in range(5) for name, times in {"old": [1, 20], "steady": [5, 90]}.items() for t in times),
        (7, 0, "steady"),
        (7, 80, "late"),
        (7, 30, "visit"),
        (7, 76, "app_opened"),
        (7, 100, "visit"),
    )
    assert findings(journey, log)["stale map"] == [
        (
            "moments[0]",
            "'old' occurred 10 times in the first half of the log, and not once in its last quarter "
            "(from 2026-03-17T00:00:00Z)",
        ),
        (
            "",
            "'app_opened' is new in the last quarter of the log (1 events from 2026-03-18T00:00:00Z), "
            "and in no pattern",
        ),
    ]
    assert "stale map" not in findings(journey, log_of_rows(("ann", 3, "old")))  # an instant has no quarters


def test_owners_in_conflict() -> None:
    big = sj.event("order").where(sj.column("amount") > 10)

    def journey(**shared: list[str]) -> sj.Journey:
        return sj.Journey(
            ["s"],
            [
                sj.Moment("order", "s", sj.event("order"), accountable="Sales", shared=shared.get("order", [])),
                sj.Moment("big", "s", big, accountable="Finance", shared=shared.get("big", [])),
                sj.Moment("nobodys", "s", sj.nth("order", 1)),
                sj.Moment("silent", "s", sj.gap("5d"), accountable="Care"),
            ],
        )

    log = sj.EventLog(
        {
            "customer": [1, 1, 2],
            "time": [day(0), day(10), day(30)],
            "event": ["order"] * 3,
            "amount": [20.0, 5.0, 30.0],
        },
        attributes=["amount"],
    )
    assert findings(journey(), log)["owners' conflict"] == [
        (
            "moments[1]",
            "'big' of 'Finance' and 'order' of 'Sales' occur at one event (2 times), and neither shares in the other",
        )
    ]
    assert "owners' conflict" not in findings(journey())
    for shared in ({"order": ["Finance"]}, {"big": ["Care", "Sales"]}):
        assert "owners' conflict" not in findings(journey(**shared), log)


def test_an_owner_who_answers_and_shares() -> None:
    moment = sj.Moment("m", "s", sj.event("a"), accountable="Care", shared=["Sales", "Care"])
    assert findings(sj.Journey(["s"], [moment]))["owner named twice"] == [
        ("moments[0].shared[1]", "'Care' answers for 'm' already")
    ]


@pytest.mark.parametrize(
    ("shared", "met", "found"),
    [
        ([], {"follows": "ship", "within": "2d"}, True),
        ([], {"preceded_by": {"count": "ship", "at_least": 2, "within": "1d"}, "within": "2d"}, True),
        ([], {"absent": "ship", "within": "2d", "after": "this"}, False),  # it hopes, and waits for nothing
        (["Logistics"], {"follows": "ship", "within": "2d"}, False),
        ([], {"follows": "order", "within": "2d"}, False),
        ([], {"follows": "visit", "within": "2d"}, False),  # nobody's moment
        ([], {"preceded_by": "return", "within": "2d"}, False),  # only its absence is a moment
    ],
)
def test_a_kpi_that_waits_for_another_owner(shared: list[str], met: dict[str, Any], found: bool) -> None:
    journey = sj.Journey(
        ["s"],
        [
            sj.Moment(
                "order", "s", sj.event("order"), accountable="Sales", shared=shared, kpi={"name": "soon", "met": met}
            ),
            sj.Moment("ship", "s", sj.event("ship"), accountable="Logistics"),
            sj.Moment("kept", "s", sj.absent("return", within="9d", after="ship"), accountable="Logistics"),
        ],
    )
    kind = next(iter(met))
    wanted = [("moments[0].kpi.met." + kind, "'soon' of 'Sales' waits for 'ship', a moment of 'Logistics'")]
    assert findings(journey).get("KPI waits for another owner", []) == (wanted if found else [])


# --- sub-journeys -----------------------------------------------------------------------------------------------------


def shop() -> sj.Journey:
    return sj.Journey(
        ["see", "buy", "use"],
        [
            sj.Moment("visit", "see", sj.event("visit")),
            sj.Moment("order", "buy", sj.event("order")),
            sj.Moment("paid", "buy", sj.event("paid")),
            sj.Moment("call", "use", sj.event("call")),
        ],
        outcomes={"left": sj.event("cancel")},
        journey="a shop",
        version=4,
        selections={"money": ["paid", "order"], "service": ["call"]},
    )


def test_a_sub_journey_shares_the_whole_s_customers() -> None:
    log = log_of_rows(
        *((1, 0, "visit"), (1, 1, "order"), (1, 2, "paid"), (1, 3, "cancel")),
        *((2, 0, "visit"), (2, 1, "order"), (3, 0, "visit"), (4, 2, "visit"), (4, 5, "cancel")),
    )
    whole = shop()
    money = whole.sub("money")
    assert repr(money) == "Journey('money', part of 'a shop', version 4: 2 moments in 1 stage, 1 outcome)"
    assert (money.part_of, money.name, money.selections, whole.part_of) == ("a shop", "money", {}, None)
    assert [moment.id for moment in money.moments] == ["order", "paid"]  # the whole's order
    graph = money.match(log).graph()
    assert graph.customers == 4
    edges = {(row["source"], row["target"]): row["count"] for row in graph.edges().rows()}
    assert edges == {
        ("START", "order"): 2,
        ("START", "left"): 1,
        ("START", "observed"): 1,
        ("order", "paid"): 1,
        ("order", "observed"): 1,
        ("paid", "left"): 1,
    }
    assert whole.sub(stages=["see", "use"]).name == "see, use"
    assert whole.sub(moments=["call"], name="help").to_dict()["journey"] == "help"
    assert whole.sub(moments=["call"]).name == "part of a shop"
    assert (
        sj.Journey(["s"], [sj.Moment("m", "s", sj.event("a"))]).sub(stages=["s"]).part_of == "a journey without a name"
    )


@WORLDS
@given(worlds(), st.data())
def test_the_occurrences_of_a_part_are_the_whole_s(world: World, data: st.DataObject) -> None:
    whole, log = journey_of(world), log_of(world)
    ids = [moment.id for moment in whole.moments]
    kept = data.draw(st.lists(st.sampled_from(ids), min_size=1, unique=True))
    part = whole.sub(moments=kept).match(log)
    columns = ("occurrence_id", "customer", "moment", "time", "value")
    assert rows(part.occurrences(), *columns) == [
        row for row in rows(whole.match(log).occurrences(), *columns) if row[2] in kept
    ]
    assert part.graph().customers == whole.match(log).graph().customers
    assert part.outcomes().to_dict() == whole.match(log).outcomes().to_dict()


def test_selections_are_saved(tmp_path: Path) -> None:
    shop().save(tmp_path / "shop.json")
    written = json.loads((tmp_path / "shop.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, sj.Journey.schema())
    assert written["selections"] == [
        {"id": "money", "moments": ["paid", "order"]},
        {"id": "service", "moments": ["call"]},
    ]
    assert sj.Journey.load(tmp_path / "shop.json") == shop()
    shop().sub("service").save(tmp_path / "service.json")
    assert sj.Journey.load(tmp_path / "service.json").part_of == "a shop"
    jsonschema.validate(shop().sub("service").to_dict(), sj.Journey.schema())
    assert sj.Journey.load(tmp_path / "shop.json") != sj.Journey.from_dict(
        {**written, "selections": written["selections"][:1]}
    )


@pytest.mark.parametrize(
    ("selections", "message"),
    [
        ([{"id": "a"}], r"selections\[0\]"),
        ([{"id": "a", "moments": []}], r"selections\[0\]\.moments: found none, expected at least one"),
        (
            [{"id": "a", "moments": ["cal"]}],
            r"selections\[0\]\.moments\[0\]: found unknown moment 'cal' \(did you mean",
        ),
        ([{"id": "a", "moments": ["call", "call"]}], r"selections\[0\]\.moments\[1\]: found 'call' a second time"),
        ([{"id": "a", "moments": ["call"]}] * 2, r"selections\[1\]\.id: found 'a' a second time"),
        ([{"id": "", "moments": ["call"]}], r"selections\[0\]\.id: found ''"),
        ([{"id": "a", "moments": ["call"], "stage": "x"}], r"selections\[0\].*'stage'"),
        ("a", "selections: found str"),
    ],
)
def test_selections_that_are_none(selections: Any, message: str) -> None:
    whole = shop()
    with pytest.raises(sj.InvalidInput, match=message):
        sj.Journey(whole.stages, whole.moments, whole.outcomes, selections=selections)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({}, "sub: expected one of selection, stages and moments"),
        ({"stages": ["see"], "moments": ["call"]}, "sub: expected one of selection, stages and moments"),
        ({"selection": "onboarding"}, "selection: found 'onboarding', expected one of money, service"),
        ({"stages": ["sea"]}, "stages: found 'sea', expected one of see, buy, use"),
        ({"moments": ["cal"]}, "moments: found 'cal', expected one of visit, order, paid, call"),
        ({"moments": []}, "moments: found none, expected at least one of visit"),
        ({"moments": "call"}, "moments: found 'call', expected a list of ids"),
    ],
)
def test_parts_that_are_none(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        shop().sub(**chosen)


def test_reach_counts_customers_and_their_order() -> None:
    """The numbers behind the proposals, against a slow count."""
    log = log_of_rows(
        *((c, i + c, "abcx"[(c * i + i * i) % 4]) for c in range(40) for i in range(1 + c % 6)),
    )
    journey = sj.Journey(["s"], [sj.Moment(n, "s", sj.event(n)) for n in "abc"], outcomes={"left": sj.event("x")})
    matches = journey.match(log)
    left = set(matches.outcomes().to_dict()["customer"])
    walks: dict[int, list[str]] = {}
    ended = dict(zip(*(matches.outcomes().to_dict()[name] for name in ("customer", "time")), strict=True))
    for row in matches.occurrences().rows():
        if row["time"] < ended.get(row["customer"], day(1000)):
            walks.setdefault(row["customer"], []).append(row["moment"])
    visits = Counter(moment for walk in walks.values() for moment in walk)
    for node, n, customers, (gone,), order in sj._core.reach(matches.graph()._core):
        having = {c: list(dict.fromkeys(walk)).index(node) for c, walk in walks.items() if node in walk}
        assert (n, customers, gone) == (visits[node], len(having), len(left & set(having)))
        ranks = sorted(having.values())
        assert order == (ranks[(len(ranks) - 1) // 2] + ranks[len(ranks) // 2]) / 2


@WORLDS
@given(worlds())
def test_the_rhythm_is_what_a_slow_count_gives(world: World) -> None:
    log = log_of(world)
    found = sj._core.rhythm(log._core, 3)
    rungs = [seconds * 1_000_000 for seconds in found["rungs"]]

    def rung(micros: int) -> int:
        return next((i for i, length in enumerate(rungs) if micros <= length), len(rungs))

    ranks = {name: i for i, name in enumerate(world.ties)} if isinstance(world.ties, list) else {}
    lives: dict[str, list[tuple[int, str]]] = {}
    for e in sorted(world.events, key=lambda e: (e["time"], ranks.get(e["event"], len(ranks)))):
        if world.observed is None or e["time"] >= world.observed[e["customer"]][0]:
            lives.setdefault(e["customer"], []).append((e["time"], e["event"]))
    again: Counter[tuple[str, int]] = Counter()
    after: Counter[tuple[str, str, int]] = Counter()
    silences: Counter[int] = Counter()
    times: Counter[tuple[str, str]] = Counter((c, name) for c, life in lives.items() for _, name in life)
    for life in lives.values():
        silences.update(rung(t - s) for (s, _), (t, _) in pairwise(life) if t > s)
        for i, (t, x) in enumerate(life):
            later = [name for _, name in life[i + 1 :]]
            until = later.index(x) if x in later else len(later)
            if until < len(later):
                again[x, rung(life[i + 1 + until][0] - t)] += 1
            for y in set(later[:until]) - {x}:
                after[x, y, rung(life[i + 1 + later.index(y)][0] - t)] += 1
    names = {name for _, name in times}
    assert {row[0] for row in found["events"]} == names
    for name, count, customers, at_least, repeats in found["events"]:
        of = [n for (_, x), n in times.items() if x == name]
        assert (count, customers) == (sum(of), len(of))
        assert at_least == [sum(n >= k for n in of) for k in found["round_numbers"]]
        assert {(name, i): n for i, n in enumerate(repeats) if n} == {k: n for k, n in again.items() if k[0] == name}
    assert {(x, y, i): n for x, y, c in found["follow_ups"] for i, n in enumerate(c) if n} == after
    assert {i: n for i, n in enumerate(found["silences"]) if n} == silences
