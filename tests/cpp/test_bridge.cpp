// Bridges over generated worlds: sums, sides, threads; groups against a search of the links; groups too large to be paired exactly.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "sojourn/arrow/in_memory.hpp"
#include "sojourn/assets/bridge.hpp"
#include "sojourn/assets/bridge_guards.hpp"
#include "sojourn/assets/difference_tables.hpp"
#include "sojourn/assets/same_records.hpp"

using namespace sojourn;

namespace {

namespace ch = std::chrono;

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : bits_(seed) {}
  std::int32_t below(std::int32_t bound) { return static_cast<std::int32_t>(bits_() % static_cast<std::uint64_t>(bound)); }

 private:
  std::mt19937_64 bits_;
};

struct Row {
  std::int64_t unit, group;  // group −1: none
  std::int32_t start, end;   // never: null
  std::int64_t value;
  bool good;
};

const std::int32_t first_day = day_number(Day{ch::year{2025} / 1 / 1});

std::vector<Row> rows(Draw& draw, std::int32_t groups) {
  std::vector<Row> out;
  const std::int32_t n = 1 + draw.below(14);
  for (std::int32_t i = 0; i < n; ++i) {
    const std::int32_t unit = draw.below(8), start = first_day + draw.below(200), length = draw.below(90) - 2;
    const std::int64_t group = draw.below(10) == 0 ? -1 : draw.below(12) == 0 ? draw.below(groups) : unit % groups;
    out.push_back(
        {unit, group, draw.below(15) == 0 ? never : start, draw.below(4) == 0 ? never : start + length, draw.below(50), draw.below(6) != 0});
  }
  return out;
}

Table table(const std::vector<Row>& rows) {
  Ints unit, group, value;
  Dates start, end;
  Bools good;
  std::vector<std::uint8_t> no_group, no_start, no_end;
  for (const Row& row : rows) {
    unit.values.push_back(row.unit);
    group.values.push_back(std::max<std::int64_t>(row.group, 0));
    no_group.push_back(row.group < 0);
    start.values.push_back(row.start == never ? 0 : row.start);
    no_start.push_back(row.start == never);
    end.values.push_back(row.end == never ? 0 : row.end);
    no_end.push_back(row.end == never);
    value.values.push_back(row.value);
    good.values.push_back(row.good);
  }
  Table out;
  out.columns.push_back({"unit", unit});
  out.columns.push_back({"group", group, no_group});
  out.columns.push_back({"start", start, no_start});
  out.columns.push_back({"end", end, no_end});
  out.columns.push_back({"value", value});
  out.columns.push_back({"good", good});
  return out;
}

std::shared_ptr<Ledger> ledger(const std::string& name, const std::vector<Row>& rows, Definition definition) {
  return std::make_shared<Ledger>(name, arrow::imported(table(rows), name), std::move(definition), Grouping{.column = "group"});
}

Definition definition(Draw& draw) {
  Definition out{.customer = "unit", .start = "start", .end = "end", .value = "value"};
  out.grace = {{"grace", {}, draw.below(3) * 15}};
  if (draw.below(2) == 0) {
    Condition good;
    good.kind = Condition::Kind::compare;
    good.column = "good";
    good.values = {true};
    out.where = {{"good", good}};
  }
  if (draw.below(2) == 0) out.empty = EmptyRecords::count;
  return out;
}

std::shared_ptr<Reconciliation> reconciled(const std::shared_ptr<Ledger>& a, const std::shared_ptr<Ledger>& standard, std::optional<Day> as_of,
                                           std::size_t threads) {
  ReconcileOptions options;
  options.standard = standard;
  options.start = Day{ch::year{2024} / 12 / 1};
  options.end = Day{ch::year{2025} / 12 / 1};
  options.as_of = as_of;
  options.run.threads = threads;
  return std::make_shared<Reconciliation>(reconcile({a}, options));
}

Differences bridged(const std::shared_ptr<Reconciliation>& r, std::size_t ledger, std::size_t standard, const Run& run) {
  const std::vector<const Ledger*> ledgers = {r->ledgers[0].ledger.get(), r->ledgers[1].ledger.get()};
  return bridge_records(r, ledger, standard, link(ledgers, run), 45, run);
}

using Said = std::tuple<std::uint32_t, std::int32_t, Direction, DifferenceReason, std::uint32_t, std::int64_t>;

/// What is said of one side's events.
std::multiset<Said> said(const Differences& d, bool of_standard) {
  std::multiset<Said> out;
  for (const auto& part : d.events)
    for (const Difference& e : part)
      if (e.of_standard == of_standard) out.insert({e.row, e.day, e.direction, e.reason, e.partner, e.value});
  return out;
}

}  // namespace

TEST_CASE("reasons add up to the gap, from either side, for any number of threads") {
  Draw draw(21);
  std::set<DifferenceReason> met;
  for (int world = 0; world < 600; ++world) {
    const std::int32_t groups = 1 + draw.below(4);
    const auto a = ledger("A", rows(draw, groups), definition(draw)), b = ledger("B", rows(draw, groups), definition(draw));
    const std::optional<Day> as_of = draw.below(2) == 0 ? std::optional{day_of(first_day + 60 + draw.below(150))} : std::nullopt;
    std::shared_ptr<Reconciliation> one, many;
    try {
      one = reconciled(a, b, as_of, 1);
      many = reconciled(a, b, as_of, 3);
    } catch (const InvalidInput&) {
      continue;  // no record reaches the report
    }
    const Differences there = bridged(one, 1, 0, {1, {}}), again = bridged(many, 1, 0, {3, {}}), back = bridged(one, 0, 1, {1, {}});
    CHECK(check_sums(there, sum_differences(there, {1, {}})).failures == 0);
    CHECK(check_sums(back, sum_differences(back, {1, {}})).failures == 0);
    for (const bool side : {false, true}) {
      CHECK(said(there, side) == said(again, side));
      CHECK(said(there, side) == said(back, !side));
    }
    for (const auto& part : there.events)
      for (const Difference& e : part) met.insert(e.reason);
  }
  CHECK(met.size() == static_cast<std::size_t>(DifferenceReason::unexplained) + 1);  // all that a bridge has
}

TEST_CASE("a ledger bridged with itself is matched throughout") {
  Draw draw(22);
  for (int world = 0; world < 200; ++world) {
    const auto records = rows(draw, 3);
    const Definition said = definition(draw);
    const auto a = ledger("A", records, said), b = ledger("B", records, said);
    std::shared_ptr<Reconciliation> r;
    try {
      r = reconciled(a, b, {}, 2);
    } catch (const InvalidInput&) {
      continue;
    }
    for (const Differences& d : {bridged(r, 1, 0, {2, {}}), bridge_definitions(r, 1, 0, {2, {}})})
      for (const auto& part : d.events)
        for (const Difference& e : part) CHECK((e.reason == DifferenceReason::matched || e.reason == DifferenceReason::identity));
  }
}

TEST_CASE("groups are the connected components of the links") {
  Draw draw(23);
  for (int world = 0; world < 400; ++world) {
    const std::vector<Row> of_a = rows(draw, 6), of_b = rows(draw, 6);
    const Definition said{.customer = "unit", .start = "start", .end = "end"};
    const auto a = ledger("A", of_a, said), b = ledger("B", of_b, said);
    const std::vector<const Ledger*> ledgers = {a.get(), b.get()};
    const Linkage linkage = link(ledgers, {2, {}});
    // Colours spread over links until nothing changes.
    std::map<std::pair<int, std::int64_t>, std::int64_t> colour;
    for (int l = 0; l < 2; ++l)
      for (const Row& row : l == 0 ? of_a : of_b)
        if (row.group >= 0) colour[{l, row.unit}] = colour[{2, row.group}] = INT64_MAX;
    std::int64_t next = 0;
    for (auto& [node, c] : colour) c = next++;
    for (bool changed = true; changed;) {
      changed = false;
      for (int l = 0; l < 2; ++l)
        for (const Row& row : l == 0 ? of_a : of_b) {
          if (row.group < 0) continue;
          std::int64_t &x = colour[{l, row.unit}], &y = colour[{2, row.group}];
          changed = changed || x != y;
          x = y = std::min(x, y);
        }
    }
    std::map<std::uint32_t, std::int64_t> of_group;
    std::map<std::int64_t, std::uint32_t> of_colour;
    for (std::uint32_t l = 0; l < 2; ++l)
      for (std::uint32_t u = 0; u < ledgers[l]->units().size(); ++u) {
        const auto found = colour.find({static_cast<int>(l), ledgers[l]->units().integer(u)});
        const std::uint32_t group = linkage.of[l][u];
        CHECK((found == colour.end()) == (group == Linkage::none));
        if (group == Linkage::none) continue;
        CHECK(of_group.emplace(group, found->second).first->second == found->second);
        CHECK(of_colour.emplace(found->second, group).first->second == group);
      }
    CHECK(linkage.size() == of_group.size());
  }
}

TEST_CASE("a group beyond a million pairs is bridged, adds up and is named") {
  std::vector<Row> of_a, of_b;
  for (std::int64_t i = 0; i < 1500; ++i) {
    const auto day = static_cast<std::int32_t>(first_day + i % 90 * 2);  // no day of A is one of B
    of_a.push_back({i, 1, day, day + 40, 1, true});
    of_b.push_back({i, 1, day + 1, day + 51, 1, true});
  }
  const Definition said{.customer = "unit", .start = "start", .end = "end", .value = "value"};
  const auto r = reconciled(ledger("A", of_a, said), ledger("B", of_b, said), {}, 2);
  const Differences d = bridged(r, 1, 0, {2, {}});
  CHECK(check_sums(d, sum_differences(d, {1, {}})).failures == 0);
  CHECK(d.size() == 6000);
  const Check suspects = check_suspects(d);
  CHECK(suspects.failures == 1);
  CHECK(suspects.detail == "the largest has 3000 units, among them 0 of A");
}
