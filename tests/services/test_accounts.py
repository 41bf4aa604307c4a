"""Signing in, being signed off, being locked out, and tokens of one clinic."""

from datetime import timedelta

import pytest

from backend.services.clinic import accounts
from backend.services.invalid import Invalid
from backend.store.database import db
from backend.store.staff import Staff, StaffSession
from backend.store.work import transaction
from tests.town import PASSWORD, Town


def signed_in(town: Town) -> str:
    found = accounts.sign_in(town.noor.email, PASSWORD, town.house.machine_now())
    assert found is not None
    assert found[0].id == town.noor.id
    return found[1]


def test_it_signs_in_with_e_mail_in_any_case(town: Town) -> None:
    with town.inside():
        assert accounts.sign_in(town.noor.email.upper(), PASSWORD, town.house.machine_now()) is not None
        assert accounts.sign_in(town.noor.email, "something else entirely", town.house.machine_now()) is None
        assert accounts.sign_in("nobody@clinic.example", PASSWORD, town.house.machine_now()) is None


def test_it_signs_off_whoever_is_idle(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        for _ in range(3):
            town.clock.advance(timedelta(minutes=14))
            assert accounts.signed_in(token, town.house.machine_now(), touch=True) is not None
        town.clock.advance(timedelta(minutes=16))
        assert accounts.signed_in(token, town.house.machine_now(), touch=True) is None


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        for _ in range(2):
            town.clock.advance(timedelta(minutes=7))
            assert accounts.signed_in(token, town.house.machine_now(), touch=False) is not None
        town.clock.advance(timedelta(minutes=2))
        assert accounts.signed_in(token, town.house.machine_now(), touch=False) is None


def test_a_shift_of_clicks_still_ends_after_twelve_hours(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        for _ in range(72):
            town.clock.advance(timedelta(minutes=10))
            accounts.signed_in(token, town.house.machine_now(), touch=True)
        town.clock.advance(timedelta(minutes=1))
        assert accounts.signed_in(token, town.house.machine_now(), touch=True) is None


def test_it_signs_out(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        accounts.sign_out(token, town.house.machine_now())
        assert accounts.signed_in(token, town.house.machine_now(), touch=False) is None


def test_it_signs_off_whoever_has_left_the_clinic(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        with transaction() as session:
            session.get_one(Staff, (town.clinic.id, town.noor.id)).deactivated_at = town.house.now()
        assert accounts.signed_in(token, town.house.machine_now(), touch=False) is None
        assert accounts.sign_in(town.noor.email, PASSWORD, town.house.machine_now()) is None


def test_five_wrong_passwords_lock_the_account_for_a_while(town: Town) -> None:
    with town.inside():
        for _ in range(accounts.TRIES):
            assert accounts.sign_in(town.noor.email, "something else entirely", town.house.machine_now()) is None
        assert accounts.sign_in(town.noor.email, PASSWORD, town.house.machine_now()) is None
        town.clock.advance(accounts.LOCKED_FOR + timedelta(seconds=1))
        assert accounts.sign_in(town.noor.email, PASSWORD, town.house.machine_now()) is not None


def test_it_keeps_no_secret(town: Town) -> None:
    with town.inside():
        token = signed_in(town)
        [kept] = db.session.query(StaffSession).all()
        assert token.partition(".")[2].encode() not in kept.token_digest
        assert PASSWORD not in str(db.session.get_one(Staff, (town.clinic.id, town.noor.id)).password_hash)


def test_it_refuses_a_short_password() -> None:
    with pytest.raises(Invalid, match="15 characters"):
        accounts.hash_password("short")


@pytest.mark.parametrize("junk", ["", "x", "aftercare_", "aftercare_zz.yy", "é.ü", "0" * 32 + ".nope"])
def test_junk_is_nobodys_token(town: Town, junk: str) -> None:
    with town.inside():
        assert accounts.token_owner(junk) is None
        assert accounts.signed_in(junk, town.house.machine_now(), touch=True) is None


def test_a_token_is_of_one_clinic_and_has_its_scopes(town: Town) -> None:
    secret = town.token("patients:read")
    with town.inside():
        owner = accounts.token_owner(secret)
        assert owner is not None
        assert owner.clinic_id == town.clinic.id
        assert owner.scopes == {"patients:read"}
        forged = f"aftercare_{town.other_clinic.id.hex}.{secret.partition('.')[2]}"
        assert accounts.token_owner(forged) is None
        with pytest.raises(Invalid, match="unknown"):
            accounts.create_token(town.clinic, ["everything"], "x", town.house.now())
