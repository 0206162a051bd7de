"""NPS, satisfied share and mean: golden figures, peers' arithmetic, and what is refused. The rest is in C++."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sojourn as sj
from sojourn.scores import Score


def answers(promoters: int, passives: int, detractors: int) -> list[int]:
    return [10] * promoters + [8] * passives + [0] * detractors


def test_golden_nps() -> None:
    wald, adjusted = sj.nps(answers(50, 30, 20), method="wald"), sj.nps(answers(50, 30, 20))
    assert [round(x, 2) for x in (wald.score, wald.low, wald.high)] == [30, 14.69, 45.31]
    assert [round(x, 2) for x in (adjusted.score, adjusted.low, adjusted.high)] == [29.13, 14.05, 44.2]
    wald, adjusted = sj.nps(answers(450, 300, 250), method="wald"), sj.nps(answers(450, 300, 250))
    assert [round(x, 3) for x in (wald.score, wald.low, wald.high)] == [20, 14.965, 25.035]
    assert [round(x, 4) for x in (adjusted.score, adjusted.low, adjusted.high)] == [19.9402, 14.9138, 24.9665]
    assert adjusted.n == 1000


def test_golden_satisfied_shares() -> None:
    none, most = sj.csat([3] * 10), sj.csat([4, 5] * 4 + [1, 3])
    assert (none.score, none.low, round(none.high, 6)) == (0, 0, 0.277533)
    assert (most.score, round(most.low, 6), round(most.high, 6)) == (0.8, 0.490162, 0.943318)


def test_a_mean_of_one_has_no_interval() -> None:
    assert sj.mean_score([4.5]) == Score(4.5, None, None, 1)


@given(st.lists(st.tuples(st.integers(0, 10), st.sampled_from([0.0, 0.5, 1.0, 3.0])), min_size=1))
def test_weights_by_kish(rows: list[tuple[int, float]]) -> None:
    scores, weights = [s for s, _ in rows], [w for _, w in rows]
    if not any(weights):
        with pytest.raises(sj.InvalidInput, match="weights: found only 0"):
            sj.nps(scores, weights)
        return
    marks = np.array([1 if s >= 9 else -1 if s <= 6 else 0 for s in scores])
    mean = np.average(marks, weights=weights)
    n = sum(weights) ** 2 / sum(w * w for w in weights)
    half = 1.959963984540054 * math.sqrt(max(0.0, np.average(marks**2, weights=weights) - mean**2) / n)
    found = sj.nps(scores, weights, method="wald")
    assert math.isclose(found.score, 100 * mean, abs_tol=1e-9) and math.isclose(found.n, n, rel_tol=1e-12)
    assert math.isclose(found.low, max(-100, 100 * (mean - half)), abs_tol=1e-5)


def test_any_column_will_do() -> None:
    scores, weights = [9, 3, 8, 10], [1, 2, 1, 4]
    wanted = sj.nps(scores, weights)
    columns: list[Any] = [tuple(scores), np.array(scores), pd.Series(scores), pl.Series(scores), pa.array(scores)]
    columns += [pa.chunked_array([scores[:1], scores[1:]]), np.array(scores, dtype=float), iter(scores)]
    for column in columns:
        assert sj.nps(column, weights) == wanted


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        ([], {}, "scores: found none, expected at least one score"),
        ([9, None], {}, "scores, row 1: found null, expected a number"),
        ([9, math.nan], {}, "scores, row 1: found null"),
        (["9"], {}, "scores, row 0: found '9', expected a number"),
        ([True], {}, "scores, row 0: found True"),
        ("910", {}, "scores: found '910', expected a list"),
        (7, {}, "scores: found 7, expected a list"),
        ([9, 11], {}, "scores, row 1: found 11, expected a whole number from 0 to 10"),
        ([7.5], {}, "scores, row 0: found 7.5"),
        ([9, 9], {"weights": [1]}, "weights: found 1, expected 2, as there are scores"),
        ([9, 9], {"weights": []}, "weights: found 0, expected 2"),
        ([9, 9], {"weights": [1, -1]}, "weights, row 1: found -1"),
        ([9, 9], {"weights": [1, math.inf]}, "weights, row 1: found inf"),
        ([9, 9], {"interval": 95}, "interval: found 95"),
        ([9, 9], {"method": "exact"}, "method: found 'exact', expected 'adjusted_wald' or 'wald'"),
    ],
)
def test_bad_scores_are_refused_with_their_row(scores: Any, options: Any, message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.nps(scores, **options)


def test_the_scales_differ() -> None:
    with pytest.raises(sj.InvalidInput, match="row 0: found 0, expected a whole number from 1 to 5"):
        sj.csat([0])
    with pytest.raises(sj.InvalidInput, match=r"row 0: found 2e\+06, expected a number from -1,000,000 to 1,000,000"):
        sj.mean_score([2e6])
