"""Versions of a clinic's protocol: only ever added, the same twice is one, and a crash leaves nobody unplanned."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.services.clinic import protocols
from backend.services.invalid import Invalid, NotFound
from backend.services.patients import planning
from backend.store.audit import AuditEvent
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic, ProtocolVersion
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.work import transaction
from tests.town import Town

DAY_2 = {"check_ins": {"day_3": 2}}


def clinic_of(town: Town) -> Clinic:
    return db.session.get_one(Clinic, town.clinic.id)


def change(town: Town, overrides: dict[str, Any], note: str = "as agreed") -> ProtocolVersion:
    return protocols.change_protocol(clinic_of(town), overrides, note, "test", town.house)


def days_of_day_3(town: Town) -> list[int]:
    """How many days after its treatment each patient's check-in of day 3 comes."""
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.name == "day_3").order_by(CheckIn.patient_id))
        return [round((row.due_at - town.clock.now()) / timedelta(days=1)) for row in rows]


def three_treated(town: Town) -> list[Patient]:
    patients = [town.enrol_patient(f"+1555555012{place}") for place in range(3)]
    for patient in patients:
        town.treat(patient)
    return patients


def test_versions_are_numbered_and_kept_with_who_and_why(town: Town) -> None:
    with town.inside():
        change(town, DAY_2, " day 2 suits us ")
        change(town, {}, "back again")
        found = [(v.version, v.overrides, v.note, v.actor) for v in protocols.history(clinic_of(town))]
        assert found == [(2, {}, "back again", "test"), (1, DAY_2, "day 2 suits us", "test")]
        lines = db.session.scalars(select(AuditEvent).where(AuditEvent.action == "protocol_changed")).all()
        assert sorted(line.detail for line in lines) == ["version 1", "version 2"]
        assert (clinic_of(town).protocol_version, clinic_of(town).protocol_overrides) == (2, {})


def test_the_same_again_is_the_version_in_force(any_town: Town) -> None:
    town = any_town
    with town.inside():
        first = change(town, DAY_2).id
        assert change(town, DAY_2, "once more").id == first
        assert len(protocols.history(clinic_of(town))) == 1


def test_a_crash_in_between_is_made_good_by_the_clock(any_town: Town) -> None:
    """The version stands before the first patient is planned anew; whoever was not yet, is at the clock's next look."""
    town = any_town
    patients = three_treated(town)
    with town.inside():
        with transaction() as session:  # as if the process had died after the first of them
            clinic = session.get_one(Clinic, town.clinic.id)
            protocols._add_version(clinic, DAY_2, "as agreed", "test", town.house)
        protocols._plan((patients[0].clinic_id, patients[0].id), town.house)
        assert protocols.patients_behind(clinic_of(town)) == 2
    assert days_of_day_3(town) == [2, 3, 3]
    town.settle()
    assert days_of_day_3(town) == [2, 2, 2]
    with town.inside():
        assert protocols.patients_behind(clinic_of(town)) == 0
        assert protocols.plan_anew(town.house) == 0


def test_one_patient_who_cannot_be_planned_does_not_stop_the_others(town: Town) -> None:
    patients = three_treated(town)
    nowhere = update(Patient).where(Patient.id == patients[0].id)
    with town.inside():
        with transaction() as session:
            session.execute(nowhere.values(timezone="Moon/Tranquility"))
        change(town, DAY_2)
    assert days_of_day_3(town) == [3, 2, 2]
    with town.inside():
        assert protocols.patients_behind(clinic_of(town)) == 1
        with transaction() as session:
            session.execute(nowhere.values(timezone="America/New_York"))
    town.settle()
    assert days_of_day_3(town) == [2, 2, 2]


def test_who_is_no_longer_in_care_is_not_planned(town: Town) -> None:
    patient, *_ = three_treated(town)
    with town.inside():
        with transaction() as session:
            now = town.clock.now()
            session.execute(update(Patient).where(Patient.id == patient.id).values(discharged_at=now))
            planning.skip_planned(session.get_one(Patient, (patient.clinic_id, patient.id)), "discharged", now)
        change(town, {"for_everyone": ["day_10"]})
        mine = select(CheckIn).where(CheckIn.patient_id == patient.id, CheckIn.skipped_at.is_(None))
        assert db.session.scalars(mine).all() == []
        assert db.session.scalars(select(CheckIn).where(CheckIn.name == "day_10")).all() != []
        assert protocols.patients_behind(clinic_of(town)) == 0


def test_two_changes_at_once_are_two_versions_and_one_plan(any_town: Town) -> None:
    town = any_town
    three_treated(town)
    start = Barrier(2)

    def run(day: int) -> None:
        with town.inside():
            clinic = clinic_of(town)
            start.wait()
            protocols.change_protocol(clinic, {"check_ins": {"day_14": day}}, "at once", "test", town.house)

    threads = [Thread(target=run, args=(day,)) for day in (12, 16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.settle()
    with town.inside():
        newest, first = protocols.history(clinic_of(town))
        assert (newest.version, first.version) == (2, 1)
        planned = db.session.scalars(select(CheckIn).where(CheckIn.name == "day_14")).all()
        days = {round((row.due_at - town.clock.now()) / timedelta(days=1)) for row in planned}
        assert days == {newest.overrides["check_ins"]["day_14"]}


@pytest.mark.parametrize("note", ["", "  ", "x" * 401])
def test_a_version_says_why(town: Town, note: str) -> None:
    with town.inside(), pytest.raises(Invalid) as refused:
        change(town, {"caps": {}}, note)
    assert refused.value.faults.keys() == {"note", "caps"}


def test_a_version_that_never_was_cannot_come_back(town: Town) -> None:
    with town.inside(), pytest.raises(NotFound):
        protocols.go_back(clinic_of(town), 4, "why not", "test", town.house)


def test_what_a_newly_signed_protocol_no_longer_allows_is_left_out_and_the_rest_holds(town: Town) -> None:
    """Whatever stands in the database, a text is read: by the signed value where the clinic's own is not safe."""
    with town.inside(), transaction() as session:
        clinic = session.get_one(Clinic, town.clinic.id)
        clinic.protocol_overrides = {"thresholds": {"mood_low": 2, "pain_severe": 7}, "caps": {"per_day": 9}}
    with town.inside():
        own = town.house.protocol_of(clinic_of(town))
    assert (own.thresholds.mood_low, own.thresholds.pain_severe, own.prompts_a_day) == (3, 7, 1)


def test_a_raise_of_what_nothing_finds_is_refused(town: Town) -> None:
    with town.inside():
        with pytest.raises(Invalid) as refused:
            change(town, {"raises": {"manai": {"bipolar": "stat"}, "mania": {"home": "asap"}}})
        assert refused.value.faults.keys() == {"raises.manai"}
        assert "mania" in refused.value.faults["raises.manai"]
        change(town, {"raises": {"mania": {"home": "asap"}, "low_mood": {"sud": "stat"}, "silence": {"sud": "urgent"}}})
