"""What people have: exports of surveys, tickets, reviews and calls, each with a mapping from roles to its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sojourn._core import InvalidInput
from sojourn._exports import shown

ROLES = ("id", "customer", "time", "score", "topic", "text", "key", "moment", "solicited", "finished")

SCALES = {
    "nps": (0, 10, True),  # lowest, highest, whole numbers only
    "csat": (1, 5, True),
    "stars": (1, 5, True),
    "mean": (-1_000_000, 1_000_000, False),
}


@dataclass(frozen=True)
class Preset:
    """What a product calls its columns, where its documents or its own files say so (docs/feedback.md)."""

    kind: str
    columns: Mapping[str, str | tuple[str, ...]]
    settings: Mapping[str, Any] = field(default_factory=dict)


PRESETS = {
    "qualtrics": Preset(
        "survey", {"id": "ResponseId", "time": "RecordedDate", "finished": "Finished"}, {"extra_headers": 2}
    ),
    "surveymonkey": Preset("survey", {"id": "Respondent ID", "time": "End Date"}, {"extra_headers": 1}),
    "delighted": Preset(
        "survey",
        {"id": "id", "customer": "person", "time": "created_at", "score": "score", "text": "comment"},
        {"time_format": "unix"},
    ),
    "zendesk": Preset(
        "tickets", {"id": "id", "customer": "requester_id", "time": "created_at", "text": ("subject", "description")}
    ),
    "freshdesk": Preset(
        "tickets",
        {"id": "id", "customer": "requester_id", "time": "created_at", "text": ("subject", "description_text")},
    ),
    "trustpilot": Preset(
        "reviews",
        {
            "id": "Review Id",
            "time": "Review Created (UTC)",
            "score": "Review Stars",
            "text": ("Review Title", "Review Content"),
        },
        {"scale": "stars", "timezone": "UTC"},
    ),
    "google_play": Preset(
        "reviews",
        {"time": "Review Submit Date and Time", "score": "Star Rating", "text": ("Review Title", "Review Text")},
        {"scale": "stars", "encoding": "utf-16"},
    ),
    "app_store": Preset(
        "reviews",
        {"id": "id", "time": "createdDate", "score": "rating", "text": ("title", "body")},
        {"scale": "stars"},
    ),
}


@dataclass(frozen=True)
class FeedbackSource:
    """One table of feedback with a mapping: which column holds what. Made by `survey`, `tickets`, `reviews`, `calls`.

    Nothing is read before `feedback` reads it, and no column is guessed.

    Attributes
    ----------
    kind, name
        What it is, and what it is called in the column ``source``.
    columns
        Role → column, or columns for ``text``.
    solicited
        Whether its voices were asked for, where no column says so.
    """

    kind: str
    table: Any = field(repr=False)
    name: str
    columns: Mapping[str, str | tuple[str, ...]]
    solicited: bool
    preset: str | None = None
    scale: str | None = None
    convert: Mapping[float, float] | None = None
    score_labels: Mapping[str, float] = field(default_factory=dict)
    time_format: str | None = None
    timezone: str | None = None
    unfinished: str = "leave_out"
    unreadable: str = "refuse"
    extra_headers: int = 0
    encoding: str = "utf-8"
    delimiter: str = ","

    def __repr__(self) -> str:
        given = [f"{role}={shown(column)}" for role, column in self.columns.items()]
        for setting in ("preset", "scale", "convert", "time_format", "timezone"):
            value = getattr(self, setting)
            if value is not None:
                given.append(f"{setting}={dict(value) if isinstance(value, Mapping) else shown(value)}")
        return f"{self.kind}({shown(self.name)}, {', '.join(given)})"


def survey(table: Any, *, name: str = "survey", preset: str | None = None, **given: Any) -> FeedbackSource:
    """Return a table of survey answers (NPS, CSAT), which are asked for; see `feedback` to read it.

    Parameters
    ----------
    table
        Anything with ``__arrow_c_stream__``, a dict of lists, or a path to Parquet or CSV. Of CSV every cell is text.
    name
        What the column ``source`` calls it.
    preset
        ``"qualtrics"``, ``"surveymonkey"``, ``"delighted"`` (tickets: ``"zendesk"``, ``"freshdesk"``; reviews:
        ``"trustpilot"``, ``"google_play"``, ``"app_store"``): the columns' names there. What is given beside it is
        taken instead; None takes a role away.
    id, customer, time, score, topic, text, key, moment, solicited, finished
        Names of columns; customer and time are needed. ``text`` may be a list, whose cells are joined by a line
        break. ``id``: of two rows with one id the first counts. ``solicited`` may be True or False instead.
    scale
        What its scores are: ``"nps"`` (whole, 0 to 10), ``"csat"`` or ``"stars"`` (whole, 1 to 5), ``"mean"``.
    convert
        Its score → the score on the scale of `feedback`, when that is another one. A score it lacks is refused.
    score_labels
        Words → score, where the score is written in words. ``"9 - Extremely likely"`` is read without.
    time_format
        How times in strings are written, as for `datetime.strptime`; ``"unix"``, ``"unix_ms"``. Default: ISO 8601 only.
    timezone
        The zone of times that name none, such as ``"America/Chicago"``. An hour that comes twice is the first.
    unfinished
        ``"leave_out"`` (and list) or ``"keep"`` answers that were not finished, as ``finished`` says.
    unreadable
        ``"refuse"``, or ``"leave_out"`` (and list) rows with a time, score or flag that cannot be read.
    extra_headers
        Rows after the header that are no answers.
    encoding, delimiter
        Of a CSV file. A .tsv file is delimited by tabs.

    Raises
    ------
    InvalidInput
        For an unknown role, preset or setting, and when customer or time has no column.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.survey("nps.csv", customer="ID", time="Submitted", score="How likely?", scale="nps")
    survey('survey', customer='ID', time='Submitted', score='How likely?', scale='nps')
    """
    return _source("survey", table, name, preset, True, given)


def tickets(table: Any, *, name: str = "tickets", preset: str | None = None, **given: Any) -> FeedbackSource:
    """Return a table of support tickets, which are volunteered. Parameters as of `survey`."""
    return _source("tickets", table, name, preset, False, given)


def reviews(table: Any, *, name: str = "reviews", preset: str | None = None, **given: Any) -> FeedbackSource:
    """Return a table of reviews, taken as volunteered. Parameters as of `survey`."""
    return _source("reviews", table, name, preset, False, given)


def calls(table: Any, *, name: str = "calls", preset: str | None = None, **given: Any) -> FeedbackSource:
    """Return a table of calls, which are volunteered. Parameters as of `survey`."""
    return _source("calls", table, name, preset, False, given)


def _source(
    kind: str, table: Any, name: str, preset: str | None, asked: bool, given: Mapping[str, Any]
) -> FeedbackSource:
    columns: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    if preset is not None:
        known = [other for other, its in PRESETS.items() if its.kind == kind]
        if preset not in known:
            raise InvalidInput(f"{name}, preset: found {shown(preset)}, expected one of {', '.join(known) or 'none'}")
        columns.update(PRESETS[preset].columns)
        settings.update(PRESETS[preset].settings)
    given = dict(given)
    if isinstance(given.get("solicited"), bool):
        asked = given.pop("solicited")
        columns.pop("solicited", None)
    for word, value in given.items():
        if word in ROLES:
            columns[word] = tuple(value) if isinstance(value, list) else value
        elif word in FeedbackSource.__dataclass_fields__ and word not in ("kind", "table", "columns"):
            settings[word] = value
        else:
            raise InvalidInput(f"{name}: found {shown(word)}, expected a role ({', '.join(ROLES)}) or a setting")
    columns = {role: columns[role] for role in ROLES if columns.get(role)}
    for role, column in columns.items():
        several = role == "text" and isinstance(column, tuple) and all(isinstance(one, str) for one in column)
        if not isinstance(column, str) and not several:
            raise InvalidInput(f"{name}, {role}: found {shown(column)}, expected the name of a column")
    for role in ("customer", "time"):
        if role not in columns:
            of = f" ({preset} has none of yours)" if preset else ""
            raise InvalidInput(f"{name}: found no column for {role}{of}, expected {role}=")
    source = FeedbackSource(kind, table, name, columns, asked, preset, **settings)
    _check(source)
    return source


def _check(source: FeedbackSource) -> None:
    if not isinstance(source.name, str) or not source.name:
        raise InvalidInput(f"name: found {shown(source.name)}, expected a name")
    if source.scale is not None and source.scale not in SCALES:
        raise InvalidInput(f"{source.name}, scale: found {shown(source.scale)}, expected one of {', '.join(SCALES)}")
    if "score" in source.columns and source.scale is None:
        raise InvalidInput(f"{source.name}: found scores without a scale, expected scale= one of {', '.join(SCALES)}")
    choices = {"unfinished": ("leave_out", "keep"), "unreadable": ("refuse", "leave_out")}
    for setting, words in choices.items():
        if getattr(source, setting) not in words:
            found = shown(getattr(source, setting))
            raise InvalidInput(f"{source.name}, {setting}: found {found}, expected {words[0]!r} or {words[1]!r}")
    for setting in ("time_format", "timezone", "encoding"):
        value = getattr(source, setting)
        if not isinstance(value, str) and (value is not None or setting == "encoding"):
            raise InvalidInput(f"{source.name}, {setting}: found {shown(value)}, expected a string")
    for setting, of in (("convert", (int, float)), ("score_labels", str)):
        value = getattr(source, setting)
        if value is None and setting == "convert":
            continue
        if not isinstance(value, Mapping) or not all(
            isinstance(one, of) and isinstance(score, (int, float)) for one, score in value.items()
        ):
            what = "words" if setting == "score_labels" else "its scores"
            raise InvalidInput(f"{source.name}, {setting}: found {shown(value)}, expected {what} with a number each")
    if not isinstance(source.delimiter, str) or len(source.delimiter) != 1 or source.delimiter in '"\r\n':
        raise InvalidInput(f"{source.name}, delimiter: found {shown(source.delimiter)}, expected one character")
    if not isinstance(source.extra_headers, int) or source.extra_headers < 0:
        raise InvalidInput(
            f"{source.name}, extra_headers: found {shown(source.extra_headers)}, expected a number of rows"
        )
