// sojourn._core: the generated insurer's tables.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/datasets/insurer.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

datasets::Delay delay_of(const std::string& name) {
  if (name == "exponential") return datasets::Delay::exponential;
  if (name == "weibull") return datasets::Delay::weibull;
  if (name == "lognormal") return datasets::Delay::lognormal;
  refuse("insurer", "delay='" + name + "'", "'exponential', 'weibull' or 'lognormal'");
}

datasets::Truth moment_of(const std::string& name) {
  const auto found = std::ranges::find(datasets::truth_names, name);
  if (found != datasets::truth_names.end()) return static_cast<datasets::Truth>(found - datasets::truth_names.begin());
  const std::vector<std::string> names(datasets::truth_names.begin(), datasets::truth_names.end());
  refuse("insurer", "fault='" + name + "'" + did_you_mean(name, names), "one of " + listed(names));
}

/// The tables by name, and the days that bound the observation and begin the month to show (days since 1970).
py::tuple make_insurer(std::int64_t customers, std::uint64_t seed, int months, double background, double missing_topics, const std::string& delay,
                       double together, double match_errors, double response, const std::string& fault, double fault_size,
                       std::optional<std::size_t> threads) {
  datasets::InsurerParameters parameters{.customers = customers,
                                         .seed = seed,
                                         .months = months,
                                         .background = background,
                                         .missing_topics = missing_topics,
                                         .delay = delay_of(delay),
                                         .together = together,
                                         .match_errors = match_errors,
                                         .response = response,
                                         .fault = moment_of(fault),
                                         .fault_size = fault_size};
  const Run run = make_run(threads, "insurer");
  datasets::InsurerTables made = [&] {
    const py::gil_scoped_release release;
    return datasets::insurer(parameters, run);
  }();
  std::map<std::string, ResultTable> tables;
  const auto keep = [&](const char* name, Table& table) { tables.emplace(name, result(std::move(table))); };
  keep("events", made.events);
  keep("feedback", made.feedback);
  keep("crm", made.crm);
  keep("policy", made.policy);
  keep("billing", made.billing);
  keep("household", made.household);
  keep("observed", made.observed);
  keep("truth.voices", made.voices);
  keep("truth.crm", made.crm_why);
  keep("truth.policy", made.policy_why);
  keep("truth.billing", made.billing_why);
  keep("truth.exits", made.exits);
  keep("truth.faults", made.faults);
  keep("truth.cases", made.cases);
  return py::make_tuple(tables, day_number(made.start), day_number(made.end), day_number(made.month));
}

}  // namespace

void bind_datasets(py::module_& m) {
  m.def("insurer", &make_insurer, py::arg("customers"), py::arg("seed"), py::arg("months"), py::arg("background"), py::arg("missing_topics"),
        py::arg("delay"), py::arg("together"), py::arg("match_errors"), py::arg("response"), py::arg("fault"), py::arg("fault_size"),
        py::arg("threads"));
}

}  // namespace sojourn::python
