// How sure the model is: it is fitted again under the Bayesian bootstrap of the customers (stats/bayesian_bootstrap.hpp), each time from a start of
// its own. Starting where the fit ended would pretend that its way was the only one.
//   voices  what the moment's rates bring over the occurrences that were heard; the same customers, other weights
//   score   of the voices by the new posterior and weights; half a voice of each class (promoters, passives, detractors; or satisfied and not) is
//           added, each with a random weight of its own (Jeffreys's prior), so that few or equal answers do not pretend certainty
// Two moments are inseparable when what one gains the other loses: the sum of their voices is less than half as uncertain as either of them.
// Cost: a fit a draw; draws are independent, so that threads cannot show.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/core/random.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/stats/bayesian_bootstrap.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

struct RefitOptions {
  std::size_t draws = 200;
  std::uint64_t seed = 0;
  Run run = {};
};

/// Figures of each moment in each draw: draw d's of moment m at d · moments + m. NaN: none.
struct Refits {
  std::size_t moments = 0, draws = 0;
  std::vector<double> voices, score;

  /// One figure's interval, from its quantiles; none where a draw has no figure.
  [[nodiscard]] std::optional<Interval> interval(const std::vector<double>& figures, std::size_t moment, double confidence) const {
    return interval_of([&](std::size_t d) { return figures[d * moments + moment]; }, confidence);
  }
  /// The interval of the sum of two moments' voices.
  [[nodiscard]] std::optional<Interval> interval_of_sum(std::size_t a, std::size_t b, double confidence) const {
    return interval_of([&](std::size_t d) { return voices[d * moments + a] + voices[d * moments + b]; }, confidence);
  }

  /// Whether the voices of two moments cannot be told apart.
  [[nodiscard]] bool inseparable(std::size_t a, std::size_t b) const {
    const double apart_a = deviation([&](std::size_t d) { return voices[d * moments + a]; });
    const double apart_b = deviation([&](std::size_t d) { return voices[d * moments + b]; });
    const double together = deviation([&](std::size_t d) { return voices[d * moments + a] + voices[d * moments + b]; });
    return together < 0.5 * std::min(apart_a, apart_b);
  }

 private:
  template <class Figure>
  [[nodiscard]] std::optional<Interval> interval_of(const Figure& figure, double confidence) const {
    std::vector<double> sorted;
    for (std::size_t d = 0; d < draws; ++d) {
      if (std::isnan(figure(d))) return std::nullopt;
      sorted.push_back(figure(d));
    }
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](double p) {  // linear between order statistics
      const double at = p * static_cast<double>(sorted.size() - 1);
      const auto i = std::min(static_cast<std::size_t>(at), sorted.size() - 1);
      const std::size_t j = std::min(i + 1, sorted.size() - 1);
      return sorted[i] + (at - static_cast<double>(i)) * (sorted[j] - sorted[i]);
    };
    return Interval{quantile((1 - confidence) / 2), quantile((1 + confidence) / 2)};
  }
  template <class Figure>
  [[nodiscard]] double deviation(const Figure& figure) const {
    double sum = 0, squares = 0;
    for (std::size_t d = 0; d < draws; ++d) sum += figure(d);
    for (std::size_t d = 0; d < draws; ++d) squares += std::pow(figure(d) - sum / static_cast<double>(draws), 2);
    return std::sqrt(squares / static_cast<double>(draws));
  }
};

namespace refits_detail {

/// Customers' weights of one draw, as whole multiples of 2⁻³².
inline std::vector<double> draw_weights(const std::vector<std::uint64_t>& keys, std::uint64_t seed, std::size_t draw) {
  std::vector<double> out(keys.size());
  constexpr std::size_t at_once = 1024;
  std::vector<BootstrapLanes> lanes(at_once);
  for (std::size_t first = 0; first < keys.size(); first += at_once) {
    const std::size_t n = std::min(at_once, keys.size() - first);
    bootstrap_weights(seed, draw / bootstrap_lanes, std::span(keys).subspan(first, n), std::span(lanes).first(n));
    for (std::size_t i = 0; i < n; ++i) out[first + i] = std::ldexp(static_cast<double>(lanes[i][draw % bootstrap_lanes]), -32);
  }
  return out;
}

/// Scores of all voices, fitted or not, under a draw's model and weights.
inline void score_moments(const Declustering& model, const DeclusteringModel& drawn, std::span<const double> weight, std::uint64_t seed,
                          std::size_t draw, std::span<double> out) {
  const DeclusteringData& data = model.data;
  const Feedback& feedback = *data.feedback;
  const declustering_detail::Intensities intensities(data, drawn);
  struct Sums {
    double weight = 0, marks = 0;
  };
  std::vector<Sums> sums(out.size());
  std::vector<double> parts;
  for (std::size_t v = 0; v < data.voices.size(); ++v) {
    if (feedback.has_no_score(v) || feedback.is_other(v) || data.offsets[v] == data.offsets[v + 1]) continue;
    double all = intensities.parts(v, parts);
    for (const double x : parts) all += x;
    if (!(all > 0)) continue;
    const double mark = score_mark(feedback.scale, feedback.score[v]), scale = weight[data.voices[v].customer] / all;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      Sums& s = sums[data.causes.moment(data.pairs[data.offsets[v] + k].cause)];
      s.weight += parts[k] * scale;
      s.marks += parts[k] * scale * mark;
    }
  }
  for (std::size_t m = 0; m < out.size(); ++m) {
    const auto added = [&](std::uint64_t which, double parts_of) {
      return -parts_of * std::log(uniform(random_pair(seed ^ 0xadded, draw, 4 * m + which)[0]));
    };
    Sums& s = sums[m];
    if (!(s.weight > 1e-9)) {
      out[m] = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    if (feedback.scale == ScoreScale::nps) {
      const double up = added(0, 0.5), down = added(1, 0.5), between = added(2, 0.5);
      out[m] = 100 * (s.marks + up - down) / (s.weight + up + down + between);
    } else if (feedback.scale == ScoreScale::csat) {
      const double up = added(0, 0.5), down = added(1, 0.5);
      out[m] = (s.marks + up) / (s.weight + up + down);
    } else {
      out[m] = s.marks / s.weight;
    }
  }
}

}  // namespace refits_detail

/// Fits the attribution's model again, draw by draw. The attribution must be by the model. @throws InvalidInput for no draws.
inline Refits refit(const Attribution& attribution, const RefitOptions& options = {}) {
  using declustering_detail::Fitter;
  if (options.draws < 2) refuse("draws", std::to_string(options.draws), "at least 2");
  const Declustering& model = *attribution.model;
  const DeclusteringData& data = model.data;
  const std::size_t moments = attribution.matches->journey->moments().size(), sources = data.sources(), groups = data.groups();
  const ExposureSums exposure = data.exposure.sum({});
  Refits out{moments, options.draws, std::vector<double>(moments * options.draws), std::vector<double>(moments * options.draws)};
  parallel_for(options.draws, options.run, [&](std::size_t d) {
    const std::vector<double> weight = refits_detail::draw_weights(data.customer_key, options.seed, d);
    const DeclusteringModel drawn =
        Fitter(data, weight, Run{1}, 1)
            .fit({.shape = model.shape, .most_iterations = 300, .tolerance = 1e-5, .dispersed = std::array<std::uint64_t, 2>{options.seed, d}})
            .model;
    for (std::size_t c = 0; c < data.causes.size(); ++c)
      for (std::size_t s = 0; s < sources; ++s)
        for (std::size_t g = 0; g < groups; ++g)
          out.voices[d * moments + data.causes.moment(c)] +=
              drawn.rate[(s * groups + g) * drawn.columns + c] * exposure.of(data.exposure.cell(c, s, g), drawn.delays[c].cumulative());
    refits_detail::score_moments(model, drawn, weight, options.seed, d, std::span(out.score).subspan(d * moments, moments));
  });
  return out;
}

}  // namespace sojourn
