"""What staff document on a patient's page: plain forms that say what they do and what is missing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.store.database import db
from backend.store.patients import Patient, StandingEvent
from tests.console.conftest import Desk
from tests.town import Town

Sits = Callable[..., Desk]


def page_of(patient: Patient) -> str:
    return f"/patients/{patient.id}"


@pytest.fixture
def ana(town: Town) -> Patient:
    patient = town.enrol_patient()
    town.settle()
    return patient


def as_it_is(town: Town) -> Patient:
    with town.inside():
        return db.session.scalars(select(Patient).execution_options(populate_existing=True)).one()


def test_an_opt_out_and_a_new_consent_are_recorded(town: Town, ana: Patient, noor: Desk) -> None:
    noor.get(page_of(ana))
    noor.post(f"{page_of(ana)}/documented/opt-out", **{"opt-out.method": "phone", "opt-out.evidence": ""})
    assert noor.status == 422
    assert "where it is documented" in noor.text
    noor.post(f"{page_of(ana)}/documented/opt-out", **{"opt-out.method": "phone", "opt-out.evidence": "call, Tuesday"})
    assert "no more texts go out" in noor.text
    assert "No check-ins opted out" in noor.text
    town.clock.advance(timedelta(minutes=2))
    noor.get(page_of(ana))
    given = {"consent.given_at": "2035-03-06T09:31", "consent.method": "verbal", "consent.evidence": "call, Tuesday"}
    noor.post(f"{page_of(ana)}/documented/consent", **given)
    assert "The consent is on record" in noor.text
    assert as_it_is(town).opted_out_at is None


def test_the_page_says_that_only_start_lifts_the_carriers_block(town: Town, ana: Patient, noor: Desk) -> None:
    town.phone_of(ana).texts("STOP")
    noor.get(page_of(ana))
    assert "Only the word START, sent from that phone, lifts it" in noor.text


def test_a_number_is_doubted_verified_changed_and_confirmed(town: Town, ana: Patient, noor: Desk) -> None:
    noor.get(page_of(ana))
    noor.post(f"{page_of(ana)}/documented/quarantine", **{"quarantine.evidence": "a man answered"})
    assert "may be somebody else’s phone" in noor.text
    noor.post(f"{page_of(ana)}/documented/verify", **{"verify.evidence": "her brother, she called back"})
    assert "The number is verified" in noor.text
    noor.post(f"{page_of(ana)}/documented/number", **{"number.phone": "12"})
    assert noor.status == 422
    noor.post(f"{page_of(ana)}/documented/number", **{"number.phone": "555-555-0130"})
    assert "555-555-0130 was asked to confirm" in noor.text
    noor.post(f"{page_of(ana)}/documented/confirm", **{"confirm.evidence": "showed us the phone"})
    assert as_it_is(town).phone == "+15555550130"
    noor.post(f"{page_of(ana)}/documented/confirm", **{"confirm.evidence": "again"})
    assert "no new number waits" in noor.text


def test_a_death_is_recorded_once_and_for_all(town: Town, ana: Patient, noor: Desk) -> None:
    noor.get(page_of(ana))
    noor.post(f"{page_of(ana)}/documented/deceased", **{"deceased.evidence": "letter of the family"})
    assert "Nothing goes out to this number any more" in noor.text
    assert "Record a treatment" not in noor.text
    town.phone_of(ana).texts("this is her brother")
    noor.get("/cases/1")
    assert "This patient died." in noor.text


def test_a_date_of_birth_is_kept_and_a_minors_refused(town: Town, ana: Patient, noor: Desk) -> None:
    noor.get(page_of(ana))
    noor.post(f"{page_of(ana)}/documented/birth", **{"birth.born_on": "2034-01-31"})
    assert noor.status == 422
    assert "policy for minors" in noor.text
    noor.post(f"{page_of(ana)}/documented/birth", **{"birth.born_on": "1990-01-31"})
    assert as_it_is(town).born_on == "1990-01-31"


def test_a_hold_is_ended_with_a_note_and_a_responder_reads_that_it_stays(town: Town, ana: Patient, desk: Sits) -> None:
    town.phone_of(ana).texts("I want to die")
    noor, vera = desk(town.noor), desk(town.vera)
    noor.get("/cases/1")
    noor.post("/cases/1/outcome", outcome="reached", note="")
    assert "The hold after the crisis stays" in noor.text
    vera.get(page_of(ana))
    vera.post(f"{page_of(ana)}/standing", act="resume", note="spoke with her, safe")
    assert as_it_is(town).held_at is None
    with town.inside():
        ended = db.session.scalars(select(StandingEvent).where(StandingEvent.kind == "hold_ended")).one()
    assert (ended.staff_id, ended.evidence) == (town.vera.id, "spoke with her, safe")


def test_only_who_may_act_documents(town: Town, ana: Patient, desk: Sits) -> None:
    ada, cass = desk(town.ada), desk(town.cass)
    ada.get(page_of(ana))
    assert "Record an opt-out" not in ada.text
    ada.post(f"{page_of(ana)}/documented/deceased", **{"deceased.evidence": "x"})
    assert ada.status == 403
    cass.get("/")
    cass.post(f"{page_of(ana)}/documented/deceased", **{"deceased.evidence": "x"})
    assert cass.status == 404
    assert as_it_is(town).deceased_at is None


def test_the_next_step_with_somebody_who_opted_out_is_a_call(town: Town, ana: Patient, noor: Desk) -> None:
    town.phone_of(ana).texts("please stop texting me").texts("I want to die")
    noor.get("/cases/1")
    assert "They opted out of texts: a call is the way to reach them." in noor.text
    assert "the next step is a phone call" in noor.text
