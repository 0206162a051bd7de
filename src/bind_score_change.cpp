// sojourn._core: why a score moved.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "sojourn/arrow/import.hpp"
#include "sojourn/arrow/read.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/score_change.hpp"
#include "sojourn/listening/voice_customers.hpp"
#include "sojourn/stats/score_change.hpp"
#include "sojourn/stats/scores.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// Which columns of the two tables hold what.
struct SurveyColumns {
  std::string score, group;
  std::optional<std::string> customer, weight;
};

using GroupName = std::pair<bool, std::string>;  // whether it is null, so that null is last

/// One side's answers; what each says of its group is kept apart until the groups of both sides are known.
class SurveySide {
 public:
  SurveySide(const arrow::Imported& table, const SurveyColumns& columns, ScoreScale scale, bool after) {
    const arrow::Field scores = table.field(columns.score);
    const Column score = arrow::read_column(scores), group = arrow::read_column(table.field(columns.group));
    check_group(group, table.field(columns.group));
    std::vector<double> weight;
    if (columns.weight) weight = read_weights(table.field(*columns.weight));
    std::vector<std::uint64_t> keys;
    if (columns.customer) keys = read_customers(table.field(*columns.customer));
    for (std::size_t i = 0; i < static_cast<std::size_t>(table.rows()); ++i) {
      const std::optional<double> cell = number(score, i, scores);
      if (!cell) {
        ++unscored;
        continue;
      }
      check_score(scale, *cell, scores.at(static_cast<std::int64_t>(i)));
      if (!weight.empty() && weight[i] == 0) continue;
      const std::uint64_t row = 2 * static_cast<std::uint64_t>(i) + (after ? 1 : 0);
      answers.push_back({0, after, score_mark(scale, *cell), weight.empty() ? 1.0 : weight[i], 1.0, keys.empty() ? mix_bits(row) : keys[i]});
      names.push_back(name(group, i));
    }
  }

  std::vector<GroupedAnswer> answers;
  std::vector<GroupName> names;  // an answer each
  std::int64_t unscored = 0;

 private:
  static std::optional<double> number(const Column& column, std::size_t i, const arrow::Field& field) {
    if (column.is_null(i)) return std::nullopt;
    double x = 0;
    if (const auto* reals = std::get_if<Reals>(&column.data)) x = reals->values[i];
    else if (const auto* integers = std::get_if<Ints>(&column.data)) x = static_cast<double>(integers->values[i]);
    else if (const auto* decimals = std::get_if<Decimals>(&column.data))
      x = static_cast<double>(decimals->unscaled[i]) / std::pow(10.0, decimals->scale);
    else refuse(field.place(), column.kind(), "numbers");
    return std::isnan(x) ? std::nullopt : std::optional{x};
  }

  static void check_group(const Column& column, const arrow::Field& field) {
    if (!std::holds_alternative<Strings>(column.data) && !std::holds_alternative<Ints>(column.data) && !std::holds_alternative<Bools>(column.data))
      refuse(field.place(), column.kind(), "strings, whole numbers or booleans");
  }

  static GroupName name(const Column& column, std::size_t i) {
    if (column.is_null(i)) return {true, ""};
    if (const auto* words = std::get_if<Strings>(&column.data)) return {false, (*words->words)[words->codes[i]]};
    if (const auto* flags = std::get_if<Bools>(&column.data)) return {false, flags->values[i] != 0 ? "true" : "false"};
    return {false, std::to_string(std::get<Ints>(column.data).values[i])};
  }

  /// Survey weights as they are; 0 leaves an answer out.
  static std::vector<double> read_weights(const arrow::Field& field) {
    const Column column = arrow::read_column(field);
    std::vector<double> out;
    for (std::size_t i = 0; i < column.size(); ++i) {
      const std::optional<double> weight = number(column, i, field);
      if (!weight || !(*weight >= 0 && std::isfinite(*weight)))
        refuse(field.at(static_cast<std::int64_t>(i)), weight ? std::to_string(*weight) : "null", "a finite number of 0 or more");
      out.push_back(*weight);
    }
    return out;
  }

  static std::vector<std::uint64_t> read_customers(const arrow::Field& field) {
    const Column column = arrow::read_column(field);
    if (!std::holds_alternative<Strings>(column.data) && !std::holds_alternative<Ints>(column.data))
      refuse(field.place(), column.kind(), "strings or whole numbers (customer ids)");
    for (std::size_t i = 0; i < column.size(); ++i)
      if (column.is_null(i)) refuse(field.at(static_cast<std::int64_t>(i)), "null", "a customer id");
    return customer_keys(column);
  }
};

/// Groups of both sides first, then those that entered, then those that left.
std::vector<std::size_t> shown_order(const ScoreChange& change) {
  std::vector<std::size_t> order(change.groups.size());
  for (std::size_t g = 0; g < order.size(); ++g) order[g] = g;
  const auto rank = [&](std::size_t g) { return change.groups[g].entered() ? 1 : change.groups[g].left() ? 2 : 0; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

/// The tables of groups and of totals. @param names of group g: names[c][g], null if none.
std::pair<ResultTable, ResultTable> tables(const ScoreChange& change, const std::vector<std::string>& columns,
                                           const std::vector<std::vector<std::optional<std::string>>>& names) {
  const std::vector<std::size_t> order = shown_order(change);
  Table groups;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    StringsBuilder builder;
    std::vector<std::uint8_t> nulls;
    for (const std::size_t g : order) builder.add(names[c][g].value_or("")), nulls.push_back(names[c][g] ? 0 : 1);
    groups.columns.push_back({columns[c], std::move(builder).finish(), std::move(nulls)});
  }
  StringsBuilder kind;
  Reals n_before, n_after, share_before, share_after, who, said;
  OptionalReals score_before, score_after;
  for (const std::size_t g : order) {
    const GroupChange& row = change.groups[g];
    kind.add(row.entered() ? "entered" : row.left() ? "left" : "both");
    n_before.values.push_back(row.n_before);
    n_after.values.push_back(row.n_after);
    share_before.values.push_back(row.share_before);
    share_after.values.push_back(row.share_after);
    score_before.add(row.score_before);
    score_after.add(row.score_after);
    who.values.push_back(row.who);
    said.values.push_back(row.said);
  }
  groups.columns.push_back({"kind", std::move(kind).finish()});
  groups.columns.push_back({"n_before", std::move(n_before)});
  groups.columns.push_back({"n_after", std::move(n_after)});
  groups.columns.push_back({"share_before", std::move(share_before)});
  groups.columns.push_back({"share_after", std::move(share_after)});
  groups.columns.push_back(std::move(score_before).column("score_before"));
  groups.columns.push_back(std::move(score_after).column("score_after"));
  groups.columns.push_back({"who", std::move(who)});
  groups.columns.push_back({"said", std::move(said)});

  StringsBuilder part;
  Reals value, low, high;
  const std::array<std::pair<const char*, const ChangePart*>, 7> all{{{"before", &change.before},
                                                                      {"after", &change.after},
                                                                      {"change", &change.change},
                                                                      {"who", &change.who},
                                                                      {"said", &change.said},
                                                                      {"entered", &change.entered},
                                                                      {"left", &change.left}}};
  for (const auto& [name, figure] : all) {
    part.add(name);
    value.values.push_back(figure->value);
    low.values.push_back(figure->interval.low);
    high.values.push_back(figure->interval.high);
  }
  Table totals;
  totals.columns.push_back({"part", std::move(part).finish()});
  totals.columns.push_back({"value", std::move(value)});
  totals.columns.push_back({"low", std::move(low)});
  totals.columns.push_back({"high", std::move(high)});
  return {result(std::move(groups)), result(std::move(totals))};
}

using Answer = std::tuple<ResultTable, ResultTable, std::int64_t, std::int64_t>;

double unit_of(ScoreScale scale) { return scale == ScoreScale::nps ? 100.0 : 1.0; }

Answer survey_change(const py::object& before, const py::object& after, const std::string& score, const std::string& group, const std::string& scale,
                     const std::optional<std::string>& customer, const std::optional<std::string>& weight, double interval, std::size_t draws,
                     std::uint64_t seed, std::optional<std::size_t> threads) {
  const auto first = import_table(before, "before"), second = import_table(after, "after");
  const ScoreScale read = read_scale(scale);
  const ScoreChangeOptions options{interval, draws, seed, make_run(threads, "drawing changes")};
  const py::gil_scoped_release release;
  const SurveyColumns columns{score, group, customer, weight};
  SurveySide sides[2] = {{*first, columns, read, false}, {*second, columns, read, true}};
  std::map<GroupName, std::uint32_t> numbers;
  for (const SurveySide& side : sides)
    for (const GroupName& name : side.names) numbers.emplace(name, 0);
  std::vector<std::optional<std::string>> names;
  for (auto& [name, number] : numbers) {
    number = static_cast<std::uint32_t>(names.size());
    names.push_back(name.first ? std::nullopt : std::optional{name.second});
  }
  std::vector<GroupedAnswer> answers;
  for (SurveySide& side : sides) {
    double most = 0;
    for (const GroupedAnswer& answer : side.answers) most = std::max(most, answer.weight);
    int binary_places = 0;  // weights are brought to about 1 by a power of two, which loses nothing; shares are within a side
    std::frexp(most, &binary_places);
    for (std::size_t i = 0; i < side.answers.size(); ++i) {
      GroupedAnswer answer = side.answers[i];
      answer.group = numbers.at(side.names[i]);
      answer.weight = std::ldexp(answer.weight, -binary_places);
      answers.push_back(answer);
    }
  }
  const ScoreChange change = score_change(answers, names.size(), unit_of(read), options);
  auto [groups, totals] = tables(change, {"group"}, {names});
  return {std::move(groups), std::move(totals), sides[0].unscored, sides[1].unscored};
}

Answer voices_change(const Attribution& attribution, std::int64_t at, const std::vector<std::string>& by, double interval, std::size_t draws,
                     std::uint64_t seed, std::optional<std::size_t> threads) {
  const ScoreChangeOptions options{interval, draws, seed, make_run(threads, "drawing changes")};
  const py::gil_scoped_release release;
  ChangeGroups what;
  for (const std::string& word : by) {
    if (word == "moment") what.moment = true;
    else if (word == "stage") what.stage = true;
    else if (word == "source") what.source = true;
    else refuse("by", "'" + word + "'", "'moment', 'stage' or 'source'");
  }
  if (by.empty()) refuse("by", "nothing", "'moment', 'stage' or 'source'");
  const GroupedVoices voices = grouped_voices(attribution, at, what);
  const ScoreChange change = score_change(voices.answers, voices.groups.size(), unit_of(attribution.feedback->scale), options);
  std::vector<std::vector<std::optional<std::string>>> names;
  for (const std::string& word : by) {
    std::vector<std::optional<std::string>> column;
    for (const ChangeGroup& group : voices.groups) column.push_back(word == "moment" ? group.moment : word == "stage" ? group.stage : group.source);
    names.push_back(std::move(column));
  }
  auto [groups, totals] = tables(change, by, names);
  return {std::move(groups), std::move(totals), voices.unscored_before, voices.unscored_after};
}

}  // namespace

void bind_score_change(py::module_& m) {
  m.def("survey_change", &survey_change, py::arg("before"), py::arg("after"), py::arg("score"), py::arg("group"), py::arg("scale"),
        py::arg("customer"), py::arg("weight"), py::arg("interval"), py::arg("draws"), py::arg("seed"), py::arg("threads"));
  m.def("voices_change", &voices_change, py::arg("attribution"), py::arg("at"), py::arg("by"), py::arg("interval"), py::arg("draws"), py::arg("seed"),
        py::arg("threads"));
}

}  // namespace sojourn::python
