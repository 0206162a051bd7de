// How long things last when some were still lasting as observation ended (right-censored): Kaplan-Meier, Nelson-Aalen, Aalen-Johansen.
//
// At the instants t₁ < t₂ < … at which spans end, with Y at risk just before t, d ending then, d_a of them by cause a:
//   S(t) = Π (1 − d/Y)               share that lasts beyond t             (Kaplan & Meier 1958, J. Am. Statist. Assoc. 53)
//   H(t) = Σ d/Y                     cumulative hazard                     (Nelson 1972, Technometrics 14; Aalen 1978, Ann. Statist. 6)
//   F_a(t) = Σ S(t−)·d_a/Y           share ended by cause a within t       (Aalen & Johansen 1978, Scand. J. Statist. 5)
// S + Σ F_a = 1 at every instant. Spans censored at t are still at risk at t: an end comes before a censoring of the same instant. Weights
// count a span so many times. Beyond the longest span nothing is known: there is no step, and nobody should read one into it.
//
// Valid where censoring says nothing of how long the span would have lasted, given what is modelled. Spans need not be independent for
// the estimates, only for intervals; those here are left to a bootstrap of whoever owns the spans. O(n log n) for n spans.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "sojourn/core/error.hpp"

namespace sojourn {

/// How long something was seen to last, and what ended it.
struct Span {
  static constexpr std::int32_t censored = -1;

  double length = 0;
  std::int32_t cause = censored;  // a cause's number, from 0
  double weight = 1;
};

/// The estimates just after an instant at which spans ended or were censored.
struct SurvivalStep {
  double length = 0;
  double at_risk = 0;  // just before
  double ended = 0, censored = 0;
  double survival = 1;
  double hazard = 0;                   // cumulative
  std::vector<double> incidence = {};  // a cause each
};

/// The product limit as instants go by, for whoever walks the spans in order: at each instant `share` for every cause, then `pass`.
class ProductLimit {
 public:
  [[nodiscard]] double survival() const { return survival_; }
  /// The share of all that ends at this instant: S(t−)·d/Y.
  [[nodiscard]] double share(double ended, double at_risk) const { return survival_ * (ended / at_risk); }
  /// Of those at risk so many last beyond this instant, the censored among them. None: survival is exactly 0.
  void pass(double lasting, double at_risk) { survival_ *= lasting / at_risk; }

 private:
  double survival_ = 1;
};

namespace survival_detail {

inline void check(const std::vector<Span>& spans, std::size_t causes) {
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const auto fail = [&](const std::string& found, const char* expected) { refuse("span " + std::to_string(i), found, expected); };
    const Span& span = spans[i];
    if (!(span.length >= 0 && std::isfinite(span.length))) fail("length " + std::to_string(span.length), "a finite length of 0 or more");
    if (!(span.weight > 0 && std::isfinite(span.weight))) fail("weight " + std::to_string(span.weight), "a finite weight above 0");
    if (span.cause < Span::censored || span.cause >= static_cast<std::int64_t>(causes))
      fail("cause " + std::to_string(span.cause), "the number of a cause, or Span::censored");
  }
}

}  // namespace survival_detail

/// Survival, hazard and the incidence of each of some causes, a step for each distinct length. With one cause the survival is
/// Kaplan-Meier's and the incidence 1 − S. The order of spans does not show where sums of weights are exact, such as whole numbers.
/// @throws InvalidInput for a length or weight out of range, or an unknown cause.
inline std::vector<SurvivalStep> survival(std::vector<Span> spans, std::size_t causes = 1) {
  survival_detail::check(spans, causes);
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return std::tuple{a.length, a.cause, a.weight} < std::tuple{b.length, b.cause, b.weight}; });
  std::vector<SurvivalStep> steps;
  std::vector<std::vector<double>> ended;  // a step each, a cause each
  for (const Span& span : spans) {
    if (steps.empty() || steps.back().length != span.length) {
      steps.push_back({span.length});
      ended.emplace_back(causes);
    }
    if (span.cause == Span::censored) steps.back().censored += span.weight;
    else ended.back()[static_cast<std::size_t>(span.cause)] += span.weight, steps.back().ended += span.weight;
  }
  // Added from the end, so that the last to end are exactly all who are at risk, whatever the weights.
  std::vector<double> lasting(steps.size());
  double later = 0;
  for (std::size_t k = steps.size(); k-- > 0;) {
    lasting[k] = steps[k].censored + later;
    later = steps[k].at_risk = steps[k].ended + lasting[k];
  }
  ProductLimit limit;
  double hazard = 0;
  std::vector<double> incidence(causes);
  for (std::size_t k = 0; k < steps.size(); ++k) {
    SurvivalStep& step = steps[k];
    for (std::size_t a = 0; a < causes; ++a) incidence[a] += limit.share(ended[k][a], step.at_risk);
    if (step.ended > 0) limit.pass(lasting[k], step.at_risk);
    step.survival = limit.survival();
    step.hazard = hazard += step.ended / step.at_risk;
    step.incidence = incidence;
  }
  return steps;
}

/// The last step at or before that length; before the first one all last and none has ended. O(log steps).
inline SurvivalStep at_length(const std::vector<SurvivalStep>& steps, double length) {
  const auto after = std::upper_bound(steps.begin(), steps.end(), length, [](double x, const SurvivalStep& step) { return x < step.length; });
  if (after != steps.begin()) return *(after - 1);
  SurvivalStep none;
  if (!steps.empty()) none.at_risk = steps.front().at_risk, none.incidence.resize(steps.front().incidence.size());
  return none;
}

}  // namespace sojourn
