// sojourn._core: removal effects, the ranking of moments, and the structure of journey graphs.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graphs.hpp"
#include "sojourn/graph/dominators.hpp"
#include "sojourn/graph/likely_paths.hpp"
#include "sojourn/graph/loops.hpp"
#include "sojourn/graph/min_cut.hpp"
#include "sojourn/graph/must_pass.hpp"
#include "sojourn/graph/ranking.hpp"
#include "sojourn/graph/removal_effects.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

std::int64_t whole(std::size_t number) { return static_cast<std::int64_t>(number); }

/// "a → b → c"
std::string arrows(const JourneyGraph& graph, std::span<const std::size_t> vertices) {
  std::string out;
  for (const std::size_t v : vertices) out += (out.empty() ? "" : " → ") + graph.vertex(v).id;
  return out;
}

ResultTable removal_effects_table(const SharedGraph& graph, const std::string& outcome, double interval, std::size_t draws, std::uint64_t seed,
                                  std::optional<std::size_t> threads) {
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "drawing removal effects")};
  const py::gil_scoped_release release;
  StringsBuilder node, evidence;
  Ints customers;
  OptionalReals effect, low, high, lift, credit;
  for (const RemovalEffect& row : removal_effects(*graph, outcome, options)) {
    node.add(graph->vertex(row.vertex).id);
    customers.values.push_back(row.customers);
    effect.add(row.effect);
    low.add(row.low);
    high.add(row.high);
    lift.add(row.lift);
    credit.add(row.credit);
    evidence.add("associational");
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back(std::move(effect).column("effect"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back(std::move(lift).column("lift"));
  table.columns.push_back(std::move(credit).column("credit"));
  table.columns.push_back({"evidence", std::move(evidence).finish()});
  return result(std::move(table));
}

ResultTable ranking_table(const SharedGraph& graph, const std::string& outcome, std::size_t cap, double interval, std::size_t draws,
                          std::uint64_t seed, std::optional<std::size_t> threads) {
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "drawing ranks")};
  const py::gil_scoped_release release;
  const Ranking found = ranking(*graph, outcome, cap, options);
  StringsBuilder moment;
  Ints reach, rank, rank_low, rank_high, tied, ranked;
  OptionalReals excess, value_at_risk;
  Reals score, low, high;
  for (const RankedMoment& row : found.rows) {
    moment.add(graph->vertex(row.vertex).id);
    reach.values.push_back(row.reach);
    excess.add(row.excess);
    value_at_risk.add(row.value_at_risk);
    score.values.push_back(row.score);
    low.values.push_back(row.low);
    high.values.push_back(row.high);
    rank.values.push_back(whole(row.rank));
    rank_low.values.push_back(whole(row.rank_low));
    rank_high.values.push_back(whole(row.rank_high));
    tied.values.push_back(whole(row.tied));
    ranked.values.push_back(whole(found.ranked));
  }
  Table table;
  table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back({"reach", std::move(reach)});
  table.columns.push_back(std::move(excess).column("excess"));
  table.columns.push_back(std::move(value_at_risk).column("value_at_risk"));
  table.columns.push_back({"score", std::move(score)});
  table.columns.push_back({"low", std::move(low)});
  table.columns.push_back({"high", std::move(high)});
  table.columns.push_back({"rank", std::move(rank)});
  table.columns.push_back({"rank_low", std::move(rank_low)});
  table.columns.push_back({"rank_high", std::move(rank_high)});
  table.columns.push_back({"tied", std::move(tied)});
  table.columns.push_back({"ranked", std::move(ranked)});
  return result(std::move(table));
}

ResultTable must_pass_table(const SharedGraph& graph, const std::string& outcome, double interval) {
  const py::gil_scoped_release release;
  StringsBuilder node;
  Ints customers, of;
  OptionalReals share, low, high;
  for (const Passed& row : must_pass(*graph, outcome, interval)) {
    node.add(graph->vertex(row.vertex).id);
    customers.values.push_back(row.customers);
    of.values.push_back(row.of);
    share.add(row.share);
    low.add(row.low);
    high.add(row.high);
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back({"of", std::move(of)});
  table.columns.push_back(std::move(share).column("share"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  return result(std::move(table));
}

ResultTable dominators_table(const SharedGraph& graph, const std::string& outcome) {
  const py::gil_scoped_release release;
  StringsBuilder node;
  Ints place, customers;
  for (const std::size_t v : dominators(*graph, outcome)) {
    node.add(graph->vertex(v).id);
    place.values.push_back(whole(place.values.size() + 1));
    customers.values.push_back(graph->vertex(v).customers);
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"place", std::move(place)});
  table.columns.push_back({"customers", std::move(customers)});
  return result(std::move(table));
}

ResultTable loops_table(const SharedGraph& graph) {
  const py::gil_scoped_release release;
  StringsBuilder loop;
  Ints nodes, count, customers;
  Reals mean_time;
  for (Loop& row : loops(*graph)) {
    nodes.values.push_back(whole(row.vertices.size()));
    row.vertices.push_back(row.vertices.front());
    loop.add(arrows(*graph, row.vertices));
    count.values.push_back(row.count);
    customers.values.push_back(row.customers);
    mean_time.values.push_back(row.mean_time);
  }
  Table table;
  table.columns.push_back({"loop", std::move(loop).finish()});
  table.columns.push_back({"nodes", std::move(nodes)});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back({"mean_time", std::move(mean_time)});
  return result(std::move(table));
}

ResultTable likely_paths_table(const SharedGraph& graph, const std::string& to, std::size_t k) {
  const Run run = make_run(1, "finding paths");
  const py::gil_scoped_release release;
  StringsBuilder path;
  Ints moves, customers;
  Reals probability, share;
  for (const LikelyPath& row : likely_paths(*graph, to, k, run)) {
    path.add(arrows(*graph, row.vertices));
    moves.values.push_back(whole(row.vertices.size() - 1));
    probability.values.push_back(row.probability);
    customers.values.push_back(row.customers);
    share.values.push_back(static_cast<double>(row.customers) / static_cast<double>(graph->customers()));
  }
  Table table;
  table.columns.push_back({"path", std::move(path).finish()});
  table.columns.push_back({"moves", std::move(moves)});
  table.columns.push_back({"probability", std::move(probability)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

ResultTable min_cut_table(const SharedGraph& graph, const std::string& from, const std::string& to) {
  const py::gil_scoped_release release;
  const MinCut cut = min_cut(*graph, from, to);
  StringsBuilder source, target;
  Ints customers, total;
  for (const CutEdge& edge : cut.edges) {
    source.add(graph->vertex(edge.source).id);
    target.add(graph->vertex(edge.target).id);
    customers.values.push_back(edge.customers);
    total.values.push_back(cut.total);
  }
  Table table;
  table.columns.push_back({"source", std::move(source).finish()});
  table.columns.push_back({"target", std::move(target).finish()});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back({"total", std::move(total)});
  return result(std::move(table));
}

}  // namespace

void bind_effects(py::module_& m) {
  m.def("removal_effects", &removal_effects_table, py::arg("graph"), py::arg("outcome"), py::arg("interval"), py::arg("draws"), py::arg("seed"),
        py::arg("threads"));
  m.def("ranking", &ranking_table, py::arg("graph"), py::arg("outcome"), py::arg("cap"), py::arg("interval"), py::arg("draws"), py::arg("seed"),
        py::arg("threads"));
  m.def("must_pass", &must_pass_table, py::arg("graph"), py::arg("outcome"), py::arg("interval"));
  m.def("dominators", &dominators_table, py::arg("graph"), py::arg("outcome"));
  m.def("loops", &loops_table, py::arg("graph"));
  m.def("likely_paths", &likely_paths_table, py::arg("graph"), py::arg("to"), py::arg("k"));
  m.def("min_cut", &min_cut_table, py::arg("graph"), py::arg("source"), py::arg("target"));
}

}  // namespace sojourn::python
