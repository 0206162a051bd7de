// Spells: the unions of a customer's records, joined over gaps (reconciliation.md §3). Sweeps in order of starts, O(records).
#pragma once

#include <cstdint>
#include <span>

#include "sojourn/assets/gaps.hpp"
#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/records.hpp"

namespace sojourn {

/// A run of days on which a customer is there: [start, end).
struct Spell {
  std::span<const Record> records;  // in opening order; the first opened it
  const Record* closer = nullptr;   // the one that ended last
  std::int64_t number = 0;          // from 1, over all of the customer's spells
  std::int32_t start = 0;
  std::int32_t end = never;  // the first day absent; never: still there, or `pending`
  Join pending = {};

  [[nodiscard]] const Record& opener() const { return records.front(); }
};

/// Calls joined(closer, first record after the gap, join) for every gap inside a spell and spell(Spell) for every spell, in order of time.
template <class OnSpell, class OnJoined>
void for_each_spell(const Ledger& ledger, std::span<const Record> records, Gaps& gaps, const OnSpell& on_spell, const OnJoined& on_joined) {
  if (records.empty()) return;
  gaps.enter(records);
  Spell spell{{}, &records.front(), 1, records.front().start, never, {}};
  std::size_t first = 0;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const Record& record = records[i];
    if (record.start >= spell.closer->end) {
      if (const Join join = gaps.across(*spell.closer, record.start)) {
        on_joined(*spell.closer, record, join);
      } else {
        spell.records = records.subspan(first, i - first);
        spell.end = spell.closer->end;
        on_spell(spell);
        first = i;
        spell = {{}, &record, spell.number + 1, record.start, never, {}};
        continue;
      }
    }
    if (closes_after(ledger, record, *spell.closer)) spell.closer = &record;
  }
  spell.records = records.subspan(first);
  spell.pending = gaps.pending(*spell.closer);
  if (!spell.pending) spell.end = spell.closer->end;
  on_spell(spell);
}

}  // namespace sojourn
