// A silo's records under its definition: read, checked and grouped by customer once, then run as often as one likes.
//
// Cost: O(records) to read and group; 4 bytes a record for the grouping, 8 for its value, and the columns that the definition names.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/customer_column.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/assets/crosswalk.hpp"
#include "sojourn/assets/customer_groups.hpp"
#include "sojourn/assets/definition.hpp"
#include "sojourn/assets/labels.hpp"
#include "sojourn/assets/links.hpp"
#include "sojourn/assets/money_column.hpp"
#include "sojourn/assets/unit_ids.hpp"
#include "sojourn/core/condition.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/core/zone.hpp"

namespace sojourn {

/// When records start or end: local days and naive times as they are written, instants in the zone of the report.
class DayColumn {
 public:
  DayColumn(Column column, const std::string& table) : column_(std::move(column)) {
    dates_ = std::get_if<Dates>(&column_.data);
    times_ = std::get_if<Times>(&column_.data);
    if (dates_ != nullptr || times_ != nullptr) return;
    for (std::size_t i = 0; i < column_.size(); ++i)
      if (!column_.is_null(i)) refuse(Place{table, column_.name, {}}, column_.kind(), "dates or timestamps");
  }
  DayColumn(DayColumn&& other) noexcept
      : column_(std::move(other.column_)), dates_(std::get_if<Dates>(&column_.data)), times_(std::get_if<Times>(&column_.data)) {}
  DayColumn& operator=(DayColumn&&) = delete;
  ~DayColumn() = default;

  [[nodiscard]] const std::string& name() const { return column_.name; }
  [[nodiscard]] bool is_zoned() const { return times_ != nullptr && times_->zone.has_value(); }
  [[nodiscard]] bool is_null(std::size_t row) const { return (dates_ == nullptr && times_ == nullptr) || column_.is_null(row); }
  /// Local day, as days since 1970. Not for nulls.
  [[nodiscard]] std::int32_t day(std::size_t row, const ZoneRules& zone) const {
    if (dates_ != nullptr) return dates_->values[row];
    const Timestamp time = timestamp(times_->values[row]);
    if (times_->zone && !zone.is_utc()) return day_number(zone.day(time));
    return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
  }
  /// What orders the rows in time, whatever the zone: days or microseconds. Not for nulls.
  [[nodiscard]] std::int64_t moment(std::size_t row) const { return dates_ != nullptr ? dates_->values[row] : times_->values[row]; }
  /// Instants with a zone; null for days and naive times.
  [[nodiscard]] const Times* instants() const { return is_zoned() ? times_ : nullptr; }

 private:
  Column column_;
  const Dates* dates_ = nullptr;
  const Times* times_ = nullptr;
};

/// Ids of records: null, or a value that equals and orders.
class KeyColumn {
 public:
  KeyColumn(Column column, const std::string& table) : column_(std::move(column)) {
    if (!std::holds_alternative<Strings>(column_.data) && !std::holds_alternative<Ints>(column_.data))
      refuse(Place{table, column_.name, {}}, column_.kind(), "integer or string ids");
  }
  [[nodiscard]] const std::string& name() const { return column_.name; }
  [[nodiscard]] bool is_null(std::size_t row) const { return column_.is_null(row); }
  [[nodiscard]] bool are_strings() const { return std::holds_alternative<Strings>(column_.data); }
  [[nodiscard]] std::string_view word(std::size_t row) const {
    const auto& strings = std::get<Strings>(column_.data);
    return (*strings.words)[strings.codes[row]];
  }
  [[nodiscard]] std::int64_t integer(std::size_t row) const { return std::get<Ints>(column_.data).values[row]; }
  [[nodiscard]] std::string text(std::size_t row) const { return are_strings() ? "'" + std::string(word(row)) + "'" : std::to_string(integer(row)); }

  /// Equal for equal keys.
  [[nodiscard]] std::int64_t identity(std::size_t row) const { return are_strings() ? std::get<Strings>(column_.data).codes[row] : integer(row); }

  /// −1, 0, 1; nulls first, strings bytewise.
  [[nodiscard]] int compare(std::size_t a, std::size_t b) const { return compare(*this, a, *this, b); }
  static int compare(const KeyColumn& x, std::size_t a, const KeyColumn& y, std::size_t b) {
    const bool no_a = x.is_null(a), no_b = y.is_null(b);
    if (no_a || no_b) return static_cast<int>(no_b) - static_cast<int>(no_a);
    if (x.are_strings()) {
      const int c = x.word(a).compare(y.word(b));
      return (c > 0) - (c < 0);
    }
    const std::int64_t m = x.integer(a), n = y.integer(b);
    return (m > n) - (m < n);
  }
  [[nodiscard]] bool has_any() const {
    for (std::size_t i = 0; i < column_.size(); ++i)
      if (!column_.is_null(i)) return true;
    return false;
  }

 private:
  Column column_;
};

/// How a ledger's units belong to groups that ledgers share, and which of the two it counts.
struct Grouping {
  std::optional<std::string> column = {};      // of the records; or
  const arrow::Imported* crosswalk = nullptr;  // a table unit, group, probability
  std::optional<LinkDraw> draw = {};           // of the crosswalk's links; none: the most probable graph
  bool counts_groups = false;
};

/// Immutable. Rows count from 0, as in the table.
class Ledger {
 public:
  /// No `where` rule fails.
  static constexpr std::uint16_t passes = UINT16_MAX;

  /// @param grouping without any the units are the groups; records and units without one are counted by `check`.
  /// @param reasons columns with the recorded reason for an end, from the coarsest to the finest.
  /// @throws InvalidInput for a bad definition, a missing column, a wrong type, a null customer, an amount that is none, no records.
  Ledger(std::string name, const arrow::Imported& records, Definition definition, const Grouping& grouping = {}, const Run& run = {},
         const std::vector<std::string>& reasons = {})
      : name_(std::move(name)), definition_(std::move(definition)), rows_(static_cast<std::size_t>(records.rows())) {
    validate(definition_, name_ + ": definition");
    if (rows_ == 0) refuse(name_, "an empty table", "at least one record");
    if (rows_ >= UINT32_MAX) refuse(name_, std::to_string(rows_) + " records", "fewer than 4,294,967,295");
    const CustomerColumn customers(records.field(definition_.customer));
    const auto read = [&](const std::string& column) { return arrow::read_column(records.field(column)); };
    parallel_for(2, run, [&](std::size_t i) { (i == 0 ? start_ : end_).emplace(read(i == 0 ? definition_.start : definition_.end), name_); });
    if (definition_.segment) segments_ = label(read(*definition_.segment), name_);
    read_currency(records);
    if (definition_.value) {
      value_ =
          read_money(records.field(*definition_.value), records.rows(), [&](std::size_t row) { return currencies_[currency_[row]].digits; }, run);
    }
    if (definition_.acquired) acquired_ = label(read(*definition_.acquired), name_);
    for (const std::string& column : reasons) {
      if (std::count(reasons.begin(), reasons.end(), column) > 1) refuse(name_ + ": reasons", "'" + column + "' twice", "each column once");
      reasons_.push_back({column, label(read(column), name_)});
    }
    if (definition_.key) key_.emplace(read(*definition_.key), name_);
    if (definition_.follows) read_follows(read(*definition_.follows));
    bind_rules(records);
    judge_where(run);
    Buffer<std::int64_t> integers;
    groups_ = group_customers(customers, records.rows(), run, &integers);
    units_ = UnitIds(customers, groups_, std::move(integers), run);
    if (definition_.known || definition_.withdrawn) read_versions(records, run);
    if (grouping.column && grouping.crosswalk != nullptr) refuse(name_, "a column of groups and a crosswalk", "one of the two");
    if (grouping.column) links_ = read_links(records.field(*grouping.column), groups_, run);
    if (grouping.crosswalk != nullptr) links_ = read_crosswalk(*grouping.crosswalk, units_, name_, grouping.draw);
    if (grouping.counts_groups) count_groups();
  }
  Ledger(const Ledger&) = delete;  // bound rules point into its columns
  Ledger& operator=(const Ledger&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const Definition& definition() const { return definition_; }
  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] const CustomerGroups& customers() const { return groups_; }
  [[nodiscard]] const DayColumn& start() const { return *start_; }
  [[nodiscard]] const DayColumn& end() const { return *end_; }
  [[nodiscard]] const Labels& segments() const { return segments_; }
  /// Codes into currencies().
  [[nodiscard]] const Labels& currency() const { return currency_; }
  /// The first is that of amounts without a currency.
  [[nodiscard]] const std::vector<Currency>& currencies() const { return currencies_; }
  [[nodiscard]] std::int64_t value(std::size_t row) const { return value_ ? value_->minor[row] : 0; }
  [[nodiscard]] std::optional<std::int64_t> missing_values() const { return value_ ? std::optional{value_->nulls} : std::nullopt; }
  [[nodiscard]] const KeyColumn* key() const { return key_ ? &*key_ : nullptr; }
  /// Null when no record follows another.
  [[nodiscard]] const KeyColumn* follows() const { return follows_ ? &*follows_ : nullptr; }
  /// How customers came; of one value where the definition does not say.
  [[nodiscard]] const Labels& acquired() const { return acquired_; }
  /// A column with the recorded reason for an end.
  struct ReasonColumn {
    std::string name;
    Labels labels;
  };
  /// From the coarsest to the finest.
  [[nodiscard]] const std::vector<ReasonColumn>& reasons() const { return reasons_; }
  /// The records by key, the versions of each from the first known to the last; null: every row is a record of its own.
  [[nodiscard]] const CustomerGroups* versions() const { return versions_ ? &*versions_ : nullptr; }
  /// When each version was known; null: all always were.
  [[nodiscard]] const DayColumn* known() const { return known_ ? &*known_ : nullptr; }
  /// Whether a row withdraws its record.
  [[nodiscard]] bool withdraws(std::size_t row) const {
    return withdrawn_ && !withdrawn_->is_null(row) && std::get<Bools>(withdrawn_->data).values[row] != 0;
  }
  /// What the customers were before groups were counted.
  struct Unmerged {
    UnitIds ids;
    Links links;
    std::vector<std::vector<std::uint32_t>> units;  // by customer
  };
  /// Null: the customers are the units.
  [[nodiscard]] const Unmerged* unmerged() const { return unmerged_ ? &*unmerged_ : nullptr; }
  /// Ids of the customers, by their number.
  [[nodiscard]] const UnitIds& units() const { return units_; }
  /// What ties them to groups; null: they are the groups.
  [[nodiscard]] const Links* links() const { return links_ ? &*links_ : nullptr; }

  /// Number of the first `where` rule a record fails, or `passes`.
  [[nodiscard]] std::uint16_t failed_where(std::size_t row) const { return where_.empty() ? passes : where_[row]; }
  /// Number of the first rule that the opening (closing) record of a spell fails, or nullopt.
  [[nodiscard]] std::optional<std::size_t> failed_joins(std::size_t row, std::int64_t spell) const { return first_failing(joins_, row, spell); }
  [[nodiscard]] std::optional<std::size_t> failed_leaves(std::size_t row, std::int64_t spell) const { return first_failing(leaves_, row, spell); }
  /// Number of the grace that holds after a record.
  [[nodiscard]] std::size_t grace_after(std::size_t row) const {
    std::size_t g = 0;
    while (g < graces_.size() && graces_[g].judge(row) != Truth::yes) ++g;
    return g;
  }
  [[nodiscard]] std::int64_t grace_days(std::size_t grace) const { return definition_.grace[grace].days; }

 private:
  static std::optional<std::size_t> first_failing(const std::vector<BoundCondition>& rules, std::size_t row, std::int64_t spell) {
    if (rules.empty()) return std::nullopt;
    for (std::size_t r = 0; r < rules.size(); ++r)
      if (rules[r].judge(row, spell) != Truth::yes) return r;
    return std::nullopt;
  }

  void count_groups() {
    if (!links_) refuse(name_, "groups to count without links", "a column of groups or a crosswalk");
    MergedUnits merged = merge_units(groups_, units_, *links_);
    UnitIds named(units_, merged.named_by);
    unmerged_.emplace(Unmerged{std::move(units_), std::move(*links_), std::move(merged.units)});
    units_ = std::move(named);
    groups_ = std::move(merged.customers);
    links_ = std::move(merged.links);
  }

  void read_currency(const arrow::Imported& records) {
    currencies_ = {Currency{}};
    if (!definition_.currency) return;
    const std::string& given = *definition_.currency;
    if (!records.has(given)) {
      const std::vector<std::string> columns = records.columns();
      const bool code = given.size() == 3 && std::all_of(given.begin(), given.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
      if (!code)
        throw InvalidInput(name_ + ": found no column '" + given + "'" + did_you_mean(given, columns) +
                           ", expected for currency a column or a code such as 'USD'");
      currency_.values = {"", Strings{{0, 1}, std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"", given})}, {1, 0}};
      currency_.all = 1;
      currencies_.push_back(Currency::of(given, name_));
      return;
    }
    const Column column = arrow::read_column(records.field(given));
    if (!std::holds_alternative<Strings>(column.data)) refuse(Place{name_, given, {}}, column.kind(), "strings (currency codes)");
    currency_ = label(column, name_);
    for (std::uint32_t code = 1; code < currency_.size(); ++code) {
      const auto first = std::find(currency_.codes.begin(), currency_.codes.end(), code) - currency_.codes.begin();
      currencies_.push_back(Currency::of(currency_.word(code), Place{name_, given, first}.text()));
    }
  }

  void read_follows(Column column) {
    KeyColumn follows(std::move(column), name_);
    if (!follows.has_any()) return;
    if (follows.are_strings() != key_->are_strings() && key_->has_any())
      refuse(Place{name_, follows.name(), {}}, follows.are_strings() ? "strings" : "integers", "the type of the key column '" + key_->name() + "'");
    if (follows.are_strings() == key_->are_strings()) follows_.emplace(std::move(follows));
  }

  void read_versions(const arrow::Imported& records, const Run& run) {
    if (definition_.known) known_.emplace(arrow::read_column(records.field(*definition_.known)), name_);
    if (definition_.withdrawn) {
      Column column = arrow::read_column(records.field(*definition_.withdrawn));
      const bool booleans = std::holds_alternative<Bools>(column.data);
      for (std::size_t row = 0; row < rows_ && !booleans; ++row)
        if (!column.is_null(row)) refuse(Place{name_, column.name, {}}, column.kind(), "booleans");
      if (booleans) withdrawn_ = std::move(column);
    }
    for (std::size_t row = 0; row < rows_; ++row)
      if (key_->is_null(row))
        refuse(Place{name_, key_->name(), static_cast<std::int64_t>(row)}, "null", "a key: versions of one record have one key");
    versions_ = group_customers(CustomerColumn(records.field(*definition_.key)), records.rows(), run);
    // Which of two versions known at once is the later nobody can say, and the order of rows must not.
    const auto known_before = [&](std::uint32_t a, std::uint32_t b) {
      const bool always_a = !known_ || known_->is_null(a), always_b = !known_ || known_->is_null(b);
      return always_a || always_b ? always_a && !always_b : known_->moment(a) < known_->moment(b);
    };
    const auto parts = slices(versions_->size(), rows_ >> 16);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> tied(parts.size(), {UINT32_MAX, 0});
    parallel_for(parts.size(), run, [&](std::size_t p) {
      for (std::size_t key = parts[p].begin; key < parts[p].end; ++key) {
        std::uint32_t* const begin = versions_->rows.data() + versions_->offsets[key];
        std::uint32_t* const end = versions_->rows.data() + versions_->offsets[key + 1];
        if (end - begin == 1) continue;
        std::sort(begin, end, [&](std::uint32_t a, std::uint32_t b) { return known_before(a, b) || (!known_before(b, a) && a < b); });
        for (const std::uint32_t* row = begin + 1; row < end; ++row)
          if (!known_before(row[-1], row[0])) tied[p] = std::min(tied[p], {row[0], row[-1]});
      }
    });
    const auto [row, other] = *std::min_element(tied.begin(), tied.end());
    if (row == UINT32_MAX) return;
    refuse(Place{name_, key_->name(), static_cast<std::int64_t>(row)},
           "a second version of " + key_->text(row) + (known_ ? " known at the same time as that" : "") + " in row " + std::to_string(other),
           known_ ? "different times, which tell the later one" : "known, which tells the later one");
  }

  void bind_rules(const arrow::Imported& records) {
    std::map<std::string, std::size_t> wanted;
    const auto want = [&](const Condition& rule) {
      rule.for_each_column([&](const std::string& column) {
        if (records.has(column)) wanted.emplace(column, 0);  // what is missing is refused where the rule is bound, with its place
      });
    };
    for (const auto* rules : {&definition_.where, &definition_.joins, &definition_.leaves})
      for (const NamedRule& rule : *rules) want(rule.rule);
    for (const Grace& grace : definition_.grace)
      if (grace.rule) want(*grace.rule);
    for (const auto& [name, unused] : wanted) {
      rule_columns_.push_back(arrow::read_column(records.field(name)));
      nan_to_null(rule_columns_.back());
    }
    // Unread columns are named too, for the "did you mean" of a rule that asks for another.
    std::vector<Column> unread;
    for (const std::string& name : records.columns())
      if (!wanted.contains(name)) unread.push_back({name, Bools{}});
    std::vector<const Column*> pointers;
    for (const Column& column : rule_columns_) pointers.push_back(&column);
    for (const Column& column : unread) pointers.push_back(&column);
    const auto bind = [&](const Condition& rule) { return BoundCondition(rule, pointers, NullRule::value, name_); };
    for (const NamedRule& rule : definition_.where) where_rules_.push_back(bind(rule.rule));
    for (const NamedRule& rule : definition_.joins) joins_.push_back(bind(rule.rule));
    for (const NamedRule& rule : definition_.leaves) leaves_.push_back(bind(rule.rule));
    for (const Grace& grace : definition_.grace)
      if (grace.rule) graces_.push_back(bind(*grace.rule));
  }

  static void nan_to_null(Column& column) {
    const auto* reals = std::get_if<Reals>(&column.data);
    if (reals == nullptr) return;
    for (std::size_t i = 0; i < reals->values.size(); ++i) {
      if (!std::isnan(reals->values[i])) continue;
      column.nulls.resize(reals->values.size());
      column.nulls[i] = 1;
    }
  }

  void judge_where(const Run& run) {
    if (where_rules_.empty()) return;
    if (where_rules_.size() >= 60'000) refuse(name_ + ": definition.where", std::to_string(where_rules_.size()) + " rules", "fewer than 60,000");
    where_ = Buffer<std::uint16_t>(rows_);
    const auto parts = slices(rows_, rows_ >> 16);
    parallel_for(parts.size(), run, [&](std::size_t p) {
      for (std::size_t row = parts[p].begin; row < parts[p].end; ++row) {
        const auto failed = first_failing(where_rules_, row, 0);
        where_[row] = failed ? static_cast<std::uint16_t>(*failed) : passes;
      }
    });
  }

  std::string name_;
  Definition definition_;
  std::size_t rows_;
  std::optional<DayColumn> start_, end_;
  Labels segments_, currency_, acquired_;
  std::vector<ReasonColumn> reasons_;
  std::vector<Currency> currencies_;
  std::optional<MoneyColumn> value_;
  std::optional<KeyColumn> key_, follows_;
  std::optional<DayColumn> known_;
  std::optional<Column> withdrawn_;
  std::optional<CustomerGroups> versions_;
  std::vector<Column> rule_columns_;
  std::vector<BoundCondition> where_rules_, joins_, leaves_, graces_;
  Buffer<std::uint16_t> where_;
  CustomerGroups groups_;
  UnitIds units_;
  std::optional<Links> links_;
  std::optional<Unmerged> unmerged_;
};

}  // namespace sojourn
