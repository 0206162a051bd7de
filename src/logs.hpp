// An event log as Python holds it: shared and immutable, so that what is computed from it can keep it.
#pragma once

#include <memory>

#include "sojourn/events/event_log.hpp"

namespace sojourn::python {

using SharedLog = std::shared_ptr<EventLog>;

}  // namespace sojourn::python
