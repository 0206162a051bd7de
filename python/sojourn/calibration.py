"""Whether the weights of an attribution mean what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.attribution import Attribution


@dataclass(frozen=True)
class Calibration:
    """How far the weights of an attribution are from what turned out to be true.

    Attributes
    ----------
    error
        Expected calibration error: the mean, over pairs of a voice and an occurrence or of a voice and none, with
        weights from .02 to .98, of how far the mean weight of their bin is from the share that is true.
    by_chance
        What `error` is expected to be for weights that are right, with so few pairs. An `error` near it says no more.
        Both are None where every weight is nearly 0 or 1, as last touch's are: then there is nothing to be calibrated.
    right
        Share of the voices whose greatest weight is on the truth.
    brier
        Mean over voices of the squared distance of the weights from the truth (Brier 1950): 0 is perfect, 2 all wrong.
    voices
        Number of voices that were judged.
    bins
        pairs, weight (mean), share_true, by weight.
    """

    error: float | None
    by_chance: float | None
    right: float
    brier: float
    voices: int
    bins: Table

    def __repr__(self) -> str:
        error = (
            "no weight between .02 and .98"
            if self.error is None
            else f"error {self.error:.4f}, {self.by_chance:.4f} by chance alone"
        )
        return f"Calibration({error}, Brier {self.brier:.3f}, {self.right:.1%} of {self.voices:,} voices right)"


def calibration(attribution: Attribution, truth: Any, bins: int = 20) -> Calibration:
    """Hold an attribution against what is known of its voices.

    Parameters
    ----------
    attribution
        By whatever method.
    truth
        Table feedback (the voice's row, from 0), occurrence_id (null: about no occurrence). Voices that it does not
        list are not judged.
    bins
        Number of bins of equal counts.

    Raises
    ------
    InvalidInput
        With its row for a voice that is not there or listed twice; for an empty table.
    """
    return _calibration(_core.calibrate(attribution._core, as_arrow(truth, "truth"), bins), attribution)


def link_calibration(attribution: Attribution, bins: int) -> Calibration:
    """Hold an attribution against the links of its voices (`Attribution.calibration`)."""
    method, half_life = attribution._settings["method"], attribution._settings["half_life"]
    return _calibration(_core.calibrate_links(attribution._core, method, half_life, bins), attribution)


def _calibration(
    found: tuple[float | None, float | None, float, float, int, _core.Table], attribution: Attribution
) -> Calibration:
    error, by_chance, right, brier, voices, table = found
    return Calibration(error, by_chance, right, brier, voices, Table(table, attribution._like))
