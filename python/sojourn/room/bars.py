"""The statement as a picture: in above the line, out below it, on one scale; what is left over as a line."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sojourn.journey_map.numbers import count, currency_unit, money, short_count, signed, signed_money
from sojourn.journey_map.text import width

from . import worth
from .customers import Account, Flow, panel_title

WIDTH, SIZE = 500.0, 12.0
_ZEROS = re.compile(r"\.?0+(?=(m|bn)$)")
_LEFT, _RIGHT, _TOP, _FOOT = 52.0, 4.0, 18.0, 24.0
_TALL, _LOW = 180.0, 120.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a stack."""

    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a place."""

    text: str
    x: float
    y: float
    kind: str = "tick"


@dataclass(frozen=True, slots=True)
class Column:
    """One period: its bars and what it says when pointed at."""

    about: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """One ledger's count, or its value in one currency."""

    title: str
    about: str
    height: float
    zero: float
    left: float
    right: float
    grid: tuple[float, ...]
    columns: tuple[Column, ...]
    line: tuple[tuple[float, float], ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A ledger's panels: customers, then value."""

    name: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class _Pair:
    """The numbers of one period."""

    came: float
    went: float

    @property
    def net(self) -> float:
        return self.came - self.went


def rows(accounts: Sequence[Account], who: str) -> tuple[Row, ...]:
    """Return a row a ledger; all counts share one scale, all values of one currency share another."""
    codes = (None, *dict.fromkeys(code for account in accounts for code in account.currencies))
    scales = {code: _Scale.over([_pair(f, code) for a in accounts for f in a.flows], len(accounts)) for code in codes}
    return tuple(
        Row(
            account.name,
            tuple(_panel(account, "" if at else who, code, scales[code]) for code in (None, *account.currencies)),
        )
        for at, account in enumerate(accounts)
    )


def _pair(flow: Flow, code: str | None) -> _Pair:
    if code is None:
        return _Pair(flow.counts["joined"], flow.counts["left"])
    came, went = (flow.values[column].get(code, Decimal(0)) for column in ("joined", "left"))
    return _Pair(float(came), float(went))


@dataclass(frozen=True, slots=True)
class _Scale:
    """One linear scale for in and out."""

    high: float
    low: float
    step: float
    height: float

    @classmethod
    def over(cls, pairs: Sequence[_Pair], ledgers: int) -> _Scale:
        high = max((pair.came for pair in pairs), default=0.0)
        low = max((pair.went for pair in pairs), default=0.0)
        whole = high + low or 1.0
        return cls(high, low, _round_step(whole / 4), _TALL if ledgers == 1 else _LOW)

    @property
    def unit(self) -> float:
        """Pixels per customer or per unit of currency."""
        return self.height / ((self.high + self.low) or 1.0)

    @property
    def zero(self) -> float:
        return _TOP + self.high * self.unit


def _round_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= rough * 0.999)


def _panel(account: Account, who: str, code: str | None, scale: _Scale) -> Panel:
    flows = account.flows
    right = WIDTH - _RIGHT
    each = (right - _LEFT) / len(flows)
    wide = min(each * 0.66, 64.0)
    pairs = [_pair(flow, code) for flow in flows]
    middles = [_LEFT + each * (at + 0.5) for at in range(len(flows))]
    columns = [
        Column(_about(flow, code), _bars(pair, middle - wide / 2, wide, scale))
        for flow, pair, middle in zip(flows, pairs, middles, strict=True)
    ]
    grid = _grid(scale)
    labels = [_tick(level, code, scale) for level in grid]
    labels += _periods(flows, middles, each, scale.zero + scale.low * scale.unit + 2 * SIZE + 8)
    labels += _sizes(pairs, middles, each, code, scale)
    return Panel(
        title=panel_title(account, who, code),
        about=_alternative(account, code),
        height=scale.zero + scale.low * scale.unit + SIZE + 4 + _FOOT,
        zero=scale.zero,
        left=_LEFT,
        right=right,
        grid=tuple(scale.zero - level * scale.unit for level in grid if level),
        columns=tuple(columns),
        line=tuple((x, scale.zero - pair.net * scale.unit) for x, pair in zip(middles, pairs, strict=True)),
        labels=tuple(labels),
    )


def _bars(pair: _Pair, x: float, wide: float, scale: _Scale) -> tuple[Bar, ...]:
    up, down = pair.came * scale.unit, pair.went * scale.unit
    bars = (Bar("in", x, scale.zero - up, wide, up), Bar("out", x, scale.zero, wide, down))
    return tuple(bar for bar in bars if bar.height > 0)


def _grid(scale: _Scale) -> list[float]:
    up = [scale.step * at for at in range(int(scale.high / scale.step + 1e-9) + 1)]
    return [*up, *(-scale.step * at for at in range(1, int(scale.low / scale.step + 1e-9) + 1))]


def _tick(level: float, code: str | None, scale: _Scale) -> Label:
    size = abs(level)
    text = short_count(round(size)) if code is None else money(size, currency_unit(code)) if size else "0"
    text = _ZEROS.sub("", text)
    return Label(text, _LEFT - 6, scale.zero - level * scale.unit + SIZE * 0.35, "level")


def _periods(flows: Sequence[Flow], middles: Sequence[float], each: float, y: float) -> list[Label]:
    names = [
        worth.tick_name(flow.start, flow.end, at == 0 or flow.start.year != flows[at - 1].start.year)
        for at, flow in enumerate(flows)
    ]
    step = max(1, math.ceil((max(width(name, SIZE) for name in names) + 1) / each))
    if step > 1:  # every so many, each with its year
        names = [worth.tick_name(flow.start, flow.end, True) for flow in flows]
        step = max(step, math.ceil((max(width(name, SIZE) for name in names) + 1) / each))
    return [Label(names[at], middles[at], y) for at in range(0, len(names), step)]


def _sizes(
    pairs: Sequence[_Pair], middles: Sequence[float], each: float, code: str | None, scale: _Scale
) -> list[Label]:
    """Return the numbers on the bars, where they all find room."""

    def text(size: float) -> str:
        return short_count(round(size)) if code is None else money(size, currency_unit(code))

    up, down = [text(pair.came) for pair in pairs], [text(pair.went) for pair in pairs]
    if max(width(word, SIZE) for word in (*up, *down)) > each:
        return []
    labels: list[Label] = []
    for pair, x, above, below in zip(pairs, middles, up, down, strict=True):
        if pair.came > 0:
            labels.append(Label(above, x, scale.zero - pair.came * scale.unit - 4, "inText"))
        if pair.went > 0:
            labels.append(Label(below, x, scale.zero + pair.went * scale.unit + SIZE, "outText"))
    return labels


def _about(flow: Flow, code: str | None) -> str:
    if code is None:
        came, went = flow.counts["joined"], flow.counts["left"]
        return f"{flow.name}\n{count(came)} in\n{count(went)} out\nnet {signed(came - went)}"
    came_worth, went_worth = (flow.values[column].get(code, Decimal(0)) for column in ("joined", "left"))
    net = signed_money(float(came_worth - went_worth), currency_unit(code))
    return f"{flow.name}\n{worth.exact(came_worth, code)} in\n{worth.exact(went_worth, code)} out\nnet {net}"


def _alternative(account: Account, code: str | None) -> str:
    """Return the text alternative: every period, while there are few; else first and last."""
    flows = account.flows if len(account.flows) <= 12 else (account.flows[0], account.flows[-1])
    return ". ".join(_about(flow, code).replace("\n", ", ") for flow in flows) + ". All periods are in the table."
