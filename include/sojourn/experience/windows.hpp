// Cursors over a pattern's signals, for windows that move forward: linear in all, never a rescan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "sojourn/experience/signal.hpp"

namespace sojourn {

/// How many signals lie before a window's beginning. Windows of calendar months step back now and then (30 March 23:00 and 31 March 01:00
/// both less a month are 28 February), by a few days at most, so that the cursor goes both ways and is still linear in all.
class WindowStart {
 public:
  explicit WindowStart(std::span<const Signal> signals) : signals_(signals) {}

  /// Index of the first signal at or after `opens`.
  std::size_t first_from(std::int64_t opens) {
    while (at_ < signals_.size() && signals_[at_].time < opens) ++at_;
    while (at_ > 0 && signals_[at_ - 1].time >= opens) --at_;
    return at_;
  }

 private:
  std::span<const Signal> signals_;
  std::size_t at_ = 0;
};

/// The signals after a place; places are asked for in ascending order.
class Following {
 public:
  explicit Following(std::span<const Signal> signals) : signals_(signals) {}

  /// Whether a signal comes strictly after `place`, at or before the instant `ends`.
  bool any(const LifePlace& place, std::int64_t ends) {
    at_ = after(place);
    return at_ < signals_.size() && signals_[at_].time <= ends;
  }
  /// Index of the first signal strictly after `place`: also how many lie at or before it.
  std::size_t after(const LifePlace& place) {
    while (at_ < signals_.size() && signals_[at_].place() <= place) ++at_;
    return at_;
  }

 private:
  std::span<const Signal> signals_;
  std::size_t at_ = 0;
};

/// The signals before a place; places are asked for in ascending order.
class Preceding {
 public:
  explicit Preceding(std::span<const Signal> signals) : signals_(signals) {}

  /// Whether a signal comes strictly before `place`, at or after the instant `opens`.
  bool any(const LifePlace& place, std::int64_t opens) {
    while (at_ < signals_.size() && signals_[at_].place() < place) ++at_;
    return at_ > 0 && signals_[at_ - 1].time >= opens;
  }

 private:
  std::span<const Signal> signals_;
  std::size_t at_ = 0;
};

}  // namespace sojourn
