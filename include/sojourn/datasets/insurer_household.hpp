// The life of one household with the insurer, as a queue of steps in time: each step happens, is written to the one event stream and to the silos
// that hear of it, may be spoken of, and makes later steps. Everything the data set holds of the household derives from this one life.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/datasets/chance.hpp"
#include "sojourn/datasets/insurer_accounts.hpp"
#include "sojourn/datasets/insurer_agenda.hpp"
#include "sojourn/datasets/insurer_parameters.hpp"
#include "sojourn/datasets/insurer_rows.hpp"
#include "sojourn/datasets/insurer_silos.hpp"
#include "sojourn/datasets/insurer_voices.hpp"

namespace sojourn::datasets {

class Household {
 public:
  Household(const InsurerParameters& parameters, const Calendar& calendar, std::int64_t number, Rows& rows)
      : p_(parameters),
        start_day_(day_number(calendar.start)),
        end_day_(day_number(calendar.end)),
        history_day_(day_number(calendar.history)),
        fault_day_(day_number(calendar.fault)),
        rise_day_(day_number(calendar.rise)),
        campaign_day_(day_number(calendar.campaign)),
        campaign_end_(day_number(calendar.campaign_end)),
        number_(number),
        chance_(parameters.seed, static_cast<std::uint64_t>(number)),
        segment_(static_cast<Segment>(chance_.pick(insurer_rates::segment_share))),
        rows_(rows),
        silos_(rows, end_day_),
        accounts_(parameters, number, end_day_, rows, silos_, chance_),
        voices_(parameters, Agenda::at(start_day_), Agenda::at(end_day_), number, segment_, chance_, rows.voices),
        agenda_(chance_) {
    rows.number = number;
    rows.segment = segment_;
  }

  /// Lives from the first quote on; returns when the couple splits, if it does: the second household's life begins there.
  std::optional<Second> live() {
    const bool established = chance_.happens(insurer_rates::established);
    fated_ = established;
    const DayNumber first = established ? chance_.whole(history_day_, start_day_ - 45) : chance_.whole(start_day_, end_day_ - 1);
    return live_from(Agenda::at(first) + hours(9) + chance_.whole(0, 36'000), Step::quote);
  }
  /// The life of the household that a couple's split makes: it begins with a policy of its own.
  void live_after_split(Second when) {
    split_ = fated_ = true;
    live_from(when, Step::decide);
  }

 private:
  struct Policy {
    std::int32_t number;
    Line line;
    std::int64_t cents;
    bool mortgagee;
    std::size_t record = 0;
    bool active = false;
  };
  struct Order {
    std::size_t first, count;  // policies
    DayNumber effective, paid;
    bool pays, added;
    Second bound = 0, begun = 0;  // when the two events happened
    std::uint32_t bind_event = 0, effective_event = 0;
  };
  /// Still a customer, without a policy in force.
  enum class Pause : std::uint8_t { none, laid_up, lapsed };
  struct Claim {
    Second notice, end = 0;
    std::uint32_t closing = 0;  // an event
  };
  [[nodiscard]] Second now() const { return agenda_.now(); }
  [[nodiscard]] DayNumber today() const { return agenda_.today(); }
  [[nodiscard]] bool observed() const { return today() >= start_day_; }
  static constexpr Second hours(double n) { return Agenda::hours(n); }
  static constexpr Second days(double n) { return Agenda::days(n); }

  std::uint32_t happens(Happening event, Key key = {}, double value = unknown) {
    rows_.events.push_back({now(), number_, event, key, value});
    return static_cast<std::uint32_t>(rows_.events.size() - 1);
  }

  /// Whether a moment's KPI is met: by chance, drifting over the observation, and worse at the moment at fault from its day on.
  bool keeps(Truth truth) {
    const auto [before, after] = insurer_rates::kept[static_cast<std::size_t>(truth)];
    const double share = std::clamp(static_cast<double>(today() - start_day_) / static_cast<double>(end_day_ - start_day_), 0.0, 1.0);
    const double fault = truth == p_.fault && today() >= fault_day_ ? p_.fault_size : 0.0;
    return chance_.happens(before + (after - before) * share - fault);
  }

  /// A moment of truth, now: its KPI is met or not, and it may be spoken of.
  void meet(Truth truth, std::uint32_t event, Key key, bool kept) { voices_.moment(truth, now(), event, key, kept); }

  // ---- life ----------------------------------------------------------------------------------------------------------------------

  std::optional<Second> live_from(Second first, Step step) {
    agenda_.begin(first, step);
    while (const auto next = agenda_.next(Agenda::at(end_day_))) take(next->first, next->second);
    voices_.background(first, last_there());
    silos_.explain();
    return split_at_;
  }
  [[nodiscard]] Second last_there() const { return present_ ? Agenda::at(end_day_) : std::max(left_, present_ever_ ? left_ : now()) + days(30); }

  void take(Step step, std::int32_t about) {
    switch (step) {
      case Step::quote: return quote();
      case Step::refer: return refer(about != 0);
      case Step::referral_answered: happens(Happening::referral_answered); return;
      case Step::decide: return bind_first();
      case Step::documents: return documents(about);
      case Step::corrected: happens(Happening::documents_corrected, policy_key(about)); return;
      case Step::effective: return effective(about);
      case Step::welcome_call:
        welcomed_ = now();
        happens(Happening::welcome_call);
        return;
      case Step::no_welcome: return no_welcome(about);
      case Step::flat_cancel: return flat_cancel(about);
      case Step::first_payment: happens(Happening::first_payment, order_key(about)); return;
      case Step::bill: return bill();
      case Step::payment_failed: return payment_failed();
      case Step::payment_cured: happens(Happening::payment_cured); return;
      case Step::non_payment: return non_payment();
      case Step::reinstate: return reinstate(about);
      case Step::contact: agenda_.some_day(Step::contact, insurer_rates::contacts); return contact();
      case Step::further_contact: return contact();
      case Step::owner_assigned: happens(Happening::owner_assigned); return;
      case Step::change: agenda_.some_day(Step::change, insurer_rates::changes); return change();
      case Step::move_house: return replace_policy(false);
      case Step::claim: return claim();
      case Step::redirected: happens(Happening::redirected, claim_key(about)); return;
      case Step::adjuster: return adjuster(about);
      case Step::settled: return settled(about);
      case Step::closed: return closed(about);
      case Step::follow_up:
        followed_ = now();
        happens(Happening::follow_up, claim_key(about));
        return;
      case Step::no_follow_up: return no_follow_up(about);
      case Step::renewal: return renewal();
      case Step::renewal_call: happens(Happening::renewal_call); return;
      case Step::anniversary: return anniversary(about);
      case Step::claim_free: return claim_free(about);
      case Step::thank_you: happens(Happening::thank_you); return;
      case Step::add: return add();
      case Step::drop: agenda_.some_day(Step::drop, insurer_rates::drops); return drop();
      case Step::lay_up: return lay_up(about);
      case Step::spring: return spring(about);
      case Step::rekey:
        agenda_.some_day(Step::rekey, insurer_rates::rekeys);
        if (there() && pending_orders_ == 0) accounts_.rekey(today());
        return;
      case Step::roll: agenda_.some_day(Step::roll, insurer_rates::rolls); return replace_policy(true);
      case Step::split: return split();
      case Step::leave: return leave(static_cast<Exit>(about));
      case Step::fall_away: return fall_away();
      case Step::come_back: return come_back();
    }
  }

  // ---- quote and bind ------------------------------------------------------------------------------------------------------------

  void quote() {
    const std::uint32_t event = happens(Happening::quote);
    if (quoted_) return;
    quoted_ = true;
    const bool bindable = keeps(Truth::first_quote);
    meet(Truth::first_quote, event, {}, bindable);
    if (chance_.happens(0.3)) agenda_.after(days(chance_.between(1, 4)), Step::quote);
    const bool buys = fated_ || chance_.happens(insurer_rates::binds);
    if (!bindable) agenda_.after(hours(chance_.between(0.5, 60)), Step::refer, buys ? 1 : 0);
    else if (buys) agenda_.after(hours(chance_.between(2, 150)), Step::decide);
  }
  /// The quote goes to an underwriter; a slow answer loses some.
  void refer(bool buys) {
    const std::uint32_t event = happens(Happening::quote_referred);
    const bool quick = keeps(Truth::quote_referred);
    meet(Truth::quote_referred, event, {}, quick);
    const Second answer = quick ? hours(chance_.between(1, 23.5)) : hours(chance_.between(25, 90));
    agenda_.after(answer, Step::referral_answered);
    if (buys && (fated_ || quick || chance_.happens(0.7))) agenda_.after(answer + hours(chance_.between(2, 150)), Step::decide);
  }

  void bind_first() {
    std::array<double, insurer_rates::bundles.size()> shares{};
    std::ranges::transform(insurer_rates::bundles, shares.begin(), &insurer_rates::Bundle::share);
    const insurer_rates::Bundle& bundle = insurer_rates::bundles[split_ ? 0 : chance_.pick(shares)];
    bind(std::span{bundle.sold}.first(bundle.count), false);
  }

  void add_policy(Line line) {
    const double usual = insurer_rates::premium[static_cast<std::size_t>(line)];
    const double dollars = std::max(90.0, chance_.normal(usual, usual * 0.22));
    const bool mortgagee = line == Line::home && chance_.happens(insurer_rates::mortgagee);
    policies_.push_back({static_cast<std::int32_t>(policies_.size()) + 1, line, std::llround(dollars * 100), mortgagee});
  }
  PolicyRow policy_row(const Policy& policy, DayNumber effective, bool paid) {
    PolicyRow row{{number_, true, policy.cents, today()}, policy.number, effective};
    row.paid = paid && !policy.mortgagee;
    row.mortgagee = policy.mortgagee;
    return row;
  }

  /// A sale: one order of one policy or more. The first of a stay makes the household a customer on its effective day, if it is ever paid.
  void bind(std::span<const Line> sold, bool added) {
    const DayNumber gap = chance_.happens(0.66) ? chance_.whole(1, 5) : chance_.happens(0.9) ? chance_.whole(5, 10) : chance_.whole(15, 34);
    Order order{policies_.size(), sold.size(), today() + gap, 0, !chance_.happens(insurer_rates::never_pays) || (fated_ && !added), added};
    for (const Line line : sold) add_policy(line);
    const bool cleared_soon = keeps(Truth::bind);
    order.paid = order.effective + (cleared_soon ? chance_.whole(0, std::max(0, std::min(5, 10 - gap - 1))) : chance_.whole(10, 35));
    order.pays = order.pays && order.paid < end_day_;
    const auto in_order = std::span{policies_}.subspan(order.first, order.count);
    if (!order.pays)
      for (Policy& policy : in_order) policy.mortgagee = false;  // no mortgage either
    const bool by_mortgagee = std::ranges::all_of(in_order, &Policy::mortgagee);
    order.bind_event = happens(Happening::bind, order_key_of(order));
    order.bound = now();
    meet(Truth::bind, order.bind_event, order_key_of(order), cleared_soon);
    const auto number = static_cast<std::int32_t>(orders_.size());
    orders_.push_back(order);
    ++pending_orders_;
    agenda_.after(days(chance_.between(0.5, 5)), Step::documents, number);
    agenda_.at_time(Agenda::at(order.effective) + 60, Step::effective, number);
    if (order.pays) agenda_.on(order.paid, Step::first_payment, number);
    agenda_.years_on(5, Step::claim_free, number);
    agenda_.years_on(10, Step::anniversary, number);
    write_sale(order, by_mortgagee);
  }

  /// The household that a split makes begins: the company counts no in.
  [[nodiscard]] bool splits_off() const { return split_ && !present_ever_; }

  /// What the silos hold of a sale.
  void write_sale(const Order& order, bool by_mortgagee) {
    Meaning meaning;
    if (!order.pays) meaning = {Meaning::none, Why::rule, present_ ? Why::grain : Why::nothing};
    else if (splits_off()) meaning = {Meaning::none, Why::rule};
    else if (present_) meaning = {Meaning::none, Why::grain};
    else meaning = {silos_.company_counts(order.effective)};
    std::int64_t cents = 0, billed = 0;
    for (std::size_t i = order.first; i < order.first + order.count; ++i) {
      Policy& policy = policies_[i];
      PolicyRow row = policy_row(policy, order.effective, order.pays);
      row.split = splits_off();
      Meaning own = meaning;
      if (own.first == Why::rule && i > order.first) own.second = Why::grain;
      policy.record = silos_.open_policy(row, own);
      cents += policy.cents;
      if (!policy.mortgagee) billed += policy.cents;
    }
    const Sale sale{today(), order.effective, order.paid, cents, billed, order.pays, order.added, splits_off(), present_};
    tag_sale(order, by_mortgagee, accounts_.sell_in_crm(sale, meaning));
    if (!by_mortgagee) accounts_.sell_in_billing(sale, meaning);
  }

  void documents(std::int32_t order) {
    const std::uint32_t event = happens(Happening::documents_issued, order_key(order));
    const bool right = keeps(Truth::documents);
    meet(Truth::documents, event, order_key(order), right);
    if (!right) agenda_.after(days(chance_.between(2, 28)), Step::corrected, static_cast<std::int32_t>(orders_[index(order)].first) + 1);
  }

  void effective(std::int32_t number) {
    Order& order = orders_[index(number)];
    order.effective_event = happens(Happening::effective, order_key(number));
    order.begun = now();
    --pending_orders_;
    if (chance_.happens(0.74)) agenda_.after(days(chance_.between(0.4, 12.5)), Step::welcome_call, number);
    agenda_.after(days(14), Step::no_welcome, number);
    if (!order.pays) return agenda_.anyway(days(chance_.whole(10, 25)), Step::flat_cancel, number);
    for (std::size_t i = order.first; i < order.first + order.count; ++i) {
      policies_[i].active = true;
      if (policies_[i].line == Line::boat) next_lay_up(static_cast<std::int32_t>(i));
    }
    if (!present_) become_customer();
    else if (!bills_ && std::ranges::any_of(policies_, [](const Policy& p) { return p.active && !p.mortgagee; })) start_bills();
  }
  void no_welcome(std::int32_t number) {
    const Order& order = orders_[index(number)];
    if (welcomed_ >= order.begun) return;
    const bool after_all = keeps(Truth::no_welcome_call);
    meet(Truth::no_welcome_call, order.effective_event, order_key(number), after_all);
    if (after_all) agenda_.after(days(chance_.between(0.5, 15.5)), Step::welcome_call, number);
  }
  void flat_cancel(std::int32_t number) {
    const Order& order = orders_[index(number)];
    for (std::size_t i = order.first; i < order.first + order.count; ++i) {
      const bool other = present_ || i > order.first;
      silos_.end_policy(policies_[i].record, order.effective, today(), {Meaning::none, Why::rule, other ? Why::grain : Why::nothing});
    }
  }

  // ---- being a customer ----------------------------------------------------------------------------------------------------------

  void become_customer() {
    present_ = present_ever_ = true;
    start_processes();
  }
  void start_processes() {
    agenda_.some_day(Step::contact, insurer_rates::contacts);
    agenda_.some_day(Step::change, insurer_rates::changes);
    agenda_.some_day(Step::claim, insurer_rates::claims);
    agenda_.some_day(Step::add, insurer_rates::adds * insurer_rates::campaign_factor);
    agenda_.some_day(Step::drop, insurer_rates::drops);
    agenda_.some_day(Step::rekey, insurer_rates::rekeys);
    agenda_.some_day(Step::roll, insurer_rates::rolls);
    if (!split_) agenda_.some_day(Step::split, insurer_rates::splits);
    agenda_.some_day(Step::fall_away, insurer_rates::leaves);
    bills_ = false;
    if (std::ranges::any_of(policies_, [](const Policy& p) { return p.active && !p.mortgagee; })) start_bills();
    agenda_.after(days(330), Step::renewal);
  }
  void start_bills() {
    bills_ = true;
    agenda_.after(days(chance_.between(6, 20)), Step::bill);
  }
  [[nodiscard]] bool there() const { return present_ && pause_ == Pause::none; }
  [[nodiscard]] std::size_t active() const { return static_cast<std::size_t>(std::ranges::count_if(policies_, &Policy::active)); }

  void bill() {
    if (!present_) return;
    agenda_.after(days(91), Step::bill);
    if (!there()) return;
    std::int64_t cents = 0;
    for (const Policy& policy : policies_)
      if (policy.active && !policy.mortgagee) cents += policy.cents / 4;
    if (cents == 0) return;
    const std::uint32_t event = happens(Happening::bill, {}, static_cast<double>(cents) / 100);
    if (!billed_) {
      billed_ = true;
      const bool right = keeps(Truth::first_bill);
      rows_.events.back().quote_gap = chance_.happens(0.01) ? unknown : right ? chance_.between(0, 0.0099) : chance_.between(0.015, 0.2);
      meet(Truth::first_bill, event, {}, right);
      if (!right && chance_.happens(0.6)) agenda_.after(days(chance_.between(1, 10)), Step::further_contact);
      if (!right) risk(0.3, Exit::billing);
    }
    if (chance_.happens(0.02)) agenda_.after(days(chance_.between(2, 6)), Step::payment_failed);
  }
  void payment_failed() {
    if (!there()) return;
    const std::uint32_t event = happens(Happening::payment_failed);
    const bool cured = keeps(Truth::payment_failed);
    meet(Truth::payment_failed, event, {}, cured);
    if (cured) return agenda_.after(days(chance_.between(1, 19.5)), Step::payment_cured);
    if (chance_.happens(0.35)) return agenda_.after(days(chance_.between(21, 40)), Step::payment_cured);
    agenda_.after(days(chance_.between(20, 30)), Step::non_payment);
  }

  void contact() {
    if (!there()) return;
    const std::uint32_t event = happens(Happening::contact);
    contacts_.push_back({now(), event});
    while (contacts_.front().first < now() - days(30)) contacts_.pop_front();
    const bool third = contacts_.size() >= 3;
    if (third && armed_) {
      const bool owned = keeps(Truth::third_contact);
      meet(Truth::third_contact, contacts_[contacts_.size() - 3].second, {}, owned);
      if (owned) agenda_.after(hours(chance_.between(1, 23)), Step::owner_assigned);
      risk(owned ? 0.07 : 0.2, Exit::service);
    }
    armed_ = !third;
  }
  void change() {
    if (!there()) return;
    const Key key{Key::Kind::request, ++requests_};
    const std::uint32_t event = happens(Happening::change_request, key);
    const bool at_once = keeps(Truth::change_request);
    meet(Truth::change_request, event, key, at_once);
    if (!at_once)
      for (int calls = chance_.happens(0.35) ? 3 : 1; calls > 0; --calls) agenda_.after(days(chance_.between(0.5, 13)), Step::further_contact);
    if (chance_.happens(0.28)) agenda_.on(today() + chance_.whole(3, 10), Step::move_house);
  }

  // ---- claims --------------------------------------------------------------------------------------------------------------------

  void claim() {
    agenda_.some_day(Step::claim, insurer_rates::claims * std::sqrt(static_cast<double>(std::max<std::size_t>(1, active()))));
    if (!there()) return;
    const auto number = static_cast<std::int32_t>(claims_.size());
    claims_.push_back({now(), 0, 0});
    const std::uint32_t event = happens(Happening::notice_of_loss, claim_key(number));
    const bool direct = keeps(Truth::notice_of_loss);
    meet(Truth::notice_of_loss, event, claim_key(number), direct);
    if (!direct) agenda_.anyway(hours(chance_.between(0.5, 22)), Step::redirected, number);
    const bool soon = keeps(Truth::adjuster_contact);
    agenda_.anyway(chance_.happens(p_.together) ? hours(chance_.between(0.1, 1))
                   : soon                       ? hours(chance_.between(1, 23))
                                                : hours(chance_.between(26, 150)),
                   Step::adjuster, number);
    for (int calls = chance_.happens(0.5) ? chance_.whole(1, soon ? 2 : 4) : 0; calls > 0; --calls)
      agenda_.after(days(chance_.between(0.5, 20)), Step::further_contact);
    const bool quick = keeps(Truth::repaired);
    agenda_.anyway(quick ? days(chance_.between(6.5, 13.8)) : days(chance_.between(14.5, 50)), Step::settled, number);
  }
  void adjuster(std::int32_t number) {
    const bool soon = now() <= claims_[index(number)].notice + days(1);
    const std::uint32_t event = happens(Happening::adjuster_contact, claim_key(number));
    meet(Truth::adjuster_contact, event, claim_key(number), soon);
    if (!soon) risk(0.3, Exit::claim);
  }
  void settled(std::int32_t number) {
    const bool quick = now() <= claims_[index(number)].notice + days(14);
    const std::uint32_t event = happens(Happening::claim_settled, claim_key(number));
    meet(Truth::repaired, event, claim_key(number), quick);
    if (!quick) risk(0.05, Exit::claim);
    agenda_.anyway(days(chance_.between(1, 6)), Step::closed, number);
  }
  void closed(std::int32_t number) {
    Claim& claim = claims_[index(number)];
    claim.closing = happens(Happening::claim_closed, claim_key(number));
    claim.end = now();
    if (chance_.happens(0.78)) agenda_.anyway(days(chance_.between(1, 9.5)), Step::follow_up, number);
    agenda_.anyway(days(10), Step::no_follow_up, number);
  }
  void no_follow_up(std::int32_t number) {
    const Claim& claim = claims_[index(number)];
    if (followed_ >= claim.end) return;
    const bool after_all = keeps(Truth::no_follow_up);
    meet(Truth::no_follow_up, claim.closing, claim_key(number), after_all);
    if (after_all) agenda_.anyway(days(chance_.between(0.5, 19.5)), Step::follow_up, number);
    risk(after_all ? 0.05 : 0.12, Exit::claim);
  }

  // ---- renewal and thanks --------------------------------------------------------------------------------------------------------

  void renewal() {
    if (!present_) return;
    agenda_.after(days(365), Step::renewal);
    if (!there()) return;
    const bool rise = chance_.happens(today() >= rise_day_ ? 0.52 : 0.16);
    const double change = rise ? chance_.between(0.101, 0.24) : chance_.between(-0.04, 0.099);
    const std::uint32_t event = happens(Happening::renewal_offer);
    rows_.events.back().premium_change = change;
    for (Policy& policy : policies_) policy.cents = std::llround(static_cast<double>(policy.cents) * (1 + change));
    if (!rise) return;
    const bool explained = keeps(Truth::renewal_rise);
    meet(Truth::renewal_rise, event, {}, explained);
    if (explained) agenda_.after(days(chance_.between(0.5, 13.5)), Step::renewal_call);
    risk(explained ? 0.16 : 0.32, Exit::price);
  }
  void anniversary(std::int32_t order) {
    if (ever_left_ || !present_) return;
    thank(order);
  }
  void claim_free(std::int32_t order) {
    const Second bound = orders_[index(order)].bound;
    if (!present_ || std::ranges::any_of(claims_, [&](const Claim& c) { return c.notice >= bound && c.notice <= now(); })) return;
    thank(order);
  }
  void thank(std::int32_t order) {
    const bool thanked = keeps(Truth::tenth_anniversary);
    meet(Truth::tenth_anniversary, orders_[index(order)].bind_event, order_key(order), thanked);
    if (thanked) agenda_.after(days(chance_.between(0.5, 29)), Step::thank_you);
  }

  // ---- policies come and go ------------------------------------------------------------------------------------------------------

  void add() {
    agenda_.some_day(Step::add, insurer_rates::adds * insurer_rates::campaign_factor);
    const bool campaign = today() >= campaign_day_ && today() < campaign_end_;
    if (!there() || pending_orders_ > 0 || (!campaign && !chance_.happens(1 / insurer_rates::campaign_factor))) return;
    std::array<double, lines> wanted{};
    for (std::size_t line = 0; line < lines; ++line) {
      const bool has = std::ranges::any_of(policies_, [&](const Policy& p) { return p.active && static_cast<std::size_t>(p.line) == line; });
      wanted[line] = has ? 0.0 : insurer_rates::wanted[line];
    }
    if (std::ranges::all_of(wanted, [](double w) { return w == 0; })) return;
    const std::array sold = {static_cast<Line>(chance_.pick(wanted))};
    bind(sold, true);
  }
  void drop() {
    if (!there() || pending_orders_ > 0 || active() < 2) return;
    const auto last = std::ranges::find_if(policies_.rbegin(), policies_.rend(), &Policy::active);
    DayNumber lag = chance_.happens(0.1) ? chance_.whole(12, 40) : chance_.whole(1, 4);
    if (today() + lag >= end_day_) return;
    last->active = false;
    silos_.end_policy(last->record, today(), today() + lag, {Meaning::none, Why::grain});
    if (last->line == Line::boat && std::ranges::any_of(policies_, [](const Policy& p) { return p.active && p.line == Line::car; })) tag(9, today());
  }
  /// A move, or a roll to the sister company: the policy ends and another begins on the same day.
  void replace_policy(bool sister) {
    const DayNumber processed = today() + (sister ? 0 : chance_.whole(0, 4));
    if (!there() || pending_orders_ > 0 || active() == 0 || processed >= end_day_) return;
    const auto old = std::ranges::find_if(policies_, &Policy::active);
    const Why second = active() > 1 ? Why::grain : Why::nothing;
    silos_.end_policy(old->record, today(), processed, {Meaning::none, Why::rewrite, second});
    Policy fresh = *old;
    fresh.number = static_cast<std::int32_t>(policies_.size()) + 1;
    PolicyRow row = policy_row(fresh, today(), true);
    row.sister = sister;
    fresh.record = silos_.open_policy(row, {Meaning::none, Why::rewrite, second});
    old->active = false;
    policies_.push_back(fresh);
    if (fresh.line == Line::boat) next_lay_up(static_cast<std::int32_t>(policies_.size()) - 1);
    if (sister || active() == 1) tag(sister ? 6 : 5, today());
  }

  void next_lay_up(std::int32_t policy) {
    const std::chrono::year_month_day date{day_of(today())};
    const auto autumn = [&](std::chrono::year year) { return day_number(std::chrono::local_days{year / 9 / 15}); };
    DayNumber day = autumn(date.year());
    if (day <= today()) day = autumn(date.year() + std::chrono::years{1});
    agenda_.on(day + chance_.whole(0, 45), Step::lay_up, policy);
  }
  void lay_up(std::int32_t number) {
    Policy& boat = policies_[index(number)];
    if (!there() || !boat.active) return;
    next_lay_up(number);
    if (pending_orders_ > 0 || !chance_.happens(insurer_rates::laid_up)) return;
    const std::chrono::year_month_day date{day_of(today())};
    const DayNumber back = day_number(std::chrono::local_days{(date.year() + std::chrono::years{1}) / 3 / 1}) + chance_.whole(0, 60);
    const bool alone = active() == 1, returns = alone || !observed() || chance_.happens(0.85);
    if (back >= end_day_) return;
    boat.active = false;
    rows_.policy[boat.record].laid_up = true;
    const DayNumber processed = today() + chance_.whole(1, 3);
    if (alone) silos_.end_policy(boat.record, today(), processed, {Meaning::none, Why::rewrite});
    else silos_.end_policy(boat.record, today(), processed, {Meaning::none, Why::grain, returns ? Why::rewrite : Why::nothing});
    if (alone) pause_ = Pause::laid_up;
    if (returns) agenda_.on(back, Step::spring, number);
  }
  void spring(std::int32_t number) {
    if (!present_) return;
    if (pause_ == Pause::lapsed) return agenda_.on(today() + 30, Step::spring, number);
    const bool alone = pause_ == Pause::laid_up;
    Policy fresh = policies_[index(number)];
    fresh.number = static_cast<std::int32_t>(policies_.size()) + 1;
    fresh.active = true;
    Meaning meaning{Meaning::none, Why::grain, Why::rewrite};
    if (alone) meaning = {Meaning::none, Why::rewrite};
    fresh.record = silos_.open_policy(policy_row(fresh, today(), true), meaning);
    policies_.push_back(fresh);
    pause_ = Pause::none;
    next_lay_up(static_cast<std::int32_t>(policies_.size()) - 1);
    if (alone) tag(10, today());
  }

  void split() {
    if (!there() || split_at_ || active() == 0 || today() + 30 >= end_day_) return;
    split_at_ = now();
  }

  // ---- leaving -------------------------------------------------------------------------------------------------------------------

  /// What just happened makes the household leave some weeks later, perhaps. Nobody leaves before the observation starts.
  void risk(double share, Exit reason) {
    const double bound = active() > 1 ? 0.7 : 1.15;
    if (observed() && chance_.happens(share * bound)) agenda_.on(today() + chance_.whole(8, 55), Step::leave, static_cast<std::int32_t>(reason));
  }
  void fall_away() {
    agenda_.some_day(Step::fall_away, insurer_rates::leaves);
    if (!observed() || (active() > 1 && chance_.happens(0.5))) return;
    static constexpr std::array<double, 3> reasons = {0.5, 0.3, 0.2};
    leave(static_cast<Exit>(static_cast<std::size_t>(Exit::competitor) + chance_.pick(reasons)));
  }
  void leave(Exit reason) {
    if (!there() || !observed() || pending_orders_ > 0 || today() + 5 >= end_day_) return;
    const std::size_t policies = active();
    const bool by_mortgagee = std::ranges::none_of(policies_, [](const Policy& p) { return p.active && !p.mortgagee; });
    const int company = end_stay(reason);
    const bool noticed = accounts_.close(today(), company);
    if (policies == 2 && !noticed) tag(11, today());
    if (policies == 1 && by_mortgagee && noticed) tag(12, today());
    if (chance_.happens(insurer_rates::comes_back)) agenda_.on(today() + chance_.whole(110, 250), Step::come_back);
  }
  /// All policies end today; the company counts the household out. Returns the number of that out.
  int end_stay(Exit reason) {
    const int company = silos_.company_counts(today());
    const DayNumber together = today() + chance_.whole(0, 3);
    for (Policy& policy : policies_) {
      if (!policy.active) continue;
      policy.active = false;
      silos_.end_policy(policy.record, today(), chance_.happens(0.85) ? together : today() + chance_.whole(0, 4), {company});
    }
    happens(Happening::household_left);
    rows_.exits.push_back({now(), number_, reason});
    present_ = false;
    ever_left_ = true;
    left_ = now();
    agenda_.end_stay();
    return company;
  }
  void come_back() {
    fated_ = true;
    happens(Happening::quote);
    agenda_.after(hours(chance_.between(2, 100)), Step::decide);
  }

  /// Policies are cancelled for non-payment; most are reinstated within the month, some later, some never.
  void non_payment() {
    if (!there() || pending_orders_ > 0 || std::ranges::any_of(policies_, [](const Policy& p) { return p.active && p.mortgagee; }) ||
        today() + 90 >= end_day_)
      return;
    const bool soon = !observed() || chance_.happens(0.6);
    if (!soon && chance_.happens(0.6)) return leave(Exit::non_payment);
    const DayNumber back = today() + (soon ? chance_.whole(5, 29) : chance_.whole(35, 75));
    lapsed_.clear();
    for (std::size_t i = 0; i < policies_.size(); ++i)
      if (policies_[i].active) lapsed_.push_back(i);
    if (soon) {
      const auto rewritten = *std::ranges::max_element(
          lapsed_, {}, [&](std::size_t i) { return std::pair{rows_.policy[policies_[i].record].effective, policies_[i].record}; });
      const DayNumber processed = today() + chance_.whole(1, 3);
      for (const std::size_t i : lapsed_) {
        Meaning meaning{Meaning::none, Why::grain, Why::rewrite};
        if (i == rewritten) meaning = {Meaning::none, Why::rewrite};
        silos_.end_policy(policies_[i].record, today(), processed, meaning);
        policies_[i].active = false;
      }
      pause_ = Pause::lapsed;
      const bool same_month = std::chrono::year_month_day{day_of(today())}.month() == std::chrono::year_month_day{day_of(back)}.month();
      if (lapsed_.size() == 1) tag(same_month ? 7 : 8, today());
    } else {
      end_stay(Exit::non_payment);
    }
    agenda_.on(back, Step::reinstate, soon ? 1 : 0);
  }
  void reinstate(std::int32_t soon) {
    const Meaning meaning = soon != 0 ? Meaning{} : Meaning{silos_.company_counts(today()), Why::nothing, Why::nothing, true};
    for (const std::size_t i : lapsed_) {
      PolicyRow row = policy_row(policies_[i], today(), true);
      row.reinstated = true;
      policies_[i].record = silos_.open_policy(row, meaning);
      policies_[i].active = true;
    }
    pause_ = Pause::none;
    if (soon != 0) return;
    present_ = true;
    start_processes();
  }

  // ---- keys and cases ------------------------------------------------------------------------------------------------------------

  static std::size_t index(std::int32_t i) { return static_cast<std::size_t>(i); }
  static Key policy_key(std::int32_t number) { return {Key::Kind::policy, number}; }
  static Key claim_key(std::int32_t claim) { return {Key::Kind::claim, claim + 1}; }
  [[nodiscard]] Key order_key_of(const Order& order) const { return policy_key(policies_[order.first].number); }
  [[nodiscard]] Key order_key(std::int32_t order) const { return order_key_of(orders_[index(order)]); }

  void tag(std::uint8_t number, DayNumber day) {
    if (day >= start_day_) rows_.cases.push_back({number_, number, day});
  }
  void tag_sale(const Order& order, bool by_mortgagee, Accounts::Booked booked) {
    if (splits_off()) return tag(14, order.effective);
    if (!order.added && present_ever_ && order.pays && booked == Accounts::Booked::again) return tag(13, order.effective);
    const auto line = [&](std::size_t i) { return policies_[order.first + i].line; };
    if (order.added && order.pays && line(0) == Line::home && booked == Accounts::Booked::further) return tag(4, order.effective);
    if (order.added || by_mortgagee || present_ever_) return;
    const auto month = [](DayNumber day) { return std::chrono::year_month_day{day_of(day)}.month(); };
    if (!order.pays) return tag(2, order.effective);
    if (order.count == 1 && month(today()) != month(order.effective)) tag(3, order.effective);
    else if (order.count == 1 && line(0) == Line::car) tag(0, order.effective);
    else if (order.count == 3 && line(2) == Line::boat) tag(1, order.effective);
  }

  const InsurerParameters& p_;
  DayNumber start_day_, end_day_, history_day_, fault_day_, rise_day_, campaign_day_, campaign_end_;
  std::int64_t number_;
  Chance chance_;
  Segment segment_;
  Rows& rows_;
  Silos silos_;
  Accounts accounts_;
  Voices voices_;
  Agenda agenda_;

  Second left_ = 0, welcomed_ = 0, followed_ = 0;
  bool fated_ = false;  // established, split off or back: buys and pays
  bool split_ = false, quoted_ = false, billed_ = false, bills_ = false, armed_ = true;
  bool present_ = false, present_ever_ = false, ever_left_ = false;
  Pause pause_ = Pause::none;
  int pending_orders_ = 0;
  std::int32_t requests_ = 0;
  std::vector<Policy> policies_;
  std::vector<Order> orders_;
  std::vector<Claim> claims_;
  std::vector<std::size_t> lapsed_;
  std::deque<std::pair<Second, std::uint32_t>> contacts_;
  std::optional<Second> split_at_;
};

}  // namespace sojourn::datasets
