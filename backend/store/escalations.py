"""Escalations (cases), why each was opened, and everything that happened to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.database import Base, ClinicRow, EncryptedText

_OPEN = "resolved_at IS NULL"
_OPEN_OF_SENDER = "resolved_at IS NULL AND subject_digest IS NOT NULL"


class Escalation(ClinicRow, Base):
    """A case. While it is open, `next_page_at` is set: the case pages, or, acknowledged, asks for its outcome.

    `subject_digest` is the blind index of the number it is about, so that one person's next text joins it.
    """

    __tablename__ = "escalations"
    __table_args__ = (
        UniqueConstraint("clinic_id", "number"),
        Index("ix_escalations_due", "next_page_at", sqlite_where=text(_OPEN), postgresql_where=text(_OPEN)),
        Index(
            "uq_escalations_open_subject",
            "clinic_id",
            "subject_digest",
            unique=True,
            sqlite_where=text(_OPEN_OF_SENDER),
            postgresql_where=text(_OPEN_OF_SENDER),
        ),
        Index("ix_escalations_clinic_id_patient_id", "clinic_id", "patient_id"),
        Index(
            "ix_escalations_open",
            "clinic_id",
            "priority",
            "opened_at",
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        CheckConstraint("(resolved_at IS NULL) = (next_page_at IS NOT NULL)", name="open_has_next_page"),
        CheckConstraint("(resolved_at IS NULL) = (outcome IS NULL)", name="resolved_with_outcome"),
        CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_somebody"),
        CheckConstraint("priority BETWEEN 1 AND 4", name="priority_known"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    number: Mapped[int]
    patient_id: Mapped[UUID | None]
    subject_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    priority: Mapped[int]
    opened_at: Mapped[datetime]
    step: Mapped[int | None]
    next_page_at: Mapped[datetime | None]
    unstaffed_since: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]
    outcome: Mapped[str | None] = mapped_column(String(32))

    @property
    def state(self) -> str:
        """open · acknowledged · resolved"""
        if self.resolved_at is not None:
            return "resolved"
        return "open" if self.acknowledged_at is None else "acknowledged"


def _of_escalation() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["clinic_id", "escalation_id"], ["escalations.clinic_id", "escalations.id"])


class ConcernRow(ClinicRow, Base):
    """One concern of a case: which rule, and where in the text it matched."""

    __tablename__ = "concerns"
    __table_args__ = (_of_escalation(), Index("ix_concerns_clinic_id_escalation_id", "clinic_id", "escalation_id"))

    escalation_id: Mapped[UUID]
    inbound_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(String(48))
    priority: Mapped[int]
    rule: Mapped[str] = mapped_column(String(80))
    reply: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(EncryptedText)
    span_start: Mapped[int | None]
    span_end: Mapped[int | None]
    at: Mapped[datetime]


class EscalationEvent(ClinicRow, Base):
    """One thing that happened to a case; only ever added, also when nobody could be paged."""

    __tablename__ = "escalation_events"
    __table_args__ = (
        _of_escalation(),
        Index("ix_escalation_events_clinic_id_escalation_id", "clinic_id", "escalation_id", "at"),
    )

    escalation_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(24))
    staff_id: Mapped[UUID | None]
    outbound_id: Mapped[UUID | None]
    inbound_id: Mapped[UUID | None]
    step: Mapped[int | None]
    detail: Mapped[str] = mapped_column(EncryptedText, default="")
    at: Mapped[datetime]
