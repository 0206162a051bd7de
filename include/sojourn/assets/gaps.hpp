// Whether a customer without a record in force is still there: joined over the gap by a grace, or because one record follows another.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/assets/ledger.hpp"
#include "sojourn/assets/records.hpp"

namespace sojourn {

/// What joins a gap: nothing, the grace of that number, or a link by `follows`.
struct Join {
  enum class By : std::uint8_t { nothing, grace, follows } by = By::nothing;
  std::uint32_t grace = 0;
  explicit operator bool() const { return by != By::nothing; }
};

/// Answers for one customer at a time; one object a thread.
class Gaps {
 public:
  Gaps(const Ledger& ledger, const DatedRecords& dated) : ledger_(ledger), as_of_(dated.as_of) {}

  /// The customer that the next questions are about.
  void enter(std::span<const Record> records) {
    links_.clear();
    if (ledger_.follows() != nullptr && records.size() > 1) find_links(records);
  }

  /// The days from `closer.end` up to `next`, the start of the record after it.
  [[nodiscard]] Join across(const Record& closer, std::int32_t next) const {
    const std::size_t grace = ledger_.grace_after(closer.row);
    if (std::int64_t{next} - closer.end <= ledger_.grace_days(grace)) return {Join::By::grace, static_cast<std::uint32_t>(grace)};
    return linked(closer.end, next) ? Join{Join::By::follows, 0} : Join{};
  }

  /// After the last record: the grace runs beyond the day that all is known of, so that it is not decided whether the customer left.
  [[nodiscard]] Join pending(const Record& closer) const {
    if (!as_of_ || closer.end == never) return {};
    const std::size_t grace = ledger_.grace_after(closer.row);
    return std::int64_t{closer.end} + ledger_.grace_days(grace) > *as_of_ ? Join{Join::By::grace, static_cast<std::uint32_t>(grace)} : Join{};
  }

 private:
  /// A record that names the key of an earlier one keeps the customer there on all days between them.
  void find_links(std::span<const Record> records) {
    const KeyColumn& key = *ledger_.key();
    const KeyColumn& follows = *ledger_.follows();
    const bool any = std::any_of(records.begin(), records.end(), [&](const Record& r) { return !follows.is_null(r.row); });
    if (!any) return;
    by_key_.clear();
    for (const Record& r : records)
      if (!key.is_null(r.row)) by_key_.push_back(&r);
    std::sort(by_key_.begin(), by_key_.end(), [&](const Record* a, const Record* b) { return key.compare(a->row, b->row) < 0; });
    for (const Record& later : records) {
      if (follows.is_null(later.row)) continue;
      auto earlier = std::lower_bound(by_key_.begin(), by_key_.end(), later.row,
                                      [&](const Record* a, std::uint32_t row) { return KeyColumn::compare(key, a->row, follows, row) < 0; });
      for (; earlier != by_key_.end() && KeyColumn::compare(key, (*earlier)->row, follows, later.row) == 0; ++earlier)
        if ((*earlier)->end < later.start) links_.emplace_back((*earlier)->end, later.start);
    }
    // By where they leave, with the furthest they have reached so far: one binary search answers.
    std::sort(links_.begin(), links_.end());
    for (std::size_t i = 1; i < links_.size(); ++i) links_[i].second = std::max(links_[i].second, links_[i - 1].second);
  }

  [[nodiscard]] bool linked(std::int32_t from, std::int32_t to) const {
    const auto after = std::upper_bound(links_.begin(), links_.end(), std::pair{from, never});
    return after != links_.begin() && std::prev(after)->second >= to;
  }

  const Ledger& ledger_;
  std::optional<std::int32_t> as_of_;
  std::vector<std::pair<std::int32_t, std::int32_t>> links_;
  std::vector<const Record*> by_key_;
};

}  // namespace sojourn
