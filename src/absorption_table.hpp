// Where walks end, as a table: within the window and within a horizon alike.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/graph/journey_graph.hpp"
#include "tables.hpp"

namespace sojourn::python {

/// One row each of AbsorptionRow or HorizonRow; `still` is the word for those who reached no outcome. What only some rows have is a column
/// of those tables alone: unknown.
template <class Row>
ResultTable absorption_table(const JourneyGraph& graph, const std::vector<Row>& rows, std::string_view still) {
  constexpr bool has_unknown = requires(const Row& row) { row.unknown; };
  StringsBuilder node, outcome;
  Ints at_risk;
  OptionalReals probability, low, high, unknown;
  for (const Row& row : rows) {
    node.add(graph.vertex(row.vertex).id);
    outcome.add(row.ending == graph.numbers().observed() ? still : graph.vertex(row.ending).id);
    at_risk.values.push_back(row.at_risk);
    probability.add(row.probability);
    low.add(row.low);
    high.add(row.high);
    if constexpr (has_unknown) unknown.add(row.unknown);
  }
  Table table;
  table.columns.push_back({"node", std::move(node).finish()});
  table.columns.push_back({"outcome", std::move(outcome).finish()});
  table.columns.push_back({"at_risk", std::move(at_risk)});
  table.columns.push_back(std::move(probability).column("probability"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  if constexpr (has_unknown) table.columns.push_back(std::move(unknown).column("unknown"));
  return result(std::move(table));
}

}  // namespace sojourn::python
