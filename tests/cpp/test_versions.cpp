#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "sojourn/arrow/export.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/assets/reconcile.hpp"
#include "sojourn/assets/restatement.hpp"
#include "sojourn/assets/versions.hpp"

using namespace sojourn;

namespace {

namespace ch = std::chrono;

struct Row {
  std::int64_t key;
  std::int32_t known;  // days since 2025-01-01; −1: null
  bool withdrawn;
  std::int64_t value;
};

Day day(std::int32_t number) { return Day{ch::year{2025} / 1 / 1} + ch::days{number}; }

/// Every record is of one customer and starts on 1 February.
std::shared_ptr<Ledger> ledger(const std::vector<Row>& rows) {
  auto table = std::make_shared<Table>();
  Ints key, value;
  Dates start, end, known;
  Bools withdrawn;
  std::vector<std::uint8_t> always, no_end(rows.size(), 1);
  for (const Row& row : rows) {
    key.values.push_back(row.key);
    start.values.push_back(day_number(day(31)));
    end.values.push_back(0);
    known.values.push_back(day_number(day(row.known)));
    always.push_back(row.known < 0);
    withdrawn.values.push_back(row.withdrawn);
    value.values.push_back(row.value);
  }
  table->columns = {{"k", key}, {"s", start}, {"e", end, no_end}, {"known", known, always}, {"gone", withdrawn}, {"v", value}};
  ArrowArrayStream stream;
  arrow::export_stream(table, &stream);
  const arrow::Imported imported(&stream, "L");
  return std::make_shared<Ledger>(
      "L", imported, Definition{.customer = "k", .start = "s", .end = "e", .value = "v", .key = "k", .known = "known", .withdrawn = "gone"});
}

using enum Version;

std::vector<Version> on(const Ledger& ledger, std::optional<std::int32_t> recorded) {
  if (recorded) recorded = day_number(day(*recorded));
  const Buffer<Version> found = versions_on(ledger, recorded, {}, {});
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("the latest version known by a day holds") {
  const auto records = ledger({{1, 50, false, 3}, {1, -1, false, 1}, {2, 40, false, 5}, {2, 60, true, 5}, {1, 40, false, 2}});
  CHECK(on(*records, 39) == std::vector{unknown, holds, unknown, unknown, unknown});
  CHECK(on(*records, 40) == std::vector{unknown, superseded, holds, unknown, holds});
  CHECK(on(*records, 50) == std::vector{holds, superseded, holds, unknown, superseded});
  CHECK(on(*records, {}) == std::vector{holds, superseded, superseded, withdrawn, superseded});
}

TEST_CASE("two versions of one record known on one day are refused") {
  CHECK_THROWS_WITH_AS(ledger({{1, 50, false, 3}, {2, 50, false, 1}, {1, 50, true, 5}}),
                       "L, column 'k', row 2: found a second version of 1 known at the same time as that in row 0, expected different times, which "
                       "tell the later one",
                       InvalidInput);
}

TEST_CASE("a restatement names what was corrected, taken back, and learnt of late") {
  const auto records = ledger({{1, -1, false, 1}, {1, 60, false, 7}, {2, 40, false, 5}, {2, 60, true, 5}, {3, 60, false, 9}, {4, -1, false, 2}});
  ReconcileOptions options;
  options.start = day(0);
  options.end = day(90);
  const Reconciliation report = reconcile({records}, options);
  const Differences found = restate(report, 0, day(50), day(70), {});
  std::vector<std::string> told;
  for (const BridgeRow& row : proven_sums(found, {})) {
    const char* reason = reason_names[static_cast<std::size_t>(row.reason)];
    if (row.direction == 0) told.push_back(std::string(reason) + " " + std::to_string(row.count) + " " + std::to_string(std::int64_t(row.value)));
  }
  CHECK(told == std::vector<std::string>{"recorded later 1 900", "withdrawn -1 -500", "revalued 0 600"});
  CHECK(found.size() == 4);
  CHECK_THROWS_AS(restate(report, 0, day(70), day(50), {}), InvalidInput);
}
