// Where two journeys differ, as their files would show it: for messages.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "sojourn/core/json.hpp"
#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/journey_json.hpp"

namespace sojourn {

/// The first place at which the second journey is not as the first.
struct JourneyDifference {
  std::string place;  // "moments[3].when.within"
  std::string first, second;
};

namespace journey_difference_detail {

/// The first difference between two values; null: there is nothing in that place.
inline std::optional<JourneyDifference> between(const boost::json::value* a, const boost::json::value* b, const std::string& place) {
  const auto shown = [&](const boost::json::value* value) { return value == nullptr ? std::string("nothing") : JsonCursor{*value, place}.shown(); };
  if (a == nullptr || b == nullptr || a->kind() != b->kind()) return JourneyDifference{place, shown(a), shown(b)};
  if (a->is_object()) {
    const auto inside = [&](const boost::json::key_value_pair& item) {
      const std::string key(item.key());
      return between(a->get_object().if_contains(key), b->get_object().if_contains(key), place.empty() ? key : place + "." + key);
    };
    for (const auto& item : a->get_object())
      if (auto found = inside(item)) return found;
    for (const auto& item : b->get_object())
      if (auto found = inside(item)) return found;
    return std::nullopt;
  }
  if (a->is_array()) {
    const auto &x = a->get_array(), &y = b->get_array();
    for (std::size_t i = 0; i < std::max(x.size(), y.size()); ++i)
      if (auto found = between(i < x.size() ? &x[i] : nullptr, i < y.size() ? &y[i] : nullptr, place + "[" + std::to_string(i) + "]")) return found;
    return std::nullopt;
  }
  return *a == *b ? std::nullopt : std::optional{JourneyDifference{place, shown(a), shown(b)}};
}

}  // namespace journey_difference_detail

/// nullopt: they are equal. O(size of the journeys).
inline std::optional<JourneyDifference> difference(const Journey& first, const Journey& second) {
  if (first == second) return std::nullopt;
  const boost::json::value a = write_journey(first), b = write_journey(second);
  return journey_difference_detail::between(&a, &b, "");
}

/// @throws InvalidInput with the first place at which the second journey is not as the first.
inline void check_one_journey(const Journey& first, const Journey& second) {
  if (const auto different = difference(first, second))
    refuse("second journey, " + different->place, different->second, different->first + ", as in the first");
}

}  // namespace sojourn
