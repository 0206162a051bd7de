// Voices by what they are about or where they come from, and apart by whether they were asked for, their source or their group: a cell each, with
// voices, scores and answers. Every voice is in one row or, by parts, in several: the rows' voices add up to all voices.
// Cost: O((weights + voices) · log levels).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// A part of a voice in a cell.
struct CellPart {
  std::size_t voice, cell;
  double weight;
};

/// Levels of what voices are told apart by; none: those that name none, last.
using ScoreLevels = std::vector<std::optional<std::string>>;

/// Which cells there are, row by row, and what falls in them, voice by voice. Cell i is of key i / apart.size() and of apart i % apart.size().
struct ScoreCells {
  ScoreLevels keys, apart;
  std::vector<CellPart> parts;

  [[nodiscard]] std::size_t size() const { return keys.size() * apart.size(); }
};

/// The sums of one cell.
struct CellScores {
  ExactSum voices;
  ScoreSums marks, answers;  // of the voices that have a score: what it counts for, and itself
};

namespace listening_detail {

struct VoiceLevels {
  ScoreLevels levels;
  std::vector<std::uint32_t> of_voice;
};

/// Levels ascending by code point, `listed` among them; none last, if a voice has none.
template <class NameOf>
VoiceLevels levels_of(std::size_t voices, const ScoreLevels& listed, const NameOf& name_of) {
  std::map<std::string, std::uint32_t> numbers;
  for (const auto& name : listed)
    if (name) numbers.emplace(*name, 0);
  std::vector<std::optional<std::string>> names;
  for (std::size_t v = 0; v < voices; ++v) {
    names.push_back(name_of(v));
    if (names.back()) numbers.emplace(*names.back(), 0);
  }
  VoiceLevels out;
  for (auto& [name, number] : numbers) {
    number = static_cast<std::uint32_t>(out.levels.size());
    out.levels.emplace_back(name);
  }
  const auto none = static_cast<std::uint32_t>(numbers.size());
  bool any_without = false;
  for (const auto& name : names) {
    out.of_voice.push_back(name ? numbers.at(*name) : none);
    any_without = any_without || !name;
  }
  if (any_without) out.levels.emplace_back(std::nullopt);
  return out;
}

/// By "topic" or "solicited" (columns of the feedback, by name), "source" or "group".
inline VoiceLevels voice_levels(const Feedback& feedback, const std::string& by, const std::optional<std::string>& column_name,
                                const std::string& place) {
  using Name = std::optional<std::string>;
  const std::size_t n = feedback.size();
  if (by == "source") {
    ScoreLevels listed;
    for (const Source& source : feedback.sources) listed.push_back(source.name);
    return levels_of(n, listed, [&](std::size_t v) { return feedback.sources[feedback.source[v]].name; });
  }
  if (by == "group") {
    if (!feedback.groups.given()) refuse(place, "'group', without response groups", "attribute(response_groups=...)");
    return levels_of(n, feedback.groups.names,
                     [&](std::size_t v) { return feedback.is_other(v) ? Name{} : feedback.groups.names[feedback.groups.of(feedback.customer[v])]; });
  }
  const Column* column = nullptr;
  for (const Column& given : feedback.given.columns)
    if (column_name && given.name == *column_name) column = &given;
  if (column == nullptr) refuse(place, "'" + by + "', which the feedback was not read with", "attribute(" + by + "=...), the name of its column");
  const auto* words = std::get_if<Strings>(&column->data);
  const auto* flags = std::get_if<Bools>(&column->data);
  const ScoreLevels listed = by == "solicited" ? ScoreLevels{"false", "true"} : ScoreLevels{};
  return levels_of(n, listed, [&](std::size_t v) -> Name {
    if (column->is_null(v)) return std::nullopt;
    if (flags != nullptr) return flags->values[v] != 0 ? "true" : "false";
    return words != nullptr ? Name{(*words->words)[words->codes[v]]} : Name{};
  });
}

}  // namespace listening_detail

/// What to tell voices apart by, with the names of the columns that `topic` and `solicited` need.
struct ScoreCellsOptions {
  std::string by = "moment";              // or stage, topic, source
  std::optional<std::string> apart = {};  // solicited, source, group; none: together
  std::optional<std::string> topic = {}, solicited = {};
};

/// @throws InvalidInput for other words, for a topic, a solicited or a group that the feedback was not read with, the same word twice.
inline ScoreCells score_cells(const Attribution& attribution, const ScoreCellsOptions& options) {
  const Matches& matches = *attribution.matches;
  const Feedback& feedback = *attribution.feedback;
  const bool by_moment = options.by == "moment", by_stage = options.by == "stage";
  if (!by_moment && !by_stage && options.by != "topic" && options.by != "source")
    refuse("by", "'" + options.by + "'", "'moment', 'stage', 'topic' or 'source'");
  if (options.apart && *options.apart != "solicited" && *options.apart != "source" && *options.apart != "group")
    refuse("apart", "'" + *options.apart + "'", "'solicited', 'source' or 'group', or none");
  if (options.apart == options.by) refuse("apart", "'" + options.by + "', as by", "another");
  listening_detail::VoiceLevels apart{{std::nullopt}, std::vector<std::uint32_t>(feedback.size())};
  if (options.apart) apart = listening_detail::voice_levels(feedback, *options.apart, options.solicited, "apart");
  ScoreCells out;
  out.apart = apart.levels;
  const std::size_t width = apart.levels.size();
  if (!by_moment && !by_stage) {
    const auto key = listening_detail::voice_levels(feedback, options.by, options.topic, "by");
    out.keys = key.levels;
    for (std::size_t v = 0; v < feedback.size(); ++v) out.parts.push_back({v, key.of_voice[v] * width + apart.of_voice[v], 1.0});
    return out;
  }
  std::vector<std::size_t> key_of;  // of a moment
  const auto& moments = matches.journey->moments();
  if (by_moment) {
    for (const Moment& moment : moments) key_of.push_back(out.keys.size()), out.keys.emplace_back(moment.id);
  } else {
    for (const Stage& stage : matches.journey->stages()) out.keys.emplace_back(stage.id);
    for (const Moment& moment : moments)
      key_of.push_back(static_cast<std::size_t>(std::find(out.keys.begin(), out.keys.end(), moment.stage) - out.keys.begin()));
  }
  const std::size_t none = out.keys.size();
  out.keys.emplace_back(std::nullopt);
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    for (const VoiceShare& share : attribution.of_voice(v))
      out.parts.push_back({v, key_of[matches.occurrences[share.occurrence].moment] * width + apart.of_voice[v], share.weight});
    if (attribution.unattributed[v] > 0) out.parts.push_back({v, none * width + apart.of_voice[v], attribution.unattributed[v]});
  }
  return out;
}

/// The sums of every cell.
inline std::vector<CellScores> sum_cells(const Feedback& feedback, const ScoreCells& cells) {
  std::vector<CellScores> out(cells.size());
  for (const CellPart& part : cells.parts) {
    CellScores& cell = out[part.cell];
    cell.voices.add(part.weight);
    if (feedback.has_no_score(part.voice)) continue;
    cell.marks.add(score_mark(feedback.scale, feedback.score[part.voice]), part.weight);
    cell.answers.add(feedback.score[part.voice], part.weight);
  }
  return out;
}

}  // namespace sojourn
