"""How a patient stands: held until a named clinician says otherwise, discharged, dead, a minor; each with its line."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from backend.services.cases import acting
from backend.services.clinic import setting_up
from backend.services.invalid import Conflict, Invalid
from backend.services.patients import enrolment, standing
from backend.services.patients.enrolment import age_on
from backend.services.texting.messages import send_to_patient
from backend.store.check_ins import Score
from backend.store.database import db
from backend.store.escalations import EscalationEvent
from backend.store.patients import Patient, StandingEvent
from backend.store.staff import Staff
from backend.store.texts import InboundMessage
from tests.town import A_TUESDAY, Town

FULL = "Thank you for telling us. Call or text 988 now"
NEUTRAL = "This is an automated line, not watched 24/7. Our team will see your text."


def lines(town: Town) -> list[StandingEvent]:
    with town.inside():
        return list(db.session.scalars(select(StandingEvent).order_by(StandingEvent.id)))


def acts(town: Town, patient: Patient, act: str, clinician: Staff | None = None) -> None:
    with town.inside():
        key = (patient.clinic_id, patient.id)
        standing.set_standing(key, act, "staff:noor", town.house, clinician=clinician, evidence="spoke with her")


def dies(town: Town, patient: Patient) -> None:
    with town.inside():
        standing.record_death((patient.clinic_id, patient.id), "letter of the family", "staff:noor", town.house)


def resolves(town: Town, person: Staff) -> None:
    case = town.cases()[-1]
    with town.inside():
        acting.resolve((case.clinic_id, case.id), person, "reached", "safe with her sister", town.house)


# Holds ---------------------------------------------------------------------------------------------------------------


def test_a_hold_is_ended_only_by_a_named_clinician_with_who_when_and_a_note(any_town: Town) -> None:
    town = any_town
    patient, ana = town.welcomed()
    ana.texts("I want to die")
    [started] = lines(town)
    assert (started.kind, started.actor) == ("hold_started", "system")
    resolves(town, town.noor)
    assert town.now_of(patient).held_at is not None
    with town.inside():
        assert "hold_stays" in set(db.session.scalars(select(EscalationEvent.kind)))
    with pytest.raises(Conflict, match="only a clinician"):
        acts(town, patient, "resume", clinician=town.noor)
    assert town.now_of(patient).held_at is not None
    acts(town, patient, "resume", clinician=town.vera)
    found = town.now_of(patient)
    assert found.held_at is None
    assert found.hold_ended_at is not None
    ended = lines(town)[-1]
    assert (ended.kind, ended.staff_id, ended.evidence) == ("hold_ended", town.vera.id, "spoke with her")


def test_a_clinician_who_closes_the_case_ends_the_hold(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("I want to die")
    resolves(town, town.vera)
    assert town.now_of(patient).held_at is None
    ended = lines(town)[-1]
    assert (ended.kind, ended.staff_id) == ("hold_ended", town.vera.id)
    assert "safe with her sister" in ended.evidence


def test_pausing_resuming_and_discharging_leave_a_line_each_and_only_one(town: Town) -> None:
    patient, _ = town.welcomed()
    for act in ("pause", "pause", "resume", "resume", "pause", "discharge", "discharge"):
        acts(town, patient, act)
    assert [line.kind for line in lines(town)] == ["paused", "resumed", "paused", "discharged"]
    assert {line.actor for line in lines(town)} == {"staff:noor"}


def test_a_discharged_patient_is_still_screened(town: Town) -> None:
    patient, ana = town.welcomed()
    acts(town, patient, "discharge")
    ana.texts("I want to die")
    assert ana.news[-1].startswith(FULL)
    [case] = town.cases()
    assert (case.priority, case.patient_id) == (4, patient.id)


def test_whoever_is_discharged_and_sends_start_is_promised_nothing(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("STOP")
    acts(town, patient, "discharge")
    ana.news  # noqa: B018 - the carrier's own answer
    ana.texts("START")
    assert not any("You will get check-ins" in text for text in ana.news)
    [case] = town.cases()
    assert case.priority == 1


# Death ---------------------------------------------------------------------------------------------------------------


def test_peers_45_nothing_goes_out_after_a_death(any_town: Town) -> None:
    """Reminders that came after a death: the prompt that waits, and every check-in planned, are withdrawn."""
    town = any_town
    patient, phone = town.welcomed()
    town.treat(patient)
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=9, minute=59), step=timedelta(hours=6))
    phone.news  # noqa: B018 - what the day before brought
    town.handsets.post("/faults", json={"next": [{"do": "429", "times": 3}]})
    town.wait(minutes=1, seconds=1)
    dies(town, patient)
    town.wait(days=9, step=timedelta(hours=12))
    assert phone.news == []
    with pytest.raises(Conflict):
        acts(town, patient, "resume")
    with town.inside(), pytest.raises(Conflict):
        send_to_patient(patient, "How are you?", "staff:noor", town.house)
    found = town.now_of(patient)
    with town.inside(), pytest.raises(Conflict):
        enrolment.change(found, {"phone": "+15555550130"}, "staff:noor", town.house)
    with pytest.raises(Conflict):
        town.treat(patient)


def test_a_relative_who_writes_reaches_a_person(town: Town) -> None:
    patient, phone = town.welcomed()
    dies(town, patient)
    phone.texts("This is her brother. mood 3")
    assert phone.news[-1].startswith(NEUTRAL)
    [case] = town.cases()
    assert (case.priority, case.patient_id) == (2, patient.id)
    phone.texts("I cannot go on without her, I want to die")
    assert phone.news[-1].startswith(FULL)
    phone.texts("START")
    found = town.now_of(patient)
    assert (found.held_at, found.opted_out_at) == (None, None)
    with town.inside():
        assert db.session.scalars(select(Score)).all() == []
        assert set(db.session.scalars(select(InboundMessage.disposition))) == {"escalation"}


def test_a_death_needs_evidence(town: Town) -> None:
    patient, _ = town.welcomed()
    with town.inside(), pytest.raises(Invalid) as refused:
        standing.record_death((patient.clinic_id, patient.id), "", "staff:noor", town.house)
    assert refused.value.faults.keys() == {"evidence"}


# Minors --------------------------------------------------------------------------------------------------------------


def test_a_minor_is_refused_unless_the_clinic_has_a_policy(town: Town) -> None:
    child = date(A_TUESDAY.year - 17, A_TUESDAY.month, A_TUESDAY.day)
    with pytest.raises(Invalid, match="no policy for minors"):
        town.enrol_patient(born_on=child)
    with town.inside():
        town.clinic = setting_up.set_minors_policy(town.clinic, "policy 7, signed", "shell", town.clock.now())
        db.session.refresh(town.clinic)
    patient, _ = town.welcomed(born_on=child)
    assert town.now_of(patient).born_on == child.isoformat()
    with town.inside():
        setting_up.set_minors_policy(town.clinic, "", "shell", town.clock.now())
        fresh = db.session.get_one(Patient, (patient.clinic_id, patient.id))
        with pytest.raises(Invalid):
            enrolment.change(fresh, {"born_on": child + timedelta(days=1)}, "staff:noor", town.house)
        enrolment.change(fresh, {"given_name": "Anna"}, "staff:noor", town.house)  # what else is known may change


def test_an_adult_on_her_birthday_is_an_adult(town: Town) -> None:
    born = date(A_TUESDAY.year - 18, A_TUESDAY.month, A_TUESDAY.day)
    town.welcomed(born_on=born)
    with pytest.raises(Invalid, match="check the date"):
        town.enrol_patient("+15555550130", born_on=A_TUESDAY.date() + timedelta(days=3))


@pytest.mark.parametrize(
    ("born", "age"), [(date(2008, 2, 29), 17), (date(2008, 3, 1), 17), (date(2008, 2, 28), 18), (date(1990, 7, 1), 35)]
)
def test_the_age_is_in_whole_years(born: date, age: int) -> None:
    assert age_on(date(2026, 2, 28), born) == age
