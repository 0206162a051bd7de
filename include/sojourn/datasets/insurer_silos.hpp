// The silos' records of one household, and why each edge of each record differs from the company's count of households.
//
// The household's life says what happened; here the silos write it down at their own grain and on their own clocks. Every edge of a record is kept
// with the company's in or out that it stands for, or with what it is instead (a further policy, a rewrite, a rule); `explain` then settles which of
// several edges is the partner of a company's in or out (same day first, else the first to come in and the last to go out), and what the others are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/datasets/insurer_rows.hpp"

namespace sojourn::datasets {

/// What an edge is to the company's count, as far as the life knows: it stands for one of its ins or outs, or it has a reason of its own.
struct Meaning {
  static constexpr int none = -1;
  int company = none;  // which in or out of the company's
  Why first = Why::nothing, second = Why::nothing;
  bool uncounted = false;  // by the silo's own rule
};

class Silos {
 public:
  Silos(Rows& rows, DayNumber end) : rows_(rows), end_(end) {}

  /// The company counts the household in, or out, on that day. Returns its number.
  int company_counts(DayNumber day) {
    company_.push_back(day);
    return static_cast<int>(company_.size()) - 1;
  }

  // `true_day`: the day that the policies' own clock gives the edge.

  std::size_t open_crm(const CrmRow& row, DayNumber true_day, Meaning meaning) {
    rows_.crm.push_back(row);
    edge(Silo::crm, rows_.crm.size() - 1, false, row.booked, true_day, meaning);
    return rows_.crm.size() - 1;
  }
  /// Closes a CRM record, if that is known before the data end.
  void close_crm(std::size_t record, DayNumber lost, DayNumber true_day, Meaning meaning) {
    if (lost >= end_) return;
    rows_.crm[record].lost = lost;
    edge(Silo::crm, record, true, lost, true_day, meaning);
  }

  std::size_t open_billing(const BillingRow& row, DayNumber true_day, Meaning meaning) {
    rows_.billing.push_back(row);
    edge(Silo::billing, rows_.billing.size() - 1, false, row.first_cleared, true_day, meaning);
    return rows_.billing.size() - 1;
  }
  void close_billing(std::size_t record, DayNumber closed, DayNumber true_day, Meaning meaning) {
    if (closed >= end_) return;
    rows_.billing[record].closed = closed;
    edge(Silo::billing, record, true, closed, true_day, meaning);
  }

  std::size_t open_policy(const PolicyRow& row, Meaning meaning) {
    rows_.policy.push_back(row);
    edge(Silo::policy, rows_.policy.size() - 1, false, row.effective, row.effective, meaning);
    return rows_.policy.size() - 1;
  }
  void end_policy(std::size_t record, DayNumber effective, DayNumber processed, Meaning meaning) {
    rows_.policy[record].end_effective = effective;
    rows_.policy[record].end_processed = processed;
    edge(Silo::policy, record, true, processed, effective, meaning);
  }

  /// Writes the reasons of all edges, in the order in which they were made.
  void explain() {
    for (const Edge& e : edges_) {
      Meaning said = e.meaning;
      const bool stands = said.company != Meaning::none;
      const bool late = e.day != never && month(e.day) != month(stands ? company_[static_cast<std::size_t>(said.company)] : e.true_day);
      if (stands) {
        const bool partner = &e == partner_of(e);
        if (said.uncounted) said.first = partner ? Why::rule : Why::nothing, said.second = Why::nothing;
        else if (partner || !linked(e)) said.first = late ? Why::timing : Why::matched;
        else said.first = Why::grain;
      }
      if (said.first != Why::nothing && said.first != Why::matched && said.first != Why::timing && said.second == Why::nothing && late)
        said.second = Why::timing;
      if (!linked(e) && said.first != Why::nothing) {
        said.second = said.first == Why::matched ? Why::nothing : said.first;
        said.first = Why::identity;
      }
      rows_.why[static_cast<std::size_t>(e.silo)].push_back({e.record, e.out, said.first, said.second});
    }
  }

 private:
  struct Edge {
    Silo silo;
    std::uint32_t record;
    bool out;
    DayNumber day, true_day;
    Meaning meaning;
  };

  void edge(Silo silo, std::size_t record, bool out, DayNumber day, DayNumber true_day, Meaning meaning) {
    edges_.push_back({silo, static_cast<std::uint32_t>(record), out, day, true_day, meaning});
  }

  static int month(DayNumber day) {
    const std::chrono::year_month_day date{day_of(day)};
    return static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month()));
  }
  [[nodiscard]] bool linked(const Edge& e) const {
    switch (e.silo) {
      case Silo::crm: return rows_.crm[e.record].linked;
      case Silo::billing: return rows_.billing[e.record].linked;
      case Silo::policy: break;
    }
    return true;
  }
  [[nodiscard]] std::int32_t unit(const Edge& e) const {
    switch (e.silo) {
      case Silo::crm: return rows_.crm[e.record].account;
      case Silo::billing: return rows_.billing[e.record].account;
      case Silo::policy: break;
    }
    return rows_.policy[e.record].policy;
  }
  /// Of a silo's linked edges that stand for one in (out) of the company's, the one that is its partner.
  [[nodiscard]] const Edge* partner_of(const Edge& like) const {
    const Edge* best = nullptr;
    const DayNumber counted = company_[static_cast<std::size_t>(like.meaning.company)];
    const auto better = [&](const Edge& one, const Edge& other) {
      if ((one.day == counted) != (other.day == counted)) return one.day == counted;
      if (one.day != other.day) return like.out ? one.day > other.day : one.day < other.day;
      return like.out ? unit(one) > unit(other) : unit(one) < unit(other);
    };
    for (const Edge& e : edges_)
      if (e.silo == like.silo && e.out == like.out && e.meaning.company == like.meaning.company && linked(e) && (best == nullptr || better(e, *best)))
        best = &e;
    return best;
  }

  Rows& rows_;
  DayNumber end_;
  std::vector<DayNumber> company_;
  std::vector<Edge> edges_;
};

}  // namespace sojourn::datasets
