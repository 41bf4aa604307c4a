"""Whether the newest treatment has helped a patient against pain: for who looks, never a case."""

from uuid import UUID

from sqlalchemy import select

from backend.domain.rules import PainResponse, responded
from backend.domain.scores import Measure, Nrs
from backend.services.house import House
from backend.services.texting.history import baseline_of, latest_treatment
from backend.store.check_ins import Score
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient


def pain_response(patient: Patient, house: House) -> tuple[UUID, PainResponse] | None:
    """The newest treatment that stands, by its id, and what came of it; None where nobody can say."""
    treatment = latest_treatment(patient)
    if treatment is None:
        return None
    pains = select(Score.at, Score.value).where(
        Score.clinic_id == patient.clinic_id,
        Score.patient_id == patient.id,
        Score.measure == Measure.PAIN.value,
        Score.at >= treatment.ended_at,
    )
    given = [(row.at, Nrs(row.value)) for row in db.session.execute(pains.order_by(Score.at))]
    limits = house.protocol_of(db.session.get_one(Clinic, patient.clinic_id)).thresholds
    found = responded(given, treatment.ended_at, baseline_of(patient).get(Measure.PAIN), house.now(), limits)
    return None if found is None else (treatment.id, found)
