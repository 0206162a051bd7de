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
from sojourn.journey_map.numbers import count
from sojourn.room import bars, customers, moments, proof, worth

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
        """html head meta title style body a nav div main section article p i h1 h2 h3 span b strong ul li figure figcaption svg g
        path rect circle text tspan desc table thead tbody tr th td details summary dl dt dd code pre bdi br footer""",
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
    assert "Here now 3,317 $213k 500 fewer, $49k less; 30 June 1998" in text
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
    for column, word in (("joined", "Came in"), ("left", "Went out"), ("closing", "Here now")):
        assert f"{word} {count(sum(row[column] for row in rows))} " in page.text
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


def big_room(moments_count: int, stages: int, start: str) -> str:
    ids = [f"moment_{at}" for at in range(moments_count)]
    names = [f"A moment of truth, number {at}" for at in range(moments_count)]
    events = [f"e{at}" for at in range(moments_count)]
    journey = journey_of(ids, [f"Stage {at}" for at in range(stages)], names, events)
    r = sj.reconcile(
        [ledger_of(name, at) for at, name in enumerate("ABCD")], periods="1 month", start=start, end="2027-01-01"
    )
    return sj.Room(journey.match(log_of(5, moments_count, 900, events)), reconciliation=r, draws=20).html


def test_fifteen_moments_four_ledgers_and_two_years_stay_within_the_budget() -> None:
    html = big_room(15, 7, "2025-01-01")
    check_accessible(check_offline(html))
    assert len(html.encode()) < 300_000


def test_what_is_too_long_for_a_page_is_cut_and_said() -> None:
    html = big_room(40, 8, "2022-01-01")
    page = check_offline(html)
    assert "The 100 paths that most customers took" in page.text
    assert "The last 24 of 60 periods" in page.text and "The last 12 of 60 periods" in page.text
    picture = html[html.index('<section id="map"') : html.index('<section id="leave"')]
    assert len(html.encode()) - len(picture.encode()) < 300_000


# --- names are hostile input -----------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_text(name: str) -> None:
    events = [name, name + "2", "e2"]
    said = name.replace("\x07", "")  # a journey file is JSON; its names may be anything else
    journey = journey_of(["a", "b", "c"], [said] * 2, [said] * 3, events, journey=said, note=said)
    matches = journey.match(log_of(3, 3, 30, [name, name + "2", name + "unmapped"]))
    r = monthly(ledger_of(name[:200], segments=(name, "x" + name)))
    html = sj.Room(matches, reconciliation=r, title=name, who=name[:40], unit=name[:6], draws=20).html
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
