"""From names to a crosswalk to honest totals: splink links accounts to persons, sojourn counts them with intervals.

    pip install 'sojourn[linkage]'
    python examples/one_person_many_keys.py

A master list of 800 persons, and a CRM in which they have accounts, some of them two, with typing errors. Everything is
made here by seed, so that the truth is known. splink (Fellegi-Sunter, trained without labels) gives each account the
persons it may be, with match probabilities; that table is the crosswalk.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import duckdb
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

import sojourn as sj

FIRST = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gail", "Hugo", "Ines", "Jack", "Kira", "Liam", "Mona", "Noah"]
LAST = ["Adler", "Brook", "Castle", "Dunn", "Ellis", "Fox", "Grant", "Hill", "Irving", "Jones", "Kent", "Lang", "Moore"]
TOWNS = ["Ashford", "Boston", "Camden", "Dover", "Elgin", "Fulton", "Geneva", "Houston"]
START, END = date(2026, 1, 1), date(2026, 7, 1)


def made(seed: int = 4) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Persons, and accounts with the person they are truly of."""
    chance = random.Random(seed)
    persons, accounts = [], []
    for number in range(800):
        born = date(1950, 1, 1) + timedelta(days=chance.randrange(18_000))
        person = {
            "person": f"P{number:04}",
            "first": chance.choice(FIRST),
            "last": chance.choice(LAST),
            "born": born.isoformat(),
            "town": chance.choice(TOWNS),
            "since": START + timedelta(days=chance.randrange(-200, 170)),
        }
        persons.append(person)
        for _ in range(chance.choices((0, 1, 2), (1, 7, 2))[0]):
            account = {**person, "account": f"A{len(accounts):04}"}
            account["since"] += timedelta(days=chance.randrange(12))
            for field in ("first", "last", "born", "town"):
                if chance.random() < 0.15:
                    account[field] = mistyped(account[field], chance)
            accounts.append(account)
    return persons, accounts


def mistyped(word: str, chance: random.Random) -> str:
    """Return a word with a letter lost or one too many."""
    at = chance.randrange(1, len(word))
    return chance.choice((word[:at] + word[at + 1 :], word[:at] + chance.choice("aeiou0123456789") + word[at:]))


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def crosswalk(persons: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> sj.Table:
    """Account, person, probability of every pair that splink finds possible."""
    fields = ("first", "last", "born", "town")
    connection = duckdb.connect()
    database = DuckDBAPI(connection)
    sides = []
    for name, rows, key in (("persons", persons, "person"), ("accounts", accounts, "account")):
        kept = [{"unique_id": row[key], **{field: row[field] for field in fields}} for row in rows]
        sides.append(database.register(sj.Table.from_dict(columns(kept)).to_arrow(), dataset_display_name=name))
    settings = SettingsCreator(
        link_type="link_only",
        comparisons=[cl.JaroWinklerAtThresholds(field) for field in ("first", "last")]
        + [cl.LevenshteinAtThresholds("born", [1, 2]), cl.ExactMatch("town")],
        blocking_rules_to_generate_predictions=[
            block_on("last"),
            block_on("born"),
            block_on("town", "substr(first, 1, 1)"),
        ],
        probability_two_random_records_match=1 / len(persons),
    )
    linker = Linker(sides, settings, log_level=40)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("born"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("last", "first"))
    pairs = linker.inference.predict(threshold_match_probability=0.001).as_record_list()
    # splink judges each pair by itself, but an account is one person's: its candidates exclude one another. With odds o
    # of the pairs, the posterior of one is o / (1 + the sum of all).
    odds: dict[str, dict[str, float]] = {}
    for pair in pairs:
        sides_of = {pair["source_dataset_l"]: pair["unique_id_l"], pair["source_dataset_r"]: pair["unique_id_r"]}
        of_account = odds.setdefault(sides_of["accounts"], {})
        of_account[sides_of["persons"]] = pair["match_probability"] / max(1e-12, 1 - pair["match_probability"])
    rows = [
        {"unit": account, "group": person, "probability": one / (1 + sum(candidates.values()))}
        for account, candidates in odds.items()
        for person, one in candidates.items()
    ]
    return sj.Table.from_dict(columns(rows))


def main() -> None:
    """Link, count, and hold the intervals against the truth."""
    persons, accounts = made()
    links = crosswalk(persons, accounts)
    said = {"start": "since", "end": "until"}
    crm_records = {**columns(accounts), "until": [None] * len(accounts)}
    crm = sj.Ledger("CRM", crm_records, sj.Definition("account", **said), crosswalk=links, counts="group")
    true = {"unit": [row["account"] for row in accounts], "group": [row["person"] for row in accounts]}
    truth = sj.Ledger("truth", crm_records, sj.Definition("account", **said), crosswalk=true, counts="group")
    probable = f"{crm.customers:,} persons on the most probable graph"
    print(f"{len(accounts):,} accounts, {probable}, {truth.customers:,} in truth")
    r = sj.reconcile([crm], start=START, end=END)
    right = {row["period"]: row for row in sj.reconcile([truth], start=START, end=END).statement().rows()}
    inside = tried = 0
    for row in r.intervals(draws=200, seed=1).rows():
        if row["what"] in ("joined", "closing"):
            known = right[row["period"]][row["what"]]
            tried += 1
            inside += row["count_low"] <= known <= row["count_high"]
            interval = f"{row['count_low']:,} to {row['count_high']:,}"
            print(f"{row['period']} {row['what']:8} {row['count']:5,}  links allow {interval:12}  truth {known:5,}")
    print(
        f"{inside} of {tried} intervals of 90% hold the truth: they cover uncertain links, not pairs the linker missed"
    )


if __name__ == "__main__":
    main()
