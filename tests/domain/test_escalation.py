"""Whom a case pages: somebody while anybody stands anywhere, everybody within one round, on call over clock changes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.domain.concerns import Priority
from backend.domain.escalation import ShiftFacts, first_page_at, in_paging_hours, next_page, on_call, outcome_due_at
from backend.domain.protocol import Step
from tests.domain.test_schedule import MOMENTS, PROTOCOL, ZONES

RULES = PROTOCOL.escalation
NOW = datetime(2026, 6, 2, 16, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
STAFFED = st.lists(st.booleans(), min_size=1, max_size=6)
PRIORITIES = st.sampled_from([Priority.ROUTINE, Priority.URGENT, Priority.ASAP, Priority.STAT])


def policy(staffed: Sequence[bool]) -> tuple[Step, ...]:
    return tuple(Step("staff", timedelta(minutes=5 + n), f"{n}{'*' * on}") for n, on in enumerate(staffed))


def people_on(step: Step) -> Sequence[str]:
    return [step.staff_id] if step.staff_id and step.staff_id.endswith("*") else []


@given(STAFFED, PRIORITIES, st.integers(0, 5))
def test_every_staffed_step_is_reached_within_one_round(staffed: list[bool], priority: Priority, start: int) -> None:
    steps = policy(staffed)
    last: int | None = start % len(steps)
    reached = set()
    for _ in range(sum(staffed)):
        page = next_page(steps, last, people_on, priority, rules=RULES, now=NOW)
        reached.add(page.step)
        last = page.step
    assert reached == {number for number, on in enumerate(staffed) if on}


@given(STAFFED, PRIORITIES, st.none() | st.integers(0, 9))
def test_it_never_returns_nobody_while_somebody_stands_anywhere(
    staffed: list[bool], priority: Priority, last: int | None
) -> None:
    page = next_page(policy(staffed), last, people_on, priority, rules=RULES, now=NOW)
    assert bool(page.people) == any(staffed)
    assert page.next_page_at > NOW
    assert page.step not in page.skipped or not any(staffed)


def test_a_policy_without_any_step_still_asks_again() -> None:
    page = next_page((), None, people_on, Priority.STAT, rules=RULES, now=NOW)
    assert (page.people, page.next_page_at) == ((), NOW + RULES.repeat_round)


@given(PRIORITIES, MOMENTS, ZONES)
def test_a_new_case_pages_in_time(priority: Priority, now: datetime, zone: ZoneInfo) -> None:
    at = first_page_at(priority, now, RULES, zone)
    if priority >= Priority.ASAP:
        assert at == now
    else:
        assert at >= now
        assert in_paging_hours(at, RULES, zone) == at


@given(MOMENTS)
def test_the_more_urgent_the_sooner(now: datetime) -> None:
    ranked = [Priority.STAT, Priority.ASAP, Priority.URGENT, Priority.ROUTINE]
    first = [first_page_at(priority, now, RULES, NEW_YORK) for priority in ranked]
    due = [outcome_due_at(priority, now, RULES) for priority in ranked]
    assert first == sorted(first)
    assert due == sorted(set(due))


@pytest.mark.parametrize("change", [datetime(2026, 3, 8, 9, tzinfo=UTC), datetime(2026, 11, 1, 9, tzinfo=UTC)])
def test_a_weekly_shift_keeps_its_local_hours_when_the_clocks_change(change: datetime) -> None:
    begins = (change - timedelta(days=5)).astimezone(NEW_YORK).replace(hour=8, minute=0)
    shift = ShiftFacts("noor", begins, begins + timedelta(hours=12), weekly=True)
    for weeks in range(4):
        local = (begins + timedelta(weeks=weeks)).replace(hour=8)  # aware arithmetic keeps the wall clock
        assert on_call([shift], local, NEW_YORK) == ("noor",)
        assert on_call([shift], local.replace(hour=7, minute=59), NEW_YORK) == ()
        assert on_call([shift], local.replace(hour=19, minute=59), NEW_YORK) == ("noor",)
        assert on_call([shift], local.replace(hour=20), NEW_YORK) == ()


@given(MOMENTS, ZONES, st.integers(0, 24 * 60))
def test_seven_days_weekly_leave_no_gap(starts: datetime, zone: ZoneInfo, minutes: int) -> None:
    shift = ShiftFacts("noor", starts, starts + timedelta(days=7), weekly=True)
    now = starts + timedelta(days=30, minutes=minutes)
    # A time that the clocks skip or repeat may move a hand-over by the length of the change.
    assume(all((starts + timedelta(weeks=w)).astimezone(zone).utcoffset() == starts.astimezone(zone).utcoffset()
               for w in range(7)))  # fmt: skip
    assert on_call([shift], now, zone) == ("noor",)


def test_everybody_is_named_once_in_the_order_of_the_rota() -> None:
    shifts = [
        ShiftFacts(name, NOW - timedelta(hours=n), NOW + timedelta(hours=1), weekly=False)
        for n, name in enumerate(["vera", "noor", "vera"])
    ]
    assert on_call(shifts, NOW, NEW_YORK) == ("vera", "noor")
