// The customers of a log or ledger: distinct ids in ascending order, of the type they came with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/column.hpp"

namespace sojourn {

/// An id as a single value: an integer (its bits; read as unsigned where the ids' format is 'L') or a string.
/// Ascending order: numeric for integers, bytewise for strings.
class CustomerIds {
 public:
  CustomerIds() = default;

  /// @param format Arrow letter of an integer type. @param ascending distinct ids (for 'L': the bits of unsigned ones).
  static CustomerIds integers(char format, std::vector<std::int64_t> ascending) {
    CustomerIds ids;
    ids.format_ = format;
    ids.integers_ = std::move(ascending);
    return ids;
  }
  /// @param ascending distinct ids, concatenated; id i is bytes [offsets[i], offsets[i+1]).
  static CustomerIds strings(std::string bytes, std::vector<std::size_t> offsets) {
    CustomerIds ids;
    ids.format_ = 'u';
    ids.bytes_ = std::move(bytes);
    ids.offsets_ = std::move(offsets);
    return ids;
  }

  [[nodiscard]] bool are_strings() const { return format_ == 'u'; }
  [[nodiscard]] bool are_unsigned() const { return format_ == 'L'; }
  [[nodiscard]] char format() const { return format_; }
  [[nodiscard]] std::size_t size() const { return are_strings() ? offsets_.size() - 1 : integers_.size(); }
  [[nodiscard]] std::int64_t integer(std::size_t i) const { return integers_[i]; }
  [[nodiscard]] std::string_view string(std::size_t i) const { return std::string_view{bytes_}.substr(offsets_[i], offsets_[i + 1] - offsets_[i]); }

  /// The id for messages.
  [[nodiscard]] std::string text(std::size_t i) const {
    if (are_strings()) return "'" + std::string(string(i)) + "'";
    return are_unsigned() ? std::to_string(static_cast<std::uint64_t>(integers_[i])) : std::to_string(integers_[i]);
  }

  /// −1, 0, 1: id i of `a` against id j of `b`, which must be of the same kind.
  static int compare(const CustomerIds& a, std::size_t i, const CustomerIds& b, std::size_t j) {
    if (a.are_strings()) {
      const int c = a.string(i).compare(b.string(j));
      return (c > 0) - (c < 0);
    }
    const std::uint64_t x = a.ordered(i), y = b.ordered(j);
    return (x > y) - (x < y);
  }

  /// The customer's number, if known. O(log customers).
  [[nodiscard]] std::optional<std::size_t> find(std::int64_t id) const {
    if (are_strings()) return std::nullopt;
    const std::uint64_t wanted = ordered_bits(id);
    std::size_t low = 0, high = size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (ordered(middle) < wanted) low = middle + 1;
      else high = middle;
    }
    return low < size() && integers_[low] == id ? std::optional{low} : std::nullopt;
  }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view id) const {
    if (!are_strings()) return std::nullopt;
    std::size_t low = 0, high = size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (string(middle) < id) low = middle + 1;
      else high = middle;
    }
    return low < size() && string(low) == id ? std::optional{low} : std::nullopt;
  }

  /// A result column: the ids of the customers numbered `which`, in the type they came with.
  [[nodiscard]] Column column(std::string name, std::span<const std::uint32_t> which) const {
    if (are_strings()) {
      // One word per customer that is shown, in the order of first showing.
      std::vector<std::uint32_t> code(size(), UINT32_MAX), codes;
      std::vector<std::string> words;
      codes.reserve(which.size());
      for (const std::uint32_t c : which) {
        if (code[c] == UINT32_MAX) {
          code[c] = static_cast<std::uint32_t>(words.size());
          words.emplace_back(string(c));
        }
        codes.push_back(code[c]);
      }
      return {std::move(name), Strings{std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(words))}};
    }
    Ints out{{}, format_};
    out.values.reserve(which.size());
    for (const std::uint32_t c : which) out.values.push_back(integers_[c]);
    return {std::move(name), std::move(out)};
  }

  friend bool operator==(const CustomerIds&, const CustomerIds&) = default;

 private:
  [[nodiscard]] std::uint64_t ordered_bits(std::int64_t id) const {
    return static_cast<std::uint64_t>(id) ^ (are_unsigned() ? 0 : std::uint64_t{1} << 63);
  }
  [[nodiscard]] std::uint64_t ordered(std::size_t i) const { return ordered_bits(integers_[i]); }

  char format_ = 'l';
  std::vector<std::int64_t> integers_;
  std::string bytes_;
  std::vector<std::size_t> offsets_ = {0};
};

/// Two sets of ids of one kind as one, ascending; integers keep the format of the first.
inline CustomerIds united(const CustomerIds& a, const CustomerIds& b) {
  std::vector<std::int64_t> integers;
  std::string bytes;
  std::vector<std::size_t> offsets = {0};
  const auto take = [&](const CustomerIds& ids, std::size_t i) {
    if (!ids.are_strings()) return integers.push_back(ids.integer(i));
    bytes += ids.string(i);
    offsets.push_back(bytes.size());
  };
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const int c = i == a.size() ? 1 : j == b.size() ? -1 : CustomerIds::compare(a, i, b, j);
    if (c <= 0) take(a, i);
    else take(b, j);
    i += c <= 0;
    j += c >= 0;
  }
  return a.are_strings() ? CustomerIds::strings(std::move(bytes), std::move(offsets)) : CustomerIds::integers(a.format(), std::move(integers));
}

}  // namespace sojourn
