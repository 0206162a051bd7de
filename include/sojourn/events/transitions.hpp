// Which event directly follows which: counts, customers, gaps and value of every step, START and END included.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn {

/// What to compute beside the count of each step; leaving out what is not needed saves its time.
struct TransitionOptions {
  bool customers = true, mean_gap = true, value = true;
  bool median_gap = false;  // keeps every gap: 8 bytes an event
  Run run = {};
};

/// A step from one event to the next of the same customer. `none` as source: the customer's first event (START); as target: the last (END).
struct Transition {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t source = none, target = none;  // event codes
  std::int64_t count = 0;
  std::int64_t customers = 0;             // distinct customers who took the step
  std::optional<double> mean_gap = {};    // seconds; none for START and END
  std::optional<double> median_gap = {};  // seconds
  std::optional<double> value = {};       // sum of the values of the events stepped to; none for END
};

namespace transitions_detail {

struct Cell {
  std::int64_t count = 0, customers = 0;
  Int128 gaps = 0;  // microseconds; a 64-bit total would overflow at 10M events over decades
  ExactSum value;
  std::size_t last_customer = SIZE_MAX;
};

/// Cells by (source, target), dense while that is small, hashed beyond; sources and targets are codes, with `names` for START and END.
class Cells {
 public:
  explicit Cells(std::size_t names) : side_(names + 1), dense_(side_ * side_ <= dense_limit) {
    if (dense_) cells_.resize(side_ * side_);
  }
  Cell& at(std::size_t source, std::size_t target) {
    const std::size_t key = source * side_ + target;
    return dense_ ? cells_[key] : sparse_[key];
  }
  /// Calls f(source, target, cell) for every cell that counts something, in no set order.
  template <class F>
  void for_each(const F& f) const {
    const auto give = [&](std::size_t key, const Cell& cell) {
      if (cell.count > 0) f(key / side_, key % side_, cell);
    };
    for (std::size_t key = 0; key < cells_.size(); ++key) give(key, cells_[key]);
    for (const auto& [key, cell] : sparse_) give(key, cell);
  }

 private:
  static constexpr std::size_t dense_limit = std::size_t{1} << 20;
  std::size_t side_;
  bool dense_;
  std::vector<Cell> cells_;
  std::unordered_map<std::size_t, Cell> sparse_;
};

}  // namespace transitions_detail

/// Directly-follows steps in log order, one row a (source, target) that occurs; START first, then by source, target; END last of each source.
/// O(events); sums are exact, so that the answer does not depend on threads.
inline std::vector<Transition> transitions(const EventLog& log, const TransitionOptions& options = {}) {
  using transitions_detail::Cell;
  using transitions_detail::Cells;
  const std::size_t names = log.event_names().size(), edge = names;  // `edge` stands for START as source, END as target
  const bool with_value = options.value && !log.values().empty();
  const std::vector<Slice> parts = slices(log.customers(), options.run.count() == 1 ? 1 : 4 * options.run.count());
  std::vector<Cells> partial(parts.size(), Cells{0});

  const auto walk = [&](Slice part, const auto& step) {
    for (std::size_t c = part.begin; c < part.end; ++c) {
      const CustomerEvents events = log.customer(c);
      std::size_t source = edge;
      for (std::size_t i = 0; i < events.size(); ++i) {
        step(c, source, events.events[i], i == 0 ? 0 : events.times[i] - events.times[i - 1], events.first + i);
        source = events.events[i];
      }
      step(c, source, edge, std::int64_t{0}, SIZE_MAX);
    }
  };
  const auto count_part = [&](std::size_t p, auto customers, auto gaps, auto values) {
    Cells cells(names);
    walk(parts[p], [&](std::size_t c, std::size_t source, std::size_t target, std::int64_t gap, std::size_t at) {
      Cell& cell = cells.at(source, target);
      ++cell.count;
      if constexpr (decltype(customers)::value) {
        cell.customers += cell.last_customer != c;
        cell.last_customer = c;
      }
      if constexpr (decltype(gaps)::value) cell.gaps += gap;
      if constexpr (decltype(values)::value) {
        if (at != SIZE_MAX && !std::isnan(log.values()[at])) cell.value.add(log.values()[at]);
      }
    });
    partial[p] = std::move(cells);
  };
  const auto choose = [](bool flag, const auto& f) { flag ? f(std::true_type{}) : f(std::false_type{}); };
  parallel_for(parts.size(), options.run, [&](std::size_t p) {
    choose(options.customers, [&](auto customers) {
      choose(options.mean_gap, [&](auto gaps) { choose(with_value, [&](auto values) { count_part(p, customers, gaps, values); }); });
    });
  });

  Cells total(names);
  for (const Cells& cells : partial) {
    cells.for_each([&](std::size_t source, std::size_t target, const Cell& cell) {
      Cell& sum = total.at(source, target);
      sum.count += cell.count;
      sum.customers += cell.customers;
      sum.gaps += cell.gaps;
      sum.value.merge(cell.value);
    });
  }
  std::vector<Transition> out;
  const auto code = [&](std::size_t name) { return name == edge ? Transition::none : static_cast<std::uint32_t>(name); };
  total.for_each([&](std::size_t source, std::size_t target, const Cell& cell) {
    Transition row{code(source), code(target), cell.count, cell.customers};
    if (options.mean_gap && source != edge && target != edge)
      row.mean_gap = static_cast<double>(cell.gaps) / static_cast<double>(cell.count) / static_cast<double>(micros_per_second);
    if (with_value && target != edge) row.value = cell.value.value();
    out.push_back(row);
  });
  std::sort(out.begin(), out.end(), [](const Transition& a, const Transition& b) {
    const auto key = [](const Transition& t) { return std::pair{t.source == Transition::none ? 0 : std::uint64_t{t.source} + 1, t.target}; };
    return key(a) < key(b);
  });

  if (options.median_gap) {
    std::unordered_map<std::uint64_t, std::vector<std::int64_t>> gaps;
    walk({0, log.customers()}, [&](std::size_t, std::size_t source, std::size_t target, std::int64_t gap, std::size_t) {
      if (source != edge && target != edge) gaps[static_cast<std::uint64_t>(source) << 32 | target].push_back(gap);
    });
    for (Transition& row : out) {
      if (row.source == Transition::none || row.target == Transition::none) continue;
      auto& all = gaps[static_cast<std::uint64_t>(row.source) << 32 | row.target];
      const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      std::nth_element(all.begin(), middle, all.end());
      double median = static_cast<double>(*middle);
      if (all.size() % 2 == 0) median = (median + static_cast<double>(*std::max_element(all.begin(), middle))) / 2.0;
      row.median_gap = median / static_cast<double>(micros_per_second);
    }
  }
  return out;
}

}  // namespace sojourn
