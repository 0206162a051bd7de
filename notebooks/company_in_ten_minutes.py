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
# # A company in ten minutes
#
# A personal-lines insurer with 20,000 households: what they did, what they said, and what three silos hold of them. The company is generated, every figure of it is
# invented, and **its truth is known**: beside each table stands what was planted, so that every answer below can be checked.
# ([Data card](../docs/data/insurer.md).)

# %%
import altair as alt
import polars as pl

import sojourn as sj

alt.renderers.enable("png")  # charts as plain pictures, so that the notebook shows them anywhere
pl.Config.set_tbl_rows(20)

data = sj.datasets.insurer()
data

# %% [markdown]
# ## What they did
# Ten years of history, and 24 months that are observed: what lies before them is known, so that a tenth anniversary is seen, but not reported.

# %%
data.log

# %% [markdown]
# The journey is one file: seven stages, fifteen moments of truth, each with an owner and a promise. Some are obvious (a claim is settled), some are missed by those
# who only look at events: the *third* contact in 30 days, the welcome call that *never came*, the tenth anniversary.

# %%
matches = data.journey.match(data.log)
matches

# %%
graph = matches.graph()
graph.plot(who="households", unit="$")

# %% [markdown]
# ## Where they leave, and who owns it
# The last moment before leaving: an association, not a cause. Beside it, who is accountable for that moment.

# %%
owner = {moment.id: moment.accountable for moment in data.journey.moments}
left = (
    graph.exits()
    .to_polars()
    .group_by(moment="node")
    .agg(households=pl.col("customers").sum())
    .with_columns(owner=pl.col("moment").replace_strict(owner, default=None))
    .sort("households", descending=True)
)
left.head(8)

# %% [markdown]
# ## Which promise broke, and when
# Every moment's KPI, in the last quarter and before it. One of them was made to degrade on a known day.

# %%
quarter = "2026-04-01"
before, after = (matches.kpis(**limits).to_polars() for limits in ({"end": quarter}, {"start": quarter}))
change = (
    before.select("moment", "kpi", "target", before="share", due_before="due")
    .join(after.select("moment", after="share", due_after="due"), on="moment")
    .with_columns(change=pl.col("after") - pl.col("before"))
    .sort("change")
)
change.head(4)

# %%
data.truth["faults"]

# %% [markdown]
# ## What they say
# Five sources. Of which moment does each voice speak? A convention that everybody uses: of the last one before it. (A calibrated model
# does better: [what is each voice about](what_is_each_voice_about.ipynb).)

# %%
heard = {name: name for name in ("source", "solicited", "score", "topic", "text", "key")}
attribution = matches.attribute(data.feedback, method="last_touch", **heard)
attribution

# %%
attribution.moments().to_polars().select("moment", "voices", "heard_share", "score", "low", "high").head(8)

# %% [markdown]
# How often is the convention right? Here it can be told, since the cause of each voice was planted.

# %%
truth = data.truth["voices"].to_polars().select("feedback_id", truth="moment", caused="time")
feedback = data.feedback.to_polars().with_row_index("feedback").select(pl.col("feedback").cast(pl.Int64), "feedback_id")
occurrences = matches.occurrences().to_polars().select("occurrence_id", "time")
judged = (
    attribution.weights()
    .to_polars()
    .with_columns(pl.col("feedback").cast(pl.Int64))
    .join(feedback, on="feedback")
    .join(truth, on="feedback_id")
    .join(occurrences, on="occurrence_id", how="left")
    .with_columns(right=pl.col("moment").eq_missing(pl.col("truth")) & pl.col("time").eq_missing(pl.col("caused")))
)
judged.group_by("how").agg(voices=pl.len(), right=pl.col("right").mean()).sort("how")

# %%
told = (
    judged.filter(pl.col("moment").is_not_null())
    .group_by("moment")
    .agg(last_touch=pl.len())
    .join(truth.group_by(moment="truth").agg(planted=pl.len()), on="moment")
    .with_columns(off=pl.col("last_touch") / pl.col("planted") - 1)
    .sort("off")
)
told

# %% [markdown]
# Some moments get far more voices than speak of them, some far fewer: last touch gives the voice to whatever happened to come last. How a model does:
# [what is each voice about](what_is_each_voice_about.ipynb).
#
# ## Who is silent
# Where a source hears nothing of a moment that households met.

# %%
silent = attribution.coverage().to_polars().filter(pl.col("silent"))
silent.select("stage", "moment", "source", "customers", "value").sort("customers", descending=True).head(8)

# %% [markdown]
# ## Customers in and out, four times
# CRM counts accounts, the policy system terms, billing its accounts; the company counts households that pay. Each definition is executable. In March 2026 every silo reports growth.

# %%
ledgers = data.ledgers
report = sj.reconcile(
    [ledgers["CRM"], ledgers["POLICY"], ledgers["BILLING"]],
    standard=ledgers["company"],
    start="2025-04-01",
    end="2026-04-01",
)
statement = report.statement().to_polars()
statement.filter(period=data.month).select(
    "ledger", "opening", "joined", "other_in", "left", "other_out", "closing", net=pl.col("joined") - pl.col("left")
)

# %%
report.plot()

# %% [markdown]
# The company lost households in that month. Why the silos differ was planted, record by record: some count what the company does not (*grain*, *rewrite*), some count it in another
# month (*timing*), some rules refuse it, some links are lost. (The bridge that finds these reasons from the records alone is on its way.)

# %%
reasons = data.truth["policy"].to_polars().join(data.policy.to_polars(), on="record")
month = reasons.filter(
    pl.when(pl.col("direction") == "in").then(pl.col("effective")).otherwise(pl.col("end_processed")).dt.truncate("1mo")
    == data.month
)
month.group_by("direction", "reason").len("records").sort("direction", "records", descending=True)

# %% [markdown]
# ## On one page
# The room puts it together for the people who run the company: `sojourn demo` writes this page.

# %%
room = sj.Room(matches, attribution, report, who="households", unit="$")
for line in room.summary:
    print(line)
