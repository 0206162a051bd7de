// Sums over units in every draw of the Bayesian bootstrap (stats/bayesian_bootstrap.hpp), draws taken some at a time.
//
// Weights are standard exponential variates of the same bits, a function of (seed, draw, key), made without a logarithm (stats/ziggurat.hpp).
// A block is `bootstrap_lanes` draws: what a unit adds is read once for all of them. A task is one block over some units, short enough to be
// interrupted; the last task of a block adds up, so that few blocks are in memory at once. Sums of whole numbers are exact: neither
// threads nor the order of units show in any bit. Cost: draws · units · (a weight, about 4 ns, and what the caller adds).
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
#include "sojourn/stats/random_lanes.hpp"
#include "sojourn/stats/ziggurat.hpp"

namespace sojourn {

inline constexpr std::size_t bootstrap_lanes = 8;
/// A figure of one unit or sum in each draw of a block.
using BootstrapLanes = std::array<std::uint64_t, bootstrap_lanes>;

inline void add_lanes(BootstrapLanes& sum, const BootstrapLanes& more) {
  for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) sum[lane] += more[lane];
}

inline void add_lanes(BootstrapLanes& sum, const BootstrapLanes& more, std::uint64_t times) {
  for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) sum[lane] += more[lane] * times;
}

/// The weights of a unit in the draws of a block: in law and in units of 2⁻³² as bootstrap_weights gives them, in half its time.
inline void block_weights(std::uint64_t seed, std::size_t block, std::uint64_t key, BootstrapLanes& weights) {
  const BootstrapLanes bits = random_lanes(seed, block * (bootstrap_lanes / 2), key);
  for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane)
    weights[lane] = static_cast<std::uint64_t>(static_cast<std::int64_t>(ziggurat_exponential(bits[lane]) * 0x1p32)) + 1;
}

/// For each block of draws: add(sums, unit, weights) for every unit, from sums that start as `nothing` and are put together by
/// sums.merge(other); then done(block, sums), on any thread. Draw d is lane d % bootstrap_lanes of block d / bootstrap_lanes; the last
/// block may reach beyond the draws asked for.
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
    BootstrapLanes weights;
    for (std::size_t unit = parts[p].begin; unit < parts[p].end; ++unit) {
      block_weights(seed, b, keys[unit], weights);
      add(sums, unit, weights);
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
