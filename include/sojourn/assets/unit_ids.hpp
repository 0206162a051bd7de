// The ids of a ledger's units (its customers), by the unit's number: what lists call them, and what breaks ties.
//
// Cost: 8 bytes a unit for integers; the text once and 8 bytes a unit for strings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/assets/customer_groups.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// Immutable.
class UnitIds {
 public:
  UnitIds() = default;
  /// @param integers the ids where they are integers, as group_customers gives them.
  UnitIds(const CustomerColumn& customers, const CustomerGroups& groups, Buffer<std::int64_t> integers, const Run& run)
      : strings_(customers.are_strings()), format_(customers.format()), words_(std::move(integers)) {
    if (!strings_) return;
    words_ = Buffer<std::int64_t>(groups.size());
    const auto parts = slices(groups.size(), groups.size() >> 14);
    std::vector<std::string> texts(parts.size());
    parallel_for(parts.size(), run, [&](std::size_t p) {
      for (std::size_t unit = parts[p].begin; unit < parts[p].end; ++unit) {
        texts[p] += customers.text(static_cast<std::int64_t>(groups.rows[groups.offsets[unit]]));
        words_[unit] = static_cast<std::int64_t>(texts[p].size());
      }
    });
    for (std::size_t p = 0; p < parts.size(); ++p) {
      for (std::size_t unit = parts[p].begin; unit < parts[p].end; ++unit) words_[unit] += static_cast<std::int64_t>(text_.size());
      text_ += texts[p];
    }
  }

  /// Those of some of them.
  UnitIds(const UnitIds& all, const std::vector<std::uint32_t>& units) : strings_(all.strings_), format_(all.format_), words_(units.size()) {
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (strings_) text_ += all.word(units[i]);
      words_[i] = strings_ ? static_cast<std::int64_t>(text_.size()) : all.integer(units[i]);
    }
  }

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] bool are_strings() const { return strings_; }
  /// The Arrow letter of integer ids.
  [[nodiscard]] char format() const { return format_; }
  [[nodiscard]] std::int64_t integer(std::size_t unit) const { return words_[unit]; }
  [[nodiscard]] std::string_view word(std::size_t unit) const {
    const auto begin = unit == 0 ? std::size_t{0} : static_cast<std::size_t>(words_[unit - 1]);
    return std::string_view(text_).substr(begin, static_cast<std::size_t>(words_[unit]) - begin);
  }
  [[nodiscard]] std::string plain(std::size_t unit) const {
    if (strings_) return std::string(word(unit));
    return format_ == 'L' ? std::to_string(static_cast<std::uint64_t>(integer(unit))) : std::to_string(integer(unit));
  }
  /// For messages.
  [[nodiscard]] std::string text(std::size_t unit) const { return strings_ ? "'" + plain(unit) + "'" : plain(unit); }

  /// −1, 0, 1; strings bytewise.
  [[nodiscard]] int compare(std::size_t a, std::size_t b) const {
    if (strings_) {
      const int c = word(a).compare(word(b));
      return (c > 0) - (c < 0);
    }
    if (format_ == 'L') return three_way(static_cast<std::uint64_t>(integer(a)), static_cast<std::uint64_t>(integer(b)));
    return three_way(integer(a), integer(b));
  }

 private:
  template <class T>
  static int three_way(T a, T b) {
    return (a > b) - (a < b);
  }

  bool strings_ = false;
  char format_ = 'l';
  Buffer<std::int64_t> words_;  // integers; strings: where in the text each ends
  std::string text_;
};

}  // namespace sojourn
