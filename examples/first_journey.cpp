// A first journey from C++: build a log, match a journey, print the edges of its graph and a statement of customers in and out.
#include <cstdio>
#include <iostream>
#include <memory>
#include <sojourn/sojourn.hpp>
#include <string>
#include <vector>

namespace {

using namespace sojourn;

constexpr std::int64_t day = micros_per_day;

/// Four customers of a subscription: one stays, one leaves at once, one after a complaint, one after a long silence.
EventLog build_log() {
  struct Event {
    std::int64_t customer, time;
    const char* name;
    double amount;
  };
  const std::vector<Event> events = {
      {1, 0 * day, "order", 20.0},   {2, 1 * day, "order", 35.5},  {3, 2 * day, "order", 12.0},  {4, 3 * day, "order", 50.0},
      {2, 4 * day, "cancel", 0.0},   {3, 9 * day, "contact", 0.0}, {1, 12 * day, "order", 20.0}, {3, 14 * day, "contact", 0.0},
      {3, 20 * day, "contact", 0.0}, {3, 25 * day, "cancel", 0.0}, {1, 50 * day, "order", 22.0}, {1, 90 * day, "order", 21.0},
  };
  Ints customer;
  Times time;
  StringsBuilder name;
  Reals amount;
  for (const Event& event : events) {
    customer.values.push_back(event.customer);
    time.values.push_back(event.time);
    name.add(event.name);
    amount.values.push_back(event.amount);
  }
  Table table;
  table.columns.push_back({"customer", std::move(customer)});
  table.columns.push_back({"time", std::move(time)});
  table.columns.push_back({"event", std::move(name).finish()});
  table.columns.push_back({"amount", std::move(amount)});
  IngestOptions options;
  options.columns.value = "amount";
  return ingest(std::move(table), options);
}

constexpr const char* journey_json = R"({
  "schema": "sojourn-journey-1", "journey": "a subscription", "version": 1,
  "stages": [{"id": "buy", "name": "Buy"}, {"id": "help", "name": "Get help"}],
  "moments": [
    {"id": "first_order", "stage": "buy", "when": {"nth": "order", "n": 1}},
    {"id": "third_contact", "stage": "help", "when": {"count": "contact", "at_least": 3, "within": "30d"}},
    {"id": "silent", "stage": "buy", "when": {"gap": "30d"}}
  ],
  "outcomes": [{"id": "left", "when": {"event": "cancel"}}]
})";

void print_edges(const JourneyGraph& graph) {
  std::puts("from           to             moves customers  probability");
  const JourneyGraph::Structure& structure = graph.structure();
  for (const auto at : boost::make_iterator_range(boost::edges(structure))) {
    const JourneyEdge& edge = structure[at];
    std::printf("%-14s %-14s %5lld %9lld  %11.2f\n", structure[boost::source(at, structure)].id.c_str(),
                structure[boost::target(at, structure)].id.c_str(), static_cast<long long>(edge.count), static_cast<long long>(edge.customers),
                edge.probability);
  }
}

/// The subscriptions behind those events, as a billing system holds them.
std::shared_ptr<const Ledger> build_ledger() {
  Table table;
  table.columns.push_back({"account", Ints{{1, 2, 3, 4}}});
  table.columns.push_back({"from", Dates{{0, 1, 2, 3}}});
  table.columns.push_back({"until", Dates{{0, 4, 25, 0}}, {1, 0, 0, 1}});
  table.columns.push_back({"monthly", Decimals{{2000, 3550, 1200, 5000}, 2}});
  Definition definition{"account", "from", "until"};
  definition.value = "monthly";
  definition.currency = "USD";
  return std::make_shared<const Ledger>("BILLING", arrow::imported(std::move(table), "BILLING"), definition);
}

void print_statement(const std::shared_ptr<const Ledger>& ledger) {
  ReconcileOptions options;
  options.standard = ledger;
  options.start = day_of(0);  // 1970-01-01
  options.end = day_of(90);   // 1970-04-01
  const Reconciliation report = reconcile({ledger}, options);
  std::puts("month       opening  new  left  closing   closing value");
  for (const StatementRow& row : report.of("BILLING").statement.rows) {
    std::printf("%s %8lld %4lld %5lld %8lld %12.2f USD\n", to_string(day_of(row.period)).c_str(),
                static_cast<long long>(row.customers(Flow::opening)), static_cast<long long>(row.customers(Flow::fresh)),
                static_cast<long long>(row.customers(Flow::left)), static_cast<long long>(row.customers(Flow::closing)),
                static_cast<double>(row.worth(Flow::closing)) / 100.0);
  }
}

}  // namespace

int main() {
  try {
    const Matches matches = match(Journey::parse(journey_json), build_log());
    print_edges(JourneyGraph(std::make_shared<const Paths>(paths(matches))));
    print_statement(build_ledger());
  } catch (const InvalidInput& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
