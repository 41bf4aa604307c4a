"""From a treatment to its check-ins: when each is due, in the patient's own local time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.domain.protocol import CheckInRule, Protocol, StaffedRules, Window

ONE_DAY = timedelta(days=1)
MOST_MOVED = 4
"""Days that a check-in may come later than the protocol says; it never overtakes the next one."""
MOST_CLOSED = 8
"""Days within which every window opens: the hours of today may be over, and Sunday may have none."""

NOT_NEEDED = "not needed for this treatment"
OUTSIDE_HOURS = "would fall outside the patient's hours"
TOO_MANY = "enough texts that week"
NOBODY_THERE = "nobody would be there to read the answer"
TOO_LATE = "its day was over before it was planned"
NO_SCORES = "at risk, and nobody reads at night: a clinician must agree first"


@dataclass(frozen=True, slots=True)
class TreatmentFacts:
    """What the plan depends on. `ended_at` is aware; the anchor is the end, not the start."""

    ended_at: datetime
    route: str = "iv"
    setting: str = "clinic"
    first: bool = True
    co_sedative: bool = False
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class StaffedHours:
    """When a clinic's staff are there: local hours by weekday (0 is Monday), but not on the closed days.

    It is there only for clinics that answer in staffed hours alone (mode B).
    """

    weekly: Mapping[int, tuple[time, time]]
    closed: frozenset[date]
    zone: ZoneInfo
    rules: StaffedRules

    def on(self, day: date) -> tuple[datetime, datetime] | None:
        """The staffed hours of a clinic's local day (UTC), or None."""
        hours = self.weekly.get(day.weekday())
        if hours is None or day in self.closed:
            return None
        return at_local(day, hours[0], self.zone), at_local(day, hours[1], self.zone)

    def is_staffed(self, now: datetime) -> bool:
        hours = self.on(now.astimezone(self.zone).date())
        return hours is not None and hours[0] <= now < hours[1]

    def next_opening(self, now: datetime) -> datetime | None:
        """When staff are there next, `now` if they are there now; None if not within a month."""
        if self.is_staffed(now):
            return now
        today = now.astimezone(self.zone).date()
        openings = (self.on(today + ONE_DAY * ahead) for ahead in range(32))
        return next((hours[0] for hours in openings if hours is not None and hours[0] >= now), None)

    def may_ask(self, at: datetime) -> bool:
        """Whether enough staffed hours follow on that day, and none of it is the eve of days off (CLINICAL.md 4d)."""
        day = at.astimezone(self.zone).date()
        hours = self.on(day)
        if hours is None or hours[1] - max(hours[0], at) < self.rules.hours_left:
            return False
        eve = self.on(day + ONE_DAY) is None
        return not eve or at <= at_local(day, self.rules.last_before_days_off, self.zone)


@dataclass(frozen=True, slots=True)
class Whose:
    """What the plan depends on besides the treatment: where the patient lives, their hours, and what went out before.

    `prompted_on` are local days of earlier treatments' prompts, which count towards the caps; `asked_on` are those of
    this treatment's own check-ins that were asked already, which stay. `then_on` are the days of all these prompts as
    they were where the patient lived when asked: who flies over the date line is not asked twice on either calendar.
    `stopped` are own check-ins that were skipped for good. Nothing is planned for a day that is over `now`. `staffed`
    is there in mode B only; then a patient at risk is asked for scores only if a clinician `agreed`.
    """

    zone: ZoneInfo
    window: Window
    track: str = "both"
    prompted_on: tuple[date, ...] = ()
    asked_on: Mapping[str, date] = field(default_factory=dict)
    then_on: tuple[date, ...] = ()
    stopped: frozenset[str] = frozenset()
    now: datetime | None = None
    staffed: StaffedHours | None = None
    at_risk: bool = False
    agreed: bool = False


@dataclass(frozen=True, slots=True)
class Calendars:
    """The local days of a patient's prompts, on the calendar of where they live now and of where they lived then."""

    now: list[date]
    then: list[date]

    def add(self, day: date) -> None:
        self.now.append(day)
        self.then.append(day)

    def above_caps(self, day: date, protocol: Protocol) -> bool:
        return above_caps(day, self.now, protocol) or above_caps(day, self.then, protocol)


@dataclass(frozen=True, slots=True)
class PlannedCheckIn:
    """One check-in: due, never sent after `send_by`, and open for an answer until `answer_by` (all UTC).

    `moved_because` says why it falls on another day than the protocol's; None when it does not.
    """

    name: str
    asks: tuple[str, ...]
    due_at: datetime
    send_by: datetime
    answer_by: datetime
    moved_because: str | None = None


@dataclass(frozen=True, slots=True)
class Omitted:
    """A check-in that the protocol knows and this treatment does not get, with the reason staff see."""

    name: str
    reason: str


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone. Raises `ValueError` that says how to write one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, IsADirectoryError) as error:
        raise ValueError("write the time zone as an IANA name, such as America/New_York") from error


def at_local(day: date, clock_time: time, zone: ZoneInfo) -> datetime:
    """That local wall-clock time in UTC; one that a clock change skips moves on as far as the clocks did."""
    return datetime.combine(day, clock_time, tzinfo=zone).astimezone(UTC)


def check_in_times(
    treatment: TreatmentFacts, protocol: Protocol, whose: Whose
) -> tuple[tuple[PlannedCheckIn, ...], tuple[Omitted, ...]]:
    """The planned check-ins in order of time, and those left out with their reasons.

    Nothing is planned outside the patient's hours, above the caps, for a day that is over or, in mode B, where nobody
    would read the answer: it comes a few days later, before the next one, or is left out by name.
    """
    planned: list[PlannedCheckIn] = []
    omitted: list[Omitted] = []
    asked = Calendars([*whose.prompted_on, *whose.asked_on.values()], list(whose.then_on))
    rules = sorted(protocol.check_ins, key=lambda rule: rule.after_days or 0)
    for rule, before in zip(rules, _next_days(rules, treatment, whose), strict=True):
        if rule.name in whose.asked_on or rule.name in whose.stopped:
            continue
        plan = _plan(rule, before, treatment, protocol, whose, asked)
        if isinstance(plan, Omitted):
            omitted.append(plan)
            continue
        planned.append(plan)
        asked.add(plan.due_at.astimezone(whose.zone).date())
    return tuple(planned), tuple(omitted)


def _next_days(rules: Sequence[CheckInRule], treatment: TreatmentFacts, whose: Whose) -> Iterator[date]:
    """For each rule the day on which the next one that applies is due: it must come before that."""
    ended_on = treatment.ended_at.astimezone(whose.zone).date()
    for place, rule in enumerate(rules):
        mine = rule.after_days or 0
        later = [r.after_days for r in rules[place + 1 :] if r.after_days and _applies(r, treatment)]
        yield ended_on + ONE_DAY * next((days for days in later if days > mine), mine + MOST_MOVED + 1)


def _plan(
    rule: CheckInRule,
    before: date,
    treatment: TreatmentFacts,
    protocol: Protocol,
    whose: Whose,
    asked: Calendars,
) -> PlannedCheckIn | Omitted:
    if not _applies(rule, treatment):
        return Omitted(rule.name, NOT_NEEDED)
    asks = _asks(rule, treatment, protocol, whose)
    if whose.staffed is not None and whose.at_risk and not whose.agreed and rule.after_days is not None:
        return Omitted(rule.name, NO_SCORES)
    reason = OUTSIDE_HOURS
    moved_because: str | None = None
    for due_at in _moments(rule, before, treatment, whose):
        refused = _refusal(due_at, protocol, whose, asked)
        if refused is None:
            return _planned(rule, asks, due_at, protocol, whose, moved_because)
        reason = moved_because = refused
    return Omitted(rule.name, reason)


def _moments(rule: CheckInRule, before: date, treatment: TreatmentFacts, whose: Whose) -> Iterator[datetime]:
    """When it may go out: as the protocol says, else at the asking hour of the days after it. Hours are not moved."""
    ended_on = treatment.ended_at.astimezone(whose.zone).date()
    if rule.after_days is None:
        hours = rule.after_hours.get(treatment.route, rule.after_hours["default"])
        due_at = treatment.ended_at.astimezone(UTC) + timedelta(hours=hours)
        opening = next_opening(due_at, whose.window, whose.zone)
        if opening.astimezone(whose.zone).date() == ended_on:
            yield opening
        return
    day = ended_on + ONE_DAY * rule.after_days
    for later in range(MOST_MOVED + 1):
        if later == 0 or day + ONE_DAY * later < before:
            yield _asking(day + ONE_DAY * later, whose)


def _asking(day: date, whose: Whose) -> datetime:
    """The asking hour of a day. In mode B, as far as the patient's hours go, when staff come if that is later, or when
    the patient's hours begin if there would be too few staffed ones left.
    """
    asking = at_local(day, whose.window.asking(day), whose.zone)
    if whose.staffed is None:
        return asking
    opens, closes = (at_local(day, hour, whose.zone) for hour in (whose.window.opening(day), whose.window.closes))
    staff_come = (hours[0] for near in (-1, 0, 1) if (hours := whose.staffed.on(day + ONE_DAY * near)) is not None)
    moments = (asking, *(at for at in staff_come if asking < at < closes), opens)
    return next((at for at in moments if whose.staffed.is_staffed(at) and whose.staffed.may_ask(at)), asking)


def _refusal(due_at: datetime, protocol: Protocol, whose: Whose, asked: Calendars) -> str | None:
    day = due_at.astimezone(whose.zone).date()
    if not is_open(due_at, whose.window, whose.zone):
        return OUTSIDE_HOURS
    if whose.now is not None and at_local(day, whose.window.closes, whose.zone) <= whose.now:
        return TOO_LATE
    if asked.above_caps(day, protocol):
        return TOO_MANY
    if whose.staffed is not None and not whose.staffed.may_ask(max(due_at, whose.now or due_at)):
        return NOBODY_THERE
    return None


def above_caps(day: date, days: Sequence[date], protocol: Protocol) -> bool:
    """Whether one more prompt on that day would be too many for it or for some seven days around it.

    Caps count the patient's own calendar days, because a plan of days 0, 1, 3 and 7 is three a week to the person who
    gets it.
    """
    if sum(other == day for other in days) >= protocol.prompts_a_day:
        return True
    weeks = (day - ONE_DAY * back for back in range(7))
    return any(
        sum(first <= other < first + ONE_DAY * 7 for other in days) >= protocol.prompts_in_seven_days for first in weeks
    )


def next_opening(now: datetime, window: Window, zone: ZoneInfo) -> datetime:
    """`now` when prompts may go out now, otherwise the next time the window opens (UTC)."""
    today = now.astimezone(zone).date()
    days = (today + ONE_DAY * ahead for ahead in range(MOST_CLOSED))
    hours = ((at_local(day, window.opening(day), zone), at_local(day, window.closes, zone)) for day in days)
    return next(max(now, opens) for opens, closes in hours if now < closes and opens < closes)


def is_open(now: datetime, window: Window, zone: ZoneInfo) -> bool:
    return next_opening(now, window, zone) == now


def _applies(rule: CheckInRule, treatment: TreatmentFacts) -> bool:
    holds = {
        "first_treatment": treatment.first,
        "home": treatment.setting == "home",
        "co_sedative": treatment.co_sedative,
        "flagged": bool(treatment.flags),
    }
    return not rule.only_when or any(holds.get(condition, condition in treatment.flags) for condition in rule.only_when)


def _planned(
    rule: CheckInRule,
    asks: tuple[str, ...],
    due_at: datetime,
    protocol: Protocol,
    whose: Whose,
    moved_because: str | None,
) -> PlannedCheckIn:
    day = due_at.astimezone(whose.zone).date()
    return PlannedCheckIn(
        name=rule.name,
        asks=asks,
        due_at=due_at,
        send_by=at_local(day, whose.window.closes, whose.zone),
        answer_by=at_local(day + ONE_DAY, protocol.answers_expire_at, whose.zone),
        moved_because=moved_because,
    )


def _asks(rule: CheckInRule, treatment: TreatmentFacts, protocol: Protocol, whose: Whose) -> tuple[str, ...]:
    """Both scores always (half of pain patients are depressed), but a pain patient is asked for pain first."""
    scores, words = [item for item in rule.asks if item in _FIRST], [item for item in rule.asks if item not in _FIRST]
    wanted = [item for item in rule.optional if item in protocol.optional_items]
    besides = [item for item, flags in rule.also.items() if not treatment.flags.isdisjoint(flags)]
    if whose.track == "pain" and scores == ["mood", "pain"]:
        scores = ["pain", "mood"]
    return (*scores, *wanted, *words, *besides)


_FIRST = ("safety", "mood", "pain", "sleep")
