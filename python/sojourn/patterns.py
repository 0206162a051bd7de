"""Patterns: what must happen for a moment to occur. Immutable values, written as a journey file writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sojourn import _core
from sojourn._core import InvalidInput


class Condition:
    """A condition on one event, built from `column`; joined with ``&``, ``|`` and ``~``.

    A comparison with a null is unknown, and unknown goes through ``&``, ``|`` and ``~`` by Kleene's logic; `is_null` is
    never unknown.

    Examples
    --------
    >>> import sojourn as sj
    >>> (sj.column("amount") > 100) & ~sj.column("channel").isin(["shop", "phone"])
    Condition(amount > 100 and not (channel in ('shop', 'phone')))
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, written: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_text", json.dumps(written))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"conditions are immutable; build another one instead of setting {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return the condition as a journey file writes it."""
        return dict(json.loads(self._text))

    def __and__(self, other: Condition) -> Condition:
        return Condition({"all": [*self._parts("all"), *_condition(other)._parts("all")]})

    def __or__(self, other: Condition) -> Condition:
        return Condition({"any": [*self._parts("any"), *_condition(other)._parts("any")]})

    def __invert__(self) -> Condition:
        return Condition({"not": self.to_dict()})

    def _parts(self, key: str) -> list[Any]:
        written = self.to_dict()
        return list(written[key]) if key in written else [written]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        raise TypeError(
            "a condition is neither true nor false by itself; join conditions with & and |, not 'and' and 'or'"
        )

    def __repr__(self) -> str:
        return f"Condition({_core.condition_phrase(self._text)})"

    def __reduce__(self) -> Any:
        return Condition, (self.to_dict(),)


class Column:
    """A column of the events, to be compared with constants. See `column`."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def _compare(self, op: str, value: Any) -> Condition:
        if value is None:
            raise InvalidInput(
                f"column '{self._name}' {op} None: found None, expected a value (.is_null() asks for nulls)"
            )
        return Condition({"column": self._name, "op": op, "value": _constant(value, self._name)})

    def __eq__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("==", value)

    def __ne__(self, value: Any) -> Condition:  # type: ignore[override]
        return self._compare("!=", value)

    def __lt__(self, value: Any) -> Condition:
        return self._compare("<", value)

    def __le__(self, value: Any) -> Condition:
        return self._compare("<=", value)

    def __gt__(self, value: Any) -> Condition:
        return self._compare(">", value)

    def __ge__(self, value: Any) -> Condition:
        return self._compare(">=", value)

    __hash__ = None  # type: ignore[assignment]

    def isin(self, values: Iterable[Any]) -> Condition:
        """Return the condition that the column holds one of some values."""
        if isinstance(values, str):
            raise InvalidInput(f"column '{self._name}' isin: found the string {values!r}, expected a list of values")
        return Condition({"column": self._name, "op": "in", "value": [_constant(v, self._name) for v in values]})

    def is_null(self, wanted: bool = True) -> Condition:
        """Return the condition that the column is null (or, with False, that it is not)."""
        written: dict[str, Any] = {"column": self._name, "op": "is_null"}
        return Condition(written if wanted else {**written, "value": False})

    def __repr__(self) -> str:
        return f"column({self._name!r})"


def column(name: str) -> Column:
    """Return a column of the events, to be compared: ``==  !=  <  <=  >  >=``, `isin`, `is_null`.

    Parameters
    ----------
    name
        An attribute of the log, or its value or key column, under the name it has in the table.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.column("amount") > 100
    Condition(amount > 100)
    """
    return Column(name)


class _SpellNumber:
    """Which spell of its customer a record opens or closes, from 1; compare it with a number."""

    __slots__ = ()

    def __eq__(self, number: object) -> Condition:  # type: ignore[override]
        if isinstance(number, bool) or not isinstance(number, int):
            raise InvalidInput(f"spell_number: found {number!r:.60}, expected a whole number of 1 or more")
        return Condition({"spell_number": number})

    def __ne__(self, number: object) -> Condition:  # type: ignore[override]
        return ~(self == number)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "spell_number()"


def spell_number() -> _SpellNumber:
    """Return the number of a customer's spell, from 1, to compare; for ledgers' rules, not for patterns.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.spell_number() == 1
    Condition(spell 1)
    """
    return _SpellNumber()


class Pattern:
    """What must happen for a moment to occur. Built by `event`, `nth`, `count` and the like; immutable; nests freely.

    Raises
    ------
    InvalidInput
        When it is built, for a pattern that can never occur, with the place.
    """

    __slots__ = ("_phrase", "_text")
    _phrase: str
    _text: str

    def __init__(self, written: Mapping[str, Any]) -> None:
        text, phrase = _core.read_pattern(_json(written, "pattern"))
        object.__setattr__(self, "_text", text)
        object.__setattr__(self, "_phrase", phrase)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"patterns are immutable; build another one instead of setting {name!r}")

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Pattern:
        """Return the pattern that a journey file writes so."""
        return cls(written)

    def to_dict(self) -> dict[str, Any]:
        """Return the pattern as a journey file writes it."""
        return dict(json.loads(self._text))

    def where(self, *conditions: Condition) -> Pattern:
        """Return the pattern with further conditions, all to hold.

        In `nth`, `count` and `absent` they are judged on the events counted or awaited, in the other forms on the event
        that the occurrence carries.

        Examples
        --------
        >>> import sojourn as sj
        >>> sj.count("order", at_least=3, within="30d").where(sj.column("amount") > 100)
        Pattern(third order where amount > 100 within 30 days)
        """
        written = self.to_dict()
        before = written.get("where", [])
        before = [before] if isinstance(before, Mapping) else before
        return Pattern({**written, "where": [*before, *(_condition(c).to_dict() for c in conditions)]})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Pattern({self._phrase})"

    def __str__(self) -> str:
        return str(self._phrase)

    def __reduce__(self) -> Any:
        return Pattern, (self.to_dict(),)


Operand = str | Pattern


def event(x: Operand) -> Pattern:
    """Return the pattern that occurs at each x.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.event("order").where(sj.column("amount") > 100)
    Pattern(order where amount > 100)
    """
    return Pattern({"event": x})


def nth(x: Operand, n: int) -> Pattern:
    """Return the pattern that occurs at the n-th x of the customer's life.

    Where the log's history is truncated, and no prior count is given, it stays undecided.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.nth("order", 100)
    Pattern(100th order)
    """
    return Pattern({"nth": x, "n": n})


def count(x: Operand, at_least: int, within: str, rearm: str = "below") -> Pattern:
    """Return the pattern that occurs at an x that makes n of them in a rolling window.

    Parameters
    ----------
    x
        An event name or a pattern.
    at_least
        How many.
    within
        The window, closed at both ends: "30d", "1 month".
    rearm
        ``"below"``: after occurring it may occur again once a later x found fewer in its window; ``"every"``: at each x
        that finds as many.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.count("contact", at_least=3, within="30d")
    Pattern(third contact within 30 days)
    """
    return Pattern(
        {"count": x, "at_least": at_least, "within": within, **({} if rearm == "below" else {"rearm": rearm})}
    )


def absent(x: Operand, within: str, after: Operand, unless: Operand | None = None) -> Pattern:
    """Return the pattern that occurs when a window after y ends without an x (nor the `unless`).

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.absent("follow_up", within="10d", after="claim_closed", unless="household_left")
    Pattern(no follow_up within 10 days after claim_closed, unless household_left)
    """
    return Pattern({"absent": x, "within": within, "after": after, **({} if unless is None else {"unless": unless})})


def sequence(*elements: Operand, within: str, strict: bool = False) -> Pattern:
    """Return the pattern that occurs when its elements follow one another, all inside a window from the first.

    With `strict` no event of another kind may lie between two elements.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.sequence("quote", "bind", within="30d")
    Pattern(quote then bind within 30 days)
    """
    return Pattern({"sequence": list(elements), "within": within, **({"strict": strict} if strict else {})})


def anniversary(y: Operand, every: str) -> Pattern:
    """Return the pattern that occurs at every anniversary of every y, until the customer's first outcome.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.anniversary("bind", every="1 year")
    Pattern(every 1 year after bind)
    """
    return Pattern({"anniversary": y, "every": every})


def gap(length: str) -> Pattern:
    """Return the pattern that occurs when a customer has been silent that long: no event of any name.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.gap("60d")
    Pattern(60 days of silence)
    """
    return Pattern({"gap": length})


def any_of(*alternatives: Operand) -> Pattern:
    """Return the pattern that occurs whenever one of its parts does, once an instant.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.any_of("order", "renewal")
    Pattern(order or renewal)
    """
    return Pattern({"any_of": list(alternatives)})


def all_of(*members: Operand, within: str) -> Pattern:
    """Return the pattern that occurs when the last of its parts completes the set inside a window, in any order.

    Examples
    --------
    >>> import sojourn as sj
    >>> sj.all_of("paid", "delivered", within="7d")
    Pattern(paid and delivered within 7 days)
    """
    return Pattern({"all_of": list(members), "within": within})


def _condition(value: object) -> Condition:
    if isinstance(value, Condition):
        return value
    raise InvalidInput(f"where: found {value!r:.80}, expected a condition, as sj.column('amount') > 100")


def _constant(value: Any, name: str) -> Any:
    """Return the constant as JSON has it; dates and times as their ISO text."""
    value = value.item() if hasattr(value, "item") else value  # numpy's scalars
    value = value.isoformat() if hasattr(value, "isoformat") else value
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise InvalidInput(
            f"column '{name}': found {value!r:.60}, expected a string, number, True, False, date or time"
        )
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        raise InvalidInput(f"column '{name}': found {value!r}, expected a finite number")
    return value


def _json(written: Any, place: str) -> str:
    """Return JSON text; patterns and conditions inside as their dicts."""
    try:
        return json.dumps(_plain(written), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{place}: found what JSON cannot write ({error}), expected strings, numbers, lists, dicts"
        ) from error


def _plain(written: Any) -> Any:
    """Return patterns and conditions inside as dicts, sequences as lists."""
    if isinstance(written, (Pattern, Condition)):
        return written.to_dict()
    if isinstance(written, Mapping):
        return {key: _plain(value) for key, value in written.items()}
    if isinstance(written, Sequence) and not isinstance(written, str):
        return [_plain(item) for item in written]
    return written
