"""Files written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from sojourn._core import InvalidInput


def write_whole(path: str | os.PathLike[str], text: str) -> Path:
    """Write a text as UTF-8 to a file beside the path, then give it the path's name.

    Raises
    ------
    InvalidInput
        When the folder is not there, or the path is a folder.
    """
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        missing = target if target.is_dir() else target.parent
        found = "a folder" if target.is_dir() else "no folder"
        raise InvalidInput(
            f"path '{target}': found {found} '{missing}', expected a file's name in a folder that is there"
        )
    part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target
