"""The consent ledger: who may be texted, who said so and where it is documented; and what the carrier blocks."""

from datetime import datetime
from uuid import UUID

from backend.domain.consent import ConsentKind, StandingKind
from backend.services import audit
from backend.services.patients.standing import note
from backend.store.database import db
from backend.store.patients import ConsentEvent, Patient


def record_consent(patient: Patient, method: str, evidence: str, given_at: datetime, actor: str = audit.SYSTEM) -> None:
    """Documented consent, inside the caller's transaction."""
    patient.consented_at, patient.opted_out_at = given_at, None
    _line(patient, ConsentKind.GIVEN, method, evidence, given_at, actor=actor)


def record_opt_out(
    patient: Patient,
    method: str,
    evidence: str,
    now: datetime,
    inbound_id: UUID | None = None,
    actor: str = audit.SYSTEM,
) -> bool:
    """No more check-ins, at once. False when the patient had already opted out."""
    if patient.opted_out_at is not None:
        return False
    patient.opted_out_at = now
    _line(patient, ConsentKind.OPT_OUT, method, evidence, now, inbound_id, actor)
    return True


def record_opt_in(patient: Patient, method: str, evidence: str, now: datetime, inbound_id: UUID | None = None) -> None:
    """The patient asked for the texts again."""
    patient.opted_out_at = None
    patient.consented_at = patient.consented_at or now
    _line(patient, ConsentKind.OPT_IN, method, evidence, now, inbound_id)


def record_block(patient: Patient, evidence: str, now: datetime, inbound_id: UUID | None = None) -> bool:
    """The carrier stops our texts to this number until START comes from it. False when that was known."""
    if patient.carrier_blocked_at is not None:
        return False
    patient.carrier_blocked_at = now
    note(patient, StandingKind.CARRIER_BLOCKED, audit.SYSTEM, now, evidence, inbound_id=inbound_id)
    return True


def record_unblock(patient: Patient, evidence: str, now: datetime, inbound_id: UUID | None = None) -> None:
    """START came from the phone itself: the carrier lets our texts through again."""
    if patient.carrier_blocked_at is not None:
        patient.carrier_blocked_at = None
        note(patient, StandingKind.CARRIER_UNBLOCKED, audit.SYSTEM, now, evidence, inbound_id=inbound_id)


def _line(
    patient: Patient,
    kind: ConsentKind,
    method: str,
    evidence: str,
    at: datetime,
    inbound_id: UUID | None = None,
    actor: str = audit.SYSTEM,
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
    audit.record(patient.clinic_id, actor, f"consent_{kind.value}", patient.id, at, method)
