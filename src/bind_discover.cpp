// sojourn._core: parts of logs, comparisons of graphs, hand-offs between owners, and what journeys are proposed from.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graphs.hpp"
#include "logs.hpp"
#include "sojourn/events/rhythm.hpp"
#include "sojourn/events/select.hpp"
#include "sojourn/events/side_tables.hpp"
#include "sojourn/graph/compare.hpp"
#include "sojourn/graph/hand_offs.hpp"
#include "sojourn/graph/reach.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// The log of the customers that a table lists; listing one twice changes nothing.
SharedLog select_customers(const SharedLog& log, const py::object& customers, const std::string& column) {
  const auto table = import_table(customers, "customers");
  const py::gil_scoped_release release;
  if (table->rows() == 0) refuse("customers", "none", "at least one customer of the log");
  const arrow::Field field = table->field(column);
  const ingest_detail::SideIds ids(field, log->ids().are_strings());
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto number = ids.find_in(log->ids(), i);
    if (!number)
      refuse(field.at(static_cast<std::int64_t>(i)),
             "customer " + (log->ids().are_strings() ? "'" + ids.string(i) + "'" : std::to_string(ids.integer(i))) + ", whom the log does not have",
             "a customer of the log");
    numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return std::make_shared<EventLog>(select(*log, numbers));
}

ResultTable comparison_table(const JourneyGraph& graph, const JourneyGraph& other, double interval, std::size_t draws, std::uint64_t seed,
                             std::optional<std::size_t> threads) {
  const AbsorptionOptions options{interval, draws, seed, make_run(threads, "comparing graphs")};
  const py::gil_scoped_release release;
  StringsBuilder source, target;
  Ints count, other_count, customers, other_customers;
  OptionalReals probability, other_probability, difference, low, high;
  for (const EdgeComparison& row : compare(graph, other, options)) {
    source.add(row.source);
    target.add(row.target);
    count.values.push_back(row.count);
    other_count.values.push_back(row.other_count);
    customers.values.push_back(row.customers);
    other_customers.values.push_back(row.other_customers);
    probability.add(row.probability);
    other_probability.add(row.other_probability);
    difference.add(row.difference);
    low.add(row.low);
    high.add(row.high);
  }
  Table table;
  table.columns.push_back({"source", std::move(source).finish()});
  table.columns.push_back({"target", std::move(target).finish()});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"other_count", std::move(other_count)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back({"other_customers", std::move(other_customers)});
  table.columns.push_back(std::move(probability).column("probability"));
  table.columns.push_back(std::move(other_probability).column("other_probability"));
  table.columns.push_back(std::move(difference).column("difference"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  return result(std::move(table));
}

ResultTable hand_offs_table(const JourneyGraph& graph) {
  const py::gil_scoped_release release;
  StringsBuilder source, target;
  Ints count, customers;
  for (const HandOff& row : hand_offs(graph.paths())) {
    source.add(row.source);
    target.add(row.target);
    count.values.push_back(row.count);
    customers.values.push_back(row.customers);
  }
  Table table;
  table.columns.push_back({"source_owner", std::move(source).finish()});
  table.columns.push_back({"target_owner", std::move(target).finish()});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"customers", std::move(customers)});
  return result(std::move(table));
}

/// rungs, round_numbers, silences, events (event, count, customers, at_least, again), follow_ups (x, y, after).
py::dict rhythm_of(const SharedLog& log, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "reading the log's rhythm");
  const Rhythm found = [&] {
    const py::gil_scoped_release release;
    return rhythm(*log, 40, run);
  }();
  const auto& names = log->event_names();
  py::list events, follow_ups;
  for (const EventRhythm& row : found.events) events.append(py::make_tuple(names[row.event], row.count, row.customers, row.at_least, row.again));
  for (const FollowUp& row : found.follow_ups) follow_ups.append(py::make_tuple(names[row.x], names[row.y], row.after));
  py::dict out;
  out["rungs"] = rungs;
  out["round_numbers"] = round_numbers;
  out["silences"] = found.silences;
  out["events"] = events;
  out["follow_ups"] = follow_ups;
  return out;
}

/// (node, visits, customers, ended, order) a node.
py::list reach_of(const JourneyGraph& graph) {
  py::list out;
  const std::vector<NodeReach> rows = reach(graph.paths());
  for (std::size_t n = 0; n < rows.size(); ++n)
    out.append(py::make_tuple(graph.paths().nodes[n].id, rows[n].visits, rows[n].customers, rows[n].ended, rows[n].order));
  return out;
}

}  // namespace

void bind_discover(py::module_& m) {
  m.def("select_customers", &select_customers, py::arg("log"), py::arg("customers"), py::arg("column"));
  m.def("compare", &comparison_table, py::arg("graph"), py::arg("other"), py::arg("interval"), py::arg("draws"), py::arg("seed"), py::arg("threads"));
  m.def("hand_offs", &hand_offs_table, py::arg("graph"));
  m.def("rhythm", &rhythm_of, py::arg("log"), py::arg("threads"));
  m.def("reach", &reach_of, py::arg("graph"));
}

}  // namespace sojourn::python
