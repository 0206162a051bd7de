#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <vector>

#include "sojourn/core/buffer.hpp"
#include "sojourn/core/condition_json.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/threads.hpp"

using namespace sojourn;

TEST_CASE("names that are near are offered, names that are far are not") {
  const std::vector<std::string> names = {"customer", "time", "event", "amount"};
  CHECK(did_you_mean("custmer", names) == " (did you mean 'customer'?)");
  CHECK(did_you_mean("Customer", names) == " (did you mean 'customer'?)");
  CHECK(did_you_mean("customer_id", names) == " (did you mean 'customer'?)");
  CHECK(did_you_mean("tiem", names) == " (did you mean 'time'?)");
  CHECK(did_you_mean("zzzzzz", names).empty());
  CHECK(did_you_mean(std::string(100'000, 'x'), names).empty());
}

TEST_CASE("exact sums do not depend on order or on grouping") {
  std::mt19937_64 random(1);
  std::vector<double> xs;
  for (int i = 0; i < 10'000; ++i)
    xs.push_back(std::ldexp(static_cast<double>(random() % 1'000'003) - 500'000.0, static_cast<int>(random() % 60) - 30));
  ExactSum forward;
  for (const double x : xs) forward.add(x);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(xs.begin(), xs.end(), random);
    ExactSum left, right;
    const std::size_t cut = random() % xs.size();
    for (std::size_t i = 0; i < xs.size(); ++i) (i < cut ? left : right).add(xs[i]);
    right.merge(left);
    CHECK(right == forward);
  }
  ExactSum cents;
  for (int i = 0; i < 1'000'000; ++i) cents.add(0.01);
  CHECK(cents.value() == doctest::Approx(10'000.0).epsilon(1e-13));
  ExactSum big;
  big.add(1e21);
  CHECK(big.value() == 1e21);
  CHECK_THROWS_AS(big.add(1e22), InvalidInput);
  CHECK_THROWS_AS(big.add(std::nan("")), InvalidInput);
  CHECK_THROWS_AS(([&] {
                    for (int i = 0; i < 1000; ++i) big.add(1e21);
                  }()),
                  InvalidInput);
}

TEST_CASE("parallel_for runs every task once, and the lowest failure is the one thrown") {
  for (const std::size_t threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> ran(1000);
    parallel_for(ran.size(), {threads, {}}, [&](std::size_t i) { ++ran[i]; });
    CHECK(std::all_of(ran.begin(), ran.end(), [](const auto& n) { return n == 1; }));
    for (int round = 0; round < 20; ++round)
      CHECK_THROWS_WITH(parallel_for(1000, {threads, {}},
                                     [](std::size_t i) {
                                       if (i % 100 == 37) throw InvalidInput(std::to_string(i));
                                     }),
                        "37");
  }
  int calls = 0;
  const auto stop = [&](double) {
    ++calls;
    throw Interrupted();
  };
  CHECK_THROWS_AS(parallel_for(100, {2, stop}, [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }), Interrupted);
  CHECK(calls == 1);
  parallel_for(0, {4, {}}, [](std::size_t) { FAIL("no tasks"); });
  std::size_t covered = 0;
  for (const Slice s : slices(10, 3)) covered += s.end - s.begin;
  CHECK(covered == 10);
  CHECK(slices(0, 4).front().end == 0);
}

namespace {

/// Row 0: order, 120, 2026-03-01; row 1: return, null, null.
Table two_rows() {
  StringsBuilder kind;
  kind.add("order");
  kind.add("return");
  Table t;
  t.columns.push_back({"kind", std::move(kind).finish()});
  t.columns.push_back({"amount", Reals{{120.0, 0.0}}, {0, 1}});
  t.columns.push_back({"n", Ints{{(std::int64_t{1} << 53) + 1, 2}}});
  t.columns.push_back({"day", Dates{{20513, 0}}, {0, 1}});
  t.columns.push_back({"paid", Bools{{1, 0}}});
  t.columns.push_back({"price", Decimals{{12010, -5}, 2}});
  return t;
}

Truth judge(const std::string& json, std::size_t row, NullRule nulls = NullRule::unknown) {
  const auto value = parse_json(json, "test");
  const Condition condition = read_conditions(JsonCursor(value, "where"), SpellRules::allowed);
  const Table table = two_rows();
  const auto written = write_conditions(condition);
  const Condition again = read_conditions(JsonCursor(boost::json::value(written), "where"), SpellRules::allowed);
  CHECK((again == condition || condition.kind != Condition::Kind::all));
  return BoundCondition(condition, table.pointers(), nulls, "records").judge(row);
}

}  // namespace

TEST_CASE("conditions: comparisons, nulls unknown or a value") {
  CHECK(judge(R"([{"column":"kind","op":"==","value":"order"}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"kind","op":"in","value":["a","return"]}])", 1) == Truth::yes);
  CHECK(judge(R"([{"column":"kind","op":"<","value":"p"}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"amount","op":">","value":100}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"amount","op":">","value":100}])", 1) == Truth::unknown);
  CHECK(judge(R"([{"column":"amount","op":">","value":100}])", 1, NullRule::value) == Truth::no);
  CHECK(judge(R"([{"column":"amount","op":"!=","value":100}])", 1, NullRule::value) == Truth::yes);
  CHECK(judge(R"([{"column":"amount","op":"==","value":null}])", 1, NullRule::value) == Truth::yes);
  CHECK(judge(R"([{"column":"amount","op":"is_null"}])", 1) == Truth::yes);
  CHECK(judge(R"([{"column":"amount","op":"is_null","value":false}])", 1) == Truth::no);
  CHECK(judge(R"([{"column":"n","op":">","value":9007199254740992}])", 0) == Truth::yes);  // 2^53 + 1 > 2^53: no double in between
  CHECK(judge(R"([{"column":"day","op":">=","value":"2026-03-01"}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"paid","op":"==","value":true}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"price","op":"==","value":120.1}])", 0) == Truth::yes);
  CHECK(judge(R"([{"column":"price","op":"<","value":0}])", 1) == Truth::yes);
}

TEST_CASE("conditions: Kleene's logic") {
  const std::string unknown = R"({"column":"amount","op":">","value":0})", yes = R"({"column":"paid","op":"==","value":false})";
  CHECK(judge("[" + unknown + "," + yes + "]", 1) == Truth::unknown);
  CHECK(judge(R"([{"any":[)" + unknown + "," + yes + "]}]", 1) == Truth::yes);
  CHECK(judge(R"([{"not":)" + unknown + "}]", 1) == Truth::unknown);
  CHECK(judge(R"([{"not":[)" + yes + "," + unknown + "]}]", 1) == Truth::unknown);
  CHECK(judge(R"([{"any":[]}])", 0) == Truth::no);
  CHECK(judge("[]", 0) == Truth::yes);
}

TEST_CASE("conditions: faults are named with their place") {
  CHECK_THROWS_WITH(judge(R"([{"column":"amout","op":">","value":1}])", 0), doctest::Contains("did you mean 'amount'"));
  CHECK_THROWS_WITH(judge(R"([{"column":"amount","op":"=","value":1}])", 0), doctest::Contains("where[0].op: found \"=\", expected one of =="));
  CHECK_THROWS_WITH(judge(R"([{"column":"amount","op":">","value":"x"}])", 0), doctest::Contains("compared with 'x', expected a number"));
  CHECK_THROWS_WITH(judge(R"([{"column":"day","op":">","value":"2026-02-30"}])", 0), doctest::Contains("expected a date"));
  CHECK_THROWS_WITH(judge(R"([{"colum":"day","op":">","value":"x"}])", 0), doctest::Contains("unknown key 'colum' (did you mean 'column'?)"));
  CHECK_THROWS_WITH(judge(R"([{"spell_number":0}])", 0), doctest::Contains("expected 1 or more"));
  const auto value = parse_json(R"([{"spell_number":1}])", "test");
  CHECK_THROWS_AS(read_conditions(JsonCursor(value, "where"), SpellRules::refused), InvalidInput);
}

TEST_CASE("JSON text that is damaged, too deep or followed by more is refused with line and column") {
  CHECK_THROWS_WITH(parse_json("{\n \"a\": ,}", "file.json"), doctest::Contains("file.json, line 2, column"));
  CHECK_THROWS_WITH(parse_json("{\"a\": {\"b\": 1},\n \"c\": [{\"a\": 1, \"b\\\"\": \":\", \"a\": 2}]}", "f"),
                    doctest::Contains("f, line 2, column 29: found a key for the second time"));
  CHECK(parse_json("{\"a\": {\"a\": [{\"a\": \"a\"}, {\"a\": \"{\\\\\"}]}}", "f").is_object());
  CHECK_THROWS_AS(parse_json("{} x", "f"), InvalidInput);
  CHECK_THROWS_AS(parse_json("", "f"), InvalidInput);
  CHECK_THROWS_AS(parse_json(std::string(100'000, '['), "f"), InvalidInput);
}

TEST_CASE("buffers move") {
  Buffer<std::int64_t> a(std::size_t{1} << 20);
  a[0] = 7, a[a.size() - 1] = 9;
  Buffer<std::int64_t> b = std::move(a);
  CHECK(a.size() == 0);
  CHECK(b[b.size() - 1] == 9);
  CHECK(Buffer<int>(0).empty());
}
