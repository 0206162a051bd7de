// Errors: bad input is refused with its place, what was found and what was expected.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

/// Thrown for input that cannot be used. The message reads "place: found …, expected …".
class InvalidInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown when the caller asked a running computation to stop (ctrl-C); nothing is half-written.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

/// Where in a table something was found. `row` counts from 0, as data frames do.
struct Place {
  std::string table;
  std::string column;
  std::optional<std::int64_t> row;

  [[nodiscard]] std::string text() const {
    std::string out = table;
    if (!column.empty()) out += (out.empty() ? "column '" : ", column '") + column + "'";
    if (row) out += ", row " + std::to_string(*row);
    return out;
  }
};

[[noreturn]] inline void refuse(const std::string& place, const std::string& found, const std::string& expected) {
  throw InvalidInput(place + ": found " + found + ", expected " + expected);
}

[[noreturn]] inline void refuse(const Place& place, const std::string& found, const std::string& expected) { refuse(place.text(), found, expected); }

namespace detail {

/// Levenshtein distance, bounded inputs only (names).
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace detail

/// " (did you mean 'x'?)" for the candidate nearest to `name`, or "" when none is near.
inline std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  constexpr std::size_t longest_name = 256;  // a hostile name must not cost quadratic time
  if (name.size() > longest_name) return "";
  const std::string wanted = detail::lower(name);
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest_name) continue;
    const std::string other = detail::lower(candidate);
    std::size_t distance = detail::edit_distance(wanted, other);
    // A name that holds the other whole ("customer_id" for "customer") is near however long it is.
    if (distance >= best_distance && wanted.size() > 2 && other.size() > 2 &&
        (other.find(wanted) != std::string::npos || wanted.find(other) != std::string::npos))
      distance = best_distance - 1;
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best.empty() ? "" : " (did you mean '" + best + "'?)";
}

/// "'a', 'b', 'c'", cut after `most` names: for messages.
inline std::string listed(std::span<const std::string> names, std::size_t most = 12) {
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) out += (i ? ", '" : "'") + names[i] + "'";
  if (names.size() > most) out += ", … (" + std::to_string(names.size()) + " in all)";
  return out.empty() ? "nothing" : out;
}

}  // namespace sojourn
