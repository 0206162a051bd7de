// The event column as ingest reads it: every name as a small code, codes in the order of the names.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/buffer.hpp"

namespace sojourn::ingest_detail {

/// Distinct names met by one block of rows, coded in order of appearance.
class NameTable {
 public:
  std::uint32_t code(std::string_view name) {
    const std::uint64_t hash = name.size() <= 8 ? mix(pack(name) ^ name.size()) : hash_long(name);
    for (std::size_t slot = hash & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      const Slot& s = slots_[slot];
      if (s.code == none) return add(name, hash);
      if (s.hash == hash && names_[s.code] == name) return s.code;
    }
  }
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t code = none;
  };

  std::uint32_t add(std::string_view name, std::uint64_t hash) {
    if (2 * (names_.size() + 1) > slots_.size()) {
      std::vector<Slot> old(slots_.size() * 2);
      old.swap(slots_);
      for (const Slot& s : old)
        if (s.code != none) place(s);
    }
    const auto code = static_cast<std::uint32_t>(names_.size());
    names_.push_back(name);
    place({hash, code});
    return code;
  }
  void place(const Slot& s) {
    std::size_t slot = s.hash & (slots_.size() - 1);
    while (slots_[slot].code != none) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = s;
  }

  std::vector<Slot> slots_ = std::vector<Slot>(128);
  std::vector<std::string_view> names_;
};

/// Two looks at the column: `collect` learns which names occur, `settle` orders them, `with_codes` then gives every row its code.
class EventCodes {
 public:
  /// @throws InvalidInput unless the column holds strings (plain or dictionary).
  explicit EventCodes(arrow::Field field) : field_(std::move(field)) {
    if (field_.type.kind != arrow::Kind::string) refuse(field_.place(), field_.type.text(), "strings (event names)");
    dictionary_ = field_.type.is_dictionary();
  }

  void prepare(std::size_t blocks, std::size_t rows) {
    if (!dictionary_) {
      tables_.resize(blocks);
      local_ = Buffer<std::uint32_t>(rows);
      return;
    }
    used_.resize(blocks);
    // Chunks usually share one dictionary; its words get one provisional code each.
    std::unordered_map<std::string_view, std::uint32_t> known;
    for (const arrow::Piece& piece : field_.pieces) {
      auto& codes = words_.emplace_back();
      for (const auto& word : arrow::dictionary_values(piece, field_.type)) {
        if (!word) {
          codes.push_back(null_word);
          continue;
        }
        const auto [at, fresh] = known.try_emplace(*word, static_cast<std::uint32_t>(provisional_.size()));
        if (fresh) provisional_.push_back(*word);
        codes.push_back(at->second);
      }
    }
    for (auto& used : used_) used.assign(provisional_.size(), 0);
  }

  /// Rows [begin, end) of a piece, as part of a block. @throws InvalidInput at a null.
  void collect(std::size_t block, std::size_t p, std::int64_t begin, std::int64_t end) {
    const arrow::Piece& piece = field_.pieces[p];
    const bool nulls = piece.may_have_nulls();
    if (dictionary_) {
      auto& used = used_[block];
      arrow::with_integers(field_.type.index, piece, [&](const auto* codes) {
        for (std::int64_t i = begin; i < end; ++i) {
          if (nulls && piece.is_null(i)) refuse_null(piece, i);
          const std::uint32_t word = words_[p][static_cast<std::size_t>(codes[i])];
          if (word == null_word) refuse_null(piece, i);
          used[word] = 1;
        }
      });
      return;
    }
    const arrow::StringCells cells(piece, field_.type.layout);
    NameTable& table = tables_[block];
    for (std::int64_t i = begin; i < end; ++i) {
      if (nulls && piece.is_null(i)) refuse_null(piece, i);
      local_[static_cast<std::size_t>(piece.first_row + i)] = table.code(cells[i]);
    }
  }

  void settle() {
    std::vector<std::string_view> met;
    if (dictionary_) {
      for (std::uint32_t w = 0; w < provisional_.size(); ++w)
        if (std::any_of(used_.begin(), used_.end(), [w](const auto& used) { return used[w] != 0; })) met.push_back(provisional_[w]);
    } else {
      for (const NameTable& table : tables_) met.insert(met.end(), table.names().begin(), table.names().end());
    }
    std::sort(met.begin(), met.end());
    met.erase(std::unique(met.begin(), met.end()), met.end());
    names_.assign(met.begin(), met.end());
    const auto code = [&](std::string_view name) { return static_cast<std::uint32_t>(std::lower_bound(met.begin(), met.end(), name) - met.begin()); };
    if (dictionary_) {
      for (auto& codes : words_)
        for (std::uint32_t& c : codes)
          if (c != null_word) c = code(provisional_[c]);
      return;
    }
    for (const NameTable& table : tables_) {
      auto& map = final_.emplace_back();
      for (const std::string_view name : table.names()) map.push_back(code(name));
    }
  }

  /// Calls f(code) where code(i) is the code of row i of the piece.
  template <class F>
  void with_codes(std::size_t block, std::size_t p, const F& f) const {
    const arrow::Piece& piece = field_.pieces[p];
    if (!dictionary_) {
      const std::uint32_t* local = local_.data() + piece.first_row;
      const std::uint32_t* map = final_[block].data();
      return f([local, map](std::int64_t i) { return map[local[i]]; });
    }
    arrow::with_integers(field_.type.index, piece, [&](const auto* cells) {
      const std::uint32_t* map = words_[p].data();
      f([cells, map](std::int64_t i) { return map[static_cast<std::size_t>(cells[i])]; });
    });
  }

  /// Ascending; only names that occur.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  static constexpr std::uint32_t null_word = UINT32_MAX;
  [[noreturn]] void refuse_null(const arrow::Piece& piece, std::int64_t i) const { refuse(field_.at(piece.first_row + i), "null", "an event name"); }

  arrow::Field field_;
  bool dictionary_ = false;
  std::vector<std::string> names_;
  // plain strings: by block
  std::vector<NameTable> tables_;
  Buffer<std::uint32_t> local_;
  std::vector<std::vector<std::uint32_t>> final_;
  // dictionaries: by piece, then word
  std::vector<std::vector<std::uint32_t>> words_;
  std::vector<std::string_view> provisional_;
  std::vector<std::vector<std::uint8_t>> used_;
};

}  // namespace sojourn::ingest_detail
