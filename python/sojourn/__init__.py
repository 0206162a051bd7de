"""Customer journeys: how customers move, which moment each voice speaks of, how many came in and went out.

See https://sojourn.readthedocs.io, or ``sojourn demo`` on the command line.
"""

from sojourn._core import InvalidInput, __version__
from sojourn.events import EventLog
from sojourn.table import Table

__all__ = ["EventLog", "InvalidInput", "Table", "__version__"]
