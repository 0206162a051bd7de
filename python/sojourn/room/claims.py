"""What each ledger says of the page's own period: in, out and what is left over, side by side on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sojourn.journey_map.numbers import count, counted, one_of, signed
from sojourn.journey_map.text import clean

from . import worth
from .customers import Account
from .worth import Worth

STRIP = 190.0
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Strip:
    """Out to the left of zero, in to the right; `net` is where in less out ends. In pixels."""

    zero: float
    went: float
    came: float
    net: float


@dataclass(frozen=True, slots=True)
class Claim:
    """One ledger's answer for one period.

    Attributes
    ----------
    unit
        What it counts: its definition's customer column.
    own
        Whether it is the page's own.
    not_counted
        Comings and goings that its own rules do not count.
    value
        None where no one currency holds for all ledgers.
    """

    name: str
    unit: str
    own: bool
    came: int
    went: int
    came_worth: Worth
    went_worth: Worth
    not_counted: int
    customers: Strip
    value: Strip | None

    @property
    def net(self) -> int:
        """In less out."""
        return self.came - self.went

    @property
    def net_worth(self) -> Worth:
        """In less out, in value."""
        return worth.difference(self.came_worth, self.went_worth)


def read(accounts: Sequence[Account], units: Mapping[str, str]) -> tuple[Claim, ...]:
    """Return what each ledger says of the last period.

    Parameters
    ----------
    accounts
        The ledgers, the page's own first.
    units
        What each counts, by its name.
    """
    flows = [account.last for account in accounts]
    counts = _strips([(flow.counts["joined"], flow.counts["left"]) for flow in flows])
    codes = {account.currencies for account in accounts}
    code = next(iter(codes)) if len(codes) == 1 else ()
    values: list[Strip] | list[None] = [None] * len(flows)
    if len(code) == 1:
        nothing = Decimal(0)
        amounts = [[flow.values[column].get(code[0], nothing) for column in ("joined", "left")] for flow in flows]
        values = _strips([(float(came), float(went)) for came, went in amounts])
    return tuple(
        Claim(
            name=account.name,
            unit=clean(units.get(account.name, "")),
            own=at == 0,
            came=flow.counts["joined"],
            went=flow.counts["left"],
            came_worth=_worth(account, "joined"),
            went_worth=_worth(account, "left"),
            not_counted=flow.counts["other_in"] + flow.counts["other_out"],
            customers=counts[at],
            value=values[at],
        )
        for at, (account, flow) in enumerate(zip(accounts, flows, strict=True))
    )


def _worth(account: Account, column: str) -> Worth:
    """Return a column of the last period in the ledger's currencies; empty for one without values."""
    values = account.last.values[column]
    return {code: values.get(code, Decimal(0)) for code in account.currencies}


def _strips(pairs: Sequence[tuple[float, float]]) -> list[Strip]:
    """Return the pairs on one scale."""
    right, left = max(came for came, _ in pairs), max(went for _, went in pairs)
    unit = STRIP / ((right + left) or 1.0)
    zero = left * unit
    return [Strip(zero, went * unit, came * unit, zero + (came - went) * unit) for came, went in pairs]


def finding(claims: Sequence[Claim], who: str, period: str, company: bool) -> str:
    """Return the page's title: what the page's own ledger says, and what the others do.

    Parameters
    ----------
    company
        Whether the first ledger is the company's own count.
    """
    own, *others = claims
    who_said = "We" if company else own.name
    it = "we" if company else "it"
    if own.net == 0:
        text = f"{who_said} lost as many {who} as {it} gained in {period}"
    else:
        verb, back = ("lost", "gained") if own.net < 0 else ("gained", "lost")
        text = f"{who_said} {verb} {_more(abs(own.net), who)} than {it} {back} in {period}"
    named = [f"{claim.name} {_report(claim.net)}" for claim in others[1:_MOST_NAMED]]
    rest = len(others) - _MOST_NAMED
    if rest > 0:
        named.append(f"and {counted(rest, 'more ledgers')}")
    return ", ".join([f"{text}; {others[0].name} reports {_report(others[0].net)}", *named])


def _more(number: int, who: str) -> str:
    return f"{count(number)} more {one_of(who) if number == 1 else who}"


def _report(net: int) -> str:
    return "no change" if net == 0 else f"a {'gain' if net > 0 else 'loss'} of {count(abs(net))}"


def headline(claims: Sequence[Claim], period: str) -> str:
    """Return how many ledgers say something else than the page's own."""
    own, *others = claims
    apart = [claim for claim in others if claim.net != own.net]
    if not apart:
        both = "Both ledgers agree" if len(claims) == 2 else f"All {len(claims)} ledgers agree"
        return f"{both} for {period}: net {signed(own.net)}"
    if len(others) == 1:
        return f"{others[0].name} does not agree with this page’s count for {period}"
    if len(apart) == len(others):
        return f"None of the {len(others)} other ledgers agrees with this page’s count for {period}"
    return f"{len(apart)} of the {len(others)} other ledgers do not agree with this page’s count for {period}"
