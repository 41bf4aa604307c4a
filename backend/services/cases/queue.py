"""The queue: open cases, worst first, with how long each has waited and who is on it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from backend.domain.concerns import Priority
from backend.services.patients.timeline import outcome_named
from backend.store.database import db
from backend.store.escalations import ConcernRow, Escalation
from backend.store.patients import Patient
from backend.store.staff import Staff

NO_PATIENT = "Number of no patient"


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One case as the queue shows it.

    `next_at` is when it pages next or, once somebody has it, when its outcome is due; None when it is closed. `why` is
    the reason of its worst concern, the first of these. `nobody_since` is set while no one could be paged.
    """

    id: UUID
    number: int
    priority: Priority
    state: str
    patient_id: UUID | None
    patient_name: str
    waiting_since: datetime
    holder_id: UUID | None
    holder: str | None
    next_at: datetime | None
    nobody_since: datetime | None
    resolved_at: datetime | None
    outcome: str | None
    why: str


def open_cases(clinic_id: UUID, *, mine: UUID | None = None) -> list[QueueRow]:
    """The clinic's open cases: worst first, those that nobody has taken before the taken ones, then the oldest.

    `mine` keeps only what this member of staff has taken.
    """
    waiting = select(Escalation).where(Escalation.clinic_id == clinic_id, Escalation.resolved_at.is_(None))
    if mine is not None:
        waiting = waiting.where(Escalation.acknowledged_by == mine)
    rows = _rows(clinic_id, db.session.scalars(waiting).all())
    return sorted(rows, key=lambda row: (-row.priority, row.holder_id is not None, row.waiting_since, row.number))


def resolved_recently(clinic_id: UUID, *, most: int = 20) -> list[QueueRow]:
    """The cases that were closed last, newest first."""
    closed = select(Escalation).where(Escalation.clinic_id == clinic_id, Escalation.resolved_at.is_not(None))
    return _rows(clinic_id, db.session.scalars(closed.order_by(Escalation.resolved_at.desc()).limit(most)).all())


def urgent_count(clinic_id: UUID) -> int:
    """How many stat and asap cases are open."""
    waiting = select(func.count()).where(
        Escalation.clinic_id == clinic_id, Escalation.resolved_at.is_(None), Escalation.priority >= int(Priority.ASAP)
    )
    return db.session.scalar(waiting) or 0


def queue_mark(clinic_id: UUID, now: datetime) -> str:
    """A mark that changes whenever the queue does, and every minute since waiting times are shown in minutes."""
    columns = (
        Escalation.id,
        Escalation.priority,
        Escalation.acknowledged_by,
        Escalation.next_page_at,
        Escalation.unstaffed_since,
    )
    waiting = select(*columns).where(Escalation.clinic_id == clinic_id, Escalation.resolved_at.is_(None))
    closed = select(func.max(Escalation.resolved_at)).where(Escalation.clinic_id == clinic_id)
    facts = [str(tuple(row)) for row in db.session.execute(waiting.order_by(Escalation.id))]
    facts += [str(db.session.scalar(closed)), now.strftime("%Y-%m-%dT%H:%M")]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:32]


def _rows(clinic_id: UUID, cases: Sequence[Escalation]) -> list[QueueRow]:
    whys = _whys(clinic_id, [case.id for case in cases])
    patients = _patients(clinic_id, [case.patient_id for case in cases if case.patient_id])
    holders = [case.resolved_by or case.acknowledged_by for case in cases]
    names = _staff(clinic_id, [holder for holder in holders if holder])
    return [
        QueueRow(
            id=case.id,
            number=case.number,
            priority=Priority(case.priority),
            state=case.state,
            patient_id=case.patient_id,
            patient_name=patients.get(case.patient_id, NO_PATIENT) if case.patient_id else NO_PATIENT,
            waiting_since=case.opened_at,
            holder_id=holder,
            holder=names.get(holder) if holder else None,
            next_at=case.next_page_at,
            nobody_since=case.unstaffed_since,
            resolved_at=case.resolved_at,
            outcome=outcome_named(case.outcome) if case.outcome else None,
            why=whys.get(case.id, ""),
        )
        for case, holder in zip(cases, holders, strict=True)
    ]


def _whys(clinic_id: UUID, case_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """The reason of each case's worst concern."""
    of_these = select(ConcernRow).where(ConcernRow.clinic_id == clinic_id, ConcernRow.escalation_id.in_(case_ids))
    whys: dict[UUID, str] = {}
    for concern in db.session.scalars(of_these.order_by(ConcernRow.priority.desc(), ConcernRow.id)):
        whys.setdefault(concern.escalation_id, concern.why)
    return whys


def _patients(clinic_id: UUID, patient_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    of_these = select(Patient).where(Patient.clinic_id == clinic_id, Patient.id.in_(patient_ids))
    return {patient.id: patient.name for patient in db.session.scalars(of_these)}


def _staff(clinic_id: UUID, staff_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    of_these = select(Staff).where(Staff.clinic_id == clinic_id, Staff.id.in_(staff_ids))
    return {person.id: person.name for person in db.session.scalars(of_these)}
