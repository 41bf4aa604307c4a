"""Clinics, and each clinic's escalation policy."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from backend.store.database import Base, ClinicRow

UNROUTED = UUID(int=0)
"""The clinic of texts that came to a number no clinic has: kept all the same, and put before the operator."""


class Clinic(Base):
    """A clinic. Its name and numbers are public and stand in every text, so they are not encrypted.

    `mode`: `A` pages at any hour, `B` in staffed hours only (CLINICAL.md 4d). `staffed_hours` are its local hours by
    weekday (`{"mon": ["09:00", "17:00"]}`; none: Monday to Friday, nine to five), `region` the part of the country
    whose holidays it keeps, `closed_days` its own ones besides. `protocol_overrides` is the newest `ProtocolVersion`.
    """

    __tablename__ = "clinics"
    __table_args__ = (
        UniqueConstraint("slug"),
        UniqueConstraint("number"),
        CheckConstraint("next_case > 0", name="next_case_positive"),
        CheckConstraint("mode IN ('A', 'B')", name="mode_known"),
    )

    id: Mapped[UUID] = mapped_column("clinic_id", primary_key=True, default=uuid7)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(32))
    phone: Mapped[str] = mapped_column(String(32))
    timezone: Mapped[str] = mapped_column(String(64))
    country: Mapped[str] = mapped_column(String(2))
    next_case: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    mode: Mapped[str] = mapped_column(String(1), default="A", server_default="A")
    staffed_hours: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    region: Mapped[str | None] = mapped_column(String(8))
    closed_days: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    minors_policy: Mapped[str | None] = mapped_column(String(200))
    protocol_overrides: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    protocol_version: Mapped[int] = mapped_column(default=0, server_default="0")


class ProtocolVersion(ClinicRow, Base):
    """What a clinic changed of the signed protocol, within its safe bounds; versions are only ever added."""

    __tablename__ = "protocol_versions"
    __table_args__ = (UniqueConstraint("clinic_id", "version"),)

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    version: Mapped[int]
    overrides: Mapped[dict[str, Any]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(String(400))
    actor: Mapped[str] = mapped_column(String(48))
    created_at: Mapped[datetime]


class PolicyStep(ClinicRow, Base):
    """One rung of a clinic's escalation policy."""

    __tablename__ = "policy_steps"
    __table_args__ = (
        UniqueConstraint("clinic_id", "position"),
        CheckConstraint("wait_minutes > 0", name="wait_positive"),
        CheckConstraint("(audience = 'staff') = (staff_id IS NOT NULL)", name="staff_named"),
    )

    clinic_id: Mapped[UUID] = mapped_column(ForeignKey("clinics.clinic_id"), primary_key=True)
    position: Mapped[int]
    audience: Mapped[str] = mapped_column(String(16))
    staff_id: Mapped[UUID | None]
    wait_minutes: Mapped[int]
