"""From a treatment to its check-ins: when each is due, in the patient's own local time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from backend.domain.protocol import CheckInRule, Protocol, Window


@dataclass(frozen=True, slots=True)
class TreatmentFacts:
    """What the plan depends on. `ended_at` is aware; the anchor is the end, not the start."""

    ended_at: datetime
    route: str = "iv"
    setting: str = "clinic"
    first: bool = True
    co_sedative: bool = False
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class PlannedCheckIn:
    """One check-in: due, never sent after `send_by`, and open for an answer until `answer_by` (all UTC)."""

    name: str
    asks: tuple[str, ...]
    due_at: datetime
    send_by: datetime
    answer_by: datetime


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
    treatment: TreatmentFacts, protocol: Protocol, zone: ZoneInfo, track: str = "both"
) -> tuple[tuple[PlannedCheckIn, ...], tuple[Omitted, ...]]:
    """The planned check-ins in order of time, and those left out with their reasons."""
    planned: list[PlannedCheckIn] = []
    omitted: list[Omitted] = []
    for rule in protocol.check_ins:
        due_at = _due_at(rule, treatment, protocol.window, zone)
        if not _applies(rule, treatment):
            omitted.append(Omitted(rule.name, "not needed for this treatment"))
        elif due_at is None:
            omitted.append(Omitted(rule.name, "would fall outside the patient's hours"))
        else:
            planned.append(_planned(rule, due_at, protocol, zone, track))
    return tuple(sorted(planned, key=lambda p: p.due_at)), tuple(omitted)


def next_opening(now: datetime, window: Window, zone: ZoneInfo) -> datetime:
    """`now` when prompts may go out now, otherwise the next time the window opens (UTC)."""
    local = now.astimezone(zone)
    opens = at_local(local.date(), window.opens, zone)
    if now < opens:
        return opens
    if now < at_local(local.date(), window.closes, zone):
        return now
    return at_local(local.date() + timedelta(days=1), window.opens, zone)


def is_open(now: datetime, window: Window, zone: ZoneInfo) -> bool:
    return next_opening(now, window, zone) == now


def _applies(rule: CheckInRule, treatment: TreatmentFacts) -> bool:
    facts = {
        "first_treatment": treatment.first,
        "home": treatment.setting == "home",
        "co_sedative": treatment.co_sedative,
        "flagged": treatment.flagged,
    }
    return not rule.only_when or any(facts[condition] for condition in rule.only_when)


def _due_at(rule: CheckInRule, treatment: TreatmentFacts, window: Window, zone: ZoneInfo) -> datetime | None:
    if rule.after_days is not None:
        day = treatment.ended_at.astimezone(zone).date() + timedelta(days=rule.after_days)
        return at_local(day, window.asks_at, zone)
    hours = rule.after_hours.get(treatment.route, rule.after_hours["default"])
    due_at = treatment.ended_at.astimezone(UTC) + timedelta(hours=hours)
    opening = next_opening(due_at, window, zone)
    same_day = opening.astimezone(zone).date() == due_at.astimezone(zone).date()
    return opening if same_day else None


def _planned(rule: CheckInRule, due_at: datetime, protocol: Protocol, zone: ZoneInfo, track: str) -> PlannedCheckIn:
    day = due_at.astimezone(zone).date()
    return PlannedCheckIn(
        name=rule.name,
        asks=_in_order_of(track, rule.asks),
        due_at=due_at,
        send_by=at_local(day, protocol.window.closes, zone),
        answer_by=at_local(day + timedelta(days=1), protocol.answers_expire_at, zone),
    )


def _in_order_of(track: str, asks: tuple[str, ...]) -> tuple[str, ...]:
    """Both scores always (half of pain patients are depressed), but a pain patient is asked for pain first."""
    if track == "pain" and asks[:2] == ("mood", "pain"):
        return ("pain", "mood", *asks[2:])
    return asks
