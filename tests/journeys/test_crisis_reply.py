"""The crisis text: at once, not over and over, in full on every rise, sent again when unconfirmed (S5, S6)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from backend.messaging.gateway import Blocked, Gateway, Receipt, Received, Sms
from backend.services.patients import standing
from backend.store.check_ins import Score
from backend.store.database import db
from backend.store.texts import InboundMessage, OutboundMessage
from backend.web.current import HOUSE
from tests.journeys.carrier import post_inbound
from tests.town import A_TUESDAY, Phone, Town

HOPELESS = "I don't want to be here anymore"
IN_DANGER = "I am going to kill myself tonight"
FULL = "Thank you for telling us. Call or text 988 now"
SHORT = "We have your message and are alerting staff."


@pytest.fixture
def ana(town: Town) -> Phone:
    phone = town.phone_of(town.enrol_patient())
    town.settle()
    phone.news  # noqa: B018 - the welcome
    return phone


def kinds(phone: Phone) -> list[str]:
    return ["full" if text.startswith(FULL) else "short" if text.startswith(SHORT) else "other" for text in phone.news]


def test_it_is_silent_for_ten_minutes_then_short_then_silent_for_an_hour(town: Town, ana: Phone) -> None:
    assert kinds(ana.texts(HOPELESS)) == ["full"]
    town.wait(minutes=5)
    assert kinds(ana.texts(HOPELESS)) == []
    town.wait(minutes=6)
    assert kinds(ana.texts(HOPELESS)) == ["short"]
    town.wait(step=timedelta(minutes=20), minutes=40)
    assert kinds(ana.texts(HOPELESS)) == []
    town.wait(step=timedelta(minutes=20), minutes=21)
    assert kinds(ana.texts(HOPELESS)) == ["short"]


def test_a_rise_brings_it_in_full_at_once(town: Town, ana: Phone) -> None:
    ana.texts(HOPELESS)
    ana.news  # noqa: B018 - read up to here
    assert kinds(ana.texts(IN_DANGER)) == ["full"]
    assert kinds(ana.texts(IN_DANGER)) == []


def test_a_day_later_it_comes_in_full_again(town: Town, ana: Phone) -> None:
    ana.texts(HOPELESS)
    ana.news  # noqa: B018 - read up to here
    town.wait(step=timedelta(hours=6), hours=24, minutes=1)
    ana.news  # noqa: B018 - read up to here
    assert kinds(ana.texts(HOPELESS)) == ["full"]


def test_it_comes_at_three_in_the_morning_too(town: Town, ana: Phone) -> None:
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=3), step=timedelta(hours=6))
    assert kinds(ana.texts(HOPELESS)) == ["full"]


def test_it_rides_on_the_carriers_own_response(town: Town, ana: Phone) -> None:
    answer = post_inbound(town, From=ana.number, Body=IN_DANGER)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/xml")
    assert FULL in answer.text
    with town.inside():
        [reply] = db.session.scalars(select(OutboundMessage).where(OutboundMessage.kind == "crisis"))
        assert (reply.by, reply.attempts) == ("twiml", 1)


def test_a_response_that_the_carrier_never_got_is_sent_again_once(town: Town, ana: Phone) -> None:
    post_inbound(town, From=ana.number, Body=IN_DANGER)  # the answer to this goes nowhere
    town.settle()
    assert kinds(ana) == []
    town.wait(step=timedelta(seconds=30), seconds=90)
    assert kinds(ana) == ["full"]
    town.wait(step=timedelta(minutes=2), minutes=10)
    assert kinds(ana) == []


def test_a_medical_text_that_the_carrier_never_got_is_sent_again(town: Town, ana: Phone) -> None:
    post_inbound(town, From=ana.number, Body="crushing chest pain and I can't breathe")
    town.wait(step=timedelta(seconds=30), seconds=90)
    assert ["Call 911 now for chest pain" in text for text in ana.news] == [True]


@dataclass(frozen=True)
class NeverConfirming:
    """A carrier that takes texts and never says more than that it sent them."""

    gateway: Gateway

    def send(self, sms: Sms) -> Receipt:
        return self.gateway.send(sms)

    def find(self, *, to: str, body: str, since: datetime) -> Receipt | None:
        found = self.gateway.find(to=to, body=body, since=since)
        return replace(found, status="sent") if found else None

    def received_since(self, *, to: str, since: datetime) -> list[Received]:
        return self.gateway.received_since(to=to, since=since)

    def blocked_since(self, *, sender: str, since: datetime) -> list[Blocked]:
        return self.gateway.blocked_since(sender=sender, since=since)


def test_unconfirmed_twice_the_page_says_that_the_patient_did_not_get_it(
    town: Town, ana: Phone, request: pytest.FixtureRequest
) -> None:
    # No page is confirmed either: for all we know there is nobody, and health says so.
    request.node.user_properties.append(("breaks_on_purpose", "S7"))
    town.house = town.app.extensions[HOUSE] = replace(town.house, gateway=NeverConfirming(town.house.gateway))
    town.handsets.post("/faults", json={"callbacks": "lost"})
    noor = town.phone_of(town.noor)
    ana.texts(HOPELESS)
    assert "ASAP case 1." in noor.news[0]
    town.wait(step=timedelta(seconds=61), seconds=61)
    assert kinds(ana) == ["full", "full"]
    town.wait(step=timedelta(seconds=61), seconds=122)
    told = [text for person in (town.noor, town.vera, town.dov) for text in town.phone_of(person).received]
    assert any("STAT case 1: our text did NOT reach the patient. Phone them." in page for page in told)
    town.wait(step=timedelta(minutes=2), minutes=6)
    assert kinds(ana) == []


def test_a_phone_that_is_off_makes_the_page_say_so_at_once(town: Town, ana: Phone) -> None:
    town.handsets.post("/faults", json={"handsets_off": [ana.number]})
    ana.texts(HOPELESS)
    told = town.phone_of(town.noor).received + town.phone_of(town.vera).received
    assert any("STAT case 1: our text did NOT reach the patient. Phone them." in page for page in told)


def test_during_a_hold_a_number_is_never_a_score(any_town: Town) -> None:
    town = any_town
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient)
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=6))
    phone.texts(HOPELESS)
    phone.texts("7 3")
    phone.texts("10")
    with town.inside():
        assert list(db.session.scalars(select(Score))) == []
        assert set(db.session.scalars(select(InboundMessage.disposition))) == {"escalation"}
    [case] = town.cases()
    assert case.state == "open"


def test_a_hold_holds_the_check_ins_back(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient).texts(HOPELESS)
    phone.news  # noqa: B018 - read up to here
    town.wait_until((A_TUESDAY + timedelta(days=4)).replace(hour=12), step=timedelta(hours=8))
    assert [text for text in phone.news if "Reply 0 to 10" in text or "home safe" in text] == []


def test_concern_comes_before_the_score(town: Town) -> None:
    patient = town.enrol_patient()
    town.treat(patient)
    phone = town.phone_of(patient)
    town.wait_until((A_TUESDAY + timedelta(days=1)).replace(hour=10, minute=1), step=timedelta(hours=6))
    phone.news  # noqa: B018 - read up to here
    phone.texts("7 but I want to die")
    assert kinds(phone) == ["full"]
    with town.inside():
        [kept] = db.session.scalars(select(InboundMessage))
        assert kept.disposition == "escalation"


def test_somebody_who_is_not_a_patient_any_more_is_answered_all_the_same(town: Town) -> None:
    patient = town.enrol_patient()
    with town.inside():
        standing.set_standing((patient.clinic_id, patient.id), "discharge", "test", town.house)
    phone = town.phone_of(patient)
    phone.news  # noqa: B018 - the welcome
    assert kinds(phone.texts(IN_DANGER)) == ["full"]
    [case] = town.cases()
    assert case.priority == 4
