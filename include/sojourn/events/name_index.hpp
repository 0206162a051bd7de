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
    parallel_for(parts.size(), Run{run.count()}, [&](std::size_t p) { next[p] = count(log, parts[p], number, others); });
    std::vector<std::unique_ptr<NameEvents>> found;
    for (std::uint32_t w = 0; w < others; ++w) {
      std::uint32_t total = 0;
      for (auto& of_part : next) total += std::exchange(of_part[w], total);
      found.push_back(std::make_unique<NameEvents>(Buffer<std::uint32_t>(customers + 1), Buffer<std::uint32_t>(total), Buffer<std::int64_t>(total)));
      found[w]->offsets[customers] = total;
    }
    parallel_for(parts.size(), Run{run.count()}, [&](std::size_t p) { place(log, parts[p], number, next[p], found); });
    for (std::uint32_t w = 0; w < others; ++w) known_[wanted[w]] = std::move(found[w]);
  }

  /// How many events of each number some customers have.
  static std::vector<std::uint32_t> count(const IndexedColumns& log, Slice customers, const std::vector<std::uint32_t>& number,
                                          std::uint32_t others) {
    // Four counts of each, taken in turn: one name often follows itself, and a count must not wait for the one before it.
    std::vector<std::uint32_t> counts(4 * (others + 1));
    std::size_t i = log.offsets[customers.begin];
    const std::size_t end = log.offsets[customers.end];
    for (; i + 4 <= end; i += 4)
      for (std::size_t k = 0; k < 4; ++k) ++counts[4 * number[log.events[i + k]] + k];
    for (; i < end; ++i) ++counts[4 * number[log.events[i]]];
    std::vector<std::uint32_t> out(others + 1);
    for (std::uint32_t w = 0; w <= others; ++w) out[w] = counts[4 * w] + counts[4 * w + 1] + counts[4 * w + 2] + counts[4 * w + 3];
    return out;
  }

  /// Writes some customers' events from where `next` says. Without branches: events that nobody asked for all go to one cell of no use.
  static void place(const IndexedColumns& log, Slice customers, const std::vector<std::uint32_t>& number, const std::vector<std::uint32_t>& next,
                    const std::vector<std::unique_ptr<NameEvents>>& found) {
    struct Target {
      std::uint32_t *offsets, *positions;
      std::int64_t* times;
      std::uint32_t next, step;
    };
    std::uint32_t no_position = 0;
    std::int64_t no_time = 0;
    std::vector<Target> targets;
    for (std::size_t w = 0; w < found.size(); ++w)
      targets.push_back({found[w]->offsets.data(), found[w]->positions.data(), found[w]->times.data(), next[w], 1});
    targets.push_back({nullptr, &no_position, &no_time, 0, 0});
    for (std::size_t c = customers.begin; c < customers.end; ++c) {
      for (std::size_t w = 0; w < found.size(); ++w) targets[w].offsets[c] = targets[w].next;
      const std::size_t first = log.offsets[c], end = log.offsets[c + 1];
      for (std::size_t i = first; i < end; ++i) {
        Target& target = targets[number[log.events[i]]];
        target.positions[target.next] = static_cast<std::uint32_t>(i - first);
        target.times[target.next] = log.times[i];
        target.next += target.step;
      }
    }
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<const NameEvents>> known_;  // by code
};

}  // namespace sojourn
