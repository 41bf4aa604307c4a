"""A treatment entered late, corrected or deleted, and a patient who moves: each time the plan is made anew, cleanly."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients import enrolment, standing, treatments
from backend.services.patients.treatments import RecordedTreatment
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from tests.town import A_TUESDAY, Town

TOKYO = ZoneInfo("Asia/Tokyo")
HALF_A_DAY = timedelta(hours=12)


def plan(town: Town, treatment_id: UUID) -> dict[str, tuple[str, datetime, str | None]]:
    """Each check-in's state, local time as planned, and why it is skipped."""
    with town.inside():
        rows = db.session.scalars(select(CheckIn).where(CheckIn.treatment_id == treatment_id)).all()
        zones = {row.id: ZoneInfo(row.timezone or "UTC") for row in rows}
        return {row.name: (row.state, row.due_at.astimezone(zones[row.id]), row.skipped_because) for row in rows}


def asking_hours(town: Town, recorded: RecordedTreatment) -> set[int]:
    """The patient's local hours at which the check-ins that are counted in days are due."""
    planned = plan(town, recorded.treatment.id)
    return {due_at.hour for name, (_, due_at, _) in planned.items() if name.startswith("day")}


def correct(town: Town, recorded: RecordedTreatment, **changes: Any) -> RecordedTreatment:
    with town.inside():
        row = recorded.treatment
        return treatments.correct_treatment((row.clinic_id, row.id), changes, "test", town.house)


def delete(town: Town, recorded: RecordedTreatment, because: str = "entered for the wrong patient") -> None:
    with town.inside():
        row = recorded.treatment
        treatments.delete_treatment((row.clinic_id, row.id), because, "test", town.house)


def change(town: Town, patient: Patient, **changes: Any) -> None:
    with town.inside():
        enrolment.change(enrolment.patient_of(patient.clinic_id, patient.id), changes, "test", town.house)


def test_a_treatment_entered_two_days_late_asks_at_once_what_day_1_should_have_asked(any_town: Town) -> None:
    """Side effects of a first treatment are worth asking about a day late; whether she came home safe is not."""
    town = any_town
    recorded = town.treat(town.enrol_patient(), ended_at=A_TUESDAY - timedelta(days=2))
    assert ("same_day", "its day was over before it was planned") in {(o.name, o.reason) for o in recorded.omitted}
    states = plan(town, recorded.treatment.id)
    assert (states["day_1"][0], states["day_1"][1].date()) == ("planned", A_TUESDAY.date())
    assert (states["day_3"][0], states["day_3"][1].date()) == ("planned", (A_TUESDAY + timedelta(days=1)).date())
    with town.inside():
        [moved] = db.session.scalars(select(CheckIn).where(CheckIn.moved_because.is_not(None)))
        assert (moved.name, moved.moved_because) == ("day_1", "its day was over before it was planned")


def test_an_older_treatment_entered_afterwards_plans_nothing_and_changes_nothing(any_town: Town) -> None:
    town = any_town
    ana = town.enrol_patient()
    newer = town.treat(ana)
    before = plan(town, newer.treatment.id)
    older = town.treat(ana, ended_at=A_TUESDAY - timedelta(days=5))
    assert {reason for _, _, reason in plan(town, older.treatment.id).values()} == {"a newer treatment"}
    # It makes the newer one the second, which gets no same-day text any more.
    assert before["same_day"][0] == "planned"
    after = plan(town, newer.treatment.id)
    assert after["same_day"][::2] == ("skipped", "not needed for this treatment")
    assert {name: row for name, row in after.items() if name != "same_day"} == {
        name: row for name, row in before.items() if name != "same_day"
    }


def test_a_corrected_end_moves_what_is_still_to_come_and_keeps_what_was_asked(any_town: Town) -> None:
    town = any_town
    recorded = town.treat(town.enrol_patient())
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=12), step=HALF_A_DAY)
    assert plan(town, recorded.treatment.id)["day_1"][0] == "prompted"
    correct(town, recorded, ended_at=A_TUESDAY - timedelta(days=1))
    after = plan(town, recorded.treatment.id)
    assert after["day_1"][0] == "prompted"
    assert after["day_3"][1].date() == (A_TUESDAY + timedelta(days=2)).date()
    with town.inside():
        [former] = db.session.get_one(Treatment, (recorded.treatment.clinic_id, recorded.treatment.id)).former or []
    assert abs(datetime.fromisoformat(former["ended_at"]) - A_TUESDAY) < timedelta(seconds=5)
    assert former["by"] == "test"


def test_a_correction_brings_back_what_was_too_late_and_drops_what_is_not_needed(town: Town) -> None:
    ana = town.enrol_patient()
    town.treat(ana, ended_at=A_TUESDAY - timedelta(days=20))
    recorded = town.treat(ana, ended_at=A_TUESDAY - timedelta(days=2))
    assert "same_day" not in plan(town, recorded.treatment.id)
    correct(town, recorded, ended_at=A_TUESDAY - timedelta(minutes=10), setting="home")
    after = plan(town, recorded.treatment.id)
    assert (after["same_day"][0], after["day_1"][0]) == ("planned", "planned")


def test_a_correction_renews_the_baseline(town: Town) -> None:
    ana = town.enrol_patient()
    recorded = town.treat(ana, baseline={"mood": 8})
    correct(town, recorded, baseline={"mood": 3})
    with town.inside():
        assert db.session.get_one(Patient, (ana.clinic_id, ana.id)).baseline_mood == 3


def test_deleting_the_newest_brings_back_the_plan_of_the_one_before(any_town: Town) -> None:
    town = any_town
    ana = town.enrol_patient()
    first = town.treat(ana)
    before = plan(town, first.treatment.id)
    second = town.treat(ana, ended_at=A_TUESDAY - timedelta(minutes=1) + timedelta(minutes=2))
    assert {row[2] for row in plan(town, first.treatment.id).values()} == {"a newer treatment"}
    delete(town, second)
    assert plan(town, first.treatment.id) == before
    assert {row[2] for row in plan(town, second.treatment.id).values()} == {"its treatment was deleted"}
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=4))
    assert "How is your mood today?" in town.phone_of(ana).received[-1]


def test_deleting_the_only_treatment_asks_nothing_any_more(town: Town) -> None:
    ana = town.enrol_patient()
    recorded = town.treat(ana)
    town.settle()
    town.phone_of(ana).news  # noqa: B018 - the welcome
    delete(town, recorded)
    town.wait_until((A_TUESDAY + timedelta(days=8)).replace(hour=12), step=HALF_A_DAY)
    assert [text for text in town.phone_of(ana).received if "Reply" in text] == []


def test_what_cannot_be_corrected_or_deleted_says_why(town: Town) -> None:
    recorded = town.treat(town.enrol_patient())
    with pytest.raises(Invalid, match="nothing is different"):
        correct(town, recorded, route="iv")
    with pytest.raises(Invalid, match="route: choose one of"):
        correct(town, recorded, route="magic")
    with pytest.raises(Invalid, match="because: say why"):
        delete(town, recorded, "  ")
    delete(town, recorded)
    with pytest.raises(NotFound):
        delete(town, recorded)
    with pytest.raises(NotFound):
        correct(town, recorded, route="im")


def test_a_discharged_patients_treatment_is_not_corrected_into_new_check_ins(town: Town) -> None:
    ana = town.enrol_patient()
    recorded = town.treat(ana)
    with town.inside():
        standing.set_standing((ana.clinic_id, ana.id), "discharge", "test", town.house)
    with pytest.raises(Conflict, match="no longer in care"):
        correct(town, recorded, route="im")
    assert {row[0] for row in plan(town, recorded.treatment.id).values()} == {"skipped"}


def test_a_patient_who_moves_to_tokyo_is_asked_at_ten_in_tokyo(any_town: Town) -> None:
    town = any_town
    ana = town.enrol_patient()
    recorded = town.treat(ana)
    change(town, ana, timezone="Asia/Tokyo")
    assert {
        (row[1].hour, row[1].minute) for name, row in plan(town, recorded.treatment.id).items() if name[:3] == "day"
    } == {(10, 0)}
    town.wait_until(A_TUESDAY.astimezone(TOKYO) + timedelta(days=2), step=timedelta(hours=2))
    with town.inside():
        asked = [c.prompted_at for c in db.session.scalars(select(CheckIn)) if c.prompted_at]
    assert [at.astimezone(TOKYO).hour for at in asked if at] != []
    assert {at.astimezone(TOKYO).hour for at in asked if at} <= set(range(9, 20))


def test_a_patient_with_hours_of_their_own_is_asked_inside_them(any_town: Town) -> None:
    town = any_town
    ana = town.enrol_patient(window_opens=time(14), window_closes=time(18))
    recorded = town.treat(ana)
    assert asking_hours(town, recorded) == {14}
    change(town, ana, window_opens=None, window_closes=None)
    assert asking_hours(town, recorded) == {10}


def test_hours_that_leave_nothing_are_refused(town: Town) -> None:
    with pytest.raises(Invalid, match="window: leave some time between"):
        town.enrol_patient(window_opens=time(20), window_closes=time(23))


def test_a_new_flag_adds_its_question_to_what_is_still_to_come(town: Town) -> None:
    ana = town.enrol_patient()
    town.treat(ana)
    change(town, ana, flags=["bipolar", "postpartum"])
    with town.inside():
        rows = {row.name: row for row in db.session.scalars(select(CheckIn))}
    assert rows["day_3"].asks == ["mood", "pain", "side_effects", "energy"]
    assert rows["day_10"].state == "planned"
