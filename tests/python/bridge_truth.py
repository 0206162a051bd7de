"""Planted reasons against found ones: the tables of docs/bridge_truth.md. Run as a script it writes them anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

import sojourn as sj

PAGE = Path(__file__).parents[2] / "docs" / "bridge_truth.md"
GOLDEN = json.loads((Path(__file__).parent / "data" / "golden_cases.json").read_text(encoding="utf-8"))
SILOS = ("CRM", "POLICY", "BILLING")
COPY = "POLICY on its own table"
REASONS = ("matched", "timing", "rewrite", "grain", "rule", "identity", "no event there")


# --- the generated insurer --------------------------------------------------------------------------------------------


def insurer(customers: int = 20_000, seed: int = 7, window: str = "90d") -> tuple[Any, sj.Reconciliation]:
    data = sj.datasets.insurer(customers, seed)
    policy = data.ledgers["POLICY"]
    silos = [data.ledgers["CRM"], policy, data.ledgers["BILLING"]]
    silos += [sj.Ledger(COPY, data.policy.to_polars(), policy.definition, group="household")]
    company = data.ledgers["company"]
    return data, sj.reconcile(silos, standard=company, start=data.start, end=data.end, window=window)


def events(data: Any, report: sj.Reconciliation) -> dict[str, pl.DataFrame]:
    """Each silo's counted events: found `reason` beside `planted`, and whether they are `exchanged`.

    Exchanged: not the planted reason, but the same household's events of that month and direction have, together, just
    the reasons that were planted: they are on other records of it, and no count of the bridge can tell.
    """
    return {
        name: judged(report.records(name).to_polars(), data.truth[name.split()[0].lower()], name)
        for name in (*SILOS, COPY)
    }


def judged(records: pl.DataFrame, truth: sj.Table, ledger: str) -> pl.DataFrame:
    planted = truth.to_polars().select("record", "direction", planted="reason")
    rows = records.filter(pl.col("ledger") == ledger).join(planted, on=["record", "direction"], how="left")
    place = ["group", "direction", "period"]
    sums = rows.group_by(place).agg(alike=pl.col("reason").sort() == pl.col("planted").sort())
    rows = rows.join(sums.with_columns(pl.col("alike").list.all()), on=place, how="left", nulls_equal=True)
    is_other = pl.col("reason").ne_missing(pl.col("planted"))
    is_exchanged = is_other & pl.col("alike").fill_null(False) & pl.col("group").is_not_null()
    return rows.with_columns(recovered=~is_other, exchanged=is_exchanged)


def shares(rows: pl.DataFrame) -> tuple[int, int, int, int]:
    """Events; with the planted reason; exchanged within the household and month; neither."""
    recovered, exchanged = int(rows["recovered"].sum()), int(rows["exchanged"].sum())
    return len(rows), recovered, exchanged, len(rows) - recovered - exchanged


def together(found: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([found[name] for name in SILOS])


def shares_table(found: dict[str, pl.DataFrame]) -> str:
    rows = [("CRM, POLICY, BILLING", together(found)), *found.items()]
    out = []
    for name, some in rows:
        n, recovered, exchanged, other = shares(some)
        out.append([name, n, f"{recovered / n:.2%}", exchanged, other, f"{(recovered + exchanged) / n:.2%}"])
    head = ["ledger", "events", "recovered", "exchanged", "other", "recovered or exchanged"]
    return markdown(head, out)


def confusion_table(rows: pl.DataFrame) -> str:
    counts = {(p, f): n for p, f, n in rows.group_by("planted", "reason").len().rows()}
    found = [*REASONS, *sorted({f for _, f in counts} - {*REASONS})]
    planted = [reason for reason in REASONS if any(p == reason for p, _ in counts)]
    assert {p for p, _ in counts} == {*planted}, "an event without a planted reason"
    body = [[f"**{p}**", *(counts.get((p, f), "·") for f in found)] for p in planted]
    return markdown(["planted \\ found", *found], body)


def classes_table(found: dict[str, pl.DataFrame]) -> str:
    """What is neither recovered nor exchanged, most frequent first."""
    out = []
    for name in SILOS:
        rows = found[name]
        wrong = rows.filter(~pl.col("recovered") & ~pl.col("exchanged"))
        classes = wrong.group_by("direction", "planted", "reason").len()
        out += [[name, *row] for row in classes.sort("len", "direction", "planted", "reason", descending=True).rows()]
    return markdown(["ledger", "direction", "planted", "found", "events"], out)


def company_table(report: sj.Reconciliation) -> str:
    """The reasons of the company's own events, which have no planted ones."""
    out = []
    reasons = [*REASONS, "only here", "unexplained"]
    for name in SILOS:
        rows = [row for row in report.records(name).rows() if row["ledger"] == "company"]
        out.append([name, *(sum(row["reason"] == reason for row in rows) or "·" for reason in reasons)])
    return markdown(["against", *reasons], out)


# --- the fifteen cases ------------------------------------------------------------------------------------------------


def golden(case: dict[str, Any], *, same_table: bool) -> sj.Reconciliation:
    """The report of a golden case; POLICY and the company on one table, or each on a copy of its own."""
    tables: dict[str, pl.DataFrame] = {}
    for silo, rows in case["records"].items():
        records = pl.DataFrame(rows, infer_schema_length=None)
        edges = {said[edge] for said in GOLDEN["definitions"].values() for edge in ("start", "end")}
        days = [pl.col(name).cast(pl.String).str.to_date() for name in records.columns if name in edges]
        tables[silo] = records.with_columns(days)
    ledgers = {}
    for name, said in GOLDEN["definitions"].items():
        definition = sj.Definition.from_dict({key: value for key, value in said.items() if key != "records"})
        records = tables[said["records"]]
        ledgers[name] = sj.Ledger(name, records if same_table else records.clone(), definition, group="household")
    start = "2025-06-01" if "laid up" in case["case"] else "2026-03-01"
    silos = [ledgers[name] for name in SILOS]
    return sj.reconcile(silos, standard=ledgers["company"], start=start, end="2026-05-01")


def golden_table(*, same_table: bool) -> str:
    out = []
    for case in GOLDEN["cases"]:
        report = golden(case, same_table=same_table)
        out.append([case["case"], *(said_of(report.records(name).rows()) or "·" for name in SILOS)])
    return markdown(["case", *SILOS], out)


def said_of(rows: Iterable[dict[str, Any]]) -> str:
    """Each event in words: a pair is said once, from the silo's side; the standard's own event with "company"."""
    words: dict[str, int] = {}
    for row in rows:
        if row["ledger"] == "company" and row["reason"] in ("matched", "timing"):
            continue
        more = row["rule"] or (row["detail"] if row["reason"] != "rewrite" else None)
        word = f"{'company ' if row['ledger'] == 'company' else ''}{row['direction']}: {row['reason']}"
        word += f" ({more})" if more else ""
        words[word] = words.get(word, 0) + 1
    return "; ".join(f"{n} × {word}" if n > 1 else word for word, n in words.items())


# --- the page ---------------------------------------------------------------------------------------------------------


def markdown(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(f"{x:,}" if isinstance(x, int) else str(x) for x in line) + " |" for line in lines
    )


def tables() -> dict[str, str]:
    """Every table of the page, by name."""
    data, report = insurer()
    found = events(data, report)
    month = {name: rows.filter(pl.col("period") == data.month) for name, rows in found.items()}
    return {
        "shares": shares_table(found),
        **{name: confusion_table(found[name]) for name in SILOS},
        "company": company_table(report),
        "classes": classes_table(found),
        "month": shares_table(month),
        **{f"{name} month": confusion_table(month[name]) for name in SILOS},
        "golden": golden_table(same_table=False),
    }


def written(page: str, said: dict[str, str]) -> str:
    """The page with these tables between its marks."""
    for name, table in said.items():
        mark = re.escape(f"<!-- {name} -->")
        pattern = re.compile(f"({mark}\n).*?(\n<!-- end -->)", re.DOTALL)
        page, replaced = pattern.subn(lambda at, table=table: at[1] + table + at[2], page)  # type: ignore[misc]
        assert replaced == 1, f"found {replaced} marks of '{name}', expected one"
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), tables()), encoding="utf-8")
