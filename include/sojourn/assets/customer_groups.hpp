// The rows of a table grouped by customer, in linear time.
//
// Rows are partitioned by a hash of the id into parts that fit the cache, input order kept; within a part an open-addressing table gives
// each customer a code, and one more pass puts its rows side by side. O(rows), no sort: customers stand in no particular order, which is
// enough for sums. 16 bytes a row while it runs, 4 a row and 4 a customer in the result. Where ids must ascend, see events/ingest.hpp.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/arrow/row_blocks.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"

namespace sojourn {

/// Customer c has rows rows[offsets[c]] … rows[offsets[c + 1] − 1] of the table, ascending.
struct CustomerGroups {
  std::vector<std::uint32_t> offsets = {0};
  Buffer<std::uint32_t> rows;
  [[nodiscard]] std::size_t size() const { return offsets.size() - 1; }
};

namespace groups_detail {

struct Staged {
  std::uint64_t word;
  std::uint32_t row;
  std::uint32_t code;  // whether the word is a hash of a long string; then the customer's code within its part
};

/// Codes 0, 1, … for the customers of one part, in order of first appearance.
class PartTable {
 public:
  explicit PartTable(const CustomerColumn& customers) : customers_(customers), slots_(256, none) {}

  std::uint32_t code(const Staged& row) {
    for (std::size_t slot = ingest_detail::mix(row.word) & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot] == none) return add(row, slot);
      const Staged& met = met_[slots_[slot]];
      if (met.word == row.word && met.code == row.code && (row.code == 0 || customers_.text(met.row) == customers_.text(row.row)))
        return slots_[slot];
    }
  }
  [[nodiscard]] std::size_t size() const { return met_.size(); }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;

  std::uint32_t add(const Staged& row, std::size_t slot) {
    slots_[slot] = static_cast<std::uint32_t>(met_.size());
    met_.push_back(row);
    if (2 * met_.size() > slots_.size()) grow();
    return static_cast<std::uint32_t>(met_.size() - 1);
  }
  void grow() {
    slots_.assign(slots_.size() * 2, none);
    for (std::uint32_t c = 0; c < met_.size(); ++c) {
      std::size_t slot = ingest_detail::mix(met_[c].word) & (slots_.size() - 1);
      while (slots_[slot] != none) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = c;
    }
  }

  const CustomerColumn& customers_;
  std::vector<std::uint32_t> slots_;
  std::vector<Staged> met_;
};

/// One part: its staged rows become its customers' rows, in place; returns how many rows each customer has.
inline std::vector<std::uint32_t> group_part(const CustomerColumn& customers, Staged* staged, std::size_t count, std::uint32_t* rows) {
  PartTable table(customers);
  std::vector<std::uint32_t> counts;
  for (std::size_t i = 0; i < count; ++i) {
    staged[i].code = table.code(staged[i]);
    if (table.size() > counts.size()) counts.push_back(0);
    ++counts[staged[i].code];
  }
  std::vector<std::uint32_t> next(counts.size());
  std::uint32_t total = 0;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    next[c] = total;
    total += counts[c];
  }
  for (std::size_t i = 0; i < count; ++i) rows[next[staged[i].code]++] = staged[i].row;
  return counts;
}

}  // namespace groups_detail

/// @throws InvalidInput at a null id.
inline CustomerGroups group_customers(const CustomerColumn& customers, std::int64_t rows, const Run& run) {
  using namespace groups_detail;
  const auto blocks = arrow::row_blocks(customers.field().pieces, rows);
  const std::size_t wanted = std::clamp<std::size_t>(static_cast<std::size_t>(rows) >> 14, 1, 512);
  const auto bits = static_cast<unsigned>(std::bit_width(wanted) - 1);
  const std::size_t parts = std::size_t{1} << bits;
  const auto part_of = [&](std::uint64_t word) {
    return bits == 0 ? std::size_t{0} : static_cast<std::size_t>(ingest_detail::mix(word) >> (64 - bits));
  };
  const auto each = [&](std::size_t b, const auto& f) {
    for (const arrow::RowSlice& s : blocks[b])
      customers.for_each(s.piece, s.begin, s.end, [&](std::int64_t i, CustomerKey key) { f(customers.field().pieces[s.piece].first_row + i, key); });
  };

  std::vector<std::size_t> place(blocks.size() * parts);  // counts, then where a block's next row of a part goes
  parallel_for(blocks.size(), run, [&](std::size_t b) { each(b, [&](std::int64_t, CustomerKey key) { ++place[b * parts + part_of(key.word)]; }); });
  std::vector<std::size_t> begin(parts + 1);
  std::size_t total = 0;
  for (std::size_t p = 0; p < parts; ++p) {
    begin[p] = total;
    for (std::size_t b = 0; b < blocks.size(); ++b) total += std::exchange(place[b * parts + p], total);
  }
  begin[parts] = total;

  Buffer<Staged> staged(static_cast<std::size_t>(rows));
  parallel_for(blocks.size(), run, [&](std::size_t b) {
    each(b, [&](std::int64_t row, CustomerKey key) {
      staged[place[b * parts + part_of(key.word)]++] = {key.word, static_cast<std::uint32_t>(row), key.is_long ? 1u : 0u};
    });
  });

  CustomerGroups out;
  out.rows = Buffer<std::uint32_t>(static_cast<std::size_t>(rows));
  std::vector<std::vector<std::uint32_t>> counts(parts);
  parallel_for(parts, run, [&](std::size_t p) {
    counts[p] = group_part(customers, staged.data() + begin[p], begin[p + 1] - begin[p], out.rows.data() + begin[p]);
  });
  std::size_t customers_met = 0;
  for (const auto& part : counts) customers_met += part.size();
  out.offsets.reserve(customers_met + 1);
  for (const auto& part : counts)
    for (const std::uint32_t n : part) out.offsets.push_back(out.offsets.back() + n);
  return out;
}

}  // namespace sojourn
