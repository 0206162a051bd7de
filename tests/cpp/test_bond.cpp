#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "sojourn/arrow/export.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/assets/bond.hpp"
#include "sojourn/assets/earned_growth.hpp"
#include "sojourn/assets/leaving.hpp"
#include "sojourn/assets/reconcile.hpp"

using namespace sojourn;

namespace {

namespace ch = std::chrono;

std::int32_t on(unsigned month, unsigned day) { return day_number(Day{ch::year{2025} / ch::month{month} / ch::day{day}}); }

struct Row {
  std::int64_t customer;
  std::int32_t start, end;  // never: null
  std::int64_t value;
  std::string why = {}, how = {};  // empty: null
};

/// February 2025 of those records, grace 30 days.
Reconciliation february(const std::vector<Row>& rows) {
  auto table = std::make_shared<Table>();
  Ints customer, value;
  Dates start, end;
  StringsBuilder why, how;
  std::vector<std::uint8_t> no_end, no_why, no_how;
  for (const Row& row : rows) {
    customer.values.push_back(row.customer);
    start.values.push_back(row.start);
    end.values.push_back(row.end == never ? 0 : row.end);
    no_end.push_back(row.end == never);
    value.values.push_back(row.value);
    why.add(row.why);
    no_why.push_back(row.why.empty());
    how.add(row.how);
    no_how.push_back(row.how.empty());
  }
  table->columns.push_back({"c", customer});
  table->columns.push_back({"s", start});
  table->columns.push_back({"e", end, no_end});
  table->columns.push_back({"v", value});
  table->columns.push_back({"why", std::move(why).finish(), no_why});
  table->columns.push_back({"how", std::move(how).finish(), no_how});
  ArrowArrayStream stream;
  arrow::export_stream(table, &stream);
  const arrow::Imported imported(&stream, "L");
  Definition definition{.customer = "c", .start = "s", .end = "e", .value = "v"};
  definition.acquired = "how";
  ReconcileOptions options;
  options.start = Day{ch::year{2025} / 2 / 1};
  options.end = Day{ch::year{2025} / 3 / 1};
  return reconcile({std::make_shared<Ledger>("L", imported, definition, Grouping{}, Run{}, std::vector<std::string>{"why"})}, options);
}

}  // namespace

TEST_CASE("states of the bond add up to opening and closing") {
  const Reconciliation r = february({{1, on(1, 1), on(2, 10), 10},
                                     {1, on(2, 10), never, 15},
                                     {2, on(1, 1), never, 7},
                                     {3, on(1, 1), on(2, 20), 4},
                                     {3, on(3, 5), never, 4},
                                     {4, on(2, 3), never, 1},
                                     {5, on(1, 1), on(2, 2), 5}});
  const auto rows = bond(r, r.ledgers.front(), {}, {});
  std::vector<BondState> states;
  BondSums sums;
  for (const BondRow& row : rows) {
    states.push_back(row.state);
    sums += row.sums;
  }
  CHECK(states == std::vector{BondState::fresh, BondState::more, BondState::same, BondState::dormant, BondState::left});
  CHECK(sums.opening == 4);
  CHECK(sums.closing == 4);
  CHECK(sums.opening_value == 2600);
  CHECK(sums.closing_value == 2300);
  CHECK(bond_customers(r, r.ledgers.front(), 0, {}, {}).size() == 5);
  CHECK(bond(r, r.ledgers.front(), {BondMeasure::value, {6, 1}}, {})[1].sums.customers == 2);  // 15 for 10 is the same within 60%
}

TEST_CASE("the tree of reasons keeps what nobody knows") {
  const Reconciliation r = february({{1, on(1, 1), on(2, 10), 10, "price"}, {2, on(1, 1), on(2, 11), 5}, {3, on(1, 1), never, 5}});
  const auto nodes = leaving(r, r.ledgers.front(), {0}, {});
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].path.empty());
  CHECK(nodes[0].customers == 2);
  CHECK(nodes[0].value == 1500);
  CHECK(nodes[1].customers == 1);
  CHECK(nodes[1].of == 2);
  CHECK(nodes[2].path == std::vector<std::uint32_t>{0});
  CHECK(nodes[2].value == 500);
}

TEST_CASE("earned growth counts the unknown apart") {
  const Reconciliation r = february({{1, on(1, 1), on(2, 10), 100},
                                     {1, on(2, 10), never, 85},
                                     {2, on(2, 2), never, 25, "", "referral"},
                                     {3, on(2, 2), never, 15, "", "advert"},
                                     {4, on(2, 2), never, 5}});
  const auto rows = earned_growth(r, r.ledgers.front(), {"referral"}, 1, {});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].opening.value == 10000);
  CHECK(rows[0].retained.value == 8500);
  CHECK(rows[0].earned.value == 2500);
  CHECK(rows[0].bought.value == 1500);
  CHECK(rows[0].unknown.value == 500);
  CHECK(rows[0].closing.customers == 4);
}
