// Every customer's walk over the nodes of a journey, up to the first outcome: what journey graphs are counted from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sojourn/core/uninitialised.hpp"

namespace sojourn {

/// A moment, stage, owner or event that customers visit.
struct PathNode {
  std::string id, name, stage;  // stage: the lane a picture draws it in; may be empty
  std::string owner = {};       // who is accountable for a moment; empty for stages, owners and events
};

/// One visit of a node.
struct PathStep {
  std::uint32_t node;  // index into Paths::nodes
  std::int64_t time;   // microseconds, UTC
  double value;        // NaN: none
};

/// The walks of all customers. Customer c has steps [offsets[c], offsets[c + 1]), in order of time; the walk starts in START and ends in
/// an outcome or, if none was reached while the customer was observed, in `observed`. A value type: whoever builds it fills all of it.
/// Memory: 24 bytes a step, 32 a customer.
struct Paths {
  std::vector<PathNode> nodes;             // in lane order
  std::vector<std::string> outcomes;       // ids
  std::vector<std::string> outcome_names;  // to show; empty: the ids
  std::vector<std::size_t> offsets = {0};  // one more than there are customers
  UninitialisedVector<PathStep> steps;     // up to, not including, the outcome

  std::vector<std::int32_t> ending;         // a customer each: the outcome's number, or -1: still observed at the end
  std::vector<std::int64_t> ending_time;    // when the outcome came, or the observation ended; microseconds, UTC
  std::vector<double> customer_value;       // all the customer's event values while observed
  std::vector<std::uint64_t> customer_key;  // hash of the customer's id: keys random numbers, so that neither order nor threads matter

  std::int64_t after_outcome = 0;  // steps left out, because they came after the customer's outcome
  bool has_value = false;          // whether the events carry values at all
};

}  // namespace sojourn
