"""A moment's voices in time as a chart: how many above, what they said below; surges in frames, under triangles."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import altair as alt

from sojourn._chart_style import BACKGROUND, IN, INK, LINE, OUT, each, empty, heading, level_axis, titled
from sojourn._core import InvalidInput

if TYPE_CHECKING:
    from sojourn.attribution import Attribution

VOICES, SURGE = IN, OUT
_WIDTH, _HEIGHT = 760, 170
_SCALES = {"nps": ("NPS", [-100, 100]), "csat": ("satisfied share", [0, 1]), "mean": ("mean score", None)}
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Rows = list[dict[str, Any]]


def trend_chart(attribution: Attribution, moment: str | None, every: str, false_alarms: float) -> Any:
    """Return the chart of `Attribution.plot_trend`.

    Raises
    ------
    InvalidInput
        As there.
    """
    rows = [row for row in attribution.trend(every).rows() if row["moment"] == moment]
    known = attribution.moments().to_dict()["moment"]
    if moment is not None and moment not in known:
        raise InvalidInput(f"moment: found {moment!r:.60}, expected one of {', '.join(map(repr, known))}")
    if not sum(row["voices"] for row in rows):
        text = f"Nobody spoke of {moment or 'nothing in particular'}. coverage() says which sources could have heard."
        return empty(text, _WIDTH, _HEIGHT)
    found = attribution.surges("1 day", ("moment",), false_alarms)
    surges = [row for row in found.rows() if row["moment"] == moment]
    name = moment or "no moment"
    score = _SCALES[attribution.scale][0]
    caption = _caption(rows, surges, every, attribution.method, false_alarms, score)
    points = [_point(row) for row in rows]
    starts = [datetime.fromisoformat(point["period"]) for point in points]
    step = starts[-1] - starts[-2] if len(starts) > 1 else timedelta(days=1)
    for point, start, end in zip(points, starts, [*starts[1:], starts[-1] + step], strict=True):
        point["end"], point["middle"] = end.isoformat(), (start + (end - start) / 2).isoformat()
    panels = [_voices(points, surges)]
    if any(point["score"] is not None for point in points):
        panels.append(_scores(points, attribution.scale))
    both = alt.vconcat(*panels, spacing=14).resolve_scale(x="shared")
    return titled(both, _finding(name, rows, surges, every), caption)


def _voices(points: Rows, surges: Rows) -> Any:
    top = max(point["voices"] for point in points)
    y = alt.Y("voices:Q", scale=alt.Scale(domain=[0, top * 1.18]), axis=_axis(None))
    base = alt.Chart(alt.InlineData(points)).encode(x=_x("period"), x2="end", tooltip=_tooltip())
    whole, part = "datum.complete", "!datum.complete"
    layers: list[Any] = []
    marks = [
        {
            "first": _wall(row["first"]).isoformat(),
            "last": _wall(row["last"]).isoformat(),
            "end": (_wall(row["last"]) + timedelta(days=1)).isoformat(),
            "alarm": _wall(row["alarm"]).isoformat(),
            "expected": row["expected"],
            "found": row["found"],
            "top": top * 1.12,
        }
        for row in surges
    ]
    about = [
        alt.Tooltip("alarm:T", title="alarm at the end of", format="%-d %b %Y"),
        alt.Tooltip("first:T", title="rise from", format="%-d %b %Y"),
        alt.Tooltip("last:T", title="last alarm", format="%-d %b %Y"),
        alt.Tooltip("found:Q", title="voices until the alarm", format=","),
        alt.Tooltip("expected:Q", title="expected", format=",.1f"),
    ]
    surge = alt.Chart(alt.InlineData(marks))
    if marks:
        frame = surge.mark_rect(fill=SURGE, fillOpacity=0.07, stroke=SURGE, strokeDash=[4, 3], strokeWidth=1)
        layers.append(frame.encode(x=alt.X("first:T"), x2="end", tooltip=about))
    layers += [
        base.transform_filter(whole).mark_bar(color=VOICES, binSpacing=1).encode(y=y, y2=alt.datum(0)),
        base.transform_filter(part)
        .mark_bar(fill=BACKGROUND, stroke=VOICES, strokeDash=[3, 2], strokeWidth=1, binSpacing=1)
        .encode(y=y, y2=alt.datum(0)),
    ]
    if marks:
        triangle = surge.mark_point(shape="triangle-down", fill=SURGE, stroke=INK, strokeWidth=0.8, size=110, opacity=1)
        layers.append(triangle.encode(x=alt.X("alarm:T"), y=alt.Y("top:Q"), tooltip=about))
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT, title=heading("voices (sum of weights)"))


def _scores(points: Rows, scale: str) -> Any:
    word, domain = _SCALES[scale]
    axis = alt.Scale(domain=domain) if domain else alt.Scale(zero=False)
    base = alt.Chart(alt.InlineData([point for point in points if point["score"] is not None]))
    x, tooltip = _x("middle"), _tooltip()
    layers = [
        base.mark_rule(color=LINE, strokeWidth=3).encode(
            x=x, y=alt.Y("low:Q", scale=axis, axis=_axis(word)), y2="high", tooltip=tooltip
        ),
        base.mark_point(color=INK, fill=INK, size=26, opacity=1).encode(
            x=x, y=alt.Y("score:Q", scale=axis, axis=_axis(word)), tooltip=tooltip
        ),
    ]
    text = f"{word} of those who gave a score, 90% intervals"
    return alt.layer(*layers).properties(width=_WIDTH, height=_HEIGHT - 50, title=heading(text))


def _x(field: str) -> alt.X:
    axis = alt.Axis(
        title=None, format="%b %y", labelColor=INK, labelFontSize=11, grid=False, tickColor=LINE, domainColor=LINE
    )
    return alt.X(f"{field}:T", axis=axis)


def _axis(title: str | None) -> alt.Axis:
    return level_axis(minExtent=36, tickCount=4, format=".0%" if title == _SCALES["csat"][0] else "~r")


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("period:T", title="from", format="%-d %b %Y"),
        alt.Tooltip("voices:Q", title="voices", format=",.2f"),
        alt.Tooltip("occurrences:Q", title="occurrences", format=","),
        alt.Tooltip("score:Q", title="score", format=",.2f"),
        alt.Tooltip("low:Q", title="at least", format=",.2f"),
        alt.Tooltip("high:Q", title="at most", format=",.2f"),
        alt.Tooltip("complete:N", title="whole period heard"),
    ]


def _point(row: dict[str, Any]) -> dict[str, Any]:
    names = ("voices", "score", "low", "high", "occurrences", "complete")
    return {"period": _wall(row["period"]).isoformat(), **{name: row[name] for name in names}}


def _wall(when: date | datetime) -> datetime:
    """Return the wall-clock time, which a browser takes as its own."""
    return when.replace(tzinfo=None) if isinstance(when, datetime) else datetime.combine(when, time())


def _day(when: date | datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _finding(name: str, rows: Rows, surges: Rows, every: str) -> str:
    if not surges:
        voices = sum(row["voices"] for row in rows)
        mean = voices / len(rows)
        return f"{name}: no surge among {voices:,.0f} voices, {mean:,.1f} a {_unit(every)}"
    strongest = max(surges, key=lambda row: row["found"] / row["expected"])
    times = _WORDS[len(surges)] if len(surges) < len(_WORDS) else f"{len(surges):,}"
    span = f"from {_day(strongest['first'])} to {_day(strongest['alarm'])}"
    what = f"{strongest['found']:,.0f} voices where {strongest['expected']:,.0f} were usual"
    if len(surges) == 1:
        return f"{name}: one surge, {what}, {span}"
    return f"{name}: {times} surges; the steepest {what}, {span}"


def _caption(rows: Rows, surges: Rows, every: str, method: str, false_alarms: float, score: str) -> list[str]:
    first, last = _day(rows[0]["period"]), _day(rows[-1]["period"])
    budget = f"{false_alarms:g} false alarm{'' if false_alarms == 1 else 's'} a year over all moments together"
    lines = [
        f"Bars: voices per {_unit(every)}, periods beginning {first} to {last}; weights by {method}. {score} below."
    ]
    if surges:
        lines.append("Triangle: alarm, at the end of that day; dashed frame: from the rise to the last alarm.")
    lines.append(f"Watched by the day at {budget}; expected: what the 8 weeks before say.")
    if not all(row["complete"] for row in rows):
        lines.append("Dashed bars: periods of which not all was listened to.")
    return lines


def _unit(every: str) -> str:
    return each(every) if every.startswith("1 ") else f"period of {every}"
