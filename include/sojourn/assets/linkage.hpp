// The units of several ledgers in groups: connected components of their links (reconciliation.md §5).
//
// A ledger without links has the groups themselves as its units. Links are partitioned by a hash of the group into parts that fit the
// cache; what a unit has in several groups is joined by union-find. O(links), 16 bytes a link while it runs, 12 a unit in the result.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// Immutable. Groups stand in no particular order, the units of one neither: what is shown must not depend on either.
struct Linkage {
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Unit {
    std::uint32_t ledger, unit;
  };
  std::vector<std::size_t> offsets = {0};      // by group
  std::vector<Unit> units;                     // of group g: offsets[g] … offsets[g + 1] − 1
  std::vector<std::vector<std::uint32_t>> of;  // by ledger and unit: its group, or `none`

  [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
  [[nodiscard]] std::span<const Unit> operator[](std::size_t group) const {
    return {units.data() + offsets[group], offsets[group + 1] - offsets[group]};
  }
};

namespace linkage_detail {

struct Staged {
  std::int64_t label;
  std::uint32_t ledger, unit;
};

/// Strings of all ledgers as integers, equal for equal strings.
class Words {
 public:
  std::int64_t operator()(std::string_view word) {
    return known_.try_emplace(std::string(word), static_cast<std::int64_t>(known_.size())).first->second;
  }

 private:
  std::unordered_map<std::string, std::int64_t> known_;
};

inline void refuse_mixed(const Ledger& strings, const Ledger& integers) {
  throw InvalidInput(integers.name() + ": found integer groups, expected strings as in " + strings.name() +
                     " (groups must have one type in all ledgers)");
}

/// Every link of every ledger.
inline std::vector<Staged> stage(std::span<const Ledger* const> ledgers) {
  std::vector<Staged> out;
  Words labels;
  const Ledger *strings = nullptr, *integers = nullptr;
  for (std::uint32_t l = 0; l < ledgers.size(); ++l) {
    const Ledger& ledger = *ledgers[l];
    const Links* links = ledger.links();
    const std::size_t before = out.size();
    const bool are_strings = links != nullptr ? links->are_strings : ledger.units().are_strings();
    if (links == nullptr) {
      for (std::uint32_t u = 0; u < ledger.units().size(); ++u)
        out.push_back({are_strings ? labels(ledger.units().word(u)) : ledger.units().integer(u), l, u});
    } else {
      std::vector<std::int64_t> of_word;
      if (are_strings)
        for (const std::string& word : *links->words) of_word.push_back(labels(word));
      for (std::uint32_t u = 0; u + 1 < links->offsets.size(); ++u)
        for (std::uint32_t i = links->offsets[u]; i < links->offsets[u + 1]; ++i)
          out.push_back({are_strings ? of_word[static_cast<std::size_t>(links->groups[i])] : links->groups[i], l, u});
    }
    if (out.size() > before) (are_strings ? strings : integers) = &ledger;
  }
  if (strings != nullptr && integers != nullptr) refuse_mixed(*strings, *integers);
  return out;
}

/// Codes 0, 1, … for the labels of one part.
class PartTable {
 public:
  explicit PartTable(std::size_t links) : slots_(std::bit_ceil(2 * links + 2), Slot{0, none}) {}
  std::uint32_t code(std::int64_t label) {
    std::size_t at = ingest_detail::mix(static_cast<std::uint64_t>(label)) & (slots_.size() - 1);
    for (; slots_[at].code != none; at = (at + 1) & (slots_.size() - 1))
      if (slots_[at].label == label) return slots_[at].code;
    slots_[at] = {label, size_};
    return size_++;
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Slot {
    std::int64_t label;
    std::uint32_t code;
  };
  std::vector<Slot> slots_;
  std::uint32_t size_ = 0;
};

class UnionFind {
 public:
  explicit UnionFind(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t find(std::uint32_t x) {
    while (parent_[x] != x) x = parent_[x] = parent_[parent_[x]];
    return x;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a), b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace linkage_detail

/// @throws InvalidInput when the groups of one ledger are strings and those of another integers.
inline Linkage link(std::span<const Ledger* const> ledgers, const Run& run) {
  using namespace linkage_detail;
  std::vector<Staged> links = stage(ledgers);
  const std::size_t wanted = std::clamp<std::size_t>(links.size() >> 13, 1, 2048);
  const auto bits = static_cast<unsigned>(std::bit_width(wanted) - 1);
  const std::size_t parts = std::size_t{1} << bits;
  const auto part_of = [&](std::int64_t label) {
    return bits == 0 ? std::size_t{0} : static_cast<std::size_t>(ingest_detail::mix(static_cast<std::uint64_t>(label)) >> (64 - bits));
  };
  const auto blocks = slices(links.size(), links.size() >> 17);
  std::vector<std::size_t> place(blocks.size() * parts), begin(parts + 1);
  parallel_for(blocks.size(), run, [&](std::size_t b) {
    for (std::size_t i = blocks[b].begin; i < blocks[b].end; ++i) ++place[b * parts + part_of(links[i].label)];
  });
  std::size_t total = 0;
  for (std::size_t p = 0; p < parts; ++p) {
    begin[p] = total;
    for (std::size_t b = 0; b < blocks.size(); ++b) total += std::exchange(place[b * parts + p], total);
  }
  begin[parts] = total;
  Buffer<Staged> staged(links.size());
  parallel_for(blocks.size(), run, [&](std::size_t b) {
    for (std::size_t i = blocks[b].begin; i < blocks[b].end; ++i) staged[place[b * parts + part_of(links[i].label)]++] = links[i];
  });
  links = {};

  // The label becomes the group's code within its part.
  std::vector<std::uint32_t> codes(parts), first(parts + 1);
  parallel_for(parts, run, [&](std::size_t p) {
    PartTable table(begin[p + 1] - begin[p]);
    for (std::size_t i = begin[p]; i < begin[p + 1]; ++i) staged[i].label = table.code(staged[i].label);
    codes[p] = table.size();
  });
  for (std::size_t p = 0; p < parts; ++p) first[p + 1] = first[p] + codes[p];
  const std::uint32_t labels = first[parts];

  Linkage out;
  for (const Ledger* ledger : ledgers) out.of.emplace_back(ledger->units().size(), Linkage::none);
  // A unit's first link gives its group; every further one joins two groups.
  UnionFind joined(labels);
  bool any_joined = false;
  for (std::size_t p = 0; p < parts; ++p)
    for (std::size_t i = begin[p]; i < begin[p + 1]; ++i) {
      const std::uint32_t group = first[p] + static_cast<std::uint32_t>(staged[i].label);
      std::uint32_t& of = out.of[staged[i].ledger][staged[i].unit];
      if (of == Linkage::none) of = group;
      else if (of != group) joined.join(of, group), any_joined = true;
    }
  // Groups in the order in which the first ledger's units meet them: whoever goes through the groups goes through its records in order.
  std::vector<std::uint32_t> number(labels, Linkage::none);
  std::uint32_t groups = 0;
  for (auto& of : out.of)
    for (std::uint32_t& group : of) {
      if (group == Linkage::none) continue;
      std::uint32_t& known = number[any_joined ? joined.find(group) : group];
      if (known == Linkage::none) known = groups++;
      group = known;
    }

  out.offsets.assign(std::size_t{groups} + 1, 0);
  for (const auto& of : out.of)
    for (const std::uint32_t group : of)
      if (group != Linkage::none) ++out.offsets[group + 1];
  for (std::size_t g = 0; g < groups; ++g) out.offsets[g + 1] += out.offsets[g];
  out.units.resize(out.offsets.back());
  std::vector<std::size_t> next(out.offsets.begin(), out.offsets.end() - 1);
  for (std::uint32_t l = 0; l < out.of.size(); ++l)
    for (std::uint32_t u = 0; u < out.of[l].size(); ++u)
      if (out.of[l][u] != Linkage::none) out.units[next[out.of[l][u]]++] = {l, u};
  return out;
}

}  // namespace sojourn
