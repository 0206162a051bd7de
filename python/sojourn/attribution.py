"""Attribution: which moment each voice speaks of, and who was heard where."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sojourn import _core, score_comparison, surges
from sojourn._threads import checked
from sojourn.calibration import Calibration, link_calibration
from sojourn.declustering import DeclusteringModel
from sojourn.drivers import drivers
from sojourn.graph import _check_whole
from sojourn.score_change import ScoreChange, voices_change
from sojourn.table import Table, as_arrow

if TYPE_CHECKING:
    from sojourn.listening_picture import ListeningPicture
    from sojourn.matches import Matches


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
        self,
        core: _core.Attribution,
        matches: Matches,
        like: Any,
        tables: dict[str, Table | None],
        settings: dict[str, Any],
    ) -> None:
        self._core = core
        self._matches = matches
        self._like = like
        self._tables = tables
        self._settings = settings
        self._refits: dict[int, _core.Refits] = {}

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

    @property
    def model(self) -> DeclusteringModel:
        """The model by which voices were attributed.

        Raises
        ------
        InvalidInput
            For a rule of thumb, which has none.
        """
        return DeclusteringModel(self._core, self._like)

    def moments(
        self, interval: float = 0.9, selection: float = 2.0, draws: int = 200, *, threads: int | None = None
    ) -> Table:
        """Return what was said of each moment, one row a moment, in the journey's order.

        Parameters
        ----------
        interval
            Confidence of all intervals.
        selection
            How many times as readily, or as rarely, those who would have said the worst (detractors, the unsatisfied,
            scores below the mean) may have answered as the others of their group: a ratio of rates, at least 1.
        draws
            How often the model is fitted again, for `low` and `high`: under the Bayesian bootstrap of customers, each
            time from a start of its own. Kept: asking again costs nothing. Of no meaning to rules of thumb.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            moment, stage; voices: sum of weights; voices_low, voices_high: of the number to be expected of these
            occurrences (the model only); heard_share: voices per occurrence that some source could hear of (it exceeds
            1 where an occurrence draws several voices), null if there was none; score, low, high, by the scale over the
            voices that have a score, counted by weight, null where no voice or interval is (by the model, quantiles of
            its refits; by a rule of thumb, NPS: adjusted Wald, see `nps`; satisfied share: Wilson; mean: Student, none
            of which knows how unsure the attribution is); score_reweighted, low_reweighted, high_reweighted: the score
            of all customers who met the moment, each response group counting for as many as met it
            (post-stratification, Holt & Smith 1979), its interval by sampling alone; uncovered: share of them in groups
            without a scored voice, for whom it does not speak (all four null without response groups); bound_low,
            bound_high: what score_reweighted (without groups: score) would be at either end of `selection`, in every
            group alike (marginal sensitivity model: Tan 2006, after Rosenbaum; `selection` without end gives Manski's
            bounds). They bound the score for unequal answering within groups, not for chance, nor for `uncovered`.
            delay: weighted mean of seconds from occurrence to voice; inseparable_from: moments whose voices cannot be
            told from this one's (see `inseparable`), null if there are none, and for rules of thumb, which do not ask.
        """
        table = self._core.moments(interval, selection)
        if self.method == "declustering":
            table = self._refit(draws, threads).moments(table, self._core, interval)
        return self._table(table)

    def inseparable(self, interval: float = 0.9, draws: int = 200, *, threads: int | None = None) -> Table:
        """Return pairs of moments of which the model cannot tell which one voices are about, with their sum.

        When two moments always come together, each fit shares their voices another way: the sum of the two is then
        less than half as uncertain as either.

        Parameters
        ----------
        interval, draws, threads
            As in `moments`.

        Returns
        -------
        Table
            moment, other; voices_low, voices_high: of the voices about the one or the other.

        Raises
        ------
        InvalidInput
            For a rule of thumb.
        """
        return self._table(self._refit(draws, threads).inseparable(self._core, interval))

    def calibration(self, bins: int = 20) -> Calibration:
        """Hold the attribution against the links of the voices, as if it had not been shown them.

        For any data in which some voices carry a key or name their moment. A linked voice's weights over all
        occurrences within the horizon, given that it carries a link, are summed over those with the same key (or of the
        moment named); true is what the link says. It does not say how well voices about nothing are recognised: where
        the truth is known, see `sojourn.calibration`.

        Parameters
        ----------
        bins
            Number of bins of equal counts.

        Raises
        ------
        InvalidInput
            When no voice is linked to anything within the horizon.
        """
        return link_calibration(self, bins)

    def _refit(self, draws: int, threads: int | None) -> _core.Refits:
        _check_whole("draws", draws, 2)
        _check_whole("seed", self._settings["seed"], 0)
        if draws not in self._refits:
            self._refits[draws] = _core.refit(self._core, draws, self._settings["seed"], checked(threads))
        return self._refits[draws]

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
            and customers of which the source could hear; speakers: customers of whose voices half a voice or more is
            about it; score, as in `moments`; value: what all events of those customers come to while observed, each
            customer once; value_of_speakers likewise (both null for a log without values); silent: something happened,
            and less than half a voice is about it; scored: sum of the weights of voices with a score; silent_customers:
            those of the customers who did not speak of the place through the source; silent_value: what they come to.
            occurrences, customers, value, silent, silent_customers and silent_value are null in the last rows.

        Raises
        ------
        InvalidInput
            For another `by`.
        """
        return self._table(self._core.coverage(by))

    def drivers(
        self,
        outcome: str = "score",
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        *,
        by: str = "moment",
        keep: Sequence[str] | None = None,
        within: str = "90d",
        threads: int | None = None,
    ) -> Table:
        """Return which moments share in what explains the score, or who reaches an outcome.

        A linear regression with a row a voice: its columns are how much of the voice is about each moment, y is what
        its score counts for (NPS: -1, 0, 1; satisfied: 0, 1; mean: the score), or 1 where its customer reached the
        outcome after it, within `within`, else 0. What a voice has about no moment is the baseline.

        Parameters
        ----------
        outcome
            ``"score"``, or the id of one of the journey's outcomes: whether it ended the customer's journey. Voices
            are left out, and counted, where that is not known: of other customers; outside the customer's observation,
            or at or after the end of the customer's journey; where the log is observed for less than `within` after
            the voice; where the customer is, and no outcome came first.
        interval, draws, seed
            Confidence of `low` and `high`: Bayesian bootstrap over customers. Random numbers are a function of seed,
            draw and customer.
        by
            ``"moment"``, or ``"stage"``: a column a stage.
        keep
            Ids of the moments (stages) to use as columns; what is about others joins the baseline. None: all; at most
            20 of them with a voice.
        within
            Of an outcome: a span, ``"90d"``.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            moment (or stage), in the journey's order; share: the LMG share of R² (see `lmg`), low, high; sign: of the
            correlation with the outcome (-1, 0, 1); n: voices with any weight there, where it is 0 all before is null;
            r2, the sum of the shares; voices: rows of the regression; left_out: voices without a score, or whose
            outcome is not known; evidence: ``"associational"``: the shares describe who spoke of what, they do not say
            what would change if a moment did. Shares are never negative: chance alone gives a moment some.

        Raises
        ------
        InvalidInput
            For no voice to use, y without variation, more than 20 moments with a voice, an unknown outcome, moment or
            `by`, a confidence outside (0, 1), draws below 1 or a seed outside 0 … 2⁶⁴ − 1.
        """
        return drivers(self, outcome, interval, draws, seed, by=by, keep=keep, within=within, threads=threads)

    def score_change(
        self,
        at: date | datetime | str,
        by: str | Sequence[str] = "moment",
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> ScoreChange:
        """Return how much of the score's change at an instant is of who spoke, and how much of what they said.

        `score_change` of the voices before and after it. A voice is in the group of each moment that it is about, with
        its weight there; what is about no occurrence is a group of its own (null).

        Parameters
        ----------
        at
            A date (its midnight in the log's zone), datetime or ISO string; a voice at this instant is after it.
        by
            What the groups are: ``"moment"``, ``"stage"``, ``"source"``, or several of them.
        interval, draws, seed
            Confidence of `low` and `high`: Bayesian bootstrap over customers.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        ScoreChange
            Its groups have a column for each of `by`.

        Raises
        ------
        InvalidInput
            For another kind of time or `by`, no scored voice before or after it, and as `score_change`.
        """
        return voices_change(self, at, by, interval, draws, seed, threads)

    def plot(self, *, who: str = "customers", unit: str | None = None) -> ListeningPicture:
        """Return who is heard where, stage by source: a picture that shows itself in a notebook.

        It saves as HTML, SVG or PNG (`save`), and has its cells as rows (`data`).

        Parameters
        ----------
        who, unit
            The plural of what is counted; what stands before an amount, such as ``"$"``.
        """
        from sojourn.listening_picture import ListeningPicture, from_attribution

        return ListeningPicture(from_attribution(self, who=who, unit=unit))

    def scores(
        self,
        by: str = "moment",
        apart: str | None = None,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> Table:
        """Return scores and how they scatter, by what voices are about or where they come from.

        Parameters
        ----------
        by
            ``"moment"``, ``"stage"``, ``"topic"`` or ``"source"``.
        apart
            Tell each apart by ``"solicited"`` (asked for, volunteered, not said), ``"source"`` or ``"group"``.
        interval
            Confidence of `low` and `high`, `spread_low` and `spread_high`.
        draws, seed
            Of the Bayesian bootstrap over customers that gives `spread_low` and `spread_high`.

        Returns
        -------
        Table
            A row for each that there is, silent ones too: moments and stages in the journey's order, words by code
            point, last and with null the voices that are about none or name none; apart likewise. The column or columns
            that tell rows apart (a moment's stage too); voices: sum of weights; n: of those with a score; score, low,
            high as in `moments`, raw; mean and spread (standard deviation) of the answers on their own scale,
            spread_low, spread_high: null for n of at most 1, or fewer than two customers; promoters, passives,
            detractors: shares, null unless the scale is ``"nps"``.

        Raises
        ------
        InvalidInput
            For other words; for a topic, solicited or group that `attribute` was not told of.
        """
        given = score_comparison.arguments(
            self._settings, by=by, apart=apart, interval=interval, draws=draws, seed=seed
        )
        return self._table(_core.scores(self._core, given, checked(threads)))

    def compare_scores(
        self,
        a: str,
        b: str,
        by: str = "moment",
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> score_comparison.ScoreComparison:
        """Compare the answers about two moments: does the mean differ, and does the spread.

        Parameters
        ----------
        a, b
            Two moments, or stages, topics or sources.
        by, interval, draws, seed
            As in `scores`. Each interval holds by itself; both come from the same draws.

        Returns
        -------
        ScoreComparison
            With a `verdict` in words, b against a, such as ``"same mean, wider spread"``.

        Raises
        ------
        InvalidInput
            For one that is not there, the same twice, or scored by fewer than two customers.
        """
        given = score_comparison.arguments(self._settings, by=by, interval=interval, draws=draws, seed=seed)
        return score_comparison.compare(self._core, a, b, given, threads)

    def trend(self, every: str = "1 week", by: Sequence[str] = ("moment",), interval: float = 0.9) -> Table:
        """Return the voices in time: a row a group and period, silent periods too.

        Parameters
        ----------
        every
            Length of a period. Months and years begin on their first day, weeks on Mondays, days at midnight, in the
            log's zone; parts of a day are counted from 1970, UTC.
        by
            Groups: some of ``"moment"``, ``"stage"``, ``"topic"``, ``"source"``, or none of them.
        interval
            Confidence of `low` and `high`.

        Returns
        -------
        Table
            period: its beginning, written as the feedback's times are; the groups, null for what is about no moment or
            names no topic or source; voices: sum of weights; score, low, high: as in `moments`; occurrences: of the
            group's moment or stage in the period (without either: of all), null for what is about none; complete:
            whether the whole period was listened to: within `observed`, or between the first and the last voice. By
            moments or stages alone every one of them is there; else the groups that were heard.

        Raises
        ------
        InvalidInput
            For unknown groups, topics asked for and not there, parts of a day where times are dates, a confidence not
            between 0 and 1, more than 100,000 periods.
        """
        return surges.trend(self, every, by, interval)

    def surges(
        self,
        every: str = "1 day",
        by: Sequence[str] = ("moment", "topic"),
        false_alarms: float = 1.0,
        baseline: str = "8 weeks",
        *,
        until: date | datetime | str | None = None,
        threads: int | None = None,
    ) -> Table:
        """Return the groups of voices that rose above what they usually are, each as it could be known at the time.

        Parameters
        ----------
        every, by, false_alarms, baseline
            As in `SurgeWatch`, which takes voices as they come.
        until, threads
            As in `SurgeWatch.update`.

        Returns
        -------
        Table
            See `SurgeWatch.surges`.
        """
        return surges.SurgeWatch(every, by, false_alarms, baseline).update(self, until, threads=threads)

    def plot_trend(self, moment: str | None = None, every: str = "1 week", *, false_alarms: float = 1.0) -> Any:
        """Return a chart of a moment's voices in time, with its surges marked; altair.

        Parameters
        ----------
        moment
            Id of a moment; None: what is about no moment.
        every
            Length of a period. Surges are looked for in days where periods are longer.
        false_alarms
            A year, of all moments together.

        Raises
        ------
        InvalidInput
            For a moment that the journey does not have, and as in `trend`.
        """
        from sojourn._trend_chart import trend_chart

        return trend_chart(self, moment, every, false_alarms)

    def convergence(
        self, by: str = "stage", permutations: int = 2000, seed: int = 0, *, threads: int | None = None
    ) -> Table:
        """Return whether sources tell the same of a place: two scores at a time, under permutation.

        The null: at the place, through which of the two sources a customer's voices came says nothing of the score.
        Whole customers are permuted, since voices of one customer are not independent: what a customer said of the
        place through one source stays together. Customers heard there through one of the two exchange sources, as many
        staying with each; of a customer heard through both, what came through the one and what came through the other
        change places or not, by a fair coin. Weights are taken as they are: not how unsure the attribution is.

        Parameters
        ----------
        by
            What a place is: ``"stage"`` or ``"moment"``.
        permutations, seed
            How many random permutations. Random numbers are a function of seed, permutation and customer.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            stage, moment (by moment only), source_a, source_b (null: voices that name none): a row a place and pair;
            n_a, n_b: sum of the weights of voices with a score; score_a, score_b: their plain means (NPS without the
            three voices that `coverage` adds, which would part two equal sources of unequal size), null without one;
            difference = score_a - score_b; p_value: (1 + permutations with a difference as large, either way) /
            (1 + permutations) (Phipson & Smyth 2010); p_adjusted: by Holm (1979) over all rows, which cannot fall below
            their number / (1 + permutations): with many, ask for more. The last three are null where either has no
            score.

        Raises
        ------
        InvalidInput
            For another `by`, permutations below 1 or a seed outside 0 … 2⁶⁴ - 1.
        """
        _check_whole("permutations", permutations, 1)
        _check_whole("seed", seed, 0)
        return self._table(_core.convergence(self._core, by, permutations, seed, checked(threads)))

    def agreement(
        self, by: str = "stage", permutations: int = 2000, seed: int = 0, *, threads: int | None = None
    ) -> Table:
        """Return whether two sources rank the places alike: Spearman's correlation of their scores over places.

        The null: how one source scores a place says nothing of how the other does; the places are permuted. A place
        counts once, whatever it rests on: few places tell little.

        Parameters
        ----------
        by
            What a place is: ``"stage"`` or ``"moment"``.
        permutations, seed
            How many random permutations. Random numbers are a function of seed, permutation and place.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            source_a, source_b (null: voices that name none); stages (or moments): where both have a score;
            correlation of those scores (as in `convergence`; ties have mean ranks), null for under 3 of them or where
            one source scores all alike; p_value, two-sided, and p_adjusted, as in `convergence`.

        Raises
        ------
        InvalidInput
            As `convergence`.
        """
        _check_whole("permutations", permutations, 1)
        _check_whole("seed", seed, 0)
        return self._table(_core.agreement(self._core, by, permutations, seed, checked(threads)))

    def _table(self, core: _core.Table) -> Table:
        return Table(core, self._like)

    def __reduce__(self) -> Any:
        return _again, (self._matches, self.feedback, self._tables, self._settings)

    def __repr__(self) -> str:
        n = len(self)
        share = f"{self.unattributed / n:.1%} unattributed" if n else "none unattributed"
        notes = f", {self.other_customers:,} of other customers" if self.other_customers else ""
        if self._core.rounded_times:
            notes += f", {self._core.rounded_times:,} times cut to the microsecond"
        return f"Attribution({n:,} voice{'' if n == 1 else 's'}, {share}{notes}, {self.method}, horizon {self.horizon})"

    def _repr_html_(self) -> str:
        if self.method != "declustering":
            return self.moments()._repr_html_()
        shown = ("moment", "stage", "voices", "heard_share", "score", "delay")  # not what would have to be refitted
        columns = self._table(self._core.moments(0.9, 2.0)).to_dict()
        return Table.from_dict({name: columns[name] for name in shown})._repr_html_()


def attribute(
    matches: Matches, feedback: Any, tables: dict[str, Any], settings: dict[str, Any], *, threads: int | None = None
) -> Attribution:
    """Attribute voices as `Matches.attribute` does.

    Parameters
    ----------
    matches, feedback, threads
        As there.
    tables
        Its ``observed`` and ``response_groups``, by name.
    settings
        Its other arguments, by name.

    Raises
    ------
    InvalidInput
        As there.
    """
    arguments = _core.AttributeArguments()
    for name, value in settings.items():
        if name != "seed":
            setattr(arguments, name, value)
    beside = {
        name: None if table is None else Table(_core.read_table(as_arrow(table, name), name))
        for name, table in tables.items()
    }
    core = _core.attribute(
        matches._core,
        as_arrow(feedback, "feedback"),
        arguments,
        beside["observed"],
        beside["response_groups"],
        checked(threads),
    )
    return Attribution(core, matches, feedback, beside, settings)


def _again(matches: Matches, feedback: Table, tables: dict[str, Table | None], settings: dict[str, Any]) -> Attribution:
    again = attribute(matches, feedback, tables, settings)
    again._like = feedback._like
    return again
