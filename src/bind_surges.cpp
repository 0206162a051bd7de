// sojourn._core: voices in time, and surges.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <vector>

#include "sojourn/stats/burst.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// period, expected, statistic, threshold, alarm of each period that is watched; phases go round from 0.
ResultTable detect_bursts(const std::vector<std::uint64_t>& counts, std::uint32_t length, std::uint32_t guard, std::uint32_t phases, double allowance) {
  const py::gil_scoped_release release;
  BurstDetector detector({length, guard, phases});
  Ints period;
  Reals expected, statistic, threshold;
  Bools alarm;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    const auto verdict = detector.feed(counts[t], static_cast<std::uint32_t>(t % phases), allowance);
    if (!verdict) continue;
    period.values.push_back(static_cast<std::int64_t>(t));
    expected.values.push_back(verdict->expected);
    statistic.values.push_back(verdict->statistic);
    threshold.values.push_back(verdict->threshold);
    alarm.values.push_back(verdict->alarm ? 1 : 0);
  }
  Table table;
  table.columns.push_back({"period", std::move(period)});
  table.columns.push_back({"expected", std::move(expected)});
  table.columns.push_back({"statistic", std::move(statistic)});
  table.columns.push_back({"threshold", std::move(threshold)});
  table.columns.push_back({"alarm", std::move(alarm)});
  return result(std::move(table));
}

}  // namespace

void bind_surges(py::module_& m) {
  m.def("detect_bursts", &detect_bursts, py::arg("counts"), py::arg("length"), py::arg("guard"), py::arg("phases"), py::arg("allowance"));
}

}  // namespace sojourn::python
