// What may cause a voice, for the model: each moment, and where its occurrences kept and broke a promise (their KPI), each of the two: a broken
// promise is spoken of more, later, otherwise and with other scores, and often comes later than a kept one; one rate for both would mistake the
// moments around it for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sojourn/experience/kpi_verdict.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn {

/// The causes of a match, by moment; a moment whose promise was both kept and broken has two in a row, the broken one second.
class Causes {
 public:
  explicit Causes(const Matches& matches) {
    const std::size_t moments = matches.journey->moments().size();
    std::vector<bool> kept(moments), broken(moments);
    for (const Occurrence& o : matches.occurrences) (o.kpi == Verdict::not_met ? broken : kept)[o.moment] = true;
    for (std::uint32_t m = 0; m < moments; ++m) {
      first_.push_back(static_cast<std::uint32_t>(moment_.size()));
      splits_.push_back(kept[m] && broken[m]);
      moment_.insert(moment_.end(), splits_.back() ? 2 : 1, m);
    }
  }

  [[nodiscard]] std::size_t size() const { return moment_.size(); }
  [[nodiscard]] std::uint32_t of(const Occurrence& o) const { return first_[o.moment] + (splits_[o.moment] && o.kpi == Verdict::not_met ? 1 : 0); }
  [[nodiscard]] std::uint32_t moment(std::size_t cause) const { return moment_[cause]; }
  /// Whether the cause is the broken promise of a moment that has both.
  [[nodiscard]] bool is_broken(std::size_t cause) const { return splits_[moment_[cause]] && cause != first_[moment_[cause]]; }
  [[nodiscard]] bool splits(std::size_t cause) const { return splits_[moment_[cause]]; }

 private:
  std::vector<std::uint32_t> moment_, first_;
  std::vector<bool> splits_;
};

}  // namespace sojourn
