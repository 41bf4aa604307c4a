"""A text that surely or probably did not arrive: what that means for a case."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.outbound import Kind
from backend.services.cases.events import add_event
from backend.services.cases.opening import open_or_join
from backend.services.cases.paging import tell_holder, tell_of_nobody
from backend.services.cases.staffing import Staffing, policy_of
from backend.services.house import House
from backend.store.clinics import Clinic
from backend.store.database import db
from backend.store.escalations import Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.texts import OutboundMessage


def on_failure(message: OutboundMessage, house: House, now: datetime) -> None:
    """What a text that surely or probably did not arrive means, inside the caller's transaction."""
    kind = Kind(message.kind)
    if kind is Kind.PAGE:
        _page_lost(message, house, now)
    elif kind in (Kind.CRISIS, Kind.MEDICAL):
        _safety_text_lost(message, house, now)
    elif kind in (Kind.PROMPT, Kind.WELCOME, Kind.STAFF_MESSAGE) and message.patient_id is not None:
        _text_lost(message, house, now)


def _page_lost(message: OutboundMessage, house: House, now: datetime) -> None:
    """A page that did not arrive does not wait its step out: the next one is paged at once. Only once a round for one
    person, or phones that are off would be paged without end; when everybody's are, it is a chain with nobody.
    """
    if message.escalation_id is None:
        return
    case = db.session.get_one(Escalation, (message.clinic_id, message.escalation_id), with_for_update=True)
    lost = _who_lost_pages(case, now - house.clinical.protocol.escalation.repeat_round)
    add_event(case, "page_lost", now, staff_id=message.staff_id, outbound_id=message.id)
    if case.resolved_at is not None or case.acknowledged_by is not None or message.staff_id is None:
        return
    if message.staff_id not in lost:
        case.next_page_at = now
    if case.unstaffed_since is None and _everybody_on(case, house, now) <= lost | {message.staff_id}:
        tell_of_nobody(case, house, now)


def _who_lost_pages(case: Escalation, since: datetime) -> set[UUID]:
    lost = select(EscalationEvent.staff_id).where(
        EscalationEvent.clinic_id == case.clinic_id,
        EscalationEvent.escalation_id == case.id,
        EscalationEvent.kind == "page_lost",
        EscalationEvent.at > since,
    )
    return {staff_id for staff_id in db.session.scalars(lost) if staff_id is not None}


def _everybody_on(case: Escalation, house: House, now: datetime) -> set[UUID]:
    """Everybody whom some step of the policy would page now."""
    clinic = db.session.get_one(Clinic, case.clinic_id)
    people_on = Staffing(clinic, now)
    return {UUID(staff_id) for step in policy_of(clinic, house) for staff_id in people_on(step)}


def _safety_text_lost(message: OutboundMessage, house: House, now: datetime) -> None:
    """The patient did not get the crisis or medical text: stat, and every page from now on says: phone them."""
    if message.escalation_id is None:
        return
    case = db.session.get_one(Escalation, (message.clinic_id, message.escalation_id), with_for_update=True)
    add_event(case, "patient_not_reached", now, outbound_id=message.id)
    if case.resolved_at is not None:
        return
    holder, case.priority = case.acknowledged_by, int(Priority.STAT)
    db.session.flush()
    if holder is not None:
        tell_holder(case, "page_undelivered", house, now)
    else:
        case.next_page_at = now


def _text_lost(message: OutboundMessage, house: House, now: datetime) -> None:
    patient = db.session.get_one(Patient, (message.clinic_id, message.patient_id))
    clinic = db.session.get_one(Clinic, message.clinic_id)
    why = f"A text ({message.kind.replace('_', ' ')}) did not reach the patient"
    why += f" (carrier error {message.error_code})." if message.error_code else "."
    concern = Concern("text_not_delivered", Priority.ROUTINE, ReplyKind.NOTHING, "text-lost", why)
    open_or_join(clinic, patient.phone, patient, [concern], house, now)
