// Voices in time: a row a period and group (of moments, stages, topics, sources, or of some of these), silent periods too.
// Cost: O(weights · log groups + periods · groups + occurrences · log periods).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// Numbered periods of one length that cover all time. Months and years begin on their first day, weeks on Mondays, days at midnight, all in the
/// zone; other spans are counted from 1970-01-01, UTC.
class PeriodGrid {
 public:
  /// @throws InvalidInput for a length of zero.
  PeriodGrid(const Duration& every, ZoneRules zone) : every_(every), zone_(std::move(zone)) {
    if (every.is_zero()) refuse("every", "'" + every.text() + "'", "a length above zero, such as '1 week' or '1 month'");
    const std::int64_t fixed = every.fixed.count();
    days_ = fixed % micros_per_day == 0 ? fixed / micros_per_day : 0;
    offset_ = days_ % 7 == 0 ? 4 : 0;  // 1970-01-05 was a Monday
  }

  [[nodiscard]] const Duration& every() const { return every_; }
  [[nodiscard]] const ZoneRules& zone() const { return zone_; }
  /// Whether periods begin at midnight.
  [[nodiscard]] bool of_days() const { return every_.is_calendar() || days_ > 0; }

  /// The number of the period that holds an instant.
  [[nodiscard]] std::int64_t of(std::int64_t time) const {
    if (!of_days()) return floor_ratio(time, every_.fixed.count());
    const Day day = zone_.day(timestamp(time));
    if (!every_.is_calendar()) return floor_ratio(day_number(day) - offset_, days_);
    const std::chrono::year_month_day date{day};
    return floor_ratio((static_cast<int>(date.year()) - 1970) * std::int64_t{12} + static_cast<unsigned>(date.month()) - 1, every_.months);
  }

  /// The day on which a period of whole days begins.
  [[nodiscard]] Day day(std::int64_t period) const {
    if (every_.is_calendar()) return add_months(day_of(0), period * every_.months);
    return day_of(period * days_ + offset_);
  }

  /// The instant at which a period begins.
  [[nodiscard]] std::int64_t begin(std::int64_t period) const {
    if (!of_days()) return period * every_.fixed.count();
    return micros(zone_.to_utc(LocalTime{day(period)}));
  }

 private:
  static std::int64_t floor_ratio(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

  Duration every_;
  ZoneRules zone_;
  std::int64_t days_, offset_;
};

/// Times written as a log or a feedback's are: dates, naive, or in a zone.
struct TimeKind {
  bool dates = false;
  std::optional<std::string> zone = {};

  friend bool operator==(const TimeKind&, const TimeKind&) = default;
};

/// The beginnings of some periods. @throws InvalidInput for dates where periods are parts of a day.
inline Column period_column(std::string name, const PeriodGrid& grid, const TimeKind& kind, const std::vector<std::int64_t>& periods) {
  if (kind.dates) {
    if (!grid.of_days()) refuse("every", "'" + grid.every().text() + "'", "whole days, since the feedback's times are dates");
    Dates out;
    for (const std::int64_t period : periods) out.values.push_back(day_number(grid.day(period)));
    return {std::move(name), std::move(out)};
  }
  Times out{{}, kind.zone};
  for (const std::int64_t period : periods) {
    const std::int64_t begin = grid.begin(period);
    out.values.push_back(kind.zone ? begin : grid.zone().to_local(timestamp(begin)).time_since_epoch().count());
  }
  return {std::move(name), std::move(out)};
}

/// How the feedback's times are written. @param column its name.
inline TimeKind time_kind(const Feedback& feedback, const std::string& column) {
  const Column* time = feedback.given.find(column);
  return {time != nullptr && std::holds_alternative<Dates>(time->data), feedback.matches->log->parts().written_zone};
}

enum class GroupBy : std::uint8_t { moment, stage, topic, source };

inline const char* to_string(GroupBy by) {
  static constexpr const char* words[] = {"moment", "stage", "topic", "source"};
  return words[static_cast<std::size_t>(by)];
}

/// @throws InvalidInput for other words, and for the same twice.
inline std::vector<GroupBy> read_groups(const std::vector<std::string>& words) {
  std::vector<GroupBy> out;
  for (const std::string& word : words) {
    const std::size_t known = out.size();
    for (const GroupBy by : {GroupBy::moment, GroupBy::stage, GroupBy::topic, GroupBy::source})
      if (word == to_string(by)) out.push_back(by);
    const bool twice = known < out.size() && std::find(out.begin(), out.end() - 1, out.back()) != out.end() - 1;
    if (known == out.size() || twice)
      refuse("by", "'" + word + "'" + (twice ? " twice" : ""), "some of 'moment', 'stage', 'topic', 'source', each once");
  }
  return out;
}

/// A group of voices: a number in each dimension that was asked for.
using VoiceGroup = std::vector<std::uint32_t>;

/// Into which group each part of a voice falls. What is about no moment has the null moment and stage, last in order, as is a null topic; sources
/// are in the feedback's order.
class VoiceGroups {
 public:
  /// @param topic the feedback's column of topics. @throws InvalidInput when topics are asked for, and there is none.
  VoiceGroups(const Attribution& attribution, std::vector<GroupBy> by, const std::optional<std::string>& topic)
      : feedback_(*attribution.feedback), by_(std::move(by)) {
    const Journey& journey = *attribution.matches->journey;
    for (const GroupBy dimension : by_) {
      Words& words = words_.emplace_back();
      if (dimension == GroupBy::moment)
        for (const Moment& moment : journey.moments()) words.emplace_back(moment.id);
      if (dimension == GroupBy::stage) {
        for (const Stage& stage : journey.stages()) words.emplace_back(stage.id);
        for (const Moment& moment : journey.moments())
          stage_.push_back(static_cast<std::uint32_t>(std::find(words.begin(), words.end(), moment.stage) - words.begin()));
      }
      if (dimension == GroupBy::topic) read_topics(topic, words);
      if (dimension == GroupBy::source)
        for (const Source& source : feedback_.sources) words.push_back(source.name);
      else words.emplace_back();
    }
  }

  [[nodiscard]] const std::vector<GroupBy>& by() const { return by_; }
  /// What a group is called in dimension d.
  [[nodiscard]] const std::optional<std::string>& word(const VoiceGroup& group, std::size_t d) const { return words_[d][group[d]]; }

  /// @param moment number of a moment, or Feedback::no_moment.
  [[nodiscard]] VoiceGroup of(std::size_t voice, std::uint32_t moment) const {
    VoiceGroup out;
    for (std::size_t d = 0; d < by_.size(); ++d) {
      const auto none = static_cast<std::uint32_t>(words_[d].size() - 1);
      switch (by_[d]) {
        case GroupBy::moment: out.push_back(moment == Feedback::no_moment ? none : moment); break;
        case GroupBy::stage: out.push_back(moment == Feedback::no_moment ? none : stage_[moment]); break;
        case GroupBy::topic: out.push_back(topic_[voice]); break;
        case GroupBy::source: out.push_back(feedback_.source[voice]); break;
      }
    }
    return out;
  }

  /// The part of a group that occurrences have too: its moment, or its stage. None where it is null.
  [[nodiscard]] std::optional<VoiceGroup> happened(const VoiceGroup& group) const {
    VoiceGroup out;
    for (std::size_t d = 0; d < by_.size(); ++d) {
      if (by_[d] != GroupBy::moment && by_[d] != GroupBy::stage) continue;
      if (!word(group, d)) return std::nullopt;
      out.push_back(group[d]);
    }
    return out;
  }
  [[nodiscard]] VoiceGroup happened(std::uint32_t moment) const {
    VoiceGroup out;
    for (const GroupBy dimension : by_) {
      if (dimension == GroupBy::moment) out.push_back(moment);
      if (dimension == GroupBy::stage) out.push_back(stage_[moment]);
    }
    return out;
  }

  /// The source of a group, where sources were asked for.
  [[nodiscard]] const Source* source(const VoiceGroup& group) const {
    for (std::size_t d = 0; d < by_.size(); ++d)
      if (by_[d] == GroupBy::source) return &feedback_.sources[group[d]];
    return nullptr;
  }

 private:
  using Words = std::vector<std::optional<std::string>>;

  void read_topics(const std::optional<std::string>& name, Words& words) {
    if (!name) refuse("by", "'topic', while the feedback has no topics", "topic= of attribute, or other groups");
    const Column& column = *feedback_.given.find(*name);
    const auto* strings = std::get_if<Strings>(&column.data);  // of another kind: all null
    const auto text = [&](std::size_t v) -> const std::string& { return (*strings->words)[strings->codes[v]]; };
    std::map<std::string, std::uint32_t> numbers;
    for (std::size_t v = 0; v < feedback_.size(); ++v)
      if (strings != nullptr && !column.is_null(v)) numbers.emplace(text(v), 0);
    for (auto& [topic, number] : numbers) {
      number = static_cast<std::uint32_t>(words.size());
      words.emplace_back(topic);
    }
    for (std::size_t v = 0; v < feedback_.size(); ++v)
      topic_.push_back(strings == nullptr || column.is_null(v) ? static_cast<std::uint32_t>(numbers.size()) : numbers.at(text(v)));
  }

  const Feedback& feedback_;
  std::vector<GroupBy> by_;
  std::vector<Words> words_;          // by dimension
  std::vector<std::uint32_t> stage_;  // of each moment
  std::vector<std::uint32_t> topic_;  // of each voice
};

/// When voices were listened to: the windows of all sources together, or of one; without windows from the first voice to the last. None: nothing
/// was heard.
inline std::optional<ListeningWindow> listened(const Feedback& feedback, const Source* source = nullptr) {
  if (feedback.has_windows && source != nullptr) return source->window;
  std::optional<ListeningWindow> out;
  const auto add = [&](const ListeningWindow& w) { out = out ? ListeningWindow{std::min(out->from, w.from), std::max(out->to, w.to)} : w; };
  if (feedback.has_windows)
    for (const Source& each : feedback.sources) add(each.window);
  else
    for (const std::int64_t time : feedback.time) add({time, time});
  return out;
}

/// What one group said in one period.
struct TrendCell {
  ExactSum voices;
  ScoreSums scores;  // of the voices that have one
};

/// Rows by group, then period.
struct Trend {
  static constexpr std::int64_t most_periods = 100'000;

  std::int64_t first = 0, periods = 0;
  std::vector<VoiceGroup> groups;                     // ascending
  std::vector<TrendCell> cells;                       // group · periods + period
  std::vector<std::optional<std::int64_t>> happened;  // occurrences of the group's moment or stage in the period
  std::vector<std::uint8_t> complete;                 // whether the whole period was listened to
};

/// All periods from the first that was listened to, to the last. Groups of moments or stages alone: all of them; others: those that were heard.
/// @throws InvalidInput for more than 100,000 periods.
inline Trend trend(const Attribution& attribution, const PeriodGrid& grid, const VoiceGroups& groups) {
  const Feedback& feedback = *attribution.feedback;
  const Matches& matches = *attribution.matches;
  Trend out;
  const auto window = listened(feedback);
  if (!window) return out;
  out.first = grid.of(window->from);
  out.periods = grid.of(window->to) - out.first + 1;
  if (out.periods > Trend::most_periods)
    refuse("every", "'" + grid.every().text() + "', " + std::to_string(out.periods) + " periods", "at most 100,000");

  std::map<VoiceGroup, std::size_t> rows;
  const auto each_part = [&](const auto& take) {
    for (std::size_t v = 0; v < feedback.size(); ++v) {
      for (const VoiceShare& share : attribution.of_voice(v)) take(v, groups.of(v, matches.occurrences[share.occurrence].moment), share.weight);
      if (attribution.unattributed[v] > 0) take(v, groups.of(v, Feedback::no_moment), attribution.unattributed[v]);
    }
  };
  each_part([&](std::size_t, VoiceGroup group, double) { rows.emplace(std::move(group), 0); });
  const auto of_journey = [](GroupBy by) { return by == GroupBy::moment || by == GroupBy::stage; };
  if (std::all_of(groups.by().begin(), groups.by().end(), of_journey))
    for (std::uint32_t m = 0; m < matches.journey->moments().size(); ++m) rows.emplace(groups.happened(m), 0);
  for (auto& [group, row] : rows) {
    row = out.groups.size();
    out.groups.push_back(group);
  }
  const auto periods = static_cast<std::size_t>(out.periods);
  out.cells.resize(rows.size() * periods);
  std::vector<std::size_t> period_of;
  for (const std::int64_t time : feedback.time) period_of.push_back(static_cast<std::size_t>(grid.of(time) - out.first));
  each_part([&](std::size_t v, const VoiceGroup& group, double weight) {
    TrendCell& cell = out.cells[rows.at(group) * periods + period_of[v]];
    cell.voices.add(weight);
    if (!feedback.has_no_score(v)) cell.scores.add(score_mark(feedback.scale, feedback.score[v]), weight);
  });

  std::vector<std::int64_t> begins;
  for (std::int64_t k = 0; k <= out.periods; ++k) begins.push_back(grid.begin(out.first + k));
  std::map<VoiceGroup, std::vector<std::int64_t>> happened;
  for (std::uint32_t m = 0; m < matches.journey->moments().size(); ++m) happened[groups.happened(m)].resize(periods);
  std::vector<std::vector<std::int64_t>*> of_moment;
  for (std::uint32_t m = 0; m < matches.journey->moments().size(); ++m) of_moment.push_back(&happened.at(groups.happened(m)));
  for (const Occurrence& o : matches.occurrences) {
    if (o.time < begins.front() || o.time >= begins.back()) continue;
    ++(*of_moment[o.moment])[static_cast<std::size_t>(std::upper_bound(begins.begin(), begins.end(), o.time) - begins.begin()) - 1];
  }
  for (const VoiceGroup& group : out.groups) {
    const auto counted = groups.happened(group);
    const ListeningWindow heard = *listened(feedback, groups.source(group));
    for (std::size_t k = 0; k < periods; ++k) {
      const auto found = counted ? happened.find(*counted) : happened.end();
      out.happened.push_back(!counted ? std::nullopt : std::optional{found == happened.end() ? std::int64_t{0} : found->second[k]});
      out.complete.push_back(heard.from <= begins[k] && begins[k + 1] - 1 <= heard.to ? 1 : 0);
    }
  }
  return out;
}

}  // namespace sojourn
