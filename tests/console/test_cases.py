"""The queue and one case: worst first, the exact words, who has it, and an outcome before it closes."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from backend.services.cases.acting import take
from backend.services.patients.timeline import case_timeline, timeline_of
from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.staff import Staff
from tests.console.conftest import Desk
from tests.town import Town

Sits = Callable[[Staff], Desk]


@pytest.fixture
def ana(town: Town) -> Patient:
    """Ana, who has just written something that must be read."""
    patient = town.enrol_patient()
    town.phone_of(patient).texts("<b>I want to die</b> & nobody knows")
    return patient


def test_the_queue_is_worst_first(town: Town, ana: Patient, desk: Sits) -> None:
    bo = town.enrol_patient("+15555550121", given_name="Bo", family_name="Lind")
    town.phone_of(bo).texts("Can I take my allergy pills?")
    noor = desk(town.noor)
    assert noor.text.index("Ana Reyes") < noor.text.index("Bo Lind")
    assert noor.text.startswith("(1) Queue")
    assert "nobody yet" in noor.text
    assert "On call: Noor Haddad" in noor.text


def test_it_sends_the_queue_again_only_when_it_changed(town: Town, ana: Patient, desk: Sits) -> None:
    noor = desk(town.noor)
    noor.get("/live/queue")
    mark = noor.headers["ETag"]
    assert noor.get("/live/queue", If_None_Match=mark) == ""
    assert noor.status == 304
    with town.inside():
        case = town.cases()[0]
        take((case.clinic_id, case.id), town.dov, "console", town.house)
    assert "Dov Amsel" in noor.get("/live/queue", If_None_Match=mark)


def test_a_case_shows_the_exact_words_with_what_matched_marked(town: Town, ana: Patient, desk: Sits) -> None:
    noor = desk(town.noor)
    noor.get("/cases/1")
    assert "&lt;b&gt;I <mark>want to die</mark>&lt;/b&gt; &amp; nobody knows" in noor.page
    assert "Call Ana: 555-555-0120" in noor.text
    assert 'href="tel:+15555550120"' in noor.page
    assert "988" in noor.text
    assert "911" in noor.text
    assert "Crisis text" in noor.text
    assert "arrived" in noor.text
    assert "Paged Noor Haddad" in noor.text
    assert "en.suicide" in noor.text


def test_it_keeps_who_looked(town: Town, ana: Patient, desk: Sits) -> None:
    noor = desk(town.noor)
    noor.get("/cases/1")
    noor.get(f"/patients/{ana.id}")
    with town.inside():
        seen = select(AuditEvent).where(AuditEvent.action.in_(("case_viewed", "patient_viewed")))
        lines = [(line.actor, line.action) for line in db.session.scalars(seen.order_by(AuditEvent.id))]
    assert lines == [(f"staff:{town.noor.id}", "case_viewed"), (f"staff:{town.noor.id}", "patient_viewed")]


def test_the_first_to_take_a_case_has_it(town: Town, ana: Patient, desk: Sits) -> None:
    noor, vera = desk(town.noor), desk(town.vera)
    noor.get("/cases/1")
    vera.get("/cases/1")
    noor.post("/cases/1/acknowledge")
    assert "Case 1 is yours" in noor.text
    vera.post("/cases/1/acknowledge")
    assert "already taken by a colleague" in vera.text
    assert "Noor Haddad has this case" in vera.text
    assert "Outcome due" in vera.text


def test_it_takes_an_outcome_to_close_and_sometimes_a_note(town: Town, ana: Patient, desk: Sits) -> None:
    noor = desk(town.noor)
    noor.get("/cases/1")
    noor.post("/cases/1/outcome", note="spoke to her")
    assert noor.status == 422
    assert "Choose what came of it" in noor.text
    assert "spoke to her" in noor.page
    noor.post("/cases/1/outcome", outcome="false_alarm")
    assert noor.status == 422
    assert 'aria-describedby="fault-note' in noor.page
    noor.post("/cases/1/outcome", outcome="reached", note="spoke to her")
    assert noor.status == 200
    assert "Case 1 is closed" in noor.text
    assert "Reached the patient" in noor.text
    noor.get("/cases/1")
    assert "Close with an outcome" not in noor.text


def test_notes_stand_in_the_timeline(town: Town, ana: Patient, desk: Sits) -> None:
    noor = desk(town.noor)
    noor.get("/cases/1")
    noor.post("/cases/1/notes", words="left a voicemail")
    noor.post("/cases/1/notes", words=" ")
    assert noor.status == 422
    with town.inside():
        entries = case_timeline(town.cases()[0])
        kinds = [entry.kind for entry in entries]
        assert kinds[0] == "text_in"
        assert kinds[-1] == "case_note"
        assert entries[-1].detail == "left a voicemail"
        whole = timeline_of(town.clinic.id, ana.id)
        assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
        assert {"text_in", "text_out", "consent", "case_opened", "case_paged", "case_note"} <= {e.kind for e in whole}


def test_an_auditor_reads_and_cannot_act(town: Town, ana: Patient, desk: Sits) -> None:
    ada = desk(town.ada)
    ada.get("/cases/1")
    assert "I take this case" not in ada.text
    assert "Close with an outcome" not in ada.text
    for path in ("/cases/1/acknowledge", "/cases/1/outcome", "/cases/1/notes", "/patients/new"):
        ada.post(path, outcome="reached", words="x")
        assert ada.status == 403
        assert "may read" in ada.text
        ada.get("/cases/1")
    ada.get("/patients/new")
    assert ada.status == 403
    with town.inside():
        assert town.cases()[0].acknowledged_by is None


def test_another_clinic_sees_nothing(town: Town, ana: Patient, desk: Sits) -> None:
    cass = desk(town.cass)
    assert "Ana" not in cass.text
    for path in ("/cases/1", "/live/cases/1/top", f"/patients/{ana.id}", f"/patients/{ana.id}/treatments/new"):
        cass.get(path)
        assert cass.status == 404
    cass.get("/patients?q=Ana")
    assert "Reyes" not in cass.text


def test_a_case_of_an_unknown_number_can_be_called(town: Town, desk: Sits) -> None:
    town.phone("+15555550177").texts("who is this")
    noor = desk(town.noor)
    assert "Number of no patient" in noor.text
    noor.get("/cases/1")
    assert 'href="tel:+15555550177"' in noor.page
    assert "who is this" in noor.text
