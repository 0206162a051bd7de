// Patterns compiled against a log, and their evaluation over one customer's life: bottom-up, every part once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/compiled_pattern.hpp"
#include "sojourn/experience/form_counts.hpp"
#include "sojourn/experience/form_deadlines.hpp"
#include "sojourn/experience/form_sets.hpp"
#include "sojourn/experience/pattern.hpp"

namespace sojourn {

/// The columns that conditions on events may read: attributes, and the value and key under the names their columns came with.
class ConditionColumns {
 public:
  explicit ConditionColumns(const EventLog& log) : log_(&log), columns_(log.attributes().pointers()) {
    if (log.key() != nullptr) columns_.push_back(log.key());
  }

  /// @throws InvalidInput for a column the log lacks, or one of a kind that does not compare with the constant.
  [[nodiscard]] BoundCondition bind(const Condition& condition) {
    if (condition.is_trivial()) return {};
    if (value_ == nullptr && log_->parts().columns.value) columns_.push_back(copy_values(*log_->parts().columns.value));
    return {condition, columns_, NullRule::unknown, "events"};
  }

 private:
  /// Values as a column, a null where an event has none: made only where there is a condition at all.
  const Column* copy_values(const std::string& name) {
    const auto values = log_->values();
    value_ = std::make_unique<Column>(Column{name, Reals{{values.begin(), values.end()}}, std::vector<std::uint8_t>(values.size())});
    for (std::size_t i = 0; i < values.size(); ++i) value_->nulls[i] = std::isnan(values[i]) ? 1 : 0;
    return value_.get();
  }

  const EventLog* log_;
  std::vector<const Column*> columns_;
  std::unique_ptr<Column> value_;
};

/// What evaluation of one program writes: what each pattern emitted over the life at hand. One a thread.
struct Workspace {
  std::vector<Emitted> emitted;
  Scratch scratch;
  std::vector<std::uint32_t> hits;
};

/// Patterns in the order they were added, parts before wholes; a bare name occurs once however often it is mentioned.
/// The log must outlive the program. Evaluation costs O(events + signals of the parts of every pattern).
class Program {
 public:
  explicit Program(const EventLog& log)
      : log_(&log), columns_(log), number_of_code_(log.event_names().size(), none), listened_(log.event_names().size()) {}

  /// @return the pattern's number: where in Workspace::emitted its signals will be.
  std::uint32_t add(const Pattern& pattern) {
    if (pattern.is_name()) return add_name(pattern.name, 1);
    CompiledPattern compiled;
    compiled.form = pattern.form;
    compiled.n = pattern.n;
    compiled.within = pattern.within;
    compiled.rearm = pattern.rearm;
    compiled.strict = pattern.strict;
    compiled.where = bind(pattern.where);
    if (pattern.form == Form::gap) compiled.listens = any_event;
    for (std::size_t i = 0; i < pattern.parts.size(); ++i) {
      const Pattern& part = pattern.parts[i];
      const std::uint32_t number = part.is_name() ? add_name(part.name, needed(pattern)) : add(part);
      const bool is_set = pattern.form == Form::any_of || pattern.form == Form::all_of;
      if (is_set && std::find(compiled.parts.begin(), compiled.parts.end(), number) != compiled.parts.end()) continue;  // one name twice
      compiled.parts.push_back(number);
      // An absence begins with a y: x's and z's alone come to nothing, unless they pass up cases.
      const bool begins = pattern.form != Form::absent || i == 1 || !part.is_name();
      if (begins) compiled.listens |= patterns_[number].listens;
    }
    if (pattern.form == Form::sequence) link_repeats(compiled);
    if (pattern.form == Form::anniversary) check_anniversary(pattern.within, log_->span());
    if (!pattern.parts.empty() && pattern.parts.front().is_name()) {
      compiled.over_name = true;
      compiled.name = pattern.parts.front().name;
    }
    if (pattern.strict) compiled.own_kinds = kinds(pattern);
    return push(std::move(compiled));
  }

  [[nodiscard]] BoundCondition bind(const Condition& condition) { return columns_.bind(condition); }

  [[nodiscard]] std::size_t size() const { return patterns_.size(); }
  [[nodiscard]] Workspace workspace() const { return {std::vector<Emitted>(size()), {}, {}}; }

  /// To be called once all patterns are added: where the names are few for the log, their events are looked up in its index instead of being
  /// searched for. A look-up costs a step for each customer and name, the search one for each event.
  void use_index(const Run& run) {
    std::vector<std::uint32_t> codes;
    for (std::uint32_t code = 0; code < listened_.size(); ++code)
      if (listened_[code] != 0) codes.push_back(code);
    if (log_->size() >= NameIndex::most || codes.size() * log_->customers() > log_->size()) return;
    const std::vector<const NameEvents*> events = log_->named(codes, run);
    indexed_.emplace();
    for (std::size_t i = 0; i < codes.size(); ++i) indexed_->push_back({number_of_code_[codes[i]], events[i]});
  }

  /// Calls f(customer, life, heard) for some customers in order, with the bare names evaluated; `heard` is which of the events that the
  /// program listens to the life has. Lives without any are left out: no pattern emits anything over them.
  template <class F>
  void for_each_life(Slice customers, Workspace& work, const F& f) const {
    if (indexed_) look_up(customers, work, f);
    else search(customers, work, f);
  }

  /// Evaluates the patterns numbered [first, last) over a life of which `heard` is known; those before, and the names, must have been.
  void evaluate(std::size_t first, std::size_t last, EventSet heard, const Life& life, Workspace& work) const {
    for (std::size_t i = first; i < last; ++i) {
      if (patterns_[i].form == Form::name) continue;
      work.emitted[i].clear();
      if ((patterns_[i].listens & heard) != 0) evaluate_form({patterns_[i], work.emitted, life, work.scratch}, work.emitted[i]);
    }
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::size_t batch = 8'192;  // events, unless one customer has more: what is found stays in the cache

  struct Indexed {
    std::uint32_t number;
    const NameEvents* events;
  };

  template <class F>
  void look_up(Slice customers, Workspace& work, const F& f) const {
    for (std::size_t c = customers.begin; c < customers.end; ++c) {
      EventSet heard = 0;
      for (const auto& [number, events] : *indexed_)
        if (events->offsets[c + 1] - events->offsets[c] >= needed_[number]) heard |= patterns_[number].listens;
      if (log_->offsets()[c] != log_->offsets()[c + 1]) heard |= any_event;
      if ((heard & listens_) == 0) continue;
      for (const auto& [number, events] : *indexed_) {
        std::vector<Signal>& signals = work.emitted[number].signals;
        const std::uint32_t first = events->offsets[c];
        signals.resize(events->offsets[c + 1] - first);
        for (std::size_t i = 0; i < signals.size(); ++i)
          signals[i] = {events->times[first + i], events->times[first + i], events->positions[first + i], false};
      }
      Life life{*log_, c};
      f(c, life, heard & listens_);
    }
  }

  /// Listened events are found ahead for a few customers at once, in a pass without branches.
  template <class F>
  void search(Slice customers, Workspace& work, const F& f) const {
    const std::vector<std::size_t>& offsets = log_->offsets();
    for (std::size_t c = customers.begin; c < customers.end;) {
      const std::size_t first = offsets[c];
      std::size_t last_customer = c + 1;
      while (last_customer < customers.end && offsets[last_customer + 1] - first <= batch) ++last_customer;
      const std::uint32_t* hit = listen(first, offsets[last_customer], work.hits);
      for (; c < last_customer; ++c) {
        Life life{*log_, c};
        if (const EventSet heard = begin(life, first, hit, work); heard != 0) f(c, life, heard);
      }
    }
  }

  /// Finds the events of rows [first, last) that the program listens to: their rows less `first`, then one beyond all.
  const std::uint32_t* listen(std::size_t first, std::size_t last, std::vector<std::uint32_t>& hits) const {
    const std::size_t n = last - first;
    if (hits.size() < n + 1) hits.resize(n + 1);
    const std::uint32_t* events = log_->events().data() + first;
    const std::int64_t* times = log_->times().data() + first;
    const std::uint8_t* listened = listened_.data();
    std::uint32_t* out = hits.data();
    for (std::size_t i = 0; i < n; ++i) {
      *out = static_cast<std::uint32_t>(i);
      out += listened[events[i]];
    }
    *out = none;
    // Their times lie far apart: asked for together, the memory answers all at once instead of one after another.
    for (const std::uint32_t* hit = hits.data(); hit != out; ++hit) __builtin_prefetch(times + *hit);
    return hits.data();
  }

  /// Takes up a life: what the bare names emit. `hit` goes on to the next customer's events.
  EventSet begin(const Life& life, std::size_t first, const std::uint32_t*& hit, Workspace& work) const {
    EventSet heard = life.size() > 0 ? any_event : 0;
    const std::size_t begins = life.row(0) - first, ends = begins + life.size();
    if (*hit >= ends && (heard & listens_) == 0) return 0;
    for (const std::uint32_t name : names_) work.emitted[name].signals.clear();
    for (; *hit < ends; ++hit) {
      const auto position = static_cast<std::uint32_t>(*hit - begins);
      const std::uint32_t number = number_of_code_[life.events()[position]];
      const std::int64_t time = life.time(position);
      work.emitted[number].signals.push_back({time, time, position, false});
      heard |= patterns_[number].listens;
    }
    return heard & listens_;
  }

  static void link_repeats(CompiledPattern& sequence) {
    std::unordered_map<std::uint32_t, std::uint32_t> last;
    sequence.same_before.assign(sequence.parts.size(), CompiledPattern::no_element);
    sequence.same_behind.assign(sequence.parts.size(), 0);
    for (std::uint32_t i = 0; i < sequence.parts.size(); ++i) {
      const auto [before, is_first] = last.try_emplace(sequence.parts[i], i);
      if (is_first) continue;
      sequence.same_before[i] = before->second;
      sequence.same_behind[before->second] = 1;
      before->second = i;
    }
  }

  std::uint32_t push(CompiledPattern&& compiled) {
    if (compiled.form != Form::name) listens_ |= compiled.listens;
    patterns_.push_back(std::move(compiled));
    needed_.push_back(1);
    return static_cast<std::uint32_t>(patterns_.size() - 1);
  }

  /// How many events of a name it takes until a form over it can emit anything. A truncated life may lack some, prior counts may stand for some.
  [[nodiscard]] std::int64_t needed(const Pattern& pattern) const {
    const bool whole = log_->history() == History::complete && !log_->parts().has_prior;
    return pattern.form == Form::count || (pattern.form == Form::nth && whole) ? std::max<std::int64_t>(pattern.n, 1) : 1;
  }

  /// A name the log lacks emits nothing. @param needed how many of its events whoever mentions it needs at least.
  std::uint32_t add_name(const std::string& name, std::int64_t needed) {
    const auto [known, is_new] = number_of_name_.try_emplace(name, none);
    if (!is_new) {
      needed_[known->second] = std::min(needed_[known->second], needed);
      return known->second;
    }
    known->second = push({.listens = event_set(static_cast<std::uint32_t>(names_.size()))});
    names_.push_back(known->second);
    needed_[known->second] = needed;
    if (const auto code = log_->event_code(name)) {
      number_of_code_[*code] = known->second;
      listened_[*code] = 1;
    }
    return known->second;
  }

  [[nodiscard]] std::vector<std::uint8_t> kinds(const Pattern& pattern) const {
    std::vector<std::uint8_t> out(log_->event_names().size());
    pattern.for_each([&](const Pattern& part) {
      if (!part.is_name()) return;
      if (const auto code = log_->event_code(part.name)) out[*code] = 1;
    });
    return out;
  }

  static void evaluate_event(const FormInput& in, Emitted& out) {
    in.pass_cases(out.cases);
    out.unknown = in.part(0).unknown;
    out.signals = in.part(0).signals;
    for (Signal& signal : out.signals) signal.start_time = signal.time;
    judge_carried(in.pattern, in.life, out);
  }

  static void evaluate_form(const FormInput& in, Emitted& out) {
    switch (in.pattern.form) {
      case Form::name: return;
      case Form::event: return evaluate_event(in, out);
      case Form::nth: return evaluate_nth(in, out);
      case Form::count: return evaluate_count(in, out);
      case Form::absent: return evaluate_absent(in, out);
      case Form::sequence: return evaluate_sequence(in, out);
      case Form::anniversary: return evaluate_anniversary(in, out);
      case Form::gap: return evaluate_gap(in, out);
      case Form::any_of: return evaluate_any_of(in, out);
      case Form::all_of: return evaluate_all_of(in, out);
    }
  }

  const EventLog* log_;
  ConditionColumns columns_;
  std::vector<CompiledPattern> patterns_;
  std::vector<std::int64_t> needed_;  // by number, of a name: events that it takes
  EventSet listens_ = 0;
  std::vector<std::uint32_t> names_;
  std::vector<std::uint32_t> number_of_code_;
  std::vector<std::uint8_t> listened_;  // by code
  std::optional<std::vector<Indexed>> indexed_;
  std::unordered_map<std::string, std::uint32_t> number_of_name_;
};

}  // namespace sojourn
