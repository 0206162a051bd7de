// The walks of two sets of customers together. The graph of the merged paths equals, bit for bit, the graph of all customers at once,
// whatever the order: counts and exact sums do not know it, and random numbers are keyed by customer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

/// Customers of `a`, then those of `b`. O(steps).
/// @throws InvalidInput when nodes, outcomes or having values differ, or a customer is in both.
inline Paths merge(const Paths& a, const Paths& b) {
  const auto same_node = [](const PathNode& x, const PathNode& y) {
    return x.id == y.id && x.name == y.name && x.stage == y.stage && x.owner == y.owner;
  };
  if (!std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same_node) || a.outcomes != b.outcomes)
    refuse("merging journey graphs", "different nodes or outcomes", "graphs of one journey");
  if (a.has_value != b.has_value) refuse("merging journey graphs", "values in only one of them", "values in both or neither");
  const std::unordered_set<std::uint64_t> known(a.customer_key.begin(), a.customer_key.end());
  for (std::size_t c = 0; c < b.customer_key.size(); ++c)
    if (known.contains(b.customer_key[c]))
      refuse("merging journey graphs, second graph, customer number " + std::to_string(c), "a customer of the first", "disjoint customers");

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

}  // namespace sojourn
