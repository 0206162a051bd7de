"""Customer journeys: how customers move, which moment each voice speaks of, how many came in and went out.

See https://sojourn.readthedocs.io, or ``sojourn demo`` on the command line.
"""

from sojourn._core import InvalidInput, __version__
from sojourn.events import EventLog
from sojourn.journey import Journey, Moment, Outcome, Stage
from sojourn.matches import Matches
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
from sojourn.table import Table

__all__ = [
    "Condition",
    "EventLog",
    "InvalidInput",
    "Journey",
    "Matches",
    "Moment",
    "Outcome",
    "Pattern",
    "Stage",
    "Table",
    "__version__",
    "absent",
    "all_of",
    "anniversary",
    "any_of",
    "column",
    "count",
    "event",
    "gap",
    "nth",
    "sequence",
    "spell_number",
]
