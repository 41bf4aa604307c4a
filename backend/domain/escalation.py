"""Whom to page next about an open case, and when to ask again: never nobody, never never (S7)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.domain.concerns import Priority
from backend.domain.protocol import EscalationRules, Step
from backend.domain.schedule import at_local


class Outcome(StrEnum):
    """How a case ended. It takes one of these to close a case (S8)."""

    REACHED = "reached"
    LEFT_MESSAGE = "left_message"
    NOT_REACHED = "not_reached"
    CRISIS_LINE = "crisis_line"
    EMERGENCY_DEPARTMENT = "emergency_department"
    WELFARE_CHECK = "welfare_check"
    FALSE_ALARM = "false_alarm"
    NO_ACTION_NEEDED = "no_action_needed"


OUTCOME_WORDS = {
    Outcome.REACHED: "Reached the patient",
    Outcome.LEFT_MESSAGE: "Left a message",
    Outcome.NOT_REACHED: "Could not reach the patient",
    Outcome.CRISIS_LINE: "With the crisis line",
    Outcome.EMERGENCY_DEPARTMENT: "Sent to an emergency department",
    Outcome.WELFARE_CHECK: "Welfare check asked for",
    Outcome.FALSE_ALARM: "False alarm",
    Outcome.NO_ACTION_NEEDED: "Read, nothing to do",
}
NOTE_REQUIRED = frozenset({Outcome.FALSE_ALARM, Outcome.NOT_REACHED})


@dataclass(frozen=True, slots=True)
class NextPage:
    """The step that is paged now, its people, and when the case is due again.

    `people` is empty only when no step of the whole policy has anybody: that is an alarm of its own. `skipped` are the
    steps passed over because they were empty.
    """

    step: int
    people: tuple[str, ...]
    next_page_at: datetime
    skipped: tuple[int, ...]


def next_page(
    steps: Sequence[Step],
    last_step: int | None,
    staffing: Callable[[Step], Sequence[str]],
    priority: Priority,
    *,
    rules: EscalationRules,
    now: datetime,
) -> NextPage:
    """The next step with somebody on it, after `last_step` and around again; the last step wraps to the first.

    `staffing` says who stands on a step now. Every staffed step is reached within one round.
    """
    first = 0 if last_step is None else last_step + 1
    skipped: list[int] = []
    for offset in range(len(steps)):
        index = (first + offset) % len(steps)
        if people := tuple(staffing(steps[index])):
            return NextPage(index, people, now + steps[index].wait * rules.pace[priority], tuple(skipped))
        skipped.append(index)
    return NextPage(first % max(len(steps), 1), (), now + rules.repeat_round, tuple(skipped))


def first_page_at(priority: Priority, now: datetime, rules: EscalationRules, zone: ZoneInfo) -> datetime:
    """When a new case first pages: at once when it is stat or asap, in the clinic's paging hours when urgent; a routine
    case stands in the queue for its whole acknowledgement time before anybody's phone rings.
    """
    if priority >= Priority.ASAP:
        return now
    wait = timedelta(0) if priority is Priority.URGENT else rules.steps[0].wait * rules.pace[priority]
    return in_paging_hours(now + wait, rules, zone)


def in_paging_hours(at: datetime, rules: EscalationRules, zone: ZoneInfo) -> datetime:
    """That moment, or the next time paging hours begin."""
    day = at.astimezone(zone).date()
    opens, closes = at_local(day, rules.page_from, zone), at_local(day, rules.page_until, zone)
    if at < opens:
        return opens
    return at if at < closes else at_local(day + timedelta(days=1), rules.page_from, zone)


def outcome_due_at(priority: Priority, acknowledged_at: datetime, rules: EscalationRules) -> datetime:
    """When an acknowledged case without an outcome pages again (S8)."""
    return acknowledged_at + rules.outcome_within[priority]


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    """A time on call; a weekly one repeats at the same local time, whatever daylight saving does."""

    staff_id: str
    starts_at: datetime
    ends_at: datetime
    weekly: bool


def on_call(shifts: Sequence[ShiftFacts], now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """The people on call now, in the order of the rota, each once."""
    return tuple(dict.fromkeys(shift.staff_id for shift in shifts if _covers(shift, now, zone)))


def _covers(shift: ShiftFacts, now: datetime, zone: ZoneInfo) -> bool:
    if shift.starts_at <= now < shift.ends_at:
        return True
    if not shift.weekly or now < shift.starts_at:
        return False
    starts, ends = shift.starts_at.astimezone(zone), shift.ends_at.astimezone(zone)
    local = now.astimezone(zone)
    weeks = (local.date() - starts.date()).days // 7
    return any(_in_week(starts, ends, week, now, zone) for week in range(max(weeks - 1, 0), weeks + 1))


def _in_week(starts: datetime, ends: datetime, week: int, now: datetime, zone: ZoneInfo) -> bool:
    later = timedelta(weeks=week)
    begins_at = at_local((starts + later).date(), starts.time(), zone)
    return begins_at <= now < at_local((ends + later).date(), ends.time(), zone)
