// Checks as a table.
#pragma once

#include <utility>
#include <vector>

#include "sojourn/assets/guards.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn::python {

inline Table checks_table(const std::vector<Check>& checks) {
  StringsBuilder name, kind, detail;
  Ints tested, failures;
  for (const Check& row : checks) {
    name.add(row.name);
    kind.add(row.kind == Check::Kind::identity ? "identity" : "guard");
    tested.values.push_back(row.tested);
    failures.values.push_back(row.failures);
    detail.add(row.detail);
  }
  Table table;
  table.columns.push_back({"check", std::move(name).finish()});
  table.columns.push_back({"kind", std::move(kind).finish()});
  table.columns.push_back({"tested", std::move(tested)});
  table.columns.push_back({"failures", std::move(failures)});
  table.columns.push_back({"detail", std::move(detail).finish()});
  return table;
}

}  // namespace sojourn::python
