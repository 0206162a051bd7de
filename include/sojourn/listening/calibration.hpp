// Whether probabilities mean what they say: of all that an attribution gave 30%, 30% should be true. Judged are pairs of a voice and an occurrence,
// or of a voice and none, with a weight in [.02, .98]: those that are sure say little. They are cut into bins of equal counts by weight; the error is
// the mean over pairs of |mean weight − share true| of their bin (expected calibration error; Naeini, Cooper & Hauskrecht 2015). Even a perfect
// attribution has one, by chance: what it is expected to be is told beside it.
// Cost: O(pairs log pairs).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numbers>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/error.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/candidates.hpp"

namespace sojourn {

struct CalibrationBin {
  std::int64_t pairs = 0;
  double weight = 0, share_true = 0;
};

struct Calibration {
  std::vector<CalibrationBin> bins;
  std::int64_t voices = 0;                 // that were judged
  std::optional<double> error, by_chance;  // none without pairs
  double right = 0;                        // share of the judged voices whose greatest weight is on the truth
  double brier = 0;                        // mean over voices of Σ (weight − true)² (Brier 1950)
};

/// Gathers what voices were given and what was true.
class Calibrator {
 public:
  void begin_voice() {
    if (out_.voices > 0) finish_voice();
    ++out_.voices;
  }
  void judge(double weight, bool is_true) {
    if (weight >= 0.02 && weight <= 0.98) pairs_.push_back({weight, is_true});
    out_.brier += (weight - (is_true ? 1 : 0)) * (weight - (is_true ? 1 : 0));
    named_ = named_ || is_true;
    if (weight > best_) best_ = weight, found_ = is_true;
  }

  /// @throws InvalidInput for no bins, or no voice.
  Calibration finish(std::size_t bins) && {
    if (bins == 0) refuse("bins", "0", "at least 1");
    if (out_.voices == 0) refuse("truth", "no voice of which anything is known", "at least one");
    finish_voice();
    out_.right = static_cast<double>(right_) / static_cast<double>(out_.voices);
    out_.brier /= static_cast<double>(out_.voices);
    if (!pairs_.empty()) out_.error = out_.by_chance = 0;
    std::stable_sort(pairs_.begin(), pairs_.end(), [](const Judged& a, const Judged& b) { return a.weight < b.weight; });
    for (const Slice& slice : slices(pairs_.size(), bins))
      if (slice.begin < slice.end) add_bin(slice);
    return std::move(out_);
  }

 private:
  struct Judged {
    double weight;
    bool is_true;
  };

  void finish_voice() {
    right_ += found_ ? 1 : 0;
    out_.brier += named_ ? 0 : 1;  // the truth was given nothing
    best_ = 0, found_ = named_ = false;
  }

  void add_bin(const Slice& slice) {
    CalibrationBin bin{static_cast<std::int64_t>(slice.end - slice.begin)};
    double variance = 0;
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      bin.weight += pairs_[i].weight;
      bin.share_true += pairs_[i].is_true ? 1 : 0;
      variance += pairs_[i].weight * (1 - pairs_[i].weight);
    }
    const auto n = static_cast<double>(bin.pairs), all = static_cast<double>(pairs_.size());
    *out_.error += std::fabs(bin.weight - bin.share_true) / all;
    *out_.by_chance += std::sqrt(2 * std::numbers::inv_pi * variance) / all;  // mean of |N(0, variance)|
    bin.weight /= n, bin.share_true /= n;
    out_.bins.push_back(bin);
  }

  Calibration out_;
  std::vector<Judged> pairs_;
  std::int64_t right_ = 0;
  double best_ = 0;
  bool found_ = false, named_ = false;
};

/// What is known of a voice: nothing; or the occurrence that it is about, or that it is about none.
struct KnownCause {
  bool known = false;
  std::optional<std::uint64_t> occurrence = {};  // its number in the matches
};

/// An attribution held against what is known of its voices. @throws InvalidInput if nothing is.
inline Calibration calibrate(const Attribution& attribution, std::span<const KnownCause> known, std::size_t bins = 20) {
  Calibrator found;
  for (std::size_t v = 0; v < known.size(); ++v) {
    if (!known[v].known) continue;
    found.begin_voice();
    found.judge(attribution.unattributed[v], !known[v].occurrence);
    for (const VoiceShare& share : attribution.of_voice(v)) found.judge(share.weight, known[v].occurrence == share.occurrence);
  }
  return std::move(found).finish(bins);
}

/// An attribution held against the links of its voices, as if it had not been shown them: a linked voice's weights over all occurrences within the
/// horizon, given that it carries a link, and summed over those with the same key (for a voice that names its moment: of the same moment). The
/// model's parameters stay as they are, links of other voices included. @throws InvalidInput if no voice is linked to anything within the horizon.
inline Calibration calibrate_links(const Attribution& attribution, const AttributeOptions& options, std::size_t bins = 20) {
  const Feedback& feedback = *attribution.feedback;
  const Matches& matches = *attribution.matches;
  const CandidateFinder finder(feedback, attribution.horizon, Run{options.run.count()});
  std::optional<declustering_detail::Intensities> intensities;
  if (attribution.model) intensities.emplace(attribution.model->data, attribution.model->fit.model);
  Calibrator found;
  std::vector<double> weight;
  std::map<std::pair<bool, std::uint64_t>, std::pair<double, bool>> groups;  // by link: weight, whether it is the voice's own
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    if (attribution.how[v] != How::key && attribution.how[v] != How::named) continue;
    const Candidates all = finder.recent(v), linked = finder.find(v).first;
    const bool by_key =
        feedback.keys.of_voice(v) != VoiceKeys::none && feedback.keys.of_event(matches.occurrences[linked[0]].event) != VoiceKeys::none;
    weight.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Occurrence& o = matches.occurrences[all[i]];
      const auto age = static_cast<double>(feedback.time[v] - o.time);
      if (!attribution.model) weight.push_back(age);
      else {
        const DeclusteringData& data = attribution.model->data;
        weight.push_back(intensities->at(data.voices[v], {data.causes.of(o), static_cast<std::uint32_t>(data.grid.step(age))}));
      }
    }
    if (!attribution.model) weigh(*options.method, static_cast<double>(options.half_life.fixed.count()), weight);
    double sum = 0;
    bool within = false;
    groups.clear();
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Occurrence& o = matches.occurrences[all[i]];
      bool own = false;
      for (std::size_t k = 0; k < linked.size(); ++k) own = own || linked[k] == all[i];
      const std::uint64_t link = by_key ? feedback.keys.of_event(o.event) : o.moment;
      const bool linkable = !by_key || link != VoiceKeys::none;  // what no key leads to stands alone
      auto& group = groups[{linkable, linkable ? link : all[i]}];
      group.first += weight[i];
      group.second = group.second || own;
      within = within || own;
      sum += weight[i];
    }
    if (!within || !(sum > 0)) continue;
    found.begin_voice();
    for (const auto& [link, group] : groups) found.judge(group.first / sum, group.second);
  }
  return std::move(found).finish(bins);
}

}  // namespace sojourn
