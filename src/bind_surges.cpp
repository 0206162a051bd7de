// sojourn._core: voices in time, and surges.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/duration.hpp"
#include "sojourn/core/zone.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/surges.hpp"
#include "sojourn/listening/trend.hpp"
#include "sojourn/stats/burst.hpp"
#include "sojourn/stats/scores.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

/// series, period, expected, statistic, threshold, alarm of each period that is watched. @param counts by period, then series.
ResultTable detect_bursts(const std::vector<std::vector<std::uint64_t>>& counts, std::uint32_t length, std::uint32_t guard, std::uint32_t phases,
                          double false_alarms, std::optional<std::size_t> threads) {
  const Run run{threads.value_or(0)};
  const py::gil_scoped_release release;
  BurstPanel panel({length, guard, phases}, 0, false_alarms);
  Ints series, period;
  Reals expected, statistic, threshold;
  Bools alarm;
  for (std::size_t t = 0; t < counts.size(); ++t) {
    if (t == 0) {
      panel.feed({});
      for (const std::uint64_t count : counts.front()) panel.add(count);
      continue;
    }
    const auto verdicts = panel.feed(counts[t], run);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      if (!verdicts[i]) continue;
      series.values.push_back(static_cast<std::int64_t>(i));
      period.values.push_back(static_cast<std::int64_t>(t));
      expected.values.push_back(verdicts[i]->expected);
      statistic.values.push_back(verdicts[i]->statistic);
      threshold.values.push_back(verdicts[i]->threshold);
      alarm.values.push_back(verdicts[i]->alarm ? 1 : 0);
    }
  }
  Table table;
  table.columns.push_back({"series", std::move(series)});
  table.columns.push_back({"period", std::move(period)});
  table.columns.push_back({"expected", std::move(expected)});
  table.columns.push_back({"statistic", std::move(statistic)});
  table.columns.push_back({"threshold", std::move(threshold)});
  table.columns.push_back({"alarm", std::move(alarm)});
  return result(std::move(table));
}

/// Columns of words, one a dimension; none: null.
class WordColumns {
 public:
  explicit WordColumns(const std::vector<GroupBy>& by) : by_(by), words_(by.size()), nulls_(by.size()) {}

  void add(std::size_t d, const std::optional<std::string>& word) {
    words_[d].add(word.value_or(""));
    nulls_[d].push_back(word ? 0 : 1);
  }
  void append_to(Table& table) && {
    for (std::size_t d = 0; d < by_.size(); ++d) table.columns.push_back({to_string(by_[d]), std::move(words_[d]).finish(), std::move(nulls_[d])});
  }

 private:
  const std::vector<GroupBy>& by_;
  std::vector<StringsBuilder> words_;
  std::vector<std::vector<std::uint8_t>> nulls_;
};

ResultTable trend_table(const Attribution& attribution, const std::string& every, const std::vector<std::string>& by,
                        const std::optional<std::string>& topic, const std::string& time, double interval) {
  const py::gil_scoped_release release;
  check_confidence(interval);
  const PeriodGrid grid(Duration::parse(every, "every"), attribution.matches->log->zone());
  const VoiceGroups groups(attribution, read_groups(by), topic);
  const Trend found = trend(attribution, grid, groups);
  std::vector<std::int64_t> period;
  WordColumns words(groups.by());
  Reals voices;
  OptionalReals score, low, high;
  Ints occurrences;
  std::vector<std::uint8_t> no_occurrences;
  for (std::size_t i = 0; i < found.cells.size(); ++i) {
    const auto periods = static_cast<std::size_t>(found.periods);
    const VoiceGroup& group = found.groups[i / periods];
    const TrendCell& cell = found.cells[i];
    std::optional<ScoreEstimate> estimate;
    if (cell.scores.weight() > 0) estimate = sojourn::score(attribution.feedback->scale, cell.scores, cell.scores.weight(), interval);
    const bool bounded = estimate && estimate->interval;
    period.push_back(found.first + static_cast<std::int64_t>(i % periods));
    for (std::size_t d = 0; d < group.size(); ++d) words.add(d, groups.word(group, d));
    voices.values.push_back(cell.voices.value());
    score.add(estimate ? std::optional{estimate->score} : std::nullopt);
    low.add(bounded ? std::optional{estimate->interval->low} : std::nullopt);
    high.add(bounded ? std::optional{estimate->interval->high} : std::nullopt);
    occurrences.values.push_back(found.happened[i].value_or(0));
    no_occurrences.push_back(found.happened[i] ? 0 : 1);
  }
  Table table;
  table.columns.push_back(period_column("period", grid, time_kind(*attribution.feedback, time), period));
  std::move(words).append_to(table);
  table.columns.push_back({"voices", std::move(voices)});
  table.columns.push_back(std::move(score).column("score"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back({"occurrences", std::move(occurrences), std::move(no_occurrences)});
  table.columns.push_back({"complete", Bools{found.complete}});
  return result(std::move(table));
}

/// The watch after an update; the one before is left as it was, whatever fails.
SurgeWatch updated(const SurgeWatch& watch, const Attribution& attribution, const std::optional<std::string>& topic, const std::string& time,
                   std::optional<std::int64_t> until, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "watching for surges");
  const py::gil_scoped_release release;
  SurgeWatch out = watch;
  out.update(attribution, topic, time, until, run);
  return out;
}

ResultTable surges_table(const SurgeWatch& watch) {
  const std::vector<Surge> found = watch.surges();
  const PeriodGrid grid = watch.grid().value_or(PeriodGrid(days(1), ZoneRules{}));
  const auto periods = [&](const char* name, std::int64_t Surge::* which) {
    std::vector<std::int64_t> out;
    for (const Surge& surge : found) out.push_back(surge.*which);
    return period_column(name, grid, watch.kind(), out);
  };
  const auto reals = [&](const char* name, double Surge::* which) {
    Reals out;
    for (const Surge& surge : found) out.values.push_back(surge.*which);
    return Column{name, std::move(out)};
  };
  WordColumns words(watch.by());
  for (const Surge& surge : found)
    for (std::size_t d = 0; d < watch.by().size(); ++d) words.add(d, watch.series()[surge.series][d]);
  Table table;
  table.columns.push_back(periods("alarm", &Surge::alarm));
  std::move(words).append_to(table);
  table.columns.push_back(reals("expected", &Surge::expected));
  table.columns.push_back(reals("found", &Surge::found));
  table.columns.push_back(reals("statistic", &Surge::statistic));
  table.columns.push_back(reals("threshold", &Surge::threshold));
  table.columns.push_back(periods("first", &Surge::first));
  table.columns.push_back(periods("last", &Surge::last));
  table.columns.push_back({"false_alarms", Reals{std::vector<double>(found.size(), watch.options().false_alarms)}});
  return result(std::move(table));
}

py::bytes watch_bytes(const SurgeWatch& watch) { return serialise(watch); }

/// @param zone_of a function from a zone's name to its ZoneRules.
SurgeWatch watch_from(const py::bytes& data, const py::function& zone_of) {
  return SurgeWatch::deserialise(std::string_view(data), [&](const std::string& name) { return zone_of(name).cast<ZoneRules>(); });
}

}  // namespace

void bind_surges(py::module_& m) {
  py::class_<SurgeWatch>(m, "SurgeWatch")
      .def(py::init([](const std::string& every, const std::vector<std::string>& by, double false_alarms, const std::string& baseline) {
             return SurgeWatch({every, baseline, by, false_alarms});
           }),
           py::arg("every"), py::arg("by"), py::arg("false_alarms"), py::arg("baseline"))
      .def_property_readonly("series", [](const SurgeWatch& self) { return self.series().size(); })
      .def("next",
           [](const SurgeWatch& self) {
             Table table;
             if (const auto next = self.next()) table.columns.push_back(period_column("next", *self.grid(), self.kind(), {*next}));
             return result(std::move(table));
           })
      .def("updated", &updated, py::arg("attribution"), py::arg("topic"), py::arg("time"), py::arg("until"), py::arg("threads"))
      .def("surges", &surges_table);
  m.def("watch_bytes", &watch_bytes, py::arg("watch"));
  m.def("watch_from", &watch_from, py::arg("data"), py::arg("zone_of"));
  m.def("trend", &trend_table, py::arg("attribution"), py::arg("every"), py::arg("by"), py::arg("topic"), py::arg("time"), py::arg("interval"));
  m.def("detect_bursts", &detect_bursts, py::arg("counts"), py::arg("length"), py::arg("guard"), py::arg("phases"), py::arg("false_alarms"),
        py::arg("threads"));
}

}  // namespace sojourn::python
