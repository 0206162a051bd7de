"""Customer journeys: how customers move, which moment each voice speaks of, how many came in and went out.

See https://sojourn.readthedocs.io, or ``sojourn demo`` on the command line.
"""

from sojourn._core import InvalidInput, __version__
from sojourn.assets import Definition, Ledger, Reconciliation, reconcile
from sojourn.events import EventLog
from sojourn.table import Table

__all__ = [
    "Definition",
    "EventLog",
    "InvalidInput",
    "Ledger",
    "Reconciliation",
    "Table",
    "__version__",
    "reconcile",
]
