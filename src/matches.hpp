// Journeys and matches as Python holds them: shared and immutable, so that what is computed from them can keep them.
#pragma once

#include <memory>

#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/match.hpp"

namespace sojourn::python {

using SharedJourney = std::shared_ptr<Journey>;
using SharedMatches = std::shared_ptr<Matches>;

}  // namespace sojourn::python
