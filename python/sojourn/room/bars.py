"""The statement as a picture: in above the line, out below it, on one scale; what is left over as a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sojourn.journey_map.numbers import count, money, short_count, signed, signed_money
from sojourn.journey_map.text import width

from . import worth
from .customers import Account, Flow, panel_title

WIDTH, SIZE = 520.0, 12.0
_LEFT, _RIGHT, _TOP, _FOOT = 46.0, 4.0, 18.0, 24.0
_TALL, _LOW = 190.0, 130.0


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
class _Stack:
    """The numbers of one period."""

    up: tuple[tuple[str, float], ...]
    down: tuple[tuple[str, float], ...]
    net: float

    @property
    def top(self) -> float:
        return sum(size for _, size in self.up)

    @property
    def bottom(self) -> float:
        return sum(size for _, size in self.down)


def rows(accounts: Sequence[Account], who: str) -> tuple[Row, ...]:
    """Return a row a ledger; all counts share one scale, all values of one currency share another."""
    codes = (None, *dict.fromkeys(code for account in accounts for code in account.currencies))
    scales = {code: _Scale.over([_stack(f, code) for a in accounts for f in a.flows], len(accounts)) for code in codes}
    return tuple(
        Row(account.name, tuple(_panel(account, who, code, scales[code]) for code in (None, *account.currencies)))
        for account in accounts
    )


def _stack(flow: Flow, code: str | None) -> _Stack:
    def size(column: str) -> float:
        if code is None:
            return float(flow.counts.get(column, 0))
        return float(flow.values[column].get(code, Decimal(0)))

    up = [("in", size("joined")), ("inMore", size("other_in") + (size("expansion") if code is not None else 0.0))]
    down = [("out", size("left")), ("outMore", size("other_out") + (size("contraction") if code is not None else 0.0))]
    return _Stack(tuple(up), tuple(down), size("closing") - size("opening"))


@dataclass(frozen=True, slots=True)
class _Scale:
    """One linear scale for in and out."""

    high: float
    low: float
    step: float
    height: float

    @classmethod
    def over(cls, stacks: Sequence[_Stack], ledgers: int) -> _Scale:
        high = max([*(stack.top for stack in stacks), *(stack.net for stack in stacks), 0.0])
        low = max([*(stack.bottom for stack in stacks), *(-stack.net for stack in stacks), 0.0])
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
    wide = min(each * 0.66, 74.0)
    stacks = [_stack(flow, code) for flow in flows]
    middles = [_LEFT + each * (at + 0.5) for at in range(len(flows))]
    columns = [
        Column(_about(flow, code), _bars(stack, middle - wide / 2, wide, scale))
        for flow, stack, middle in zip(flows, stacks, middles, strict=True)
    ]
    grid = _grid(scale)
    labels = [_tick(level, code, scale) for level in grid]
    labels += _periods(flows, middles, each, scale.zero + scale.low * scale.unit + 2 * SIZE + 8)
    labels += _sizes(stacks, middles, each, code, scale)
    return Panel(
        title=panel_title(account, who, code),
        about=_alternative(account, code),
        height=scale.zero + scale.low * scale.unit + SIZE + 4 + _FOOT,
        zero=scale.zero,
        left=_LEFT,
        right=right,
        grid=tuple(scale.zero - level * scale.unit for level in grid if level),
        columns=tuple(columns),
        line=tuple((x, scale.zero - stack.net * scale.unit) for x, stack in zip(middles, stacks, strict=True)),
        labels=tuple(labels),
    )


def _bars(stack: _Stack, x: float, wide: float, scale: _Scale) -> tuple[Bar, ...]:
    bars: list[Bar] = []
    y = scale.zero
    for kind, size in stack.up:
        y -= size * scale.unit
        bars.append(Bar(kind, x, y, wide, size * scale.unit))
    y = scale.zero
    for kind, size in stack.down:
        bars.append(Bar(kind, x, y, wide, size * scale.unit))
        y += size * scale.unit
    return tuple(bar for bar in bars if bar.height > 0)


def _grid(scale: _Scale) -> list[float]:
    up = [scale.step * at for at in range(int(scale.high / scale.step + 1e-9) + 1)]
    return [*up, *(-scale.step * at for at in range(1, int(scale.low / scale.step + 1e-9) + 1))]


def _tick(level: float, code: str | None, scale: _Scale) -> Label:
    size = abs(level)
    text = short_count(round(size)) if code is None else money(size, worth.unit(code)) if size else "0"
    return Label(text, _LEFT - 6, scale.zero - level * scale.unit + SIZE * 0.35, "level")


def _periods(flows: Sequence[Flow], middles: Sequence[float], each: float, y: float) -> list[Label]:
    names = [
        worth.tick_name(flow.start, flow.end, at == 0 or flow.start.year != flows[at - 1].start.year)
        for at, flow in enumerate(flows)
    ]
    step = max(1, math.ceil((max(width(name, SIZE) for name in names) + 4) / each))
    if step > 1:  # every so many, each with its year
        names = [worth.tick_name(flow.start, flow.end, True) for flow in flows]
        step = max(step, math.ceil((max(width(name, SIZE) for name in names) + 4) / each))
    return [Label(names[at], middles[at], y) for at in range(0, len(names), step)]


def _sizes(
    stacks: Sequence[_Stack], middles: Sequence[float], each: float, code: str | None, scale: _Scale
) -> list[Label]:
    """Return the numbers on the bars, where they all find room."""

    def text(size: float) -> str:
        return short_count(round(size)) if code is None else money(size, worth.unit(code))

    up, down = [text(stack.top) for stack in stacks], [text(stack.bottom) for stack in stacks]
    if max(width(word, SIZE) for word in (*up, *down)) > each:
        return []
    labels: list[Label] = []
    for stack, x, above, below in zip(stacks, middles, up, down, strict=True):
        if stack.top:
            labels.append(Label(above, x, scale.zero - stack.top * scale.unit - 4, "inText"))
        if stack.bottom:
            labels.append(Label(below, x, scale.zero + stack.bottom * scale.unit + SIZE, "outText"))
    return labels


def _about(flow: Flow, code: str | None) -> str:
    lines = [flow.name]
    if code is None:
        named = (("in", "joined"), ("other in", "other_in"), ("out", "left"), ("other out", "other_out"))
        lines += [f"{count(flow.counts[key])} {word}" for word, key in named if flow.counts[key] or key in _SAID]
        lines.append(f"net {signed(flow.net)}; {count(flow.counts['closing'])} at the end")
        return "\n".join(lines)
    named = (*_VALUES, ("exchange rates", "fx"))
    amounts = [(word, key, flow.values[key].get(code, Decimal(0))) for word, key in named]
    lines += [f"{worth.exact(amount, code)} {word}" for word, key, amount in amounts if amount or key in _SAID]
    gain = float(flow.gain.get(code, Decimal(0)))
    lines.append(f"change {signed_money(gain, worth.unit(code))}")
    return "\n".join(lines)


_SAID = frozenset({"joined", "left"})
_VALUES = (
    ("in", "joined"),
    ("other in", "other_in"),
    ("grew", "expansion"),
    ("out", "left"),
    ("other out", "other_out"),
    ("shrank", "contraction"),
)


def _alternative(account: Account, code: str | None) -> str:
    """Return the text alternative: every period, while there are few; else first and last."""
    flows = account.flows if len(account.flows) <= 12 else (account.flows[0], account.flows[-1])
    return ". ".join(_about(flow, code).replace("\n", ", ") for flow in flows) + ". All periods are in the table."
