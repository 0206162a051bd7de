"""A progress bar on a terminal or in a notebook, for work that takes over two seconds."""

from __future__ import annotations

import sys
import time

_PATIENCE = 2.0  # seconds before anything is shown
_PAUSE = 1.5  # a silence that long means new work began
_WIDTH = 24


class _Bar:
    """The bar of the work at hand; one at a time is enough, since reports come from the calling thread."""

    def __init__(self) -> None:
        self.verb = ""
        self.began = self.last = 0.0

    def report(self, verb: str, share: float) -> None:
        now = time.monotonic()
        if verb != self.verb or now - self.last > _PAUSE:
            self.verb, self.began = verb, now
        self.last = now
        if now - self.began < _PATIENCE or not _shows():
            return
        done = round(share * _WIDTH)
        sys.stderr.write(f"\r{verb} [{'█' * done}{'·' * (_WIDTH - done)}] {share:4.0%} ")
        if share >= 1.0:
            sys.stderr.write("\r" + " " * (len(verb) + _WIDTH + 10) + "\r")
        sys.stderr.flush()


def _shows() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


_bar = _Bar()


def report(verb: str, share: float) -> None:
    """Say that a share (0 to 1) of the work called `verb` is done; silent unless it takes long and somebody looks."""
    _bar.report(verb, share)
