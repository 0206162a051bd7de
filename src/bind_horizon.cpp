// sojourn._core: where walks end within a horizon.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absorption_table.hpp"
#include "graphs.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/graph/absorption_horizon.hpp"

namespace sojourn::python {
namespace {

ResultTable horizon_table(const JourneyGraph& graph, const std::string& horizon, double interval, std::size_t draws, std::uint64_t seed,
                          std::optional<std::size_t> threads) {
  const Duration duration = Duration::parse(horizon, "horizon");
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "drawing absorption")};
  const py::gil_scoped_release release;
  return absorption_table(graph, absorption(graph, duration, options), "neither");
}

}  // namespace

void bind_horizon(py::module_& m) {
  m.def("absorption_horizon", &horizon_table, py::arg("graph"), py::arg("horizon"), py::arg("interval"), py::arg("draws"), py::arg("seed"),
        py::arg("threads"));
}

}  // namespace sojourn::python
