"""How a patient stands with the clinic's texts: the consent ledger, holds and pauses."""

from datetime import datetime
from uuid import UUID

from backend.domain.consent import ConsentKind, Standing
from backend.domain.roles import CLINICIANS
from backend.services import audit
from backend.services.house import House
from backend.services.invalid import Conflict, NotFound
from backend.services.patients.planning import skip_planned
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient
from backend.store.staff import Staff
from backend.store.work import transaction


def standing_of(patient: Patient) -> Standing:
    return Standing(
        consented=patient.consented_at is not None,
        opted_out=patient.opted_out_at is not None,
        on_hold=patient.held_at is not None,
        paused=patient.paused_at is not None,
        discharged=patient.discharged_at is not None,
    )


def record_consent(patient: Patient, method: str, evidence: str, given_at: datetime) -> None:
    """Documented consent, inside the caller's transaction."""
    patient.consented_at, patient.opted_out_at = given_at, None
    _line(patient, ConsentKind.GIVEN, method, evidence, given_at)


def record_opt_out(patient: Patient, method: str, evidence: str, now: datetime, inbound_id: UUID | None = None) -> bool:
    """No more check-ins, at once. False when the patient had already opted out."""
    if patient.opted_out_at is not None:
        return False
    patient.opted_out_at = now
    _line(patient, ConsentKind.OPT_OUT, method, evidence, now, inbound_id)
    return True


def record_opt_in(patient: Patient, method: str, evidence: str, now: datetime, inbound_id: UUID | None = None) -> None:
    """The patient asked for the texts again."""
    patient.opted_out_at = None
    patient.consented_at = patient.consented_at or now
    _line(patient, ConsentKind.OPT_IN, method, evidence, now, inbound_id)


def _line(
    patient: Patient,
    kind: ConsentKind,
    method: str,
    evidence: str,
    at: datetime,
    inbound_id: UUID | None = None,
) -> None:
    db.session.add(
        ConsentEvent(
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
            kind=kind.value,
            method=method,
            evidence=evidence,
            inbound_id=inbound_id,
            at=at,
        )
    )
    audit.record(patient.clinic_id, audit.SYSTEM, f"consent_{kind.value}", patient.id, at, method)


def set_standing(
    key: tuple[UUID, UUID], act: str, actor: str, house: House, *, clinician: Staff | None = None
) -> Patient:
    """`pause`, `resume` or `discharge`. Raises `NotFound` or `Conflict`.

    Resuming ends a pause. A hold after a crisis ends only when a named `clinician` resumes (CLINICAL.md 4e).
    """
    now = house.now()
    with transaction() as session:
        patient = session.get(Patient, key, with_for_update=True)
        if patient is None:
            raise NotFound
        if patient.discharged_at is not None and act != "discharge":
            raise Conflict("this patient is discharged; enrol them again to text them")
        if act == "pause":
            patient.paused_at = patient.paused_at or now
        elif act == "resume":
            patient.paused_at = None
            if clinician is not None and clinician.role in CLINICIANS:
                patient.held_at = None
        else:
            patient.discharged_at = patient.discharged_at or now
            skip_planned(patient, "discharged", now)
        audit.record(patient.clinic_id, actor, f"patient_{act}", patient.id, now)
    return patient
