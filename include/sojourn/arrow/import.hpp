// A table received through the Arrow C stream interface: its chunks, held until the last user lets go. Nothing is copied.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/c_data.hpp"
#include "sojourn/arrow/type.hpp"
#include "sojourn/core/error.hpp"

namespace sojourn::arrow {

/// One column within one chunk. Row i of the piece is row `offset + i` of the column's buffers.
struct Piece {
  const ArrowArray* array = nullptr;
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::int64_t first_row = 0;                  // of the table
  const std::uint8_t* valid = nullptr;         // the column's validity bits; null: all valid
  const std::uint8_t* parent_valid = nullptr;  // a null struct row makes every column null there
  std::int64_t parent_offset = 0;

  [[nodiscard]] bool may_have_nulls() const { return valid != nullptr || parent_valid != nullptr; }
  [[nodiscard]] bool is_null(std::int64_t i) const {
    const auto bit = [](const std::uint8_t* bits, std::int64_t at) { return (bits[at >> 3] >> (at & 7) & 1) != 0; };
    return (valid != nullptr && !bit(valid, offset + i)) || (parent_valid != nullptr && !bit(parent_valid, parent_offset + i));
  }
  template <class T>
  [[nodiscard]] const T* buffer(int n) const {
    return static_cast<const T*>(array->buffers[n]);
  }
};

/// A column of the received table.
struct Field {
  std::string table;
  std::string name;
  Type type;
  std::vector<Piece> pieces;

  [[nodiscard]] Place at(std::int64_t row) const { return {table, name, row}; }
  [[nodiscard]] Place place() const { return {table, name, {}}; }
};

/// Owns the chunks of a stream.
class Imported {
 public:
  /// Drains and releases the stream. @param name how messages call this table. @throws InvalidInput when the stream is not of a table, or fails.
  Imported(ArrowArrayStream* stream, std::string name) : name_(std::move(name)) {
    const StreamOwner owner{stream};
    const auto check = [&](int code) {
      if (code == 0) return;
      const char* why = stream->get_last_error(stream);
      throw InvalidInput(name_ + ": the table's own library failed while handing it over: " + (why ? why : "no reason given"));
    };
    check(stream->get_schema(stream, &schema_.value));
    if (schema_.value.format == nullptr || std::string_view(schema_.value.format) != "+s")
      refuse(name_, "a single column of Arrow type '" + std::string(schema_.value.format ? schema_.value.format : "?") + "'", "a table");
    for (;;) {
      auto chunk = std::make_unique<Owned<ArrowArray>>();
      check(stream->get_next(stream, &chunk->value));
      if (chunk->value.release == nullptr) break;
      rows_ += chunk->value.length;
      if (chunk->value.length > 0) chunks_.push_back(std::move(chunk));
    }
  }

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::int64_t rows() const { return rows_; }

  [[nodiscard]] std::vector<std::string> columns() const {
    std::vector<std::string> out;
    for (std::int64_t i = 0; i < schema_.value.n_children; ++i) out.emplace_back(schema_.value.children[i]->name);
    return out;
  }

  [[nodiscard]] bool has(std::string_view column) const {
    for (std::int64_t i = 0; i < schema_.value.n_children; ++i)
      if (schema_.value.children[i]->name == column) return true;
    return false;
  }

  /// @throws InvalidInput with a "did you mean" when there is no such column, or when there are two.
  [[nodiscard]] Field field(const std::string& column) const {
    std::int64_t found = -1;
    for (std::int64_t i = 0; i < schema_.value.n_children; ++i) {
      if (schema_.value.children[i]->name != column) continue;
      if (found >= 0) refuse(Place{name_, column, {}}, "two columns of that name", "one");
      found = i;
    }
    if (found < 0) {
      const std::vector<std::string> names = columns();
      throw InvalidInput(name_ + ": found no column '" + column + "'" + did_you_mean(column, names) + ", expected one of " + listed(names));
    }
    Field field{name_, column, parse_type(*schema_.value.children[found]), {}};
    std::int64_t row = 0;
    for (const auto& chunk : chunks_) {
      const ArrowArray& parent = chunk->value;
      const ArrowArray& child = *parent.children[found];
      const auto bits = [](const ArrowArray& array) -> const std::uint8_t* {
        return array.n_buffers > 0 && array.null_count != 0 ? static_cast<const std::uint8_t*>(array.buffers[0]) : nullptr;
      };
      field.pieces.push_back({&child, child.offset + parent.offset, parent.length, row, bits(child), bits(parent), parent.offset});
      row += parent.length;
    }
    return field;
  }

 private:
  template <class T>
  struct Owned {
    T value{};
    Owned() = default;
    Owned(Owned&& other) noexcept : value(std::exchange(other.value, T{})) {}
    Owned& operator=(Owned&&) = delete;
    ~Owned() {
      if (value.release != nullptr) value.release(&value);
    }
  };
  struct StreamOwner {
    ArrowArrayStream* stream;
    explicit StreamOwner(ArrowArrayStream* s) : stream(s) {}
    StreamOwner(const StreamOwner&) = delete;
    StreamOwner& operator=(const StreamOwner&) = delete;
    ~StreamOwner() {
      if (stream->release != nullptr) stream->release(stream);
    }
  };

  std::string name_;
  Owned<ArrowSchema> schema_;
  std::vector<std::unique_ptr<Owned<ArrowArray>>> chunks_;
  std::int64_t rows_ = 0;
};

}  // namespace sojourn::arrow
