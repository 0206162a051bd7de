"""Customer journeys: how customers move, which moment each voice speaks of, how many came in and went out.

See https://sojourn.readthedocs.io, or ``sojourn demo`` on the command line.
"""

from sojourn import datasets
from sojourn._core import InvalidInput, __version__
from sojourn.assets import Definition, Ledger, Reconciliation, reconcile
from sojourn.attribution import Attribution
from sojourn.calibration import Calibration, calibration
from sojourn.declustering import DeclusteringModel
from sojourn.discover import discover
from sojourn.drivers import lmg
from sojourn.duplicates import deduplicated, near_duplicates
from sojourn.events import EventLog
from sojourn.feedback import Feedback, feedback
from sojourn.feedback_sources import FeedbackSource, calls, reviews, survey, tickets
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
from sojourn.reconcile_spec import reconcile_spec
from sojourn.room import Room
from sojourn.score_change import score_change
from sojourn.scores import csat, mean_score, nps
from sojourn.surges import SurgeWatch
from sojourn.table import Table
from sojourn.topics import Topics, topics
from sojourn.xes import read_xes

__all__ = [
    "Attribution",
    "Calibration",
    "Condition",
    "DeclusteringModel",
    "Definition",
    "EventLog",
    "Feedback",
    "FeedbackSource",
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
    "Topics",
    "__version__",
    "absent",
    "all_of",
    "anniversary",
    "any_of",
    "calibration",
    "calls",
    "column",
    "count",
    "csat",
    "datasets",
    "deduplicated",
    "discover",
    "event",
    "feedback",
    "gap",
    "lmg",
    "mean_score",
    "merge",
    "near_duplicates",
    "nps",
    "nth",
    "read_xes",
    "reconcile",
    "reconcile_spec",
    "reviews",
    "score_change",
    "sequence",
    "spell_number",
    "survey",
    "tickets",
    "topics",
]
