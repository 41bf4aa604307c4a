"""A person acts on a case: takes it, writes something down, closes it with an outcome."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from backend.domain.concerns import Priority
from backend.domain.escalation import NOTE_REQUIRED, Outcome, outcome_due_at
from backend.domain.outbound import Kind
from backend.domain.roles import WHO_MAY_ACT
from backend.services import audit
from backend.services.cases.events import add_event
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients.planning import hold_patient
from backend.services.patients.standing import end_hold
from backend.services.texting.withdrawing import withdraw
from backend.store.database import db
from backend.store.escalations import Escalation
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import OutboundMessage
from backend.store.work import Key, claim, transaction

HOLD_STAYS = "hold_stays"

MOST_NOTE = 4000


class Taken(StrEnum):
    """What became of an acknowledgement."""

    NOW = "ack_taken"
    BY_ANOTHER = "ack_late"
    CLOSED = "ack_closed"
    UNKNOWN = "ack_unknown"


def acknowledge(key: Key, staff: Staff, via: str, house: House, now: datetime) -> Taken:
    """Take a case, inside the caller's transaction: the first to come has it, and paging stops at once. It now asks for
    its outcome (S8). Taking one's own case again is no mistake.
    """
    case = db.session.get(Escalation, key, with_for_update=True, populate_existing=True)
    if case is None:
        return Taken.UNKNOWN
    if case.resolved_at is not None:
        return Taken.CLOSED
    if case.acknowledged_by is not None:
        return Taken.NOW if case.acknowledged_by == staff.id else Taken.BY_ANOTHER
    due = outcome_due_at(Priority(case.priority), now, house.clinical.protocol.escalation)
    free = (Escalation.acknowledged_by.is_(None), Escalation.resolved_at.is_(None))
    if not claim(Escalation, key, *free, acknowledged_by=staff.id, acknowledged_at=now, next_page_at=due):
        return Taken.BY_ANOTHER
    db.session.refresh(case)
    add_event(case, "acknowledged", now, staff_id=staff.id, detail=via)
    _withdraw_pages(case)
    audit.record(case.clinic_id, actor_of(staff), "acknowledged", case.id, now, via)
    return Taken.NOW


def _withdraw_pages(case: Escalation) -> None:
    """Pages that have not left yet do not leave any more."""
    withdraw(case.clinic_id, OutboundMessage.escalation_id == case.id, OutboundMessage.kind == Kind.PAGE.value)


def acknowledge_by_text(staff: Staff, case_number: int | None, house: House, now: datetime) -> str:
    """`ACK 12`, or `ACK` when one case is open. Returns the words that answer it."""
    words = house.clinical.texts.for_staff
    if case_number is None:
        waiting = select(Escalation).where(
            Escalation.clinic_id == staff.clinic_id,
            Escalation.resolved_at.is_(None),
            Escalation.acknowledged_by.is_(None),
        )
        found = db.session.scalars(waiting.limit(2)).all()
        if len(found) != 1:
            return words("ack_which") if found else words("ack_none")
        case_number = found[0].number
    key = db.session.execute(
        select(Escalation.clinic_id, Escalation.id).where(
            Escalation.clinic_id == staff.clinic_id, Escalation.number == case_number
        )
    ).first()
    if staff.role not in WHO_MAY_ACT or key is None:
        return words("ack_unknown", case=case_number)
    return words(acknowledge((key.clinic_id, key.id), staff, "sms", house, now).value, case=case_number)


def take(key: Key, staff: Staff, via: str, house: House) -> Escalation:
    """Acknowledge from the console or the API. Raises `NotFound` or `Conflict`."""
    _must_act(staff)
    with transaction() as session:
        taken = acknowledge(key, staff, via, house, house.now())
        if taken is Taken.UNKNOWN:
            raise NotFound
        if taken is not Taken.NOW:
            raise Conflict(house.clinical.texts.for_staff(taken.value, case=session.get_one(Escalation, key).number))
        return session.get_one(Escalation, key)


def resolve(key: Key, staff: Staff, outcome: str, note: str, house: House) -> Escalation:
    """Close a case with what came of it. Raises `NotFound`, `Conflict`, or `Invalid` naming field and fix.

    A hold after a crisis ends only when a clinician closes the case; otherwise it stays until one resumes the patient.
    """
    _must_act(staff)
    known = _known_outcome(outcome, note)
    now = house.now()
    with transaction() as session:
        patient = _patient_of(key)
        case = session.get(Escalation, key, with_for_update=True)
        if case is None:
            raise NotFound
        closing = {"resolved_at": now, "resolved_by": staff.id, "outcome": known.value, "next_page_at": None}
        if not claim(Escalation, key, Escalation.resolved_at.is_(None), **closing):
            raise Conflict("this case is already closed")
        session.refresh(case)
        add_event(case, "resolved", now, staff_id=staff.id, detail=note)
        _withdraw_pages(case)
        if patient is not None and patient.held_at is not None:
            evidence = f"closed case {case.number}: {known.value}. {note}".strip()
            if not end_hold(patient, staff, evidence, house):
                add_event(case, HOLD_STAYS, now, staff_id=staff.id)
        audit.record(case.clinic_id, actor_of(staff), "resolved", case.id, now, known.value)
        return case


def _patient_of(key: Key) -> Patient | None:
    """The patient a case is about, held before the case is: who writes holds them in that order too."""
    patient_id = db.session.scalar(
        select(Escalation.patient_id).where(Escalation.clinic_id == key[0], Escalation.id == key[1])
    )
    return hold_patient(key[0], patient_id) if patient_id is not None else None


def add_note(key: Key, staff: Staff, note: str, house: House) -> None:
    """Write something down on a case. Raises `NotFound` or `Invalid`."""
    _must_act(staff)
    if not note.strip() or len(note) > MOST_NOTE:
        raise Invalid({"note": f"write between 1 and {MOST_NOTE} characters"})
    now = house.now()
    with transaction() as session:
        case = session.get(Escalation, key)
        if case is None:
            raise NotFound
        add_event(case, "note", now, staff_id=staff.id, detail=note.strip())
        audit.record(case.clinic_id, actor_of(staff), "noted", case.id, now)


def actor_of(staff: Staff) -> str:
    return f"staff:{staff.id}"


def _must_act(staff: Staff) -> None:
    if staff.role not in WHO_MAY_ACT:
        raise Conflict("your role may read cases but not act on them")


def _known_outcome(outcome: str, note: str) -> Outcome:
    try:
        known = Outcome(outcome)
    except ValueError:
        raise Invalid({"outcome": f"choose one of {', '.join(o.value for o in Outcome)}"}) from None
    if known in NOTE_REQUIRED and not note.strip():
        raise Invalid({"note": f"the outcome {known.value} needs a note that says why"})
    if len(note) > MOST_NOTE:
        raise Invalid({"note": f"write at most {MOST_NOTE} characters"})
    return known
