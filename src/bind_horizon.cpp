// sojourn._core: where walks end within a horizon.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "graphs.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/graph/absorption_horizon.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

ResultTable horizon_table(const JourneyGraph& graph, const std::string& horizon, double interval, std::size_t draws, std::uint64_t seed,
                          std::optional<std::size_t> threads) {
  const Duration duration = Duration::parse(horizon, "horizon");
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "drawing absorption")};
  const py::gil_scoped_release release;
  StringsBuilder node, outcome;
  Ints at_risk;
  OptionalReals probability, low, high, unknown;
  for (const HorizonRow& row : absorption(graph, duration, options)) {
    node.add(graph.vertex(row.vertex).id);
    outcome.add(row.ending == graph.numbers().observed() ? "neither" : graph.vertex(row.ending).id);
    at_risk.values.push_back(row.at_risk);
    probability.add(row.probability);
    low.add(row.low);
    high.add(row.high);
    unknown.add(row.unknown);
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"outcome", std::move(outcome).finish()});
  table.columns.push_back({"at_risk", std::move(at_risk)});
  table.columns.push_back(std::move(probability).column("probability"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back(std::move(unknown).column("unknown"));
  return result(std::move(table));
}

}  // namespace

void bind_horizon(py::module_& m) {
  m.def("absorption_horizon", &horizon_table, py::arg("graph"), py::arg("horizon"), py::arg("interval"), py::arg("draws"), py::arg("seed"),
        py::arg("threads"));
}

}  // namespace sojourn::python
