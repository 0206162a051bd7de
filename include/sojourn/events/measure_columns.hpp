// The time and value columns as ingest reads them, cell by cell.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn::ingest_detail {

/// The time column, cell by cell, in UTC microseconds.
class TimeColumn {
 public:
  TimeColumn(arrow::Field field, const ZoneRules& naive_zone) : field_(std::move(field)) {
    const arrow::Kind kind = field_.type.kind;
    if (field_.type.is_dictionary() || (kind != arrow::Kind::timestamp && kind != arrow::Kind::date))
      refuse(field_.place(), field_.type.text(), "timestamps or dates");
    local_ = !field_.type.zone && !naive_zone.is_utc();
    zone_ = naive_zone;
    micros_ = kind == arrow::Kind::timestamp && field_.type.per_second == micros_per_second && !local_;
    for (const arrow::Piece& piece : field_.pieces) cells_.emplace_back(piece, field_.type);
  }

  [[nodiscard]] const arrow::Field& field() const { return field_; }
  /// Calls f(i, time) for rows [begin, end) of a piece, counting times that had to be cut to the microsecond. @throws InvalidInput at a null, or
  /// a time out of range.
  template <class F>
  void for_each(std::size_t p, std::int64_t begin, std::int64_t end, std::int64_t& rounded, const F& f) const {
    const arrow::Piece& piece = field_.pieces[p];
    const bool nulls = piece.may_have_nulls();
    for (std::int64_t i = begin; i < end; ++i) {
      if (nulls && piece.is_null(i)) refuse(field_.at(piece.first_row + i), "null", "a time");
      bool cut = false;
      std::int64_t time = 0;
      if (!cells_[p].get(i, time, cut)) out_of_range(p, i);
      rounded += cut;
      f(i, to_utc(time));
    }
  }

  /// Calls f(time) where time(i) is that of row i of the piece, which `for_each` has found good.
  template <class F>
  void with_times(std::size_t p, const F& f) const {
    const arrow::Piece& piece = field_.pieces[p];
    if (micros_) return f([cells = piece.buffer<std::int64_t>(1) + piece.offset](std::int64_t i) { return cells[i]; });
    f([this, p](std::int64_t i) {
      bool cut = false;
      std::int64_t time = 0;
      cells_[p].get(i, time, cut);
      return to_utc(time);
    });
  }

  [[noreturn]] void out_of_range(std::size_t piece, std::int64_t i) const {
    refuse(field_.at(field_.pieces[piece].first_row + i), "a time out of range", "years 1 to 9999");
  }

 private:
  [[nodiscard]] std::int64_t to_utc(std::int64_t time) const { return local_ ? micros(zone_.to_utc(LocalTime{Micros{time}})) : time; }

  arrow::Field field_;
  ZoneRules zone_;
  bool local_ = false, micros_ = false;
  std::vector<arrow::TimeCells> cells_;
};

/// The value column, cell by cell, as float64; NaN where there is none.
class ValueColumn {
 public:
  explicit ValueColumn(arrow::Field field) : field_(std::move(field)) {
    const arrow::Kind kind = field_.type.kind;
    const bool number = kind == arrow::Kind::integer || kind == arrow::Kind::floating || kind == arrow::Kind::decimal || kind == arrow::Kind::null;
    if (field_.type.is_dictionary() || !number) refuse(field_.place(), field_.type.text(), "numbers");
    scale_ = std::pow(10.0, field_.type.scale);
  }
  /// Cells of a piece that need no conversion; null otherwise.
  [[nodiscard]] const double* plain(std::size_t p) const {
    const arrow::Piece& piece = field_.pieces[p];
    return field_.type.kind == arrow::Kind::floating && field_.type.bits == 64 ? piece.buffer<double>(1) + piece.offset : nullptr;
  }
  [[nodiscard]] const arrow::Piece& piece(std::size_t p) const { return field_.pieces[p]; }

  [[nodiscard]] double get(std::size_t p, std::int64_t i) const {
    const arrow::Piece& piece = field_.pieces[p];
    if (field_.type.kind == arrow::Kind::null || piece.is_null(i)) return std::numeric_limits<double>::quiet_NaN();
    double value = 0.0;
    switch (field_.type.kind) {
      case arrow::Kind::floating:
        value = field_.type.bits == 64 ? piece.buffer<double>(1)[piece.offset + i] : static_cast<double>(piece.buffer<float>(1)[piece.offset + i]);
        break;
      case arrow::Kind::decimal: value = static_cast<double>(arrow::DecimalCells(piece, field_.type)[i]) / scale_; break;
      default: arrow::with_integers(field_.type.format[0], piece, [&](const auto* cells) { value = static_cast<double>(cells[i]); });
    }
    if (!(std::fabs(value) <= ExactSum::limit))
      refuse(field_.at(piece.first_row + i), std::isnan(value) ? "NaN" : "a number beyond 1e21", "a finite number, or null where there is none");
    return value;
  }

 private:
  arrow::Field field_;
  double scale_ = 1.0;
};

}  // namespace sojourn::ingest_detail
