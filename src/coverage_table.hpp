// The table of a coverage; bind_coverage.cpp makes it.
#pragma once

#include <string>

#include "sojourn/core/error.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/places.hpp"
#include "tables.hpp"

namespace sojourn::python {

/// @throws InvalidInput unless the word is "moment" or "stage".
inline PlaceBy read_place(const std::string& word) {
  if (word == "moment") return PlaceBy::moment;
  if (word == "stage") return PlaceBy::stage;
  refuse("by", "'" + word + "'", "'moment' or 'stage'");
}

/// A row a place and source, then one a source for what is about no occurrence. @throws InvalidInput unless `by` is "moment" or "stage".
ResultTable coverage_table(const Attribution& attribution, const std::string& by);

}  // namespace sojourn::python
