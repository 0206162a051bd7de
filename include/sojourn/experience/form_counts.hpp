// The forms that count x's: nth and count. Semantics: docs/patterns.md, "Forms" and "Conditions". Linear in the x's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/experience/compiled_pattern.hpp"
#include "sojourn/experience/windows.hpp"

namespace sojourn {

/// The x's of nth, count and absent: an x's condition is its own pattern's and the form's together, in Kleene's logic. Without a
/// condition of the form it is a view of what the part emitted; else it lies in the scratch memory.
struct Counted {
  std::span<const Signal> known, unknown;

  explicit Counted(const FormInput& in) : known(in.part(0).signals), unknown(in.part(0).unknown) {
    if (in.pattern.where.is_trivial()) return;
    in.scratch.known.clear();
    in.scratch.unknown.clear();
    for (const Signal& x : known) {
      const Truth verdict = in.pattern.judge(x, in.life);
      if (verdict == Truth::yes) in.scratch.known.push_back(x);
      if (verdict == Truth::unknown) in.scratch.unknown.push_back(x);
    }
    for (const Signal& x : unknown)
      if (in.pattern.judge(x, in.life) != Truth::no) in.scratch.unknown.push_back(x);
    if (!unknown.empty()) put_in_order(in.scratch.unknown);
    known = in.scratch.known;
    unknown = in.scratch.unknown;
  }

  [[nodiscard]] bool empty() const { return known.empty() && unknown.empty(); }
};

/// What came before the observation, if that is known and of use: not for an nth with `where`, nor over a nested pattern.
inline std::optional<std::int64_t> usable_prior(const FormInput& in) {
  if (!in.pattern.over_name || !in.pattern.where.is_trivial()) return std::nullopt;
  return in.life.prior(in.pattern.name);
}

inline void evaluate_nth(const FormInput& in, Emitted& out) {
  const Counted x{in};
  if (x.empty()) return in.pass_cases_until(Case::no_end, out.cases);
  std::int64_t n = in.pattern.n;
  if (const auto prior = usable_prior(in)) {
    n -= *prior;
    if (n <= 0) return;
  } else if (in.life.truncated() && !x.known.empty()) {
    in.pass_cases_until(Case::no_end, out.cases);
    out.cases.push_back({x.known.front().time, Reason::truncated});
    return;
  }
  const auto wanted = static_cast<std::uint64_t>(n);
  const bool reached = x.known.size() >= wanted;
  in.pass_cases_until(reached ? x.known[wanted - 1].time : Case::no_end, out.cases);
  const bool doubtful =
      reached ? !x.unknown.empty() && x.unknown.front().place() < x.known[wanted - 1].place() : x.known.size() + x.unknown.size() >= wanted;
  if (doubtful) {
    const std::int64_t last = x.known.empty() ? x.unknown.back().time : std::max(x.known.back().time, x.unknown.back().time);
    out.cases.push_back({x.unknown.front().time, Reason::unknown_condition, reached ? x.known[wanted - 1].time : last});
  } else if (reached) {
    Signal signal = x.known[wanted - 1];
    signal.start_time = signal.time;
    out.signals.push_back(signal);
  }
}

inline void evaluate_count(const FormInput& in, Emitted& out) {
  in.pass_cases_within(out.cases);
  const Counted x{in};
  const auto wanted = static_cast<std::uint64_t>(in.pattern.n);
  if (x.known.size() + x.unknown.size() < wanted) return;
  WindowStart known_from{x.known}, unknown_from{x.unknown};
  const auto skip_place = [](std::span<const Signal> signals, std::size_t from, const Signal& at) {
    while (from < signals.size() && signals[from].place() == at.place()) ++from;
    return from;
  };
  std::size_t last = 0, last_unknown = 0;  // how many lie at or before the place at hand
  bool armed = true;
  for (std::size_t i = 0, j = 0; i < x.known.size() || j < x.unknown.size();) {
    const bool is_known = j == x.unknown.size() || (i < x.known.size() && !(x.unknown[j] < x.known[i]));
    const Signal& at = is_known ? x.known[i++] : x.unknown[j++];
    last = skip_place(x.known, std::max(last, i), at);
    last_unknown = skip_place(x.unknown, std::max(last_unknown, j), at);
    const bool ready = armed || in.pattern.rearm == Rearm::every;  // as it stood on arriving at x
    const bool enough = last + last_unknown >= wanted;
    const std::int64_t opens = enough ? in.life.shift(at.time, in.pattern.within, -1) : at.time;
    if (is_known && last >= wanted && x.known[last - wanted].time >= opens) {
      if (!ready) continue;
      Signal signal = at;
      signal.start_time = x.known[last - wanted].time;
      out.signals.push_back(signal);
      armed = false;
    } else {
      const auto within = [&] { return last - known_from.first_from(opens) + last_unknown - unknown_from.first_from(opens); };
      if (ready && enough && !x.unknown.empty() && within() >= wanted) out.cases.push_back({at.time, Reason::unknown_condition, at.time});
      if (is_known) armed = true;
    }
  }
}

}  // namespace sojourn
