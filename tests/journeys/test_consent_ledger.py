"""Consent and its end, with evidence: documented anew, taken back by any channel, kept in step with the carrier."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.domain.consent import CARRIER_BLOCKS, refusal
from backend.services.invalid import Conflict, Invalid
from backend.services.patients import documented
from backend.services.patients.enrolment import Consent
from backend.services.patients.standing import standing_of
from backend.services.texting.messages import send_to_patient
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.escalations import EscalationEvent
from backend.store.patients import ConsentEvent, Patient, StandingEvent
from config.settings import SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN
from tests.town import A_TUESDAY, Town

FULL = "Thank you for telling us. Call or text 988 now"
NEXT_DAY = (A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1)


def consents(town: Town, patient: Patient, method: str = "written") -> Patient:
    with town.inside():
        given = Consent(town.clock.now(), method, "form 31")
        return documented.give_consent((patient.clinic_id, patient.id), given, "staff:noor", town.house)


def revokes(town: Town, patient: Patient, channel: str) -> Patient:
    with town.inside():
        key = (patient.clinic_id, patient.id)
        return documented.revoke_consent(key, channel, "call of Tuesday, in the chart", "staff:noor", town.house)


def ledger(town: Town) -> list[tuple[str, str]]:
    with town.inside():
        lines = select(ConsentEvent.kind, ConsentEvent.method).order_by(ConsentEvent.id)
        return [(kind, method) for kind, method in db.session.execute(lines)]


def standings(town: Town) -> list[str]:
    with town.inside():
        return list(db.session.scalars(select(StandingEvent.kind).order_by(StandingEvent.id)))


@pytest.mark.parametrize("channel", ["phone", "email", "in_person"])
def test_consent_is_taken_back_by_any_channel_and_documented_anew(town: Town, channel: str) -> None:
    patient, ana = town.welcomed()
    town.treat(patient)
    revokes(town, patient, channel)
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    assert ana.news == []
    consents(town, patient)
    town.settle()
    assert "You will get check-ins from Harbor Clinic again" in ana.news[-1]
    town.wait(days=2, step=timedelta(hours=6))
    assert "How is your mood today?" in ana.news[0]
    assert ledger(town) == [("given", "written"), ("opt_out", channel), ("given", "written")]


def test_consent_given_before_the_opt_out_lifts_nothing(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("please stop texting me")
    given = Consent(town.clock.now() - timedelta(days=1), "written", "form 12")
    with town.inside(), pytest.raises(Invalid, match="opted out after this"):
        documented.give_consent((patient.clinic_id, patient.id), given, "staff:noor", town.house)
    assert town.now_of(patient).opted_out_at is not None


def test_a_first_consent_after_enrolment_is_welcomed(town: Town) -> None:
    patient, ana = town.welcomed(consent=None)
    consents(town, patient)
    town.settle()
    assert ana.news[-1].startswith("Harbor Clinic: automated check-ins")


def test_consent_lacks_nothing_that_makes_it_evidence(town: Town) -> None:
    patient, _ = town.welcomed()
    given = Consent(town.clock.now() + timedelta(days=1), "telepathy", " ")
    with town.inside(), pytest.raises(Invalid) as refused:
        documented.give_consent((patient.clinic_id, patient.id), given, "staff:noor", town.house)
    assert refused.value.faults.keys() == {"given_at", "method", "evidence"}
    with town.inside(), pytest.raises(Invalid) as refused:
        documented.revoke_consent((patient.clinic_id, patient.id), "phone", " ", "staff:noor", town.house)
    assert refused.value.faults.keys() == {"evidence"}


def test_peers_41_only_start_from_the_phone_lifts_what_the_carrier_blocks(any_town: Town) -> None:
    """STOP left the profile's toggle on and dead: here the record says why nothing goes out, and what lifts it."""
    town = any_town
    patient, ana = town.welcomed()
    town.treat(patient)
    ana.texts("STOP")
    town.clock.advance(timedelta(minutes=1))
    assert refusal(standing_of(town.now_of(patient))) == "opted out"  # PEERS 42: the reason that is so
    consents(town, patient)
    assert refusal(standing_of(town.now_of(patient))) == CARRIER_BLOCKS
    ana.news  # noqa: B018 - the carrier's own answer
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    assert ana.news == []
    with town.inside():
        assert CARRIER_BLOCKS in set(db.session.scalars(select(CheckIn.skipped_because)))
    ana.texts("START")
    assert refusal(standing_of(town.now_of(patient))) is None
    assert standings(town) == ["carrier_blocked", "carrier_unblocked"]


def test_plain_wording_blocks_nothing_at_the_carrier(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("please stop texting me")
    assert town.now_of(patient).carrier_blocked_at is None
    town.clock.advance(timedelta(minutes=1))
    consents(town, patient)
    town.settle()
    assert "again" in ana.news[-1]


def test_the_carriers_refusal_is_evidence(town: Town) -> None:
    patient, _ = town.welcomed()
    town.treat(patient)
    town.carrier.ledger.block(town.clinic.number, patient.phone)
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    found = town.now_of(patient)
    assert found.opted_out_at is not None
    assert found.carrier_blocked_at is not None
    with town.inside():
        [evidence] = db.session.scalars(select(ConsentEvent.evidence).where(ConsentEvent.method == "carrier"))
    assert "21610" in evidence


def someone_else_texts(town: Town, number: str) -> None:
    """Another program texts this number from the clinic's own, through a Messaging Service: the carrier refuses later,
    and tells only that program.
    """
    account = f"/2010-04-01/Accounts/{SANDBOX_ACCOUNT_SID}/Messages.json"
    order = {"To": number, "From": town.clinic.number, "Body": "Hello", "MessagingServiceSid": f"MG{'0' * 32}"}
    credentials = (SANDBOX_ACCOUNT_SID, SANDBOX_AUTH_TOKEN)
    answer = town.sandbox.test_client().post(account, data=order, auth=credentials)
    assert answer.status_code == 201, answer.text
    town.carrier.pump()


def test_peers_40_whoever_is_blocked_at_the_carrier_is_opted_out_here(any_town: Town) -> None:
    """1,047 errors 21610 in four days, and 137 people still marked "yes"."""
    town = any_town
    patient, _ = town.welcomed()
    other = town.enrol_patient("+15555550121", given_name="Ben", family_name="Ortiz")
    town.wait(hours=1)
    town.carrier.ledger.block(town.clinic.number, patient.phone)
    someone_else_texts(town, patient.phone)
    town.wait(hours=25, step=timedelta(hours=1))
    found = town.now_of(patient)
    assert found.opted_out_at is not None
    assert found.carrier_blocked_at is not None
    assert town.now_of(other).opted_out_at is None
    [case] = town.cases()
    assert (case.priority, case.patient_id) == (1, patient.id)
    with town.inside():
        line = db.session.scalars(select(ConsentEvent).where(ConsentEvent.kind == "opt_out")).one()
    assert line.method == "carrier"
    assert "21610 on SM" in line.evidence
    town.wait(days=4, step=timedelta(hours=12))
    assert len(ledger(town)) == 3  # told once


def test_a_block_that_start_lifted_since_opts_nobody_out(town: Town) -> None:
    patient, ana = town.welcomed()
    town.wait(hours=1)
    town.carrier.ledger.block(town.clinic.number, patient.phone)
    someone_else_texts(town, patient.phone)
    town.clock.advance(timedelta(minutes=1))
    ana.texts("START")
    town.wait(hours=25, step=timedelta(hours=1))
    assert town.now_of(patient).opted_out_at is None
    assert town.cases() == []


def test_peers_44_an_open_check_in_of_somebody_who_opted_out_comes_to_an_end(town: Town) -> None:
    patient, ana = town.welcomed()
    town.treat(patient)
    town.wait_until(NEXT_DAY, step=timedelta(hours=6))
    ana.texts("please stop texting me")
    town.wait(days=3, step=timedelta(hours=6))
    with town.inside():
        open_still = select(CheckIn).where(CheckIn.prompted_at.is_not(None), CheckIn.missed_at.is_(None))
        assert db.session.scalars(open_still).all() == []
    assert town.cases() == []


@pytest.mark.parametrize("words", ["please stop texting me", "STOP"])
def test_peers_3_13_the_next_crisis_step_with_somebody_who_opted_out_is_a_phone_call(
    any_town: Town, words: str
) -> None:
    town = any_town
    patient, ana = town.welcomed()
    ana.texts(words).texts("I want to die")
    pages = [page for person in (town.noor, town.vera, town.dov) for page in town.phone_of(person).received]
    assert any("STAT case 1" in page and "Phone them." in page for page in pages)
    [case] = town.cases()
    with town.inside():
        events = list(db.session.scalars(select(EscalationEvent.kind).where(EscalationEvent.escalation_id == case.id)))
    assert events.count("phone_the_patient") == 1
    assert town.now_of(patient).held_at is not None


def test_staff_read_why_they_cannot_text(town: Town) -> None:
    patient, ana = town.welcomed()
    ana.texts("STOP")
    town.clock.advance(timedelta(minutes=1))
    consents(town, patient)
    with town.inside(), pytest.raises(Conflict, match="START"):
        send_to_patient(patient, "How are you?", "staff:noor", town.house)
