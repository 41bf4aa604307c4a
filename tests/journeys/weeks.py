"""Weeks of a town's life, from one due check-in to the next."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.texts import OutboundMessage
from tests.town import Town


def live_until(town: Town, until: datetime) -> None:
    """Let everything happen that falls due until then. What is due at the same moment happens together."""
    while (due := next_due(town)) is not None and due <= until:
        town.clock.advance(due - town.clock.now())
        town.settle()
    town.clock.advance(until - town.clock.now())
    town.settle()


def next_due(town: Town) -> datetime | None:
    with town.inside():
        planned = (CheckIn.prompted_at.is_(None), CheckIn.skipped_at.is_(None), CheckIn.due_at > town.clock.now())
        return db.session.scalar(select(func.min(CheckIn.due_at)).where(*planned))


def asked_at(town: Town, patient: Patient, zone: str | None = None) -> list[datetime]:
    """When this patient's check-ins reached the carrier, in local time, the first first."""
    with town.inside():
        sent = select(OutboundMessage.sent_at).where(
            OutboundMessage.kind == "prompt", OutboundMessage.patient_id == patient.id
        )
        local = ZoneInfo(zone or patient.timezone)
        return sorted(at.astimezone(local) for at in db.session.scalars(sent) if at is not None)


def check_ins_of(town: Town, patient: Patient) -> dict[str, CheckIn]:
    """The patient's check-ins by name; of a name that several treatments have, the latest."""
    with town.inside():
        mine = select(CheckIn).where(CheckIn.patient_id == patient.id).order_by(CheckIn.due_at)
        return {row.name: row for row in db.session.scalars(mine)}
