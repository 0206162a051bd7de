"""`advance`: cut anywhere, a log that grows gives what the whole log gives, and names exactly what is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from test_patterns_oracle import everything, journey_of, log_of, rows, table_of
from worlds import World, worlds

WORLDS = settings(max_examples=many(500), deadline=None, suppress_health_check=list(HealthCheck))


@WORLDS
@given(worlds(), st.data())
def test_growing_equals_the_whole(world: World, data: st.DataObject) -> None:
    """Batches in the order of time, as a stream brings them, or in any order, as late arrivals do."""
    journey = journey_of(world)
    # An observation table would be out of date (append refuses); rows keep their order inside a tie.
    world = replace(world, observed=None)
    events = list(world.events)
    if data.draw(st.booleans(), label="as a stream"):
        events.sort(key=lambda e: e["time"])
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(events) - 1)), max_size=4), label="cuts"))
    cuts = [cut for cut in cuts if cut < len(events)]
    batches = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]
    customers = {c for c, _ in world.prior_counts or {}}
    if not customers <= {e["customer"] for e in batches[0]}:
        world = replace(world, prior_counts=None)  # counts of customers not seen yet are left out by the first log
    matches = journey.match(log_of(world, table_of(batches[0])))
    before = set(rows(matches.occurrences(), "occurrence_id"))
    for n, batch in enumerate(batches[1:], 2):
        threads = data.draw(st.sampled_from([1, 3]), label="threads")
        matches, new = matches.advance(table_of(batch), threads=threads)
        sofar = log_of(world, table_of([e for b in batches[:n] for e in b]))
        whole = journey.match(sofar, threads=1)
        assert everything(matches, 1) == everything(whole, 1)
        assert rows(matches.graph(by="stage").edges(), "source", "target", "count") == rows(
            whole.graph(by="stage").edges(), "source", "target", "count"
        )
        now = rows(whole.occurrences(), "occurrence_id")
        assert rows(new, "occurrence_id") == [row for row in now if row not in before]
        before = set(now)


def test_time_alone_brings_a_deadline() -> None:
    """Nothing happens to ann, but bob's event shows that her ten days are over, and in the end her year."""
    journey = sj.Journey(
        ["a"],
        [
            sj.Moment("silence", "a", when=sj.absent("call", within="10d", after="claim")),
            sj.Moment("year", "a", when=sj.anniversary("claim", every="1 year")),
        ],
    )
    log = sj.EventLog({"customer": ["ann", "bob"], "time": [datetime(2025, 1, 1)] * 2, "event": ["claim", "visit"]})
    matches = journey.match(log)
    assert len(matches) == 0
    assert matches.undecided().to_dict()["reason"] == ["censored"]
    for day, moments in [((2025, 1, 10), []), ((2025, 1, 11), ["silence"]), ((2026, 1, 1), ["year"])]:
        more = {"customer": ["bob"], "time": [datetime(*day)], "event": ["visit"]}
        matches, new = matches.advance(more)
        assert new.to_dict()["moment"] == moments
    assert len(matches) == 2
    assert len(matches.undecided()) == 0
