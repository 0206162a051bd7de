"""Templates of what people see: names and texts in them are hostile input."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def escaping(*folders: Path) -> Environment:
    """Return the templates of folders, the first that has one: everything escaped, nothing undefined passes."""
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
