// Two ledgers that disagree, from C++: what each means by a customer, the statement, the bridge between them, and every event with its reason.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <sojourn/sojourn.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace sojourn;

std::int32_t on(int year, unsigned month, unsigned day) {
  return day_number(Day{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}});
}

/// A record as the program holds it.
struct Account {
  const char* id;
  const char* household;
  std::int32_t from;
  std::optional<std::int32_t> until;
  std::int64_t cents;
  bool paid;
};

std::shared_ptr<const Ledger> build(const std::string& name, const std::vector<Account>& accounts, const Definition& definition) {
  StringsBuilder id, household;
  Dates from, until;
  std::vector<std::uint8_t> still_there;
  Decimals value{{}, 2};
  Bools paid;
  for (const Account& account : accounts) {
    id.add(account.id);
    household.add(account.household);
    from.values.push_back(account.from);
    until.values.push_back(account.until.value_or(0));
    still_there.push_back(account.until ? 0 : 1);
    value.unscaled.push_back(account.cents);
    paid.values.push_back(account.paid ? 1 : 0);
  }
  Table table;
  table.columns.push_back({"account", std::move(id).finish()});
  table.columns.push_back({"household", std::move(household).finish()});
  table.columns.push_back({"from", std::move(from)});
  table.columns.push_back({"until", std::move(until), std::move(still_there)});
  table.columns.push_back({"value", std::move(value)});
  table.columns.push_back({"paid", std::move(paid)});
  return std::make_shared<const Ledger>(name, arrow::imported(std::move(table), name), definition, Grouping{.column = "household"});
}

/// Sales count accounts as they are booked.
std::shared_ptr<const Ledger> build_crm() {
  Definition definition{"account", "from", "until"};
  definition.value = "value";
  definition.currency = "USD";
  definition.key = "account";
  return build("CRM",
               {{"A1", "H1", on(2025, 11, 3), {}, 120'000, true},
                {"A2", "H1", on(2026, 1, 12), {}, 30'000, true},
                {"A3", "H2", on(2026, 1, 20), on(2026, 2, 15), 80'000, true},
                {"A4", "H3", on(2026, 2, 3), {}, 45'050, true}},
               definition);
}

/// The company counts households that pay, from the day they do.
std::shared_ptr<const Ledger> build_company() {
  Definition definition{"household", "from", "until"};
  definition.value = "value";
  definition.currency = "USD";
  definition.key = "account";
  Condition paid{Condition::Kind::compare, "paid", Compare::eq};
  paid.values.emplace_back(true);
  definition.where.push_back({"paid", paid});
  return build("company",
               {{"P1", "H1", on(2025, 11, 5), {}, 150'000, true},
                {"P2", "H2", on(2026, 2, 1), on(2026, 3, 1), 80'000, true},
                {"P3", "H3", on(2026, 2, 4), {}, 45'050, false}},
               definition);
}

void print_statement(const Reconciliation& report) {
  std::puts("ledger   month       opening  in  out  closing");
  for (const Reconciled& part : report.ledgers)
    for (const StatementRow& row : part.statement.rows)
      std::printf("%-8s %s %8lld %3lld %4lld %8lld\n", part.ledger->name().c_str(), to_string(day_of(row.period)).c_str(),
                  static_cast<long long>(row.customers(Flow::opening)), static_cast<long long>(row.customers(Flow::joined)),
                  static_cast<long long>(row.customers(Flow::left)), static_cast<long long>(row.customers(Flow::closing)));
}

std::string cell(const Column& column, std::size_t row) {
  if (column.is_null(row)) return "-";
  if (const auto* dates = std::get_if<Dates>(&column.data)) return to_string(day_of(dates->values[row]));
  if (const auto* counts = std::get_if<Ints>(&column.data)) return std::to_string(counts->values[row]);
  return label_text(column, static_cast<std::uint32_t>(row));
}

void print(const Table& table, const std::vector<std::string>& columns) {
  for (const std::string& name : columns) std::printf("%-11s ", name.c_str());
  std::puts("");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const std::string& name : columns) std::printf("%-11s ", cell(*table.find(name), row).c_str());
    std::puts("");
  }
}

}  // namespace

int main() {
  try {
    ReconcileOptions options;
    options.standard = build_company();
    options.start = day_of(on(2026, 1, 1));
    options.end = day_of(on(2026, 4, 1));
    const auto report = std::make_shared<const Reconciliation>(reconcile({build_crm()}, options));
    print_statement(*report);

    constexpr std::int32_t window = 90;  // days: how far apart two ledgers may date one event
    const std::size_t crm = report->index_of("CRM"), company = report->index_of("company");
    const Linkage groups = link(std::vector<const Ledger*>{report->ledgers[company].ledger.get(), report->ledgers[crm].ledger.get()}, options.run);
    const Differences differences = bridge_records(report, crm, company, groups, window, options.run);
    const std::vector<BridgeRow> sums = sum_differences(differences, options.run);
    std::puts("\nwhy the CRM's number is not the company's");
    print(bridge_table(differences, sums, MoneyStyle::minor), {"period", "direction", "reason", "rule", "count", "value"});
    std::puts("\nevery event of either side");
    print(records_table(differences, MoneyStyle::minor, options.run),
          {"ledger", "record", "unit", "group", "time", "direction", "reason", "rule", "partner", "other_time", "count", "value"});

    const Check adds_up = check_sums(differences, sums);
    std::printf("\n%s: %lld tested, %lld failures\n", adds_up.name.c_str(), static_cast<long long>(adds_up.tested),
                static_cast<long long>(adds_up.failures));
    return adds_up.failures == 0 ? 0 : 1;
  } catch (const InvalidInput& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
