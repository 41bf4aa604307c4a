"""Patients, their consent ledger and their treatments."""

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


class Patient(ClinicRow, Base):
    """A patient. `opted_out_at` is what the newest line of the consent ledger says, kept here for the send path."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("clinic_id", "phone_digest"),
        UniqueConstraint("clinic_id", "external_id_digest"),
        CheckConstraint("baseline_mood BETWEEN 0 AND 10", name="baseline_mood_nrs"),
        CheckConstraint("baseline_pain BETWEEN 0 AND 10", name="baseline_pain_nrs"),
        CheckConstraint("track IN ('mood', 'pain', 'both')", name="track_known"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    external_id: Mapped[str | None] = mapped_column(EncryptedText)
    external_id_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    given_name: Mapped[str] = mapped_column(EncryptedText)
    family_name: Mapped[str] = mapped_column(EncryptedText)
    phone: Mapped[str] = mapped_column(EncryptedText)
    phone_digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    timezone: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8))
    country: Mapped[str] = mapped_column(String(2))
    track: Mapped[str] = mapped_column(String(8))
    flags: Mapped[list[str]] = mapped_column(JSON)
    baseline_mood: Mapped[int | None]
    baseline_pain: Mapped[int | None]
    created_at: Mapped[datetime]
    consented_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    discharged_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()


def of_patient() -> ForeignKeyConstraint:
    """The row's patient is of the row's own clinic (S12)."""
    return ForeignKeyConstraint(["clinic_id", "patient_id"], ["patients.clinic_id", "patients.id"])


class ConsentEvent(ClinicRow, Base):
    """One line of the consent ledger; lines are only ever added."""

    __tablename__ = "consent_events"
    __table_args__ = (
        of_patient(),
        Index("ix_consent_events_clinic_id_patient_id", "clinic_id", "patient_id"),
        CheckConstraint("kind IN ('given', 'opt_out', 'opt_in')", name="kind_known"),
    )

    patient_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(16))
    method: Mapped[str] = mapped_column(String(16))
    evidence: Mapped[str] = mapped_column(EncryptedText)
    inbound_id: Mapped[UUID | None]
    at: Mapped[datetime]


class Treatment(ClinicRow, Base):
    """One dosing visit; its end is the anchor of the check-ins."""

    __tablename__ = "treatments"
    __table_args__ = (
        of_patient(),
        Index("ix_treatments_clinic_id_patient_id", "clinic_id", "patient_id", "ended_at"),
        CheckConstraint("baseline_mood BETWEEN 0 AND 10", name="baseline_mood_nrs"),
        CheckConstraint("baseline_pain BETWEEN 0 AND 10", name="baseline_pain_nrs"),
    )

    patient_id: Mapped[UUID]
    ended_at: Mapped[datetime]
    route: Mapped[str] = mapped_column(String(16))
    setting: Mapped[str] = mapped_column(String(16))
    series_id: Mapped[str | None] = mapped_column(String(80))
    baseline_mood: Mapped[int | None]
    baseline_pain: Mapped[int | None]
    escort: Mapped[bool]
    co_sedative: Mapped[bool]
    created_at: Mapped[datetime]
