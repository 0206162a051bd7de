// sojourn._core.Table: result tables out through Arrow; small tables built from Python lists.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>

#include "sojourn/arrow/export.hpp"
#include "sojourn/arrow/read.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

py::capsule stream_capsule(const ResultTable& self, const py::object& /*requested_schema*/) {
  auto* stream = new ArrowArrayStream{};
  arrow::export_stream(self.table, stream);
  return {stream, "arrow_array_stream", [](void* p) {
            auto* s = static_cast<ArrowArrayStream*>(p);
            if (s->release != nullptr) s->release(s);
            delete s;
          }};
}

/// One cell as a Python object: int, float, str, bool, datetime, date, Decimal or None.
py::object cell(const Column& column, std::size_t i) {
  if (column.is_null(i)) return py::none();
  struct ToPython {
    std::size_t i;
    py::object operator()(const Bools& d) const { return py::bool_(d.values[i] != 0); }
    py::object operator()(const Ints& d) const {
      if (d.format == 'L') return py::int_(static_cast<std::uint64_t>(d.values[i]));
      return py::int_(d.values[i]);
    }
    py::object operator()(const Reals& d) const { return py::float_(d.values[i]); }
    py::object operator()(const Strings& d) const { return py::str((*d.words)[d.codes[i]]); }
    py::object operator()(const Dates& d) const { return helper("date")(d.values[i]); }
    py::object operator()(const Times& d) const { return helper("instant")(d.values[i], d.zone); }
    py::object operator()(const Decimals& d) const {
      const auto high = static_cast<std::int64_t>(d.unscaled[i] >> 64);
      const auto low = static_cast<std::uint64_t>(d.unscaled[i]);
      return helper("decimal")(high, low, d.scale);
    }
    static py::object helper(const char* name) { return py::module_::import("sojourn._cells").attr(name); }
  };
  return std::visit(ToPython{i}, column.data);
}

py::dict to_dict(const ResultTable& self, std::size_t most) {
  py::dict out;
  for (const Column& column : self.table->columns) {
    py::list cells;
    for (std::size_t i = 0; i < std::min(most, column.size()); ++i) cells.append(cell(column, i));
    out[py::str(column.name)] = cells;
  }
  return out;
}

/// A column from a Python list; `kind` names what it holds, None is null.
Column column_from_list(const std::string& name, const std::string& kind, const py::list& cells) {
  Column column{name, Ints{}, std::vector<std::uint8_t>(cells.size())};
  const auto fill = [&](const auto& add_value, const auto& add_null) {
    bool any = false;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const py::handle item = cells[i];
      if (item.is_none()) {
        column.nulls[i] = 1;
        any = true;
        add_null();
      } else {
        add_value(item);
      }
    }
    if (!any) column.nulls.clear();
  };
  const auto integers = [&](auto data) {
    fill([&](py::handle v) { data.values.push_back(v.cast<typename decltype(data.values)::value_type>()); }, [&] { data.values.push_back({}); });
    column.data = std::move(data);
  };
  if (kind == "int") integers(Ints{});
  else if (kind == "float") integers(Reals{});
  else if (kind == "bool") {
    Bools data;
    fill([&](py::handle v) { data.values.push_back(v.cast<bool>() ? 1 : 0); }, [&] { data.values.push_back(0); });
    column.data = std::move(data);
  } else if (kind == "str") {
    StringsBuilder builder;
    fill([&](py::handle v) { builder.add(v.cast<std::string_view>()); }, [&] { builder.add(""); });
    column.data = std::move(builder).finish();
  } else if (kind == "date") {
    integers(Dates{});
  } else if (kind == "timestamp" || kind.starts_with("timestamp:")) {
    Times data;
    if (kind.size() > 10) data.zone = kind.substr(10);
    integers(std::move(data));
  } else {
    refuse("column '" + name + "'", "kind '" + kind + "'", "int, float, bool, str, date, timestamp or timestamp:ZONE");
  }
  return column;
}

ResultTable from_lists(const std::vector<std::tuple<std::string, std::string, py::list>>& columns) {
  Table table;
  for (const auto& [name, kind, cells] : columns) {
    table.columns.push_back(column_from_list(name, kind, cells));
    if (table.columns.back().size() != table.rows())
      refuse("column '" + name + "'", std::to_string(table.columns.back().size()) + " rows",
             std::to_string(table.rows()) + ", as the first column has");
  }
  return result(std::move(table));
}

}  // namespace

void bind_tables(py::module_& m) {
  py::class_<ResultTable>(m, "Table")
      .def("__arrow_c_stream__", &stream_capsule, py::arg("requested_schema") = py::none())
      .def("__len__", [](const ResultTable& self) { return self.table->rows(); })
      .def_property_readonly("columns", [](const ResultTable& self) { return self.table->names(); })
      .def("to_dict", &to_dict, py::arg("most"), "Columns as lists of Python objects, the first `most` rows.")
      .def_static("from_lists", &from_lists, py::arg("columns"), "From (name, kind, list) triples.");

  m.def(
      "read_table",
      [](const py::object& source, const std::string& name) {
        const auto imported = import_table(source, name);
        Table table;
        for (const std::string& column : imported->columns()) table.columns.push_back(arrow::read_column(imported->field(column)));
        return result(std::move(table));
      },
      py::arg("source"), py::arg("name"), "A copy of any Arrow table as a Table.");
}

}  // namespace sojourn::python
