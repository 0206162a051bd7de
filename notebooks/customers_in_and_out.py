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
# # Customers in and out
#
# How many customers, worth how much, came in and went out — in whole customers and to the cent, on 69,659 real purchases of the 23,570 customers who
# first bought at the online music shop CDNOW in early 1997 (Fader & Hardie).

# %%
import altair as alt

import sojourn as sj

alt.renderers.enable("png")  # charts as plain pictures, so that the notebook shows them anywhere

shop = sj.datasets.cdnow()
shop.purchases

# %% [markdown]
# ## When is somebody a customer?
# A shop without contracts has to decide. The simplest executable definition: one who buys in a quarter is a customer of that quarter. So each customer has a record for
# every quarter with a purchase, worth that quarter's purchases, and a ledger says which columns mean what.

# %%
shop.quarters

# %%
ledger = shop.ledger
ledger

# %% [markdown]
# ## The statement
# opening + new + returned + other_in − left − other_out = closing, in every period, in customers and in value (with expansion and contraction). Opening and closing
# are counted by presence on the first and last day, never derived from what came in and went out: the identity is a check, not a definition.

# %%
report = sj.reconcile([ledger], standard=ledger, periods="3 months", start="1997-01-01", end="1998-07-01")
statement = report.statement().to_pandas()
statement[["period", "opening", "new", "returned", "left", "closing", "closing_value", "expansion", "contraction"]]

# %%
report.plot()

# %%
for row in statement.itertuples():
    assert row.opening + row.new + row.returned + row.other_in - row.left - row.other_out == row.closing
report.check()

# %% [markdown]
# ## The definition decides
# Nearly eight in ten "left" in the second quarter of 1997 — or were they only between two purchases? With half a year's grace a customer who
# skips a quarter or two is not out and in again. The same records, another definition: what changes is only what should.

# %%
patient = sj.Ledger(
    "with grace", shop.quarters, sj.Definition("customer", "start", "end", value="value", currency="USD", grace="184d")
)
print(ledger.definition.differences(patient.definition))
both = sj.reconcile([ledger, patient], standard=ledger, periods="3 months", start="1997-01-01", end="1998-07-01")
both.statement().to_pandas()[["ledger", "period", "opening", "new", "returned", "left", "closing", "in_grace"]]

# %% [markdown]
# ## Every record has a fate
# Each of a record's two edges has exactly one: counted, joined to the next by grace, already there, or rejected by a named rule.

# %%
both.fates("with grace").to_pandas()[["start", "end"]].value_counts()

# %% [markdown]
# ## Where do they leave?
# The same customers as a journey: first, second, fifth, tenth order; 90 days of silence; gone after 180.

# %%
matches = shop.journey.match(shop.log)
matches.graph().plot(unit="$")

# %%
matches.graph().exits().to_pandas().head()

# %% [markdown]
# The page for the board — numbers, statement, map, moments — is one file that opens offline: `sojourn demo` on the command line, or

# %%
room = sj.Room(matches, reconciliation=report)
room
