// match: every customer of a log taken through a journey. What occurs, what stays undecided, how each customer's journey ended, and
// whether the KPIs were met. Semantics: docs/patterns.md.
// Cost: O(events + signals of every pattern and its parts), so O(events × moments that listen to them); memory 40 bytes an occurrence.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/kpi_verdict.hpp"
#include "sojourn/experience/life.hpp"
#include "sojourn/experience/program.hpp"
#include "sojourn/experience/signal.hpp"

namespace sojourn {

/// One occurrence of a moment.
struct Occurrence {
  std::int64_t time, start_time;  // microseconds, UTC
  std::uint64_t event;            // row, in the log's columns, of the event it carries
  std::uint32_t customer, moment;
  std::uint32_t ordinal;  // the customer's occurrences of the moment, from 0
  bool deadline;          // it falls after all events of its instant
  Verdict kpi;

  /// Ascending in the customer's life.
  [[nodiscard]] auto place() const { return std::tuple{time, deadline, event}; }
  friend bool operator==(const Occurrence&, const Occurrence&) = default;
};

/// One undecided case.
struct Undecided {
  std::int64_t time;
  std::uint32_t customer, moment;
  Reason reason;
  friend bool operator==(const Undecided&, const Undecided&) = default;
};

/// A customer to whom the mere passing of time may bring something: not before the observation reaches `until`.
struct Waiting {
  std::uint32_t customer;
  std::int64_t until;
};

/// How a customer's journey ended: with the first outcome of the observation, or not while observed.
struct Ending {
  static constexpr std::int32_t observed = -1;
  std::int32_t outcome = observed;  // its number in the journey
  std::int64_t time = 0;            // of the outcome; of none: the end of the observation
  bool deadline = false;
  std::uint64_t event = 0;

  static Ending still_observed(const Observation& observation) {
    return {observed, micros(observation.to), true, std::numeric_limits<std::uint64_t>::max()};
  }
  [[nodiscard]] bool reached() const { return outcome != observed; }
  [[nodiscard]] auto place() const { return std::tuple{time, deadline, event}; }
  friend bool operator==(const Ending&, const Ending&) = default;
};

/// The answer of `match`. Occurrences are ordered by customer, place in log order, and the journey's order; undecided cases by customer,
/// moment, time and reason. Immutable; keeps the journey and the log.
struct Matches {
  std::shared_ptr<const Journey> journey;
  std::shared_ptr<const EventLog> log;
  Buffer<Occurrence> occurrences;
  std::vector<std::size_t> offsets = {0};  // customer c has occurrences [offsets[c], offsets[c + 1])
  std::vector<Undecided> undecided;
  Buffer<Ending> endings;                         // a customer each; empty for a journey without outcomes
  std::vector<Waiting> waiting = {};              // ascending
  std::int64_t before_observation = 0;            // occurrences left out, because they lie before their customer's observation
  std::int64_t undecided_before_observation = 0;  // cases left out, because what they leave open lies before it

  /// How customer c's journey ended.
  [[nodiscard]] Ending ending(std::size_t c) const { return endings.empty() ? Ending::still_observed(log->observation(c)) : endings[c]; }
  [[nodiscard]] std::span<const Occurrence> of_customer(std::size_t c) const {
    return std::span<const Occurrence>{occurrences}.subspan(offsets[c], offsets[c + 1] - offsets[c]);
  }
};

/// The time of the first outcome in the whole life, what came before the observation included.
inline std::optional<std::int64_t> first_of_life(std::span<const std::uint32_t> outcomes, const Workspace& work) {
  std::optional<std::int64_t> first;
  for (const std::uint32_t outcome : outcomes)
    if (const auto& signals = work.emitted[outcome].signals; !signals.empty())
      first = std::min(first.value_or(signals.front().time), signals.front().time);
  return first;
}

/// The first signal of the observation, in log order and then as listed, of patterns that a program evaluated.
inline Ending first_ending(std::span<const std::uint32_t> outcomes, const Life& life, const Workspace& work) {
  const Signal* first = nullptr;
  Ending ending = Ending::still_observed({timestamp(life.since()), timestamp(life.until())});
  for (std::size_t o = 0; o < outcomes.size(); ++o) {
    const auto& signals = work.emitted[outcomes[o]].signals;
    const auto at = std::find_if(signals.begin(), signals.end(), [&](const Signal& s) { return s.time >= life.since(); });
    if (at == signals.end() || (first != nullptr && at->place() >= first->place())) continue;
    first = &*at;
    ending = {static_cast<std::int32_t>(o), first->time, first->deadline, life.row(first->event)};
  }
  return ending;
}

namespace match_detail {

/// A journey compiled against a log.
class Compiled {
 public:
  Compiled(const Journey& journey, const EventLog& log) : log_(log), program_(log) {
    for (const Outcome& outcome : journey.outcomes()) outcomes_.push_back(program_.add(outcome.when));
    outcomes_end_ = program_.size();
    for (const Moment& moment : journey.moments()) {
      moments_.push_back(program_.add(moment.when));
      kpis_.push_back(moment.kpi ? std::optional{CompiledKpi{*moment.kpi, program_}} : std::nullopt);
    }
  }

  /// What one slice of the customers gives; slices are joined in order.
  struct Part {
    std::vector<Occurrence> occurrences;
    std::vector<Undecided> undecided;
    std::vector<Waiting> waiting;
    std::int64_t before_observation = 0, undecided_before_observation = 0;
  };

  /// Matches some customers. Writes each one's number of occurrences to counts[c], and how the journey ended to endings[c], if there are outcomes.
  void match(Slice customers, Workspace& work, std::size_t* counts, Ending* endings, Part& out) const {
    if (!outcomes_.empty())
      for (std::size_t c = customers.begin; c < customers.end; ++c) endings[c] = Ending::still_observed(log_.observation(c));
    program_.for_each_life(customers, work, [&](std::size_t c, Life& life, EventSet heard) {
      Ending* ending = outcomes_.empty() ? nullptr : endings + c;
      counts[c] = match_one(static_cast<std::uint32_t>(c), life, heard, work, ending, out);
      if (life.waits() != Case::no_end) out.waiting.push_back({static_cast<std::uint32_t>(c), life.waits()});
    });
  }
  [[nodiscard]] Workspace workspace() const { return program_.workspace(); }
  /// For a match of all customers: see Program::use_index.
  void use_index(const Run& run) { program_.use_index(run); }

 private:
  using Iterator = std::vector<Occurrence>::iterator;

  std::size_t match_one(std::uint32_t customer, Life& life, EventSet heard, Workspace& work, Ending* ending, Part& out) const {
    if (ending != nullptr) {
      program_.evaluate(0, outcomes_end_, heard, life, work);
      *ending = first_ending(outcomes_, life, work);
      life.first_outcome = first_of_life(outcomes_, work);
    }
    program_.evaluate(outcomes_end_, program_.size(), heard, life, work);
    const std::size_t before = out.occurrences.size();
    std::size_t moments = 0;
    for (std::uint32_t m = 0; m < moments_.size(); ++m) {
      const Emitted& emitted = work.emitted[moments_[m]];
      moments += !emitted.signals.empty();
      if (!emitted.signals.empty()) add_occurrences(life, customer, m, work, out);
      if (!emitted.unknown.empty() || !emitted.cases.empty()) add_undecided(life, customer, m, emitted, out);
    }
    if (moments > 1) put_in_life_order(out.occurrences.begin() + static_cast<std::ptrdiff_t>(before), out.occurrences.end());
    return out.occurrences.size() - before;
  }

  static void put_in_life_order(Iterator begin, Iterator end) {
    std::sort(begin, end, [](const Occurrence& a, const Occurrence& b) {
      if (const auto order = a.place() <=> b.place(); order != 0) return order < 0;
      return a.moment != b.moment ? a.moment < b.moment : a.ordinal < b.ordinal;
    });
  }

  /// Occurrences of the observation; ordinals count those before it too, so that an id does not change with where the observation begins.
  void add_occurrences(const Life& life, std::uint32_t customer, std::uint32_t moment, const Workspace& work, Part& out) const {
    const auto& signals = work.emitted[moments_[moment]].signals;
    std::optional<KpiCursor> kpi;
    if (kpis_[moment]) kpi.emplace(*kpis_[moment], life, work);
    std::uint32_t ordinal = 0;
    while (ordinal < signals.size() && signals[ordinal].time < life.since()) ++ordinal;
    out.before_observation += ordinal;
    for (; ordinal < signals.size(); ++ordinal) {
      const Signal& s = signals[ordinal];
      out.occurrences.push_back(
          {s.time, s.start_time, life.row(s.event), customer, moment, ordinal, s.deadline, kpi ? kpi->verdict(s) : Verdict::none});
    }
  }

  static void add_undecided(const Life& life, std::uint32_t customer, std::uint32_t moment, const Emitted& emitted, Part& out) {
    std::vector<Undecided>& rows = out.undecided;
    const std::size_t before = rows.size();
    const auto add = [&](const Case& c) {
      if (c.concerns(life.since())) rows.push_back({c.time, customer, moment, c.reason});
      else ++out.undecided_before_observation;
    };
    for (const Signal& s : emitted.unknown) add({life.time(s.event), Reason::unknown_condition, s.time});
    for (const Case& c : emitted.cases) add(c);
    std::sort(rows.begin() + static_cast<std::ptrdiff_t>(before), rows.end(),
              [](const Undecided& a, const Undecided& b) { return a.time != b.time ? a.time < b.time : a.reason < b.reason; });
  }

  const EventLog& log_;
  Program program_;
  std::vector<std::uint32_t> outcomes_, moments_;
  std::size_t outcomes_end_ = 0;
  std::vector<std::optional<CompiledKpi>> kpis_;
};

/// Room for an answer: offsets[c + 1] is to become customer c's number of occurrences.
inline Matches blank(std::shared_ptr<const Journey> journey, std::shared_ptr<const EventLog> log) {
  const std::size_t customers = log->customers();
  Buffer<Ending> endings(journey->outcomes().empty() ? 0 : customers);
  return {std::move(journey), std::move(log), {}, std::vector<std::size_t>(customers + 1), {}, std::move(endings)};
}

/// The slices' answers as one, in the order of the customers.
inline void join(std::vector<Compiled::Part> parts, const Run& run, Matches& out) {
  std::partial_sum(out.offsets.begin(), out.offsets.end(), out.offsets.begin());
  std::vector<std::size_t> begins = {0};
  for (const Compiled::Part& part : parts) {
    begins.push_back(begins.back() + part.occurrences.size());
    out.undecided.insert(out.undecided.end(), part.undecided.begin(), part.undecided.end());
    out.waiting.insert(out.waiting.end(), part.waiting.begin(), part.waiting.end());
    out.before_observation += part.before_observation;
    out.undecided_before_observation += part.undecided_before_observation;
  }
  out.occurrences = Buffer<Occurrence>(begins.back());
  parallel_for(parts.size(), Run{run.count()}, [&](std::size_t i) {
    std::copy(parts[i].occurrences.begin(), parts[i].occurrences.end(), out.occurrences.begin() + begins[i]);
    parts[i] = {};
  });
}

}  // namespace match_detail

struct MatchOptions {
  Run run = {};
};

/// Takes every customer of the log through the journey.
/// @throws InvalidInput when a condition names a column the log lacks, or compares it with a constant of another kind.
inline Matches match(std::shared_ptr<const Journey> journey, std::shared_ptr<const EventLog> log, const MatchOptions& options = {}) {
  match_detail::Compiled compiled{*journey, *log};
  compiled.use_index(options.run);
  const std::vector<Slice> customers = slices(log->customers(), 16 * options.run.count());
  std::vector<match_detail::Compiled::Part> parts(customers.size());
  Matches out = match_detail::blank(std::move(journey), std::move(log));
  parallel_for(customers.size(), options.run, [&](std::size_t i) {
    Workspace work = compiled.workspace();
    compiled.match(customers[i], work, out.offsets.data() + 1, out.endings.data(), parts[i]);
  });
  match_detail::join(std::move(parts), options.run, out);
  return out;
}

inline Matches match(Journey journey, EventLog log, const MatchOptions& options = {}) {
  return match(std::make_shared<const Journey>(std::move(journey)), std::make_shared<const EventLog>(std::move(log)), options);
}

}  // namespace sojourn
