// Two lists of days paired in order: most pairs within a window, then least total days (reconciliation.md §5).
//
// Dynamic programming over the blocks that gaps wider than the window cut the lists into: O(Σ nₐ n_b), exact. Above `most_cells` a block takes
// the closest pair first instead, O(n log n): whoever asks is told, since such a block hints at a crosswalk that joins too much.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <queue>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

namespace sojourn {

/// One list's entry; lists ascend by day.
struct Aligned {
  std::int32_t day;
  std::uint32_t index;  // the caller's
  bool leading;
};

/// Reuses its memory; one object a thread.
class Aligner {
 public:
  static constexpr std::size_t most_cells = 1'000'000;

  /// Calls pair(index of a, index of b) for every pair. @param one_leads whether one of the two must lead.
  /// @return whether a block was too large to be paired exactly.
  template <class Pair>
  bool align(std::span<const Aligned> a, std::span<const Aligned> b, std::int32_t window, bool one_leads, const Pair& pair) {
    bool too_large = false;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      const std::size_t first_i = i, first_j = j;
      std::int64_t reach = std::min(a[i].day, b[j].day);
      while (true) {
        if (i < a.size() && a[i].day - reach <= window && (j == b.size() || a[i].day <= b[j].day)) reach = a[i++].day;
        else if (j < b.size() && b[j].day - reach <= window) reach = b[j++].day;
        else break;
      }
      const auto left = a.subspan(first_i, i - first_i), right = b.subspan(first_j, j - first_j);
      if (left.empty() || right.empty()) continue;
      if (left.size() * right.size() > most_cells) {
        too_large = true;
        closest_first(left, right, window, one_leads, pair);
      } else {
        exact(left, right, window, one_leads, pair);
      }
    }
    return too_large;
  }

  /// The closest two of different lists, then the closest of the rest, and so on.
  template <class Pair>
  static void closest_first(std::span<const Aligned> a, std::span<const Aligned> b, std::int32_t window, bool one_leads, const Pair& pair) {
    struct Node {
      const Aligned* entry;
      bool of_a;
      std::uint32_t before, after;
    };
    constexpr std::uint32_t none = UINT32_MAX;
    std::vector<Node> line;
    line.reserve(a.size() + b.size());
    for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
      const bool of_a = j == b.size() || (i < a.size() && a[i].day <= b[j].day);
      const auto at = static_cast<std::uint32_t>(line.size());
      line.push_back({of_a ? &a[i++] : &b[j++], of_a, at == 0 ? none : at - 1, at + 1});
    }
    line.back().after = none;
    using Near = std::tuple<std::int32_t, std::uint32_t, std::uint32_t>;
    std::priority_queue<Near, std::vector<Near>, std::greater<>> nearest;
    const auto offer = [&](std::uint32_t x, std::uint32_t y) {
      if (x == none || y == none || line[x].of_a == line[y].of_a) return;
      const std::int32_t days = line[y].entry->day - line[x].entry->day;
      if (days <= window && (!one_leads || line[x].entry->leading || line[y].entry->leading)) nearest.emplace(days, x, y);
    };
    for (std::uint32_t x = 0; x + 1 < line.size(); ++x) offer(x, x + 1);
    while (!nearest.empty()) {
      const auto [days, x, y] = nearest.top();
      nearest.pop();
      if (line[x].after != y || line[y].before != x || line[x].entry == nullptr) continue;  // one of them is taken
      const Node &one = line[x], &other = line[y];
      pair((one.of_a ? one : other).entry->index, (one.of_a ? other : one).entry->index);
      const std::uint32_t before = one.before, after = other.after;
      line[x].entry = line[y].entry = nullptr;
      if (before != none) line[before].after = after;
      if (after != none) line[after].before = before;
      offer(before, after);
    }
  }

 private:
  struct Best {
    std::int32_t pairs = 0;
    std::int64_t days = 0;
    friend bool operator==(const Best&, const Best&) = default;
    [[nodiscard]] bool beats(const Best& other) const { return pairs != other.pairs ? pairs > other.pairs : days < other.days; }
  };

  template <class Pair>
  void exact(std::span<const Aligned> a, std::span<const Aligned> b, std::int32_t window, bool one_leads, const Pair& pair) {
    const std::size_t wide = b.size() + 1;
    best_.assign((a.size() + 1) * wide, Best{});
    const auto at = [&](std::size_t i, std::size_t j) -> Best& { return best_[i * wide + j]; };
    const auto apart = [&](std::size_t i, std::size_t j) { return std::abs(a[i].day - b[j].day); };
    const auto may = [&](std::size_t i, std::size_t j) { return apart(i, j) <= window && (!one_leads || a[i].leading || b[j].leading); };
    const auto paired = [&](std::size_t i, std::size_t j) { return Best{at(i + 1, j + 1).pairs + 1, at(i + 1, j + 1).days + apart(i, j)}; };
    for (std::size_t i = a.size(); i-- > 0;)
      for (std::size_t j = b.size(); j-- > 0;) {
        Best best = at(i + 1, j);
        if (at(i, j + 1).beats(best)) best = at(i, j + 1);
        if (may(i, j) && paired(i, j).beats(best)) best = paired(i, j);
        at(i, j) = best;
      }
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      const Best best = at(i, j);
      if (may(i, j) && paired(i, j) == best) {
        pair(a[i++].index, b[j++].index);
      } else {
        // Of equally good ways on, the one that passes over the earlier entry: it favours neither list, and entries that are too far to
        // be paired with anything decide nothing.
        const bool over_a = at(i + 1, j) == best, over_b = at(i, j + 1) == best;
        if (over_a && (!over_b || a[i].day < b[j].day)) ++i;
        else ++j;
      }
    }
  }

  std::vector<Best> best_;
};

}  // namespace sojourn
