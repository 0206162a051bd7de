// Sums over units in every draw of the Bayesian bootstrap (stats/bayesian_bootstrap.hpp), a block of draws at a time.
//
// What a unit adds is read once for all draws of a block. A task is one block over some units, short enough to be
// interrupted; the last task of a block adds up, so that few blocks are in memory at once. Sums of whole numbers are exact: neither
// threads nor the order of units show in any bit. Cost: draws · units · (a weight, about 2.5 ns, and what the caller adds).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"

namespace sojourn {

inline void add_lanes(BootstrapLanes& sum, const BootstrapLanes& more) {
  for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) sum[lane] += more[lane];
}

inline void add_lanes(BootstrapLanes& sum, const BootstrapLanes& more, std::uint64_t times) {
  for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) sum[lane] += more[lane] * times;
}

/// For each block of draws: add(sums, unit, weights) for every unit, from sums that start as `nothing` and are put together by
/// sums.merge(other); then done(block, sums), on any thread. The last block may reach beyond the draws asked for.
template <class Sums, class Add, class Done>
void bootstrap_blocks(std::span<const std::uint64_t> keys, std::size_t draws, std::uint64_t seed, const Run& run, const Sums& nothing, const Add& add,
                      const Done& done) {
  constexpr std::size_t units_a_task = 100'000;
  const std::vector<Slice> parts = slices(keys.size(), (keys.size() + units_a_task - 1) / units_a_task);
  struct Block {
    std::mutex mutex;
    std::vector<Sums> sums;  // of the tasks done so far: one, or none yet
    std::size_t left = 0;
  };
  std::vector<Block> blocks((draws + bootstrap_lanes - 1) / bootstrap_lanes);
  for (Block& block : blocks) block.left = parts.size();
  parallel_for(blocks.size() * parts.size(), run, [&](std::size_t task) {
    const std::size_t b = task / parts.size(), p = task % parts.size();
    Sums sums = nothing;
    std::array<BootstrapLanes, random_lanes> weights;
    for (std::size_t first = parts[p].begin; first < parts[p].end; first += random_lanes) {
      const std::size_t count = std::min(parts[p].end - first, random_lanes);
      bootstrap_weights(seed, b, keys.subspan(first, count), std::span(weights).first(count));
      for (std::size_t k = 0; k < count; ++k) add(sums, first + k, weights[k]);
    }
    Block& block = blocks[b];
    {
      const std::lock_guard lock(block.mutex);
      if (!block.sums.empty()) sums.merge(block.sums.front());
      block.sums.clear();
      if (--block.left > 0) {
        block.sums.push_back(std::move(sums));
        return;
      }
    }
    done(b, sums);
  });
}

}  // namespace sojourn
