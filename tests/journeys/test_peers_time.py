"""What went wrong with time in the systems of others (PEERS.md 2), and does not here. Each story has its number."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select

from backend.services.cases.staffing import Staffing
from backend.services.clinic import setting_up
from backend.services.invalid import Invalid
from backend.services.patients import enrolment
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from backend.store.staff import Shift, Staff
from backend.store.texts import OutboundMessage
from backend.store.work import transaction
from tests.journeys.weeks import asked_at, check_ins_of, live_until
from tests.town import A_TUESDAY, NEW_YORK, Town

HAWAII = ZoneInfo("Pacific/Honolulu")
SPRING = {  # the day on which the clocks change, by zone; Kathmandu's never do
    "America/New_York": date(2035, 3, 11),
    "Europe/London": date(2035, 3, 25),
    "Australia/Sydney": date(2035, 4, 1),
    "Pacific/Auckland": date(2035, 4, 1),
    "Asia/Kathmandu": date(2035, 3, 25),
}
AUTUMN = {
    "Pacific/Auckland": date(2035, 9, 30),
    "Australia/Sydney": date(2035, 10, 7),
    "Europe/London": date(2035, 10, 28),
    "Asia/Kathmandu": date(2035, 10, 28),
    "America/New_York": date(2035, 11, 4),
}


def day(number: int, hour: int, minute: int = 0) -> datetime:
    """That local time so many days after the town's first day."""
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def here(on: date, at: time, zone: str = "America/New_York") -> datetime:
    return datetime.combine(on, at, tzinfo=ZoneInfo(zone))


def concerns(town: Town) -> list[str]:
    with town.inside():
        return list(db.session.scalars(select(ConcernRow.name).order_by(ConcernRow.id)))


def moves_to(town: Town, patient: Patient, zone: str) -> None:
    with town.inside():
        enrolment.change(enrolment.patient_of(patient.clinic_id, patient.id), {"timezone": zone}, "test", town.house)


def go_on(town: Town, at: datetime) -> None:
    """The clocks of the house stand still until then."""
    town.clock.advance(at - town.clock.now())
    town.settle()


# Late, stale, lost ---------------------------------------------------------------------------------------------------


def test_peers_12_nothing_old_goes_out_when_the_carrier_comes_back(any_town: Town) -> None:
    """Two days without the carrier: the check-in of the first is never sent, a person is told, the next one goes."""
    town = any_town
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient, ended_at=day(-1, 9))
    town.handsets.post("/faults", json={"next": [{"do": "429", "times": 1000}]})
    town.wait_until(day(1, 12), step=timedelta(hours=2))
    town.handsets.post("/faults", json={"next": []})
    assert "text_not_delivered" in concerns(town)
    live_until(town, day(2, 12))
    assert [at.date() for at in asked_at(town, patient)] == [day(2, 0).date()]
    assert check_ins_of(town, patient)["day_3"].prompted_at is not None


def test_peers_13_what_was_due_at_night_does_not_resume_as_stale_text_in_the_morning(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient, ended_at=day(-1, 9))
    go_on(town, day(1, 9, 30))
    assert asked_at(town, patient) == []
    assert check_ins_of(town, patient)["day_1"].skipped_because == "too late: nothing was sent"
    assert concerns(town) == ["check_in_not_sent"]
    live_until(town, day(2, 12))
    assert [at.date() for at in asked_at(town, patient)] == [day(2, 0).date()]


def test_peers_14_what_was_not_sent_has_a_reason_and_a_person_knows(town: Town) -> None:
    """A fortnight without a clock process: each check-in it swallowed is named in one case, and the rest is asked."""
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient, ended_at=day(-1, 9))
    go_on(town, day(14, 9))
    swallowed = {name for name, row in check_ins_of(town, patient).items() if row.skipped_because}
    assert swallowed == {"day_1", "day_3", "day_7", "day_14"}
    assert concerns(town) == ["check_in_not_sent"] * 4
    assert len(town.cases()) == 1
    live_until(town, day(21, 12))
    assert [at.date() for at in asked_at(town, patient)] == [day(20, 0).date()]


# Zones ---------------------------------------------------------------------------------------------------------------


def test_peers_28_every_patient_is_asked_in_a_zone_of_their_own(any_town: Town) -> None:
    town = any_town
    zones = ("America/New_York", "America/Phoenix", "Pacific/Honolulu", "Asia/Kathmandu", "Pacific/Auckland")
    patients = [town.enrol_patient(f"+155555506{n:02}", timezone=zone) for n, zone in enumerate(zones)]
    for patient in patients:
        town.treat(patient, ended_at=A_TUESDAY.astimezone(UTC))
    live_until(town, day(2, 23))
    for patient in patients:
        ended_on = A_TUESDAY.astimezone(ZoneInfo(patient.timezone)).date()
        first = next(at for at in asked_at(town, patient) if at.date() > ended_on)
        assert (first.date(), first.hour, first.minute) == (ended_on + timedelta(days=1), 10, 0)


@pytest.mark.parametrize("changes", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_peers_31_over_a_clock_change_it_is_ten_in_the_morning_once(town: Town, changes: dict[str, date]) -> None:
    """Not nine, not eleven, not twice an hour apart: on the day of the change and after it, in five zones."""
    treated_at = {zone: here(on - timedelta(days=1), time(15), zone) for zone, on in changes.items()}
    zones = sorted(treated_at, key=treated_at.__getitem__)
    patients = [town.enrol_patient(f"+155555506{n:02}", timezone=zone) for n, zone in enumerate(zones)]
    for patient in patients:
        live_until(town, treated_at[patient.timezone])
        town.treat(patient)
    live_until(town, here(max(changes.values()) + timedelta(days=8), time(12)))
    for patient in patients:
        asked = [(at.date() - changes[patient.timezone], at.hour, at.minute) for at in asked_at(town, patient)]
        assert asked[0] == (timedelta(days=-1), 19, 0)  # four hours after the treatment
        assert asked[1:4] == [(timedelta(days=days), 10, 0) for days in (0, 2, 6)]


def test_peers_32_the_future_check_ins_do_not_all_fire_at_once(town: Town) -> None:
    """Neither when a clock comes back after weeks nor when the plan is made anew."""
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient, ended_at=day(-1, 9))
    go_on(town, day(20, 11))  # the day of day 21
    assert [at.date() for at in asked_at(town, patient)] == [day(20, 0).date()]
    for zone in ("America/Los_Angeles", "America/New_York"):
        moves_to(town, patient, zone)
        town.settle()
    assert len(asked_at(town, patient)) == 1


def test_peers_33_a_weekly_patient_is_asked_every_week_for_weeks_on_end(town: Town) -> None:
    """Weekly treatments, over the change of the clocks: she is asked on the next day, the third, and the last."""
    patient = town.enrol_patient()
    for week in range(6):
        live_until(town, day(7 * week, 15))
        town.treat(patient)
    live_until(town, day(7 * 6, 12))
    asked = [((at.date() - A_TUESDAY.date()).days, at.hour) for at in asked_at(town, patient)]
    assert asked == [(0, 19), *((7 * week + after, 10) for week in range(6) for after in (1, 3, 7))]


def test_peers_34_nothing_that_the_clinic_starts_comes_at_night(town: Town) -> None:
    """Enrolled at 22:57: the welcome comes after nine. And of all that follows, nothing before nine or after eight."""
    go_on(town, day(0, 22, 57))
    patient = town.enrol_patient()
    town.settle()
    town.treat(patient)
    for number in range(1, 5):
        live_until(town, day(number, 23))
    with town.inside():
        started = select(OutboundMessage.sent_at).where(OutboundMessage.kind.in_(("prompt", "welcome", "reminder")))
        hours = [at.astimezone(NEW_YORK).hour for at in db.session.scalars(started) if at is not None]
    assert len(hours) >= 3
    assert set(hours) <= set(range(9, 20))


def test_peers_35_each_patient_has_hours_of_their_own_and_no_window_fits_all(town: Town) -> None:
    late, early, far = (
        town.enrol_patient("+15555550601", window_opens=time(18), window_closes=time(20)),
        town.enrol_patient("+15555550602", window_closes=time(11)),
        town.enrol_patient("+15555550603", timezone="Pacific/Honolulu", window_opens=time(12)),
    )
    for patient in (late, early, far):
        town.treat(patient, ended_at=day(-1, 12))
    live_until(town, day(3, 23))
    assert {at.hour for at in asked_at(town, late)} == {18}
    assert {at.hour for at in asked_at(town, early)} == {10}
    assert {at.hour for at in asked_at(town, far)} == {12}


def test_peers_36_stop_at_night_is_confirmed_at_once_and_hours_are_the_patients_own(town: Town) -> None:
    """The hours hold for what the clinic starts, in her zone and not in UTC; her own texts are answered at any hour."""
    patient = town.enrol_patient(timezone="Pacific/Honolulu")
    town.settle()
    for hour in (10, 23):
        go_on(town, datetime(2035, 3, 7, hour, 30, tzinfo=HAWAII))
    phone = town.phone_of(patient)
    assert len(phone.news) == 1  # the welcome, in her morning
    assert "no more check-ins" in phone.texts("please stop texting me").news[-1]


@pytest.mark.parametrize("zone", ["US/Pacific-New", "EST5PDT6", "Mars/Olympus", "America/", "UTC+5"])
def test_peers_36_a_zone_that_is_none_is_refused_with_an_example_and_crashes_nothing(town: Town, zone: str) -> None:
    with pytest.raises(Invalid, match="America/New_York") as refused:
        town.enrol_patient(timezone=zone)
    assert list(refused.value.faults) == ["timezone"]


@pytest.mark.parametrize("zone", ["", " ", "null"])
def test_peers_37_nobody_without_a_zone_escapes_the_window(town: Town, zone: str) -> None:
    with pytest.raises(Invalid) as refused:
        town.enrol_patient(timezone=zone)
    assert list(refused.value.faults) == ["timezone"]
    with town.inside():
        assert db.session.scalars(select(Patient)).all() == []
        assert not Patient.__table__.c.timezone.nullable


def test_peers_38_a_treatment_that_ends_in_the_evening_is_asked_about_the_next_morning(town: Town) -> None:
    """Four hours later is night: that text is left out by name, and day 1 does not wait for anything."""
    patient = town.enrol_patient()
    go_on(town, day(0, 19, 30))
    recorded = town.treat(patient)
    assert {left.name: left.reason for left in recorded.omitted}["same_day"] == "would fall outside the patient's hours"
    live_until(town, day(1, 12))
    assert [(at.date(), at.hour) for at in asked_at(town, patient)] == [(day(1, 0).date(), 10)]


@pytest.mark.parametrize("changes", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_peers_39_the_time_to_answer_ends_at_eight_in_the_evening_over_a_clock_change(
    town: Town, changes: dict[str, date]
) -> None:
    changes_on = changes["America/New_York"]
    patient = town.enrol_patient()
    live_until(town, here(changes_on - timedelta(days=2), time(15)))
    town.treat(patient)
    live_until(town, here(changes_on, time(19, 59)))
    day_1 = check_ins_of(town, patient)["day_1"]
    assert day_1.answer_by == here(changes_on, time(20))
    assert day_1.state == "prompted"
    go_on(town, here(changes_on, time(20)))
    assert check_ins_of(town, patient)["day_1"].state == "missed"


def test_a_patient_who_flies_from_new_york_to_sydney_is_asked_once_a_day_on_either_calendar(any_town: Town) -> None:
    """Day 1 in New York on Wednesday at ten, which is Thursday in Sydney; then the plan is Sydney's."""
    town = any_town
    patient = town.enrol_patient()
    live_until(town, day(0, 15))
    town.treat(patient)
    live_until(town, day(1, 10, 30))
    moves_to(town, patient, "Australia/Sydney")
    live_until(town, day(9, 20))
    there = [(at.date().isoformat(), at.hour) for at in asked_at(town, patient, "Australia/Sydney")]
    # Treated on Tuesday in New York, Wednesday in Sydney: day 3 is Saturday there, day 7 the Wednesday after.
    assert there[2:] == [("2035-03-10", 10), ("2035-03-14", 10)]
    assert len({on for on, _ in there}) == len(there)


# Rotas ---------------------------------------------------------------------------------------------------------------

BY_DAY, BY_NIGHT = (time(8), time(20)), (time(20), time(8))


def rota(town: Town, shifts: Sequence[tuple[Staff, tuple[time, time]]], first: date) -> None:
    """A week of these daily shifts, repeated weekly; nobody else is on call."""
    with town.inside():
        with transaction() as session:
            session.execute(delete(Shift))
        for staff, (begins, ends) in shifts:
            for on in (first + timedelta(days=number) for number in range(7)):
                until = on if ends > begins else on + timedelta(days=1)
                setting_up.add_shift(
                    staff, town.clock.now(), starts_at=here(on, begins), ends_at=here(until, ends), weekly=True
                )


def on_call_at(town: Town, at: datetime) -> tuple[str, ...]:
    with town.inside():
        names = {str(staff.id): staff.name for staff in (town.noor, town.vera)}
        return tuple(names[staff_id] for staff_id in Staffing(town.clinic, at).on_call)


@pytest.mark.parametrize("changes", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_peers_29_a_rota_made_before_a_clock_change_holds_after_it(town: Town, changes: dict[str, date]) -> None:
    """Day shift and night shift hand over at eight, local time, for weeks before and after; and the page goes there."""
    changes_on = changes["America/New_York"]
    go_on(town, here(changes_on - timedelta(days=5), time(12)))
    rota(town, [(town.noor, BY_DAY), (town.vera, BY_NIGHT)], changes_on - timedelta(days=4))
    for on in (changes_on + timedelta(days=number) for number in range(-3, 30)):
        assert [on_call_at(town, here(on, at)) for at in (time(7, 59), time(8), time(19, 59), time(20))] == [
            ("Vera Lindqvist",), ("Noor Haddad",), ("Noor Haddad",), ("Vera Lindqvist",),
        ]  # fmt: skip
    go_on(town, here(changes_on + timedelta(days=1), time(7, 55)))
    town.phone("+15555550700").texts("I am going to kill myself tonight")
    assert ["STAT case" in page for page in town.phone_of(town.vera).news] == [True]
    assert town.phone_of(town.noor).news == []


@pytest.mark.parametrize("changes", [SPRING, AUTUMN], ids=["spring", "autumn"])
def test_peers_30_somebody_is_on_call_in_every_minute_of_the_night_of_a_clock_change(
    town: Town, changes: dict[str, date]
) -> None:
    """The hour that is skipped and the hour that comes twice: neither is a gap, and only one person has it."""
    changes_on = changes["America/New_York"]
    go_on(town, here(changes_on - timedelta(days=5), time(12)))
    rota(town, [(town.noor, BY_DAY), (town.vera, BY_NIGHT)], changes_on - timedelta(days=4))
    evening, morning = (
        here(on, at).astimezone(UTC) for on, at in ((changes_on - timedelta(days=1), time(20)), (changes_on, time(8)))
    )
    minutes = [evening + timedelta(minutes=10) * n for n in range((morning - evening) // timedelta(minutes=10))]
    assert len(minutes) in {11 * 6, 13 * 6}
    assert {on_call_at(town, minute) for minute in minutes} == {("Vera Lindqvist",)}
    assert on_call_at(town, morning) == ("Noor Haddad",)
