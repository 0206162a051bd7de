// sojourn._core: LMG shares of R², and the drivers of scores and outcomes.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/drivers.hpp"
#include "sojourn/stats/covariance.hpp"
#include "sojourn/stats/lmg.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// A one-dimensional buffer of doubles; nothing is copied.
struct DoubleBuffer {
  py::buffer_info info;

  DoubleBuffer(const py::buffer& given, const std::string& name) : info(given.request()) {
    if (info.ndim != 1 || !info.item_type_is_equivalent_to<double>()) refuse(name, "a buffer of other things", "a column of doubles");
  }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(info.shape[0]); }
  [[nodiscard]] NumberColumn column() const { return {static_cast<const double*>(info.ptr), info.strides[0] / info.itemsize}; }
};

/// A column's numbers as doubles. @throws InvalidInput with the row of a null; for columns of anything else.
std::vector<double> doubles(const arrow::Field& field) {
  const Column column = arrow::read_column(field);
  for (std::size_t i = 0; i < column.size(); ++i)
    if (column.is_null(i)) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a number");
  std::vector<double> out;
  if (const auto* reals = std::get_if<Reals>(&column.data)) return reals->values;
  if (const auto* integers = std::get_if<Ints>(&column.data)) out.assign(integers->values.begin(), integers->values.end());
  else if (const auto* flags = std::get_if<Bools>(&column.data)) out.assign(flags->values.begin(), flags->values.end());
  else if (const auto* decimals = std::get_if<Decimals>(&column.data))
    for (const Int128 unscaled : decimals->unscaled) out.push_back(static_cast<double>(unscaled) / std::pow(10.0, decimals->scale));
  else if (column.size() > 0) refuse(field.place(), column.kind(), "numbers");
  return out;
}

/// @param predictors a buffer of doubles each. Returns column, share, sign and R².
std::pair<ResultTable, double> lmg_of(const std::vector<NumberColumn>& predictors, const std::vector<std::string>& names, std::size_t rows,
                                      const DoubleBuffer& y, const std::optional<DoubleBuffer>& weights, const Run& run) {
  const py::gil_scoped_release release;
  if (predictors.empty() || predictors.size() > most_predictors)
    refuse("X", std::to_string(predictors.size()) + " columns", "1 to " + std::to_string(most_predictors) + " (all 2^p subsets are regressed)");
  if (y.size() != rows) refuse("y", std::to_string(y.size()) + " rows", std::to_string(rows) + ", as X has");
  if (weights && weights->size() != rows) refuse("weights", std::to_string(weights->size()), std::to_string(rows) + ", as X has rows");
  std::vector<NumberColumn> columns = predictors;
  columns.push_back(y.column());
  std::vector<std::string> called = names;
  called.emplace_back("y");
  const Covariance found = covariance(columns, called, rows, weights ? std::optional{weights->column()} : std::nullopt, run);
  Lmg shares = lmg(found.matrix, found.mean);
  Table table;
  table.columns.push_back({"column", strings(names)});
  table.columns.push_back({"share", Reals{std::move(shares.share)}});
  table.columns.push_back({"sign", Ints{{shares.sign.begin(), shares.sign.end()}}});
  return {result(std::move(table)), shares.r2};
}

std::pair<ResultTable, double> lmg_columns(const std::vector<py::buffer>& x, const std::vector<std::string>& names, const py::buffer& y,
                                           const std::optional<py::buffer>& weights, std::optional<std::size_t> threads) {
  std::vector<DoubleBuffer> buffers;
  std::vector<NumberColumn> columns;
  for (std::size_t j = 0; j < x.size(); ++j) {
    buffers.emplace_back(x[j], names.at(j));
    if (buffers.back().size() != buffers.front().size())
      refuse(names[j], std::to_string(buffers.back().size()) + " rows", std::to_string(buffers.front().size()) + ", as the first column has");
    columns.push_back(buffers.back().column());
  }
  const auto survey = weights ? std::optional<DoubleBuffer>(std::in_place, *weights, "weights") : std::nullopt;
  return lmg_of(columns, names, buffers.empty() ? 0 : buffers.front().size(), {y, "y"}, survey, make_run(threads, "summing products"));
}

std::pair<ResultTable, double> lmg_table(const py::object& x, std::optional<std::vector<std::string>> names, const py::buffer& y,
                                         const std::optional<py::buffer>& weights, std::optional<std::size_t> threads) {
  const auto table = import_table(x, "X");
  const std::vector<std::string> all = names ? *std::move(names) : table->columns();
  if (all.size() > most_predictors)
    refuse("X", std::to_string(all.size()) + " columns", "1 to " + std::to_string(most_predictors) + " (all 2^p subsets are regressed)");
  std::vector<std::vector<double>> cells;
  std::vector<NumberColumn> columns;
  for (const std::string& name : all) cells.push_back(doubles(table->field(name)));
  for (const auto& column : cells) columns.push_back({column.data()});
  const auto survey = weights ? std::optional<DoubleBuffer>(std::in_place, *weights, "weights") : std::nullopt;
  return lmg_of(columns, all, static_cast<std::size_t>(table->rows()), {y, "y"}, survey, make_run(threads, "summing products"));
}

ResultTable drivers_table(const Attribution& attribution, const std::string& outcome, const std::string& by,
                          const std::optional<std::vector<std::string>>& keep, const std::string& within, double interval, std::size_t draws,
                          std::uint64_t seed, std::optional<std::size_t> threads) {
  if (by != "moment" && by != "stage") refuse("by", "'" + by + "'", "'moment' or 'stage'");
  DriversOptions options;
  if (outcome != "score") options.outcome = outcome;
  options.within = Duration::parse(within, "within");
  options.by_stage = by == "stage";
  options.keep = keep;
  options.interval = interval;
  options.draws = draws;
  options.seed = seed;
  options.run = make_run(threads, "drawing drivers");
  const py::gil_scoped_release release;
  const Drivers found = drivers(attribution, options);
  StringsBuilder id, evidence;
  OptionalReals share, low, high;
  Ints sign, n;
  std::vector<std::uint8_t> unsaid;
  for (const Driver& row : found.rows) {
    id.add(row.id);
    share.add(row.share);
    sign.values.push_back(row.sign.value_or(0));
    unsaid.push_back(row.sign ? 0 : 1);
    low.add(row.low);
    high.add(row.high);
    n.values.push_back(row.n);
    evidence.add("associational");
  }
  const std::size_t rows = found.rows.size();
  Table table;
  table.columns.push_back({by, std::move(id).finish()});
  table.columns.push_back(std::move(share).column("share"));
  table.columns.push_back({"sign", std::move(sign), std::move(unsaid)});
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back({"n", std::move(n)});
  table.columns.push_back({"r2", Reals{std::vector<double>(rows, found.r2)}});
  table.columns.push_back({"voices", Ints{std::vector<std::int64_t>(rows, found.voices)}});
  table.columns.push_back({"left_out", Ints{std::vector<std::int64_t>(rows, found.left_out)}});
  table.columns.push_back({"evidence", std::move(evidence).finish()});
  return result(std::move(table));
}

}  // namespace

void bind_drivers(py::module_& m) {
  m.def("lmg_columns", &lmg_columns, py::arg("x"), py::arg("names"), py::arg("y"), py::arg("weights"), py::arg("threads"));
  m.def("lmg_table", &lmg_table, py::arg("x"), py::arg("names"), py::arg("y"), py::arg("weights"), py::arg("threads"));
  m.def("drivers", &drivers_table, py::arg("attribution"), py::arg("outcome"), py::arg("by"), py::arg("keep"), py::arg("within"), py::arg("interval"),
        py::arg("draws"), py::arg("seed"), py::arg("threads"));
}

}  // namespace sojourn::python
