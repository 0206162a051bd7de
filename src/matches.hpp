// Journeys and matches as Python holds them: shared and immutable, so that what is computed from them can keep them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn::python {

using SharedJourney = std::shared_ptr<Journey>;
using SharedMatches = std::shared_ptr<Matches>;

/// A word a moment: codes are moments' numbers.
inline Strings words_of(const Journey& journey, std::vector<std::uint32_t> moments, std::string Moment::* word) {
  std::vector<std::string> words;
  for (const Moment& moment : journey.moments()) words.push_back(moment.*word);
  return {std::move(moments), std::make_shared<const std::vector<std::string>>(std::move(words))};
}

}  // namespace sojourn::python
