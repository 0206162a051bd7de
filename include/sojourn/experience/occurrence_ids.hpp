// Names for occurrences that never change: a function of customer, moment and ordinal alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn {

namespace ids_detail {

/// Whether no number stands twice: scattered by the leading bits, then each bucket sorted on its own.
inline bool all_distinct(const std::vector<std::int64_t>& ids, const Run& run) {
  constexpr std::size_t buckets = 256;
  const auto bucket = [](std::int64_t id) { return static_cast<std::size_t>(id >> 55); };
  std::vector<std::size_t> ends(buckets + 1);
  for (const std::int64_t id : ids) ++ends[bucket(id) + 1];
  for (std::size_t b = 0; b < buckets; ++b) ends[b + 1] += ends[b];
  std::vector<std::size_t> next(ends.begin(), ends.end() - 1);
  std::vector<std::int64_t> scattered(ids.size());
  for (const std::int64_t id : ids) scattered[next[bucket(id)]++] = id;
  std::vector<std::uint8_t> twice(buckets);
  parallel_for(buckets, run, [&](std::size_t b) {
    const auto first = scattered.begin() + static_cast<std::ptrdiff_t>(ends[b]), last = scattered.begin() + static_cast<std::ptrdiff_t>(ends[b + 1]);
    std::sort(first, last);
    twice[b] = std::adjacent_find(first, last) != last;
  });
  return std::find(twice.begin(), twice.end(), 1) == twice.end();
}

}  // namespace ids_detail

/// The id of one occurrence: 63 bits of a hash of the customer's id, the moment's id and the ordinal, so that more events, other customers or
/// another machine never change it.
class OccurrenceId {
 public:
  explicit OccurrenceId(const Matches& matches) : customers_(matches.log->ids()) {
    for (const Moment& moment : matches.journey->moments()) moments_.push_back(stable_hash(moment.id));
  }
  std::int64_t operator()(const Occurrence& o) const {
    const std::uint64_t within_customer = mix_bits(moments_[o.moment] + mix_bits(o.ordinal));
    return static_cast<std::int64_t>(mix_bits(customer_key(customers_, o.customer) + within_customer) >> 1);
  }

 private:
  const CustomerIds& customers_;
  std::vector<std::uint64_t> moments_;
};

/// One id for each of some occurrences of a match (`OccurrenceId`). Two occurrences share an id by chance with probability n²/2⁶⁴ (five in a million
/// for ten million occurrences); such a result is refused rather than mixed up. O(n log n) for the check. @throws InvalidInput then.
inline std::vector<std::int64_t> occurrence_ids(const Matches& matches, std::span<const Occurrence> occurrences, const Run& run) {
  const OccurrenceId id(matches);
  std::vector<std::int64_t> ids(occurrences.size());
  const std::vector<Slice> parts = slices(ids.size(), 4 * run.count());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) ids[i] = id(occurrences[i]);
  });
  if (!ids_detail::all_distinct(ids, run))
    throw InvalidInput(
        "occurrence_id: found two occurrences with one id (a chance of about n²/2⁶⁴), expected distinct ones; rename a moment, or split the "
        "customers");
  return ids;
}

/// One id for each of a match's occurrences.
inline std::vector<std::int64_t> occurrence_ids(const Matches& matches, const Run& run = {}) {
  return occurrence_ids(matches, matches.occurrences, run);
}

}  // namespace sojourn
