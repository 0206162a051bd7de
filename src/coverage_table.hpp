// The table of a coverage; bind_coverage.cpp makes it.
#pragma once

#include <string>

#include "sojourn/listening/attribution.hpp"
#include "tables.hpp"

namespace sojourn::python {

/// A row a place and source, then one a source for what is about no occurrence. @throws InvalidInput unless `by` is "moment" or "stage".
ResultTable coverage_table(const Attribution& attribution, const std::string& by);

}  // namespace sojourn::python
