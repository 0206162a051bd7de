// sojourn._core: definitions, ledgers and their reconciliation.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks_table.hpp"
#include "sojourn/assets/check.hpp"
#include "sojourn/assets/definition_json.hpp"
#include "sojourn/assets/fates.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/statement_table.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

using SharedLedger = std::shared_ptr<Ledger>;
using SharedReconciliation = std::shared_ptr<Reconciliation>;

Definition definition_from(const std::string& json) {
  const boost::json::value value = parse_json(json, "definition");
  return read_definition(JsonCursor(value, "definition"));
}

/// How units belong to groups, in C++'s terms.
struct GroupingArguments {
  std::optional<std::string> column;
  py::object crosswalk = py::none();
  std::optional<std::uint64_t> seed;  // none: the most probable graph
  std::uint64_t draw = 0;
  bool counts_groups = false;
  std::shared_ptr<arrow::Imported> records = {}, links = {};  // kept where links are uncertain: draws count what the point counted
};

SharedLedger make_ledger(std::string name, const py::object& records, const Definition& definition, GroupingArguments& grouping,
                         const std::vector<std::string>& reasons, std::optional<std::size_t> threads) {
  const auto table = grouping.records ? grouping.records : import_table(records, name);
  auto links = grouping.links;
  if (!links && !grouping.crosswalk.is_none()) links = import_table(grouping.crosswalk, name + ": crosswalk");
  Grouping by{grouping.column, links.get(), {}, grouping.counts_groups};
  if (grouping.seed) by.draw = LinkDraw{*grouping.seed, grouping.draw};
  const Run run = make_run(threads, "reading records");
  const py::gil_scoped_release release;
  auto ledger = std::make_shared<Ledger>(std::move(name), *table, definition, by, run, reasons);
  if (ledger->links() != nullptr && ledger->links()->uncertain > 0) grouping.records = table, grouping.links = links;
  return ledger;
}

/// What the Python function was given, in C++'s terms. Days count from 1970-01-01.
struct ReconcileArguments {
  SharedLedger standard;
  std::string periods;
  std::int32_t start = 0, end = 0;
  std::optional<ZoneRules> timezone;
  std::optional<std::int32_t> as_of, recorded;
  std::optional<std::string> reporting_currency;
};

SharedReconciliation run_reconcile(const std::vector<SharedLedger>& ledgers, const ReconcileArguments& a, const py::object& rates,
                                   std::optional<std::size_t> threads) {
  const auto rates_table = rates.is_none() ? nullptr : import_table(rates, "rates");
  ReconcileOptions options;
  options.standard = a.standard;
  options.periods = a.periods;
  options.start = day_of(a.start);
  options.end = day_of(a.end);
  options.timezone = a.timezone.value_or(ZoneRules{});
  if (a.as_of) options.as_of = day_of(*a.as_of);
  if (a.recorded) options.recorded = day_of(*a.recorded);
  if (a.reporting_currency) options.reporting_currency = Currency::of(*a.reporting_currency, "reporting_currency");
  options.run = make_run(threads, "reconciling");
  const py::gil_scoped_release release;
  if (rates_table) options.rates = Rates(*rates_table, options.timezone);
  return std::make_shared<Reconciliation>(reconcile({ledgers.begin(), ledgers.end()}, options));
}

ResultTable check_table(const Reconciliation& self, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "checking");
  const py::gil_scoped_release release;
  return result(checks_table(check(self, run)));
}

ResultTable fates_table(const Reconciliation& self, const std::string& ledger, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "judging records");
  const py::gil_scoped_release release;
  const Reconciled& part = self.of(ledger);
  const Buffer<Fates> all = fates(*part.ledger, part.records, run);
  Ints row;
  StringsBuilder start, end;
  for (std::size_t i = 0; i < all.size(); ++i) {
    row.values.push_back(static_cast<std::int64_t>(i));
    start.add(to_string(all[i].start, part.ledger->definition(), true));
    end.add(to_string(all[i].end, part.ledger->definition(), false));
  }
  Table table;
  table.columns.push_back({"row", std::move(row)});
  table.columns.push_back({"start", std::move(start).finish()});
  table.columns.push_back({"end", std::move(end).finish()});
  return result(std::move(table));
}

}  // namespace

void bind_assets(py::module_& m) {
  py::class_<Definition>(m, "Definition")
      .def(py::init(&definition_from), py::arg("json"))
      .def("to_json", [](const Definition& self) { return boost::json::serialize(write_definition(self)); })
      .def_property_readonly("version", [](const Definition& self) { return version(self); })
      .def("differences", [](const Definition& self, const Definition& other) { return differences(self, other); })
      .def("__eq__", [](const Definition& self, const Definition& other) { return self == other; });

  py::class_<GroupingArguments>(m, "GroupingArguments")
      .def(py::init<>())
      .def_readwrite("column", &GroupingArguments::column)
      .def_readwrite("crosswalk", &GroupingArguments::crosswalk)
      .def_readwrite("seed", &GroupingArguments::seed)
      .def_readwrite("draw", &GroupingArguments::draw)
      .def_readwrite("counts_groups", &GroupingArguments::counts_groups);

  py::class_<Ledger, SharedLedger>(m, "Ledger")
      .def(py::init(&make_ledger), py::arg("name"), py::arg("records"), py::arg("definition"), py::arg("grouping"), py::arg("reasons"),
           py::arg("threads"))
      .def_property_readonly("name", &Ledger::name)
      .def_property_readonly("customers", [](const Ledger& self) { return self.customers().size(); })
      .def_property_readonly("has_crosswalk", [](const Ledger& self) { return self.links() != nullptr && self.links()->of_crosswalk; })
      .def_property_readonly("uncertain_links", [](const Ledger& self) { return self.links() == nullptr ? 0 : self.links()->uncertain; })
      .def("__len__", &Ledger::rows);

  py::class_<ReconcileArguments>(m, "ReconcileArguments")
      .def(py::init<>())
      .def_readwrite("standard", &ReconcileArguments::standard)
      .def_readwrite("periods", &ReconcileArguments::periods)
      .def_readwrite("start", &ReconcileArguments::start)
      .def_readwrite("end", &ReconcileArguments::end)
      .def_readwrite("timezone", &ReconcileArguments::timezone)
      .def_readwrite("as_of", &ReconcileArguments::as_of)
      .def_readwrite("recorded", &ReconcileArguments::recorded)
      .def_readwrite("reporting_currency", &ReconcileArguments::reporting_currency);

  py::class_<Reconciliation, SharedReconciliation>(m, "Reconciliation")
      .def_property_readonly("ledgers",
                             [](const Reconciliation& self) {
                               std::vector<std::string> names;
                               for (const Reconciled& part : self.ledgers) names.push_back(part.ledger->name());
                               return names;
                             })
      .def_property_readonly("has_standard", [](const Reconciliation& self) { return self.has_standard; })
      .def(
          "statement", [](const Reconciliation& self, const std::string& money) { return result(statement_table(self, money_style(money))); },
          py::arg("money"))
      .def("check", &check_table, py::arg("threads"))
      .def("fates", &fates_table, py::arg("ledger"), py::arg("threads"));

  m.def("reconcile", &run_reconcile, py::arg("ledgers"), py::arg("arguments"), py::arg("rates"), py::arg("threads"));
}

}  // namespace sojourn::python
