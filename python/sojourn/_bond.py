"""What the verbs of the bond are asked for, checked."""

from __future__ import annotations

from collections.abc import Iterable

from sojourn._core import InvalidInput


def named_columns(columns: Iterable[str], argument: str) -> list[str]:
    """Return names of columns; a lone string is one."""
    names = [columns] if isinstance(columns, str) else list(columns)
    for name in names:
        if not isinstance(name, str) or not name:
            raise InvalidInput(f"{argument}: found {name!r:.60}, expected names of columns")
    return names


def earned_words(earned: Iterable[object]) -> list[str]:
    """Return the values that count as earned as the ledger writes them out."""
    words = [earned] if isinstance(earned, str) else list(earned)
    return [("true" if word else "false") if isinstance(word, bool) else str(word) for word in words]
