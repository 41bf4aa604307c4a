"""Check-ins (what is asked, when) and scores (what was answered)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.store.database import Base, ClinicRow
from backend.store.patients import of_patient

_DUE = "prompted_at IS NULL AND skipped_at IS NULL"
_UNANSWERED = "prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL"
_UNREMINDED = "prompted_at IS NOT NULL AND answered_at IS NULL AND missed_at IS NULL AND reminded_at IS NULL"


class CheckIn(ClinicRow, Base):
    """One planned conversation. Work remains while it is neither prompted nor skipped and `due_at` has come.

    `offers` holds, by measure, the reading that was not sure and was put to the patient: its `value`, when the text was
    sent (`sent_at`), when it was offered (`at`), and how that stands (`state`, an `OfferState`). A measure is offered
    once, so it has one entry or none. `timezone` is where the patient lived when it was planned; `moved_because` says
    why it falls on another day than the protocol's. `unreadable` counts the texts that answered nothing.
    `side_effects`, `bladder` and `energy` are `none` or `reported`.
    """

    __tablename__ = "check_ins"
    __table_args__ = (
        of_patient(),
        ForeignKeyConstraint(["clinic_id", "treatment_id"], ["treatments.clinic_id", "treatments.id"]),
        UniqueConstraint("clinic_id", "treatment_id", "name"),
        Index("ix_check_ins_due", "due_at", sqlite_where=text(_DUE), postgresql_where=text(_DUE)),
        Index(
            "ix_check_ins_unanswered", "answer_by", sqlite_where=text(_UNANSWERED), postgresql_where=text(_UNANSWERED)
        ),
        Index(
            "ix_check_ins_unreminded",
            "prompted_at",
            sqlite_where=text(_UNREMINDED),
            postgresql_where=text(_UNREMINDED),
        ),
        Index("ix_check_ins_clinic_id_patient_id", "clinic_id", "patient_id", "due_at"),
        CheckConstraint("(skipped_at IS NULL) = (skipped_because IS NULL)", name="skipped_with_reason"),
        CheckConstraint("prompted_at IS NULL OR skipped_at IS NULL", name="not_prompted_and_skipped"),
        CheckConstraint("answered_at IS NULL OR prompted_at IS NOT NULL", name="answered_after_prompt"),
    )

    patient_id: Mapped[UUID]
    treatment_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(32))
    asks: Mapped[list[str]] = mapped_column(JSON)
    due_at: Mapped[datetime]
    send_by: Mapped[datetime]
    answer_by: Mapped[datetime]
    prompted_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    skipped_at: Mapped[datetime | None]
    skipped_because: Mapped[str | None] = mapped_column(String(80))
    safe: Mapped[bool | None]
    side_effects: Mapped[str | None] = mapped_column(String(16))
    offers: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    timezone: Mapped[str | None] = mapped_column(String(64))
    moved_because: Mapped[str | None] = mapped_column(String(80))
    reminded_at: Mapped[datetime | None]
    bladder: Mapped[str | None] = mapped_column(String(16))
    energy: Mapped[str | None] = mapped_column(String(16))
    unreadable: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def state(self) -> str:
        """planned · prompted · answered · missed · skipped"""
        for state, at in (("answered", self.answered_at), ("missed", self.missed_at), ("skipped", self.skipped_at)):
            if at is not None:
                return state
        return "planned" if self.prompted_at is None else "prompted"


class Score(ClinicRow, Base):
    """One number a patient gave, from one text, on the check-in it answers (or none: unsolicited).

    A correction takes the row over, with its text and its time; what stood there before is a `FormerScore`.
    """

    __tablename__ = "scores"
    __table_args__ = (
        of_patient(),
        UniqueConstraint("clinic_id", "inbound_id", "measure"),
        Index("ix_scores_clinic_id_patient_id", "clinic_id", "patient_id", "at"),
        CheckConstraint("value BETWEEN 0 AND 10", name="value_nrs"),
        CheckConstraint("measure IN ('mood', 'pain', 'sleep')", name="measure_known"),
    )

    patient_id: Mapped[UUID]
    check_in_id: Mapped[UUID | None]
    inbound_id: Mapped[UUID]
    measure: Mapped[str] = mapped_column(String(8))
    value: Mapped[int]
    at: Mapped[datetime]


class FormerScore(ClinicRow, Base):
    """A score that no longer stands: the patient corrected it, or texts turned out to have been sent in another order.

    `replaced_by` is the text that made it so.
    """

    __tablename__ = "former_scores"
    __table_args__ = (
        of_patient(),
        Index("ix_former_scores_clinic_id_patient_id", "clinic_id", "patient_id", "replaced_at"),
        CheckConstraint("value BETWEEN 0 AND 10", name="value_nrs"),
        CheckConstraint("measure IN ('mood', 'pain', 'sleep')", name="measure_known"),
        CheckConstraint("because IN ('corrected', 'reordered')", name="because_known"),
    )

    patient_id: Mapped[UUID]
    check_in_id: Mapped[UUID | None]
    inbound_id: Mapped[UUID]
    measure: Mapped[str] = mapped_column(String(8))
    value: Mapped[int]
    at: Mapped[datetime]
    replaced_at: Mapped[datetime]
    replaced_by: Mapped[UUID]
    because: Mapped[str] = mapped_column(String(16))
