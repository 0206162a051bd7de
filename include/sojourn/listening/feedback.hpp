// Feedback: what customers said, when, and what each voice says of itself (its source, score, topic, the key or moment it names). A row is
// a voice; rows keep their numbers. Every cell is checked; a text is kept for showing and never read.
// Cost: O(voices · log customers), and a copy of the columns that are named.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/in_memory.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/core/customer_ids.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/measure_columns.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/listening/response_groups.hpp"
#include "sojourn/listening/sources.hpp"
#include "sojourn/listening/voice_keys.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// Which columns hold what.
struct FeedbackColumns {
  std::string customer = "customer", time = "time";
  std::optional<std::string> source = {}, solicited = {}, score = {}, topic = {}, text = {}, key = {}, moment = {};
};

struct FeedbackOptions {
  FeedbackColumns columns = {};
  ScoreScale scale = ScoreScale::nps;
  /// Table source, from, to: one row a source. Null: every source was always listened to.
  const arrow::Imported* observed = nullptr;
  /// Table customer, group: one row a customer. Null: all are in one.
  const arrow::Imported* response_groups = nullptr;
  Run run = {};
};

/// Voices, read against a match. Immutable.
struct Feedback {
  static constexpr std::uint32_t no_moment = UINT32_MAX;

  std::shared_ptr<const Matches> matches;
  FeedbackColumns columns;
  ScoreScale scale = ScoreScale::nps;
  std::vector<std::uint32_t> customer;  // the log's number; from the log's customers on: of others, a number each
  std::vector<std::int64_t> time;       // microseconds, UTC
  std::vector<std::uint32_t> source;    // into `sources`
  std::vector<double> score;            // NaN: none
  std::vector<std::uint32_t> moment;    // that the voice names, or no_moment
  VoiceKeys keys;
  std::vector<Source> sources;  // ascending by name, the one without a name first
  ResponseGroups groups;
  bool has_windows = false;  // else every source was always listened to
  Table given;               // the named columns as they came, each once
  std::int64_t rounded_times = 0;

  [[nodiscard]] std::size_t size() const { return customer.size(); }
  /// Whether the voice is of a customer that the log does not have.
  [[nodiscard]] bool is_other(std::size_t v) const { return customer[v] >= matches->log->customers(); }
  [[nodiscard]] bool has_no_score(std::size_t v) const { return std::isnan(score[v]); }
};

namespace listening_detail {

class FeedbackReader {
 public:
  FeedbackReader(const arrow::Imported& table, const FeedbackOptions& options, std::shared_ptr<const Matches> matches)
      : table_(table), options_(options), columns_(options.columns), log_(*matches->log), rows_(static_cast<std::size_t>(table.rows())) {
    out_.matches = std::move(matches);
    out_.columns = options.columns;
    out_.scale = options.scale;
    out_.given.columns.reserve(9);  // a column a role: references to them hold
  }

  Feedback run() {
    read_customers();
    read_times();
    read_sources();
    read_scores();
    read_moments();
    read_keys();
    if (options_.response_groups != nullptr) out_.groups = read_response_groups(*options_.response_groups, log_);
    if (columns_.solicited) optional_column<Bools>(*columns_.solicited, "booleans (whether the voice was asked for)");
    for (const auto& name : {columns_.topic, columns_.text})
      if (name) optional_column<Strings>(*name, "strings");
    return std::move(out_);
  }

 private:
  /// The column as it came, kept for showing.
  const Column& keep(const arrow::Field& field) {
    for (const Column& column : out_.given.columns)
      if (column.name == field.name) return column;
    out_.given.columns.push_back(arrow::read_column(field));
    return out_.given.columns.back();
  }

  static bool nothing_in(const Column& column) {
    for (std::size_t i = 0; i < column.size(); ++i)
      if (!column.is_null(i)) return false;
    return true;
  }

  /// The cells of a column that may have nulls; null when it holds nothing else, of whatever kind.
  template <class Data>
  const Data* optional_column(const std::string& name, const char* expected) {
    const arrow::Field field = table_.field(name);
    const Column& column = keep(field);
    if (nothing_in(column)) return nullptr;
    const auto* data = std::get_if<Data>(&column.data);
    if (data == nullptr) refuse(field.place(), column.kind(), expected);
    return data;
  }

  void read_customers() {
    const arrow::Field field = table_.field(columns_.customer);
    const Column& column = keep(field);
    for (std::size_t i = 0; i < rows_; ++i)
      if (column.is_null(i)) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a customer id");
    const CustomerIds& ids = log_.ids();
    auto next = static_cast<std::uint32_t>(ids.size());
    if (rows_ == 0) return;
    if (const auto* strings = std::get_if<Strings>(&column.data); strings != nullptr && ids.are_strings()) {
      std::vector<std::uint32_t> number;
      for (const std::string& word : *strings->words) {
        const auto known = ids.find(std::string_view{word});
        number.push_back(known ? static_cast<std::uint32_t>(*known) : next++);
      }
      for (const std::uint32_t code : strings->codes) out_.customer.push_back(number[code]);
    } else if (const auto* integers = std::get_if<Ints>(&column.data); integers != nullptr && !ids.are_strings()) {
      std::unordered_map<std::int64_t, std::uint32_t> others;
      out_.customer.assign(rows_, next);
      const std::vector<Slice> parts = slices(rows_, 8 * options_.run.count());
      parallel_for(parts.size(), options_.run, [&](std::size_t part) {  // each search misses the cache many times
        for (std::size_t i = parts[part].begin; i < parts[part].end; ++i) {
          const std::int64_t id = integers->values[i];
          const auto known = id < 0 && ids.are_unsigned() ? std::nullopt : ids.find(id);
          if (known) out_.customer[i] = static_cast<std::uint32_t>(*known);
        }
      });
      for (std::size_t i = 0; i < rows_; ++i) {
        if (out_.customer[i] < ids.size()) continue;
        out_.customer[i] = others.emplace(integers->values[i], next).first->second;
        next = static_cast<std::uint32_t>(ids.size() + others.size());
      }
    } else {
      refuse(field.place(), column.kind(), std::string("ids as in the events: ") + (ids.are_strings() ? "strings" : "integers"));
    }
  }

  void read_times() {
    const arrow::Field field = table_.field(columns_.time);
    if (rows_ > 0) {
      check_kind_of_time(field, log_);
      const ingest_detail::TimeColumn times(field, log_.zone());
      for (std::size_t p = 0; p < field.pieces.size(); ++p)
        times.for_each(p, 0, field.pieces[p].length, out_.rounded_times, [&](std::int64_t, std::int64_t time) { out_.time.push_back(time); });
    }
    keep(field);
  }

  /// Voices without a source column come from the one source "feedback".
  void read_sources() {
    std::map<std::string, ListeningWindow> windows;
    if (options_.observed != nullptr) windows = read_listening_windows(*options_.observed, log_);
    out_.has_windows = options_.observed != nullptr;
    const Strings* strings = columns_.source ? optional_column<Strings>(*columns_.source, "strings (names of sources)") : nullptr;
    const Column* column = columns_.source ? &keep(table_.field(*columns_.source)) : nullptr;
    using Name = std::optional<std::string_view>;
    const auto name_of = [&](std::size_t v) -> Name {
      if (column == nullptr) return "feedback";
      return strings == nullptr || column->is_null(v) ? Name{} : Name{(*strings->words)[strings->codes[v]]};
    };
    std::map<Name, std::uint32_t> numbers;  // no name first, then ascending
    if (column == nullptr) numbers.emplace("feedback", 0);
    for (const auto& [name, window] : windows) numbers.emplace(name, 0);
    for (std::size_t v = 0; v < rows_; ++v) numbers.emplace(name_of(v), 0);
    for (auto& [name, number] : numbers) {
      number = static_cast<std::uint32_t>(out_.sources.size());
      out_.sources.emplace_back();
      if (name) out_.sources.back().name.emplace(*name);
    }
    for (std::size_t v = 0; v < rows_; ++v) out_.source.push_back(numbers.at(name_of(v)));
    if (out_.has_windows) set_windows(windows);
  }

  void set_windows(const std::map<std::string, ListeningWindow>& windows) {
    std::vector<bool> has(out_.sources.size());
    for (std::size_t s = 0; s < has.size(); ++s) {
      const auto found = out_.sources[s].name ? windows.find(*out_.sources[s].name) : windows.end();
      has[s] = found != windows.end();
      if (has[s]) out_.sources[s].window = found->second;
    }
    for (std::size_t v = 0; v < rows_; ++v) {
      const auto row = static_cast<std::int64_t>(v);
      const Source& source = out_.sources[out_.source[v]];
      const std::string shown = source.name ? "'" + *source.name + "'" : "null";
      if (!has[out_.source[v]])
        refuse(Place{table_.name(), columns_.source.value_or(""), row}, "source " + shown,
               "one of those that " + options_.observed->name() + " lists");
      if (!source.window.holds(out_.time[v]))
        refuse(Place{table_.name(), columns_.time, row}, to_string(timestamp(out_.time[v])) + ", when " + shown + " was not listened to",
               "a time from " + to_string(timestamp(source.window.from)) + " to " + to_string(timestamp(source.window.to)));
    }
  }

  void read_scores() {
    out_.score.assign(rows_, std::numeric_limits<double>::quiet_NaN());
    if (!columns_.score) return;
    const arrow::Field field = table_.field(*columns_.score);
    const Column& column = keep(field);
    if (nothing_in(column)) return;
    const auto fill = [&](const auto& cell) {
      for (std::size_t v = 0; v < rows_; ++v) {
        if (column.is_null(v)) continue;
        const double score = cell(v);
        if (std::isnan(score)) continue;
        check_score(options_.scale, score, field.at(static_cast<std::int64_t>(v)));
        out_.score[v] = score;
      }
    };
    if (const auto* reals = std::get_if<Reals>(&column.data)) fill([&](std::size_t v) { return reals->values[v]; });
    else if (const auto* integers = std::get_if<Ints>(&column.data)) fill([&](std::size_t v) { return static_cast<double>(integers->values[v]); });
    else if (const auto* decimals = std::get_if<Decimals>(&column.data))
      fill([&](std::size_t v) { return static_cast<double>(decimals->unscaled[v]) / std::pow(10.0, decimals->scale); });
    else refuse(field.place(), column.kind(), "numbers");
  }

  void read_moments() {
    out_.moment.assign(rows_, Feedback::no_moment);
    if (!columns_.moment) return;
    const auto* strings = optional_column<Strings>(*columns_.moment, "strings (ids of moments)");
    if (strings == nullptr) return;
    std::vector<std::string> ids;
    for (const Moment& moment : out_.matches->journey->moments()) ids.push_back(moment.id);
    std::vector<std::uint32_t> number;
    for (const std::string& word : *strings->words) {
      const auto at = std::find(ids.begin(), ids.end(), word);
      number.push_back(at == ids.end() ? Feedback::no_moment : static_cast<std::uint32_t>(at - ids.begin()));
    }
    const arrow::Field field = table_.field(*columns_.moment);
    const Column& column = keep(field);
    for (std::size_t v = 0; v < rows_; ++v) {
      if (column.is_null(v)) continue;
      const std::string& word = (*strings->words)[strings->codes[v]];
      out_.moment[v] = number[strings->codes[v]];
      if (out_.moment[v] == Feedback::no_moment)
        refuse(field.at(static_cast<std::int64_t>(v)), "'" + word + "'" + did_you_mean(word, ids), "one of " + listed(ids));
    }
  }

  void read_keys() {
    if (!columns_.key) return;
    const arrow::Field field = table_.field(*columns_.key);
    if (log_.key() == nullptr) refuse(field.place(), "keys, while the events have none", "a log built with key=, or no key column here");
    const Column& column = keep(field);
    if (!nothing_in(column)) out_.keys = VoiceKeys(column, *log_.key(), field);
  }

  Feedback out_;
  const arrow::Imported& table_;
  const FeedbackOptions& options_;
  const FeedbackColumns& columns_;
  const EventLog& log_;
  std::size_t rows_;
};

}  // namespace listening_detail

/// Reads a table of feedback against a match of the customers it speaks of. Voices of customers that the log does not have stay.
/// @throws InvalidInput with the row: for a null customer or time, times of another kind than the events', a score off the scale, a moment
/// that the journey does not have, a voice from a time when its source was not listened to; for missing columns and wrong types.
inline Feedback read_feedback(const arrow::Imported& table, std::shared_ptr<const Matches> matches, const FeedbackOptions& options = {}) {
  return listening_detail::FeedbackReader(table, options, std::move(matches)).run();
}

/// The same from columns in memory.
inline Feedback read_feedback(Table table, std::shared_ptr<const Matches> matches, const FeedbackOptions& options = {}) {
  return read_feedback(arrow::imported(std::move(table), "feedback"), std::move(matches), options);
}

}  // namespace sojourn
