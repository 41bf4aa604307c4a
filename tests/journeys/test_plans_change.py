"""A plan follows what it rests on: a treatment recorded late, corrected or deleted, a move, other hours, a pause."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from backend.services.invalid import Invalid
from backend.services.patients import enrolment, treatments
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.work import transaction
from tests.town import A_TUESDAY, NEW_YORK, Town

SYDNEY = ZoneInfo("Australia/Sydney")


def day(number: int, hour: int, minute: int = 0) -> datetime:
    """That local time so many days after the treatment of every story."""
    return (A_TUESDAY + timedelta(days=number)).replace(hour=hour, minute=minute)


def plan_of(town: Town, treatment: Treatment, zone: ZoneInfo = NEW_YORK) -> dict[str, tuple[str, date, int]]:
    """Each check-in's state, or why it is skipped, with its local day and hour."""
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.treatment_id == treatment.id).order_by(CheckIn.due_at))
        due = [(row, row.due_at.astimezone(zone)) for row in rows]
        return {row.name: (row.skipped_because or row.state, at.date(), at.hour) for row, at in due}


def states(town: Town, treatment: Treatment) -> dict[str, str]:
    return {name: state for name, (state, _, _) in plan_of(town, treatment).items()}


def correct(town: Town, treatment: Treatment, **changes: Any) -> None:
    with town.inside():
        treatments.correct_treatment((treatment.clinic_id, treatment.id), changes, "test", town.house)


def delete(town: Town, treatment: Treatment) -> None:
    with town.inside():
        treatments.delete_treatment((treatment.clinic_id, treatment.id), "it was another patient's", "test", town.house)


def change(town: Town, patient: Patient, **changes: Any) -> None:
    with town.inside():
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        enrolment.change(fresh, changes, "test", town.house)


def prompt(town: Town, at: datetime) -> None:
    town.clock.advance(at - town.clock.now())
    town.settle()


def set_clinic(town: Town, **columns: Any) -> None:
    with town.inside(), transaction() as session:
        clinic = session.get_one(Clinic, town.clinic.id)
        for name, value in columns.items():
            setattr(clinic, name, value)


# Treatments ----------------------------------------------------------------------------------------------------------


def test_a_deleted_treatment_plans_nothing_and_the_one_before_goes_on(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    right = town.treat(patient, ended_at=day(-1, 8)).treatment
    prompt(town, day(0, 10))
    wrong = town.treat(patient).treatment
    assert set(states(town, right).values()) == {"prompted", "a newer treatment"}
    delete(town, wrong)
    assert set(states(town, wrong).values()) == {"its treatment was deleted"}
    after = states(town, right)
    assert after.pop("day_1") == "prompted"
    assert {after[name] for name in ("day_3", "day_7", "day_84")} == {"planned"}


def test_deleting_an_old_treatment_leaves_the_newer_plan_alone_but_for_its_first_day(any_town: Town) -> None:
    """The newer one is the patient's first now, so it gets the same-day check-in that only a first one has."""
    town = any_town
    patient = town.enrol_patient()
    old = town.treat(patient, ended_at=day(-7, 9)).treatment
    newer = town.treat(patient, ended_at=day(0, 9)).treatment
    before = plan_of(town, newer)
    assert "same_day" not in before
    delete(town, old)
    after = plan_of(town, newer)
    assert after.pop("same_day") == ("planned", day(0, 0).date(), 13)
    assert after == before


def test_a_correction_that_puts_a_treatment_before_another_hands_the_plan_over(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    one = town.treat(patient, ended_at=day(-1, 9)).treatment
    other = town.treat(patient, ended_at=day(0, 9)).treatment
    correct(town, other, ended_at=day(-2, 9))
    assert set(states(town, other).values()) == {"a newer treatment"}
    assert "planned" in states(town, one).values()
    with town.inside():
        live = db.session.scalars(select(CheckIn).where(CheckIn.skipped_at.is_(None), CheckIn.prompted_at.is_(None)))
        assert {row.treatment_id for row in live} == {one.id}


def test_a_correction_moves_what_is_still_to_come(any_town: Town) -> None:
    town = any_town
    recorded = town.treat(town.enrol_patient(), ended_at=day(-1, 9)).treatment
    correct(town, recorded, ended_at=day(0, 8))
    plan = plan_of(town, recorded)
    assert (plan["day_1"], plan["day_3"]) == (("planned", day(1, 0).date(), 10), ("planned", day(3, 0).date(), 10))
    with town.inside():
        [former] = db.session.get_one(Treatment, (recorded.clinic_id, recorded.id)).former or []
        assert former["ended_at"] == day(-1, 9).astimezone(ZoneInfo("UTC")).isoformat()


def test_a_correction_past_what_was_already_asked_is_refused_with_the_way_out(town: Town) -> None:
    """Otherwise the patient would count as asked about a treatment that had not happened yet."""
    recorded = town.treat(town.enrol_patient(), ended_at=day(-1, 9)).treatment
    prompt(town, day(0, 10))
    with pytest.raises(Invalid) as refused:
        correct(town, recorded, ended_at=day(0, 10, 30))
    assert "delete this treatment and record the right one" in refused.value.faults["ended_at"]


def test_a_treatment_tomorrow_takes_over_and_its_deletion_gives_back(any_town: Town) -> None:
    """Entered ahead of its end, then cancelled: what an earlier one had planned comes back."""
    town = any_town
    patient = town.enrol_patient()
    earlier = town.treat(patient, ended_at=day(-2, 9)).treatment
    ahead = town.treat(patient, ended_at=day(1, 8)).treatment
    assert set(states(town, earlier).values()) == {"a newer treatment"}
    assert plan_of(town, ahead)["day_1"] == ("planned", day(2, 0).date(), 10)
    delete(town, ahead)
    assert plan_of(town, earlier)["day_3"] == ("planned", day(1, 0).date(), 10)


def test_a_baseline_goes_with_the_treatment_it_was_taken_before(town: Town) -> None:
    """Recorded for the wrong patient: her falls must not be measured from somebody else's mood."""
    patient = town.enrol_patient(baseline={"mood": 5, "pain": 6})
    wrong = town.treat(patient, baseline={"mood": 9}).treatment
    delete(town, wrong)
    with town.inside():
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        assert (fresh.baseline_mood, fresh.baseline_pain) == (5, 6)


# Moves and hours -----------------------------------------------------------------------------------------------------


def test_a_zone_of_another_name_with_the_same_clocks_moves_nothing(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    recorded = town.treat(patient).treatment
    before = plan_of(town, recorded)
    change(town, patient, timezone="US/Eastern")
    assert plan_of(town, recorded) == before


def test_a_move_east_loses_no_check_in_whose_new_hour_is_over(any_town: Town) -> None:
    """At eight in New York, two hours before day 3, she is in Sydney, where the day that it was due on is over."""
    town = any_town
    patient = town.enrol_patient()
    recorded = town.treat(patient, ended_at=day(-3, 8)).treatment
    assert plan_of(town, recorded)["day_3"][0] == "planned"
    prompt(town, day(0, 9, 40))
    change(town, patient, timezone="Australia/Sydney")
    state, on, hour = plan_of(town, recorded, SYDNEY)["day_3"]
    assert (state, on, hour) == ("planned", (day(0, 0) + timedelta(days=1)).date(), 10)


def test_own_hours_move_what_is_still_to_come_and_nothing_that_was_asked(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    recorded = town.treat(patient, ended_at=day(-1, 9)).treatment
    prompt(town, day(0, 10))
    change(town, patient, window_opens=time(17), window_closes=time(19))
    plan = plan_of(town, recorded)
    assert (plan["day_1"][0], plan["day_1"][2]) == ("prompted", 10)
    assert {hour for name, (_, _, hour) in plan.items() if name not in {"same_day", "day_1"}} == {17}


# People who must not be asked ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["paused_at", "held_at", "opted_out_at"])
def test_who_is_not_to_be_asked_has_a_plan_and_is_not_asked(town: Town, column: str) -> None:
    """What falls due meanwhile is skipped with its reason and never sent late; what comes later is asked."""
    patient = town.enrol_patient()
    recorded = town.treat(patient, ended_at=day(-1, 9)).treatment
    set_patient(town, patient, column, town.clock.now())
    change(town, patient, track="pain")
    prompt(town, day(0, 10))
    skipped = states(town, recorded)
    assert skipped["day_1"] in {"paused", "on hold after a crisis", "opted out"}
    set_patient(town, patient, column, None)
    change(town, patient, track="mood")
    again = states(town, recorded)
    assert (again["day_1"], again["day_3"]) == (skipped["day_1"], "planned")


def set_patient(town: Town, patient: Patient, column: str, value: datetime | None) -> None:
    with town.inside(), transaction() as session:
        setattr(session.get_one(Patient, (patient.clinic_id, patient.id)), column, value)


# Staffed hours -------------------------------------------------------------------------------------------------------

OFFICE: Mapping[str, Any] = {
    "mode": "B",
    "staffed_hours": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00", "17:00")),
}


def test_in_staffed_hours_only_a_clock_that_comes_back_too_late_tells_a_person(town: Town) -> None:
    set_clinic(town, **OFFICE)
    recorded = town.treat(town.enrol_patient(), ended_at=day(-1, 9)).treatment
    prompt(town, day(0, 16))
    assert states(town, recorded)["day_1"] == "too late: nobody would be there to read the answer"
    assert [case.state for case in town.cases()] == ["open"]


def test_in_staffed_hours_only_a_weekend_and_a_holiday_move_a_check_in(town: Town) -> None:
    set_clinic(town, **OFFICE, closed_days=["2035-03-12"])
    friday = town.treat(town.enrol_patient(), ended_at=day(2, 9) - timedelta(days=2)).treatment
    correct(town, friday, ended_at=day(1, 9))
    plan = plan_of(town, friday)
    # Day 3 would be Saturday, then Sunday, then the day that the clinic is closed.
    assert plan["day_3"] == ("planned", date(2035, 3, 13), 10)
