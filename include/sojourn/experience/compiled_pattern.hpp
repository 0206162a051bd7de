// A pattern tied to a log: names are codes, conditions are bound to columns, parts are numbers of other compiled patterns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/experience/life.hpp"
#include "sojourn/experience/pattern.hpp"
#include "sojourn/experience/signal.hpp"

namespace sojourn {

/// Which events a customer has, or a pattern listens to: bit 0 is any event at all (what gaps listen to), the others are names, those of one
/// remainder modulo 63 together. A pattern emits nothing over a life that has none of its events, or of a name fewer than any pattern needs.
using EventSet = std::uint64_t;

inline constexpr EventSet any_event = 1;
inline EventSet event_set(std::uint32_t name) { return EventSet{2} << name % 63; }

struct CompiledPattern {
  Form form = Form::name;
  std::vector<std::uint32_t> parts = {};  // numbers in the program, all lower than this one's
  std::int64_t n = 0;
  Duration within = {};
  Rearm rearm = Rearm::below;
  bool strict = false;
  // sequence: of each element, the one before it that is the same part, and whether one behind it is
  static constexpr std::uint32_t no_element = UINT32_MAX;
  std::vector<std::uint32_t> same_before = {};
  std::vector<std::uint8_t> same_behind = {};
  bool over_name = false;                    // its first part is a bare event name …
  std::string name = {};                     // … namely this one
  std::vector<std::uint8_t> own_kinds = {};  // strict: by event code, whether an element mentions the name
  BoundCondition where = {};
  EventSet listens = 0;

  [[nodiscard]] Truth judge(const Signal& signal, const Life& life) const { return where.judge(life.row(signal.event)); }
};

/// Memory that evaluation uses over and over; one a thread.
struct Scratch {
  struct Tagged {
    Signal signal;
    std::uint32_t part;
  };
  std::vector<Signal> known, unknown;
  std::vector<Tagged> tagged;
  std::vector<std::uint32_t> elements;
  std::vector<std::uint32_t> others_before;
};

/// What a form evaluates: the compiled pattern, what its parts emitted, the life, and memory to work in.
struct FormInput {
  const CompiledPattern& pattern;
  std::span<const Emitted> emitted;  // by number in the program
  const Life& life;
  Scratch& scratch;

  [[nodiscard]] const Emitted& part(std::size_t i) const { return emitted[pattern.parts[i]]; }
  [[nodiscard]] std::size_t parts() const { return pattern.parts.size(); }
  /// Rows that parts pass up, of a form that occurs with its parts.
  void pass_cases(std::vector<Case>& out) const {
    for (const std::uint32_t p : pattern.parts) out.insert(out.end(), emitted[p].cases.begin(), emitted[p].cases.end());
  }
  /// The same, of a form that occurs up to its window later.
  void pass_cases_within(std::vector<Case>& out) const {
    for (const std::uint32_t p : pattern.parts)
      for (const Case& c : emitted[p].cases) out.push_back({c.time, c.reason, life.reach(c.latest, pattern.within)});
  }
  /// The same, of a form that occurs no later than `latest`.
  void pass_cases_until(std::int64_t latest, std::vector<Case>& out) const {
    for (const std::uint32_t p : pattern.parts)
      for (const Case& c : emitted[p].cases) out.push_back({c.time, c.reason, latest});
  }
};

/// `where` after matching: true stays, false goes, unknown becomes an unknown signal. Signals that parts passed up unknown stay so.
inline void judge_carried(const CompiledPattern& pattern, const Life& life, Emitted& out) {
  if (pattern.where.is_trivial()) return;
  std::size_t kept = 0;
  const std::size_t passed = out.unknown.size();
  for (const Signal& signal : out.signals) {
    const Truth verdict = pattern.judge(signal, life);
    if (verdict == Truth::yes) out.signals[kept++] = signal;
    if (verdict == Truth::unknown) out.unknown.push_back(signal);
  }
  out.signals.resize(kept);
  if (passed != 0) put_in_order(out.unknown);
}

}  // namespace sojourn
