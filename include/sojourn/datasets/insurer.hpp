// A personal-lines insurer whose truth is known: events, feedback and three silos' records of the same households, all derived from one
// simulated life per household, and the truth about each of them beside it.
//
// Every household has a random stream of its own (Philox, keyed by seed and household), so that the same seed gives the same bytes for any number of
// threads. Cost: linear in customers × years, in time and in memory (about 60 events a household over its history). All figures are invented
// (insurer_parameters.hpp); nobody's data are in here. Nothing of attribution, the graph or the ledgers is included: what those say can be checked
// against what was planted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/datasets/insurer_household.hpp"
#include "sojourn/datasets/insurer_parameters.hpp"
#include "sojourn/datasets/insurer_tables.hpp"

namespace sojourn::datasets {

/// Generates the insurer's tables. @throws InvalidInput for a parameter out of its range.
inline InsurerTables insurer(const InsurerParameters& parameters = {}, const Run& run = {}) {
  check(parameters);
  const Calendar calendar{parameters.months};
  const auto households = static_cast<std::size_t>(parameters.customers);
  const std::vector<Slice> parts = slices(households, households / 200 + 1);
  std::vector<std::vector<Rows>> lives(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t part) {
    for (std::size_t i = parts[part].begin; i < parts[part].end; ++i) {
      const auto number = static_cast<std::int64_t>(i) + 1;
      const auto split = Household{parameters, calendar, number, lives[part].emplace_back()}.live();
      if (split) Household{parameters, calendar, parameters.customers + number, lives[part].emplace_back()}.live_after_split(*split);
    }
  });
  return insurer_tables(parameters, calendar, std::move(lives));
}

}  // namespace sojourn::datasets
