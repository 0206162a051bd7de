// sojourn._core: whether sources tell the same of a place, and rank places alike.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coverage_table.hpp"
#include "sojourn/listening/convergence.hpp"
#include "tables.hpp"

namespace sojourn::python {
namespace {

PermutationOptions read_options(const std::string& by, std::size_t permutations, std::uint64_t seed, std::optional<std::size_t> threads) {
  return {read_place(by), permutations, seed, make_run(threads, "permuting")};
}

/// The names of two sources a row.
class SourceNames {
 public:
  explicit SourceNames(const Feedback& feedback) : feedback_(feedback) {}

  void add(std::size_t source) {
    const auto& name = feedback_.sources[source].name;
    names_.add(name.value_or(""));
    nameless_.push_back(name ? 0 : 1);
  }
  [[nodiscard]] Column column(std::string name) && { return {std::move(name), std::move(names_).finish(), std::move(nameless_)}; }

 private:
  const Feedback& feedback_;
  StringsBuilder names_;
  std::vector<std::uint8_t> nameless_;
};

ResultTable convergence_table(const Attribution& attribution, const std::string& by, std::size_t permutations, std::uint64_t seed,
                              std::optional<std::size_t> threads) {
  const PermutationOptions options = read_options(by, permutations, seed, threads);
  const py::gil_scoped_release release;
  const Journey& journey = *attribution.matches->journey;
  const bool moments = options.by == PlaceBy::moment;
  StringsBuilder stage, moment;
  SourceNames source_a(*attribution.feedback), source_b(*attribution.feedback);
  Reals n_a, n_b;
  OptionalReals score_a, score_b, difference, p, p_adjusted;
  for (const SourcePair& row : convergence(attribution, options)) {
    stage.add(moments ? journey.moments()[row.place].stage : journey.stages()[row.place].id);
    if (moments) moment.add(journey.moments()[row.place].id);
    source_a.add(row.a);
    source_b.add(row.b);
    n_a.values.push_back(row.n_a);
    n_b.values.push_back(row.n_b);
    score_a.add(row.score_a);
    score_b.add(row.score_b);
    difference.add(row.score_a && row.score_b ? std::optional{*row.score_a - *row.score_b} : std::nullopt);
    p.add(row.p);
    p_adjusted.add(row.p_adjusted);
  }
  Table table;
  table.columns.push_back({"stage", std::move(stage).finish()});
  if (moments) table.columns.push_back({"moment", std::move(moment).finish()});
  table.columns.push_back(std::move(source_a).column("source_a"));
  table.columns.push_back(std::move(source_b).column("source_b"));
  table.columns.push_back({"n_a", std::move(n_a)});
  table.columns.push_back({"n_b", std::move(n_b)});
  table.columns.push_back(std::move(score_a).column("score_a"));
  table.columns.push_back(std::move(score_b).column("score_b"));
  table.columns.push_back(std::move(difference).column("difference"));
  table.columns.push_back(std::move(p).column("p_value"));
  table.columns.push_back(std::move(p_adjusted).column("p_adjusted"));
  return result(std::move(table));
}

ResultTable agreement_table(const Attribution& attribution, const std::string& by, std::size_t permutations, std::uint64_t seed,
                            std::optional<std::size_t> threads) {
  const PermutationOptions options = read_options(by, permutations, seed, threads);
  const py::gil_scoped_release release;
  SourceNames source_a(*attribution.feedback), source_b(*attribution.feedback);
  Ints places;
  OptionalReals correlation, p, p_adjusted;
  for (const SourceAgreement& row : agreement(attribution, options)) {
    source_a.add(row.a);
    source_b.add(row.b);
    places.values.push_back(row.places);
    correlation.add(row.correlation);
    p.add(row.p);
    p_adjusted.add(row.p_adjusted);
  }
  Table table;
  table.columns.push_back(std::move(source_a).column("source_a"));
  table.columns.push_back(std::move(source_b).column("source_b"));
  table.columns.push_back({by + "s", std::move(places)});
  table.columns.push_back(std::move(correlation).column("correlation"));
  table.columns.push_back(std::move(p).column("p_value"));
  table.columns.push_back(std::move(p_adjusted).column("p_adjusted"));
  return result(std::move(table));
}

}  // namespace

void bind_convergence(py::module_& m) {
  m.def("convergence", &convergence_table, py::arg("attribution"), py::arg("by"), py::arg("permutations"), py::arg("seed"), py::arg("threads"));
  m.def("agreement", &agreement_table, py::arg("attribution"), py::arg("by"), py::arg("permutations"), py::arg("seed"), py::arg("threads"));
}

}  // namespace sojourn::python
