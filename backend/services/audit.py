"""Who saw and did what: written with the act itself, sealed into a chain afterwards."""

import hashlib
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from backend.store.audit import AuditEvent
from backend.store.database import db
from backend.store.work import add_row, transaction

SYSTEM = "system"
BATCH = 500


def record(clinic_id: UUID, actor: str, action: str, subject: object, now: datetime, detail: str = "") -> None:
    """Add one line inside the caller's transaction. Ids and fixed words only: never a name, a number or words."""
    add_row(AuditEvent, clinic_id=clinic_id, at=now, actor=actor, action=action, subject=str(subject), detail=detail)


def record_view(clinic_id: UUID, actor: str, action: str, subject: object, now: datetime) -> None:
    """Add one line about something that was looked at."""
    with transaction():
        record(clinic_id, actor, action, subject, now)


def seal_new() -> int:
    """Chain the lines that are not yet sealed, clinic by clinic in the order they were made. Returns how many."""
    clinics = db.session.scalars(select(AuditEvent.clinic_id).where(AuditEvent.position.is_(None)).distinct()).all()
    return sum(_seal_clinic(clinic_id) for clinic_id in clinics)


def broken_links() -> list[str]:
    """Every line whose seal does not follow from the one before it; empty while the chain is whole."""
    broken: list[str] = []
    before: dict[UUID, tuple[int, bytes]] = {}
    sealed = (
        select(AuditEvent)
        .where(AuditEvent.position.is_not(None))
        .order_by(AuditEvent.clinic_id, AuditEvent.position)
        .execution_options(yield_per=1000)
    )
    for event in db.session.scalars(sealed):
        position, seal = before.get(event.clinic_id, (0, b""))
        if event.position != position + 1 or event.seal != _seal_of(event, seal, position + 1):
            broken.append(f"audit line {event.id} of clinic {event.clinic_id}")
        before[event.clinic_id] = (event.position or 0, event.seal or b"")
    return broken


def _seal_clinic(clinic_id: UUID) -> int:
    with transaction() as session:
        mine = select(AuditEvent).where(AuditEvent.clinic_id == clinic_id)
        # Whoever seals a clinic holds its last line (or, at the very start, is caught by the unique position).
        last = session.scalars(
            mine.where(AuditEvent.position.is_not(None)).order_by(AuditEvent.position.desc()).limit(1).with_for_update()
        ).first()
        position, seal = (last.position or 0, last.seal or b"") if last else (0, b"")
        fresh = session.scalars(mine.where(AuditEvent.position.is_(None)).order_by(AuditEvent.id).limit(BATCH)).all()
        for event in fresh:
            position += 1
            seal = _seal_of(event, seal, position)
            event.position, event.seal = position, seal
        return len(fresh)


def _seal_of(event: AuditEvent, before: bytes, position: int) -> bytes:
    line = (
        position,
        event.clinic_id,
        event.id,
        event.at.isoformat(),
        event.actor,
        event.action,
        event.subject,
        event.detail,
    )
    return hashlib.sha256(before + "\x1f".join(str(part) for part in line).encode()).digest()
