"""The journey graph: how customers really move, and where their walks end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sojourn import _core, _pickles
from sojourn._core import InvalidInput
from sojourn._threads import checked
from sojourn.table import Table

if TYPE_CHECKING:
    from sojourn.journey import Journey
    from sojourn.journey_map import JourneyMap
    from sojourn.journey_map.model import By

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
    span, unmapped, kpis, history, by
        For the picture: the time covered; events that no moment claims; a table as `Matches.kpis` gives it; whether
        customers were there before that time; what the nodes are.
    journey, rules
        What `merge` asks of two graphs that it makes one: the journey matched (None: bare events), and what else must
        be the same.
    """

    def __init__(
        self,
        core: _core.JourneyGraph,
        like: Any = None,
        *,
        stages: Sequence[tuple[str, str]] | None = None,
        span: tuple[datetime, datetime] | None = None,
        unmapped: int = 0,
        kpis: Rows = (),
        history: bool = False,
        by: By = "event",
        journey: Journey | None = None,
        rules: Mapping[str, str] | None = None,
    ) -> None:
        self._core = core
        self._like = like
        self._stages = stages
        self._span, self._unmapped, self._kpis, self._history, self._by = span, unmapped, kpis, history, by
        self._journey, self._rules = journey, dict(rules or {})

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

    def hand_offs(self) -> Table:
        """Return the moves between moments of different owners: where a customer passes from one silo to the next.

        The owner of a moment is who is accountable for it, ``"nobody"`` where nobody is. Moves inside a silo are those
        that ``matches.graph(by="owner")`` shows as loops.

        Returns
        -------
        Table
            source_owner, target_owner, count, customers (distinct), most frequent first.

        Raises
        ------
        InvalidInput
            For a graph of anything but moments.
        """
        return Table(_core.hand_offs(self._core), self._like)

    def compare(
        self,
        other: JourneyGraph,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        *,
        threads: int | None = None,
    ) -> Table:
        """Return how the moves differ in another graph of the same journey: another segment, or another period.

        Parameters
        ----------
        other
            The graph to compare with: of ``matches.select(…)``, or of a log observed in another period.
        interval
            Confidence of ``low`` and ``high``: a Bayesian bootstrap over customers. Where a share is exactly 0 or 1,
            which no bootstrap moves, Jeffreys' interval (n: the customers who visited the source) is combined with
            the other share's (Newcombe 1998), as if the graphs had no customer in common.
        draws, seed
            Bootstrap draws; random numbers are a function of seed, draw and customer, the same in both graphs: segments
            are drawn independently, and a customer of both periods has one weight in both, which is what makes the
            difference of one person's two walks count as one.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            source, target, count, other_count, customers, other_customers, probability, other_probability (of the move
            from its source; null where nobody visited the source), difference (other_probability − probability), low,
            high. One row a move of either graph; the one that lacks it has 0 there.

        Raises
        ------
        InvalidInput
            For graphs with other outcomes or without a common node, a confidence outside (0, 1), draws below 1 or a
            seed outside 0 … 2⁶⁴ − 1.
        """
        if not isinstance(other, JourneyGraph):
            raise InvalidInput(f"other: found {type(other).__name__}, expected a JourneyGraph")
        _check_whole("draws", draws, 1)
        _check_whole("seed", seed, 0)
        return Table(_core.compare(self._core, other._core, interval, draws, seed, checked(threads)), self._like)

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
        Where customers' pasts matter it is off, and its interval does not know: of the applications in bpic2012, 19.1%
        come out as cancelled within 30 days where 13.4% were. Hold it against a count of those observed long enough.

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

    def removal_effects(
        self,
        outcome: str,
        *,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        threads: int | None = None,
    ) -> Table:
        """Return what share of an outcome's customers got there by way of each node, in the graph as a chain.

        The removal effect of a node k on the outcome o: 1 − P(o | k removed) / P(o) = P(k visited | o), where the
        visitors of a removed node end elsewhere (Anderl et al. 2016), for all nodes from one factorisation of I − Q
        instead of by simulation. A moment that everyone meets has effect 1 whatever it does: see ``lift``, and
        `ranking`. It speaks of the chain observed, not of what a change would do.

        Parameters
        ----------
        outcome
            Id of an outcome.
        interval
            Confidence of ``low`` and ``high``: a Bayesian bootstrap over customers (Rubin 1981); for effects of exactly
            0 or 1, which no bootstrap moves, Jeffreys' interval with n = the customers who reached the outcome.
        draws, seed
            Bootstrap draws; random numbers are a function of seed, draw and customer.
        threads
            Number of threads (None: all). The answer never depends on it.

        Returns
        -------
        Table
            node, customers (who visited it), effect, low, high, lift (P(o | k) / P(o)), credit (the customers who
            reached the outcome, shared in proportion to effects), evidence (``"associational"``). START is no row. All
            figures are null when nobody reached the outcome; lift is null for a node that nobody visited, whose
            effect is 0; credit is null when all effects are 0.

        Raises
        ------
        InvalidInput
            For an unknown outcome, a confidence outside (0, 1), draws below 1 or a seed outside 0 … 2⁶⁴ − 1.
        """
        _check_whole("draws", draws, 1)
        _check_whole("seed", seed, 0)
        return Table(_core.removal_effects(self._core, outcome, interval, draws, seed, checked(threads)), self._like)

    def ranking(
        self,
        outcome: str,
        cap: int = 15,
        *,
        interval: float = 0.9,
        draws: int = 1000,
        seed: int = 0,
        threads: int | None = None,
    ) -> Table:
        """Return the moments that matter most for an outcome: reach × excess × value at risk, best first.

        Score = reach × max(0, excess) × max(0, value at risk): what the outcome takes, beyond the usual, from those who
        met the moment; their number where the log has no values. Scores are associational, as removal effects are.

        Parameters
        ----------
        outcome
            Id of an outcome.
        cap
            The most rows: 1 to 20. All moments are ranked; ``ranked`` says how many, and ``tied`` how many share the
            row's rank, rows that were cut included.
        interval, draws, seed, threads
            As in `removal_effects`; reach, value and chain are drawn together, and ranked in every draw.

        Returns
        -------
        Table
            moment, reach (customers who visited it), excess (P(outcome | moment) − P(outcome); negative where the
            outcome is rarer than usual), value_at_risk (mean value of those customers, where known; null without
            values), score, low, high, rank (1 + number of moments with a greater score; equal scores share it, in lane
            order), rank_low, rank_high, tied, ranked.

        Raises
        ------
        InvalidInput
            For an unknown outcome, a cap outside 1 … 20, or as `removal_effects` does.
        """
        _check_whole("cap", cap, 1)
        _check_whole("draws", draws, 1)
        _check_whole("seed", seed, 0)
        return Table(_core.ranking(self._core, outcome, cap, interval, draws, seed, checked(threads)), self._like)

    def must_pass(self, outcome: str, *, interval: float = 0.9) -> Table:
        """Return what the outcome's customers passed on their way, counted from the customers: most of them first.

        A share of 1 does not make a node one that every way passes: see `dominators`.

        Parameters
        ----------
        outcome
            Id of an outcome.
        interval
            Confidence of ``low`` and ``high``, Jeffreys' interval for a proportion.

        Returns
        -------
        Table
            node, customers (of the outcome, who visited it), of (who reached the outcome), share, low, high; these
            three are null when nobody reached it.

        Raises
        ------
        InvalidInput
            For an unknown outcome, or a confidence outside (0, 1).
        """
        return Table(_core.must_pass(self._core, outcome, interval), self._like)

    def dominators(self, outcome: str) -> Table:
        """Return the nodes that every way through the graph from START to the outcome passes, in the order they come.

        It speaks of all ways that the observed moves would allow, taken whole by a customer or not. Where some came by
        A, M and others by M, A, all passed M (`must_pass`), yet the graph allows A alone. Source: Lengauer & Tarjan
        1979, through Boost.Graph.

        Returns
        -------
        Table
            node, place (1: the first after START), customers (who visited it). No rows when there is no such node, or
            nobody reached the outcome.

        Raises
        ------
        InvalidInput
            For an unknown outcome.
        """
        return Table(_core.dominators(self._core, outcome), self._like)

    def loops(self) -> Table:
        """Return the rounds that customers went: over two nodes or more and back to the first, most customers first.

        Each walk is taken apart by erasing its loops as they close (Lawler 1980), so that every move belongs to one
        round or to the loopless trail that is left. A node that follows itself is an edge, and no row here.

        Returns
        -------
        Table
            loop (``"a → b → a"``, from the first node in lane order), nodes, count (times gone round), customers
            (distinct), mean_time (seconds until back, smaller rounds within included).
        """
        return Table(_core.loops(self._core), self._like)

    def paths(self, to: str, k: int = 10) -> Table:
        """Return the k most probable ways from START that visit nothing twice, with the customers who went so exactly.

        Yen's algorithm (1971) over Dijkstra's on −log probability, through Boost.Graph. Where ``share`` and
        ``probability`` differ, customers' next move depends on more than their last one.

        Parameters
        ----------
        to
            Id of an outcome, a node or ``"observed"``.
        k
            The most rows: 1 to 1,000.

        Returns
        -------
        Table
            path (``"START → a → b"``), moves, probability (of the chain: the product of its moves' shares), customers
            (whose walk, up to its first visit of ``to``, is this path), share (customers / all customers).

        Raises
        ------
        InvalidInput
            For an unknown id, or k outside 1 … 1,000.
        """
        _check_whole("k", k, 1)
        return Table(_core.likely_paths(self._core, to, k), self._like)

    def min_cut(self, source: str, target: str) -> Table:
        """Return the moves with the fewest customers that part one vertex from another.

        Minimum cut with capacity = customers of the move; of several the one nearest the source. Moves from a node to
        itself have no part. Source: Goldberg & Tarjan 1988, through Boost.Graph.

        Parameters
        ----------
        source
            ``"START"`` or the id of a node.
        target
            Id of a node, an outcome or ``"observed"``.

        Returns
        -------
        Table
            source, target, customers, total (of all rows; who goes over two of the moves is counted twice). No rows
            when no way leads from source to target.

        Raises
        ------
        InvalidInput
            For an unknown id, or one id given twice.
        """
        return Table(_core.min_cut(self._core, source, target), self._like)

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

        part = self._journey if self._journey and self._journey.part_of else None
        data = from_tables(
            self.nodes().rows(),
            self.edges().rows(),
            stages=self._stages,
            who=who,
            period="" if self._span is None else f"{self._span[0]:%b %Y} – {self._span[1]:%b %Y}",
            unit=unit,
            customers=self.customers,
            after_outcome=self.after_outcome,
            unmapped=self._unmapped,
            kpis=_rows(self._kpis),
            voices=voices,
            history=self._history,
            endings=self.exits().rows(),
            by=self._by,
            part=(part.name or "") if part else "",
            part_of=(part.part_of or "") if part else "",
        )
        return JourneyMap(
            data, value=value, poster=poster, folded_customers=lambda nodes: self._core.visitors(list(nodes))
        )

    def __reduce__(self) -> Any:
        told = {
            "stages": self._stages,
            "span": self._span,
            "unmapped": self._unmapped,
            "kpis": self._kpis,
            "history": self._history,
            "by": self._by,
            "journey": self._journey,
            "rules": self._rules,
        }
        return _pickles.graph, (_core.graph_bytes(self._core), _pickles.library_of(self._like), told)

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
