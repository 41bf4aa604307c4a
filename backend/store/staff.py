"""Staff, their sign-ins, the rota and API tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.database import Base, ClinicRow, EncryptedText


class Staff(ClinicRow, Base):
    """Somebody at the clinic. `phone_digest` finds the sender of an `ACK`; `email_digest` finds who signs in."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("clinic_id", "email_digest"),
        Index("ix_staff_email_digest", "email_digest"),
        Index("ix_staff_clinic_id_phone_digest", "clinic_id", "phone_digest"),
        CheckConstraint("role IN ('responder', 'clinician', 'manager', 'auditor')", name="role_known"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    name: Mapped[str] = mapped_column(EncryptedText)
    email: Mapped[str] = mapped_column(EncryptedText)
    email_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    phone: Mapped[str] = mapped_column(EncryptedText)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


def _of_staff() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["clinic_id", "staff_id"], ["staff.clinic_id", "staff.id"])


class StaffSession(ClinicRow, Base):
    """One sign-in on one browser; ended by signing out, by idleness, or by somebody else for them."""

    __tablename__ = "staff_sessions"
    __table_args__ = (_of_staff(), UniqueConstraint("clinic_id", "token_digest"))

    staff_id: Mapped[UUID]
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Shift(ClinicRow, Base):
    """A time on call; a weekly one repeats at the same local time."""

    __tablename__ = "shifts"
    __table_args__ = (
        _of_staff(),
        Index("ix_shifts_clinic_id_starts_at", "clinic_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )

    staff_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    weekly: Mapped[bool]


class ApiToken(ClinicRow, Base):
    """A bearer token of one clinic; only its digest is kept. The clinic's id stands in the token itself."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("clinic_id", "token_digest"),)

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    token_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class IdempotentAnswer(ClinicRow, Base):
    """What a POST with an `Idempotency-Key` was answered, so that its repeat gets the same and does nothing."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (UniqueConstraint("clinic_id", "key_digest"),)

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    key_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    status: Mapped[int]
    body: Mapped[str] = mapped_column(EncryptedText)
    created_at: Mapped[datetime]
