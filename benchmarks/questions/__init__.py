"""What is asked in `journey.py`, and of whom: a module a system, as in `systems`.

Three pattern questions, asked of what each system holds after reading and of the Arrow table as it came; the moves
between the moments of a journey; where they end; and what pm4py and retentioneering can be asked besides.
"""

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MODULES = {
    "sojourn": "ours",
    "polars": "polars_",
    "duckdb": "duckdb_",
    "numpy": "numpy_",
    "pm4py": "pm4py_",
    "retentioneering": "retentioneering_",
}
THIRD = "third contact"  # every contact that is the third or more within 30 days
TENTH = "tenth order"
NOBODY = "no follow-up"  # a closed claim, and no follow-up within 10 days
PATTERNS = (THIRD, TENTH, NOBODY)
EVENTS_OF = {THIRD: ["contact"], TENTH: ["order"], NOBODY: ["claim_closed", "follow_up"]}

MOVES = "moves between moments"
LESS = "no distinct customers"  # what a peer's moves lack
DRAWS = 200
ENDS, ENDS_DRAWN = "where walks end", f"where walks end, {DRAWS} draws"
CONFIDENCE = 0.9
LEAVES, OUTCOME_ID = "unsubscribe", "left"  # the event that ends a journey, the outcome that it is

TEN_ORDERS = "customers with ten orders"
SOON = "customers followed up within 10 days of a closing"
EVER = "customers followed up at any time after a closing"
FIRST = "first closings followed up within 10 days"
EVENT_MOVES = "moves between events, up to an outcome"


def last_due(table: pa.Table) -> Any:
    """Return the last time of a closing whose ten days are over when the log ends."""
    return pc.max(table["time"]).as_py() - timedelta(days=10)
