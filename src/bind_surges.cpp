// sojourn._core: voices in time, and surges.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sojourn/stats/burst.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// series, period, expected, statistic, threshold, alarm of each period that is watched. @param counts by period, then series.
ResultTable detect_bursts(const std::vector<std::vector<std::uint64_t>>& counts, std::uint32_t length, std::uint32_t guard, std::uint32_t phases,
                          double false_alarms, std::optional<std::size_t> threads) {
  const Run run{threads.value_or(0)};
  const py::gil_scoped_release release;
  BurstPanel panel({length, guard, phases}, 0, false_alarms);
  Ints series, period;
  Reals expected, statistic, threshold;
  Bools alarm;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    if (t == 0) {
      panel.feed({});
      for (const std::uint64_t count : counts.front()) panel.add(count);
      continue;
    }
    const auto verdicts = panel.feed(counts[t], run);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      if (!verdicts[i]) continue;
      series.values.push_back(static_cast<std::int64_t>(i));
      period.values.push_back(static_cast<std::int64_t>(t));
      expected.values.push_back(verdicts[i]->expected);
      statistic.values.push_back(verdicts[i]->statistic);
      threshold.values.push_back(verdicts[i]->threshold);
      alarm.values.push_back(verdicts[i]->alarm ? 1 : 0);
    }
  }
  Table table;
  table.columns.push_back({"series", std::move(series)});
  table.columns.push_back({"period", std::move(period)});
  table.columns.push_back({"expected", std::move(expected)});
  table.columns.push_back({"statistic", std::move(statistic)});
  table.columns.push_back({"threshold", std::move(threshold)});
  table.columns.push_back({"alarm", std::move(alarm)});
  return result(std::move(table));
}

}  // namespace

void bind_surges(py::module_& m) {
  m.def("detect_bursts", &detect_bursts, py::arg("counts"), py::arg("length"), py::arg("guard"), py::arg("phases"), py::arg("false_alarms"),
        py::arg("threads"));
}

}  // namespace sojourn::python
