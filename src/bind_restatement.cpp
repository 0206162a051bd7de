// sojourn._core: what a ledger said on one day and says on a later one.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>

#include "sojourn/assets/restatement.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

using SharedReconciliation = std::shared_ptr<Reconciliation>;

/// Days count from 1970-01-01.
ResultTable restatement(const SharedReconciliation& report, std::int32_t earlier, std::int32_t later, const std::string& money,
                        std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "restating");
  const py::gil_scoped_release release;
  return result(restatement_table(*report, day_of(earlier), day_of(later), money_style(money), run));
}

ResultTable restated_records(const SharedReconciliation& report, const std::string& ledger, std::int32_t earlier, std::int32_t later,
                             const std::string& money, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "restating");
  const py::gil_scoped_release release;
  const Differences found = restate(*report, report->index_of(ledger), day_of(earlier), day_of(later), run);
  (void)proven_sums(found, run);
  return result(records_table(found, money_style(money), run));
}

}  // namespace

void bind_restatement(py::module_& m) {
  m.def("restatement", &restatement, py::arg("reconciliation"), py::arg("earlier"), py::arg("later"), py::arg("money"), py::arg("threads"));
  m.def("restated_records", &restated_records, py::arg("reconciliation"), py::arg("ledger"), py::arg("earlier"), py::arg("later"), py::arg("money"),
        py::arg("threads"));
}

}  // namespace sojourn::python
