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
# # Five minutes with your own events
#
# Bring a table with a customer, a time and an event name in every row. Here we make a small one, of a meal-kit subscription, so that
# the notebook runs anywhere: 600 customers, invented. Replace `events` by your own frame or by the path of a Parquet or CSV file.

# %%
import random
from datetime import datetime, timedelta

import pandas as pd

import sojourn as sj

rng = random.Random(11)
rows = []
for customer in range(600):
    now = datetime(2025, 1, 1) + timedelta(days=rng.randrange(60), hours=rng.randrange(24))
    rows.append((customer, now, "sign_up", None))
    for box in range(1, 40):
        now += timedelta(days=7 if box > 1 else 3, hours=rng.randrange(-5, 6))
        rows.append((customer, now, "box_delivered", 49.0 + 10 * (customer % 3)))
        trouble = rng.random() < (0.25 if box == 1 else 0.12)
        contacts = (1 + (rng.random() < 0.5) + (rng.random() < 0.5)) if trouble else 0
        for _ in range(contacts):
            now += timedelta(hours=rng.randrange(3, 30))
            rows.append((customer, now, "contact", None))
        if contacts and rng.random() < 0.7:
            now += timedelta(hours=rng.randrange(1, 60))
            rows.append((customer, now, "follow_up", None))
        if rng.random() < 0.02 + 0.05 * contacts * contacts or now > datetime(2025, 9, 1):
            if now <= datetime(2025, 9, 1):
                rows.append((customer, now + timedelta(hours=20), "cancel", None))
            break
events = pd.DataFrame(rows, columns=["customer", "time", "event", "amount"]).sort_values("time", kind="stable")
events.head()

# %% [markdown]
# ## What is in it
# The log groups the rows by customer and puts them in time order. Its `repr` says what a reader should know: how many, from when to when, and how many
# events share their instant with another.

# %%
log = sj.EventLog(events, value="amount")
log

# %%
log.counts()

# %%
log.transitions().to_pandas().sort_values("count", ascending=False).head(8)

# %% [markdown]
# ## From events to moments
# Events are what systems record. Moments are what customers live through: some obvious (the first box), some missed, because no system has an event for
# them (a third contact in a month; a contact that nobody followed up). A journey puts moments into stages and says how it can end.

# %%
journey = sj.Journey(
    journey="meal kits",
    stages=[sj.Stage("start", "Start"), sj.Stage("cook", "Cook & enjoy"), sj.Stage("help", "Get help")],
    moments=[
        sj.Moment("sign_up", "start", name="Sign-up", when=sj.event("sign_up")),
        sj.Moment("first_box", "start", name="First box", when=sj.nth("box_delivered", 1)),
        sj.Moment("tenth_box", "cook", name="Tenth box", kind="missed", when=sj.nth("box_delivered", 10)),
        sj.Moment(
            "contact",
            "help",
            name="Contacts us",
            when=sj.event("contact"),
            accountable="Service",
            kpi={"name": "followed up within 3 days", "met": {"follows": "follow_up", "within": "3d"}, "target": 0.8},
        ),
        sj.Moment(
            "third_contact", "help", name="Third contact in 30 days", kind="missed",
            when=sj.count("contact", at_least=3, within="30d"),
        ),
        sj.Moment(
            "no_follow_up", "help", name="Nobody followed up", kind="missed",
            when=sj.absent("follow_up", within="10d", after="contact"),
        ),
    ],
    outcomes={"left": sj.event("cancel")},
)  # fmt: skip
matches = journey.match(log)
matches

# %%
matches.moments()

# %% [markdown]
# What cannot be told is not guessed: a contact in the last ten days of the data may yet be followed up.

# %%
matches.undecided().to_pandas().groupby(["moment", "reason"]).size()

# %% [markdown]
# Was the promise kept? `share` is `met` out of `due`, with Wilson's interval; what is undecided is in neither.

# %%
matches.kpis()

# %% [markdown]
# ## Where customers leave
# The map: stages from left to right, line width = customers that moved, orange = left after it.

# %%
graph = matches.graph()
graph.plot(unit="$")

# %% [markdown]
# Of the customers who came to a moment, which share reached the outcome within the window? The intervals come from a Bayesian bootstrap over customers. These are
# shares in the observed chain — associations, not effects of a change.

# %%
graph.absorption().to_pandas().query("outcome == 'left'")

# %% [markdown]
# ## Nothing silently dropped
# Events that no moment claims, and moments that no event reaches, are listed; so is what the journey file lacks.

# %%
matches.unmapped(), matches.unreached()

# %%
journey.check(log)

# %% [markdown]
# Save the journey, edit it by hand, load it again: it is one JSON file.

# %%
print(str(journey.to_dict())[:300], "…")
