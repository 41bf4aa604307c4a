"""Cases: opened by a concern, paged until somebody takes them, closed only with an outcome."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import BindParameter, Select, bindparam, select, update
from uuid_utils.compat import uuid7

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.escalation import (
    NOTE_REQUIRED,
    Outcome,
    ShiftFacts,
    first_page_at,
    next_page,
    on_call,
    outcome_due_at,
)
from backend.domain.outbound import Kind, State
from backend.domain.protocol import Step
from backend.domain.roles import WHO_MAY_ACT
from backend.domain.schedule import zone_named
from backend.services import audit
from backend.services.clinic.hours import staffed_hours
from backend.services.house import House
from backend.services.invalid import Conflict, Invalid, NotFound
from backend.services.patients.planning import hold_patient
from backend.services.patients.standing import end_hold
from backend.services.texting import outbox
from backend.store.clinics import Clinic, PolicyStep
from backend.store.database import db, keyring
from backend.store.escalations import ConcernRow, Escalation, EscalationEvent
from backend.store.patients import Patient
from backend.store.staff import Shift, Staff
from backend.store.texts import OutboundMessage
from backend.store.work import Key, add_row, add_rows, claim, numbered, run, transaction, work_through

log = structlog.get_logger(__name__)

_AUDIENCE_ROLES = {"team": ("responder", "clinician"), "managers": ("manager",)}
MOST_NOTE = 4000
BUNDLED_FOR = timedelta(minutes=5)
"""So long after a page about a further text the next one waits, unless it is asap or more."""
PHONE = "phone_the_patient"
HOLD_STAYS = "hold_stays"


# Opening -------------------------------------------------------------------------------------------------------------


class ClinicOf(Protocol):
    """What a case needs of its clinic: the row, or just this."""

    @property
    def id(self) -> UUID: ...
    @property
    def timezone(self) -> str: ...


def open_or_join(
    clinic: ClinicOf,
    number: str,
    patient: Patient | None,
    concerns: Sequence[Concern],
    house: House,
    now: datetime,
    inbound_id: UUID | None = None,
) -> Escalation:
    """Put concerns before a person, inside the caller's transaction: a new case, or the open case of the same number,
    raised if they are more urgent. `concerns` are worst first and not empty.
    """
    patient_id = patient.id if patient else None
    case_id = put_before_person(clinic, number, patient_id, concerns, house, now, inbound_id)
    return db.session.get_one(Escalation, (clinic.id, case_id))


def put_before_person(
    clinic: ClinicOf,
    number: str,
    patient_id: UUID | None,
    concerns: Sequence[Concern],
    house: House,
    now: datetime,
    inbound_id: UUID | None,
    *,
    tell_holder: bool = False,
) -> UUID:
    """As `open_or_join`, when nobody needs more of the case than its id. `tell_holder`: whoever has taken the case
    hears of this text however little it worries.
    """
    digests, priority = keyring().digests(number), concerns[0].priority
    case_id = _open_case(clinic.id, digests)
    if case_id is None:
        # Another text of the same person may be opening one at this very moment: wait for it, and look again.
        run(_WAIT_FOR_CLINIC, {"clinic": clinic.id})
        case_id = _open_case(clinic.id, digests)
    if case_id is None:
        case_id = _open(clinic, digests[0], patient_id, priority, house, now)
        _add_event((clinic.id, case_id), "opened", now, inbound_id=inbound_id)
    else:
        case = db.session.get_one(Escalation, (clinic.id, case_id))
        _join(case, priority, house, now, inbound_id, tell_holder=tell_holder)
    _keep((clinic.id, case_id), concerns, now, inbound_id)
    if priority >= Priority.ASAP and _is_opted_out(clinic.id, patient_id):
        _ask_for_a_call((clinic.id, case_id), now)
    return case_id


def _ask_for_a_call(case: Key, now: datetime) -> None:
    """Say on the case, once, that the next step is a phone call."""
    asked = select(EscalationEvent.id).where(
        EscalationEvent.clinic_id == case[0], EscalationEvent.escalation_id == case[1], EscalationEvent.kind == PHONE
    )
    if db.session.scalar(asked.limit(1)) is None:
        _add_event(case, PHONE, now)


# Texts that worry ask these, so they are put together once: that takes longer than to run them.
_WAIT_FOR_CLINIC = select(Clinic.id).where(Clinic.id == bindparam("clinic")).with_for_update(key_share=True)
_TAKE_NUMBER = (
    update(Clinic)
    .where(Clinic.id == bindparam("clinic"))
    .values(next_case=Clinic.next_case + 1)
    .returning(Clinic.next_case - 1)
    .execution_options(synchronize_session=False)
)


@cache
def _open_case_of(keys: int) -> Select[UUID]:
    """The question for the open case of a number, with as many digests as there are keys."""
    digests: list[BindParameter[bytes]] = [bindparam(f"digest{n}") for n in range(keys)]
    return (
        select(Escalation.id)
        .where(
            Escalation.clinic_id == bindparam("clinic"),
            Escalation.subject_digest.in_(digests),
            Escalation.resolved_at.is_(None),
        )
        .with_for_update()
    )


def _open_case(clinic_id: UUID, digests: Sequence[bytes]) -> UUID | None:
    found: UUID | None = run(_open_case_of(len(digests)), {"clinic": clinic_id} | numbered(digests)).scalar()
    return found


def _open(
    clinic: ClinicOf, digest: bytes, patient_id: UUID | None, priority: Priority, house: House, now: datetime
) -> UUID:
    case_id, rules = uuid7(), house.clinical.protocol.escalation
    add_row(
        Escalation,
        clinic_id=clinic.id,
        id=case_id,
        number=run(_TAKE_NUMBER, {"clinic": clinic.id}).scalar_one(),
        patient_id=patient_id,
        subject_digest=digest,
        priority=int(priority),
        opened_at=now,
        next_page_at=first_page_at(priority, now, rules, zone_named(clinic.timezone)),
    )
    return case_id


def _join(
    case: Escalation, priority: Priority, house: House, now: datetime, inbound_id: UUID | None, *, tell_holder: bool
) -> None:
    add_event(case, "joined", now, inbound_id=inbound_id)
    if priority > case.priority:
        case.priority = int(priority)
        add_event(case, "raised", now, inbound_id=inbound_id, detail=priority.label)
        _page_afresh(case, now)
    elif inbound_id is not None and (tell_holder or priority >= Priority.ASAP):
        _tell_of_text(case, house, now, at_once=priority >= Priority.ASAP)
    elif priority >= Priority.ASAP:
        _tell_holder(case, _page_text(case), house, now)


def _page_afresh(case: Escalation, now: datetime) -> None:
    """Whoever took the case took a lesser one: it pages from the first step until somebody takes this one."""
    case.acknowledged_at = case.acknowledged_by = None
    case.step, case.next_page_at = None, now


def _keep(case: Key, concerns: Sequence[Concern], now: datetime, inbound_id: UUID | None) -> None:
    rows = []
    for concern in concerns:
        start, end = concern.span or (None, None)
        rows.append({
            "clinic_id": case[0], "escalation_id": case[1], "inbound_id": inbound_id, "name": concern.name,
            "priority": int(concern.priority), "rule": concern.rule, "reply": concern.reply.value, "why": concern.why,
            "span_start": start, "span_end": end, "at": now,
        })  # fmt: skip
    add_rows(ConcernRow, rows)


def add_event(case: Escalation, kind: str, now: datetime, **links: object) -> None:
    _add_event((case.clinic_id, case.id), kind, now, **links)


def _add_event(case: Key, kind: str, now: datetime, **links: object) -> None:
    add_row(EscalationEvent, clinic_id=case[0], escalation_id=case[1], kind=kind, at=now, **links)


# Paging --------------------------------------------------------------------------------------------------------------


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
            _tell_holder(case, "page_no_outcome", house, now)
            case.acknowledged_at = case.acknowledged_by = case.step = None
        _page_next_step(case, house, now)


def _page_next_step(case: Escalation, house: House, now: datetime) -> None:
    clinic = db.session.get_one(Clinic, case.clinic_id)
    steps, people_on = policy_of(clinic, house), Staffing(clinic, now)
    if not people_on.on_call and (until := _waits_until(case, clinic, house, now)) is not None:
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
        _nobody(case, house, now)
        return
    case.unstaffed_since = None
    for staff_id in page.people:
        _page_person(case, people_on.everybody[staff_id], _page_text(case), house, now)


def _waits_until(case: Escalation, clinic: Clinic, house: House, now: datetime) -> datetime | None:
    """Until when a case waits, of a clinic that answers in staffed hours only, while nobody is there or on call; None
    when it pages now. It never waits longer than the ceiling (CLINICAL.md 4d).
    """
    hours = staffed_hours(clinic, house.protocol_of(clinic), now)
    if hours is None or hours.is_staffed(now):
        return None
    ceiling = case.opened_at + hours.rules.longest_wait
    until = min(hours.next_opening(now) or ceiling, ceiling)
    return until if until > now else None


def _page_person(case: Escalation, person: Staff, text_name: str, house: House, now: datetime, **links: object) -> None:
    body = house.clinical.texts.for_staff(text_name, priority=Priority(case.priority).label, case=case.number)
    message = outbox.to_staff(
        person, Kind.PAGE, text_name, body, now, id=uuid7(), escalation_id=case.id, priority=case.priority, **links
    )
    add_event(case, "paged", now, staff_id=person.id, outbound_id=message.id, step=case.step)


def _page_text(case: Escalation) -> str:
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
    return "page_phone" if case.priority >= Priority.ASAP and _is_opted_out(case.clinic_id, case.patient_id) else "page"


def _is_opted_out(clinic_id: UUID, patient_id: UUID | None) -> bool:
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


def _tell_holder(case: Escalation, text_name: str, house: House, now: datetime, **links: object) -> None:
    holder = db.session.get(Staff, (case.clinic_id, case.acknowledged_by)) if case.acknowledged_by else None
    if holder is not None:
        _page_person(case, holder, text_name, house, now, **links)


def _tell_of_text(case: Escalation, house: House, now: datetime, *, at_once: bool) -> None:
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
    _tell_holder(case, "page_text", house, now, send_at=leaves_at)


def _nobody(case: Escalation, house: House, now: datetime) -> None:
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


# A text that did not arrive ------------------------------------------------------------------------------------------


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
        _nobody(case, house, now)


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
        _tell_holder(case, "page_undelivered", house, now)
    else:
        case.next_page_at = now


def _text_lost(message: OutboundMessage, house: House, now: datetime) -> None:
    patient = db.session.get_one(Patient, (message.clinic_id, message.patient_id))
    clinic = db.session.get_one(Clinic, message.clinic_id)
    why = f"A text ({message.kind.replace('_', ' ')}) did not reach the patient"
    why += f" (carrier error {message.error_code})." if message.error_code else "."
    concern = Concern("text_not_delivered", Priority.ROUTINE, ReplyKind.NOTHING, "text-lost", why)
    open_or_join(clinic, patient.phone, patient, [concern], house, now)


# A person acts -------------------------------------------------------------------------------------------------------


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
    db.session.execute(
        update(OutboundMessage)
        .where(
            OutboundMessage.clinic_id == case.clinic_id,
            OutboundMessage.escalation_id == case.id,
            OutboundMessage.kind == Kind.PAGE.value,
            OutboundMessage.send_at.is_not(None),
        )
        .values(send_at=None, state=State.FAILED.value, carrier_status="withdrawn")
        .execution_options(synchronize_session=False)
    )


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
