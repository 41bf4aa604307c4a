"""A treatment is recorded, and its check-ins are planned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any

from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from backend.domain.protocol import ROUTES, SETTINGS
from backend.domain.schedule import Omitted, TreatmentFacts, check_in_times, zone_named
from backend.services import audit
from backend.services.fields import Faults, check_baseline, not_after, one_of
from backend.services.house import House
from backend.services.invalid import Conflict
from backend.services.patients.planning import skip_planned
from backend.store.check_ins import CheckIn
from backend.store.database import db
from backend.store.patients import Patient, Treatment
from backend.store.work import transaction

OLDEST_TREATMENT = timedelta(days=365)


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

    Raises `Invalid` naming every field at once, or `Conflict` for a discharged patient.
    """
    now = house.now()
    _check_treatment(new, now)
    if patient.discharged_at is not None:
        raise Conflict("this patient is discharged; enrol them again first")
    with transaction() as session:
        treatment = Treatment(
            id=uuid7(), clinic_id=patient.clinic_id, patient_id=patient.id, ended_at=new.ended_at, route=new.route,
            setting=new.setting, series_id=new.series_id, baseline_mood=new.baseline.get("mood"),
            baseline_pain=new.baseline.get("pain"), escort=new.escort, co_sedative=new.co_sedative, created_at=now,
        )  # fmt: skip
        later = _later_treatment_exists(patient, new.ended_at)
        facts = _facts(patient, new)
        session.add(treatment)
        session.flush()
        planned, omitted = check_in_times(facts, house.clinical.protocol, zone_named(patient.timezone), patient.track)
        if not later:
            skip_planned(patient, "a newer treatment", now)
        _renew_baseline(patient)
        rows = [_row(treatment, plan, now, superseded=later) for plan in planned]
        session.add_all(rows)
        audit.record(patient.clinic_id, actor, "treatment_recorded", treatment.id, now)
    return RecordedTreatment(treatment, rows, omitted)


def _check_treatment(new: NewTreatment, now: datetime) -> None:
    faults = Faults()
    faults.check("route", one_of(ROUTES), new.route)
    faults.check("setting", one_of(SETTINGS), new.setting)
    faults.check("ended_at", not_after(now + timedelta(hours=24)), new.ended_at)
    if "ended_at" not in faults and new.ended_at < now - OLDEST_TREATMENT:
        faults["ended_at"] = "a treatment of more than a year ago plans nothing; check the date"
    check_baseline(new.baseline, faults)
    faults.done()


def _facts(patient: Patient, new: NewTreatment) -> TreatmentFacts:
    mine = select(func.count()).where(Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id)
    return TreatmentFacts(
        ended_at=new.ended_at,
        route=new.route,
        setting=new.setting,
        first=db.session.scalar(mine) == 0,
        co_sedative=new.co_sedative,
        flagged=bool(patient.flags),
    )


def _renew_baseline(patient: Patient) -> None:
    """A patient's baseline is the median of the last three scores taken before a treatment (CLINICAL.md 9)."""
    for measure in ("mood", "pain"):
        column = getattr(Treatment, f"baseline_{measure}")
        taken = select(column).where(
            Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, column.is_not(None)
        )
        if values := db.session.scalars(taken.order_by(Treatment.ended_at.desc()).limit(3)).all():
            setattr(patient, f"baseline_{measure}", int(median_low(values)))


def _later_treatment_exists(patient: Patient, ended_at: datetime) -> bool:
    later = select(Treatment.id).where(
        Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, Treatment.ended_at > ended_at
    )
    return db.session.scalar(later.limit(1)) is not None


def _row(treatment: Treatment, plan: Any, now: datetime, *, superseded: bool) -> CheckIn:
    """A check-in whose time is already over when the treatment is recorded is skipped then and there."""
    because = "a newer treatment" if superseded else "recorded too late" if plan.send_by <= now else None
    return CheckIn(
        id=uuid7(), clinic_id=treatment.clinic_id, patient_id=treatment.patient_id, treatment_id=treatment.id,
        name=plan.name, asks=list(plan.asks), due_at=plan.due_at, send_by=plan.send_by, answer_by=plan.answer_by,
        skipped_at=now if because else None, skipped_because=because,
    )  # fmt: skip
