"""The `threads` argument that many calls take."""

from __future__ import annotations

from sojourn._core import InvalidInput


def checked(threads: int | None) -> int | None:
    """Return `threads`, a whole number of 1 or more, or None for all cores.

    Raises
    ------
    InvalidInput
        For anything else.
    """
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise InvalidInput(f"threads: found {threads!r}, expected a whole number of 1 or more, or None for all")
    return threads
