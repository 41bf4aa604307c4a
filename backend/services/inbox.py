"""A text comes in: kept first, then understood in one transaction, its reply ready for the carrier's response."""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import BindParameter, and_, bindparam, func, select, update
from uuid_utils.compat import uuid7

from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.outbound import Kind, State
from backend.domain.replies import Keyword, Reply, read_reply
from backend.domain.triage import Disposition, History, Sender, Verdict, could_not_screen, still_awaited, triage
from backend.services import audit, outbox, unrouted
from backend.services.escalations import acknowledge_by_text, open_or_join
from backend.services.history import asked, history_of
from backend.services.house import House
from backend.services.standing import record_opt_in, record_opt_out
from backend.store.check_ins import CheckIn, Score
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient, Treatment
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import Key, insert_once, transaction, work_through

log = structlog.get_logger(__name__)

SLOW_SCREEN_SECONDS = 0.5  # the whole answer must be there within 3.5 s (TWILIO.md 1.2)
TRIES = 2
LEFT_BEHIND = timedelta(seconds=10)
"""A kept text that its own request has not understood after this long is taken up by the clock."""
MOST_SID = 64

_TEXT_OF = {
    ReplyKind.CRISIS: (Kind.CRISIS, "crisis"),
    ReplyKind.CRISIS_REPEAT: (Kind.CRISIS, "crisis_repeat"),
    ReplyKind.MEDICAL: (Kind.MEDICAL, "medical"),
}
_HOLDS = frozenset({ReplyKind.CRISIS, ReplyKind.CRISIS_REPEAT})

# Every text asks these, so they are put together once: that takes longer than to run them.
_CLINIC_OF_NUMBER = select(Clinic.id).where(Clinic.number == bindparam("number"))
_CLAIM = (
    update(InboundMessage)
    .where(
        InboundMessage.clinic_id == bindparam("clinic"),
        InboundMessage.id == bindparam("text"),
        InboundMessage.processed_at.is_(None),
    )
    .values(processed_at=bindparam("now"), disposition=Disposition.ANSWERED.value, attempts=InboundMessage.attempts + 1)
    .returning(InboundMessage)
    .execution_options(synchronize_session=False, populate_existing=True)
)
_OF_NUMBER: BindParameter[bytes] = bindparam("digests", expanding=True)
_LAST_TREATED = (
    select(func.max(Treatment.ended_at))
    .where(Treatment.clinic_id == Patient.clinic_id, Treatment.patient_id == Patient.id)
    .scalar_subquery()
)
_WHO_WROTE = (
    select(Clinic, Patient, Staff, _LAST_TREATED)
    .outerjoin(Patient, and_(Patient.clinic_id == Clinic.id, Patient.phone_digest.in_(_OF_NUMBER)))
    .outerjoin(
        Staff,
        and_(Staff.clinic_id == Clinic.id, Staff.phone_digest.in_(_OF_NUMBER), Staff.deactivated_at.is_(None)),
    )
    .where(Clinic.id == bindparam("clinic"))
    .limit(1)
)


# Commit 1: kept ------------------------------------------------------------------------------------------------------


def receive(parameters: Mapping[str, str], house: House) -> Key:
    """Keep one text as it came. Whatever happens afterwards, it is there (S1); the same MessageSid is kept once.

    Any database error goes on to the caller, which must answer 5xx so that the carrier tries again.
    """
    now = house.now()
    with transaction() as session:
        clinic_id = session.scalar(_CLINIC_OF_NUMBER, {"number": parameters.get("To", "")})
        if clinic_id is not None:
            return _keep(clinic_id, parameters, now)
    unrouted.ensure(parameters.get("To", ""), now)
    with transaction():
        return _keep(UNROUTED, parameters, now)


def _keep(clinic_id: UUID, parameters: Mapping[str, str], now: datetime) -> Key:
    message_sid, identifier = _sid(parameters), uuid7()
    fresh = insert_once(
        InboundMessage,
        clinic_id=clinic_id,
        id=identifier,
        message_sid=message_sid,
        from_number=parameters.get("From", ""),
        from_digest=keyring().digest(parameters.get("From", "")),
        to_number=parameters.get("To", "")[:MOST_SID],
        body=parameters.get("Body", ""),
        media_count=_count(parameters.get("NumMedia", "")),
        parameters=json.dumps(dict(parameters)),
        received_at=now,
        attempts=0,
    )
    if fresh:
        return clinic_id, identifier
    kept = select(InboundMessage.id).where(
        InboundMessage.clinic_id == clinic_id, InboundMessage.message_sid == message_sid
    )
    return clinic_id, db.session.execute(kept).scalar_one()


def _sid(parameters: Mapping[str, str]) -> str:
    """The carrier's id of the text; without one, what makes the text itself."""
    given = parameters.get("MessageSid", "")
    if given.isascii() and given.isprintable() and 0 < len(given) <= MOST_SID:
        return given
    return hashlib.sha256(json.dumps(sorted(parameters.items())).encode()).hexdigest()


def _count(number: str) -> int:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0  # noqa: PLR2004 - 10 at most


# Commit 2: understood ------------------------------------------------------------------------------------------------


def understand(key: Key, house: House, *, by: str) -> OutboundMessage | None:
    """Read a kept text, carry out what it means, and give back the reply, if there is one.

    `by` is how the reply leaves: `twiml` on the carrier's response, `rest` by a request of ours. A text that was
    understood before gives back its reply again while nobody confirmed that it arrived. A text that cannot be
    understood, twice over (the first fault may have been a deadlock), goes to a person as urgent (S4).
    """
    fault = ""
    for _ in range(TRIES):
        try:
            return _process(key, house, by)
        except Exception as error:  # noqa: BLE001 - whatever it is, the patient's words must reach a person
            db.session.rollback()
            fault = type(error).__name__
            log.error("text not understood", row=str(key[1]), error=fault)
    return _hand_over(key, house, by, fault)


def understand_left_behind(house: House) -> int:
    """Finish the texts whose request died between keeping and understanding them."""
    left = (
        select(InboundMessage.clinic_id, InboundMessage.id)
        .where(InboundMessage.processed_at.is_(None), InboundMessage.received_at <= house.now() - LEFT_BEHIND)
        .order_by(InboundMessage.received_at)
        .limit(200)
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(left)]

    def work(key: Key) -> None:
        understand(key, house, by="rest")

    return work_through("understand", keys, work)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A kept text with everyone it may concern."""

    inbound: InboundMessage
    clinic: Clinic
    sender: Sender
    patient: Patient | None
    staff: Staff | None
    check_in: CheckIn | None
    treated_at: datetime | None


def _process(key: Key, house: House, by: str) -> OutboundMessage | None:
    now = house.now()
    with transaction():
        inbound = _claim(key, now)
        if inbound is None:
            return _earlier_reply(key)
        arrived = _arrive(inbound)
        found = _screen(inbound, house, _hours_since_treatment(arrived))
        history = _history(arrived, house, now)
        reply = read_reply(inbound.body, history.awaiting)
        if reply.acknowledges is not None and arrived.staff is not None:
            arrived = replace(arrived, sender=Sender.STAFF)  # somebody who is a patient here too
        verdict = triage(reply, found, arrived.sender, history, protocol=house.clinical.protocol, now=now)
        return _carry_out(arrived, reply, verdict, history, house, by)


def _hand_over(key: Key, house: House, by: str, fault: str) -> OutboundMessage | None:
    """Put a text that could not be understood before a person, with as little as can go wrong: no scores, no history.
    It is screened all the same, so that who speaks of suicide gets the crisis reply.
    """
    now = house.now()
    with transaction():
        inbound = _claim(key, now)
        if inbound is None:
            return _earlier_reply(key)
        arrived = replace(_arrive(inbound), check_in=None)
        # The screen itself may be what broke: of its answer only what is a concern counts.
        screened = [concern for concern in _screen(inbound, house, None) if isinstance(concern, Concern)]
        found = [could_not_screen(fault), *screened]
        unread = read_reply("")
        verdict = triage(unread, found, arrived.sender, History(), protocol=house.clinical.protocol, now=now)
        return _carry_out(arrived, unread, verdict, History(), house, by)


def _claim(key: Key, now: datetime) -> InboundMessage | None:
    """The claim sets the time and a disposition at once; the true disposition follows in the same transaction."""
    of = {"clinic": key[0], "text": key[1], "now": now}
    return db.session.scalars(_CLAIM, of).one_or_none()


def _earlier_reply(key: Key) -> OutboundMessage | None:
    reply = db.session.scalars(
        select(OutboundMessage).where(
            OutboundMessage.clinic_id == key[0], OutboundMessage.inbound_id == key[1], OutboundMessage.by == "twiml"
        )
    ).first()
    return None if reply is None or State(reply.state).final else reply


def _arrive(inbound: InboundMessage) -> _Arrived:
    of = {"clinic": inbound.clinic_id, "digests": keyring().digests(inbound.from_number)}
    clinic, patient, staff, treated_at = db.session.execute(_WHO_WROTE, of).one()
    check_in = asked(patient, inbound.received_at) if patient else None
    sender = Sender.PATIENT if patient else Sender.STAFF if staff else Sender.UNKNOWN
    return _Arrived(inbound, clinic, sender, patient, staff, check_in, treated_at)


def _history(arrived: _Arrived, house: House, now: datetime) -> History:
    history = history_of(arrived.patient, arrived.check_in, house, now) if arrived.patient else History()
    return replace(history, has_photo=arrived.inbound.media_count > 0)


def _screen(inbound: InboundMessage, house: House, hours: float | None) -> Sequence[Concern]:
    """Every text is screened before it is read, whoever sent it (S3); a screen that errs or is slow worries (S4)."""
    started = time.monotonic()
    try:
        found = list(house.clinical.screen(inbound.body, hours_since_treatment=hours))
    except Exception as error:  # noqa: BLE001 - S4
        log.error("screen failed", row=str(inbound.id), error=type(error).__name__)
        return [could_not_screen("it failed")]
    if time.monotonic() - started > SLOW_SCREEN_SECONDS:
        found.append(could_not_screen("it took too long"))
    return found


def _hours_since_treatment(arrived: _Arrived) -> float | None:
    if arrived.treated_at is None:
        return None
    return max((arrived.inbound.received_at - arrived.treated_at) / timedelta(hours=1), 0.0)


# What it means -------------------------------------------------------------------------------------------------------


def _carry_out(
    arrived: _Arrived, reply: Reply, verdict: Verdict, history: History, house: House, by: str
) -> OutboundMessage | None:
    inbound, now = arrived.inbound, house.now()
    case = None
    if arrived.patient is not None:
        _keep_scores(arrived, reply, verdict, history, now)
        _keep_consent(arrived.patient, reply, inbound, now)
        if verdict.reply in _HOLDS or any(c.reply is ReplyKind.CRISIS for c in verdict.concerns):
            arrived.patient.held_at = arrived.patient.held_at or now
    if verdict.concerns:
        patient = arrived.patient
        case = open_or_join(
            arrived.clinic, inbound.from_number, patient, verdict.concerns, house, now, inbound_id=inbound.id
        )
    inbound.disposition, inbound.priority = verdict.disposition.value, int(verdict.priority)
    inbound.patient_id = arrived.patient.id if arrived.patient else None
    inbound.staff_id = arrived.staff.id if arrived.staff else None
    inbound.check_in_id = arrived.check_in.id if arrived.check_in else None
    inbound.escalation_id = case.id if case else None
    audit.record(inbound.clinic_id, audit.SYSTEM, "text_understood", inbound.id, now, verdict.disposition.value)
    message = _answer(arrived, reply, verdict, case.id if case else None, house)
    if message is not None and by == "twiml":
        outbox.on_webhook_response(message, house)
    return message


def _keep_scores(arrived: _Arrived, reply: Reply, verdict: Verdict, history: History, now: datetime) -> None:
    check_in, inbound = arrived.check_in, arrived.inbound
    for measure, value in verdict.scores.items():
        db.session.add(
            Score(
                clinic_id=inbound.clinic_id,
                patient_id=arrived.patient.id if arrived.patient else None,
                check_in_id=check_in.id if check_in else None,
                inbound_id=inbound.id,
                measure=measure.value,
                value=int(value),
                at=inbound.received_at,
            )
        )
    if check_in is None or history.on_hold:
        return
    left = still_awaited(history.awaiting, verdict.scores, reply)
    if "safety" in history.awaiting and reply.safe is not None:
        check_in.safe = reply.safe
    if "side_effects" in history.awaiting and "side_effects" not in left:
        check_in.side_effects = "none" if reply.declines else "reported"
    if not left and history.awaiting:
        check_in.answered_at = now


def _keep_consent(patient: Patient, reply: Reply, inbound: InboundMessage, now: datetime) -> None:
    evidence = f"text {inbound.message_sid}"
    if reply.opts_out or reply.keyword is Keyword.STOP:
        record_opt_out(patient, "keyword" if reply.keyword else "text", evidence, now, inbound.id)
    elif reply.keyword is Keyword.START and patient.opted_out_at is not None:
        record_opt_in(patient, "keyword", evidence, now, inbound.id)


def _answer(
    arrived: _Arrived, reply: Reply, verdict: Verdict, case_id: UUID | None, house: House
) -> OutboundMessage | None:
    if arrived.sender is Sender.STAFF and arrived.staff is not None and reply.acknowledges is not None:
        if verdict.reply not in _TEXT_OF:
            return _answer_command(arrived.staff, arrived, reply, house)
        acknowledge_by_text(arrived.staff, reply.acknowledges.case, house, house.now())
    if verdict.reply is ReplyKind.NOTHING:
        return None
    kind, text_name = _TEXT_OF.get(verdict.reply, (Kind.REPLY, _text_name(verdict, reply)))
    now, patient = house.now(), arrived.patient
    links: dict[str, object] = {
        "id": uuid7(),
        "inbound_id": arrived.inbound.id,
        "escalation_id": case_id,
        "priority": int(_crisis_priority(verdict)),
    }
    if patient is not None:
        return outbox.to_patient(patient, arrived.clinic, kind, text_name, house, now, **links)
    if verdict.reply is ReplyKind.STAFF and arrived.staff is not None:
        body = house.clinical.texts.for_staff("staff_help")
        return outbox.to_staff(arrived.staff, Kind.STAFF_REPLY, "staff_help", body, now, **links)
    clinic = arrived.clinic
    language = "es" if reply.spanish else "en"
    body = house.clinical.texts.render(text_name, language, clinic=clinic.name, phone=clinic.phone)
    return outbox.to_number(clinic.id, arrived.inbound.from_number, kind, text_name, body, now, **links)


def _crisis_priority(verdict: Verdict) -> Priority:
    """How urgent the concern was that this crisis text answers: a later rise sends it in full again."""
    return max((c.priority for c in verdict.concerns if c.reply is ReplyKind.CRISIS), default=verdict.priority)


def _answer_command(staff: Staff, arrived: _Arrived, reply: Reply, house: House) -> OutboundMessage:
    now = house.now()
    case_number = reply.acknowledges.case if reply.acknowledges else None
    body = acknowledge_by_text(staff, case_number, house, now)
    return outbox.to_staff(
        staff, Kind.STAFF_REPLY, "staff_command", body, now, id=uuid7(), inbound_id=arrived.inbound.id
    )


def _text_name(verdict: Verdict, reply: Reply) -> str:
    if verdict.reply is not ReplyKind.CONFIRM:
        return verdict.reply.value
    unsure = [measure.value for measure, reading in reply.scores.items() if not reading.sure]
    return f"confirm_{unsure[0]}" if unsure else "ask_mood"
