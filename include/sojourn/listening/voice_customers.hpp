// The customers of voices as the Bayesian bootstrap knows them: those that the log does not have too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "sojourn/core/column.hpp"
#include "sojourn/core/stable_hash.hpp"
#include "sojourn/listening/feedback.hpp"

namespace sojourn {

/// A customer's own 64 bits, as `customer_key` gives them, from a column of ids without nulls.
inline std::vector<std::uint64_t> customer_keys(const Column& ids) {
  std::vector<std::uint64_t> keys;
  keys.reserve(ids.size());
  if (const auto* strings = std::get_if<Strings>(&ids.data)) {
    std::vector<std::uint64_t> of_word;
    for (const std::string& word : *strings->words) of_word.push_back(stable_hash(word));
    for (const std::uint32_t code : strings->codes) keys.push_back(of_word[code]);
  } else if (const auto* integers = std::get_if<Ints>(&ids.data)) {
    for (const std::int64_t id : integers->values) keys.push_back(mix_bits(static_cast<std::uint64_t>(id)));
  }
  return keys;
}

/// A voice each. The column of customers is the first that feedback keeps.
inline std::vector<std::uint64_t> customer_keys(const Feedback& feedback) { return customer_keys(feedback.given.columns.front()); }

}  // namespace sojourn
