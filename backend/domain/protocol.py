"""The clinical protocol as values: when to ask, which answers worry us, how often to page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from backend.domain.concerns import Priority
from backend.domain.scores import Measure

ROUTES = ("iv", "im", "nasal", "oral", "topical", "other")
SETTINGS = ("clinic", "home")
TRACKS = ("mood", "pain", "both")
FLAGS = (
    "bipolar", "postpartum", "si_baseline", "sud", "coronary", "glaucoma", "alcohol", "crps", "co_sedative",
)  # fmt: skip
ASKS = ("safety", Measure.MOOD.value, Measure.PAIN.value, "side_effects")
CONDITIONS = ("first_treatment", "home", "co_sedative", "flagged")
AUDIENCES = ("on_call", "team", "managers", "staff")


@dataclass(frozen=True, slots=True)
class CheckInRule:
    """One planned check-in: so many hours after the treatment's end, or so many local days later."""

    name: str
    asks: tuple[str, ...]
    after_days: int | None = None
    after_hours: Mapping[str, float] = field(default_factory=dict)
    only_when: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.after_days is None) == (not self.after_hours):
            msg = f"check-in `{self.name}` needs exactly one of after_days and after_hours"
            raise ValueError(msg)
        for known, given in ((ASKS, self.asks), (CONDITIONS, self.only_when)):
            if unknown := set(given) - set(known):
                msg = f"check-in `{self.name}` names unknown {sorted(unknown)}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Window:
    """Local times between which prompts may go out, and when day-counted ones do."""

    opens: time
    closes: time
    asks_at: time

    def __post_init__(self) -> None:
        if not self.opens <= self.asks_at < self.closes:
            raise ValueError("the window must open before it asks and ask before it closes")


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores that worry us (CLINICAL.md 9; no validated cut-off exists for a 0-10 mood)."""

    mood_floor: int
    mood_low: int
    mood_fall: int
    mood_fall_from_best: int
    pain_worst: int
    pain_rise: int
    pain_severe: int
    silence: int
    silence_at_risk: int


@dataclass(frozen=True, slots=True)
class CrisisReplies:
    """How often the crisis text is repeated to one patient (CLINICAL.md 4e)."""

    suppress: timedelta
    repeat: timedelta
    full_again: timedelta
    confirm: timedelta


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of a policy: who is paged, and how long a stat case waits for them before it climbs."""

    audience: str
    wait: timedelta
    staff_id: str | None = None

    def __post_init__(self) -> None:
        if self.audience not in AUDIENCES or self.wait <= timedelta(0):
            raise ValueError(f"a step needs an audience of {AUDIENCES} and a positive wait")


@dataclass(frozen=True, slots=True)
class EscalationRules:
    """The default policy and its pace for each priority."""

    steps: tuple[Step, ...]
    pace: Mapping[Priority, int]
    outcome_within: Mapping[Priority, timedelta]
    page_from: time
    page_until: time
    repeat_round: timedelta

    def __post_init__(self) -> None:
        needed = {Priority.STAT, Priority.ASAP, Priority.URGENT, Priority.ROUTINE}
        if set(self.pace) != needed or set(self.outcome_within) != needed or not self.steps:
            raise ValueError("escalation needs steps, and a pace and an outcome time for every priority")
        if self.pace[Priority.STAT] != 1:
            raise ValueError("a stat case keeps the policy's own pace: escalation.pace.stat must be 1")


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything a licensed clinician signs about when to ask and when to worry."""

    version: str
    window: Window
    prompts_a_day: int
    prompts_in_seven_days: int
    answers_expire_at: time
    answers_count_for: timedelta
    check_ins: tuple[CheckInRule, ...]
    thresholds: Thresholds
    crisis_replies: CrisisReplies
    escalation: EscalationRules


@dataclass(frozen=True, slots=True)
class CrisisPack:
    """Whom a person in danger can reach in one country."""

    country: str
    calling_code: str
    emergency: str
    crisis_line: str
    verified_on: date
    languages: tuple[str, ...]
