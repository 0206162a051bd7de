// A household's accounts in the CRM and in billing: how a sale, a change of bank and a departure are written down there, late, twice, or never.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sojourn/datasets/chance.hpp"
#include "sojourn/datasets/insurer_parameters.hpp"
#include "sojourn/datasets/insurer_rows.hpp"
#include "sojourn/datasets/insurer_silos.hpp"

namespace sojourn::datasets {

/// A sale as the silos hear of it.
struct Sale {
  DayNumber today, effective, paid;
  std::int64_t cents, billed;  // a year's premium; the part that the household pays itself
  bool pays, added, splits_off, present;
};

class Accounts {
 public:
  /// What a sale did in the CRM.
  enum class Booked { not_at_all, first, further, again };

  Accounts(const InsurerParameters& parameters, std::int64_t household, DayNumber end, Rows& rows, Silos& silos, Chance& chance)
      : p_(parameters), household_(household), end_(end), rows_(rows), silos_(silos), chance_(chance) {}

  Booked sell_in_crm(const Sale& sale, Meaning meaning) {
    const DayNumber booked = sale.today + (chance_.happens(insurer_rates::booked_late) ? chance_.whole(10, 40) : chance_.whole(0, 2));
    if (booked >= end_) return Booked::not_at_all;
    if (sale.added) {
      if (!chance_.happens(insurer_rates::new_account)) return Booked::not_at_all;
      open_crm(booked, sale, meaning);
      return Booked::further;
    }
    if (!crm_.empty()) {  // back again: the same account, if it was closed
      Account& account = crm_.front();
      if (account.open) return Booked::not_at_all;
      meaning.uncounted = true;
      const bool linked = rows_.crm[account.record].linked;
      account.record = silos_.open_crm({{household_, linked, sale.cents, booked}, account.number, booked}, sale.effective, meaning);
      account.open = true;
      return Booked::again;
    }
    open_crm(booked, sale, meaning);
    const DayNumber second = booked + chance_.whole(2, 20);
    if (sale.pays && !sale.splits_off && second < end_ && chance_.happens(insurer_rates::entered_twice)) open_crm(second, sale, meaning);
    return Booked::first;
  }

  void sell_in_billing(const Sale& sale, Meaning meaning) {
    if (!billing_.empty() && billing_.back().open) return;
    if (!sale.pays) meaning = {};                                                 // no start: neither side counts it
    else if (sale.present) meaning = {Meaning::none, Why::no_event_there};        // a mortgagee paid for all until now
    if (!billing_.empty()) meaning.uncounted = meaning.company != Meaning::none;  // back again: the same account
    const std::int32_t number = billing_.empty() ? 1 : billing_.back().number;
    const bool linked = billing_.empty() ? !chance_.happens(p_.match_errors) : rows_.billing[billing_.back().record].linked;
    const DayNumber known = sale.pays ? sale.paid : sale.today;
    const BillingRow row{{household_, linked, sale.billed, known}, number, sale.pays ? sale.paid : never};
    const Account account{number, silos_.open_billing(row, sale.effective, meaning), true};
    if (billing_.empty()) billing_.push_back(account);
    else billing_.back() = account;
  }

  /// A payer changes the bank: billing opens an account of a new number; the old one often stays open, empty, and nobody closes it.
  void rekey(DayNumber today) {
    if (billing_.empty() || !billing_.back().open || !rows_.billing[billing_.back().record].linked) return;
    const std::size_t old = billing_.back().record;
    const DayNumber closed = today + chance_.whole(0, 12);
    const bool closes = closed < end_ && chance_.happens(insurer_rates::rekeyed_closed);
    const Meaning meaning{Meaning::none, closes ? Why::rewrite : Why::grain};
    billing_.back().open = !closes;
    const auto number = static_cast<std::int32_t>(billing_.size()) + 1;
    const bool linked = !chance_.happens(insurer_rates::rekeyed_links * p_.match_errors);
    const BillingRow row{{household_, linked, rows_.billing[old].cents, today}, number, today};
    billing_.push_back({number, silos_.open_billing(row, today, meaning), true});
    if (closes) silos_.close_billing(old, closed, closed, meaning);
  }

  /// The household left: the company's out of that number. Returns whether anyone closed a CRM account for it.
  bool close(DayNumber left, int company) {
    bool any = false;
    for (Account& account : crm_) {
      if (!account.open || !chance_.happens(insurer_rates::crm_closed)) continue;
      silos_.close_crm(account.record, left + chance_.whole(14, 45), left, {company});
      account.open = false;
      any = true;
    }
    if (!billing_.empty() && billing_.back().open && chance_.happens(insurer_rates::billing_closed)) {
      const DayNumber closed = left + chance_.whole(38, 75);
      silos_.close_billing(billing_.back().record, std::max(closed, rows_.billing[billing_.back().record].first_cleared + 1), left, {company});
      billing_.back().open = false;
    }
    return any;
  }

 private:
  struct Account {
    std::int32_t number;
    std::size_t record;
    bool open;
  };

  void open_crm(DayNumber booked, const Sale& sale, const Meaning& meaning) {
    const auto number = static_cast<std::int32_t>(crm_.size()) + 1;
    const bool linked = !chance_.happens(p_.match_errors);
    crm_.push_back({number, silos_.open_crm({{household_, linked, sale.cents, booked}, number, booked}, sale.effective, meaning), true});
    rows_.accounts.push_back({number});
  }

  const InsurerParameters& p_;
  std::int64_t household_;
  DayNumber end_;
  Rows& rows_;
  Silos& silos_;
  Chance& chance_;
  std::vector<Account> crm_, billing_;
};

}  // namespace sojourn::datasets
