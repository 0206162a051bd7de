// Customers' walks over a journey, as the graph room counts them. Every occurrence is a step: two in a row at one stage or owner are two
// visits (a self-loop, which the graph shows as repeats).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

/// What the nodes of a walk are. Owners are the accountable; moments without one belong to "nobody".
enum class PathsBy : std::uint8_t { moment, stage, owner };

namespace paths_detail {

inline const std::string& label(const std::string& name, const std::string& id) { return name.empty() ? id : name; }

/// The nodes, and which of them each moment belongs to.
struct Nodes {
  std::vector<PathNode> nodes;
  std::vector<std::uint32_t> of_moment;
};

inline std::string owner_of(const Moment& moment) { return moment.accountable.empty() ? "nobody" : moment.accountable; }

inline Nodes by_moment(const Journey& journey) {
  Nodes out;
  out.of_moment.resize(journey.moments().size());
  for (const Stage& stage : journey.stages())
    for (std::size_t m = 0; m < journey.moments().size(); ++m) {
      const Moment& moment = journey.moments()[m];
      if (moment.stage != stage.id) continue;
      out.of_moment[m] = static_cast<std::uint32_t>(out.nodes.size());
      out.nodes.push_back({moment.id, label(moment.name, moment.id), moment.stage, owner_of(moment)});
    }
  return out;
}

inline Nodes by_stage(const Journey& journey) {
  Nodes out;
  for (const Stage& stage : journey.stages()) out.nodes.push_back({stage.id, label(stage.name, stage.id), stage.id});
  for (const Moment& moment : journey.moments()) {
    const auto at = std::find_if(out.nodes.begin(), out.nodes.end(), [&](const PathNode& n) { return n.id == moment.stage; });
    out.of_moment.push_back(static_cast<std::uint32_t>(at - out.nodes.begin()));
  }
  return out;
}

inline Nodes by_owner(const Journey& journey) {
  Nodes out;
  for (const Moment& moment : journey.moments()) {
    const std::string owner = owner_of(moment);
    const auto at = std::find_if(out.nodes.begin(), out.nodes.end(), [&](const PathNode& n) { return n.id == owner; });
    out.of_moment.push_back(static_cast<std::uint32_t>(at - out.nodes.begin()));
    if (at == out.nodes.end()) out.nodes.push_back({owner, owner, ""});
  }
  return out;
}

inline double value_of(const EventLog& log, std::uint64_t event) {
  return log.values().empty() ? std::numeric_limits<double>::quiet_NaN() : log.values()[event];
}

/// The row of customer c's first event that is not history.
inline std::size_t first_row(const EventLog& log, std::size_t c) { return log.offsets()[c] + log.history_size(c); }

/// How far a customer's walk goes.
struct Walk {
  Ending ending;
  std::size_t steps = 0, after_outcome = 0;
};

/// What customer c is worth by the events of the observation.
inline double worth(const EventLog& log, std::size_t c) {
  ExactSum value;
  for (std::size_t i = first_row(log, c); i < log.offsets()[c + 1]; ++i)
    if (const double v = value_of(log, i); !std::isnan(v)) value.add(v);
  return value.value();
}

/// All that is of customers, in two passes: `walk_of(c)` tells how far each goes, `write(c, steps)` then writes the steps in their place.
template <class WalkOf, class Write>
void fill_walks(const EventLog& log, const Run& run, const WalkOf& walk_of, const Write& write, Paths& out) {
  const std::size_t customers = log.customers();
  out.offsets.assign(customers + 1, 0);
  out.ending.resize(customers);
  out.ending_time.resize(customers);
  out.customer_value.resize(customers);
  out.customer_key.resize(customers);
  out.has_value = !log.values().empty();
  const std::vector<Slice> parts = slices(customers, 16 * run.count());
  std::vector<std::size_t> after(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) {
      const Walk walk = walk_of(c);
      out.offsets[c + 1] = walk.steps;
      out.ending[c] = walk.ending.outcome;
      out.ending_time[c] = walk.ending.time;
      out.customer_value[c] = worth(log, c);
      out.customer_key[c] = customer_key(log.ids(), c);
      after[p] += walk.after_outcome;
    }
  });
  out.after_outcome = static_cast<std::int64_t>(std::accumulate(after.begin(), after.end(), std::size_t{0}));
  std::partial_sum(out.offsets.begin(), out.offsets.end(), out.offsets.begin());
  out.steps.resize(out.offsets.back());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c)
      write(c, std::span{out.steps}.subspan(out.offsets[c], out.offsets[c + 1] - out.offsets[c]));
  });
}

/// Leaves out nodes that no step visits.
inline void drop_unvisited(Paths& paths) {
  std::vector<std::uint32_t> number(paths.nodes.size());
  for (const PathStep& step : paths.steps) number[step.node] = 1;
  std::vector<PathNode> kept;
  for (std::size_t n = 0; n < number.size(); ++n) {
    if (number[n] == 0) continue;
    number[n] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(std::move(paths.nodes[n]));
  }
  const bool all = kept.size() == number.size();
  paths.nodes = std::move(kept);
  if (all) return;
  for (PathStep& step : paths.steps) step.node = number[step.node];
}

}  // namespace paths_detail

/// Walks over the moments, stages or owners that matched. A walk stops at the customer's first outcome: occurrences at or after its place are
/// counted as `after_outcome`. Values are of what the observation holds: a step that carries an event of the history has none, and such
/// events add nothing to what a customer is worth. O(occurrences + events).
inline Paths paths(const Matches& matches, PathsBy by = PathsBy::moment, const Run& run = {}) {
  using namespace paths_detail;
  const Journey& journey = *matches.journey;
  const EventLog& log = *matches.log;
  Nodes nodes = by == PathsBy::moment ? by_moment(journey) : by == PathsBy::stage ? by_stage(journey) : by_owner(journey);
  Paths out;
  out.nodes = std::move(nodes.nodes);
  for (const Outcome& outcome : journey.outcomes()) out.outcomes.push_back(outcome.id), out.outcome_names.push_back(label(outcome.name, outcome.id));
  const auto walk_of = [&](std::size_t c) {
    const Ending ending = matches.ending(c);
    const std::span<const Occurrence> all = matches.of_customer(c);
    const auto end =
        !ending.reached() ? all.end() : std::partition_point(all.begin(), all.end(), [&](const Occurrence& o) { return o.place() < ending.place(); });
    return Walk{ending, static_cast<std::size_t>(end - all.begin()), static_cast<std::size_t>(all.end() - end)};
  };
  const auto write = [&](std::size_t c, std::span<PathStep> steps) {
    const std::span<const Occurrence> all = matches.of_customer(c);
    const std::size_t first = first_row(log, c);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const Occurrence& o = all[i];
      const double value = o.event < first ? std::numeric_limits<double>::quiet_NaN() : value_of(log, o.event);
      steps[i] = {nodes.of_moment[o.moment], o.time, value};
    }
  };
  fill_walks(log, run, walk_of, write, out);
  return out;
}

/// An outcome of walks over bare events: its id, and the pattern that it is.
using NamedPattern = std::pair<std::string, Pattern>;

/// Walks over the events of the observation themselves, up to the first of the outcomes; an event that is the outcome is no step. Names that no walk
/// visits are left out. O(events + signals of the outcomes). @throws InvalidInput as `Journey` does for outcomes.
inline Paths paths(const EventLog& log, const std::vector<NamedPattern>& outcomes = {}, const Run& run = {}) {
  using namespace paths_detail;
  Journey::Parts checked;  // outcomes are held to a journey's rules
  checked.stages = {{"events"}};
  checked.moments = {{"event", "events", Pattern::gap(days(1))}};
  Program program{log};
  std::vector<std::uint32_t> compiled;
  Paths out;
  for (const auto& [id, when] : outcomes) checked.outcomes.push_back({id, when});
  const Journey valid{std::move(checked)};
  for (const Outcome& outcome : valid.outcomes()) {
    compiled.push_back(program.add(outcome.when));
    out.outcomes.push_back(outcome.id);
  }
  program.use_index(run);
  for (const std::string& name : log.event_names()) out.nodes.push_back({name, name, ""});
  std::vector<Ending> endings(log.customers());
  const std::vector<Slice> parts = slices(log.customers(), 16 * run.count());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    Workspace work = program.workspace();
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) endings[c] = Ending::still_observed(log.observation(c));
    program.for_each_life(parts[p], work, [&](std::size_t c, const Life& life, EventSet heard) {
      program.evaluate(0, program.size(), heard, life, work);
      endings[c] = first_ending(compiled, life, work);
    });
  });
  const auto walk_of = [&](std::size_t c) {
    const Ending& ending = endings[c];
    const CustomerEvents own = log.customer(c);
    std::size_t last = own.size(), after = 0;
    if (ending.reached()) {
      const auto place = [&](std::size_t i) { return std::tuple{own.times[i], false, std::uint64_t{own.first + i}}; };
      while (last > 0 && place(last - 1) >= ending.place()) after += place(--last) > ending.place();
    }
    return Walk{ending, last - std::min(last, log.history_size(c)), after};
  };
  const auto write = [&](std::size_t c, std::span<PathStep> steps) {
    const CustomerEvents own = log.customer(c);
    const std::size_t first = log.history_size(c);
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = {own.events[first + i], own.times[first + i], value_of(log, own.first + first + i)};
  };
  fill_walks(log, run, walk_of, write, out);
  drop_unvisited(out);
  return out;
}

}  // namespace sojourn
