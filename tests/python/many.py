"""How many generated examples a property gets: `make check-all` asks for more than CI can wait for."""

from __future__ import annotations

import os


def many(examples: int) -> int:
    """Return `examples`, times the environment's SOJOURN_TIMES."""
    return examples * int(os.environ.get("SOJOURN_TIMES", "1"))
