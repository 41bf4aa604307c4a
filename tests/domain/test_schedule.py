"""When check-ins fall: in order, inside the patient's own hours, in every zone and over every clock change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.protocol import FLAGS, ROUTES
from backend.domain.schedule import TreatmentFacts, Whose, at_local, check_in_times, is_open, next_opening, zone_named
from tests.town import signed_files

PROTOCOL = signed_files().protocol
NEW_YORK = ZoneInfo("America/New_York")
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by timezones
FACTS = st.builds(
    TreatmentFacts,
    ended_at=MOMENTS,
    route=st.sampled_from(ROUTES),
    setting=st.sampled_from(["clinic", "home"]),
    first=st.booleans(),
    co_sedative=st.booleans(),
    flags=st.frozensets(st.sampled_from(FLAGS), max_size=3),
)


@given(FACTS, ZONES)
def test_check_in_times_rise_and_keep_the_window_in_every_zone(facts: TreatmentFacts, zone: ZoneInfo) -> None:
    planned, omitted = check_in_times(facts, PROTOCOL, Whose(zone, PROTOCOL.window))
    assert len(planned) + len(omitted) == len(PROTOCOL.check_ins)
    assert [p.due_at for p in planned] == sorted({p.due_at for p in planned})
    for plan in planned:
        assert facts.ended_at < plan.due_at < plan.send_by < plan.answer_by
        assert is_open(plan.due_at, PROTOCOL.window, zone)
        assert not is_open(plan.send_by, PROTOCOL.window, zone)
        assert plan.due_at.utcoffset() == timedelta(0)


@given(MOMENTS, ZONES)
def test_the_next_opening_is_open_and_never_before_now(now: datetime, zone: ZoneInfo) -> None:
    opening = next_opening(now, PROTOCOL.window, zone)
    assert opening >= now
    assert is_open(opening, PROTOCOL.window, zone)
    assert opening - now <= timedelta(days=1, hours=4)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.times(), ZONES)
def test_a_local_time_becomes_a_moment_that_exists(day: date, clock_time: time, zone: ZoneInfo) -> None:
    local = at_local(day, clock_time, zone).astimezone(zone)
    naive = datetime.combine(day, clock_time)
    shift = local.replace(tzinfo=None) - naive
    assert timedelta(0) <= shift <= timedelta(days=1)


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_ten_in_the_morning_is_ten_on_the_day_the_clocks_change(day: date) -> None:
    assert at_local(day, time(10), NEW_YORK).astimezone(NEW_YORK).hour == 10


def test_a_time_that_the_clocks_skip_comes_after_the_gap() -> None:
    skipped = at_local(date(2026, 3, 8), time(2, 30), NEW_YORK).astimezone(NEW_YORK)
    assert (skipped.hour, skipped.minute) == (3, 30)


def test_a_pain_patient_is_asked_for_pain_first_and_for_mood_all_the_same() -> None:
    facts = TreatmentFacts(datetime(2026, 3, 3, 15, tzinfo=UTC))
    planned, _ = check_in_times(facts, PROTOCOL, Whose(NEW_YORK, PROTOCOL.window, "pain"))
    assert {plan.asks[:2] for plan in planned if len(plan.asks) > 1} == {("pain", "mood")}


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "America", "a\x00b", "EST5EDT4", "é"])
def test_an_unknown_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(ValueError, match="America/New_York"):
        zone_named(name)
