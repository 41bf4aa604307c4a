"""Texts on their way out: queued with what caused them, sent at most or at least once, followed to their end."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import and_, bindparam, func, or_, select, tuple_, update
from uuid_utils.compat import uuid7

from backend.domain.consent import refusal
from backend.domain.outbound import ARRIVED, CARRIER_RANK, POLICIES, Kind, State, retry_after, state_of, supersedes
from backend.domain.schedule import next_opening, zone_named
from backend.messaging.carrier_codes import Class, class_of
from backend.messaging.gateway import MaybeSent, NotSent, Receipt, Sms
from backend.services import audit
from backend.services.house import House
from backend.services.patients.consent import record_block, record_opt_out
from backend.services.patients.planning import window_of
from backend.services.patients.standing import standing_of
from backend.store.clinics import Clinic
from backend.store.database import UtcDateTime, db
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import DeliveryReport, OutboundMessage, reference_of
from backend.store.work import Key, add_row, claim, insert_once, run, table_of, transaction, work_through

log = structlog.get_logger(__name__)

NO_LONGER_ASKED = "the new number is no longer asked for"

LEASE = timedelta(minutes=2)
"""A claimed text whose sender has not reported for this long is looked up at the carrier (24 HTTP time-outs)."""
BATCH = 64
REFILL = 16
"""Of a full batch, so few are in flight when the next is taken: no sender waits for the slowest text of the last."""
SAFETY_KINDS = tuple(kind.value for kind, policy in POLICIES.items() if policy.safety)
OTHER_KINDS = tuple(kind.value for kind, policy in POLICIES.items() if not policy.safety)

# Every report asks this, so it is put together once.
_HELD = (
    select(OutboundMessage)
    .where(OutboundMessage.clinic_id == bindparam("clinic"), OutboundMessage.id == bindparam("text"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
# Nearly every report says that a text arrived: one statement writes that down, and asks no more of the text.
_TEXTS = table_of(OutboundMessage)
_NOW = bindparam("now", type_=UtcDateTime())
_ARRIVES = (
    update(_TEXTS)
    .where(
        _TEXTS.c.clinic_id == bindparam("clinic"),
        _TEXTS.c.id == bindparam("text"),
        or_(_TEXTS.c.message_sid.is_(None), _TEXTS.c.message_sid == bindparam("carriers_id")),
        or_(
            _TEXTS.c.carrier_status.is_(None),
            and_(*(_TEXTS.c.carrier_status != status for status in CARRIER_RANK if not supersedes(ARRIVED, status))),
        ),
    )
    .values(
        message_sid=bindparam("carriers_id"),
        carrier_status=ARRIVED,
        state=State.DELIVERED.value,
        sent_at=func.coalesce(_TEXTS.c.sent_at, _NOW),
        settled_at=_NOW,
        send_at=None,
        lease_until=None,
        confirm_by=None,
    )
    .returning(_TEXTS.c.id)
)

OnFailure = Callable[[OutboundMessage, House, datetime], None]


def to_patient(
    patient: Patient, clinic: Clinic, kind: Kind, text_name: str, house: House, now: datetime, **links: object
) -> OutboundMessage:
    """Queue one of the fixed texts to a patient, inside the caller's transaction."""
    body = house.clinical.texts.render(
        text_name, patient.language, country=patient.country, clinic=clinic.name, phone=clinic.phone
    )
    return _queue(clinic.id, kind, text_name, patient.phone, body, now, patient_id=patient.id, **links)


def to_staff(staff: Staff, kind: Kind, text_name: str, body: str, now: datetime, **links: object) -> OutboundMessage:
    """Queue a text to a member of staff, inside the caller's transaction."""
    return _queue(staff.clinic_id, kind, text_name, staff.phone, body, now, staff_id=staff.id, **links)


def to_number(
    clinic_id: UUID, number: str, kind: Kind, text_name: str, body: str, now: datetime, **links: object
) -> OutboundMessage:
    """Queue a text to a number that is no patient's and no staff member's, inside the caller's transaction."""
    return _queue(clinic_id, kind, text_name, number, body, now, **links)


def _queue(
    clinic_id: UUID, kind: Kind, text_name: str, number: str, body: str, now: datetime, **links: object
) -> OutboundMessage:
    fields: dict[str, object] = {"by": "rest", "send_at": now} | links
    message = OutboundMessage(
        clinic_id=clinic_id, kind=kind.value, text_name=text_name, to_number=number, body=body, created_at=now, **fields
    )
    db.session.add(message)
    return message


class Answer(NamedTuple):
    """The reply to a text, as far as the carrier's response needs it."""

    reference: str
    body: str


def answer(
    clinic_id: UUID, kind: Kind, text_name: str, number: str, body: str, house: House, *, by: str, **links: object
) -> Answer | None:
    """Queue the reply to a text, inside the caller's transaction. None when it may not be sent: then the send path
    gives it up, as it does with every text of its kind, and a person is told.
    """
    now, identifier, held = house.now(), uuid7(), not house.may_send(kind)
    rides = by == "twiml" and not held
    leaves = _on_webhook_response(kind, now, house) if rides else {"by": "rest", "send_at": now}
    add_row(
        OutboundMessage, clinic_id=clinic_id, id=identifier, kind=kind.value, text_name=text_name, to_number=number,
        body=body, created_at=now, **leaves, **links,
    )  # fmt: skip
    return None if held else Answer(reference_of(clinic_id, identifier), body)


def _on_webhook_response(kind: Kind, now: datetime, house: House) -> dict[str, object]:
    """How it looks when it leaves on the carrier's own webhook response instead of by a request of ours (S6)."""
    machine_now, confirm = house.machine_now(), POLICIES[kind].confirm
    return {
        "by": "twiml", "send_at": None, "claimed_at": now, "attempts": 1, "lease_until": machine_now + LEASE,
        "confirm_by": machine_now + confirm if confirm else None,
    }  # fmt: skip


# Sending -------------------------------------------------------------------------------------------------------------


def send_due(house: House, pool: ThreadPoolExecutor, on_failure: OnFailure, *, safety: bool) -> int:
    """Send what is due, `BATCH` at a time, until nothing is. Safety texts have a queue of their own so that no wave of
    prompts stands before them. Returns how many were handed to the carrier or given up.
    """
    kinds = SAFETY_KINDS if safety else OTHER_KINDS
    done, running, more = 0, dict[Future[Receipt], Key](), False
    while True:
        if not running or (more and len(running) < REFILL):
            taken = _take_batch(house, kinds, on_failure)
            done, more = done + len(taken), len(taken) == BATCH
            running |= {pool.submit(house.gateway.send, sms): key for key, sms in taken}
        if not running:
            return done
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        in_order = [future for future in running if future in finished]
        _record_all([(running.pop(future), future) for future in in_order], house, on_failure)


def _take_batch(house: House, kinds: Sequence[str], on_failure: OnFailure) -> list[tuple[Key, Sms]]:
    """Claim due texts and commit, so that a crash from here on leaves rows that are looked up, never sent blindly."""
    now, machine_now = house.now(), house.machine_now()
    due = (
        select(OutboundMessage.clinic_id, OutboundMessage.id)
        .where(OutboundMessage.send_at <= now, OutboundMessage.kind.in_(kinds))
        .order_by(OutboundMessage.send_at)
        .limit(BATCH)
    )
    if not db.session.execute(due.limit(1)).first():
        return []
    with transaction() as session:
        keys = [(row.clinic_id, row.id) for row in session.execute(due.with_for_update(skip_locked=True))]
        taken = session.scalars(
            update(OutboundMessage)
            .where(
                tuple_(OutboundMessage.clinic_id, OutboundMessage.id).in_(keys), OutboundMessage.send_at.is_not(None)
            )
            .values(
                send_at=None, claimed_at=now, lease_until=machine_now + LEASE, attempts=OutboundMessage.attempts + 1
            )
            .returning(OutboundMessage)
            .execution_options(synchronize_session=False, populate_existing=True)
        ).all()
        return _sendable(taken, house, on_failure, now)


def _sendable(
    taken: Sequence[OutboundMessage], house: House, on_failure: OnFailure, now: datetime
) -> list[tuple[Key, Sms]]:
    """The claimed texts that may still go; consent and hours are asked once more at the last moment."""
    clinics = {c.id: c for c in db.session.scalars(select(Clinic).where(Clinic.id.in_({m.clinic_id for m in taken})))}
    asked = [(m.clinic_id, m.patient_id) for m in taken if m.patient_id and not POLICIES[Kind(m.kind)].safety]
    of_asked = select(Patient).where(tuple_(Patient.clinic_id, Patient.id).in_(asked))
    patients = {patient.id: patient for patient in db.session.scalars(of_asked)} if asked else {}
    sendable = []
    for message in taken:
        policy = POLICIES[Kind(message.kind)]
        patient = patients.get(message.patient_id) if message.patient_id else None
        if not house.may_send(Kind(message.kind)):
            _give_up(message, now, "unsigned")
            on_failure(message, house, now)
        elif message.expires_at is not None and message.expires_at <= now:
            _give_up(message, now, "expired")
            on_failure(message, house, now)  # the patient's silence would be of our making: a person must know
        elif patient is not None and (reason := _refusal_now(message, patient)):
            _give_up(message, now, reason)
        elif (
            policy.initiated
            and patient is not None
            and (opening := _opening(patient, clinics[patient.clinic_id], house, now)) > now
        ):
            message.send_at, message.lease_until = opening, None
        else:
            sms = Sms(
                clinics[message.clinic_id].number, message.to_number, message.body, message.reference, policy.validity
            )
            sendable.append(((message.clinic_id, message.id), sms))
    return sendable


def _refusal_now(message: OutboundMessage, patient: Patient) -> str | None:
    """Why this text must not leave any more, whatever was so when it was queued."""
    standing = standing_of(patient)
    if message.kind == Kind.NUMBER_CHECK.value:
        # What it asks is the very thing that is in doubt.
        standing = replace(standing, number_pending=False, quarantined=False, carrier_blocked=False)
        standing = replace(standing, on_hold=False, paused=False)
        return refusal(standing) or (NO_LONGER_ASKED if patient.pending_phone != message.to_number else None)
    if POLICIES[Kind(message.kind)].initiated:
        return refusal(standing)
    return refusal(standing) if standing.deceased and message.inbound_id is None else None


def _opening(patient: Patient, clinic: Clinic, house: House, now: datetime) -> datetime:
    window = window_of(patient, house.protocol_of(clinic).window)
    return next_opening(now, window, zone_named(patient.timezone))


def _give_up(message: OutboundMessage, now: datetime, reason: str) -> None:
    message.state, message.settled_at, message.lease_until = State.FAILED.value, now, None
    audit.record(message.clinic_id, audit.SYSTEM, "text_not_sent", message.id, now, reason)


def _record_all(finished: Iterable[tuple[Key, Future[Receipt]]], house: House, on_failure: OnFailure) -> None:
    """Write down the results that are there, together; if that fails, each by itself."""
    results = [(key, _outcome(future)) for key, future in finished]
    try:
        with transaction():
            for key, outcome in results:
                _record(key, outcome, house, on_failure)
    except Exception as error:  # noqa: BLE001 - one bad row must not lose the others' results
        log.error("results recorded one by one", error=type(error).__name__)
        work_through("record", [key for key, _ in results], _one_by_one(dict(results), house, on_failure))


def _one_by_one(
    outcomes: dict[Key, Receipt | NotSent | MaybeSent], house: House, on_failure: OnFailure
) -> Callable[[Key], None]:
    def work(key: Key) -> None:
        with transaction():
            _record(key, outcomes[key], house, on_failure)

    return work


def _outcome(future: Future[Receipt]) -> Receipt | NotSent | MaybeSent:
    try:
        return future.result()
    except NotSent as refused:
        return refused
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the carrier may have the text
        return error if isinstance(error, MaybeSent) else MaybeSent(type(error).__name__)


def _record(key: Key, outcome: Receipt | NotSent | MaybeSent, house: House, on_failure: OnFailure) -> None:
    message = _hold(key)
    if message is None:
        return
    now = house.now()
    if isinstance(outcome, Receipt):
        adopt(message, outcome, house, on_failure)
    elif isinstance(outcome, MaybeSent):
        message.state = State.UNSURE.value if message.message_sid is None else message.state
    else:
        _refused(message, outcome, house, on_failure, now)


def _hold(key: Key) -> OutboundMessage | None:
    return db.session.scalars(_HELD, {"clinic": key[0], "text": key[1]}).one_or_none()


def _refused(message: OutboundMessage, refused: NotSent, house: House, on_failure: OnFailure, now: datetime) -> None:
    message.error_code = refused.code
    if refused.transient and message.attempts < POLICIES[Kind(message.kind)].attempts:
        message.send_at, message.lease_until = now + retry_after(message.attempts), None
        return
    _failed(message, State.FAILED, house, on_failure, now)


def adopt(message: OutboundMessage, receipt: Receipt, house: House, on_failure: OnFailure) -> None:
    """The carrier has this text: take over its id and its state, unless a report already said more."""
    now, confirm = house.now(), POLICIES[Kind(message.kind)].confirm
    message.message_sid = message.message_sid or receipt.message_sid
    message.sent_at, message.lease_until, message.send_at = message.sent_at or now, None, None
    if confirm and not State(message.state).final:
        message.confirm_by = house.machine_now() + confirm
    _advance(message, receipt.status, receipt.error_code, house, on_failure, now)


# Reports -------------------------------------------------------------------------------------------------------------


def record_report(
    key: Key, message_sid: str, status: str, error_code: int | None, house: House, on_failure: OnFailure
) -> bool:
    """Keep one status report of the carrier and move the text on, never back. False when no such text is ours."""
    now = house.now()
    report = {
        "clinic_id": key[0], "id": uuid7(), "outbound_id": key[1], "message_sid": message_sid, "status": status,
        "error_code": error_code, "at": now,
    }  # fmt: skip
    with transaction():
        arrives = {"clinic": key[0], "text": key[1], "carriers_id": message_sid, "now": now}
        if status == ARRIVED and run(_ARRIVES, arrives).first() is not None:
            insert_once(DeliveryReport, **report)
            return True
        message = _hold(key)
        if message is None:
            return False
        fresh = insert_once(DeliveryReport, **report)
        if fresh and message.message_sid in (None, message_sid):
            message.message_sid = message_sid
            message.sent_at, message.lease_until, message.send_at = message.sent_at or now, None, None
            _advance(message, status, error_code, house, on_failure, now)
    return True


def _advance(
    message: OutboundMessage, status: str, error_code: int | None, house: House, on_failure: OnFailure, now: datetime
) -> None:
    if not supersedes(status, message.carrier_status):
        return
    message.carrier_status = status
    state = state_of(status)
    if state in (State.UNDELIVERED, State.FAILED):
        message.error_code = error_code
        _failed(message, state, house, on_failure, now)
        return
    message.state = state.value
    if state is State.DELIVERED:
        message.settled_at, message.confirm_by = now, None


def _failed(message: OutboundMessage, state: State, house: House, on_failure: OnFailure, now: datetime) -> None:
    message.state, message.settled_at = state.value, now
    message.confirm_by = message.lease_until = message.send_at = None
    if class_of(message.error_code) is Class.OPTED_OUT and message.patient_id is not None:
        _blocked(message, db.session.get_one(Patient, (message.clinic_id, message.patient_id)), now)
    on_failure(message, house, now)


def _blocked(message: OutboundMessage, patient: Patient, now: datetime) -> None:
    """The carrier does not let us text this number: whoever has it opted out there, and so here."""
    if message.to_number == patient.phone:
        evidence = f"carrier error {message.error_code} on {message.message_sid or f'text {message.id}'}"
        record_opt_out(patient, "carrier", evidence, now)
        record_block(patient, evidence, now)


# Unknown results -----------------------------------------------------------------------------------------------------


def settle_unknown(house: House, on_failure: OnFailure) -> int:
    """Look up at the carrier every claimed text without a result, before anything is sent again (S9)."""
    stale = select(OutboundMessage.clinic_id, OutboundMessage.id).where(
        OutboundMessage.send_at.is_(None),
        OutboundMessage.state.in_((State.QUEUED.value, State.UNSURE.value)),
        OutboundMessage.lease_until <= house.machine_now(),
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(stale.limit(BATCH))]
    return work_through("settle", keys, lambda key: _settle(key, house, on_failure))


def _settle(key: Key, house: House, on_failure: OnFailure) -> None:
    """A text the carrier has is adopted; one it has not is sent again if it must or may still go."""
    receipt = _look_up(key, house)
    with transaction() as session:
        message = session.get_one(OutboundMessage, key, with_for_update=True)
        if message.lease_until is None:  # a report came in between
            return
        if receipt is not None:
            adopt(message, receipt, house, on_failure)
        else:
            _send_again(message, house, on_failure)


def _look_up(key: Key, house: House) -> Receipt | None:
    """What the carrier has of this text. Raises `MaybeSent` when it cannot be asked: then nothing is decided."""
    message = db.session.get_one(OutboundMessage, key)
    to, body, since = message.to_number, message.body, message.claimed_at or message.created_at
    db.session.rollback()  # no transaction stays open across a carrier call
    receipt = house.gateway.find(to=to, body=body, since=since)
    if receipt is not None and _is_of_another(receipt.message_sid, key):
        return None
    return receipt


def _is_of_another(message_sid: str, key: Key) -> bool:
    owner = db.session.scalar(
        select(OutboundMessage.id).where(
            OutboundMessage.clinic_id == key[0], OutboundMessage.message_sid == message_sid
        )
    )
    return owner not in (None, key[1])


def _send_again(message: OutboundMessage, house: House, on_failure: OnFailure) -> None:
    now = house.now()
    policy = POLICIES[Kind(message.kind)]
    expired = message.expires_at is not None and message.expires_at <= now
    # A plain reply that rode on a webhook response nobody confirmed is not worth a second text.
    if policy.safety or (message.by == "rest" and not expired):
        message.by, message.state = "rest", State.QUEUED.value
        message.send_at, message.lease_until, message.confirm_by = now, None, None
    else:
        _failed(message, State.FAILED, house, on_failure, now)


def chase_unconfirmed(house: House, on_failure: OnFailure) -> int:
    """A safety text without a delivery report in time is looked up, sent once more, and then counts as lost."""
    late = select(OutboundMessage.clinic_id, OutboundMessage.id).where(
        OutboundMessage.confirm_by <= house.machine_now()
    )
    keys = [(row.clinic_id, row.id) for row in db.session.execute(late.limit(BATCH))]
    return work_through("confirm", keys, lambda key: _chase(key, house, on_failure))


def _chase(key: Key, house: House, on_failure: OnFailure) -> None:
    try:
        receipt = _look_up(key, house)
    except MaybeSent:
        receipt = None  # at least once: a safety text does not wait for a carrier that cannot be asked
    with transaction() as session:
        if not claim(OutboundMessage, key, OutboundMessage.confirm_by <= house.machine_now(), confirm_by=None):
            return
        message = session.get_one(OutboundMessage, key, populate_existing=True)
        message.lease_until = None
        if receipt is not None:
            message.message_sid = message.message_sid or receipt.message_sid
            _advance(message, receipt.status, receipt.error_code, house, on_failure, house.now())
        if State(message.state).final:
            return
        message.state = State.UNSURE.value if message.message_sid is None else message.state
        if message.kind != Kind.PAGE.value and message.resend_of is None:
            _once_more(message, house.now())
        else:
            on_failure(message, house, house.now())


def _once_more(message: OutboundMessage, now: datetime) -> None:
    """The same words in a row of their own: the first keeps its id and whatever report may still come."""
    again = _queue(
        message.clinic_id,
        Kind(message.kind),
        message.text_name,
        message.to_number,
        message.body,
        now,
        patient_id=message.patient_id,
        escalation_id=message.escalation_id,
        resend_of=message.id,
        priority=message.priority,
    )
    audit.record(again.clinic_id, audit.SYSTEM, "safety_text_sent_again", message.id, now)
