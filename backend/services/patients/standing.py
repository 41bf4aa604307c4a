"""How a patient stands with the clinic's texts: pauses, holds, discharge, death, and whose number it is.

Every change is a line of the standing ledger, with who said so and where it is documented.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from backend.domain.consent import Standing, StandingKind
from backend.domain.outbound import POLICIES
from backend.domain.roles import CLINICIANS
from backend.services import audit
from backend.services.clinic.hours import STAFFED
from backend.services.fields import as_evidence
from backend.services.house import House
from backend.services.invalid import Conflict, NotFound
from backend.services.patients.planning import hold_patient, replan, skip_planned
from backend.services.texting.withdrawing import withdraw
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, StandingEvent
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from backend.store.work import Key, add_row, transaction

ONLY_A_CLINICIAN = "only a clinician may end a hold after a crisis"
_NOT_SAFETY = tuple(kind.value for kind, policy in POLICIES.items() if not policy.safety)


def standing_of(patient: Patient) -> Standing:
    return Standing(
        consented=patient.consented_at is not None,
        opted_out=patient.opted_out_at is not None,
        on_hold=patient.held_at is not None,
        paused=patient.paused_at is not None,
        discharged=patient.discharged_at is not None,
        deceased=patient.deceased_at is not None,
        quarantined=patient.quarantined_at is not None,
        carrier_blocked=patient.carrier_blocked_at is not None,
        number_pending=patient.pending_phone_at is not None,
    )


class OfPatient(Protocol):
    """Whoever a line is about: the patient's row, or what a text knows of it."""

    @property
    def clinic_id(self) -> UUID: ...
    @property
    def id(self) -> UUID: ...


def note(
    patient: OfPatient,
    kind: StandingKind,
    actor: str,
    now: datetime,
    evidence: str = "",
    *,
    staff_id: UUID | None = None,
    inbound_id: UUID | None = None,
) -> None:
    """One line of the standing ledger, inside the caller's transaction."""
    add_row(
        StandingEvent, clinic_id=patient.clinic_id, patient_id=patient.id, kind=kind.value, actor=actor,
        staff_id=staff_id, inbound_id=inbound_id, evidence=evidence, at=now,
    )  # fmt: skip
    audit.record(patient.clinic_id, actor, kind.value, patient.id, now)


def held(key: Key) -> Patient:
    """The patient's row, held for a change. Raises `NotFound`."""
    patient = hold_patient(*key)
    if patient is None:
        raise NotFound
    return patient


# Pause, resume, discharge, death -------------------------------------------------------------------------------------


def set_standing(
    key: Key, act: str, actor: str, house: House, *, clinician: Staff | None = None, evidence: str = ""
) -> Patient:
    """`pause`, `resume` or `discharge`. Raises `NotFound` or `Conflict`.

    Resuming ends a pause. A hold after a crisis ends only when a named `clinician` resumes (CLINICAL.md 4e); nobody
    else who is named may resume a patient on hold.
    """
    now = house.now()
    with transaction():
        patient = held(key)
        if patient.deceased_at is not None:
            raise Conflict("this patient died; their check-ins have ended for good")
        if patient.discharged_at is not None and act != "discharge":
            raise Conflict("this patient is discharged; enrol them again to text them")
        if act == "resume" and clinician is not None and patient.held_at is not None:
            if clinician.role not in CLINICIANS:
                raise Conflict(ONLY_A_CLINICIAN)
            end_hold(patient, clinician, evidence or "resumed the check-ins", house)
        _ACTS[act](patient, actor, now, evidence)
        audit.record(patient.clinic_id, actor, f"patient_{act}", patient.id, now)
    return patient


def _pause(patient: Patient, actor: str, now: datetime, evidence: str) -> None:
    if patient.paused_at is None:
        patient.paused_at = now
        note(patient, StandingKind.PAUSED, actor, now, evidence)


def _resume(patient: Patient, actor: str, now: datetime, evidence: str) -> None:
    if patient.paused_at is not None:
        patient.paused_at = None
        note(patient, StandingKind.RESUMED, actor, now, evidence)


def _discharge(patient: Patient, actor: str, now: datetime, evidence: str) -> None:
    if patient.discharged_at is None:
        patient.discharged_at = now
        note(patient, StandingKind.DISCHARGED, actor, now, evidence)
    skip_planned(patient, "discharged", now)
    drop_pending(patient, actor, now, "discharged")


_ACTS: dict[str, Callable[[Patient, str, datetime, str], None]] = {
    "pause": _pause,
    "resume": _resume,
    "discharge": _discharge,
}


def record_death(key: Key, evidence: str, actor: str, house: House) -> Patient:
    """Nothing is sent to this number any more, ever, but for what answers a text that comes from it. Raises `NotFound`,
    or `Invalid` without evidence.
    """
    known, now = as_evidence(evidence), house.now()
    with transaction():
        patient = held(key)
        if patient.deceased_at is None:
            patient.deceased_at = now
            note(patient, StandingKind.DECEASED, actor, now, known)
            skip_planned(patient, "deceased", now)
            drop_pending(patient, actor, now, "deceased")
            withdraw(patient.clinic_id, OutboundMessage.patient_id == patient.id, OutboundMessage.kind.in_(_NOT_SAFETY))
    return patient


# Holds ---------------------------------------------------------------------------------------------------------------


def end_hold(patient: Patient, clinician: Staff, evidence: str, house: House) -> bool:
    """End the hold after a crisis, inside the caller's transaction, which holds the patient's row. Only a clinician
    does (CLINICAL.md 4e): False when there is no hold, or it stays because this person is none.
    """
    if patient.held_at is None or clinician.role not in CLINICIANS:
        return False
    now = house.now()
    patient.held_at, patient.hold_ended_at = None, now
    note(patient, StandingKind.HOLD_ENDED, f"staff:{clinician.id}", now, evidence, staff_id=clinician.id)
    clinic = db.session.get_one(Clinic, patient.clinic_id)
    if clinic.mode == STAFFED and patient.in_care:
        replan(patient, clinic, house)  # what was left out because of the hold
    return True


def agree(key: Key, clinician: Staff, evidence: str, house: House) -> Patient:
    """A clinician agrees to ask a patient at risk although nobody reads at night (mode B). Raises `NotFound`,
    `Conflict`, or `Invalid` without evidence.
    """
    known, now = as_evidence(evidence), house.now()
    if clinician.role not in CLINICIANS:
        raise Conflict("only a clinician may agree to that")
    with transaction():
        patient = held(key)
        if not patient.in_care:
            raise Conflict("this patient is no longer in care here")
        patient.agreed_by = clinician.id
        note(patient, StandingKind.AGREED, f"staff:{clinician.id}", now, known, staff_id=clinician.id)
        replan(patient, db.session.get_one(Clinic, patient.clinic_id), house)
    return patient


# Whose number it is --------------------------------------------------------------------------------------------------


def quarantine(key: Key, actor: str, evidence: str, now: datetime, inbound_id: UUID | None = None) -> None:
    """The number may be somebody else's, inside the caller's transaction: no check-in goes out, and no score is kept,
    until staff verify it.
    """
    patient = db.session.get_one(Patient, key)
    if patient.quarantined_at is None:
        patient.quarantined_at = now
        note(patient, StandingKind.QUARANTINED, actor, now, evidence, inbound_id=inbound_id)


def doubt_number(key: Key, evidence: str, actor: str, house: House) -> Patient:
    """Staff heard that the number is somebody else's. Raises `NotFound`, `Conflict`, or `Invalid` without evidence."""
    known, now = as_evidence(evidence), house.now()
    with transaction():
        patient = held(key)
        if patient.deceased_at is not None:
            raise Conflict("this patient died; nothing is sent to their number anyway")
        quarantine(key, actor, known, now)
    return patient


def verify_number(key: Key, evidence: str, actor: str, house: House) -> Patient:
    """The number is the patient's own after all. Raises `NotFound`, `Conflict`, or `Invalid` without evidence."""
    known, now = as_evidence(evidence), house.now()
    with transaction():
        patient = held(key)
        if patient.quarantined_at is None:
            raise Conflict("this number is in no doubt")
        patient.quarantined_at = None
        note(patient, StandingKind.VERIFIED, actor, now, known)
    return patient


def drop_pending(patient: Patient, actor: str, now: datetime, evidence: str, inbound_id: UUID | None = None) -> None:
    """A new number that was not confirmed is given up, inside the caller's transaction."""
    if patient.pending_phone_at is not None:
        patient.pending_phone = patient.pending_phone_digest = patient.pending_phone_at = None
        note(patient, StandingKind.NUMBER_CHANGE_DROPPED, actor, now, evidence, inbound_id=inbound_id)
