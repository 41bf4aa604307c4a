"""Whose number it is: wrong, recycled, shared, or changed; never the wrong person's texts, and never a lost crisis."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from backend.domain.consent import CARRIER_BLOCKS, refusal
from backend.services.invalid import Conflict, Invalid
from backend.services.operating import keys
from backend.services.patients import enrolment, numbers, standing
from backend.services.patients.standing import standing_of
from backend.store.check_ins import CheckIn, Score
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation
from backend.store.patients import Patient, StandingEvent
from backend.store.texts import InboundMessage
from tests.town import A_TUESDAY, FIELD_KEY, Town

FULL = "Thank you for telling us. Call or text 988 now"
NEUTRAL = "This is an automated line, not watched 24/7. Our team will see your text."
ASKED = "to get our check-ins on this phone, reply 1"
OLD, NEW = "+15555550120", "+15555550130"
NEXT_DAY = (A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1)


def changes(town: Town, patient: Patient, number: str) -> Patient:
    with town.inside():
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        changed = enrolment.change(fresh, {"phone": number}, "staff:noor", town.house)
    town.settle()
    return changed


def standings(town: Town, patient: Patient) -> list[str]:
    with town.inside():
        mine = select(StandingEvent.kind).where(StandingEvent.patient_id == patient.id)
        return list(db.session.scalars(mine.order_by(StandingEvent.id)))


def scores(town: Town) -> list[int]:
    with town.inside():
        return list(db.session.scalars(select(Score.value)))


def case_of(town: Town, patient: Patient) -> Escalation:
    [case] = [case for case in town.cases() if case.patient_id == patient.id]
    return case


# A wrong number ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["wrong number", "who is this?"])
def test_peers_48_a_wrong_number_is_quarantined_at_once(any_town: Town, words: str) -> None:
    """A recycled number: no prompt, no score and no name goes to whoever has the phone now."""
    town = any_town
    patient, stranger = town.welcomed()
    town.treat(patient)
    stranger.texts(words)
    assert stranger.news == [f"{NEUTRAL} Emergency 911. Crisis: call or text 988. Harbor Clinic 415-555-0199"]
    assert case_of(town, patient).priority == 2
    stranger.texts("mood 7 pain 3")
    assert stranger.news[-1].startswith(NEUTRAL)
    assert scores(town) == []
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    assert stranger.news == []
    with town.inside():
        assert set(db.session.scalars(select(CheckIn.skipped_because).where(CheckIn.skipped_at.is_not(None)))) == {
            "the number may be somebody else's"
        }


def test_a_crisis_from_a_number_in_doubt_is_a_crisis(town: Town) -> None:
    patient, stranger = town.welcomed()
    stranger.texts("wrong number").texts("I want to die")
    assert stranger.news[-1].startswith(FULL)
    assert case_of(town, patient).priority == 4


def test_a_medical_emergency_from_a_number_in_doubt_is_answered_as_one(town: Town) -> None:
    _, stranger = town.welcomed()
    stranger.texts("wrong number").texts("I have chest pain and cannot breathe")
    assert "Call 911 now" in stranger.news[-1]


def test_staff_verify_the_number_and_check_ins_go_on(town: Town) -> None:
    patient, ana = town.welcomed()
    town.treat(patient)
    ana.texts("who is this?")
    key = (patient.clinic_id, patient.id)
    with town.inside():
        with pytest.raises(Invalid):
            standing.verify_number(key, " ", "staff:noor", town.house)
        standing.verify_number(key, "called her, she had not saved our number", "staff:noor", town.house)
        with pytest.raises(Conflict):
            standing.verify_number(key, "again", "staff:noor", town.house)
    assert standings(town, patient) == ["quarantined", "verified"]
    ana.news  # noqa: B018 - the neutral answer
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    assert "How is your mood today?" in ana.news[-1]
    ana.texts("7 3")
    assert sorted(scores(town)) == [3, 7]


def test_a_stranger_who_wants_no_texts_gets_none(town: Town) -> None:
    patient, stranger = town.welcomed()
    stranger.texts("wrong number").texts("please stop texting me")
    assert stranger.news[-1].startswith(NEUTRAL)
    assert town.now_of(patient).opted_out_at is not None
    stranger.texts("START")
    assert town.now_of(patient).opted_out_at is not None  # who may not be the patient opts nobody in


def test_an_answer_never_quarantines(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("take me off this list")
    assert town.now_of(patient).quarantined_at is None


def test_a_quarantined_number_can_be_changed(town: Town) -> None:
    patient, stranger = town.welcomed()
    stranger.texts("wrong number")
    changes(town, patient, NEW)
    town.phone(NEW).texts("1")
    found = town.now_of(patient)
    assert (found.phone, found.quarantined_at, found.pending_phone) == (NEW, None, None)
    assert refusal(standing_of(found)) is None
    stranger.news  # noqa: B018 - the neutral answer
    stranger.texts("hello?")
    assert stranger.news[-1].startswith(NEUTRAL)
    assert [case.patient_id for case in town.cases()] == [patient.id, None]


# Another number ------------------------------------------------------------------------------------------------------


def test_a_new_number_counts_once_it_says_yes(any_town: Town) -> None:
    town = any_town
    patient, ana = town.welcomed()
    town.treat(patient)
    changed = changes(town, patient, NEW)
    assert (changed.phone, changed.pending_phone) == (OLD, NEW)
    new = town.phone(NEW)
    assert ASKED in new.news[-1]
    assert ana.news == []
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    assert ana.news == new.news == []
    with town.inside():
        reasons = select(CheckIn.skipped_because).where(CheckIn.skipped_at.is_not(None))
        assert set(db.session.scalars(reasons)) == {"the new number is not confirmed yet"}
    new.texts("1")
    assert new.news[-1].startswith("Harbor Clinic: automated check-ins")
    found = town.now_of(patient)
    assert (found.phone, found.pending_phone) == (NEW, None)
    town.wait(days=2, step=timedelta(hours=6))
    assert "How is your mood today?" in "".join(new.news)
    assert ana.news == []
    assert standings(town, patient) == ["number_change_asked", "number_unanswered", "number_changed"]


@pytest.mark.parametrize("word", ["1", "Yes.", "sí", "y"])
def test_yes_comes_in_many_clothes(town: Town, word: str) -> None:
    patient, _ = town.welcomed()
    changes(town, patient, NEW)
    town.phone(NEW).texts(word)
    assert town.now_of(patient).phone == NEW


def test_whatever_else_the_new_number_says_reaches_staff_with_the_patient_named(any_town: Town) -> None:
    town = any_town
    patient, _ = town.welcomed()
    changes(town, patient, NEW)
    new = town.phone(NEW)
    new.news  # noqa: B018 - the question
    new.texts("mood 7 pain 3")
    assert new.news[-1].startswith(NEUTRAL)
    assert scores(town) == []
    case = case_of(town, patient)
    assert case.priority == 2
    with town.inside():
        [why] = db.session.scalars(select(ConcernRow.why).where(ConcernRow.escalation_id == case.id))
        [text] = db.session.scalars(select(InboundMessage))
    assert "has not said yes yet" in why
    assert text.patient_id == patient.id
    assert town.now_of(patient).phone == OLD


def test_a_crisis_from_the_new_number_joins_the_patients_case(any_town: Town) -> None:
    town = any_town
    patient, ana = town.welcomed()
    ana.texts("I want to die")
    changes(town, patient, NEW)
    new = town.phone(NEW)
    new.texts("I really want to kill myself")
    assert new.news[-1].startswith(FULL)
    assert case_of(town, patient).priority == 4
    new.texts("1")
    assert town.now_of(patient).phone == NEW
    new.texts("I want to die, tonight")
    assert len(town.cases()) == 1  # the open case went along


def test_a_stranger_at_the_new_number_ends_the_change(town: Town) -> None:
    patient, _ = town.welcomed()
    changes(town, patient, NEW)
    town.phone(NEW).texts("wrong number")
    found = town.now_of(patient)
    assert (found.phone, found.pending_phone, found.quarantined_at) == (OLD, None, None)
    assert case_of(town, patient).priority == 2
    assert standings(town, patient) == ["number_change_asked", "number_change_dropped"]


def test_staff_confirm_a_number_by_other_means(town: Town) -> None:
    patient, _ = town.welcomed()
    key = (patient.clinic_id, patient.id)
    with town.inside(), pytest.raises(Conflict):
        numbers.confirm_number(key, "seen", "staff:noor", town.house)
    changes(town, patient, NEW)
    with town.inside():
        numbers.confirm_number(key, "showed us the phone at the desk", "staff:noor", town.house)
    assert town.now_of(patient).phone == NEW


def test_a_new_number_that_stays_silent_is_told_to_staff_once(town: Town) -> None:
    patient, _ = town.welcomed()
    changes(town, patient, NEW)
    town.wait(days=3, step=timedelta(hours=6))
    assert case_of(town, patient).priority == 1
    assert standings(town, patient).count("number_unanswered") == 1


def test_nobody_is_asked_at_night(town: Town) -> None:
    patient, _ = town.welcomed()
    town.wait_until(A_TUESDAY.replace(hour=23), step=timedelta(hours=4))
    changes(town, patient, NEW)
    assert town.phone(NEW).received == []
    town.wait(hours=11, step=timedelta(hours=1))
    assert ASKED in town.phone(NEW).received[-1]


def test_a_question_that_is_taken_back_is_not_asked(town: Town) -> None:
    patient, _ = town.welcomed()
    town.wait_until(A_TUESDAY.replace(hour=23), step=timedelta(hours=4))
    changes(town, patient, NEW)
    changes(town, patient, OLD)
    town.wait(hours=11, step=timedelta(hours=1))
    assert town.phone(NEW).received == []
    assert town.now_of(patient).pending_phone is None


def test_a_number_that_was_never_texted_is_simply_corrected(town: Town) -> None:
    """Enrolled at night with a slip of the finger: the welcome goes to the right number."""
    town.wait_until(A_TUESDAY.replace(hour=23), step=timedelta(hours=4))
    patient = town.enrol_patient()
    changed = changes(town, patient, NEW)
    assert (changed.phone, changed.pending_phone) == (NEW, None)
    town.wait(hours=11, step=timedelta(hours=1))
    assert town.phone(OLD).received == []
    assert len(town.phone(NEW).received) == 1


def test_without_consent_a_number_is_simply_corrected(town: Town) -> None:
    patient, _ = town.welcomed(consent=None)
    assert changes(town, patient, NEW).phone == NEW


# Shared and recycled numbers -----------------------------------------------------------------------------------------


def test_peers_46_two_patients_never_share_a_number(town: Town) -> None:
    ana, _ = town.welcomed()
    with pytest.raises(Invalid, match="give a number of the patient's own"):
        town.enrol_patient(OLD, given_name="Ben")
    ben = town.enrol_patient(NEW, given_name="Ben", family_name="Ortiz")
    town.settle()
    with pytest.raises(Invalid, match="give a number of the patient's own"):
        changes(town, ben, OLD)
    changes(town, ana, "+15555550140")
    with pytest.raises(Invalid, match="is changing to this number"):
        changes(town, ben, "+15555550140")


def test_peers_47_a_relatives_and_a_nurses_number_is_no_patients(town: Town) -> None:
    patient, _ = town.welcomed()
    relative = town.phone("+15555550160")
    relative.texts("I am with Ana, her mood is 2")
    town.phone_of(town.noor).texts("8 1")
    assert scores(town) == []
    assert {case.patient_id for case in town.cases()} == {None}
    assert town.now_of(patient).quarantined_at is None


@pytest.mark.parametrize("ended", ["discharge", "death"])
def test_peers_48_a_number_is_given_on_when_care_has_ended(any_town: Town, ended: str) -> None:
    town = any_town
    former, phone = town.welcomed(external_id="ehr-1")
    phone.texts("my pain is 10 today")
    key = (former.clinic_id, former.id)
    with town.inside():
        if ended == "discharge":
            standing.set_standing(key, "discharge", "staff:noor", town.house)
        else:
            standing.record_death(key, "letter of the family", "staff:noor", town.house)
    ben = town.enrol_patient(OLD, given_name="Ben", family_name="Ortiz")
    town.settle()
    phone.news  # noqa: B018 - what came so far
    phone.texts("I want to die")
    assert phone.news[-1].startswith(FULL)
    assert case_of(town, ben).priority == 4
    assert case_of(town, former).priority == 2  # still open, and none of Ben's business
    assert town.now_of(former).released_at is not None
    assert standings(town, former)[-1] == "number_released"


def test_what_the_carrier_blocks_it_blocks_for_the_next_patient_too(town: Town) -> None:
    former, phone = town.welcomed()
    phone.texts("STOP")
    with town.inside():
        standing.set_standing((former.clinic_id, former.id), "discharge", "staff:noor", town.house)
    ben = town.enrol_patient(OLD, given_name="Ben", family_name="Ortiz")
    town.settle()
    assert refusal(standing_of(town.now_of(ben))) == CARRIER_BLOCKS
    phone.texts("START")
    assert refusal(standing_of(town.now_of(ben))) is None


def test_whoever_comes_back_is_enrolled_anew_under_the_same_record(town: Town) -> None:
    former, _ = town.welcomed(external_id="ehr-1")
    with town.inside():
        standing.set_standing((former.clinic_id, former.id), "discharge", "staff:noor", town.house)
    again, ana = town.welcomed(external_id="ehr-1")
    ana.texts("mood 7 pain 3")
    with town.inside():
        assert {score.patient_id for score in db.session.scalars(select(Score))} == {again.id}


def test_a_released_number_stays_released_when_the_keys_rotate(any_url: str, tmp_path: Path) -> None:
    town = Town(any_url, tmp_path)
    town.found_clinics()
    former, phone = town.welcomed(external_id="ehr-1")
    phone.texts("my pain is 10 today")
    with town.inside():
        standing.set_standing((former.clinic_id, former.id), "discharge", "staff:noor", town.house)
    ben = town.enrol_patient(OLD, given_name="Ben", family_name="Ortiz", external_id="ehr-1")
    phone.texts("my pain is 10 today")
    changes(town, ben, NEW)
    town.close()

    newer = Fernet.generate_key().decode()
    between = Town(any_url, tmp_path, field_keys=f"{newer},{FIELD_KEY}")
    between.clinic, between.other_clinic = town.clinic, town.other_clinic
    with between.inside():
        assert keys.rotate() > 0
    between.close()

    after = Town(any_url, tmp_path, field_keys=newer)
    after.clinic, after.other_clinic = town.clinic, town.other_clinic
    after.phone(OLD).texts("hello")
    with after.inside():
        newest = db.session.scalars(select(InboundMessage).order_by(InboundMessage.id.desc())).first()
        assert newest is not None
        assert newest.patient_id == ben.id
    after.phone(NEW).texts("1")
    assert after.now_of(ben).phone == NEW
    after.close()
