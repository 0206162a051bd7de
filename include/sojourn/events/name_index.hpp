// Where each customer's events of a name stand: who asks for a name does not read the log for it.
// Found when first asked for, in two passes over the log's event codes, and kept with the log: for each name asked for 12 bytes an event of
// that name and 4 a customer.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// The events of one name: customer c has [offsets[c], offsets[c + 1]).
struct NameEvents {
  Buffer<std::uint32_t> offsets;
  Buffer<std::uint32_t> positions;  // in the customer's life
  Buffer<std::int64_t> times;
};

/// A log's columns, as far as the index reads them: customer c has events [offsets[c], offsets[c + 1]).
struct IndexedColumns {
  std::span<const std::size_t> offsets;
  std::span<const std::uint32_t> events;
  std::span<const std::int64_t> times;
};

/// What is known of where names stand. Several threads may ask at once.
class NameIndex {
 public:
  /// More events than this are not indexed: their places would not fit.
  static constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();

  /// The events of some codes, each below `names`; they live as long as the index. For codes not asked for before
  /// O(events + customers × codes).
  std::vector<const NameEvents*> find(std::span<const std::uint32_t> codes, std::size_t names, const IndexedColumns& log, const Run& run) {
    const std::lock_guard lock(mutex_);
    known_.resize(names);
    std::vector<std::uint32_t> wanted;
    for (const std::uint32_t code : codes)
      if (!known_[code]) wanted.push_back(code);
    if (!wanted.empty()) add(wanted, log, run);
    std::vector<const NameEvents*> out;
    for (const std::uint32_t code : codes) out.push_back(known_[code].get());
    return out;
  }

 private:
  void add(const std::vector<std::uint32_t>& wanted, const IndexedColumns& log, const Run& run) {
    const std::size_t customers = log.offsets.size() - 1;
    const auto others = static_cast<std::uint32_t>(wanted.size());
    std::vector<std::uint32_t> number(known_.size(), others);  // by code
    for (std::uint32_t w = 0; w < others; ++w) number[wanted[w]] = w;
    const std::vector<Slice> parts = slices(customers, 4 * run.count());
    std::vector<std::vector<std::uint32_t>> next(parts.size());  // by part and number: how many, then where the part's first goes
    parallel_for(parts.size(), Run{run.count()}, [&](std::size_t p) {
      std::vector<std::uint32_t> counts(others + 1);
      for (std::size_t i = log.offsets[parts[p].begin]; i < log.offsets[parts[p].end]; ++i) ++counts[number[log.events[i]]];
      next[p] = std::move(counts);
    });
    std::vector<std::unique_ptr<NameEvents>> found;
    for (std::uint32_t w = 0; w < others; ++w) {
      std::uint32_t total = 0;
      for (auto& of_part : next) total += std::exchange(of_part[w], total);
      found.push_back(std::make_unique<NameEvents>(Buffer<std::uint32_t>(customers + 1), Buffer<std::uint32_t>(total), Buffer<std::int64_t>(total)));
      found[w]->offsets[customers] = total;
    }
    parallel_for(parts.size(), Run{run.count()}, [&](std::size_t p) {
      for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) {
        for (std::uint32_t w = 0; w < others; ++w) found[w]->offsets[c] = next[p][w];
        for (std::size_t i = log.offsets[c]; i < log.offsets[c + 1]; ++i) {
          const std::uint32_t w = number[log.events[i]];
          if (w == others) continue;
          const std::uint32_t at = next[p][w]++;
          found[w]->positions[at] = static_cast<std::uint32_t>(i - log.offsets[c]);
          found[w]->times[at] = log.times[i];
        }
      }
    });
    for (std::uint32_t w = 0; w < others; ++w) known_[wanted[w]] = std::move(found[w]);
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<const NameEvents>> known_;  // by code
};

}  // namespace sojourn
