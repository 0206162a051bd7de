"""The room: opens offline, says what the tables say, nothing in it comes alive, equal results give equal bytes."""

from __future__ import annotations

import random
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sojourn as sj
from many import many
from sojourn._waterfall import Step
from sojourn.journey_map.numbers import count
from sojourn.room import (
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
    reasons,
    worth,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "a ]]> b --> </style></title></svg> <!-- {{ 7 * 7 }} {% raw %}",
    "‮right to left‏ שלום⁧",
    "javascript:alert(1)' onload='x",
    "url(https://evil.example/x) @import 'https://evil.example/y'",
    "W" * 3_000,
    "Z" + "́" * 300 + "algo",
    "line\nend\x07",
)
VOID = {"meta", "br", "img", "hr", "input", "link", "path", "rect", "circle"}
ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        """html head meta title style body a nav div main section article p i h1 h2 h3 span b strong ul li figure
        figcaption svg g path rect circle text tspan desc table thead tbody tr th td details summary dl dt dd code pre
        bdi br footer symbol use""",
    )
)
LOADING = frozenset({"src", "srcset", "xlink:href", "action", "data", "poster", "ping", "formaction"})


class Page(HTMLParser):
    """Elements with their attributes, and the words a reader sees, table cells apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.headings: list[int] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.words.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def row(self, start: str) -> list[str]:
        """Return the cells of the only row that begins so."""
        found = [row for row in self.rows if row and row[0].strip().startswith(start)]
        assert len(found) == 1, (start, len(found))
        return [" ".join(cell.split()) for cell in found[0]]


def check_offline(html: str) -> Page:
    """Assert that the page loads nothing, runs nothing, and is well formed."""
    page = Page(html)
    assert not page.open
    tags = {tag for tag, _ in page.elements}
    assert tags <= ELEMENTS, tags - ELEMENTS
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in LOADING, (tag, name)
            if name == "href":
                assert re.fullmatch(r"#[a-z]+", value or ""), value
            if name == "style":
                assert re.fullmatch(r"width:[0-9.]+%", value or ""), value
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "url(" not in style and "@import" not in style and "expression" not in style
    metas = [attributes for tag, attributes in page.elements if tag == "meta"]
    policy = next(meta["content"] for meta in metas if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script-src" not in policy
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = {str(attributes["href"])[1:] for tag, attributes in page.elements if tag == "a"}
    assert links <= set(ids)
    return page


def check_accessible(page: Page) -> None:
    """Assert headings in order, one h1, text alternatives, heads of tables."""
    assert page.headings.count(1) == 1 and page.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for tag, attributes in page.elements:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or (
                attributes.get("role") == "img" and attributes.get("aria-label")
            )
        if tag == "th":
            assert attributes.get("scope") in {"col", "row", "rowgroup"}
        if attributes.get("tabindex") == "0":
            assert attributes.get("aria-label")
    first = next(attributes for tag, attributes in page.elements if tag == "a")
    assert first["class"] == "skip" and first["href"] == "#main"


@cache
def shop() -> sj.datasets.Shop:
    return sj.datasets.cdnow()


@cache
def shop_room() -> sj.Room:
    r = sj.reconcile([shop().ledger], periods="3 months", start="1997-01-01", end="1998-07-01")
    return sj.Room(shop().journey.match(shop().log), reconciliation=r, unit="$")


def log_of(seed: int, moments_count: int, customers_count: int, names: list[str] | None = None) -> sj.EventLog:
    draw = random.Random(seed)
    rows: dict[str, list[Any]] = {"customer": [], "time": [], "event": [], "amount": []}
    names = names or [f"e{at}" for at in range(moments_count)]
    for customer in range(customers_count):
        time = datetime(2026, 1, 1) + timedelta(hours=draw.randrange(2_000))
        at = draw.randrange(len(names))
        for _ in range(draw.randrange(1, 12)):
            at = max(0, at + draw.choice((-1, 1, 1, 2))) % len(names) if len(names) > 3 else draw.randrange(len(names))
            time += timedelta(hours=draw.randrange(1, 200))
            rows["customer"].append(customer)
            rows["time"].append(time)
            rows["event"].append(names[at])
            rows["amount"].append(float(draw.randrange(100)))
        if draw.random() < 0.5:
            for column, cell in zip(rows, (customer, time + timedelta(hours=1), "cancel", 0.0), strict=True):
                rows[column].append(cell)
    return sj.EventLog(rows, value="amount")


def journey_of(
    ids: list[str],
    stage_names: list[str],
    moment_names: list[str],
    events: list[str],
    outcomes: bool = True,
    **more: Any,
) -> sj.Journey:
    stages = [{"id": f"s{at}", "name": name, "goal": name} for at, name in enumerate(stage_names) if name.strip()]
    listed = [
        {
            "id": key,
            "stage": stages[at * len(stages) // len(ids)]["id"],
            "name": name,
            "when": {"event": event},
            "accountable": name,
            "shared": [name + "s", moment_names[0]],
            "kpi": {"name": name, "met": {"follows": "cancel", "within": "30d"}, "target": 0.9 if at % 2 else 0.01},
        }
        for at, (key, name, event) in enumerate(zip(ids, moment_names, events, strict=True))
    ]
    ends = [{"id": "left", "name": moment_names[0], "when": {"event": "cancel"}}] if outcomes else []
    return sj.Journey(stages, listed, ends, **more)


def ledger_of(
    name: str, seed: int = 1, segments: tuple[str, ...] = ("north", "south"), currencies: str = "USD"
) -> sj.Ledger:
    draw = random.Random(seed)
    rows: dict[str, list[Any]] = {"who": [], "from": [], "to": [], "paid": [], "where": [], "coin": []}
    for customer in range(60):
        start = date(2025, 11, 1) + timedelta(days=draw.randrange(240))
        for _ in range(draw.randrange(1, 3)):
            end = start + timedelta(days=draw.randrange(10, 150))
            rows["who"].append(customer)
            rows["from"].append(start)
            rows["to"].append(end if draw.random() < 0.6 else None)
            rows["paid"].append(Decimal(draw.randrange(10_000, 900_000)) / 100)
            rows["where"].append(segments[customer % len(segments)])
            rows["coin"].append(currencies.split()[customer % len(currencies.split())])
            start = end + timedelta(days=draw.randrange(1, 90))
    rows["paid"] = [float(cell) for cell in rows["paid"]]
    definition = sj.Definition(
        "who", "from", "to", value="paid", currency="coin", segment="where", leaves={"first": {"spell_number": 1}}
    )
    return sj.Ledger(name, rows, definition)


def monthly(*ledgers: sj.Ledger, **more: Any) -> sj.Reconciliation:
    return sj.reconcile(list(ledgers), periods="1 month", start="2026-01-01", end="2026-07-01", **more)


def small_room(**more: Any) -> sj.Room:
    names = ["e0", "e1", "e2"]
    journey = journey_of(["a", "b", "c"], ["Buy", "Use"], ["Order", "Call", "Visit"], names)
    return sj.Room(journey.match(log_of(3, 3, 80)), draws=50, **more)


# --- the worked example ----------------------------------------------------------------------------


def test_the_page_opens_offline_and_can_be_read_by_all() -> None:
    html = shop_room().html
    check_accessible(check_offline(html))
    assert len(html.encode()) < 300_000
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)
    for needed in ("prefers-color-scheme:dark", "@media print", "A4 landscape", "A3 landscape", ":focus-visible"):
        assert needed in html


def test_the_opener_says_what_the_statement_says() -> None:
    text = check_offline(shop_room().html).text
    assert "We lost 500 more customers than we gained; those here are worth $49k less" in text
    assert "Came in 1,557 +$71k 0 new, 1,557 returned" in text
    assert "Went out 2,057 −$103k" in text
    assert "In less out −500 −$32k here now 3,317, worth $213k: 500 fewer, $49k less; 30 June 1998" in text
    assert "Why they left is not recorded. Name the columns that say it" in text
    identity = (
        "3,817 $262,823.89 here on 1 April 1998 + 0 $0 new + 1,557 $70,725.93 returned "
        "− 2,057 $102,965.98 left + $41,342.12 grew − $58,595.48 shrank "
        "= 3,317 $213,330.48 here on 30 June 1998"
    )
    assert identity in text
    assert "Most leave after First order 14,572 of 21,788 who left, by way of Silent for 90 days" in text


def test_the_tables_of_the_page_are_the_tables_of_the_results() -> None:
    page = check_offline(shop_room().html)
    r = sj.reconcile([shop().ledger], periods="3 months", start="1997-01-01", end="1998-07-01", money="decimal")
    matches = shop().journey.match(shop().log)
    for row in r.statement().rows():
        name = worth.period_name(row["period"], worth.later(row["period"], 3))
        cells = page.row(name)
        shown = [("opening", 1), ("new", 2), ("returned", 3), ("left", 4), ("closing", 7)]
        for column, at in shown:
            assert cells[at] == f"{count(row[column])}{worth.exact(row[f'{column}_value'], 'USD')}"
        assert cells[5:7] == [worth.exact(row["expansion"], "USD"), worth.exact(row["contraction"], "USD")]
    kpis = {row["moment"]: row for row in matches.kpis().rows()}
    section = page.rows[next(at for at, row in enumerate(page.rows) if row[:2] == ["Moment", "Customers"]) :]
    for row, moment in zip(matches.moments().rows(), shop().journey.moments, strict=True):
        cells = next(cells for cells in section if cells[0].startswith(moment.name) and len(cells) == 7)
        assert cells[1:3] == [count(row["customers"]), count(row["occurrences"])]
        assert cells[5] == count(row["undecided"])
        kpi = kpis.get(moment.id)
        if kpi:
            assert f"{count(kpi['met'])} of {count(kpi['due'])} due" in cells[6]
            assert "target" not in cells[6]
    for row in matches.graph().absorption().rows():
        if row["outcome"] == "gone" and row["node"] == "tenth_order":
            found = [cells for cells in page.rows if cells[0] == "Tenth order" and cells[1] == count(row["at_risk"])]
            assert any(
                cells[3:] == [f"{row['probability']:.0%}", worth.reach(row["low"], row["high"])] for cells in found
            )


def test_every_word_of_honesty_is_there() -> None:
    text = check_offline(shop_room().html).text
    assert "90% interval, Bayesian bootstrap over customers, 1,000 draws, seed 0" in text
    assert "the share that led to the outcome before observation ended, in the observed chain" in text
    assert "associational" in text and "no forecast" in text
    assert "90% Wilson interval" in text
    assert "because of" not in text
    assert "SHA-256 of the tables this page was made from (not of the input)" in text
    assert shop_room().fingerprint in text


def test_it_shows_itself(tmp_path: Path) -> None:
    room = shop_room()
    assert repr(room) == (
        "Room(23,570 customers; 14,572 left after First order, by way of Silent for 90 days; "
        "April to June 1998: 1,557 in, 2,057 out)"
    )
    frame = Page(room._repr_html_())
    assert [tag for tag, _ in frame.elements] == ["iframe"]
    assert frame.elements[0][1]["sandbox"] is None and frame.elements[0][1]["srcdoc"] == room.html
    room.save(tmp_path / "room.html")
    assert (tmp_path / "room.html").read_text(encoding="utf-8") == room.html
    assert [path.name for path in tmp_path.iterdir()] == ["room.html"]


def test_the_same_results_give_the_same_bytes() -> None:
    again = sj.reconcile(
        [shop().ledger], periods="3 months", start="1997-01-01", end="1998-07-01", money="minor", threads=1
    )
    matches = shop().journey.match(shop().log, threads=1)
    assert sj.Room(matches, reconciliation=again, unit="$", threads=1).html == shop_room().html


def test_the_fingerprint_is_that_of_the_results() -> None:
    one, same, other = small_room(), small_room(title="another title"), small_room(seed=1)
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one.html != same.html


# --- other companies -------------------------------------------------------------------------------


def test_ledgers_segments_and_rules_of_their_own() -> None:
    company, crm = ledger_of("Company"), ledger_of("CRM", 2)
    r = monthly(crm, standard=company)
    page = check_offline(small_room(reconciliation=r, who="households", title="June").html)
    check_accessible(page)
    rows = [row for row in r.statement().rows() if row["ledger"] == "Company" and row["period"] == date(2026, 6, 1)]
    for column, word in (("joined", "Came in"), ("left", "Went out"), ("closing", "here now")):
        assert re.search(rf"{word} {count(sum(row[column] for row in rows))}\b", page.text)
    for row in rows:
        assert page.row(row["segment"])[1].startswith(f"{count(row['joined'])} · ")
    assert "CRM:" in page.text and " by Company; CRM +" in page.text
    others = sum(row["other_out"] for row in r.statement().rows())
    assert others and "other out, which the ledgers’ own rules do not count" in page.text
    kept, broken = "kept" in page.text, "broken" in page.text
    assert kept and broken


def test_no_sum_crosses_currencies() -> None:
    r = monthly(ledger_of("Company", currencies="USD EUR"))
    page = check_offline(small_room(reconciliation=r).html)
    last = [row for row in r.statement().rows() if row["period"] == date(2026, 6, 1)]
    euros = sum(Decimal(str(row["closing_value"])) for row in last if row["currency"] == "EUR")
    dollars = sum(Decimal(str(row["closing_value"])) for row in last if row["currency"] == "USD")
    assert worth.exact(euros, "EUR") in page.text and worth.exact(dollars, "USD") in page.text
    assert worth.short({"EUR": euros, "USD": dollars}) in page.text
    assert len([tag for tag, a in page.elements if tag == "svg" and a.get("class") == "st"]) == 3


def test_without_a_reconciliation_it_says_what_to_supply() -> None:
    page = check_offline(small_room().html)
    check_accessible(page)
    assert "not in this page yet" in page.text
    assert "sj.Room(matches, reconciliation=r)" in page.text
    assert "Came in" not in page.text


def test_a_reconciliation_without_rows_says_where_to_look() -> None:
    rows = {"who": [1], "from": [date(2026, 1, 1)], "to": [None], "paid": [False]}
    nobody = sj.Ledger("CRM", rows, sj.Definition("who", "from", "to", where={"paid": sj.column("paid") == True}))  # noqa: E712
    page = check_offline(small_room(reconciliation=monthly(nobody)).html)
    assert "fates(ledger)" in page.text and "Came in" not in page.text


def test_a_journey_without_outcomes() -> None:
    journey = journey_of(["a", "b", "c"], ["Buy"], ["Order", "Call", "Visit"], ["e0", "e1", "e2"], outcomes=False)
    page = check_offline(
        sj.Room(journey.match(log_of(3, 3, 20)), reconciliation=monthly(ledger_of("CRM")), draws=20).html
    )
    check_accessible(page)
    assert "The journey names no outcome" in page.text
    assert "Most leave after" not in page.text


def test_events_off_the_map_are_told() -> None:
    journey = journey_of(["a", "never"], ["Buy"], ["Order", "Nobody's moment"], ["e0", "no such event"])
    matches = journey.match(log_of(3, 3, 40))
    page = check_offline(sj.Room(matches, draws=20).html)
    unmapped = matches.unmapped().rows()
    assert len(unmapped) == 2
    for row in unmapped:
        assert page.row(row["event"])[1:] == [count(row["count"]), f"{row['share']:.0%}"]
    claimed = count(sum(row["count"] for row in unmapped))
    assert f"Not on the map: {claimed} events that no moment claims, 1 moment never reached" in page.text


def feedback_of(
    log: sj.EventLog, seed: int = 4, voices: int = 400, sources: tuple[str | None, ...] = ("call", "survey", "social")
) -> dict[str, list[Any]]:
    draw = random.Random(seed)
    first, last = log.span
    seconds = int((last - first).total_seconds())
    rows: dict[str, list[Any]] = {"customer": [], "time": [], "source": [], "asked": [], "score": [], "text": []}
    for at in range(voices):
        source = draw.choice(sources)
        score = draw.randrange(11) if source != "social" and draw.random() < 0.7 else None
        time = first + timedelta(seconds=draw.randrange(seconds))
        text = f"Voice {at} & all that it says, " + "at some length, " * (at % 20) if at % 5 else None
        row = (draw.randrange(log.customers + 3), time, source, source == "survey", score, text)
        for column, cell in zip(rows, row, strict=True):
            rows[column].append(cell)
    return rows


def attributed(matches: sj.Matches, method: str = "linear", **more: Any) -> sj.Attribution:
    rows = feedback_of(matches.log, **more)
    return matches.attribute(rows, source="source", solicited="asked", score="score", text="text", method=method)


def big_room(moments_count: int, stages: int, start: str, heard: bool = False) -> str:
    ids = [f"moment_{at}" for at in range(moments_count)]
    names = [f"A moment of truth, number {at}" for at in range(moments_count)]
    events = [f"e{at}" for at in range(moments_count)]
    journey = journey_of(ids, [f"Stage {at}" for at in range(stages)], names, events)
    company, *silos = [ledger_of(name, at) for at, name in enumerate("ABCD")]
    r = sj.reconcile(silos, standard=company, periods="1 month", start=start, end="2027-01-01")
    matches = journey.match(log_of(5, moments_count, 900, events))
    sources = ("call", "survey", "social", "review", "email")
    attribution = attributed(matches, voices=4_000, sources=sources) if heard else None
    return sj.Room(matches, attribution, r, unit="$", draws=20).html


def test_fifteen_moments_four_ledgers_five_sources_and_a_year_stay_within_the_budget() -> None:
    html = big_room(15, 7, "2026-01-01", heard=True)
    check_accessible(check_offline(html))
    assert len(html.encode()) < 300_000


def test_what_is_too_long_for_a_page_is_cut_and_said() -> None:
    html = big_room(40, 8, "2022-01-01")
    page = check_offline(html)
    assert "The 100 paths that most customers took" in page.text
    assert "The last 24 of 60 periods" in page.text and "The last 12 of 60 periods" in page.text
    picture = html[html.index('<section id="map"') : html.index('<section id="leave"')]
    assert len(html.encode()) - len(picture.encode()) < 300_000


# --- several ledgers -------------------------------------------------------------------------------


def test_each_ledger_says_what_its_statement_says() -> None:
    r = monthly(ledger_of("CRM", 2), ledger_of("BILLING", 3), standard=ledger_of("Company"))
    room = small_room(reconciliation=r, who="households")
    page = check_offline(room.html)
    nets = {}
    for name in ("Company", "CRM", "BILLING"):
        rows = [x for x in r.statement().rows() if x["ledger"] == name and x["period"] == date(2026, 6, 1)]
        came, went = (sum(row[column] for row in rows) for column in ("joined", "left"))
        came_worth, went_worth = (
            sum(Decimal(str(row[f"{column}_value"])) for row in rows) for column in ("joined", "left")
        )
        nets[name] = came - went
        cells = next(row for row in page.rows if len(row) == 9 and row[0].startswith(name))
        assert "counts by who" in cells[0] and ("this page’s count" in cells[0]) == (name == "Company")
        assert cells[2:5] == [f"+{came}", f"−{went}" if went else "0", claims.signed(nets[name])]
        assert cells[6:] == [
            worth.change({"USD": came_worth}), worth.loss({"USD": went_worth}),
            worth.change({"USD": came_worth - went_worth}),
        ]  # fmt: skip
    own = nets["Company"]
    assert own and room.finding.startswith(f"We {'lost' if own < 0 else 'gained'} {abs(own)} more household")
    assert " in June 2026; CRM reports " in room.finding
    assert room.finding in room.summary and page.text.count(room.finding) == 2
    assert "because" not in page.text


def account(name: str, joined: int, left: int, **more: int) -> customers.Account:
    return customers.Account(name, (flow(joined, left, **more),), (), ())


@pytest.mark.parametrize(
    ("pairs", "company", "finding", "headline"),
    [
        (
            [(1, 59), (1_000, 165)],
            True,
            "We lost 58 more households than we gained in June 2026; S1 reports a gain of 835",
            "S1 does not agree with this page’s count for June 2026",
        ),
        (
            [(3, 2), (2, 2), (1, 2), (3, 2), (9, 9)],
            False,
            "S0 gained 1 more household than it lost in June 2026; "
            "S1 reports no change, S2 a loss of 1, S3 a gain of 1, and 1 more ledger",
            "3 of the 4 other ledgers do not agree with this page’s count for June 2026",
        ),
        (
            [(4, 4), (5, 5), (0, 0)],
            True,
            "We lost as many households as we gained in June 2026; S1 reports no change, S2 no change",
            "All 3 ledgers agree for June 2026: net 0",
        ),
    ],
)
def test_claims_in_words(pairs: list[tuple[int, int]], company: bool, finding: str, headline: str) -> None:
    told = claims.read([account(f"S{at}", *pair) for at, pair in enumerate(pairs)], {})
    assert claims.finding(told, "households", "June 2026", company) == finding
    assert claims.headline(told, "June 2026") == headline


def test_claims_share_one_scale() -> None:
    one, other = claims.read([account("A", 30, 10, other_in=4), account("B", 5, 60)], {"A": "household"})
    assert one.customers.came == pytest.approx(6 * other.customers.came)
    assert other.customers.went == pytest.approx(12 * other.customers.came)
    assert one.customers.zero == other.customers.zero == pytest.approx(other.customers.went)
    assert other.customers.net == pytest.approx(other.customers.zero + other.customers.came - other.customers.went)
    assert one.not_counted == 4 and one.value is None and (one.unit, other.unit) == ("household", "")


def test_ledgers_of_several_currencies_or_none_stand_side_by_side() -> None:
    r = monthly(ledger_of("CRM", 2, currencies="USD EUR"), standard=ledger_of("Company"))
    page = check_offline(small_room(reconciliation=r).html)
    assert any(row[0].startswith("CRM") and "€" in row[5] and "$" in row[5] for row in page.rows if len(row) == 8)
    plain = {"who": [1, 2, 3], "from": [date(2026, 1, 5)] * 3, "to": [None, date(2026, 6, 3), None]}
    bare = [sj.Ledger(name, plain, sj.Definition("who", "from", "to")) for name in ("A", "B")]
    page = check_offline(small_room(reconciliation=monthly(*bare)).html)
    assert "Both ledgers agree for June 2026: net −1" in page.text
    assert [row for row in page.rows if len(row) == 5 and row[0].startswith("A this page’s count")]


# --- who owns it -----------------------------------------------------------------------------------


def owned_journey(seed: int, moments_count: int) -> sj.Journey:
    draw = random.Random(seed)
    owners_of = ["Sales", "Claims", "Billing", None]
    listed = [
        {
            "id": f"m{at}",
            "stage": "one",
            "when": {"event": f"e{at}"},
            **({"accountable": owner} if (owner := draw.choice(owners_of)) else {}),
            "shared": draw.sample(["Sales", "Claims", "IT"], draw.randrange(3)),
            "kpi": {"name": "k", "met": {"follows": "cancel", "within": "9d"}, "target": 0.5},
        }
        for at in range(moments_count)
    ]
    return sj.Journey(["one"], listed, {"left": sj.event("cancel")})


@pytest.mark.parametrize("seed", range(4))
def test_by_owner_is_the_same_as_by_moment(seed: int) -> None:
    journey = owned_journey(seed, 6)
    matches = journey.match(log_of(seed, 7, 150))
    page = check_offline(sj.Room(matches, who="people", draws=5).html)
    by_owner = [row for row in matches.graph(by="owner").edges().rows() if row["target"] == "left"]
    owner_of = {moment.id: moment.accountable or "nobody named" for moment in journey.moments}
    missed: dict[str, list[int]] = {}
    for row in matches.kpis().rows():
        sums = missed.setdefault(owner_of[row["moment"]], [0, 0])
        sums[0] += row["due"] - row["met"]
        sums[1] += row["due"]
    start = next(at for at, row in enumerate(page.rows) if row[:2] == ["Accountable", "People who left"])
    end = next(at for at, row in enumerate(page.rows) if row[0] == "All together")
    table = page.rows[start : end + 1]
    shown = {row[0].partition("shares")[0].strip(): row for row in table if len(row) == 5}
    names = {"nobody": "nobody named", "START": "before any moment"}
    for row in by_owner:
        assert shown[names.get(row["source"], row["source"])][1] == count(row["customers"])
    for name, (not_met, due) in missed.items():
        assert shown[name][3] == (f"{count(not_met)} of {count(due)}" if due else "none due")
    everyone = sum(row["customers"] for row in by_owner)
    assert shown["All together"][1] == count(everyone)
    parts = [row for name, row in shown.items() if name not in {"All together", "Accountable"}]
    assert sum(int(row[1].replace(",", "")) for row in parts) == everyone
    only = owners.only_share(moments_of(matches))
    assert "IT" in only and ("Accountable for no moment, though they share in some: " + ", ".join(only)) in page.text


def moments_of(matches: sj.Matches) -> list[moments.Moment]:
    graph = matches.graph()
    tables = {name: getattr(graph, name)().rows() for name in ("nodes", "edges", "exits")}
    read = moments.Moments(
        matches.journey.to_dict(), moments=matches.moments().rows(), kpis=matches.kpis().rows(), absorption=[], **tables
    )
    return read.moments()


def test_without_owners_it_says_what_to_supply() -> None:
    journey = sj.Journey(["one"], [sj.Moment("a", "one", when=sj.event("e0"))], {"left": sj.event("cancel")})
    page = check_offline(sj.Room(journey.match(log_of(3, 3, 40)), draws=5).html)
    assert "Nobody is named as accountable for any moment" in page.text and "Supply" in page.text
    assert "No moment of the journey names a promise" in page.text


def test_leaving_before_any_moment_is_no_moment() -> None:
    journey = sj.Journey(["one"], [sj.Moment("a", "one", when=sj.event("never"))], {"left": sj.event("cancel")})
    room = sj.Room(journey.match(log_of(3, 3, 40)), draws=5)
    assert "who left did so before any moment" in check_offline(room.html).text
    assert " left before any moment;" in repr(room) and "after before" not in room.html


# --- promises --------------------------------------------------------------------------------------


def kpi(due: int, met: int, target: float | None = 0.8, name: str = "k") -> kpis.Kpi:
    low, high = wilson(met, due) if due else (None, None)
    return kpis.Kpi(name, due, met, 0, met / due if due else None, low, high, target)


def wilson(met: int, due: int, z: float = 1.6449) -> tuple[float, float]:
    share, square = met / due, z * z / due
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * (share * (1 - share) / due + square / due / 4) ** 0.5
    return middle - half, middle + half


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (kpi(1_000, 900), "kept"),
        (kpi(1_000, 700), "broken"),
        (kpi(1_000, 810), "warning"),
        (kpi(10, 7), "warning"),
        (kpi(0, 0), None),
        (kpi(10, 7, None), None),
    ],
)
def test_states(told: kpis.Kpi, state: str | None) -> None:
    assert told.state == state


@pytest.mark.parametrize(
    ("first", "last", "within", "start", "end", "rest"),
    [
        (date(2024, 7, 1), date(2026, 6, 30), "30d", date(2026, 3, 1), date(2026, 6, 1), True),
        (date(2024, 7, 1), date(2026, 6, 30), "12h", date(2026, 3, 1), date(2026, 6, 1), True),
        (date(2024, 7, 1), date(2026, 6, 30), None, date(2026, 4, 1), date(2026, 7, 1), False),
        (date(2024, 7, 9), date(2026, 6, 17), "1 month", date(2026, 2, 1), date(2026, 5, 1), True),
        (date(2026, 1, 1), date(2026, 6, 30), None, date(2026, 4, 1), date(2026, 7, 1), False),
        (date(2026, 1, 2), date(2026, 6, 30), None, None, None, None),
        (date(2026, 1, 1), date(2026, 6, 30), "1d", None, None, None),
        (date(2025, 1, 1), date(2026, 6, 30), "1 year", None, None, None),
    ],
)
def test_the_quarter_is_one_that_is_decided(
    first: date, last: date, within: str | None, start: date | None, end: date | None, rest: bool | None
) -> None:
    met = {"where": []} if within is None else {"follows": "x", "within": within}
    found = kpis.quarter(first, last, {"moments": [{"kpi": {"met": met}}, {}]})
    told = (None, None, None) if found is None else (found.start, found.end, found.rest)
    assert told == (start, end, rest)


def moment_of(name: str, told: kpis.Kpi | None, before: kpis.Kpi | None = None, owner: str = "") -> moments.Moment:
    change = kpis.Change(before, told) if before and told else None
    return moments.Moment(name, name, "Use", "", owner, (), 1, 1, 1.0, 0, 0, None, told, change)


def test_promises_are_told_by_state_and_by_how_often_they_were_missed() -> None:
    told = promises.sort(
        [
            moment_of("kept", kpi(1_000, 900)),
            moment_of("none", None),
            moment_of("little", kpi(100, 60)),
            moment_of("much", kpi(1_000, 700)),
            moment_of("near", kpi(1_000, 805)),
            moment_of("free", kpi(50, 40, None)),
        ]
    )
    assert [moment.name for moment in told.open] == ["much", "near", "little"]
    assert [[m.name for m in part] for part in (told.kept, told.aimless, told.silent)] == [["kept"], ["free"], ["none"]]
    assert (told.missed, told.due) == (100 + 40 + 300 + 195 + 10, 3_150)
    assert (
        promises.headline(told)
        == "2 of 4 promises broken; most missed at much: 300 of 1,000; 1 too near the target to tell"
    )
    assert promises.headline(promises.sort([])) == "No promise has fallen due yet"
    assert promises.headline(promises.sort([moment_of("a", kpi(9, 9, None))])) == "None of 9 missed"


def test_the_largest_fall_is_one_that_chance_does_not_explain() -> None:
    quarter = kpis.Quarter(date(2026, 3, 1), date(2026, 6, 1), date(2024, 7, 1), True)
    small = moment_of("small", kpi(10, 5), kpi(10, 9))
    large = moment_of("large", kpi(1_000, 700), kpi(4_000, 3_600), owner="Claims")
    less = moment_of("less", kpi(1_000, 850), kpi(4_000, 3_800))
    rose = moment_of("rose", kpi(1_000, 990), kpi(4_000, 3_600))
    assert [m.change.direction for m in (small, large, less, rose) if m.change] == ["", "fell", "fell", "rose"]
    assert promises.deepest_fall([small, less, rose, large]) == large
    assert promises.fall(large, quarter) == (
        "Largest fall: large, from 90% (3,600 of 4,000) to 70% (700 of 1,000) in March to May 2026; "
        "Claims is accountable"
    )
    assert promises.deepest_fall([small, rose]) is None
    assert promises.fall(None, quarter).startswith("No promise fell in March to May 2026")


def test_promises_on_the_page_are_those_of_the_match() -> None:
    start, draw = datetime(2025, 1, 1), random.Random(1)
    rows: dict[str, list[Any]] = {"customer": [], "time": [], "event": []}
    for customer in range(2_000):
        time = start + timedelta(hours=draw.randrange(24 * 500))
        met = draw.random() < (0.9 if time < datetime(2026, 1, 1) else 0.5)
        for event, at in [("ask", time), ("answer", time + timedelta(hours=5))][: 1 + met]:
            for column, cell in zip(rows, (customer, at, event), strict=True):
                rows[column].append(cell)
    answered = {"name": "answered", "met": {"follows": "answer", "within": "1d"}, "target": 0.95}
    moment = {
        "id": "a",
        "stage": "one",
        "name": "Ask",
        "when": {"event": "ask"},
        "kpi": answered,
        "accountable": "Desk",
    }
    matches = sj.Journey(["one"], [moment]).match(sj.EventLog(rows))
    room = sj.Room(matches, draws=5)
    page = check_offline(room.html)
    check_accessible(page)
    whole = matches.kpis().rows()[0]
    assert f"{whole['due'] - whole['met']} missed of {count(whole['due'])}" in page.text
    before = matches.kpis(end=date(2026, 2, 1)).rows()[0]
    after = matches.kpis(start=date(2026, 2, 1), end=date(2026, 5, 1)).rows()[0]
    assert kpis.quarter(date(2025, 1, 1), matches.log.span[1].date(), matches.journey.to_dict()) == kpis.Quarter(
        date(2026, 2, 1), date(2026, 5, 1), date(2025, 1, 1), True
    )
    fall = (
        f"Largest fall: Ask, from {before['share']:.0%} ({count(before['met'])} of {count(before['due'])}) "
        f"to {after['share']:.0%} ({count(after['met'])} of {count(after['due'])}) in February to April 2026; "
        "Desk is accountable"
    )
    assert fall in page.text and fall in room.summary


def test_the_map_shows_the_states_of_the_page() -> None:
    met = {"absent": "never", "within": "1h", "after": "this"}
    listed = [
        {"id": f"m{at}", "stage": "one", "when": {"event": "e0"}, "kpi": {"name": "k", "met": met, **target}}
        for at, target in enumerate([{"target": 0.5}, {"target": 1.0}, {}])
    ]
    matches = sj.Journey(["one"], listed, {"left": sj.event("cancel")}).match(log_of(3, 3, 60))
    page = check_offline(sj.Room(matches, draws=5).html)
    assert all(row["share"] == 1 and row["low"] < 1 for row in matches.kpis().rows())
    assert "0 of 2 promises broken; none of" in page.text and "1 too near the target to tell" in page.text
    classes = [str(attributes.get("class")) for tag, attributes in page.elements if tag == "path"]
    assert sum(name.endswith("-diamond") for name in classes) == 2  # on the card and in the legend
    assert sum(name.endswith("-tick") for name in classes) == 2


# --- voices ----------------------------------------------------------------------------------------


def heard_room(method: str = "linear", **more: Any) -> tuple[sj.Room, sj.Attribution]:
    journey = journey_of(list("abcd"), ["Buy", "Use"], ["Order", "Call", "Visit", "Never"], ["e0", "e1", "e2", "e9"])
    matches = journey.match(log_of(3, 3, 80))
    attribution = attributed(matches, method, **more)
    return sj.Room(matches, attribution, draws=20, unit="$"), attribution


def told_by(attribution: sj.Attribution) -> listening.Listening:
    matches = attribution.matches
    return listening.read(matches.journey.to_dict(), matches.moments().rows(), listening.tables(attribution, 0.9))


@pytest.mark.parametrize("method", ["linear", "last_touch", "time_decay"])
def test_voices_by_stage_and_source_are_those_of_the_weights(method: str) -> None:
    def speakers(here: list[dict[str, Any]]) -> int:
        said: dict[Any, float] = {}
        for w in here:
            customer = voices[w["feedback"]]["customer"]
            said[customer] = said.get(customer, 0.0) + w["weight"]
        return sum(weight >= 0.5 - 1e-9 for weight in said.values())

    _, attribution = heard_room(method)
    told = told_by(attribution)
    voices = attribution.feedback.rows()
    marks = [None if v["score"] is None else 100 * ((v["score"] >= 9) - (v["score"] <= 6)) for v in voices]
    weights = attribution.weights().rows()
    occurrences = attribution.matches.occurrences().rows()
    assert told.stages == ("Buy", "Use") and sum(source.voices for source in told.sources) == pytest.approx(400)
    for source in told.sources:
        mine = [w for w in weights if voices[w["feedback"]]["source"] == source.name]
        assert source.asked == ("asked" if source.name == "survey" else "volunteered")
        for stage, cell in zip(("s0", "s1", None), (*source.cells, source.astray), strict=True):
            here = [w for w in mine if w["stage"] == stage]
            scored = [w for w in here if marks[w["feedback"]] is not None]
            assert cell.voices == pytest.approx(sum(w["weight"] for w in here))
            assert cell.score.weight == pytest.approx(sum(w["weight"] for w in scored))
            if scored:
                total = sum(w["weight"] * marks[w["feedback"]] for w in scored)
                assert cell.score.number == pytest.approx(total / (sum(w["weight"] for w in scored) + 3))
            if stage:
                assert cell.speakers == speakers(here)
                assert cell.customers == len({o["customer"] for o in occurrences if o["stage"] == stage})
    for heard, row in zip(told.moments, attribution.moments().rows(), strict=True):
        here = [w for w in weights if w["moment"] == heard.key]
        assert heard.voices == row["voices"] and heard.score.number == row["score"]
        assert heard.speakers == speakers(here)
        assert sum(n for _, n in heard.through) == pytest.approx(heard.voices, abs=1.0)  # those with half a voice
    assert told.speakers == speakers([w for w in weights if w["moment"]])
    assert told.customers == len({o["customer"] for o in occurrences})
    assert told.other_customers == attribution.other_customers > 0


def test_voices_on_the_page_are_those_of_the_table() -> None:
    room, attribution = heard_room("last_touch")
    page = check_offline(room.html)
    check_accessible(page)
    told = told_by(attribution)
    for source in told.sources:
        cells = page.row(source.name)
        for cell, shown in zip((*source.cells, source.astray), cells[1:], strict=False):
            assert shown.startswith(f"{cell.voices:.0f} ")
        assert cells[-1] == f"{source.voices:.0f}"
    assert page.row("All sources")[-1] == "400"
    assert page.text.count("a convention, no model") == 2
    assert "last touch: all of a voice goes to the last moment before it" in page.text
    assert "2 of 3 sources" not in page.text and listening.headline(told, "customers", "$") in room.summary
    assert "every voice is told once" in page.text


def rows_of(**cells: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def fake(scale: str | None = "nps", method: str = "last_touch") -> tuple[dict[str, Any], list[dict[str, Any]], Any]:
    """Return a journey of two stages, who met its moments, and what was heard: some, few, nobody, nothing."""
    journey = {
        "stages": [{"id": "s", "name": "Start"}, {"id": "u", "name": "Use"}],
        "moments": [{"id": key, "stage": stage, "name": key.upper()} for key, stage in ("as", "bu", "cu")],
    }
    coverage = rows_of(
        stage=["s", "s", "u", "u", "u", "u", None, None],
        moment=["a", "a", "b", "b", "c", "c", None, None],
        source=["call", "survey"] * 4,
        voices=[20.0, 0.0, 4.0, 5.5, 0.0, 0.0, 1.5, 0.0],
        occurrences=[50, 50, 30, 30, 9_800, 9_800, None, None],
        customers=[40, 40, 30, 30, 9_800, 9_800, None, None],
        speakers=[18, 0, 4, 5, 0, 0, 1, 0],
        score=[-50.0, None, 10.0, 20.0, None, None, None, None],
        value=[1e3, 1e3, 2e3, 2e3, 7.5e6, 7.5e6, None, None],
        value_of_speakers=[1.0] * 8,
        silent=[False, True, False, False, True, True, None, None],
        scored=[12.0, 0.0, 4.0, 5.5, 0.0, 0.0, 0.0, 0.0],
    )
    stages = rows_of(
        stage=["s", "s", "u", "u", None, None],
        source=["call", "survey"] * 3,
        voices=[20.0, 0.0, 4.0, 5.5, 1.5, 0.0],
        occurrences=[50, 50, 9_830, 9_830, None, None],
        speakers=[18, 0, 4, 5, 1, 0],
        score=[-50.0, None, 10.0, 20.0, None, None],
        scored=[12.0, 0.0, 4.0, 5.5, 0.0, 0.0],
    )
    heard = rows_of(
        moment=["a", "b", "c"], stage=["s", "u", "u"], voices=[20.0, 9.5, 0.0], score=[-50.0, 16.0, None],
        low=[-60.0, 1.0, None], high=[-40.0, 30.0, None], delay=[86_400.0, 3_600.0, None],
    )  # fmt: skip
    told = {
        "coverage": coverage,
        "stages": stages,
        "heard": heard,
        "speakers": rows_of(stage=["s", "s", "u", None], moment=["a", None, "b", None], speakers=[18, 18, 9, 25]),
        "met": rows_of(stage=["s", "u", None], customers=[40, 9_810, 9_830]),
        "how": rows_of(how=["model", "unattributed"], voices=[29.5, 1.5]),
        "asked": rows_of(source=["call", "survey"], asked=[0, 5], unasked=[25, 0], voices=[25, 6]),
        "quotes": rows_of(moment=["a"], text=["Fine"], source=["call"], date=[date(2026, 3, 9)], score=[4.0]),
        "said": {"voices": 31, "method": method, "horizon": "60d", "scale": scale,
                 "other_customers": 1},
    }  # fmt: skip
    return journey, rows_of(moment=["a", "b", "c"], customers=[40, 30, 9_800]), told


def test_silent_few_and_nothing_differ() -> None:
    told = listening.read(*fake())
    states = [[cell.state for cell in source.cells] for source in told.sources]
    assert [source.name for source in told.sources] == ["call", "survey"]
    assert states == [["heard", "few"], ["silent", "few"]]
    assert [source.astray.state for source in told.sources] == ["few", "nothing"]
    assert (told.silent_places, told.places) == (3, 6)
    assert [cell.voices for cell in told.totals] == [20.0, 9.5]
    assert told.totals[1].score.number == pytest.approx((7 * 10 + 8.5 * 20) / 12.5)
    assert told.totals[0].score.tone == 0 and told.totals[1].score.tone == 4
    assert [heard.quotes for heard in told.moments[:2]] == [
        (listening.Quote("Fine", "call, 9 March 2026, 4 of 10"),), (),
    ]  # fmt: skip
    assert listening.headline(told, "customers", "$") == (
        "25 of 9,830 customers spoke of a moment; nobody of C: 9,800 customers, worth $7.50m, who met it"
    )
    assert [voice["scored"] for voice in listening.on_the_map(told)] == [12, 10, 0]


def test_a_voice_that_is_lost_stops_the_page() -> None:
    journey, met, told = fake()
    told["said"]["voices"] = 32
    with pytest.raises(RuntimeError, match="every voice is told once"):
        listening.read(journey, met, told)


def test_scores_of_every_scale() -> None:
    def score(number: float, scale: str) -> listening.Score:
        return listening.Score(number, 12, scale, number - 0.1, number + 0.1)

    assert (score(-24.4, "nps").words, score(0.834, "csat").words, score(-4.206, "mean").words) == (
        "−24",
        "83%",
        "−4.21",
    )
    assert [score(0.5, scale).tone for scale in ("nps", "csat", "mean")] == [3, None, None]
    assert [score(0.5, scale).place(0.5) for scale in ("nps", "csat", "mean")] == [0.5025, 0.5, None]
    assert listening.voices(411.9999999) == "412" and listening.voices(12.4) == "12.4"
    assert [row["score"] for row in listening.on_the_map(listening.read(*fake("csat")))] == [None] * 3


@pytest.mark.parametrize("scale", ["csat", "mean", None])
def test_other_scales_or_no_score_draw(scale: str | None) -> None:
    journey = journey_of(list("abc"), ["Buy", "Use"], ["Order", "Call", "Visit"], ["e0", "e1", "e2"])
    matches = journey.match(log_of(3, 3, 80))
    rows = feedback_of(matches.log)
    rows["score"] = [None if cell is None else 1 + cell % 5 for cell in rows["score"]]
    scored = {} if scale is None else {"score": "score", "scale": scale}
    page = check_offline(sj.Room(matches, matches.attribute(rows, method="linear", **scored), draws=5).html)
    assert {"csat": "share of those satisfied", "mean": "mean score", None: "no score"}[scale] in page.text
    assert page.row("feedback")[-1] == "400" and "Volunteered" not in page.text


def test_without_voices_it_says_what_to_supply() -> None:
    page = check_offline(small_room().html)
    assert "Who was heard, and where nobody listens: not in this page yet" in page.text
    assert "matches.attribute(feedback, source=" in page.text


def test_no_voice_at_all_is_told() -> None:
    room, _ = heard_room(voices=0)
    page = check_offline(room.html)
    assert "0 of" in page.text and page.row("All sources")[-1] == "0"


# --- names are hostile input -----------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(name: str) -> None:
    events = [name, name + "2", "e2"]
    said = name.replace("\x07", "")  # a journey file is JSON; its names may be anything else
    journey = journey_of(["a", "b", "c"], [said] * 2, [said] * 3, events, journey=said, note=said)
    matches = journey.match(log_of(3, 3, 30, [name, name + "2", name + "unmapped"]))
    r = monthly(ledger_of("x" + name[:200]), standard=ledger_of(name[:200], segments=(name, "x" + name)))
    attribution = attributed(matches, sources=(name, name + "2", None))
    html = sj.Room(matches, attribution, r, title=name, who=name[:40], unit=name[:6], draws=20).html
    page = check_offline(html)
    check_accessible(page)
    for mark in "‪‫‬‭‮⁦⁧⁨⁩":
        assert mark not in html
    assert "49" not in re.findall(r"<!-- (\d+) ", html)


@settings(deadline=None, max_examples=many(20))
@given(st.lists(st.text(min_size=1, max_size=30), min_size=3, max_size=3, unique=True))
def test_any_names_stay_text(names: list[str]) -> None:
    names = [name.encode("utf-8", "replace").decode().replace("\x00", " ") for name in names]
    journey = journey_of(["a", "b", "c"], names, names, ["e0", "e1", "e2"]) if all(n.strip() for n in names) else None
    if journey is not None:
        check_offline(sj.Room(journey.match(log_of(1, 3, 10)), draws=5, title=names[0], who=names[1]).html)


# --- what it refuses -------------------------------------------------------------------------------


def test_it_says_what_it_takes(tmp_path: Path) -> None:
    with pytest.raises(sj.InvalidInput, match="expected Matches"):
        sj.Room(shop().log)  # type: ignore[arg-type]
    with pytest.raises(sj.InvalidInput, match="attribution: found Reconciliation, expected an Attribution"):
        small_room(attribution=monthly(ledger_of("CRM")))
    matches = shop().journey.match(shop().log)
    with pytest.raises(sj.InvalidInput, match="found one of other matches"):
        small_room(attribution=matches.attribute(feedback_of(shop().log, voices=3), method="linear"))
    with pytest.raises(sj.InvalidInput, match="expected a Reconciliation"):
        small_room(reconciliation=ledger_of("CRM"))
    with pytest.raises(sj.InvalidInput, match=r"expected \.html"):
        shop_room().save(tmp_path / "room.pdf")
    with pytest.raises(sj.InvalidInput, match="no folder"):
        shop_room().save(tmp_path / "nowhere" / "room.html")
    with pytest.raises(sj.InvalidInput):
        small_room(interval=1.5)


# --- words and numbers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "months", "name", "tick"),
    [
        (date(1998, 4, 1), 3, "April to June 1998", "Apr–Jun 98"),
        (date(1998, 12, 1), 1, "December 1998", "Dec 98"),
        (date(1998, 1, 1), 12, "1998", "1998"),
        (date(1997, 10, 1), 3, "October to December 1997", "Oct–Dec 97"),
    ],
)
def test_periods(start: date, months: int, name: str, tick: str) -> None:
    end = worth.later(start, months)
    assert worth.months_between(start, end) == months
    assert worth.period_name(start, end) == name
    assert worth.tick_name(start, end, True) == tick


def test_amounts_and_shares() -> None:
    assert worth.exact(Decimal("-262823.9"), "USD") == "−$262,823.90"
    assert worth.exact(Decimal("5"), "JPY") == "¥5"
    assert worth.exact(Decimal("1.005"), "BHD") == "BHD 1.005"
    assert worth.change({"USD": Decimal(-370_000), "EUR": Decimal(12)}) == "+€12 and −$370k"
    assert worth.short({}) == "" and worth.short({"USD": Decimal(0)}) == "$0"
    assert worth.decimal(0.1) == Decimal("0.1")
    assert [worth.share(part) for part in (0, 0.0004, 0.004, 0.5, 0.996, 0.9999, 1)] == [
        "0%", "under 0.1%", "0.4%", "50%", "99.6%", "over 99.9%", "100%",
    ]  # fmt: skip
    assert worth.share(0.846, 0.85) == "84.6%"
    assert worth.reach(0.4301, 0.4399) == "43–44%" and worth.reach(0.206, 0.214) == "20.6–21.4%"


def flow(joined: int, left: int, **more: int) -> customers.Flow:
    counts = dict.fromkeys(customers._COUNTS, 0) | {"opening": 100, "joined": joined, "left": left, **more}
    counts["closing"] = 100 + joined + counts["other_in"] - left - counts["other_out"]
    return customers.Flow(date(2026, 6, 1), date(2026, 7, 1), counts, {column: {} for column in (*counts, "expansion")})


@pytest.mark.parametrize(
    ("told", "finding"),
    [
        (flow(10, 3), "We gained 7 more customers than we lost"),
        (flow(3, 10), "We lost 7 more customers than we gained"),
        (flow(4, 4), "As many customers came in as went out: 4 each"),
        (flow(0, 0), "Nobody came in or went out"),
        (flow(4, 4, other_out=2), "We have 2 fewer customers than before"),
    ],
)
def test_the_finding(told: customers.Flow, finding: str) -> None:
    account = customers.Account("CRM", (told,), (), ())
    assert customers.finding(account, "customers") == finding


def test_in_and_out_share_one_scale() -> None:
    account = customers.Account("CRM", (flow(30, 10), flow(5, 60)), (), ())
    panel = bars.rows([account], "customers")[0].panels[0]
    heights = {bar.kind: bar.height for bar in panel.columns[0].bars}
    assert heights["in"] == pytest.approx(3 * heights["out"])
    up, down = panel.columns[1].bars
    assert down.height == pytest.approx(12 * up.height)
    assert panel.line[0][1] == pytest.approx(panel.zero - heights["in"] + heights["out"])
    assert all(label.y <= panel.height for label in panel.labels)
    assert "30 in" in panel.columns[0].about and "net +20" in panel.columns[0].about


def test_more_segments_than_fit_keep_their_sums() -> None:
    segments = [customers.Segment(f"s{at}", flow(at, 1)) for at in range(30)]
    shown = customers.fold_segments(segments, 12)
    assert len(shown) == 12 and shown[-1].name == "19 more segments"
    assert sum(segment.flow.counts["joined"] for segment in shown) == sum(range(30))


def test_checks_that_fail_stop_the_page_or_ask_for_a_look() -> None:
    with pytest.raises(RuntimeError, match="expected 11"):
        proof.walks(11, 4, 6)
    guards = [{"check": "duplicate keys", "kind": "guard", "tested": 9, "failures": n, "detail": None} for n in (0, 2)]
    told = (proof.walks(10, 4, 6), *proof.checks(guards))
    assert proof.headline(told) == "The identity holds, tested 10 times; 1 of 2 guards asks for a look"


def test_left_headlines() -> None:
    def leaving(name: str, number: int, then: str = "") -> moments.Leaving:
        return moments.Leaving(name, False, then, "", "", (), number, 100, None, (), ())

    assert moments.left_headline([], 0, "customers").startswith("Nobody")
    assert moments.left_headline([leaving("Call", 5)], 5, "clients") == "All 5 clients who left did so after Call"
    two = [leaving("Call", 4, "Silence"), leaving("Order", 1, "Silence")]
    assert moments.left_headline(two, 5, "clients") == "4 of 5 clients who left did so after Call, by way of Silence"


# --- next to break ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_next_to_break_is_the_ranking(seed: int) -> None:
    journey = owned_journey(seed, 6)
    matches = journey.match(log_of(seed, 7, 150))
    page = check_offline(sj.Room(matches, who="people", unit="$", draws=40, seed=3).html)
    rows = [row for row in matches.graph().ranking("left", 20, draws=40, seed=3).rows() if row["score"] > 0]
    assert rows
    start = next(at for at, row in enumerate(page.rows) if row[:2] == ["Moment", "People who met it"])
    shown = page.rows[start + 1 : start + 1 + min(len(rows), nearest.MOST)]
    names = {moment.id: moment.name or moment.id for moment in journey.moments}
    for row, cells in zip(rows, shown, strict=False):
        points = f"{row['excess'] * 100:+.1f} points".replace("+0.0", "under 0.1")
        assert cells[:3] == [names[row["moment"]], count(row["reach"]), points]
        assert cells[5].startswith(f"{row['rank']}")
        assert (f"({row['rank_low']}–{row['rank_high']})" in cells[5]) == (row["rank_low"] != row["rank_high"])
    assert f"Next to break: {names[rows[0]['moment']]}" in page.text


def test_ties_and_moments_that_are_left_out_are_said() -> None:
    row = {"reach": 10, "excess": 0.25, "value_at_risk": None, "score": 2.5, "rank": 1, "rank_low": 1, "ranked": 9}
    rows = [{**row, "moment": f"m{at}", "rank_high": 3, "tied": 7} for at in range(7)]
    found = nearest.read(rows, "Left", str.upper)
    assert len(found.moments) == nearest.MOST
    assert found.more == 2
    assert found.moments[0].place == "1 (1–3), tied with 6 more"
    assert found.moments[0].points == "+25.0"
    assert found.headline("people", None).endswith(
        "where 2 people are lost beyond the usual, though others may stand first"
    )
    nothing = nearest.read([{**rows[0], "score": 0.0}], "Left", str)
    assert nothing.moments == ()
    assert "no moment stands out" in nothing.headline("people", "$")


@pytest.mark.parametrize("seed", range(3))
def test_hand_offs_on_the_page_are_those_of_the_graph(seed: int) -> None:
    matches = owned_journey(seed, 6).match(log_of(seed, 7, 150))
    page = check_offline(sj.Room(matches, who="people", draws=5).html)
    rows = matches.graph().hand_offs().rows()
    start = next(at for at, row in enumerate(page.rows) if row[:3] == ["From", "To", "Moves"])
    for row, cells in zip(rows[: moments.MOST_LEAVING], page.rows[start + 1 :], strict=False):
        assert cells == [row["source_owner"], row["target_owner"], count(row["count"]), count(row["customers"])]
    by_owner = matches.graph(by="owner").plot()
    assert sum(row["count"] for row in rows) == sum(
        int(row["count"] or 0) for row in by_owner.data if row["source"] != row["target"]
    )
    assert f"{count(sum(row['count'] for row in rows))} hand-offs from one owner to another" in page.text


def test_what_several_ledgers_pass_alike_is_one_row() -> None:
    rows = [
        {"check": f"{ledger}: duplicate keys", "kind": "guard", "tested": 5, "failures": failures, "detail": None}
        for ledger, failures in (("A", 0), ("A: b", 0), ("C", 2))
    ]
    shown = proof.together(proof.checks(rows), ["A", "A: b", "C"])
    assert [(check.name, check.tested, check.failures, check.detail) for check in shown] == [
        ("C: duplicate keys", 5, 2, ""),
        ("duplicate keys", 10, 0, "A, A: b"),
    ]


# --- why the ledgers differ, and why customers left ---------------------------------------------------


def leavers(**more: Any) -> sj.Ledger:
    """Seven who leave in June: four for the price, one who moved, two who did not say."""
    why = ["price"] * 4 + ["moved", None, ""]
    rows = {
        "who": list(range(8)),
        "from": [date(2026, 1, 5)] * 8,
        "to": [date(2026, 6, 9)] * 7 + [None],
        "why": [*why, None],
        "how": ["rise", "rise", "rival", None, None, None, None, None],
        "fee": [10, 20, 30, 40, 50, 60, 70, 80],
    }
    definition = sj.Definition("who", "from", "to", value="fee", currency="USD", grace="0d")
    return sj.Ledger("Company", rows, definition, **more)


def test_reasons_for_leaving_are_those_of_the_tree() -> None:
    page = check_offline(small_room(reconciliation=monthly(leavers(reasons=["why", "how"]))).html)
    check_accessible(page)
    assert "Why 7 left, as recorded: price 4, moved 1; not recorded for 2" in page.text
    assert page.row("price") == ["pricerise 2; rival 1", "4", "", "−$100", "57%"]
    assert page.row("moved")[1:] == ["1", "", "−$50", "14%"]
    assert page.row("not recorded")[1:] == ["2", "", "−$130", "29%"]
    assert "In less out −7 −$280" in page.text
    assert "because" not in page.text
    without = check_offline(small_room(reconciliation=monthly(leavers())).html)
    assert 'reasons=["reason"]' in without.text and "Why they left is not recorded." in without.text


def test_many_reasons_become_one_row_and_none_is_said() -> None:
    nodes = [(0, "all", 45), *((1, f"r{at}", at) for at in range(10)), (1, "unknown", 0)]
    same = {"ledger": "L", "period": date(2026, 6, 1), "currency": None, "value": 0}
    tree = [{**same, "level": level, "path": path, "customers": number} for level, path, number in nodes]
    told = reasons.read(tree, "L", date(2026, 6, 1))
    assert [one.name for one in told.told] == ["r9", "r8", "r7", "r6", "5 more reasons"]
    assert sum(one.customers for one in told.told) == told.left == 45 and told.unknown.customers == 0
    assert reasons.headline(told) == "Why 45 left, as recorded: r9 9, r8 8, r7 7"
    nobody = reasons.read([], "L", date(2026, 6, 1))
    assert reasons.headline(nobody) == "Nobody left, so there is no reason to tell"


def test_the_waterfalls_of_the_page_are_those_of_the_bridge() -> None:
    r = monthly(ledger_of("CRM", 2), ledger_of("BILLING", 3), standard=ledger_of("Company"), money="decimal")
    page = check_offline(small_room(reconciliation=r).html)
    check_accessible(page)
    start = next(at for at, row in enumerate(page.rows) if row[0] == "Reason")
    for ledger in ("CRM", "BILLING"):
        rows = page.rows[start:]
        own = rows[next(at for at, row in enumerate(rows) if row[0] == f"{ledger} says") :]
        own = own[: 1 + next(at for at, row in enumerate(own) if row[0] == "Company says")]
        counts = [int(row[2].replace("−", "-").replace(",", "")) for row in own]
        assert counts[0] + sum(counts[1:-1]) == counts[-1]
        assert own[-2][0] == "Unexplained"
        bridge = [
            row for row in r.bridge(ledger).rows() if row["period"] == date(2026, 6, 1) and row["direction"] == "net"
        ]
        assert -sum(row["count"] for row in bridge) == sum(counts[1:-1])
        assert sum(int(row[5]) for row in own[1:-1] if row[5]) == sum(
            row["events"] for row in bridge if row["reason"] != "matched" or row["value"]
        )
    alone = check_offline(small_room(reconciliation=monthly(ledger_of("CRM"), ledger_of("POLICY", 2))).html)
    assert "supply the company’s own count" in alone.text and 'id="gaps"' not in small_room().html


def test_bars_meet_and_nothing_is_still_drawn() -> None:
    steps = [
        Step("A says", 10, Decimal(0), 0, "start"),
        Step("x", -14, Decimal(0), 14, "down"),
        Step("y", 2, Decimal(0), 2, "up"),
        Step("Unexplained", 0, Decimal(0), 0, "unexplained"),
        Step("B says", -2, Decimal(0), 0, "end"),
    ]
    drawn = gaps.bars([float(step.count) for step in steps], steps)
    assert [bar.kind for bar in drawn] == ["tot", "k-out", "k-in", "open", "tot"]
    assert drawn[3].width > 0 and drawn[-1].link is None
    assert drawn[0].link == pytest.approx(drawn[1].x + drawn[1].width)
    assert drawn[1].link == pytest.approx(drawn[1].x) == pytest.approx(drawn[2].x)
    assert drawn[0].width == pytest.approx(5 * drawn[-1].width)
    assert all(bar.x >= 0 and bar.x + bar.width <= 100 for bar in drawn)
    assert drawn[0].x == pytest.approx(drawn[0].zero) == pytest.approx(drawn[-1].x + drawn[-1].width)
    flat = gaps.bars([0.0] * 5, steps)
    assert flat[1].kind == "link"
    assert all(bar.width > 0 for bar in flat)


def test_ledgers_that_cannot_be_held_against_the_standard_say_why() -> None:
    told = gaps.read([], {"<b>": "groups of <i>text</i>"}, {}, "Company", date(2026, 6, 1), "1 month")
    assert told[0].problem == "groups of <i>text</i>" and not told[0].rows
    assert "cannot be held" in gaps.headline(told)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rules_and_reasons_stay_text(name: str) -> None:
    rows = {
        "who": [1, 2, 3],
        "from": [date(2026, 6, 5)] * 3,
        "to": [date(2026, 6, 20), None, None],
        "why": [name, None, None],
    }
    said = sj.Definition("who", "from", "to", grace="0d")
    strict = sj.Definition("who", "from", "to", grace="0d", where={name: sj.column("who") != 2})
    standard = sj.Ledger("Company", rows, strict, reasons=["why"])
    r = monthly(sj.Ledger(name[:200], rows, said), standard=standard)
    page = check_offline(small_room(reconciliation=r).html)
    check_accessible(page)
    assert any(row[0].startswith("Left out by a rule:") and row[2] == "−1" for row in page.rows if len(row) > 2)
    r.plot(name[:200]).to_dict()


def test_values_of_several_currencies_are_not_led_over() -> None:
    r = monthly(ledger_of("CRM", 2, currencies="USD EUR"), standard=ledger_of("Company"))
    page = check_offline(small_room(reconciliation=r).html)
    assert "Values are in EUR, USD: no sum without rates." in page.text
    assert next(row for row in page.rows if row[0] == "Reason") == ["Reason", "", "Customers", "Events"]
