// Distinct customers: a code for each within a part of the rows, and the order of their ids over all parts.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/core/buffer.hpp"

namespace sojourn::ingest_detail {

/// A customer met in a part: where it goes, and one of its rows.
struct Met {
  std::uint64_t key;
  std::uint32_t count;
  std::uint32_t row;
  bool is_long;
};

/// Gives the customers of one part codes 0, 1, … in order of first appearance.
class PartCodes {
 public:
  PartCodes(const CustomerColumn& customers, std::size_t rows)
      : customers_(customers), slots_(std::bit_ceil(std::min<std::size_t>(rows, 4096) * 2), empty) {}

  std::uint32_t code(std::uint64_t key, std::uint64_t hash, bool is_long, std::uint32_t row) {
    for (std::size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      const std::uint32_t c = slots_[slot];
      if (c == empty) {
        if (2 * (met_.size() + 1) > slots_.size()) {
          grow();
          return code(key, hash, is_long, row);
        }
        slots_[slot] = static_cast<std::uint32_t>(met_.size());
        met_.push_back({key, 1, row, is_long});
        return slots_[slot];
      }
      Met& met = met_[c];
      if (met.key == key && met.is_long == is_long && (!is_long || customers_.text(met.row) == customers_.text(row))) {
        ++met.count;
        return c;
      }
    }
  }
  [[nodiscard]] std::vector<Met> finish() && { return std::move(met_); }

 private:
  static constexpr std::uint32_t empty = UINT32_MAX;
  void grow() {
    slots_.assign(slots_.size() * 2, empty);
    for (std::uint32_t c = 0; c < met_.size(); ++c) {
      std::size_t slot = mix(met_[c].key) & (slots_.size() - 1);
      while (slots_[slot] != empty) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = c;
    }
  }
  const CustomerColumn& customers_;
  std::vector<std::uint32_t> slots_;
  std::vector<Met> met_;
};

/// A string id: long ones in the table, short ones unpacked from their key.
class StringId {
 public:
  StringId(std::optional<std::string_view> in_table, std::uint64_t key) : in_table_(in_table), key_(key) {}
  [[nodiscard]] std::string_view text() const {
    if (in_table_) return *in_table_;
    return {reinterpret_cast<const char*>(&key_), static_cast<std::size_t>(8 - std::countl_zero(key_) / 8)};
  }

 private:
  std::optional<std::string_view> in_table_;
  std::uint64_t key_;
};

/// A distinct customer on its way to its rank.
struct Ranked {
  std::uint64_t order;   // sorts as the ids do, as far as 64 bits go
  std::uint32_t global;  // number over all parts
  std::uint32_t count;
};

/// Least-significant-digit radix sort by `order`, eleven bits at a time; digits that are the same everywhere cost nothing.
inline void radix_sort(Buffer<Ranked>& items) {
  constexpr unsigned bits = 11, digits = 6;
  constexpr std::size_t values = std::size_t{1} << bits;
  const auto digit = [](std::uint64_t order, unsigned d) { return order >> (bits * d) & (values - 1); };
  std::vector<std::size_t> start(digits * values);
  for (const Ranked& item : items)
    for (unsigned d = 0; d < digits; ++d) ++start[d * values + digit(item.order, d)];
  Buffer<Ranked> other(items.size());
  for (unsigned d = 0; d < digits; ++d) {
    std::size_t* at = &start[d * values];
    if (items.empty() || at[digit(items[0].order, d)] == items.size()) continue;
    std::size_t total = 0;
    for (std::size_t v = 0; v < values; ++v) total += std::exchange(at[v], total);
    for (const Ranked& item : items) other[at[digit(item.order, d)]++] = item;
    std::swap(items, other);
  }
}

}  // namespace sojourn::ingest_detail
