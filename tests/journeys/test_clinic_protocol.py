"""A clinic follows its patients in its own way, within what is safe: hours, days, items, and what worries it."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.services.clinic import protocols
from backend.services.invalid import Invalid
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic, ProtocolVersion
from backend.store.database import db
from backend.store.escalations import ConcernRow
from backend.store.patients import Patient
from tests.town import A_TUESDAY, NEW_YORK, Town


def change(town: Town, overrides: dict[str, Any], clinic: Clinic | None = None) -> ProtocolVersion:
    with town.inside():
        mine = db.session.get_one(Clinic, (clinic or town.clinic).id)
        return protocols.change_protocol(mine, overrides, "our patients sleep late", "test", town.house)


def check_ins(patient: Patient, town: Town) -> dict[str, CheckIn]:
    with town.inside():
        mine = select(CheckIn).where(CheckIn.patient_id == patient.id).order_by(CheckIn.due_at)
        return {row.name: row for row in db.session.scalars(mine)}


def due(patient: Patient, town: Town) -> dict[str, datetime]:
    return {n: row.due_at.astimezone(NEW_YORK) for n, row in check_ins(patient, town).items() if row.state == "planned"}


def day(number: int, hour: int, minute: int = 0) -> datetime:
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def rules_hit(town: Town) -> list[tuple[str, int]]:
    with town.inside():
        return [(c.rule, c.priority) for c in db.session.scalars(select(ConcernRow).order_by(ConcernRow.id))]


def test_a_clinic_asks_from_eleven(any_town: Town) -> None:
    town = any_town
    change(town, {"window": {"opens": "11:00"}})
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient)
    town.wait_until(day(1, 10, 55))
    assert not any("mood" in text for text in phone.received)
    town.wait_until(day(1, 11, 5))
    assert "mood" in phone.received[-1]
    prompted_at = check_ins(patient, town)["day_1"].prompted_at
    assert prompted_at is not None
    assert prompted_at.astimezone(NEW_YORK).hour == 11


def test_day_three_comes_on_day_two(town: Town) -> None:
    change(town, {"check_ins": {"day_3": 2}})
    patient = town.enrol_patient()
    town.treat(patient)
    assert due(patient, town)["day_3"] == day(2, 10)
    town.wait_until(day(2, 10, 30))
    assert check_ins(patient, town)["day_3"].state == "prompted"


def test_everybody_gets_the_safety_text(town: Town) -> None:
    first, again = town.enrol_patient(), town.enrol_patient("+15555550121")
    town.treat(again, ended_at=town.clock.now() - timedelta(days=200))
    change(town, {"for_everyone": ["same_day"]})
    for patient in (first, again):
        town.treat(patient)
        assert day(0, 13, 30) <= due(patient, town)["same_day"] < day(0, 13, 31)


def test_sleep_is_asked_where_the_clinic_wants_it(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    assert "sleep" not in check_ins(patient, town)["day_7"].asks
    change(town, {"optional_items": ["sleep"]})
    assert check_ins(patient, town)["day_7"].asks == ["mood", "pain", "sleep"]
    assert "sleep" not in check_ins(patient, town)["day_14"].asks


def test_a_clinic_may_worry_sooner(town: Town) -> None:
    change(town, {"thresholds": {"mood_low": 5}})
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(1, 10, 30))
    town.phone_of(patient).texts("mood 5 pain 6")
    assert ("mood-low", 2) in rules_hit(town)


def test_each_clinic_reminds_after_its_own_wait(any_town: Town) -> None:
    town = any_town
    ana, bo = town.enrol_patient(), town.enrol_patient("+15555550220", town.other_clinic)
    for patient in (ana, bo):
        town.treat(patient)
    change(town, {"conversation": {"remind_after_hours": 6}})
    town.wait_until(day(1, 10, 10))
    asked = len(town.phone_of(ana).received)
    town.wait_until(day(1, 15))
    assert check_ins(bo, town)["day_1"].reminded_at is not None
    assert len(town.phone_of(ana).received) == asked
    town.wait_until(day(1, 17))
    assert len(town.phone_of(ana).received) == asked + 1


def test_a_clinic_may_raise_what_weighs_more_for_some(town: Town) -> None:
    change(town, {"thresholds": {"silence": 1}, "raises": {"silence": {"sud": "asap"}, "low_mood": {"sud": "stat"}}})
    silent, low = town.enrol_patient(flags=("sud",)), town.enrol_patient("+15555550121", flags=("sud",))
    for patient in (silent, low):
        town.treat(patient, ended_at=town.clock.now() - timedelta(hours=20))
    town.wait_until(day(0, 10, 30))
    town.phone_of(low).texts("mood 3 pain 6")
    town.wait_until(day(1, 21), step=timedelta(hours=12))
    assert ("mood-low", 4) in rules_hit(town)
    assert ("silence", 3) in rules_hit(town)


def test_an_unsafe_change_is_refused_with_all_its_faults(any_town: Town) -> None:
    town = any_town
    unsafe = {"thresholds": {"mood_floor": 0, "mood_low": 2}, "window": {"closes": "22:00"}, "caps": {"per_day": 2}}
    with pytest.raises(Invalid) as refused:
        change(town, unsafe)
    assert refused.value.faults.keys() == {"thresholds.mood_floor", "thresholds.mood_low", "window.closes", "caps"}
    with town.inside():
        clinic = db.session.get_one(Clinic, town.clinic.id)
        assert (clinic.protocol_version, clinic.protocol_overrides) == (0, None)
        assert protocols.history(clinic) == []


def test_two_clinics_do_not_disturb_each_other(any_town: Town) -> None:
    town = any_town
    ana = town.enrol_patient()
    bo = town.enrol_patient("+15555550220", town.other_clinic)
    for patient in (ana, bo):
        town.treat(patient)
    change(town, {"check_ins": {"day_3": 2}, "thresholds": {"mood_low": 5}})
    change(town, {"window": {"asks_at": "12:00"}}, town.other_clinic)
    assert due(ana, town)["day_3"] == day(2, 10)
    assert due(bo, town)["day_3"] == day(3, 12)
    town.wait_until(day(1, 12, 30))
    town.phone_of(bo).texts("mood 5 pain 6")
    assert rules_hit(town) == []
    town.phone_of(ana).texts("mood 5 pain 6")
    assert [rule for rule, _ in rules_hit(town)] == ["mood-low"]


def test_a_change_moves_what_is_still_to_come_and_leaves_what_was_asked(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(1, 10, 30))
    asked = check_ins(patient, town)["day_1"]
    assert asked.state == "prompted"
    change(town, {"window": {"asks_at": "12:00"}, "check_ins": {"day_3": 2}, "optional_items": ["sleep"]})
    after = check_ins(patient, town)
    assert (after["day_1"].due_at, after["day_1"].asks) == (asked.due_at, asked.asks)
    assert due(patient, town)["day_3"] == day(2, 12)
    assert due(patient, town)["day_7"] == day(7, 12)
    town.phone_of(patient).texts("mood 7 pain 3")
    town.phone_of(patient).texts("N")
    assert check_ins(patient, town)["day_1"].state == "answered"


def test_a_check_in_that_moves_into_the_past_is_not_lost(any_town: Town) -> None:
    """Day 3 becomes day 2 in the evening of day 2: its hours are over, and it comes the next morning."""
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(2, 21))
    change(town, {"check_ins": {"day_3": 2}})
    moved = check_ins(patient, town)["day_3"]
    assert moved.due_at.astimezone(NEW_YORK) == day(3, 10)
    assert moved.moved_because == "its day was over before it was planned"
    town.wait_until(day(3, 10, 30))
    assert check_ins(patient, town)["day_3"].state == "prompted"


def test_a_check_in_that_moves_to_earlier_today_comes_now(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    town.wait_until(day(2, 15))
    change(town, {"check_ins": {"day_3": 2}})
    town.settle()
    assert check_ins(patient, town)["day_3"].state == "prompted"


def test_what_is_switched_on_after_its_day_adds_nothing(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient, ended_at=town.clock.now() - timedelta(days=20))
    before = set(check_ins(patient, town))
    change(town, {"for_everyone": ["day_10"]})
    assert set(check_ins(patient, town)) == before


def test_going_back_is_a_new_version_and_plans_as_before(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    signed = due(patient, town)
    change(town, {"check_ins": {"day_7": 8}})
    assert due(patient, town) != signed
    with town.inside():
        clinic = db.session.get_one(Clinic, town.clinic.id)
        protocols.go_back(clinic, 0, "too late after all", "test", town.house)
        assert [one.version for one in protocols.history(clinic)] == [2, 1]
        assert town.house.protocol_of(clinic) == town.house.clinical.protocol
    assert due(patient, town) == signed


def test_hours_that_leave_nothing_of_a_patients_own_are_refused(town: Town) -> None:
    """Nobody is texted outside the hours they asked for (S10), and nobody is silently texted no more."""
    early = town.enrol_patient(window_opens=time(9), window_closes=time(10, 30))
    with pytest.raises(Invalid) as refused:
        change(town, {"window": {"opens": "11:00"}})
    assert str(early.id) in refused.value.faults["window"]
