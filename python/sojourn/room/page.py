"""The room: what it takes, and the page that it becomes."""

from __future__ import annotations

import html
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from sojourn._core import InvalidInput, __version__
from sojourn._files import write_whole
from sojourn._templates import escaping
from sojourn.journey_map import JourneyMap, from_tables, numbers
from sojourn.journey_map.paint import DARK, LIGHT
from sojourn.journey_map.text import clean

from . import (
    bars,
    claims,
    customers,
    gaps,
    kpis,
    listening,
    moments,
    nearest,
    owners,
    promises,
    proof,
    quotes,
    reasons,
    worth,
)

if TYPE_CHECKING:
    from sojourn.assets import Reconciliation
    from sojourn.attribution import Attribution
    from sojourn.graph import JourneyGraph
    from sojourn.matches import Matches

MOST_PATHS = 100
MOST_PERIODS, MOST_PERIODS_OF_OTHERS = 24, 12
_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}


class Room:
    """A page for one meeting: who came in, who went out, worth how much, where they leave, and who owns it. Immutable.

    The page stands on its own: no script, nothing fetched, light and dark as the reader's system is, prints on A4 (the
    map on A3). The same results give the same bytes.

    Parameters
    ----------
    matches
        Every customer taken through the journey.
    attribution
        Which moment each voice speaks of (`Matches.attribute`). Without it the page says what to supply.
    reconciliation
        Customers in and out by period; the last period is the page's own, and so is the first ledger (the standard,
        where there is one). Without it the page says what to supply.
    title
        What stands above the finding; by default the journey's name.
    who
        The plural of what is counted, such as ``"households"``.
    unit
        What stands before the value of events, such as ``"$"``; None: events have no value worth showing.
    interval
        Confidence of all intervals.
    draws, seed
        Bootstrap draws for the shares that left within the window, and where chance begins.
    threads
        Number of threads (None: all). The page never depends on it.

    Raises
    ------
    InvalidInput
        For a confidence outside (0, 1), or anything else than matches, an attribution of theirs and a reconciliation.
    RuntimeError
        When an identity fails: such figures must not be shown.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> times = [datetime(2026, 3, 1), datetime(2026, 3, 9)]
    >>> log = sj.EventLog({"customer": [1, 1], "time": times, "event": ["order", "cancel"]})
    >>> journey = sj.Journey(["buy"], [sj.Moment("order", "buy", when=sj.event("order"))], {"left": sj.event("cancel")})
    >>> sj.Room(journey.match(log))
    Room(1 customer; 1 left after order; no reconciliation)
    """

    def __init__(
        self,
        matches: Matches,
        attribution: Attribution | None = None,
        reconciliation: Reconciliation | None = None,
        *,
        title: str | None = None,
        who: str = "customers",
        unit: str | None = None,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        threads: int | None = None,
    ) -> None:
        _check_types(matches, attribution, reconciliation)
        self._title = title
        self._who = clean(who) or "customers"
        self._unit = None if unit is None else clean(unit) + " " * unit.endswith(" ")
        self._chance = {"interval": interval, "draws": draws, "seed": seed}
        self._matches = matches
        self._attribution = attribution
        self._reconciliation = reconciliation
        graph = matches.graph()
        absorption = graph.absorption(interval=interval, draws=draws, seed=seed, threads=threads)
        journey = matches.journey.to_dict()
        first, last = (worth.plain_date(moment) for moment in matches.log.span)
        self._quarter = kpis.quarter(first, last, journey)
        self._tables: dict[str, Any] = {
            "journey": journey,
            "moments": matches.moments().rows(),
            "kpis": matches.kpis(interval).rows(),
            **self._beside(interval),
            "undecided": _cases(matches),
            "unmapped": matches.unmapped().rows(),
            "unreached": matches.unreached().rows(),
            "nodes": graph.nodes().rows(),
            "edges": graph.edges().rows(),
            "exits": graph.exits().rows(),
            "absorption": absorption.rows(),
            "ranking": self._ranking(graph, interval, draws, seed, threads),
            "hand_offs": graph.hand_offs().rows(),
            "statement": [] if reconciliation is None else reconciliation.with_money("decimal").statement().rows(),
            "checks": [] if reconciliation is None else reconciliation.check().rows(),
            "bridges": _bridges(reconciliation),
            "leaving": _leaving(reconciliation),
        }
        read = ("journey", "moments", "kpis", "kpis_before", "kpis_after", "nodes", "edges", "exits", "absorption")
        self._moments = moments.Moments(**{name: self._tables[name] for name in read})
        self._leaving = self._moments.leaving()
        self._promises = promises.sort(self._moments.moments())
        self._owners = owners.roll_up(self._moments.moments())
        self._heard: listening.Listening | None = None
        if attribution is not None:
            self._tables["listening"] = listening.tables(attribution, interval)
            self._heard = listening.read(journey, self._tables["moments"], self._tables["listening"])
        self._accounts: tuple[customers.Account, ...] = ()
        self._claims: tuple[claims.Claim, ...] = ()
        if reconciliation is not None:
            months = _months(reconciliation.periods)
            self._accounts = customers.read(self._tables["statement"], reconciliation.ledgers, months)
            self._span = worth.span_name(months)
            if len(self._accounts) > 1:
                units = {clean(name): unit for name, unit in _units(reconciliation).items()}
                self._claims = claims.read(self._accounts, units)
        self._html = self._render(graph)

    @property
    def html(self) -> str:
        """The page."""
        return self._html

    @property
    def finding(self) -> str:
        """The page's title: what happened, in whole customers."""
        if self._claims and self._reconciliation is not None:
            company = self._reconciliation.has_standard
            return claims.finding(self._claims, self._who, self._accounts[0].last.name, company)
        if self._accounts:
            return customers.finding(self._accounts[0], self._who)
        left = self._moments.left
        return f"{numbers.counted(left, self._who)} left on the way" if left else "Nobody left on the way"

    @property
    def summary(self) -> tuple[str, ...]:
        """The page in a few lines: the last period, where customers leave and who owns it, promises, voices."""
        lines = [self.finding] if self._claims else []
        if self._accounts:
            account, flow = self._accounts[0], self._accounts[0].last
            came, went, here = (numbers.count(flow.counts[key]) for key in ("joined", "left", "closing"))
            if account.has_value:
                came += f" ({worth.change(flow.values['joined'])})"
                went += f" ({worth.loss(flow.values['left'])})"
                here += f" ({worth.short(flow.values['closing'])})"
            lines.append(f"{flow.name}: {came} came in, {went} went out; {here} are here now")
        lines.append(self._where())
        if self._promises.told:
            lines.append(promises.headline(self._promises))
        if self._quarter is not None and self._fell is not None:
            lines.append(promises.fall(self._fell, self._quarter))
        if self._heard is not None:
            lines.append(listening.headline(self._heard, self._who, self._unit))
        return tuple(lines)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the results that the page shows (not of the input): equal results, equal fingerprints."""
        return proof.fingerprint({**self._tables, **self._chance})

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, whole or not at all.

        Parameters
        ----------
        path
            Ends in ``.html``.

        Raises
        ------
        InvalidInput
            If it ends otherwise, or its folder is not there.
        """
        if Path(path).suffix.lower() not in {".html", ".htm"}:
            raise InvalidInput(f"path {os.fspath(path)!r}: found '{Path(path).suffix}', expected .html")
        write_whole(path, self._html)

    def __repr__(self) -> str:
        everyone = numbers.counted(self._matches.log.customers, self._who).replace(numbers.MINUS, "-")
        left = "nobody left"
        if self._leaving:
            most = self._leaving[0]
            then = f", by way of {most.then}" if most.then else ""
            left = f"{numbers.count(most.customers)} left {'' if most.first else 'after '}{most.name}{then}"
        flow = "no reconciliation"
        if self._accounts:
            last = self._accounts[0].last
            flow = f"{last.name}: {last.counts['joined']:,} in, {last.counts['left']:,} out"
        return f"Room({everyone}; {left}; {flow})"

    def _repr_html_(self) -> str:
        page = html.escape(self._html, quote=True)
        style = "width:100%;height:760px;border:1px solid #c3cbd3;border-radius:6px"
        return f'<iframe sandbox title="The customer room" style="{style}" srcdoc="{page}"></iframe>'

    @property
    def _fell(self) -> moments.Moment | None:
        return promises.deepest_fall(self._promises.told)

    def _where(self) -> str:
        """Return where customers leave, and who is accountable."""
        text = moments.left_headline(self._leaving, self._moments.left, self._who)
        owner = self._leaving[0].accountable if self._leaving else ""
        return f"{text}; {owner} is accountable" if owner else text

    def _beside(self, interval: float) -> dict[str, list[dict[str, Any]]]:
        """Return the promises of one quarter, and those of the time before it; nothing where there is no quarter."""
        if self._quarter is None:
            return {"kpis_before": [], "kpis_after": []}
        start, end = self._quarter.start, self._quarter.end
        return {
            "kpis_before": self._matches.kpis(interval, end=start).rows(),
            "kpis_after": self._matches.kpis(interval, start=start, end=end).rows(),
        }

    @staticmethod
    def _ranking(
        graph: JourneyGraph, interval: float, draws: int, seed: int, threads: int | None
    ) -> list[dict[str, Any]]:
        """Return the ranking for the outcome that most customers reached; nothing where nobody reached one."""
        ends = [row for row in graph.nodes().rows() if row["kind"] == "outcome" and row["customers"]]
        if not ends:
            return []
        most = max(ends, key=lambda row: row["customers"])
        rows = graph.ranking(most["node"], 20, interval=interval, draws=draws, seed=seed, threads=threads).rows()
        return [{**row, "outcome": most["node"]} for row in rows]

    def _picture(self, graph: JourneyGraph) -> JourneyMap:
        """Return the map, with the states and scores that the rest of the page shows."""
        tables, log = self._tables, self._matches.log
        first, last = log.span
        states = {moment.key: moment.kpi.state or "open" for moment in self._moments.moments() if moment.kpi}
        data = from_tables(
            tables["nodes"],
            tables["edges"],
            stages=[(str(stage["id"]), str(stage.get("name") or stage["id"])) for stage in tables["journey"]["stages"]],
            who=self._who,
            period=f"{first:%b %Y} – {last:%b %Y}",
            unit=self._unit,
            customers=log.customers,
            after_outcome=graph.after_outcome,
            unmapped=sum(row["count"] for row in tables["unmapped"]),
            kpis=[{**row, "state": states.get(row["moment"])} for row in tables["kpis"]],
            voices=[] if self._heard is None else listening.on_the_map(self._heard),
            endings=tables["exits"],
            history=log.before_observation > 0,
            part=self._matches.journey.name or "" if self._matches.journey.part_of else "",
            part_of=self._matches.journey.part_of or "",
        )
        return JourneyMap(data, folded_customers=lambda nodes: graph._core.visitors(list(nodes)))

    def _render(self, graph: JourneyGraph) -> str:
        log, told, tables = self._matches.log, self._moments, self._tables
        first, last = (worth.day(worth.plain_date(moment)) for moment in log.span)
        window = f"{first} to {last}"
        picture = self._picture(graph)
        tests = [
            proof.walks(log.customers, told.left, told.stayed),
            proof.owned(told.left, told.left_first, [owner.left for owner in self._owners]),
            *([] if self._heard is None else [proof.voices(self._heard.voices)]),
            *proof.checks(tables["checks"]),
        ]
        return (
            environment()
            .get_template("room.html.jinja")
            .render(
                light=LIGHT,
                dark=DARK,
                title=clean(self._title or tables["journey"].get("journey") or "The customers"),
                finding=self.finding,
                who=self._who,
                unit=self._unit,
                window=window,
                everyone=log.customers,
                events=len(log),
                left=told.left,
                stayed=told.stayed,
                outcomes=told.outcomes,
                accounts=self._accounts,
                account=self._accounts[0] if self._accounts else None,
                reconciled=self._reconciliation is not None,
                definition=self._definition(),
                span=self._span if self._accounts else "",
                rows=bars.rows(self._accounts, self._who) if self._accounts else (),
                most_periods=MOST_PERIODS,
                most_periods_of_others=MOST_PERIODS_OF_OTHERS,
                wide=picture.layout.width > 1200,
                picture=Markup(picture.figure(most_paths=MOST_PATHS)),
                claims=self._claims,
                gaps=self._gaps(),
                reasons=self._reasons(),
                where=self._where(),
                leaving=self._leaving,
                left_value=told.left_value,
                owners=self._owners,
                nearest=self._nearest(),
                hand_offs=[{**row, **_owners_of(row)} for row in tables["hand_offs"]],
                only_share=owners.only_share(told.moments()),
                promises=self._promises,
                quarter=self._quarter,
                fell=self._fell,
                heard=self._heard,
                most_leaving=moments.MOST_LEAVING,
                stages=told.stages(),
                endings=told.endings(),
                unmapped=[{**row, "event": clean(str(row["event"]))} for row in tables["unmapped"]],
                most_unmapped=moments.MOST_UNMAPPED,
                unreached=[told.name(str(row["moment"])) for row in tables["unreached"]],
                undecided=moments.undecided_cases(tables["undecided"], told.name),
                after_outcome=graph.after_outcome,
                checks=tests,
                checks_shown=proof.together(tests, [account.name for account in self._accounts]),
                journey=clean(str(tables["journey"].get("journey") or "without a name")),
                journey_version=tables["journey"]["version"],
                note=clean(str(tables["journey"].get("note") or "")),
                fingerprint=self.fingerprint,
                version=__version__,
                **self._chance,
            )
        )

    def _nearest(self) -> nearest.Nearest | None:
        rows = self._tables["ranking"]
        if not rows:
            return None
        return nearest.read(rows, self._moments.outcome_name(rows[0]["outcome"]), self._moments.name)

    def _gaps(self) -> tuple[gaps.Gap, ...]:
        """Return why the other ledgers' last period is not the standard's."""
        r = self._reconciliation
        if r is None or not self._accounts or not self._tables["bridges"]:
            return ()
        first = self._accounts[0].last.start
        return gaps.read(self._tables["statement"], self._tables["bridges"], _units(r), r.ledgers[0], first, r.periods)

    def _reasons(self) -> reasons.Reasons | None:
        """Return why customers left, by the first ledger that keeps reasons."""
        rows = self._tables["leaving"]
        return reasons.read(rows, rows[0]["ledger"], self._accounts[0].last.start) if rows else None

    def _definition(self) -> list[tuple[str, str]]:
        """Return what the page's own ledger counts, field by field, as far as it says anything."""
        if self._reconciliation is None or not self._accounts:
            return []
        said = self._reconciliation.definition(self._reconciliation.ledgers[0]).to_dict()
        return [(name, clean(_said(value))) for name, value in said.items() if value]


def _owners_of(row: Mapping[str, Any]) -> dict[str, str]:
    return {end: clean(str(row[end])) for end in ("source_owner", "target_owner")}


def _check_types(matches: object, attribution: object, reconciliation: object) -> None:
    from sojourn.assets import Reconciliation
    from sojourn.attribution import Attribution
    from sojourn.matches import Matches

    if not isinstance(matches, Matches):
        raise InvalidInput(f"matches: found {type(matches).__name__}, expected Matches (journey.match(log))")
    if attribution is not None and not isinstance(attribution, Attribution):
        found = type(attribution).__name__
        raise InvalidInput(f"attribution: found {found}, expected an Attribution (matches.attribute(feedback, …))")
    if attribution is not None and attribution.matches is not matches:
        raise InvalidInput("attribution: found one of other matches, expected one of the page's own")
    if reconciliation is not None and not isinstance(reconciliation, Reconciliation):
        found = type(reconciliation).__name__
        raise InvalidInput(f"reconciliation: found {found}, expected a Reconciliation (sj.reconcile([ledger], …))")


def _cases(matches: Matches) -> list[tuple[str, str, int]]:
    """Return moment, reason and number of the undecided cases."""
    cases: dict[tuple[str, str], int] = {}
    columns = matches.undecided().to_dict()
    for key in zip(columns["moment"], columns["reason"], strict=True):
        cases[key] = cases.get(key, 0) + 1
    return sorted((moment, reason, number) for (moment, reason), number in cases.items())


def _units(reconciliation: Reconciliation) -> dict[str, str]:
    """Return what each ledger counts."""
    return {name: str(reconciliation.definition(name).to_dict()["customer"]) for name in reconciliation.ledgers}


def _bridges(reconciliation: Reconciliation | None) -> dict[str, list[dict[str, Any]] | str]:
    """Return each other ledger's bridge to the standard, or why there is none."""
    if reconciliation is None or not reconciliation.has_standard:
        return {}
    exact = reconciliation.with_money("decimal")
    found: dict[str, list[dict[str, Any]] | str] = {}
    for name in reconciliation.ledgers[1:]:
        try:
            found[name] = exact.bridge(name).rows()
        except InvalidInput as error:
            found[name] = str(error)
    return found


def _leaving(reconciliation: Reconciliation | None) -> list[dict[str, Any]]:
    """Return the recorded reasons for leaving of the first ledger that keeps any."""
    for name in [] if reconciliation is None else reconciliation.ledgers:
        if reconciliation is not None and reconciliation.reasons(name):
            return reconciliation.with_money("decimal").leaving(ledger=name).rows()
    return []


def _months(periods: str) -> int:
    number, word = periods.split()
    return int(number) * _MONTHS[word]


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {_said(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_said, value))
    return "none" if value is None else str(value)


@cache
def environment() -> Environment:
    """Return the templates of the page: everything escaped, nothing undefined passes."""
    made = escaping(Path(__file__).parent)
    made.filters.update(
        n=_number,
        count=numbers.count,
        counted=numbers.counted,
        signed=numbers.signed,
        share=worth.share,
        rate=worth.rate,
        short=worth.short,
        change=worth.change,
        loss=worth.loss,
        day=worth.day,
        money=numbers.money,
        voices=listening.voices,
    )
    made.globals.update(
        reach=worth.reach,
        exact=worth.exact,
        last_day=worth.last_day,
        more_or_fewer=worth.more_or_fewer,
        more_or_less=worth.more_or_less,
        terms=customers.terms,
        not_drawn=customers.not_drawn,
        statement_headline=customers.headline,
        fold_segments=customers.fold_segments,
        left_headline=moments.left_headline,
        claims_headline=claims.headline,
        gaps_headline=gaps.headline,
        reasons_headline=reasons.headline,
        handed=nearest.handed,
        owners_headline=owners.headline,
        promises_headline=promises.headline,
        fall=promises.fall,
        listening_headline=listening.headline,
        few=listening.FEW,
        longest_quote=quotes.LONGEST,
        checks_headline=proof.headline,
        width=bars.WIDTH,
        strip_width=claims.STRIP,
    )
    return made


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0") if abs(value) >= 0.05 else "0"
