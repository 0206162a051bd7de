// Results handed out through the Arrow C stream interface. Plain 64-bit columns are shared, not copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/c_data.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/column.hpp"

namespace sojourn::arrow {

namespace detail {

/// One exported column: what its buffers point to, kept alive until the consumer releases it.
struct Exported {
  std::shared_ptr<const Table> table;
  std::vector<Buffer<char>> owned;
  std::vector<const void*> buffers;
};

/// Room for `n` cells that the column keeps; the next buffer of its array.
template <class T>
T* add_buffer(Exported& out, std::size_t n) {
  out.buffers.push_back(out.owned.emplace_back(n * sizeof(T)).data());
  return reinterpret_cast<T*>(out.owned.back().data());
}

inline void add_bitmap(Exported& out, const std::vector<std::uint8_t>& flags, bool set_where) {
  auto* bits = add_buffer<std::uint8_t>(out, (flags.size() + 7) / 8);
  for (std::size_t i = 0; i < flags.size(); i += 8) {
    unsigned byte = 0;
    for (std::size_t k = 0; k < std::min<std::size_t>(8, flags.size() - i); ++k) byte |= static_cast<unsigned>((flags[i + k] != 0) == set_where) << k;
    bits[i / 8] = static_cast<std::uint8_t>(byte);
  }
}

template <class T>
void add_narrowed(Exported& out, const std::vector<std::int64_t>& values) {
  T* cells = add_buffer<T>(out, values.size());
  for (std::size_t i = 0; i < values.size(); ++i) cells[i] = static_cast<T>(values[i]);
}

struct FormatOf {
  std::string operator()(const Bools&) const { return "b"; }
  std::string operator()(const Ints& d) const { return {d.format}; }
  std::string operator()(const Reals&) const { return "g"; }
  std::string operator()(const Strings& d) const { return total_bytes(d) > INT32_MAX ? "U" : "u"; }
  std::string operator()(const Dates&) const { return "tdD"; }
  std::string operator()(const Times& d) const { return "tsu:" + d.zone.value_or(""); }
  std::string operator()(const Decimals& d) const { return "d:38," + std::to_string(d.scale); }

  static std::int64_t total_bytes(const Strings& d) {
    std::int64_t total = 0;
    for (const std::uint32_t code : d.codes) total += static_cast<std::int64_t>((*d.words)[code].size());
    return total;
  }
};

struct FillBuffers {
  Exported& out;

  void operator()(const Bools& d) const { add_bitmap(out, d.values, true); }
  void operator()(const Ints& d) const {
    switch (d.format) {
      case 'c':
      case 'C': add_narrowed<std::int8_t>(out, d.values); break;
      case 's':
      case 'S': add_narrowed<std::int16_t>(out, d.values); break;
      case 'i':
      case 'I': add_narrowed<std::int32_t>(out, d.values); break;
      default: out.buffers.push_back(d.values.data());
    }
  }
  void operator()(const Reals& d) const { out.buffers.push_back(d.values.data()); }
  void operator()(const Strings& d) const {
    const std::int64_t bytes = FormatOf::total_bytes(d);
    if (bytes > INT32_MAX) strings<std::int64_t>(d, static_cast<std::size_t>(bytes));
    else strings<std::int32_t>(d, static_cast<std::size_t>(bytes));
  }
  template <class Offset>
  void strings(const Strings& d, std::size_t total) const {
    Offset* offsets = add_buffer<Offset>(out, d.codes.size() + 1);
    char* bytes = add_buffer<char>(out, total);
    std::size_t at = 0;
    for (std::size_t i = 0; i < d.codes.size(); ++i) {
      const std::string& word = (*d.words)[d.codes[i]];
      offsets[i] = static_cast<Offset>(at);
      std::copy(word.begin(), word.end(), bytes + at);
      at += word.size();
    }
    offsets[d.codes.size()] = static_cast<Offset>(at);
  }
  void operator()(const Dates& d) const { out.buffers.push_back(d.values.data()); }
  void operator()(const Times& d) const { out.buffers.push_back(d.values.data()); }
  void operator()(const Decimals& d) const { out.buffers.push_back(d.unscaled.data()); }
};

inline void release_array(ArrowArray* array) {
  for (std::int64_t i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != nullptr) array->children[i]->release(array->children[i]);
    delete array->children[i];
  }
  delete[] array->children;
  delete static_cast<Exported*>(array->private_data);
  array->release = nullptr;
}

inline ArrowArray* export_column(const std::shared_ptr<const Table>& table, const Column& column) {
  auto exported = std::make_unique<Exported>();
  exported->table = table;
  std::int64_t null_count = 0;
  for (const std::uint8_t null : column.nulls) null_count += null != 0;
  if (null_count > 0) add_bitmap(*exported, column.nulls, false);
  else exported->buffers.push_back(nullptr);
  std::visit(FillBuffers{*exported}, column.data);
  auto* array = new ArrowArray{};
  array->length = static_cast<std::int64_t>(column.size());
  array->null_count = null_count;
  array->n_buffers = static_cast<std::int64_t>(exported->buffers.size());
  array->buffers = exported->buffers.data();
  array->release = &release_array;
  array->private_data = exported.release();
  return array;
}

struct SchemaText {
  std::string format, name;
};

inline void release_schema(ArrowSchema* schema) {
  for (std::int64_t i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != nullptr) schema->children[i]->release(schema->children[i]);
    delete schema->children[i];
  }
  delete[] schema->children;
  delete static_cast<SchemaText*>(schema->private_data);
  schema->release = nullptr;
}

inline void fill_schema(ArrowSchema& schema, std::string format, std::string name) {
  auto* text = new SchemaText{std::move(format), std::move(name)};
  schema = ArrowSchema{};
  schema.format = text->format.c_str();
  schema.name = text->name.c_str();
  schema.flags = ARROW_FLAG_NULLABLE;
  schema.release = &release_schema;
  schema.private_data = text;
}

struct StreamState {
  std::shared_ptr<const Table> table;
  bool done = false;
};

inline int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  const Table& table = *static_cast<StreamState*>(stream->private_data)->table;
  fill_schema(*out, "+s", "");
  out->flags = 0;
  out->n_children = static_cast<std::int64_t>(table.columns.size());
  out->children = new ArrowSchema*[table.columns.size()];
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    out->children[i] = new ArrowSchema{};
    fill_schema(*out->children[i], std::visit(FormatOf{}, table.columns[i].data), table.columns[i].name);
  }
  return 0;
}

inline int stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto& state = *static_cast<StreamState*>(stream->private_data);
  *out = ArrowArray{};
  if (std::exchange(state.done, true)) return 0;  // the end of the stream is a released array
  auto exported = std::make_unique<Exported>();
  exported->table = state.table;
  exported->buffers.push_back(nullptr);
  out->length = static_cast<std::int64_t>(state.table->rows());
  out->n_buffers = 1;
  out->buffers = exported->buffers.data();
  out->n_children = static_cast<std::int64_t>(state.table->columns.size());
  out->children = new ArrowArray*[state.table->columns.size()];
  for (std::size_t i = 0; i < state.table->columns.size(); ++i) out->children[i] = export_column(state.table, state.table->columns[i]);
  out->release = &release_array;
  out->private_data = exported.release();
  return 0;
}

}  // namespace detail

/// Fills `out` with a stream of the table as one chunk.
inline void export_stream(std::shared_ptr<const Table> table, ArrowArrayStream* out) {
  *out = ArrowArrayStream{};
  out->get_schema = &detail::stream_schema;
  out->get_next = &detail::stream_next;
  out->get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
  out->release = [](ArrowArrayStream* stream) {
    delete static_cast<detail::StreamState*>(stream->private_data);
    stream->release = nullptr;
  };
  out->private_data = new detail::StreamState{std::move(table)};
}

}  // namespace sojourn::arrow
