"""Who saw and did what, chained so that a changed or missing line shows; and the clock's heartbeat."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.database import Base, ClinicRow

_UNSEALED = "position IS NULL"


class AuditEvent(ClinicRow, Base):
    """One act. Ids only: no name, no number, no words. Sealed into its clinic's chain by the clock, so that writers of
    one clinic do not queue behind each other.
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        Index(
            "ix_audit_events_unsealed",
            "clinic_id",
            "id",
            sqlite_where=text(_UNSEALED),
            postgresql_where=text(_UNSEALED),
        ),
        Index("uq_audit_events_clinic_id_position", "clinic_id", "position", unique=True),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(48))
    action: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int | None]
    seal: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class Heartbeat(Base):
    """When each clock process was last alive, by the machine's own time. The one table that no clinic owns."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    beat_at: Mapped[datetime]
