"""The clinic's page: who signed the rules and texts, and under which digest."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from backend.domain.signoff import Signature
from backend.store.staff import Staff
from backend.web.current import HOUSE
from tests.console.conftest import Desk
from tests.town import Town


def test_it_says_that_nobody_has_signed(noor: Desk, town: Town) -> None:
    noor.get("/health")
    assert "UNSIGNED: test mode. Nobody has signed these rules and texts." in noor.text
    assert town.house.clinical.digest[:16] in noor.text


def test_it_says_who_signed_what_when(town: Town, desk: Callable[[Staff], Desk]) -> None:
    digest = town.house.clinical.digest
    signature = Signature("Dr. Mei Lin", "NY 123456", date(2035, 3, 1), digest, "Dr. Ade")
    clinical = replace(town.house.clinical, signature=signature)
    town.house = town.app.extensions[HOUSE] = replace(town.house, clinical=clinical)
    noor = desk(town.noor)
    noor.get("/health")
    assert "Signed by Dr. Mei Lin (NY 123456) on 2035-03-01, approved by Dr. Ade." in noor.text
    assert digest[:16] in noor.text
    assert "UNSIGNED" not in noor.text
