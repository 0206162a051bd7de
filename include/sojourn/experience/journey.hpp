// The journey: stages, the moments of truth in them, who answers for each, how well it should go, and how it can end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sojourn/core/condition.hpp"
#include "sojourn/core/duration.hpp"
#include "sojourn/core/error.hpp"
#include "sojourn/experience/pattern.hpp"
#include "sojourn/experience/pattern_check.hpp"

namespace sojourn {

/// A stretch of the journey from the customer's point of view.
struct Stage {
  std::string id;
  std::string name = {}, goal = {};
  std::vector<std::string> needs = {};
  std::string emotion = {};

  friend bool operator==(const Stage&, const Stage&) = default;
};

/// When an occurrence of a moment went as it should. x comes after it in time, before it in time, or not after it in time; or a
/// condition holds on the event it carries.
struct Kpi {
  enum class Kind : std::uint8_t { follows, preceded_by, absent, where };

  std::string name;
  Kind kind = Kind::follows;
  Pattern x = {};                     // all kinds but where
  Duration within = {};               // all kinds but where
  Condition where = {};               // kind where
  std::optional<double> target = {};  // the share that should be met

  friend bool operator==(const Kpi&, const Kpi&) = default;
};

inline const char* to_string(Kpi::Kind kind) {
  static constexpr const char* words[] = {"follows", "preceded_by", "absent", "where"};
  return words[static_cast<std::size_t>(kind)];
}

/// Whether a company sees the moment coming (an order is placed) or tends to miss it (the third contact in a month).
enum class MomentKind : std::uint8_t { unsaid, obvious, missed };

struct Moment {
  std::string id, stage;
  Pattern when;
  std::string name = {};
  MomentKind kind = MomentKind::unsaid;
  std::string accountable = {};          // who answers for it; empty: nobody
  std::vector<std::string> shared = {};  // who shares in it
  std::optional<Kpi> kpi = {};

  friend bool operator==(const Moment&, const Moment&) = default;
};

/// How a customer's journey can end.
struct Outcome {
  std::string id;
  Pattern when;
  std::string name = {};

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// Moments of a journey, saved under an id: a journey of its own (onboarding) whose customers are those of the whole.
struct Selection {
  std::string id;
  std::vector<std::string> moments;  // ids

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// A validated journey; immutable. `read`, `parse` and `load` are in journey_json.hpp.
class Journey {
 public:
  struct Parts {
    std::string name = {};
    std::int64_t version = 1;
    std::string note = {};
    std::vector<Stage> stages = {};
    std::vector<Moment> moments = {};
    std::vector<Outcome> outcomes = {};
    std::vector<Selection> selections = {};
    std::string part_of = {};  // the name of the journey that this one was selected from; empty: it is a whole

    friend bool operator==(const Parts&, const Parts&) = default;
  };

  /// @throws InvalidInput with the place ("moments[3].when.n"): for ids that are empty, reserved or used twice (two stages; two moments or
  /// outcomes; a stage and an outcome), a moment of an unknown stage, a pattern that can never occur, an outcome with an anniversary, a selection
  /// without moments or with an unknown one.
  explicit Journey(Parts parts) : p_(std::move(parts)) {
    for (Moment& moment : p_.moments) moment.when = as_pattern(std::move(moment.when));
    for (Outcome& outcome : p_.outcomes) outcome.when = as_pattern(std::move(outcome.when));
    validate();
  }

  [[nodiscard]] const std::string& name() const { return p_.name; }
  [[nodiscard]] std::int64_t version() const { return p_.version; }
  [[nodiscard]] const std::string& note() const { return p_.note; }
  [[nodiscard]] const std::vector<Stage>& stages() const { return p_.stages; }
  [[nodiscard]] const std::vector<Moment>& moments() const { return p_.moments; }
  [[nodiscard]] const std::vector<Outcome>& outcomes() const { return p_.outcomes; }
  [[nodiscard]] const std::vector<Selection>& selections() const { return p_.selections; }
  [[nodiscard]] const std::string& part_of() const { return p_.part_of; }
  [[nodiscard]] const Parts& parts() const { return p_; }

  friend bool operator==(const Journey&, const Journey&) = default;

  /// Reads a journey file's text. @param what names it in messages about JSON itself. Defined in journey_json.hpp, as is `load`.
  static Journey parse(std::string_view text, const std::string& what = "journey");
  /// Reads a journey file. @throws InvalidInput also when there is no such file.
  static Journey load(const std::string& path);

 private:
  /// A bare name, which a file cannot write here, means each such event.
  static Pattern as_pattern(Pattern when) { return when.is_name() ? Pattern::event(std::move(when)) : when; }

  static void check_id(const std::string& id, const std::string& place) {
    if (id.empty()) refuse(place, "''", "an id");
    for (const char* word : {"START", "END", "observed", "this"})
      if (id == word) refuse(place, "'" + id + "'", "another id (START, END, observed and this are reserved)");
  }

  static void check_kpi(const Kpi& kpi, const std::string& place) {
    if (kpi.name.empty()) refuse(place + ".name", "''", "a name");
    if (kpi.target && !(*kpi.target >= 0 && *kpi.target <= 1)) refuse(place + ".target", to_string(Literal{*kpi.target}), "a share between 0 and 1");
    const std::string part = place + ".met." + to_string(kpi.kind);
    if (kpi.kind != Kpi::Kind::where) return check_possible(kpi.x, part);
    if (kpi.where.is_trivial()) refuse(part, "no condition", "at least one");
    check_possible(kpi.where, part);
  }

  void validate() const {
    if (p_.version < 1) refuse("version", std::to_string(p_.version), "1 or more");
    if (p_.moments.empty()) refuse("moments", "none", "at least one");
    std::set<std::string> stages, ids, selections;
    const auto once = [](std::set<std::string>& taken, const std::string& id, const std::string& place) {
      check_id(id, place);
      if (!taken.insert(id).second) refuse(place, "'" + id + "' a second time", "an id of its own");
    };
    for (std::size_t i = 0; i < p_.stages.size(); ++i) once(stages, p_.stages[i].id, "stages[" + std::to_string(i) + "].id");
    const std::vector<std::string> known(stages.begin(), stages.end());
    for (std::size_t i = 0; i < p_.moments.size(); ++i) {
      const Moment& moment = p_.moments[i];
      const std::string place = "moments[" + std::to_string(i) + "]";
      once(ids, moment.id, place + ".id");
      if (!stages.contains(moment.stage))
        throw InvalidInput(place + ".stage: found unknown stage '" + moment.stage + "'" + did_you_mean(moment.stage, known) + ", expected one of " +
                           listed(known));
      check_possible(moment.when, place + ".when");
      if (moment.kpi) check_kpi(*moment.kpi, place + ".kpi");
    }
    for (std::size_t i = 0; i < p_.outcomes.size(); ++i) {
      const Outcome& outcome = p_.outcomes[i];
      const std::string place = "outcomes[" + std::to_string(i) + "]";
      once(ids, outcome.id, place + ".id");
      if (stages.contains(outcome.id)) refuse(place + ".id", "'" + outcome.id + "', a stage's id", "an id of its own");
      check_possible(outcome.when, place + ".when");
      outcome.when.for_each([&](const Pattern& part) {
        if (part.form == Form::anniversary)
          refuse(place + ".when", "an anniversary", "a pattern without one (anniversaries stop at the first outcome: it would wait for itself)");
      });
    }
    for (std::size_t i = 0; i < p_.selections.size(); ++i) {
      const Selection& selection = p_.selections[i];
      const std::string place = "selections[" + std::to_string(i) + "]";
      once(selections, selection.id, place + ".id");
      if (selection.moments.empty()) refuse(place + ".moments", "none", "at least one");
      check_selected(selection, place + ".moments");
    }
  }

  void check_selected(const Selection& selection, const std::string& place) const {
    std::vector<std::string> known;
    for (const Moment& moment : p_.moments) known.push_back(moment.id);
    std::set<std::string> taken;
    for (std::size_t i = 0; i < selection.moments.size(); ++i) {
      const std::string &id = selection.moments[i], where = place + "[" + std::to_string(i) + "]";
      if (std::find(known.begin(), known.end(), id) == known.end())
        throw InvalidInput(where + ": found unknown moment '" + id + "'" + did_you_mean(id, known) + ", expected one of " + listed(known));
      if (!taken.insert(id).second) refuse(where, "'" + id + "' a second time", "each moment once");
    }
  }

  Parts p_;
};

}  // namespace sojourn
