"""A questionnaire is entered on the patient's page."""

from tests.console.conftest import Desk
from tests.town import Town

TAKEN = {"kind": "phq9", "total": "14", "item_9": "2", "taken_at": "2035-03-06T09:00"}


def test_it_is_recorded_and_seen(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient()
    noor.get(f"/patients/{patient.id}")
    noor.post(f"/patients/{patient.id}/questionnaires", **TAKEN)
    assert noor.status == 200
    assert "The questionnaire is recorded. It is before a person as case 1." in noor.text
    assert "PHQ-9 taken: 14" in noor.text
    noor.get("/cases/1")
    assert "PHQ-9 item 9 at 2: thoughts of being better off dead, or of self-harm." in noor.text


def test_every_fault_is_named_and_what_was_typed_stays(town: Town, noor: Desk) -> None:
    patient = town.enrol_patient()
    noor.get(f"/patients/{patient.id}")
    noor.post(f"/patients/{patient.id}/questionnaires", kind="phq9", total="many", item_9="", taken_at="soon")
    assert noor.status == 422
    for field in ("total", "item_9", "taken_at"):
        assert f'id="fault-{field}"' in noor.page
    assert 'value="many"' in noor.page
    assert town.cases() == []
