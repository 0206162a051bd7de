"""The model of what voices are about: its parameters, and how the fit went."""

from __future__ import annotations

from typing import Any

from sojourn import _core
from sojourn.table import Table


class DeclusteringModel:
    """A marked point process fitted to voices (`Matches.attribute`).

    A customer speaks at a rate that is the sum of a background and of what each recent occurrence adds; which of them a
    voice owes to is its posterior (Zhuang, Ogata & Vere-Jones 2002; Veen & Schoenberg 2008). See ``docs/listening.md``.

    Attributes
    ----------
    shape
        Of the delays from occurrence to voice: ``"exponential"``, ``"weibull"`` or ``"piecewise"`` (24 pieces of
        constant density).
    held_out
        Log likelihood a voice, per second, of a fifth of the customers that was held out, by shape; empty if the shape
        was asked for.
    trace
        The penalised log likelihood after each iteration, per second. It never falls.
    converged
        Whether the last iteration moved fewer than one voice in ten million between moments.
    fitted, unfitted
        Voices. Unfitted ones are weighed by the model, but not learnt from: those of other customers, from times whose
        earlier occurrences are not known, outside their customer's observation, linked to occurrences older than the
        horizon, or naming a moment that did not occur.
    """

    def __init__(self, core: _core.Attribution, like: Any) -> None:
        facts = _core.model_facts(core)
        self._core = core
        self._like = like
        self.shape: str = facts["shape"]
        self.held_out: dict[str, float] = facts["held_out"]
        self.trace: list[float] = facts["trace"]
        self.converged: bool = facts["converged"]
        self.fitted: int = facts["fitted"]
        self.unfitted: int = facts["unfitted"]

    @property
    def iterations(self) -> int:
        """Number of iterations of the fit."""
        return len(self.trace)

    @property
    def objective(self) -> float:
        """The penalised log likelihood, per second."""
        return self.trace[-1]

    @property
    def background(self) -> Table:
        """What is said out of the blue: source, per_customer_year (voices), voices (expected in all)."""
        return self._table("background")

    @property
    def rates(self) -> Table:
        """Voices that an occurrence brings: moment, kept, source, group, voices_per_occurrence, exposure.

        kept: of a moment whose promise (KPI) was both kept and broken, which of the two; else null. Undecided ones
        count with the kept.
        exposure: occurrences of the group's customers, each counted by the share of its voices that could be heard.
        """
        return self._table("rates")

    @property
    def delays(self) -> Table:
        """From occurrence to voice, in seconds: moment, kept, mean, and (not of ``"piecewise"``) shape, scale.

        exp(-(t / scale) ** shape) is the share that takes longer than t, before it is cut at the horizon.
        """
        return self._table("delays")

    @property
    def pieces(self) -> Table:
        """The same by 24 pieces of the horizon, finest near zero: moment, kept, from, to (seconds), share."""
        return self._table("pieces")

    @property
    def topics(self) -> Table:
        """What moments are spoken of: moment (null: the background), kept, topic, share."""
        return self._table("topics")

    @property
    def scores(self) -> Table:
        """How moments are scored: moment (null: the background), kept, score (the least of its class), share."""
        return self._table("scores")

    @property
    def links(self) -> Table:
        """Share of a moment's voices that carry a link: moment, kept, source, share. Empty if no voice does.

        A link is a key or a moment named that found an occurrence.
        """
        return self._table("links")

    def _table(self, which: str) -> Table:
        return Table(_core.model_table(self._core, which), self._like)

    def __repr__(self) -> str:
        ended = "converged" if self.converged else "not converged"
        notes = f", {self.unfitted:,} unfitted" if self.unfitted else ""
        return (
            f"DeclusteringModel({self.shape} delays, {self.fitted:,} voices fitted{notes}, "
            f"{ended} after {self.iterations:,} iterations)"
        )
