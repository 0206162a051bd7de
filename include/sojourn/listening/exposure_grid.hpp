// How long, and at which ages, each occurrence was listened to, summed on the grid of delays: what the model needs to know of what was not said.
// Source s listens to an occurrence at time t from age a to age b: while the customer's voices can be explained (`fitted_window`), and inside the
// source's window. A delay with cumulative K then brings K(b) − K(a) of its voices to our ears. K is
// linear within steps, so that sums over occurrences need only weights at the grid's edges; nothing is rounded.
// Cost: one pass over the occurrences, once; then O(customers · causes + occurrences near an end) for each weighting of the customers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/listening/causes.hpp"
#include "sojourn/listening/feedback.hpp"
#include "sojourn/stats/delay.hpp"

namespace sojourn {

/// When a customer's voices can be explained: from its first event on, while observed, until a horizon after it reached an outcome (and its last
/// event); less the first horizon of the observation if what happened before is not listed. Who is not there yet, or no more, has nothing to say, and
/// would make the background look rarer than it is. Empty (from > to) for customers without events.
inline ListeningWindow fitted_window(const Matches& matches, std::size_t customer, std::int64_t horizon) {
  const EventLog& log = *matches.log;
  const Observation observed = log.observation(customer);
  const CustomerEvents events = log.customer(customer);
  if (events.size() == 0) return {0, -1};
  const bool unknown = log.history() == History::truncated || log.history_size(customer) > 0;
  ListeningWindow out{std::max(micros(observed.from) + (unknown ? horizon : 0), micros(events.time(0))), micros(observed.to)};
  const Ending ending = matches.ending(customer);
  if (ending.reached()) out.to = std::min(out.to, std::max(ending.time, micros(events.time(events.size() - 1))) + horizon);
  return out;
}

/// Sums of exposure under one weighting of customers. A cell is (cause · windows + window) · groups + group.
struct ExposureSums {
  static constexpr std::size_t edges = DelayGrid::steps + 1;
  std::vector<double> whole;       // by cell: occurrences heard at every age
  std::vector<double> at_edges;    // cell · edges + edge: of the others
  std::vector<bool> has_edges;     // by cell: whether any of those
  std::vector<double> background;  // by window: microseconds

  /// Occurrences, each counted by the share of its voices that could be heard.
  [[nodiscard]] double of(std::size_t cell, std::span<const double> cumulative) const {
    double sum = whole[cell];
    if (has_edges[cell])
      for (std::size_t e = 1; e < edges; ++e) sum += at_edges[cell * edges + e] * cumulative[e];
    return sum;
  }
};

/// The exposure of every occurrence, gathered by customer. Immutable.
class ExposureGrid {
 public:
  ExposureGrid(const Feedback& feedback, const Causes& causes, std::int64_t horizon, const DelayGrid& grid, const Run& run)
      : matches_(*feedback.matches), causes_(causes.size()), groups_(feedback.groups.names.size()), horizon_(horizon) {
    std::map<ListeningWindow, std::uint32_t> numbers;
    for (const Source& source : feedback.sources) {
      const auto [at, fresh] = numbers.emplace(source.window, static_cast<std::uint32_t>(windows_.size()));
      if (fresh) windows_.push_back(source.window);
      window_of_source_.push_back(at->second);
    }
    const std::vector<Slice> customers = slices(matches_.log->customers(), 4 * run.count());
    std::vector<Part> parts(customers.size());
    parallel_for(customers.size(), Run{run.count()}, [&](std::size_t p) { gather(customers[p], feedback.groups, causes, grid, parts[p]); });
    for (Part& part : parts) {
      whole_.insert(whole_.end(), part.whole.begin(), part.whole.end());
      partial_.insert(partial_.end(), part.partial.begin(), part.partial.end());
      background_.insert(background_.end(), part.background.begin(), part.background.end());
      part = {};
    }
  }

  [[nodiscard]] std::size_t cells() const { return causes_ * windows_.size() * groups_; }
  [[nodiscard]] std::size_t cell(std::size_t cause, std::size_t source, std::size_t group) const {
    return (cause * windows_.size() + window_of_source_[source]) * groups_ + group;
  }
  [[nodiscard]] std::size_t window(std::size_t source) const { return window_of_source_[source]; }

  /// @param weight a customer each; empty: 1.
  [[nodiscard]] ExposureSums sum(std::span<const double> weight) const {
    ExposureSums out{std::vector<double>(cells()), std::vector<double>(cells() * ExposureSums::edges), std::vector<bool>(cells()),
                     std::vector<double>(windows_.size())};
    const auto weight_of = [&](std::uint32_t customer) { return weight.empty() ? 1.0 : weight[customer]; };
    for (const Whole& w : whole_) out.whole[w.cell] += weight_of(w.customer) * w.count;
    for (const Partial& p : partial_) {
      const double w = weight_of(p.customer);
      const auto j = static_cast<std::size_t>(p.position);
      const double part = p.position - static_cast<double>(j);
      double* const edges = out.at_edges.data() + p.cell * ExposureSums::edges;
      out.has_edges[p.cell] = true;
      edges[j] += p.sign * w * (1 - part);
      if (part > 0) edges[j + 1] += p.sign * w * part;
    }
    for (const Background& b : background_) out.background[b.window] += weight_of(b.customer) * b.span;
    return out;
  }

 private:
  /// A customer's occurrences of a cell that are heard at every age.
  struct Whole {
    std::uint32_t customer, cell, count;
  };
  /// An age at which listening to one occurrence begins (sign −1) or ends (+1), in steps of the grid.
  struct Partial {
    double position;
    std::uint32_t customer, cell;
    double sign;
  };
  struct Background {
    double span;
    std::uint32_t customer, window;
  };
  struct Part {
    std::vector<Whole> whole;
    std::vector<Partial> partial;
    std::vector<Background> background;
  };

  void gather(const Slice& customers, const ResponseGroups& groups, const Causes& causes, const DelayGrid& grid, Part& out) const {
    std::vector<std::uint32_t> count(causes_ * windows_.size());
    std::vector<std::uint32_t> met;
    for (std::size_t c = customers.begin; c < customers.end; ++c) {
      const auto customer = static_cast<std::uint32_t>(c);
      const std::uint32_t group = groups.of(c);
      const ListeningWindow fitted = fitted_window(matches_, c, horizon_);
      for (std::uint32_t w = 0; w < windows_.size(); ++w) {
        const std::int64_t from = std::max(fitted.from, windows_[w].from), to = std::min(fitted.to, windows_[w].to);
        if (from >= to) continue;
        out.background.push_back({static_cast<double>(to - from), customer, w});
        for (const Occurrence& o : matches_.of_customer(c)) {
          const std::int64_t a = std::max<std::int64_t>(from - o.time, 0), b = std::min(to - o.time, horizon_);
          if (a >= horizon_ || b <= 0) continue;
          const std::uint32_t place = causes.of(o) * static_cast<std::uint32_t>(windows_.size()) + w;
          const auto cell = static_cast<std::uint32_t>(place * groups_ + group);
          if (a == 0 && b == horizon_) {
            if (count[place]++ == 0) met.push_back(place);
            continue;
          }
          out.partial.push_back({grid.position(static_cast<double>(b)), customer, cell, 1});
          if (a > 0) out.partial.push_back({grid.position(static_cast<double>(a)), customer, cell, -1});
        }
      }
      for (const std::uint32_t place : met) {
        out.whole.push_back({customer, static_cast<std::uint32_t>(place * groups_ + group), count[place]});
        count[place] = 0;
      }
      met.clear();
    }
  }

  const Matches& matches_;
  std::size_t causes_, groups_;
  std::int64_t horizon_;
  std::vector<ListeningWindow> windows_;  // the different ones
  std::vector<std::uint32_t> window_of_source_;
  std::vector<Whole> whole_;
  std::vector<Partial> partial_;
  std::vector<Background> background_;
};

}  // namespace sojourn
