// sojourn._core: journeys, patterns, matches and the walks over them.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "logs.hpp"
#include "matches.hpp"
#include "sojourn/core/take.hpp"
#include "sojourn/experience/advance.hpp"
#include "sojourn/experience/journey_check.hpp"
#include "sojourn/experience/journey_json.hpp"
#include "sojourn/experience/match.hpp"
#include "sojourn/experience/occurrence_ids.hpp"
#include "sojourn/experience/paths.hpp"
#include "sojourn/experience/pattern_text.hpp"
#include "sojourn/experience/summaries.hpp"
#include "sojourn/stats/wilson.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

Column key_column(const EventLog& log, const std::vector<std::uint64_t>& rows) {
  if (log.key() != nullptr) return take<std::uint64_t>(*log.key(), rows, "key");
  Strings none{std::vector<std::uint32_t>(rows.size()), std::make_shared<const std::vector<std::string>>(1)};
  return {"key", std::move(none), std::vector<std::uint8_t>(rows.size(), 1)};
}

/// The ids of the customers of occurrences, which ascend; strings: one word a customer, in two passes over the slices.
Column customer_column(const CustomerIds& ids, std::span<const Occurrence> occurrences, std::span<const Slice> parts, const Run& run) {
  const std::size_t n = occurrences.size();
  if (!ids.are_strings()) {
    Ints out{std::vector<std::int64_t>(n), ids.format()};
    parallel_for(parts.size(), run, [&](std::size_t p) {
      for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) out.values[i] = ids.integer(occurrences[i].customer);
    });
    return {"customer", std::move(out)};
  }
  const auto is_first = [&](std::size_t i) { return i == 0 || occurrences[i].customer != occurrences[i - 1].customer; };
  std::vector<std::uint32_t> before(parts.size() + 1);  // by slice: customers that begin before it
  parallel_for(parts.size(), run, [&](std::size_t p) {
    std::uint32_t begun = 0;
    for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) begun += is_first(i);
    before[p + 1] = begun;
  });
  std::partial_sum(before.begin(), before.end(), before.begin());
  std::vector<std::uint32_t> codes(n);
  std::vector<std::string> words(before.back());
  parallel_for(parts.size(), run, [&](std::size_t p) {
    std::uint32_t begun = before[p];
    for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) {
      if (is_first(i)) words[begun++] = ids.string(occurrences[i].customer);
      codes[i] = begun - 1;
    }
  });
  return {"customer", Strings{std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(words))}};
}

/// The values of rows, NaN marked as none. They lie far apart in memory: picked in a loop without branches, they are waited for together.
void pick(std::span<const double> values, const std::vector<std::uint64_t>& rows, Slice part, double* out, std::uint8_t* none) {
  for (std::size_t i = part.begin; i < part.end; ++i) out[i] = values[rows[i]];
  for (std::size_t i = part.begin; i < part.end; ++i) {
    none[i] = out[i] != out[i];
    out[i] = none[i] != 0 ? 0.0 : out[i];
  }
}

/// The table of some occurrences, whose customers ascend, and their ids.
ResultTable occurrences_result(const Matches& matches, std::span<const Occurrence> occurrences, const Run& run) {
  const std::size_t n = occurrences.size();
  const EventLog& log = *matches.log;
  const std::vector<Slice> parts = occurrence_slices(n);
  OccurrenceIds ids(matches, occurrences, parts);
  std::vector<std::uint32_t> moments(n), stages(n);
  std::vector<std::int64_t> times(n), starts(n);
  std::vector<std::uint64_t> rows(n);
  Reals values{std::vector<double>(n)};
  std::vector<std::uint8_t> no_value(n, 1);
  parallel_for(parts.size(), run, [&](std::size_t p) {
    ids.fill(p);
    for (std::size_t i = parts[p].begin; i < parts[p].end; ++i) {
      const Occurrence& o = occurrences[i];
      moments[i] = stages[i] = o.moment;
      times[i] = o.time;
      starts[i] = o.start_time;
      rows[i] = o.event;
    }
    if (!log.values().empty()) pick(log.values(), rows, parts[p], values.values.data(), no_value.data());
  });
  Table table;
  table.columns.push_back({"occurrence_id", Ints{std::move(ids).finish(run)}});
  table.columns.push_back(customer_column(log.ids(), occurrences, parts, run));
  table.columns.push_back({"moment", words_of(*matches.journey, std::move(moments), &Moment::id)});
  table.columns.push_back({"stage", words_of(*matches.journey, std::move(stages), &Moment::stage)});
  table.columns.push_back(log.time_column("time", std::move(times)));
  table.columns.push_back(log.time_column("start_time", std::move(starts)));
  table.columns.push_back({"value", std::move(values), std::move(no_value)});
  table.columns.push_back(key_column(log, rows));
  return result(std::move(table));
}

ResultTable occurrences_table(const Matches& matches, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "naming occurrences");
  const py::gil_scoped_release release;
  return occurrences_result(matches, matches.occurrences, run);
}

SharedMatches advance_matches(const Matches& earlier, const SharedLog& log, std::optional<std::size_t> threads) {
  const MatchOptions options{make_run(threads, "matching")};
  const py::gil_scoped_release release;
  return std::make_shared<Matches>(advance(earlier, log, options));
}

/// The occurrences that an earlier match did not have.
ResultTable new_since(const Matches& matches, const Matches& earlier, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "naming occurrences");
  const py::gil_scoped_release release;
  const std::vector<Occurrence> fresh = new_occurrences(matches, earlier);
  return occurrences_result(matches, fresh, run);
}

ResultTable undecided_table(const Matches& matches) {
  const py::gil_scoped_release release;
  std::vector<std::uint32_t> customers, moments;
  std::vector<std::int64_t> times;
  StringsBuilder reasons;
  for (const Undecided& u : matches.undecided) {
    customers.push_back(u.customer);
    moments.push_back(u.moment);
    times.push_back(u.time);
    reasons.add(to_string(u.reason));
  }
  Table table;
  table.columns.push_back({"moment", words_of(*matches.journey, std::move(moments), &Moment::id)});
  table.columns.push_back(matches.log->ids().column("customer", customers));
  table.columns.push_back(matches.log->time_column("time", std::move(times)));
  table.columns.push_back({"reason", std::move(reasons).finish()});
  return result(std::move(table));
}

TimeRange range_of(std::optional<std::int64_t> start, std::optional<std::int64_t> end) {
  TimeRange range;
  range.start = start.value_or(range.start);
  range.end = end.value_or(range.end);
  return range;
}

ResultTable moments_table(const Matches& matches, std::optional<std::int64_t> start, std::optional<std::int64_t> end) {
  const py::gil_scoped_release release;
  StringsBuilder moment, stage;
  Ints occurrences, customers, undecided;
  OptionalReals value, per_customer;
  const auto rows = summarise_moments(matches, range_of(start, end));
  for (std::size_t m = 0; m < rows.size(); ++m) {
    moment.add(matches.journey->moments()[m].id);
    stage.add(matches.journey->moments()[m].stage);
    occurrences.values.push_back(rows[m].occurrences);
    customers.values.push_back(rows[m].customers);
    undecided.values.push_back(rows[m].undecided);
    value.add(matches.log->values().empty() ? std::nullopt : std::optional{rows[m].value.value()});
    per_customer.add(rows[m].customers == 0 ? std::nullopt
                                            : std::optional{static_cast<double>(rows[m].occurrences) / static_cast<double>(rows[m].customers)});
  }
  Table table;
  table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back({"stage", std::move(stage).finish()});
  table.columns.push_back({"occurrences", std::move(occurrences)});
  table.columns.push_back({"customers", std::move(customers)});
  table.columns.push_back(std::move(value).column("value"));
  table.columns.push_back(std::move(per_customer).column("per_customer"));
  table.columns.push_back({"undecided", std::move(undecided)});
  return result(std::move(table));
}

ResultTable kpis_table(const Matches& matches, double interval, std::optional<std::int64_t> start, std::optional<std::int64_t> end) {
  const py::gil_scoped_release release;
  check_confidence(interval);
  StringsBuilder moment, kpi;
  Ints due, met, undecided;
  OptionalReals share, low, high, target;
  for (const KpiSummary& row : summarise_kpis(matches, range_of(start, end))) {
    const Moment& of = matches.journey->moments()[row.moment];
    moment.add(of.id);
    kpi.add(of.kpi->name);
    due.values.push_back(row.due());
    met.values.push_back(row.met);
    undecided.values.push_back(row.undecided);
    const bool any = row.due() > 0;
    const Interval bounds = wilson_interval(static_cast<double>(row.met), static_cast<double>(row.due()), interval);
    share.add(any ? std::optional{static_cast<double>(row.met) / static_cast<double>(row.due())} : std::nullopt);
    low.add(any ? std::optional{bounds.low} : std::nullopt);
    high.add(any ? std::optional{bounds.high} : std::nullopt);
    target.add(of.kpi->target);
  }
  Table table;
  table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back({"kpi", std::move(kpi).finish()});
  table.columns.push_back({"due", std::move(due)});
  table.columns.push_back({"met", std::move(met)});
  table.columns.push_back({"undecided", std::move(undecided)});
  table.columns.push_back(std::move(share).column("share"));
  table.columns.push_back(std::move(low).column("low"));
  table.columns.push_back(std::move(high).column("high"));
  table.columns.push_back(std::move(target).column("target"));
  return result(std::move(table));
}

ResultTable unmapped_table(const Matches& matches, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "counting events");
  const py::gil_scoped_release release;
  StringsBuilder event;
  Ints count;
  Reals share;
  for (const EventCount& row : unmapped_events(*matches.journey, *matches.log, run)) {
    event.add(matches.log->event_names()[row.event]);
    count.values.push_back(row.count);
    share.values.push_back(static_cast<double>(row.count) / static_cast<double>(matches.log->size()));
  }
  Table table;
  table.columns.push_back({"event", std::move(event).finish()});
  table.columns.push_back({"count", std::move(count)});
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

ResultTable unreached_table(const Matches& matches) {
  const py::gil_scoped_release release;
  StringsBuilder moment, stage;
  Ints undecided;
  const auto rows = summarise_moments(matches);
  for (std::size_t m = 0; m < rows.size(); ++m) {
    if (rows[m].occurrences != 0) continue;
    moment.add(matches.journey->moments()[m].id);
    stage.add(matches.journey->moments()[m].stage);
    undecided.values.push_back(rows[m].undecided);
  }
  Table table;
  table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back({"stage", std::move(stage).finish()});
  table.columns.push_back({"undecided", std::move(undecided)});
  return result(std::move(table));
}

ResultTable outcomes_table(const Matches& matches) {
  const py::gil_scoped_release release;
  std::vector<std::uint32_t> customers;
  std::vector<std::int64_t> times;
  StringsBuilder outcome;
  for (std::size_t c = 0; c < matches.endings.size(); ++c) {
    const Ending& ending = matches.endings[c];
    if (!ending.reached()) continue;
    customers.push_back(static_cast<std::uint32_t>(c));
    outcome.add(matches.journey->outcomes()[static_cast<std::size_t>(ending.outcome)].id);
    times.push_back(ending.time);
  }
  Table table;
  table.columns.push_back(matches.log->ids().column("customer", customers));
  table.columns.push_back({"outcome", std::move(outcome).finish()});
  table.columns.push_back(matches.log->time_column("time", std::move(times)));
  return result(std::move(table));
}

ResultTable findings_table(const SharedJourney& journey, const std::optional<SharedLog>& log, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "checking the journey");
  const py::gil_scoped_release release;
  StringsBuilder name, place, detail;
  for (const Finding& finding : log ? check(journey, *log, run) : check(*journey)) {
    name.add(finding.check);
    place.add(finding.place);
    detail.add(finding.detail);
  }
  Table table;
  table.columns.push_back({"check", std::move(name).finish()});
  table.columns.push_back({"place", std::move(place).finish()});
  table.columns.push_back({"detail", std::move(detail).finish()});
  return result(std::move(table));
}

SharedMatches match_log(const SharedJourney& journey, const SharedLog& log, std::optional<std::size_t> threads) {
  const MatchOptions options{make_run(threads, "matching")};
  const py::gil_scoped_release release;
  return std::make_shared<Matches>(match(journey, log, options));
}

PathsBy read_by(const std::string& by) {
  if (by == "moment") return PathsBy::moment;
  if (by == "stage") return PathsBy::stage;
  if (by == "owner") return PathsBy::owner;
  refuse("by", "'" + by + "'", "'moment', 'stage' or 'owner'");
}

Pattern pattern_from(const std::string& json, const std::string& place) {
  const boost::json::value value = parse_json(json, place.empty() ? "pattern" : place);
  Pattern pattern = read_pattern({value, place});
  check_possible(pattern, place);
  return pattern;
}

std::shared_ptr<Paths> event_paths(const SharedLog& log, const std::vector<std::pair<std::string, std::string>>& outcomes,
                                   std::optional<std::size_t> threads) {
  std::vector<NamedPattern> patterns;
  for (const auto& [id, json] : outcomes) patterns.emplace_back(id, pattern_from(json, "outcomes['" + id + "']"));
  const Run run = make_run(threads, "walking the log");
  const py::gil_scoped_release release;
  return std::make_shared<Paths>(paths(*log, patterns, run));
}

/// Checks a `where` list and gives it as a phrase.
std::string condition_phrase(const std::string& json) {
  const boost::json::value value = parse_json(json, "where");
  return describe(read_condition({value, "where"}, SpellRules::allowed));
}

}  // namespace

void bind_experience(py::module_& m) {
  py::class_<Journey, SharedJourney>(m, "Journey")
      .def_static(
          "parse", [](const std::string& text, const std::string& what) { return std::make_shared<Journey>(Journey::parse(text, what)); },
          py::arg("text"), py::arg("what"))
      .def_static(
          "load", [](const std::string& path) { return std::make_shared<Journey>(Journey::load(path)); }, py::arg("path"))
      .def("to_json", [](const Journey& self) { return boost::json::serialize(write_journey(self)); })
      .def("phrases",
           [](const Journey& self) {
             std::vector<std::string> out;
             for (const Moment& moment : self.moments()) out.push_back(describe(moment.when));
             return out;
           })
      .def("check", &findings_table, py::arg("log"), py::arg("threads"))
      .def("match", &match_log, py::arg("log"), py::arg("threads"))
      .def("__eq__", [](const Journey& a, const Journey& b) { return a == b; });

  py::class_<Matches, SharedMatches>(m, "Matches")
      .def("__len__", [](const Matches& self) { return self.occurrences.size(); })
      .def_property_readonly("undecided_cases", [](const Matches& self) { return self.undecided.size(); })
      .def_readonly("before_observation", &Matches::before_observation)
      .def_readonly("undecided_before_observation", &Matches::undecided_before_observation)
      .def("advance", &advance_matches, py::arg("log"), py::arg("threads"))
      .def("occurrences", &occurrences_table, py::arg("threads"))
      .def("new_since", &new_since, py::arg("earlier"), py::arg("threads"))
      .def("undecided", &undecided_table)
      .def("moments", &moments_table, py::arg("start"), py::arg("end"))
      .def("kpis", &kpis_table, py::arg("interval"), py::arg("start"), py::arg("end"))
      .def("unmapped", &unmapped_table, py::arg("threads"))
      .def("unreached", &unreached_table)
      .def("outcomes", &outcomes_table)
      .def(
          "paths",
          [](const Matches& self, const std::string& by, std::optional<std::size_t> threads) {
            const PathsBy nodes = read_by(by);
            const Run run = make_run(threads, "walking customers");
            const py::gil_scoped_release release;
            return std::make_shared<Paths>(paths(self, nodes, run));
          },
          py::arg("by"), py::arg("threads"));

  m.def("event_paths", &event_paths, py::arg("log"), py::arg("outcomes"), py::arg("threads"));
  m.def(
      "read_pattern",
      [](const std::string& json) {
        const Pattern pattern = pattern_from(json, "");
        return std::pair{boost::json::serialize(write_pattern(pattern)), describe(pattern)};
      },
      py::arg("json"), "Checks a pattern; gives it as the library writes it, and as a phrase.");
  m.def("condition_phrase", &condition_phrase, py::arg("json"));
}

}  // namespace sojourn::python
