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
#include "sojourn/core/uninitialised.hpp"

namespace sojourn {

/// Customer c has rows rows[offsets[c]] … rows[offsets[c + 1] − 1] of the table, ascending.
struct CustomerGroups {
  UninitialisedVector<std::uint32_t> offsets = {0};
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
  PartTable(const CustomerColumn& customers, std::size_t rows) : customers_(customers), slots_(std::bit_ceil(2 * rows + 1), none) {}

  std::uint32_t code(const Staged& row) {
    for (std::size_t slot = ingest_detail::mix(row.word) & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot] == none) return add(row, slot);
      const Staged& met = met_[slots_[slot]];
      if (met.word == row.word && met.code == row.code && (row.code == 0 || customers_.text(met.row) == customers_.text(row.row)))
        return slots_[slot];
    }
  }
  [[nodiscard]] std::size_t size() const { return met_.size(); }
  [[nodiscard]] std::uint64_t word(std::size_t code) const { return met_[code].word; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;

  std::uint32_t add(const Staged& row, std::size_t slot) {
    slots_[slot] = static_cast<std::uint32_t>(met_.size());
    met_.push_back(row);
    return slots_[slot];
  }

  const CustomerColumn& customers_;
  std::vector<std::uint32_t> slots_;
  std::vector<Staged> met_;
};

/// The customers of one part: how many rows each has, and their integer ids where these are asked for.
struct Part {
  std::vector<std::uint32_t> counts;
  std::vector<std::int64_t> integers;
};

/// One part: its staged rows become its customers' rows, in place.
inline Part group_part(const CustomerColumn& customers, Staged* staged, std::size_t count, std::uint32_t* rows, bool with_integers) {
  PartTable table(customers, count);
  Part out;
  auto& counts = out.counts;
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
  if (with_integers)
    for (std::size_t c = 0; c < counts.size(); ++c) out.integers.push_back(static_cast<std::int64_t>(table.word(c)));
  return out;
}

}  // namespace groups_detail

/// @param integers where to put the customers' ids when these are integers; null: nowhere. @throws InvalidInput at a null id.
inline CustomerGroups group_customers(const CustomerColumn& customers, std::int64_t rows, const Run& run, Buffer<std::int64_t>* integers = nullptr) {
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
  const bool with_integers = integers != nullptr && !customers.are_strings();
  std::vector<Part> found(parts);
  parallel_for(parts, run, [&](std::size_t p) {
    found[p] = group_part(customers, staged.data() + begin[p], begin[p + 1] - begin[p], out.rows.data() + begin[p], with_integers);
  });
  std::vector<std::size_t> first(parts + 1);  // customer of each part
  for (std::size_t p = 0; p < parts; ++p) first[p + 1] = first[p] + found[p].counts.size();
  out.offsets.resize(first[parts] + 1);
  out.offsets[0] = 0;
  if (with_integers) *integers = Buffer<std::int64_t>(first[parts]);
  parallel_for(parts, run, [&](std::size_t p) {
    auto row = static_cast<std::uint32_t>(begin[p]);
    for (std::size_t c = 0; c < found[p].counts.size(); ++c) out.offsets[first[p] + c + 1] = row += found[p].counts[c];
    if (with_integers) std::copy(found[p].integers.begin(), found[p].integers.end(), integers->begin() + first[p]);
  });
  return out;
}

}  // namespace sojourn
