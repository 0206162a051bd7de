// sojourn._core: why two ledgers differ.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checks_table.hpp"
#include "sojourn/assets/bridge.hpp"
#include "sojourn/assets/bridge_guards.hpp"
#include "sojourn/assets/components.hpp"
#include "sojourn/assets/difference_tables.hpp"
#include "sojourn/assets/same_records.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

using SharedReconciliation = std::shared_ptr<Reconciliation>;

std::vector<const Ledger*> ledgers_of(const Reconciliation& reconciliation) {
  std::vector<const Ledger*> out;
  for (const Reconciled& part : reconciliation.ledgers) out.push_back(part.ledger.get());
  return out;
}

std::shared_ptr<Linkage> run_link(const SharedReconciliation& reconciliation, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "linking units");
  const py::gil_scoped_release release;
  return std::make_shared<Linkage>(link(ledgers_of(*reconciliation), run));
}

/// The largest first; a null cut: more than one link holds every two parts together.
ResultTable components_table(const SharedReconciliation& reconciliation, const Linkage& linkage, std::size_t least) {
  const py::gil_scoped_release release;
  const std::vector<const Ledger*> ledgers = ledgers_of(*reconciliation);
  Ints units, groups, cut_off;
  StringsBuilder ledger, unit, cut_ledger, cut_unit, cut_group;
  std::vector<std::uint8_t> no_cut;
  for (const LargeGroup& group : large_groups(ledgers, linkage, least)) {
    units.values.push_back(static_cast<std::int64_t>(group.units));
    groups.values.push_back(static_cast<std::int64_t>(group.labels));
    ledger.add(ledgers[group.ledger]->name());
    unit.add(ids_of(*ledgers[group.ledger]).plain(group.unit));
    no_cut.push_back(!group.cut);
    const LargeGroup::Cut cut = group.cut.value_or(LargeGroup::Cut{});
    cut_ledger.add(ledgers[cut.ledger]->name());
    cut_unit.add(group.cut ? ids_of(*ledgers[cut.ledger]).plain(cut.unit) : std::string());
    cut_group.add(cut.label);
    cut_off.values.push_back(static_cast<std::int64_t>(cut.units));
  }
  Table table;
  table.columns.push_back({"units", std::move(units)});
  table.columns.push_back({"groups", std::move(groups)});
  table.columns.push_back({"ledger", std::move(ledger).finish()});
  table.columns.push_back({"unit", std::move(unit).finish()});
  table.columns.push_back({"cut_ledger", std::move(cut_ledger).finish(), no_cut});
  table.columns.push_back({"cut_unit", std::move(cut_unit).finish(), no_cut});
  table.columns.push_back({"cut_group", std::move(cut_group).finish(), no_cut});
  table.columns.push_back({"cut_off", std::move(cut_off), no_cut});
  return result(std::move(table));
}

/// @param linkage none: both ledgers were given the same table.
std::shared_ptr<Differences> run_bridge(const SharedReconciliation& reconciliation, const std::string& ledger, const std::string& standard,
                                        const Linkage* linkage, std::int32_t window, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "bridging ledgers");
  const py::gil_scoped_release release;
  const std::size_t ours = reconciliation->index_of(ledger), theirs = reconciliation->index_of(standard);
  if (linkage == nullptr) return std::make_shared<Differences>(bridge_definitions(reconciliation, ours, theirs, run));
  return std::make_shared<Differences>(bridge_records(reconciliation, ours, theirs, *linkage, window, run));
}

}  // namespace

void bind_bridge(py::module_& m) {
  py::class_<Linkage, std::shared_ptr<Linkage>>(m, "Linkage").def("__len__", &Linkage::size);
  m.def("components", &components_table, py::arg("reconciliation"), py::arg("linkage"), py::arg("least"));
  m.def("link", &run_link, py::arg("reconciliation"), py::arg("threads"));
  py::class_<Differences, std::shared_ptr<Differences>>(m, "Differences")
      .def(
          "bridge",
          [](const Differences& self, const std::string& money, std::optional<std::size_t> threads) {
            const Run run = make_run(threads, "adding up reasons");
            const py::gil_scoped_release release;
            return result(bridge_table(self, proven_sums(self, run), money_style(money)));
          },
          py::arg("money"), py::arg("threads"))
      .def(
          "check",
          [](const Differences& self, std::optional<std::size_t> threads) {
            const Run run = make_run(threads, "adding up reasons");
            const py::gil_scoped_release release;
            const auto [in, out] = check_shifts(self);
            return result(checks_table({check_sums(self, sum_differences(self, run)), check_suspects(self), in, out, check_unknown(self)}));
          },
          py::arg("threads"))
      .def(
          "records",
          [](const Differences& self, const std::string& money, std::optional<std::size_t> threads) {
            const Run run = make_run(threads, "listing records");
            const py::gil_scoped_release release;
            return result(records_table(self, money_style(money), run));
          },
          py::arg("money"), py::arg("threads"));
  m.def("whole_days", [](const std::string& text, const std::string& place) { return grace_days(text, place); }, py::arg("text"), py::arg("place"));
  m.def("bridge", &run_bridge, py::arg("reconciliation"), py::arg("ledger"), py::arg("standard"), py::arg("linkage"), py::arg("window"),
        py::arg("threads"));
}

}  // namespace sojourn::python
