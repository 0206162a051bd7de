// What every binding shares: tables in and out, threads, and the watch that lets ctrl-C through.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/threads.hpp"

namespace py = pybind11;

namespace sojourn::python {

/// A result table as Python holds it: shared, immutable.
struct ResultTable {
  std::shared_ptr<const Table> table;
};

/// A column of numbers some of which are missing, filled row by row.
struct OptionalReals {
  Reals reals = {};
  std::vector<std::uint8_t> nulls = {};

  void add(const std::optional<double>& x) {
    reals.values.push_back(x.value_or(0.0));
    nulls.push_back(x ? 0 : 1);
  }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(reals), std::move(nulls)}; }
};

inline ResultTable result(Table&& table) { return {std::make_shared<const Table>(std::move(table))}; }

/// Drains an Arrow stream capsule (`source.__arrow_c_stream__()`). The GIL is held: producers may run Python.
inline std::shared_ptr<arrow::Imported> import_table(const py::object& source, const std::string& name) {
  const py::capsule capsule = source.attr("__arrow_c_stream__")();
  auto* stream = capsule.get_pointer<ArrowArrayStream>();
  return std::make_shared<arrow::Imported>(stream, name);
}

/// Threads as asked (None: all), and a watch that reports progress and raises KeyboardInterrupt on ctrl-C.
inline Run make_run(std::optional<std::size_t> threads, const char* verb) {
  return {threads.value_or(0), [verb](double share) {
            const py::gil_scoped_acquire gil;
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
            py::module_::import("sojourn._progress").attr("report")(verb, share);
          }};
}

}  // namespace sojourn::python
