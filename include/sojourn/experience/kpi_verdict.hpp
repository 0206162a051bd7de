// Whether an occurrence met its moment's KPI. Semantics: docs/patterns.md, "KPIs".
#pragma once

#include <cstdint>
#include <vector>

#include "sojourn/experience/journey.hpp"
#include "sojourn/experience/life.hpp"
#include "sojourn/experience/program.hpp"
#include "sojourn/experience/windows.hpp"

namespace sojourn {

/// none: the moment has no KPI.
enum class Verdict : std::uint8_t { none, not_met, undecided, met };

/// A KPI tied to a program: x is one of its patterns.
struct CompiledKpi {
  Kpi::Kind kind;
  std::uint32_t x = 0;
  Duration within = {};
  BoundCondition where = {};

  CompiledKpi(const Kpi& kpi, Program& program) : kind(kpi.kind), within(kpi.within) {
    if (kind == Kpi::Kind::where) where = program.bind(kpi.where);
    else x = program.add(kpi.x);
  }
};

/// Judges a moment's occurrences in ascending order; all of them in time linear in occurrences and x's.
class KpiCursor {
 public:
  KpiCursor(const CompiledKpi& kpi, const Life& life, const Workspace& work)
      : kpi_(kpi),
        life_(life),
        known_after_(x(work).signals),
        unknown_after_(x(work).unknown),
        known_before_(x(work).signals),
        unknown_before_(x(work).unknown) {}

  Verdict verdict(const Signal& occurrence) {
    switch (kpi_.kind) {
      case Kpi::Kind::where: return of(kpi_.where.judge(life_.row(occurrence.event)));
      case Kpi::Kind::preceded_by: return of(preceded(occurrence));
      case Kpi::Kind::follows: return of(followed(occurrence));
      case Kpi::Kind::absent: break;
    }
    return of(!followed(occurrence));
  }

 private:
  static Verdict of(Truth truth) { return truth == Truth::yes ? Verdict::met : truth == Truth::no ? Verdict::not_met : Verdict::undecided; }

  [[nodiscard]] const Emitted& x(const Workspace& work) const { return work.emitted[kpi_.x]; }

  Truth followed(const Signal& o) {
    const std::int64_t ends = life_.shift(o.time, kpi_.within);
    if (known_after_.any(o.place(), ends)) return Truth::yes;
    return unknown_after_.any(o.place(), ends) || !life_.reaches(ends) ? Truth::unknown : Truth::no;
  }

  Truth preceded(const Signal& o) {
    const std::int64_t opens = life_.shift(o.time, kpi_.within, -1);
    if (known_before_.any(o.place(), opens)) return Truth::yes;
    return unknown_before_.any(o.place(), opens) || (opens < life_.since() && life_.truncated()) ? Truth::unknown : Truth::no;
  }

  const CompiledKpi& kpi_;
  const Life& life_;
  Following known_after_, unknown_after_;
  Preceding known_before_, unknown_before_;
};

}  // namespace sojourn
