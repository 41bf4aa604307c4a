"""What the carrier has and we do not: texts whose webhook never reached us are taken in as if it had."""

from datetime import timedelta

from sqlalchemy import select

from backend.messaging.gateway import MaybeSent, Received
from backend.services.house import House
from backend.services.texting import inbox
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db
from backend.store.texts import InboundMessage

LOOK_BACK = timedelta(hours=24)


def take_in_missed(house: House) -> int:
    """List every clinic's inbound texts at the carrier and take in those we do not have. Returns how many."""
    clinics = db.session.scalars(select(Clinic).where(Clinic.id != UNROUTED)).all()
    return sum(_take_in_of(clinic, house) for clinic in clinics)


def _take_in_of(clinic: Clinic, house: House) -> int:
    # Texts from before the clinic joined are none of ours.
    number, since = clinic.number, max(house.now() - LOOK_BACK, clinic.created_at)
    db.session.rollback()  # no transaction stays open across a carrier call
    try:
        listed = house.gateway.received_since(to=number, since=since)
    except MaybeSent:
        return 0  # asked again at the next tick
    known = set(
        db.session.scalars(
            select(InboundMessage.message_sid).where(
                InboundMessage.clinic_id == clinic.id,
                InboundMessage.message_sid.in_([text.message_sid for text in listed]),
            )
        )
    )
    missed = [text for text in listed if text.message_sid not in known]
    for text in sorted(missed, key=lambda t: t.at):
        inbox.understand(inbox.receive(_as_posted(text), house), house, by="rest")
    return len(missed)


def _as_posted(text: Received) -> dict[str, str]:
    return {
        "MessageSid": text.message_sid,
        "From": text.sender,
        "To": text.to,
        "Body": text.body,
        "NumMedia": str(text.media_count),
        inbox.SENT_AT: text.at.isoformat(),
    }
