// sojourn._core: the model of what voices are about, and how sure it is.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/arrow/read.hpp"
#include "sojourn/experience/occurrence_ids.hpp"
#include "sojourn/listening/attribution.hpp"
#include "sojourn/listening/calibration.hpp"
#include "sojourn/listening/refits.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

using SharedAttribution = std::shared_ptr<Attribution>;

/// An attribution's model. @throws InvalidInput for a rule of thumb, which has none.
const Declustering& model_of(const Attribution& attribution) {
  if (!attribution.model) refuse("method", "a rule of thumb, which has no model", "'declustering'");
  return *attribution.model;
}

py::dict facts(const Attribution& attribution) {
  const Declustering& model = model_of(attribution);
  py::dict held_out, out;
  if (model.held_out)
    for (const DelayShape shape : delay_shapes) held_out[to_string(shape)] = (*model.held_out)[static_cast<std::size_t>(shape)];
  std::int64_t fitted = 0;
  for (const ModelVoice& voice : model.data.voices) fitted += voice.fitted ? 1 : 0;
  out["shape"] = to_string(model.shape);
  out["held_out"] = held_out;
  out["trace"] = model.fit.trace;
  out["converged"] = model.fit.converged;
  out["fitted"] = fitted;
  out["unfitted"] = static_cast<std::int64_t>(model.data.voices.size()) - fitted;
  return out;
}

/// Words some of which are missing, filled row by row.
struct OptionalWords {
  StringsBuilder words = {};
  std::vector<std::uint8_t> nulls = {};

  void add(const std::optional<std::string>& word) {
    words.add(word.value_or(""));
    nulls.push_back(word ? 0 : 1);
  }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(words).finish(), std::move(nulls)}; }
};

/// The columns moment and kept of a table with a row for each of several things of a cause; both null for the background, kept too for a moment
/// whose promise is not both kept and broken.
struct CauseColumns {
  OptionalWords moment = {};
  Bools kept = {};
  std::vector<std::uint8_t> nulls = {};

  void add(const DeclusteringData& data, std::size_t column) {
    const bool background = column == data.causes.size();
    moment.add(background ? std::nullopt : std::optional{data.feedback->matches->journey->moments()[data.causes.moment(column)].id});
    const bool known = !background && data.causes.splits(column);
    kept.values.push_back(known && !data.causes.is_broken(column) ? 1 : 0);
    nulls.push_back(known ? 0 : 1);
  }
  void finish(Table& table) && {
    table.columns.push_back(std::move(moment).column("moment"));
    table.columns.push_back({"kept", std::move(kept), std::move(nulls)});
  }
};

ResultTable background_table(const Declustering& model) {
  constexpr double year = 365.25 * 86400e6;
  const DeclusteringData& data = model.data;
  const ExposureSums exposure = data.exposure.sum({});
  OptionalWords source;
  Reals rate, voices;
  for (std::size_t s = 0; s < data.sources(); ++s) {
    const double mu = model.fit.model.rate[s * data.groups() * model.fit.model.columns + data.causes.size()];
    source.add(data.feedback->sources[s].name);
    rate.values.push_back(mu * year);
    voices.values.push_back(mu * exposure.background[data.exposure.window(s)]);
  }
  Table table;
  table.columns.push_back(std::move(source).column("source"));
  table.columns.push_back({"per_customer_year", std::move(rate)});
  table.columns.push_back({"voices", std::move(voices)});
  return result(std::move(table));
}

ResultTable rates_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  const ExposureSums exposure = data.exposure.sum({});
  CauseColumns cause;
  OptionalWords source, group;
  Reals rate, heard;
  for (std::size_t m = 0; m < data.causes.size(); ++m)
    for (std::size_t s = 0; s < data.sources(); ++s)
      for (std::size_t g = 0; g < data.groups(); ++g) {
        cause.add(data, m);
        source.add(data.feedback->sources[s].name);
        group.add(data.feedback->groups.names[g]);
        rate.values.push_back(model.fit.model.rate[(s * data.groups() + g) * model.fit.model.columns + m]);
        heard.values.push_back(exposure.of(data.exposure.cell(m, s, g), model.fit.model.delays[m].cumulative()));
      }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back(std::move(source).column("source"));
  table.columns.push_back(std::move(group).column("group"));
  table.columns.push_back({"voices_per_occurrence", std::move(rate)});
  table.columns.push_back({"exposure", std::move(heard)});
  return result(std::move(table));
}

ResultTable delays_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  CauseColumns cause;
  Reals mean;
  OptionalReals shape, scale;
  const bool has_scale = model.shape != DelayShape::piecewise;
  for (std::size_t c = 0; c < data.causes.size(); ++c) {
    const Delay& delay = model.fit.model.delays[c];
    cause.add(data, c);
    mean.values.push_back(delay.mean(data.grid) / micros_per_second);
    shape.add(has_scale ? std::optional{delay.power()} : std::nullopt);
    scale.add(has_scale ? std::optional{delay.scale(data.grid) / micros_per_second} : std::nullopt);
  }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back({"mean", std::move(mean)});
  table.columns.push_back(std::move(shape).column("shape"));
  table.columns.push_back(std::move(scale).column("scale"));
  return result(std::move(table));
}

/// The delays' shares by 24 pieces of the horizon, whatever the shape.
ResultTable pieces_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  CauseColumns cause;
  Reals from, to, share;
  for (std::size_t c = 0; c < data.causes.size(); ++c)
    for (std::size_t p = 0; p < Delay::pieces; ++p) {
      cause.add(data, c);
      from.values.push_back(data.grid.edge(p * Delay::piece_steps) / micros_per_second);
      to.values.push_back(data.grid.edge((p + 1) * Delay::piece_steps) / micros_per_second);
      share.values.push_back(model.fit.model.delays[c].piece_mass(p));
    }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back({"from", std::move(from)});
  table.columns.push_back({"to", std::move(to)});
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

/// A row a moment and kind; the last moments are null: the background.
ResultTable topics_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  CauseColumns cause;
  StringsBuilder topic;
  Reals share;
  for (std::size_t c = 0; c < model.fit.model.columns; ++c)
    for (std::size_t k = 0; k < data.topics.size(); ++k) {
      cause.add(data, c);
      topic.add(data.topics[k]);
      share.values.push_back(model.fit.model.topic[k * model.fit.model.columns + c]);
    }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back({"topic", std::move(topic).finish()});
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

ResultTable scores_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  CauseColumns cause;
  Reals score, share;
  for (std::size_t c = 0; c < model.fit.model.columns; ++c)
    for (std::size_t k = 0; k < data.classes.size(); ++k) {
      cause.add(data, c);
      score.values.push_back(data.classes.from(k));
      share.values.push_back(model.fit.model.score[k * model.fit.model.columns + c]);
    }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back({"score", std::move(score)});
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

ResultTable links_table(const Declustering& model) {
  const DeclusteringData& data = model.data;
  CauseColumns cause;
  OptionalWords source;
  Reals share;
  const bool linked = std::any_of(data.voices.begin(), data.voices.end(), [](const ModelVoice& v) { return v.linked; });
  for (std::size_t m = 0; linked && m < data.causes.size(); ++m)
    for (std::size_t s = 0; s < data.sources(); ++s) {
      cause.add(data, m);
      source.add(data.feedback->sources[s].name);
      share.values.push_back(model.fit.model.link[s * model.fit.model.columns + m]);
    }
  Table table;
  std::move(cause).finish(table);
  table.columns.push_back(std::move(source).column("source"));
  table.columns.push_back({"share", std::move(share)});
  return result(std::move(table));
}

ResultTable model_table(const Attribution& attribution, const std::string& which) {
  const Declustering& model = model_of(attribution);
  const py::gil_scoped_release release;
  if (which == "background") return background_table(model);
  if (which == "rates") return rates_table(model);
  if (which == "delays") return delays_table(model);
  if (which == "pieces") return pieces_table(model);
  if (which == "topics") return topics_table(model);
  if (which == "scores") return scores_table(model);
  return links_table(model);
}

std::optional<double> low_of(const std::optional<Interval>& interval) { return interval ? std::optional{interval->low} : std::nullopt; }
std::optional<double> high_of(const std::optional<Interval>& interval) { return interval ? std::optional{interval->high} : std::nullopt; }

/// The table of moments with the intervals of refits: those of scores, and two columns more for voices.
ResultTable refitted_moments(const ResultTable& moments, const Refits& refits, const Attribution& attribution, double interval) {
  const auto& listed = attribution.matches->journey->moments();
  OptionalReals voices_low, voices_high, low, high;
  OptionalWords inseparable;
  for (std::size_t m = 0; m < refits.moments; ++m) {
    const auto voices = refits.interval(refits.voices, m, interval), score = refits.interval(refits.score, m, interval);
    voices_low.add(low_of(voices)), voices_high.add(high_of(voices));
    low.add(low_of(score)), high.add(high_of(score));
    std::string others;
    for (std::size_t other = 0; other < refits.moments; ++other)
      if (other != m && refits.inseparable(m, other)) others += (others.empty() ? "" : ", ") + listed[other].id;
    inseparable.add(others.empty() ? std::nullopt : std::optional{others});
  }
  Table out;
  for (const Column& column : moments.table->columns) {
    if (column.name == "low") out.columns.push_back(std::move(low).column("low"));
    else if (column.name == "high") out.columns.push_back(std::move(high).column("high"));
    else if (column.name == "inseparable_from") out.columns.push_back(std::move(inseparable).column("inseparable_from"));
    else out.columns.push_back(column);
    if (column.name != "voices") continue;
    out.columns.push_back(std::move(voices_low).column("voices_low"));
    out.columns.push_back(std::move(voices_high).column("voices_high"));
  }
  return result(std::move(out));
}

/// A pair of moments a row, of those that cannot be told apart.
ResultTable inseparable_table(const Refits& refits, const Attribution& attribution, double interval) {
  check_confidence(interval);
  const auto& moments = attribution.matches->journey->moments();
  StringsBuilder first, second;
  Reals low, high;
  for (std::size_t a = 0; a < refits.moments; ++a)
    for (std::size_t b = a + 1; b < refits.moments; ++b) {
      if (!refits.inseparable(a, b)) continue;
      const auto sum = refits.interval_of_sum(a, b, interval);
      first.add(moments[a].id);
      second.add(moments[b].id);
      low.values.push_back(sum->low);
      high.values.push_back(sum->high);
    }
  Table table;
  table.columns.push_back({"moment", std::move(first).finish()});
  table.columns.push_back({"other", std::move(second).finish()});
  table.columns.push_back({"voices_low", std::move(low)});
  table.columns.push_back({"voices_high", std::move(high)});
  return result(std::move(table));
}

/// error, by_chance, right, brier, voices, bins.
py::tuple parts(const Calibration& found) {
  Ints pairs;
  Reals weight, share_true;
  for (const CalibrationBin& bin : found.bins) {
    pairs.values.push_back(bin.pairs);
    weight.values.push_back(bin.weight);
    share_true.values.push_back(bin.share_true);
  }
  Table table;
  table.columns.push_back({"pairs", std::move(pairs)});
  table.columns.push_back({"weight", std::move(weight)});
  table.columns.push_back({"share_true", std::move(share_true)});
  return py::make_tuple(found.error, found.by_chance, found.right, found.brier, found.voices, result(std::move(table)));
}

/// @param truth feedback (row), occurrence_id (null: about none).
py::tuple calibrate_truth(const Attribution& attribution, const py::object& truth, std::size_t bins) {
  const auto table = import_table(truth, "truth");
  const arrow::Field row_field = table->field("feedback"), id_field = table->field("occurrence_id");
  const Column rows = arrow::read_column(row_field), ids = arrow::read_column(id_field);
  const auto* row = std::get_if<Ints>(&rows.data);
  const auto* id = std::get_if<Ints>(&ids.data);
  if (row == nullptr) refuse(row_field.place(), rows.kind(), "integers (rows of the feedback)");
  std::vector<KnownCause> known(attribution.how.size());
  const OccurrenceId name(*attribution.matches);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    if (rows.is_null(i)) refuse(row_field.at(at), "null", "a row of the feedback");
    if (row->values[i] < 0 || row->values[i] >= static_cast<std::int64_t>(known.size()))
      refuse(row_field.at(at), std::to_string(row->values[i]), "a row of the feedback, from 0 to " + std::to_string(known.size() - 1));
    KnownCause& cause = known[static_cast<std::size_t>(row->values[i])];
    if (cause.known) refuse(row_field.at(at), std::to_string(row->values[i]) + " for the second time", "one row a voice");
    cause.known = true;
    if (ids.is_null(i)) continue;
    if (id == nullptr) refuse(id_field.place(), ids.kind(), "integers (ids of occurrences)");
    cause.occurrence = UINT64_MAX;  // of an occurrence that the attribution never thought of: nothing is true
    for (const VoiceShare& share : attribution.of_voice(static_cast<std::size_t>(row->values[i])))
      if (name(attribution.matches->occurrences[share.occurrence]) == id->values[i]) cause.occurrence = share.occurrence;
  }
  return parts(calibrate(attribution, known, bins));
}

}  // namespace

void bind_declustering(py::module_& m) {
  py::class_<Refits, std::shared_ptr<Refits>>(m, "Refits")
      .def_readonly("draws", &Refits::draws)
      .def(
          "moments",
          [](const Refits& self, const ResultTable& moments, const Attribution& attribution, double interval) {
            return refitted_moments(moments, self, attribution, interval);
          },
          py::arg("moments"), py::arg("attribution"), py::arg("interval"))
      .def("inseparable", &inseparable_table, py::arg("attribution"), py::arg("interval"));
  m.def("model_facts", &facts, py::arg("attribution"));
  m.def("model_table", &model_table, py::arg("attribution"), py::arg("which"));
  m.def("calibrate", &calibrate_truth, py::arg("attribution"), py::arg("truth"), py::arg("bins"));
  m.def(
      "calibrate_links",
      [](const Attribution& attribution, const std::string& method, const std::string& half_life, std::size_t bins) {
        AttributeOptions options;
        if (!attribution.model) options.method = read_baseline(method, "method");
        options.half_life = Duration::parse(half_life, "half_life");
        return parts(calibrate_links(attribution, options, bins));
      },
      py::arg("attribution"), py::arg("method"), py::arg("half_life"), py::arg("bins"));
  m.def(
      "refit",
      [](const SharedAttribution& attribution, std::size_t draws, std::uint64_t seed, std::optional<std::size_t> threads) {
        model_of(*attribution);
        const RefitOptions options{draws, seed, make_run(threads, "refitting the model")};
        const py::gil_scoped_release release;
        return std::make_shared<Refits>(refit(*attribution, options));
      },
      py::arg("attribution"), py::arg("draws"), py::arg("seed"), py::arg("threads"));
}

}  // namespace sojourn::python
