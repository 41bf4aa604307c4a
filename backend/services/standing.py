"""How a patient stands with the clinic's texts: the consent ledger, holds and pauses."""

from datetime import datetime
from uuid import UUID

from backend.domain.consent import ConsentKind, Standing
from backend.services import audit
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient


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
