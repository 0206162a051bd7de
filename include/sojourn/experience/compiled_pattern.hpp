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

struct CompiledPattern {
  Form form = Form::name;
  std::vector<std::uint32_t> parts = {};  // numbers in the program, all lower than this one's
  std::int64_t n = 0;
  Duration within = {};
  Rearm rearm = Rearm::below;
  bool strict = false;
  bool over_name = false;                    // its first part is a bare event name …
  std::string name = {};                     // … namely this one
  std::vector<std::uint8_t> own_kinds = {};  // strict: by event code, whether an element mentions the name
  BoundCondition where = {};

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
  /// Rows that parts pass up.
  void pass_cases(std::vector<Case>& out) const {
    for (const std::uint32_t p : pattern.parts) out.insert(out.end(), emitted[p].cases.begin(), emitted[p].cases.end());
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
