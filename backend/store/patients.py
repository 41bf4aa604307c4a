"""Patients, their consent ledger and their treatments."""

from datetime import datetime, time
from typing import Any
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
    """A patient. `opted_out_at` is what the newest line of the consent ledger says, kept here for the send path; the
    other times are what the newest lines of `StandingEvent` say.

    `baseline_mood` and `baseline_pain` come from the treatments, else they are the `given_` ones, which staff gave.
    `born_on` is an ISO date. `window_opens` and `window_closes` are hours of the patient's own, inside the protocol's.
    `carrier_blocked_at`: the carrier stops texts to this number until the patient sends START. `pending_phone` is a new
    number that has not said yet that it is theirs. `released_at`: the number is somebody else's now. `agreed_by` is the
    clinician who agreed to ask a patient at risk although nobody reads at night (mode B). `planned_under`: the version
    of the clinic's protocol by which the check-ins still to come were planned.
    """

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("clinic_id", "phone_digest"),
        UniqueConstraint("clinic_id", "external_id_digest"),
        CheckConstraint("baseline_mood BETWEEN 0 AND 10", name="baseline_mood_nrs"),
        CheckConstraint("baseline_pain BETWEEN 0 AND 10", name="baseline_pain_nrs"),
        CheckConstraint("track IN ('mood', 'pain', 'both')", name="track_known"),
        Index("ix_patients_clinic_id_pending_phone_digest", "clinic_id", "pending_phone_digest"),
        Index("ix_patients_clinic_id_planned_under", "clinic_id", "planned_under"),
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
    given_mood: Mapped[int | None]
    given_pain: Mapped[int | None]
    created_at: Mapped[datetime]
    consented_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    discharged_at: Mapped[datetime | None]
    born_on: Mapped[str | None] = mapped_column(EncryptedText)
    window_opens: Mapped[time | None]
    window_closes: Mapped[time | None]
    deceased_at: Mapped[datetime | None]
    quarantined_at: Mapped[datetime | None]
    carrier_blocked_at: Mapped[datetime | None]
    pending_phone: Mapped[str | None] = mapped_column(EncryptedText)
    pending_phone_digest: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    pending_phone_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    hold_ended_at: Mapped[datetime | None]
    agreed_by: Mapped[UUID | None]
    planned_under: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def in_care(self) -> bool:
        return self.discharged_at is None and self.deceased_at is None


def released_index(patient_id: UUID) -> str:
    """What the blind index of a released number is made of: nothing that anybody's phone could be."""
    return f"released {patient_id}"


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


class StandingEvent(ClinicRow, Base):
    """One change in how a patient stands with the clinic's texts, with who said so and where it is documented; lines
    are only ever added. `staff_id` is the person who did it, where it takes a named one (ending a hold).
    """

    __tablename__ = "standing_events"
    __table_args__ = (
        of_patient(),
        Index("ix_standing_events_clinic_id_patient_id", "clinic_id", "patient_id", "at"),
    )

    patient_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(48))
    staff_id: Mapped[UUID | None]
    inbound_id: Mapped[UUID | None]
    evidence: Mapped[str] = mapped_column(EncryptedText, default="")
    at: Mapped[datetime]


class Questionnaire(ClinicRow, Base):
    """A questionnaire that staff took from a patient: PHQ-2 or PHQ-9, its total and, of the PHQ-9, its ninth item."""

    __tablename__ = "questionnaires"
    __table_args__ = (
        of_patient(),
        Index("ix_questionnaires_clinic_id_patient_id", "clinic_id", "patient_id", "taken_at"),
        CheckConstraint("kind IN ('phq2', 'phq9')", name="kind_known"),
        CheckConstraint("total BETWEEN 0 AND 27", name="total_in_range"),
        CheckConstraint("item_9 BETWEEN 0 AND 3", name="item_9_in_range"),
    )

    patient_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(8))
    total: Mapped[int]
    item_9: Mapped[int | None]
    taken_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(48))
    created_at: Mapped[datetime]


class Treatment(ClinicRow, Base):
    """One dosing visit; its end is the anchor of the check-ins. One that was deleted stays, and plans nothing; what was
    corrected is kept in `former`, the oldest first.
    """

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
    deleted_at: Mapped[datetime | None]
    deleted_because: Mapped[str | None] = mapped_column(String(80))
    former: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
