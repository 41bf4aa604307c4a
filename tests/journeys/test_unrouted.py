"""Texts to a number that no clinic has, and staff whose phones are all off: still never nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest

from backend.services.clinic import setting_up
from backend.services.invalid import Invalid
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.web.current import HOUSE
from tests.town import PASSWORD_HASH, Phone, Town

OPERATOR = "+15555550990"
NOBODYS = "+15555550900"


@pytest.fixture
def operated(town: Town) -> Town:
    town.house = town.app.extensions[HOUSE] = replace(town.house, operator_contact=OPERATOR)
    return town


@pytest.fixture(autouse=True)
def breaks_on_purpose(request: pytest.FixtureRequest) -> None:
    request.node.user_properties.append(("breaks_on_purpose", "S7"))


def unrouted_cases(town: Town) -> list[Escalation]:
    with town.inside():
        return list(db.session.query(Escalation).filter(Escalation.clinic_id == UNROUTED))


def test_a_text_to_nobodys_number_is_answered_and_pages_the_operator(operated: Town) -> None:
    stranger = Phone(operated, "+15555550777", NOBODYS)
    stranger.texts("I want to kill myself")
    assert "Call or text 988 now" in stranger.news[-1]
    [case] = unrouted_cases(operated)
    assert case.state == "open"
    # The page leaves from the number that was texted: the one number that is surely ours.
    operator = Phone(operated, OPERATOR, NOBODYS)
    assert "STAT case 1 at a clinic where nobody is on call" in operator.news[0]
    operated.wait(minutes=46, step=timedelta(minutes=15))
    assert len(operator.news) >= 2


def test_the_operator_adds_somebody_who_closes_it(operated: Town) -> None:
    Phone(operated, "+15555550777", NOBODYS).texts("hello?")
    with operated.inside():
        clinic = db.session.get_one(Clinic, UNROUTED)
        opal = setting_up.add_staff(
            clinic, operated.clock.now(), name="Opal", email="opal@operator.example", phone="+15555550991",
            role="manager", password_hash=PASSWORD_HASH,
        )  # fmt: skip
    page = Phone(operated, opal.phone, NOBODYS)
    operated.wait(hours=1, step=timedelta(minutes=20))
    assert "URGENT case 1." in page.news[-1]
    page.texts("ACK 1")
    [case] = unrouted_cases(operated)
    assert case.acknowledged_by == opal.id


def test_a_clinic_takes_the_number_over(operated: Town) -> None:
    Phone(operated, "+15555550777", NOBODYS).texts("hello?")
    with operated.inside():
        added = operated.found_clinic("Valley Clinic", NOBODYS)
        with pytest.raises(Invalid, match="already"):
            operated.found_clinic("Valley Clinic Two", NOBODYS)
        assert added.number == NOBODYS


def test_phones_that_are_all_off_are_a_chain_with_nobody(operated: Town) -> None:
    everybody = [operated.noor.phone, operated.vera.phone, operated.dov.phone]
    operated.handsets.post("/faults", json={"handsets_off": everybody})
    ana = operated.enrol_patient()
    operated.phone_of(ana).texts("I want to die")
    assert "nobody is on call" in operated.phone(OPERATOR).news[0]
    [case] = operated.cases()
    assert case.unstaffed_since is not None
