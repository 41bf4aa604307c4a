"""The clinic's page says which protocol holds, and in what it is not the signed one."""

from backend.services.clinic import protocols
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.work import transaction
from tests.console.conftest import Desk
from tests.town import Town


def test_it_shows_the_version_and_what_differs_from_the_signed_protocol(town: Town, noor: Desk) -> None:
    noor.get("/health")
    assert "As signed of protocol" in noor.text
    with town.inside():
        clinic = db.session.get_one(Clinic, town.clinic.id)
        overrides = {"thresholds": {"mood_low": 4}, "check_ins": {"day_3": 2}}
        protocols.change_protocol(clinic, overrides, "as agreed", "test", town.house)
    noor.get("/health")
    for words in ("This clinic's version 1", "thresholds: mood low", "signed: 3", "check ins: day 3", "signed: day 3"):
        assert words in noor.text
    assert "no longer fits" not in noor.text


def test_it_says_what_the_signed_protocol_no_longer_allows(town: Town, noor: Desk) -> None:
    with town.inside(), transaction() as session:
        session.get_one(Clinic, town.clinic.id).protocol_overrides = {"thresholds": {"mood_low": 2}}
    noor.get("/health")
    assert "thresholds: mood low no longer fits the signed protocol" in noor.text
