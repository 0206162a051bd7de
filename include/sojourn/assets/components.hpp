// Large groups of units, each with the one link that holds two large parts of it together: where a crosswalk joins too much.
//
// A link is such a cut when no other path connects its two ends (a bridge of the graph of units and groups; Tarjan 1974, "A note on finding the
// bridges of a graph"). Of several the one that splits the units most evenly is named. O(units + links) of the groups looked at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/linkage.hpp"

namespace sojourn {

struct LargeGroup {
  std::size_t units = 0, labels = 0;   // a label is a group's own id
  std::uint32_t ledger = 0, unit = 0;  // its first unit, by ledger and id
  struct Cut {
    std::uint32_t ledger = 0, unit = 0;
    std::string label;
    std::size_t units = 0;  // on the smaller side
  };
  std::optional<Cut> cut;  // none: every two parts are held together by more than one link
};

namespace components_detail {

/// Nodes 0 … units − 1 are units, the rest labels.
struct Graph {
  struct Edge {
    std::uint32_t to, link;  // number of the link, one for both directions
  };
  std::vector<std::vector<Edge>> edges;
  std::size_t units = 0;
};

/// The cut link that splits the units most evenly: its number and the units on its smaller side. Links are tried in order.
inline std::optional<std::pair<std::uint32_t, std::size_t>> best_cut(const Graph& graph) {
  struct Frame {
    std::uint32_t node, through;
    std::size_t next = 0;
  };
  constexpr std::uint32_t none = UINT32_MAX;
  std::vector<std::uint32_t> entered(graph.edges.size(), none), lowest(graph.edges.size());
  std::vector<std::size_t> below(graph.edges.size());
  std::vector<Frame> path = {{0, none}};
  std::uint32_t clock = 0;
  std::optional<std::pair<std::uint32_t, std::size_t>> best;
  entered[0] = lowest[0] = clock++;
  below[0] = graph.units > 0 ? 1 : 0;
  while (!path.empty()) {
    Frame& at = path.back();
    if (at.next < graph.edges[at.node].size()) {
      const Graph::Edge edge = graph.edges[at.node][at.next++];
      if (edge.link == at.through) continue;
      if (entered[edge.to] != none) {
        lowest[at.node] = std::min(lowest[at.node], entered[edge.to]);
        continue;
      }
      entered[edge.to] = lowest[edge.to] = clock++;
      below[edge.to] = edge.to < graph.units ? 1 : 0;
      path.push_back({edge.to, edge.link});
      continue;
    }
    const Frame done = at;
    path.pop_back();
    if (path.empty()) break;
    const std::uint32_t parent = path.back().node;
    lowest[parent] = std::min(lowest[parent], lowest[done.node]);
    below[parent] += below[done.node];
    if (lowest[done.node] <= entered[parent]) continue;
    const std::size_t side = std::min(below[done.node], graph.units - below[done.node]);
    if (side > 0 && (!best || side > best->second || (side == best->second && done.through < best->first))) best = {done.through, side};
  }
  return best;
}

}  // namespace components_detail

/// The ids that a ledger's units had before groups were counted.
inline const UnitIds& ids_of(const Ledger& ledger) { return ledger.unmerged() != nullptr ? ledger.unmerged()->ids : ledger.units(); }

/// Groups of at least `least` units, the largest first. @param linkage of these ledgers.
inline std::vector<LargeGroup> large_groups(std::span<const Ledger* const> ledgers, const Linkage& linkage, std::size_t least) {
  using namespace components_detail;
  std::vector<LargeGroup> out;
  for (std::size_t g = 0; g < linkage.size(); ++g) {
    std::vector<Linkage::Unit> units;
    for (const Linkage::Unit& customer : linkage[g]) {
      const Ledger::Unmerged* before = ledgers[customer.ledger]->unmerged();
      if (before == nullptr) units.push_back(customer);
      else
        for (const std::uint32_t unit : before->units[customer.unit]) units.push_back({customer.ledger, unit});
    }
    if (units.size() < least) continue;
    std::sort(units.begin(), units.end(), [&](const Linkage::Unit& a, const Linkage::Unit& b) {
      return a.ledger != b.ledger ? a.ledger < b.ledger : ids_of(*ledgers[a.ledger]).compare(a.unit, b.unit) < 0;
    });
    Graph graph{std::vector<std::vector<Graph::Edge>>(units.size()), units.size()};
    std::map<std::string, std::uint32_t> nodes;
    std::vector<std::pair<std::uint32_t, std::string>> links;  // number of the unit, label
    for (std::uint32_t u = 0; u < units.size(); ++u) {
      const Ledger& ledger = *ledgers[units[u].ledger];
      const Links* own = ledger.unmerged() != nullptr ? &ledger.unmerged()->links : ledger.links();
      const auto tie = [&](const std::string& label) {
        const auto [node, is_new] = nodes.emplace(label, static_cast<std::uint32_t>(graph.edges.size()));
        if (is_new) graph.edges.emplace_back();
        const auto number = static_cast<std::uint32_t>(links.size());
        links.emplace_back(u, label);
        graph.edges[u].push_back({node->second, number});
        graph.edges[node->second].push_back({u, number});
      };
      if (own == nullptr) {
        tie(ids_of(ledger).plain(units[u].unit));
        continue;
      }
      for (std::uint32_t i = own->offsets[units[u].unit]; i < own->offsets[units[u].unit + 1]; ++i) tie(own->text(i));
    }
    LargeGroup large{units.size(), nodes.size(), units.front().ledger, units.front().unit, {}};
    if (const auto cut = best_cut(graph)) {
      const auto& [u, label] = links[cut->first];
      large.cut = LargeGroup::Cut{units[u].ledger, units[u].unit, label, cut->second};
    }
    out.push_back(std::move(large));
  }
  std::sort(out.begin(), out.end(), [&](const LargeGroup& a, const LargeGroup& b) {
    if (a.units != b.units) return a.units > b.units;
    return a.ledger != b.ledger ? a.ledger < b.ledger : ids_of(*ledgers[a.ledger]).compare(a.unit, b.unit) < 0;
  });
  return out;
}

}  // namespace sojourn
