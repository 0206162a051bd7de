// sojourn._core: scores by moment, stage, topic or source, and two of them side by side.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "moments_table.hpp"
#include "sojourn/listening/score_cells.hpp"
#include "sojourn/listening/score_comparison.hpp"
#include "sojourn/listening/score_spread.hpp"
#include "sojourn/stats/interval.hpp"
#include "sojourn/stats/scores.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// What the Python methods were given, in C++'s terms.
struct ScoresArguments : ScoreCellsOptions {
  double interval = 0.9;
  std::size_t draws = 1000;
  std::uint64_t seed = 0;
};

/// A column of levels; `solicited` as truth values.
Column levels_column(const std::string& name, const ScoreLevels& levels, const std::vector<std::size_t>& rows) {
  StringsBuilder words;
  Bools flags;
  std::vector<std::uint8_t> nulls;
  for (const std::size_t row : rows) {
    words.add(levels[row].value_or(""));
    flags.values.push_back(levels[row] == "true" ? 1 : 0);
    nulls.push_back(levels[row] ? 0 : 1);
  }
  if (name == "solicited") return {name, std::move(flags), std::move(nulls)};
  return {name, std::move(words).finish(), std::move(nulls)};
}

ResultTable scores_table(const Attribution& attribution, const ScoresArguments& a, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "drawing scores");
  const py::gil_scoped_release release;
  check_confidence(a.interval);
  const Feedback& feedback = *attribution.feedback;
  const ScoreCells cells = score_cells(attribution, a);
  const std::vector<CellScores> sums = sum_cells(feedback, cells);
  std::vector<std::size_t> every(cells.size()), key, apart;
  std::iota(every.begin(), every.end(), std::size_t{0});
  std::vector<CellSpread> spreads = bootstrap_cells(feedback, cells, every, {a.draws, a.seed, run});
  StringsBuilder stage;
  std::vector<std::uint8_t> about_none;
  Reals voices, n;
  OptionalReals score, low, high, mean, spread, spread_low, spread_high, promoters, passives, detractors;
  const auto& moments = attribution.matches->journey->moments();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const CellScores& cell = sums[i];
    key.push_back(i / cells.apart.size());
    apart.push_back(i % cells.apart.size());
    about_none.push_back(cells.keys[key.back()] ? 0 : 1);
    stage.add(a.by == "moment" && cells.keys[key.back()] ? moments[key.back()].stage : "");
    const auto found = estimate(attribution, cell.marks, a.interval);
    const bool bounded = found && found->interval;
    voices.values.push_back(cell.voices.value());
    n.values.push_back(cell.marks.weight());
    score.add(found ? std::optional{found->score} : std::nullopt);
    low.add(bounded ? std::optional{found->interval->low} : std::nullopt);
    high.add(bounded ? std::optional{found->interval->high} : std::nullopt);
    mean.add(found ? std::optional{cell.answers.mean()} : std::nullopt);
    spread.add(spreads[i].spread);
    const auto drawn =
        spreads[i].spread && spreads[i].customers > 1 ? std::optional{percentile_interval(spreads[i].spreads, a.interval)} : std::nullopt;
    spread_low.add(drawn ? std::optional{drawn->low} : std::nullopt);
    spread_high.add(drawn ? std::optional{drawn->high} : std::nullopt);
    const bool shares = found && feedback.scale == ScoreScale::nps;
    const double middle = shares ? cell.marks.mean() : 0, extreme = shares ? cell.marks.mean_square() : 0;
    promoters.add(shares ? std::optional{(extreme + middle) / 2} : std::nullopt);
    passives.add(shares ? std::optional{1 - extreme} : std::nullopt);
    detractors.add(shares ? std::optional{(extreme - middle) / 2} : std::nullopt);
  }
  Table table;
  table.columns.push_back(levels_column(a.by, cells.keys, key));
  if (a.by == "moment") table.columns.push_back({"stage", std::move(stage).finish(), std::move(about_none)});
  if (a.apart) table.columns.push_back(levels_column(*a.apart, cells.apart, apart));
  table.columns.push_back({"voices", std::move(voices)});
  table.columns.push_back({"n", std::move(n)});
  table.columns.push_back(std::move(score).column("score"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back(std::move(mean).column("mean"));
  table.columns.push_back(std::move(spread).column("spread"));
  table.columns.push_back(std::move(spread_low).column("spread_low"));
  table.columns.push_back(std::move(spread_high).column("spread_high"));
  table.columns.push_back(std::move(promoters).column("promoters"));
  table.columns.push_back(std::move(passives).column("passives"));
  table.columns.push_back(std::move(detractors).column("detractors"));
  return result(std::move(table));
}

/// The two means, the difference's bounds; the two spreads, the ratio's bounds (None, None where a's answers do not differ).
py::tuple compared(const Attribution& attribution, const std::string& a, const std::string& b, const ScoresArguments& with,
                   std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "drawing scores");
  const ScoreComparison found = [&] {
    const py::gil_scoped_release release;
    return compare_scores(attribution, with, a, b, with.interval, {with.draws, with.seed, run});
  }();
  const py::tuple means = py::make_tuple(found.mean_a, found.mean_b, found.difference.low, found.difference.high);
  if (!found.ratio) return py::tuple(means + py::make_tuple(found.spread_a, found.spread_b, py::none(), py::none()));
  return py::tuple(means + py::make_tuple(found.spread_a, found.spread_b, found.ratio->low, found.ratio->high));
}

}  // namespace

void bind_scores(py::module_& m) {
  py::class_<ScoresArguments>(m, "ScoresArguments")
      .def(py::init<>())
      .def_readwrite("by", &ScoresArguments::by)
      .def_readwrite("apart", &ScoresArguments::apart)
      .def_readwrite("topic", &ScoresArguments::topic)
      .def_readwrite("solicited", &ScoresArguments::solicited)
      .def_readwrite("interval", &ScoresArguments::interval)
      .def_readwrite("draws", &ScoresArguments::draws)
      .def_readwrite("seed", &ScoresArguments::seed);
  m.def("scores", &scores_table, py::arg("attribution"), py::arg("arguments"), py::arg("threads"));
  m.def("compare_scores", &compared, py::arg("attribution"), py::arg("a"), py::arg("b"), py::arg("arguments"), py::arg("threads"),
        "mean_a, mean_b, low, high, spread_a, spread_b, ratio_low, ratio_high.");
}

}  // namespace sojourn::python
