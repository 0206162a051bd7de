// The places that voices are about: the moments of a journey, or its stages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "sojourn/experience/journey.hpp"

namespace sojourn {

enum class PlaceBy : std::uint8_t { moment, stage };

struct Places {
  std::vector<std::string> ids;        // in the journey's order
  std::vector<std::size_t> of_moment;  // the place of each moment
};

inline Places places(const Journey& journey, PlaceBy by) {
  Places out;
  if (by == PlaceBy::moment) {
    for (const Moment& moment : journey.moments()) out.ids.push_back(moment.id);
    out.of_moment.resize(out.ids.size());
    std::iota(out.of_moment.begin(), out.of_moment.end(), std::size_t{0});
    return out;
  }
  std::map<std::string, std::size_t> number;
  for (const Stage& stage : journey.stages()) {
    number.emplace(stage.id, out.ids.size());
    out.ids.push_back(stage.id);
  }
  for (const Moment& moment : journey.moments()) out.of_moment.push_back(number.at(moment.stage));
  return out;
}

}  // namespace sojourn
