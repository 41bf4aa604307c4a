"""A text comes in: kept first, then understood in one transaction, its reply ready for the carrier's response."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select, update
from uuid_utils.compat import uuid7

from backend.domain.answers import read_answer
from backend.domain.concerns import Concern, Priority, ReplyKind
from backend.domain.consent import ConsentKind, StandingKind, carrier_hears, says_yes
from backend.domain.history import History, Stranger
from backend.domain.outbound import Kind, State
from backend.domain.replies import Acknowledge, Keyword, Reply, read_reply
from backend.domain.scores import Nrs
from backend.domain.triage import Disposition, Sender, Verdict, could_not_screen, triage
from backend.services import audit
from backend.services.cases.acting import acknowledge_by_text
from backend.services.cases.opening import put_before_person
from backend.services.house import House
from backend.services.patients import numbers, standing
from backend.services.patients.consent import record_block, record_opt_in, record_opt_out, record_unblock
from backend.services.texting import outbox, unrouted
from backend.services.texting.answers import Answering, Reread, keep_progress, keep_scores, read_in_order
from backend.services.texting.history import Known, Past, Writer, as_it_stands, past_of, who_wrote
from backend.services.texting.loops import WITHIN, Exchange, goes_round_in_circles
from backend.services.texting.outbox import Answer
from backend.store.clinics import UNROUTED, Clinic
from backend.store.database import db, keyring
from backend.store.patients import Patient
from backend.store.staff import Staff
from backend.store.texts import InboundMessage, OutboundMessage
from backend.store.work import Key, change_row, insert_once, run, table_of, transaction, work_through

log = structlog.get_logger(__name__)

SLOW_SCREEN = timedelta(seconds=0.5)  # the whole answer must be there within 3.5 s (TWILIO.md 1.2)
TRIES = 2
LEFT_BEHIND = timedelta(seconds=10)
"""A kept text that its own request has not understood after this long is taken up by the clock."""
MOST_SID = 64
SENT_AT = "AftercareReconciled"
"""A parameter that no carrier sends: when the carrier got a text that we fetched ourselves, later."""

_TEXT_OF = {
    ReplyKind.CRISIS: (Kind.CRISIS, "crisis"),
    ReplyKind.CRISIS_REPEAT: (Kind.CRISIS, "crisis_repeat"),
    ReplyKind.MEDICAL: (Kind.MEDICAL, "medical"),
}
_HOLDS = frozenset({ReplyKind.CRISIS, ReplyKind.CRISIS_REPEAT})


class Kept(NamedTuple):
    """A text that is kept: what its understanding needs of it."""

    clinic_id: UUID
    id: UUID
    message_sid: str
    from_number: str
    body: str
    media_count: int
    received_at: datetime

    @property
    def key(self) -> Key:
        return self.clinic_id, self.id


# Every text asks these, so they are put together once: that takes longer than to run them.
_TEXTS = table_of(InboundMessage)
_AS_KEPT = select(*(_TEXTS.c[name] for name in Kept._fields))
_CLINIC_OF_NUMBER = select(Clinic.id).where(Clinic.number == bindparam("number"))
_CLAIM = (
    update(_TEXTS)
    .where(_TEXTS.c.clinic_id == bindparam("clinic"), _TEXTS.c.id == bindparam("text"), _TEXTS.c.processed_at.is_(None))
    .values(processed_at=bindparam("now"), disposition=Disposition.ANSWERED.value, attempts=_TEXTS.c.attempts + 1)
    .returning(_TEXTS.c.id)
)


# Commit 1: kept ------------------------------------------------------------------------------------------------------


def receive(parameters: Mapping[str, str], house: House) -> Kept:
    """Keep one text as it came. Whatever happens afterwards, it is there (S1); the same MessageSid is kept once.

    Any database error goes on to the caller, which must answer 5xx so that the carrier tries again.
    """
    number, now = parameters.get("To", ""), house.now()
    received_at = min(datetime.fromisoformat(parameters[SENT_AT]), now) if SENT_AT in parameters else now
    with transaction():
        clinic_id = run(_CLINIC_OF_NUMBER, {"number": number}).scalar()
        if clinic_id is not None:
            return _keep(clinic_id, parameters, received_at)
    unrouted.ensure(number, house)
    with transaction():
        return _keep(UNROUTED, parameters, received_at)


def _keep(clinic_id: UUID, parameters: Mapping[str, str], received_at: datetime) -> Kept:
    number, media_count = parameters.get("From", ""), _count(parameters.get("NumMedia", ""))
    kept = Kept(clinic_id, uuid7(), _sid(parameters), number, parameters.get("Body", ""), media_count, received_at)
    fresh = insert_once(
        InboundMessage,
        **kept._asdict(),
        from_digest=keyring().digest(number),
        to_number=parameters.get("To", "")[:MOST_SID],
        parameters=json.dumps(dict(parameters)),
        attempts=0,
    )
    if fresh:
        return kept
    before = _AS_KEPT.where(_TEXTS.c.clinic_id == clinic_id, _TEXTS.c.message_sid == kept.message_sid)
    return Kept._make(run(before).one())


def _sid(parameters: Mapping[str, str]) -> str:
    """The carrier's id of the text; without one, what makes the text itself."""
    given = parameters.get("MessageSid", "")
    if given.isascii() and given.isprintable() and 0 < len(given) <= MOST_SID:
        return given
    return hashlib.sha256(json.dumps(sorted(parameters.items())).encode()).hexdigest()


def _count(number: str) -> int:
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0  # noqa: PLR2004 - 10 at most


# Commit 2: understood ------------------------------------------------------------------------------------------------


def understand(text: Kept, house: House, *, by: str) -> Answer | None:
    """Read a kept text, carry out what it means, and give back the reply, if there is one.

    `by` is how the reply leaves: `twiml` on the carrier's response, `rest` by a request of ours. A text that was
    understood before gives back its reply again while nobody confirmed that it arrived. A text that cannot be
    understood, twice over (the first fault may have been a deadlock), goes to a person as urgent (S4).
    """
    fault = ""
    for _ in range(TRIES):
        try:
            return _process(text, house, by)
        except Exception as error:  # noqa: BLE001 - whatever it is, the patient's words must reach a person
            db.session.rollback()
            fault = type(error).__name__
            log.error("text not understood", row=str(text.id), error=fault)
    return _hand_over(text, house, by, fault)


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
        of_key = _AS_KEPT.where(_TEXTS.c.clinic_id == key[0], _TEXTS.c.id == key[1])
        understand(Kept._make(db.session.execute(of_key).one()), house, by="rest")

    return work_through("understand", keys, work)


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A kept text with everyone it may concern, and when and how its reply leaves."""

    text: Kept
    writer: Writer
    sender: Sender
    now: datetime
    by: str

    @property
    def patient(self) -> Known | None:
        return self.writer.patient

    def answering(self, patient: Known) -> Answering:
        text = self.text
        return Answering(
            text.clinic_id,
            patient.id,
            self.writer.check_in,
            text.id,
            text.body,
            text.received_at,
            self.writer.newest_at,
            self.now,
        )


@dataclass(frozen=True, slots=True)
class _Read:
    """What a text says, what that means, and what was known before it."""

    reply: Reply
    verdict: Verdict
    history: History
    past: Past
    reread: Reread | None = None
    extra: bool = False


def _process(text: Kept, house: House, by: str) -> Answer | None:
    now = house.now()
    with transaction():
        if not _claim(text, now):
            return _earlier_reply(text)
        arrived = _arrive(text, now, by, house)
        treated = arrived.writer.treated
        found = _screen(text, house, treated.hours if treated else None)
        arrived = _with_check_in(arrived)
        if arrived.writer.pending and not found and not text.media_count and says_yes(text.body):
            return _confirm_number(arrived, house)
        return _carry_out(*_read(arrived, found, house), house)


def _read(arrived: _Arrived, found: Sequence[Concern], house: House) -> tuple[_Arrived, _Read]:
    patient, text, history, reread = arrived.patient, arrived.text, History(), None
    past = Past(history)
    if patient is not None:
        past = past_of(
            patient,
            arrived.writer.check_in,
            house,
            arrived.now,
            treated=arrived.writer.treated,
            crisis=bool(found) or patient.held_at is not None,
            before=(text.received_at, text.id),
        )
        history, reread = read_in_order(arrived.answering(patient), past)
        history = _unless_a_stranger(history, arrived, found)
        reread = None if history.stranger else reread
    if text.media_count:
        history = replace(history, has_photo=True)
    opted_out = patient is not None and patient.opted_out_at is not None
    reply, aside = read_answer(text.body, history.awaiting, history.so_far, opted_out=opted_out)
    if reply.acknowledges is not None and arrived.writer.staff_id is not None:
        arrived = replace(arrived, sender=Sender.STAFF)  # somebody who is a patient here too
    protocol = house.protocol_of(arrived.writer.clinic)
    verdict = triage(reply, found, arrived.sender, history, protocol=protocol, now=arrived.now, aside=aside)
    return arrived, _Read(reply, verdict, history, past, reread, aside.extra)


def _unless_a_stranger(history: History, arrived: _Arrived, found: Sequence[Concern]) -> History:
    """The same, with nothing awaited where it may not be the patient who writes."""
    stranger = _stranger(arrived, found)
    if stranger is None:
        return history
    # Whoever has the new phone has had none of the crisis texts that went to the old one.
    sent = () if stranger is Stranger.UNCONFIRMED else history.crisis_sent
    nothing_asked = History()
    return replace(
        history,
        awaiting=nothing_asked.awaiting,
        so_far=nothing_asked.so_far,
        later=nothing_asked.later,
        reread=nothing_asked.reread,
        crisis_sent=sent,
        stranger=stranger,
    )


def _stranger(arrived: _Arrived, found: Sequence[Concern]) -> Stranger | None:
    patient = arrived.patient
    if patient is None:
        return None
    if patient.deceased_at is not None:
        return Stranger.DECEASED
    if arrived.writer.pending:
        return Stranger.UNCONFIRMED
    if patient.quarantined_at is not None or _says_wrong_number(found, arrived.text.body):
        return Stranger.QUARANTINED
    return None


def _says_wrong_number(found: Sequence[Concern], body: str) -> bool:
    """Whether the number may be somebody else's; "take me off this list" and no more only wishes for no more texts."""
    if not any(concern.name == "wrong_number" for concern in found):
        return False
    reply = read_reply(body, ())
    return reply.words or not reply.opts_out


def _hand_over(text: Kept, house: House, by: str, fault: str) -> Answer | None:
    """Put a text that could not be understood before a person, with as little as can go wrong: no scores, no history.
    It is screened all the same, so that who speaks of suicide gets the crisis reply.
    """
    now = house.now()
    with transaction():
        if not _claim(text, now):
            return _earlier_reply(text)
        arrived = _arrive(text, now, by, house)
        arrived = replace(arrived, writer=arrived.writer._replace(check_in=None))
        # The screen itself may be what broke: of its answer only what is a concern counts.
        screened = [concern for concern in _screen(text, house, None) if isinstance(concern, Concern)]
        found = [could_not_screen(fault), *screened]
        on_hold = arrived.patient is not None and arrived.patient.held_at is not None
        unread, history = read_reply(""), _unless_a_stranger(History(on_hold=on_hold), arrived, found)
        protocol = house.protocol_of(arrived.writer.clinic)
        verdict = triage(unread, found, arrived.sender, history, protocol=protocol, now=now)
        return _carry_out(arrived, _Read(unread, verdict, history, Past(history)), house)


def _claim(text: Kept, now: datetime) -> bool:
    """The claim sets the time and a disposition at once; the true disposition follows in the same transaction."""
    return run(_CLAIM, {"clinic": text.clinic_id, "text": text.id, "now": now}).first() is not None


def _earlier_reply(text: Kept) -> Answer | None:
    reply = db.session.scalars(
        select(OutboundMessage).where(
            OutboundMessage.clinic_id == text.clinic_id,
            OutboundMessage.inbound_id == text.id,
            OutboundMessage.by == "twiml",
        )
    ).first()
    return None if reply is None or State(reply.state).final else Answer(reply.reference, reply.body)


def _arrive(text: Kept, now: datetime, by: str, house: House) -> _Arrived:
    writer = who_wrote(text.clinic_id, text.from_number, text.received_at, house)
    sender = Sender.PATIENT if writer.patient else Sender.STAFF if writer.staff_id else Sender.UNKNOWN
    return _Arrived(text, writer, sender, now, by)


def _with_check_in(arrived: _Arrived) -> _Arrived:
    """The same with the check-in as no other text of this moment can change it any more."""
    check_in = arrived.writer.check_in
    if check_in is None:
        return arrived
    held = as_it_stands(arrived.text.clinic_id, check_in)
    return replace(arrived, writer=arrived.writer._replace(check_in=held))


def _screen(text: Kept, house: House, hours: float | None) -> Sequence[Concern]:
    """Every text is screened before it is read, whoever sent it (S3); a screen that errs or is slow worries (S4)."""
    started = house.machine_now()
    try:
        found = list(house.clinical.screen(text.body, hours_since_treatment=hours))
    except Exception as error:  # noqa: BLE001 - S4
        log.error("screen failed", row=str(text.id), error=type(error).__name__)
        return [could_not_screen("it failed")]
    if house.machine_now() - started > SLOW_SCREEN:
        found.append(could_not_screen("it took too long"))
    return found


# What it means -------------------------------------------------------------------------------------------------------


def _carry_out(arrived: _Arrived, read: _Read, house: House) -> Answer | None:
    text, now, patient, verdict = arrived.text, arrived.now, arrived.patient, read.verdict
    case_id = None
    if patient is not None:
        answering = arrived.answering(patient)
        keep_scores(answering, verdict, read.past, read.reread)
        keep_progress(answering, read.reply, verdict, read.history)
        _keep_consent(arrived, patient, read.reply)
        _keep_doubt(arrived, patient, verdict)
        _keep_hold(arrived, patient, verdict)
    if verdict.concerns:
        case_id = put_before_person(
            arrived.writer.clinic,
            _subject(arrived),
            patient.id if patient else None,
            verdict.concerns,
            house,
            now,
            text.id,
            holder_hears=read.history.on_hold,
        )
    change_row(
        InboundMessage,
        text.key,
        disposition=verdict.disposition.value,
        priority=int(verdict.priority),
        patient_id=patient.id if patient else None,
        staff_id=arrived.writer.staff_id,
        check_in_id=_answered(arrived, read),
        escalation_id=case_id,
    )
    audit.record(text.clinic_id, audit.SYSTEM, "text_understood", text.id, now, verdict.disposition.value)
    return _answer(arrived, read.reply, verdict, case_id, house)


def _answered(arrived: _Arrived, read: _Read) -> UUID | None:
    """The check-in that the text has to do with: one that still waits for something, or whose scores it speaks of."""
    check_in, history = arrived.writer.check_in, read.history
    bears = bool(history.awaiting or read.reply.scores or read.extra) and not history.takes_no_score
    return check_in.id if check_in is not None and bears else None


def _subject(arrived: _Arrived) -> str:
    """The number that the case is about: the patient's own, also when the text came from their new one."""
    patient = arrived.patient
    if patient is None or not arrived.writer.pending:
        return arrived.text.from_number
    return db.session.get_one(Patient, (patient.clinic_id, patient.id)).phone


def _confirm_number(arrived: _Arrived, house: House) -> Answer | None:
    """The new phone said yes: it is the patient's number from now on, and is welcomed."""
    text, writer, known = arrived.text, arrived.writer, arrived.patient
    assert known is not None
    numbers.said_yes((known.clinic_id, known.id), f"text {text.message_sid}", house, text.id)
    change_row(
        InboundMessage, text.key, disposition=Disposition.ANSWERED.value, priority=int(Priority.NONE),
        patient_id=known.id, staff_id=writer.staff_id,
    )  # fmt: skip
    audit.record(text.clinic_id, audit.SYSTEM, "text_understood", text.id, arrived.now, Disposition.ANSWERED.value)
    words = _fixed_words("welcome", known.language, arrived, None, house)
    return outbox.answer(
        text.clinic_id, Kind.REPLY, "welcome", text.from_number.strip(), words, house, by=arrived.by,
        inbound_id=text.id, patient_id=known.id,
    )  # fmt: skip


def _keep_consent(arrived: _Arrived, known: Known, reply: Reply) -> None:
    text, now, key = arrived.text, arrived.now, (known.clinic_id, known.id)
    evidence, heard = f"text {text.message_sid}", carrier_hears(text.body)
    if reply.opts_out or reply.keyword is Keyword.STOP:
        method = "keyword" if reply.keyword else "text"
        record_opt_out(db.session.get_one(Patient, key), method, evidence, now, text.id)
    elif reply.keyword is Keyword.START and known.opted_out_at is not None and _may_opt_in(arrived, known):
        record_opt_in(db.session.get_one(Patient, key), "keyword", evidence, now, text.id)
    if arrived.writer.pending:  # what the carrier blocks is the new number, which nobody is texted on yet
        return
    if heard is ConsentKind.OPT_OUT:
        record_block(db.session.get_one(Patient, key), evidence, now, text.id)
    elif heard is ConsentKind.OPT_IN and known.carrier_blocked_at is not None:
        record_unblock(db.session.get_one(Patient, key), evidence, now, text.id)


def _may_opt_in(arrived: _Arrived, known: Known) -> bool:
    """Whoever may not be the patient cannot ask for the patient's texts."""
    return not arrived.writer.pending and known.quarantined_at is None and known.deceased_at is None


def _keep_doubt(arrived: _Arrived, known: Known, verdict: Verdict) -> None:
    """A number that says it is somebody else's is texted no more, until staff know better."""
    if known.deceased_at is not None or not _says_wrong_number(verdict.concerns, arrived.text.body):
        return
    text, now, key = arrived.text, arrived.now, (known.clinic_id, known.id)
    evidence = f"text {text.message_sid}"
    if arrived.writer.pending:
        patient = db.session.get_one(Patient, key)
        standing.drop_pending(patient, audit.SYSTEM, now, evidence, text.id)
    else:
        standing.quarantine(key, audit.SYSTEM, evidence, now, text.id)


def _keep_hold(arrived: _Arrived, patient: Known, verdict: Verdict) -> None:
    """A crisis stops the check-ins until a clinician closes its case."""
    crisis = verdict.reply in _HOLDS or any(concern.reply is ReplyKind.CRISIS for concern in verdict.concerns)
    if crisis and patient.held_at is None and patient.deceased_at is None:
        text = arrived.text
        change_row(Patient, (patient.clinic_id, patient.id), held_at=arrived.now)
        evidence = f"text {text.message_sid}"
        standing.note(patient, StandingKind.HOLD_STARTED, audit.SYSTEM, arrived.now, evidence, inbound_id=text.id)


def _answer(arrived: _Arrived, reply: Reply, verdict: Verdict, case_id: UUID | None, house: House) -> Answer | None:
    if arrived.sender is Sender.STAFF and reply.acknowledges is not None:
        staff_reply = _acknowledge(arrived, reply.acknowledges, house, but_say_nothing=verdict.reply in _TEXT_OF)
        if staff_reply is not None:
            return staff_reply
    if verdict.reply is ReplyKind.NOTHING or _loops(arrived, verdict, case_id, house):
        return None
    text, patient, staff_id = arrived.text, arrived.patient, arrived.writer.staff_id
    links: dict[str, object] = {
        "inbound_id": text.id,
        "escalation_id": case_id,
        "priority": int(_crisis_priority(verdict)),
    }
    if patient is not None:
        links["patient_id"] = patient.id
    elif verdict.reply is ReplyKind.STAFF and staff_id is not None:
        words = house.clinical.texts.for_staff("staff_help")
        return outbox.answer(
            text.clinic_id, Kind.STAFF_REPLY, "staff_help", text.from_number.strip(), words, house, by=arrived.by,
            staff_id=staff_id, **links,
        )  # fmt: skip
    kind, text_name = _TEXT_OF.get(verdict.reply, (Kind.REPLY, verdict.text_name))
    language = patient.language if patient is not None else "es" if reply.spanish else "en"
    words = _fixed_words(text_name, language, arrived, verdict.offer.value if verdict.offer else None, house)
    return outbox.answer(
        text.clinic_id, kind, text_name, text.from_number.strip(), words, house, by=arrived.by, **links
    )


def _loops(arrived: _Arrived, verdict: Verdict, case_id: UUID | None, house: House) -> bool:
    """Whether somebody's machine answers ours, so that this reply is held back; asked only in a quick exchange."""
    text, patient, newest_at = arrived.text, arrived.patient, arrived.writer.newest_at
    if patient is not None and (newest_at is None or text.received_at - newest_at > WITHIN):
        return False
    exchange = Exchange(text.clinic_id, text.body, text.received_at, patient.id if patient else None, case_id)
    held = goes_round_in_circles(exchange, verdict.reply, house.clinical.protocol.conversation)
    if held:
        audit.record(text.clinic_id, audit.SYSTEM, "reply_held_back", text.id, arrived.now, verdict.reply.value)
    return held


def _acknowledge(arrived: _Arrived, case: Acknowledge, house: House, *, but_say_nothing: bool) -> Answer | None:
    """Carry out a staff member's `ACK`; None when another text is the answer, because the same text worries."""
    if arrived.writer.staff_id is None:
        return None
    text = arrived.text
    staff = db.session.get_one(Staff, (text.clinic_id, arrived.writer.staff_id))
    words = acknowledge_by_text(staff, case.case, house, arrived.now)
    if but_say_nothing:
        return None
    return outbox.answer(
        text.clinic_id, Kind.STAFF_REPLY, "staff_command", text.from_number, words, house, by=arrived.by,
        staff_id=staff.id, inbound_id=text.id,
    )  # fmt: skip


def _fixed_words(text_name: str, language: str, arrived: _Arrived, offered: Nrs | None, house: House) -> str:
    """A fixed text with the numbers of the patient's country; of whom nobody knows, of the clinic's."""
    clinic = arrived.writer.clinic
    country = arrived.patient.country if arrived.patient is not None else clinic.country
    return house.clinical.texts.render(
        text_name, language, country=country, clinic=clinic.name, phone=clinic.phone, score=offered
    )


def _crisis_priority(verdict: Verdict) -> Priority:
    """How urgent the concern was that this crisis text answers: a later rise sends it in full again."""
    return max((c.priority for c in verdict.concerns if c.reply is ReplyKind.CRISIS), default=verdict.priority)
