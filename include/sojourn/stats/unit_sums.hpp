// Sums of reals to which units (customers) add, as they are and in every draw of the Bayesian bootstrap (stats/bayesian_bootstrap.hpp).
//
// What a unit adds is kept sparse: 16 bytes for each sum that it adds to. A unit's own rows are summed exactly and units stand in order of their
// keys, so that neither the order of rows nor threads show in any bit. Where what is added is whole numbers, bootstrap_blocks.hpp is faster.
// Cost: draws · (sums that units add to).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"

namespace sojourn {

class UnitSums {
 public:
  /// @param keys of the unit of each row. @param add_row add_row(row, add) calls add(sum, value) for what the row adds.
  template <class AddRow>
  UnitSums(std::size_t sums, std::span<const std::uint64_t> keys, const AddRow& add_row) : sums_(sums) {
    std::vector<std::size_t> rows(keys.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) { return keys[a] < keys[b]; });
    std::vector<ExactSum> own(sums);
    std::vector<std::uint32_t> touched;
    for (std::size_t first = 0, last = 0; first < rows.size(); first = last) {
      for (; last < rows.size() && keys[rows[last]] == keys[rows[first]]; ++last)
        add_row(rows[last], [&](std::size_t sum, double value) {
          own[sum].add(value);
          touched.push_back(static_cast<std::uint32_t>(sum));
        });
      std::sort(touched.begin(), touched.end());
      touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
      for (const std::uint32_t sum : touched) {
        added_.push_back({sum, own[sum].value()});
        own[sum] = {};
      }
      touched.clear();
      keys_.push_back(keys[rows[first]]);
      offsets_.push_back(added_.size());
    }
  }

  /// Every unit once.
  [[nodiscard]] std::vector<double> plain() const {
    std::vector<double> out(sums_);
    for (const Added& a : added_) out[a.sum] += a.value;
    return out;
  }

  /// Calls done(draw, sums) for each draw, on any thread.
  template <class Done>
  void bootstrap(std::size_t draws, std::uint64_t seed, const Run& run, const Done& done) const {
    using Lanes = std::array<double, bootstrap_lanes>;
    parallel_for((draws + bootstrap_lanes - 1) / bootstrap_lanes, run, [&](std::size_t block) {
      std::vector<Lanes> sums(sums_);
      std::array<BootstrapLanes, random_lanes> weights;
      for (std::size_t first = 0; first < keys_.size(); first += random_lanes) {
        const std::size_t count = std::min(keys_.size() - first, random_lanes);
        bootstrap_weights(seed, block, std::span(keys_).subspan(first, count), std::span(weights).first(count));
        for (std::size_t k = 0; k < count; ++k) {
          Lanes weight;
          for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) weight[lane] = static_cast<double>(weights[k][lane]);
          for (std::size_t i = offsets_[first + k]; i < offsets_[first + k + 1]; ++i) {
            Lanes& sum = sums[added_[i].sum];
            for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) sum[lane] += weight[lane] * added_[i].value;
          }
        }
      }
      std::vector<double> of_draw(sums_);
      for (std::size_t lane = 0, draw = block * bootstrap_lanes; lane < bootstrap_lanes && draw < draws; ++lane, ++draw) {
        for (std::size_t s = 0; s < sums_; ++s) of_draw[s] = sums[s][lane];
        done(draw, std::span<const double>(of_draw));
      }
    });
  }

 private:
  struct Added {
    std::uint32_t sum;
    double value;
  };
  std::size_t sums_;
  std::vector<std::uint64_t> keys_;  // ascending
  std::vector<std::size_t> offsets_ = {0};
  std::vector<Added> added_;
};

}  // namespace sojourn
