"""Texts in, texts out, and what the carrier reported of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.database import Base, ClinicRow, EncryptedText

_UNPROCESSED = "processed_at IS NULL"
_DUE = "send_at IS NOT NULL"
_UNCONFIRMED = "confirm_by IS NOT NULL"
_IN_FLIGHT = "send_at IS NULL AND state IN ('queued', 'unsure')"


class InboundMessage(ClinicRow, Base):
    """A text that came, kept before anything reads it. Work remains while `processed_at` is empty."""

    __tablename__ = "inbound_messages"
    __table_args__ = (
        UniqueConstraint("clinic_id", "message_sid"),
        Index(
            "ix_inbound_messages_work",
            "received_at",
            sqlite_where=text(_UNPROCESSED),
            postgresql_where=text(_UNPROCESSED),
        ),
        Index("ix_inbound_messages_clinic_id_patient_id", "clinic_id", "patient_id", "received_at"),
        CheckConstraint("(processed_at IS NULL) = (disposition IS NULL)", name="processed_with_disposition"),
        CheckConstraint(
            "disposition IN ('answered', 'keyword', 'staff_command', 'escalation')", name="disposition_known"
        ),
        CheckConstraint("disposition <> 'escalation' OR escalation_id IS NOT NULL", name="escalation_named"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    message_sid: Mapped[str] = mapped_column(String(64))
    from_number: Mapped[str] = mapped_column(EncryptedText)
    from_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    to_number: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(EncryptedText)
    media_count: Mapped[int]
    parameters: Mapped[str] = mapped_column(EncryptedText)
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    disposition: Mapped[str | None] = mapped_column(String(16))
    priority: Mapped[int | None]
    patient_id: Mapped[UUID | None]
    staff_id: Mapped[UUID | None]
    check_in_id: Mapped[UUID | None]
    escalation_id: Mapped[UUID | None]


class OutboundMessage(ClinicRow, Base):
    """A text to send or sent. Work remains while `send_at` has come; the claim empties it.

    `by` says how it leaves: on the carrier's own webhook response (`twiml`) or by our request (`rest`). After
    `lease_until` a claimed text without a result is looked up at the carrier; after `confirm_by` a safety text without
    a delivery report counts as lost. Both are network time-outs and so are kept in the machine's own time.
    """

    __tablename__ = "outbound_messages"
    __table_args__ = (
        Index("ix_outbound_messages_due", "send_at", sqlite_where=text(_DUE), postgresql_where=text(_DUE)),
        Index(
            "ix_outbound_messages_unconfirmed",
            "confirm_by",
            sqlite_where=text(_UNCONFIRMED),
            postgresql_where=text(_UNCONFIRMED),
        ),
        Index(
            "ix_outbound_messages_in_flight",
            "lease_until",
            sqlite_where=text(_IN_FLIGHT),
            postgresql_where=text(_IN_FLIGHT),
        ),
        Index("ix_outbound_messages_clinic_id_patient_id", "clinic_id", "patient_id", "created_at"),
        Index("ix_outbound_messages_clinic_id_inbound_id", "clinic_id", "inbound_id"),
        Index("ix_outbound_messages_clinic_id_escalation_id", "clinic_id", "escalation_id"),
        CheckConstraint("(patient_id IS NULL) OR (staff_id IS NULL)", name="one_recipient"),
        CheckConstraint(
            "state IN ('queued', 'sent', 'delivered', 'undelivered', 'failed', 'unsure')", name="state_known"
        ),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    text_name: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(8))
    to_number: Mapped[str] = mapped_column(EncryptedText)
    body: Mapped[str] = mapped_column(EncryptedText)
    patient_id: Mapped[UUID | None]
    staff_id: Mapped[UUID | None]
    check_in_id: Mapped[UUID | None]
    inbound_id: Mapped[UUID | None]
    escalation_id: Mapped[UUID | None]
    resend_of: Mapped[UUID | None]
    priority: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    send_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    carrier_status: Mapped[str | None] = mapped_column(String(24))
    message_sid: Mapped[str | None] = mapped_column(String(64))
    error_code: Mapped[int | None]
    sent_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    confirm_by: Mapped[datetime | None]

    @property
    def reference(self) -> str:
        """What the carrier's reports carry back to find this row: letters, digits and one dash."""
        return reference_of(self.clinic_id, self.id)


def reference_of(clinic_id: UUID, row: UUID) -> str:
    return f"{clinic_id.hex}-{row.hex}"


def parse_reference(reference: str) -> tuple[UUID, UUID] | None:
    """The key in a reference, or None when it is not one of ours."""
    clinic, _, row = reference.partition("-")
    try:
        return UUID(hex=clinic), UUID(hex=row)
    except ValueError:
        return None


class DeliveryReport(ClinicRow, Base):
    """One status the carrier reported, each kept once, in whatever order they came."""

    __tablename__ = "delivery_reports"
    __table_args__ = (UniqueConstraint("clinic_id", "message_sid", "status"),)

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    outbound_id: Mapped[UUID]
    message_sid: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(24))
    error_code: Mapped[int | None]
    at: Mapped[datetime]
