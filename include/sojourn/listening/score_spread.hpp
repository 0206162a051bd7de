// How answers scatter, with what chance allows: two moments with the same mean are not alike where one of them is good for some and bad for others.
//
// Spread: s = √(n/(n − 1) · (Σwy²/Σw − ȳ²)) of the answers on their own scale, n = Σw; none for n ≤ 1. Draws: the Bayesian bootstrap over customers
// (stats/bayesian_bootstrap.hpp), each with all it said, keyed by (seed, draw, customer's id): cells of one call share the weights, so that what is
// said by the same customers is compared within them. Sums are taken about the cell's mean, voice by voice in one order a draw: threads cannot show.
// Cost: draws · (customers · 2.5 ns + parts · about 1 ns); 16 bytes a cell and draw.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "sojourn/core/stable_hash.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/listening/feedback.hpp"
#include "sojourn/listening/score_cells.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"

namespace sojourn {

struct SpreadOptions {
  std::size_t draws = 1000;
  std::uint64_t seed = 0;
  Run run = {};
};

/// Mean and spread of a cell's answers, in the data and in each draw.
struct CellSpread {
  double mean = 0;
  std::optional<double> spread;  // none for n ≤ 1
  std::size_t customers = 0;     // who scored
  std::vector<double> means, spreads;
};

/// Of the cells that are asked for; in the order asked. @param asked distinct numbers of cells.
inline std::vector<CellSpread> bootstrap_cells(const Feedback& feedback, const ScoreCells& cells, std::span<const std::size_t> asked,
                                               const SpreadOptions& options) {
  if (options.draws < 1 || options.draws > 1'000'000) refuse("draws", std::to_string(options.draws), "a whole number from 1 to 1,000,000");
  struct Part {
    std::size_t customer, cell;
    double weight, answer;  // less the cell's mean
  };
  std::vector<std::size_t> place(cells.size(), SIZE_MAX);
  for (std::size_t i = 0; i < asked.size(); ++i) place[asked[i]] = i;
  std::vector<Part> parts;
  std::vector<ScoreSums> sums(asked.size());
  for (const CellPart& part : cells.parts) {
    if (place[part.cell] == SIZE_MAX || feedback.has_no_score(part.voice) || !(steady_weight(part.weight) > 0)) continue;
    parts.push_back({part.voice, place[part.cell], steady_weight(part.weight), feedback.score[part.voice]});
    sums[place[part.cell]].add(parts.back().answer, part.weight);
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [&](const Part& a, const Part& b) { return feedback.customer[a.customer] < feedback.customer[b.customer]; });
  std::vector<CellSpread> out(asked.size());
  std::vector<double> grow(asked.size());  // n/(n − 1)
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const double n = sums[i].weight();
    if (!(n > 0)) continue;
    out[i].mean = sums[i].mean();
    if (n > 1) grow[i] = n / (n - 1);
  }
  std::vector<double> squares(asked.size());
  const std::vector<Column>& given = feedback.given.columns;
  const Column* ids = given.empty() ? nullptr : &given.front();  // the customers': the first that is read
  std::vector<std::uint64_t> keys;
  std::vector<std::uint32_t> number;  // of the customer of each key
  std::vector<std::size_t> last(asked.size(), SIZE_MAX);
  for (Part& part : parts) {
    const std::size_t voice = part.customer;
    if (number.empty() || number.back() != feedback.customer[voice]) {
      number.push_back(feedback.customer[voice]);
      const auto* words = std::get_if<Strings>(&ids->data);
      keys.push_back(words != nullptr ? stable_hash((*words->words)[words->codes[voice]])
                                      : mix_bits(static_cast<std::uint64_t>(std::get<Ints>(ids->data).values[voice])));
    }
    part.customer = keys.size() - 1;
    part.answer -= out[part.cell].mean;
    squares[part.cell] += part.weight * part.answer * part.answer;
    if (last[part.cell] != part.customer) last[part.cell] = part.customer, ++out[part.cell].customers;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (grow[i] > 0) out[i].spread = std::sqrt(grow[i] * squares[i] / sums[i].weight());
    out[i].means.resize(options.draws);
    out[i].spreads.resize(options.draws);
  }
  parallel_for((options.draws + bootstrap_lanes - 1) / bootstrap_lanes, options.run, [&](std::size_t block) {
    using Lanes = std::array<double, bootstrap_lanes>;
    struct Sums {
      Lanes weight{}, answer{}, square{};
    };
    std::vector<Sums> drawn(asked.size());
    std::array<BootstrapLanes, random_lanes> weights;
    std::size_t p = 0;
    for (std::size_t first = 0; first < keys.size(); first += random_lanes) {
      const std::size_t count = std::min(keys.size() - first, random_lanes);
      bootstrap_weights(options.seed, block, std::span<const std::uint64_t>(keys).subspan(first, count), std::span(weights).first(count));
      for (; p < parts.size() && parts[p].customer < first + count; ++p) {
        const Part& part = parts[p];
        Sums& cell = drawn[part.cell];
        for (std::size_t lane = 0; lane < bootstrap_lanes; ++lane) {
          const double w = part.weight * static_cast<double>(weights[part.customer - first][lane]);
          cell.weight[lane] += w;
          cell.answer[lane] += w * part.answer;
          cell.square[lane] += w * part.answer * part.answer;
        }
      }
    }
    for (std::size_t lane = 0, draw = block * bootstrap_lanes; lane < bootstrap_lanes && draw < options.draws; ++lane, ++draw)
      for (std::size_t i = 0; i < asked.size(); ++i) {
        if (out[i].customers == 0) continue;
        const double weight = drawn[i].weight[lane], mean = drawn[i].answer[lane] / weight;
        out[i].means[draw] = out[i].mean + mean;
        out[i].spreads[draw] = std::sqrt(grow[i] * std::max(0.0, drawn[i].square[lane] / weight - mean * mean));
      }
  });
  return out;
}

}  // namespace sojourn
