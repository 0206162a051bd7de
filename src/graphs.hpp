// A journey graph as Python holds it: shared and immutable.
#pragma once

#include <memory>

#include "sojourn/graph/journey_graph.hpp"

namespace sojourn::python {

using SharedGraph = std::shared_ptr<JourneyGraph>;

}  // namespace sojourn::python
