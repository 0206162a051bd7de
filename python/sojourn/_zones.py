"""Time zones for the compiled module: the same TZif data that ``zoneinfo`` reads."""

from __future__ import annotations

import importlib.resources
import zoneinfo
from pathlib import Path

from sojourn import _core
from sojourn._core import InvalidInput


def zone_rules(name: str) -> _core.ZoneRules:
    """Return the rules of a named zone, from the system's files or the ``tzdata`` package.

    Raises
    ------
    InvalidInput
        When there is no such zone.
    """
    if name == "UTC":
        return _core.ZoneRules("UTC")
    known = zoneinfo.available_timezones()
    if name not in known:
        from difflib import get_close_matches

        near = get_close_matches(name, sorted(known), n=1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        raise InvalidInput(f"timezone: found '{name}'{hint}, expected the name of a zone, as 'America/Chicago'")
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / name
        if path.is_file():
            return _core.ZoneRules(name, path.read_bytes())
    package, _, file = f"tzdata.zoneinfo.{name.replace('/', '.')}".rpartition(".")
    return _core.ZoneRules(name, importlib.resources.files(package).joinpath(file).read_bytes())
