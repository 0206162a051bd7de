// Sequential detectors of bursts in counts: CUSUMs of log-likelihood ratios whose thresholds move so that the chance of a false alarm is the same
// in every period.
//
// Null of a series: y_t ~ NB(mean λ f_d, variance μ + φ μ²), d the period's phase (the weekday), known from the baseline alone: n periods that end a
// guard of g periods before t. Given φ and D = 1 + φ·N/n (N: voices of the baseline, at least one: a watched series has spoken), λ is Gamma with
// shape (N + ½)/D and mean (N + ½)/Σf; f_d = (N_d/D + 10)/(E_d/D + 10), whose own error 1/(N_d/D + 10) is added to φ. φ lies on a grid of nine;
// its posterior is by its likelihood in the series' baseline times how often the panel's series have it (empirical Bayes, below).
// Statistic: C_t = max(0, C_{t−1} + s_t(y_t)), s_t the log-likelihood ratio of twice the mean against the mean (Lucas 1985, Technometrics 27), cut
// down to sixteenths; it stops at 32 nats.
// Threshold: the distribution of C_t given no alarm so far is carried along (the chain of Brook & Evans 1972, Biometrika 59) for each node of
// (φ, λ), so that not knowing them counts; h_t is the least with P(C_t ≥ h_t | baseline, no alarm so far) ≤ what may be spent (dynamic probability
// limits: Shen, Zou, Jiang & Tsung 2013, Naval Res. Logist. 60). What a period cannot spend, since counts are whole, is left to the next. Hence
// E[false alarms] ≤ Σ of what may be spent, for any weekly pattern and any level, as far as the null holds. After an alarm C and chain begin anew.
// Cost: O(nodes · states · counts) a period and series: 20 µs for rare ones, about half a millisecond for loud 50 a period.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// What a detector looks back on, in periods.
struct BurstBaseline {
  std::uint32_t length = 56, guard = 7;
  std::uint32_t phases = 7;  // of a cycle: 7 for days; 1: none

  [[nodiscard]] std::size_t history() const { return std::size_t{length} + guard; }
  friend bool operator==(const BurstBaseline&, const BurstBaseline&) = default;
};

/// What the detector says of one period.
struct BurstVerdict {
  double expected, statistic, threshold;  // voices; nats
  bool alarm;
};

/// A run of alarms with no more than the guard between them. Periods are numbered from the first that was fed.
struct Burst {
  std::uint64_t alarm, first, last;  // the first alarm; where its rise began; the last alarm
  double expected, found;            // voices from first to alarm
  double statistic, threshold;       // at the first alarm
};

namespace burst_detail {

inline constexpr double steps_per_nat = 16, rise = 2, phase_prior = 10, least_probability = 1e-13;
inline constexpr std::int64_t most_steps = 512;  // the statistic stops at 32 nats
inline constexpr std::size_t rates = 5;
inline constexpr std::array<double, 9> dispersions = {0, 0.004, 0.01, 0.025, 0.06, 0.15, 0.4, 1, 2.5};

/// Nodes and weights for means over a Gamma distribution of mean 1: generalised Gauss–Laguerre (Golub & Welsch 1969, Math. Comp. 23). Exact for
/// polynomials up to degree 9, hence good for tails of counts.
struct GammaNodes {
  std::array<double, rates> at, weight;

  explicit GammaNodes(double shape) : at{}, weight{} {
    constexpr auto n = static_cast<Eigen::Index>(rates);
    using Square = Eigen::Matrix<double, n, n>;
    Square jacobi = Square::Zero();
    for (Eigen::Index k = 0; k < n; ++k) {
      const auto x = static_cast<double>(k);
      jacobi(k, k) = 2 * x + shape;
      if (k > 0) jacobi(k, k - 1) = jacobi(k - 1, k) = std::sqrt(x * (x + shape - 1));
    }
    const Eigen::SelfAdjointEigenSolver<Square> solved(jacobi);
    for (std::size_t i = 0; i < rates; ++i) {
      const auto column = static_cast<Eigen::Index>(i);
      at[i] = std::max(solved.eigenvalues()(column), 0.0) / shape;
      weight[i] = solved.eigenvectors()(0, column) * solved.eigenvectors()(0, column);
    }
  }
};

/// P(Y = y), y = 0, 1, … until what is left is negligible. Dispersion 0: Poisson.
inline void count_probabilities(double mean, double dispersion, std::vector<double>& out) {
  out.clear();
  double log_p = dispersion > 0 ? -std::log1p(dispersion * mean) / dispersion : -mean;
  const double ratio = mean / (1 + dispersion * mean);
  for (std::size_t y = 0;; ++y) {
    out.push_back(std::exp(log_p));
    const auto count = static_cast<double>(y);
    const double step = ratio * (1 + dispersion * count) / (count + 1);  // P(y + 1)/P(y); it only falls once beyond the mean
    if (count > mean && step < 1 && out.back() * step < least_probability * (1 - step)) return;
    log_p += std::log(step);
  }
}

}  // namespace burst_detail

/// What a baseline says of a period if its dispersion is φ.
struct DispersionEstimate {
  double weight = 0;      // likelihood or posterior
  double mean = 0;        // of the period
  double shape = 0;       // of the Gamma distribution of the mean
  double dispersion = 0;  // φ and the phase's error
};
using DispersionEvidence = std::array<DispersionEstimate, burst_detail::dispersions.size()>;
/// How often each dispersion is met.
using DispersionShares = std::array<double, burst_detail::dispersions.size()>;

/// What is assumed of a single series: shares as √(φ + 0.02)·e^(−φ/2).
inline DispersionShares usual_dispersions() {
  DispersionShares out{};
  double total = 0;
  for (std::size_t j = 0; j < out.size(); ++j) {
    const double phi = burst_detail::dispersions[j];
    total += out[j] = std::sqrt(phi + 0.02) * std::exp(-phi / 2);
  }
  for (double& share : out) share /= total;
  return out;
}

/// Fed one period after the other; a value: copies go on alone, and any cutting gives the same bits.
class BurstDetector {
 public:
  /// @throws InvalidInput for a baseline of fewer than 4 periods, no guard or no phase.
  /// @param now the number of the first period that it will be fed.
  explicit BurstDetector(const BurstBaseline& baseline, std::uint64_t now = 0) : baseline_(baseline), now_(now) {
    if (baseline.length < 4 || baseline.guard < 1 || baseline.phases < 1)
      refuse("baseline", std::to_string(baseline.length) + " periods", "at least 4 periods, and a guard");
  }

  /// @param phase the period's, below the baseline's phases.
  /// @param allowance how many false alarms this period may have, in expectation: the chance of one.
  /// @return nothing before the baseline is full, or for an allowance of 0.
  std::optional<BurstVerdict> feed(std::uint64_t count, std::uint32_t phase, double allowance) {
    return feed(count, phase, allowance, evidence(phase), usual_dispersions());
  }

  /// The same for evidence of that phase and shares of the dispersions that the caller has.
  std::optional<BurstVerdict> feed(std::uint64_t count, std::uint32_t phase, double allowance, DispersionEvidence about,
                                   const DispersionShares& shares) {
    if (!(allowance >= 0 && allowance < 1)) refuse("false alarms of a period", std::to_string(allowance), "a number from 0 up to 1");
    std::optional<BurstVerdict> out;
    if (is_watched() && allowance > 0) {
      double total = 0;
      for (std::size_t j = 0; j < about.size(); ++j) total += about[j].weight *= shares[j];
      for (auto& e : about) e.weight /= total;
      out = decide(count, about, allowance);
    }
    if (is_watched()) {
      counts_.erase(counts_.begin());
      phases_.erase(phases_.begin());
    }
    counts_.push_back(count);
    phases_.push_back(phase);
    ++now_;
    return out;
  }

  /// Whether the baseline is full.
  [[nodiscard]] bool is_watched() const { return counts_.size() == baseline_.history(); }
  /// What the baseline says of a period of that phase; weights are likelihoods, the largest 1. Nothing before the baseline is full.
  [[nodiscard]] DispersionEvidence evidence(std::uint32_t phase) const {
    using namespace burst_detail;
    if (phase >= baseline_.phases) refuse("phase", std::to_string(phase), "one below " + std::to_string(baseline_.phases));
    DispersionEvidence out{};
    if (!is_watched()) return out;
    const std::size_t n = baseline_.length, phases = baseline_.phases;
    double voices = 0;
    std::vector<double> said(phases), times(phases);
    for (std::size_t i = 0; i < n; ++i) {
      voices += static_cast<double>(counts_[i]);
      said[phases_[i]] += static_cast<double>(counts_[i]);
      times[phases_[i]] += 1;
    }
    const double mean = voices / static_cast<double>(n);
    double highest = -INFINITY;
    for (std::size_t j = 0; j < dispersions.size(); ++j) {
      const double phi = dispersions[j], spread = 1 + phi * mean;  // variance over mean
      const double shape = std::max(voices, 1.0) + 0.5;
      std::vector<double> factor(phases, 1.0);
      double exposure = 0;
      for (std::size_t d = 0; d < phases; ++d) {
        if (phases > 1) factor[d] = (said[d] / spread + phase_prior) / (mean * times[d] / spread + phase_prior);
        exposure += factor[d] * times[d];
      }
      const double rate = shape / exposure;
      out[j].mean = rate * factor[phase];
      out[j].shape = shape / spread;
      out[j].dispersion = phi + (phases > 1 ? 1 / (said[phase] / spread + phase_prior) : 0);
      // The mean and the factors are integrated out (Laplace).
      double sum = -std::log(out[j].shape) / 2;
      if (phases > 1)
        for (std::size_t d = 0; d < phases; ++d) sum -= std::log(said[d] / spread + phase_prior) / 2;
      for (std::size_t i = 0; i < n; ++i) {
        const double mu = rate * factor[phases_[i]], y = static_cast<double>(counts_[i]);
        sum += y > 0 ? y * std::log(mu) : 0;
        sum -= phi == 0 ? mu : (y + 1 / phi) * std::log1p(phi * mu);
        if (phi > 0 && y > 0) sum += std::lgamma(y + 1 / phi) - std::lgamma(1 / phi) + y * std::log(phi);
      }
      out[j].weight = sum;
      highest = std::max(highest, sum);
    }
    for (auto& e : out) e.weight = std::exp(e.weight - highest);
    return out;
  }

  [[nodiscard]] const std::vector<Burst>& bursts() const { return bursts_; }

  void put(ByteWriter& out) const {
    out.put_all(counts_);
    out.put_all(phases_);
    out.put(now_);
    out.put(statistic_);
    out.put(since_);
    out.put(expected_);
    out.put(found_);
    out.put(unspent_);
    for (const auto& node : chains_) out.put_all(node);
    out.put(static_cast<std::uint64_t>(bursts_.size()));
    for (const Burst& b : bursts_) {
      for (const std::uint64_t period : {b.alarm, b.first, b.last}) out.put(period);
      for (const double x : {b.expected, b.found, b.statistic, b.threshold}) out.put(x);
    }
  }

  static BurstDetector get(const BurstBaseline& baseline, ByteReader& in) {
    BurstDetector out(baseline);
    out.counts_ = in.get_vector<std::uint64_t>();
    out.phases_ = in.get_vector<std::uint32_t>();
    in.require(out.counts_.size() == out.phases_.size() && out.counts_.size() <= baseline.history(), "a history as long as the baseline's");
    for (const std::uint32_t phase : out.phases_) in.require(phase < baseline.phases, "a phase");
    out.now_ = in.get<std::uint64_t>();
    out.statistic_ = in.get<std::int64_t>();
    out.since_ = in.get<std::uint64_t>();
    out.expected_ = in.get<double>();
    out.found_ = in.get<double>();
    out.unspent_ = in.get<double>();
    for (auto& node : out.chains_) {
      node = in.get_vector<double>();
      in.require(!node.empty(), "a distribution");
    }
    const std::size_t bursts = in.get_count(56);
    for (std::size_t i = 0; i < bursts; ++i) {
      Burst b{};
      for (std::uint64_t* period : {&b.alarm, &b.first, &b.last}) *period = in.get<std::uint64_t>();
      for (double* x : {&b.expected, &b.found, &b.statistic, &b.threshold}) *x = in.get<double>();
      out.bursts_.push_back(b);
    }
    return out;
  }

 private:
  using Chain = std::vector<double>;  // P(C = i sixteenths)

  /// s_t(y) in sixteenths.
  struct Score {
    double slope, drop;

    Score(double mean, double dispersion) {
      using burst_detail::rise, burst_detail::steps_per_nat;
      const double phi = std::max(dispersion, 1e-9);
      drop = steps_per_nat * (std::log1p(phi * rise * mean) - std::log1p(phi * mean)) / phi;
      slope = steps_per_nat * (std::log(rise) - std::log1p(phi * rise * mean) + std::log1p(phi * mean));
    }
    [[nodiscard]] std::int64_t of(double y) const { return static_cast<std::int64_t>(std::floor(y * slope - drop)); }
  };

  /// The chain one period on.
  static void step(Chain& chain, std::span<const double> p, std::span<const std::int64_t> score) {
    std::vector<double> up_to(p.size() + 1);  // P(Y < y)
    for (std::size_t y = 0; y < p.size(); ++y) up_to[y + 1] = up_to[y] + p[y];
    const std::int64_t most = burst_detail::most_steps;
    const auto top = std::min(most, static_cast<std::int64_t>(chain.size()) - 1 + std::max<std::int64_t>(score.back(), 0));
    Chain next(static_cast<std::size_t>(top) + 1);
    for (std::size_t c = 0; c < chain.size(); ++c) {
      if (chain[c] < burst_detail::least_probability) continue;
      const auto at = static_cast<std::int64_t>(c);
      const auto first = std::upper_bound(score.begin(), score.end(), -at) - score.begin();  // the first count that leaves it above 0
      next[0] += chain[c] * up_to[static_cast<std::size_t>(first)];
      auto y = static_cast<std::size_t>(first);
      for (; y < p.size() && at + score[y] < most; ++y) next[static_cast<std::size_t>(at + score[y])] += chain[c] * p[y];
      if (y < p.size()) next.back() += chain[c] * (up_to.back() - up_to[y]);
    }
    while (next.size() > 1 && next.back() < burst_detail::least_probability) next.pop_back();
    chain = std::move(next);
  }

  BurstVerdict decide(std::uint64_t count, const DispersionEvidence& about, double allowance) {
    using namespace burst_detail;
    double mean = 0, dispersion = 0;
    for (const auto& e : about) mean += e.weight * e.mean, dispersion += e.weight * e.dispersion;
    const Score score(mean, dispersion);

    // Where the statistic would be, were nothing unusual.
    std::array<double, dispersions.size() * rates> weight{};
    std::vector<double> p, tail(1);
    std::vector<std::int64_t> scores;
    for (std::size_t j = 0; j < dispersions.size(); ++j) {
      const bool ruled_out = about[j].weight < 1e-6;
      std::optional<GammaNodes> nodes;
      if (!ruled_out) nodes.emplace(about[j].shape);
      for (std::size_t i = 0; i < rates; ++i) {
        const std::size_t node = j * rates + i;
        Chain& chain = chains_[node];
        if (ruled_out) {
          chain = {1.0};
          continue;
        }
        weight[node] = about[j].weight * nodes->weight[i];
        count_probabilities(about[j].mean * nodes->at[i], about[j].dispersion, p);
        for (std::size_t y = scores.size(); y < p.size(); ++y) scores.push_back(score.of(static_cast<double>(y)));
        step(chain, p, std::span<const std::int64_t>{scores}.first(p.size()));
        if (chain.size() > tail.size()) tail.resize(chain.size());
        for (std::size_t c = 0; c < chain.size(); ++c) tail[c] += weight[node] * chain[c];
      }
    }
    for (std::size_t c = tail.size() - 1; c-- > 0;) tail[c] += tail[c + 1];  // P(C ≥ c)

    // The least threshold that does not overspend.
    const double may = unspent_ + allowance;
    const std::size_t h = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::partition_point(tail.begin(), tail.end(), [&](double above) { return above > may; }) - tail.begin()));
    unspent_ = std::max(0.0, may - (h < tail.size() ? tail[h] : 0.0));
    for (Chain& chain : chains_) {
      if (chain.size() <= h) continue;
      chain.resize(h);
      double left = 0;
      for (const double x : chain) left += x;
      if (left > 0)
        for (double& x : chain) x /= left;
      else chain = {1.0};
    }

    // What is.
    if (statistic_ == 0) since_ = now_, expected_ = found_ = 0;
    expected_ += mean;
    found_ += static_cast<double>(count);
    statistic_ = std::clamp<std::int64_t>(statistic_ + score.of(static_cast<double>(count)), 0, most_steps);
    BurstVerdict out{mean, static_cast<double>(statistic_) / steps_per_nat, static_cast<double>(h) / steps_per_nat,
                     statistic_ >= static_cast<std::int64_t>(h)};
    if (out.alarm) alarm(out);
    return out;
  }

  void alarm(const BurstVerdict& verdict) {
    const bool goes_on = !bursts_.empty() && since_ <= bursts_.back().last + baseline_.guard + 1;
    if (goes_on) bursts_.back().last = now_;
    else bursts_.push_back({now_, since_, now_, expected_, found_, verdict.statistic, verdict.threshold});
    statistic_ = 0;
    chains_.fill({1.0});
  }

  using Chains = std::array<Chain, burst_detail::dispersions.size() * burst_detail::rates>;

  static Chains fresh_chains() {
    Chains out;
    out.fill({1.0});
    return out;
  }

  BurstBaseline baseline_;
  std::vector<std::uint64_t> counts_;  // of the baseline, then of the guard
  std::vector<std::uint32_t> phases_;
  std::uint64_t now_ = 0;
  std::int64_t statistic_ = 0;
  std::uint64_t since_ = 0;  // since when the statistic is above 0
  double expected_ = 0, found_ = 0, unspent_ = 0;
  Chains chains_ = fresh_chains();  // given no alarm so far; by dispersion, then rate
  std::vector<Burst> bursts_;
};

/// Many series that share one allowance of false alarms, in equal parts, and learn from one another how dispersed counts are: the shares of the
/// dispersions are those under which all baselines are likeliest (EM), with the usual ones added as one series. A value.
class BurstPanel {
 public:
  /// @param first_phase of period 0. @param false_alarms of all series together, a period, in expectation; above 0.
  BurstPanel(const BurstBaseline& baseline, std::uint32_t first_phase, double false_alarms)
      : baseline_(baseline), first_phase_(first_phase % std::max<std::uint32_t>(1, baseline.phases)), false_alarms_(false_alarms) {
    BurstDetector{baseline};  // refuses what cannot be
    if (!(false_alarms > 0 && std::isfinite(false_alarms))) refuse("false_alarms", std::to_string(false_alarms), "a number above 0");
  }

  [[nodiscard]] std::uint64_t periods() const { return now_; }
  [[nodiscard]] const std::vector<BurstDetector>& series() const { return series_; }

  /// Feeds a period: a count for every series. The answer does not depend on the run. @return a verdict each; none for series not yet watched.
  std::vector<std::optional<BurstVerdict>> feed(std::span<const std::uint64_t> counts, const Run& run = {1}) {
    if (counts.size() != series_.size()) refuse("counts", std::to_string(counts.size()), std::to_string(series_.size()) + ", one for every series");
    const std::uint32_t phase = phase_of(now_);
    const std::size_t n = series_.size();
    std::vector<DispersionEvidence> about(n);
    std::vector<std::optional<BurstVerdict>> out(n);
    const std::vector<Slice> parts = slices(n, n < 32 ? 1 : 4 * run.count());
    const auto each = [&](const auto& task) {
      parallel_for(parts.size(), Run{run.count()}, [&](std::size_t p) {
        for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) task(i);
      });
    };
    each([&](std::size_t i) { about[i] = series_[i].evidence(phase); });
    double watched = 0;
    for (const BurstDetector& detector : series_) watched += detector.is_watched() ? 1 : 0;
    const DispersionShares shares = common(about);
    const double allowance = watched > 0 ? std::min(false_alarms_ / watched, 0.5) : 0;
    each([&](std::size_t i) { out[i] = series_[i].feed(counts[i], phase, allowance, about[i], shares); });
    ++now_;
    return out;
  }

  /// Adds a series that was first heard in the period just fed. @param count of that period. @param since the first period in which it could have
  /// been heard; from there on it was silent.
  void add(std::uint64_t count, std::uint64_t since = 0) {
    const std::uint64_t from = std::max(since, now_ > baseline_.history() ? now_ - baseline_.history() : 0);
    BurstDetector detector(baseline_, std::min(from, now_ - 1));
    for (std::uint64_t t = from; t + 1 < now_; ++t) detector.feed(0, phase_of(t), 0);
    detector.feed(count, phase_of(now_ - 1), 0);
    series_.push_back(std::move(detector));
  }

  void put(ByteWriter& out) const {
    for (const std::uint32_t x : {baseline_.length, baseline_.guard, baseline_.phases, first_phase_}) out.put(x);
    out.put(false_alarms_);
    out.put(now_);
    out.put(static_cast<std::uint64_t>(series_.size()));
    for (const BurstDetector& detector : series_) detector.put(out);
  }

  static BurstPanel get(ByteReader& in) {
    BurstBaseline baseline;
    for (std::uint32_t* x : {&baseline.length, &baseline.guard, &baseline.phases}) *x = in.get<std::uint32_t>();
    const auto first_phase = in.get<std::uint32_t>();
    BurstPanel out(baseline, first_phase, in.get<double>());
    out.now_ = in.get<std::uint64_t>();
    const std::size_t n = in.get_count(8);
    for (std::size_t i = 0; i < n; ++i) out.series_.push_back(BurstDetector::get(baseline, in));
    return out;
  }

 private:
  [[nodiscard]] std::uint32_t phase_of(std::uint64_t period) const { return static_cast<std::uint32_t>((first_phase_ + period) % baseline_.phases); }

  [[nodiscard]] DispersionShares common(std::span<const DispersionEvidence> about) const {
    const DispersionShares usual = usual_dispersions();
    DispersionShares shares = usual;
    for (int round = 0; round < 20; ++round) {
      DispersionShares sum = usual;
      double n = 1;
      for (std::size_t i = 0; i < about.size(); ++i) {
        if (!series_[i].is_watched()) continue;
        double total = 0;
        for (std::size_t j = 0; j < shares.size(); ++j) total += shares[j] * about[i][j].weight;
        for (std::size_t j = 0; j < shares.size(); ++j) sum[j] += shares[j] * about[i][j].weight / total;
        n += 1;
      }
      for (std::size_t j = 0; j < shares.size(); ++j) shares[j] = sum[j] / n;
    }
    return shares;
  }

  BurstBaseline baseline_;
  std::uint32_t first_phase_;
  double false_alarms_;
  std::uint64_t now_ = 0;
  std::vector<BurstDetector> series_;
};

}  // namespace sojourn
