// Two logs that were read alike, as one: equal to a log built from both tables, the first's rows above the second's.
// What `append` and `merge` have in common; they say what may be joined. O(events of both).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sojourn/core/customer_ids.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/gather.hpp"

namespace sojourn::join_detail {

/// Where an event stands inside its instant. Input order: nowhere in particular.
inline std::int64_t tie(const EventLog& log, std::size_t row) {
  if (const auto* ranking = std::get_if<NameRanking>(&log.ties())) {
    const std::string& name = log.event_names()[log.events()[row]];
    return std::find(ranking->names.begin(), ranking->names.end(), name) - ranking->names.begin();
  }
  return std::holds_alternative<SequenceColumn>(log.ties()) ? log.parts().sequence[row] : 0;
}

class Join {
 public:
  Join(const EventLog& a, const EventLog& b) : a_(a), b_(b), out_(gather_detail::rules_of(a)) {}

  EventLog run() {
    const EventLog::Parts &a = a_.parts(), &b = b_.parts();
    out_.ids = united(a.ids, b.ids);
    out_.rounded_times = a.rounded_times + b.rounded_times;
    out_.prior_outside = a.prior_outside + b.prior_outside;
    out_.before_observation = a.before_observation + b.before_observation;
    out_.first_time = std::min(a.first_time, b.first_time);
    out_.last_time = std::max(a.last_time, b.last_time);
    join_customers();
    copy_prior(a, number_a_);
    copy_prior(b, number_b_);
    const EventLog* logs[] = {&a_, &b_};
    gather_detail::gather(logs, stretches_, out_);
    return EventLog{std::move(out_)};
  }

 private:
  void join_customers() {
    for (std::size_t c = 0; c < out_.ids.size(); ++c) {
      const std::size_t i = number_a_.size(), j = number_b_.size();
      const bool in_a = i < a_.customers() && CustomerIds::compare(a_.ids(), i, out_.ids, c) == 0;
      const bool in_b = j < b_.customers() && CustomerIds::compare(b_.ids(), j, out_.ids, c) == 0;
      join_events(in_a ? a_.customer(i) : CustomerEvents{}, in_b ? b_.customer(j) : CustomerEvents{});
      if (!a_.parts().observed.empty()) out_.observed.push_back(in_a ? a_.parts().observed[i] : b_.parts().observed[j]);
      if (in_a) number_a_.push_back(static_cast<std::uint32_t>(c));
      if (in_b) number_b_.push_back(static_cast<std::uint32_t>(c));
    }
  }

  /// One customer's events: of those at one place in the order, the first log's come first.
  void join_events(const CustomerEvents& x, const CustomerEvents& y) {
    out_.offsets.push_back(out_.offsets.back() + x.size() + y.size());
    std::size_t i = 0, j = 0;
    while (i < x.size() && j < y.size()) {
      if (before(y, j, x, i)) gather_detail::add_rows(stretches_, 1, y.first + j++, 1);
      else gather_detail::add_rows(stretches_, 0, x.first + i++, 1);
    }
    gather_detail::add_rows(stretches_, 0, x.first + i, x.size() - i);
    gather_detail::add_rows(stretches_, 1, y.first + j, y.size() - j);
  }

  /// Whether event j of `y`, of the second log, stands before event i of `x`, of the first.
  [[nodiscard]] bool before(const CustomerEvents& y, std::size_t j, const CustomerEvents& x, std::size_t i) const {
    if (y.times[j] != x.times[i]) return y.times[j] < x.times[i];
    return tie(b_, y.first + j) < tie(a_, x.first + i);
  }

  void copy_prior(const EventLog::Parts& from, const std::vector<std::uint32_t>& number) {
    for (const auto& [event, of_customer] : from.prior)
      for (const auto& [customer, count] : of_customer) out_.prior[event].emplace(number[customer], count);
  }

  const EventLog& a_;
  const EventLog& b_;
  EventLog::Parts out_;
  std::vector<std::uint32_t> number_a_, number_b_;  // each log's customers: their numbers in the result
  std::vector<gather_detail::Stretch> stretches_;
};

}  // namespace sojourn::join_detail
