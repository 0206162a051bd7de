// sojourn._core: feedback, what each voice is about, and scores.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coverage_table.hpp"
#include "matches.hpp"
#include "moments_table.hpp"
#include "sojourn/arrow/import.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/experience/occurrence_ids.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/feedback.hpp"
#include "sojourn/stats/scores.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

using SharedAttribution = std::shared_ptr<Attribution>;

/// What the Python method was given, in C++'s terms.
struct AttributeArguments : FeedbackColumns {
  std::string scale, horizon, method, half_life;
  std::optional<std::string> delay;
};

SharedAttribution attribute_feedback(const SharedMatches& matches, const py::object& feedback, const AttributeArguments& a,
                                     const py::object& observed, const py::object& response_groups, std::optional<std::size_t> threads) {
  AttributeOptions options;
  options.horizon = Duration::parse(a.horizon, "horizon");
  if (a.method != "declustering") options.method = read_baseline(a.method, "method");
  if (a.delay) options.delay = read_delay_shape(*a.delay, "delay");
  options.half_life = Duration::parse(a.half_life, "half_life");
  options.run = make_run(threads, "attributing voices");
  const auto table = import_table(feedback, "feedback");
  const auto windows = observed.is_none() ? nullptr : import_table(observed, "observed");
  const auto groups = response_groups.is_none() ? nullptr : import_table(response_groups, "response_groups");
  const FeedbackOptions reading{a, read_scale(a.scale), windows.get(), groups.get(), options.run};
  const py::gil_scoped_release release;
  return std::make_shared<Attribution>(attribute(matches, std::make_shared<const Feedback>(read_feedback(*table, matches, reading)), options));
}

ResultTable weights_table(const Attribution& attribution, std::optional<std::size_t> threads) {
  const Run run = make_run(threads, "naming occurrences");
  const py::gil_scoped_release release;
  const Matches& matches = *attribution.matches;
  // A voice's rows: its shares, and one more where something of it is about none.
  const std::size_t voices = attribution.how.size();
  std::vector<std::size_t> first(voices + 1);
  for (std::size_t v = 0; v < voices; ++v) first[v + 1] = first[v] + attribution.of_voice(v).size() + (attribution.unattributed[v] > 0 ? 1 : 0);
  const std::size_t rows = first.back();
  Ints voice{std::vector<std::int64_t>(rows)}, id{std::vector<std::int64_t>(rows)};
  Reals weight{std::vector<double>(rows)};
  std::vector<std::uint32_t> moment(rows), how(rows);
  std::vector<std::uint8_t> nulls(rows);
  StringsBuilder ways;
  for (const How by : {How::model, How::key, How::named, How::unattributed}) ways.add(to_string(by));
  const OccurrenceId name(matches);
  const std::vector<Slice> parts = slices(voices, 8 * run.count());
  parallel_for(parts.size(), run, [&](std::size_t part) {
    for (std::size_t v = parts[part].begin; v < parts[part].end; ++v) {
      std::size_t row = first[v];
      const auto add = [&](double w, How by) {
        voice.values[row] = static_cast<std::int64_t>(v);
        weight.values[row] = w;
        how[row] = static_cast<std::uint32_t>(by);
      };
      for (const VoiceShare& share : attribution.of_voice(v)) {
        const Occurrence& about = matches.occurrences[share.occurrence];
        add(share.weight, attribution.how[v]);
        id.values[row] = name(about);
        moment[row] = about.moment;
        ++row;
      }
      if (attribution.unattributed[v] > 0) add(attribution.unattributed[v], How::unattributed), nulls[row] = 1;
    }
  });
  Table table;
  table.columns.push_back({"feedback", std::move(voice)});
  table.columns.push_back({"occurrence_id", std::move(id), nulls});
  table.columns.push_back({"moment", words_of(*matches.journey, moment, &Moment::id), nulls});
  table.columns.push_back({"stage", words_of(*matches.journey, std::move(moment), &Moment::stage), nulls});
  table.columns.push_back({"weight", std::move(weight)});
  table.columns.push_back({"how", Strings{std::move(how), std::move(ways).finish().words}});
  return result(std::move(table));
}

/// Weight of all voices that is about no occurrence.
double unattributed_weight(const Attribution& attribution) {
  ExactSum sum;
  for (const double weight : attribution.unattributed) sum.add(weight);
  return sum.value();
}

/// Voices for which a question about them is answered yes.
std::int64_t count_voices(const Attribution& attribution, bool (Feedback::*asked)(std::size_t) const) {
  std::int64_t n = 0;
  for (std::size_t v = 0; v < attribution.feedback->size(); ++v) n += (attribution.feedback.get()->*asked)(v) ? 1 : 0;
  return n;
}

/// score, low, high, n; low and high None where there is no interval.
py::tuple parts(const ScoreEstimate& found) {
  if (!found.interval) return py::make_tuple(found.score, py::none(), py::none(), found.n);
  return py::make_tuple(found.score, found.interval->low, found.interval->high, found.n);
}

py::tuple survey_score(const std::string& scale, const std::vector<double>& scores, const std::vector<double>& weights, double interval,
                       const std::string& method) {
  const SurveySums s = survey_sums(read_scale(scale), scores, weights);
  switch (read_scale(scale)) {
    case ScoreScale::csat: return parts(csat(s.sums, s.n, interval));
    case ScoreScale::mean: return parts(mean_score(s.sums, s.n, interval));
    default: break;
  }
  if (method == "wald") return parts(nps(s.sums, s.n, interval, NpsMethod::wald));
  if (method == "adjusted_wald") return parts(nps(s.sums, s.n, interval, NpsMethod::adjusted_wald));
  refuse("method", "'" + method + "'", "'adjusted_wald' or 'wald'");
}

}  // namespace

void bind_listening(py::module_& m) {
  py::class_<AttributeArguments>(m, "AttributeArguments")
      .def(py::init<>())
      .def_readwrite("customer", &AttributeArguments::customer)
      .def_readwrite("time", &AttributeArguments::time)
      .def_readwrite("source", &AttributeArguments::source)
      .def_readwrite("solicited", &AttributeArguments::solicited)
      .def_readwrite("score", &AttributeArguments::score)
      .def_readwrite("topic", &AttributeArguments::topic)
      .def_readwrite("text", &AttributeArguments::text)
      .def_readwrite("key", &AttributeArguments::key)
      .def_readwrite("moment", &AttributeArguments::moment)
      .def_readwrite("scale", &AttributeArguments::scale)
      .def_readwrite("horizon", &AttributeArguments::horizon)
      .def_readwrite("method", &AttributeArguments::method)
      .def_readwrite("half_life", &AttributeArguments::half_life)
      .def_readwrite("delay", &AttributeArguments::delay);

  py::class_<Attribution, SharedAttribution>(m, "Attribution")
      .def("__len__", [](const Attribution& self) { return self.feedback->size(); })
      .def_property_readonly("feedback", [](const Attribution& self) { return ResultTable{{self.feedback, &self.feedback->given}}; })
      .def_property_readonly("unattributed", &unattributed_weight)
      .def_property_readonly("other_customers", [](const Attribution& self) { return count_voices(self, &Feedback::is_other); })
      .def_property_readonly("unscored", [](const Attribution& self) { return count_voices(self, &Feedback::has_no_score); })
      .def_property_readonly("rounded_times", [](const Attribution& self) { return self.feedback->rounded_times; })
      .def("weights", &weights_table, py::arg("threads"))
      .def("moments", &moments_table, py::arg("interval"), py::arg("selection"))
      .def("coverage", &coverage_table, py::arg("by"));

  m.def("attribute", &attribute_feedback, py::arg("matches"), py::arg("feedback"), py::arg("arguments"), py::arg("observed"),
        py::arg("response_groups"), py::arg("threads"));
  m.def("survey_score", &survey_score, py::arg("scale"), py::arg("scores"), py::arg("weights"), py::arg("interval"), py::arg("method"),
        "score, low, high and n of answers; `method` is of NPS.");
}

}  // namespace sojourn::python
