// Which version of each record holds, by what was known on a day: the latest known by then (reconciliation.md §7).
//
// Cost: O(records), 1 byte a record; nothing where the definition names neither `known` nor `withdrawn`.
#pragma once

#include <cstdint>
#include <optional>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn {

/// `withdrawn`: the latest version of its record, which takes it back. `unknown`: not known yet.
enum class Version : std::uint8_t { holds, superseded, withdrawn, unknown };

/// By row of the table; empty: every row is a record of its own. @param recorded the day; none: all is known.
inline Buffer<Version> versions_on(const Ledger& ledger, std::optional<std::int32_t> recorded, const ZoneRules& zone, const Run& run) {
  const CustomerGroups* versions = ledger.versions();
  if (versions == nullptr) return {};
  const DayColumn* known = ledger.known();
  const auto is_known = [&](std::uint32_t row) { return !recorded || known == nullptr || known->is_null(row) || known->day(row, zone) <= *recorded; };
  Buffer<Version> out(ledger.rows());
  const auto parts = slices(versions->size(), ledger.rows() >> 16);
  parallel_for(parts.size(), run, [&](std::size_t p) {
    for (std::size_t key = parts[p].begin; key < parts[p].end; ++key) {
      bool latest = true;
      for (std::uint32_t i = versions->offsets[key + 1]; i-- > versions->offsets[key];) {
        const std::uint32_t row = versions->rows[i];
        if (!is_known(row)) {
          out[row] = Version::unknown;
        } else {
          out[row] = !latest ? Version::superseded : ledger.withdraws(row) ? Version::withdrawn : Version::holds;
          latest = false;
        }
      }
    }
  });
  return out;
}

}  // namespace sojourn
