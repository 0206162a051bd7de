// Surges: groups of voices that rise above what they themselves usually are. Counts by period and group (trend.hpp) under a panel of burst
// detectors (burst.hpp). A voice counts once, in the group that has most of it (equal parts: the later occurrence): counts must be whole for their
// chances to be known, and a voice split in ten is still one person who spoke. Decided period by period, with nothing from after its end but what
// the attribution itself took from there; the baselines take nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/serialise.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/trend.hpp"
#include "sojourn/stats/burst.hpp"

namespace sojourn {

struct SurgeOptions {
  std::string every = "1 day", baseline = "8 weeks";
  std::vector<std::string> by = {"moment", "topic"};
  /// How many false alarms a year, of all series together, are to be expected.
  double false_alarms = 1;
};

/// A surge of one series; periods are the grid's numbers.
struct Surge {
  std::size_t series;
  std::int64_t alarm, first, last;
  double expected, found, statistic, threshold;
};

/// Watches voices as they come. A value; equal whether fed at once or in parts.
class SurgeWatch {
 public:
  /// @throws InvalidInput for a baseline that is not 4 or more whole periods, unknown groups, a budget that is not above 0.
  explicit SurgeWatch(SurgeOptions options) : options_(std::move(options)), by_(read_groups(options_.by)) {
    const Duration every = Duration::parse(options_.every, "every"), baseline = Duration::parse(options_.baseline, "baseline");
    PeriodGrid(every, ZoneRules{});
    const bool calendar = every.is_calendar();
    const std::int64_t one = calendar ? every.months : every.fixed.count(), all = calendar ? baseline.months : baseline.fixed.count();
    if (calendar != baseline.is_calendar() || all % one != 0 || all / one < 4 || all / one > 10'000)
      refuse("baseline", "'" + options_.baseline + "'", "4 to 10,000 whole periods of '" + options_.every + "'");
    baseline_.length = static_cast<std::uint32_t>(all / one);
    baseline_.guard = std::max<std::uint32_t>(1, baseline_.length / 8);
    const bool of_day = !calendar && one < micros_per_day && micros_per_day % one == 0 && micros_per_day / one <= 96;
    if (!calendar && one == micros_per_day) baseline_.phases = 7;
    else baseline_.phases = of_day ? static_cast<std::uint32_t>(micros_per_day / one) : 1;
    const double a_year = calendar ? 12.0 / static_cast<double>(one) : 365.2425 * static_cast<double>(micros_per_day) / static_cast<double>(one);
    a_period_ = options_.false_alarms / a_year;
    BurstPanel(baseline_, 0, a_period_);
  }

  [[nodiscard]] const SurgeOptions& options() const { return options_; }
  [[nodiscard]] const BurstBaseline& baseline() const { return baseline_; }
  [[nodiscard]] const std::vector<GroupBy>& by() const { return by_; }
  /// The groups that were heard, in the order of their first periods; a word a dimension.
  [[nodiscard]] const std::vector<std::vector<std::optional<std::string>>>& series() const { return series_; }
  /// None before anything was heard.
  [[nodiscard]] const std::optional<PeriodGrid>& grid() const { return grid_; }
  [[nodiscard]] const TimeKind& kind() const { return kind_; }
  /// The first period that is not yet decided; none before anything was heard.
  [[nodiscard]] std::optional<std::int64_t> next() const {
    return panel_ ? std::optional{start_ + static_cast<std::int64_t>(panel_->periods())} : std::nullopt;
  }

  /// Takes the voices of the periods that have ended since; those of earlier periods were counted and are not looked at again.
  /// @param topic, time the feedback's columns. @param until all voices before it have been heard; none: as far as sources were listened to, or
  /// up to the last voice. @throws InvalidInput for times of another kind or zone than before.
  void update(const Attribution& attribution, const std::optional<std::string>& topic, const std::string& time, std::optional<std::int64_t> until,
              const Run& run) {
    const Feedback& feedback = *attribution.feedback;
    const auto window = listened(feedback);
    const TimeKind kind = time_kind(feedback, time);
    const VoiceGroups groups(attribution, by_, topic);
    const PeriodGrid grid(Duration::parse(options_.every, "every"), attribution.matches->log->zone());
    if (grid_ && (kind != kind_ || grid.zone().name() != grid_->zone().name()))
      refuse("attribution", "times of another kind or zone", "those of the earlier ones");
    period_column("period", grid, kind, {});  // refuses parts of a day for dates
    if (!window) {
      if (until && panel_) feed({}, grid.of(*until), run);
      return;
    }
    const std::int64_t heard = window->to + (feedback.has_windows ? 1 : 0);
    const std::int64_t end = grid.of(until.value_or(heard));
    if (!panel_) {
      start_ = grid.of(window->from);
      if (grid.begin(start_) < window->from) ++start_;  // a period of which not all was heard
      if (end <= start_) return;
      const auto phases = static_cast<std::int64_t>(baseline_.phases);
      panel_.emplace(baseline_, static_cast<std::uint32_t>((start_ % phases + phases) % phases), a_period_);
      grid_ = grid;
      kind_ = kind;
    }
    Counts counts;
    for (std::size_t v = 0; v < feedback.size(); ++v) {
      const std::int64_t period = grid.of(feedback.time[v]);
      if (period >= *next() && period < end) ++counts[period][group_of(attribution, groups, v)];
    }
    const auto since = [&](const VoiceGroup& group) {
      const Source* source = feedback.has_windows ? groups.source(group) : nullptr;
      if (source == nullptr) return std::int64_t{0};
      const std::int64_t first = grid.of(source->window.from);
      return std::max<std::int64_t>(0, first + (grid.begin(first) < source->window.from ? 1 : 0) - start_);
    };
    Named named;
    for (auto& [period, heard_then] : counts)
      for (const auto& [group, count] : heard_then) named[period].push_back({words(groups, group), count, since(group)});
    feed(named, end, run);
  }

  /// By alarm, then series.
  [[nodiscard]] std::vector<Surge> surges() const {
    std::vector<Surge> out;
    if (!panel_) return out;
    const auto at = [&](std::uint64_t period) { return start_ + static_cast<std::int64_t>(period); };
    for (std::size_t i = 0; i < series_.size(); ++i)
      for (const Burst& b : panel_->series()[i].bursts())
        out.push_back({i, at(b.alarm), at(b.first), at(b.last), b.expected, b.found, b.statistic, b.threshold});
    std::stable_sort(out.begin(), out.end(), [](const Surge& a, const Surge& b) { return a.alarm < b.alarm; });
    return out;
  }

  friend std::string serialise(const SurgeWatch& watch) {
    ByteWriter out(BytesOf::surge_watch);
    out.put(watch.options_.every);
    out.put(watch.options_.baseline);
    put_words(watch.options_.by, out);
    out.put(watch.options_.false_alarms);
    out.put(static_cast<std::uint8_t>(watch.panel_.has_value()));
    if (watch.panel_) {
      out.put(watch.grid_->zone().name());
      out.put(static_cast<std::uint8_t>(watch.kind_.dates));
      put_optional(watch.kind_.zone, out);
      out.put(watch.start_);
      watch.panel_->put(out);
      for (const auto& series : watch.series_)
        for (const auto& word : series) put_optional(word, out);
    }
    return std::move(out).finish();
  }

  /// @param zone_of zone_of(name): its ZoneRules.
  template <class ZoneOf>
  static SurgeWatch deserialise(std::string_view bytes, const ZoneOf& zone_of) {
    ByteReader in(bytes, BytesOf::surge_watch);
    SurgeOptions options;
    options.every = in.get_string();
    options.baseline = in.get_string();
    options.by = get_words(in);
    options.false_alarms = in.get<double>();
    SurgeWatch out(std::move(options));
    if (in.get_bool()) {
      out.grid_.emplace(Duration::parse(out.options_.every, "every"), zone_of(in.get_string()));
      out.kind_.dates = in.get_bool();
      out.kind_.zone = get_optional(in);
      out.start_ = in.get<std::int64_t>();
      out.panel_ = BurstPanel::get(in);
      for (std::size_t i = 0; i < out.panel_->series().size(); ++i) {
        auto& series = out.series_.emplace_back();
        for (std::size_t d = 0; d < out.by_.size(); ++d) series.push_back(get_optional(in));
        in.require(out.known_.emplace(series, i).second, "a series once");
      }
    }
    in.finish();
    return out;
  }

 private:
  using Words = std::vector<std::optional<std::string>>;
  using Counts = std::map<std::int64_t, std::map<VoiceGroup, std::uint64_t>>;
  struct Heard {
    Words words;
    std::uint64_t count;
    std::int64_t since;  // the first period in which it could have been heard
  };
  using Named = std::map<std::int64_t, std::vector<Heard>>;

  static Words words(const VoiceGroups& groups, const VoiceGroup& group) {
    Words out;
    for (std::size_t d = 0; d < group.size(); ++d) out.push_back(groups.word(group, d));
    return out;
  }

  /// The group that has most of a voice.
  static VoiceGroup group_of(const Attribution& attribution, const VoiceGroups& groups, std::size_t v) {
    std::map<VoiceGroup, double> parts;
    VoiceGroup best = groups.of(v, Feedback::no_moment);
    double most = parts[best] = attribution.unattributed[v];
    for (const VoiceShare& share : attribution.of_voice(v))
      parts[groups.of(v, attribution.matches->occurrences[share.occurrence].moment)] += share.weight;
    for (const VoiceShare& share : attribution.of_voice(v)) {
      const VoiceGroup group = groups.of(v, attribution.matches->occurrences[share.occurrence].moment);
      const double weight = parts.at(group);
      if (weight < most) continue;
      most = weight;
      best = group;
    }
    return best;
  }

  /// Decides all periods before `end`.
  void feed(const Named& named, std::int64_t end, const Run& run) {
    const std::int64_t begin = *next();
    for (std::int64_t period = begin; period < end; ++period) {
      std::vector<std::uint64_t> counts(series_.size());
      std::vector<const Heard*> fresh;
      if (const auto found = named.find(period); found != named.end()) {
        for (const Heard& heard : found->second) {
          const auto known = known_.find(heard.words);
          if (known == known_.end()) fresh.push_back(&heard);
          else counts[known->second] = heard.count;
        }
      }
      panel_->feed(counts, run);
      std::sort(fresh.begin(), fresh.end(), [](const Heard* a, const Heard* b) { return a->words < b->words; });
      for (const Heard* heard : fresh) {
        known_.emplace(heard->words, series_.size());
        series_.push_back(heard->words);
        panel_->add(heard->count, static_cast<std::uint64_t>(heard->since));
      }
      if (run.watch) run.watch(static_cast<double>(period - begin + 1) / static_cast<double>(end - begin));
    }
  }

  SurgeOptions options_;
  std::vector<GroupBy> by_;
  BurstBaseline baseline_;
  double a_period_ = 0;
  std::optional<PeriodGrid> grid_;
  TimeKind kind_;
  std::int64_t start_ = 0;  // the period that the panel calls 0
  std::optional<BurstPanel> panel_;
  std::vector<Words> series_;
  std::map<Words, std::size_t> known_;
};

}  // namespace sojourn
