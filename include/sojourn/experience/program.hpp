// Patterns compiled against a log, and their evaluation over one customer's life: bottom-up, every part once.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

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
};

/// Patterns in the order they were added, parts before wholes; a bare name occurs once however often it is mentioned.
/// The log must outlive the program. Evaluation costs O(events + signals of the parts of every pattern).
class Program {
 public:
  explicit Program(const EventLog& log) : log_(&log), columns_(log), number_of_code_(log.event_names().size(), none) {}

  /// @return the pattern's number: where in Workspace::emitted its signals will be.
  std::uint32_t add(const Pattern& pattern) {
    if (pattern.is_name()) return add_name(pattern.name);
    CompiledPattern compiled;
    compiled.form = pattern.form;
    compiled.n = pattern.n;
    compiled.within = pattern.within;
    compiled.rearm = pattern.rearm;
    compiled.strict = pattern.strict;
    compiled.where = bind(pattern.where);
    for (const Pattern& part : pattern.parts) compiled.parts.push_back(add(part));
    if (!pattern.parts.empty() && pattern.parts.front().is_name()) {
      compiled.over_name = true;
      compiled.name = pattern.parts.front().name;
    }
    if (pattern.strict) compiled.own_kinds = kinds(pattern);
    return push(std::move(compiled));
  }

  [[nodiscard]] BoundCondition bind(const Condition& condition) { return columns_.bind(condition); }

  [[nodiscard]] std::size_t size() const { return patterns_.size(); }
  [[nodiscard]] Workspace workspace() const { return {std::vector<Emitted>(size()), {}}; }

  /// Takes up a life: what the bare names emit.
  void begin(const Life& life, Workspace& work) const {
    for (const std::uint32_t name : names_) work.emitted[name].signals.clear();
    for (std::uint32_t i = 0; i < life.size(); ++i)
      if (const std::uint32_t number = number_of_code_[life.events()[i]]; number != none)
        work.emitted[number].signals.push_back({life.time(i), life.time(i), i, false});
  }

  /// Evaluates the patterns numbered [first, last); those before, and the names, must have been.
  void evaluate(std::size_t first, std::size_t last, const Life& life, Workspace& work) const {
    for (std::size_t i = first; i < last; ++i) {
      if (patterns_[i].form == Form::name) continue;
      work.emitted[i].clear();
      evaluate_form({patterns_[i], work.emitted, life, work.scratch}, work.emitted[i]);
    }
  }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t push(CompiledPattern&& compiled) {
    patterns_.push_back(std::move(compiled));
    return static_cast<std::uint32_t>(patterns_.size() - 1);
  }

  /// A name the log lacks emits nothing.
  std::uint32_t add_name(const std::string& name) {
    const auto [known, is_new] = number_of_name_.try_emplace(name, none);
    if (!is_new) return known->second;
    known->second = push({});
    names_.push_back(known->second);
    if (const auto code = log_->event_code(name)) number_of_code_[*code] = known->second;
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
  std::vector<std::uint32_t> names_;
  std::vector<std::uint32_t> number_of_code_;
  std::unordered_map<std::string, std::uint32_t> number_of_name_;
};

}  // namespace sojourn
