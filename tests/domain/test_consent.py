"""Who may be texted: never somebody who refused, never outside their hours, never above the caps."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.consent import Standing, may_prompt, refusal
from backend.domain.schedule import is_open
from tests.domain.test_schedule import MOMENTS, PROTOCOL, ZONES

NOON = datetime(2026, 6, 2, 16, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
WELL = Standing(consented=True)


@given(st.builds(Standing, *[st.booleans()] * 5), MOMENTS, ZONES)
def test_every_reason_against_a_text_counts_alone(standing: Standing, now: datetime, zone: ZoneInfo) -> None:
    against = not standing.consented or standing.opted_out or standing.on_hold or standing.paused or standing.discharged
    assert (refusal(standing) is not None) == against
    allowed = may_prompt(standing, [], now, PROTOCOL, zone) is None
    assert allowed == (not against and is_open(now, PROTOCOL.window, zone))


@given(st.lists(st.timedeltas(timedelta(hours=1), timedelta(hours=40)), max_size=40), MOMENTS, ZONES)
def test_the_caps_hold_whatever_is_tried(waits: list[timedelta], now: datetime, zone: ZoneInfo) -> None:
    prompted: list[datetime] = []
    for wait in waits:
        now += wait
        if may_prompt(WELL, prompted, now, PROTOCOL, zone) is None:
            prompted.append(now)
    days = [at.astimezone(zone).date() for at in prompted]
    assert all(count <= 1 for count in Counter(days).values())
    for last in days:
        assert sum(timedelta(0) <= last - day < timedelta(days=7) for day in days) <= 3


@pytest.mark.parametrize(
    ("ago", "reason"),
    [
        ([timedelta(hours=2)], "already asked today"),
        ([timedelta(days=2), timedelta(days=4), timedelta(days=6)], "already asked three times this week"),
        ([timedelta(days=2), timedelta(days=4), timedelta(days=7)], None),
    ],
)
def test_the_reason_is_in_words(ago: list[timedelta], reason: str | None) -> None:
    assert may_prompt(WELL, [NOON - back for back in ago], NOON, PROTOCOL, NEW_YORK) == reason


def test_without_consent_nothing_is_started() -> None:
    assert refusal(Standing(consented=False)) == "no consent on record"
