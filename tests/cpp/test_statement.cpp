#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "sojourn/arrow/export.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/assets/check.hpp"
#include "sojourn/assets/definition_json.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/statement_table.hpp"

using namespace sojourn;

namespace {

namespace ch = std::chrono;

constexpr std::int32_t none = never;

std::int32_t on(int year, unsigned month, unsigned day) { return day_number(Day{ch::year{year} / ch::month{month} / ch::day{day}}); }

struct Row {
  std::int64_t customer;
  std::int32_t start, end;  // none: null
  std::int64_t value;
};

std::shared_ptr<Ledger> ledger(const std::vector<Row>& rows, Definition definition = {.customer = "c", .start = "s", .end = "e", .value = "v"}) {
  auto table = std::make_shared<Table>();
  Ints customer, value;
  Dates start, end;
  std::vector<std::uint8_t> no_start, no_end;
  for (const Row& row : rows) {
    customer.values.push_back(row.customer);
    start.values.push_back(row.start == none ? 0 : row.start);
    end.values.push_back(row.end == none ? 0 : row.end);
    no_start.push_back(row.start == none);
    no_end.push_back(row.end == none);
    value.values.push_back(row.value);
  }
  table->columns.push_back({"c", customer});
  table->columns.push_back({"s", start, no_start});
  table->columns.push_back({"e", end, no_end});
  table->columns.push_back({"v", value});
  ArrowArrayStream stream;
  arrow::export_stream(table, &stream);
  const arrow::Imported imported(&stream, "L");
  return std::make_shared<Ledger>("L", imported, std::move(definition));
}

Reconciliation quarter(const std::vector<Row>& rows, Definition definition = {.customer = "c", .start = "s", .end = "e", .value = "v"}) {
  ReconcileOptions options;
  options.start = Day{ch::year{2025} / 1 / 1};
  options.end = Day{ch::year{2025} / 4 / 1};
  return reconcile({ledger(rows, std::move(definition))}, options);
}

std::vector<std::int64_t> over(const Reconciliation& r, Flow flow) {
  std::vector<std::int64_t> out;
  for (const StatementRow& row : r.ledgers[0].statement.rows) out.push_back(row.customers(flow));
  return out;
}
std::vector<std::int64_t> worth(const Reconciliation& r, Flow flow) {
  std::vector<std::int64_t> out;
  for (const StatementRow& row : r.ledgers[0].statement.rows) out.push_back(row.worth(flow));
  return out;
}

using Numbers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a customer comes, grows and goes") {
  const Reconciliation r = quarter({{1, on(2025, 1, 5), on(2025, 3, 1), 10}, {1, on(2025, 1, 20), on(2025, 2, 10), 4}});
  CHECK(over(r, Flow::fresh) == Numbers{1, 0, 0});
  CHECK(over(r, Flow::left) == Numbers{0, 0, 1});
  CHECK(over(r, Flow::closing) == Numbers{1, 1, 0});
  CHECK(worth(r, Flow::closing) == Numbers{1400, 1000, 0});
  CHECK(r.ledgers[0].statement.rows[0].expansion == 400);
  CHECK(r.ledgers[0].statement.rows[1].contraction == 400);
}

TEST_CASE("a gap within grace keeps the customer, worth nothing meanwhile") {
  const Reconciliation r = quarter({{1, on(2025, 1, 5), on(2025, 1, 25), 10}, {1, on(2025, 2, 24), none, 15}});
  CHECK(over(r, Flow::in_grace) == Numbers{1, 0, 0});
  CHECK(over(r, Flow::returned) == Numbers{0, 0, 0});
  const Reconciliation later = quarter({{1, on(2025, 1, 5), on(2025, 1, 25), 10}, {1, on(2025, 2, 25), none, 15}});
  CHECK(over(later, Flow::left) == Numbers{1, 0, 0});
  CHECK(over(later, Flow::returned) == Numbers{0, 1, 0});
}

TEST_CASE("in, out and back within one period") {
  Definition definition{.customer = "c", .start = "s", .end = "e", .value = "v"};
  definition.grace = {{"grace", {}, 0}};
  const Reconciliation r = quarter({{1, on(2025, 1, 5), on(2025, 1, 10), 1}, {1, on(2025, 1, 12), on(2025, 2, 1), 2}}, definition);
  CHECK(over(r, Flow::joined) == Numbers{2, 0, 0});
  CHECK(over(r, Flow::left) == Numbers{1, 1, 0});
  CHECK(over(r, Flow::closing) == Numbers{1, 0, 0});
}

TEST_CASE("every check holds, and the guards see what is odd") {
  const Reconciliation r = quarter({{1, on(2025, 1, 5), on(2025, 3, 1), 10}, {2, on(2025, 2, 5), on(2025, 2, 1), 1}, {3, none, none, 1}});
  std::int64_t guards = 0;
  for (const Check& check : check(r, {})) {
    if (check.kind == Check::Kind::identity) CHECK_MESSAGE(check.failures == 0, check.name);
    else guards += check.failures;
  }
  CHECK(guards == 2);
}

TEST_CASE("an identity that does not hold is found") {
  Reconciliation r = quarter({{1, on(2025, 1, 5), on(2025, 3, 1), 10}});
  ++r.ledgers[0].statement.rows[1].count[static_cast<std::size_t>(Flow::left)];
  ++r.ledgers[0].statement.rows[2].fx;
  const std::vector<Check> found = check(r, {});
  CHECK(found[0].failures == 1);
  CHECK(found[0].detail == "period 2025-02-01: the flows give 0 at closing, presence 1");
  CHECK(found[1].failures == 1);
}

TEST_CASE("as of a day, later starts are hidden and a running grace is pending") {
  ReconcileOptions options;
  options.start = Day{ch::year{2025} / 1 / 1};
  options.end = Day{ch::year{2025} / 4 / 1};
  const auto one = ledger({{1, on(2025, 1, 5), on(2025, 1, 25), 10}, {2, on(2025, 2, 20), none, 5}});
  options.as_of = Day{ch::year{2025} / 2 / 10};
  const Reconciliation r = reconcile({one}, options);
  CHECK(over(r, Flow::left) == Numbers{0, 0, 0});
  CHECK(over(r, Flow::fresh) == Numbers{1, 0, 0});
  CHECK(over(r, Flow::in_grace) == Numbers{1, 1, 1});
  const Buffer<Fates> all = fates(*one, r.ledgers[0].records, {});
  CHECK(to_string(all[0].end, one->definition(), false) == "pending: grace");
  CHECK(to_string(all[1].start, one->definition(), true) == "hidden");
}

TEST_CASE("the table has the columns that scripts rely on") {
  const Table table = statement_table(quarter({{1, on(2025, 1, 5), none, 10}}), MoneyStyle::decimal);
  CHECK(table.names().size() == 25);
  CHECK(table.names()[4] == "opening");
  CHECK(table.names()[13] == "opening_value");
  CHECK(table.names()[24] == "fx");
  CHECK(table.rows() == 3);
}

TEST_CASE("periods of the calendar") {
  const Periods quarters("3 months", Day{ch::year{2024} / 10 / 1}, Day{ch::year{2025} / 7 / 1});
  CHECK(quarters.count() == 3);
  CHECK(quarters.of(on(2024, 10, 1)) == 0);
  CHECK(quarters.of(on(2024, 12, 31)) == 0);
  CHECK(quarters.of(on(2025, 1, 1)) == 1);
  CHECK(quarters.of(on(2025, 6, 30)) == 2);
  CHECK(!quarters.contains(on(2025, 7, 1)));
  CHECK(quarters.days_before(on(2024, 1, 1)) == 0);
  CHECK(quarters.days_before(on(2024, 10, 1)) == 1);
  CHECK(quarters.days_before(never) == 4);
  CHECK_THROWS_AS(Periods("3 months", Day{ch::year{2024} / 11 / 1}, Day{ch::year{2025} / 1 / 1}), InvalidInput);
  CHECK_THROWS_AS(Periods("1 month", Day{ch::year{2024} / 11 / 2}, Day{ch::year{2025} / 1 / 1}), InvalidInput);
  CHECK_THROWS_AS(Periods("30d", Day{ch::year{2024} / 11 / 1}, Day{ch::year{2025} / 1 / 1}), InvalidInput);
}

TEST_CASE("definitions compare in words and by version") {
  const auto read = [](const char* text) {
    const boost::json::value value = parse_json(text, "test");
    return read_definition(JsonCursor(value, "definition"));
  };
  const Definition a = read(R"({"customer": "c", "start": "s", "end": "e", "joins": {"first": {"spell_number": 1}}})");
  const Definition b = read(
      R"({"customer": "c", "start": "s", "end": "e", "grace": [["lay-up", {"column": "why", "op": "==", "value": "x"}, "270d"], ["back", null, "2w"]]})");
  CHECK(differences(a, a).empty());
  CHECK(version(a) == version(a));
  CHECK(version(a) != version(b));
  CHECK(differences(a, b).size() == 2);
  CHECK(b.grace[1].days == 14);
  CHECK_THROWS_AS(read(R"({"customer": "c", "start": "s"})"), InvalidInput);
  CHECK_THROWS_AS(read(R"({"customer": "c", "start": "s", "end": "e", "recorded": "k"})"), InvalidInput);
}
