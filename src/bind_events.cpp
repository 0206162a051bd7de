// sojourn._core: event logs, counts and transitions.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "logs.hpp"
#include "sojourn/events/append.hpp"
#include "sojourn/events/counts.hpp"
#include "sojourn/events/ingest.hpp"
#include "sojourn/events/transitions.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

ZoneRules zone_from(const std::string& name, const std::optional<py::bytes>& tzif) {
  if (!tzif) return ZoneRules::load(name);
  const std::string_view bytes = *tzif;
  return ZoneRules::parse(name, {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

/// What the Python class was given, in C++'s terms.
struct LogArguments {
  std::string customer, time, event;
  std::optional<std::string> value, key;
  std::vector<std::string> attributes;
  std::optional<ZoneRules> timezone;
  std::optional<std::vector<std::string>> ranking;
  std::optional<std::string> sequence;
  bool truncated = false;
};

SharedLog ingest_log(const py::object& events, const LogArguments& a, const py::object& observed, const py::object& prior_counts,
                     std::optional<std::size_t> threads) {
  const auto table = import_table(events, "events");
  const auto observed_table = observed.is_none() ? nullptr : import_table(observed, "observed");
  const auto prior_table = prior_counts.is_none() ? nullptr : import_table(prior_counts, "prior_counts");
  IngestOptions options;
  options.columns = {a.customer, a.time, a.event, a.value, a.key, a.attributes};
  if (a.ranking) options.ties = NameRanking{*a.ranking};
  else if (a.sequence) options.ties = SequenceColumn{*a.sequence};
  options.timezone = a.timezone;
  options.history = a.truncated ? History::truncated : History::complete;
  options.observed = observed_table.get();
  options.prior_counts = prior_table.get();
  options.run = make_run(threads, "reading events");
  const py::gil_scoped_release release;
  return std::make_shared<EventLog>(ingest(*table, options));
}

SharedLog append_log(const EventLog& log, const py::object& more, std::optional<std::size_t> threads) {
  const auto table = import_table(more, "more events");
  const Run run = make_run(threads, "reading events");
  const py::gil_scoped_release release;
  return std::make_shared<EventLog>(append(log, *table, run));
}

ResultTable counts_table(const EventLog& log, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "counting events");
  const py::gil_scoped_release release;
  Table table;
  StringsBuilder event;
  Ints count, customers;
  for (const EventCount& row : counts(log, run)) {
    event.add(log.event_names()[row.event]);
    count.values.push_back(row.count);
    customers.values.push_back(row.customers);
  }
  table.columns.push_back({"event", std::move(event).finish()});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"customers", std::move(customers)});
  return result(std::move(table));
}

ResultTable transitions_table(const EventLog& log, const std::vector<std::string>& columns, std::optional<std::size_t> threads) {
  const auto wants = [&](const char* name) { return std::find(columns.begin(), columns.end(), name) != columns.end(); };
  TransitionOptions options;
  options.customers = wants("customers");
  options.mean_gap = wants("mean_gap");
  options.median_gap = wants("median_gap");
  options.value = wants("value");
  options.run = make_run(threads, "counting transitions");
  const py::gil_scoped_release release;
  StringsBuilder source, target;
  Ints count, customers;
  OptionalReals mean_gap, median_gap, value;
  const auto name = [&](std::uint32_t code, const char* edge) {
    return code == Transition::none ? std::string_view{edge} : std::string_view{log.event_names()[code]};
  };
  for (const Transition& row : transitions(log, options)) {
    source.add(name(row.source, "START"));
    target.add(name(row.target, "END"));
    count.values.push_back(row.count);
    customers.values.push_back(row.customers);
    mean_gap.add(row.mean_gap);
    median_gap.add(row.median_gap);
    value.add(row.value);
  }
  Table table;
  table.columns.push_back({"source", std::move(source).finish()});
  table.columns.push_back({"target", std::move(target).finish()});
  if (wants("count")) table.columns.push_back({"count", std::move(count)});
  if (wants("customers")) table.columns.push_back({"customers", std::move(customers)});
  if (wants("mean_gap")) table.columns.push_back(std::move(mean_gap).column("mean_gap"));
  if (wants("median_gap")) table.columns.push_back(std::move(median_gap).column("median_gap"));
  if (wants("value")) table.columns.push_back(std::move(value).column("value"));
  return result(std::move(table));
}

}  // namespace

void bind_events(py::module_& m) {
  py::class_<ZoneRules>(m, "ZoneRules")
      .def(py::init(&zone_from), py::arg("name"), py::arg("tzif") = py::none())
      .def_property_readonly("name", &ZoneRules::name);

  py::class_<LogArguments>(m, "LogArguments")
      .def(py::init<>())
      .def_readwrite("customer", &LogArguments::customer)
      .def_readwrite("time", &LogArguments::time)
      .def_readwrite("event", &LogArguments::event)
      .def_readwrite("value", &LogArguments::value)
      .def_readwrite("key", &LogArguments::key)
      .def_readwrite("attributes", &LogArguments::attributes)
      .def_readwrite("timezone", &LogArguments::timezone)
      .def_readwrite("ranking", &LogArguments::ranking)
      .def_readwrite("sequence", &LogArguments::sequence)
      .def_readwrite("truncated", &LogArguments::truncated);

  py::class_<EventLog, SharedLog>(m, "EventLog")
      .def("__len__", &EventLog::size)
      .def_property_readonly("customers", &EventLog::customers)
      .def_property_readonly("event_names", &EventLog::event_names)
      .def_property_readonly("tied_share", &EventLog::tied_share)
      .def_property_readonly("truncated", [](const EventLog& log) { return log.history() == History::truncated; })
      .def_property_readonly("zone", [](const EventLog& log) { return log.zone().name(); })
      .def_property_readonly("written_zone", [](const EventLog& log) { return log.parts().written_zone; })
      .def_property_readonly("missing_values", [](const EventLog& log) { return log.parts().missing_values; })
      .def_property_readonly("rounded_times", [](const EventLog& log) { return log.parts().rounded_times; })
      .def_property_readonly("before_observation", [](const EventLog& log) { return log.parts().before_observation; })
      .def_property_readonly("prior_outside", [](const EventLog& log) { return log.parts().prior_outside; })
      .def("span",
           [](const EventLog& log) {
             Table table;
             table.columns.push_back(log.time_column("span", {micros(log.span().from), micros(log.span().to)}));
             return result(std::move(table));
           })
      .def(
          "to_utc", [](const EventLog& log, std::int64_t local) { return micros(log.zone().to_utc(LocalTime{Micros{local}})); }, py::arg("local"),
          "Microseconds of a wall clock in the log's zone as microseconds of UTC.")
      .def("append", &append_log, py::arg("more"), py::arg("threads"))
      .def("__eq__", [](const EventLog& a, const EventLog& b) { return a == b; })
      .def("counts", &counts_table, py::arg("threads"))
      .def("transitions", &transitions_table, py::arg("columns"), py::arg("threads"));

  m.def("ingest", &ingest_log, py::arg("events"), py::arg("arguments"), py::arg("observed"), py::arg("prior_counts"), py::arg("threads"));
}

}  // namespace sojourn::python
