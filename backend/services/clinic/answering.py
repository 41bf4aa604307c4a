"""How a clinic answers: at any hour, which it must show that it can, or in staffed hours only (CLINICAL.md 4d)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from uuid_utils.compat import uuid7

from backend.domain.concerns import Priority
from backend.domain.outbound import Kind, State
from backend.services import audit
from backend.services.clinic.hours import ALWAYS, STAFFED, WEEKDAYS, public_holidays, span_of
from backend.services.clinic.protocols import NEVER_PLANNED, plan_anew
from backend.services.fields import Faults, one_of
from backend.services.house import House
from backend.services.texting import outbox
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.patients import Patient
from backend.store.staff import Shift, Staff
from backend.store.texts import OutboundMessage
from backend.store.work import transaction

CONTACTS = 2
TESTED_WITHIN = timedelta(days=7)
"""A clinic answers at any hour only with so many people on call, one of whom got a page this lately."""


@dataclass(frozen=True, slots=True)
class NewHours:
    """How a clinic answers from now on. `staffed` holds local hours by weekday, `closed` days as ISO dates."""

    mode: str
    staffed: Mapping[str, tuple[str, str]] | None = None
    region: str | None = None
    closed: Sequence[str] = ()


def set_hours(clinic: Clinic, new: NewHours, actor: str, house: House) -> Clinic:
    """Say when the clinic answers; every check-in still to come is planned by it.

    Raises `Invalid` naming every field at once, also when a clinic that wants to answer at any hour has not shown that
    it can be reached at any hour.
    """
    now = house.now()
    _check_hours(clinic, new, now)
    with transaction() as session:
        held = session.get_one(Clinic, clinic.id, with_for_update=True, populate_existing=True)
        held.mode, held.region, held.closed_days = new.mode, new.region, sorted(set(new.closed)) or None
        held.staffed_hours = {day: list(span) for day, span in new.staffed.items()} if new.staffed else None
        session.execute(update(Patient).where(Patient.clinic_id == clinic.id).values(planned_under=NEVER_PLANNED))
        audit.record(clinic.id, actor, "hours_changed", clinic.id, now, f"mode {new.mode}")
    plan_anew(house)
    return held


def _check_hours(clinic: Clinic, new: NewHours, now: datetime) -> None:
    faults = Faults()
    faults.check("mode", one_of((ALWAYS, STAFFED)), new.mode)
    for day, span in (new.staffed or {}).items():
        faults.check("staffed", one_of(WEEKDAYS), day)
        faults.check("staffed", _a_span, span)
    for day in new.closed:
        faults.check("closed", _a_day, day)
    faults.check("region", lambda region: public_holidays(clinic.country, region, now.year), new.region)
    if new.mode == ALWAYS and "mode" not in faults and (missing := not_reachable_at_any_hour(clinic, now)):
        faults["mode"] = missing
    faults.done()


def _a_span(span: Sequence[str]) -> None:
    try:
        opens, closes = span_of(span)
    except ValueError as error:
        raise ValueError("write hours as 09:00-17:00") from error
    if opens >= closes:
        raise ValueError("a day's hours begin before they end")


def _a_day(day: str) -> None:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise ValueError("write a closed day as a date, such as 2026-12-24") from error


def not_reachable_at_any_hour(clinic: Clinic, now: datetime) -> str | None:
    """What a clinic lacks to answer at any hour; None when it lacks nothing."""
    shifts = select(Shift.staff_id).where(Shift.clinic_id == clinic.id, Shift.weekly | (Shift.ends_at > now))
    contacts = set(db.session.scalars(shifts))
    if len(contacts) < CONTACTS:
        return f"answering at any hour takes at least {CONTACTS} people on call; add shifts"
    tested = select(OutboundMessage.id).where(
        OutboundMessage.clinic_id == clinic.id,
        OutboundMessage.kind == Kind.PAGE.value,
        OutboundMessage.state == State.DELIVERED.value,
        OutboundMessage.settled_at > now - TESTED_WITHIN,
        OutboundMessage.staff_id.in_(contacts),
    )
    if db.session.scalar(tested.limit(1)) is None:
        return "nobody on call got a page in the last 7 days; send one with `aftercare staff test-page`"
    return None


def send_test_page(staff: Staff, actor: str, house: House) -> OutboundMessage:
    """A page that only proves that pages reach this person."""
    body, now = house.clinical.texts.for_staff("page_test"), house.now()
    with transaction():
        message = outbox.to_staff(staff, Kind.PAGE, "page_test", body, now, id=uuid7(), priority=int(Priority.ROUTINE))
        audit.record(staff.clinic_id, actor, "test_page_sent", message.id, now)
    return message
