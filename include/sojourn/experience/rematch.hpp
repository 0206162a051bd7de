// The match of a log of which most is known already: customers about whom something is new are matched again, the others copied from an earlier
// match. Nothing about a customer's answer depends on other customers. O(customers + occurrences) to copy, and the events of those matched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn::rematch_detail {

inline constexpr std::uint32_t nobody = UINT32_MAX;

/// For each customer of the new log, the number in the old one; nobody: a new customer.
inline std::vector<std::uint32_t> old_numbers(const EventLog& before, const EventLog& now) {
  std::vector<std::uint32_t> out(now.customers(), nobody);
  std::uint32_t old = 0;
  for (std::size_t c = 0; c < now.customers() && old < before.customers(); ++c)
    if (CustomerIds::compare(now.ids(), c, before.ids(), old) == 0) out[c] = old++;
  return out;
}

/// Copies what an earlier match says of some customers about whom nothing is new; they are asked for in ascending order.
class Copy {
 public:
  using Part = match_detail::Compiled::Part;

  /// @param old `old_numbers` of the earlier match's log. @param customers which of the new log's may be asked for.
  Copy(const Matches& from, const EventLog& log, const std::vector<std::uint32_t>& old, Slice customers) : from_(from), log_(log), old_(old) {
    std::size_t c = customers.begin;
    while (c < customers.end && old[c] == nobody) ++c;
    const std::uint32_t first = c == customers.end ? nobody : old[c];
    undecided_ =
        std::lower_bound(from.undecided.begin(), from.undecided.end(), first, [](const Undecided& u, std::uint32_t n) { return u.customer < n; });
    waiting_ = std::lower_bound(from.waiting.begin(), from.waiting.end(), first, [](const Waiting& w, std::uint32_t n) { return w.customer < n; });
  }

  /// Customer c of the new log. @return how many occurrences.
  std::size_t copy(std::uint32_t c, Ending* ending, Part& out) {
    const std::uint32_t old = old_[c];
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
  const std::vector<std::uint32_t>& old_;
  std::vector<Undecided>::const_iterator undecided_;
  std::vector<Waiting>::const_iterator waiting_;
};

/// The journey's match of the log. `copier(slice)` gives what copies customers of that slice of whom `kept(c)` says that nothing is new:
/// called with c, a place for the ending (or null) and the part to add to, it returns how many occurrences they have.
template <class Kept, class Copier>
Matches rematch(std::shared_ptr<const Journey> journey, std::shared_ptr<const EventLog> log, const MatchOptions& options, const Kept& kept,
                const Copier& copier) {
  const match_detail::Compiled compiled{*journey, *log};
  const std::vector<Slice> customers = slices(log->customers(), 16 * options.run.count());
  std::vector<match_detail::Compiled::Part> parts(customers.size());
  Matches out = match_detail::blank(journey, log);
  parallel_for(customers.size(), options.run, [&](std::size_t i) {
    Workspace work = compiled.workspace();
    auto copy = copier(customers[i]);
    const auto& [begin, end] = customers[i];
    for (std::size_t c = begin; c < end;) {
      std::size_t next = c + 1;
      if (kept(c)) {
        Ending* ending = out.endings.empty() ? nullptr : out.endings.data() + c;
        out.offsets[c + 1] = copy(static_cast<std::uint32_t>(c), ending, parts[i]);
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

}  // namespace sojourn::rematch_detail
