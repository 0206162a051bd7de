// Patterns: what must happen for a moment to occur. A value, compared by what it says; docs/patterns.md fixes what each form means.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/duration.hpp"

namespace sojourn {

/// The forms. `name` is a bare event name: it stands where a form takes an event or a pattern, never alone.
enum class Form : std::uint8_t { name, event, nth, count, absent, sequence, anniversary, gap, any_of, all_of };

/// The form's key in a journey file.
inline const char* to_string(Form form) {
  static constexpr const char* words[] = {"name", "event", "nth", "count", "absent", "sequence", "anniversary", "gap", "any_of", "all_of"};
  return words[static_cast<std::size_t>(form)];
}

/// When a count that has occurred may occur again: once a later x found fewer than n, or at every x that finds n.
enum class Rearm : std::uint8_t { below, every };

/// A pattern of any form, free to nest. Build it with the functions below; `check_possible` (pattern_check.hpp) refuses what can never occur.
struct Pattern {
  Form form = Form::name;
  std::string name = {};            // Form::name
  std::vector<Pattern> parts = {};  // what it is made of: x; absent: x, y and perhaps z; sequence, any_of, all_of: the elements
  std::int64_t n = 0;               // nth: n; count: at_least
  Duration within = {};             // the window; the anniversary's `every`; the gap's length
  Rearm rearm = Rearm::below;       // count
  bool strict = false;              // sequence
  Condition where = {};             // all must hold

  Pattern() = default;
  Pattern(std::string event_name) : name(std::move(event_name)) {}  // NOLINT: an event name serves wherever a pattern does
  Pattern(const char* event_name) : name(event_name) {}             // NOLINT

  friend bool operator==(const Pattern&, const Pattern&) = default;

  [[nodiscard]] bool is_name() const { return form == Form::name; }
  /// The same pattern with a condition: on the events counted or awaited (nth, count, absent), else on the event it carries.
  [[nodiscard]] Pattern with(Condition condition) const {
    Pattern out = *this;
    out.where = std::move(condition);
    return out;
  }

  /// The key of part i as a journey file writes it: "nth", "after", "sequence[1]".
  [[nodiscard]] std::string part_key(std::size_t i) const {
    static constexpr const char* of_absent[] = {"absent", "after", "unless"};
    if (form == Form::absent) return of_absent[i];
    const bool is_list = form == Form::sequence || form == Form::any_of || form == Form::all_of;
    return is_list ? std::string(to_string(form)) + "[" + std::to_string(i) + "]" : to_string(form);
  }

  /// Calls f(pattern) and every one inside it, outermost first.
  template <class F>
  void for_each(const F& f) const {
    f(*this);
    for (const Pattern& part : parts) part.for_each(f);
  }

  static Pattern event(Pattern x) { return make(Form::event, {std::move(x)}); }
  static Pattern nth(Pattern x, std::int64_t n) {
    Pattern out = make(Form::nth, {std::move(x)});
    out.n = n;
    return out;
  }
  static Pattern count(Pattern x, std::int64_t at_least, Duration within, Rearm rearm = Rearm::below) {
    Pattern out = make(Form::count, {std::move(x)}, within);
    out.n = at_least;
    out.rearm = rearm;
    return out;
  }
  static Pattern absent(Pattern x, Duration within, Pattern after) { return make(Form::absent, {std::move(x), std::move(after)}, within); }
  static Pattern absent(Pattern x, Duration within, Pattern after, Pattern unless) {
    return make(Form::absent, {std::move(x), std::move(after), std::move(unless)}, within);
  }
  static Pattern sequence(std::vector<Pattern> elements, Duration within, bool strict = false) {
    Pattern out = make(Form::sequence, std::move(elements), within);
    out.strict = strict;
    return out;
  }
  static Pattern anniversary(Pattern y, Duration every) { return make(Form::anniversary, {std::move(y)}, every); }
  static Pattern gap(Duration length) { return make(Form::gap, {}, length); }
  static Pattern any_of(std::vector<Pattern> alternatives) { return make(Form::any_of, std::move(alternatives)); }
  static Pattern all_of(std::vector<Pattern> members, Duration within) { return make(Form::all_of, std::move(members), within); }

 private:
  static Pattern make(Form form, std::vector<Pattern> parts, Duration within = {}) {
    Pattern out;
    out.form = form;
    out.parts = std::move(parts);
    out.within = within;
    return out;
  }
};

}  // namespace sojourn
