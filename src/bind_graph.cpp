// sojourn._core: journey graphs and what is read off them. The verbs that make graphs live in upper rooms.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absorption_table.hpp"
#include "graphs.hpp"
#include "sojourn/graph/absorption.hpp"
#include "sojourn/graph/components.hpp"
#include "sojourn/graph/exits.hpp"
#include "sojourn/graph/visitors.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

ResultTable nodes_table(const JourneyGraph& graph) {
  const py::gil_scoped_release release;
  StringsBuilder node, name, stage, kind;
  std::vector<std::uint8_t> no_stage;
  Ints visits, customers, censored;
  OptionalReals mean_sojourn, value;
  for (std::size_t v = 0; v < graph.numbers().size(); ++v) {
    const JourneyVertex& vertex = graph.vertex(v);
    node.add(vertex.id);
    name.add(vertex.name);
    stage.add(vertex.stage);
    no_stage.push_back(vertex.stage.empty() ? 1 : 0);
    kind.add(to_string(vertex.kind));
    visits.values.push_back(vertex.visits);
    customers.values.push_back(vertex.customers);
    censored.values.push_back(vertex.censored);
    mean_sojourn.add(vertex.mean_sojourn);
    value.add(vertex.value);
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"name", std::move(name).finish()});
  table.columns.push_back({"stage", std::move(stage).finish(), std::move(no_stage)});
  table.columns.push_back({"kind", std::move(kind).finish()});
  table.columns.push_back({"visits", std::move(visits)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back(std::move(mean_sojourn).column("mean_sojourn"));
  table.columns.push_back(std::move(value).column("value"));
  table.columns.push_back({"censored", std::move(censored)});
  return result(std::move(table));
}

ResultTable edges_table(const JourneyGraph& graph) {
  const py::gil_scoped_release release;
  StringsBuilder source, target;
  Ints count, customers;
  OptionalReals mean_gap, value, customers_value;
  Reals probability;
  const auto& structure = graph.structure();
  for (auto [e, end] = boost::edges(structure); e != end; ++e) {
    const JourneyEdge& edge = structure[*e];
    source.add(graph.vertex(boost::source(*e, structure)).id);
    target.add(graph.vertex(boost::target(*e, structure)).id);
    count.values.push_back(edge.count);
    customers.values.push_back(edge.customers);
    mean_gap.add(edge.mean_gap);
    value.add(edge.value);
    customers_value.add(edge.customers_value);
    probability.values.push_back(edge.probability);
  }
  Table table;
  table.columns.push_back({"source", std::move(source).finish()});
  table.columns.push_back({"target", std::move(target).finish()});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back(std::move(mean_gap).column("mean_gap"));
  table.columns.push_back(std::move(value).column("value"));
  table.columns.push_back(std::move(customers_value).column("customers_value"));
  table.columns.push_back({"probability", std::move(probability)});
  return result(std::move(table));
}

ResultTable components_table(const JourneyGraph& graph) {
  const py::gil_scoped_release release;
  StringsBuilder node;
  Ints component, size;
  for (const ComponentRow& row : components(graph)) {
    node.add(graph.vertex(row.vertex).id);
    component.values.push_back(static_cast<std::int64_t>(row.component));
    size.values.push_back(static_cast<std::int64_t>(row.size));
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"component", std::move(component)});
  table.columns.push_back({"size", std::move(size)});
  return result(std::move(table));
}

ResultTable window_table(const JourneyGraph& graph, double interval, std::size_t draws, std::uint64_t seed, std::optional<std::size_t> threads) {
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "drawing absorption")};
  const py::gil_scoped_release release;
  return absorption_table(graph, absorption(graph, options), "observed");
}

std::int64_t visitors_of(const JourneyGraph& graph, const std::vector<std::string>& ids) {
  const py::gil_scoped_release release;
  std::vector<std::string> known;
  for (const PathNode& node : graph.paths().nodes) known.push_back(node.id);
  std::vector<std::uint32_t> numbers;
  for (const std::string& id : ids) {
    const auto found = std::find(known.begin(), known.end(), id);
    if (found == known.end()) refuse("nodes", "'" + id + "'" + did_you_mean(id, known), "one of " + listed(known));
    numbers.push_back(static_cast<std::uint32_t>(found - known.begin()));
  }
  return visitors(graph.paths(), numbers);
}

ResultTable exits_table(const JourneyGraph& graph) {
  const Paths& paths = graph.paths();
  StringsBuilder previous, node, outcome;
  Ints customers;
  for (const Exit& row : exits(paths)) {
    previous.add(row.previous == Exit::start ? "START" : paths.nodes[static_cast<std::size_t>(row.previous)].id);
    node.add(paths.nodes[row.node].id);
    outcome.add(paths.outcomes[static_cast<std::size_t>(row.outcome)]);
    customers.values.push_back(row.customers);
  }
  Table table;
  table.columns.push_back({"previous", std::move(previous).finish()});
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"outcome", std::move(outcome).finish()});
  table.columns.push_back({"customers", std::move(customers)});
  return result(std::move(table));
}

}  // namespace

void bind_graph(py::module_& m) {
  py::class_<Paths, std::shared_ptr<Paths>>(m, "Paths")
      .def("__len__", [](const Paths& self) { return self.steps.size(); })
      .def_property_readonly("customers", [](const Paths& self) { return self.ending.size(); })
      .def_readonly("after_outcome", &Paths::after_outcome);

  py::class_<JourneyGraph, SharedGraph>(m, "JourneyGraph")
      .def_property_readonly("customers", &JourneyGraph::customers)
      .def_property_readonly("after_outcome", [](const JourneyGraph& graph) { return graph.paths().after_outcome; })
      .def_property_readonly("has_value", [](const JourneyGraph& graph) { return graph.paths().has_value; })
      .def("nodes", &nodes_table)
      .def("edges", &edges_table)
      .def("components", &components_table)
      .def("exits", &exits_table)
      .def("absorption", &window_table, py::arg("interval"), py::arg("draws"), py::arg("seed"), py::arg("threads"))
      .def("visitors", &visitors_of, py::arg("nodes"), "Distinct customers who visited at least one of the nodes.");

  m.def(
      "graph",
      [](const std::shared_ptr<Paths>& paths, std::optional<std::size_t> threads) {
        const Run run = make_run(threads, "counting moves");
        const py::gil_scoped_release release;
        return std::make_shared<JourneyGraph>(paths, run);
      },
      py::arg("paths"), py::arg("threads"));
}

}  // namespace sojourn::python
