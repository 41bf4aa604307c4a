"""Texts that have not left yet do not leave any more."""

from uuid import UUID

from sqlalchemy import ColumnElement, update

from backend.domain.outbound import State
from backend.store.database import db
from backend.store.texts import OutboundMessage


def withdraw(clinic_id: UUID, *which: ColumnElement[bool]) -> None:
    """Take back the clinic's waiting texts of this kind, inside the caller's transaction."""
    db.session.execute(
        update(OutboundMessage)
        .where(OutboundMessage.clinic_id == clinic_id, OutboundMessage.send_at.is_not(None), *which)
        .values(send_at=None, state=State.FAILED.value, carrier_status="withdrawn")
        .execution_options(synchronize_session=False)
    )
