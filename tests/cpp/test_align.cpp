// Alignment of two lists of days against all order-preserving pairings; closest first against a search of all pairs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <utility>
#include <vector>

#include "sojourn/assets/align.hpp"

using sojourn::Aligned;
using sojourn::Aligner;

namespace {

/// Whole numbers below a bound, the same on every machine.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}
  std::uint32_t below(std::uint64_t bound) { return static_cast<std::uint32_t>(bits_() % bound); }

 private:
  std::mt19937_64 bits_;
};

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct Best {
  int pairs = 0;
  std::int64_t days = 0;
};

bool may(const Aligned& a, const Aligned& b, std::int32_t window, bool one_leads) {
  return std::abs(a.day - b.day) <= window && (!one_leads || a.leading || b.leading);
}

/// Every way to pair the rest, tried.
Best search(const std::vector<Aligned>& a, const std::vector<Aligned>& b, std::size_t i, std::size_t j, std::int32_t window, bool one_leads) {
  if (i == a.size() || j == b.size()) return {};
  const auto better = [](Best x, Best y) { return x.pairs != y.pairs ? (x.pairs > y.pairs ? x : y) : (x.days <= y.days ? x : y); };
  Best best = better(search(a, b, i + 1, j, window, one_leads), search(a, b, i, j + 1, window, one_leads));
  if (may(a[i], b[j], window, one_leads)) {
    Best with = search(a, b, i + 1, j + 1, window, one_leads);
    best = better(best, {with.pairs + 1, with.days + std::abs(a[i].day - b[j].day)});
  }
  return best;
}

std::vector<Aligned> days(Draw& random, std::size_t most, std::uint64_t span) {
  std::vector<Aligned> out(random.below(most + 1));
  for (Aligned& entry : out) entry = {static_cast<std::int32_t>(random.below(span)), 0, random.below(2) == 0};
  std::sort(out.begin(), out.end(), [](const Aligned& x, const Aligned& y) { return x.day < y.day; });
  for (std::uint32_t i = 0; i < out.size(); ++i) out[i].index = i;
  return out;
}

Pairs aligned(const std::vector<Aligned>& a, const std::vector<Aligned>& b, std::int32_t window, bool one_leads) {
  Aligner aligner;
  Pairs out;
  CHECK_FALSE(aligner.align(a, b, window, one_leads, [&](std::uint32_t i, std::uint32_t j) { out.emplace_back(i, j); }));
  return out;
}

}  // namespace

TEST_CASE("an alignment has most pairs, then fewest days, in order and within the window") {
  Draw random(11);
  for (int world = 0; world < 3000; ++world) {
    const auto a = days(random, 6, 60), b = days(random, 6, 60);
    const auto window = static_cast<std::int32_t>(random.below(25));
    const bool one_leads = random.below(2) == 0;
    const Pairs pairs = aligned(a, b, window, one_leads);
    Best found{static_cast<int>(pairs.size()), 0};
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      const auto [i, j] = pairs[p];
      CHECK(may(a[i], b[j], window, one_leads));
      if (p > 0) CHECK((pairs[p - 1].first < i && pairs[p - 1].second < j));
      found.days += std::abs(a[i].day - b[j].day);
    }
    const Best best = search(a, b, 0, 0, window, one_leads);
    CHECK(found.pairs == best.pairs);
    CHECK(found.days == best.days);
  }
}

TEST_CASE("an alignment is the same from either side") {
  Draw random(12);
  for (int world = 0; world < 3000; ++world) {
    const auto a = days(random, 8, 80);
    auto b = days(random, 8, 80);
    // Entries of one day are paired before the window is looked at: here no day stands in both lists.
    std::erase_if(b, [&](const Aligned& x) { return std::any_of(a.begin(), a.end(), [&](const Aligned& y) { return x.day == y.day; }); });
    for (std::uint32_t i = 0; i < b.size(); ++i) b[i].index = i;
    Pairs swapped = aligned(b, a, 20, false);
    for (auto& [i, j] : swapped) std::swap(i, j);
    CHECK(aligned(a, b, 20, false) == swapped);
  }
}

TEST_CASE("entries too far to be paired decide nothing") {
  Draw random(13);
  for (int world = 0; world < 2000; ++world) {
    const auto a = days(random, 6, 60), b = days(random, 6, 60);
    auto more = b;
    more.insert(more.begin(), {-1000, 99, true});
    auto far = a;
    far.push_back({5000, 99, true});
    CHECK(aligned(far, more, 15, false) == aligned(a, b, 15, false));
  }
}

TEST_CASE("closest first takes the closest pair, then the closest of the rest") {
  Draw random(14);
  for (int world = 0; world < 2000; ++world) {
    // All distances differ: then there is one answer.
    std::vector<Aligned> a, b;
    std::int32_t at = 0;
    for (std::int32_t step = 0; step < 8; ++step) {
      at += 1 << random.below(10);
      auto& list = random.below(2) == 0 ? a : b;
      list.push_back({at + step * 3000, static_cast<std::uint32_t>(list.size()), true});
    }
    Pairs found;
    const std::int32_t window = 7000;
    Aligner::closest_first(a, b, window, false, [&](std::uint32_t i, std::uint32_t j) { found.emplace_back(i, j); });
    std::vector<char> used_a(a.size()), used_b(b.size());
    Pairs expected;
    while (true) {
      std::int32_t least = window + 1;
      std::pair<std::uint32_t, std::uint32_t> best;
      for (const Aligned& x : a)
        for (const Aligned& y : b)
          if (!used_a[x.index] && !used_b[y.index] && std::abs(x.day - y.day) < least) least = std::abs(x.day - y.day), best = {x.index, y.index};
      if (least > window) break;
      used_a[best.first] = used_b[best.second] = 1;
      expected.push_back(best);
    }
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    CHECK(found == expected);
  }
}

TEST_CASE("a block beyond a million pairs takes the closest first, and says so") {
  std::vector<Aligned> a, b;
  for (std::uint32_t i = 0; i < 1200; ++i)
    a.push_back({static_cast<std::int32_t>(i), i, false}), b.push_back({static_cast<std::int32_t>(i), i, false});
  Aligner aligner;
  std::size_t pairs = 0, same = 0;
  CHECK(aligner.align(a, b, 30, false, [&](std::uint32_t i, std::uint32_t j) { ++pairs, same += i == j; }));
  CHECK(pairs == 1200);
  CHECK(same == 1200);
}
