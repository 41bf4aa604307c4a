"""Nothing that no clinician has signed reaches a real patient; whoever was in danger reaches a person instead."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from backend.domain.signoff import Signature
from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.texts import OutboundMessage
from backend.web.current import HOUSE
from tests.journeys.carrier import post_inbound
from tests.town import A_TUESDAY, Town

IN_DANGER = "I am going to kill myself tonight"


@pytest.fixture
def real(town: Town) -> Town:
    """A house that thinks its carrier is a real one, although start-up would have refused that."""
    town.house = town.app.extensions[HOUSE] = replace(town.house, carrier_is_real=True)
    return town


def test_no_text_goes_to_a_patient_and_staff_hear_of_each(real: Town) -> None:
    patient = real.enrol_patient()
    real.treat(patient)
    phone = real.phone_of(patient)
    real.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=12), step=timedelta(hours=2))
    phone.texts("who is this doctor you mention")
    phone.texts(IN_DANGER)
    assert phone.received == []
    assert "STAT case 1: our text did NOT reach the patient. Phone them." in "\n".join(
        real.phone_of(real.noor).received
    )
    with real.inside():
        texts = [text for text in db.session.query(OutboundMessage) if text.patient_id is not None]
        assert {text.kind for text in texts} >= {"welcome", "prompt", "reply", "crisis"}
        assert {text.state for text in texts} == {"failed"}
        reasons = {line.detail for line in db.session.query(AuditEvent) if line.action == "text_not_sent"}
        assert reasons == {"unsigned"}


def test_neither_does_one_ride_on_the_carriers_response(real: Town) -> None:
    phone = real.phone_of(real.enrol_patient())
    answer = post_inbound(real, From=phone.number, Body=IN_DANGER)
    assert answer.status_code == 200
    assert "<Message" not in answer.text
    real.settle()
    assert phone.received == []


def test_signed_they_go(real: Town) -> None:
    signature = Signature("Dr. Lin", "NY 1", date(2035, 3, 1), real.house.clinical.digest)
    clinical = replace(real.house.clinical, signature=signature)
    real.house = real.app.extensions[HOUSE] = replace(real.house, clinical=clinical)
    phone = real.phone_of(real.enrol_patient())
    assert "Call or text 988 now" in phone.texts(IN_DANGER).received[-1]


def test_in_the_sandbox_they_go_unsigned_and_every_page_says_so(town: Town) -> None:
    phone = town.phone_of(town.enrol_patient())
    assert "Call or text 988 now" in phone.texts(IN_DANGER).received[-1]
    assert town.app.test_client().get("/readyz").get_json()["mode"] == "UNSIGNED: test mode"
    assert "UNSIGNED: test mode." in town.app.test_client().get("/sign-in").text
