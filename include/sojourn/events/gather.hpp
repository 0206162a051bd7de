// Rows of one log or of several, in another order, as the columns of a new one: what select, append and merge have in common.
// O(rows) time; beside the result 24 bytes a stretch of neighbouring rows.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/column.hpp"
#include "sojourn/events/event_log.hpp"

namespace sojourn::gather_detail {

/// Neighbouring rows of one of the logs.
struct Stretch {
  std::size_t log, first, count;
};

/// Adds rows to a list of stretches; those that follow the last ones become part of theirs.
inline void add_rows(std::vector<Stretch>& to, std::size_t log, std::size_t first, std::size_t count) {
  if (count == 0) return;
  if (!to.empty() && to.back().log == log && to.back().first + to.back().count == first) to.back().count += count;
  else to.push_back({log, first, count});
}

/// cells_of(log) points at the cells of a log.
template <class T, class CellsOf>
void copy_cells(T* out, std::span<const Stretch> stretches, const CellsOf& cells_of) {
  for (const Stretch& s : stretches) out = std::copy_n(cells_of(s.log) + s.first, s.count, out);
}

template <class T, class CellsOf>
Buffer<T> gather_cells(std::size_t rows, std::span<const Stretch> stretches, const CellsOf& cells_of) {
  Buffer<T> out(rows);
  copy_cells(out.data(), stretches, cells_of);
  return out;
}

/// Adds the words that are not there yet. @return for each of `more`, its code among all.
inline std::vector<std::uint32_t> add_words(std::vector<std::string>& words, const std::vector<std::string>& more) {
  constexpr std::uint32_t unknown = UINT32_MAX;
  std::unordered_map<std::string_view, std::uint32_t> place;
  for (std::size_t w = 0; w < more.size(); ++w) place.emplace(more[w], static_cast<std::uint32_t>(w));
  std::vector<std::uint32_t> code(more.size(), unknown);
  for (std::size_t w = 0; w < words.size(); ++w)
    if (const auto found = place.find(words[w]); found != place.end()) code[found->second] = static_cast<std::uint32_t>(w);
  for (std::size_t w = 0; w < more.size(); ++w) {
    const std::uint32_t first = place.at(more[w]);  // its own number, unless the word came before
    if (code[first] == unknown) {
      code[first] = static_cast<std::uint32_t>(words.size());
      words.push_back(more[w]);
    }
    code[w] = code[first];
  }
  return code;
}

/// The strings of one log share its words; those of several have each word once.
inline Strings gather_strings(std::span<const Column* const> columns, std::size_t rows, std::span<const Stretch> stretches) {
  const auto of = [&](std::size_t log) -> const Strings& { return std::get<Strings>(columns[log]->data); };
  Strings out{std::vector<std::uint32_t>(rows), of(0).words};
  copy_cells(out.codes.data(), stretches, [&](std::size_t log) { return of(log).codes.data(); });
  if (columns.size() == 1) return out;
  auto words = std::make_shared<std::vector<std::string>>(*of(0).words);
  std::vector<std::vector<std::uint32_t>> codes(columns.size());  // the first log's stay as they are
  for (std::size_t log = 1; log < columns.size(); ++log) codes[log] = add_words(*words, *of(log).words);
  auto code = out.codes.begin();
  for (const Stretch& s : stretches) {
    if (s.log != 0) std::transform(code, code + static_cast<std::ptrdiff_t>(s.count), code, [&](std::uint32_t c) { return codes[s.log][c]; });
    code += static_cast<std::ptrdiff_t>(s.count);
  }
  out.words = std::move(words);
  return out;
}

/// One column of each log, as one: of the first's name and type. They must hold the same kind of data.
inline Column gather_column(std::span<const Column* const> columns, std::size_t rows, std::span<const Stretch> stretches) {
  Column out{columns.front()->name, {}, {}};
  std::visit(
      [&](const auto& first) {
        using Data = std::decay_t<decltype(first)>;
        const auto of = [&](std::size_t log) -> const Data& { return std::get<Data>(columns[log]->data); };
        if constexpr (std::is_same_v<Data, Strings>) {
          out.data = gather_strings(columns, rows, stretches);
        } else if constexpr (std::is_same_v<Data, Decimals>) {
          Decimals data{std::vector<Int128>(rows), first.scale};
          copy_cells(data.unscaled.data(), stretches, [&](std::size_t log) { return of(log).unscaled.data(); });
          out.data = std::move(data);
        } else {
          Data data;
          if constexpr (std::is_same_v<Data, Ints>) data.format = first.format;
          if constexpr (std::is_same_v<Data, Times>) data.zone = first.zone;
          data.values.resize(rows);
          copy_cells(data.values.data(), stretches, [&](std::size_t log) { return of(log).values.data(); });
          out.data = std::move(data);
        }
      },
      columns.front()->data);
  if (std::all_of(columns.begin(), columns.end(), [](const Column* c) { return c->nulls.empty(); })) return out;
  auto null = std::back_inserter(out.nulls);
  for (const Stretch& s : stretches)
    for (std::size_t i = s.first; i < s.first + s.count; ++i) *null++ = columns[s.log]->is_null(i) ? 1 : 0;
  return out;
}

/// For every log and every one of its codes, the name's place among all names.
inline std::vector<std::vector<std::uint32_t>> places(std::span<const EventLog* const> logs, const std::vector<std::string>& all) {
  std::vector<std::vector<std::uint32_t>> out;
  for (const EventLog* log : logs) {
    out.emplace_back();
    for (const std::string& name : log->event_names())
      out.back().push_back(static_cast<std::uint32_t>(std::lower_bound(all.begin(), all.end(), name) - all.begin()));
  }
  return out;
}

/// Event codes, and the names that they stand for: those that occur, ascending.
inline void gather_events(std::span<const EventLog* const> logs, std::size_t rows, std::span<const Stretch> stretches, EventLog::Parts& out) {
  std::vector<std::string> all;
  for (const EventLog* log : logs) all.insert(all.end(), log->event_names().begin(), log->event_names().end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  const std::vector<std::vector<std::uint32_t>> place = places(logs, all);
  out.events = Buffer<std::uint32_t>(rows);
  std::vector<std::uint32_t> code(all.size());
  std::uint32_t* to = out.events.data();
  for (const Stretch& s : stretches)
    for (const std::uint32_t event : logs[s.log]->events().subspan(s.first, s.count)) code[*to++ = place[s.log][event]] = 1;
  for (std::size_t e = 0; e < all.size(); ++e) {
    if (code[e] == 0) continue;
    code[e] = static_cast<std::uint32_t>(out.names.size());
    out.names.push_back(std::move(all[e]));
  }
  for (std::uint32_t& event : out.events) event = code[event];
}

/// Events that share their instant with another of the same customer.
inline std::int64_t count_tied(std::span<const std::int64_t> times, const std::vector<std::size_t>& offsets) {
  std::int64_t tied = 0;
  for (std::size_t c = 0; c + 1 < offsets.size(); ++c)
    for (std::size_t i = offsets[c]; i < offsets[c + 1]; ++i)
      tied += (i > offsets[c] && times[i] == times[i - 1]) || (i + 1 < offsets[c + 1] && times[i] == times[i + 1]);
  return tied;
}

/// A log without customers, read as that one was.
inline EventLog::Parts rules_of(const EventLog& log) {
  const EventLog::Parts& from = log.parts();
  EventLog::Parts out;
  out.columns = from.columns;
  out.ties = from.ties;
  out.zone = from.zone;
  out.written_zone = from.written_zone;
  out.history = from.history;
  out.has_prior = from.has_prior;
  return out;
}

/// Fills the events' columns of a log whose customers and offsets stand. The logs must have the same columns.
inline void gather(std::span<const EventLog* const> logs, std::span<const Stretch> stretches, EventLog::Parts& out) {
  const std::size_t rows = out.offsets.back();
  const EventLog::Parts& like = logs.front()->parts();
  const auto columns = [&](const auto& column_of) {
    std::vector<const Column*> each;
    for (const EventLog* log : logs) each.push_back(column_of(log->parts()));
    return gather_column(each, rows, stretches);
  };
  out.times = gather_cells<std::int64_t>(rows, stretches, [&](std::size_t log) { return logs[log]->times().data(); });
  gather_events(logs, rows, stretches, out);
  if (like.columns.value) out.values = gather_cells<double>(rows, stretches, [&](std::size_t log) { return logs[log]->values().data(); });
  if (std::holds_alternative<SequenceColumn>(like.ties))
    out.sequence = gather_cells<std::int64_t>(rows, stretches, [&](std::size_t log) { return logs[log]->parts().sequence.data(); });
  if (like.key) out.key = columns([](const EventLog::Parts& p) { return &*p.key; });
  for (std::size_t i = 0; i < like.attributes.columns.size(); ++i)
    out.attributes.columns.push_back(columns([i](const EventLog::Parts& p) { return &p.attributes.columns[i]; }));
  for (const double value : out.values) out.missing_values += std::isnan(value);
  out.tied = count_tied(std::as_const(out.times), out.offsets);
}

}  // namespace sojourn::gather_detail
