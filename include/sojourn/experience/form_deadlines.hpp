// The forms that occur at a deadline rather than at an event: absent, anniversary and gap. Semantics: docs/patterns.md. Linear in the
// signals they listen to (anniversary: and in its occurrences).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sojourn/experience/compiled_pattern.hpp"
#include "sojourn/experience/form_counts.hpp"
#include "sojourn/experience/windows.hpp"

namespace sojourn {

/// The signal of a deadline that the event carried by `y` began.
inline Signal deadline_of(const Signal& y, std::int64_t time) { return {time, y.time, y.event, true}; }

inline void evaluate_absent(const FormInput& in, Emitted& out) {
  in.pass_cases_within(out.cases);
  const Counted x{in};
  const Emitted& after = in.part(1);
  static const Emitted nothing{};
  const Emitted& z = in.parts() > 2 ? in.part(2) : nothing;
  const auto judge = [&](const std::vector<Signal>& begun, bool y_known) {
    Following x_known{x.known}, x_unknown{x.unknown}, z_known{z.signals}, z_unknown{z.unknown};
    for (const Signal& y : begun) {
      const std::int64_t ends = in.life.shift(y.time, in.pattern.within);
      if (x_known.any(y.place(), ends) || z_known.any(y.place(), ends)) continue;
      if (!y_known || x_unknown.any(y.place(), ends) || z_unknown.any(y.place(), ends)) {
        out.cases.push_back({y.time, Reason::unknown_condition, ends});
      } else if (!in.life.reaches(ends)) {
        out.cases.push_back({y.time, Reason::censored});
      } else {
        out.signals.push_back(deadline_of(y, ends));
      }
    }
  };
  judge(after.signals, true);
  judge(after.unknown, false);
  put_in_order(out.signals);
}

/// Of one customer, and of one event over a log's observation: what is beyond is no anniversary, and would fill the memory.
inline constexpr std::size_t most_anniversaries = 10'000'000, most_anniversaries_of_one = 100'000;

/// Refuses an `every` that is too short for so long an observation.
inline void check_anniversary(const Duration& every, const Observation& span) {
  const std::int64_t shortest = every.is_calendar() ? every.months * 28 * micros_per_day : every.fixed.count();
  if ((micros(span.to) - micros(span.from)) / shortest > static_cast<std::int64_t>(most_anniversaries_of_one))
    refuse("anniversary, every '" + every.text() + "'",
           "more than " + std::to_string(most_anniversaries_of_one) + " of one event from " + to_string(span.from) + " to " + to_string(span.to),
           "fewer (a longer 'every')");
}

inline void evaluate_anniversary(const FormInput& in, Emitted& out) {
  const Life& life = in.life;
  const std::int64_t latest = life.first_outcome ? *life.first_outcome - 1 : Case::no_end;
  in.pass_cases_until(latest, out.cases);
  for (const Signal& y : in.part(0).unknown) out.cases.push_back({life.time(y.event), Reason::unknown_condition, latest});
  for (const Signal& y : in.part(0).signals) {
    for (std::int64_t k = 1;; ++k) {
      const std::int64_t time = life.shift(y.time, in.pattern.within, k);
      if ((life.first_outcome && time >= *life.first_outcome) || !life.reaches(time)) break;
      if (out.signals.size() == most_anniversaries)
        refuse("anniversary, every '" + in.pattern.within.text() + "'", "more than " + std::to_string(most_anniversaries) + " for one customer",
               "fewer (a longer 'every', or a rarer event)");
      out.signals.push_back(deadline_of(y, time));
    }
  }
  put_in_order(out.signals);
  judge_carried(in.pattern, life, out);
}

inline void evaluate_gap(const FormInput& in, Emitted& out) {
  const Life& life = in.life;
  for (std::uint32_t i = 0; i < life.size(); ++i) {
    const std::int64_t ends = life.shift(life.time(i), in.pattern.within);
    const bool last = i + 1 == life.size();
    if (!last && life.time(i + 1) <= ends) continue;
    const Signal silence{ends, life.time(i), i, true};
    if (life.reaches(ends)) {
      out.signals.push_back(silence);
    } else if (last && in.pattern.judge(silence, life) != Truth::no) {
      out.cases.push_back({life.time(i), Reason::censored});
    }
  }
  put_in_order(out.signals);
  judge_carried(in.pattern, life, out);
}

}  // namespace sojourn
