"""The journey graph: how customers really move, and where their walks end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sojourn import _core
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.table import Table

if TYPE_CHECKING:
    from sojourn.journey_map import JourneyMap

_LARGEST_SEED = 2**64 - 1

Rows = Table | Iterable[Mapping[str, Any]]


class JourneyGraph:
    """Who came after what: moments (or stages, owners, events), the moves between them, where walks end. Immutable.

    Made by ``matches.graph()`` and ``log.graph()``. A customer's walk runs from ``START`` to the first outcome; a
    customer without an outcome ends in ``observed`` when the observation ends, never in an outcome. Counts are
    directly-follows counts; sums are exact, so that neither threads nor the order of rows change any figure.

    Parameters
    ----------
    core
        The compiled graph.
    like
        The table whose library ``Table.to_native()`` answers in.
    stages
        (id, name) of the lanes of a picture, from left to right; by default as the nodes name them.
    period, unmapped, kpis, history
        For the picture: the time covered, in words; events that no moment claims; a table as `Matches.kpis` gives it;
        whether customers were there before that time.
    """

    def __init__(
        self,
        core: _core.JourneyGraph,
        like: Any = None,
        *,
        stages: Sequence[tuple[str, str]] | None = None,
        period: str = "",
        unmapped: int = 0,
        kpis: Rows = (),
        history: bool = False,
    ) -> None:
        self._core = core
        self._like = like
        self._stages = stages
        self._period, self._unmapped, self._kpis, self._history = period, unmapped, kpis, history

    @property
    def customers(self) -> int:
        """Number of customers, those without any step included."""
        return self._core.customers

    @property
    def after_outcome(self) -> int:
        """Number of steps left out because they came after their customer's first outcome."""
        return self._core.after_outcome

    def nodes(self) -> Table:
        """Return what happened at each node: START, then the nodes in lane order, the outcomes, and observed.

        Returns
        -------
        Table
            node, name, stage, kind (``start``, ``moment``, ``outcome`` or ``observed``), visits, customers (distinct),
            mean_sojourn (seconds from a visit to the next step or to the outcome), value (sum of the steps' values,
            events before the observation adding none; null without values), censored (visits whose end was not
            observed: the last ones of customers still observed, which mean_sojourn leaves out).
        """
        return Table(self._core.nodes(), self._like)

    def edges(self) -> Table:
        """Return the moves: one row a (source, target) that occurs, by source and then target in the order of `nodes`.

        Returns
        -------
        Table
            source, target, count, customers (distinct), mean_gap (seconds; null from START and into observed), value
            (sum of the values of the steps arrived at; null into outcomes and observed), customers_value (sum over the
            distinct customers of all that each was worth while observed), probability (count / all moves from the
            source). Both values are null when the log has none.
        """
        return Table(self._core.edges(), self._like)

    def components(self) -> Table:
        """Return the sets of nodes within which customers come back to where they were (strongly connected components).

        Returns
        -------
        Table
            node, component (numbered from 0 in lane order), size. START, outcomes and observed are left out. Source:
            Tarjan 1972, through Boost.Graph.
        """
        return Table(self._core.components(), self._like)

    def exits(self) -> Table:
        """Return how walks end: the last two nodes before each outcome, most customers first.

        Where everyone leaves after one moment (a long silence), the one before it is what tells customers apart.

        Returns
        -------
        Table
            previous (``"START"``: the last node was the first), node, outcome, customers.
        """
        return Table(self._core.exits(), self._like)

    def absorption(
        self,
        horizon: str | None = None,
        *,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        threads: int | None = None,
    ) -> Table:
        """Return where walks end: within the window, or within a horizon from arrival at each node.

        Without a horizon, what was seen: the share of visits of each node that lead to each outcome, in the graph as
        an absorbing Markov chain in which ``observed`` absorbs too: B = (I − Q)⁻¹ R (Kemeny & Snell 1960). Customers
        still observed may reach an outcome later: it is no forecast.

        With one, what customers come to in that time, however long they were observed: a semi-Markov process whose
        stays are censored where the observation ended (Lagakos, Sommer & Zelen 1978; Gill 1980), its kernels
        estimated by Aalen-Johansen, its renewal equation solved on a grid to within 0.0005. It takes for granted that
        what follows a stay depends on the node alone, and that the end of observation says nothing of the customer.

        Parameters
        ----------
        horizon
            A duration such as ``"90d"`` or ``"1 year"``, counted from each arrival (so that a month is 730 hours, a
            year 365 days); None: within the window.
        interval
            Confidence of ``low`` and ``high``: a Bayesian bootstrap over customers (Rubin 1981); for shares of exactly
            0 or 1, which no bootstrap moves, Jeffreys' interval with n = at_risk, or with a horizon the customers
            followed to an outcome or to the horizon.
        draws, seed
            Bootstrap draws; random numbers are a function of seed, draw and customer.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            node (START and the nodes), outcome (the outcomes, then ``observed``), at_risk (customers who visited the
            node), probability, low, high; these three are null for a node without visits.

            With a horizon the last outcome is ``neither``: none by then. START is the customer's first step, and its
            at_risk leaves out customers without one. A further column, ``unknown``, is the share of customers at the
            node who come to stay at some node longer than anyone was observed to, within the horizon: what becomes of
            them the data cannot tell. Probabilities and unknown sum to 1; a probability may be greater by as much as
            unknown, and ``high`` takes that in.

        Raises
        ------
        InvalidInput
            For a horizon that is no duration above zero, a confidence outside (0, 1), draws below 1 or a seed outside
            0 … 2⁶⁴ − 1.
        """
        _check_whole("draws", draws, 1)
        _check_whole("seed", seed, 0)
        if horizon is None:
            return Table(self._core.absorption(interval, draws, seed, checked(threads)), self._like)
        if not isinstance(horizon, str):
            raise InvalidInput(f"horizon: found {horizon!r}, expected a duration such as '90d' or '1 year', or None")
        return Table(_core.absorption_horizon(self._core, horizon, interval, draws, seed, checked(threads)), self._like)

    def plot(
        self,
        value: bool = False,
        *,
        poster: bool = False,
        who: str = "customers",
        unit: str | None = None,
        voices: Iterable[Mapping[str, Any]] = (),
    ) -> JourneyMap:
        """Return the journey map, a picture that shows itself in a notebook and saves as HTML, SVG or PNG.

        Parameters
        ----------
        value
            Widths are the value of the customers that moved (``customers_value``), not their number.
        poster
            Show every moment, however many there are.
        who, unit
            The plural of what is counted; what stands before an amount, such as ``"$"``.
        voices
            Rows with moment, score (−100 to 100) and voices, for the cards: ``attribution.moments().rows()``.

        Raises
        ------
        InvalidInput
            With ``value=True`` when the log has no values.
        """
        from sojourn.journey_map import JourneyMap, from_tables

        data = from_tables(
            self.nodes().rows(),
            self.edges().rows(),
            stages=self._stages,
            who=who,
            period=self._period,
            unit=unit,
            customers=self.customers,
            after_outcome=self.after_outcome,
            unmapped=self._unmapped,
            kpis=_rows(self._kpis),
            voices=voices,
            history=self._history,
            endings=self.exits().rows(),
        )
        return JourneyMap(
            data, value=value, poster=poster, folded_customers=lambda nodes: self._core.visitors(list(nodes))
        )

    def __repr__(self) -> str:
        nodes = self.nodes().to_dict()
        ends = dict(zip(zip(nodes["kind"], nodes["node"], strict=True), nodes["customers"], strict=True))
        moments = sum(kind == "moment" for kind in nodes["kind"])
        outcomes = "".join(f"{count:,} {node}, " for (kind, node), count in ends.items() if kind == "outcome")
        return (
            f"JourneyGraph({self.customers:,} customers, {moments:,} nodes, {len(self.edges()):,} edges; "
            f"{outcomes}{ends['observed', 'observed']:,} still observed)"
        )

    def _repr_html_(self) -> str:
        return self.plot()._repr_html_()


def _check_whole(name: str, number: object, least: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= _LARGEST_SEED:
        raise InvalidInput(f"{name}: found {number!r}, expected a whole number of {least} or more, below 2**64")


def _rows(table: Rows) -> Iterable[Mapping[str, Any]]:
    return table.rows() if isinstance(table, Table) else table
