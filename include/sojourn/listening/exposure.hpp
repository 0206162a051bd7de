// Which occurrences a source could hear of: those that some voice within the horizon, from a time when the source was listened to, may be
// about. That is the closed interval from the window's beginning less the horizon to the window's end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/sources.hpp"

namespace sojourn {

/// A window a source, in the order of the feedback's sources.
inline std::vector<ListeningWindow> exposures(const Attribution& attribution) {
  std::vector<ListeningWindow> out;
  for (const Source& source : attribution.feedback->sources) {
    out.push_back(source.window);
    if (source.window.from == earliest_micros) continue;  // always listened to
    out.back().from = micros(advance(timestamp(source.window.from), attribution.horizon, attribution.matches->log->zone(), -1));
  }
  return out;
}

/// Windows as few as can be that hold the same instants, ascending and apart.
inline std::vector<ListeningWindow> united(std::vector<ListeningWindow> windows) {
  std::sort(windows.begin(), windows.end());
  std::vector<ListeningWindow> out;
  for (const ListeningWindow& window : windows) {
    if (out.empty() || window.from > out.back().to) out.push_back(window);
    else out.back().to = std::max(out.back().to, window.to);
  }
  return out;
}

}  // namespace sojourn
