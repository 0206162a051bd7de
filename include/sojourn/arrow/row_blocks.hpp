// Rows of a received table, cut into blocks for parallel work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sojourn/arrow/import.hpp"

namespace sojourn::arrow {

/// Consecutive rows of one chunk.
struct RowSlice {
  std::size_t piece;
  std::int64_t begin, end;  // within the piece
};

/// Blocks of consecutive rows, each a list of slices of chunks. How they are cut never shows in a result.
inline std::vector<std::vector<RowSlice>> row_blocks(const std::vector<Piece>& pieces, std::int64_t rows) {
  const std::int64_t target = std::max<std::int64_t>(1 << 16, rows / 256);
  std::vector<std::vector<RowSlice>> blocks;
  std::int64_t room = 0;
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    for (std::int64_t at = 0; at < pieces[p].length;) {
      if (room == 0) {
        blocks.emplace_back();
        room = target;
      }
      const std::int64_t take = std::min(room, pieces[p].length - at);
      blocks.back().push_back({p, at, at + take});
      at += take;
      room -= take;
    }
  }
  return blocks;
}

}  // namespace sojourn::arrow
