"""The questions as patterns, and the journeys that they make."""

import sojourn as sj
from generate import NAMES
from questions import LEAVES, NOBODY, OUTCOME_ID, TENTH, THIRD

QUESTIONS = {
    THIRD: sj.count("contact", at_least=3, within="30d", rearm="every"),
    TENTH: sj.nth("order", 10),
    NOBODY: sj.absent("follow_up", within="10d", after="claim_closed"),
}
TEN = [*QUESTIONS.values(), *(sj.nth(name, 5) for name in NAMES[:7])]
MOVES = [*QUESTIONS.values(), *(sj.event(name) for name in NAMES if name != LEAVES)]
OUTCOMES = {OUTCOME_ID: sj.event(LEAVES)}


def journey(*patterns: sj.Pattern, outcomes: dict[str, sj.Pattern] | None = None) -> sj.Journey:
    """Return a journey of those moments, called m0, m1 and so on."""
    moments = [sj.Moment(f"m{i}", "all", when=when) for i, when in enumerate(patterns)]
    return sj.Journey(["all"], moments, outcomes or {})
