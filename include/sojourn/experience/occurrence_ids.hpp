// Names for occurrences that never change: a function of customer, moment and ordinal alone.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn {

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

/// One id for each of some occurrences of a match (`OccurrenceId`), made slice by slice: `fill` every slice, on any threads, then `finish`.
/// Two occurrences share an id by chance with probability n²/2⁶⁴ (five in a million for ten million occurrences); such a result is refused rather
/// than mixed up. For that each slice also sorts its ids into buckets by their leading bits; then each bucket goes through a table of its own.
/// O(occurrences); 16 bytes an occurrence beside the ids while it runs.
class OccurrenceIds {
 public:
  OccurrenceIds(const Matches& matches, std::span<const Occurrence> occurrences, std::span<const Slice> parts)
      : id_(matches),
        occurrences_(occurrences),
        parts_(parts),
        bucket_bits_(static_cast<unsigned>(std::bit_width(std::clamp<std::size_t>(occurrences.size() / ids_per_bucket, 1, most_buckets))) - 1),
        ids_(occurrences.size()),
        by_bucket_(occurrences.size()),
        ends_(parts.size()) {}

  void fill(std::size_t part) {
    const auto [begin, end] = parts_[part];
    std::vector<std::size_t> next(buckets() + 1);
    for (std::size_t i = begin; i < end; ++i) {
      ids_[i] = id_(occurrences_[i]);
      ++next[bucket(ids_[i]) + 1];
    }
    next[0] = begin;
    for (std::size_t b = 0; b < buckets(); ++b) next[b + 1] += next[b];
    for (std::size_t i = begin; i < end; ++i) by_bucket_[next[bucket(ids_[i])]++] = ids_[i];
    next.pop_back();
    ends_[part] = std::move(next);
  }

  /// @throws InvalidInput when two occurrences have one id.
  [[nodiscard]] std::vector<std::int64_t> finish(const Run& run) && {
    std::vector<std::uint8_t> twice(buckets());
    parallel_for(buckets(), run, [&](std::size_t b) { twice[b] = has_twins(b); });
    if (std::find(twice.begin(), twice.end(), 1) != twice.end())
      throw InvalidInput(
          "occurrence_id: found two occurrences with one id (a chance of about n²/2⁶⁴), expected distinct ones; rename a moment, or split the "
          "customers");
    return std::move(ids_);
  }

 private:
  static constexpr std::size_t ids_per_bucket = 4'096, most_buckets = 1'024;
  static constexpr std::int64_t none = -1;  // ids have 63 bits

  [[nodiscard]] std::size_t buckets() const { return std::size_t{1} << bucket_bits_; }
  [[nodiscard]] std::size_t bucket(std::int64_t id) const { return static_cast<std::size_t>(id >> (63 - bucket_bits_)); }

  [[nodiscard]] bool has_twins(std::size_t b) const {
    const auto range = [&](std::size_t p) {
      return std::span{&by_bucket_[0] + (b == 0 ? parts_[p].begin : ends_[p][b - 1]), &by_bucket_[0] + ends_[p][b]};
    };
    std::size_t n = 0;
    for (std::size_t p = 0; p < parts_.size(); ++p) n += range(p).size();
    std::vector<std::int64_t> seen(std::bit_ceil(2 * n + 1), none);
    for (std::size_t p = 0; p < parts_.size(); ++p) {
      for (const std::int64_t id : range(p)) {
        std::size_t slot = static_cast<std::size_t>(id) & (seen.size() - 1);
        while (seen[slot] != none && seen[slot] != id) slot = (slot + 1) & (seen.size() - 1);
        if (seen[slot] == id) return true;
        seen[slot] = id;
      }
    }
    return false;
  }

  OccurrenceId id_;
  std::span<const Occurrence> occurrences_;
  std::span<const Slice> parts_;
  unsigned bucket_bits_;
  std::vector<std::int64_t> ids_;
  Buffer<std::int64_t> by_bucket_;              // within a slice
  std::vector<std::vector<std::size_t>> ends_;  // by slice, then bucket: where it ends in `by_bucket_`
};

/// Slices of the rows of a table of occurrences: each stays in a core's cache, and small tables are one slice, for one thread.
inline std::vector<Slice> occurrence_slices(std::size_t occurrences) { return slices(occurrences, occurrences / 8'192 + 1); }

/// One id for each of some occurrences of a match. @throws InvalidInput as `OccurrenceIds::finish` does.
inline std::vector<std::int64_t> occurrence_ids(const Matches& matches, std::span<const Occurrence> occurrences, const Run& run) {
  const std::vector<Slice> parts = occurrence_slices(occurrences.size());
  OccurrenceIds ids(matches, occurrences, parts);
  parallel_for(parts.size(), run, [&](std::size_t p) { ids.fill(p); });
  return std::move(ids).finish(run);
}

/// One id for each of a match's occurrences.
inline std::vector<std::int64_t> occurrence_ids(const Matches& matches, const Run& run = {}) {
  return occurrence_ids(matches, matches.occurrences, run);
}

}  // namespace sojourn
