"""The plan of a patient's check-ins: made from a treatment, and made anew when what it rests on changes."""

from datetime import datetime

from sqlalchemy import update

from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import Patient


def skip_planned(patient: Patient, because: str, now: datetime) -> None:
    db.session.execute(
        update(CheckIn)
        .where(
            CheckIn.clinic_id == patient.clinic_id,
            CheckIn.patient_id == patient.id,
            CheckIn.prompted_at.is_(None),
            CheckIn.skipped_at.is_(None),
        )
        .values(skipped_at=now, skipped_because=because)
        .execution_options(synchronize_session=False)
    )
