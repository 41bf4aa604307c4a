"""The plan in every IANA zone and over every clock change of the years 2024 to 2030: nothing outside the window or
twice, nothing left out silently, the caps kept, the order kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.protocol import FLAGS, ROUTES, TRACKS, CheckInRule, Window
from backend.domain.schedule import (
    MOST_MOVED,
    NO_SCORES,
    NOBODY_THERE,
    NOT_NEEDED,
    ONE_DAY,
    OUTSIDE_HOURS,
    TOO_LATE,
    TOO_MANY,
    Omitted,
    PlannedCheckIn,
    StaffedHours,
    TreatmentFacts,
    Whose,
    at_local,
    check_in_times,
    is_open,
)
from backend.services.clinic.hours import public_holidays
from tests.town import signed_files

PROTOCOL = signed_files().protocol
FIRST, LAST = date(2024, 1, 1), date(2030, 12, 31)
DAYS = (LAST - FIRST).days + 1
# What a zone file is called and is no place: the machine's own, and "not set".
NAMES = sorted(available_timezones() - {"localtime", "Factory"})
REASONS = {NOT_NEEDED, OUTSIDE_HOURS, TOO_LATE, TOO_MANY, NOBODY_THERE, NO_SCORES}
RULES = {rule.name: rule for rule in PROTOCOL.check_ins}
DAYS_AFTER = sorted({rule.after_days or 0 for rule in PROTOCOL.check_ins})
ALL_FLAGS = frozenset(FLAGS)


@dataclass(frozen=True, slots=True)
class Case:
    """One treatment of one patient, with the plan that was made of it."""

    facts: TreatmentFacts
    whose: Whose
    planned: tuple[PlannedCheckIn, ...]
    omitted: tuple[Omitted, ...]

    def day_of(self, plan: PlannedCheckIn) -> date:
        return plan.due_at.astimezone(self.whose.zone).date()

    @property
    def ended_on(self) -> date:
        return self.facts.ended_at.astimezone(self.whose.zone).date()


def plan(facts: TreatmentFacts, whose: Whose) -> Case:
    return Case(facts, whose, *check_in_times(facts, PROTOCOL, whose))


# What must hold of every plan -----------------------------------------------------------------------------------------


def each_rule_has_one_end(case: Case) -> None:
    unmoved = {*case.whose.asked_on, *case.whose.stopped}
    ends = [*(p.name for p in case.planned), *(o.name for o in case.omitted), *unmoved]
    assert sorted(ends) == sorted(RULES)
    assert {left.reason for left in case.omitted} <= REASONS


def each_is_inside_the_window(case: Case) -> None:
    window, zone = case.whose.window, case.whose.zone
    for p in case.planned:
        local, closes = (at.astimezone(zone) for at in (p.due_at, p.send_by))
        assert is_open(p.due_at, window, zone)
        assert local.date() == closes.date()
        assert window.opening(local.date()) <= local.time() < window.closes == closes.time()
        assert case.facts.ended_at < p.due_at < p.send_by < p.answer_by


def they_come_in_order_and_never_twice_a_day(case: Case) -> None:
    order = list(RULES)
    names = [order.index(p.name) for p in case.planned]
    assert names == sorted(names)
    assert all(one < other for one, other in pairwise([case.day_of(p) for p in case.planned]))


def the_caps_are_kept(case: Case) -> None:
    days = [*case.whose.prompted_on, *case.whose.asked_on.values(), *map(case.day_of, case.planned)]
    for p in case.planned:
        day = case.day_of(p)
        assert days.count(day) == 1
        for back in range(7):
            first = day - ONE_DAY * back
            assert sum(first <= other < first + ONE_DAY * 7 for other in days) <= PROTOCOL.prompts_in_seven_days


def none_moves_far_or_past_the_next(case: Case) -> None:
    applying = [rule for rule in PROTOCOL.check_ins if applies(rule, case.facts) and rule.after_days]
    for p in case.planned:
        after = RULES[p.name].after_days or 0
        later = (case.day_of(p) - case.ended_on).days - after
        nexts = [rule.after_days for rule in applying if rule.after_days and rule.after_days > after]
        assert 0 <= later <= min([MOST_MOVED, *(days - after - 1 for days in nexts)])
        assert (p.moved_because is None) == (later == 0)


def nothing_is_planned_for_a_day_that_is_over(case: Case) -> None:
    assert all(case.whose.now is None or case.whose.now < p.send_by for p in case.planned)


def somebody_is_there_to_read_it(case: Case) -> None:
    staffed = case.whose.staffed
    if staffed is None:
        return
    for p in case.planned:
        on = p.due_at.astimezone(staffed.zone).date()
        hours = staffed.on(on)
        assert hours is not None
        assert on not in staffed.closed
        assert hours[1] - max(hours[0], p.due_at) >= staffed.rules.hours_left
        noon = at_local(on, staffed.rules.last_before_days_off, staffed.zone)
        assert staffed.on(on + ONE_DAY) is not None or p.due_at <= noon
        assert not case.whose.at_risk or case.whose.agreed or RULES[p.name].after_days is None


MUST_HOLD: tuple[Callable[[Case], None], ...] = (
    each_rule_has_one_end,
    each_is_inside_the_window,
    they_come_in_order_and_never_twice_a_day,
    the_caps_are_kept,
    none_moves_far_or_past_the_next,
    nothing_is_planned_for_a_day_that_is_over,
    somebody_is_there_to_read_it,
)


def applies(rule: CheckInRule, facts: TreatmentFacts) -> bool:
    """The protocol's `only_when`, read a second time on purpose: the test must not ask the code it tests."""
    meant = {
        "first_treatment": facts.first,
        "home": facts.setting == "home",
        "co_sedative": facts.co_sedative,
        "flagged": facts.flags != frozenset(),
        **{flag: flag in facts.flags for flag in FLAGS if flag != "co_sedative"},
    }
    return rule.only_when == () or any(meant[condition] for condition in rule.only_when)


def sound(case: Case) -> Case:
    for must_hold in MUST_HOLD:
        must_hold(case)
    return case


# Every zone, every clock change ---------------------------------------------------------------------------------------


def offset(zone: ZoneInfo, day: date) -> timedelta | None:
    return datetime.combine(day, time(12), tzinfo=zone).utcoffset()


@cache
def clock_changes(name: str) -> tuple[tuple[date, timedelta | None], ...]:
    """The first noon of each new offset in these years, with that offset; the first entry is how they begin."""
    zone = ZoneInfo(name)
    found = [(FIRST, offset(zone, FIRST))]
    for week in (FIRST + timedelta(weeks=number) for number in range(1, DAYS // 7 + 12)):
        if offset(zone, week) != found[-1][1]:
            days = (week - ONE_DAY * back for back in range(6, -1, -1))
            changed = next(day for day in days if offset(zone, day) != found[-1][1])
            found.append((changed, offset(zone, changed)))
    return tuple(found)


def places() -> dict[tuple[tuple[date, timedelta | None], ...], list[str]]:
    """The zones by how their clocks go in these years: those of one kind plan alike."""
    kinds: dict[tuple[tuple[date, timedelta | None], ...], list[str]] = {}
    for name in NAMES:
        kinds.setdefault(clock_changes(name), []).append(name)
    return kinds


FULL = TreatmentFacts(datetime(2024, 1, 1, tzinfo=UTC), flags=frozenset({"postpartum"}))


def ended(facts: TreatmentFacts, day: date, at: time, zone: ZoneInfo) -> TreatmentFacts:
    return replace(facts, ended_at=datetime.combine(day, at, tzinfo=zone).astimezone(UTC))


def test_every_check_in_is_right_on_the_day_of_every_clock_change_in_every_zone() -> None:
    """For each kind of zone, each of its clock changes, and each check-in: the treatment that puts it on that day."""
    seen = 0
    for changes, [name, *_] in places().items():
        zone = ZoneInfo(name)
        for day, _ in changes[1:]:
            for after in DAYS_AFTER:
                case = sound(plan(ended(FULL, day - ONE_DAY * after, time(15), zone), Whose(zone, PROTOCOL.window)))
                assert {left.reason for left in case.omitted} <= {NOT_NEEDED}
                assert day in map(case.day_of, case.planned)
                seen += 1
    assert seen >= 400 * len(DAYS_AFTER)  # about thirty kinds of zone change their clocks twice a year


def test_every_zone_by_name_plans_the_whole_protocol_at_ten_in_its_own_morning() -> None:
    for place, name in enumerate(NAMES):
        zone = ZoneInfo(name)
        for year in range(FIRST.year, LAST.year + 1, 3):
            day = date(year, 1, 1) + ONE_DAY * (place * 37 % 365)
            case = sound(plan(ended(FULL, day, time(15), zone), Whose(zone, PROTOCOL.window)))
            assert [p.name for p in case.planned] == list(RULES)
            assert {p.due_at.astimezone(zone).time() for p in case.planned[1:]} == {PROTOCOL.window.asks_at}


def test_no_day_of_these_years_is_unlike_the_others() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")  # whose clocks change by half an hour
    sundays_later = Whose(zone, replace(PROTOCOL.window, sunday_opens=time(12)).narrowed(time(11), time(15)))
    for number in range(DAYS):
        sound(plan(ended(FULL, FIRST + ONE_DAY * number, time(9), zone), sundays_later))


# Whatever else may come together --------------------------------------------------------------------------------------

ZONES = st.sampled_from(NAMES).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones
FACTS = st.builds(
    TreatmentFacts,
    ended_at=MOMENTS,
    route=st.sampled_from(ROUTES),
    setting=st.sampled_from(["clinic", "home"]),
    first=st.booleans(),
    co_sedative=st.booleans(),
    flags=st.frozensets(st.sampled_from(FLAGS), max_size=3),
)
QUARTERS = st.builds(time, st.integers(8, 20), st.sampled_from([0, 15, 30, 45]))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """A clinic's hours, with a patient's own inside them; Sundays open later or not at all."""
    opens, closes = sorted(draw(st.sets(QUARTERS, min_size=2, max_size=2)))
    asks_at = draw(QUARTERS.filter(lambda at: opens <= at < closes))
    window = Window(opens, closes, asks_at, draw(QUARTERS.filter(lambda at: at >= opens)))
    own = sorted(draw(st.sets(QUARTERS, min_size=2, max_size=2)))
    return window.narrowed(*own) if max(opens, own[0]) < min(closes, own[1]) else window


@st.composite
def staffs(draw: st.DrawFn) -> StaffedHours:
    """A clinic of mode B somewhere, with its public holidays and a few closed days of its own."""
    weekdays = draw(st.sets(st.integers(0, 6), max_size=6))
    span = sorted(draw(st.sets(st.builds(time, st.integers(6, 22)), min_size=2, max_size=2)))
    closed = draw(st.frozensets(st.dates(FIRST, LAST), max_size=5)) | holidays_of(
        draw(st.sampled_from(["US", "GB", "AU"]))
    )
    return StaffedHours(dict.fromkeys(weekdays, (span[0], span[1])), closed, draw(ZONES), PROTOCOL.staffed)


@cache
def holidays_of(country: str) -> frozenset[date]:
    return frozenset().union(*(public_holidays(country, None, year) for year in range(FIRST.year, LAST.year + 1, 3)))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    facts, zone = draw(FACTS), draw(ZONES)
    ended_on = facts.ended_at.astimezone(zone).date()
    asked = draw(st.dictionaries(st.sampled_from(list(RULES)), st.integers(0, 90), max_size=3))
    before = draw(st.lists(st.integers(-8, 2), max_size=4))
    whose = Whose(
        zone=zone,
        window=draw(windows()),
        track=draw(st.sampled_from(TRACKS)),
        prompted_on=tuple(ended_on + ONE_DAY * days for days in before),
        asked_on={name: ended_on + ONE_DAY * days for name, days in asked.items()},
        stopped=draw(st.frozensets(st.sampled_from(list(RULES)), max_size=2)) - asked.keys(),
        now=draw(st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=90)).map(facts.ended_at.__add__)),
        staffed=draw(st.none() | staffs()),
        at_risk=draw(st.booleans()),
        agreed=draw(st.booleans()),
    )
    return plan(facts, whose)


@settings(max_examples=200)
@given(cases())
def test_whatever_comes_together_the_plan_is_sound(case: Case) -> None:
    sound(case)


def test_what_was_recorded_late_is_asked_late_as_long_as_the_next_is_not_due() -> None:
    """Recorded on the second day: what the first should have asked is asked at once, and day 3 as always."""
    zone = ZoneInfo("America/New_York")
    facts = ended(FULL, date(2026, 3, 3), time(15), zone)
    recorded_at = at_local(date(2026, 3, 5), time(11), zone)
    case = sound(plan(facts, Whose(zone, PROTOCOL.window, now=recorded_at)))
    assert Omitted("same_day", TOO_LATE) in case.omitted
    first, second = case.planned[:2]
    assert (first.name, case.day_of(first), first.moved_because) == ("day_1", date(2026, 3, 5), TOO_LATE)
    assert (second.name, case.day_of(second), second.moved_because) == ("day_3", date(2026, 3, 6), None)


def test_nothing_is_left_out_that_could_be_asked() -> None:
    """A patient at home in the window, with no prompts before, gets the whole protocol but what is not for her."""
    for flags in (frozenset[str](), ALL_FLAGS):
        for first in (True, False):
            facts = replace(FULL, ended_at=datetime(2026, 3, 3, 15, tzinfo=UTC), first=first, flags=flags)
            case = sound(plan(facts, Whose(ZoneInfo("America/New_York"), PROTOCOL.window)))
            assert {left.name for left in case.omitted} == {r.name for r in PROTOCOL.check_ins if not applies(r, facts)}


def test_own_hours_before_the_clinics_sunday_leave_the_sunday_out() -> None:
    """A clinic asks from noon on Sundays, the patient wants to be asked before eleven: then not on Sundays."""
    window = replace(PROTOCOL.window, sunday_opens=time(12)).narrowed(None, time(11))
    zone = ZoneInfo("America/New_York")
    case = sound(plan(ended(FULL, date(2026, 3, 7), time(15), zone), Whose(zone, window)))
    moved = {p.name: (case.day_of(p), p.moved_because) for p in case.planned}
    assert moved["day_1"] == (date(2026, 3, 9), OUTSIDE_HOURS)


def test_who_flies_over_the_date_line_is_not_asked_twice_on_either_calendar() -> None:
    """Asked on Tuesday at ten in Sydney, Monday evening in New York; then she flies, and Tuesday comes again."""
    facts = ended(FULL, date(2026, 6, 2), time(8), ZoneInfo("America/New_York"))
    whose = Whose(
        ZoneInfo("America/New_York"),
        PROTOCOL.window,
        prompted_on=(date(2026, 6, 1),),
        then_on=(date(2026, 6, 2),),
    )
    case = plan(facts, whose)
    assert Omitted("same_day", TOO_MANY) in case.omitted
    assert case.day_of(case.planned[0]) == date(2026, 6, 3)


def staffed_in(name: str) -> Iterator[StaffedHours]:
    yield StaffedHours(dict.fromkeys(range(5), (time(9), time(17))), frozenset(), ZoneInfo(name), PROTOCOL.staffed)


@pytest.mark.parametrize(
    ("patient", "clinic", "at"),
    [
        ("America/New_York", "America/New_York", time(10)),
        ("America/Anchorage", "America/New_York", time(9)),  # at ten, three of the clinic's hours would be left
        ("Europe/London", "America/New_York", time(14)),  # when staff come
        ("Pacific/Auckland", "America/Los_Angeles", time(10)),  # the clinic's Tuesday is her Wednesday
    ],
)
def test_mode_b_asks_when_the_clinic_can_read_it_wherever_the_patient_lives(
    patient: str, clinic: str, at: time
) -> None:
    zone, [staffed] = ZoneInfo(patient), staffed_in(clinic)
    case = sound(plan(ended(FULL, date(2026, 1, 12), time(15), zone), Whose(zone, PROTOCOL.window, staffed=staffed)))
    day_3 = next(p for p in case.planned if p.name == "day_3")
    assert day_3.due_at.astimezone(zone).time() == at
