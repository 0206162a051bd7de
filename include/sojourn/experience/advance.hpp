// advance: the match of a log that has grown, from the match of the log before. Equal to matching the new log from scratch.
// Matched again are the customers with new events, and those who wait for a time that the observation has now reached (`Waiting`): nothing
// else about a customer's answer depends on other customers. Cost: O(customers + occurrences) to copy, and the events of those matched again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/experience/rematch.hpp"

namespace sojourn {

/// The journey of an earlier match over a log that was appended to: equal to `match`. @param log the earlier match's log and further events.
inline Matches advance(const Matches& earlier, std::shared_ptr<const EventLog> log, const MatchOptions& options = {}) {
  using namespace rematch_detail;
  const EventLog& before = *earlier.log;
  const bool tables = !before.parts().observed.empty() || !log->parts().observed.empty();
  if (tables || before.span().from != log->span().from) return match(earlier.journey, std::move(log), options);

  const std::vector<std::uint32_t> old = old_numbers(before, *log);
  std::vector<std::uint8_t> due(before.customers());
  for (const Waiting& w : earlier.waiting) due[w.customer] = w.until <= micros(log->span().to);
  const auto kept = [&](std::size_t c) { return old[c] != nobody && due[old[c]] == 0 && before.customer(old[c]).size() == log->customer(c).size(); };
  const auto copier = [&](Slice customers) {
    return
        [copy = Copy{earlier, *log, old, customers}](std::uint32_t c, Ending* ending, Copy::Part& out) mutable { return copy.copy(c, ending, out); };
  };
  return rematch(earlier.journey, log, options, kept, copier);
}

/// The occurrences (customer, moment and ordinal) that an earlier match of the same journey did not have, in order. O(occurrences · log of one
/// customer's).
inline std::vector<Occurrence> new_occurrences(const Matches& now, const Matches& earlier) {
  const std::vector<std::uint32_t> old = rematch_detail::old_numbers(*earlier.log, *now.log);
  std::vector<Occurrence> out;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> known;  // moment and ordinal
  for (std::size_t c = 0; c < old.size(); ++c) {
    known.clear();
    if (old[c] != rematch_detail::nobody)
      for (const Occurrence& o : earlier.of_customer(old[c])) known.emplace_back(o.moment, o.ordinal);
    std::sort(known.begin(), known.end());
    for (const Occurrence& o : now.of_customer(c))
      if (!std::binary_search(known.begin(), known.end(), std::pair{o.moment, o.ordinal})) out.push_back(o);
  }
  return out;
}

}  // namespace sojourn
