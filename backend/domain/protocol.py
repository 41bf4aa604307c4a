"""The clinical protocol as values: when to ask, which answers worry us, how often to page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta

from backend.domain.concerns import Priority, ReplyKind
from backend.domain.scores import Measure

ROUTES = ("iv", "im", "nasal", "oral", "topical", "other")
SETTINGS = ("clinic", "home")
TRACKS = ("mood", "pain", "both")
FLAGS = (
    "bipolar", "postpartum", "si_baseline", "sud", "coronary", "glaucoma", "alcohol", "crps", "co_sedative",
)  # fmt: skip
SAFETY = "safety"
WORD_ITEMS = frozenset({"side_effects", "bladder", "energy"})
"""Asked for in words: no is an answer, anything else is read by a person."""
ASKS = (SAFETY, Measure.MOOD.value, Measure.PAIN.value, Measure.SLEEP.value, "side_effects", "bladder", "energy")
CONDITIONS = ("first_treatment", "home", "co_sedative", "flagged", *FLAGS)
SUNDAY = 6
AUDIENCES = ("on_call", "team", "managers", "staff")


@dataclass(frozen=True, slots=True)
class CheckInRule:
    """One planned check-in: so many hours after the treatment's end, or so many local days later.

    `only_when`: any of these makes it apply; none means always. `also` are items asked besides of patients with one of
    their flags, `optional` those that are asked only where the clinic wants them.
    """

    name: str
    asks: tuple[str, ...]
    after_days: int | None = None
    after_hours: Mapping[str, float] = field(default_factory=dict)
    only_when: tuple[str, ...] = ()
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.after_days is None) == (not self.after_hours):
            msg = f"check-in `{self.name}` needs exactly one of after_days and after_hours"
            raise ValueError(msg)
        flags = [flag for flags in self.also.values() for flag in flags]
        named = ((ASKS, (*self.asks, *self.also, *self.optional)), (CONDITIONS, self.only_when), (FLAGS, flags))
        for known, given in named:
            if unknown := set(given) - set(known):
                msg = f"check-in `{self.name}` names unknown {sorted(unknown)}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Window:
    """Local times between which prompts may go out, and when day-counted ones do.

    It may open later on Sundays; where that is no earlier than it closes, it stays closed that day.
    """

    opens: time
    closes: time
    asks_at: time
    sunday_opens: time

    def __post_init__(self) -> None:
        if not (self.opens <= self.asks_at < self.closes and self.opens <= self.sunday_opens):
            raise ValueError("the window must open before it asks and ask before it closes")

    def opening(self, day: date) -> time:
        return self.sunday_opens if day.weekday() == SUNDAY else self.opens

    def asking(self, day: date) -> time:
        return max(self.asks_at, self.opening(day))

    def narrowed(self, opens: time | None, closes: time | None) -> "Window":
        """The same inside a patient's own hours. Raises `ValueError` when these leave nothing."""
        begins, ends = max(self.opens, opens or self.opens), min(self.closes, closes or self.closes)
        if begins >= ends:
            raise ValueError("leave some time between the hours, inside the clinic's own")
        asks_at = self.asks_at if begins <= self.asks_at < ends else begins
        return Window(begins, ends, asks_at, max(self.sunday_opens, begins))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores that worry us (CLINICAL.md 9; no validated cut-off exists for a 0-10 mood)."""

    mood_floor: int
    mood_low: int
    mood_fall: int
    mood_fall_from_best: int
    mood_slip: int
    mood_gain: int
    mood_high: int
    mood_jump: int
    pain_worst: int
    pain_rise: int
    pain_rise_percent: int
    pain_severe: int
    pain_response_percent: int
    response_from_day: int
    phq2: int
    phq2_rise: int
    phq9_rise: int
    silence: int
    silence_at_risk: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """How a check-in goes on after its prompt, and what keeps two machines from talking to each other for ever.

    After `unreadable` texts that answer nothing it is left to a person. `replies_an_hour` and `same_text` limit the
    automatic replies to one number within an hour; what concerns safety is never limited.
    """

    remind_after: timedelta
    unreadable: int
    replies_an_hour: int
    same_text: int


@dataclass(frozen=True, slots=True)
class StaffedRules:
    """What holds for a clinic that answers in staffed hours only (mode B, CLINICAL.md 4d)."""

    hours_left: timedelta
    last_before_days_off: time
    longest_wait: timedelta


@dataclass(frozen=True, slots=True)
class Raise:
    """A concern of this name weighs more for patients with a flag, or after a treatment in a setting or with another
    sedative, if need be only `within` a time of it; never less. `reply` answers it then, unless a crisis reply does.
    """

    concern: str
    when: str
    priority: Priority
    within: timedelta | None = None
    reply: ReplyKind | None = None

    def __post_init__(self) -> None:
        if self.when not in (*FLAGS, *SETTINGS):
            msg = f"raises name a flag or a setting, not {self.when!r}"
            raise ValueError(msg)


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


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class ClinicMay:
    """How far a clinic may change the protocol by itself; what is not named here it may not change.

    `days`: the first and the last day that a check-in may be moved to. `thresholds`: the signed value, and the one of
    the most alarms. `remind_after_hours`: the shortest and the longest wait.
    """

    days: Mapping[str, Span] = field(default_factory=dict)
    thresholds: Mapping[str, Span] = field(default_factory=dict)
    remind_after_hours: Span | None = None


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
    conversation: Conversation
    staffed: StaffedRules
    thresholds: Thresholds
    raises: tuple[Raise, ...]
    crisis_replies: CrisisReplies
    escalation: EscalationRules
    optional_items: frozenset[str] = frozenset()
    """The optional items that this clinic asks."""
    clinic_may: ClinicMay = field(default_factory=ClinicMay)


@dataclass(frozen=True, slots=True)
class CrisisPack:
    """Whom a person in danger can reach in one country, and the texts that say so there (`texts`, by language)."""

    country: str
    name: str
    calling_code: str
    emergency: str
    crisis_line: str
    reach: str
    """How to reach the crisis line, as staff tell it: `call or text 988`."""
    verified_on: date
    languages: tuple[str, ...]
    other_numbers: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    """Regions of the phone numbering that belong to this country."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def numbers(self) -> tuple[str, ...]:
        return self.emergency, self.crisis_line, *self.other_numbers
