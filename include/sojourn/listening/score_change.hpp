// Why the score of voices moved from before an instant to after it: who spoke of what, and what they said. Groups are the moments, stages or sources
// that voices are about, as attributed; a voice about several is in each with its weight. The decomposition: stats/score_change.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/voice_customers.hpp"
#include "sojourn/stats/score_change.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn {

/// What tells groups of voices apart.
struct ChangeGroups {
  bool moment = false, stage = false, source = false;
};

/// A group's names; none: about no occurrence, or from a source without a name.
struct ChangeGroup {
  std::optional<std::string> moment, stage, source;
};

struct GroupedVoices {
  std::vector<ChangeGroup> groups;  // in the journey's order, what is about none last; then by source
  std::vector<GroupedAnswer> answers;
  std::int64_t unscored_before = 0, unscored_after = 0;  // left out
};

/// @param at microseconds UTC; voices at this instant are after it. O(weights · log groups).
inline GroupedVoices grouped_voices(const Attribution& attribution, std::int64_t at, const ChangeGroups& by) {
  const Feedback& feedback = *attribution.feedback;
  const Matches& matches = *attribution.matches;
  const auto& moments = matches.journey->moments();
  const auto& stages = matches.journey->stages();
  std::vector<std::size_t> stage_of;
  for (const Moment& moment : moments) {
    std::size_t s = 0;
    while (s < stages.size() && stages[s].id != moment.stage) ++s;
    stage_of.push_back(s);
  }
  const std::vector<std::uint64_t> keys = customer_keys(feedback);
  using Key = std::tuple<std::size_t, std::size_t, std::size_t>;  // stage, moment, source; their number: none
  std::map<Key, std::uint32_t> numbers;
  std::vector<std::pair<Key, GroupedAnswer>> answers;
  GroupedVoices out;
  for (std::size_t v = 0; v < feedback.size(); ++v) {
    const bool after = feedback.time[v] >= at;
    if (feedback.has_no_score(v)) {
      ++(after ? out.unscored_after : out.unscored_before);
      continue;
    }
    const double mark = score_mark(feedback.scale, feedback.score[v]);
    const auto add = [&](std::size_t moment, double weight) {
      if (!(weight > 0)) return;
      const bool none = moment == moments.size();
      const Key key{by.stage ? (none ? stages.size() : stage_of[moment]) : 0, by.moment ? moment : 0, by.source ? feedback.source[v] : 0};
      numbers.emplace(key, 0);
      answers.push_back({key, {0, after, mark, weight, weight, keys[v]}});
    };
    for (const VoiceShare& share : attribution.of_voice(v)) add(matches.occurrences[share.occurrence].moment, share.weight);
    add(moments.size(), attribution.unattributed[v]);
  }
  for (auto& [key, number] : numbers) {
    number = static_cast<std::uint32_t>(out.groups.size());
    const auto [stage, moment, source] = key;
    ChangeGroup group;
    if (by.stage && stage < stages.size()) group.stage = stages[stage].id;
    if (by.moment && moment < moments.size()) group.moment = moments[moment].id;
    if (by.source) group.source = feedback.sources[source].name;
    out.groups.push_back(std::move(group));
  }
  for (auto& [key, answer] : answers) {
    answer.group = numbers.at(key);
    out.answers.push_back(answer);
  }
  return out;
}

}  // namespace sojourn
