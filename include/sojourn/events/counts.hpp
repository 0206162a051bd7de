// How often each event occurs, and with how many customers.
#pragma once

#include <cstdint>
#include <vector>

#include "sojourn/core/threads.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn {

struct EventCount {
  std::uint32_t event;  // code
  std::int64_t count = 0, customers = 0;
};

/// One row an event name, in the order of the names. O(events).
inline std::vector<EventCount> counts(const EventLog& log, const Run& run = {}) {
  const std::size_t names = log.event_names().size();
  const std::vector<Slice> parts = slices(log.customers(), names > 4096 ? run.count() : 4 * run.count());
  std::vector<std::vector<EventCount>> partial(parts.size());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    auto& cells = partial[p];
    cells.resize(names);
    std::vector<std::size_t> last(names, SIZE_MAX);
    for (std::size_t c = parts[p].begin; c < parts[p].end; ++c) {
      for (const std::uint32_t e : log.customer(c).events) {
        ++cells[e].count;
        cells[e].customers += last[e] != c;
        last[e] = c;
      }
    }
  });
  std::vector<EventCount> out(names);
  for (std::uint32_t e = 0; e < names; ++e) {
    out[e].event = e;
    for (const auto& cells : partial) out[e].count += cells[e].count, out[e].customers += cells[e].customers;
  }
  return out;
}

}  // namespace sojourn
