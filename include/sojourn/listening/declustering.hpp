// The model of what voices are about: a marked point process (Hawkes 1971; stochastic declustering, Zhuang, Ogata & Vere-Jones 2002), fitted by
// EM (Veen & Schoenberg 2008). A customer of response group g speaks through source s of topic y with score r at the rate
//   λ(t, s, y, r) = μ[s] p₀(y) q₀(r) + Σ over occurrences i of the last H:  α[m, s, g] k[m](t − tᵢ) p[m](y) q[m](r),   m the cause that i is
//   (causes.hpp)
// α: voices per occurrence; k: the delay's density (stats/delay.hpp); p, q: shares of topics and of classes of scores; μ: the background. A topic or
// score that is missing tells nothing. Carrying a link (a key or a moment that found its occurrences) is a mark as well: a share ℓ[m, s] of what a
// moment causes does, background never. A voice's posterior over its occurrences and the background is what it is about.
//
// Penalised log likelihood: Σ log λ − Σ α · exposure − Σ μ · exposure + ½ Σ log of every share in p, q, ℓ, 1 − ℓ and of the delays' pieces. Each
// iteration takes the posterior, then the best α, μ, p, q and ℓ, then better delays: the objective never falls (an ECM algorithm, Meng & Rubin 1993).
//
// Voices from times whose earlier occurrences are not listed, of other customers, or linked to occurrences older than H are given a posterior, but
// are not fitted. Sums run over 32 fixed parts of the voices: threads do not show.
// Cost: O(candidates + voices + causes · (sources · groups + 480)) an iteration, commonly 50 to 300 of them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/random.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/listening/declustering_data.hpp"
#include "sojourn/stats/delay.hpp"

namespace sojourn {

/// The model's parameters. Tables have a column a cause, and a last one for the background.
struct DeclusteringModel {
  std::size_t columns = 0;
  std::vector<double> rate;   // (source · groups + group) · columns + column: α, and μ per microsecond
  std::vector<double> link;   // source · columns + column: ℓ
  std::vector<double> topic;  // topic · columns + column; a last row of ones for a missing topic
  std::vector<double> score;  // class · columns + column; a last row of ones for a missing score
  std::vector<Delay> delays;  // a cause each
};

/// A fitted model, and how the fit went.
struct DeclusteringFit {
  DeclusteringModel model;
  std::vector<double> trace;  // the objective after each iteration, per second
  bool converged = false;
};

struct DeclusteringFitOptions {
  DelayShape shape = DelayShape::exponential;
  std::size_t most_iterations = 1000;
  /// Converged when an iteration moves fewer than this share of the voices between causes.
  double tolerance = 1e-7;
  /// Seed and number of a start away from the usual one.
  std::optional<std::array<std::uint64_t, 2>> dispersed = {};
};

namespace declustering_detail {

inline constexpr double prior = 0.5;

/// What an E-step gathers: expected numbers of voices, in the layout of the model's tables.
struct Expected {
  std::vector<double> cause;  // ((linked · sources + source) · groups + group) · columns + column
  std::vector<double> topic, score;
  std::vector<double> ages;  // cause · steps + step
  double log_likelihood = 0;

  void add(const Expected& other) {
    const auto add_to = [](std::vector<double>& a, const std::vector<double>& b) {
      for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
    };
    add_to(cause, other.cause), add_to(topic, other.topic), add_to(score, other.score), add_to(ages, other.ages);
    log_likelihood += other.log_likelihood;
  }
};

/// The model's tables as an E-step wants them.
class Intensities {
 public:
  Intensities(const DeclusteringData& data, const DeclusteringModel& model)
      : data_(data), model_(model), columns_(model.columns), cause_(2 * data.sources() * data.groups() * columns_) {
    const std::size_t sources = data.sources(), groups = data.groups();
    for (std::size_t s = 0; s < sources; ++s)
      for (std::size_t g = 0; g < groups; ++g)
        for (std::size_t c = 0; c < columns_; ++c) {
          const double rate = model.rate[(s * groups + g) * columns_ + c], link = model.link[s * columns_ + c];
          cause_[(s * groups + g) * columns_ + c] = rate * (1 - link);
          cause_[((sources + s) * groups + g) * columns_ + c] = rate * link;
        }
    for (const Delay& delay : model.delays)
      for (std::size_t j = 0; j < DelayGrid::steps; ++j) density_.push_back(delay.masses()[j] / data.grid.width(j));
  }

  [[nodiscard]] std::size_t cause_row(const ModelVoice& v) const {
    return (((v.linked ? data_.sources() : 0) + v.source) * data_.groups() + v.group) * columns_;
  }

  /// What an occurrence adds to λ at a voice.
  [[nodiscard]] double at(const ModelVoice& voice, const ModelPair& pair) const {
    return cause_[cause_row(voice) + pair.cause] * model_.topic[voice.topic * columns_ + pair.cause] *
           model_.score[voice.score * columns_ + pair.cause] * density_[pair.cause * DelayGrid::steps + pair.step];
  }

  /// The parts of λ at a voice: its pairs' into `parts`, the background's returned.
  double parts(std::size_t v, std::vector<double>& parts) const {
    const ModelVoice& voice = data_.voices[v];
    const double* const cause = cause_.data() + cause_row(voice);
    const double* const topic = model_.topic.data() + voice.topic * columns_;
    const double* const score = model_.score.data() + voice.score * columns_;
    parts.clear();
    for (std::size_t i = data_.offsets[v]; i < data_.offsets[v + 1]; ++i) {
      const auto [m, step] = data_.pairs[i];
      parts.push_back(cause[m] * topic[m] * score[m] * density_[m * DelayGrid::steps + step]);
    }
    const std::size_t b = columns_ - 1;
    return cause[b] * topic[b] * score[b];
  }

 private:
  const DeclusteringData& data_;
  const DeclusteringModel& model_;
  std::size_t columns_;
  std::vector<double> cause_, density_;
};

/// A fit in progress.
class Fitter {
 public:
  /// @param weight a customer each; empty: 1. A weight of 0 leaves a customer out. @param parts in which voices are summed: the threads that help.
  Fitter(const DeclusteringData& data, std::span<const double> weight, const Run& run, std::size_t parts = 32)
      : data_(data), weight_(weight), run_(run), parts_(parts), exposure_(data.exposure.sum(weight)), columns_(data.causes.size() + 1) {
    for (const ModelVoice& v : data.voices) has_links_ = has_links_ || v.linked;
    for (std::size_t v = 0; v < data.voices.size(); ++v) voices_ += weight_of(data.voices[v]);
  }

  DeclusteringFit fit(const DeclusteringFitOptions& options, const Watch& watch = {}) {
    DeclusteringFit out{start(options), {}, false};
    std::vector<double> before;
    double compensator = compensate(out.model);
    while (out.trace.size() < options.most_iterations) {
      Expected expected = gather(out.model);
      out.trace.push_back(objective(out.model, expected.log_likelihood, compensator));
      std::vector<double> totals = column_totals(expected);
      if (!before.empty()) {
        double moved = 0;
        for (std::size_t c = 0; c < columns_; ++c) moved = std::max(moved, std::fabs(totals[c] - before[c]));
        if (moved <= options.tolerance * std::max(voices_, 1.0)) {
          out.converged = true;
          return out;
        }
      }
      before = std::move(totals);
      compensator = maximise(out.model, expected);
      if (watch) watch(static_cast<double>(out.trace.size()) / static_cast<double>(options.most_iterations));
    }
    return out;
  }

  /// Σ log λ − Σ α · exposure − Σ μ · exposure of a model, per second.
  double log_likelihood(const DeclusteringModel& model) { return per_second(gather(model).log_likelihood - compensate(model)); }

  [[nodiscard]] double voices() const { return voices_; }
  [[nodiscard]] const ExposureSums& exposure() const { return exposure_; }

 private:
  [[nodiscard]] double weight_of(const ModelVoice& v) const { return !v.fitted ? 0.0 : weight_.empty() ? 1.0 : weight_[v.customer]; }
  [[nodiscard]] double per_second(double log_likelihood) const { return log_likelihood + voices_ * std::log(static_cast<double>(micros_per_second)); }

  [[nodiscard]] Expected nothing() const {
    const std::size_t causes = 2 * data_.sources() * data_.groups() * columns_;
    return {std::vector<double>(causes), std::vector<double>((data_.topics.size() + 1) * columns_),
            std::vector<double>((data_.classes.size() + 1) * columns_), std::vector<double>(data_.causes.size() * DelayGrid::steps)};
  }

  /// The E-step.
  Expected gather(const DeclusteringModel& model) {
    const Intensities intensities(data_, model);
    const std::vector<Slice> parts = slices(data_.voices.size(), parts_);
    std::vector<Expected> sums(parts.size());
    parallel_for(parts.size(), run_, [&](std::size_t p) {
      sums[p] = nothing();
      std::vector<double> part;
      for (std::size_t v = parts[p].begin; v < parts[p].end; ++v) {
        const ModelVoice& voice = data_.voices[v];
        const double weight = weight_of(voice);
        if (weight == 0) continue;
        const double background = intensities.parts(v, part);
        double all = background;
        for (const double x : part) all += x;
        all = std::max(all, 1e-300);
        sums[p].log_likelihood += weight * std::log(all);
        const double scale = weight / all;
        double* const cause = sums[p].cause.data() + intensities.cause_row(voice);
        double* const topic = sums[p].topic.data() + voice.topic * columns_;
        double* const score = sums[p].score.data() + voice.score * columns_;
        const auto add = [&](std::size_t column, double r) { cause[column] += r, topic[column] += r, score[column] += r; };
        const std::size_t first = data_.offsets[v];
        for (std::size_t i = 0; i < part.size(); ++i) {
          const auto [m, step] = data_.pairs[first + i];
          add(m, part[i] * scale);
          sums[p].ages[m * DelayGrid::steps + step] += part[i] * scale;
        }
        add(columns_ - 1, background * scale);
      }
    });
    for (std::size_t p = 1; p < sums.size(); ++p) sums[0].add(sums[p]);
    return std::move(sums[0]);
  }

  [[nodiscard]] std::vector<double> column_totals(const Expected& expected) const {
    std::vector<double> out(columns_);
    for (std::size_t i = 0; i < expected.cause.size(); ++i) out[i % columns_] += expected.cause[i];
    return out;
  }

  /// The M-step. Returns what the new model expects in all: Σ α · exposure + Σ μ · exposure.
  double maximise(DeclusteringModel& model, const Expected& expected) {
    const std::size_t sources = data_.sources(), groups = data_.groups(), b = columns_ - 1;
    const std::size_t half = sources * groups * columns_;
    for (std::size_t s = 0; s < sources; ++s) {
      double background = 0;
      for (std::size_t g = 0; g < groups; ++g) background += expected.cause[(s * groups + g) * columns_ + b];
      const double span = exposure_.background[data_.exposure.window(s)];
      for (std::size_t g = 0; g < groups; ++g) model.rate[(s * groups + g) * columns_ + b] = span > 0 ? background / span : 0;
      for (std::size_t m = 0; m < b; ++m) {
        double linked = 0, all = 0;
        for (std::size_t g = 0; g < groups; ++g) {
          const std::size_t at = (s * groups + g) * columns_ + m;
          const double spoken = expected.cause[at] + expected.cause[half + at];
          linked += expected.cause[half + at];
          all += spoken;
          const double heard = exposure_.of(data_.exposure.cell(m, s, g), model.delays[m].cumulative());
          model.rate[at] = spoken > 0 ? spoken / std::max(heard, 1e-9) : 0;
        }
        if (has_links_) model.link[s * columns_ + m] = (linked + prior) / (all + 2 * prior);
      }
    }
    shares(expected.topic, data_.topics.size(), model.topic);
    shares(expected.score, data_.classes.size(), model.score);
    parallel_for(b, run_, [&](std::size_t m) {
      const std::vector<double> edges = expected_edges(model, m);
      model.delays[m].improve({std::span(expected.ages).subspan(m * DelayGrid::steps, DelayGrid::steps), edges}, data_.grid);
    });
    return compensate(model);
  }

  /// Σ over sources and groups of α · exposure at each edge.
  [[nodiscard]] std::vector<double> expected_edges(const DeclusteringModel& model, std::size_t m) const {
    std::vector<double> edges(ExposureSums::edges);
    for_cells(model, m, [&](double rate, std::size_t cell) {
      if (exposure_.has_edges[cell])
        for (std::size_t e = 0; e < edges.size(); ++e) edges[e] += rate * exposure_.at_edges[cell * ExposureSums::edges + e];
    });
    return edges;
  }

  /// f(rate, cell) for each different cell of a cause; sources with one window share theirs.
  template <class F>
  void for_cells(const DeclusteringModel& model, std::size_t m, const F& f) const {
    std::vector<std::pair<std::size_t, double>> rates;
    for (std::size_t s = 0; s < data_.sources(); ++s)
      for (std::size_t g = 0; g < data_.groups(); ++g) {
        const std::size_t cell = data_.exposure.cell(m, s, g);
        const double rate = model.rate[(s * data_.groups() + g) * columns_ + m];
        const auto at = std::find_if(rates.begin(), rates.end(), [&](const auto& r) { return r.first == cell; });
        if (at == rates.end()) rates.emplace_back(cell, rate);
        else at->second += rate;
      }
    for (const auto& [cell, rate] : rates)
      if (rate > 0) f(rate, cell);
  }

  [[nodiscard]] double compensate(const DeclusteringModel& model) const {
    double sum = 0;
    for (std::size_t m = 0; m + 1 < columns_; ++m)
      for_cells(model, m, [&](double rate, std::size_t cell) { sum += rate * exposure_.of(cell, model.delays[m].cumulative()); });
    for (std::size_t s = 0; s < data_.sources(); ++s)
      sum += model.rate[s * data_.groups() * columns_ + columns_ - 1] * exposure_.background[data_.exposure.window(s)];
    return sum;
  }

  /// Shares of topics or scores: expected numbers and the prior's half, brought to a sum of 1.
  void shares(const std::vector<double>& expected, std::size_t kinds, std::vector<double>& out) const {
    for (std::size_t c = 0; c < columns_; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < kinds; ++k) sum += expected[k * columns_ + c] + prior;
      for (std::size_t k = 0; k < kinds; ++k) out[k * columns_ + c] = (expected[k * columns_ + c] + prior) / sum;
    }
  }

  [[nodiscard]] double objective(const DeclusteringModel& model, double log_likelihood, double compensator) const {
    double penalty = 0;
    for (const auto* table : {&model.topic, &model.score})
      for (const double share : *table) penalty += prior * std::log(share);  // the rows of ones add nothing
    if (has_links_)
      for (std::size_t i = 0; i < model.link.size(); ++i)
        if (i % columns_ != columns_ - 1) penalty += prior * (std::log(model.link[i]) + std::log1p(-model.link[i]));
    for (const Delay& delay : model.delays) penalty += delay.log_prior();
    return per_second(log_likelihood - compensator) + penalty;
  }

  /// Half of each source's voices to the background, the others to all causes at the same rate; marks as they are on the whole.
  DeclusteringModel start(const DeclusteringFitOptions& options) {
    std::uint64_t next = 0;
    const auto chance = [&] {  // uniform; the middle without dispersion
      if (!options.dispersed) return 0.5;
      const auto [seed, draw] = *options.dispersed;
      return uniform(random_pair(seed, next++, ~draw)[0]);
    };
    const std::size_t sources = data_.sources(), groups = data_.groups(), b = columns_ - 1;
    DeclusteringModel model{columns_,
                            std::vector<double>(sources * groups * columns_),
                            std::vector<double>(sources * columns_),
                            std::vector<double>((data_.topics.size() + 1) * columns_, 1.0),
                            std::vector<double>((data_.classes.size() + 1) * columns_, 1.0),
                            {}};
    std::vector<double> spoken(sources), linked(sources), topics(data_.topics.size() + 1, prior), scores(data_.classes.size() + 1, prior);
    for (const ModelVoice& v : data_.voices) {
      const double weight = weight_of(v);
      spoken[v.source] += weight;
      if (v.linked) linked[v.source] += weight;
      topics[v.topic] += weight;
      scores[v.score] += weight;
    }
    for (std::size_t m = 0; m < b; ++m)
      model.delays.emplace_back(options.shape, data_.grid, data_.grid.horizon() / 10 * std::exp(2 * (chance() - 0.5)));
    std::vector<double> tilt(columns_);
    for (double& t : tilt) t = std::exp(3 * (chance() - 0.5));
    for (std::size_t s = 0; s < sources; ++s) {
      double heard = 0;
      for (std::size_t m = 0; m < b; ++m)
        for (std::size_t g = 0; g < groups; ++g) heard += exposure_.of(data_.exposure.cell(m, s, g), model.delays[m].cumulative());
      const double span = exposure_.background[data_.exposure.window(s)];
      for (std::size_t g = 0; g < groups; ++g) {
        for (std::size_t m = 0; m < b; ++m) model.rate[(s * groups + g) * columns_ + m] = 0.5 * spoken[s] / std::max(heard, 1e-9) * tilt[m];
        model.rate[(s * groups + g) * columns_ + b] = span > 0 ? 0.5 * spoken[s] / span * tilt[b] : 0;
      }
      if (has_links_)
        for (std::size_t m = 0; m < b; ++m) model.link[s * columns_ + m] = (linked[s] + prior) / (spoken[s] + 2 * prior);
    }
    const auto spread = [&](const std::vector<double>& counts, std::vector<double>& table) {
      for (std::size_t c = 0; c < columns_; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k + 1 < counts.size(); ++k)
          sum += table[k * columns_ + c] = counts[k] * (options.dispersed ? 0.25 - std::log(chance()) : 1.0);
        for (std::size_t k = 0; k + 1 < counts.size(); ++k) table[k * columns_ + c] /= sum;
      }
    };
    spread(topics, model.topic);
    spread(scores, model.score);
    return model;
  }

  const DeclusteringData& data_;
  std::span<const double> weight_;
  Run run_;
  std::size_t parts_;
  ExposureSums exposure_;
  std::size_t columns_;
  double voices_ = 0;
  bool has_links_ = false;
};

}  // namespace declustering_detail

/// Held-out log likelihood a voice, by shape.
using HeldOut = std::array<double, delay_shapes.size()>;

/// Fits each shape to four fifths of the customers (of at most about 200,000 voices), and says how probable it finds the voices of the last fifth.
/// Which customers those are depends on their ids alone.
inline HeldOut held_out_likelihood(const DeclusteringData& data, const Run& run) {
  using namespace declustering_detail;
  constexpr double most = 200'000;
  double fitted = 0;
  for (const ModelVoice& v : data.voices) fitted += v.fitted ? 1 : 0;
  const double sampled = fitted > most ? most / fitted : 1;
  std::vector<double> fit(data.customer_key.size()), test(fit.size());
  for (std::size_t c = 0; c < fit.size(); ++c) {
    if (uniform(mix_bits(data.customer_key[c] ^ 0x5eed)) > sampled) continue;
    (data.customer_key[c] % 5 == 0 ? test : fit)[c] = 1;
  }
  HeldOut out{};
  Fitter unseen(data, test, run);
  for (const DelayShape shape : delay_shapes) {
    const DeclusteringFit found = Fitter(data, fit, run).fit({.shape = shape, .most_iterations = 300, .tolerance = 1e-5}, run.watch);
    out[static_cast<std::size_t>(shape)] = unseen.log_likelihood(found.model) / std::max(unseen.voices(), 1.0);
  }
  return out;
}

/// A model with all that it was made of.
struct Declustering {
  DeclusteringData data;
  DelayShape shape;
  std::optional<HeldOut> held_out;  // none: the shape was asked for
  DeclusteringFit fit;
};

/// Fits the model. @param shape none: the one under which voices held out are most probable.
/// @throws InvalidInput as `declustering_data`.
inline Declustering decluster(const Feedback& feedback, const Duration& horizon, std::optional<DelayShape> shape, const Run& run) {
  Declustering out{declustering_data(feedback, horizon, run), shape.value_or(DelayShape::exponential), {}, {}};
  const Run quiet{run.count()};
  if (!shape) {
    out.held_out = held_out_likelihood(out.data, quiet);
    const auto best = std::max_element(out.held_out->begin(), out.held_out->end());
    out.shape = delay_shapes[static_cast<std::size_t>(best - out.held_out->begin())];
  }
  out.fit = declustering_detail::Fitter(out.data, {}, quiet).fit({.shape = out.shape}, run.watch);
  return out;
}

}  // namespace sojourn
