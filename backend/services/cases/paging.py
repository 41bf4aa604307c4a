"""A case pages the next person, and the next, until somebody takes it."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select
from uuid_utils.compat import uuid7

from backend.domain.concerns import Priority
from backend.domain.escalation import next_page
from backend.domain.outbound import Kind, State
from backend.services.cases.events import add_event
from backend.services.cases.staffing import Staffing, policy_of, waits_until
from backend.services.house import House
from backend.services.texting import outbox
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from backend.store.work import Key, claim, transaction, work_through

BUNDLED_FOR = timedelta(minutes=5)
"""So long after a page about a further text the next one waits, unless it is asap or more."""

log = structlog.get_logger(__name__)


def page_overdue(house: House) -> int:
    """Page the next person about every case whose time has come. Returns how many cases were paged or moved on."""
    due = (
        select(Escalation.clinic_id, Escalation.id)
        .where(Escalation.next_page_at <= house.now(), Escalation.resolved_at.is_(None))
        .order_by(Escalation.next_page_at)
        .limit(500)
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(due)]
    return work_through("page", keys, lambda key: _page(key, house))


def _page(key: Key, house: House) -> None:
    now = house.now()
    rules = house.clinical.protocol.escalation
    with transaction() as session:
        still_due = (Escalation.next_page_at <= now, Escalation.resolved_at.is_(None))
        if not claim(Escalation, key, *still_due, next_page_at=now + rules.repeat_round):
            return
        case = session.get_one(Escalation, key, populate_existing=True)
        if case.acknowledged_by is not None:
            add_event(case, "no_outcome", now, staff_id=case.acknowledged_by)
            tell_holder(case, "page_no_outcome", house, now)
            case.acknowledged_at = case.acknowledged_by = case.step = None
        _page_next_step(case, house, now)


def _page_next_step(case: Escalation, house: House, now: datetime) -> None:
    clinic = db.session.get_one(Clinic, case.clinic_id)
    steps, people_on = policy_of(clinic, house), Staffing(clinic, now)
    if not people_on.on_call and (until := waits_until(case, clinic, house, now)) is not None:
        case.next_page_at = until
        add_event(case, "waits_for_staff", now)
        return
    page = next_page(
        steps, case.step, people_on, Priority(case.priority), rules=house.clinical.protocol.escalation, now=now
    )
    for skipped in page.skipped:
        add_event(case, "step_empty", now, step=skipped)
    case.step, case.next_page_at = page.step, page.next_page_at
    if not page.people:
        tell_of_nobody(case, house, now)
        return
    case.unstaffed_since = None
    for staff_id in page.people:
        page_person(case, people_on.everybody[staff_id], page_text(case), house, now)


def page_person(case: Escalation, person: Staff, text_name: str, house: House, now: datetime, **links: object) -> None:
    body = house.clinical.texts.for_staff(text_name, priority=Priority(case.priority).label, case=case.number)
    message = outbox.to_staff(
        person, Kind.PAGE, text_name, body, now, id=uuid7(), escalation_id=case.id, priority=case.priority, **links
    )
    add_event(case, "paged", now, staff_id=person.id, outbound_id=message.id, step=case.step)


def page_text(case: Escalation) -> str:
    """The page says so when the patient did not get the newest safety text (S6), reported lost or never confirmed, and
    when texts cannot reach them at all.
    """
    newest = db.session.scalars(
        select(OutboundMessage)
        .where(
            OutboundMessage.clinic_id == case.clinic_id,
            OutboundMessage.escalation_id == case.id,
            OutboundMessage.kind.in_((Kind.CRISIS.value, Kind.MEDICAL.value)),
        )
        .order_by(OutboundMessage.created_at.desc(), OutboundMessage.id.desc())
        .limit(1)
    ).first()
    if newest is not None and _is_lost(newest):
        return "page_undelivered"
    return "page_phone" if case.priority >= Priority.ASAP and is_opted_out(case.clinic_id, case.patient_id) else "page"


def is_opted_out(clinic_id: UUID, patient_id: UUID | None) -> bool:
    """Whether the next step with this patient is a phone call, because they opted out of texts."""
    patient = db.session.get(Patient, (clinic_id, patient_id)) if patient_id else None
    return patient is not None and (patient.opted_out_at is not None or patient.carrier_blocked_at is not None)


def _is_lost(text: OutboundMessage) -> bool:
    if State(text.state) in (State.DELIVERED, State.FAILED, State.UNDELIVERED, State.UNSURE):
        return State(text.state) is not State.DELIVERED
    told = select(EscalationEvent.id).where(
        EscalationEvent.clinic_id == text.clinic_id,
        EscalationEvent.escalation_id == text.escalation_id,
        EscalationEvent.outbound_id == text.id,
        EscalationEvent.kind == "patient_not_reached",
    )
    return db.session.scalar(told.limit(1)) is not None


def tell_holder(case: Escalation, text_name: str, house: House, now: datetime, **links: object) -> None:
    holder = db.session.get(Staff, (case.clinic_id, case.acknowledged_by)) if case.acknowledged_by else None
    if holder is not None:
        page_person(case, holder, text_name, house, now, **links)


def tell_of_text(case: Escalation, house: House, now: datetime, *, at_once: bool) -> None:
    """Whoever holds the case hears of every further text; of several within minutes by one page for all of them."""
    newest = db.session.scalars(
        select(OutboundMessage)
        .where(
            OutboundMessage.clinic_id == case.clinic_id,
            OutboundMessage.escalation_id == case.id,
            OutboundMessage.staff_id == case.acknowledged_by,
            OutboundMessage.text_name == "page_text",
        )
        .order_by(OutboundMessage.created_at.desc(), OutboundMessage.id.desc())
        .limit(1)
    ).first()
    leaves_at = now
    if newest is not None and not at_once:
        if newest.send_at is not None and newest.send_at > now:
            return  # it will speak for this text too
        leaves_at = max(now, (newest.claimed_at or newest.created_at) + BUNDLED_FOR)
    tell_holder(case, "page_text", house, now, send_at=leaves_at)


def tell_of_nobody(case: Escalation, house: House, now: datetime) -> None:
    """A chain with nobody is itself an alarm: health turns red and the operator is paged (S7)."""
    case.unstaffed_since = case.unstaffed_since or now
    log.error("nobody to page", clinic=str(case.clinic_id), case=case.number)
    message_id = None
    if house.operator_contact:
        priority = Priority(case.priority).label
        body = house.clinical.texts.for_staff("page_nobody", priority=priority, case=case.number)
        message_id = uuid7()
        outbox.to_number(
            case.clinic_id, house.operator_contact, Kind.PAGE, "page_nobody", body, now,
            id=message_id, escalation_id=case.id, priority=case.priority,
        )  # fmt: skip
    add_event(case, "nobody", now, outbound_id=message_id)
