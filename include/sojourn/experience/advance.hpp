// advance: the match of a log that has grown, from the match of the log before. Equal to matching the new log from scratch.
// Matched again are the customers with new events, and those who wait for a time that the observation has now reached (`Waiting`): nothing
// else about a customer's answer depends on other customers. Cost: O(customers + occurrences) to copy, and the events of those matched again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn {

namespace advance_detail {

inline constexpr std::uint32_t nobody = UINT32_MAX;

/// For each customer of the new log, the number in the old one; nobody: a new customer.
inline std::vector<std::uint32_t> old_numbers(const EventLog& before, const EventLog& now) {
  std::vector<std::uint32_t> out(now.customers(), nobody);
  std::uint32_t old = 0;
  for (std::size_t c = 0; c < now.customers() && old < before.customers(); ++c)
    if (CustomerIds::compare(now.ids(), c, before.ids(), old) == 0) out[c] = old++;
  return out;
}

/// Copies what an earlier match says of customers about whom nothing is new; they are asked for in ascending order.
class Copy {
 public:
  using Part = match_detail::Compiled::Part;

  Copy(const Matches& from, const EventLog& log, std::uint32_t first) : from_(from), log_(log) {
    undecided_ =
        std::lower_bound(from.undecided.begin(), from.undecided.end(), first, [](const Undecided& u, std::uint32_t c) { return u.customer < c; });
    waiting_ = std::lower_bound(from.waiting.begin(), from.waiting.end(), first, [](const Waiting& w, std::uint32_t c) { return w.customer < c; });
  }

  /// Customer `old` of the earlier match is `c` now. @return how many occurrences.
  std::size_t copy(std::uint32_t old, std::uint32_t c, Ending* ending, Part& out) {
    const std::size_t first = log_.offsets()[c], first_before = from_.log->offsets()[old];
    const auto row = [&](std::uint64_t before) { return before - first_before + first; };
    for (Occurrence o : from_.of_customer(old)) {
      o.customer = c;
      o.event = row(o.event);
      out.occurrences.push_back(o);
    }
    for (; undecided_ != from_.undecided.end() && undecided_->customer <= old; ++undecided_)
      if (undecided_->customer == old) out.undecided.push_back({undecided_->time, c, undecided_->moment, undecided_->reason});
    for (; waiting_ != from_.waiting.end() && waiting_->customer <= old; ++waiting_)
      if (waiting_->customer == old) out.waiting.push_back({c, waiting_->until});
    if (ending != nullptr) {
      *ending = from_.endings[old].reached() ? from_.endings[old] : Ending::still_observed(log_.observation(c));
      if (ending->reached()) ending->event = row(ending->event);
    }
    return from_.of_customer(old).size();
  }

 private:
  const Matches& from_;
  const EventLog& log_;
  std::vector<Undecided>::const_iterator undecided_;
  std::vector<Waiting>::const_iterator waiting_;
};

}  // namespace advance_detail

/// The journey of an earlier match over a log that was appended to: equal to `match`. @param log the earlier match's log and further events.
inline Matches advance(const Matches& earlier, std::shared_ptr<const EventLog> log, const MatchOptions& options = {}) {
  using namespace advance_detail;
  const EventLog& before = *earlier.log;
  const bool tables = !before.parts().observed.empty() || !log->parts().observed.empty();
  if (tables || before.span().from != log->span().from) return match(earlier.journey, std::move(log), options);

  std::vector<std::uint32_t> old = old_numbers(before, *log);
  std::vector<std::uint8_t> due(before.customers());
  for (const Waiting& w : earlier.waiting) due[w.customer] = w.until <= micros(log->span().to);
  const auto kept = [&](std::size_t c) { return old[c] != nobody && due[old[c]] == 0 && before.customer(old[c]).size() == log->customer(c).size(); };
  const match_detail::Compiled compiled{*earlier.journey, *log};
  const std::vector<Slice> customers = slices(log->customers(), 16 * options.run.count());
  std::vector<match_detail::Compiled::Part> parts(customers.size());
  Matches out = match_detail::blank(earlier.journey, log);
  parallel_for(customers.size(), options.run, [&](std::size_t i) {
    Workspace work = compiled.workspace();
    const auto& [begin, end] = customers[i];
    std::size_t first = begin;
    while (first < end && old[first] == nobody) ++first;
    Copy copy{earlier, *log, first == end ? nobody : old[first]};
    for (std::size_t c = begin; c < end;) {
      std::size_t next = c + 1;
      if (kept(c)) {
        Ending* ending = out.endings.empty() ? nullptr : out.endings.data() + c;
        out.offsets[c + 1] = copy.copy(old[c], static_cast<std::uint32_t>(c), ending, parts[i]);
      } else {
        while (next < end && !kept(next)) ++next;
        compiled.match({c, next}, work, out.offsets.data() + 1, out.endings.data(), parts[i]);
      }
      c = next;
    }
  });
  match_detail::join(std::move(parts), options.run, out);
  return out;
}

/// The occurrences (customer, moment and ordinal) that an earlier match of the same journey did not have, in order. O(occurrences · log of one
/// customer's).
inline std::vector<Occurrence> new_occurrences(const Matches& now, const Matches& earlier) {
  const std::vector<std::uint32_t> old = advance_detail::old_numbers(*earlier.log, *now.log);
  std::vector<Occurrence> out;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> known;  // moment and ordinal
  for (std::size_t c = 0; c < old.size(); ++c) {
    known.clear();
    if (old[c] != advance_detail::nobody)
      for (const Occurrence& o : earlier.of_customer(old[c])) known.emplace_back(o.moment, o.ordinal);
    std::sort(known.begin(), known.end());
    for (const Occurrence& o : now.of_customer(c))
      if (!std::binary_search(known.begin(), known.end(), std::pair{o.moment, o.ordinal})) out.push_back(o);
  }
  return out;
}

}  // namespace sojourn
