// sojourn._core: who was heard where, as a table.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coverage_table.hpp"
#include "sojourn/listening/coverage.hpp"
#include "sojourn/stats/scores.hpp"

namespace sojourn::python {

ResultTable coverage_table(const Attribution& attribution, const std::string& word) {
  const PlaceBy by = read_place(word);
  const py::gil_scoped_release release;
  const Coverage coverage = cover(attribution, by);
  const Journey& journey = *attribution.matches->journey;
  const bool valued = !attribution.matches->log->values().empty();
  StringsBuilder stage, moment, source;
  Reals voices, scored;
  Ints occurrences, customers, speakers, silent_customers;
  OptionalReals score, value, value_of_speakers, silent_value;
  Bools silent;
  std::vector<std::uint8_t> about_none, nameless;
  for (std::size_t i = 0; i < coverage.spoken.size(); ++i) {
    const std::size_t place = i / coverage.sources, s = i % coverage.sources;
    const bool none = place == coverage.places;
    const Exposed exposed = none ? Exposed{} : coverage.exposed[i];
    const Unheard unheard = none ? Unheard{} : coverage.unheard[i];
    const Spoken& spoken = coverage.spoken[i];
    const auto& name = attribution.feedback->sources[s].name;
    const double weight = spoken.scores.weight();
    about_none.push_back(none ? 1 : 0);
    if (by == PlaceBy::moment) moment.add(none ? "" : journey.moments()[place].id);
    stage.add(none ? "" : by == PlaceBy::moment ? journey.moments()[place].stage : journey.stages()[place].id);
    source.add(name.value_or(""));
    nameless.push_back(name ? 0 : 1);
    voices.values.push_back(spoken.voices.value());
    scored.values.push_back(weight);
    occurrences.values.push_back(exposed.occurrences);
    customers.values.push_back(exposed.customers);
    speakers.values.push_back(spoken.speakers);
    // Any interval: the score alone is shown.
    score.add(weight > 0 ? std::optional{sojourn::score(attribution.feedback->scale, spoken.scores, weight, 0.9).score} : std::nullopt);
    value.add(valued && !none ? std::optional{exposed.value.value()} : std::nullopt);
    value_of_speakers.add(valued ? std::optional{spoken.value.value()} : std::nullopt);
    silent.values.push_back(exposed.occurrences > 0 && spoken.voices.value() < half_a_voice ? 1 : 0);
    silent_customers.values.push_back(unheard.customers);
    silent_value.add(valued && !none ? std::optional{unheard.value.value()} : std::nullopt);
  }
  Table table;
  table.columns.push_back({"stage", std::move(stage).finish(), about_none});
  if (by == PlaceBy::moment) table.columns.push_back({"moment", std::move(moment).finish(), about_none});
  table.columns.push_back({"source", std::move(source).finish(), std::move(nameless)});
  table.columns.push_back({"voices", std::move(voices)});
  table.columns.push_back({"occurrences", std::move(occurrences), about_none});
  table.columns.push_back({"customers", std::move(customers), about_none});
  table.columns.push_back({"speakers", std::move(speakers)});
  table.columns.push_back(std::move(score).column("score"));
  table.columns.push_back(std::move(value).column("value"));
  table.columns.push_back(std::move(value_of_speakers).column("value_of_speakers"));
  table.columns.push_back({"silent", std::move(silent), about_none});
  table.columns.push_back({"scored", std::move(scored)});
  table.columns.push_back({"silent_customers", std::move(silent_customers), about_none});
  table.columns.push_back(std::move(silent_value).column("silent_value"));
  return result(std::move(table));
}

}  // namespace sojourn::python
