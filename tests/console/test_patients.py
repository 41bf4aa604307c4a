"""Finding, enrolling and following patients from the console."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.services.invalid import Invalid
from backend.services.texting.messages import as_sent
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from tests.console.conftest import Desk
from tests.town import Town

Sits = Callable[[Staff], Desk]
KNOWN = {
    "given_name": "Bo", "family_name": "Lind", "phone": "(415) 555-0123", "timezone": "America/Chicago",
    "language": "en", "country": "US", "track": "both",
}  # fmt: skip


@pytest.mark.parametrize("wanted", ["rey", "ANA R", "+15555550120", "(555) 555-0120", "1 555 555 0120"])
def test_it_finds_by_part_of_the_name_or_the_whole_number(town: Town, noor: Desk, wanted: str) -> None:
    town.enrol_patient()
    town.enrol_patient("+15555550121", given_name="Bo", family_name="Lind")
    noor.client.get("/patients", query_string={"q": wanted})
    noor.page = noor.client.get("/patients", query_string={"q": wanted}).get_data(as_text=True)
    assert "Ana Reyes" in noor.text
    assert "Bo Lind" not in noor.text


def test_it_names_every_fault_of_an_enrolment_and_keeps_what_was_typed(noor: Desk) -> None:
    noor.get("/patients/new")
    wrong = {"phone": "12", "baseline__mood": "twelve", "baseline__pain": "11", "consent__method": "written"}
    noor.post("/patients/new", **(KNOWN | wrong | {"given_name": "", "flags": ["crps"], "consent__given_at": "soon"}))
    assert noor.status == 422
    for field in ("given_name", "phone", "baseline.mood", "baseline.pain", "consent.given_at", "consent.evidence"):
        assert f'id="fault-{field}"' in noor.page
    assert noor.page.count('aria-invalid="true"') == 6
    assert 'value="Lind"' in noor.page
    assert 'value="twelve"' in noor.page
    assert 'value="crps" checked' in noor.page
    order = [noor.page.index(f'href="#{field}"') for field in ("given_name", "phone", "baseline.mood")]
    assert order == sorted(order)


def test_an_hour_that_is_none_is_refused_and_nobody_is_enrolled(town: Town, noor: Desk) -> None:
    noor.get("/patients/new")
    noor.post("/patients/new", **(KNOWN | {"window_opens": "soon"}))
    assert noor.status == 422
    assert 'id="fault-window_opens"' in noor.page
    with town.inside():
        assert db.session.scalars(select(Patient)).all() == []


def test_it_enrols_with_a_number_as_people_write_it(town: Town, noor: Desk) -> None:
    noor.get("/patients/new")
    consent = {
        "consent__method": "written",
        "consent__evidence": "form 12",
        "consent__given_at": "2035-03-06T09:00",
    }
    noor.post("/patients/new", **(KNOWN | consent))
    assert noor.status == 200
    assert "Bo Lind" in noor.text
    assert "gets check-ins" in noor.text
    with town.inside():
        patient = db.session.scalars(select(Patient)).one()
        assert patient.phone == "+14155550123"
        assert patient.consented_at is not None


def test_it_enrols_without_consent_and_says_what_that_means(town: Town, noor: Desk) -> None:
    noor.get("/patients/new")
    noor.post("/patients/new", **KNOWN)
    assert "Enrolled without consent: no text goes out" in noor.text
    assert "no consent" in noor.text
    town.settle()
    assert town.phone("+14155550123").received == []


def test_a_treatment_shows_what_it_plans_in_the_patients_time_and_what_it_leaves_out(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient(timezone="America/Los_Angeles")
    town.treat(patient, ended_at=town.clock.now() - timedelta(days=3))
    noor.get(f"/patients/{patient.id}/treatments/new")
    noor.post(f"/patients/{patient.id}/treatments/new", ended_at="soon", route="iv", setting="clinic")
    assert noor.status == 422
    assert "Choose a date and a time" in noor.text
    noor.post(f"/patients/{patient.id}/treatments/new", ended_at="2035-03-06T09:10", route="im", setting="clinic")
    assert noor.status == 200
    assert "Injection (IM), ended 9:10 AM (6:10 AM for the patient)" in noor.text
    assert "Day 1 Wed Mar 7, 10:00 AM mood, pain, side effects planned" in noor.text
    assert "Same day: not needed for this treatment" in noor.text


def test_a_plan_says_why_a_check_in_falls_on_another_day(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient()
    recorded = town.treat(patient, ended_at=town.clock.now() - timedelta(days=2))
    noor.get(f"/patients/{patient.id}/treatments/{recorded.treatment.id}")
    assert noor.text.count("moved: its day was over before it was planned") == 1
    assert "Same day: its day was over before it was planned" in noor.text


def test_it_texts_the_patient_in_words_that_can_be_sent(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient()
    ana = town.phone_of(patient)
    town.settle()
    ana.news  # noqa: B018 - the welcome is no news
    noor.get(f"/patients/{patient.id}")
    noor.post(f"/patients/{patient.id}/messages", body="Hello “Ana”")
    assert noor.status == 422
    assert "“ (place 7), ” (place 11)" in noor.text
    assert "Hello “Ana”" in noor.page
    noor.post(f"/patients/{patient.id}/messages", body="Hello Ana,\r\nplease call us.")
    assert "The text is on its way" in noor.text
    town.settle()
    assert ana.news == ["Hello Ana,\nplease call us."]
    ana.texts("STOP")
    noor.post(f"/patients/{patient.id}/messages", body="Hello again")
    assert "Not sent: this patient opted out of texts; phone them." in noor.text
    with town.inside():
        assert not db.session.scalars(select(OutboundMessage).where(OutboundMessage.send_at.is_not(None))).all()


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("", "write something"),
        ("€" * 154, "shorten"),
        ("ok 👍", "👍 (place 4)"),
        ("Your KETAMINE session is at 9", "take out ketamine: others may read it"),
    ],
)
def test_it_refuses_words_that_cannot_be_sent(body: str, fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        as_sent(body)
    assert fault in refused.value.faults["body"]
    assert as_sent("€" * 153)


def test_it_pauses_resumes_and_discharges(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    path = f"/patients/{patient.id}"
    noor.get(path)
    noor.post(f"{path}/standing", act="pause")
    assert "paused" in noor.text
    noor.post(f"{path}/standing", act="resume")
    assert "gets check-ins" in noor.text
    noor.post(f"{path}/standing", act="explode")
    assert noor.status == 400
    noor.get(path)
    noor.post(f"{path}/standing", act="discharge")
    assert "discharged" in noor.text
    assert "Record a treatment" not in noor.text


def test_only_a_clinician_ends_a_hold(town: Town, desk: Sits) -> None:
    patient = town.enrol_patient()
    town.phone_of(patient).texts("I want to die")
    noor, vera = desk(town.noor), desk(town.vera)
    noor.get(f"/patients/{patient.id}")
    assert "Only a clinician may end a hold" in noor.text
    noor.post(f"/patients/{patient.id}/standing", act="resume")
    assert noor.status == 403
    vera.get(f"/patients/{patient.id}")
    vera.post(f"/patients/{patient.id}/standing", act="resume")
    assert "on hold" not in vera.text


def test_the_clinic_page_says_nothing_of_other_clinics(town: Town, desk: Sits) -> None:
    """Cass's clinic has nobody on call but its manager; Noor's page is no place to read that."""
    noor = desk(town.noor)
    noor.get("/health")
    assert "ridge" not in noor.text.casefold()
    assert "Cass" not in noor.text


def test_every_page_opens_on_each_database(any_town: Town) -> None:
    patient = any_town.enrol_patient()
    recorded = any_town.treat(patient)
    any_town.phone_of(patient).texts("7 3 but I want to die")
    noor = Desk(any_town.app.test_client()).sign_in(any_town.noor)
    mine = f"/patients/{patient.id}"
    pages = ["/", "/?mine", "/cases/1", "/live/cases/1/top", "/live/cases/1/rest", "/live/queue", "/patients", mine]
    pages += [f"{mine}/treatments/new", f"{mine}/treatments/{recorded.treatment.id}", "/patients/new", "/health"]
    for path in pages:
        noor.get(path)
        assert noor.status == 200, path


def test_the_clinic_page_says_who_is_on_call_and_what_is_wrong(noor: Desk) -> None:
    noor.get("/health")
    assert "Noor Haddad responder 555-555-0111" in noor.text
    assert "wrong clock" in noor.text
    assert "UNSIGNED: test mode" in noor.text
    assert "The managers" in noor.text
