# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why do CRM, POLICY and BILLING disagree?
#
# One insurer, one month, four numbers: three systems report growth, the company has shrunk. Nobody lies. Each counts something, and says so in an executable definition; so the
# disagreement can be taken apart **record by record**, until every single difference has one reason, and the reasons add up to the gap.
#
# The company is generated and every figure invented ([data card](../docs/data/insurer.md)). What each reason means: [docs/reconcile.md](../docs/reconcile.md).

# %%
from collections import Counter

import altair as alt
import polars as pl

import sojourn as sj

alt.renderers.enable("png")  # charts as plain pictures, so that the notebook shows them anywhere
pl.Config.set_tbl_rows(40)
pl.Config.set_tbl_cols(20)

data = sj.datasets.insurer()
company, crm, policy, billing = (data.ledgers[name] for name in ("company", "CRM", "POLICY", "BILLING"))
r = sj.reconcile([crm, policy, billing], standard=company, start="2026-03-01", end="2026-04-01", money="decimal")

# %% [markdown]
# ## For the board: the month's four numbers
# March 2026, the last month that all systems have finished booking.

# %%
numbers = (
    r.statement()
    .to_polars()
    .select(
        "ledger", "opening", "joined", "other_in", "left", "other_out", "closing", net=pl.col("joined") - pl.col("left")
    )
)
assert dict(numbers.select("ledger", "net").rows()) == {"company": -61, "CRM": 191, "POLICY": 323, "BILLING": 101}
numbers

# %% [markdown]
# The company lost 61 households net. CRM says +191, POLICY +323, BILLING +101. Each line is an identity, in whole customers: opening + in + other in − out − other out = closing. Opening and closing are counted by presence, not
# derived from what came and went.

# %%
for row in numbers.rows(named=True):
    assert row["opening"] + row["joined"] + row["other_in"] - row["left"] - row["other_out"] == row["closing"]

# %% [markdown]
# ## What each means by a customer
# The definitions are data: they can be read, compared and versioned. The company counts *households that pay*; what each silo does otherwise:

# %%
for name in ("CRM", "POLICY", "BILLING"):
    print(name)
    for sentence in company.definition.differences(data.ledgers[name].definition):
        print("   ", sentence)

# %% [markdown]
# In words: CRM counts **accounts** from the day sales book them, and an account's first spell only. POLICY counts **terms** of insurance, from when they take effect to when the end was *processed*. BILLING counts **billing
# accounts**, from the first payment that cleared. Nobody is wrong about what they count. But only one of the four is a customer.

# %% [markdown]
# ## The bridge: from each number to the company's
# A row a reason. "net" is in less out; the column adds up to the gap exactly, to the customer and to the cent. `events` is how many single events stand behind a net count.


# %%
def bridge_of(name: str) -> pl.DataFrame:
    bridge = r.bridge(name).to_polars()
    wide = bridge.pivot("direction", index=["reason", "rule"], values="count", aggregate_function="sum").fill_null(0)
    events = bridge.filter(direction="net").group_by("reason", "rule").agg(pl.col("events", "value").sum())
    return (
        wide.join(events, on=["reason", "rule"], nulls_equal=True)
        .select("reason", "rule", "in", "out", "net", "events", "value")
        .sort(pl.col("net").abs(), "events", "reason", "rule", descending=[True, True, False, False])
    )


bridges = {name: bridge_of(name) for name in ("CRM", "POLICY", "BILLING")}
gaps = {name: bridge["net"].sum() for name, bridge in bridges.items()}
assert gaps == {"CRM": 191 + 61, "POLICY": 323 + 61, "BILLING": 101 + 61}
for name, bridge in bridges.items():
    value = {row["ledger"]: row["joined_value"] - row["left_value"] for row in r.statement().rows()}
    assert bridge["value"].sum() == value[name] - value["company"]

# %% [markdown]
# ### CRM: +191 against −61

# %%
r.plot("CRM")

# %%
bridges["CRM"]

# %%
net = {name: Counter() for name in bridges}
for name, bridge in bridges.items():
    for row in bridge.rows(named=True):
        net[name][row["reason"]] += row["net"]
assert max(net["CRM"], key=net["CRM"].get) == "no event there"
net["CRM"]

# %% [markdown]
# The largest part is what CRM does **not** do: `no event there` among the outs are households that left the company while the account is still open in CRM. Sales books who comes and forgets who goes. The second is
# `grain`: a second account of a household that was there already.
#
# ### POLICY: +323 against −61

# %%
r.plot("POLICY")

# %%
bridges["POLICY"]

# %% [markdown]
# POLICY and the company read **the same records** (one table, two definitions), so this bridge is exact record by record; nothing had to be matched. A household with three policies is one customer (`grain`); a policy that is replaced, laid
# up over the winter or reinstated is no customer lost and won again (`rewrite`).
#
# ### BILLING: +101 against −61

# %%
r.plot("BILLING")

# %%
bridges["BILLING"]

# %% [markdown]
# ## Net against gross
# The gap is a net number. Timing, above all, nearly cancels in it: what one side books in February the other books in March, and the same again at the end of the month. The count of single events that differ is the honest size
# of the disagreement.

# %%
gross = {
    name: sum(row["count"] != 0 and row["reason"] != "matched" for row in r.records(name).rows()) for name in bridges
}
timing = {
    name: (net[name]["timing"], sum(row["reason"] == "timing" for row in r.records(name).rows())) for name in bridges
}
for name in bridges:
    print(
        f"{name:8} gap {gaps[name]:+5}   events that differ {gross[name]:5}   of them timing {timing[name][1]:4}, which nets to {timing[name][0]:+}"
    )
    assert gross[name] > abs(gaps[name])

# %% [markdown]
# ## Follow one record to its reason
# `records` lists every event of either side. A household that CRM still has, though it left:

# %%
records = {name: r.records(name).to_polars() for name in bridges}
shown = [
    "ledger",
    "record",
    "unit",
    "group",
    "time",
    "direction",
    "reason",
    "rule",
    "detail",
    "partner",
    "other_time",
    "count",
]
silent = records["CRM"].filter(pl.col("reason") == "no event there", pl.col("direction") == "out").select(shown)
silent.head(3)

# %%
one = silent.row(0, named=True)
assert (one["ledger"], one["detail"], one["count"]) == ("company", "still in there", -1)
household = one["group"]
accounts = data.crm.to_polars().filter(household=household)
assert accounts["lost"].is_null().any()  # CRM still holds an account of theirs
accounts

# %%
data.policy.to_polars().filter(household=household).select(
    "record", "term", "effective", "end_effective", "end_processed", "txn", "paid"
)

# %% [markdown]
# And one of timing: the two systems see the same household come, but on different days, and here in different months. `partner` is the other side's record, `other_time` the day it says.

# %%
late = records["BILLING"].filter(pl.col("reason") == "timing", pl.col("direction") == "in", pl.col("count") == 1)
first = late.select(shown).row(0, named=True)
partner = data.policy.to_polars().filter(record=first["partner"]).row(0, named=True)
assert partner["household"] == first["group"] and partner["effective"] == first["other_time"]
days = (first["time"] - first["other_time"]).days
print(
    f"billing account {first['unit']} first paid on {first['time']}; the policy took effect on {first['other_time']}: {days} days earlier"
)
assert abs(days) <= 90
late.select(shown).head(3)

# %% [markdown]
# Every reason's records add up to its row in the bridge:

# %%
for name in bridges:
    listed = records[name].group_by("direction", "reason", "rule").agg(pl.col("count").sum(), pl.col("value").sum())
    said = (
        r.bridge(name)
        .to_polars()
        .filter(pl.col("direction") != "net")
        .select("direction", "reason", "rule", "count", "value")
    )
    keys = ["direction", "reason", "rule"]
    assert listed.select(said.columns).sort(keys).rows() == said.sort(keys).rows()

# %% [markdown]
# ## Swap one definition, and only what should change does
# POLICY ends a term on the day the end was *processed*, the company on the day it took effect. Give POLICY the company's clock, and nothing else. Then timing must vanish, customers in must not move, and the other ledgers'
# statements and bridges must stay as they are.

# %%
one_clock = sj.Definition.from_dict({**policy.definition.to_dict(), "end": "end_effective"})
print(*policy.definition.differences(one_clock), sep="\n")
renewed = sj.Ledger("POLICY", data.policy, one_clock, group="household")
swapped = sj.reconcile([crm, renewed, billing], standard=company, start="2026-03-01", end="2026-04-01", money="decimal")
before, after = ({row["ledger"]: row for row in each.statement().rows()} for each in (r, swapped))
assert all(before[name] == after[name] for name in ("company", "CRM", "BILLING"))
assert all(r.bridge(name).rows() == swapped.bridge(name).rows() for name in ("CRM", "BILLING"))
old, new = (
    {(row["direction"], row["reason"], row["rule"]): row["count"] for row in each.bridge("POLICY").rows()}
    for each in (r, swapped)
)
assert all(new[key] == count for key, count in old.items() if key[0] == "in")
assert old["out", "timing", None] == -15 and not any(new.get((side, "timing", None)) for side in ("in", "out", "net"))
[
    (key, old.get(key, 0), new.get(key, 0))
    for key in sorted({**old, **new}, key=str)
    if old.get(key, 0) != new.get(key, 0)
]

# %% [markdown]
# 642 terms out become 657: more ended in March than were processed in it. They are no longer timing, they are what else they were: second policies, replaced or reinstated ones.

# %% [markdown]
# ## As of a day
# `as_of` shows what had happened by a day: who might still come back within the grace is *pending*, not lost. Every ledger here waits 30 days or more before
# it calls somebody gone, so on the last day of March hardly anybody who left in March has left yet. Whoever reports on the first of April can wait, or say how much is pending; the bridge names it.

# %%
asof = sj.reconcile(
    [crm, policy, billing], standard=company, start="2026-03-01", end="2026-04-01", as_of="2026-03-31", money="decimal"
)
then, now = ({row["ledger"]: row for row in each.statement().rows()} for each in (asof, r))
for name in then:
    print(f"{name:8} left in March: {then[name]['left']:4} as of 31 March, {now[name]['left']:4} as it turned out")
assert then["company"]["left"] < now["company"]["left"]
pending = sum(row["reason"] == "pending" for row in asof.records("CRM").rows())
assert pending > 0 and all(row["reason"] != "pending" for row in r.records("CRM").rows())
print(f"CRM against the company, as of 31 March: {pending} events pending")

# %% [markdown]
# ## Who owns which reason
# A reason says what has to be done, and by whom. That is a decision, not a computation:
#
# | reason | what it takes | who |
# |---|---|---|
# | `grain` | one customer key above accounts and terms: report households | whoever owns the metric |
# | `rewrite` | link replacements (`follows`), agree on a grace | policy administration |
# | `rule` | agree what counts: unpaid business, splits, first payments | the board, once |
# | `timing` | nothing; or one clock | finance |
# | `identity` | repair the crosswalk | data office |
# | `no event there`, "still in there" | tell sales who left | sales operations |
# | `only here`, `unexplained` | look at these records, one by one | data office |

# %%
owner = {
    "grain": "metric owner", "rewrite": "policy administration", "rule": "board", "timing": "finance", "identity": "data office",
    "no event there": "sales operations", "only here": "data office", "unexplained": "data office", "pending": "nobody yet",
}  # fmt: skip
todo = (
    pl.concat([bridge.with_columns(ledger=pl.lit(name)) for name, bridge in bridges.items()])
    .filter(pl.col("reason") != "matched")
    .with_columns(owner=pl.col("reason").replace_strict(owner))
    .group_by("owner")
    .agg(pl.col("events").sum(), pl.col("net").sum())
    .sort("events", descending=True)
)
assert todo["events"].sum() == sum(gross.values()) and todo["net"].sum() == sum(gaps.values())
todo

# %% [markdown]
# ## For the data scientist: what may be trusted
# The identities below are tested in every run and raise when one fails. Guards point at suspected faults of the data and never change a figure. Two things remain judgement: the definitions, and the **window** within which
# two clocks may date one event. BILLING's clock is slow, and a window too short turns its timing into something else ([how to choose it](../docs/reconcile.md)).

# %%
checks = r.check().to_polars()
assert checks.filter(kind="identity")["failures"].sum() == 0
checks.filter((pl.col("kind") == "guard") & (pl.col("failures") > 0))

# %%
windows = []
for window in ("30d", "60d", "90d", "120d"):
    s = sj.reconcile([billing], standard=company, start="2026-03-01", end="2026-04-01", window=window)
    reasons = Counter(row["reason"] for row in s.records("BILLING").rows())
    windows.append(
        {
            "window": window,
            **{reason: reasons[reason] for reason in ("matched", "timing", "no event there", "unexplained")},
        }
    )
assert [row["unexplained"] for row in windows] == [142, 63, 2, 2]
pl.DataFrame(windows)

# %% [markdown]
# And since this company's truth was planted, the reasons can be held against it: for how many of BILLING's own events in March is the reason the planted one?

# %%
truth = data.truth["billing"].to_polars().select("record", "direction", planted="reason")
judged = records["BILLING"].filter(ledger="BILLING").join(truth, on=["record", "direction"], how="left")
right = judged.filter(pl.col("reason") == pl.col("planted"))
print(f"{len(right):,} of {len(judged):,}: {len(right) / len(judged):.1%}")
assert (len(right), len(judged)) == (630, 633)
