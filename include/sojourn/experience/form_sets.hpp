// The forms of several parts: sequence, any_of and all_of. Semantics: docs/patterns.md.
// The parts' signals are put in one order, O(n log n) and in practice near n, then taken in a single pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sojourn/experience/compiled_pattern.hpp"

namespace sojourn {

/// All parts' signals in the order of their places, then of the parts as listed, then of their starts. A part that a sequence lists several
/// times comes once, as the last of them: a thousand times one name are not a thousand copies of its signals.
inline std::span<const Scratch::Tagged> in_one_order(const FormInput& in) {
  std::vector<Scratch::Tagged>& tagged = in.scratch.tagged;
  tagged.clear();
  std::size_t filled = 0;
  for (std::uint32_t p = 0; p < in.parts(); ++p) {
    if (!in.pattern.same_behind.empty() && in.pattern.same_behind[p] != 0) continue;
    filled += !in.part(p).signals.empty();
    for (const Signal& signal : in.part(p).signals) tagged.push_back({signal, p});
  }
  if (filled > 1) {
    std::sort(tagged.begin(), tagged.end(), [](const Scratch::Tagged& a, const Scratch::Tagged& b) {
      if (const auto order = a.signal.place() <=> b.signal.place(); order != 0) return order < 0;
      return a.part != b.part ? a.part < b.part : a.signal.start_time < b.signal.start_time;
    });
  }
  return tagged;
}

/// Whether every part emitted a signal: else no series and no set can be complete.
inline bool every_part_emitted(const FormInput& in) {
  for (std::size_t p = 0; p < in.parts(); ++p)
    if (in.part(p).signals.empty()) return false;
  return true;
}

/// The leading signals at one place.
inline std::span<const Scratch::Tagged> at_one_place(std::span<const Scratch::Tagged> rest) {
  std::size_t n = 1;
  while (n < rest.size() && rest[n].signal.place() == rest.front().signal.place()) ++n;
  return rest.first(n);
}

/// Unknown elements of a sequence or set are passed over, and reported once each however many parts they might have served.
inline void report_unknown_once(const FormInput& in, std::vector<Case>& out) {
  std::vector<Signal>& unknown = in.scratch.unknown;
  unknown.clear();
  for (std::size_t p = 0; p < in.parts(); ++p) unknown.insert(unknown.end(), in.part(p).unknown.begin(), in.part(p).unknown.end());
  put_in_order(unknown);
  const auto same_place = [](const Signal& a, const Signal& b) { return a.place() == b.place(); };
  unknown.erase(std::unique(unknown.begin(), unknown.end(), same_place), unknown.end());
  for (const Signal& signal : unknown)
    out.push_back({in.life.time(signal.event), Reason::unknown_condition, in.life.reach(signal.time, in.pattern.within)});
}

namespace sequence_detail {

/// The beginning of a partial series: all of it must lie at or before `ends`.
struct Start {
  LifePlace place;
  std::int64_t time, ends;
};

/// Beginnings of partial series that may matter still. A later beginning with a later end serves wherever an earlier one does, so that one is
/// enough for fixed windows; months can end a later beginning's window sooner, by clamping, and then a handful are kept.
class Starts {
 public:
  void clear() { starts_.clear(); }
  [[nodiscard]] bool empty() const { return starts_.empty(); }

  void add(const Start& start) {
    for (const Start& other : starts_)
      if (other.place >= start.place && other.ends >= start.ends) return;
    std::erase_if(starts_, [&](const Start& other) { return other.place <= start.place && other.ends <= start.ends; });
    starts_.push_back(start);
  }
  void add_open(const Starts& others, std::int64_t time) {
    for (const Start& start : others.starts_)
      if (time <= start.ends) add(start);
  }
  /// The latest whose window still holds `time`.
  [[nodiscard]] std::optional<Start> latest_open(std::int64_t time) const {
    std::optional<Start> best;
    for (const Start& start : starts_)
      if (time <= start.ends && (!best || start.place > best->place)) best = start;
    return best;
  }

 private:
  std::vector<Start> starts_;
};

/// Counts the events of kinds that no element mentions, for `strict`.
class OtherEvents {
 public:
  OtherEvents(const CompiledPattern& pattern, const Life& life, std::vector<std::uint32_t>& before) : life_(life), before_(before) {
    if (!pattern.strict) return;
    before_.assign(life.size() + 1, 0);
    for (std::size_t i = 0; i < life.size(); ++i) before_[i + 1] = before_[i] + (pattern.own_kinds[life.events()[i]] == 0 ? 1u : 0u);
  }

  [[nodiscard]] std::uint32_t before(const LifePlace& place) const {
    if (!place.deadline) return before_[place.event];
    const auto times = life_.times();
    return before_[static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), place.time) - times.begin())];
  }

 private:
  const Life& life_;
  std::vector<std::uint32_t>& before_;
};

/// The elements that the signals at one place may serve, from the last to the first.
inline std::span<const std::uint32_t> elements_at(const FormInput& in, std::span<const Scratch::Tagged> here) {
  std::vector<std::uint32_t>& elements = in.scratch.elements;
  elements.clear();
  for (const Scratch::Tagged& tagged : here)
    for (std::uint32_t e = tagged.part; e != CompiledPattern::no_element; e = in.pattern.same_before[e]) elements.push_back(e);
  if (here.size() > 1) std::sort(elements.begin(), elements.end(), std::greater{});
  return elements;
}

}  // namespace sequence_detail

inline void evaluate_sequence(const FormInput& in, Emitted& out) {
  using namespace sequence_detail;
  in.pass_cases_within(out.cases);
  report_unknown_once(in, out.cases);
  if (!every_part_emitted(in)) return;
  const OtherEvents others{in.pattern, in.life, in.scratch.others_before};
  const std::size_t length = in.parts();
  std::vector<Starts> reached(length);  // reached[j]: series of j + 1 elements
  std::size_t used = 0;                 // of them; those behind are empty
  const auto drop_all = [&] {
    while (used > 0) reached[--used].clear();
  };
  std::uint32_t others_seen = 0;
  for (auto rest = in_one_order(in); !rest.empty();) {
    const auto here = at_one_place(rest);
    rest = rest.subspan(here.size());
    const LifePlace place = here.front().signal.place();
    if (in.pattern.strict) {
      const std::uint32_t others_now = others.before(place);
      if (others_now != others_seen) drop_all();
      others_seen = others_now;
    }
    // From the last element to the first, so that one event does not serve two.
    for (const std::uint32_t element : elements_at(in, here)) {
      if (element + 1 == length) {
        const auto start = reached[length - 2].latest_open(place.time);
        if (!start) continue;
        out.signals.push_back(here.back().signal);
        out.signals.back().start_time = start->time;
        drop_all();
        break;  // its events are consumed
      }
      if (element == 0) reached[0].add({place, place.time, in.life.shift(place.time, in.pattern.within)});
      else if (element <= used) reached[element].add_open(reached[element - 1], place.time);
      else continue;
      used = std::max<std::size_t>(used, element + 1);
    }
  }
  judge_carried(in.pattern, in.life, out);
}

inline void evaluate_any_of(const FormInput& in, Emitted& out) {
  in.pass_cases(out.cases);
  for (std::size_t p = 0; p < in.parts(); ++p) out.unknown.insert(out.unknown.end(), in.part(p).unknown.begin(), in.part(p).unknown.end());
  put_in_order(out.unknown);
  for (const auto& [signal, part] : in_one_order(in))
    if (out.signals.empty() || out.signals.back().time != signal.time) out.signals.push_back(signal);
  judge_carried(in.pattern, in.life, out);
}

inline void evaluate_all_of(const FormInput& in, Emitted& out) {
  in.pass_cases_within(out.cases);
  report_unknown_once(in, out.cases);
  if (!every_part_emitted(in)) return;
  std::vector<std::optional<std::int64_t>> latest(in.parts());  // of each part, since the last match
  std::size_t have = 0;
  for (auto rest = in_one_order(in); !rest.empty();) {
    const auto here = at_one_place(rest);
    rest = rest.subspan(here.size());
    for (const auto& [signal, part] : here) {
      have += !latest[part];
      latest[part] = signal.time;
    }
    if (have < latest.size()) continue;
    const std::int64_t earliest = **std::min_element(latest.begin(), latest.end());
    if (here.front().signal.time > in.life.shift(earliest, in.pattern.within)) continue;
    out.signals.push_back(here.front().signal);
    out.signals.back().start_time = earliest;
    std::fill(latest.begin(), latest.end(), std::nullopt);
    have = 0;
  }
  judge_carried(in.pattern, in.life, out);
}

}  // namespace sojourn
