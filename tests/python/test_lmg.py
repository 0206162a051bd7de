"""LMG against all orders of entry, R's figures for `swiss`, and hostile columns."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many

SWISS = Path(__file__).parent / "data" / "swiss.csv"
HARD = settings(max_examples=many(60), deadline=None)


def r2(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> float:
    """Return R² of the weighted regression by least squares (SVD); columns are standardised first."""
    root = np.sqrt(w)
    away = (y - np.average(y, weights=w)) * root
    Z = (X - np.average(X, axis=0, weights=w)) * root[:, None]
    length = np.linalg.norm(Z, axis=0)
    Z = Z / np.where(length > 0, length, 1)
    fit = Z @ np.linalg.lstsq(Z, away, rcond=1e-6)[0] if X.shape[1] else 0 * away
    return 1 - float(((away - fit) ** 2).sum() / (away**2).sum())


def oracle(X: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return what each column adds, averaged over all p! orders."""
    p = X.shape[1]
    share = np.zeros(p)
    for order in permutations(range(p)):
        before = 0.0
        for k, column in enumerate(order):
            now = r2(X[:, order[: k + 1]], y, w)
            share[column] += now - before
            before = now
    return share / math.factorial(p)


@st.composite
def regressions(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Draw small whole numbers, so that columns are often equal, constant or sums of others."""
    n, p = draw(st.integers(3, 12)), draw(st.integers(1, 5))
    cells = st.integers(-3, 3)
    X = np.array([draw(st.lists(cells, min_size=n, max_size=n)) for _ in range(p)], dtype=float).T
    if p > 2 and draw(st.booleans()):
        X[:, draw(st.integers(0, p - 1))] = X[:, 0] + draw(st.integers(0, 2)) * X[:, 1]
    X = X * draw(st.sampled_from([1.0, 1e-3, 7e5])) + draw(st.sampled_from([0.0, 1e6]))
    y = np.array(draw(st.lists(cells, min_size=n, max_size=n)), dtype=float)
    weighted = st.lists(st.sampled_from([0.0, 1.0, 2.5, 1e-3]), min_size=n, max_size=n)
    w = np.array(draw(weighted)) if draw(st.booleans()) else None
    heavy = y if w is None else y[w > 0]
    assume(len(set(heavy)) > 1)
    return X, y, w


@given(regressions())
@HARD
def test_shares_are_those_of_all_orders(found: tuple[np.ndarray, np.ndarray, np.ndarray | None]) -> None:
    X, y, w = found
    ours = sj.lmg(X, y, weights=w)
    full = np.ones(len(y)) if w is None else w
    np.testing.assert_allclose(list(ours.share.values()), oracle(X, y, full), atol=1e-7)
    assert ours.r2 == pytest.approx(r2(X, y, full), abs=1e-7)
    assert sum(ours.share.values()) == pytest.approx(ours.r2, abs=1e-12)
    assert all(share >= 0 for share in ours.share.values())


def swiss() -> tuple[pl.DataFrame, pl.Series]:
    """Read R's `datasets::swiss`: fertility and five figures of 47 French-speaking provinces of Switzerland, 1888."""
    table = pl.read_csv(SWISS)
    return table.select(table.columns[2:]), table["Fertility"]


def test_shares_of_swiss_are_those_that_r_gives() -> None:
    X, y = swiss()
    found = sj.lmg(X, y)
    assert found.r2 == pytest.approx(0.7067350, abs=5e-8)
    golden = [0.05709122, 0.17117303, 0.26013468, 0.10557015, 0.11276592]
    assert list(found.share.values()) == pytest.approx(golden, abs=5e-9)
    assert found.sign == {"Agriculture": 1, "Examination": -1, "Education": -1, "Catholic": 1, "Infant.Mortality": 1}


@pytest.mark.parametrize("p", [12, 20])
def test_many_predictors_without_correlation_have_their_squared_correlations(p: int) -> None:
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.normal(size=(200, p + 1)) - 0)[0]
    Q = np.linalg.qr(Q - Q.mean(axis=0))[0]
    beta = np.arange(1, p + 1)
    found = sj.lmg(Q[:, :p], Q[:, :p] @ beta + 10 * Q[:, p])
    expected = beta**2 / (beta @ beta + 100)
    np.testing.assert_allclose(list(found.share.values()), expected, atol=1e-10)


def test_equal_columns_share_equally_and_constant_ones_have_nothing() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(2, 500))
    alone = sj.lmg([x], x + y)
    found = sj.lmg([x, np.full(500, 0.1), -3 * x + 7], x + y, names=["a", "constant", "again"])
    assert found.share["constant"] == 0 and found.sign["constant"] == 0
    assert found.share["a"] == pytest.approx(alone.r2 / 2) and found.share["again"] == pytest.approx(alone.r2 / 2)
    assert found.sign == {"a": 1, "constant": 0, "again": -1}


def test_threads_forms_and_strides_do_not_show() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(5000, 4)) + 1e5
    y, w = X @ [1, 2, 0, -1] + rng.normal(size=5000), rng.uniform(size=5000)
    names = ["a", "b", "c", "d"]
    first = sj.lmg(X, y, names=names, weights=w, threads=1)
    frame = pd.DataFrame(X, columns=names)
    forms: list[Any] = [X, np.asfortranarray(X), list(X.T), [list(c) for c in X.T], frame, pl.from_pandas(frame)]
    forms += [pa.table(frame), {name: list(X[:, j]) for j, name in enumerate(names)}]
    for form in forms:
        for threads in (1, 3):
            again = sj.lmg(form, y, names=names, weights=list(w), threads=threads)
            assert (again.share, again.sign, again.r2) == (first.share, first.sign, first.r2), type(form)
    assert sj.lmg(frame, y, names=["d", "b"]).share == sj.lmg(X[:, [3, 1]], y, names=["d", "b"]).share


def test_columns_of_other_types_are_read_as_numbers() -> None:
    whole = np.array([[1, 2, 3, 5], [0, 1, 1, 0]]).T
    y = [1.0, 2.0, 2.0, 4.0]
    expected = sj.lmg(whole.astype(float), y).share
    for form in (whole, whole.astype("float32"), pa.table({"x0": whole[:, 0], "x1": whole[:, 1] == 1})):
        assert sj.lmg(form, y).share == expected


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (np.ones((3, 21)), [1, 2, 3], {}, "21 columns, expected 1 to 20"),
        (pa.table({f"c{i}": [1, 2] for i in range(21)}), [1, 2], {}, "21 columns, expected 1 to 20"),
        (np.ones((3, 0)), [1, 2, 3], {}, "0 columns"),
        ([], [1, 2], {}, "0 columns"),
        ([[1, 2, 3]], [2, 2, 2], {}, "one value only"),
        ([[1, 2, 3]], [1, 2, 2], {"weights": [0, 1, 1]}, "one value only"),
        ([[1, 2, 3]], [0.1] * 3, {}, "one value only"),
        ([[1, 2, 3]], [1, 2], {}, "y: found 2 rows, expected 3"),
        ([[1, 2], [1, 2, 3]], [1, 2], {}, "x1: found 3 rows, expected 2"),
        ([[1, None, 3]], [1, 2, 3], {}, "x0, row 1: found null"),
        (np.array([[1.0], [np.nan], [3.0]]), [1, 2, 3], {}, "x0, row 1: found NaN"),
        (np.array([[1.0], [3.0], [-np.inf]]), [1, 2, 3], {}, "x0, row 2: found infinity"),
        (np.array([[1.0], [3.0], [1e200]]), [1, 2, 3], {}, "so large"),
        ({"a": [1.0, None]}, [1, 2], {}, "row 1: found null"),
        ({"a": ["x", "y"]}, [1, 2], {}, "found strings, expected numbers"),
        ({"a": [1, 2]}, [1, 2], {"names": ["b"]}, "found no column 'b'"),
        (np.ones(3), [1, 2, 3], {}, "1 dimensions"),
        (7, [1, 2, 3], {}, "found int"),
        ([[1, 2, 3]], [1, 2, 3], {"names": ["a", "b"]}, "expected 1 different names"),
        ([[1, 2, 3]], [1, 2, 3], {"weights": [1, -1, 1]}, "weights, row 1"),
        ([[1, 2, 3]], [1, 2, 3], {"weights": [0, 0, 0]}, "only 0"),
        ([[1, 2, 3]], [1, 2, 3], {"weights": [1, 1]}, "weights: found 2"),
        ([], [], {}, "0 columns"),
        ([[]], [], {}, "one value only"),
    ],
)
def test_what_cannot_be_regressed_is_refused(X: Any, y: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(sj.InvalidInput, match=message):
        sj.lmg(X, y, **options)


def test_what_others_explain_but_for_a_ten_billionth_adds_nothing() -> None:
    rng = np.random.default_rng(4)
    x, e = rng.normal(size=(2, 2000))
    alone = sj.lmg([x], x + e)
    found = sj.lmg([x, x + 1e-6 * e], x + e)
    assert found.r2 == pytest.approx(alone.r2, abs=1e-6)
    assert sj.lmg([x, x + 1e-3 * e], x + e).r2 == pytest.approx(1, abs=1e-6)
