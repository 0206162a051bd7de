"""Customer journeys: how customers move, which moment each voice speaks of, how many came in and went out.

See https://sojourn.readthedocs.io, or ``sojourn demo`` on the command line.
"""

from sojourn import datasets
from sojourn._core import InvalidInput, __version__
from sojourn.assets import Definition, Ledger, Reconciliation, reconcile
from sojourn.attribution import Attribution
from sojourn.discover import discover
from sojourn.events import EventLog
from sojourn.graph import JourneyGraph
from sojourn.journey import Journey, Moment, Outcome, Stage
from sojourn.matches import Matches
from sojourn.merge import merge
from sojourn.patterns import (
    Condition,
    Pattern,
    absent,
    all_of,
    anniversary,
    any_of,
    column,
    count,
    event,
    gap,
    nth,
    sequence,
    spell_number,
)
from sojourn.room import Room
from sojourn.scores import csat, mean_score, nps
from sojourn.surges import SurgeWatch
from sojourn.table import Table
from sojourn.xes import read_xes

__all__ = [
    "Attribution",
    "Condition",
    "Definition",
    "EventLog",
    "InvalidInput",
    "Journey",
    "JourneyGraph",
    "Ledger",
    "Matches",
    "Moment",
    "Outcome",
    "Pattern",
    "Reconciliation",
    "Room",
    "Stage",
    "SurgeWatch",
    "Table",
    "__version__",
    "absent",
    "all_of",
    "anniversary",
    "any_of",
    "column",
    "count",
    "csat",
    "datasets",
    "discover",
    "event",
    "gap",
    "mean_score",
    "merge",
    "nps",
    "nth",
    "read_xes",
    "reconcile",
    "sequence",
    "spell_number",
]
