"""Rotating the field keys: everything readable before, between and after, and found by exact look-up throughout."""

from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy import select, text

from backend.services.operating import keys
from backend.store.database import db, keyring
from backend.store.patients import Patient
from tests.town import FIELD_KEY, Town


def find(town: Town, number: str) -> Patient | None:
    with town.inside():
        return db.session.scalar(select(Patient).where(Patient.phone_digest.in_(keyring().digests(number))))


def test_it_rotates_while_patients_go_on_texting(any_url: str, tmp_path: Path) -> None:
    town = Town(any_url, tmp_path)
    town.found_clinics()
    ana = town.enrol_patient()
    town.phone_of(ana).texts("pain 10")
    town.close()

    newer = Fernet.generate_key().decode()
    between = Town(any_url, tmp_path, field_keys=f"{newer},{FIELD_KEY}")
    between.clinic, between.other_clinic = town.clinic, town.other_clinic
    assert find(between, ana.phone) is not None
    with between.inside():
        assert keys.rotate() > 0
    between.close()

    after = Town(any_url, tmp_path, field_keys=newer)
    after.clinic, after.other_clinic = town.clinic, town.other_clinic
    found = find(after, ana.phone)
    assert found is not None
    assert found.given_name == "Ana"
    # Her next text still joins the case that was opened under the old key.
    after.phone_of(ana).texts("I want to die")
    [case] = after.cases()
    assert case.state == "open"
    after.close()


def test_nothing_of_a_person_stands_in_the_file(town: Town) -> None:
    ana = town.enrol_patient()
    town.phone_of(ana).texts("the words of Ana")
    with town.inside():
        db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    kept = (town.folder / "aftercare.db").read_bytes()
    for secret in (b"Reyes", b"5555550120", b"the words of", b"Haddad", b"5555550111", b"noor."):
        assert secret not in kept
