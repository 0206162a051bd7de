// Guards that hold one ledger against the standard: what in their differences looks like a fault of a load, not like customers.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "sojourn/assets/difference.hpp"
#include "sojourn/assets/guards.hpp"

namespace sojourn {

/// Groups whose events were not paired exactly, but the closest first.
inline Check check_suspects(const Differences& d) {
  Check out{d.ledger->ledger->name() + ": groups too large to be paired exactly (an over-merged crosswalk)"};
  out.tested = static_cast<std::int64_t>(d.groups);
  out.failures = static_cast<std::int64_t>(d.suspects.size());
  const auto largest = std::max_element(d.suspects.begin(), d.suspects.end(), [](const Suspect& a, const Suspect& b) { return a.units < b.units; });
  if (largest != d.suspects.end()) {
    const Ledger& ledger = *(largest->of_standard ? d.standard : d.ledger)->ledger;
    out.detail =
        "the largest has " + std::to_string(largest->units) + " units, among them " + ledger.units().text(largest->unit) + " of " + ledger.name();
  }
  return out;
}

/// Paired events that a ledger dates just one day off the standard. Suspected: more than half of at least 20 pairs of a direction lie one
/// day to the same side. Clocks that truly differ spread over several days.
inline std::array<Check, 2> check_shifts(const Differences& d) {
  constexpr std::int64_t least = 20;
  std::array<Check, 2> out = {
      {{d.ledger->ledger->name() + ": in dated one day off the standard"}, {d.ledger->ledger->name() + ": out dated one day off the standard"}}};
  std::array<std::int64_t, 2> later = {}, earlier = {};
  for (const auto& part : d.events)
    for (const Difference& e : part) {
      if (e.of_standard || !e.counts || e.other_day == never || (e.reason != DifferenceReason::matched && e.reason != DifferenceReason::timing))
        continue;
      const auto direction = static_cast<std::size_t>(e.direction);
      ++out[direction].tested;
      later[direction] += e.day - e.other_day == 1;
      earlier[direction] += e.other_day - e.day == 1;
    }
  for (const std::size_t direction : {0, 1}) {
    Check& check = out[direction];
    const std::int64_t off = std::max(later[direction], earlier[direction]);
    if (check.tested < least || 2 * off <= check.tested) continue;
    check.failures = off;
    check.detail = std::to_string(off) + " of " + std::to_string(check.tested) + " paired events lie one day " +
                   (later[direction] > earlier[direction] ? "after" : "before") + " those of " + d.standard->ledger->name();
  }
  return out;
}

/// Customers of the standard that a ledger has no record of. Suspected: a quarter of them, and at least 10.
inline Check check_unknown(const Differences& d) {
  constexpr std::size_t least = 10, one_in = 4;
  Check out{d.ledger->ledger->name() + ": customers of the standard without any record (a suspected load fault)"};
  out.tested = static_cast<std::int64_t>(d.standard_groups);
  if (d.unknown_groups < least || d.unknown_groups * one_in < d.standard_groups) return out;
  out.failures = static_cast<std::int64_t>(d.unknown_groups);
  out.detail = std::to_string(d.unknown_groups) + " of " + std::to_string(d.standard_groups) + " customers of " + d.standard->ledger->name() +
               " have no record in " + d.ledger->ledger->name();
  return out;
}

}  // namespace sojourn
