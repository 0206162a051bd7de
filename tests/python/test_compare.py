"""Parts of the customers, two graphs side by side, and the same facts rolled up by moment, stage and owner."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from test_patterns_oracle import everything, journey_of, log_of
from worlds import World, worlds

WORLDS = settings(max_examples=many(200), deadline=None, suppress_health_check=list(HealthCheck))


def day(n: int) -> datetime:
    return datetime(2026, 1, 1) + timedelta(days=n)


def log_of_walks(walks: dict[str, str], **options: Any) -> sj.EventLog:
    """One letter an event, a day apart."""
    rows = [(customer, day(i), letter) for customer, walk in walks.items() for i, letter in enumerate(walk)]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(("customer", "time", "event"))}
    return sj.EventLog(columns, **options)


def letters(names: str = "abc", owners: dict[str, str] | None = None) -> sj.Journey:
    moments = [sj.Moment(n, "s", when=sj.event(n), accountable=(owners or {}).get(n)) for n in names]
    return sj.Journey(["s"], moments, outcomes={"left": sj.event("x")})


def by_edge(table: sj.Table) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["source"], row["target"]): row for row in table.rows()}


# --- select -----------------------------------------------------------------------------------------------------------


@WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_the_parts_of_a_partition_add_up(world: World, chance: random.Random) -> None:
    log = log_of(world)
    whole = journey_of(world).match(log)
    customers = sorted({e["customer"] for e in world.events})
    labels = {c: chance.randrange(3) for c in customers}
    parts = [whole.select([c for c in customers if labels[c] == n]) for n in set(labels.values())]
    assert sum(part.log.customers for part in parts) == log.customers
    assert sum(len(part.log) for part in parts) == len(log)
    assert sum(part.log._core.missing_values for part in parts) == log._core.missing_values
    assert sum(part.log.before_observation for part in parts) == log.before_observation
    assert round(sum(part.log.tied_share * len(part.log) for part in parts if len(part.log))) == round(
        log.tied_share * len(log)
    )
    assert all(part.log.span == log.span for part in parts)
    # Occurrences with all their fields, undecided cases, outcomes; then the KPIs' counts and what was left out.
    pieces = [everything(part, 2) for part in parts]
    for i in range(3):
        assert sorted((row for piece in pieces for row in piece[i]), key=repr) == sorted(
            everything(whole, 1)[i], key=repr
        )
    for name in ("occurrences", "customers", "undecided"):
        columns = [part.moments().to_dict()[name] for part in parts]
        assert [sum(cells) for cells in zip(*columns, strict=True)] == whole.moments().to_dict()[name]
    for name in ("due", "met", "undecided"):
        columns = [part.kpis().to_dict()[name] for part in parts]
        assert [sum(cells) for cells in zip(*columns, strict=True)] == whole.kpis().to_dict()[name]
    for name in ("before_observation", "undecided_before_observation"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name)
    unmapped: Counter[str] = Counter()
    for part in parts:
        unmapped.update({row["event"]: row["count"] for row in part.unmapped().rows()})
    assert unmapped == {row["event"]: row["count"] for row in whole.unmapped().rows()}
    edges: Counter[tuple[str, str, str]] = Counter()
    for part in parts:
        for row in part.graph().edges().rows():
            edges.update({(row["source"], row["target"], n): row[n] or 0 for n in ("count", "customers", "value")})
    wanted = {
        (row["source"], row["target"], n): row[n] or 0
        for row in whole.graph().edges().rows()
        for n in ("count", "customers", "value")
    }
    assert {key: n for key, n in edges.items() if n} == {key: n for key, n in wanted.items() if n}


def test_a_selection_by_list_and_by_table() -> None:
    whole = letters().match(log_of_walks({"ann": "abx", "bob": "ab", "cy": "c"}))
    assert whole.select(["bob", "bob"]).graph().customers == 1
    table = {"segment": [1, 2], "who": ["cy", "ann"]}
    assert whole.select(sj.Table.from_dict(table), customer="who").outcomes().to_dict()["customer"] == ["ann"]
    # The observation is the whole's, although bob's last event is a day before ann's.
    assert whole.select(["bob"]).log.span == whole.log.span
    assert whole.select(["bob"]).log.event_names == ["a", "b"]


@pytest.mark.parametrize(
    ("customers", "message"),
    [
        ([], "customers: found none, expected at least one customer of the log"),
        (["ann", "zoe"], "customers, column 'customer', row 1: found customer 'zoe', whom the log does not have"),
        (["ann", None], "customers, column 'customer', row 1: found null"),
        ([1], "found integers, expected ids as in the events: strings"),
        ("ann", "customers: found a file 'ann'"),
        ({"customers": ["ann"]}, "found no column 'customer' \\(did you mean 'customers'\\?\\)"),
        (7, "customers: found int"),
    ],
)
def test_a_selection_that_is_none(customers: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        letters().match(log_of_walks({"ann": "ab", "bob": "a"})).select(customers)


def test_unsigned_and_integer_ids_select() -> None:
    import polars as pl

    frame = pl.DataFrame(
        {"customer": pl.Series([2**40, 1, 7], dtype=pl.UInt64), "time": [day(0)] * 3, "event": ["a", "a", "b"]}
    )
    matches = letters().match(sj.EventLog(frame))
    part = matches.select(frame.filter(pl.col("event") == "a"))
    assert part.occurrences().to_dict()["customer"] == [1, 2**40]


# --- compare ----------------------------------------------------------------------------------------------------------


def test_compare_says_what_the_two_graphs_say() -> None:
    whole = letters().match(log_of_walks({"ann": "abx", "bob": "ab", "cy": "acx", "dee": "ac", "eve": "aca"}))
    few, rest = whole.select(["ann", "bob"]).graph(), whole.select(["cy", "dee", "eve"]).graph()
    rows = by_edge(few.compare(rest, draws=200))
    assert list(rows) == [
        ("START", "a"),
        ("a", "b"),
        ("a", "c"),
        ("a", "observed"),
        ("b", "left"),
        ("b", "observed"),
        ("c", "a"),
        ("c", "left"),
        ("c", "observed"),
    ]
    row = rows["a", "c"]
    assert (row["count"], row["other_count"], row["customers"], row["other_customers"]) == (0, 3, 0, 3)
    assert (row["probability"], row["other_probability"], row["difference"]) == (0.0, 0.75, 0.75)
    assert 0 < row["low"] < 0.75 < row["high"] <= 1
    assert rows["b", "left"]["other_probability"] is None  # nobody there visited b
    assert rows["b", "left"]["difference"] is rows["b", "left"]["low"] is rows["b", "left"]["high"] is None
    sure = rows["START", "a"]
    assert sure["difference"] == 0 and sure["low"] < 0 < sure["high"]  # 2 of 2 and 3 of 3 are not certainty
    back = by_edge(rest.compare(few, draws=200))
    assert back["a", "c"]["difference"] == -0.75
    assert back["a", "c"]["low"] == pytest.approx(-row["high"])


@WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_compare_joins_the_edges_of_both(world: World, chance: random.Random) -> None:
    whole = journey_of(world).match(log_of(world))
    customers = sorted({e["customer"] for e in world.events})
    sides = [whole.select(chance.sample(customers, chance.randint(1, len(customers)))) for _ in range(2)]
    by = chance.choice(["moment", "stage", "owner"])
    a, b = (side.graph(by=by) for side in sides)
    one, four = a.compare(b, draws=30, seed=5, threads=1), a.compare(b, draws=30, seed=5, threads=4)
    assert one.to_dict() == four.to_dict()
    first, second, rows = by_edge(a.edges()), by_edge(b.edges()), by_edge(one)
    assert set(rows) == set(first) | set(second)
    visited = [{source for source, _ in edges} for edges in (first, second)]
    nothing = {"count": 0, "customers": 0, "probability": 0.0}
    for edge, row in rows.items():
        p, q = first.get(edge, nothing), second.get(edge, nothing)
        assert (row["count"], row["customers"]) == (p["count"], p["customers"])
        assert (row["other_count"], row["other_customers"]) == (q["count"], q["customers"])
        assert row["probability"] == (p["probability"] if edge[0] in visited[0] else None)
        assert row["other_probability"] == (q["probability"] if edge[0] in visited[1] else None)
        if edge[0] in visited[0] & visited[1]:
            assert row["difference"] == q["probability"] - p["probability"]
            assert -1 <= row["low"] <= row["high"] <= 1
        else:
            assert row["difference"] is row["low"] is row["high"] is None


def test_a_graph_does_not_differ_from_itself() -> None:
    """A customer of both graphs has one weight in both: what is the same customer's is no difference."""
    chance = random.Random(3)
    graph = letters().match(log_of_walks({f"c{i}": "".join(chance.choices("abcx", k=6)) for i in range(60)})).graph()
    for row in graph.compare(graph, draws=100).rows():
        assert row["difference"] == 0
        if row["probability"] not in (0, 1):
            assert row["low"] == row["high"] == 0


def test_periods_share_their_customers() -> None:
    """Customers who keep their habits: paired weights know that the change is small, independent ones do not."""
    chance = random.Random(5)
    events: dict[str, list[Any]] = {"customer": [], "time": [], "event": []}
    for i in range(400):
        habit = chance.choice(["ab", "ac"]) * 5
        for start in (0, 100):
            for n, letter in enumerate(habit):
                for name, cell in zip(events, (i, day(start + n), letter), strict=True):
                    events[name].append(cell)
    everyone = list(range(400))

    def period(start: int) -> sj.JourneyGraph:
        part = [j for j, time in enumerate(events["time"]) if day(start) <= time < day(start + 100)]
        observed = {"customer": everyone, "from": [day(start)] * 400, "to": [day(start + 99)] * 400}
        rows = {name: [cells[j] for j in part] for name, cells in events.items()}
        return letters().match(sj.EventLog(rows, observed=observed)).graph()

    (row,) = [r for r in period(0).compare(period(100)).rows() if (r["source"], r["target"]) == ("a", "b")]
    assert row["difference"] == row["low"] == row["high"] == 0


def test_the_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Two generators, .3 and .45 of moves from a to b; customers with walks of unequal length. Nominal .9."""
    chance = random.Random(11)

    def sample(p: float, n: int, prefix: str) -> dict[str, str]:
        walks = {}
        for i in range(n):
            pairs = ["a" + ("b" if chance.random() < p else "c") for _ in range(chance.randint(1, 5))]
            walks[f"{prefix}{i}"] = "".join(pairs)
        return walks

    held = 0
    for _ in range(many(100)):
        left, right = sample(0.3, 60, "l"), sample(0.45, 60, "r")
        whole = letters().match(log_of_walks(left | right))
        a, b = whole.select(list(left)).graph(), whole.select(list(right)).graph()
        row = by_edge(a.compare(b, draws=300))["a", "b"]
        held += row["low"] <= 0.15 <= row["high"]
    assert 0.8 * many(100) <= held <= 0.98 * many(100)


def test_event_graphs_compare_though_each_names_only_its_own() -> None:
    one = log_of_walks({"ann": "ab", "bob": "ab"}).graph()
    two = log_of_walks({"cy": "ac"}).graph()
    rows = by_edge(one.compare(two, draws=50))
    assert (rows["a", "b"]["difference"], rows["a", "c"]["difference"]) == (-1.0, 1.0)


def test_graphs_that_do_not_compare() -> None:
    log = log_of_walks({"ann": "abx", "bob": "ab"})
    graph = letters().match(log).graph()
    with pytest.raises(sj.InvalidInput, match="found different outcomes, expected graphs of one journey"):
        graph.compare(log.graph())
    with pytest.raises(sj.InvalidInput, match="found no node that both have"):
        graph.compare(letters().match(log).graph(by="stage"))
    with pytest.raises(sj.InvalidInput, match="other: found Matches, expected a JourneyGraph"):
        graph.compare(letters().match(log))  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidInput, match="draws: found 0"):
        graph.compare(graph, draws=0)
    with pytest.raises(sj.InvalidInput, match="seed: found -1"):
        graph.compare(graph, seed=-1)
    with pytest.raises(sj.InvalidInput, match="interval: found 1"):
        graph.compare(graph, interval=1.0)


# --- roll-ups ---------------------------------------------------------------------------------------------------------


def owned(world: World, chance: random.Random) -> sj.Journey:
    """The world's journey with owners, nobody among them."""
    written = journey_of(world).to_dict()
    for moment in written["moments"]:
        owner = chance.choice(["Sales", "Care", None])
        if owner:
            moment["accountable"] = owner
    return sj.Journey.from_dict(written)


@WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_moments_stages_and_owners_add_up_to_the_same(world: World, chance: random.Random) -> None:
    matches = owned(world, chance).match(log_of(world))
    totals = []
    for by in ("moment", "stage", "owner"):
        graph = matches.graph(by=by)
        nodes = graph.nodes().rows()
        moments = [row for row in nodes if row["kind"] == "moment"]
        totals.append(
            (
                graph.customers,
                graph.after_outcome,
                sum(row["visits"] for row in moments),
                sum(row["value"] or 0.0 for row in moments),
                sum(row["censored"] for row in moments),
                [(row["node"], row["customers"]) for row in nodes if row["kind"] in ("outcome", "observed")],
                sum(row["count"] for row in graph.edges().rows()),
            )
        )
    assert totals[0] == totals[1] == totals[2]
    assert totals[0][2] + totals[0][1] == len(matches)


@WORLDS
@given(worlds(), st.randoms(use_true_random=False))
def test_hand_offs_are_the_moves_between_owners(world: World, chance: random.Random) -> None:
    matches = owned(world, chance).match(log_of(world))
    ids = {row["node"] for row in matches.graph(by="owner").nodes().rows() if row["kind"] == "moment"}
    wanted = {
        (row["source"], row["target"], row["count"], row["customers"])
        for row in matches.graph(by="owner").edges().rows()
        if row["source"] != row["target"] and {row["source"], row["target"]} <= ids
    }
    found = matches.graph().hand_offs().rows()
    assert {tuple(row.values()) for row in found} == wanted
    assert [row["count"] for row in found] == sorted((row["count"] for row in found), reverse=True)


def test_hand_offs_need_owners() -> None:
    matches = letters(owners={"a": "Sales", "b": "Care"}).match(log_of_walks({"ann": "aabab", "bob": "abc"}))
    assert matches.graph().hand_offs().rows() == [
        {"source_owner": "Sales", "target_owner": "Care", "count": 3, "customers": 2},
        {"source_owner": "Care", "target_owner": "Sales", "count": 1, "customers": 1},
        {"source_owner": "Care", "target_owner": "nobody", "count": 1, "customers": 1},
    ]
    for graph in (matches.graph(by="stage"), matches.graph(by="owner"), matches.log.graph()):
        with pytest.raises(sj.InvalidInput, match=r'expected matches\.graph\(by="moment"\)'):
            graph.hand_offs()


def test_the_shop_before_and_after_july() -> None:
    shop = sj.datasets.cdnow()
    columns = shop.purchases.to_dict()
    rows = list(zip(columns["customer"], columns["time"], columns["event"], strict=True))
    everyone = sorted(set(columns["customer"]))
    graphs = []
    for start, end in ((date(1997, 1, 1), date(1997, 6, 30)), (date(1997, 7, 1), date(1997, 12, 31))):
        kept = [row for row in rows if row[1] <= end]
        observed = {"customer": everyone, "from": [start] * len(everyone), "to": [end] * len(everyone)}
        table = {name: [row[i] for row in kept] for i, name in enumerate(("customer", "time", "event"))}
        graphs.append(shop.journey.match(sj.EventLog(table, observed=observed)).graph())
    rows_ = by_edge(graphs[0].compare(graphs[1], draws=100))
    first = rows_["START", "first_order"]
    assert first["probability"] == 1.0 and first["other_probability"] == 0.0
    assert first["low"] < -0.99
