"""Treatments are recorded, corrected and deleted; each time the check-ins are planned anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.protocol import ROUTES, SETTINGS
from backend.domain.schedule import Omitted
from backend.services import audit
from backend.services.fields import Faults, check_baseline, not_after, one_of
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients.planning import add_superseded, hold_patient, replan
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.work import Key, transaction

OLDEST_TREATMENT = timedelta(days=365)
MOST_REASON = 80
NO_LONGER_IN_CARE = "this patient is no longer in care here; enrol them again first"


@dataclass(frozen=True, slots=True)
class NewTreatment:
    """One dosing visit as the clinic records it; `ended_at` is aware."""

    ended_at: datetime
    route: str = "iv"
    setting: str = "clinic"
    series_id: str | None = None
    baseline: Mapping[str, int] = field(default_factory=dict)
    escort: bool = False
    co_sedative: bool = False


@dataclass(frozen=True, slots=True)
class RecordedTreatment:
    """A treatment with what it plans and what it does not."""

    treatment: Treatment
    check_ins: Sequence[CheckIn]
    omitted: Sequence[Omitted]


def record_treatment(patient: Patient, new: NewTreatment, actor: str, house: House) -> RecordedTreatment:
    """Record a treatment and plan its check-ins; those of an earlier treatment that are still to come are skipped.

    Raises `Invalid` naming every field at once, or `Conflict` for a patient who is no longer in care.
    """
    now = house.now()
    _check_treatment(new, now)
    with transaction() as session:
        held = _in_care(patient.clinic_id, patient.id)
        treatment = Treatment(
            id=uuid7(), clinic_id=held.clinic_id, patient_id=held.id, created_at=now, **_columns(new)
        )  # fmt: skip
        session.add(treatment)
        session.flush()
        omitted = _plan(treatment, held, house)
        audit.record(held.clinic_id, actor, "treatment_recorded", treatment.id, now)
        return RecordedTreatment(treatment, _check_ins_of(treatment), omitted)


def correct_treatment(key: Key, changes: Mapping[str, Any], actor: str, house: House) -> RecordedTreatment:
    """Change what was recorded of a treatment, by the field names of `NewTreatment`; what it was before is kept.

    Raises `NotFound`, `Invalid` naming every field at once, or `Conflict`.
    """
    now = house.now()
    with transaction() as session:
        treatment, held = _standing_treatment(key)
        if not held.in_care:
            raise Conflict(NO_LONGER_IN_CARE)
        before = _as_recorded(treatment)
        new = replace(before, **changes)
        _check_treatment(new, now)
        _check_correction(treatment, new, before)
        treatment.former = [*(treatment.former or []), _kept(before, actor, now)]
        for name, value in _columns(new).items():
            setattr(treatment, name, value)
        session.flush()
        omitted = _plan(treatment, held, house)
        audit.record(held.clinic_id, actor, "treatment_corrected", treatment.id, now, ",".join(sorted(changes)))
        return RecordedTreatment(treatment, _check_ins_of(treatment), omitted)


def delete_treatment(key: Key, because: str, actor: str, house: House) -> Treatment:
    """Take back a treatment that never was. Its row stays, with the reason; it plans nothing, and what an earlier one
    had planned comes back as far as it is still to come.

    Raises `NotFound`, or `Invalid` without a reason.
    """
    reason = because.strip()
    if not 0 < len(reason) <= MOST_REASON:
        raise Invalid({"because": f"say why in 1 to {MOST_REASON} characters"})
    now = house.now()
    with transaction() as session:
        treatment, held = _standing_treatment(key)
        treatment.deleted_at, treatment.deleted_because = now, reason
        session.flush()
        _renew_baseline(held)
        if held.in_care:
            replan(held, _clinic_of(held), house)
        audit.record(held.clinic_id, actor, "treatment_deleted", treatment.id, now)
        return treatment


def _plan(treatment: Treatment, patient: Patient, house: House) -> Sequence[Omitted]:
    _renew_baseline(patient)
    clinic = _clinic_of(patient)
    omitted = replan(patient, clinic, house)
    if _newest(patient) == treatment.id:
        return omitted
    return () if _check_ins_of(treatment) else add_superseded(treatment, patient, clinic, house)


def _clinic_of(patient: Patient) -> Clinic:
    return db.session.get_one(Clinic, patient.clinic_id)


def _newest(patient: Patient) -> UUID | None:
    mine = select(Treatment.id).where(
        Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, Treatment.deleted_at.is_(None)
    )
    return db.session.scalar(mine.order_by(Treatment.ended_at.desc(), Treatment.id.desc()).limit(1))


def _check_ins_of(treatment: Treatment) -> Sequence[CheckIn]:
    mine = (CheckIn.clinic_id == treatment.clinic_id, CheckIn.treatment_id == treatment.id)
    return db.session.scalars(select(CheckIn).where(*mine).order_by(CheckIn.due_at)).all()


def _in_care(clinic_id: UUID, patient_id: UUID) -> Patient:
    """The patient's row, held. Raises `NotFound` or `Conflict`."""
    held = hold_patient(clinic_id, patient_id)
    if held is None:
        raise NotFound
    if not held.in_care:
        raise Conflict(NO_LONGER_IN_CARE)
    return held


def _standing_treatment(key: Key) -> tuple[Treatment, Patient]:
    """A treatment and its patient, held. Raises `NotFound` for one that is not there, or not any more.

    The patient's row comes first, as everywhere: two that hold one each would wait for each other for ever.
    """
    of = select(Treatment.patient_id).where(Treatment.clinic_id == key[0], Treatment.id == key[1])
    patient_id = db.session.scalar(of)
    held = hold_patient(key[0], patient_id) if patient_id is not None else None
    treatment = db.session.get(Treatment, key, populate_existing=True)
    if held is None or treatment is None or treatment.deleted_at is not None:
        raise NotFound
    return treatment, held


def _columns(new: NewTreatment) -> dict[str, Any]:
    return {
        "ended_at": new.ended_at, "route": new.route, "setting": new.setting, "series_id": new.series_id,
        "baseline_mood": new.baseline.get("mood"), "baseline_pain": new.baseline.get("pain"), "escort": new.escort,
        "co_sedative": new.co_sedative,
    }  # fmt: skip


def _as_recorded(row: Treatment) -> NewTreatment:
    scores = {"mood": row.baseline_mood, "pain": row.baseline_pain}
    return NewTreatment(
        ended_at=row.ended_at,
        route=row.route,
        setting=row.setting,
        series_id=row.series_id,
        baseline={measure: value for measure, value in scores.items() if value is not None},
        escort=row.escort,
        co_sedative=row.co_sedative,
    )


def _kept(before: NewTreatment, actor: str, now: datetime) -> dict[str, Any]:
    """What a treatment said until now, for its history."""
    columns = _columns(before) | {"ended_at": before.ended_at.isoformat()}
    return columns | {"until": now.isoformat(), "by": actor}


def _check_treatment(new: NewTreatment, now: datetime) -> None:
    faults = Faults()
    faults.check("route", one_of(ROUTES), new.route)
    faults.check("setting", one_of(SETTINGS), new.setting)
    faults.check("ended_at", not_after(now + timedelta(hours=24)), new.ended_at)
    if "ended_at" not in faults and new.ended_at < now - OLDEST_TREATMENT:
        faults["ended_at"] = "a treatment of more than a year ago plans nothing; check the date"
    check_baseline(new.baseline, faults)
    faults.done()


def _check_correction(treatment: Treatment, new: NewTreatment, before: NewTreatment) -> None:
    """What was asked after a treatment was asked after it: it cannot have ended later than that."""
    if new == before:
        raise Invalid({"treatment": "nothing is different from what is recorded"})
    asked = [at for row in _check_ins_of(treatment) if (at := row.prompted_at) is not None]
    if asked and new.ended_at >= min(asked):
        fix = "delete this treatment and record the right one"
        raise Invalid({"ended_at": f"the patient was asked about this treatment before that; {fix}"})


def _renew_baseline(patient: Patient) -> None:
    """A patient's baseline is the median of the last three scores taken before a treatment (CLINICAL.md 9); without any
    it is what staff gave. What was taken for a treatment that was deleted is nobody's.
    """
    for measure in ("mood", "pain"):
        column = getattr(Treatment, f"baseline_{measure}")
        taken = select(column).where(
            Treatment.clinic_id == patient.clinic_id,
            Treatment.patient_id == patient.id,
            Treatment.deleted_at.is_(None),
            column.is_not(None),
        )
        values = db.session.scalars(taken.order_by(Treatment.ended_at.desc()).limit(3)).all()
        given = getattr(patient, f"given_{measure}")
        setattr(patient, f"baseline_{measure}", int(median_low(values)) if values else given)
