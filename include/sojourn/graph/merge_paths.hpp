// The walks of two sets of customers together. The graph of the merged paths equals, bit for bit, the graph of all customers at once,
// whatever the order: counts and exact sums do not know it, and random numbers are keyed by customer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

namespace merge_paths_detail {

/// @throws InvalidInput with the first node, outcome or name that is not the same in both.
inline void check_alike(const Paths& a, const Paths& b) {
  const auto same = [](const char* what, const std::vector<std::string>& x, const std::vector<std::string>& y) {
    const auto name = [](const std::vector<std::string>& all, std::size_t i) { return i < all.size() ? "'" + all[i] + "'" : "none"; };
    for (std::size_t i = 0; i < std::max(x.size(), y.size()); ++i)
      if (name(x, i) != name(y, i))
        refuse("second graph, " + std::string(what) + " number " + std::to_string(i), name(y, i),
               name(x, i) + ", as in the first (graphs of one journey)");
  };
  const auto words = [](const Paths& paths, std::string PathNode::* word) {
    std::vector<std::string> out;
    for (const PathNode& node : paths.nodes) out.push_back(node.*word);
    return out;
  };
  same("node", words(a, &PathNode::id), words(b, &PathNode::id));
  same("name of node", words(a, &PathNode::name), words(b, &PathNode::name));
  same("stage of node", words(a, &PathNode::stage), words(b, &PathNode::stage));
  same("owner of node", words(a, &PathNode::owner), words(b, &PathNode::owner));
  same("outcome", a.outcomes, b.outcomes);
  same("name of outcome", a.outcome_names, b.outcome_names);
  if (a.has_value != b.has_value)
    refuse("second graph", b.has_value ? "values" : "no values", a.has_value ? "values, as in the first" : "none, as in the first");
}

/// @throws InvalidInput with the first customer that both have, and how many there are. Walks keep no ids.
inline void check_disjoint(const Paths& a, const Paths& b) {
  const std::unordered_set<std::uint64_t> known(a.customer_key.begin(), a.customer_key.end());
  const auto shared = [&](std::uint64_t key) { return known.contains(key); };
  const auto first = std::find_if(b.customer_key.begin(), b.customer_key.end(), shared);
  if (first == b.customer_key.end()) return;
  const auto both = std::count_if(first, b.customer_key.end(), shared);
  refuse("second graph, customer number " + std::to_string(first - b.customer_key.begin()),
         "a customer of the first graph too (" + std::to_string(both) + " in all)", "customers that the first does not have");
}

}  // namespace merge_paths_detail

/// Customers of `a`, then those of `b`. O(steps).
/// @throws InvalidInput when nodes, outcomes or having values differ, or a customer is in both.
inline Paths merge(const Paths& a, const Paths& b) {
  merge_paths_detail::check_alike(a, b);
  merge_paths_detail::check_disjoint(a, b);
  Paths out = a;
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (std::size_t c = 1; c < b.offsets.size(); ++c) out.offsets.push_back(a.steps.size() + b.offsets[c]);
  add(out.steps, b.steps);
  add(out.ending, b.ending);
  add(out.ending_time, b.ending_time);
  add(out.customer_value, b.customer_value);
  add(out.customer_key, b.customer_key);
  out.after_outcome += b.after_outcome;
  return out;
}

/// Walks over bare events, whose nodes are the names that these customers visited, as walks over the names that either visited.
inline Paths over_names_of_both(Paths paths, const Paths& other) {
  std::vector<PathNode> all = paths.nodes;
  all.insert(all.end(), other.nodes.begin(), other.nodes.end());
  const auto by_id = [](const PathNode& x, const PathNode& y) { return x.id < y.id; };
  std::sort(all.begin(), all.end(), by_id);
  all.erase(std::unique(all.begin(), all.end(), [](const PathNode& x, const PathNode& y) { return x.id == y.id; }), all.end());
  std::vector<std::uint32_t> number;
  for (const PathNode& node : paths.nodes)
    number.push_back(static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), node, by_id) - all.begin()));
  for (PathStep& step : paths.steps) step.node = number[step.node];
  paths.nodes = std::move(all);
  return paths;
}

/// The graph of the customers of both. @throws InvalidInput as `merge` of paths does.
inline JourneyGraph merge(const JourneyGraph& a, const JourneyGraph& b, const Run& run = {}) {
  return JourneyGraph{std::make_shared<const Paths>(merge(a.paths(), b.paths())), run};
}

}  // namespace sojourn
