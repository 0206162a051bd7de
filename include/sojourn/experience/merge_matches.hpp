// The matches of disjoint customers as one: equal, bit for bit, to the match of the merged log.
//
// What a customer's match says depends on the customer's own events and observation alone, so it is copied. Where the observation was the log's
// own first and last instant it grows to that of both logs: then those who wait for a time that it now reaches are matched again, as `advance`
// does; and all of one side, if the observation begins earlier for it, or if some of its cases were left out for lying before it.
// O(customers + occurrences) to copy, and the events of those matched again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sojourn/events/merge.hpp"
#include "sojourn/experience/journey_difference.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/experience/rematch.hpp"

namespace sojourn {

namespace merge_matches_detail {

/// One of the two matches, and what of it still holds in the merged log.
class Side {
 public:
  Side(const Matches& matches, const EventLog& both) : matches_(matches), old_(rematch_detail::old_numbers(*matches.log, both)) {
    const EventLog& own = *matches.log;
    if (!own.parts().observed.empty()) return;
    holds_ = own.span().from == both.span().from && matches.undecided_before_observation == 0;
    due_.resize(own.customers());
    for (const Waiting& w : matches.waiting) due_[w.customer] = w.until <= micros(both.span().to);
  }

  [[nodiscard]] bool kept(std::size_t c) const { return holds_ && old_[c] != rematch_detail::nobody && (due_.empty() || due_[old_[c]] == 0); }
  /// Whether all of it holds, the counts of what was left out included.
  [[nodiscard]] bool holds() const { return holds_; }
  [[nodiscard]] const Matches& matches() const { return matches_; }

  [[nodiscard]] rematch_detail::Copy copy(const EventLog& both, Slice customers) const { return {matches_, both, old_, customers}; }

 private:
  const Matches& matches_;
  std::vector<std::uint32_t> old_;
  std::vector<std::uint8_t> due_;
  bool holds_ = true;
};

}  // namespace merge_matches_detail

/// @param log `merge(*a.log, *b.log)`.
/// @throws InvalidInput for matches of different journeys, with the first place at which they differ.
inline Matches merge(const Matches& a, const Matches& b, std::shared_ptr<const EventLog> log, const MatchOptions& options = {}) {
  check_one_journey(*a.journey, *b.journey);
  const merge_matches_detail::Side sides[] = {{a, *log}, {b, *log}};
  const auto kept = [&](std::size_t c) { return sides[0].kept(c) || sides[1].kept(c); };
  const auto copier = [&](Slice customers) {
    return [&, a = sides[0].copy(*log, customers), b = sides[1].copy(*log, customers)](
               std::uint32_t c, Ending* ending, rematch_detail::Copy::Part& out) mutable { return (sides[0].kept(c) ? a : b).copy(c, ending, out); };
  };
  Matches out = rematch_detail::rematch(a.journey, log, options, kept, copier);
  for (const auto& side : sides) {
    if (!side.holds()) continue;
    out.before_observation += side.matches().before_observation;
    out.undecided_before_observation += side.matches().undecided_before_observation;
  }
  return out;
}

/// The matches of both. @throws InvalidInput also as `merge` of logs does.
inline Matches merge(const Matches& a, const Matches& b, const MatchOptions& options = {}) {
  return merge(a, b, std::make_shared<const EventLog>(merge(*a.log, *b.log)), options);
}

}  // namespace sojourn
