// sojourn._core: logs, matches and graphs of disjoint customers as one.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "graphs.hpp"
#include "logs.hpp"
#include "matches.hpp"
#include "sojourn/events/merge.hpp"
#include "sojourn/experience/merge_matches.hpp"
#include "sojourn/graph/merge_paths.hpp"
#include "sojourn/stats/wilson.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

SharedLog merge_logs(const EventLog& a, const EventLog& b) {
  const py::gil_scoped_release release;
  return std::make_shared<EventLog>(merge(a, b));
}

/// What graphs must have in common to be merged: the log's rules and, since a graph keeps no events to match again, limits that do not grow.
std::vector<LogRule> graph_rules(const EventLog& log) {
  std::vector<LogRule> out = rules(log);
  if (log.parts().observed.empty()) out.emplace_back("limits of its log", to_string(log.span().from) + " to " + to_string(log.span().to));
  return out;
}

SharedMatches merge_matches(const Matches& a, const Matches& b, const SharedLog& log, std::optional<std::size_t> threads) {
  const MatchOptions options{make_run(threads, "matching")};
  const py::gil_scoped_release release;
  return std::make_shared<Matches>(merge(a, b, log, options));
}

SharedGraph merge_graphs(const JourneyGraph& a, const JourneyGraph& b, bool of_events, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "counting moves");
  const py::gil_scoped_release release;
  if (!of_events) return std::make_shared<JourneyGraph>(merge(a, b, run));
  const Paths paths = merge(over_names_of_both(a.paths(), b.paths()), over_names_of_both(b.paths(), a.paths()));
  return std::make_shared<JourneyGraph>(std::make_shared<const Paths>(paths), run);
}

}  // namespace

void bind_merge(py::module_& m) {
  m.def("merge_logs", &merge_logs, py::arg("a"), py::arg("b"));
  m.def("merge_matches", &merge_matches, py::arg("a"), py::arg("b"), py::arg("log"), py::arg("threads"), "`log`: the two logs, merged.");
  m.def("graph_rules", &graph_rules, py::arg("log"), "What graphs must have in common to be merged, as (name, what it is).");
  m.def("check_one_journey", &check_one_journey, py::arg("a"), py::arg("b"), "Raises InvalidInput with the first difference.");
  m.def("merge_graphs", &merge_graphs, py::arg("a"), py::arg("b"), py::arg("of_events"), py::arg("threads"));
  m.def(
      "wilson_interval",
      [](double met, double due, double interval) {
        const Interval bounds = wilson_interval(met, due, interval);
        return std::pair{bounds.low, bounds.high};
      },
      py::arg("met"), py::arg("due"), py::arg("interval"));
}

}  // namespace sojourn::python
