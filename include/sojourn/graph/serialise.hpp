// A journey graph as bytes (core/bytes.hpp) and back. A graph follows from its walks, so they are what is written, customers in the order of
// their keys: graphs of the same walks give the same bytes, in whatever order the customers came, and answer everything alike.
// 20 bytes a step, 36 a customer. O(steps + customers · log customers).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/bytes.hpp"
#include "sojourn/core/exact_sum.hpp"
#include "sojourn/core/serialise.hpp"
#include "sojourn/core/threads.hpp"
#include "sojourn/core/time.hpp"
#include "sojourn/graph/journey_graph.hpp"
#include "sojourn/graph/paths.hpp"

namespace sojourn {

/// A graph as bytes.
inline std::string serialise(const JourneyGraph& graph) {
  const Paths& paths = graph.paths();
  ByteWriter out(BytesOf::graph);
  out.put(static_cast<std::uint64_t>(paths.nodes.size()));
  for (const PathNode& node : paths.nodes)
    for (const std::string* word : {&node.id, &node.name, &node.stage, &node.owner}) out.put(*word);
  put_words(paths.outcomes, out);
  put_words(paths.outcome_names, out);
  out.put(static_cast<std::uint8_t>(paths.has_value));
  out.put(paths.after_outcome);
  std::vector<std::size_t> order(graph.customers());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return paths.customer_key[a] < paths.customer_key[b]; });
  out.put(static_cast<std::uint64_t>(order.size()));
  for (const std::size_t c : order) {
    out.put(paths.customer_key[c]);
    out.put(paths.ending[c]);
    out.put(paths.ending_time[c]);
    out.put(plain_number(paths.customer_value[c]));
    out.put(static_cast<std::uint64_t>(paths.offsets[c + 1] - paths.offsets[c]));
    for (std::size_t i = paths.offsets[c]; i < paths.offsets[c + 1]; ++i) {
      out.put(paths.steps[i].node);
      out.put(paths.steps[i].time);
      out.put(plain_number(paths.steps[i].value));
    }
  }
  return std::move(out).finish();
}

/// The graph that `serialise` wrote. @throws InvalidInput for any other bytes.
inline JourneyGraph deserialise_graph(std::string_view bytes, const Run& run = {}) {
  constexpr std::size_t step_size = 20, customer_size = 36;
  ByteReader in(bytes, BytesOf::graph);
  const auto instant = [&] {
    const auto t = in.get<std::int64_t>();
    in.require(t >= earliest_micros - 100 * micros_per_day && t <= latest_micros + 100 * micros_per_day, "a time of the years 1 to 9999");
    return t;
  };
  const auto number = [&] {
    const auto x = in.get<double>();
    in.require(std::isnan(x) || std::fabs(x) <= ExactSum::limit, "values that are finite");
    return x;
  };
  Paths out;
  out.nodes.resize(in.get_count(4 * sizeof(std::uint64_t)));
  for (PathNode& node : out.nodes)
    for (std::string* word : {&node.id, &node.name, &node.stage, &node.owner}) *word = in.get_string();
  out.outcomes = get_words(in);
  out.outcome_names = get_words(in);
  in.require(out.outcome_names.empty() || out.outcome_names.size() == out.outcomes.size(), "names for all outcomes, or none");
  out.has_value = in.get_bool();
  out.after_outcome = in.get<std::int64_t>();
  const std::size_t customers = in.get_count(customer_size);
  for (std::size_t c = 0; c < customers; ++c) {
    out.customer_key.push_back(in.get<std::uint64_t>());
    out.ending.push_back(in.get<std::int32_t>());
    out.ending_time.push_back(instant());
    out.customer_value.push_back(number());
    const std::size_t steps = in.get_count(step_size);
    for (std::size_t i = 0; i < steps; ++i) {
      PathStep step{};
      step.node = in.get<std::uint32_t>();
      step.time = instant();
      step.value = number();
      out.steps.push_back(step);
    }
    out.offsets.push_back(out.steps.size());
  }
  in.finish();
  return JourneyGraph{std::make_shared<const Paths>(std::move(out)), run};
}

}  // namespace sojourn
