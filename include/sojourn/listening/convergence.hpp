// Do sources tell the same? Place by place, two sources' scores under permutation; and over places, whether they rank them alike.
//
// Convergence, at one place, of sources a and b: the difference of the two weighted mean scores, under the null that through which of the two a
// customer's voices came says nothing of the score. Voices of one customer are not independent, so whole customers are permuted: the voices of one
// customer through one source stay one block (Σw, Σwy). Customers heard there through one of the two exchange sources, as many staying with each;
// of a customer heard through both, the two blocks change places or not, each with probability ½. What came through other sources is not moved.
// p = (1 + permutations with a difference as large, either way) / (1 + permutations) (Phipson & Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9).
//
// Agreement, over places: Spearman's rank correlation of the two sources' scores (ties: mean ranks) at the places where both have one, under
// permutation of the places; p likewise. A place counts once, whatever it rests on.
//
// Holm (1979, Scand. J. Statist. 6) over all tests of a table, valid however they depend on each other. Random numbers are a function of seed,
// permutation and customer (or place): neither order nor threads show. Scores are plain means (NPS without the three added voices of the adjusted
// score, which would part two equal sources of unequal size).
// Cost: O(permutations · Σ over tests of customers) time, O(customers) a thread.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/random.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/places.hpp"
#include "sojourn/listening/voice_customers.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

struct PermutationOptions {
  PlaceBy by = PlaceBy::stage;
  std::size_t permutations = 2000;
  std::uint64_t seed = 0;
  Run run = {};
};

/// Two sources at a place; what rests on no voice is missing.
struct SourcePair {
  std::size_t place, a, b;
  double n_a = 0, n_b = 0;  // weights of scored voices
  std::optional<double> score_a = {}, score_b = {}, p = {}, p_adjusted = {};
};

/// Two sources over the places where both have a score; without a correlation if they are under three, or one scores all alike.
struct SourceAgreement {
  std::size_t a, b;
  std::int64_t places = 0;
  std::optional<double> correlation = {}, p = {}, p_adjusted = {};
};

namespace convergence_detail {

/// What a customer said of a place through a source.
struct Block {
  std::uint32_t customer;  // numbered by ascending key
  double weight = 0, sum = 0;
};

struct Both {
  std::uint32_t customer;
  double weight_a, sum_a, weight_b, sum_b;
};

/// One source against another at one place.
struct Test {
  std::size_t row;
  std::vector<Block> singles;  // of customers heard through one of the two
  std::size_t of_a = 0;        // how many of them through a
  std::vector<Both> both;
  double weight = 0, sum = 0;  // of all blocks
  double threshold = 0;        // a difference at least as large as what was found
};

struct Blocks {
  std::vector<std::uint64_t> keys;     // of customers, ascending
  std::vector<std::vector<Block>> of;  // place · sources + source, by customer
};

inline Blocks blocks(const Attribution& attribution, const Places& places) {
  const Feedback& feedback = *attribution.feedback;
  const std::size_t sources = feedback.sources.size();
  const std::vector<std::uint64_t> key = customer_keys(feedback);
  Blocks out;
  out.keys = key;
  std::sort(out.keys.begin(), out.keys.end());
  out.keys.erase(std::unique(out.keys.begin(), out.keys.end()), out.keys.end());
  out.of.resize(places.ids.size() * sources);
  struct Said {
    std::size_t cell;
    std::uint32_t customer;
    double weight, mark;
  };
  std::vector<Said> said;
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    if (feedback.has_no_score(v)) continue;
    const auto customer = static_cast<std::uint32_t>(std::lower_bound(out.keys.begin(), out.keys.end(), key[v]) - out.keys.begin());
    const double mark = score_mark(feedback.scale, feedback.score[v]);
    for (const VoiceShare& share : attribution.of_voice(v))
      if (const double weight = steady_weight(share.weight); weight > 0)
        said.push_back(
            {places.of_moment[attribution.matches->occurrences[share.occurrence].moment] * sources + feedback.source[v], customer, weight, mark});
  }
  std::sort(said.begin(), said.end(), [](const Said& x, const Said& y) { return std::tie(x.cell, x.customer) < std::tie(y.cell, y.customer); });
  for (std::size_t i = 0, end = 0; i < said.size(); i = end) {
    ExactSum weight, sum;
    for (; end < said.size() && said[end].cell == said[i].cell && said[end].customer == said[i].customer; ++end) {
      weight.add(said[end].weight);
      sum.add(said[end].weight * said[end].mark);
    }
    out.of[said[i].cell].push_back({said[i].customer, weight.value(), sum.value()});
  }
  return out;
}

inline Test make_test(std::size_t row, std::span<const Block> a, std::span<const Block> b) {
  Test out{row, {}, 0, {}, 0, 0, 0};
  double weight_a = 0, sum_a = 0;
  auto i = a.begin();
  auto j = b.begin();
  const auto single = [&](const Block& block, bool of_a) {
    out.singles.push_back(block);
    out.of_a += of_a ? 1 : 0;
  };
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->customer < j->customer)) single(*i++, true);
    else if (i == a.end() || j->customer < i->customer) single(*j++, false);
    else {
      out.both.push_back({i->customer, i->weight, i->sum, j->weight, j->sum});
      ++i, ++j;
    }
  }
  for (const Block& block : a) weight_a += block.weight, sum_a += block.sum;
  out.weight = weight_a, out.sum = sum_a;
  for (const Block& block : b) out.weight += block.weight, out.sum += block.sum;
  const double mean_a = sum_a / weight_a, mean_b = (out.sum - sum_a) / (out.weight - weight_a);
  // A hair less: the same difference, summed in another order, is as large.
  out.threshold = std::fabs(mean_a - mean_b) - 1e-9 * std::max({1.0, std::fabs(mean_a), std::fabs(mean_b)});
  return out;
}

/// A customer's random numbers in one permutation.
struct Chance {
  std::uint64_t place_in_line, coin;
};

/// Whether the permuted difference is as large. @param line to work in.
inline bool as_large(const Test& test, std::span<const Chance> chance, std::vector<std::uint64_t>& line) {
  double weight = 0, sum = 0;  // of a
  if (test.of_a > 0) {
    // The first `of_a` customers in line go to a.
    line.clear();
    for (const Block& block : test.singles) line.push_back(chance[block.customer].place_in_line);
    const auto last = line.begin() + static_cast<std::ptrdiff_t>(test.of_a - 1);
    std::nth_element(line.begin(), last, line.end());
    const std::uint64_t end = *last;
    for (const Block& block : test.singles) {
      const bool goes_to_a = chance[block.customer].place_in_line <= end;
      weight += goes_to_a ? block.weight : 0;
      sum += goes_to_a ? block.sum : 0;
    }
  }
  for (const Both& two : test.both) {
    const bool stays = (chance[two.customer].coin & 1) == 0;
    weight += stays ? two.weight_a : two.weight_b;
    sum += stays ? two.sum_a : two.sum_b;
  }
  return std::fabs(sum / weight - (test.sum - sum) / (test.weight - weight)) >= test.threshold;
}

/// Holm's step-down over the tests that have a p.
template <class Row>
void adjust(std::vector<Row>& rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].p) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return *rows[i].p < *rows[j].p; });
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - k) * *rows[order[k]].p));
    rows[order[k]].p_adjusted = largest;
  }
}

inline double share(std::size_t hits, std::size_t permutations) { return static_cast<double>(hits + 1) / static_cast<double>(permutations + 1); }

/// Ranks from 1; ties share their mean rank.
inline std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] < values[j]; });
  std::vector<double> out(values.size());
  for (std::size_t i = 0, end = 0; i < order.size(); i = end) {
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) out[order[k]] = static_cast<double>(i + 1 + end) / 2;
  }
  return out;
}

/// Scores that differ by rounding only tie.
inline double settled(double score) { return std::round(score * 1e9) / 1e9; }

}  // namespace convergence_detail

/// A row a place and pair of sources, in the order of the journey and of the sources. @throws InvalidInput for no permutations.
inline std::vector<SourcePair> convergence(const Attribution& attribution, const PermutationOptions& options = {}) {
  using namespace convergence_detail;
  if (options.permutations == 0) refuse("permutations", "0", "at least 1");
  const Places where = places(*attribution.matches->journey, options.by);
  const std::size_t sources = attribution.feedback->sources.size();
  const double unit = attribution.feedback->scale == ScoreScale::nps ? 100 : 1;
  const Blocks all = blocks(attribution, where);

  std::vector<SourcePair> rows;
  std::vector<Test> tests;
  for (std::size_t place = 0; place < where.ids.size(); ++place)
    for (std::size_t a = 0; a < sources; ++a)
      for (std::size_t b = a + 1; b < sources; ++b) {
        SourcePair row{place, a, b};
        const auto mean = [&](const std::vector<Block>& cell, double& n) -> std::optional<double> {
          double sum = 0;
          for (const Block& block : cell) n += block.weight, sum += block.sum;
          return cell.empty() ? std::nullopt : std::optional{unit * sum / n};
        };
        const auto &of_a = all.of[place * sources + a], &of_b = all.of[place * sources + b];
        row.score_a = mean(of_a, row.n_a);
        row.score_b = mean(of_b, row.n_b);
        if (row.score_a && row.score_b) tests.push_back(make_test(rows.size(), of_a, of_b));
        rows.push_back(row);
      }
  if (tests.empty()) return rows;

  const std::vector<Slice> parts = slices(options.permutations, 8 * options.run.count());
  std::vector<std::vector<std::size_t>> hits(parts.size(), std::vector<std::size_t>(tests.size()));
  parallel_for(parts.size(), options.run, [&](std::size_t part) {
    std::vector<Chance> chance(all.keys.size());
    std::vector<std::uint64_t> line;
    for (std::size_t permutation = parts[part].begin; permutation < parts[part].end; ++permutation) {
      for (std::size_t c = 0; c < chance.size(); ++c) {
        const auto [first, second] = random_pair(options.seed, permutation, all.keys[c]);
        chance[c] = {first, second};
      }
      for (std::size_t t = 0; t < tests.size(); ++t) hits[part][t] += as_large(tests[t], chance, line) ? 1 : 0;
    }
  });
  for (std::size_t t = 0; t < tests.size(); ++t) {
    std::size_t found = 0;
    for (const auto& of_part : hits) found += of_part[t];
    rows[tests[t].row].p = share(found, options.permutations);
  }
  adjust(rows);
  return rows;
}

/// A row a pair of sources. @throws InvalidInput for no permutations.
inline std::vector<SourceAgreement> agreement(const Attribution& attribution, const PermutationOptions& options = {}) {
  using namespace convergence_detail;
  if (options.permutations == 0) refuse("permutations", "0", "at least 1");
  const Places where = places(*attribution.matches->journey, options.by);
  const std::size_t sources = attribution.feedback->sources.size();
  const Blocks all = blocks(attribution, where);
  std::vector<std::optional<double>> scores;
  for (const auto& cell : all.of) {
    double weight = 0, sum = 0;
    for (const Block& block : cell) weight += block.weight, sum += block.sum;
    scores.push_back(cell.empty() ? std::nullopt : std::optional{settled(sum / weight)});
  }
  std::vector<SourceAgreement> rows;
  for (std::size_t a = 0; a < sources; ++a)
    for (std::size_t b = a + 1; b < sources; ++b) {
      std::vector<double> x, y;
      std::vector<std::uint64_t> keys;
      for (std::size_t place = 0; place < where.ids.size(); ++place) {
        const auto &of_a = scores[place * sources + a], &of_b = scores[place * sources + b];
        if (!of_a || !of_b) continue;
        x.push_back(*of_a);
        y.push_back(*of_b);
        keys.push_back(stable_hash(where.ids[place]));
      }
      const std::size_t n = x.size();
      SourceAgreement row{a, b, static_cast<std::int64_t>(n)};
      x = ranks(x);
      y = ranks(y);
      const double middle = (static_cast<double>(n) + 1) / 2;
      double xx = 0, yy = 0;
      for (std::size_t i = 0; i < n; ++i) xx += (x[i] - middle) * (x[i] - middle), yy += (y[i] - middle) * (y[i] - middle);
      if (n >= 3 && xx > 0 && yy > 0) {
        std::vector<std::size_t> order(n);
        std::iota(order.begin(), order.end(), std::size_t{0});
        const auto product = [&] {
          double xy = 0;
          for (std::size_t i = 0; i < n; ++i) xy += (x[i] - middle) * (y[order[i]] - middle);
          return xy;
        };
        const double found = product();
        std::size_t hits = 0;
        std::vector<std::uint64_t> line(n);
        for (std::size_t permutation = 0; permutation < options.permutations; ++permutation) {
          for (std::size_t i = 0; i < n; ++i) line[i] = random_pair(options.seed, permutation, keys[i])[0];
          std::iota(order.begin(), order.end(), std::size_t{0});
          std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return line[i] < line[j]; });
          hits += std::fabs(product()) >= std::fabs(found) - 1e-9 ? 1 : 0;
        }
        row.correlation = found / std::sqrt(xx * yy);
        row.p = share(hits, options.permutations);
      }
      rows.push_back(row);
    }
  adjust(rows);
  return rows;
}

}  // namespace sojourn
