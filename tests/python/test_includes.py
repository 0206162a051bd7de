"""The direction of dependence: arrows between rooms point down only, in C++ and in Python."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "core": set(),
    "arrow": {"core"},
    "stats": {"core"},
    "events": {"core", "arrow"},
    "graph": {"core", "arrow", "events", "stats"},
    "experience": {"core", "arrow", "events", "stats", "graph"},
    "assets": {"core", "arrow", "stats"},
    "datasets": {"core"},  # the generator knows nothing of what is to be checked against it
    "listening": {"core", "arrow", "stats", "events", "graph", "experience"},
}


def includes(header: Path) -> list[str]:
    return re.findall(r'#include [<"](?:sojourn/)([^">]+)[">]', header.read_text(encoding="utf-8"))


def test_every_room_includes_only_lower_rooms() -> None:
    headers = [h for h in (ROOT / "include" / "sojourn").rglob("*.hpp") if h.parent.name != "sojourn"]
    assert len(headers) > 20
    wrong = []
    for header in headers:
        room = header.relative_to(ROOT / "include" / "sojourn").parts[0]
        for included in includes(header):
            other = included.split("/")[0]
            if other != room and other not in ALLOWED[room]:
                wrong.append(f"{room}/{header.name} includes {included}")
    assert not wrong


def test_only_graph_includes_boost_graph_and_everyone_uses_full_paths() -> None:
    for header in (ROOT / "include" / "sojourn").rglob("*.hpp"):
        text = header.read_text(encoding="utf-8")
        room = header.relative_to(ROOT / "include" / "sojourn").parts[0]
        assert "boost/graph" not in text or room == "graph", header
        assert not re.search(r'#include "(?!sojourn/)', text), f"{header}: include by the full path"
        assert "#pragma once" in text, header


def test_the_umbrella_header_includes_every_header() -> None:
    folder = ROOT / "include" / "sojourn"
    every = {str(h.relative_to(folder)) for h in folder.rglob("*.hpp") if h.parent != folder}
    seen: set[str] = set()
    todo = includes(folder / "sojourn.hpp")
    while todo:
        header = todo.pop()
        if header not in seen:
            seen.add(header)
            todo += includes(folder / header)
    assert every <= seen, sorted(every - seen)
