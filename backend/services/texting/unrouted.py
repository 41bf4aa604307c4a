"""The clinic of texts to a number that no clinic has: kept and read like any other, with cases for the operator.

Nobody works there at first, so its cases page `OPERATOR_CONTACT` and keep `readyz` red. To close them, the operator
adds a person (`aftercare staff add --clinic unrouted`) who signs in; `clinic add` may take the number over.
"""

from sqlalchemy import select

from backend.domain.countries import region_of
from backend.domain.phone import PhoneError, parse_phone
from backend.domain.texts import WRITTEN_FOR
from backend.services.house import House
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db
from backend.store.work import transaction

NO_NUMBER = "unrouted"


def ensure(number: str, house: House) -> None:
    """Make that clinic if it is not there yet. It sends from the first such number, one that is surely ours, and is
    taken to be where that number is from.
    """
    if db.session.get(Clinic, UNROUTED) is not None:
        return
    ours = _e164(number)
    region = region_of(ours) if ours else None
    country = region if region in house.clinical.packs else WRITTEN_FOR
    with transaction() as session:
        if session.get(Clinic, UNROUTED) is None:
            session.add(
                Clinic(
                    id=UNROUTED, slug="unrouted", name="Aftercare", number=ours or NO_NUMBER, phone=ours,
                    timezone="UTC", country=country, created_at=house.now(),
                )
            )  # fmt: skip


def give_up(number: str) -> None:
    """A clinic takes this number over: it is no longer unrouted. Inside the caller's transaction."""
    holder = db.session.scalar(select(Clinic).where(Clinic.id == UNROUTED, Clinic.number == number))
    if holder is not None:
        holder.number = NO_NUMBER
        db.session.flush()


def _e164(number: str) -> str:
    try:
        return parse_phone(number)
    except PhoneError:
        return ""
