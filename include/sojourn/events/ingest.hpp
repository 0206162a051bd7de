// From a received table to an event log: rows grouped by customer, customers ascending, time order inside.
//
// Method: rows are partitioned by a hash of the customer id (stable, through small write-combining buffers) into parts that fit the
// cache; within a part an open-addressing table gives each customer a code; the distinct ids alone are sorted (radix), which gives every
// customer its place in the result; one more pass scatters the rows there. Rows of a customer arrive in input order, so only customers
// found out of time order are sorted. O(rows) plus O(customers · id width); 16 to 32 bytes a row beside the result while it runs.
// When the table is tiny, or already grouped, a stable sort would do as well; for anything else this is the faster way.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/in_memory.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/arrow/row_blocks.hpp"
#include "sojourn/core/buffer.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/events/customer_codes.hpp"
#include "sojourn/events/event_codes.hpp"
#include "sojourn/events/event_log.hpp"
#include "sojourn/events/measure_columns.hpp"
#include "sojourn/events/side_tables.hpp"

namespace sojourn {

/// How to read a table of events.
struct IngestOptions {
  LogColumns columns = {};
  Ties ties = InputOrder{};
  /// The zone of naive times and of calendar durations. Absent: naive times are UTC; calendar durations follow the time column's own zone.
  std::optional<ZoneRules> timezone = {};
  History history = History::complete;
  /// Table customer, from, to: one row a customer (those without events too). Null: the log's own limits for everyone.
  const arrow::Imported* observed = nullptr;
  /// Table customer, event, count.
  const arrow::Imported* prior_counts = nullptr;
  Run run = {};
};

namespace ingest_detail {

/// A row on its way from the table to its place in the log. Memory traffic is what ingest costs, so the usual row is small: time since
/// the log's first and event code share a word.
struct PackedRow {
  std::uint64_t key, packed;
};
struct PackedValuedRow : PackedRow {
  double value;
};
/// The row where the input's row number is needed too (attributes, long string ids), or where time and event do not fit one word.
struct WideRow {
  std::uint64_t key;
  std::int64_t time;
  std::uint32_t event;  // the top bit marks a key that is a hash of a long string
  std::uint32_t row;
};
struct WideValuedRow : WideRow {
  double value;
};

inline constexpr std::uint32_t long_bit = std::uint32_t{1} << 31;

/// Copies attribute cells into log order: cell `rows[i]` of the table becomes cell i.
inline Column gather(const Column& column, const Buffer<std::uint32_t>& rows) {
  Column out{column.name, column.data, {}};
  std::visit(
      [&](auto& d) {
        const auto take = [&](auto& cells) {
          auto source = cells;
          for (std::size_t i = 0; i < rows.size(); ++i) cells[i] = source[rows[i]];
        };
        if constexpr (requires { d.codes; }) take(d.codes);
        else if constexpr (requires { d.unscaled; }) take(d.unscaled);
        else take(d.values);
      },
      out.data);
  if (!column.nulls.empty()) {
    out.nulls.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) out.nulls[i] = column.nulls[rows[i]];
  }
  return out;
}

class Ingest {
 public:
  Ingest(const arrow::Imported& table, const IngestOptions& options)
      : table_(table),
        options_(options),
        customers_(table.field(options.columns.customer)),
        codes_(table.field(options.columns.event)),
        times_(table.field(options.columns.time), options.timezone.value_or(ZoneRules{})),
        rows_(static_cast<std::size_t>(table.rows())) {
    if (options.columns.value) values_.emplace(table.field(*options.columns.value));
    blocks_ = arrow::row_blocks(times_.field().pieces, table.rows());
    part_bits_ = static_cast<unsigned>(std::bit_width(std::clamp<std::size_t>(rows_ / rows_per_part, 1, most_parts)) - 1);
    parts_ = std::size_t{1} << part_bits_;
    needs_rows_ = options.columns.key || !options.columns.attributes.empty() || std::holds_alternative<SequenceColumn>(options.ties);
  }

  EventLog run() {
    survey();
    codes_.settle();
    event_bits_ = static_cast<unsigned>(std::bit_width(codes_.names().size()));
    const auto time_bits = static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(last_time_ - first_time_)));
    const bool packs = time_bits + event_bits_ <= 64;
    if (packs && !needs_rows_ && !long_ids_) values_ ? place<PackedValuedRow>() : place<PackedRow>();
    else values_ ? place<WideValuedRow>() : place<WideRow>();
    attach();
    return EventLog{std::move(log_)};
  }

 private:
  static constexpr std::size_t rows_per_part = std::size_t{1} << 14, most_parts = 512;
  static constexpr std::size_t combine = 8;  // rows a part collects before they are written together

  [[nodiscard]] std::size_t part_of(std::uint64_t hash) const { return part_bits_ == 0 ? 0 : hash >> (64 - part_bits_); }

  /// First look at every row: which part it goes to, which event names there are, from when to when.
  void survey() {
    part_start_.assign(blocks_.size() * parts_, 0);
    codes_.prepare(blocks_.size(), rows_);
    std::vector<std::int64_t> first(blocks_.size(), INT64_MAX), last(blocks_.size(), INT64_MIN), rounded(blocks_.size());
    std::vector<std::uint8_t> any_long(blocks_.size());
    parallel_for(blocks_.size(), options_.run, [&](std::size_t b) {
      // What rows add up to stays in the thread's own variables: neighbouring blocks' results share cache lines.
      std::vector<std::size_t> counts(parts_);
      std::int64_t earliest = INT64_MAX, latest = INT64_MIN, cut = 0;
      bool long_id = false;
      for (const arrow::RowSlice& s : blocks_[b]) {
        customers_.for_each(s.piece, s.begin, s.end, [&](std::int64_t, CustomerKey key) {
          ++counts[part_of(mix(key.word))];
          long_id = long_id || key.is_long;
        });
        codes_.collect(b, s.piece, s.begin, s.end);
        times_.for_each(s.piece, s.begin, s.end, cut, [&](std::int64_t, std::int64_t time) {
          earliest = std::min(earliest, time);
          latest = std::max(latest, time);
        });
      }
      std::copy(counts.begin(), counts.end(), &part_start_[b * parts_]);
      first[b] = earliest;
      last[b] = latest;
      rounded[b] = cut;
      any_long[b] = long_id;
    });
    first_time_ = *std::min_element(first.begin(), first.end());
    last_time_ = *std::max_element(last.begin(), last.end());
    for (const std::int64_t n : rounded) log_.rounded_times += n;
    long_ids_ = std::find(any_long.begin(), any_long.end(), 1) != any_long.end();
    // Row order within a part is input order: part after part, and within it block after block.
    std::size_t total = 0;
    part_begin_.resize(parts_ + 1);
    for (std::size_t p = 0; p < parts_; ++p) {
      part_begin_[p] = total;
      for (std::size_t b = 0; b < blocks_.size(); ++b) total += std::exchange(part_start_[b * parts_ + p], total);
    }
    part_begin_[parts_] = total;
  }

  template <class Row>
  void place() {
    Buffer<Row> staged(rows_);
    partition(staged);
    code_customers(staged);
    rank_customers();
    allocate();
    scatter(staged);
  }

  template <class Row>
  void fill(Row& row, std::int64_t time, std::uint32_t event, bool is_long, std::int64_t at) const {
    if constexpr (requires { row.packed; }) {
      row.packed = static_cast<std::uint64_t>(time - first_time_) << event_bits_ | event;
    } else {
      row.time = time;
      row.event = event | (is_long ? long_bit : 0);
      row.row = static_cast<std::uint32_t>(at);
    }
  }

  template <class Row>
  void partition(Buffer<Row>& staged) {
    std::vector<std::int64_t> missing(blocks_.size());
    parallel_for(blocks_.size(), options_.run, [&](std::size_t b) {
      std::vector<Row> waiting(parts_ * combine);
      std::vector<std::uint8_t> filled(parts_);
      std::vector<std::size_t> target(&part_start_[b * parts_], &part_start_[b * parts_] + parts_);
      std::int64_t without_value = 0;
      const auto put = [&](const Row& row) {
        const std::size_t part = part_of(mix(row.key));
        waiting[part * combine + filled[part]] = row;
        if (++filled[part] < combine) return;
        std::memcpy(static_cast<void*>(&staged[target[part]]), &waiting[part * combine], combine * sizeof(Row));
        target[part] += combine;
        filled[part] = 0;
      };
      for (const arrow::RowSlice& s : blocks_[b]) {
        const std::int64_t first_row = times_.field().pieces[s.piece].first_row;
        codes_.with_codes(b, s.piece, [&](const auto& code) {
          times_.with_times(s.piece, [&](const auto& time) {
            with_values<Row>(s.piece, without_value, [&](const auto& value) {
              customers_.for_each(s.piece, s.begin, s.end, [&](std::int64_t i, CustomerKey key) {
                Row row;
                row.key = key.word;
                fill(row, time(i), code(i), key.is_long, first_row + i);
                if constexpr (requires { row.value; }) row.value = value(i);
                put(row);
              });
            });
          });
        });
      }
      for (std::size_t part = 0; part < parts_; ++part) std::copy_n(&waiting[part * combine], filled[part], staged.data() + target[part]);
      missing[b] = without_value;
    });
    for (const std::int64_t n : missing) log_.missing_values += n;
  }

  /// Calls f(value) where value(i) is the value of row i of the piece, NaN where it has none.
  template <class Row, class F>
  void with_values(std::size_t p, std::int64_t& missing, const F& f) const {
    if constexpr (requires(Row r) { r.value; }) {
      const arrow::Piece& piece = values_->piece(p);
      const double* plain = values_->plain(p);
      if (plain == nullptr || piece.parent_valid != nullptr)
        return f([&, p](std::int64_t i) {
          const double x = values_->get(p, i);
          missing += std::isnan(x);
          return x;
        });
      return f([&, p, plain, bits = piece.valid, offset = piece.offset](std::int64_t i) {
        const std::int64_t at = offset + i;
        if (bits != nullptr && (bits[at >> 3] >> (at & 7) & 1) == 0) {
          ++missing;
          return std::numeric_limits<double>::quiet_NaN();
        }
        return std::fabs(plain[i]) <= ExactSum::limit ? plain[i] : values_->get(p, i);  // `get` refuses it
      });
    } else {
      f(0);
    }
  }

  /// Within each part every row's key gives way to the customer's code.
  template <class Row>
  void code_customers(Buffer<Row>& staged) {
    met_.resize(parts_);
    parallel_for(parts_, options_.run, [&](std::size_t p) {
      PartCodes codes(customers_, part_begin_[p + 1] - part_begin_[p]);
      for (std::size_t i = part_begin_[p]; i < part_begin_[p + 1]; ++i) {
        Row& row = staged[i];
        if constexpr (requires { row.packed; }) {
          row.key = codes.code(row.key, mix(row.key), false, 0);
        } else {
          row.key = codes.code(row.key, mix(row.key), (row.event & long_bit) != 0, row.row);
          row.event &= ~long_bit;
        }
      }
      met_[p] = std::move(codes).finish();
    });
  }

  void rank_customers() {
    part_global_.resize(parts_);
    std::uint32_t total = 0;
    for (std::size_t p = 0; p < parts_; ++p) part_global_[p] = std::exchange(total, total + static_cast<std::uint32_t>(met_[p].size()));
    Buffer<Ranked> ranked(total);
    Buffer<StringId> id_of(customers_.are_strings() ? total : 0);
    parallel_for(parts_, options_.run, [&](std::size_t p) {
      std::uint32_t global = part_global_[p];
      for (const Met& met : met_[p]) {
        std::uint64_t order = customers_.order(met.key);
        if (customers_.are_strings()) {
          id_of[global] = StringId(met.is_long ? std::optional{customers_.text(met.row)} : std::nullopt, met.key);
          order = prefix_order(id_of[global].text());
        }
        ranked[global] = {order, global, met.count};
        ++global;
      }
    });
    radix_sort(ranked);
    if (customers_.are_strings()) {
      // Ids that share their first eight bytes are told apart by the rest.
      for (auto run = ranked.begin(); run != ranked.end();) {
        const auto end = std::find_if(run, ranked.end(), [&](const Ranked& r) { return r.order != run->order; });
        if (end - run > 1) std::sort(run, end, [&](const Ranked& a, const Ranked& b) { return id_of[a.global].text() < id_of[b.global].text(); });
        run = end;
      }
    }
    add_unseen_and_place(ranked, id_of);
  }

  /// Offsets in the log, with room for customers that only the observation table knows.
  void add_unseen_and_place(const Buffer<Ranked>& ranked, const Buffer<StringId>& id_of) {
    CustomerIds seen = [&] {
      if (!customers_.are_strings()) {
        std::vector<std::int64_t> ids(ranked.size());
        for (std::size_t r = 0; r < ranked.size(); ++r) ids[r] = customers_.integer_of(ranked[r].order);
        return CustomerIds::integers(customers_.format(), std::move(ids));
      }
      std::string bytes;
      std::vector<std::size_t> offsets = {0};
      offsets.reserve(ranked.size() + 1);
      for (const Ranked& r : ranked) {
        bytes += id_of[r.global].text();
        offsets.push_back(bytes.size());
      }
      return CustomerIds::strings(std::move(bytes), std::move(offsets));
    }();
    observed_.emplace(options_.observed, std::move(seen), options_.timezone.value_or(ZoneRules{}));
    log_.ids = observed_->take_all();
    next_.resize(ranked.size());
    log_.offsets.assign(log_.ids.size() + 1, 0);
    for (std::size_t r = 0; r < ranked.size(); ++r) log_.offsets[observed_->number(r) + 1] = ranked[r].count;
    for (std::size_t c = 0; c < log_.ids.size(); ++c) log_.offsets[c + 1] += log_.offsets[c];
    for (std::size_t r = 0; r < ranked.size(); ++r) next_[ranked[r].global] = log_.offsets[observed_->number(r)];
  }

  void allocate() {
    log_.times = Buffer<std::int64_t>(rows_);
    log_.events = Buffer<std::uint32_t>(rows_);
    if (values_) log_.values = Buffer<double>(rows_);
    if (needs_rows_) row_ = Buffer<std::uint32_t>(rows_);
    log_.names = codes_.names();
    if (const auto* ranking = std::get_if<NameRanking>(&options_.ties)) {
      rank_.assign(log_.names.size(), static_cast<std::int64_t>(ranking->names.size()));
      for (std::size_t r = ranking->names.size(); r-- > 0;) {
        const auto at = std::lower_bound(log_.names.begin(), log_.names.end(), ranking->names[r]);
        if (at != log_.names.end() && *at == ranking->names[r])
          rank_[static_cast<std::size_t>(at - log_.names.begin())] = static_cast<std::int64_t>(r);
      }
    } else if (const auto* sequence = std::get_if<SequenceColumn>(&options_.ties)) {
      sequence_ = read_sequence(sequence->name);
    }
  }

  std::vector<std::int64_t> read_sequence(const std::string& name) const {
    const arrow::Field field = table_.field(name);
    if (field.type.kind != arrow::Kind::integer || field.type.is_dictionary()) refuse(field.place(), field.type.text(), "an integer sequence");
    const Column column = arrow::read_column(field);
    for (std::size_t i = 0; i < column.nulls.size(); ++i)
      if (column.nulls[i] != 0) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a place in the sequence");
    return std::get<Ints>(column.data).values;
  }

  template <class Row>
  void scatter(const Buffer<Row>& staged) {
    std::vector<std::int64_t> tied(parts_);
    parallel_for(parts_, options_.run, [&](std::size_t p) {
      std::size_t* next = next_.data() + part_global_[p];
      for (std::size_t i = part_begin_[p]; i < part_begin_[p + 1]; ++i) write(staged[i], next[staged[i].key]++);
      std::int64_t tied_here = 0;
      for (std::size_t c = 0; c < met_[p].size(); ++c) tied_here += order_customer(next[c] - met_[p][c].count, next[c]);
      tied[p] = tied_here;
    });
    for (const std::int64_t t : tied) log_.tied += t;
    log_.first_time = first_time_;
    log_.last_time = last_time_;
  }

  template <class Row>
  void write(const Row& row, std::size_t at) {
    if constexpr (requires { row.packed; }) {
      log_.times[at] = first_time_ + static_cast<std::int64_t>(row.packed >> event_bits_);
      log_.events[at] = static_cast<std::uint32_t>(row.packed & ((std::uint64_t{1} << event_bits_) - 1));
    } else {
      log_.times[at] = row.time;
      log_.events[at] = row.event;
      if (needs_rows_) row_[at] = row.row;
    }
    if constexpr (requires { row.value; }) log_.values[at] = row.value;
  }

  /// Brings one customer's events into log order; returns how many share their instant with another.
  std::int64_t order_customer(std::size_t begin, std::size_t end) {
    bool sorted = true;
    for (std::size_t i = begin + 1; i < end; ++i) sorted = sorted && log_.times[i - 1] <= log_.times[i];
    const bool tie_rule = !std::holds_alternative<InputOrder>(options_.ties);
    if (!sorted || tie_rule) sort_customer(begin, end);
    std::int64_t tied = 0;
    for (std::size_t i = begin; i < end; ++i)
      tied += (i > begin && log_.times[i - 1] == log_.times[i]) || (i + 1 < end && log_.times[i + 1] == log_.times[i]);
    return tied;
  }

  void sort_customer(std::size_t begin, std::size_t end) {
    struct Item {
      std::int64_t time, tie;
      std::uint32_t event, row;
      double value;
    };
    thread_local std::vector<Item> items;
    items.clear();
    for (std::size_t i = begin; i < end; ++i) {
      Item item{log_.times[i], 0, log_.events[i], needs_rows_ ? row_[i] : 0, values_ ? log_.values[i] : 0.0};
      if (!rank_.empty()) item.tie = rank_[item.event];
      if (!sequence_.empty()) item.tie = sequence_[item.row];
      items.push_back(item);
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.time != b.time ? a.time < b.time : a.tie < b.tie; });
    for (std::size_t i = begin; i < end; ++i) {
      const Item& item = items[i - begin];
      log_.times[i] = item.time;
      log_.events[i] = item.event;
      if (needs_rows_) row_[i] = item.row;
      if (values_) log_.values[i] = item.value;
    }
  }

  /// Everything beside the events themselves.
  void attach() {
    log_.columns = options_.columns;
    log_.ties = options_.ties;
    log_.history = options_.history;
    log_.written_zone = times_.field().type.zone;
    log_.zone = options_.timezone ? *options_.timezone : log_.written_zone ? ZoneRules::load(*log_.written_zone) : ZoneRules{};
    if (options_.columns.key) log_.key = gather(arrow::read_column(table_.field(*options_.columns.key)), row_);
    for (const std::string& name : options_.columns.attributes)
      log_.attributes.columns.push_back(gather(arrow::read_column(table_.field(name)), row_));
    if (!sequence_.empty()) {
      log_.sequence = Buffer<std::int64_t>(rows_);
      for (std::size_t i = 0; i < rows_; ++i) log_.sequence[i] = sequence_[row_[i]];
    }
    std::move(*observed_).finish(table_, options_.timezone.value_or(ZoneRules{}), log_);
    read_prior_counts(options_.prior_counts, log_);
  }

  const arrow::Imported& table_;
  const IngestOptions& options_;
  CustomerColumn customers_;
  EventCodes codes_;
  TimeColumn times_;
  std::optional<ValueColumn> values_;
  std::size_t rows_;
  std::vector<std::vector<arrow::RowSlice>> blocks_;
  unsigned part_bits_ = 0;
  std::size_t parts_ = 1;
  bool needs_rows_ = false, long_ids_ = false;
  unsigned event_bits_ = 0;
  std::int64_t first_time_ = 0, last_time_ = 0;
  std::vector<std::size_t> part_start_;  // by block, then part
  std::vector<std::size_t> part_begin_;
  std::vector<std::vector<Met>> met_;
  std::vector<std::uint32_t> part_global_;
  std::vector<std::size_t> next_;  // by global customer: where its next row goes
  Buffer<std::uint32_t> row_;      // of the input, in log order
  std::vector<std::int64_t> rank_, sequence_;
  std::optional<ObservedTable> observed_;
  EventLog::Parts log_;
};

}  // namespace ingest_detail

/// Reads a table of events into a log.
/// Memory beside the result: 16 bytes a row (24 with values); 8 more for string ids beyond eight bytes, attributes, a key or a sequence column.
/// @throws InvalidInput for a missing column, a wrong type, float ids, a null customer, time or event, a time out of range, a value that is
/// not finite, an empty table, an event after its customer's observation, or before it where history is truncated; always with the first offending
/// row.
inline EventLog ingest(const arrow::Imported& table, const IngestOptions& options = {}) {
  if (table.rows() == 0) refuse(table.name(), "an empty table", "at least one event");
  if (table.rows() >= std::int64_t{UINT32_MAX})
    refuse(table.name(), std::to_string(table.rows()) + " rows", "fewer than 4,294,967,295 in one table (append the rest)");
  return ingest_detail::Ingest(table, options).run();
}

/// The same from columns in memory.
inline EventLog ingest(Table table, const IngestOptions& options = {}) { return ingest(arrow::imported(std::move(table), "events"), options); }

}  // namespace sojourn
