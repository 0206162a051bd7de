"""Topics of raw texts: TF-IDF and non-negative matrix factorisation, by scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._exports import all_columns
from sojourn.table import Table

LABEL_TERMS = 3
TOPIC_TERMS = 10
# A word has 2 to 40 letters, digits or underscores: longer ones are addresses, codes, or made to hurt.
_WORD = r"(?u)(?<!\w)\w{2,40}(?!\w)"


class Topics(Table):
    """The topic of each text. Made by `topics`.

    Attributes
    ----------
    terms
        Table topic, rank (from 1), term, weight: the ten heaviest terms of each topic.
    without_topic
        Number of texts without a topic: null, or of none of the terms.
    converged
        Whether the factorisation settled within its steps.
    """

    def __init__(self, core: _core.Table, terms: Table, converged: bool) -> None:
        super().__init__(core)
        self.terms = terms
        self.converged = converged
        self.without_topic = sum(topic is None for topic in self.to_dict()["topic"])

    def __reduce__(self) -> Any:
        return _again, (_core.table_bytes(self._core), self.terms, self.converged)

    def __repr__(self) -> str:
        found = len(set(self.terms.to_dict()["topic"]))
        notes = "" if self.converged else ", not converged"
        return f"Topics({len(self):,} texts, {found:,} topics, {self.without_topic:,} texts without{notes})"


def _again(data: bytes, terms: Table, converged: bool) -> Topics:
    return Topics(_pickles.table(data, "")._core, terms, converged)


def topics(
    texts: Any,
    topics: int = 12,
    seed: int = 0,
    *,
    text: str = "text",
    stop_words: Sequence[str] | None = None,
) -> Topics:
    """Return a topic for each text, found from the texts alone.

    Texts become TF-IDF vectors of their words (lower case; 2 to 40 letters or digits each), X ≈ W·H is factorised into
    non-negative parts (Lee & Seung 1999; scikit-learn's `NMF`, started by NNDSVDa), and a text's topic is its largest
    weight. A topic is a set of words that go together: a reader names it. Where a topic is given, use that.

    Parameters
    ----------
    texts
        Strings and None, or a table with a column of texts.
    topics
        How many to look for.
    seed
        Same texts, seed and versions of scikit-learn and NumPy: same topics.
    text
        Name of the column, for a table.
    stop_words
        Words to leave out, in lower case. Default: none, of no language.

    Returns
    -------
    Topics
        topic (its three heaviest terms, heaviest first; more where two would be called the same), weight (its share of
        the text's weights, above 0 to 1), one row a text in their order; both null for a null text and for one of no
        words. The labels hold words that customers wrote: data, to be escaped wherever they are shown.

    Raises
    ------
    InvalidInput
        When scikit-learn is not installed; for fewer than `topics` different texts or words.

    Examples
    --------
    >>> import sojourn as sj
    >>> said = ["late parcel", "parcel late again", "rude agent", None, "agent so rude"]
    >>> found = sj.topics(said, topics=2)
    >>> found
    Topics(5 texts, 2 topics, 1 texts without)
    """
    said = _texts(texts, text)
    if isinstance(topics, bool) or not isinstance(topics, int) or topics < 1:
        raise InvalidInput(f"topics: found {topics!r:.60}, expected a whole number above 0")
    if isinstance(stop_words, str):
        raise InvalidInput(f"stop_words: found the string {stop_words!r:.60}, expected a list of words")
    try:
        from sklearn.decomposition import NMF
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise InvalidInput(
            'topics: found no scikit-learn, expected it installed (pip install "sojourn[text]")'
        ) from None
    rows = [row for row, cell in enumerate(said) if cell is not None]
    vectorizer = TfidfVectorizer(token_pattern=_WORD, stop_words=None if stop_words is None else list(stop_words))
    different = len({said[row] for row in rows})
    try:
        vectors = vectorizer.fit_transform([said[row] for row in rows])
        words = list(vectorizer.get_feature_names_out())
    except ValueError:  # no text has a word
        words = []
    if min(different, len(words)) < topics:
        raise InvalidInput(
            f"texts: found {different:,} different texts of {len(words):,} different words, "
            f"expected at least {topics:,} of both for as many topics"
        )
    model = NMF(topics, init="nndsvda", random_state=seed, max_iter=1000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge: said by `converged`
        weights = model.fit_transform(vectors)
    labels, terms = _terms(model.components_, words)
    topic: list[str | None] = [None] * len(said)
    share: list[float | None] = [None] * len(said)
    best = weights.argmax(axis=1)
    total = weights.sum(axis=1)
    for place, row in enumerate(rows):
        if total[place] > 0:
            topic[row] = labels[best[place]]
            share[row] = float(weights[place, best[place]] / total[place])
    table = Table.from_dict({"topic": topic, "weight": share})
    return Topics(table._core, terms, model.n_iter_ < 1000)


def _texts(texts: Any, column: str) -> list[str | None]:
    if isinstance(texts, str):
        raise InvalidInput(f"texts: found the string {texts!r:.60}, expected a list of strings, or a table")
    if hasattr(texts, "to_frame") and hasattr(texts, "to_list"):  # a Series of pandas or polars
        texts = texts.to_frame(column)
    if isinstance(texts, Iterable) and not hasattr(texts, "__arrow_c_stream__") and not isinstance(texts, dict):
        said = [None if cell != cell else cell for cell in texts]
    else:
        columns = all_columns(texts, "texts")
        if column not in columns:
            raise InvalidInput(f"texts: found no column '{column}', expected one of {', '.join(map(repr, columns))}")
        said = columns[column]
    for row, cell in enumerate(said):
        if cell is not None and not isinstance(cell, str):
            raise InvalidInput(f"texts, row {row}: found {cell!r:.60}, expected a string or None")
    return said


def _terms(components: Any, words: list[str]) -> tuple[list[str], Table]:
    """Return a label for each topic, no two the same, and the table of terms."""
    labels: list[str] = []
    columns: dict[str, list[Any]] = {"topic": [], "rank": [], "term": [], "weight": []}
    for row in components:
        heaviest = sorted(range(len(words)), key=lambda word: (-row[word], words[word]))[:TOPIC_TERMS]
        heaviest = [word for word in heaviest if row[word] > 0] or heaviest[:1]
        sizes = range(min(LABEL_TERMS, len(heaviest)), len(heaviest) + 1)
        names = [" · ".join(words[word] for word in heaviest[:size]) for size in sizes]
        names.append(f"{names[-1]} · {len(labels) + 1}")
        labels.append(next(name for name in names if name not in labels))
        for rank, word in enumerate(heaviest, 1):
            for name, cell in zip(columns, (labels[-1], rank, words[word], float(row[word])), strict=True):
                columns[name].append(cell)
    return labels, Table.from_dict(columns)
