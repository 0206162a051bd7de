"""Whether sources tell the same: against all permutations of small worlds, under the null, and where they differ."""

from __future__ import annotations

import itertools
import math
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

import sojourn as sj
from many import many

START = datetime(2026, 3, 1)
DAY = timedelta(days=1)
journey = sj.Journey(
    ["buy", "use", "pay"],
    [
        sj.Moment("order", "buy", when=sj.event("order")),
        sj.Moment("call", "use", when=sj.event("call")),
        sj.Moment("visit", "use", when=sj.event("visit")),
        sj.Moment("bill", "pay", when=sj.event("bill")),
    ],
)
STAGES = {"order": "buy", "call": "use", "visit": "use", "bill": "pay"}
Voice = tuple[Any, str, str | None, float | None]  # customer, moment that it names, source, score


def attributed(voices: list[Voice], scale: str = "mean") -> sj.Attribution:
    """Attribute voices to the moments that they name; every customer meets every moment once."""
    customers = sorted({voice[0] for voice in voices})
    rows = [(customer, START + at * DAY, event) for customer in customers for at, event in enumerate(STAGES)]
    log = sj.EventLog({name: [row[at] for row in rows] for at, name in enumerate(("customer", "time", "event"))})
    said = {name: [voice[at] for voice in voices] for at, name in ((0, "customer"), (1, "moment"), (2, "source"))}
    said |= {"time": [START + 9 * DAY] * len(voices), "score": [voice[3] for voice in voices]}
    return journey.match(log).attribute(
        said, source="source", score="score", moment="moment", scale=scale, method="linear"
    )


def exact(voices: list[Voice], place: str, by: str, a: str, b: str) -> float:
    """The share of all permutations whose difference is as large as the one found, as slowly as it likes."""
    place_of = STAGES if by == "stage" else {moment: moment for moment in STAGES}
    blocks: dict[Any, dict[str, list[float]]] = {}
    for customer, moment, source, score in voices:
        if place_of[moment] == place and source in (a, b) and score is not None:
            blocks.setdefault(customer, {}).setdefault(str(source), []).append(score)
    singles = [(block, source) for of in blocks.values() if len(of) == 1 for source, block in of.items()]
    both = [(of[a], of[b]) for of in blocks.values() if len(of) == 2]

    def difference(labels: tuple[bool, ...], stays: tuple[bool, ...]) -> float:
        sides: dict[bool, list[float]] = {True: [], False: []}
        for (block, _), label in zip(singles, labels, strict=True):
            sides[label] += block
        for (one, other), stay in zip(both, stays, strict=True):
            sides[stay] += one
            sides[not stay] += other
        return abs(sum(sides[True]) / len(sides[True]) - sum(sides[False]) / len(sides[False]))

    found = tuple(source == a for _, source in singles)
    least = difference(found, (True,) * len(both)) - 1e-9
    draws = [
        difference(tuple(at in chosen for at in range(len(singles))), stays)
        for chosen in itertools.combinations(range(len(singles)), sum(found))
        for stays in itertools.product((True, False), repeat=len(both))
    ]
    return sum(draw >= least for draw in draws) / len(draws)


def world(
    seed: int, customers: int, voices: int, shift: float = 0, sources: tuple[str, ...] = ("a", "b")
) -> list[Voice]:
    """Voices of which customers have a mood of their own; a source may shift the score."""
    draw = random.Random(seed)
    mood = [draw.choice((2, 5, 8)) for _ in range(customers)]
    out: list[Voice] = []
    for _ in range(voices):
        customer, source = draw.randrange(customers), draw.choice(sources)
        score = mood[customer] + draw.choice((-1, 0, 1)) + (shift if source == "a" else 0)
        out.append((customer, draw.choice(list(STAGES)), source, score))
    return out


@pytest.mark.parametrize("by", ["stage", "moment"])
@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_share_of_all_permutations(seed: int, by: str) -> None:
    voices = [*world(seed, 9, 22), (0, "call", "a", 4.0), (0, "visit", "b", 9.0), (1, "order", "a", None)]
    permutations, compared = 4000, 0
    for row in attributed(voices).convergence(by, permutations, seed).rows():
        here = [
            [
                score
                for _, moment, source, score in voices
                if source == row[side] and score is not None and row[by] in (moment, STAGES[moment])
            ]
            for side in ("source_a", "source_b")
        ]
        assert [row["n_a"], row["n_b"]] == [len(scores) for scores in here]
        for name, scores in zip(("score_a", "score_b"), here, strict=True):
            assert row[name] == (pytest.approx(sum(scores) / len(scores)) if scores else None)
        if not all(here):
            assert row["difference"] is row["p_value"] is row["p_adjusted"] is None
            continue
        compared += 1
        assert row["difference"] == pytest.approx(row["score_a"] - row["score_b"])
        wanted = exact(voices, row[by], by, "a", "b")
        assert abs(row["p_value"] - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / permutations) + 1 / permutations
    assert compared >= 2


def test_p_is_uniform_when_sources_tell_the_same() -> None:
    # Two halves of the customers, each with moods of its own: voices of one customer are not independent.
    found: list[float] = []
    for seed in range(many(150)):
        rows = attributed(world(seed, 40, 120)).convergence(permutations=199, seed=seed).rows()
        found.append(rows[seed % 3]["p_value"])
    n = len(found)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9):
        share = sum(p <= level for p in found) / n
        assert abs(share - level) < 4 * math.sqrt(level * (1 - level) / n), (level, share)


def test_many_voices_of_one_customer_are_one() -> None:
    # Sixty voices, and yet two customers a source: any split in two is as large in 2 of 6 permutations at least.
    voices: list[Voice] = [(c, "order", "ab"[c >= 2], 9.0 if c < 2 else 1.0) for c in range(4) for _ in range(15)]
    (row, *_) = attributed(voices).convergence().rows()
    assert row["difference"] == 8 and row["n_a"] == 30
    assert abs(row["p_value"] - 1 / 3) < 4 * math.sqrt(2 / 9 / 2000)


def test_a_planted_difference_is_found() -> None:
    voices = [
        (c, m, s, score + (3 if m == "bill" and s == "a" else 0)) for c, m, s, score in world(5, 80, 400) if score
    ]
    rows = attributed(voices).convergence().rows()
    assert [row["stage"] for row in rows if row["p_adjusted"] < 0.05] == ["pay"]
    assert next(row for row in rows if row["stage"] == "pay")["difference"] > 1.5


def test_holm() -> None:
    rows = attributed(world(1, 30, 300, shift=1.0, sources=("a", "b", "c"))).convergence().rows()
    ordered = sorted(rows, key=lambda row: row["p_value"])
    largest = 0.0
    for at, row in enumerate(ordered):
        largest = max(largest, min(1.0, (len(rows) - at) * row["p_value"]))
        assert row["p_adjusted"] == pytest.approx(largest)
    assert len(rows) == 9 and ordered[0]["p_adjusted"] < 1


def test_neither_order_nor_threads_nor_others_show() -> None:
    voices = world(3, 30, 200, sources=("a", "b", "c"))
    attribution = attributed(voices)
    for ask in ("convergence", "agreement"):
        rows = getattr(attribution, ask)(threads=1).rows()
        assert getattr(attribution, ask)(threads=4).rows() == rows
        assert getattr(attributed(voices[::-1]), ask)().rows() == rows
        assert getattr(attribution, ask)(seed=1).rows() != rows
    fewer = [row for row in attribution.convergence().rows() if "c" not in (row["source_a"], row["source_b"])]
    alone = attributed([voice for voice in voices if voice[2] != "c"]).convergence().rows()
    assert [row["p_value"] for row in alone] == [row["p_value"] for row in fewer]


def test_scores_of_other_scales_and_voices_without_a_source() -> None:
    voices: list[Voice] = [(1, "order", None, 10), (2, "order", None, 3), (3, "order", "a", 9), (4, "bill", "a", None)]
    nps = attributed(voices, "nps").convergence("moment").rows()
    assert [(row["stage"], row["moment"], row["source_a"], row["source_b"]) for row in nps] == [
        (stage, moment, None, "a") for moment, stage in STAGES.items()
    ]
    assert (nps[0]["score_a"], nps[0]["score_b"], nps[0]["difference"]) == (0, 100, -100)
    assert nps[3]["score_b"] is nps[3]["p_value"] is None and nps[3]["n_b"] == 0
    share = attributed([(1, "order", None, 5), (2, "order", None, 3), (3, "order", "a", 2)], "csat")
    assert share.convergence().rows()[0]["difference"] == 0.5


def ranks(values: list[float]) -> list[float]:
    return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]


def correlation(x: list[float], y: list[float]) -> float:
    mx, my = sum(x) / len(x), sum(y) / len(y)
    xy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    return xy / math.sqrt(sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y))


@pytest.mark.parametrize("seed", range(8))
def test_agreement_is_the_share_of_all_orders(seed: int) -> None:
    draw = random.Random(seed)
    scores = {(moment, source): draw.randrange(4) for moment in STAGES for source in "ab"}
    voices: list[Voice] = [(at, moment, source, n) for at, ((moment, source), n) in enumerate(scores.items())]
    (row,) = attributed(voices).agreement("moment", 4000, seed).rows()
    x, y = (ranks([scores[moment, source] for moment in STAGES]) for source in "ab")
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert row["correlation"] is row["p_value"] is row["p_adjusted"] is None
        return
    found = correlation(x, y)
    wanted = [abs(correlation(x, list(order))) >= abs(found) - 1e-9 for order in itertools.permutations(y)]
    p = sum(wanted) / len(wanted)
    assert row["moments"] == 4 and row["correlation"] == pytest.approx(found)
    assert abs(row["p_value"] - p) < 4 * math.sqrt(p * (1 - p) / 4000) + 1 / 4000
    assert row["p_adjusted"] == row["p_value"]


def test_too_few_places_to_agree() -> None:
    voices: list[Voice] = [(at, m, s, at) for at, (m, s) in enumerate(itertools.product(("order", "bill"), "ab"))]
    (row,) = attributed(voices).agreement().rows()
    assert row["stages"] == 2 and row["correlation"] is None and row["p_value"] is None


def test_what_it_refuses() -> None:
    attribution = attributed([(1, "order", "a", 3)])
    assert attribution.convergence().rows() == attribution.agreement().rows() == []
    for ask in (attribution.convergence, attribution.agreement):
        with pytest.raises(sj.InvalidInput, match="by: found 'source', expected 'moment' or 'stage'"):
            ask("source")
        with pytest.raises(sj.InvalidInput, match="permutations: found 0"):
            ask(permutations=0)
        with pytest.raises(sj.InvalidInput, match="seed: found -1"):
            ask(seed=-1)
