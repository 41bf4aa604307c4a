"""Who can be paged about a clinic's cases now, in which order, and until when a case waits for somebody."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from backend.domain.escalation import ShiftFacts, on_call
from backend.domain.protocol import Step
from backend.domain.schedule import zone_named
from backend.services.clinic.hours import staffed_hours
from backend.services.house import House
from backend.store.clinics import Clinic, PolicyStep
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.staff import Shift, Staff

_AUDIENCE_ROLES = {"team": ("responder", "clinician"), "managers": ("manager",)}


class Staffing:
    """Who stands on each step of one clinic's policy now."""

    def __init__(self, clinic: Clinic, now: datetime) -> None:
        active = select(Staff).where(Staff.clinic_id == clinic.id, Staff.deactivated_at.is_(None)).order_by(Staff.id)
        self.everybody = {str(person.id): person for person in db.session.scalars(active)}
        shifts = db.session.scalars(select(Shift).where(Shift.clinic_id == clinic.id).order_by(Shift.starts_at))
        facts = [ShiftFacts(str(s.staff_id), s.starts_at, s.ends_at, s.weekly) for s in shifts]
        self.on_call = on_call(facts, now, zone_named(clinic.timezone))

    def __call__(self, step: Step) -> Sequence[str]:
        if step.audience == "on_call":
            return [staff_id for staff_id in self.on_call if staff_id in self.everybody]
        if step.audience == "staff":
            return [step.staff_id] if step.staff_id in self.everybody else []
        return [
            staff_id for staff_id, person in self.everybody.items() if person.role in _AUDIENCE_ROLES[step.audience]
        ]


def policy_of(clinic: Clinic, house: House) -> tuple[Step, ...]:
    """The clinic's steps, in order; a clinic without any climbs the protocol's."""
    rows = db.session.scalars(select(PolicyStep).where(PolicyStep.clinic_id == clinic.id).order_by(PolicyStep.position))
    steps = tuple(
        Step(row.audience, timedelta(minutes=row.wait_minutes), str(row.staff_id) if row.staff_id else None)
        for row in rows
    )
    return steps or house.clinical.protocol.escalation.steps


def waits_until(case: Escalation, clinic: Clinic, house: House, now: datetime) -> datetime | None:
    """Until when a case waits, of a clinic that answers in staffed hours only, while nobody is there or on call; None
    when it pages now. It never waits longer than the ceiling (CLINICAL.md 4d).
    """
    hours = staffed_hours(clinic, house.protocol_of(clinic), now)
    if hours is None or hours.is_staffed(now):
        return None
    ceiling = case.opened_at + hours.rules.longest_wait
    until = min(hours.next_opening(now) or ceiling, ceiling)
    return until if until > now else None
