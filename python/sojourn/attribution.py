"""Attribution: which moment each voice speaks of, and who was heard where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.matches import Matches

BASELINES = ("last_touch", "linear", "time_decay")


class Attribution:
    """The answer of `Matches.attribute`: what each voice is about. Immutable.

    Examples
    --------
    >>> import sojourn as sj
    >>> from datetime import datetime
    >>> log = sj.EventLog({
    ...     "customer": ["ann", "ann", "bob"],
    ...     "time": [datetime(2026, 3, 1), datetime(2026, 3, 4), datetime(2026, 3, 2)],
    ...     "event": ["order", "return", "order"],
    ... })
    >>> journey = sj.Journey(
    ...     ["buy"],
    ...     [sj.Moment("order", "buy", when=sj.event("order")), sj.Moment("return", "buy", when=sj.event("return"))],
    ... )
    >>> feedback = {
    ...     "customer": ["ann", "bob", "cem"],
    ...     "time": [datetime(2026, 3, 5), datetime(2026, 3, 2), datetime(2026, 3, 9)],
    ...     "score": [2, 10, 7],
    ... }
    >>> attribution = journey.match(log).attribute(feedback, score="score", method="linear")
    >>> attribution
    Attribution(3 voices, 33.3% unattributed, 1 of other customers, linear, horizon 60d)
    >>> attribution.weights().to_dict()["moment"]
    ['order', 'return', 'order', None]
    """

    def __init__(
        self, core: _core.Attribution, matches: Matches, like: Any, observed: Table | None, settings: dict[str, Any]
    ) -> None:
        self._core = core
        self._matches = matches
        self._like = like
        self._observed = observed
        self._settings = settings

    @property
    def matches(self) -> Matches:
        """The match whose occurrences the voices were attributed to."""
        return self._matches

    @property
    def feedback(self) -> Table:
        """The voices: the columns that were named, as they came, row by row."""
        return Table(self._core.feedback, self._like)

    @property
    def method(self) -> str:
        """How the voices were attributed."""
        return str(self._settings["method"])

    @property
    def scale(self) -> str:
        """What the scores are: ``"nps"``, ``"csat"`` or ``"mean"``."""
        return str(self._settings["scale"])

    @property
    def horizon(self) -> str:
        """How long after an occurrence a voice may still be about it."""
        return str(self._settings["horizon"])

    def __len__(self) -> int:
        return len(self._core)

    @property
    def unattributed(self) -> float:
        """Weight of all voices that is about no occurrence."""
        return self._core.unattributed

    @property
    def other_customers(self) -> int:
        """Voices of customers that the log does not have; they are unattributed."""
        return self._core.other_customers

    @property
    def unscored(self) -> int:
        """Voices without a score."""
        return self._core.unscored

    def weights(self, *, threads: int | None = None) -> Table:
        """Return what each voice is about, by voice and then in log order.

        Returns
        -------
        Table
            feedback (the voice's row, from 0), occurrence_id, moment, stage, weight, how. The weights of a voice sum to
            1. how: ``"named"`` (the voice names the moment), ``"key"`` (it carries the event's key), ``"model"`` (by
            the method alone), ``"unattributed"`` (about no occurrence; occurrence_id, moment and stage are null).
        """
        return self._table(self._core.weights(checked(threads)))

    def moments(self, interval: float = 0.9) -> Table:
        """Return what was said of each moment, one row a moment, in the journey's order.

        Parameters
        ----------
        interval
            Confidence of `low` and `high`.

        Returns
        -------
        Table
            moment, stage; voices: sum of weights; heard_share: voices per occurrence that some source could hear of (it
            exceeds 1 where an occurrence draws several voices), null if there was none; score, low, high, by the scale
            (NPS: adjusted Wald, see `nps`; satisfied share: Wilson; mean: Student), over the voices that have a score,
            with n = sum of their weights, null where no voice or interval is; score_reweighted, low_reweighted,
            high_reweighted: null without response groups; delay: weighted mean of seconds from occurrence to voice;
            inseparable_from: null, since these methods do not ask.
        """
        return self._table(self._core.moments(interval))

    def coverage(self, by: str = "moment") -> Table:
        """Return who was heard where: one row a place and source, silent ones too, in the journey's order.

        Then one row a source, with null stage and moment, for what is about no occurrence.

        Parameters
        ----------
        by
            What a place is: ``"moment"`` or ``"stage"``.

        Returns
        -------
        Table
            stage, moment (by moment only), source (null: voices that name none); voices: sum of weights; occurrences
            and customers of which the source could hear; speakers: customers with a weight above 0; score, as in
            `moments`; value: what all events of those customers come to while observed, each customer once;
            value_of_speakers likewise (both null for a log without values); silent: something happened and nobody
            spoke; scored: sum of the weights of voices with a score; silent_customers: those of the customers who did
            not speak of the place through the source; silent_value: what they come to. occurrences, customers, value,
            silent, silent_customers and silent_value are null in the last rows.

        Raises
        ------
        InvalidInput
            For another `by`.
        """
        return self._table(self._core.coverage(by))

    def _table(self, core: _core.Table) -> Table:
        return Table(core, self._like)

    def __reduce__(self) -> Any:
        return _again, (self._matches, self.feedback, self._observed, self._settings)

    def __repr__(self) -> str:
        n = len(self)
        share = f"{self.unattributed / n:.1%} unattributed" if n else "none unattributed"
        notes = f", {self.other_customers:,} of other customers" if self.other_customers else ""
        if self._core.rounded_times:
            notes += f", {self._core.rounded_times:,} times cut to the microsecond"
        return f"Attribution({n:,} voice{'' if n == 1 else 's'}, {share}{notes}, {self.method}, horizon {self.horizon})"

    def _repr_html_(self) -> str:
        return self.moments()._repr_html_()


def attribute(
    matches: Matches, feedback: Any, observed: Any, settings: dict[str, Any], *, threads: int | None = None
) -> Attribution:
    """Attribute voices as `Matches.attribute` does.

    Parameters
    ----------
    matches, feedback, observed, threads
        As there.
    settings
        Its other arguments, by name.

    Raises
    ------
    InvalidInput
        As there.
    """
    if settings["method"] == "declustering":
        raise InvalidInput(
            "method: found 'declustering', a model that is not there yet, "
            f"expected one of {', '.join(repr(word) for word in BASELINES)}"
        )
    arguments = _core.AttributeArguments()
    for name, value in settings.items():
        setattr(arguments, name, value)
    windows = None if observed is None else Table(_core.read_table(as_arrow(observed, "observed"), "observed"))
    core = _core.attribute(matches._core, as_arrow(feedback, "feedback"), arguments, windows, checked(threads))
    return Attribution(core, matches, feedback, windows, settings)


def _again(matches: Matches, feedback: Table, observed: Table | None, settings: dict[str, Any]) -> Attribution:
    again = attribute(matches, feedback, observed, settings)
    again._like = feedback._like
    return again
