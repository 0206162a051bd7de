// Columns that a C++ program built itself, as a received table: what ingest and ledgers take.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sojourn/arrow/export.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn::arrow {

/// @param name how messages call the table. @throws InvalidInput when columns differ in length.
inline Imported imported(Table table, std::string name) {
  for (const Column& column : table.columns)
    if (column.size() != table.rows())
      refuse(Place{name, column.name, {}}, std::to_string(column.size()) + " rows", std::to_string(table.rows()) + ", as the first column has");
  ArrowArrayStream stream;
  export_stream(std::make_shared<const Table>(std::move(table)), &stream);
  return {&stream, std::move(name)};
}

}  // namespace sojourn::arrow
