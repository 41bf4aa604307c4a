"""The plan of a patient's check-ins: made from the newest treatment, and made anew when what it rests on changes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, not_, or_, select, update
from uuid_utils.compat import uuid7

from backend.domain.protocol import Window
from backend.domain.schedule import (
    NO_SCORES,
    NOBODY_THERE,
    NOT_NEEDED,
    OUTSIDE_HOURS,
    TOO_LATE,
    TOO_MANY,
    Omitted,
    PlannedCheckIn,
    TreatmentFacts,
    Whose,
    check_in_times,
    zone_named,
)
from backend.services.clinic.hours import staffed_hours
from backend.services.house import House
from backend.store.check_ins import CheckIn
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient, Treatment

NEWER = "a newer treatment"
DELETED = "its treatment was deleted"
_OF_PLANS = frozenset({NEWER, DELETED, TOO_LATE, NO_SCORES, NOBODY_THERE, NOT_NEEDED, OUTSIDE_HOURS, TOO_MANY})
"""What only a plan says: a new plan may say otherwise. What a person or the patient stopped stays stopped."""

Plan = tuple[Sequence[PlannedCheckIn], Sequence[Omitted]]


def replan(patient: Patient, clinic: Clinic, house: House) -> Sequence[Omitted]:
    """Plan the check-ins of the newest treatment as things stand now, inside the caller's transaction, which holds the
    patient's row. What was asked already stays as it is; what is still to come moves, appears or is skipped.

    Gives what the newest treatment does not get.
    """
    now = house.now()
    patient.planned_under = clinic.protocol_version
    treatments = _treatments(patient)
    newest = treatments[0] if treatments else None
    rows = _rows(patient, treatments)
    for row in rows:
        if newest is None or row.treatment_id != newest.id:
            there = any(treatment.id == row.treatment_id for treatment in treatments)
            _leave_out(row, NEWER if there else DELETED, now)
    if newest is None:
        return ()
    planned, omitted = plan_of(newest, patient, clinic, house, now)
    mine = {row.name: row for row in rows if row.treatment_id == newest.id}
    for plan in planned:
        row = mine.get(plan.name) or new_row(newest, plan)
        db.session.add(row)
        _put(row, plan, patient.timezone)
    reasons = {left.name: left.reason for left in omitted}
    for name in mine.keys() - {plan.name for plan in planned}:
        _leave_out(mine[name], reasons.get(name, NOT_NEEDED), now)
    db.session.flush()
    return omitted


def plan_of(treatment: Treatment, patient: Patient, clinic: Clinic, house: House, now: datetime) -> Plan:
    """What this treatment plans for this patient as it is made `now`, and what it does not."""
    protocol = house.protocol_of(clinic)
    whose = Whose(
        zone=zone_named(patient.timezone),
        window=window_of(patient, protocol.window),
        track=patient.track,
        **_so_far(patient, treatment),
        now=now,
        staffed=staffed_hours(clinic, protocol, now),
        at_risk="si_baseline" in patient.flags or patient.held_at is not None,
        agreed=patient.agreed_by is not None,
    )
    return check_in_times(_facts(treatment, patient), protocol, whose)


def window_of(patient: Patient, window: Window) -> Window:
    """The protocol's hours inside the patient's own."""
    return window.narrowed(patient.window_opens, patient.window_closes)


def new_row(treatment: Treatment, plan: PlannedCheckIn) -> CheckIn:
    """A check-in of this treatment, not yet said when."""
    return CheckIn(
        id=uuid7(), clinic_id=treatment.clinic_id, patient_id=treatment.patient_id, treatment_id=treatment.id,
        name=plan.name, asks=list(plan.asks), due_at=plan.due_at, send_by=plan.send_by, answer_by=plan.answer_by,
    )  # fmt: skip


def add_superseded(treatment: Treatment, patient: Patient, clinic: Clinic, house: House) -> Sequence[Omitted]:
    """Write down what a treatment would have planned that a newer one has taken over already."""
    planned, omitted = plan_of(treatment, patient, clinic, house, house.now())
    for plan in planned:
        row = new_row(treatment, plan)
        row.timezone, row.skipped_at, row.skipped_because = patient.timezone, house.now(), NEWER
        db.session.add(row)
    return omitted


def skip_planned(patient: Patient, because: str, now: datetime) -> None:
    """Nothing that was still to come goes out any more."""
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


def _put(row: CheckIn, plan: PlannedCheckIn, timezone: str) -> None:
    """Set a check-in to its planned time."""
    row.asks, row.due_at, row.send_by, row.answer_by = list(plan.asks), plan.due_at, plan.send_by, plan.answer_by
    row.timezone, row.moved_because = timezone, plan.moved_because
    row.skipped_at, row.skipped_because = None, None


def _leave_out(row: CheckIn, because: str, now: datetime) -> None:
    """Skip a check-in that was not asked, unless it is skipped already for a reason that no plan takes back."""
    if row.prompted_at is None and not _is_stopped(row):
        row.skipped_at, row.skipped_because = row.skipped_at or now, because


def _is_stopped(row: CheckIn) -> bool:
    return row.skipped_because is not None and row.skipped_because not in _OF_PLANS


def _rows(patient: Patient, treatments: Sequence[Treatment]) -> Sequence[CheckIn]:
    """The patient's check-ins that a plan may change, held so that none is prompted while its time moves: those of the
    newest treatment, and whatever of others is neither asked nor left out for the newest one's sake already.
    """
    mine = select(CheckIn).where(CheckIn.clinic_id == patient.clinic_id, CheckIn.patient_id == patient.id)
    if treatments:
        settled = or_(CheckIn.prompted_at.is_not(None), CheckIn.skipped_because.is_not_distinct_from(NEWER))
        stands = CheckIn.treatment_id.in_([treatment.id for treatment in treatments[1:]])
        mine = mine.where(not_(and_(stands, settled)))
    held = mine.order_by(CheckIn.due_at).with_for_update(key_share=True)
    return db.session.scalars(held, execution_options={"populate_existing": True}).all()


def _treatments(patient: Patient) -> Sequence[Treatment]:
    """The patient's treatments that stand, the newest first."""
    mine = select(Treatment).where(
        Treatment.clinic_id == patient.clinic_id, Treatment.patient_id == patient.id, Treatment.deleted_at.is_(None)
    )
    return db.session.scalars(mine.order_by(Treatment.ended_at.desc(), Treatment.id.desc())).all()


def _facts(treatment: Treatment, patient: Patient) -> TreatmentFacts:
    earlier = select(func.count()).where(
        Treatment.clinic_id == patient.clinic_id,
        Treatment.patient_id == patient.id,
        Treatment.deleted_at.is_(None),
        Treatment.ended_at < treatment.ended_at,
    )
    return TreatmentFacts(
        ended_at=treatment.ended_at,
        route=treatment.route,
        setting=treatment.setting,
        first=db.session.scalar(earlier) == 0,
        co_sedative=treatment.co_sedative,
        flags=frozenset(patient.flags),
    )


class _SoFar(TypedDict):
    stopped: frozenset[str]
    prompted_on: tuple[date, ...]
    asked_on: dict[str, date]
    then_on: tuple[date, ...]


def _so_far(patient: Patient, treatment: Treatment) -> _SoFar:
    """What stands whatever is planned: the local days of prompts, of other treatments and of this one's, and what of
    this one's was stopped.
    """
    zone = zone_named(patient.timezone)
    mine = select(CheckIn).where(
        CheckIn.clinic_id == patient.clinic_id,
        CheckIn.patient_id == patient.id,
        or_(CheckIn.treatment_id == treatment.id, CheckIn.prompted_at > treatment.ended_at - timedelta(days=8)),
    )
    known = db.session.scalars(mine).all()
    rows = [(row, row.prompted_at) for row in known if row.prompted_at is not None]
    return {
        "stopped": frozenset(row.name for row in known if row.treatment_id == treatment.id and _is_stopped(row)),
        "prompted_on": tuple(at.astimezone(zone).date() for row, at in rows if row.treatment_id != treatment.id),
        "asked_on": {row.name: at.astimezone(zone).date() for row, at in rows if row.treatment_id == treatment.id},
        "then_on": tuple(day_then(at, row.timezone, zone) for row, at in rows),
    }


def day_then(at: datetime, lived_in: str | None, zone: ZoneInfo) -> date:
    """The local day of a prompt where the patient lived when it was planned."""
    return at.astimezone(zone_named(lived_in) if lived_in else zone).date()


def hold_patient(clinic_id: UUID, patient_id: UUID) -> Patient | None:
    """The patient's row, held so that two changes of one plan take turns."""
    # With key_share: whoever keeps an answer holds its check-in and writes scores that name the patient. Without, they
    # would wait for us and we, for the check-in, for them.
    return db.session.get(Patient, (clinic_id, patient_id), with_for_update={"key_share": True}, populate_existing=True)
