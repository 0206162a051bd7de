// sojourn._core: the bond with customers, their reasons for leaving, earned growth.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/bond_tables.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// The one of that name; all, where there is none.
ChosenLedgers choose(const Reconciliation& self, const std::optional<std::string>& ledger) {
  if (ledger) return {&self.of(*ledger)};
  ChosenLedgers all;
  for (const Reconciled& part : self.ledgers) all.push_back(&part);
  return all;
}

BondOptions bond_options(const ChosenLedgers& ledgers, const std::string& measure, double tolerance) {
  BondOptions options;
  if (measure == "records") options.measure = BondMeasure::records;
  else if (measure != "value") refuse("measure", "'" + measure + "'", "'value' or 'records'");
  const auto exact = Decimal::shortest(tolerance);
  constexpr int most_places = 9;
  if (!exact || tolerance < 0 || tolerance >= 1 || exact->scale > most_places)
    refuse("tolerance", std::to_string(tolerance), "a share of at least 0 and below 1 with at most 9 decimals, as 0.05");
  options.tolerance = *exact;
  for (const Reconciled* part : ledgers)
    if (options.measure == BondMeasure::value && !part->ledger->definition().value)
      refuse(part->ledger->name() + ": definition.value", "none, so that nobody's value can grow", "measure='records', or a ledger that has one");
  return options;
}

/// Number of the period that begins on a day.
std::size_t period_on(const Reconciliation& self, std::int32_t day) {
  const Periods& periods = self.periods;
  if (!periods.contains(day))
    refuse("period", to_string(day_of(day)),
           "the first day of a period from " + to_string(day_of(periods.start())) + " to before " + to_string(day_of(periods.end())));
  const std::size_t period = periods.of(day);
  if (periods.edge(period) != day)
    refuse("period", to_string(day_of(day)), "the first day of a period, as " + to_string(day_of(periods.edge(period))));
  return period;
}

/// Numbers of a ledger's reason columns. None asked for: all.
std::vector<std::size_t> reason_columns(const Ledger& ledger, const std::optional<std::vector<std::string>>& by) {
  std::vector<std::string> names;
  for (const auto& column : ledger.reasons()) names.push_back(column.name);
  std::vector<std::size_t> out;
  for (const std::string& name : by ? *by : names) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw InvalidInput(ledger.name() + ": found no reason column '" + name + "'" + did_you_mean(name, names) + ", expected " +
                         (names.empty() ? "Ledger(…, reasons=['" + name + "'])" : "one of " + listed(names)));
    const auto number = static_cast<std::size_t>(found - names.begin());
    if (std::find(out.begin(), out.end(), number) != out.end()) refuse("by", "'" + name + "' twice", "each column once");
    out.push_back(number);
  }
  return out;
}

/// Some ledger says how customers came, and every word for "earned" is among what they say.
void check_earned(const ChosenLedgers& ledgers, const std::vector<std::string>& earned) {
  std::vector<std::string> words;
  bool any = false;
  for (const Reconciled* part : ledgers) {
    any = any || part->ledger->definition().acquired.has_value();
    const Labels& acquired = part->ledger->acquired();
    for (std::uint32_t code = 1; code < acquired.size(); ++code)
      if (std::string word = label_text(acquired.values, code); std::find(words.begin(), words.end(), word) == words.end())
        words.push_back(std::move(word));
  }
  if (!any) refuse(ledgers.front()->ledger->name() + ": definition.acquired", "none", "the column that says how customers came");
  for (const std::string& word : earned)
    if (std::find(words.begin(), words.end(), word) == words.end())
      throw InvalidInput("earned: found no '" + word + "' among the values of acquired" + did_you_mean(word, words) + ", expected some of " +
                         listed(words));
}

}  // namespace

void bind_bond(py::module_& m) {
  using Shared = std::shared_ptr<Reconciliation>;
  m.def(
      "bond",
      [](const Shared& self, const std::optional<std::string>& ledger, const std::string& measure, double tolerance, const std::string& money,
         std::optional<std::size_t> threads) {
        const Run run = make_run(threads, "comparing openings and closings");
        const py::gil_scoped_release release;
        const ChosenLedgers ledgers = choose(*self, ledger);
        return result(bond_table(*self, ledgers, bond_options(ledgers, measure, tolerance), money_style(money), run));
      },
      py::arg("reconciliation"), py::arg("ledger"), py::arg("measure"), py::arg("tolerance"), py::arg("money"), py::arg("threads"));
  m.def(
      "bond_customers",
      [](const Shared& self, std::int32_t period, const std::optional<std::string>& ledger, const std::string& measure, double tolerance,
         const std::string& money, std::optional<std::size_t> threads) {
        const Run run = make_run(threads, "comparing openings and closings");
        const py::gil_scoped_release release;
        const ChosenLedgers ledgers = choose(*self, ledger);
        const BondOptions options = bond_options(ledgers, measure, tolerance);
        return result(bond_customers_table(*self, ledgers, period_on(*self, period), options, money_style(money), run));
      },
      py::arg("reconciliation"), py::arg("period"), py::arg("ledger"), py::arg("measure"), py::arg("tolerance"), py::arg("money"),
      py::arg("threads"));
  m.def(
      "leaving",
      [](const Shared& self, const std::optional<std::vector<std::string>>& by, const std::optional<std::string>& ledger, const std::string& money,
         std::optional<std::size_t> threads) {
        const Run run = make_run(threads, "reading reasons");
        const py::gil_scoped_release release;
        const ChosenLedgers ledgers = choose(*self, ledger);
        if (!by && std::all_of(ledgers.begin(), ledgers.end(), [](const Reconciled* part) { return part->ledger->reasons().empty(); }))
          refuse(ledgers.front()->ledger->name(), "no column with reasons", "Ledger(…, reasons=[…]), which names those to keep");
        std::vector<std::vector<std::size_t>> columns;
        for (const Reconciled* part : ledgers) columns.push_back(reason_columns(*part->ledger, by));
        return result(leaving_table(*self, ledgers, columns, money_style(money), run));
      },
      py::arg("reconciliation"), py::arg("by"), py::arg("ledger"), py::arg("money"), py::arg("threads"));
  m.def(
      "earned_growth",
      [](const Shared& self, const std::vector<std::string>& earned, std::int64_t over, const std::optional<std::string>& ledger,
         const std::string& money, std::optional<std::size_t> threads) {
        const Run run = make_run(threads, "following the opening's customers");
        const py::gil_scoped_release release;
        const ChosenLedgers ledgers = choose(*self, ledger);
        check_earned(ledgers, earned);
        const auto most = static_cast<std::int64_t>(self->periods.count());
        if (over < 1 || over > most) refuse("over", std::to_string(over), "1 to " + std::to_string(most) + ", the number of periods of the report");
        return result(earned_growth_table(*self, ledgers, earned, static_cast<std::size_t>(over), money_style(money), run));
      },
      py::arg("reconciliation"), py::arg("earned"), py::arg("over"), py::arg("ledger"), py::arg("money"), py::arg("threads"));
}

}  // namespace sojourn::python
