// sojourn._core: logs, tables and graphs as bytes and back, for pickling.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "graphs.hpp"
#include "logs.hpp"
#include "sojourn/core/serialise.hpp"
#include "sojourn/events/serialise.hpp"
#include "sojourn/graph/serialise.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

template <class Value>
py::bytes bytes_of(const Value& value) {
  std::string bytes;
  {
    const py::gil_scoped_release release;
    bytes = serialise(value);
  }
  return bytes;
}

/// @param zone_of a function from a zone's name to its ZoneRules.
SharedLog log_from(const py::bytes& data, const py::function& zone_of) {
  const std::string_view bytes = data;
  const py::gil_scoped_release release;
  return std::make_shared<EventLog>(deserialise_log(bytes, [&](const std::string& name) {
    const py::gil_scoped_acquire gil;
    return zone_of(name).cast<ZoneRules>();
  }));
}

ResultTable table_from(const py::bytes& data) {
  const std::string_view bytes = data;
  const py::gil_scoped_release release;
  return result(deserialise_table(bytes));
}

SharedGraph graph_from(const py::bytes& data, std::optional<std::size_t> threads) {
  const std::string_view bytes = data;
  const Run run = make_run(threads, "counting moves");
  const py::gil_scoped_release release;
  return std::make_shared<JourneyGraph>(deserialise_graph(bytes, run));
}

}  // namespace

void bind_pickle(py::module_& m) {
  m.def("log_bytes", &bytes_of<EventLog>, py::arg("log"));
  m.def("table_bytes", [](const ResultTable& table) { return bytes_of(*table.table); }, py::arg("table"));
  m.def("graph_bytes", &bytes_of<JourneyGraph>, py::arg("graph"));
  m.def("log_from", &log_from, py::arg("data"), py::arg("zone_of"));
  m.def("table_from", &table_from, py::arg("data"));
  m.def("graph_from", &graph_from, py::arg("data"), py::arg("threads"));
}

}  // namespace sojourn::python
