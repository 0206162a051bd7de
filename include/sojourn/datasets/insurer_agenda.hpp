// The steps of one household's life, in time: what will happen, when, and in which of its stays with the insurer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/datasets/chance.hpp"
#include "sojourn/datasets/insurer_rows.hpp"

namespace sojourn::datasets {

/// What may happen next in a household's life.
// clang-format off
enum class Step : std::uint8_t {
  quote, refer, referral_answered, decide, documents, corrected, effective, welcome_call, no_welcome, flat_cancel, first_payment,
  bill, payment_failed, payment_cured, non_payment, reinstate, contact, further_contact, owner_assigned, change, move_house,
  claim, redirected, adjuster, settled, closed, follow_up, no_follow_up, renewal, renewal_call, anniversary, claim_free, thank_you,
  add, drop, lay_up, spring, rekey, roll, split, leave, come_back, fall_away
};
// clang-format on

class Agenda {
 public:
  explicit Agenda(Chance& chance) : chance_(chance) {}

  static constexpr Second at(DayNumber day) { return day * seconds_a_day; }
  static constexpr Second hours(double n) { return static_cast<Second>(n * 3600); }
  static constexpr Second days(double n) { return static_cast<Second>(n * static_cast<double>(seconds_a_day)); }

  [[nodiscard]] Second now() const { return now_; }
  [[nodiscard]] DayNumber today() const { return day_of_second(now_); }

  /// A step that happens if the household has not left by then; `about`: an order, a claim, a policy, a reason.
  void after(Second wait, Step step, std::int32_t about = 0) { plan(now_ + wait, step, about, stay_); }
  void at_time(Second time, Step step, std::int32_t about) { plan(time, step, about, stay_); }
  /// On that day, at an hour at which offices are open.
  void on(DayNumber day, Step step, std::int32_t about = 0) { plan(at(day) + hours(9) + chance_.whole(0, 30'000), step, about, stay_); }
  /// Once, at a rate per year.
  void some_day(Step step, double a_year) { after(days(chance_.exponential(365.25 / a_year)), step); }
  /// A step that happens even when the household has left by then.
  void anyway(Second wait, Step step, std::int32_t about) { plan(now_ + wait, step, about, any_stay); }
  /// The same, some years on, at the same time of day of the same date (29 February: 28).
  void years_on(int years, Step step, std::int32_t about) {
    plan(at(day_number(add_months(day_of(today()), 12 * years))) + (now_ - at(today())), step, about, any_stay);
  }

  /// The household leaves: what was planned for its stay does not happen.
  void end_stay() { ++stay_; }

  void begin(Second time, Step step) {
    now_ = time - 1;
    after(1, step);
  }
  /// The next step before `end`; the clock moves on to it.
  std::optional<std::pair<Step, std::int32_t>> next(Second end) {
    while (!planned_.empty() && planned_.top().time < end) {
      const Planned planned = planned_.top();
      planned_.pop();
      if (planned.stay != stay_ && planned.stay != any_stay) continue;
      now_ = planned.time;
      return std::pair{planned.step, planned.about};
    }
    return std::nullopt;
  }

 private:
  static constexpr std::uint32_t any_stay = ~std::uint32_t{0};
  struct Planned {
    Second time;
    std::uint32_t number;  // steps of one second happen as they were planned
    Step step;
    std::int32_t about;
    std::uint32_t stay;
    bool operator>(const Planned& other) const { return std::pair{time, number} > std::pair{other.time, other.number}; }
  };

  void plan(Second time, Step step, std::int32_t about, std::uint32_t stay) {
    planned_.push({std::max(now_ + 1, time), planned_ever_++, step, about, stay});
  }

  Chance& chance_;
  Second now_ = 0;
  std::uint32_t planned_ever_ = 0, stay_ = 0;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> planned_;
};

}  // namespace sojourn::datasets
